// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Processes. A pid is trusted only together with its start time: a pidfd is opened first and the
// start time read afterwards, so that what the pidfd names is what was asked for.
#include "platform/posix/posix.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"

enum { STAT_BYTES = 512, FIELD_START_TIME = 22, FIELD_STATE = 3 };

// Field 22 of /proc/<pid>/stat. Fields are counted behind the last ')': the name may hold anything.
static bool parse_start_time(const char *stat, size_t size, uint64_t *out_start_time)
{
    size_t cursor = size;
    while (cursor > 0 && stat[cursor - 1] != ')') {
        cursor--;
    }
    int field = FIELD_STATE - 1;
    while (cursor < size && field < FIELD_START_TIME) {
        field += stat[cursor] == ' ' ? 1 : 0;
        cursor++;
    }
    uint64_t number = 0;
    size_t first = cursor;
    while (cursor < size && stat[cursor] >= '0' && stat[cursor] <= '9') {
        number = number * 10 + (uint64_t)(stat[cursor] - '0');
        cursor++;
    }
    *out_start_time = number;
    return cursor > first && cursor < size;
}

// Negative: the OS error that says why there is no answer, ESRCH if there is no such process.
static int read_start_time(uint64_t pid, uint64_t *out_start_time)
{
    char path[48];
    char stat[STAT_BYTES];
    struct myc__text text;
    myc__text_init(&text, path, sizeof(path));
    myc__text_string(&text, "/proc/");
    myc__text_u64(&text, pid);
    myc__text_string(&text, "/stat");
    errno = 0;
    size_t size = myc__posix_read_small(path, stat, sizeof(stat));
    if (parse_start_time(stat, size, out_start_time)) {
        return 0;
    }
    bool is_short = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
    return is_short ? -errno : -ESRCH;
}

// "01234567-89ab-…": 32 hexadecimal digits with dashes between.
static bool read_boot_id(uint8_t boot_id[16])
{
    char text[64];
    size_t digits = 0;
    size_t size = myc__posix_read_small("/proc/sys/kernel/random/boot_id", text, sizeof(text));
    memset(boot_id, 0, 16);
    for (size_t i = 0; i < size && digits < 32; i++) {
        char digit = text[i];
        unsigned value = 16;
        if (digit >= '0' && digit <= '9') {
            value = (unsigned)(digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            value = (unsigned)(digit - 'a') + 10;
        }
        if (value < 16) {
            boot_id[digits / 2] = (uint8_t)((unsigned)boot_id[digits / 2] << 4 | value);
            digits++;
        }
    }
    return digits == 32;
}

enum myc_status myc__posix_identify(int64_t pid, struct myc_process_identity *out_identity)
{
    struct myc_process_identity identity;
    memset(&identity, 0, sizeof(identity));
    if (pid <= 0 || read_start_time((uint64_t)pid, &identity.start_time) != 0
        || !read_boot_id(identity.boot_id)) {
        return MYC_NOT_FOUND;
    }
    identity.pid = (uint64_t)pid;
    *out_identity = identity;
    return MYC_OK;
}

// A pidfd of that very incarnation, ended or not; negative: the OS error that says why not.
static int
open_incarnation(struct myc_process *process, const struct myc_process_identity *identity)
{
    struct myc__posix_process *posix = MYC_CONTAINER_OF(process, struct myc__posix_process, base);
    uint64_t start_time = 0;
    if (identity->pid == 0 || identity->pid > INT32_MAX
        || memcmp(identity->boot_id, posix->boot_id, sizeof(posix->boot_id)) != 0) {
        return -ESRCH;
    }
    int fd = (int)syscall(SYS_pidfd_open, (pid_t)identity->pid, 0U);
    if (fd < 0) {
        return -errno;
    }
    int os_error = read_start_time(identity->pid, &start_time);
    if (os_error == 0 && start_time != identity->start_time) {
        os_error = -ESRCH;
    }
    if (os_error != 0) {
        (void)close(fd);
        return os_error;
    }
    return fd;
}

// A pidfd is readable once the whole process, not only its first thread, ended.
static bool has_ended(int pidfd)
{
    struct pollfd readiness = {.fd = pidfd, .events = POLLIN};
    return poll(&readiness, 1, 0) != 0;
}

static enum myc_status
process_identity(struct myc_process *process, struct myc_process_identity *out_self)
{
    (void)process;
    return myc__posix_identify(getpid(), out_self) == MYC_OK ? MYC_OK : MYC_IO;
}

static enum myc_life
process_life(struct myc_process *process, const struct myc_process_identity *identity)
{
    int fd = open_incarnation(process, identity);
    if (fd < 0) {
        return fd == -ESRCH ? MYC_LIFE_ENDED : MYC_LIFE_UNKNOWN;
    }
    bool is_over = has_ended(fd);
    (void)close(fd);
    return is_over ? MYC_LIFE_ENDED : MYC_LIFE_RUNS;
}

static enum myc_status process_watch(
    struct myc_process *process,
    const struct myc_process_identity *identity,
    struct myc_handle *out_watch)
{
    int fd = open_incarnation(process, identity);
    if (fd < 0) {
        return myc__posix_status(-fd);
    }
    if (has_ended(fd)) {
        (void)close(fd);
        return MYC_NOT_FOUND;
    }
    *out_watch = myc__posix_handle(fd);
    return MYC_OK;
}

static void process_watch_close(struct myc_process *process, struct myc_handle watch)
{
    (void)process;
    myc__posix_close(watch);
}

// A child starts with no signal blocked, the default actions, and only the standard descriptors.
static int spawn_clean(const char *const *argv, pid_t *out_pid)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int os_error = posix_spawnattr_init(&attributes);
    if (os_error != 0) {
        return os_error;
    }
    os_error = posix_spawn_file_actions_init(&actions);
    if (os_error != 0) {
        (void)posix_spawnattr_destroy(&attributes);
        return os_error;
    }
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    os_error = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    if (os_error == 0) {
        char *const *arguments = (char *const *)(uintptr_t)argv;
        os_error = posix_spawn(out_pid, argv[0], &actions, &attributes, arguments, environ);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    return os_error;
}

static enum myc_status process_spawn(
    struct myc_process *process, const char *const *argv, struct myc_process_identity *out_child)
{
    (void)process;
    pid_t pid = 0;
    int os_error = spawn_clean(argv, &pid);
    if (os_error == EAGAIN || os_error == ENOMEM) {
        return MYC_LIMIT;
    }
    if (os_error != 0) {
        return myc__posix_status(os_error);
    }
    // The pid is the child's until it is reaped, so this identity cannot be someone else's.
    if (myc__posix_identify(pid, out_child) != MYC_OK) {
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return MYC_IO;
    }
    return MYC_OK;
}

static enum myc_status process_signal(
    struct myc_process *process,
    const struct myc_process_identity *identity,
    enum myc_signal signal)
{
    int number = signal == MYC_SIGNAL_KILL ? SIGKILL : SIGTERM;
    int fd = open_incarnation(process, identity);
    if (fd < 0) {
        return myc__posix_status(-fd);
    }
    enum myc_status status = MYC_NOT_FOUND;
    if (!has_ended(fd)) {
        long result = syscall(SYS_pidfd_send_signal, fd, number, NULL, 0U);
        status = result == 0 ? MYC_OK : myc__posix_status(errno);
    }
    (void)close(fd);
    return status;
}

static enum myc_status process_reap(
    struct myc_process *process,
    const struct myc_process_identity *child,
    struct myc_exit *out_exit)
{
    siginfo_t info;
    int fd = open_incarnation(process, child);
    if (fd < 0) {
        return myc__posix_status(-fd);
    }
    memset(&info, 0, sizeof(info));
    int result = 0;
    do {
        result = waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG);
    } while (result != 0 && errno == EINTR);
    (void)close(fd);
    if (result != 0) {
        return MYC_NOT_FOUND; // not a child of this process, or reaped before
    }
    if (info.si_pid == 0) {
        return MYC_AGAIN;
    }
    bool has_returned = info.si_code == CLD_EXITED;
    out_exit->code = has_returned ? info.si_status : -1;
    out_exit->signal = has_returned ? 0 : info.si_status;
    return MYC_OK;
}

static uint32_t process_user(struct myc_process *process)
{
    (void)process;
    return (uint32_t)geteuid();
}

static const struct myc_process_ops process_ops = {
    .size = sizeof(process_ops),
    .identity = process_identity,
    .life = process_life,
    .watch = process_watch,
    .watch_close = process_watch_close,
    .spawn = process_spawn,
    .signal = process_signal,
    .reap = process_reap,
    .user = process_user,
};

enum myc_status
myc__posix_process_init(struct myc__posix_process *process, struct myc_diagnostic *diagnostic)
{
    process->base.ops = &process_ops;
    if (!read_boot_id(process->boot_id)) {
        return myc__posix_fail(
            diagnostic, MYC_IO, 0, "cannot read", "/proc/sys/kernel/random/boot_id");
    }
    return MYC_OK;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
#define _GNU_SOURCE 1
#include "system/storm/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system/storm/storm.h"

enum { CHILD_SOCKET = 3, NUMBER_BYTES = 24, PATIENCE_MS = 120000, MAPPINGS_SLACK = 16 };

// ---- Starting and ending ----

void child_main(int argc, char **argv, const struct child_role *roles, size_t count)
{
    uint64_t numbers[CHILD_NUMBERS_MAX] = {0};
    if (argc != 3 + CHILD_NUMBERS_MAX || strcmp(argv[1], "--role") != 0) {
        return;
    }
    for (size_t i = 0; i < CHILD_NUMBERS_MAX; i++) {
        numbers[i] = strtoull(argv[3 + i], NULL, 10);
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(argv[2], roles[i].name) == 0) {
            exit(roles[i].run(CHILD_SOCKET, numbers));
        }
    }
    exit(2);
}

// The child's part, of calls that are safe after a fork.
static void become(char *const *argv, int socket, pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        _exit(126);
    }
    if (socket == CHILD_SOCKET) {
        (void)fcntl(socket, F_SETFD, 0);
    } else {
        (void)dup2(socket, CHILD_SOCKET);
    }
    (void)close_range(CHILD_SOCKET + 1, ~0U, 0);
    (void)execv("/proc/self/exe", argv);
    _exit(127);
}

void child_start(struct child *child, const char *role, const uint64_t numbers[CHILD_NUMBERS_MAX])
{
    char texts[CHILD_NUMBERS_MAX][NUMBER_BYTES];
    char *argv[4 + CHILD_NUMBERS_MAX] = {"storm", "--role", (char *)(uintptr_t)role};
    int sockets[2];
    for (size_t i = 0; i < CHILD_NUMBERS_MAX; i++) {
        (void)snprintf(texts[i], NUMBER_BYTES, "%llu", (unsigned long long)numbers[i]);
        argv[3 + i] = texts[i];
    }
    STORM_CHECK(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) == 0, "errno %d", errno);
    pid_t parent = getpid();
    child->pid = fork();
    STORM_CHECK(child->pid >= 0, "fork: errno %d", errno);
    if (child->pid == 0) {
        become(argv, sockets[1], parent);
    }
    (void)close(sockets[1]);
    child->socket = sockets[0];
}

static int collect(struct child *child)
{
    int status = 0;
    pid_t got;
    do {
        got = waitpid(child->pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    STORM_CHECK(got == child->pid, "waitpid: errno %d", errno);
    (void)close(child->socket);
    child->pid = 0;
    child->socket = -1;
    return status;
}

void child_kill(struct child *child)
{
    STORM_CHECK(kill(child->pid, SIGKILL) == 0, "errno %d", errno);
    int status = collect(child);
    STORM_CHECK(
        WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
        "it ended by itself, with %x",
        (unsigned)status);
}

void child_await(struct child *child)
{
    int status = collect(child);
    STORM_CHECK(status == 0, "it ended with %x", (unsigned)status);
}

void child_check_all_live(void)
{
    siginfo_t ended = {0};
    int result = waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT);
    STORM_CHECK(result != 0 || ended.si_pid == 0, "child %d ended by itself", (int)ended.si_pid);
}

// ---- Notes ----

bool note_send(int socket, const struct note *note, int descriptor)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)note, .iov_len = sizeof *note};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    memset(&control, 0, sizeof control);
    if (descriptor >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof *note;
}

// Whether something is there, or the other end is gone.
static bool is_readable(int socket, bool waits)
{
    struct pollfd polled = {.fd = socket, .events = POLLIN};
    int ready;
    do {
        ready = poll(&polled, 1, waits ? PATIENCE_MS : 0);
    } while (ready < 0 && errno == EINTR);
    STORM_CHECK(ready > 0 || !waits, "nobody says anything");
    return ready > 0;
}

bool note_receive(int socket, bool waits, struct note *out_note, int *out_descriptor)
{
    struct iovec part = {.iov_base = out_note, .iov_len = sizeof *out_note};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control.bytes};
    int descriptor = -1;
    memset(out_note, 0, sizeof *out_note);
    if (!is_readable(socket, waits)) {
        return false;
    }
    ssize_t count;
    do {
        count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count != (ssize_t)sizeof *out_note) {
        memset(out_note, 0, sizeof *out_note);
    } else {
        const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        if (header != NULL && header->cmsg_type == SCM_RIGHTS) {
            memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
        }
    }
    if (out_descriptor != NULL) {
        *out_descriptor = descriptor;
    } else if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return true;
}

bool note_expect(int socket, uint32_t kind, struct note *out_note, int *out_descriptor)
{
    (void)note_receive(socket, true, out_note, out_descriptor);
    STORM_CHECK(
        out_note->kind == kind || out_note->kind == 0,
        "said %u instead of %u",
        out_note->kind,
        kind);
    return out_note->kind == kind;
}

// ---- What is left behind ----

// How many entries of a directory have `part` in their name.
static size_t count_entries(const char *path, const char *part)
{
    size_t count = 0;
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return 0;
    }
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        count += strstr(entry->d_name, part) != NULL ? 1 : 0;
    }
    (void)closedir(directory);
    return count;
}

static size_t count_mappings(void)
{
    size_t count = 0;
    int letter;
    FILE *file = fopen("/proc/self/maps", "re");
    STORM_CHECK(file != NULL, "errno %d", errno);
    while ((letter = fgetc(file)) != EOF) {
        count += letter == '\n' ? 1 : 0;
    }
    (void)fclose(file);
    return count;
}

struct holdings holdings_now(void)
{
    struct holdings now = {
        .descriptors = count_entries("/proc/self/fd", ""),
        .mappings = count_mappings(),
        .shm_files = count_entries("/dev/shm", "storm")};
    return now;
}

void holdings_check(const struct holdings *before)
{
    struct holdings now = holdings_now();
    STORM_CHECK(
        now.descriptors == before->descriptors,
        "%zu descriptors, %zu before",
        now.descriptors,
        before->descriptors);
    STORM_CHECK(
        now.mappings <= before->mappings + MAPPINGS_SLACK,
        "%zu mappings, %zu before",
        now.mappings,
        before->mappings);
    STORM_CHECK(
        now.shm_files <= before->shm_files,
        "%zu files in /dev/shm, %zu before",
        now.shm_files,
        before->shm_files);
    STORM_CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "a child is left");
}

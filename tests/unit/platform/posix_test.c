// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Descriptors, socket options, signals, children and log lines of the real backend.
#include "unit/platform/posix_fixture.h"

#include <errno.h>
#include <signal.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

enum { SEGMENT_BYTES = 65536, CHILD_BASE = 20, CROWD = 8 };

/* One of everything that is a descriptor. */
struct everything {
    struct myc_handle unix_listener, tcp_listener;
    struct myc_handle unix_near, unix_far, tcp_near, tcp_far;
    struct myc_handle poller, doorbell, received, segment, file, watch;
};

static void connect_pair(
    struct fixture *fixture,
    struct myc_handle listener,
    struct myc_handle *out_near,
    struct myc_handle *out_far)
{
    struct myc_address address;
    struct myc_handle poller = {0};
    struct myc_event event;
    size_t count = 0;
    struct myc_platform *platform = fixture->platform;
    assert_int_equal(myc_listener_local_address(platform->listener, listener, &address), MYC_OK);
    assert_int_equal(myc_stream_connect(platform->stream, &address, out_near, NULL), MYC_OK);
    assert_int_equal(myc_poller_open(platform->poller, &poller), MYC_OK);
    assert_int_equal(myc_poller_add(platform->poller, poller, listener, MYC_READABLE, 1), MYC_OK);
    assert_int_equal(
        myc_poller_wait(platform->poller, poller, &event, 1, MYC_NEVER, &count), MYC_OK);
    myc_poller_close(platform->poller, poller);
    assert_int_equal(myc_listener_accept(platform->listener, listener, out_far), MYC_OK);
}

static void open_everything(struct fixture *fixture, struct everything *all)
{
    struct myc_platform *platform = fixture->platform;
    struct myc_address path = scratch_address(fixture);
    const struct myc_address port = {.kind = MYC_ADDRESS_TCP, .text = "127.0.0.1"};
    struct myc_process_identity self;
    char file[128];
    char byte = 0;
    size_t bytes = 0;
    size_t count = 0;
    memset(all, 0, sizeof(*all));
    all->unix_listener = must_listen(fixture, &path);
    all->tcp_listener = must_listen(fixture, &port);
    connect_pair(fixture, all->unix_listener, &all->unix_near, &all->unix_far);
    connect_pair(fixture, all->tcp_listener, &all->tcp_near, &all->tcp_far);
    assert_int_equal(myc_poller_open(platform->poller, &all->poller), MYC_OK);
    assert_int_equal(myc_doorbell_open(platform->poller, &all->doorbell), MYC_OK);
    assert_int_equal(
        myc_stream_send_handles(
            platform->stream,
            all->unix_near,
            (struct myc_const_span){"x", 1},
            &all->doorbell,
            1,
            &bytes),
        MYC_OK);
    assert_int_equal(
        myc_stream_receive_handles(
            platform->stream,
            all->unix_far,
            (struct myc_span){&byte, 1},
            &all->received,
            1,
            &bytes,
            &count),
        MYC_OK);
    assert_int_equal(myc_shm_create(platform->shm, "all", SEGMENT_BYTES, &all->segment), MYC_OK);
    (void)snprintf(file, sizeof(file), "%s/file", fixture->directory);
    assert_int_equal(
        myc_file_open(platform->file, file, MYC_FILE_WRITE | MYC_FILE_CREATE, &all->file, NULL),
        MYC_OK);
    assert_int_equal(myc_process_identify(platform->process, &self), MYC_OK);
    assert_int_equal(myc_process_watch(platform->process, &self, &all->watch), MYC_OK);
}

static void close_everything(struct fixture *fixture, struct everything *all)
{
    struct myc_platform *platform = fixture->platform;
    myc_process_watch_close(platform->process, all->watch);
    myc_file_close(platform->file, all->file);
    myc_shm_close(platform->shm, all->segment);
    myc_doorbell_close(platform->poller, all->received);
    myc_doorbell_close(platform->poller, all->doorbell);
    myc_poller_close(platform->poller, all->poller);
    myc_stream_close(platform->stream, all->unix_near);
    myc_stream_close(platform->stream, all->unix_far);
    myc_stream_close(platform->stream, all->tcp_near);
    myc_stream_close(platform->stream, all->tcp_far);
    myc_listener_close(platform->listener, all->unix_listener);
    myc_listener_close(platform->listener, all->tcp_listener);
}

// A platform by itself holds no descriptor, and destroying NULL is harmless.
static void test_create_opens_no_descriptor(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(count_new_fds(fixture), 0);
    myc_posix_destroy(NULL);
}

// Twelve things are thirteen descriptors (a Unix listener has its lock), and none is left after.
static void test_closing_leaks_nothing(void **state)
{
    struct fixture *fixture = *state;
    for (int round = 0; round < 3; round++) {
        struct everything all;
        open_everything(fixture, &all);
        assert_int_equal(count_new_fds(fixture), 13);
        close_everything(fixture, &all);
        assert_int_equal(count_new_fds(fixture), 0);
    }
}

// No descriptor of ours survives into a program the application starts.
static void test_every_descriptor_is_close_on_exec(void **state)
{
    struct fixture *fixture = *state;
    struct everything all;
    open_everything(fixture, &all);
    for (int fd = 0; fd < FD_MAX; fd++) {
        if (!fixture->was_open[fd] && fcntl(fd, F_GETFD) >= 0) {
            assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        }
    }
    close_everything(fixture, &all);
}

static bool is_non_blocking(struct myc_handle handle)
{
    return (fcntl(myc__posix_fd(handle), F_GETFL) & O_NONBLOCK) != 0;
}

static bool has_no_delay(struct myc_handle handle)
{
    int is_on = 0;
    socklen_t size = sizeof(is_on);
    return getsockopt(myc__posix_fd(handle), IPPROTO_TCP, TCP_NODELAY, &is_on, &size) == 0
           && is_on != 0;
}

// Sockets never block and TCP never waits for more to send, whichever side made the connection.
static void test_sockets_have_their_options(void **state)
{
    struct fixture *fixture = *state;
    struct everything all;
    open_everything(fixture, &all);
    assert_true(is_non_blocking(all.unix_listener) && is_non_blocking(all.tcp_listener));
    assert_true(is_non_blocking(all.unix_near) && is_non_blocking(all.unix_far));
    assert_true(is_non_blocking(all.tcp_near) && is_non_blocking(all.tcp_far));
    assert_true(is_non_blocking(all.doorbell));
    assert_true(has_no_delay(all.tcp_near));
    assert_true(has_no_delay(all.tcp_far));
    close_everything(fixture, &all);
}

// Received handles that do not fit below the process's limit are LIMIT, and none leaks.
static void test_receive_without_descriptors_is_limit(void **state)
{
    struct fixture *fixture = *state;
    struct myc_platform *platform = fixture->platform;
    struct everything all;
    struct rlimit before;
    struct myc_handle copies[2] = {{0}};
    char byte = 0;
    size_t bytes = 0;
    size_t count = 0;
    open_everything(fixture, &all);
    const struct myc_handle sent[2] = {all.doorbell, all.segment};
    assert_int_equal(
        myc_stream_send_handles(
            platform->stream, all.unix_near, (struct myc_const_span){"x", 1}, sent, 2, &bytes),
        MYC_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit one_more = {.rlim_cur = all.watch.value + 1, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &one_more), 0);
    enum myc_status status = myc_stream_receive_handles(
        platform->stream, all.unix_far, (struct myc_span){&byte, 1}, copies, 2, &bytes, &count);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, MYC_LIMIT);
    assert_int_equal(count, 0);
    close_everything(fixture, &all);
}

// The pages of a segment exist from the beginning: nobody meets a SIGBUS when memory runs out
// later.
static void test_segment_is_really_allocated(void **state)
{
    struct fixture *fixture = *state;
    struct stat properties;
    struct myc_handle handle = {0};
    assert_int_equal(myc_shm_create(fixture->platform->shm, NULL, SEGMENT_BYTES, &handle), MYC_OK);
    assert_int_equal(fstat(myc__posix_fd(handle), &properties), 0);
    assert_true(properties.st_blocks * 512 >= SEGMENT_BYTES);
    assert_int_equal(myc_shm_seal(fixture->platform->shm, handle, MYC_SEAL_SIZE), MYC_OK);
    assert_int_equal(ftruncate(myc__posix_fd(handle), SEGMENT_BYTES / 2), -1);
    assert_int_equal(ftruncate(myc__posix_fd(handle), SEGMENT_BYTES * 2), -1);
    myc_shm_close(fixture->platform->shm, handle);
}

static void await_connected(struct myc_platform *platform, struct myc_handle stream)
{
    struct myc_handle poller = {0};
    struct myc_event event;
    size_t count = 0;
    assert_int_equal(myc_poller_open(platform->poller, &poller), MYC_OK);
    assert_int_equal(myc_poller_add(platform->poller, poller, stream, MYC_WRITABLE, 1), MYC_OK);
    assert_int_equal(
        myc_poller_wait(platform->poller, poller, &event, 1, MYC_NEVER, &count), MYC_OK);
    myc_poller_close(platform->poller, poller);
}

// A connect that the listener's full queue holds up is under way, not done and not failed.
static void test_connect_under_way_is_again(void **state)
{
    struct fixture *fixture = *state;
    struct myc_platform *platform = fixture->platform;
    struct myc_address address = {.kind = MYC_ADDRESS_TCP, .text = "127.0.0.1"};
    struct myc_handle listener = {0};
    struct myc_handle streams[CROWD];
    uint32_t again_count = 0;
    uint32_t ok_count = 0;
    assert_int_equal(myc_listener_listen(platform->listener, &address, 1, &listener, NULL), MYC_OK);
    assert_int_equal(myc_listener_local_address(platform->listener, listener, &address), MYC_OK);
    for (int i = 0; i < CROWD; i++) {
        assert_int_equal(myc_stream_connect(platform->stream, &address, &streams[i], NULL), MYC_OK);
    }
    // The first one is let in, but a busy kernel may take its time.
    await_connected(platform, streams[0]);
    for (int i = 0; i < CROWD; i++) {
        enum myc_status status = myc_stream_connect_result(platform->stream, streams[i]);
        again_count += status == MYC_AGAIN;
        ok_count += status == MYC_OK;
        myc_stream_close(platform->stream, streams[i]);
    }
    myc_listener_close(platform->listener, listener);
    assert_true(again_count > 0);
    assert_true(ok_count > 0);
    assert_int_equal(again_count + ok_count, CROWD);
}

// A socket that by chance got the very port it connects to would meet itself: nobody listens there.
static void test_connect_to_itself_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_storage storage;
    struct sockaddr *address = (struct sockaddr *)(void *)&storage;
    const struct myc_address loopback = {.kind = MYC_ADDRESS_TCP, .text = "127.0.0.1"};
    socklen_t size = 0;
    assert_int_equal(myc__posix_address_encode(&loopback, &storage, &size, NULL), MYC_OK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, address, size), 0);
    assert_int_equal(getsockname(fd, address, &size), 0);
    assert_int_equal(connect(fd, address, size), 0);
    assert_int_equal(
        myc_stream_connect_result(fixture->platform->stream, myc__posix_handle(fd)), MYC_REFUSED);
    (void)close(fd);
}

// A Unix connect to a full queue is AGAIN at once: nothing is under way, so nothing leaks.
static void test_unix_connect_to_full_queue_is_again(void **state)
{
    struct fixture *fixture = *state;
    struct myc_platform *platform = fixture->platform;
    struct myc_address address = scratch_address(fixture);
    struct myc_handle listener = {0};
    struct myc_handle streams[CROWD] = {{0}};
    enum myc_status status = MYC_OK;
    assert_int_equal(myc_listener_listen(platform->listener, &address, 1, &listener, NULL), MYC_OK);
    for (int i = 0; i < CROWD && status == MYC_OK; i++) {
        status = myc_stream_connect(platform->stream, &address, &streams[i], NULL);
    }
    assert_int_equal(status, MYC_AGAIN);
    for (int i = 0; i < CROWD; i++) {
        myc_stream_close(platform->stream, streams[i]);
    }
    myc_listener_close(platform->listener, listener);
}

// ---- Signals ----

static void ignore_alarm(int number)
{
    (void)number;
}

static void set_timer(suseconds_t interval_us)
{
    const struct itimerval timer = {.it_interval = {0, interval_us}, .it_value = {0, interval_us}};
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void set_handler(void (*handler)(int number))
{
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
}

// An application whose signals interrupt every wait still waits until the deadline.
static void test_interrupted_waits_go_on(void **state)
{
    struct fixture *fixture = *state;
    struct myc_platform *platform = fixture->platform;
    struct myc_atomic_u32 word = {0};
    struct myc_handle poller = {0};
    struct myc_event event;
    size_t count = 0;
    assert_int_equal(myc_poller_open(platform->poller, &poller), MYC_OK);
    set_handler(ignore_alarm);
    set_timer(1000);
    uint64_t first_ns = myc_clock_monotonic_ns(platform->clock) + 10000000;
    enum myc_status first = myc_poller_wait(platform->poller, poller, &event, 1, first_ns, &count);
    uint64_t after_first_ns = myc_clock_monotonic_ns(platform->clock);
    uint64_t second_ns = after_first_ns + 10000000;
    enum myc_status second = myc_wait_wait(platform->wait, &word, 0, second_ns, MYC_WAIT_PROCESS);
    uint64_t after_second_ns = myc_clock_monotonic_ns(platform->clock);
    // In this order: an alarm that finds no handler ends the process.
    set_timer(0);
    set_handler(SIG_DFL);
    myc_poller_close(platform->poller, poller);
    assert_int_equal(first, MYC_TIMEOUT);
    assert_true(after_first_ns >= first_ns);
    assert_int_equal(second, MYC_TIMEOUT);
    assert_true(after_second_ns >= second_ns);
}

// On a kernel without nanosecond waits the deadline is rounded up, never down, and events arrive.
static void test_poller_works_without_pwait2(void **state)
{
    struct fixture *fixture = *state;
    struct myc__posix_poller old;
    struct myc_handle handle = {0};
    struct myc_handle bell = {0};
    struct myc_event event = {0};
    size_t count = 0;
    myc__posix_poller_init(&old);
    old.has_pwait2 = false;
    assert_int_equal(myc_poller_open(&old.base, &handle), MYC_OK);
    assert_int_equal(myc_doorbell_open(&old.base, &bell), MYC_OK);
    assert_int_equal(myc_poller_add(&old.base, handle, bell, MYC_READABLE, 5), MYC_OK);
    uint64_t deadline_ns = myc_clock_monotonic_ns(fixture->platform->clock) + 1500000;
    assert_int_equal(
        myc_poller_wait(&old.base, handle, &event, 1, deadline_ns, &count), MYC_TIMEOUT);
    assert_true(myc_clock_monotonic_ns(fixture->platform->clock) >= deadline_ns);
    myc_doorbell_ring(&old.base, bell);
    assert_int_equal(myc_poller_wait(&old.base, handle, &event, 1, MYC_NEVER, &count), MYC_OK);
    assert_int_equal(event.token, 5);
    myc_doorbell_close(&old.base, bell);
    myc_poller_close(&old.base, handle);
}

static void read_mask(void *context)
{
    (void)pthread_sigmask(SIG_BLOCK, NULL, context);
}

// Signals meant for the application are not delivered to our threads; faults of a thread are.
static void test_threads_take_no_signals(void **state)
{
    struct fixture *fixture = *state;
    struct myc_handle handle = {0};
    sigset_t mask, before, after;
    (void)sigemptyset(&mask);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &before), 0);
    assert_int_equal(
        myc_thread_start(fixture->platform->thread, read_mask, &mask, NULL, &handle), MYC_OK);
    myc_thread_join(fixture->platform->thread, handle);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &after), 0);
    assert_int_equal(sigismember(&mask, SIGTERM), 1);
    assert_int_equal(sigismember(&mask, SIGINT), 1);
    assert_int_equal(sigismember(&mask, SIGCHLD), 1);
    assert_int_equal(sigismember(&mask, SIGSEGV), 0);
    assert_int_equal(sigismember(&mask, SIGBUS), 0);
    assert_int_equal(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

// ---- Children ----

// What this program does as its own child: tells how many descriptors it inherited, or that SIGTERM
// is blocked or ignored.
static int run_as_child(void)
{
    struct sigaction action;
    sigset_t mask;
    int count = 0;
    for (int fd = STDERR_FILENO + 1; fd < FD_MAX; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    if (sigprocmask(SIG_BLOCK, NULL, &mask) != 0 || sigaction(SIGTERM, NULL, &action) != 0) {
        return 1;
    }
    if (sigismember(&mask, SIGTERM) == 1 || action.sa_handler == SIG_IGN) {
        return 2;
    }
    return CHILD_BASE + count;
}

// A child gets neither our descriptors nor the application's, nor its blocked and ignored signals.
static void test_child_starts_clean(void **state)
{
    static const char *const argv[] = {"/proc/self/exe", "--child", NULL};
    struct fixture *fixture = *state;
    struct myc_platform *platform = fixture->platform;
    struct myc_process_identity child;
    struct myc_handle watch = {0};
    struct myc_exit ended = {0};
    sigset_t terminate, before;
    int leaky = open("/dev/null", O_RDONLY); // on purpose without O_CLOEXEC
    assert_true(leaky >= 0);
    (void)sigemptyset(&terminate);
    (void)sigaddset(&terminate, SIGTERM);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &terminate, &before), 0);
    assert_ptr_not_equal(signal(SIGTERM, SIG_IGN), SIG_ERR);
    enum myc_status status = myc_process_spawn(platform->process, argv, &child);
    assert_ptr_not_equal(signal(SIGTERM, SIG_DFL), SIG_ERR);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    (void)close(leaky);
    assert_int_equal(status, MYC_OK);
    if (myc_process_watch(platform->process, &child, &watch) == MYC_OK) {
        struct myc_handle poller = {0};
        struct myc_event event;
        size_t count = 0;
        assert_int_equal(myc_poller_open(platform->poller, &poller), MYC_OK);
        assert_int_equal(myc_poller_add(platform->poller, poller, watch, MYC_READABLE, 1), MYC_OK);
        assert_int_equal(
            myc_poller_wait(platform->poller, poller, &event, 1, MYC_NEVER, &count), MYC_OK);
        myc_poller_close(platform->poller, poller);
        myc_process_watch_close(platform->process, watch);
    }
    assert_int_equal(myc_process_reap(platform->process, &child, &ended), MYC_OK);
    assert_int_equal(ended.code, CHILD_BASE);
}

// ---- Log and errors ----

// Logs a line into a pipe in place of standard error; how many bytes came, terminated.
static size_t log_into(
    struct fixture *fixture, const char *source, const char *text, char *buffer, size_t capacity)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    myc_log_write(fixture->platform->log, MYC_LOG_WARNING, source, text);
    (void)dup2(before, STDERR_FILENO);
    (void)close(before);
    (void)close(ends[1]);
    ssize_t count = read(ends[0], buffer, capacity - 1);
    (void)close(ends[0]);
    assert_true(count >= 0);
    buffer[count] = '\0';
    return (size_t)count;
}

// A log line is level, source and text; a line break inside it cannot forge another line.
static void test_log_writes_one_line(void **state)
{
    struct fixture *fixture = *state;
    char line[2048];
    (void)log_into(fixture, "risk", "late by 3 ms", line, sizeof(line));
    assert_string_equal(line, "warning risk: late by 3 ms\n");
    (void)log_into(fixture, "risk", "a\nerror risk: forged\x1b", line, sizeof(line));
    assert_string_equal(line, "warning risk: a?error risk: forged?\n");
}

// A text too long for a line is cut, and the cut shows.
static void test_log_marks_a_cut(void **state)
{
    struct fixture *fixture = *state;
    char line[4096];
    char text[3000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    size_t size = log_into(fixture, "risk", text, line, sizeof(line));
    assert_in_range(size, 100, 2000);
    assert_string_equal(line + size - 7, "xxx...\n");
}

// When nobody reads standard error any more, the line is lost and the process lives.
static void test_log_survives_a_closed_pipe(void **state)
{
    struct fixture *fixture = *state;
    int ends[2];
    sigset_t pending;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    (void)close(ends[0]);
    (void)close(ends[1]);
    myc_log_write(fixture->platform->log, MYC_LOG_ERROR, "risk", "unheard");
    (void)dup2(before, STDERR_FILENO);
    (void)close(before);
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
}

// The OS's errors keep their meaning, and a diagnostic has number, name and words.
static void test_os_errors_become_statuses(void **state)
{
    (void)state;
    static const struct {
        int os_error;
        enum myc_status status;
    } expected[] = {
        {EAGAIN, MYC_AGAIN},
        {ENOENT, MYC_NOT_FOUND},
        {EACCES, MYC_DENIED},
        {EADDRINUSE, MYC_IN_USE},
        {ENOSPC, MYC_NO_MEMORY},
        {EMFILE, MYC_LIMIT},
        {ECONNREFUSED, MYC_REFUSED},
        {EPIPE, MYC_RESET},
        {EIO, MYC_IO},
        {ENODEV, MYC_IO},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_int_equal(myc__posix_status(expected[i].os_error), expected[i].status);
    }
    struct myc_diagnostic diagnostic;
    assert_int_equal(
        myc__posix_fail(&diagnostic, MYC_OK, ENOENT, "cannot open", "x"), MYC_NOT_FOUND);
    assert_int_equal(diagnostic.os_error, ENOENT);
    assert_string_equal(diagnostic.text, "cannot open 'x': No such file or directory");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create_opens_no_descriptor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_closing_leaks_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_descriptor_is_close_on_exec, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sockets_have_their_options, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_receive_without_descriptors_is_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_segment_is_really_allocated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_connect_under_way_is_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_connect_to_itself_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_unix_connect_to_full_queue_is_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interrupted_waits_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_poller_works_without_pwait2, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_threads_take_no_signals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_child_starts_clean, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_log_writes_one_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_log_marks_a_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_log_survives_a_closed_pipe, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_os_errors_become_statuses, set_up, tear_down),
    };
    if (argc == 2 && strcmp(argv[1], "--child") == 0) {
        return run_as_child();
    }
    return cmocka_run_group_tests_name("platform.posix", tests, NULL, NULL);
}

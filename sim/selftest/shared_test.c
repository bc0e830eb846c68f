// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What simulated processes share beyond streams: segments, files, each other's ends.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include <fcntl.h>
#include <unistd.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/file.h>
#include <mycelium/interface/process.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/wait.h>

#include "io.h"

enum { SEEDS = 200, BYTES = 8192 };

/* What two processes saw of one segment. */
struct sharing {
    void *owner_base;
    void *guest_base;
    enum myc_status guest_wait;
    bool is_mapped;
    bool is_done;
};

static bool is_done(void *context)
{
    const struct sharing *sharing = context;
    return sharing->is_done;
}

// Whether the OS lets this process read the byte there.
static bool is_readable(const void *byte)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    bool is_there = write(ends[1], byte, 1) == 1;
    (void)close(ends[0]);
    (void)close(ends[1]);
    return is_there;
}

// Whether the OS lets this process write the byte there.
static bool is_writable(void *byte)
{
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    assert_true(zero >= 0);
    bool is_there = read(zero, byte, 1) == 1;
    (void)close(zero);
    return is_there;
}

static const struct myc_address address = {.kind = MYC_ADDRESS_UNIX, .text = "/run/segment"};

/* Makes a segment, gives it to whoever connects, changes a word of it, and stays. */
static int owner(struct myc_platform *platform, void *arg)
{
    struct sharing *sharing = arg;
    struct myc_handle segment = {0};
    struct myc_handle listener = {0};
    size_t sent = 0;
    io_must(myc_shm_create(platform->shm, "shared", BYTES, &segment));
    io_must(myc_shm_map(platform->shm, segment, BYTES, MYC_SHM_READ_WRITE, &sharing->owner_base));
    io_must(myc_shm_seal(platform->shm, segment, MYC_SEAL_SIZE | MYC_SEAL_WRITE));
    io_must(myc_listener_listen(platform->listener, &address, 0, &listener, NULL));
    struct myc_handle stream = io_accept(platform, listener);
    const struct myc_const_span bytes = {"s", 1};
    while (myc_stream_send_handles(platform->stream, stream, bytes, &segment, 1, &sent) != MYC_OK) {
        io_await(platform, stream, MYC_WRITABLE);
    }
    struct myc_atomic_u32 *word = sharing->owner_base;
    while (!sharing->is_mapped) {
        myc_thread_relax(platform->thread, 0);
    }
    myc_store_release_u32(word, 1);
    (void)myc_wait_wake(platform->wait, word, 1, MYC_WAIT_SHARED);
    io_await(platform, stream, 0);
    return 1;
}

/* Maps the segment it is given, and sleeps on a word of it until the owner changes that. */
static int guest(struct myc_platform *platform, void *arg)
{
    struct sharing *sharing = arg;
    struct myc_handle stream = io_connect(platform, &address);
    struct myc_handle segment = {0};
    char byte = 0;
    size_t received = 0;
    size_t count = 0;
    while (
        myc_stream_receive_handles(
            platform->stream, stream, (struct myc_span){&byte, 1}, &segment, 1, &received, &count)
        != MYC_OK) {
        io_await(platform, stream, MYC_READABLE);
    }
    io_must(myc_shm_map(platform->shm, segment, BYTES, MYC_SHM_READ, &sharing->guest_base));
    sharing->is_mapped = true;
    struct myc_atomic_u32 *word = sharing->guest_base;
    sharing->guest_wait = MYC_OK;
    while (sharing->guest_wait == MYC_OK && myc_load_acquire_u32(word) == 0) {
        sharing->guest_wait = myc_wait_wait(platform->wait, word, 0, MYC_NEVER, MYC_WAIT_SHARED);
    }
    sharing->is_done = true;
    io_await(platform, stream, 0);
    return 1;
}

static void direct_sharing(struct myc_sim *sim)
{
    struct sharing sharing = {.is_done = false};
    struct myc_sim_process first = myc_sim_start(sim, "one", "owner", owner, &sharing);
    struct myc_sim_process second = myc_sim_start(sim, "one", "guest", guest, &sharing);
    (void)myc_sim_run_until(sim, is_done, &sharing, MYC_NEVER);
    myc_sim_check(sim, sharing.owner_base != sharing.guest_base, "each process has its own base");
    myc_sim_check(sim, is_writable((char *)sharing.owner_base + 9), "the owner may write");
    myc_sim_check(sim, !is_writable((char *)sharing.guest_base + 9), "the guest may only read");
    myc_sim_kill(sim, first);
    myc_sim_check(sim, !is_readable(sharing.owner_base), "the dead have no mapping");
    myc_sim_check(sim, is_readable(sharing.guest_base), "the living keep theirs");
    const struct myc_atomic_u32 *word = sharing.guest_base;
    myc_sim_check(sim, word->value == 1, "the segment outlives its maker as it stood");
    myc_sim_kill(sim, second);
    myc_sim_check(sim, !is_readable(sharing.guest_base), "the last one takes it along");
}

static void run_all(void (*director)(struct myc_sim *sim))
{
    assert_passed(run_boring(director));
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_passed(run_seed(director, seed));
    }
}

// A segment lies elsewhere in each process, wakes cross it, and it dies with its last user only.
static void test_shared_segment_lies_elsewhere_in_each_process(void **state)
{
    (void)state;
    run_all(direct_sharing);
}

// ---- Watches ----

/* A process that watches another one, which the director kills. */
struct watching {
    struct myc_process_identity victim;
    bool is_identified;
    bool is_watching;
    bool has_seen_end;
    bool is_alive_after;
};

static bool watching_is_on(void *context)
{
    const struct watching *watching = context;
    return watching->is_watching;
}

static bool watching_is_over(void *context)
{
    const struct watching *watching = context;
    return watching->has_seen_end;
}

static int victim(struct myc_platform *platform, void *arg)
{
    struct watching *watching = arg;
    struct myc_handle bell = {0};
    io_must(myc_process_identify(platform->process, &watching->victim));
    watching->is_identified = true;
    io_must(myc_doorbell_open(platform->poller, &bell));
    for (;;) {
        io_await(platform, bell, MYC_READABLE);
    }
    return 1;
}

static int watcher(struct myc_platform *platform, void *arg)
{
    struct watching *watching = arg;
    struct myc_handle watch = {0};
    while (!watching->is_identified) {
        myc_thread_relax(platform->thread, 0);
    }
    io_must(myc_process_watch(platform->process, &watching->victim, &watch));
    watching->is_watching = true;
    io_await(platform, watch, MYC_READABLE);
    watching->is_alive_after =
        myc_process_life(platform->process, &watching->victim) == MYC_LIFE_RUNS;
    watching->has_seen_end = true;
    myc_process_watch_close(platform->process, watch);
    return 0;
}

static void direct_watching(struct myc_sim *sim)
{
    struct watching watching = {.is_watching = false};
    struct myc_sim_process killed = myc_sim_start(sim, "one", "victim", victim, &watching);
    (void)myc_sim_start(sim, "one", "watcher", watcher, &watching);
    (void)myc_sim_run_until(sim, watching_is_on, &watching, MYC_NEVER);
    myc_sim_run_for(sim, 1000000);
    myc_sim_check(sim, !watching.has_seen_end, "the watch of the living is silent");
    myc_sim_kill(sim, killed);
    (void)myc_sim_run_until(sim, watching_is_over, &watching, MYC_NEVER);
    myc_sim_check(sim, !watching.is_alive_after, "who is seen to end is not alive");
}

// A watch is silent, whatever the faults, until the process ends, and then wakes who waits for it.
static void test_shared_watch_fires_at_death(void **state)
{
    (void)state;
    run_all(direct_watching);
}

// ---- Files ----

static int copier(struct myc_platform *platform, void *arg)
{
    struct myc_file *file = platform->file;
    struct myc_handle source = {0};
    struct myc_handle target = {0};
    char bytes[8];
    size_t count = 0;
    (void)arg;
    if (myc_file_open(file, "/etc/app/in", 0, &source, NULL) != MYC_OK
        || myc_file_open(file, "/tmp/out", MYC_FILE_WRITE | MYC_FILE_CREATE, &target, NULL)
               != MYC_OK) {
        return 2;
    }
    uint64_t offset = 0;
    for (;;) {
        struct myc_span span = {bytes, sizeof(bytes)};
        if (myc_file_read(file, source, offset, span, &count) != MYC_OK) {
            break;
        }
        io_must(myc_file_write(file, target, offset, (struct myc_const_span){bytes, count}));
        offset += count;
    }
    myc_file_close(file, source);
    myc_file_close(file, target);
    return 0;
}

static void direct_files(struct myc_sim *sim)
{
    static const char text[] = "a configuration of some length";
    size_t size = 0;
    myc_sim_put_file(sim, "host", "/etc/app/in", text, sizeof(text));
    struct myc_sim_process process = run_process(sim, copier, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "the file is there");
    const void *copy = myc_sim_get_file(sim, "host", "/tmp/out", &size);
    myc_sim_check(
        sim, size == sizeof(text) && memcmp(copy, text, size) == 0, "the copy survives its maker");
    myc_sim_check(
        sim, myc_sim_get_file(sim, "elsewhere", "/tmp/out", &size) == NULL, "hosts are apart");
}

// Files that the scenario puts are there, and what processes write outlives them.
static void test_shared_files_outlive_processes(void **state)
{
    (void)state;
    run_all(direct_files);
}

// ---- Operations that fail ----

static const enum myc_sim_fault failures[] = {
    MYC_SIM_FAULT_HANDLE_LIMIT,
    MYC_SIM_FAULT_CONNECT_REFUSED,
    MYC_SIM_FAULT_ACCEPT_FAIL,
    MYC_SIM_FAULT_SHM_NO_MEMORY,
    MYC_SIM_FAULT_FILE_FULL,
    MYC_SIM_FAULT_FILE_ERROR,
    MYC_SIM_FAULT_SPAWN_FAIL,
};

enum { FAILURES = sizeof(failures) / sizeof(failures[0]) };

static int idle(struct myc_platform *platform, void *arg)
{
    (void)platform;
    (void)arg;
    return 0;
}

/* One of everything that may fail; the empty handle is what a failure leaves. */
static void try_everything(struct myc_platform *platform)
{
    static const char *const argv[] = {"idle", NULL};
    const uint32_t flags = MYC_FILE_WRITE | MYC_FILE_CREATE;
    struct myc_handle listener = {0};
    struct myc_handle near = {0};
    struct myc_handle far = {0};
    struct myc_handle segment = {0};
    struct myc_handle file = {0};
    struct myc_process_identity child;
    void *memory = NULL;
    if (myc_listener_listen(platform->listener, &address, 0, &listener, NULL) == MYC_OK
        && myc_stream_connect(platform->stream, &address, &near, NULL) == MYC_OK) {
        myc_sim_count(
            sim__world_now,
            "accepted",
            myc_listener_accept(platform->listener, listener, &far) == MYC_OK ? 1 : 0);
    }
    myc_stream_close(platform->stream, near);
    myc_stream_close(platform->stream, far);
    myc_listener_close(platform->listener, listener);
    if (myc_shm_create(platform->shm, "tried", BYTES, &segment) == MYC_OK
        && myc_shm_map(platform->shm, segment, BYTES, MYC_SHM_READ_WRITE, &memory) == MYC_OK) {
        memset(memory, 1, BYTES);
        myc_shm_unmap(platform->shm, memory, BYTES);
    }
    myc_shm_close(platform->shm, segment);
    if (myc_file_open(platform->file, "/tmp/tried", flags, &file, NULL) == MYC_OK
        && myc_file_write(platform->file, file, 0, (struct myc_const_span){"x", 1}) == MYC_OK) {
        myc_sim_count(
            sim__world_now, "synced", myc_file_sync(platform->file, file) == MYC_OK ? 1 : 0);
    }
    myc_file_close(platform->file, file);
    if (myc_process_spawn(platform->process, argv, &child) == MYC_OK) {
        myc_sim_count(sim__world_now, "spawned", 1);
    }
}

static int try_often(struct myc_platform *platform, void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        try_everything(platform);
    }
    return 0;
}

static void direct_failures(struct myc_sim *sim)
{
    for (int i = 0; i < FAILURES; i++) {
        myc_sim_allow(sim, failures[i], true);
    }
    myc_sim_register_program(sim, "idle", idle, NULL);
    struct myc_sim_process process = run_process(sim, try_often, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "failures are no disaster");
}

// What may be refused is refused now and then, leaves nothing behind, and never without leave.
static void test_shared_failures_leave_nothing(void **state)
{
    uint64_t effects[MYC_SIM_FAULT_COUNT] = {0};
    (void)state;
    assert_passed(run_boring(direct_failures));
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct myc_sim_result *result = run_seed(direct_failures, seed);
        for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
            effects[i] += result->fault_effect[i];
        }
        assert_passed(result);
        struct myc_sim_result *calm = run_seed(direct_files, seed);
        for (int i = 0; i < FAILURES; i++) {
            assert_int_equal(calm->fault_effect[failures[i]], 0);
        }
        assert_passed(calm);
    }
    for (int i = 0; i < FAILURES; i++) {
        assert_true(effects[failures[i]] > 0);
    }
}

// ---- Mistakes that the simulated kernel reports ----

static int close_twice(struct myc_platform *platform, void *arg)
{
    struct myc_handle bell = {0};
    (void)arg;
    io_must(myc_doorbell_open(platform->poller, &bell));
    myc_doorbell_close(platform->poller, bell);
    myc_doorbell_close(platform->poller, bell);
    return 0;
}

static int leave_mapped(struct myc_platform *platform, void *arg)
{
    struct myc_handle segment = {0};
    void *memory = NULL;
    (void)arg;
    io_must(myc_shm_create(platform->shm, "left", BYTES, &segment));
    io_must(myc_shm_map(platform->shm, segment, BYTES, MYC_SHM_READ, &memory));
    myc_shm_close(platform->shm, segment);
    return 0;
}

static void direct_close_twice(struct myc_sim *sim)
{
    (void)run_process(sim, close_twice, NULL);
}

static void direct_leave_mapped(struct myc_sim *sim)
{
    (void)run_process(sim, leave_mapped, NULL);
}

// Closing what is not open, and returning with something mapped, fail the run by name.
static void test_shared_mistakes_are_reported(void **state)
{
    (void)state;
    assert_failed_with(run_boring(direct_close_twice), "doorbell.close: handle 1 of 'process'");
    assert_failed_with(run_boring(direct_leave_mapped), "leak: 'process' returned with a mapping");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_segment_lies_elsewhere_in_each_process),
        cmocka_unit_test(test_shared_watch_fires_at_death),
        cmocka_unit_test(test_shared_files_outlive_processes),
        cmocka_unit_test(test_shared_failures_leave_nothing),
        cmocka_unit_test(test_shared_mistakes_are_reported),
    };
    return cmocka_run_group_tests_name("sim.shared", tests, NULL, NULL);
}

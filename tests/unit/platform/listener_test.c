// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Who owns a Unix path: takeover after a kill, modes, closing beside a new owner, races.
#include "unit/platform/posix_fixture.h"

#include <signal.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <mycelium/atomic.h>

enum { RACERS = 4, RACE_ROUNDS = 10000 };

// Starts a process that listens on the address until it is killed; returns once it listens.
static pid_t start_owner(const struct myc_address *address)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct myc_platform *platform = NULL;
        struct myc_handle handle = {0};
        if (myc_posix_create(&platform, NULL) != MYC_OK
            || myc_listener_listen(platform->listener, address, 8, &handle, NULL) != MYC_OK
            || write(ready[1], "r", 1) != 1) {
            _exit(1);
        }
        for (;;) {
            (void)pause();
        }
    }
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    return pid;
}

static void kill_owner(pid_t pid)
{
    int status = 0;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static enum myc_status connect_once(struct fixture *fixture, const struct myc_address *address)
{
    struct myc_handle handle = {0};
    enum myc_status status = myc_stream_connect(fixture->platform->stream, address, &handle, NULL);
    myc_stream_close(fixture->platform->stream, handle);
    return status;
}

// A living owner in another process is not disturbed; what it left when killed is taken over.
static void test_path_of_killed_owner_is_taken_over(void **state)
{
    struct fixture *fixture = *state;
    struct myc_address address = scratch_address(fixture);
    struct myc_diagnostic diagnostic = {.status = MYC_OK};
    struct myc_handle handle = {0};
    pid_t pid = start_owner(&address);
    assert_int_equal(
        myc_listener_listen(fixture->platform->listener, &address, 8, &handle, &diagnostic),
        MYC_IN_USE);
    assert_non_null(strstr(diagnostic.text, address.text));
    assert_int_equal(connect_once(fixture, &address), MYC_OK);
    kill_owner(pid);
    assert_int_equal(connect_once(fixture, &address), MYC_REFUSED);
    handle = must_listen(fixture, &address);
    assert_int_equal(connect_once(fixture, &address), MYC_OK);
    myc_listener_close(fixture->platform->listener, handle);
    assert_int_equal(access(address.text, F_OK), -1);
}

// Whatever the umask, only the owner of the process may connect, or take the lock.
static void test_socket_and_lock_are_private(void **state)
{
    static const mode_t masks[] = {0, 022, 0777};
    struct fixture *fixture = *state;
    struct myc_address address = scratch_address(fixture);
    char lock[128];
    (void)snprintf(lock, sizeof(lock), "%s.lock", address.text);
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        struct stat properties;
        mode_t before = umask(masks[i]);
        struct myc_handle handle = must_listen(fixture, &address);
        (void)umask(before);
        assert_int_equal(stat(address.text, &properties), 0);
        assert_int_equal(properties.st_mode & 0777, 0600);
        assert_int_equal(stat(lock, &properties), 0);
        assert_int_equal(properties.st_mode & 0777, 0600);
        myc_listener_close(fixture->platform->listener, handle);
    }
}

// An owner whose files were swept away and replaced removes only what is its own.
static void test_close_keeps_a_successors_files(void **state)
{
    struct fixture *fixture = *state;
    struct myc_address address = scratch_address(fixture);
    char lock[128];
    (void)snprintf(lock, sizeof(lock), "%s.lock", address.text);
    struct myc_handle old = must_listen(fixture, &address);
    assert_int_equal(unlink(address.text), 0);
    assert_int_equal(unlink(lock), 0);
    struct myc_handle successor = must_listen(fixture, &address);
    myc_listener_close(fixture->platform->listener, old);
    assert_int_equal(access(address.text, F_OK), 0);
    assert_int_equal(access(lock, F_OK), 0);
    assert_int_equal(connect_once(fixture, &address), MYC_OK);
    myc_listener_close(fixture->platform->listener, successor);
    assert_int_equal(access(address.text, F_OK), -1);
    assert_int_equal(access(lock, F_OK), -1);
}

// A link somebody planted at the lock's place is not followed.
static void test_lock_follows_no_link(void **state)
{
    struct fixture *fixture = *state;
    struct myc_address address = scratch_address(fixture);
    struct myc_handle handle = {0};
    char lock[128];
    char victim[128];
    (void)snprintf(lock, sizeof(lock), "%s.lock", address.text);
    (void)snprintf(victim, sizeof(victim), "%s/victim", fixture->directory);
    assert_int_equal(symlink(victim, lock), 0);
    assert_int_not_equal(
        myc_listener_listen(fixture->platform->listener, &address, 8, &handle, NULL), MYC_OK);
    assert_int_equal(handle.value, 0);
    assert_int_equal(access(victim, F_OK), -1);
}

// A platform that is destroyed with a listener open leaves no files and no descriptors.
static void test_destroy_closes_listeners(void **state)
{
    struct fixture *fixture = *state;
    struct myc_address address = scratch_address(fixture);
    (void)must_listen(fixture, &address);
    myc_posix_destroy(fixture->platform);
    fixture->platform = NULL;
    assert_int_equal(count_new_fds(fixture), 0);
    assert_int_equal(access(address.text, F_OK), -1);
}

struct race {
    struct myc_platform *platform;
    struct myc_address address;
    struct myc_atomic_u32 owner_count;
    struct myc_atomic_u32 win_count;
    struct myc_atomic_u32 error_count;
};

// Listens and closes again and again; a second owner at the same time is an error.
static void race_for_path(void *context)
{
    struct race *race = context;
    for (int round = 0; round < RACE_ROUNDS; round++) {
        struct myc_handle handle = {0};
        enum myc_status status =
            myc_listener_listen(race->platform->listener, &race->address, 8, &handle, NULL);
        if (status == MYC_OK) {
            uint32_t others = myc_fetch_add_u32(&race->owner_count, 1);
            bool is_there = access(race->address.text, F_OK) == 0;
            (void)myc_fetch_add_u32(&race->error_count, others != 0 || !is_there);
            (void)myc_fetch_add_u32(&race->win_count, 1);
            (void)myc_fetch_add_u32(&race->owner_count, UINT32_MAX);
            myc_listener_close(race->platform->listener, handle);
        } else {
            (void)myc_fetch_add_u32(&race->error_count, status != MYC_IN_USE);
        }
    }
}

// However listening and closing interleave, a path has at most one owner, whose socket is there.
static void test_path_has_one_owner_in_a_race(void **state)
{
    struct fixture *fixture = *state;
    struct race race = {.platform = fixture->platform, .address = scratch_address(fixture)};
    struct myc_handle threads[RACERS];
    for (int i = 0; i < RACERS; i++) {
        assert_int_equal(
            myc_thread_start(fixture->platform->thread, race_for_path, &race, NULL, &threads[i]),
            MYC_OK);
    }
    for (int i = 0; i < RACERS; i++) {
        myc_thread_join(fixture->platform->thread, threads[i]);
    }
    assert_int_equal(myc_load_relaxed_u32(&race.error_count), 0);
    assert_true(myc_load_relaxed_u32(&race.win_count) > 0);
    assert_int_equal(access(race.address.text, F_OK), -1);
}

// With no descriptor left accept says LIMIT, and the connection is still there afterwards.
static void test_accept_without_descriptors_is_limit(void **state)
{
    struct fixture *fixture = *state;
    struct myc_address address = scratch_address(fixture);
    struct myc_handle near = {0};
    struct myc_handle far = {0};
    struct rlimit before;
    struct myc_handle handle = must_listen(fixture, &address);
    assert_int_equal(myc_stream_connect(fixture->platform->stream, &address, &near, NULL), MYC_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {.rlim_cur = near.value, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum myc_status status = myc_listener_accept(fixture->platform->listener, handle, &far);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, MYC_LIMIT);
    assert_int_equal(myc_listener_accept(fixture->platform->listener, handle, &far), MYC_OK);
    myc_stream_close(fixture->platform->stream, near);
    myc_stream_close(fixture->platform->stream, far);
    myc_listener_close(fixture->platform->listener, handle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_path_of_killed_owner_is_taken_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_socket_and_lock_are_private, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_close_keeps_a_successors_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lock_follows_no_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_destroy_closes_listeners, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_path_has_one_owner_in_a_race, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_accept_without_descriptors_is_limit, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("platform.listener", tests, NULL, NULL);
}

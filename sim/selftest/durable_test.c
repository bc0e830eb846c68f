// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include <mycelium/interface/file.h>
#include <mycelium/interface/process.h>

enum { FRESH = MYC_FILE_WRITE | MYC_FILE_CREATE | MYC_FILE_TRUNCATE, BIG = 2048, SEEDS = 200 };

static const char *const path = "/var/tmp/file";

/* What a process does before the power goes. */
struct plan {
    bool syncs_file;
    bool syncs_directory;
    bool renames;
    bool syncs_twice;
    bool was_sync_refused;
};

static struct plan plan;

static int write_file(struct myc_platform *platform, void *arg)
{
    char bytes[BIG];
    struct myc_file *file = platform->file;
    struct myc_handle handle = {0};
    const char *first = plan.renames ? "/var/tmp/new" : path;
    (void)arg;
    memset(bytes, 'n', sizeof(bytes));
    bool is_done =
        myc_file_open(file, first, FRESH, &handle, NULL) == MYC_OK
        && myc_file_write(file, handle, 0, (struct myc_const_span){bytes, BIG}) == MYC_OK;
    if (is_done && plan.syncs_file) {
        plan.was_sync_refused = myc_file_sync(file, handle) != MYC_OK;
    }
    if (is_done && plan.syncs_twice) {
        is_done = myc_file_sync(file, handle) == MYC_OK;
    }
    if (is_done && plan.renames) {
        is_done = myc_file_rename(file, first, path) == MYC_OK;
    }
    if (is_done && plan.syncs_directory) {
        is_done = myc_file_sync_directory(file, "/var/tmp") == MYC_OK;
    }
    myc_file_close(file, handle);
    return is_done ? 0 : 1;
}

/* How the file is found after the power came back. */
enum found { NOTHING, OLD, EMPTY, WHOLE, TORN, SHORT, FOUND_COUNT };

static unsigned found_count[FOUND_COUNT];

static enum found look(struct myc_sim *sim)
{
    size_t size = 0;
    const char *bytes = myc_sim_get_file(sim, "host", path, &size);
    if (bytes == NULL) {
        return NOTHING;
    }
    if (size < BIG) {
        return size == 0 ? EMPTY : size == 3 && memcmp(bytes, "old", 3) == 0 ? OLD : SHORT;
    }
    size_t news = 0;
    for (size_t i = 0; i < size; i++) {
        news += bytes[i] == 'n' ? 1 : 0;
    }
    return news == BIG ? WHOLE : TORN;
}

static void direct_loss(struct myc_sim *sim)
{
    if (plan.renames) {
        myc_sim_put_file(sim, "host", path, "old", 3);
    }
    struct myc_sim_process process = run_process(sim, write_file, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "the file was written");
    myc_sim_power_loss(sim, "host");
    found_count[look(sim)]++;
}

/* Runs the plan from many seeds and counts how the file is found; returns the injected losses. */
static uint64_t try_plan(const struct plan *tried)
{
    uint64_t effects = 0;
    memset(found_count, 0, sizeof(found_count));
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        plan = *tried;
        struct myc_sim_result *result = run_seed(direct_loss, seed);
        effects += result->fault_effect[MYC_SIM_FAULT_WRITE_LOST];
        effects += result->fault_effect[MYC_SIM_FAULT_WRITE_TORN];
        effects += result->fault_effect[MYC_SIM_FAULT_NAME_LOST];
        assert_passed(result);
    }
    return effects;
}

// Whoever syncs nothing may find nothing, an empty file, half of it or all of it.
static void test_unsynced_file_may_be_anything(void **state)
{
    (void)state;
    assert_true(try_plan(&(struct plan){0}) > SEEDS / 4);
    for (int i = 0; i < FOUND_COUNT; i++) {
        bool is_possible = i == NOTHING || i == EMPTY || i == WHOLE || i == TORN;
        assert_int_equal(found_count[i] > 0, is_possible);
    }
}

// A synced file whose name was not is there whole or not at all.
static void test_synced_file_may_lose_its_name(void **state)
{
    (void)state;
    assert_true(try_plan(&(struct plan){.syncs_file = true}) > 0);
    assert_true(found_count[NOTHING] > 0);
    assert_true(found_count[WHOLE] > 0);
    assert_int_equal(found_count[NOTHING] + found_count[WHOLE], SEEDS);
}

// A name may be durable before what the file holds.
static void test_synced_name_may_show_a_torn_file(void **state)
{
    (void)state;
    assert_true(try_plan(&(struct plan){.syncs_directory = true}) > 0);
    assert_int_equal(found_count[NOTHING], 0);
    assert_true(found_count[EMPTY] > 0);
    assert_true(found_count[TORN] > 0);
}

// With both synced, nothing that a run draws can touch the file.
static void test_synced_file_and_name_survive(void **state)
{
    (void)state;
    assert_int_equal(try_plan(&(struct plan){.syncs_file = true, .syncs_directory = true}), 0);
    assert_int_equal(found_count[WHOLE], SEEDS);
}

// A renamed file is the old or the new one, and the new one only once the directory was synced.
static void test_rename_is_durable_with_the_directory(void **state)
{
    (void)state;
    struct plan tried = {.renames = true, .syncs_file = true};
    assert_true(try_plan(&tried) > 0);
    assert_true(found_count[OLD] > 0);
    assert_true(found_count[WHOLE] > 0);
    assert_int_equal(found_count[OLD] + found_count[WHOLE], SEEDS);
    tried.syncs_directory = true;
    assert_int_equal(try_plan(&tried), 0);
    assert_int_equal(found_count[WHOLE], SEEDS);
    // The other mistake: the name is made durable before the bytes.
    tried.syncs_file = false;
    assert_true(try_plan(&tried) > 0);
    assert_true(found_count[EMPTY] > 0);
}

static void direct_failing_sync(struct myc_sim *sim)
{
    myc_sim_allow(sim, MYC_SIM_FAULT_SYNC_ERROR, true);
    struct myc_sim_process process = run_process(sim, write_file, NULL);
    if (myc_sim_exit_code(sim, process) != 0 || !plan.was_sync_refused) {
        return; // no refusal, or the second sync was refused as well
    }
    myc_sim_count(sim, "refused", 1);
    myc_sim_power_loss(sim, "host");
    found_count[look(sim)]++;
}

// After a sync was refused, another that succeeds promises nothing: what was dirty counts as clean.
static void test_second_sync_does_not_help(void **state)
{
    (void)state;
    memset(found_count, 0, sizeof(found_count));
    for (uint64_t seed = 1; seed <= 2000; seed++) {
        plan = (struct plan){.syncs_file = true, .syncs_twice = true, .syncs_directory = true};
        assert_passed(run_seed(direct_failing_sync, seed));
    }
    assert_true(found_count[EMPTY] + found_count[TORN] > 0);
    assert_int_equal(found_count[NOTHING], 0);
}

// In the boring run everything had reached the disk.
static void test_boring_power_loss_keeps_everything(void **state)
{
    (void)state;
    memset(found_count, 0, sizeof(found_count));
    plan = (struct plan){0};
    assert_passed(run_boring(direct_loss));
    assert_int_equal(found_count[WHOLE], 1);
}

static int fill_disk(struct myc_platform *platform, void *arg)
{
    char bytes[BIG] = {0};
    struct myc_handle handle = {0};
    struct myc_const_span span = {bytes, BIG};
    uint64_t size = 0;
    (void)arg;
    bool is_right = myc_file_open(platform->file, path, FRESH, &handle, NULL) == MYC_OK
                    && myc_file_write(platform->file, handle, 0, span) == MYC_OK
                    && myc_file_write(platform->file, handle, BIG, span) == MYC_NO_MEMORY
                    && myc_file_get_size(platform->file, handle, &size) == MYC_OK && size == 3000
                    && myc_file_write(platform->file, handle, 0, span) == MYC_OK;
    myc_file_close(platform->file, handle);
    return is_right ? 0 : 1;
}

static void direct_full_disk(struct myc_sim *sim)
{
    myc_sim_limit_files(sim, "host", 3000);
    struct myc_sim_process process = run_process(sim, fill_disk, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "the disk has room for 3000 bytes");
}

// A full disk takes what fits, says so, and takes writes that need no more room.
static void test_disk_has_the_room_it_was_given(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_full_disk));
}

struct boot {
    struct myc_process_identity identity;
    uint64_t monotonic_ns;
};

static int note_boot(struct myc_platform *platform, void *arg)
{
    struct boot *boot = arg;
    boot->monotonic_ns = myc_clock_monotonic_ns(platform->clock);
    return myc_process_identify(platform->process, &boot->identity) == MYC_OK ? 0 : 1;
}

static int wait_for_ever(struct myc_platform *platform, void *arg)
{
    struct myc_atomic_u32 word = {0};
    (void)arg;
    while (myc_wait_wait(platform->wait, &word, 0, MYC_NEVER, MYC_WAIT_PROCESS) == MYC_OK) {
    }
    return 1;
}

static void direct_boot(struct myc_sim *sim)
{
    struct boot boots[2];
    myc_sim_put_file(sim, "host", "/run/gone", "x", 1);
    struct myc_sim_process waiting = myc_sim_start(sim, "host", "waiting", wait_for_ever, NULL);
    struct myc_sim_process other = myc_sim_start(sim, "other", "waiting", wait_for_ever, NULL);
    (void)run_process(sim, note_boot, &boots[0]);
    myc_sim_power_loss(sim, "host");
    size_t size = 0;
    myc_sim_check(sim, myc_sim_was_killed(sim, waiting), "every process of the host dies");
    myc_sim_check(sim, myc_sim_is_running(sim, other), "and none of another host");
    myc_sim_check(sim, myc_sim_get_file(sim, "host", "/run/gone", &size) == NULL, "/run is empty");
    myc_sim_check(sim, myc_sim_power_losses(sim, "host") == 1, "losses are counted");
    (void)run_process(sim, note_boot, &boots[1]);
    myc_sim_check(
        sim,
        memcmp(boots[0].identity.boot_id, boots[1].identity.boot_id, 16) != 0,
        "a boot has an identity of its own");
    myc_sim_check(
        sim,
        boots[1].monotonic_ns < boots[0].monotonic_ns,
        "the monotonic clock starts anew with each boot");
}

// A host that boots again is empty of processes, has another boot id and a young clock.
static void test_power_loss_boots_the_host(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_boot));
    for (uint64_t seed = 1; seed <= 50; seed++) {
        assert_passed(run_seed(direct_boot, seed));
    }
}

static void direct_drawn_losses(struct myc_sim *sim)
{
    struct watched watched = {sim, myc_sim_start(sim, "host", "waiting", write_file, NULL)};
    myc_sim_allow_power_loss(sim, "host", 2);
    for (int i = 0; i < 400; i++) {
        (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
        watched.process = myc_sim_start(sim, "host", "waiting", write_file, NULL);
    }
    myc_sim_check(sim, myc_sim_power_losses(sim, "host") <= 2, "not more than were allowed");
    myc_sim_count(sim, "losses", myc_sim_power_losses(sim, "host"));
}

// Allowed power losses happen at drawn points, at most as often as allowed, and are counted.
static void test_power_goes_at_drawn_points(void **state)
{
    (void)state;
    uint64_t losses = 0;
    plan = (struct plan){0};
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct myc_sim_result *result = run_seed(direct_drawn_losses, seed);
        losses += result->fault_injected[MYC_SIM_FAULT_POWER_LOSS];
        assert_true(
            result->fault_offered[MYC_SIM_FAULT_POWER_LOSS]
            >= result->fault_injected[MYC_SIM_FAULT_POWER_LOSS]);
        assert_passed(result);
    }
    assert_true(losses > 10);
    struct myc_sim_result *boring = run_boring(direct_drawn_losses);
    assert_int_equal(boring->fault_injected[MYC_SIM_FAULT_POWER_LOSS], 0);
    assert_passed(boring);
}

// ---- Each fault alone ----

/* A program that trusts what it must not, and the one fault that shows it. */
static const struct {
    const char *fault;
    enum myc_sim_fault kind;
    struct plan plan; /* misbehaves with that fault on, never with it off */
    bool may_be_refused;
} controls[] = {
    // Makes the name durable, and not the bytes.
    {"write-lost", MYC_SIM_FAULT_WRITE_LOST, {.syncs_directory = true}, false},
    {"write-torn", MYC_SIM_FAULT_WRITE_TORN, {.syncs_directory = true}, false},
    // Makes the bytes durable, and not the name.
    {"name-lost", MYC_SIM_FAULT_NAME_LOST, {.syncs_file = true}, false},
    // Takes a second sync for a cure of the first.
    {"sync-error,write-lost",
     MYC_SIM_FAULT_SYNC_ERROR,
     {.syncs_file = true, .syncs_twice = true, .syncs_directory = true},
     true},
};

static size_t control;

static void direct_control(struct myc_sim *sim)
{
    plan = controls[control].plan;
    myc_sim_allow(sim, MYC_SIM_FAULT_SYNC_ERROR, controls[control].may_be_refused);
    struct myc_sim_process process = run_process(sim, write_file, NULL);
    if (myc_sim_exit_code(sim, process) != 0) {
        return; // it was told
    }
    myc_sim_power_loss(sim, "host");
    myc_sim_check(sim, look(sim) == WHOLE, "the file is there whole");
}

static unsigned count_failures(const char *faults, enum myc_sim_fault kind, bool is_on)
{
    unsigned failed_count = 0;
    for (uint64_t seed = 1; seed <= 10 * SEEDS; seed++) {
        const struct myc_sim_options options = {.seed = seed, .faults = faults};
        struct myc_sim_result *result = run_with(direct_control, &options);
        failed_count += result->is_failed ? 1 : 0;
        assert_true(is_on || result->fault_injected[kind] == 0);
        assert_true(!result->is_failed || result->fault_injected[kind] > 0);
        drop_result(result);
    }
    return failed_count;
}

// Every fault of durability alone finds a program that does not bear it; without it none fails.
static void test_each_fault_has_its_victim(void **state)
{
    (void)state;
    for (control = 0; control < sizeof(controls) / sizeof(controls[0]); control++) {
        enum myc_sim_fault kind = controls[control].kind;
        unsigned failed_count = count_failures(controls[control].fault, kind, true);
        if (failed_count == 0) {
            print_error("%s finds nothing\n", controls[control].fault);
        }
        assert_true(failed_count > 0);
        // All the others that this one does not need.
        bool is_sync = kind == MYC_SIM_FAULT_SYNC_ERROR;
        assert_int_equal(count_failures(is_sync ? "write-lost" : "kill", kind, false), 0);
    }
}

/* Counts the starts in a file in memory, as if the host never lost its power. */
static int count_starts(struct myc_platform *platform, void *arg)
{
    char count = 0;
    size_t size = 0;
    struct myc_handle handle = {0};
    uint32_t *starts = arg;
    uint32_t mode = MYC_FILE_WRITE | MYC_FILE_CREATE;
    if (myc_file_open(platform->file, "/run/starts", mode, &handle, NULL) != MYC_OK) {
        return 1;
    }
    struct myc_span place = {&count, 1};
    bool is_done = myc_file_read(platform->file, handle, 0, place, &size) == MYC_OK || size == 0;
    count = (char)(size == 1 ? count + 1 : 1);
    is_done =
        myc_file_write(platform->file, handle, 0, (struct myc_const_span){&count, 1}) == MYC_OK
        && is_done;
    myc_file_close(platform->file, handle);
    *starts = (uint32_t)count;
    return is_done ? 0 : 1;
}

static void direct_starts(struct myc_sim *sim)
{
    uint32_t starts = 0;
    uint32_t ended = 0;
    myc_sim_allow_power_loss(sim, "host", 1);
    for (uint32_t i = 0; i < 100; i++) {
        struct myc_sim_process process = run_process(sim, count_starts, &starts);
        ended += myc_sim_exit_code(sim, process) == 0 ? 1 : 0;
    }
    myc_sim_check(sim, starts >= ended, "every start is counted");
}

// Power losses find a program that keeps its state where it does not survive one.
static void test_power_loss_has_its_victim(void **state)
{
    unsigned failed_count = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct myc_sim_options options = {.seed = seed, .faults = "power-loss"};
        struct myc_sim_result *result = run_with(direct_starts, &options);
        failed_count += result->is_failed ? 1 : 0;
        assert_true(!result->is_failed || result->fault_injected[MYC_SIM_FAULT_POWER_LOSS] == 1);
        drop_result(result);
        options.faults = "write-lost,write-torn,name-lost,sync-error";
        assert_passed(run_with(direct_starts, &options));
    }
    assert_true(failed_count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_fault_has_its_victim),
        cmocka_unit_test(test_power_loss_has_its_victim),
        cmocka_unit_test(test_unsynced_file_may_be_anything),
        cmocka_unit_test(test_synced_file_may_lose_its_name),
        cmocka_unit_test(test_synced_name_may_show_a_torn_file),
        cmocka_unit_test(test_synced_file_and_name_survive),
        cmocka_unit_test(test_rename_is_durable_with_the_directory),
        cmocka_unit_test(test_second_sync_does_not_help),
        cmocka_unit_test(test_boring_power_loss_keeps_everything),
        cmocka_unit_test(test_disk_has_the_room_it_was_given),
        cmocka_unit_test(test_power_loss_boots_the_host),
        cmocka_unit_test(test_power_goes_at_drawn_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

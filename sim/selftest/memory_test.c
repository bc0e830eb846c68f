// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

static int use_memory(struct myc_platform *platform, void *arg)
{
    unsigned char *blocks[40];
    (void)arg;
    for (size_t i = 0; i < 40; i++) {
        size_t alignment = (size_t)1 << (i % 13);
        blocks[i] = myc_memory_allocate(platform->memory, i * 37, alignment);
        if (blocks[i] == NULL || (uintptr_t)blocks[i] % alignment != 0) {
            return 1;
        }
        for (size_t b = 0; b < i * 37; b++) {
            if (blocks[i][b] != 0) {
                return 2;
            }
            blocks[i][b] = (unsigned char)i;
        }
    }
    for (size_t i = 0; i < 40; i++) {
        size_t at = (i * 17) % 40;
        for (size_t b = 0; b < at * 37; b++) {
            if (blocks[at][b] != (unsigned char)at) {
                return 3;
            }
        }
        myc_memory_release(platform->memory, blocks[at], at * 37);
    }
    myc_memory_release(platform->memory, NULL, 12);
    return 0;
}

static void direct_memory(struct myc_sim *sim)
{
    struct myc_sim_process process = run_process(sim, use_memory, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "blocks are zero, aligned, apart");
}

// Blocks are zeroed, aligned as asked and do not overlap; releasing in any order is fine.
static void test_allocate_gives_aligned_zeroed_blocks(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_memory));
}

static int leak(struct myc_platform *platform, void *arg)
{
    (void)arg;
    void *kept = myc_memory_allocate(platform->memory, 10, 8);
    void *lost = myc_memory_allocate(platform->memory, 123, 8);
    myc_memory_release(platform->memory, kept, 10);
    return lost != NULL ? 0 : 1;
}

static void direct_leak(struct myc_sim *sim)
{
    (void)run_process(sim, leak, NULL);
}

// A process that returns with memory in hand fails the run; the report says how much.
static void test_leak_at_return_is_reported(void **state)
{
    (void)state;
    struct myc_sim_result *result = run_boring(direct_leak);
    assert_non_null(strstr(result->report, "123 bytes"));
    assert_failed_with(result, "leak: 'process' returned with 1 allocations");
}

static void direct_tolerated_leak(struct myc_sim *sim)
{
    struct watched watched = {sim, myc_sim_start(sim, "host", "leaky", leak, NULL)};
    myc_sim_tolerate_leaks(sim, watched.process);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
}

// A leak that the director tolerates passes, and the harness itself loses nothing (under ASan).
static void test_leak_may_be_tolerated(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_tolerated_leak));
}

static int release_wrongly(struct myc_platform *platform, void *arg)
{
    (void)arg;
    void *block = myc_memory_allocate(platform->memory, 64, 8);
    myc_memory_release(platform->memory, block, 63);
    return 0;
}

static void direct_release_wrongly(struct myc_sim *sim)
{
    (void)run_process(sim, release_wrongly, NULL);
}

// Giving back another size than was taken is caught where it happens.
static void test_release_of_another_size_is_reported(void **state)
{
    (void)state;
    assert_failed_with(run_boring(direct_release_wrongly), "gives back 63 bytes");
}

/* What a process does to its memory that it must not. */
enum misuse { OVERRUN, UNDERRUN, LATE_WRITE, TWICE, OVERRUN_AND_DIE, MISUSE_COUNT };

static enum misuse misuse;

/* AddressSanitizer would end the program at such an access; hidden from the compiler as well. */
__attribute__((noinline, no_sanitize("address"))) static void poke(volatile char *at)
{
    *at = 1;
}

static int misuse_memory(struct myc_platform *platform, void *arg)
{
    char *block = myc_memory_allocate(platform->memory, 40, 8);
    (void)arg;
    if (misuse == OVERRUN || misuse == OVERRUN_AND_DIE) {
        poke(block + 40);
    } else if (misuse == UNDERRUN) {
        poke(block - 1);
    }
    if (misuse == OVERRUN_AND_DIE) {
        struct myc_atomic_u32 word = {0};
        while (myc_wait_wait(platform->wait, &word, 0, MYC_NEVER, MYC_WAIT_PROCESS) == MYC_OK) {
        }
    }
    myc_memory_release(platform->memory, block, 40);
    if (misuse == LATE_WRITE) {
        poke(block + 3);
    } else if (misuse == TWICE) {
        myc_memory_release(platform->memory, block, 40);
    }
    return 0;
}

static void direct_misuse(struct myc_sim *sim)
{
    struct watched watched = {sim, myc_sim_start(sim, "host", "process", misuse_memory, NULL)};
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, UINT64_C(1000000));
    myc_sim_kill(sim, watched.process);
}

// Writes around a block and after its release, and a second release, end the run with the block's
// number, size and maker, also when the process is killed before it gives anything back.
static void test_misused_memory_is_reported(void **state)
{
    (void)state;
    static const char *const texts[MISUSE_COUNT] = {
        "something wrote behind allocation 0 of 40 bytes, which process/main made",
        "something wrote before allocation 0 of 40 bytes",
        "something wrote after the release to allocation 0 of 40 bytes",
        "gives back 40 bytes that it did not get so",
        "something wrote behind allocation 0 of 40 bytes"};
    for (int i = 0; i < MISUSE_COUNT; i++) {
        misuse = (enum misuse)i;
        assert_failed_with(run_boring(direct_misuse), texts[i]);
    }
}

/* Believes that a block just given back is not what it gets next: a mistake of lock-free lists. */
static int reuse_memory(struct myc_platform *platform, void *arg)
{
    bool is_fresh = true;
    (void)arg;
    for (int i = 0; i < 20; i++) {
        void *first = myc_memory_allocate(platform->memory, 64, 8);
        uintptr_t address = (uintptr_t)first;
        myc_memory_release(platform->memory, first, 64);
        void *second = myc_memory_allocate(platform->memory, 64, 8);
        is_fresh = is_fresh && (uintptr_t)second != address;
        myc_memory_release(platform->memory, second, 64);
    }
    return is_fresh ? 0 : 1;
}

static bool may_reuse;
static unsigned reused_count;

static void direct_reuse(struct myc_sim *sim)
{
    myc_sim_allow(sim, MYC_SIM_FAULT_MEMORY_REUSE, may_reuse);
    struct myc_sim_process process = run_process(sim, reuse_memory, NULL);
    bool is_reused = myc_sim_exit_code(sim, process) == 1;
    reused_count += is_reused ? 1 : 0;
    myc_sim_check(
        sim,
        !is_reused || sim->faults[MYC_SIM_FAULT_MEMORY_REUSE].injected > 0,
        "only the fault does it");
}

// A block given back comes at once again when the fault says so, and never otherwise.
static void test_released_memory_is_reused_by_a_fault(void **state)
{
    (void)state;
    reused_count = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        may_reuse = true;
        assert_passed(run_seed(direct_reuse, seed));
    }
    assert_true(reused_count > 10);
    reused_count = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        may_reuse = false;
        assert_passed(run_seed(direct_reuse, seed));
    }
    assert_int_equal(reused_count, 0);
}

static int use_limited_memory(struct myc_platform *platform, void *arg)
{
    (void)arg;
    void *first = myc_memory_allocate(platform->memory, 600, 8);
    void *second = myc_memory_allocate(platform->memory, 401, 8);
    void *third = myc_memory_allocate(platform->memory, 400, 8);
    bool is_right = first != NULL && second == NULL && third != NULL;
    myc_memory_release(platform->memory, first, 600);
    myc_memory_release(platform->memory, third, 400);
    return is_right ? 0 : 1;
}

static void direct_limited_memory(struct myc_sim *sim)
{
    struct watched watched = {sim, myc_sim_start(sim, "host", "p", use_limited_memory, NULL)};
    myc_sim_limit_memory(sim, watched.process, 1000);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
    myc_sim_check(sim, myc_sim_exit_code(sim, watched.process) == 0, "it gets a thousand bytes");
}

// A process gets the memory it is given and not a byte more.
static void test_memory_has_a_limit(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_limited_memory));
}

static int try_memory(struct myc_platform *platform, void *arg)
{
    struct myc_sim *sim = arg;
    for (int i = 0; i < 200; i++) {
        void *block = myc_memory_allocate(platform->memory, 8, 8);
        myc_sim_count(sim, block == NULL ? "refused" : "given", 1);
        myc_memory_release(platform->memory, block, 8);
    }
    return 0;
}

static void direct_refusals(struct myc_sim *sim)
{
    myc_sim_allow(sim, MYC_SIM_FAULT_ALLOCATION, true);
    (void)run_process(sim, try_memory, sim);
    myc_sim_faults(sim, false);
    uint64_t injected = sim->faults[MYC_SIM_FAULT_ALLOCATION].injected;
    (void)run_process(sim, try_memory, sim);
    myc_sim_check(
        sim,
        sim->faults[MYC_SIM_FAULT_ALLOCATION].injected == injected,
        "no fault happens in the liveness phase");
}

static void direct_no_refusals(struct myc_sim *sim)
{
    (void)run_process(sim, try_memory, sim);
    myc_sim_check(sim, sim->faults[MYC_SIM_FAULT_ALLOCATION].injected == 0, "it was not allowed");
}

// An opt-in fault happens only where it was allowed and only while faults are on; it is counted.
static void test_allocation_fails_only_when_allowed(void **state)
{
    (void)state;
    uint64_t refused = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct myc_sim_result *result = run_seed(direct_refusals, seed);
        uint64_t injected = result->fault_injected[MYC_SIM_FAULT_ALLOCATION];
        assert_int_equal(result->fault_effect[MYC_SIM_FAULT_ALLOCATION], injected);
        assert_true(result->fault_offered[MYC_SIM_FAULT_ALLOCATION] >= 400);
        refused += injected;
        assert_passed(result);
        assert_passed(run_seed(direct_no_refusals, seed));
    }
    assert_true(refused > 20);
}

static int note_refusals(struct myc_platform *platform, void *arg)
{
    uint64_t *refused = arg;
    for (uint64_t i = 0; i < 10; i++) {
        void *block = myc_memory_allocate(platform->memory, 8, 8);
        *refused |= block == NULL ? UINT64_C(1) << i : 0;
        myc_memory_release(platform->memory, block, 8);
    }
    return 0;
}

static uint64_t refused_at;

static void direct_note_refusals(struct myc_sim *sim)
{
    refused_at = 0;
    (void)run_process(sim, note_refusals, &refused_at);
}

// The options refuse exactly the nth allocation, or it and all later ones, and tell how many there
// were.
static void test_options_refuse_the_nth_allocation(void **state)
{
    (void)state;
    struct myc_sim_options options = {
        .is_boring = true, .fail_allocation_process = "process", .fail_allocation_number = 3};
    struct myc_sim_result *result = run_with(direct_note_refusals, &options);
    assert_int_equal(result->allocation_count, 10);
    assert_int_not_equal(result->fail_allocation_process_id, 0);
    assert_passed(result);
    assert_int_equal(refused_at, 1U << 2);
    options.fail_allocation_is_sticky = true;
    assert_passed(run_with(direct_note_refusals, &options));
    assert_int_equal(refused_at, 0x3fc);
    options.fail_allocation_number = 0;
    assert_passed(run_with(direct_note_refusals, &options));
    assert_int_equal(refused_at, 0);
}

static int fill(struct myc_platform *platform, void *arg)
{
    unsigned char(*out)[2][13] = arg;
    return myc_entropy_fill(platform->entropy, (*out)[0], 13) == MYC_OK
                   && myc_entropy_fill(platform->entropy, (*out)[1], 13) == MYC_OK
               ? 0
               : 1;
}

static unsigned char filled[2][13];

static void direct_entropy(struct myc_sim *sim)
{
    struct myc_sim_process process = run_process(sim, fill, &filled);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "entropy never fails");
}

// Entropy differs from fill to fill, even in the boring run, and is the same for the same seed.
static void test_entropy_is_unique_and_repeatable(void **state)
{
    (void)state;
    unsigned char first[2][13];
    assert_passed(run_boring(direct_entropy));
    assert_memory_not_equal(filled[0], filled[1], 13);
    assert_passed(run_seed(direct_entropy, 5));
    memcpy(first, filled, sizeof(first));
    assert_passed(run_seed(direct_entropy, 5));
    assert_memory_equal(first, filled, sizeof(first));
    assert_passed(run_seed(direct_entropy, 6));
    assert_memory_not_equal(first[0], filled[0], 13);
}

static int read_clocks(struct myc_platform *platform, void *arg)
{
    struct myc_sim *sim = arg;
    uint64_t before = myc_clock_monotonic_ns(platform->clock);
    for (int i = 0; i < 300; i++) {
        uint64_t now = myc_clock_monotonic_ns(platform->clock);
        if (now < before) {
            return 1;
        }
        before = now;
        (void)myc_clock_wall_ns(platform->clock);
        if (i % 10 == 0) {
            myc_log_write(platform->log, MYC_LOG_INFO, "clock", "ticked");
        }
    }
    myc_sim_count(sim, "read", 1);
    return 0;
}

static void direct_clocks(struct myc_sim *sim)
{
    struct myc_sim_process process = run_process(sim, read_clocks, sim);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "monotonic time never goes back");
    myc_sim_check(sim, false, "so that the log is shown");
}

// Monotonic time never goes back, whatever wall time and drift do; what was logged is in the
// report.
static void test_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    uint64_t stepped = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct myc_sim_result *result = run_seed(direct_clocks, seed);
        stepped += result->fault_effect[MYC_SIM_FAULT_CLOCK_STEP];
        assert_non_null(strstr(result->report, "process: info: clock: ticked"));
        assert_failed_with(result, "oracle: so that the log is shown");
    }
    assert_true(stepped > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocate_gives_aligned_zeroed_blocks),
        cmocka_unit_test(test_leak_at_return_is_reported),
        cmocka_unit_test(test_leak_may_be_tolerated),
        cmocka_unit_test(test_release_of_another_size_is_reported),
        cmocka_unit_test(test_allocation_fails_only_when_allowed),
        cmocka_unit_test(test_misused_memory_is_reported),
        cmocka_unit_test(test_released_memory_is_reused_by_a_fault),
        cmocka_unit_test(test_memory_has_a_limit),
        cmocka_unit_test(test_options_refuse_the_nth_allocation),
        cmocka_unit_test(test_entropy_is_unique_and_repeatable),
        cmocka_unit_test(test_monotonic_clock_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

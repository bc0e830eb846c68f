// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "command.h"

#include <mycelium/interface/clock.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/thread.h>

enum { RECORDS = 6 };

/* What a writer publishes and whoever comes after it reads; it survives the writer. */
struct book {
    uint64_t first[RECORDS];
    uint64_t second[RECORDS];
    uint64_t count;
    uint64_t starts;
    bool counts_early; /* the planted bug: a record is published before it is whole */
};

static int write_book(struct myc_platform *platform, void *arg)
{
    struct book *book = arg;
    book->starts++;
    while (book->count < RECORDS) {
        uint64_t at = book->count;
        book->first[at] = at;
        (void)myc_clock_monotonic_ns(platform->clock);
        if (book->counts_early) {
            book->count = at + 1;
            (void)myc_clock_monotonic_ns(platform->clock);
        }
        book->second[at] = at;
        (void)myc_clock_monotonic_ns(platform->clock);
        book->count = at + 1;
        myc_thread_relax(platform->thread, 0);
    }
    return 0;
}

static bool is_over(void *context)
{
    return watched_has_ended(context);
}

/* Writers are started until one lives to the end; the first death is looked at. */
static void run_book(struct myc_sim *sim, bool counts_early)
{
    struct book book = {.counts_early = counts_early};
    memset(book.second, 0xff, sizeof(book.second));
    struct watched watched = {.sim = sim};
    (void)myc_sim_choose(sim, "noise", 100);
    do {
        watched.process = myc_sim_start(sim, "host", "writer", write_book, &book);
        (void)myc_sim_run_until(sim, is_over, &watched, MYC_NEVER);
        for (uint64_t i = 0; i < book.count; i++) {
            myc_sim_check(sim, book.second[i] == i, "a published record is whole");
        }
    } while (myc_sim_was_killed(sim, watched.process));
    myc_sim_check(sim, book.count == RECORDS, "every record is written");
    myc_sim_count(sim, "restarts", book.starts - 1);
}

static void run_whole(struct myc_sim *sim)
{
    run_book(sim, false);
}

static void run_torn(struct myc_sim *sim)
{
    run_book(sim, true);
}

/* Takes two blocks; what it does when there is no second one is up to the scenario. */
static int take_two(struct myc_platform *platform, void *arg)
{
    const bool *is_tidy = arg;
    void *one = myc_memory_allocate(platform->memory, 100, 8);
    if (one == NULL) {
        return 1;
    }
    void *two = myc_memory_allocate(platform->memory, 200, 8);
    if (two != NULL || *is_tidy) {
        myc_memory_release(platform->memory, one, 100);
    }
    myc_memory_release(platform->memory, two, 200);
    return two != NULL ? 0 : 1;
}

/* Started again until it gets both; in the end faults are off, so that it can. */
static void run_taker(struct myc_sim *sim, bool is_tidy)
{
    struct watched watched = {.sim = sim};
    for (int i = 0; i < 3; i++) {
        myc_sim_faults(sim, i < 2);
        watched.process = myc_sim_start(sim, "host", "taker", take_two, &is_tidy);
        (void)myc_sim_run_until(sim, is_over, &watched, MYC_NEVER);
        if (myc_sim_exit_code(sim, watched.process) == 0) {
            return;
        }
        uint64_t refused = myc_sim_allocations_refused(sim, watched.process);
        myc_sim_check(sim, refused == 1, "who fails was refused memory");
    }
    myc_sim_fail(sim, "it never gets its memory");
}

static void run_tidy(struct myc_sim *sim)
{
    run_taker(sim, true);
}

static void run_leaky(struct myc_sim *sim)
{
    run_taker(sim, false);
}

static void fail_always(struct myc_sim *sim)
{
    myc_sim_fail(sim, "always");
}

static const struct myc_sim_scenario scenarios[] = {
    {"whole", "publishes what is whole", run_whole},
    {"torn", "publishes before it is whole", run_torn},
    {"always", "always fails", fail_always},
    {"tidy", "gives back what it has when it gets no more", run_tidy},
    {"leaky", "forgets what it has when it gets no more", run_leaky},
};

// Each point of the process is tried once, and a correct program passes at all of them.
static void test_sweep_tries_every_point(void **state)
{
    (void)state;
    // Three points a record: two looks at the clock and one relax.
    assert_int_equal(COMMAND("whole", "--crash-sweep", "writer"), 0);
    assert_printed("crash sweep of writer: 18 points, 18 clean, 0 failed\n");
    assert_printed("whole: 19 runs, 0 failed");
    assert_printed("restarts: 18\n");
    assert_int_equal(COMMAND("whole", "--crash-sweep", "writer", "--json"), 0);
    assert_printed("\"crash_sweep\": {\"process\": \"writer\", \"points\": 18, \"clean\": 18, "
                   "\"failed\": 0}}");
    assert_int_equal(COMMAND("whole", "--crash-sweep", "writer", "--expect-failure"), 1);
    assert_printed("a failure was expected, none was found");
}

// A torn publish passes every campaign without deaths; the sweep finds exactly its points.
static void test_sweep_finds_a_torn_publish(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("torn", "--seeds", "1..50"), 0);
    assert_int_equal(COMMAND("torn", "--crash-sweep", "writer"), 1);
    assert_printed("oracle: a published record is whole");
    assert_printed("run again: prog torn --boring --crash-at writer:1\n");
    assert_printed(
        "crash sweep of writer: 24 points, 18 clean, 6 failed; the first is --crash-at writer:1\n");
    assert_int_equal(COMMAND("torn", "--boring", "--crash-at", "writer:1"), 1);
    assert_printed("oracle: a published record is whole");
    assert_int_equal(COMMAND("torn", "--boring", "--crash-at", "writer:2"), 0);
    assert_int_equal(COMMAND("torn", "--crash-sweep", "writer", "--expect-failure", "--json"), 0);
    assert_printed("\"clean\": 18, \"failed\": 6, \"first_failed\": \"--crash-at writer:1\"}}");
}

// A sweep may go along the schedule of a seed, and its failure replays and shrinks there.
static void test_sweep_follows_a_seed(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("torn", "--crash-sweep", "writer", "--seed", "7"), 1);
    assert_printed("run again: prog torn --seed 7 --crash-at writer:1\n");
    assert_int_equal(COMMAND("torn", "--crash-sweep", "writer", "--seeds", "7..8"), 1);
    assert_printed("run again: prog torn --seed 7 --crash-at writer:1\n");
    assert_int_equal(COMMAND("whole", "--boring", "--seeds", "1..5"), 2);
    assert_printed("--tape and --boring are one run");
    assert_int_equal(COMMAND("whole", "--crash-sweep", "writer", "--seeds", "1..5"), 0);
    assert_printed("crash sweep of writer: 90 points, 90 clean");
    assert_int_equal(
        COMMAND(
            "torn", "--seed", "7", "--crash-at", "writer:1", "--shrink", "--record", "/dev/null"),
        1);
    assert_printed("shrunk: 0 choices");
    assert_printed("--tape /dev/null --crash-at writer:1\n");
}

// What cannot be swept is said, not taken for clean.
static void test_sweep_refuses_what_it_cannot_do(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("whole", "--crash-sweep", "wrter"), 2);
    assert_printed("wrter: no process of this name was started in whole");
    assert_int_equal(COMMAND("always", "--crash-sweep", "writer"), 1);
    assert_printed("not swept: it fails although nothing breaks");
    assert_int_equal(COMMAND("whole", "--crash-at", "writer:18"), 2);
    assert_printed("--crash-at writer:18: whole has no such process or it passes only 18 points");
    assert_int_equal(COMMAND("whole", "--crash-at", "writer"), 2);
    assert_int_equal(COMMAND("whole", "--crash-at", ":3"), 2);
    assert_int_equal(COMMAND("whole", "--crash-at", "writer:x"), 2);
    assert_int_equal(COMMAND("whole", "--crash-sweep", "writer", "--shrink"), 2);
    assert_printed("--crash-sweep excludes");
    assert_int_equal(COMMAND("--help"), 0);
    assert_printed("--crash-sweep NAME");
}

// Each allocation is refused once, alone and with what follows, and a leak on the way is found.
static void test_sweep_refuses_every_allocation(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("tidy", "--alloc-sweep", "taker"), 0);
    assert_printed("alloc sweep of taker: 4 refusals, 4 clean, 0 failed\n");
    assert_int_equal(COMMAND("leaky", "--seeds", "1..50"), 0);
    assert_int_equal(COMMAND("leaky", "--alloc-sweep", "taker"), 1);
    assert_printed("leak: 'taker' returned with 1 allocations (100 bytes) not released");
    assert_printed("run again: prog leaky --boring --alloc-fail-at taker:1\n");
    assert_printed("4 refusals, 2 clean, 2 failed; the first is --alloc-fail-at taker:1\n");
    assert_int_equal(COMMAND("leaky", "--boring", "--alloc-fail-at", "taker:1"), 1);
    assert_int_equal(COMMAND("leaky", "--boring", "--alloc-fail-at", "taker:0"), 0);
    assert_int_equal(COMMAND("leaky", "--boring", "--alloc-fail-from", "taker:1"), 1);
    assert_printed("run again: prog leaky --boring --alloc-fail-from taker:1\n");
    assert_int_equal(COMMAND("leaky", "--boring", "--alloc-fail-at", "taker:2"), 2);
    assert_printed("taker:2: leaky has no such process or it allocates only 2 times");
    assert_int_equal(COMMAND("tidy", "--alloc-sweep", "taker#2"), 2);
    assert_int_equal(COMMAND("tidy", "--alloc-sweep", "taker", "--json"), 0);
    assert_printed("\"alloc_sweep\": {\"process\": \"taker\", \"refusals\": 4, \"clean\": 4");
}

// A later start of a name can be swept, and pairs of deaths are tried besides.
static void test_sweep_kills_later_starts_and_pairs(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("whole", "--boring", "--crash-at", "writer:3"), 0);
    assert_printed("restarts: 1\n");
    assert_int_equal(
        COMMAND("whole", "--boring", "--crash-at", "writer:3", "--crash-next", "5"), 0);
    assert_printed("restarts: 2\n");
    assert_int_equal(COMMAND("whole", "--crash-sweep", "writer", "--crash-pairs", "20"), 0);
    assert_printed("38 points, 38 clean, 0 failed, 18 pairs of deaths among them\n");
    assert_int_equal(COMMAND("whole", "--crash-sweep", "writer#2"), 2);
    assert_printed("writer#2: no process of this name was started in whole");
    assert_int_equal(COMMAND("torn", "--crash-sweep", "writer", "--crash-pairs", "5"), 1);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep_tries_every_point),
        cmocka_unit_test(test_sweep_finds_a_torn_publish),
        cmocka_unit_test(test_sweep_follows_a_seed),
        cmocka_unit_test(test_sweep_refuses_every_allocation),
        cmocka_unit_test(test_sweep_kills_later_starts_and_pairs),
        cmocka_unit_test(test_sweep_refuses_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

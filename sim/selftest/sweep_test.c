// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "command.h"

#include <mycelium/interface/clock.h>
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

static void fail_always(struct myc_sim *sim)
{
    myc_sim_fail(sim, "always");
}

static const struct myc_sim_scenario scenarios[] = {
    {"whole", "publishes what is whole", run_whole},
    {"torn", "publishes before it is whole", run_torn},
    {"always", "always fails", fail_always},
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
    assert_printed("\"clean\": 18, \"failed\": 6, \"first_failed\": 1}}");
}

// A sweep may go along the schedule of a seed, and its failure replays and shrinks there.
static void test_sweep_follows_a_seed(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("torn", "--crash-sweep", "writer", "--seed", "7"), 1);
    assert_printed("run again: prog torn --seed 7 --crash-at writer:1\n");
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
    assert_printed("not swept: it fails although nobody dies");
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

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep_tries_every_point),
        cmocka_unit_test(test_sweep_finds_a_torn_publish),
        cmocka_unit_test(test_sweep_follows_a_seed),
        cmocka_unit_test(test_sweep_refuses_what_it_cannot_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "command.h"
#include "support.h"

#include <signal.h>

static char path[] = "/tmp/mycelium-replay-XXXXXX";

static int pause_a_little(struct myc_platform *platform, void *arg)
{
    (void)arg;
    for (int i = 0; i < 8; i++) {
        myc_thread_relax(platform->thread, 0);
    }
    return 0;
}

static void direct_steady(struct myc_sim *sim)
{
    uint64_t count = 10 + myc_sim_choose(sim, "count", 10);
    for (uint64_t i = 0; i < count; i++) {
        myc_sim_count(sim, "sum", myc_sim_choose(sim, "dice", 6));
    }
    (void)run_process(sim, pause_a_little, NULL);
}

// The thirteenth throw dooms the run; it fails only at its end.
static void direct_doomed(struct myc_sim *sim)
{
    bool is_doomed = false;
    for (int i = 0; i < 40; i++) {
        is_doomed = (i == 12 && myc_sim_choose(sim, "dice", 6) == 5) || is_doomed;
        (void)myc_sim_choose(sim, "other", 6);
        myc_sim_run_for(sim, 1000);
    }
    myc_sim_check(sim, !is_doomed, "no run is doomed");
}

static void direct_crash(struct myc_sim *sim)
{
    (void)myc_sim_choose(sim, "before", 6);
    if (myc_sim_choose(sim, "dice", 2) == 1) {
        abort();
    }
}

static void direct_hopeless(struct myc_sim *sim)
{
    (void)myc_sim_choose(sim, "dice", 6);
    myc_sim_check(sim, false, "this never holds");
}

static const struct myc_sim_scenario scenarios[] = {
    {"steady", "always passes", direct_steady},
    {"doomed", "fails after an unlucky throw", direct_doomed},
    {"crash", "crashes after an unlucky throw", direct_crash},
    {"hopeless", "always fails", direct_hopeless},
};

static void write_text(const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

// The hash that the last command printed.
static void copy_hash(char *out_text)
{
    const char *hash = strstr(output, "hash ");
    assert_non_null(hash);
    memcpy(out_text, hash, 21);
    out_text[21] = '\0';
}

// Replayed strictly, a dense tape is the same run; in one that goes another way the first other
// draw is named.
static void test_strict_replay_is_the_same_run_or_fails(void **state)
{
    (void)state;
    char hash[22];
    assert_int_equal(COMMAND("steady", "--seed", "5", "--record-dense", path), 0);
    copy_hash(hash);
    assert_int_equal(COMMAND("steady", "--tape", path, "--strict"), 0);
    assert_printed(hash);
    assert_int_equal(COMMAND("steady", "--tape", path), 0); // loosely it is a tape like any other
    assert_printed(hash);
    write_text("mycelium-tape 2 steady plain 0 dense\n0/10 0 world profile.strategy\n");
    assert_int_equal(COMMAND("steady", "--tape", path, "--strict"), 1);
    assert_printed("strict replay: the run makes draw 1 of profile.preemption in world, of 7, but "
                   "the tape ends there");
    assert_printed("--strict");
    assert_int_equal(COMMAND("steady", "--seed", "5", "--record", path), 0);
    assert_int_equal(COMMAND("steady", "--tape", path, "--strict"), 2);
    assert_printed(":1: only a dense tape");
}

// A loose replay tells which entries no draw used, and the tape's build must be this one.
static void test_loose_replay_tells_what_did_not_fit(void **state)
{
    (void)state;
    write_text("mycelium-tape 2 steady plain 0\n9 0 director/main dice\n1 0 nobody dice\n");
    assert_int_equal(COMMAND("steady", "--tape", path), 0);
    assert_printed("tape: 1 of 2 entries were never drawn (the first is line 3), 1 cut");
    assert_int_equal(COMMAND("steady", "--tape", path, "--json"), 0);
    assert_printed("\"tape\": {\"entries\": 2, \"unused\": 1, \"clamped\": 1}");
    write_text("mycelium-tape 2 steady simcheck 0\n");
    assert_int_equal(COMMAND("steady", "--tape", path), 2);
    assert_printed(":1: a tape of another kind of build");
    write_text("mycelium-tape 2 steady plain 0\n1 0 x\n");
    assert_int_equal(COMMAND("steady", "--tape", path), 2);
    assert_printed(":2: expected a scope and a label");
}

// A run forked from another is one that can be recorded and replayed like any.
static void test_forked_run_replays(void **state)
{
    (void)state;
    char hash[22];
    assert_int_equal(
        COMMAND("steady", "--seed", "5", "--prefix", "8", "--then-seed", "6", "--record", path), 0);
    copy_hash(hash);
    assert_int_equal(COMMAND("steady", "--tape", path), 0);
    assert_printed(hash);
    assert_int_equal(COMMAND("steady", "--tape", path, "--then-seed", "7"), 0);
    assert_int_equal(COMMAND("hopeless", "--seed", "5", "--prefix", "8", "--then-seed", "6"), 1);
    assert_printed("prog hopeless --seed 5 --prefix 8 --then-seed 6\n");
    assert_int_equal(COMMAND("steady", "--prefix", "8"), 2);
    assert_int_equal(COMMAND("steady", "--then-seed", "8"), 2);
    assert_int_equal(COMMAND("steady", "--seed", "1", "--strict"), 2);
}

// A fuzzer's input replays by itself, and as the tape that is recorded from it.
static void test_bytes_replay_and_become_a_tape(void **state)
{
    (void)state;
    char hash[22];
    char second[] = "/tmp/mycelium-replay-XXXXXX";
    int file = mkstemp(second);
    assert_true(file >= 0);
    (void)close(file);
    assert_int_equal(COMMAND("steady", "--seed", "12", "--record-bytes", path), 0);
    copy_hash(hash);
    assert_int_equal(COMMAND("steady", "--bytes", path), 0);
    assert_printed(hash);
    write_text("\2\1\3\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\4\5\3\2");
    assert_int_equal(COMMAND("steady", "--bytes", path, "--record", second), 0);
    copy_hash(hash);
    assert_int_equal(COMMAND("steady", "--tape", second), 0);
    assert_printed(hash);
    assert_int_equal(COMMAND("hopeless", "--bytes", path), 1);
    assert_printed("prog hopeless --bytes /tmp/mycelium-replay-");
    assert_int_equal(COMMAND("hopeless", "--bytes", path, "--shrink", "--record", second), 1);
    assert_printed("shrunk: 0 choices");
    assert_int_equal(COMMAND("steady", "--bytes", "/nonexistent"), 2);
    assert_int_equal(COMMAND("steady", "--bytes", path, "--seed", "3"), 2);
    assert_int_equal(unlink(second), 0);
}

// The first seed that fails.
static const char *failing_seed(const char *scenario)
{
    static char seed[8];
    for (unsigned i = 1; i < 100; i++) {
        (void)snprintf(seed, sizeof(seed), "%u", i);
        if (COMMAND(scenario, "--seed", seed) == 1) {
            return seed;
        }
    }
    return NULL;
}

// The onset is the throw that doomed the run, not the oracle that saw it much later.
static void test_onset_is_the_draw_that_doomed_the_run(void **state)
{
    (void)state;
    const char *seed = failing_seed("doomed");
    assert_non_null(seed);
    assert_int_equal(COMMAND("doomed", "--seed", seed, "--onset", "--onset-runs", "30"), 1);
    assert_printed("inevitable from draw ");
    assert_printed(": dice of director/main, its draw 1: 5 (of 6)");
    assert_printed("virtual time");
    assert_printed("100 %   <- here");
    assert_int_equal(
        COMMAND("doomed", "--seed", seed, "--onset", "--onset-runs", "30", "--json"), 1);
    assert_printed("\"label\": \"dice\", \"scope\": \"director/main\"");
    assert_int_equal(COMMAND("hopeless", "--seed", "1", "--onset", "--onset-runs", "5"), 1);
    assert_printed("it fails whatever is drawn");
    assert_int_equal(COMMAND("steady", "--seed", "1", "--onset"), 2);
    assert_printed("does not fail");
}

// The same from the tape of that run; and a run that crashes has an onset, too.
static void test_onset_of_tapes_and_crashes(void **state)
{
    (void)state;
    const char *seed = failing_seed("doomed");
    assert_int_equal(COMMAND("doomed", "--seed", seed, "--record", path), 1);
    assert_int_equal(COMMAND("doomed", "--tape", path, "--onset", "--onset-runs", "30"), 1);
    assert_printed(": dice of director/main, its draw 1: 5 (of 6)");
    assert_int_equal(
        COMMAND("crash", "--seed", failing_seed("crash"), "--onset", "--onset-runs", "20"), 1);
    assert_printed("crash: fails with: a crash");
    assert_printed("inevitable from draw ");
}

// The program stops with SIGTRAP, at the very same step each time.
static void test_break_step_stops_there(void **state)
{
    (void)state;
    char line[128] = "";
    for (int i = 0; i < 2; i++) {
        assert_int_equal(COMMAND("steady", "--seed", "3", "--break-step", "7"), 100 + SIGTRAP);
        assert_printed("stopped at step 7, ");
        size_t size = strcspn(output, "\n");
        assert_true(i == 0 || strncmp(line, output, size) == 0);
        (void)snprintf(line, sizeof(line), "%.*s", (int)size, output);
    }
    assert_int_equal(COMMAND("steady", "--seed", "3", "--break-step", "100000"), 0);
    assert_int_equal(COMMAND("hopeless", "--seed", "3"), 1);
    assert_printed(", step ");
}

static int make_path(void **state)
{
    (void)state;
    int file = mkstemp(path);
    return file >= 0 ? close(file) : -1;
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strict_replay_is_the_same_run_or_fails),
        cmocka_unit_test(test_loose_replay_tells_what_did_not_fit),
        cmocka_unit_test(test_forked_run_replays),
        cmocka_unit_test(test_bytes_replay_and_become_a_tape),
        cmocka_unit_test(test_onset_is_the_draw_that_doomed_the_run),
        cmocka_unit_test(test_onset_of_tapes_and_crashes),
        cmocka_unit_test(test_break_step_stops_there),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}

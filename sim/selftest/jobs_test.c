// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

#include <mycelium/interface/thread.h>

static int relax_often(struct myc_platform *platform, void *arg)
{
    struct myc_sim *sim = arg;
    uint64_t rounds = myc_sim_range(sim, "rounds", 1, 50);
    for (uint64_t i = 0; i < rounds; i++) {
        MYC_SOMETIMES(i == 49, "jobs.fifty-rounds");
        myc_thread_relax(platform->thread, 0);
    }
    myc_sim_count(sim, "rounds", rounds);
    return 0;
}

/* A counter whose name is gone when the run is over. */
static void count_by_kind(struct myc_sim *sim)
{
    char name[16];
    (void)snprintf(name, sizeof(name), "kind %d", (int)myc_sim_choose(sim, "kind", 3));
    myc_sim_count(sim, name, 1);
    memset(name, 'x', sizeof(name) - 1);
}

static void run_rounds(struct myc_sim *sim)
{
    count_by_kind(sim);
    struct watched watched = {.sim = sim};
    watched.process = myc_sim_start(sim, "host", "rounds", relax_often, sim);
    (void)myc_sim_run_until(sim, watched_has_ended, &watched, MYC_NEVER);
    myc_sim_check(sim, true, "always");
}

static bool is_unlucky(struct myc_sim *sim)
{
    run_rounds(sim);
    return myc_sim_choose(sim, "luck", 60) == 59;
}

static void run_fails(struct myc_sim *sim)
{
    if (is_unlucky(sim)) {
        myc_sim_fail(sim, "out of luck");
    }
}

static void run_aborts(struct myc_sim *sim)
{
    if (is_unlucky(sim)) {
        abort();
    }
}

static void run_dies(struct myc_sim *sim)
{
    if (is_unlucky(sim)) {
        (void)raise(SIGKILL);
    }
}

/* Never passes a scheduling point again. */
static void spin(void)
{
    static const volatile bool is_stuck = true;
    while (is_stuck) {
    }
}

static void run_hangs(struct myc_sim *sim)
{
    if (is_unlucky(sim)) {
        spin();
    }
}

static void run_hangs_at_once(struct myc_sim *sim)
{
    (void)sim;
    spin();
}

static void run_interrupts(struct myc_sim *sim)
{
    (void)sim;
    // The test made the command the leader of its group; once it is dead we may have another
    // parent.
    (void)kill(getpgrp(), SIGINT);
    spin();
}

/* What a run may do to keep a crash of the code it tests to itself: that code runs in a child. */
static int in_child(void (*body)(void))
{
    int status = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        body();
        _exit(3);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static void return_at_once(void)
{
}

#ifndef MYC_SIM_HAS_ASAN
static void leave(void)
{
    exit(7);
}
#endif

static void be_killed(void)
{
    (void)raise(SIGKILL);
}

static void run_forks(struct myc_sim *sim)
{
    run_rounds(sim);
    myc_sim_check(sim, in_child(return_at_once) == 3, "a child returns");
    myc_sim_check(sim, in_child(be_killed) == 100 + SIGKILL, "a child is killed alone");
    int crashed = in_child(abort);
#ifndef MYC_SIM_HAS_ASAN // which at an exit takes what only stacks of threads hold for leaks
    myc_sim_check(sim, in_child(leave) == 7, "a child leaves alone");
    myc_sim_check(sim, crashed == 100 + SIGABRT, "a child crashes alone");
#endif
    myc_sim_check(sim, crashed != 0 && crashed != 3, "a crash is seen");
}

enum { LEASH = 100 }; /* a handle that children inherit */

/* Leaves a child behind that holds all that the run's process had open. */
static void run_leaves_a_child(struct myc_sim *sim)
{
    if (is_unlucky(sim)) {
        (void)fflush(NULL);
        if (fork() == 0) {
            char byte;
            (void)close(1);
            (void)close(2);
            (void)!read(LEASH, &byte, 1); // until the test closes the other end
            _exit(0);
        }
        (void)raise(SIGKILL);
    }
}

static const struct myc_sim_scenario scenarios[] = {
    {"forks", "keeps crashes to children", run_forks},
    {"leaves-a-child", "dies before its child", run_leaves_a_child},
    {"rounds", "passes", run_rounds},
    {"fails", "fails at some seeds", run_fails},
    {"aborts", "aborts at some seeds", run_aborts},
    {"dies", "is killed at some seeds", run_dies},
    {"hangs", "never ends at some seeds", run_hangs},
    {"hangs-at-once", "never ends", run_hangs_at_once},
    {"interrupts", "interrupts its parent", run_interrupts},
};

/* What was printed but for the line with the rates. */
static char *printed_without_rates(void)
{
    char *copy = calloc(1, OUTPUT_BYTES);
    assert_non_null(copy);
    size_t used = 0;
    for (const char *at = output; *at != '\0';) {
        size_t size = strcspn(at, "\n");
        const char *rates = strstr(at, "seeds/s");
        size += at[size] == '\n' ? 1 : 0;
        if (rates == NULL || rates >= at + size) {
            memcpy(copy + used, at, size);
            used += size;
        }
        at += size;
    }
    return copy;
}

static void assert_same_for_any_count(const char *scenario, int exit_code)
{
    assert_int_equal(COMMAND(scenario, "--seeds", "3..900"), exit_code);
    char *alone = printed_without_rates();
    static const char *const counts[] = {"1", "2", "7"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(COMMAND(scenario, "--seeds", "3..900", "--jobs", counts[i]), exit_code);
        char *together = printed_without_rates();
        assert_string_equal(together, alone);
        free(together);
    }
    free(alone);
}

// However many processes share the seeds, hash, sums, marks and faults are those of one.
static void test_jobs_change_nothing(void **state)
{
    (void)state;
    assert_same_for_any_count("rounds", 0);
    assert_printed("rounds: 898 runs, 0 failed, hash ");
    assert_printed("sometimes jobs.fifty-rounds");
    assert_printed("  kind 0: ");
    assert_printed("  kind 2: ");
}

// The lowest seed that fails is reported, and nothing of what others did behind it.
static void test_jobs_report_the_lowest_failure(void **state)
{
    (void)state;
    assert_same_for_any_count("fails", 1);
    assert_printed("FAILED fails: out of luck");
    assert_printed("run again: prog fails --seed ");
    assert_printed("1 failed, hash ");
}

/* The seed after "--seed " in what was printed. */
static unsigned long printed_seed(void)
{
    const char *at = strstr(output, "--seed ");
    assert_non_null(at);
    return strtoul(at + 7, NULL, 10);
}

// A worker that crashes or is killed still tells its seed, which is the lowest such one.
static void test_jobs_report_a_crash(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("fails", "--seeds", "3..900"), 1);
    unsigned long seed = printed_seed();
    assert_int_equal(COMMAND("aborts", "--seeds", "3..900", "--jobs", "3"), 1);
    assert_printed("FAILED aborts: the program crashed in director/main");
    assert_printed("1 failed, hash ");
    assert_int_equal(printed_seed(), seed);
    assert_int_equal(COMMAND("dies", "--seeds", "3..900", "--jobs", "3"), 1);
    assert_printed("FAILED dies: the run ended its process by signal 9");
    assert_int_equal(printed_seed(), seed);
}

// Children of a run, and how they end, are the run's own business, whoever runs it.
static void test_jobs_may_fork(void **state)
{
    (void)state;
    static const char *const counts[] = {"1", "3"};
    assert_int_equal(COMMAND("forks", "--seeds", "1..20"), 0);
    assert_null(strstr(output, "FAILED"));
    char *alone = printed_without_rates();
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(COMMAND("forks", "--seeds", "1..20", "--jobs", counts[i]), 0);
        char *together = printed_without_rates();
        assert_string_equal(together, alone);
        free(together);
    }
    free(alone);
    assert_int_equal(COMMAND("forks", "--seeds", "1..6", "--jobs", "2", "--check-fresh"), 0);
}

// Nor do workers that died hang the command because of children that they left.
static void test_jobs_do_not_wait_for_orphans(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("fails", "--seeds", "3..900"), 1);
    unsigned long seed = printed_seed();
    int ends[2];
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(dup2(ends[0], LEASH), LEASH);
    assert_int_equal(COMMAND("leaves-a-child", "--seeds", "3..900", "--jobs", "2"), 1);
    assert_printed("FAILED leaves-a-child: the run ended its process by signal 9");
    assert_int_equal(printed_seed(), seed);
    // One is still there, and has come to us.
    assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)close(LEASH);
    while (waitpid(-1, NULL, 0) > 0) {
    }
}

// A run without end is reported with its seed, also when it passes no point any more.
static void test_endless_run_is_reported(void **state)
{
    (void)state;
#ifdef MYC_SIM_HAS_TSAN
    skip(); // ThreadSanitizer holds signals back until the program's next call of the system.
#endif
    assert_int_equal(COMMAND("hangs-at-once", "--seed", "5", "--run-seconds", "1"), 1);
    assert_printed("FAILED hangs-at-once: the run did not end within --run-seconds; in "
                   "director/main");
    assert_printed("run again: prog hangs-at-once --seed 5\n");
    assert_int_equal(COMMAND("fails", "--seeds", "3..900"), 1);
    unsigned long seed = printed_seed();
    assert_int_equal(COMMAND("hangs", "--seeds", "3..900", "--jobs", "2", "--run-seconds", "1"), 1);
    assert_printed("FAILED hangs: the run did not end within --run-seconds");
    assert_int_equal(printed_seed(), seed);
}

// Time bounds a campaign of several processes as well.
static void test_jobs_stop_when_time_is_over(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("rounds", "--time", "0.2", "--jobs", "2"), 0);
    assert_printed(" 0 failed, hash ");
    assert_int_equal(COMMAND("rounds", "--jobs", "0"), 2);
    assert_printed("--jobs 0: its value must be 1..256");
    assert_int_equal(COMMAND("rounds", "--jobs", "2", "--boring"), 2);
    assert_printed("--jobs shares seeds: it excludes --tape");
}

// Whoever interrupts the command ends its workers, too.
static void test_interrupt_ends_all_workers(void **state)
{
    (void)state;
    int status = 0;
    (void)fflush(NULL);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)setpgid(0, 0);
        (void)execl(
            "/proc/self/exe", "prog", "interrupts", "--seeds", "1..9", "--jobs", "2", (char *)NULL);
        _exit(99);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
    // Orphans come to us: both workers, one of them in a run without end. The other may have seen
    // the end of its orders first.
    int killed_count = 0;
    for (int i = 0; i < 2; i++) {
        assert_true(waitpid(-1, &status, 0) > 0);
        killed_count += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 1 : 0;
    }
    assert_in_range(killed_count, 1, 2);
    assert_int_equal(waitpid(-1, &status, 0), -1);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs_change_nothing),
        cmocka_unit_test(test_jobs_report_the_lowest_failure),
        cmocka_unit_test(test_jobs_report_a_crash),
        cmocka_unit_test(test_jobs_may_fork),
        cmocka_unit_test(test_jobs_do_not_wait_for_orphans),
        cmocka_unit_test(test_endless_run_is_reported),
        cmocka_unit_test(test_jobs_stop_when_time_is_over),
        cmocka_unit_test(test_interrupt_ends_all_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

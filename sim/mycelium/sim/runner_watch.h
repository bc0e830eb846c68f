// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A run that never ends is reported, even if it passes no scheduling point: a timer of the
 * operating system ticks, and each run may see only so many ticks. Part of the implementation unit.
 */
#ifndef MYC_SIM_RUNNER_WATCH_H
#define MYC_SIM_RUNNER_WATCH_H

#include <mycelium/sim/runner_crash.h>
#include <mycelium/sim/runner_state.h>

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

/* The first tick comes anywhere in the run's first interval, so a run may see one more. */
enum { SIM__WATCH_TICKS = 4 };

static uint64_t sim__watch_now_ns(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Each run is a new world, whose ticks begin at none. */
static void sim__watch_tick(int number)
{
    struct myc_sim *world = sim__world_now;
    (void)number;
    if (world == NULL || ++world->watch_ticks <= SIM__WATCH_TICKS) {
        return;
    }
    sim__crash_say("FAILED ");
    sim__crash_say(world->scenario->name);
    sim__crash_say(": the run did not end within --run-seconds");
    if (world->current != NULL) {
        sim__crash_say("; in ");
        sim__crash_say(world->current->scope);
        if (world->current->label != NULL) {
            sim__crash_say(", last at ");
            sim__crash_say(world->current->label);
        }
    }
    sim__crash_say("\n  run again: ");
    sim__crash_say(world->repro);
    sim__crash_say("\n");
    sim__crash_show("the run did not end within --run-seconds", "");
    sim__crash_leave(SIM__CRASH_EXIT);
}

static void sim__watch_set(uint64_t seconds)
{
    struct itimerval timer;
    memset(&timer, 0, sizeof(timer));
    timer.it_interval.tv_sec = (time_t)(seconds / SIM__WATCH_TICKS);
    timer.it_interval.tv_usec =
        (suseconds_t)(seconds % SIM__WATCH_TICKS * 1000000 / SIM__WATCH_TICKS);
    timer.it_value = timer.it_interval;
    (void)setitimer(ITIMER_REAL, &timer, NULL);
}

/* From now on a run may take so many seconds; 0: as long as it likes. Children do not inherit it.
 */
static void sim__watch_start(uint64_t seconds)
{
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_handler = sim__watch_tick;
    action.sa_flags = (int)(SA_ONSTACK | SA_RESTART);
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGALRM, &action, NULL);
    sim__watch_set(seconds);
}

static void sim__watch_stop(void)
{
    sim__watch_set(0);
}

#endif

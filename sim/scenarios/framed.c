// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Two publishers of messages smaller and larger than their rings, and one reader who puts them
 * together in one assembler.
 *
 * "framed": one process, a thread each; everybody sleeps on words, so that a writer that waits for
 * room inside a train, or a reader nobody rings, is a deadlock.
 * "framed-kills": the publishers are processes that die anywhere, between two fragments as well,
 * and come back with another epoch and an empty ring.
 *
 * Oracles: a message is handed over whole, with every byte of its own publisher, epoch and number;
 * numbers rise; records are told without a hole, as messages or as losses, up to the last one that
 * was committed; each loss has a cause that happened; what was sent in full and had its place is
 * handed over.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <mycelium/interface/thread.h>

#include "framed_lane.h"

// ---- Scenario "framed" ----

static void run_lane(void *context)
{
    struct lane *lane = context;
    lane_write(lane, lane->floor->platform);
    // Released after the close; the reader looks at the ring once more when it sees this.
    lane_end(lane, lane->floor->platform, true);
}

static int together_main(struct myc_platform *platform, void *arg)
{
    struct floor *floor = arg;
    struct myc_handle threads[FRAMED_LANES] = {{0}};
    floor->platform = platform;
    for (uint32_t i = 0; i < FRAMED_LANES; i++) {
        struct lane *lane = &floor->lanes[i];
        if (myc_thread_start(platform->thread, run_lane, lane, NULL, &threads[i]) != MYC_OK) {
            return 1;
        }
    }
    floor_read(floor, platform);
    for (uint32_t i = 0; i < FRAMED_LANES; i++) {
        myc_thread_join(platform->thread, threads[i]);
    }
    return 0;
}

static bool has_reader_ended(void *context)
{
    const struct floor *floor = context;
    return !myc_sim_is_running(floor->sim, floor->reader);
}

static void run_together(struct myc_sim *sim)
{
    struct floor *floor = floor_create(sim, true);
    floor->reader = myc_sim_start(sim, "host", "all", together_main, floor);
    (void)myc_sim_run_until(sim, has_reader_ended, floor, MYC_NEVER);
    myc_sim_check(sim, myc_sim_exit_code(sim, floor->reader) == 0, "the process ends in order");
    floor_destroy(floor);
}

// ---- Scenario "framed-kills" ----

static int writer_main(struct myc_platform *platform, void *arg)
{
    lane_write(arg, platform);
    return 0;
}

static int reader_main(struct myc_platform *platform, void *arg)
{
    floor_read(arg, platform);
    return 0;
}

static void start_writer(struct lane *lane)
{
    static const char *const names[FRAMED_LANES] = {"writer0", "writer1"};
    struct myc_sim *sim = lane->floor->sim;
    lane->process = myc_sim_start(sim, "host", names[lane->index], writer_main, lane);
    myc_sim_allow_kill(sim, lane->process, FRAMED_EPOCHS_MAX);
}

static bool is_news(const struct lane *lane)
{
    return lane->is_over.value == 0 && !myc_sim_is_running(lane->floor->sim, lane->process);
}

static bool has_news(void *context)
{
    struct floor *floor = context;
    return has_reader_ended(floor) || is_news(&floor->lanes[0]) || is_news(&floor->lanes[1]);
}

// Tells the reader that a publisher has ended, and starts its next incarnation after a kill.
static void tend(struct lane *lane)
{
    struct myc_sim *sim = lane->floor->sim;
    bool was_killed = myc_sim_was_killed(sim, lane->process);
    bool is_last = !was_killed || lane->epochs == FRAMED_EPOCHS_MAX;
    myc_sim_count(sim, "publishers killed", was_killed);
    lane_end(lane, NULL, is_last);
    if (!is_last) {
        start_writer(lane);
    }
}

static void run_kills(struct myc_sim *sim)
{
    struct floor *floor = floor_create(sim, false);
    floor->reader = myc_sim_start(sim, "host", "reader", reader_main, floor);
    for (uint32_t i = 0; i < FRAMED_LANES; i++) {
        start_writer(&floor->lanes[i]);
    }
    while (!has_reader_ended(floor)) {
        if (!myc_sim_run_until(sim, has_news, floor, FRAMED_DEADLINE_NS)) {
            myc_sim_fail(sim, "the reader does not come to the end");
        }
        for (uint32_t i = 0; i < FRAMED_LANES; i++) {
            if (is_news(&floor->lanes[i])) {
                tend(&floor->lanes[i]);
            }
        }
    }
    myc_sim_check(sim, myc_sim_exit_code(sim, floor->reader) == 0, "the reader ends in order");
    floor_destroy(floor);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"framed",
         "two publishers of messages of any size, one reader, all asleep at times",
         run_together},
        {"framed-kills",
         "publishers die between fragments and come back with another epoch",
         run_kills},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}

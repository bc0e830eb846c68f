// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc replay`: the bus's agent has a thread of its own, because publishing may wait for readers
// whose acknowledgements only the agent receives.
#include "tool/record/record.h"

#include <inttypes.h>
#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>
#include <mycelium/raw.h>

enum { LOOK_NS = 50000000, CLOSE_NS = 1000000000 };

struct player {
    const struct record_options *options;
    struct record_member member;
    struct myc_recording_reader reader;
    struct myc_publisher *publisher;
    struct myc_atomic_u32 is_over;
    uint64_t published;
    uint64_t skipped; /* lost before they were recorded */
    bool is_stopped;
    struct myc_diagnostic why;
};

static void run_agent(void *context)
{
    struct player *player = context;
    while (myc_load_acquire_u32(&player->is_over) == 0) {
        struct myc_clock *clock = player->member.platform->clock;
        (void)myc_bus_work(player->member.bus, myc_clock_monotonic_ns(clock) + LOOK_NS);
    }
}

// Sleeps until a time has come; false when somebody asked to stop.
static bool wait_until(struct player *player, uint64_t due_ns)
{
    struct myc_platform *platform = player->member.platform;
    uint64_t now_ns = myc_clock_monotonic_ns(platform->clock);
    while (now_ns < due_ns && !player->is_stopped) {
        uint64_t until_ns = due_ns - now_ns > LOOK_NS ? now_ns + LOOK_NS : due_ns;
        (void)myc_wait_wait(platform->wait, &player->is_over, 0, until_ns, MYC_WAIT_PROCESS);
        player->is_stopped = record_is_stopped(&player->member);
        now_ns = myc_clock_monotonic_ns(platform->clock);
    }
    return !player->is_stopped;
}

static enum myc_status publish(struct player *player, const struct myc_record *record)
{
    if (record->type == MYC_RECORD_GAP) {
        struct myc_gap gap;
        memcpy(&gap, record->payload, sizeof(gap));
        player->skipped += gap.count;
        return MYC_OK;
    }
    // As it came: of the version that its publisher wrote, of a type that only that one knew.
    enum myc_status status = MYC_TIMEOUT;
    // A publisher whose readers are slow waits for them, as long as nobody asks it to stop.
    while (status == MYC_TIMEOUT && !player->is_stopped) {
        status = myc_relay(player->publisher, record);
        player->is_stopped = player->is_stopped || record_is_stopped(&player->member);
    }
    if (status != MYC_OK && status != MYC_NO_SUBSCRIBER && status != MYC_TIMEOUT) {
        return myc_diagnostic_set(&player->why, status, 0, myc_status_sentence(status));
    }
    player->published += status == MYC_TIMEOUT ? 0 : 1;
    return MYC_OK;
}

static enum myc_status play(struct player *player)
{
    struct myc_platform *platform = player->member.platform;
    struct myc_recording_pace pace = {.percent = (uint32_t)player->options->percent};
    struct myc_record record;
    uint64_t time_ns = 0;
    enum myc_status status = MYC_OK;
    while (!player->is_stopped) {
        status = myc_recording_next(&player->reader, &record, &time_ns, &player->why);
        if (status != MYC_OK) {
            break;
        }
        if (pace.start_ns == 0) {
            pace.start_ns = myc_clock_monotonic_ns(platform->clock);
            pace.first_ns = time_ns;
        }
        if (!wait_until(player, myc_recording_pace_due_ns(&pace, time_ns))) {
            break;
        }
        status = publish(player, &record);
        if (status != MYC_OK) {
            return status;
        }
    }
    if (status == MYC_PEER_DIED) {
        // What is there was played; that its end is missing is told, and is no failure of ours.
        fprintf(stderr, "myc replay: %s\n", player->why.text);
        status = MYC_END;
    }
    return status == MYC_END ? MYC_OK : status;
}

// Publishes everything, then waits until the subscribers have it.
static enum myc_status run(struct player *player)
{
    const struct record_options *options = player->options;
    struct myc_clock *clock = player->member.platform->clock;
    uint64_t wait_ns = options->seconds * UINT64_C(1000000000);
    struct myc_close_report report = {0};
    enum myc_status status = myc_publisher_await_subscribers(
        player->publisher, (uint32_t)options->subscribers, myc_clock_monotonic_ns(clock) + wait_ns);
    if (status != MYC_OK) {
        enum myc_status broken = myc_bus_status(player->member.bus, &player->why);
        if (broken == MYC_OK) {
            (void)myc_diagnostic_set(&player->why, status, 0, "too few subscribers came in time");
        }
        return broken != MYC_OK ? broken : status;
    }
    status = play(player);
    uint64_t deadline_ns = myc_clock_monotonic_ns(clock) + UINT64_C(10) * CLOSE_NS;
    enum myc_status closed = myc_publisher_close(player->publisher, deadline_ns, &report);
    printf("%" PRIu64 " messages published", player->published);
    if (player->skipped != 0) {
        printf(", %" PRIu64 " were lost before they were recorded", player->skipped);
    }
    printf("%s\n", player->is_stopped ? ", stopped before the end" : "");
    if (status == MYC_OK && closed != MYC_OK) {
        (void)myc_diagnostic_set(&player->why, closed, 0, "not yet delivered: ");
        myc_diagnostic_append_u64(&player->why, report.undelivered);
        return closed;
    }
    return status;
}

static enum myc_status open_all(struct player *player)
{
    const struct record_options *options = player->options;
    struct record_member *member = &player->member;
    enum myc_status status =
        myc_recording_open(&player->reader, member->platform, options->file, &player->why);
    if (status != MYC_OK) {
        return status;
    }
    const struct myc_recording_info *info = myc_recording_info(&player->reader);
    if (memcmp(info->contract_digest, member->source.contract.digest, MYC_DIGEST_BYTES) != 0) {
        (void)myc_diagnostic_set(
            &player->why, MYC_MISMATCH, 0, "recorded under another contract than this one");
        myc_diagnostic_wrap(&player->why, options->file);
        return MYC_MISMATCH;
    }
    const char *topic = options->topic != NULL ? options->topic : info->topic;
    return myc_publisher_create(
        member->bus, &member->waiter, topic, NULL, &player->publisher, &player->why);
}

int replay_command(int argc, char **argv)
{
    struct record_options options;
    struct player player = {.options = &options};
    struct myc_handle agent = {0};
    int exit_status = RECORD_DONE;
    if (!record_take_options(argc, argv, "replay", &options, &exit_status)) {
        return exit_status;
    }
    exit_status = record_join(&player.member, &options);
    if (exit_status == RECORD_DONE) {
        enum myc_status status = open_all(&player);
        struct myc_thread *thread = player.member.platform->thread;
        const struct myc_thread_options named = {.name = "agent"};
        if (status == MYC_OK) {
            status = myc_thread_start(thread, run_agent, &player, &named, &agent);
        }
        if (status == MYC_OK) {
            status = run(&player);
        }
        if (status != MYC_OK) {
            exit_status = record_fail("replay", record_exit_status(status), player.why.text);
        }
        myc_store_release_u32(&player.is_over, 1);
        myc_bus_wake(player.member.bus);
        myc_thread_join(thread, agent);
    }
    myc_recording_reader_close(&player.reader);
    record_leave(&player.member);
    return exit_status;
}

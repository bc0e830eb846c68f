// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc record`: one thread that receives, records and writes, so that nothing is recorded before it
// was in order. A publisher that ends closes its file; each instance of a publisher has one.
#include "tool/record/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/file.h>

enum { LANES_MAX = 64, POLL_MAX = 1024, PATH_MAX_BYTES = 4096, IDLE_NS = 2000000 };

/** The recording of one publisher instance. */
struct lane {
    uint64_t epoch;
    uint64_t messages;
    uint64_t lost;
    struct myc_recording_writer writer;
    char path[PATH_MAX_BYTES];
    bool is_open;
};

struct recorder {
    const struct record_options *options;
    struct record_member member;
    struct lane *lanes;
    uint32_t lane_count;
    uint64_t messages;
    uint64_t now_ns;
    enum myc_status status; /* of a file */
    struct myc_diagnostic why;
};

// ---- Lanes ----

static void fail(struct recorder *recorder, const struct lane *lane, enum myc_status status)
{
    if (recorder->status == MYC_OK) {
        recorder->status = status;
        (void)myc_diagnostic_set(&recorder->why, status, 0, myc_status_sentence(status));
        myc_diagnostic_wrap(&recorder->why, lane->path);
    }
}

static struct lane *find(struct recorder *recorder, uint64_t epoch)
{
    for (uint32_t i = 0; i < recorder->lane_count; i++) {
        if (recorder->lanes[i].epoch == epoch) {
            return &recorder->lanes[i];
        }
    }
    return NULL;
}

static void close_lane(struct recorder *recorder, struct lane *lane)
{
    if (!lane->is_open) {
        return;
    }
    lane->is_open = false;
    enum myc_status status = myc_recording_close(&lane->writer);
    if (status != MYC_OK) {
        fail(recorder, lane, status);
    }
}

// A file for a publisher that was not heard before; `before` is the last number that is not in it.
static struct lane *open_lane(struct recorder *recorder, uint64_t epoch, uint64_t before)
{
    if (recorder->lane_count == LANES_MAX) {
        recorder->status = myc_diagnostic_set(
            &recorder->why, MYC_LIMIT, 0, "more than 64 publishers one after another");
        return NULL;
    }
    struct lane *lane = &recorder->lanes[recorder->lane_count];
    const struct record_options *options = recorder->options;
    struct myc_recording_info info = {.publisher_epoch = epoch, .base_sequence = before};
    const struct myc_recording_options how = {.is_durable = options->is_durable};
    memcpy(info.contract_digest, recorder->member.source.contract.digest, MYC_DIGEST_BYTES);
    (void)snprintf(info.topic, sizeof(info.topic), "%s", options->topic);
    if (recorder->lane_count == 0) {
        (void)snprintf(lane->path, sizeof(lane->path), "%s", options->file);
    } else {
        uint32_t number = recorder->lane_count + 1;
        (void)snprintf(lane->path, sizeof(lane->path), "%s.%" PRIu32, options->file, number);
    }
    enum myc_status status = myc_recording_create(
        &lane->writer, recorder->member.platform, lane->path, &info, &how, &recorder->why);
    if (status != MYC_OK) {
        recorder->status = status;
        return NULL;
    }
    lane->epoch = epoch;
    lane->is_open = true;
    recorder->lane_count++;
    return lane;
}

// ---- What comes in ----

static void on_message(const struct myc_delivery *delivery, void *context)
{
    struct recorder *recorder = context;
    struct lane *lane = find(recorder, delivery->publisher_epoch);
    if (recorder->status != MYC_OK) {
        return;
    }
    if (lane == NULL) {
        lane = open_lane(recorder, delivery->publisher_epoch, delivery->record->sequence - 1);
    }
    if (lane == NULL) {
        return;
    }
    enum myc_status status =
        myc_recording_append(&lane->writer, delivery->record, recorder->now_ns);
    if (status != MYC_OK) {
        fail(recorder, lane, status);
        return;
    }
    lane->messages++;
    recorder->messages++;
}

static void on_notice(const struct myc_notice *notice, void *context)
{
    struct recorder *recorder = context;
    struct lane *lane = find(recorder, notice->publisher_epoch);
    char text[256];
    if (notice->kind != MYC_NOTICE_MATCHED) {
        myc_notice_describe(notice, text, sizeof(text));
        fprintf(stderr, "myc record: %s\n", text);
    }
    bool is_refused = notice->kind == MYC_NOTICE_INVALID;
    if ((notice->kind == MYC_NOTICE_GAP || is_refused) && recorder->status == MYC_OK) {
        uint64_t count = is_refused ? 1 : notice->count;
        enum myc_loss_cause cause = is_refused ? MYC_LOSS_REFUSED : notice->cause;
        if (lane == NULL) {
            lane = open_lane(recorder, notice->publisher_epoch, notice->last - count);
        }
        if (lane != NULL) {
            enum myc_status status =
                myc_recording_append_gap(&lane->writer, count, cause, recorder->now_ns);
            if (status != MYC_OK) {
                fail(recorder, lane, status);
            }
            lane->lost += count;
        }
    }
    if (lane != NULL
        && (notice->kind == MYC_NOTICE_UNMATCHED || notice->kind == MYC_NOTICE_PEER_DIED)) {
        close_lane(recorder, lane);
    }
}

// ---- The command ----

static void sync_due(struct recorder *recorder)
{
    for (uint32_t i = 0; i < recorder->lane_count; i++) {
        struct lane *lane = &recorder->lanes[i];
        if (lane->is_open && recorder->now_ns >= myc_recording_due_ns(&lane->writer)) {
            enum myc_status status = myc_recording_sync(&lane->writer);
            if (status != MYC_OK) {
                fail(recorder, lane, status);
            }
        }
    }
}

static bool is_enough(const struct recorder *recorder, uint64_t start_ns)
{
    const struct record_options *options = recorder->options;
    return (options->messages != 0 && recorder->messages >= options->messages)
           || (options->seconds != 0
               && recorder->now_ns - start_ns >= options->seconds * UINT64_C(1000000000))
           || record_is_stopped(&recorder->member);
}

static void run(struct recorder *recorder, struct myc_subscriber *subscriber)
{
    struct record_member *member = &recorder->member;
    struct myc_clock *clock = member->platform->clock;
    uint64_t start_ns = myc_clock_monotonic_ns(clock);
    recorder->now_ns = start_ns;
    while (recorder->status == MYC_OK && !is_enough(recorder, start_ns)) {
        size_t room = POLL_MAX;
        if (recorder->options->messages != 0) {
            uint64_t left = recorder->options->messages - recorder->messages;
            room = left < room ? (size_t)left : room;
        }
        size_t count = myc_subscriber_poll(subscriber, on_message, on_notice, recorder, room);
        (void)myc_bus_work(member->bus, count != 0 ? 0 : recorder->now_ns + IDLE_NS);
        recorder->now_ns = myc_clock_monotonic_ns(clock);
        sync_due(recorder);
        enum myc_status status = myc_bus_status(member->bus, &recorder->why);
        if (status != MYC_OK) {
            recorder->status = status;
        }
    }
}

// Everything of the topic is recorded as it came; but a topic that nobody has would be waited on
// for ever.
static enum myc_status subscribe(struct recorder *recorder, struct myc_subscriber **out_subscriber)
{
    const struct record_member *member = &recorder->member;
    const struct myc_subscriber_options reading = {.is_raw = true};
    const char *topic = recorder->options->topic;
    bool is_known = false;
    for (uint32_t i = 0; i < member->source.contract.message_count; i++) {
        is_known = is_known || strcmp(member->source.contract.messages[i]->topic, topic) == 0;
    }
    if (!is_known) {
        (void)myc_diagnostic_set(&recorder->why, MYC_NOT_FOUND, 0, "topic ");
        myc_diagnostic_append_quoted(&recorder->why, topic, strlen(topic));
        myc_diagnostic_append(&recorder->why, ": no message of the contract has it");
        return MYC_NOT_FOUND;
    }
    return myc_subscriber_create_with(
        recorder->member.bus,
        &recorder->member.waiter,
        topic,
        &reading,
        out_subscriber,
        &recorder->why);
}

// The first file is made when the first publisher is heard; that it is there already is told now.
static int check_file(struct recorder *recorder)
{
    struct myc_file *file = recorder->member.platform->file;
    struct myc_handle handle = {0};
    const char *path = recorder->options->file;
    if (myc_file_open(file, path, 0, &handle, NULL) != MYC_OK) {
        return RECORD_DONE;
    }
    myc_file_close(file, handle);
    (void)myc_diagnostic_set(
        &recorder->why, MYC_EXISTS, 0, "it is there already, and nothing is written over");
    myc_diagnostic_wrap(&recorder->why, path);
    return record_fail("record", RECORD_INPUT, recorder->why.text);
}

static int finish(struct recorder *recorder)
{
    for (uint32_t i = 0; i < recorder->lane_count; i++) {
        close_lane(recorder, &recorder->lanes[i]);
    }
    for (uint32_t i = 0; i < recorder->lane_count; i++) {
        const struct lane *lane = &recorder->lanes[i];
        printf(
            "%s: %" PRIu64 " messages, %" PRIu64 " lost\n", lane->path, lane->messages, lane->lost);
    }
    if (recorder->lane_count == 0) {
        printf("nothing was published\n");
    }
    if (recorder->status != MYC_OK) {
        return record_fail("record", record_exit_status(recorder->status), recorder->why.text);
    }
    return RECORD_DONE;
}

int record_command(int argc, char **argv)
{
    struct record_options options;
    struct recorder recorder = {.options = &options};
    struct myc_subscriber *subscriber = NULL;
    int status = RECORD_DONE;
    if (!record_take_options(argc, argv, "record", &options, &status)) {
        return status;
    }
    recorder.lanes = gen_allocate(LANES_MAX, sizeof(*recorder.lanes));
    status = record_join(&recorder.member, &options);
    if (status == RECORD_DONE) {
        status = check_file(&recorder);
    }
    if (status == RECORD_DONE) {
        enum myc_status created = subscribe(&recorder, &subscriber);
        if (created != MYC_OK) {
            status = record_fail("record", record_exit_status(created), recorder.why.text);
        }
    }
    if (status == RECORD_DONE) {
        run(&recorder, subscriber);
        myc_subscriber_close(subscriber);
        status = finish(&recorder);
    }
    record_leave(&recorder.member);
    free(recorder.lanes);
    return status;
}

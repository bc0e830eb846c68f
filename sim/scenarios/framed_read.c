// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The reader of the framed scenarios and its oracles; see framed.c.
 */
#include <string.h>

#include "framed_lane.h"

// ---- Oracles ----

static struct incarnation *current(struct lane *lane)
{
    return &lane->incarnations[lane->reading];
}

static void account(struct lane *lane, uint64_t first, uint64_t last)
{
    struct incarnation *now = current(lane);
    if (first != now->accounted + 1 || last < first) {
        myc_sim_fail(
            lane->floor->sim,
            "records %llu to %llu are told after %llu",
            (unsigned long long)first,
            (unsigned long long)last,
            (unsigned long long)now->accounted);
    }
    now->accounted = last;
}

static struct sent *told(struct lane *lane, uint16_t type, uint16_t number)
{
    struct myc_sim *sim = lane->floor->sim;
    myc_sim_check(
        sim,
        type == lane->index + 1 && number >= 1 && number <= FRAMED_MESSAGES_MAX,
        "what is told is one of this publisher's messages");
    return &current(lane)->sent[number];
}

static void on_message(const struct myc_framed_message *message, void *context)
{
    struct lane *lane = context;
    struct incarnation *now = current(lane);
    struct myc_sim *sim = lane->floor->sim;
    struct sent *sent = told(lane, message->type, message->version);
    const unsigned char *bytes = message->payload;
    account(lane, message->first_sequence, message->sequence);
    myc_sim_check(sim, message->version > now->last_number, "messages come once and in order");
    myc_sim_check(sim, message->size == sent->size, "a message has its length");
    for (size_t i = 0; i < message->size; i++) {
        if (bytes[i] != framed_byte(lane, lane->reading, message->version, i)) {
            myc_sim_fail(
                sim,
                "message %u of epoch %u has a byte of another at %zu",
                message->version,
                lane->reading,
                i);
        }
    }
    now->last_number = message->version;
    sent->is_told = true;
    myc_sim_count(sim, message->is_copied ? "messages put together" : "messages in place", 1);
}

// Whether what is said to have happened can have.
static bool is_possible(const struct lane *lane, const struct myc_framed_loss *loss)
{
    const struct floor *floor = lane->floor;
    const struct incarnation *now = &lane->incarnations[lane->reading];
    uint32_t fate = myc_load_acquire_u32(&now->sent[loss->version].fate);
    switch (loss->cause) {
    case MYC_FRAMED_LOSS_CUT:
    case MYC_FRAMED_LOSS_PARTIAL:
        return myc_load_acquire_u32(&now->gaps) > 0;
    case MYC_FRAMED_LOSS_UNFINISHED:
        return fate == FATE_GIVEN_UP;
    case MYC_FRAMED_LOSS_ENDED:
    case MYC_FRAMED_LOSS_EPOCH:
        return fate != FATE_SENT && loss->received < loss->size;
    case MYC_FRAMED_LOSS_TOO_BIG:
        return loss->size > floor->limits.message_bytes_max;
    case MYC_FRAMED_LOSS_NO_SLOT:
        return floor->limits.reassemblies_max < FRAMED_LANES;
    case MYC_FRAMED_LOSS_GAP:
    case MYC_FRAMED_LOSS_COUNT:
        break;
    }
    return false;
}

static void on_loss(const struct myc_framed_loss *loss, void *context)
{
    struct lane *lane = context;
    struct myc_sim *sim = lane->floor->sim;
    account(lane, loss->first_sequence, loss->sequence);
    if (loss->cause == MYC_FRAMED_LOSS_GAP) {
        myc_sim_check(
            sim,
            loss->ring_cause == MYC_LOSS_DROPPED_NEWEST
                && loss->sequence - loss->first_sequence == 1,
            "a gap is told as it was published");
        return;
    }
    struct sent *sent = told(lane, loss->type, loss->version);
    if (!is_possible(lane, loss)) {
        myc_sim_fail(sim, "a loss for no reason: %s", myc_framed_loss_text(loss->cause));
    }
    sent->is_told = true;
    myc_sim_count(sim, myc_framed_loss_text(loss->cause), 1);
}

// Everything of an incarnation was told: each record, and each message that was sent.
static void check_end(struct lane *lane)
{
    struct incarnation *now = current(lane);
    struct myc_sim *sim = lane->floor->sim;
    // A publisher that died in a commit may not have counted its last record.
    myc_sim_check(
        sim,
        now->accounted >= myc_ring_committed(&now->ring_writer),
        "every record is told, as part of a message or as lost");
    for (uint32_t number = 1; number <= FRAMED_MESSAGES_MAX; number++) {
        struct sent *sent = &now->sent[number];
        if (myc_load_acquire_u32(&sent->fate) == FATE_SENT) {
            myc_sim_check(sim, sent->is_told, "a message that was sent is handed over or lost");
        }
    }
}

// ---- Reading ----

static void get_into(struct lane *lane, struct incarnation *next)
{
    enum myc_status status = myc_ring_reader_init(
        &next->ring_reader, next->memory, next->memory_bytes, next->page, &next->ticket, NULL);
    myc_sim_check(lane->floor->sim, status == MYC_OK, "the reader gets into the ring");
    myc_framed_attach(&lane->source, &next->ring_reader);
    lane->is_attached = true;
}

// The next incarnation that let us in, passing over those that died before. Returns:
// FRAMED_EPOCHS_MAX if there is none yet.
static uint32_t next_epoch(const struct lane *lane)
{
    for (uint32_t epoch = lane->reading + 1; epoch < FRAMED_EPOCHS_MAX; epoch++) {
        const struct incarnation *next = &lane->incarnations[epoch];
        bool is_ended = myc_load_acquire_u32(&next->is_ended) != 0;
        if (is_ended) {
            myc_fence_seq_cst(); // As in read_lane().
        }
        if (myc_load_acquire_u32(&next->is_ready) != 0) {
            return epoch;
        }
        if (!is_ended) {
            break;
        }
        myc_sim_check(
            lane->floor->sim,
            myc_ring_committed(&next->ring_writer) == 0,
            "who did not let us in has sent nothing");
    }
    return FRAMED_EPOCHS_MAX;
}

// The publisher ended, and all it left was read. Its open message is told as lost now, or when the
// next incarnation takes over.
static void leave(struct lane *lane, bool is_over)
{
    uint32_t epoch = next_epoch(lane);
    if (epoch < FRAMED_EPOCHS_MAX) {
        get_into(lane, &lane->incarnations[epoch]);
        check_end(lane);
        lane->reading = epoch;
    } else if (is_over) {
        myc_framed_end(&lane->source);
        check_end(lane);
        lane->is_attached = false;
        lane->is_done = true;
    }
    // Else it will come back, and then its epoch ends what is open.
}

// Reads some of a publisher. Returns: whether there was anything to do.
static bool read_lane(struct lane *lane, struct myc_platform *platform)
{
    struct floor *floor = lane->floor;
    struct incarnation *now = current(lane);
    // Asked before looking: what came before lies there by now.
    bool is_over = myc_load_acquire_u32(&lane->is_over) != 0;
    bool is_ended = myc_load_acquire_u32(&now->is_ended) != 0;
    if (is_ended || is_over) {
        // Outside of this play a system call tells of ends, and orders what came before them.
        myc_fence_seq_cst();
    }
    if (!lane->is_attached) {
        if (myc_load_acquire_u32(&now->is_ready) != 0) {
            get_into(lane, now);
        } else if (is_ended || is_over) {
            leave(lane, is_over); // It died before it let us in.
        }
        return false;
    }
    size_t count =
        myc_framed_poll(&lane->source, 1 + (size_t)myc_sim_choose(floor->sim, "framed.poll", 20));
    if (myc_ring_reader_should_wake_writer(&now->ring_reader)) {
        framed_ring(floor, platform, &lane->bell);
    }
    enum myc_status status = myc_framed_status(&lane->source);
    if (status != MYC_OK && status != MYC_CLOSED) {
        myc_sim_fail(floor->sim, "the source broke: %s", myc_status_name(status));
    }
    if (count == 0 && is_ended) {
        leave(lane, is_over);
    }
    return count > 0;
}

static bool are_all_done(const struct floor *floor)
{
    for (uint32_t i = 0; i < FRAMED_LANES; i++) {
        if (!floor->lanes[i].is_done) {
            return false;
        }
    }
    return true;
}

// Whether a ring has something to read, or a publisher has ended meanwhile.
static bool has_anything(struct floor *floor)
{
    for (uint32_t i = 0; i < FRAMED_LANES; i++) {
        struct lane *lane = &floor->lanes[i];
        struct incarnation *now = current(lane);
        if (lane->is_done) {
            continue;
        }
        if (!lane->is_attached ? myc_load_acquire_u32(&now->is_ready) != 0
                               : !myc_ring_is_empty(&now->ring_reader)) {
            return true;
        }
        if (myc_load_acquire_u32(&now->is_ended) != 0) {
            return true;
        }
    }
    return false;
}

static void sleep_until_rung(struct floor *floor, struct myc_platform *platform)
{
    uint32_t seen = myc_load_acquire_u32(&floor->bell);
    for (uint32_t i = 0; i < FRAMED_LANES; i++) {
        if (floor->lanes[i].is_attached) {
            myc_ring_reader_arm(&current(&floor->lanes[i])->ring_reader);
        }
    }
    myc_fence_seq_cst();
    if (!has_anything(floor)) {
        myc_sim_count(floor->sim, "reader slept", 1);
        framed_wait(floor, platform, &floor->bell, seen);
    }
    for (uint32_t i = 0; i < FRAMED_LANES; i++) {
        if (floor->lanes[i].is_attached) {
            myc_ring_reader_disarm(&current(&floor->lanes[i])->ring_reader);
        }
    }
}

void floor_read(struct floor *floor, struct myc_platform *platform)
{
    for (uint32_t i = 0; i < FRAMED_LANES; i++) {
        struct lane *lane = &floor->lanes[i];
        const struct myc_framed_handler handler = {
            .message = on_message, .loss = on_loss, .context = lane};
        myc_framed_source_init(&lane->source, &floor->assembler, &handler);
    }
    while (!are_all_done(floor)) {
        bool is_busy = false;
        for (uint32_t i = 0; i < FRAMED_LANES; i++) {
            if (!floor->lanes[i].is_done) {
                is_busy |= read_lane(&floor->lanes[i], platform);
            }
        }
        if (!is_busy && !are_all_done(floor)) {
            sleep_until_rung(floor, platform);
        }
    }
}

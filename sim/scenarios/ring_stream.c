// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The receiving writer: bytes arrive in drawn amounts, a scheduling point after every few of them,
 * so that readers look at the ring while a record lies there half.
 *
 * Oracles besides those of the arena: a session record is handed over with the sequence of its
 * place in the stream; at the end everything that was sent has been committed.
 */
#include "ring_stream.h"

#include <string.h>

enum { SOURCE_BYTES = 4096, HEARTBEAT_BYTES = 8 };

// What was sent and has not arrived yet.
struct source {
    struct myc_sim *sim;
    unsigned char bytes[SOURCE_BYTES];
    size_t size;
    uint64_t sequence;
    uint64_t heartbeats_sent;
    uint64_t heartbeats_seen;
};

static unsigned char *put_header(struct source *source, uint16_t type, size_t size)
{
    uint64_t word = myc_record_word(type, 1, (uint32_t)size);
    unsigned char *record = source->bytes + source->size;
    memset(record, 0, (size_t)myc_record_bytes(size));
    memcpy(record, &word, sizeof word);
    source->size += (size_t)myc_record_bytes(size);
    return record + MYC_RECORD_HEADER_BYTES;
}

static void put_record(struct source *source, struct arena *arena)
{
    uint64_t kind = myc_sim_choose(source->sim, "kind", 8);
    if (kind == 1) {
        unsigned char *payload = put_header(source, MYC_RECORD_HEARTBEAT, HEARTBEAT_BYTES);
        memcpy(payload, &source->sequence, HEARTBEAT_BYTES);
        source->heartbeats_sent++;
    } else if (kind == 2) {
        const struct myc_gap gap = {2, MYC_LOSS_DISCONNECTED, 0};
        memcpy(put_header(source, MYC_RECORD_GAP, sizeof gap), &gap, sizeof gap);
        count_record(&arena->counted, sizeof gap, gap.count);
        source->sequence += gap.count;
    } else {
        size_t size = message_size(arena);
        unsigned char *payload = put_header(source, RING_MESSAGE_TYPE, size);
        count_record(&arena->counted, size, 0);
        source->sequence++;
        for (size_t i = 0; i < size; i++) {
            payload[i] = message_byte(source->sequence, i);
        }
    }
}

static enum myc_status on_session(const struct myc_record *record, void *context)
{
    struct source *source = context;
    uint64_t sequence = 0;
    memcpy(&sequence, record->payload, HEARTBEAT_BYTES);
    myc_sim_check(
        source->sim,
        record->type == MYC_RECORD_HEARTBEAT && record->size == HEARTBEAT_BYTES
            && record->sequence == sequence,
        "a session record comes with the sequence of its place");
    source->heartbeats_seen++;
    return MYC_OK;
}

// Copies what arrives into the spans, with a scheduling point after every few bytes.
static size_t
arrive(struct source *source, const struct myc_span *spans, size_t span_count, size_t bytes)
{
    size_t taken = 0;
    for (size_t i = 0; i < span_count; i++) {
        unsigned char *target = spans[i].data;
        size_t left = spans[i].size < bytes - taken ? spans[i].size : bytes - taken;
        while (left > 0) {
            size_t piece = left < RING_PIECE_BYTES ? left : RING_PIECE_BYTES;
            memcpy(target, source->bytes + taken, piece);
            myc_shared_write(target, piece);
            target += piece;
            taken += piece;
            left -= piece;
        }
    }
    memmove(source->bytes, source->bytes + taken, source->size - taken);
    source->size -= taken;
    return taken;
}

static void wait_for_room(struct arena *arena, struct myc_platform *platform)
{
    // Before the arming, so that a ring in between is not lost.
    uint32_t seen = myc_load_acquire_u32(&arena->writer_bell);
    if (myc_ring_fill_arm(&arena->writer)) {
        myc_sim_count(arena->sim, "writer blocked", 1);
        wait_change(arena, platform, &arena->writer_bell, seen);
    }
    myc_ring_writer_disarm(&arena->writer);
}

static void receive(struct arena *arena, struct source *source, struct myc_platform *platform)
{
    struct myc_span spans[MYC_RING_FILL_SPANS];
    struct myc_diagnostic why;
    size_t count = myc_ring_fill_begin(&arena->writer, spans);
    if (count == 0) {
        arena->refused++;
        wait_for_room(arena, platform);
        return;
    }
    size_t bytes = source->size - (size_t)myc_sim_choose(arena->sim, "short", source->size);
    bytes = arrive(source, spans, count, bytes);
    arena->committing = source->sequence;
    if (myc_ring_fill_end(&arena->writer, bytes, on_session, source, &why) != MYC_OK) {
        myc_sim_fail(arena->sim, "the stream is refused: %s", why.text);
    }
    myc_store_release_u64(&arena->committed, myc_ring_committed(&arena->writer));
    ring_sleepers(arena, platform);
}

void ring_stream_write(struct arena *arena, struct myc_platform *platform)
{
    struct source source;
    memset(&source, 0, sizeof source);
    source.sim = arena->sim;
    uint64_t sent = 0;
    while (sent < arena->message_count || source.size > 0) {
        bool is_space = source.size + RING_CAPACITY / 4 <= sizeof source.bytes;
        bool is_more = sent < arena->message_count && is_space;
        if (is_more && (source.size == 0 || myc_sim_chance(arena->sim, "another", 2, 3))) {
            put_record(&source, arena);
            sent++;
        } else {
            receive(arena, &source, platform);
        }
    }
    myc_sim_check(
        arena->sim,
        myc_ring_committed(&arena->writer) == source.sequence
            && source.heartbeats_seen == source.heartbeats_sent,
        "everything that was sent has arrived");
    myc_sim_check(arena->sim, myc_ring_is_valid(&arena->writer), "the writer is sound at its end");
    check_writer_counts(arena);
    myc_sim_count(arena->sim, "messages", source.sequence);
    myc_sim_count(arena->sim, "session records", source.heartbeats_seen);
    myc_ring_writer_close(&arena->writer);
    ring_sleepers(arena, platform);
}

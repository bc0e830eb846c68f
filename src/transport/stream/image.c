// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Image: readv into the ring, check, release. The ring keeps the bytes of an incomplete record
// private.
#include "transport/stream/image.h"

#include <string.h>

#include <mycelium/interface/stream.h>
#include <mycelium/simulation.h>

#include "core/bits.h"

enum { IMAGE_READS_MAX = 16 /* per turn, so that one busy peer does not starve the others */ };

enum myc_status myc__image_init(
    struct myc__image *image,
    struct myc_platform *platform,
    void *memory,
    uint64_t memory_bytes,
    const struct myc_ring_options *options)
{
    memset(memory, 0, (size_t)memory_bytes);
    memset(&image->ring, 0, sizeof(image->ring));
    image->platform = platform;
    image->memory = memory;
    image->memory_bytes = memory_bytes;
    image->sequence_base = 0;
    image->acknowledged = 0;
    image->ack_due_ns = MYC_NEVER;
    image->unacknowledged_bytes = 0;
    image->is_repeating = false;
    image->is_full = false;
    image->is_bye_seen = false;
    image->has_begun = false;
    return myc_ring_writer_init(&image->ring, memory, (size_t)memory_bytes, options, NULL);
}

uint64_t myc__image_sequence(const struct myc__image *image)
{
    return image->sequence_base + myc_ring_committed(&image->ring);
}

enum myc_status myc__image_begin(struct myc__image *image, uint64_t sequence)
{
    uint64_t held = myc__image_sequence(image);
    if (!image->has_begun) {
        image->has_begun = true;
        image->sequence_base = sequence;
        image->acknowledged = sequence;
        return MYC_OK;
    }
    myc_ring_fill_reset(&image->ring);
    if (sequence < held) {
        // The publisher counts fewer messages than it sent before: not the same publisher.
        return MYC_CORRUPT;
    }
    MYC_SOMETIMES(sequence > held, "image.lost-while-away");
    MYC_SOMETIMES(sequence == held, "image.resumed-whole");
    if (sequence > held) {
        unsigned char *gap = myc_ring_claim(&image->ring, sizeof(struct myc_gap));
        if (gap == NULL) {
            return MYC_FULL;
        }
        memset(gap, 0, sizeof(struct myc_gap));
        myc__put_u64(gap + offsetof(struct myc_gap, count), sequence - held);
        myc__put_u32(gap + offsetof(struct myc_gap, cause), MYC_LOSS_DISCONNECTED);
        myc_ring_commit(&image->ring, MYC_RECORD_GAP, 0, sizeof(struct myc_gap));
    }
    image->acknowledged = sequence;
    return MYC_OK;
}

static size_t total_size(const struct myc_span *spans, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += spans[i].size;
    }
    return total;
}

static enum myc_status on_session_record(const struct myc_record *record, void *context)
{
    struct myc__image *image = context;
    if (record->type == MYC_RECORD_BYE) {
        image->is_bye_seen = true;
        return MYC_OK;
    }
    return record->type == MYC_RECORD_HEARTBEAT ? MYC_OK : MYC_CORRUPT;
}

// Returns OK if there is room after all.
static enum myc_status stop_for_room(struct myc__image *image)
{
    if (myc_ring_fill_arm(&image->ring)) {
        image->is_full = true;
        MYC_REACHED("image.full");
        return MYC_FULL;
    }
    myc_ring_writer_disarm(&image->ring);
    return MYC_OK;
}

enum myc_status
myc__image_receive(struct myc__image *image, uint64_t now_ns, struct myc_diagnostic *diagnostic)
{
    bool has_received = false;
    if (image->is_full) {
        image->is_full = false;
        myc_ring_writer_disarm(&image->ring);
    }
    for (uint32_t i = 0; i < IMAGE_READS_MAX; i++) {
        struct myc_span spans[MYC_RING_FILL_SPANS];
        size_t bytes = 0;
        size_t count = myc_ring_fill_begin(&image->ring, spans);
        if (count == 0) {
            if (stop_for_room(image) == MYC_FULL) {
                return MYC_FULL;
            }
            continue;
        }
        enum myc_status status =
            myc_stream_readv(image->platform->stream, image->channel.stream, spans, count, &bytes);
        if (status == MYC_AGAIN) {
            return has_received ? MYC_OK : MYC_AGAIN;
        }
        if (status != MYC_OK) {
            return status;
        }
        status = myc_ring_fill_end(&image->ring, bytes, on_session_record, image, diagnostic);
        if (status != MYC_OK) {
            return status;
        }
        has_received = true;
        image->unacknowledged_bytes += bytes;
        if (image->ack_due_ns == MYC_NEVER) {
            image->ack_due_ns = now_ns + MYC__ACK_DELAY_NS;
        }
        if (image->is_bye_seen) {
            MYC_REACHED("image.bye");
            return MYC_END;
        }
        if (bytes < total_size(spans, count) || MYC_BUGGIFY("image.read-once")) {
            break; // Nothing more is there; what comes, or the end, makes the poller report again.
        }
    }
    return has_received ? MYC_OK : MYC_AGAIN;
}

void myc__image_repeat(struct myc__image *image)
{
    image->is_repeating = true;
    image->ack_due_ns = 0;
}

enum myc_status myc__image_acknowledge(struct myc__image *image, uint64_t now_ns, bool is_forced)
{
    unsigned char record[MYC__ACK_BYTES];
    uint64_t sequence = myc__image_sequence(image);
    bool is_due = is_forced || now_ns >= image->ack_due_ns
                  || image->unacknowledged_bytes >= image->ring.capacity / 8
                  || MYC_BUGGIFY("image.ack-early");
    if (!is_due) {
        return MYC_OK;
    }
    image->ack_due_ns = MYC_NEVER;
    image->unacknowledged_bytes = 0;
    if (sequence != image->acknowledged || image->is_repeating) {
        myc__ack_encode(sequence, record);
        if (myc__channel_queue(&image->channel, record, sizeof(record), NULL, 0) == MYC_OK) {
            image->acknowledged = sequence;
            image->is_repeating = false;
        } else {
            MYC_REACHED("image.ack-queue-full");
            // The publisher does not read: try again when the queue has moved.
            image->ack_due_ns = now_ns + MYC__ACK_DELAY_NS;
        }
    }
    enum myc_status status = myc__channel_flush(&image->channel);
    if (status == MYC_AGAIN) {
        image->ack_due_ns = now_ns + MYC__ACK_DELAY_NS;
    }
    return status;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The receiving side of one publisher: records in, messages and losses out.
 *
 * Fragments are foreign bytes: a header is copied once and the copy checked, lengths come from the
 * record, and nothing is written beyond the message's announced total, which was checked against
 * the slot. A ring keeps order and loses nothing without a GAP, so a fragment that is not the next
 * one can only be a broken or hostile publisher's. Except where reading begins, and after a GAP:
 * then the rest of a train is skipped and told as lost.
 */
#include <string.h>

#include <mycelium/simulation.h>

#include "framed/fragment.h"
#include "framed/internal.h"

enum state {
    STATE_FRESH, /* reading begins here: the next fragment may be any of its train */
    STATE_IDLE,  /* between messages */
    STATE_OPEN,  /* a train is put together in `slot` */
    STATE_SKIP   /* a train goes by, lost for `cause` */
};

const char *myc_framed_loss_text(enum myc_framed_loss_cause cause)
{
    static const char *const texts[] = {
#define LOSS_TEXT(name, text) text,
        MYC_FRAMED_LOSS_LIST(LOSS_TEXT)
#undef LOSS_TEXT
    };
    return (size_t)cause < MYC_FRAMED_LOSS_COUNT ? texts[cause] : "unknown";
}

// ---- Handing over ----

static void lose(struct myc_framed_source *source, const struct myc_framed_loss *loss)
{
    source->counts.losses[loss->cause]++;
    source->counts.records_lost[loss->cause] += loss->sequence - loss->first_sequence + 1;
    if (source->handler.loss != NULL) {
        source->handler.loss(loss, source->handler.context);
    }
}

// Ends a train that is not whole, if there is one, and tells its loss.
static void settle(struct myc_framed_source *source, enum myc_framed_loss_cause cause)
{
    uint32_t state = source->state;
    if (state != STATE_OPEN && state != STATE_SKIP) {
        return;
    }
    if (state == STATE_OPEN) {
        myc__assembler_give(source->assembler, source->slot);
    }
    struct myc_framed_loss loss = {
        .cause = state == STATE_SKIP ? (enum myc_framed_loss_cause)source->cause : cause,
        .first_sequence = source->first_sequence,
        .sequence = source->last_sequence,
        .type = source->type,
        .version = source->version,
        .size = source->total,
        .received = source->received};
    source->state = STATE_IDLE;
    lose(source, &loss);
}

static enum myc_status corrupt(struct myc_framed_source *source)
{
    settle(source, MYC_FRAMED_LOSS_ENDED);
    source->status = MYC_CORRUPT;
    return MYC_CORRUPT;
}

static void deliver(struct myc_framed_source *source, const struct myc_framed_message *message)
{
    source->counts.messages++;
    source->counts.messages_copied += message->is_copied;
    source->handler.message(message, source->handler.context);
}

// ---- Trains ----

static void begin_train(
    struct myc_framed_source *source,
    const struct myc__fragment *fragment,
    const struct myc_record *record)
{
    source->last_id = fragment->message_id;
    source->first_sequence = record->sequence;
    source->total = fragment->total;
    source->received = fragment->offset;
    source->next_index = fragment->index;
    source->type = fragment->type;
    source->version = fragment->version;
    source->state = STATE_SKIP;
    if (fragment->index != 0) {
        MYC_REACHED("framed.source.began-inside");
        source->cause = MYC_FRAMED_LOSS_PARTIAL;
    } else if (fragment->total > source->assembler->message_bytes_max) {
        MYC_REACHED("framed.source.too-big");
        source->cause = MYC_FRAMED_LOSS_TOO_BIG;
    } else if (!myc__assembler_take(source->assembler, &source->slot)) {
        MYC_REACHED("framed.source.no-slot");
        source->cause = MYC_FRAMED_LOSS_NO_SLOT;
    } else {
        source->state = STATE_OPEN;
    }
}

static bool is_next(const struct myc_framed_source *source, const struct myc__fragment *fragment)
{
    return fragment->message_id == source->last_id && fragment->index == source->next_index
           && fragment->offset == source->received && fragment->total == source->total
           && fragment->type == source->type && fragment->version == source->version;
}

// Takes the next part of the train. Tells of the message, or of its loss, with the last one.
static void
take_part(struct myc_framed_source *source, const struct myc_record *record, bool is_end_of_batch)
{
    uint32_t part = record->size - MYC_FRAMED_HEADER_BYTES;
    const unsigned char *bytes = record->payload;
    bool is_open = source->state == STATE_OPEN;
    unsigned char *slot = is_open ? myc__assembler_bytes(source->assembler, source->slot) : NULL;
    if (is_open) {
        memcpy(slot + source->received, bytes + MYC_FRAMED_HEADER_BYTES, part);
    }
    source->received += part;
    source->next_index++;
    source->last_sequence = record->sequence;
    if (source->received < source->total) {
        return;
    }
    if (!is_open) {
        settle(source, (enum myc_framed_loss_cause)source->cause);
        return;
    }
    struct myc_framed_message message = {
        .type = source->type,
        .version = source->version,
        .size = source->total,
        .payload = slot,
        .first_sequence = source->first_sequence,
        .sequence = record->sequence,
        .position = record->position,
        .is_copied = true,
        .is_end_of_batch = is_end_of_batch};
    source->state = STATE_IDLE;
    uint32_t taken = source->slot;
    deliver(source, &message);
    myc__assembler_give(source->assembler, taken);
}

static enum myc_status
on_fragment(struct myc_framed_source *source, const struct myc_record *record, bool is_end_of_batch)
{
    struct myc__fragment fragment;
    if (record->version != MYC_FRAMED_FORMAT
        || !myc__fragment_decode(&fragment, record->payload, record->size)) {
        return corrupt(source);
    }
    if (fragment.index == 0) {
        if (fragment.message_id <= source->last_id) {
            return corrupt(source);
        }
        MYC_SOMETIMES(source->state == STATE_OPEN, "framed.source.train-after-train");
        settle(source, MYC_FRAMED_LOSS_UNFINISHED);
        begin_train(source, &fragment, record);
    } else if (source->state == STATE_FRESH) {
        if (fragment.message_id < source->last_id) {
            return corrupt(source);
        }
        begin_train(source, &fragment, record);
    } else if (source->state == STATE_IDLE || !is_next(source, &fragment)) {
        return corrupt(source);
    }
    take_part(source, record, is_end_of_batch);
    return MYC_OK;
}

// ---- Other records ----

static enum myc_status on_gap(struct myc_framed_source *source, const struct myc_record *record)
{
    const unsigned char *bytes = record->payload;
    uint64_t count = record->size >= sizeof(struct myc_gap) ? myc__get_u64(bytes) : 0;
    if (count == 0 || count > record->sequence) {
        return corrupt(source);
    }
    MYC_SOMETIMES(source->state == STATE_OPEN, "framed.source.cut-by-gap");
    settle(source, MYC_FRAMED_LOSS_CUT);
    struct myc_framed_loss loss = {
        .cause = MYC_FRAMED_LOSS_GAP,
        .ring_cause = myc__get_u32(bytes + sizeof count),
        .first_sequence = record->sequence - count + 1,
        .sequence = record->sequence};
    source->state = STATE_FRESH;
    lose(source, &loss);
    return MYC_OK;
}

static void
on_message(struct myc_framed_source *source, const struct myc_record *record, bool is_end_of_batch)
{
    MYC_SOMETIMES(source->state == STATE_OPEN, "framed.source.record-after-train");
    settle(source, MYC_FRAMED_LOSS_UNFINISHED);
    source->state = STATE_IDLE;
    struct myc_framed_message message = {
        .type = record->type,
        .version = record->version,
        .size = record->size,
        .payload = record->payload,
        .first_sequence = record->sequence,
        .sequence = record->sequence,
        .position = record->position,
        .is_end_of_batch = is_end_of_batch};
    deliver(source, &message);
}

enum myc_status myc_framed_feed(
    struct myc_framed_source *source, const struct myc_record *record, bool is_end_of_batch)
{
    if (source->status != MYC_OK) {
        return source->status;
    }
    if (record->type == MYC_RECORD_GAP) {
        return on_gap(source, record);
    }
    if (record->type == MYC_FRAMED_FRAGMENT) {
        return on_fragment(source, record, is_end_of_batch);
    }
    if (record->type == 0 || record->type > MYC_FRAMED_TYPE_MAX) {
        return corrupt(source);
    }
    on_message(source, record, is_end_of_batch);
    return MYC_OK;
}

// ---- Publishers that come and go ----

void myc_framed_source_init(
    struct myc_framed_source *source,
    struct myc_framed_assembler *assembler,
    const struct myc_framed_handler *handler)
{
    memset(source, 0, sizeof *source);
    source->assembler = assembler;
    source->handler = *handler;
}

void myc_framed_begin(struct myc_framed_source *source, uint64_t publisher_id, uint64_t epoch)
{
    bool is_same = publisher_id == source->publisher_id && epoch == source->epoch;
    MYC_SOMETIMES(source->state == STATE_OPEN && !is_same, "framed.source.epoch-in-train");
    settle(source, is_same ? MYC_FRAMED_LOSS_ENDED : MYC_FRAMED_LOSS_EPOCH);
    source->ring = NULL;
    source->publisher_id = publisher_id;
    source->epoch = epoch;
    source->status = MYC_OK;
    source->state = STATE_FRESH;
    source->last_id = 0;
}

void myc_framed_attach(struct myc_framed_source *source, struct myc_ring_reader *ring)
{
    struct myc_ring_origin origin;
    myc_ring_reader_origin(ring, &origin);
    myc_framed_begin(source, origin.publisher_id, origin.publisher_epoch);
    source->ring = ring;
}

void myc__source_lose_rest(struct myc_framed_source *source)
{
    settle(source, MYC_FRAMED_LOSS_ENDED);
}

void myc_framed_end(struct myc_framed_source *source)
{
    settle(source, MYC_FRAMED_LOSS_ENDED);
    source->ring = NULL;
    source->state = STATE_FRESH;
}

enum myc_status myc_framed_status(const struct myc_framed_source *source)
{
    if (source->status != MYC_OK || source->ring == NULL) {
        return source->status;
    }
    return myc_ring_reader_status(source->ring);
}

const struct myc_framed_counts *myc_framed_counts(const struct myc_framed_source *source)
{
    return &source->counts;
}

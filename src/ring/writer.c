// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The writer: claim, commit, abort, and the refresh that asks the readers for room.
 *
 * Invariants: the header word at `position` is zero in memory; limit - capacity <= every gating
 * head
 * <= position <= limit - 8; limit and limit_published never shrink, and limit <= limit_published.
 * The order of the stores is the protocol: docs/reference/ring.md says why each is where it is.
 * This file deliberately knows nothing of sleeping: whoever commits asks myc_ring_sleepers().
 */
#include "ring/writer.h"

#include <string.h>

#include <mycelium/ring_inline.h>
#include <mycelium/simulation.h>

static enum myc_status refuse(struct myc_diagnostic *diagnostic, const char *what, uint64_t found)
{
    enum myc_status status = myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "ring: ");
    myc_diagnostic_append(diagnostic, what);
    myc_diagnostic_append(diagnostic, ", not ");
    myc_diagnostic_append_u64(diagnostic, found);
    return status;
}

static uint64_t capacity_of(const struct myc_ring_options *options)
{
    return options->capacity_bytes != 0 ? options->capacity_bytes : MYC_RING_CAPACITY_DEFAULT;
}

static uint32_t readers_of(const struct myc_ring_options *options)
{
    return options->readers_max != 0 ? options->readers_max : MYC_RING_READERS_MAX;
}

// ---- Creation ----

size_t myc_ring_memory_size(const struct myc_ring_options *options)
{
    struct myc__ring_constant constant;
    if (!myc__ring_layout_is_possible(capacity_of(options), readers_of(options))) {
        return 0;
    }
    memset(&constant, 0, sizeof constant);
    myc__ring_layout_fill(&constant, capacity_of(options), readers_of(options), 0);
    return (size_t)constant.memory_bytes;
}

enum myc_status
myc__ring_check_options(const struct myc_ring_options *options, struct myc_diagnostic *diagnostic)
{
    if (!myc__ring_layout_is_possible(capacity_of(options), 1)) {
        return refuse(
            diagnostic,
            "the capacity must be a power of two from 4096 bytes to 1 GiB",
            options->capacity_bytes);
    }
    if (!myc__ring_layout_is_possible(capacity_of(options), readers_of(options))) {
        return refuse(diagnostic, "readers_max must be 1 to 64", options->readers_max);
    }
    if (options->readers_may_be_lapped && capacity_of(options) < MYC_RING_LAPPED_CAPACITY_MIN) {
        return refuse(
            diagnostic,
            "the capacity must be at least 16384 bytes where readers may be lapped",
            options->capacity_bytes);
    }
    if (options->first_position % MYC_RECORD_ALIGNMENT != 0
        || options->first_position > UINT64_C(1) << 63) {
        return refuse(
            diagnostic,
            "the first position must be a multiple of 8, at most 2^63",
            options->first_position);
    }
    return MYC_OK;
}

static enum myc_status check_memory(
    const struct myc_ring_options *options,
    const void *memory,
    size_t memory_bytes,
    struct myc_diagnostic *diagnostic)
{
    if (memory == NULL || (uintptr_t)memory % MYC__RING_ALIGNMENT != 0) {
        return refuse(diagnostic, "the memory must be aligned to 4096 bytes", (uintptr_t)memory);
    }
    if (memory_bytes != myc_ring_memory_size(options)) {
        return refuse(
            diagnostic, "the memory must be as long as myc_ring_memory_size() says", memory_bytes);
    }
    return MYC_OK;
}

void myc__ring_fill_header(
    struct myc__ring_constant *constant, const struct myc_ring_options *options)
{
    uint32_t flags = options->readers_may_sleep ? MYC__RING_FLAG_READERS_SLEEP : 0;
    flags |= options->writer_may_sleep ? MYC__RING_FLAG_WRITER_SLEEPS : 0;
    flags |= options->readers_may_be_lapped ? MYC__RING_FLAG_READERS_LAPPED : 0;
    memset(constant, 0, sizeof *constant);
    myc__ring_layout_fill(constant, capacity_of(options), readers_of(options), flags);
    constant->publisher_id = options->publisher_id;
    constant->publisher_epoch = options->publisher_epoch;
    constant->creator_pid = options->creator.pid;
    constant->creator_start_time = options->creator.start_time;
    memcpy(constant->creator_boot_id, options->creator.boot_id, sizeof constant->creator_boot_id);
    memcpy(constant->contract_digest, options->contract_digest, sizeof constant->contract_digest);
    constant->checksum = myc__ring_layout_checksum(constant);
}

// Where the ring begins; in zeroed memory that is at 0 already.
static void set_first(struct myc_ring_writer *writer, uint64_t position)
{
    struct myc__ring_point first = {position, 0};
    writer->position = position;
    writer->limit = position + writer->capacity;
    writer->granted = writer->limit;
    writer->sync_due = position;
    writer->intent = position;
    myc_store_relaxed_u64(&writer->control->limit_published, writer->limit);
    if (position != 0) {
        myc__ring_count_skipped(writer, position);
        myc_store_relaxed_u64(&writer->control->intent, position);
        myc__ring_pair_store(&writer->control->progress, first);
        for (uint64_t i = 0; i < writer->capacity / MYC__RING_SYNC_BYTES; i++) {
            myc__ring_pair_store(&writer->sync_index[i], first);
        }
    }
}

void myc__ring_place_writer(
    struct myc_ring_writer *writer, void *memory, const struct myc__ring_constant *constant)
{
    unsigned char *base = memory;
    memset(writer, 0, sizeof *writer);
    writer->data = base + constant->data_offset;
    writer->capacity = constant->capacity;
    writer->claimed = MYC__RING_NO_CLAIM;
    writer->batch_claimed = MYC__RING_NO_CLAIM;
    writer->control = (void *)(base + constant->control_offset);
    writer->progress = &writer->control->progress.position0;
    writer->slots = (void *)(base + constant->slots_offset);
    writer->sync_index = (void *)(base + constant->sync_offset);
    writer->readers_max = constant->readers_max;
    writer->readers_may_sleep = (constant->flags & MYC__RING_FLAG_READERS_SLEEP) != 0;
    writer->writer_may_sleep = (constant->flags & MYC__RING_FLAG_WRITER_SLEEPS) != 0;
    writer->readers_may_be_lapped = (constant->flags & MYC__RING_FLAG_READERS_LAPPED) != 0;
}

enum myc_status myc_ring_writer_init(
    struct myc_ring_writer *writer,
    void *memory,
    size_t memory_bytes,
    const struct myc_ring_options *options,
    struct myc_diagnostic *diagnostic)
{
    enum myc_status status = myc__ring_check_options(options, diagnostic);
    if (status == MYC_OK) {
        status = check_memory(options, memory, memory_bytes, diagnostic);
    }
    if (status != MYC_OK) {
        return status;
    }
    struct myc__ring_header *header = memory;
    myc__ring_fill_header(&header->constant, options);
    myc__ring_place_writer(writer, memory, &header->constant);
    set_first(writer, options->first_position);
    myc_shared_write(&header->constant, sizeof header->constant);
    // Released last: whoever acquires the ready word sees everything above.
    myc_store_release_u64(&header->ready, MYC__RING_READY);
    return MYC_OK;
}

// ---- Room ----

// Poisons a reader whose head is impossible, unless the slot changed hands meanwhile.
static void poison(struct myc__ring_slot *slot, uint32_t state)
{
    uint32_t fenced = (state & ~(uint32_t)MYC__RING_STATE_MASK) | MYC__RING_FENCED;
    (void)myc_compare_exchange_u32(&slot->state, state, fenced);
}

// One pass over states and heads, each loaded once: the lowest gating head, `position` if none.
static uint64_t lowest_head(struct myc_ring_writer *writer)
{
    uint64_t window_start = writer->limit - writer->capacity;
    uint64_t lowest = writer->position;
    // Pairs with the release in myc_ring_join(), which precedes the joiner's fence.
    uint32_t used = myc_load_acquire_u32(&writer->slots_used);
    for (uint32_t i = 0; i < used; i++) {
        struct myc__ring_slot *slot = &writer->slots[i];
        // Pairs with the releases of JOINING, ACTIVE and FREE in join.c.
        uint32_t state = myc_load_acquire_u32(&slot->state);
        uint32_t kind = state & MYC__RING_STATE_MASK;
        uint64_t head;
        if (kind == MYC__RING_JOINING || kind == MYC__RING_HELD) {
            // Pairs with the releases in myc_ring_join() and held.c.
            head = myc_load_acquire_u64(&slot->join_head);
            MYC_SOMETIMES(kind == MYC__RING_JOINING, "ring.writer.sees-joiner");
        } else if (kind == MYC__RING_ACTIVE) {
            head = myc__ring_head(writer, i);
        } else {
            continue;
        }
        // Wrapping subtraction: one comparison checks both ends of the window.
        if (head - window_start > writer->position - window_start) {
            if (kind == MYC__RING_ACTIVE) {
                poison(slot, state);
            }
            continue;
        }
        if (head < lowest) {
            lowest = head;
        }
    }
    return lowest;
}

// The limit those heads allow, at most an eighth of the ring ahead, so that the rest stays
// joinable.
static uint64_t limit_for(const struct myc_ring_writer *writer, uint64_t lowest, uint64_t need)
{
    uint64_t ahead = need > writer->capacity / 8 ? need : writer->capacity / 8;
    if (MYC_BUGGIFY("ring.limit-tight")) {
        ahead = need; // No more than asked for, so that every claim asks the readers again.
    }
    uint64_t limit = lowest + writer->capacity;
    if (limit > writer->position + ahead) {
        limit = writer->position + ahead;
    }
    return limit > writer->limit ? limit : writer->limit;
}

// No byte at or beyond it may be written without another look.
static void grant(struct myc_ring_writer *writer)
{
    uint64_t granted = writer->limit;
    if (writer->is_announcing && writer->intent < granted) {
        // An intent of long ago may lie behind.
        granted = writer->intent > writer->position ? writer->intent : writer->position;
    }
    writer->granted = granted;
    writer->plain = 0; // Until a claim has looked closely.
    writer->batch_plain = 0;
}

void myc__ring_announce(struct myc_ring_writer *writer, uint64_t end)
{
    if (end + MYC_RECORD_HEADER_BYTES > writer->intent) {
        writer->intent = end + MYC__RING_INTENT_BYTES;
        myc_store_relaxed_u64(&writer->control->intent, writer->intent);
        // Before anything is written there; pairs with the fence between a reader's copy and its
        // look at the intent.
        myc_fence_release();
        MYC_REACHED("ring.writer.announces");
    }
    grant(writer);
}

// Begins or ends announcing, as the readers there are want it.
static void set_announcing(struct myc_ring_writer *writer)
{
    if (!writer->readers_may_be_lapped) {
        return;
    }
    // Pairs with the releases in join.c.
    writer->is_announcing = myc_load_acquire_u64(&writer->control->announce) != 0;
    // Whoever was thrown out, copies what is written from here on without announcement, and fences,
    // finds that he is out: the slot was taken back before we were told. It may have been taken and
    // given back since we looked last, so there is no change to wait for.
    myc_fence_release();
    myc_shared_announce();
}

bool myc__ring_has_moved(const struct myc_ring_writer *writer, uint32_t moves)
{
    // Whoever saw a place taken out of a slot, which was a release, sees that it is on its way.
    myc_fence_acquire();
    uint32_t now = myc_load_relaxed_u32(&writer->moves);
    MYC_SOMETIMES(now != moves, "held.moves-while-looked-at");
    return now != moves || now % 2 != 0;
}

static void refresh(struct myc_ring_writer *writer, uint64_t need)
{
    struct myc__ring_control *control = writer->control;
    // Pairs with the additions around a move: what was moved before is seen where it is.
    uint32_t moves = writer->holds_places ? myc_load_acquire_u32(&writer->moves) : 0;
    uint64_t limit = limit_for(writer, lowest_head(writer), need);
    if (limit == writer->limit || (writer->holds_places && myc__ring_has_moved(writer, moves))) {
        return; // No reader moved: nothing to publish, so nothing to reload.
    }
    // limit_published never shrinks, though `limit` may stay below what an earlier refresh
    // published.
    if (limit > myc_load_relaxed_u64(&control->limit_published)) {
        myc_store_relaxed_u64(&control->limit_published, limit);
    }
    // Pairs with the fence of myc_ring_join(): either the reload sees the joiner, or the joiner
    // sees the limit above and gives up its position.
    myc_fence_seq_cst();
    uint64_t reloaded = limit_for(writer, lowest_head(writer), need);
    MYC_SOMETIMES(reloaded < limit, "ring.writer.reload-lower");
    writer->limit = reloaded < limit ? reloaded : limit;
    // After the fence, like the slots: a lapping joiner sees the limit, or we see him.
    set_announcing(writer);
    grant(writer);
}

bool myc__ring_ensure(struct myc_ring_writer *writer, uint64_t need)
{
    // What was granted may lie behind: a commit goes on to what was granted before the last look.
    if (writer->position + need <= writer->granted && !MYC_BUGGIFY("ring.refresh-early")) {
        return true;
    }
    if (!writer->is_announcing || need > writer->limit - writer->position) {
        refresh(writer, need);
    }
    if (need > writer->limit - writer->position) {
        return false;
    }
    if (writer->is_announcing) {
        myc__ring_announce(writer, writer->position + need - MYC_RECORD_HEADER_BYTES);
    }
    return true;
}

uint64_t myc__ring_need(const struct myc_ring_writer *writer, uint64_t size, uint64_t *out_rest)
{
    uint64_t bytes = myc_record_bytes(size);
    uint64_t run = writer->capacity - (writer->position & (writer->capacity - 1));
    *out_rest = bytes > run ? run : 0;
    return *out_rest + bytes + MYC_RECORD_HEADER_BYTES;
}

// ---- Claim, commit, abort ----

size_t myc_ring_payload_max(const struct myc_ring_writer *writer)
{
    return (size_t)(writer->capacity / 4) - MYC_RECORD_HEADER_BYTES;
}

// How far records may go that need no closer look: what was granted, to the end of the lap, and for
// so long only that none can be too large.
static uint64_t plain_for(const struct myc_ring_writer *writer)
{
    uint64_t plain = writer->position + writer->capacity / 4 + MYC_RECORD_HEADER_BYTES;
    uint64_t lap_end = (writer->position | (writer->capacity - 1)) + 1;
    if (lap_end + MYC_RECORD_HEADER_BYTES < plain) {
        plain = lap_end + MYC_RECORD_HEADER_BYTES;
    }
    return writer->granted < plain ? writer->granted : plain;
}

void *myc_ring_claim(struct myc_ring_writer *writer, size_t size)
{
    uint64_t rest;
    if (size > myc_ring_payload_max(writer) || writer->is_closed || writer->is_broken) {
        return NULL;
    }
    // Everything is checked before anything is stored, so that an abort has nothing to undo.
    uint64_t need = myc__ring_need(writer, size, &rest);
    uint64_t run = writer->capacity - (writer->position & (writer->capacity - 1));
    if (rest == 0 && run <= writer->capacity / 4 && MYC_BUGGIFY("ring.wrap")) {
        rest = run; // To the ring's start, though it would fit here.
        need += run;
    }
    if (!myc__ring_ensure(writer, need)) {
        MYC_REACHED("ring.writer.full");
        myc__ring_count_full(writer);
        return NULL;
    }
    writer->claimed = size;
    writer->rest = rest;
    writer->plain = rest == 0 ? plain_for(writer) : 0;
    uint64_t start = writer->position + rest;
    unsigned char *payload =
        writer->data + (start & (writer->capacity - 1)) + MYC_RECORD_HEADER_BYTES;
    if (writer->readers_may_be_lapped) {
        // From here on the caller writes: what lapping readers copy of these bytes is in doubt.
        myc_shared_write(payload, (size_t)(myc_record_bytes(size) - MYC_RECORD_HEADER_BYTES));
    }
    return payload;
}

uint64_t myc__ring_messages_of(uint16_t type, const unsigned char *payload, size_t size)
{
    struct myc_gap gap;
    if (type != MYC_RECORD_GAP) {
        return type >= MYC_MESSAGE_TYPE_MIN && type <= MYC_MESSAGE_TYPE_MAX ? 1 : 0;
    }
    if (size < sizeof gap) {
        return 0;
    }
    memcpy(&gap, payload, sizeof gap);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    gap.count = __builtin_bswap64(gap.count);
#endif
    return gap.count;
}

void myc__ring_sync(struct myc_ring_writer *writer, const struct myc__ring_point *point)
{
    if (point->position < writer->sync_due) {
        return;
    }
    uint64_t entries = writer->capacity / MYC__RING_SYNC_BYTES;
    uint64_t index = point->position / MYC__RING_SYNC_BYTES & (entries - 1);
    myc__ring_pair_store(&writer->sync_index[index], *point);
    writer->sync_due = (point->position | (MYC__RING_SYNC_BYTES - 1)) + 1;
}

void myc__ring_sync_record(struct myc_ring_writer *writer, uint64_t position, uint64_t sequence)
{
    const struct myc__ring_point point = {position, sequence};
    myc__ring_sync(writer, &point);
}

void myc__ring_advance(
    struct myc_ring_writer *writer,
    uint64_t end,
    uint64_t sequence,
    const struct myc__ring_point *first)
{
    struct myc__ring_point progress = {end, sequence};
    writer->position = end;
    writer->sequence = sequence;
    if (first != NULL) {
        myc__ring_sync(writer, first);
    }
    myc__ring_pair_store(&writer->control->progress, progress);
}

void myc_ring_commit(struct myc_ring_writer *writer, uint16_t type, uint16_t version, size_t size)
{
    uint64_t start = writer->position + writer->rest;
    unsigned char *payload =
        writer->data + (start & (writer->capacity - 1)) + MYC_RECORD_HEADER_BYTES;
    bool is_fit = writer->claimed != MYC__RING_NO_CLAIM && size <= writer->claimed;
    uint64_t messages = is_fit ? myc__ring_messages_of(type, payload, size) : 0;
    writer->claimed = MYC__RING_NO_CLAIM;
    if (messages == 0) {
        writer->is_broken = true;
        writer->plain = 0;
        writer->batch_plain = 0;
        return;
    }
    uint64_t bytes = myc_record_bytes(size);
    uint64_t end = start + bytes;
    // Stale bytes of an older lap must not reach a reader or a wire.
    size_t padding = (size_t)(bytes - MYC_RECORD_HEADER_BYTES - size);
    if (padding != 0) {
        memset(payload + size, 0, padding);
    }
    myc_shared_write(payload, (size_t)(bytes - MYC_RECORD_HEADER_BYTES));
    // First the end mark behind the record, last the store that lets readers pass its start.
    myc_store_relaxed_u64(myc__ring_word(writer->data, writer->capacity, end), 0);
    uint64_t word = myc_record_word(type, version, (uint32_t)size);
    uint64_t publishing = word;
    MYC_SOMETIMES(writer->rest != 0, "ring.writer.pad");
    MYC_SOMETIMES(type == MYC_RECORD_GAP, "ring.writer.gap");
    if (writer->rest != 0) {
        uint32_t pad_length = (uint32_t)(writer->rest - MYC_RECORD_HEADER_BYTES);
        myc_store_relaxed_u64(myc__ring_word(writer->data, writer->capacity, start), word);
        publishing = myc_record_word(MYC_RECORD_PAD, 0, pad_length);
    }
    // The release that every reader's header load acquires.
    myc_store_release_u64(
        myc__ring_word(writer->data, writer->capacity, writer->position), publishing);
    struct myc__ring_point first = {start, writer->sequence};
    myc__ring_advance(
        writer, end, writer->sequence + messages, type == MYC_RECORD_GAP ? NULL : &first);
    if (writer->rest != 0) {
        myc__ring_count_skipped(writer, writer->rest);
    }
    if (type == MYC_RECORD_GAP) {
        myc__ring_count_gapped(writer, messages);
    }
}

void myc_ring_abort(struct myc_ring_writer *writer)
{
    writer->claimed = MYC__RING_NO_CLAIM;
    writer->batch_claimed = MYC__RING_NO_CLAIM;
    writer->batch_plain = 0;
    writer->batch_word = 0;
}

enum myc_status
myc__ring_may_publish(const struct myc_ring_writer *writer, bool is_legal, size_t size)
{
    if (writer->is_broken) {
        return MYC_POISONED;
    }
    if (writer->is_closed) {
        return MYC_CLOSED;
    }
    if (!is_legal) {
        return MYC_INVALID;
    }
    return size <= myc_ring_payload_max(writer) ? MYC_OK : MYC_TOO_BIG;
}

enum myc_status myc_ring_publish(
    struct myc_ring_writer *writer,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size)
{
    enum myc_status status =
        myc__ring_may_publish(writer, myc__ring_messages_of(type, payload, size) != 0, size);
    if (status != MYC_OK) {
        return status;
    }
    void *bytes = myc_ring_claim(writer, size);
    if (bytes == NULL) {
        return MYC_FULL;
    }
    if (size != 0) {
        memcpy(bytes, payload, size);
    }
    myc_ring_commit(writer, type, version, size);
    return MYC_OK;
}

uint64_t myc_ring_committed(const struct myc_ring_writer *writer)
{
    return writer->sequence;
}

void myc_ring_writer_close(struct myc_ring_writer *writer)
{
    writer->is_closed = true;
    writer->plain = 0;
    writer->batch_plain = 0;
    writer->claimed = MYC__RING_NO_CLAIM;
    // Released after the last record; positions are multiples of 8, so 1 marks "closed".
    myc_store_release_u64(&writer->control->closed, writer->position + 1);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Readers of every kind on a ring that its writer, another process, scribbles over: single words,
 * whole pages of headers that claim anything, other rings' headers, and now and then a sound image.
 *
 * The readers' mapping is read-only and lies between guard pages; copies lie before some, too.
 */
#include "system/storm/hostile.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/ring.h>
#include <mycelium/ring_counters.h>
#include <mycelium/ring_inline.h>
#include <mycelium/ring_wait.h>

#include "system/storm/segment.h"

enum {
    CAPACITY = 16384,
    VICTIMS = 4,
    IMAGES = 4,
    STUCK_SECONDS = 20,
    IMAGE_MESSAGES = 300,
    IMAGE_SIZE_MAX = 1200,
    POLL_MAX = 300,
    TAKE_MAX = 100,
    NAP_NS = 50000,
    BEATS_STILL = 2 * 60, /* that each reader goes on while nothing changes */
    OPERATIONS_MAX = 50,  /* on one attachment */
    // Of the layout, see docs/reference/ring.md: where lies hurt most.
    CONTROL_OFFSET = 4096,
    PROGRESS_OFFSET = CONTROL_OFFSET + 64,
    INTENT_OFFSET = CONTROL_OFFSET + 256,
    SLOTS_OFFSET = 8192
};

enum victim_kind { IN_PLACE, COPYING, DROP_OLDEST, LATEST };

struct victim {
    enum victim_kind kind;
    uint32_t index;
    struct storm_draw draw;
    const unsigned char *memory;
    size_t memory_bytes;
    unsigned char *page;
    struct myc_span copy;
    struct myc_ring_ticket ticket;
    struct myc_ring_reader reader;
    const struct myc_atomic_u32 *is_ending;
    struct myc_platform *platform;
    struct myc_ring_waiter waiter;
    uint64_t sequence; // of the record before
    uint64_t checksum; // of all bytes that were handed over
    uint64_t attached;
    uint64_t records;
    uint64_t corrupt;
};

// What the hostile writer has: sound rings to copy from, and the memory.
struct liar {
    unsigned char *images[IMAGES];
    struct myc_ring_ticket tickets[VICTIMS];
    size_t image_bytes;
    struct hostile_target target;
};

static struct victim victims[VICTIMS];

// ---- The liar ----

static unsigned char *page_at(unsigned char *pages, size_t i)
{
    return pages + i * MYC_RING_PAGE_BYTES;
}

// A sound ring with a reader of each kind, as its writer left it.
static unsigned char *
make_image(const struct myc_ring_options *options, struct myc_ring_ticket tickets[VICTIMS])
{
    static struct myc_ring_writer writer;
    size_t bytes = myc_ring_memory_size(options);
    unsigned char *image = aligned_alloc(4096, bytes);
    unsigned char *pages = aligned_alloc(4096, (size_t)VICTIMS * MYC_RING_PAGE_BYTES);
    STORM_CHECK(image != NULL && pages != NULL, "no memory");
    memset(image, 0, bytes);
    memset(pages, 0, (size_t)VICTIMS * MYC_RING_PAGE_BYTES);
    enum myc_status status = myc_ring_writer_init(&writer, image, bytes, options, NULL);
    for (uint64_t i = 0; status == MYC_OK && i < IMAGE_MESSAGES; i++) {
        unsigned char payload[IMAGE_SIZE_MAX] = {1};
        struct myc_gap gap = {.count = i + 1, .cause = MYC_LOSS_DISCONNECTED};
        if (i == IMAGE_MESSAGES - 40) {
            for (size_t j = 0; j < VICTIMS && status == MYC_OK; j++) {
                status = j < DROP_OLDEST
                             ? myc_ring_join(&writer, page_at(pages, j), MYC_RING_LIVE, &tickets[j])
                             : myc_ring_join_lapping(
                                 &writer, page_at(pages, j), MYC_RING_LIVE, &tickets[j]);
            }
        }
        if (status == MYC_OK) {
            status = i % 9 == 8 ? myc_ring_publish(&writer, MYC_RECORD_GAP, 0, &gap, sizeof gap)
                                : myc_ring_publish(&writer, 5, 1, payload, i * 37 % 256);
        }
    }
    STORM_CHECK(status == MYC_OK, "status %d", (int)status);
    free(pages);
    return image;
}

static void make_images(struct liar *liar, const struct myc_ring_options *options)
{
    for (size_t i = 0; i < IMAGES; i++) {
        struct myc_ring_options other = *options;
        struct myc_ring_ticket tickets[VICTIMS];
        // Sound rings, but of other sizes: the last ones are longer than the memory there is.
        other.capacity_bytes = i == 2 ? CAPACITY * 4 : CAPACITY;
        other.readers_max = i == 3 ? MYC_RING_READERS_MAX : options->readers_max;
        other.first_position = i == 1 ? (UINT64_C(1) << 63) - CAPACITY : 0;
        liar->images[i] = make_image(&other, i == 0 ? liar->tickets : tickets);
    }
}

static void store_word(struct liar *liar, size_t offset, uint64_t word)
{
    myc_store_relaxed_u64((struct myc_atomic_u64 *)(void *)(liar->target.bytes + offset), word);
}

// Word by word, so that readers see it grow.
static void copy_part(struct liar *liar, size_t which, size_t from, size_t end)
{
    for (size_t at = from; at < end && at < liar->image_bytes; at += 8) {
        uint64_t word;
        memcpy(&word, liar->images[which] + at, sizeof word);
        store_word(liar, at, word);
    }
}

static void copy_image(struct liar *liar, struct storm_draw *draw)
{
    size_t which = storm_below(draw, 4) != 0 ? 0 : storm_below(draw, IMAGES);
    size_t from = storm_below(draw, 2) == 0 ? 0 : storm_below(draw, 4) * 4096;
    size_t end = storm_below(draw, 2) == 0 ? liar->image_bytes : from + 4096;
    copy_part(liar, which, from, end);
}

static const uint16_t types[] = {
    MYC_RECORD_PAD, MYC_RECORD_PAD, MYC_RECORD_GAP, 1, 5, 0, MYC_RECORD_HELLO, 0xFFFF};
static const uint32_t lengths[] = {
    0,
    1,
    8,
    16,
    56,
    248,
    4088,
    CAPACITY / 4 - 8,
    CAPACITY / 2 - 8,
    CAPACITY - 8,
    CAPACITY,
    INT32_MAX,
    UINT32_MAX - 8,
    UINT32_MAX};
enum { TYPES = sizeof types / sizeof types[0], LENGTHS = sizeof lengths / sizeof lengths[0] };

// Headers that claim the same: pads without end, lengths beyond all bounds.
static void lay_headers(struct liar *liar, size_t from, uint16_t type, uint32_t length)
{
    uint64_t bytes = myc_record_bytes(length);
    uint64_t word = myc_record_word(type, 1, length);
    size_t data = liar->image_bytes - CAPACITY;
    size_t step = bytes <= CAPACITY ? (size_t)bytes : 8;
    for (size_t at = from; at < CAPACITY; at += step) {
        store_word(liar, data + at, word);
    }
}

static void draw_headers(struct liar *liar, struct storm_draw *draw)
{
    uint16_t type = types[storm_below(draw, TYPES)];
    uint32_t length = lengths[storm_below(draw, LENGTHS)];
    size_t from = storm_below(draw, 2) == 0 ? 0 : storm_below(draw, CAPACITY / 8) * 8;
    lay_headers(liar, from, type, length);
    if (type == MYC_RECORD_GAP && from + 8 < CAPACITY) {
        store_word(
            liar, liar->image_bytes - CAPACITY + from + 8, hostile_value(&liar->target, draw));
    }
}

// Readers must get in before they can suffer: a sound header, and sound slots.
static void let_in(struct liar *liar)
{
    copy_part(liar, 0, 0, 512);
    copy_part(liar, 0, SLOTS_OFFSET, SLOTS_OFFSET + (size_t)VICTIMS * 64);
}

// Says that readers were overtaken, and where to go on: near the truth, but whole.
static void lie_about_progress(struct liar *liar, struct storm_draw *draw)
{
    uint64_t position = hostile_value(&liar->target, draw) & ~UINT64_C(7);
    uint64_t sequence = storm_below(draw, 2) == 0 ? hostile_value(&liar->target, draw)
                                                  : storm_below(draw, IMAGE_MESSAGES);
    for (size_t copy = 0; copy < 2; copy++) {
        store_word(liar, PROGRESS_OFFSET + copy * 16, position);
        store_word(liar, PROGRESS_OFFSET + copy * 16 + 8, sequence);
    }
    store_word(liar, INTENT_OFFSET, position + storm_below(draw, 2) * CAPACITY);
}

static void lie(void *context, struct storm_draw *draw)
{
    struct liar *liar = context;
    uint64_t kind = storm_below(draw, 16);
    if (kind < 2) {
        copy_image(liar, draw);
    } else if (kind < 5) {
        draw_headers(liar, draw);
    } else if (kind < 10) {
        lie_about_progress(liar, draw);
    }
    if (storm_below(draw, 4) != 0) {
        let_in(liar);
    }
    uint64_t pokes = storm_below(draw, 4) * storm_below(draw, 16);
    for (uint64_t i = 0; i < pokes; i++) {
        struct hostile_target target = liar->target;
        uint64_t where = storm_below(draw, 16);
        if (where >= 2) {
            target.bytes += where < 10 ? CONTROL_OFFSET : liar->image_bytes - CAPACITY;
            target.size = where < 10 ? SLOTS_OFFSET - CONTROL_OFFSET + 512 : CAPACITY;
        }
        hostile_poke(&target, draw);
    }
}

// ---- The victims ----

static bool lies_within(const void *bytes, size_t size, const void *outer, size_t outer_size)
{
    uintptr_t at = (uintptr_t)bytes;
    uintptr_t start = (uintptr_t)outer;
    return at >= start && at - start <= outer_size && size <= outer_size - (at - start);
}

static void check_span(struct victim *victim, const void *bytes, size_t size)
{
    const unsigned char *data = victim->memory + (victim->memory_bytes - CAPACITY);
    bool is_in_place = victim->kind == IN_PLACE && lies_within(bytes, size, data, CAPACITY);
    bool is_copy =
        victim->kind != IN_PLACE
        && (lies_within(bytes, size, victim->copy.data, victim->copy.size)
            || lies_within(bytes, size, &victim->reader, sizeof victim->reader)); // its own GAP
    STORM_CHECK(is_in_place || is_copy, "%zu bytes outside, kind %d", size, (int)victim->kind);
    STORM_CHECK((uintptr_t)bytes % MYC_RECORD_ALIGNMENT == 0, "not aligned");
    for (size_t i = 0; i < size; i++) {
        victim->checksum += ((const volatile unsigned char *)bytes)[i];
    }
}

static void on_record(const struct myc_record *record, void *context)
{
    struct victim *victim = context;
    check_span(victim, record->payload, record->size);
    STORM_CHECK(
        record->sequence > victim->sequence,
        "sequence %llu after %llu",
        (unsigned long long)record->sequence,
        (unsigned long long)victim->sequence);
    STORM_CHECK(
        myc_record_is_message(record->type) || record->type == MYC_RECORD_GAP,
        "type %x",
        record->type);
    victim->sequence = record->sequence;
    victim->records++;
}

static void peek_and_consume(struct victim *victim)
{
    size_t bytes_max = storm_below(&victim->draw, 2) == 0 ? SIZE_MAX : 4096;
    struct myc_const_span span = myc_ring_peek(&victim->reader, bytes_max);
    if (span.data == NULL) {
        return;
    }
    check_span(victim, span.data, span.size);
    size_t part = storm_below(&victim->draw, 2) == 0
                      ? span.size
                      : storm_below(&victim->draw, span.size) / 8 * 8;
    myc_ring_consume(&victim->reader, part);
    uint64_t sequence = myc_ring_reader_sequence(&victim->reader);
    STORM_CHECK(sequence >= victim->sequence, "consume goes back");
    victim->sequence = sequence;
}

static void take_some(struct victim *victim)
{
    struct myc_record record;
    for (uint64_t i = storm_below(&victim->draw, TAKE_MAX); i > 0; i--) {
        if (!myc_ring_take(&victim->reader, &record)) {
            break;
        }
        on_record(&record, victim);
    }
    if (storm_below(&victim->draw, 4) != 0) {
        myc_ring_release(&victim->reader);
    }
    // Without, what was taken comes again.
    victim->sequence = myc_ring_reader_sequence(&victim->reader);
}

static void look_at_counters(const struct victim *victim)
{
    struct myc_ring_writer_counters writer;
    struct myc_ring_reader_counters reader;
    enum myc_status status =
        myc_ring_memory_counters(victim->memory, victim->memory_bytes, &writer, NULL);
    STORM_CHECK(
        status == MYC_OK || status == MYC_AGAIN || status == MYC_CORRUPT, "status %d", (int)status);
    myc_ring_page_counters(victim->page, &reader);
}

// Sleeps for a moment, unless the ring says that there is something, or anything else.
static void wait_a_little(struct victim *victim)
{
    uint64_t deadline_ns = storm_below(&victim->draw, 2) * (storm_now_ns() + NAP_NS);
    enum myc_status status = myc_ring_reader_wait(&victim->reader, &victim->waiter, deadline_ns);
    STORM_CHECK(status != MYC_UNSUPPORTED, "it cannot sleep");
    myc_ring_reader_wake(&victim->reader, victim->platform->wait);
}

static void operate(struct victim *victim)
{
    struct myc_ring_reader *reader = &victim->reader;
    switch (storm_below(&victim->draw, 12)) {
    case 0:
        storm_beat(victim->index, "peek, consume");
        peek_and_consume(victim);
        break;
    case 1:
        storm_beat(victim->index, "arm");
        myc_ring_reader_arm(reader);
        (void)myc_ring_is_empty(reader);
        myc_ring_reader_disarm(reader);
        break;
    case 2:
        storm_beat(victim->index, "should_wake_writer");
        (void)myc_ring_reader_should_wake_writer(reader);
        break;
    case 3:
    case 4:
        storm_beat(victim->index, "take, release");
        take_some(victim);
        break;
    case 5:
        storm_beat(victim->index, "counters");
        look_at_counters(victim);
        break;
    case 6:
        storm_beat(victim->index, "wait, wake");
        wait_a_little(victim);
        break;
    default: {
        size_t most = storm_below(&victim->draw, POLL_MAX);
        storm_beat(victim->index, "poll");
        STORM_CHECK(myc_ring_poll(reader, on_record, victim, most) <= most, "too many");
        uint64_t sequence = myc_ring_reader_sequence(reader);
        uint64_t distrusted = myc_ring_reader_distrusted(reader);
        STORM_CHECK(sequence + distrusted >= victim->sequence, "poll goes back");
        victim->sequence = sequence;
        break;
    }
    }
}

static enum myc_status attach(struct victim *victim)
{
    struct myc_ring_reader *reader = &victim->reader;
    storm_beat(victim->index, "attach");
    if (victim->kind == DROP_OLDEST || victim->kind == LATEST) {
        enum myc_ring_resume rule = victim->kind == LATEST ? MYC_RING_LATEST : MYC_RING_DROP_OLDEST;
        return myc_ring_lapping_init(
            reader,
            victim->memory,
            victim->memory_bytes,
            victim->page,
            &victim->ticket,
            rule,
            victim->copy,
            NULL);
    }
    enum myc_status status = myc_ring_reader_init(
        reader, victim->memory, victim->memory_bytes, victim->page, &victim->ticket, NULL);
    if (status == MYC_OK && victim->kind == COPYING) {
        status = myc_ring_reader_copy(reader, victim->copy);
    }
    return status;
}

static void *suffer(void *context)
{
    struct victim *victim = context;
    while (myc_load_acquire_u32(victim->is_ending) == 0) {
        enum myc_status status = attach(victim);
        victim->sequence = victim->ticket.sequence;
        victim->attached += status == MYC_OK ? 1 : 0;
        for (int i = 0; i < OPERATIONS_MAX && status == MYC_OK; i++) {
            operate(victim);
            status = myc_ring_reader_status(&victim->reader);
        }
        victim->corrupt += status == MYC_CORRUPT ? 1 : 0;
        bool is_known = status == MYC_OK || status == MYC_CORRUPT || status == MYC_FENCED
                        || status == MYC_CLOSED || status == MYC_AGAIN;
        STORM_CHECK(is_known, "status %d", (int)status);
    }
    return NULL;
}

// ---- The storm ----

static void prepare_victims(
    struct myc_platform *platform,
    const struct liar *liar,
    const unsigned char *memory,
    unsigned char *pages,
    const struct myc_atomic_u32 *is_ending,
    uint64_t seed)
{
    memset(victims, 0, sizeof victims);
    for (uint32_t i = 0; i < VICTIMS; i++) {
        struct victim *victim = &victims[i];
        victim->kind = (enum victim_kind)i;
        victim->index = i;
        victim->draw.state = seed * 1000 + i;
        victim->memory = memory;
        victim->memory_bytes = liar->image_bytes;
        victim->page = page_at(pages, i);
        victim->ticket = liar->tickets[i];
        victim->is_ending = is_ending;
        victim->platform = platform;
        const struct myc_idle_options block = {.kind = MYC_IDLE_BLOCK, .spin_ns = 1};
        enum myc_status status = myc_ring_waiter_init(&victim->waiter, platform, &block);
        STORM_CHECK(status == MYC_OK, "status %d", (int)status);
        if (victim->kind != IN_PLACE) {
            int file = segment_create("copy", CAPACITY / 4);
            victim->copy.data = segment_map(file, CAPACITY / 4, true);
            victim->copy.size = CAPACITY / 4;
        }
    }
}

// Says that a reader that has just joined was overtaken, and that it goes on further ahead, but
// behind fewer messages than it has seen.
static void turn_back(struct liar *liar)
{
    uint64_t position = liar->tickets[LATEST].position;
    for (size_t copy = 0; copy < 2; copy++) {
        store_word(liar, PROGRESS_OFFSET + copy * 16, position + 4096);
        store_word(liar, PROGRESS_OFFSET + copy * 16 + 8, 1);
    }
    store_word(liar, INTENT_OFFSET, position + CAPACITY + 64);
}

// Lies that nobody changes any more: what waits for them to end waits for ever.
static void stand_still(struct liar *liar)
{
    static const uint16_t lasting[] = {MYC_RECORD_PAD, MYC_RECORD_GAP, 1};
    for (size_t i = 0; i <= (size_t)3 * LENGTHS; i++) {
        uint64_t beats[VICTIMS];
        copy_part(liar, 0, 0, liar->image_bytes);
        if (i < (size_t)3 * LENGTHS) {
            lay_headers(liar, 0, lasting[i % 3], lengths[i / 3]);
        } else {
            turn_back(liar);
        }
        for (uint32_t j = 0; j < VICTIMS; j++) {
            beats[j] = storm_beats(j);
        }
        for (uint32_t j = 0; j < VICTIMS; j++) {
            while (storm_beats(j) - beats[j] < BEATS_STILL) {
                (void)sched_yield(); // The watch ends it.
            }
        }
    }
}

static void report(void)
{
    for (size_t i = 0; i < VICTIMS; i++) {
        const struct victim *victim = &victims[i];
        (void)printf(
            "hostile ring, reader %zu: attached %llu times, %llu records, CORRUPT %llu times\n",
            i,
            (unsigned long long)victim->attached,
            (unsigned long long)victim->records,
            (unsigned long long)victim->corrupt);
        STORM_CHECK(victim->attached > 0 && victim->records > 0, "it was never there");
    }
}

// A ring of memory that this process may write, and readers' pages; readers map it for reading.
static const unsigned char *
share_ring(struct liar *liar, unsigned char **out_pages, const struct myc_ring_options *options)
{
    size_t page_bytes = (size_t)VICTIMS * MYC_RING_PAGE_BYTES;
    liar->image_bytes = myc_ring_memory_size(options);
    *out_pages = segment_map(segment_create("pages", page_bytes), page_bytes, true);
    int file = segment_create("ring", liar->image_bytes);
    unsigned char *writable = segment_map(file, liar->image_bytes, true);
    segment_seal(file);
    // Where the first reader is, for lies that are near the truth.
    liar->target = (struct hostile_target){
        writable, liar->image_bytes, (const struct myc_atomic_u64 *)(void *)*out_pages, 1};
    return segment_map(file, liar->image_bytes, false);
}

void hostile_ring(struct myc_platform *platform, uint64_t seed, uint64_t seconds)
{
    static struct myc_atomic_u32 is_ending;
    static struct liar liar;
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = 8,
        .readers_may_sleep = true,
        .writer_may_sleep = true,
        .readers_may_be_lapped = true};
    unsigned char *pages;
    pthread_t threads[VICTIMS];
    struct storm_draw draw = {seed + 2};
    make_images(&liar, &options);
    const unsigned char *memory = share_ring(&liar, &pages, &options);
    copy_part(&liar, 0, 0, liar.image_bytes);
    prepare_victims(platform, &liar, memory, pages, &is_ending, seed);
    pid_t process = hostile_process_start(lie, &liar, seed + 1);
    storm_watch_start(VICTIMS, STUCK_SECONDS);
    for (size_t i = 0; i < VICTIMS; i++) {
        STORM_CHECK(pthread_create(&threads[i], NULL, suffer, &victims[i]) == 0, "no thread");
    }
    storm_watch_await(0, VICTIMS - 1);
    uint64_t allocations = storm_allocations();
    uint64_t end_ns = storm_now_ns() + seconds * 1000000000;
    while (storm_now_ns() < end_ns) {
        lie(&liar, &draw); // ThreadSanitizer tells mappings apart, and sees no race.
    }
    hostile_process_stop(process);
    stand_still(&liar);
    STORM_CHECK(storm_allocations() == allocations, "somebody allocated");
    myc_store_release_u32(&is_ending, 1);
    for (size_t i = 0; i < VICTIMS; i++) {
        STORM_CHECK(pthread_join(threads[i], NULL) == 0, "no join");
    }
    storm_watch_stop();
    report();
}

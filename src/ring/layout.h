// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The broadcast ring's memory, word by word: header page, control page, slots, sync index, data.
 *
 * Every control word that one side writes while the other reads has a cache line of its own;
 * packing them was measured to cost a half more. All offsets are pinned here and by the golden
 * vector.
 */
#ifndef MYC_RING_LAYOUT_H
#define MYC_RING_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/diagnostic.h>
#include <mycelium/record.h>
#include <mycelium/ring.h>
#include <mycelium/status.h>

enum {
    MYC__RING_LAYOUT_VERSION = 3,
    MYC__RING_KIND_BROADCAST = 1,
    MYC__RING_READY = 1,
    MYC__RING_ALIGNMENT = 4096,  /* of the ring's memory, its parts and its data */
    MYC__RING_SYNC_BYTES = 4096, /* one sync entry for each so many bytes of capacity */
    MYC__RING_FLAG_READERS_SLEEP = 1,
    MYC__RING_FLAG_WRITER_SLEEPS = 2,
    MYC__RING_FLAG_READERS_LAPPED = 4,
    MYC__RING_INTENT_BYTES = 4096 /* the writer announces so many bytes at a time */
};

/** Stored natively: a reader of the other byte order sees it reversed and refuses. */
#define MYC__RING_ENDIAN_MARK UINT32_C(0x01020304)

#define MYC__LINE __attribute__((aligned(64)))

/** The constant part of the header: written before the ready word, never after. */
struct myc__ring_constant {
    uint8_t magic[8];
    uint32_t layout_version;
    uint32_t endian_mark;
    uint32_t kind;
    uint32_t flags;
    uint64_t memory_bytes;
    uint64_t capacity;
    uint64_t record_max; /* header included */
    uint32_t readers_max;
    uint32_t reserved0;
    uint64_t control_offset;
    uint64_t slots_offset;
    uint64_t sync_offset;
    uint64_t data_offset;
    uint64_t publisher_id;
    uint64_t publisher_epoch;
    uint64_t creator_pid;
    uint64_t creator_start_time;
    uint8_t creator_boot_id[16];
    uint8_t contract_digest[MYC_DIGEST_BYTES];
    uint8_t reserved1[80];
    uint64_t checksum; /* of everything before it */
};

_Static_assert(sizeof(struct myc__ring_constant) == 256, "pinned");
_Static_assert(offsetof(struct myc__ring_constant, kind) == 16, "pinned");
_Static_assert(offsetof(struct myc__ring_constant, capacity) == 32, "pinned");
_Static_assert(offsetof(struct myc__ring_constant, control_offset) == 56, "pinned");
_Static_assert(offsetof(struct myc__ring_constant, publisher_id) == 88, "pinned");
_Static_assert(offsetof(struct myc__ring_constant, contract_digest) == 136, "pinned");
_Static_assert(offsetof(struct myc__ring_constant, checksum) == 248, "pinned");

/** The first page. */
struct myc__ring_header {
    struct myc__ring_constant constant;
    MYC__LINE struct myc_atomic_u64 ready; /* 0 until the rest is in place */
};

_Static_assert(offsetof(struct myc__ring_header, ready) == 256, "pinned");

/**
 * A {position, sequence} pair in two copies, so that a reader gets a true pair even from a writer
 * that died between two of its stores.
 */
struct myc__ring_pair {
    struct myc_atomic_u64 position0;
    struct myc_atomic_u64 sequence0;
    struct myc_atomic_u64 position1;
    struct myc_atomic_u64 sequence1;
};

_Static_assert(sizeof(struct myc__ring_pair) == 32, "pinned");

/**
 * What the writer counts, but for what position, sequence and arm word tell: those are stored for
 * each record anyway, these only now and then.
 */
struct myc__ring_writer_counts {
    MYC__LINE struct myc_atomic_u64 skipped; /* bytes before the position that hold no record */
    struct myc_atomic_u64 gapped;            /* messages counted by GAPs */
    struct myc_atomic_u64 full;              /* claims refused for want of room */
    struct myc_atomic_u64 dropped;           /* messages not published: the ring was full */
};

/** The second page: words of the writer that all readers and joiners look at. */
struct myc__ring_control {
    MYC__LINE struct myc_atomic_u64 limit_published;
    MYC__LINE struct myc__ring_pair progress;
    MYC__LINE struct myc_atomic_u64 writer_arm; /* odd: the writer sleeps for room */
    MYC__LINE struct myc_atomic_u64 closed;     /* final position + 1, or 0 */
    MYC__LINE struct myc_atomic_u64 intent;     /* announced: what lies a lap before it may go */
    MYC__LINE struct myc_atomic_u64 announce;   /* how many lapping readers there are */
    struct myc__ring_writer_counts counts;
};

_Static_assert(offsetof(struct myc__ring_control, progress) == 64, "pinned");
_Static_assert(offsetof(struct myc__ring_control, writer_arm) == 128, "pinned");
_Static_assert(offsetof(struct myc__ring_control, closed) == 192, "pinned");
_Static_assert(offsetof(struct myc__ring_control, intent) == 256, "pinned");
_Static_assert(offsetof(struct myc__ring_control, announce) == 320, "pinned");
_Static_assert(offsetof(struct myc__ring_control, counts) == 384, "pinned");
_Static_assert(offsetof(struct myc__ring_writer_counts, dropped) == 24, "pinned");

/** Slot states; the state word is the slot's generation times eight plus one of these. */
enum myc__ring_slot_state {
    MYC__RING_FREE,
    MYC__RING_JOINING, /* counts while inside the window, is ignored outside, never poisoned */
    MYC__RING_ACTIVE,
    MYC__RING_FENCED,
    MYC__RING_LAPPING, /* never waited for */
    MYC__RING_HELD     /* nobody's: its join head gates for a reader who is away, if it is inside */
};

enum { MYC__RING_STATE_BITS = 3, MYC__RING_STATE_MASK = 7 };

/** The state word of a slot. */
static inline uint32_t myc__ring_state_word(uint32_t generation, enum myc__ring_slot_state state)
{
    return generation << MYC__RING_STATE_BITS | (uint32_t)state;
}

struct myc__ring_slot {
    MYC__LINE struct myc_atomic_u32 state;
    struct myc_atomic_u32 bell;      /* counts rings for its reader, who may sleep on it */
    struct myc_atomic_u64 join_head; /* counts until the reader's page says something else than 0 */
    struct myc_atomic_u64 gates;     /* bit i: its reader reads nothing that slot i's has not */
    struct myc_atomic_u32 followers; /* not 0: some reader is gated on this slot's */
};

_Static_assert(sizeof(struct myc__ring_slot) == 64, "pinned");
_Static_assert(offsetof(struct myc__ring_slot, bell) == 4, "pinned");
_Static_assert(offsetof(struct myc__ring_slot, join_head) == 8, "pinned");
_Static_assert(offsetof(struct myc__ring_slot, gates) == 16, "pinned");
_Static_assert(offsetof(struct myc__ring_slot, followers) == 24, "pinned");

/** What a reader counts besides its head, sequence and arm word. */
struct myc__ring_reader_counts {
    MYC__LINE struct myc_atomic_u64 first_sequence; /* messages before it joined */
    struct myc_atomic_u64 skipped; /* bytes before the head that it read no record from */
    struct myc_atomic_u64 gapped;  /* messages counted by GAPs of the ring */
    struct myc_atomic_u64 lost;    /* messages counted by its own GAPs */
    struct myc_atomic_u64 empty;   /* polls that found nothing */
    struct myc_atomic_u64 lag_max; /* bytes */
};

/** A reader's own page, written by the reader only. */
struct myc__ring_page {
    MYC__LINE struct myc_atomic_u64 head;            /* 0: not begun, the slot's join head counts */
    MYC__LINE struct myc_atomic_u64 arm;             /* odd: the reader sleeps */
    MYC__LINE struct myc_atomic_u64 sequence;        /* messages before the head; a hint */
    MYC__LINE struct myc_atomic_u64 acknowledgement; /* not 0: the reader reads no more */
    struct myc__ring_reader_counts counts;
};

_Static_assert(offsetof(struct myc__ring_page, arm) == 64, "pinned");
_Static_assert(offsetof(struct myc__ring_page, sequence) == 128, "pinned");
_Static_assert(offsetof(struct myc__ring_page, acknowledgement) == 192, "pinned");
_Static_assert(offsetof(struct myc__ring_page, counts) == 256, "pinned");
_Static_assert(offsetof(struct myc__ring_reader_counts, lag_max) == 40, "pinned");
_Static_assert(sizeof(struct myc__ring_page) <= MYC_RING_PAGE_BYTES, "one page");

/** What a pair says. */
struct myc__ring_point {
    uint64_t position;
    uint64_t sequence;
};

/**
 * Works out sizes and offsets for a capacity and a number of slots, both already valid, and fills
 * them, the magic and the marks into a zeroed constant part.
 */
void myc__ring_layout_fill(
    struct myc__ring_constant *constant, uint64_t capacity, uint32_t readers_max, uint32_t flags);

/** Whether a capacity and a number of slots are within the limits. */
bool myc__ring_layout_is_possible(uint64_t capacity, uint32_t readers_max);

/** The checksum of a constant part, without its last field. */
uint64_t myc__ring_layout_checksum(const struct myc__ring_constant *constant);

/**
 * Copies the constant part of a ring out of foreign memory once, and checks the copy.
 *
 * Errors: INVALID (alignment), AGAIN (not ready), CORRUPT (the diagnostic names the field).
 */
MYC_MUST_USE enum myc_status myc__ring_layout_check(
    const void *memory,
    size_t memory_bytes,
    struct myc__ring_constant *out_constant,
    struct myc_diagnostic *diagnostic);

/** Stores a pair; the order of the four stores is what makes it readable at any moment. */
static inline void myc__ring_pair_store(struct myc__ring_pair *pair, struct myc__ring_point point)
{
    myc_store_release_u64(&pair->position0, point.position);
    myc_store_release_u64(&pair->sequence0, point.sequence);
    myc_store_release_u64(&pair->position1, point.position);
    myc_store_release_u64(&pair->sequence1, point.sequence);
}

/** Loads a pair. Returns: false if the writer was in the middle; try again. */
bool myc__ring_pair_load(const struct myc__ring_pair *pair, struct myc__ring_point *out_point);

/** The header word of the record at a position. */
static inline struct myc_atomic_u64 *
myc__ring_word(const unsigned char *data, uint64_t capacity, uint64_t position)
{
    return (struct myc_atomic_u64 *)(uintptr_t)(data + (position & (capacity - 1)));
}

#endif

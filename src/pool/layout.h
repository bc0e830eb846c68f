// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The pool's memory: heads of the shared lists, slots of the caches, blocks with their control.
 *
 * The control lies behind its block: a block of up to 48 bytes shares its line with it, whoever
 * uses the block has the line anyway, and no two blocks share one.
 */
#ifndef MYC_POOL_LAYOUT_H
#define MYC_POOL_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/pool.h>
#include <mycelium/status.h>

/**
 * A control word: a mark, the number of a cache (slot index + 1), and references. With no
 * reference the number says where the block is free; 0 is the shared list.
 */
#define MYC__POOL_MARK UINT32_C(0xA0000000)
enum {
    MYC__POOL_MARK_SHIFT = 28,
    MYC__POOL_CACHE_SHIFT = 16,
    MYC__POOL_CACHE_MASK = 0xFFF,
    MYC__POOL_REFERENCES_MASK = 0xFFFF,
    MYC__POOL_NOBODY = 0xFFF /* number of a block that was taken out of circulation */
};

_Static_assert((int)MYC_POOL_CACHES_MAX < (int)MYC__POOL_NOBODY, "numbers of caches fit");
_Static_assert((int)MYC_POOL_REFERENCES_MAX == (int)MYC__POOL_REFERENCES_MASK, "references fit");

/** Behind each block. Links are the indices of blocks plus one; 0 ends. */
struct myc__pool_control {
    struct myc_atomic_u32 state;
    struct myc_atomic_u32 next_batch; /* of the first block of a batch in the shared list */
    uint32_t next;                    /* in its batch; written before the batch is shared */
    uint32_t count;                   /* of the batch's first block: blocks in the batch */
};

_Static_assert(sizeof(struct myc__pool_control) == MYC_POOL_BLOCK_OVERHEAD_BYTES, "pinned");
_Static_assert(offsetof(struct myc__pool_control, next) == 8, "pinned");

#define MYC__POOL_LINE __attribute__((aligned(64)))

/** A shared list: the first block of its first batch plus one, below a tag that always moves. The
 * word behind the lists' is the number of open caches. */
struct myc__pool_head {
    MYC__POOL_LINE struct myc_atomic_u64 word;
};

_Static_assert(sizeof(struct myc__pool_head) == 64, "a line of its own");

/** What a cache tells of one class: totals that only the cache's thread moves. */
struct myc__pool_counters {
    struct myc_atomic_u64 allocated;
    struct myc_atomic_u64 freed;
    struct myc_atomic_u64 exhausted;
    struct myc_atomic_u64 damaged;
    struct myc_atomic_u64 refilled; /* blocks that came from the shared list */
    struct myc_atomic_u64 spilled;  /* blocks given to it */
};

/** A cache's place in the pool; outlives the cache and counts on for the next. */
struct myc__pool_slot {
    MYC__POOL_LINE struct myc_atomic_u32 is_open;
    MYC__POOL_LINE struct myc__pool_counters counters[MYC_POOL_CLASSES_MAX];
};

_Static_assert(offsetof(struct myc__pool_slot, counters) == 64, "opening disturbs no counter");
_Static_assert(sizeof(struct myc__pool_slot) % 64 == 0, "no two caches share a line");
_Static_assert(MYC_POOL_ALIGNMENT == 64, "a line");

/** The control word of a block that is free in the shared list. */
#define MYC__POOL_SHARED_WORD MYC__POOL_MARK

/** The control word for a cache's number and so many references. */
static inline uint32_t myc__pool_word(uint32_t number, uint32_t references)
{
    return MYC__POOL_MARK | number << MYC__POOL_CACHE_SHIFT | references;
}

static inline uint32_t myc__pool_references(uint32_t word)
{
    return word & MYC__POOL_REFERENCES_MASK;
}

/** Whether the pool can have written this word: what lies behind the block is as it left it. */
static inline bool myc__pool_is_word(const struct myc_pool *pool, uint32_t word)
{
    uint32_t number = word >> MYC__POOL_CACHE_SHIFT & MYC__POOL_CACHE_MASK;
    bool is_free_shared = number == 0 && myc__pool_references(word) == 0;
    return word >> MYC__POOL_MARK_SHIFT == MYC__POOL_MARK >> MYC__POOL_MARK_SHIFT
           && (is_free_shared || (number >= 1 && number <= pool->caches_max));
}

static inline struct myc__pool_control *
myc__pool_control(const struct myc__pool_class *class_of, const void *block)
{
    return (struct myc__pool_control
                *)(uintptr_t)((const unsigned char *)block + class_of->control_offset);
}

static inline void *myc__pool_block(const struct myc__pool_class *class_of, uint32_t index)
{
    return class_of->blocks + class_of->stride * index;
}

/**
 * What a pointer's distance from the first block is, divided by a block's bytes; something not
 * below the number of blocks for any pointer that is no block's start.
 *
 * A multiple of the bytes, divided by them, is the multiple times the inverse of their odd part
 * with the zeros at its end rotated out; anything else leaves a quotient that is too large.
 */
static inline uint64_t
myc__pool_quotient(const unsigned char *blocks, const void *block, uint64_t inverse, uint32_t shift)
{
    uint64_t product = (uint64_t)((uintptr_t)block - (uintptr_t)blocks) * inverse;
    return product >> shift | product << (64 - shift);
}

/** The index of a block of this class; not below block_count for any other pointer. */
static inline uint64_t myc__pool_index(const struct myc__pool_class *class_of, const void *block)
{
    return myc__pool_quotient(class_of->blocks, block, class_of->inverse, class_of->shift);
}

/** A counter that only the calling thread moves. */
static inline void myc__pool_count(struct myc_atomic_u64 *counter, uint64_t more)
{
    myc_store_relaxed_u64(counter, myc_load_relaxed_u64(counter) + more);
}

/**
 * Puts `count` free blocks, at least one, into the shared list of their class as one batch; their
 * control words say that they are there already.
 */
void myc__pool_push(const struct myc__pool_class *class_of, void *const *blocks, uint32_t count);

/**
 * Takes a batch out of the shared list; the first of its blocks and how many there are. What the
 * links name is checked as far as they are followed.
 *
 * Returns: false if the list is empty.
 */
bool myc__pool_pop(
    const struct myc__pool_class *class_of, uint32_t *out_index, uint32_t *out_count);

/** The block behind this one in its batch, or false at a link that names none. */
bool myc__pool_next(const struct myc__pool_class *class_of, uint32_t index, uint32_t *out_index);

#endif

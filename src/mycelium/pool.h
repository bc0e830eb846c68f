// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Block pool: blocks of a few fixed sizes, handed between the threads of one process, counted
 * references and a bound that never moves.
 *
 * A pool is laid out once in memory that the caller gives and takes no more. Each thread opens a
 * cache of its own; get and release work on that cache, and only now and then exchange a batch of
 * blocks with a list that all caches share, without a lock. A block may have several references:
 * whoever has one may read it, and the last release gives it to the cache of the thread that
 * released it.
 *
 * Threads: a cache belongs to one thread at a time. retain and statistics may be called from any
 * thread, cache_open from any number of threads at once. What hands a block to another thread must
 * order the two, as a queue does; the pool orders everybody's last use with the next owner's first.
 * Nothing here blocks.
 */
#ifndef MYC_POOL_H
#define MYC_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/diagnostic.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MYC_POOL_CLASSES_MAX = 8,
    MYC_POOL_CACHES_MAX = 4000,
    MYC_POOL_BATCH_MAX = 32,
    MYC_POOL_BATCH_DEFAULT = 16,
    MYC_POOL_BLOCK_BYTES_MAX = 1 << 26,
    MYC_POOL_BLOCKS_MAX = 1 << 24,     /* of one class */
    MYC_POOL_REFERENCES_MAX = 65535,   /* of one block */
    MYC_POOL_ALIGNMENT = 64,           /* of the pool's memory and of every block */
    MYC_POOL_BLOCK_OVERHEAD_BYTES = 16 /* behind each block, before rounding up to the alignment */
};

/** One size of blocks. A block and its overhead fill whole cache lines: 48, 112 and 240 fit best.
 */
struct myc_pool_class_options {
    uint32_t block_bytes; /* 1 to MYC_POOL_BLOCK_BYTES_MAX */
    uint32_t block_count; /* 1 to MYC_POOL_BLOCKS_MAX */
};

struct myc_pool_options {
    struct myc_pool_class_options classes[MYC_POOL_CLASSES_MAX]; /* by rising block_bytes */
    uint32_t class_count;                                        /* 1 to MYC_POOL_CLASSES_MAX */
    uint32_t caches_max; /* open at a time, 1 to MYC_POOL_CACHES_MAX; 0: 16 */
    /* Blocks exchanged with the shared list at a time, 1 to MYC_POOL_BATCH_MAX; 0: the default. A
     * cache keeps at most twice as many idle blocks of a class, which others cannot get. */
    uint32_t batch;
    /* Every release is an exchange. Costs about as much as a get and a release without. Else two
     * threads that release one reference at the same moment, which is wrong, may both be told OK
     * and leave the pool broken when one of them is the thread that got the block. */
    bool checks_races;
};

/* The memory as the library lays it out; see docs/reference/pool.md. */
struct myc__pool_counters;
struct myc__pool_head;
struct myc__pool_slot;

/** The pool; private fields. Placed by the caller, zero before init. */
struct myc_pool;

/** A thread's cache; private fields. Placed by the caller, zero before opening. */
struct myc_pool_cache;

/* ---- Pool ---- */

/** Bytes of memory for these options; 0 if they are invalid. [POOL-1] */
size_t myc_pool_memory_size(const struct myc_pool_options *options);

/**
 * Lays a pool out in `memory`, MYC_POOL_ALIGNMENT-aligned and as long as myc_pool_memory_size()
 * says; it need not be zero. No call after this one takes memory from anywhere. [POOL-2]
 *
 * Ownership: memory and pool stay the caller's; neither moves before myc_pool_deinit().
 * Threads: one; what hands the pool to others orders them behind this call.
 * Errors: INVALID; the diagnostic names the option.
 */
MYC_MUST_USE enum myc_status myc_pool_init(
    struct myc_pool *pool,
    void *memory,
    size_t memory_bytes,
    const struct myc_pool_options *options,
    struct myc_diagnostic *diagnostic);

/**
 * Ends a pool that nobody uses any more. Accepts NULL, a zeroed pool and one that has ended.
 * [POOL-3]
 *
 * Returns: how many blocks are not home: somebody's still, in a cache that was not closed, or lost
 * to a write behind a block's end.
 * Threads: one, after all others are done with the pool.
 */
uint64_t myc_pool_deinit(struct myc_pool *pool);

/** What happened to the blocks of one class, and where they are. */
struct myc_pool_statistics {
    uint32_t block_bytes;
    uint32_t block_count;
    uint64_t allocated; /* blocks that myc_pool_get() gave */
    uint64_t freed;     /* blocks whose last reference was released */
    uint64_t exhausted; /* gets that found no block */
    uint64_t damaged;   /* blocks found other than the pool left them; see myc_pool_release() */
    uint64_t in_use;    /* blocks that somebody has a reference to */
    uint64_t in_caches;
    uint64_t in_shared;
};

/**
 * Reads the statistics of a class, counted from 0 in the order of the options. [POOL-4]
 *
 * While other threads work, each count is one that was true a moment ago, but not all at the same
 * moment; when they rest, all are exact and in_use, in_caches and in_shared add up to block_count
 * unless blocks were damaged. Counts of closed caches are kept.
 * Threads: any. Errors: NOT_FOUND (no such class).
 */
MYC_MUST_USE enum myc_status myc_pool_read_statistics(
    const struct myc_pool *pool, uint32_t index, struct myc_pool_statistics *out_statistics);

/**
 * Whether the shared lists are sound: each block in them once, and free. [POOL-5]
 *
 * Threads: nobody else may use the pool meanwhile. Time: linear in the number of blocks.
 */
bool myc_pool_is_valid(const struct myc_pool *pool);

/* ---- Caches ---- */

/**
 * Opens a cache on a pool, empty.
 *
 * Ownership: the cache stays the caller's and does not move until it is closed; a cache that is
 * abandoned keeps its blocks from all others.
 * Threads: any; then the cache belongs to one thread at a time.
 * Errors: LIMIT (options.caches_max are open), INVALID (it is open already), CLOSED (the pool
 * ended). [POOL-6]
 */
MYC_MUST_USE enum myc_status
myc_pool_cache_open(struct myc_pool_cache *cache, struct myc_pool *pool);

/** Gives the cache's idle blocks to the shared list and closes it. Accepts NULL and a closed cache.
 * [POOL-7] */
void myc_pool_cache_close(struct myc_pool_cache *cache);

/**
 * Gets a block of the smallest class that holds `size` bytes, with one reference. [POOL-8]
 *
 * The block is MYC_POOL_ALIGNMENT-aligned and holds what its last owner left in it.
 * Errors: LIMIT (none in this cache nor in the shared list; the larger classes are not asked),
 * TOO_BIG (for the largest class), CLOSED.
 */
MYC_MUST_USE enum myc_status
myc_pool_get(struct myc_pool_cache *cache, size_t size, void **out_block);

/**
 * Adds `count` references, for as many others to release; the caller has one already. [POOL-9]
 *
 * Threads: any. Errors: INVALID (not a block of this pool, or nobody's), LIMIT (more than
 * MYC_POOL_REFERENCES_MAX), POISONED (somebody wrote behind the block's end).
 */
MYC_MUST_USE enum myc_status
myc_pool_retain(const struct myc_pool *pool, void *block, uint32_t count);

/**
 * Releases one reference; with the last the block is free, and first in this cache. [POOL-10]
 *
 * Errors, after which nothing has changed: INVALID (not the start of a block of this pool, or a
 * block that is nobody's: it was released before); POISONED (somebody wrote behind the block's end;
 * it is lost, and counted as damaged); CLOSED (the cache). A second release is not noticed when the
 * block has a new owner by then: it takes that one's reference; nor, for certain, when both happen
 * at the same moment: see options.checks_races.
 */
MYC_MUST_USE enum myc_status myc_pool_release(struct myc_pool_cache *cache, void *block);

/* ---- Placed structures: fields are private ---- */

struct myc__pool_class {
    unsigned char *blocks;
    struct myc__pool_head *head;
    uint64_t inverse; /* of the odd part of a block's bytes, modulo 2^64 */
    uint32_t shift;   /* the other part */
    uint32_t block_count;
    uint32_t block_bytes;
    uint32_t control_offset; /* in a block's bytes */
    uint64_t stride;         /* a block's bytes with control and padding */
};

struct myc_pool {
    struct myc__pool_class classes[MYC_POOL_CLASSES_MAX];
    struct myc__pool_slot *slots;
    struct myc__pool_head *open_count;
    uint32_t class_count; /* 0: ended */
    uint32_t caches_max;
    uint32_t batch;
    bool checks_races;
};

/* A cache's idle blocks of one class; what comes first is copied from the class. */
struct myc__pool_shelf {
    const unsigned char *class_blocks;
    uint64_t inverse;
    uint32_t shift;
    uint32_t block_count;
    uint32_t block_bytes;
    uint32_t control_offset;
    struct myc__pool_counters *counters;
    uint32_t depth;
    uint32_t index; /* of the class */
    void *blocks[2 * MYC_POOL_BATCH_MAX];
};

struct myc_pool_cache {
    struct myc_pool *pool; /* NULL: closed */
    struct myc__pool_slot *slot;
    uint32_t class_count; /* 0: closed */
    uint32_t capacity;    /* of a shelf: two batches */
    uint32_t free_word;   /* control word of a block that is free in this cache */
    uint32_t owned_word;  /* of one that was got here and has one reference */
    uint32_t plain_word;  /* of one whose release needs no exchange; 0: there is none */
    uint32_t reserved;
    struct myc__pool_shelf shelves[MYC_POOL_CLASSES_MAX];
};

#ifdef __cplusplus
}
#endif

#endif

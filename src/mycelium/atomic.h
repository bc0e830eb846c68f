// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Atomic words, fences and marks for payload bytes that threads or processes share.
 *
 * In production these are the compiler's C11 atomics and plain accesses. In the `simcheck` build
 * (MYC_SIMCHECK defined for the archive and, through its target, for everything that links it)
 * every operation goes through the simulator, which may preempt or kill the caller at that very
 * point. Every acquire in the tree names, in a comment, the release that it pairs with.
 */
#ifndef MYC_ATOMIC_H
#define MYC_ATOMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // C has no other
#endif

/** Words are wrapped so that nobody reads them plainly, and aligned to their size on every CPU. */
struct myc_atomic_u32 {
    uint32_t value;
} __attribute__((aligned(4)));

struct myc_atomic_u64 {
    uint64_t value;
} __attribute__((aligned(8)));

#ifdef MYC_SIMCHECK

enum myc_simcheck_op {
    MYC_SIMCHECK_LOAD,
    MYC_SIMCHECK_STORE,
    MYC_SIMCHECK_EXCHANGE,
    MYC_SIMCHECK_ADD,
    MYC_SIMCHECK_COMPARE_EXCHANGE,
    MYC_SIMCHECK_COMPARE_EXCHANGE_WEAK,
    MYC_SIMCHECK_FENCE,
    MYC_SIMCHECK_PAYLOAD_READ,
    MYC_SIMCHECK_PAYLOAD_WRITE,
    MYC_SIMCHECK_PAYLOAD_COPY,
    /* Notes to the race detector: no points at which anybody is preempted. */
    MYC_SIMCHECK_SPECULATE,
    MYC_SIMCHECK_ACCEPT,
    MYC_SIMCHECK_DISTRUST,
    MYC_SIMCHECK_ANNOUNCE
};

/**
 * Performs one simulated operation on the `size`-byte word at `address`; defined by the harness.
 *
 * `operand` is the value stored, added or swapped in; `expected` the comparand. Returns the value
 * the word had before (the value read, for a load). `order` is an __ATOMIC_* constant.
 */
uint64_t myc_simcheck_atomic(
    enum myc_simcheck_op op,
    void *address,
    uint32_t size,
    uint64_t operand,
    uint64_t expected,
    int order);

/**
 * The weak compare-exchange: true if `*expected` was there and `desired` now is. It may fail for no
 * reason; when it fails `*expected` becomes what a relaxed load saw there.
 */
bool myc_simcheck_compare_exchange_weak(
    void *address, uint32_t size, uint64_t *expected, uint64_t desired, int order);

#define MYC_ATOMIC_LOAD_(type, p, order)                                                           \
    ((type)myc_simcheck_atomic(                                                                    \
        MYC_SIMCHECK_LOAD, (void *)(uintptr_t) & (p)->value, (uint32_t)sizeof(type), 0, 0, order))
#define MYC_ATOMIC_STORE_(type, p, v, order)                                                       \
    ((void)myc_simcheck_atomic(                                                                    \
        MYC_SIMCHECK_STORE, &(p)->value, (uint32_t)sizeof(type), (uint64_t)(v), 0, order))
#define MYC_ATOMIC_RMW_(type, op, builtin, p, v)                                                   \
    ((type)myc_simcheck_atomic(                                                                    \
        op, &(p)->value, (uint32_t)sizeof(type), (uint64_t)(v), 0, __ATOMIC_SEQ_CST))
#define MYC_ATOMIC_FENCE_(order)                                                                   \
    ((void)myc_simcheck_atomic(MYC_SIMCHECK_FENCE, NULL, 0, 0, 0, order))

#else

#define MYC_ATOMIC_LOAD_(type, p, order) (__atomic_load_n(&(p)->value, order))
#define MYC_ATOMIC_STORE_(type, p, v, order) (__atomic_store_n(&(p)->value, (v), order))
#define MYC_ATOMIC_RMW_(type, op, builtin, p, v) (builtin(&(p)->value, (v), __ATOMIC_SEQ_CST))
#define MYC_ATOMIC_FENCE_(order) (__atomic_thread_fence(order))

#endif

/* One family per width: load relaxed/acquire/seq_cst, store relaxed/release/seq_cst, exchange, add.
 */
#define MYC_ATOMIC_FAMILY_(width, type)                                                            \
    static inline type myc_load_relaxed_##width(const struct myc_atomic_##width *word)             \
    {                                                                                              \
        return MYC_ATOMIC_LOAD_(type, word, __ATOMIC_RELAXED);                                     \
    }                                                                                              \
    static inline type myc_load_acquire_##width(const struct myc_atomic_##width *word)             \
    {                                                                                              \
        return MYC_ATOMIC_LOAD_(type, word, __ATOMIC_ACQUIRE);                                     \
    }                                                                                              \
    static inline type myc_load_seq_cst_##width(const struct myc_atomic_##width *word)             \
    {                                                                                              \
        return MYC_ATOMIC_LOAD_(type, word, __ATOMIC_SEQ_CST);                                     \
    }                                                                                              \
    static inline void myc_store_relaxed_##width(struct myc_atomic_##width *word, type value)      \
    {                                                                                              \
        MYC_ATOMIC_STORE_(type, word, value, __ATOMIC_RELAXED);                                    \
    }                                                                                              \
    static inline void myc_store_release_##width(struct myc_atomic_##width *word, type value)      \
    {                                                                                              \
        MYC_ATOMIC_STORE_(type, word, value, __ATOMIC_RELEASE);                                    \
    }                                                                                              \
    static inline void myc_store_seq_cst_##width(struct myc_atomic_##width *word, type value)      \
    {                                                                                              \
        MYC_ATOMIC_STORE_(type, word, value, __ATOMIC_SEQ_CST);                                    \
    }                                                                                              \
    static inline type myc_exchange_##width(struct myc_atomic_##width *word, type value)           \
    {                                                                                              \
        return MYC_ATOMIC_RMW_(type, MYC_SIMCHECK_EXCHANGE, __atomic_exchange_n, word, value);     \
    }                                                                                              \
    static inline type myc_fetch_add_##width(struct myc_atomic_##width *word, type value)          \
    {                                                                                              \
        return MYC_ATOMIC_RMW_(type, MYC_SIMCHECK_ADD, __atomic_fetch_add, word, value);           \
    }

MYC_ATOMIC_FAMILY_(u32, uint32_t)
MYC_ATOMIC_FAMILY_(u64, uint64_t)

/** Stores `desired` if the word holds `expected` (seq_cst); true if it did. */
static inline bool
myc_compare_exchange_u32(struct myc_atomic_u32 *word, uint32_t expected, uint32_t desired)
{
#ifdef MYC_SIMCHECK
    return (uint32_t)myc_simcheck_atomic(
               MYC_SIMCHECK_COMPARE_EXCHANGE, &word->value, 4, desired, expected, __ATOMIC_SEQ_CST)
           == expected;
#else
    return __atomic_compare_exchange_n(
        &word->value, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
#endif
}

/** The same for 64 bits. */
static inline bool
myc_compare_exchange_u64(struct myc_atomic_u64 *word, uint64_t expected, uint64_t desired)
{
#ifdef MYC_SIMCHECK
    return myc_simcheck_atomic(
               MYC_SIMCHECK_COMPARE_EXCHANGE, &word->value, 8, desired, expected, __ATOMIC_SEQ_CST)
           == expected;
#else
    return __atomic_compare_exchange_n(
        &word->value, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
#endif
}

/**
 * The weak form, for loops: stores `desired` if the word holds `*expected` (seq_cst), and true. It
 * may fail for no reason; when it fails `*expected` becomes what a relaxed load saw.
 */
static inline bool
myc_compare_exchange_weak_u32(struct myc_atomic_u32 *word, uint32_t *expected, uint32_t desired)
{
#ifdef MYC_SIMCHECK
    uint64_t seen = *expected;
    bool is_done =
        myc_simcheck_compare_exchange_weak(&word->value, 4, &seen, desired, __ATOMIC_SEQ_CST);
    *expected = (uint32_t)seen;
    return is_done;
#else
    return __atomic_compare_exchange_n(
        &word->value, expected, desired, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
#endif
}

/** The same for 64 bits. */
static inline bool
myc_compare_exchange_weak_u64(struct myc_atomic_u64 *word, uint64_t *expected, uint64_t desired)
{
#ifdef MYC_SIMCHECK
    return myc_simcheck_compare_exchange_weak(&word->value, 8, expected, desired, __ATOMIC_SEQ_CST);
#else
    return __atomic_compare_exchange_n(
        &word->value, expected, desired, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
#endif
}

/** A full fence: orders every earlier access before every later one, across all seq_cst fences. */
static inline void myc_fence_seq_cst(void)
{
    MYC_ATOMIC_FENCE_(__ATOMIC_SEQ_CST);
}

/** Orders every earlier load, plain ones too, before every later access. */
static inline void myc_fence_acquire(void)
{
    MYC_ATOMIC_FENCE_(__ATOMIC_ACQUIRE);
}

/** What came before is ordered before all that is stored afterwards. */
static inline void myc_fence_release(void)
{
    MYC_ATOMIC_FENCE_(__ATOMIC_RELEASE);
}

/** Marks bytes that other threads will read after a release; call after writing, before releasing.
 */
static inline void myc_shared_write(void *bytes, size_t size)
{
#ifdef MYC_SIMCHECK
    (void)myc_simcheck_atomic(MYC_SIMCHECK_PAYLOAD_WRITE, bytes, (uint32_t)size, 0, 0, 0);
#else
    (void)bytes;
    (void)size;
#endif
}

/** Marks bytes another thread wrote; call after acquiring, before reading. */
static inline void myc_shared_read(const void *bytes, size_t size)
{
#ifdef MYC_SIMCHECK
    (void)myc_simcheck_atomic(
        MYC_SIMCHECK_PAYLOAD_READ, (void *)(uintptr_t)bytes, (uint32_t)size, 0, 0, 0);
#else
    (void)bytes;
    (void)size;
#endif
}

/*
 * Reads that may race, as those of a seqlock do: what was read is believed only after a check. A
 * speculation is opened by its owner's address, bytes and words are read, and after the check it is
 * accepted or distrusted. Accepting bytes that somebody was overwriting is a race; distrusting them
 * is not. All of this is for the race detector and costs nothing elsewhere.
 */

/** Marks bytes that another thread may be overwriting, inside a speculation; call before copying.
 */
static inline void myc_shared_copy(const void *bytes, size_t size)
{
#ifdef MYC_SIMCHECK
    (void)myc_simcheck_atomic(
        MYC_SIMCHECK_PAYLOAD_COPY, (void *)(uintptr_t)bytes, (uint32_t)size, 0, 0, 0);
#else
    (void)bytes;
    (void)size;
#endif
}

/**
 * Opens a speculation. With `is_copy` every read in it may race, without only those of bytes whose
 * writer announced that it would not wait for readers.
 */
static inline void myc_shared_speculate(const void *owner, bool is_copy)
{
#ifdef MYC_SIMCHECK
    (void)myc_simcheck_atomic(
        MYC_SIMCHECK_SPECULATE, (void *)(uintptr_t)owner, 0, is_copy ? 1 : 0, 0, 0);
#else
    (void)owner;
    (void)is_copy;
#endif
}

/** Ends a speculation: what was read in it is believed. */
static inline void myc_shared_accept(const void *owner)
{
#ifdef MYC_SIMCHECK
    (void)myc_simcheck_atomic(MYC_SIMCHECK_ACCEPT, (void *)(uintptr_t)owner, 0, 0, 0, 0);
#else
    (void)owner;
#endif
}

/** Ends a speculation: what was read in it is thrown away. */
static inline void myc_shared_distrust(const void *owner)
{
#ifdef MYC_SIMCHECK
    (void)myc_simcheck_atomic(MYC_SIMCHECK_DISTRUST, (void *)(uintptr_t)owner, 0, 0, 0, 0);
#else
    (void)owner;
#endif
}

/** This thread's writes from here on go over bytes that others may still be reading. */
static inline void myc_shared_announce(void)
{
#ifdef MYC_SIMCHECK
    (void)myc_simcheck_atomic(MYC_SIMCHECK_ANNOUNCE, NULL, 0, 0, 0, 0);
#endif
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif

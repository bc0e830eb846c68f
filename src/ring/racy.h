// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Loads of bytes that the writer may be overwriting: they are believed only after a check.
 *
 * They are word by word, so that the compiler can assume nothing of the bytes. ThreadSanitizer
 * knows no fences and takes checked copies for races; it is kept out of them.
 */
#ifndef MYC_RING_RACY_H
#define MYC_RING_RACY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mycelium/atomic.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MYC__RACY_TSAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) && !defined(MYC__RACY_TSAN)
#define MYC__RACY_TSAN 1
#endif

// In the simulator the whole piece was marked: its words are no points of their own.
#ifdef MYC_SIMCHECK
#define MYC__RACY_WORD(p) (*(const volatile uint64_t *)(const void *)(p))
#else
#define MYC__RACY_WORD(p) (myc_load_relaxed_u64((const struct myc_atomic_u64 *)(const void *)(p)))
#endif

enum { MYC__RACY_PIECE = 256 }; /* bytes copied between two points of the simulator */

#if defined(MYC__RACY_TSAN)

/** Loads a header word; no release is acquired by ThreadSanitizer's reckoning. */
static __attribute__((noinline, no_sanitize("thread"))) uint64_t
myc__racy_load(const struct myc_atomic_u64 *word)
{
    return *(const volatile uint64_t *)&word->value;
}

/** Copies `size` bytes, a multiple of 8, from and to 8-aligned addresses. */
static __attribute__((noinline, no_sanitize("thread"))) void
myc__racy_copy(void *target, const void *source, size_t size)
{
    for (size_t i = 0; i < size / 8; i++) {
        ((volatile uint64_t *)target)[i] = ((const volatile uint64_t *)source)[i];
    }
}

#else

/** Loads a header word. */
static inline uint64_t myc__racy_load(const struct myc_atomic_u64 *word)
{
    // Pairs with the publishing release of myc_ring_commit() and myc_ring_fill_end().
    return myc_load_acquire_u64(word);
}

/** Copies `size` bytes, a multiple of 8, from and to 8-aligned addresses. */
static inline void myc__racy_copy(void *target, const void *source, size_t size)
{
    const unsigned char *from = (const unsigned char *)source;
    unsigned char *to = (unsigned char *)target;
    for (size_t at = 0; at < size; at += MYC__RACY_PIECE) {
        size_t end = size - at < MYC__RACY_PIECE ? size : at + MYC__RACY_PIECE;
        myc_shared_copy(from + at, end - at);
        for (size_t i = at; i < end; i += 8) {
            uint64_t word = MYC__RACY_WORD(from + i);
            memcpy(to + i, &word, sizeof word);
        }
    }
}

#endif

#endif

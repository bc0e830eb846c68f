// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Steps: how much the code under test does with an input. A step is a block of its machine code
 * that runs, counted by a call that the compiler puts into each; libc and other libraries are not
 * counted.
 *
 * Only targets that CMakeLists.txt says COUNTED of count, with libFuzzer and in replays without
 * sanitizers; elsewhere all of this is nothing.
 */
#ifndef MYC_FUZZ_STEPS_H
#define MYC_FUZZ_STEPS_H

#include <stddef.h>
#include <stdint.h>

#ifdef MYC_FUZZ_COUNTED

/** Starts counting from 0. */
void fuzz_steps_begin(void);

/**
 * Ends the process if more than `base + per_byte * bytes` steps were made since. libFuzzer is told
 * how near it came, as if that were coverage, and so looks for inputs that make more.
 */
void fuzz_steps_end(size_t bytes, uint64_t base, uint64_t per_byte);

/** The largest share of a bound so far, in per cent. */
unsigned fuzz_steps_peak(void);

#else

static inline void fuzz_steps_begin(void)
{
}

static inline void fuzz_steps_end(size_t bytes, uint64_t base, uint64_t per_byte)
{
    (void)bytes;
    (void)base;
    (void)per_byte;
}

#endif

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What every harness shares: the entry point, and a check that stops the fuzzer.
 */
#ifndef MYC_FUZZ_FUZZ_H
#define MYC_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/** Tries one input; returns 0. Called by libFuzzer, AFL++ and the replay. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Ends the process if a property does not hold, in every build, so that the fuzzer keeps the
 * input. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The code under test of the steps' canary: compiled apart, so that its steps are counted.
 */
#ifndef MYC_FUZZ_STEPS_CANARY_H
#define MYC_FUZZ_STEPS_CANARY_H

#include <stddef.h>
#include <stdint.h>

/** How many of the names, each ended by a comma, are not the same as one before. */
size_t steps_canary_distinct(const uint8_t *bytes, size_t size);

#endif

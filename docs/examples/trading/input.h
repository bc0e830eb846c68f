// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What enters the pipeline: rows of a recording, or rows that a seed makes up.
 *
 * Pure functions: they run in the adapter, in the reference run without messages, and in the
 * simulator.
 */
#ifndef MYC_DOCS_EXAMPLES_TRADING_INPUT_H
#define MYC_DOCS_EXAMPLES_TRADING_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/integer.h>

#include "trading.h"

/** One minute of a pool. */
struct trading_row {
    uint64_t minute; /* since the first row; strictly increasing */
    int32_t tick;    /* at the end of the minute */
    bool has_swap;   /* something was traded; else the amounts are 0 */
    struct myc_u256 liquidity;
    struct myc_u256 amount0_in;
    struct myc_u256 amount1_in;
    struct myc_u256 amount0_out;
    struct myc_u256 amount1_out;
};

/** Where rows come from. A recording that is too short is played again, later in time. */
struct trading_input {
    const struct trading_row *rows; /* NULL: made up from `seed` */
    uint64_t row_count;             /* at least 1 if there are rows */
    uint64_t seed;
};

/** A position in an input; the rows that it yields depend on nothing but the input. */
struct trading_cursor {
    const struct trading_input *input;
    uint64_t index;       /* rows yielded */
    uint64_t minute_base; /* of the present pass over the recording */
    uint64_t random;
    int32_t tick;
};

/** Starts at the first row. The input must outlive the cursor. */
void trading_cursor_init(struct trading_cursor *cursor, const struct trading_input *input);

/** Yields the next row; there is always one. */
void trading_cursor_next(struct trading_cursor *cursor, struct trading_row *out_row);

/** Writes a row's pool state into a message; every byte of it is set. */
void trading_row_to_update(
    const struct trading_row *row,
    uint64_t origin_ns,
    struct trading_pool_state_update *out_update);

/** Writes a row's trade into a message; only for rows that have one. */
void trading_row_to_swap(
    const struct trading_row *row, uint64_t origin_ns, struct trading_v2_swap *out_swap);

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Recordings: comma-separated minutes of a Uniswap v3 pool, checked wholly before anything uses
 * them.
 *
 * The header line names the columns, in any order; columns that the example does not use are
 * skipped.
 */
#ifndef MYC_DOCS_EXAMPLES_TRADING_CSV_H
#define MYC_DOCS_EXAMPLES_TRADING_CSV_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/status.h>

#include "input.h"

/** Rows in memory of the platform they were loaded with. */
struct trading_recording {
    struct trading_row *rows;
    uint64_t row_count;
    size_t bytes;
};

/**
 * Reads all rows out of CSV text; `name` is the file's, for messages.
 *
 * Ownership: the caller ends the recording with trading_recording_deinit().
 * Returns: OK with at least one row; SYNTAX with "name:line: what is wrong"; NO_MEMORY.
 */
MYC_MUST_USE enum myc_status trading_csv_parse(
    struct myc_platform *platform,
    const char *text,
    size_t size,
    const char *name,
    struct trading_recording *out_recording,
    struct myc_diagnostic *diagnostic);

/** The same from a file. Errors: also NOT_FOUND, DENIED, TOO_BIG, IO. */
MYC_MUST_USE enum myc_status trading_csv_load(
    struct myc_platform *platform,
    const char *path,
    struct trading_recording *out_recording,
    struct myc_diagnostic *diagnostic);

/** Frees the rows. Accepts a zeroed recording. */
void trading_recording_deinit(struct myc_platform *platform, struct trading_recording *recording);

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What decoding really does with the messages of another version: samples are written as one
 * descriptor says and read as another one says, and compared field by field.
 *
 * Knows nothing of <mycelium/compat.h>, whose verdicts it judges. Fields are matched by name, those
 * left over by place; a field that the writer lacks must have a value the reader's contract names.
 */
#ifndef MYC_EVOLUTION_ORACLE_H
#define MYC_EVOLUTION_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/schema.h>

enum { ORACLE_WHY_BYTES = 256, ORACLE_PAYLOAD_BYTES = 1 << 16 };

/** SplitMix64: below `bound`. */
uint64_t oracle_draw(uint64_t *random, uint64_t bound);

/**
 * Makes a valid message of the type: extremes of ranges and lengths often, anything in padding.
 * `payload`: ORACLE_PAYLOAD_BYTES, 8-aligned. Returns: bytes.
 */
size_t oracle_make(const struct myc_message_type *type, uint64_t *random, unsigned char *payload);

/**
 * Whether the reader accepts `samples` messages of the writer and finds in each the writer's
 * values; also that it waits for no message the writer does not send first, and listens where the
 * writer sends. `out_why` says what went wrong.
 */
bool oracle_reads(
    const struct myc_message_type *writer,
    const struct myc_message_type *reader,
    uint32_t samples,
    uint64_t *random,
    char out_why[ORACLE_WHY_BYTES]);

/** The same for all messages that the writer's contract knows, and whether the two would talk. */
bool oracle_contract_reads(
    const struct myc_contract *writer,
    const struct myc_contract *reader,
    bool is_writer_older,
    uint32_t samples,
    uint64_t *random,
    char out_why[ORACLE_WHY_BYTES]);

#endif

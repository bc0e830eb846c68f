// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The canonical form of a contract: what two ends must agree on, as text, one fact a line.
 *
 *     mycelium contract 2
 *     contract trading 1297695557 2 1        name, id, version, min_compatible
 *     enum Side closed                       name; closed or open
 *     value BUY 1                            by ascending value
 *     struct Price 16                        name, size
 *     union Detail 64                        name, bytes of its storage
 *     variant limit 1 LimitOrder             name, tag, struct or nothing; by ascending tag
 *     message Order 1031 2 orders 96         name, type id, schema version, topic, size
 *     prior 1011                             type ids, in the contract's order
 *     extent 1 80                            version, size; one line for each version with new
 * fields field side 1 64 optional Side          name, since, offset, type
 *
 * Rules of a field follow its line, in this order and only where the contract has them:
 *
 *     default 0100000000000000               bytes; of vectors and strings those in use; "-": none
 *     min 0x1                                two's complement of 256 bits; floats: bits of a double
 *     max 0x64
 *     length 1 8                             least and most elements or bytes
 *     finite / nonzero / ascii               a line each
 *
 * Types come before messages: enums, structs and unions, each by name, then messages by type id.
 * Only types that a message uses are there. Descriptions, deprecation, secrets and policy are not.
 * The first line names the form: a change of these rules changes every digest.
 */
#ifndef MYC_SCHEMA_CANONICAL_H
#define MYC_SCHEMA_CANONICAL_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>

#include "schema/limits.h"

/** Types that messages use: a work area of about 24 KiB, which its owner need not initialise. */
struct myc__schema_types {
    const struct myc_enum *enums[MYC__SCHEMA_TYPES_MAX];
    const struct myc_struct *structs[MYC__SCHEMA_TYPES_MAX];
    const struct myc_union *unions[MYC__SCHEMA_TYPES_MAX];
    uint32_t enum_count;
    uint32_t struct_count;
    uint32_t union_count;
};

/**
 * Collects the types that messages use, directly or through other types, each kind by name.
 *
 * Types are told apart by their names: two of one name must be the same.
 * Errors: TOO_BIG above MYC__SCHEMA_TYPES_MAX of a kind.
 */
MYC_MUST_USE enum myc_status myc__schema_collect(
    const struct myc_message_type *const *messages,
    uint32_t count,
    struct myc__schema_types *types);

/**
 * Writes the canonical form of a checked contract, terminated if `capacity` is above 0.
 *
 * `out_size` gets the bytes of the whole form without its terminator; what does not fit is cut.
 * Errors: as myc__schema_collect(); then nothing is written.
 */
MYC_MUST_USE enum myc_status myc__schema_write_canonical(
    const struct myc_contract *contract,
    struct myc__schema_types *types,
    char *buffer,
    size_t capacity,
    size_t *out_size);

/** The SHA-256 of the canonical form. Errors: as myc__schema_collect(). */
MYC_MUST_USE enum myc_status myc__schema_canonical_digest(
    const struct myc_contract *contract,
    struct myc__schema_types *types,
    uint8_t out_digest[MYC_DIGEST_BYTES]);

/**
 * The SHA-256 of the lines of one message and of the types it uses: its lines first, then enums,
 * structs and unions. Errors: as myc__schema_collect().
 */
MYC_MUST_USE enum myc_status myc__schema_fingerprint(
    const struct myc_message_type *message,
    struct myc__schema_types *types,
    uint8_t out_fingerprint[MYC_DIGEST_BYTES]);

/**
 * Reads a canonical form back into descriptors, which lie in `memory`; the text is not kept.
 *
 * The bytes may come from a peer: whatever they are, work is bounded by their number, and what is
 * returned keeps the rules of myc_contract_check(). Sizes, offsets and extents must be those that
 * the layout rules give. The digest is computed; fingerprints are left zero, see
 * myc__schema_fingerprint().
 *
 * `memory` is aligned to 8. Ownership: the result lives as long as `memory`.
 * Errors: CORRUPT with the line in the diagnostic; TOO_BIG when `memory_size` is too small.
 */
MYC_MUST_USE enum myc_status myc__schema_read_canonical(
    const char *text,
    size_t size,
    void *memory,
    size_t memory_size,
    const struct myc_contract **out_contract,
    struct myc_diagnostic *diagnostic);

/** Enough memory to read a canonical form of `size` bytes; add the sizes of messages and structs
 * that have defaults. */
size_t myc__schema_canonical_memory(size_t size);

#endif

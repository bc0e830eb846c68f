// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Priors: which messages of a contract came in each stream that a subscriber reads, so that one
 * that requires others can be held back until they came.
 *
 * One bit a message and stream, in memory taken once. A stream is one publisher's incarnation.
 */
#ifndef MYC_BUS_PRIORS_H
#define MYC_BUS_PRIORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/schema.h>

/** Fields are private. */
struct myc__priors {
    uint64_t *bits; /* NULL: no message of the contract requires another */
    uint32_t words; /* of one stream */
    uint32_t streams;
};

/** Bytes that `streams` streams need; 0 if no message requires another. */
size_t myc__priors_bytes(const struct myc_contract *contract, uint32_t streams);

/** Starts with zeroed memory of that size; NULL if it is 0. */
void myc__priors_init(
    struct myc__priors *priors,
    const struct myc_contract *contract,
    uint32_t streams,
    void *memory);

/** Forgets a stream: another incarnation begins. */
void myc__priors_reset(struct myc__priors *priors, uint32_t stream);

/** The message with that index in the contract came. */
void myc__priors_came(struct myc__priors *priors, uint32_t stream, uint32_t index);

/**
 * The first message that the one with that index requires and that did not come in the stream, or
 * NULL. Only those of the same topic can come: a stream has no others.
 */
const struct myc_message_type *myc__priors_missing(
    const struct myc__priors *priors,
    const struct myc_contract *contract,
    uint32_t stream,
    uint32_t index);

#endif

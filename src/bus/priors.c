// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Priors: a row of bits for each stream.
#include "bus/priors.h"

#include <string.h>

static bool is_same_topic(const struct myc_message_type *a, const struct myc_message_type *b)
{
    size_t len = strlen(a->topic);
    return len == strlen(b->topic) && memcmp(a->topic, b->topic, len) == 0;
}

size_t myc__priors_bytes(const struct myc_contract *contract, uint32_t streams)
{
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (contract->messages[i]->prior_count > 0) {
            return (size_t)streams * ((contract->message_count + 63) / 64) * sizeof(uint64_t);
        }
    }
    return 0;
}

void myc__priors_init(
    struct myc__priors *priors, const struct myc_contract *contract, uint32_t streams, void *memory)
{
    priors->bits = memory;
    priors->words = (contract->message_count + 63) / 64;
    priors->streams = streams;
}

void myc__priors_reset(struct myc__priors *priors, uint32_t stream)
{
    if (priors->bits != NULL) {
        memset(priors->bits + (size_t)stream * priors->words, 0, priors->words * sizeof(uint64_t));
    }
}

void myc__priors_came(struct myc__priors *priors, uint32_t stream, uint32_t index)
{
    if (priors->bits != NULL) {
        uint64_t *word = &priors->bits[(size_t)stream * priors->words + index / 64];
        *word |= UINT64_C(1) << index % 64;
    }
}

static bool has_come(const struct myc__priors *priors, uint32_t stream, uint32_t index)
{
    uint64_t word = priors->bits[(size_t)stream * priors->words + index / 64];
    return (word >> index % 64 & 1) != 0;
}

const struct myc_message_type *myc__priors_missing(
    const struct myc__priors *priors,
    const struct myc_contract *contract,
    uint32_t stream,
    uint32_t index)
{
    const struct myc_message_type *type = contract->messages[index];
    // Once it came it may come again: what it requires is there for good.
    if (priors->bits == NULL || type->prior_count == 0 || has_come(priors, stream, index)) {
        return NULL;
    }
    for (uint32_t i = 0; i < type->prior_count; i++) {
        for (uint32_t j = 0; j < contract->message_count; j++) {
            const struct myc_message_type *prior = contract->messages[j];
            if (prior->id == type->priors[i] && is_same_topic(prior, type)
                && !has_come(priors, stream, j)) {
                return prior;
            }
        }
    }
    return NULL;
}

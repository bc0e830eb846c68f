// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Payloads whose size and every byte follow from the message's number.
 */
#ifndef MYC_SYSTEM_STORM_CONTENT_H
#define MYC_SYSTEM_STORM_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mycelium/record.h>
#include <mycelium/schema.h>

static inline uint64_t content_word(uint64_t number, size_t i)
{
    return (number + 1) * UINT64_C(0x9e3779b97f4a7c15) + i * UINT64_C(0xd1342543de82ef95);
}

/** Bytes of message `number`, at most size_max; one in 64 is that large. */
static inline size_t content_size(uint64_t number, size_t size_max)
{
    uint64_t mixed = content_word(number, 7) >> 32;
    size_t bound = mixed % 64 == 0 ? size_max : size_max / 8;
    return mixed % 64 == 0 ? bound : (size_t)(mixed / 64 % (bound + 1));
}

static inline uint16_t content_type(uint64_t number)
{
    return (uint16_t)(MYC_MESSAGE_TYPE_MIN + number % 1000);
}

static inline void content_fill(void *payload, size_t size, uint64_t number)
{
    unsigned char *bytes = (unsigned char *)payload;
    size_t words = size / 8;
    for (size_t i = 0; i < words; i++) {
        uint64_t word = content_word(number, i);
        memcpy(bytes + i * 8, &word, 8);
    }
    uint64_t last = content_word(number, words);
    memcpy(bytes + words * 8, &last, size % 8);
}

static inline bool content_matches(const void *payload, size_t size, uint64_t number)
{
    const unsigned char *bytes = (const unsigned char *)payload;
    size_t words = size / 8;
    uint64_t difference = 0;
    for (size_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, bytes + i * 8, 8);
        difference |= word ^ content_word(number, i);
    }
    uint64_t last = content_word(number, words);
    return difference == 0 && memcmp(bytes + words * 8, &last, size % 8) == 0;
}

/** Whether a message is what its number says, its size and type too. */
static inline bool content_is(const struct myc_record *record, uint64_t number, size_t size_max)
{
    return record->type == content_type(number) && record->size == content_size(number, size_max)
           && content_matches(record->payload, record->size, number);
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Records: the one frame that lies in rings, travels on sockets and is written to files.
 *
 *     offset size
 *     0      2    type id         u16 little-endian; 0 means "not committed"
 *     2      4    length          u32 little-endian, payload bytes
 *     6      2    schema version  u16 little-endian
 *     8      n    payload
 *     8+n    zeros up to a multiple of 8
 *
 * The 8 header bytes are also one aligned word: storing it with release commits the record.
 */
#ifndef MYC_RECORD_H
#define MYC_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"         // functions named like structs
#pragma GCC diagnostic ignored "-Wold-style-cast" // C has no other
#endif

enum {
    MYC_RECORD_HEADER_BYTES = 8,
    MYC_RECORD_ALIGNMENT = 8,

    /* Types of the library's own records. PAD fills a ring's end; the others count as stated. */
    MYC_RECORD_PAD = 0xFF00,      /* skip; counts no sequence number */
    MYC_RECORD_ENVELOPE = 0xFF01, /* metadata of the next record; counts none */
    MYC_RECORD_FRAGMENT = 0xFF02, /* part of a long message; the last part counts one */
    MYC_RECORD_GAP = 0xFF03,      /* struct myc_gap: counts `count` sequence numbers */
    MYC_RECORD_HELLO = 0xFF10,    /* session records, see wire/session.h; they count none */
    MYC_RECORD_WELCOME = 0xFF11,
    MYC_RECORD_REJECT = 0xFF12,
    MYC_RECORD_ANNOUNCE = 0xFF13,
    MYC_RECORD_SUBSCRIBE = 0xFF14,
    MYC_RECORD_ATTACH = 0xFF15,
    MYC_RECORD_UNSUBSCRIBE = 0xFF16,
    MYC_RECORD_ACK = 0xFF17,
    MYC_RECORD_HEARTBEAT = 0xFF18,
    MYC_RECORD_BYE = 0xFF19,
    MYC_RECORD_CONTRACT = 0xFF1A,
    MYC_RECORD_TIME = 0xFF20 /* u64 monotonic ns; in recordings only; counts none */
};

/** A decoded header. */
struct myc_record_header {
    uint16_t type;
    uint16_t version;
    uint32_t length; /* payload bytes */
};

/** One record as a reader sees it. `payload` is 8-aligned and valid until the handler returns. */
struct myc_record {
    uint16_t type;
    uint16_t version;
    uint32_t size; /* payload bytes */
    const void *payload;
    uint64_t sequence; /* of this message, from 1; for a GAP that of the last one lost */
    uint64_t position; /* of the record in its ring, bytes since the ring began */
    /* No record of this batch lies behind it: flush, or sum up, now. False where records do not
     * come in batches, and where the reader was overtaken or taken out inside a batch. */
    bool is_end_of_batch;
};

/** Why messages were lost. X(name, text) */
#define MYC_LOSS_LIST(X)                                                                           \
    X(DROPPED_NEWEST, "the ring was full and the publisher drops the newest")                      \
    X(LAPPED, "the reader was overtaken")                                                          \
    X(DISCONNECTED, "the connection broke and the subscriber rejoined later")                      \
    X(PEER_DIED, "the publisher's process died; how much it had published is unknown")             \
    X(FENCED, "the reader was taken out of the ring")                                              \
    X(REFUSED, "the message broke its contract")

enum myc_loss_cause {
#define MYC_LOSS_ENUM_(name, text) MYC_LOSS_##name,
    MYC_LOSS_LIST(MYC_LOSS_ENUM_)
#undef MYC_LOSS_ENUM_
        MYC_LOSS_COUNT
};

/** Payload of MYC_RECORD_GAP, little-endian. */
struct myc_gap {
    uint64_t count; /* messages lost, at least 1 */
    uint32_t cause; /* enum myc_loss_cause */
    uint32_t reserved;
};

/** Bytes that a record with `size` payload bytes takes: header, payload, zeros. */
static inline uint64_t myc_record_bytes(uint64_t size)
{
    uint64_t most = MYC_RECORD_HEADER_BYTES + size + MYC_RECORD_ALIGNMENT - 1;
    return most - most % MYC_RECORD_ALIGNMENT;
}

/** The header as a word whose bytes in memory are the wire bytes on every host. */
static inline uint64_t myc_record_word(uint16_t type, uint16_t version, uint32_t length)
{
    uint64_t word = (uint64_t)type | (uint64_t)length << 16 | (uint64_t)version << 48;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/** The header behind a word. */
static inline struct myc_record_header myc_record_header(uint64_t word)
{
    struct myc_record_header header;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    header.type = (uint16_t)word;
    header.length = (uint32_t)(word >> 16);
    header.version = (uint16_t)(word >> 48);
    return header;
}

/** Whether a type is a contract's (and so counts one sequence number). */
static inline bool myc_record_is_message(uint16_t type)
{
    return type != 0 && type < MYC_RECORD_PAD;
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif

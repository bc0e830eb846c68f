// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Session records: what two nodes say to each other before and between messages.
 *
 * Each is one record (mycelium/record.h) with a payload of fixed size, little-endian. Encoding
 * writes header and payload; decoding checks every field that has a rule. Bytes in, structs out: no
 * state.
 */
#ifndef MYC_WIRE_SESSION_H
#define MYC_WIRE_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/record.h>
#include <mycelium/ring.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>
#include <mycelium/topology.h>

enum {
    MYC__PROTOCOL_VERSION = 1, /* in the header of every record that is as old as this */
    MYC__PROTOCOL_MIN = 1,
    MYC__PROTOCOL_MAX = 2,   /* 2: contracts that differ are compared */
    MYC__PROTOCOL_FORMS = 2, /* the first that has CONTRACT */
    MYC__CONTRACT_PART_BYTES = 184,
    MYC__TOPIC_BYTES = 64,
    MYC__REJECT_TEXT_BYTES = 72,

    /* Whole records, header included. */
    MYC__HELLO_BYTES = 8 + 192,
    MYC__WELCOME_BYTES = 8 + 56,
    MYC__REJECT_BYTES = 8 + 184,
    MYC__ANNOUNCE_BYTES = 8 + 80,
    MYC__SUBSCRIBE_BYTES = 8 + 24,
    MYC__ATTACH_BYTES = 8 + 40,
    MYC__UNSUBSCRIBE_BYTES = 8 + 16,
    MYC__ACK_BYTES = 8 + 8,
    MYC__HEARTBEAT_BYTES = 8 + 8,
    MYC__BYE_BYTES = 8 + 8,
    MYC__CONTRACT_BYTES = 8 + 8 + MYC__CONTRACT_PART_BYTES,
    MYC__SESSION_BYTES_MAX = 8 + 192
};

/** What a connection is for. */
enum myc__hello_kind { MYC__HELLO_CONTROL, MYC__HELLO_DATA };

/** First record on every connection, from whoever dialled. */
struct myc__hello {
    uint16_t protocol_min;
    uint16_t protocol_max;
    uint16_t kind;
    uint16_t contract_version;
    uint16_t contract_min_compatible;
    uint32_t contract_id;
    uint8_t contract_digest[MYC_DIGEST_BYTES];
    char node[MYC_NAME_BYTES];   /* who dials */
    char target[MYC_NAME_BYTES]; /* whom it means to reach */
    uint64_t node_epoch;
    uint64_t publisher_id; /* DATA only, as the next four */
    uint64_t publisher_epoch;
    uint64_t attempt;     /* grows with each dial for the same publisher */
    uint64_t subscribers; /* how many local subscribers the connection feeds */
    uint64_t now_ns;      /* the dialler's monotonic clock */
    uint32_t form_bytes;  /* of its contract's canonical form; 0: it has none to show */
    uint32_t form_max;    /* bytes of another's form that it has room for */
};

/** The answer that lets the connection live. */
struct myc__welcome {
    char node[MYC_NAME_BYTES];
    uint64_t node_epoch;
    uint64_t sequence; /* DATA: messages published before the first that follows */
    uint64_t now_ns;
};

/** The answer that ends it. */
struct myc__reject {
    enum myc_status status;
    char field[32];
    char theirs[MYC__REJECT_TEXT_BYTES]; /* the dialler's value */
    char ours[MYC__REJECT_TEXT_BYTES];   /* the answerer's value */
};

/** A part of the sender's contract in canonical form; parts come in order. */
struct myc__contract_part {
    uint32_t total; /* bytes of the form, at least 1 */
    uint32_t offset;
    uint32_t size; /* follows from both: as many as there are left, at most 184 */
    unsigned char bytes[MYC__CONTRACT_PART_BYTES];
};

/** A publisher exists. */
struct myc__announce {
    uint64_t publisher_id;
    uint64_t publisher_epoch;
    char topic[MYC__TOPIC_BYTES];
};

/** Asks to read a publisher's ring through shared memory; carries the reader's doorbell. */
struct myc__subscribe {
    uint64_t publisher_id;
    uint64_t publisher_epoch;
    uint64_t subscription; /* comes back in ATTACH */
};

/**
 * Lets the asker in; carries ring segment, page segment and the writer's doorbell, in this order.
 * With ring_bytes 0 it refuses: the ticket's slot is the status, and no handles come along.
 */
struct myc__attach {
    uint64_t subscription;
    uint64_t ring_bytes;
    struct myc_ring_ticket ticket;
};

/** The reader in that slot is done. */
struct myc__unsubscribe {
    uint64_t publisher_id;
    uint32_t slot;
    uint32_t generation;
};

/** Each writes one whole record to `out` (as many bytes as the constant says). */
void myc__hello_encode(const struct myc__hello *hello, unsigned char *out);
void myc__welcome_encode(const struct myc__welcome *welcome, unsigned char *out);
void myc__reject_encode(const struct myc__reject *reject, unsigned char *out);
void myc__announce_encode(const struct myc__announce *announce, unsigned char *out);
void myc__subscribe_encode(const struct myc__subscribe *subscribe, unsigned char *out);
void myc__attach_encode(const struct myc__attach *attach, unsigned char *out);
void myc__unsubscribe_encode(const struct myc__unsubscribe *unsubscribe, unsigned char *out);
void myc__ack_encode(uint64_t sequence, unsigned char *out);
void myc__heartbeat_encode(uint64_t now_ns, unsigned char *out);
void myc__bye_encode(unsigned char *out);
void myc__contract_part_encode(const struct myc__contract_part *part, unsigned char *out);

/**
 * Each reads a payload of `size` bytes. Returns: OK, or CORRUPT naming the field.
 */
MYC_MUST_USE enum myc_status myc__hello_decode(
    const void *payload, size_t size, struct myc__hello *out, struct myc_diagnostic *diagnostic);
MYC_MUST_USE enum myc_status myc__welcome_decode(
    const void *payload, size_t size, struct myc__welcome *out, struct myc_diagnostic *diagnostic);
MYC_MUST_USE enum myc_status myc__reject_decode(
    const void *payload, size_t size, struct myc__reject *out, struct myc_diagnostic *diagnostic);
MYC_MUST_USE enum myc_status myc__announce_decode(
    const void *payload, size_t size, struct myc__announce *out, struct myc_diagnostic *diagnostic);
MYC_MUST_USE enum myc_status myc__subscribe_decode(
    const void *payload,
    size_t size,
    struct myc__subscribe *out,
    struct myc_diagnostic *diagnostic);
MYC_MUST_USE enum myc_status myc__attach_decode(
    const void *payload, size_t size, struct myc__attach *out, struct myc_diagnostic *diagnostic);
MYC_MUST_USE enum myc_status myc__unsubscribe_decode(
    const void *payload,
    size_t size,
    struct myc__unsubscribe *out,
    struct myc_diagnostic *diagnostic);
MYC_MUST_USE enum myc_status myc__ack_decode(
    const void *payload, size_t size, uint64_t *out_sequence, struct myc_diagnostic *diagnostic);
MYC_MUST_USE enum myc_status myc__contract_part_decode(
    const void *payload,
    size_t size,
    struct myc__contract_part *out,
    struct myc_diagnostic *diagnostic);

/**
 * Whether a HELLO and our own contract and protocol can work together.
 *
 * Returns: OK; AGAIN (the contracts differ, but neither is too old for the other: both ends must
 * show each other their canonical forms and compare them); or MISMATCH with a filled `out_reject`
 * naming the first field that differs and both values. `ours` is the HELLO we would send.
 */
MYC_MUST_USE enum myc_status myc__hello_compare(
    const struct myc__hello *theirs, const struct myc__hello *ours, struct myc__reject *out_reject);

#endif

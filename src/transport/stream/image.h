// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Image: one data connection received straight into a ring of this process.
 *
 * Local subscribers read the image ring as they read a publisher's. Its record count plus
 * `sequence_base` is the publisher's sequence. Threads: the agent's.
 */
#ifndef MYC_TRANSPORT_STREAM_IMAGE_H
#define MYC_TRANSPORT_STREAM_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/ring.h>
#include <mycelium/status.h>

#include "transport/stream/channel.h"

enum { MYC__ACK_DELAY_NS = 1000000 };

struct myc__image {
    struct myc_platform *platform;
    struct myc__channel channel; /* owns the stream; handshake and ACKs */
    struct myc_ring_writer ring;
    void *memory;
    uint64_t memory_bytes;
    uint64_t sequence_base;
    uint64_t acknowledged; /* last sequence sent in an ACK */
    uint64_t ack_due_ns;   /* MYC_NEVER: nothing to acknowledge */
    uint64_t unacknowledged_bytes;
    bool is_repeating; /* send the next ACK whether it says something new or not */
    bool is_full;      /* stopped reading until a reader makes room */
    bool is_bye_seen;  /* the publisher ended its stream */
    bool has_begun;    /* a handshake ended before */
};

/** Lays out a fresh image ring in `memory`; the stream comes later. */
MYC_MUST_USE enum myc_status myc__image_init(
    struct myc__image *image,
    struct myc_platform *platform,
    void *memory,
    uint64_t memory_bytes,
    const struct myc_ring_options *options);

/**
 * The handshake ended: the next record has sequence + 1. If the image already holds messages (the
 * connection broke and came back), what was missed is committed as one GAP; MYC_FULL if there is no
 * room for it yet, and nothing happened.
 */
MYC_MUST_USE enum myc_status myc__image_begin(struct myc__image *image, uint64_t sequence);

/** The publisher's sequence received so far. */
uint64_t myc__image_sequence(const struct myc__image *image);

/**
 * Receives for a while. Returns: OK (something came; there may be more), AGAIN, FULL (is_full is
 * set and the writer armed), END (after is_bye_seen or not), RESET, CORRUPT with the byte offset.
 */
MYC_MUST_USE enum myc_status
myc__image_receive(struct myc__image *image, uint64_t now_ns, struct myc_diagnostic *diagnostic);

/** The next ACK is due at once, though it may say nothing new. */
void myc__image_repeat(struct myc__image *image);

/** Sends an ACK if one is due. Returns: OK, AGAIN (later), RESET. */
MYC_MUST_USE enum myc_status
myc__image_acknowledge(struct myc__image *image, uint64_t now_ns, bool is_forced);

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Raw messages on the bus: type id, schema version and bytes, as they are.
 *
 * For relays, bridges and tools, which pass messages on that their own contract knows in part or
 * not at all. A subscriber with `is_raw` is handed every message of its topic as it came, a
 * publisher with `is_raw` may have a topic that its contract does not name, and any publisher may
 * be given messages as bytes. What a relay passes on keeps its type, its version and every byte,
 * among them those that a newer version appended and this program knows nothing of.
 *
 * What the contract does know stays true: a message of a known type is checked like one that comes
 * from outside, and cannot be published on a topic that is not its own.
 */
#ifndef MYC_RAW_H
#define MYC_RAW_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/bus.h>
#include <mycelium/record.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Claims `size` bytes for a message of that type and version; myc_publisher_commit() publishes it,
 * and returns INVALID, with nothing published, if the contract knows the type and the bytes are not
 * valid in that version.
 *
 * Blocking: as the full policy says. Returns: as myc_publisher_claim(); INVALID (the type id is not
 * a message's, no bytes, or the contract has the type on another topic). Owner thread. [RAW-1]
 */
MYC_MUST_USE enum myc_status myc_publisher_claim_raw(
    struct myc_publisher *publisher,
    uint16_t type_id,
    uint16_t version,
    size_t size,
    void **out_payload);

/** Copies a message in and publishes it: claim, copy, commit. Returns: as those. Owner thread. */
MYC_MUST_USE enum myc_status myc_publish_raw(
    struct myc_publisher *publisher,
    uint16_t type_id,
    uint16_t version,
    const void *payload,
    size_t size);

/**
 * Publishes a message that was received, unchanged but for its sequence, which is this publisher's.
 * `record` is what a handler was given. Returns: as myc_publish_raw(). Owner thread. [RAW-2]
 */
MYC_MUST_USE enum myc_status
myc_relay(struct myc_publisher *publisher, const struct myc_record *record);

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Gates between readers of one ring: act only on what the journal has.
 *
 * A gated reader never reads past what the readers in front of it have consumed. It sees their
 * pages, which may be mapped read-only. The writer's process decides who may be gated on whom,
 * since it alone sees the whole: a circle, in which each waits for the next for ever, is refused.
 *
 * In the writer's process, once both are in:
 *
 *     status = myc_ring_gate_allow(&writer, &act_ticket, &journal_ticket, 1, &why);
 *
 * and where the gated reader lives:
 *
 *     const struct myc_ring_upstream journal = {journal_page, journal_ticket};
 *     status = myc_ring_gate_init(&gate, &reader, memory, memory_bytes, &journal, 1, NULL, &why);
 *
 * From then on poll, peek, is_empty and status of that reader heed the gate. Whoever is read in
 * front of others calls myc_ring_reader_wake() after its polls if they sleep
 * (<mycelium/ring_wait.h>).
 */
#ifndef MYC_RING_GATE_H
#define MYC_RING_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/diagnostic.h>
#include <mycelium/ring.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MYC_RING_GATE_MAX = 4 /* readers that one is gated on */ };

/** A reader in front, as a gated one sees it. */
struct myc_ring_upstream {
    const void *page; /* its page, mapped here; read-only is enough */
    struct myc_ring_ticket ticket;
};

/** Zero means default in every field. */
struct myc_ring_gate_options {
    bool goes_on_alone; /* a reader in front that leaves or dies holds back no longer */
};

/** What a reader must not overtake. Placed by the caller; fields are private. */
struct myc_ring_gate {
    struct {
        const struct myc__ring_page *page;
        const struct myc__ring_slot *slot;
        uint32_t state_word; /* what the slot says while that reader is in */
    } upstreams[MYC_RING_GATE_MAX];
    uint32_t count;
    bool goes_on_alone;
};

/**
 * Lets the reader of one ticket be gated on those of others, instead of what it was gated on
 * before; with a count of 0 on nobody. Says so in the ring's memory, where the reader looks.
 *
 * When a reader leaves, what it was gated on and who was gated on it is forgotten.
 * Threads: as myc_ring_join(). Errors: CYCLE (one of them waits for it already, perhaps through
 * others; the diagnostic names the circle), FENCED (a ticket's reader is not in any more, or never
 * gated the writer), INVALID (the count), nothing has changed then. [GATE-1]
 */
MYC_MUST_USE enum myc_status myc_ring_gate_allow(
    struct myc_ring_writer *writer,
    const struct myc_ring_ticket *ticket,
    const struct myc_ring_ticket *upstreams,
    size_t count,
    struct myc_diagnostic *diagnostic);

/** Which slots' readers are gated on this slot's, bit i for slot i. Threads: as allow. */
uint64_t myc_ring_gate_followers(const struct myc_ring_writer *writer, uint32_t slot);

/**
 * Closes the gate of a reader: it reads no record that a reader in front has not consumed, and none
 * of what that one still has in hand. `memory` is the ring's, as for myc_ring_reader_init();
 * `options` may be NULL.
 *
 * When a reader in front leaves or dies, the gated one may still read what that one had consumed;
 * then its status is PEER_DIED, unless the ring has ended there, or with goes_on_alone nothing.
 * Call this again after another allow to go on behind somebody else.
 *
 * Ownership: gate and pages stay the caller's; both outlive the reader, or myc_ring_gate_clear(). A
 * page must not be given to another reader before that. Threads: the reader's.
 * Errors: DENIED (not allowed by the writer's process), INVALID (the count, a page, a lapping
 * reader), CORRUPT (the memory). [GATE-2]
 */
MYC_MUST_USE enum myc_status myc_ring_gate_init(
    struct myc_ring_gate *gate,
    struct myc_ring_reader *reader,
    const void *memory,
    size_t memory_bytes,
    const struct myc_ring_upstream *upstreams,
    size_t count,
    const struct myc_ring_gate_options *options,
    struct myc_diagnostic *diagnostic);

/** Opens the gate: the reader is gated on nobody. Threads: the reader's. */
void myc_ring_gate_clear(struct myc_ring_reader *reader);

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the parts of the bus share: one node's publishers, subscribers, links and data connections.
 *
 * Who may touch what: everything here is guarded by the bus lock, except what is marked atomic,
 * what is marked as its owner thread's, and the rings themselves. The agent holds the lock for a
 * whole turn but never while it waits; publish and poll do not take it.
 *
 * A source is one publisher as one subscriber reads it. Its state says who owns it: FREE and
 * PENDING the agent's side, ACTIVE the subscriber's thread, RELEASED the agent's again.
 */
#ifndef MYC_BUS_INTERNAL_H
#define MYC_BUS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/atomic.h>
#include <mycelium/bus.h>
#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/ring.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>
#include <mycelium/topology.h>

#include "bus/priors.h"
#include "bus/store.h"
#include "core/bits.h"
#include "transport/shm/segment.h"
#include "transport/stream/channel.h"
#include "transport/stream/image.h"
#include "transport/stream/outlet.h"
#include "wire/session.h"

enum {
    MYC__NOTICES_MAX = 32,  /* waiting per publisher; the last tells how many came after it */
    MYC__ACCEPTED_MAX = 16, /* accepted connections before their HELLO */
    MYC__RETIRED_MAX = 128, /* reader pages a publisher's thread has yet to unmap */
    MYC__REMOTES_MAX = MYC_PUBLISHERS_MAX,
    MYC__NO_INDEX = -1
};

/* ---- Subscriber's side ---- */

enum myc__source_state {
    MYC__SOURCE_FREE,
    MYC__SOURCE_PENDING,
    MYC__SOURCE_ACTIVE,
    MYC__SOURCE_RELEASED
};

enum myc__source_kind { MYC__SOURCE_LOCAL, MYC__SOURCE_SHM, MYC__SOURCE_IMAGE };

/** How a source ends once what it holds has been read. */
enum myc__fate {
    MYC__FATE_LIVE,
    MYC__FATE_ENDED,
    MYC__FATE_DIED,
    MYC__FATE_CORRUPT,
    MYC__FATE_FENCED /* by the publisher's node; known to the subscriber's thread first */
};

struct myc__source {
    struct myc_atomic_u32 state; /* enum myc__source_state */
    struct myc_atomic_u32 fate;  /* enum myc__fate; set by the agent while ACTIVE */
    enum myc__source_kind kind;
    int32_t link;  /* SHM, IMAGE */
    int32_t image; /* IMAGE */
    uint32_t generation;
    uint32_t slot;
    uint32_t slot_generation;
    bool is_restart;                 /* an earlier incarnation of that node died */
    bool is_attached;                /* SHM: the reader is on the ring */
    bool is_announced;               /* the subscriber's thread told of the match */
    bool is_winding_up;              /* the subscriber's thread knows that it ends */
    uint64_t end_position;           /* SHM, winding up: a whole ring from there */
    struct myc_publisher *publisher; /* LOCAL */
    uint64_t publisher_id;
    uint64_t publisher_epoch;
    uint64_t sequence_base; /* added to the ring's count */
    uint64_t missed;        /* messages that were there and never came; the owner thread's */
    bool has_unknown;       /* the subscriber was told of a type nobody knows; the same */
    struct myc_handle writer_bell;
    struct myc__segment ring; /* SHM */
    struct myc__segment page; /* SHM */
    void *heap_page;
    struct myc_ring_reader reader; /* the subscriber thread's while ACTIVE */
};

struct myc_subscriber {
    struct myc_bus *bus;
    struct myc_waiter *waiter;
    char topic[MYC__TOPIC_BYTES];
    struct myc_atomic_u32 is_closed;
    struct myc_atomic_u32 matched;
    struct myc_atomic_u32 source_count; /* sources ever used: the poll looks no further */
    struct myc_atomic_u32 turned_away;  /* publishers that have no source */
    /* The owner thread's: */
    uint32_t told_away; /* turned_away, when last told */
    bool is_polling;    /* a handler that closes leaves the sources to the end of the poll */
    uint32_t next;      /* whose turn it is */
    uint32_t last_type; /* index in the contract of the type met last; UINT32_MAX: none */
    struct myc_subscriber_options options;
    struct myc_subscriber_counts counts;
    struct myc_diagnostic failure; /* why it closed itself; OK: it did not */
    struct myc__store store;
    struct myc__priors priors; /* of each source; reset by who takes one */
    void *pages;
    struct myc__source sources[MYC_SOURCES_MAX];
};

/* ---- Publisher's side ---- */

enum myc__slot_kind { MYC__SLOT_FREE, MYC__SLOT_LOCAL, MYC__SLOT_SHM, MYC__SLOT_OUTLET };

/** Who reads a publisher's ring in a slot. */
struct myc__slot {
    enum myc__slot_kind kind;
    int32_t link;
    int32_t outlet;
    uint32_t generation;
    uint64_t base;                       /* sequence at which it joined */
    uint32_t weight;                     /* subscribers behind it */
    struct myc__segment page;            /* SHM */
    struct myc_handle bell;              /* SHM: ours to close */
    bool is_lingering;                   /* SHM: its link ended before it left */
    bool is_known;                       /* SHM: `process` names who reads */
    enum myc_notice_kind lingering_kind; /* what to tell unless it leaves by itself */
    uint64_t lingering_ns;               /* it is taken out then */
    struct myc_process_identity process;
};

/** What a claim is for. */
struct myc__claim {
    uint16_t id;
    uint16_t version;
    size_t least;                       /* bytes that the message must have */
    const struct myc_message_type *raw; /* checked at the commit; NULL: it is not */
};

struct myc_publisher {
    struct myc_bus *bus;
    struct myc_waiter *waiter;
    const char *topic;
    char own_topic[MYC__TOPIC_BYTES]; /* where the contract has no such topic */
    uint64_t id;
    uint64_t epoch;
    struct myc_publisher_options options;
    void *memory; /* of the ring, on the heap or in the segment */
    size_t memory_bytes;
    struct myc__segment segment;
    struct myc_atomic_u32 is_cancelled;
    struct myc_atomic_u32 is_closing; /* the closer wants to hear of every acknowledgement */
    struct myc_atomic_u32 matched;
    struct myc_atomic_u32 outlet_mask; /* bit i: bus->outlets[i] drains this ring */
    struct myc_atomic_u32 bell_lock;
    uint64_t bells_guarded; /* stands for all that it guards, where simcheck looks for races */
    struct myc_atomic_u64 bells[MYC_RING_READERS_MAX]; /* doorbell handles by slot; 0: none */
    struct myc_atomic_u32 notice_count;
    struct myc_notice notices[MYC__NOTICES_MAX];
    struct myc__slot slots[MYC_RING_READERS_MAX];
    struct myc_atomic_u32 retired_count;
    struct myc__segment retired[MYC__RETIRED_MAX]; /* pages of readers that left */
    /* The owner thread's: */
    bool is_closed;
    bool is_claimed;
    struct myc__claim claimed;
    const void *claimed_payload;
    size_t claimed_bytes;
    const struct myc_message_type *checked_type; /* last one that passed the topic check */
    struct myc_ring_writer writer;
};

struct myc__bus_outlet {
    bool is_used;
    bool is_lost;     /* the connection broke; the slot stays until it is known why */
    uint64_t lost_ns; /* when, if so */
    uint32_t generation;
    int32_t link;
    uint32_t slot;
    uint64_t attempt; /* of the HELLO; an older one never replaces it */
    struct myc_publisher *publisher;
    struct myc__outlet outlet;
};

/* ---- Links ---- */

enum myc__link_state {
    MYC__LINK_DOWN,       /* waits for retry_ns, or for the peer to dial */
    MYC__LINK_CONNECTING, /* connect is under way */
    MYC__LINK_GREETING,   /* HELLO sent, WELCOME awaited; contracts may be exchanged meanwhile */
    MYC__LINK_COMPARING,  /* HELLO received, contracts are exchanged */
    MYC__LINK_REFUSED,    /* REJECT sent, the end awaited */
    MYC__LINK_UP
};

/** The contracts that two nodes show each other while they greet, because they differ. */
struct myc__exchange {
    bool is_on;
    bool is_agreed;    /* theirs came whole, and goes with ours */
    uint32_t sent;     /* bytes of ours that were queued */
    uint32_t received; /* bytes of theirs */
    uint32_t total;
    uint8_t digest[MYC_DIGEST_BYTES]; /* of theirs: as it said in HELLO, or as it was read */
    char *text;                       /* options.contract_bytes_max bytes; NULL: ours has no form */
};

/** A publisher of the peer. */
struct myc__remote {
    uint64_t id;
    uint64_t epoch;
    bool is_cut; /* it broke the protocol: never read again */
    bool is_wanted;
    char topic[MYC__TOPIC_BYTES];
};

struct myc__link {
    enum myc__link_state state;
    bool is_dialler; /* we open the control connection */
    bool is_known;   /* peer_epoch is an incarnation not yet declared dead */
    bool was_up;
    bool has_died; /* an earlier incarnation died */
    bool said_bye;
    bool is_silent;     /* it was lost because nothing was heard */
    bool is_peer_known; /* peer_process is who is at the other end */
    uint32_t generation;
    uint32_t interest;
    uint32_t remote_count;
    uint32_t announced; /* bit i: bus->publishers[i] was announced */
    uint64_t peer_epoch;
    uint64_t retry_ns;
    uint64_t backoff_ns;
    uint64_t deadline_ns;    /* of the handshake; MYC_NEVER: none */
    uint64_t grace_ns;       /* a lost link is dead after this; MYC_NEVER: not lost */
    uint64_t beat_ns;        /* while UP: when to say that we are there */
    uint64_t silent_ns;      /* while UP: lost if nothing is heard until then */
    uint64_t greeting_epoch; /* COMPARING: the peer's, if all goes well */
    struct myc__exchange exchange;
    bool is_agreed; /* with the contract of that digest */
    uint8_t peer_digest[MYC_DIGEST_BYTES];
    struct myc_process_identity peer_process; /* SHM */
    struct myc__channel channel;
    struct myc__remote remotes[MYC__REMOTES_MAX];
};

/** A connection before its HELLO. */
struct myc__accepted {
    bool is_used;
    uint32_t generation;
    uint64_t deadline_ns;
    struct myc__channel channel;
};

enum myc__image_state {
    MYC__IMAGE_FREE,
    MYC__IMAGE_WAITING, /* dials at retry_ns */
    MYC__IMAGE_CONNECTING,
    MYC__IMAGE_GREETING,
    MYC__IMAGE_OPEN,
    MYC__IMAGE_ENDED /* no more stream; its sources drain what is there */
};

struct myc__bus_image {
    enum myc__image_state state;
    uint32_t generation;
    int32_t link;
    bool needs_gap; /* WELCOME came, but the ring had no room for the GAP yet */
    uint32_t interest;
    uint64_t welcome_sequence;
    uint64_t publisher_id;
    uint64_t publisher_epoch;
    uint64_t attempt;
    uint64_t retry_ns;
    uint64_t backoff_ns;
    uint64_t deadline_ns;
    uint64_t beat_ns; /* while OPEN: when to acknowledge again though nothing came */
    char topic[MYC__TOPIC_BYTES];
    struct myc_waiter *waiters[MYC_RING_READERS_MAX]; /* of the subscriber in each slot */
    struct myc__image image;
};

/* ---- Bus ---- */

struct myc_bus {
    struct myc_platform *platform;
    const struct myc_contract *contract;
    struct myc_topology topology;
    int32_t self;
    uint64_t node_epoch;
    struct myc_process_identity identity;
    struct myc_bus_options options;
    struct myc_atomic_u32 lock;
    uint64_t guarded; /* stands for all that the lock guards, where simcheck looks for races */
    struct myc_handle poller;
    struct myc_handle doorbell;
    struct myc_handle listener;
    bool is_closed;
    bool is_dirty;  /* something to match, announce or release */
    bool has_links; /* the node talks to others */
    enum myc_status status;
    struct myc_diagnostic diagnostic;
    uint64_t now_ns;      /* of this turn */
    uint64_t listen_ns;   /* when to accept again after it failed; 0: now */
    uint64_t attempts;    /* data connections dialled so far */
    uint64_t refused_ns;  /* a peer had no room for a reader: ask again at this time; 0: none */
    uint64_t due_ns;      /* when the agent must look again by itself */
    uint64_t full_ns;     /* of the last turn that asked the poller */
    uint32_t quick_turns; /* as many as were allowed last */
    uint32_t quick_left;  /* turns that may go without asking the poller */
    bool has_quick_data;  /* since the poller was last asked */
    uint32_t quick_mask;  /* bit i: images[i] is open and has room; 0: ask the poller */
    size_t progress;      /* of this turn, outside the poller's events */
    uint32_t lingering;   /* slots that do */
    uint32_t publisher_count;
    uint32_t subscriber_count;
    void *contract_memory; /* for one contract that is compared */
    size_t contract_memory_bytes;
    struct myc_publisher *publishers[MYC_PUBLISHERS_MAX];
    struct myc_subscriber *subscribers[MYC_SUBSCRIBERS_MAX];
    struct myc__link links[MYC_NODES_MAX]; /* by node index */
    struct myc__accepted accepted[MYC__ACCEPTED_MAX];
    struct myc__bus_outlet outlets[MYC_OUTLETS_MAX];
    struct myc__bus_image images[MYC_IMAGES_MAX];
};

/* What a poller token names: kind, index, generation. */
enum myc__token_kind {
    MYC__TOKEN_DOORBELL = 1,
    MYC__TOKEN_LISTENER,
    MYC__TOKEN_ACCEPTED,
    MYC__TOKEN_LINK,
    MYC__TOKEN_OUTLET,
    MYC__TOKEN_IMAGE
};

static inline uint64_t myc__token(enum myc__token_kind kind, uint32_t index, uint32_t generation)
{
    return (uint64_t)kind << 56 | (uint64_t)index << 32 | generation;
}

/* ---- lock.c ---- */

/** The bus lock: sleeps in the platform's wait when contended. Not recursive. */
void myc__bus_lock(struct myc_bus *bus);
void myc__bus_unlock(struct myc_bus *bus);

/* ---- bus.c ---- */

/** Remembers that the agent must look at everything again, and wakes it. Call with the lock. */
void myc__bus_mark(struct myc_bus *bus);

/** Makes the agent look again at `deadline_ns` at the latest. Call with the lock. */
void myc__bus_due(struct myc_bus *bus, uint64_t deadline_ns);

/** Records why this node cannot work with a peer; the first reason stays. Call with the lock. */
void myc__bus_fail(
    struct myc_bus *bus, enum myc_status status, const struct myc_diagnostic *diagnostic);

/** A number that depends on every bit of both (Steele, Lea, Flood: SplitMix, the 64-bit finalizer).
 */
uint64_t myc__bus_mix(uint64_t a, uint64_t b);

/** Equality of terminated strings. */
bool myc__text_equals(const char *a, const char *b);

/** Copies a terminated string, cut to `capacity`. */
void myc__text_copy(char *target, size_t capacity, const char *source);

/* ---- publisher.c ---- */

/** Rings the readers that sleep after commits. Owner thread. */
void myc__publisher_ring_sleepers(struct myc_publisher *publisher);

/** Sets or forgets the doorbell of a slot; forgetting waits until nobody is ringing it. */
void myc__publisher_set_bell(
    struct myc_publisher *publisher, uint32_t slot, struct myc_handle bell);

/** A slot got a reader, or loses it; adds the notice and wakes the owner. Call with the lock. */
void myc__publisher_slot_joined(
    struct myc_publisher *publisher,
    const struct myc_ring_ticket *ticket,
    const struct myc__slot *slot);
void myc__publisher_slot_left(
    struct myc_publisher *publisher, uint32_t slot, enum myc_notice_kind kind, uint64_t last);

/**
 * Gives a left reader's page to the publisher's thread, which unmaps it: that thread may be looking
 * at the page right now, under no lock. Call with the lock.
 */
void myc__publisher_retire(struct myc_publisher *publisher, const struct myc__segment *page);

/** Whether another reader of another process may join: it is not closing, and can retire pages. */
bool myc__publisher_has_room(const struct myc_publisher *publisher);

/** Frees a publisher and everything in its slots. */
void myc__publisher_free(struct myc_publisher *publisher);

/** The publisher with that identity, or NULL. Call with the lock. */
struct myc_publisher *myc__bus_find_publisher(struct myc_bus *bus, uint64_t id, uint64_t epoch);

/* ---- subscriber.c ---- */

/** Frees a subscriber whose sources are all free. */
void myc__subscriber_free(struct myc_subscriber *subscriber);

/** A free source made PENDING, or NULL. Call with the lock. */
struct myc__source *myc__subscriber_take_source(struct myc_subscriber *subscriber);

/** Hands a PENDING source that is filled in to the subscriber's thread. Call with the lock. */
void myc__subscriber_activate(struct myc_subscriber *subscriber, struct myc__source *source);

/** Tells how an ACTIVE source ends and wakes the subscriber. Call with the lock. */
void myc__subscriber_doom(
    struct myc_subscriber *subscriber, struct myc__source *source, enum myc__fate fate);

/** Joins every local publisher and subscriber of the same topic that have not met. With the lock.
 */
void myc__bus_match_local(struct myc_bus *bus);

/** Whether that subscriber already reads that publisher. Call with the lock. */
bool myc__subscriber_has_source(
    const struct myc_subscriber *subscriber, uint64_t publisher_id, uint64_t publisher_epoch);

/** Whether there is a source for another publisher. Call with the lock. */
bool myc__subscriber_has_room(const struct myc_subscriber *subscriber);

/** Whether a poll would tell or deliver something. Owner thread. */
bool myc__subscriber_has_news(struct myc_subscriber *subscriber);

/**
 * Says in a SHM source's page, if it has one, that it reads no more: a publisher that lost our link
 * waits for that. Whoever owns the source.
 */
void myc__source_leave(struct myc__source *source);

/** Ends a LOCAL source: gives its slot back. Call with the lock. */
void myc__source_release_local(struct myc__source *source);

/* ---- judge.c ---- */

/** What becomes of a message. */
enum myc__verdict {
    MYC__VERDICT_DELIVER,
    MYC__VERDICT_UNKNOWN, /* deal with it as the policy says */
    MYC__VERDICT_INVALID,
    MYC__VERDICT_PREMATURE
};

/** Bytes of the fixed part in that version of a type, ours if it is newer; 0: there was none such.
 */
uint32_t myc__message_least(const struct myc_message_type *type, uint16_t version);

/**
 * Whether the payload is one of that type: long enough for the record's version, and valid.
 *
 * Returns: OK, or CORRUPT with field and rule.
 */
MYC_MUST_USE enum myc_status myc__message_check(
    const struct myc_message_type *type,
    const struct myc_record *record,
    struct myc_diagnostic *diagnostic);

/**
 * Looks at a message before it is handed over, and remembers it as come if it will be. `out_why` is
 * written only if it is INVALID or PREMATURE. Owner thread.
 */
enum myc__verdict myc__judge(
    struct myc_subscriber *subscriber,
    const struct myc__source *source,
    const struct myc_record *record,
    const struct myc_message_type **out_type,
    struct myc_diagnostic *out_why);

/* ---- publisher.c ---- */

/** Claims as myc_publisher_claim() does, of a type that may belong to the topic. */
MYC_MUST_USE enum myc_status myc__publisher_claim(
    struct myc_publisher *publisher,
    const struct myc__claim *claim,
    size_t size,
    void **out_payload);

/* ---- raw.c ---- */

/** Whether a topic that is not the contract's can be one. Returns: OK, INVALID. */
MYC_MUST_USE enum myc_status myc__topic_check(const char *topic, struct myc_diagnostic *diagnostic);

/** Whether what was claimed as bytes of a known type is valid. Owner thread. */
bool myc__raw_is_sound(const struct myc_publisher *publisher, size_t size);

/* ---- room.c ---- */

/** Counts for each subscriber the publishers there is no room to read. Call with the lock. */
void myc__room_count(struct myc_bus *bus);

/* ---- link.c ---- */

/** The HELLO this node sends to that peer. */
void myc__link_hello(const struct myc_bus *bus, int32_t peer, struct myc__hello *out_hello);

/** Dials, times out, declares dead: whatever is due. Call with the lock. */
void myc__link_step(struct myc_bus *bus, int32_t index);

/** Announces publishers the peer does not know yet. Call with the lock. */
void myc__link_announce(struct myc_bus *bus, int32_t index);

/** Handles readiness of a link's stream. Call with the lock. */
void myc__link_event(struct myc_bus *bus, int32_t index, uint32_t events);

/** Queues a record on a link and writes what goes. False: the queue is full or the link broke. */
bool myc__link_send(
    struct myc_bus *bus,
    int32_t index,
    const unsigned char *record,
    size_t size,
    const struct myc_handle *handles,
    size_t handle_count);

/**
 * Takes over an accepted connection whose HELLO named this link; if the contracts differ, they are
 * exchanged before it is welcome. Call with the lock.
 */
void myc__link_accept(
    struct myc_bus *bus,
    int32_t index,
    struct myc__accepted *accepted,
    const struct myc__hello *hello,
    bool is_differing);

/** Whether that is the contract which the link's peer was welcomed with. Call with the lock. */
bool myc__link_has_agreed(
    const struct myc_bus *bus, int32_t index, const uint8_t digest[MYC_DIGEST_BYTES]);

struct myc__dispute;

/** Our contract and the peer's do not go together: the bus says so. Call with the lock. */
void myc__link_disagrees(struct myc_bus *bus, int32_t index, const struct myc__dispute *dispute);

/** Says why not, and waits for the peer to end the connection. Call with the lock. */
void myc__link_refuse(struct myc_bus *bus, int32_t index, const struct myc__reject *reject);

/** Says BYE and that nothing follows; a link that is not up is closed. Call with the lock. */
void myc__link_say_bye(struct myc_bus *bus, int32_t index);

/**
 * After BYE: reads on and throws away. True once the peer ended its side: closing with bytes unread
 * could destroy the BYE on its way. Call with the lock.
 */
bool myc__link_is_answered(struct myc_bus *bus, int32_t index);

/** Closes; the peer is gone for us. Call with the lock. */
void myc__link_close(struct myc_bus *bus, int32_t index);

/** Closes a link after an error of the peer's. Call with the lock. */
void myc__link_lost(struct myc_bus *bus, int32_t index);

/** Receives what the peer said. Call with the lock. */
void myc__link_hear(struct myc_bus *bus, int32_t index);

/* ---- agree.c ---- */

/** Takes the memory that exchanges need, if our contract can be shown. Errors: NO_MEMORY. */
MYC_MUST_USE enum myc_status myc__agree_reserve(struct myc_bus *bus);

/** Gives it back. */
void myc__agree_free(struct myc_bus *bus);

/** Starts an exchange on a link; `digest` is what the peer said, NULL: it said none. */
void myc__agree_begin(struct myc_bus *bus, int32_t index, const uint8_t *digest);

/** Queues what there is room for. The caller flushes. Call with the lock. */
void myc__agree_pump(struct myc_bus *bus, int32_t index);

/**
 * Takes a CONTRACT record. Returns: OK (more to come, or is_agreed is set), CORRUPT (it broke the
 * protocol), MISMATCH (the contracts do not go together: `out_reject` says why, its `theirs` being
 * the dialler's). Call with the lock.
 */
MYC_MUST_USE enum myc_status myc__agree_hear(
    struct myc_bus *bus,
    int32_t index,
    const struct myc_record *record,
    struct myc__reject *out_reject);

/** Whether both contracts were shown whole, and go together. */
bool myc__agree_is_done(const struct myc_bus *bus, int32_t index);

/* ---- compare.c ---- */

/** What is wrong between two contracts. */
struct myc__dispute {
    char field[32]; /* message and field, or what the contracts say of themselves */
    char ours[MYC__REJECT_TEXT_BYTES];
    char theirs[MYC__REJECT_TEXT_BYTES];
};

/**
 * Reads a peer's contract into `memory` and compares it with ours: both must have the same id, take
 * each other's version, and of the messages that both know each must read what the other writes.
 *
 * Returns: OK with the digest of theirs; CORRUPT (no canonical form); MISMATCH with the dispute.
 */
MYC_MUST_USE enum myc_status myc__contracts_compare(
    const struct myc_contract *ours,
    const char *form,
    size_t size,
    void *memory,
    size_t memory_bytes,
    uint8_t out_digest[MYC_DIGEST_BYTES],
    struct myc__dispute *out_dispute);

/* ---- heartbeat.c ---- */

/** Fills in what the options leave to us. */
void myc__heartbeat_defaults(struct myc_bus_options *options);

/** When to speak next; MYC_NEVER where the kernel tells of every end. Call with the lock. */
uint64_t myc__heartbeat_next(const struct myc_bus *bus);

/** The peer said something. Call with the lock. */
void myc__heartbeat_heard(struct myc_bus *bus, int32_t index);

/** Speaks when it is time, and loses a link that has been silent too long. Call with the lock. */
void myc__heartbeat_step(struct myc_bus *bus, int32_t index);

/* ---- accept.c ---- */

/** Accepts what waits at the listener. Call with the lock. */
void myc__accept_event(struct myc_bus *bus);

/** Handles readiness of a connection before its HELLO. Call with the lock. */
void myc__accepted_event(struct myc_bus *bus, uint32_t index);

/** Times out connections that never said HELLO, and listens again after a pause. Call with the
 * lock. */
void myc__accepted_step(struct myc_bus *bus);

/** Answers with REJECT and closes. Call with the lock. */
void myc__accepted_reject(
    struct myc_bus *bus, struct myc__accepted *accepted, const struct myc__reject *reject);

/* ---- goodbye.c ---- */

/**
 * Says BYE to every peer and on the data connections of closed publishers, waits a moment until the
 * peers answered, and closes the links. Call with the lock, once the bus is marked as closed.
 */
void myc__goodbye(struct myc_bus *bus);

/* ---- outbound.c ---- */

/** A data connection's HELLO arrived: opens an outlet or rejects. Call with the lock. */
void myc__outbound_accept(
    struct myc_bus *bus,
    int32_t link,
    struct myc__accepted *accepted,
    const struct myc__hello *hello);

/** Handles readiness of an outlet's stream. Call with the lock. */
void myc__outbound_event(struct myc_bus *bus, uint32_t index, uint32_t events);

/** Gives up a broken outlet whose node lives on and did not dial again. Call with the lock. */
void myc__outbound_step(struct myc_bus *bus, uint32_t index);

/** A peer asks to read a ring through shared memory. False: protocol error. Call with the lock. */
bool myc__outbound_subscribe(
    struct myc_bus *bus,
    int32_t link,
    const struct myc__subscribe *subscribe,
    struct myc_handle bell);

/** A peer's reader is done. Call with the lock. */
void myc__outbound_unsubscribe(
    struct myc_bus *bus, int32_t link, const struct myc__unsubscribe *unsubscribe);

/** Takes every reader of a dead or gone peer out of our rings. Call with the lock. */
void myc__outbound_drop_link(struct myc_bus *bus, int32_t link, enum myc_notice_kind kind);

/** Takes a reader of another process out of the ring. Call with the lock. */
void myc__outbound_free_slot(
    struct myc_publisher *publisher, uint32_t index, enum myc_notice_kind kind);

/* ---- linger.c ---- */

/** The control connection of a slot's reader ended. Call with the lock. */
void myc__slot_unlinked(struct myc_publisher *publisher, uint32_t index, enum myc_notice_kind kind);

/** Takes out whoever left, ended or had its time. Call with the lock. */
void myc__linger_step(struct myc_bus *bus);

/** This node closes: nobody is waited for any more. Call with the lock. */
void myc__linger_close(struct myc_bus *bus);

/* ---- inbound.c ---- */

/** Asks for, dials or frees what the subscribers' topics call for. Call with the lock. */
void myc__inbound_match(struct myc_bus *bus);

/** Dials, times out, acknowledges: whatever is due for one image. Call with the lock. */
void myc__inbound_step(struct myc_bus *bus, uint32_t index);

/** Handles readiness of an image's stream. Call with the lock. */
void myc__inbound_event(struct myc_bus *bus, uint32_t index, uint32_t events);

/**
 * Whether nothing but the data of open images is awaited from images: bit i set for images[i] that
 * is open and has room, 0 if there is none or any other is on its way. Call with the lock.
 */
uint32_t myc__inbound_open_mask(const struct myc_bus *bus);

/** Reads the open images of a mask without asking the poller. Call with the lock. */
void myc__inbound_read(struct myc_bus *bus, uint32_t mask);

/** A peer let us into a ring. False: protocol error. Call with the lock. */
bool myc__inbound_attach(
    struct myc_bus *bus,
    int32_t link,
    const struct myc__attach *attach,
    const struct myc_handle handles[MYC__RECORD_HANDLES_MAX]);

/** A peer does not let us into a ring: it ends, or has no room. False: protocol error. Call with
 * the lock. */
bool myc__inbound_refused(struct myc_bus *bus, int32_t link, const struct myc__attach *attach);

/** This node is closing: ends an image. Call with the lock. */
void myc__inbound_close(struct myc_bus *bus, uint32_t index);

/** The peer of a link is gone: dooms its sources. Call with the lock. */
void myc__inbound_drop_link(struct myc_bus *bus, int32_t link, enum myc__fate fate);

/** Closes a released source that was not local. Call with the lock. */
void myc__inbound_release(struct myc_bus *bus, struct myc__source *source);

#endif

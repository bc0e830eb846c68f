// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The bus: topics, publishers and subscribers of one node, and its links to other nodes.
 *
 * A publisher owns one ring. Subscribers of the same node read it in place; subscribers of other
 * nodes read it in place through shared memory, or get its bytes over a socket into a ring of their
 * own. Order holds per publisher; every message a subscriber misses is reported to it as a notice
 * before the next message.
 *
 * Threads: bus calls are for any thread. A publisher and a subscriber belong to the thread of the
 * waiter they were created with. The bus has one agent, myc_bus_work(), which does what no caller's
 * thread is there to do: accept, handshake, receive, and send what a socket did not take at once.
 */
#ifndef MYC_BUS_H
#define MYC_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/record.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>
#include <mycelium/topology.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // functions named like structs
#endif

enum {
    MYC_PUBLISHERS_MAX = 32,  /* per node */
    MYC_SUBSCRIBERS_MAX = 32, /* per node */
    MYC_SOURCES_MAX = 16,     /* publishers one subscriber reads at the same time */
    MYC_OUTLETS_MAX = 32,     /* data connections a node sends on */
    MYC_IMAGES_MAX = 16       /* data connections a node receives on */
};

struct myc_bus;
struct myc_publisher;
struct myc_subscriber;

/* ---- Waiting ---- */

/**
 * What one thread sleeps on: a poller and a doorbell that whoever has news for the thread rings.
 * Placed by the caller; fields are private.
 */
struct myc_waiter {
    struct myc_platform *platform;
    struct myc_handle poller;
    struct myc_handle doorbell;
};

/** Opens a waiter. Errors: LIMIT. Close it after everything created with it. */
MYC_MUST_USE enum myc_status
myc_waiter_open(struct myc_waiter *waiter, struct myc_platform *platform);

/** Closes a waiter. Accepts a zeroed one. */
void myc_waiter_close(struct myc_waiter *waiter);

/** Rings: the thread's present or next wait returns. Threads: any. */
void myc_waiter_ring(struct myc_waiter *waiter);

/**
 * Forgets earlier rings. Owner thread: clear, then look at everything you wait for, then wait.
 */
void myc_waiter_clear(struct myc_waiter *waiter);

/* ---- Bus ---- */

struct myc_bus_options {
    const struct myc_topology *topology; /* copied; must pass myc_topology_check() */
    const char *node;                    /* which of its nodes this is */
    const struct myc_contract *contract; /* outlives the bus */
    uint64_t ring_bytes;                 /* of each publisher and image ring; 0: 256 KiB */
    uint64_t handshake_timeout_ns;       /* 0: 5 s */
    uint64_t link_grace_ns;        /* TCP: how long a lost link may take to return; shared memory:
                                      how long a reader that lost its link and lives may take to
                                      notice; 0: 500 ms */
    uint64_t heartbeat_ns;         /* TCP: how often a node says that it is there; 0: 500 ms */
    uint64_t heartbeat_timeout_ns; /* TCP: a link on which nothing is heard for so long is lost;
                                      more than the peers' heartbeat_ns; 0: 4 of our own */
    uint32_t contract_bytes_max; /* canonical form of a peer's contract, shown when it differs from
                                    ours: longer ones are refused; 0: 4 times our own and at least
                                    16 KiB. Memory for one a peer is taken at creation */
};

/**
 * Creates a bus: takes all its memory, listens at its node's address.
 *
 * Errors: INVALID, NOT_FOUND (no such node), NO_MEMORY, IN_USE, DENIED, LIMIT, IO.
 */
MYC_MUST_USE enum myc_status myc_bus_create(
    struct myc_platform *platform,
    const struct myc_bus_options *options,
    struct myc_bus **out_bus,
    struct myc_diagnostic *diagnostic);

/**
 * One turn of the agent: handles what is ready, sends what is due. Returns the amount of work done.
 * Threads: one thread at a time. Blocking: until `deadline_ns` if there is nothing to do (0:
 * never). In a busy loop with 0, most turns only receive from open connections; at the latest
 * after 20 us or 15 such turns one looks at everything.
 */
size_t myc_bus_work(struct myc_bus *bus, uint64_t deadline_ns);

/** Makes the agent's present or next turn return. Threads: any. */
void myc_bus_wake(struct myc_bus *bus);

/**
 * How the bus is: OK, or why a peer and this node cannot work together (MISMATCH: the diagnostic
 * names the node, the field and both values; of contracts that differ both versions, the message
 * and its field). Nothing is delivered between two nodes before their contracts were found to
 * be the same, or each able to read what the other writes. Threads: any. [BUS-6]
 */
enum myc_status myc_bus_status(struct myc_bus *bus, struct myc_diagnostic *diagnostic);

/** Says goodbye to every peer and stops listening. Publishers should be closed before. */
void myc_bus_close(struct myc_bus *bus);

/** Frees everything, closed or not. Accepts NULL. No thread may be inside any call. */
void myc_bus_destroy(struct myc_bus *bus);

/* ---- Notices ---- */

/** X(name, text): what happens to a publisher or subscriber besides messages. */
#define MYC_NOTICE_LIST(X)                                                                         \
    X(MATCHED, "a peer joined")                                                                    \
    X(UNMATCHED, "a peer left after goodbye")                                                      \
    X(GAP, "messages were lost")                                                                   \
    X(PEER_DIED, "the peer's process died")                                                        \
    X(PEER_RESTARTED, "the peer is a new incarnation")                                             \
    X(CORRUPT, "the peer broke the protocol and was cut off")                                      \
    X(FENCED, "the publisher gave up on this subscriber, whose link was lost")                     \
    X(TURNED_AWAY, "publishers are not read, because a subscriber reads at most 16")               \
    X(INVALID, "a message broke its contract and was not delivered")                               \
    X(PREMATURE, "a message came before one that it requires and was not delivered")               \
    X(UNKNOWN_TYPE, "the contract does not know the type of a message")

enum myc_notice_kind {
#define MYC_NOTICE_ENUM_(name, text) MYC_NOTICE_##name,
    MYC_NOTICE_LIST(MYC_NOTICE_ENUM_)
#undef MYC_NOTICE_ENUM_
        MYC_NOTICE_COUNT
};

struct myc_notice {
    enum myc_notice_kind kind;
    enum myc_loss_cause cause; /* of a GAP */
    bool is_publisher;         /* it happened to a publisher: the peer is a subscriber */
    bool is_tail_unknown;      /* PEER_DIED over a socket: more may have been published */
    const char *topic;
    char node[MYC_NAME_BYTES]; /* the peer's; empty: TURNED_AWAY */
    uint64_t publisher_epoch;
    uint64_t first;   /* GAP: first sequence lost */
    uint64_t last;    /* GAP: last sequence lost; INVALID, PREMATURE, UNKNOWN_TYPE: the message's;
                         else the last sequence received or acknowledged */
    uint64_t count;   /* GAP: messages lost; publisher: messages the peer did not acknowledge;
                         FENCED: messages after `last` that were handed over but may have been
                         overwritten meanwhile: what was made of them is not to be believed;
                         TURNED_AWAY: publishers that are there and not read;
                         PREMATURE: messages of this publisher that were never received: because
                         they were published before the subscriber joined, or lost since */
    uint64_t missed;  /* later notices of this publisher that found no place */
    uint16_t type;    /* INVALID, PREMATURE, UNKNOWN_TYPE: the message's type id; else 0 */
    uint16_t version; /* and its schema version */
    const char *message; /* and its name; NULL: the contract has none for it */
    const char *detail;  /* INVALID: the field and the rule; PREMATURE: what is missing; NULL: none.
                            Valid until the handler returns */
};

/** The enumerator's name without its prefix. */
const char *myc_notice_name(enum myc_notice_kind kind);

/** Writes one line about a notice into `text` (terminated, cut at `capacity`). */
void myc_notice_describe(const struct myc_notice *notice, char *text, size_t capacity);

/* ---- Publisher ---- */

/** What publish does when the slowest subscriber is in the way. */
enum myc_full_policy {
    MYC_FULL_BLOCK,      /* wait, at most block_timeout_ns */
    MYC_FULL_REJECT,     /* return FULL at once */
    MYC_FULL_DROP_NEWEST /* return FULL at once and count the message as lost: subscribers are told
                            in a GAP notice before the next message that is accepted */
};

struct myc_publisher_options {
    enum myc_full_policy on_full;
    uint64_t block_timeout_ns; /* 0: 5 s */
    bool is_flush_manual; /* sockets are written by flush, the agent, or when the ring is full */
    bool is_raw;          /* the topic need not be of the contract; see mycelium/raw.h */
};

/**
 * Creates a publisher of a topic; the bus announces it to every peer. `options` may be NULL.
 *
 * Ownership: the bus keeps it until the bus is destroyed. Errors: NOT_FOUND (the contract has no
 * such topic), LIMIT, NO_MEMORY.
 */
MYC_MUST_USE enum myc_status myc_publisher_create(
    struct myc_bus *bus,
    struct myc_waiter *waiter,
    const char *topic,
    const struct myc_publisher_options *options,
    struct myc_publisher **out_publisher,
    struct myc_diagnostic *diagnostic);

/**
 * Claims a message to fill in place; nothing is visible until commit.
 *
 * Blocking: as the full policy says. Returns: OK with the bytes, zeroed or not as they may be;
 * FULL, TIMEOUT, TOO_BIG, INVALID (a type of another topic, or less than the type's size), CLOSED,
 * CANCELLED (the waiter's owner was asked to stop, see myc_publisher_cancel()).
 */
MYC_MUST_USE enum myc_status myc_publisher_claim(
    struct myc_publisher *publisher,
    const struct myc_message_type *type,
    size_t size,
    void **out_payload);

/**
 * Publishes the claimed message with its final size. Returns: OK, or NO_SUBSCRIBER, which is not an
 * error; INVALID (nothing is claimed, less than `size` is, or `size` is less than
 * the type's: the claim is given back).
 */
enum myc_status myc_publisher_commit(struct myc_publisher *publisher, size_t size);

/** Gives the claim back. */
void myc_publisher_abort(struct myc_publisher *publisher);

/** Copies a message in and publishes it: claim, copy, commit. Returns: as those. */
MYC_MUST_USE enum myc_status myc_publish(
    struct myc_publisher *publisher,
    const struct myc_message_type *type,
    const void *payload,
    size_t size);

/**
 * Writes what is_flush_manual held back, and tells what was dropped if there is room for it.
 * Returns: OK, AGAIN if a socket took only a part.
 */
enum myc_status myc_publisher_flush(struct myc_publisher *publisher);

/** Waits until at least `count` subscribers are matched. Blocks. Returns: OK, TIMEOUT, CANCELLED.
 */
MYC_MUST_USE enum myc_status myc_publisher_await_subscribers(
    struct myc_publisher *publisher, uint32_t count, uint64_t deadline_ns);

/** Makes a blocked call of this publisher return CANCELLED, and every later one. Threads: any. */
void myc_publisher_cancel(struct myc_publisher *publisher);

/**
 * The last sequence number: messages accepted so far, and those dropped that subscribers were told
 * of.
 */
uint64_t myc_publisher_accepted(const struct myc_publisher *publisher);

/** Takes the oldest notice. Returns: OK or AGAIN. */
enum myc_status
myc_publisher_notice(struct myc_publisher *publisher, struct myc_notice *out_notice);

/** What a close achieved. */
struct myc_close_report {
    uint64_t accepted;    /* messages published in total, and those dropped that were told of */
    uint64_t undelivered; /* of these, not yet passed or acknowledged by the slowest live subscriber
                           */
    uint64_t dropped;     /* messages that MYC_FULL_DROP_NEWEST dropped, in all */
    uint64_t untold;      /* of the dropped ones, those no subscriber was told of */
};

/**
 * Publishes no more and waits until every live subscriber has all, at most until the deadline.
 * Returns: OK, TIMEOUT (out_report says what is missing). Second call: OK, no effect.
 */
enum myc_status myc_publisher_close(
    struct myc_publisher *publisher, uint64_t deadline_ns, struct myc_close_report *out_report);

/* ---- Subscriber ---- */

/** What becomes of a message whose type the contract does not have on that topic. All are counted.
 */
enum myc_unknown_policy {
    MYC_UNKNOWN_SKIP,   /* it is passed over */
    MYC_UNKNOWN_STORE,  /* it is kept for myc_subscriber_stored(), as long as there is room */
    MYC_UNKNOWN_FAIL,   /* the subscriber closes itself; myc_subscriber_status() says why */
    MYC_UNKNOWN_DELIVER /* it is handed over, with a NULL type */
};

/** How a subscriber reads; zero is the default throughout. */
struct myc_subscriber_options {
    enum myc_unknown_policy on_unknown;
    size_t store_bytes; /* of MYC_UNKNOWN_STORE, taken at creation; 0: 64 KiB */
    /* Checks the messages of this process like those of others, which are always checked. */
    bool checks_local;
    /* A message whose required prior messages may be among those that this subscriber never
     * received is delivered; else it is PREMATURE. */
    bool trusts_missed_priors;
    /* For relays, recorders and bridges: unknown types are handed over whatever `on_unknown` says,
     * required prior messages are not asked for, and the topic need not be of the contract. */
    bool is_raw;
};

/** Creates a subscriber of a topic, on all its publishers, now and later. Errors: as a publisher's.
 */
MYC_MUST_USE enum myc_status myc_subscriber_create(
    struct myc_bus *bus,
    struct myc_waiter *waiter,
    const char *topic,
    struct myc_subscriber **out_subscriber,
    struct myc_diagnostic *diagnostic);

/** The same, as `options` say; NULL: the default. Errors: INVALID (the store is below 64 bytes). */
MYC_MUST_USE enum myc_status myc_subscriber_create_with(
    struct myc_bus *bus,
    struct myc_waiter *waiter,
    const char *topic,
    const struct myc_subscriber_options *options,
    struct myc_subscriber **out_subscriber,
    struct myc_diagnostic *diagnostic);

/** Where a message came from, beside its record. */
struct myc_delivery {
    const struct myc_record *record;     /* sequence is the publisher's */
    const struct myc_message_type *type; /* NULL: the contract does not know this type, and the
                                            subscriber is one that is handed such messages */
    uint64_t publisher_epoch;
};

/** Handles one message in place; the bytes are valid until it returns. It may publish. */
typedef void myc_delivery_fn(const struct myc_delivery *delivery, void *context);

/** Handles one notice. Losses come before the message that follows them. */
typedef void myc_notice_fn(const struct myc_notice *notice, void *context);

/**
 * Delivers at most `messages_max` messages, taking the publishers in turn, and every notice due.
 *
 * Messages from another process are validated first, over every transport and in shared memory. One
 * that breaks its contract is counted, told as INVALID with its field, and not delivered; its
 * publisher's stream goes on. A stream that breaks the protocol ends, with CORRUPT. One that comes
 * before a message its type requires (of the same topic, from the same publisher) is told as
 * PREMATURE. `on_notice` may be NULL. Returns: how many messages were delivered.
 * [BUS-1] nothing of another process is delivered unchecked; [BUS-2] nothing is delivered before
 * what it requires; [BUS-3] what is not delivered is counted.
 */
size_t myc_subscriber_poll(
    struct myc_subscriber *subscriber,
    myc_delivery_fn *on_message,
    myc_notice_fn *on_notice,
    void *context,
    size_t messages_max);

/** Stops reading: publishers no longer wait for it. Owner thread; poll then returns 0. */
void myc_subscriber_close(struct myc_subscriber *subscriber);

/** Publishers this subscriber reads from at present. */
uint32_t myc_subscriber_matched(const struct myc_subscriber *subscriber);

/** Totals since creation. */
struct myc_subscriber_counts {
    uint64_t delivered;
    uint64_t lost;        /* sum of all GAP notices */
    uint64_t unknown;     /* messages of a type the contract does not know; of these: */
    uint64_t skipped;     /* passed over; the one that MYC_UNKNOWN_FAIL met, too */
    uint64_t stored;      /* put into the store */
    uint64_t overflowed;  /* passed over because the store was full */
    uint64_t invalid;     /* not delivered, because they break the contract */
    uint64_t premature;   /* not delivered, because what they require did not come before */
    uint64_t turned_away; /* not a total: publishers of the topic that are not read at present,
                             because MYC_SOURCES_MAX are, or the node receives MYC_IMAGES_MAX */
};

void myc_subscriber_counts(
    const struct myc_subscriber *subscriber, struct myc_subscriber_counts *out_counts);

/**
 * How the subscriber is: OK, or MISMATCH when MYC_UNKNOWN_FAIL closed it; the diagnostic names
 * topic, type id, version, publisher and sequence. Owner thread. [BUS-4]
 */
enum myc_status
myc_subscriber_status(const struct myc_subscriber *subscriber, struct myc_diagnostic *diagnostic);

/** A message that MYC_UNKNOWN_STORE kept. */
struct myc_stored {
    struct myc_record record; /* type, version, bytes and sequence; position 0 */
    uint64_t publisher_epoch;
};

/**
 * Shows the oldest message in the store; its bytes stay until myc_subscriber_stored_drop(). Owner
 * thread; also after a close. Returns: OK, AGAIN (none). [BUS-5]
 */
enum myc_status
myc_subscriber_stored(const struct myc_subscriber *subscriber, struct myc_stored *out_stored);

/** Drops the oldest message in the store, if there is one: there is room for others. */
void myc_subscriber_stored_drop(struct myc_subscriber *subscriber);

/**
 * Sleeps until one of the waiter's subscribers has something, the waiter is rung, or the deadline.
 *
 * All of them must belong to `waiter`. Call myc_waiter_clear() before the last look at anything
 * else that may end the wait. Blocks. Returns: OK, TIMEOUT.
 */
enum myc_status myc_subscribers_wait(
    struct myc_waiter *waiter,
    struct myc_subscriber *const *subscribers,
    size_t count,
    uint64_t deadline_ns);

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Framed transport: messages larger than a record, over broadcast rings.
 *
 * A message of at most `fragment_bytes` is one record, claimed, committed and read in place. A
 * larger one is a train of fragments, records of the type MYC_FRAMED_FRAGMENT, copied once into the
 * ring and once out of it, into memory that was given at creation. Trains of several publishers are
 * put together side by side, one for each publisher at a time. Whatever does not become a message
 * is told as a loss: nothing is dropped silently.
 *
 * Sequence numbers are the ring's: they count records, so a train takes as many as it has
 * fragments. Without losses the first sequence of a message is one more than the last of the one
 * before; with them, losses fill what lies between.
 *
 * Nothing here allocates, waits or rings: whoever publishes or polls calls myc_ring_sleepers() and
 * myc_ring_reader_should_wake_writer() as with the ring alone. The format and the reasons are in
 * docs/reference/framed.md.
 *
 * Threads: a writer belongs to its ring's writer thread. An assembler and all its sources belong to
 * one thread at a time.
 */
#ifndef MYC_FRAMED_H
#define MYC_FRAMED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/record.h>
#include <mycelium/ring.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // functions named like structs
#endif

enum {
    MYC_FRAMED_FRAGMENT = MYC_MESSAGE_TYPE_MAX, /* type id of fragments; no message may have it */
    MYC_FRAMED_TYPE_MAX = MYC_FRAMED_FRAGMENT - 1, /* type ids of messages: 1 to this */
    MYC_FRAMED_FORMAT = 1,                         /* schema version of fragments */
    MYC_FRAMED_HEADER_BYTES = 24,                  /* of a fragment, before its part of the bytes */
    MYC_FRAMED_FRAGMENT_BYTES_MIN = 64,
    MYC_FRAMED_FRAGMENT_BYTES_DEFAULT = 64 * 1024, /* or what a record of the ring can hold */
    MYC_FRAMED_MESSAGE_BYTES_MAX = 1 << 30,
    MYC_FRAMED_REASSEMBLIES_MAX = 64
};

/* ---- Writer ---- */

struct myc_framed_writer_options {
    uint32_t fragment_bytes;    /* message bytes in a record, a multiple of 8; 0: the default */
    uint32_t message_bytes_max; /* 1 to MYC_FRAMED_MESSAGE_BYTES_MAX; 0: that many */
};

/** Sends messages through a ring's writer. Placed by the caller; fields are private. */
struct myc_framed_writer {
    struct myc_ring_writer *ring;
    uint32_t fragment_bytes;
    uint32_t message_bytes_max;
    uint64_t message_id; /* of the last train begun, from 1 */
    /* The open train; `total` is 0 if there is none. */
    const unsigned char *payload;
    uint32_t total;
    uint32_t sent;
    uint32_t index;
    uint16_t type;
    uint16_t version;
};

/**
 * Begins to send through `ring`, which outlives the writer.
 *
 * Errors: INVALID, the diagnostic (may be NULL) names the option. [FRAMED-1]
 */
MYC_MUST_USE enum myc_status myc_framed_writer_init(
    struct myc_framed_writer *writer,
    struct myc_ring_writer *ring,
    const struct myc_framed_writer_options *options,
    struct myc_diagnostic *diagnostic);

/**
 * Sends a message of any size up to `message_bytes_max`, larger than the ring as well.
 *
 * Returns: OK, all of it is committed; FULL, there is no room and nothing was committed; AGAIN,
 * some fragments are committed and the ring is full: go on with myc_framed_resume() when there is
 * room. After AGAIN `payload` stays the writer's, unchanged, until resume says something else or
 * myc_framed_abandon() is called. Readers must be woken after AGAIN too, or no room ever comes.
 * Errors: INVALID (the type, or a message is open), TOO_BIG, CLOSED, POISONED; nothing was
 * committed. [FRAMED-2]
 */
MYC_MUST_USE enum myc_status myc_framed_publish(
    struct myc_framed_writer *writer,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size);

/**
 * Goes on with the open message.
 *
 * Returns: OK, all of it is committed; AGAIN, as above; INVALID, none is open; CLOSED or POISONED,
 * the message is given up. [FRAMED-3]
 */
MYC_MUST_USE enum myc_status myc_framed_resume(struct myc_framed_writer *writer);

/** Whether a message is open: some of its fragments are committed, and more must follow. */
bool myc_framed_is_open(const struct myc_framed_writer *writer);

/**
 * Gives the open message up, if there is one. Readers are told of its loss by the next record or by
 * the ring's end. [FRAMED-4]
 */
void myc_framed_abandon(struct myc_framed_writer *writer);

/**
 * The record that must fit next: of the open message, or else of a message of `size` bytes. Made
 * for myc_ring_writer_arm(), before a writer sleeps for room.
 */
size_t myc_framed_next_bytes(const struct myc_framed_writer *writer, size_t size);

/**
 * Claims room for a message of one record, to be filled in place.
 *
 * Returns: as myc_ring_claim(); NULL as well if `size` is above `fragment_bytes` or a message is
 * open. [FRAMED-5]
 */
void *myc_framed_claim(struct myc_framed_writer *writer, size_t size);

/**
 * Publishes the claimed message with its final size; myc_ring_abort() gives a claim back.
 *
 * Errors: INVALID (the type), which gives the claim back. [FRAMED-6]
 */
MYC_MUST_USE enum myc_status
myc_framed_commit(struct myc_framed_writer *writer, uint16_t type, uint16_t version, size_t size);

/* ---- What a source hands over ---- */

/** A whole message. The payload is 8-aligned and valid until the handler returns. */
struct myc_framed_message {
    uint16_t type;
    uint16_t version;
    uint32_t size; /* payload bytes */
    const void *payload;
    uint64_t first_sequence; /* of its first record */
    uint64_t sequence;       /* of its last record; the same if it is one record */
    uint64_t position;       /* of its last record in the ring */
    bool is_copied;          /* put together from fragments; else it lies in the ring */
    bool is_end_of_batch;    /* no record of this batch lies behind it */
};

/** Why records did not become messages. X(name, text) */
#define MYC_FRAMED_LOSS_LIST(X)                                                                    \
    X(GAP, "the ring lost records, told by its GAP")                                               \
    X(CUT, "a gap cut the message")                                                                \
    X(UNFINISHED, "the publisher gave the message up")                                             \
    X(ENDED, "the publisher ended, or what it sent is corrupt, before the message was whole")      \
    X(EPOCH, "another incarnation of the publisher took over before the message was whole")        \
    X(PARTIAL, "reading began inside the message")                                                 \
    X(TOO_BIG, "the message is larger than the assembler was made for")                            \
    X(NO_SLOT, "every reassembly was taken by another publisher")

enum myc_framed_loss_cause {
#define MYC_FRAMED_LOSS_ENUM_(name, text) MYC_FRAMED_LOSS_##name,
    MYC_FRAMED_LOSS_LIST(MYC_FRAMED_LOSS_ENUM_)
#undef MYC_FRAMED_LOSS_ENUM_
        MYC_FRAMED_LOSS_COUNT
};

/** Records that did not become a message; told before the next message. */
struct myc_framed_loss {
    enum myc_framed_loss_cause cause;
    uint32_t ring_cause;     /* for GAP, enum myc_loss_cause as the record has it, unchecked */
    uint64_t first_sequence; /* of the records lost */
    uint64_t sequence;       /* of the last of them */
    uint16_t type;           /* of the message, unless the cause is GAP */
    uint16_t version;
    uint32_t size;     /* of the whole message */
    uint32_t received; /* bytes of it that came, those before the first record read included */
};

/** A handler must not poll, feed, attach or end its own source. It may publish. */
typedef void myc_framed_message_fn(const struct myc_framed_message *message, void *context);
typedef void myc_framed_loss_fn(const struct myc_framed_loss *loss, void *context);

struct myc_framed_handler {
    myc_framed_message_fn *message;
    myc_framed_loss_fn *loss; /* may be NULL: losses are still counted */
    void *context;
};

/** What a source handed over since it was made. */
struct myc_framed_counts {
    uint64_t messages;
    uint64_t messages_copied;                     /* of them, put together from fragments */
    uint64_t losses[MYC_FRAMED_LOSS_COUNT];       /* by cause */
    uint64_t records_lost[MYC_FRAMED_LOSS_COUNT]; /* by cause */
};

/* ---- Reader ---- */

struct myc_framed_assembler_options {
    uint32_t message_bytes_max; /* 1 to MYC_FRAMED_MESSAGE_BYTES_MAX; larger ones are lost */
    uint32_t reassemblies_max;  /* 1 to MYC_FRAMED_REASSEMBLIES_MAX, at the same time */
};

/** The memory of reassembly, shared by its sources. Placed by the caller; fields are private. */
struct myc_framed_assembler {
    unsigned char *memory;
    uint64_t slot_bytes;
    uint32_t message_bytes_max;
    uint32_t slot_count;
    uint64_t slots_free; /* bit i for slot i */
};

/** One publisher as a reader sees it. Placed by the caller; fields are private. */
struct myc_framed_source {
    struct myc_framed_assembler *assembler;
    struct myc_framed_handler handler;
    struct myc_ring_reader *ring; /* NULL: fed by hand */
    uint64_t publisher_id;
    uint64_t epoch;
    enum myc_status status;
    uint32_t state; /* enum state of src/framed/source.c */
    uint64_t last_id;
    uint64_t first_sequence; /* of the train's first record */
    uint64_t last_sequence;  /* of its last so far */
    uint32_t cause;          /* why a train that is skipped is lost */
    uint32_t slot;
    uint32_t total;
    uint32_t received;
    uint32_t next_index;
    uint16_t type;
    uint16_t version;
    struct myc_framed_counts counts;
};

/** Bytes of memory for these options: reassemblies times messages; 0 if they are invalid. */
size_t myc_framed_memory_size(const struct myc_framed_assembler_options *options);

/**
 * Makes an assembler of 8-aligned memory, as long as myc_framed_memory_size() says or longer.
 *
 * Ownership: the memory stays the caller's and outlives the assembler and its sources.
 * Errors: INVALID, the diagnostic (may be NULL) names the option. [FRAMED-7]
 */
MYC_MUST_USE enum myc_status myc_framed_assembler_init(
    struct myc_framed_assembler *assembler,
    void *memory,
    size_t memory_bytes,
    const struct myc_framed_assembler_options *options,
    struct myc_diagnostic *diagnostic);

/** Makes a source that belongs to no publisher yet. The handler is copied. */
void myc_framed_source_init(
    struct myc_framed_source *source,
    struct myc_framed_assembler *assembler,
    const struct myc_framed_handler *handler);

/**
 * Reads this ring from now on, beginning anew: also after an end, a corruption, or when the
 * publisher came back with another epoch. A message that was open is told as lost (EPOCH if the
 * publisher or its epoch is another one, else ENDED); none of its bytes is ever used. The ring's
 * reader stays the caller's and outlives its use here. [FRAMED-8]
 */
void myc_framed_attach(struct myc_framed_source *source, struct myc_ring_reader *ring);

/** As myc_framed_attach(), for records that come from elsewhere, through myc_framed_feed(). */
void myc_framed_begin(struct myc_framed_source *source, uint64_t publisher_id, uint64_t epoch);

/**
 * Says that no more records come: the publisher died, or the ring is given up. An open message is
 * told as lost (ENDED), its memory is free for others. The source reads no ring until it is
 * attached again. Call it before a source is forgotten. [FRAMED-9]
 */
void myc_framed_end(struct myc_framed_source *source);

/**
 * Handles at most `records_max` records of the attached ring. The ring's head moves once a batch,
 * after its handlers returned. When the ring is at its end or broken, an open message is told as
 * lost (ENDED).
 *
 * Returns: how many records were read, fragments included; 0 if none was there or the source broke:
 * see myc_framed_status(). [FRAMED-10]
 */
size_t myc_framed_poll(struct myc_framed_source *source, size_t records_max);

/**
 * Handles one record: message, fragment or GAP. The `record->size` bytes of its payload may change
 * meanwhile: a header is copied before it is checked.
 *
 * Returns: OK, or CORRUPT for good: another type, a malformed fragment, one that is not the next of
 * its message, one of another size, type or version than those before, a message id that does not
 * rise. An open message is then told as lost. [FRAMED-11]
 */
MYC_MUST_USE enum myc_status myc_framed_feed(
    struct myc_framed_source *source, const struct myc_record *record, bool is_end_of_batch);

/** CORRUPT after a violation; else the attached ring's status, OK without a ring. [FRAMED-12] */
enum myc_status myc_framed_status(const struct myc_framed_source *source);

/** What was handed over and lost; the pointer is valid as long as the source. */
const struct myc_framed_counts *myc_framed_counts(const struct myc_framed_source *source);

/** One lower-case sentence; "unknown" outside the list. A static string. */
const char *myc_framed_loss_text(enum myc_framed_loss_cause cause);

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif

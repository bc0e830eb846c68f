// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Recordings: the messages of one publisher, appended to a file, and read back in order.
 *
 * A recording is a chain of blocks. A block holds whole records and is written at once, with its
 * checksum; where a block ends is a sync point. A recorder that dies leaves a file that is good up
 * to its last sync point; what lies behind it is cut when the file is opened again, and told.
 * docs/reference/recording.md has the format.
 *
 * Threads: a writer, and a reader, is used by one thread at a time. Calls that reach the file may
 * block on the disk.
 */
#ifndef MYC_RECORDING_H
#define MYC_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/record.h>
#include <mycelium/schema.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // functions named like structs
#endif

enum {
    MYC_RECORDING_BLOCK_BYTES_MIN = 4096,
    MYC_RECORDING_BLOCK_BYTES_MAX = 64 * 1024 * 1024,
    MYC_RECORDING_BLOCK_BYTES_DEFAULT = 1024 * 1024
};

/** What a recording says of itself. Whoever creates one fills in what is not marked "out". */
struct myc_recording_info {
    char topic[MYC_TOPIC_BYTES_MAX + 1];
    uint64_t publisher_id;
    uint64_t publisher_epoch;
    uint64_t base_sequence; /* of the last message before the first one recorded */
    uint8_t contract_digest[MYC_DIGEST_BYTES];
    uint64_t recording_id;         /* out: random; part of every block */
    uint64_t started_monotonic_ns; /* out: of the recorder's host */
    uint64_t started_wall_ns;      /* out */
    uint32_t block_bytes;          /* out: most bytes of records in one block */
};

struct myc_recording_options {
    uint32_t block_bytes;        /* a multiple of 8; a record must fit into it; 0: 1 MiB */
    bool is_durable;             /* each sync point, and the file's name, outlive a loss of power */
    uint64_t sync_interval_ns;   /* the oldest record in a block is at most so old; 0: 100 ms */
    uint64_t time_resolution_ns; /* how far apart times are kept; 0: 1 ms */
};

/* ---- Writing ---- */

/** Private fields. Placed by the caller, zero before create. */
struct myc_recording_writer {
    struct myc_platform *platform;
    struct myc_handle handle;
    unsigned char *block; /* header, then records */
    uint64_t block_bytes; /* most bytes of records */
    uint64_t used;        /* bytes of records in the block */
    uint64_t offset;      /* of the block in the file */
    uint64_t sequence;    /* of the last message taken */
    uint64_t block_base;  /* the sequence before the block */
    uint64_t synced;      /* the sequence at the last sync point */
    uint64_t recording_id;
    uint64_t block_start_ns;
    uint64_t time_ns; /* the last time written into the block */
    uint64_t sync_interval_ns;
    uint64_t time_resolution_ns;
    enum myc_status status; /* of what cannot be tried again */
    bool is_durable;
    bool is_open;
};

/**
 * Makes a file and writes its header. `options` may be NULL.
 *
 * Ownership: `platform` outlives the writer; memory for one block is taken here and given back by
 * close. Errors: EXISTS (nothing is ever written over), INVALID (an option or the topic),
 * NO_MEMORY, DENIED, NOT_FOUND, IO; nothing is left behind but perhaps an empty file. [RECORD-1]
 */
MYC_MUST_USE enum myc_status myc_recording_create(
    struct myc_recording_writer *writer,
    struct myc_platform *platform,
    const char *path,
    const struct myc_recording_info *info,
    const struct myc_recording_options *options,
    struct myc_diagnostic *diagnostic);

/**
 * Takes one message or GAP. The payload is copied, each byte read once; `now_ns` is monotonic.
 *
 * A sync point is made first when the block has no room or is old enough. Errors: INVALID (not a
 * message or GAP, or its sequence is not the next), TOO_BIG (above block_bytes less 24), CLOSED, or
 * what the file said. After an error the record was not taken; after NO_MEMORY (a full disk) or an
 * IO error of a write the call may be repeated, after that of a sync it may not. [RECORD-2]
 */
MYC_MUST_USE enum myc_status myc_recording_append(
    struct myc_recording_writer *writer, const struct myc_record *record, uint64_t now_ns);

/** Takes a loss of `count` messages, as a notice of a subscriber tells it. Errors: as append.
 * [RECORD-3] */
MYC_MUST_USE enum myc_status myc_recording_append_gap(
    struct myc_recording_writer *writer,
    uint64_t count,
    enum myc_loss_cause cause,
    uint64_t now_ns);

/** When the block must be synced if nothing comes, monotonic ns; UINT64_MAX: it is empty. */
uint64_t myc_recording_due_ns(const struct myc_recording_writer *writer);

/** Makes a sync point of what was taken; no effect on an empty block. Errors: as append. [RECORD-4]
 */
MYC_MUST_USE enum myc_status myc_recording_sync(struct myc_recording_writer *writer);

/** The sequence at the last sync point: what is sure to be read back. */
uint64_t myc_recording_synced(const struct myc_recording_writer *writer);

/**
 * Syncs, says that the recording is whole, closes the file and gives the memory back.
 *
 * Returns: OK; else the file ends at the last sync point and says nothing of its end. Second call:
 * CLOSED. [RECORD-5]
 */
enum myc_status myc_recording_close(struct myc_recording_writer *writer);

/* ---- Reading ---- */

/** What a reader has found so far. */
struct myc_recording_report {
    uint64_t messages;   /* handed out */
    uint64_t lost;       /* counted by the GAPs handed out */
    uint64_t blocks;     /* whole ones */
    uint64_t bytes;      /* of the file; as long as it was when it was opened */
    uint64_t cut_offset; /* where reading stopped; equal to `bytes` if nothing was cut */
    bool is_closed;      /* the recorder closed it: nothing is missing at its end */
};

/** Private fields. Placed by the caller, zero before open. */
struct myc_recording_reader {
    struct myc_platform *platform;
    struct myc_handle handle;
    struct myc_recording_info info;
    unsigned char *block;
    size_t block_capacity; /* the largest block that this file can hold */
    uint64_t block_used;   /* bytes of records in it */
    uint64_t at;           /* of the next record in it */
    uint64_t offset;       /* of the next block in the file */
    uint64_t block_offset;
    uint64_t block_end_sequence;
    uint64_t sequence;
    uint64_t time_ns;
    struct myc_recording_report report;
    enum myc_status status;
    bool is_open;
};

/**
 * Opens a recording; takes memory for its largest block.
 *
 * Errors: NOT_FOUND, DENIED, IO, NO_MEMORY, CORRUPT (not a recording, or its header is damaged: the
 * diagnostic names what), MISMATCH (another version). [RECORD-6]
 */
MYC_MUST_USE enum myc_status myc_recording_open(
    struct myc_recording_reader *reader,
    struct myc_platform *platform,
    const char *path,
    struct myc_diagnostic *diagnostic);

/** What the header says; valid until close. */
const struct myc_recording_info *myc_recording_info(const struct myc_recording_reader *reader);

/**
 * The next message or GAP in the order of its taking. `out_time_ns` may be NULL: when it was taken,
 * monotonic ns of the recorder's host, not later than it was and at most time_resolution_ns
 * earlier.
 *
 * The payload is valid until the next call; `position` is the record's byte offset in the file. No
 * record of a block is handed out before the whole block was checked.
 * Returns: OK; END (all was read and the recorder closed it); PEER_DIED (it did not: what followed
 * the last whole block was cut, see the report); CORRUPT (damage before the end of a file that was
 * closed, with the byte offset in the diagnostic); IO. Other than IO repeats. [RECORD-7]
 */
MYC_MUST_USE enum myc_status myc_recording_next(
    struct myc_recording_reader *reader,
    struct myc_record *out_record,
    uint64_t *out_time_ns,
    struct myc_diagnostic *diagnostic);

/** What was read and what was cut; final once next returned something else than OK. */
struct myc_recording_report myc_recording_reader_report(const struct myc_recording_reader *reader);

/** Closes and gives the memory back. Accepts a zeroed reader and a second call. */
void myc_recording_reader_close(struct myc_recording_reader *reader);

/* ---- Pace ---- */

/** At which speed a recording is played. */
struct myc_recording_pace {
    uint64_t start_ns; /* monotonic: when playing begins */
    uint64_t first_ns; /* recorded time that is played then */
    uint32_t percent;  /* of the recorded speed; 0: without waiting */
};

/** When a record with that recorded time is due, monotonic ns; saturates. */
uint64_t myc_recording_pace_due_ns(const struct myc_recording_pace *pace, uint64_t time_ns);

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif

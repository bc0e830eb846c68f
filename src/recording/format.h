// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The bytes of a recording; docs/reference/recording.md says it in a table.
 */
#ifndef MYC_RECORDING_FORMAT_H
#define MYC_RECORDING_FORMAT_H

#include <mycelium/recording.h>

enum {
    MYC__RECORDING_HEADER_BYTES = 256,
    MYC__RECORDING_BLOCK_HEADER_BYTES = 64,
    MYC__RECORDING_TIME_BYTES = 16, /* a TIME record, header and all */
    MYC__RECORDING_VERSION = 1
};

/** The header of a block, decoded. */
struct myc__recording_block {
    bool is_end;           /* the last one, which holds nothing: the recording was closed */
    uint32_t bytes;        /* of records */
    uint64_t offset;       /* of the header in the file */
    uint64_t sequence;     /* before the block */
    uint64_t end;          /* sequence behind the block */
    uint64_t monotonic_ns; /* when it was written */
    uint64_t wall_ns;
    uint64_t recording_id;
    uint32_t crc; /* of the records */
};

/** Writes a file's header. */
void myc__recording_put_header(
    const struct myc_recording_info *info, unsigned char out_bytes[MYC__RECORDING_HEADER_BYTES]);

/** Reads a file's header. Errors: CORRUPT, MISMATCH; the diagnostic names what is wrong. */
MYC_MUST_USE enum myc_status myc__recording_get_header(
    const unsigned char bytes[MYC__RECORDING_HEADER_BYTES],
    struct myc_recording_info *out_info,
    struct myc_diagnostic *diagnostic);

/** Writes a block's header. */
void myc__recording_put_block(
    const struct myc__recording_block *block,
    unsigned char out_bytes[MYC__RECORDING_BLOCK_HEADER_BYTES]);

/** Reads a block's header. Returns: NULL, or what is wrong with it. */
const char *myc__recording_get_block(
    const unsigned char bytes[MYC__RECORDING_BLOCK_HEADER_BYTES],
    struct myc__recording_block *out_block);

#endif

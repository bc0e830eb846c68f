// SPDX-License-Identifier: MIT OR Apache-2.0
#include "recording/format.h"

#include <string.h>

#include "core/bits.h"
#include "core/crc32c.h"

// Eight bytes each; the digit of the first is the format's version.
static const char file_magic[] = "MYCREC1\n";
static const char block_magic[] = "MYCB";
static const char end_magic[] = "MYCE";

enum { VERSION_AT = 6, HEADER_CRC_AT = MYC__RECORDING_HEADER_BYTES - 4 };

// ---- File header ----

void myc__recording_put_header(
    const struct myc_recording_info *info, unsigned char out_bytes[MYC__RECORDING_HEADER_BYTES])
{
    memset(out_bytes, 0, MYC__RECORDING_HEADER_BYTES);
    memcpy(out_bytes, file_magic, 8);
    myc__put_u32(out_bytes + 8, MYC__RECORDING_HEADER_BYTES);
    myc__put_u32(out_bytes + 12, info->block_bytes);
    myc__put_u64(out_bytes + 16, info->recording_id);
    myc__put_u64(out_bytes + 24, info->publisher_id);
    myc__put_u64(out_bytes + 32, info->publisher_epoch);
    myc__put_u64(out_bytes + 40, info->base_sequence);
    myc__put_u64(out_bytes + 48, info->started_monotonic_ns);
    myc__put_u64(out_bytes + 56, info->started_wall_ns);
    memcpy(out_bytes + 64, info->contract_digest, MYC_DIGEST_BYTES);
    memcpy(out_bytes + 96, info->topic, sizeof(info->topic));
    myc__put_u32(out_bytes + HEADER_CRC_AT, myc__crc32c(0, out_bytes, HEADER_CRC_AT));
}

static enum myc_status
refuse(struct myc_diagnostic *diagnostic, enum myc_status status, const char *text)
{
    return myc_diagnostic_set(diagnostic, status, 0, text);
}

enum myc_status myc__recording_get_header(
    const unsigned char bytes[MYC__RECORDING_HEADER_BYTES],
    struct myc_recording_info *out_info,
    struct myc_diagnostic *diagnostic)
{
    struct myc_recording_info info;
    memset(&info, 0, sizeof(info));
    if (memcmp(bytes, file_magic, VERSION_AT) != 0) {
        return refuse(diagnostic, MYC_CORRUPT, "not a recording: it begins with other bytes");
    }
    if (memcmp(bytes, file_magic, 8) != 0) {
        return refuse(diagnostic, MYC_MISMATCH, "a recording of another version than 1");
    }
    if (myc__get_u32(bytes + HEADER_CRC_AT) != myc__crc32c(0, bytes, HEADER_CRC_AT)) {
        return refuse(diagnostic, MYC_CORRUPT, "byte 252: the checksum of the header is wrong");
    }
    if (myc__get_u32(bytes + 8) != MYC__RECORDING_HEADER_BYTES) {
        return refuse(diagnostic, MYC_CORRUPT, "byte 8: the header is not 256 bytes long");
    }
    info.block_bytes = myc__get_u32(bytes + 12);
    if (info.block_bytes < MYC_RECORDING_BLOCK_BYTES_MIN
        || info.block_bytes > MYC_RECORDING_BLOCK_BYTES_MAX
        || info.block_bytes % MYC_RECORD_ALIGNMENT != 0) {
        return refuse(
            diagnostic, MYC_CORRUPT, "byte 12: no multiple of 8 from 4 KiB to 64 MiB for blocks");
    }
    info.recording_id = myc__get_u64(bytes + 16);
    info.publisher_id = myc__get_u64(bytes + 24);
    info.publisher_epoch = myc__get_u64(bytes + 32);
    info.base_sequence = myc__get_u64(bytes + 40);
    info.started_monotonic_ns = myc__get_u64(bytes + 48);
    info.started_wall_ns = myc__get_u64(bytes + 56);
    memcpy(info.contract_digest, bytes + 64, MYC_DIGEST_BYTES);
    memcpy(info.topic, bytes + 96, sizeof(info.topic));
    if (info.topic[sizeof(info.topic) - 1] != 0) {
        return refuse(diagnostic, MYC_CORRUPT, "byte 96: the topic does not end");
    }
    *out_info = info;
    return MYC_OK;
}

// ---- Block header ----

void myc__recording_put_block(
    const struct myc__recording_block *block,
    unsigned char out_bytes[MYC__RECORDING_BLOCK_HEADER_BYTES])
{
    memcpy(out_bytes, block->is_end ? end_magic : block_magic, 4);
    myc__put_u32(out_bytes + 4, block->bytes);
    myc__put_u64(out_bytes + 8, block->offset);
    myc__put_u64(out_bytes + 16, block->sequence);
    myc__put_u64(out_bytes + 24, block->end);
    myc__put_u64(out_bytes + 32, block->monotonic_ns);
    myc__put_u64(out_bytes + 40, block->wall_ns);
    myc__put_u64(out_bytes + 48, block->recording_id);
    myc__put_u32(out_bytes + 56, block->crc);
    myc__put_u32(out_bytes + 60, myc__crc32c(0, out_bytes, 60));
}

const char *myc__recording_get_block(
    const unsigned char bytes[MYC__RECORDING_BLOCK_HEADER_BYTES],
    struct myc__recording_block *out_block)
{
    out_block->is_end = memcmp(bytes, end_magic, 4) == 0;
    if (!out_block->is_end && memcmp(bytes, block_magic, 4) != 0) {
        return "no block begins here";
    }
    if (myc__get_u32(bytes + 60) != myc__crc32c(0, bytes, 60)) {
        return "the checksum of the block's header is wrong";
    }
    out_block->bytes = myc__get_u32(bytes + 4);
    out_block->offset = myc__get_u64(bytes + 8);
    out_block->sequence = myc__get_u64(bytes + 16);
    out_block->end = myc__get_u64(bytes + 24);
    out_block->monotonic_ns = myc__get_u64(bytes + 32);
    out_block->wall_ns = myc__get_u64(bytes + 40);
    out_block->recording_id = myc__get_u64(bytes + 48);
    out_block->crc = myc__get_u32(bytes + 56);
    return NULL;
}

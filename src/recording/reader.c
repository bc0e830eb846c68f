// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reading a file that may have been cut, damaged or made up. A block is read whole, and everything
 * in it is checked, before its first record is handed out; the first block that does not pass ends
 * the recording.
 */
#include <string.h>

#include <mycelium/interface/file.h>
#include <mycelium/interface/memory.h>
#include <mycelium/simulation.h>

#include "core/bits.h"
#include "core/crc32c.h"
#include "recording/format.h"
#include "wire/tlv.h"

enum { HEAD = MYC__RECORDING_BLOCK_HEADER_BYTES };

// Reads all of a span; END if the file ends inside it.
static enum myc_status
read_all(struct myc_recording_reader *reader, uint64_t offset, void *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        struct myc_span span = {(unsigned char *)bytes + done, size - done};
        size_t count = 0;
        enum myc_status status =
            myc_file_read(reader->platform->file, reader->handle, offset + done, span, &count);
        if (status != MYC_OK) {
            return status;
        }
        done += count;
    }
    return MYC_OK;
}

// ---- Open and close ----

static enum myc_status
read_header(struct myc_recording_reader *reader, struct myc_diagnostic *diagnostic)
{
    unsigned char bytes[MYC__RECORDING_HEADER_BYTES];
    struct myc_platform *platform = reader->platform;
    enum myc_status status =
        myc_file_get_size(platform->file, reader->handle, &reader->report.bytes);
    if (status == MYC_OK) {
        status = read_all(reader, 0, bytes, sizeof(bytes));
    }
    if (status == MYC_END) {
        return myc_diagnostic_set(
            diagnostic, MYC_CORRUPT, 0, "not a recording: shorter than its header");
    }
    if (status != MYC_OK) {
        return myc_diagnostic_set(diagnostic, status, 0, "its header could not be read");
    }
    return myc__recording_get_header(bytes, &reader->info, diagnostic);
}

enum myc_status myc_recording_open(
    struct myc_recording_reader *reader,
    struct myc_platform *platform,
    const char *path,
    struct myc_diagnostic *diagnostic)
{
    *reader = (struct myc_recording_reader){
        .platform = platform, .offset = MYC__RECORDING_HEADER_BYTES, .is_open = true};
    enum myc_status status = myc_file_open(platform->file, path, 0, &reader->handle, diagnostic);
    if (status == MYC_OK) {
        status = read_header(reader, diagnostic);
        if (status != MYC_OK) {
            myc_diagnostic_wrap(diagnostic, path);
        }
    }
    if (status == MYC_OK) {
        // A small file takes little memory, whatever its header says.
        uint64_t rest = reader->report.bytes - MYC__RECORDING_HEADER_BYTES + MYC_RECORD_ALIGNMENT;
        reader->block_capacity =
            rest < reader->info.block_bytes ? (size_t)rest : reader->info.block_bytes;
        reader->sequence = reader->info.base_sequence;
        reader->block =
            myc_memory_allocate(platform->memory, reader->block_capacity, MYC_RECORD_ALIGNMENT);
        if (reader->block == NULL) {
            status = myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "no memory for a block");
            myc_diagnostic_wrap(diagnostic, path);
        }
    }
    if (status != MYC_OK) {
        myc_recording_reader_close(reader);
    }
    return status;
}

void myc_recording_reader_close(struct myc_recording_reader *reader)
{
    if (!reader->is_open) {
        return;
    }
    struct myc_platform *platform = reader->platform;
    myc_file_close(platform->file, reader->handle);
    myc_memory_release(platform->memory, reader->block, reader->block_capacity);
    reader->block = NULL;
    reader->is_open = false;
    reader->status = MYC_CLOSED;
}

const struct myc_recording_info *myc_recording_info(const struct myc_recording_reader *reader)
{
    return &reader->info;
}

struct myc_recording_report myc_recording_reader_report(const struct myc_recording_reader *reader)
{
    return reader->report;
}

// ---- The end ----

// Whether the file ends as a recorder ends one, wherever else it may be damaged.
static bool was_closed(struct myc_recording_reader *reader)
{
    unsigned char bytes[HEAD];
    struct myc__recording_block block;
    uint64_t size = reader->report.bytes;
    return size >= MYC__RECORDING_HEADER_BYTES + HEAD
           && read_all(reader, size - HEAD, bytes, HEAD) == MYC_OK
           && myc__recording_get_block(bytes, &block) == NULL && block.is_end
           && block.offset == size - HEAD && block.recording_id == reader->info.recording_id;
}

// Nothing from here on can be believed.
static enum myc_status
cut(struct myc_recording_reader *reader, const char *why, struct myc_diagnostic *diagnostic)
{
    reader->report.is_closed = was_closed(reader);
    reader->report.cut_offset = reader->offset;
    reader->status = reader->report.is_closed ? MYC_CORRUPT : MYC_PEER_DIED;
    MYC_SOMETIMES(!reader->report.is_closed, "recording.read.cut");
    (void)myc_diagnostic_set(diagnostic, reader->status, 0, "recording: at byte ");
    myc_diagnostic_append_u64(diagnostic, reader->offset);
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(diagnostic, why);
    return reader->status;
}

// ---- Blocks ----

// Checks every record of the block in memory. Returns: NULL, or what is wrong.
static const char *
check_records(const struct myc_recording_reader *reader, const struct myc__recording_block *block)
{
    struct myc__tlv_walk walk;
    struct myc__tlv record;
    uint64_t sequence = block->sequence;
    bool is_first = true;
    if (myc__tlv_walk_init(&walk, reader->block, block->bytes, reader->info.block_bytes, NULL)
        != MYC_OK) {
        return "the block is not aligned";
    }
    enum myc_status status;
    while ((status = myc__tlv_next(&walk, &record, NULL)) == MYC_OK) {
        uint64_t count = myc_record_is_message(record.type) ? 1 : 0;
        if (record.type == MYC_RECORD_GAP && record.size == sizeof(struct myc_gap)) {
            count = myc__get_u64(record.payload);
            if (count == 0) {
                return "a gap counts nothing";
            }
        } else if (count == 0 && (record.type != MYC_RECORD_TIME || record.size != 8)) {
            return "a record of this type has no place in a recording";
        }
        if (is_first && record.type != MYC_RECORD_TIME) {
            return "the block does not begin with a time";
        }
        if (count > block->end - sequence) {
            return "its records count more messages than its header";
        }
        is_first = false;
        sequence += count;
    }
    if (status != MYC_END) {
        return "its records do not fill it";
    }
    return sequence == block->end ? NULL : "its records count fewer messages than its header";
}

static const char *
check_block(const struct myc_recording_reader *reader, const struct myc__recording_block *block)
{
    uint64_t left = reader->report.bytes - reader->offset - HEAD;
    if (block->recording_id != reader->info.recording_id) {
        return "the block is of another recording";
    }
    if (block->offset != reader->offset) {
        return "the block belongs elsewhere";
    }
    if (block->sequence != reader->sequence || block->end < block->sequence) {
        return "the block does not continue the one before it";
    }
    if (block->bytes > reader->info.block_bytes || block->bytes % MYC_RECORD_ALIGNMENT != 0
        || (block->bytes == 0) != block->is_end) {
        return "the block's size is not possible";
    }
    return block->bytes > left ? "the file ends inside the block" : NULL;
}

// Reads the next block. OK: its records are checked, and there is at least one.
static enum myc_status
load_block(struct myc_recording_reader *reader, struct myc_diagnostic *diagnostic)
{
    unsigned char bytes[HEAD];
    struct myc__recording_block block;
    if (reader->report.bytes - reader->offset < HEAD) {
        return cut(reader, "the file ends", diagnostic);
    }
    enum myc_status status = read_all(reader, reader->offset, bytes, HEAD);
    if (status != MYC_OK) {
        return status == MYC_END ? cut(reader, "the file was shortened", diagnostic)
                                 : myc_diagnostic_set(diagnostic, status, 0, "recording: read");
    }
    const char *why = myc__recording_get_block(bytes, &block);
    why = why != NULL ? why : check_block(reader, &block);
    if (why != NULL) {
        return cut(reader, why, diagnostic);
    }
    if (block.is_end) {
        reader->report.is_closed = true;
        reader->report.cut_offset = reader->offset + HEAD;
        reader->status = MYC_END;
        return MYC_END;
    }
    status = read_all(reader, reader->offset + HEAD, reader->block, block.bytes);
    if (status != MYC_OK) {
        return status == MYC_END ? cut(reader, "the file was shortened", diagnostic)
                                 : myc_diagnostic_set(diagnostic, status, 0, "recording: read");
    }
    if (myc__crc32c(0, reader->block, block.bytes) != block.crc) {
        MYC_REACHED("recording.read.torn-block");
        return cut(reader, "the checksum of the block's records is wrong", diagnostic);
    }
    why = check_records(reader, &block);
    if (why != NULL) {
        return cut(reader, why, diagnostic);
    }
    reader->at = 0;
    reader->block_used = block.bytes;
    reader->block_offset = reader->offset;
    reader->offset += HEAD + block.bytes;
    reader->report.blocks++;
    reader->report.cut_offset = reader->offset;
    return MYC_OK;
}

// ---- Records ----

// Takes the next record of the block. Returns: whether it is one to hand out.
static bool take(struct myc_recording_reader *reader, struct myc_record *out_record)
{
    const unsigned char *bytes = reader->block + reader->at;
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    struct myc_record_header header = myc_record_header(word);
    const unsigned char *payload = bytes + MYC_RECORD_HEADER_BYTES;
    uint64_t position = reader->block_offset + HEAD + reader->at;
    reader->at += myc_record_bytes(header.length);
    if (header.type == MYC_RECORD_TIME) {
        reader->time_ns = myc__get_u64(payload);
        return false;
    }
    uint64_t count = header.type == MYC_RECORD_GAP ? myc__get_u64(payload) : 1;
    reader->sequence += count;
    if (header.type == MYC_RECORD_GAP) {
        reader->report.lost += count;
    } else {
        reader->report.messages++;
    }
    *out_record = (struct myc_record){
        .type = header.type,
        .version = header.version,
        .size = header.length,
        .payload = payload,
        .sequence = reader->sequence,
        .position = position,
    };
    return true;
}

enum myc_status myc_recording_next(
    struct myc_recording_reader *reader,
    struct myc_record *out_record,
    uint64_t *out_time_ns,
    struct myc_diagnostic *diagnostic)
{
    if (reader->status != MYC_OK) {
        return myc_diagnostic_set(
            diagnostic, reader->status, 0, "recording: it ended before this call");
    }
    for (;;) {
        if (reader->at == reader->block_used) {
            enum myc_status status = load_block(reader, diagnostic);
            if (status != MYC_OK) {
                return status;
            }
        }
        if (take(reader, out_record)) {
            if (out_time_ns != NULL) {
                *out_time_ns = reader->time_ns;
            }
            return MYC_OK;
        }
    }
}

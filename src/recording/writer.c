// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The recorder's side. Records are collected in memory and leave it as one write of a whole block:
 * what would lie in the file before its sync point could not be read back anyway, and so a block
 * whose write failed is still here and is written again at the same place.
 */
#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/entropy.h>
#include <mycelium/interface/file.h>
#include <mycelium/interface/memory.h>
#include <mycelium/simulation.h>

#include "core/bits.h"
#include "core/crc32c.h"
#include "recording/format.h"

enum {
    HEAD = MYC__RECORDING_BLOCK_HEADER_BYTES,
    SYNC_INTERVAL_DEFAULT_NS = 100 * 1000 * 1000,
    TIME_RESOLUTION_DEFAULT_NS = 1000 * 1000,
    PATH_BYTES_MAX = 4096
};

// ---- Create ----

static enum myc_status check(
    const struct myc_recording_info *info,
    const struct myc_recording_options *options,
    struct myc_diagnostic *diagnostic)
{
    if (info->topic[sizeof(info->topic) - 1] != 0) {
        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "recording: the topic does not end");
    }
    uint32_t bytes = options->block_bytes;
    if (bytes != 0
        && (bytes < MYC_RECORDING_BLOCK_BYTES_MIN || bytes > MYC_RECORDING_BLOCK_BYTES_MAX
            || bytes % MYC_RECORD_ALIGNMENT != 0)) {
        enum myc_status status = myc_diagnostic_set(
            diagnostic,
            MYC_INVALID,
            0,
            "recording: block_bytes must be a multiple of 8 from 4096 to 67108864, not ");
        myc_diagnostic_append_u64(diagnostic, bytes);
        return status;
    }
    return MYC_OK;
}

// Makes the name durable: the directory is what stands before the last slash.
static enum myc_status
sync_name(struct myc_platform *platform, const char *path, struct myc_diagnostic *diagnostic)
{
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    if (len > 1) {
        len--; // The root keeps its slash.
    }
    if (len >= PATH_BYTES_MAX) {
        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "recording: the path is too long");
    }
    // Taken and given back here: a path is too long for a thread's stack.
    char *directory = myc_memory_allocate(platform->memory, PATH_BYTES_MAX, 1);
    if (directory == NULL) {
        return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "recording: no memory for a path");
    }
    memcpy(directory, len == 0 ? "." : path, len == 0 ? 1 : len);
    enum myc_status status = myc_file_sync_directory(platform->file, directory);
    myc_memory_release(platform->memory, directory, PATH_BYTES_MAX);
    if (status != MYC_OK) {
        return myc_diagnostic_set(
            diagnostic, status, 0, "recording: the directory could not be synced");
    }
    return MYC_OK;
}

static enum myc_status write_header(
    struct myc_recording_writer *writer,
    const struct myc_recording_info *info,
    const char *path,
    struct myc_diagnostic *diagnostic)
{
    unsigned char bytes[MYC__RECORDING_HEADER_BYTES];
    struct myc_file *file = writer->platform->file;
    myc__recording_put_header(info, bytes);
    enum myc_status status =
        myc_file_write(file, writer->handle, 0, (struct myc_const_span){bytes, sizeof(bytes)});
    if (status == MYC_OK && writer->is_durable) {
        status = myc_file_sync(file, writer->handle);
    }
    if (status != MYC_OK) {
        return myc_diagnostic_set(diagnostic, status, 0, "recording: its header was not written");
    }
    return writer->is_durable ? sync_name(writer->platform, path, diagnostic) : MYC_OK;
}

static enum myc_status begin(
    struct myc_recording_writer *writer,
    struct myc_recording_info *info,
    const char *path,
    struct myc_diagnostic *diagnostic)
{
    struct myc_platform *platform = writer->platform;
    enum myc_status status =
        myc_entropy_fill(platform->entropy, &info->recording_id, sizeof(info->recording_id));
    if (status != MYC_OK) {
        return myc_diagnostic_set(diagnostic, status, 0, "recording: no entropy");
    }
    writer->block = myc_memory_allocate(
        platform->memory, (size_t)(HEAD + writer->block_bytes), MYC_RECORD_ALIGNMENT);
    if (writer->block == NULL) {
        return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "recording: no memory for a block");
    }
    const uint32_t flags = MYC_FILE_WRITE | MYC_FILE_CREATE | MYC_FILE_EXCLUSIVE;
    status = myc_file_open(platform->file, path, flags, &writer->handle, diagnostic);
    if (status == MYC_OK) {
        info->started_monotonic_ns = myc_clock_monotonic_ns(platform->clock);
        info->started_wall_ns = myc_clock_wall_ns(platform->clock);
        status = write_header(writer, info, path, diagnostic);
    }
    return status;
}

static void finish(struct myc_recording_writer *writer)
{
    struct myc_platform *platform = writer->platform;
    myc_file_close(platform->file, writer->handle);
    myc_memory_release(platform->memory, writer->block, (size_t)(HEAD + writer->block_bytes));
    writer->handle = (struct myc_handle){0};
    writer->block = NULL;
    writer->is_open = false;
}

enum myc_status myc_recording_create(
    struct myc_recording_writer *writer,
    struct myc_platform *platform,
    const char *path,
    const struct myc_recording_info *info,
    const struct myc_recording_options *options,
    struct myc_diagnostic *diagnostic)
{
    static const struct myc_recording_options defaults = {0};
    struct myc_recording_info whole = *info;
    options = options != NULL ? options : &defaults;
    enum myc_status status = check(info, options, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    whole.block_bytes =
        options->block_bytes != 0 ? options->block_bytes : MYC_RECORDING_BLOCK_BYTES_DEFAULT;
    *writer = (struct myc_recording_writer){
        .platform = platform,
        .block_bytes = whole.block_bytes,
        .offset = MYC__RECORDING_HEADER_BYTES,
        .sequence = info->base_sequence,
        .block_base = info->base_sequence,
        .synced = info->base_sequence,
        .sync_interval_ns =
            options->sync_interval_ns != 0 ? options->sync_interval_ns : SYNC_INTERVAL_DEFAULT_NS,
        .time_resolution_ns = options->time_resolution_ns != 0 ? options->time_resolution_ns
                                                               : TIME_RESOLUTION_DEFAULT_NS,
        .is_durable = options->is_durable,
    };
    status = begin(writer, &whole, path, diagnostic);
    if (status != MYC_OK) {
        finish(writer);
        return status;
    }
    writer->recording_id = whole.recording_id;
    writer->is_open = true;
    return MYC_OK;
}

// ---- Sync points ----

static enum myc_status write_block(struct myc_recording_writer *writer, bool is_end)
{
    struct myc_platform *platform = writer->platform;
    const struct myc__recording_block block = {
        .is_end = is_end,
        .bytes = (uint32_t)writer->used,
        .offset = writer->offset,
        .sequence = writer->block_base,
        .end = writer->sequence,
        .monotonic_ns = myc_clock_monotonic_ns(platform->clock),
        .wall_ns = myc_clock_wall_ns(platform->clock),
        .recording_id = writer->recording_id,
        .crc = myc__crc32c(0, writer->block + HEAD, (size_t)writer->used),
    };
    myc__recording_put_block(&block, writer->block);
    const struct myc_const_span span = {writer->block, (size_t)(HEAD + writer->used)};
    enum myc_status status = myc_file_write(platform->file, writer->handle, writer->offset, span);
    MYC_SOMETIMES(status != MYC_OK, "recording.write.refused");
    if (status != MYC_OK) {
        return status;
    }
    if (writer->is_durable) {
        status = myc_file_sync(platform->file, writer->handle);
        if (status != MYC_OK) {
            // What the disk has now is unknown, and asking again would not tell.
            MYC_REACHED("recording.sync.refused");
            writer->status = status;
            return status;
        }
    }
    writer->offset += span.size;
    writer->block_base = writer->sequence;
    writer->synced = writer->sequence;
    writer->used = 0;
    return MYC_OK;
}

enum myc_status myc_recording_sync(struct myc_recording_writer *writer)
{
    if (!writer->is_open) {
        return MYC_CLOSED;
    }
    if (writer->status != MYC_OK || writer->used == 0) {
        return writer->status;
    }
    return write_block(writer, false);
}

uint64_t myc_recording_synced(const struct myc_recording_writer *writer)
{
    return writer->synced;
}

uint64_t myc_recording_due_ns(const struct myc_recording_writer *writer)
{
    if (writer->used == 0 || writer->sync_interval_ns > UINT64_MAX - writer->block_start_ns) {
        return UINT64_MAX;
    }
    return writer->block_start_ns + writer->sync_interval_ns;
}

enum myc_status myc_recording_close(struct myc_recording_writer *writer)
{
    enum myc_status status = myc_recording_sync(writer);
    if (!writer->is_open) {
        return status;
    }
    if (status == MYC_OK) {
        status = write_block(writer, true);
    }
    finish(writer);
    return status;
}

// ---- Append ----

// Bytes that a record with `size` payload bytes needs, with the time that may come before it.
static uint64_t needed(uint64_t size)
{
    return MYC__RECORDING_TIME_BYTES + myc_record_bytes(size);
}

// Sees to it that a record fits, and that no record waits longer than it may.
static enum myc_status
make_room(struct myc_recording_writer *writer, uint32_t size, uint64_t now_ns)
{
    if (!writer->is_open) {
        return MYC_CLOSED;
    }
    if (writer->status != MYC_OK) {
        return writer->status;
    }
    if (needed(size) > writer->block_bytes) {
        return MYC_TOO_BIG;
    }
    bool is_full = needed(size) > writer->block_bytes - writer->used;
    if (is_full || now_ns >= myc_recording_due_ns(writer)
        || (writer->used != 0 && MYC_BUGGIFY("recording.sync-early"))) {
        MYC_SOMETIMES(is_full, "recording.block-full");
        return myc_recording_sync(writer);
    }
    return MYC_OK;
}

static void *
put_record(struct myc_recording_writer *writer, uint16_t type, uint16_t version, uint32_t size)
{
    unsigned char *bytes = writer->block + HEAD + writer->used;
    uint64_t word = myc_record_word(type, version, size);
    uint64_t taken = myc_record_bytes(size);
    memcpy(bytes, &word, sizeof(word));
    memset(bytes + taken - MYC_RECORD_ALIGNMENT, 0, size == 0 ? 0 : MYC_RECORD_ALIGNMENT);
    writer->used += taken;
    return bytes + MYC_RECORD_HEADER_BYTES;
}

// A block begins with a time; within it one is written when enough has passed since the last.
static void put_time(struct myc_recording_writer *writer, uint64_t now_ns)
{
    if (writer->used == 0) {
        writer->block_start_ns = now_ns;
        writer->time_ns = now_ns > writer->time_ns ? now_ns : writer->time_ns;
    } else if (now_ns > writer->time_ns && now_ns - writer->time_ns >= writer->time_resolution_ns) {
        writer->time_ns = now_ns;
    } else {
        return;
    }
    myc__put_u64(put_record(writer, MYC_RECORD_TIME, 0, 8), writer->time_ns);
}

enum myc_status myc_recording_append(
    struct myc_recording_writer *writer, const struct myc_record *record, uint64_t now_ns)
{
    if (record->type == MYC_RECORD_GAP && record->size == sizeof(struct myc_gap)) {
        unsigned char gap[sizeof(struct myc_gap)];
        memcpy(gap, record->payload, sizeof(gap));
        uint64_t count = myc__get_u64(gap);
        if (record->sequence - writer->sequence != count) {
            return MYC_INVALID;
        }
        return myc_recording_append_gap(
            writer, count, (enum myc_loss_cause)myc__get_u32(gap + 8), now_ns);
    }
    if (!myc_record_is_message(record->type) || record->sequence - 1 != writer->sequence) {
        return MYC_INVALID;
    }
    enum myc_status status = make_room(writer, record->size, now_ns);
    if (status != MYC_OK) {
        return status;
    }
    put_time(writer, now_ns);
    void *payload = put_record(writer, record->type, record->version, record->size);
    if (record->size != 0) {
        memcpy(payload, record->payload, record->size);
    }
    writer->sequence++;
    return MYC_OK;
}

enum myc_status myc_recording_append_gap(
    struct myc_recording_writer *writer, uint64_t count, enum myc_loss_cause cause, uint64_t now_ns)
{
    if (count == 0 || count > UINT64_MAX - writer->sequence || (uint32_t)cause >= MYC_LOSS_COUNT) {
        return MYC_INVALID;
    }
    enum myc_status status = make_room(writer, sizeof(struct myc_gap), now_ns);
    if (status != MYC_OK) {
        return status;
    }
    put_time(writer, now_ns);
    unsigned char *gap = put_record(writer, MYC_RECORD_GAP, 0, sizeof(struct myc_gap));
    myc__put_u64(gap, count);
    myc__put_u32(gap + 8, (uint32_t)cause);
    myc__put_u32(gap + 12, 0);
    writer->sequence += count;
    return MYC_OK;
}

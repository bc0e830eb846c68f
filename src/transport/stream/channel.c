// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Channel: session records over one stream. Reads never go past the end of the current record; what
// the socket does not take waits in a bounded queue.
#include "transport/stream/channel.h"

#include <string.h>

#include <mycelium/interface/shm.h>
#include <mycelium/interface/stream.h>
#include <mycelium/simulation.h>

static void close_received_handles(struct myc__channel *channel)
{
    for (uint32_t i = 0; i < channel->in_handle_count; i++) {
        myc_shm_close(channel->platform->shm, channel->in_handles[i]);
    }
    channel->in_handle_count = 0;
}

void myc__channel_init(
    struct myc__channel *channel,
    struct myc_platform *platform,
    struct myc_handle stream,
    bool passes_handles)
{
    channel->platform = platform;
    channel->stream = stream;
    channel->passes_handles = passes_handles;
    channel->in_bytes = 0;
    channel->in_handle_count = 0;
    channel->queue_first = 0;
    channel->queue_count = 0;
    channel->queue_sent = 0;
}

void myc__channel_close(struct myc__channel *channel)
{
    if (channel->platform != NULL) {
        myc_stream_close(channel->platform->stream, myc__channel_detach(channel));
    }
}

struct myc_handle myc__channel_detach(struct myc__channel *channel)
{
    struct myc_handle stream = channel->stream;
    close_received_handles(channel);
    channel->stream.value = 0;
    channel->queue_count = 0;
    channel->queue_sent = 0;
    channel->in_bytes = 0;
    return stream;
}

enum myc_status myc__channel_queue(
    struct myc__channel *channel,
    const unsigned char *record,
    size_t size,
    const struct myc_handle *handles,
    size_t handle_count)
{
    if (channel->queue_count == MYC__CHANNEL_QUEUE_MAX) {
        return MYC_LIMIT;
    }
    uint32_t last = (channel->queue_first + channel->queue_count) % MYC__CHANNEL_QUEUE_MAX;
    struct myc__channel_record *queued = &channel->queue[last];
    memcpy(queued->bytes, record, size);
    queued->size = (uint32_t)size;
    queued->handle_count = (uint32_t)handle_count;
    for (size_t i = 0; i < handle_count; i++) {
        queued->handles[i] = handles[i];
    }
    channel->queue_count++;
    return MYC_OK;
}

// Handles travel with the first byte of their record, the rest of a cut record as plain bytes.
static enum myc_status write_some(
    struct myc__channel *channel, const struct myc__channel_record *record, size_t *out_bytes)
{
    struct myc_const_span rest = {
        .data = record->bytes + channel->queue_sent,
        .size = record->size - channel->queue_sent,
    };
    if (record->handle_count > 0 && channel->queue_sent == 0) {
        return myc_stream_send_handles(
            channel->platform->stream,
            channel->stream,
            rest,
            record->handles,
            record->handle_count,
            out_bytes);
    }
    return myc_stream_writev(channel->platform->stream, channel->stream, &rest, 1, out_bytes);
}

enum myc_status myc__channel_flush(struct myc__channel *channel)
{
    while (channel->queue_count > 0) {
        const struct myc__channel_record *record = &channel->queue[channel->queue_first];
        size_t bytes = 0;
        if (MYC_BUGGIFY("channel.flush-again")) {
            return MYC_AGAIN;
        }
        enum myc_status status = write_some(channel, record, &bytes);
        if (status != MYC_OK) {
            return status;
        }
        channel->queue_sent += (uint32_t)bytes;
        MYC_SOMETIMES(channel->queue_sent < record->size, "channel.record-cut");
        if (channel->queue_sent == record->size) {
            channel->queue_first = (channel->queue_first + 1) % MYC__CHANNEL_QUEUE_MAX;
            channel->queue_count--;
            channel->queue_sent = 0;
        }
    }
    return MYC_OK;
}

static enum myc_status read_some(struct myc__channel *channel, size_t want, size_t *out_bytes)
{
    struct myc_span span = {.data = channel->in + channel->in_bytes, .size = want};
    if (!channel->passes_handles) {
        return myc_stream_readv(channel->platform->stream, channel->stream, &span, 1, out_bytes);
    }
    size_t count = 0;
    enum myc_status status = myc_stream_receive_handles(
        channel->platform->stream,
        channel->stream,
        span,
        channel->in_handles + channel->in_handle_count,
        MYC__CHANNEL_HANDLES_MAX - channel->in_handle_count,
        out_bytes,
        &count);
    if (status == MYC_OK) {
        channel->in_handle_count += (uint32_t)count;
    }
    return status;
}

// The record's size so far known: its header's until that is there, then the whole.
static enum myc_status
wanted_size(const struct myc__channel *channel, size_t *out_size, struct myc_diagnostic *diagnostic)
{
    if (channel->in_bytes < MYC_RECORD_HEADER_BYTES) {
        *out_size = MYC_RECORD_HEADER_BYTES;
        return MYC_OK;
    }
    uint64_t word;
    memcpy(&word, channel->in, sizeof(word));
    struct myc_record_header header = myc_record_header(word);
    uint64_t size = myc_record_bytes(header.length);
    if (header.type < MYC_RECORD_HELLO || size > MYC__SESSION_BYTES_MAX) {
        (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "not a session record: type ");
        myc_diagnostic_append_u64(diagnostic, header.type);
        myc_diagnostic_append(diagnostic, ", length ");
        myc_diagnostic_append_u64(diagnostic, header.length);
        return MYC_CORRUPT;
    }
    *out_size = (size_t)size;
    return MYC_OK;
}

enum myc_status myc__channel_receive(
    struct myc__channel *channel, struct myc_record *out_record, struct myc_diagnostic *diagnostic)
{
    for (;;) {
        size_t want = 0;
        enum myc_status status = wanted_size(channel, &want, diagnostic);
        if (status != MYC_OK) {
            return status;
        }
        if (channel->in_bytes == want && want > MYC_RECORD_HEADER_BYTES) {
            break;
        }
        if (channel->in_bytes == want) {
            // Only a record without payload is complete with its header, and none of ours is empty.
            return myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "an empty session record");
        }
        size_t bytes = 0;
        status = read_some(channel, want - channel->in_bytes, &bytes);
        if (status != MYC_OK) {
            return status;
        }
        channel->in_bytes += (uint32_t)bytes;
    }
    uint64_t word;
    memcpy(&word, channel->in, sizeof(word));
    struct myc_record_header header = myc_record_header(word);
    out_record->type = header.type;
    out_record->version = header.version;
    out_record->size = header.length;
    out_record->payload = channel->in + MYC_RECORD_HEADER_BYTES;
    out_record->sequence = 0;
    out_record->position = 0;
    out_record->is_end_of_batch = false;
    channel->in_bytes = 0;
    return MYC_OK;
}

enum myc_status myc__channel_take_handles(
    struct myc__channel *channel, struct myc_handle *out_handles, size_t count)
{
    if (count > channel->in_handle_count) {
        return MYC_CORRUPT;
    }
    memcpy(out_handles, channel->in_handles, count * sizeof(*out_handles));
    channel->in_handle_count -= (uint32_t)count;
    memmove(
        channel->in_handles,
        channel->in_handles + count,
        channel->in_handle_count * sizeof(*channel->in_handles));
    return MYC_OK;
}

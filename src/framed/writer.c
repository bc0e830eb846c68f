// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The sending side: one record for what fits in one, else a train of fragments that may take
 * several turns. A train that was begun is open until its last fragment is committed or it is given
 * up; while it is open nothing else is sent, so that trains of one publisher never mix.
 */
#include <string.h>

#include <mycelium/simulation.h>

#include "framed/fragment.h"

static enum myc_status refuse(struct myc_diagnostic *diagnostic, const char *what, uint64_t found)
{
    enum myc_status status = myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "framed: ");
    myc_diagnostic_append(diagnostic, what);
    myc_diagnostic_append(diagnostic, ", not ");
    myc_diagnostic_append_u64(diagnostic, found);
    return status;
}

enum myc_status myc_framed_writer_init(
    struct myc_framed_writer *writer,
    struct myc_ring_writer *ring,
    const struct myc_framed_writer_options *options,
    struct myc_diagnostic *diagnostic)
{
    // Multiples of 8 keep all parts of a message aligned in the record and in the message.
    size_t most = (myc_ring_payload_max(ring) - MYC_FRAMED_HEADER_BYTES) & ~(size_t)7;
    uint32_t fragment_bytes = options->fragment_bytes;
    if (fragment_bytes == 0) {
        fragment_bytes = most < MYC_FRAMED_FRAGMENT_BYTES_DEFAULT
                             ? (uint32_t)most
                             : MYC_FRAMED_FRAGMENT_BYTES_DEFAULT;
    }
    if (fragment_bytes % 8 != 0 || fragment_bytes < MYC_FRAMED_FRAGMENT_BYTES_MIN) {
        return refuse(
            diagnostic, "fragment_bytes must be a multiple of 8 and at least 64", fragment_bytes);
    }
    if (fragment_bytes > most) {
        return refuse(
            diagnostic,
            "fragment_bytes must be at most what a record of the ring holds, less 24",
            fragment_bytes);
    }
    if (options->message_bytes_max > MYC_FRAMED_MESSAGE_BYTES_MAX) {
        return refuse(
            diagnostic, "message_bytes_max must be at most 1 GiB", options->message_bytes_max);
    }
    memset(writer, 0, sizeof *writer);
    writer->ring = ring;
    writer->fragment_bytes = fragment_bytes;
    writer->message_bytes_max =
        options->message_bytes_max != 0 ? options->message_bytes_max : MYC_FRAMED_MESSAGE_BYTES_MAX;
    return MYC_OK;
}

static bool is_type(uint16_t type)
{
    return type >= MYC_MESSAGE_TYPE_MIN && type <= MYC_FRAMED_TYPE_MAX;
}

// Why a claim that could fit later was refused now.
static enum myc_status why_not(const struct myc_framed_writer *writer)
{
    if (writer->ring->is_broken) {
        return MYC_POISONED;
    }
    return writer->ring->is_closed ? MYC_CLOSED : MYC_AGAIN;
}

static uint32_t next_part(const struct myc_framed_writer *writer)
{
    uint32_t rest = writer->total - writer->sent;
    return rest < writer->fragment_bytes ? rest : writer->fragment_bytes;
}

// Commits the next fragment. Returns: false if it does not fit now.
static bool send_part(struct myc_framed_writer *writer)
{
    uint32_t part = next_part(writer);
    size_t size = (size_t)part + MYC_FRAMED_HEADER_BYTES;
    if (writer->index > 0 && MYC_BUGGIFY("framed.train-pauses")) {
        return false; // As if the ring were full between two fragments.
    }
    unsigned char *bytes = myc_ring_claim(writer->ring, size);
    if (bytes == NULL) {
        return false;
    }
    struct myc__fragment fragment = {
        .message_id = writer->message_id,
        .total = writer->total,
        .offset = writer->sent,
        .index = writer->index,
        .type = writer->type,
        .version = writer->version};
    myc__fragment_encode(&fragment, bytes);
    memcpy(bytes + MYC_FRAMED_HEADER_BYTES, writer->payload + writer->sent, part);
    myc_ring_commit(writer->ring, MYC_FRAMED_FRAGMENT, MYC_FRAMED_FORMAT, size);
    writer->sent += part;
    writer->index++;
    return true;
}

enum myc_status myc_framed_resume(struct myc_framed_writer *writer)
{
    if (writer->total == 0) {
        return MYC_INVALID;
    }
    while (writer->sent < writer->total) {
        if (!send_part(writer)) {
            enum myc_status status = why_not(writer);
            if (status != MYC_AGAIN) {
                myc_framed_abandon(writer);
            }
            MYC_SOMETIMES(status == MYC_AGAIN, "framed.writer.train-waits");
            return status;
        }
    }
    myc_framed_abandon(writer);
    return MYC_OK;
}

enum myc_status myc_framed_publish(
    struct myc_framed_writer *writer,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size)
{
    if (writer->total != 0 || !is_type(type)) {
        return MYC_INVALID;
    }
    if (size > writer->message_bytes_max) {
        return MYC_TOO_BIG;
    }
    if (size <= writer->fragment_bytes) {
        return myc_ring_publish(writer->ring, type, version, payload, size);
    }
    writer->message_id++;
    writer->payload = payload;
    writer->total = (uint32_t)size;
    writer->sent = 0;
    writer->index = 0;
    writer->type = type;
    writer->version = version;
    enum myc_status status = myc_framed_resume(writer);
    if (status == MYC_AGAIN && writer->sent == 0) {
        // Nothing of it is visible, so it is as if it had not been tried.
        myc_framed_abandon(writer);
        return MYC_FULL;
    }
    return status;
}

bool myc_framed_is_open(const struct myc_framed_writer *writer)
{
    return writer->total != 0;
}

void myc_framed_abandon(struct myc_framed_writer *writer)
{
    writer->total = 0;
    writer->sent = 0;
    writer->payload = NULL;
}

size_t myc_framed_next_bytes(const struct myc_framed_writer *writer, size_t size)
{
    if (writer->total != 0) {
        return (size_t)next_part(writer) + MYC_FRAMED_HEADER_BYTES;
    }
    return size <= writer->fragment_bytes
               ? size
               : (size_t)writer->fragment_bytes + MYC_FRAMED_HEADER_BYTES;
}

void *myc_framed_claim(struct myc_framed_writer *writer, size_t size)
{
    if (writer->total != 0 || size > writer->fragment_bytes) {
        return NULL;
    }
    return myc_ring_claim(writer->ring, size);
}

enum myc_status
myc_framed_commit(struct myc_framed_writer *writer, uint16_t type, uint16_t version, size_t size)
{
    if (!is_type(type)) {
        myc_ring_abort(writer->ring);
        return MYC_INVALID;
    }
    myc_ring_commit(writer->ring, type, version, size);
    return writer->ring->is_broken ? MYC_POISONED : MYC_OK;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
#include <protobuf-c/protobuf-c.h>

#include <mycelium/interface/memory.h>
#include <mycelium/protobuf.h>

enum { ALIGNMENT = 16 };

enum myc_status myc_protobuf_reader_open(
    struct myc_protobuf_reader *reader, struct myc_platform *platform, size_t capacity)
{
    *reader = (struct myc_protobuf_reader){0};
    if (platform == NULL || capacity == 0) {
        return MYC_INVALID;
    }
    reader->bytes = myc_memory_allocate(platform->memory, capacity, ALIGNMENT);
    if (reader->bytes == NULL) {
        return MYC_NO_MEMORY;
    }
    reader->platform = platform;
    reader->capacity = capacity;
    return MYC_OK;
}

void myc_protobuf_reader_close(struct myc_protobuf_reader *reader)
{
    if (reader->platform != NULL) {
        myc_memory_release(reader->platform->memory, reader->bytes, reader->capacity);
    }
    *reader = (struct myc_protobuf_reader){0};
}

// ---- What protobuf-c allocates: one run of bytes that each message starts anew ----

static void *take(void *context, size_t size)
{
    struct myc_protobuf_reader *reader = context;
    size_t left = reader->capacity - reader->used;
    if (size > left || (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT > left) {
        reader->is_short = 1;
        return NULL;
    }
    void *bytes = reader->bytes + reader->used;
    reader->used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return bytes;
}

static void give_back(void *context, void *bytes)
{
    (void)context;
    (void)bytes; // all of it goes with the next message
}

enum myc_status myc_protobuf_unpack(
    struct myc_protobuf_reader *reader,
    const struct myc_payload *payload,
    const struct myc_record *record,
    const struct ProtobufCMessage **out,
    struct myc_diagnostic *diagnostic)
{
    const ProtobufCMessageDescriptor *descriptor = payload->schema;
    ProtobufCAllocator allocator = {take, give_back, reader};
    struct myc_const_span bytes;
    enum myc_status status = myc_payload_view(payload, record, &bytes, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    reader->used = 0;
    reader->is_short = 0;
    const ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &allocator, bytes.size, bytes.data);
    if (message != NULL) {
        *out = message;
        return MYC_OK;
    }
    status = reader->is_short != 0 ? MYC_TOO_BIG : MYC_CORRUPT;
    (void)myc_diagnostic_set(
        diagnostic,
        status,
        0,
        status == MYC_TOO_BIG ? "unpacked it does not fit the reader's memory"
                              : "protobuf-c cannot unpack it");
    myc_diagnostic_wrap(diagnostic, descriptor->name);
    return status;
}

enum myc_status myc_protobuf_publish(
    struct myc_publisher *publisher,
    const struct myc_payload *payload,
    const void *fixed,
    const struct ProtobufCMessage *message)
{
    if (message->descriptor != payload->schema || !protobuf_c_message_check(message)) {
        return MYC_INVALID;
    }
    size_t size = protobuf_c_message_get_packed_size(message);
    void *bytes = NULL;
    enum myc_status status = myc_payload_claim(publisher, payload, fixed, size, &bytes);
    if (status != MYC_OK) {
        return status;
    }
    return myc_payload_commit(publisher, payload, bytes, protobuf_c_message_pack(message, bytes));
}

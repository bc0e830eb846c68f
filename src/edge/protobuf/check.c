// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Protocol Buffers' wire format against a descriptor, before protobuf-c sees the bytes: protobuf-c
// says neither what is wrong nor where, and it unpacks messages inside of messages by recursion as
// deep as the bytes ask for.
#include <protobuf-c/protobuf-c.h>

#include <stdbool.h>

#include <mycelium/protobuf.h>

enum {
    SEEN_WORDS = 16,
    SEEN_MAX = SEEN_WORDS * 64, /* fields of a message whose presence is looked at here */
    VARINT_BYTES_MAX = 10,
    TAG_BYTES_MAX = 5,
    WIRE_BITS = 3
};

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct walk {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    struct myc_diagnostic *diagnostic;
};

// "Quote.bid at byte 17: TEXT"
static bool refuse(struct walk *walk, const char *message, const char *field, const char *text)
{
    (void)myc_diagnostic_set(walk->diagnostic, MYC_CORRUPT, 0, message);
    if (field != NULL) {
        myc_diagnostic_append(walk->diagnostic, ".");
        myc_diagnostic_append(walk->diagnostic, field);
    }
    myc_diagnostic_append(walk->diagnostic, " at byte ");
    myc_diagnostic_append_u64(walk->diagnostic, (uint64_t)(walk->at - walk->start));
    myc_diagnostic_append(walk->diagnostic, ": ");
    myc_diagnostic_append(walk->diagnostic, text);
    return false;
}

// A varint of at most `bytes_max` bytes. Returns: whether there is one.
static bool take_varint(struct walk *walk, size_t bytes_max, uint64_t *out_value)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes_max && walk->at < walk->end; i++) {
        uint8_t byte = *walk->at++;
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if (byte < 0x80) {
            *out_value = value;
            return true;
        }
    }
    return false;
}

// Moves past a value. For WIRE_BYTES, *out_size is how many bytes follow; they are not passed.
static bool take_value(struct walk *walk, uint32_t wire, uint64_t *out_size)
{
    uint64_t value = 0;
    size_t fixed = wire == WIRE_FIXED64 ? sizeof(uint64_t) : sizeof(uint32_t);
    switch (wire) {
    case WIRE_VARINT:
        return take_varint(walk, VARINT_BYTES_MAX, &value);
    case WIRE_FIXED64:
    case WIRE_FIXED32:
        if ((size_t)(walk->end - walk->at) < fixed) {
            return false;
        }
        walk->at += fixed;
        return true;
    case WIRE_BYTES:
        return take_varint(walk, TAG_BYTES_MAX, out_size)
               && *out_size <= (uint64_t)(walk->end - walk->at);
    default:
        return false;
    }
}

static uint32_t wire_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_FIXED32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_BYTES;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    default:
        return WIRE_VARINT;
    }
}

// Repeated numbers may lie packed in bytes, whatever the descriptor says.
static bool fits(const ProtobufCFieldDescriptor *field, uint32_t wire)
{
    uint32_t plain = wire_of(field->type);
    return wire == plain
           || (wire == WIRE_BYTES && plain != WIRE_BYTES
               && field->label == PROTOBUF_C_LABEL_REPEATED);
}

// Packed numbers must fill their bytes exactly.
static bool take_packed(struct walk *walk, uint32_t wire, uint64_t size)
{
    const uint8_t *end = walk->end;
    uint64_t unused;
    bool is_good = true;
    walk->end = walk->at + size;
    while (is_good && walk->at < walk->end) {
        is_good = take_value(walk, wire, &unused);
    }
    walk->end = end;
    return is_good;
}

// A message that is being read.
struct frame {
    const ProtobufCMessageDescriptor *descriptor;
    const uint8_t *end;
    uint64_t seen[SEEN_WORDS]; // fields, a bit each
};

// Starts a message in the bytes that the walk is confined to.
static void
enter(const struct walk *walk, struct frame *frame, const ProtobufCMessageDescriptor *descriptor)
{
    *frame = (struct frame){.descriptor = descriptor, .end = walk->end};
}

// What follows a field's tag. `field` is NULL if the descriptor does not know it. Where a message
// inside begins, the walk is confined to it and *out_inner says which it is.
static bool check_field(
    struct walk *walk,
    const ProtobufCMessageDescriptor *descriptor,
    const ProtobufCFieldDescriptor *field,
    uint32_t wire,
    const ProtobufCMessageDescriptor **out_inner)
{
    const char *name = field != NULL ? field->name : NULL;
    uint64_t size = 0;
    if (field != NULL && !fits(field, wire)) {
        return refuse(walk, descriptor->name, name, "of another wire type than declared");
    }
    if (!take_value(walk, wire, &size)) {
        return refuse(walk, descriptor->name, name, "the value is cut off or not one");
    }
    if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE) {
        walk->end = walk->at + size;
        *out_inner = field->descriptor;
        return true;
    }
    if (field != NULL && wire == WIRE_BYTES && wire_of(field->type) != WIRE_BYTES) {
        return take_packed(walk, wire_of(field->type), size)
               || refuse(walk, descriptor->name, name, "packed values are cut off");
    }
    walk->at += size;
    return true;
}

static bool check_required(
    struct walk *walk, const ProtobufCMessageDescriptor *descriptor, const uint64_t *seen)
{
    for (unsigned i = 0; i < descriptor->n_fields && i < SEEN_MAX; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REQUIRED && (seen[i / 64] >> i % 64 & 1) == 0) {
            return refuse(walk, descriptor->name, field->name, "required and not there");
        }
    }
    return true;
}

// One tag and what follows it.
static bool take_field(
    struct walk *walk,
    struct frame *frame,
    uint32_t depth,
    const ProtobufCMessageDescriptor **out_inner)
{
    const ProtobufCMessageDescriptor *descriptor = frame->descriptor;
    uint64_t tag = 0;
    if (!take_varint(walk, TAG_BYTES_MAX, &tag) || tag > UINT32_MAX || tag >> WIRE_BITS == 0) {
        return refuse(walk, descriptor->name, NULL, "not a tag");
    }
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> WIRE_BITS));
    if (field != NULL && field - descriptor->fields < SEEN_MAX) {
        size_t i = (size_t)(field - descriptor->fields);
        frame->seen[i / 64] |= UINT64_C(1) << i % 64;
    }
    if (!check_field(walk, descriptor, field, (uint32_t)(tag & 7), out_inner)) {
        return false;
    }
    return *out_inner == NULL || depth < MYC_PROTOBUF_DEPTH_MAX
           || refuse(walk, descriptor->name, field->name, "too many messages inside of messages");
}

static bool check_messages(struct walk *walk, const ProtobufCMessageDescriptor *outermost)
{
    struct frame frames[MYC_PROTOBUF_DEPTH_MAX + 1];
    uint32_t depth = 0;
    enter(walk, &frames[0], outermost);
    for (;;) {
        struct frame *frame = &frames[depth];
        const ProtobufCMessageDescriptor *inner = NULL;
        walk->end = frame->end;
        if (walk->at < walk->end) {
            if (!take_field(walk, frame, depth, &inner)) {
                return false;
            }
            if (inner != NULL) {
                depth++;
                enter(walk, &frames[depth], inner);
            }
        } else if (!check_required(walk, frame->descriptor, frame->seen)) {
            return false;
        } else if (depth == 0) {
            return true;
        } else {
            depth--;
        }
    }
}

enum myc_status myc_protobuf_check(
    const struct myc_payload *payload,
    const void *bytes,
    size_t size,
    struct myc_diagnostic *diagnostic)
{
    const uint8_t *start = bytes;
    struct walk walk = {start, start, start + size, diagnostic};
    if (!check_messages(&walk, payload->schema)) {
        return MYC_CORRUPT;
    }
    myc_diagnostic_clear(diagnostic);
    return MYC_OK;
}

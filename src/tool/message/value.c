// SPDX-License-Identifier: MIT OR Apache-2.0
//
// From JSON to a payload. Everything that is wrong is told with its place and path, and then the
// whole message is validated, with each finding put to the text that the bytes came from.
#include "tool/message/message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "schema/field.h"

enum { FRAMES_MAX = 2 * MYC_MESSAGE_DEPTH_MAX + 1 };

// A struct or a list that is being filled.
struct frame {
    const struct myc_field *fields; // of a struct; of a list the one field
    const struct json_node *node;   // NULL: nothing was given
    const struct json_node *place;  // where that would have been
    const struct json_node *element;
    const char *variant;
    uint32_t count;
    uint32_t next;
    uint32_t base;
    uint32_t stride; // 0: a struct
};

struct filler {
    struct message_encoder *encoder;
    const struct myc_message_type *type;
    struct message_bytes payload;
    uint32_t tail_start; // bytes of the fixed part as the version writes it
    uint16_t version;
    bool is_good;
    uint32_t depth;
    struct frame frames[FRAMES_MAX];
};

bool message_refuse(
    struct message_encoder *encoder,
    const struct json_node *node,
    const char *where,
    const char *text,
    const char *detail)
{
    if (encoder->errors != NULL) {
        fprintf(
            encoder->errors,
            "%s:%" PRIu32 ":%" PRIu32 ": error: %s%s%s%s\n",
            encoder->path,
            node->line,
            node->column,
            where,
            where[0] != '\0' ? ": " : "",
            text,
            detail);
    }
    encoder->error_count++;
    return false;
}

static void note_origin(struct filler *filler, uint32_t offset, const struct json_node *node)
{
    struct message_encoder *encoder = filler->encoder;
    if (encoder->origin_count == encoder->origin_capacity) {
        size_t capacity = encoder->origin_capacity * 2 + 256;
        void *grown = realloc(encoder->origins, capacity * sizeof(*encoder->origins));
        if (grown == NULL) {
            fputs("myc: error: memory is exhausted\n", stderr);
            exit(MESSAGE_SYSTEM);
        }
        encoder->origins = grown;
        encoder->origin_capacity = capacity;
    }
    encoder->origins[encoder->origin_count++] =
        (struct message_origin){offset, node->line, node->column};
}

// Where the filler is: "Order.legs[3].price".
static void print_path(const struct filler *filler, char *out, size_t size)
{
    int len = snprintf(out, size, "%s", filler->type->name);
    for (uint32_t i = 0; i < filler->depth && len > 0 && (size_t)len < size; i++) {
        const struct frame *frame = &filler->frames[i];
        size_t room = size - (size_t)len;
        if (frame->next == 0) {
            break;
        }
        if (frame->stride != 0) {
            len += snprintf(out + len, room, "[%" PRIu32 "]", frame->next - 1);
        } else {
            len += snprintf(
                out + len,
                room,
                ".%s%s%s",
                frame->variant != NULL ? frame->variant : "",
                frame->variant != NULL ? "." : "",
                frame->fields[frame->next - 1].name);
        }
    }
}

static void
refuse(struct filler *filler, const struct json_node *node, const char *text, const char *detail)
{
    char path[MYC_MESSAGE_PATH_BYTES];
    print_path(filler, path, sizeof(path));
    filler->is_good = message_refuse(filler->encoder, node, path, text, detail);
}

static unsigned char *at(struct filler *filler, uint32_t offset)
{
    return filler->payload.data + offset;
}

static void store_u32(unsigned char *out, uint64_t number)
{
    const struct myc_number value = {{number, 0, 0, 0}};
    message_store(MYC_KIND_U32, &value, out);
}

static void push(
    struct filler *filler,
    const struct myc_field *fields,
    uint32_t count,
    uint32_t base,
    const struct json_node *node,
    const struct json_node *place)
{
    if (filler->depth == FRAMES_MAX) {
        refuse(filler, place, "the types nest too deep", "");
        return;
    }
    filler->frames[filler->depth++] = (struct frame){
        .fields = fields, .count = count, .base = base, .node = node, .place = place};
}

// The members of an object must be fields of the struct.
static void check_members(struct filler *filler, const struct frame *frame)
{
    const struct json_node *member = frame->node != NULL ? frame->node->first : NULL;
    for (; member != NULL; member = member->next) {
        bool is_known = false;
        for (uint32_t i = 0; i < frame->count && !is_known; i++) {
            const struct myc_field *field = &frame->fields[i];
            is_known = strcmp(field->name, member->name) == 0;
            if (is_known && filler->depth == 1 && field->since > filler->version) {
                refuse(filler, member, "the version that is written has no field ", member->name);
            }
        }
        if (!is_known) {
            refuse(filler, member, "there is no field ", member->name);
        }
    }
}

static void fill_struct(
    struct filler *filler,
    const struct myc_struct *structure,
    uint32_t base,
    const struct json_node *node,
    const struct json_node *place)
{
    if (node != NULL && node->kind != JSON_OBJECT) {
        refuse(filler, node, "an object is needed, not ", json_kind_name(node->kind));
        return;
    }
    if (structure->initial != NULL) {
        memcpy(at(filler, base), structure->initial, structure->size);
    }
    push(filler, structure->fields, structure->field_count, base, node, place);
}

static void fill_enum(
    struct filler *filler,
    const struct myc_field *field,
    uint32_t base,
    const struct json_node *node)
{
    const struct myc_enum *type = field->enumeration;
    struct myc_number number;
    for (uint32_t i = 0; node->kind == JSON_STRING && i < type->value_count; i++) {
        if (strcmp(node->text, type->values[i].name) == 0) {
            store_u32(at(filler, base), type->values[i].value);
            return;
        }
    }
    if (node->kind == JSON_STRING) {
        refuse(filler, node, "it is no value of ", type->name);
        return;
    }
    if (node->kind != JSON_NUMBER) {
        refuse(filler, node, "a value's name is needed, not ", json_kind_name(node->kind));
        return;
    }
    const char *fault = message_read_number(MYC_KIND_U32, node->text, node->len, &number);
    if (fault != NULL) {
        refuse(filler, node, fault, "");
        return;
    }
    message_store(MYC_KIND_U32, &number, at(filler, base));
}

static void fill_scalar(
    struct filler *filler,
    const struct myc_field *field,
    uint32_t base,
    const struct json_node *node)
{
    struct myc_number number;
    if (field->kind == MYC_KIND_ENUM) {
        fill_enum(filler, field, base, node);
        return;
    }
    if (field->kind == MYC_KIND_BOOL) {
        if (node->kind != JSON_TRUE && node->kind != JSON_FALSE) {
            refuse(filler, node, "true or false is needed, not ", json_kind_name(node->kind));
            return;
        }
        *at(filler, base) = node->kind == JSON_TRUE ? 1 : 0;
        return;
    }
    if (node->kind != JSON_NUMBER && node->kind != JSON_STRING) {
        refuse(filler, node, "a number is needed, not ", json_kind_name(node->kind));
        return;
    }
    const char *fault = message_read_number(field->kind, node->text, node->len, &number);
    if (fault != NULL) {
        char type[16];
        (void)snprintf(type, sizeof(type), " (%s)", myc__schema_kind_facts(field->kind)->spelling);
        refuse(filler, node, fault, type);
        return;
    }
    uint8_t kind = field->kind;
    if (myc__kind_is_float(kind)) {
        kind = kind == MYC_KIND_F32 ? MYC_KIND_U32 : MYC_KIND_U64; // the bits are stored
    }
    message_store(kind, &number, at(filler, base));
}

// Reads "0x..." of at most `room` bytes into place. Returns: how many; -1 after an error.
static int64_t fill_bytes(
    struct filler *filler, const struct json_node *node, struct message_bytes *out, uint64_t room)
{
    size_t bad = 0;
    if (node->kind != JSON_STRING || node->len < 2 || memcmp(node->text, "0x", 2) != 0) {
        refuse(filler, node, "bytes are needed, as \"0x...\"", "");
        return -1;
    }
    size_t before = out->size;
    if (!message_read_hex(node->text, node->len, out, &bad)) {
        refuse(filler, node, "it is not an even number of hexadecimal digits", "");
        return -1;
    }
    if (out->size - before > room) {
        char most[32];
        (void)snprintf(most, sizeof(most), "%" PRIu64, room);
        refuse(filler, node, "more bytes than there is room for: ", most);
        return -1;
    }
    return (int64_t)(out->size - before);
}

static void fill_tail(
    struct filler *filler,
    const struct myc_field *field,
    uint32_t base,
    const struct json_node *node)
{
    struct message_bytes *payload = &filler->payload;
    size_t start = (payload->size + 7) / 8 * 8;
    size_t old = payload->size;
    if (field->shape == MYC_SHAPE_TAIL_STRING && node->kind != JSON_STRING) {
        refuse(filler, node, "a string is needed, not ", json_kind_name(node->kind));
        return;
    }
    message_append(payload, NULL, start - old);
    if (field->shape == MYC_SHAPE_TAIL_STRING) {
        message_append(payload, node->text, node->len);
    } else if (fill_bytes(filler, node, payload, UINT32_MAX) < 0) {
        return;
    }
    if (payload->size == start) {
        payload->size = old; // empty: offset and length stay zero
        return;
    }
    if (payload->size > UINT32_MAX) {
        refuse(filler, node, "the payload is longer than 4 GiB", "");
        return;
    }
    note_origin(filler, (uint32_t)start, node);
    store_u32(at(filler, base + field->offset), start);
    store_u32(at(filler, base + field->offset + 4), payload->size - start);
}

static void fill_union(
    struct filler *filler,
    const struct myc_field *field,
    uint32_t base,
    const struct json_node *node)
{
    const struct myc_union *type = field->choice;
    const struct json_node *member = node->first;
    if (node->kind != JSON_OBJECT || node->count != 1) {
        refuse(filler, node, "an object with one member is needed, the variant", "");
        return;
    }
    for (uint32_t i = 0; i < type->variant_count; i++) {
        const struct myc_variant *variant = &type->variants[i];
        static const struct myc_struct nothing = {.name = ""};
        const struct myc_struct *structure =
            variant->structure != NULL ? variant->structure : &nothing;
        if (strcmp(variant->name, member->name) == 0) {
            memset(at(filler, base + field->offset), 0, field->size);
            store_u32(at(filler, base + field->counter), variant->tag);
            uint32_t depth = filler->depth;
            fill_struct(filler, structure, base + field->offset, member, member);
            if (filler->depth > depth) {
                filler->frames[filler->depth - 1].variant = variant->name;
            }
            return;
        }
    }
    refuse(filler, member, "there is no variant ", member->name);
}

// One element, or the one value of a field.
static void fill_one(
    struct filler *filler,
    const struct myc_field *field,
    uint32_t offset,
    const struct json_node *node)
{
    if (field->kind == MYC_KIND_STRUCT) {
        fill_struct(filler, field->structure, offset, node, node);
    } else if (field->kind == MYC_KIND_U8 && field->inner != 0) {
        struct message_bytes bytes = {0};
        int64_t size = fill_bytes(filler, node, &bytes, field->inner);
        if (size >= 0 && (uint64_t)size < field->inner) {
            refuse(filler, node, "too few bytes", "");
        } else if (size > 0) {
            memcpy(at(filler, offset), bytes.data, (size_t)size);
        }
        free(bytes.data);
    } else {
        fill_scalar(filler, field, offset, node);
    }
}

static bool is_counted(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING;
}

static void fill_run(
    struct filler *filler,
    const struct myc_field *field,
    uint32_t base,
    const struct json_node *node)
{
    struct message_bytes bytes = {0};
    bool is_text = field->shape == MYC_SHAPE_STRING;
    int64_t size = -1;
    if (is_text && node->kind != JSON_STRING) {
        refuse(filler, node, "a string is needed, not ", json_kind_name(node->kind));
    } else if (is_text && node->len > field->count) {
        refuse(filler, node, "the string is longer than its field", "");
    } else if (is_text) {
        message_append(&bytes, node->text, node->len);
        size = (int64_t)node->len;
    } else {
        size = fill_bytes(filler, node, &bytes, field->count);
    }
    if (size >= 0 && !is_counted(field) && (uint64_t)size < field->count) {
        refuse(filler, node, "too few bytes", "");
    } else if (size >= 0) {
        memset(at(filler, base + field->offset), 0, field->size);
        if (size > 0) {
            memcpy(at(filler, base + field->offset), bytes.data, (size_t)size);
        }
        if (is_counted(field)) {
            store_u32(at(filler, base + field->counter), (uint64_t)size);
        }
    }
    free(bytes.data);
}

static void fill_elements(
    struct filler *filler,
    const struct myc_field *field,
    uint32_t base,
    const struct json_node *node)
{
    if (field->kind == MYC_KIND_U8 && field->inner == 0) {
        fill_run(filler, field, base, node);
        return;
    }
    if (node->kind != JSON_ARRAY) {
        refuse(filler, node, "an array is needed, not ", json_kind_name(node->kind));
        return;
    }
    bool is_wrong =
        field->shape == MYC_SHAPE_ARRAY ? node->count != field->count : node->count > field->count;
    if (is_wrong) {
        char counts[64];
        (void)snprintf(
            counts,
            sizeof(counts),
            "%" PRIu32 " elements where %s%" PRIu32,
            node->count,
            field->shape == MYC_SHAPE_ARRAY ? "the type has " : "there is room for ",
            field->count);
        refuse(filler, node, counts, "");
        return;
    }
    memset(at(filler, base + field->offset), 0, field->size);
    if (is_counted(field)) {
        store_u32(at(filler, base + field->counter), node->count);
    }
    uint32_t depth = filler->depth;
    push(filler, field, node->count, base + field->offset, node, node);
    if (filler->depth > depth) {
        filler->frames[depth].stride = field->size / field->count;
        filler->frames[depth].element = node->first;
    }
}

static void fill_missing(
    struct filler *filler,
    const struct myc_field *field,
    uint32_t base,
    const struct json_node *place)
{
    bool is_optional = (field->flags & (MYC_FIELD_OPTIONAL | MYC_FIELD_DEFAULT)) != 0;
    if (is_optional || filler->encoder->fills_in) {
        return;
    }
    if (field->kind == MYC_KIND_STRUCT && field->shape == MYC_SHAPE_ONE) {
        fill_struct(filler, field->structure, base + field->offset, NULL, place);
        return;
    }
    refuse(filler, place, "it is missing, and has no default", "");
}

// What `myc decode` prints for a secret; as a string it would silently take the secret's place.
static bool is_redacted(const struct json_node *node)
{
    return node->kind == JSON_STRING && strcmp(node->text, "<redacted>") == 0;
}

static void fill_field(
    struct filler *filler,
    const struct myc_field *field,
    uint32_t base,
    const struct json_node *node)
{
    bool is_optional = (field->flags & MYC_FIELD_OPTIONAL) != 0;
    note_origin(filler, base + field->offset, node);
    if (node->kind == JSON_NULL && (is_optional || field->kind == MYC_KIND_UNION)) {
        return; // absent; a union that must be set is for the validation to tell
    }
    if ((field->flags & MYC_FIELD_SECRET) != 0 && is_redacted(node)) {
        refuse(filler, node, "it was redacted: decode with --show-secrets", "");
        return;
    }
    if (is_optional) {
        *at(filler, base + field->presence) = 1;
    }
    switch ((enum myc_shape)field->shape) {
    case MYC_SHAPE_ARRAY:
    case MYC_SHAPE_VECTOR:
    case MYC_SHAPE_STRING:
        fill_elements(filler, field, base, node);
        return;
    case MYC_SHAPE_TAIL_BYTES:
    case MYC_SHAPE_TAIL_STRING:
        fill_tail(filler, field, base, node);
        return;
    case MYC_SHAPE_ONE:
    case MYC_SHAPE_COUNT:
        break;
    }
    if (field->kind == MYC_KIND_UNION) {
        fill_union(filler, field, base, node);
    } else {
        fill_one(filler, field, base + field->offset, node);
    }
}

static void fill(struct filler *filler)
{
    while (filler->depth > 0) {
        struct frame *frame = &filler->frames[filler->depth - 1];
        if (frame->next == 0 && frame->stride == 0) {
            check_members(filler, frame);
        }
        if (frame->next == frame->count) {
            filler->depth--;
            continue;
        }
        uint32_t index = frame->next++;
        if (frame->stride != 0) {
            const struct json_node *element = frame->element;
            frame->element = element->next;
            note_origin(filler, frame->base + index * frame->stride, element);
            fill_one(filler, frame->fields, frame->base + index * frame->stride, element);
            continue;
        }
        const struct myc_field *field = &frame->fields[index];
        if (filler->depth == 1 && field->since > filler->version) {
            continue;
        }
        const struct json_node *member = json_member(frame->node, field->name);
        if (member == NULL) {
            fill_missing(filler, field, frame->base, frame->place);
        } else {
            fill_field(filler, field, frame->base, member);
        }
    }
}

// The place of the last value that begins at or before a byte.
static struct json_node
place_of(const struct filler *filler, uint32_t offset, const struct json_node *object)
{
    const struct message_encoder *encoder = filler->encoder;
    struct json_node place = *object;
    uint32_t best = 0;
    for (size_t i = 0; i < encoder->origin_count; i++) {
        const struct message_origin *origin = &encoder->origins[i];
        if (origin->offset <= offset && origin->offset >= best) {
            best = origin->offset;
            place.line = origin->line;
            place.column = origin->column;
        }
    }
    return place;
}

static void validate(struct filler *filler, const struct json_node *object)
{
    struct myc_diagnostic why;
    struct myc_message_walk walk;
    struct myc_message_item item;
    enum myc_status status = MYC_OK;
    struct myc_message message =
        myc_message_of(filler->type, filler->payload.data, (uint32_t)filler->payload.size);
    message.version = filler->version;
    myc_message_walk_init(&walk, &message, 0);
    while ((status = myc_message_walk_next(&walk, &item)) == MYC_OK) {
        if (myc__message_check_item(&walk, &item, &why) != MYC_OK) {
            struct json_node place = place_of(filler, item.offset, object);
            filler->is_good = message_refuse(filler->encoder, &place, "", why.text, "");
        }
    }
    if (status != MYC_END) {
        (void)myc__message_tell_problem(&walk, &item, status, &why);
        filler->is_good = message_refuse(filler->encoder, object, "", why.text, "");
    }
}

bool message_encode(
    struct message_encoder *encoder,
    const struct myc_message_type *type,
    uint16_t version,
    const struct json_node *object,
    struct message_bytes *out)
{
    uint32_t extent = myc_message_extent(type, version);
    struct filler filler = {.encoder = encoder, .type = type, .version = version, .is_good = true};
    if (is_redacted(object)) {
        return message_refuse(
            encoder, object, type->name, "it was redacted: decode with --show-secrets", "");
    }
    if (object->kind != JSON_OBJECT) {
        return message_refuse(
            encoder, object, type->name, "an object is needed, not ", json_kind_name(object->kind));
    }
    if (extent == 0) {
        return message_refuse(encoder, object, type->name, "there is no such version", "");
    }
    encoder->origin_count = 0;
    // Filled as today's struct; an older version is its prefix, and its tails come right behind.
    message_append(&filler.payload, NULL, type->size);
    myc_message_init(type, filler.payload.data);
    filler.payload.size = extent;
    filler.tail_start = extent;
    push(&filler, type->fields, type->field_count, 0, object, object);
    fill(&filler);
    if (filler.is_good) {
        validate(&filler, object);
    }
    if (filler.is_good) {
        message_append(out, filler.payload.data, filler.payload.size);
    }
    free(filler.payload.data);
    return filler.is_good;
}

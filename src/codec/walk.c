// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The walk over a message, which everything else here is built on. What it needs to find its way,
// presence marks, counts, tags and tails, it checks before it believes it; values it hands out as
// they are. Nested types are frames of a stack in the walk, so that the depth is bounded.
#include <mycelium/message.h>

#include <string.h>

#include "codec/codec.h"
#include "core/text.h"

enum { FRAMES_MAX = 2 * MYC_MESSAGE_DEPTH_MAX + 1 };

_Static_assert(
    (int)FRAMES_MAX
        == sizeof(((struct myc_message_walk *)0)->frames) / sizeof(struct myc__message_frame),
    "a list and a struct each level, and the message itself");

void myc_message_walk_init(
    struct myc_message_walk *walk, const struct myc_message *message, uint32_t flags)
{
    const struct myc_message_type *type = message->type;
    walk->message = *message;
    walk->flags = flags;
    walk->tail_start = myc_message_extent(type, message->version);
    walk->depth = 1;
    walk->reserved = 0;
    walk->steps = 0;
    walk->problem = NULL;
    // The other frames are written before they are read: zeroing them would take longer than the
    // walk over a small message.
    walk->frames[0] =
        (struct myc__message_frame){.fields = type->fields, .count = type->field_count};
}

static enum myc_status
stop(struct myc_message_walk *walk, enum myc_status status, const char *problem)
{
    walk->problem = problem;
    return status;
}

static const unsigned char *at(const struct myc_message_walk *walk, uint32_t offset)
{
    return (const unsigned char *)walk->message.fields + offset;
}

static enum myc_status push(
    struct myc_message_walk *walk,
    const struct myc_field *fields,
    uint32_t count,
    uint32_t base,
    uint32_t stride)
{
    if (walk->depth == FRAMES_MAX) {
        return stop(walk, MYC_LIMIT, "the types nest too deep");
    }
    struct myc__message_frame *frame = &walk->frames[walk->depth++];
    *frame = (struct myc__message_frame){
        .fields = fields, .count = count, .base = base, .stride = stride};
    return MYC_OK;
}

static uint32_t element_size(const struct myc_field *field)
{
    if (field->kind == MYC_KIND_STRUCT) {
        return field->structure->size;
    }
    return field->kind == MYC_KIND_U8 && field->inner != 0 ? field->inner
                                                           : myc__kind_size(field->kind);
}

// One element, or the one value of a field, at `offset`.
static enum myc_status take_one(
    struct myc_message_walk *walk,
    const struct myc_field *field,
    uint32_t offset,
    struct myc_message_item *item)
{
    item->size = element_size(field);
    item->bytes = at(walk, offset);
    item->offset = offset;
    if (field->kind == MYC_KIND_STRUCT) {
        item->kind = MYC_ITEM_STRUCT;
        return push(walk, field->structure->fields, field->structure->field_count, offset, 0);
    }
    item->kind = field->kind == MYC_KIND_U8 && field->inner != 0 ? MYC_ITEM_BYTES : MYC_ITEM_VALUE;
    return MYC_OK;
}

static enum myc_status take_union(
    struct myc_message_walk *walk,
    const struct myc_field *field,
    uint32_t base,
    struct myc_message_item *item)
{
    uint32_t tag = myc__load_u32(at(walk, base + field->counter));
    item->bytes = at(walk, base + field->offset);
    item->offset = base + field->offset;
    item->size = field->size;
    if (tag == 0) {
        item->kind = MYC_ITEM_UNSET;
        return MYC_OK;
    }
    const struct myc_union *choice = field->choice;
    for (uint32_t i = 0; i < choice->variant_count; i++) {
        const struct myc_variant *variant = &choice->variants[i];
        if (variant->tag == tag) {
            const struct myc_struct *structure = variant->structure;
            item->kind = MYC_ITEM_UNION;
            item->variant = variant;
            enum myc_status status = push(
                walk,
                structure != NULL ? structure->fields : NULL,
                structure != NULL ? structure->field_count : 0,
                item->offset,
                0);
            if (status == MYC_OK) {
                walk->frames[walk->depth - 1].variant = variant;
            }
            return status;
        }
    }
    item->offset = base + field->counter;
    return stop(walk, MYC_CORRUPT, "no variant has the tag ");
}

static enum myc_status take_tail(
    struct myc_message_walk *walk,
    const struct myc_field *field,
    uint32_t base,
    struct myc_message_item *item)
{
    const unsigned char *words = at(walk, base + field->offset);
    uint32_t offset = myc__load_u32(words);
    uint32_t size = myc__load_u32(words + 4);
    item->kind = field->shape == MYC_SHAPE_TAIL_BYTES ? MYC_ITEM_BYTES : MYC_ITEM_TEXT;
    item->offset = base + field->offset;
    item->bytes = walk->message.payload;
    if ((offset == 0 && size == 0) || field->since > walk->message.version) {
        return MYC_OK;
    }
    if (offset % 8 != 0) {
        return stop(walk, MYC_CORRUPT, "a tail must begin at a multiple of 8");
    }
    if (offset < walk->tail_start) {
        return stop(walk, MYC_CORRUPT, "a tail must lie behind the fields");
    }
    if (offset > walk->message.size || size > walk->message.size - offset) {
        return stop(walk, MYC_CORRUPT, "a tail must lie inside the payload");
    }
    item->offset = offset;
    item->bytes += offset;
    item->size = size;
    return MYC_OK;
}

// A field with elements: bytes and text are one item, others a list.
static enum myc_status take_elements(
    struct myc_message_walk *walk,
    const struct myc_field *field,
    uint32_t base,
    struct myc_message_item *item)
{
    uint32_t count = field->count;
    if (field->shape != MYC_SHAPE_ARRAY) {
        count = myc__load_u32(at(walk, base + field->counter));
        if (count > field->count) {
            item->offset = base + field->counter;
            return stop(walk, MYC_CORRUPT, "more than there is room for: ");
        }
    }
    item->offset = base + field->offset;
    item->bytes = at(walk, item->offset);
    item->count = count;
    if (field->kind == MYC_KIND_U8 && field->inner == 0) {
        item->kind = field->shape == MYC_SHAPE_STRING ? MYC_ITEM_TEXT : MYC_ITEM_BYTES;
        item->size = count;
        return MYC_OK;
    }
    if (element_size(field) == 0) {
        return stop(walk, MYC_LIMIT, "its elements take no bytes");
    }
    item->kind = MYC_ITEM_LIST;
    item->size = field->size;
    return push(walk, field, count, item->offset, element_size(field));
}

static enum myc_status take_field(
    struct myc_message_walk *walk,
    const struct myc_field *field,
    uint32_t base,
    struct myc_message_item *item)
{
    item->field = field;
    item->index = MYC_ITEM_NO_INDEX;
    if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
        unsigned char mark = *at(walk, base + field->presence);
        item->offset = base + field->presence;
        if (mark > 1) {
            return stop(walk, MYC_CORRUPT, "the presence mark must be 0 or 1");
        }
        if (mark == 0) {
            item->kind = MYC_ITEM_ABSENT;
            item->offset = base + field->offset;
            item->bytes = at(walk, item->offset);
            item->size = field->size;
            return MYC_OK;
        }
    }
    switch ((enum myc_shape)field->shape) {
    case MYC_SHAPE_ARRAY:
    case MYC_SHAPE_VECTOR:
    case MYC_SHAPE_STRING:
        return take_elements(walk, field, base, item);
    case MYC_SHAPE_TAIL_BYTES:
    case MYC_SHAPE_TAIL_STRING:
        return take_tail(walk, field, base, item);
    case MYC_SHAPE_ONE:
    case MYC_SHAPE_COUNT:
        break;
    }
    return field->kind == MYC_KIND_UNION ? take_union(walk, field, base, item)
                                         : take_one(walk, field, base + field->offset, item);
}

// The end of what the top frame held. The item names what that was a part of.
static void take_end(struct myc_message_walk *walk, struct myc_message_item *item)
{
    const struct myc__message_frame *ended = &walk->frames[--walk->depth];
    const struct myc__message_frame *outer = &walk->frames[walk->depth - 1];
    item->field = outer->stride != 0 ? outer->fields : &outer->fields[outer->next - 1];
    item->index = outer->stride != 0 ? outer->next - 1 : MYC_ITEM_NO_INDEX;
    item->variant = ended->variant;
    item->depth = walk->depth - 1;
    if (ended->stride != 0) {
        item->kind = MYC_ITEM_LIST_END;
    } else {
        item->kind = ended->variant != NULL ? MYC_ITEM_UNION_END : MYC_ITEM_STRUCT_END;
    }
    item->offset = ended->base;
}

enum myc_status
myc_message_walk_next(struct myc_message_walk *walk, struct myc_message_item *out_item)
{
    *out_item = (struct myc_message_item){.index = MYC_ITEM_NO_INDEX};
    if (walk->problem != NULL) {
        return MYC_END;
    }
    struct myc__message_frame *frame = &walk->frames[walk->depth - 1];
    if (walk->depth == 1 && (walk->flags & MYC_MESSAGE_COMPLETED) == 0) {
        // Versions only append, so behind the first field that the record lacks there is none.
        bool is_over =
            frame->next < frame->count && frame->fields[frame->next].since > walk->message.version;
        frame->next = is_over ? frame->count : frame->next;
    }
    if (frame->next == frame->count) {
        if (walk->depth == 1) {
            return MYC_END;
        }
        walk->steps++;
        take_end(walk, out_item);
        return MYC_OK;
    }
    uint32_t index = frame->next++;
    walk->steps++;
    out_item->depth = walk->depth - 1;
    if (frame->stride == 0) {
        return take_field(walk, &frame->fields[index], frame->base, out_item);
    }
    out_item->field = frame->fields;
    out_item->index = index;
    return take_one(walk, frame->fields, frame->base + index * frame->stride, out_item);
}

bool myc__walk_is_secret(const struct myc_message_walk *walk, const struct myc_message_item *item)
{
    for (uint32_t i = 0; i <= item->depth; i++) {
        const struct myc__message_frame *frame = &walk->frames[i];
        const struct myc_field *field =
            frame->stride != 0 ? frame->fields : &frame->fields[frame->next - 1];
        if ((field->flags & MYC_FIELD_SECRET) != 0) {
            return true;
        }
    }
    return false;
}

void myc_message_walk_path(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    char out_path[MYC_MESSAGE_PATH_BYTES])
{
    struct myc__text text;
    myc__text_init(&text, out_path, MYC_MESSAGE_PATH_BYTES);
    for (uint32_t i = 0; i <= item->depth && i < walk->depth; i++) {
        const struct myc__message_frame *frame = &walk->frames[i];
        if (frame->next == 0) {
            break;
        }
        if (frame->stride != 0) {
            myc__text_string(&text, "[");
            myc__text_u64(&text, frame->next - 1);
            myc__text_string(&text, "]");
            continue;
        }
        myc__text_string(&text, i > 0 ? "." : "");
        if (frame->variant != NULL) {
            myc__text_string(&text, frame->variant->name);
            myc__text_string(&text, ".");
        }
        myc__text_string(&text, frame->fields[frame->next - 1].name);
    }
    if (text.is_cut) {
        memcpy(text.data + text.len - 3, "...", 3);
    }
}

struct myc_number myc_item_number(const struct myc_message_item *item)
{
    return myc__load_number(item->field->kind, item->bytes);
}

const struct myc_enum_value *myc_item_enum_value(const struct myc_message_item *item)
{
    const struct myc_enum *enumeration = item->field->enumeration;
    uint32_t value = item->field->kind == MYC_KIND_ENUM ? myc__load_u32(item->bytes) : 0;
    uint32_t low = 0;
    uint32_t high = item->field->kind == MYC_KIND_ENUM ? enumeration->value_count : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct myc_enum_value *candidate = &enumeration->values[middle];
        if (candidate->value == value) {
            return candidate;
        }
        if (candidate->value < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Validation: what the walk does not need to know in order to go on, but the contract promises.
// Storage that no value takes must be zero, so that a message has one form only.
#include <mycelium/message.h>

#include <string.h>

#include "codec/codec.h"

// A finding: what the item is, which rule it breaks, and a number in between where that helps.
struct fault {
    const char *before; /* may be empty */
    const char *value;  /* not told of secrets; NULL: none */
    const char *rule;
    const char *detail; /* behind the rule; NULL: none */
};

static enum myc_status refuse(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    const struct fault *fault,
    struct myc_diagnostic *diagnostic)
{
    char path[MYC_MESSAGE_PATH_BYTES];
    const struct myc_message_type *type = walk->message.type;
    bool is_hidden = type->policy.hides_payload != 0 || myc__walk_is_secret(walk, item);
    myc_message_walk_path(walk, item, path);
    (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, type->name);
    myc_diagnostic_append(diagnostic, ".");
    myc_diagnostic_append(diagnostic, path);
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(diagnostic, fault->before != NULL ? fault->before : "");
    if (fault->value != NULL) {
        myc_diagnostic_append(diagnostic, is_hidden ? "<redacted>" : fault->value);
    }
    myc_diagnostic_append(diagnostic, fault->rule);
    myc_diagnostic_append(diagnostic, fault->detail != NULL ? fault->detail : "");
    myc_diagnostic_append(diagnostic, " (byte ");
    myc_diagnostic_append_u64(diagnostic, item->offset);
    myc_diagnostic_append(diagnostic, ")");
    return MYC_CORRUPT;
}

static void print_u64(uint64_t value, char out_text[MYC__INTEGER_TEXT_BYTES])
{
    const struct myc_number number = {{value, 0, 0, 0}};
    myc__print_integer(MYC_KIND_U64, &number, out_text);
}

static void print_limit(
    const struct myc_field *field, const struct myc_number *limit, char out[MYC__NUMBER_TEXT_BYTES])
{
    if (!myc__kind_is_float(field->kind)) {
        myc__print_integer(field->kind, limit, out);
    } else if (myc__float_is_finite(MYC_KIND_F64, limit->limb[0])) {
        myc__print_float(MYC_KIND_F64, limit->limb[0], out);
    } else {
        memcpy(out, "infinity", sizeof("infinity"));
    }
}

// What is to be said of a number, or nothing.
static bool breaks_number_rule(
    const struct myc_message_item *item, struct fault *out_fault, char text[MYC__NUMBER_TEXT_BYTES])
{
    const struct myc_field *field = item->field;
    struct myc_number number = myc_item_number(item);
    const struct myc_number zero = {{0, 0, 0, 0}};
    if ((field->flags & MYC_FIELD_FINITE) != 0 && myc__kind_is_float(field->kind)
        && !myc__float_is_finite(MYC_KIND_F64, number.limb[0])) {
        out_fault->rule = " is not finite";
        return true;
    }
    if ((field->flags & MYC_FIELD_NONZERO) != 0
        && myc__compare_numbers(field->kind, &number, &zero) == 0) {
        out_fault->rule = " must not be zero";
        return true;
    }
    // Not "below": a NaN compares with nothing and breaks both rules.
    int order = field->min != NULL ? myc__compare_numbers(field->kind, &number, field->min) : 0;
    if (order != 0 && order != 1) {
        out_fault->rule = " is below ";
        out_fault->detail = text;
        print_limit(field, field->min, text);
        return true;
    }
    order = field->max != NULL ? myc__compare_numbers(field->kind, &number, field->max) : 0;
    if (order != 0 && order != -1) {
        out_fault->rule = " is above ";
        out_fault->detail = text;
        print_limit(field, field->max, text);
        return true;
    }
    return false;
}

static enum myc_status check_value(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    struct myc_diagnostic *diagnostic)
{
    char value[MYC__NUMBER_TEXT_BYTES];
    char limit[MYC__NUMBER_TEXT_BYTES];
    const struct myc_field *field = item->field;
    struct fault fault = {.value = value};
    bool is_bad = false;
    if (field->kind == MYC_KIND_BOOL) {
        is_bad = item->bytes[0] > 1;
        fault.rule = " must be 0 or 1";
    } else if (field->kind == MYC_KIND_ENUM && field->enumeration->is_open == 0) {
        is_bad = myc_item_enum_value(item) == NULL;
        fault.rule = " is no value of ";
        fault.detail = field->enumeration->name;
    }
    if (!is_bad) {
        fault.detail = NULL;
        is_bad = breaks_number_rule(item, &fault, limit);
    }
    if (!is_bad) {
        return MYC_OK;
    }
    myc__print_number(item, value);
    return refuse(walk, item, &fault, diagnostic);
}

// Elements of a vector, bytes of a string or a tail: how many, and nothing behind them.
static enum myc_status check_length(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    uint32_t length,
    struct myc_diagnostic *diagnostic)
{
    char value[MYC__INTEGER_TEXT_BYTES];
    char limit[MYC__INTEGER_TEXT_BYTES];
    const struct myc_field *field = item->field;
    struct fault fault = {.before = "its length ", .value = value, .detail = limit};
    if (length < field->length_min) {
        fault.rule = " is below ";
        print_u64(field->length_min, limit);
    } else if (field->length_max != 0 && length > field->length_max) {
        fault.rule = " is above ";
        print_u64(field->length_max, limit);
    } else {
        return MYC_OK;
    }
    print_u64(length, value);
    return refuse(walk, item, &fault, diagnostic);
}

static enum myc_status check_unused(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    size_t used,
    size_t size,
    struct myc_diagnostic *diagnostic)
{
    const struct fault fault = {.rule = "storage that is not used must be zero"};
    return used >= size || myc__is_zero(item->bytes + used, size - used)
               ? MYC_OK
               : refuse(walk, item, &fault, diagnostic);
}

static bool has_counter(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING;
}

static bool has_length(const struct myc_field *field)
{
    return has_counter(field) || field->shape == MYC_SHAPE_TAIL_BYTES
           || field->shape == MYC_SHAPE_TAIL_STRING;
}

static enum myc_status check_bytes(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    struct myc_diagnostic *diagnostic)
{
    const struct myc_field *field = item->field;
    const struct fault zero = {.rule = "all its bytes are zero"};
    bool is_whole = item->index == MYC_ITEM_NO_INDEX;
    enum myc_status status = MYC_OK;
    if (is_whole && has_length(field)) {
        status = check_length(walk, item, item->size, diagnostic);
    }
    if (status == MYC_OK && is_whole && has_counter(field)) {
        status = check_unused(walk, item, item->size, field->size, diagnostic);
    }
    if (status == MYC_OK && (field->flags & MYC_FIELD_NONZERO) != 0
        && myc__is_zero(item->bytes, item->size)) {
        status = refuse(walk, item, &zero, diagnostic);
    }
    for (uint32_t i = 0;
         status == MYC_OK && i < item->size && (field->min != NULL || field->max != NULL);
         i++) {
        // "nonzero" is a rule of all bytes together, a range one of each.
        struct myc_field range = *field;
        struct myc_message_item byte = *item;
        range.flags &= (uint16_t)~MYC_FIELD_NONZERO;
        byte.field = &range;
        byte.bytes += i;
        byte.offset += i;
        byte.size = 1;
        status = check_value(walk, &byte, diagnostic);
    }
    return status;
}

static enum myc_status check_text(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    struct myc_diagnostic *diagnostic)
{
    const struct myc_field *field = item->field;
    struct fault fault = {.rule = NULL};
    uint32_t i = 0;
    enum myc_status status = check_length(walk, item, item->size, diagnostic);
    if (status == MYC_OK && has_counter(field)) {
        status = check_unused(walk, item, item->size, field->size, diagnostic);
    }
    if (status != MYC_OK) {
        return status;
    }
    while (i < item->size && fault.rule == NULL) {
        size_t length = myc__utf8_length(item->bytes + i, item->size - i);
        bool is_ascii = item->bytes[i] >= 0x20 && item->bytes[i] <= 0x7E;
        if (length == 0) {
            fault.rule = "the text is not UTF-8";
        } else if ((field->flags & MYC_FIELD_ASCII) != 0 && !is_ascii) {
            fault.rule = "the text is not printable ASCII";
        } else {
            i += (uint32_t)length;
        }
    }
    if (fault.rule == NULL) {
        return MYC_OK;
    }
    struct myc_message_item place = *item;
    place.offset += i;
    return refuse(walk, &place, &fault, diagnostic);
}

static enum myc_status check_absent(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    struct myc_diagnostic *diagnostic)
{
    const struct fault fault = {.rule = "it must be zero when it is absent"};
    const struct myc_field *field = item->field;
    bool is_zero = myc__is_zero(item->bytes, item->size);
    if (has_counter(field)) {
        // The count lies beside the storage, at a place of its own.
        const unsigned char *start = item->bytes - field->offset;
        is_zero = is_zero && myc__load_u32(start + field->counter) == 0;
    }
    return is_zero ? MYC_OK : refuse(walk, item, &fault, diagnostic);
}

enum myc_status myc__message_check_item(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    struct myc_diagnostic *diagnostic)
{
    const struct fault unset = {.rule = "no variant is set"};
    const struct myc_struct *structure = item->variant != NULL ? item->variant->structure : NULL;
    enum myc_status status = MYC_OK;
    switch (item->kind) {
    case MYC_ITEM_VALUE:
        return check_value(walk, item, diagnostic);
    case MYC_ITEM_BYTES:
        return check_bytes(walk, item, diagnostic);
    case MYC_ITEM_TEXT:
        return check_text(walk, item, diagnostic);
    case MYC_ITEM_ABSENT:
        return check_absent(walk, item, diagnostic);
    case MYC_ITEM_UNSET:
        return refuse(walk, item, &unset, diagnostic);
    case MYC_ITEM_UNION:
        return check_unused(
            walk, item, structure != NULL ? structure->size : 0, item->size, diagnostic);
    case MYC_ITEM_LIST:
        if (item->field->shape == MYC_SHAPE_VECTOR) {
            size_t element = item->size / item->field->count;
            status = check_length(walk, item, item->count, diagnostic);
            if (status == MYC_OK) {
                status = check_unused(walk, item, item->count * element, item->size, diagnostic);
            }
        }
        return status;
    case MYC_ITEM_LIST_END:
    case MYC_ITEM_STRUCT:
    case MYC_ITEM_STRUCT_END:
    case MYC_ITEM_UNION_END:
        break;
    }
    return MYC_OK;
}

// What the walk itself stumbled over.
enum myc_status myc__message_tell_problem(
    const struct myc_message_walk *walk,
    const struct myc_message_item *item,
    enum myc_status status,
    struct myc_diagnostic *diagnostic)
{
    char value[MYC__INTEGER_TEXT_BYTES];
    struct fault fault = {.rule = walk->problem};
    size_t len = strlen(walk->problem);
    if (status == MYC_CORRUPT && len > 0 && walk->problem[len - 1] == ' ') {
        // It ends in a number: the count or tag itself.
        const unsigned char *fields = walk->message.fields;
        print_u64(myc__load_u32(fields + item->offset), value);
        fault = (struct fault){.before = walk->problem, .value = value, .rule = ""};
    }
    (void)refuse(walk, item, &fault, diagnostic);
    if (diagnostic != NULL) {
        diagnostic->status = status;
    }
    return status;
}

enum myc_status
myc_message_validate(const struct myc_message *message, struct myc_diagnostic *diagnostic)
{
    struct myc_message_walk walk;
    struct myc_message_item item;
    enum myc_status status = MYC_OK;
    myc_message_walk_init(&walk, message, 0);
    while ((status = myc_message_walk_next(&walk, &item)) == MYC_OK) {
        status = myc__message_check_item(&walk, &item, diagnostic);
        if (status != MYC_OK) {
            return status;
        }
    }
    if (status != MYC_END) {
        return myc__message_tell_problem(&walk, &item, status, diagnostic);
    }
    myc_diagnostic_clear(diagnostic);
    return MYC_OK;
}

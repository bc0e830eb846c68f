// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Equality: two walks side by side.
#include <mycelium/message.h>

#include <string.h>

static bool has_equal_bytes(const struct myc_message_item *a, const struct myc_message_item *b)
{
    return a->size == b->size && (a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0);
}

static bool is_equal(const struct myc_message_item *a, const struct myc_message_item *b)
{
    if (a->kind != b->kind || a->field != b->field || a->count != b->count
        || a->variant != b->variant) {
        return false;
    }
    switch (a->kind) {
    case MYC_ITEM_VALUE:
    case MYC_ITEM_BYTES:
    case MYC_ITEM_TEXT:
        return has_equal_bytes(a, b);
    case MYC_ITEM_ABSENT:
    case MYC_ITEM_LIST:
    case MYC_ITEM_LIST_END:
    case MYC_ITEM_STRUCT:
    case MYC_ITEM_STRUCT_END:
    case MYC_ITEM_UNION:
    case MYC_ITEM_UNION_END:
    case MYC_ITEM_UNSET:
        break;
    }
    return true;
}

bool myc_message_equals(const struct myc_message *a, const struct myc_message *b)
{
    struct myc_message_walk walk_a;
    struct myc_message_walk walk_b;
    struct myc_message_item item_a;
    struct myc_message_item item_b;
    enum myc_status status = a->type == b->type ? MYC_OK : MYC_MISMATCH;
    if (status == MYC_OK && a->type->field_count == 0 && a->type->extent_count == 0) {
        return memcmp(a->fields, b->fields, a->type->size) == 0;
    }
    myc_message_walk_init(&walk_a, a, MYC_MESSAGE_COMPLETED);
    myc_message_walk_init(&walk_b, b, MYC_MESSAGE_COMPLETED);
    while (status == MYC_OK) {
        status = myc_message_walk_next(&walk_a, &item_a);
        if (myc_message_walk_next(&walk_b, &item_b) != status) {
            return false;
        }
        if (status == MYC_OK && !is_equal(&item_a, &item_b)) {
            return false;
        }
    }
    return status == MYC_END;
}

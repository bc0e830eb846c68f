// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Descriptors: looking a message up and checking what a program registers, generated or by hand.
#include <mycelium/schema.h>

#include <string.h>

#include "schema/check.h"
#include "schema/limits.h"
#include "schema/name.h"

// Types looked at below one message: each use counts, so that work is bounded.
enum { VISITS_MAX = 65536 };

// Contracts have tens of messages and lookups happen at subscription, so a scan is the right
// search.
const struct myc_message_type *myc_contract_find(const struct myc_contract *contract, uint16_t id)
{
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (contract->messages[i]->id == id) {
            return contract->messages[i];
        }
    }
    return NULL;
}

// ---- Types inside each other ----

// One struct or union being looked through, the fields of a message at the bottom.
struct frame {
    const struct myc_field *fields;
    const struct myc_union *choice; // or NULL
    uint32_t count;
    uint32_t next;
};

// The message's fields, and the structs and unions that may nest in it: one each a level.
struct walk {
    struct frame frames[MYC__SCHEMA_NESTING_MAX + 1];
    uint32_t depth;
    uint32_t visit_count;
};

static bool push(struct walk *walk, struct frame frame)
{
    if (walk->depth == MYC__SCHEMA_NESTING_MAX + 1 || walk->visit_count == VISITS_MAX) {
        return false;
    }
    walk->frames[walk->depth++] = frame;
    walk->visit_count++;
    return true;
}

static enum myc_status refuse_nesting(struct myc_diagnostic *diagnostic)
{
    return myc__schema_refuse(
        diagnostic, "types", NULL, "they nest more than 8 deep, in a circle, or too often");
}

static enum myc_status
enter_struct(struct walk *walk, const struct myc_struct *type, struct myc_diagnostic *diagnostic)
{
    enum myc_status status = myc__schema_check_struct(type, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    struct frame frame = {.fields = type->fields, .count = type->field_count};
    return push(walk, frame) ? MYC_OK : refuse_nesting(diagnostic);
}

static enum myc_status
enter_union(struct walk *walk, const struct myc_union *type, struct myc_diagnostic *diagnostic)
{
    enum myc_status status = myc__schema_check_union(type, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    struct frame frame = {.choice = type, .count = type->variant_count};
    return push(walk, frame) ? MYC_OK : refuse_nesting(diagnostic);
}

static enum myc_status
check_next(struct walk *walk, struct frame *frame, struct myc_diagnostic *diagnostic)
{
    uint32_t index = frame->next++;
    if (frame->choice != NULL) {
        const struct myc_struct *structure = frame->choice->variants[index].structure;
        return structure != NULL ? enter_struct(walk, structure, diagnostic) : MYC_OK;
    }
    const struct myc_field *field = &frame->fields[index];
    if (field->kind == MYC_KIND_ENUM) {
        return myc__schema_check_enum(field->enumeration, diagnostic);
    }
    if (field->kind == MYC_KIND_STRUCT) {
        return enter_struct(walk, field->structure, diagnostic);
    }
    return field->kind == MYC_KIND_UNION ? enter_union(walk, field->choice, diagnostic) : MYC_OK;
}

static enum myc_status
check_types(const struct myc_message_type *type, struct myc_diagnostic *diagnostic)
{
    struct walk walk = {.depth = 0};
    struct frame bottom = {.fields = type->fields, .count = type->field_count};
    (void)push(&walk, bottom);
    while (walk.depth > 0) {
        struct frame *frame = &walk.frames[walk.depth - 1];
        if (frame->next == frame->count) {
            walk.depth--;
            continue;
        }
        enum myc_status status = check_next(&walk, frame, diagnostic);
        if (status != MYC_OK) {
            myc_diagnostic_wrap(diagnostic, type->name);
            return status;
        }
    }
    return MYC_OK;
}

static enum myc_status
check_message(const struct myc_message_type *type, struct myc_diagnostic *diagnostic)
{
    enum myc_status status = myc__schema_check_message(type, diagnostic);
    if (status != MYC_OK || type->field_count == 0) {
        return status;
    }
    status = myc__schema_check_message_fields(type, diagnostic);
    return status == MYC_OK ? check_types(type, diagnostic) : status;
}

static bool has_name(const struct myc_message_type *a, const struct myc_message_type *b)
{
    return myc__schema_is_same_name(a->name, b->name);
}

enum myc_status
myc_contract_check(const struct myc_contract *contract, struct myc_diagnostic *diagnostic)
{
    if (contract == NULL) {
        return myc__schema_refuse(diagnostic, "contract", NULL, "the descriptor is missing");
    }
    const char *name = contract->name;
    if (name == NULL || !myc__schema_is_snake_name(name, strlen(name))) {
        return myc__schema_refuse(
            diagnostic, "contract", name, "the name must be lower-case words");
    }
    if (contract->version == 0 || contract->min_compatible == 0
        || contract->min_compatible > contract->version) {
        return myc__schema_refuse(
            diagnostic, "contract", name, "min_compatible must be 1 to version");
    }
    if (contract->message_count == 0 || contract->message_count > MYC__SCHEMA_MESSAGES_MAX
        || contract->messages == NULL) {
        return myc__schema_refuse(diagnostic, "contract", name, "it must have 1 to 1024 messages");
    }
    for (uint32_t i = 0; i < contract->message_count; i++) {
        const struct myc_message_type *type = contract->messages[i];
        enum myc_status status = check_message(type, diagnostic);
        if (status != MYC_OK) {
            return status;
        }
        for (uint32_t j = 0; j < i; j++) {
            if (contract->messages[j]->id == type->id) {
                return myc__schema_refuse(
                    diagnostic, "message", type->name, "another message has its type id");
            }
            if (has_name(contract->messages[j], type)) {
                return myc__schema_refuse(
                    diagnostic, "message", type->name, "another message has its name");
            }
        }
    }
    myc_diagnostic_clear(diagnostic);
    return MYC_OK;
}

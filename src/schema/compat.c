// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The comparison itself: contracts message by message, messages field by field, and what a field
// consists of level by level. Levels are kept in a stack of frames, so that types of a peer may
// nest as they like; a budget of steps ends what would take too long, as a finding.
#include "schema/compat.h"

#include <string.h>

#include "core/text.h"
#include "schema/field.h"
#include "schema/name.h"

enum {
    STEPS_MAX = 1 << 20, // looked at for one message; what needs more has little in common
    HINT_AROUND = 8
};

bool myc__compat_is_zero(
    const struct myc__compat *compat, bool is_old_writer, uint64_t start, uint64_t end)
{
    const struct myc__compat_frame *frame = &compat->frames[compat->depth - 1];
    const struct myc__compat_zeros *zeros =
        is_old_writer ? &frame->zeros_of_old : &frame->zeros_of_new;
    return start >= zeros->from && end <= zeros->to;
}

void myc__compat_spend(struct myc__compat *compat, uint64_t steps)
{
    if (compat->steps == 0) {
        return;
    }
    compat->steps -= steps < compat->steps ? steps : compat->steps;
    if (compat->steps == 0) {
        compat->in_play = MYC__COMPAT_BOTH;
        myc__compat_report(compat, MYC_COMPAT_TOO_COMPLEX, MYC__COMPAT_BOTH);
    }
}

struct myc__compat_frame *myc__compat_enter(struct myc__compat *compat)
{
    if (compat->depth == MYC_COMPAT_DEPTH_MAX) {
        myc__compat_report(compat, MYC_COMPAT_TOO_COMPLEX, MYC__COMPAT_BOTH);
        return NULL;
    }
    struct myc__compat_frame *frame = &compat->frames[compat->depth++];
    memset(frame, 0, sizeof(*frame));
    frame->path_len = (uint32_t)strlen(compat->finding.path);
    frame->in_play = compat->in_play;
    return frame;
}

// ---- Fields ----

// The search begins near `hint`, where the field stood in the other version: mostly at once.
static const struct myc_field *find_named(
    struct myc__compat *compat,
    const struct myc_field *fields,
    uint32_t count,
    const char *name,
    uint32_t hint)
{
    uint32_t start = hint >= HINT_AROUND && hint - HINT_AROUND < count ? hint - HINT_AROUND : 0;
    for (uint32_t steps = 0; steps < count; steps++) {
        uint32_t i = start + steps < count ? start + steps : start + steps - count;
        if (fields[i].name[0] == name[0] && myc__schema_is_same_name(fields[i].name, name)) {
            myc__compat_spend(compat, steps);
            return &fields[i];
        }
    }
    myc__compat_spend(compat, count);
    return NULL;
}

// The other version's field of that name; if there is none, the one in the same place that has lost
// its name.
static const struct myc_field *find_partner(
    struct myc__compat *compat,
    const struct myc_field *field,
    const struct myc_field *own,
    uint32_t own_count,
    const struct myc_field *others,
    uint32_t other_count)
{
    const struct myc_field *partner =
        find_named(compat, others, other_count, field->name, (uint32_t)(field - own));
    for (uint32_t i = 0; partner == NULL && i < other_count; i++) {
        if (myc__compat_is_same_slot(&others[i], field)
            && find_named(compat, own, own_count, others[i].name, i) == NULL) {
            partner = &others[i];
        }
    }
    return partner;
}

static const struct myc_field *old_of(
    struct myc__compat *compat, const struct myc__compat_frame *frame, const struct myc_field *new)
{
    return find_partner(
        compat, new, frame->new_fields, frame->new_count, frame->old_fields, frame->old_count);
}

static const struct myc_field *new_of(
    struct myc__compat *compat, const struct myc__compat_frame *frame, const struct myc_field *old)
{
    return find_partner(
        compat, old, frame->old_fields, frame->old_count, frame->new_fields, frame->new_count);
}

// Whether a neighbour that both have was on the field's other side.
static bool is_reordered(
    struct myc__compat *compat,
    const struct myc__compat_frame *frame,
    const struct myc_field *old,
    const struct myc_field *new)
{
    const struct myc_field *last = frame->new_fields + frame->new_count - 1;
    const struct myc_field *before =
        new > frame->new_fields ? old_of(compat, frame, new - 1) : NULL;
    const struct myc_field *after = new < last ? old_of(compat, frame, new + 1) : NULL;
    return (before != NULL && before > old) || (after != NULL && after < old);
}

// The number of new fields up to the last one that both have: what stands before it is inserted.
static uint32_t count_common(struct myc__compat *compat, const struct myc__compat_frame *frame)
{
    uint32_t count = frame->new_count;
    while (count > 0 && old_of(compat, frame, &frame->new_fields[count - 1]) == NULL) {
        count--;
    }
    return count;
}

// Directions in which a field's bytes are read: the reader knows it in the version of the record.
static uint32_t directions_of(
    const struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    uint16_t old_version = compat->old_message->version;
    uint16_t new_version = compat->new_message->version;
    uint32_t directions = 0;
    if (new != NULL && (old_version >= new_version || new->since <= old_version)) {
        directions |= MYC__COMPAT_NRO;
    }
    if (old != NULL && (new_version >= old_version || old->since <= new_version)) {
        directions |= MYC__COMPAT_ORN;
    }
    return directions;
}

static void compare_added(
    struct myc__compat *compat, const struct myc__compat_frame *frame, const struct myc_field *new)
{
    bool is_read = (directions_of(compat, NULL, new) & MYC__COMPAT_NRO) != 0;
    bool has_absence = myc__compat_has_absence(new);
    enum myc_compat_rule rule = MYC_COMPAT_FIELD_ADDED;
    if ((uint32_t)(new - frame->new_fields) < frame->common_count) {
        rule = MYC_COMPAT_FIELD_INSERTED;
    } else if (is_read) {
        rule = MYC_COMPAT_SINCE_WRONG;
    } else if (!has_absence) {
        rule = MYC_COMPAT_FIELD_ADDED_WITHOUT_DEFAULT;
    }
    if (rule == MYC_COMPAT_SINCE_WRONG) {
        struct myc__text text = myc__compat_new_text(compat);
        myc__text_string(&text, "since ");
        myc__text_u64(&text, new->since);
    } else {
        myc__compat_set_types(compat, NULL, new);
    }
    myc__compat_report(compat, rule, is_read || !has_absence ? MYC__COMPAT_NRO : 0);
}

static bool initial_differs(
    const struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    const uint8_t *old_bytes = compat->old_message->initial;
    const uint8_t *new_bytes = compat->new_message->initial;
    uint8_t difference = 0;
    bool has_count = old->shape == MYC_SHAPE_VECTOR || old->shape == MYC_SHAPE_STRING;
    for (uint32_t i = 0; i < old->size; i++) {
        uint8_t was = old_bytes != NULL ? old_bytes[old->offset + i] : 0;
        uint8_t is = new_bytes != NULL ? new_bytes[new->offset + i] : 0;
        difference |= was ^ is;
    }
    for (uint32_t i = 0; has_count && i < 4; i++) {
        uint8_t was = old_bytes != NULL ? old_bytes[old->counter + i] : 0;
        uint8_t is = new_bytes != NULL ? new_bytes[new->counter + i] : 0;
        difference |= was ^ is;
    }
    return difference != 0;
}

static void print_initial(
    struct myc__text text, const struct myc_message_type *type, const struct myc_field *field)
{
    static const uint8_t zeros[16] = {0};
    const uint8_t *bytes = type->initial;
    uint32_t size = field->size < sizeof(zeros) ? field->size : sizeof(zeros);
    if ((field->flags & MYC_FIELD_DEFAULT) == 0) {
        myc__text_string(&text, "none");
        return;
    }
    bytes = bytes != NULL ? bytes + field->offset : zeros;
    if (field->shape == MYC_SHAPE_ONE && field->size <= 8 && !myc__schema_is_float(field->kind)) {
        uint64_t number = 0;
        for (uint32_t i = field->size; i > 0; i--) {
            number = number << 8 | bytes[i - 1];
        }
        bool is_negative = myc__schema_is_signed(field->kind) && bytes[field->size - 1] >= 0x80;
        if (is_negative) {
            number |= field->size < 8 ? UINT64_MAX << (8 * field->size) : 0;
            myc__text_i64(&text, (int64_t)number);
        } else {
            myc__text_u64(&text, number);
        }
        return;
    }
    myc__text_string(&text, "bytes ");
    myc__text_hex(&text, bytes, size);
    myc__text_string(&text, size < field->size ? "..." : "");
}

static void compare_defaults(
    struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    bool has_changed = ((old->flags ^ new->flags) & MYC_FIELD_DEFAULT) != 0;
    if (old->kind != new->kind || old->shape != new->shape || old->size != new->size) {
        return;
    }
    if (has_changed || initial_differs(compat, old, new)) {
        print_initial(myc__compat_old_text(compat), compat->old_message, old);
        print_initial(myc__compat_new_text(compat), compat->new_message, new);
        // Only who came later is ever completed in a record.
        bool is_completed = old->since > 1 && new->since > 1;
        myc__compat_report(
            compat, MYC_COMPAT_DEFAULT_CHANGED, is_completed ? MYC_COMPAT_CHANGES_MEANING : 0);
    }
}

// A field of the message itself: versions decide in which directions it is read.
static void compare_top(
    struct myc__compat *compat,
    const struct myc__compat_frame *frame,
    const struct myc_field *old,
    const struct myc_field *new)
{
    uint32_t directions = directions_of(compat, old, new);
    if (old->since != new->since || directions != MYC__COMPAT_BOTH) {
        bool is_edited = old->since != new->since;
        // A reader that takes the default although the writer has a value does not get the value.
        uint32_t lost = MYC__COMPAT_BOTH & ~directions;
        bool is_other = is_edited && lost == 0;
        myc__compat_set_numbers(compat, old->since, new->since);
        myc__compat_report(
            compat,
            is_edited ? MYC_COMPAT_SINCE_CHANGED : MYC_COMPAT_VERSION_LOWERED,
            lost | (is_other ? (uint32_t)MYC_COMPAT_CHANGES_MEANING : 0U));
    }
    if (!myc__schema_is_same_name(old->name, new->name)) {
        myc__compat_set_texts(compat, old->name, new->name);
        myc__compat_report(compat, MYC_COMPAT_FIELD_RENAMED, 0);
    } else if (old->offset != new->offset && is_reordered(compat, frame, old, new)) {
        myc__compat_set_numbers(compat, old->offset, new->offset);
        myc__compat_report(compat, MYC_COMPAT_FIELD_REORDERED, MYC__COMPAT_BOTH);
    }
    compare_defaults(compat, old, new);
    compat->in_play = directions;
    myc__compat_field(compat, old, new);
    compat->in_play = MYC__COMPAT_BOTH;
}

// A field that only one version of a struct has. The bytes behind a variant are known to be zero,
// which is what an absent field looks like.
static void
compare_inner(struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    const struct myc_field *field = new != NULL ? new : old;
    if (field == NULL) {
        return; // the caller has one of them
    }
    uint32_t direction = new != NULL ? MYC__COMPAT_NRO : MYC__COMPAT_ORN;
    bool is_absent = (field->flags & MYC_FIELD_OPTIONAL) != 0
                     && myc__compat_is_zero(
                         compat,
                         new != NULL,
                         myc__schema_field_start(field),
                         (uint64_t)field->offset + field->size);
    enum myc_compat_rule rule = new != NULL ? MYC_COMPAT_STRUCT_GREW : MYC_COMPAT_STRUCT_SHRANK;
    myc__compat_set_types(compat, old, new);
    myc__compat_report(compat, rule, is_absent ? 0 : direction);
}

static void step_fields(struct myc__compat *compat, struct myc__compat_frame *frame)
{
    uint32_t i = frame->next++;
    bool is_top = frame == compat->frames;
    bool is_new = i < frame->new_count;
    const struct myc_field *new = is_new ? &frame->new_fields[i] : NULL;
    const struct myc_field *old =
        is_new ? old_of(compat, frame, new) : &frame->old_fields[i - frame->new_count];
    myc__compat_spend(compat, 1);
    if (!is_new && new_of(compat, frame, old) != NULL) {
        return;
    }
    compat->in_play = frame->in_play;
    compat->finding.old_field = old;
    compat->finding.new_field = new;
    myc__compat_set_path(compat, frame->path_len, new != NULL ? new->name : old->name);
    if (is_top && old != NULL && new != NULL) {
        compare_top(compat, frame, old, new);
    } else if (old != NULL && new != NULL) {
        if (!myc__schema_is_same_name(old->name, new->name)) {
            myc__compat_set_texts(compat, old->name, new->name);
            myc__compat_report(compat, MYC_COMPAT_FIELD_RENAMED, 0);
        }
        myc__compat_field(compat, old, new);
    } else if (!is_top) {
        compare_inner(compat, old, new);
    } else if (new != NULL) {
        compare_added(compat, frame, new);
    } else {
        bool is_read = (directions_of(compat, old, NULL) & MYC__COMPAT_ORN) != 0;
        bool is_broken = is_read || !myc__compat_has_absence(old);
        myc__compat_set_types(compat, old, NULL);
        myc__compat_report(compat, MYC_COMPAT_FIELD_REMOVED, is_broken ? MYC__COMPAT_ORN : 0);
    }
}

static void compare_fields(struct myc__compat *compat)
{
    struct myc__compat_frame *frame = myc__compat_enter(compat);
    if (frame == NULL) {
        return; // never: nothing is entered yet
    }
    frame->old_fields = compat->old_message->fields;
    frame->old_count = compat->old_message->field_count;
    frame->new_fields = compat->new_message->fields;
    frame->new_count = compat->new_message->field_count;
    frame->common_count = count_common(compat, frame);
    while (compat->depth > 0 && compat->steps > 0) {
        frame = &compat->frames[compat->depth - 1];
        if (frame->next == frame->old_count + frame->new_count) {
            compat->depth--;
        } else if (frame->old_union != NULL) {
            compat->in_play = frame->in_play;
            myc__compat_step_union(compat, frame);
        } else {
            step_fields(compat, frame);
        }
    }
    compat->depth = 0;
    compat->in_play = MYC__COMPAT_BOTH;
    compat->finding.old_field = NULL;
    compat->finding.new_field = NULL;
    myc__compat_set_path(compat, 0, "");
}

// ---- Messages ----

static bool has_prior(const struct myc_message_type *type, uint16_t id)
{
    for (uint32_t i = 0; i < type->prior_count; i++) {
        if (type->priors[i] == id) {
            return true;
        }
    }
    return false;
}

static void compare_priors(
    struct myc__compat *compat,
    const struct myc_message_type *old,
    const struct myc_message_type *new)
{
    myc__compat_spend(compat, (uint64_t)old->prior_count * new->prior_count);
    for (uint32_t i = 0; i < new->prior_count && compat->steps > 0; i++) {
        if (!has_prior(old, new->priors[i])) {
            struct myc__text text = myc__compat_new_text(compat);
            myc__text_u64(&text, new->priors[i]);
            myc__compat_report(compat, MYC_COMPAT_PRIOR_ADDED, MYC__COMPAT_NRO);
        }
    }
    for (uint32_t i = 0; i < old->prior_count && compat->steps > 0; i++) {
        if (!has_prior(new, old->priors[i])) {
            struct myc__text text = myc__compat_old_text(compat);
            myc__text_u64(&text, old->priors[i]);
            myc__compat_report(compat, MYC_COMPAT_PRIOR_REMOVED, MYC__COMPAT_ORN);
        }
    }
}

// What a message says of itself apart from its fields.
static void compare_identity(
    struct myc__compat *compat,
    const struct myc_message_type *old,
    const struct myc_message_type *new)
{
    if (old->id != new->id) {
        myc__compat_set_numbers(compat, old->id, new->id);
        myc__compat_report(compat, MYC_COMPAT_TYPE_ID_CHANGED, MYC__COMPAT_BOTH);
    }
    if (!myc__schema_is_same_name(old->name, new->name)) {
        myc__compat_set_texts(compat, old->name, new->name);
        myc__compat_report(compat, MYC_COMPAT_MESSAGE_RENAMED, 0);
    }
    if (!myc__schema_is_same_name(old->topic, new->topic)) {
        myc__compat_set_texts(compat, old->topic, new->topic);
        myc__compat_report(compat, MYC_COMPAT_TOPIC_CHANGED, MYC__COMPAT_BOTH);
    }
    compare_priors(compat, old, new);
}

// The shortest payload of the writer must do for the reader.
static void compare_sizes(
    struct myc__compat *compat,
    const struct myc_message_type *old,
    const struct myc_message_type *new)
{
    uint32_t old_needs = myc__schema_extent(old, new->version);
    uint32_t new_needs = myc__schema_extent(new, old->version);
    uint32_t breaks = (old->size < new_needs ? (uint32_t)MYC__COMPAT_NRO : 0U)
                      | (new->size < old_needs ? (uint32_t)MYC__COMPAT_ORN : 0U);
    if ((breaks & ~compat->broken) != 0) {
        myc__compat_set_numbers(compat, old->size, new->size);
        myc__compat_report(compat, MYC_COMPAT_SIZE_CHANGED, breaks);
    }
}

static void compare_messages(
    struct myc__compat *compat,
    const struct myc_message_type *old,
    const struct myc_message_type *new)
{
    uint32_t found = compat->outcome.finding_count;
    compat->old_message = old;
    compat->new_message = new;
    compat->finding.old_message = old;
    compat->finding.new_message = new;
    compat->broken = 0;
    compat->in_play = MYC__COMPAT_BOTH;
    compare_identity(compat, old, new);
    bool is_unknown = old->extent_count == 0 || new->extent_count == 0;
    bool are_both = old->extent_count == 0 && new->extent_count == 0;
    if (is_unknown && !(are_both && old->version == new->version)) {
        myc__compat_set_numbers(compat, old->size, new->size);
        myc__compat_report(compat, MYC_COMPAT_FIELDS_UNKNOWN, MYC__COMPAT_BOTH);
    } else {
        compare_fields(compat);
        compare_sizes(compat, old, new);
    }
    if (new->version < old->version) {
        myc__compat_set_numbers(compat, old->version, new->version);
        myc__compat_report(compat, MYC_COMPAT_VERSION_LOWERED, 0);
    } else if (new->version == old->version && compat->outcome.finding_count > found) {
        myc__compat_set_numbers(compat, old->version, new->version);
        myc__compat_report(compat, MYC_COMPAT_VERSION_NOT_RAISED, 0);
    }
    compat->outcome.new_reads_old &= (compat->broken & MYC__COMPAT_NRO) == 0;
    compat->outcome.old_reads_new &= (compat->broken & MYC__COMPAT_ORN) == 0;
}

static void compat_init(struct myc__compat *compat, myc_compat_visit_fn *visit, void *context)
{
    memset(compat, 0, sizeof(*compat));
    compat->visit = visit;
    compat->context = context;
    compat->steps = STEPS_MAX;
    compat->in_play = MYC__COMPAT_BOTH;
    compat->outcome.new_reads_old = true;
    compat->outcome.old_reads_new = true;
    compat->outcome.keeps_meaning = true;
}

struct myc_compat myc_message_compare(
    const struct myc_message_type *old_message,
    const struct myc_message_type *new_message,
    myc_compat_visit_fn *visit,
    void *context)
{
    struct myc__compat compat;
    compat_init(&compat, visit, context);
    compare_messages(&compat, old_message, new_message);
    return compat.outcome;
}

// ---- Contracts ----

static const struct myc_message_type *
message_named(const struct myc_contract *contract, const char *name)
{
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (myc__schema_is_same_name(contract->messages[i]->name, name)) {
            return contract->messages[i];
        }
    }
    return NULL;
}

static void report_message(
    struct myc__compat *compat,
    enum myc_compat_rule rule,
    uint32_t breaks,
    const struct myc_message_type *old,
    const struct myc_message_type *new)
{
    compat->finding.old_message = old;
    compat->finding.new_message = new;
    compat->broken = 0;
    myc__compat_report(compat, rule, breaks);
    compat->outcome.new_reads_old &= (compat->broken & MYC__COMPAT_NRO) == 0;
    compat->outcome.old_reads_new &= (compat->broken & MYC__COMPAT_ORN) == 0;
}

static void compare_contract_message(
    struct myc__compat *compat,
    const struct myc_contract *old_contract,
    const struct myc_contract *new_contract,
    const struct myc_message_type *new)
{
    const struct myc_message_type *same_id = myc_contract_find(old_contract, new->id);
    const struct myc_message_type *same_name = message_named(old_contract, new->name);
    if (same_id != NULL && same_id == same_name) {
        compare_messages(compat, same_id, new);
    } else if (
        same_id != NULL
        && (same_name != NULL || message_named(new_contract, same_id->name) != NULL)) {
        myc__compat_set_texts(compat, same_id->name, new->name);
        report_message(compat, MYC_COMPAT_TYPE_ID_REUSED, MYC__COMPAT_BOTH, same_id, new);
    } else if (same_id != NULL) {
        compare_messages(compat, same_id, new); // renamed
    } else if (same_name != NULL) {
        compare_messages(compat, same_name, new); // with another id
    } else {
        report_message(compat, MYC_COMPAT_MESSAGE_ADDED, 0, NULL, new);
    }
}

static void compare_contract_itself(
    struct myc__compat *compat, const struct myc_contract *old, const struct myc_contract *new)
{
    if (old->id != new->id) {
        myc__compat_set_numbers(compat, old->id, new->id);
        report_message(compat, MYC_COMPAT_CONTRACT_ID_CHANGED, MYC__COMPAT_BOTH, NULL, NULL);
    }
    if (!myc__schema_is_same_name(old->name, new->name)) {
        myc__compat_set_texts(compat, old->name, new->name);
        report_message(compat, MYC_COMPAT_CONTRACT_RENAMED, 0, NULL, NULL);
    }
    if (new->min_compatible > old->version || old->min_compatible > new->version) {
        bool is_new = new->min_compatible > old->version;
        struct myc__text text = myc__compat_old_text(compat);
        myc__text_string(&text, is_new ? "version " : "min_compatible ");
        myc__text_u64(&text, is_new ? old->version : old->min_compatible);
        text = myc__compat_new_text(compat);
        myc__text_string(&text, is_new ? "min_compatible " : "version ");
        myc__text_u64(&text, is_new ? new->min_compatible : new->version);
        report_message(compat, MYC_COMPAT_MIN_COMPATIBLE_EXCLUDES, MYC__COMPAT_BOTH, NULL, NULL);
    } else if (new->min_compatible < old->min_compatible) {
        myc__compat_set_numbers(compat, old->min_compatible, new->min_compatible);
        report_message(compat, MYC_COMPAT_MIN_COMPATIBLE_LOWERED, 0, NULL, NULL);
    }
}

struct myc_compat myc_contract_compare(
    const struct myc_contract *old_contract,
    const struct myc_contract *new_contract,
    myc_compat_visit_fn *visit,
    void *context)
{
    struct myc__compat compat;
    compat_init(&compat, visit, context);
    compare_contract_itself(&compat, old_contract, new_contract);
    for (uint32_t i = 0; i < new_contract->message_count; i++) {
        compat.steps = STEPS_MAX;
        compare_contract_message(&compat, old_contract, new_contract, new_contract->messages[i]);
    }
    for (uint32_t i = 0; i < old_contract->message_count; i++) {
        const struct myc_message_type *old = old_contract->messages[i];
        if (myc_contract_find(new_contract, old->id) == NULL
            && message_named(new_contract, old->name) == NULL) {
            report_message(&compat, MYC_COMPAT_MESSAGE_REMOVED, MYC__COMPAT_NRO, old, NULL);
        }
    }
    if (compat.outcome.finding_count > 0 && new_contract->version <= old_contract->version) {
        myc__compat_set_numbers(&compat, old_contract->version, new_contract->version);
        report_message(&compat, MYC_COMPAT_CONTRACT_VERSION_NOT_RAISED, 0, NULL, NULL);
    }
    return compat.outcome;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc describe --json`: the same facts for scripts, as one object.
// docs/reference/tool-messages.md names its members.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schema/field.h"
#include "tool/message/describe.h"

static void put_name(struct message_bytes *out, const char *name)
{
    bool is_first = out->size == 0 || strchr("{[", (char)out->data[out->size - 1]) != NULL;
    message_append_text(out, is_first ? "" : ",");
    if (name != NULL) {
        message_append_quoted(out, name);
        message_append_text(out, ":");
    }
}

static void put_text(struct message_bytes *out, const char *name, const char *text)
{
    if (text != NULL) {
        put_name(out, name);
        message_append_quoted(out, text);
    }
}

static void put_number(struct message_bytes *out, const char *name, uint64_t number)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    put_name(out, name);
    message_append_text(out, text);
}

static void put_true(struct message_bytes *out, const char *name, bool is_true)
{
    if (is_true) {
        put_name(out, name);
        message_append_text(out, "true");
    }
}

static void put_open(struct message_bytes *out, const char *name, const char *bracket)
{
    put_name(out, name);
    message_append_text(out, bracket);
}

static void
put_digest(struct message_bytes *out, const char *name, const uint8_t digest[MYC_DIGEST_BYTES])
{
    char text[2 * MYC_DIGEST_BYTES + 1];
    for (size_t i = 0; i < MYC_DIGEST_BYTES; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
    put_text(out, name, text);
}

static void put_field(
    struct message_bytes *out,
    const struct myc_field *field,
    const void *initial,
    const struct contract_note *note)
{
    char text[DESCRIBE_TYPE_BYTES];
    put_open(out, NULL, "{");
    put_text(out, "name", field->name);
    describe_spell(field, text);
    put_text(out, "type", text);
    put_number(out, "offset", field->offset);
    put_number(out, "bytes", field->size);
    put_number(out, "since", field->since > 0 ? field->since : 1);
    if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
        put_number(out, "presence_offset", field->presence);
    }
    if (field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING) {
        put_number(out, "count_offset", field->counter);
    }
    if (field->kind == MYC_KIND_UNION) {
        put_number(out, "tag_offset", field->counter);
    }
    if (describe_has_default(field, initial)) {
        put_name(out, "default");
        describe_default(field, initial, out);
    }
    if (field->min != NULL) {
        describe_number(field, field->min, text);
        put_text(out, "min", text);
    }
    if (field->max != NULL) {
        describe_number(field, field->max, text);
        put_text(out, "max", text);
    }
    if (describe_has_length_min(field)) {
        put_number(out, "min_length", field->length_min);
    }
    if (describe_has_length_max(field)) {
        put_number(out, "max_length", field->length_max);
    }
    put_true(out, "finite", (field->flags & MYC_FIELD_FINITE) != 0);
    put_true(out, "nonzero", (field->flags & MYC_FIELD_NONZERO) != 0);
    put_true(out, "ascii", (field->flags & MYC_FIELD_ASCII) != 0);
    put_true(out, "secret", (field->flags & MYC_FIELD_SECRET) != 0);
    put_true(out, "deprecated", (field->flags & MYC_FIELD_DEPRECATED) != 0);
    put_text(out, "deprecation", note != NULL ? note->deprecation : NULL);
    put_text(out, "description", note != NULL ? note->description : NULL);
    message_append_text(out, "}");
}

static const struct contract_note *member_note(const struct contract_notes *notes, uint32_t index)
{
    return notes != NULL && notes->members != NULL ? &notes->members[index] : NULL;
}

static void put_fields(
    struct message_bytes *out,
    const struct myc_field *fields,
    uint32_t count,
    const void *initial,
    const struct contract_notes *notes)
{
    put_open(out, "fields", "[");
    for (uint32_t i = 0; i < count; i++) {
        put_field(out, &fields[i], initial, member_note(notes, i));
    }
    message_append_text(out, "]");
}

static void put_policy(struct message_bytes *out, const struct myc_message_policy *policy)
{
    put_text(out, "domain", policy->domain);
    put_text(out, "sensitivity", policy->sensitivity);
    put_name(out, "log_payload");
    message_append_text(out, policy->hides_payload != 0 ? "false" : "true");
    put_number(out, "priority", policy->priority);
    if (policy->latency_slo_p99_ns != 0) {
        put_number(out, "latency_slo_p99_ns", policy->latency_slo_p99_ns);
    }
    if (policy->error_rate_slo_ppm != 0) {
        put_number(out, "error_rate_slo_ppm", policy->error_rate_slo_ppm);
    }
    put_true(out, "deprecated", policy->is_deprecated != 0);
}

static void put_message(
    struct message_bytes *out,
    const struct myc_message_type *type,
    const struct contract_notes *notes)
{
    put_open(out, NULL, "{");
    put_text(out, "name", type->name);
    put_number(out, "type_id", type->id);
    put_text(out, "topic", type->topic);
    put_number(out, "version", type->version);
    put_number(out, "bytes", type->size);
    put_true(out, "has_tail", type->has_tail != 0);
    put_open(out, "extents", "[");
    for (uint32_t i = 0; i < type->extent_count; i++) {
        put_open(out, NULL, "{");
        put_number(out, "from_version", type->extents[i].version);
        put_number(out, "bytes", type->extents[i].size);
        message_append_text(out, "}");
    }
    message_append_text(out, "]");
    put_digest(out, "fingerprint", type->fingerprint);
    put_open(out, "required_prior_messages", "[");
    for (uint32_t i = 0; i < type->prior_count; i++) {
        put_number(out, NULL, type->priors[i]);
    }
    message_append_text(out, "]");
    put_policy(out, &type->policy);
    put_text(out, "description", notes != NULL ? notes->self.description : NULL);
    put_fields(out, type->fields, type->field_count, type->initial, notes);
    message_append_text(out, "}");
}

static void put_struct(
    struct message_bytes *out, const struct myc_struct *type, const struct contract_notes *notes)
{
    put_open(out, NULL, "{");
    put_text(out, "name", type->name);
    put_number(out, "bytes", type->size);
    put_fields(out, type->fields, type->field_count, type->initial, notes);
    message_append_text(out, "}");
}

static void put_union(struct message_bytes *out, const struct myc_union *type)
{
    put_open(out, NULL, "{");
    put_text(out, "name", type->name);
    put_number(out, "bytes", type->size);
    put_open(out, "variants", "[");
    for (uint32_t i = 0; i < type->variant_count; i++) {
        const struct myc_variant *variant = &type->variants[i];
        put_open(out, NULL, "{");
        put_text(out, "name", variant->name);
        put_number(out, "tag", variant->tag);
        put_text(out, "type", variant->structure != NULL ? variant->structure->name : NULL);
        put_true(out, "deprecated", variant->is_deprecated != 0);
        message_append_text(out, "}");
    }
    message_append_text(out, "]}");
}

static void put_enum(struct message_bytes *out, const struct myc_enum *type)
{
    put_open(out, NULL, "{");
    put_text(out, "name", type->name);
    put_true(out, "open", type->is_open != 0);
    put_open(out, "values", "[");
    for (uint32_t i = 0; i < type->value_count; i++) {
        put_open(out, NULL, "{");
        put_text(out, "name", type->values[i].name);
        put_number(out, "value", type->values[i].value);
        put_true(out, "deprecated", type->values[i].is_deprecated != 0);
        message_append_text(out, "}");
    }
    message_append_text(out, "]}");
}

static void put_types(
    struct message_bytes *out, const struct contract_file *file, const struct describe_used *used)
{
    put_open(out, "structs", "[");
    for (uint32_t i = 0; i < file->struct_count; i++) {
        if (used->structs[i]) {
            put_struct(
                out, file->structs[i], file->struct_notes != NULL ? &file->struct_notes[i] : NULL);
        }
    }
    message_append_text(out, "]");
    put_open(out, "unions", "[");
    for (uint32_t i = 0; i < file->union_count; i++) {
        if (used->unions[i]) {
            put_union(out, file->unions[i]);
        }
    }
    message_append_text(out, "]");
    put_open(out, "enums", "[");
    for (uint32_t i = 0; i < file->enum_count; i++) {
        if (used->enums[i]) {
            put_enum(out, file->enums[i]);
        }
    }
    message_append_text(out, "]");
}

void describe_json(
    const struct contract_file *file,
    const struct myc_message_type *only,
    const struct describe_used *used)
{
    struct message_bytes out = {0};
    const struct myc_contract *contract = &file->contract;
    message_append_text(&out, "{");
    put_text(&out, "name", contract->name);
    put_number(&out, "id", contract->id);
    put_number(&out, "version", contract->version);
    put_number(&out, "min_compatible", contract->min_compatible);
    put_digest(&out, "digest", contract->digest);
    put_text(&out, "description", file->note.description);
    put_open(&out, "messages", "[");
    for (uint32_t i = 0; i < contract->message_count; i++) {
        const struct contract_notes *notes =
            file->message_notes != NULL ? &file->message_notes[i] : NULL;
        if (only == NULL || only == contract->messages[i]) {
            put_message(&out, contract->messages[i], notes);
        }
    }
    message_append_text(&out, "]");
    put_types(&out, file, used);
    message_append_text(&out, "}\n");
    (void)fwrite(out.data, 1, out.size, stdout);
    free(out.data);
}

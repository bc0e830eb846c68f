// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc describe --json`: the same facts for scripts, as one object.
// docs/reference/tool-messages.md names its members.
#include "schema/field.h"
#include "tool/json_writer.h"
#include "tool/message/describe.h"

// What does not apply is left out.
static void put_true(struct message_bytes *out, const char *name, bool is_true)
{
    if (is_true) {
        json_write_bool(out, name, true);
    }
}

static void
put_digest(struct message_bytes *out, const char *name, const uint8_t digest[MYC_DIGEST_BYTES])
{
    char text[2 * MYC_DIGEST_BYTES + 1];
    for (size_t i = 0; i < MYC_DIGEST_BYTES; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
    json_write_text(out, name, text);
}

static void put_field(
    struct message_bytes *out,
    const struct myc_field *field,
    const void *initial,
    const struct contract_note *note)
{
    char text[DESCRIBE_TYPE_BYTES];
    json_write_open(out, NULL, "{");
    json_write_text(out, "name", field->name);
    describe_spell(field, text);
    json_write_text(out, "type", text);
    json_write_number(out, "offset", field->offset);
    json_write_number(out, "bytes", field->size);
    json_write_number(out, "since", field->since > 0 ? field->since : 1);
    if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
        json_write_number(out, "presence_offset", field->presence);
    }
    if (field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING) {
        json_write_number(out, "count_offset", field->counter);
    }
    if (field->kind == MYC_KIND_UNION) {
        json_write_number(out, "tag_offset", field->counter);
    }
    if (describe_has_default(field, initial)) {
        json_write_name(out, "default");
        describe_default(field, initial, out);
    }
    if (field->min != NULL) {
        describe_number(field, field->min, text);
        json_write_text(out, "min", text);
    }
    if (field->max != NULL) {
        describe_number(field, field->max, text);
        json_write_text(out, "max", text);
    }
    if (describe_has_length_min(field)) {
        json_write_number(out, "min_length", field->length_min);
    }
    if (describe_has_length_max(field)) {
        json_write_number(out, "max_length", field->length_max);
    }
    put_true(out, "finite", (field->flags & MYC_FIELD_FINITE) != 0);
    put_true(out, "nonzero", (field->flags & MYC_FIELD_NONZERO) != 0);
    put_true(out, "ascii", (field->flags & MYC_FIELD_ASCII) != 0);
    put_true(out, "secret", (field->flags & MYC_FIELD_SECRET) != 0);
    put_true(out, "deprecated", (field->flags & MYC_FIELD_DEPRECATED) != 0);
    json_write_text(out, "deprecation", note != NULL ? note->deprecation : NULL);
    json_write_text(out, "description", note != NULL ? note->description : NULL);
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
    json_write_open(out, "fields", "[");
    for (uint32_t i = 0; i < count; i++) {
        put_field(out, &fields[i], initial, member_note(notes, i));
    }
    message_append_text(out, "]");
}

static void put_policy(struct message_bytes *out, const struct myc_message_policy *policy)
{
    json_write_text(out, "domain", policy->domain);
    json_write_text(out, "sensitivity", policy->sensitivity);
    json_write_bool(out, "log_payload", policy->hides_payload == 0);
    json_write_number(out, "priority", policy->priority);
    if (policy->latency_slo_p99_ns != 0) {
        json_write_number(out, "latency_slo_p99_ns", policy->latency_slo_p99_ns);
    }
    if (policy->error_rate_slo_ppm != 0) {
        json_write_number(out, "error_rate_slo_ppm", policy->error_rate_slo_ppm);
    }
    put_true(out, "deprecated", policy->is_deprecated != 0);
}

static void put_message(
    struct message_bytes *out,
    const struct myc_message_type *type,
    const struct contract_notes *notes)
{
    json_write_open(out, NULL, "{");
    json_write_text(out, "name", type->name);
    json_write_number(out, "type_id", type->id);
    json_write_text(out, "topic", type->topic);
    json_write_number(out, "version", type->version);
    json_write_number(out, "bytes", type->size);
    put_true(out, "has_tail", type->has_tail != 0);
    json_write_open(out, "extents", "[");
    for (uint32_t i = 0; i < type->extent_count; i++) {
        json_write_open(out, NULL, "{");
        json_write_number(out, "from_version", type->extents[i].version);
        json_write_number(out, "bytes", type->extents[i].size);
        message_append_text(out, "}");
    }
    message_append_text(out, "]");
    put_digest(out, "fingerprint", type->fingerprint);
    json_write_open(out, "required_prior_messages", "[");
    for (uint32_t i = 0; i < type->prior_count; i++) {
        json_write_number(out, NULL, type->priors[i]);
    }
    message_append_text(out, "]");
    put_policy(out, &type->policy);
    json_write_text(out, "description", notes != NULL ? notes->self.description : NULL);
    put_fields(out, type->fields, type->field_count, type->initial, notes);
    message_append_text(out, "}");
}

static void put_struct(
    struct message_bytes *out, const struct myc_struct *type, const struct contract_notes *notes)
{
    json_write_open(out, NULL, "{");
    json_write_text(out, "name", type->name);
    json_write_number(out, "bytes", type->size);
    put_fields(out, type->fields, type->field_count, type->initial, notes);
    message_append_text(out, "}");
}

static void put_union(struct message_bytes *out, const struct myc_union *type)
{
    json_write_open(out, NULL, "{");
    json_write_text(out, "name", type->name);
    json_write_number(out, "bytes", type->size);
    json_write_open(out, "variants", "[");
    for (uint32_t i = 0; i < type->variant_count; i++) {
        const struct myc_variant *variant = &type->variants[i];
        json_write_open(out, NULL, "{");
        json_write_text(out, "name", variant->name);
        json_write_number(out, "tag", variant->tag);
        json_write_text(out, "type", variant->structure != NULL ? variant->structure->name : NULL);
        put_true(out, "deprecated", variant->is_deprecated != 0);
        message_append_text(out, "}");
    }
    message_append_text(out, "]}");
}

static void put_enum(struct message_bytes *out, const struct myc_enum *type)
{
    json_write_open(out, NULL, "{");
    json_write_text(out, "name", type->name);
    put_true(out, "open", type->is_open != 0);
    json_write_open(out, "values", "[");
    for (uint32_t i = 0; i < type->value_count; i++) {
        json_write_open(out, NULL, "{");
        json_write_text(out, "name", type->values[i].name);
        json_write_number(out, "value", type->values[i].value);
        put_true(out, "deprecated", type->values[i].is_deprecated != 0);
        message_append_text(out, "}");
    }
    message_append_text(out, "]}");
}

static void put_types(
    struct message_bytes *out, const struct contract_file *file, const struct describe_used *used)
{
    json_write_open(out, "structs", "[");
    for (uint32_t i = 0; i < file->struct_count; i++) {
        if (used->structs[i]) {
            put_struct(
                out, file->structs[i], file->struct_notes != NULL ? &file->struct_notes[i] : NULL);
        }
    }
    message_append_text(out, "]");
    json_write_open(out, "unions", "[");
    for (uint32_t i = 0; i < file->union_count; i++) {
        if (used->unions[i]) {
            put_union(out, file->unions[i]);
        }
    }
    message_append_text(out, "]");
    json_write_open(out, "enums", "[");
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
    json_write_text(&out, "name", contract->name);
    json_write_number(&out, "id", contract->id);
    json_write_number(&out, "version", contract->version);
    json_write_number(&out, "min_compatible", contract->min_compatible);
    put_digest(&out, "digest", contract->digest);
    json_write_text(&out, "description", file->note.description);
    json_write_open(&out, "messages", "[");
    for (uint32_t i = 0; i < contract->message_count; i++) {
        const struct contract_notes *notes =
            file->message_notes != NULL ? &file->message_notes[i] : NULL;
        if (only == NULL || only == contract->messages[i]) {
            put_message(&out, contract->messages[i], notes);
        }
    }
    message_append_text(&out, "]");
    put_types(&out, file, used);
    message_append_text(&out, "}");
    json_write_line(&out, stdout);
}

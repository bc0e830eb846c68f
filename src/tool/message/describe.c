// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc describe`: a contract as tables for people. describe_json.c has the same for scripts.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "core/text.h"
#include "schema/field.h"
#include "tool/message/describe.h"

void describe_spell(const struct myc_field *field, char out[DESCRIBE_TYPE_BYTES])
{
    struct myc__text text;
    myc__text_init(&text, out, DESCRIBE_TYPE_BYTES);
    myc__schema_spell(field, &text);
}

void describe_default(const struct myc_field *field, const void *initial, struct message_bytes *out)
{
    // A message of that field alone; a field with a default is in the fixed part.
    struct myc_field alone = *field;
    alone.since = 1;
    alone.flags &= (uint16_t)~MYC_FIELD_SECRET;
    const struct myc_message_type type = {
        .version = 1, .size = 8, .name = "", .field_count = 1, .fields = &alone};
    const struct myc_message message = {.type = &type, .fields = initial, .version = 1};
    struct message_bytes text = {0};
    message_append_json(&text, &message, 0);
    size_t start = strlen(field->name) + sizeof("{\"\":") - 1;
    message_append(out, text.data + start, text.size - start - 1);
    free(text.data);
}

bool describe_has_default(const struct myc_field *field, const void *initial)
{
    return (field->flags & MYC_FIELD_DEFAULT) != 0 && initial != NULL;
}

void describe_number(
    const struct myc_field *field, const struct myc_number *number, char out[DESCRIBE_NUMBER_BYTES])
{
    if (myc__kind_is_float(field->kind)) {
        bool is_finite = myc__float_is_finite(MYC_KIND_F64, number->limb[0]);
        if (is_finite) {
            myc__print_float(MYC_KIND_F64, number->limb[0], out);
        } else {
            (void)snprintf(out, DESCRIBE_NUMBER_BYTES, "infinity");
        }
    } else {
        myc__print_integer(field->kind, number, out);
    }
}

static void print_digest(const uint8_t digest[MYC_DIGEST_BYTES])
{
    for (size_t i = 0; i < MYC_DIGEST_BYTES; i++) {
        printf("%02x", digest[i]);
    }
    (void)putchar('\n');
}

// ---- Fields ----

static void print_rules(const struct myc_field *field, const void *initial)
{
    static const struct {
        uint16_t flag;
        const char *text;
    } flags[] = {
        {MYC_FIELD_FINITE, "finite"},
        {MYC_FIELD_NONZERO, "nonzero"},
        {MYC_FIELD_ASCII, "ascii"},
        {MYC_FIELD_SECRET, "secret"},
        {MYC_FIELD_DEPRECATED, "deprecated"},
    };
    char number[DESCRIBE_NUMBER_BYTES];
    if (describe_has_default(field, initial)) {
        struct message_bytes text = {0};
        describe_default(field, initial, &text);
        printf("  default %.*s", (int)text.size, (const char *)text.data);
        free(text.data);
    }
    if (field->min != NULL) {
        describe_number(field, field->min, number);
        printf("  min %s", number);
    }
    if (field->max != NULL) {
        describe_number(field, field->max, number);
        printf("  max %s", number);
    }
    if (describe_has_length_min(field)) {
        printf("  min_length %" PRIu32, field->length_min);
    }
    if (describe_has_length_max(field)) {
        printf("  max_length %" PRIu32, field->length_max);
    }
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if ((field->flags & flags[i].flag) != 0) {
            printf("  %s", flags[i].text);
        }
    }
}

static bool has_length(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING
           || myc__schema_is_tail(field->shape);
}

bool describe_has_length_min(const struct myc_field *field)
{
    return has_length(field) && field->length_min > 0;
}

bool describe_has_length_max(const struct myc_field *field)
{
    uint32_t most = myc__schema_is_tail(field->shape) ? UINT32_MAX : field->count;
    return has_length(field) && field->length_max != 0 && field->length_max < most;
}

// Whether nothing follows the name, so that the line can end with it.
static bool is_plain(
    const struct myc_field *field,
    const void *initial,
    const struct contract_notes *notes,
    uint32_t index)
{
    const uint16_t told = MYC_FIELD_FINITE | MYC_FIELD_NONZERO | MYC_FIELD_ASCII | MYC_FIELD_SECRET
                          | MYC_FIELD_DEPRECATED;
    bool has_note =
        notes != NULL && notes->members != NULL && notes->members[index].description != NULL;
    return !has_note && !describe_has_default(field, initial) && field->min == NULL
           && field->max == NULL && !describe_has_length_min(field)
           && !describe_has_length_max(field) && (field->flags & told) == 0;
}

static void print_fields(
    const struct myc_field *fields,
    uint32_t count,
    const void *initial,
    const struct contract_notes *notes)
{
    int width = 4;
    int name_width = 5;
    for (uint32_t i = 0; i < count; i++) {
        char type[DESCRIBE_TYPE_BYTES];
        describe_spell(&fields[i], type);
        width = (int)strlen(type) > width ? (int)strlen(type) : width;
        name_width =
            (int)strlen(fields[i].name) > name_width ? (int)strlen(fields[i].name) : name_width;
    }
    if (count == 0) {
        puts("  no fields");
        return;
    }
    printf("  offset   bytes  since  %-*s  field\n", width, "type");
    for (uint32_t i = 0; i < count; i++) {
        char type[DESCRIBE_TYPE_BYTES];
        describe_spell(&fields[i], type);
        printf(
            "  %6" PRIu32 "  %6" PRIu32 "  %5u  %-*s  %-*s",
            myc__schema_field_start(&fields[i]),
            fields[i].offset + fields[i].size - myc__schema_field_start(&fields[i]),
            (unsigned)(fields[i].since > 0 ? fields[i].since : 1),
            width,
            type,
            is_plain(&fields[i], initial, notes, i) ? 0 : name_width,
            fields[i].name);
        print_rules(&fields[i], initial);
        const struct contract_note *note =
            notes != NULL && notes->members != NULL ? &notes->members[i] : NULL;
        if (note != NULL && note->deprecation != NULL) {
            printf(": %s", note->deprecation);
        }
        if (note != NULL && note->description != NULL) {
            printf("  -- %s", note->description);
        }
        (void)putchar('\n');
    }
}

// ---- Messages and types ----

static void print_note(const struct contract_notes *notes)
{
    if (notes != NULL && notes->self.description != NULL) {
        printf("  %s\n", notes->self.description);
    }
}

static void print_priors(const struct myc_contract *contract, const struct myc_message_type *type)
{
    if (type->prior_count == 0) {
        return;
    }
    printf("  after        ");
    for (uint32_t i = 0; i < type->prior_count; i++) {
        const struct myc_message_type *prior = myc_contract_find(contract, type->priors[i]);
        printf(
            "%s%s (%u)",
            i > 0 ? ", " : "",
            prior != NULL ? prior->name : "?",
            (unsigned)type->priors[i]);
    }
    (void)putchar('\n');
}

static void print_policy(const struct myc_message_policy *policy)
{
    struct message_bytes text = {0};
    char number[64];
    if (policy->domain != NULL) {
        message_append_text(&text, ", domain ");
        message_append_text(&text, policy->domain);
    }
    if (policy->sensitivity != NULL) {
        message_append_text(&text, ", sensitivity ");
        message_append_text(&text, policy->sensitivity);
    }
    message_append_text(&text, policy->hides_payload != 0 ? ", payload is not logged" : "");
    message_append_text(&text, policy->is_deprecated != 0 ? ", deprecated" : "");
    if (policy->priority != 0) {
        (void)snprintf(number, sizeof(number), ", priority %" PRIu32, policy->priority);
        message_append_text(&text, number);
    }
    if (policy->latency_slo_p99_ns != 0) {
        (void)snprintf(number, sizeof(number), ", p99 %" PRIu64 " ns", policy->latency_slo_p99_ns);
        message_append_text(&text, number);
    }
    if (policy->error_rate_slo_ppm != 0) {
        (void)snprintf(
            number,
            sizeof(number),
            ", %" PRIu32 " errors in a million",
            policy->error_rate_slo_ppm);
        message_append_text(&text, number);
    }
    if (text.size > 0) {
        printf("  policy       %.*s\n", (int)text.size - 2, (const char *)text.data + 2);
    }
    free(text.data);
}

static void print_message(
    const struct contract_file *file,
    const struct myc_message_type *type,
    const struct contract_notes *notes)
{
    printf(
        "\nmessage %s\n  type id      %u\n  topic        %s\n  version      %u\n",
        type->name,
        (unsigned)type->id,
        type->topic,
        (unsigned)type->version);
    print_note(notes);
    printf(
        "  bytes        %" PRIu32 "%s\n",
        type->size,
        type->has_tail != 0 ? " and tails behind them" : "");
    if (type->extent_count > 1) {
        printf("  by version   ");
        for (uint32_t i = 0; i < type->extent_count; i++) {
            printf(
                "%sfrom %u: %" PRIu32,
                i > 0 ? ", " : "",
                (unsigned)type->extents[i].version,
                type->extents[i].size);
        }
        (void)putchar('\n');
    }
    printf("  fingerprint  ");
    print_digest(type->fingerprint);
    print_priors(&file->contract, type);
    print_policy(&type->policy);
    print_fields(type->fields, type->field_count, type->initial, notes);
}

static void print_struct(const struct myc_struct *type, const struct contract_notes *notes)
{
    printf("\nstruct %s, %" PRIu32 " bytes\n", type->name, type->size);
    print_note(notes);
    print_fields(type->fields, type->field_count, type->initial, notes);
}

static void print_union(const struct myc_union *type, const struct contract_notes *notes)
{
    printf("\nunion %s, a tag and %" PRIu32 " bytes\n", type->name, type->size);
    print_note(notes);
    for (uint32_t i = 0; i < type->variant_count; i++) {
        const struct myc_variant *variant = &type->variants[i];
        printf(
            "  %10" PRIu32 "  %s%s%s%s\n",
            variant->tag,
            variant->name,
            variant->structure != NULL ? ": " : "",
            variant->structure != NULL ? variant->structure->name : "",
            variant->is_deprecated != 0 ? "  deprecated" : "");
    }
}

static void print_enum(const struct myc_enum *type, const struct contract_notes *notes)
{
    printf("\nenum %s%s\n", type->name, type->is_open != 0 ? ", open" : "");
    print_note(notes);
    for (uint32_t i = 0; i < type->value_count; i++) {
        printf(
            "  %10" PRIu32 "  %s%s\n",
            type->values[i].value,
            type->values[i].name,
            type->values[i].is_deprecated != 0 ? "  deprecated" : "");
    }
}

// ---- What is used ----

static void mark(
    struct describe_used *used,
    const struct contract_file *file,
    const struct myc_field *fields,
    uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < file->enum_count; j++) {
            used->enums[j] = used->enums[j] || file->enums[j] == fields[i].enumeration;
        }
        for (uint32_t j = 0; j < file->struct_count; j++) {
            used->structs[j] = used->structs[j] || file->structs[j] == fields[i].structure;
        }
        for (uint32_t j = 0; j < file->union_count; j++) {
            used->unions[j] = used->unions[j] || file->unions[j] == fields[i].choice;
        }
    }
}

void describe_mark(
    struct describe_used *used,
    const struct contract_file *file,
    const struct myc_message_type *type)
{
    mark(used, file, type->fields, type->field_count);
    // Types cannot be used in a circle, so each round marks one more level.
    for (uint32_t round = 0; round < MYC_MESSAGE_DEPTH_MAX; round++) {
        for (uint32_t i = 0; i < file->union_count; i++) {
            for (uint32_t j = 0; used->unions[i] && j < file->unions[i]->variant_count; j++) {
                for (uint32_t k = 0; k < file->struct_count; k++) {
                    used->structs[k] =
                        used->structs[k]
                        || file->structs[k] == file->unions[i]->variants[j].structure;
                }
            }
        }
        for (uint32_t i = 0; i < file->struct_count; i++) {
            if (used->structs[i]) {
                mark(used, file, file->structs[i]->fields, file->structs[i]->field_count);
            }
        }
    }
}

static const struct contract_notes *notes_of(const struct contract_notes *notes, uint32_t index)
{
    return notes != NULL ? &notes[index] : NULL;
}

static void print_contract(
    const struct contract_file *file,
    const struct myc_message_type *only,
    const struct describe_used *used)
{
    const struct myc_contract *contract = &file->contract;
    printf(
        "contract %s\n  id           0x%08" PRIX32
        "\n  version      %u, compatible with %u and newer\n"
        "  digest       ",
        contract->name,
        contract->id,
        (unsigned)contract->version,
        (unsigned)contract->min_compatible);
    print_digest(contract->digest);
    if (file->note.description != NULL) {
        printf("  %s\n", file->note.description);
    }
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (only == NULL || only == contract->messages[i]) {
            print_message(file, contract->messages[i], notes_of(file->message_notes, i));
        }
    }
    for (uint32_t i = 0; i < file->struct_count; i++) {
        if (used->structs[i]) {
            print_struct(file->structs[i], notes_of(file->struct_notes, i));
        }
    }
    for (uint32_t i = 0; i < file->union_count; i++) {
        if (used->unions[i]) {
            print_union(file->unions[i], notes_of(file->union_notes, i));
        }
    }
    for (uint32_t i = 0; i < file->enum_count; i++) {
        if (used->enums[i]) {
            print_enum(file->enums[i], notes_of(file->enum_notes, i));
        }
    }
}

static int describe(const struct message_options *options, const struct contract_file *file)
{
    const struct myc_message_type *only = NULL;
    struct describe_used used = {
        .enums = calloc(file->enum_count + 1, sizeof(bool)),
        .structs = calloc(file->struct_count + 1, sizeof(bool)),
        .unions = calloc(file->union_count + 1, sizeof(bool)),
    };
    int status = MESSAGE_DONE;
    if (options->subject != NULL) {
        only = message_find(&file->contract, options->subject);
    }
    if (used.enums == NULL || used.structs == NULL || used.unions == NULL) {
        status = message_fail(options, MESSAGE_SYSTEM, NULL, "memory is exhausted");
    } else if (options->subject != NULL && only == NULL) {
        status = message_fail_unknown(options, options->subject);
    } else {
        if (only != NULL) {
            describe_mark(&used, file, only);
        } else {
            memset(used.enums, 1, file->enum_count);
            memset(used.structs, 1, file->struct_count);
            memset(used.unions, 1, file->union_count);
        }
        if (options->is_json) {
            describe_json(file, only, &used);
        } else {
            print_contract(file, only, &used);
        }
        if (fflush(stdout) != 0 || ferror(stdout) != 0) {
            status = message_fail(options, MESSAGE_SYSTEM, NULL, "standard output failed");
        }
    }
    free(used.enums);
    free(used.structs);
    free(used.unions);
    return status;
}

int describe_command(int argc, char **argv)
{
    struct message_options options;
    struct contract_file file;
    int status = MESSAGE_DONE;
    if (!message_take_options(argc, argv, "describe", &options, &status)) {
        return status;
    }
    status = message_load(&options, &file);
    if (status == MESSAGE_DONE) {
        status = describe(&options, &file);
    }
    contract_free(&file);
    return status;
}

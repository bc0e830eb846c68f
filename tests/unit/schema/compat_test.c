// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Two contracts compared: the outcome, and the finding that says why. tests/evolution holds the
// long table of edits, with what decoding makes of each.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <mycelium/compat.h>

#include "schema/field.h"

enum { FIELDS_MAX = 8, FINDINGS_MAX = 16 };

struct sample {
    struct myc_field fields[FIELDS_MAX];
    struct myc_extent extents[FIELDS_MAX + 1];
    struct myc_message_type type;
    const struct myc_message_type *messages[1];
    struct myc_contract contract;
};

struct findings {
    struct myc_compat_finding items[FINDINGS_MAX];
    uint32_t count;
};

static void take(void *context, const struct myc_compat_finding *finding)
{
    struct findings *findings = context;
    assert_true(findings->count < FINDINGS_MAX);
    findings->items[findings->count++] = *finding;
}

static void sample_init(struct sample *sample, uint16_t version)
{
    memset(sample, 0, sizeof(*sample));
    sample->type.id = 7;
    sample->type.version = version;
    sample->type.name = "Order";
    sample->type.topic = "orders";
    sample->type.fields = sample->fields;
    sample->type.extents = sample->extents;
    sample->messages[0] = &sample->type;
    sample->contract.name = "shop";
    sample->contract.id = 1;
    sample->contract.version = version;
    sample->contract.min_compatible = 1;
    sample->contract.message_count = 1;
    sample->contract.messages = sample->messages;
}

static struct myc_field *
add_field(struct sample *sample, const char *name, enum myc_kind kind, uint16_t since)
{
    struct myc_field *field = &sample->fields[sample->type.field_count++];
    field->name = name;
    field->kind = (uint8_t)kind;
    field->count = 1;
    field->since = since;
    return field;
}

static void place(struct sample *sample)
{
    struct myc__schema_extent_list list;
    assert_int_equal(
        myc__schema_place(sample->fields, sample->type.field_count, sample->extents, &list),
        MYC_OK);
    sample->type.size = list.size;
    sample->type.extent_count = list.extent_count;
    sample->type.has_tail = list.has_tail;
}

// Compares and demands exactly one finding of the fields, besides what is said of versions.
static void assert_one(
    const struct sample *old,
    const struct sample *new,
    enum myc_compat_rule rule,
    uint32_t breaks,
    const char *path)
{
    struct findings findings = {.count = 0};
    struct myc_compat compat = myc_message_compare(&old->type, &new->type, take, &findings);
    assert_int_equal(compat.finding_count, findings.count);
    assert_in_range(findings.count, 1, 2);
    assert_string_equal(myc_compat_rule_name(findings.items[0].rule), myc_compat_rule_name(rule));
    assert_int_equal(findings.items[0].breaks, breaks);
    assert_string_equal(findings.items[0].path, path);
    assert_ptr_equal(findings.items[0].old_message, &old->type);
    assert_ptr_equal(findings.items[0].new_message, &new->type);
    if (findings.count == 2) {
        assert_int_equal(
            findings.items[1].rule,
            new->type.version < old->type.version ? MYC_COMPAT_VERSION_LOWERED
                                                  : MYC_COMPAT_VERSION_NOT_RAISED);
    }
    assert_int_equal(compat.new_reads_old, (breaks & MYC_COMPAT_BREAKS_NEW_READS_OLD) == 0);
    assert_int_equal(compat.old_reads_new, (breaks & MYC_COMPAT_BREAKS_OLD_READS_NEW) == 0);
}

static void make_pair(struct sample *old, struct sample *new, uint16_t new_version)
{
    sample_init(old, 1);
    (void)add_field(old, "id", MYC_KIND_U64, 1);
    (void)add_field(old, "amount", MYC_KIND_U32, 1);
    sample_init(new, new_version);
    (void)add_field(new, "id", MYC_KIND_U64, 1);
    (void)add_field(new, "amount", MYC_KIND_U32, 1);
    place(old);
    place(new);
}

// [COMPAT-1] A message is compatible with itself, and nothing is found.
static void test_message_without_a_change_has_no_findings(void **state)
{
    (void)state;
    struct sample old;
    struct sample new;
    struct findings findings = {.count = 0};
    make_pair(&old, &new, 1);
    struct myc_compat compat = myc_message_compare(&old.type, &new.type, take, &findings);
    assert_true(compat.new_reads_old && compat.old_reads_new && compat.keeps_meaning);
    assert_int_equal(compat.finding_count, 0);
    assert_int_equal(findings.count, 0);
}

// [COMPAT-1] What is appended needs a version and a value for those who do not send it.
static void test_message_that_grew_is_read_when_its_version_rose(void **state)
{
    (void)state;
    struct sample old;
    struct sample new;
    make_pair(&old, &new, 2);
    add_field(&new, "note", MYC_KIND_U32, 2)->flags = MYC_FIELD_OPTIONAL;
    place(&new);
    assert_one(&old, &new, MYC_COMPAT_FIELD_ADDED, 0, "note");
    new.fields[2].flags = 0;
    place(&new);
    assert_one(
        &old,
        &new,
        MYC_COMPAT_FIELD_ADDED_WITHOUT_DEFAULT,
        MYC_COMPAT_BREAKS_NEW_READS_OLD,
        "note");
    new.fields[2].since = 1;
    new.fields[2].flags = MYC_FIELD_DEFAULT;
    place(&new);
    assert_one(&old, &new, MYC_COMPAT_SINCE_WRONG, MYC_COMPAT_BREAKS_NEW_READS_OLD, "note");
    assert_one(&new, &old, MYC_COMPAT_FIELD_REMOVED, MYC_COMPAT_BREAKS_OLD_READS_NEW, "note");
}

// [COMPAT-1] A number that not every old one fits into is not read, and the types are told.
static void test_message_with_another_type_breaks_where_values_do_not_fit(void **state)
{
    (void)state;
    struct sample old;
    struct sample new;
    struct findings findings = {.count = 0};
    make_pair(&old, &new, 2);
    new.fields[1].kind = MYC_KIND_I32;
    assert_one(&old, &new, MYC_COMPAT_FIELD_TYPE_CHANGED, MYC_COMPAT_BREAKS_BOTH, "amount");
    (void)myc_message_compare(&old.type, &new.type, take, &findings);
    assert_string_equal(findings.items[0].old_text, "u32");
    assert_string_equal(findings.items[0].new_text, "i32");
    assert_ptr_equal(findings.items[0].old_field, &old.fields[1]);
    assert_ptr_equal(findings.items[0].new_field, &new.fields[1]);
    // Within bounds that both kinds hold, nobody can tell them apart.
    static const struct myc_number largest = {{100, 0, 0, 0}};
    static const struct myc_number smallest = {{0, 0, 0, 0}};
    old.fields[1].max = &largest;
    assert_one(
        &old, &new, MYC_COMPAT_FIELD_TYPE_CHANGED, MYC_COMPAT_BREAKS_OLD_READS_NEW, "amount");
    new.fields[1].min = &smallest;
    new.fields[1].max = &largest;
    assert_one(&old, &new, MYC_COMPAT_FIELD_TYPE_CHANGED, 0, "amount");
}

// [COMPAT-1] Fields that swap places are told as such, each.
static void test_message_in_another_order_breaks(void **state)
{
    (void)state;
    struct sample old;
    struct sample new;
    make_pair(&old, &new, 1);
    struct myc_field first = new.fields[0];
    new.fields[0] = new.fields[1];
    new.fields[1] = first;
    place(&new);
    struct findings findings = {.count = 0};
    struct myc_compat compat = myc_message_compare(&old.type, &new.type, take, &findings);
    assert_false(compat.new_reads_old || compat.old_reads_new);
    assert_int_equal(findings.count, 3);
    assert_int_equal(findings.items[0].rule, MYC_COMPAT_FIELD_REORDERED);
    assert_string_equal(findings.items[0].path, "amount");
    assert_int_equal(findings.items[1].rule, MYC_COMPAT_FIELD_REORDERED);
    assert_string_equal(findings.items[1].path, "id");
    assert_int_equal(findings.items[2].rule, MYC_COMPAT_VERSION_NOT_RAISED);
}

// [COMPAT-1] A default that older records are completed with may not change unnoticed.
static void test_message_with_another_default_changes_its_meaning(void **state)
{
    (void)state;
    struct sample old;
    struct sample new;
    uint64_t old_initial[3] = {0, 0, 5};
    uint64_t new_initial[3] = {0, 0, 7};
    make_pair(&old, &new, 2);
    old.type.version = 2;
    add_field(&old, "limit", MYC_KIND_U64, 2)->flags = MYC_FIELD_DEFAULT;
    add_field(&new, "limit", MYC_KIND_U64, 2)->flags = MYC_FIELD_DEFAULT;
    place(&old);
    place(&new);
    old.type.initial = old_initial;
    new.type.initial = new_initial;
    assert_one(&old, &new, MYC_COMPAT_DEFAULT_CHANGED, MYC_COMPAT_CHANGES_MEANING, "limit");
    struct myc_compat compat = myc_message_compare(&old.type, &new.type, NULL, NULL);
    assert_false(compat.keeps_meaning);
}

// [COMPAT-1] Of descriptors that name no fields nothing can be promised.
static void test_message_without_fields_is_unknown(void **state)
{
    (void)state;
    struct sample old;
    struct sample new;
    make_pair(&old, &new, 2);
    new.type.field_count = 0;
    new.type.fields = NULL;
    new.type.extent_count = 0;
    new.type.extents = NULL;
    assert_one(&old, &new, MYC_COMPAT_FIELDS_UNKNOWN, MYC_COMPAT_BREAKS_BOTH, "");
}

// [COMPAT-1] Types that contain themselves end as a finding, not as an endless walk.
static void test_message_of_endless_types_is_too_complex(void **state)
{
    (void)state;
    struct sample old;
    struct sample new;
    struct myc_struct old_struct = {.name = "Loop", .size = 8, .field_count = 2};
    struct myc_struct new_struct = old_struct;
    make_pair(&old, &new, 2);
    struct myc_field inner = {
        .name = "left", .kind = MYC_KIND_STRUCT, .since = 1, .count = 1, .size = 8};
    struct myc_field old_inner[2] = {inner, inner};
    struct myc_field new_inner[2] = {inner, inner};
    for (size_t i = 0; i < 2; i++) {
        old_inner[i].structure = &old_struct;
        new_inner[i].structure = &new_struct;
    }
    old_inner[1].name = "right";
    new_inner[1].name = "right";
    old_struct.fields = old_inner;
    new_struct.fields = new_inner;
    add_field(&old, "loop", MYC_KIND_STRUCT, 1)->structure = &old_struct;
    add_field(&new, "loop", MYC_KIND_STRUCT, 1)->structure = &new_struct;
    place(&old);
    place(&new);
    struct myc_compat compat = myc_message_compare(&old.type, &new.type, NULL, NULL);
    assert_false(compat.new_reads_old || compat.old_reads_new);
}

static struct myc_compat
compare(const struct sample *old, const struct sample *new, struct findings *findings)
{
    findings->count = 0;
    return myc_contract_compare(&old->contract, &new->contract, take, findings);
}

// [COMPAT-2] A contract says what it says of itself, then its messages.
static void test_contract_is_compared_message_by_message(void **state)
{
    (void)state;
    struct sample old;
    struct sample new;
    struct findings findings;
    make_pair(&old, &new, 2);
    struct myc_compat compat = compare(&old, &new, &findings);
    assert_int_equal(findings.count, 0);
    assert_int_equal(myc_compat_level(&compat), MYC_COMPAT_LEVEL_FULL);
    new.contract.min_compatible = 2;
    compat = compare(&old, &new, &findings);
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.items[0].rule, MYC_COMPAT_MIN_COMPATIBLE_EXCLUDES);
    assert_int_equal(myc_compat_level(&compat), MYC_COMPAT_LEVEL_BREAKING);
    new.contract.min_compatible = 1;
    new.type.id = 8;
    compat = compare(&old, &new, &findings);
    assert_int_equal(findings.items[0].rule, MYC_COMPAT_TYPE_ID_CHANGED);
    assert_int_equal(myc_compat_level(&compat), MYC_COMPAT_LEVEL_BREAKING);
    new.type.name = "Offer";
    compat = compare(&old, &new, &findings);
    assert_int_equal(findings.count, 2);
    assert_int_equal(findings.items[0].rule, MYC_COMPAT_MESSAGE_ADDED);
    assert_int_equal(findings.items[1].rule, MYC_COMPAT_MESSAGE_REMOVED);
    assert_int_equal(myc_compat_level(&compat), MYC_COMPAT_LEVEL_BACKWARD);
}

// [COMPAT-3] The four levels, in our words and in those of schema registries.
static void test_levels_have_two_names(void **state)
{
    (void)state;
    static const struct {
        bool new_reads_old;
        bool old_reads_new;
        const char *name;
        const char *registry_name;
    } rows[] = {
        {false, false, "breaking", "NONE"},
        {false, true, "backward", "FORWARD"},
        {true, false, "forward", "BACKWARD"},
        {true, true, "full", "FULL"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct myc_compat compat = {
            .new_reads_old = rows[i].new_reads_old, .old_reads_new = rows[i].old_reads_new};
        enum myc_compat_level level = myc_compat_level(&compat);
        assert_string_equal(myc_compat_level_name(level), rows[i].name);
        assert_string_equal(myc_compat_level_registry_name(level), rows[i].registry_name);
    }
}

// [COMPAT-4] Each rule has a name and a phrase; what is no rule has both as well.
static void test_rules_have_names(void **state)
{
    (void)state;
    assert_string_equal(myc_compat_rule_name(MYC_COMPAT_FIELD_REMOVED), "FIELD_REMOVED");
    assert_string_equal(myc_compat_rule_text(MYC_COMPAT_FIELD_REMOVED), "the field is gone");
    assert_string_equal(myc_compat_rule_name(MYC_COMPAT_RULE_COUNT), "UNKNOWN");
    for (int i = 0; i < (int)MYC_COMPAT_RULE_COUNT; i++) {
        const char *text = myc_compat_rule_text((enum myc_compat_rule)i);
        assert_true(strlen(text) > 10 && text[strlen(text) - 1] != '.');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_without_a_change_has_no_findings),
        cmocka_unit_test(test_message_that_grew_is_read_when_its_version_rose),
        cmocka_unit_test(test_message_with_another_type_breaks_where_values_do_not_fit),
        cmocka_unit_test(test_message_in_another_order_breaks),
        cmocka_unit_test(test_message_with_another_default_changes_its_meaning),
        cmocka_unit_test(test_message_without_fields_is_unknown),
        cmocka_unit_test(test_message_of_endless_types_is_too_complex),
        cmocka_unit_test(test_contract_is_compared_message_by_message),
        cmocka_unit_test(test_levels_have_two_names),
        cmocka_unit_test(test_rules_have_names),
    };
    return cmocka_run_group_tests_name("schema.compat", tests, NULL, NULL);
}

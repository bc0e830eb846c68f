// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Reading contracts into descriptors: where fields lie, what messages begin with, what counts for
// the digest and the fingerprints, and that all errors of a file are found at once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/canonical.h"
#include "tool/contract/contract.h"
#include "tool/contract/lint.h"

static void load(const char *name, struct contract_file *file)
{
    char path[1024];
    const char *folder = getenv("MYC_CONTRACTS");
    assert_non_null(folder);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (!contract_load(path, file)) {
        contract_print_findings(file, stderr);
        fail_msg("%s is refused", path);
    }
    file->path = name;
}

static const struct myc_message_type *message_of(const struct contract_file *file, const char *name)
{
    for (uint32_t i = 0; i < file->contract.message_count; i++) {
        if (strcmp(file->contract.messages[i]->name, name) == 0) {
            return file->contract.messages[i];
        }
    }
    fail_msg("no message %s", name);
    return NULL;
}

static const struct myc_field *field_of(const struct myc_message_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            return &type->fields[i];
        }
    }
    fail_msg("no field %s", name);
    return NULL;
}

static void
assert_begins(const struct myc_message_type *type, const char *name, const void *bytes, size_t size)
{
    const struct myc_field *field = field_of(type, name);
    const uint8_t *image = type->initial;
    print_message("%s\n", name);
    assert_true((field->flags & MYC_FIELD_DEFAULT) != 0);
    assert_memory_equal(image + field->offset, bytes, size);
}

static void assert_count(const struct myc_message_type *type, const char *name, uint32_t count)
{
    const uint8_t *image = type->initial;
    const uint8_t *counter = image + field_of(type, name)->counter;
    assert_int_equal(counter[0], count);
    assert_int_equal(counter[1] | counter[2] | counter[3], 0);
}

// Defaults of every type lie in the initial image as the wire has them.
static void test_defaults_are_in_the_initial_image(void **state)
{
    (void)state;
    struct contract_file file;
    load("everything.yaml", &file);
    const struct myc_message_type *type = message_of(&file, "Defaults");
    uint8_t ones[16];
    memset(ones, 0xFF, sizeof(ones));
    assert_begins(type, "small", "\xFF", 1);
    assert_begins(type, "negative", "\xFB\xFF\xFF\xFF", 4);
    assert_begins(type, "lowest", "\0\0\0\0\0\0\0\x80", 8);
    assert_begins(type, "ratio", "\0\0\x80\x3E", 4);
    assert_begins(type, "exact", "\0\0\0\0\0\x70\x97\xC0", 8);
    assert_begins(type, "yes", "\1", 1);
    assert_begins(type, "wide", ones, 16);
    assert_begins(type, "wider", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0", 18);
    assert_begins(type, "below", ones, 16);
    assert_begins(type, "side", "\2\0\0\0", 4);
    assert_begins(type, "level", "\1\0\0\0", 4);
    assert_begins(type, "address", "\1\2\3\4", 4);
    assert_begins(type, "pair", "\1\0\2\0", 4);
    assert_begins(type, "hashes", "\xAA\xBB\xCC\xDD", 4);
    assert_begins(type, "steps", "\xFF\xFF\2\0\0\0", 6);
    assert_count(type, "steps", 2);
    assert_begins(type, "sides", "\1\0\0\0\0\0\0\0", 8);
    assert_count(type, "sides", 1);
    assert_begins(type, "blob", "\xBE\xEF\0\0", 4);
    assert_count(type, "blob", 2);
    assert_begins(type, "greeting", "h\xC3\xB6i\0\0\0\0", 8);
    assert_count(type, "greeting", 4);
    assert_count(type, "empty", 0);
    assert_begins(type, "zero", "\0\0\0\0", 4);
    const uint8_t *price = (const uint8_t *)type->initial + field_of(type, "price")->offset;
    assert_memory_equal(price, "\0\0\0\0\0\0\0\0\6\1\0\0\0\0\0\0", 16);
    assert_null(message_of(&file, "Scalars")->initial);
    contract_free(&file);
}

// Each version's payload is a prefix of the next one's, as the extents say.
static void test_versions_have_extents(void **state)
{
    (void)state;
    struct contract_file file;
    load("everything.yaml", &file);
    static const struct {
        uint16_t version;
        uint32_t size;
    } expected[] = {{1, 8}, {2, 24}, {3, 40}, {4, 192}};
    const struct myc_message_type *grown = message_of(&file, "Grown");
    assert_int_equal(grown->version, 4);
    assert_int_equal(grown->extent_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(grown->extents[i].version, expected[i].version);
        assert_int_equal(grown->extents[i].size, expected[i].size);
    }
    assert_int_equal(grown->size, 192);
    assert_int_equal(grown->has_tail, 1);
    const struct myc_message_type *late = message_of(&file, "Late");
    assert_int_equal(late->extents[0].size, 8);
    assert_int_equal(late->fields[0].counter, 8);
    assert_int_equal(message_of(&file, "Nothing")->size, 8);
    assert_int_equal(message_of(&file, "Nothing")->field_count, 0);
    contract_free(&file);
}

// What is promised of a message, its topic and what must come before it are in the descriptor.
static void test_messages_have_topics_priors_and_policy(void **state)
{
    (void)state;
    struct contract_file file;
    load("everything.yaml", &file);
    const struct myc_message_type *tagged = message_of(&file, "Tagged");
    const struct myc_message_type *grown = message_of(&file, "Grown");
    assert_string_equal(tagged->topic, "market");
    assert_int_equal(tagged->prior_count, 2);
    assert_int_equal(tagged->priors[0], 1);
    assert_int_equal(tagged->priors[1], 101);
    assert_string_equal(grown->policy.domain, "market");
    assert_string_equal(grown->policy.sensitivity, "internal");
    assert_int_equal(grown->policy.hides_payload, 1);
    assert_int_equal(grown->policy.priority, 7);
    assert_int_equal(grown->policy.latency_slo_p99_ns, 50000);
    assert_int_equal(grown->policy.error_rate_slo_ppm, 1000);
    assert_int_equal(grown->policy.is_deprecated, 0);
    assert_int_equal(message_of(&file, "Late")->policy.is_deprecated, 1);
    assert_int_equal(file.reserved_count, 3);
    assert_int_equal(file.reserved[1].first, 91);
    assert_int_equal(file.reserved[1].last, 95);
    contract_free(&file);
}

// Rules become limits and flags; a union's storage is what it reserves.
static void test_rules_and_types_are_in_descriptors(void **state)
{
    (void)state;
    struct contract_file file;
    load("everything.yaml", &file);
    const struct myc_message_type *rules = message_of(&file, "Rules");
    assert_int_equal(field_of(rules, "percent")->min->limb[0], 1);
    assert_int_equal(field_of(rules, "percent")->max->limb[0], 100);
    assert_true(field_of(rules, "offset")->min->limb[3] == UINT64_MAX);
    assert_true(field_of(rules, "lowest")->min->limb[1] == (uint64_t)1 << 63);
    assert_true(field_of(rules, "lowest")->min->limb[2] == UINT64_MAX);
    assert_int_equal(field_of(rules, "symbol")->length_min, 1);
    assert_int_equal(field_of(rules, "symbol")->length_max, 8);
    assert_int_equal(field_of(rules, "parts")->length_min, 2);
    assert_true((field_of(rules, "token")->flags & MYC_FIELD_SECRET) != 0);
    const struct myc_field *detail = field_of(message_of(&file, "Tagged"), "detail");
    assert_int_equal(detail->choice->size, 128);
    assert_int_equal(detail->counter, 0);
    assert_int_equal(detail->offset, 8);
    assert_int_equal(detail->choice->variant_count, 4);
    assert_string_equal(detail->choice->variants[2].name, "stop");
    assert_int_equal(field_of(message_of(&file, "Tagged"), "signal")->size, 0);
    contract_free(&file);
}

// The example that everybody knows is accepted as it stands, with a warning and nothing to enforce.
static void test_the_known_example_is_accepted(void **state)
{
    (void)state;
    struct contract_file file;
    load("paper.yaml", &file);
    assert_string_equal(file.contract.name, "paper");
    assert_int_equal(file.contract.id, 0x4D594345);
    const struct myc_message_type *type = message_of(&file, "PoolStateUpdate");
    assert_int_equal(type->id, 1011);
    assert_int_equal(type->version, 3);
    assert_string_equal(type->topic, "pool-state-update");
    assert_int_equal(type->prior_count, 0);
    assert_int_equal(file.findings.count, 1);
    assert_string_equal(file.findings.items[0].rule, "UNKNOWN_PRIOR");
    assert_int_equal(file.findings.items[0].place.line, 11);
    contract_free(&file);
}

// ---- Digests ----

static const char reference[] = "schema: {name: sample, id: 0x4D, version: 3}\n"
                                "enums:\n"
                                "  Side: {values: {BUY: 1, SELL: 2}}\n"
                                "  Other: {values: {A: 1}}\n"
                                "messages:\n"
                                "  First:\n"
                                "    tlv_type: 10\n"
                                "    topic: a-topic\n"
                                "    schema_version: 2\n"
                                "    fields:\n"
                                "      x: u64\n"
                                "      y: optional u256\n"
                                "      side: Side\n"
                                "  Second:\n"
                                "    tlv_type: 11\n"
                                "    topic: a-topic\n"
                                "    fields:\n"
                                "      z: \"[u8; 20]\"\n"
                                "      other: Other\n";

struct digests {
    uint8_t contract[MYC_DIGEST_BYTES];
    uint8_t first[MYC_DIGEST_BYTES];
};

static struct digests digests_of(const char *text)
{
    struct contract_file file;
    struct digests digests;
    if (!contract_read("sample.yaml", text, strlen(text), &file)) {
        contract_print_findings(&file, stderr);
        fail_msg("refused: %s", text);
    }
    memcpy(digests.contract, file.contract.digest, MYC_DIGEST_BYTES);
    memcpy(digests.first, message_of(&file, "First")->fingerprint, MYC_DIGEST_BYTES);
    contract_free(&file);
    return digests;
}

enum { SAME, CONTRACT_DIFFERS, BOTH_DIFFER };

// Replaces the one occurrence of `from` in the reference and compares the digests.
static void assert_change(const char *from, const char *to, int expected)
{
    char text[2048];
    const char *place = strstr(reference, from);
    assert_non_null(place);
    assert_null(strstr(place + 1, from));
    int before = (int)(place - reference);
    snprintf(text, sizeof(text), "%.*s%s%s", before, reference, to, place + strlen(from));
    struct digests old = digests_of(reference);
    struct digests new = digests_of(text);
    bool is_contract = memcmp(old.contract, new.contract, MYC_DIGEST_BYTES) == 0;
    bool is_first = memcmp(old.first, new.first, MYC_DIGEST_BYTES) == 0;
    print_message("%s -> %s\n", from, to);
    assert_int_equal(is_contract, expected == SAME);
    assert_int_equal(is_first, expected != BOTH_DIFFER);
}

// Comments, descriptions, spelling of numbers, quotes, style and order leave digests alone.
static void test_digests_ignore_how_it_is_written(void **state)
{
    (void)state;
    assert_change("id: 0x4D", "id: 77", SAME);
    assert_change("name: sample", "name: 'sample', description: words", SAME);
    assert_change("    tlv_type: 10\n", "    type_id: 0xA # ten\n", SAME);
    assert_change("    schema_version: 2\n", "    schema_version: \"v2\"\n", SAME);
    assert_change("      x: u64\n", "      x: {type: u64, description: an x}\n", SAME);
    assert_change("      x: u64\n", "      x: {type: u64, deprecated: use y}\n", SAME);
    assert_change("      x: u64\n", "      x: {type: u64, secret: true}\n", SAME);
    assert_change("\"[u8; 20]\"", "'[u8;20]'", SAME);
    assert_change("{BUY: 1, SELL: 2}", "{SELL: 2, BUY: {value: 1, deprecated: true}}", SAME);
    assert_change("  Other: {values: {A: 1}}\n", "  Other: {values: {A: 0x1}}\n", SAME);
    assert_change("messages:\n", "structs: {Unused: {fields: {a: u8}}}\nmessages:\n", SAME);
    assert_change(
        "    topic: a-topic\n    sch", "    priority: 3\n    topic: a-topic\n    sch", SAME);
}

// What other messages say changes the contract's digest only, what this one says also its own.
static void test_fingerprints_are_of_one_message(void **state)
{
    (void)state;
    assert_change("version: 3", "version: 4", CONTRACT_DIFFERS);
    assert_change("\"[u8; 20]\"", "\"[u8; 21]\"", CONTRACT_DIFFERS);
    assert_change("  Other: {values: {A: 1}}\n", "  Other: {values: {A: 2}}\n", CONTRACT_DIFFERS);
    assert_change("  Second:\n", "  Third:\n", CONTRACT_DIFFERS);
    assert_change("    tlv_type: 10\n", "    tlv_type: 12\n", BOTH_DIFFER);
    assert_change("    schema_version: 2\n", "    schema_version: 3\n", BOTH_DIFFER);
    assert_change("      x: u64\n", "      x: i64\n", BOTH_DIFFER);
    assert_change("      x: u64\n", "      w: u64\n", BOTH_DIFFER);
    assert_change("      x: u64\n", "      x: {type: u64, default: 0}\n", BOTH_DIFFER);
    assert_change("      x: u64\n", "      x: {type: u64, max: 9}\n", BOTH_DIFFER);
    assert_change("      x: u64\n", "      x: {type: u64, nonzero: true}\n", BOTH_DIFFER);
    assert_change("SELL: 2}}", "SELL: 3}}", BOTH_DIFFER);
    assert_change("SELL: 2}}", "SELL: 2}, open: true}", BOTH_DIFFER);
    assert_change(
        "    schema_version: 2\n",
        "    schema_version: 2\n    required_prior_messages: [Second]\n",
        BOTH_DIFFER);
}

// The order of messages is the file's business.
static void test_order_of_messages_does_not_count(void **state)
{
    (void)state;
    char text[2048];
    const char *first = strstr(reference, "  First:");
    const char *second = strstr(reference, "  Second:");
    snprintf(
        text,
        sizeof(text),
        "%.*s%s%.*s",
        (int)(first - reference),
        reference,
        second,
        (int)(second - first),
        first);
    struct digests old = digests_of(reference);
    struct digests new = digests_of(text);
    assert_memory_equal(&old, &new, sizeof(old));
}

// The canonical form names the rules it follows and begins with who it is of.
static void test_canonical_form_is_text(void **state)
{
    (void)state;
    static const char expected[] = "mycelium contract 2\n"
                                   "contract small 7 2 1\n"
                                   "enum Side closed\n"
                                   "value BUY 1\n"
                                   "struct Price 16\n"
                                   "field units 1 0 i64\n"
                                   "field scale 1 8 u8\n"
                                   "default 06\n"
                                   "max 0x12\n"
                                   "union Detail 16\n"
                                   "variant limit 1 Price\n"
                                   "variant market 2\n"
                                   "message First 1 1 t 8\n"
                                   "extent 1 8\n"
                                   "message Order 2 2 t 64\n"
                                   "prior 1\n"
                                   "extent 1 32\n"
                                   "extent 2 64\n"
                                   "field detail 1 8 Detail\n"
                                   "field side 1 28 optional Side\n"
                                   "field name 2 36 string<5>\n"
                                   "default 6f6b\n"
                                   "length 1 4\n"
                                   "ascii\n"
                                   "field none 2 48 bytes<4>\n"
                                   "default -\n"
                                   "field tail 2 52 tail bytes\n"
                                   "length 0 9\n";
    static const char text[] =
        "schema: {name: small, id: 7, version: 2}\n"
        "unions: {Detail: {variants: {market: {tag: 2}, limit: {tag: 1, type: Price}}}}\n"
        "structs: {Price: {fields: {units: i64, scale: {type: u8, default: 6, max: 18}}}}\n"
        "enums: {Side: {values: {BUY: 1}}}\n"
        "messages:\n"
        "  Order:\n"
        "    type_id: 2\n"
        "    topic: t\n"
        "    schema_version: 2\n"
        "    required_prior_messages: [First]\n"
        "    fields:\n"
        "      detail: Detail\n"
        "      side: optional Side\n"
        "      name: {type: string<5>, since: 2, default: ok, not_empty: true, max_length: 4, "
        "ascii: true}\n"
        "      none: {type: bytes<4>, since: 2, default: []}\n"
        "      tail: {type: tail bytes, since: 2, max_length: 9}\n"
        "  First: {type_id: 1, topic: t}\n";
    struct contract_file file;
    assert_true(contract_read("small.yaml", text, sizeof(text) - 1, &file));
    assert_string_equal(file.contract.canonical, expected);
    assert_int_equal(file.contract.canonical_size, sizeof(expected) - 1);
    contract_free(&file);
}

// A buffer that is too small gets the beginning, and the size that would do.
static void test_canonical_form_is_cut(void **state)
{
    (void)state;
    struct contract_file file;
    char buffer[16];
    size_t size = 0;
    struct myc__schema_types *types = malloc(sizeof(*types));
    assert_non_null(types);
    load("paper.yaml", &file);
    assert_int_equal(
        myc__schema_write_canonical(&file.contract, types, buffer, sizeof(buffer), &size), MYC_OK);
    assert_int_equal(size, file.contract.canonical_size);
    assert_string_equal(buffer, "mycelium contra");
    free(types);
    contract_free(&file);
}

// ---- Findings ----

// A hundred findings are kept in order of place; the rest is counted in one more.
static void test_findings_are_capped(void **state)
{
    (void)state;
    struct contract_file file;
    char path[1024];
    snprintf(path, sizeof(path), "%s/bad/many_errors.yaml", getenv("MYC_CONTRACTS"));
    assert_false(contract_load(path, &file));
    assert_int_equal(file.findings.error_count, 120);
    assert_int_equal(file.findings.count, 101);
    assert_string_equal(file.findings.items[100].rule, "TOO_MANY_FINDINGS");
    assert_string_equal(
        file.findings.items[100].text, "20 more are not shown: correct these first");
    contract_free(&file);
}

// A file that cannot be read is said so without a place.
static void test_missing_file_is_reported(void **state)
{
    (void)state;
    struct contract_file file;
    assert_false(contract_load("no/such/contract.yaml", &file));
    assert_int_equal(file.findings.count, 1);
    assert_int_equal(file.findings.items[0].place.line, 0);
    assert_string_equal(file.findings.items[0].rule, "FILE_UNREADABLE");
    contract_free(&file);
    contract_free(&file);
}

// Every rule of the linter speaks where it should and nowhere else.
static void test_lint_finds_what_is_unwise(void **state)
{
    (void)state;
    static const char text[] = "schema: {name: a, id: 1}\n"
                               "enums:\n"
                               "  E: {values: {A: 1}}\n"
                               "  Unused: {description: d, values: {A: 0}}\n"
                               "messages:\n"
                               "  M:\n"
                               "    type_id: 1\n"
                               "    description: d\n"
                               "    topic: Market_Data\n"
                               "    schema_version: 2\n"
                               "    deprecated: true\n"
                               "    fields:\n"
                               "      a: u8\n"
                               "      b: u64\n"
                               "      c: {type: u8, deprecated: true}\n"
                               "      e: E\n"
                               "      t: tail bytes\n";
    static const struct {
        uint32_t line;
        const char *rule;
    } expected[] = {
        {1, "MISSING_DESCRIPTION"},
        {3, "MISSING_DESCRIPTION"},
        {4, "UNUSED_TYPE"},
        {6, "DEPRECATED_WITHOUT_REPLACEMENT"},
        {6, "TOPIC_STYLE"},
        {6, "MISSING_SINCE"},
        {6, "PADDING"},
        {15, "DEPRECATED_WITHOUT_REPLACEMENT"},
        {16, "ENUM_WITHOUT_ZERO"},
        {17, "UNBOUNDED_TAIL"},
    };
    struct contract_file file;
    assert_true(contract_read("a.yaml", text, sizeof(text) - 1, &file));
    contract_lint(&file);
    contract_print_findings(&file, stdout);
    assert_int_equal(file.findings.count, sizeof(expected) / sizeof(expected[0]));
    for (uint32_t i = 0; i < file.findings.count; i++) {
        assert_int_equal(file.findings.items[i].place.line, expected[i].line);
        assert_string_equal(file.findings.items[i].rule, expected[i].rule);
        assert_int_equal(file.findings.items[i].severity, CONTRACT_WARNING);
    }
    contract_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_in_the_initial_image),
        cmocka_unit_test(test_versions_have_extents),
        cmocka_unit_test(test_messages_have_topics_priors_and_policy),
        cmocka_unit_test(test_rules_and_types_are_in_descriptors),
        cmocka_unit_test(test_the_known_example_is_accepted),
        cmocka_unit_test(test_digests_ignore_how_it_is_written),
        cmocka_unit_test(test_fingerprints_are_of_one_message),
        cmocka_unit_test(test_order_of_messages_does_not_count),
        cmocka_unit_test(test_canonical_form_is_text),
        cmocka_unit_test(test_canonical_form_is_cut),
        cmocka_unit_test(test_findings_are_capped),
        cmocka_unit_test(test_missing_file_is_reported),
        cmocka_unit_test(test_lint_finds_what_is_unwise),
    };
    return cmocka_run_group_tests_name("tool.contract", tests, NULL, NULL);
}

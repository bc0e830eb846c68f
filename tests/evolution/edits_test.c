// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The hand-made edits of edits.txt: the comparison must come to the verdict and the rules written
// there, and decoding to the same verdict. What was found is the table of table.md.
//
// MYC_EDITS names edits.txt, MYC_TABLE table.md, MYC_RULES_PAGE the page of rules; `--write` as the
// only argument writes the latter.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/compat.h>

#include "oracle.h"
#include "tool/contract/contract.h"

enum {
    TEXT_BYTES = 256 * 1024,
    YAML_BYTES = 8192,
    LINE_BYTES = 512,
    EDITS_MAX = 200,
    SAMPLES = 2000
};

struct edit {
    char name[64];
    char level[16];
    bool changes_meaning;
    char rules[256]; /* " RULE RULE " */
    char what[160];
    char yaml[2][YAML_BYTES]; /* old, new */
};

struct edits {
    struct edit items[EDITS_MAX];
    uint32_t count;
};

struct found {
    char rules[512]; /* " RULE RULE ", each once */
};

static void append(char *text, size_t capacity, const char *more)
{
    size_t len = strlen(text);
    int added = snprintf(text + len, capacity - len, "%s", more);
    assert_true(added >= 0 && (size_t)added < capacity - len);
}

static char *read_file(const char *variable)
{
    const char *path = getenv(variable);
    if (path == NULL) {
        fail_msg("%s is not set: run this test through ctest", variable);
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
    }
    char *text = calloc(1, TEXT_BYTES);
    assert_non_null(text);
    assert_true(fread(text, 1, TEXT_BYTES - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

// ---- The file of edits ----

// Copies what lies between two separators, without blanks around it.
static void copy_part(char *out, size_t capacity, const char *start, const char *end)
{
    while (start < end && *start == ' ') {
        start++;
    }
    while (end > start && end[-1] == ' ') {
        end--;
    }
    assert_true((size_t)(end - start) < capacity);
    memcpy(out, start, (size_t)(end - start));
    out[end - start] = '\0';
}

// "== name | level [meaning] | RULE RULE"
static void read_title(struct edit *edit, const char *line)
{
    const char *first = strchr(line, '|');
    const char *second = first != NULL ? strchr(first + 1, '|') : NULL;
    char level[64];
    char rules[200];
    if (second == NULL) {
        fail_msg("'%s' needs a name, a level and rules", line);
        return;
    }
    copy_part(edit->name, sizeof(edit->name), line + 3, first);
    copy_part(level, sizeof(level), first + 1, second);
    copy_part(rules, sizeof(rules), second + 1, line + strlen(line));
    edit->changes_meaning = strstr(level, "meaning") != NULL;
    level[strcspn(level, " ")] = '\0';
    append(edit->level, sizeof(edit->level), level);
    append(edit->rules, sizeof(edit->rules), " ");
    append(edit->rules, sizeof(edit->rules), rules);
    append(edit->rules, sizeof(edit->rules), rules[0] != '\0' ? " " : "");
}

// "-- old 1" begins the fields of a message, "-- old yaml" sections of a contract.
static bool begin_body(struct edit *edit, const char *line)
{
    bool is_new = strncmp(line, "-- new", 6) == 0;
    char *yaml = edit->yaml[is_new ? 1 : 0];
    bool is_yaml = strcmp(line + 7, "yaml") == 0;
    char start[256];
    (void)snprintf(
        start, sizeof(start), "schema: { name: shop, id: 1, version: %d }\n", is_new + 1);
    append(yaml, YAML_BYTES, start);
    if (!is_yaml) {
        (void)snprintf(
            start,
            sizeof(start),
            "messages:\n  Order:\n    type_id: 1\n    topic: orders\n    schema_version: %s\n"
            "    fields:\n",
            line + 7);
        append(yaml, YAML_BYTES, start);
    }
    return !is_yaml;
}

static void read_edits(char *text, struct edits *edits)
{
    struct edit *edit = NULL;
    char *body = NULL;
    bool is_fields = false;
    for (char *line = strtok_r(text, "\n", &text); line != NULL;
         line = strtok_r(NULL, "\n", &text)) {
        if (line[0] == '#') {
            continue;
        }
        if (strncmp(line, "== ", 3) == 0) {
            assert_true(edits->count < EDITS_MAX);
            edit = &edits->items[edits->count++];
            read_title(edit, line);
            body = NULL;
        } else if (strncmp(line, "-- ", 3) == 0) {
            assert_non_null(edit);
            is_fields = begin_body(edit, line);
            body = edit->yaml[strncmp(line, "-- new", 6) == 0 ? 1 : 0];
        } else if (body == NULL) {
            assert_non_null(edit);
            copy_part(edit->what, sizeof(edit->what), line, line + strlen(line));
        } else {
            if (strncmp(line, "schema:", 7) == 0) {
                body[0] = '\0';
            }
            append(body, YAML_BYTES, is_fields ? "      " : "");
            append(body, YAML_BYTES, line);
            append(body, YAML_BYTES, "\n");
        }
    }
}

// ---- Verdicts ----

static bool has_all(const char *these, const char *those)
{
    char copy[512] = "";
    char *rest = copy;
    append(copy, sizeof(copy), these);
    for (char *rule = strtok_r(rest, " ", &rest); rule != NULL; rule = strtok_r(NULL, " ", &rest)) {
        char padded[64];
        (void)snprintf(padded, sizeof(padded), " %s ", rule);
        if (strstr(those, padded) == NULL) {
            return false;
        }
    }
    return true;
}

static void add_rule(struct found *found, const char *name)
{
    char rule[64];
    (void)snprintf(rule, sizeof(rule), " %s ", name);
    if (strstr(found->rules, rule) == NULL) {
        append(found->rules, sizeof(found->rules), found->rules[0] == '\0' ? rule : rule + 1);
    }
}

// Reads one of the contracts. Returns: false if it is refused, as only a new one may be.
static bool
load(const struct edit *edit, uint32_t which, struct contract_file *out_file, struct found *found)
{
    const char *yaml = edit->yaml[which];
    if (contract_read(edit->name, yaml, strlen(yaml), out_file)) {
        return true;
    }
    for (uint32_t i = 0; i < out_file->findings.count; i++) {
        add_rule(found, out_file->findings.items[i].rule);
    }
    if (which == 0 || strcmp(edit->level, "refused") != 0) {
        contract_print_findings(out_file, stderr);
        print_message("%s: the %s contract is refused\n", edit->name, which == 0 ? "old" : "new");
    }
    return false;
}

static void take(void *context, const struct myc_compat_finding *finding)
{
    add_rule(context, myc_compat_rule_name(finding->rule));
}

// Returns: the level that decoding comes to.
static enum myc_compat_level decode_both(
    const struct myc_contract *old, const struct myc_contract *new, char why[2][ORACLE_WHY_BYTES])
{
    uint64_t random = 1;
    struct myc_compat decoded = {
        .new_reads_old = oracle_contract_reads(old, new, true, SAMPLES, &random, why[0])};
    decoded.old_reads_new = oracle_contract_reads(new, old, false, SAMPLES, &random, why[1]);
    for (uint32_t i = 0; i < 2; i++) {
        if (strncmp(why[i], "BAD SAMPLE", 10) == 0) {
            fail_msg("%s", why[i]);
        }
    }
    return myc_compat_level(&decoded);
}

static const char *yes_no(bool is_yes)
{
    return is_yes ? "yes" : "no";
}

// Runs one edit; appends its row to the table. Returns: whether all agree.
static bool run_edit(const struct edit *edit, char *table)
{
    struct contract_file old;
    struct contract_file new;
    struct found found = {""};
    char why[2][ORACLE_WHY_BYTES] = {"", ""};
    char row[1024];
    bool is_read = load(edit, 0, &old, &found);
    is_read = load(edit, 1, &new, &found) && is_read;
    if (!is_read) {
        (void)snprintf(
            row,
            sizeof(row),
            "| %s | %s | | | refused | |%s|\n",
            edit->name,
            edit->what,
            found.rules);
        append(table, TEXT_BYTES, row);
        contract_free(&old);
        contract_free(&new);
        return strcmp(edit->level, "refused") == 0 && has_all(edit->rules, found.rules)
               && has_all(found.rules, edit->rules);
    }
    struct myc_compat compat = myc_contract_compare(&old.contract, &new.contract, take, &found);
    enum myc_compat_level level = myc_compat_level(&compat);
    enum myc_compat_level decoded = decode_both(&old.contract, &new.contract, why);
    bool is_right = strcmp(myc_compat_level_name(level), edit->level) == 0 && level == decoded
                    && compat.keeps_meaning == !edit->changes_meaning
                    && has_all(edit->rules, found.rules) && has_all(found.rules, edit->rules);
    if (!is_right) {
        print_message(
            "%s: expected %s%s; the comparison says %s%s; decoding %s\n  rules%s\n  old->new: %s\n"
            "  new->old: %s\n",
            edit->name,
            edit->level,
            edit->changes_meaning ? " meaning" : "",
            myc_compat_level_name(level),
            compat.keeps_meaning ? "" : " meaning",
            myc_compat_level_name(decoded),
            found.rules,
            why[0],
            why[1]);
    }
    size_t len = strlen(found.rules);
    (void)snprintf(
        row,
        sizeof(row),
        "| %s | %s | %s | %s | %s%s | %s |%.*s|\n",
        edit->name,
        edit->what,
        yes_no(compat.new_reads_old),
        yes_no(compat.old_reads_new),
        myc_compat_level_name(level),
        compat.keeps_meaning ? "" : ", other meaning",
        myc_compat_level_name(decoded),
        (int)(len > 0 ? len : 1),
        len > 0 ? found.rules : " ");
    append(table, TEXT_BYTES, row);
    contract_free(&old);
    contract_free(&new);
    return is_right;
}

static const char table_start[] =
    "# Edits and verdicts\n"
    "\n"
    "Written by `test_evolution_edits --write` from `edits.txt`, which has each contract before "
    "and\n"
    "after; the test `evolution.edits` fails if it is out of date. The level under \"decoding\" "
    "is\n"
    "what comes out when thousands of messages are written as one version and read as the other\n"
    "one. What the reader of contracts refuses never gets there.\n"
    "\n"
    "| edit | what is done | new reads old | old reads new | level | decoding | rules |\n"
    "|---|---|---|---|---|---|---|\n";

static uint32_t run_all(char *table)
{
    struct edits *edits = calloc(1, sizeof(*edits));
    char *text = read_file("MYC_EDITS");
    uint32_t wrong = 0;
    assert_non_null(edits);
    read_edits(text, edits);
    append(table, TEXT_BYTES, table_start);
    for (uint32_t i = 0; i < edits->count; i++) {
        wrong += run_edit(&edits->items[i], table) ? 0 : 1;
    }
    print_message("%u edits, %u wrong\n", edits->count, wrong);
    assert_true(edits->count >= 40);
    free(text);
    free(edits);
    return wrong;
}

// [COMPAT-1] [COMPAT-2] Each edit gets the verdict and the rules it must get, and decoding agrees.
static void test_edits_get_their_verdicts(void **state)
{
    (void)state;
    char *table = calloc(1, TEXT_BYTES);
    assert_non_null(table);
    assert_int_equal(run_all(table), 0);
    char *committed = read_file("MYC_TABLE");
    if (strcmp(table, committed) != 0) {
        fail_msg("table.md is out of date: write it anew with `test_evolution_edits --write`");
    }
    free(committed);
    free(table);
}

// [COMPAT-4] The page of rules names each of them, in the words of the header.
static void test_rules_are_documented(void **state)
{
    (void)state;
    char *page = read_file("MYC_RULES_PAGE");
    for (int i = 0; i < (int)MYC_COMPAT_RULE_COUNT; i++) {
        enum myc_compat_rule rule = (enum myc_compat_rule)i;
        char row[256];
        (void)snprintf(
            row,
            sizeof(row),
            "| `%s` | %s | ",
            myc_compat_rule_name(rule),
            myc_compat_rule_text(rule));
        if (strstr(page, row) == NULL) {
            fail_msg("docs/reference/compatibility.md lacks \"%s\"", row);
        }
    }
    free(page);
}

static int write_table(void)
{
    char *table = calloc(1, TEXT_BYTES);
    const char *path = getenv("MYC_TABLE");
    FILE *file = path != NULL && table != NULL ? fopen(path, "wb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "set MYC_TABLE to the file to write\n");
        free(table);
        return 2;
    }
    uint32_t wrong = run_all(table);
    bool is_written = fputs(table, file) >= 0;
    is_written = fclose(file) == 0 && is_written;
    free(table);
    return wrong == 0 && is_written ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edits_get_their_verdicts),
        cmocka_unit_test(test_rules_are_documented),
    };
    if (argc == 2 && strcmp(argv[1], "--write") == 0) {
        return write_table();
    }
    return cmocka_run_group_tests_name("evolution.edits", tests, NULL, NULL);
}

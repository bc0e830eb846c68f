// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a comparison came to, for people and for programs. Findings come message by message, as the
// comparison tells them; those of the contract itself stand before and behind.
#include <stdlib.h>
#include <string.h>

#include "tool/check/check.h"
#include "tool/command.h"
#include "tool/json_writer.h"

static void keep(void *context, const struct myc_compat_finding *finding)
{
    struct check_result *result = context;
    if (result->count == result->capacity) {
        uint32_t capacity = result->capacity == 0 ? 64 : result->capacity * 2;
        struct myc_compat_finding *grown =
            realloc(result->findings, capacity * sizeof(*result->findings));
        if (grown == NULL) {
            fputs("myc: error: memory is exhausted\n", stderr);
            exit(TOOL_INPUT);
        }
        result->findings = grown;
        result->capacity = capacity;
    }
    result->findings[result->count++] = *finding;
}

void check_compare(
    struct check_result *result,
    const struct contract_file *old_file,
    const struct contract_file *new_file)
{
    result->old_file = old_file;
    result->new_file = new_file;
    result->outcome = myc_contract_compare(&old_file->contract, &new_file->contract, keep, result);
}

void check_free(struct check_result *result)
{
    free(result->findings);
    result->findings = NULL;
    result->count = 0;
    result->capacity = 0;
}

bool check_holds(const struct check_result *result)
{
    return (!result->needs_new_reads_old || result->outcome.new_reads_old)
           && (!result->needs_old_reads_new || result->outcome.old_reads_new)
           && (!result->is_strict || result->outcome.keeps_meaning);
}

static const char *
severity_of(const struct check_result *result, const struct myc_compat_finding *finding)
{
    bool breaks_old = (finding->breaks & MYC_COMPAT_BREAKS_NEW_READS_OLD) != 0;
    bool breaks_new = (finding->breaks & MYC_COMPAT_BREAKS_OLD_READS_NEW) != 0;
    bool changes_meaning = (finding->breaks & MYC_COMPAT_CHANGES_MEANING) != 0;
    if ((breaks_old && result->needs_new_reads_old) || (breaks_new && result->needs_old_reads_new)
        || (changes_meaning && result->is_strict)) {
        return "error";
    }
    return finding->breaks != 0 ? "warning" : "note";
}

// ---- Messages ----

// What all findings of a message break; of NULL: those of the contract itself.
static uint32_t breaks_of(
    const struct check_result *result,
    const struct myc_message_type *old_message,
    const struct myc_message_type *new_message)
{
    uint32_t breaks = 0;
    for (uint32_t i = 0; i < result->count; i++) {
        const struct myc_compat_finding *finding = &result->findings[i];
        if (finding->new_message == new_message
            && (new_message != NULL || finding->old_message == old_message)) {
            breaks |= finding->breaks;
        }
    }
    return breaks;
}

static struct myc_compat outcome_of(uint32_t breaks)
{
    struct myc_compat outcome = {
        .new_reads_old = (breaks & MYC_COMPAT_BREAKS_NEW_READS_OLD) == 0,
        .old_reads_new = (breaks & MYC_COMPAT_BREAKS_OLD_READS_NEW) == 0,
        .keeps_meaning = (breaks & MYC_COMPAT_CHANGES_MEANING) == 0};
    return outcome;
}

static const char *level_name(const struct myc_compat *outcome)
{
    return myc_compat_level_name(myc_compat_level(outcome));
}

static const char *yes_no(bool is_yes)
{
    return is_yes ? "yes" : "no";
}

// ---- Lines ----

static void print_values(const struct myc_compat_finding *finding, FILE *out)
{
    bool was = finding->old_text[0] != '\0';
    bool is = finding->new_text[0] != '\0';
    if (was && is) {
        fprintf(out, ": was %s, is %s", finding->old_text, finding->new_text);
    } else if (was) {
        fprintf(out, ": was %s", finding->old_text);
    } else if (is) {
        fprintf(out, ": is %s", finding->new_text);
    }
}

static void print_breaks(const struct myc_compat_finding *finding, FILE *out)
{
    static const struct {
        uint32_t flag;
        const char *text;
    } facts[] = {
        {MYC_COMPAT_BREAKS_NEW_READS_OLD, "new cannot read old"},
        {MYC_COMPAT_BREAKS_OLD_READS_NEW, "old cannot read new"},
        {MYC_COMPAT_CHANGES_MEANING, "older records mean something else"},
    };
    const char *separator = "; ";
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        if ((finding->breaks & facts[i].flag) != 0) {
            fprintf(out, "%s%s", separator, facts[i].text);
            separator = ", ";
        }
    }
}

static void print_finding(
    const struct check_result *result, const struct myc_compat_finding *finding, FILE *out)
{
    const struct contract_file *file = result->new_file;
    struct contract_place place = check_place(file, finding, false);
    if (place.line == 0) {
        file = result->old_file;
        place = check_place(file, finding, true);
    }
    const struct myc_message_type *message =
        finding->new_message != NULL ? finding->new_message : finding->old_message;
    fprintf(
        out, "%s:%u:%u: %s: ", file->path, place.line, place.column, severity_of(result, finding));
    if (message != NULL) {
        fprintf(out, "%s%s%s: ", message->name, finding->path[0] != '\0' ? "." : "", finding->path);
    }
    fputs(myc_compat_rule_text(finding->rule), out);
    print_values(finding, out);
    print_breaks(finding, out);
    fprintf(out, " [%s]\n", myc_compat_rule_name(finding->rule));
}

static bool has_findings(
    const struct check_result *result,
    const struct myc_message_type *old_message,
    const struct myc_message_type *new_message)
{
    for (uint32_t i = 0; i < result->count; i++) {
        const struct myc_compat_finding *finding = &result->findings[i];
        if (finding->new_message == new_message
            && (new_message != NULL || finding->old_message == old_message)) {
            return true;
        }
    }
    return false;
}

static void print_message(const char *name, uint32_t breaks, FILE *out)
{
    struct myc_compat outcome = outcome_of(breaks);
    fprintf(
        out,
        "message %s: %s (new_reads_old %s, old_reads_new %s%s)\n",
        name,
        level_name(&outcome),
        yes_no(outcome.new_reads_old),
        yes_no(outcome.old_reads_new),
        outcome.keeps_meaning ? "" : ", older records mean something else");
}

// Messages that only the old contract has: their one finding has no new message.
static bool is_gone(const struct check_result *result, const struct myc_message_type *old_message)
{
    return has_findings(result, old_message, NULL);
}

void check_print(const struct check_result *result, FILE *out)
{
    const struct myc_contract *old = &result->old_file->contract;
    const struct myc_contract *new = &result->new_file->contract;
    for (uint32_t i = 0; i < result->count; i++) {
        print_finding(result, &result->findings[i], out);
    }
    for (uint32_t i = 0; i < new->message_count; i++) {
        const struct myc_message_type *message = new->messages[i];
        if (has_findings(result, NULL, message)) {
            print_message(message->name, breaks_of(result, NULL, message), out);
        }
    }
    for (uint32_t i = 0; i < old->message_count; i++) {
        if (is_gone(result, old->messages[i])) {
            print_message(old->messages[i]->name, breaks_of(result, old->messages[i], NULL), out);
        }
    }
    fprintf(
        out,
        "contract %s %u -> %u: %s (new_reads_old %s, old_reads_new %s%s); schema registries call "
        "it "
        "%s\n",
        new->name,
        old->version,
        new->version,
        level_name(&result->outcome),
        yes_no(result->outcome.new_reads_old),
        yes_no(result->outcome.old_reads_new),
        result->outcome.keeps_meaning ? "" : ", older records mean something else",
        myc_compat_level_registry_name(myc_compat_level(&result->outcome)));
}

// ---- JSON ----

static void put_facts(struct message_bytes *out, const struct myc_compat *outcome)
{
    enum myc_compat_level level = myc_compat_level(outcome);
    json_write_bool(out, "new_reads_old", outcome->new_reads_old);
    json_write_bool(out, "old_reads_new", outcome->old_reads_new);
    json_write_bool(out, "keeps_meaning", outcome->keeps_meaning);
    json_write_text(out, "level", myc_compat_level_name(level));
    json_write_text(out, "registry_level", myc_compat_level_registry_name(level));
}

static void put_side(
    struct message_bytes *out,
    const char *name,
    const struct contract_file *file,
    const struct myc_compat_finding *finding,
    bool is_old)
{
    struct contract_place place = check_place(file, finding, is_old);
    const char *text = is_old ? finding->old_text : finding->new_text;
    if (place.line == 0 && text[0] == '\0') {
        json_write_null(out, name);
        return;
    }
    json_write_open(out, name, "{");
    json_write_text(out, "file", file->path);
    json_write_number(out, "line", place.line);
    json_write_number(out, "column", place.column);
    json_write_text(out, "value", text);
    message_append_text(out, "}");
}

static void put_findings(
    struct message_bytes *out,
    const struct check_result *result,
    const struct myc_message_type *old_message,
    const struct myc_message_type *new_message)
{
    json_write_open(out, "findings", "[");
    for (uint32_t i = 0; i < result->count; i++) {
        const struct myc_compat_finding *finding = &result->findings[i];
        if (finding->new_message != new_message
            || (new_message == NULL && finding->old_message != old_message)) {
            continue;
        }
        uint32_t breaks = finding->breaks;
        json_write_open(out, NULL, "{");
        json_write_text(out, "rule", myc_compat_rule_name(finding->rule));
        json_write_text(out, "severity", severity_of(result, finding));
        json_write_text(out, "field", finding->path);
        json_write_text(out, "text", myc_compat_rule_text(finding->rule));
        json_write_bool(
            out, "breaks_new_reads_old", (breaks & MYC_COMPAT_BREAKS_NEW_READS_OLD) != 0);
        json_write_bool(
            out, "breaks_old_reads_new", (breaks & MYC_COMPAT_BREAKS_OLD_READS_NEW) != 0);
        json_write_bool(out, "changes_meaning", (breaks & MYC_COMPAT_CHANGES_MEANING) != 0);
        put_side(out, "old", result->old_file, finding, true);
        put_side(out, "new", result->new_file, finding, false);
        message_append_text(out, "}");
    }
    message_append_text(out, "]");
}

// A message that only the old contract has is found by its old descriptor, others by their new one.
static void put_message(
    struct message_bytes *out,
    const struct check_result *result,
    const struct myc_message_type *message,
    bool is_removed)
{
    const struct myc_message_type *old_message = is_removed ? message : NULL;
    const struct myc_message_type *new_message = is_removed ? NULL : message;
    struct myc_compat outcome = outcome_of(breaks_of(result, old_message, new_message));
    json_write_open(out, NULL, "{");
    json_write_text(out, "name", message->name);
    json_write_number(out, "type_id", message->id);
    put_facts(out, &outcome);
    put_findings(out, result, old_message, new_message);
    message_append_text(out, "}");
}

static void
put_contract(struct message_bytes *out, const char *name, const struct contract_file *file)
{
    json_write_open(out, name, "{");
    json_write_text(out, "file", file->path);
    json_write_text(out, "name", file->contract.name);
    json_write_number(out, "version", file->contract.version);
    json_write_number(out, "min_compatible", file->contract.min_compatible);
    message_append_text(out, "}");
}

void check_print_json(const struct check_result *result, FILE *out)
{
    const struct myc_contract *old = &result->old_file->contract;
    const struct myc_contract *new = &result->new_file->contract;
    struct message_bytes text = {0};
    json_write_open(&text, NULL, "{");
    put_contract(&text, "old", result->old_file);
    put_contract(&text, "new", result->new_file);
    put_facts(&text, &result->outcome);
    json_write_bool(&text, "holds", check_holds(result));
    put_findings(&text, result, NULL, NULL);
    json_write_open(&text, "messages", "[");
    for (uint32_t i = 0; i < new->message_count; i++) {
        put_message(&text, result, new->messages[i], false);
    }
    for (uint32_t i = 0; i < old->message_count; i++) {
        if (is_gone(result, old->messages[i])) {
            put_message(&text, result, old->messages[i], true);
        }
    }
    message_append_text(&text, "]}");
    json_write_line(&text, out);
}

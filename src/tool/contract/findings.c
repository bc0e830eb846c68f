// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What was found in a file. Only so many are kept; the rest is counted.
#include <stdarg.h>
#include <stdlib.h>

#include "tool/contract/reader.h"

enum { FINDINGS_MAX = 100 };

struct contract_place reader_place(const yaml_node_t *node)
{
    struct contract_place place = {0, 0};
    if (node != NULL) {
        place.line = (uint32_t)node->start_mark.line + 1;
        place.column = (uint32_t)node->start_mark.column + 1;
    }
    return place;
}

void contract_add_finding(
    struct contract_file *file,
    enum contract_severity severity,
    struct contract_place place,
    const char *rule,
    const char *text)
{
    struct contract_findings *findings = &file->findings;
    if (findings->items == NULL) {
        findings->items =
            contract_arena_take(file->arena, FINDINGS_MAX + 1, sizeof(*findings->items));
    }
    if (severity == CONTRACT_ERROR) {
        findings->error_count++;
    }
    if (findings->count < FINDINGS_MAX) {
        findings->items[findings->count] = (struct contract_finding){
            .place = place,
            .severity = severity,
            .rule = rule,
            .text = contract_arena_text(file->arena, text, strlen(text))};
        findings->count++;
    } else {
        findings->dropped_count++;
    }
}

__attribute__((format(printf, 5, 0))) static void report(
    struct reader *reader,
    enum contract_severity severity,
    const yaml_node_t *node,
    const char *rule,
    const char *format,
    va_list arguments)
{
    char text[512];
    vsnprintf(text, sizeof(text), format, arguments);
    contract_add_finding(reader->file, severity, reader_place(node), rule, text);
}

bool reader_error(
    struct reader *reader, const yaml_node_t *node, const char *rule, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(reader, CONTRACT_ERROR, node, rule, format, arguments);
    va_end(arguments);
    return false;
}

void reader_warn(
    struct reader *reader, const yaml_node_t *node, const char *rule, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(reader, CONTRACT_WARNING, node, rule, format, arguments);
    va_end(arguments);
}

static bool is_before(struct contract_place a, struct contract_place b)
{
    return a.line < b.line || (a.line == b.line && a.column < b.column);
}

// Findings of one place stay in the order in which they were found.
void contract_sort_findings(struct contract_file *file)
{
    struct contract_findings *findings = &file->findings;
    for (uint32_t i = 1; i < findings->count; i++) {
        struct contract_finding moved = findings->items[i];
        uint32_t j = i;
        for (; j > 0 && is_before(moved.place, findings->items[j - 1].place); j--) {
            findings->items[j] = findings->items[j - 1];
        }
        findings->items[j] = moved;
    }
    if (findings->dropped_count > 0) {
        struct contract_finding *last = &findings->items[findings->count];
        *last = findings->items[findings->count - 1];
        last->severity = findings->error_count > 0 ? CONTRACT_ERROR : CONTRACT_WARNING;
        last->rule = "TOO_MANY_FINDINGS";
        last->text = contract_arena_format(
            file->arena, "%u more are not shown: correct these first", findings->dropped_count);
        findings->count++;
        findings->dropped_count = 0;
    }
}

void contract_print_findings(const struct contract_file *file, FILE *out)
{
    for (uint32_t i = 0; i < file->findings.count; i++) {
        const struct contract_finding *finding = &file->findings.items[i];
        const char *severity = finding->severity == CONTRACT_ERROR ? "error" : "warning";
        fprintf(out, "%s:", file->path);
        if (finding->place.line > 0) {
            fprintf(out, "%u:%u:", finding->place.line, finding->place.column);
        }
        fprintf(out, " %s: %s [%s]\n", severity, finding->text, finding->rule);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Findings: their texts, their path, and what they break.
#include <string.h>

#include "core/text.h"
#include "schema/compat.h"
#include "schema/field.h"

struct myc__text myc__compat_old_text(struct myc__compat *compat)
{
    struct myc__text text;
    myc__text_init(&text, compat->finding.old_text, sizeof(compat->finding.old_text));
    return text;
}

struct myc__text myc__compat_new_text(struct myc__compat *compat)
{
    struct myc__text text;
    myc__text_init(&text, compat->finding.new_text, sizeof(compat->finding.new_text));
    return text;
}

void myc__compat_set_texts(struct myc__compat *compat, const char *old_text, const char *new_text)
{
    struct myc__text text = myc__compat_old_text(compat);
    myc__text_string(&text, old_text);
    text = myc__compat_new_text(compat);
    myc__text_string(&text, new_text);
}

void myc__compat_set_numbers(struct myc__compat *compat, uint64_t old_number, uint64_t new_number)
{
    struct myc__text text = myc__compat_old_text(compat);
    myc__text_u64(&text, old_number);
    text = myc__compat_new_text(compat);
    myc__text_u64(&text, new_number);
}

void myc__compat_set_types(
    struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    struct myc__text text = myc__compat_old_text(compat);
    if (old != NULL) {
        myc__schema_spell(old, &text);
    }
    text = myc__compat_new_text(compat);
    if (new != NULL) {
        myc__schema_spell(new, &text);
    }
}

void myc__compat_set_path(struct myc__compat *compat, uint32_t len, const char *name)
{
    struct myc__text text = {
        .data = compat->finding.path, .capacity = sizeof(compat->finding.path), .len = len};
    text.data[len] = '\0';
    if (len > 0 && name[0] != '\0') {
        myc__text_string(&text, ".");
    }
    myc__text_printable(&text, name, strlen(name));
    if (text.is_cut) {
        memcpy(text.data + text.capacity - 4, "...", 4);
    }
}

void myc__compat_report(struct myc__compat *compat, enum myc_compat_rule rule, uint32_t breaks)
{
    struct myc_compat_finding *finding = &compat->finding;
    uint32_t directions = breaks & compat->in_play;
    finding->rule = rule;
    finding->breaks = directions | (breaks & MYC_COMPAT_CHANGES_MEANING);
    compat->broken |= directions;
    compat->outcome.finding_count++;
    if ((breaks & MYC_COMPAT_CHANGES_MEANING) != 0) {
        compat->outcome.keeps_meaning = false;
    }
    if (compat->visit != NULL) {
        compat->visit(compat->context, finding);
    }
    finding->old_text[0] = '\0';
    finding->new_text[0] = '\0';
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Notices in words, and the small string helpers of this layer.
#include "bus/internal.h"

#include <string.h>

#include "core/text.h"

struct notice_entry {
    const char *name;
    const char *text;
};

static const struct notice_entry notice_entries[] = {
#define NOTICE_ENTRY(name, text) {#name, text},
    MYC_NOTICE_LIST(NOTICE_ENTRY)
#undef NOTICE_ENTRY
};

static const char *const loss_texts[] = {
#define LOSS_TEXT(name, text) text,
    MYC_LOSS_LIST(LOSS_TEXT)
#undef LOSS_TEXT
};

const char *myc_notice_name(enum myc_notice_kind kind)
{
    return (size_t)kind < MYC_NOTICE_COUNT ? notice_entries[kind].name : "UNKNOWN";
}

// Which message it is about, and why.
static void describe_message(struct myc__text *text, const struct myc_notice *notice)
{
    myc__text_string(text, ": ");
    if (notice->message != NULL) {
        myc__text_string(text, notice->message);
        myc__text_string(text, ", ");
    }
    myc__text_string(text, "type ");
    myc__text_u64(text, notice->type);
    myc__text_string(text, " version ");
    myc__text_u64(text, notice->version);
    myc__text_string(text, ", sequence ");
    myc__text_u64(text, notice->last);
    if (notice->detail != NULL) {
        myc__text_string(text, ": ");
        myc__text_string(text, notice->detail);
    }
    if (notice->kind == MYC_NOTICE_PREMATURE && notice->count > 0) {
        myc__text_string(text, "; messages of this publisher never received ");
        myc__text_u64(text, notice->count);
    }
}

static void describe_numbers(struct myc__text *text, const struct myc_notice *notice)
{
    if (notice->kind >= MYC_NOTICE_INVALID && notice->kind <= MYC_NOTICE_UNKNOWN_TYPE) {
        describe_message(text, notice);
        return;
    }
    if (notice->kind == MYC_NOTICE_TURNED_AWAY) {
        myc__text_string(text, ": ");
        myc__text_u64(text, notice->count);
        return;
    }
    if (notice->kind == MYC_NOTICE_GAP) {
        myc__text_string(text, ": lost ");
        myc__text_u64(text, notice->count);
        myc__text_string(text, " (sequence ");
        myc__text_u64(text, notice->first);
        myc__text_string(text, " to ");
        myc__text_u64(text, notice->last);
        myc__text_string(text, "): ");
        myc__text_string(
            text,
            (size_t)notice->cause < MYC_LOSS_COUNT ? loss_texts[notice->cause] : "unknown cause");
        return;
    }
    myc__text_string(text, notice->is_publisher ? ", last acknowledged " : ", last received ");
    myc__text_u64(text, notice->last);
    if (notice->is_publisher) {
        myc__text_string(text, ", not acknowledged ");
        myc__text_u64(text, notice->count);
    } else if (notice->kind == MYC_NOTICE_FENCED) {
        myc__text_string(text, ", received since but not to be trusted ");
        myc__text_u64(text, notice->count);
    } else if (notice->is_tail_unknown) {
        myc__text_string(text, ", tail unknown");
    }
}

void myc_notice_describe(const struct myc_notice *notice, char *text, size_t capacity)
{
    struct myc__text out;
    myc__text_init(&out, text, capacity);
    myc__text_string(&out, myc_notice_name(notice->kind));
    if (notice->kind != MYC_NOTICE_TURNED_AWAY) {
        myc__text_string(&out, notice->is_publisher ? " subscriber " : " publisher ");
        myc__text_string(&out, notice->node);
    }
    myc__text_string(&out, " of ");
    myc__text_string(&out, notice->topic);
    if ((size_t)notice->kind < MYC_NOTICE_COUNT) {
        myc__text_string(&out, ": ");
        myc__text_string(&out, notice_entries[notice->kind].text);
    }
    describe_numbers(&out, notice);
    if (notice->missed > 0) {
        myc__text_string(&out, "; notices not kept ");
        myc__text_u64(&out, notice->missed);
    }
}

bool myc__text_equals(const char *a, const char *b)
{
    size_t len = strlen(a);
    return len == strlen(b) && memcmp(a, b, len) == 0;
}

void myc__text_copy(char *target, size_t capacity, const char *source)
{
    struct myc__text text;
    memset(target, 0, capacity);
    myc__text_init(&text, target, capacity);
    myc__text_string(&text, source);
}

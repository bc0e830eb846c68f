// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the files of the comparison share: the state of one comparison and who may report.
 *
 * In every pair `old` and `new` are the two descriptors; a direction is a bit of
 * MYC_COMPAT_BREAKS_..., and names who writes and who reads.
 */
#ifndef MYC_SCHEMA_COMPAT_H
#define MYC_SCHEMA_COMPAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/compat.h>

struct myc__text;

enum {
    MYC__COMPAT_NRO = MYC_COMPAT_BREAKS_NEW_READS_OLD,
    MYC__COMPAT_ORN = MYC_COMPAT_BREAKS_OLD_READS_NEW,
    MYC__COMPAT_BOTH = MYC_COMPAT_BREAKS_BOTH
};

/** Bytes of a writer that are zero for sure, counted from the start of the fields of a frame. */
struct myc__compat_zeros {
    uint32_t from;
    uint32_t to;
};

/** One pair of field lists, or of unions, that is being walked through. */
struct myc__compat_frame {
    const struct myc_field *old_fields;
    const struct myc_field *new_fields;
    const struct myc_union *old_union; /* both NULL in a frame of fields */
    const struct myc_union *new_union;
    uint32_t old_count; /* fields or variants */
    uint32_t new_count;
    uint32_t next; /* the new ones first, then the old ones */
    uint32_t path_len;
    uint32_t common_count; /* of a message: new fields up to the last one that is old as well */
    uint32_t in_play;      /* directions in which these bytes are read */
    struct myc__compat_zeros zeros_of_old; /* behind an old variant's struct */
    struct myc__compat_zeros zeros_of_new;
};

struct myc__compat {
    const struct myc_message_type *old_message;
    const struct myc_message_type *new_message;
    myc_compat_visit_fn *visit;
    void *context;
    struct myc_compat outcome;
    uint32_t broken;  /* directions broken so far */
    uint32_t in_play; /* directions in which the current bytes are read */
    uint64_t steps;   /* left; types that are nested to harm end there */
    uint32_t depth;
    struct myc__compat_frame frames[MYC_COMPAT_DEPTH_MAX];
    struct myc_compat_finding finding; /* the next one; path and pointers are kept up to date */
};

/* ---- compat_report.c ---- */

/** Reports the finding being prepared; what is not in play cannot break. Clears its texts. */
void myc__compat_report(struct myc__compat *compat, enum myc_compat_rule rule, uint32_t breaks);

/** The texts of the next finding. */
struct myc__text myc__compat_old_text(struct myc__compat *compat);
struct myc__text myc__compat_new_text(struct myc__compat *compat);
void myc__compat_set_texts(struct myc__compat *compat, const char *old_text, const char *new_text);
void myc__compat_set_numbers(struct myc__compat *compat, uint64_t old_number, uint64_t new_number);
void myc__compat_set_types(
    struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new);

/** Cuts the path to `len` bytes and appends a name; "" leaves the path as cut. */
void myc__compat_set_path(struct myc__compat *compat, uint32_t len, const char *name);

/* ---- compat_values.c ---- */

/** Compares which values the elements of two fields may have, and reports. */
void myc__compat_values(
    struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new);

/** Whether every integer `writer` may hold is one that `reader` may hold. Kinds are integers. */
bool myc__compat_integers_fit(const struct myc_field *writer, const struct myc_field *reader);

bool myc__compat_is_integer(uint8_t kind);

/** Compares lengths and capacities, and reports. */
void myc__compat_lengths(
    struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new);

/* ---- compat_enum.c ---- */

/** Compares two enums value by value, and reports. */
void myc__compat_enum(
    struct myc__compat *compat, const struct myc_enum *old, const struct myc_enum *new);

/** Whether the enum has a name for the number. */
bool myc__compat_has_value(const struct myc_enum *names, uint32_t value);

/** Compares one variant, the next of the frame, and enters its struct. */
void myc__compat_step_union(struct myc__compat *compat, struct myc__compat_frame *frame);

/* ---- compat_field.c ---- */

/** Compares type and place of two fields and enters what they consist of. */
void myc__compat_field(
    struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new);

/** Whether reader and writer mean the same field although its name changed. */
bool myc__compat_is_same_slot(const struct myc_field *old, const struct myc_field *new);

/** Whether a field that is not in the bytes has a value all the same. */
bool myc__compat_has_absence(const struct myc_field *field);

/* ---- compat.c ---- */

/**
 * Whether the bytes from `start` to `end` of the fields being compared are zero in what the old one
 * writes, or the new one: behind a variant's struct they are.
 */
bool myc__compat_is_zero(
    const struct myc__compat *compat, bool is_old_writer, uint64_t start, uint64_t end);

/** Takes steps from the budget. */
void myc__compat_spend(struct myc__compat *compat, uint64_t steps);

/** Goes one level down. Returns NULL at the bottom, which is reported. */
struct myc__compat_frame *myc__compat_enter(struct myc__compat *compat);

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reading a contract: what its parts share. A reader reports everything it finds and goes on with
 * what it could understand, so that one run shows all errors of a file.
 */
#ifndef MYC_TOOL_CONTRACT_READER_H
#define MYC_TOOL_CONTRACT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <yaml.h>

#include "tool/contract/arena.h"
#include "tool/contract/contract.h"

enum {
    READER_WHAT_BYTES = 160,
    READER_FIELDS_MAX = 65536,         /* in all messages and structs: aliases multiply */
    READER_IMAGE_BYTES_MAX = 64 << 20, /* of all initial images */
    READER_SOURCE_BYTES_MAX = 4 * 1024 * 1024
};

/** One key of a mapping and its value. */
struct reader_pair {
    yaml_node_t *key;
    yaml_node_t *value;
};

enum reader_category { READER_ENUM, READER_STRUCT, READER_UNION };

struct reader_type;

/** A field and where the contract says what of it. */
struct reader_field {
    struct reader_type *needs; /* the type that it names, or NULL */
    yaml_node_t *key;
    yaml_node_t *type;          /* NULL: missing */
    yaml_node_t *default_value; /* NULL: none */
    bool is_broken;             /* reported; its type is made up */
};

/** Fields of a message or struct while they are read. */
struct reader_fields {
    struct myc_field *fields;
    struct reader_field *sources;
    uint32_t count;
    bool is_broken;
};

/** A type that the file defines. */
struct reader_type {
    enum reader_category category;
    struct reader_pair pair;
    const char *name;
    struct myc_enum *enumeration; /* the one that its category says */
    struct myc_struct *structure;
    struct myc_union *choice;
    struct contract_notes *notes;
    struct reader_fields body;  /* of a struct */
    struct reader_type **needs; /* of a union: the struct of each variant, or NULL */
    uint32_t least_size;        /* of a union's storage */
    uint32_t height;            /* 0: not placed yet; else how deep types nest in it, with itself */
    bool is_broken;             /* reported; uses of it are not reported again */
};

struct reader_message {
    struct reader_pair pair;
    struct myc_message_type *type;
    struct contract_notes *notes;
    struct reader_fields body;
};

struct reader_range {
    const char *domain;
    uint32_t from;
    uint32_t to;
    enum contract_severity severity;
};

struct reader {
    struct contract_file *file;
    struct contract_arena *arena;
    yaml_document_t document;
    struct reader_type *types;
    uint32_t type_count;
    struct reader_message *messages;
    uint32_t message_count;
    struct reader_range *ranges;
    uint32_t range_count;
    uint32_t field_count;
    size_t image_bytes;
};

/* ---- Findings: findings.c ---- */

/** Records a finding at a node (NULL: nowhere); an error returns false. */
bool reader_error(
    struct reader *reader, const yaml_node_t *node, const char *rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void reader_warn(
    struct reader *reader, const yaml_node_t *node, const char *rule, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** Records a finding at a place. */
void contract_add_finding(
    struct contract_file *file,
    enum contract_severity severity,
    struct contract_place place,
    const char *rule,
    const char *text);

/** Puts findings in order of place, and says how many are not shown. */
void contract_sort_findings(struct contract_file *file);

struct contract_place reader_place(const yaml_node_t *node);

/* ---- Walking the document: yaml.c ---- */

/** Parses the one document; false after an error was recorded. On true, reader_close() follows. */
bool reader_open(struct reader *reader, const char *bytes, size_t size);
void reader_close(struct reader *reader);

size_t reader_pair_count(const yaml_node_t *mapping);
struct reader_pair reader_pair_at(struct reader *reader, const yaml_node_t *mapping, size_t index);
size_t reader_item_count(const yaml_node_t *sequence);
yaml_node_t *reader_item_at(struct reader *reader, const yaml_node_t *sequence, size_t index);

/**
 * Reports whatever is wrong with a mapping: no mapping at all, keys that are no text, that come
 * twice, or that are not among `allowed` (ended by NULL; NULL: any).
 *
 * Returns: whether it is a mapping. `what` names it in errors.
 */
bool reader_check_mapping(
    struct reader *reader, const yaml_node_t *node, const char *what, const char *const *allowed);

/** The value of the first such key of a mapping, or NULL. */
yaml_node_t *reader_find(struct reader *reader, const yaml_node_t *mapping, const char *key);

/** As reader_find(), and reports a missing key at `place`, with an example line. */
yaml_node_t *reader_require(
    struct reader *reader,
    const yaml_node_t *place,
    const yaml_node_t *mapping,
    const char *key,
    const char *what,
    const char *example);

/** A node without a value, as after "fields:". */
bool reader_is_empty(const yaml_node_t *node);

/** Makes bytes safe to print, cut to what a name may have, in the arena. */
const char *reader_quote(struct reader *reader, const char *text, size_t len);
const char *reader_quote_node(struct reader *reader, const yaml_node_t *node);

/* ---- Values: value.c ---- */

/** A scalar's text; NULL after an error. It is terminated but may hold zero bytes. */
const char *
reader_text(struct reader *reader, const yaml_node_t *node, const char *what, size_t *out_len);

/** A whole number from `min` to `max`, decimal or 0x hexadecimal. False after an error. */
bool reader_number(
    struct reader *reader,
    const yaml_node_t *node,
    const char *what,
    uint64_t min,
    uint64_t max,
    uint64_t *out_number);

/** The optional number of a key; leaves `number` alone if it is missing or wrong. */
void reader_optional_number(
    struct reader *reader,
    const yaml_node_t *mapping,
    const char *key,
    uint64_t min,
    uint64_t max,
    uint64_t *number);

/** The optional "true" or "false" of a key; `otherwise` if it is missing or wrong. */
bool reader_flag(
    struct reader *reader, const yaml_node_t *mapping, const char *key, bool otherwise);

/** The optional description of a key as one line, or NULL. */
const char *reader_description(struct reader *reader, const yaml_node_t *mapping, const char *key);

/** "deprecated: true" or the text that says what to use instead, which goes into `note`. */
bool reader_deprecated(
    struct reader *reader, const yaml_node_t *mapping, struct contract_note *note);

/** The optional list of reserved numbers, ranges "3-9" and names of a key. */
void reader_reserved(
    struct reader *reader,
    const yaml_node_t *mapping,
    uint64_t max,
    struct contract_reserved **out_reserved,
    uint32_t *out_count);

/** Reports a name or number that is reserved; a NULL name is not looked at. */
bool reader_check_reserved(
    struct reader *reader,
    const yaml_node_t *node,
    const struct contract_reserved *reserved,
    uint32_t count,
    const char *name,
    const uint32_t *number);

/* ---- Suggestions: suggest.c ---- */

/** The best candidate for a mistyped word so far. */
struct suggestion {
    const char *word;
    size_t len;
    const char *best;
    size_t distance;
};

void suggestion_init(struct suggestion *suggestion, const char *word, size_t len);
void suggestion_offer(struct suggestion *suggestion, const char *candidate);

/** "; did you mean 'x'?" in the arena, or "". */
const char *suggestion_text(struct reader *reader, const struct suggestion *suggestion);

/* ---- Numbers of any kind: number.c ---- */

/** Reads an integer of up to 256 bits or a float; NULL, or what is wrong, to follow "must be". */
const char *number_read(uint32_t kind, const char *text, size_t len, struct myc_number *out);

/** Below zero, zero or above. */
int number_compare(uint32_t kind, const struct myc_number *a, const struct myc_number *b);

/** Writes the little-endian bytes that a field of the kind has. */
void number_write(uint32_t kind, const struct myc_number *number, uint8_t *bytes);

/* ---- Parts of a contract ---- */

/** Types: types.c. Reads their names first, then what is in them. */
void reader_declare_types(struct reader *reader, const yaml_node_t *root);
void reader_read_types(struct reader *reader);
struct reader_type *reader_find_type(struct reader *reader, const char *name, size_t len);

/** Places structs and unions, those inside others first: order.c. */
void reader_place_types(struct reader *reader);

/** Fields: fields.c. `notes` gets one member a field. `version` 0: of a struct. */
void reader_read_fields(
    struct reader *reader,
    const yaml_node_t *node,
    const char *what,
    uint16_t version,
    struct contract_notes *notes,
    struct reader_fields *out_fields);

/** The declarative rules of one field: rules.c. */
void reader_read_rules(
    struct reader *reader, const yaml_node_t *node, struct myc_field *field, const char *what);

/**
 * The initial image of placed fields: defaults.c.
 *
 * Returns: `size` bytes in the arena, or NULL when all are zero.
 */
const void *
reader_read_defaults(struct reader *reader, const struct reader_fields *body, uint32_t size);

/** Messages: messages.c. */
void reader_read_messages(struct reader *reader, const yaml_node_t *root);

#endif

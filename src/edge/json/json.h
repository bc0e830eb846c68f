// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * JSON as `myc encode` reads it: every value knows where it stands, and numbers keep their digits,
 * so that nothing is rounded before it is known which type they are for. Not for several threads.
 */
#ifndef MYC_EDGE_JSON_JSON_H
#define MYC_EDGE_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** JSON_VALUE_MAX: bytes of one value, blanks inside it included. */
enum {
    JSON_NESTING_MAX = 64,
    JSON_MEMBERS_MAX = 4096,
    JSON_VALUE_MAX = 128 * 1024 * 1024,
    JSON_ERROR_BYTES = 128
};

enum json_kind {
    JSON_NULL,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NUMBER, /* `text`: as it was written */
    JSON_STRING, /* `text`: decoded UTF-8, terminated, perhaps with zeros inside */
    JSON_ARRAY,
    JSON_OBJECT
};

/** A value. Nodes point to each other and belong to the reader. */
struct json_node {
    enum json_kind kind;
    uint32_t line; /* both from 1, in bytes */
    uint32_t column;
    uint32_t count; /* elements or members */
    const char *text;
    size_t len;
    const char *name; /* of a member; NULL elsewhere */
    struct json_node *first;
    struct json_node *last;
    struct json_node *next; /* the next element or member */
    struct json_node *outer;
};

/** Values that follow each other in a text. Private fields, but the error. */
struct json_reader {
    const char *text;
    size_t len;
    size_t at;
    size_t counted; /* up to here, lines are */
    size_t line_start;
    uint32_t line;
    struct json_tree *tree; /* memory of the value that was read last */
    char error[JSON_ERROR_BYTES];
    uint32_t error_line;
    uint32_t error_column;
};

enum json_result { JSON_OK, JSON_END, JSON_ERROR, JSON_NO_MEMORY };

/** Starts; `text` outlives the reader. */
void json_init(struct json_reader *reader, const char *text, size_t len);

/**
 * Reads the next value. It lives until the next call. RFC 8259 and UTF-8 decide what JSON is; names
 * in an object must differ and have no zero inside, and numbers must be in the range of a double.
 *
 * Returns: OK; END behind the last; ERROR with the place and one line of text in the reader, and
 * then nothing more is to be read; NO_MEMORY likewise, without them.
 */
enum json_result json_next(struct json_reader *reader, struct json_node **out_value);

/** Gives the memory back. */
void json_deinit(struct json_reader *reader);

/** The member of that name, or NULL; also of a value that is no object, and of NULL. */
const struct json_node *json_member(const struct json_node *object, const char *name);

/** "an object", "a number", ... */
const char *json_kind_name(enum json_kind kind);

#ifdef __cplusplus
}
#endif

#endif

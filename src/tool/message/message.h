// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * `myc decode`, `myc encode` and `myc describe`: messages for people and scripts, by the contract.
 */
#ifndef MYC_TOOL_MESSAGE_MESSAGE_H
#define MYC_TOOL_MESSAGE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <mycelium/message.h>

#include "edge/json/json.h"
#include "tool/contract/contract.h"

enum { MESSAGE_DONE = 0, MESSAGE_SYSTEM = 1, MESSAGE_INPUT = 2 };

/** What the command lines of the three commands say. */
struct message_options {
    const char *command; /* "decode", "encode" or "describe" */
    const char *contract;
    const char *subject; /* the file, "-" for standard input; describe: a message's name, or NULL */
    const char *type;    /* NULL: the input says */
    const char *out;     /* encode: NULL is standard output */
    bool is_hex;
    bool is_pretty;
    bool is_json;
    bool is_payload;
    bool shows_secrets;
    bool fills_in; /* encode: initial values for what is missing */
};

/** Reads a command line. Returns: whether to go on; if not, `*out_status` is what to exit with. */
bool message_take_options(
    int argc, char **argv, const char *name, struct message_options *out_options, int *out_status);

/** Prints "myc COMMAND: error: WHERE: TEXT"; `where` may be NULL. Returns: `status`. */
int message_fail(
    const struct message_options *options, int status, const char *where, const char *text);

/** Says that the contract has no message `name`. Returns: MESSAGE_INPUT. */
int message_fail_unknown(const struct message_options *options, const char *name);

/** Loads the contract and prints what there is to say. Returns: MESSAGE_DONE or MESSAGE_INPUT. */
int message_load(const struct message_options *options, struct contract_file *out_file);

/** The message type of that name, or NULL. */
const struct myc_message_type *message_find(const struct myc_contract *contract, const char *name);

/** Bytes that grow; free(data) ends them. */
struct message_bytes {
    unsigned char *data; /* 8-aligned */
    size_t size;
    size_t capacity;
};

/** Appends; ends the program when memory is exhausted. `bytes` NULL: zeros. */
void message_append(struct message_bytes *out, const void *bytes, size_t size);
void message_append_text(struct message_bytes *out, const char *text);

/** Appends a JSON string, quotes included; `text` is ASCII or UTF-8. */
void message_append_quoted(struct message_bytes *out, const char *text);

/** Appends "0x..." in quotes. */
void message_append_hex(struct message_bytes *out, const void *bytes, size_t size);

/** Appends the JSON text of a message. */
void message_append_json(
    struct message_bytes *out, const struct myc_message *message, uint32_t flags);

/** Reads a file, "-" is standard input. Returns: MESSAGE_DONE, or a status after printing why. */
int message_read_file(
    const struct message_options *options, const char *path, struct message_bytes *out);

/** Reads hexadecimal digits, blanks between them and "0x" before them left out. Returns: false
 * with the offset of what is no digit, or of the end if one is missing. */
bool message_read_hex(const char *text, size_t len, struct message_bytes *out, size_t *out_offset);

/** Whether printing the type hides something that its contract keeps secret. */
bool message_has_secrets(const struct myc_message_type *type);

/* ---- JSON to bytes ---- */

/** Where errors go, and what was found. */
struct message_encoder {
    const char *path; /* of the text */
    FILE *errors;     /* where they are printed; NULL: nowhere */
    bool fills_in;
    uint32_t error_count;
    /* Private: which byte of the payload came from which place. */
    struct message_origin {
        uint32_t offset;
        uint32_t line;
        uint32_t column;
    } * origins;
    size_t origin_count;
    size_t origin_capacity;
};

/** Counts an error and prints "PATH:LINE:COL: error: WHERE: TEXT"; `where` may be empty. Returns:
 * false. */
bool message_refuse(
    struct message_encoder *encoder,
    const struct json_node *node,
    const char *where,
    const char *text,
    const char *detail);

/**
 * Appends the payload of a message to `out`, which is 8-aligned there, as `version` writes it.
 *
 * Returns: whether it is valid; everything that is wrong was printed.
 */
bool message_encode(
    struct message_encoder *encoder,
    const struct myc_message_type *type,
    uint16_t version,
    const struct json_node *object,
    struct message_bytes *out);

/** Reads a number of a kind. Returns: NULL, or what is wrong. */
const char *
message_read_number(uint8_t kind, const char *text, size_t len, struct myc_number *out_number);

/** Writes a number of a kind, little-endian. */
void message_store(uint8_t kind, const struct myc_number *number, unsigned char *out);

/** Runs a command; `argv[0]` is its name. Returns the exit status. */
int decode_command(int argc, char **argv);
int encode_command(int argc, char **argv);
int describe_command(int argc, char **argv);

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The canonical form and its digest. The form is text, one fact a line, so that a person can write
// it down and hash it with any tool:
//
//     mycelium contract 1
//     contract trading 1297695557 2 1          name, id, version, min_compatible
//     message PoolStateUpdate 1011 3 market-data    name, type id, schema version, topic
//     field pool_address [u8; 20]              name, type
//
// The first line names the form itself: a change of these rules changes every digest.
#include "core/sha256.h"
#include "core/text.h"
#include "schema/model.h"

enum { LINE_BYTES = 256 }; // the longest line: a keyword, two names of 63 and three numbers

_Static_assert((int)MYC__SHA256_BYTES == (int)MYC_DIGEST_BYTES, "a contract's digest is a SHA-256");

static void take_line(struct myc__sha256 *sha, struct myc__text *line)
{
    myc__text_string(line, "\n");
    myc__sha256_update(sha, line->data, line->len);
}

static void append_number(struct myc__text *line, uint64_t number)
{
    myc__text_string(line, " ");
    myc__text_u64(line, number);
}

static void take_message(struct myc__sha256 *sha, const struct myc__schema_message *message)
{
    char buffer[LINE_BYTES];
    struct myc__text line;
    myc__text_init(&line, buffer, sizeof(buffer));
    myc__text_string(&line, "message ");
    myc__text_string(&line, message->name);
    append_number(&line, message->id);
    append_number(&line, message->version);
    myc__text_string(&line, " ");
    myc__text_string(&line, message->topic);
    take_line(sha, &line);
    for (uint32_t i = 0; i < message->field_count; i++) {
        myc__text_init(&line, buffer, sizeof(buffer));
        myc__text_string(&line, "field ");
        myc__text_string(&line, message->fields[i].name);
        myc__text_string(&line, " ");
        myc__schema_print_type(&message->fields[i], &line);
        take_line(sha, &line);
    }
}

// The message with the smallest id above `floor`, or NULL.
static const struct myc__schema_message *
next_message(const struct myc__schema_contract *contract, uint32_t floor)
{
    const struct myc__schema_message *next = NULL;
    for (uint32_t i = 0; i < contract->message_count; i++) {
        const struct myc__schema_message *message = &contract->messages[i];
        if (message->id > floor && (next == NULL || message->id < next->id)) {
            next = message;
        }
    }
    return next;
}

void myc__schema_digest(
    const struct myc__schema_contract *contract, uint8_t out_digest[MYC_DIGEST_BYTES])
{
    static const char form[] = "mycelium contract 1\n";
    struct myc__sha256 sha;
    char buffer[LINE_BYTES];
    struct myc__text line;
    myc__sha256_init(&sha);
    myc__sha256_update(&sha, form, sizeof(form) - 1);
    myc__text_init(&line, buffer, sizeof(buffer));
    myc__text_string(&line, "contract ");
    myc__text_string(&line, contract->name);
    append_number(&line, contract->id);
    append_number(&line, contract->version);
    append_number(&line, contract->min_compatible);
    take_line(&sha, &line);
    const struct myc__schema_message *message = next_message(contract, 0);
    while (message != NULL) {
        take_message(&sha, message);
        message = next_message(contract, message->id);
    }
    myc__sha256_final(&sha, out_digest);
}

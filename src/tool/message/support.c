// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the commands share: bytes that grow, files, and text of messages.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "tool/message/message.h"

int message_fail(
    const struct message_options *options, int status, const char *where, const char *text)
{
    fprintf(
        stderr,
        "myc %s: error: %s%s%s\n",
        options->command,
        where != NULL ? where : "",
        where != NULL ? ": " : "",
        text);
    return status;
}

int message_fail_unknown(const struct message_options *options, const char *name)
{
    fprintf(
        stderr,
        "myc %s: error: %s: there is no message '%s'; 'myc describe %s' names them\n",
        options->command,
        options->contract,
        name,
        options->contract);
    return MESSAGE_INPUT;
}

int message_load(const struct message_options *options, struct contract_file *out_file)
{
    bool is_good = contract_load(options->contract, out_file);
    contract_print_findings(out_file, stderr);
    return is_good ? MESSAGE_DONE : MESSAGE_INPUT;
}

const struct myc_message_type *message_find(const struct myc_contract *contract, const char *name)
{
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (strcmp(contract->messages[i]->name, name) == 0) {
            return contract->messages[i];
        }
    }
    return NULL;
}

// ---- Bytes ----

static void reserve(struct message_bytes *out, size_t size)
{
    if (out->capacity - out->size >= size) {
        return;
    }
    size_t capacity = out->capacity * 2 > out->size + size ? out->capacity * 2 : out->size + size;
    unsigned char *grown = realloc(out->data, capacity);
    if (grown == NULL) {
        fputs("myc: error: memory is exhausted\n", stderr);
        exit(MESSAGE_SYSTEM);
    }
    out->data = grown;
    out->capacity = capacity;
}

void message_append(struct message_bytes *out, const void *bytes, size_t size)
{
    if (size == 0) {
        return;
    }
    reserve(out, size);
    if (bytes != NULL) {
        memcpy(out->data + out->size, bytes, size);
    } else {
        memset(out->data + out->size, 0, size);
    }
    out->size += size;
}

void message_append_text(struct message_bytes *out, const char *text)
{
    message_append(out, text, strlen(text));
}

void message_append_quoted(struct message_bytes *out, const char *text)
{
    message_append_text(out, "\"");
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        char escape[8];
        if (*c == '"' || *c == '\\') {
            message_append_text(out, "\\");
        }
        if (*c < 0x20) {
            (void)snprintf(escape, sizeof(escape), "\\u%04x", *c);
            message_append_text(out, escape);
        } else {
            message_append(out, c, 1);
        }
    }
    message_append_text(out, "\"");
}

void message_append_hex(struct message_bytes *out, const void *bytes, size_t size)
{
    static const char nibbles[] = "0123456789abcdef";
    const unsigned char *byte = bytes;
    message_append_text(out, "\"0x");
    for (size_t i = 0; i < size; i++) {
        const char pair[2] = {nibbles[byte[i] >> 4], nibbles[byte[i] & 15]};
        message_append(out, pair, sizeof(pair));
    }
    message_append_text(out, "\"");
}

void message_append_json(
    struct message_bytes *out, const struct myc_message *message, uint32_t flags)
{
    size_t length = 0;
    enum myc_status status = myc_message_print(message, flags, NULL, 0, &length);
    reserve(out, length + 1);
    if (status == MYC_TOO_BIG) {
        status = myc_message_print(message, flags, (char *)out->data + out->size, length + 1, NULL);
    }
    if (status == MYC_OK) {
        out->size += length;
    } else {
        message_append_text(out, "null"); // a message that was not validated
    }
}

// ---- Files ----

int message_read_file(
    const struct message_options *options, const char *path, struct message_bytes *out)
{
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "rb");
    char part[65536];
    size_t taken = 0;
    if (file == NULL) {
        return message_fail(options, MESSAGE_INPUT, path, strerror(errno));
    }
    while ((taken = fread(part, 1, sizeof(part), file)) > 0) {
        message_append(out, part, taken);
    }
    int status = MESSAGE_DONE;
    if (ferror(file) != 0) {
        status = message_fail(options, MESSAGE_SYSTEM, path, strerror(errno));
    }
    if (!is_input) {
        (void)fclose(file);
    }
    return status;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool message_read_hex(const char *text, size_t len, struct message_bytes *out, size_t *out_offset)
{
    unsigned char byte = 0;
    bool is_half = false;
    size_t i = 0;
    while (i < len && is_blank(text[i])) {
        i++;
    }
    i += len - i >= 2 && memcmp(text + i, "0x", 2) == 0 ? 2 : 0;
    for (; i < len; i++) {
        int low = text[i] | 32;
        unsigned char digit = 16;
        if (text[i] >= '0' && text[i] <= '9') {
            digit = (unsigned char)(text[i] - '0');
        } else if (low >= 'a' && low <= 'f') {
            digit = (unsigned char)(low - 'a' + 10);
        } else if (is_blank(text[i]) && !is_half) {
            continue;
        }
        if (digit == 16) {
            *out_offset = i;
            return false;
        }
        byte = (unsigned char)(byte << 4 | digit);
        if (is_half) {
            message_append(out, &byte, 1);
        }
        is_half = !is_half;
    }
    *out_offset = len;
    return !is_half;
}

// ---- Secrets ----

bool message_has_secrets(const struct myc_message_type *type)
{
    // A stack of what is still to be looked at; types nest less deep than that.
    struct {
        const struct myc_field *fields;
        const struct myc_union *choice;
        uint32_t left;
    } stack[2 * MYC_MESSAGE_DEPTH_MAX + 2] = {{type->fields, NULL, type->field_count}};
    uint32_t depth = 1;
    bool is_secret = type->policy.hides_payload != 0;
    while (depth > 0 && !is_secret) {
        if (stack[depth - 1].left == 0 || depth > 2 * MYC_MESSAGE_DEPTH_MAX) {
            depth--;
            continue;
        }
        uint32_t index = --stack[depth - 1].left;
        const struct myc_struct *inner = NULL;
        if (stack[depth - 1].choice != NULL) {
            inner = stack[depth - 1].choice->variants[index].structure;
        } else {
            const struct myc_field *field = &stack[depth - 1].fields[index];
            is_secret = (field->flags & MYC_FIELD_SECRET) != 0;
            inner = field->structure;
            if (field->choice != NULL) {
                stack[depth].choice = field->choice;
                stack[depth++].left = field->choice->variant_count;
            }
        }
        if (inner != NULL) {
            stack[depth].choice = NULL;
            stack[depth].fields = inner->fields;
            stack[depth++].left = inner->field_count;
        }
    }
    return is_secret;
}

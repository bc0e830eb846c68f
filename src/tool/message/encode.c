// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc encode`: JSON to records. All errors of the text are told; nothing is written if there is
// one.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool/message/message.h"

struct encoder {
    const struct message_options *options;
    struct contract_file contract;
    struct message_encoder message;
    struct message_bytes out;
    const struct myc_message_type *type; // of --type
    uint32_t count;                      // messages
};

// A whole number of at most `max`. Returns: whether `node` is one; a missing one keeps the default.
static bool take_number(
    struct encoder *encoder, const struct json_node *node, uint64_t max, uint64_t *out_number)
{
    struct myc_number number;
    if (node == NULL) {
        return true;
    }
    const char *fault = "a whole number is needed";
    if (node->kind == JSON_NUMBER) {
        fault = message_read_number(MYC_KIND_U64, node->text, node->len, &number);
    }
    if (fault == NULL && number.limb[0] > max) {
        fault = "the number is too large";
    }
    if (fault != NULL) {
        return message_refuse(&encoder->message, node, node->name, fault, "");
    }
    *out_number = number.limb[0];
    return true;
}

static bool
take_bytes(struct encoder *encoder, const struct json_node *node, struct message_bytes *out)
{
    size_t bad = 0;
    bool is_good = node->kind == JSON_STRING && node->len >= 2 && memcmp(node->text, "0x", 2) == 0
                   && message_read_hex(node->text, node->len, out, &bad);
    return is_good
           || message_refuse(
               &encoder->message, node, node->name, "bytes are needed, as \"0x...\"", "");
}

static void write_record(
    struct encoder *encoder, uint64_t type, uint64_t version, const struct message_bytes *payload)
{
    uint64_t word = myc_record_word((uint16_t)type, (uint16_t)version, (uint32_t)payload->size);
    if (!encoder->options->is_payload) {
        message_append(&encoder->out, &word, sizeof(word));
    }
    message_append(&encoder->out, payload->data, payload->size);
    if (!encoder->options->is_payload) {
        message_append(&encoder->out, NULL, (8 - payload->size % 8) % 8);
    }
    encoder->count++;
}

static bool check_names(struct encoder *encoder, const struct json_node *value)
{
    static const char *const names[] = {
        "type", "type_id", "version", "sequence", "time_ns", "lost", "message", "payload", "rest"};
    bool is_good = true;
    for (const struct json_node *member = value->first; member != NULL; member = member->next) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            is_known = is_known || strcmp(names[i], member->name) == 0;
        }
        if (!is_known) {
            is_good = message_refuse(
                &encoder->message, member, "", "a record has no member ", member->name);
        }
    }
    return is_good;
}

// The type that a record names. Returns: false after an error; `*out_type` NULL: bytes of any type.
static bool find_type(
    struct encoder *encoder,
    const struct json_node *value,
    const struct myc_message_type **out_type,
    uint64_t *out_id)
{
    const struct json_node *name = json_member(value, "type");
    const struct json_node *id = json_member(value, "type_id");
    *out_type = NULL;
    if (name != NULL && name->kind == JSON_STRING) {
        *out_type = message_find(&encoder->contract.contract, name->text);
        if (*out_type == NULL) {
            return message_refuse(
                &encoder->message, name, "", "the contract has no message ", name->text);
        }
        *out_id = (*out_type)->id;
        return true;
    }
    if (name != NULL || id == NULL) {
        return message_refuse(
            &encoder->message,
            name != NULL ? name : value,
            "",
            "say which message it is: \"type\":\"NAME\"",
            "");
    }
    if (!take_number(encoder, id, UINT16_MAX, out_id)) {
        return false;
    }
    return *out_id != 0
           || message_refuse(&encoder->message, id, "type_id", "0 is not a record", "");
}

static void encode_record(struct encoder *encoder, const struct json_node *value)
{
    const struct myc_message_type *type = NULL;
    uint64_t id = 0;
    struct message_bytes payload = {0};
    if (value->kind != JSON_OBJECT) {
        (void)message_refuse(
            &encoder->message, value, "", "an object is needed, not ", json_kind_name(value->kind));
        return;
    }
    bool is_good = check_names(encoder, value);
    if (!find_type(encoder, value, &type, &id)) {
        return;
    }
    uint64_t version = type != NULL ? type->version : 0;
    is_good = take_number(encoder, json_member(value, "version"), UINT16_MAX, &version) && is_good;
    const struct json_node *message = json_member(value, "message");
    const struct json_node *bytes = json_member(value, "payload");
    const struct json_node *rest = json_member(value, "rest");
    if ((message != NULL) == (bytes != NULL) || (message != NULL && type == NULL)) {
        is_good = message_refuse(
            &encoder->message, value, "", "a record has a type and a message, or a payload", "");
    } else if (message != NULL && type != NULL) {
        is_good = message_encode(&encoder->message, type, (uint16_t)version, message, &payload)
                  && is_good;
    } else {
        is_good = take_bytes(encoder, bytes, &payload) && is_good;
    }
    is_good = (rest == NULL || take_bytes(encoder, rest, &payload)) && is_good;
    if (is_good) {
        write_record(encoder, id, version, &payload);
    }
    free(payload.data);
}

static void encode_value(struct encoder *encoder, const struct json_node *value)
{
    struct message_bytes payload = {0};
    const struct myc_message_type *type = encoder->type;
    if (type == NULL) {
        encode_record(encoder, value);
    } else if (message_encode(&encoder->message, type, type->version, value, &payload)) {
        write_record(encoder, type->id, type->version, &payload);
    }
    free(payload.data);
}

static int encode(struct encoder *encoder, const struct message_bytes *text)
{
    struct json_reader reader;
    struct json_node *value = NULL;
    enum json_result result = JSON_OK;
    json_init(&reader, (const char *)text->data, text->size);
    while ((result = json_next(&reader, &value)) == JSON_OK) {
        encode_value(encoder, value);
    }
    if (result == JSON_NO_MEMORY) {
        json_deinit(&reader);
        return message_fail(encoder->options, MESSAGE_SYSTEM, NULL, "memory is exhausted");
    }
    if (result == JSON_ERROR) {
        const struct json_node place = {.line = reader.error_line, .column = reader.error_column};
        (void)message_refuse(&encoder->message, &place, "", reader.error, "");
    }
    json_deinit(&reader);
    if (encoder->message.error_count > 0) {
        return MESSAGE_INPUT;
    }
    if (encoder->options->is_payload && encoder->count != 1) {
        return message_fail(
            encoder->options,
            MESSAGE_INPUT,
            encoder->options->subject,
            "--payload writes one message, and there are none or several");
    }
    return MESSAGE_DONE;
}

static bool write_bytes(const struct encoder *encoder, FILE *file)
{
    const struct message_bytes *out = &encoder->out;
    if (encoder->options->is_hex) {
        for (size_t i = 0; i < out->size; i++) {
            (void)fprintf(file, "%02x%s", out->data[i], i % 32 == 31 ? "\n" : "");
        }
        (void)fputs(out->size % 32 != 0 ? "\n" : "", file);
    } else if (out->size > 0) {
        (void)fwrite(out->data, 1, out->size, file);
    }
    return fflush(file) == 0 && ferror(file) == 0;
}

// The file is written beside its place and renamed: it is there as a whole or not at all.
static int write_out(struct encoder *encoder)
{
    const struct message_options *options = encoder->options;
    struct message_bytes path = {0};
    if (options->out == NULL) {
        return write_bytes(encoder, stdout)
                   ? MESSAGE_DONE
                   : message_fail(options, MESSAGE_SYSTEM, NULL, "standard output failed");
    }
    message_append_text(&path, options->out);
    message_append(&path, ".partial", sizeof(".partial"));
    const char *partial = (const char *)path.data;
    FILE *file = fopen(partial, "wb");
    bool is_good = file != NULL && write_bytes(encoder, file);
    is_good = file != NULL && fclose(file) == 0 && is_good;
    is_good = is_good && rename(partial, options->out) == 0;
    int status = MESSAGE_DONE;
    if (!is_good) {
        status = message_fail(options, MESSAGE_SYSTEM, options->out, strerror(errno));
        (void)remove(partial);
    }
    free(path.data);
    return status;
}

int encode_command(int argc, char **argv)
{
    struct message_options options;
    struct encoder encoder = {.options = &options};
    struct message_bytes text = {0};
    int status = MESSAGE_DONE;
    if (!message_take_options(argc, argv, "encode", &options, &status)) {
        return status;
    }
    encoder.message.path = strcmp(options.subject, "-") == 0 ? "<stdin>" : options.subject;
    encoder.message.errors = stderr;
    encoder.message.fills_in = options.fills_in;
    status = message_load(&options, &encoder.contract);
    if (status == MESSAGE_DONE && options.type != NULL) {
        encoder.type = message_find(&encoder.contract.contract, options.type);
        if (encoder.type == NULL) {
            status = message_fail_unknown(&options, options.type);
        }
    }
    if (status == MESSAGE_DONE) {
        status = message_read_file(&options, options.subject, &text);
    }
    if (status == MESSAGE_DONE) {
        status = encode(&encoder, &text);
    }
    if (status == MESSAGE_DONE) {
        status = write_out(&encoder);
    }
    free(text.data);
    free(encoder.out.data);
    free(encoder.message.origins);
    contract_free(&encoder.contract);
    return status;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc decode`: bytes to lines of JSON. A record that is wrong is told and left out; a stream whose
// framing is wrong ends there.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/posix.h>
#include <mycelium/recording.h>

#include "tool/message/message.h"
#include "wire/tlv.h"

struct decoder {
    const struct message_options *options;
    struct contract_file contract;
    uint64_t *scratch; // as long as the longest message
    struct message_bytes line;
    int status; // the worst so far
};

// Where a record was found, for errors and for the line.
struct origin {
    uint64_t offset;   // of its payload
    uint64_t time_ns;  // recordings
    bool has_sequence; // recordings
};

static void tell(struct decoder *decoder, uint64_t offset, const char *text)
{
    fprintf(
        stderr,
        "myc decode: error: %s: byte %" PRIu64 ": %s\n",
        decoder->options->subject,
        offset,
        text);
    decoder->status = MESSAGE_INPUT;
}

// Line feeds and indents into JSON of one line.
static void print_pretty(const struct message_bytes *line)
{
    int depth = 0;
    bool is_text = false;
    for (size_t i = 0; i < line->size; i++) {
        char c = (char)line->data[i];
        char next = i + 1 < line->size ? (char)line->data[i + 1] : '\0';
        bool is_open = !is_text && (c == '{' || c == '[');
        bool is_close = !is_text && (c == '}' || c == ']');
        if (is_text && c == '\\') {
            (void)putchar(c);
            c = (char)line->data[++i];
        } else if (c == '"') {
            is_text = !is_text;
        }
        depth -= is_close ? 1 : 0;
        if (is_close && line->data[i - 1] != '{' && line->data[i - 1] != '[') {
            printf("\n%*s", depth * 2, "");
        }
        (void)putchar(c);
        depth += is_open ? 1 : 0;
        if ((is_open && next != '}' && next != ']') || (!is_text && c == ',')) {
            printf("\n%*s", depth * 2, "");
        } else if (!is_text && c == ':') {
            (void)putchar(' ');
        }
    }
    (void)putchar('\n');
}

static void print_line(struct decoder *decoder)
{
    if (decoder->options->is_pretty) {
        print_pretty(&decoder->line);
    } else {
        message_append_text(&decoder->line, "\n");
        (void)fwrite(decoder->line.data, 1, decoder->line.size, stdout);
    }
    decoder->line.size = 0;
}

static void
append_number(struct message_bytes *line, const char *name, uint64_t number, bool quoted)
{
    char text[64];
    (void)snprintf(
        text, sizeof(text), quoted ? ",\"%s\":\"%" PRIu64 "\"" : ",\"%s\":%" PRIu64, name, number);
    message_append_text(line, text);
}

static void
append_origin(struct decoder *decoder, const struct myc_record *record, const struct origin *origin)
{
    append_number(&decoder->line, "version", record->version, false);
    if (origin->has_sequence) {
        append_number(&decoder->line, "sequence", record->sequence, true);
        append_number(&decoder->line, "time_ns", origin->time_ns, true);
    }
}

static void
print_unknown(struct decoder *decoder, const struct myc_record *record, const struct origin *origin)
{
    char start[48];
    (void)snprintf(start, sizeof(start), "{\"type_id\":%u", (unsigned)record->type);
    message_append_text(&decoder->line, start);
    append_origin(decoder, record, origin);
    if (record->type == MYC_RECORD_GAP && record->size == sizeof(struct myc_gap)) {
        // Bytes 0 to 7: how many messages.
        uint64_t count = 0;
        const unsigned char *bytes = record->payload;
        for (size_t i = 8; i > 0; i--) {
            count = count << 8 | bytes[i - 1];
        }
        append_number(&decoder->line, "lost", count, true);
    }
    message_append_text(&decoder->line, ",\"payload\":");
    message_append_hex(&decoder->line, record->payload, record->size);
    message_append_text(&decoder->line, "}");
    print_line(decoder);
}

// A message of a type that the contract names. `is_bare`: the message alone.
static void print_message(
    struct decoder *decoder,
    const struct myc_message_type *type,
    const struct myc_record *record,
    const struct origin *origin,
    bool is_bare)
{
    struct myc_message message;
    struct myc_diagnostic why;
    struct message_bytes *line = &decoder->line;
    bool shows_secrets = decoder->options->shows_secrets;
    enum myc_status status = myc_message_view(type, record, decoder->scratch, &message, &why);
    if (status == MYC_OK) {
        status = myc_message_validate(&message, &why);
    }
    if (status != MYC_OK) {
        tell(decoder, origin->offset, why.text);
        return;
    }
    if (!is_bare) {
        message_append_text(line, "{\"type\":");
        message_append_quoted(line, type->name);
        append_origin(decoder, record, origin);
        message_append_text(line, ",\"message\":");
    }
    message_append_json(line, &message, shows_secrets ? MYC_MESSAGE_SECRETS : 0);
    uint32_t extent = myc_message_extent(type, record->version);
    bool may_show = shows_secrets || !message_has_secrets(type);
    if (!is_bare && type->has_tail == 0 && record->size > extent && may_show) {
        // What a newer version appended, so that encoding gives the same bytes again.
        message_append_text(line, ",\"rest\":");
        message_append_hex(line, (const char *)record->payload + extent, record->size - extent);
    }
    message_append_text(line, is_bare ? "" : "}");
    print_line(decoder);
}

static void
print_record(struct decoder *decoder, const struct myc_record *record, const struct origin *origin)
{
    const struct myc_message_type *type =
        myc_contract_find(&decoder->contract.contract, record->type);
    if (type == NULL) {
        print_unknown(decoder, record, origin);
    } else {
        print_message(decoder, type, record, origin, false);
    }
}

// ---- Inputs ----

static void decode_records(struct decoder *decoder, const struct message_bytes *bytes)
{
    struct myc__tlv_walk walk;
    struct myc__tlv found;
    struct myc_diagnostic why;
    enum myc_status status = myc__tlv_walk_init(&walk, bytes->data, bytes->size, UINT32_MAX, &why);
    while (status == MYC_OK && (status = myc__tlv_next(&walk, &found, &why)) == MYC_OK) {
        const struct myc_record record = {
            .type = found.type,
            .version = found.version,
            .size = found.size,
            .payload = found.payload,
        };
        const struct origin origin = {
            .offset = (uint64_t)((const unsigned char *)found.payload - bytes->data)};
        print_record(decoder, &record, &origin);
    }
    if (status != MYC_END) {
        decoder->status =
            message_fail(decoder->options, MESSAGE_INPUT, decoder->options->subject, why.text);
    }
}

static void decode_payload(struct decoder *decoder, const struct message_bytes *bytes)
{
    const struct myc_message_type *type =
        message_find(&decoder->contract.contract, decoder->options->type);
    const struct origin origin = {0};
    if (type == NULL) {
        decoder->status = message_fail_unknown(decoder->options, decoder->options->type);
        return;
    }
    if (bytes->size > UINT32_MAX) {
        tell(decoder, UINT32_MAX, "a payload is shorter than 4 GiB");
        return;
    }
    const struct myc_record record = {
        .type = type->id,
        .version = type->version,
        .size = (uint32_t)bytes->size,
        .payload = bytes->data,
    };
    print_message(decoder, type, &record, &origin, true);
}

static void warn_of_digest(struct decoder *decoder, const struct myc_recording_info *info)
{
    if (memcmp(info->contract_digest, decoder->contract.contract.digest, MYC_DIGEST_BYTES) != 0) {
        fprintf(
            stderr,
            "myc decode: warning: %s: recorded under another contract than %s\n",
            decoder->options->subject,
            decoder->options->contract);
    }
}

static void read_recording(struct decoder *decoder, struct myc_platform *platform)
{
    struct myc_recording_reader reader = {0};
    struct myc_diagnostic why;
    struct myc_record record;
    struct origin origin = {.has_sequence = true};
    enum myc_status status = myc_recording_open(&reader, platform, decoder->options->subject, &why);
    if (status == MYC_OK) {
        warn_of_digest(decoder, myc_recording_info(&reader));
    }
    while (status == MYC_OK) {
        status = myc_recording_next(&reader, &record, &origin.time_ns, &why);
        if (status == MYC_OK) {
            origin.offset = record.position + MYC_RECORD_HEADER_BYTES;
            print_record(decoder, &record, &origin);
        }
    }
    if (status == MYC_PEER_DIED) {
        struct myc_recording_report report = myc_recording_reader_report(&reader);
        fprintf(
            stderr,
            "myc decode: error: %s: its recorder did not close it; it was read up to byte %" PRIu64
            "\n",
            decoder->options->subject,
            report.cut_offset);
        decoder->status = decoder->status == MESSAGE_DONE ? MESSAGE_SYSTEM : decoder->status;
    } else if (status != MYC_END) {
        decoder->status =
            message_fail(decoder->options, MESSAGE_INPUT, decoder->options->subject, why.text);
    }
    myc_recording_reader_close(&reader);
}

static void decode_recording(struct decoder *decoder)
{
    struct myc_platform *platform = NULL;
    struct myc_diagnostic why;
    if (strcmp(decoder->options->subject, "-") == 0) {
        decoder->status = message_fail(
            decoder->options, MESSAGE_INPUT, NULL, "a recording must be a file that is named");
        return;
    }
    if (myc_posix_create(&platform, &why) != MYC_OK) {
        decoder->status = message_fail(decoder->options, MESSAGE_SYSTEM, NULL, why.text);
        return;
    }
    read_recording(decoder, platform);
    myc_posix_destroy(platform);
}

static void decode(struct decoder *decoder)
{
    static const char magic[8] = "MYCREC1\n";
    struct message_bytes bytes = {0};
    struct message_bytes digits = {0};
    const struct message_options *options = decoder->options;
    size_t bad = 0;
    decoder->status =
        message_read_file(options, options->subject, options->is_hex ? &digits : &bytes);
    // A read of no bytes takes no memory, but a payload must have a place.
    message_append(&bytes, NULL, 8);
    bytes.size -= 8;
    if (decoder->status == MESSAGE_DONE && options->is_hex
        && !message_read_hex((const char *)digits.data, digits.size, &bytes, &bad)) {
        tell(decoder, bad, "not a pair of hexadecimal digits");
    }
    if (decoder->status == MESSAGE_DONE) {
        if (options->type != NULL) {
            decode_payload(decoder, &bytes);
        } else if (bytes.size >= sizeof(magic) && memcmp(bytes.data, magic, sizeof(magic)) == 0) {
            decode_recording(decoder);
        } else {
            decode_records(decoder, &bytes);
        }
    }
    free(bytes.data);
    free(digits.data);
}

int decode_command(int argc, char **argv)
{
    struct message_options options;
    struct decoder decoder = {.options = &options};
    int status = MESSAGE_DONE;
    if (!message_take_options(argc, argv, "decode", &options, &status)) {
        return status;
    }
    decoder.status = message_load(&options, &decoder.contract);
    if (decoder.status == MESSAGE_DONE) {
        uint32_t longest = 8;
        for (uint32_t i = 0; i < decoder.contract.contract.message_count; i++) {
            uint32_t size = decoder.contract.contract.messages[i]->size;
            longest = size > longest ? size : longest;
        }
        decoder.scratch = calloc(longest / 8, sizeof(*decoder.scratch));
        if (decoder.scratch == NULL) {
            decoder.status = message_fail(&options, MESSAGE_SYSTEM, NULL, "memory is exhausted");
        } else {
            decode(&decoder);
        }
    }
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        decoder.status = message_fail(&options, MESSAGE_SYSTEM, NULL, "standard output failed");
    }
    free(decoder.scratch);
    free(decoder.line.data);
    contract_free(&decoder.contract);
    return decoder.status;
}

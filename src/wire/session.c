// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Session records. Each payload is walked by a cursor, once to write and once to read, so the two
// directions stay next to each other. Unused bytes are zero.
#include "wire/session.h"

#include <string.h>

#include "core/bits.h"
#include "core/text.h"

static const unsigned char hello_magic[8] = {'M', 'Y', 'C', 'E', 'L', 'I', 'U', 'M'};

// Starts a record of `bytes` bytes in all and returns where its payload goes.
static unsigned char *start_record(unsigned char *out, uint16_t type, size_t bytes)
{
    memset(out, 0, bytes);
    myc__put_u16(out, type);
    myc__put_u32(out + 2, (uint32_t)(bytes - MYC_RECORD_HEADER_BYTES));
    myc__put_u16(out + 6, MYC__PROTOCOL_VERSION);
    return out + MYC_RECORD_HEADER_BYTES;
}

static enum myc_status
check_size(size_t size, size_t record_bytes, const char *what, struct myc_diagnostic *diagnostic)
{
    if (size == record_bytes - MYC_RECORD_HEADER_BYTES) {
        return MYC_OK;
    }
    (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, what);
    myc_diagnostic_append(diagnostic, " record has ");
    myc_diagnostic_append_u64(diagnostic, size);
    myc_diagnostic_append(diagnostic, " bytes instead of ");
    myc_diagnostic_append_u64(diagnostic, record_bytes - MYC_RECORD_HEADER_BYTES);
    return MYC_CORRUPT;
}

// A text field must end inside its bytes.
static enum myc_status get_text(
    const unsigned char *bytes,
    size_t size,
    char *out,
    const char *field,
    struct myc_diagnostic *diagnostic)
{
    memcpy(out, bytes, size);
    if (out[size - 1] == '\0') {
        return MYC_OK;
    }
    out[size - 1] = '\0';
    (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, field);
    myc_diagnostic_append(diagnostic, " is not terminated");
    return MYC_CORRUPT;
}

void myc__hello_encode(const struct myc__hello *hello, unsigned char *out)
{
    unsigned char *payload = start_record(out, MYC_RECORD_HELLO, MYC__HELLO_BYTES);
    memcpy(payload, hello_magic, sizeof(hello_magic));
    myc__put_u16(payload + 8, hello->protocol_min);
    myc__put_u16(payload + 10, hello->protocol_max);
    myc__put_u16(payload + 12, hello->kind);
    myc__put_u16(payload + 14, hello->contract_version);
    myc__put_u16(payload + 16, hello->contract_min_compatible);
    myc__put_u32(payload + 20, hello->contract_id);
    memcpy(payload + 24, hello->contract_digest, MYC_DIGEST_BYTES);
    memcpy(payload + 56, hello->node, MYC_NAME_BYTES);
    memcpy(payload + 88, hello->target, MYC_NAME_BYTES);
    myc__put_u64(payload + 120, hello->node_epoch);
    myc__put_u64(payload + 128, hello->publisher_id);
    myc__put_u64(payload + 136, hello->publisher_epoch);
    myc__put_u64(payload + 144, hello->attempt);
    myc__put_u64(payload + 152, hello->subscribers);
    myc__put_u64(payload + 160, hello->now_ns);
    myc__put_u32(payload + 168, hello->form_bytes);
    myc__put_u32(payload + 172, hello->form_max);
}

enum myc_status myc__hello_decode(
    const void *payload, size_t size, struct myc__hello *out, struct myc_diagnostic *diagnostic)
{
    const unsigned char *bytes = payload;
    enum myc_status status = check_size(size, MYC__HELLO_BYTES, "HELLO", diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    if (memcmp(bytes, hello_magic, sizeof(hello_magic)) != 0) {
        return myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "HELLO magic is not MYCELIUM");
    }
    out->protocol_min = myc__get_u16(bytes + 8);
    out->protocol_max = myc__get_u16(bytes + 10);
    out->kind = myc__get_u16(bytes + 12);
    out->contract_version = myc__get_u16(bytes + 14);
    out->contract_min_compatible = myc__get_u16(bytes + 16);
    out->contract_id = myc__get_u32(bytes + 20);
    memcpy(out->contract_digest, bytes + 24, MYC_DIGEST_BYTES);
    out->node_epoch = myc__get_u64(bytes + 120);
    out->publisher_id = myc__get_u64(bytes + 128);
    out->publisher_epoch = myc__get_u64(bytes + 136);
    out->attempt = myc__get_u64(bytes + 144);
    out->subscribers = myc__get_u64(bytes + 152);
    out->now_ns = myc__get_u64(bytes + 160);
    out->form_bytes = myc__get_u32(bytes + 168);
    out->form_max = myc__get_u32(bytes + 172);
    if (out->kind > MYC__HELLO_DATA) {
        return myc_diagnostic_set(
            diagnostic, MYC_CORRUPT, 0, "HELLO kind is neither control nor data");
    }
    status = get_text(bytes + 56, MYC_NAME_BYTES, out->node, "HELLO node", diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    return get_text(bytes + 88, MYC_NAME_BYTES, out->target, "HELLO target", diagnostic);
}

void myc__welcome_encode(const struct myc__welcome *welcome, unsigned char *out)
{
    unsigned char *payload = start_record(out, MYC_RECORD_WELCOME, MYC__WELCOME_BYTES);
    memcpy(payload, welcome->node, MYC_NAME_BYTES);
    myc__put_u64(payload + 32, welcome->node_epoch);
    myc__put_u64(payload + 40, welcome->sequence);
    myc__put_u64(payload + 48, welcome->now_ns);
}

enum myc_status myc__welcome_decode(
    const void *payload, size_t size, struct myc__welcome *out, struct myc_diagnostic *diagnostic)
{
    const unsigned char *bytes = payload;
    enum myc_status status = check_size(size, MYC__WELCOME_BYTES, "WELCOME", diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    out->node_epoch = myc__get_u64(bytes + 32);
    out->sequence = myc__get_u64(bytes + 40);
    out->now_ns = myc__get_u64(bytes + 48);
    return get_text(bytes, MYC_NAME_BYTES, out->node, "WELCOME node", diagnostic);
}

void myc__reject_encode(const struct myc__reject *reject, unsigned char *out)
{
    unsigned char *payload = start_record(out, MYC_RECORD_REJECT, MYC__REJECT_BYTES);
    myc__put_u32(payload, (uint32_t)reject->status);
    memcpy(payload + 8, reject->field, sizeof(reject->field));
    memcpy(payload + 40, reject->theirs, sizeof(reject->theirs));
    memcpy(payload + 112, reject->ours, sizeof(reject->ours));
}

enum myc_status myc__reject_decode(
    const void *payload, size_t size, struct myc__reject *out, struct myc_diagnostic *diagnostic)
{
    const unsigned char *bytes = payload;
    enum myc_status status = check_size(size, MYC__REJECT_BYTES, "REJECT", diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    uint32_t number = myc__get_u32(bytes);
    if (number == MYC_OK || number >= MYC_STATUS_COUNT) {
        return myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "REJECT reason is not a status");
    }
    out->status = (enum myc_status)number;
    status = get_text(bytes + 8, sizeof(out->field), out->field, "REJECT field", diagnostic);
    if (status == MYC_OK) {
        status = get_text(bytes + 40, sizeof(out->theirs), out->theirs, "REJECT value", diagnostic);
    }
    if (status == MYC_OK) {
        status = get_text(bytes + 112, sizeof(out->ours), out->ours, "REJECT value", diagnostic);
    }
    return status;
}

void myc__announce_encode(const struct myc__announce *announce, unsigned char *out)
{
    unsigned char *payload = start_record(out, MYC_RECORD_ANNOUNCE, MYC__ANNOUNCE_BYTES);
    myc__put_u64(payload, announce->publisher_id);
    myc__put_u64(payload + 8, announce->publisher_epoch);
    memcpy(payload + 16, announce->topic, MYC__TOPIC_BYTES);
}

enum myc_status myc__announce_decode(
    const void *payload, size_t size, struct myc__announce *out, struct myc_diagnostic *diagnostic)
{
    const unsigned char *bytes = payload;
    enum myc_status status = check_size(size, MYC__ANNOUNCE_BYTES, "ANNOUNCE", diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    out->publisher_id = myc__get_u64(bytes);
    out->publisher_epoch = myc__get_u64(bytes + 8);
    return get_text(bytes + 16, MYC__TOPIC_BYTES, out->topic, "ANNOUNCE topic", diagnostic);
}

void myc__subscribe_encode(const struct myc__subscribe *subscribe, unsigned char *out)
{
    unsigned char *payload = start_record(out, MYC_RECORD_SUBSCRIBE, MYC__SUBSCRIBE_BYTES);
    myc__put_u64(payload, subscribe->publisher_id);
    myc__put_u64(payload + 8, subscribe->publisher_epoch);
    myc__put_u64(payload + 16, subscribe->subscription);
}

enum myc_status myc__subscribe_decode(
    const void *payload, size_t size, struct myc__subscribe *out, struct myc_diagnostic *diagnostic)
{
    const unsigned char *bytes = payload;
    enum myc_status status = check_size(size, MYC__SUBSCRIBE_BYTES, "SUBSCRIBE", diagnostic);
    if (status == MYC_OK) {
        out->publisher_id = myc__get_u64(bytes);
        out->publisher_epoch = myc__get_u64(bytes + 8);
        out->subscription = myc__get_u64(bytes + 16);
    }
    return status;
}

void myc__attach_encode(const struct myc__attach *attach, unsigned char *out)
{
    unsigned char *payload = start_record(out, MYC_RECORD_ATTACH, MYC__ATTACH_BYTES);
    myc__put_u64(payload, attach->subscription);
    myc__put_u64(payload + 8, attach->ring_bytes);
    myc__put_u32(payload + 16, attach->ticket.slot);
    myc__put_u32(payload + 20, attach->ticket.generation);
    myc__put_u64(payload + 24, attach->ticket.position);
    myc__put_u64(payload + 32, attach->ticket.sequence);
}

enum myc_status myc__attach_decode(
    const void *payload, size_t size, struct myc__attach *out, struct myc_diagnostic *diagnostic)
{
    const unsigned char *bytes = payload;
    enum myc_status status = check_size(size, MYC__ATTACH_BYTES, "ATTACH", diagnostic);
    if (status == MYC_OK) {
        out->subscription = myc__get_u64(bytes);
        out->ring_bytes = myc__get_u64(bytes + 8);
        out->ticket.slot = myc__get_u32(bytes + 16);
        out->ticket.generation = myc__get_u32(bytes + 20);
        out->ticket.position = myc__get_u64(bytes + 24);
        out->ticket.sequence = myc__get_u64(bytes + 32);
    }
    return status;
}

void myc__unsubscribe_encode(const struct myc__unsubscribe *unsubscribe, unsigned char *out)
{
    unsigned char *payload = start_record(out, MYC_RECORD_UNSUBSCRIBE, MYC__UNSUBSCRIBE_BYTES);
    myc__put_u64(payload, unsubscribe->publisher_id);
    myc__put_u32(payload + 8, unsubscribe->slot);
    myc__put_u32(payload + 12, unsubscribe->generation);
}

enum myc_status myc__unsubscribe_decode(
    const void *payload,
    size_t size,
    struct myc__unsubscribe *out,
    struct myc_diagnostic *diagnostic)
{
    const unsigned char *bytes = payload;
    enum myc_status status = check_size(size, MYC__UNSUBSCRIBE_BYTES, "UNSUBSCRIBE", diagnostic);
    if (status == MYC_OK) {
        out->publisher_id = myc__get_u64(bytes);
        out->slot = myc__get_u32(bytes + 8);
        out->generation = myc__get_u32(bytes + 12);
    }
    return status;
}

void myc__ack_encode(uint64_t sequence, unsigned char *out)
{
    myc__put_u64(start_record(out, MYC_RECORD_ACK, MYC__ACK_BYTES), sequence);
}

enum myc_status myc__ack_decode(
    const void *payload, size_t size, uint64_t *out_sequence, struct myc_diagnostic *diagnostic)
{
    enum myc_status status = check_size(size, MYC__ACK_BYTES, "ACK", diagnostic);
    if (status == MYC_OK) {
        *out_sequence = myc__get_u64(payload);
    }
    return status;
}

void myc__heartbeat_encode(uint64_t now_ns, unsigned char *out)
{
    myc__put_u64(start_record(out, MYC_RECORD_HEARTBEAT, MYC__HEARTBEAT_BYTES), now_ns);
}

void myc__bye_encode(unsigned char *out)
{
    (void)start_record(out, MYC_RECORD_BYE, MYC__BYE_BYTES);
}

void myc__contract_part_encode(const struct myc__contract_part *part, unsigned char *out)
{
    unsigned char *payload = start_record(out, MYC_RECORD_CONTRACT, MYC__CONTRACT_BYTES);
    myc__put_u16(out + 6, MYC__PROTOCOL_FORMS);
    myc__put_u32(payload, part->total);
    myc__put_u32(payload + 4, part->offset);
    memcpy(payload + 8, part->bytes, part->size);
}

enum myc_status myc__contract_part_decode(
    const void *payload,
    size_t size,
    struct myc__contract_part *out,
    struct myc_diagnostic *diagnostic)
{
    const unsigned char *bytes = payload;
    enum myc_status status = check_size(size, MYC__CONTRACT_BYTES, "CONTRACT", diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    out->total = myc__get_u32(bytes);
    out->offset = myc__get_u32(bytes + 4);
    if (out->offset >= out->total) {
        return myc_diagnostic_set(
            diagnostic, MYC_CORRUPT, 0, "CONTRACT offset is not inside the form");
    }
    out->size = out->total - out->offset;
    if (out->size > MYC__CONTRACT_PART_BYTES) {
        out->size = MYC__CONTRACT_PART_BYTES;
    }
    memset(out->bytes, 0, sizeof(out->bytes));
    memcpy(out->bytes, bytes + 8, out->size);
    for (size_t i = out->size; i < MYC__CONTRACT_PART_BYTES; i++) {
        if (bytes[8 + i] != 0) {
            return myc_diagnostic_set(
                diagnostic, MYC_CORRUPT, 0, "CONTRACT has bytes behind the form's end");
        }
    }
    return MYC_OK;
}

// ---- Comparing ----

static enum myc_status
reject_numbers(struct myc__reject *reject, const char *field, uint64_t theirs, uint64_t ours)
{
    struct myc__text text;
    memset(reject, 0, sizeof(*reject));
    reject->status = MYC_MISMATCH;
    myc__text_init(&text, reject->field, sizeof(reject->field));
    myc__text_string(&text, field);
    myc__text_init(&text, reject->theirs, sizeof(reject->theirs));
    myc__text_u64(&text, theirs);
    myc__text_init(&text, reject->ours, sizeof(reject->ours));
    myc__text_u64(&text, ours);
    return MYC_MISMATCH;
}

// Which versions of its contract a node speaks for, e.g. "version 3, min_compatible 2".
static void write_versions(char *out, const struct myc__hello *hello)
{
    struct myc__text text;
    myc__text_init(&text, out, MYC__REJECT_TEXT_BYTES);
    myc__text_string(&text, "version ");
    myc__text_u64(&text, hello->contract_version);
    myc__text_string(&text, ", min_compatible ");
    myc__text_u64(&text, hello->contract_min_compatible);
}

static enum myc_status reject_versions(
    struct myc__reject *reject, const struct myc__hello *theirs, const struct myc__hello *ours)
{
    (void)reject_numbers(reject, "min_compatible", 0, 0);
    write_versions(reject->theirs, theirs);
    write_versions(reject->ours, ours);
    return MYC_MISMATCH;
}

static enum myc_status reject_digests(
    struct myc__reject *reject, const struct myc__hello *theirs, const struct myc__hello *ours)
{
    struct myc__text text;
    (void)reject_numbers(reject, "contract digest", 0, 0);
    myc__text_init(&text, reject->theirs, sizeof(reject->theirs));
    myc__text_hex(&text, theirs->contract_digest, MYC_DIGEST_BYTES);
    myc__text_init(&text, reject->ours, sizeof(reject->ours));
    myc__text_hex(&text, ours->contract_digest, MYC_DIGEST_BYTES);
    return MYC_MISMATCH;
}

// Contracts of one id that differ: can they be compared at all?
static enum myc_status compare_contracts(
    const struct myc__hello *theirs, const struct myc__hello *ours, struct myc__reject *out_reject)
{
    if (theirs->contract_version < ours->contract_min_compatible
        || ours->contract_version < theirs->contract_min_compatible) {
        return reject_versions(out_reject, theirs, ours);
    }
    if (theirs->protocol_max < MYC__PROTOCOL_FORMS || ours->protocol_max < MYC__PROTOCOL_FORMS
        || theirs->form_bytes == 0 || ours->form_bytes == 0) {
        return reject_digests(out_reject, theirs, ours);
    }
    if (theirs->form_bytes > ours->form_max) {
        return reject_numbers(
            out_reject, "bytes of the dialler's contract", theirs->form_bytes, ours->form_max);
    }
    if (ours->form_bytes > theirs->form_max) {
        return reject_numbers(
            out_reject, "bytes of our contract", theirs->form_max, ours->form_bytes);
    }
    return MYC_AGAIN;
}

enum myc_status myc__hello_compare(
    const struct myc__hello *theirs, const struct myc__hello *ours, struct myc__reject *out_reject)
{
    if (theirs->protocol_min > ours->protocol_max || theirs->protocol_max < ours->protocol_min) {
        return reject_numbers(
            out_reject, "protocol version", theirs->protocol_max, ours->protocol_max);
    }
    if (theirs->contract_id != ours->contract_id) {
        return reject_numbers(out_reject, "contract id", theirs->contract_id, ours->contract_id);
    }
    if (memcmp(theirs->contract_digest, ours->contract_digest, MYC_DIGEST_BYTES) == 0) {
        return MYC_OK;
    }
    return compare_contracts(theirs, ours, out_reject);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Protocol Buffers payloads: the input is a record's payload, its first 8 bytes the tail's words.
// What the check passes, protobuf-c unpacks, into the reader's memory and with its own; packed and
// unpacked again it says the same. The bytes behind the words are checked alone, too.
#include <string.h>

#include <mycelium/interface/memory.h>
#include <mycelium/protobuf.h>

#include "fuzz.h"
#include "quote.pb-c.h"
#include "steps.h"

enum { STEPS_BASE = 4096, STEPS_PER_BYTE = 64 };
enum { FIXED = 8, BYTES_MAX = 4096, READER_BYTES = 1 << 16, PACKED_MAX = 1 << 16 };

static const struct myc_message_type type = {
    .id = 1, .version = 1, .size = FIXED, .name = "QuoteMessage", .topic = "quotes"};
static const struct myc_payload payload = {
    .message = &type,
    .bytes_max = BYTES_MAX,
    .check = myc_protobuf_check,
    .schema = &quote__descriptor};

static void *allocate(struct myc_memory *memory, size_t size, size_t alignment)
{
    (void)memory;
    (void)alignment;
    return calloc(1, size);
}

static void release(struct myc_memory *memory, void *bytes, size_t size)
{
    (void)memory;
    (void)size;
    free(bytes);
}

// What protobuf-c makes of bytes that were passed.
static void check_again(const struct ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *first = malloc(size != 0 ? size : 1);
    FUZZ_CHECK(first != NULL && protobuf_c_message_pack(message, first) == size);
    FUZZ_CHECK(myc_protobuf_check(&payload, first, size, NULL) == MYC_OK);
    Quote *quote = quote__unpack(NULL, size, first);
    FUZZ_CHECK(quote != NULL && quote__get_packed_size(quote) == size);
    uint8_t *second = malloc(size != 0 ? size : 1);
    FUZZ_CHECK(second != NULL && quote__pack(quote, second) == size);
    FUZZ_CHECK(memcmp(first, second, size) == 0);
    quote__free_unpacked(quote, NULL);
    free(second);
    free(first);
}

static void check_body(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size != 0 ? size : 1);
    struct myc_diagnostic why;
    FUZZ_CHECK(bytes != NULL);
    memcpy(bytes, data, size);
    fuzz_steps_begin();
    enum myc_status status = myc_protobuf_check(&payload, bytes, size, &why);
    fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
    FUZZ_CHECK(status == MYC_OK || (status == MYC_CORRUPT && why.text[0] != '\0'));
    if (status == MYC_OK) {
        Quote *quote = quote__unpack(NULL, size, bytes);
        FUZZ_CHECK(quote != NULL);
        check_again(&quote->base);
        quote__free_unpacked(quote, NULL);
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct myc_memory_ops ops = {sizeof(ops), allocate, release};
    struct myc_memory memory = {&ops};
    struct myc_platform platform = {.memory = &memory};
    struct myc_protobuf_reader reader;
    const struct ProtobufCMessage *message = NULL;
    if (size < FIXED || size > FIXED + BYTES_MAX) {
        return 0;
    }
    check_body(data + FIXED, size - FIXED);
    uint8_t *bytes = malloc(size);
    FUZZ_CHECK(bytes != NULL);
    memcpy(bytes, data, size);
    struct myc_record record = {.type = 1, .version = 1, .size = (uint32_t)size, .payload = bytes};
    FUZZ_CHECK(myc_protobuf_reader_open(&reader, &platform, READER_BYTES) == MYC_OK);
    enum myc_status status = myc_protobuf_unpack(&reader, &payload, &record, &message, NULL);
    FUZZ_CHECK(status == MYC_OK || status == MYC_CORRUPT || status == MYC_TOO_BIG);
    FUZZ_CHECK((status == MYC_OK) == (message != NULL));
    if (message != NULL) {
        check_again(message);
    }
    myc_protobuf_reader_close(&reader);
    free(bytes);
    return 0;
}

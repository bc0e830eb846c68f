// SPDX-License-Identifier: MIT OR Apache-2.0
//
// FlatBuffers payloads: the input is a quote's bytes. What the verifier passes is read whole, in
// place, from memory of exactly that size; it has no more tables than the bytes have room for.
#include <string.h>

#include <mycelium/flatbuffers.h>

#include "fuzz.h"
#include "steps.h"
#include "writer.h"

enum { BYTES_MAX = 4096, STEPS_BASE = 4096, STEPS_PER_BYTE = 64 };
enum { QUOTE_ID, QUOTE_SYMBOL, QUOTE_TICKS, QUOTE_LEGS, QUOTE_RATIO, QUOTE_LAST };
enum { LEG_VENUE, LEG_PRICE, LEG_BEHIND };

static const struct myc_message_type type = {
    .id = 1, .version = 1, .size = 8, .name = "QuoteMessage", .topic = "quotes"};
static const struct myc_flatbuffers_schema schema = {.verify = quote_verify};
static const struct myc_payload payload = {
    .message = &type, .check = myc_flatbuffers_check, .schema = &schema};

static uint64_t read_bytes(const void *table, uint32_t id, size_t element)
{
    uint32_t count = 0;
    uint64_t sum = 0;
    const uint8_t *bytes = myc_flatbuffers_vector(table, id, &count);
    for (uint64_t i = 0; i < count * element; i++) {
        sum += bytes[i];
    }
    return sum;
}

static uint64_t read_leg(const void *leg, size_t *tables)
{
    uint64_t sum = 0;
    for (uint32_t depth = 1; leg != NULL; depth++) {
        FUZZ_CHECK(depth <= MYC_FLATBUFFERS_DEPTH_MAX);
        FUZZ_CHECK(myc_flatbuffers_field(leg, LEG_VENUE) != NULL);
        sum +=
            read_bytes(leg, LEG_VENUE, 1) + (uint64_t)myc_flatbuffers_signed(leg, LEG_PRICE, 8, 0);
        leg = myc_flatbuffers_table(leg, LEG_BEHIND);
        (*tables)++;
    }
    return sum;
}

static uint64_t read_quote(const void *bytes, size_t size)
{
    const void *quote = myc_flatbuffers_root(bytes);
    uint32_t count = 0;
    size_t tables = 1;
    double ratio = myc_flatbuffers_double(quote, QUOTE_RATIO, 0.5);
    uint64_t sum = myc_flatbuffers_unsigned(quote, QUOTE_ID, 8, 0) + (ratio > 0 ? 1 : 0)
                   + read_bytes(quote, QUOTE_SYMBOL, 1) + read_bytes(quote, QUOTE_TICKS, 4);
    const uint8_t *legs = myc_flatbuffers_vector(quote, QUOTE_LEGS, &count);
    for (uint32_t i = 0; i < count; i++) {
        sum += read_leg(myc_flatbuffers_follow(legs + 4 * (size_t)i), &tables);
    }
    FUZZ_CHECK(tables <= myc_flatbuffers_tables_max(size));
    const uint8_t *last = myc_flatbuffers_field(quote, QUOTE_LAST);
    return last != NULL ? sum + myc_flatbuffers_number(last + 8, 4) : sum;
}

// The sum of a quote in memory of its own, of exactly its size; 0 if it is refused.
static uint64_t try_copy(const uint8_t *data, size_t size)
{
    uint64_t sum = 0;
    struct myc_diagnostic why;
    uint8_t *bytes = malloc(size != 0 ? size : 1);
    FUZZ_CHECK(bytes != NULL);
    if (size != 0) {
        memcpy(bytes, data, size);
    }
    fuzz_steps_begin();
    enum myc_status status = myc_flatbuffers_check(&payload, bytes, size, &why);
    fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
    FUZZ_CHECK(status == MYC_OK || (status == MYC_CORRUPT && why.text[0] != '\0'));
    if (status == MYC_OK) {
        sum = read_quote(bytes, size);
    }
    free(bytes);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t longer[BYTES_MAX + 8] = {0};
    if (size > BYTES_MAX) {
        return 0;
    }
    uint64_t sum = try_copy(data, size);
    // What lies behind a buffer says nothing about it.
    memcpy(longer, data, size);
    FUZZ_CHECK(sum == 0 || try_copy(longer, size + 8) == sum);
    return 0;
}

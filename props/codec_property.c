// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Messages of every type of a contract with all features, in every version, drawn at random.
 *
 * Properties: what was drawn is valid; its JSON, encoded again, gives the same bytes; bytes that
 * were damaged are refused, or say something whose JSON gives a message that is equal to it; a walk
 * takes no more steps than it promises; equality of a message and a copy with one value changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "everything.h"
#include "tool/message/message.h"

enum { RUNS = 200, DAMAGES = 8, PASSES = 40, PAYLOAD_WORDS = 1024, TAIL_MAX = 40 };

struct drawn {
    uint64_t random;
    uint64_t seed;
    const struct myc_message_type *type;
    uint16_t version;
    uint32_t size;
    union {
        uint64_t words[PAYLOAD_WORDS];
        unsigned char bytes[PAYLOAD_WORDS * 8];
    } payload;
};

#define PROPERTY(drawn, holds)                                                                     \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            fail_msg(                                                                              \
                "seed %llu, %s: %s",                                                               \
                (unsigned long long)(drawn)->seed,                                                 \
                (drawn)->type->name,                                                               \
                #holds);                                                                           \
        }                                                                                          \
    } while (0)

// SplitMix64.
static uint64_t draw(struct drawn *drawn, uint64_t bound)
{
    uint64_t z = drawn->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return bound == 0 ? z : z % bound;
}

// Version and length are those of a record, but the fields lie where they are drawn.
static struct myc_message message_of(const struct drawn *drawn)
{
    struct myc_message message = myc_message_of(drawn->type, &drawn->payload, drawn->size);
    message.version = drawn->version;
    return message;
}

static unsigned char *place_of(struct drawn *drawn, const struct myc_message_item *item)
{
    return drawn->payload.bytes + (item->bytes - drawn->payload.bytes);
}

// Where the struct begins that an item's field is in.
static unsigned char *base_of(struct drawn *drawn, const struct myc_message_item *item)
{
    return place_of(drawn, item) - item->field->offset;
}

static void store_u32(unsigned char *out, uint64_t number)
{
    const struct myc_number value = {{number, 0, 0, 0}};
    message_store(MYC_KIND_U32, &value, out);
}

// ---- Text ----

static void draw_text(struct drawn *drawn, bool is_ascii, unsigned char *out, uint32_t size)
{
    static const char *const signs[] = {
        "a", "\"", "\\", "\n", "z", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x8D\x84", "\x7F", "\x01"};
    uint32_t used = 0;
    while (used < size) {
        const char *sign = signs[draw(drawn, sizeof(signs) / sizeof(signs[0]))];
        uint32_t len = (uint32_t)strlen(sign);
        if (is_ascii || len > size - used) {
            out[used++] = (unsigned char)(0x20 + draw(drawn, 0x5F));
        } else {
            memcpy(out + used, sign, len);
            used += len;
        }
    }
}

static void draw_bytes(struct drawn *drawn, unsigned char *out, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        out[i] = (unsigned char)draw(drawn, 256);
    }
    if (size > 0) {
        out[0] |= 1; // "nonzero"
    }
}

static void draw_tails(struct drawn *drawn)
{
    for (uint32_t i = 0; i < drawn->type->field_count; i++) {
        const struct myc_field *field = &drawn->type->fields[i];
        bool is_text = field->shape == MYC_SHAPE_TAIL_STRING;
        if ((!is_text && field->shape != MYC_SHAPE_TAIL_BYTES) || field->since > drawn->version) {
            continue;
        }
        uint32_t size = (uint32_t)draw(drawn, TAIL_MAX);
        size = size < field->length_min ? field->length_min : size;
        if (size == 0) {
            continue;
        }
        uint32_t start = (drawn->size + 7) / 8 * 8;
        unsigned char *bytes = drawn->payload.bytes;
        if (is_text) {
            draw_text(drawn, (field->flags & MYC_FIELD_ASCII) != 0, bytes + start, size);
        } else {
            draw_bytes(drawn, bytes + start, size);
        }
        store_u32(bytes + field->offset, start);
        store_u32(bytes + field->offset + 4, size);
        drawn->size = start + size;
    }
}

// ---- Structure ----

static bool has_counter(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING;
}

static void draw_count(struct drawn *drawn, const struct myc_message_item *item)
{
    const struct myc_field *field = item->field;
    uint32_t spread = field->length_max - field->length_min + 1;
    uint32_t count = field->length_min + (uint32_t)draw(drawn, spread);
    store_u32(base_of(drawn, item) + field->counter, count);
    memset(place_of(drawn, item), 0, field->size);
    if (field->shape == MYC_SHAPE_STRING) {
        draw_text(drawn, (field->flags & MYC_FIELD_ASCII) != 0, place_of(drawn, item), count);
    }
}

static void draw_variant(struct drawn *drawn, const struct myc_message_item *item)
{
    const struct myc_union *choice = item->field->choice;
    const struct myc_variant *variant = &choice->variants[draw(drawn, choice->variant_count)];
    store_u32(base_of(drawn, item) + item->field->counter, variant->tag);
    memset(place_of(drawn, item), 0, item->field->size);
    if (variant->structure != NULL && variant->structure->initial != NULL) {
        memcpy(place_of(drawn, item), variant->structure->initial, variant->structure->size);
    }
}

// Changes one thing about which values there are. `is_last`: only what must be.
static bool change_structure(struct drawn *drawn, bool is_last)
{
    struct myc_message message = message_of(drawn);
    struct myc_message_walk walk;
    struct myc_message_item item;
    myc_message_walk_init(&walk, &message, 0);
    while (myc_message_walk_next(&walk, &item) == MYC_OK) {
        bool is_drawn = !is_last && draw(drawn, 4) == 0;
        bool is_whole = item.index == MYC_ITEM_NO_INDEX && item.kind != MYC_ITEM_LIST_END;
        if (item.kind == MYC_ITEM_ABSENT && is_drawn) {
            *(base_of(drawn, &item) + item.field->presence) = 1;
            return true;
        }
        if (item.kind == MYC_ITEM_UNSET && (is_last || is_drawn)) {
            draw_variant(drawn, &item);
            return true;
        }
        uint32_t count = item.kind == MYC_ITEM_LIST ? item.count : item.size;
        if (has_counter(item.field) && is_whole && item.kind != MYC_ITEM_ABSENT
            && (is_drawn || (is_last && count < item.field->length_min))) {
            draw_count(drawn, &item);
            return true;
        }
    }
    return false;
}

// ---- Values ----

static void draw_value(
    struct drawn *drawn, const struct myc_message_walk *walk, const struct myc_message_item *item)
{
    const struct myc_field *field = item->field;
    unsigned char *out = place_of(drawn, item);
    for (uint32_t i = 0; i < 16; i++) {
        struct myc_number number = {
            {draw(drawn, 0), draw(drawn, 0), draw(drawn, 0), draw(drawn, 0)}};
        if (field->kind == MYC_KIND_ENUM && field->enumeration->is_open == 0) {
            const struct myc_enum *type = field->enumeration;
            number.limb[0] = type->values[draw(drawn, type->value_count)].value;
        } else if (field->kind == MYC_KIND_BOOL) {
            number.limb[0] &= 1;
        } else if ((field->min != NULL || field->max != NULL) && i >= 4) {
            number = i < 8 && field->min != NULL ? *field->min : (struct myc_number){{i, 0, 0, 0}};
        } else if (draw(drawn, 4) == 0) {
            number = (struct myc_number){{draw(drawn, 4), 0, 0, 0}};
        }
        uint8_t kind = field->kind;
        if (myc__kind_is_float(kind)) {
            kind = kind == MYC_KIND_F32 ? MYC_KIND_U32 : MYC_KIND_U64;
            number.limb[0] = i < 8 ? number.limb[0] : 0x3F000000; // 0.5 as a float
            if (kind == MYC_KIND_U64 && i >= 8) {
                number.limb[0] = 0x3FE0000000000000;
            }
        }
        message_store(kind, &number, out);
        if (myc__message_check_item(walk, item, NULL) == MYC_OK) {
            return;
        }
    }
}

static void draw_values(struct drawn *drawn)
{
    struct myc_message message = message_of(drawn);
    struct myc_message_walk walk;
    struct myc_message_item item;
    myc_message_walk_init(&walk, &message, 0);
    while (myc_message_walk_next(&walk, &item) == MYC_OK) {
        bool is_tail = item.offset >= myc_message_extent(drawn->type, drawn->version);
        if (item.kind == MYC_ITEM_VALUE) {
            draw_value(drawn, &walk, &item);
        } else if (item.kind == MYC_ITEM_BYTES && !is_tail) {
            draw_bytes(drawn, place_of(drawn, &item), item.size);
        }
    }
    PROPERTY(drawn, walk.steps <= MYC_MESSAGE_STEPS(drawn->type->size));
}

static void draw_message(struct drawn *drawn, const struct myc_contract *contract, uint64_t seed)
{
    drawn->seed = seed;
    drawn->random = seed;
    drawn->type = contract->messages[seed % contract->message_count];
    drawn->version = (uint16_t)(1 + draw(drawn, drawn->type->version));
    drawn->size = myc_message_extent(drawn->type, drawn->version);
    memset(&drawn->payload, 0, sizeof(drawn->payload));
    myc_message_init(drawn->type, &drawn->payload);
    memset(drawn->payload.bytes + drawn->size, 0, sizeof(drawn->payload) - drawn->size);
    draw_tails(drawn);
    for (uint64_t i = draw(drawn, PASSES); i > 0; i--) {
        (void)change_structure(drawn, false);
    }
    while (change_structure(drawn, true)) {
    }
    draw_values(drawn);
}

// ---- Properties ----

// Generated validators are for messages of today's version, where they lie.
static void check_validator(const struct drawn *drawn, enum myc_status expected)
{
    myc_validate_fn *validate = drawn->type->validate;
    if (validate != NULL && drawn->version == drawn->type->version) {
        PROPERTY(drawn, validate(&drawn->payload, drawn->size, NULL) == expected);
    }
}

// The payload that a message's JSON stands for.
static void encode_again(
    const struct drawn *drawn, const struct myc_message *message, struct message_bytes *out)
{
    struct message_bytes text = {0};
    struct message_encoder encoder = {.path = "json", .errors = stderr};
    struct json_reader reader;
    struct json_node *value = NULL;
    message_append_json(&text, message, MYC_MESSAGE_SECRETS);
    json_init(&reader, (const char *)text.data, text.size);
    PROPERTY(drawn, json_next(&reader, &value) == JSON_OK);
    if (!message_encode(&encoder, drawn->type, message->version, value, out)) {
        fail_msg("seed %llu: %.*s", (unsigned long long)drawn->seed, (int)text.size, text.data);
    }
    PROPERTY(drawn, json_next(&reader, &value) == JSON_END);
    json_deinit(&reader);
    free(encoder.origins);
    free(text.data);
}

static void check_round_trip(const struct drawn *drawn)
{
    struct message_bytes again = {0};
    struct myc_diagnostic why;
    struct myc_message message;
    uint64_t scratch[PAYLOAD_WORDS];
    const struct myc_record record = {
        .type = drawn->type->id,
        .version = drawn->version,
        .size = drawn->size,
        .payload = &drawn->payload,
    };
    PROPERTY(drawn, myc_message_view(drawn->type, &record, scratch, &message, NULL) == MYC_OK);
    if (myc_message_validate(&message, &why) != MYC_OK) {
        fail_msg("seed %llu: %s", (unsigned long long)drawn->seed, why.text);
    }
    check_validator(drawn, MYC_OK);
    encode_again(drawn, &message, &again);
    PROPERTY(drawn, again.size == drawn->size);
    PROPERTY(drawn, memcmp(again.data, &drawn->payload, drawn->size) == 0);
    PROPERTY(drawn, myc_message_equals(&message, &message));
    free(again.data);
}

static bool check_damaged(struct drawn *drawn)
{
    struct message_bytes again = {0};
    struct myc_message message;
    struct myc_message other;
    uint64_t scratch[PAYLOAD_WORDS];
    uint64_t other_scratch[PAYLOAD_WORDS];
    for (uint64_t i = 1 + draw(drawn, 3); i > 0; i--) {
        drawn->payload.bytes[draw(drawn, drawn->size)] ^= (unsigned char)(1 << draw(drawn, 8));
    }
    struct myc_record record = {
        .type = drawn->type->id,
        .version = drawn->version,
        .size = drawn->size,
        .payload = &drawn->payload,
    };
    enum myc_status status = myc_message_view(drawn->type, &record, scratch, &message, NULL);
    PROPERTY(drawn, status == MYC_OK);
    status = myc_message_validate(&message, NULL);
    check_validator(drawn, status);
    if (status != MYC_OK) {
        return false;
    }
    encode_again(drawn, &message, &again);
    record.payload = again.data;
    record.size = (uint32_t)again.size;
    status = myc_message_view(drawn->type, &record, other_scratch, &other, NULL);
    PROPERTY(drawn, status == MYC_OK);
    PROPERTY(drawn, myc_message_equals(&message, &other));
    free(again.data);
    return true;
}

static void check_contract(const struct myc_contract *contract)
{
    struct drawn *drawn = malloc(sizeof(*drawn));
    uint64_t runs = (uint64_t)RUNS * contract->message_count;
    uint64_t kept = 0;
    assert_non_null(drawn);
    for (uint64_t seed = 0; seed < runs; seed++) {
        draw_message(drawn, contract, seed);
        check_round_trip(drawn);
        for (uint32_t i = 0; i < DAMAGES; i++) {
            draw_message(drawn, contract, seed);
            drawn->random += i;
            kept += check_damaged(drawn) ? 1 : 0;
        }
    }
    // Both happen: damage that is seen, and damage that makes another message.
    assert_in_range(kept, runs, runs * DAMAGES - runs);
    free(drawn);
}

// By the contract's file, as tools do.
static void test_messages_of_a_file(void **state)
{
    (void)state;
    struct contract_file contract;
    if (!contract_load(EVERYTHING, &contract)) {
        contract_print_findings(&contract, stderr);
        fail_msg("%s cannot be read", EVERYTHING);
    }
    check_contract(&contract.contract);
    contract_free(&contract);
}

// By generated descriptors, with validators beside them.
static void test_messages_of_generated_code(void **state)
{
    (void)state;
    check_contract(&everything_contract);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_of_a_file),
        cmocka_unit_test(test_messages_of_generated_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

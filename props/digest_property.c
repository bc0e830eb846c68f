// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A contract's digest and its messages' fingerprints depend on what two ends must agree on and on
 * nothing else: random contracts are written down in random styles, with keys, types and messages
 * in any order, comments, descriptions and other spellings.
 *
 * Properties: every writing of a contract has the same digest, fingerprints and canonical form; an
 * edit of one message changes the digest and that message's fingerprint and no other one; an edit
 * of an enum changes the fingerprints of just the messages that use it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "evolution/oracle.h"
#include "tool/contract/contract.h"

enum { SEEDS = 400, STYLES = 4, MESSAGES_MAX = 6, FIELDS_MAX = 6, ENUMS = 2, TEXT_BYTES = 65536 };

struct message {
    uint32_t id;
    uint32_t version;
    uint32_t topic;
    uint32_t field_count;
    uint32_t types[FIELDS_MAX];
};

struct model {
    uint32_t count;
    uint32_t values[ENUMS]; /* how many each enum has */
    struct message messages[MESSAGES_MAX];
};

struct writer {
    char text[TEXT_BYTES];
    size_t size;
    uint64_t random; /* decides on style only */
};

// Two spellings of each type; those from ENUM_TYPES on are enums.
static const char *const types[][2] = {
    {"u64", "u64"},
    {"\"[u8; 20]\"", "'[u8;  20]'"},
    {"bytes<8>", "\"vec<u8, 8>\""},
    {"optional u256", "\"optional u256\""},
    {"{ type: u32, min: 16 }", "{ min: 0x10, type: u32, description: spelled otherwise }"},
    {"{ type: i16, default: -1 }", "{ default: -1, type: i16, deprecated: true }"},
    {"string<12>", "{ type: string<12>, secret: true }"},
    {"Kind0", "{ type: Kind0 }"},
    {"\"vec<Kind1, 3>\"", "{ type: \"vec<Kind1,3>\" }"},
};

enum { TYPES = sizeof(types) / sizeof(types[0]), ENUM_TYPES = TYPES - ENUMS };

static void put(struct writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct writer *writer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(
        writer->text + writer->size, sizeof(writer->text) - writer->size, format, arguments);
    va_end(arguments);
    assert_true(len >= 0 && (size_t)len < sizeof(writer->text) - writer->size);
    writer->size += (size_t)len;
}

static bool flip(struct writer *writer)
{
    return oracle_draw(&writer->random, 2) == 0;
}

static void comment(struct writer *writer)
{
    if (flip(writer)) {
        put(writer, "# remark %u\n", (unsigned)oracle_draw(&writer->random, 1000));
    }
}

static void shuffle(struct writer *writer, uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = (uint32_t)oracle_draw(&writer->random, i);
        uint32_t kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

// ---- Writing ----

static void write_schema(struct writer *writer)
{
    put(writer, "schema:\n");
    if (flip(writer)) {
        put(writer, "  version: 3\n  id: 0x2A\n  name: sample\n");
    } else {
        put(writer, "  name: sample\n  id: 42\n  description: words\n  version: 3\n");
    }
}

static void write_enums(struct writer *writer, const struct model *model)
{
    uint32_t order[ENUMS];
    shuffle(writer, order, ENUMS);
    put(writer, "enums:\n");
    for (uint32_t i = 0; i < ENUMS; i++) {
        uint32_t values[16];
        uint32_t count = model->values[order[i]];
        shuffle(writer, values, count);
        comment(writer);
        put(writer, "  Kind%u:\n", order[i]);
        put(writer, flip(writer) ? "    description: a kind\n    values:\n" : "    values:\n");
        for (uint32_t j = 0; j < count; j++) {
            put(writer,
                flip(writer) ? "      V%u: %u\n" : "      V%u: { value: 0x%X }\n",
                values[j],
                values[j]);
        }
    }
}

static void write_key(struct writer *writer, const struct message *message, uint32_t key)
{
    switch (key) {
    case 0:
        put(writer, flip(writer) ? "    type_id: %u\n" : "    tlv_type: 0x%X\n", message->id);
        break;
    case 1:
        put(writer, "    topic: topic-%u\n", message->topic);
        break;
    case 2:
        put(writer,
            flip(writer) ? "    schema_version: %u\n" : "    schema_version: \"v%u\"\n",
            message->version);
        break;
    case 3:
        put(writer, flip(writer) ? "" : "    description: what it is\n");
        break;
    case 4:
        put(writer, flip(writer) ? "" : "    priority: 7\n    sensitivity: internal\n");
        break;
    default:
        put(writer, "    fields:\n");
        for (uint32_t i = 0; i < message->field_count; i++) {
            comment(writer);
            put(writer, "      f%u: %s\n", i, types[message->types[i]][flip(writer) ? 1 : 0]);
        }
        break;
    }
}

static void write_messages(struct writer *writer, const struct model *model)
{
    uint32_t order[MESSAGES_MAX];
    shuffle(writer, order, model->count);
    put(writer, "messages:\n");
    for (uint32_t i = 0; i < model->count; i++) {
        uint32_t keys[6];
        shuffle(writer, keys, 6);
        comment(writer);
        put(writer, "  Message%u:\n", order[i]);
        for (uint32_t j = 0; j < 6; j++) {
            write_key(writer, &model->messages[order[i]], keys[j]);
        }
    }
}

static void write_model(struct writer *writer, const struct model *model)
{
    writer->size = 0;
    bool are_types_first = flip(writer);
    comment(writer);
    if (are_types_first) {
        write_enums(writer, model);
    }
    write_schema(writer);
    write_messages(writer, model);
    if (!are_types_first) {
        write_enums(writer, model);
    }
}

// ---- Models ----

static void draw_model(struct model *model, uint64_t *random)
{
    memset(model, 0, sizeof(*model));
    model->count = 2 + (uint32_t)oracle_draw(random, MESSAGES_MAX - 1);
    for (uint32_t i = 0; i < ENUMS; i++) {
        model->values[i] = 2 + (uint32_t)oracle_draw(random, 4);
    }
    for (uint32_t i = 0; i < model->count; i++) {
        struct message *message = &model->messages[i];
        message->id = 10 * (i + 1);
        message->version = 1 + (uint32_t)oracle_draw(random, 3);
        message->topic = (uint32_t)oracle_draw(random, 3);
        message->field_count = 1 + (uint32_t)oracle_draw(random, FIELDS_MAX - 1);
        for (uint32_t j = 0; j < message->field_count; j++) {
            message->types[j] = (uint32_t)oracle_draw(random, TYPES);
        }
    }
}

static void edit_message(struct message *message, uint64_t *random)
{
    uint32_t last = message->field_count - 1;
    switch (oracle_draw(random, 4)) {
    case 0:
        message->version++;
        break;
    case 1:
        message->topic += 3;
        break;
    case 2:
        message->types[last] = (message->types[last] + 1) % TYPES;
        break;
    default:
        message->types[message->field_count++] = (uint32_t)oracle_draw(random, TYPES);
        break;
    }
}

static bool uses_enum(const struct message *message, uint32_t which)
{
    for (uint32_t i = 0; i < message->field_count; i++) {
        if (message->types[i] == ENUM_TYPES + which) {
            return true;
        }
    }
    return false;
}

// ---- Properties ----

static void
read_model(const struct model *model, uint64_t style, uint64_t seed, struct contract_file *out_file)
{
    static struct writer writer;
    writer.random = style;
    write_model(&writer, model);
    if (!contract_read("sample.yaml", writer.text, writer.size, out_file)) {
        contract_print_findings(out_file, stderr);
        fail_msg("seed %llu: refused:\n%s", (unsigned long long)seed, writer.text);
    }
}

static const struct myc_message_type *
message_of(const struct contract_file *file, const struct message *message)
{
    const struct myc_message_type *type = myc_contract_find(&file->contract, (uint16_t)message->id);
    assert_non_null(type);
    return type;
}

static bool has_same_digest(const struct contract_file *a, const struct contract_file *b)
{
    return memcmp(a->contract.digest, b->contract.digest, MYC_DIGEST_BYTES) == 0;
}

static void check_seed(uint64_t seed)
{
    struct model model;
    struct contract_file first;
    struct contract_file other;
    uint64_t random = seed;
    draw_model(&model, &random);
    read_model(&model, seed, seed, &first);
    for (uint64_t style = 1; style < STYLES; style++) {
        read_model(&model, seed + style * 1000, seed, &other);
        assert_true(has_same_digest(&first, &other));
        assert_int_equal(first.contract.canonical_size, other.contract.canonical_size);
        assert_memory_equal(
            first.contract.canonical, other.contract.canonical, first.contract.canonical_size);
        for (uint32_t i = 0; i < model.count; i++) {
            assert_memory_equal(
                message_of(&first, &model.messages[i])->fingerprint,
                message_of(&other, &model.messages[i])->fingerprint,
                MYC_DIGEST_BYTES);
        }
        contract_free(&other);
    }
    struct model edited = model;
    bool is_enum = oracle_draw(&random, 3) == 0;
    uint32_t which = (uint32_t)oracle_draw(&random, is_enum ? ENUMS : model.count);
    if (is_enum) {
        edited.values[which]++;
    } else {
        edit_message(&edited.messages[which], &random);
    }
    read_model(&edited, seed * 7, seed, &other);
    bool has_changed = false;
    for (uint32_t i = 0; i < model.count; i++) {
        bool is_meant = is_enum ? uses_enum(&model.messages[i], which) : i == which;
        bool is_same = memcmp(
                           message_of(&first, &model.messages[i])->fingerprint,
                           message_of(&other, &model.messages[i])->fingerprint,
                           MYC_DIGEST_BYTES)
                       == 0;
        assert_int_equal(is_same, !is_meant);
        has_changed = has_changed || is_meant;
    }
    // An enum that nothing uses is no part of what two ends agree on.
    assert_int_equal(has_same_digest(&first, &other), !has_changed);
    contract_free(&other);
    contract_free(&first);
}

// Writing style does not count, what is agreed on does.
static void test_digests_depend_on_what_is_agreed_on(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        check_seed(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests_depend_on_what_is_agreed_on),
    };
    return cmocka_run_group_tests_name("props.digest", tests, NULL, NULL);
}

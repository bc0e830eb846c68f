// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A contract file: `schema` says who it is, `messages` what it carries. Reading stops at the first
// error, which names the line, the thing and the remedy.
#include "tool/gen/parse.h"

#include <string.h>

#include "tool/gen/names.h"

enum { WHAT_BYTES = 160, DEFAULT_VERSION = 1 };

static bool find_required(
    struct gen_yaml *yaml,
    const yaml_node_t *place,
    const yaml_node_t *mapping,
    const char *key,
    const char *what,
    const char *example,
    yaml_node_t **out_value)
{
    *out_value = gen_yaml_find(yaml, mapping, key);
    if (*out_value == NULL) {
        return gen_yaml_fail(
            yaml, place, "missing key '%s' in %s: add a line like '%s'", key, what, example);
    }
    return true;
}

static bool read_u16(
    struct gen_yaml *yaml,
    const yaml_node_t *mapping,
    const char *key,
    uint16_t max,
    uint16_t *out_number)
{
    uint64_t number = DEFAULT_VERSION;
    const yaml_node_t *node = gen_yaml_find(yaml, mapping, key);
    if (node != NULL && !gen_yaml_number(yaml, node, key, 1, max, &number)) {
        return false;
    }
    *out_number = (uint16_t)number;
    return true;
}

static bool read_contract_name(
    struct gen_yaml *yaml, const yaml_node_t *node, struct myc__schema_contract *model)
{
    const char *text = NULL;
    size_t len = 0;
    if (!gen_yaml_text(yaml, node, "name", &text, &len)) {
        return false;
    }
    if (!myc__schema_is_snake_name(text, len) || myc__schema_is_keyword(text, len)
        || gen_is_taken_prefix(text, len)) {
        char shown[MYC__SCHEMA_NAME_MAX + 1];
        gen_yaml_quote(shown, sizeof(shown), text, len);
        return gen_yaml_fail(
            yaml,
            node,
            "bad contract name '%s': use lower-case letters, digits and single underscores; "
            "it starts every generated C name, so no word or header of C and not 'myc'",
            shown);
    }
    memcpy(model->name, text, len);
    return true;
}

static bool
read_schema(struct gen_yaml *yaml, const yaml_node_t *node, struct gen_contract *contract)
{
    static const char *const allowed[] = {
        "name", "id", "version", "min_compatible", "description", NULL};
    struct myc__schema_contract *model = &contract->model;
    yaml_node_t *name = NULL;
    yaml_node_t *id = NULL;
    uint64_t number = 0;
    if (!gen_yaml_check_mapping(yaml, node, "schema", allowed)
        || !find_required(yaml, node, node, "name", "schema", "name: trading", &name)
        || !read_contract_name(yaml, name, model)
        || !find_required(yaml, node, node, "id", "schema", "id: 0x4D594345", &id)
        || !gen_yaml_number(yaml, id, "id", 1, UINT32_MAX, &number)
        || !read_u16(yaml, node, "version", UINT16_MAX, &model->version)
        || !read_u16(yaml, node, "min_compatible", UINT16_MAX, &model->min_compatible)) {
        return false;
    }
    model->id = (uint32_t)number;
    if (model->min_compatible > model->version) {
        return gen_yaml_fail(
            yaml,
            gen_yaml_find(yaml, node, "min_compatible"),
            "min_compatible is %u but version is %u: it must not be above it",
            model->min_compatible,
            model->version);
    }
    const yaml_node_t *description = gen_yaml_find(yaml, node, "description");
    return description == NULL || gen_yaml_description(yaml, description, &contract->description);
}

static bool read_message_name(
    struct gen_yaml *yaml, const yaml_node_t *node, struct myc__schema_message *message)
{
    const char *text = (const char *)node->data.scalar.value;
    size_t len = node->data.scalar.length;
    if (!myc__schema_is_pascal_name(text, len)) {
        char shown[MYC__SCHEMA_NAME_MAX + 1];
        gen_yaml_quote(shown, sizeof(shown), text, len);
        return gen_yaml_fail(
            yaml,
            node,
            "bad message name '%s': use letters and digits starting with a capital, as in "
            "PoolStateUpdate, at most %d characters",
            shown,
            MYC__SCHEMA_NAME_MAX);
    }
    memcpy(message->name, text, len);
    return true;
}

// `tlv_type` and `type_id` are two names of one key; exactly one of them must be there.
static bool read_type_id(
    struct gen_yaml *yaml,
    const struct gen_pair *pair,
    const char *what,
    struct myc__schema_message *message)
{
    const yaml_node_t *tlv_type = gen_yaml_find(yaml, pair->value, "tlv_type");
    const yaml_node_t *type_id = gen_yaml_find(yaml, pair->value, "type_id");
    const yaml_node_t *node = tlv_type != NULL ? tlv_type : type_id;
    uint64_t number = 0;
    if (node == NULL) {
        return gen_yaml_fail(
            yaml,
            pair->key,
            "missing key 'tlv_type' in %s: add a line like 'tlv_type: 1011'",
            what);
    }
    if (tlv_type != NULL && type_id != NULL) {
        return gen_yaml_fail(yaml, type_id, "%s has both tlv_type and type_id: remove one", what);
    }
    if (!gen_yaml_number(
            yaml, node, "tlv_type", MYC_MESSAGE_TYPE_MIN, MYC_MESSAGE_TYPE_MAX, &number)) {
        return false;
    }
    message->id = (uint16_t)number;
    return true;
}

// Versions are written 3 or "v3".
static bool read_schema_version(
    struct gen_yaml *yaml, const yaml_node_t *mapping, struct myc__schema_message *message)
{
    yaml_node_t *node = gen_yaml_find(yaml, mapping, "schema_version");
    message->version = DEFAULT_VERSION;
    if (node == NULL) {
        return true;
    }
    const char *text = NULL;
    size_t len = 0;
    if (!gen_yaml_text(yaml, node, "schema_version", &text, &len)) {
        return false;
    }
    yaml_node_t digits = *node;
    if (len > 1 && text[0] == 'v') {
        digits.data.scalar.value++;
        digits.data.scalar.length--;
    }
    uint64_t number = 0;
    if (!gen_yaml_number(yaml, &digits, "schema_version", 1, UINT16_MAX, &number)) {
        return false;
    }
    message->version = (uint16_t)number;
    return true;
}

static bool
read_topic(struct gen_yaml *yaml, const yaml_node_t *node, struct myc__schema_message *message)
{
    const char *text = NULL;
    size_t len = 0;
    if (!gen_yaml_text(yaml, node, "topic", &text, &len)) {
        return false;
    }
    if (!myc__schema_is_topic_name(text, len)) {
        char shown[MYC_TOPIC_BYTES_MAX + 1];
        gen_yaml_quote(shown, sizeof(shown), text, len);
        return gen_yaml_fail(
            yaml,
            node,
            "bad topic '%s': use letters, digits and . _ - / inside, at most %d characters",
            shown,
            MYC_TOPIC_BYTES_MAX);
    }
    memcpy(message->topic, text, len);
    return true;
}

static bool read_message(
    struct gen_yaml *yaml,
    const struct gen_pair *pair,
    struct myc__schema_message *message,
    struct gen_notes *notes)
{
    static const char *const allowed[] = {
        "tlv_type", "type_id", "topic", "schema_version", "description", "fields", NULL};
    char what[WHAT_BYTES];
    yaml_node_t *topic = NULL;
    yaml_node_t *fields = NULL;
    if (!read_message_name(yaml, pair->key, message)) {
        return false;
    }
    snprintf(what, sizeof(what), "message '%s'", message->name);
    if (!gen_yaml_check_mapping(yaml, pair->value, what, allowed)
        || !read_type_id(yaml, pair, what, message)
        || !find_required(yaml, pair->key, pair->value, "topic", what, "topic: market-data", &topic)
        || !read_topic(yaml, topic, message) || !read_schema_version(yaml, pair->value, message)
        || !find_required(yaml, pair->key, pair->value, "fields", what, "fields:", &fields)
        || !gen_parse_fields(yaml, fields, message, notes)) {
        return false;
    }
    const yaml_node_t *description = gen_yaml_find(yaml, pair->value, "description");
    return description == NULL || gen_yaml_description(yaml, description, &notes->message);
}

// Ids differ, and so do names after PoolState has become pool_state.
static bool check_unique(
    struct gen_yaml *yaml,
    const struct gen_pair *pair,
    const struct myc__schema_contract *model,
    uint32_t index)
{
    const struct myc__schema_message *message = &model->messages[index];
    char name[GEN_NAME_BYTES];
    gen_snake_name(message->name, name);
    for (uint32_t i = 0; i < index; i++) {
        const struct myc__schema_message *earlier = &model->messages[i];
        char earlier_name[GEN_NAME_BYTES];
        gen_snake_name(earlier->name, earlier_name);
        if (earlier->id == message->id) {
            const yaml_node_t *node = gen_yaml_find(yaml, pair->value, "tlv_type");
            node = node != NULL ? node : gen_yaml_find(yaml, pair->value, "type_id");
            return gen_yaml_fail(
                yaml,
                node,
                "duplicate type id %u: message '%s' has it already; give '%s' another",
                message->id,
                earlier->name,
                message->name);
        }
        if (strcmp(earlier_name, name) == 0) {
            return gen_yaml_fail(
                yaml,
                pair->key,
                "messages '%s' and '%s' are both '%s' in C: rename one",
                earlier->name,
                message->name,
                name);
        }
        char both[2 * GEN_NAME_BYTES];
        if (gen_find_clash(earlier, message, both)) {
            return gen_yaml_fail(
                yaml,
                pair->key,
                "messages '%s' and '%s' both generate '%s' in C: rename one, or a field of it",
                earlier->name,
                message->name,
                both);
        }
    }
    return true;
}

static bool
read_messages(struct gen_yaml *yaml, const yaml_node_t *node, struct gen_contract *contract)
{
    struct myc__schema_contract *model = &contract->model;
    if (!gen_yaml_check_mapping(yaml, node, "messages", NULL)) {
        return false;
    }
    size_t count = gen_yaml_pair_count(node);
    if (count == 0 || count > MYC__SCHEMA_MESSAGES_MAX) {
        return gen_yaml_fail(
            yaml, node, "a contract must have 1 to %d messages", MYC__SCHEMA_MESSAGES_MAX);
    }
    model->messages = gen_allocate(count, sizeof(*model->messages));
    contract->notes = gen_allocate(count, sizeof(*contract->notes));
    model->message_count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        struct gen_pair pair = gen_yaml_pair(yaml, node, i);
        if (!read_message(yaml, &pair, &model->messages[i], &contract->notes[i])
            || !check_unique(yaml, &pair, model, i)) {
            return false;
        }
    }
    return true;
}

static bool read_root(struct gen_yaml *yaml, struct gen_contract *contract)
{
    static const char *const allowed[] = {"schema", "messages", NULL};
    const yaml_node_t *root = yaml_document_get_root_node(&yaml->document);
    yaml_node_t *schema = NULL;
    yaml_node_t *messages = NULL;
    return gen_yaml_check_mapping(yaml, root, "a contract", allowed)
           && find_required(yaml, root, root, "schema", "the contract", "schema:", &schema)
           && find_required(yaml, root, root, "messages", "the contract", "messages:", &messages)
           && read_schema(yaml, schema, contract) && read_messages(yaml, messages, contract);
}

bool gen_parse(
    const char *bytes, size_t size, struct gen_contract *out_contract, struct gen_error *out_error)
{
    struct gen_yaml yaml;
    struct gen_contract contract = {0};
    if (!gen_yaml_open(&yaml, bytes, size, out_error)) {
        return false;
    }
    bool is_read = read_root(&yaml, &contract);
    gen_yaml_close(&yaml);
    if (is_read) {
        *out_contract = contract;
    } else {
        gen_contract_deinit(&contract);
    }
    return is_read;
}

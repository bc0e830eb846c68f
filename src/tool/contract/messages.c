// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Messages: who they are, where they go, what they hold and what is promised of them.
#include <stdlib.h>
#include <string.h>

#include "schema/field.h"
#include "schema/limits.h"
#include "schema/name.h"
#include "tool/contract/reader.h"
#include "tool/gen/names.h"

enum { PPM = 1000000 };

// ---- Identity ----

static void read_name(struct reader *reader, struct reader_message *message, const char **out_name)
{
    const yaml_node_t *key = message->pair.key;
    *out_name = "";
    if (key->type != YAML_SCALAR_NODE) {
        return; // the mapping's check said so
    }
    const char *text = (const char *)key->data.scalar.value;
    size_t len = key->data.scalar.length;
    *out_name = reader_quote(reader, text, len);
    if (!myc__schema_is_pascal_name(text, len)) {
        reader_error(
            reader,
            key,
            "BAD_MESSAGE_NAME",
            "bad message name '%s': use letters and digits starting with a capital, as in "
            "PoolStateUpdate, at most %d characters",
            *out_name,
            MYC__SCHEMA_NAME_MAX);
    }
}

// `tlv_type` and `type_id` are two names of one key; exactly one of them must be there.
static const yaml_node_t *
find_type_id(struct reader *reader, const struct reader_message *message, const char *what)
{
    const yaml_node_t *tlv_type = reader_find(reader, message->pair.value, "tlv_type");
    const yaml_node_t *type_id = reader_find(reader, message->pair.value, "type_id");
    if (tlv_type == NULL && type_id == NULL) {
        reader_error(
            reader,
            message->pair.key,
            "MISSING_KEY",
            "missing key 'tlv_type' in %s: add a line like 'tlv_type: 1011'",
            what);
    }
    if (tlv_type != NULL && type_id != NULL) {
        reader_error(
            reader, type_id, "DUPLICATE_KEY", "%s has both tlv_type and type_id: remove one", what);
    }
    return tlv_type != NULL ? tlv_type : type_id;
}

static void
check_range(struct reader *reader, const yaml_node_t *node, const struct myc_message_type *type)
{
    for (uint32_t i = 0; i < reader->range_count; i++) {
        const struct reader_range *range = &reader->ranges[i];
        bool is_meant =
            type->policy.domain != NULL && strcmp(range->domain, type->policy.domain) == 0;
        if (!is_meant || (type->id >= range->from && type->id <= range->to)) {
            continue;
        }
        const char *text = contract_arena_format(
            reader->arena,
            "type id %u of message '%s' is outside the range of domain '%s': use %u to %u",
            type->id,
            type->name,
            range->domain,
            range->from,
            range->to);
        contract_add_finding(
            reader->file, range->severity, reader_place(node), "TYPE_ID_OUT_OF_RANGE", text);
    }
}

static void read_type_id(struct reader *reader, struct reader_message *message, const char *what)
{
    uint64_t number = 0;
    struct myc_message_type *type = message->type;
    const yaml_node_t *node = find_type_id(reader, message, what);
    bool is_tlv_type = node != NULL && node == reader_find(reader, message->pair.value, "tlv_type");
    const char *key = is_tlv_type ? "tlv_type" : "type_id";
    if (node == NULL
        || !reader_number(reader, node, key, MYC_MESSAGE_TYPE_MIN, MYC_MESSAGE_TYPE_MAX, &number)) {
        return;
    }
    uint32_t id = (uint32_t)number;
    type->id = (uint16_t)number;
    (void)reader_check_reserved(
        reader, node, reader->file->reserved, reader->file->reserved_count, NULL, &id);
    check_range(reader, node, type);
    for (const struct reader_message *earlier = reader->messages; earlier < message; earlier++) {
        if (earlier->type->id == type->id) {
            reader_error(
                reader,
                node,
                "DUPLICATE_TYPE_ID",
                "duplicate type id %u: message '%s' has it already; give '%s' another",
                type->id,
                earlier->type->name,
                type->name);
            return;
        }
    }
}

// Versions are written 3 or "v3".
static void read_version(struct reader *reader, struct reader_message *message)
{
    const yaml_node_t *node = reader_find(reader, message->pair.value, "schema_version");
    uint64_t number = 1;
    if (node != NULL && node->type == YAML_SCALAR_NODE) {
        yaml_node_t digits = *node;
        if (digits.data.scalar.length > 1 && digits.data.scalar.value[0] == 'v') {
            digits.data.scalar.value++;
            digits.data.scalar.length--;
        }
        (void)reader_number(reader, &digits, "schema_version", 1, UINT16_MAX, &number);
    } else if (node != NULL) {
        reader_error(
            reader, node, "NOT_A_VALUE", "schema_version must be a single value such as 3");
    }
    message->type->version = (uint16_t)number;
}

// ---- Topic and policy ----

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_topic_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

// The domain in small letters, everything else becoming "-"; or the name: PoolState, pool-state.
static const char *default_topic(struct reader *reader, const struct myc_message_type *type)
{
    char name[GEN_NAME_BYTES];
    char *topic = NULL;
    if (type->policy.domain != NULL) {
        topic =
            contract_arena_text(reader->arena, type->policy.domain, strlen(type->policy.domain));
    } else {
        gen_snake_name(type->name, name);
        size_t len = strlen(name) < MYC_TOPIC_BYTES_MAX ? strlen(name) : MYC_TOPIC_BYTES_MAX;
        topic = contract_arena_text(reader->arena, name, len);
    }
    size_t len = strlen(topic);
    for (size_t i = 0; i < len; i++) {
        topic[i] = is_topic_byte(lower(topic[i])) ? lower(topic[i]) : '-';
    }
    while (len > 0 && topic[len - 1] == '-') {
        topic[--len] = '\0';
    }
    return topic;
}

static void read_topic(struct reader *reader, struct reader_message *message)
{
    const yaml_node_t *node = reader_find(reader, message->pair.value, "topic");
    size_t len = 0;
    if (node == NULL) {
        message->type->topic = default_topic(reader, message->type);
        return;
    }
    const char *text = reader_text(reader, node, "topic", &len);
    if (text == NULL) {
        return;
    }
    message->type->topic = contract_arena_text(reader->arena, text, len);
    if (!myc__schema_is_topic_name(text, len)) {
        reader_error(
            reader,
            node,
            "BAD_TOPIC",
            "bad topic '%s': use letters, digits and . _ - / inside, at most %d characters",
            reader_quote(reader, text, len),
            MYC_TOPIC_BYTES_MAX);
    }
}

// A word of the contract's own choice, or NULL.
static const char *read_word(struct reader *reader, const yaml_node_t *mapping, const char *key)
{
    const yaml_node_t *node = reader_find(reader, mapping, key);
    size_t len = 0;
    const char *text = node == NULL ? NULL : reader_text(reader, node, key, &len);
    if (text == NULL) {
        return NULL;
    }
    if (!myc__schema_is_topic_name(text, len)) {
        reader_error(
            reader,
            node,
            "BAD_WORD",
            "bad %s '%s': use one word of letters, digits and . _ - / inside",
            key,
            reader_quote(reader, text, len));
        return NULL;
    }
    return contract_arena_text(reader->arena, text, len);
}

static uint32_t read_error_rate(struct reader *reader, const yaml_node_t *mapping)
{
    const yaml_node_t *node = reader_find(reader, mapping, "error_rate_slo");
    struct myc_number number;
    size_t len = 0;
    const char *text = node == NULL ? NULL : reader_text(reader, node, "error_rate_slo", &len);
    double rate = 0;
    if (text == NULL) {
        return 0;
    }
    if (number_read(MYC_KIND_F64, text, len, &number) == NULL) {
        memcpy(&rate, &number.limb[0], sizeof(rate));
    }
    double ppm = rate * PPM + 0.5;
    if (!(ppm >= 1.0 && rate <= 1.0)) {
        reader_error(
            reader,
            node,
            "BAD_NUMBER",
            "error_rate_slo must be a fraction from 0.000001 to 1, such as 0.001, not '%s'",
            reader_quote(reader, text, len));
        return 0;
    }
    return (uint32_t)ppm;
}

static void read_policy(struct reader *reader, struct reader_message *message)
{
    const yaml_node_t *body = message->pair.value;
    struct myc_message_policy *policy = &message->type->policy;
    uint64_t priority = 0;
    policy->domain = read_word(reader, body, "domain");
    policy->sensitivity = read_word(reader, body, "sensitivity");
    policy->hides_payload = reader_flag(reader, body, "log_payload", true) ? 0 : 1;
    reader_optional_number(reader, body, "priority", 0, 255, &priority);
    policy->priority = (uint32_t)priority;
    reader_optional_number(
        reader, body, "latency_slo_p99_ns", 1, UINT64_MAX, &policy->latency_slo_p99_ns);
    policy->error_rate_slo_ppm = read_error_rate(reader, body);
    policy->is_deprecated = reader_deprecated(reader, body, &message->notes->self) ? 1 : 0;
}

// ---- One message ----

static void read_body(struct reader *reader, struct reader_message *message, const char *what)
{
    struct myc_message_type *type = message->type;
    const yaml_node_t *node = reader_find(reader, message->pair.value, "fields");
    struct reader_fields *body = &message->body;
    if (node != NULL && !reader_is_empty(node)) {
        reader_read_fields(reader, node, what, type->version, message->notes, body);
    }
    for (uint32_t i = 0; i < body->count; i++) {
        (void)reader_check_reserved(
            reader,
            body->sources[i].key,
            message->notes->reserved,
            message->notes->reserved_count,
            body->fields[i].name,
            NULL);
    }
    struct myc__schema_extent_list list;
    struct myc_extent *extents =
        contract_arena_take(reader->arena, (size_t)body->count + 1, sizeof(*extents));
    if (myc__schema_place(body->fields, body->count, extents, &list) != MYC_OK) {
        reader_error(
            reader,
            body->sources[list.bad_field].key,
            "TOO_BIG",
            "%s is larger than %d bytes here: split it",
            what,
            MYC__SCHEMA_STRUCT_MAX);
        return;
    }
    type->fields = body->fields;
    type->field_count = body->count;
    type->size = list.size;
    type->extents = extents;
    type->extent_count = list.extent_count;
    type->has_tail = list.has_tail;
    type->initial = reader_read_defaults(reader, body, list.size);
}

static void check_clash(struct reader *reader, const struct reader_message *message)
{
    char name[GEN_NAME_BYTES];
    char other[GEN_NAME_BYTES];
    gen_snake_name(message->type->name, name);
    for (const struct reader_message *earlier = reader->messages; earlier < message; earlier++) {
        gen_snake_name(earlier->type->name, other);
        if (strcmp(name, other) == 0 && strcmp(earlier->type->name, message->type->name) != 0) {
            reader_error(
                reader,
                message->pair.key,
                "NAME_CLASH",
                "messages '%s' and '%s' are both '%s' in C: rename one",
                earlier->type->name,
                message->type->name,
                name);
            return;
        }
    }
    for (uint32_t i = 0; i < reader->type_count; i++) {
        gen_snake_name(reader->types[i].name, other);
        if (strcmp(name, other) == 0) {
            reader_error(
                reader,
                message->pair.key,
                "NAME_CLASH",
                "type '%s' and message '%s' are both '%s' in C: rename one",
                reader->types[i].name,
                message->type->name,
                name);
            return;
        }
    }
}

static void read_message(struct reader *reader, struct reader_message *message)
{
    static const char *const allowed[] = {
        "tlv_type",
        "type_id",
        "topic",
        "domain",
        "description",
        "schema_version",
        "required_prior_messages",
        "sensitivity",
        "log_payload",
        "latency_slo_p99_ns",
        "error_rate_slo",
        "priority",
        "deprecated",
        "reserved",
        "fields",
        NULL};
    char what[READER_WHAT_BYTES];
    struct contract_notes *notes = message->notes;
    notes->self.place = reader_place(message->pair.key);
    read_name(reader, message, &message->type->name);
    check_clash(reader, message);
    (void)reader_check_reserved(
        reader,
        message->pair.key,
        reader->file->reserved,
        reader->file->reserved_count,
        message->type->name,
        NULL);
    snprintf(what, sizeof(what), "message '%s'", message->type->name);
    if (!reader_check_mapping(reader, message->pair.value, what, allowed)) {
        return;
    }
    notes->self.description = reader_description(reader, message->pair.value, "description");
    read_policy(reader, message);
    read_topic(reader, message);
    read_type_id(reader, message, what);
    read_version(reader, message);
    reader_reserved(reader, message->pair.value, 0, &notes->reserved, &notes->reserved_count);
    read_body(reader, message, what);
}

// ---- Prior messages ----

static uint16_t
find_prior(struct reader *reader, const yaml_node_t *node, const struct reader_message *message)
{
    size_t len = 0;
    const char *text = reader_text(reader, node, "a prior message", &len);
    struct suggestion suggestion;
    if (text == NULL) {
        return 0;
    }
    suggestion_init(&suggestion, text, len);
    for (uint32_t i = 0; i < reader->message_count; i++) {
        const struct myc_message_type *type = reader->messages[i].type;
        if (strlen(type->name) != len || memcmp(type->name, text, len) != 0) {
            suggestion_offer(&suggestion, type->name);
        } else if (type != message->type) {
            return type->id;
        } else {
            reader_error(
                reader,
                node,
                "BAD_PRIOR",
                "message '%s' cannot come before itself: remove it",
                type->name);
            return 0;
        }
    }
    reader_warn(
        reader,
        node,
        "UNKNOWN_PRIOR",
        "no message '%s' in this contract: it will not be asked for%s",
        reader_quote(reader, text, len),
        suggestion_text(reader, &suggestion));
    return 0;
}

// Order is kept within a stream, and a stream has one topic.
static void warn_of_topic(
    struct reader *reader,
    const yaml_node_t *node,
    const struct myc_message_type *type,
    uint16_t prior)
{
    for (uint32_t i = 0; i < reader->message_count; i++) {
        const struct myc_message_type *other = reader->messages[i].type;
        if (other->id == prior && other->topic != NULL && type->topic != NULL
            && strcmp(other->topic, type->topic) != 0) {
            reader_warn(
                reader,
                node,
                "PRIOR_OF_OTHER_TOPIC",
                "message '%s' has topic '%s' and '%s' has '%s': it will not be asked for",
                other->name,
                other->topic,
                type->name,
                type->topic);
            return;
        }
    }
}

static void read_priors(struct reader *reader, struct reader_message *message)
{
    if (message->pair.value->type != YAML_MAPPING_NODE) {
        return;
    }
    const yaml_node_t *node = reader_find(reader, message->pair.value, "required_prior_messages");
    if (node == NULL || reader_is_empty(node)) {
        return;
    }
    if (node->type != YAML_SEQUENCE_NODE || reader_item_count(node) > MYC__SCHEMA_MEMBERS_MAX) {
        reader_error(
            reader,
            node,
            "BAD_PRIOR",
            "required_prior_messages must be a list of at most %d messages: write [InstrumentMeta]",
            MYC__SCHEMA_MEMBERS_MAX);
        return;
    }
    size_t count = reader_item_count(node);
    uint16_t *priors = contract_arena_take(reader->arena, count, sizeof(*priors));
    for (size_t i = 0; i < count; i++) {
        const yaml_node_t *item = reader_item_at(reader, node, i);
        uint16_t id = find_prior(reader, item, message);
        for (uint32_t j = 0; j < message->type->prior_count && id != 0; j++) {
            if (priors[j] == id) {
                reader_error(
                    reader,
                    item,
                    "BAD_PRIOR",
                    "'%s' is in the list already: remove it",
                    reader_quote_node(reader, item));
                id = 0;
            }
        }
        if (id != 0) {
            priors[message->type->prior_count++] = id;
            warn_of_topic(reader, item, message->type, id);
        }
    }
    message->type->priors = message->type->prior_count > 0 ? priors : NULL;
}

// The first prior of a message that its stream asks for and that is still marked; NULL: none.
static const struct reader_message *
find_marked(const struct reader *reader, const bool *marks, const struct reader_message *message)
{
    for (uint32_t i = 0; i < message->type->prior_count; i++) {
        for (uint32_t j = 0; j < reader->message_count; j++) {
            const struct reader_message *prior = &reader->messages[j];
            if (marks[j] && prior->type->id == message->type->priors[i]
                && prior->type->topic != NULL && message->type->topic != NULL
                && strcmp(prior->type->topic, message->type->topic) == 0) {
                return prior;
            }
        }
    }
    return NULL;
}

// Messages that require each other in a circle could never come: nobody would ever be the first.
static void check_circles(struct reader *reader)
{
    const struct reader_message *stuck = NULL;
    bool *marks = contract_arena_take(reader->arena, reader->message_count, sizeof(*marks));
    bool is_progress = true;
    memset(marks, true, reader->message_count * sizeof(*marks));
    while (is_progress) {
        is_progress = false;
        stuck = NULL;
        for (uint32_t i = 0; i < reader->message_count; i++) {
            const struct reader_message *message = &reader->messages[i];
            if (marks[i] && find_marked(reader, marks, message) == NULL) {
                marks[i] = false;
                is_progress = true;
            }
            stuck = marks[i] ? message : stuck;
        }
    }
    // What is stuck may wait for a circle that it is no part of; so many steps lead into it.
    for (uint32_t i = 0; i < reader->message_count && stuck != NULL; i++) {
        stuck = find_marked(reader, marks, stuck);
    }
    if (stuck != NULL) {
        reader_error(
            reader,
            reader_find(reader, stuck->pair.value, "required_prior_messages"),
            "PRIOR_CIRCLE",
            "message '%s' requires '%s', which in the end requires '%s': none could ever be the "
            "first; remove one",
            stuck->type->name,
            find_marked(reader, marks, stuck)->type->name,
            stuck->type->name);
    }
}

// ---- All ----

void reader_read_messages(struct reader *reader, const yaml_node_t *root)
{
    const yaml_node_t *node =
        reader_require(reader, root, root, "messages", "the contract", "messages:");
    if (node == NULL || !reader_check_mapping(reader, node, "messages", NULL)) {
        return;
    }
    size_t count = reader_pair_count(node);
    if (count == 0) {
        reader_error(
            reader,
            node,
            "BAD_COUNT",
            "a contract must have 1 to %d messages",
            MYC__SCHEMA_MESSAGES_MAX);
        return;
    }
    struct contract_file *file = reader->file;
    reader->messages = contract_arena_take(reader->arena, count, sizeof(*reader->messages));
    file->message_notes = contract_arena_take(reader->arena, count, sizeof(*file->message_notes));
    const struct myc_message_type **messages =
        contract_arena_take(reader->arena, count, sizeof(struct myc_message_type *));
    for (size_t i = 0; i < count; i++) {
        struct reader_message *message = &reader->messages[i];
        message->pair = reader_pair_at(reader, node, i);
        message->type = contract_arena_take(reader->arena, 1, sizeof(*message->type));
        message->notes = &file->message_notes[i];
        messages[i] = message->type;
        read_message(reader, message);
        reader->message_count++;
    }
    for (size_t i = 0; i < count; i++) {
        read_priors(reader, &reader->messages[i]);
    }
    if (file->findings.error_count == 0) {
        check_circles(reader);
    }
    file->contract.messages = messages;
    file->contract.message_count = (uint32_t)count;
}

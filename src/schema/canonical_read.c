// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Reading the canonical form. First all lines are counted, so that arrays can be taken from the
// memory; then types get their names and sizes, so that any may use any; then everything is read
// and placed. What follows is in canonical_check.c.
#include "schema/canonical_read.h"

#include <string.h>

#include "schema/canonical.h"
#include "schema/field.h"
#include "schema/limits.h"
#include "schema/name.h"

enum { ALIGNMENT = 8 };

static const char first_line[] = "mycelium contract 2\n";

enum myc_status myc__canonical_refuse(struct myc__canonical_reading *reading, const char *rule)
{
    (void)myc_diagnostic_set(reading->diagnostic, MYC_CORRUPT, 0, "canonical form, line ");
    myc_diagnostic_append_u64(reading->diagnostic, reading->scan.line);
    myc_diagnostic_append(reading->diagnostic, ": ");
    myc_diagnostic_append(reading->diagnostic, rule);
    return MYC_CORRUPT;
}

// ---- Memory ----

void *myc__canonical_take(struct myc__canonical_reading *reading, size_t count, size_t size)
{
    size_t wanted = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (wanted > reading->memory_left) {
        reading->is_short = true;
        return NULL;
    }
    uint8_t *memory = reading->memory;
    reading->memory += wanted;
    reading->memory_left -= wanted;
    memset(memory, 0, wanted);
    return memory;
}

enum myc_status myc__canonical_refuse_memory(struct myc__canonical_reading *reading)
{
    return myc_diagnostic_set(
        reading->diagnostic,
        MYC_TOO_BIG,
        0,
        "canonical form: the memory given is too small to read it");
}

static const char *take_name(struct myc__canonical_reading *reading, const char *word, size_t len)
{
    char *name = myc__canonical_take(reading, len + 1, 1);
    if (name != NULL) {
        memcpy(name, word, len);
    }
    return name;
}

// What each kind of line will need.
static bool take_arrays(struct myc__canonical_reading *reading)
{
    const uint32_t *counts = reading->counts;
    size_t structs = counts[MYC__CANONICAL_STRUCT];
    size_t unions = counts[MYC__CANONICAL_UNION];
    size_t messages = counts[MYC__CANONICAL_MESSAGE];
    size_t limits = (size_t)counts[MYC__CANONICAL_MIN] + counts[MYC__CANONICAL_MAX];
    size_t fields = counts[MYC__CANONICAL_FIELD];
    reading->contract = myc__canonical_take(reading, 1, sizeof(*reading->contract));
    reading->enums =
        myc__canonical_take(reading, counts[MYC__CANONICAL_ENUM], sizeof(*reading->enums));
    reading->structs = myc__canonical_take(reading, structs, sizeof(*reading->structs));
    reading->unions = myc__canonical_take(reading, unions, sizeof(*reading->unions));
    reading->messages = myc__canonical_take(reading, messages, sizeof(*reading->messages));
    reading->values =
        myc__canonical_take(reading, counts[MYC__CANONICAL_VALUE], sizeof(*reading->values));
    reading->variants =
        myc__canonical_take(reading, counts[MYC__CANONICAL_VARIANT], sizeof(*reading->variants));
    reading->fields = myc__canonical_take(reading, fields, sizeof(*reading->fields));
    reading->extents =
        myc__canonical_take(reading, fields + structs + messages, sizeof(*reading->extents));
    reading->numbers = myc__canonical_take(reading, limits, sizeof(*reading->numbers));
    reading->priors =
        myc__canonical_take(reading, counts[MYC__CANONICAL_PRIOR], sizeof(*reading->priors));
    reading->struct_heights = myc__canonical_take(reading, structs, 1);
    reading->union_heights = myc__canonical_take(reading, unions, 1);
    reading->struct_places = myc__canonical_take(reading, structs, sizeof(*reading->struct_places));
    reading->message_places =
        myc__canonical_take(reading, messages, sizeof(*reading->message_places));
    return !reading->is_short;
}

// ---- Counting and declaring ----

static enum myc_status count_lines(struct myc__canonical_reading *reading)
{
    struct myc__canonical_scan *scan = &reading->scan;
    while (myc__canonical_next(scan)) {
        if (scan->word == MYC__CANONICAL_WORD_COUNT) {
            return myc__canonical_refuse(reading, "the line begins with an unknown word");
        }
        reading->counts[scan->word]++;
    }
    if (!myc__canonical_is_over(scan)) {
        return myc__canonical_refuse(reading, "the next line does not end");
    }
    const uint32_t *counts = reading->counts;
    if (counts[MYC__CANONICAL_CONTRACT] != 1 || counts[MYC__CANONICAL_MESSAGE] == 0
        || counts[MYC__CANONICAL_MESSAGE] > MYC__SCHEMA_MESSAGES_MAX
        || counts[MYC__CANONICAL_ENUM] > MYC__SCHEMA_TYPES_MAX
        || counts[MYC__CANONICAL_STRUCT] > MYC__SCHEMA_TYPES_MAX
        || counts[MYC__CANONICAL_UNION] > MYC__SCHEMA_TYPES_MAX) {
        return myc__canonical_refuse(
            reading, "there must be one contract, 1 to 1024 messages, and few types");
    }
    return MYC_OK;
}

// Starts behind the first line, which was compared.
static void rewind_lines(struct myc__canonical_reading *reading, const char *text, size_t size)
{
    myc__canonical_scan_init(&reading->scan, text, size);
    reading->scan.at = sizeof(first_line) - 1;
    reading->scan.line = 1;
}

static bool take_size(struct myc__canonical_reading *reading, uint32_t *out_size)
{
    uint64_t size = 0;
    if (!myc__canonical_take_number(&reading->scan, MYC__SCHEMA_STRUCT_MAX, &size)
        || size % 8 != 0) {
        return false;
    }
    *out_size = (uint32_t)size;
    return true;
}

// Names ascend, so that they differ and are found by halving.
static bool
take_ascending(struct myc__canonical_reading *reading, const char *previous, const char **out_name)
{
    const char *word = NULL;
    size_t len = 0;
    if (!myc__canonical_take_word(&reading->scan, &word, &len) || len > MYC__SCHEMA_NAME_MAX) {
        return false;
    }
    *out_name = take_name(reading, word, len);
    return *out_name != NULL
           && (previous == NULL || myc__schema_compare_names(previous, *out_name) < 0);
}

// Gives a type its name and size; the rest is read when all have theirs.
static bool declare(struct myc__canonical_reading *reading)
{
    if (reading->scan.word == MYC__CANONICAL_ENUM) {
        uint32_t index = reading->enum_count++;
        const char *previous = index > 0 ? reading->enums[index - 1].name : NULL;
        return take_ascending(reading, previous, &reading->enums[index].name);
    }
    if (reading->scan.word == MYC__CANONICAL_STRUCT) {
        uint32_t index = reading->struct_count++;
        const char *previous = index > 0 ? reading->structs[index - 1].name : NULL;
        return take_ascending(reading, previous, &reading->structs[index].name)
               && take_size(reading, &reading->structs[index].size);
    }
    if (reading->scan.word == MYC__CANONICAL_UNION) {
        uint32_t index = reading->union_count++;
        const char *previous = index > 0 ? reading->unions[index - 1].name : NULL;
        return take_ascending(reading, previous, &reading->unions[index].name)
               && take_size(reading, &reading->unions[index].size);
    }
    return true;
}

static enum myc_status declare_types(struct myc__canonical_reading *reading)
{
    while (myc__canonical_next(&reading->scan)) {
        if (!declare(reading)) {
            return reading->is_short
                       ? myc__canonical_refuse_memory(reading)
                       : myc__canonical_refuse(
                           reading, "a type needs a name, above the one before, and a size");
        }
    }
    return MYC_OK;
}

static int compare_slice(const char *name, const char *word, size_t len)
{
    size_t i = 0;
    while (i < len && name[i] != '\0' && name[i] == word[i]) {
        i++;
    }
    int left = (int)(unsigned char)name[i];
    int right = i < len ? (int)(unsigned char)word[i] : 0;
    return left - right;
}

static bool find_type(
    struct myc__canonical_reading *reading, const char *word, size_t len, struct myc_field *field)
{
    for (uint32_t low = 0, high = reading->enum_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_slice(reading->enums[middle].name, word, len);
        if (order == 0) {
            field->kind = MYC_KIND_ENUM;
            field->enumeration = &reading->enums[middle];
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    for (uint32_t low = 0, high = reading->struct_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_slice(reading->structs[middle].name, word, len);
        if (order == 0) {
            field->kind = MYC_KIND_STRUCT;
            field->structure = &reading->structs[middle];
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    for (uint32_t low = 0, high = reading->union_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare_slice(reading->unions[middle].name, word, len);
        if (order == 0) {
            field->kind = MYC_KIND_UNION;
            field->choice = &reading->unions[middle];
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

// ---- Lines ----

// What the lines that are being read belong to.
struct owner {
    struct myc_enum *enumeration;
    struct myc_union *choice;
    struct myc_struct *structure;
    struct myc_message_type *message;
    struct myc_field *first_field; // of a struct or message
    uint32_t field_count;
};

static const char *read_contract(struct myc__canonical_reading *reading)
{
    struct myc__canonical_scan *scan = &reading->scan;
    const char *word = NULL;
    size_t len = 0;
    uint64_t id = 0;
    uint64_t version = 0;
    uint64_t min_compatible = 0;
    if (!myc__canonical_take_word(scan, &word, &len) || !myc__schema_is_snake_name(word, len)
        || !myc__canonical_take_number(scan, UINT32_MAX, &id)
        || !myc__canonical_take_number(scan, UINT16_MAX, &version)
        || !myc__canonical_take_number(scan, UINT16_MAX, &min_compatible) || min_compatible == 0
        || min_compatible > version) {
        return "contract: name, id, version and min_compatible were expected";
    }
    reading->contract->name = take_name(reading, word, len);
    reading->contract->id = (uint32_t)id;
    reading->contract->version = (uint16_t)version;
    reading->contract->min_compatible = (uint16_t)min_compatible;
    return NULL;
}

static const char *read_value(struct myc__canonical_reading *reading, struct owner *owner)
{
    struct myc__canonical_scan *scan = &reading->scan;
    const char *word = NULL;
    size_t len = 0;
    uint64_t number = 0;
    if (owner->enumeration == NULL || !myc__canonical_take_word(scan, &word, &len)
        || !myc__canonical_take_number(scan, UINT32_MAX, &number)) {
        return "value: name and number were expected, below an enum";
    }
    struct myc_enum_value *value = &reading->values[reading->value_count++];
    value->name = take_name(reading, word, len);
    value->value = (uint32_t)number;
    owner->enumeration->value_count++;
    return NULL;
}

static const char *read_variant(struct myc__canonical_reading *reading, struct owner *owner)
{
    struct myc__canonical_scan *scan = &reading->scan;
    const char *word = NULL;
    size_t len = 0;
    uint64_t tag = 0;
    if (owner->choice == NULL || !myc__canonical_take_word(scan, &word, &len)
        || !myc__canonical_take_number(scan, UINT32_MAX, &tag)) {
        return "variant: name and tag were expected, below a union";
    }
    struct myc_variant *variant = &reading->variants[reading->variant_count++];
    variant->name = take_name(reading, word, len);
    variant->tag = (uint32_t)tag;
    owner->choice->variant_count++;
    if (myc__canonical_is_line_end(scan)) {
        return NULL;
    }
    struct myc_field named = {0};
    if (!myc__canonical_take_word(scan, &word, &len) || !find_type(reading, word, len, &named)
        || named.structure == NULL) {
        return "variant: the struct is unknown";
    }
    variant->structure = named.structure;
    return NULL;
}

static const char *read_message(struct myc__canonical_reading *reading, struct owner *owner)
{
    struct myc__canonical_scan *scan = &reading->scan;
    const char *name = NULL;
    const char *topic = NULL;
    size_t name_len = 0;
    size_t topic_len = 0;
    uint64_t id = 0;
    uint64_t version = 0;
    uint32_t size = 0;
    if (!myc__canonical_take_word(scan, &name, &name_len)
        || !myc__canonical_take_number(scan, UINT16_MAX, &id)
        || !myc__canonical_take_number(scan, UINT16_MAX, &version)
        || !myc__canonical_take_word(scan, &topic, &topic_len) || !take_size(reading, &size)) {
        return "message: name, type id, version, topic and size were expected";
    }
    struct myc_message_type *message = &reading->messages[reading->message_count];
    reading->message_places[reading->message_count++] = scan->at;
    message->name = take_name(reading, name, name_len);
    message->topic = take_name(reading, topic, topic_len);
    message->id = (uint16_t)id;
    message->version = (uint16_t)version;
    message->size = size;
    message->priors = &reading->priors[reading->prior_count];
    owner->message = message;
    owner->first_field = &reading->fields[reading->field_count];
    return NULL;
}

static const char *read_prior(struct myc__canonical_reading *reading, struct owner *owner)
{
    uint64_t id = 0;
    if (owner->message == NULL
        || !myc__canonical_take_number(&reading->scan, MYC_MESSAGE_TYPE_MAX, &id) || id == 0) {
        return "prior: a type id was expected, below a message";
    }
    reading->priors[reading->prior_count++] = (uint16_t)id;
    owner->message->prior_count++;
    return NULL;
}

// What it says is what placing must come to; the comparison at the end sees to it.
static const char *read_extent(struct myc__canonical_reading *reading, struct owner *owner)
{
    uint64_t version = 0;
    uint32_t size = 0;
    bool is_read = owner->message != NULL
                   && myc__canonical_take_number(&reading->scan, UINT16_MAX, &version)
                   && take_size(reading, &size);
    return is_read ? NULL : "extent: version and size were expected, below a message";
}

static const char *read_field(struct myc__canonical_reading *reading, struct owner *owner)
{
    struct myc__canonical_scan *scan = &reading->scan;
    struct myc__schema_spelling spelling;
    const char *word = NULL;
    size_t len = 0;
    uint64_t since = 0;
    uint64_t offset = 0;
    if (owner->first_field == NULL || owner->field_count == MYC__SCHEMA_FIELDS_MAX
        || !myc__canonical_take_word(scan, &word, &len)
        || !myc__canonical_take_number(scan, UINT16_MAX, &since)
        || !myc__canonical_take_number(scan, MYC__SCHEMA_STRUCT_MAX, &offset) || since == 0
        || scan->rest_len < 2
        || myc__schema_read_spelling(scan->rest + 1, scan->rest_len - 1, &spelling, NULL)
               != MYC_OK) {
        return "field: name, since, offset and type were expected, below a struct or message";
    }
    struct myc_field *field = &reading->fields[reading->field_count];
    field->name = take_name(reading, word, len);
    field->since = (uint16_t)since;
    if (spelling.kind == MYC_KIND_COUNT
        && !find_type(reading, spelling.name, spelling.name_len, field)) {
        return "field: the type is unknown";
    }
    spelling.kind = spelling.kind == MYC_KIND_COUNT ? field->kind : spelling.kind;
    myc__schema_apply_spelling(&spelling, field);
    reading->field_count++;
    owner->field_count++;
    scan->rest_len = 0;
    return NULL;
}

static const char *read_length(struct myc__canonical_scan *scan, struct myc_field *field)
{
    uint64_t least = 0;
    uint64_t most = 0;
    if (!myc__canonical_take_number(scan, UINT32_MAX, &least)
        || !myc__canonical_take_number(scan, UINT32_MAX, &most)) {
        return "length: two numbers were expected";
    }
    field->length_min = (uint32_t)least;
    field->length_max = (uint32_t)most;
    return NULL;
}

static const char *
read_limit(struct myc__canonical_reading *reading, const struct myc_number **out_limit)
{
    struct myc_number *number = &reading->numbers[reading->number_count++];
    *out_limit = number;
    return myc__canonical_take_limbs(&reading->scan, number) ? NULL
                                                             : "a limit was expected, as 0x1f";
}

// Rules belong to the field before them; the bytes of defaults wait until fields are placed.
static const char *read_rule(struct myc__canonical_reading *reading, struct owner *owner)
{
    struct myc__canonical_scan *scan = &reading->scan;
    if (owner->field_count == 0) {
        return "a rule belongs below a field";
    }
    struct myc_field *field = &owner->first_field[owner->field_count - 1];
    if (scan->word == MYC__CANONICAL_DEFAULT) {
        field->flags |= MYC_FIELD_DEFAULT;
        scan->rest_len = 0;
    } else if (scan->word == MYC__CANONICAL_MIN) {
        return read_limit(reading, &field->min);
    } else if (scan->word == MYC__CANONICAL_MAX) {
        return read_limit(reading, &field->max);
    } else if (scan->word == MYC__CANONICAL_LENGTH) {
        return read_length(scan, field);
    } else if (scan->word == MYC__CANONICAL_FINITE) {
        field->flags |= MYC_FIELD_FINITE;
    } else {
        field->flags |= scan->word == MYC__CANONICAL_ASCII ? MYC_FIELD_ASCII : MYC_FIELD_NONZERO;
    }
    return NULL;
}

static void skip_words(struct myc__canonical_reading *reading, uint32_t count)
{
    const char *word = NULL;
    size_t len = 0;
    for (uint32_t i = 0; i < count; i++) {
        (void)myc__canonical_take_word(&reading->scan, &word, &len);
    }
}

// A type's name and size were taken when it was declared.
static const char *
begin_enum(struct myc__canonical_reading *reading, struct owner *owner, uint32_t index)
{
    const char *word = NULL;
    size_t len = 0;
    struct myc_enum *type = &reading->enums[index];
    skip_words(reading, 1);
    bool is_read = myc__canonical_take_word(&reading->scan, &word, &len);
    bool is_open = is_read && len == 4 && memcmp(word, "open", 4) == 0;
    bool is_closed = is_read && len == 6 && memcmp(word, "closed", 6) == 0;
    type->is_open = is_open ? 1 : 0;
    type->values = &reading->values[reading->value_count];
    owner->enumeration = type;
    return is_open || is_closed ? NULL : "enum: name and open or closed were expected";
}

static void
begin_struct(struct myc__canonical_reading *reading, struct owner *owner, uint32_t index)
{
    owner->structure = &reading->structs[index];
    owner->first_field = &reading->fields[reading->field_count];
    reading->struct_places[index] = reading->scan.at;
    skip_words(reading, 2);
}

static void begin_union(struct myc__canonical_reading *reading, struct owner *owner, uint32_t index)
{
    owner->choice = &reading->unions[index];
    owner->choice->variants = &reading->variants[reading->variant_count];
    skip_words(reading, 2);
}

// ---- Placing ----

// The owner's fields are complete: they get their places, and a message its size.
static const char *end_owner(struct myc__canonical_reading *reading, const struct owner *owner)
{
    struct myc__schema_extent_list list;
    if (owner->structure == NULL && owner->message == NULL) {
        return NULL;
    }
    struct myc_extent *extents = &reading->extents[reading->extent_count];
    if (myc__schema_place(owner->first_field, owner->field_count, extents, &list) != MYC_OK) {
        return "the fields before it take more bytes than there may be";
    }
    reading->extent_count += list.extent_count;
    if (owner->structure != NULL) {
        owner->structure->fields = owner->first_field;
        owner->structure->field_count = owner->field_count;
        return owner->structure->size == list.size
                   ? NULL
                   : "the struct before it has another size than it says";
    }
    struct myc_message_type *message = owner->message;
    message->fields = owner->first_field;
    message->field_count = owner->field_count;
    message->extents = extents;
    message->extent_count = list.extent_count;
    message->has_tail = list.has_tail;
    bool is_same_size = message->size == list.size;
    return is_same_size ? NULL : "the message before it has another size than it says";
}

// How many of each kind were begun.
struct begun {
    uint32_t enums;
    uint32_t structs;
    uint32_t unions;
};

static const char *
read_line(struct myc__canonical_reading *reading, struct owner *owner, struct begun *begun)
{
    enum myc__canonical_word word = reading->scan.word;
    bool is_beginning = word == MYC__CANONICAL_ENUM || word == MYC__CANONICAL_STRUCT
                        || word == MYC__CANONICAL_UNION || word == MYC__CANONICAL_MESSAGE;
    if (is_beginning) {
        const char *fault = end_owner(reading, owner);
        if (fault != NULL) {
            return fault;
        }
        *owner = (struct owner){0};
    }
    switch (word) {
    case MYC__CANONICAL_CONTRACT:
        return read_contract(reading);
    case MYC__CANONICAL_ENUM:
        return begin_enum(reading, owner, begun->enums++);
    case MYC__CANONICAL_STRUCT:
        begin_struct(reading, owner, begun->structs++);
        return NULL;
    case MYC__CANONICAL_UNION:
        begin_union(reading, owner, begun->unions++);
        return NULL;
    case MYC__CANONICAL_VALUE:
        return read_value(reading, owner);
    case MYC__CANONICAL_VARIANT:
        return read_variant(reading, owner);
    case MYC__CANONICAL_MESSAGE:
        return read_message(reading, owner);
    case MYC__CANONICAL_PRIOR:
        return read_prior(reading, owner);
    case MYC__CANONICAL_EXTENT:
        return read_extent(reading, owner);
    case MYC__CANONICAL_FIELD:
        return read_field(reading, owner);
    case MYC__CANONICAL_DEFAULT:
    case MYC__CANONICAL_MIN:
    case MYC__CANONICAL_MAX:
    case MYC__CANONICAL_LENGTH:
    case MYC__CANONICAL_FINITE:
    case MYC__CANONICAL_NONZERO:
    case MYC__CANONICAL_ASCII:
        return read_rule(reading, owner);
    case MYC__CANONICAL_WORD_COUNT:
        break;
    }
    return "the line begins with an unknown word";
}

static enum myc_status read_lines(struct myc__canonical_reading *reading)
{
    struct owner owner = {0};
    struct begun begun = {0, 0, 0};
    while (myc__canonical_next(&reading->scan)) {
        const char *fault = read_line(reading, &owner, &begun);
        if (reading->is_short) {
            return myc__canonical_refuse_memory(reading);
        }
        if (fault == NULL && !myc__canonical_is_line_end(&reading->scan)) {
            fault = "the line has more than was expected";
        }
        if (fault != NULL) {
            return myc__canonical_refuse(reading, fault);
        }
    }
    const char *fault = end_owner(reading, &owner);
    return fault == NULL ? MYC_OK : myc__canonical_refuse(reading, fault);
}

// ---- The whole ----

enum myc_status myc__schema_read_canonical(
    const char *text,
    size_t size,
    void *memory,
    size_t memory_size,
    const struct myc_contract **out_contract,
    struct myc_diagnostic *diagnostic)
{
    size_t first_len = sizeof(first_line) - 1;
    struct myc__canonical_reading reading = {
        .diagnostic = diagnostic, .memory = memory, .memory_left = memory_size};
    reading.scan.line = 1;
    if (size < first_len || memcmp(text, first_line, first_len) != 0) {
        return myc__canonical_refuse(&reading, "'mycelium contract 2' was expected");
    }
    rewind_lines(&reading, text, size);
    enum myc_status status = count_lines(&reading);
    if (status == MYC_OK && !take_arrays(&reading)) {
        status = myc__canonical_refuse_memory(&reading);
    }
    if (status == MYC_OK) {
        rewind_lines(&reading, text, size);
        status = declare_types(&reading);
    }
    if (status == MYC_OK) {
        rewind_lines(&reading, text, size);
        status = read_lines(&reading);
    }
    if (status == MYC_OK) {
        status = myc__canonical_finish(&reading);
    }
    if (status == MYC_OK) {
        *out_contract = reading.contract;
        myc_diagnostic_clear(diagnostic);
    }
    return status;
}

// The densest lines are those of messages with the shortest names and of limits; a line costs at
// most thirteen times its bytes, and the type area and rounding are a constant.
size_t myc__schema_canonical_memory(size_t size)
{
    return 16 * size + sizeof(struct myc__schema_types) + 4096;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A contract file: `schema` says who it is, then come types and messages; at the end everything is
// digested and held to the library's own rules.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "schema/canonical.h"
#include "schema/limits.h"
#include "schema/name.h"
#include "tool/contract/reader.h"
#include "tool/gen/names.h"

enum { RANGES_MAX = 256 };

// ---- Identity ----

// "dir/my-contract.yaml" becomes my_contract; NULL if that is no name.
static const char *name_of_path(struct reader *reader, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    size_t len = strcspn(base, ".");
    char *name = contract_arena_text(reader->arena, base, len);
    for (size_t i = 0; i < len; i++) {
        if (name[i] >= 'A' && name[i] <= 'Z') {
            name[i] = (char)(name[i] - 'A' + 'a');
        } else if (name[i] == '-' || name[i] == ' ') {
            name[i] = '_';
        }
    }
    return myc__schema_is_snake_name(name, len) ? name : NULL;
}

static bool is_usable_name(const char *text, size_t len)
{
    return myc__schema_is_snake_name(text, len) && !myc__schema_is_keyword(text, len)
           && !gen_is_taken_prefix(text, len);
}

static void read_contract_name(struct reader *reader, const yaml_node_t *schema)
{
    const yaml_node_t *node = reader_find(reader, schema, "name");
    size_t len = 0;
    const char *text = NULL;
    reader->file->contract.name = "";
    if (node == NULL) {
        text = name_of_path(reader, reader->file->path);
        len = text != NULL ? strlen(text) : 0;
        if (text == NULL || !is_usable_name(text, len)) {
            reader_error(
                reader,
                schema,
                "MISSING_KEY",
                "missing key 'name' in schema, and the file's name will not do: add a line like "
                "'name: trading'");
            return;
        }
    } else {
        text = reader_text(reader, node, "name", &len);
        if (text == NULL) {
            return;
        }
        if (!is_usable_name(text, len)) {
            reader_error(
                reader,
                node,
                "BAD_CONTRACT_NAME",
                "bad contract name '%s': use lower-case letters, digits and single underscores; "
                "it starts every generated C name, so no word or header of C and not 'myc'",
                reader_quote(reader, text, len));
        }
    }
    reader->file->contract.name = contract_arena_text(reader->arena, text, len);
}

static void
read_level(struct reader *reader, const yaml_node_t *mapping, struct reader_range *range)
{
    const yaml_node_t *node = reader_find(reader, mapping, "level");
    size_t len = 0;
    const char *text = node == NULL ? NULL : reader_text(reader, node, "level", &len);
    range->severity = CONTRACT_ERROR;
    if (text == NULL || strcmp(text, "error") == 0) {
        return;
    }
    range->severity = CONTRACT_WARNING;
    if (strcmp(text, "warning") != 0) {
        reader_error(
            reader,
            node,
            "BAD_TAG_RANGE",
            "level must be error or warning, not '%s'",
            reader_quote(reader, text, len));
    }
}

static void read_range(struct reader *reader, struct reader_pair pair)
{
    static const char *const allowed[] = {"from", "to", "level", NULL};
    struct reader_range *range = &reader->ranges[reader->range_count];
    char what[READER_WHAT_BYTES];
    uint64_t from = 0;
    uint64_t to = 0;
    if (pair.key->type != YAML_SCALAR_NODE) {
        return;
    }
    range->domain = contract_arena_text(
        reader->arena, (const char *)pair.key->data.scalar.value, pair.key->data.scalar.length);
    snprintf(what, sizeof(what), "tag range '%s'", reader_quote_node(reader, pair.key));
    if (!reader_check_mapping(reader, pair.value, what, allowed)) {
        return;
    }
    const yaml_node_t *first =
        reader_require(reader, pair.key, pair.value, "from", what, "from: 1000");
    const yaml_node_t *last = reader_require(reader, pair.key, pair.value, "to", what, "to: 1999");
    read_level(reader, pair.value, range);
    if (first == NULL || last == NULL
        || !reader_number(reader, first, "from", 1, MYC_MESSAGE_TYPE_MAX, &from)
        || !reader_number(reader, last, "to", 1, MYC_MESSAGE_TYPE_MAX, &to)) {
        return;
    }
    range->from = (uint32_t)from;
    range->to = (uint32_t)to;
    if (to < from) {
        reader_error(
            reader, last, "BAD_TAG_RANGE", "%s ends before it begins: swap from and to", what);
        return;
    }
    for (uint32_t i = 0; i < reader->range_count; i++) {
        const struct reader_range *other = &reader->ranges[i];
        if (range->from <= other->to && other->from <= range->to) {
            reader_error(
                reader,
                pair.key,
                "BAD_TAG_RANGE",
                "%s overlaps that of '%s': separate them",
                what,
                reader_quote(reader, other->domain, strlen(other->domain)));
        }
    }
    reader->range_count++;
}

static void read_ranges(struct reader *reader, const yaml_node_t *schema)
{
    const yaml_node_t *node = reader_find(reader, schema, "tag_ranges");
    if (node == NULL || reader_is_empty(node)
        || !reader_check_mapping(reader, node, "tag_ranges", NULL)) {
        return;
    }
    size_t count = reader_pair_count(node);
    if (count > RANGES_MAX) {
        reader_error(
            reader, node, "BAD_COUNT", "tag_ranges must have at most %d domains", RANGES_MAX);
        return;
    }
    reader->ranges = contract_arena_take(reader->arena, count, sizeof(*reader->ranges));
    for (size_t i = 0; i < count; i++) {
        read_range(reader, reader_pair_at(reader, node, i));
    }
}

static void read_schema(struct reader *reader, const yaml_node_t *node)
{
    static const char *const allowed[] = {
        "name", "id", "version", "min_compatible", "description", "tag_ranges", "reserved", NULL};
    struct contract_file *file = reader->file;
    uint64_t id = 0;
    uint64_t version = 1;
    uint64_t min_compatible = 1;
    if (!reader_check_mapping(reader, node, "schema", allowed)) {
        return;
    }
    file->note.place = reader_place(node);
    file->note.description = reader_description(reader, node, "description");
    read_contract_name(reader, node);
    const yaml_node_t *id_node =
        reader_require(reader, node, node, "id", "schema", "id: 0x4D594345");
    if (id_node != NULL && reader_number(reader, id_node, "id", 1, UINT32_MAX, &id)) {
        file->contract.id = (uint32_t)id;
    }
    reader_optional_number(reader, node, "version", 1, UINT16_MAX, &version);
    reader_optional_number(reader, node, "min_compatible", 1, UINT16_MAX, &min_compatible);
    file->contract.version = (uint16_t)version;
    file->contract.min_compatible = (uint16_t)min_compatible;
    if (min_compatible > version) {
        reader_error(
            reader,
            reader_find(reader, node, "min_compatible"),
            "BAD_MIN_COMPATIBLE",
            "min_compatible is %u but version is %u: it must not be above it",
            (unsigned)min_compatible,
            (unsigned)version);
    }
    reader_reserved(reader, node, MYC_MESSAGE_TYPE_MAX, &file->reserved, &file->reserved_count);
    read_ranges(reader, node);
}

// ---- The whole ----

static void read_root(struct reader *reader)
{
    static const char *const allowed[] = {"schema", "enums", "structs", "unions", "messages", NULL};
    const yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    if (!reader_check_mapping(reader, root, "a contract", allowed)) {
        return;
    }
    const yaml_node_t *schema =
        reader_require(reader, root, root, "schema", "the contract", "schema:");
    if (schema != NULL) {
        read_schema(reader, schema);
    }
    reader_declare_types(reader, root);
    reader_read_types(reader);
    reader_place_types(reader);
    reader_read_messages(reader, root);
}

// Digest, fingerprints and the canonical form; what remains is the library's to refuse.
static void finish(struct contract_file *file)
{
    struct myc_contract *contract = &file->contract;
    struct myc_diagnostic diagnostic;
    struct contract_place start = {1, 1};
    struct myc__schema_types *types = contract_arena_take(file->arena, 1, sizeof(*types));
    size_t size = 0;
    if (myc_contract_check(contract, &diagnostic) != MYC_OK) {
        contract_add_finding(file, CONTRACT_ERROR, start, "REFUSED", diagnostic.text);
        return;
    }
    if (myc__schema_write_canonical(contract, types, NULL, 0, &size) != MYC_OK
        || myc__schema_canonical_digest(contract, types, contract->digest) != MYC_OK) {
        contract_add_finding(
            file,
            CONTRACT_ERROR,
            start,
            "BAD_COUNT",
            "a contract has at most 1024 enums, structs and unions each: split it");
        return;
    }
    char *canonical = contract_arena_take(file->arena, size + 1, 1);
    (void)!myc__schema_write_canonical(contract, types, canonical, size + 1, &size);
    contract->canonical = canonical;
    contract->canonical_size = (uint32_t)size;
    for (uint32_t i = 0; i < contract->message_count; i++) {
        // The reader made these descriptors, so they may be written to.
        struct myc_message_type *type = (struct myc_message_type *)contract->messages[i];
        (void)!myc__schema_fingerprint(type, types, type->fingerprint);
    }
}

static void file_init(struct contract_file *file, const char *path)
{
    *file = (struct contract_file){.path = path};
    file->arena = contract_arena_create();
}

bool contract_read(const char *path, const char *bytes, size_t size, struct contract_file *out_file)
{
    file_init(out_file, path);
    struct reader reader = {.file = out_file, .arena = out_file->arena};
    if (reader_open(&reader, bytes, size)) {
        read_root(&reader);
        reader_close(&reader);
    }
    if (out_file->findings.error_count == 0) {
        finish(out_file);
    }
    contract_sort_findings(out_file);
    return out_file->findings.error_count == 0;
}

static bool
refuse_file(struct contract_file *file, const char *rule, const char *text, const char *detail)
{
    struct contract_place nowhere = {0, 0};
    contract_add_finding(
        file,
        CONTRACT_ERROR,
        nowhere,
        rule,
        contract_arena_format(file->arena, "%s%s", text, detail));
    return false;
}

// Reads at most one byte more than a contract may have; NULL after an error.
static char *read_all(struct contract_file *out_file, FILE *stream, size_t *out_size)
{
    char *bytes = malloc(READER_SOURCE_BYTES_MAX + 1);
    if (bytes == NULL) {
        (void)refuse_file(out_file, "FILE_UNREADABLE", "memory is exhausted", "");
        return NULL;
    }
    size_t size = fread(bytes, 1, READER_SOURCE_BYTES_MAX + 1, stream);
    bool is_read = ferror(stream) == 0;
    if (!is_read) {
        (void)refuse_file(
            out_file, "FILE_UNREADABLE", "cannot read the contract: ", strerror(errno));
    } else if (size > READER_SOURCE_BYTES_MAX) {
        is_read =
            refuse_file(out_file, "FILE_TOO_BIG", "a contract has at most 4 MiB: split it", "");
    }
    if (!is_read) {
        free(bytes);
        return NULL;
    }
    *out_size = size;
    return bytes;
}

bool contract_load(const char *path, struct contract_file *out_file)
{
    bool is_stdin = strcmp(path, "-") == 0;
    const char *shown = is_stdin ? "stdin.yaml" : path;
    file_init(out_file, path);
    FILE *stream = is_stdin ? stdin : fopen(path, "rb");
    if (stream == NULL) {
        return refuse_file(
            out_file, "FILE_UNREADABLE", "cannot open the contract: ", strerror(errno));
    }
    size_t size = 0;
    char *bytes = read_all(out_file, stream, &size);
    if (!is_stdin) {
        fclose(stream);
    }
    if (bytes == NULL) {
        return false;
    }
    contract_free(out_file);
    bool is_good = contract_read(shown, bytes, size, out_file);
    out_file->path = path;
    free(bytes);
    return is_good;
}

void contract_free(struct contract_file *file)
{
    contract_arena_destroy(file->arena);
    *file = (struct contract_file){0};
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Reading a lock. It is read as strictly as it is written: a lock that somebody mended by hand is
// worth no more than none.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "schema/canonical.h"
#include "tool/lock/lock.h"

enum { BYTES_MAX = 64 * 1024 * 1024, MEMORY_MAX = 256 * 1024 * 1024, WORDS_MAX = 8 };

struct scan {
    const char *path;
    FILE *errors; /* NULL: nowhere */
    char *bytes;
    size_t size;
    size_t at;
    uint32_t line;
    uint32_t version_capacity;
    uint32_t fingerprint_capacity;
    struct lock *lock;
};

static bool refuse(const struct scan *scan, const char *text)
{
    if (scan->errors != NULL) {
        fprintf(
            scan->errors,
            "%s:%u:1: error: %s; take the lock of the last commit, or write it anew with "
            "'myc lock' [LOCK_SYNTAX]\n",
            scan->path,
            scan->line,
            text);
    }
    return false;
}

static bool read_number(const char *word, uint32_t *out_number)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(word, &end, 10);
    *out_number = (uint32_t)number;
    return word[0] >= '0' && word[0] <= '9' && *end == '\0' && errno == 0 && number <= UINT32_MAX;
}

static bool copy_word(char *out, size_t capacity, const char *word)
{
    size_t len = strlen(word);
    if (len == 0 || len >= capacity) {
        return false;
    }
    memcpy(out, word, len + 1);
    return true;
}

static bool copy_hex(char out[LOCK_HEX_BYTES], const char *word)
{
    return strlen(word) == LOCK_HEX_BYTES - 1
           && strspn(word, "0123456789abcdef") == LOCK_HEX_BYTES - 1
           && copy_word(out, LOCK_HEX_BYTES, word);
}

// Cuts the next line into words; the last one takes the rest. Returns: how many, 0 at the end.
static uint32_t next_words(struct scan *scan, char *words[WORDS_MAX], uint32_t most)
{
    uint32_t count = 0;
    if (scan->at >= scan->size) {
        return 0;
    }
    char *line = scan->bytes + scan->at;
    char *end = memchr(line, '\n', scan->size - scan->at);
    scan->line++;
    bool is_ended = end != NULL;
    if (!is_ended) {
        end = scan->bytes + scan->size;
    }
    *end = '\0';
    scan->at = (size_t)(end - scan->bytes) + (is_ended ? 1 : 0);
    while (*line != '\0' && count < most) {
        words[count++] = line;
        line += count < most ? strcspn(line, " ") : strlen(line);
        if (*line == ' ') {
            *line++ = '\0';
        }
    }
    return count == 0 ? 1 : count;
}

static bool read_version(struct scan *scan, char **words, uint32_t count)
{
    struct lock *lock = scan->lock;
    struct lock_version version = {0};
    if (count != 4 || !read_number(words[1], &version.version)
        || !read_number(words[2], &version.min_compatible) || !copy_hex(version.hex, words[3])) {
        return refuse(scan, "a version needs its number, min_compatible and digest");
    }
    if (lock->version_count > 0
        && lock->versions[lock->version_count - 1].version >= version.version) {
        return refuse(scan, "versions must ascend");
    }
    lock->versions = lock_grow(
        lock->versions, lock->version_count, &scan->version_capacity, sizeof(*lock->versions));
    lock->versions[lock->version_count++] = version;
    return true;
}

static bool read_fingerprint(struct scan *scan, char **words, uint32_t count)
{
    struct lock *lock = scan->lock;
    struct lock_fingerprint print = {0};
    if (count != 5 || !copy_word(print.name, sizeof(print.name), words[1])
        || !read_number(words[2], &print.id) || !read_number(words[3], &print.version)
        || !copy_hex(print.hex, words[4])) {
        return refuse(scan, "a message needs its name, type id, version and fingerprint");
    }
    lock->fingerprints = lock_grow(
        lock->fingerprints,
        lock->fingerprint_count,
        &scan->fingerprint_capacity,
        sizeof(*lock->fingerprints));
    lock->fingerprints[lock->fingerprint_count++] = print;
    return true;
}

static bool read_entry(struct scan *scan, char **words, uint32_t count)
{
    static const char *const kinds[] = {"message", "field", "value", "variant"};
    struct lock_entries *entries = &scan->lock->entries;
    struct lock_entry entry = {.kind = LOCK_KIND_COUNT, .is_gone = strcmp(words[0], "had") == 0};
    for (uint32_t i = 0; i < LOCK_KIND_COUNT && count > 1; i++) {
        if (strcmp(words[1], kinds[i]) == 0) {
            entry.kind = (enum lock_kind)i;
        }
    }
    if (entry.kind == LOCK_KIND_COUNT || count < 5
        || !copy_word(entry.owner, sizeof(entry.owner), words[2])
        || !read_number(words[3], &entry.number)
        || !copy_word(entry.name, sizeof(entry.name), words[4])
        || (count > 5 && !copy_word(entry.type, sizeof(entry.type), words[5]))) {
        return refuse(scan, "a name needs its kind, owner and number");
    }
    entries->items =
        lock_grow(entries->items, entries->count, &entries->capacity, sizeof(*entries->items));
    entries->items[entries->count++] = entry;
    return true;
}

// The text that a version's digest is of, and the descriptors in it.
static bool read_canonical(struct scan *scan, char **words, uint32_t count)
{
    uint32_t number = 0;
    uint32_t size = 0;
    struct lock_version *version = NULL;
    struct myc_diagnostic diagnostic = {.text = ""};
    enum myc_status status = MYC_TOO_BIG;
    if (count != 3 || !read_number(words[1], &number) || !read_number(words[2], &size)
        || size > scan->size - scan->at) {
        return refuse(scan, "a canonical form needs its version and bytes");
    }
    for (uint32_t i = 0; i < scan->lock->version_count; i++) {
        bool is_it = scan->lock->versions[i].version == number;
        version = is_it ? &scan->lock->versions[i] : version;
    }
    if (version == NULL || version->canonical != NULL) {
        return refuse(scan, "a canonical form of no version");
    }
    const char *text = scan->bytes + scan->at;
    version->canonical = malloc((size_t)size + 1);
    if (version->canonical != NULL) {
        memcpy(version->canonical, text, size);
        version->canonical[size] = '\0';
        version->canonical_size = size;
    }
    size_t room = myc__schema_canonical_memory(size);
    while (status == MYC_TOO_BIG && version->canonical != NULL && room <= MEMORY_MAX) {
        free(version->memory);
        version->memory = malloc(room);
        if (version->memory == NULL) {
            break;
        }
        status = myc__schema_read_canonical(
            text, size, version->memory, room, &version->contract, &diagnostic);
        room *= 4;
    }
    char hex[LOCK_HEX_BYTES] = "";
    if (status == MYC_OK) {
        lock_hex(version->contract->digest, hex);
    }
    if (strcmp(hex, version->hex) != 0) {
        return refuse(
            scan,
            status == MYC_OK ? "a canonical form that its digest is not of" : diagnostic.text);
    }
    for (size_t i = 0; i < size; i++) {
        scan->line += text[i] == '\n' ? 1 : 0;
    }
    scan->at += size;
    return true;
}

static bool read_line(struct scan *scan, char **words, uint32_t count)
{
    if (strcmp(words[0], "version") == 0) {
        return read_version(scan, words, count);
    }
    if (strcmp(words[0], "message") == 0) {
        return read_fingerprint(scan, words, count);
    }
    if (strcmp(words[0], "has") == 0 || strcmp(words[0], "had") == 0) {
        return read_entry(scan, words, count);
    }
    if (strcmp(words[0], "canonical") == 0) {
        return read_canonical(scan, words, count);
    }
    return refuse(scan, "a line of no known kind");
}

// A lock that was cut or merged badly must not let through what it can no longer compare with.
static bool is_whole(const struct scan *scan)
{
    const struct lock *lock = scan->lock;
    if (lock->version_count == 0) {
        return refuse(scan, "there is no version");
    }
    const struct lock_version *latest = &lock->versions[lock->version_count - 1];
    for (uint32_t i = 0; i < lock->version_count; i++) {
        const struct lock_version *version = &lock->versions[i];
        if (version->version >= latest->min_compatible && version->canonical == NULL) {
            return refuse(scan, "the canonical form of a version that is let in is missing");
        }
    }
    return true;
}

static bool read_lines(struct scan *scan)
{
    char *words[WORDS_MAX] = {NULL};
    uint32_t count = next_words(scan, words, 6);
    while (count > 0 && words[0] != NULL && words[0][0] == '#') {
        words[0] = NULL;
        count = next_words(scan, words, 6);
    }
    if (count != 3 || strcmp(words[0], "mycelium") != 0 || strcmp(words[1], "lock") != 0
        || strcmp(words[2], "1") != 0) {
        return refuse(scan, "this is no 'mycelium lock 1'");
    }
    count = next_words(scan, words, 6);
    if (count != 3 || strcmp(words[0], "contract") != 0
        || !copy_word(scan->lock->name, sizeof(scan->lock->name), words[1])
        || !read_number(words[2], &scan->lock->id)) {
        return refuse(scan, "the contract's name and id are missing");
    }
    words[0] = NULL;
    while ((count = next_words(scan, words, 6)) > 0) {
        if (words[0] == NULL) {
            return refuse(scan, "an empty line");
        }
        if (!read_line(scan, words, count)) {
            return false;
        }
        words[0] = NULL;
    }
    return is_whole(scan);
}

static char *read_bytes(const char *path, size_t *out_size, bool *out_is_missing)
{
    FILE *file = fopen(path, "rb");
    *out_is_missing = file == NULL && errno == ENOENT;
    if (file == NULL) {
        if (!*out_is_missing) {
            fprintf(stderr, "%s: error: cannot open the lock: %s\n", path, strerror(errno));
        }
        return NULL;
    }
    size_t capacity = 65536;
    size_t size = 0;
    char *bytes = malloc(capacity);
    while (bytes != NULL && capacity <= BYTES_MAX) {
        size += fread(bytes + size, 1, capacity - 1 - size, file);
        if (size < capacity - 1) {
            break;
        }
        capacity *= 2;
        char *grown = realloc(bytes, capacity);
        if (grown == NULL) {
            free(bytes);
        }
        bytes = grown;
    }
    bool is_read = bytes != NULL && ferror(file) == 0 && capacity <= BYTES_MAX;
    fclose(file);
    if (!is_read) {
        fprintf(stderr, "%s: error: cannot read the lock\n", path);
        free(bytes);
        return NULL;
    }
    bytes[size] = '\0';
    *out_size = size;
    return bytes;
}

bool lock_parse(const char *path, char *bytes, size_t size, FILE *errors, struct lock *out_lock)
{
    struct scan scan = {
        .path = path, .errors = errors, .bytes = bytes, .size = size, .lock = out_lock};
    memset(out_lock, 0, sizeof(*out_lock));
    out_lock->text = malloc(size + 1); // reading cuts the bytes into words
    out_lock->text_size = size;
    bool is_read = out_lock->text != NULL;
    if (is_read) {
        memcpy(out_lock->text, bytes, size);
        is_read = read_lines(&scan);
    }
    if (!is_read) {
        lock_free(out_lock);
    }
    return is_read;
}

bool lock_read(const char *path, struct lock *out_lock, bool *out_is_missing)
{
    size_t size = 0;
    char *bytes = read_bytes(path, &size, out_is_missing);
    memset(out_lock, 0, sizeof(*out_lock));
    bool is_read = bytes != NULL && lock_parse(path, bytes, size, stderr, out_lock);
    free(bytes);
    return is_read;
}

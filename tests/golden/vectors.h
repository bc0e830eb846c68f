// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reads messages_5.txt: vectors_next() one after the other, vectors_find() by message, version and
 * case. What is not as vectors.py writes it fails the test.
 */
#ifndef MYC_GOLDEN_VECTORS_H
#define MYC_GOLDEN_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/record.h>

enum { VECTOR_PAYLOAD_MAX = 2048, VECTOR_TEXT_MAX = 4096, VECTOR_NAME_MAX = 32 };

struct vector_bytes {
    uint32_t size;
    uint32_t filled;
    uint64_t words[VECTOR_PAYLOAD_MAX / 8];
};

struct vector {
    char message[VECTOR_NAME_MAX];
    char label[VECTOR_NAME_MAX];
    uint16_t type;
    uint16_t version;
    struct vector_bytes payload;
    struct vector_bytes today; /* size 0: the payload is today's */
    char json[VECTOR_TEXT_MAX];
    char completed[VECTOR_TEXT_MAX]; /* empty: as json */
};

static inline FILE *vectors_open(void)
{
    FILE *file = fopen(MYC_GOLDEN_DIRECTORY "/messages_5.txt", "r");
    assert_non_null(file);
    return file;
}

static inline unsigned vectors_nibble(char digit)
{
    assert_true((digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f'));
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

static inline void vectors_add(struct vector_bytes *bytes, const char *digits)
{
    unsigned char *at = (unsigned char *)bytes->words;
    for (; *digits != '\0'; digits += 2) {
        assert_in_range(bytes->filled, 0, bytes->size - 1);
        at[bytes->filled++] =
            (unsigned char)(vectors_nibble(digits[0]) << 4 | vectors_nibble(digits[1]));
    }
}

// The head of a vector, such as "Grown 101 4 200 sample".
static inline void vectors_head(const char *line, struct vector *out)
{
    unsigned type = 0;
    unsigned version = 0;
    unsigned size = 0;
    memset(out, 0, sizeof(*out));
    assert_int_equal(
        sscanf(line, "%31s %u %u %u %31s", out->message, &type, &version, &size, out->label), 5);
    assert_in_range(size, 8, VECTOR_PAYLOAD_MAX);
    out->type = (uint16_t)type;
    out->version = (uint16_t)version;
    out->payload.size = size;
}

// The next vector; false at the end of the file.
static inline bool vectors_next(FILE *file, struct vector *out)
{
    char line[VECTOR_TEXT_MAX];
    struct vector_bytes *bytes = NULL;
    long start = ftell(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        size_t length = strlen(line);
        assert_true(length > 0 && line[length - 1] == '\n');
        line[length - 1] = '\0';
        if (strncmp(line, "message ", 8) == 0) {
            if (bytes != NULL) {
                assert_int_equal(fseek(file, start, SEEK_SET), 0);
                break;
            }
            vectors_head(line + 8, out);
            bytes = &out->payload;
        } else if (bytes != NULL && strncmp(line, "json ", 5) == 0) {
            memcpy(out->json, line + 5, length - 5);
        } else if (bytes != NULL && strncmp(line, "completed ", 10) == 0) {
            memcpy(out->completed, line + 10, length - 10);
        } else if (bytes != NULL && strncmp(line, "today ", 6) == 0) {
            bytes = &out->today;
            assert_int_equal(sscanf(line + 6, "%u", &bytes->size), 1);
            assert_in_range(bytes->size, 8, VECTOR_PAYLOAD_MAX);
        } else if (bytes != NULL) {
            assert_int_equal(strncmp(line, "    ", 4), 0);
            vectors_add(bytes, line + 4);
        } else {
            assert_int_equal(line[0], '#');
        }
        start = ftell(file);
    }
    if (bytes == NULL) {
        return false;
    }
    assert_int_equal(out->payload.filled, out->payload.size);
    assert_int_equal(out->today.filled, out->today.size);
    assert_true(out->json[0] == '{');
    return true;
}

static inline void
vectors_find(const char *message, uint16_t version, const char *label, struct vector *out)
{
    FILE *file = vectors_open();
    while (vectors_next(file, out)) {
        if (strcmp(out->message, message) == 0 && out->version == version
            && strcmp(out->label, label) == 0) {
            assert_int_equal(fclose(file), 0);
            return;
        }
    }
    fail_msg("no vector %s %u %s", message, version, label);
}

static inline struct myc_record vector_record(const struct vector *vector)
{
    return (struct myc_record){
        .type = vector->type,
        .version = vector->version,
        .size = vector->payload.size,
        .payload = vector->payload.words};
}

// A record as it was encoded, header and payload, against bytes of a vector.
static inline void vector_check_record(
    uint16_t type,
    uint16_t version,
    const struct vector_bytes *payload,
    const void *record,
    size_t size)
{
    const unsigned char *bytes = record;
    assert_int_equal(size, payload->size + 8);
    assert_int_equal(bytes[0] | bytes[1] << 8, type);
    assert_int_equal(bytes[2] | bytes[3] << 8, payload->size);
    assert_int_equal(bytes[4] | bytes[5] << 8, 0);
    assert_int_equal(bytes[6] | bytes[7] << 8, version);
    assert_memory_equal(bytes + 8, payload->words, payload->size);
}

#endif

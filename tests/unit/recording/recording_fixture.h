// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One file in memory, on a disk that refuses what a test says; a clock that stands still.
 */
#ifndef MYC_UNIT_RECORDING_RECORDING_FIXTURE_H
#define MYC_UNIT_RECORDING_RECORDING_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/entropy.h>
#include <mycelium/interface/file.h>
#include <mycelium/interface/memory.h>
#include <mycelium/recording.h>

enum { FIXTURE_FILE_MAX = 1 << 20, FIXTURE_READ_MAX = 1000 };

struct fixture {
    struct myc_platform platform;
    struct myc_file file;
    struct myc_clock clock;
    struct myc_entropy entropy;
    struct myc_memory memory;
    unsigned char *bytes; /* the file */
    uint64_t size;
    bool exists;
    uint32_t handles;
    uint32_t allocations;
    uint32_t writes;
    uint32_t syncs;
    uint32_t directory_syncs;
    char directory[64];
    uint64_t now_ns;
    enum myc_status write_status; /* what the next writes say */
    enum myc_status sync_status;
    enum myc_status read_status;
    bool is_memory_out;
    struct myc_recording_writer writer;
    struct myc_recording_reader reader;
    struct myc_diagnostic why;
};

static inline struct fixture *fixture_of_file(struct myc_file *file)
{
    return (struct fixture *)(void *)((char *)file - offsetof(struct fixture, file));
}

static inline enum myc_status fixture_open(
    struct myc_file *file,
    const char *path,
    uint32_t flags,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    struct fixture *fixture = fixture_of_file(file);
    if ((flags & MYC_FILE_EXCLUSIVE) != 0 && fixture->exists) {
        return myc_diagnostic_set(diagnostic, MYC_EXISTS, 0, path);
    }
    if ((flags & MYC_FILE_CREATE) == 0 && !fixture->exists) {
        return myc_diagnostic_set(diagnostic, MYC_NOT_FOUND, 0, path);
    }
    fixture->exists = true;
    fixture->handles++;
    memset(out_handle, 1, sizeof(*out_handle));
    return MYC_OK;
}

static inline enum myc_status fixture_read(
    struct myc_file *file,
    struct myc_handle handle,
    uint64_t offset,
    struct myc_span span,
    size_t *out_bytes)
{
    struct fixture *fixture = fixture_of_file(file);
    (void)handle;
    if (fixture->read_status != MYC_OK) {
        return fixture->read_status;
    }
    if (offset >= fixture->size) {
        return MYC_END;
    }
    size_t count = span.size < FIXTURE_READ_MAX ? span.size : FIXTURE_READ_MAX;
    count = count < fixture->size - offset ? count : (size_t)(fixture->size - offset);
    memcpy(span.data, fixture->bytes + offset, count);
    *out_bytes = count;
    return MYC_OK;
}

/* A write that is refused has written half. */
static inline enum myc_status fixture_write(
    struct myc_file *file, struct myc_handle handle, uint64_t offset, struct myc_const_span span)
{
    struct fixture *fixture = fixture_of_file(file);
    size_t count = fixture->write_status == MYC_OK ? span.size : span.size / 2;
    (void)handle;
    assert_true(offset + count <= FIXTURE_FILE_MAX);
    memcpy(fixture->bytes + offset, span.data, count);
    fixture->size = offset + count > fixture->size ? offset + count : fixture->size;
    fixture->writes++;
    return fixture->write_status;
}

static inline enum myc_status
fixture_get_size(struct myc_file *file, struct myc_handle handle, uint64_t *out_bytes)
{
    (void)handle;
    *out_bytes = fixture_of_file(file)->size;
    return MYC_OK;
}

static inline enum myc_status fixture_sync(struct myc_file *file, struct myc_handle handle)
{
    struct fixture *fixture = fixture_of_file(file);
    (void)handle;
    fixture->syncs++;
    return fixture->sync_status;
}

static inline void fixture_close_handle(struct myc_file *file, struct myc_handle handle)
{
    static const struct myc_handle none = {0};
    if (memcmp(&handle, &none, sizeof(none)) != 0) {
        fixture_of_file(file)->handles--;
    }
}

static inline enum myc_status fixture_sync_directory(struct myc_file *file, const char *path)
{
    struct fixture *fixture = fixture_of_file(file);
    fixture->directory_syncs++;
    strncpy(fixture->directory, path, sizeof(fixture->directory) - 1);
    return MYC_OK;
}

static inline uint64_t fixture_monotonic_ns(struct myc_clock *clock)
{
    return ((struct fixture *)(void *)((char *)clock - offsetof(struct fixture, clock)))->now_ns;
}

static inline uint64_t fixture_wall_ns(struct myc_clock *clock)
{
    return fixture_monotonic_ns(clock) + 1000000;
}

static inline enum myc_status fixture_entropy(struct myc_entropy *entropy, void *bytes, size_t size)
{
    (void)entropy;
    memset(bytes, 0xA5, size);
    return MYC_OK;
}

static inline void *fixture_allocate(struct myc_memory *memory, size_t size, size_t alignment)
{
    struct fixture *fixture =
        (struct fixture *)(void *)((char *)memory - offsetof(struct fixture, memory));
    (void)alignment;
    if (fixture->is_memory_out) {
        return NULL;
    }
    fixture->allocations++;
    return calloc(1, size);
}

static inline void fixture_release(struct myc_memory *memory, void *bytes, size_t size)
{
    struct fixture *fixture =
        (struct fixture *)(void *)((char *)memory - offsetof(struct fixture, memory));
    (void)size;
    fixture->allocations -= bytes != NULL ? 1 : 0;
    free(bytes);
}

static inline void fixture_init(struct fixture *fixture)
{
    static const struct myc_file_ops file_ops = {
        .size = sizeof(file_ops),
        .open = fixture_open,
        .read = fixture_read,
        .write = fixture_write,
        .get_size = fixture_get_size,
        .sync = fixture_sync,
        .close = fixture_close_handle,
        .sync_directory = fixture_sync_directory,
    };
    static const struct myc_clock_ops clock_ops = {
        sizeof(clock_ops), fixture_monotonic_ns, fixture_wall_ns};
    static const struct myc_entropy_ops entropy_ops = {sizeof(entropy_ops), fixture_entropy};
    static const struct myc_memory_ops memory_ops = {
        sizeof(memory_ops), fixture_allocate, fixture_release};
    memset(fixture, 0, sizeof(*fixture));
    fixture->file.ops = &file_ops;
    fixture->clock.ops = &clock_ops;
    fixture->entropy.ops = &entropy_ops;
    fixture->memory.ops = &memory_ops;
    fixture->platform.file = &fixture->file;
    fixture->platform.clock = &fixture->clock;
    fixture->platform.entropy = &fixture->entropy;
    fixture->platform.memory = &fixture->memory;
    fixture->bytes = calloc(1, FIXTURE_FILE_MAX);
    fixture->now_ns = 1000000000;
    assert_non_null(fixture->bytes);
}

static inline void fixture_end(struct fixture *fixture)
{
    myc_recording_reader_close(&fixture->reader);
    assert_int_equal(fixture->handles, 0);
    assert_int_equal(fixture->allocations, 0);
    free(fixture->bytes);
}

static const struct myc_recording_info fixture_info = {
    .topic = "market", .publisher_id = 7, .publisher_epoch = 9, .base_sequence = 100};

static inline void
fixture_create(struct fixture *fixture, const struct myc_recording_options *options)
{
    assert_int_equal(
        myc_recording_create(
            &fixture->writer, &fixture->platform, "/d/file", &fixture_info, options, &fixture->why),
        MYC_OK);
}

/* The message with that sequence: its size and bytes follow from it. */
static inline size_t fixture_payload(uint64_t sequence, unsigned char *out_bytes)
{
    size_t size = (size_t)(sequence * 7 % 300);
    memset(out_bytes, (int)(sequence & 0xFF), size);
    return size;
}

static inline enum myc_status fixture_append(struct fixture *fixture, uint64_t sequence)
{
    unsigned char bytes[300];
    struct myc_record record = {
        .type = (uint16_t)(1 + sequence % 5),
        .version = 3,
        .size = (uint32_t)fixture_payload(sequence, bytes),
        .payload = bytes,
        .sequence = sequence,
    };
    return myc_recording_append(&fixture->writer, &record, fixture->now_ns);
}

static inline void fixture_append_all(struct fixture *fixture, uint64_t first, uint64_t last)
{
    for (uint64_t i = first; i <= last; i++) {
        assert_int_equal(fixture_append(fixture, i), MYC_OK);
    }
}

static inline enum myc_status fixture_open_reader(struct fixture *fixture)
{
    myc_recording_reader_close(&fixture->reader);
    return myc_recording_open(&fixture->reader, &fixture->platform, "/d/file", &fixture->why);
}

/* Reads to the end, each message checked; *out_last is the last sequence seen. */
static inline enum myc_status fixture_read_all(struct fixture *fixture, uint64_t *out_last)
{
    struct myc_record record;
    unsigned char bytes[300];
    uint64_t sequence = fixture_info.base_sequence;
    enum myc_status status;
    while ((status = myc_recording_next(&fixture->reader, &record, NULL, &fixture->why))
           == MYC_OK) {
        if (record.type == MYC_RECORD_GAP) {
            struct myc_gap gap;
            memcpy(&gap, record.payload, sizeof(gap));
            sequence += gap.count;
        } else {
            sequence++;
            assert_int_equal(record.type, 1 + sequence % 5);
            assert_int_equal(record.version, 3);
            assert_int_equal(record.size, fixture_payload(sequence, bytes));
            assert_memory_equal(record.payload, bytes, record.size);
        }
        assert_int_equal(record.sequence, sequence);
    }
    *out_last = sequence;
    return status;
}

#endif

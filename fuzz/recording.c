// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Recordings from anywhere. The input is a file; its first byte says how much of it gets right
// checksums before it is read, because no fuzzer guesses those. Whatever it holds, reading ends
// after a bounded number of records that follow each other and lie inside the file.
#include <string.h>

#include <mycelium/interface/file.h>
#include <mycelium/interface/memory.h>
#include <mycelium/recording.h>

#include "core/bits.h"
#include "core/crc32c.h"
#include "fuzz.h"

enum { HEADER = 256, HEAD = 64, SEAL_HEADER = 1, SEAL_BLOCKS = 2 };

struct disk {
    struct myc_file file;
    const uint8_t *bytes;
    size_t size;
};

static enum myc_status open_file(
    struct myc_file *file,
    const char *path,
    uint32_t flags,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    (void)file, (void)path, (void)flags, (void)diagnostic;
    *out_handle = (struct myc_handle){0};
    return MYC_OK;
}

static enum myc_status read_file(
    struct myc_file *file,
    struct myc_handle handle,
    uint64_t offset,
    struct myc_span span,
    size_t *out_bytes)
{
    const struct disk *disk = (const struct disk *)(const void *)file;
    (void)handle;
    if (offset >= disk->size) {
        return MYC_END;
    }
    size_t left = disk->size - (size_t)offset;
    *out_bytes = span.size < left ? span.size : left;
    memcpy(span.data, disk->bytes + offset, *out_bytes);
    return MYC_OK;
}

static enum myc_status
size_file(struct myc_file *file, struct myc_handle handle, uint64_t *out_bytes)
{
    (void)handle;
    *out_bytes = ((const struct disk *)(const void *)file)->size;
    return MYC_OK;
}

static void close_file(struct myc_file *file, struct myc_handle handle)
{
    (void)file, (void)handle;
}

static void *allocate(struct myc_memory *memory, size_t size, size_t alignment)
{
    (void)memory, (void)alignment;
    return calloc(1, size);
}

static void release(struct myc_memory *memory, void *bytes, size_t size)
{
    (void)memory, (void)size;
    free(bytes);
}

// Gives the header, and blocks as far as they follow each other, right checksums.
static void seal(uint8_t *bytes, size_t size, unsigned what)
{
    if (size < HEADER || (what & SEAL_HEADER) == 0) {
        return;
    }
    memcpy(bytes, "MYCREC1\n", 8);
    myc__put_u32(bytes + 8, HEADER);
    myc__put_u32(bytes + 252, myc__crc32c(0, bytes, 252));
    size_t at = HEADER;
    while ((what & SEAL_BLOCKS) != 0 && size - at >= HEAD) {
        uint8_t *block = bytes + at;
        uint32_t length = myc__get_u32(block + 4);
        memcpy(block, length == 0 ? "MYCE" : "MYCB", 4);
        myc__put_u64(block + 8, at);
        memcpy(block + 48, bytes + 16, 8);
        if (length <= size - at - HEAD) {
            myc__put_u32(block + 56, myc__crc32c(0, block + HEAD, length));
        }
        myc__put_u32(block + 60, myc__crc32c(0, block, 60));
        if (length > size - at - HEAD) {
            break;
        }
        at += HEAD + length;
    }
}

static void read_all(struct myc_platform *platform, size_t size)
{
    struct myc_recording_reader reader = {0};
    struct myc_diagnostic why;
    struct myc_record record;
    uint64_t time_ns = 0;
    uint64_t count = 0;
    uint64_t position = 0;
    if (myc_recording_open(&reader, platform, "file", &why) != MYC_OK) {
        FUZZ_CHECK(why.text[0] != 0);
        return;
    }
    uint64_t sequence = myc_recording_info(&reader)->base_sequence;
    enum myc_status status;
    while ((status = myc_recording_next(&reader, &record, &time_ns, &why)) == MYC_OK) {
        uint8_t sum = 0;
        for (uint32_t i = 0; i < record.size; i++) {
            sum ^= ((const uint8_t *)record.payload)[i];
        }
        FUZZ_CHECK(record.size == 0 || sum == (sum & 0xFF));
        FUZZ_CHECK(record.sequence > sequence);
        FUZZ_CHECK(record.position > position);
        FUZZ_CHECK(record.position + myc_record_bytes(record.size) <= size);
        sequence = record.sequence;
        position = record.position;
        count++;
        FUZZ_CHECK(count <= size / MYC_RECORD_HEADER_BYTES);
    }
    FUZZ_CHECK(status == MYC_END || status == MYC_PEER_DIED || status == MYC_CORRUPT);
    struct myc_recording_report report = myc_recording_reader_report(&reader);
    FUZZ_CHECK(report.cut_offset <= size && report.bytes == size);
    FUZZ_CHECK(report.is_closed == (status != MYC_PEER_DIED));
    FUZZ_CHECK(report.messages <= count);
    myc_recording_reader_close(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct myc_file_ops file_ops = {
        .size = sizeof(file_ops),
        .open = open_file,
        .read = read_file,
        .get_size = size_file,
        .close = close_file,
    };
    static const struct myc_memory_ops memory_ops = {sizeof(memory_ops), allocate, release};
    if (size == 0) {
        return 0;
    }
    uint8_t *bytes = malloc(size > 1 ? size - 1 : 1);
    FUZZ_CHECK(bytes != NULL);
    memcpy(bytes, data + 1, size - 1);
    seal(bytes, size - 1, data[0]);
    struct disk disk = {{&file_ops}, bytes, size - 1};
    struct myc_memory memory = {&memory_ops};
    struct myc_platform platform = {.file = &disk.file, .memory = &memory};
    read_all(&platform, size - 1);
    free(bytes);
    return 0;
}

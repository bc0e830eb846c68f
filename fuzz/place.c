// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What an owner finds under a name: the header of a place and a ring, both made by us, with bytes
// changed by whoever could. Each three bytes of the input are an offset and a value. Whatever they
// say, looking at the header and going on with the ring touch nothing outside, and a writer that
// did go on publishes, and who joins it reads exactly that.
#include <string.h>

#include <mycelium/ring.h>

#include "fuzz.h"
#include "memory/layout.h"

enum { CAPACITY = 4096, READERS = 3, RECORDS = 40, RING_MAX = 6 * 4096, NEW_RECORDS = 20 };

static size_t change(uint8_t *bytes, size_t bytes_size, const uint8_t *data, size_t size)
{
    size_t count = 0;
    for (; size >= 3; size -= 3, data += 3) {
        size_t offset = (size_t)(data[0] | data[1] << 8) % bytes_size;
        bytes[offset] = data[2];
        count++;
    }
    return count;
}

static void look_at_a_header(const uint8_t *data, size_t size)
{
    uint8_t *page = calloc(1, MYC_PLACE_HEADER_BYTES);
    struct myc__place_constant constant;
    memset(&constant, 0, sizeof(constant));
    myc__place_layout_fill(&constant, 8192, 2, 1, 9);
    constant.checksum = myc__place_layout_checksum(&constant);
    FUZZ_CHECK(page != NULL);
    memcpy(page, &constant, sizeof(constant));
    (void)change(page, sizeof(constant), data, size);
    struct myc__place_constant found;
    enum myc_status status = myc__place_layout_check(page, 20480, &found, NULL);
    if (status == MYC_OK) {
        FUZZ_CHECK(found.memory_bytes == 20480 && found.block_offset + found.block_bytes == 20480);
    }
    free(page);
}

struct heard {
    uint64_t first;
    uint64_t count;
};

static void on_record(const struct myc_record *record, void *context)
{
    struct heard *heard = context;
    uint64_t number = 0;
    FUZZ_CHECK(record->size == sizeof(number) && record->type == 2);
    memcpy(&number, record->payload, sizeof(number));
    FUZZ_CHECK(number == heard->count);
    FUZZ_CHECK(record->sequence == heard->first + heard->count + 1);
    heard->count++;
}

static void publish_and_read(struct myc_ring_writer *writer, void *memory, size_t bytes, void *page)
{
    struct myc_ring_ticket ticket;
    struct myc_ring_reader reader;
    struct heard heard = {0, 0};
    uint64_t published = 0;
    FUZZ_CHECK(myc_ring_is_valid(writer));
    FUZZ_CHECK(myc_ring_join(writer, page, MYC_RING_LIVE, &ticket) == MYC_OK);
    heard.first = ticket.sequence;
    memset(&reader, 0, sizeof(reader));
    FUZZ_CHECK(myc_ring_reader_init(&reader, memory, bytes, page, &ticket, NULL) == MYC_OK);
    for (uint64_t i = 0; i < NEW_RECORDS; i++) {
        enum myc_status status = myc_ring_publish(writer, 2, 1, &i, sizeof(i));
        FUZZ_CHECK(status == MYC_OK || status == MYC_FULL);
        published += status == MYC_OK ? 1 : 0;
        if (status != MYC_OK) {
            break;
        }
        (void)myc_ring_poll(&reader, on_record, &heard, 64);
    }
    FUZZ_CHECK(heard.count == published);
    myc_ring_writer_close(writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY, .readers_max = READERS, .readers_may_sleep = true};
    size_t bytes = myc_ring_memory_size(&options);
    struct myc_ring_writer *writer = aligned_alloc(64, (sizeof(*writer) + 63) / 64 * 64);
    uint8_t *memory = aligned_alloc(4096, bytes);
    uint8_t *pages = aligned_alloc(4096, (size_t)2 * MYC_RING_PAGE_BYTES);
    const void *kept[MYC_RING_READERS_MAX] = {NULL};
    struct myc_ring_ticket ticket;
    FUZZ_CHECK(writer != NULL && memory != NULL && pages != NULL && bytes <= RING_MAX);
    memset(memory, 0, bytes);
    memset(pages, 0, (size_t)2 * MYC_RING_PAGE_BYTES);
    look_at_a_header(data, size);
    FUZZ_CHECK(myc_ring_writer_init(writer, memory, bytes, &options, NULL) == MYC_OK);
    for (uint64_t i = 0; i < RECORDS; i++) {
        static const char payload[200] = "old";
        FUZZ_CHECK(myc_ring_publish(writer, 1, 1, payload, (size_t)(i * 5 % 200)) == MYC_OK);
    }
    FUZZ_CHECK(myc_ring_join(writer, pages, MYC_RING_LIVE, &ticket) == MYC_OK);
    kept[ticket.slot] = pages;
    size_t changed = change(memory, bytes, data, size);
    enum myc_status status = myc_ring_writer_resume(writer, memory, bytes, kept, NULL);
    FUZZ_CHECK(changed != 0 || status == MYC_OK);
    if (status == MYC_OK) {
        publish_and_read(writer, memory, bytes, pages + MYC_RING_PAGE_BYTES);
    }
    free(pages);
    free(memory);
    free(writer);
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
#include "ring_fixture.h"

#include <stdio.h>

#include "machine.h"

static bool place(struct ring_fixture *fixture, enum fixture_place where)
{
    if (where == FIXTURE_HEAP) {
        fixture->memory = bench_pages(fixture->memory_bytes, false);
        fixture->reader_memory = fixture->memory;
        fixture->pages = bench_pages(fixture->page_bytes, false);
    } else {
        void *read_only = NULL;
        fixture->memory = where == FIXTURE_FILE
                              ? bench_file_pages(fixture->memory_bytes, &read_only)
                              : bench_memfd_pages(fixture->memory_bytes, &read_only);
        fixture->reader_memory = read_only;
        fixture->pages = bench_pages(fixture->page_bytes, true);
    }
    return fixture->memory != NULL && fixture->pages != NULL;
}

static bool join(struct ring_fixture *fixture, uint32_t index, struct myc_diagnostic *diagnostic)
{
    struct myc_ring_ticket ticket;
    unsigned char *page = (unsigned char *)fixture->pages + (size_t)index * MYC_RING_PAGE_BYTES;
    return myc_ring_join(&fixture->writer, page, MYC_RING_LIVE, &ticket) == MYC_OK
           && myc_ring_reader_init(
                  &fixture->readers[index],
                  fixture->reader_memory,
                  fixture->memory_bytes,
                  page,
                  &ticket,
                  diagnostic)
                  == MYC_OK;
}

struct ring_fixture *
ring_fixture_create(enum fixture_place where, uint64_t capacity_bytes, uint32_t readers)
{
    struct myc_ring_options options = {
        .capacity_bytes = capacity_bytes, .readers_max = FIXTURE_READERS_MAX};
    struct myc_diagnostic diagnostic;
    // Private: a partner process goes on with its own copy of the readers.
    struct ring_fixture *fixture = bench_pages(sizeof(*fixture), false);
    if (fixture == NULL) {
        return NULL;
    }
    myc_diagnostic_clear(&diagnostic);
    fixture->memory_bytes = myc_ring_memory_size(&options);
    fixture->page_bytes = (size_t)FIXTURE_READERS_MAX * MYC_RING_PAGE_BYTES;
    bool is_good =
        place(fixture, where)
        && myc_ring_writer_init(
               &fixture->writer, fixture->memory, fixture->memory_bytes, &options, &diagnostic)
               == MYC_OK;
    for (uint32_t i = 0; i < readers && is_good; i++) {
        is_good = join(fixture, i, &diagnostic);
    }
    if (!is_good) {
        (void)fprintf(stderr, "myc-bench: cannot make a ring: %s\n", diagnostic.text);
        ring_fixture_destroy(fixture);
        return NULL;
    }
    return fixture;
}

void ring_fixture_destroy(struct ring_fixture *fixture)
{
    if (fixture == NULL) {
        return;
    }
    if (fixture->reader_memory != fixture->memory) {
        bench_pages_free((void *)(uintptr_t)fixture->reader_memory, fixture->memory_bytes);
    }
    bench_pages_free(fixture->memory, fixture->memory_bytes);
    bench_pages_free(fixture->pages, fixture->page_bytes);
    bench_pages_free(fixture, sizeof(*fixture));
}

void fixture_on_record(const struct myc_record *record, void *context)
{
    uint64_t *sum = context;
    *sum += fixture_sum(record->payload);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Sizes and offsets of the parts. All follow from four numbers, so a layout from elsewhere is
 * checked by working it out anew.
 */
#include <string.h>

#include "workers/parts.h"

static const char *const role_scheduler = "s";
static const char *const role_worker = "w";

static uint64_t whole_pages(uint64_t bytes)
{
    return (bytes + MYC__WORKERS_PAGE - 1) / MYC__WORKERS_PAGE * MYC__WORKERS_PAGE;
}

static uint64_t checksum_of(const struct myc_workers_layout *layout)
{
    const unsigned char *bytes = (const unsigned char *)layout;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < offsetof(struct myc_workers_layout, checksum); i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

struct myc_ring_options
myc__workers_dispatch_options(const struct myc_workers_layout *layout, uint64_t epoch)
{
    struct myc_ring_options options = {
        .capacity_bytes = layout->dispatch_capacity,
        .readers_max = layout->dispatch_rings == 1 ? layout->count : 1,
        .readers_may_sleep = layout->may_sleep != 0,
        .writer_may_sleep = layout->may_sleep != 0,
        .publisher_epoch = epoch};
    return options;
}

struct myc_ring_options myc__workers_return_options(
    const struct myc_workers_layout *layout, uint32_t index, uint32_t generation)
{
    struct myc_ring_options options = {
        .capacity_bytes = layout->return_capacity,
        .readers_max = 1,
        .readers_may_sleep = layout->may_sleep != 0,
        .writer_may_sleep = layout->may_sleep != 0,
        .publisher_id = (uint64_t)index + 1,
        .publisher_epoch = generation};
    return options;
}

static uint64_t or_default(uint64_t capacity)
{
    return capacity != 0 ? capacity : MYC_RING_CAPACITY_DEFAULT;
}

// Everything that follows from count, rings, capacities. Returns: false if no ring is so large.
static bool fill(struct myc_workers_layout *layout)
{
    const struct myc_ring_options dispatch = myc__workers_dispatch_options(layout, 0);
    const struct myc_ring_options returns = myc__workers_return_options(layout, 0, 1);
    layout->format = MYC_WORKERS_FORMAT;
    layout->dispatch_bytes = myc_ring_memory_size(&dispatch);
    layout->return_bytes = myc_ring_memory_size(&returns);
    layout->posts_offset = MYC__WORKERS_PAGE;
    layout->pages_offset =
        layout->posts_offset + whole_pages(layout->count * sizeof(struct myc__workers_post));
    layout->dispatch_offset = layout->pages_offset + (uint64_t)layout->count * MYC_RING_PAGE_BYTES;
    layout->scheduler_bytes =
        layout->dispatch_offset + layout->dispatch_rings * layout->dispatch_bytes;
    layout->page_offset = MYC__WORKERS_PAGE;
    layout->return_offset = layout->page_offset + MYC_RING_PAGE_BYTES;
    layout->worker_bytes = layout->return_offset + layout->return_bytes;
    layout->block_bytes = layout->scheduler_bytes + layout->count * layout->worker_bytes;
    layout->checksum = checksum_of(layout);
    return layout->dispatch_bytes != 0 && layout->return_bytes != 0;
}

static enum myc_status
refuse(struct myc_diagnostic *diagnostic, const char *option, uint64_t found, const char *expected)
{
    enum myc_status status = myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "workers: ");
    myc_diagnostic_append(diagnostic, option);
    myc_diagnostic_append(diagnostic, " is ");
    myc_diagnostic_append_u64(diagnostic, found);
    myc_diagnostic_append(diagnostic, ", must be ");
    myc_diagnostic_append(diagnostic, expected);
    return status;
}

static bool is_capacity(uint64_t capacity)
{
    const struct myc_ring_options options = {.capacity_bytes = capacity, .readers_max = 1};
    return myc_ring_memory_size(&options) != 0;
}

enum myc_status myc_workers_layout(
    const struct myc_workers_options *options,
    struct myc_workers_layout *out_layout,
    struct myc_diagnostic *diagnostic)
{
    static const char power[] = "a power of two from 4096 to 1 GiB";
    struct myc_workers_layout layout;
    memset(&layout, 0, sizeof layout);
    layout.count = options->count;
    layout.dispatch_rings = options->is_shared_dispatch ? 1 : options->count;
    layout.may_sleep = options->may_sleep;
    layout.dispatch_capacity = or_default(options->dispatch_capacity);
    layout.return_capacity = or_default(options->return_capacity);
    if (options->count < 1 || options->count > MYC_WORKERS_MAX) {
        return refuse(diagnostic, "count", options->count, "from 1 to 64");
    }
    if (!is_capacity(layout.dispatch_capacity)) {
        return refuse(diagnostic, "dispatch_capacity", layout.dispatch_capacity, power);
    }
    if (!is_capacity(layout.return_capacity) || !fill(&layout)) {
        return refuse(diagnostic, "return_capacity", layout.return_capacity, power);
    }
    *out_layout = layout;
    return MYC_OK;
}

bool myc_workers_layout_is_valid(const struct myc_workers_layout *layout)
{
    struct myc_workers_layout expected;
    memset(&expected, 0, sizeof expected);
    expected.count = layout->count;
    expected.dispatch_rings = layout->dispatch_rings;
    expected.may_sleep = layout->may_sleep;
    expected.dispatch_capacity = layout->dispatch_capacity;
    expected.return_capacity = layout->return_capacity;
    bool is_possible =
        layout->count >= 1 && layout->count <= MYC_WORKERS_MAX && layout->may_sleep <= 1
        && (layout->dispatch_rings == 1 || layout->dispatch_rings == layout->count)
        && is_capacity(layout->dispatch_capacity) && is_capacity(layout->return_capacity);
    return is_possible && fill(&expected) && memcmp(&expected, layout, sizeof expected) == 0;
}

enum myc_status myc_workers_part_name(
    char out_name[MYC_SEGMENT_NAME_BYTES],
    const char *prefix,
    uint32_t index,
    struct myc_diagnostic *diagnostic)
{
    bool is_scheduler = index == MYC_WORKERS_NONE;
    return myc_segment_name_compose(
        out_name,
        prefix,
        is_scheduler ? role_scheduler : role_worker,
        is_scheduler ? MYC_SEGMENT_NO_INDEX : index,
        diagnostic);
}

void myc__workers_zero(void *memory, size_t bytes)
{
    memset(memory, 0, bytes);
    myc_shared_write(memory, bytes);
}

struct myc_ring_ticket myc__workers_ticket(const struct myc_ring_ticket *foreign)
{
    struct myc_ring_ticket ticket;
    myc_shared_read(foreign, sizeof *foreign);
    memcpy(&ticket, foreign, sizeof ticket);
    return ticket;
}

bool myc__workers_is_type(uint16_t type)
{
    return type >= MYC_MESSAGE_TYPE_MIN && type <= MYC_MESSAGE_TYPE_MAX;
}

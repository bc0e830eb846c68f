// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc inspect` of a place: its header, its owner, and what a ring in it counted.
#include <inttypes.h>
#include <string.h>

#include <mycelium/interface/file.h>
#include <mycelium/place.h>
#include <mycelium/ring_counters.h>
#include <mycelium/ring_place.h>

#include "tool/record/record.h"

static const char prefix[] = "shm:";

static bool is_named(const char *argument)
{
    return strncmp(argument, prefix, sizeof(prefix) - 1) == 0;
}

bool inspect_is_place(struct myc_platform *platform, const char *argument)
{
    char magic[8] = "";
    size_t size = 0;
    struct myc_handle handle = {0};
    const struct myc_span span = {magic, sizeof(magic)};
    if (is_named(argument)) {
        return true;
    }
    enum myc_status status = myc_file_open(platform->file, argument, 0, &handle, NULL);
    if (status == MYC_OK) {
        status = myc_file_read(platform->file, handle, 0, span, &size);
    }
    myc_file_close(platform->file, handle);
    return status == MYC_OK && size == sizeof(magic) && memcmp(magic, "MYCPLACE", 8) == 0;
}

static void print_info(const struct myc_place_info *info, const char *argument)
{
    printf("%s\n", argument);
    if (info->content == MYC_PLACE_CONTENT_RING) {
        printf("  content          ring\n");
    } else {
        printf("  content          %" PRIu32 "\n", info->content);
    }
    printf("  generation       %" PRIu64 "\n", info->generation);
    printf(
        "  bytes            %" PRIu64 ", %" PRIu64 " of them the block's, %" PRIu32
        " pages for others\n",
        info->memory_bytes,
        info->block_bytes,
        info->page_count);
    printf("  made by          process %" PRIu64 "\n", info->creator.pid);
    printf("  owner            %s\n", info->has_owner ? "lives" : "none");
    if (info->is_over) {
        printf("  whole            no: its generation is over\n");
    } else {
        printf("  whole            %s\n", info->is_ready ? "yes" : "no: it is not ready");
    }
}

static void print_guests(const struct myc_place *place)
{
    struct myc_ring_seat seat;
    for (uint32_t i = 0; myc_ring_place_seat(place, i, &seat) == MYC_OK; i++) {
        struct myc_ring_reader_counters counters;
        if (seat.is_taken) {
            myc_ring_page_counters(seat.page, &counters);
            printf(
                "  guest %-2" PRIu32 "         process %" PRIu64 ": %" PRIu64 " messages, %" PRIu64
                " lost, at most %" PRIu64 " bytes behind\n",
                i,
                seat.pid,
                counters.messages,
                counters.lost,
                counters.lag_max);
        }
    }
}

static enum myc_status print_ring(
    struct myc_platform *platform,
    enum myc_place_kind kind,
    const char *name,
    struct myc_diagnostic *why)
{
    struct myc_place place;
    struct myc_ring_writer_counters counters;
    enum myc_status status =
        myc_place_attach(&place, platform, kind, name, MYC_PLACE_CONTENT_RING, why);
    if (status != MYC_OK) {
        return status;
    }
    struct myc_span block = myc_place_block(&place);
    status = myc_ring_memory_counters(block.data, block.size, &counters, why);
    if (status == MYC_OK) {
        printf(
            "  messages         %" PRIu64 " in %" PRIu64 " bytes\n",
            counters.messages,
            counters.bytes);
        printf(
            "  lost             %" PRIu64 " dropped, %" PRIu64 " in gaps\n",
            counters.dropped,
            counters.gapped);
        printf("  claims refused   %" PRIu64 "\n", counters.full);
        print_guests(&place);
    }
    myc_place_close(&place);
    return status;
}

int inspect_place(struct myc_platform *platform, const char *argument)
{
    struct myc_place_info info;
    struct myc_diagnostic why;
    enum myc_place_kind kind = is_named(argument) ? MYC_PLACE_NAMED : MYC_PLACE_FILE;
    const char *name = is_named(argument) ? argument + sizeof(prefix) - 1 : argument;
    enum myc_status status = myc_place_describe(platform, kind, name, &info, &why);
    if (status != MYC_OK) {
        return record_fail("inspect", record_exit_status(status), why.text);
    }
    print_info(&info, argument);
    if (info.is_over || !info.is_ready) {
        return RECORD_SYSTEM;
    }
    if (info.content == MYC_PLACE_CONTENT_RING) {
        status = print_ring(platform, kind, name, &why);
    }
    return status == MYC_OK ? RECORD_DONE
                            : record_fail("inspect", record_exit_status(status), why.text);
}

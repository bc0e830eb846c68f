// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Puts the records of a file into a recording: write_recording RECORDS RECORDING [open]
// With "open" it is left as a recorder leaves it that dies.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/posix.h>
#include <mycelium/recording.h>

#include "wire/tlv.h"

enum { RECORDS_WORDS = 8192 };

static uint64_t records[RECORDS_WORDS];

static enum myc_status
append(struct myc_recording_writer *writer, const struct myc__tlv *found, uint64_t index)
{
    const struct myc_gap *gap = found->payload;
    uint64_t now_ns = 1000 * index;
    if (found->type == MYC_RECORD_GAP) {
        return myc_recording_append_gap(writer, gap->count, MYC_LOSS_LAPPED, now_ns);
    }
    const struct myc_record record = {
        .type = found->type,
        .version = found->version,
        .size = found->size,
        .payload = found->payload,
        .sequence = writer->sequence + 1,
    };
    return myc_recording_append(writer, &record, now_ns);
}

static enum myc_status
record(struct myc_platform *platform, const char *path, size_t size, bool is_open)
{
    const struct myc_recording_info info = {.topic = "everything"};
    const struct myc_recording_options options = {.time_resolution_ns = 1};
    struct myc_recording_writer writer = {0};
    struct myc__tlv_walk walk;
    struct myc__tlv found;
    struct myc_diagnostic why;
    uint64_t index = 0;
    enum myc_status status = myc_recording_create(&writer, platform, path, &info, &options, &why);
    if (status == MYC_OK) {
        status = myc__tlv_walk_init(&walk, records, size, sizeof(records), &why);
    }
    while (status == MYC_OK && (status = myc__tlv_next(&walk, &found, &why)) == MYC_OK) {
        status = append(&writer, &found, ++index);
    }
    if (status == MYC_END) {
        status = is_open ? myc_recording_sync(&writer) : MYC_OK;
    }
    if (status == MYC_OK && is_open) {
        exit(0); // as a recorder that dies
    }
    enum myc_status closed = myc_recording_close(&writer);
    return status == MYC_OK ? closed : status;
}

int main(int argc, char **argv)
{
    struct myc_platform *platform = NULL;
    struct myc_diagnostic why;
    if (argc < 3) {
        return 2;
    }
    FILE *file = fopen(argv[1], "rb");
    if (file == NULL) {
        return 2;
    }
    size_t size = fread(records, 1, sizeof(records), file);
    (void)fclose(file);
    if (myc_posix_create(&platform, &why) != MYC_OK) {
        return 1;
    }
    (void)remove(argv[2]);
    enum myc_status status = record(platform, argv[2], size, argc > 3);
    myc_posix_destroy(platform);
    if (status != MYC_OK) {
        fprintf(stderr, "write_recording: %s\n", myc_status_sentence(status));
    }
    return status == MYC_OK ? 0 : 1;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc inspect FILE...`: what recordings and places hold, and whether they are whole.
#include "tool/record/record.h"

#include <inttypes.h>
#include <string.h>

#include <mycelium/posix.h>

static const char help[] =
    "usage: myc inspect FILE|shm:NAME...\n"
    "\n"
    "Reads recordings and says of each what it holds, when it began, and whether it is whole.\n"
    "Reads places, those in a file and those with a name on this host, and says of each what its\n"
    "header says, whether it has an owner, and of a ring what it and its guests counted.\n"
    "Exit status 1 if one is not whole, 2 if one is damaged or is neither.\n";

static void print_header(const struct myc_recording_info *info, const char *path)
{
    printf("%s\n", path);
    printf("  topic            %s\n", info->topic);
    printf("  publisher epoch  %016" PRIx64 "\n", info->publisher_epoch);
    printf("  contract digest  ");
    for (size_t i = 0; i < MYC_DIGEST_BYTES; i++) {
        printf("%02x", info->contract_digest[i]);
    }
    printf("\n  started          %" PRIu64 " ns since 1970\n", info->started_wall_ns);
}

static void print_report(
    const struct myc_recording_reader *reader, uint64_t last, uint64_t first_ns, uint64_t last_ns)
{
    const struct myc_recording_info *info = myc_recording_info(reader);
    struct myc_recording_report report = myc_recording_reader_report(reader);
    printf(
        "  messages         %" PRIu64 ", numbers %" PRIu64 " to %" PRIu64 "\n",
        report.messages,
        info->base_sequence + 1,
        last);
    printf("  lost             %" PRIu64 "\n", report.lost);
    printf("  duration         %" PRIu64 " ns\n", last_ns - first_ns);
    printf("  bytes            %" PRIu64 " in %" PRIu64 " blocks\n", report.bytes, report.blocks);
    if (report.is_closed && report.cut_offset == report.bytes) {
        printf("  whole            yes\n");
    } else {
        printf(
            "  whole            no: %s; %" PRIu64 " bytes from byte %" PRIu64 " on are cut\n",
            report.is_closed ? "damaged" : "its recorder did not close it",
            report.bytes - report.cut_offset,
            report.cut_offset);
    }
}

static int inspect(struct myc_platform *platform, const char *path)
{
    struct myc_recording_reader reader = {0};
    struct myc_diagnostic why;
    struct myc_record record;
    uint64_t time_ns = 0;
    uint64_t first_ns = 0;
    enum myc_status status = myc_recording_open(&reader, platform, path, &why);
    if (status != MYC_OK) {
        return record_fail("inspect", record_exit_status(status), why.text);
    }
    print_header(myc_recording_info(&reader), path);
    uint64_t last = myc_recording_info(&reader)->base_sequence;
    while ((status = myc_recording_next(&reader, &record, &time_ns, &why)) == MYC_OK) {
        first_ns = first_ns == 0 ? time_ns : first_ns;
        last = record.sequence;
    }
    struct myc_recording_report report = myc_recording_reader_report(&reader);
    print_report(&reader, last, first_ns, time_ns);
    myc_recording_reader_close(&reader);
    if (status != MYC_END) {
        // The recorder's death is told above; anything else has its place and reason.
        return status == MYC_PEER_DIED ? RECORD_SYSTEM
                                       : record_fail("inspect", RECORD_INPUT, why.text);
    }
    return report.cut_offset == report.bytes ? RECORD_DONE : RECORD_INPUT;
}

int inspect_command(int argc, char **argv)
{
    struct myc_platform *platform = NULL;
    struct myc_diagnostic why;
    int worst = RECORD_DONE;
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return RECORD_DONE;
    }
    if (argc < 2 || argv[1][0] == '-') {
        return record_fail(
            "inspect", RECORD_INPUT, "name at least one file; try 'myc inspect --help'");
    }
    if (myc_posix_create(&platform, &why) != MYC_OK) {
        return record_fail("inspect", RECORD_SYSTEM, why.text);
    }
    for (int i = 1; i < argc; i++) {
        int status = inspect_is_place(platform, argv[i]) ? inspect_place(platform, argv[i])
                                                         : inspect(platform, argv[i]);
        worst = status > worst ? status : worst;
    }
    myc_posix_destroy(platform);
    return worst;
}

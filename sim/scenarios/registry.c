// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A small registry on disk whose host loses its power. The program keeps one record in a file and
 * replaces it as a whole: it writes a new file, syncs it, renames it over the old one and syncs the
 * directory, and only then acknowledges. Oracles: after every boot the record is whole and at least
 * as new as the last one acknowledged. The scenarios "no-..." leave a step out and must be found.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <mycelium/atomic.h>
#include <mycelium/bytes.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/file.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/wait.h>

#include <stdio.h>
#include <string.h>

enum { RECORD_BYTES = 2000, VERSIONS = 12, LOSSES_MAX = 6, STARTS_MAX = 200 };

static const char *const directory = "/var/tmp";
static const char *const path = "/var/tmp/registry";
static const char *const path_new = "/var/tmp/registry.new";

enum step { SYNC_FILE = 1, SYNC_DIRECTORY = 2, RENAME = 4, ALL_STEPS = 7 };

/** What the outside world knows of the registry; no power loss touches it. */
struct outside {
    struct myc_sim *sim;
    uint32_t steps;
    uint64_t acknowledged; /* the last version that was promised */
};

struct record {
    uint64_t version;
    uint64_t filling[RECORD_BYTES / 8]; /* each word is the version, so that a torn one shows */
};

/** Waits a while on a clock that others' faults may move. */
static void rest(struct myc_platform *platform, uint64_t duration_ns)
{
    struct myc_atomic_u32 word = {0};
    uint64_t deadline = myc_clock_monotonic_ns(platform->clock) + duration_ns;
    while (myc_wait_wait(platform->wait, &word, 0, deadline, MYC_WAIT_PROCESS) == MYC_OK) {
    }
}

/** Reads the whole record, however often the disk refuses; false when there is none or a part. */
static bool read_record(struct myc_platform *platform, struct record *record)
{
    struct myc_handle handle = {0};
    size_t done = 0;
    enum myc_status status = myc_file_open(platform->file, path, 0, &handle, NULL);
    while ((status == MYC_OK || status == MYC_IO) && done < sizeof(*record)) {
        struct myc_span span = {(char *)record + done, sizeof(*record) - done};
        size_t count = 0;
        status = myc_file_read(platform->file, handle, done, span, &count);
        done += status == MYC_OK ? count : 0;
    }
    myc_file_close(platform->file, handle);
    return done == sizeof(*record);
}

static bool is_whole(const struct record *record)
{
    for (size_t i = 0; i < RECORD_BYTES / 8; i++) {
        if (record->filling[i] != record->version) {
            return false;
        }
    }
    return true;
}

/** Replaces the record; an error promises nothing, and the old one may be there as well. */
static enum myc_status
replace_record(struct myc_platform *platform, uint32_t steps, const struct record *record)
{
    struct myc_file *file = platform->file;
    struct myc_handle handle = {0};
    const char *target = (steps & RENAME) != 0 ? path_new : path;
    struct myc_const_span span = {record, sizeof(*record)};
    const uint32_t flags = MYC_FILE_WRITE | MYC_FILE_CREATE | MYC_FILE_TRUNCATE;
    enum myc_status status = myc_file_open(file, target, flags, &handle, NULL);
    if (status == MYC_OK) {
        status = myc_file_write(file, handle, 0, span);
    }
    if (status == MYC_OK && (steps & SYNC_FILE) != 0) {
        status = myc_file_sync(file, handle);
    }
    myc_file_close(file, handle);
    if (status == MYC_OK && (steps & RENAME) != 0) {
        status = myc_file_rename(file, path_new, path);
    }
    if (status == MYC_OK && (steps & SYNC_DIRECTORY) != 0) {
        status = myc_file_sync_directory(file, directory);
    }
    return status;
}

/** The program: looks at what the last boot left, then writes version after version. */
static int keep_registry(struct myc_platform *platform, void *arg)
{
    struct outside *outside = arg;
    struct record *record = myc_memory_allocate(platform->memory, sizeof(*record), 8);
    uint64_t version = 0;
    if (record == NULL) {
        return 1;
    }
    if (read_record(platform, record)) {
        myc_sim_check(outside->sim, is_whole(record), "a record is found whole or not at all");
        version = record->version;
    }
    myc_sim_check(
        outside->sim,
        version >= outside->acknowledged,
        "the record is as new as the last one acknowledged");
    while (outside->acknowledged < VERSIONS) {
        record->version = ++version;
        for (size_t i = 0; i < RECORD_BYTES / 8; i++) {
            record->filling[i] = version;
        }
        enum myc_status status = replace_record(platform, outside->steps, record);
        if (status == MYC_OK) {
            outside->acknowledged = version;
        } else {
            myc_sim_count(outside->sim, "writes refused", 1);
        }
        rest(platform, 1000000);
    }
    myc_memory_release(platform->memory, record, sizeof(*record));
    return 0;
}

struct watched {
    struct myc_sim *sim;
    struct myc_sim_process process;
};

static bool has_ended(void *context)
{
    const struct watched *watched = context;
    return !myc_sim_is_running(watched->sim, watched->process);
}

/* One host, whose power goes now and then, until the last version is acknowledged. */
static void run(struct myc_sim *sim, uint32_t steps)
{
    struct outside outside = {.sim = sim, .steps = steps};
    struct watched watched = {.sim = sim};
    uint64_t losses_left = 1 + myc_sim_choose(sim, "registry.losses", LOSSES_MAX);
    // A registry that retries after a failed sync writes everything anew, so it bears these.
    myc_sim_allow(sim, MYC_SIM_FAULT_FILE_ERROR, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_FILE_FULL, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_SYNC_ERROR, true);
    for (int start = 0; start < STARTS_MAX; start++) {
        watched.process = myc_sim_start(sim, "disk", "registry", keep_registry, &outside);
        myc_sim_allow_kill(sim, watched.process, 3);
        myc_sim_allow_power_loss(sim, "disk", 3);
        uint64_t wait_ns = myc_sim_range(sim, "registry.wait", 1000, 15000000);
        bool is_over = myc_sim_run_until(sim, has_ended, &watched, myc_sim_now_ns(sim) + wait_ns);
        if (!is_over && losses_left > 0) {
            losses_left--;
            myc_sim_power_loss(sim, "disk");
        } else if (!is_over) {
            myc_sim_faults(sim, false);
            is_over = myc_sim_run_until(
                sim, has_ended, &watched, myc_sim_now_ns(sim) + UINT64_C(1000000000));
            myc_sim_check(sim, is_over, "a registry that is left alone comes to its end");
        }
        if (myc_sim_exit_code(sim, watched.process) == 0) {
            break;
        }
    }
    size_t size = 0;
    const struct record *record = myc_sim_get_file(sim, "disk", path, &size);
    myc_sim_check(
        sim,
        record != NULL && size == sizeof(*record) && record->version >= VERSIONS,
        "the last version is there");
    myc_sim_count(sim, "power losses", myc_sim_power_losses(sim, "disk"));
    myc_sim_count(sim, "versions", outside.acknowledged);
}

static void run_whole(struct myc_sim *sim)
{
    run(sim, ALL_STEPS);
}

static void run_no_directory(struct myc_sim *sim)
{
    run(sim, ALL_STEPS & ~(uint32_t)SYNC_DIRECTORY);
}

static void run_no_sync(struct myc_sim *sim)
{
    run(sim, ALL_STEPS & ~(uint32_t)SYNC_FILE);
}

static void run_no_rename(struct myc_sim *sim)
{
    run(sim, ALL_STEPS & ~(uint32_t)RENAME);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"registry", "a record on disk that is replaced for good, under power losses", run_whole},
        {"registry-no-directory",
         "the same without syncing the directory: fails",
         run_no_directory},
        {"registry-no-sync", "the same without syncing the file: fails", run_no_sync},
        {"registry-no-rename", "the same, writing over the old record: fails", run_no_rename},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}

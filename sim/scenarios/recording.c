// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A recorder whose process is killed and whose host loses its power, on a disk that refuses now and
 * then. Each start records into a file of its own and first reads what the earlier ones left.
 * Oracles: all that was called synced is read back; what is read back was appended, in order and
 * unbroken; only what was closed reads as closed, and nothing reads as damaged.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <mycelium/atomic.h>
#include <mycelium/bytes.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/wait.h>
#include <mycelium/recording.h>

#include <stdio.h>
#include <string.h>

enum { FILES_MAX = 40, CLOSED_WANTED = 3, MESSAGES = 60, LOSSES_MAX = 6, PAYLOAD_MAX = 200 };

/** What the outside world knows of one file; no power loss touches it. */
struct outside_file {
    uint64_t base;     /* the sequence before its first message */
    uint64_t appended; /* of the last message taken */
    uint64_t synced;   /* of the last one promised */
    bool is_made;
    bool is_closed;
};

struct outside {
    struct myc_sim *sim;
    struct outside_file files[FILES_MAX];
    uint32_t file_count;
    uint32_t closed_count;
    bool is_durable;
};

static void path_of(uint32_t index, char *out_path, size_t capacity)
{
    (void)snprintf(out_path, capacity, "/var/tmp/recording-%u", index);
}

static size_t payload_of(uint32_t file, uint64_t sequence, unsigned char *out_bytes)
{
    size_t size = (size_t)((sequence * 37 + file) % PAYLOAD_MAX);
    memset(out_bytes, (int)((sequence + file) & 0xFF), size);
    return size;
}

// ---- Reading what is there ----

static bool is_as_appended(uint32_t file, const struct myc_record *record)
{
    unsigned char bytes[PAYLOAD_MAX];
    size_t size = payload_of(file, record->sequence, bytes);
    return record->type == 1 && record->size == size
           && (size == 0 || memcmp(record->payload, bytes, size) == 0);
}

static void check_end(
    const struct outside *outside,
    const struct outside_file *file,
    enum myc_status status,
    uint64_t last)
{
    struct myc_sim *sim = outside->sim;
    myc_sim_check(sim, last <= file->appended, "nothing is read that was not appended");
    myc_sim_check(
        sim, last >= file->synced || !outside->is_durable, "what was synced is read back");
    if (outside->is_durable) {
        myc_sim_check(sim, status != MYC_CORRUPT, "no durable recording is damaged");
        myc_sim_check(
            sim, status == MYC_END || !file->is_closed, "what was closed reads as closed");
    }
    myc_sim_check(
        sim, status != MYC_END || last == file->appended, "what reads as closed has every message");
    myc_sim_count(sim, status == MYC_END ? "read whole" : "read cut", 1);
}

// However often the disk refuses to read. The simulated disk refuses at random, never for ever.
static void read_one(struct myc_platform *platform, struct outside *outside, uint32_t index)
{
    const struct outside_file *file = &outside->files[index];
    struct myc_recording_reader reader = {0};
    struct myc_record record;
    char path[64];
    uint64_t last = file->base;
    enum myc_status status;
    path_of(index, path, sizeof(path));
    do {
        status = myc_recording_open(&reader, platform, path, NULL);
    } while (status == MYC_IO);
    if (status != MYC_OK) {
        bool is_excused = !file->is_made || !outside->is_durable;
        myc_sim_check(outside->sim, is_excused, "a file that was made is there");
        return;
    }
    do {
        status = myc_recording_next(&reader, &record, NULL, NULL);
        if (status == MYC_OK) {
            myc_sim_check(outside->sim, record.sequence == last + 1, "messages are read in order");
            myc_sim_check(outside->sim, is_as_appended(index, &record), "messages are as appended");
            last = record.sequence;
        }
    } while (status == MYC_OK || status == MYC_IO);
    check_end(outside, file, status, last);
    myc_recording_reader_close(&reader);
}

// ---- Recording ----

/** Waits a while on a clock that others' faults may move. */
static void rest(struct myc_platform *platform, uint64_t duration_ns)
{
    struct myc_atomic_u32 word = {0};
    uint64_t deadline = myc_clock_monotonic_ns(platform->clock) + duration_ns;
    while (myc_wait_wait(platform->wait, &word, 0, deadline, MYC_WAIT_PROCESS) == MYC_OK) {
    }
}

/** Appends one after another; false when the file is not worth going on with. */
static bool append_all(
    struct myc_platform *platform,
    struct outside *outside,
    struct outside_file *file,
    struct myc_recording_writer *writer)
{
    uint32_t index = (uint32_t)(file - outside->files);
    unsigned char bytes[PAYLOAD_MAX];
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        struct myc_record record = {
            .type = 1,
            .size = (uint32_t)payload_of(index, file->base + i, bytes),
            .payload = bytes,
            .sequence = file->base + i,
        };
        // A full disk and a refused write may be tried again.
        enum myc_status status = MYC_IO;
        for (int attempt = 0; attempt < 4 && status != MYC_OK; attempt++) {
            uint64_t now_ns = myc_clock_monotonic_ns(platform->clock);
            file->appended = record.sequence; // Once the call began the message may be there.
            status = myc_recording_append(writer, &record, now_ns);
            file->synced = myc_recording_synced(writer);
        }
        if (status != MYC_OK) {
            file->appended = record.sequence - 1;
            return false;
        }
        if (i % 7 == 0) {
            rest(platform, 200000);
        }
    }
    return true;
}

static int keep_recording(struct myc_platform *platform, void *arg)
{
    struct outside *outside = arg;
    for (uint32_t i = 0; i < outside->file_count; i++) {
        read_one(platform, outside, i);
    }
    while (outside->closed_count < CLOSED_WANTED && outside->file_count < FILES_MAX) {
        uint32_t index = outside->file_count++;
        struct outside_file *file = &outside->files[index];
        struct myc_recording_writer writer = {0};
        const struct myc_recording_options options = {
            .block_bytes = 4096, .is_durable = outside->is_durable, .sync_interval_ns = 500000};
        struct myc_recording_info info = {.topic = "numbers", .base_sequence = index * 1000};
        char path[64];
        path_of(index, path, sizeof(path));
        *file = (struct outside_file){
            .base = info.base_sequence,
            .appended = info.base_sequence,
            .synced = info.base_sequence,
        };
        if (myc_recording_create(&writer, platform, path, &info, &options, NULL) != MYC_OK) {
            myc_sim_count(outside->sim, "files refused", 1);
            continue;
        }
        file->is_made = true;
        bool is_whole = append_all(platform, outside, file, &writer);
        enum myc_status status = myc_recording_close(&writer);
        if (is_whole && status == MYC_OK) {
            file->synced = file->appended;
            file->is_closed = true;
            outside->closed_count++;
        } else {
            myc_sim_count(outside->sim, "files given up", 1);
        }
        read_one(platform, outside, index);
    }
    return 0;
}

// ---- The scenarios ----

struct watched {
    struct myc_sim *sim;
    struct myc_sim_process process;
};

static bool has_ended(void *context)
{
    const struct watched *watched = context;
    return !myc_sim_is_running(watched->sim, watched->process);
}

static void run(struct myc_sim *sim, bool is_durable)
{
    struct outside outside = {.sim = sim, .is_durable = is_durable};
    struct watched watched = {.sim = sim};
    uint64_t losses_left = 1 + myc_sim_choose(sim, "recording.losses", LOSSES_MAX);
    myc_sim_allow(sim, MYC_SIM_FAULT_FILE_ERROR, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_FILE_FULL, true);
    myc_sim_allow(sim, MYC_SIM_FAULT_SYNC_ERROR, is_durable);
    bool is_over = false;
    while (!is_over || myc_sim_exit_code(sim, watched.process) != 0) {
        watched.process = myc_sim_start(sim, "disk", "recorder", keep_recording, &outside);
        myc_sim_allow_kill(sim, watched.process, 3);
        myc_sim_allow_power_loss(sim, "disk", 3);
        uint64_t wait_ns = myc_sim_range(sim, "recording.wait", 1000, 5000000);
        is_over = myc_sim_run_until(sim, has_ended, &watched, myc_sim_now_ns(sim) + wait_ns);
        if (!is_over && losses_left > 0) {
            losses_left--;
            myc_sim_power_loss(sim, "disk");
        } else if (!is_over) {
            myc_sim_faults(sim, false);
            is_over = myc_sim_run_until(
                sim, has_ended, &watched, myc_sim_now_ns(sim) + UINT64_C(1000000000));
            myc_sim_check(sim, is_over, "a recorder that is left alone comes to its end");
        }
    }
    myc_sim_check(
        sim,
        outside.closed_count == CLOSED_WANTED || outside.file_count == FILES_MAX,
        "recordings are closed in the end");
    myc_sim_count(sim, "files", outside.file_count);
}

static void run_durable(struct myc_sim *sim)
{
    run(sim, true);
}

static void run_volatile(struct myc_sim *sim)
{
    run(sim, false);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"recording", "durable recordings under kills and power losses", run_durable},
        {"recording-volatile", "recordings that no power loss spares in whole", run_volatile},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Owns a ring under a name or in a file and writes ticks into it: `segment-writer NAME COUNT`. With
 * `leave-at N` or `die-at N` it stops there, and the next writer goes on where this one stopped.
 */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdlib.h>

#include "common.h"

static struct myc_ring_owner owner;

// Goes on with what a writer before left; makes another ring where that cannot be gone on with.
static enum myc_status
open_ring(struct myc_platform *platform, const char *name, struct myc_diagnostic *why)
{
    struct myc_ring_owner_options options = {
        .kind = kind_of(name),
        .name = name,
        .existing = MYC_PLACE_TAKE_OVER,
        .is_kept = true, // until the last tick is written
        .ring =
            {.capacity_bytes = CAPACITY,
             .readers_max = 4,
             .readers_may_sleep = true,
             .writer_may_sleep = true},
    };
    enum myc_status status = myc_ring_owner_open(&owner, platform, &options, why);
    while (status == MYC_IN_USE) {
        rest(platform); // another writer lives
        status = myc_ring_owner_open(&owner, platform, &options, why);
    }
    if (status == MYC_PEER_DIED || status == MYC_CLOSED || status == MYC_STALE) {
        options.existing = MYC_PLACE_RECREATE;
        status = myc_ring_owner_open(&owner, platform, &options, why);
    }
    return status;
}

static void write_tick(struct myc_platform *platform)
{
    struct tick *tick;
    while ((tick = myc_ring_claim(&owner.writer, sizeof(*tick))) == NULL) {
        // Full: until a guest has made room. Who died makes none.
        if (myc_ring_owner_wait(&owner, sizeof(*tick), in_ms(platform, 100)) == MYC_TIMEOUT) {
            (void)myc_ring_owner_sweep(&owner);
        }
        (void)myc_ring_owner_serve(&owner);
    }
    tick->number = myc_ring_committed(&owner.writer) + 1;
    tick->price = (double)tick->number;
    myc_ring_commit(&owner.writer, TYPE_TICK, 1, sizeof(*tick));
    myc_ring_owner_wake(&owner);
    (void)myc_ring_owner_serve(&owner);
}

static int write_ticks(struct myc_platform *platform, uint64_t count, uint64_t stop_at, bool dies)
{
    // Nobody writes to nobody.
    while (myc_ring_readers(&owner.writer) == 0) {
        if (myc_ring_owner_serve(&owner) == 0
            && myc_ring_owner_wait(&owner, SIZE_MAX, in_ms(platform, 10000)) == MYC_TIMEOUT) {
            fputs("nobody came to read\n", stderr);
            return 1;
        }
    }
    while (myc_ring_committed(&owner.writer) < count) {
        if (myc_ring_committed(&owner.writer) == stop_at && dies) {
            (void)raise(SIGKILL);
        }
        if (myc_ring_committed(&owner.writer) == stop_at) {
            return 0;
        }
        write_tick(platform);
    }
    myc_place_keep(&owner.place, false);
    return 0;
}

int main(int argc, char **argv)
{
    struct myc_platform *platform = NULL;
    struct myc_diagnostic why;
    if (argc != 3 && argc != 5) {
        fputs("usage: segment-writer NAME COUNT [leave-at N | die-at N]\n", stderr);
        return 2;
    }
    uint64_t count = strtoull(argv[2], NULL, 10);
    uint64_t stop_at = argc == 5 ? strtoull(argv[4], NULL, 10) : UINT64_MAX;
    bool dies = argc == 5 && strcmp(argv[3], "die-at") == 0;
    enum myc_status status = myc_posix_create(&platform, &why);
    if (status == MYC_OK) {
        status = open_ring(platform, argv[1], &why);
    }
    if (status != MYC_OK) {
        fprintf(stderr, "segment-writer: %s\n", why.text);
        return 1;
    }
    printf(
        "writer: %s at tick %llu\n",
        myc_place_was_taken_over(&owner.place) ? "goes on" : "begins",
        (unsigned long long)myc_ring_committed(&owner.writer) + 1);
    (void)fflush(stdout);
    int result = write_ticks(platform, count, stop_at, dies);
    myc_ring_owner_close(&owner);
    myc_posix_destroy(platform);
    return result;
}

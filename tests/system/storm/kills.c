// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * kill -9 at any instant: half of the victims read a ring of this process, half write one that this
 * process reads. Whoever is left goes on exactly, and nothing stays behind.
 */
#define _GNU_SOURCE 1
#include "system/storm/kills.h"

#include <stdio.h>

static const struct child_role roles[] = {
    {"reader", kills_reader_role}, {"steady", kills_steady_role}, {"writer", kills_writer_role}};

enum { ROLES = sizeof roles / sizeof roles[0], WARM_UP = 16 };

int main(int argc, char **argv)
{
    uint64_t kills = STORM_ASAN || STORM_TSAN ? 60 : 300;
    uint64_t seed = 1;
    struct kills_sums sums = {0};
    child_main(argc, argv, roles, ROLES);
    const struct storm_option options[] = {
        {"kills", "in all, half of readers and half of writers", &kills},
        {"seed", "of all draws; the instants are not repeated by it", &seed}};
    storm_options(
        argc,
        argv,
        "Kills readers and writers of rings in sealed memory, each a process, at any instant.",
        options,
        sizeof options / sizeof options[0]);
    uint64_t start_ns = storm_now_ns();
    struct storm_draw draw = {seed};
    struct holdings before;
    // What the first rounds take is the C library's, for good.
    kills_of_readers(WARM_UP, &draw, &sums);
    kills_of_writers(WARM_UP, &draw, &sums);
    before = holdings_now();
    kills_of_readers(kills / 2, &draw, &sums);
    holdings_check(&before);
    kills_of_writers(kills - kills / 2, &draw, &sums);
    holdings_check(&before);
    (void)printf(
        "kills: %llu readers, %llu writers (%llu before they were ready), %llu times a dead reader "
        "held the writer, %llu messages read, %llu lost by lapping readers, seed %llu, %.1f s\n",
        (unsigned long long)sums.readers,
        (unsigned long long)sums.writers,
        (unsigned long long)sums.early,
        (unsigned long long)sums.held,
        (unsigned long long)sums.received,
        (unsigned long long)sums.lost,
        (unsigned long long)seed,
        (double)(storm_now_ns() - start_ns) / 1e9);
    STORM_CHECK(sums.readers + sums.writers == kills + 2 * WARM_UP, "not all were killed");
    STORM_CHECK(sums.early > 0 && sums.received > 0, "kills came at one kind of instant only");
    STORM_CHECK(sums.held > 0 || kills < 20, "no dead reader held the writer");
    return 0;
}

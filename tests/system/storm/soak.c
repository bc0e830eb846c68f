// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Gigabytes through rings and queues whose positions, sequences and counters pass 2^32, 2^63 and
 * the end of their range on the way; every byte is compared.
 */
#include "system/storm/soak.h"

#include <stdio.h>

#include "system/storm/storm.h"

enum { MEGABYTE = 1 << 20, ITEMS_A_MEGABYTE = 1000, STUCK_SECONDS = 60 };

int main(int argc, char **argv)
{
    uint64_t megabytes = STORM_ASAN || STORM_TSAN ? 20 : 200;
    struct soak_sums sums = {0};
    const struct storm_option options[] = {
        {"megabytes", "of payloads through rings; queues in proportion", &megabytes}};
    storm_options(
        argc,
        argv,
        "Sends gigabytes through rings and queues whose counters wrap, and compares every byte.",
        options,
        sizeof options / sizeof options[0]);
    uint64_t start_ns = storm_now_ns();
    uint64_t half = (megabytes + 1) / 2 * MEGABYTE;
    storm_watch_start(1, STUCK_SECONDS);
    soak_rings(half, UINT64_C(1) << 32, &sums);
    soak_rings(half, UINT64_C(1) << 63, &sums);
    soak_queues((megabytes + 1) * ITEMS_A_MEGABYTE, &sums);
    storm_watch_stop();
    (void)printf(
        "soak: %.2f GB published in %llu messages, %.2f GB compared, %llu lost by lapping readers, "
        "%llu items through queues, %llu blocks, %.1f s\n",
        (double)sums.bytes / 1e9,
        (unsigned long long)sums.messages,
        (double)sums.checked / 1e9,
        (unsigned long long)sums.lapped,
        (unsigned long long)sums.items,
        (unsigned long long)sums.blocks,
        (double)(storm_now_ns() - start_ns) / 1e9);
    STORM_CHECK(sums.lapped > 0, "nobody was lapped");
    return 0;
}

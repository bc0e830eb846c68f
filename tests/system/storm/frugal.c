// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What ring, queue and pool take from the machine while they work, and while they have nothing to
 * do: no memory, no wake-ups.
 */
#include "system/storm/frugal.h"

#include <stdio.h>

#include <mycelium/posix.h>

#include "system/storm/storm.h"

int main(int argc, char **argv)
{
    uint64_t milliseconds = 300;
    struct myc_platform *platform;
    const struct storm_option options[] = {
        {"milliseconds", "for which blocked threads are watched", &milliseconds}};
    storm_options(
        argc,
        argv,
        "Shows that ring, queue and pool allocate nothing once made, and that blocked threads do\n"
        "not wake up.",
        options,
        sizeof options / sizeof options[0]);
    STORM_CHECK(myc_posix_create(&platform, NULL) == MYC_OK, "no platform");
    frugal_allocations(platform);
    frugal_wake_ups(platform, milliseconds);
    myc_posix_destroy(platform);
    return 0;
}

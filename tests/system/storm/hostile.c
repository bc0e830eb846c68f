// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Memory that is scribbled over by whoever may write it: what the others do must stay sound.
 *
 * Everything is foreign but one's own side: the writer must survive what readers' pages say, and
 * readers what the ring's memory says. Nobody may fault, loop, allocate or hand out what lies
 * outside; and nobody but the liar may suffer.
 */
#define _GNU_SOURCE 1
#include "system/storm/hostile.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mycelium/atomic.h>
#include <mycelium/posix.h>

enum { LINE_BYTES = 64 };

uint64_t hostile_value(const struct hostile_target *target, struct storm_draw *draw)
{
    static const uint64_t edges[] = {
        0,
        1,
        2,
        7,
        8,
        4095,
        4096,
        UINT64_C(1) << 31,
        UINT64_C(1) << 32,
        UINT64_C(1) << 62,
        UINT64_C(1) << 63,
        UINT64_MAX,
        UINT64_MAX - 7,
        UINT64_MAX - 1,
        INT64_MAX};
    uint64_t kind = storm_below(draw, 8);
    if (kind == 0) {
        return storm_word(draw);
    }
    if (kind == 1 || target->hint_count == 0) {
        return edges[storm_below(draw, sizeof edges / sizeof edges[0])];
    }
    const struct myc_atomic_u64 *hint = &target->hints[storm_below(draw, target->hint_count)];
    uint64_t value = myc_load_relaxed_u64(hint);
    uint64_t distance = UINT64_C(1) << storm_below(draw, 20);
    distance = storm_below(draw, 2) == 0 ? distance : storm_below(draw, distance) * 8;
    return storm_below(draw, 2) == 0 ? value + distance : value - distance;
}

void hostile_poke(const struct hostile_target *target, struct storm_draw *draw)
{
    size_t lines = target->size / LINE_BYTES;
    // Control words stand at the start of a line, most of them in the first few.
    size_t line = storm_below(draw, 4) == 0 ? storm_below(draw, lines)
                                            : storm_below(draw, lines < 8 ? lines : 8);
    size_t word = storm_below(draw, 2) == 0 ? 0 : storm_below(draw, LINE_BYTES / 8);
    void *at = target->bytes + line * LINE_BYTES + word * 8;
    myc_store_relaxed_u64((struct myc_atomic_u64 *)at, hostile_value(target, draw));
}

pid_t hostile_process_start(hostile_work_fn *work, void *context, uint64_t seed)
{
    struct storm_draw draw = {seed};
    pid_t parent = getpid();
    pid_t process = fork();
    STORM_CHECK(process >= 0, "fork: errno %d", errno);
    if (process == 0) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
            _exit(1);
        }
        for (;;) {
            work(context, &draw);
        }
    }
    return process;
}

void hostile_process_stop(pid_t process)
{
    int status = 0;
    STORM_CHECK(kill(process, SIGKILL) == 0, "errno %d", errno);
    STORM_CHECK(waitpid(process, &status, 0) == process, "errno %d", errno);
    STORM_CHECK(
        WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "it ended by itself: %d", status);
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    uint64_t seconds = 3;
    const struct storm_option options[] = {
        {"seed", "of all draws; threads are not repeated by it", &seed},
        {"seconds", "in all", &seconds}};
    storm_options(
        argc,
        argv,
        "Scribbles over readers' pages, over a ring's memory and behind blocks of a pool, from\n"
        "threads and from processes, while others use them.",
        options,
        sizeof options / sizeof options[0]);
    uint64_t start_ns = storm_now_ns();
    struct myc_platform *platform;
    STORM_CHECK(myc_posix_create(&platform, NULL) == MYC_OK, "no platform");
    hostile_pages(platform, seed, (seconds + 2) / 3);
    hostile_ring(platform, seed, (seconds + 2) / 3);
    hostile_pool(seed, seconds / 3);
    myc_posix_destroy(platform);
    (void)printf(
        "hostile: seed %llu, %.1f s\n",
        (unsigned long long)seed,
        (double)(storm_now_ns() - start_ns) / 1e9);
    return 0;
}

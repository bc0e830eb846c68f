// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Two lines ping-pong, spinning tightly: nothing that passes a message both ways can be faster.
#include "raw_line.h"

#include <string.h>

#include <mycelium/atomic.h>

#include "machine.h"

enum { TRIPS = 200000, WARM_UP = 20000 };

struct lines {
    struct myc_atomic_u64 there __attribute__((aligned(128)));
    struct myc_atomic_u64 back __attribute__((aligned(128)));
    uint64_t trips __attribute__((aligned(128)));
};

static bool answer(void *context)
{
    struct lines *lines = context;
    for (uint64_t i = 1; i <= lines->trips; i++) {
        // Pairs with the release of `there`.
        while (myc_load_acquire_u64(&lines->there) != i) {
        }
        myc_store_release_u64(&lines->back, i);
    }
    return true;
}

static bool
measure(const struct bench_setup *setup, bool has_process, double out_values[BENCH_VALUES_MAX])
{
    struct bench_partner partner;
    struct myc_histogram *histogram = bench_pages(sizeof(*histogram), false);
    struct lines *lines = bench_pages(sizeof(*lines), true);
    uint64_t warm_up = bench_amount(setup, WARM_UP);
    bool is_good = histogram != NULL && lines != NULL;
    if (is_good) {
        lines->trips = warm_up + bench_amount(setup, TRIPS);
        is_good = has_process ? bench_process_start(&partner, setup, answer, lines)
                              : bench_thread_start(&partner, setup, answer, lines);
    }
    if (is_good) {
        uint64_t before = bench_ticks();
        for (uint64_t i = 1; i <= lines->trips; i++) {
            myc_store_release_u64(&lines->there, i);
            // Pairs with the release of `back`.
            while (myc_load_acquire_u64(&lines->back) != i) {
            }
            uint64_t now = bench_ticks();
            if (i > warm_up) {
                myc_histogram_record(histogram, now - before);
            }
            before = now;
        }
        is_good = bench_partner_join(&partner);
        bench_quantiles_ns(setup, histogram, 2, out_values);
    }
    bench_pages_free(lines, sizeof(*lines));
    bench_pages_free(histogram, sizeof(*histogram));
    return is_good;
}

bool raw_line_threads(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, false, out_values);
}

bool raw_line_processes(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, true, out_values);
}

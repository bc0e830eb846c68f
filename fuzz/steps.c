// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The counter behind steps.h. This file and the harnesses are not counted themselves.
#include "steps.h"

#include <stdio.h>
#include <string.h>

#include "fuzz.h"

enum { SHARES = 101 };

static uint64_t steps;
static unsigned peak;

// libFuzzer takes what is set here for coverage: a larger share of the bound is something new.
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t shares[SHARES];

// What code compiled with -fsanitize-coverage=trace-pc calls, by the linker's --wrap.
void __wrap___sanitizer_cov_trace_pc(void);
void __wrap___sanitizer_cov_trace_pc(void)
{
    steps++;
}

void fuzz_steps_begin(void)
{
    steps = 0;
}

void fuzz_steps_end(size_t bytes, uint64_t base, uint64_t per_byte)
{
    uint64_t bound = base + per_byte * bytes;
    uint64_t made = steps;
    if (made > bound) {
        (void)fprintf(
            stderr,
            "%llu steps for %zu bytes are above the bound of %llu\n",
            (unsigned long long)made,
            bytes,
            (unsigned long long)bound);
        abort();
    }
    unsigned share = (unsigned)(made * (SHARES - 1) / bound);
    shares[share] = 1;
    peak = share > peak ? share : peak;
}

unsigned fuzz_steps_peak(void)
{
    return peak;
}

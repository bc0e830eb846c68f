// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Medians, quartiles, and what they say about a bar.
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

double bench_quantile(const double *values, size_t count, double quantile)
{
    double sorted[BENCH_REPETITIONS_MAX];
    if (count > BENCH_REPETITIONS_MAX) {
        count = BENCH_REPETITIONS_MAX;
    }
    memcpy(sorted, values, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare_doubles);
    double place = quantile * (double)(count - 1);
    size_t below = (size_t)place;
    size_t above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (sorted[above] - sorted[below]) * (place - (double)below);
}

double bench_median(const double *values, size_t count)
{
    return bench_quantile(values, count, 0.5);
}

void bench_compare(
    const struct bench_case *of,
    const double *ours,
    const double *reference,
    uint32_t runs,
    struct bench_result *out_result)
{
    double ratios[BENCH_REPETITIONS_MAX];
    for (uint32_t i = 0; i < runs; i++) {
        ratios[i] = ours[i] / reference[i];
    }
    struct bench_result result = {.of = of, .runs = runs, .holds = BENCH_HOLDS_UNCLEAR};
    result.ours = bench_median(ours, runs);
    result.reference = bench_median(reference, runs);
    result.ratio = result.ours / result.reference;
    result.low = bench_quantile(ratios, runs, 0.25);
    result.high = bench_quantile(ratios, runs, 0.75);
    // The ratio of the medians need not be the median of the ratios.
    result.low = result.low < result.ratio ? result.low : result.ratio;
    result.high = result.high > result.ratio ? result.high : result.ratio;
    result.spread = (result.high - result.low) / result.ratio;
    if (of->better == BENCH_LOWER ? result.high <= of->bar : result.low >= of->bar) {
        result.holds = BENCH_HOLDS_YES;
    } else if (of->better == BENCH_LOWER ? result.low > of->bar : result.high < of->bar) {
        result.holds = BENCH_HOLDS_NO;
    }
    *out_result = result;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Histograms: how often which value came, for latencies, in a fixed size and without rounding
 * surprises.
 *
 * Buckets are log-linear: 64 to each power of two. A value below 64 has a bucket of its own; above,
 * a reported quantile is at most 1/64 too large and never too small.
 */
#ifndef MYC_HISTOGRAM_H
#define MYC_HISTOGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MYC_HISTOGRAM_STEPS = 64, /* buckets to a power of two */
    MYC_HISTOGRAM_BUCKETS = 59 * MYC_HISTOGRAM_STEPS
};

/** Placed by the caller; all zero is an empty one. One thread at a time. */
struct myc_histogram {
    uint64_t count;
    uint64_t min; /* meaningless while count is 0 */
    uint64_t max;
    uint64_t buckets[MYC_HISTOGRAM_BUCKETS];
};

/** Counts one value. [HISTOGRAM-1] */
void myc_histogram_record(struct myc_histogram *histogram, uint64_t value);

/** Adds everything that `source` counted. [HISTOGRAM-2] */
void myc_histogram_merge(struct myc_histogram *histogram, const struct myc_histogram *source);

/**
 * The smallest value that at least `per_million` millionths of all values do not exceed, as the
 * upper end of its bucket and at most the largest value; e.g. 500000 is the median. [HISTOGRAM-3]
 *
 * Returns: 0 for an empty histogram. A `per_million` above a million counts as a million.
 */
uint64_t myc_histogram_quantile(const struct myc_histogram *histogram, uint32_t per_million);

#ifdef __cplusplus
}
#endif

#endif

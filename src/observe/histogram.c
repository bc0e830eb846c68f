// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Log-linear histograms: the bucket of a value is its highest bit and the six bits below that.
 *
 * Invariant: count is the sum of all buckets. Nothing here knows what the values mean.
 */
#include <mycelium/histogram.h>

#include <stddef.h>

enum { STEP_BITS = 6, MILLION = 1000000 };

_Static_assert(1 << STEP_BITS == MYC_HISTOGRAM_STEPS, "a step for each value of the bits below");
_Static_assert(
    MYC_HISTOGRAM_BUCKETS == (64 - STEP_BITS + 1) * MYC_HISTOGRAM_STEPS, "all of 64 bits fit");

static size_t bucket_of(uint64_t value)
{
    if (value < MYC_HISTOGRAM_STEPS) {
        return (size_t)value;
    }
    unsigned shift = 63U - (unsigned)__builtin_clzll(value) - STEP_BITS;
    return ((size_t)shift << STEP_BITS) + (size_t)(value >> shift);
}

// The largest value of a bucket.
static uint64_t bucket_end(size_t bucket)
{
    if (bucket < MYC_HISTOGRAM_STEPS) {
        return bucket;
    }
    unsigned shift = (unsigned)(bucket >> STEP_BITS) - 1U;
    uint64_t start = (uint64_t)(bucket - ((size_t)shift << STEP_BITS)) << shift;
    return start + (((uint64_t)1 << shift) - 1);
}

void myc_histogram_record(struct myc_histogram *histogram, uint64_t value)
{
    if (histogram->count == 0 || value < histogram->min) {
        histogram->min = value;
    }
    if (histogram->count == 0 || value > histogram->max) {
        histogram->max = value;
    }
    histogram->count++;
    histogram->buckets[bucket_of(value)]++;
}

void myc_histogram_merge(struct myc_histogram *histogram, const struct myc_histogram *source)
{
    if (source->count == 0) {
        return;
    }
    if (histogram->count == 0 || source->min < histogram->min) {
        histogram->min = source->min;
    }
    if (histogram->count == 0 || source->max > histogram->max) {
        histogram->max = source->max;
    }
    histogram->count += source->count;
    for (size_t i = 0; i < MYC_HISTOGRAM_BUCKETS; i++) {
        histogram->buckets[i] += source->buckets[i];
    }
}

uint64_t myc_histogram_quantile(const struct myc_histogram *histogram, uint32_t per_million)
{
    if (histogram->count == 0) {
        return 0;
    }
    if (per_million > MILLION) {
        per_million = MILLION;
    }
    // Rounded up in two parts, so that no count overflows the product.
    uint64_t whole = histogram->count / MILLION * per_million;
    uint64_t rest = histogram->count % MILLION * per_million;
    uint64_t rank = whole + (rest + MILLION - 1) / MILLION;
    if (rank == 0) {
        rank = 1;
    }
    uint64_t seen = 0;
    size_t bucket = 0;
    while (bucket < MYC_HISTOGRAM_BUCKETS - 1) {
        seen += histogram->buckets[bucket];
        if (seen >= rank) {
            break;
        }
        bucket++;
    }
    uint64_t value = bucket_end(bucket);
    return value < histogram->max ? value : histogram->max;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Message sizes from 64 bytes to 2 MiB: over the ring in three places, and framed in fragments of
// three sizes and in three places. Each side's values are one curve of a plot.
#include "machine.h"
#include "sweep.h"

enum {
    SIZES = 8,
    TRIP_BYTES = 8 * 1024 * 1024,
    RATE_BYTES = 32 * 1024 * 1024,
    TRIPS_MAX = 4000,
    MESSAGES_MAX = 100000,
    COUNT_MIN = 8,
    KIB = 1024
};

#define SIZE_VALUES                                                                                \
    {                                                                                              \
        "64 B", "256 B", "1 KiB", "4 KiB", "16 KiB", "64 KiB", "512 KiB", "2 MiB"                  \
    }

static const double sizes[SIZES] = {64, 256, 1024, 4096, 16384, 65536, 524288, 2097152};

static uint64_t count_of(const struct bench_setup *setup, uint64_t bytes, size_t size, uint64_t max)
{
    uint64_t count = bytes / size < max ? bytes / size : max;
    count = setup->is_quick ? count / 100 : count;
    return count > COUNT_MIN ? count : COUNT_MIN;
}

static bool
trips(const struct bench_setup *setup, enum fixture_place place, uint32_t fragment, double *out)
{
    for (size_t i = 0; i < SIZES; i++) {
        struct sweep_options options = {place, (size_t)sizes[i], fragment};
        uint64_t count = count_of(setup, TRIP_BYTES, options.bytes, TRIPS_MAX);
        double quantiles[3];
        if (!sweep_round_trip(setup, &options, count, quantiles)) {
            return false;
        }
        out[i] = quantiles[0];
    }
    return true;
}

static bool
rates(const struct bench_setup *setup, enum fixture_place place, uint32_t fragment, double *out)
{
    for (size_t i = 0; i < SIZES; i++) {
        struct sweep_options options = {place, (size_t)sizes[i], fragment};
        uint64_t count = count_of(setup, RATE_BYTES, options.bytes, MESSAGES_MAX);
        if (!sweep_rate(setup, &options, count, &out[i])) {
            return false;
        }
    }
    return true;
}

#define SIDES_(name, place, fragment)                                                              \
    static bool name##_trips(const struct bench_setup *setup, double out[BENCH_VALUES_MAX])        \
    {                                                                                              \
        return trips(setup, place, fragment, out);                                                 \
    }                                                                                              \
    static bool name##_rates(const struct bench_setup *setup, double out[BENCH_VALUES_MAX])        \
    {                                                                                              \
        return rates(setup, place, fragment, out);                                                 \
    }

SIDES_(ring_heap, FIXTURE_HEAP, 0)
SIDES_(ring_shm, FIXTURE_MEMFD, 0)
SIDES_(ring_file, FIXTURE_FILE, 0)
SIDES_(framed_4k, FIXTURE_HEAP, 4 * KIB)
SIDES_(framed_16k, FIXTURE_HEAP, 16 * KIB)
SIDES_(framed_64k, FIXTURE_HEAP, 64 * KIB)
SIDES_(framed_shm, FIXTURE_MEMFD, 64 * KIB)
SIDES_(framed_file, FIXTURE_FILE, 64 * KIB)

static const struct bench_side ring_trip_sides[] = {
    {"heap", ring_heap_trips, SIZE_VALUES},
    {"memfd", ring_shm_trips, SIZE_VALUES},
    {"file", ring_file_trips, SIZE_VALUES},
};
static const struct bench_side ring_rate_sides[] = {
    {"heap", ring_heap_rates, SIZE_VALUES},
    {"memfd", ring_shm_rates, SIZE_VALUES},
    {"file", ring_file_rates, SIZE_VALUES},
};
static const struct bench_side framed_trip_sides[] = {
    {"heap, fragments of 4 KiB", framed_4k_trips, SIZE_VALUES},
    {"heap, 16 KiB", framed_16k_trips, SIZE_VALUES},
    {"heap, 64 KiB", framed_64k_trips, SIZE_VALUES},
    {"memfd, 64 KiB", framed_shm_trips, SIZE_VALUES},
    {"file, 64 KiB", framed_file_trips, SIZE_VALUES},
};
static const struct bench_side framed_rate_sides[] = {
    {"heap, fragments of 4 KiB", framed_4k_rates, SIZE_VALUES},
    {"heap, 16 KiB", framed_16k_rates, SIZE_VALUES},
    {"heap, 64 KiB", framed_64k_rates, SIZE_VALUES},
    {"memfd, 64 KiB", framed_shm_rates, SIZE_VALUES},
    {"file, 64 KiB", framed_file_rates, SIZE_VALUES},
};

static const struct bench_sweep ring_trip_sweep = {
    "ring-sweep-trip", "ring: half a round trip", "bytes a message", "ns", sizes, SIZES, 0, 3};
static const struct bench_sweep ring_rate_sweep = {
    "ring-sweep-rate", "ring: one way", "bytes a message", "million bytes/s", sizes, SIZES, 0, 3};
static const struct bench_sweep framed_trip_sweep = {
    "framed-sweep-trip", "framed: half a round trip", "bytes a message", "ns", sizes, SIZES, 0, 5};
static const struct bench_sweep framed_rate_sweep = {
    "framed-sweep-rate",
    "framed: one way",
    "bytes a message",
    "million bytes/s",
    sizes,
    SIZES,
    0,
    5};

// `at` is the index of the size that the row compares.
#define CASE_(bench_name, case_name, case_unit, text, direction, case_bar, our, their, at)         \
    {                                                                                              \
        .bench = bench_name, .name = case_name, .unit = case_unit, .reference_name = text,         \
        .better = direction, .bar = case_bar, .ours = our, .ours_value = at, .reference = their,   \
        .reference_value = at                                                                      \
    }

static const struct bench_case ring_trip_cases[] = {
    CASE_("ring", "sweep_trip_shm", "ns", "heap, 4 KiB there and back", BENCH_LOWER, 1.2, 1, 0, 3),
    CASE_("ring", "sweep_trip_file", "ns", "heap, 4 KiB there and back", BENCH_LOWER, 1.2, 2, 0, 3),
};
static const struct bench_case ring_rate_cases[] = {
    CASE_("ring", "sweep_rate_shm", "MB/s", "heap, 64 KiB", BENCH_HIGHER, 0.8, 1, 0, 5),
    CASE_("ring", "sweep_rate_file", "MB/s", "heap, 64 KiB", BENCH_HIGHER, 0.8, 2, 0, 5),
};
static const struct bench_case framed_trip_cases[] = {
    CASE_(
        "framed", "sweep_trip_4k", "ns", "2 MiB in fragments of 64 KiB", BENCH_LOWER, 1.0, 0, 2, 7),
    CASE_(
        "framed",
        "sweep_trip_16k",
        "ns",
        "2 MiB in fragments of 64 KiB",
        BENCH_LOWER,
        1.0,
        1,
        2,
        7),
};
static const struct bench_case framed_rate_cases[] = {
    CASE_(
        "framed",
        "sweep_rate_64k",
        "MB/s",
        "2 MiB in fragments of 4 KiB",
        BENCH_HIGHER,
        1.0,
        2,
        0,
        7),
    CASE_(
        "framed",
        "sweep_rate_16k",
        "MB/s",
        "2 MiB in fragments of 4 KiB",
        BENCH_HIGHER,
        1.0,
        1,
        0,
        7),
};

const struct bench_experiment bench_ring_sweep_trip = {
    ring_trip_sides, 3, ring_trip_cases, 2, &ring_trip_sweep};
const struct bench_experiment bench_ring_sweep_rate = {
    ring_rate_sides, 3, ring_rate_cases, 2, &ring_rate_sweep};
const struct bench_experiment bench_framed_sweep_trip = {
    framed_trip_sides, 5, framed_trip_cases, 2, &framed_trip_sweep};
const struct bench_experiment bench_framed_sweep_rate = {
    framed_rate_sides, 5, framed_rate_cases, 2, &framed_rate_sweep};

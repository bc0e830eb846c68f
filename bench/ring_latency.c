// SPDX-License-Identifier: MIT OR Apache-2.0
//
// How long a message takes: there and back at full speed, one way at a fixed rate, and what a
// producer that works between messages pays for each.
#include "machine.h"
#include "raw_line.h"
#include "ring_fixture.h"

enum {
    CAPACITY = 256 * 1024,
    TRIPS = 200000,
    WARM_UP = 20000,
    SWEEP_MESSAGES = 1000000,
    PACED_MESSAGES = 100000,
    PACED_PERIOD_NS = 2000
};

// ---- Round trips ----

struct echo {
    struct ring_fixture *there;
    struct ring_fixture *back;
    uint64_t trips;
};

static inline void wait_one(struct ring_fixture *fixture, uint64_t *sum)
{
    while (myc_ring_poll(&fixture->readers[0], fixture_on_record, sum, 1) == 0) {
    }
}

static bool answer(void *context)
{
    struct echo *echo = context;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < echo->trips; i++) {
        wait_one(echo->there, &sum);
        fixture_send(&echo->back->writer, i);
    }
    bench_keep(sum);
    return true;
}

static void ask(struct echo *echo, uint64_t warm_up, struct myc_histogram *histogram)
{
    uint64_t sum = 0;
    uint64_t before = bench_ticks();
    for (uint64_t i = 0; i < echo->trips; i++) {
        fixture_send(&echo->there->writer, i);
        wait_one(echo->back, &sum);
        // One stamp a trip: the end of one is the beginning of the next.
        uint64_t now = bench_ticks();
        if (i >= warm_up) {
            myc_histogram_record(histogram, now - before);
        }
        before = now;
    }
    bench_keep(sum);
}

static bool pingpong(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    struct bench_partner partner;
    struct myc_histogram *histogram = bench_pages(sizeof(*histogram), false);
    uint64_t warm_up = bench_amount(setup, WARM_UP);
    struct echo echo = {
        .there = ring_fixture_create(FIXTURE_HEAP, CAPACITY, 1),
        .back = ring_fixture_create(FIXTURE_HEAP, CAPACITY, 1),
        .trips = warm_up + bench_amount(setup, TRIPS)};
    bool is_good = histogram != NULL && echo.there != NULL && echo.back != NULL
                   && bench_thread_start(&partner, setup, answer, &echo);
    if (is_good) {
        ask(&echo, warm_up, histogram);
        is_good = bench_partner_join(&partner);
        bench_quantiles_ns(setup, histogram, 2, out_values);
    }
    ring_fixture_destroy(echo.there);
    ring_fixture_destroy(echo.back);
    bench_pages_free(histogram, sizeof(*histogram));
    return is_good;
}

// ---- A producer that works between messages ----

// Work nobody can skip: each step depends on the one before.
static inline uint64_t work(uint64_t value, uint64_t steps)
{
    for (uint64_t i = 0; i < steps; i++) {
        value = value * UINT64_C(6364136223846793005) + 1442695040888963407U;
        __asm__ volatile("" : "+r"(value));
    }
    return value;
}

static double work_ns(const struct bench_setup *setup, uint64_t count, uint64_t steps)
{
    uint64_t value = 1;
    uint64_t start = bench_ticks();
    for (uint64_t i = 0; i < count; i++) {
        value = work(value, steps);
        __asm__ volatile("" : "+r"(value));
    }
    bench_keep(value);
    return (double)(bench_ticks() - start) * setup->ns_per_tick / (double)count;
}

struct drain {
    struct ring_fixture *fixture;
    uint64_t count;
};

static bool drain_all(void *context)
{
    struct drain *drain = context;
    uint64_t sum = 0;
    for (uint64_t received = 0; received < drain->count;) {
        received +=
            myc_ring_poll(&drain->fixture->readers[0], fixture_on_record, &sum, MYC_RING_BATCH_MAX);
    }
    bench_keep(sum);
    return true;
}

// What a message costs the producer beyond its own work.
static bool
added_ns(const struct bench_setup *setup, uint64_t wanted_ns, double step_ns, double *out_ns)
{
    struct bench_partner partner;
    uint64_t count = bench_amount(setup, SWEEP_MESSAGES);
    uint64_t steps = (uint64_t)((double)wanted_ns / step_ns + 0.5);
    uint64_t value = 1;
    struct drain drain = {
        .fixture = ring_fixture_create(FIXTURE_HEAP, 4 * CAPACITY, 1), .count = 2 * count};
    if (drain.fixture == NULL || !bench_thread_start(&partner, setup, drain_all, &drain)) {
        ring_fixture_destroy(drain.fixture);
        return false;
    }
    uint64_t start = 0;
    for (uint64_t i = 0; i < 2 * count; i++) {
        // The first half warms up.
        if (i == count) {
            start = bench_ticks();
        }
        value = work(value, steps);
        fixture_send(&drain.fixture->writer, value);
    }
    double total_ns = (double)(bench_ticks() - start) * setup->ns_per_tick / (double)count;
    bool is_good = bench_partner_join(&partner);
    *out_ns = total_ns - work_ns(setup, count, steps);
    ring_fixture_destroy(drain.fixture);
    return is_good;
}

static bool sweep(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    static const uint64_t wanted_ns[] = {80, 20, 8, 0};
    const uint64_t steps = 64;
    (void)work_ns(setup, bench_amount(setup, WARM_UP), steps);
    double step_ns = work_ns(setup, bench_amount(setup, WARM_UP), steps) / (double)steps;
    for (size_t i = 0; i < sizeof(wanted_ns) / sizeof(wanted_ns[0]); i++) {
        if (!added_ns(setup, wanted_ns[i], step_ns, &out_values[i])) {
            return false;
        }
    }
    return true;
}

// ---- One way at a fixed rate ----

struct paced {
    struct ring_fixture *fixture;
    struct myc_histogram *histogram;
    uint64_t count;
};

static void on_stamped(const struct myc_record *record, void *context)
{
    struct paced *paced = context;
    const uint64_t *payload = record->payload;
    myc_histogram_record(paced->histogram, bench_ticks() - payload[0]);
    paced->count--;
}

static bool receive_paced(void *context)
{
    struct paced *paced = context;
    while (paced->count > 0) {
        (void)myc_ring_poll(&paced->fixture->readers[0], on_stamped, paced, 1);
    }
    return true;
}

// Each message is stamped with when it was due, not with when it was sent: a stall delays all that
// were due meanwhile, and they all say so.
static bool paced(const struct bench_setup *setup, double out_values[3])
{
    struct bench_partner partner;
    uint64_t count = bench_amount(setup, PACED_MESSAGES);
    struct paced state = {
        .fixture = ring_fixture_create(FIXTURE_HEAP, CAPACITY, 1),
        .histogram = bench_pages(sizeof(*state.histogram), false),
        .count = count};
    bool is_good = state.fixture != NULL && state.histogram != NULL
                   && bench_thread_start(&partner, setup, receive_paced, &state);
    if (is_good) {
        double period = PACED_PERIOD_NS / setup->ns_per_tick;
        uint64_t start = bench_ticks();
        for (uint64_t i = 1; i <= count; i++) {
            uint64_t due = start + (uint64_t)((double)i * period);
            while (bench_ticks() < due) {
            }
            fixture_send(&state.fixture->writer, due);
        }
        is_good = bench_partner_join(&partner);
        bench_quantiles_ns(setup, state.histogram, 1, out_values);
    }
    ring_fixture_destroy(state.fixture);
    bench_pages_free(state.histogram, sizeof(*state.histogram));
    return is_good;
}

static bool measure_ours(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return pingpong(setup, out_values) && paced(setup, out_values + 3);
}

static const struct bench_side sides[] = {
    {"ring",
     measure_ours,
     {"half a round trip p50",
      "p99",
      "p99.9 ns",
      "one way at 500000/s, from when due: p50",
      "p99",
      "p99.9 ns"}},
    {"two cache lines", raw_line_threads, {"half a round trip p50", "p99", "p99.9 ns"}},
    {"ring, producer working", sweep, {"added ns at 80 ns of work", "at 20", "at 8", "at 0"}},
};

static const struct bench_case cases[] = {
    {.bench = "ring",
     .name = "pingpong_p50",
     .unit = "ns",
     .reference_name = "two-line cache ping-pong, p50",
     .better = BENCH_LOWER,
     .bar = 1.35,
     .ours = 0,
     .reference = 1},
    {.bench = "ring",
     .name = "pingpong_p99",
     .unit = "ns",
     .reference_name = "two-line cache ping-pong, p99",
     .better = BENCH_LOWER,
     .bar = 2.2,
     .ours = 0,
     .ours_value = 1,
     .reference = 1,
     .reference_value = 1},
    {.bench = "ring",
     .name = "slow_producer",
     .unit = "ns",
     .reference_name = "two-line cache ping-pong, p50",
     .better = BENCH_LOWER,
     .bar = 0.30,
     .ours = 2,
     .reference = 1},
};

// In the order of sweep(); nothing at all is drawn as half a nanosecond, for the scale.
static const double work_of_values[] = {80, 20, 8, 0.5};
static const struct bench_sweep work_sweep = {
    "ring-slow-producer",
    "ring: added time a message",
    "ns of work",
    "ns",
    work_of_values,
    4,
    2,
    1};

const struct bench_experiment bench_ring_latency = {sides, 3, cases, 3, &work_sweep};

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Histograms against a sorted list of the same values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/histogram.h>

static struct myc_histogram *new_histogram(void)
{
    struct myc_histogram *histogram = calloc(1, sizeof(*histogram));
    assert_non_null(histogram);
    return histogram;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

// Nothing counted: every quantile is 0.
static void test_histogram_starts_empty(void **state)
{
    (void)state;
    struct myc_histogram *histogram = new_histogram();
    assert_int_equal(myc_histogram_quantile(histogram, 500000), 0);
    free(histogram);
}

// Values below 64 are told apart exactly. [HISTOGRAM-1]
static void test_histogram_keeps_small_values_exactly(void **state)
{
    (void)state;
    struct myc_histogram *histogram = new_histogram();
    for (uint64_t value = 0; value < 64; value++) {
        myc_histogram_record(histogram, value);
    }
    assert_int_equal(histogram->count, 64);
    assert_int_equal(myc_histogram_quantile(histogram, 0), 0);
    assert_int_equal(myc_histogram_quantile(histogram, 500000), 31);
    assert_int_equal(myc_histogram_quantile(histogram, 500001), 32);
    assert_int_equal(myc_histogram_quantile(histogram, 1000000), 63);
    assert_int_equal(myc_histogram_quantile(histogram, 2000000), 63);
    free(histogram);
}

// Each power of two and its neighbours: alone in a histogram, a value is answered as itself.
static void test_histogram_takes_every_magnitude(void **state)
{
    (void)state;
    struct myc_histogram *histogram = new_histogram();
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int step = -1; step <= 1; step++) {
            uint64_t value = ((uint64_t)1 << bit) + (uint64_t)(int64_t)step;
            memset(histogram, 0, sizeof(*histogram));
            myc_histogram_record(histogram, value);
            assert_true(myc_histogram_quantile(histogram, 1) == value);
            assert_true(histogram->min == value && histogram->max == value);
        }
    }
    memset(histogram, 0, sizeof(*histogram));
    myc_histogram_record(histogram, UINT64_MAX);
    assert_true(myc_histogram_quantile(histogram, 500000) == UINT64_MAX);
    free(histogram);
}

// A quantile is never below the true one and at most a sixty-fourth above. [HISTOGRAM-3]
static void test_histogram_quantiles_match_a_sorted_list(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static uint64_t values[COUNT];
    struct myc_histogram *histogram = new_histogram();
    uint64_t random = 7;
    for (size_t i = 0; i < COUNT; i++) {
        values[i] = next_random(&random) >> (next_random(&random) % 64);
        myc_histogram_record(histogram, values[i]);
    }
    qsort(values, COUNT, sizeof(values[0]), compare_u64);
    for (uint32_t part = 200; part <= 1000000; part += 200) {
        uint64_t exact = values[(uint64_t)COUNT * part / 1000000 - 1];
        uint64_t answer = myc_histogram_quantile(histogram, part);
        assert_true(answer >= exact);
        assert_true(answer - exact <= exact / 64);
    }
    free(histogram);
}

// Two histograms merged answer like one that got all values. [HISTOGRAM-2]
static void test_histogram_merge_adds_up(void **state)
{
    (void)state;
    struct myc_histogram *all = new_histogram();
    struct myc_histogram *first = new_histogram();
    struct myc_histogram *second = new_histogram();
    struct myc_histogram *empty = new_histogram();
    uint64_t random = 11;
    for (size_t i = 0; i < 1000; i++) {
        uint64_t value = next_random(&random) >> 40;
        myc_histogram_record(all, value);
        myc_histogram_record(i % 3 == 0 ? first : second, value);
    }
    myc_histogram_merge(first, second);
    myc_histogram_merge(first, empty);
    assert_memory_equal(first, all, sizeof(*all));
    myc_histogram_merge(empty, first);
    assert_memory_equal(empty, all, sizeof(*all));
    free(all);
    free(first);
    free(second);
    free(empty);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_histogram_starts_empty),
        cmocka_unit_test(test_histogram_keeps_small_values_exactly),
        cmocka_unit_test(test_histogram_takes_every_magnitude),
        cmocka_unit_test(test_histogram_quantiles_match_a_sorted_list),
        cmocka_unit_test(test_histogram_merge_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

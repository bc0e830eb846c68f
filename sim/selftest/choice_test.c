// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

enum { DRAWS = 2000 };

#define HEADER "mycelium-tape 2 mine plain 0\n"

// A bound below two leaves nothing to decide and takes nothing from the seed.
static void test_draw_without_a_choice_consumes_nothing(void **state)
{
    (void)state;
    struct sim__choice_source source;
    sim__choice_init_seed(&source, 7);
    assert_int_equal(sim__choice_draw(&source, "a", "x", 0), 0);
    assert_int_equal(sim__choice_draw(&source, "a", "x", 1), 0);
    assert_int_equal(source.draw_count, 0);
    struct sim__choice_source fresh;
    sim__choice_init_seed(&fresh, 7);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(
            sim__choice_draw(&source, "a", "x", 1000), sim__choice_draw(&fresh, "a", "x", 1000));
    }
}

// Every value of a bound comes up, none beyond it, about equally often.
static void test_draw_is_uniform_within_its_bound(void **state)
{
    (void)state;
    static const uint64_t bounds[] = {2, 3, 7, 10};
    for (size_t b = 0; b < 4; b++) {
        unsigned seen[10] = {0};
        struct sim__choice_source source;
        sim__choice_init_seed(&source, b);
        for (int i = 0; i < 10000; i++) {
            uint64_t value = sim__choice_draw(&source, "a", "x", bounds[b]);
            assert_true(value < bounds[b]);
            seen[value]++;
        }
        for (uint64_t v = 0; v < bounds[b]; v++) {
            assert_in_range(seen[v], 10000 / bounds[b] * 8 / 10, 10000 / bounds[b] * 12 / 10);
        }
    }
}

// Another seed is another sequence; the same seed is the same.
static void test_draw_depends_on_the_seed_alone(void **state)
{
    (void)state;
    struct sim__choice_source a;
    struct sim__choice_source b;
    struct sim__choice_source c;
    sim__choice_init_seed(&a, 1);
    sim__choice_init_seed(&b, 1);
    sim__choice_init_seed(&c, 2);
    unsigned same = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t value = sim__choice_draw(&a, "a", "x", UINT64_C(1) << 40);
        assert_int_equal(value, sim__choice_draw(&b, "other", "y", UINT64_C(1) << 40));
        same += value == sim__choice_draw(&c, "a", "x", UINT64_C(1) << 40) ? 1 : 0;
    }
    assert_int_equal(same, 0);
}

// The boring source says 0 to everything, whatever the shape of the draw.
static void test_boring_source_is_all_zero(void **state)
{
    (void)state;
    struct sim__choice_source source;
    sim__choice_init_boring(&source);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(sim__choice_draw(&source, "a", "x", 9), 0);
        assert_int_equal(sim__choice_chance(&source, "a", "x", 99, 100), 0);
        assert_int_equal(sim__choice_edges(&source, "a", "x", 9), 0);
        assert_int_equal(sim__choice_gap(&source, "a", "x", 2, 100), 0);
    }
}

// A chance comes true about as often as it says.
static void test_chance_follows_its_odds(void **state)
{
    (void)state;
    struct sim__choice_source source;
    sim__choice_init_seed(&source, 3);
    unsigned hits = 0;
    for (int i = 0; i < 10000; i++) {
        hits += (unsigned)sim__choice_chance(&source, "a", "x", 1, 10);
    }
    assert_in_range(hits, 850, 1150);
    assert_int_equal(sim__choice_chance(&source, "a", "x", 0, 10), 0);
}

// Both ends of a range come up far more often than one value in a million would.
static void test_edges_of_a_range_are_likely(void **state)
{
    (void)state;
    struct sim__choice_source source;
    sim__choice_init_seed(&source, 4);
    unsigned low = 0;
    unsigned high = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t value = sim__choice_edges(&source, "a", "x", 1000000);
        assert_true(value < 1000000);
        low += value == 0 ? 1 : 0;
        high += value == 999999 ? 1 : 0;
    }
    assert_true(low > 50);
    assert_true(high > 50);
}

// Gaps are geometric: their mean is the rate, short ones are the likeliest, the cap holds.
static void test_gap_has_the_mean_it_was_asked_for(void **state)
{
    (void)state;
    static const uint64_t rates[] = {2, 16, 128, 2000};
    for (size_t r = 0; r < 4; r++) {
        struct sim__choice_source source;
        uint64_t sum = 0;
        sim__choice_init_seed(&source, r + 10);
        for (int i = 0; i < 20000; i++) {
            uint64_t gap = sim__choice_gap(&source, "a", "x", rates[r], 1 << 20);
            assert_true(gap >= 1 && gap <= 1 << 20);
            sum += gap;
        }
        // Whole numbers round up by half on average.
        assert_in_range(sum / 20000, rates[r] * 9 / 10, rates[r] * 11 / 10 + 1);
    }
}

static void draw_mixture(struct sim__choice_source *source, uint64_t *out_values)
{
    for (int i = 0; i < DRAWS; i++) {
        const char *scope = i % 3 == 0 ? "alpha/main" : "beta/main";
        switch (i % 4) {
        case 0:
            out_values[i] = sim__choice_draw(source, scope, "pick", 5);
            break;
        case 1:
            out_values[i] = sim__choice_chance(source, scope, "coin", 1, 3);
            break;
        case 2:
            out_values[i] = sim__choice_edges(source, scope, "edge", 100);
            break;
        default:
            out_values[i] = sim__choice_gap(source, scope, "two words", 8, 1000);
            break;
        }
    }
}

// What a tape recorded from a seed replays is exactly what the seed drew.
static void test_tape_replays_what_was_recorded(void **state)
{
    (void)state;
    static uint64_t drawn[DRAWS];
    static uint64_t replayed[DRAWS];
    char message[256];
    struct sim__choice_source source;
    struct sim__choice_source tape;
    sim__choice_init_seed(&source, 99);
    sim__choice_record(&source, "mixture", false);
    draw_mixture(&source, drawn);
    sim__choice_init_boring(&tape);
    assert_true(sim__choice_add_tape(&tape, source.record, "mixture", message, sizeof(message)));
    draw_mixture(&tape, replayed);
    assert_memory_equal(drawn, replayed, sizeof(drawn));
    sim__choice_deinit(&source);
    sim__choice_deinit(&tape);
}

// An edited tape still steers the draw that it names; others are boring, values are cut to the
// bound.
static void test_tape_names_draws_by_label_scope_and_count(void **state)
{
    (void)state;
    const char *text = "mycelium-tape 2 mine plain 0\n# why\n\n3 2 a/main pick\n9 0 b/main pick";
    char message[256];
    struct sim__choice_source tape;
    sim__choice_init_boring(&tape);
    assert_true(sim__choice_add_tape(&tape, text, "mine", message, sizeof(message)));
    assert_int_equal(sim__choice_draw(&tape, "a/main", "pick", 5), 0);
    assert_int_equal(sim__choice_draw(&tape, "a/main", "other", 5), 0);
    assert_int_equal(sim__choice_draw(&tape, "a/main", "pick", 5), 0);
    assert_int_equal(sim__choice_draw(&tape, "b/main", "pick", 5), 4);
    assert_int_equal(sim__choice_draw(&tape, "a/main", "pick", 5), 3);
    assert_int_equal(sim__choice_draw(&tape, "a/main", "pick", 5), 0);
    sim__choice_deinit(&tape);
}

// A tape that cannot be read is refused with the line and what was expected.
static void test_tape_with_a_bad_line_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *line;
    } bad[] = {
        {"", "1: the tape is empty"},
        {"something\n", "1: this is no tape"},
        {"mycelium-tape 1 mine\n", "1: a tape of another format"},
        {"mycelium-tape 2 mine\n", "1: the scenario, the build or the version is missing"},
        {"mycelium-tape 2 other plain 0\n", "1: a tape of another scenario"},
        {"mycelium-tape 2 mine simcheck 0\n", "1: a tape of another kind of build"},
        {HEADER "x 1 a b\n", "2: expected the value"},
        {HEADER "1 0 a b\n1 y a b\n", "3: expected the occurrence"},
        {HEADER "1 0 a\n", "2: expected a scope and a label"},
        {HEADER "1 0\n", "2: expected"},
        {HEADER "1/1 0 a b\n", "2: expected a bound above the value"},
        {HEADER "1/ 0 a b\n", "2: expected a bound above the value"},
        {HEADER "99999999999999999999 0 a b\n", "2: expected the value"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char message[512] = "";
        struct sim__choice_source tape;
        sim__choice_init_boring(&tape);
        assert_false(sim__choice_add_tape(&tape, bad[i].text, "mine", message, sizeof(message)));
        assert_ptr_equal(strstr(message, bad[i].line), message);
        assert_non_null(strstr(message, "mycelium-tape 2 mine plain "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draw_without_a_choice_consumes_nothing),
        cmocka_unit_test(test_draw_is_uniform_within_its_bound),
        cmocka_unit_test(test_draw_depends_on_the_seed_alone),
        cmocka_unit_test(test_boring_source_is_all_zero),
        cmocka_unit_test(test_chance_follows_its_odds),
        cmocka_unit_test(test_edges_of_a_range_are_likely),
        cmocka_unit_test(test_gap_has_the_mean_it_was_asked_for),
        cmocka_unit_test(test_tape_replays_what_was_recorded),
        cmocka_unit_test(test_tape_names_draws_by_label_scope_and_count),
        cmocka_unit_test(test_tape_with_a_bad_line_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

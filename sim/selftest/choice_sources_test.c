// SPDX-License-Identifier: MIT OR Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#define HEADER "mycelium-tape 2 mine plain 0\n"
#define DENSE "mycelium-tape 2 mine plain 0 dense\n"

// ---- Bytes ----

// The input is the tape: each draw takes as few bytes as its bound needs, as they are.
static void test_bytes_are_taken_as_they_are(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {3, 255, 0x34, 0x12, 1, 2, 3, 4, 9, 0, 0, 0, 0, 0, 0, 1, 7};
    struct sim__choice_source source;
    sim__choice_init_bytes(&source, bytes, sizeof(bytes));
    assert_int_equal(sim__choice_draw(&source, "a", "x", 1), 0); // decides nothing, takes nothing
    assert_int_equal(sim__choice_draw(&source, "a", "x", 10), 3);
    assert_int_equal(sim__choice_draw(&source, "a", "x", 256), 255);
    assert_int_equal(sim__choice_draw(&source, "a", "x", 257 * 255), 0x1234);
    assert_int_equal(sim__choice_draw(&source, "a", "x", UINT64_C(1) << 32), 0x04030201);
    uint64_t big = sim__choice_edges(&source, "a", "x", UINT64_MAX);
    assert_int_equal(big, UINT64_C(0x0100000000000009));
    assert_int_equal(sim__choice_edges(&source, "a", "x", 5), 2); // 7 of 5
    assert_int_equal(source.bytes_left, 0);
}

// Past its end an input says 0 to everything, whatever the shape of the draw.
static void test_bytes_end_in_boredom(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xff};
    struct sim__choice_source source;
    sim__choice_init_bytes(&source, bytes, 1);
    assert_int_equal(sim__choice_draw(&source, "a", "x", UINT64_C(1) << 32), 0xff);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(sim__choice_draw(&source, "a", "x", 9), 0);
        assert_int_equal(sim__choice_chance(&source, "a", "x", 99, 100), 0);
        assert_int_equal(sim__choice_edges(&source, "a", "x", 9), 0);
        assert_int_equal(sim__choice_gap(&source, "a", "x", 2, 100), 0);
    }
}

static unsigned chances_of(uint64_t numerator, uint64_t denominator, uint8_t second)
{
    unsigned count = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t bytes[] = {(uint8_t)byte, second};
        struct sim__choice_source source;
        sim__choice_init_bytes(&source, bytes, 2);
        count += (unsigned)sim__choice_chance(&source, "a", "x", numerator, denominator);
        // A second byte is asked only after the highest first.
        assert_int_equal(source.bytes_left, byte == 255 && denominator > 256 * numerator ? 0 : 1);
    }
    return count;
}

// A chance costs one byte and holds for the highest ones only; 0 is false whatever the odds.
static void test_bytes_make_rare_chances_rare(void **state)
{
    (void)state;
    assert_int_equal(chances_of(1, 2, 0), 128);
    assert_int_equal(chances_of(1, 200, 0), 1);
    assert_int_equal(chances_of(1, 256, 0), 1);
    assert_int_equal(chances_of(5, 5, 0), 255);
    assert_int_equal(chances_of(1, 1000, 0), 0);
    assert_int_equal(chances_of(1, 1000, 190), 0);
    assert_int_equal(chances_of(1, 1000, 191), 1);
    assert_int_equal(chances_of(1, 100000000, 254), 0);
    assert_int_equal(chances_of(1, 100000000, 255), 1);
}

// A gap is its byte, or two for long ones, and never beyond its cap.
static void test_bytes_make_gaps(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 1, 127, 128, 0, 129, 5, 200};
    static const uint64_t gaps[] = {0, 1, 127, 128, 128 + 256 + 5, 50};
    struct sim__choice_source source;
    sim__choice_init_bytes(&source, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
        assert_int_equal(sim__choice_gap(&source, "a", "x", 7, i == 5 ? 50 : 1000), gaps[i]);
    }
}

static void draw_shapes(struct sim__choice_source *source, uint64_t *out_values)
{
    for (size_t i = 0; i < 700; i += 7) {
        out_values[i] = sim__choice_draw(source, "a", "x", 100);
        out_values[i + 1] = sim__choice_edges(source, "a", "x", 60000);
        out_values[i + 2] = sim__choice_draw(source, "a", "x", UINT64_C(1) << 20);
        out_values[i + 3] = sim__choice_draw(source, "a", "x", UINT64_C(1) << 40);
        out_values[i + 4] = sim__choice_chance(source, "a", "x", 1, 3);
        out_values[i + 5] = sim__choice_chance(source, "a", "x", 1, 400);
        out_values[i + 6] = sim__choice_gap(source, "a", "x", 200, 1 << 20);
    }
}

// What is kept of a seed as bytes draws the same again.
static void test_kept_bytes_draw_the_same(void **state)
{
    (void)state;
    uint64_t drawn[700];
    uint64_t again[700];
    struct sim__choice_source source;
    struct sim__choice_source copy;
    sim__choice_init_seed(&source, 8);
    sim__choice_keep_bytes(&source);
    draw_shapes(&source, drawn);
    sim__choice_init_bytes(&copy, source.kept, source.kept_size);
    draw_shapes(&copy, again);
    assert_memory_equal(drawn, again, sizeof(drawn));
    assert_int_equal(copy.bytes_left, 0);
    sim__choice_deinit(&source);
}

// ---- Prefixes ----

static void draw_some(struct sim__choice_source *source, uint64_t *out_values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out_values[i] = sim__choice_draw(source, "a", i % 2 == 0 ? "x" : "y", 1 << 30);
    }
}

// The first draws of a forked run are its seed's, the others those that another seed begins with.
static void test_prefix_of_a_seed_is_continued_by_another(void **state)
{
    (void)state;
    uint64_t first[20];
    uint64_t second[20];
    uint64_t forked[20];
    struct sim__choice_source source;
    sim__choice_init_seed(&source, 1);
    draw_some(&source, first, 20);
    sim__choice_init_seed(&source, 2);
    draw_some(&source, second, 20);
    sim__choice_init_seed(&source, 1);
    sim__choice_then(&source, 8, 2);
    draw_some(&source, forked, 20);
    assert_memory_equal(forked, first, 8 * sizeof(forked[0]));
    assert_memory_equal(forked + 8, second, 12 * sizeof(forked[0]));
}

// What a tape names has its value, whatever a seed draws around it; after a prefix it counts no
// more.
static void test_tape_over_a_seed_decides_what_it_names(void **state)
{
    (void)state;
    static const char text[] = HEADER "5 1 a x\n6 0 a y\n7 7 a y\n";
    uint64_t plain[20];
    uint64_t mixed[20];
    char message[256];
    struct sim__choice_source source;
    sim__choice_init_seed(&source, 3);
    draw_some(&source, plain, 20);
    sim__choice_init_seed(&source, 3);
    assert_true(sim__choice_add_tape(&source, text, "mine", message, sizeof(message)));
    draw_some(&source, mixed, 20);
    sim__choice_deinit(&source);
    for (size_t i = 0; i < 20; i++) {
        uint64_t wanted = i == 1 ? 6 : i == 2 ? 5 : i == 15 ? 7 : plain[i];
        assert_int_equal(mixed[i], wanted);
    }
    sim__choice_init_boring(&source);
    assert_true(sim__choice_add_tape(&source, text, "mine", message, sizeof(message)));
    sim__choice_then(&source, 2, 3);
    draw_some(&source, mixed, 20);
    sim__choice_deinit(&source);
    assert_int_equal(mixed[0], 0);
    assert_int_equal(mixed[1], 6);
    assert_memory_equal(mixed + 2, plain, 18 * sizeof(mixed[0]));
}

// ---- Loose and strict tapes ----

// A loose replay tells what the tape named in vain and what it had to cut.
static void test_loose_tape_counts_what_did_not_fit(void **state)
{
    (void)state;
    static const char text[] = HEADER "1 0 a x\n9 1 a x\n1 5 a x\n1 0 gone z\n";
    char message[256];
    struct sim__choice_source tape;
    sim__choice_init_boring(&tape);
    assert_true(sim__choice_add_tape(&tape, text, "mine", message, sizeof(message)));
    assert_int_equal(sim__choice_draw(&tape, "a", "x", 2), 1);
    assert_int_equal(sim__choice_draw(&tape, "a", "x", 4), 3);
    assert_int_equal(tape.entry_count, 4);
    assert_int_equal(tape.used_count, 2);
    assert_int_equal(tape.clamped_count, 1);
    assert_int_equal(sim__choice_unused_line(&tape), 4);
    sim__choice_deinit(&tape);
}

static const char dense[] = DENSE "0/2 0 a x\n# a remark\n3/9 0 b y\n1/2 1 a x\n";

static struct sim__choice_source strict_source(const char *text)
{
    char message[256];
    struct sim__choice_source tape;
    sim__choice_init_boring(&tape);
    assert_true(sim__choice_add_tape(&tape, text, "mine", message, sizeof(message)));
    assert_true(sim__choice_be_strict(&tape, text));
    return tape;
}

// A strict replay of the very same draws has nothing to complain about.
static void test_strict_tape_accepts_its_own_draws(void **state)
{
    (void)state;
    struct sim__choice_source tape = strict_source(dense);
    assert_int_equal(sim__choice_draw(&tape, "a", "x", 2), 0);
    assert_int_equal(sim__choice_draw(&tape, "b", "y", 9), 3);
    assert_int_equal(sim__choice_draw(&tape, "a", "x", 2), 1);
    sim__choice_finish_strict(&tape);
    assert_string_equal(tape.mismatch, "");
    sim__choice_deinit(&tape);
}

// The first draw that is not the tape's is named with the tape's line: another bound, label or
// scope, one too many, one too few.
static void test_strict_tape_names_the_first_other_draw(void **state)
{
    (void)state;
    static const struct {
        const char *scope;
        const char *label;
        uint64_t bound;
        const char *line;
    } others[] = {
        {"b", "y", 8, "draw 1 of y in b, of 8, but line 4 of the tape has draw 1 of y in b, of 9"},
        {"b", "z", 9, "draw 1 of z in b, of 9, but line 4"},
        {"c", "y", 9, "draw 1 of y in c, of 9, but line 4"},
        {"a", "x", 2, "draw 2 of x in a, of 2, but line 4"},
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct sim__choice_source tape = strict_source(dense);
        (void)sim__choice_draw(&tape, "a", "x", 2);
        (void)sim__choice_draw(&tape, others[i].scope, others[i].label, others[i].bound);
        assert_non_null(strstr(tape.mismatch, others[i].line));
        sim__choice_deinit(&tape);
    }
    struct sim__choice_source tape = strict_source(dense);
    sim__choice_finish_strict(&tape);
    assert_non_null(strstr(tape.mismatch, "no more draws, but line 2 of the tape"));
    sim__choice_deinit(&tape);
    tape = strict_source(DENSE);
    (void)sim__choice_draw(&tape, "a", "x", 2);
    assert_non_null(strstr(tape.mismatch, "draw 1 of x in a, of 2, but the tape ends there"));
    sim__choice_deinit(&tape);
    assert_false(sim__choice_be_strict(&tape, HEADER));
}

// ---- The enumerator ----

// Two draws, and a third only where the first came to 1.
static uint64_t draw_tree(struct myc_sim_enumerator *enumerator)
{
    struct sim__choice_source source;
    sim__choice_init_enumerated(&source, enumerator);
    uint64_t first = sim__choice_draw(&source, "a", "x", 2);
    uint64_t leaf = first * 100 + sim__choice_draw(&source, "a", "y", 3) * 10;
    (void)sim__choice_draw(&source, "world", "profile.other", 50); // not enumerated
    return leaf + (first == 1 ? sim__choice_draw(&source, "a", "z", 4) : 0);
}

// Every leaf of the tree of draws is visited, none twice within a level, the fewest choices first.
static void test_enumerator_visits_every_run(void **state)
{
    (void)state;
    static const struct myc_sim_enumerator_options options = {0};
    struct myc_sim_enumerator *enumerator = myc_sim_enumerator_create(&options);
    bool seen[124] = {false};
    unsigned leaf_count = 0;
    uint64_t last_level = 0;
    do {
        uint64_t leaf = draw_tree(enumerator);
        uint64_t choices = leaf / 100;
        choices += leaf / 10 % 10 > 0 ? 1 : 0;
        choices += leaf % 10 > 0 ? 1 : 0;
        uint64_t level = myc_sim_enumerator_state(enumerator).levels_done;
        assert_true(choices <= level);
        assert_true(seen[leaf] || choices == level);
        assert_true(level >= last_level);
        leaf_count += seen[leaf] ? 0 : 1;
        seen[leaf] = true;
        last_level = level;
    } while (myc_sim_enumerator_next(enumerator));
    struct myc_sim_enumerator_state end = myc_sim_enumerator_state(enumerator);
    assert_int_equal(leaf_count, 3 + 3 * 4);
    assert_int_equal(end.level_runs, 15);
    assert_false(end.has_more_choices);
    assert_false(end.has_more_draws);
    assert_int_equal(end.levels_done, 4);
    myc_sim_enumerator_destroy(enumerator);
}

static struct myc_sim_enumerator_state
enumerate_within(const struct myc_sim_enumerator_options *options)
{
    struct myc_sim_enumerator *enumerator = myc_sim_enumerator_create(options);
    do {
        (void)draw_tree(enumerator);
    } while (myc_sim_enumerator_next(enumerator));
    struct myc_sim_enumerator_state end = myc_sim_enumerator_state(enumerator);
    myc_sim_enumerator_destroy(enumerator);
    return end;
}

// A bound on choices, draws, runs or labels leaves runs out, and the enumerator says so.
static void test_enumerator_says_what_its_bounds_left_out(void **state)
{
    (void)state;
    struct myc_sim_enumerator_state end;
    end = enumerate_within(&(struct myc_sim_enumerator_options){.choices_max = 1});
    assert_int_equal(end.level_runs, 1 + 1 + 2);
    assert_int_equal(end.levels_done, 2);
    assert_true(end.has_more_choices);
    end = enumerate_within(&(struct myc_sim_enumerator_options){.depth_max = 2});
    assert_int_equal(end.level_runs, 6);
    assert_false(end.has_more_choices);
    assert_true(end.has_more_draws);
    end = enumerate_within(&(struct myc_sim_enumerator_options){.runs_max = 5});
    assert_int_equal(end.run_count, 5);
    assert_int_equal(end.levels_done, 2);
    assert_true(end.has_more_choices);
    end = enumerate_within(&(struct myc_sim_enumerator_options){.runs_max = 4});
    assert_int_equal(end.levels_done, 1);
    assert_true(end.has_more_choices);
    end = enumerate_within(&(struct myc_sim_enumerator_options){.only = "nothing,z"});
    assert_int_equal(end.level_runs, 1);
    end = enumerate_within(&(struct myc_sim_enumerator_options){.only = "x,z"});
    assert_int_equal(end.level_runs, 1 + 4);
    end = enumerate_within(&(struct myc_sim_enumerator_options){.only = "profile."});
    assert_int_equal(end.level_runs, 50);
}

// A scenario that draws something else after the same choices cannot be enumerated: that is said.
static void test_enumerator_notices_other_draws(void **state)
{
    (void)state;
    static const struct myc_sim_enumerator_options options = {0};
    struct myc_sim_enumerator *enumerator = myc_sim_enumerator_create(&options);
    for (int i = 0; i < 2; i++) { // the boring run, and again as the first with a choice
        (void)draw_tree(enumerator);
        assert_true(myc_sim_enumerator_next(enumerator));
    }
    struct sim__choice_source source;
    sim__choice_init_enumerated(&source, enumerator);
    (void)sim__choice_draw(&source, "a", "other", 2);
    assert_non_null(myc_sim_enumerator_state(enumerator).difference);
    assert_non_null(strstr(myc_sim_enumerator_state(enumerator).difference, "other of a"));
    myc_sim_enumerator_destroy(enumerator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_taken_as_they_are),
        cmocka_unit_test(test_bytes_end_in_boredom),
        cmocka_unit_test(test_bytes_make_rare_chances_rare),
        cmocka_unit_test(test_bytes_make_gaps),
        cmocka_unit_test(test_kept_bytes_draw_the_same),
        cmocka_unit_test(test_prefix_of_a_seed_is_continued_by_another),
        cmocka_unit_test(test_tape_over_a_seed_decides_what_it_names),
        cmocka_unit_test(test_loose_tape_counts_what_did_not_fit),
        cmocka_unit_test(test_strict_tape_accepts_its_own_draws),
        cmocka_unit_test(test_strict_tape_names_the_first_other_draw),
        cmocka_unit_test(test_enumerator_visits_every_run),
        cmocka_unit_test(test_enumerator_says_what_its_bounds_left_out),
        cmocka_unit_test(test_enumerator_notices_other_draws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

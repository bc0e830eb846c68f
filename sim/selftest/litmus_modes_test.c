// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The models of memory beside each other: which outcomes of well-known programs each one has. The
 * table of docs/guides/memory.md says the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "litmus.h"

/* A program, what happens in each model, and what more happens in some of them. */
struct row {
    const char *name;
    struct litmus_program program;
    const char *always;   /* outcomes with blanks between them */
    const char *more;     /* and these, in the models named by these letters: */
    const char *more_for; /* W weak, P portable, T tso, S strong */
};

static const struct {
    char letter;
    enum myc_sim_memory memory;
} models[] = {
    {'W', MYC_SIM_MEMORY_WEAK},
    {'P', MYC_SIM_MEMORY_PORTABLE},
    {'T', MYC_SIM_MEMORY_TSO},
    {'S', MYC_SIM_MEMORY_STRONG},
};

enum { MODELS = sizeof(models) / sizeof(models[0]), OUTCOMES_MAX = 24 };

/* Splits words in place, behind those that are there. */
static void add_outcomes(char *words, const char **outcomes)
{
    size_t count = 0;
    while (outcomes[count] != NULL) {
        count++;
    }
    while (*words != '\0') {
        size_t size = strcspn(words, " ");
        assert_true(count + 1 < OUTCOMES_MAX);
        outcomes[count++] = words;
        words += size;
        if (*words == ' ') {
            *words++ = '\0';
        }
    }
}

static void check_row(const struct row *row)
{
    for (size_t i = 0; i < MODELS; i++) {
        const char *outcomes[OUTCOMES_MAX] = {NULL};
        char always[160];
        char more[64] = "";
        (void)snprintf(always, sizeof(always), "%s", row->always);
        if (row->more_for != NULL && strchr(row->more_for, models[i].letter) != NULL) {
            (void)snprintf(more, sizeof(more), "%s", row->more);
        }
        add_outcomes(always, outcomes);
        add_outcomes(more, outcomes);
        print_message("%s, model %c\n", row->name, models[i].letter);
        litmus_memory = models[i].memory;
        litmus_expect(&row->program, outcomes);
    }
    litmus_memory = MYC_SIM_MEMORY_WEAK;
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_row(&rows[i]);
    }
}

#define CHECK_ROWS(...)                                                                            \
    do {                                                                                           \
        static const struct row rows[] = {__VA_ARGS__};                                            \
        check_rows(rows, sizeof(rows) / sizeof(rows[0]));                                          \
    } while (0)

// ---- Pieces: what each thread does ----

#define PIECE(name, ...)                                                                           \
    static void name(void)                                                                         \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }

PIECE(x1, store(&it.x, 1, RLX))
PIECE(y1, store(&it.y, 1, RLX))
PIECE(x1_y1, store(&it.x, 1, RLX); store(&it.y, 1, RLX))
PIECE(x1_y1_release, store(&it.x, 1, RLX); store(&it.y, 1, REL))
PIECE(see_y_x, it.r[0] = load(&it.y, RLX); it.r[1] = load(&it.x, RLX))
PIECE(see_y_x_acquire, it.r[0] = load(&it.y, ACQ); it.r[1] = load(&it.x, RLX))
PIECE(x1_see_y, store(&it.x, 1, RLX); it.r[0] = load(&it.y, RLX))
PIECE(y1_see_x, store(&it.y, 1, RLX); it.r[1] = load(&it.x, RLX))
PIECE(x1_fence_see_y, store(&it.x, 1, RLX); fence(SC); it.r[0] = load(&it.y, RLX))
PIECE(y1_fence_see_x, store(&it.y, 1, RLX); fence(SC); it.r[1] = load(&it.x, RLX))
PIECE(x1_sc_see_y, store(&it.x, 1, SC); it.r[0] = load(&it.y, ACQ))
PIECE(y1_sc_see_x, store(&it.y, 1, SC); it.r[1] = load(&it.x, ACQ))
PIECE(x1_swap_see_y, (void)swap(&it.x, 1, RLX); it.r[0] = load(&it.y, RLX))
PIECE(y1_swap_see_x, (void)swap(&it.y, 1, RLX); it.r[1] = load(&it.x, RLX))

// ---- Stores and later loads ----

static const char buffered[] = "01 10 11";

// Store buffering is what every model but the strong one has, until something stands between.
static void test_modes_of_store_buffering(void **state)
{
    (void)state;
    CHECK_ROWS(
        {"SB", {{x1_see_y, y1_see_x}, NULL, NULL}, buffered, "00", "WPT"},
        {"SB+fences", {{x1_fence_see_y, y1_fence_see_x}, NULL, NULL}, buffered, NULL, NULL},
        {"SB+seq_cst stores", {{x1_sc_see_y, y1_sc_see_x}, NULL, NULL}, buffered, "00", "WP"},
        {"SB+exchanges", {{x1_swap_see_y, y1_swap_see_x}, NULL, NULL}, buffered, "00", "WP"});
}

PIECE(x1_see_x_y, store(&it.x, 1, RLX); it.r[0] = load(&it.x, RLX); it.r[1] = load(&it.y, RLX))
PIECE(y1_see_y_x, store(&it.y, 1, RLX); it.r[2] = load(&it.y, RLX); it.r[3] = load(&it.x, RLX))
PIECE(y2_see_x, store(&it.y, 2, RLX); it.r[0] = load(&it.x, RLX))
PIECE(end_y, it.r[1] = load(&it.y, RLX))

// A thread sees its own stores before others do (SB+rfi); a store that comes last may still have
// been overtaken by a load (R).
static void test_modes_of_own_stores(void **state)
{
    (void)state;
    CHECK_ROWS(
        {"SB+rfi", {{x1_see_x_y, y1_see_y_x}, NULL, NULL}, "1011 1110 1111", "1010", "WPT"},
        {"R", {{x1_y1, y2_see_x}, NULL, end_y}, "01 11 12", "02", "WPT"});
}

// ---- Stores after stores, loads after loads ----

// Only the weak models let a message arrive after the word that says it is there.
static void test_modes_of_message_passing(void **state)
{
    (void)state;
    CHECK_ROWS(
        {"MP", {{x1_y1, see_y_x}, NULL, NULL}, "00 01 11", "10", "WP"},
        {"MP+release", {{x1_y1_release, see_y_x}, NULL, NULL}, "00 01 11", "10", "WP"},
        {"MP+both", {{x1_y1_release, see_y_x_acquire}, NULL, NULL}, "00 01 11", NULL, NULL});
}

PIECE(see_x_y, it.r[0] = load(&it.x, ACQ); it.r[1] = load(&it.y, ACQ))
PIECE(see_y_x_there, it.r[2] = load(&it.y, ACQ); it.r[3] = load(&it.x, ACQ))
PIECE(pass, it.r[0] = load(&it.x, RLX); store(&it.y, 1, RLX))
PIECE(see_last, it.r[1] = load(&it.y, RLX); it.r[2] = load(&it.x, RLX))

// Under TSO all threads see one order of all stores.
static void test_modes_of_third_threads(void **state)
{
    (void)state;
    static const char disagree[] =
        "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1011 1100 1101 1110 1111";
    CHECK_ROWS(
        {"IRIW", {{x1, y1, see_x_y, see_y_x_there}, NULL, NULL}, disagree, "1010", "WP"},
        {"WRC", {{x1, pass, see_last}, NULL, NULL}, "000 001 010 011 100 101 111", "110", "WP"});
}

PIECE(x1_x2, store(&it.x, 1, RLX); store(&it.x, 2, RLX))
PIECE(see_x_x, it.r[0] = load(&it.x, RLX); it.r[1] = load(&it.x, RLX))
PIECE(see_x_y1, it.r[0] = load(&it.x, RLX); store(&it.y, 1, RLX))
PIECE(see_y_x1, it.r[1] = load(&it.y, RLX); store(&it.x, 1, RLX))
PIECE(x1_y2, store(&it.x, 1, RLX); store(&it.y, 2, RLX))
PIECE(y1_x2, store(&it.y, 1, RLX); store(&it.x, 2, RLX))
PIECE(end_x_y, it.r[0] = load(&it.x, RLX); it.r[1] = load(&it.y, RLX))

// Coherence holds everywhere; what C11 allows beyond that in LB and 2+2W no model has.
static void test_modes_agree_on_what_none_has(void **state)
{
    (void)state;
    CHECK_ROWS(
        {"CoRR", {{x1_x2, see_x_x}, NULL, NULL}, "00 01 02 11 12 22", NULL, NULL},
        {"LB", {{see_x_y1, see_y_x1}, NULL, NULL}, "00 01 10", NULL, NULL},
        {"2+2W", {{x1_y2, y1_x2}, NULL, end_x_y}, "12 21 22", NULL, NULL});
}

// ---- Calls of the kernel ----

static void wake_nobody(void)
{
    (void)myc_wait_wake(litmus_platform->wait, &it.z, 1, MYC_WAIT_PROCESS);
}

PIECE(x1_wake_see_y, store(&it.x, 1, RLX); wake_nobody(); it.r[0] = load(&it.y, RLX))
PIECE(y1_wake_see_x, store(&it.y, 1, RLX); wake_nobody(); it.r[1] = load(&it.x, RLX))

// On Linux a wake-up is a fence; whoever relies on that is found by the portable model alone.
static void test_modes_of_wake_ups(void **state)
{
    (void)state;
    CHECK_ROWS({"SB+wakes", {{x1_wake_see_y, y1_wake_see_x}, NULL, NULL}, buffered, "00", "P"});
}

// ---- Compare-exchanges that fail ----

static bool compare_weakly(struct myc_atomic_u32 *word, uint32_t *expected, uint32_t desired)
{
    return myc_compare_exchange_weak_u32(word, expected, desired);
}

PIECE(see_y_compare_x, it.r[0] = load(&it.y, RLX); it.r[1] = compare(&it.x, 5, 7, RLX))
PIECE(y1_compare_x_sc, store(&it.y, 1, SC); it.r[1] = compare(&it.x, 5, 7, SC))
PIECE(y1_compare_x, store(&it.y, 1, SC); it.r[1] = compare(&it.x, 5, 7, RLX))
PIECE(see_y_change_x, it.r[0] = load(&it.y, RLX); it.r[1] = compare(&it.x, 1, 7, RLX))
PIECE(see_y_take_x, it.r[0] = load(&it.y, RLX); it.r[1] = compare(&it.x, 0, 7, RLX))
PIECE(x1_see_y_sc, store(&it.x, 1, SC); it.r[0] = load(&it.y, SC))

static void see_y_change_x_weakly(void)
{
    uint32_t seen = 1;
    it.r[0] = load(&it.y, RLX);
    it.r[1] = compare_weakly(&it.x, &seen, 7) ? 7 : seen;
}

// One that fails is a load: the value that it saw may be an old one, if its order lets it. A strong
// one succeeds if it can, a weak one may have seen an older value or nothing wrong at all.
static void test_modes_of_failing_compare_exchanges(void **state)
{
    (void)state;
    CHECK_ROWS(
        {"MP+CAS fails", {{x1_y1, see_y_compare_x}, NULL, NULL}, "00 01 11", "10", "WP"},
        {"SB+CAS fails", {{x1_see_y_sc, y1_compare_x}, NULL, NULL}, buffered, "00", "WP"},
        {"SB+seq_cst CAS fails",
         {{x1_see_y_sc, y1_compare_x_sc}, NULL, NULL},
         buffered,
         NULL,
         NULL},
        {"MP+CAS too late", {{x1_y1, see_y_take_x}, NULL, NULL}, "00 01 11", NULL, NULL},
        {"MP+CAS", {{x1_y1, see_y_change_x}, NULL, NULL}, "00 01 11", NULL, NULL},
        {"MP+weak CAS",
         {{x1_y1, see_y_change_x_weakly}, NULL, NULL},
         "00 07 17",
         "10 11 01",
         "WP"});
}

static void change_once(void)
{
    uint32_t seen = 0;
    it.r[0] = compare_weakly(&it.x, &seen, 2) ? 1 : 0;
    it.r[1] = seen;
    it.r[2] = load(&it.x, RLX);
}

static void change_at_last(void)
{
    uint32_t tries = 1;
    uint32_t seen = 0;
    while (!compare_weakly(&it.x, &seen, 2)) {
        tries++;
    }
    it.r[0] = tries;
}

static void count_once(void)
{
    uint32_t seen = load(&it.x, RLX);
    while (!compare_weakly(&it.x, &seen, seen + 1)) {
    }
}

PIECE(end_x, it.r[0] = load(&it.x, RLX))

// A weak one may fail though nobody else is there, but not for ever, and never both.
static void test_modes_of_failures_for_no_reason(void **state)
{
    (void)state;
    CHECK_ROWS(
        {"weak CAS alone", {{change_once}, NULL, NULL}, "102", "000", "WP"},
        {"weak CAS in a loop", {{change_at_last}, NULL, NULL}, "1", "2 3", "WP"},
        {"weak CAS counts", {{count_once, count_once, count_once}, NULL, end_x}, "3", NULL, NULL});
}

// A tape names a failure for no reason, in the same words as other choices, and has it again.
static void test_failure_for_no_reason_is_replayed(void **state)
{
    (void)state;
    static const struct litmus_program program = {{change_once}, NULL, NULL};
    struct myc_sim_options options = {.is_recording = true, .is_explicit = true};
    struct myc_sim_result *result = NULL;
    litmus_now = &program;
    do {
        if (result != NULL) {
            assert_passed(result);
        }
        options.seed++;
        result = run_with(litmus_direct, &options);
    } while (it.r[0] == 1);
    assert_non_null(strstr(result->tape_text, "memory.spurious"));
    const struct myc_sim_options again = {.tape_text = result->tape_text, .is_told = true};
    struct myc_sim_result *replayed = run_with(litmus_direct, &again);
    assert_int_equal(it.r[0], 0);
    assert_int_equal(replayed->event_hash, result->event_hash);
    assert_passed(replayed);
    assert_passed(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes_of_store_buffering),
        cmocka_unit_test(test_modes_of_own_stores),
        cmocka_unit_test(test_modes_of_message_passing),
        cmocka_unit_test(test_modes_of_third_threads),
        cmocka_unit_test(test_modes_agree_on_what_none_has),
        cmocka_unit_test(test_modes_of_wake_ups),
        cmocka_unit_test(test_modes_of_failing_compare_exchanges),
        cmocka_unit_test(test_modes_of_failures_for_no_reason),
        cmocka_unit_test(test_failure_for_no_reason_is_replayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What orders and fences promise between words, and what they do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "litmus.h"

// ---- Message passing: x is the message, y says that it is there ----

static void send_relaxed(void)
{
    store(&it.x, 1, RLX);
    store(&it.y, 1, RLX);
}

static void send_release(void)
{
    store(&it.x, 1, RLX);
    store(&it.y, 1, REL);
}

static void send_fence_release(void)
{
    store(&it.x, 1, RLX);
    fence(REL);
    store(&it.y, 1, RLX);
}

static void send_fence_seq_cst(void)
{
    store(&it.x, 1, RLX);
    fence(SC);
    store(&it.y, 1, RLX);
}

static void receive_relaxed(void)
{
    it.r[0] = load(&it.y, RLX);
    it.r[1] = load(&it.x, RLX);
}

static void receive_acquire(void)
{
    it.r[0] = load(&it.y, ACQ);
    it.r[1] = load(&it.x, RLX);
}

static void receive_fence_acquire(void)
{
    it.r[0] = load(&it.y, RLX);
    fence(ACQ);
    it.r[1] = load(&it.x, RLX);
}

static void receive_fence_seq_cst(void)
{
    it.r[0] = load(&it.y, RLX);
    fence(SC);
    it.r[1] = load(&it.x, RLX);
}

static void expect_message(litmus_fn *sender, litmus_fn *receiver, bool is_ordered)
{
    const struct litmus_program program = {{sender, receiver}, NULL, NULL};
    if (is_ordered) {
        LITMUS_EXPECT(&program, "00", "01", "11");
    } else {
        LITMUS_EXPECT(&program, "00", "01", "10", "11");
    }
}

// A release and an acquire of the same word hand the message over, as do fences in their places.
static void test_message_is_handed_over(void **state)
{
    (void)state;
    expect_message(send_release, receive_acquire, true);
    expect_message(send_fence_release, receive_acquire, true);
    expect_message(send_release, receive_fence_acquire, true);
    expect_message(send_fence_release, receive_fence_acquire, true);
    expect_message(send_fence_seq_cst, receive_fence_seq_cst, true);
}

// One half alone promises nothing.
static void test_message_needs_both_halves(void **state)
{
    (void)state;
    expect_message(send_relaxed, receive_relaxed, false);
    expect_message(send_release, receive_relaxed, false);
    expect_message(send_relaxed, receive_acquire, false);
    expect_message(send_fence_release, receive_relaxed, false);
    expect_message(send_relaxed, receive_fence_acquire, false);
    expect_message(send_fence_seq_cst, receive_relaxed, false);
    expect_message(send_relaxed, receive_fence_seq_cst, false);
}

// ---- Store buffering: each stores its own word and looks at the other's ----

#define BUFFERING(name, store_x, between, load_y)                                                  \
    static void name##_left(void)                                                                  \
    {                                                                                              \
        store_x(&it.x, 1, name##_store);                                                           \
        between;                                                                                   \
        it.r[0] = load_y(&it.y, name##_load);                                                      \
    }                                                                                              \
    static void name##_right(void)                                                                 \
    {                                                                                              \
        store_x(&it.y, 1, name##_store);                                                           \
        between;                                                                                   \
        it.r[1] = load_y(&it.x, name##_load);                                                      \
    }

enum { plain_store = REL, plain_load = ACQ, fenced_store = RLX, fenced_load = RLX };
enum { strong_store = SC, strong_load = SC, half_store = SC, half_load = ACQ };
enum { swapped_store = SC, swapped_load = RLX };

BUFFERING(plain, store, (void)0, load)
BUFFERING(fenced, store, fence(SC), load)
BUFFERING(strong, store, (void)0, load)
BUFFERING(half, store, (void)0, load)
BUFFERING(swapped, (void)swap, (void)0, load)

// Only seq_cst, for fences on both sides or for all four accesses, makes one see the other.
static void test_buffered_stores_need_seq_cst(void **state)
{
    (void)state;
    const struct litmus_program fenced = {{fenced_left, fenced_right}, NULL, NULL};
    const struct litmus_program strong = {{strong_left, strong_right}, NULL, NULL};
    LITMUS_EXPECT(&fenced, "01", "10", "11");
    LITMUS_EXPECT(&strong, "01", "10", "11");
    const struct litmus_program plain = {{plain_left, plain_right}, NULL, NULL};
    const struct litmus_program half = {{half_left, half_right}, NULL, NULL};
    const struct litmus_program one_fence = {{fenced_left, plain_right}, NULL, NULL};
    const struct litmus_program swapped = {{swapped_left, swapped_right}, NULL, NULL};
    LITMUS_EXPECT(&plain, "00", "01", "10", "11");
    LITMUS_EXPECT(&half, "00", "01", "10", "11");
    LITMUS_EXPECT(&one_fence, "00", "01", "10", "11");
    LITMUS_EXPECT(&swapped, "00", "01", "10", "11");
}

static void early_fence_left(void)
{
    fence(SC);
    plain_left();
}

static void early_fence_right(void)
{
    fence(SC);
    plain_right();
}

// A fence covers nothing that its thread stores afterwards.
static void test_buffered_stores_are_not_helped_by_earlier_fences(void **state)
{
    (void)state;
    const struct litmus_program program = {{early_fence_left, early_fence_right}, NULL, NULL};
    LITMUS_EXPECT(&program, "00", "01", "10", "11");
}

// A seq_cst store and a seq_cst fence see each other, too.
static void test_buffered_stores_may_mix_fence_and_access(void **state)
{
    (void)state;
    const struct litmus_program mixed = {{fenced_left, strong_right}, NULL, NULL};
    LITMUS_EXPECT(&mixed, "01", "10", "11");
}

// ---- Independent reads of independent writes ----

static void write_x(void)
{
    store(&it.x, 1, REL);
}

static void write_y(void)
{
    store(&it.y, 1, REL);
}

static void write_x_strong(void)
{
    store(&it.x, 1, SC);
}

static void write_y_strong(void)
{
    store(&it.y, 1, SC);
}

static void read_xy(void)
{
    it.r[0] = load(&it.x, ACQ);
    it.r[1] = load(&it.y, ACQ);
}

static void read_yx(void)
{
    it.r[2] = load(&it.y, ACQ);
    it.r[3] = load(&it.x, ACQ);
}

static void read_xy_strong(void)
{
    it.r[0] = load(&it.x, SC);
    it.r[1] = load(&it.y, SC);
}

static void read_yx_strong(void)
{
    it.r[2] = load(&it.y, SC);
    it.r[3] = load(&it.x, SC);
}

static void read_xy_fenced(void)
{
    it.r[0] = load(&it.x, RLX);
    fence(SC);
    it.r[1] = load(&it.y, RLX);
}

static void read_yx_fenced(void)
{
    it.r[2] = load(&it.y, RLX);
    fence(SC);
    it.r[3] = load(&it.x, RLX);
}

#define ALL_BUT_1010                                                                               \
    "0000", "0001", "0010", "0011", "0100", "0101", "0110", "0111", "1000", "1001", "1011",        \
        "1100", "1101", "1110", "1111"

// Two readers may see two writes in different orders unless seq_cst forbids it.
static void test_independent_readers_disagree_without_seq_cst(void **state)
{
    (void)state;
    const struct litmus_program weak = {{write_x, write_y, read_xy, read_yx}, NULL, NULL};
    const struct litmus_program strong = {
        {write_x_strong, write_y_strong, read_xy_strong, read_yx_strong}, NULL, NULL};
    const struct litmus_program fenced = {
        {write_x, write_y, read_xy_fenced, read_yx_fenced}, NULL, NULL};
    LITMUS_EXPECT(&weak, ALL_BUT_1010, "1010");
    LITMUS_EXPECT(&strong, ALL_BUT_1010);
    LITMUS_EXPECT(&fenced, ALL_BUT_1010);
}

// ---- Causality through a third thread ----

static void pass_on(void)
{
    it.r[0] = load(&it.x, RLX);
    store(&it.y, 1, REL);
}

static void write_x_relaxed(void)
{
    store(&it.x, 1, RLX);
}

static void look_last(void)
{
    it.r[1] = load(&it.y, ACQ);
    it.r[2] = load(&it.x, RLX);
}

static void forward(void)
{
    it.r[0] = load(&it.y, ACQ);
    store(&it.z, 1, REL);
}

static void look_at_z(void)
{
    it.r[1] = load(&it.z, ACQ);
    it.r[2] = load(&it.x, RLX);
}

// Who hears of a thread that has seen a store sees it, too; hand-overs add up.
static void test_causality_is_transitive(void **state)
{
    (void)state;
    const struct litmus_program seen = {{write_x_relaxed, pass_on, look_last}, NULL, NULL};
    const struct litmus_program chain = {{send_release, forward, look_at_z}, NULL, NULL};
    LITMUS_EXPECT(&seen, "000", "001", "010", "011", "100", "101", "111");
    LITMUS_EXPECT(&chain, "000", "001", "010", "011", "100", "101", "111");
}

// ---- Release sequences and read-modify-writes ----

static void add_relaxed(void)
{
    (void)add(&it.y, 1, RLX);
}

static void overwrite_relaxed(void)
{
    store(&it.y, 2, RLX);
}

// A relaxed read-modify-write hands on what it read from; a relaxed store does not.
static void test_release_sequence_goes_through_modifications_only(void **state)
{
    (void)state;
    const struct litmus_program modified = {
        {send_release, add_relaxed, receive_acquire}, NULL, NULL};
    const struct litmus_program overwritten = {
        {send_release, overwrite_relaxed, receive_acquire}, NULL, NULL};
    LITMUS_EXPECT(&modified, "00", "01", "10", "11", "21");
    LITMUS_EXPECT(&overwritten, "00", "01", "11", "20", "21");
}

static void add_left(void)
{
    it.r[0] = add(&it.x, 1, RLX);
}

static void add_right(void)
{
    it.r[1] = add(&it.x, 1, RLX);
}

static void take_and_look(void)
{
    it.r[0] = swap(&it.y, 2, ACQ_REL);
    it.r[1] = load(&it.x, RLX);
}

// A read-modify-write reads the newest value, and acquires it when asked to.
static void test_modifications_are_atomic(void **state)
{
    (void)state;
    const struct litmus_program counted = {{add_left, add_right}, NULL, NULL};
    const struct litmus_program taken = {{send_release, take_and_look}, NULL, NULL};
    LITMUS_EXPECT(&counted, "01", "10");
    LITMUS_EXPECT(&taken, "00", "01", "11");
}

// ---- Load buffering ----

static void load_x_store_y(void)
{
    it.r[0] = load(&it.x, RLX);
    store(&it.y, 1, RLX);
}

static void load_y_store_x(void)
{
    it.r[1] = load(&it.y, RLX);
    store(&it.x, 1, RLX);
}

// A known limit: C11 allows both loads to see the later stores; the model runs in program order.
static void test_load_buffering_is_not_modelled(void **state)
{
    (void)state;
    const struct litmus_program program = {{load_x_store_y, load_y_store_x}, NULL, NULL};
    LITMUS_EXPECT(&program, "00", "01", "10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_is_handed_over),
        cmocka_unit_test(test_message_needs_both_halves),
        cmocka_unit_test(test_buffered_stores_need_seq_cst),
        cmocka_unit_test(test_buffered_stores_are_not_helped_by_earlier_fences),
        cmocka_unit_test(test_buffered_stores_may_mix_fence_and_access),
        cmocka_unit_test(test_independent_readers_disagree_without_seq_cst),
        cmocka_unit_test(test_causality_is_transitive),
        cmocka_unit_test(test_release_sequence_goes_through_modifications_only),
        cmocka_unit_test(test_modifications_are_atomic),
        cmocka_unit_test(test_load_buffering_is_not_modelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

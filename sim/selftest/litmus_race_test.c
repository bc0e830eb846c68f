// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Payload bytes: what nothing orders is reported as a race, what is handed over correctly is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "litmus.h"

#include <mycelium/interface/memory.h>
#include <mycelium/interface/shm.h>

enum { SEEDS = 300, PAYLOAD_BYTES = 40, SEGMENT_BYTES = 4096 };

static unsigned char payload[64] __attribute__((aligned(64)));

static void write_payload(void)
{
    myc_shared_write(payload, PAYLOAD_BYTES);
}

static void read_payload(void)
{
    myc_shared_read(payload + 16, PAYLOAD_BYTES - 16);
}

static unsigned count_races(const struct litmus_program *program)
{
    unsigned races = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct myc_sim_result *result = litmus_run(program, seed);
        if (result->is_failed) {
            assert_non_null(strstr(result->report, "data race: process/thread-"));
            races++;
        }
        drop_result(result);
    }
    return races;
}

static void expect_silence(const struct litmus_program *program)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_passed(litmus_run(program, seed));
    }
}

// ---- Plain against plain ----

// Without any order every schedule is a race, even the boring one.
static void test_unordered_accesses_are_always_found(void **state)
{
    (void)state;
    const struct litmus_program write_read = {{write_payload, read_payload}, NULL, NULL};
    const struct litmus_program write_write = {{write_payload, write_payload}, NULL, NULL};
    const struct litmus_program read_read = {{read_payload, read_payload}, NULL, NULL};
    assert_int_equal(count_races(&write_read), SEEDS);
    assert_int_equal(count_races(&write_write), SEEDS);
    expect_silence(&read_read);
}

static void write_front(void)
{
    myc_shared_write(payload, 4);
}

static void write_back(void)
{
    myc_shared_write(payload + 4, 4);
}

// Neighbouring bytes of one granule do not race.
static void test_neighbours_do_not_race(void **state)
{
    (void)state;
    const struct litmus_program program = {{write_front, write_back}, NULL, NULL};
    expect_silence(&program);
}

static void send_badly(void)
{
    write_payload();
    store(&it.y, 1, RLX);
}

static void send_well(void)
{
    write_payload();
    store(&it.y, 1, REL);
}

static void send_by_fence(void)
{
    write_payload();
    fence(REL);
    store(&it.y, 1, RLX);
}

static void receive_badly(void)
{
    if (load(&it.y, RLX) == 1) {
        read_payload();
    }
}

static void receive_well(void)
{
    if (load(&it.y, ACQ) == 1) {
        read_payload();
    }
}

static void receive_by_fence(void)
{
    if (load(&it.y, RLX) == 1) {
        fence(ACQ);
        read_payload();
    }
}

static void take_over(void)
{
    if (add(&it.y, 1, ACQ) == 1) {
        write_payload();
    }
}

// A payload handed over by a release and an acquire is no race; each half is needed.
static void test_handover_needs_release_and_acquire(void **state)
{
    (void)state;
    litmus_fn *const senders[] = {send_well, send_by_fence};
    litmus_fn *const receivers[] = {receive_well, receive_by_fence, take_over};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 3; j++) {
            const struct litmus_program good = {{senders[i], receivers[j]}, NULL, NULL};
            expect_silence(&good);
        }
        const struct litmus_program half = {{senders[i], receive_badly}, NULL, NULL};
        assert_in_range(count_races(&half), SEEDS / 10, SEEDS);
    }
    for (size_t j = 0; j < 3; j++) {
        const struct litmus_program half = {{send_badly, receivers[j]}, NULL, NULL};
        assert_in_range(count_races(&half), SEEDS / 10, SEEDS);
    }
}

static void read_and_pass(void)
{
    read_payload();
    store(&it.y, 1, REL);
}

static void read_and_pass_badly(void)
{
    read_payload();
    store(&it.y, 1, RLX);
}

// The other direction: overwriting needs the order of the reads before.
static void test_reuse_needs_the_end_of_the_reads(void **state)
{
    (void)state;
    const struct litmus_program good = {{read_and_pass, take_over}, NULL, NULL};
    const struct litmus_program bad = {{read_and_pass_badly, take_over}, NULL, NULL};
    expect_silence(&good);
    assert_in_range(count_races(&bad), SEEDS / 10, SEEDS);
}

static void send_early(void)
{
    store(&it.y, 1, REL);
    write_payload();
}

static void send_early_by_fence(void)
{
    fence(REL);
    write_payload();
    store(&it.y, 1, RLX);
}

// A release covers nothing that its thread does afterwards.
static void test_release_does_not_cover_what_follows(void **state)
{
    (void)state;
    const struct litmus_program by_store = {{send_early, receive_well}, NULL, NULL};
    const struct litmus_program by_fence = {{send_early_by_fence, receive_well}, NULL, NULL};
    assert_in_range(count_races(&by_store), SEEDS / 10, SEEDS);
    assert_in_range(count_races(&by_fence), SEEDS / 10, SEEDS);
}

static void write_and_fence(void)
{
    write_payload();
    fence(SC);
}

static void fence_and_read(void)
{
    fence(SC);
    read_payload();
}

// Fences alone order nothing that no atomic word carries over.
static void test_fences_alone_do_not_order(void **state)
{
    (void)state;
    const struct litmus_program program = {{write_and_fence, fence_and_read}, NULL, NULL};
    assert_int_equal(count_races(&program), SEEDS);
}

// Start and join of threads order everything.
static void test_start_and_join_order(void **state)
{
    (void)state;
    const struct litmus_program program = {
        {read_payload, read_payload}, write_payload, write_payload};
    expect_silence(&program);
}

// ---- Plain against atomic ----

static void write_word_plainly(void)
{
    myc_shared_write(&it.x, 4);
}

static void read_word(void)
{
    (void)load(&it.x, ACQ);
}

static void write_word(void)
{
    store(&it.x, 1, REL);
}

static void read_word_plainly(void)
{
    myc_shared_read(&it.x, 4);
}

// A word must not be accessed both ways without an order.
static void test_atomic_and_plain_race(void **state)
{
    (void)state;
    const struct litmus_program plain_write = {{write_word_plainly, write_word}, NULL, NULL};
    const struct litmus_program plain_read = {{write_word, read_word_plainly}, NULL, NULL};
    const struct litmus_program atomic_read = {{write_word_plainly, read_word}, NULL, NULL};
    const struct litmus_program ordered = {{read_word, write_word}, write_word_plainly, NULL};
    assert_int_equal(count_races(&plain_write), SEEDS);
    assert_int_equal(count_races(&plain_read), SEEDS);
    assert_in_range(count_races(&atomic_read), SEEDS / 10, SEEDS);
    expect_silence(&ordered);
}

// ---- Memory that changes hands ----

static void use_heap(void *context)
{
    struct myc_platform *platform = context;
    void *block = myc_memory_allocate(platform->memory, 64, 8);
    myc_shared_write(block, 64);
    myc_memory_release(platform->memory, block, 64);
}

static int share_heap(struct myc_platform *platform, void *arg)
{
    struct myc_handle thread = {0};
    (void)arg;
    if (myc_thread_start(platform->thread, use_heap, platform, NULL, &thread) != MYC_OK) {
        return 1;
    }
    use_heap(platform);
    myc_thread_join(platform->thread, thread);
    return 0;
}

static void direct_heap(struct myc_sim *sim)
{
    (void)run_process(sim, share_heap, NULL);
}

// Memory given back and allocated again has no past.
static void test_released_memory_is_forgotten(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_passed(run_seed(direct_heap, seed));
    }
}

/* One segment at two addresses. */
static struct alias {
    unsigned char *near;
    unsigned char *far;
    bool is_ordered;
} alias;

static void write_near(void *context)
{
    (void)context;
    myc_shared_write(alias.near + 64, 16);
    store((void *)alias.near, 1, alias.is_ordered ? REL : RLX);
}

static int share_segment(struct myc_platform *platform, void *arg)
{
    struct myc_handle segment = {0};
    struct myc_handle thread = {0};
    void *near = NULL;
    void *far = NULL;
    (void)arg;
    if (myc_shm_create(platform->shm, "twice", SEGMENT_BYTES, &segment) != MYC_OK
        || myc_shm_map(platform->shm, segment, SEGMENT_BYTES, MYC_SHM_READ_WRITE, &near) != MYC_OK
        || myc_shm_map(platform->shm, segment, SEGMENT_BYTES, MYC_SHM_READ_WRITE, &far) != MYC_OK) {
        return 1;
    }
    alias.near = near;
    alias.far = far;
    if (myc_thread_start(platform->thread, write_near, NULL, NULL, &thread) != MYC_OK) {
        return 1;
    }
    while (load(far, ACQ) == 0) {
        myc_thread_relax(platform->thread, 0);
    }
    myc_shared_read(alias.far + 64, 16);
    myc_thread_join(platform->thread, thread);
    myc_shm_unmap(platform->shm, near, SEGMENT_BYTES);
    myc_shm_unmap(platform->shm, far, SEGMENT_BYTES);
    myc_shm_close(platform->shm, segment);
    return 0;
}

static void direct_segment(struct myc_sim *sim)
{
    struct myc_sim_process process = run_process(sim, share_segment, NULL);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "the segment is shared");
}

// A segment is one memory at whatever address: orders and races are seen across mappings.
static void test_segments_are_known_by_offset(void **state)
{
    (void)state;
    unsigned races = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        alias.is_ordered = true;
        assert_passed(run_seed(direct_segment, seed));
        alias.is_ordered = false;
        struct myc_sim_result *result = run_seed(direct_segment, seed);
        races += strstr(result->report, "in offset 64 of segment ") != NULL ? 1 : 0;
        drop_result(result);
    }
    assert_in_range(races, SEEDS / 10, SEEDS);
}

// With sequentially consistent memory nothing of this is looked for.
static void test_strong_memory_looks_for_no_races(void **state)
{
    (void)state;
    const struct litmus_program program = {{write_payload, read_payload}, NULL, NULL};
    const struct myc_sim_options options = {.seed = 1, .memory = MYC_SIM_MEMORY_STRONG};
    litmus_now = &program;
    assert_passed(run_with(litmus_direct, &options));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unordered_accesses_are_always_found),
        cmocka_unit_test(test_neighbours_do_not_race),
        cmocka_unit_test(test_handover_needs_release_and_acquire),
        cmocka_unit_test(test_reuse_needs_the_end_of_the_reads),
        cmocka_unit_test(test_release_does_not_cover_what_follows),
        cmocka_unit_test(test_fences_alone_do_not_order),
        cmocka_unit_test(test_start_and_join_order),
        cmocka_unit_test(test_atomic_and_plain_race),
        cmocka_unit_test(test_released_memory_is_forgotten),
        cmocka_unit_test(test_segments_are_known_by_offset),
        cmocka_unit_test(test_strong_memory_looks_for_no_races),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

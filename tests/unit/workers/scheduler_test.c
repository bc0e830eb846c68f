// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A scheduler and three workers in one thread: layout, jobs, returns, ends, rejoining.
 */
#include "unit/workers/workers_fixture.h"

// ---- Layout ----

static void expect_refused(struct myc_workers_options options, const char *words)
{
    struct myc_workers_layout layout;
    struct myc_diagnostic why;
    assert_int_equal(myc_workers_layout(&options, &layout, &why), MYC_INVALID);
    if (strstr(why.text, words) == NULL) {
        fail_msg("'%s' does not say '%s'", why.text, words);
    }
}

// Parts do not overlap, all begins on pages, and what is impossible is named. [WORKERS-1]
static void test_layout_has_room_for_all(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= MYC_WORKERS_MAX; count++) {
        struct myc_workers_options options = {
            .count = count, .is_shared_dispatch = count % 2 == 0, .dispatch_capacity = 8192};
        struct myc_workers_layout layout;
        assert_int_equal(myc_workers_layout(&options, &layout, NULL), MYC_OK);
        assert_true(myc_workers_layout_is_valid(&layout));
        assert_true(layout.posts_offset >= 4096);
        assert_true(layout.pages_offset >= layout.posts_offset + 64 * (uint64_t)count);
        assert_true(layout.dispatch_offset >= layout.pages_offset + 4096 * (uint64_t)count);
        assert_true(
            layout.scheduler_bytes
            == layout.dispatch_offset + layout.dispatch_rings * layout.dispatch_bytes);
        assert_true(layout.return_offset >= layout.page_offset + 4096);
        assert_true(layout.worker_bytes == layout.return_offset + layout.return_bytes);
        assert_true(
            myc_workers_part_offset(&layout, count - 1) + layout.worker_bytes
            == layout.block_bytes);
        assert_true(
            (layout.scheduler_bytes | layout.worker_bytes | layout.pages_offset
             | layout.dispatch_offset | layout.return_offset)
                % 4096
            == 0);
    }
    expect_refused((struct myc_workers_options){.count = 0}, "count is 0");
    expect_refused((struct myc_workers_options){.count = 65}, "count is 65");
    expect_refused(
        (struct myc_workers_options){.count = 1, .dispatch_capacity = 5000},
        "dispatch_capacity is 5000");
    expect_refused(
        (struct myc_workers_options){.count = 1, .return_capacity = 2048},
        "return_capacity is 2048");
}

// No byte of a layout can change unnoticed. [WORKERS-1]
static void test_layout_checks_itself(void **state)
{
    (void)state;
    struct myc_workers_options options = {.count = 5, .return_capacity = 8192};
    struct myc_workers_layout layout;
    assert_int_equal(myc_workers_layout(&options, &layout, NULL), MYC_OK);
    for (size_t i = 0; i < sizeof layout; i++) {
        for (int bit = 0; bit < 8; bit++) {
            struct myc_workers_layout other = layout;
            ((unsigned char *)&other)[i] ^= (unsigned char)(1 << bit);
            assert_false(myc_workers_layout_is_valid(&other));
        }
    }
}

// What a scheduler cannot be made of is refused; who does not exist has no account. [WORKERS-2]
// [WORKERS-3] [WORKERS-8]
static void test_wrong_calls_are_refused(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(false);
    struct myc_workers *workers = &fixture->workers;
    struct myc_workers_handler handler = {NULL, fixture_on_returned, fixture_on_ended, fixture};
    struct myc_workers_options options = fixture->options;
    struct myc_workers_account account;
    struct myc_diagnostic why;
    assert_int_equal(
        myc_workers_init(workers, fixture->seats, fixture->block + 64, &options, &handler, &why),
        MYC_INVALID);
    assert_non_null(strstr(why.text, "not aligned"));
    handler.ended = NULL;
    assert_int_equal(
        myc_workers_init(workers, fixture->seats, fixture->block, &options, &handler, &why),
        MYC_INVALID);
    assert_non_null(strstr(why.text, "handler"));
    options.count = 0;
    assert_int_equal(
        myc_workers_init(workers, fixture->seats, fixture->block, &options, &handler, &why),
        MYC_INVALID);
    // Nothing of it was written that a worker could take for a scheduler.
    assert_int_equal(fixture_come(fixture, 0, NULL), MYC_AGAIN);
    fixture_start(fixture);
    assert_int_equal(myc_workers_admit(workers, FIXTURE_WORKERS, fixture->block), MYC_INVALID);
    assert_int_equal(myc_workers_admit(workers, 0, NULL), MYC_INVALID);
    assert_int_equal(myc_workers_admit(workers, 0, fixture->block), MYC_EXISTS);
    assert_int_equal(myc_workers_account(workers, FIXTURE_WORKERS, &account), MYC_NOT_FOUND);
    assert_int_equal(fixture_send(fixture, FIXTURE_WORKERS, 1), MYC_INVALID);
    assert_int_equal(fixture_send(fixture, 0, 1), MYC_NOT_CONNECTED);
    assert_int_equal(myc_workers_send(workers, 0, 0, 1, NULL, 0), MYC_INVALID);
    assert_null(myc_workers_ring(workers, FIXTURE_WORKERS));
    fixture_close(fixture);
}

// ---- Jobs and returns ----

static void check_jobs(bool is_shared)
{
    struct fixture *fixture = fixture_open(is_shared);
    for (uint64_t value = 0; value < 90; value++) {
        assert_int_equal(fixture_send(fixture, (uint32_t)(value % 3), value), MYC_OK);
        if (value % 9 == 8) {
            for (uint32_t i = 0; i < 3; i++) {
                assert_int_equal(fixture_do_all(fixture, i), 3);
                assert_int_equal(fixture->handed[i].last_value, value - 2 + i);
                assert_int_equal(fixture->handed[i].last.job, value / 3 + 1);
            }
            assert_int_equal(myc_workers_poll(&fixture->workers, SIZE_MAX), 9);
            assert_int_equal(fixture->told[2].last.version, 2);
            assert_int_equal(fixture->told[2].last.size, 8);
            assert_true(fixture->told[2].last.is_end_of_batch);
        }
    }
    for (uint32_t i = 0; i < 3; i++) {
        struct myc_workers_account account = fixture_account(fixture, i);
        assert_true(account.dispatched == 30 && account.answered == 30 && account.is_in);
    }
    fixture_close(fixture);
}

// Each worker gets its jobs, in order, and its returns are its own. [WORKERS-5] [WORKERS-9]
static void test_jobs_reach_their_worker_and_come_back(void **state)
{
    (void)state;
    check_jobs(false);
    check_jobs(true);
}

static void check_for_all(bool is_shared)
{
    struct fixture *fixture = fixture_open(is_shared);
    assert_int_equal(fixture_send(fixture, 1, 7), MYC_OK);
    assert_int_equal(fixture_send(fixture, MYC_WORKERS_ALL, 8), MYC_OK);
    myc_workers_end(&fixture->workers, 0, MYC_PEER_DIED);
    assert_int_equal(fixture->told[0].end.lost, 1);
    assert_int_equal(fixture_send(fixture, MYC_WORKERS_ALL, 9), MYC_OK);
    assert_int_equal(fixture_do_all(fixture, 1), 3);
    assert_int_equal(fixture_do_all(fixture, 2), 2);
    assert_int_equal(fixture->handed[2].for_all, is_shared ? 2 : 0);
    assert_int_equal(fixture->handed[1].last_value, 9);
    assert_int_equal(myc_workers_poll(&fixture->workers, SIZE_MAX), 5);
    myc_workers_end(&fixture->workers, 1, MYC_PEER_DIED);
    myc_workers_end(&fixture->workers, 2, MYC_PEER_DIED);
    assert_int_equal(fixture_send(fixture, MYC_WORKERS_ALL, 9), MYC_NOT_CONNECTED);
    fixture_close(fixture);
}

// A job for all reaches who is in, and counts for each of them. [WORKERS-5]
static void test_a_job_for_all_counts_for_each(void **state)
{
    (void)state;
    check_for_all(false);
    check_for_all(true);
}

// Without room in one ring nobody gets it: not in a ring before, not in one behind. [WORKERS-5]
static void test_a_job_for_all_goes_to_all_or_none(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_open(false);
    while (fixture_send(fixture, 1, 5) == MYC_OK) {
    }
    uint64_t before = fixture_account(fixture, 1).dispatched;
    assert_int_equal(fixture_send(fixture, MYC_WORKERS_ALL, 6), MYC_FULL);
    assert_int_equal(fixture_account(fixture, 0).dispatched, 0);
    assert_int_equal(fixture_account(fixture, 1).dispatched, before);
    assert_int_equal(fixture_work(fixture, 0, SIZE_MAX), 0);
    assert_int_equal(fixture_work(fixture, 2, SIZE_MAX), 0);
    assert_int_equal(fixture_work(fixture, 1, SIZE_MAX), before);
    assert_int_equal(fixture_send(fixture, MYC_WORKERS_ALL, 6), MYC_OK);
    assert_int_equal(fixture_do_all(fixture, 0), 1);
    fixture_close(fixture);
}

// Filled in place, with the caller's type; a claim that is given back leaves no trace. [WORKERS-4]
static void test_jobs_are_filled_in_place(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_open(false);
    struct myc_workers *workers = &fixture->workers;
    void *payload = NULL;
    void *other = NULL;
    assert_int_equal(myc_workers_claim(workers, 9, 8, &payload), MYC_INVALID);
    assert_int_equal(myc_workers_claim(workers, MYC_WORKERS_ALL, 8, &payload), MYC_UNSUPPORTED);
    assert_int_equal(myc_workers_claim(workers, 0, 4096, &payload), MYC_TOO_BIG);
    assert_null(payload);
    assert_int_equal(myc_workers_claim(workers, 0, 40, &payload), MYC_OK);
    assert_int_equal(myc_workers_claim(workers, 1, 8, &other), MYC_INVALID);
    myc_workers_abort(workers);
    assert_int_equal(myc_workers_commit(workers, FIXTURE_JOB, 1, 8), MYC_INVALID);
    assert_int_equal(myc_workers_claim(workers, 0, 40, &payload), MYC_OK);
    assert_int_equal(myc_workers_commit(workers, 0, 1, 8), MYC_INVALID);
    assert_int_equal(myc_workers_claim(workers, 0, 40, &payload), MYC_OK);
    assert_int_equal(myc_workers_commit(workers, FIXTURE_JOB, 1, 41), MYC_INVALID);
    assert_int_equal(myc_workers_claim(workers, 0, 40, &payload), MYC_OK);
    memcpy(payload, "12345678", 8);
    assert_int_equal(myc_workers_commit(workers, FIXTURE_JOB, 77, 8), MYC_OK);
    assert_int_equal(fixture_account(fixture, 0).dispatched, 1);
    assert_int_equal(fixture_work(fixture, 0, SIZE_MAX), 1);
    assert_int_equal(fixture->handed[0].last.version, 77);
    // A claim does not outlive its worker.
    assert_int_equal(myc_workers_claim(workers, 2, 40, &payload), MYC_OK);
    myc_workers_end(workers, 2, MYC_PEER_DIED);
    assert_int_equal(myc_workers_commit(workers, FIXTURE_JOB, 1, 8), MYC_INVALID);
    assert_int_equal(fixture_account(fixture, 2).dispatched, 0);
    fixture_close(fixture);
}

// A job is answered by any number of parts and one end, in order; nothing else is. [WORKERS-21]
// [WORKERS-23] [WORKERS-24]
static void test_returns_answer_jobs_in_order(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_open(false);
    assert_int_equal(fixture_answer(fixture, 0, true), MYC_INVALID);
    assert_int_equal(fixture_send(fixture, 0, 1), MYC_OK);
    assert_int_equal(fixture_send(fixture, 0, 2), MYC_OK);
    assert_int_equal(fixture_work(fixture, 0, SIZE_MAX), 2);
    assert_int_equal(fixture_answer(fixture, 0, false), MYC_OK);
    assert_int_equal(fixture_answer(fixture, 0, false), MYC_OK);
    assert_int_equal(fixture_answer(fixture, 0, true), MYC_OK);
    assert_int_equal(fixture_answer(fixture, 0, false), MYC_OK);
    assert_int_equal(myc_worker_unanswered(&fixture->hands[0]), 1);
    assert_int_equal(myc_workers_poll(&fixture->workers, SIZE_MAX), 4);
    assert_true(fixture->told[0].done == 1 && fixture->told[0].partial == 3);
    assert_true(fixture->told[0].last.job == 2 && !fixture->told[0].last.is_done);
    assert_int_equal(myc_worker_send(&fixture->hands[0], true, 0, 1, NULL, 0), MYC_INVALID);
    assert_int_equal(
        myc_worker_send(&fixture->hands[0], true, 1, 1, fixture->block, 5000), MYC_TOO_BIG);
    void *payload = myc_worker_claim(&fixture->hands[0], 24);
    assert_non_null(payload);
    assert_int_equal(
        myc_worker_commit(&fixture->hands[0], true, FIXTURE_RETURN, 1, 25), MYC_INVALID);
    payload = myc_worker_claim(&fixture->hands[0], 24);
    memset(payload, 1, 24);
    assert_int_equal(myc_worker_commit(&fixture->hands[0], true, FIXTURE_RETURN, 1, 16), MYC_OK);
    assert_int_equal(myc_workers_poll(&fixture->workers, SIZE_MAX), 1);
    assert_int_equal(fixture->told[0].last.size, 16);
    assert_int_equal(fixture_account(fixture, 0).outstanding, 0);
    fixture_close(fixture);
}

// ---- Choosing ----

// The least loaded who is in; in turn where several are. A key has one worker for ever.
// [WORKERS-6] [WORKERS-7]
static void test_workers_are_chosen(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_open(false);
    struct myc_workers *workers = &fixture->workers;
    for (uint32_t i = 0; i < 9; i++) {
        assert_int_equal(myc_workers_least(workers), i % 3);
    }
    assert_int_equal(fixture_send(fixture, 0, 1), MYC_OK);
    assert_int_equal(fixture_send(fixture, 2, 1), MYC_OK);
    assert_int_equal(myc_workers_least(workers), 1);
    assert_int_equal(myc_workers_least(workers), 1);
    myc_workers_end(workers, 1, MYC_PEER_DIED);
    assert_int_equal(myc_workers_least(workers), 2);
    uint32_t hits[FIXTURE_WORKERS] = {0};
    uint32_t of_key[3000];
    for (uint64_t key = 0; key < 3000; key++) {
        of_key[key] = myc_workers_of_key(workers, key);
        hits[of_key[key]]++;
    }
    assert_true(hits[0] > 900 && hits[1] > 900 && hits[2] > 900);
    myc_workers_end(workers, 0, MYC_PEER_DIED);
    for (uint64_t key = 0; key < 3000; key++) {
        assert_int_equal(myc_workers_of_key(workers, key), of_key[key]);
    }
    myc_workers_end(workers, 2, MYC_PEER_DIED);
    assert_true(myc_workers_least(workers) == MYC_WORKERS_NONE);
    fixture_close(fixture);
}

// A limit on what one worker has outstanding holds, for jobs for all as well. [WORKERS-4]
static void test_outstanding_jobs_are_limited(void **state)
{
    (void)state;
    for (int is_shared = 0; is_shared < 2; is_shared++) {
        struct fixture *fixture = fixture_create(is_shared != 0);
        fixture->options.outstanding_max = 2;
        fixture_start(fixture);
        assert_int_equal(fixture_come(fixture, 0, NULL), MYC_OK);
        assert_int_equal(fixture_come(fixture, 1, NULL), MYC_OK);
        (void)myc_workers_poll(&fixture->workers, SIZE_MAX);
        assert_int_equal(fixture_send(fixture, 2, 1), MYC_NOT_CONNECTED);
        assert_int_equal(fixture_send(fixture, 0, 1), MYC_OK);
        assert_int_equal(fixture_send(fixture, 0, 2), MYC_OK);
        assert_int_equal(fixture_send(fixture, 0, 3), MYC_FULL);
        assert_int_equal(fixture_send(fixture, MYC_WORKERS_ALL, 3), MYC_FULL);
        assert_int_equal(fixture_do_all(fixture, 0), 2);
        assert_int_equal(fixture_send(fixture, 0, 3), MYC_FULL);
        (void)myc_workers_poll(&fixture->workers, SIZE_MAX);
        assert_int_equal(fixture_send(fixture, 0, 3), MYC_OK);
        assert_int_equal(fixture_send(fixture, MYC_WORKERS_ALL, 3), MYC_OK);
        assert_int_equal(fixture_account(fixture, 1).outstanding, 1);
        fixture_close(fixture);
    }
}

// ---- Ends ----

static void check_end(bool is_shared)
{
    struct fixture *fixture = fixture_open(is_shared);
    struct myc_workers *workers = &fixture->workers;
    for (uint64_t value = 0; value < 10; value++) {
        assert_int_equal(fixture_send(fixture, 1, value), MYC_OK);
    }
    // It takes six, answers three, says a part of the fourth, and dies.
    assert_int_equal(fixture_work(fixture, 1, 6), 6);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_answer(fixture, 1, true), MYC_OK);
    }
    assert_int_equal(fixture_answer(fixture, 1, false), MYC_OK);
    myc_workers_end(workers, 1, MYC_PEER_DIED);
    assert_int_equal(fixture->told[1].done, 3);
    assert_int_equal(fixture->told[1].ended, 1);
    const struct myc_workers_end *end = &fixture->told[1].end;
    assert_true(end->generation == 1 && end->cause == MYC_PEER_DIED && end->partial_count == 1);
    assert_true(end->first_job == 4 && end->lost == 7);
    assert_int_equal(fixture_send(fixture, 1, 1), MYC_NOT_CONNECTED);
    myc_workers_end(workers, 1, MYC_PEER_DIED);
    assert_int_equal(fixture->told[1].ended, 1);
    // Its successor goes on with the next number, and gets nothing that was lost.
    assert_int_equal(fixture_come(fixture, 1, NULL), MYC_IN_USE);
    assert_int_equal(myc_workers_admit(workers, 1, fixture_part(fixture, 1)), MYC_OK);
    assert_int_equal(myc_workers_admit(workers, 1, fixture_part(fixture, 1)), MYC_EXISTS);
    assert_int_equal(fixture_come(fixture, 1, NULL), MYC_OK);
    assert_int_equal(myc_worker_status(&fixture->hands[1]), MYC_AGAIN);
    (void)myc_workers_poll(workers, SIZE_MAX);
    assert_int_equal(fixture->told[1].joined, 2);
    assert_int_equal(fixture_send(fixture, 1, 42), MYC_OK);
    assert_int_equal(fixture_do_all(fixture, 1), 1);
    assert_true(fixture->handed[1].last.job == 11 && fixture->handed[1].last_value == 42);
    assert_int_equal(myc_workers_poll(workers, SIZE_MAX), 1);
    assert_int_equal(fixture->told[1].last.generation, 2);
    struct myc_workers_account account = fixture_account(fixture, 1);
    assert_true(account.dispatched == 11 && account.answered == 4 && account.lost == 7);
    // The others never noticed.
    assert_int_equal(fixture_send(fixture, 0, 1), MYC_OK);
    assert_int_equal(fixture_do_all(fixture, 0), 1);
    assert_int_equal(myc_workers_poll(workers, SIZE_MAX), 1);
    fixture_close(fixture);
}

// What a dead worker sent is handed over, then exactly the rest is told as lost; its successor is
// another generation. [WORKERS-3] [WORKERS-10]
static void test_a_dead_worker_leaves_an_exact_account(void **state)
{
    (void)state;
    check_end(false);
    check_end(true);
}

// A worker that leaves in order is told as such, with what it left. [WORKERS-9]
static void test_a_worker_leaves_in_order(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_open(false);
    assert_int_equal(fixture_send(fixture, 2, 1), MYC_OK);
    assert_int_equal(fixture_send(fixture, 2, 2), MYC_OK);
    assert_int_equal(fixture_work(fixture, 2, 1), 1);
    assert_int_equal(fixture_answer(fixture, 2, true), MYC_OK);
    myc_worker_close(&fixture->hands[2]);
    assert_int_equal(fixture_work(fixture, 2, 1), 1);
    assert_int_equal(fixture_answer(fixture, 2, true), MYC_CLOSED);
    assert_int_equal(myc_workers_poll(&fixture->workers, SIZE_MAX), 1);
    assert_int_equal(fixture->told[2].end.cause, MYC_CLOSED);
    assert_true(fixture->told[2].end.first_job == 2 && fixture->told[2].end.lost == 1);
    fixture_close(fixture);
}

// Who is given up finds out; who was offered a place that is given to another finds out, too.
// [WORKERS-22]
static void test_who_is_given_up_finds_out(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_open(false);
    struct myc_workers *workers = &fixture->workers;
    myc_workers_end(workers, 0, MYC_TIMEOUT);
    assert_int_equal(myc_worker_status(&fixture->hands[0]), MYC_FENCED);
    assert_int_equal(fixture->told[0].end.cause, MYC_TIMEOUT);
    assert_int_equal(myc_workers_admit(workers, 0, fixture_part(fixture, 0)), MYC_OK);
    assert_int_equal(fixture_come(fixture, 0, NULL), MYC_OK);
    myc_workers_end(workers, 0, MYC_TIMEOUT);
    assert_int_equal(fixture->told[0].ended, 1);
    (void)myc_workers_poll(workers, SIZE_MAX);
    assert_int_equal(fixture->told[0].joined, 1);
    assert_int_equal(myc_worker_status(&fixture->hands[0]), MYC_AGAIN);
    assert_int_equal(myc_workers_admit(workers, 0, fixture_part(fixture, 0)), MYC_OK);
    assert_int_equal(myc_worker_status(&fixture->hands[0]), MYC_FENCED);
    fixture_close(fixture);
}

// After a close every job is still done and answered; then both sides see the end. [WORKERS-11]
static void test_closing_loses_nothing(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_open(true);
    struct myc_workers *workers = &fixture->workers;
    for (uint64_t value = 0; value < 12; value++) {
        assert_int_equal(fixture_send(fixture, (uint32_t)(value % 3), value), MYC_OK);
    }
    myc_workers_close(workers);
    assert_int_equal(fixture_send(fixture, 0, 1), MYC_CLOSED);
    assert_int_equal(fixture_send(fixture, MYC_WORKERS_ALL, 1), MYC_CLOSED);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(fixture_do_all(fixture, i), 4);
        assert_int_equal(myc_worker_status(&fixture->hands[i]), MYC_CLOSED);
        myc_worker_close(&fixture->hands[i]);
    }
    assert_int_equal(myc_workers_poll(workers, SIZE_MAX), 12);
    (void)myc_workers_poll(workers, SIZE_MAX);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(fixture->told[i].ended == 1 && fixture->told[i].end.cause == MYC_CLOSED);
        assert_int_equal(fixture->told[i].end.lost, 0);
    }
    assert_int_equal(myc_workers_admit(workers, 0, fixture->block), MYC_CLOSED);
    fixture_close(fixture);
}

// Order of coming does not matter: before the scheduler, before the offer. [WORKERS-20]
static void test_workers_may_come_first(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(false);
    const struct myc_workers_handler handler = {
        fixture_on_joined, fixture_on_returned, fixture_on_ended, fixture};
    struct myc_diagnostic why;
    assert_int_equal(fixture_come(fixture, 0, &why), MYC_AGAIN);
    assert_non_null(strstr(why.text, "not ready"));
    assert_int_equal(
        myc_workers_init(
            &fixture->workers, fixture->seats, fixture->block, &fixture->options, &handler, NULL),
        MYC_OK);
    assert_int_equal(fixture_come(fixture, 0, &why), MYC_AGAIN);
    assert_non_null(strstr(why.text, "no place is offered"));
    assert_int_equal(myc_workers_admit(&fixture->workers, 0, fixture_part(fixture, 0)), MYC_OK);
    assert_int_equal(fixture_come(fixture, 0, &why), MYC_OK);
    assert_int_equal(myc_worker_epoch(&fixture->hands[0]), fixture->options.epoch);
    (void)myc_workers_poll(&fixture->workers, 1);
    assert_int_equal(myc_worker_status(&fixture->hands[0]), MYC_OK);
    fixture_close(fixture);
}

// ---- Sleeping ----

// Each side is rung for what concerns it, and for nothing else. [WORKERS-12] [WORKERS-13]
// [WORKERS-25] [WORKERS-26] [WORKERS-27]
static void test_sleepers_are_rung(void **state)
{
    (void)state;
    for (int is_shared = 0; is_shared < 2; is_shared++) {
        struct fixture *fixture = fixture_create(is_shared != 0);
        struct myc_workers *workers = &fixture->workers;
        struct myc_worker *hand = &fixture->hands[1];
        fixture_start(fixture);
        assert_int_equal(myc_workers_to_ring(workers), 7);
        assert_true(myc_workers_arm(workers));
        assert_int_equal(fixture_come(fixture, 1, NULL), MYC_OK);
        assert_true(myc_worker_should_ring(hand) && !myc_worker_should_ring(hand));
        assert_true(myc_worker_arm(hand));
        myc_workers_disarm(workers);
        assert_false(myc_workers_arm(workers));
        myc_workers_disarm(workers);
        (void)myc_workers_poll(workers, SIZE_MAX);
        assert_int_equal(myc_workers_to_ring(workers), 2);
        assert_int_equal(myc_worker_status(hand), MYC_OK);
        assert_true(myc_worker_arm(hand));
        assert_int_equal(fixture_send(fixture, 1, 1), MYC_OK);
        assert_int_equal(myc_workers_to_ring(workers), 2);
        assert_int_equal(myc_workers_to_ring(workers), 0);
        myc_worker_disarm(hand);
        assert_false(myc_worker_arm(hand));
        myc_worker_disarm(hand);
        assert_true(myc_workers_arm(workers));
        assert_int_equal(fixture_do_all(fixture, 1), 1);
        assert_true(myc_worker_should_ring(hand));
        myc_workers_disarm(workers);
        assert_false(myc_workers_arm(workers));
        myc_workers_disarm(workers);
        // A scheduler that waits for room is rung by who takes a job.
        while (fixture_send(fixture, 1, 1) == MYC_OK) {
        }
        struct myc_ring_writer *ring = myc_workers_ring(workers, 1);
        assert_true(myc_ring_writer_arm(ring, 8 + MYC_WORK_HEADER_BYTES));
        assert_true(fixture_work(fixture, 1, 50) == 50);
        assert_true(myc_worker_should_ring(hand));
        myc_ring_writer_disarm(ring);
        // And a worker that waits for room by the scheduler's poll.
        while (fixture_answer(fixture, 1, false) == MYC_OK) {
        }
        assert_true(myc_worker_arm_room(hand, 8));
        assert_int_equal(myc_workers_to_ring(workers), 0);
        assert_true(myc_workers_poll(workers, SIZE_MAX) > 0);
        assert_int_equal(myc_workers_to_ring(workers), 2);
        myc_worker_disarm_room(hand);
        assert_int_equal(fixture_answer(fixture, 1, true), MYC_OK);
        (void)myc_workers_poll(workers, SIZE_MAX);
        fixture_close(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout_has_room_for_all),
        cmocka_unit_test(test_layout_checks_itself),
        cmocka_unit_test(test_wrong_calls_are_refused),
        cmocka_unit_test(test_jobs_reach_their_worker_and_come_back),
        cmocka_unit_test(test_a_job_for_all_counts_for_each),
        cmocka_unit_test(test_a_job_for_all_goes_to_all_or_none),
        cmocka_unit_test(test_jobs_are_filled_in_place),
        cmocka_unit_test(test_returns_answer_jobs_in_order),
        cmocka_unit_test(test_workers_are_chosen),
        cmocka_unit_test(test_outstanding_jobs_are_limited),
        cmocka_unit_test(test_a_dead_worker_leaves_an_exact_account),
        cmocka_unit_test(test_a_worker_leaves_in_order),
        cmocka_unit_test(test_who_is_given_up_finds_out),
        cmocka_unit_test(test_closing_loses_nothing),
        cmocka_unit_test(test_workers_may_come_first),
        cmocka_unit_test(test_sleepers_are_rung),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Workers and schedulers that write what they must not: the other side says CORRUPT, ends that one
 * worker, and goes on.
 */
#include "unit/workers/workers_fixture.h"

// As src/workers/parts.h lays it out.
struct header {
    uint64_t job;
    uint32_t worker;
    uint32_t kind;
};

enum { KIND_JOB = 1, KIND_PARTIAL = 2, KIND_DONE = 3 };

// ---- A worker that lies ----

// Worker 1 has jobs 1 and 2, and sends these bytes as a return.
static void check_lie(const struct header *header, size_t size, uint16_t type)
{
    struct fixture *fixture = fixture_open(false);
    struct myc_workers *workers = &fixture->workers;
    assert_int_equal(fixture_send(fixture, 0, 1), MYC_OK);
    assert_int_equal(fixture_send(fixture, 1, 1), MYC_OK);
    assert_int_equal(fixture_send(fixture, 1, 2), MYC_OK);
    assert_int_equal(fixture_do_all(fixture, 0), 1);
    assert_int_equal(fixture_work(fixture, 1, 2), 2);
    struct myc_ring_writer *ring = &fixture->hands[1].returns;
    assert_int_equal(myc_ring_publish(ring, type, 1, header, size), MYC_OK);
    // What comes behind a lie does not count, true as it may be.
    assert_int_equal(fixture_answer(fixture, 1, true), MYC_OK);
    (void)myc_workers_poll(workers, SIZE_MAX);
    assert_int_equal(fixture->told[1].ended, 1);
    assert_int_equal(fixture->told[1].end.cause, MYC_CORRUPT);
    assert_true(fixture->told[1].end.first_job == 1 && fixture->told[1].end.lost == 2);
    assert_int_equal(fixture->told[0].done, 1);
    assert_int_equal(fixture_send(fixture, 1, 3), MYC_NOT_CONNECTED);
    assert_int_equal(fixture_send(fixture, 0, 3), MYC_OK);
    fixture_close(fixture);
}

// Only the oldest job of that very worker can be answered. [WORKERS-9]
static void test_a_lying_worker_ends_alone(void **state)
{
    (void)state;
    static const struct header lies[] = {
        {0, 1, KIND_DONE},
        {2, 1, KIND_DONE},
        {2, 1, KIND_PARTIAL},
        {UINT64_MAX, 1, KIND_DONE},
        {1, 0, KIND_DONE},
        {1, MYC_WORKERS_ALL, KIND_DONE},
        {1, 1, KIND_JOB},
        {1, 1, 0},
        {1, 1, 4}};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        check_lie(&lies[i], sizeof lies[i], FIXTURE_RETURN);
    }
    static const struct header truth = {1, 1, KIND_DONE};
    check_lie(&truth, sizeof truth - 1, FIXTURE_RETURN);
    check_lie(&truth, 0, FIXTURE_RETURN);
    check_lie(&truth, sizeof truth, MYC_RECORD_GAP);
}

// More answers than jobs: the one too many is the lie.
static void test_answers_without_jobs_are_corrupt(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_open(false);
    static const struct header answer = {1, 2, KIND_DONE};
    assert_int_equal(
        myc_ring_publish(&fixture->hands[2].returns, FIXTURE_RETURN, 1, &answer, sizeof answer),
        MYC_OK);
    (void)myc_workers_poll(&fixture->workers, SIZE_MAX);
    assert_int_equal(fixture->told[2].end.cause, MYC_CORRUPT);
    assert_int_equal(fixture->told[2].end.lost, 0);
    fixture_close(fixture);
}

// A head that cannot be takes the worker out of its dispatch ring, and so out altogether.
static void test_an_impossible_head_ends_the_worker(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_open(true);
    uint64_t head = UINT64_MAX - 7;
    memcpy(fixture_part(fixture, 1) + fixture->layout.page_offset, &head, sizeof head);
    uint32_t sent = 0;
    for (int i = 0; i < 1000 && fixture->told[1].ended == 0; i++) {
        sent += fixture_send(fixture, 0, 1) == MYC_OK;
        assert_true(fixture_work(fixture, 0, SIZE_MAX) <= 1);
        (void)fixture_work(fixture, 2, SIZE_MAX);
        (void)myc_workers_poll(&fixture->workers, SIZE_MAX);
    }
    assert_int_equal(fixture->told[1].end.cause, MYC_CORRUPT);
    assert_true(sent > 50);
    assert_int_equal(fixture_send(fixture, 0, 1), MYC_OK);
    fixture_close(fixture);
}

// A worker whose ticket or ring is none is not let in, and its place can be given away again.
static void test_a_ring_that_is_none_is_not_let_in(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(false);
    fixture_start(fixture);
    assert_int_equal(fixture_come(fixture, 0, NULL), MYC_OK);
    fixture_part(fixture, 0)[fixture->layout.return_offset + 3] ^= 1;
    (void)myc_workers_poll(&fixture->workers, SIZE_MAX);
    assert_int_equal(fixture->told[0].joined, 0);
    assert_int_equal(fixture->told[0].ended, 1);
    assert_int_equal(fixture->told[0].end.cause, MYC_CORRUPT);
    assert_int_equal(myc_workers_admit(&fixture->workers, 0, fixture_part(fixture, 0)), MYC_OK);
    assert_int_equal(fixture_come(fixture, 0, NULL), MYC_OK);
    (void)myc_workers_poll(&fixture->workers, SIZE_MAX);
    assert_int_equal(fixture->told[0].joined, 1);
    fixture_close(fixture);
}

// ---- A scheduler that lies ----

// No byte of the scheduler's header can be wrong unnoticed, nor the sizes. [WORKERS-20]
static void test_a_header_that_lies_is_refused(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create(false);
    struct myc_diagnostic why;
    fixture_start(fixture);
    size_t end = 24 + sizeof(struct myc_workers_layout);
    for (size_t i = 0; i < end; i++) {
        if (i >= 12 && i < 24) {
            continue; // Reserved, and the epoch, which may be any.
        }
        fixture->block[i] ^= 4;
        assert_int_equal(fixture_come(fixture, 0, &why), MYC_CORRUPT);
        assert_true(strlen(why.text) > 20);
        fixture->block[i] ^= 4;
    }
    struct myc_worker *hand = &fixture->hands[0];
    unsigned char *part = fixture_part(fixture, 0);
    size_t own = (size_t)fixture->layout.worker_bytes;
    size_t all = (size_t)fixture->layout.scheduler_bytes;
    assert_int_equal(myc_worker_init(hand, fixture->block, 100, part, own, 0, &why), MYC_CORRUPT);
    assert_int_equal(
        myc_worker_init(hand, fixture->block, all - 1, part, own, 0, &why), MYC_CORRUPT);
    assert_int_equal(
        myc_worker_init(hand, fixture->block, all, part, own - 1, 0, &why), MYC_INVALID);
    assert_int_equal(
        myc_worker_init(hand, fixture->block, all, part + 64, own, 0, &why), MYC_INVALID);
    assert_int_equal(
        myc_worker_init(hand, fixture->block, all, part, own, FIXTURE_WORKERS, &why), MYC_INVALID);
    assert_int_equal(
        myc_worker_init(hand, fixture->block + 8, all, part, own, 0, &why), MYC_INVALID);
    assert_int_equal(fixture_come(fixture, 0, &why), MYC_OK);
    fixture_close(fixture);
}

static void check_job_lie(const struct header *header, size_t size)
{
    struct fixture *fixture = fixture_open(false);
    assert_int_equal(fixture_send(fixture, 1, 1), MYC_OK);
    struct myc_ring_writer *ring = myc_workers_ring(&fixture->workers, 1);
    assert_int_equal(myc_ring_publish(ring, FIXTURE_JOB, 1, header, size), MYC_OK);
    assert_int_equal(fixture_work(fixture, 1, SIZE_MAX), 1);
    assert_int_equal(myc_worker_status(&fixture->hands[1]), MYC_CORRUPT);
    assert_int_equal(fixture_work(fixture, 1, SIZE_MAX), 0);
    fixture_close(fixture);
}

// A job has the number that the worker counted. [WORKERS-22]
static void test_a_lying_scheduler_is_not_believed(void **state)
{
    (void)state;
    static const struct header lies[] = {
        {0, 1, KIND_JOB},
        {1, 1, KIND_JOB},
        {3, 1, KIND_JOB},
        {2, 1, KIND_DONE},
        {2, 0, KIND_JOB},
        {2, MYC_WORKERS_ALL, KIND_JOB}};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        check_job_lie(&lies[i], sizeof lies[i]);
    }
    check_job_lie(&lies[0], 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lying_worker_ends_alone),
        cmocka_unit_test(test_answers_without_jobs_are_corrupt),
        cmocka_unit_test(test_an_impossible_head_ends_the_worker),
        cmocka_unit_test(test_a_ring_that_is_none_is_not_let_in),
        cmocka_unit_test(test_a_header_that_lies_is_refused),
        cmocka_unit_test(test_a_lying_scheduler_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A scheduler and its workers in one block on the heap, and an account of all that is told.
 */
#ifndef MYC_UNIT_WORKERS_WORKERS_FIXTURE_H
#define MYC_UNIT_WORKERS_WORKERS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/workers.h>

enum { FIXTURE_WORKERS = 3, FIXTURE_JOB = 5, FIXTURE_RETURN = 6, FIXTURE_CAPACITY = 4096 };

/** What the scheduler was told of one worker. */
struct told {
    uint32_t joined;
    uint32_t ended;
    uint64_t done;
    uint64_t partial;
    uint64_t last_job; /* answered or lost */
    struct myc_workers_end end;
    struct myc_workers_return last;
};

/** What a worker was handed. */
struct handed {
    struct myc_worker *worker;
    uint64_t jobs;
    uint64_t for_all;
    uint64_t last_value;
    struct myc_worker_job last;
};

struct fixture {
    struct myc_workers workers;
    struct myc_workers_seat seats[FIXTURE_WORKERS];
    struct myc_worker hands[FIXTURE_WORKERS];
    struct handed handed[FIXTURE_WORKERS];
    struct told told[FIXTURE_WORKERS];
    struct myc_workers_options options;
    struct myc_workers_layout layout;
    unsigned char *block;
};

static inline void fixture_on_joined(uint32_t worker, uint32_t generation, void *context)
{
    struct fixture *fixture = (struct fixture *)context;
    fixture->told[worker].joined++;
    assert_int_equal(fixture->seats[worker].generation, generation);
}

static inline void fixture_on_returned(const struct myc_workers_return *message, void *context)
{
    struct told *told = &((struct fixture *)context)->told[message->worker];
    assert_int_equal(message->job, told->last_job + 1);
    assert_int_equal((uintptr_t)message->payload % 8, 0);
    assert_int_equal(message->type, FIXTURE_RETURN);
    told->last_job += message->is_done;
    told->done += message->is_done;
    told->partial += !message->is_done;
    told->last = *message;
}

static inline void fixture_on_ended(const struct myc_workers_end *end, void *context)
{
    struct told *told = &((struct fixture *)context)->told[end->worker];
    assert_int_equal(end->first_job, told->last_job + 1);
    told->last_job += end->lost;
    told->ended++;
    told->end = *end;
}

static inline unsigned char *fixture_part(struct fixture *fixture, uint32_t worker)
{
    return fixture->block + myc_workers_part_offset(&fixture->layout, worker);
}

static inline struct fixture *fixture_create(bool is_shared)
{
    size_t bytes = (sizeof(struct fixture) + 63) / 64 * 64;
    struct fixture *fixture = (struct fixture *)aligned_alloc(64, bytes);
    assert_non_null(fixture);
    memset(fixture, 0, bytes);
    fixture->options.count = FIXTURE_WORKERS;
    fixture->options.is_shared_dispatch = is_shared;
    fixture->options.dispatch_capacity = FIXTURE_CAPACITY;
    fixture->options.return_capacity = FIXTURE_CAPACITY;
    fixture->options.may_sleep = true;
    fixture->options.epoch = 4;
    assert_int_equal(myc_workers_layout(&fixture->options, &fixture->layout, NULL), MYC_OK);
    fixture->block = (unsigned char *)aligned_alloc(4096, (size_t)fixture->layout.block_bytes);
    assert_non_null(fixture->block);
    memset(fixture->block, 0, (size_t)fixture->layout.block_bytes);
    return fixture;
}

/** Makes the scheduler, as the options say, and admits everybody. */
static inline void fixture_start(struct fixture *fixture)
{
    const struct myc_workers_handler handler = {
        fixture_on_joined, fixture_on_returned, fixture_on_ended, fixture};
    assert_int_equal(
        myc_workers_init(
            &fixture->workers, fixture->seats, fixture->block, &fixture->options, &handler, NULL),
        MYC_OK);
    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++) {
        assert_int_equal(myc_workers_admit(&fixture->workers, i, fixture_part(fixture, i)), MYC_OK);
    }
}

static inline enum myc_status
fixture_come(struct fixture *fixture, uint32_t worker, struct myc_diagnostic *why)
{
    fixture->handed[worker].worker = &fixture->hands[worker];
    return myc_worker_init(
        &fixture->hands[worker],
        fixture->block,
        (size_t)fixture->layout.scheduler_bytes,
        fixture_part(fixture, worker),
        (size_t)fixture->layout.worker_bytes,
        worker,
        why);
}

/** A scheduler and all its workers, in. */
static inline struct fixture *fixture_open(bool is_shared)
{
    struct fixture *fixture = fixture_create(is_shared);
    fixture_start(fixture);
    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++) {
        assert_int_equal(fixture_come(fixture, i, NULL), MYC_OK);
    }
    assert_int_equal(myc_workers_poll(&fixture->workers, SIZE_MAX), 0);
    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++) {
        assert_int_equal(myc_worker_status(&fixture->hands[i]), MYC_OK);
        assert_int_equal(fixture->told[i].joined, 1);
    }
    return fixture;
}

static inline struct myc_workers_account
fixture_account(const struct fixture *fixture, uint32_t worker)
{
    struct myc_workers_account account;
    assert_int_equal(myc_workers_account(&fixture->workers, worker, &account), MYC_OK);
    assert_true(account.dispatched == account.answered + account.lost + account.outstanding);
    return account;
}

static inline void fixture_close(struct fixture *fixture)
{
    for (uint32_t i = 0; i < FIXTURE_WORKERS; i++) {
        struct myc_workers_account account = fixture_account(fixture, i);
        assert_int_equal(account.answered, fixture->told[i].done);
        assert_int_equal(account.answered + account.lost, fixture->told[i].last_job);
    }
    free(fixture->block);
    free(fixture);
}

static inline enum myc_status fixture_send(struct fixture *fixture, uint32_t worker, uint64_t value)
{
    return myc_workers_send(&fixture->workers, worker, FIXTURE_JOB, 1, &value, sizeof value);
}

static inline void fixture_on_job(const struct myc_worker_job *job, void *context)
{
    struct handed *handed = (struct handed *)context;
    assert_int_equal(job->type, FIXTURE_JOB);
    assert_int_equal(job->size, 8);
    assert_int_equal((uintptr_t)job->payload % 8, 0);
    memcpy(&handed->last_value, job->payload, 8);
    handed->jobs++;
    handed->for_all += job->is_for_all;
    handed->last = *job;
}

static inline size_t fixture_work(struct fixture *fixture, uint32_t worker, size_t jobs_max)
{
    struct handed *handed = &fixture->handed[worker];
    return myc_worker_poll(handed->worker, fixture_on_job, handed, jobs_max);
}

static inline enum myc_status fixture_answer(struct fixture *fixture, uint32_t worker, bool is_done)
{
    uint64_t value = fixture->handed[worker].last_value + 1;
    return myc_worker_send(
        &fixture->hands[worker], is_done, FIXTURE_RETURN, 2, &value, sizeof value);
}

/** Does all jobs that a worker has. Returns: how many. */
static inline size_t fixture_do_all(struct fixture *fixture, uint32_t worker)
{
    size_t count = 0;
    while (fixture_work(fixture, worker, 1) == 1) {
        assert_int_equal(fixture_answer(fixture, worker, true), MYC_OK);
        count++;
    }
    return count;
}

#endif

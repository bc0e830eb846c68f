// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a worker may do to its scheduler. The input is a list of steps for a scheduler and two
// workers in one block: jobs, honest answers, returns of any bytes, any bytes anywhere in a
// worker's part, deaths, comings. Whatever comes, each job is told once, as answered or as lost, in
// the order of its numbers, and the accounts add up; and who did not lie is never ended as CORRUPT.
#include <stdbool.h>
#include <string.h>

#include <mycelium/workers.h>

#include "fuzz.h"

enum { WORKERS = 2, CAPACITY = 4096, STEPS_MAX = 400, TYPE = 5 };

enum step {
    STEP_SEND,     // a job, of so many bytes
    STEP_WORK,     // takes and answers honestly
    STEP_POLL,     // the scheduler
    STEP_RETURN,   // any bytes as a return
    STEP_SCRIBBLE, // any bytes into the worker's part
    STEP_END,      // the scheduler is told of a death
    STEP_COME,     // a next generation
    STEP_SEND_ALL,
    STEP_COUNT
};

struct side {
    struct myc_worker worker;
    uint64_t told; // jobs, answered or lost
    bool is_there; // init has said OK
    bool has_lied;
    bool is_in;
};

struct play {
    struct myc_workers workers;
    struct myc_workers_seat seats[WORKERS];
    struct myc_workers_layout layout;
    struct side sides[WORKERS];
    unsigned char *block;
    const uint8_t *data;
    size_t size;
};

// ---- What the scheduler is told ----

static void on_joined(uint32_t worker, uint32_t generation, void *context)
{
    struct play *play = context;
    FUZZ_CHECK(worker < WORKERS && generation > 0 && !play->sides[worker].is_in);
    play->sides[worker].is_in = true;
}

static void on_returned(const struct myc_workers_return *message, void *context)
{
    struct play *play = context;
    FUZZ_CHECK(message->worker < WORKERS);
    struct side *side = &play->sides[message->worker];
    FUZZ_CHECK(side->is_in && message->job == side->told + 1);
    FUZZ_CHECK((uintptr_t)message->payload % 8 == 0);
    // All of it can be read.
    unsigned sum = 0;
    for (uint32_t i = 0; i < message->size; i++) {
        sum += ((const unsigned char *)message->payload)[i];
    }
    FUZZ_CHECK(sum <= message->size * 255u);
    side->told += message->is_done;
}

static void on_ended(const struct myc_workers_end *end, void *context)
{
    struct play *play = context;
    FUZZ_CHECK(end->worker < WORKERS && end->cause != MYC_OK);
    struct side *side = &play->sides[end->worker];
    FUZZ_CHECK(end->first_job == side->told + 1);
    FUZZ_CHECK(side->has_lied || end->cause == MYC_PEER_DIED);
    side->told += end->lost;
    side->is_in = false;
}

static void check_accounts(const struct play *play)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct myc_workers_account account;
        FUZZ_CHECK(myc_workers_account(&play->workers, i, &account) == MYC_OK);
        FUZZ_CHECK(account.dispatched == account.answered + account.lost + account.outstanding);
        FUZZ_CHECK(account.answered + account.lost == play->sides[i].told);
        FUZZ_CHECK(account.is_in == play->sides[i].is_in);
        FUZZ_CHECK(account.is_in || account.outstanding == 0);
    }
}

// ---- Steps ----

static uint8_t next_byte(struct play *play)
{
    if (play->size == 0) {
        return 0;
    }
    play->size--;
    return *play->data++;
}

static unsigned char *part_of(struct play *play, uint32_t worker)
{
    return play->block + myc_workers_part_offset(&play->layout, worker);
}

static void on_job(const struct myc_worker_job *job, void *context)
{
    uint64_t *count = context;
    FUZZ_CHECK(job->type == TYPE);
    ++*count;
}

static void work(struct side *side)
{
    uint64_t count = 0;
    if (side->is_there && !side->has_lied) {
        (void)myc_worker_poll(&side->worker, on_job, &count, 3);
        for (; count > 0; count--) {
            enum myc_status status =
                myc_worker_send(&side->worker, true, TYPE, 1, &count, sizeof count);
            FUZZ_CHECK(status == MYC_OK || status == MYC_FULL);
            side->has_lied |= status == MYC_FULL; // it forgets that job: it answers no more
        }
    }
}

static void say(struct play *play, struct side *side)
{
    unsigned char bytes[48];
    size_t size = next_byte(play) % sizeof bytes;
    uint16_t type = next_byte(play);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = next_byte(play);
    }
    if (side->is_there) {
        side->has_lied = true;
        enum myc_status status = myc_ring_publish(&side->worker.returns, type, 1, bytes, size);
        FUZZ_CHECK(type == 0 ? status == MYC_INVALID : status == MYC_OK || status == MYC_FULL);
    }
}

static void scribble(struct play *play, uint32_t worker)
{
    unsigned char *part = part_of(play, worker);
    size_t at = (size_t)next_byte(play) << 8 | next_byte(play);
    size_t count = next_byte(play) % 16;
    play->sides[worker].has_lied = true;
    for (size_t i = 0; i < count; i++) {
        part[(at + i) % play->layout.worker_bytes] = next_byte(play);
    }
}

static void end(struct play *play, uint32_t worker)
{
    struct side *side = &play->sides[worker];
    myc_workers_end(&play->workers, worker, MYC_PEER_DIED);
    FUZZ_CHECK(!side->is_in);
    side->is_there = false;
    // Whoever comes next finds the part as its predecessor left it, but for the first line.
    memset(part_of(play, worker), 0, 64);
    side->has_lied = false;
    FUZZ_CHECK(myc_workers_admit(&play->workers, worker, part_of(play, worker)) == MYC_OK);
}

static void come(struct play *play, uint32_t worker)
{
    struct side *side = &play->sides[worker];
    if (!side->is_there) {
        side->is_there = myc_worker_init(
                             &side->worker,
                             play->block,
                             (size_t)play->layout.scheduler_bytes,
                             part_of(play, worker),
                             (size_t)play->layout.worker_bytes,
                             worker,
                             NULL)
                         == MYC_OK;
    }
}

static void send(struct play *play, uint32_t worker)
{
    static const unsigned char payload[256];
    enum myc_status status =
        myc_workers_send(&play->workers, worker, TYPE, 1, payload, next_byte(play));
    FUZZ_CHECK(status == MYC_OK || status == MYC_FULL || status == MYC_NOT_CONNECTED);
}

static void take_step(struct play *play)
{
    uint8_t step = next_byte(play);
    uint32_t worker = step / STEP_COUNT % WORKERS;
    switch ((enum step)(step % STEP_COUNT)) {
    case STEP_SEND:
        send(play, worker);
        break;
    case STEP_SEND_ALL:
        send(play, MYC_WORKERS_ALL);
        break;
    case STEP_WORK:
        work(&play->sides[worker]);
        break;
    case STEP_POLL:
        (void)myc_workers_poll(&play->workers, 1 + (size_t)next_byte(play) % 16);
        break;
    case STEP_RETURN:
        say(play, &play->sides[worker]);
        break;
    case STEP_SCRIBBLE:
        scribble(play, worker);
        break;
    case STEP_END:
        end(play, worker);
        break;
    case STEP_COME:
        come(play, worker);
        break;
    case STEP_COUNT:
        break;
    }
    check_accounts(play);
}

static void run(struct play *play)
{
    uint8_t kind = next_byte(play);
    const struct myc_workers_options options = {
        .count = WORKERS,
        .is_shared_dispatch = (kind & 1) != 0,
        .may_sleep = (kind & 2) != 0,
        .dispatch_capacity = CAPACITY,
        .return_capacity = CAPACITY,
        .outstanding_max = kind >> 4,
        .budget = 1 + (kind >> 2 & 3u)};
    const struct myc_workers_handler handler = {on_joined, on_returned, on_ended, play};
    FUZZ_CHECK(myc_workers_layout(&options, &play->layout, NULL) == MYC_OK);
    play->block = aligned_alloc(4096, (size_t)play->layout.block_bytes);
    FUZZ_CHECK(play->block != NULL);
    memset(play->block, 0, (size_t)play->layout.block_bytes);
    FUZZ_CHECK(
        myc_workers_init(&play->workers, play->seats, play->block, &options, &handler, NULL)
        == MYC_OK);
    for (uint32_t i = 0; i < WORKERS; i++) {
        FUZZ_CHECK(myc_workers_admit(&play->workers, i, part_of(play, i)) == MYC_OK);
        come(play, i);
    }
    (void)myc_workers_poll(&play->workers, 1);
    for (int i = 0; i < STEPS_MAX && play->size > 0; i++) {
        take_step(play);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        end(play, i);
    }
    check_accounts(play);
    free(play->block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play *play = aligned_alloc(64, (sizeof *play + 63) / 64 * 64);
    uint8_t *copy = malloc(size != 0 ? size : 1);
    FUZZ_CHECK(play != NULL && copy != NULL);
    memset(play, 0, sizeof *play);
    if (size != 0) {
        memcpy(copy, data, size);
    }
    play->data = copy;
    play->size = size;
    run(play);
    free(copy);
    free(play);
    return 0;
}

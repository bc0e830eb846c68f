// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A scheduler and three workers, threads of one process, with all their rings in one block on the
 * heap. They spin and yield instead of sleeping, so that no platform is needed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <sched.h>

#include "sums.h"

struct shop {
    struct myc_workers workers;
    struct myc_workers_seat seats[WORKERS];
    struct myc_workers_layout layout;
    struct ledger ledger;
    unsigned char *block;
};

struct hand {
    struct myc_worker worker;
    struct shop *shop;
    uint32_t index;
    pthread_t thread;
};

static void on_ended(const struct myc_workers_end *end, void *context)
{
    struct shop *shop = context;
    shop->ledger.ended++;
    shop->ledger.lost += end->lost;
}

static void on_answer(const struct myc_workers_return *message, void *context)
{
    struct shop *shop = context;
    on_returned(message, &shop->ledger);
}

static void *work(void *context)
{
    struct hand *hand = context;
    struct myc_worker *worker = &hand->worker;
    struct shop *shop = hand->shop;
    size_t offset = myc_workers_part_offset(&shop->layout, hand->index);
    while (myc_worker_init(
               worker,
               shop->block,
               (size_t)shop->layout.scheduler_bytes,
               shop->block + offset,
               (size_t)shop->layout.worker_bytes,
               hand->index,
               NULL)
           == MYC_AGAIN) {
        (void)sched_yield(); // the scheduler has not opened yet
    }
    enum myc_status status = myc_worker_status(worker);
    while (status == MYC_OK || status == MYC_AGAIN) {
        uint64_t sum;
        if (myc_worker_poll(worker, on_job, &sum, 1) == 0) {
            (void)sched_yield();
        } else {
            while (myc_worker_send(worker, true, TYPE_SUM, 1, &sum, sizeof sum) == MYC_FULL) {
                (void)sched_yield(); // until the scheduler has read
            }
        }
        status = myc_worker_status(worker);
    }
    myc_worker_close(worker);
    return NULL;
}

// Sends all jobs to whoever has least to do, and reads what comes back meanwhile.
static void schedule(struct shop *shop)
{
    struct myc_workers *workers = &shop->workers;
    for (uint64_t job = 0; job < JOBS;) {
        struct range range = range_of(job);
        uint32_t worker = myc_workers_least(workers);
        if (myc_workers_send(workers, worker, TYPE_RANGE, 1, &range, sizeof range) == MYC_OK) {
            job++;
        } else if (myc_workers_poll(workers, SIZE_MAX) == 0) {
            (void)sched_yield();
        }
    }
    myc_workers_close(workers);
    while (shop->ledger.ended < WORKERS) {
        if (myc_workers_poll(workers, SIZE_MAX) == 0) {
            (void)sched_yield();
        }
    }
}

static enum myc_status open_shop(struct shop *shop, struct myc_diagnostic *why)
{
    const struct myc_workers_handler handler = {
        .returned = on_answer, .ended = on_ended, .context = shop};
    enum myc_status status = myc_workers_layout(shop_options(), &shop->layout, why);
    if (status != MYC_OK) {
        return status;
    }
    shop->block = aligned_alloc(4096, (size_t)shop->layout.block_bytes);
    if (shop->block == NULL) {
        return MYC_NO_MEMORY;
    }
    memset(shop->block, 0, (size_t)shop->layout.block_bytes);
    status =
        myc_workers_init(&shop->workers, shop->seats, shop->block, shop_options(), &handler, why);
    for (uint32_t i = 0; i < WORKERS && status == MYC_OK; i++) {
        size_t offset = myc_workers_part_offset(&shop->layout, i);
        status = myc_workers_admit(&shop->workers, i, shop->block + offset);
    }
    return status;
}

int main(void)
{
    static struct shop shop;
    static struct hand hands[WORKERS];
    struct myc_diagnostic why = {0};
    if (open_shop(&shop, &why) != MYC_OK) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        hands[i].shop = &shop;
        hands[i].index = i;
        if (pthread_create(&hands[i].thread, NULL, work, &hands[i]) != 0) {
            return 1;
        }
    }
    schedule(&shop);
    for (uint32_t i = 0; i < WORKERS; i++) {
        (void)pthread_join(hands[i].thread, NULL);
    }
    bool is_right = shop.ledger.answered == JOBS && shop.ledger.lost == 0
                    && shop.ledger.total == total_expected();
    printf(
        "threads: %d jobs answered, %d lost, the sum is %s\n",
        (int)shop.ledger.answered,
        (int)shop.ledger.lost,
        is_right ? "right" : "WRONG");
    free(shop.block);
    return is_right ? 0 : 1;
}

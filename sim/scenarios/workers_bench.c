// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The workers of the scenarios; see workers.c.
 */
#include <string.h>

#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>

#include "workers_shop.h"

void shop_ring(struct shop *shop, struct myc_platform *platform, struct myc_atomic_u32 *bell)
{
    (void)myc_fetch_add_u32(bell, 1);
    if (shop->may_sleep) {
        (void)myc_wait_wake(platform->wait, bell, UINT32_MAX, MYC_WAIT_PROCESS);
    }
}

void shop_wait(
    struct shop *shop, struct myc_platform *platform, struct myc_atomic_u32 *bell, uint32_t seen)
{
    if (shop->may_sleep) {
        (void)myc_wait_wait(platform->wait, bell, seen, MYC_NEVER, MYC_WAIT_PROCESS);
    } else {
        myc_thread_relax(platform->thread, 0);
    }
}

static void ring_scheduler(struct bench *bench, struct myc_platform *platform)
{
    if (myc_worker_should_ring(&bench->worker)) {
        shop_ring(bench->shop, platform, &bench->shop->bell);
    }
}

static bool is_scheduler_dead(struct bench *bench)
{
    if (myc_load_acquire_u32(&bench->shop->is_scheduler_dead) == 0) {
        return false;
    }
    // Outside of this play a system call tells of deaths, and orders what came before them.
    myc_fence_seq_cst();
    return true;
}

// ---- Jobs ----

static void on_job(const struct myc_worker_job *message, void *context)
{
    struct bench *bench = context;
    struct myc_sim *sim = bench->shop->sim;
    const unsigned char *bytes = message->payload;
    if (message->job == 0 || message->job > SHOP_JOBS_MAX) {
        myc_sim_fail(sim, "a job has the number %llu", (unsigned long long)message->job);
    }
    struct job *job = &bench->jobs[message->job];
    myc_sim_check(sim, job->is_sending, "no job is handed over that was not sent");
    myc_sim_check(sim, !job->is_taken, "no job is handed over twice");
    myc_sim_check(sim, !job->is_told, "no job is handed over that was told as lost");
    myc_sim_check(
        sim,
        message->size == job->size && message->type == SHOP_TYPE_JOB
            && message->version == (uint16_t)job->value,
        "a job has its size, type and version");
    myc_shared_read(bytes, message->size);
    for (size_t i = 0; i < message->size; i++) {
        if (bytes[i] != shop_byte(job->value, i)) {
            myc_sim_fail(sim, "job %llu has a byte of another", (unsigned long long)message->job);
        }
    }
    job->is_taken = true;
    myc_sim_count(sim, message->is_for_all ? "jobs for all taken" : "jobs taken", 1);
}

// Waits for room to return so many bytes. Returns: false if nobody makes any.
static bool wait_for_room(struct bench *bench, struct myc_platform *platform, size_t size)
{
    if (is_scheduler_dead(bench)) {
        return false;
    }
    uint32_t seen = myc_load_acquire_u32(&bench->bell);
    if (myc_worker_arm_room(&bench->worker, size)) {
        myc_sim_count(bench->shop->sim, "workers waited for room", 1);
        shop_wait(bench->shop, platform, &bench->bell, seen);
    }
    myc_worker_disarm_room(&bench->worker);
    return true;
}

static bool send(struct bench *bench, struct myc_platform *platform, uint64_t number, bool is_done)
{
    struct job *job = &bench->jobs[number];
    unsigned char payload[SHOP_SIZE_MAX];
    size_t size = (size_t)myc_sim_choose(bench->shop->sim, "workers.return", SHOP_SIZE_MAX);
    for (size_t i = 0; i < size; i++) {
        payload[i] = shop_byte(job->value + 1, i);
    }
    for (;;) {
        job->is_answering |= is_done;
        job->parts += !is_done;
        enum myc_status status = myc_worker_send(
            &bench->worker, is_done, SHOP_TYPE_RETURN, (uint16_t)job->parts, payload, size);
        if (status == MYC_OK) {
            job->is_answered = is_done;
            ring_scheduler(bench, platform);
            return true;
        }
        job->parts -= !is_done;
        if (status != MYC_FULL) {
            myc_sim_fail(bench->shop->sim, "a return is refused: %s", myc_status_name(status));
        }
        ring_scheduler(bench, platform);
        if (!wait_for_room(bench, platform, size)) {
            return false;
        }
    }
}

// Answers the oldest job, perhaps in parts. Returns: false if nobody reads it.
static bool answer(struct bench *bench, struct myc_platform *platform)
{
    uint64_t number = bench->worker.first_job + bench->worker.answered + 1;
    while (myc_sim_chance(bench->shop->sim, "workers.part", 1, 5)) {
        if (!send(bench, platform, number, false)) {
            return false;
        }
    }
    return send(bench, platform, number, true);
}

// ---- A generation ----

// Takes the place that is offered. Returns: false if nobody offers any more.
static bool come(struct bench *bench, struct myc_platform *platform)
{
    struct shop *shop = bench->shop;
    for (;;) {
        uint32_t seen = myc_load_acquire_u32(&bench->bell);
        struct myc_diagnostic why;
        enum myc_status status = myc_worker_init(
            &bench->worker,
            shop->block,
            (size_t)shop->layout.scheduler_bytes,
            shop->block + myc_workers_part_offset(&shop->layout, bench->index),
            (size_t)shop->layout.worker_bytes,
            bench->index,
            &why);
        if (status == MYC_OK) {
            ring_scheduler(bench, platform);
            return true;
        }
        if (status != MYC_AGAIN) {
            myc_sim_fail(shop->sim, "a worker cannot come: %s", why.text);
        }
        if (is_scheduler_dead(bench)) {
            return false;
        }
        shop_wait(shop, platform, &bench->bell, seen);
    }
}

static void sleep_until_rung(struct bench *bench, struct myc_platform *platform)
{
    uint32_t seen = myc_load_acquire_u32(&bench->bell);
    if (myc_worker_arm(&bench->worker)) {
        myc_sim_count(bench->shop->sim, "workers slept", 1);
        shop_wait(bench->shop, platform, &bench->bell, seen);
    }
    myc_worker_disarm(&bench->worker);
}

// All that was sent to this generation was handed over.
static void check_taken(struct bench *bench)
{
    if (myc_worker_status(&bench->worker) == MYC_AGAIN) {
        return; // It was never let in, or does not know.
    }
    for (uint64_t number = bench->worker.first_job + 1; number <= bench->sent; number++) {
        const struct job *job = &bench->jobs[number];
        myc_sim_check(
            bench->shop->sim,
            !job->is_sent || job->is_taken,
            "a worker that lives is handed every job it was sent");
    }
}

void bench_work(struct bench *bench, struct myc_platform *platform)
{
    struct myc_sim *sim = bench->shop->sim;
    bool is_read = true; // somebody reads returns
    if (!come(bench, platform)) {
        return;
    }
    for (;;) {
        // Asked before looking: what a dead scheduler sent lies there by now.
        bool is_dead = is_scheduler_dead(bench);
        size_t count = myc_worker_poll(
            &bench->worker, on_job, bench, 1 + (size_t)myc_sim_choose(sim, "workers.take", 4));
        ring_scheduler(bench, platform);
        while (is_read && myc_worker_unanswered(&bench->worker) > 0) {
            is_read = answer(bench, platform);
        }
        enum myc_status status = myc_worker_status(&bench->worker);
        if (status == MYC_CLOSED || (is_dead && count == 0)) {
            break;
        }
        if (status != MYC_OK && status != MYC_AGAIN) {
            myc_sim_fail(sim, "a worker broke: %s", myc_status_name(status));
        }
        if (count == 0) {
            sleep_until_rung(bench, platform);
        }
    }
    check_taken(bench);
    myc_worker_close(&bench->worker);
    ring_scheduler(bench, platform);
}

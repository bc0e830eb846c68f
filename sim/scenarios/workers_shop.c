// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The scheduler of the scenarios, and its oracles; see workers.c.
 */
#include "workers_shop.h"

#include <stdlib.h>
#include <string.h>

static void *take(size_t alignment, size_t bytes)
{
    void *memory = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (memory == NULL) {
        abort();
    }
    memset(memory, 0, bytes);
    return memory;
}

struct shop *shop_create(struct myc_sim *sim, bool may_sleep)
{
    struct shop *shop = take(64, sizeof *shop);
    shop->sim = sim;
    shop->may_sleep = may_sleep;
    shop->jobs = 12 + (uint32_t)myc_sim_choose(sim, "workers.jobs", 13);
    shop->options.count = 2 + (uint32_t)myc_sim_choose(sim, "workers.count", SHOP_WORKERS - 1);
    shop->options.is_shared_dispatch = myc_sim_chance(sim, "workers.shared", 1, 2);
    shop->options.may_sleep = may_sleep;
    shop->options.dispatch_capacity = SHOP_CAPACITY;
    shop->options.return_capacity = SHOP_CAPACITY;
    shop->options.outstanding_max = (uint32_t)myc_sim_choose(sim, "workers.outstanding", 5);
    shop->options.budget = 1 + (uint32_t)myc_sim_choose(sim, "workers.budget", 4);
    if (myc_workers_layout(&shop->options, &shop->layout, NULL) != MYC_OK) {
        abort();
    }
    shop->block = take(4096, (size_t)shop->layout.block_bytes);
    for (uint32_t i = 0; i < SHOP_WORKERS; i++) {
        shop->benches[i].shop = shop;
        shop->benches[i].index = i;
    }
    return shop;
}

void shop_destroy(struct shop *shop)
{
    free(shop->block);
    free(shop);
}

// ---- Oracles ----

static void on_joined(uint32_t worker, uint32_t generation, void *context)
{
    struct shop *shop = context;
    struct bench *bench = &shop->benches[worker];
    myc_sim_check(shop->sim, !bench->is_in, "nobody joins who is in");
    bench->is_in = true;
    bench->is_waiting = false;
    bench->others = 0;
    myc_sim_count(shop->sim, generation == 1 ? "workers came" : "workers came back", 1);
}

// Whose ring was seen not to be empty waits for at most a budget of each other one.
static void check_fairness(struct shop *shop, uint32_t served)
{
    uint32_t bound = (shop->options.count - 1) * shop->options.budget;
    shop->benches[served].is_waiting = false;
    for (uint32_t i = 0; i < shop->options.count; i++) {
        struct bench *bench = &shop->benches[i];
        if (i == served || !bench->is_in) {
            continue;
        }
        if (!bench->is_waiting && !myc_ring_is_empty(&shop->seats[i].returns)) {
            bench->is_waiting = true;
            bench->others = 0;
        } else if (bench->is_waiting) {
            bench->others++;
        }
        if (bench->others > bound) {
            myc_sim_fail(
                shop->sim, "a return waits for %u of others, at most %u", bench->others, bound);
        }
    }
}

static void on_returned(const struct myc_workers_return *message, void *context)
{
    struct shop *shop = context;
    struct bench *bench = &shop->benches[message->worker];
    const unsigned char *bytes = message->payload;
    if (message->job != bench->told + 1) {
        myc_sim_fail(
            shop->sim,
            "job %llu is answered after job %llu",
            (unsigned long long)message->job,
            (unsigned long long)bench->told);
    }
    struct job *job = &bench->jobs[message->job];
    myc_sim_check(shop->sim, job->is_taken, "no job is answered that was not taken");
    myc_sim_check(
        shop->sim,
        message->is_done ? job->is_answering : job->parts > job->parts_told,
        "no return is told that was not sent");
    job->parts_told += !message->is_done;
    myc_sim_check(shop->sim, message->version == job->parts_told, "parts come once and in order");
    myc_shared_read(bytes, message->size);
    for (size_t i = 0; i < message->size; i++) {
        if (bytes[i] != shop_byte(job->value + 1, i)) {
            myc_sim_fail(shop->sim, "a return has a byte of another");
        }
    }
    if (message->is_done) {
        bench->told++;
        job->is_told = true;
        myc_sim_count(shop->sim, "jobs answered", 1);
    }
    if (!shop->is_burying) {
        check_fairness(shop, message->worker);
    }
}

static void on_ended(const struct myc_workers_end *end, void *context)
{
    struct shop *shop = context;
    struct bench *bench = &shop->benches[end->worker];
    myc_sim_check(shop->sim, bench->is_in, "nobody ends who is not in");
    myc_sim_check(
        shop->sim,
        end->cause == MYC_PEER_DIED || (end->cause == MYC_CLOSED && shop->is_closing),
        "a worker ends for a cause that happened");
    if (end->first_job != bench->told + 1 || end->lost != bench->sent - bench->told) {
        myc_sim_fail(
            shop->sim,
            "%llu jobs from %llu are told as lost, but %llu of %llu were answered",
            (unsigned long long)end->lost,
            (unsigned long long)end->first_job,
            (unsigned long long)bench->told,
            (unsigned long long)bench->sent);
    }
    for (uint64_t number = end->first_job; number <= bench->sent; number++) {
        struct job *job = &bench->jobs[number];
        myc_sim_check(shop->sim, !job->is_answered, "no job is lost that was answered");
        job->is_told = true;
        myc_sim_count(shop->sim, job->is_taken ? "jobs lost half done" : "jobs lost", 1);
    }
    bench->told = bench->sent;
    bench->is_in = false;
}

static void check_accounts(struct shop *shop)
{
    for (uint32_t i = 0; i < shop->options.count; i++) {
        struct bench *bench = &shop->benches[i];
        struct myc_workers_account account;
        bool is_known = myc_workers_account(&shop->workers, i, &account) == MYC_OK;
        myc_sim_check(
            shop->sim,
            is_known && account.dispatched == bench->sent
                && account.answered + account.lost == bench->told
                && account.outstanding == bench->sent - bench->told,
            "dispatched = answered + lost + outstanding");
    }
}

// ---- Sending ----

static void ring_workers(struct shop *shop, struct myc_platform *platform)
{
    uint64_t to_ring = myc_workers_to_ring(&shop->workers);
    for (uint32_t i = 0; i < shop->options.count; i++) {
        if ((to_ring >> i & 1) != 0) {
            shop_ring(shop, platform, &shop->benches[i].bell);
        }
    }
}

static uint32_t draw_target(struct shop *shop)
{
    switch (myc_sim_choose(shop->sim, "workers.target", 4)) {
    case 0:
        return myc_workers_least(&shop->workers);
    case 1:
        return (uint32_t)myc_sim_choose(shop->sim, "workers.worker", shop->options.count);
    case 2:
        return myc_workers_of_key(&shop->workers, myc_sim_choose(shop->sim, "workers.key", 1000));
    default:
        return MYC_WORKERS_ALL;
    }
}

static bool is_target(const struct shop *shop, uint32_t target, uint32_t worker)
{
    return target == worker || (target == MYC_WORKERS_ALL && shop->benches[worker].is_in);
}

// Notes a job before it can be seen, or that it was sent, or takes the note back.
static void note(struct shop *shop, uint32_t target, const struct job *job, enum myc_status status)
{
    for (uint32_t i = 0; i < shop->options.count; i++) {
        struct bench *bench = &shop->benches[i];
        if (!is_target(shop, target, i)) {
            continue;
        }
        struct job *next = &bench->jobs[bench->sent + 1];
        if (status == MYC_AGAIN) {
            *next = *job;
        } else if (status == MYC_OK) {
            next->is_sent = true;
            bench->sent++;
        } else {
            next->is_sending = false;
        }
    }
}

static bool has_numbers(const struct shop *shop)
{
    for (uint32_t i = 0; i < shop->options.count; i++) {
        if (shop->benches[i].sent == SHOP_JOBS_MAX) {
            return false;
        }
    }
    return true;
}

// Sends the next job, if it can be sent. Returns: whether it was.
static bool send_next(struct shop *shop, uint64_t value)
{
    struct job job = {.value = value, .is_sending = true};
    unsigned char payload[SHOP_SIZE_MAX];
    uint32_t target = draw_target(shop);
    job.size = (uint32_t)myc_sim_choose(shop->sim, "workers.size", SHOP_SIZE_MAX);
    for (uint32_t i = 0; i < job.size; i++) {
        payload[i] = shop_byte(value, i);
    }
    if (target == MYC_WORKERS_NONE) {
        return false;
    }
    note(shop, target, &job, MYC_AGAIN);
    enum myc_status status =
        myc_workers_send(&shop->workers, target, SHOP_TYPE_JOB, (uint16_t)value, payload, job.size);
    note(shop, target, &job, status);
    if (status != MYC_OK && status != MYC_FULL && status != MYC_NOT_CONNECTED) {
        myc_sim_fail(shop->sim, "a job is refused: %s", myc_status_name(status));
    }
    myc_sim_count(shop->sim, status == MYC_OK ? "jobs sent" : "jobs refused", 1);
    return status == MYC_OK;
}

// ---- The scheduler ----

static void admit(struct shop *shop, uint32_t worker)
{
    enum myc_status status = myc_workers_admit(
        &shop->workers, worker, shop->block + myc_workers_part_offset(&shop->layout, worker));
    myc_sim_check(shop->sim, status == MYC_OK, "a free place can be offered");
    myc_store_release_u32(&shop->benches[worker].is_offered, 1);
}

// Takes the dead out and offers their places. Returns: whether there were any.
static bool bury(struct shop *shop)
{
    bool is_any = false;
    for (uint32_t i = 0; i < shop->options.count; i++) {
        struct bench *bench = &shop->benches[i];
        if (myc_load_acquire_u32(&bench->is_dead) == 0) {
            continue;
        }
        // Outside of this play a system call tells of deaths, and orders what came before them.
        myc_fence_seq_cst();
        myc_store_release_u32(&bench->is_dead, 0);
        shop->is_burying = true;
        myc_workers_end(&shop->workers, i, MYC_PEER_DIED);
        shop->is_burying = false;
        myc_sim_check(shop->sim, !bench->is_in, "who died is not in");
        if (!shop->is_closing) {
            admit(shop, i);
        }
        is_any = true;
    }
    return is_any;
}

static bool are_all(const struct shop *shop, bool (*is_so)(const struct bench *bench))
{
    for (uint32_t i = 0; i < shop->options.count; i++) {
        if (!is_so(&shop->benches[i])) {
            return false;
        }
    }
    return true;
}

static bool is_settled(const struct bench *bench)
{
    return bench->told == bench->sent;
}

static bool is_in(const struct bench *bench)
{
    return bench->is_in;
}

static bool is_gone(const struct bench *bench)
{
    return !bench->is_in;
}

static void sleep_until_rung(struct shop *shop, struct myc_platform *platform)
{
    uint32_t seen = myc_load_acquire_u32(&shop->bell);
    if (myc_workers_arm(&shop->workers)) {
        myc_sim_count(shop->sim, "scheduler slept", 1);
        shop_wait(shop, platform, &shop->bell, seen);
    }
    myc_workers_disarm(&shop->workers);
}

static void open_shop(struct shop *shop, struct myc_platform *platform)
{
    const struct myc_workers_handler handler = {on_joined, on_returned, on_ended, shop};
    enum myc_status status =
        myc_workers_init(&shop->workers, shop->seats, shop->block, &shop->options, &handler, NULL);
    myc_sim_check(shop->sim, status == MYC_OK, "a scheduler can be made");
    for (uint32_t i = 0; i < shop->options.count; i++) {
        admit(shop, i);
    }
    ring_workers(shop, platform);
}

void shop_schedule(struct shop *shop, struct myc_platform *platform)
{
    uint64_t sent = 0;
    open_shop(shop, platform);
    while (!shop->is_closing || !are_all(shop, is_gone)) {
        size_t moved = bury(shop);
        moved += myc_workers_poll(
            &shop->workers, 1 + (size_t)myc_sim_choose(shop->sim, "workers.poll", 12));
        for (uint64_t burst = 3; burst > 0 && sent < shop->jobs && has_numbers(shop); burst--) {
            bool is_sent = send_next(shop, sent + 1);
            sent += is_sent;
            moved += is_sent;
        }
        check_accounts(shop);
        if (!shop->is_closing && (sent == shop->jobs || !has_numbers(shop))
            && are_all(shop, is_settled) && are_all(shop, is_in)) {
            shop->is_closing = true;
            myc_workers_close(&shop->workers);
        }
        ring_workers(shop, platform);
        if (moved == 0 && !(shop->is_closing && are_all(shop, is_gone))) {
            sleep_until_rung(shop, platform);
        }
    }
    myc_sim_check(shop->sim, are_all(shop, is_settled), "every job is answered or told as lost");
}

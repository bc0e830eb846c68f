// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A scheduler and its workers, and what must be true of them. All of it lies in memory that
 * outlives every simulated process.
 */
#ifndef MYC_SIM_SCENARIOS_WORKERS_SHOP_H
#define MYC_SIM_SCENARIOS_WORKERS_SHOP_H

#include <mycelium/sim.h>

#include <mycelium/atomic.h>
#include <mycelium/workers.h>

enum {
    SHOP_WORKERS = 3,
    SHOP_JOBS_MAX = 24,   // one worker's, over all generations
    SHOP_KILLS_MAX = 2,   // of each worker
    SHOP_CAPACITY = 4096, // of each ring
    SHOP_SIZE_MAX = 900,
    SHOP_TYPE_JOB = 7,
    SHOP_TYPE_RETURN = 8,
    SHOP_DEADLINE_NS = 1000000000
};

/** One job, as both sides know it. */
struct job {
    uint64_t value;
    uint32_t size;
    bool is_sending;   // the scheduler is about to commit it
    bool is_sent;      // it has
    bool is_taken;     // a worker was handed it
    bool is_answering; // a worker is about to answer it
    bool is_answered;  // it has
    bool is_told;      // to the scheduler: answered, or lost
    uint32_t parts;    // partial returns that were sent, and how many were told
    uint32_t parts_told;
};

struct shop;

/** One worker, all its generations. */
struct bench {
    struct shop *shop;
    uint32_t index;
    struct myc_worker worker;
    struct job jobs[SHOP_JOBS_MAX + 1]; // from 1
    uint64_t sent;                      // jobs
    uint64_t told;                      // of them
    uint64_t taken_first;               // first job of the generation that runs, less one
    struct myc_atomic_u32 is_dead;      // told by the director, put back by the scheduler
    struct myc_atomic_u32 is_offered;   // by the scheduler; the director then starts another
    struct myc_atomic_u32 bell;
    struct myc_sim_process process;
    bool has_process; // whose end was not told yet
    uint32_t others;  // records of others since this one's ring was seen not to be empty
    bool is_waiting;
    bool is_in;
};

struct shop {
    struct myc_sim *sim;
    struct myc_platform *platform; // of the process that all share, if they do
    struct myc_workers_options options;
    struct myc_workers_layout layout;
    struct myc_workers workers;
    struct myc_workers_seat seats[SHOP_WORKERS];
    struct bench benches[SHOP_WORKERS];
    unsigned char *block;
    uint32_t jobs;                           // to send in all
    struct myc_atomic_u32 is_scheduler_dead; // told by the director
    struct myc_atomic_u32 bell;              // the scheduler's
    struct myc_sim_process scheduler;
    bool may_sleep;
    bool is_closing;
    bool is_burying; // what the dead left is handed over out of turn
};

/** Draws what the shop is like; what fails here ends the program. */
struct shop *shop_create(struct myc_sim *sim, bool may_sleep);
void shop_destroy(struct shop *shop);

/** The scheduler: all jobs, their returns, and the end of all workers. */
void shop_schedule(struct shop *shop, struct myc_platform *platform);

/** One generation of a worker, from its coming to its close. */
void bench_work(struct bench *bench, struct myc_platform *platform);

/** Byte i of a payload. */
static inline unsigned char shop_byte(uint64_t value, size_t i)
{
    return (unsigned char)(value * 37 + i * 11 + 1);
}

/** Counts a doorbell up and wakes who sleeps on it. */
void shop_ring(struct shop *shop, struct myc_platform *platform, struct myc_atomic_u32 *bell);

/** Waits until the bell rang; a moment only where nobody sleeps. */
void shop_wait(
    struct shop *shop, struct myc_platform *platform, struct myc_atomic_u32 *bell, uint32_t seen);

#endif

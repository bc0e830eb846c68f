// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Small programs whose possible outcomes are known: each is run from many seeds; every allowed
 * outcome must appear and no other one. Include after cmocka.h; defines the implementation unit.
 *
 * An outcome is written as the digits of the registers that the program uses, r[0] first.
 */
#ifndef MYC_SIM_SELFTEST_LITMUS_H
#define MYC_SIM_SELFTEST_LITMUS_H

#include "support.h"

#include <mycelium/atomic.h>

enum {
    LITMUS_THREADS_MAX = 4,
    LITMUS_SEEDS_MIN = 1500, /* so long a forbidden outcome is looked for */
    LITMUS_SEEDS_MAX = 30000 /* so long an allowed one is waited for */
};

enum { RLX = __ATOMIC_RELAXED, ACQ = __ATOMIC_ACQUIRE, REL = __ATOMIC_RELEASE };
enum { ACQ_REL = __ATOMIC_ACQ_REL, SC = __ATOMIC_SEQ_CST };

/* What the threads of a program share; set to zero before each run. */
static struct litmus {
    struct myc_atomic_u32 x __attribute__((aligned(64)));
    struct myc_atomic_u32 y __attribute__((aligned(64)));
    struct myc_atomic_u32 z __attribute__((aligned(64)));
    uint32_t r[LITMUS_THREADS_MAX];
} it;

static inline uint32_t load(struct myc_atomic_u32 *word, int order)
{
    return (uint32_t)myc_simcheck_atomic(MYC_SIMCHECK_LOAD, &word->value, 4, 0, 0, order);
}

static inline void store(struct myc_atomic_u32 *word, uint32_t value, int order)
{
    (void)myc_simcheck_atomic(MYC_SIMCHECK_STORE, &word->value, 4, value, 0, order);
}

static inline uint32_t add(struct myc_atomic_u32 *word, uint32_t value, int order)
{
    return (uint32_t)myc_simcheck_atomic(MYC_SIMCHECK_ADD, &word->value, 4, value, 0, order);
}

static inline uint32_t swap(struct myc_atomic_u32 *word, uint32_t value, int order)
{
    return (uint32_t)myc_simcheck_atomic(MYC_SIMCHECK_EXCHANGE, &word->value, 4, value, 0, order);
}

/* The strong compare-exchange; the value it read. */
static inline uint32_t
compare(struct myc_atomic_u32 *word, uint32_t expected, uint32_t value, int order)
{
    return (uint32_t)myc_simcheck_atomic(
        MYC_SIMCHECK_COMPARE_EXCHANGE, &word->value, 4, value, expected, order);
}

static inline void fence(int order)
{
    (void)myc_simcheck_atomic(MYC_SIMCHECK_FENCE, NULL, 0, 0, 0, order);
}

typedef void litmus_fn(void);

/* A program: its threads, and what its main thread does before it starts them and at the end. */
struct litmus_program {
    litmus_fn *threads[LITMUS_THREADS_MAX];
    litmus_fn *before;
    litmus_fn *after;
};

static const struct litmus_program *litmus_now;
static enum myc_sim_memory litmus_memory;    /* what memory does in the runs */
static struct myc_platform *litmus_platform; /* of the process that runs the program */

static inline void litmus_thread(void *context)
{
    (*(litmus_fn *const *)context)();
    // A point: others may look before the end of the thread, which is a call into the kernel.
    (void)load(&it.z, RLX);
}

static inline int litmus_main(struct myc_platform *platform, void *arg)
{
    struct myc_handle threads[LITMUS_THREADS_MAX];
    const struct litmus_program *program = arg;
    uint32_t count = 0;
    litmus_platform = platform;
    if (program->before != NULL) {
        program->before();
    }
    for (; count < LITMUS_THREADS_MAX && program->threads[count] != NULL; count++) {
        void *context = (void *)(uintptr_t)&program->threads[count];
        if (myc_thread_start(platform->thread, litmus_thread, context, NULL, &threads[count])
            != MYC_OK) {
            return 1;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        myc_thread_join(platform->thread, threads[i]);
    }
    if (program->after != NULL) {
        program->after();
    }
    return 0;
}

static inline void litmus_direct(struct myc_sim *sim)
{
    memset(&it, 0, sizeof it);
    struct myc_sim_process process = run_process(sim, litmus_main, (void *)(uintptr_t)litmus_now);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "the program ends");
}

/* One run of a program from a seed. */
static inline struct myc_sim_result *litmus_run(const struct litmus_program *program, uint64_t seed)
{
    litmus_now = program;
    return run_with(
        litmus_direct, &(struct myc_sim_options){.seed = seed, .memory = litmus_memory});
}

static inline bool litmus_is_in(const char *const *outcomes, const char *outcome, size_t *out_index)
{
    for (size_t i = 0; outcomes[i] != NULL; i++) {
        if (strcmp(outcomes[i], outcome) == 0) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

/* Runs a program until every one of these outcomes (at most 64, ended by NULL) has appeared. */
static inline void litmus_expect(const struct litmus_program *program, const char *const *outcomes)
{
    size_t digits = strlen(outcomes[0]);
    uint64_t missing = 0;
    for (size_t i = 0; outcomes[i] != NULL; i++) {
        missing |= UINT64_C(1) << i;
    }
    for (uint64_t seed = 1; seed <= LITMUS_SEEDS_MIN || missing != 0; seed++) {
        if (seed > LITMUS_SEEDS_MAX) {
            fail_msg(
                "after %d seeds outcomes are missing: mask %llx",
                LITMUS_SEEDS_MAX,
                (unsigned long long)missing);
        }
        assert_passed(litmus_run(program, seed));
        char outcome[LITMUS_THREADS_MAX + 1] = {0};
        for (size_t i = 0; i < digits; i++) {
            outcome[i] = (char)('0' + it.r[i]);
        }
        size_t index = 0;
        if (!litmus_is_in(outcomes, outcome, &index)) {
            fail_msg("seed %llu: outcome %s is forbidden", (unsigned long long)seed, outcome);
        }
        missing &= ~(UINT64_C(1) << index);
    }
}

#define LITMUS_EXPECT(program, ...) litmus_expect(program, (const char *const[]){__VA_ARGS__, NULL})

#endif

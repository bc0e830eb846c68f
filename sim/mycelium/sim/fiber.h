// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Fibers: stacks to switch between, and a pool to take stacks from. Internal.
 *
 * A switch saves the callee-saved registers, the floating-point control words and errno. It is
 * written in assembly on x86-64 and AArch64; elsewhere, and under ThreadSanitizer, it is ucontext.
 * The address and thread sanitizers are told of every switch. Each stack has an inaccessible page
 * below it. A fiber that will never run again is simply given up: its stack goes back to the pool.
 */
#ifndef MYC_SIM_FIBER_H
#define MYC_SIM_FIBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MYC_SIM_HAS_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define MYC_SIM_HAS_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(MYC_SIM_HAS_ASAN)
#define MYC_SIM_HAS_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(MYC_SIM_HAS_TSAN)
#define MYC_SIM_HAS_TSAN 1
#endif

#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(MYC_SIM_HAS_TSAN)
#define MYC_SIM_FIBER_ASSEMBLY 1
#else
#include <ucontext.h>
#endif

struct myc_sim_stack_cache;

enum { SIM__STACK_BYTES = 256 * 1024, SIM__STACK_TOP_BYTES = 64, SIM__GUARD_BYTES = 4096 };

typedef void sim__fiber_fn(void *argument);

struct sim__fiber {
    void *stack; /* lowest usable byte; for the OS stack as the sanitizer sees it */
    size_t stack_bytes;
    sim__fiber_fn *fn;
    void *argument;
    int saved_errno;
    bool is_final; /* it will not run again: sanitizers may drop what they keep for it */
    void *fake_stack;
    struct sim__fiber *came_from; /* who switched here last */
    void *tsan;
#ifdef MYC_SIM_FIBER_ASSEMBLY
    void *stack_pointer;
#else
    ucontext_t context;
#endif
};

/** Makes `fiber` stand for the stack that is running. */
void sim__fiber_init_root(struct sim__fiber *fiber);

/** Makes a fiber that will call fn(argument), which must never return. Aborts when out of memory.
 */
void sim__fiber_create(
    struct sim__fiber *fiber, struct myc_sim_stack_cache *pool, sim__fiber_fn *fn, void *argument);

/** Runs `to` instead of `from`, which is running; returns when somebody switches back. */
void sim__fiber_switch(struct sim__fiber *from, struct sim__fiber *to);

/** Gives up a fiber that is not running: its stack goes to the pool. Accepts one given up before.
 */
void sim__fiber_destroy(struct sim__fiber *fiber, struct myc_sim_stack_cache *pool);

/** Whether an address lies in the guard page below a fiber's stack. */
bool sim__fiber_is_guard(const struct sim__fiber *fiber, uintptr_t address);

/** Returns all free stacks to the OS. */
void sim__stack_pool_deinit(struct myc_sim_stack_cache *pool);

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What sanitizers and valgrind are told of fibers and their stacks. Part of the implementation
 * unit.
 */
#ifndef MYC_SIM_FIBER_ANNOTATE_H
#define MYC_SIM_FIBER_ANNOTATE_H

#include <mycelium/sim/fiber.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif

// ---- Address sanitizer: which stack is in use ----

#ifdef MYC_SIM_HAS_ASAN

void __sanitizer_start_switch_fiber(void **fake_stack, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *fake_stack, const void **bottom, size_t *size);
void __asan_unpoison_memory_region(void const volatile *address, size_t size);

static void sim__annotate_leave(struct sim__fiber *from, const struct sim__fiber *to)
{
    __sanitizer_start_switch_fiber(
        from->is_final ? NULL : &from->fake_stack, to->stack, to->stack_bytes);
}

/* Ends a switch on the stack that now runs; learns the bounds of the OS stack when leaving it. */
static void sim__annotate_arrive(struct sim__fiber *fiber)
{
    const void *bottom = NULL;
    size_t size = 0;
    __sanitizer_finish_switch_fiber(fiber->fake_stack, &bottom, &size);
    if (fiber->came_from->stack == NULL) {
        fiber->came_from->stack = (void *)(uintptr_t)bottom;
        fiber->came_from->stack_bytes = size;
    }
}

/* Frames that were never left keep their red zones; the next user must not trip over them. */
static void sim__annotate_abandoned(void *stack)
{
    __asan_unpoison_memory_region(stack, SIM__STACK_BYTES);
}

#else

static void sim__annotate_leave(struct sim__fiber *from, const struct sim__fiber *to)
{
    (void)from;
    (void)to;
}

static void sim__annotate_arrive(struct sim__fiber *fiber)
{
    (void)fiber;
}

static void sim__annotate_abandoned(void *stack)
{
    (void)stack;
}

#endif

// ---- Thread sanitizer: which thread runs ----

#ifdef MYC_SIM_HAS_TSAN

void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);

static void *sim__annotate_root(void)
{
    return __tsan_get_current_fiber();
}

static void *sim__annotate_create(void)
{
    return __tsan_create_fiber(0);
}

static void sim__annotate_destroy(void *tsan)
{
    __tsan_destroy_fiber(tsan);
}

// Flag 0: a switch synchronises. Otherwise the harness's own data would be reported; the price is
// that ThreadSanitizer sees no race between simulated threads, only those with real ones.
__attribute__((always_inline)) static inline void sim__annotate_switch(void *tsan)
{
    __tsan_switch_to_fiber(tsan, 0);
}

#define SIM__NOT_INSTRUMENTED __attribute__((noinline, no_sanitize("thread")))

#else

static void *sim__annotate_root(void)
{
    return NULL;
}

static void *sim__annotate_create(void)
{
    return NULL;
}

static void sim__annotate_destroy(void *tsan)
{
    (void)tsan;
}

static inline void sim__annotate_switch(void *tsan)
{
    (void)tsan;
}

#define SIM__NOT_INSTRUMENTED __attribute__((noinline))

#endif

// ---- Valgrind: where stacks are. Costs a few instructions outside of it. ----

#ifdef VALGRIND_STACK_REGISTER

/* Its number for a stack is kept above the stack's top. */
static unsigned *sim__annotate_number(void *stack)
{
    return (unsigned *)(void *)((char *)stack + SIM__STACK_BYTES - SIM__STACK_TOP_BYTES);
}

static void sim__annotate_mapped(void *stack)
{
    *sim__annotate_number(stack) = VALGRIND_STACK_REGISTER(stack, (char *)stack + SIM__STACK_BYTES);
}

static void sim__annotate_unmapped(void *stack)
{
    VALGRIND_STACK_DEREGISTER(*sim__annotate_number(stack));
}

#else

static void sim__annotate_mapped(void *stack)
{
    (void)stack;
}

static void sim__annotate_unmapped(void *stack)
{
    (void)stack;
}

#endif

#endif

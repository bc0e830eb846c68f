// SPDX-License-Identifier: MIT OR Apache-2.0
/* Fibers: the switch and its sanitizer annotations. Part of the implementation unit. */
#ifndef MYC_SIM_FIBER_IMPLEMENTATION_H
#define MYC_SIM_FIBER_IMPLEMENTATION_H

#include <mycelium/sim.h>
#include <mycelium/sim/fiber.h>
#include <mycelium/sim/fiber_annotate.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Where a new fiber begins, on its own stack. */
__attribute__((noreturn, used)) void sim__fiber_main(struct sim__fiber *fiber);

#ifdef MYC_SIM_FIBER_ASSEMBLY

void sim__fiber_switch_assembly(void **save, void *load);
void sim__fiber_entry_assembly(void);

#if defined(__x86_64__)

// Saves rbp, rbx, r12-r15, mxcsr and the x87 control word on the stack that is left. A new stack
// looks like one that was left: r12 holds the fiber, and the return address is the entry.
__asm__(".text\n"
        ".p2align 4\n"
        ".globl sim__fiber_switch_assembly\n"
        ".hidden sim__fiber_switch_assembly\n"
        ".type sim__fiber_switch_assembly, @function\n"
        "sim__fiber_switch_assembly:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    subq $8, %rsp\n"
        "    stmxcsr (%rsp)\n"
        "    fnstcw 4(%rsp)\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    ldmxcsr (%rsp)\n"
        "    fldcw 4(%rsp)\n"
        "    addq $8, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size sim__fiber_switch_assembly, .-sim__fiber_switch_assembly\n"
        ".p2align 4\n"
        ".globl sim__fiber_entry_assembly\n"
        ".hidden sim__fiber_entry_assembly\n"
        ".type sim__fiber_entry_assembly, @function\n"
        "sim__fiber_entry_assembly:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined rip\n"
        "    xorl %ebp, %ebp\n"
        "    movq %r12, %rdi\n"
        "    call sim__fiber_main\n"
        "    ud2\n"
        "    .cfi_endproc\n"
        ".size sim__fiber_entry_assembly, .-sim__fiber_entry_assembly\n");

static void sim__fiber_prepare(struct sim__fiber *fiber)
{
    uint64_t *top = (uint64_t *)(void *)((char *)fiber->stack + fiber->stack_bytes);
    uint32_t mxcsr = 0;
    uint16_t control = 0;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(control));
    // Eight words below an aligned top; the entry runs with the stack aligned for its call.
    uint64_t *frame = top - 10;
    frame[0] = (uint64_t)mxcsr | ((uint64_t)control << 32);
    frame[1] = 0;                          // r15
    frame[2] = 0;                          // r14
    frame[3] = 0;                          // r13
    frame[4] = (uint64_t)(uintptr_t)fiber; // r12
    frame[5] = 0;                          // rbx
    frame[6] = 0;                          // rbp
    frame[7] = (uint64_t)(uintptr_t)sim__fiber_entry_assembly;
    frame[8] = 0;
    frame[9] = 0;
    fiber->stack_pointer = frame;
}

#else

// Saves x19-x30, d8-d15 and fpcr. A new stack looks like one that was left: x19 holds the fiber and
// x30, where the switch returns to, is the entry.
__asm__(".text\n"
        ".p2align 4\n"
        ".globl sim__fiber_switch_assembly\n"
        ".hidden sim__fiber_switch_assembly\n"
        ".type sim__fiber_switch_assembly, %function\n"
        "sim__fiber_switch_assembly:\n"
        "    sub sp, sp, #176\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mrs x9, fpcr\n"
        "    str x9, [sp, #160]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldr x9, [sp, #160]\n"
        "    msr fpcr, x9\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #176\n"
        "    ret\n"
        ".size sim__fiber_switch_assembly, .-sim__fiber_switch_assembly\n"
        ".p2align 4\n"
        ".globl sim__fiber_entry_assembly\n"
        ".hidden sim__fiber_entry_assembly\n"
        ".type sim__fiber_entry_assembly, %function\n"
        "sim__fiber_entry_assembly:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined x30\n"
        "    mov x29, xzr\n"
        "    mov x0, x19\n"
        "    bl sim__fiber_main\n"
        "    brk #0\n"
        "    .cfi_endproc\n"
        ".size sim__fiber_entry_assembly, .-sim__fiber_entry_assembly\n");

static void sim__fiber_prepare(struct sim__fiber *fiber)
{
    uint64_t *top = (uint64_t *)(void *)((char *)fiber->stack + fiber->stack_bytes);
    uint64_t *frame = top - 22;
    uint64_t control = 0;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    for (int i = 0; i < 22; i++) {
        frame[i] = 0;
    }
    frame[0] = (uint64_t)(uintptr_t)fiber;
    frame[11] = (uint64_t)(uintptr_t)sim__fiber_entry_assembly;
    frame[20] = control;
    fiber->stack_pointer = frame;
}

#endif

#define sim__fiber_jump(from, to)                                                                  \
    sim__fiber_switch_assembly(&(from)->stack_pointer, (to)->stack_pointer)

#else

#define sim__fiber_jump(from, to) ((void)swapcontext(&(from)->context, &(to)->context))

// makecontext passes ints only, so the address travels in two halves.
static void sim__fiber_entry(unsigned high, unsigned low)
{
    uintptr_t address = (uintptr_t)(((uint64_t)high << 32) | low);
    sim__fiber_main((struct sim__fiber *)address);
}

static void sim__fiber_prepare(struct sim__fiber *fiber)
{
    uint64_t address = (uint64_t)(uintptr_t)fiber;
    if (getcontext(&fiber->context) != 0) {
        abort();
    }
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = fiber->stack_bytes;
    fiber->context.uc_link = NULL;
    makecontext(
        &fiber->context,
        (void (*)(void))(uintptr_t)sim__fiber_entry,
        2,
        (unsigned)(address >> 32),
        (unsigned)address);
}

#endif

// ---- Stacks ----

static void *sim__stack_take(struct myc_sim_stack_cache *pool)
{
    if (pool->free_list != NULL) {
        void *stack = pool->free_list;
        pool->free_list = *(void **)stack;
        return stack;
    }
    size_t bytes = (size_t)SIM__STACK_BYTES + SIM__GUARD_BYTES;
    void *memory = mmap(
        NULL,
        bytes,
        PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK,
        -1,
        0);
    if (memory == MAP_FAILED || mprotect(memory, SIM__GUARD_BYTES, PROT_NONE) != 0) {
        fputs("the simulator cannot map another stack\n", stderr);
        abort();
    }
    char *stack = (char *)memory + SIM__GUARD_BYTES;
    sim__annotate_mapped(stack);
    return stack;
}

static void sim__stack_give(struct myc_sim_stack_cache *pool, void *stack)
{
    sim__annotate_abandoned(stack);
    *(void **)stack = pool->free_list;
    pool->free_list = stack;
}

void sim__stack_pool_deinit(struct myc_sim_stack_cache *pool)
{
    while (pool->free_list != NULL) {
        void *stack = pool->free_list;
        pool->free_list = *(void **)stack;
        sim__annotate_unmapped(stack);
        (void)munmap((char *)stack - SIM__GUARD_BYTES, (size_t)SIM__STACK_BYTES + SIM__GUARD_BYTES);
    }
}

bool sim__fiber_is_guard(const struct sim__fiber *fiber, uintptr_t address)
{
    uintptr_t stack = (uintptr_t)fiber->stack;
    return fiber->fn != NULL && address < stack && address >= stack - SIM__GUARD_BYTES;
}

// ---- Fibers ----

void sim__fiber_init_root(struct sim__fiber *fiber)
{
    *fiber = (struct sim__fiber){.stack = NULL};
    fiber->tsan = sim__annotate_root();
}

void sim__fiber_create(
    struct sim__fiber *fiber, struct myc_sim_stack_cache *pool, sim__fiber_fn *fn, void *argument)
{
    *fiber = (struct sim__fiber){
        .stack = sim__stack_take(pool),
        .stack_bytes = SIM__STACK_BYTES - SIM__STACK_TOP_BYTES,
        .fn = fn,
        .argument = argument,
    };
    fiber->tsan = sim__annotate_create();
    sim__fiber_prepare(fiber);
}

void sim__fiber_main(struct sim__fiber *fiber)
{
    sim__annotate_arrive(fiber);
    fiber->fn(fiber->argument);
    abort();
}

SIM__NOT_INSTRUMENTED void sim__fiber_switch(struct sim__fiber *from, struct sim__fiber *to)
{
    from->saved_errno = errno;
    to->came_from = from;
    sim__annotate_leave(from, to);
    sim__annotate_switch(to->tsan);
    sim__fiber_jump(from, to);
    sim__annotate_arrive(from);
    errno = from->saved_errno;
}

void sim__fiber_destroy(struct sim__fiber *fiber, struct myc_sim_stack_cache *pool)
{
    if (fiber->fn == NULL) {
        return;
    }
    sim__annotate_destroy(fiber->tsan);
    sim__stack_give(pool, fiber->stack);
    fiber->fn = NULL;
}

#endif

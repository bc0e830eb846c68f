// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Atomics of the simcheck build: each one is a scheduling and kill point, then happens as it
 * stands, so memory is sequentially consistent. Part of the implementation unit.
 */
#ifndef MYC_SIM_SIMCHECK_H
#define MYC_SIM_SIMCHECK_H

#ifdef MYC_SIMCHECK

#include <mycelium/sim/internal.h>

#include <mycelium/atomic.h>

static inline uint64_t sim__word_load(const void *address, uint32_t size)
{
    return size == 4 ? *(const volatile uint32_t *)address : *(const volatile uint64_t *)address;
}

static inline void sim__word_store(void *address, uint32_t size, uint64_t value)
{
    if (size == 4) {
        *(volatile uint32_t *)address = (uint32_t)value;
    } else {
        *(volatile uint64_t *)address = value;
    }
}

/* A plain step of the event hash: no time, no tail entry; that is what makes atomics cheap. */
static inline void sim__fold_atomic(struct myc_sim *world, uint64_t op, uint64_t value)
{
    if (world != NULL && world->current != NULL) {
        uint64_t hash = (world->hash ^ value ^ (op << 56) ^ ((uint64_t)world->current->id << 40))
                        * UINT64_C(0x9fb21c651e98df25);
        world->hash = hash ^ (hash >> 32);
    }
}

uint64_t myc_simcheck_atomic(
    enum myc_simcheck_op op,
    void *address,
    uint32_t size,
    uint64_t operand,
    uint64_t expected,
    int order)
{
    struct myc_sim *world = sim__world_now;
    (void)order;
    if (world != NULL) {
        sim__point(world, "atomic");
    }
    if (op >= MYC_SIMCHECK_FENCE) {
        sim__fold_atomic(world, op, op == MYC_SIMCHECK_FENCE ? 0 : size);
        return 0;
    }
    uint64_t before = sim__word_load(address, size);
    if (op == MYC_SIMCHECK_STORE || op == MYC_SIMCHECK_EXCHANGE) {
        sim__word_store(address, size, operand);
    } else if (op == MYC_SIMCHECK_ADD) {
        sim__word_store(address, size, before + operand);
    } else if (op == MYC_SIMCHECK_COMPARE_EXCHANGE && before == expected) {
        sim__word_store(address, size, operand);
    }
    // A 64-bit word may hold an address, which differs from run to run; half a word does not.
    sim__fold_atomic(world, op, size == 4 ? before : 0);
    return before;
}

#endif

#endif

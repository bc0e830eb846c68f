// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Atomics of the simcheck build: each one is a scheduling and kill point, and then happens as the
 * memory model says. Without the model, for the director, and outside of threads it happens as it
 * stands. Part of the implementation unit.
 */
#ifndef MYC_SIM_SIMCHECK_H
#define MYC_SIM_SIMCHECK_H

#ifdef MYC_SIMCHECK

#include <mycelium/sim/internal.h>

#include <mycelium/sim/memory_model.h>

#include <mycelium/atomic.h>

/* A plain step of the event hash: no time, no tail entry; that is what makes atomics cheap. */
static inline void sim__fold_atomic(struct myc_sim *world, uint64_t op, uint64_t value)
{
    uint64_t hash = (world->hash ^ value ^ (op << 56) ^ ((uint64_t)world->current->id << 40))
                    * UINT64_C(0x9fb21c651e98df25);
    world->hash = hash ^ (hash >> 32);
}

/* As it stands: the newest value, at once, for everybody. */
static uint64_t sim__plain_operation(
    enum myc_simcheck_op op, void *address, uint32_t size, uint64_t operand, uint64_t expected)
{
    if (op >= MYC_SIMCHECK_FENCE) {
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
    return before;
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
    if (world == NULL || world->current == NULL) {
        return sim__plain_operation(op, address, size, operand, expected);
    }
    sim__step(world, "atomic");
    uint64_t before;
    if (world->memory_model == NULL || world->current->process->is_director) {
        before = sim__plain_operation(op, address, size, operand, expected);
    } else {
        before = sim__model_operation(world, op, address, size, operand, expected, order);
    }
    if (world->history != NULL) {
        sim__history_atomic(world, op, address, size, operand, expected, before, order);
    }
    // A 64-bit word may hold an address, which differs from run to run; half a word does not.
    bool is_mark = op > MYC_SIMCHECK_FENCE;
    sim__fold_atomic(world, op, is_mark ? size : size == 4 ? before : 0);
    return before;
}

#endif

#endif

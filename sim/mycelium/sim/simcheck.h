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

static bool sim__may_fail(enum myc_simcheck_op op)
{
    return op == MYC_SIMCHECK_COMPARE_EXCHANGE || op == MYC_SIMCHECK_COMPARE_EXCHANGE_WEAK;
}

/* Whether a compare-exchange that read `before` has stored. */
static bool sim__has_matched(
    const struct myc_sim *world, enum myc_simcheck_op op, uint64_t before, uint64_t expected)
{
    bool is_spurious = op == MYC_SIMCHECK_COMPARE_EXCHANGE_WEAK && world->memory_model != NULL
                       && world->memory_model->is_spurious;
    return before == expected && !is_spurious;
}

/* A plain step of the event hash: no time, no tail entry; that is what makes atomics cheap. */
static inline void sim__fold_atomic(struct myc_sim *world, uint64_t op, uint64_t value)
{
    uint64_t hash = (world->hash ^ value ^ (op << 56) ^ ((uint64_t)world->current->id << 40))
                    * UINT64_C(0x9fb21c651e98df25);
    world->hash = hash ^ (hash >> 32);
}

/* A small number for a word, from 1; 0 when there are too many. */
static uint16_t sim__told_word(struct sim__told *told, uint64_t place)
{
    for (uint32_t i = 0; i < told->word_count; i++) {
        if (told->words[i] == place) {
            return (uint16_t)(i + 1);
        }
    }
    if (told->word_count == SIM__TOLD_WORDS) {
        return 0;
    }
    told->words[told->word_count++] = place;
    return (uint16_t)told->word_count;
}

static struct sim__told_op sim__told_op_of(
    struct myc_sim *world, enum myc_simcheck_op op, void *address, uint32_t size, int order)
{
    struct sim__place place = sim__place_of(world->current->process, address);
    bool is_word = op < MYC_SIMCHECK_FENCE;
    uint64_t key = (place.segment << 48) ^ place.offset;
    return (struct sim__told_op){
        .size = size,
        .op = (uint16_t)(op + 1),
        .word = is_word ? sim__told_word(world->told, key) : 0,
        .order = order,
    };
}

static void sim__told_begin(
    struct myc_sim *world, enum myc_simcheck_op op, void *address, uint32_t size, int order)
{
    world->told->now = sim__told_op_of(world, op, address, size, order);
}

/* Remembers an access with the value that it read or left. */
static void sim__told_end(
    struct myc_sim *world,
    enum myc_simcheck_op op,
    void *address,
    uint32_t size,
    uint64_t before,
    uint64_t operand,
    uint64_t expected,
    int order)
{
    struct sim__told_row *row = sim__told_add(world);
    row->access = sim__told_op_of(world, op, address, size, order);
    bool is_done = !sim__may_fail(op) || sim__has_matched(world, op, before, expected);
    row->access.value = op == MYC_SIMCHECK_LOAD || !is_done ? before
                        : op == MYC_SIMCHECK_ADD            ? before + operand
                                                            : operand;
    world->told->now = (struct sim__told_op){0};
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
    } else if (sim__may_fail(op) && before == expected) {
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
    bool is_modelled = world->memory_model != NULL && !world->current->process->is_director;
    if (op > MYC_SIMCHECK_PAYLOAD_COPY) {
        if (is_modelled) {
            sim__memory_note(world, op, address, operand);
        }
        return 0;
    }
    if (world->told != NULL) {
        sim__told_begin(world, op, address, size, order);
    }
    sim__step(world, "atomic");
    uint64_t before;
    if (is_modelled) {
        before = sim__model_operation(world, op, address, size, operand, expected, order);
    } else {
        before = sim__plain_operation(op, address, size, operand, expected);
    }
    if (world->history != NULL) {
        // One that failed though it read what it expected is told as one that expected another.
        bool is_odd = sim__may_fail(op) && before == expected
                      && !sim__has_matched(world, op, before, expected);
        uint64_t wanted = is_odd ? ~expected : expected;
        sim__history_atomic(world, op, address, size, operand, wanted, before, order);
    }
    if (world->told != NULL) {
        sim__told_end(world, op, address, size, before, operand, expected, order);
    }
    // A 64-bit word may hold an address, which differs from run to run; half a word does not.
    bool is_mark = op > MYC_SIMCHECK_FENCE;
    sim__fold_atomic(world, op, is_mark ? size : size == 4 ? before : 0);
    return before;
}

bool myc_simcheck_compare_exchange_weak(
    void *address, uint32_t size, uint64_t *expected, uint64_t desired, int order)
{
    const enum myc_simcheck_op op = MYC_SIMCHECK_COMPARE_EXCHANGE_WEAK;
    uint64_t before = myc_simcheck_atomic(op, address, size, desired, *expected, order);
    struct myc_sim *world = sim__world_now;
    bool is_plain = world == NULL || world->current == NULL || world->current->process->is_director;
    bool is_done = is_plain ? before == *expected : sim__has_matched(world, op, before, *expected);
    if (!is_plain) {
        sim__fold_atomic(world, op, is_done ? 1 : 0);
    }
    *expected = before;
    return is_done;
}

#endif

#endif

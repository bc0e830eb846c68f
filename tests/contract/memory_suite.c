// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/memory.h.
#include <mycelium/interface/memory.h>

#include <string.h>

#include "contract/suites.h"

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

// Whatever the alignment asked for, the bytes start at a multiple of it and are zero. [MEM-1]
static void case_allocation_is_aligned_and_zero(struct contract_env *env)
{
    struct myc_memory *memory = env->platform->memory;
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        size_t size = alignment * 3 + 5;
        unsigned char *bytes = myc_memory_allocate(memory, size, alignment);
        CONTRACT_CHECK(env, bytes != NULL);
        CONTRACT_CHECK(env, (uintptr_t)bytes % alignment == 0);
        CONTRACT_CHECK(env, is_zero(bytes, size));
        memset(bytes, 0xff, size);
        myc_memory_release(memory, bytes, size);
    }
}

// Memory that was dirtied and given back is zero again when it is handed out once more. [MEM-1]
static void case_reused_memory_is_zero(struct contract_env *env)
{
    struct myc_memory *memory = env->platform->memory;
    for (int round = 0; round < 8; round++) {
        for (size_t alignment = 8; alignment <= 4096; alignment *= 8) {
            unsigned char *bytes = myc_memory_allocate(memory, 512, alignment);
            CONTRACT_CHECK(env, bytes != NULL);
            CONTRACT_CHECK(env, is_zero(bytes, 512));
            memset(bytes, 0xee, 512);
            myc_memory_release(memory, bytes, 512);
        }
    }
}

// Two allocations share no byte.
static void case_allocations_are_apart(struct contract_env *env)
{
    struct myc_memory *memory = env->platform->memory;
    unsigned char *first = myc_memory_allocate(memory, 100, 8);
    unsigned char *second = myc_memory_allocate(memory, 100, 64);
    CONTRACT_CHECK(env, first != NULL && second != NULL);
    memset(first, 1, 100);
    memset(second, 2, 100);
    CONTRACT_CHECK(env, first[0] == 1 && first[99] == 1);
    CONTRACT_CHECK(env, second[0] == 2 && second[99] == 2);
    myc_memory_release(memory, first, 100);
    myc_memory_release(memory, second, 100);
}

// Giving back NULL is harmless, so a failed creation can release all its members. [MEM-2]
static void case_release_accepts_null(struct contract_env *env)
{
    myc_memory_release(env->platform->memory, NULL, 0);
    myc_memory_release(env->platform->memory, NULL, 64);
    void *bytes = myc_memory_allocate(env->platform->memory, 64, 8);
    CONTRACT_CHECK(env, bytes != NULL);
    myc_memory_release(env->platform->memory, bytes, 64);
}

// An alignment that is no power of two, or above a page, is refused and never rounded.
static void case_bad_alignment_gives_nothing(struct contract_env *env)
{
    struct myc_memory *memory = env->platform->memory;
    CONTRACT_CHECK(env, myc_memory_allocate(memory, 64, 0) == NULL);
    CONTRACT_CHECK(env, myc_memory_allocate(memory, 64, 24) == NULL);
    CONTRACT_CHECK(env, myc_memory_allocate(memory, 64, 8192) == NULL);
}

// NULL means exhausted, so even an allocation of nothing is something.
static void case_empty_allocation_is_not_null(struct contract_env *env)
{
    void *bytes = myc_memory_allocate(env->platform->memory, 0, 8);
    CONTRACT_CHECK(env, bytes != NULL);
    myc_memory_release(env->platform->memory, bytes, 0);
}

static const struct contract_case cases[] = {
    {"allocation_is_aligned_and_zero", case_allocation_is_aligned_and_zero},
    {"reused_memory_is_zero", case_reused_memory_is_zero},
    {"allocations_are_apart", case_allocations_are_apart},
    {"release_accepts_null", case_release_accepts_null},
    {"bad_alignment_gives_nothing", case_bad_alignment_gives_nothing},
    {"empty_allocation_is_not_null", case_empty_allocation_is_not_null},
};

CONTRACT_SUITE(contract_memory, "memory", cases);

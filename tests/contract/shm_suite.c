// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/shm.h.
#include <mycelium/interface/shm.h>

#include <string.h>

#include <mycelium/interface/poller.h>

#include "contract/suites.h"

enum { PAGE_BYTES = 4096, SEGMENT_BYTES = 3 * PAGE_BYTES };

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void *map(struct contract_env *env, struct myc_handle handle, enum myc_shm_access access)
{
    void *memory = NULL;
    enum myc_status status =
        myc_shm_map(env->platform->shm, handle, SEGMENT_BYTES, access, &memory);
    return status == MYC_OK ? memory : NULL;
}

// A new segment has the size asked for, no promises, and holds zeros to its last byte.
static void case_create_gives_zeroes(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    size_t bytes = 0;
    uint32_t seals = 99;
    CONTRACT_CHECK(env, myc_shm_create(shm, "zeroes", SEGMENT_BYTES, &handle) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_inspect(shm, handle, &bytes, &seals) == MYC_OK);
    CONTRACT_CHECK(env, bytes == SEGMENT_BYTES);
    CONTRACT_CHECK(env, seals == 0);
    unsigned char *memory = map(env, handle, MYC_SHM_READ_WRITE);
    CONTRACT_CHECK(env, memory != NULL);
    CONTRACT_CHECK(env, is_zero(memory, SEGMENT_BYTES));
    memory[SEGMENT_BYTES - 1] = 1;
    myc_shm_unmap(shm, memory, SEGMENT_BYTES);
    myc_shm_close(shm, handle);
}

// Sizes that are no pages, or nothing, are refused.
static void case_odd_sizes_are_invalid(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, myc_shm_create(shm, "odd", 0, &handle) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_shm_create(shm, "odd", 100, &handle) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_shm_create(shm, "odd", PAGE_BYTES + 1, &handle) == MYC_INVALID);
    CONTRACT_CHECK(env, handle.value == 0);
}

// Two mappings lie at two places and show one memory.
static void case_two_mappings_share_bytes(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, myc_shm_create(shm, "twice", SEGMENT_BYTES, &handle) == MYC_OK);
    unsigned char *first = map(env, handle, MYC_SHM_READ_WRITE);
    unsigned char *second = map(env, handle, MYC_SHM_READ_WRITE);
    CONTRACT_CHECK(env, first != NULL && second != NULL && first != second);
    first[0] = 17;
    second[SEGMENT_BYTES - 1] = 18;
    CONTRACT_CHECK(env, second[0] == 17);
    CONTRACT_CHECK(env, first[SEGMENT_BYTES - 1] == 18);
    myc_shm_unmap(shm, first, SEGMENT_BYTES);
    CONTRACT_CHECK(env, second[0] == 17);
    myc_shm_unmap(shm, second, SEGMENT_BYTES);
    myc_shm_close(shm, handle);
}

// Two segments of one name are two segments: the name is for listings only.
static void case_names_are_not_identities(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle first = {0};
    struct myc_handle second = {0};
    CONTRACT_CHECK(env, myc_shm_create(shm, "same", SEGMENT_BYTES, &first) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_create(shm, "same", SEGMENT_BYTES, &second) == MYC_OK);
    unsigned char *one = map(env, first, MYC_SHM_READ_WRITE);
    unsigned char *other = map(env, second, MYC_SHM_READ_WRITE);
    CONTRACT_CHECK(env, one != NULL && other != NULL);
    one[5] = 5;
    CONTRACT_CHECK(env, other[5] == 0);
    myc_shm_unmap(shm, one, SEGMENT_BYTES);
    myc_shm_unmap(shm, other, SEGMENT_BYTES);
    myc_shm_close(shm, first);
    myc_shm_close(shm, second);
}

// A read-only mapping follows what the writer's mapping does.
static void case_reader_sees_the_writer(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, myc_shm_create(shm, "reader", SEGMENT_BYTES, &handle) == MYC_OK);
    unsigned char *writer = map(env, handle, MYC_SHM_READ_WRITE);
    const unsigned char *reader = map(env, handle, MYC_SHM_READ);
    CONTRACT_CHECK(env, writer != NULL && reader != NULL);
    memset(writer, 0x5a, SEGMENT_BYTES);
    CONTRACT_CHECK(env, reader[0] == 0x5a && reader[SEGMENT_BYTES - 1] == 0x5a);
    myc_shm_unmap(shm, writer, SEGMENT_BYTES);
    myc_shm_unmap(shm, (void *)(uintptr_t)reader, SEGMENT_BYTES);
    myc_shm_close(shm, handle);
}

// After the write seal nobody gets a writable mapping; the one made before stays writable.
static void case_write_seal_denies_new_writers(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    void *late = NULL;
    CONTRACT_CHECK(env, myc_shm_create(shm, "sealed", SEGMENT_BYTES, &handle) == MYC_OK);
    unsigned char *writer = map(env, handle, MYC_SHM_READ_WRITE);
    CONTRACT_CHECK(env, writer != NULL);
    CONTRACT_CHECK(env, myc_shm_seal(shm, handle, MYC_SEAL_SIZE | MYC_SEAL_WRITE) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_shm_map(shm, handle, SEGMENT_BYTES, MYC_SHM_READ_WRITE, &late) == MYC_DENIED);
    CONTRACT_CHECK(env, late == NULL);
    const unsigned char *reader = map(env, handle, MYC_SHM_READ);
    CONTRACT_CHECK(env, reader != NULL);
    writer[0] = 33;
    CONTRACT_CHECK(env, reader[0] == 33);
    myc_shm_unmap(shm, writer, SEGMENT_BYTES);
    myc_shm_unmap(shm, (void *)(uintptr_t)reader, SEGMENT_BYTES);
    myc_shm_close(shm, handle);
}

// A receiver reads off a handle which promises were made; without the write seal it may map to
// write.
static void case_inspect_tells_promises(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    static const uint32_t promises[] = {0, MYC_SEAL_SIZE, MYC_SEAL_SIZE | MYC_SEAL_WRITE};
    for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
        struct myc_handle handle = {0};
        size_t bytes = 0;
        uint32_t seals = 99;
        CONTRACT_CHECK(env, myc_shm_create(shm, "promise", SEGMENT_BYTES, &handle) == MYC_OK);
        CONTRACT_CHECK(env, myc_shm_seal(shm, handle, promises[i]) == MYC_OK);
        CONTRACT_CHECK(env, myc_shm_inspect(shm, handle, &bytes, &seals) == MYC_OK);
        CONTRACT_CHECK(env, bytes == SEGMENT_BYTES);
        CONTRACT_CHECK(env, seals == promises[i]);
        void *memory = map(env, handle, MYC_SHM_READ_WRITE);
        CONTRACT_CHECK(env, (memory != NULL) == ((promises[i] & MYC_SEAL_WRITE) == 0));
        myc_shm_unmap(shm, memory, SEGMENT_BYTES);
        myc_shm_close(shm, handle);
    }
}

// Sealing is once and for all: a second seal is denied and changes nothing.
static void case_seal_is_final(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    size_t bytes = 0;
    uint32_t seals = 0;
    CONTRACT_CHECK(env, myc_shm_create(shm, "final", SEGMENT_BYTES, &handle) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_seal(shm, handle, 64) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_shm_seal(shm, handle, MYC_SEAL_SIZE) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_seal(shm, handle, MYC_SEAL_WRITE) == MYC_DENIED);
    CONTRACT_CHECK(env, myc_shm_inspect(shm, handle, &bytes, &seals) == MYC_OK);
    CONTRACT_CHECK(env, seals == MYC_SEAL_SIZE);
    myc_shm_close(shm, handle);
}

// A part of a segment can be mapped; more than there is cannot.
static void case_map_stays_inside_the_segment(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    void *memory = NULL;
    CONTRACT_CHECK(env, myc_shm_create(shm, "inside", SEGMENT_BYTES, &handle) == MYC_OK);
    CONTRACT_CHECK(
        env,
        myc_shm_map(shm, handle, SEGMENT_BYTES + PAGE_BYTES, MYC_SHM_READ, &memory) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_shm_map(shm, handle, 0, MYC_SHM_READ, &memory) == MYC_INVALID);
    CONTRACT_CHECK(env, memory == NULL);
    CONTRACT_CHECK(env, myc_shm_map(shm, handle, PAGE_BYTES, MYC_SHM_READ, &memory) == MYC_OK);
    CONTRACT_CHECK(env, is_zero(memory, PAGE_BYTES));
    myc_shm_unmap(shm, memory, PAGE_BYTES);
    myc_shm_close(shm, handle);
}

// The memory lives as long as a mapping, also without any handle.
static void case_mapping_outlives_the_handle(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, myc_shm_create(shm, "outlive", SEGMENT_BYTES, &handle) == MYC_OK);
    unsigned char *first = map(env, handle, MYC_SHM_READ_WRITE);
    unsigned char *second = map(env, handle, MYC_SHM_READ_WRITE);
    CONTRACT_CHECK(env, first != NULL && second != NULL);
    myc_shm_close(shm, handle);
    first[9] = 9;
    CONTRACT_CHECK(env, second[9] == 9);
    myc_shm_unmap(shm, first, SEGMENT_BYTES);
    myc_shm_unmap(shm, second, SEGMENT_BYTES);
}

// A handle that is no segment, from a hostile peer say, is recognised before it is mapped.
static void case_other_handles_are_no_segments(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    const struct myc_handle empty = {0};
    struct myc_handle bell = {0};
    size_t bytes = 7;
    uint32_t seals = 7;
    CONTRACT_CHECK(env, myc_doorbell_open(env->platform->poller, &bell) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_inspect(shm, bell, &bytes, &seals) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_shm_inspect(shm, empty, &bytes, &seals) == MYC_INVALID);
    CONTRACT_CHECK(env, bytes == 7 && seals == 7);
    myc_doorbell_close(env->platform->poller, bell);
    myc_shm_close(shm, empty);
    myc_shm_unmap(shm, NULL, 0);
}

static const struct contract_case cases[] = {
    {"create_gives_zeroes", case_create_gives_zeroes},
    {"odd_sizes_are_invalid", case_odd_sizes_are_invalid},
    {"two_mappings_share_bytes", case_two_mappings_share_bytes},
    {"names_are_not_identities", case_names_are_not_identities},
    {"reader_sees_the_writer", case_reader_sees_the_writer},
    {"write_seal_denies_new_writers", case_write_seal_denies_new_writers},
    {"inspect_tells_promises", case_inspect_tells_promises},
    {"seal_is_final", case_seal_is_final},
    {"map_stays_inside_the_segment", case_map_stays_inside_the_segment},
    {"mapping_outlives_the_handle", case_mapping_outlives_the_handle},
    {"other_handles_are_no_segments", case_other_handles_are_no_segments},
};

CONTRACT_SUITE(contract_shm, "shm", cases);

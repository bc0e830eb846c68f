// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contracts of memory.h, shm.h, wait.h, clock.h and entropy.h in bulk and between threads.
#include <mycelium/interface/memory.h>

#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/entropy.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>

#include "contract/suites.h"

enum { BLOCKS = 500, PAGE_BYTES = 4096, SEGMENTS = 16, LARGE_BYTES = 4 * 1024 * 1024, CREW = 4 };

// ---- Memory ----

// A large block is zero at both ends and all its own.
static void case_large_block_is_zero(struct contract_env *env)
{
    struct myc_memory *memory = env->platform->memory;
    unsigned char *bytes = myc_memory_allocate(memory, LARGE_BYTES, 4096);
    CONTRACT_CHECK(env, bytes != NULL);
    for (size_t i = 0; i < LARGE_BYTES; i += 997) {
        CONTRACT_CHECK(env, bytes[i] == 0);
    }
    memset(bytes, 0x77, LARGE_BYTES);
    CONTRACT_CHECK(env, bytes[LARGE_BYTES - 1] == 0x77);
    myc_memory_release(memory, bytes, LARGE_BYTES);
}

// What cannot be had is NULL, not a crash and not less.
static void case_impossible_size_is_null(struct contract_env *env)
{
    struct myc_memory *memory = env->platform->memory;
    CONTRACT_CHECK(env, myc_memory_allocate(memory, SIZE_MAX / 2, 8) == NULL);
    CONTRACT_CHECK(env, myc_memory_allocate(memory, SIZE_MAX - 100, 4096) == NULL);
    CONTRACT_CHECK(env, myc_memory_allocate(memory, SIZE_MAX, 1) == NULL);
    void *bytes = myc_memory_allocate(memory, 16, 8);
    CONTRACT_CHECK(env, bytes != NULL);
    myc_memory_release(memory, bytes, 16);
}

// Hundreds of blocks of odd sizes keep what was written into them, in whatever order they go.
static void case_many_blocks_are_apart(struct contract_env *env)
{
    struct myc_memory *memory = env->platform->memory;
    unsigned char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = myc_memory_allocate(memory, i % 61 + 1, (size_t)1 << i % 8);
        CONTRACT_CHECK(env, blocks[i] != NULL);
        memset(blocks[i], (int)(i % 251), i % 61 + 1);
    }
    for (size_t i = 0; i < BLOCKS; i += 2) {
        myc_memory_release(memory, blocks[i], i % 61 + 1);
    }
    for (size_t i = 1; i < BLOCKS; i += 2) {
        CONTRACT_CHECK(env, blocks[i][0] == i % 251 && blocks[i][i % 61] == i % 251);
        myc_memory_release(memory, blocks[i], i % 61 + 1);
    }
}

struct allocator {
    struct myc_memory *memory;
    unsigned char mark;
    bool is_intact;
};

static void allocate_and_check(void *context)
{
    struct allocator *allocator = context;
    allocator->is_intact = true;
    for (int round = 0; round < 20; round++) {
        unsigned char *bytes = myc_memory_allocate(allocator->memory, 300, 16);
        if (bytes == NULL || bytes[0] != 0 || bytes[299] != 0) {
            allocator->is_intact = false;
            return;
        }
        memset(bytes, allocator->mark, 300);
        for (int i = 0; i < 300; i++) {
            allocator->is_intact = allocator->is_intact && bytes[i] == allocator->mark;
        }
        myc_memory_release(allocator->memory, bytes, 300);
    }
}

// Any thread may allocate, and one may release what another took.
static void case_threads_allocate(struct contract_env *env)
{
    struct allocator allocators[CREW];
    struct myc_handle threads[CREW] = {{0}};
    for (unsigned char i = 0; i < CREW; i++) {
        allocators[i] = (struct allocator){env->platform->memory, (unsigned char)(i + 1), false};
        CONTRACT_CHECK(
            env,
            myc_thread_start(
                env->platform->thread, allocate_and_check, &allocators[i], NULL, &threads[i])
                == MYC_OK);
    }
    for (int i = 0; i < CREW; i++) {
        myc_thread_join(env->platform->thread, threads[i]);
    }
    for (int i = 0; i < CREW; i++) {
        CONTRACT_CHECK(env, allocators[i].is_intact);
    }
}

// ---- Shared memory ----

// Part of a segment can be mapped, from its beginning.
static void case_first_page_can_be_mapped(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    void *whole = NULL;
    void *page = NULL;
    const size_t bytes = (size_t)4 * PAGE_BYTES;
    CONTRACT_CHECK(env, myc_shm_create(shm, "part", bytes, &handle) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_map(shm, handle, bytes, MYC_SHM_READ_WRITE, &whole) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_map(shm, handle, PAGE_BYTES, MYC_SHM_READ, &page) == MYC_OK);
    memcpy(whole, "first", 6);
    CONTRACT_CHECK(env, strcmp(page, "first") == 0);
    myc_shm_unmap(shm, page, PAGE_BYTES);
    myc_shm_unmap(shm, whole, bytes);
    myc_shm_close(shm, handle);
}

// What was written is there for the next mapping, though nobody mapped it in between.
static void case_bytes_outlive_mappings(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    void *memory = NULL;
    CONTRACT_CHECK(env, myc_shm_create(shm, "kept", PAGE_BYTES, &handle) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_shm_map(shm, handle, PAGE_BYTES, MYC_SHM_READ_WRITE, &memory) == MYC_OK);
    memcpy(memory, "kept", 5);
    myc_shm_unmap(shm, memory, PAGE_BYTES);
    memory = NULL;
    CONTRACT_CHECK(env, myc_shm_map(shm, handle, PAGE_BYTES, MYC_SHM_READ, &memory) == MYC_OK);
    CONTRACT_CHECK(env, strcmp(memory, "kept") == 0);
    myc_shm_unmap(shm, memory, PAGE_BYTES);
    myc_shm_close(shm, handle);
}

// The promise about the size alone leaves writing as it was.
static void case_size_seal_leaves_writing(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    void *memory = NULL;
    size_t bytes = 0;
    uint32_t seals = 0;
    CONTRACT_CHECK(env, myc_shm_create(shm, "size", PAGE_BYTES, &handle) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_seal(shm, handle, MYC_SEAL_SIZE) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_inspect(shm, handle, &bytes, &seals) == MYC_OK);
    CONTRACT_CHECK(env, bytes == PAGE_BYTES && seals == MYC_SEAL_SIZE);
    CONTRACT_CHECK(
        env, myc_shm_map(shm, handle, PAGE_BYTES, MYC_SHM_READ_WRITE, &memory) == MYC_OK);
    memset(memory, 9, PAGE_BYTES);
    myc_shm_unmap(shm, memory, PAGE_BYTES);
    myc_shm_close(shm, handle);
}

// Names are for listings: none, an empty one and one beyond all bounds do equally well.
static void case_any_name_does(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    char name[400];
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    const char *const names[] = {NULL, "", name};
    for (int i = 0; i < 3; i++) {
        struct myc_handle handle = {0};
        CONTRACT_CHECK(env, myc_shm_create(shm, names[i], PAGE_BYTES, &handle) == MYC_OK);
        CONTRACT_CHECK(env, handle.value != 0);
        myc_shm_close(shm, handle);
    }
}

// Segments side by side share nothing.
static void case_many_segments_are_apart(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handles[SEGMENTS] = {{0}};
    void *memories[SEGMENTS] = {NULL};
    for (int i = 0; i < SEGMENTS; i++) {
        CONTRACT_CHECK(env, myc_shm_create(shm, "many", PAGE_BYTES, &handles[i]) == MYC_OK);
        CONTRACT_CHECK(
            env,
            myc_shm_map(shm, handles[i], PAGE_BYTES, MYC_SHM_READ_WRITE, &memories[i]) == MYC_OK);
        memset(memories[i], i + 1, PAGE_BYTES);
    }
    for (int i = 0; i < SEGMENTS; i++) {
        const unsigned char *bytes = memories[i];
        CONTRACT_CHECK(env, bytes[0] == i + 1 && bytes[PAGE_BYTES - 1] == i + 1);
        myc_shm_unmap(shm, memories[i], PAGE_BYTES);
        myc_shm_close(shm, handles[i]);
    }
}

// ---- Waiting ----

struct sleeper {
    struct myc_wait *wait;
    struct myc_atomic_u32 *word;
    struct myc_atomic_u32 *asleep; /* how many are about to sleep */
    uint64_t deadline_ns;
    enum myc_status status;
};

static void sleep_once(void *context)
{
    struct sleeper *sleeper = context;
    (void)myc_fetch_add_u32(sleeper->asleep, 1);
    sleeper->status =
        myc_wait_wait(sleeper->wait, sleeper->word, 0, sleeper->deadline_ns, MYC_WAIT_PROCESS);
}

// A wake is not remembered: who goes to sleep afterwards sleeps until the deadline.
static void case_wakes_are_not_kept(struct contract_env *env)
{
    struct myc_atomic_u32 word = {3};
    struct myc_wait *wait = env->platform->wait;
    CONTRACT_CHECK(env, myc_wait_wake(wait, &word, UINT32_MAX, MYC_WAIT_PROCESS) == 0);
    uint64_t deadline_ns = myc_clock_monotonic_ns(env->platform->clock) + 1000000;
    enum myc_status status = MYC_OK;
    while (status == MYC_OK) { // spurious returns are allowed
        status = myc_wait_wait(wait, &word, 3, deadline_ns, MYC_WAIT_PROCESS);
    }
    CONTRACT_CHECK(env, status == MYC_TIMEOUT);
}

// A wake never reports more than it was asked for, and all sleepers are woken in the end.
static void case_wakes_are_counted(struct contract_env *env)
{
    struct myc_atomic_u32 word = {0};
    struct myc_atomic_u32 asleep = {0};
    struct sleeper sleepers[CREW];
    struct myc_handle threads[CREW] = {{0}};
    struct myc_thread *thread = env->platform->thread;
    uint32_t most = 0;
    for (int i = 0; i < CREW; i++) {
        sleepers[i] = (struct sleeper){
            env->platform->wait, &word, &asleep, contract_deadline_ns(env), MYC_IO};
        CONTRACT_CHECK(
            env, myc_thread_start(thread, sleep_once, &sleepers[i], NULL, &threads[i]) == MYC_OK);
    }
    for (uint32_t round = 0; myc_load_acquire_u32(&asleep) < CREW; round++) {
        myc_thread_relax(thread, round); // the acquire pairs with the add in sleep_once
    }
    for (uint32_t i = 0; i < CREW; i++) {
        uint32_t woken = myc_wait_wake(env->platform->wait, &word, 1, MYC_WAIT_PROCESS);
        most = woken > most ? woken : most;
    }
    myc_store_release_u32(&word, 1);
    uint32_t rest = myc_wait_wake(env->platform->wait, &word, UINT32_MAX, MYC_WAIT_PROCESS);
    for (int i = 0; i < CREW; i++) {
        myc_thread_join(thread, threads[i]);
    }
    CONTRACT_CHECK(env, most <= 1 && rest <= CREW);
    for (int i = 0; i < CREW; i++) {
        CONTRACT_CHECK(env, sleepers[i].status == MYC_OK || sleepers[i].status == MYC_AGAIN);
    }
}

// Waking nobody wakes nobody.
static void case_wake_of_zero_is_zero(struct contract_env *env)
{
    struct myc_atomic_u32 word = {0};
    CONTRACT_CHECK(env, myc_wait_wake(env->platform->wait, &word, 0, MYC_WAIT_PROCESS) == 0);
    CONTRACT_CHECK(env, myc_wait_wake(env->platform->wait, &word, 0, MYC_WAIT_SHARED) == 0);
}

// ---- Clock ----

struct relay {
    struct myc_clock *clock;
    struct myc_thread *thread;
    struct myc_atomic_u64 first_ns;
    uint64_t second_ns;
};

static void read_behind(void *context)
{
    struct relay *relay = context;
    for (uint32_t round = 0; myc_load_acquire_u64(&relay->first_ns) == 0; round++) {
        myc_thread_relax(relay->thread, round); // the acquire pairs with the release below
    }
    relay->second_ns = myc_clock_monotonic_ns(relay->clock);
}

// Who is told a time by another thread reads no earlier one itself.
static void case_time_does_not_run_back_between_threads(struct contract_env *env)
{
    struct relay relay = {.clock = env->platform->clock, .thread = env->platform->thread};
    struct myc_handle handle = {0};
    CONTRACT_CHECK(
        env, myc_thread_start(relay.thread, read_behind, &relay, NULL, &handle) == MYC_OK);
    uint64_t first_ns = myc_clock_monotonic_ns(relay.clock);
    myc_store_release_u64(&relay.first_ns, first_ns);
    myc_thread_join(relay.thread, handle);
    CONTRACT_CHECK(env, relay.second_ns >= first_ns);
}

// Time goes on for who only relaxes: a spin with a deadline ends.
static void case_time_passes_while_relaxing(struct contract_env *env)
{
    struct myc_clock *clock = env->platform->clock;
    uint64_t began_ns = myc_clock_monotonic_ns(clock);
    uint32_t round = 0;
    while (myc_clock_monotonic_ns(clock) < began_ns + 100000 && round < 100000000) {
        myc_thread_relax(env->platform->thread, round++);
    }
    CONTRACT_CHECK(env, round < 100000000);
}

// ---- Entropy ----

// A fill of many pages leaves no page as it was, nor like another one.
static void case_large_fill_is_drawn_throughout(struct contract_env *env)
{
    struct myc_memory *memory = env->platform->memory;
    const size_t bytes = (size_t)8 * PAGE_BYTES;
    unsigned char *drawn = myc_memory_allocate(memory, bytes, 8);
    CONTRACT_CHECK(env, drawn != NULL);
    CONTRACT_CHECK(env, myc_entropy_fill(env->platform->entropy, drawn, bytes) == MYC_OK);
    for (size_t i = 0; i < bytes; i += 32) {
        static const unsigned char zeros[32] = {0};
        CONTRACT_CHECK(env, memcmp(drawn + i, zeros, 32) != 0);
        CONTRACT_CHECK(env, i == 0 || memcmp(drawn + i, drawn + i - 32, 32) != 0);
    }
    myc_memory_release(memory, drawn, bytes);
}

static const struct contract_case cases[] = {
    {"large_block_is_zero", case_large_block_is_zero},
    {"impossible_size_is_null", case_impossible_size_is_null},
    {"many_blocks_are_apart", case_many_blocks_are_apart},
    {"threads_allocate", case_threads_allocate},
    {"first_page_can_be_mapped", case_first_page_can_be_mapped},
    {"bytes_outlive_mappings", case_bytes_outlive_mappings},
    {"size_seal_leaves_writing", case_size_seal_leaves_writing},
    {"any_name_does", case_any_name_does},
    {"many_segments_are_apart", case_many_segments_are_apart},
    {"wakes_are_not_kept", case_wakes_are_not_kept},
    {"wakes_are_counted", case_wakes_are_counted},
    {"wake_of_zero_is_zero", case_wake_of_zero_is_zero},
    {"time_does_not_run_back_between_threads", case_time_does_not_run_back_between_threads},
    {"time_passes_while_relaxing", case_time_passes_while_relaxing},
    {"large_fill_is_drawn_throughout", case_large_fill_is_drawn_throughout},
};

CONTRACT_SUITE(contract_memory_edges, "memory-edges", cases);

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/wait.h.
#include <mycelium/interface/wait.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/thread.h>

#include "contract/suites.h"

enum { SLEEPERS = 3, SEGMENT_BYTES = 4096 };

struct sleeper {
    struct myc_platform *platform;
    struct myc_atomic_u32 *word;
    enum myc_wait_scope scope;
    uint64_t deadline_ns;
    enum myc_status status; /* of the last wait */
    struct myc_atomic_u32 has_left;
};

// Sleeps until the word is no longer 0.
static void sleep_on_word(void *context)
{
    struct sleeper *sleeper = context;
    while (myc_load_acquire_u32(sleeper->word) == 0) { // pairs with the release of the waker
        sleeper->status = myc_wait_wait(
            sleeper->platform->wait, sleeper->word, 0, sleeper->deadline_ns, sleeper->scope);
        if (sleeper->status == MYC_TIMEOUT) {
            break;
        }
    }
    myc_store_release_u32(&sleeper->has_left, 1);
}

// A wait on a word that holds something else returns at once, also without a deadline.
static void case_other_value_is_again(struct contract_env *env)
{
    struct myc_atomic_u32 word = {5};
    struct myc_wait *wait = env->platform->wait;
    CONTRACT_CHECK(env, myc_wait_wait(wait, &word, 4, MYC_NEVER, MYC_WAIT_PROCESS) == MYC_AGAIN);
    CONTRACT_CHECK(env, myc_wait_wait(wait, &word, 4, MYC_NEVER, MYC_WAIT_SHARED) == MYC_AGAIN);
}

// The value is looked at before the deadline: a change is never reported as a timeout.
static void case_other_value_beats_a_past_deadline(struct contract_env *env)
{
    struct myc_atomic_u32 word = {5};
    struct myc_wait *wait = env->platform->wait;
    CONTRACT_CHECK(env, myc_wait_wait(wait, &word, 4, 0, MYC_WAIT_PROCESS) == MYC_AGAIN);
    CONTRACT_CHECK(env, myc_wait_wait(wait, &word, 4, 1, MYC_WAIT_PROCESS) == MYC_AGAIN);
}

// Deadline 0 only looks; a deadline in the past is the same.
static void case_past_deadline_is_timeout(struct contract_env *env)
{
    struct myc_atomic_u32 word = {5};
    struct myc_wait *wait = env->platform->wait;
    CONTRACT_CHECK(env, myc_wait_wait(wait, &word, 5, 0, MYC_WAIT_PROCESS) == MYC_TIMEOUT);
    enum myc_status status = MYC_OK;
    while (status == MYC_OK) { // spurious returns are allowed
        status = myc_wait_wait(wait, &word, 5, 1, MYC_WAIT_SHARED);
    }
    CONTRACT_CHECK(env, status == MYC_TIMEOUT);
}

// A timeout comes after its deadline, not before.
static void case_timeout_comes_after_the_deadline(struct contract_env *env)
{
    struct myc_atomic_u32 word = {0};
    uint64_t deadline_ns = myc_clock_monotonic_ns(env->platform->clock) + 2000000;
    enum myc_status status = MYC_OK;
    while (status == MYC_OK) { // spurious returns are allowed
        status = myc_wait_wait(env->platform->wait, &word, 0, deadline_ns, MYC_WAIT_PROCESS);
    }
    CONTRACT_CHECK(env, status == MYC_TIMEOUT);
    CONTRACT_CHECK(env, myc_clock_monotonic_ns(env->platform->clock) >= deadline_ns);
}

// With nobody asleep there is nobody to wake.
static void case_wake_without_sleepers_is_zero(struct contract_env *env)
{
    struct myc_atomic_u32 word = {0};
    CONTRACT_CHECK(env, myc_wait_wake(env->platform->wait, &word, 1, MYC_WAIT_PROCESS) == 0);
    CONTRACT_CHECK(
        env, myc_wait_wake(env->platform->wait, &word, UINT32_MAX, MYC_WAIT_SHARED) == 0);
}

// One sleeper, woken by a store and a wake through `waker_word`; its last status if it left.
static enum myc_status wake_one(
    struct contract_env *env,
    struct myc_atomic_u32 *sleeper_word,
    struct myc_atomic_u32 *waker_word,
    enum myc_wait_scope scope)
{
    struct sleeper sleeper = {
        .platform = env->platform,
        .word = sleeper_word,
        .scope = scope,
        .deadline_ns = contract_deadline_ns(env),
    };
    struct myc_handle handle = {0};
    struct myc_thread *thread = env->platform->thread;
    if (myc_thread_start(thread, sleep_on_word, &sleeper, NULL, &handle) != MYC_OK) {
        return MYC_LIMIT;
    }
    // Waking before the store until one was really asleep: only then does the store matter.
    uint32_t woken = 0;
    for (uint32_t round = 0; woken == 0; round++) {
        woken = myc_wait_wake(env->platform->wait, waker_word, 1, scope);
        myc_thread_relax(thread, round);
        if (myc_load_acquire_u32(&sleeper.has_left) != 0) { // pairs with the sleeper's last store
            break;
        }
    }
    myc_store_release_u32(waker_word, 1);
    (void)myc_wait_wake(env->platform->wait, waker_word, 1, scope);
    myc_thread_join(thread, handle);
    return woken <= 1 ? sleeper.status : MYC_CORRUPT;
}

// A store and a wake end the sleep of a thread of the same process.
static void case_wake_ends_a_private_sleep(struct contract_env *env)
{
    struct myc_atomic_u32 word = {0};
    enum myc_status status = wake_one(env, &word, &word, MYC_WAIT_PROCESS);
    CONTRACT_CHECK(env, status == MYC_OK || status == MYC_AGAIN);
}

// Shared words are known by segment and place: a wake through one mapping reaches the other.
static void case_wake_crosses_mappings(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    void *first = NULL;
    void *second = NULL;
    CONTRACT_CHECK(env, myc_shm_create(shm, "wait", SEGMENT_BYTES, &handle) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_shm_map(shm, handle, SEGMENT_BYTES, MYC_SHM_READ_WRITE, &first) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_shm_map(shm, handle, SEGMENT_BYTES, MYC_SHM_READ_WRITE, &second) == MYC_OK);
    enum myc_status status = wake_one(
        env,
        (struct myc_atomic_u32 *)first + 16,
        (struct myc_atomic_u32 *)second + 16,
        MYC_WAIT_SHARED);
    myc_shm_unmap(shm, first, SEGMENT_BYTES);
    myc_shm_unmap(shm, second, SEGMENT_BYTES);
    myc_shm_close(shm, handle);
    CONTRACT_CHECK(env, status == MYC_OK || status == MYC_AGAIN);
}

// A sleeper on two words of a segment that it may only read.
struct reading_sleeper {
    struct contract_env *env;
    const struct myc_atomic_u32 *words;
    enum myc_status status;
    struct myc_atomic_u32 has_left;
};

static void sleep_on_either(void *context)
{
    struct reading_sleeper *sleeper = context;
    struct myc_wait *wait = sleeper->env->platform->wait;
    const struct myc_wait_word words[2] = {
        {&sleeper->words[0], 0, MYC_WAIT_SHARED}, {&sleeper->words[16], 0, MYC_WAIT_SHARED}};
    uint64_t deadline_ns = contract_deadline_ns(sleeper->env);
    do { // spurious returns are allowed
        sleeper->status = myc_wait_any(wait, words, 2, deadline_ns);
    } while (sleeper->status == MYC_OK
             // pairs with the release of the waker
             && myc_load_acquire_u32(&sleeper->words[16]) == 0);
    myc_store_release_u32(&sleeper->has_left, 1);
}

// Neither waiting nor waking writes the word, so mappings that may only be read do for both; and
// one of several words is enough.
static void case_read_only_mappings_do(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_thread *thread = env->platform->thread;
    struct myc_handle segment = {0};
    struct myc_handle handle = {0};
    void *writable = NULL;
    void *waiting = NULL;
    void *waking = NULL;
    CONTRACT_CHECK(env, myc_shm_create(shm, "wait", SEGMENT_BYTES, &segment) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_shm_map(shm, segment, SEGMENT_BYTES, MYC_SHM_READ_WRITE, &writable) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_map(shm, segment, SEGMENT_BYTES, MYC_SHM_READ, &waiting) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_map(shm, segment, SEGMENT_BYTES, MYC_SHM_READ, &waking) == MYC_OK);
    struct reading_sleeper sleeper = {.env = env, .words = waiting};
    CONTRACT_CHECK(
        env, myc_thread_start(thread, sleep_on_either, &sleeper, NULL, &handle) == MYC_OK);
    struct myc_atomic_u32 *second = (struct myc_atomic_u32 *)waking + 16;
    for (uint32_t round = 0; myc_load_acquire_u32(&sleeper.has_left) == 0; round++) {
        // Until one was really asleep a wake of the word changes nothing; then the store ends it.
        if (myc_wait_wake(env->platform->wait, second, 1, MYC_WAIT_SHARED) != 0) {
            myc_store_release_u32((struct myc_atomic_u32 *)writable + 16, 1);
        }
        myc_thread_relax(thread, round);
    }
    myc_thread_join(thread, handle);
    myc_shm_unmap(shm, writable, SEGMENT_BYTES);
    myc_shm_unmap(shm, waiting, SEGMENT_BYTES);
    myc_shm_unmap(shm, waking, SEGMENT_BYTES);
    myc_shm_close(shm, segment);
    CONTRACT_CHECK(
        env,
        sleeper.status == MYC_OK || sleeper.status == MYC_AGAIN
            || sleeper.status == MYC_UNSUPPORTED);
}

// Waiting for one of several words begins as waiting for one: what holds something else is AGAIN,
// also at a past deadline, and the last word counts as much as the first.
static void case_any_word_counts(struct contract_env *env)
{
    struct myc_atomic_u32 words[2] = {{5}, {6}};
    struct myc_wait *wait = env->platform->wait;
    struct myc_wait_word waits[2] = {
        {&words[0], 5, MYC_WAIT_PROCESS}, {&words[1], 6, MYC_WAIT_PROCESS}};
    CONTRACT_CHECK(env, myc_wait_any(wait, waits, 0, 0) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_wait_any(wait, waits, MYC_WAIT_WORDS_MAX + 1, 0) == MYC_INVALID);
    waits[1].expected = 7;
    enum myc_status status = myc_wait_any(wait, waits, 2, 0);
    if (status == MYC_UNSUPPORTED) {
        return;
    }
    CONTRACT_CHECK(env, status == MYC_AGAIN);
    CONTRACT_CHECK(env, myc_wait_any(wait, waits, 2, MYC_NEVER) == MYC_AGAIN);
    waits[1].expected = 6;
    CONTRACT_CHECK(env, myc_wait_any(wait, waits, 2, 0) == MYC_TIMEOUT);
    uint64_t deadline_ns = myc_clock_monotonic_ns(env->platform->clock) + 2000000;
    do { // spurious returns are allowed
        status = myc_wait_any(wait, waits, 2, deadline_ns);
    } while (status == MYC_OK);
    CONTRACT_CHECK(env, status == MYC_TIMEOUT);
    CONTRACT_CHECK(env, myc_clock_monotonic_ns(env->platform->clock) >= deadline_ns);
}

// One wake with count "all" is enough for everybody who slept.
static void case_wake_all_reaches_everybody(struct contract_env *env)
{
    struct myc_atomic_u32 word = {0};
    struct sleeper sleepers[SLEEPERS];
    struct myc_handle handles[SLEEPERS];
    struct myc_thread *thread = env->platform->thread;
    uint32_t count = 0;
    bool has_timed_out = false;
    for (; count < SLEEPERS; count++) {
        sleepers[count] = (struct sleeper){
            .platform = env->platform,
            .word = &word,
            .scope = MYC_WAIT_PROCESS,
            .deadline_ns = contract_deadline_ns(env),
        };
        if (myc_thread_start(thread, sleep_on_word, &sleepers[count], NULL, &handles[count])
            != MYC_OK) {
            break;
        }
    }
    myc_store_release_u32(&word, 1);
    uint32_t woken = myc_wait_wake(env->platform->wait, &word, UINT32_MAX, MYC_WAIT_PROCESS);
    for (uint32_t i = 0; i < count; i++) {
        myc_thread_join(thread, handles[i]);
        has_timed_out = has_timed_out || sleepers[i].status == MYC_TIMEOUT;
    }
    CONTRACT_CHECK(env, count == SLEEPERS);
    CONTRACT_CHECK(env, woken <= SLEEPERS);
    CONTRACT_CHECK(env, !has_timed_out);
}

// A wake of one word leaves who sleeps on its neighbour asleep.
static void case_words_are_apart(struct contract_env *env)
{
    struct myc_atomic_u32 words[2] = {{0}, {0}};
    struct sleeper sleeper = {
        .platform = env->platform,
        .word = &words[0],
        .scope = MYC_WAIT_PROCESS,
        .deadline_ns = contract_deadline_ns(env),
    };
    struct myc_handle handle = {0};
    struct myc_thread *thread = env->platform->thread;
    CONTRACT_CHECK(env, myc_thread_start(thread, sleep_on_word, &sleeper, NULL, &handle) == MYC_OK);
    uint32_t strays = 0;
    for (uint32_t round = 0; round < 200; round++) {
        strays += myc_wait_wake(env->platform->wait, &words[1], 1, MYC_WAIT_PROCESS);
        if (round % 16 == 0) {
            // Not every round: the simulator takes a thread that only relaxes for one that waits,
            // and lets time pass up to the sleeper's deadline.
            myc_thread_relax(thread, round);
        }
    }
    myc_store_release_u32(&words[0], 1);
    (void)myc_wait_wake(env->platform->wait, &words[0], 1, MYC_WAIT_PROCESS);
    myc_thread_join(thread, handle);
    CONTRACT_CHECK(env, strays == 0);
    CONTRACT_CHECK(env, sleeper.status != MYC_TIMEOUT);
}

static const struct contract_case cases[] = {
    {"other_value_is_again", case_other_value_is_again},
    {"other_value_beats_a_past_deadline", case_other_value_beats_a_past_deadline},
    {"past_deadline_is_timeout", case_past_deadline_is_timeout},
    {"timeout_comes_after_the_deadline", case_timeout_comes_after_the_deadline},
    {"wake_without_sleepers_is_zero", case_wake_without_sleepers_is_zero},
    {"wake_ends_a_private_sleep", case_wake_ends_a_private_sleep},
    {"wake_crosses_mappings", case_wake_crosses_mappings},
    {"wake_all_reaches_everybody", case_wake_all_reaches_everybody},
    {"words_are_apart", case_words_are_apart},
    {"read_only_mappings_do", case_read_only_mappings_do},
    {"any_word_counts", case_any_word_counts},
};

CONTRACT_SUITE(contract_wait, "wait", cases);

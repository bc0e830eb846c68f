// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A platform whose time stands until somebody sleeps, and whose sleeps are scripted: while a thread
 * sleeps a callback does what another one would. A sleep that nothing ends fails the test, also one
 * whose word changed without anybody waking it.
 */
#ifndef MYC_UNIT_RING_SCRIPT_H
#define MYC_UNIT_RING_SCRIPT_H

#include "unit/ring/ring_fixture.h"

#include <mycelium/interface/clock.h>
#include <mycelium/interface/platform.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>
#include <mycelium/ring_wait.h>

enum { SCRIPT_START_NS = 1000000 };

struct script {
    struct myc_clock clock;
    struct myc_thread thread;
    struct myc_wait wait;
    struct myc_platform platform;
    struct myc_wait_ops ops; /* a test may take slots away */
    struct fixture *fixture;
    void (*while_asleep)(struct script *script); /* NULL: nothing comes, until the deadline */
    uint64_t now_ns;
    uint32_t sleeps;
    uint32_t relaxes;
    uint32_t wakes;                    /* calls */
    const struct myc_wait_word *words; /* slept on */
    uint32_t count;
    bool was_woken;
    int step; /* of the test's own story */
    struct myc_ring_waiter waiter;
};

static inline uint64_t script_now(struct myc_clock *clock)
{
    return MYC_CONTAINER_OF(clock, struct script, clock)->now_ns;
}

static inline void script_relax(struct myc_thread *thread, uint32_t round)
{
    struct script *script = MYC_CONTAINER_OF(thread, struct script, thread);
    (void)round;
    script->relaxes++;
    script->now_ns += 100;
}

static inline enum myc_status script_any(
    struct myc_wait *wait, const struct myc_wait_word *words, uint32_t count, uint64_t deadline_ns)
{
    struct script *script = MYC_CONTAINER_OF(wait, struct script, wait);
    for (uint32_t i = 0; i < count; i++) {
        if (myc_load_relaxed_u32(words[i].word) != words[i].expected) {
            return MYC_AGAIN;
        }
    }
    script->words = words;
    script->count = count;
    script->sleeps++;
    script->was_woken = false;
    if (script->while_asleep != NULL) {
        script->while_asleep(script);
    }
    script->words = NULL;
    if (script->was_woken) {
        return MYC_OK;
    }
    assert_true(deadline_ns != MYC_NEVER); /* or the thread would sleep for ever */
    script->now_ns = deadline_ns > script->now_ns ? deadline_ns : script->now_ns;
    return MYC_TIMEOUT;
}

static inline enum myc_status script_wait(
    struct myc_wait *wait,
    struct myc_atomic_u32 *word,
    uint32_t expected,
    uint64_t deadline_ns,
    enum myc_wait_scope scope)
{
    const struct myc_wait_word one = {word, expected, scope};
    return script_any(wait, &one, 1, deadline_ns);
}

static inline uint32_t script_wake(
    struct myc_wait *wait, struct myc_atomic_u32 *word, uint32_t count, enum myc_wait_scope scope)
{
    struct script *script = MYC_CONTAINER_OF(wait, struct script, wait);
    (void)count;
    script->wakes++;
    for (uint32_t i = 0; script->words != NULL && i < script->count; i++) {
        if (script->words[i].word == word && script->words[i].scope == scope) {
            script->was_woken = true;
        }
    }
    return script->was_woken ? 1 : 0;
}

/** A platform, and a waiter that parks at once unless the options say otherwise. */
static inline void
script_init(struct script *script, struct fixture *fixture, const struct myc_idle_options *options)
{
    static const struct myc_clock_ops clock_ops = {
        .size = sizeof clock_ops, .monotonic_ns = script_now};
    static const struct myc_thread_ops thread_ops = {
        .size = sizeof thread_ops, .relax = script_relax};
    static const struct myc_idle_options parks = {MYC_IDLE_BLOCK, 1, 0};
    memset(script, 0, sizeof *script);
    script->ops.size = sizeof script->ops;
    script->ops.wait = script_wait;
    script->ops.wake = script_wake;
    script->ops.wait_any = script_any;
    script->clock.ops = &clock_ops;
    script->thread.ops = &thread_ops;
    script->wait.ops = &script->ops;
    script->platform.clock = &script->clock;
    script->platform.thread = &script->thread;
    script->platform.wait = &script->wait;
    script->fixture = fixture;
    script->now_ns = SCRIPT_START_NS;
    assert_int_equal(
        myc_ring_waiter_init(
            &script->waiter, &script->platform, options != NULL ? options : &parks),
        MYC_OK);
}

/** Publishes until the ring is full. Returns: how many. */
static inline uint64_t script_fill(struct fixture *fixture, size_t size)
{
    uint64_t count = 0;
    while (fixture_publish(fixture, size) == MYC_OK) {
        count++;
    }
    return count;
}

/** Polls at most so many records of reader i, and wakes who waits. */
static inline size_t script_poll(struct script *script, size_t i, size_t records_max)
{
    struct fixture_reader *reader = &script->fixture->readers[i];
    size_t count = myc_ring_poll(&reader->reader, fixture_on_record, reader, records_max);
    assert_false(reader->is_wrong);
    myc_ring_reader_wake(&reader->reader, &script->wait);
    return count;
}

#endif

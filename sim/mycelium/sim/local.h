// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The parts of a platform that stay inside their process: clock, threads, waiting on words, entropy
 * and log; memory is in heap.h. Part of the implementation unit.
 */
#ifndef MYC_SIM_LOCAL_H
#define MYC_SIM_LOCAL_H

#include <mycelium/sim/clock.h>
#include <mycelium/sim/heap.h>
#include <mycelium/sim/internal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Clock ----

static uint64_t sim__clock_monotonic(struct myc_clock *clock)
{
    struct sim__process *process = MYC_CONTAINER_OF(clock, struct sim__process, clock);
    sim__point(process->world, "clock.monotonic");
    sim__clock_read(process->world, process->host);
    return sim__host_monotonic(process->world, process->host);
}

static uint64_t sim__clock_wall(struct myc_clock *clock)
{
    struct sim__process *process = MYC_CONTAINER_OF(clock, struct sim__process, clock);
    struct myc_sim *world = process->world;
    sim__point(world, "clock.wall");
    sim__clock_read(world, process->host);
    sim__clock_maybe_step(world, process->host);
    return sim__host_wall(world, process->host);
}

static const struct myc_clock_ops sim__clock_ops = {
    .size = sizeof(struct myc_clock_ops),
    .monotonic_ns = sim__clock_monotonic,
    .wall_ns = sim__clock_wall,
};

// ---- Threads ----

enum { SIM__THREADS_MAX = 1024, SIM__CPUS_MAX = 64 };

static struct sim__thread *sim__thread_find(struct sim__process *process, uint64_t number)
{
    struct sim__thread *thread = process->threads;
    while (thread != NULL && thread->number != number) {
        thread = thread->next;
    }
    return thread;
}

static enum myc_status sim__thread_seam_start(
    struct myc_thread *seam,
    myc_thread_fn *fn,
    void *context,
    const struct myc_thread_options *options,
    struct myc_handle *out_handle)
{
    struct sim__process *process = MYC_CONTAINER_OF(seam, struct sim__process, thread);
    struct myc_sim *world = process->world;
    sim__point(world, "thread.start");
    if (options != NULL && (options->cpu < 0 || options->cpu > SIM__CPUS_MAX)) {
        return MYC_INVALID;
    }
    if (process->thread_count >= SIM__THREADS_MAX) {
        return MYC_LIMIT;
    }
    const char *name = options != NULL ? options->name : NULL;
    struct sim__thread *thread = sim__thread_start(process, name, fn, context);
    *out_handle = (struct myc_handle){thread->number};
    return MYC_OK;
}

static void sim__thread_seam_join(struct myc_thread *seam, struct myc_handle handle)
{
    struct sim__process *process = MYC_CONTAINER_OF(seam, struct sim__process, thread);
    struct myc_sim *world = process->world;
    sim__point(world, "thread.join");
    struct sim__thread *thread = sim__thread_find(process, handle.value);
    if (thread == NULL || thread->is_joined || thread->number == 1) {
        sim__fail(
            world,
            "thread.join: handle %llu of '%s' is no thread or was joined before",
            (unsigned long long)handle.value,
            process->name);
    }
    if (thread == world->current) {
        sim__fail(world, "thread.join: thread '%s' would wait for itself", thread->scope);
    }
    thread->is_joined = true;
    while (thread->state != SIM__DEAD) {
        (void)sim__block(world, &thread->joiners, MYC_NEVER, "the end of a thread (join)");
    }
}

static uint64_t sim__thread_seam_current(struct myc_thread *seam)
{
    struct sim__process *process = MYC_CONTAINER_OF(seam, struct sim__process, thread);
    const struct sim__thread *thread = process->world->current;
    return thread != NULL ? thread->number : 1;
}

static void sim__thread_seam_relax(struct myc_thread *seam, uint32_t round)
{
    struct sim__process *process = MYC_CONTAINER_OF(seam, struct sim__process, thread);
    (void)round;
    sim__yield(process->world, "thread.relax");
}

static enum myc_status sim__thread_seam_barrier(struct myc_thread *seam)
{
    struct sim__process *process = MYC_CONTAINER_OF(seam, struct sim__process, thread);
    sim__point(process->world, "thread.barrier");
    return MYC_OK;
}

static const struct myc_thread_ops sim__thread_ops = {
    .size = sizeof(struct myc_thread_ops),
    .start = sim__thread_seam_start,
    .join = sim__thread_seam_join,
    .current = sim__thread_seam_current,
    .relax = sim__thread_seam_relax,
    .barrier = sim__thread_seam_barrier,
};

// ---- Waiting on words ----

/* Which word this is, whatever address a process sees it at. */
static void sim__wait_key(
    const struct sim__process *process,
    const void *word,
    enum myc_wait_scope scope,
    uint64_t out_key[2],
    uint32_t *out_scope)
{
    if (scope == MYC_WAIT_SHARED && sim__mapping_find(process, word, &out_key[0], &out_key[1])) {
        *out_scope = MYC_WAIT_SHARED;
        return;
    }
    // As on Linux, a shared wait on private memory works within the process.
    out_key[0] = process->id;
    out_key[1] = (uint64_t)(uintptr_t)word;
    *out_scope = MYC_WAIT_PROCESS;
}

static enum myc_status sim__wait_seam_wait_any(
    struct myc_wait *seam, const struct myc_wait_word *words, uint32_t count, uint64_t deadline_ns)
{
    struct sim__process *process = MYC_CONTAINER_OF(seam, struct sim__process, wait);
    struct myc_sim *world = process->world;
    sim__point(world, "wait.wait");
    // The kernel's own look at the words, atomic with going to sleep: no point lies between.
    for (uint32_t i = 0; i < count; i++) {
        if (__atomic_load_n(&words[i].word->value, __ATOMIC_SEQ_CST) != words[i].expected) {
            return MYC_AGAIN;
        }
    }
    if (deadline_ns == 0) {
        return MYC_TIMEOUT;
    }
    if (sim__fault(world, MYC_SIM_FAULT_SPURIOUS_WAKE)) {
        sim__fault_effect(world, MYC_SIM_FAULT_SPURIOUS_WAKE);
        sim__yield(world, "wait.spurious");
        return MYC_OK;
    }
    struct sim__thread *thread = world->current;
    if (thread == NULL) {
        sim__fail(world, "wait.wait was called from a predicate or an event, which may not block");
    }
    sim__wait_key(process, words[0].word, words[0].scope, thread->wait_key, &thread->wait_scope);
    for (uint32_t i = 1; i < count; i++) {
        sim__wait_key(
            process,
            words[i].word,
            words[i].scope,
            thread->wait_more_key[i - 1],
            &thread->wait_more_scope[i - 1]);
    }
    thread->wait_more_count = count - 1;
    const char *what = count > 1 ? "words of memory (wait)" : "a word of memory (wait)";
    if (count == 1 && thread->wait_scope == MYC_WAIT_SHARED) {
        what = "a word of shared memory (wait)";
    }
    uint64_t due = sim__host_deadline(process->host, deadline_ns);
    enum sim__wake wake = sim__block(world, &world->sleepers, due, what);
    return wake == SIM__WOKEN ? MYC_OK : MYC_TIMEOUT;
}

static enum myc_status sim__wait_seam_wait(
    struct myc_wait *seam,
    struct myc_atomic_u32 *word,
    uint32_t expected,
    uint64_t deadline_ns,
    enum myc_wait_scope scope)
{
    const struct myc_wait_word one = {word, expected, scope};
    return sim__wait_seam_wait_any(seam, &one, 1, deadline_ns);
}

static bool
sim__wait_matches(const struct sim__thread *thread, const uint64_t key[2], uint32_t scope)
{
    bool is_match = thread->wait_scope == scope && thread->wait_key[0] == key[0]
                    && thread->wait_key[1] == key[1];
    for (uint32_t i = 0; i < thread->wait_more_count; i++) {
        const uint64_t *more = thread->wait_more_key[i];
        is_match =
            is_match
            || (thread->wait_more_scope[i] == scope && more[0] == key[0] && more[1] == key[1]);
    }
    return is_match;
}

static uint32_t sim__wait_seam_wake(
    struct myc_wait *seam, struct myc_atomic_u32 *word, uint32_t count, enum myc_wait_scope scope)
{
    struct sim__process *process = MYC_CONTAINER_OF(seam, struct sim__process, wait);
    struct myc_sim *world = process->world;
    sim__point(world, "wait.wake");
    uint64_t key[2] = {0, 0};
    uint32_t key_scope = 0;
    sim__wait_key(process, word, scope, key, &key_scope);
    sim__wakes_note(world, key, key_scope);
    uint32_t waiting = 0;
    for (struct sim__thread *it = world->sleepers.head; it != NULL; it = it->queue_next) {
        waiting += sim__wait_matches(it, key, key_scope) ? 1 : 0;
    }
    uint32_t woken = 0;
    for (; woken < count && woken < waiting; woken++) {
        uint64_t skip = count < waiting ? sim__choose(world, "wake.order", waiting - woken) : 0;
        struct sim__thread *it = world->sleepers.head;
        for (;; it = it->queue_next) {
            if (sim__wait_matches(it, key, key_scope) && skip-- == 0) {
                break;
            }
        }
        sim__wake_thread(world, it);
    }
    return woken;
}

static const struct myc_wait_ops sim__wait_ops = {
    .size = sizeof(struct myc_wait_ops),
    .wait = sim__wait_seam_wait,
    .wake = sim__wait_seam_wake,
    .wait_any = sim__wait_seam_wait_any,
};

// ---- Entropy and log ----

static enum myc_status sim__entropy_fill(struct myc_entropy *seam, void *bytes, size_t size)
{
    struct sim__process *process = MYC_CONTAINER_OF(seam, struct sim__process, entropy);
    struct myc_sim *world = process->world;
    unsigned char *at = bytes;
    sim__point(world, "entropy.fill");
    // Mixed with a count, so that identities differ even in a run whose draws are all zero.
    for (size_t i = 0; i < size; i += 4) {
        uint64_t drawn = sim__choose(world, "entropy", UINT64_C(1) << 32);
        uint64_t unique = sim__mix(++world->entropy_count * UINT64_C(0x9e3779b97f4a7c15));
        uint32_t word = (uint32_t)(drawn ^ unique);
        memcpy(at + i, &word, size - i < 4 ? size - i : 4);
    }
    sim__note(world, SIM__NOTE_ENTROPY, size, 0);
    return MYC_OK;
}

static const struct myc_entropy_ops sim__entropy_ops = {
    .size = sizeof(struct myc_entropy_ops),
    .fill = sim__entropy_fill,
};

static void
sim__log_write(struct myc_log *seam, enum myc_log_level level, const char *source, const char *text)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    struct sim__process *process = MYC_CONTAINER_OF(seam, struct sim__process, log);
    const char *name = (unsigned)level < 4 ? levels[level] : "?";
    sim__point(process->world, "log.write");
    myc_sim_log(process->world, "%s: %s: %s: %s", process->name, name, source, text);
}

static const struct myc_log_ops sim__log_ops = {
    .size = sizeof(struct myc_log_ops),
    .write = sim__log_write,
};

// ---- The part ----

static void sim__local_start(struct sim__process *process)
{
    process->clock.ops = &sim__clock_ops;
    process->thread.ops = &sim__thread_ops;
    process->wait.ops = &sim__wait_ops;
    process->memory.ops = &sim__memory_ops;
    process->entropy.ops = &sim__entropy_ops;
    process->log.ops = &sim__log_ops;
    process->platform.clock = &process->clock;
    process->platform.thread = &process->thread;
    process->platform.wait = &process->wait;
    process->platform.memory = &process->memory;
    process->platform.entropy = &process->entropy;
    process->platform.log = &process->log;
}

static void sim__local_end(struct sim__process *process)
{
    sim__heap_check(process);
    sim__heap_end(process);
}

static void sim__local_world_end(struct myc_sim *world)
{
    for (struct sim__process *it = world->processes; it != NULL; it = it->next) {
        sim__heap_end(it);
    }
}

static const struct sim__part sim__local_part = {
    .name = "local",
    .start = sim__local_start,
    .end = sim__local_end,
    .world_end = sim__local_world_end,
};

#endif

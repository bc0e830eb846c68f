// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What simulated threads know of each other's operations: vector clocks and fences. Part of the
 * implementation unit.
 *
 * Each operation of a thread has a number, its epoch. A thread's knowledge has two clocks: what
 * happened before (`ordered`, which decides about races) and what it must see when it loads
 * (`visible`, at least as much: seq_cst fences add to it, though they order no plain accesses by
 * themselves). The epoch goes up with each operation, so what a release publishes never covers what
 * its thread does afterwards.
 */
#ifndef MYC_SIM_MEMORY_CLOCK_H
#define MYC_SIM_MEMORY_CLOCK_H

#ifdef MYC_SIMCHECK

#include <mycelium/sim/internal.h>

#include <string.h>

enum { SIM__CLOCK_SLOTS = 64 }; /* threads alive at one time */

struct sim__clock {
    uint32_t at[SIM__CLOCK_SLOTS];
};

struct sim__knowledge {
    struct sim__clock ordered;
    struct sim__clock visible;
};

/** What a release store tells whoever acquires it. */
struct sim__release {
    uint32_t references;
    struct sim__release *next_free;
    struct sim__knowledge knowledge;
};

enum { SIM__SPECULATIONS_MAX = 8 }; /* open at a time in one thread; handlers may poll again */

/** Reads that are believed only after a check; see myc_shared_speculate(). */
struct sim__speculation {
    const void *owner; /* compared only */
    bool is_copy;
    bool is_tainted; /* something that it read was being overwritten */
    uint32_t writer; /* slot of who overwrote it first */
};

/** A thread's part. */
struct sim__clocks {
    uint32_t slot;
    uint32_t load_count;
    uint64_t floor;          /* stores up to this number are seen */
    uint64_t floor_next;     /* becomes the floor after some more loads */
    uint64_t fence_when;     /* stores that were there at its last seq_cst fence */
    uint32_t spurious_count; /* compare-exchanges that failed for no reason, in a row */
    bool has_pending;
    bool has_fence;
    bool is_announcing; /* its writes go over what others may be reading */
    uint32_t speculation_count;
    struct sim__speculation speculations[SIM__SPECULATIONS_MAX];
    struct sim__release *fenced_release; /* `fenced`, shared by what was written since */
    struct sim__knowledge known;
    struct sim__knowledge pending; /* by relaxed loads, for the next acquire fence */
    struct sim__knowledge fenced;  /* at its last release fence */
};

struct sim__slot {
    const struct sim__thread *thread; /* the last one that had it */
    uint32_t epoch;
    bool is_used;
    uint64_t freed_at; /* slots are reused in the order in which their threads ended */
};

struct sim__line;
struct sim__word;

struct sim__memory_model {
    struct myc_sim *world;
    bool is_tso;         /* nothing but loads that overtake earlier stores */
    bool is_portable;    /* waits on words are no fences */
    bool is_spurious;    /* the last weak compare-exchange failed though it read what it expected */
    uint64_t stale_rate; /* one in so many chances to take an older value; 0: never */
    uint64_t stale_count;
    uint64_t now;   /* stores so far */
    uint32_t width; /* slots ever used */
    uint64_t freed_count;
    struct sim__slot slots[SIM__CLOCK_SLOTS];
    struct sim__clock fences;     /* what seq_cst fences have made visible */
    struct sim__knowledge kernel; /* what threads that ended knew */
    struct sim__release *free_releases;
    struct sim__clock_block *free_clocks;
    struct sim__line **lines;
    uint64_t line_capacity; /* a power of two */
    uint64_t line_count;
    struct sim__line *last_line;
    struct sim__line *free_lines;
    struct sim__word *free_words;
    unsigned char *chunk;
    size_t chunk_left;
};

static void *sim__model_carve(struct sim__memory_model *model, size_t bytes);

// ---- Clocks ----

static void sim__clock_join(
    const struct sim__memory_model *model, struct sim__clock *clock, const struct sim__clock *other)
{
    for (uint32_t i = 0; i < model->width; i++) {
        clock->at[i] = clock->at[i] > other->at[i] ? clock->at[i] : other->at[i];
    }
}

static void sim__knowledge_join(
    const struct sim__memory_model *model,
    struct sim__knowledge *knowledge,
    const struct sim__knowledge *other)
{
    sim__clock_join(model, &knowledge->ordered, &other->ordered);
    sim__clock_join(model, &knowledge->visible, &other->visible);
}

static uint32_t sim__epoch(const struct sim__clocks *clocks)
{
    return clocks->known.ordered.at[clocks->slot];
}

static void sim__epoch_advance(struct sim__clocks *clocks)
{
    uint32_t epoch = ++clocks->known.ordered.at[clocks->slot];
    clocks->known.visible.at[clocks->slot] = epoch;
}

struct sim__clock_block {
    struct sim__clock clock;
    struct sim__clock_block *next_free;
};

static struct sim__clock *sim__clock_allocate(struct sim__memory_model *model)
{
    struct sim__clock_block *block = model->free_clocks;
    if (block == NULL) {
        block = sim__model_carve(model, sizeof(*block));
    } else {
        model->free_clocks = block->next_free;
    }
    memset(&block->clock, 0, sizeof(block->clock));
    return &block->clock;
}

static void sim__clock_free(struct sim__memory_model *model, struct sim__clock *clock)
{
    if (clock != NULL) {
        struct sim__clock_block *block = MYC_CONTAINER_OF(clock, struct sim__clock_block, clock);
        block->next_free = model->free_clocks;
        model->free_clocks = block;
    }
}

// ---- Releases ----

static struct sim__release *
sim__release_of(struct sim__memory_model *model, const struct sim__knowledge *knowledge)
{
    struct sim__release *release = model->free_releases;
    if (release == NULL) {
        release = sim__model_carve(model, sizeof(*release));
    } else {
        model->free_releases = release->next_free;
    }
    release->references = 1;
    // Slots beyond the width may become used later: all of them are copied.
    release->knowledge = *knowledge;
    return release;
}

static void sim__release_drop(struct sim__memory_model *model, struct sim__release *release)
{
    if (release != NULL && --release->references == 0) {
        release->next_free = model->free_releases;
        model->free_releases = release;
    }
}

// ---- Fences ----

static void sim__model_fence(struct sim__memory_model *model, struct sim__clocks *clocks, int order)
{
    if (order != __ATOMIC_RELEASE && clocks->has_pending) {
        sim__knowledge_join(model, &clocks->known, &clocks->pending);
        memset(&clocks->pending, 0, sizeof(clocks->pending));
        clocks->has_pending = false;
    }
    if (order == __ATOMIC_SEQ_CST) {
        sim__clock_join(model, &clocks->known.visible, &model->fences);
        sim__clock_join(model, &model->fences, &clocks->known.visible);
        clocks->fence_when = model->now;
        if (model->is_tso) {
            clocks->floor = model->now;
        }
    }
    if (order != __ATOMIC_ACQUIRE) {
        clocks->fenced = clocks->known;
        clocks->has_fence = true;
        sim__release_drop(model, clocks->fenced_release);
        clocks->fenced_release = NULL;
    }
}

/*
 * A call into the kernel: a full fence, after which the thread sees everything there is. Where the
 * kernel may tell of ends, what ended threads did happened before.
 */
static void sim__model_syscall(
    struct sim__memory_model *model, struct sim__clocks *clocks, bool may_tell_of_ends)
{
    sim__epoch_advance(clocks);
    if (may_tell_of_ends) {
        sim__knowledge_join(model, &clocks->known, &model->kernel);
    }
    sim__model_fence(model, clocks, __ATOMIC_SEQ_CST);
    clocks->floor = model->now;
    clocks->floor_next = model->now;
}

// ---- Threads ----

/* A slot that was never used; else the one whose thread ended first. */
static uint32_t sim__slot_take(struct sim__memory_model *model)
{
    if (model->width < SIM__CLOCK_SLOTS) {
        return model->width++;
    }
    uint32_t best = SIM__CLOCK_SLOTS;
    for (uint32_t i = 0; i < SIM__CLOCK_SLOTS; i++) {
        if (!model->slots[i].is_used
            && (best == SIM__CLOCK_SLOTS
                || model->slots[i].freed_at < model->slots[best].freed_at)) {
            best = i;
        }
    }
    if (best == SIM__CLOCK_SLOTS) {
        sim__fail(
            model->world,
            "the memory model follows at most %d threads at a time; --memory strong does without",
            SIM__CLOCK_SLOTS);
    }
    return best;
}

/* What a new thread knows: what its starter knows, or everything if the director starts it. */
static void sim__thread_learn(struct sim__memory_model *model, struct sim__knowledge *known)
{
    const struct sim__thread *starter = model->world->current;
    sim__clock_join(model, &known->visible, &model->fences);
    if (starter != NULL && !starter->process->is_director) {
        sim__knowledge_join(model, known, &starter->clocks->known);
        return;
    }
    sim__knowledge_join(model, known, &model->kernel);
    for (const struct sim__thread *it = model->world->threads; it != NULL; it = it->all_next) {
        if (it->state != SIM__DEAD && it->clocks != NULL) {
            sim__knowledge_join(model, known, &it->clocks->known);
        }
    }
}

void sim__memory_thread_start(struct myc_sim *world, struct sim__thread *thread)
{
    struct sim__memory_model *model = world->memory_model;
    if (model == NULL) {
        return;
    }
    struct sim__clocks *clocks = sim__allocate(world, sizeof(*clocks));
    clocks->slot = sim__slot_take(model);
    sim__thread_learn(model, &clocks->known);
    struct sim__slot *slot = &model->slots[clocks->slot];
    slot->thread = thread;
    slot->is_used = true;
    clocks->known.ordered.at[clocks->slot] = slot->epoch;
    sim__epoch_advance(clocks);
    clocks->floor = model->now;
    clocks->floor_next = model->now;
    thread->clocks = clocks;
}

void sim__memory_call(struct myc_sim *world, const char *label)
{
    // These stay in the process: on a real system they need not enter the kernel.
    static const char *const local[] = {"clock.", "memory.", "entropy.", "log.", "thread.relax"};
    // Who takes a name's lock over learns that its owner has ended.
    static const char *const telling[] = {
        "thread.join", "process.", "poller.wait", "stream.", "shm.open", "shm.has_owner"};
    struct sim__thread *thread = world->current;
    if (world->memory_model == NULL || thread->process->is_director) {
        return;
    }
    bool is_local = world->memory_model->is_portable && strncmp(label, "wait.", 5) == 0;
    bool may_tell_of_ends = false;
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        is_local = is_local || strncmp(label, local[i], strlen(local[i])) == 0;
    }
    for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
        may_tell_of_ends = may_tell_of_ends || strncmp(label, telling[i], strlen(telling[i])) == 0;
    }
    if (!is_local) {
        sim__model_syscall(world->memory_model, thread->clocks, may_tell_of_ends);
    }
}

void sim__memory_blocked(struct myc_sim *world)
{
    struct sim__memory_model *model = world->memory_model;
    const char *label = world->current->label;
    if (model != NULL && model->is_portable && label != NULL && strncmp(label, "wait.", 5) == 0) {
        return; // What its waker did may still be unseen.
    }
    if (model != NULL) {
        sim__model_syscall(world->memory_model, world->current->clocks, true);
    }
}

void sim__memory_relaxed(struct myc_sim *world)
{
    if (world->memory_model != NULL) {
        struct sim__clocks *clocks = world->current->clocks;
        clocks->floor = world->memory_model->now;
        clocks->floor_next = clocks->floor;
    }
}

#endif

#endif

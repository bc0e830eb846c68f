// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The C11 memory model of the simcheck build. Part of the implementation unit; see memory_clock.h
 * for what threads know and memory_race.h for payload bytes.
 *
 * The bytes themselves always hold the newest value: coherence order is the order of execution, and
 * a dead process's stores stay. Beside them each word keeps its last few stores. A load may take an
 * older one as long as nothing that the thread knows hides it: a newer store that happened before,
 * a newer one that it or somebody it heard from has read, one that the rules of seq_cst make it
 * see, or one that is older than its last wait or a number of its own loads. Whether it does is a
 * draw; 0 is the newest.
 *
 * Under TSO, what x86 does, there is one order of all stores, and each thread sees it up to some
 * place that only goes forward: to that of each store it reads, other than its own, which it may
 * read before the others do, and to the end at a fence, a read-modify-write or a seq_cst store. To
 * let stores happen at once and loads look back is the same as to let stores wait in a buffer.
 *
 * Not modelled: a load that sees a store which comes later in program order (load buffering), a
 * store that takes its place before one already executed, a strong compare-exchange that fails on
 * an older value though the newest is the one expected. All three only make the simulator kinder
 * than C11.
 */
#ifndef MYC_SIM_MEMORY_MODEL_H
#define MYC_SIM_MEMORY_MODEL_H

#ifdef MYC_SIMCHECK

#include <mycelium/sim/internal.h>
#include <mycelium/sim/memory_clock.h>
#include <mycelium/sim/memory_race.h>
#include <mycelium/sim/memory_shadow.h>

#include <mycelium/atomic.h>

// ---- Words ----

static struct sim__store *sim__newest(struct sim__word *word)
{
    return &word->stores[(word->first + word->count - 1) % SIM__HISTORY];
}

static struct sim__store *
sim__store_push(struct sim__memory_model *model, struct sim__word *word, uint64_t value)
{
    if (word->count == SIM__HISTORY) {
        sim__release_drop(model, word->stores[word->first].release);
        word->first = (word->first + 1) % SIM__HISTORY;
        word->count--;
    }
    word->count++;
    struct sim__store *store = sim__newest(word);
    *store = (struct sim__store){.value = value, .when = ++model->now};
    return store;
}

static void sim__word_clear(struct sim__memory_model *model, struct sim__word *word)
{
    while (word->count > 0) {
        sim__release_drop(model, sim__newest(word)->release);
        word->count--;
    }
    word->first = 0;
}

/*
 * The history of a word, which begins with what lies there. Where the bytes were changed by other
 * means than atomics and marks, it begins anew, and whoever acquires the word knows what the kernel
 * knows.
 */
static struct sim__word *sim__word_at(
    struct sim__memory_model *model,
    struct sim__cell *cell,
    void *address,
    uint32_t size,
    uint64_t value)
{
    uint32_t half = size == 4 ? (uint32_t)((uintptr_t)address >> 2 & 1) : 0;
    struct sim__word *word = cell->words[half];
    if (word != NULL && word->size == size && sim__newest(word)->value == value) {
        return word;
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct sim__word *other = cell->words[i];
        if (other != NULL && other->size != size) {
            sim__word_clear(model, other);
            sim__word_free(model, other);
            cell->words[i] = NULL;
        }
    }
    word = cell->words[half];
    bool is_new = word == NULL;
    if (is_new) {
        word = sim__word_allocate(model);
        cell->words[half] = word;
    }
    sim__word_clear(model, word);
    word->size = size;
    struct sim__store *store = sim__store_push(model, word, value);
    if (!is_new) {
        store->release = sim__release_of(model, &model->kernel);
        store->is_sequence = true;
    } else if ((cell->write_mask & sim__mask(address, size)) != 0) {
        store->slot = cell->write_slot;
        store->epoch = cell->write_epoch;
    }
    if (cell->announced != NULL) {
        // Somebody is writing there without a mark yet, behind the fence of his announcement.
        if (store->release == NULL) {
            store->release = sim__release_of(model, &cell->announced->knowledge);
        } else {
            sim__knowledge_join(model, &store->release->knowledge, &cell->announced->knowledge);
        }
        store->is_sequence = true;
    }
    return word;
}

// ---- Loads ----

/* Whether the thread must not look past this store to an older one. */
static bool sim__store_is_known(
    const struct sim__memory_model *model,
    const struct sim__clocks *clocks,
    const struct sim__store *store,
    bool is_seq_cst)
{
    const struct sim__clock *visible = &clocks->known.visible;
    if (visible->at[store->slot] >= store->epoch || store->when <= clocks->floor) {
        return true;
    }
    if (store->is_settled) {
        return true;
    }
    if (is_seq_cst && (store->is_seq_cst || model->fences.at[store->slot] >= store->epoch)) {
        return true;
    }
    if (store->is_seq_cst && store->when <= clocks->fence_when) {
        return true;
    }
    for (uint32_t i = 0; i < store->seen_count; i++) {
        uint32_t slot = store->seen_slots[i];
        if (visible->at[slot] >= store->seen_epochs[i]
            || (is_seq_cst && model->fences.at[slot] >= store->seen_epochs[i])) {
            return true;
        }
    }
    return false;
}

/* Remembers that the thread has read the store, so that nobody who hears of it reads older ones. */
static void sim__store_see(const struct sim__clocks *clocks, struct sim__store *store)
{
    if (clocks->known.visible.at[store->slot] >= store->epoch || store->is_settled) {
        return;
    }
    for (uint32_t i = 0; i < store->seen_count; i++) {
        if (store->seen_slots[i] == clocks->slot) {
            return;
        }
    }
    if (store->seen_count == SIM__SEEN_MAX) {
        store->is_settled = true;
        return;
    }
    store->seen_slots[store->seen_count] = (uint8_t)clocks->slot;
    store->seen_epochs[store->seen_count++] = sim__epoch(clocks);
}

/* How many stores back the tape says that the load at this point sees, or the like. */
static uint64_t sim__load_named(struct myc_sim *world, const char *label)
{
    const char *scope = world->current->scope;
    uint64_t nth = sim__thread_points(world);
    return sim__choice_named(&world->choices, scope, label, nth);
}

static void sim__load_keep(struct myc_sim *world, const char *label, uint64_t value)
{
    if (world->is_explicit) {
        const char *scope = world->current->scope;
        uint64_t nth = sim__thread_points(world);
        sim__choice_keep(&world->choices, scope, label, nth, value);
    }
}

/* How a load looks back: a store of a value that it must not take ends its way. */
struct sim__look {
    bool is_seq_cst;
    bool has_end;
    uint64_t end;
};

/* Under TSO, no load sees an older state of memory than the one before. */
static void sim__load_advance(struct sim__clocks *clocks, const struct sim__store *store)
{
    bool is_own = store->epoch != 0 && store->slot == clocks->slot;
    bool is_first = store->epoch == 0 && store->release == NULL;
    if (!is_own && !is_first && store->when > clocks->floor) {
        clocks->floor = store->when;
    }
}

__attribute__((always_inline)) static inline struct sim__store *sim__load_pick(
    struct myc_sim *world,
    struct sim__memory_model *model,
    struct sim__clocks *clocks,
    struct sim__word *word,
    struct sim__look look)
{
    uint32_t back = 0;
    uint64_t named = world->is_scripted ? sim__load_named(world, "memory.stale") : 0;
    struct sim__store *store = sim__newest(word);
    while (back + 1 < word->count && (model->stale_rate != 0 || named > back)
           && !sim__store_is_known(model, clocks, store, look.is_seq_cst)) {
        struct sim__store *older =
            &word->stores[(word->first + word->count - 2 - back) % SIM__HISTORY];
        if ((look.has_end && older->value == look.end)
            || (named <= back && !sim__chance_hidden(world, "memory.older", model->stale_rate))) {
            break;
        }
        back++;
        store = older;
    }
    if (back > 0) {
        model->stale_count++;
        sim__load_keep(world, "memory.stale", back);
    }
    if (back + 1 < word->count) {
        sim__store_see(clocks, store);
    }
    if (model->is_tso) {
        sim__load_advance(clocks, store);
    }
    return store;
}

static bool sim__is_acquire(int order)
{
    return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE;
}

static bool sim__is_release(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/* What reading a store tells the thread: at once, or once it passes an acquire fence. */
static void sim__load_learn(
    const struct sim__memory_model *model,
    struct sim__clocks *clocks,
    const struct sim__store *store,
    int order)
{
    if (store->release == NULL
        || (!store->is_sequence && clocks->known.ordered.at[store->slot] >= store->epoch)) {
        return;
    }
    if (sim__is_acquire(order)) {
        sim__knowledge_join(model, &clocks->known, &store->release->knowledge);
    } else {
        sim__knowledge_join(model, &clocks->pending, &store->release->knowledge);
        clocks->has_pending = true;
    }
}

/* The same for what a plain write left there that was announced behind a release fence. */
static void sim__load_learn_announced(
    const struct sim__memory_model *model,
    struct sim__clocks *clocks,
    const struct sim__release *announced,
    int order)
{
    bool is_acquire = sim__is_acquire(order);
    sim__knowledge_join(
        model, is_acquire ? &clocks->known : &clocks->pending, &announced->knowledge);
    clocks->has_pending = clocks->has_pending || !is_acquire;
}

/* Staleness is bounded: what was there some dozens of loads ago is seen by now. */
static void sim__load_count(const struct sim__memory_model *model, struct sim__clocks *clocks)
{
    if (++clocks->load_count >= SIM__STALE_LOADS) {
        clocks->load_count = 0;
        clocks->floor = clocks->floor_next;
        clocks->floor_next = model->now;
    }
}

// ---- Stores ----

/* What a store publishes: the thread's knowledge, or that of its last release fence, or nothing. */
static struct sim__release *
sim__store_release(struct sim__memory_model *model, const struct sim__clocks *clocks, int order)
{
    if (sim__is_release(order)) {
        return sim__release_of(model, &clocks->known);
    }
    return clocks->has_fence ? sim__release_of(model, &clocks->fenced) : NULL;
}

static void sim__model_store(
    struct sim__memory_model *model,
    const struct sim__clocks *clocks,
    struct sim__word *word,
    uint64_t value,
    int order)
{
    struct sim__release *release = sim__store_release(model, clocks, order);
    struct sim__store *store = sim__store_push(model, word, value);
    store->slot = (uint8_t)clocks->slot;
    store->epoch = sim__epoch(clocks);
    store->release = release;
    store->is_seq_cst = order == __ATOMIC_SEQ_CST;
    store->is_announced = clocks->is_announcing;
}

/* The store half of a read-modify-write: it continues the release sequence it read from. */
static void sim__model_modify(
    struct sim__memory_model *model,
    const struct sim__clocks *clocks,
    struct sim__word *word,
    uint64_t value,
    int order)
{
    struct sim__release *before = sim__newest(word)->release;
    if (before != NULL) {
        before->references++;
    }
    sim__model_store(model, clocks, word, value, order);
    struct sim__store *store = sim__newest(word);
    if (before != NULL && store->release == NULL) {
        store->release = before;
        store->is_sequence = true;
    } else if (before != NULL) {
        sim__knowledge_join(model, &store->release->knowledge, &before->knowledge);
        store->is_sequence = true;
        sim__release_drop(model, before);
    }
}

// ---- Compare-exchanges that fail ----

/* A weak one that could succeed; boring is that it does. */
static bool sim__fails_for_no_reason(
    struct myc_sim *world, const struct sim__memory_model *model, struct sim__clocks *clocks)
{
    if (model->is_tso || clocks->spurious_count == SIM__SPURIOUS_MAX) {
        return false;
    }
    bool happens = (world->is_scripted && sim__load_named(world, "memory.spurious") != 0)
                   || (model->stale_rate != 0
                       && sim__chance_hidden(world, "memory.spurious", model->stale_rate));
    if (happens) {
        clocks->spurious_count++;
        sim__load_keep(world, "memory.spurious", 1);
    }
    return happens;
}

/* Whether a weak one succeeds, or a strong one that found another value, and otherwise which value
 * it saw, as a load does. */
__attribute__((noinline)) static bool sim__model_compare(
    struct myc_sim *world,
    enum myc_simcheck_op op,
    struct sim__word *word,
    uint64_t expected,
    int order,
    uint64_t *out_seen)
{
    struct sim__memory_model *model = world->memory_model;
    struct sim__clocks *clocks = world->current->clocks;
    const struct sim__store *newest = sim__newest(word);
    bool is_weak = op == MYC_SIMCHECK_COMPARE_EXCHANGE_WEAK;
    struct sim__look look = {!is_weak && order == __ATOMIC_SEQ_CST, !is_weak, expected};
    const struct sim__store *store = newest;
    model->is_spurious = false;
    // On x86 one that fails is a fence all the same.
    if (!model->is_tso && (is_weak || newest->value != expected)) {
        sim__load_count(model, clocks);
        store = sim__load_pick(world, model, clocks, word, look);
    }
    *out_seen = store->value;
    if (store == newest && store->value == expected
        && (!is_weak || !sim__fails_for_no_reason(world, model, clocks))) {
        clocks->spurious_count = 0;
        return true;
    }
    model->is_spurious = store->value == expected;
    sim__load_learn(model, clocks, store, is_weak ? __ATOMIC_RELAXED : order);
    if (model->is_tso) {
        clocks->floor = model->now;
    }
    return false;
}

// ---- Operations ----

static uint64_t sim__model_access(
    struct myc_sim *world,
    enum myc_simcheck_op op,
    void *address,
    uint32_t size,
    uint64_t operand,
    uint64_t expected,
    int order)
{
    struct sim__memory_model *model = world->memory_model;
    struct sim__clocks *clocks = world->current->clocks;
    struct sim__place place = sim__place_of(world->current->process, address);
    struct sim__cell *cell = sim__cell_at(model, place);
    bool is_load = op == MYC_SIMCHECK_LOAD;
    bool is_speculative = is_load && sim__speculation_open(clocks) != NULL;
    if (!is_speculative) {
        sim__race_check_atomic(world, cell, place, size, !is_load);
    }
    uint64_t value = sim__word_load(address, size);
    struct sim__word *word = sim__word_at(model, cell, address, size, value);
    if (is_load) {
        sim__load_count(model, clocks);
        const struct sim__store *store = sim__load_pick(
            world,
            model,
            clocks,
            word,
            (struct sim__look){.is_seq_cst = order == __ATOMIC_SEQ_CST});
        sim__load_learn(model, clocks, store, order);
        bool is_newest = store == sim__newest(word);
        if (is_speculative && is_newest) {
            // An older value was there before whoever is overwriting it came.
            sim__race_check_atomic(world, cell, place, size, false);
        }
        if (cell->announced != NULL && is_newest) {
            sim__load_learn_announced(model, clocks, cell->announced, order);
        }
        return store->value;
    }
    uint64_t mask = size == 4 ? UINT32_MAX : UINT64_MAX;
    uint64_t after = operand & mask;
    if (op == MYC_SIMCHECK_STORE) {
        sim__model_store(model, clocks, word, after, order);
        sim__word_store(address, size, after);
        if (model->is_tso && order == __ATOMIC_SEQ_CST) {
            clocks->floor = model->now;
        }
        return value;
    }
    bool may_fail = op == MYC_SIMCHECK_COMPARE_EXCHANGE_WEAK
                    || (op == MYC_SIMCHECK_COMPARE_EXCHANGE && value != (expected & mask));
    uint64_t seen = 0;
    if (may_fail && !sim__model_compare(world, op, word, expected & mask, order, &seen)) {
        return seen;
    }
    sim__store_see(clocks, sim__newest(word));
    sim__load_learn(model, clocks, sim__newest(word), order);
    after = op == MYC_SIMCHECK_ADD ? (value + operand) & mask : after;
    sim__model_modify(model, clocks, word, after, order);
    sim__word_store(address, size, after);
    if (model->is_tso) {
        clocks->floor = model->now;
    }
    return value;
}

/* One operation of a simulated thread; its scheduling point has passed. */
static uint64_t sim__model_operation(
    struct myc_sim *world,
    enum myc_simcheck_op op,
    void *address,
    uint32_t size,
    uint64_t operand,
    uint64_t expected,
    int order)
{
    struct sim__clocks *clocks = world->current->clocks;
    sim__epoch_advance(clocks);
    switch (op) {
    case MYC_SIMCHECK_FENCE:
        sim__model_fence(world->memory_model, clocks, order);
        return 0;
    case MYC_SIMCHECK_PAYLOAD_READ:
    case MYC_SIMCHECK_PAYLOAD_WRITE:
    case MYC_SIMCHECK_PAYLOAD_COPY:
        sim__payload_mark(world, op, address, size);
        return 0;
    case MYC_SIMCHECK_SPECULATE:
    case MYC_SIMCHECK_ACCEPT:
    case MYC_SIMCHECK_DISTRUST:
    case MYC_SIMCHECK_ANNOUNCE:
    case MYC_SIMCHECK_LOAD:
    case MYC_SIMCHECK_STORE:
    case MYC_SIMCHECK_EXCHANGE:
    case MYC_SIMCHECK_ADD:
    case MYC_SIMCHECK_COMPARE_EXCHANGE:
    case MYC_SIMCHECK_COMPARE_EXCHANGE_WEAK:
    default:
        return sim__model_access(world, op, address, size, operand, expected, order);
    }
}

#endif

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Races: accesses to the same bytes, one of them a write, one of them plain, and nothing that
 * orders them. Part of the implementation unit.
 *
 * Plain accesses are known by their marks, myc_shared_read() and myc_shared_write(). A race is
 * found whatever the schedule: it needs no bad value.
 */
#ifndef MYC_SIM_MEMORY_RACE_H
#define MYC_SIM_MEMORY_RACE_H

#ifdef MYC_SIMCHECK

#include <mycelium/sim/internal.h>
#include <mycelium/sim/memory_clock.h>
#include <mycelium/sim/memory_shadow.h>

#include <stdio.h>

static struct sim__store *
sim__store_push(struct sim__memory_model *model, struct sim__word *word, uint64_t value);
static struct sim__store *sim__newest(struct sim__word *word);

/* One access to the bytes of one cell. */
struct sim__access {
    const char *verb;
    struct sim__place place;
    uint8_t mask;
    bool is_write;
};

/* Ends the run. Addresses differ from run to run: only places in segments are named. */
static void sim__race_found(
    struct myc_sim *world, const struct sim__access *access, uint32_t slot, const char *verb)
{
    const struct sim__thread *other = world->memory_model->slots[slot].thread;
    char where[64] = "memory of its process";
    if (access->place.segment != 0) {
        (void)snprintf(
            where,
            sizeof(where),
            "offset %llu of segment %llu",
            (unsigned long long)access->place.offset,
            (unsigned long long)access->place.segment);
    }
    sim__fail(
        world,
        "data race: %s %s bytes that %s %s, and nothing orders the two; in %s",
        world->current->scope,
        access->verb,
        other != NULL ? other->scope : "?",
        verb,
        where);
}

static bool sim__is_ordered(const struct sim__clocks *clocks, uint32_t slot, uint32_t epoch)
{
    return clocks->known.ordered.at[slot] >= epoch;
}

// ---- Speculations ----

static struct sim__speculation *sim__speculation_open(struct sim__clocks *clocks)
{
    return clocks->speculation_count == 0 ? NULL
                                          : &clocks->speculations[clocks->speculation_count - 1];
}

static void sim__speculation_taint(struct sim__speculation *speculation, uint32_t writer)
{
    if (!speculation->is_tainted) {
        speculation->is_tainted = true;
        speculation->writer = writer;
    }
}

/* A read meets a write that nothing orders before it: its speculation is in doubt, or it fails. */
static void sim__race_meets_write(
    struct myc_sim *world,
    const struct sim__access *access,
    uint32_t slot,
    bool is_announced,
    const char *verb)
{
    struct sim__speculation *open = sim__speculation_open(world->current->clocks);
    if (!access->is_write && open != NULL && (open->is_copy || is_announced)) {
        sim__speculation_taint(open, slot);
        return;
    }
    sim__race_found(world, access, slot, verb);
}

/*
 * A write meets a read of another thread that nothing orders before it. A writer who announced does
 * not wait for readers: who reads afterwards finds out, who has read before is not concerned.
 */
static void
sim__race_meets_read(struct myc_sim *world, const struct sim__access *access, uint32_t slot)
{
    if (!world->current->clocks->is_announcing) {
        sim__race_found(world, access, slot, "read");
    }
}

static void sim__speculation_end(struct myc_sim *world, const void *owner, bool is_accepted)
{
    struct sim__clocks *clocks = world->current->clocks;
    uint32_t at = clocks->speculation_count;
    while (at > 0 && clocks->speculations[at - 1].owner != owner) {
        at--;
    }
    if (at == 0) {
        return; // Opened before this thread had it, or before the model began.
    }
    struct sim__speculation ended = clocks->speculations[at - 1];
    clocks->speculation_count--;
    for (uint32_t i = at - 1; i < clocks->speculation_count; i++) {
        clocks->speculations[i] = clocks->speculations[i + 1];
    }
    if (is_accepted && ended.is_tainted) {
        const struct sim__thread *other = world->memory_model->slots[ended.writer].thread;
        sim__fail(
            world,
            "data race: %s believed bytes that %s was overwriting, and its check did not notice",
            world->current->scope,
            other != NULL ? other->scope : "?");
    }
}

/** A note that is no point: see the marks in mycelium/atomic.h. */
static void sim__memory_note(
    struct myc_sim *world, enum myc_simcheck_op op, const void *owner, uint64_t operand)
{
    struct sim__clocks *clocks = world->current->clocks;
    if (op == MYC_SIMCHECK_ANNOUNCE) {
        clocks->is_announcing = true;
    } else if (op != MYC_SIMCHECK_SPECULATE) {
        sim__speculation_end(world, owner, op == MYC_SIMCHECK_ACCEPT);
    } else if (clocks->speculation_count == SIM__SPECULATIONS_MAX) {
        sim__fail(world, "a thread opens more than %d speculations", SIM__SPECULATIONS_MAX);
    } else {
        clocks->speculations[clocks->speculation_count++] =
            (struct sim__speculation){.owner = owner, .is_copy = operand != 0};
    }
}

// ---- What meets what ----

/* Whether what was written as payload happened before. */
static void sim__race_with_write(
    struct myc_sim *world, const struct sim__cell *cell, const struct sim__access *access)
{
    if ((cell->write_mask & access->mask) != 0
        && !sim__is_ordered(world->current->clocks, cell->write_slot, cell->write_epoch)) {
        sim__race_meets_write(world, access, cell->write_slot, cell->is_announced, "wrote");
    }
}

/* Whether all that was read as payload happened before. */
static void sim__race_with_reads(
    struct myc_sim *world, const struct sim__cell *cell, const struct sim__access *access)
{
    const struct sim__clocks *clocks = world->current->clocks;
    for (uint32_t i = 0; i < SIM__READS_MAX; i++) {
        if ((cell->read_masks[i] & access->mask) != 0
            && !sim__is_ordered(clocks, cell->read_slots[i], cell->read_epochs[i])) {
            sim__race_meets_read(world, access, cell->read_slots[i]);
        }
    }
    for (uint32_t i = 0; cell->reads != NULL && i < world->memory_model->width; i++) {
        if (!sim__is_ordered(clocks, i, cell->reads->at[i])) {
            sim__race_meets_read(world, access, i);
        }
    }
}

/* Whether the last atomic stores to these bytes happened before a plain access. */
static void sim__race_with_words(
    struct myc_sim *world, const struct sim__cell *cell, const struct sim__access *access)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct sim__word *word = cell->words[i];
        uint8_t mask = word == NULL || word->size == 8 ? 0xff : (uint8_t)(i == 0 ? 0x0f : 0xf0);
        if (word != NULL && (mask & access->mask) != 0) {
            const struct sim__store *store = sim__newest(word);
            if (!sim__is_ordered(world->current->clocks, store->slot, store->epoch)) {
                sim__race_meets_write(world, access, store->slot, store->is_announced, "stored");
            }
        }
    }
}

/** An atomic access is about to happen. */
static void sim__race_check_atomic(
    struct myc_sim *world,
    const struct sim__cell *cell,
    struct sim__place place,
    uint32_t size,
    bool is_store)
{
    struct sim__access access = {
        is_store ? "stores" : "loads",
        place,
        size == 8 ? 0xff : (uint8_t)((place.offset & 4) != 0 ? 0xf0 : 0x0f),
        is_store,
    };
    sim__race_with_write(world, cell, &access);
    if (is_store) {
        sim__race_with_reads(world, cell, &access);
    }
}

// ---- Marks ----

static void sim__cell_read(
    struct sim__memory_model *model,
    struct sim__clocks *clocks,
    struct sim__cell *cell,
    uint8_t mask)
{
    uint32_t at = SIM__READS_MAX;
    for (uint32_t i = 0; i < SIM__READS_MAX; i++) {
        bool is_covered = (cell->read_masks[i] & ~mask) == 0
                          && sim__is_ordered(clocks, cell->read_slots[i], cell->read_epochs[i]);
        if (cell->read_masks[i] == 0 || is_covered) {
            at = i;
            break;
        }
    }
    if (cell->reads != NULL && mask == 0xff) {
        cell->reads->at[clocks->slot] = sim__epoch(clocks);
        return;
    }
    if (at == SIM__READS_MAX && mask == 0xff) {
        cell->reads = sim__clock_allocate(model);
        cell->reads->at[clocks->slot] = sim__epoch(clocks);
        return;
    }
    // A part of a cell that many read: the first reader is forgotten.
    at = at == SIM__READS_MAX ? 0 : at;
    cell->read_slots[at] = (uint8_t)clocks->slot;
    cell->read_epochs[at] = sim__epoch(clocks);
    cell->read_masks[at] = mask;
}

/*
 * What a speculation learns of the write that it read, for the next acquire fence: an announced
 * write comes after the release fence of its announcement.
 */
static void sim__cell_learn(
    const struct sim__memory_model *model,
    struct sim__clocks *clocks,
    const struct sim__cell *cell,
    uint8_t mask)
{
    if (cell->announced != NULL && (cell->write_mask & mask) != 0) {
        sim__knowledge_join(model, &clocks->pending, &cell->announced->knowledge);
        clocks->has_pending = true;
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (cell->words[i] != NULL && sim__newest(cell->words[i])->release != NULL) {
            const struct sim__release *release = sim__newest(cell->words[i])->release;
            sim__knowledge_join(model, &clocks->pending, &release->knowledge);
            clocks->has_pending = true;
        }
    }
}

/* Takes a share of what the last release fence tells; NULL for a write that is not announced. */
static struct sim__release *
sim__announced_release(struct sim__memory_model *model, struct sim__clocks *clocks)
{
    if (!clocks->is_announcing || !clocks->has_fence) {
        return NULL;
    }
    if (clocks->fenced_release == NULL) {
        clocks->fenced_release = sim__release_of(model, &clocks->fenced);
    }
    clocks->fenced_release->references++;
    return clocks->fenced_release;
}

/* The bytes have changed by a plain write: words that lie there got a value that way. */
static void sim__cell_write(
    struct sim__memory_model *model,
    struct sim__clocks *clocks,
    struct sim__cell *cell,
    unsigned char *bytes,
    uint8_t mask)
{
    cell->write_slot = (uint8_t)clocks->slot;
    cell->write_epoch = sim__epoch(clocks);
    cell->write_mask = mask;
    cell->is_announced = clocks->is_announcing;
    sim__release_drop(model, cell->announced);
    cell->announced = sim__announced_release(model, clocks);
    for (uint32_t i = 0; i < SIM__READS_MAX; i++) {
        cell->read_masks[i] &= (uint8_t)~mask;
    }
    if (mask == 0xff && cell->reads != NULL) {
        sim__clock_free(model, cell->reads);
        cell->reads = NULL;
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct sim__word *word = cell->words[i];
        uint8_t half = (uint8_t)(i == 0 ? 0x0f : 0xf0);
        if (word != NULL && ((word->size == 8 ? 0xff : half) & mask) != 0) {
            struct sim__store *store =
                sim__store_push(model, word, sim__word_load(bytes + (size_t)4 * i, word->size));
            store->slot = cell->write_slot;
            store->epoch = cell->write_epoch;
            store->is_announced = cell->is_announced;
            store->release = sim__announced_release(model, clocks);
            store->is_sequence = store->release != NULL;
        }
    }
}

static void
sim__payload_mark(struct myc_sim *world, enum myc_simcheck_op op, void *address, uint32_t size)
{
    bool is_write = op == MYC_SIMCHECK_PAYLOAD_WRITE;
    struct sim__memory_model *model = world->memory_model;
    struct sim__clocks *clocks = world->current->clocks;
    struct sim__place place = sim__place_of(world->current->process, address);
    uint64_t end = place.offset + size;
    unsigned char *bytes = (unsigned char *)address - place.offset % 8;
    struct sim__access access = {is_write ? "writes" : "reads", place, 0, is_write};
    uint64_t first = place.offset;
    for (uint64_t at = first / 8 * 8; at < end; at += 8, bytes += 8) {
        uint64_t skip = at < first ? first - at : 0;
        uint64_t left = end - at < 8 ? 8 - (end - at) : 0;
        access.mask = (uint8_t)((0xffU << skip) & (0xffU >> left));
        access.place.offset = at + skip;
        struct sim__cell *cell = sim__cell_at(model, (struct sim__place){place.segment, at});
        sim__race_with_write(world, cell, &access);
        sim__race_with_words(world, cell, &access);
        if (is_write) {
            sim__race_with_reads(world, cell, &access);
            sim__cell_write(model, clocks, cell, bytes, access.mask);
            continue;
        }
        if (sim__speculation_open(clocks) != NULL) {
            sim__cell_learn(model, clocks, cell, access.mask);
        }
        if (op == MYC_SIMCHECK_PAYLOAD_READ) {
            sim__cell_read(model, clocks, cell, access.mask);
        }
    }
}

// ---- Beginnings and ends ----

void sim__memory_start(struct myc_sim *world)
{
    static const uint64_t rates[] = {0, 2, 2, 4, 8, 32};
    if (world->options->memory == MYC_SIM_MEMORY_STRONG) {
        return;
    }
    struct sim__memory_model *model = sim__allocate(world, sizeof(*model));
    model->world = world;
    model->is_tso = world->options->memory == MYC_SIM_MEMORY_TSO;
    model->is_portable = world->options->memory == MYC_SIM_MEMORY_PORTABLE;
    model->stale_rate =
        rates[sim__choose_hidden(world, "profile.memory", sizeof(rates) / sizeof(rates[0]))];
    model->line_capacity = 256;
    model->lines = sim__allocate(world, model->line_capacity * sizeof(struct sim__line *));
    world->memory_model = model;
}

uint64_t sim__memory_stale_count(const struct myc_sim *world)
{
    return world->memory_model != NULL ? world->memory_model->stale_count : 0;
}

void sim__memory_thread_end(struct myc_sim *world, struct sim__thread *thread)
{
    struct sim__memory_model *model = world->memory_model;
    if (model == NULL) {
        return;
    }
    struct sim__slot *slot = &model->slots[thread->clocks->slot];
    sim__epoch_advance(thread->clocks);
    sim__knowledge_join(model, &model->kernel, &thread->clocks->known);
    sim__clock_join(model, &model->fences, &thread->clocks->known.visible);
    slot->is_used = false;
    slot->epoch = sim__epoch(thread->clocks);
    slot->freed_at = ++model->freed_count;
    sim__memory_forget(world, thread->fiber.stack, thread->fiber.stack_bytes);
}

void sim__memory_forget(struct myc_sim *world, const void *bytes, size_t size)
{
    if (world->memory_model != NULL && bytes != NULL) {
        sim__shadow_drop(world->memory_model, 0, (uint64_t)(uintptr_t)bytes, size);
    }
}

void sim__memory_forget_segment(struct myc_sim *world, uint64_t segment)
{
    if (world->memory_model != NULL) {
        sim__shadow_drop_segment(world->memory_model, segment);
    }
}

#endif

#endif

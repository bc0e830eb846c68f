// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Who waits for whom, when nothing goes on: each blocked thread, what it waits on, who could end
 * its wait, and the circles among them. Part of the implementation unit.
 *
 * Certain is only that a join waits for its thread. For a word the graph names who last stored to
 * it, which the simcheck build knows, else who last woke its sleepers: whoever holds a lock is one.
 * For a poller it names what it watches, and across a stream the process at the other end.
 */
#ifndef MYC_SIM_WAIT_GRAPH_H
#define MYC_SIM_WAIT_GRAPH_H

#include <mycelium/sim/internal.h>
#include <mycelium/sim/memory_model.h>
#include <mycelium/sim/network.h>
#include <mycelium/sim/poller.h>
#include <mycelium/sim/report.h>

#include <string.h>

enum { SIM__GRAPH_THREADS = 40, SIM__GRAPH_WATCHED = 12 };

void sim__wakes_note(struct myc_sim *world, const uint64_t key[2], uint32_t scope)
{
    if (world->current == NULL) {
        return; // an event, which waits for nothing itself
    }
    struct sim__word_wake *wake = &world->wakes[world->wake_count++ % SIM__WAKES_KEPT];
    wake->key[0] = key[0];
    wake->key[1] = key[1];
    wake->scope = scope;
    wake->thread = world->current;
    wake->time_ns = sim__now(world);
}

// ---- Who could end a wait ----

#ifdef MYC_SIMCHECK

/* The last one but the waiter itself that stored to the word it sleeps on; NULL: nobody known. */
static const struct sim__thread *
sim__graph_writer(const struct myc_sim *world, const struct sim__thread *waiter)
{
    struct sim__memory_model *model = world->memory_model;
    uint64_t offset = waiter->wait_key[1];
    uint64_t segment = waiter->wait_scope == MYC_WAIT_SHARED ? waiter->wait_key[0] : 0;
    if (model == NULL) {
        return NULL;
    }
    const struct sim__line *line = *sim__line_link(model, segment, offset / SIM__LINE_BYTES);
    if (line == NULL) {
        return NULL;
    }
    const struct sim__cell *cell = &line->cells[offset / 8 % SIM__LINE_CELLS];
    const struct sim__word *word = cell->words[offset % 8 / 4];
    for (uint32_t i = word != NULL ? word->count : 0; i > 0; i--) {
        const struct sim__store *store = &word->stores[(word->first + i - 1) % SIM__HISTORY];
        const struct sim__thread *thread = model->slots[store->slot].thread;
        if (store->epoch != 0 && thread != NULL && thread != waiter) {
            return thread;
        }
    }
    return NULL;
}

#else

static const struct sim__thread *
sim__graph_writer(const struct myc_sim *world, const struct sim__thread *waiter)
{
    (void)world;
    (void)waiter;
    return NULL;
}

#endif

static const struct sim__word_wake *
sim__graph_wake(const struct myc_sim *world, const struct sim__thread *waiter)
{
    uint64_t kept = world->wake_count < SIM__WAKES_KEPT ? world->wake_count : SIM__WAKES_KEPT;
    for (uint64_t i = 1; i <= kept; i++) {
        const struct sim__word_wake *wake =
            &world->wakes[(world->wake_count - i) % SIM__WAKES_KEPT];
        if (wake->scope == waiter->wait_scope && wake->key[0] == waiter->wait_key[0]
            && wake->key[1] == waiter->wait_key[1]) {
            return wake;
        }
    }
    return NULL;
}

static const struct sim__thread *
sim__graph_joined(const struct myc_sim *world, const struct sim__thread *waiter)
{
    const struct sim__thread *it = world->threads;
    while (it != NULL && &it->joiners != waiter->queue) {
        it = it->all_next;
    }
    return it;
}

static bool sim__graph_is_on_word(const struct myc_sim *world, const struct sim__thread *thread)
{
    return thread->queue == &world->sleepers;
}

/* The thread that could end the wait; NULL: unknown. */
static const struct sim__thread *
sim__graph_next(const struct myc_sim *world, const struct sim__thread *thread)
{
    if (thread->state != SIM__BLOCKED) {
        return NULL;
    }
    if (!sim__graph_is_on_word(world, thread)) {
        return sim__graph_joined(world, thread);
    }
    const struct sim__thread *writer = sim__graph_writer(world, thread);
    const struct sim__word_wake *wake = sim__graph_wake(world, thread);
    return writer != NULL ? writer : wake != NULL ? wake->thread : NULL;
}

// ---- One line a thread ----

static const char *sim__graph_state(const struct sim__thread *thread)
{
    static const char *const texts[] = {"can run", "runs", "blocked", "has ended", "paused"};
    return thread->process->was_killed ? "was killed" : texts[thread->state];
}

static void sim__graph_word(
    struct sim__text *text, const struct myc_sim *world, const struct sim__thread *thread)
{
    if (thread->wait_scope == MYC_WAIT_SHARED) {
        sim__text_add(
            text,
            "the word at segment %llu, offset %llu",
            (unsigned long long)thread->wait_key[0],
            (unsigned long long)thread->wait_key[1]);
    } else {
        // Its address differs from run to run; who else sleeps on it says as much.
        sim__text_add(text, "a word of its own process");
    }
    const struct sim__thread *writer = sim__graph_writer(world, thread);
    const struct sim__word_wake *wake = sim__graph_wake(world, thread);
    if (writer != NULL) {
        sim__text_add(text, ", last stored to by %s (%s)", writer->scope, sim__graph_state(writer));
    }
    if (wake != NULL) {
        sim__text_add(text, ", last woken by %s at ", wake->thread->scope);
        sim__text_time(text, wake->time_ns);
    } else {
        sim__text_add(text, ", not woken lately");
    }
}

static void sim__graph_poller(struct sim__text *text, const struct sim__thread *thread)
{
    const struct sim__poller *poller = MYC_CONTAINER_OF(thread->queue, struct sim__poller, waiters);
    sim__text_add(text, "a poller that watches");
    for (uint32_t i = 0; i < poller->count && i < SIM__GRAPH_WATCHED; i++) {
        const struct sim__registration *it = poller->registrations[i];
        sim__text_add(
            text,
            "%s handle %llu (%s",
            i == 0 ? "" : ",",
            (unsigned long long)it->handle,
            it->object->ops->kind);
        if (it->object->ops == &sim__stream_object_ops) {
            const struct sim__stream *stream =
                MYC_CONTAINER_OF(it->object, struct sim__stream, object);
            const struct sim__process *peer =
                stream->link != NULL ? stream->link->owners[1 - stream->side] : NULL;
            sim__text_add(text, "%s%s", peer != NULL ? " to " : "", peer != NULL ? peer->name : "");
        }
        sim__text_add(text, ")");
    }
    sim__text_add(text, poller->count == 0 ? " nothing" : "");
    sim__text_add(text, poller->count > SIM__GRAPH_WATCHED ? ", ..." : "");
}

static void sim__graph_thread(
    struct sim__text *text, const struct myc_sim *world, const struct sim__thread *thread)
{
    sim__text_add(text, "  %s waits for ", thread->scope);
    const struct sim__thread *joined = sim__graph_joined(world, thread);
    if (joined != NULL) {
        sim__text_add(text, "the end of %s (%s)", joined->scope, sim__graph_state(joined));
    } else if (sim__graph_is_on_word(world, thread)) {
        sim__graph_word(text, world, thread);
    } else if (strcmp(thread->waits_for, SIM__WAITS_POLLER) == 0) {
        sim__graph_poller(text, thread);
    } else {
        sim__text_add(text, "%s", thread->waits_for);
    }
    sim__text_add(text, thread->deadline.value != 0 ? "; with a deadline\n" : "\n");
}

// ---- Circles ----

/* Prints the circle that the thread lies on, if it is the one of it that was made first. */
static void sim__graph_circle(
    struct sim__text *text, const struct myc_sim *world, const struct sim__thread *start)
{
    const struct sim__thread *it = sim__graph_next(world, start);
    uint32_t length = 1;
    for (; it != NULL && it != start; it = sim__graph_next(world, it)) {
        if (it->id < start->id || ++length > world->thread_count) {
            return;
        }
    }
    if (it == NULL) {
        return;
    }
    sim__text_add(text, "  circle: %s", start->scope);
    it = start;
    do {
        it = sim__graph_next(world, it);
        sim__text_add(text, " -> %s", it->scope);
    } while (it != start);
    sim__text_add(text, "\n");
}

void sim__wait_graph(struct sim__text *text, const struct myc_sim *world)
{
    uint32_t shown = 0;
    sim__text_add(text, "wait graph:\n");
    for (const struct sim__thread *it = world->threads; it != NULL; it = it->all_next) {
        if (it->state == SIM__BLOCKED && shown++ < SIM__GRAPH_THREADS) {
            sim__graph_thread(text, world, it);
        }
    }
    sim__text_add(text, shown == 0 ? "  nobody waits\n" : "");
    for (const struct sim__thread *it = world->threads; it != NULL; it = it->all_next) {
        sim__graph_circle(text, world, it);
    }
}

#endif

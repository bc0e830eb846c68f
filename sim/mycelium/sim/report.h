// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a failed run says: verdict, command, threads, faults, log and events. Part of the
 * implementation unit.
 */
#ifndef MYC_SIM_REPORT_H
#define MYC_SIM_REPORT_H

#include <mycelium/sim/internal.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIM__REPORT_EVENTS = 24, SIM__REPORT_THREADS = 40 };

static const char *const sim__note_texts[] = {
#define SIM__NOTE_TEXT_(name, text) text,
    SIM__NOTE_LIST(SIM__NOTE_TEXT_)
#undef SIM__NOTE_TEXT_
};

/* Appends to a bounded text; what does not fit is left out. */
struct sim__text {
    char *bytes;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void
sim__text_add(struct sim__text *text, const char *format, ...)
{
    if (text->used + 1 >= text->size) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(text->bytes + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
    if (added > 0) {
        size_t room = text->size - text->used - 1;
        text->used += (size_t)added < room ? (size_t)added : room;
    }
}

static void sim__text_time(struct sim__text *text, uint64_t time_ns)
{
    sim__text_add(
        text,
        "%llu.%06llu ms",
        (unsigned long long)(time_ns / 1000000),
        (unsigned long long)(time_ns % 1000000));
}

static void sim__text_note(struct sim__text *text, const struct sim__note *note)
{
    sim__text_add(text, "[");
    sim__text_time(text, note->time_ns);
    sim__text_add(text, "] %-24s %s", note->scope, sim__note_texts[note->kind]);
    if (note->kind == SIM__NOTE_FAULT) {
        sim__text_add(text, " %s", sim__fault_text((enum myc_sim_fault)note->a));
    } else if (note->kind == SIM__NOTE_LOG) {
        sim__text_add(text, " %llu", (unsigned long long)note->a);
    } else if (note->a != 0 || note->b != 0) {
        sim__text_add(text, " %llu %llu", (unsigned long long)note->a, (unsigned long long)note->b);
    }
    sim__text_add(text, "\n");
}

void sim__report_note(const struct sim__note *note)
{
    char line[256];
    struct sim__text text = {line, sizeof(line), 0};
    sim__text_note(&text, note);
    (void)fputs(line, stderr);
}

void sim__keep_event(struct myc_sim *world, const struct sim__note *note)
{
    char line[SIM__LOG_LINE_BYTES + 256];
    struct sim__text text = {line, sizeof(line), 0};
    sim__text_note(&text, note);
    text.used--; // the newline
    if (note->kind == SIM__NOTE_LOG) {
        sim__text_add(&text, ": %s", world->log_tail[(world->log_count - 1) % SIM__LOG_TAIL]);
    }
    sim__text_add(&text, " #%016llx\n", (unsigned long long)world->hash);
    if (world->events_size + text.used + 1 > world->events_capacity) {
        world->events_capacity = world->events_capacity * 2 + 4096;
        world->events_text = sim__must(realloc(world->events_text, world->events_capacity));
    }
    memcpy(world->events_text + world->events_size, line, text.used + 1);
    world->events_size += text.used;
}

static void sim__report_threads(struct sim__text *text, const struct myc_sim *world)
{
    static const char *const states[] = {"ready", "running", "blocked", "dead", "paused"};
    unsigned shown = 0;
    sim__text_add(text, "threads:\n");
    for (const struct sim__thread *it = world->threads; it != NULL; it = it->all_next) {
        if (it->state == SIM__DEAD) {
            continue;
        }
        if (++shown > SIM__REPORT_THREADS) {
            sim__text_add(text, "  ...\n");
            break;
        }
        sim__text_add(text, "  %-24s %-8s", it->scope, states[it->state]);
        if (it->state == SIM__BLOCKED) {
            sim__text_add(text, " waits for %s", it->waits_for);
            sim__text_add(text, it->deadline.value != 0 ? " (with a deadline)" : "");
        }
        if (it->label != NULL) {
            sim__text_add(text, ", last at %s", it->label);
        }
        sim__text_add(text, "\n");
    }
}

static void sim__report_faults(struct sim__text *text, const struct myc_sim *world)
{
    static const char *const strategies[] = {
        "round robin", "random walk", "priorities", "every point", "priorities with few changes"};
    sim__text_add(
        text,
        "schedule: %s, about one preemption in %llu steps; %llu so far\n",
        strategies[world->profile.strategy],
        (unsigned long long)world->profile.preemption_rate,
        (unsigned long long)world->preemption_count);
    if (world->memory_model != NULL) {
        sim__text_add(
            text,
            "memory: weak; %llu loads took an older value\n",
            (unsigned long long)sim__memory_stale_count(world));
    }
    sim__text_add(text, "faults injected:");
    bool is_any = false;
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        if (world->faults[i].injected > 0) {
            is_any = true;
            sim__text_add(
                text,
                " %s %llu",
                sim__fault_text((enum myc_sim_fault)i),
                (unsigned long long)world->faults[i].injected);
        }
    }
    sim__text_add(text, is_any ? "\n" : " none\n");
}

void sim__report_failure(struct myc_sim *world)
{
    struct sim__text text = {world->report, MYC_SIM_REPORT_BYTES, 0};
    const struct sim__thread *current = world->current;
    sim__text_add(&text, "FAILED %s: %s\n", world->scenario->name, world->verdict);
    sim__text_add(&text, "  run again: %s\n", world->repro);
    sim__text_add(&text, "  at virtual time ");
    sim__text_time(&text, sim__now(world));
    sim__text_add(
        &text,
        ", step %llu, in %s\n",
        (unsigned long long)world->steps,
        current != NULL ? current->scope : "the world");
    if (world->is_quiescent) {
        sim__text_add(&text, "  nothing could happen any more: every thread waits for another\n");
    }
    sim__report_threads(&text, world);
    if (world->is_quiescent || strncmp(world->verdict, "live", 4) == 0) {
        sim__wait_graph(&text, world);
    }
    sim__report_faults(&text, world);
    uint64_t first = world->log_count > SIM__LOG_TAIL ? world->log_count - SIM__LOG_TAIL : 0;
    sim__text_add(&text, world->log_count > 0 ? "log:\n" : "");
    for (uint64_t i = first; i < world->log_count; i++) {
        sim__text_add(&text, "  %s\n", world->log_tail[i % SIM__LOG_TAIL]);
    }
    uint64_t notes = world->note_count;
    first = notes > SIM__REPORT_EVENTS ? notes - SIM__REPORT_EVENTS : 0;
    sim__text_add(&text, "last events:\n");
    for (uint64_t i = first; i < notes; i++) {
        sim__text_add(&text, "  ");
        sim__text_note(&text, &world->tail[i % SIM__EVENT_TAIL]);
    }
}

#endif

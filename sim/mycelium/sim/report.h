// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a failed run says: verdict, command, threads, faults, log and events. Part of the
 * implementation unit.
 */
#ifndef MYC_SIM_REPORT_H
#define MYC_SIM_REPORT_H

#include <mycelium/sim/internal.h>
#include <mycelium/sim/memory_names.h>
#include <mycelium/sim/text.h>
#include <mycelium/sim/told.h>
#include <mycelium/sim/words.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIM__REPORT_EVENTS = 24,
    SIM__REPORT_THREADS = 40,
    SIM__REPORT_COLUMNS = 5,
    SIM__REPORT_ROWS = 12, /* of a timeline, so that the whole report stays within 40 lines */
    SIM__REPORT_TOLD_THREADS = 6,
    SIM__REPORT_WIDTH = 100
};

static const char *const sim__note_texts[] = {
#define SIM__NOTE_TEXT_(name, text) text,
    SIM__NOTE_LIST(SIM__NOTE_TEXT_)
#undef SIM__NOTE_TEXT_
};

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
        if (++shown > (world->told != NULL ? SIM__REPORT_TOLD_THREADS : SIM__REPORT_THREADS)) {
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

static void sim__report_schedule(struct sim__text *text, const struct myc_sim *world)
{
    static const char *const strategies[] = {
        "round robin",
        "random walk",
        "priorities",
        "every point",
        "priorities with few changes",
        "starvation",
        "operations"};
    _Static_assert(
        sizeof(strategies) / sizeof(strategies[0]) == SIM__STRATEGY_COUNT, "one text a strategy");
    sim__text_add(
        text,
        "schedule: %s, about one preemption in %llu steps; %llu so far\n",
        strategies[world->profile.strategy],
        (unsigned long long)world->profile.preemption_rate,
        (unsigned long long)world->preemption_count);
}

static void sim__report_faults(struct sim__text *text, const struct myc_sim *world)
{
    if (world->memory_model != NULL) {
        sim__text_add(
            text,
            "memory: %s; %llu loads took an older value\n",
            sim__memory_name(world->options->memory),
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

// ---- A told failure: choices and timeline ----

static void
sim__report_told(void *context, const char *scope, const char *label, uint64_t nth, uint64_t value)
{
    struct myc_sim *world = context;
    struct sim__told *told = world->told;
    if (told->told_count++ < SIM__TOLD_MAX) {
        sim__text_add(&told->told, "  ");
        sim__words_say(world, &told->told, scope, label, nth, value);
        sim__text_add(&told->told, "\n");
    }
}

void sim__report_tell(struct myc_sim *world)
{
    world->told = sim__allocate(world, sizeof(*world->told));
    world->told->told = (struct sim__text){world->told->told_bytes, SIM__TOLD_BYTES, 0};
    world->choices.tell = sim__report_told;
}

static void sim__report_choices(struct sim__text *text, const struct sim__told *told)
{
    sim__text_add(
        text,
        "choices that are not boring: %llu\n%s",
        (unsigned long long)told->told_count,
        told->told_bytes);
    if (told->told_count > SIM__TOLD_MAX) {
        sim__text_add(
            text, "  ... and %llu more\n", (unsigned long long)(told->told_count - SIM__TOLD_MAX));
    }
}

/* What a row says, without time and thread. */
static void sim__report_row(struct sim__text *text, const struct sim__told_row *row)
{
    if (row->access.op != 0) {
        sim__told_say_op(&row->access, text);
        if (row->access.word != 0) {
            // Larger ones are addresses, which differ from run to run.
            bool is_number = row->access.value <= UINT32_MAX;
            sim__text_add(
                text, is_number ? " = %llu" : " = ...", (unsigned long long)row->access.value);
        }
    } else if (row->label != NULL) {
        sim__text_add(text, "%s", row->label);
    } else if (row->kind == SIM__NOTE_FAULT) {
        sim__text_add(text, "fault %s", sim__fault_text((enum myc_sim_fault)row->a));
    } else if (row->kind == SIM__NOTE_BLOCK) {
        sim__text_add(text, "waits");
    } else if (row->kind == SIM__NOTE_WAKE) {
        sim__text_add(text, "wakes thread %llu", (unsigned long long)row->a);
    } else {
        sim__text_add(text, "%s", sim__note_texts[row->kind]);
        if (row->a != 0 || row->b != 0) {
            sim__text_add(
                text, " %llu %llu", (unsigned long long)row->a, (unsigned long long)row->b);
        }
    }
}

/* The threads of the last rows, each of which gets a column. */
struct sim__columns {
    const struct sim__thread *threads[SIM__REPORT_COLUMNS];
    unsigned count;
    int width;
    uint64_t first;
    uint64_t end;
};

static unsigned sim__column_of(const struct sim__columns *columns, const struct sim__thread *thread)
{
    unsigned at = 0;
    while (at < columns->count && columns->threads[at] != thread) {
        at++;
    }
    return at;
}

/* As many of the last rows as lines and columns hold. */
static void sim__columns_choose(struct sim__columns *columns, const struct sim__told *told)
{
    columns->end = told->row_count;
    uint64_t at = columns->end;
    uint64_t most = at < SIM__REPORT_ROWS ? at : SIM__REPORT_ROWS;
    for (; most > 0; most--, at--) {
        const struct sim__thread *thread = told->rows[(at - 1) % SIM__TOLD_ROWS].thread;
        unsigned column = sim__column_of(columns, thread);
        if (column == SIM__REPORT_COLUMNS) {
            break;
        }
        columns->threads[column] = thread;
        columns->count += column == columns->count ? 1 : 0;
    }
    columns->first = at;
    columns->width = columns->count > 0 ? (SIM__REPORT_WIDTH - 16) / (int)columns->count : 0;
    columns->width = columns->width < 30 ? columns->width : 30;
}

static void sim__report_timeline(struct sim__text *text, const struct sim__told *told)
{
    struct sim__columns columns = {.count = 0};
    if (told->row_count == 0) {
        return;
    }
    sim__columns_choose(&columns, told);
    sim__text_add(text, "%-15s", "timeline (us)");
    for (unsigned i = 0; i < columns.count; i++) {
        const struct sim__thread *thread = columns.threads[i];
        const char *name = thread != NULL ? thread->scope : "world";
        size_t size = strlen(name);
        size_t room = (size_t)columns.width - 2;
        // The end of a name tells more than its beginning.
        sim__text_add(text, " %-*s", columns.width - 1, size > room ? name + size - room : name);
    }
    sim__text_add(text, "\n");
    for (uint64_t at = columns.first; at < columns.end; at++) {
        const struct sim__told_row *row = &told->rows[at % SIM__TOLD_ROWS];
        char bytes[160];
        struct sim__text line = {bytes, sizeof(bytes), 0};
        sim__report_row(&line, row);
        unsigned column = sim__column_of(&columns, row->thread);
        // What does not fit reaches into the columns to the right, which are empty.
        sim__text_add(
            text,
            "%11llu.%03u %*s%s\n",
            (unsigned long long)(row->time_ns / 1000),
            (unsigned)(row->time_ns % 1000),
            (int)column * columns.width,
            "",
            bytes);
    }
}

void sim__report_crash(struct myc_sim *world)
{
    struct sim__text text = {world->report, MYC_SIM_REPORT_BYTES, 0};
    sim__report_choices(&text, world->told);
    sim__report_timeline(&text, world->told);
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
    if (world->told != NULL) {
        sim__report_choices(&text, world->told);
        sim__report_timeline(&text, world->told);
        sim__report_threads(&text, world);
        sim__report_schedule(&text, world);
        return;
    }
    sim__report_threads(&text, world);
    if (world->is_quiescent || strncmp(world->verdict, "live", 4) == 0) {
        sim__wait_graph(&text, world);
    }
    sim__report_schedule(&text, world);
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

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Keeping the history of a run. Part of the implementation unit; see history.h.
 */
#ifndef MYC_SIM_HISTORY_RECORD_H
#define MYC_SIM_HISTORY_RECORD_H

#include <mycelium/sim/history.h>
#include <mycelium/sim/history_room.h>
#include <mycelium/sim/internal.h>
#include <mycelium/sim/report.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *sim__history_kind_text(enum sim__history_kind kind)
{
    static const char *const texts[] = {
#define SIM__HISTORY_TEXT_(name, text) text,
        SIM__HISTORY_LIST(SIM__HISTORY_TEXT_)
#undef SIM__HISTORY_TEXT_
    };
    return texts[kind];
}

const char *sim__arrow_text(enum sim__arrow_kind kind)
{
    static const char *const texts[] = {
#define SIM__ARROW_TEXT_(name, text) text,
        SIM__ARROW_LIST(SIM__ARROW_TEXT_)
#undef SIM__ARROW_TEXT_
    };
    return texts[kind];
}

/* Makes room for one more element of an array that doubles. */
static void *sim__history_grow(
    struct myc_sim_history *history, void *array, uint64_t count, uint64_t *capacity, size_t size)
{
    if (count < *capacity) {
        return array;
    }
    *capacity = *capacity == 0 ? 64 : *capacity * 2;
    return sim__room_resize(&history->room, array, (size_t)*capacity * size);
}

// ---- Events ----

static uint64_t
sim__history_add(struct myc_sim *world, enum sim__history_kind kind, const char *label)
{
    struct myc_sim_history *history = world->history;
    if (history->count == history->capacity && history->capacity < SIM__HISTORY_EVENTS_MAX) {
        history->events = sim__history_grow(
            history, history->events, history->count, &history->capacity, sizeof(*history->events));
    }
    uint64_t number = history->count++;
    struct sim__history_event *event = sim__history_at(history, number);
    if (number >= history->capacity) {
        sim__room_free(&history->room, event->text);
    }
    uint64_t now = sim__now(world);
    *event = (struct sim__history_event){
        .time_ns = now,
        .step = world->steps,
        .end_ns = now,
        .end_step = world->steps,
        .end_number = history->count,
        .thread = world->current != NULL ? world->current->id : 0,
        .count = 1,
        .kind = kind,
        .label = label,
    };
    return number;
}

/* Adds to what an event says; parts are separated by commas. */
__attribute__((format(printf, 3, 4))) static void
sim__history_say(struct myc_sim_history *history, uint64_t number, const char *format, ...)
{
    char more[512];
    if (number < sim__history_first(history)) {
        return;
    }
    struct sim__history_event *event = sim__history_at(history, number);
    size_t used = event->text != NULL ? strlen(event->text) : 0;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(more, sizeof(more), format, arguments);
    va_end(arguments);
    if (used + strlen(more) + 3 > SIM__LOG_LINE_BYTES * 4) {
        return; // a call that waits for long has said enough
    }
    event->text = sim__room_resize(&history->room, event->text, used + strlen(more) + 3);
    if (used > 0) {
        memcpy(event->text + used, ", ", 2);
        used += 2;
    }
    memcpy(event->text + used, more, strlen(more) + 1);
}

static void sim__history_arrow(
    struct myc_sim_history *history, uint64_t from, uint64_t to, enum sim__arrow_kind kind)
{
    history->arrows = sim__history_grow(
        history,
        history->arrows,
        history->arrow_count,
        &history->arrow_capacity,
        sizeof(*history->arrows));
    history->arrows[history->arrow_count++] =
        (struct sim__arrow){.from = from, .to = to, .kind = kind};
}

static void sim__history_level(struct myc_sim_history *history, uint64_t stream, uint64_t value)
{
    history->levels = sim__history_grow(
        history,
        history->levels,
        history->level_count,
        &history->level_capacity,
        sizeof(*history->levels));
    history->levels[history->level_count++] =
        (struct sim__history_level){.event = history->count - 1, .stream = stream, .value = value};
}

/* The event that what the kernel does now belongs to: the open call, else one of its own. */
static uint64_t
sim__history_place_of_note(struct myc_sim *world, enum sim__history_kind kind, const char *label)
{
    const struct sim__thread *thread = world->current;
    uint64_t open = thread != NULL ? world->history->threads[thread->id].open_call : 0;
    return open != 0 ? open - 1 : sim__history_add(world, kind, label);
}

static void sim__history_end_call(struct myc_sim *world, uint32_t thread)
{
    struct myc_sim_history *history = world->history;
    uint64_t open = history->threads[thread].open_call;
    history->threads[thread].open_call = 0;
    if (open != 0 && open - 1 >= sim__history_first(history)) {
        struct sim__history_event *event = sim__history_at(history, open - 1);
        event->end_ns = sim__now(world);
        event->end_step = world->steps;
        event->end_number = history->count;
    }
}

// ---- Threads and processes ----

static void sim__history_add_process(struct myc_sim *world, const struct sim__process *process)
{
    struct myc_sim_history *history = world->history;
    unsigned same = 1;
    for (const struct sim__process *it = world->processes; it != process; it = it->next) {
        same += strcmp(it->name, process->name) == 0 ? 1 : 0;
    }
    size_t size = (history->process_count + 1) * sizeof(*history->processes);
    history->processes = sim__room_resize(&history->room, history->processes, size);
    struct sim__history_process *mine = &history->processes[history->process_count++];
    memset(mine, 0, sizeof(*mine));
    mine->id = process->id;
    if (same > 1) {
        (void)snprintf(mine->name, sizeof(mine->name), "%s (start %u)", process->name, same);
    } else {
        (void)snprintf(mine->name, sizeof(mine->name), "%s", process->name);
    }
    memcpy(mine->host, process->host->name, sizeof(mine->host));
}

static void sim__history_add_thread(struct myc_sim *world, const struct sim__thread *thread)
{
    struct myc_sim_history *history = world->history;
    uint32_t at = 0;
    while (at < history->process_count && history->processes[at].id != thread->process->id) {
        at++;
    }
    if (at == history->process_count) {
        sim__history_add_process(world, thread->process);
    }
    size_t size = (thread->id + 1) * sizeof(*history->threads);
    history->threads = sim__room_resize(&history->room, history->threads, size);
    history->thread_count = thread->id + 1;
    struct sim__history_thread *mine = &history->threads[thread->id];
    *mine = (struct sim__history_thread){.process = at, .number = thread->number};
    memcpy(mine->scope, thread->scope, sizeof(mine->scope));
}

// ---- Notes ----

static void sim__history_note_run(struct myc_sim *world, const struct sim__note *note)
{
    struct myc_sim_history *history = world->history;
    uint64_t number = sim__history_add(world, SIM__HISTORY_RUN, "runs");
    struct sim__history_thread *thread = &history->threads[world->current->id];
    bool is_preemption = world->preemption_count != history->preemption_count;
    history->preemption_count = world->preemption_count;
    if (note->a != 0) {
        const char *how = is_preemption ? "preempts" : "after";
        sim__history_say(history, number, "%s %s", how, history->threads[note->a].scope);
    }
    if (thread->cause != 0) {
        sim__history_arrow(history, thread->cause - 1, number, SIM__ARROW_WAKE);
        thread->cause = 0;
    }
    sim__history_level(history, 0, world->ready_count + 1);
}

static void sim__history_note_block(struct myc_sim *world, const struct sim__note *note)
{
    uint64_t number = sim__history_add(world, SIM__HISTORY_BLOCK, "waits");
    const char *what = world->current->waits_for;
    if (note->b == MYC_NEVER) {
        sim__history_say(world->history, number, "for %s", what);
    } else {
        uint64_t now = sim__now(world);
        sim__history_say(
            world->history,
            number,
            "for %s, at most %" PRIu64 " ns",
            what,
            note->b > now ? note->b - now : 0);
    }
}

static void sim__history_note_wake(struct myc_sim *world, const struct sim__note *note)
{
    struct myc_sim_history *history = world->history;
    bool is_late = note->b == SIM__TIMED_OUT;
    uint64_t number = sim__history_place_of_note(world, SIM__HISTORY_WAKE, "wakes");
    const struct sim__history_event *event = sim__history_at(history, number);
    const char *scope = history->threads[note->a].scope;
    if (event->kind == SIM__HISTORY_WAKE) {
        sim__history_say(history, number, "%s%s", scope, is_late ? ": its deadline passed" : "");
    } else {
        sim__history_say(history, number, "wakes %s", scope);
    }
    history->threads[note->a].cause = number + 1;
}

static void sim__history_note_kill(struct myc_sim *world, const struct sim__note *note)
{
    struct myc_sim_history *history = world->history;
    const char *by = world->current != NULL ? world->current->scope : "the world";
    uint64_t number = sim__history_add(world, SIM__HISTORY_KILL, "killed");
    for (const struct sim__thread *it = world->threads; it != NULL; it = it->all_next) {
        if (it->process->id == note->a && it->number == 1) {
            sim__history_at(history, number)->thread = it->id;
        }
        if (it->process->id == note->a) {
            sim__history_end_call(world, it->id);
        }
    }
    const struct sim__process *killed = sim__process_find(world, (uint32_t)note->a);
    sim__history_say(history, number, "%s dies, in %s", killed->name, by);
}

static void sim__history_note_life(struct myc_sim *world, const struct sim__note *note)
{
    struct myc_sim_history *history = world->history;
    uint64_t number = sim__history_add(world, SIM__HISTORY_LIFE, sim__note_texts[note->kind]);
    const struct sim__process *process = sim__process_find(world, (uint32_t)note->a);
    if (note->kind == SIM__NOTE_START) {
        sim__history_say(
            history,
            number,
            "process %s on %s, pid %" PRIu64,
            process->name,
            process->host->name,
            note->b);
    } else if (note->kind == SIM__NOTE_THREAD) {
        // The newest thread comes first.
        sim__history_add_thread(world, world->threads);
        sim__history_say(history, number, "%s", world->threads->scope);
        history->threads[world->threads->id].cause = number + 1;
    } else if (note->b == 0) {
        sim__history_say(history, number, "process %s", process->name);
    } else {
        sim__history_say(history, number, "thread %" PRIu64 " of %s", note->b, process->name);
    }
}

static void sim__history_note_log(struct myc_sim *world)
{
    const char *line = world->log_tail[(world->log_count - 1) % SIM__LOG_TAIL];
    const char *end_of_time = strstr(line, "] ");
    uint64_t number = sim__history_add(world, SIM__HISTORY_LOG, "log");
    sim__history_say(world->history, number, "%s", end_of_time != NULL ? end_of_time + 2 : line);
}

/* What the numbers of a note are: words before each; NULL leaves it out. */
static const char *const *sim__history_words(enum sim__note_kind kind)
{
    static const char *const words[SIM__NOTE_COUNT][2] = {
        [SIM__NOTE_ENTROPY] = {"bytes: ", NULL},
        [SIM__NOTE_LISTEN] = {"listener ", "port "},
        [SIM__NOTE_ACCEPT] = {"listener ", "stream "},
        [SIM__NOTE_CONNECT] = {"stream ", NULL},
        [SIM__NOTE_READ] = {"stream ", "bytes: "},
        [SIM__NOTE_WRITE] = {"stream ", "bytes: "},
        [SIM__NOTE_SHUTDOWN] = {"stream ", NULL},
        [SIM__NOTE_CLOSE] = {"object ", "handle "},
        [SIM__NOTE_DELIVER] = {"bytes: ", NULL},
        [SIM__NOTE_POLL] = {"poller ", "events: "},
        [SIM__NOTE_RING] = {"doorbell ", "rings: "},
        [SIM__NOTE_SHM] = {"segment ", "bytes: "},
        [SIM__NOTE_MAP] = {"segment ", "bytes: "},
        [SIM__NOTE_FILE] = {"object ", NULL},
        [SIM__NOTE_SPAWN] = {NULL, "process "},
        [SIM__NOTE_SIGNAL] = {"process ", "signal "},
        [SIM__NOTE_WATCH] = {"watch ", "process "},
    };
    return words[kind];
}

static void sim__history_note_other(struct myc_sim *world, const struct sim__note *note)
{
    struct myc_sim_history *history = world->history;
    const char *label = sim__note_texts[note->kind];
    uint64_t number = sim__history_place_of_note(world, SIM__HISTORY_KERNEL, label);
    const char *const *words = sim__history_words(note->kind);
    if (note->kind == SIM__NOTE_EVENT) {
        return;
    }
    if (note->kind == SIM__NOTE_RESET) {
        const char *status = myc_status_name((enum myc_status)note->b);
        sim__history_say(history, number, "stream %" PRIu64 " breaks: %s", note->a, status);
        return;
    }
    if (words[0] == NULL && words[1] == NULL) {
        sim__history_say(history, number, "%s %" PRIu64 " %" PRIu64, label, note->a, note->b);
        return;
    }
    if (words[0] != NULL) {
        sim__history_say(history, number, "%s%" PRIu64, words[0], note->a);
    }
    if (words[1] != NULL) {
        sim__history_say(history, number, "%s%" PRIu64, words[1], note->b);
    }
}

void sim__history_note(struct myc_sim *world, const struct sim__note *note)
{
    if (note->kind == SIM__NOTE_RUN) {
        sim__history_note_run(world, note);
    } else if (note->kind == SIM__NOTE_BLOCK) {
        sim__history_note_block(world, note);
    } else if (note->kind == SIM__NOTE_WAKE) {
        sim__history_note_wake(world, note);
    } else if (note->kind == SIM__NOTE_KILL) {
        sim__history_note_kill(world, note);
    } else if (
        note->kind == SIM__NOTE_START || note->kind == SIM__NOTE_THREAD
        || note->kind == SIM__NOTE_EXIT) {
        sim__history_note_life(world, note);
    } else if (note->kind == SIM__NOTE_FAULT) {
        (void)sim__history_add(
            world, SIM__HISTORY_FAULT, sim__fault_text((enum myc_sim_fault)note->a));
    } else if (note->kind == SIM__NOTE_LOG) {
        sim__history_note_log(world);
    } else {
        sim__history_note_other(world, note);
    }
}

void sim__note_watched(struct myc_sim *world, const struct sim__note *note)
{
    const struct myc_sim_options *options = world->options;
    if (world->note_count - 1 - options->events_first < options->events_count) {
        sim__keep_event(world, note);
    }
    if (options->is_verbose) {
        sim__report_note(note);
    }
    if (world->history != NULL) {
        sim__history_note(world, note);
    }
}

// ---- Draws, oracles, verdicts ----

void sim__history_draw(
    struct myc_sim *world, const char *scope, const char *label, uint64_t nth, uint64_t value)
{
    struct myc_sim_history *history = world->history;
    uint64_t number = sim__history_add(world, SIM__HISTORY_CHOICE, label);
    sim__history_say(history, number, "%" PRIu64, value);
    history->choices = sim__history_grow(
        history,
        history->choices,
        history->choice_count,
        &history->choice_capacity,
        sizeof(*history->choices));
    struct sim__history_choice *choice = &history->choices[history->choice_count++];
    *choice =
        (struct sim__history_choice){.event = number, .nth = nth, .value = value, .label = label};
    (void)snprintf(choice->scope, sizeof(choice->scope), "%s", scope);
}

void sim__history_check(struct myc_sim *world, const char *text)
{
    uint64_t number = sim__history_add(world, SIM__HISTORY_CHECK, "holds");
    sim__history_say(world->history, number, "%s", text);
}

static void sim__history_waiting(struct myc_sim *world)
{
    struct myc_sim_history *history = world->history;
    struct sim__text text = {history->waiting, sizeof(history->waiting), 0};
    sim__report_threads(&text, world);
    if (world->is_failed) {
        sim__wait_graph(&text, world);
    }
}

void sim__history_fail(struct myc_sim *world)
{
    struct myc_sim_history *history = world->history;
    uint64_t number = sim__history_add(world, SIM__HISTORY_FAILURE, "FAILED");
    sim__history_say(history, number, "%s", world->verdict);
    (void)snprintf(history->verdict, sizeof(history->verdict), "%s", world->verdict);
    history->failure = number + 1;
    sim__history_waiting(world);
}

/* Called by a process that has just crashed: nothing here relies on its heap, and what cannot be
 * told any more is missing. The verdict comes first. */
void sim__history_crash(struct myc_sim *world, const char *verdict)
{
    struct myc_sim_history *history = world->history;
    if (history->is_finished || history->room.bytes == NULL || history->verdict[0] != '\0') {
        return;
    }
    world->is_failed = true;
    (void)snprintf(history->verdict, sizeof(history->verdict), "%s", verdict);
    history->figures.step_count = world->steps;
    history->figures.virtual_ns = sim__now(world);
    history->figures.preemption_count = world->preemption_count;
    history->figures.check_count = world->check_count;
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        history->figures.fault_offered[i] = world->faults[i].offered;
        history->figures.fault_injected[i] = world->faults[i].injected;
        history->figures.fault_effect[i] = world->faults[i].effect;
    }
    (void)snprintf(world->verdict, sizeof(world->verdict), "%s", verdict);
    sim__history_fail(world);
}

// ---- Messages ----

/* What was written at or behind `begin` is not there any more: the pipe is new, or lost it. */
static void sim__history_forget(struct myc_sim_history *history, const void *pipe, uint64_t begin)
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < history->sent_count; i++) {
        struct sim__history_sent sent = history->sent[i];
        if (sent.pipe == pipe && sent.end > begin) {
            sent.end = begin;
        }
        if (sent.pipe != pipe || sent.begin < sent.end) {
            history->sent[kept++] = sent;
        }
    }
    history->sent_count = kept;
}

void sim__history_bytes(
    struct myc_sim *world,
    const void *pipe,
    uint64_t stream,
    uint64_t begin,
    uint64_t end,
    uint64_t held,
    bool is_write)
{
    struct myc_sim_history *history = world->history;
    const struct sim__thread *thread = world->current;
    uint64_t open = thread != NULL ? history->threads[thread->id].open_call : 0;
    uint64_t number = open != 0 ? open - 1 : history->count - 1;
    sim__history_level(history, stream, held);
    if (is_write) {
        sim__history_forget(history, pipe, begin);
        history->sent = sim__history_grow(
            history,
            history->sent,
            history->sent_count,
            &history->sent_capacity,
            sizeof(*history->sent));
        history->sent[history->sent_count++] = (struct sim__history_sent){pipe, begin, end, number};
        return;
    }
    uint64_t kept = 0;
    for (uint64_t i = 0; i < history->sent_count; i++) {
        struct sim__history_sent sent = history->sent[i];
        if (sent.pipe == pipe && sent.begin < end) {
            sim__history_arrow(history, sent.event, number, SIM__ARROW_BYTES);
            sent.begin = end < sent.end ? end : sent.end;
        }
        if (sent.pipe != pipe || sent.begin < sent.end) {
            history->sent[kept++] = sent;
        }
    }
    history->sent_count = kept;
}

void myc_sim_message_sent(struct myc_sim *sim, const char *what, uint64_t id)
{
    struct myc_sim_history *history = sim->history;
    if (history == NULL) {
        return;
    }
    uint64_t number = sim__history_add(sim, SIM__HISTORY_MESSAGE, "sends");
    sim__history_say(history, number, "%s %" PRIu64, what, id);
    history->messages = sim__history_grow(
        history,
        history->messages,
        history->message_count,
        &history->message_capacity,
        sizeof(*history->messages));
    history->messages[history->message_count++] = (struct sim__history_message){what, id, number};
}

void myc_sim_message_received(struct myc_sim *sim, const char *what, uint64_t id)
{
    struct myc_sim_history *history = sim->history;
    if (history == NULL) {
        return;
    }
    uint64_t number = sim__history_add(sim, SIM__HISTORY_MESSAGE, "receives");
    sim__history_say(history, number, "%s %" PRIu64, what, id);
    for (uint64_t i = history->message_count; i > 0; i--) {
        const struct sim__history_message *message = &history->messages[i - 1];
        if (message->id == id && strcmp(message->what, what) == 0) {
            sim__history_arrow(history, message->event, number, SIM__ARROW_MESSAGE);
            return;
        }
    }
}

// ---- The whole ----

struct myc_sim_history *myc_sim_history_create(void)
{
    return sim__must(calloc(1, sizeof(struct myc_sim_history)));
}

void myc_sim_history_destroy(struct myc_sim_history *history)
{
    if (history == NULL) {
        return;
    }
    if (history->room.bytes != NULL) {
        (void)munmap(history->room.bytes, (size_t)history->room.size);
        return;
    }
    for (uint64_t i = sim__history_first(history); i < history->count; i++) {
        free(sim__history_at(history, i)->text);
    }
    free(history->events);
    free(history->arrows);
    free(history->levels);
    free(history->threads);
    free(history->processes);
    free(history->sent);
    free(history->messages);
    free(history->claims);
    free(history->places);
    free(history->choices);
    free(history->calls);
    free(history);
}

void sim__history_finish(struct myc_sim *world, const struct myc_sim_result *result)
{
    struct myc_sim_history *history = world->history;
    (void)snprintf(history->verdict, sizeof(history->verdict), "%s", world->verdict);
    if (history->failure == 0 && world->is_failed) {
        sim__history_fail(world); // only at its end was it seen to differ from its tape
    } else if (history->failure == 0) {
        sim__history_waiting(world);
    }
    history->figures = *result;
    history->figures.tape_text = NULL;
    history->figures.checkpoints = NULL;
    for (uint32_t i = 0; i < history->thread_count; i++) {
        history->threads[i].cause = 0;
        sim__history_end_call(world, i);
    }
    history->is_finished = true;
}

#endif

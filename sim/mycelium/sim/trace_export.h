// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A history as a trace in Chrome's JSON form, which ui.perfetto.dev opens. Part of the
 * implementation unit.
 *
 * A process of the trace is a simulated process, a thread one of its threads. Process 0 is the
 * world: what no thread did, and who had the processor. Calls are slices; whatever an arrow begins
 * or ends at is a slice as well, since viewers hang arrows on slices.
 */
#ifndef MYC_SIM_TRACE_EXPORT_H
#define MYC_SIM_TRACE_EXPORT_H

#include <mycelium/sim/history.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- JSON ----

/* The length of the UTF-8 character that begins here; 0 if none does. */
static size_t sim__utf8_size(const unsigned char *at)
{
    size_t size = at[0] < 0x80                    ? 1
                  : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                  : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
                  : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                  : 0;
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool is_long = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool is_half = at[0] == 0xed && at[1] >= 0xa0;
    bool is_beyond = at[0] == 0xf4 && at[1] >= 0x90;
    return is_long || is_half || is_beyond ? 0 : size;
}

/* Text as the inside of a JSON string, harmless within HTML as well. */
static void sim__json_text(FILE *file, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        size_t size = sim__utf8_size(at);
        if (size == 0) {
            (void)fputs("\\ufffd", file);
            size = 1;
        } else if (size > 1) {
            (void)fwrite(at, 1, size, file);
        } else if (*at == '"' || *at == '\\') {
            (void)fprintf(file, "\\%c", *at);
        } else if (*at < 0x20 || *at == '<' || *at == '>' || *at == '&' || *at == 0x7f) {
            (void)fprintf(file, "\\u%04x", *at);
        } else {
            (void)fputc(*at, file);
        }
        at += size;
    }
}

// ---- Times ----

/* Where events lie on the trace's time line. */
struct sim__trace {
    FILE *file;
    const struct myc_sim_history *history;
    enum myc_sim_trace_clock clock;
    uint64_t *starts; /* thousandths, of events from the first that is left */
    uint64_t first;
    uint64_t flow_count;
};

/* Events of one step follow each other within it. */
static void sim__trace_place_steps(struct sim__trace *trace)
{
    const struct myc_sim_history *history = trace->history;
    for (uint64_t i = trace->first; i < history->count;) {
        uint64_t end = i;
        uint64_t step = sim__history_at(history, i)->step;
        while (end < history->count && sim__history_at(history, end)->step == step) {
            end++;
        }
        for (uint64_t k = i; k < end; k++) {
            trace->starts[k - trace->first] = step * 1000 + (k - i) * 1000 / (end - i);
        }
        i = end;
    }
}

static void sim__trace_place(struct sim__trace *trace)
{
    const struct myc_sim_history *history = trace->history;
    if (trace->clock == MYC_SIM_TRACE_STEPS) {
        sim__trace_place_steps(trace);
        return;
    }
    for (uint64_t i = trace->first; i < history->count; i++) {
        trace->starts[i - trace->first] = sim__history_at(history, i)->time_ns;
    }
}

static uint64_t sim__trace_start(const struct sim__trace *trace, uint64_t number)
{
    return trace->starts[number - trace->first];
}

/* A call ends where the event after its last one begins, at the latest. */
static uint64_t sim__trace_end(const struct sim__trace *trace, uint64_t number)
{
    const struct sim__history_event *event = sim__history_at(trace->history, number);
    if (trace->clock == MYC_SIM_TRACE_TIME) {
        return event->end_ns;
    }
    uint64_t start = sim__trace_start(trace, number);
    uint64_t end = event->end_step * 1000;
    if (event->end_number < trace->history->count) {
        end = sim__trace_start(trace, event->end_number);
    } else if (event->end_number > number + 1) {
        end = sim__trace_start(trace, event->end_number - 1);
    }
    return end > start ? end : start;
}

// ---- Lines ----

/* Process and thread of an event, as they are numbered in the trace. */
static void sim__trace_track(
    const struct sim__trace *trace, uint32_t thread, uint32_t *out_pid, uint32_t *out_tid)
{
    const struct myc_sim_history *history = trace->history;
    *out_pid = 0;
    *out_tid = 1;
    if (thread != 0) {
        *out_pid = history->processes[history->threads[thread].process].id;
        *out_tid = history->threads[thread].number;
    }
}

static void sim__trace_name(
    const struct sim__trace *trace, const char *kind, uint32_t pid, uint32_t tid, const char *name)
{
    (void)fprintf(
        trace->file,
        ",\n{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32
        ",\"args\":{\"name\":\"",
        kind,
        pid,
        tid);
    sim__json_text(trace->file, name);
    (void)fputs("\"}}", trace->file);
}

static void sim__trace_names(const struct sim__trace *trace)
{
    const struct myc_sim_history *history = trace->history;
    sim__trace_name(trace, "process_name", 0, 0, "world");
    sim__trace_name(trace, "thread_name", 0, 1, "events");
    sim__trace_name(trace, "thread_name", 0, 2, "processor");
    for (uint32_t i = 0; i < history->process_count; i++) {
        const struct sim__history_process *process = &history->processes[i];
        char name[128];
        (void)snprintf(name, sizeof(name), "%s on %s", process->name, process->host);
        sim__trace_name(trace, "process_name", process->id, 0, name);
    }
    for (uint32_t i = 1; i < history->thread_count; i++) {
        uint32_t pid = 0;
        uint32_t tid = 0;
        sim__trace_track(trace, i, &pid, &tid);
        const char *slash = strrchr(history->threads[i].scope, '/');
        sim__trace_name(
            trace, "thread_name", pid, tid, slash != NULL ? slash + 1 : history->threads[i].scope);
    }
}

static void sim__trace_begin_line(
    const struct sim__trace *trace, const char *phase, uint32_t pid, uint32_t tid, uint64_t at)
{
    (void)fprintf(
        trace->file,
        ",\n{\"ph\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32 ",\"ts\":%" PRIu64 ".%03" PRIu64,
        phase,
        pid,
        tid,
        at / 1000,
        at % 1000);
}

/* A call, an instant, or a slice without length where an arrow may hang. */
static void sim__trace_event(const struct sim__trace *trace, uint64_t number)
{
    const struct sim__history_event *event = sim__history_at(trace->history, number);
    bool is_slice = sim__history_is_call(event) || event->kind == SIM__HISTORY_ATOMIC
                    || event->kind == SIM__HISTORY_PAYLOAD || event->kind == SIM__HISTORY_MESSAGE
                    || event->kind == SIM__HISTORY_RUN || event->kind == SIM__HISTORY_WAKE
                    || event->kind == SIM__HISTORY_LIFE || event->kind == SIM__HISTORY_KERNEL;
    uint32_t pid = 0;
    uint32_t tid = 0;
    sim__trace_track(trace, event->thread, &pid, &tid);
    uint64_t start = sim__trace_start(trace, number);
    sim__trace_begin_line(trace, is_slice ? "X" : "i", pid, tid, start);
    if (is_slice) {
        uint64_t size = sim__history_is_call(event) ? sim__trace_end(trace, number) - start : 0;
        (void)fprintf(trace->file, ",\"dur\":%" PRIu64 ".%03" PRIu64, size / 1000, size % 1000);
    } else {
        bool is_failure = event->kind == SIM__HISTORY_FAILURE;
        (void)fprintf(trace->file, ",\"s\":\"%s\"", is_failure ? "g" : "t");
        (void)fputs(is_failure ? ",\"cname\":\"terrible\"" : "", trace->file);
    }
    (void)fprintf(trace->file, ",\"cat\":\"%s\",\"name\":\"", sim__history_kind_text(event->kind));
    (void)fputs(event->kind == SIM__HISTORY_FAULT ? "FAULT " : "", trace->file);
    sim__json_text(trace->file, event->label);
    if (event->kind == SIM__HISTORY_FAILURE || event->kind == SIM__HISTORY_LOG) {
        (void)fputs(": ", trace->file);
        sim__json_text(trace->file, event->text != NULL ? event->text : "");
    }
    (void)fprintf(
        trace->file,
        "\",\"args\":{\"event\":%" PRIu64 ",\"step\":%" PRIu64 ",\"virtual_ns\":%" PRIu64,
        number,
        event->step,
        event->time_ns);
    if (event->text != NULL) {
        (void)fputs(",\"what\":\"", trace->file);
        sim__json_text(trace->file, event->text);
        (void)fputs("\"", trace->file);
    }
    if (event->count > 1) {
        (void)fprintf(trace->file, ",\"times\":%" PRIu32, event->count);
    }
    (void)fputs(event->is_open ? ",\"returned\":false}}" : "}}", trace->file);
}

/* Who had the processor: from each run to the next one. */
static void sim__trace_processor(const struct sim__trace *trace)
{
    const struct myc_sim_history *history = trace->history;
    uint64_t running = UINT64_MAX;
    for (uint64_t i = trace->first; i <= history->count; i++) {
        bool is_end = i == history->count;
        if (!is_end && sim__history_at(history, i)->kind != SIM__HISTORY_RUN) {
            continue;
        }
        if (running != UINT64_MAX) {
            uint64_t start = sim__trace_start(trace, running);
            uint64_t end = sim__trace_start(trace, is_end ? i - 1 : i);
            const struct sim__history_event *event = sim__history_at(history, running);
            sim__trace_begin_line(trace, "X", 0, 2, start);
            (void)fprintf(
                trace->file,
                ",\"dur\":%" PRIu64 ".%03" PRIu64 ",\"cat\":\"run\",\"name\":\"",
                (end - start) / 1000,
                (end - start) % 1000);
            sim__json_text(trace->file, history->threads[event->thread].scope);
            (void)fputs("\"}", trace->file);
        }
        running = i;
    }
}

/* One arrow from slice to slice; both ends are there or none. */
static void sim__trace_arrow(struct sim__trace *trace, const struct sim__arrow *arrow)
{
    static const char *const phases[] = {"s", "f"};
    const uint64_t numbers[] = {arrow->from, arrow->to};
    if (arrow->from < trace->first || arrow->to < trace->first) {
        return;
    }
    trace->flow_count++;
    for (int i = 0; i < 2; i++) {
        uint32_t pid = 0;
        uint32_t tid = 0;
        const struct sim__history_event *event = sim__history_at(trace->history, numbers[i]);
        sim__trace_track(trace, event->thread, &pid, &tid);
        // A call that waits for a message gets it when it ends, and sends one when it begins.
        uint64_t at = sim__trace_start(trace, numbers[i]);
        if (i == 1 && sim__history_is_call(event)) {
            at = sim__trace_end(trace, numbers[i]);
        }
        sim__trace_begin_line(trace, phases[i], pid, tid, at);
        (void)fprintf(
            trace->file,
            "%s,\"id\":%" PRIu64 ",\"cat\":\"%s\",\"name\":\"%s\"}",
            i == 1 ? ",\"bp\":\"e\"" : "",
            trace->flow_count,
            sim__arrow_text(arrow->kind),
            sim__arrow_text(arrow->kind));
    }
}

static void sim__trace_level(const struct sim__trace *trace, const struct sim__history_level *level)
{
    if (level->event < trace->first) {
        return;
    }
    sim__trace_begin_line(trace, "C", 0, 0, sim__trace_start(trace, level->event));
    if (level->stream == 0) {
        (void)fprintf(
            trace->file,
            ",\"name\":\"threads that can run\",\"args\":{\"threads\":%" PRIu64 "}}",
            level->value);
    } else {
        (void)fprintf(
            trace->file,
            ",\"name\":\"bytes in stream %" PRIu64 "\",\"args\":{\"bytes\":%" PRIu64 "}}",
            level->stream,
            level->value);
    }
}

bool myc_sim_history_write_trace(
    const struct myc_sim_history *history, const char *path, enum myc_sim_trace_clock clock)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return false;
    }
    struct sim__trace trace = {
        .file = file, .history = history, .clock = clock, .first = sim__history_first(history)};
    trace.starts = sim__must(calloc((size_t)(history->count - trace.first) + 1, sizeof(uint64_t)));
    sim__trace_place(&trace);
    // The first line has no comma before it; the world is shown above the processes.
    (void)fputs(
        "[\n{\"ph\":\"M\",\"name\":\"process_sort_index\",\"pid\":0,\"tid\":0,"
        "\"args\":{\"sort_index\":-1}}",
        file);
    sim__trace_names(&trace);
    for (uint64_t i = trace.first; i < history->count; i++) {
        sim__trace_event(&trace, i);
    }
    sim__trace_processor(&trace);
    for (uint64_t i = 0; i < history->arrow_count; i++) {
        sim__trace_arrow(&trace, &history->arrows[i]);
    }
    for (uint64_t i = 0; i < history->level_count; i++) {
        sim__trace_level(&trace, &history->levels[i]);
    }
    (void)fputs("\n]\n", file);
    free(trace.starts);
    bool is_written = ferror(file) == 0;
    return fclose(file) == 0 && is_written;
}

#endif

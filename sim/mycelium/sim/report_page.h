// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A history as one page for a browser: the verdict, how to run it again, and the time line. Part of
 * the implementation unit.
 *
 * The page holds everything it needs. What happened lies in it as JSON, and its script draws only
 * the rows in view, so that long runs can be looked through as well. Without scripts it still says
 * what the run said.
 */
#ifndef MYC_SIM_REPORT_PAGE_H
#define MYC_SIM_REPORT_PAGE_H

#include <mycelium/sim/history.h>
#include <mycelium/sim/internal.h>
#include <mycelium/sim/report_page_script.h>
#include <mycelium/sim/report_page_style.h>
#include <mycelium/sim/runner_shrink.h>
#include <mycelium/sim/trace_export.h>
#include <mycelium/sim/words.h>

#include <inttypes.h>
#include <stdio.h>

enum { SIM__PAGE_EVENTS_MAX = 100000, SIM__PAGE_CHOICES_MAX = 2000 };

/* Text between tags, or in a quoted attribute. */
static void sim__html_text(FILE *file, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        size_t size = sim__utf8_size(at);
        const char *name = *at == '<'   ? "&lt;"
                           : *at == '>' ? "&gt;"
                           : *at == '&' ? "&amp;"
                           : *at == '"' ? "&quot;"
                                        : NULL;
        bool is_control = *at < 0x20 && *at != '\n' && *at != '\t';
        if (size == 0 || is_control || *at == 0x7f) {
            (void)fputs("&#xfffd;", file);
            size = 1;
        } else if (name != NULL) {
            (void)fputs(name, file);
        } else {
            (void)fwrite(at, 1, size, file);
        }
        at += size;
    }
}

// ---- The data ----

static uint64_t sim__page_first(const struct myc_sim_history *history)
{
    uint64_t first = sim__history_first(history);
    uint64_t shown = history->count - first;
    return shown > SIM__PAGE_EVENTS_MAX ? history->count - SIM__PAGE_EVENTS_MAX : first;
}

static void sim__page_tracks(FILE *file, const struct myc_sim_history *history)
{
    (void)fputs("\"tracks\":[{\"process\":\"\",\"host\":\"\",\"name\":\"world\"}", file);
    for (uint32_t i = 1; i < history->thread_count; i++) {
        const struct sim__history_thread *thread = &history->threads[i];
        const struct sim__history_process *process = &history->processes[thread->process];
        const char *slash = strrchr(thread->scope, '/');
        (void)fputs(",\n{\"process\":\"", file);
        sim__json_text(file, process->name);
        (void)fputs("\",\"host\":\"", file);
        sim__json_text(file, process->host);
        (void)fputs("\",\"name\":\"", file);
        sim__json_text(file, slash != NULL ? slash + 1 : thread->scope);
        (void)fputs("\"}", file);
    }
    (void)fputs("],\n", file);
}

static void sim__page_events(FILE *file, const struct myc_sim_history *history, uint64_t first)
{
    (void)fputs("\"events\":[", file);
    for (uint64_t i = first; i < history->count; i++) {
        const struct sim__history_event *event = sim__history_at(history, i);
        (void)fprintf(
            file,
            "%s[%" PRIu32 ",%d,%" PRIu64 ",%" PRIu64 ",\"",
            i == first ? "" : ",\n",
            event->thread,
            (int)event->kind,
            event->step,
            event->time_ns);
        sim__json_text(file, event->label);
        (void)fputs("\",\"", file);
        sim__json_text(file, event->text != NULL ? event->text : "");
        (void)fprintf(
            file,
            "\",%" PRIu32 ",%" PRIu64 ",%" PRIu64 ",%d]",
            event->count,
            event->end_number - first,
            event->end_ns,
            event->is_open ? 1 : 0);
    }
    (void)fputs("],\n\"arrows\":[", file);
    bool is_any = false;
    for (uint64_t i = 0; i < history->arrow_count; i++) {
        const struct sim__arrow *arrow = &history->arrows[i];
        if (arrow->from >= first && arrow->to >= first) {
            (void)fprintf(
                file,
                "%s[%" PRIu64 ",%" PRIu64 ",%d]",
                is_any ? "," : "",
                arrow->from - first,
                arrow->to - first,
                (int)arrow->kind);
            is_any = true;
        }
    }
    (void)fputs("],\n", file);
}

static void sim__page_choices(FILE *file, const struct myc_sim_history *history, uint64_t first)
{
    uint64_t count = history->choice_count;
    uint64_t begin = count > SIM__PAGE_CHOICES_MAX ? count - SIM__PAGE_CHOICES_MAX : 0;
    (void)fprintf(file, "\"choiceCount\":%" PRIu64 ",\"choices\":[", count);
    for (uint64_t i = begin; i < count; i++) {
        const struct sim__history_choice *choice = &history->choices[i];
        int64_t event = choice->event < first ? -1 : (int64_t)(choice->event - first);
        (void)fprintf(file, "%s[%" PRId64 ",\"", i == begin ? "" : ",\n", event);
        sim__json_text(file, choice->scope);
        (void)fputs("\",\"", file);
        sim__json_text(file, choice->label);
        (void)fprintf(file, "\",%" PRIu64 ",%" PRIu64 ",\"", choice->nth, choice->value);
        char words[256] = "";
        struct sim__text text = {words, sizeof(words), 0};
        if (sim__has_words(choice->label)) {
            sim__words_say(NULL, &text, choice->scope, choice->label, choice->nth, choice->value);
        }
        sim__json_text(file, words);
        (void)fputs("\"]", file);
    }
    (void)fputs("],\n", file);
}

static void sim__page_sums(FILE *file, const struct myc_sim_history *history)
{
    const struct myc_sim_result *figures = &history->figures;
    (void)fputs("\"faults\":[", file);
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        (void)fprintf(
            file,
            "%s[\"%s\",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
            i == 0 ? "" : ",",
            sim__fault_text((enum myc_sim_fault)i),
            figures->fault_offered[i],
            figures->fault_injected[i],
            figures->fault_effect[i]);
    }
    (void)fputs("],\n\"counters\":[", file);
    for (size_t i = 0; i < figures->counter_count; i++) {
        (void)fputs(i == 0 ? "[\"" : ",[\"", file);
        sim__json_text(file, figures->counters[i].name);
        (void)fprintf(file, "\",%" PRIu64 "]", figures->counters[i].amount);
    }
    (void)fputs("],\n", file);
}

static void sim__page_data(FILE *file, const struct myc_sim_history *history)
{
    uint64_t first = sim__page_first(history);
    bool has_failure = history->failure != 0 && history->failure - 1 >= first;
    int64_t failure = has_failure ? (int64_t)(history->failure - 1 - first) : -1;
    (void)fprintf(file, "{\"first\":%" PRIu64 ",\"failure\":%" PRId64 ",\n", first, failure);
    (void)fputs("\"kinds\":[", file);
    for (int i = 0; i < SIM__HISTORY_KIND_COUNT; i++) {
        const char *text = sim__history_kind_text((enum sim__history_kind)i);
        (void)fprintf(file, "%s\"%s\"", i == 0 ? "" : ",", text);
    }
    (void)fputs("],\n\"arrowKinds\":[", file);
    for (int i = 0; i < SIM__ARROW_KIND_COUNT; i++) {
        const char *text = sim__arrow_text((enum sim__arrow_kind)i);
        (void)fprintf(file, "%s\"%s\"", i == 0 ? "" : ",", text);
    }
    (void)fputs("],\n", file);
    sim__page_tracks(file, history);
    sim__page_choices(file, history, first);
    sim__page_sums(file, history);
    sim__page_events(file, history, first);
    (void)fprintf(file, "\"count\":%" PRIu64 "}\n", history->count);
}

// ---- The page ----

static void sim__page_lines(FILE *file, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(file, "%s\n", lines[i]);
    }
}

static void sim__page_figures(FILE *file, const struct myc_sim_history *history)
{
    const struct myc_sim_result *figures = &history->figures;
    uint64_t injected = 0;
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        injected += figures->fault_injected[i];
    }
    (void)fprintf(
        file,
        "<p class=\"figures\"><b>%" PRIu64 "</b> steps, <b>%" PRIu64 ".%06" PRIu64
        "</b> virtual ms, <b>%" PRIu64 "</b> preemptions, <b>%" PRIu64
        "</b> faults injected, <b>%" PRIu64 "</b> oracles checked, <b>%" PRIu32
        "</b> processes, <b>%" PRIu32 "</b> threads, hash %016" PRIx64 "</p>\n",
        figures->step_count,
        figures->virtual_ns / 1000000,
        figures->virtual_ns % 1000000,
        figures->preemption_count,
        injected,
        figures->check_count,
        history->process_count,
        history->thread_count - 1,
        figures->event_hash);
}

static void sim__page_header(FILE *file, const struct myc_sim_history *history)
{
    bool is_failed = history->figures.is_failed;
    (void)fprintf(
        file, "<header class=\"%s\">\n<h1><span class=\"mark\">", is_failed ? "failed" : "passed");
    (void)fputs(is_failed ? "FAILED" : "PASSED", file);
    (void)fputs("</span>", file);
    sim__html_text(file, history->scenario);
    if (is_failed) {
        (void)fputs(": ", file);
        sim__html_text(file, history->verdict);
    }
    (void)fputs("</h1>\n<div class=\"repro\"><span>run again:</span><code id=\"repro\">", file);
    sim__html_text(file, history->repro);
    (void)fputs("</code><button id=\"copy\" type=\"button\">copy</button></div>\n", file);
    sim__page_figures(file, history);
    uint64_t first = sim__page_first(history);
    if (first > 0) {
        (void)fprintf(
            file,
            "<p class=\"figures\">The first %" PRIu64 " of %" PRIu64
            " events are not in this page.</p>\n",
            first,
            history->count);
    }
    (void)fputs("</header>\n", file);
}

static const char *const sim__page_body[] = {
    "<main>",
    "<div id=\"left\">",
    "<div id=\"bar\"><span id=\"fill\" class=\"fill\"></span>",
    "<button id=\"to-failure\" type=\"button\">to the failure <kbd>f</kbd></button>",
    "<button id=\"next-fault\" type=\"button\">next fault <kbd>n</kbd></button>",
    "<input id=\"find\" type=\"search\" placeholder=\"find: /\" aria-label=\"find in events\"/>",
    "<span id=\"found\" role=\"status\"></span></div>",
    "<div id=\"view\" tabindex=\"0\" role=\"listbox\" aria-label=\"events, in order\">",
    "<div id=\"head\"></div>",
    "<div id=\"space\"><svg id=\"rows\" xmlns=\"http://www.w3.org/2000/svg\"></svg></div>",
    "</div></div>",
    "<aside>",
    "<details open=\"open\"><summary><h2>Picked event</h2></summary>",
    "<div id=\"picked\">Click an event, or use the keys.</div></details>",
    "<details open=\"open\"><summary><h2>Choices that were not boring</h2>",
    "<span id=\"choice-count\"></span></summary><ol id=\"choices\" class=\"plain\"></ol>",
    "<details id=\"profile-box\"><summary>drawn for the whole run, and identities</summary>",
    "<ol id=\"profile\" class=\"plain\"></ol></details></details>",
    "<details open=\"open\"><summary><h2>Faults</h2></summary>",
    "<p id=\"fault-none\">None was injected.</p><table><thead><tr><th>fault</th>",
    "<th>offered</th><th>injected</th><th>effect</th></tr></thead>",
    "<tbody id=\"faults\"></tbody></table></details>",
    "<details id=\"counter-box\"><summary><h2>Counters</h2></summary>",
    "<table><tbody id=\"counters\"></tbody></table></details>",
    "<details><summary><h2>Keys</h2></summary><dl>",
    "<dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next, previous event; arrows and pages as well</dd>",
    "<dt><kbd>n</kbd> <kbd>p</kbd></dt><dd>next, previous fault or death</dd>",
    "<dt><kbd>f</kbd></dt><dd>the failure</dd>",
    "<dt><kbd>Enter</kbd></dt><dd>along the arrow that leaves the picked event</dd>",
    "<dt><kbd>Backspace</kbd></dt><dd>back along the arrow that enters it</dd>",
    "<dt><kbd>/</kbd></dt><dd>find; Enter and Shift+Enter go on</dd>",
    "</dl></details>",
};

static void sim__page_texts(FILE *file, const struct myc_sim_history *history)
{
    (void)fputs("<details open=\"open\"><summary><h2>Who waited for what at the end</h2>", file);
    (void)fputs("</summary><pre>", file);
    sim__html_text(file, history->waiting);
    (void)fputs("</pre></details>\n", file);
    if (history->figures.report[0] != '\0') {
        (void)fputs("<details><summary><h2>The report as text</h2></summary><pre>", file);
        sim__html_text(file, history->figures.report);
        (void)fputs("</pre></details>\n", file);
    }
    (void)fputs("</aside>\n</main>\n", file);
}

bool myc_sim_history_write_page(const struct myc_sim_history *history, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return false;
    }
    (void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n", file);
    (void)fputs("<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>", file);
    (void)fputs(history->figures.is_failed ? "FAILED " : "passed ", file);
    sim__html_text(file, history->scenario);
    (void)fputs("</title>\n<style>\n", file);
    sim__page_lines(file, sim__page_style, sizeof(sim__page_style) / sizeof(sim__page_style[0]));
    (void)fputs("</style>\n</head>\n<body>\n", file);
    sim__page_header(file, history);
    sim__page_lines(file, sim__page_body, sizeof(sim__page_body) / sizeof(sim__page_body[0]));
    sim__page_texts(file, history);
    (void)fputs("<script type=\"application/json\" id=\"data\">\n", file);
    sim__page_data(file, history);
    (void)fputs("</script>\n<script>\n", file);
    sim__page_lines(file, sim__page_script, sizeof(sim__page_script) / sizeof(sim__page_script[0]));
    (void)fputs("</script>\n</body>\n</html>\n", file);
    bool is_written = ferror(file) == 0;
    return fclose(file) == 0 && is_written;
}

#endif

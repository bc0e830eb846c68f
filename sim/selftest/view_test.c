// SPDX-License-Identifier: MIT OR Apache-2.0
//
// --trace and --report: files that a viewer and a browser can read, of the right run, or none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "command.h"
#include "io.h"
#include "json.h"

#include <mycelium/interface/thread.h>

#include <stdio.h>
#include <stdlib.h>

enum { FLOWS_MAX = 4096, TRACKS_MAX = 64 };

static char folder[] = "/tmp/mycelium-view-XXXXXX";
static char trace_path[64];
static char page_path[64];
static char tape_path[64];

static int make_folder(void **state)
{
    (void)state;
    memcpy(folder + sizeof(folder) - 7, "XXXXXX", 7);
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(trace_path, sizeof(trace_path), "%s/trace.json", folder);
    (void)snprintf(page_path, sizeof(page_path), "%s/page.html", folder);
    (void)snprintf(tape_path, sizeof(tape_path), "%s/run.tape", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    (void)unlink(trace_path);
    (void)unlink(page_path);
    (void)unlink(tape_path);
    return rmdir(folder);
}

// ---- Scenarios ----

static const struct myc_address meeting_point = {
    .kind = MYC_ADDRESS_TCP, .port = 4000, .text = "10.0.0.1"};

static int serve(struct myc_platform *platform, void *arg)
{
    struct myc_sim *sim = arg;
    struct myc_handle listener = {0};
    io_must(myc_listener_listen(platform->listener, &meeting_point, 0, &listener, NULL));
    struct myc_handle stream = io_accept(platform, listener);
    (void)io_write(platform, stream, "0123456789", 10);
    myc_sim_message_sent(sim, "greeting", 1);
    io_await(platform, stream, MYC_READABLE);
    myc_stream_close(platform->stream, stream);
    myc_listener_close(platform->listener, listener);
    return 0;
}

static int visit(struct myc_platform *platform, void *arg)
{
    struct myc_sim *sim = arg;
    char bytes[10];
    size_t count = 0;
    struct myc_handle stream = io_connect(platform, &meeting_point);
    for (size_t got = 0; got < 10; got += count) {
        if (io_read(platform, stream, (struct myc_span){bytes, 10 - got}, &count) != MYC_OK) {
            break;
        }
    }
    myc_sim_message_received(sim, "greeting", 1);
    myc_log_write(
        platform->log, MYC_LOG_INFO, "visit", "</script><script>alert(\"1\")</script>\xff");
    myc_stream_close(platform->stream, stream);
    return 0;
}

static void meet(struct myc_sim *sim)
{
    (void)myc_sim_start(sim, "one", "server", serve, sim);
    (void)myc_sim_start(sim, "two", "visitor", visit, sim);
    myc_sim_run_for(sim, UINT64_C(20000000000));
}

static void meet_and_fail(struct myc_sim *sim)
{
    meet(sim);
    myc_sim_check(sim, false, "1 < 2 & 3 > 2");
}

static void fail_rarely(struct myc_sim *sim)
{
    meet(sim);
    myc_sim_check(sim, myc_sim_choose(sim, "die", 20) != 7, "the die is not 7");
}

static void do_nothing(struct myc_sim *sim)
{
    (void)sim;
}

static const struct myc_sim_scenario scenarios[] = {
    {"meet", "two processes meet", meet},
    {"fail", "two processes meet and fail", meet_and_fail},
    {"rare", "fails one time in twenty", fail_rarely},
    {"nothing", "does nothing", do_nothing},
};

// ---- Files ----

static char *read_whole(const char *path)
{
    size_t size = 0;
    char *text = sim__read_file(path, &size);
    assert_non_null(text);
    return text;
}

static void assert_no_file(const char *path)
{
    assert_int_not_equal(access(path, F_OK), 0);
}

/* The rules of the trace form that the viewers rely on. */
struct trace_sums {
    unsigned slices;
    unsigned instants;
    unsigned counters;
    unsigned flows;
    double open_flows[FLOWS_MAX]; /* when each began; 0: it did not */
    double last[TRACKS_MAX][8];   /* the time of the last event of a process's thread */
    bool has_failure;
};

static void check_trace_event(const char *event, struct trace_sums *sums)
{
    const char *phase = json_member(event, "ph");
    double at = json_amount(json_member(event, "ts"));
    double pid = json_amount(json_member(event, "pid"));
    double tid = json_amount(json_member(event, "tid"));
    assert_true(pid >= 0 && pid < TRACKS_MAX && tid >= 0 && tid < 8);
    if (json_is(phase, "\"M\"")) {
        assert_non_null(json_member(event, "args"));
        return;
    }
    assert_true(at >= 0);
    assert_non_null(json_member(event, "name"));
    if (json_is(phase, "\"s\"") || json_is(phase, "\"f\"")) {
        size_t id = (size_t)json_amount(json_member(event, "id"));
        assert_true(id > 0 && id < FLOWS_MAX);
        bool is_start = json_is(phase, "\"s\"");
        assert_true(is_start == (sums->open_flows[id] <= 0));
        assert_true(is_start || at + 1 >= sums->open_flows[id]);
        sums->open_flows[id] = is_start ? at + 1 : 0;
        sums->flows += is_start ? 1 : 0;
        return;
    }
    if (json_is(phase, "\"C\"")) {
        sums->counters++;
        return;
    }
    double *last = &sums->last[(size_t)pid][(size_t)tid];
    assert_true(at >= *last);
    *last = at;
    if (json_is(phase, "\"X\"")) {
        assert_true(json_amount(json_member(event, "dur")) >= 0);
        sums->slices++;
        return;
    }
    assert_true(json_is(phase, "\"i\""));
    sums->instants++;
    const char *category = json_member(event, "cat");
    sums->has_failure = sums->has_failure || json_is(category, "\"failure\"");
}

static struct trace_sums check_trace(const char *path)
{
    char *text = read_whole(path);
    struct trace_sums sums = {.slices = 0};
    assert_true(json_is_valid(text));
    assert_int_equal(text[0], '[');
    for (const char *at = json_first(text); at != NULL; at = json_next(at)) {
        check_trace_event(at, &sums);
    }
    for (size_t i = 0; i < FLOWS_MAX; i++) {
        assert_true(sums.open_flows[i] <= 0);
    }
    free(text);
    return sums;
}

// A trace is JSON; flows have both ends, times go forward on each track, failures are in it.
static void test_trace_keeps_the_rules_of_its_form(void **state)
{
    static const char *const clocks[] = {"virtual", "steps"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *clock = clocks[i];
        assert_int_equal(
            COMMAND("fail", "--seed", "3", "--trace", trace_path, "--trace-clock", clock), 1);
        assert_printed("trace: ");
        struct trace_sums sums = check_trace(trace_path);
        assert_true(sums.slices > 20 && sums.instants > 3 && sums.counters > 2);
        assert_true(sums.flows >= 3);
        assert_true(sums.has_failure);
        char *text = read_whole(trace_path);
        assert_non_null(strstr(text, "\"name\":\"visitor on two\""));
        assert_non_null(strstr(text, "\"ph\":\"s\""));
        assert_non_null(strstr(text, "\"cat\":\"bytes\""));
        assert_non_null(strstr(text, "\"cat\":\"message\""));
        assert_non_null(strstr(text, "\\ufffd")); // a byte that is no text
        free(text);
    }
}

/* Every element that begins ends, in order; scripts and styles are skipped. */
static void check_tags(const char *text)
{
    char open[64][16];
    size_t depth = 0;
    for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at + 1, '<')) {
        char name[16];
        bool is_end = at[1] == '/';
        if (at[1] == '!') {
            continue;
        }
        assert_int_equal(sscanf(at + (is_end ? 2 : 1), "%15[a-z0-9]", name), 1);
        const char *end = strchr(at, '>');
        assert_non_null(end);
        if (is_end) {
            assert_true(depth > 0);
            assert_string_equal(name, open[--depth]);
        } else if (end[-1] != '/') {
            assert_true(depth < 64);
            memcpy(open[depth++], name, sizeof(name));
            bool is_raw = strcmp(name, "script") == 0 || strcmp(name, "style") == 0;
            at = is_raw ? strstr(at, strcmp(name, "script") == 0 ? "</script" : "</style") - 1 : at;
        }
    }
    assert_int_equal(depth, 0);
}

/* The JSON in a page; the caller frees the page's text, which it lies in. */
static const char *page_data(char *text)
{
    char *data = strstr(text, "id=\"data\">");
    assert_non_null(data);
    data = strchr(data, '\n') + 1;
    char *end = strstr(data, "</script>");
    assert_non_null(end);
    *end = '\0';
    assert_true(json_is_valid(data));
    return data;
}

// A page is well formed, has the verdict and the command in it, and what the run said as text only.
static void test_page_has_the_verdict_and_no_foreign_markup(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("fail", "--seed", "3", "--report", page_path), 1);
    char *text = read_whole(page_path);
    check_tags(text);
    assert_non_null(strstr(
        text,
        "<h1><span class=\"mark\">FAILED</span>fail: oracle: "
        "1 &lt; 2 &amp; 3 &gt; 2</h1>"));
    assert_non_null(strstr(text, "<code id=\"repro\">prog fail --seed 3</code>"));
    assert_null(strstr(text, "<script>alert"));
    assert_null(
        strstr(text, "http://") != strstr(text, "http://www.w3.org/2000/svg")
            ? strstr(text, "http://")
            : NULL);
    assert_null(strstr(text, "https://"));
    const char *data = page_data(text);
    assert_non_null(strstr(data, "\\u003c/script\\u003e\\u003cscript\\u003ealert(\\\"1\\\")"));
    assert_true(json_amount(json_member(data, "failure")) > 10);
    assert_int_equal(json_amount(json_member(data, "first")), 0);
    unsigned arrows = 0;
    for (const char *at = json_first(json_member(data, "arrows")); at != NULL; at = json_next(at)) {
        arrows++;
    }
    assert_true(arrows >= 3);
    free(text);
}

// A run that passes is shown as well, and one in which nothing happens.
static void test_passing_runs_are_shown(void **state)
{
    static const char *const names[] = {"meet", "nothing"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            COMMAND(names[i], "--boring", "--report", page_path, "--trace", trace_path), 0);
        char *text = read_whole(page_path);
        check_tags(text);
        assert_non_null(strstr(text, ">PASSED</span>"));
        assert_true(json_amount(json_member(page_data(text), "failure")) < 0);
        free(text);
        assert_false(check_trace(trace_path).has_failure);
    }
}

// Of a campaign the failed run is shown; when none fails nothing is written.
static void test_campaign_shows_its_failure(void **state)
{
    (void)state;
    assert_int_equal(COMMAND("rare", "--seeds", "1..1000", "--report", page_path), 1);
    char *text = read_whole(page_path);
    assert_non_null(strstr(text, "the die is not 7"));
    free(text);
    assert_int_equal(unlink(page_path), 0);
    assert_int_equal(COMMAND("meet", "--seeds", "1..5", "--report", page_path), 0);
    assert_printed("not written: no run failed");
    assert_no_file(page_path);
}

// After shrinking the shrunk tape is shown; a tape and a death at a point are shown as named.
static void test_shrunk_tapes_and_deaths_are_shown(void **state)
{
    (void)state;
    assert_int_equal(
        COMMAND(
            "rare",
            "--seeds",
            "1..1000",
            "--shrink",
            "--record",
            tape_path,
            "--report",
            page_path,
            "--trace",
            trace_path),
        1);
    char *text = read_whole(page_path);
    assert_non_null(strstr(text, "rare --tape "));
    assert_int_equal(json_amount(json_member(page_data(text), "choiceCount")), 1);
    free(text);
    assert_true(check_trace(trace_path).has_failure);
    assert_int_equal(COMMAND("rare", "--tape", tape_path, "--report", page_path), 1);
    text = read_whole(page_path);
    assert_non_null(strstr(text, "rare --tape "));
    free(text);
    assert_int_equal(
        COMMAND("meet", "--boring", "--crash-at", "visitor:3", "--report", page_path), 0);
    text = read_whole(page_path);
    assert_non_null(strstr(text, "meet --boring --crash-at visitor:3</code>"));
    assert_non_null(strstr(page_data(text), "visitor dies, in visitor/main"));
    free(text);
}

// A file that cannot be written, or a clock that is none, ends the command before any run.
static void test_bad_files_and_clocks_are_refused(void **state)
{
    char nowhere[96];
    (void)state;
    (void)snprintf(nowhere, sizeof(nowhere), "%s/missing/page.html", folder);
    assert_int_equal(COMMAND("fail", "--report", nowhere), 2);
    assert_printed("missing/page.html: cannot be written: No such file");
    assert_null(strstr(output, "FAILED"));
    assert_int_equal(COMMAND("fail", "--trace", folder), 2);
    assert_int_equal(COMMAND("fail", "--trace", page_path, "--report", page_path), 2);
    assert_printed("--trace and --report both name");
    assert_int_equal(COMMAND("fail", "--trace", trace_path, "--trace-clock", "wall"), 2);
    assert_printed("--trace-clock wall: its value must be virtual|steps");
    assert_int_equal(COMMAND("fail", "--trace", trace_path, "--onset"), 2);
    assert_printed("--trace and --report exclude --onset");
    assert_no_file(trace_path);
    assert_no_file(page_path);
}

// The reader of JSON that these tests rely on refuses what is none.
static void test_json_reader_refuses_what_is_no_json(void **state)
{
    static const char *const bad[] = {
        "",
        "[",
        "[1,]",
        "{\"a\":}",
        "{a:1}",
        "\"\n\"",
        "\"\\x\"",
        "01",
        "1.",
        "[1] 2",
        "\"\\u12g4\""};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(json_is_valid(bad[i]));
    }
    assert_true(json_is_valid(" {\"a\": [1, -2.5e3, \"\\u00e9\\n\", true, null, {}, []]} "));
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_reader_refuses_what_is_no_json),
        cmocka_unit_test_setup_teardown(
            test_trace_keeps_the_rules_of_its_form, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(
            test_page_has_the_verdict_and_no_foreign_markup, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_passing_runs_are_shown, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_campaign_shows_its_failure, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(
            test_shrunk_tapes_and_deaths_are_shown, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(
            test_bad_files_and_clocks_are_refused, make_folder, drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The onset of a failure: the draw after which the run fails whatever else is drawn. Part of the
 * implementation unit.
 *
 * The first k draws are kept and the rest is drawn anew, many times; the share of those runs that
 * fail in the same way grows with k, from what chance gives to one. Where it becomes nearly one the
 * bug has happened, often long before an oracle sees it. Found by halving, which takes the share as
 * growing steadily; the places that were tried are shown, so that one sees whether it did.
 */
#ifndef MYC_SIM_RUNNER_ONSET_H
#define MYC_SIM_RUNNER_ONSET_H

#include <mycelium/sim/runner_shrink.h>
#include <mycelium/sim/runner_state.h>
#include <mycelium/sim/words.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SIM__ONSET_PLACES_MAX = 96,
    SIM__ONSET_NEAR = 3,
    SIM__ONSET_PERCENT = 90,
    SIM__ONSET_SECONDS = 20
};

/* What one run came to; also the letters in which children tell it. */
enum sim__onset_outcome { SIM__ONSET_PASSES = 'p', SIM__ONSET_SAME = 's', SIM__ONSET_OTHER = 'o' };

struct sim__onset_place {
    uint64_t draw; /* so many are kept */
    uint64_t same_count;
    uint64_t other_count;
};

struct sim__onset_search {
    struct sim__runner *runner;
    struct myc_sim_options options; /* of the run itself */
    char verdict[SIM__FATE_TEXT_BYTES];
    bool is_crash; /* the run ends its process */
    uint64_t draw_count;
    uint64_t run_count;
    struct sim__onset_place places[SIM__ONSET_PLACES_MAX]; /* by their draws */
    size_t place_count;
};

// ---- Runs in children ----

static void sim__write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(file, bytes, size);
        if (put <= 0) {
            break;
        }
        bytes += put;
        size -= (size_t)put;
    }
}

static char *sim__read_all(int file)
{
    size_t used = 0;
    size_t capacity = 16384;
    char *text = sim__must(malloc(capacity));
    ssize_t got = 0;
    while ((got = read(file, text + used, capacity - used - 1)) > 0
           || (got < 0 && errno == EINTR)) {
        used += got > 0 ? (size_t)got : 0;
        if (used + 1 == capacity) {
            capacity *= 2;
            text = sim__must(realloc(text, capacity));
        }
    }
    text[used] = '\0';
    return text;
}

static void sim__onset_silence(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)dup2(nowhere, STDERR_FILENO);
    (void)dup2(nowhere, STDOUT_FILENO);
}

/* Keeps the first `draw` draws; continuation `number` draws the rest. */
static struct myc_sim_options
sim__onset_options(const struct sim__onset_search *search, uint64_t draw, uint64_t number)
{
    struct myc_sim_options options = search->options;
    if (draw == 0) {
        options.tape_text = NULL;
        options.bytes = NULL;
        options.is_boring = false;
        options.seed = number;
    } else {
        options.has_then_seed = true;
        options.then_seed = number;
        options.prefix_draws = draw;
    }
    return options;
}

__attribute__((noreturn)) static void
sim__onset_child(const struct sim__onset_search *search, uint64_t draw, uint64_t first, int out)
{
    struct myc_sim_result *result = search->runner->result;
    char verdict[SIM__FATE_TEXT_BYTES];
    sim__onset_silence();
    for (uint64_t i = first; i <= search->runner->onset.run_count; i++) {
        struct myc_sim_options options = sim__onset_options(search, draw, i);
        (void)alarm(SIM__ONSET_SECONDS);
        (void)myc_sim_run(search->runner->scenario, &options, result);
        char outcome = SIM__ONSET_PASSES;
        if (result->is_failed) {
            sim__identity_of(result->report, verdict, sizeof(verdict));
            bool is_same = !search->is_crash && strcmp(verdict, search->verdict) == 0;
            outcome = is_same ? SIM__ONSET_SAME : SIM__ONSET_OTHER;
        }
        myc_sim_result_deinit(result);
        sim__write_all(out, &outcome, 1);
    }
    _exit(0);
}

/* The letters of the runs from `first` on; one that ends its process is the last. */
static char *sim__onset_outcomes(struct sim__onset_search *search, uint64_t draw, uint64_t first)
{
    int ends[2];
    (void)fflush(NULL);
    if (pipe(ends) != 0) {
        return NULL;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        sim__onset_child(search, draw, first, ends[1]);
    }
    (void)close(ends[1]);
    char *letters = sim__read_all(ends[0]);
    (void)close(ends[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    if (child < 0) {
        free(letters);
        return NULL;
    }
    return letters;
}

/* Tries a place with all continuations; false when no child could be started. */
static bool sim__onset_try(struct sim__onset_search *search, struct sim__onset_place *place)
{
    uint64_t wanted = search->runner->onset.run_count;
    for (uint64_t done = 0; done < wanted;) {
        char *letters = sim__onset_outcomes(search, place->draw, done + 1);
        if (letters == NULL) {
            return false;
        }
        size_t count = strlen(letters);
        for (size_t i = 0; i < count; i++) {
            place->same_count += letters[i] == SIM__ONSET_SAME ? 1 : 0;
            place->other_count += letters[i] == SIM__ONSET_OTHER ? 1 : 0;
        }
        free(letters);
        done += count;
        if (done < wanted) {
            // The next one ended its process.
            *(search->is_crash ? &place->same_count : &place->other_count) += 1;
            done++;
        }
    }
    search->run_count += wanted;
    return true;
}

static bool sim__onset_is_inevitable(
    const struct sim__onset_search *search, const struct sim__onset_place *place)
{
    return place->same_count * 100 >= search->runner->onset.run_count * SIM__ONSET_PERCENT;
}

/* The place of so many draws, tried if it was not; NULL when it could not be. */
static const struct sim__onset_place *
sim__onset_place(struct sim__onset_search *search, uint64_t draw)
{
    size_t at = 0;
    while (at < search->place_count && search->places[at].draw < draw) {
        at++;
    }
    if (at < search->place_count && search->places[at].draw == draw) {
        return &search->places[at];
    }
    struct sim__onset_place place = {.draw = draw};
    if (search->place_count == SIM__ONSET_PLACES_MAX || !sim__onset_try(search, &place)) {
        return NULL;
    }
    size_t moved = search->place_count - at;
    memmove(&search->places[at + 1], &search->places[at], moved * sizeof(place));
    search->places[at] = place;
    search->place_count++;
    return &search->places[at];
}

// ---- The run itself ----

/* Runs it once in a child: its verdict and how many draws it makes. Returns: whether it fails. */
static bool sim__onset_observe(struct sim__onset_search *search)
{
    struct myc_sim_result *result = search->runner->result;
    int ends[2];
    (void)fflush(NULL);
    if (pipe(ends) != 0) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        sim__onset_silence();
        (void)alarm(SIM__ONSET_SECONDS);
        (void)myc_sim_run(search->runner->scenario, &search->options, result);
        char first[SIM__FATE_TEXT_BYTES] = "";
        sim__identity_of(result->report, first, sizeof(first));
        char text[SIM__FATE_TEXT_BYTES + 64];
        int size = snprintf(text, sizeof(text), "%" PRIu64 " %s", result->draw_count, first);
        sim__write_all(ends[1], text, (size_t)size);
        _exit(result->is_failed ? 1 : 0);
    }
    (void)close(ends[1]);
    char *text = sim__read_all(ends[0]);
    (void)close(ends[0]);
    char *rest = NULL;
    search->draw_count = strtoull(text, &rest, 10);
    search->is_crash = child > 0 && text[0] == '\0';
    (void)snprintf(search->verdict, sizeof(search->verdict), "%s", *rest == ' ' ? rest + 1 : "");
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    free(text);
    return search->is_crash || search->verdict[0] != '\0';
}

/* Doubles until so many draws are kept that the run crashes for certain; 0: it never does. */
static uint64_t sim__onset_crash_draws(struct sim__onset_search *search)
{
    for (uint64_t draw = 64; draw < UINT64_C(1) << 40; draw *= 2) {
        const struct sim__onset_place *place = sim__onset_place(search, draw);
        if (place == NULL) {
            return 0;
        }
        if (place->same_count == search->runner->onset.run_count) {
            return draw;
        }
    }
    return 0;
}

/* Describes one draw of the run; in a child if the run would end this process. */
static struct myc_sim_draw sim__onset_look(struct sim__onset_search *search, uint64_t number)
{
    struct myc_sim_draw draw = {.number = 0};
    struct myc_sim_options options = search->options;
    options.look_draw = number;
    if (!search->is_crash) {
        (void)myc_sim_run(search->runner->scenario, &options, search->runner->result);
        draw = search->runner->result->draw;
        myc_sim_result_deinit(search->runner->result);
    }
    return draw;
}

// ---- What was found ----

static double
sim__onset_share(const struct sim__runner *runner, const struct sim__onset_place *place)
{
    return (double)place->same_count / (double)runner->onset.run_count;
}

static void sim__onset_print_json(
    const struct sim__onset_search *search, uint64_t onset, const struct myc_sim_draw *draw)
{
    (void)printf(
        "{\"scenario\": \"%s\", \"onset\": {\"draw\": %" PRIu64 ", \"draws\": %" PRIu64
        ", \"runs\": %" PRIu64,
        search->runner->scenario->name,
        onset,
        search->draw_count,
        search->run_count);
    if (draw->number > 0) {
        (void)printf(
            ", \"label\": \"%s\", \"scope\": \"%s\", \"nth\": %" PRIu64 ", \"bound\": %" PRIu64
            ", \"value\": %" PRIu64 ", \"virtual_ns\": %" PRIu64 ", \"step\": %" PRIu64,
            draw->label,
            draw->scope,
            draw->nth,
            draw->bound,
            draw->value,
            draw->virtual_ns,
            draw->step);
    }
    (void)printf(", \"shares\": [");
    for (size_t i = 0; i < search->place_count; i++) {
        (void)printf(
            "%s[%" PRIu64 ", %.2f]",
            i > 0 ? ", " : "",
            search->places[i].draw,
            sim__onset_share(search->runner, &search->places[i]));
    }
    (void)printf("]}}\n");
}

static void sim__onset_print(
    const struct sim__onset_search *search, uint64_t onset, const struct myc_sim_draw *draw)
{
    const char *name = search->runner->scenario->name;
    (void)printf("%s: fails with: %s\n", name, search->is_crash ? "a crash" : search->verdict);
    if (onset == 0) {
        (void)printf("  it fails whatever is drawn\n");
    } else {
        (void)printf("  inevitable from draw %" PRIu64 " of %" PRIu64, onset, search->draw_count);
    }
    if (draw->number > 0) {
        char words[256] = "";
        struct sim__text text = {words, sizeof(words), 0};
        if (sim__has_words(draw->label)) {
            sim__words_say(NULL, &text, draw->scope, draw->label, draw->nth, draw->value);
        }
        (void)printf(
            ": %s of %s, its draw %" PRIu64 ": %" PRIu64 " (of %" PRIu64 ")%s%s\n"
            "  at virtual time %" PRIu64 ".%06" PRIu64 " ms, step %" PRIu64
            "; in a debugger: --break-step %" PRIu64,
            draw->label,
            draw->scope,
            draw->nth + 1,
            draw->value,
            draw->bound,
            words[0] != '\0' ? ": " : "",
            words,
            draw->virtual_ns / 1000000,
            draw->virtual_ns % 1000000,
            draw->step,
            draw->step);
    }
    (void)printf(
        "\n  draws kept   runs that fail like this, of %" PRIu64 "\n",
        search->runner->onset.run_count);
    for (size_t i = 0; i < search->place_count; i++) {
        const struct sim__onset_place *place = &search->places[i];
        (void)printf(
            "  %10" PRIu64 "   %5.0f %%%s",
            place->draw,
            100 * sim__onset_share(search->runner, place),
            place->draw == onset ? "   <- here" : "");
        if (place->other_count > 0) {
            (void)printf("   (%" PRIu64 " fail otherwise)", place->other_count);
        }
        (void)printf("\n");
    }
}

// ---- The search ----

/* The fewest draws that make the failure inevitable, by halving; UINT64_MAX when it cannot run. */
static uint64_t sim__onset_find(struct sim__onset_search *search)
{
    uint64_t high = search->is_crash ? sim__onset_crash_draws(search) : search->draw_count;
    uint64_t low = 0;
    search->draw_count = high;
    const struct sim__onset_place *place = sim__onset_place(search, 0);
    if (place == NULL || high == 0 || sim__onset_is_inevitable(search, place)) {
        return place == NULL ? UINT64_MAX : 0;
    }
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        place = sim__onset_place(search, middle);
        if (place == NULL) {
            return UINT64_MAX;
        }
        if (sim__onset_is_inevitable(search, place)) {
            high = middle;
        } else {
            low = middle;
        }
    }
    for (uint64_t near = 1; near <= SIM__ONSET_NEAR; near++) {
        (void)sim__onset_place(search, high > near ? high - near : 0);
        (void)sim__onset_place(
            search, high + near < search->draw_count ? high + near : search->draw_count);
    }
    return high;
}

static bool sim__onset_can_read(const struct sim__runner *runner)
{
    char message[SIM__CHOICE_MESSAGE_BYTES];
    struct sim__choice_source source;
    sim__choice_init_boring(&source);
    bool can_read =
        runner->tape_text == NULL
        || sim__choice_add_tape(
            &source, runner->tape_text, runner->scenario->name, message, sizeof(message));
    if (!can_read) {
        (void)fprintf(stderr, "%s:%s\n", runner->tape_path, message);
    }
    sim__choice_deinit(&source);
    return can_read;
}

int sim__runner_onset(struct sim__runner *runner)
{
    struct sim__onset_search *search = sim__must(calloc(1, sizeof(*search)));
    int exit_code = SIM__EXIT_FAILURE;
    search->runner = runner;
    search->options = sim__runner_options(runner, runner->seed_first);
    search->options.is_recording = false;
    search->options.is_verbose = false;
    if (!sim__onset_can_read(runner)) {
        exit_code = SIM__EXIT_USAGE;
    } else if (!sim__onset_observe(search)) {
        (void)fprintf(stderr, "--onset: this run of %s does not fail\n", runner->scenario->name);
        exit_code = SIM__EXIT_USAGE;
    } else {
        uint64_t onset = sim__onset_find(search);
        struct myc_sim_draw draw = {.number = 0};
        if (onset == UINT64_MAX) {
            (void)fprintf(stderr, "--onset: no more processes can be started\n");
            exit_code = SIM__EXIT_USAGE;
        } else if (onset > 0) {
            draw = sim__onset_look(search, onset);
        }
        if (onset != UINT64_MAX) {
            (runner->is_json ? sim__onset_print_json : sim__onset_print)(search, onset, &draw);
        }
    }
    free(search);
    return exit_code;
}

#endif

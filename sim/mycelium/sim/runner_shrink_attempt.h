// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One attempt of the shrinker: a run in a child process, how it ended, and as what failure that
 * counts. Part of the implementation unit.
 *
 * The child keeps its tape in memory that it shares with its parent, so a run that crashes or is
 * ended since it does not end leaves its tape behind like any other.
 */
#ifndef MYC_SIM_RUNNER_SHRINK_ATTEMPT_H
#define MYC_SIM_RUNNER_SHRINK_ATTEMPT_H

#include <mycelium/sim/choice.h>
#include <mycelium/sim/runner_state.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SIM__FATE_TEXT_BYTES = 1200,
    SIM__FATE_SAID_BYTES = 32768, /* of what a child says before it dies */
    SIM__SHRINK_TAPE_BYTES = 64 << 20
};

/* What a child leaves behind, in memory shared with its parent. */
struct sim__fate {
    bool is_over; /* the run returned */
    bool is_failed;
    char report[MYC_SIM_REPORT_BYTES];
    char tape[SIM__SHRINK_TAPE_BYTES];
    uint64_t run_count;  /* of a search */
    uint64_t best_count; /* choices of the best tape that it found; UINT64_MAX: none */
    char best[SIM__SHRINK_TAPE_BYTES];
};

/* What a search looks for. */
struct sim__search {
    uint64_t seed;
    uint64_t run_count;
    double seconds;
    uint64_t count_below;
    const char *identity;
};

/* How one attempt ended. */
struct sim__attempt {
    bool is_failed;
    bool is_endless;
    char verdict[SIM__FATE_TEXT_BYTES];  /* one line, as shown */
    char identity[SIM__FATE_TEXT_BYTES]; /* what makes it the same failure as another */
};

static struct sim__fate *sim__fate_create(void)
{
    void *memory = mmap(
        NULL,
        sizeof(struct sim__fate),
        PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
        -1,
        0);
    return memory == MAP_FAILED ? NULL : memory;
}

static void sim__fate_destroy(struct sim__fate *fate)
{
    (void)munmap(fate, sizeof(*fate));
}

// ---- Identity ----

/*
 * The verdict without what differs between two runs that fail alike: numbers become '#', and a
 * race is the same wherever the bytes lie.
 */
static void sim__identity_of(const char *verdict, char *out_text, size_t size)
{
    size_t used = 0;
    bool is_number = false;
    const char *place = strstr(verdict, "data race: ") != NULL ? strstr(verdict, "; in ") : NULL;
    for (; *verdict != '\0' && *verdict != '\n' && verdict != place && used + 1 < size; verdict++) {
        bool is_digit = *verdict >= '0' && *verdict <= '9';
        // "#2" after a name says which start it was.
        if (*verdict != '#' && (!is_digit || !is_number)) {
            out_text[used++] = is_digit ? '#' : *verdict;
        }
        is_number = is_digit || *verdict == '#';
    }
    out_text[used] = '\0';
}

/* Copies the line that contains `what`; false if there is none. */
static bool sim__line_with(const char *text, const char *what, char *out_line, size_t size)
{
    const char *at = strstr(text, what);
    if (at == NULL) {
        return false;
    }
    while (at != text && at[-1] != '\n') {
        at--;
    }
    at += strspn(at, " ");
    (void)snprintf(out_line, size, "%.*s", (int)strcspn(at, "\n"), at);
    return true;
}

/* What a child said before it died becomes a verdict; places in the program stay in its identity.
 */
static void sim__attempt_crashed(struct sim__attempt *attempt, const char *said, int status)
{
    char line[512];
    char how[512];
    attempt->is_failed = true;
    if (!sim__line_with(said, ": the program crashed", line, sizeof(line))) {
        (void)snprintf(line, sizeof(line), "the program crashed");
    }
    bool is_placed = sim__line_with(said, "SUMMARY: ", how, sizeof(how))
                     || sim__line_with(said, ": Assertion `", how, sizeof(how))
                     || sim__line_with(said, "the stack of that thread is full", how, sizeof(how))
                     || sim__line_with(said, "runtime error: ", how, sizeof(how))
                     || sim__line_with(said, "  by ", how, sizeof(how));
    if (!is_placed && WIFSIGNALED(status)) {
        (void)snprintf(how, sizeof(how), "by signal %d", WTERMSIG(status));
    } else if (!is_placed) {
        (void)snprintf(how, sizeof(how), "it exited with %d", WEXITSTATUS(status));
    }
    (void)snprintf(attempt->verdict, sizeof(attempt->verdict), "%s: %s", line, how);
    char where[512];
    sim__identity_of(line, where, sizeof(where));
    (void)snprintf(attempt->identity, sizeof(attempt->identity), "%s: %s", where, how);
}

// ---- A run in a child ----

/* Reads what comes until the end or `milliseconds` have passed; false: it goes on still. */
static bool sim__hear(int file, char *out_text, size_t size, int milliseconds)
{
    size_t used = 0;
    double until = sim__real_seconds() + (double)milliseconds / 1000;
    bool is_over = false;
    while (!is_over) {
        char overflow[4096];
        struct pollfd want = {.fd = file, .events = POLLIN};
        double left = until - sim__real_seconds();
        int ready = left > 0 ? poll(&want, 1, (int)(left * 1000) + 1) : 0;
        if (ready == 0) {
            break;
        }
        bool has_room = used + 1 < size;
        char *to = has_room ? out_text + used : overflow;
        ssize_t got =
            ready < 0 ? -1 : read(file, to, has_room ? size - 1 - used : sizeof(overflow));
        is_over = got == 0 || (got < 0 && errno != EINTR);
        used += got > 0 && has_room ? (size_t)got : 0;
    }
    out_text[used] = '\0';
    return is_over;
}

static uint64_t sim__count_lines(const char *text)
{
    uint64_t count = 0;
    for (const char *at = strchr(text, '\n'); at != NULL; at = strchr(at + 1, '\n')) {
        count++;
    }
    return count;
}

/*
 * Runs the same tape with other schedules and faults, one seed after another, and keeps the run
 * that fails alike with the fewest choices.
 */
static void sim__attempt_search(
    const struct sim__runner *runner,
    struct myc_sim_options *options,
    struct sim__fate *fate,
    const struct sim__search *search)
{
    struct myc_sim_result *result = runner->result;
    double until = sim__real_seconds() + search->seconds;
    uint64_t best = search->count_below;
    options->is_mixed = true;
    for (uint64_t i = 0; i < search->run_count && sim__real_seconds() < until; i++) {
        char identity[SIM__FATE_TEXT_BYTES];
        options->seed = search->seed + i;
        fate->run_count++;
        (void)myc_sim_run(runner->scenario, options, result);
        sim__identity_of(result->report, identity, sizeof(identity));
        uint64_t count = result->is_failed ? sim__count_lines(fate->tape) - 1 : UINT64_MAX;
        if (count < best && strcmp(identity, search->identity) == 0) {
            best = count;
            fate->best_count = count;
            memcpy(fate->best, fate->tape, strlen(fate->tape) + 1);
        }
        myc_sim_result_deinit(result);
    }
    fate->is_over = true;
}

__attribute__((noreturn)) static void sim__attempt_child(
    const struct sim__runner *runner,
    const struct myc_sim_options *options,
    struct sim__fate *fate,
    const struct sim__search *search,
    int out)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)dup2(nowhere, STDOUT_FILENO);
    (void)dup2(out, STDERR_FILENO);
    (void)close(out);
    struct myc_sim_options own = *options;
    own.tape_memory = fate->tape;
    own.tape_memory_bytes = sizeof(fate->tape);
    if (search != NULL) {
        sim__attempt_search(runner, &own, fate, search);
    } else if (myc_sim_run(runner->scenario, &own, runner->result)) {
        fate->is_failed = runner->result->is_failed;
        memcpy(fate->report, runner->result->report, sizeof(fate->report));
        fate->is_over = true;
    }
    _exit(0);
}

/* Runs, or searches, in a child for at most `milliseconds`. `fate` then holds report and tape. */
static bool sim__attempt_run(
    const struct sim__runner *runner,
    const struct myc_sim_options *options,
    struct sim__fate *fate,
    const struct sim__search *search,
    int milliseconds,
    struct sim__attempt *out_attempt)
{
    int ends[2];
    memset(out_attempt, 0, sizeof(*out_attempt));
    fate->is_over = false;
    fate->is_failed = false;
    fate->report[0] = '\0';
    fate->tape[0] = '\0';
    fate->run_count = 0;
    fate->best_count = UINT64_MAX;
    (void)fflush(NULL);
    if (pipe(ends) != 0) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        sim__attempt_child(runner, options, fate, search, ends[1]);
    }
    (void)close(ends[1]);
    char *said = sim__must(malloc(SIM__FATE_SAID_BYTES));
    bool is_ended = child < 0 || sim__hear(ends[0], said, SIM__FATE_SAID_BYTES, milliseconds);
    (void)close(ends[0]);
    if (!is_ended) {
        (void)kill(child, SIGKILL);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (fate->is_over) {
        out_attempt->is_failed = fate->is_failed;
        (void)snprintf(
            out_attempt->verdict,
            sizeof(out_attempt->verdict),
            "%.*s",
            (int)strcspn(fate->report, "\n"),
            fate->report);
        sim__identity_of(
            out_attempt->verdict, out_attempt->identity, sizeof(out_attempt->identity));
    } else if (!is_ended) {
        out_attempt->is_failed = true;
        out_attempt->is_endless = true;
        (void)snprintf(
            out_attempt->verdict,
            sizeof(out_attempt->verdict),
            "FAILED %s: the program does not come to an end",
            runner->scenario->name);
        memcpy(out_attempt->identity, out_attempt->verdict, sizeof(out_attempt->identity));
    } else if (child > 0) {
        sim__attempt_crashed(out_attempt, said, status);
        (void)snprintf(fate->report, sizeof(fate->report), "%s", said);
    }
    free(said);
    return child > 0;
}

#endif

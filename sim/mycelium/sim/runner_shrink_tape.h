// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The shrinker's best tape so far, taken apart into choices, and how an attempt replaces it. Part
 * of the implementation unit.
 */
#ifndef MYC_SIM_RUNNER_SHRINK_TAPE_H
#define MYC_SIM_RUNNER_SHRINK_TAPE_H

#include <mycelium/sim/runner_shrink_attempt.h>

#include <inttypes.h>

enum {
    SIM__SHRINK_PAIRS = 40,
    SIM__SHRINK_JOINS = 8,
    SIM__SHRINK_SHAKES = 400,
    SIM__SHRINK_ENDLESS_MS = 500,  /* for an attempt, when what is shrunk does not end */
    SIM__SHRINK_SEARCH_RUNS = 500, /* at first, of one search */
    SIM__SHRINK_SEARCH_MOST = 2000,
    SIM__SHRINK_SEARCH_SECONDS = 2
};

/* A line of a tape; the texts lie in the tape. */
struct sim__shrink_choice {
    uint64_t value;
    uint64_t nth;
    const char *scope;
    const char *label;
};

/* Tapes are compared by how many choices they name, then by how large those are. */
struct sim__shrink_cost {
    uint64_t count;
    uint64_t size;
};

struct sim__shrink {
    struct sim__runner *runner;
    struct myc_sim_options options;
    struct sim__fate *fate;
    char identity[SIM__FATE_TEXT_BYTES]; /* what must fail again */
    char verdict[SIM__FATE_TEXT_BYTES];  /* of the best so far */
    char *tape;                          /* the best so far, cut into texts */
    struct sim__shrink_choice *choices;
    size_t count;
    struct sim__shrink_cost cost;
    struct sim__shrink_choice *attempt; /* room for one attempt */
    char *other_tape;                   /* of another failure on the way; NULL: none was seen */
    char other_verdict[SIM__FATE_TEXT_BYTES];
    uint64_t run_count;
    uint64_t run_count_max;
    double seconds_end;
    int milliseconds; /* for one attempt */
    uint64_t random;
};

static bool sim__names_thread(const struct sim__shrink_choice *choice)
{
    return strncmp(choice->label, "schedule.", 9) == 0;
}

static bool sim__names_point(const struct sim__shrink_choice *choice)
{
    return strcmp(choice->label, "schedule.switch") == 0
           || strcmp(choice->label, "memory.stale") == 0
           || strcmp(choice->label, "memory.spurious") == 0
           || strcmp(choice->label, "inject.kill") == 0;
}

static bool sim__is_cheaper(const struct sim__shrink_cost *a, const struct sim__shrink_cost *b)
{
    return a->count != b->count ? a->count < b->count : a->size < b->size;
}

static struct sim__shrink_cost sim__cost_of(const struct sim__shrink_choice *choices, size_t count)
{
    struct sim__shrink_cost cost = {.count = count};
    for (size_t i = 0; i < count; i++) {
        cost.size += sim__names_thread(&choices[i]) ? 0 : choices[i].value;
        cost.size += sim__names_point(&choices[i]) ? choices[i].nth : 0;
    }
    return cost;
}

static bool sim__shrink_has_budget(const struct sim__shrink *shrink)
{
    return shrink->run_count < shrink->run_count_max && sim__real_seconds() < shrink->seconds_end;
}

static uint64_t sim__shrink_random(struct sim__shrink *shrink)
{
    shrink->random += UINT64_C(0x9e3779b97f4a7c15);
    return sim__mix(shrink->random);
}

/* Takes a recorded tape apart; its last line may be cut if the run was ended from outside. */
static size_t sim__tape_split(char *tape, struct sim__shrink_choice **out_choices)
{
    size_t capacity = 1;
    size_t count = 0;
    for (const char *at = tape; *at != '\0'; at++) {
        capacity += *at == '\n' ? 1 : 0;
    }
    *out_choices = sim__must(calloc(capacity, sizeof(**out_choices)));
    char *line = strchr(tape, '\n');
    while (line != NULL && line[1] != '\0') {
        char *end = NULL;
        struct sim__shrink_choice choice = {.value = strtoull(line + 1, &end, 10)};
        choice.nth = strtoull(end + 1, &end, 10);
        line = strchr(line + 1, '\n');
        if (line != NULL) {
            char *label = strchr(end + 1, ' ') + 1;
            label[-1] = '\0';
            *line = '\0';
            choice.scope = end + 1;
            choice.label = label;
            (*out_choices)[count++] = choice;
        }
    }
    return count;
}

static char *sim__shrink_text(
    const struct sim__shrink *shrink, const struct sim__shrink_choice *choices, size_t count)
{
    char header[256];
    sim__tape_header(header, sizeof(header), shrink->runner->scenario->name);
    size_t size = strlen(header) + 1;
    for (size_t i = 0; i < count; i++) {
        size += strlen(choices[i].scope) + strlen(choices[i].label) + 48;
    }
    char *text = sim__must(malloc(size));
    size_t used = (size_t)snprintf(text, size, "%s", header);
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(
            text + used,
            size - used,
            "%" PRIu64 " %" PRIu64 " %s %s\n",
            choices[i].value,
            choices[i].nth,
            choices[i].scope,
            choices[i].label);
    }
    return text;
}

/* Takes over what an attempt recorded, if it is the first or cheaper than the best. */
static bool
sim__shrink_adopt(struct sim__shrink *shrink, const char *text, const struct sim__attempt *attempt)
{
    struct sim__shrink_choice *choices = NULL;
    char *tape = sim__must(strdup(text));
    size_t count = sim__tape_split(tape, &choices);
    struct sim__shrink_cost cost = sim__cost_of(choices, count);
    if (shrink->tape != NULL && !sim__is_cheaper(&cost, &shrink->cost)) {
        free(choices);
        free(tape);
        return false;
    }
    free(shrink->tape);
    free(shrink->choices);
    shrink->tape = tape;
    shrink->choices = choices;
    shrink->count = count;
    shrink->cost = cost;
    memcpy(shrink->verdict, attempt->verdict, sizeof(shrink->verdict));
    shrink->attempt = sim__must(realloc(shrink->attempt, (count + 1) * sizeof(*shrink->attempt)));
    return true;
}

/* Keeps the first tape that fails in another way. */
static void sim__shrink_see_other(struct sim__shrink *shrink, const struct sim__attempt *attempt)
{
    if (shrink->other_tape == NULL && !attempt->is_endless) {
        shrink->other_tape = sim__must(strdup(shrink->fate->tape));
        memcpy(shrink->other_verdict, attempt->verdict, sizeof(shrink->other_verdict));
    }
}

/* From now on attempts replay this tape, whatever the command line's run drew from. */
static void sim__shrink_replay(struct sim__shrink *shrink, const char *tape)
{
    shrink->options.tape_text = tape;
    shrink->options.is_boring = false;
    shrink->options.is_strict = false;
    shrink->options.has_then_seed = false;
    shrink->options.bytes = NULL;
}

/* Tries the first `count` of shrink->attempt; keeps it if it fails in the way looked for, with
 * less. */
static bool sim__shrink_try(struct sim__shrink *shrink, size_t count)
{
    struct sim__attempt attempt;
    if (!sim__shrink_has_budget(shrink)) {
        return false;
    }
    char *tape = sim__shrink_text(shrink, shrink->attempt, count);
    sim__shrink_replay(shrink, tape);
    shrink->run_count++;
    (void)sim__attempt_run(
        shrink->runner, &shrink->options, shrink->fate, NULL, shrink->milliseconds, &attempt);
    shrink->options.tape_text = NULL;
    free(tape);
    if (!attempt.is_failed) {
        return false;
    }
    if (strcmp(attempt.identity, shrink->identity) != 0) {
        sim__shrink_see_other(shrink, &attempt);
        return false;
    }
    return sim__shrink_adopt(shrink, shrink->fate->tape, &attempt);
}

#endif

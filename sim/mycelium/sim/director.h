// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The public functions of one run: its creation, its director's calls, its end. Part of the
 * implementation unit.
 */
#ifndef MYC_SIM_DIRECTOR_H
#define MYC_SIM_DIRECTOR_H

#include <mycelium/sim/choice_options.h>
#include <mycelium/sim/internal.h>
#include <mycelium/sim/parts.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct myc_sim *sim__world_now;

// ---- One run ----

static void sim__director_main(void *context)
{
    struct myc_sim *world = context;
    world->scenario->run(world);
}

/* The options that kill a process or refuse it memory, as the command line has them. */
void sim__repro_breaks(const struct myc_sim_options *options, char *text, size_t text_bytes)
{
    text[0] = '\0';
    if (options->crash_process != NULL && options->crash_point > 0) {
        int used = snprintf(
            text,
            text_bytes,
            " --crash-at %s:%llu",
            options->crash_process,
            (unsigned long long)(options->crash_point - 1));
        if (options->crash_next_point > 0 && (size_t)used < text_bytes) {
            (void)snprintf(
                text + used,
                text_bytes - (size_t)used,
                " --crash-next %llu",
                (unsigned long long)(options->crash_next_point - 1));
        }
    }
    if (options->fail_allocation_process != NULL && options->fail_allocation_number > 0) {
        size_t used = strlen(text);
        (void)snprintf(
            text + used,
            text_bytes - used,
            " --%s %s:%llu",
            options->fail_allocation_is_sticky ? "alloc-fail-from" : "alloc-fail-at",
            options->fail_allocation_process,
            (unsigned long long)(options->fail_allocation_number - 1));
    }
}

static bool sim__world_init(
    struct myc_sim *world,
    const struct myc_sim_scenario *scenario,
    const struct myc_sim_options *options,
    struct myc_sim_result *result)
{
    world->scenario = scenario;
    world->options = options;
    world->report = result->report;
    world->os_process = getpid();
    world->hash = UINT64_C(0x6d7963656c69756d);
    world->steps_max = UINT64_C(100000000);
    world->virtual_ns_max = UINT64_C(86400000000000);
    world->priority_low = UINT64_C(1) << 40;
    world->are_faults_on = true;
    world->profile.step_ns = 1;
    world->mark_passed = result->mark_passed;
    world->mark_held = result->mark_held;
    if (myc_sim_mark_count() > MYC_SIM_MARKS_MAX) {
        return sim__marks_check(result->report, sizeof(result->report));
    }
    if (options->faults != NULL
        && !sim__faults_restrict(world, options->faults, result->report, sizeof(result->report))) {
        return false;
    }
    if (!sim__world_init_choices(world)) {
        return false;
    }
    sim__world_init_repro(world);
    if (options->history != NULL) {
        world->history = options->history;
        world->choices.watcher = world;
        world->choices.is_counting = true; // so that draws have their numbers
        sim__history_begin(world);
    }
    world->is_watched = options->is_verbose || options->events_count > 0 || world->history != NULL;
    return true;
}

static void sim__world_run(struct myc_sim *world)
{
    sim__fiber_init_root(&world->root);
    world->running = &world->root;
    sim__draw_profile(world);
    sim__memory_start(world);
    sim__draw_preemption(world);
    struct sim__host *host = sim__host_find(world, "director");
    world->director = sim__process_create(world, host, "director");
    world->director->is_director = true;
    world->director_thread = sim__thread_start(world->director, "main", sim__director_main, world);
    sim__give_way(world);
    world->current = NULL;
    uint64_t stale_count = sim__memory_stale_count(world);
    if (stale_count > 0 && world->counter_count < MYC_SIM_COUNTERS_MAX) {
        myc_sim_count(world, "loads of older values", stale_count);
    }
}

/* What became of the tape. A strict one fails the run, if nothing else did before. */
static void sim__world_collect_choices(struct myc_sim *world, struct myc_sim_result *result)
{
    struct sim__choice_source *choices = &world->choices;
    if (!world->is_failed) {
        sim__choice_finish_strict(choices);
        if (choices->mismatch[0] != '\0') {
            (void)snprintf(world->verdict, sizeof(world->verdict), "%s", choices->mismatch);
            world->is_failed = true;
            sim__report_failure(world);
        }
    }
    result->draw_count = choices->draw_count;
    result->draw = choices->seen;
    result->tape_entry_count = choices->is_strict ? 0 : choices->entry_count;
    result->tape_unused_count = choices->is_strict ? 0 : choices->entry_count - choices->used_count;
    result->tape_unused_line = choices->is_strict ? 0 : sim__choice_unused_line(choices);
    result->tape_clamped_count = choices->clamped_count;
    if (!choices->is_record_fixed) {
        result->tape_text = choices->record;
        choices->record = NULL;
    }
    result->bytes = choices->kept;
    result->bytes_size = choices->kept_size;
    choices->kept = NULL;
}

static void sim__world_collect(struct myc_sim *world, struct myc_sim_result *result)
{
    sim__expect_settle(world);
    sim__world_collect_choices(world, result);
    result->is_failed = world->is_failed;
    result->event_hash = world->hash;
    result->event_count = world->note_count;
    result->step_count = world->steps;
    result->virtual_ns = sim__now(world);
    result->check_count = world->check_count;
    result->check_failed_count = world->is_failed ? 1 : 0;
    result->preemption_count = world->preemption_count;
    for (int i = 0; i < MYC_SIM_FAULT_COUNT; i++) {
        result->fault_offered[i] = world->faults[i].offered;
        result->fault_injected[i] = world->faults[i].injected;
        result->fault_effect[i] = world->faults[i].effect;
        result->fault_expected[i] = world->faults[i].expected;
        result->fault_runs[i] = world->faults[i].was_on ? 1 : 0;
    }
    memcpy(result->counters, world->counters, world->counter_count * sizeof(world->counters[0]));
    result->counter_count = world->counter_count;
    if (world->crash_process != NULL) {
        result->crash_process_id = world->crash_process->id;
        result->crash_points = world->crash_process->points;
    }
    if (world->crash_next_process != NULL) {
        result->crash_next_points = world->crash_next_process->points;
    }
    if (world->fail_allocation_process != NULL) {
        result->fail_allocation_process_id = world->fail_allocation_process->id;
        result->allocation_count = world->fail_allocation_process->allocation_count;
    }
    result->checkpoints = world->checkpoints;
    result->checkpoint_count = world->checkpoint_count;
    world->checkpoints = NULL;
    result->events_text = world->events_text;
    world->events_text = NULL;
}

static void sim__world_deinit(struct myc_sim *world)
{
    for (size_t i = SIM__PART_COUNT; i > 0; i--) {
        if (sim__parts[i - 1]->world_end != NULL) {
            sim__parts[i - 1]->world_end(world);
        }
    }
    for (struct sim__thread *it = world->threads; it != NULL; it = it->all_next) {
        sim__fiber_destroy(&it->fiber, world->stacks);
    }
    while (world->allocations != NULL) {
        sim__free(world, world->allocations + 1);
    }
    free(world->ready);
    free(world->events);
    free(world->event_heap);
    free(world->checkpoints);
    free(world->events_text);
    sim__choice_deinit(&world->choices);
}

bool myc_sim_run(
    const struct myc_sim_scenario *scenario,
    const struct myc_sim_options *options,
    struct myc_sim_result *out_result)
{
    struct myc_sim *world = sim__must(calloc(1, sizeof(*world)));
    struct myc_sim_stack_cache own_stacks = {NULL};
    memset(out_result, 0, sizeof(*out_result));
    world->stacks = options->stack_cache != NULL ? options->stack_cache : &own_stacks;
    sim__world_now = world;
    bool is_readable = sim__world_init(world, scenario, options, out_result);
    if (is_readable) {
        sim__world_run(world);
        sim__world_collect(world, out_result);
        if (world->history != NULL) {
            sim__history_finish(world, out_result);
        }
    }
    sim__world_deinit(world);
    sim__world_now = NULL;
    sim__stack_pool_deinit(&own_stacks);
    free(world);
    return is_readable;
}

void myc_sim_result_deinit(struct myc_sim_result *result)
{
    free(result->tape_text);
    free(result->bytes);
    result->bytes = NULL;
    free(result->checkpoints);
    free(result->events_text);
    result->events_text = NULL;
    result->tape_text = NULL;
    result->checkpoints = NULL;
}

void myc_sim_stack_cache_deinit(struct myc_sim_stack_cache *cache)
{
    sim__stack_pool_deinit(cache);
}

// ---- Processes ----

struct sim__process *sim__known_process(struct myc_sim *sim, struct myc_sim_process process)
{
    struct sim__process *found = sim__process_find(sim, process.id);
    if (found == NULL || found->is_director) {
        sim__fail(sim, "the scenario names process %u, which was never started", process.id);
    }
    return found;
}

struct myc_sim_process myc_sim_start(
    struct myc_sim *sim, const char *host, const char *name, myc_sim_main_fn *main_fn, void *arg)
{
    struct sim__host *where = sim__host_find(sim, host);
    return (struct myc_sim_process){sim__process_start(sim, where, name, main_fn, arg, 0)->id};
}

void myc_sim_register_program(
    struct myc_sim *sim, const char *name, myc_sim_main_fn *main_fn, void *arg)
{
    if (sim->program_count == SIM__PROGRAMS_MAX) {
        sim__fail(sim, "a run can register at most %d programs", SIM__PROGRAMS_MAX);
    }
    sim->programs[sim->program_count++] = (struct sim__program){name, main_fn, arg};
}

void myc_sim_kill(struct myc_sim *sim, struct myc_sim_process process)
{
    sim__process_end(sim__known_process(sim, process), true, -1);
}

void myc_sim_kill_at(struct myc_sim *sim, struct myc_sim_process process, uint64_t nth_point)
{
    struct sim__process *target = sim__known_process(sim, process);
    target->kill_at = nth_point == 0 ? UINT64_MAX : target->points + nth_point;
    sim__plan_stop(target);
}

void myc_sim_allow_kill(struct myc_sim *sim, struct myc_sim_process process, uint32_t kills_max)
{
    struct sim__process *target = sim__known_process(sim, process);
    struct sim__kill_budget *budget = sim__kill_budget(sim, target->name);
    if (budget == NULL) {
        if (sim->kill_count == SIM__PROGRAMS_MAX) {
            sim__fail(sim, "a run can allow kills of at most %d names", SIM__PROGRAMS_MAX);
        }
        budget = &sim->kills[sim->kill_count++];
        memcpy(budget->name, target->name, sizeof(budget->name));
    }
    budget->left = kills_max > budget->used ? kills_max - budget->used : 0;
    sim__fault_allow(sim, MYC_SIM_FAULT_KILL, true);
    sim__draw_kill(target);
}

bool myc_sim_is_running(struct myc_sim *sim, struct myc_sim_process process)
{
    return !sim__known_process(sim, process)->is_ended;
}

bool myc_sim_was_killed(struct myc_sim *sim, struct myc_sim_process process)
{
    return sim__known_process(sim, process)->was_killed;
}

int myc_sim_exit_code(struct myc_sim *sim, struct myc_sim_process process)
{
    return sim__known_process(sim, process)->exit_code;
}

uint64_t myc_sim_allocations_refused(struct myc_sim *sim, struct myc_sim_process process)
{
    return sim__known_process(sim, process)->refused_count;
}

uint64_t myc_sim_points(struct myc_sim *sim, struct myc_sim_process process)
{
    return sim__known_process(sim, process)->points;
}

void myc_sim_tolerate_leaks(struct myc_sim *sim, struct myc_sim_process process)
{
    sim__known_process(sim, process)->tolerates_leaks = true;
}

// ---- Time ----

static bool sim__ask(struct myc_sim *sim, myc_sim_predicate_fn *predicate, void *context)
{
    struct sim__thread *self = sim->current;
    sim->current = NULL;
    bool holds = predicate(context);
    sim->current = self;
    return holds;
}

static void sim__expect_director(struct myc_sim *sim, const char *function)
{
    if (sim->current != sim->director_thread) {
        sim__fail(sim, "%s was called outside the director", function);
    }
}

bool myc_sim_run_until(
    struct myc_sim *sim, myc_sim_predicate_fn *predicate, void *context, uint64_t deadline_ns)
{
    sim__expect_director(sim, "myc_sim_run_until");
    if (sim__ask(sim, predicate, context)) {
        return true;
    }
    sim->is_quiescent = false;
    sim->predicate = predicate;
    sim->predicate_context = context;
    enum sim__wake wake =
        sim__block(sim, &sim->director_queue, deadline_ns, "the director's condition");
    sim->predicate = NULL;
    return wake == SIM__WOKEN || sim__ask(sim, predicate, context);
}

void myc_sim_run_for(struct myc_sim *sim, uint64_t duration_ns)
{
    sim__expect_director(sim, "myc_sim_run_for");
    (void)sim__block(
        sim, &sim->director_queue, sim__now(sim) + duration_ns, "the director's pause");
}

uint64_t myc_sim_now_ns(struct myc_sim *sim)
{
    return sim__now(sim);
}

void myc_sim_limits(struct myc_sim *sim, uint64_t steps_max, uint64_t virtual_ns_max)
{
    sim->steps_max = steps_max;
    sim->virtual_ns_max = virtual_ns_max;
    sim->slow_at = steps_max < sim->slow_at ? steps_max : sim->slow_at;
}

// ---- Choices, faults, verdicts ----

uint64_t myc_sim_choose(struct myc_sim *sim, const char *label, uint64_t bound)
{
    return sim__choose(sim, label, bound);
}

bool myc_sim_chance(
    struct myc_sim *sim, const char *label, uint64_t numerator, uint64_t denominator)
{
    return sim__chance(sim, label, numerator, denominator);
}

uint64_t myc_sim_range(struct myc_sim *sim, const char *label, uint64_t low, uint64_t high)
{
    return sim__range(sim, label, low, high);
}

void myc_sim_faults(struct myc_sim *sim, bool are_on)
{
    sim__faults_turn(sim, are_on);
    if (!are_on) {
        sim__pauses_end(sim);
    }
    if (!are_on) {
        sim__cuts_end(sim, UINT32_MAX);
    }
}

void myc_sim_allow(struct myc_sim *sim, enum myc_sim_fault fault, bool is_allowed)
{
    sim__fault_allow(sim, fault, is_allowed);
    if (sim__fault_is_planned(fault)) {
        sim__plan_host_faults(sim, NULL);
    }
}

void myc_sim_check(struct myc_sim *sim, bool holds, const char *text)
{
    sim->check_count++;
    if (!holds) {
        sim__fail(sim, "oracle: %s", text);
    }
    if (sim->history != NULL) {
        sim__history_check(sim, text);
    }
}

void myc_sim_fail(struct myc_sim *sim, const char *format, ...)
{
    if (!sim->is_failed) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(sim->verdict, sizeof(sim->verdict), format, arguments);
        va_end(arguments);
        sim->is_failed = true;
        if (sim->history != NULL) {
            sim__history_fail(sim);
        }
        sim__report_failure(sim);
    }
    if (sim->running == &sim->root) {
        (void)fprintf(stderr, "the world failed while no thread ran: %s\n", sim->verdict);
        abort();
    }
    // Nothing is unwound: the first failure ends the run where it stands.
    sim->is_over = true;
    sim__switch(sim, &sim->root);
    abort(); // nobody switches back
}

void myc_sim_count(struct myc_sim *sim, const char *name, uint64_t amount)
{
    for (uint32_t i = 0; i < sim->counter_count; i++) {
        if (strncmp(sim->counters[i].name, name, MYC_SIM_COUNTER_NAME_BYTES - 1) == 0) {
            sim->counters[i].amount += amount;
            return;
        }
    }
    if (sim->counter_count == MYC_SIM_COUNTERS_MAX) {
        sim__fail(sim, "a run can have at most %d counters", MYC_SIM_COUNTERS_MAX);
    }
    struct myc_sim_counter *counter = &sim->counters[sim->counter_count++];
    (void)snprintf(counter->name, sizeof(counter->name), "%s", name);
    counter->amount = amount;
}

/* What is said is part of the run: an address in it makes two runs differ. */
static uint64_t sim__log_hash(const char *line)
{
    uint64_t hash = 1;
    for (; *line != '\0'; line++) {
        hash = sim__mix(hash ^ (unsigned char)*line);
    }
    return hash;
}

void myc_sim_log(struct myc_sim *sim, const char *format, ...)
{
    uint64_t now = sim__now(sim);
    char *line = sim->log_tail[sim->log_count % SIM__LOG_TAIL];
    int used = snprintf(
        line,
        SIM__LOG_LINE_BYTES,
        "[%llu.%06llu ms] ",
        (unsigned long long)(now / 1000000),
        (unsigned long long)(now % 1000000));
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line + used, SIM__LOG_LINE_BYTES - (size_t)used, format, arguments);
    va_end(arguments);
    sim->log_count++;
    sim__note(sim, SIM__NOTE_LOG, sim->log_count, sim__log_hash(line));
    if (sim->options->is_verbose) {
        (void)fprintf(stderr, "%s\n", line);
    }
}

#endif

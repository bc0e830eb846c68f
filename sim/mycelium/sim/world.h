// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Hosts, processes, threads, descriptors and mappings. Part of the implementation unit.
 */
#ifndef MYC_SIM_WORLD_H
#define MYC_SIM_WORLD_H

#include <mycelium/sim/clock.h>
#include <mycelium/sim/internal.h>
#include <mycelium/sim/parts.h>
#include <mycelium/sim/script.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Memory of the harness ----

struct sim__heap_block {
    struct sim__heap_block *next;
    struct sim__heap_block *previous;
    uint64_t align[2]; /* what follows is aligned for anything */
};

void *sim__allocate(struct myc_sim *world, size_t size)
{
    struct sim__heap_block *block = sim__must(calloc(1, sizeof(*block) + size));
    block->next = world->allocations;
    if (block->next != NULL) {
        block->next->previous = block;
    }
    world->allocations = block;
    return block + 1;
}

/* Not inlined: gcc 12 then suspects a null block in callers that cannot have one. */
__attribute__((noinline)) void sim__free(struct myc_sim *world, void *memory)
{
    if (memory == NULL) {
        return;
    }
    struct sim__heap_block *block = (struct sim__heap_block *)memory - 1;
    if (block->previous != NULL) {
        block->previous->next = block->next;
    } else {
        world->allocations = block->next;
    }
    if (block->next != NULL) {
        block->next->previous = block->previous;
    }
    free(block);
}

/* Copies a name, cut to fit; spaces would break the lines of a tape. */
void sim__copy_name(char *target, size_t target_bytes, const char *source)
{
    size_t i = 0;
    for (; i + 1 < target_bytes && source[i] != '\0'; i++) {
        target[i] = source[i] == ' ' || source[i] == '\n' ? '_' : source[i];
    }
    target[i] = '\0';
}

// ---- Objects and descriptors ----

void sim__object_init(
    struct myc_sim *world, struct sim__object *object, const struct sim__object_ops *ops)
{
    *object = (struct sim__object){.ops = ops, .id = ++world->object_next, .references = 1};
}

void sim__object_retain(struct sim__object *object)
{
    object->references++;
}

void sim__object_drop(struct myc_sim *world, struct sim__object *object)
{
    if (object != NULL && --object->references == 0) {
        sim__object_unwatch(world, object);
        object->ops->release(world, object);
    }
}

/* The index of the next descriptor of a process. False: it gets none. */
static bool sim__descriptor_next(const struct sim__process *process, uint32_t *out_index)
{
    uint32_t index = 0;
    while (index < process->descriptor_capacity && process->descriptors[index] != NULL) {
        index++;
    }
    *out_index = index;
    if (index >= SIM__HANDLES_MAX || sim__fault(process->world, MYC_SIM_FAULT_HANDLE_LIMIT)) {
        sim__fault_effect(process->world, MYC_SIM_FAULT_HANDLE_LIMIT);
        return false;
    }
    return true;
}

bool sim__descriptors_are_short(const struct sim__process *process)
{
    uint32_t index = 0;
    return !sim__descriptor_next(process, &index);
}

struct myc_handle sim__descriptor_insert(struct sim__process *process, struct sim__object *object)
{
    struct myc_sim *world = process->world;
    uint32_t index = 0;
    if (!sim__descriptor_next(process, &index)) {
        return (struct myc_handle){0};
    }
    if (index == process->descriptor_capacity) {
        uint32_t capacity = index * 2 + 8;
        struct sim__object **grown = sim__allocate(world, capacity * sizeof(*grown));
        if (index > 0) {
            memcpy(grown, process->descriptors, index * sizeof(*grown));
        }
        sim__free(world, process->descriptors);
        process->descriptors = grown;
        process->descriptor_capacity = capacity;
    }
    process->descriptors[index] = object;
    process->descriptor_count++;
    sim__object_retain(object);
    return (struct myc_handle){(uint64_t)index + 1};
}

struct sim__object *sim__descriptor_lookup(
    struct sim__process *process, struct myc_handle handle, const struct sim__object_ops *ops)
{
    if (handle.value == 0 || handle.value > process->descriptor_capacity) {
        return NULL;
    }
    struct sim__object *object = process->descriptors[handle.value - 1];
    return object != NULL && (ops == NULL || object->ops == ops) ? object : NULL;
}

bool sim__descriptor_close(struct sim__process *process, struct myc_handle handle)
{
    struct sim__object *object = sim__descriptor_lookup(process, handle, NULL);
    if (object == NULL) {
        return false;
    }
    process->descriptors[handle.value - 1] = NULL;
    process->descriptor_count--;
    if (object->ops->closed != NULL) {
        object->ops->closed(process->world, object, process);
    }
    sim__object_drop(process->world, object);
    return true;
}

// ---- Mappings ----

void sim__mapping_add(
    struct sim__process *process, const void *base, size_t bytes, uint64_t segment, uint64_t offset)
{
    if (process->mapping_count == process->mapping_capacity) {
        uint32_t capacity = process->mapping_capacity * 2 + 8;
        struct sim__mapping *grown = sim__allocate(process->world, capacity * sizeof(*grown));
        if (process->mapping_count > 0) {
            memcpy(grown, process->mappings, process->mapping_count * sizeof(*grown));
        }
        sim__free(process->world, process->mappings);
        process->mappings = grown;
        process->mapping_capacity = capacity;
    }
    process->mappings[process->mapping_count++] =
        (struct sim__mapping){(uintptr_t)base, bytes, segment, offset};
}

void sim__mapping_remove(struct sim__process *process, const void *base)
{
    for (uint32_t i = 0; i < process->mapping_count; i++) {
        if (process->mappings[i].base == (uintptr_t)base) {
            process->mappings[i] = process->mappings[--process->mapping_count];
            return;
        }
    }
}

bool sim__mapping_find(
    const struct sim__process *process,
    const void *address,
    uint64_t *out_segment,
    uint64_t *out_offset)
{
    for (uint32_t i = 0; i < process->mapping_count; i++) {
        const struct sim__mapping *mapping = &process->mappings[i];
        uintptr_t offset = (uintptr_t)address - mapping->base;
        if ((uintptr_t)address >= mapping->base && offset < mapping->bytes) {
            *out_segment = mapping->segment;
            *out_offset = offset + mapping->offset;
            return true;
        }
    }
    return false;
}

// ---- Hosts ----

struct sim__host *sim__host_find(struct myc_sim *world, const char *name)
{
    char cut[SIM__NAME_BYTES];
    sim__copy_name(cut, sizeof(cut), name);
    struct sim__host **link = &world->hosts;
    for (; *link != NULL; link = &(*link)->next) {
        if (strcmp((*link)->name, cut) == 0) {
            return *link;
        }
    }
    struct sim__host *host = sim__allocate(world, sizeof(*host));
    *link = host;
    memcpy(host->name, cut, sizeof(cut));
    host->id = ++world->host_count;
    host->pid_next = 100;
    // Hosts booted at different times, and none when the world began.
    host->monotonic_base_ns = UINT64_C(1000000000) * (1000 * host->id + 7);
    host->wall_offset_ns = INT64_C(1700000000000000000);
    if (world->profile.has_drift) {
        static const int64_t drifts[] = {0, 100, -100, 1000, -1000};
        host->drift_ppm = drifts[sim__choose(world, "host.drift", 5)];
    }
    sim__host_draw_boot_id(host);
    return host;
}

// ---- Threads ----

/* What every fiber runs. */
static void sim__thread_main(void *argument)
{
    struct sim__thread *thread = argument;
    struct sim__process *process = thread->process;
    struct myc_sim *world = process->world;
    sim__reap(world);
    if (process->is_director) {
        thread->fn(thread->context);
        world->is_over = true;
        sim__switch(world, &world->root);
    } else if (thread->number == 1) {
        int exit_code = process->main_fn(&process->platform, process->arg);
        sim__process_end(process, false, exit_code);
    } else {
        thread->fn(thread->context);
        sim__note(world, SIM__NOTE_EXIT, process->id, thread->number);
        sim__thread_end(thread);
        (void)sim__wake(world, &thread->joiners, UINT32_MAX);
        sim__give_way(world);
    }
    abort(); // nobody switches to a thread that ended
}

/* "process/thread"; a later one of the same name, such as a restart, gets its number. */
static void sim__thread_name(struct sim__thread *thread, const char *name)
{
    char *scope = thread->scope;
    const char *process = thread->process->name;
    unsigned starts = 0;
    int size = snprintf(scope, sizeof(thread->scope), "%s/%s", process, name);
    for (const struct sim__thread *it = thread->all_next; it != NULL; it = it->all_next) {
        bool is_same = strncmp(it->scope, scope, (size_t)size) == 0;
        starts += is_same && (it->scope[size] == '\0' || it->scope[size] == '#') ? 1 : 0;
    }
    if (starts > 0) {
        (void)snprintf(scope, sizeof(thread->scope), "%s/%s#%u", process, name, starts + 1);
    }
}

struct sim__thread *
sim__thread_start(struct sim__process *process, const char *name, myc_thread_fn *fn, void *context)
{
    struct myc_sim *world = process->world;
    struct sim__thread *thread = sim__allocate(world, sizeof(*thread));
    thread->process = process;
    thread->next = process->threads;
    process->threads = thread;
    process->thread_count++;
    thread->all_next = world->threads;
    world->threads = thread;
    thread->id = ++world->thread_count;
    thread->number = ++process->thread_next;
    thread->fn = fn;
    thread->context = context;
    char short_name[16];
    if (name != NULL && name[0] != '\0') {
        sim__copy_name(short_name, sizeof(short_name), name);
    } else {
        (void)snprintf(short_name, sizeof(short_name), "thread-%u", thread->number);
    }
    sim__thread_name(thread, short_name);
    sim__fiber_create(&thread->fiber, world->stacks, sim__thread_main, thread);
    sim__set_priority(world, thread);
    sim__memory_thread_start(world, thread);
    sim__note(world, SIM__NOTE_THREAD, process->id, thread->number);
    sim__ready_append(world, thread);
    sim__progress(world);
    return thread;
}

/* Takes a thread out of the world for good; its stack goes when no longer in use. */
void sim__thread_end(struct sim__thread *thread)
{
    struct myc_sim *world = thread->process->world;
    if (thread->state == SIM__DEAD) {
        return;
    }
    if (thread->state == SIM__READY) {
        uint32_t index = 0;
        while (world->ready[index] != thread) {
            index++;
        }
        (void)sim__ready_take(world, index);
    }
    sim__unqueue(world, thread);
    sim__memory_thread_end(world, thread);
    thread->state = SIM__DEAD;
    thread->process->thread_count--;
    thread->queue_next = world->zombies;
    world->zombies = thread;
}

// ---- Processes ----

struct sim__process *sim__process_find(struct myc_sim *world, uint32_t id)
{
    struct sim__process *process = world->processes;
    while (process != NULL && process->id != id) {
        process = process->next;
    }
    return process;
}

struct sim__process *sim__process_current(struct myc_sim *world)
{
    return world->current != NULL ? world->current->process : NULL;
}

/* A fresh pid, or by a fault one that an ended process of the host had. */
static uint64_t sim__pid_take(struct myc_sim *world, struct sim__host *host)
{
    uint64_t reused = 0;
    for (struct sim__process *it = world->processes; it != NULL; it = it->next) {
        if (it->host == host && it->is_ended) {
            reused = it->pid;
        }
    }
    for (struct sim__process *it = world->processes; it != NULL; it = it->next) {
        if (it->host == host && !it->is_ended && it->pid == reused) {
            reused = 0;
        }
    }
    // The host decides, whoever starts the process: faults spare the director, not what it starts.
    struct sim__thread *self = world->current;
    world->current = NULL;
    bool is_reused = reused != 0 && sim__fault(world, MYC_SIM_FAULT_PID_REUSE);
    world->current = self;
    if (is_reused) {
        sim__fault_effect(world, MYC_SIM_FAULT_PID_REUSE);
        return reused;
    }
    return host->pid_next++;
}

struct sim__process *
sim__process_create(struct myc_sim *world, struct sim__host *host, const char *name)
{
    struct sim__process *process = sim__allocate(world, sizeof(*process));
    process->world = world;
    process->host = host;
    sim__copy_name(process->name, sizeof(process->name), name);
    process->id = ++world->process_count;
    process->pid = sim__pid_take(world, host);
    // Two starts never share pid and start time, as on a real host.
    process->start_time = sim__now(world) / 10000000 + process->id;
    process->exit_code = -1;
    process->stop_at = UINT64_MAX;
    process->kill_at = UINT64_MAX;
    process->random_kill_at = UINT64_MAX;
    for (int i = 0; i < SIM__PLAN_COUNT; i++) {
        process->planned_at[i] = UINT64_MAX;
    }
    *(world->process_last != NULL ? &world->process_last->next : &world->processes) = process;
    world->process_last = process;
    return process;
}

/* Whether this is the start that "NAME" or "NAME#2" means: the first or the second of that name. */
static bool sim__is_start(const struct sim__process *process, const char *wanted, uint64_t later)
{
    const char *number = strrchr(wanted, '#');
    size_t size = strlen(wanted);
    uint64_t nth = 0;
    if (number != NULL && number[1] != '\0'
        && strspn(number + 1, "0123456789") == strlen(number + 1)) {
        size = (size_t)(number - wanted);
        nth = strtoull(number + 1, NULL, 10);
    }
    if (strlen(process->name) != size || memcmp(process->name, wanted, size) != 0) {
        return false;
    }
    uint64_t starts = 0;
    const struct sim__process *it = process->world->processes;
    for (; it != NULL && it->id <= process->id; it = it->next) {
        starts += strcmp(it->name, process->name) == 0 ? 1 : 0;
    }
    return starts == (nth == 0 ? 1 : nth) + later;
}

/* What the options do to this very process. */
static void sim__heed_options(struct sim__process *process)
{
    struct myc_sim *world = process->world;
    const struct myc_sim_options *options = world->options;
    if (options->crash_process != NULL && sim__is_start(process, options->crash_process, 0)) {
        world->crash_process = process;
        process->kill_at = options->crash_point == 0 ? UINT64_MAX : options->crash_point;
    }
    if (options->crash_process != NULL && sim__is_start(process, options->crash_process, 1)) {
        world->crash_next_process = process;
        process->kill_at = options->crash_next_point == 0 ? UINT64_MAX : options->crash_next_point;
    }
    const char *refused = options->fail_allocation_process;
    if (refused != NULL && sim__is_start(process, refused, 0)) {
        world->fail_allocation_process = process;
    }
}

struct sim__process *sim__process_start(
    struct myc_sim *world,
    struct sim__host *host,
    const char *name,
    myc_sim_main_fn *main_fn,
    void *arg,
    uint32_t parent_id)
{
    struct sim__process *process = sim__process_create(world, host, name);
    process->main_fn = main_fn;
    process->arg = arg;
    process->parent_id = parent_id;
    sim__note(world, SIM__NOTE_START, process->id, process->pid);
    for (size_t i = 0; i < SIM__PART_COUNT; i++) {
        if (sim__parts[i]->start != NULL) {
            sim__parts[i]->start(process);
        }
    }
    if (world->history != NULL) {
        sim__history_watch(process);
    }
    sim__heed_options(process);
    sim__draw_kill(process);
    sim__plan_faults(process);
    (void)sim__thread_start(process, "main", NULL, NULL);
    return process;
}

static void sim__check_leaks(struct sim__process *process)
{
    if (process->tolerates_leaks) {
        return;
    }
    if (process->block_count > 0) {
        const struct sim__block_header *last = process->blocks;
        sim__fail(
            process->world,
            "leak: '%s' returned with %llu allocations (%llu bytes) not released; the last one is "
            "allocation %llu of %zu bytes, which %s made at %llu.%06llu ms",
            process->name,
            (unsigned long long)process->block_count,
            (unsigned long long)process->block_bytes,
            (unsigned long long)last->number,
            last->size,
            last->scope,
            (unsigned long long)(last->time_ns / 1000000),
            (unsigned long long)(last->time_ns % 1000000));
    }
    for (uint32_t i = 0; i < process->descriptor_capacity; i++) {
        if (process->descriptors[i] != NULL) {
            sim__fail(
                process->world,
                "leak: '%s' returned with %u handles not closed; one is handle %u, a %s",
                process->name,
                process->descriptor_count,
                i + 1,
                process->descriptors[i]->ops->kind);
        }
    }
}

void sim__process_end(struct sim__process *process, bool was_killed, int exit_code)
{
    struct myc_sim *world = process->world;
    struct sim__thread *self = world->current;
    if (process->is_ended) {
        return;
    }
    if (!was_killed) {
        sim__check_leaks(process);
    }
    sim__note(world, was_killed ? SIM__NOTE_KILL : SIM__NOTE_EXIT, process->id, 0);
    sim__progress(world);
    process->is_ended = true;
    process->was_killed = was_killed;
    process->exit_code = was_killed ? -1 : exit_code;
    world->current = NULL;
    for (struct sim__thread *thread = process->threads; thread != NULL; thread = thread->next) {
        sim__thread_end(thread);
    }
    for (uint32_t i = 0; i < process->descriptor_capacity; i++) {
        (void)sim__descriptor_close(process, (struct myc_handle){(uint64_t)i + 1});
    }
    for (size_t i = SIM__PART_COUNT; i > 0; i--) {
        if (sim__parts[i - 1]->end != NULL) {
            sim__parts[i - 1]->end(process);
        }
    }
    process->mapping_count = 0;
    while (process->exit_watches != NULL) {
        struct sim__exit_watch *watch = process->exit_watches;
        process->exit_watches = watch->next;
        watch->fn(world, process, watch->context);
    }
    world->current = self;
    if (self != NULL && self->process == process) {
        sim__give_way(world);
        abort(); // nobody switches to a thread that ended
    }
}

void sim__process_watch(struct sim__process *process, struct sim__exit_watch *watch)
{
    if (process->is_ended) {
        watch->fn(process->world, process, watch->context);
        return;
    }
    watch->next = process->exit_watches;
    process->exit_watches = watch;
}

void sim__process_unwatch(struct sim__process *process, struct sim__exit_watch *watch)
{
    struct sim__exit_watch **link = &process->exit_watches;
    for (; *link != NULL; link = &(*link)->next) {
        if (*link == watch) {
            *link = watch->next;
            return;
        }
    }
}

// ---- Kills ----

struct sim__kill_budget *sim__kill_budget(struct myc_sim *world, const char *name)
{
    for (uint32_t i = 0; i < world->kill_count; i++) {
        if (strcmp(world->kills[i].name, name) == 0) {
            return &world->kills[i];
        }
    }
    return NULL;
}

/* Draws the point at which the run's faults kill the process, if they do. */
void sim__draw_kill(struct sim__process *process)
{
    struct myc_sim *world = process->world;
    const struct sim__kill_budget *budget = sim__kill_budget(world, process->name);
    const struct sim__fault_state *state = &world->faults[MYC_SIM_FAULT_KILL];
    process->random_kill_at = UINT64_MAX;
    sim__planning_end(process, &process->kill_planning, MYC_SIM_FAULT_KILL);
    bool is_possible =
        budget != NULL && budget->left > 0 && state->is_allowed && !state->is_forbidden;
    if (is_possible && state->is_active) {
        sim__hide(world);
        uint64_t gap = sim__choice_gap(
            &world->choices, process->name, "fault.kill", state->rate, SIM__GAP_CAP);
        sim__unhide(world);
        sim__planning_begin(process, &process->kill_planning);
        if (gap > 0) {
            process->random_kill_at = process->points + gap;
        }
    }
    if (is_possible && world->is_scripted) {
        uint64_t named = sim__script_next_kill(process);
        process->random_kill_at = named < process->random_kill_at ? named : process->random_kill_at;
    }
    sim__plan_stop(process);
}

static void sim__kill_now(struct sim__process *process)
{
    struct myc_sim *world = process->world;
    struct sim__kill_budget *budget = sim__kill_budget(world, process->name);
    if (budget != NULL && budget->left > 0 && !process->is_ended) {
        budget->left--;
        budget->used++;
        if (budget->left == 0) {
            sim__kills_used_up(world, process->name);
        }
        world->faults[MYC_SIM_FAULT_KILL].injected++;
        world->faults[MYC_SIM_FAULT_KILL].effect++;
        sim__process_end(process, true, -1);
    }
}

static void sim__kill_waiting(struct myc_sim *world, void *context)
{
    struct sim__process *process = context;
    if (world->are_faults_on) {
        sim__kill_now(process);
    }
}

static bool sim__is_killed_waiting(struct myc_sim *world, const struct sim__process *process)
{
    bool happens = false;
    if (!world->are_faults_on) {
        return false;
    }
    if (process->random_kill_at != UINT64_MAX) {
        happens = sim__chance_hidden(world, "fault.kill.waiting", 200);
    }
    if (world->is_scripted && sim__kill_budget(world, process->name) != NULL) {
        happens = sim__script_fault(world, "inject.kill.waiting", happens);
    }
    return happens;
}

/* A process that waits passes no points: it may be killed in its sleep instead. */
void sim__maybe_kill_waiting(struct myc_sim *world, struct sim__process *process)
{
    if (sim__is_killed_waiting(world, process)) {
        uint64_t delay = sim__range(world, "fault.kill.delay", 0, 10000000);
        (void)sim__after(world, delay, sim__kill_waiting, process);
    }
}

void sim__process_stop_point(struct sim__process *process)
{
    struct myc_sim *world = process->world;
    if (process->points >= process->kill_at) {
        sim__process_end(process, true, -1);
    }
    if (process->points >= process->random_kill_at) {
        world->faults[MYC_SIM_FAULT_KILL].offered++;
        if (world->are_faults_on) {
            sim__script_kill(process);
            sim__kill_now(process);
        }
        sim__draw_kill(process);
    }
    sim__plan_point(process);
}

bool sim__program_find(
    struct myc_sim *world, const char *name, myc_sim_main_fn **out_main, void **out_arg)
{
    for (uint32_t i = 0; i < world->program_count; i++) {
        if (strcmp(world->programs[i].name, name) == 0) {
            *out_main = world->programs[i].main_fn;
            *out_arg = world->programs[i].arg;
            return true;
        }
    }
    return false;
}

#endif

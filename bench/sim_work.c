// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the simulator costs: one kind of work, named by the first argument, run for about the
 * seconds of the second, and two numbers on standard output: ns per unit, and units a run (kernel:
 * steps a run).
 *
 *     switch   from one fiber to another
 *     step     an atomic access as a scheduling point; two threads of one process, other draws
 *              every run (means something in the simcheck build only)
 *     kernel   a whole run: two threads, a ring, 8 messages of 8 bytes
 *     event    an event of the world: three threads with doorbells and deadlines
 *
 * Runs are made from the seeds 1, 2, 3 and on, so every strategy and rate has its part.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mycelium/atomic.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/thread.h>
#include <mycelium/ring.h>

enum {
    SWITCHES = 1000000,
    STEPS = 2000,
    WORDS = 4,
    MESSAGES = 8,
    MESSAGE_TYPE = 1,
    ROUNDS = 200,
    PAUSE_NS = 1000,
    LOOKS = 16 /* runs between two looks at the clock */
};

/* Time of this process, which has one thread and waits for nothing: others do not count. */
static double now_s(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// ---- Switching ----

static struct sim__fiber root;
static struct sim__fiber other;

static void switch_back(void *argument)
{
    (void)argument;
    for (;;) {
        sim__fiber_switch(&other, &root);
    }
}

static double measure_switch(double *out_units)
{
    struct myc_sim_stack_cache stacks = {NULL};
    sim__fiber_init_root(&root);
    sim__fiber_create(&other, &stacks, switch_back, NULL);
    sim__fiber_switch(&root, &other);
    double began = now_s();
    for (int i = 0; i < SWITCHES; i++) {
        sim__fiber_switch(&root, &other);
    }
    double passed = now_s() - began;
    sim__fiber_destroy(&other, &stacks);
    myc_sim_stack_cache_deinit(&stacks);
    *out_units = SWITCHES;
    return passed * 1e9 / (2.0 * SWITCHES);
}

// ---- Atomic steps ----

struct steps {
    struct myc_atomic_u32 words[WORDS];
};

static void make_steps(void *context)
{
    struct steps *steps = context;
    for (uint32_t i = 0; i < STEPS / 4; i++) {
        struct myc_atomic_u32 *word = &steps->words[i % WORDS];
        uint32_t seen = myc_load_acquire_u32(word);
        myc_store_release_u32(word, seen + 1);
        (void)myc_load_relaxed_u32(&steps->words[(i + 1) % WORDS]);
        (void)myc_fetch_add_u32(word, 1);
    }
}

static int step_main(struct myc_platform *platform, void *arg)
{
    (void)arg;
    struct myc_handle thread = {0};
    struct steps *steps = myc_memory_allocate(platform->memory, sizeof(*steps), 64);
    if (steps == NULL
        || myc_thread_start(platform->thread, make_steps, steps, NULL, &thread) != MYC_OK) {
        return 1;
    }
    make_steps(steps);
    myc_thread_join(platform->thread, thread);
    myc_memory_release(platform->memory, steps, sizeof(*steps));
    return 0;
}

// ---- A ring ----

struct kernel {
    struct myc_platform *platform;
    struct myc_ring_writer writer;
    struct myc_ring_reader reader;
    uint64_t seen;
};

static void count_record(const struct myc_record *record, void *context)
{
    struct kernel *kernel = context;
    myc_shared_read(record->payload, record->size);
    kernel->seen++;
}

static void read_all(void *context)
{
    struct kernel *kernel = context;
    for (uint32_t round = 0; kernel->seen < MESSAGES; round++) {
        if (myc_ring_poll(&kernel->reader, count_record, kernel, MESSAGES) == 0) {
            myc_thread_relax(kernel->platform->thread, round);
        }
    }
}

static bool write_all(struct kernel *kernel)
{
    for (uint64_t i = 0; i < MESSAGES; i++) {
        void *payload = myc_ring_claim(&kernel->writer, sizeof(i));
        if (payload == NULL) {
            return false;
        }
        memcpy(payload, &i, sizeof(i));
        myc_shared_write(payload, sizeof(i));
        myc_ring_commit(&kernel->writer, MESSAGE_TYPE, 1, sizeof(i));
    }
    return true;
}

static int kernel_main(struct myc_platform *platform, void *arg)
{
    (void)arg;
    struct myc_memory *memory = platform->memory;
    struct kernel *kernel = myc_memory_allocate(memory, sizeof(*kernel), 64);
    const struct myc_ring_options options = {
        .capacity_bytes = MYC_RING_CAPACITY_MIN, .readers_max = 1};
    size_t bytes = myc_ring_memory_size(&options);
    void *ring = myc_memory_allocate(memory, bytes, 4096);
    void *page = myc_memory_allocate(memory, MYC_RING_PAGE_BYTES, 4096);
    struct myc_ring_ticket ticket;
    struct myc_handle thread = {0};
    bool is_good = kernel != NULL && ring != NULL && page != NULL;
    if (is_good) {
        kernel->platform = platform;
        is_good =
            myc_ring_writer_init(&kernel->writer, ring, bytes, &options, NULL) == MYC_OK
            && myc_ring_join(&kernel->writer, page, MYC_RING_LIVE, &ticket) == MYC_OK
            && myc_ring_reader_init(&kernel->reader, ring, bytes, page, &ticket, NULL) == MYC_OK
            && myc_thread_start(platform->thread, read_all, kernel, NULL, &thread) == MYC_OK
            && write_all(kernel);
        myc_thread_join(platform->thread, thread);
    }
    myc_memory_release(memory, page, MYC_RING_PAGE_BYTES);
    myc_memory_release(memory, ring, bytes);
    myc_memory_release(memory, kernel, sizeof(*kernel));
    return is_good ? 0 : 1;
}

// ---- Events of the world ----

struct bells {
    struct myc_platform *platform;
    struct myc_handle bells[2];
    struct myc_atomic_u32 counts[2]; /* how often each was rung */
};

/* Waits until a bell was rung `wanted` times; readiness may be spurious. */
static bool await_bell(struct bells *bells, int which, struct myc_handle handle, uint32_t wanted)
{
    struct myc_poller *poller = bells->platform->poller;
    struct myc_event event;
    size_t count = 0;
    while (myc_load_acquire_u32(&bells->counts[which]) < wanted) { // pairs with ring_bell
        if (myc_poller_wait(poller, handle, &event, 1, MYC_NEVER, &count) != MYC_OK) {
            return false;
        }
        myc_doorbell_clear(poller, bells->bells[which]);
    }
    return true;
}

static void ring_bell(struct bells *bells, int which)
{
    (void)myc_fetch_add_u32(&bells->counts[which], 1);
    myc_doorbell_ring(bells->platform->poller, bells->bells[which]);
}

static bool open_bell(struct bells *bells, int which, struct myc_handle *out_handle)
{
    struct myc_poller *poller = bells->platform->poller;
    return myc_poller_open(poller, out_handle) == MYC_OK
           && myc_poller_add(poller, *out_handle, bells->bells[which], MYC_READABLE, 1) == MYC_OK;
}

static void close_bell(struct bells *bells, int which, struct myc_handle handle)
{
    struct myc_poller *poller = bells->platform->poller;
    myc_poller_remove(poller, handle, bells->bells[which]);
    myc_poller_close(poller, handle);
}

/* Answers each ring of the first doorbell with the second. */
static void answer(void *context)
{
    struct bells *bells = context;
    struct myc_handle handle = {0};
    bool is_good = open_bell(bells, 0, &handle);
    for (uint32_t i = 1; is_good && i <= ROUNDS; i++) {
        is_good = await_bell(bells, 0, handle, i);
        ring_bell(bells, 1);
    }
    close_bell(bells, 0, handle);
}

/* Waits for deadlines. */
static void tick(void *context)
{
    const struct bells *bells = context;
    struct myc_poller *poller = bells->platform->poller;
    struct myc_handle handle = {0};
    struct myc_event event;
    size_t count = 0;
    if (myc_poller_open(poller, &handle) != MYC_OK) {
        return;
    }
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t now_ns = myc_clock_monotonic_ns(bells->platform->clock);
        (void)myc_poller_wait(poller, handle, &event, 1, now_ns + PAUSE_NS, &count);
    }
    myc_poller_close(poller, handle);
}

static bool ask(struct bells *bells)
{
    struct myc_handle handle = {0};
    bool is_good = open_bell(bells, 1, &handle);
    for (uint32_t i = 1; is_good && i <= ROUNDS; i++) {
        ring_bell(bells, 0);
        is_good = await_bell(bells, 1, handle, i);
    }
    close_bell(bells, 1, handle);
    return is_good;
}

static int event_main(struct myc_platform *platform, void *arg)
{
    (void)arg;
    struct bells *bells = myc_memory_allocate(platform->memory, sizeof(*bells), 8);
    struct myc_handle threads[2] = {{0}};
    if (bells == NULL) {
        return 1;
    }
    bells->platform = platform;
    bool is_good = myc_doorbell_open(platform->poller, &bells->bells[0]) == MYC_OK
                   && myc_doorbell_open(platform->poller, &bells->bells[1]) == MYC_OK
                   && myc_thread_start(platform->thread, answer, bells, NULL, &threads[0]) == MYC_OK
                   && myc_thread_start(platform->thread, tick, bells, NULL, &threads[1]) == MYC_OK
                   && ask(bells);
    myc_thread_join(platform->thread, threads[0]);
    myc_thread_join(platform->thread, threads[1]);
    myc_doorbell_close(platform->poller, bells->bells[0]);
    myc_doorbell_close(platform->poller, bells->bells[1]);
    myc_memory_release(platform->memory, bells, sizeof(*bells));
    return is_good ? 0 : 1;
}

// ---- Runs ----

static myc_sim_main_fn *work_main;

static bool has_ended(void *context)
{
    struct myc_sim *sim = context;
    return !myc_sim_is_running(sim, (struct myc_sim_process){2});
}

static void direct(struct myc_sim *sim)
{
    struct myc_sim_process process = myc_sim_start(sim, "host", "work", work_main, NULL);
    (void)myc_sim_run_until(sim, has_ended, sim, MYC_NEVER);
    myc_sim_check(sim, myc_sim_exit_code(sim, process) == 0, "the work was done");
}

enum unit { UNIT_STEP, UNIT_EVENT, UNIT_RUN };

/* Runs seed after seed for so long; ns per unit, or a negative number. */
static double
measure_runs(myc_sim_main_fn *main_fn, enum unit unit, double seconds, double *out_units)
{
    const struct myc_sim_scenario scenario = {"work", "a benchmark", direct};
    struct myc_sim_stack_cache stacks = {NULL};
    struct myc_sim_options options = {.stack_cache = &stacks};
    struct myc_sim_result *result = calloc(1, sizeof(*result));
    double began = now_s();
    double passed = 0;
    uint64_t units = 0;
    uint64_t steps = 0;
    work_main = main_fn;
    while (result != NULL && passed < seconds) {
        options.seed++;
        if (!myc_sim_run(&scenario, &options, result) || result->is_failed) {
            (void)fputs(result->report, stderr);
            return -1;
        }
        units +=
            unit == UNIT_STEP ? result->step_count : (unit == UNIT_EVENT ? result->event_count : 1);
        steps += result->step_count;
        myc_sim_result_deinit(result);
        // Asking for CPU time is a system call: not for every run.
        passed = options.seed % LOOKS == 0 ? now_s() - began : passed;
    }
    free(result);
    myc_sim_stack_cache_deinit(&stacks);
    *out_units = (double)(unit == UNIT_RUN ? steps : units) / (double)options.seed;
    return passed * 1e9 / (double)units;
}

int main(int argc, char **argv)
{
    const char *work = argc == 3 ? argv[1] : "";
    double seconds = argc == 3 ? strtod(argv[2], NULL) : 0;
    double units = 0;
    double ns = -1;
    if (strcmp(work, "switch") == 0) {
        ns = measure_switch(&units);
    } else if (strcmp(work, "step") == 0) {
        ns = measure_runs(step_main, UNIT_STEP, seconds, &units);
    } else if (strcmp(work, "kernel") == 0) {
        ns = measure_runs(kernel_main, UNIT_RUN, seconds, &units);
    } else if (strcmp(work, "event") == 0) {
        ns = measure_runs(event_main, UNIT_EVENT, seconds, &units);
    } else {
        (void)fprintf(stderr, "usage: %s switch|step|kernel|event SECONDS\n", argv[0]);
        return 2;
    }
    (void)printf("%.6f %.1f\n", ns, units);
    return ns > 0 ? 0 : 1;
}

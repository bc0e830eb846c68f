// SPDX-License-Identifier: MIT OR Apache-2.0
//
// How many items pass through a queue a second. Every side fills an item and adds up its words; who
// finds a queue full or empty yields where two producers share a CPU, and spins where it has its
// own.
#include "queue_rate.h"

#include <sched.h>
#include <string.h>

#include <mycelium/queue.h>

#include "machine.h"
#include "peer_ck.h"
#include "peer_urcu.h"

enum {
    CAPACITY = 4096,
    ITEMS = 4000000,
    WARM_UP = 50000,
    WARM_UP_NS_MAX = 20000000, /* for a peer that comes to no speed */
    TIMED_NS_MAX = 150000000,
    TRIES_A_LOOK = 256, /* between two looks at the clock */
    BATCH = 16,
    PRODUCERS_MAX = 2,
    WORDS = MYC_QUEUE_PAYLOAD_MAX / 8
};

// One run: a queue of some kind, its producers and its consumer.
struct flow {
    void *queues[PRODUCERS_MAX]; /* one for all, or one a producer */
    uint64_t warm_up;
    uint64_t items; /* timed, of all producers, if there is time for them */
    double ns_per_tick;
    uint32_t producers;
    uint64_t timed; /* what became of it */
    uint64_t ticks;
    struct myc_atomic_u32 is_over __attribute__((aligned(64)));
};

struct producer {
    struct flow *flow;
    uint32_t index;
};

static inline void fill(struct myc_queue_item *item, uint64_t number, uint32_t producer)
{
    item->size = MYC_QUEUE_PAYLOAD_MAX;
    item->tag = producer;
    for (uint32_t i = 0; i < WORDS; i++) {
        item->payload[i] = number + i;
    }
}

static inline uint64_t sum_of(const struct myc_queue_item *item)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < WORDS; i++) {
        sum += item->payload[i];
    }
    return sum;
}

static void give_way(const struct flow *flow)
{
    if (flow->producers > 1) {
        (void)sched_yield();
    }
}

// Where one run is, seen from its consumer: what passes while it warms up does not count.
struct progress {
    uint64_t popped;
    uint64_t tries;
    uint64_t began;    /* ticks */
    uint64_t start;    /* ticks; 0: it warms up */
    uint64_t at_start; /* items */
};

// Whether the run is over. A peer whose producers wait for each other on one CPU may pass a few
// hundred items a second, so that time ends a run as well.
static inline bool is_over(struct flow *flow, struct progress *progress)
{
    if (++progress->tries % TRIES_A_LOOK != 0) {
        return false;
    }
    uint64_t now = bench_ticks();
    if (progress->start == 0) {
        if (progress->popped >= flow->warm_up
            || (double)(now - progress->began) * flow->ns_per_tick > WARM_UP_NS_MAX) {
            progress->start = now;
            progress->at_start = progress->popped;
        }
        return false;
    }
    flow->timed = progress->popped - progress->at_start;
    flow->ticks = now - progress->start;
    return flow->timed >= flow->items
           || (flow->timed > 0 && (double)flow->ticks * flow->ns_per_tick > TIMED_NS_MAX);
}

// One at a time; `push` and `pop` take a queue and an item and say whether they moved it. Calls of
// them are direct, so that nobody pays for the driver's generality. `type` is an item or holds one
// at its start: what the queue takes without another copy.
#define FLOW_(name, type, push, pop)                                                               \
    static bool name##_produce(void *context)                                                      \
    {                                                                                              \
        const struct producer *producer = context;                                                 \
        struct flow *flow = producer->flow;                                                        \
        void *queue = flow->queues[producer->index];                                               \
        type item;                                                                                 \
        for (uint64_t i = 0; myc_load_relaxed_u32(&flow->is_over) == 0; i++) {                     \
            fill((struct myc_queue_item *)&item, i, producer->index);                              \
            while (!push(queue, &item) && myc_load_relaxed_u32(&flow->is_over) == 0) {             \
                give_way(flow);                                                                    \
            }                                                                                      \
        }                                                                                          \
        return true;                                                                               \
    }                                                                                              \
    static bool name##_consume(void *context)                                                      \
    {                                                                                              \
        struct flow *flow = context;                                                               \
        struct progress progress = {.began = bench_ticks()};                                       \
        type item;                                                                                 \
        uint64_t sum = 0;                                                                          \
        uint32_t at = 0;                                                                           \
        while (!is_over(flow, &progress)) {                                                        \
            if (pop(flow->queues[at], &item)) {                                                    \
                sum += sum_of((struct myc_queue_item *)&item);                                     \
                progress.popped++;                                                                 \
            } else if (++at == flow->producers) {                                                  \
                at = 0;                                                                            \
            }                                                                                      \
        }                                                                                          \
        myc_store_relaxed_u32(&flow->is_over, 1);                                                  \
        bench_keep(sum);                                                                           \
        return true;                                                                               \
    }

static inline bool spsc_push(void *queue, const struct myc_queue_item *item)
{
    return myc_spsc_try_push(queue, item) == MYC_OK;
}

static inline bool spsc_pop(void *queue, struct myc_queue_item *item)
{
    return myc_spsc_try_pop(queue, item) == MYC_OK;
}

static inline bool mpsc_push(void *queue, const struct myc_queue_item *item)
{
    return myc_mpsc_try_push(queue, item) == MYC_OK;
}

static inline bool mpsc_pop(void *queue, struct myc_queue_item *item)
{
    return myc_mpsc_try_pop(queue, item) == MYC_OK;
}

FLOW_(spsc, struct myc_queue_item, spsc_push, spsc_pop)
FLOW_(mpsc, struct myc_queue_item, mpsc_push, mpsc_pop)
#ifdef BENCH_HAS_CK
static inline bool mpmc_push(void *queue, const struct myc_queue_item *item)
{
    return myc_mpmc_try_push(queue, item) == MYC_OK;
}

static inline bool mpmc_pop(void *queue, struct myc_queue_item *item)
{
    return myc_mpmc_try_pop(queue, item) == MYC_OK;
}

FLOW_(mpmc, struct myc_queue_item, mpmc_push, mpmc_pop)
FLOW_(ck_spsc, struct peer_ck_slot, peer_ck_spsc_push, peer_ck_spsc_pop)
FLOW_(ck_mpsc, struct peer_ck_slot, peer_ck_mpsc_push, peer_ck_mpsc_pop)
FLOW_(ck_mpmc, struct peer_ck_slot, peer_ck_mpmc_push, peer_ck_mpmc_pop)
#endif
#ifdef BENCH_HAS_URCU
FLOW_(urcu, struct myc_queue_item, peer_urcu_push, peer_urcu_pop)
#endif

// ---- Queues and threads ----

enum kind { SPSC, MPSC, MPMC, CK, URCU };

static const struct myc_queue_options options = {.capacity = CAPACITY};

enum { HEAD = 4096, SLOTS = CAPACITY * MYC_QUEUE_SLOT_BYTES };

// A queue with its slots behind it, in resident pages. NULL on failure.
static void *queue_create(enum kind kind)
{
    size_t slots = SLOTS;
    unsigned char *pages = bench_pages(HEAD + slots, false);
    enum myc_status status = MYC_OK;
    if (pages == NULL) {
        return NULL;
    }
    if (kind == SPSC) {
        status = myc_spsc_init((void *)pages, pages + HEAD, slots, &options, NULL);
    } else if (kind == MPSC) {
        status = myc_mpsc_init((void *)pages, pages + HEAD, slots, &options, NULL);
    } else if (kind == MPMC) {
        status = myc_mpmc_init((void *)pages, pages + HEAD, slots, &options, NULL);
    } else if (kind == CK) {
#ifdef BENCH_HAS_CK
        peer_ck_init(pages, pages + HEAD, CAPACITY);
#endif
    } else {
#ifdef BENCH_HAS_URCU
        peer_urcu_init(pages, pages + HEAD, CAPACITY);
#endif
    }
    return status == MYC_OK ? pages : NULL;
}

static void queue_destroy(void *queue)
{
    bench_pages_free(queue, HEAD + SLOTS);
}

// Producers share the first CPU, the consumer has the second. Value: millions of items a second.
static bool run_flow(
    const struct bench_setup *setup,
    enum kind kind,
    uint32_t producers,
    bool has_lanes,
    bench_partner_fn *produce,
    bench_partner_fn *consume,
    double *out_rate)
{
    const struct bench_setup swapped = {
        .cpus = {setup->cpus[1], setup->cpus[0]},
        .ns_per_tick = setup->ns_per_tick,
        .is_quick = setup->is_quick};
    struct flow flow = {
        .producers = producers,
        .warm_up = bench_amount(setup, WARM_UP),
        .items = bench_amount(setup, ITEMS),
        .ns_per_tick = setup->ns_per_tick};
    struct producer ends[PRODUCERS_MAX] = {{&flow, 0}, {&flow, 1}};
    struct bench_partner partners[PRODUCERS_MAX];
    struct bench_partner consumer;
    for (uint32_t i = 0; i < PRODUCERS_MAX; i++) {
        flow.queues[i] = i == 0 || has_lanes ? queue_create(kind) : flow.queues[0];
        if (flow.queues[i] == NULL) {
            return false;
        }
    }
    bool is_good = bench_thread_start(&consumer, setup, consume, &flow);
    for (uint32_t i = 0; i < producers && is_good; i++) {
        is_good = bench_thread_start(&partners[i], &swapped, produce, &ends[i]);
    }
    for (uint32_t i = 0; i < producers && is_good; i++) {
        is_good = bench_partner_join(&partners[i]);
    }
    is_good = is_good && bench_partner_join(&consumer);
    *out_rate = (double)flow.timed * 1000.0 / ((double)flow.ticks * setup->ns_per_tick);
    for (uint32_t i = 0; i < (has_lanes ? PRODUCERS_MAX : 1U); i++) {
        queue_destroy(flow.queues[i]);
    }
    return is_good;
}

#define SIDE_(name, kind, producers, has_lanes, flow)                                              \
    static bool name(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])         \
    {                                                                                              \
        return run_flow(                                                                           \
            setup, kind, producers, has_lanes, flow##_produce, flow##_consume, &out_values[0]);    \
    }

SIDE_(side_mpsc, MPSC, 2, false, mpsc)
SIDE_(side_lanes, SPSC, 2, true, spsc)

bool queue_rate_spsc(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return run_flow(setup, SPSC, 1, false, spsc_produce, spsc_consume, &out_values[0]);
}

#ifdef BENCH_HAS_CK
SIDE_(side_mpmc, MPMC, 2, false, mpmc)
SIDE_(side_ck_spsc, CK, 1, false, ck_spsc)
SIDE_(side_ck_mpsc, CK, 2, false, ck_mpsc)
SIDE_(side_ck_mpmc, CK, 2, false, ck_mpmc)
#endif
#ifdef BENCH_HAS_URCU
SIDE_(side_urcu, URCU, 2, false, urcu)
#endif

// ---- One thread ----

static bool pass_one_at_a_time(void *queue, uint64_t count)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct myc_queue_item item;
        fill(&item, i, 0);
        if (!spsc_push(queue, &item) || !spsc_pop(queue, &item)) {
            return false;
        }
        sum += sum_of(&item);
    }
    bench_keep(sum);
    return true;
}

static bool pass_batches(void *queue, uint64_t count)
{
    struct myc_queue_item items[BATCH];
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i += BATCH) {
        size_t moved = 0;
        for (uint32_t j = 0; j < BATCH; j++) {
            fill(&items[j], i + j, 0);
        }
        if (myc_spsc_try_push_batch(queue, items, BATCH, &moved) != MYC_OK
            || myc_spsc_try_pop_batch(queue, items, BATCH, &moved) != MYC_OK) {
            return false;
        }
        for (uint32_t j = 0; j < BATCH; j++) {
            sum += sum_of(&items[j]);
        }
    }
    bench_keep(sum);
    return true;
}

static bool side_one_thread(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    void *queue = queue_create(SPSC);
    uint64_t count = bench_amount(setup, ITEMS) / BATCH * BATCH;
    if (queue == NULL) {
        return false;
    }
    bool is_good = pass_one_at_a_time(queue, bench_amount(setup, WARM_UP));
    uint64_t start = bench_ticks();
    is_good = is_good && pass_one_at_a_time(queue, count);
    uint64_t middle = bench_ticks();
    is_good = is_good && pass_batches(queue, count);
    uint64_t end = bench_ticks();
    out_values[0] = (double)(middle - start) * setup->ns_per_tick / (double)count;
    out_values[1] = (double)(end - middle) * setup->ns_per_tick / (double)count;
    queue_destroy(queue);
    return is_good;
}

static bool do_nothing(void *context)
{
    (void)context;
    return true;
}

// What a program without queues does: an array and a lock, which here nobody else wants.
static bool side_mutex(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    struct myc_queue_item *slots = bench_pages(CAPACITY * sizeof(*slots), false);
    uint64_t count = bench_amount(setup, ITEMS);
    uint64_t head = 0;
    uint64_t tail = 0;
    uint64_t sum = 0;
    // The C library's locks cost less as long as a process never had a second thread.
    struct bench_partner partner;
    if (slots == NULL || !bench_thread_start(&partner, setup, do_nothing, NULL)
        || !bench_partner_join(&partner)) {
        return false;
    }
    uint64_t start = bench_ticks();
    for (uint64_t i = 0; i < count; i++) {
        struct myc_queue_item item;
        fill(&item, i, 0);
        (void)pthread_mutex_lock(&mutex);
        if (tail - head < CAPACITY) {
            slots[tail++ % CAPACITY] = item;
        }
        (void)pthread_mutex_unlock(&mutex);
        (void)pthread_mutex_lock(&mutex);
        if (tail != head) {
            item = slots[head++ % CAPACITY];
        }
        (void)pthread_mutex_unlock(&mutex);
        sum += sum_of(&item);
    }
    out_values[0] = (double)(bench_ticks() - start) * setup->ns_per_tick / (double)count;
    bench_keep(sum);
    bench_pages_free(slots, CAPACITY * sizeof(*slots));
    return true;
}

// ---- What is compared ----

#define CASE_(case_name, case_unit, reference_text, direction, case_bar)                           \
    {                                                                                              \
        .bench = "queue", .name = case_name, .unit = case_unit, .reference_name = reference_text,  \
        .better = direction, .bar = case_bar, .ours = 0, .reference = 1                            \
    }

static const struct bench_side one_thread_sides[] = {
    {"spsc, one thread", side_one_thread, {"ns one at a time", "ns 16 at a time"}},
    {"mutex and array, one thread", side_mutex, {"ns"}},
};
static const struct bench_case one_thread_cases[] = {
    CASE_("one_thread", "ns", "mutex and array, uncontended", BENCH_LOWER, 1.0),
};
const struct bench_experiment bench_queue_one_thread = {
    one_thread_sides, 2, one_thread_cases, 1, NULL};

static const struct bench_side lanes_sides[] = {
    {"an spsc lane each of 2 producers", side_lanes, {"M items/s"}},
    {"mpsc, 2 producers", side_mpsc, {"M items/s"}},
};
static const struct bench_case lanes_cases[] = {
    CASE_("lanes", "M items/s", "mpsc, the same pinning", BENCH_HIGHER, 2.0),
};
const struct bench_experiment bench_queue_lanes = {lanes_sides, 2, lanes_cases, 1, NULL};

#ifdef BENCH_HAS_CK
static const struct bench_side spsc_sides[] = {
    {"spsc, two threads", queue_rate_spsc, {"M items/s"}},
    {"ck_ring spsc by value", side_ck_spsc, {"M items/s"}},
};
static const struct bench_case spsc_cases[] = {
    CASE_("spsc", "M items/s", "ck_ring spsc by value", BENCH_HIGHER, 4.0),
};
const struct bench_experiment bench_queue_spsc = {spsc_sides, 2, spsc_cases, 1, NULL};

static const struct bench_side mpsc_sides[] = {
    {"mpsc, 2 producers", side_mpsc, {"M items/s"}},
    {"ck_ring mpsc by value", side_ck_mpsc, {"M items/s"}},
};
static const struct bench_case mpsc_cases[] = {
    CASE_("mpsc", "M items/s", "ck_ring mpsc by value", BENCH_HIGHER, 1.5),
};
const struct bench_experiment bench_queue_mpsc = {mpsc_sides, 2, mpsc_cases, 1, NULL};

static const struct bench_side mpmc_sides[] = {
    {"mpmc, 2 producers", side_mpmc, {"M items/s"}},
    {"ck_ring mpmc by value", side_ck_mpmc, {"M items/s"}},
};
static const struct bench_case mpmc_cases[] = {
    CASE_("mpmc", "M items/s", "ck_ring mpmc by value", BENCH_HIGHER, 1.2),
};
const struct bench_experiment bench_queue_mpmc = {mpmc_sides, 2, mpmc_cases, 1, NULL};
#else
// The catalogue says why they are not there.
const struct bench_experiment bench_queue_spsc = {NULL, 0, NULL, 0, NULL};
const struct bench_experiment bench_queue_mpsc = {NULL, 0, NULL, 0, NULL};
const struct bench_experiment bench_queue_mpmc = {NULL, 0, NULL, 0, NULL};
#endif

#ifdef BENCH_HAS_URCU
static const struct bench_side urcu_sides[] = {
    {"mpsc, 2 producers", side_mpsc, {"M items/s"}},
    {"wfcqueue of liburcu, 2 producers", side_urcu, {"M items/s"}},
};
static const struct bench_case urcu_cases[] = {
    CASE_("mpsc_vs_urcu", "M items/s", "wfcqueue of liburcu", BENCH_HIGHER, 1.0),
};
const struct bench_experiment bench_queue_mpsc_vs_urcu = {urcu_sides, 2, urcu_cases, 1, NULL};
#else
const struct bench_experiment bench_queue_mpsc_vs_urcu = {NULL, 0, NULL, 0, NULL};
#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How a blocked writer waits, and how it is woken.
 *
 * What it waits for is one head, the lowest, for without that one nothing gets better: it sleeps on
 * the head itself, in the reader's page, and on a bell of its own process, which who lets readers
 * in and out counts up. Both change before anybody wakes, so the kernel's comparison catches what
 * came behind our last look. The arm word only tells readers that waking is worth a call.
 */
#include "ring/blocker.h"

#include <mycelium/interface/clock.h>
#include <mycelium/ring_batch.h>
#include <mycelium/simulation.h>

enum { LOOK_AGAIN_NS = 1000000 /* where a thread cannot sleep on two words */ };

enum goal_kind { GOAL_ROOM, GOAL_DRAINED, GOAL_READERS, GOAL_REQUIRED };

struct goal {
    enum goal_kind kind;
    uint64_t amount; /* payload bytes, or readers */
};

enum myc_status myc_ring_waiter_init(
    struct myc_ring_waiter *waiter,
    struct myc_platform *platform,
    const struct myc_idle_options *options)
{
    waiter->required = NULL;
    return myc_idle_init(&waiter->idle, platform, options);
}

void myc__ring_sleep(
    struct myc_idle *idle,
    const struct myc_wait_word *bell,
    const struct myc_atomic_u64 *head,
    uint32_t head_seen,
    uint64_t deadline_ns)
{
    const struct myc_wait_word words[2] = {
        *bell, {head != NULL ? myc__ring_low_half(head) : NULL, head_seen, MYC_WAIT_SHARED}};
    if (myc_wait_any(idle->wait, words, head != NULL ? 2 : 1, deadline_ns) != MYC_UNSUPPORTED) {
        return;
    }
    if (head != NULL) {
        uint64_t soon_ns = myc_clock_monotonic_ns(idle->clock) + LOOK_AGAIN_NS;
        deadline_ns = soon_ns < deadline_ns ? soon_ns : deadline_ns;
    }
    const struct myc_wait_word *one = head != NULL ? &words[1] : &words[0];
    // Only the type says that a wait might write the word.
    struct myc_atomic_u32 *word = (struct myc_atomic_u32 *)(uintptr_t)one->word;
    (void)myc_wait_wait(idle->wait, word, one->expected, deadline_ns, one->scope);
}

// ---- Who is in the way ----

// What a slot says. Returns: false if the writer does not wait for it.
static bool
look_at(const struct myc_ring_writer *writer, uint32_t slot, struct myc__ring_blocker *out)
{
    struct myc__ring_blocker found = {.slot = slot};
    // Pairs with the releases in join.c, which make the page known.
    uint32_t state = myc_load_acquire_u32(&writer->slots[slot].state);
    found.kind = (enum myc__ring_slot_state)(state & MYC__RING_STATE_MASK);
    found.generation = state >> MYC__RING_STATE_BITS;
    if (found.kind == MYC__RING_ACTIVE) {
        found.word = &myc__ring_page(writer, slot)->head;
        // Relaxed: nothing is overwritten on the strength of it.
        found.head = myc_load_relaxed_u64(found.word);
        found.seen = (uint32_t)found.head;
    }
    if (found.kind == MYC__RING_JOINING || found.kind == MYC__RING_HELD
        || (found.kind == MYC__RING_ACTIVE && found.head == 0)) {
        found.head = myc_load_relaxed_u64(&writer->slots[slot].join_head);
    } else if (found.kind != MYC__RING_ACTIVE) {
        return false;
    }
    uint64_t window_start = writer->limit - writer->capacity;
    *out = found;
    return found.head - window_start <= writer->position - window_start;
}

// Of readers that stand at the same head, one that is behind another stands there because of it.
static void find_cause(const struct myc_ring_writer *writer, struct myc__ring_blocker *blocker)
{
    uint64_t gates = myc_load_relaxed_u64(&writer->slots[blocker->slot].gates);
    while (gates != 0) {
        uint32_t slot = (uint32_t)__builtin_ctzll(gates);
        struct myc__ring_blocker front;
        gates &= gates - 1;
        if (look_at(writer, slot, &front) && front.kind == MYC__RING_ACTIVE
            && front.head == blocker->head) {
            *blocker = front;
            gates = myc_load_relaxed_u64(&writer->slots[slot].gates);
        }
    }
}

bool myc__ring_blocker(const struct myc_ring_writer *writer, struct myc__ring_blocker *out)
{
    bool is_found = false;
    // Pairs with the release in myc_ring_join().
    uint32_t used = myc_load_acquire_u32(&writer->slots_used);
    for (uint32_t i = 0; i < used; i++) {
        struct myc__ring_blocker found;
        if (look_at(writer, i, &found) && (!is_found || found.head < out->head)) {
            *out = found;
            is_found = true;
        }
    }
    if (is_found && out->kind == MYC__RING_ACTIVE) {
        find_cause(writer, out);
    }
    return is_found;
}

static bool is_drained(const struct myc_ring_writer *writer)
{
    struct myc__ring_blocker blocker;
    // Pairs with begin_move() and end_move() of required.c.
    uint32_t moves = myc_load_acquire_u32(&writer->moves);
    bool is_behind = myc__ring_blocker(writer, &blocker) && blocker.head != writer->position;
    return !is_behind && !myc__ring_has_moved(writer, moves);
}

static bool
is_reached(struct myc_ring_writer *writer, const struct myc_ring_waiter *waiter, struct goal goal)
{
    switch (goal.kind) {
    case GOAL_ROOM:
        return myc__ring_ensure(writer, myc__ring_next_need(writer, goal.amount));
    case GOAL_DRAINED:
        return is_drained(writer);
    case GOAL_READERS:
        return myc_ring_readers(writer) >= goal.amount;
    case GOAL_REQUIRED:
        return myc_ring_required_missing(waiter->required) == 0;
    }
    return true;
}

// ---- Waiting ----

// Sleeps if the goal is still not reached behind the arming.
static void park(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    struct goal goal,
    uint32_t bell_seen,
    uint64_t deadline_ns)
{
    struct myc__ring_blocker blocker = {.kind = MYC__RING_FREE};
    const struct myc_wait_word bell = {&writer->bell, bell_seen, MYC_WAIT_PROCESS};
    writer->arm_word = (writer->arm_word + 1) | 1;
    myc_store_relaxed_u64(&writer->control->writer_arm, writer->arm_word);
    // Orders the arming before the heads; pairs with the fence of myc_ring_reader_wake().
    myc_fence_seq_cst();
    // Before the last look, which says whether this very head is in the way.
    bool is_blocked = myc__ring_blocker(writer, &blocker);
    if (!is_reached(writer, waiter, goal)) {
        bool is_for_heads = goal.kind == GOAL_ROOM || goal.kind == GOAL_DRAINED;
        if (is_for_heads && (!is_blocked || blocker.kind == MYC__RING_JOINING)) {
            // A joiner makes up its mind soon, and rings nobody.
            MYC_REACHED("wait.joiner-in-the-way");
            myc_thread_relax(waiter->idle.thread, waiter->idle.round);
        } else {
            MYC_SOMETIMES(blocker.kind == MYC__RING_HELD, "wait.sleeps-for-who-is-away");
            MYC_REACHED("wait.writer-sleeps");
            const struct myc_atomic_u64 *head = is_for_heads ? blocker.word : NULL;
            myc__ring_sleep(&waiter->idle, &bell, head, blocker.seen, deadline_ns);
        }
    }
    myc_ring_writer_disarm(writer);
}

static enum myc_status timed_out(
    struct myc_ring_writer *writer,
    const struct myc_ring_waiter *waiter,
    struct goal goal,
    struct myc_diagnostic *diagnostic)
{
    struct myc__ring_blocker blocker;
    enum myc_status status = myc_diagnostic_set(diagnostic, MYC_TIMEOUT, 0, "ring: ");
    if (goal.kind == GOAL_READERS) {
        myc_diagnostic_append_u64(diagnostic, myc_ring_readers(writer));
        myc_diagnostic_append(diagnostic, " of ");
        myc_diagnostic_append_u64(diagnostic, goal.amount);
        myc_diagnostic_append(diagnostic, " readers came");
    } else if (goal.kind == GOAL_REQUIRED) {
        myc_diagnostic_append(diagnostic, "did not come: ");
        myc__ring_required_missing_names(waiter->required, diagnostic);
    } else if (myc__ring_blocker(writer, &blocker)) {
        myc__ring_required_name(waiter->required, blocker.slot, diagnostic);
        myc_diagnostic_append(diagnostic, " is ");
        myc_diagnostic_append_u64(diagnostic, writer->position - blocker.head);
        myc_diagnostic_append(diagnostic, " bytes behind");
    }
    return status;
}

static enum myc_status wait_for(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    struct goal goal,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic)
{
    bool is_for_heads = goal.kind == GOAL_ROOM || goal.kind == GOAL_DRAINED;
    struct myc_ring_required *required = is_for_heads ? waiter->required : NULL;
    myc_idle_begin(&waiter->idle);
    while (!is_reached(writer, waiter, goal)) {
        uint64_t due_ns = deadline_ns;
        // Pairs with the additions of those who let readers in and out. Before anything is asked of
        // the readers: who came or went since, and changes when to look again, ends the sleep.
        uint32_t bell_seen = myc_load_acquire_u32(&writer->bell);
        if (required != NULL) {
            struct myc__ring_blocker blocker;
            bool is_blocked = myc__ring_blocker(writer, &blocker);
            enum myc_status status = myc__ring_required_look(
                required, is_blocked ? &blocker : NULL, &due_ns, diagnostic);
            if (status != MYC_OK) {
                return status;
            }
            due_ns = due_ns < deadline_ns ? due_ns : deadline_ns;
        }
        switch (myc_idle_step(&waiter->idle, due_ns)) {
        case MYC_IDLE_LOOK:
            break;
        case MYC_IDLE_PARK:
            if (!writer->writer_may_sleep) {
                return MYC_UNSUPPORTED;
            }
            park(writer, waiter, goal, bell_seen, due_ns);
            break;
        case MYC_IDLE_TIMEOUT:
            if (due_ns == deadline_ns && !is_reached(writer, waiter, goal)) {
                return timed_out(writer, waiter, goal, diagnostic);
            }
            break;
        }
    }
    return MYC_OK;
}

// What ends a wait before it begins.
static enum myc_status
refused(const struct myc_ring_waiter *waiter, struct myc_diagnostic *diagnostic)
{
    return waiter->required != NULL ? myc_ring_required_status(waiter->required, diagnostic)
                                    : MYC_OK;
}

enum myc_status myc_ring_writer_wait(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    size_t size,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic)
{
    enum myc_status status = refused(waiter, diagnostic);
    if (writer->is_broken || writer->is_closed) {
        return writer->is_broken ? MYC_POISONED : MYC_CLOSED;
    }
    if (size > myc_ring_payload_max(writer)) {
        return MYC_TOO_BIG;
    }
    if (myc__ring_next_need(writer, size) == 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_TOO_BIG, 0, "ring: the batch would take more than half of it");
    }
    const struct goal goal = {GOAL_ROOM, size};
    if (status != MYC_OK || is_reached(writer, waiter, goal)) {
        return status;
    }
    myc_ring_wake_readers(writer, waiter->idle.wait);
    return wait_for(writer, waiter, goal, deadline_ns, diagnostic);
}

// Claims by `claim`, waiting for room as long as there is none.
static enum myc_status claim_wait(
    void *(*claim)(struct myc_ring_writer *writer, size_t size),
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    size_t size,
    uint64_t deadline_ns,
    void **out_payload,
    struct myc_diagnostic *diagnostic)
{
    enum myc_status status = refused(waiter, diagnostic);
    while (status == MYC_OK) {
        void *payload = claim(writer, size);
        if (payload != NULL) {
            *out_payload = payload;
            return MYC_OK;
        }
        status = myc_ring_writer_wait(writer, waiter, size, deadline_ns, diagnostic);
    }
    return status;
}

enum myc_status myc_ring_claim_wait(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    size_t size,
    uint64_t deadline_ns,
    void **out_payload,
    struct myc_diagnostic *diagnostic)
{
    return claim_wait(myc_ring_claim, writer, waiter, size, deadline_ns, out_payload, diagnostic);
}

enum myc_status myc_ring_batch_claim_wait(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    size_t size,
    uint64_t deadline_ns,
    void **out_payload,
    struct myc_diagnostic *diagnostic)
{
    return claim_wait(
        myc_ring_batch_claim, writer, waiter, size, deadline_ns, out_payload, diagnostic);
}

enum myc_status myc_ring_publish_n_wait(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    uint16_t type,
    uint16_t version,
    const void *payloads,
    size_t size,
    size_t count,
    uint64_t deadline_ns,
    size_t *out_published,
    struct myc_diagnostic *diagnostic)
{
    const unsigned char *bytes = payloads;
    enum myc_status status = refused(waiter, diagnostic);
    *out_published = 0;
    while (status == MYC_OK) {
        size_t published = 0;
        const void *next = bytes + *out_published * size;
        size_t left = count - *out_published;
        status = myc_ring_publish_n(writer, type, version, next, size, left, &published);
        *out_published += published;
        if (status != MYC_FULL) {
            break;
        }
        status = myc_ring_writer_wait(writer, waiter, size, deadline_ns, diagnostic);
    }
    if (*out_published != 0) {
        myc_ring_wake_readers(writer, waiter->idle.wait);
    }
    return status;
}

enum myc_status myc_ring_publish_wait(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic)
{
    enum myc_status status = refused(waiter, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    while ((status = myc_ring_publish(writer, type, version, payload, size)) == MYC_FULL) {
        status = myc_ring_writer_wait(writer, waiter, size, deadline_ns, diagnostic);
        if (status != MYC_OK) {
            return status;
        }
    }
    if (status == MYC_OK) {
        myc_ring_wake_readers(writer, waiter->idle.wait);
    }
    return status;
}

enum myc_status myc_ring_drain(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic)
{
    const struct goal goal = {GOAL_DRAINED, 0};
    enum myc_status status = refused(waiter, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    myc_ring_wake_readers(writer, waiter->idle.wait);
    return wait_for(writer, waiter, goal, deadline_ns, diagnostic);
}

enum myc_status myc_ring_await_readers(
    struct myc_ring_writer *writer,
    struct myc_ring_waiter *waiter,
    uint32_t count,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic)
{
    const struct goal goal = {GOAL_READERS, count};
    return wait_for(writer, waiter, goal, deadline_ns, diagnostic);
}

enum myc_status myc_ring_required_await(
    struct myc_ring_required *required,
    struct myc_ring_waiter *waiter,
    uint64_t deadline_ns,
    struct myc_diagnostic *diagnostic)
{
    const struct goal goal = {GOAL_REQUIRED, 0};
    waiter->required = required;
    return wait_for(required->writer, waiter, goal, deadline_ns, diagnostic);
}

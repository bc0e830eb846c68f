// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/poller.h.
#include <mycelium/interface/poller.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/stream.h>
#include <mycelium/interface/thread.h>

#include "contract/suites.h"

enum { BELLS = 3 };

/* A poller and some doorbells. Zeroed before, closed after. */
struct setup {
    struct myc_poller *poller;
    struct myc_handle handle;
    struct myc_handle bells[BELLS];
};

static bool setup_open(struct contract_env *env, struct setup *setup)
{
    setup->poller = env->platform->poller;
    if (myc_poller_open(setup->poller, &setup->handle) != MYC_OK) {
        return false;
    }
    for (int i = 0; i < BELLS; i++) {
        if (myc_doorbell_open(setup->poller, &setup->bells[i]) != MYC_OK) {
            return false;
        }
    }
    return true;
}

static void setup_close(struct setup *setup)
{
    for (int i = 0; i < BELLS; i++) {
        myc_poller_remove(setup->poller, setup->handle, setup->bells[i]);
        myc_doorbell_close(setup->poller, setup->bells[i]);
    }
    myc_poller_close(setup->poller, setup->handle);
}

// Waits for one event; its token, or 0 when none came by the deadline.
static uint64_t next_token(struct setup *setup, uint64_t deadline_ns)
{
    struct myc_event event = {0};
    size_t count = 0;
    enum myc_status status =
        myc_poller_wait(setup->poller, setup->handle, &event, 1, deadline_ns, &count);
    return status == MYC_OK && count == 1 && event.events == MYC_READABLE ? event.token : 0;
}

// A rung doorbell is readable under the token it was added with.
static void case_ring_is_readable(struct contract_env *env)
{
    struct setup setup = {0};
    CONTRACT_CHECK(env, setup_open(env, &setup));
    CONTRACT_CHECK(
        env,
        myc_poller_add(setup.poller, setup.handle, setup.bells[0], MYC_READABLE, 0xfedcba9876543210)
            == MYC_OK);
    CONTRACT_CHECK(env, next_token(&setup, 0) == 0);
    myc_doorbell_ring(setup.poller, setup.bells[0]);
    CONTRACT_CHECK(env, next_token(&setup, contract_deadline_ns(env)) == 0xfedcba9876543210);
    setup_close(&setup);
}

// A ring before anybody watches is kept, and many rings are one event that one clear takes away.
static void case_rings_add_up_until_cleared(struct contract_env *env)
{
    struct setup setup = {0};
    CONTRACT_CHECK(env, setup_open(env, &setup));
    for (int i = 0; i < 1000; i++) {
        myc_doorbell_ring(setup.poller, setup.bells[0]);
    }
    CONTRACT_CHECK(
        env, myc_poller_add(setup.poller, setup.handle, setup.bells[0], MYC_READABLE, 7) == MYC_OK);
    CONTRACT_CHECK(env, next_token(&setup, contract_deadline_ns(env)) == 7);
    myc_doorbell_clear(setup.poller, setup.bells[0]);
    CONTRACT_CHECK(env, next_token(&setup, 0) == 0);
    myc_doorbell_clear(setup.poller, setup.bells[0]); // nothing to clear: harmless
    myc_doorbell_ring(setup.poller, setup.bells[0]);
    CONTRACT_CHECK(env, next_token(&setup, contract_deadline_ns(env)) == 7);
    setup_close(&setup);
}

// Readiness is a level: what is not consumed is reported again.
static void case_unconsumed_event_is_reported_again(struct contract_env *env)
{
    struct setup setup = {0};
    CONTRACT_CHECK(env, setup_open(env, &setup));
    CONTRACT_CHECK(
        env, myc_poller_add(setup.poller, setup.handle, setup.bells[0], MYC_READABLE, 7) == MYC_OK);
    myc_doorbell_ring(setup.poller, setup.bells[0]);
    for (int i = 0; i < 3; i++) {
        CONTRACT_CHECK(env, next_token(&setup, contract_deadline_ns(env)) == 7);
    }
    setup_close(&setup);
}

// A one-shot interest is reported once, stays registered, and modify arms it again.
static void case_one_shot_disarms_until_modified(struct contract_env *env)
{
    struct setup setup = {0};
    const uint32_t interest = MYC_READABLE | MYC_ONE_SHOT;
    CONTRACT_CHECK(env, setup_open(env, &setup));
    struct myc_handle bell = setup.bells[0];
    CONTRACT_CHECK(env, myc_poller_add(setup.poller, setup.handle, bell, interest, 7) == MYC_OK);
    myc_doorbell_ring(setup.poller, bell);
    CONTRACT_CHECK(env, next_token(&setup, contract_deadline_ns(env)) == 7);
    CONTRACT_CHECK(env, next_token(&setup, 0) == 0);
    myc_doorbell_ring(setup.poller, bell);
    CONTRACT_CHECK(env, next_token(&setup, 0) == 0);
    CONTRACT_CHECK(
        env, myc_poller_add(setup.poller, setup.handle, bell, interest, 8) == MYC_EXISTS);
    CONTRACT_CHECK(env, myc_poller_modify(setup.poller, setup.handle, bell, interest, 9) == MYC_OK);
    CONTRACT_CHECK(env, next_token(&setup, contract_deadline_ns(env)) == 9);
    CONTRACT_CHECK(env, next_token(&setup, 0) == 0);
    setup_close(&setup);
}

// Modify replaces interest and token; interest in nothing silences the source.
static void case_modify_replaces_interest_and_token(struct contract_env *env)
{
    struct setup setup = {0};
    CONTRACT_CHECK(env, setup_open(env, &setup));
    struct myc_handle bell = setup.bells[0];
    myc_doorbell_ring(setup.poller, bell);
    CONTRACT_CHECK(
        env, myc_poller_add(setup.poller, setup.handle, bell, MYC_READABLE, 1) == MYC_OK);
    CONTRACT_CHECK(env, myc_poller_modify(setup.poller, setup.handle, bell, 0, 2) == MYC_OK);
    CONTRACT_CHECK(env, next_token(&setup, 0) == 0);
    CONTRACT_CHECK(
        env, myc_poller_modify(setup.poller, setup.handle, bell, MYC_READABLE, 3) == MYC_OK);
    CONTRACT_CHECK(env, next_token(&setup, contract_deadline_ns(env)) == 3);
    setup_close(&setup);
}

// Mistakes of the caller have statuses of their own, and removing twice is none.
static void case_registration_errors(struct contract_env *env)
{
    struct setup setup = {0};
    const struct myc_handle empty = {0};
    CONTRACT_CHECK(env, setup_open(env, &setup));
    struct myc_handle bell = setup.bells[0];
    CONTRACT_CHECK(
        env, myc_poller_modify(setup.poller, setup.handle, bell, MYC_READABLE, 1) == MYC_NOT_FOUND);
    CONTRACT_CHECK(
        env, myc_poller_add(setup.poller, setup.handle, empty, MYC_READABLE, 1) == MYC_INVALID);
    CONTRACT_CHECK(
        env, myc_poller_add(setup.poller, setup.handle, bell, MYC_READABLE, 1) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_poller_add(setup.poller, setup.handle, bell, MYC_READABLE, 1) == MYC_EXISTS);
    myc_poller_remove(setup.poller, setup.handle, bell);
    myc_poller_remove(setup.poller, setup.handle, bell);
    CONTRACT_CHECK(
        env, myc_poller_modify(setup.poller, setup.handle, bell, MYC_READABLE, 1) == MYC_NOT_FOUND);
    setup_close(&setup);
}

// A removed source is silent, and may be added again.
static void case_removed_source_is_silent(struct contract_env *env)
{
    struct setup setup = {0};
    CONTRACT_CHECK(env, setup_open(env, &setup));
    struct myc_handle bell = setup.bells[0];
    CONTRACT_CHECK(
        env, myc_poller_add(setup.poller, setup.handle, bell, MYC_READABLE, 1) == MYC_OK);
    myc_doorbell_ring(setup.poller, bell);
    myc_poller_remove(setup.poller, setup.handle, bell);
    CONTRACT_CHECK(env, next_token(&setup, 0) == 0);
    CONTRACT_CHECK(
        env, myc_poller_add(setup.poller, setup.handle, bell, MYC_READABLE, 2) == MYC_OK);
    CONTRACT_CHECK(env, next_token(&setup, contract_deadline_ns(env)) == 2);
    setup_close(&setup);
}

// However few events fit, everything that is ready comes up in the end.
static void case_small_batches_starve_nobody(struct contract_env *env)
{
    struct setup setup = {0};
    uint32_t seen = 0;
    CONTRACT_CHECK(env, setup_open(env, &setup));
    for (uint32_t i = 0; i < BELLS; i++) {
        CONTRACT_CHECK(
            env,
            myc_poller_add(setup.poller, setup.handle, setup.bells[i], MYC_READABLE, i + 1)
                == MYC_OK);
        myc_doorbell_ring(setup.poller, setup.bells[i]);
    }
    for (uint32_t i = 0; i < BELLS; i++) {
        uint64_t token = next_token(&setup, contract_deadline_ns(env));
        CONTRACT_CHECK(env, token >= 1 && token <= BELLS);
        CONTRACT_CHECK(env, (seen & 1U << token) == 0);
        seen |= 1U << token;
        myc_doorbell_clear(setup.poller, setup.bells[token - 1]);
    }
    CONTRACT_CHECK(env, next_token(&setup, 0) == 0);
    setup_close(&setup);
}

// One wait reports each ready source once, whatever the order.
static void case_one_wait_reports_several(struct contract_env *env)
{
    struct setup setup = {0};
    struct myc_event events[BELLS + 1];
    size_t count = 0;
    uint64_t tokens = 0;
    CONTRACT_CHECK(env, setup_open(env, &setup));
    for (uint32_t i = 0; i < BELLS; i++) {
        CONTRACT_CHECK(
            env,
            myc_poller_add(setup.poller, setup.handle, setup.bells[i], MYC_READABLE, 1ULL << i)
                == MYC_OK);
        myc_doorbell_ring(setup.poller, setup.bells[i]);
    }
    CONTRACT_CHECK(
        env,
        myc_poller_wait(
            setup.poller, setup.handle, events, BELLS + 1, contract_deadline_ns(env), &count)
            == MYC_OK);
    CONTRACT_CHECK(env, count >= 1 && count <= BELLS);
    for (size_t i = 0; i < count; i++) {
        CONTRACT_CHECK(env, events[i].events == MYC_READABLE && events[i].reserved == 0);
        CONTRACT_CHECK(env, (tokens & events[i].token) == 0);
        tokens |= events[i].token;
    }
    CONTRACT_CHECK(env, tokens != 0 && tokens < 1ULL << BELLS);
    setup_close(&setup);
}

// A wait without events ends behind its deadline, and one without room for events is refused.
static void case_deadline_and_room_are_kept(struct contract_env *env)
{
    struct setup setup = {0};
    struct myc_event event;
    size_t count = 99;
    CONTRACT_CHECK(env, setup_open(env, &setup));
    uint64_t deadline_ns = myc_clock_monotonic_ns(env->platform->clock) + 1500000;
    CONTRACT_CHECK(
        env,
        myc_poller_wait(setup.poller, setup.handle, &event, 1, deadline_ns, &count) == MYC_TIMEOUT);
    CONTRACT_CHECK(env, myc_clock_monotonic_ns(env->platform->clock) >= deadline_ns);
    CONTRACT_CHECK(env, count == 0);
    CONTRACT_CHECK(
        env,
        myc_poller_wait(setup.poller, setup.handle, &event, 0, MYC_NEVER, &count) == MYC_INVALID);
    setup_close(&setup);
}

struct helper {
    struct setup *setup;
    uint32_t interest; /* 0: only ring */
    enum myc_status status;
};

// Rings; or, for an interest, (re-)arms the second doorbell, which rang long ago.
static void help(void *context)
{
    struct helper *helper = context;
    struct setup *setup = helper->setup;
    if (helper->interest == 0) {
        myc_doorbell_ring(setup->poller, setup->bells[0]);
        helper->status = MYC_OK;
    } else {
        helper->status =
            myc_poller_modify(setup->poller, setup->handle, setup->bells[1], helper->interest, 22);
    }
}

// Another thread's ring ends a wait that has no other end.
static void case_ring_from_a_thread_ends_a_wait(struct contract_env *env)
{
    struct setup setup = {0};
    struct helper helper = {.setup = &setup, .status = MYC_IO};
    struct myc_handle thread = {0};
    CONTRACT_CHECK(env, setup_open(env, &setup));
    CONTRACT_CHECK(
        env,
        myc_poller_add(setup.poller, setup.handle, setup.bells[0], MYC_READABLE, 11) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_thread_start(env->platform->thread, help, &helper, NULL, &thread) == MYC_OK);
    uint64_t token = next_token(&setup, contract_deadline_ns(env));
    myc_thread_join(env->platform->thread, thread);
    CONTRACT_CHECK(env, token == 11);
    setup_close(&setup);
}

// Another thread's modify re-arms a spent one-shot under the eyes of a thread that already waits.
static void case_modify_from_a_thread_ends_a_wait(struct contract_env *env)
{
    struct setup setup = {0};
    struct helper helper = {
        .setup = &setup, .interest = MYC_READABLE | MYC_ONE_SHOT, .status = MYC_IO};
    struct myc_handle thread = {0};
    CONTRACT_CHECK(env, setup_open(env, &setup));
    CONTRACT_CHECK(
        env,
        myc_poller_add(setup.poller, setup.handle, setup.bells[1], helper.interest, 21) == MYC_OK);
    myc_doorbell_ring(setup.poller, setup.bells[1]);
    CONTRACT_CHECK(env, next_token(&setup, contract_deadline_ns(env)) == 21);
    CONTRACT_CHECK(env, next_token(&setup, 0) == 0);
    CONTRACT_CHECK(
        env, myc_thread_start(env->platform->thread, help, &helper, NULL, &thread) == MYC_OK);
    uint64_t token = next_token(&setup, contract_deadline_ns(env));
    myc_thread_join(env->platform->thread, thread);
    CONTRACT_CHECK(env, helper.status == MYC_OK);
    CONTRACT_CHECK(env, token == 22);
    setup_close(&setup);
}

// Two pollers may watch one source; closing one leaves the source and the other alone.
static void case_pollers_are_independent(struct contract_env *env)
{
    struct setup setup = {0};
    struct myc_handle other = {0};
    CONTRACT_CHECK(env, setup_open(env, &setup));
    CONTRACT_CHECK(env, myc_poller_open(setup.poller, &other) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_poller_add(setup.poller, other, setup.bells[0], MYC_READABLE, 1) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_poller_add(setup.poller, setup.handle, setup.bells[0], MYC_READABLE, 2) == MYC_OK);
    myc_poller_close(setup.poller, other);
    myc_doorbell_ring(setup.poller, setup.bells[0]);
    CONTRACT_CHECK(env, next_token(&setup, contract_deadline_ns(env)) == 2);
    setup_close(&setup);
}

// A stream hang-up is reported even to who asked for nothing.
static void case_hangup_needs_no_interest(struct contract_env *env)
{
    struct contract_pair pair = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    CONTRACT_CHECK(env, contract_look(env, pair.near, 0) == 0);
    myc_stream_close(env->platform->stream, pair.far);
    pair.far.value = 0;
    uint32_t events = contract_await(env, pair.near, 0);
    contract_pair_close(env, &pair);
    CONTRACT_CHECK(env, (events & MYC_HANGUP) != 0);
}

// Closing the empty handle is harmless, so a half-made object can be closed as a whole.
static void case_close_accepts_the_empty_handle(struct contract_env *env)
{
    const struct myc_handle empty = {0};
    struct setup setup = {0};
    myc_poller_close(env->platform->poller, empty);
    myc_doorbell_close(env->platform->poller, empty);
    CONTRACT_CHECK(env, setup_open(env, &setup));
    setup_close(&setup);
}

static const struct contract_case cases[] = {
    {"ring_is_readable", case_ring_is_readable},
    {"rings_add_up_until_cleared", case_rings_add_up_until_cleared},
    {"unconsumed_event_is_reported_again", case_unconsumed_event_is_reported_again},
    {"one_shot_disarms_until_modified", case_one_shot_disarms_until_modified},
    {"modify_replaces_interest_and_token", case_modify_replaces_interest_and_token},
    {"registration_errors", case_registration_errors},
    {"removed_source_is_silent", case_removed_source_is_silent},
    {"small_batches_starve_nobody", case_small_batches_starve_nobody},
    {"one_wait_reports_several", case_one_wait_reports_several},
    {"deadline_and_room_are_kept", case_deadline_and_room_are_kept},
    {"ring_from_a_thread_ends_a_wait", case_ring_from_a_thread_ends_a_wait},
    {"modify_from_a_thread_ends_a_wait", case_modify_from_a_thread_ends_a_wait},
    {"pollers_are_independent", case_pollers_are_independent},
    {"hangup_needs_no_interest", case_hangup_needs_no_interest},
    {"close_accepts_the_empty_handle", case_close_accepts_the_empty_handle},
};

CONTRACT_SUITE(contract_poller, "poller", cases);

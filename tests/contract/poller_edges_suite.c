// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/poller.h with many sources, streams, and several pollers.
#include <mycelium/interface/poller.h>

#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/stream.h>
#include <mycelium/interface/thread.h>

#include "contract/suites.h"

enum { SOURCES = 48, RINGERS = 4 };

/* A poller, and one event read from it. */
struct watch {
    struct myc_poller *poller;
    struct myc_handle handle;
};

static bool watch_open(struct contract_env *env, struct watch *watch)
{
    watch->poller = env->platform->poller;
    return myc_poller_open(watch->poller, &watch->handle) == MYC_OK;
}

static enum myc_status
watch_add(const struct watch *watch, struct myc_handle source, uint32_t interest, uint64_t token)
{
    return myc_poller_add(watch->poller, watch->handle, source, interest, token);
}

/* The next event; zeroed when there was none by the deadline. */
static struct myc_event watch_next(const struct watch *watch, uint64_t deadline_ns)
{
    struct myc_event event = {0};
    size_t count = 0;
    enum myc_status status =
        myc_poller_wait(watch->poller, watch->handle, &event, 1, deadline_ns, &count);
    return status == MYC_OK && count == 1 ? event : (struct myc_event){0};
}

// Dozens of sources at one poller are each found under their own token.
static void case_many_sources_are_told_apart(struct contract_env *env)
{
    struct watch watch = {0};
    struct myc_handle bells[SOURCES] = {{0}};
    CONTRACT_CHECK(env, watch_open(env, &watch));
    for (uint64_t i = 0; i < SOURCES; i++) {
        CONTRACT_CHECK(env, myc_doorbell_open(watch.poller, &bells[i]) == MYC_OK);
        CONTRACT_CHECK(env, watch_add(&watch, bells[i], MYC_READABLE, 1000 + i) == MYC_OK);
    }
    for (uint64_t i = 0; i < SOURCES; i += 5) {
        myc_doorbell_ring(watch.poller, bells[i]);
        struct myc_event event = watch_next(&watch, contract_deadline_ns(env));
        CONTRACT_CHECK(env, event.token == 1000 + i && event.events == MYC_READABLE);
        myc_doorbell_clear(watch.poller, bells[i]);
    }
    CONTRACT_CHECK(env, watch_next(&watch, 0).events == 0);
    for (uint64_t i = 0; i < SOURCES; i++) {
        myc_poller_remove(watch.poller, watch.handle, bells[i]);
        myc_doorbell_close(watch.poller, bells[i]);
    }
    myc_poller_close(watch.poller, watch.handle);
}

// A wait never reports more than there is room for, nor a source twice.
static void case_room_bounds_the_events(struct contract_env *env)
{
    struct watch watch = {0};
    struct myc_handle bells[RINGERS] = {{0}};
    struct myc_event events[3];
    size_t count = 0;
    CONTRACT_CHECK(env, watch_open(env, &watch));
    for (uint64_t i = 0; i < RINGERS; i++) {
        CONTRACT_CHECK(env, myc_doorbell_open(watch.poller, &bells[i]) == MYC_OK);
        CONTRACT_CHECK(env, watch_add(&watch, bells[i], MYC_READABLE, i + 1) == MYC_OK);
        myc_doorbell_ring(watch.poller, bells[i]);
    }
    for (size_t room = 1; room <= 3; room++) {
        memset(events, 0, sizeof(events));
        CONTRACT_CHECK(
            env,
            myc_poller_wait(
                watch.poller, watch.handle, events, room, contract_deadline_ns(env), &count)
                == MYC_OK);
        CONTRACT_CHECK(env, count >= 1 && count <= room);
        for (size_t i = 0; i < count; i++) {
            CONTRACT_CHECK(env, events[i].token >= 1 && events[i].token <= RINGERS);
            CONTRACT_CHECK(env, i == 0 || events[i].token != events[i - 1].token);
        }
    }
    for (size_t i = 0; i < RINGERS; i++) {
        myc_poller_remove(watch.poller, watch.handle, bells[i]);
        myc_doorbell_close(watch.poller, bells[i]);
    }
    myc_poller_close(watch.poller, watch.handle);
}

// A past deadline still looks: what is ready is reported, not the timeout.
static void case_past_deadline_still_looks(struct contract_env *env)
{
    struct watch watch = {0};
    struct myc_handle bell = {0};
    CONTRACT_CHECK(env, watch_open(env, &watch));
    CONTRACT_CHECK(env, myc_doorbell_open(watch.poller, &bell) == MYC_OK);
    CONTRACT_CHECK(env, watch_add(&watch, bell, MYC_READABLE, 5) == MYC_OK);
    CONTRACT_CHECK(env, watch_next(&watch, 1).events == 0);
    myc_doorbell_ring(watch.poller, bell);
    CONTRACT_CHECK(env, watch_next(&watch, 1).token == 5);
    CONTRACT_CHECK(env, watch_next(&watch, MYC_NEVER).token == 5);
    myc_poller_remove(watch.poller, watch.handle, bell);
    myc_doorbell_close(watch.poller, bell);
    myc_poller_close(watch.poller, watch.handle);
}

// Several pollers that watch one doorbell all report it, and one clear silences it for all.
static void case_pollers_share_a_source(struct contract_env *env)
{
    struct watch one = {0};
    struct watch other = {0};
    struct myc_handle bell = {0};
    CONTRACT_CHECK(env, watch_open(env, &one) && watch_open(env, &other));
    CONTRACT_CHECK(env, myc_doorbell_open(one.poller, &bell) == MYC_OK);
    CONTRACT_CHECK(env, watch_add(&one, bell, MYC_READABLE, 1) == MYC_OK);
    CONTRACT_CHECK(env, watch_add(&other, bell, MYC_READABLE, 2) == MYC_OK);
    myc_doorbell_ring(one.poller, bell);
    CONTRACT_CHECK(env, watch_next(&one, contract_deadline_ns(env)).token == 1);
    CONTRACT_CHECK(env, watch_next(&other, contract_deadline_ns(env)).token == 2);
    myc_doorbell_clear(one.poller, bell);
    CONTRACT_CHECK(env, watch_next(&one, 0).events == 0);
    CONTRACT_CHECK(env, watch_next(&other, 0).events == 0);
    myc_poller_remove(one.poller, one.handle, bell);
    myc_poller_remove(other.poller, other.handle, bell);
    myc_doorbell_close(one.poller, bell);
    myc_poller_close(one.poller, one.handle);
    myc_poller_close(other.poller, other.handle);
}

// An empty poller has nothing to report, ever.
static void case_empty_poller_times_out(struct contract_env *env)
{
    struct watch watch = {0};
    struct myc_event event;
    size_t count = 7;
    CONTRACT_CHECK(env, watch_open(env, &watch));
    uint64_t deadline_ns = myc_clock_monotonic_ns(env->platform->clock) + 1000000;
    CONTRACT_CHECK(
        env,
        myc_poller_wait(watch.poller, watch.handle, &event, 1, deadline_ns, &count) == MYC_TIMEOUT);
    CONTRACT_CHECK(env, count == 0);
    myc_poller_close(watch.poller, watch.handle);
}

struct ringer {
    struct myc_poller *poller;
    struct myc_handle bell;
};

static void ring(void *context)
{
    const struct ringer *ringer = context;
    myc_doorbell_ring(ringer->poller, ringer->bell);
}

// Doorbells that different threads ring are all reported to the one that waits.
static void case_many_threads_ring(struct contract_env *env)
{
    struct watch watch = {0};
    struct ringer ringers[RINGERS];
    struct myc_handle threads[RINGERS] = {{0}};
    uint64_t seen = 0;
    CONTRACT_CHECK(env, watch_open(env, &watch));
    for (uint64_t i = 0; i < RINGERS; i++) {
        ringers[i].poller = watch.poller;
        CONTRACT_CHECK(env, myc_doorbell_open(watch.poller, &ringers[i].bell) == MYC_OK);
        CONTRACT_CHECK(env, watch_add(&watch, ringers[i].bell, MYC_READABLE, i) == MYC_OK);
    }
    for (size_t i = 0; i < RINGERS; i++) {
        CONTRACT_CHECK(
            env,
            myc_thread_start(env->platform->thread, ring, &ringers[i], NULL, &threads[i])
                == MYC_OK);
    }
    while (seen != (UINT64_C(1) << RINGERS) - 1) {
        struct myc_event event = watch_next(&watch, contract_deadline_ns(env));
        if (event.events != MYC_READABLE || event.token >= RINGERS) {
            break;
        }
        myc_doorbell_clear(watch.poller, ringers[event.token].bell);
        seen |= UINT64_C(1) << event.token;
    }
    for (size_t i = 0; i < RINGERS; i++) {
        myc_thread_join(env->platform->thread, threads[i]);
        myc_poller_remove(watch.poller, watch.handle, ringers[i].bell);
        myc_doorbell_close(watch.poller, ringers[i].bell);
    }
    myc_poller_close(watch.poller, watch.handle);
    CONTRACT_CHECK(env, seen == (UINT64_C(1) << RINGERS) - 1);
}

// ---- Streams ----

// A fresh stream takes bytes and has none, and both facts come in one event once it has some.
static void reports_both_directions(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    const uint32_t both = MYC_READABLE | MYC_WRITABLE;
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(env, contract_await(env, pair.near, both) == MYC_WRITABLE);
    CONTRACT_CHECK(env, contract_write(env, pair.far, "x", 1));
    CONTRACT_CHECK(env, contract_await(env, pair.near, MYC_READABLE) == MYC_READABLE);
    CONTRACT_CHECK(env, contract_await(env, pair.near, both) == both);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(reports_both_directions)

// Bytes that are not all read keep the stream readable, and the last one read ends it.
static void stays_readable_until_read(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    char bytes[4] = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(env, contract_write(env, pair.near, "abc", 3));
    for (int i = 0; i < 3; i++) {
        CONTRACT_CHECK(env, contract_await(env, pair.far, MYC_READABLE) == MYC_READABLE);
        CONTRACT_CHECK(env, contract_read(env, pair.far, bytes + i, 1));
    }
    CONTRACT_CHECK(env, strcmp(bytes, "abc") == 0);
    CONTRACT_CHECK(env, contract_look(env, pair.far, MYC_READABLE) == 0);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(stays_readable_until_read)

// The end of the peer's bytes is readable, and stays so; the stream still takes ours.
static void end_is_readable(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    myc_stream_shutdown(env->platform->stream, pair.far);
    CONTRACT_CHECK(env, contract_await(env, pair.near, MYC_READABLE) == MYC_READABLE);
    CONTRACT_CHECK(env, contract_read_end(env, pair.near) == MYC_END);
    CONTRACT_CHECK(env, contract_look(env, pair.near, MYC_READABLE) == MYC_READABLE);
    CONTRACT_CHECK(env, contract_await(env, pair.near, MYC_WRITABLE) == MYC_WRITABLE);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(end_is_readable)

// Once both ends said that they are done, both see a hang-up.
static void two_shutdowns_hang_up(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    myc_stream_shutdown(env->platform->stream, pair.near);
    CONTRACT_CHECK(env, contract_read_end(env, pair.far) == MYC_END);
    CONTRACT_CHECK(env, contract_look(env, pair.far, 0) == 0);
    myc_stream_shutdown(env->platform->stream, pair.far);
    CONTRACT_CHECK(env, (contract_await(env, pair.near, 0) & MYC_HANGUP) != 0);
    CONTRACT_CHECK(env, (contract_await(env, pair.far, 0) & MYC_HANGUP) != 0);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(two_shutdowns_hang_up)

// A one-shot on a stream is spent by its report, though more bytes come.
static void one_shot_is_spent(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    struct watch watch = {0};
    const uint32_t interest = MYC_READABLE | MYC_ONE_SHOT;
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(env, watch_open(env, &watch));
    CONTRACT_CHECK(env, watch_add(&watch, pair.far, interest, 3) == MYC_OK);
    CONTRACT_CHECK(env, contract_write(env, pair.near, "a", 1));
    CONTRACT_CHECK(env, watch_next(&watch, contract_deadline_ns(env)).token == 3);
    CONTRACT_CHECK(env, contract_write(env, pair.near, "b", 1));
    uint64_t soon_ns = myc_clock_monotonic_ns(env->platform->clock) + 2000000;
    CONTRACT_CHECK(env, watch_next(&watch, soon_ns).events == 0);
    CONTRACT_CHECK(
        env, myc_poller_modify(watch.poller, watch.handle, pair.far, interest, 4) == MYC_OK);
    CONTRACT_CHECK(env, watch_next(&watch, contract_deadline_ns(env)).token == 4);
    myc_poller_remove(watch.poller, watch.handle, pair.far);
    myc_poller_close(watch.poller, watch.handle);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(one_shot_is_spent)

struct closer {
    struct contract_env *env;
    struct myc_handle stream;
};

static void close_stream(void *context)
{
    const struct closer *closer = context;
    myc_stream_close(closer->env->platform->stream, closer->stream);
}

// The peer's close ends a wait that has no other end.
static void close_ends_a_wait(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    struct myc_handle thread = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    struct closer closer = {.env = env, .stream = pair.far};
    CONTRACT_CHECK(
        env,
        myc_thread_start(env->platform->thread, close_stream, &closer, NULL, &thread) == MYC_OK);
    uint32_t events = contract_await(env, pair.near, MYC_READABLE);
    myc_thread_join(env->platform->thread, thread);
    pair.far.value = 0;
    CONTRACT_CHECK(env, (events & (MYC_READABLE | MYC_HANGUP)) != 0);
    CONTRACT_CHECK(env, contract_read_end(env, pair.near) == MYC_END);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(close_ends_a_wait)

// What another process passed is a doorbell, or is known not to be one.
static void case_only_a_doorbell_passes_for_one(struct contract_env *env)
{
    struct watch watch;
    struct myc_handle bell = {0};
    struct myc_handle segment = {0};
    struct myc_handle none = {0};
    CONTRACT_CHECK(env, watch_open(env, &watch));
    CONTRACT_CHECK(env, myc_doorbell_open(watch.poller, &bell) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_create(env->platform->shm, "bell", 4096, &segment) == MYC_OK);
    CONTRACT_CHECK(env, myc_doorbell_check(watch.poller, bell) == MYC_OK);
    myc_doorbell_ring(watch.poller, bell);
    CONTRACT_CHECK(env, myc_doorbell_check(watch.poller, bell) == MYC_OK);
    CONTRACT_CHECK(env, myc_doorbell_check(watch.poller, watch.handle) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_doorbell_check(watch.poller, segment) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_doorbell_check(watch.poller, none) == MYC_INVALID);
    myc_doorbell_close(watch.poller, bell);
    CONTRACT_CHECK(env, myc_doorbell_check(watch.poller, bell) == MYC_INVALID);
    myc_shm_close(env->platform->shm, segment);
    myc_poller_close(watch.poller, watch.handle);
}

static const struct contract_case cases[] = {
    {"many_sources_are_told_apart", case_many_sources_are_told_apart},
    {"room_bounds_the_events", case_room_bounds_the_events},
    {"past_deadline_still_looks", case_past_deadline_still_looks},
    {"pollers_share_a_source", case_pollers_share_a_source},
    {"empty_poller_times_out", case_empty_poller_times_out},
    {"many_threads_ring", case_many_threads_ring},
    {"unix_reports_both_directions", case_unix_reports_both_directions},
    {"tcp_reports_both_directions", case_tcp_reports_both_directions},
    {"unix_stays_readable_until_read", case_unix_stays_readable_until_read},
    {"tcp_stays_readable_until_read", case_tcp_stays_readable_until_read},
    {"unix_end_is_readable", case_unix_end_is_readable},
    {"tcp_end_is_readable", case_tcp_end_is_readable},
    {"unix_two_shutdowns_hang_up", case_unix_two_shutdowns_hang_up},
    {"tcp_two_shutdowns_hang_up", case_tcp_two_shutdowns_hang_up},
    {"unix_one_shot_is_spent", case_unix_one_shot_is_spent},
    {"tcp_one_shot_is_spent", case_tcp_one_shot_is_spent},
    {"unix_close_ends_a_wait", case_unix_close_ends_a_wait},
    {"tcp_close_ends_a_wait", case_tcp_close_ends_a_wait},
    {"only_a_doorbell_passes_for_one", case_only_a_doorbell_passes_for_one},
};

CONTRACT_SUITE(contract_poller_edges, "poller-edges", cases);

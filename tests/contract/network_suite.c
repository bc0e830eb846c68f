// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Streams and listeners where connections come, go and break: queues that are full, peers that give
// up, breaks with bytes on their way.
#include <string.h>

#include <mycelium/interface/listener.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/stream.h>

#include "contract/suites.h"

enum { QUEUE_MAX = 16, LAST_WORDS = 6 };

/* Each behaviour of all streams is one function of the kind and two cases. */
#define CASES_FOR_BOTH_KINDS(behaviour)                                                            \
    static void case_unix_##behaviour(struct contract_env *env)                                    \
    {                                                                                              \
        behaviour(env, MYC_ADDRESS_UNIX);                                                          \
    }                                                                                              \
    static void case_tcp_##behaviour(struct contract_env *env)                                     \
    {                                                                                              \
        behaviour(env, MYC_ADDRESS_TCP);                                                           \
    }

static void close_stream(struct contract_env *env, struct myc_handle *stream)
{
    myc_stream_close(env->platform->stream, *stream);
    stream->value = 0;
}

// A full queue of a Unix listener says AGAIN, and has room again once somebody was accepted.
static void case_unix_full_queue_is_again(struct contract_env *env)
{
    struct myc_address address = {.kind = MYC_ADDRESS_UNIX};
    struct myc_handle listener = {0};
    struct myc_handle streams[QUEUE_MAX] = {{0}};
    struct myc_handle accepted = {0};
    enum myc_status status = MYC_OK;
    size_t count = 0;
    CONTRACT_CHECK(env, contract_path(env, "queue", address.text));
    CONTRACT_CHECK(
        env, myc_listener_listen(env->platform->listener, &address, 1, &listener, NULL) == MYC_OK);
    while (status == MYC_OK && count < QUEUE_MAX) {
        status = myc_stream_connect(env->platform->stream, &address, &streams[count], NULL);
        count += status == MYC_OK ? 1 : 0;
    }
    CONTRACT_CHECK(env, status == MYC_AGAIN && count > 0 && streams[count].value == 0);
    CONTRACT_CHECK(
        env, myc_listener_accept(env->platform->listener, listener, &accepted) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_stream_connect(env->platform->stream, &address, &streams[count], NULL) == MYC_OK);
    for (size_t i = 0; i <= count; i++) {
        close_stream(env, &streams[i]);
    }
    close_stream(env, &accepted);
    myc_listener_close(env->platform->listener, listener);
}

// Who gives a connect up disturbs nobody: what is accepted of it ends, the next one works.
static void given_up_connects_end(struct contract_env *env, enum myc_address_kind kind)
{
    struct myc_handle listener = {0};
    struct myc_handle first = {0};
    struct myc_handle second = {0};
    struct myc_address address;
    bool is_met = false;
    CONTRACT_CHECK(env, contract_listen(env, kind, &listener, &address));
    CONTRACT_CHECK(
        env, myc_stream_connect(env->platform->stream, &address, &first, NULL) == MYC_OK);
    close_stream(env, &first);
    CONTRACT_CHECK(
        env, myc_stream_connect(env->platform->stream, &address, &second, NULL) == MYC_OK);
    CONTRACT_CHECK(env, (contract_await(env, second, MYC_WRITABLE) & MYC_WRITABLE) != 0);
    CONTRACT_CHECK(env, contract_write(env, second, "x", 1));
    for (int i = 0; i < 3 && !is_met; i++) {
        struct myc_handle accepted = {0};
        enum myc_status status = MYC_AGAIN;
        while (status == MYC_AGAIN && contract_await(env, listener, MYC_READABLE) != 0) {
            status = myc_listener_accept(env->platform->listener, listener, &accepted);
        }
        CONTRACT_CHECK(env, status == MYC_OK);
        status = contract_read_end(env, accepted);
        CONTRACT_CHECK(env, status == MYC_OK || status == MYC_END || status == MYC_RESET);
        is_met = status == MYC_OK;
        close_stream(env, &accepted);
    }
    CONTRACT_CHECK(env, is_met);
    close_stream(env, &second);
    myc_listener_close(env->platform->listener, listener);
}

CASES_FOR_BOTH_KINDS(given_up_connects_end)

// A peer that comes back shows twice, as the end of the old stream and as a new connection; which
// is told first is not said.
static void return_shows_both(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    struct myc_poller *poller = env->platform->poller;
    struct myc_handle handle = {0};
    struct myc_address address;
    uint64_t seen = 0;
    CONTRACT_CHECK(env, contract_listen(env, kind, &pair.listener, &address));
    CONTRACT_CHECK(env, contract_meet(env, pair.listener, &address, &pair.near, &pair.far));
    CONTRACT_CHECK(env, myc_poller_open(poller, &handle) == MYC_OK);
    CONTRACT_CHECK(env, myc_poller_add(poller, handle, pair.listener, MYC_READABLE, 1) == MYC_OK);
    CONTRACT_CHECK(env, myc_poller_add(poller, handle, pair.far, MYC_READABLE, 2) == MYC_OK);
    close_stream(env, &pair.near);
    CONTRACT_CHECK(
        env, myc_stream_connect(env->platform->stream, &address, &pair.near, NULL) == MYC_OK);
    while (seen != 3) {
        struct myc_event events[2];
        size_t count = 0;
        uint64_t deadline_ns = contract_deadline_ns(env);
        CONTRACT_CHECK(
            env, myc_poller_wait(poller, handle, events, 2, deadline_ns, &count) == MYC_OK);
        for (size_t i = 0; i < count; i++) {
            seen |= events[i].token;
        }
    }
    CONTRACT_CHECK(env, contract_read_end(env, pair.far) == MYC_END);
    myc_poller_close(poller, handle);
    contract_pair_close(env, &pair);
}

CASES_FOR_BOTH_KINDS(return_shows_both)

// What a break lets through is a beginning of what was written, and then comes the break or the
// end.
static void break_keeps_the_order(struct contract_env *env, enum myc_address_kind kind)
{
    static const char words[] = "abcdef";
    struct contract_pair pair = {0};
    size_t done = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(env, contract_write(env, pair.near, "unread", 6));
    CONTRACT_CHECK(env, contract_await(env, pair.far, MYC_READABLE) != 0);
    CONTRACT_CHECK(env, contract_write(env, pair.far, words, LAST_WORDS));
    close_stream(env, &pair.far);
    enum myc_status status = MYC_OK;
    while (status == MYC_OK || status == MYC_AGAIN) {
        char byte = 0;
        size_t count = 0;
        struct myc_span span = {&byte, 1};
        status = myc_stream_readv(env->platform->stream, pair.near, &span, 1, &count);
        CONTRACT_CHECK(env, status != MYC_OK || (done < LAST_WORDS && byte == words[done]));
        done += count;
        if (status == MYC_AGAIN) {
            CONTRACT_CHECK(env, contract_await(env, pair.near, MYC_READABLE) != 0);
        }
    }
    CONTRACT_CHECK(env, status == MYC_RESET || status == MYC_END);
    contract_pair_close(env, &pair);
}

CASES_FOR_BOTH_KINDS(break_keeps_the_order)

// A listener that closes ends the connections that nobody accepted.
static void unaccepted_connections_end(struct contract_env *env, enum myc_address_kind kind)
{
    struct myc_handle listener = {0};
    struct myc_handle stream = {0};
    struct myc_address address;
    CONTRACT_CHECK(env, contract_listen(env, kind, &listener, &address));
    CONTRACT_CHECK(
        env, myc_stream_connect(env->platform->stream, &address, &stream, NULL) == MYC_OK);
    CONTRACT_CHECK(env, contract_await(env, listener, MYC_READABLE) == MYC_READABLE);
    CONTRACT_CHECK(env, (contract_await(env, stream, MYC_WRITABLE) & MYC_WRITABLE) != 0);
    CONTRACT_CHECK(env, myc_stream_connect_result(env->platform->stream, stream) == MYC_OK);
    myc_listener_close(env->platform->listener, listener);
    enum myc_status status = contract_read_end(env, stream);
    CONTRACT_CHECK(env, status == MYC_RESET || status == MYC_END);
    close_stream(env, &stream);
}

CASES_FOR_BOTH_KINDS(unaccepted_connections_end)

// A sender that is gone takes nothing back: what it passed on arrives, and works.
static void case_unix_handles_outlive_their_sender(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_poller *poller = env->platform->poller;
    struct myc_stream *stream = env->platform->stream;
    struct myc_handle bell = {0};
    struct myc_handle copy = {0};
    char byte = 0;
    size_t bytes = 0;
    size_t count = 0;
    const struct myc_const_span out = {"h", 1};
    const struct myc_span in = {&byte, 1};
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    CONTRACT_CHECK(env, myc_doorbell_open(poller, &bell) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_stream_send_handles(stream, pair.near, out, &bell, 1, &bytes) == MYC_OK);
    myc_doorbell_ring(poller, bell);
    myc_doorbell_close(poller, bell);
    close_stream(env, &pair.near);
    CONTRACT_CHECK(env, contract_await(env, pair.far, MYC_READABLE) != 0);
    CONTRACT_CHECK(
        env, myc_stream_receive_handles(stream, pair.far, in, &copy, 1, &bytes, &count) == MYC_OK);
    CONTRACT_CHECK(env, bytes == 1 && count == 1 && byte == 'h');
    CONTRACT_CHECK(env, contract_await(env, copy, MYC_READABLE) == MYC_READABLE);
    CONTRACT_CHECK(env, contract_read_end(env, pair.far) == MYC_END);
    myc_doorbell_close(poller, copy);
    contract_pair_close(env, &pair);
}

static const struct contract_case cases[] = {
    {"unix_full_queue_is_again", case_unix_full_queue_is_again},
    {"unix_given_up_connects_end", case_unix_given_up_connects_end},
    {"tcp_given_up_connects_end", case_tcp_given_up_connects_end},
    {"unix_return_shows_both", case_unix_return_shows_both},
    {"tcp_return_shows_both", case_tcp_return_shows_both},
    {"unix_break_keeps_the_order", case_unix_break_keeps_the_order},
    {"tcp_break_keeps_the_order", case_tcp_break_keeps_the_order},
    {"unix_unaccepted_connections_end", case_unix_unaccepted_connections_end},
    {"tcp_unaccepted_connections_end", case_tcp_unaccepted_connections_end},
    {"unix_handles_outlive_their_sender", case_unix_handles_outlive_their_sender},
};

CONTRACT_SUITE(contract_network, "network", cases);

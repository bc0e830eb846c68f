// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/stream.h and listener.h: order of events around connecting and
// closing, streams side by side, large transfers, and handles between bytes.
#include <mycelium/interface/stream.h>

#include <string.h>

#include <mycelium/interface/listener.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/thread.h>

#include "contract/suites.h"

enum { TRANSFER_BYTES = 200000, SPANS = 100, ROUNDS = 20, CHUNK_BYTES = 4096 };

static enum myc_status write_byte(struct contract_env *env, struct myc_handle stream)
{
    const struct myc_const_span span = {"x", 1};
    size_t count = 0;
    return myc_stream_writev(env->platform->stream, stream, &span, 1, &count);
}

// ---- Around connecting ----

// Who asks again how a connect ended is told again that it is there.
static void stays_connected(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    for (int i = 0; i < 3; i++) {
        CONTRACT_CHECK(env, myc_stream_connect_result(env->platform->stream, pair.near) == MYC_OK);
    }
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(stays_connected)

// Connects, and accepts only when the caller has done with `near` what it wanted.
static bool connect_unaccepted(
    struct contract_env *env,
    enum myc_address_kind kind,
    struct myc_handle *out_listener,
    struct myc_handle *out_near)
{
    struct myc_address address;
    struct myc_stream *stream = env->platform->stream;
    if (!contract_listen(env, kind, out_listener, &address)
        || myc_stream_connect(stream, &address, out_near, NULL) != MYC_OK) {
        return false;
    }
    enum myc_status status = MYC_AGAIN;
    while (status == MYC_AGAIN && contract_await(env, *out_near, MYC_WRITABLE) != 0) {
        status = myc_stream_connect_result(stream, *out_near);
    }
    return status == MYC_OK;
}

static enum myc_status
accept_late(struct contract_env *env, struct myc_handle listener, struct myc_handle *out_far)
{
    enum myc_status status = MYC_AGAIN;
    while (status == MYC_AGAIN && contract_await(env, listener, MYC_READABLE) != 0) {
        status = myc_listener_accept(env->platform->listener, listener, out_far);
    }
    return status;
}

// What a client writes before anybody accepted it is there when somebody does.
static void bytes_wait_for_accept(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    char bytes[6] = {0};
    CONTRACT_CHECK(env, connect_unaccepted(env, kind, &pair.listener, &pair.near));
    CONTRACT_CHECK(env, contract_write(env, pair.near, "early", 5));
    CONTRACT_CHECK(env, accept_late(env, pair.listener, &pair.far) == MYC_OK);
    CONTRACT_CHECK(env, contract_read(env, pair.far, bytes, 5));
    CONTRACT_CHECK(env, strcmp(bytes, "early") == 0);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(bytes_wait_for_accept)

// A client that wrote and left before it was accepted is accepted all the same, bytes and end.
static void client_may_leave_early(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    char bytes[4] = {0};
    CONTRACT_CHECK(env, connect_unaccepted(env, kind, &pair.listener, &pair.near));
    CONTRACT_CHECK(env, contract_write(env, pair.near, "bye", 3));
    myc_stream_close(env->platform->stream, pair.near);
    pair.near.value = 0;
    CONTRACT_CHECK(env, accept_late(env, pair.listener, &pair.far) == MYC_OK);
    CONTRACT_CHECK(env, contract_read(env, pair.far, bytes, 3));
    CONTRACT_CHECK(env, strcmp(bytes, "bye") == 0);
    CONTRACT_CHECK(env, contract_read_end(env, pair.far) == MYC_END);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(client_may_leave_early)

// A listener that closes takes its queue with it: who waited there is told so.
static void
closing_the_listener_ends_its_queue(struct contract_env *env, enum myc_address_kind kind)
{
    struct myc_handle listener = {0};
    struct myc_handle near = {0};
    CONTRACT_CHECK(env, connect_unaccepted(env, kind, &listener, &near));
    myc_listener_close(env->platform->listener, listener);
    enum myc_status status = contract_read_end(env, near);
    CONTRACT_CHECK(env, status == MYC_END || status == MYC_RESET);
    myc_stream_close(env->platform->stream, near);
}

CONTRACT_CASES_FOR_BOTH_KINDS(closing_the_listener_ends_its_queue)

// An accepted stream has nothing to do with the listener any more.
static void streams_outlive_their_listener(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    char byte = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    myc_listener_close(env->platform->listener, pair.listener);
    pair.listener.value = 0;
    CONTRACT_CHECK(env, contract_write(env, pair.near, "y", 1));
    CONTRACT_CHECK(env, contract_read(env, pair.far, &byte, 1) && byte == 'y');
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(streams_outlive_their_listener)

// A stream is no listener.
static void streams_accept_nobody(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    struct myc_handle none = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(
        env, myc_listener_accept(env->platform->listener, pair.near, &none) == MYC_INVALID);
    CONTRACT_CHECK(env, none.value == 0);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(streams_accept_nobody)

// Connections can be made and ended one after the other for as long as one likes.
static void connections_come_and_go(struct contract_env *env, enum myc_address_kind kind)
{
    struct myc_stream *stream = env->platform->stream;
    struct myc_handle listener = {0};
    struct myc_address address;
    CONTRACT_CHECK(env, contract_listen(env, kind, &listener, &address));
    for (int i = 0; i < ROUNDS; i++) {
        struct myc_handle near = {0};
        struct myc_handle far = {0};
        char byte = 0;
        CONTRACT_CHECK(env, contract_meet(env, listener, &address, &near, &far));
        CONTRACT_CHECK(env, contract_write(env, far, "r", 1));
        CONTRACT_CHECK(env, contract_read(env, near, &byte, 1) && byte == 'r');
        myc_stream_close(stream, near);
        CONTRACT_CHECK(env, contract_read_end(env, far) == MYC_END);
        myc_stream_close(stream, far);
    }
    myc_listener_close(env->platform->listener, listener);
}

CONTRACT_CASES_FOR_BOTH_KINDS(connections_come_and_go)

// ---- Bytes ----

// Two connections to one listener do not mix their bytes.
static void connections_are_apart(struct contract_env *env, enum myc_address_kind kind)
{
    struct myc_stream *stream = env->platform->stream;
    struct myc_handle listener = {0};
    struct myc_handle near[2] = {{0}};
    struct myc_handle far[2] = {{0}};
    struct myc_address address;
    char bytes[8] = {0};
    CONTRACT_CHECK(env, contract_listen(env, kind, &listener, &address));
    CONTRACT_CHECK(env, contract_meet(env, listener, &address, &near[0], &far[0]));
    CONTRACT_CHECK(env, contract_meet(env, listener, &address, &near[1], &far[1]));
    CONTRACT_CHECK(env, contract_write(env, near[0], "first", 5));
    CONTRACT_CHECK(env, contract_write(env, near[1], "other", 5));
    CONTRACT_CHECK(env, contract_read(env, far[1], bytes, 5) && memcmp(bytes, "other", 5) == 0);
    CONTRACT_CHECK(env, contract_read(env, far[0], bytes, 5) && memcmp(bytes, "first", 5) == 0);
    myc_stream_close(stream, near[0]);
    CONTRACT_CHECK(env, contract_read_end(env, far[0]) == MYC_END);
    CONTRACT_CHECK(env, contract_write(env, near[1], "still", 5));
    CONTRACT_CHECK(env, contract_read(env, far[1], bytes, 5) && memcmp(bytes, "still", 5) == 0);
    myc_stream_close(stream, far[0]);
    myc_stream_close(stream, near[1]);
    myc_stream_close(stream, far[1]);
    myc_listener_close(env->platform->listener, listener);
}

CONTRACT_CASES_FOR_BOTH_KINDS(connections_are_apart)

// A hundred spans are as good as one.
static void takes_many_spans(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    struct myc_const_span spans[SPANS];
    char bytes[SPANS];
    char back[SPANS] = {0};
    size_t written = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    for (size_t i = 0; i < SPANS; i++) {
        bytes[i] = (char)(i + 1);
        spans[i] = (struct myc_const_span){&bytes[i], 1};
    }
    while (written < SPANS) {
        size_t count = 0;
        CONTRACT_CHECK(env, contract_await(env, pair.near, MYC_WRITABLE) != 0);
        enum myc_status status = myc_stream_writev(
            env->platform->stream, pair.near, spans + written, SPANS - written, &count);
        CONTRACT_CHECK(env, status == MYC_OK && count <= SPANS - written);
        written += count;
    }
    CONTRACT_CHECK(env, contract_read(env, pair.far, back, SPANS));
    CONTRACT_CHECK(env, memcmp(bytes, back, SPANS) == 0);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(takes_many_spans)

static uint8_t pattern(size_t position)
{
    return (uint8_t)(position * 7 + (position >> 8) * 13);
}

struct transfer {
    struct contract_env *env;
    struct myc_handle stream;
    bool is_sent;
};

static void send_pattern(void *context)
{
    struct transfer *transfer = context;
    uint8_t chunk[CHUNK_BYTES];
    transfer->is_sent = true;
    for (size_t done = 0; transfer->is_sent && done < TRANSFER_BYTES;) {
        size_t left = TRANSFER_BYTES - done;
        size_t size = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        for (size_t i = 0; i < size; i++) {
            chunk[i] = pattern(done + i);
        }
        transfer->is_sent = contract_write(transfer->env, transfer->stream, chunk, size);
        done += size;
    }
    myc_stream_shutdown(transfer->env->platform->stream, transfer->stream);
}

// While one thread writes another reads: every byte arrives once, in order, and then the end.
static void carries_a_large_transfer(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    struct myc_handle thread = {0};
    uint8_t chunk[CHUNK_BYTES];
    size_t done = 0;
    size_t wrong = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    struct transfer transfer = {.env = env, .stream = pair.near};
    CONTRACT_CHECK(
        env,
        myc_thread_start(env->platform->thread, send_pattern, &transfer, NULL, &thread) == MYC_OK);
    enum myc_status status = MYC_OK;
    while (status == MYC_OK || status == MYC_AGAIN) {
        const struct myc_span span = {chunk, sizeof(chunk)};
        size_t count = 0;
        status = myc_stream_readv(env->platform->stream, pair.far, &span, 1, &count);
        for (size_t i = 0; i < count; i++) {
            wrong += chunk[i] != pattern(done + i) ? 1 : 0;
        }
        done += count;
        if (status == MYC_AGAIN && contract_await(env, pair.far, MYC_READABLE) == 0) {
            break;
        }
    }
    myc_thread_join(env->platform->thread, thread);
    CONTRACT_CHECK(env, status == MYC_END);
    CONTRACT_CHECK(env, transfer.is_sent && done == TRANSFER_BYTES && wrong == 0);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(carries_a_large_transfer)

// ---- Ends ----

// Who said that no more would come cannot write any more, and saying it twice is harmless.
static void shutdown_forbids_writing(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    myc_stream_shutdown(env->platform->stream, pair.near);
    myc_stream_shutdown(env->platform->stream, pair.near);
    CONTRACT_CHECK(env, write_byte(env, pair.near) == MYC_RESET);
    CONTRACT_CHECK(env, contract_read_end(env, pair.far) == MYC_END);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(shutdown_forbids_writing)

// Both ends may have said the last word and still read what the other wrote before.
static void last_words_cross(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    char bytes[5] = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(env, contract_write(env, pair.near, "near", 4));
    CONTRACT_CHECK(env, contract_write(env, pair.far, "away", 4));
    myc_stream_shutdown(env->platform->stream, pair.near);
    myc_stream_shutdown(env->platform->stream, pair.far);
    CONTRACT_CHECK(env, contract_read(env, pair.near, bytes, 4) && strcmp(bytes, "away") == 0);
    CONTRACT_CHECK(env, contract_read(env, pair.far, bytes, 4) && strcmp(bytes, "near") == 0);
    CONTRACT_CHECK(env, contract_read_end(env, pair.near) == MYC_END);
    CONTRACT_CHECK(env, contract_read_end(env, pair.far) == MYC_END);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(last_words_cross)

// What is no stream cannot be used as one: a doorbell, or nothing.
static void case_other_handles_are_no_streams(struct contract_env *env)
{
    struct myc_stream *stream = env->platform->stream;
    const struct myc_handle empty = {0};
    char byte = 0;
    size_t count = 7;
    size_t handles = 7;
    struct myc_span room = {&byte, 1};
    CONTRACT_CHECK(env, write_byte(env, empty) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_stream_connect_result(stream, empty) != MYC_OK);
    CONTRACT_CHECK(
        env, myc_stream_receive_handles(stream, empty, room, NULL, 0, &count, &handles) != MYC_OK);
    CONTRACT_CHECK(env, count == 0 && handles == 0);
}

// ---- Handles ----

/* Sends `text` with one handle; false unless all of it went at once or in two writes. */
static bool send_with(
    struct contract_env *env, struct myc_handle stream, const char *text, struct myc_handle handle)
{
    size_t size = strlen(text);
    size_t sent = 0;
    enum myc_status status = myc_stream_send_handles(
        env->platform->stream, stream, (struct myc_const_span){text, size}, &handle, 1, &sent);
    return status == MYC_OK && contract_write(env, stream, text + sent, size - sent);
}

/* Receives at least a byte and at most one handle. */
static bool receive_with(
    struct contract_env *env,
    struct myc_handle stream,
    struct myc_span room,
    size_t *out_bytes,
    struct myc_handle *out_handle,
    size_t *out_count)
{
    enum myc_status status = MYC_AGAIN;
    while (status == MYC_AGAIN && contract_await(env, stream, MYC_READABLE) != 0) {
        status = myc_stream_receive_handles(
            env->platform->stream, stream, room, out_handle, 1, out_bytes, out_count);
    }
    return status == MYC_OK;
}

// A handle comes with the first of its own bytes: never with those before them.
static void case_unix_handles_keep_their_place(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_poller *poller = env->platform->poller;
    struct myc_handle bell = {0};
    char bytes[16] = {0};
    size_t done = 0;
    size_t handles = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    CONTRACT_CHECK(env, myc_doorbell_open(poller, &bell) == MYC_OK);
    CONTRACT_CHECK(env, contract_write(env, pair.near, "before", 6));
    CONTRACT_CHECK(env, send_with(env, pair.near, "with", bell));
    CONTRACT_CHECK(env, contract_write(env, pair.near, "after", 5));
    while (done < 15) {
        struct myc_handle copy = {0};
        size_t bytes_now = 0;
        size_t handles_now = 0;
        struct myc_span room = {bytes + done, 15 - done};
        CONTRACT_CHECK(env, receive_with(env, pair.far, room, &bytes_now, &copy, &handles_now));
        if (handles_now != 0) {
            CONTRACT_CHECK(env, done <= 6 && done + bytes_now > 6);
            handles += handles_now;
            myc_doorbell_close(poller, copy);
        }
        done += bytes_now;
    }
    CONTRACT_CHECK(env, strcmp(bytes, "beforewithafter") == 0);
    CONTRACT_CHECK(env, handles == 1);
    myc_doorbell_close(poller, bell);
    contract_pair_close(env, &pair);
}

// One handle sent twice is two handles of one thing.
static void case_unix_one_handle_twice(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_poller *poller = env->platform->poller;
    struct myc_handle bell = {0};
    struct myc_handle copies[2] = {{0}};
    char byte = 0;
    size_t bytes = 0;
    size_t count = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    CONTRACT_CHECK(env, myc_doorbell_open(poller, &bell) == MYC_OK);
    for (int i = 0; i < 2; i++) {
        CONTRACT_CHECK(env, send_with(env, pair.near, "1", bell));
        CONTRACT_CHECK(
            env,
            receive_with(env, pair.far, (struct myc_span){&byte, 1}, &bytes, &copies[i], &count));
        CONTRACT_CHECK(env, bytes == 1 && count == 1);
    }
    CONTRACT_CHECK(env, copies[0].value != copies[1].value);
    myc_doorbell_ring(poller, copies[0]);
    CONTRACT_CHECK(env, contract_await(env, copies[1], MYC_READABLE) == MYC_READABLE);
    CONTRACT_CHECK(env, contract_await(env, bell, MYC_READABLE) == MYC_READABLE);
    myc_doorbell_close(poller, copies[0]);
    CONTRACT_CHECK(env, contract_look(env, copies[1], MYC_READABLE) == MYC_READABLE);
    myc_doorbell_close(poller, copies[1]);
    myc_doorbell_close(poller, bell);
    contract_pair_close(env, &pair);
}

// A handle in flight keeps its object alive, though the sender closed its own and the stream.
static void case_unix_handle_in_flight_lives(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_poller *poller = env->platform->poller;
    struct myc_handle bell = {0};
    struct myc_handle copy = {0};
    char byte = 0;
    size_t bytes = 0;
    size_t count = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    CONTRACT_CHECK(env, myc_doorbell_open(poller, &bell) == MYC_OK);
    myc_doorbell_ring(poller, bell);
    CONTRACT_CHECK(env, send_with(env, pair.near, "1", bell));
    myc_doorbell_close(poller, bell);
    myc_stream_close(env->platform->stream, pair.near);
    pair.near.value = 0;
    CONTRACT_CHECK(
        env, receive_with(env, pair.far, (struct myc_span){&byte, 1}, &bytes, &copy, &count));
    CONTRACT_CHECK(env, count == 1);
    CONTRACT_CHECK(env, contract_await(env, copy, MYC_READABLE) == MYC_READABLE);
    CONTRACT_CHECK(env, contract_read_end(env, pair.far) == MYC_END);
    myc_doorbell_close(poller, copy);
    contract_pair_close(env, &pair);
}

// A stream can be handed over a stream, and goes on where it was.
static void case_unix_passes_a_stream(struct contract_env *env)
{
    struct contract_pair outer = {0};
    struct myc_handle listener = {0};
    struct myc_handle near = {0};
    struct myc_handle far = {0};
    struct myc_handle copy = {0};
    struct myc_address address;
    char bytes[8] = {0};
    size_t count = 0;
    size_t handles = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &outer));
    CONTRACT_CHECK(env, contract_listen(env, MYC_ADDRESS_TCP, &listener, &address));
    CONTRACT_CHECK(env, contract_meet(env, listener, &address, &near, &far));
    CONTRACT_CHECK(env, contract_write(env, near, "moved", 5));
    CONTRACT_CHECK(env, send_with(env, outer.near, "1", far));
    CONTRACT_CHECK(
        env, receive_with(env, outer.far, (struct myc_span){bytes, 1}, &count, &copy, &handles));
    CONTRACT_CHECK(env, handles == 1);
    myc_stream_close(env->platform->stream, far);
    CONTRACT_CHECK(env, contract_read(env, copy, bytes, 5) && memcmp(bytes, "moved", 5) == 0);
    CONTRACT_CHECK(env, contract_write(env, copy, "back", 4));
    CONTRACT_CHECK(env, contract_read(env, near, bytes, 4) && memcmp(bytes, "back", 4) == 0);
    myc_stream_close(env->platform->stream, copy);
    CONTRACT_CHECK(env, contract_read_end(env, near) == MYC_END);
    myc_stream_close(env->platform->stream, near);
    myc_listener_close(env->platform->listener, listener);
    contract_pair_close(env, &outer);
}

#define PAIR(behaviour)                                                                            \
    {"unix_" #behaviour, case_unix_##behaviour},                                                   \
    {                                                                                              \
        "tcp_" #behaviour, case_tcp_##behaviour                                                    \
    }

static const struct contract_case cases[] = {
    PAIR(stays_connected),
    PAIR(bytes_wait_for_accept),
    PAIR(client_may_leave_early),
    PAIR(closing_the_listener_ends_its_queue),
    PAIR(streams_outlive_their_listener),
    PAIR(streams_accept_nobody),
    PAIR(connections_come_and_go),
    PAIR(connections_are_apart),
    PAIR(takes_many_spans),
    PAIR(carries_a_large_transfer),
    PAIR(shutdown_forbids_writing),
    PAIR(last_words_cross),
    {"other_handles_are_no_streams", case_other_handles_are_no_streams},
    {"unix_handles_keep_their_place", case_unix_handles_keep_their_place},
    {"unix_one_handle_twice", case_unix_one_handle_twice},
    {"unix_handle_in_flight_lives", case_unix_handle_in_flight_lives},
    {"unix_passes_a_stream", case_unix_passes_a_stream},
};

CONTRACT_SUITE(contract_stream_edges, "stream-edges", cases);

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Helpers of the contract cases. They wait in pollers only, with a deadline far away.
#include "contract/contract.h"

#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/listener.h>
#include <mycelium/interface/poller.h>

#include "contract/suites.h"

static const uint64_t patience_ns = 20000000000;

const struct contract_suite *const contract_suites[] = {
    &contract_clock,         &contract_entropy,      &contract_file,
    &contract_file_edges,    &contract_listener,     &contract_memory,
    &contract_memory_edges,  &contract_network,      &contract_place,
    &contract_poller,        &contract_poller_edges, &contract_process,
    &contract_process_edges, &contract_ring_place,   &contract_shm,
    &contract_shm_named,     &contract_stream,       &contract_stream_edges,
    &contract_thread,        &contract_wait,         NULL,
};

void contract_fail(struct contract_env *env, const char *file, uint32_t line, const char *text)
{
    if (env->failure_text == NULL) {
        env->failure_file = file;
        env->failure_line = line;
        env->failure_text = text;
    }
}

uint64_t contract_deadline_ns(struct contract_env *env)
{
    return myc_clock_monotonic_ns(env->platform->clock) + patience_ns;
}

bool contract_path(struct contract_env *env, const char *name, char *out_path)
{
    size_t directory_len = strlen(env->directory);
    size_t name_len = strlen(name);
    if (directory_len + 1 + name_len >= CONTRACT_PATH_BYTES) {
        return false;
    }
    memcpy(out_path, env->directory, directory_len);
    out_path[directory_len] = '/';
    memcpy(out_path + directory_len + 1, name, name_len + 1);
    return true;
}

bool contract_holds(const char *text, const char *part)
{
    size_t text_len = strlen(text);
    size_t part_len = strlen(part);
    for (size_t i = 0; i + part_len <= text_len; i++) {
        if (memcmp(text + i, part, part_len) == 0) {
            return true;
        }
    }
    return false;
}

static uint32_t wait_for(
    struct contract_env *env, struct myc_handle source, uint32_t interest, uint64_t deadline_ns)
{
    struct myc_poller *poller = env->platform->poller;
    struct myc_handle handle = {0};
    struct myc_event event = {0};
    uint32_t events = 0;
    size_t count = 0;
    if (myc_poller_open(poller, &handle) != MYC_OK) {
        return 0;
    }
    if (myc_poller_add(poller, handle, source, interest, 1) == MYC_OK
        && myc_poller_wait(poller, handle, &event, 1, deadline_ns, &count) == MYC_OK) {
        events = event.events;
    }
    myc_poller_remove(poller, handle, source);
    myc_poller_close(poller, handle);
    return events;
}

uint32_t contract_await(struct contract_env *env, struct myc_handle source, uint32_t interest)
{
    return wait_for(env, source, interest, contract_deadline_ns(env));
}

uint32_t contract_look(struct contract_env *env, struct myc_handle source, uint32_t interest)
{
    return wait_for(env, source, interest, 0);
}

bool contract_listen(
    struct contract_env *env,
    enum myc_address_kind kind,
    struct myc_handle *out_listener,
    struct myc_address *out_address)
{
    struct myc_listener *listener = env->platform->listener;
    struct myc_address address = {.kind = kind, .text = "127.0.0.1"};
    if (kind == MYC_ADDRESS_UNIX && !contract_path(env, "socket", address.text)) {
        return false;
    }
    return myc_listener_listen(listener, &address, 16, out_listener, NULL) == MYC_OK
           && myc_listener_local_address(listener, *out_listener, out_address) == MYC_OK;
}

bool contract_meet(
    struct contract_env *env,
    struct myc_handle listener,
    const struct myc_address *address,
    struct myc_handle *out_near,
    struct myc_handle *out_far)
{
    struct myc_stream *stream = env->platform->stream;
    if (myc_stream_connect(stream, address, out_near, NULL) != MYC_OK) {
        return false;
    }
    enum myc_status status = MYC_AGAIN;
    while (status == MYC_AGAIN && contract_await(env, listener, MYC_READABLE) != 0) {
        status = myc_listener_accept(env->platform->listener, listener, out_far);
    }
    if (status != MYC_OK) {
        return false;
    }
    status = MYC_AGAIN;
    while (status == MYC_AGAIN && contract_await(env, *out_near, MYC_WRITABLE) != 0) {
        status = myc_stream_connect_result(stream, *out_near);
    }
    return status == MYC_OK;
}

bool contract_pair_open(
    struct contract_env *env, enum myc_address_kind kind, struct contract_pair *pair)
{
    struct myc_address address = {.kind = MYC_ADDRESS_NONE};
    return contract_listen(env, kind, &pair->listener, &address)
           && contract_meet(env, pair->listener, &address, &pair->near, &pair->far);
}

void contract_pair_close(struct contract_env *env, struct contract_pair *pair)
{
    myc_stream_close(env->platform->stream, pair->near);
    myc_stream_close(env->platform->stream, pair->far);
    myc_listener_close(env->platform->listener, pair->listener);
    memset(pair, 0, sizeof(*pair));
}

bool contract_write(
    struct contract_env *env, struct myc_handle stream, const void *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        struct myc_const_span span = {(const char *)bytes + done, size - done};
        size_t count = 0;
        enum myc_status status = myc_stream_writev(env->platform->stream, stream, &span, 1, &count);
        if (status == MYC_OK) {
            done += count;
        } else if (status != MYC_AGAIN || contract_await(env, stream, MYC_WRITABLE) == 0) {
            return false;
        }
    }
    return true;
}

bool contract_read(struct contract_env *env, struct myc_handle stream, void *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        struct myc_span span = {(char *)bytes + done, size - done};
        size_t count = 0;
        enum myc_status status = myc_stream_readv(env->platform->stream, stream, &span, 1, &count);
        if (status == MYC_OK) {
            done += count;
        } else if (status != MYC_AGAIN || contract_await(env, stream, MYC_READABLE) == 0) {
            return false;
        }
    }
    return true;
}

enum myc_status contract_read_end(struct contract_env *env, struct myc_handle stream)
{
    enum myc_status status = MYC_AGAIN;
    while (status == MYC_AGAIN && contract_await(env, stream, MYC_READABLE) != 0) {
        char byte = 0;
        size_t count = 0;
        struct myc_span span = {&byte, 1};
        status = myc_stream_readv(env->platform->stream, stream, &span, 1, &count);
    }
    return status;
}

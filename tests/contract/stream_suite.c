// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/stream.h.
#include <mycelium/interface/stream.h>

#include <string.h>

#include <mycelium/interface/listener.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/process.h>
#include <mycelium/interface/shm.h>

#include "contract/suites.h"

enum { CHUNK_BYTES = 65536, CHUNKS_MAX = 4096, SEGMENT_BYTES = 4096 };

static enum myc_status read_byte(struct contract_env *env, struct myc_handle stream)
{
    char byte = 0;
    size_t count = 0;
    struct myc_span span = {&byte, 1};
    return myc_stream_readv(env->platform->stream, stream, &span, 1, &count);
}

static void close_far(struct contract_env *env, struct contract_pair *pair)
{
    myc_stream_close(env->platform->stream, pair->far);
    pair->far.value = 0;
}

// ---- Connecting ----

// Where nobody listens any more a connect is refused, now or when it is asked how it ended.
static void case_tcp_refused(struct contract_env *env)
{
    struct myc_stream *stream = env->platform->stream;
    struct myc_handle listener = {0};
    struct myc_handle handle = {0};
    struct myc_address address;
    CONTRACT_CHECK(env, contract_listen(env, MYC_ADDRESS_TCP, &listener, &address));
    myc_listener_close(env->platform->listener, listener);
    enum myc_status status = myc_stream_connect(stream, &address, &handle, NULL);
    if (status == MYC_OK) {
        status = MYC_AGAIN;
        while (status == MYC_AGAIN && contract_await(env, handle, MYC_WRITABLE) != 0) {
            status = myc_stream_connect_result(stream, handle);
        }
    }
    CONTRACT_CHECK(env, status == MYC_REFUSED);
    myc_stream_close(stream, handle);
}

// A path without a socket is NOT_FOUND, and the diagnostic names the path.
static void case_unix_not_found(struct contract_env *env)
{
    struct myc_address address = {.kind = MYC_ADDRESS_UNIX};
    struct myc_diagnostic diagnostic;
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, contract_path(env, "nobody", address.text));
    myc_diagnostic_clear(&diagnostic);
    CONTRACT_CHECK(
        env,
        myc_stream_connect(env->platform->stream, &address, &handle, &diagnostic) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, contract_holds(diagnostic.text, address.text));
    CONTRACT_CHECK(env, handle.value == 0);
}

// ---- Bytes ----

// Bytes go both ways at the same time and arrive in order, and a quiet stream says AGAIN.
static void exchanges_bytes(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    char there[6] = {0};
    char back[6] = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(env, read_byte(env, pair.near) == MYC_AGAIN);
    CONTRACT_CHECK(env, read_byte(env, pair.far) == MYC_AGAIN);
    CONTRACT_CHECK(env, contract_write(env, pair.near, "there", 5));
    CONTRACT_CHECK(env, contract_write(env, pair.far, "back!", 5));
    CONTRACT_CHECK(env, contract_read(env, pair.far, there, 5));
    CONTRACT_CHECK(env, contract_read(env, pair.near, back, 5));
    CONTRACT_CHECK(env, strcmp(there, "there") == 0);
    CONTRACT_CHECK(env, strcmp(back, "back!") == 0);
    CONTRACT_CHECK(env, read_byte(env, pair.near) == MYC_AGAIN);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(exchanges_bytes)

// Several spans are one run of bytes, written and read in their order; empty ones are skipped.
static void gathers_and_scatters(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    char head[3] = {0};
    char tail[16] = {0};
    const struct myc_const_span spans[3] = {{"ab", 2}, {NULL, 0}, {"cdefg", 5}};
    size_t written = 0;
    size_t total = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(
        env, myc_stream_writev(env->platform->stream, pair.near, spans, 3, &written) == MYC_OK);
    CONTRACT_CHECK(env, written >= 1 && written <= 7);
    while (total < written) {
        char *head_rest = head + (total < 3 ? total : 3);
        char *tail_rest = tail + (total < 3 ? 0 : total - 3);
        size_t head_size = total < 3 ? 3 - total : 0;
        const struct myc_span rest[2] = {{head_rest, head_size}, {tail_rest, 8}};
        size_t count = 0;
        CONTRACT_CHECK(env, contract_await(env, pair.far, MYC_READABLE) != 0);
        CONTRACT_CHECK(
            env, myc_stream_readv(env->platform->stream, pair.far, rest, 2, &count) == MYC_OK);
        total += count;
    }
    CONTRACT_CHECK(env, total == written);
    CONTRACT_CHECK(env, memcmp(head, "abc", written < 3 ? written : 3) == 0);
    CONTRACT_CHECK(env, memcmp(tail, "defg", written < 3 ? 0 : written - 3) == 0);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(gathers_and_scatters)

// Reading or writing nothing is a mistake of the caller, not the end of the stream.
static void refuses_empty_spans(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    struct myc_stream *stream = env->platform->stream;
    const struct myc_span nowhere = {NULL, 0};
    const struct myc_const_span nothing = {NULL, 0};
    size_t count = 9;
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(env, contract_write(env, pair.far, "x", 1));
    CONTRACT_CHECK(env, contract_await(env, pair.near, MYC_READABLE) != 0);
    CONTRACT_CHECK(env, myc_stream_readv(stream, pair.near, &nowhere, 0, &count) == MYC_INVALID);
    CONTRACT_CHECK(env, count == 0);
    CONTRACT_CHECK(env, myc_stream_readv(stream, pair.near, &nowhere, 1, &count) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_stream_writev(stream, pair.near, &nothing, 0, &count) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_stream_writev(stream, pair.near, &nothing, 1, &count) == MYC_INVALID);
    CONTRACT_CHECK(env, read_byte(env, pair.near) == MYC_OK);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(refuses_empty_spans)

// Every byte of the flood is told apart from its neighbours by its place.
static uint8_t flood_byte(uint64_t position)
{
    return (uint8_t)(position * 31 + (position >> 8) * 7);
}

// Writes until the stream takes no more; how many bytes it took, and the status that ended it.
static enum myc_status
flood(struct contract_env *env, struct myc_handle stream, uint8_t *chunk, uint64_t *out_bytes)
{
    enum myc_status status = MYC_OK;
    uint64_t done = 0;
    for (int i = 0; status == MYC_OK && i < CHUNKS_MAX; i++) {
        for (size_t j = 0; j < CHUNK_BYTES; j++) {
            chunk[j] = flood_byte(done + j);
        }
        const struct myc_const_span span = {chunk, CHUNK_BYTES};
        size_t count = 0;
        status = myc_stream_writev(env->platform->stream, stream, &span, 1, &count);
        done += count;
    }
    *out_bytes = done;
    return status;
}

// A reader that does not read fills the stream; then writes say AGAIN, and nothing is lost.
static void fills_and_drains(struct contract_env *env, enum myc_address_kind kind)
{
    struct myc_memory *memory = env->platform->memory;
    struct contract_pair pair = {0};
    uint64_t bytes = 0;
    uint8_t *chunk = myc_memory_allocate(memory, CHUNK_BYTES, 8);
    CONTRACT_CHECK(env, chunk != NULL);
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(env, flood(env, pair.near, chunk, &bytes) == MYC_AGAIN);
    CONTRACT_CHECK(env, bytes > 0);
    for (uint64_t done = 0; done < bytes;) {
        size_t size = bytes - done < CHUNK_BYTES ? (size_t)(bytes - done) : CHUNK_BYTES;
        CONTRACT_CHECK(env, contract_read(env, pair.far, chunk, size));
        for (size_t i = 0; i < size; i++) {
            CONTRACT_CHECK(env, chunk[i] == flood_byte(done + i));
        }
        done += size;
    }
    CONTRACT_CHECK(env, read_byte(env, pair.far) == MYC_AGAIN);
    CONTRACT_CHECK(env, (contract_await(env, pair.near, MYC_WRITABLE) & MYC_WRITABLE) != 0);
    CONTRACT_CHECK(env, contract_write(env, pair.near, "x", 1));
    contract_pair_close(env, &pair);
    myc_memory_release(memory, chunk, CHUNK_BYTES);
}

CONTRACT_CASES_FOR_BOTH_KINDS(fills_and_drains)

// ---- Ends ----

// Shutdown ends one direction after its last byte; the other direction goes on.
static void shutdown_is_half(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    char bytes[5] = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(env, contract_write(env, pair.near, "last", 4));
    myc_stream_shutdown(env->platform->stream, pair.near);
    CONTRACT_CHECK(env, contract_read(env, pair.far, bytes, 4));
    CONTRACT_CHECK(env, strcmp(bytes, "last") == 0);
    CONTRACT_CHECK(env, contract_read_end(env, pair.far) == MYC_END);
    CONTRACT_CHECK(env, contract_read_end(env, pair.far) == MYC_END);
    CONTRACT_CHECK(env, contract_write(env, pair.far, "more", 4));
    CONTRACT_CHECK(env, contract_read(env, pair.near, bytes, 4));
    CONTRACT_CHECK(env, strcmp(bytes, "more") == 0);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(shutdown_is_half)

// What was written before an orderly close is read before the END.
static void close_delivers_then_ends(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    char bytes[8] = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(env, contract_write(env, pair.far, "goodbye", 7));
    close_far(env, &pair);
    CONTRACT_CHECK(env, contract_read(env, pair.near, bytes, 7));
    CONTRACT_CHECK(env, strcmp(bytes, "goodbye") == 0);
    CONTRACT_CHECK(env, contract_read_end(env, pair.near) == MYC_END);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(close_delivers_then_ends)

// Who writes to an end that closed is told RESET before long, and never signalled.
static void write_after_close_is_reset(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    const struct myc_const_span span = {"x", 1};
    enum myc_status status = MYC_OK;
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    close_far(env, &pair);
    for (int i = 0; i < 1000 && (status == MYC_OK || status == MYC_AGAIN); i++) {
        size_t count = 0;
        status = myc_stream_writev(env->platform->stream, pair.near, &span, 1, &count);
        if (status == MYC_OK) {
            // The answer to the first byte is the reset; it shows as a hang-up.
            CONTRACT_CHECK(env, (contract_await(env, pair.near, 0) & MYC_HANGUP) != 0);
        }
    }
    CONTRACT_CHECK(env, status == MYC_RESET);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(write_after_close_is_reset)

// An end that closes without reading what it was sent may break the connection: RESET or END.
static void close_with_unread_bytes_ends(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    CONTRACT_CHECK(env, contract_pair_open(env, kind, &pair));
    CONTRACT_CHECK(env, contract_write(env, pair.near, "unread", 6));
    CONTRACT_CHECK(env, contract_await(env, pair.far, MYC_READABLE) == MYC_READABLE);
    close_far(env, &pair);
    enum myc_status status = contract_read_end(env, pair.near);
    CONTRACT_CHECK(env, status == MYC_RESET || status == MYC_END);
    CONTRACT_CHECK(env, (contract_await(env, pair.near, 0) & MYC_HANGUP) != 0);
    contract_pair_close(env, &pair);
}

CONTRACT_CASES_FOR_BOTH_KINDS(close_with_unread_bytes_ends)

// Closing the empty handle is harmless, and no stream can be reached through it.
static void case_empty_handle_is_harmless(struct contract_env *env)
{
    const struct myc_handle empty = {0};
    struct myc_peer peer;
    myc_stream_shutdown(env->platform->stream, empty);
    myc_stream_close(env->platform->stream, empty);
    CONTRACT_CHECK(env, read_byte(env, empty) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_stream_peer(env->platform->stream, empty, &peer) == MYC_INVALID);
}

// ---- The other end ----

// Both ends of a Unix stream within this process find this very process at the other end.
static void case_unix_peer_is_known(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_process_identity self;
    CONTRACT_CHECK(env, myc_process_identify(env->platform->process, &self) == MYC_OK);
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    const struct myc_handle ends[2] = {pair.near, pair.far};
    for (int i = 0; i < 2; i++) {
        struct myc_peer peer;
        CONTRACT_CHECK(env, myc_stream_peer(env->platform->stream, ends[i], &peer) == MYC_OK);
        CONTRACT_CHECK(env, peer.is_local);
        CONTRACT_CHECK(env, peer.process.pid == self.pid);
        CONTRACT_CHECK(env, peer.process.start_time == self.start_time);
        CONTRACT_CHECK(env, memcmp(peer.process.boot_id, self.boot_id, sizeof(self.boot_id)) == 0);
        CONTRACT_CHECK(
            env, myc_process_life(env->platform->process, &peer.process) == MYC_LIFE_RUNS);
    }
    contract_pair_close(env, &pair);
}

// The kernel vouches for nobody at the other end of a TCP stream, not even on one host.
static void case_tcp_peer_is_unknown(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_peer peer = {.is_local = true};
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_TCP, &pair));
    CONTRACT_CHECK(env, myc_stream_peer(env->platform->stream, pair.near, &peer) == MYC_OK);
    CONTRACT_CHECK(env, !peer.is_local && peer.process.pid == 0);
    contract_pair_close(env, &pair);
}

// ---- Handles ----

// Sends `handles` with four bytes and receives at most `handles_max` of them.
static enum myc_status pass_handles(
    struct contract_env *env,
    const struct contract_pair *pair,
    const struct myc_handle *handles,
    size_t count,
    struct myc_handle *out_handles,
    size_t handles_max,
    size_t *out_count)
{
    struct myc_stream *stream = env->platform->stream;
    const struct myc_const_span bytes = {"pass", 4};
    char buffer[8] = {0};
    size_t sent = 0;
    size_t received = 0;
    enum myc_status status =
        myc_stream_send_handles(stream, pair->near, bytes, handles, count, &sent);
    if (status != MYC_OK) {
        return status;
    }
    status = MYC_AGAIN;
    while (status == MYC_AGAIN && contract_await(env, pair->far, MYC_READABLE) != 0) {
        status = myc_stream_receive_handles(
            stream,
            pair->far,
            (struct myc_span){buffer, sent},
            out_handles,
            handles_max,
            &received,
            out_count);
    }
    if (status != MYC_OK) {
        return status;
    }
    // The handles come with the first byte; the rest of the bytes follows at its own pace.
    bool is_whole =
        received == sent || contract_read(env, pair->far, buffer + received, sent - received);
    return is_whole && memcmp(buffer, "pass", sent) == 0 ? MYC_OK : MYC_CORRUPT;
}

// A passed doorbell is the same doorbell: it rings here when it is rung there, and outlives the
// sender's.
static void case_unix_passes_a_doorbell(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_poller *poller = env->platform->poller;
    struct myc_handle bell = {0};
    struct myc_handle copy = {0};
    size_t count = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    CONTRACT_CHECK(env, myc_doorbell_open(poller, &bell) == MYC_OK);
    CONTRACT_CHECK(env, pass_handles(env, &pair, &bell, 1, &copy, 1, &count) == MYC_OK);
    CONTRACT_CHECK(env, count == 1 && copy.value != 0 && copy.value != bell.value);
    myc_doorbell_ring(poller, copy);
    CONTRACT_CHECK(env, contract_await(env, bell, MYC_READABLE) == MYC_READABLE);
    myc_doorbell_clear(poller, bell);
    CONTRACT_CHECK(env, contract_look(env, copy, MYC_READABLE) == 0);
    myc_doorbell_close(poller, bell);
    myc_doorbell_ring(poller, copy);
    CONTRACT_CHECK(env, contract_await(env, copy, MYC_READABLE) == MYC_READABLE);
    myc_doorbell_close(poller, copy);
    contract_pair_close(env, &pair);
}

// A passed segment is the same memory with the same promises.
static void case_unix_passes_a_segment(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle segment = {0};
    struct myc_handle copy = {0};
    void *writer = NULL;
    void *reader = NULL;
    size_t count = 0;
    size_t bytes = 0;
    uint32_t seals = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    CONTRACT_CHECK(env, myc_shm_create(shm, "passed", SEGMENT_BYTES, &segment) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_shm_map(shm, segment, SEGMENT_BYTES, MYC_SHM_READ_WRITE, &writer) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_seal(shm, segment, MYC_SEAL_SIZE | MYC_SEAL_WRITE) == MYC_OK);
    CONTRACT_CHECK(env, pass_handles(env, &pair, &segment, 1, &copy, 1, &count) == MYC_OK);
    CONTRACT_CHECK(env, count == 1);
    myc_shm_close(shm, segment);
    CONTRACT_CHECK(env, myc_shm_inspect(shm, copy, &bytes, &seals) == MYC_OK);
    CONTRACT_CHECK(env, bytes == SEGMENT_BYTES);
    CONTRACT_CHECK(env, seals == (MYC_SEAL_SIZE | MYC_SEAL_WRITE));
    CONTRACT_CHECK(
        env, myc_shm_map(shm, copy, SEGMENT_BYTES, MYC_SHM_READ_WRITE, &reader) == MYC_DENIED);
    CONTRACT_CHECK(env, myc_shm_map(shm, copy, SEGMENT_BYTES, MYC_SHM_READ, &reader) == MYC_OK);
    memcpy(writer, "mycelium", 9);
    CONTRACT_CHECK(env, memcmp(reader, "mycelium", 9) == 0);
    myc_shm_unmap(shm, writer, SEGMENT_BYTES);
    myc_shm_unmap(shm, reader, SEGMENT_BYTES);
    myc_shm_close(shm, copy);
    contract_pair_close(env, &pair);
}

// As many handles as are allowed travel with one byte run, in their order.
static void case_unix_passes_the_most_handles(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_poller *poller = env->platform->poller;
    struct myc_handle bells[MYC_STREAM_HANDLES_MAX] = {{0}};
    struct myc_handle copies[MYC_STREAM_HANDLES_MAX] = {{0}};
    size_t count = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    for (int i = 0; i < MYC_STREAM_HANDLES_MAX; i++) {
        CONTRACT_CHECK(env, myc_doorbell_open(poller, &bells[i]) == MYC_OK);
    }
    CONTRACT_CHECK(
        env,
        pass_handles(
            env, &pair, bells, MYC_STREAM_HANDLES_MAX, copies, MYC_STREAM_HANDLES_MAX, &count)
            == MYC_OK);
    CONTRACT_CHECK(env, count == MYC_STREAM_HANDLES_MAX);
    for (int i = 0; i < MYC_STREAM_HANDLES_MAX; i++) {
        myc_doorbell_ring(poller, copies[i]);
        CONTRACT_CHECK(env, contract_await(env, bells[i], MYC_READABLE) == MYC_READABLE);
        myc_doorbell_close(poller, bells[i]);
        myc_doorbell_close(poller, copies[i]);
    }
    contract_pair_close(env, &pair);
}

// Handles nobody expected are closed and reported, and the stream goes on.
static void case_unix_unexpected_handles_are_corrupt(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_poller *poller = env->platform->poller;
    struct myc_handle bells[2] = {{0}};
    struct myc_handle copy = {0};
    size_t count = 9;
    char byte = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    CONTRACT_CHECK(env, myc_doorbell_open(poller, &bells[0]) == MYC_OK);
    CONTRACT_CHECK(env, myc_doorbell_open(poller, &bells[1]) == MYC_OK);
    CONTRACT_CHECK(env, pass_handles(env, &pair, bells, 2, &copy, 1, &count) == MYC_CORRUPT);
    CONTRACT_CHECK(env, count == 0 && copy.value == 0);
    CONTRACT_CHECK(env, contract_write(env, pair.far, "y", 1));
    CONTRACT_CHECK(env, contract_read(env, pair.near, &byte, 1));
    CONTRACT_CHECK(env, byte == 'y');
    myc_doorbell_close(poller, bells[0]);
    myc_doorbell_close(poller, bells[1]);
    contract_pair_close(env, &pair);
}

// More handles than the seam allows are refused before anything is sent.
static void case_unix_too_many_handles_are_invalid(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_handle bell = {0};
    struct myc_handle handles[MYC_STREAM_HANDLES_MAX + 1];
    const struct myc_const_span bytes = {"z", 1};
    size_t sent = 9;
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    CONTRACT_CHECK(env, myc_doorbell_open(env->platform->poller, &bell) == MYC_OK);
    for (int i = 0; i <= MYC_STREAM_HANDLES_MAX; i++) {
        handles[i] = bell;
    }
    CONTRACT_CHECK(
        env,
        myc_stream_send_handles(
            env->platform->stream, pair.near, bytes, handles, MYC_STREAM_HANDLES_MAX + 1, &sent)
            == MYC_INVALID);
    CONTRACT_CHECK(env, sent == 0);
    CONTRACT_CHECK(env, read_byte(env, pair.far) == MYC_AGAIN);
    myc_doorbell_close(env->platform->poller, bell);
    contract_pair_close(env, &pair);
}

// Who expects handles also gets bytes without any, AGAIN and END.
static void case_unix_receives_without_handles(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_stream *stream = env->platform->stream;
    struct myc_handle handle = {0};
    char byte = 0;
    const struct myc_span span = {&byte, 1};
    size_t bytes = 9;
    size_t count = 9;
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    CONTRACT_CHECK(
        env,
        myc_stream_receive_handles(stream, pair.far, span, &handle, 1, &bytes, &count)
            == MYC_AGAIN);
    CONTRACT_CHECK(env, bytes == 0 && count == 0);
    CONTRACT_CHECK(env, contract_write(env, pair.near, "b", 1));
    CONTRACT_CHECK(env, contract_await(env, pair.far, MYC_READABLE) != 0);
    CONTRACT_CHECK(
        env,
        myc_stream_receive_handles(stream, pair.far, span, &handle, 1, &bytes, &count) == MYC_OK);
    CONTRACT_CHECK(env, bytes == 1 && count == 0 && byte == 'b');
    myc_stream_shutdown(stream, pair.near);
    CONTRACT_CHECK(env, contract_await(env, pair.far, MYC_READABLE) != 0);
    CONTRACT_CHECK(
        env,
        myc_stream_receive_handles(stream, pair.far, span, &handle, 1, &bytes, &count) == MYC_END);
    contract_pair_close(env, &pair);
}

// Handles cannot leave the host.
static void case_tcp_passes_no_handles(struct contract_env *env)
{
    struct contract_pair pair = {0};
    struct myc_handle bell = {0};
    struct myc_handle copy = {0};
    size_t count = 0;
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_TCP, &pair));
    CONTRACT_CHECK(env, myc_doorbell_open(env->platform->poller, &bell) == MYC_OK);
    CONTRACT_CHECK(env, pass_handles(env, &pair, &bell, 1, &copy, 1, &count) == MYC_UNSUPPORTED);
    myc_doorbell_close(env->platform->poller, bell);
    contract_pair_close(env, &pair);
}

static const struct contract_case cases[] = {
    {"tcp_refused", case_tcp_refused},
    {"unix_not_found", case_unix_not_found},
    {"unix_exchanges_bytes", case_unix_exchanges_bytes},
    {"tcp_exchanges_bytes", case_tcp_exchanges_bytes},
    {"unix_gathers_and_scatters", case_unix_gathers_and_scatters},
    {"tcp_gathers_and_scatters", case_tcp_gathers_and_scatters},
    {"unix_refuses_empty_spans", case_unix_refuses_empty_spans},
    {"tcp_refuses_empty_spans", case_tcp_refuses_empty_spans},
    {"unix_fills_and_drains", case_unix_fills_and_drains},
    {"tcp_fills_and_drains", case_tcp_fills_and_drains},
    {"unix_shutdown_is_half", case_unix_shutdown_is_half},
    {"tcp_shutdown_is_half", case_tcp_shutdown_is_half},
    {"unix_close_delivers_then_ends", case_unix_close_delivers_then_ends},
    {"tcp_close_delivers_then_ends", case_tcp_close_delivers_then_ends},
    {"unix_write_after_close_is_reset", case_unix_write_after_close_is_reset},
    {"tcp_write_after_close_is_reset", case_tcp_write_after_close_is_reset},
    {"unix_close_with_unread_bytes_ends", case_unix_close_with_unread_bytes_ends},
    {"tcp_close_with_unread_bytes_ends", case_tcp_close_with_unread_bytes_ends},
    {"empty_handle_is_harmless", case_empty_handle_is_harmless},
    {"unix_peer_is_known", case_unix_peer_is_known},
    {"tcp_peer_is_unknown", case_tcp_peer_is_unknown},
    {"unix_passes_a_doorbell", case_unix_passes_a_doorbell},
    {"unix_passes_a_segment", case_unix_passes_a_segment},
    {"unix_passes_the_most_handles", case_unix_passes_the_most_handles},
    {"unix_unexpected_handles_are_corrupt", case_unix_unexpected_handles_are_corrupt},
    {"unix_too_many_handles_are_invalid", case_unix_too_many_handles_are_invalid},
    {"unix_receives_without_handles", case_unix_receives_without_handles},
    {"tcp_passes_no_handles", case_tcp_passes_no_handles},
};

CONTRACT_SUITE(contract_stream, "stream", cases);

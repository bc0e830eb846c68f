// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What comes out of a socket, in pieces of any size. The first byte chooses the receiver, the next
// three how the bytes are cut. A channel must give the same session records, an image's reader the
// same messages and the same end, as if all had come at once; and neither ever reads ahead of what
// a later reader of the socket must get.
#include <stdbool.h>
#include <string.h>

#include <mycelium/interface/stream.h>
#include <mycelium/ring.h>

#include "fuzz.h"
#include "steps.h"
#include "transport/stream/channel.h"
#include "transport/stream/image.h"

enum { PREFIX = 4, CUTS = 3, PAGE = 4096, BATCH = 16 };

// Per byte: a header, a look and a copy for each 8 bytes, and a call for each piece of one byte.
enum { STEPS_BASE = 4096, STEPS_PER_BYTE = 160 };

// ---- A socket that gives what was put in ----

struct socket {
    struct myc_stream stream; // first: operations get it
    const uint8_t *bytes;
    size_t size;
    size_t done;
    const uint8_t *cuts; // NULL: no cuts
    size_t cut;
    bool is_paused; // each piece but the first is preceded by AGAIN
};

static enum myc_status give(
    struct myc_stream *stream,
    struct myc_handle handle,
    const struct myc_span *spans,
    size_t count,
    size_t *out_bytes)
{
    struct socket *socket = (struct socket *)(void *)stream;
    size_t left = socket->size - socket->done;
    size_t total = 0;
    (void)handle;
    if (left == 0) {
        return MYC_END;
    }
    if (socket->cuts != NULL) {
        size_t piece = (size_t)1 + socket->cuts[socket->cut % CUTS];
        socket->cut++;
        socket->is_paused = !socket->is_paused;
        if (socket->is_paused) {
            return MYC_AGAIN;
        }
        left = piece < left ? piece : left;
    }
    for (size_t i = 0; i < count && total < left; i++) {
        size_t part = spans[i].size < left - total ? spans[i].size : left - total;
        memcpy(spans[i].data, socket->bytes + socket->done, part);
        socket->done += part;
        total += part;
    }
    FUZZ_CHECK(total > 0);
    *out_bytes = total;
    return MYC_OK;
}

static void drop(struct myc_stream *stream, struct myc_handle handle)
{
    (void)stream;
    (void)handle;
}

static const struct myc_stream_ops socket_ops = {.readv = give, .close = drop};

static struct socket open_socket(const uint8_t *bytes, size_t size, const uint8_t *cuts)
{
    return (struct socket){
        .stream = {.ops = &socket_ops}, .bytes = bytes, .size = size, .cuts = cuts};
}

// ---- What one way of receiving found ----

struct found {
    enum myc_status end;
    uint64_t records;
    uint64_t sum;
    uint64_t taken; // bytes
};

static void add(struct found *found, const struct myc_record *record)
{
    const uint8_t *bytes = record->payload;
    FUZZ_CHECK((uintptr_t)bytes % MYC_RECORD_ALIGNMENT == 0);
    found->records++;
    found->sum = found->sum * 31 + record->type;
    found->sum = found->sum * 31 + record->version;
    found->sum = found->sum * 31 + record->size;
    for (uint32_t i = 0; i < record->size; i++) {
        found->sum = found->sum * 31 + bytes[i];
    }
}

// ---- Session records ----

static struct found receive_session(const uint8_t *bytes, size_t size, const uint8_t *cuts)
{
    struct socket socket = open_socket(bytes, size, cuts);
    struct myc_platform platform = {.stream = &socket.stream};
    struct found found = {.end = MYC_AGAIN};
    struct myc__channel channel;
    memset(&channel, 0, sizeof channel);
    myc__channel_init(&channel, &platform, (struct myc_handle){1}, false);
    while (found.end == MYC_AGAIN) {
        struct myc_record record;
        enum myc_status status = myc__channel_receive(&channel, &record, NULL);
        if (status == MYC_OK) {
            FUZZ_CHECK(record.type >= MYC_RECORD_HELLO);
            FUZZ_CHECK(myc_record_bytes(record.size) <= MYC__SESSION_BYTES_MAX);
            found.taken += myc_record_bytes(record.size);
            FUZZ_CHECK(socket.done == found.taken); // Nothing beyond the record.
            add(&found, &record);
        } else {
            found.end = status;
        }
    }
    myc__channel_close(&channel);
    return found;
}

// ---- Messages ----

static void on_record(const struct myc_record *record, void *context)
{
    add(context, record);
}

static struct found receive_messages(const uint8_t *bytes, size_t size, const uint8_t *cuts)
{
    static _Alignas(PAGE) unsigned char page[MYC_RING_PAGE_BYTES];
    const struct myc_ring_options options = {.capacity_bytes = MYC_RING_CAPACITY_MIN};
    struct socket socket = open_socket(bytes, size, cuts);
    struct myc_platform platform = {.stream = &socket.stream};
    struct found found = {.end = MYC_AGAIN};
    struct myc_ring_ticket ticket;
    struct myc_ring_reader reader;
    struct myc__image image;
    size_t memory_bytes = myc_ring_memory_size(&options);
    void *memory = aligned_alloc(PAGE, memory_bytes);
    FUZZ_CHECK(memory != NULL);
    memset(&image, 0, sizeof image);
    memset(&reader, 0, sizeof reader);
    memset(page, 0, sizeof page);
    FUZZ_CHECK(myc__image_init(&image, &platform, memory, memory_bytes, &options) == MYC_OK);
    FUZZ_CHECK(myc__image_begin(&image, 0) == MYC_OK);
    FUZZ_CHECK(myc_ring_join(&image.ring, page, MYC_RING_LIVE, &ticket) == MYC_OK);
    FUZZ_CHECK(myc_ring_reader_init(&reader, memory, memory_bytes, page, &ticket, NULL) == MYC_OK);
    while (found.end == MYC_AGAIN) {
        enum myc_status status = myc__image_receive(&image, 0, NULL);
        while (myc_ring_poll(&reader, on_record, &found, BATCH) > 0) {
        }
        FUZZ_CHECK(myc_ring_reader_sequence(&reader) == myc__image_sequence(&image));
        FUZZ_CHECK(myc_ring_reader_status(&reader) == MYC_OK);
        if (status != MYC_OK && status != MYC_FULL) {
            found.end = status;
        }
    }
    found.sum = found.sum * 31 + myc__image_sequence(&image);
    free(memory);
    return found;
}

// Bytes up to the end of the first BYE. What comes behind it belongs to nobody: it is received or
// not as it happens to be cut.
static size_t bytes_with_bye(const uint8_t *bytes, size_t size)
{
    size_t end = 0;
    while (size - end >= MYC_RECORD_HEADER_BYTES) {
        uint64_t word;
        memcpy(&word, bytes + end, sizeof word);
        struct myc_record_header header = myc_record_header(word);
        uint64_t record_bytes = myc_record_bytes(header.length);
        if (record_bytes > size - end) {
            break;
        }
        end += (size_t)record_bytes;
        if (header.type == MYC_RECORD_BYE) {
            return end;
        }
    }
    return size;
}

// ---- Both ways ----

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < PREFIX) {
        return 0;
    }
    size_t rest = size - PREFIX;
    uint8_t *bytes = malloc(rest > 0 ? rest : 1);
    FUZZ_CHECK(bytes != NULL);
    memcpy(bytes, data + PREFIX, rest);
    bool is_session = (data[0] & 1) != 0;
    if (!is_session) {
        rest = bytes_with_bye(bytes, rest);
    }
    struct found (*receive)(const uint8_t *, size_t, const uint8_t *) =
        is_session ? receive_session : receive_messages;
    struct found whole = receive(bytes, rest, NULL);
    fuzz_steps_begin();
    struct found cut = receive(bytes, rest, data + 1);
    fuzz_steps_end(rest, STEPS_BASE, STEPS_PER_BYTE);
    FUZZ_CHECK(cut.end == whole.end);
    FUZZ_CHECK(cut.records == whole.records && cut.sum == whole.sum);
    free(bytes);
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a peer may send. Session records: what a decoder accepts must survive encoding and decoding
// again. Data streams: a ring filled in pieces must end as one filled at once, and its reader must
// find exactly what the ring counted.
#include <stdbool.h>
#include <string.h>

#include <mycelium/ring.h>

#include "fuzz.h"
#include "wire/session.h"

enum { MEMORY_BYTES = 64 * 1024, PAGE = 4096, KINDS = 9 };

// Decodes as the given kind of record; accepted: writes it again to `out` and returns its size.
static size_t recode(unsigned kind, const uint8_t *payload, size_t size, unsigned char *out)
{
    union {
        struct myc__hello hello;
        struct myc__welcome welcome;
        struct myc__reject reject;
        struct myc__announce announce;
        struct myc__subscribe subscribe;
        struct myc__attach attach;
        struct myc__unsubscribe unsubscribe;
        struct myc__contract_part contract_part;
        uint64_t sequence;
    } as;
    switch (kind) {
#define RECODE(number, name, bytes)                                                                \
    case number:                                                                                   \
        if (myc__##name##_decode(payload, size, &as.name, NULL) != MYC_OK) {                       \
            return 0;                                                                              \
        }                                                                                          \
        myc__##name##_encode(&as.name, out);                                                       \
        return bytes;
        RECODE(0, hello, MYC__HELLO_BYTES)
        RECODE(1, welcome, MYC__WELCOME_BYTES)
        RECODE(2, reject, MYC__REJECT_BYTES)
        RECODE(3, announce, MYC__ANNOUNCE_BYTES)
        RECODE(4, subscribe, MYC__SUBSCRIBE_BYTES)
        RECODE(5, attach, MYC__ATTACH_BYTES)
        RECODE(6, unsubscribe, MYC__UNSUBSCRIBE_BYTES)
        RECODE(8, contract_part, MYC__CONTRACT_BYTES)
#undef RECODE
    default:
        if (myc__ack_decode(payload, size, &as.sequence, NULL) != MYC_OK) {
            return 0;
        }
        myc__ack_encode(as.sequence, out);
        return MYC__ACK_BYTES;
    }
}

// What a dialler says is judged by what we would say: whoever answers comes to the same, oneself is
// welcome, and a refusal can be sent.
static void try_hello(const uint8_t *payload, size_t size)
{
    struct myc__hello theirs;
    struct myc__hello ours;
    struct myc__reject reject;
    struct myc__reject ignored;
    unsigned char record[MYC__SESSION_BYTES_MAX];
    if (myc__hello_decode(payload, size, &theirs, NULL) != MYC_OK
        || theirs.protocol_min > theirs.protocol_max) {
        return;
    }
    FUZZ_CHECK(myc__hello_compare(&theirs, &theirs, &ignored) == MYC_OK);
    ours = theirs;
    // Some of what decides becomes ours, as bits of numbers that do not.
    ours.protocol_min = 1;
    ours.protocol_max = MYC__PROTOCOL_MAX;
    ours.contract_version = (uint16_t)(1 + theirs.now_ns % 3);
    ours.contract_min_compatible = (uint16_t)(1 + theirs.now_ns % 2);
    ours.contract_digest[0] = (uint8_t)(ours.contract_digest[0] ^ (theirs.attempt & 1));
    enum myc_status status = myc__hello_compare(&theirs, &ours, &reject);
    FUZZ_CHECK(status == MYC_OK || status == MYC_AGAIN || status == MYC_MISMATCH);
    FUZZ_CHECK(myc__hello_compare(&ours, &theirs, &ignored) == status);
    if (status == MYC_MISMATCH) {
        FUZZ_CHECK(reject.field[0] != '\0');
        myc__reject_encode(&reject, record);
        FUZZ_CHECK(
            myc__reject_decode(
                record + MYC_RECORD_HEADER_BYTES,
                MYC__REJECT_BYTES - MYC_RECORD_HEADER_BYTES,
                &ignored,
                NULL)
            == MYC_OK);
    }
}

static void try_record(unsigned kind, const uint8_t *payload, size_t size)
{
    unsigned char once[MYC__SESSION_BYTES_MAX];
    unsigned char twice[MYC__SESSION_BYTES_MAX];
    size_t bytes = recode(kind, payload, size, once);
    if (bytes > 0) {
        FUZZ_CHECK(bytes == size + MYC_RECORD_HEADER_BYTES);
        FUZZ_CHECK(recode(kind, once + MYC_RECORD_HEADER_BYTES, size, twice) == bytes);
        FUZZ_CHECK(memcmp(once, twice, bytes) == 0);
    }
}

// A ring that is filled, and what its reader found.
struct filled {
    struct myc_ring_writer writer;
    struct myc_ring_reader reader;
    unsigned char *memory;
    unsigned char *page;
    uint64_t counted;
    uint64_t session;
    uint64_t sum;
};

static enum myc_status on_session(const struct myc_record *record, void *context)
{
    struct filled *filled = context;
    filled->session++;
    return record->type == MYC_RECORD_HEARTBEAT ? MYC_OK : MYC_END;
}

static void on_record(const struct myc_record *record, void *context)
{
    struct filled *filled = context;
    const uint8_t *bytes = record->payload;
    filled->counted = record->sequence;
    filled->sum = filled->sum * 31 + record->type;
    for (size_t i = 0; i < record->size; i++) {
        filled->sum = filled->sum * 31 + bytes[i];
    }
}

static void open_filled(struct filled *filled)
{
    struct myc_ring_options options = {.capacity_bytes = MYC_RING_CAPACITY_MIN};
    struct myc_ring_ticket ticket;
    size_t bytes = myc_ring_memory_size(&options);
    memset(filled, 0, sizeof(*filled));
    FUZZ_CHECK(bytes > 0 && bytes <= MEMORY_BYTES);
    filled->memory = aligned_alloc(PAGE, bytes);
    filled->page = aligned_alloc(PAGE, MYC_RING_PAGE_BYTES);
    FUZZ_CHECK(filled->memory != NULL && filled->page != NULL);
    memset(filled->memory, 0, bytes);
    memset(filled->page, 0, MYC_RING_PAGE_BYTES);
    FUZZ_CHECK(
        myc_ring_writer_init(&filled->writer, filled->memory, bytes, &options, NULL) == MYC_OK);
    FUZZ_CHECK(myc_ring_join(&filled->writer, filled->page, MYC_RING_LIVE, &ticket) == MYC_OK);
    FUZZ_CHECK(
        myc_ring_reader_init(&filled->reader, filled->memory, bytes, filled->page, &ticket, NULL)
        == MYC_OK);
}

// Puts the stream in, at most `step` bytes at a time, reading after each.
static enum myc_status fill(struct filled *filled, const uint8_t *data, size_t size, size_t step)
{
    size_t done = 0;
    enum myc_status status = MYC_OK;
    while (done < size && status == MYC_OK) {
        struct myc_span spans[MYC_RING_FILL_SPANS];
        size_t count = myc_ring_fill_begin(&filled->writer, spans);
        size_t taken = 0;
        FUZZ_CHECK(count > 0); // The reader is never behind.
        for (size_t i = 0; i < count; i++) {
            size_t room = size - done < step - taken ? size - done : step - taken;
            size_t part = spans[i].size < room ? spans[i].size : room;
            memcpy(spans[i].data, data + done, part);
            done += part;
            taken += part;
        }
        status = myc_ring_fill_end(&filled->writer, taken, on_session, filled, NULL);
        while (myc_ring_poll(&filled->reader, on_record, filled, 64) > 0) {
        }
        FUZZ_CHECK(filled->counted == myc_ring_committed(&filled->writer));
        // After a broken record the writer is poisoned, and says so.
        FUZZ_CHECK(myc_ring_is_valid(&filled->writer) == (status == MYC_OK));
    }
    return status;
}

static void try_stream(const uint8_t *data, size_t size, size_t step)
{
    struct filled pieces;
    struct filled whole;
    open_filled(&pieces);
    open_filled(&whole);
    enum myc_status status = fill(&pieces, data, size, step);
    FUZZ_CHECK(fill(&whole, data, size, SIZE_MAX) == status);
    FUZZ_CHECK(pieces.counted == whole.counted && pieces.sum == whole.sum);
    FUZZ_CHECK(pieces.session == whole.session);
    free(pieces.memory);
    free(pieces.page);
    free(whole.memory);
    free(whole.page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    // The first byte chooses; the copy is exactly as long as the rest, so reading on is seen.
    size_t rest = size - 1;
    uint8_t *bytes = malloc(rest > 0 ? rest : 1);
    FUZZ_CHECK(bytes != NULL);
    if (rest > 0) {
        memcpy(bytes, data + 1, rest);
    }
    if (data[0] < KINDS) {
        try_record(data[0], bytes, rest);
        if (data[0] == 0) {
            try_hello(bytes, rest);
        }
    } else {
        try_stream(bytes, rest, data[0]);
    }
    free(bytes);
    return 0;
}

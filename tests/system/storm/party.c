// SPDX-License-Identifier: MIT OR Apache-2.0
#include "system/storm/party.h"

#include <stdlib.h>
#include <string.h>

#include <mycelium/ring_batch.h>
#include <mycelium/ring_inline.h>

#include "system/storm/content.h"
#include "system/storm/storm.h"

static void account(struct party *party, const struct myc_record *record)
{
    uint64_t count = 1;
    if (record->type == MYC_RECORD_GAP) {
        struct myc_gap gap;
        memcpy(&gap, record->payload, sizeof gap);
        count = gap.count;
        party->lost += count;
    } else {
        STORM_CHECK(
            content_is(record, record->sequence, party->size_max),
            "message %llu is another",
            (unsigned long long)record->sequence);
        party->received++;
        party->bytes += record->size;
    }
    STORM_CHECK(
        record->sequence == party->sequence + count,
        "%llu after %llu",
        (unsigned long long)record->sequence,
        (unsigned long long)party->sequence);
    party->sequence = record->sequence;
}

static void on_record(const struct myc_record *record, void *context)
{
    account(context, record);
}

enum myc_status party_join(
    struct myc_ring_writer *writer,
    const void *page,
    enum party_kind kind,
    enum myc_ring_start start,
    struct myc_ring_ticket *out_ticket)
{
    return party_is_lapping(kind) ? myc_ring_join_lapping(writer, page, start, out_ticket)
                                  : myc_ring_join(writer, page, start, out_ticket);
}

enum myc_status party_attach(
    struct party *party,
    const void *memory,
    size_t memory_bytes,
    void *page,
    const struct myc_ring_ticket *ticket)
{
    enum myc_ring_resume rule =
        party->kind == PARTY_LATEST ? MYC_RING_LATEST : MYC_RING_DROP_OLDEST;
    enum myc_status status;
    memset(&party->reader, 0, sizeof party->reader);
    party->sequence = ticket->sequence;
    party->received = 0;
    party->lost = 0;
    party->bytes = 0;
    party->copy = (struct myc_span){NULL, 0};
    if (party->kind >= PARTY_COPY) {
        // More than a quarter of the ring, whose size only the reader knows.
        party->copy.size = memory_bytes / 8 * 8;
        party->copy.data = malloc(party->copy.size);
        STORM_CHECK(party->copy.data != NULL, "no memory");
    }
    if (party_is_lapping(party->kind)) {
        return myc_ring_lapping_init(
            &party->reader, memory, memory_bytes, page, ticket, rule, party->copy, NULL);
    }
    status = myc_ring_reader_init(&party->reader, memory, memory_bytes, page, ticket, NULL);
    return status == MYC_OK && party->kind == PARTY_COPY
               ? myc_ring_reader_copy(&party->reader, party->copy)
               : status;
}

void party_end(struct party *party)
{
    free(party->copy.data);
    party->copy = (struct myc_span){NULL, 0};
}

// Goes through what a peek gave, record by record.
static size_t read_span(struct party *party, struct myc_const_span span)
{
    const unsigned char *bytes = span.data;
    size_t count = 0;
    for (size_t at = 0; at < span.size; count++) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        struct myc_record_header header = myc_record_header(word);
        struct myc_record record = {
            .type = header.type,
            .version = header.version,
            .size = header.length,
            .payload = bytes + at + MYC_RECORD_HEADER_BYTES,
            .sequence = party->sequence + 1};
        STORM_CHECK(header.type != MYC_RECORD_GAP, "a gap that nobody published");
        account(party, &record);
        at += (size_t)myc_record_bytes(header.length);
        STORM_CHECK(at <= span.size, "half a record");
    }
    return count;
}

static size_t take_some(struct party *party, size_t records_max)
{
    struct myc_record record;
    size_t count = 0;
    while (count < records_max && myc_ring_take(&party->reader, &record)) {
        account(party, &record);
        count++;
    }
    myc_ring_release(&party->reader);
    return count;
}

size_t party_read(struct party *party, size_t records_max)
{
    if (party->kind == PARTY_PEEK) {
        struct myc_const_span span = myc_ring_peek(&party->reader, records_max * 64);
        size_t count = span.data != NULL ? read_span(party, span) : 0;
        myc_ring_consume(&party->reader, span.size);
        return count;
    }
    if (party->kind == PARTY_TAKE) {
        return take_some(party, records_max);
    }
    return myc_ring_poll(&party->reader, on_record, party, records_max);
}

bool party_publish(struct myc_ring_writer *writer, size_t size_max)
{
    uint64_t number = myc_ring_committed(writer) + 1;
    size_t size = content_size(number, size_max);
    void *payload = myc_ring_claim(writer, size);
    if (payload == NULL) {
        return false;
    }
    content_fill(payload, size, number);
    myc_ring_commit(writer, content_type(number), 1, size);
    return true;
}

uint64_t party_batch(uint64_t number)
{
    return 1 + (content_word(number, 3) >> 40) % PARTY_BATCH_MAX;
}

bool party_publish_batch(struct myc_ring_writer *writer, size_t size_max)
{
    uint64_t first = myc_ring_committed(writer) + 1;
    uint64_t end = first + party_batch(first);
    for (uint64_t number = first; number < end; number++) {
        size_t size = content_size(number, size_max);
        void *payload = myc_ring_batch_claim(writer, size);
        if (payload == NULL) {
            myc_ring_abort(writer);
            return false;
        }
        content_fill(payload, size, number);
        myc_ring_batch_add(writer, content_type(number), 1, size);
    }
    myc_ring_batch_commit(writer);
    return true;
}

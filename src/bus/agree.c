// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Agreeing: two nodes whose contracts differ show each other their canonical forms over the control
// connection, before anything else, and each finds out whether it can work with the other's.
#include "bus/internal.h"

#include <string.h>

#include <mycelium/interface/memory.h>

#include "schema/canonical.h"

// Fewer than what stops us from listening, or two who only speak would wait for each other.
enum { PARTS_MAX = MYC__CHANNEL_QUEUE_MAX / 4 };

enum { FORM_BYTES_LEAST = 16384, FORM_TIMES = 4, FORM_ALIGNMENT = 64 };

// Initial images that are not zero take more than the form tells: the peer's are about as large as
// ours, or few.
enum { IMAGE_BYTES = 65536, IMAGE_TIMES = 2 };

static size_t image_bytes(const struct myc_contract *contract)
{
    size_t bytes = IMAGE_BYTES;
    for (uint32_t i = 0; i < contract->message_count; i++) {
        const struct myc_message_type *type = contract->messages[i];
        bytes += type->initial != NULL ? (size_t)IMAGE_TIMES * type->size : 0;
    }
    return bytes;
}

enum myc_status myc__agree_reserve(struct myc_bus *bus)
{
    struct myc_memory *memory = bus->platform->memory;
    const struct myc_contract *contract = bus->contract;
    if (contract->canonical == NULL) {
        bus->options.contract_bytes_max = 0;
        return MYC_OK;
    }
    if (bus->options.contract_bytes_max == 0) {
        uint32_t bytes = contract->canonical_size < UINT32_MAX / FORM_TIMES
                             ? contract->canonical_size * FORM_TIMES
                             : UINT32_MAX;
        bus->options.contract_bytes_max = bytes > FORM_BYTES_LEAST ? bytes : FORM_BYTES_LEAST;
    }
    size_t bytes = bus->options.contract_bytes_max;
    bus->contract_memory_bytes = myc__schema_canonical_memory(bytes) + image_bytes(contract);
    bus->contract_memory = myc_memory_allocate(memory, bus->contract_memory_bytes, FORM_ALIGNMENT);
    for (int32_t i = 0; i < (int32_t)bus->topology.node_count; i++) {
        if (i != bus->self) {
            bus->links[i].exchange.text = myc_memory_allocate(memory, bytes, FORM_ALIGNMENT);
            if (bus->links[i].exchange.text == NULL) {
                return MYC_NO_MEMORY;
            }
        }
    }
    return bus->contract_memory != NULL ? MYC_OK : MYC_NO_MEMORY;
}

void myc__agree_free(struct myc_bus *bus)
{
    struct myc_memory *memory = bus->platform->memory;
    for (uint32_t i = 0; i < bus->topology.node_count; i++) {
        myc_memory_release(memory, bus->links[i].exchange.text, bus->options.contract_bytes_max);
    }
    myc_memory_release(memory, bus->contract_memory, bus->contract_memory_bytes);
}

void myc__agree_begin(struct myc_bus *bus, int32_t index, const uint8_t *digest)
{
    struct myc__exchange *exchange = &bus->links[index].exchange;
    exchange->is_on = true;
    exchange->is_agreed = false;
    exchange->sent = 0;
    exchange->received = 0;
    exchange->total = 0;
    memset(exchange->digest, 0, sizeof(exchange->digest));
    if (digest != NULL) {
        memcpy(exchange->digest, digest, sizeof(exchange->digest));
    }
}

void myc__agree_pump(struct myc_bus *bus, int32_t index)
{
    struct myc__link *link = &bus->links[index];
    struct myc__exchange *exchange = &link->exchange;
    const struct myc_contract *contract = bus->contract;
    while (exchange->is_on && exchange->sent < contract->canonical_size
           && link->channel.queue_count < PARTS_MAX) {
        unsigned char record[MYC__CONTRACT_BYTES];
        struct myc__contract_part part = {
            .total = contract->canonical_size,
            .offset = exchange->sent,
            .size = contract->canonical_size - exchange->sent,
        };
        if (part.size > MYC__CONTRACT_PART_BYTES) {
            part.size = MYC__CONTRACT_PART_BYTES;
        }
        memcpy(part.bytes, contract->canonical + part.offset, part.size);
        myc__contract_part_encode(&part, record);
        if (myc__channel_queue(&link->channel, record, sizeof(record), NULL, 0) != MYC_OK) {
            return;
        }
        exchange->sent += part.size;
    }
}

bool myc__agree_is_done(const struct myc_bus *bus, int32_t index)
{
    const struct myc__exchange *exchange = &bus->links[index].exchange;
    return exchange->is_on && exchange->is_agreed
           && exchange->sent == bus->contract->canonical_size;
}

// The whole form is there.
static enum myc_status judge(struct myc_bus *bus, int32_t index, struct myc__reject *out_reject)
{
    struct myc__link *link = &bus->links[index];
    struct myc__exchange *exchange = &link->exchange;
    uint8_t digest[MYC_DIGEST_BYTES];
    struct myc__dispute dispute;
    static const uint8_t unsaid[MYC_DIGEST_BYTES] = {0};
    enum myc_status status = myc__contracts_compare(
        bus->contract,
        exchange->text,
        exchange->total,
        bus->contract_memory,
        bus->contract_memory_bytes,
        digest,
        &dispute);
    if (status == MYC_OK && memcmp(exchange->digest, unsaid, sizeof(unsaid)) != 0
        && memcmp(exchange->digest, digest, sizeof(digest)) != 0) {
        return MYC_CORRUPT; // It shows another contract than it said it has.
    }
    if (status == MYC_OK) {
        memcpy(exchange->digest, digest, sizeof(digest));
        exchange->is_agreed = true;
        return MYC_OK;
    }
    if (status == MYC_MISMATCH) {
        memset(out_reject, 0, sizeof(*out_reject));
        out_reject->status = MYC_MISMATCH;
        memcpy(out_reject->field, dispute.field, sizeof(dispute.field));
        bool is_dialler = link->is_dialler;
        memcpy(
            out_reject->theirs, is_dialler ? dispute.ours : dispute.theirs, sizeof(dispute.ours));
        memcpy(out_reject->ours, is_dialler ? dispute.theirs : dispute.ours, sizeof(dispute.ours));
        myc__link_disagrees(bus, index, &dispute);
    }
    return status;
}

enum myc_status myc__agree_hear(
    struct myc_bus *bus,
    int32_t index,
    const struct myc_record *record,
    struct myc__reject *out_reject)
{
    struct myc__exchange *exchange = &bus->links[index].exchange;
    struct myc__contract_part part;
    if (myc__contract_part_decode(record->payload, record->size, &part, NULL) != MYC_OK
        || part.offset != exchange->received || exchange->is_agreed
        || part.total > bus->options.contract_bytes_max
        || (exchange->total != 0 && part.total != exchange->total)) {
        return MYC_CORRUPT;
    }
    memcpy(exchange->text + part.offset, part.bytes, part.size);
    exchange->total = part.total;
    exchange->received += part.size;
    return exchange->received == exchange->total ? judge(bus, index, out_reject) : MYC_OK;
}

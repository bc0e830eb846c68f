// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a publisher may send to a framed reader. The input is a list of records for two sources that
// share one assembler. Whatever comes, records are told without a hole, as messages or as losses,
// until a source is corrupt; a message put together holds just the bytes of its records, in order,
// as a second, naive bookkeeping has them; and in the end every slot is free.
#include <stdbool.h>
#include <string.h>

#include <mycelium/framed.h>

#include "fuzz.h"

enum { MESSAGE_MAX = 512, NAIVE_MAX = 1 << 16, SOURCES = 2, HEADER = 24 };

// One publisher: its source, and what came since the last index 0.
struct side {
    struct myc_framed_source source;
    uint64_t sequence; // of the last record fed
    uint64_t told;     // of the last record told
    uint8_t *naive;    // the parts since index 0, one after the other
    size_t naive_size;
    uint64_t naive_count;
    bool is_in_order;     // each came behind the one before
    const uint8_t *plain; // where the record being fed lies
};

struct play {
    struct myc_framed_assembler assembler;
    _Alignas(8) unsigned char slots[MESSAGE_MAX * 2];
    struct side sides[SOURCES];
};

static void account(struct side *side, uint64_t first, uint64_t last)
{
    FUZZ_CHECK(first == side->told + 1 && last >= first && last <= side->sequence);
    side->told = last;
}

static void on_message(const struct myc_framed_message *message, void *context)
{
    struct side *side = context;
    FUZZ_CHECK(message->type >= 1 && message->type <= MYC_FRAMED_TYPE_MAX);
    FUZZ_CHECK((uintptr_t)message->payload % 8 == 0);
    FUZZ_CHECK(message->sequence == side->sequence);
    if (message->is_copied) {
        FUZZ_CHECK(side->is_in_order);
        FUZZ_CHECK(message->size <= MESSAGE_MAX && message->size == side->naive_size);
        FUZZ_CHECK(memcmp(message->payload, side->naive, message->size) == 0);
        FUZZ_CHECK(message->first_sequence < message->sequence);
    } else {
        FUZZ_CHECK(message->payload == side->plain);
        FUZZ_CHECK(message->first_sequence == message->sequence);
    }
    account(side, message->first_sequence, message->sequence);
}

static void on_loss(const struct myc_framed_loss *loss, void *context)
{
    FUZZ_CHECK((unsigned)loss->cause < MYC_FRAMED_LOSS_COUNT);
    FUZZ_CHECK(loss->received <= loss->size);
    account(context, loss->first_sequence, loss->sequence);
}

static uint64_t number_at(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = size; i-- > 0;) {
        number = number << 8 | bytes[i];
    }
    return number;
}

static void keep_naive(struct side *side, const uint8_t *payload, uint32_t size)
{
    if (size < HEADER) {
        return;
    }
    uint64_t offset = number_at(payload + 12, 4);
    uint64_t index = number_at(payload + 16, 4);
    if (index == 0) {
        side->naive_size = 0;
        side->naive_count = 0;
        side->is_in_order = true;
    }
    side->is_in_order =
        side->is_in_order && index == side->naive_count && offset == side->naive_size;
    side->naive_count++;
    if (side->naive_size + size <= NAIVE_MAX) {
        memcpy(side->naive + side->naive_size, payload + HEADER, size - HEADER);
        side->naive_size += size - HEADER;
    }
}

// Feeds one record from an exact copy of its payload.
static void
feed(struct side *side, uint16_t type, uint8_t version, const uint8_t *data, size_t size)
{
    struct myc_record record = {.type = type, .version = version, .size = (uint32_t)size};
    uint64_t count = 1;
    uint8_t *payload = aligned_alloc(8, size > 0 ? (size + 7) / 8 * 8 : 8);
    FUZZ_CHECK(payload != NULL);
    memcpy(payload, data, size);
    if (type == MYC_RECORD_GAP && size >= sizeof(struct myc_gap)) {
        memcpy(&count, payload, sizeof count);
    }
    // As a ring does: a GAP that counts none or too many never gets through.
    if (count != 0 && count <= UINT32_MAX) {
        side->sequence += count;
        record.sequence = side->sequence;
        record.payload = payload;
        side->plain = payload;
        if (type == MYC_FRAMED_FRAGMENT) {
            keep_naive(side, payload, record.size);
        }
        enum myc_status status = myc_framed_feed(&side->source, &record, (version & 1) != 0);
        FUZZ_CHECK(status == MYC_OK || status == MYC_CORRUPT);
        FUZZ_CHECK(myc_framed_status(&side->source) == status);
        if (status == MYC_CORRUPT) {
            // What is open was told as lost; the record itself was not used.
            side->sequence -= count;
            FUZZ_CHECK(side->told == side->sequence);
        }
    }
    free(payload);
}

// An item: which source and kind; then what it is made of.
//   kind 0: as its bytes say: type 2, version 1, size 1, payload
//   kind 1: a plain message of size 1
//   kind 2: a fragment: size 1, header 24 and bytes
//   kind 3: a new epoch or the end of the source
static size_t play_item(struct play *play, const uint8_t *data, size_t size)
{
    struct side *side = &play->sides[data[0] & 1];
    unsigned kind = data[0] >> 1 & 3;
    size_t head = kind == 0 ? 5 : 2;
    if (size < head) {
        return size;
    }
    size_t wanted = data[head - 1];
    size_t bytes = wanted < size - head ? wanted : size - head;
    uint16_t type = kind == 1 ? 7 : MYC_FRAMED_FRAGMENT;
    if (kind == 0) {
        type = (uint16_t)(data[1] | data[2] << 8);
    }
    uint8_t version = kind == 0 ? data[3] : MYC_FRAMED_FORMAT;
    if (kind == 3) {
        if ((data[1] & 1) != 0) {
            myc_framed_end(&side->source);
        } else {
            myc_framed_begin(&side->source, 1, data[1]);
        }
        FUZZ_CHECK(side->told == side->sequence);
        side->sequence = 0;
        side->told = 0;
        side->naive_size = 0;
        return 2;
    }
    feed(side, type, version, data + head, bytes);
    return head + bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct myc_framed_assembler_options options = {MESSAGE_MAX, 1 + (size & 1)};
    struct play play;
    memset(&play, 0, sizeof play);
    FUZZ_CHECK(
        myc_framed_assembler_init(&play.assembler, play.slots, sizeof play.slots, &options, NULL)
        == MYC_OK);
    uint64_t slots = play.assembler.slots_free;
    for (size_t i = 0; i < SOURCES; i++) {
        const struct myc_framed_handler handler = {on_message, on_loss, &play.sides[i]};
        myc_framed_source_init(&play.sides[i].source, &play.assembler, &handler);
        myc_framed_begin(&play.sides[i].source, i, 1);
        play.sides[i].naive = malloc(NAIVE_MAX);
        FUZZ_CHECK(play.sides[i].naive != NULL);
    }
    for (size_t at = 0; at < size;) {
        at += play_item(&play, data + at, size - at);
    }
    for (size_t i = 0; i < SOURCES; i++) {
        myc_framed_end(&play.sides[i].source);
        FUZZ_CHECK(play.sides[i].told == play.sides[i].sequence);
        free(play.sides[i].naive);
    }
    FUZZ_CHECK(play.assembler.slots_free == slots);
    return 0;
}

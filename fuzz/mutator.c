// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A mutator that knows records: it moves, repeats, makes and changes whole records and keeps their
// lengths true, where single bytes would mostly break the next header. One source for both: with
// MYC_FUZZ_AFL it is a library that AFL++ loads, else a part of a libFuzzer target. The first
// MYC_FUZZ_PREFIX bytes of an input are the harness's own and are left to the fuzzers.
#include <stdbool.h>
#include <string.h>

#include <mycelium/record.h>

#include "fuzz.h"

enum { RECORDS_MAX = 64, INPUT_MAX = 1 << 16, FRESH_WORDS_MAX = 40 };

// ---- Records of an input ----

struct piece {
    size_t offset;
    size_t bytes;
};

struct input {
    uint8_t *data; // behind the prefix
    size_t size;
    size_t room;
    uint64_t random;
    struct piece records[RECORDS_MAX];
    size_t count;
    size_t end; // of the last whole record
};

static uint64_t draw(struct input *input, uint64_t below)
{
    input->random ^= input->random << 13;
    input->random ^= input->random >> 7;
    input->random ^= input->random << 17;
    return below == 0 ? 0 : input->random % below;
}

static struct myc_record_header header_at(const struct input *input, size_t offset)
{
    uint64_t word;
    memcpy(&word, input->data + offset, sizeof word);
    return myc_record_header(word);
}

static void put_header(struct input *input, size_t offset, struct myc_record_header header)
{
    uint64_t word = myc_record_word(header.type, header.version, header.length);
    memcpy(input->data + offset, &word, sizeof word);
}

static void find_records(struct input *input)
{
    input->count = 0;
    input->end = 0;
    while (input->count < RECORDS_MAX && input->size - input->end >= MYC_RECORD_HEADER_BYTES) {
        uint64_t bytes = myc_record_bytes(header_at(input, input->end).length);
        if (bytes > input->size - input->end) {
            break;
        }
        input->records[input->count++] = (struct piece){input->end, (size_t)bytes};
        input->end += (size_t)bytes;
    }
}

// Makes room for or takes away bytes at an offset; returns whether there was room.
static bool resize(struct input *input, size_t offset, size_t from, size_t to)
{
    if (to > from && to - from > input->room - input->size) {
        return false;
    }
    memmove(input->data + offset + to, input->data + offset + from, input->size - offset - from);
    if (to > from) {
        memset(input->data + offset + from, 0, to - from);
    }
    input->size = input->size - from + to;
    return true;
}

// ---- What can be done to them ----

static const uint64_t tempting[] = {
    0,
    1,
    2,
    3,
    7,
    8,
    9,
    16,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFF8,
    0xFFFFFFFF,
    0x7FF0000000000000,
    0x7FF8000000000000,
    0x8000000000000000,
    UINT64_MAX};

static const uint16_t special_types[] = {
    MYC_RECORD_PAD,
    MYC_RECORD_ENVELOPE,
    MYC_RECORD_FRAGMENT,
    MYC_RECORD_GAP,
    MYC_RECORD_HELLO,
    MYC_RECORD_HEARTBEAT,
    MYC_RECORD_BYE,
    MYC_RECORD_TIME};

// A number of 1, 2, 4 or 8 bytes, at its alignment, becomes one that is easily got wrong.
static void tempt(struct input *input, struct piece record)
{
    size_t payload = record.bytes - MYC_RECORD_HEADER_BYTES;
    size_t width = (size_t)1 << draw(input, 4);
    if (payload < width) {
        return;
    }
    size_t offset = record.offset + MYC_RECORD_HEADER_BYTES + draw(input, payload / width) * width;
    uint64_t number = tempting[draw(input, sizeof tempting / sizeof *tempting)];
    if (draw(input, 4) == 0) {
        number = draw(input, payload + 8);
    }
    for (size_t i = 0; i < width; i++) {
        input->data[offset + i] = (uint8_t)(number >> 8 * i);
    }
}

// The payload grows or shrinks, and its length with it.
static void stretch(struct input *input, struct piece record)
{
    struct myc_record_header header = header_at(input, record.offset);
    uint32_t length = header.length;
    uint32_t change = 1 + (uint32_t)draw(input, draw(input, 2) == 0 ? 8 : 64);
    if (draw(input, 2) == 0) {
        change = (change + 7) & ~(uint32_t)7;
    }
    header.length = draw(input, 2) == 0 ? length + change : length - (change < length ? change : 0);
    size_t bytes = (size_t)myc_record_bytes(header.length);
    // Behind the payload's end lie the padding and the next record.
    if (resize(input, record.offset, record.bytes, bytes)) {
        put_header(input, record.offset, header);
    }
}

static void repeat(struct input *input, struct piece record)
{
    if (resize(input, record.offset, 0, record.bytes)) {
        memcpy(
            input->data + record.offset, input->data + record.offset + record.bytes, record.bytes);
    }
}

static void swap_with_next(struct input *input, size_t index)
{
    if (index + 1 >= input->count) {
        return;
    }
    uint8_t *copy = malloc(input->records[index].bytes);
    FUZZ_CHECK(copy != NULL);
    struct piece one = input->records[index];
    struct piece next = input->records[index + 1];
    memcpy(copy, input->data + one.offset, one.bytes);
    memmove(input->data + one.offset, input->data + next.offset, next.bytes);
    memcpy(input->data + one.offset + next.bytes, copy, one.bytes);
    free(copy);
}

static void add_fresh(struct input *input, size_t offset)
{
    struct myc_record_header header = {0};
    size_t bytes = MYC_RECORD_HEADER_BYTES + 8 * draw(input, FRESH_WORDS_MAX);
    if (!resize(input, offset, 0, bytes)) {
        return;
    }
    header.type = (uint16_t)(1 + draw(input, 16));
    if (draw(input, 2) == 0) {
        header.type = special_types[draw(input, sizeof special_types / sizeof *special_types)];
    } else if (input->count > 0) {
        // The types that are there already are those the target knows.
        struct piece other = input->records[draw(input, input->count)];
        header.type = header_at(input, other.offset + (other.offset >= offset ? bytes : 0)).type;
    }
    header.version = (uint16_t)(1 + draw(input, 3));
    header.length = (uint32_t)(bytes - MYC_RECORD_HEADER_BYTES - draw(input, 2) * draw(input, 8));
    if (header.length > bytes) {
        header.length = 0;
    }
    put_header(input, offset, header);
}

static void change_header(struct input *input, struct piece record)
{
    struct myc_record_header header = header_at(input, record.offset);
    switch (draw(input, 4)) {
    case 0:
        header.type = header_at(input, input->records[draw(input, input->count)].offset).type;
        break;
    case 1:
        header.version = (uint16_t)draw(input, 5);
        break;
    case 2:
        header.version = (uint16_t)tempting[draw(input, sizeof tempting / sizeof *tempting)];
        break;
    default: // a lie: the bytes stay as they are
        header.length = (uint32_t)tempting[draw(input, sizeof tempting / sizeof *tempting)];
        break;
    }
    put_header(input, record.offset, header);
}

static void copy_part(struct input *input, struct piece record)
{
    struct piece from = input->records[draw(input, input->count)];
    size_t shorter = from.bytes < record.bytes ? from.bytes : record.bytes;
    if (shorter > MYC_RECORD_HEADER_BYTES) {
        size_t start = MYC_RECORD_HEADER_BYTES;
        size_t part = 1 + draw(input, shorter - start);
        memmove(input->data + record.offset + start, input->data + from.offset + start, part);
    }
}

static void mutate_once(struct input *input)
{
    find_records(input);
    if (input->count == 0) {
        add_fresh(input, 0);
        return;
    }
    size_t index = draw(input, input->count);
    struct piece record = input->records[index];
    switch (draw(input, 10)) {
    case 0:
        repeat(input, record);
        break;
    case 1:
        (void)resize(input, record.offset, record.bytes, 0);
        break;
    case 2:
        swap_with_next(input, index);
        break;
    case 3:
        add_fresh(input, record.offset);
        break;
    case 4:
        stretch(input, record);
        break;
    case 5:
        change_header(input, record);
        break;
    case 6:
        copy_part(input, record);
        break;
    default:
        tempt(input, record);
        break;
    }
}

// Changes an input in place, `room` bytes of memory; returns its size.
static size_t mutate(uint8_t *data, size_t size, size_t room, uint64_t seed)
{
    if (size <= MYC_FUZZ_PREFIX) {
        if (room <= MYC_FUZZ_PREFIX) {
            return size;
        }
        memset(data + size, 0, MYC_FUZZ_PREFIX - size);
        size = MYC_FUZZ_PREFIX;
    }
    struct input input = {
        .data = data + MYC_FUZZ_PREFIX,
        .size = size - MYC_FUZZ_PREFIX,
        .room = room - MYC_FUZZ_PREFIX,
        .random = seed * 2 + 0x9E3779B97F4A7C15};
    size_t rounds = 1 + draw(&input, 4);
    for (size_t i = 0; i < rounds; i++) {
        mutate_once(&input);
    }
    return MYC_FUZZ_PREFIX + input.size;
}

// ---- Entry points ----

#ifdef MYC_FUZZ_AFL

void *afl_custom_init(void *afl, unsigned int seed);
size_t afl_custom_fuzz(
    void *state,
    unsigned char *data,
    size_t size,
    unsigned char **out_data,
    unsigned char *other,
    size_t other_size,
    size_t size_max);
void afl_custom_deinit(void *state);

struct state {
    uint64_t seed;
    unsigned char data[INPUT_MAX];
};

void *afl_custom_init(void *afl, unsigned int seed)
{
    struct state *state = calloc(1, sizeof *state);
    (void)afl;
    if (state != NULL) {
        state->seed = seed;
    }
    return state;
}

size_t afl_custom_fuzz(
    void *context,
    unsigned char *data,
    size_t size,
    unsigned char **out_data,
    unsigned char *other,
    size_t other_size,
    size_t size_max)
{
    struct state *state = context;
    size_t room = size_max < INPUT_MAX ? size_max : INPUT_MAX;
    (void)other;
    (void)other_size;
    size = size < room ? size : room;
    memcpy(state->data, data, size);
    state->seed = state->seed * 6364136223846793005 + 1442695040888963407;
    *out_data = state->data;
    return mutate(state->data, size, room, state->seed >> 16);
}

void afl_custom_deinit(void *state)
{
    free(state);
}

#else

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned int seed);

// Half of the time libFuzzer's own mutations, which know its dictionary.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned int seed)
{
    if ((seed & 1) != 0) {
        return LLVMFuzzerMutate(data, size, size_max);
    }
    return mutate(data, size, size_max, seed >> 1);
}

#endif

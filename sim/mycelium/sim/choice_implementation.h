// SPDX-License-Identifier: MIT OR Apache-2.0
/* The choice source: generator, tape and record. Part of the implementation unit. */
#ifndef MYC_SIM_CHOICE_IMPLEMENTATION_H
#define MYC_SIM_CHOICE_IMPLEMENTATION_H

#include <mycelium/sim/choice.h>
#include <mycelium/sim/internal.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Generator: SplitMix64 seeds xoshiro256** ----

static uint64_t sim__splitmix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t sim__rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

static uint64_t sim__random(struct sim__choice_source *source)
{
    uint64_t *s = source->state;
    uint64_t result = sim__rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = sim__rotate(s[3], 45);
    return result;
}

// No rejection: a draw takes one number always; the bias is below 2^-32 for the bounds in use.
static uint64_t sim__random_below(struct sim__choice_source *source, uint64_t bound)
{
    uint64_t random = sim__random(source);
    if (bound <= UINT32_MAX) {
        return ((random >> 32) * bound) >> 32;
    }
    return random % bound;
}

// ---- Keys ----

static uint64_t sim__hash_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

uint64_t sim__mix(uint64_t x)
{
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ (x >> 32);
}

static uint64_t sim__tape_key(const char *scope, const char *label)
{
    uint64_t hash = sim__hash_text(UINT64_C(0xcbf29ce484222325), scope);
    return sim__mix(sim__hash_text(hash, label)) | 1;
}

static uint64_t sim__tape_nth_key(uint64_t key, uint64_t nth)
{
    return sim__mix(key + nth * UINT64_C(0x9e3779b97f4a7c15)) | 1;
}

void *sim__must(void *memory)
{
    if (memory == NULL) {
        fputs("the simulator itself ran out of memory\n", stderr);
        abort();
    }
    return memory;
}

static void sim__tape_put(struct sim__choice_source *source, uint64_t key, uint64_t value)
{
    if ((source->entry_count + 1) * 2 > source->entry_capacity) {
        size_t old_capacity = source->entry_capacity;
        struct sim__tape_entry *old = source->entries;
        source->entry_capacity = old_capacity == 0 ? 256 : old_capacity * 2;
        source->entries = sim__must(calloc(source->entry_capacity, sizeof(*old)));
        for (size_t i = 0; i < old_capacity; i++) {
            if (old[i].key != 0) {
                size_t at = (size_t)old[i].key & (source->entry_capacity - 1);
                while (source->entries[at].key != 0) {
                    at = (at + 1) & (source->entry_capacity - 1);
                }
                source->entries[at] = old[i];
            }
        }
        free(old);
    }
    size_t at = (size_t)key & (source->entry_capacity - 1);
    while (source->entries[at].key != 0 && source->entries[at].key != key) {
        at = (at + 1) & (source->entry_capacity - 1);
    }
    source->entry_count += source->entries[at].key == 0 ? 1 : 0;
    source->entries[at] = (struct sim__tape_entry){.key = key, .value = value};
}

static uint64_t sim__tape_get(const struct sim__choice_source *source, uint64_t key)
{
    if (source->entry_capacity == 0) {
        return 0;
    }
    size_t at = (size_t)key & (source->entry_capacity - 1);
    while (source->entries[at].key != 0) {
        if (source->entries[at].key == key) {
            return source->entries[at].value;
        }
        at = (at + 1) & (source->entry_capacity - 1);
    }
    return 0;
}

/* Numbers this draw among those of its label and scope. */
static uint64_t sim__tape_number(struct sim__choice_source *source, uint64_t key)
{
    if ((source->count_count + 1) * 2 > source->count_capacity) {
        size_t old_capacity = source->count_capacity;
        struct sim__tape_count *old = source->counts;
        source->count_capacity = old_capacity == 0 ? 256 : old_capacity * 2;
        source->counts = sim__must(calloc(source->count_capacity, sizeof(*old)));
        for (size_t i = 0; i < old_capacity; i++) {
            if (old[i].key != 0) {
                size_t at = (size_t)old[i].key & (source->count_capacity - 1);
                while (source->counts[at].key != 0) {
                    at = (at + 1) & (source->count_capacity - 1);
                }
                source->counts[at] = old[i];
            }
        }
        free(old);
    }
    size_t at = (size_t)key & (source->count_capacity - 1);
    while (source->counts[at].key != 0 && source->counts[at].key != key) {
        at = (at + 1) & (source->count_capacity - 1);
    }
    source->count_count += source->counts[at].key == 0 ? 1 : 0;
    source->counts[at].key = key;
    return source->counts[at].count++;
}

static void sim__record_append(struct sim__choice_source *source, const char *line)
{
    size_t size = strlen(line);
    if (source->record_size + size + 1 > source->record_capacity) {
        source->record_capacity = (source->record_capacity + size + 1) * 2;
        source->record = sim__must(realloc(source->record, source->record_capacity));
    }
    memcpy(source->record + source->record_size, line, size + 1);
    source->record_size += size;
}

// ---- Back ends ----

void sim__choice_init_boring(struct sim__choice_source *source)
{
    *source = (struct sim__choice_source){.kind = SIM__CHOICE_BORING};
}

void sim__choice_init_seed(struct sim__choice_source *source, uint64_t seed)
{
    *source = (struct sim__choice_source){.kind = SIM__CHOICE_SEED};
    for (int i = 0; i < 4; i++) {
        source->state[i] = sim__splitmix(&seed);
    }
}

/* Reads one decimal number and the space after it; NULL if there is none. */
static const char *sim__tape_read_number(const char *at, uint64_t *out_value)
{
    uint64_t value = 0;
    if (*at < '0' || *at > '9') {
        return NULL;
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return NULL;
        }
        value = value * 10 + digit;
    }
    *out_value = value;
    return *at == ' ' ? at + 1 : NULL;
}

static const char *sim__tape_read_line(struct sim__choice_source *source, char *line)
{
    uint64_t value = 0;
    uint64_t nth = 0;
    const char *at = sim__tape_read_number(line, &value);
    if (at == NULL) {
        return "expected the value, a number";
    }
    at = sim__tape_read_number(at, &nth);
    if (at == NULL) {
        return "expected the occurrence, a number, after the value";
    }
    char *label = strchr(at, ' ');
    if (label == NULL || label == at || label[1] == '\0') {
        return "expected a scope and a label after the two numbers";
    }
    *label++ = '\0';
    sim__tape_put(source, sim__tape_nth_key(sim__tape_key(at, label), nth), value);
    return NULL;
}

bool sim__choice_init_tape(
    struct sim__choice_source *source,
    const char *text,
    const char *scenario,
    char *message,
    size_t message_bytes)
{
    *source = (struct sim__choice_source){.kind = SIM__CHOICE_TAPE, .is_counting = true};
    char header[256];
    char line[512];
    const char *problem = NULL;
    unsigned number = 0;
    (void)snprintf(header, sizeof(header), "mycelium-tape 1 %s", scenario);
    for (const char *at = text; problem == NULL && *at != '\0';) {
        const char *end = strchr(at, '\n');
        size_t size = end != NULL ? (size_t)(end - at) : strlen(at);
        number++;
        if (size >= sizeof(line)) {
            problem = "the line is too long";
            break;
        }
        memcpy(line, at, size);
        line[size] = '\0';
        at += size + (end != NULL ? 1 : 0);
        if (number == 1) {
            problem = strcmp(line, header) == 0 ? NULL : "not a tape of this scenario";
        } else if (line[0] != '#' && line[0] != '\0') {
            problem = sim__tape_read_line(source, line);
        }
    }
    if (problem == NULL && number == 0) {
        number = 1;
        problem = "the tape is empty; it must begin with its header";
    }
    if (problem != NULL) {
        (void)snprintf(
            message,
            message_bytes,
            "line %u: %s (the first line must read \"%s\", the others \"<value> <nth> <scope> "
            "<label>\")",
            number,
            problem,
            header);
        sim__choice_deinit(source);
        return false;
    }
    return true;
}

void sim__choice_record(struct sim__choice_source *source, const char *scenario)
{
    char line[256];
    source->is_counting = true;
    (void)snprintf(line, sizeof(line), "mycelium-tape 1 %s\n", scenario);
    sim__record_append(source, line);
}

void sim__choice_deinit(struct sim__choice_source *source)
{
    free(source->entries);
    free(source->counts);
    free(source->record);
    *source = (struct sim__choice_source){.kind = SIM__CHOICE_BORING};
}

// ---- Draws ----

/* What a numbered draw gives: from the tape, or `drawn` as it is; kept when recording. */
static uint64_t sim__choice_numbered(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t bound,
    uint64_t drawn)
{
    uint64_t key = sim__tape_key(scope, label);
    uint64_t nth = sim__tape_number(source, key);
    uint64_t value = drawn;
    if (source->kind == SIM__CHOICE_TAPE) {
        value = sim__tape_get(source, sim__tape_nth_key(key, nth));
        value = value < bound ? value : bound - 1;
    }
    if (source->record != NULL && value != 0) {
        char line[512];
        (void)snprintf(
            line, sizeof(line), "%" PRIu64 " %" PRIu64 " %s %s\n", value, nth, scope, label);
        sim__record_append(source, line);
    }
    return value;
}

static uint64_t sim__choice_finish(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t bound,
    uint64_t drawn)
{
    source->draw_count++;
    return source->is_counting ? sim__choice_numbered(source, scope, label, bound, drawn) : drawn;
}

uint64_t sim__choice_draw(
    struct sim__choice_source *source, const char *scope, const char *label, uint64_t bound)
{
    if (bound < 2) {
        return 0;
    }
    uint64_t drawn = source->kind == SIM__CHOICE_SEED ? sim__random_below(source, bound) : 0;
    return sim__choice_finish(source, scope, label, bound, drawn);
}

uint64_t sim__choice_chance(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t numerator,
    uint64_t denominator)
{
    if (numerator == 0 || denominator == 0) {
        return 0;
    }
    uint64_t drawn = 0;
    if (source->kind == SIM__CHOICE_SEED) {
        drawn = sim__random_below(source, denominator) < numerator ? 1 : 0;
    }
    return sim__choice_finish(source, scope, label, 2, drawn);
}

uint64_t sim__choice_edges(
    struct sim__choice_source *source, const char *scope, const char *label, uint64_t bound)
{
    if (bound < 2) {
        return 0;
    }
    uint64_t drawn = 0;
    if (source->kind == SIM__CHOICE_SEED) {
        // One in eight for each end and for the value before the last; the rest is uniform.
        uint64_t shape = sim__random_below(source, 8);
        drawn = sim__random_below(source, bound);
        drawn = shape == 0 ? 0 : shape == 1 ? bound - 1 : shape == 2 ? bound - 2 : drawn;
    }
    return sim__choice_finish(source, scope, label, bound, drawn);
}

uint64_t sim__choice_gap(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t rate,
    uint64_t cap)
{
    uint64_t drawn = 0;
    if (source->kind == SIM__CHOICE_SEED) {
        // An exponential in integers: -log2 of a uniform number, its fraction interpolated; ln 2 =
        // 45426/65536.
        uint64_t random = sim__random(source) | 1;
        uint64_t zeros = (uint64_t)__builtin_clzll(random);
        uint64_t mantissa = zeros == 63 ? 0 : (random << (zeros + 1)) >> 48;
        uint64_t log2 = ((zeros + 1) << 16) - mantissa;
        drawn = 1 + ((((log2 * 45426) >> 16) * rate) >> 16);
        drawn = drawn < cap ? drawn : cap;
    }
    return sim__choice_finish(source, scope, label, cap + 1, drawn);
}

#endif

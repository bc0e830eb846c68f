// SPDX-License-Identifier: MIT OR Apache-2.0
/* The choice source: generator, bytes, draws. Part of the implementation unit. */
#ifndef MYC_SIM_CHOICE_IMPLEMENTATION_H
#define MYC_SIM_CHOICE_IMPLEMENTATION_H

#include <mycelium/sim/choice.h>
#include <mycelium/sim/internal.h>

#include <mycelium/sim/choice_enumerator.h>
#include <mycelium/sim/choice_tape.h>

#include <stdio.h>
#include <stdlib.h>

void *sim__must(void *memory)
{
    if (memory == NULL) {
        fputs("the simulator itself ran out of memory\n", stderr);
        abort();
    }
    return memory;
}

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

// ---- Kinds ----

static void sim__choice_init(struct sim__choice_source *source, enum sim__choice_kind kind)
{
    *source = (struct sim__choice_source){.kind = kind, .switch_at = UINT64_MAX};
}

void sim__choice_init_boring(struct sim__choice_source *source)
{
    sim__choice_init(source, SIM__CHOICE_BORING);
}

static void sim__choice_set_state(struct sim__choice_source *source, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        source->state[i] = sim__splitmix(&seed);
    }
}

static void sim__choice_set_seed(struct sim__choice_source *source, uint64_t seed)
{
    source->kind = SIM__CHOICE_SEED;
    sim__choice_set_state(source, seed);
}

void sim__choice_mix(struct sim__choice_source *source, uint64_t seed)
{
    source->mixes = true;
    source->redraws = (seed & 1) != 0;
    sim__choice_set_state(source, seed);
}

void sim__choice_init_seed(struct sim__choice_source *source, uint64_t seed)
{
    sim__choice_init(source, SIM__CHOICE_SEED);
    sim__choice_set_seed(source, seed);
}

void sim__choice_init_bytes(struct sim__choice_source *source, const void *bytes, size_t size)
{
    sim__choice_init(source, SIM__CHOICE_BYTES);
    source->bytes = bytes;
    source->bytes_left = size;
}

void sim__choice_init_enumerated(
    struct sim__choice_source *source, struct myc_sim_enumerator *enumerator)
{
    sim__choice_init(source, SIM__CHOICE_ENUMERATED);
    source->enumerator = enumerator;
}

void sim__choice_then(struct sim__choice_source *source, uint64_t count, uint64_t seed)
{
    source->switch_at = count;
    source->then_seed = seed;
}

/* The prefix is over: from here on a seed draws everything. */
static void sim__choice_switch(struct sim__choice_source *source)
{
    source->switch_at = UINT64_MAX;
    source->has_tape = false;
    source->is_counting = sim__choice_is_watched(source);
    sim__choice_set_seed(source, source->then_seed);
}

void sim__choice_look(struct sim__choice_source *source, uint64_t number)
{
    source->look_at = number;
    source->is_counting = true;
}

void sim__choice_keep_bytes(struct sim__choice_source *source)
{
    source->keeps_bytes = true;
    source->is_counting = true;
}

void sim__choice_deinit(struct sim__choice_source *source)
{
    free(source->entries);
    free(source->counts);
    free(source->places);
    if (!source->is_record_fixed) {
        free(source->record);
    }
    free(source->kept);
    sim__choice_init_boring(source);
}

// ---- Shapes of draws: what seed and bytes make of them ----

enum sim__draw_shape { SIM__UNIFORM, SIM__CHANCE, SIM__EDGES, SIM__GAP };

struct sim__draw {
    enum sim__draw_shape shape;
    uint64_t bound;
    uint64_t common;      /* of a uniform one: what seeds draw below */
    uint64_t numerator;   /* of a chance */
    uint64_t denominator; /* of a chance; the rate of a gap */
};

static inline uint64_t
sim__random_shape(struct sim__choice_source *source, const struct sim__draw *draw)
{
    switch (draw->shape) {
    case SIM__UNIFORM:
        return sim__random_below(source, draw->common);
    case SIM__CHANCE:
        return sim__random_below(source, draw->denominator) < draw->numerator ? 1 : 0;
    case SIM__EDGES: {
        // One in eight for each end and for the value before the last; the rest is uniform.
        uint64_t shape = sim__random_below(source, 8);
        uint64_t drawn = sim__random_below(source, draw->bound);
        return shape == 0 ? 0 : shape == 1 ? draw->bound - 1 : shape == 2 ? draw->bound - 2 : drawn;
    }
    case SIM__GAP:
        break;
    }
    // An exponential in integers: -log2 of a uniform number, its fraction interpolated; ln 2 =
    // 45426/65536.
    uint64_t random = sim__random(source) | 1;
    uint64_t zeros = (uint64_t)__builtin_clzll(random);
    uint64_t mantissa = zeros == 63 ? 0 : (random << (zeros + 1)) >> 48;
    uint64_t log2 = ((zeros + 1) << 16) - mantissa;
    uint64_t drawn = 1 + ((((log2 * 45426) >> 16) * draw->denominator) >> 16);
    return drawn < draw->bound ? drawn : draw->bound - 1;
}

static uint64_t sim__bytes_take(struct sim__choice_source *source, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count && source->bytes_left > 0; i++) {
        value |= (uint64_t)*source->bytes++ << (8 * i);
        source->bytes_left--;
    }
    return value;
}

/* How many bytes a uniform draw takes. */
static unsigned sim__bytes_of(uint64_t bound)
{
    if (bound <= 1 << 16) {
        return bound <= 1 << 8 ? 1 : 2;
    }
    return bound <= UINT64_C(1) << 32 ? 4 : 8;
}

static uint64_t sim__bytes_shape(struct sim__choice_source *source, const struct sim__draw *draw)
{
    if (draw->shape == SIM__CHANCE) {
        // 0 is false whatever the odds.
        uint64_t odds =
            draw->numerator < draw->denominator ? draw->numerator * 256 / draw->denominator : 255;
        uint64_t byte = sim__bytes_take(source, 1);
        if (odds > 0 || byte < 255) {
            return byte >= 256 - odds ? 1 : 0;
        }
        odds = draw->numerator * 65536 / draw->denominator;
        return sim__bytes_take(source, 1) >= 256 - (odds > 0 ? odds : 1) ? 1 : 0;
    }
    if (draw->shape == SIM__GAP) {
        uint64_t byte = sim__bytes_take(source, 1);
        uint64_t gap = byte < 128 ? byte : 128 + ((byte - 128) << 8 | sim__bytes_take(source, 1));
        return gap < draw->bound ? gap : draw->bound - 1;
    }
    return sim__bytes_take(source, sim__bytes_of(draw->bound)) % draw->bound;
}

static void sim__bytes_put(struct sim__choice_source *source, uint64_t value, unsigned count)
{
    if (source->kept_size + 8 > source->kept_capacity) {
        source->kept_capacity = source->kept_capacity * 2 + 1024;
        source->kept = sim__must(realloc(source->kept, source->kept_capacity));
    }
    for (unsigned i = 0; i < count; i++) {
        source->kept[source->kept_size++] = (uint8_t)(value >> (8 * i));
    }
}

/* Keeps the bytes that sim__bytes_shape() takes for this value. */
static void
sim__bytes_keep(struct sim__choice_source *source, const struct sim__draw *draw, uint64_t value)
{
    if (draw->shape == SIM__CHANCE) {
        bool is_rare = draw->numerator * 256 < draw->denominator;
        sim__bytes_put(source, value == 0 ? 0 : UINT64_C(0xffff), value != 0 && is_rare ? 2 : 1);
    } else if (draw->shape == SIM__GAP && value >= 128) {
        uint64_t rest = value - 128 < 0x7fff ? value - 128 : 0x7fff;
        sim__bytes_put(source, 128 + (rest >> 8), 1);
        sim__bytes_put(source, rest & 0xff, 1);
    } else {
        sim__bytes_put(source, value, draw->shape == SIM__GAP ? 1 : sim__bytes_of(draw->bound));
    }
}

static inline uint64_t sim__choice_take(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    const struct sim__draw *draw)
{
    if (__builtin_expect(source->draw_count == source->switch_at, 0)) {
        sim__choice_switch(source);
    }
    uint64_t drawn = 0;
    if (source->kind == SIM__CHOICE_SEED || (source->mixes && source->is_hidden)) {
        drawn = sim__random_shape(source, draw);
    } else if (source->kind == SIM__CHOICE_BYTES) {
        drawn = sim__bytes_shape(source, draw);
    } else if (source->kind == SIM__CHOICE_ENUMERATED) {
        drawn = sim__enumerator_take(source->enumerator, scope, label, draw->bound);
    }
    source->draw_count++;
    if (__builtin_expect(source->is_counting, 0)) {
        drawn = sim__choice_numbered(source, scope, label, draw->bound, drawn);
        if (source->keeps_bytes) {
            sim__bytes_keep(source, draw, drawn);
        }
    }
    return drawn;
}

// ---- Draws ----

uint64_t sim__choice_draw(
    struct sim__choice_source *source, const char *scope, const char *label, uint64_t bound)
{
    return sim__choice_rare(source, scope, label, bound, bound);
}

uint64_t sim__choice_rare(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t common,
    uint64_t bound)
{
    if (bound < 2) {
        return 0;
    }
    const struct sim__draw draw = {.shape = SIM__UNIFORM, .bound = bound, .common = common};
    return sim__choice_take(source, scope, label, &draw);
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
    const struct sim__draw draw = {
        .shape = SIM__CHANCE, .bound = 2, .numerator = numerator, .denominator = denominator};
    return sim__choice_take(source, scope, label, &draw);
}

uint64_t sim__choice_edges(
    struct sim__choice_source *source, const char *scope, const char *label, uint64_t bound)
{
    if (bound < 2) {
        return 0;
    }
    const struct sim__draw draw = {.shape = SIM__EDGES, .bound = bound};
    return sim__choice_take(source, scope, label, &draw);
}

uint64_t sim__choice_gap(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t rate,
    uint64_t cap)
{
    const struct sim__draw draw = {.shape = SIM__GAP, .bound = cap + 1, .denominator = rate};
    return sim__choice_take(source, scope, label, &draw);
}

#endif

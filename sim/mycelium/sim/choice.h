// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The one source of everything that could have gone another way. Internal.
 *
 * A draw has a label (what is decided), a scope (which thread, or "world") and a bound; 0 is
 * boring. It comes from a seed, from a tape, or is always 0. A tape is text that keeps only the
 * draws that were not 0, each named by label, scope and how many draws of that label the scope made
 * before. So a tape survives changes of code and of other draws: what it does not name is 0.
 *
 *     mycelium-tape 1 <scenario>
 *     # comment
 *     <value> <nth> <scope> <label>
 */
#ifndef MYC_SIM_CHOICE_H
#define MYC_SIM_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim__choice_kind { SIM__CHOICE_BORING, SIM__CHOICE_SEED, SIM__CHOICE_TAPE };

/** One named draw of a tape. `nth` counts from 0. */
struct sim__tape_entry {
    uint64_t key; /* of label, scope and nth; 0: unused */
    uint64_t value;
};

/** How many draws a label made in a scope. */
struct sim__tape_count {
    uint64_t key;
    uint64_t count;
};

struct sim__choice_source {
    enum sim__choice_kind kind;
    uint64_t state[4];
    uint64_t draw_count;
    bool is_counting;                /* recording or replaying: draws are numbered */
    struct sim__tape_entry *entries; /* open addressing; capacity a power of two */
    size_t entry_capacity;
    size_t entry_count;
    struct sim__tape_count *counts;
    size_t count_capacity;
    size_t count_count;
    char *record; /* the tape so far; NULL when not recording */
    size_t record_size;
    size_t record_capacity;
};

/** A source of zeros. */
void sim__choice_init_boring(struct sim__choice_source *source);

/** Draws from a seed. */
void sim__choice_init_seed(struct sim__choice_source *source, uint64_t seed);

/**
 * Replays a tape of `scenario`.
 *
 * Returns: false when a line cannot be read; `message` then tells which and why.
 */
bool sim__choice_init_tape(
    struct sim__choice_source *source,
    const char *text,
    const char *scenario,
    char *message,
    size_t message_bytes);

/** From now on keeps a tape in source->record. */
void sim__choice_record(struct sim__choice_source *source, const char *scenario);

/** Frees what the source owns. */
void sim__choice_deinit(struct sim__choice_source *source);

/** A uniform draw: 0 .. bound-1. A bound below 2 draws nothing and gives 0. */
uint64_t sim__choice_draw(
    struct sim__choice_source *source, const char *scope, const char *label, uint64_t bound);

/** 1 with probability numerator/denominator, else 0. */
uint64_t sim__choice_chance(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t numerator,
    uint64_t denominator);

/** A number from 0 to high-low, both ends likelier than the rest. */
uint64_t sim__choice_edges(
    struct sim__choice_source *source, const char *scope, const char *label, uint64_t bound);

/**
 * How many occasions until the next one that counts, when one in `rate` does: 1 .. cap, geometric.
 * 0: none for a good while.
 */
uint64_t sim__choice_gap(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t rate,
    uint64_t cap);

#endif

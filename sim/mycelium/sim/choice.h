// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The one source of everything that could have gone another way. Internal.
 *
 * A draw has a label (what is decided), a scope (which thread, or "world") and a bound; 0 is
 * boring. What draws is a seed, a fuzzer's bytes, an enumerator, or nothing but zeros. A tape may
 * lie above it: what it names has the tape's value, and what it does not name comes from below.
 *
 * A tape is text that keeps only the draws that were not 0, each named by label, scope and how many
 * draws of that label the scope made before. So it survives changes of code and of other draws.
 *
 *     mycelium-tape 2 <scenario> <plain|simcheck> <version of the library>
 *     # comment
 *     <value> <nth> <scope> <label>
 *
 * A dense tape ends its first line with "dense" and keeps every draw in order, with its bound:
 *
 *     <value>/<bound> <nth> <scope> <label>
 *
 * Read loosely it is like any other. Read strictly, each draw must be the tape's next line.
 */
#ifndef MYC_SIM_CHOICE_H
#define MYC_SIM_CHOICE_H

#include <mycelium/sim.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM__TAPE_MAGIC "mycelium-tape 2"
#ifdef MYC_SIMCHECK
#define SIM__BUILD_KIND "simcheck"
#else
#define SIM__BUILD_KIND "plain"
#endif
/* Without quotes, which pkg-config and shells would have to agree about. */
#ifndef MYC_SIM_VERSION
#define MYC_SIM_VERSION unversioned
#endif
#define SIM__QUOTED_(text) #text
#define SIM__QUOTED(text) SIM__QUOTED_(text)

enum { SIM__CHOICE_MESSAGE_BYTES = 640 };

enum sim__choice_kind {
    SIM__CHOICE_BORING,
    SIM__CHOICE_SEED,
    SIM__CHOICE_BYTES,
    SIM__CHOICE_ENUMERATED
};

/** One named draw of a tape. `nth` counts from 0. */
struct sim__tape_entry {
    uint64_t key; /* of label, scope and nth; 0: unused */
    uint64_t value;
    unsigned line;
    bool is_used;
};

/** How many draws a label made in a scope. */
struct sim__tape_count {
    uint64_t key;
    uint64_t count;
};

/** A decision that a tape names by a point: the nth one of its scope, which is never 0. */
struct sim__tape_place {
    uint64_t key; /* of scope and label */
    uint64_t nth;
    uint64_t value;
};

struct sim__choice_source {
    enum sim__choice_kind kind;
    bool is_counting; /* draws are numbered: recorded, looked up in a tape, or compared */
    uint64_t state[4];
    uint64_t draw_count;
    uint64_t switch_at; /* before this draw the prefix ends; UINT64_MAX: never */
    uint64_t then_seed; /* what draws after the prefix */
    const uint8_t *bytes;
    size_t bytes_left;
    struct myc_sim_enumerator *enumerator;

    bool mixes;     /* hidden draws come from `state`, whatever the kind */
    bool redraws;   /* and so does a quarter of all first draws of a label in a scope */
    bool is_hidden; /* draws are not recorded: what follows from them is */

    bool has_tape;
    bool is_strict;
    struct sim__tape_entry *entries; /* open addressing; capacity a power of two */
    size_t entry_capacity;
    size_t entry_count;
    size_t used_count;
    uint64_t clamped_count;
    struct sim__tape_count *counts;
    size_t count_capacity;
    size_t count_count;
    struct sim__tape_place *places; /* by key and nth */
    size_t place_count;

    const char *strict_at; /* the dense tape's next line */
    unsigned strict_line;
    /* Strict: how the run first differs from the tape; empty while it does not. */
    char mismatch[SIM__CHOICE_MESSAGE_BYTES];
    /* Called inside the draw, once: the strict tape is left; the draw looked for has been made. */
    void (*on_mismatch)(void *context);
    void (*on_seen)(void *context);
    void *context;

    struct myc_sim *watcher; /* whose history keeps what is not boring; NULL: nobody's */
    char *record;            /* the tape so far; NULL when not recording */
    size_t record_size;
    size_t record_capacity;
    bool keeps_bytes;
    uint8_t *kept; /* the draws as a fuzzer's bytes; NULL before the first */
    size_t kept_size;
    size_t kept_capacity;
    bool is_dense;        /* the record */
    bool is_record_fixed; /* it is somebody else's memory and does not grow */
    /* Called for each draw that goes on record, recorded or not; NULL: nobody. */
    void (*tell)(void *context, const char *scope, const char *label, uint64_t nth, uint64_t value);
    uint64_t look_at;
    struct myc_sim_draw seen;
};

/* ---- What draws ---- */

/** A source of zeros. */
void sim__choice_init_boring(struct sim__choice_source *source);

/** Draws from a seed. */
void sim__choice_init_seed(struct sim__choice_source *source, uint64_t seed);

/**
 * Draws from a fuzzer's bytes as they are, so that a changed byte changes one draw; past the end
 * everything is 0. Bounds up to 256 take one byte, then two, four and eight. A chance takes one
 * byte and is true for its highest values; one rarer than 1 in 256 takes another after 255. A gap
 * takes one byte below 128, else two. The bytes must outlive the source.
 */
void sim__choice_init_bytes(struct sim__choice_source *source, const void *bytes, size_t size);

/** Draws the enumerator's present run. */
void sim__choice_init_enumerated(
    struct sim__choice_source *source, struct myc_sim_enumerator *enumerator);

/** The first `count` draws are as they would be; after them this seed draws, and no tape counts. */
void sim__choice_then(struct sim__choice_source *source, uint64_t count, uint64_t seed);

/* ---- Tapes ---- */

/**
 * Lays a tape of `scenario` over the source.
 *
 * Returns: false when a line cannot be read; `message` then begins with its number and tells why.
 */
bool sim__choice_add_tape(
    struct sim__choice_source *source,
    const char *text,
    const char *scenario,
    char *message,
    size_t message_bytes);

/**
 * From now on each draw must be the dense tape's next line; `text` was given to
 * sim__choice_add_tape() and outlives the source. Returns: false when the tape is not dense.
 */
bool sim__choice_be_strict(struct sim__choice_source *source, const char *text);

/** The run is over: a strict tape must be, too. */
void sim__choice_finish_strict(struct sim__choice_source *source);

/** The line of the first entry that no draw used; 0 if all were. */
unsigned sim__choice_unused_line(const struct sim__choice_source *source);

/**
 * From now on hidden draws come from this seed. With an odd seed so does now and then the first
 * draw of a label in a scope: sizes of the world are such.
 */
void sim__choice_mix(struct sim__choice_source *source, uint64_t seed);

/** From now on keeps a tape in source->record. */
void sim__choice_record(struct sim__choice_source *source, const char *scenario, bool is_dense);

/** From now on keeps in source->kept the bytes from which sim__choice_init_bytes() draws the same,
 * but for gaps of more than some ten thousand, which become shorter. */
void sim__choice_keep_bytes(struct sim__choice_source *source);

/** Before that: keeps it in memory of the caller's; what no longer fits is left out. */
void sim__choice_record_in(struct sim__choice_source *source, char *bytes, size_t size);

/**
 * A decision that follows from hidden draws, in the form in which a tape can name it by itself:
 * what the tape names for the next one of this scope and label, else `value`. Recorded.
 */
uint64_t sim__choice_follow(
    struct sim__choice_source *source, const char *scope, const char *label, uint64_t value);

/** Records a decision of the scope's nth point; 0 is not recorded. */
void sim__choice_keep(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t nth,
    uint64_t value);

/** What the tape names for the scope's nth point; 0 if nothing. */
uint64_t sim__choice_named(
    struct sim__choice_source *source, const char *scope, const char *label, uint64_t nth);

/** The first point after `after` for which the tape names something; UINT64_MAX: none. */
uint64_t sim__choice_next_place(
    const struct sim__choice_source *source, const char *scope, const char *label, uint64_t after);

/** Remembers the `number`-th draw, from 1, in source->seen. */
void sim__choice_look(struct sim__choice_source *source, uint64_t number);

/** Writes the first line of a tape of this build, its end of line included. */
void sim__tape_header(char *text, size_t size, const char *scenario);

/** Frees what the source owns. */
void sim__choice_deinit(struct sim__choice_source *source);

/* ---- Draws ---- */

/** A uniform draw: 0 .. bound-1. A bound below 2 draws nothing and gives 0. */
uint64_t sim__choice_draw(
    struct sim__choice_source *source, const char *scope, const char *label, uint64_t bound);

/**
 * As sim__choice_draw(), but seeds draw only below `common`: the values from there to `bound` are
 * for tapes, enumerators and bytes.
 */
uint64_t sim__choice_rare(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t common,
    uint64_t bound);

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

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a replay remembers beside its events, so that its report can tell what happened: the last
 * steps of every thread, and the choices in words. Part of the implementation unit.
 */
#ifndef MYC_SIM_TOLD_H
#define MYC_SIM_TOLD_H

#include <mycelium/sim/internal.h>
#include <mycelium/sim/text.h>

#include <mycelium/atomic.h>

#include <string.h>

enum {
    SIM__TOLD_ROWS = 512, /* a power of two */
    SIM__TOLD_WORDS = 1024,
    SIM__TOLD_BYTES = 4096,
    SIM__TOLD_MAX = 12
};

/* An atomic access: what myc_simcheck_atomic() was asked. Zeroed is none. */
struct sim__told_op {
    uint32_t size;
    uint16_t op; /* enum myc_simcheck_op + 1 */
    uint16_t word;
    int order;
    uint64_t value;
};

struct sim__told_row {
    const struct sim__thread *thread; /* NULL: the world */
    const char *label;                /* of a point; NULL: a note or an access */
    enum sim__note_kind kind;
    uint64_t time_ns;
    uint64_t a;
    uint64_t b;
    struct sim__told_op access;
};

struct sim__told {
    uint64_t row_count;
    struct sim__told_row rows[SIM__TOLD_ROWS];
    uint64_t words[SIM__TOLD_WORDS]; /* places of atomic words, in order of first use */
    uint32_t word_count;
    struct sim__told_op now; /* what the current thread is about to do */
    uint64_t told_count;
    struct sim__text told;
    char told_bytes[SIM__TOLD_BYTES];
};

static struct sim__told_row *sim__told_add(struct myc_sim *world)
{
    struct sim__told *told = world->told;
    struct sim__told_row *row = &told->rows[told->row_count++ % SIM__TOLD_ROWS];
    *row = (struct sim__told_row){.thread = world->current, .time_ns = sim__now(world)};
    return row;
}

void sim__told_point(struct myc_sim *world, const char *label)
{
    sim__told_add(world)->label = label;
}

static void sim__told_note(struct myc_sim *world, enum sim__note_kind kind, uint64_t a, uint64_t b)
{
    if (kind != SIM__NOTE_RUN && kind != SIM__NOTE_EVENT && kind != SIM__NOTE_THREAD) {
        struct sim__told_row *row = sim__told_add(world);
        row->kind = kind;
        row->a = a;
        row->b = b;
    }
}

static void sim__told_say_op(const struct sim__told_op *op, struct sim__text *text)
{
#ifdef MYC_SIMCHECK
    static const char *const names[] = {
        "load",
        "store",
        "exchange",
        "add",
        "compare-exchange",
        "compare-exchange weak",
        "fence",
        "read bytes",
        "write bytes",
        "copy bytes"};
#else
    static const char *const names[] = {"", "", "", "", "", "", "", "", "", ""};
#endif
    sim__text_add(text, "%s", names[op->op - 1]);
    bool is_word = op->op <= 6;
    if (op->op <= 2) {
        const char *order = op->order == __ATOMIC_RELAXED   ? " relaxed"
                            : op->order == __ATOMIC_ACQUIRE ? " acquire"
                            : op->order == __ATOMIC_RELEASE ? " release"
                                                            : " seq_cst";
        sim__text_add(text, "%s", order);
    }
    if (is_word) {
        sim__text_add(text, " u%u w%u", op->size * 8, op->word);
    } else if (op->size > 0) {
        sim__text_add(text, " %u", op->size);
    }
}

/* ", before a store release u64 w3", if the current thread is about to do such a thing. */
static void sim__told_say_now(const struct myc_sim *world, struct sim__text *text)
{
    if (world->told == NULL || world->told->now.op == 0) {
        return;
    }
    sim__text_add(text, ", before ");
    sim__told_say_op(&world->told->now, text);
    sim__text_add(text, ",");
}

#endif

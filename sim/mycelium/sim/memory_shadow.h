// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the memory model keeps for each 8 bytes that were touched: histories of words, and who last
 * read and wrote them as payload. Part of the implementation unit.
 *
 * Shared memory is named by segment and offset, all other memory by its address, since the whole
 * system lies in one address space. Nothing depends on the order in which the table keeps lines.
 */
#ifndef MYC_SIM_MEMORY_SHADOW_H
#define MYC_SIM_MEMORY_SHADOW_H

#ifdef MYC_SIMCHECK

#include <mycelium/sim/internal.h>
#include <mycelium/sim/memory_clock.h>

#include <string.h>

enum {
    SIM__HISTORY = 4,      /* stores that a word remembers */
    SIM__SEEN_MAX = 6,     /* readers that a store remembers; with more, all must see it */
    SIM__STALE_LOADS = 32, /* a store is seen after this many loads of a thread, or twice as many */
    SIM__LINE_BYTES = 64,
    SIM__LINE_CELLS = 8,
    SIM__READS_MAX = 3,
    SIM__SPURIOUS_MAX = 2, /* failures for no reason in a row, or loops would never end */
    SIM__CHUNK_BYTES = 32 * 1024
};

struct sim__store {
    uint64_t value;
    uint64_t when; /* counts all stores of the run */
    struct sim__release *release;
    uint32_t epoch; /* of the writer; 0: known to everybody */
    uint32_t seen_epochs[SIM__SEEN_MAX];
    uint8_t seen_slots[SIM__SEEN_MAX];
    uint8_t seen_count;
    uint8_t slot;
    bool is_seq_cst;
    bool is_sequence;  /* its release says more than its writer's clock */
    bool is_settled;   /* everybody sees it or a newer one */
    bool is_announced; /* its writer waits for no reader */
};

struct sim__word {
    struct sim__store stores[SIM__HISTORY]; /* a ring, oldest at `first` */
    uint32_t first;
    uint32_t count;
    uint32_t size;
    struct sim__word *next_free;
};

/** 8 bytes. Masks have a bit a byte; a mask of 0 means nobody. */
struct sim__cell {
    struct sim__word *words[2];     /* [0] of 8 bytes, or one for each half */
    struct sim__clock *reads;       /* when more threads read it than fit below; of whole cells */
    struct sim__release *announced; /* what an announced write's last fence tells; else NULL */
    uint32_t write_epoch;
    uint32_t read_epochs[SIM__READS_MAX];
    uint8_t read_slots[SIM__READS_MAX];
    uint8_t read_masks[SIM__READS_MAX];
    uint8_t write_slot;
    uint8_t write_mask;
    bool is_announced; /* the write's thread waits for no reader */
};

struct sim__line {
    struct sim__line *next;
    uint64_t segment; /* 0: by address */
    uint64_t index;   /* offset / SIM__LINE_BYTES */
    struct sim__cell cells[SIM__LINE_CELLS];
};

/** Where a byte is, whatever address a process sees it at. */
struct sim__place {
    uint64_t segment;
    uint64_t offset;
};

static uint8_t sim__mask(const void *address, uint32_t size)
{
    return size == 8 ? 0xff : (uint8_t)(((uintptr_t)address & 4) != 0 ? 0xf0 : 0x0f);
}

static inline uint64_t sim__word_load(const void *address, uint32_t size)
{
    return size == 4 ? *(const volatile uint32_t *)address : *(const volatile uint64_t *)address;
}

static inline void sim__word_store(void *address, uint32_t size, uint64_t value)
{
    if (size == 4) {
        *(volatile uint32_t *)address = (uint32_t)value;
    } else {
        *(volatile uint64_t *)address = value;
    }
}

// ---- Memory of the model ----

/* From chunks that live as long as the world. */
static void *sim__model_carve(struct sim__memory_model *model, size_t bytes)
{
    if (model->chunk_left < bytes) {
        model->chunk = sim__allocate(model->world, SIM__CHUNK_BYTES);
        model->chunk_left = SIM__CHUNK_BYTES;
    }
    void *memory = model->chunk;
    bytes = (bytes + 15) / 16 * 16;
    model->chunk += bytes;
    model->chunk_left -= bytes;
    return memory;
}

static struct sim__word *sim__word_allocate(struct sim__memory_model *model)
{
    struct sim__word *word = model->free_words;
    if (word != NULL) {
        model->free_words = word->next_free;
        word->count = 0;
        word->first = 0;
        return word;
    }
    return sim__model_carve(model, sizeof(*word));
}

static void sim__word_free(struct sim__memory_model *model, struct sim__word *word)
{
    word->next_free = model->free_words;
    model->free_words = word;
}

// ---- Lines ----

static struct sim__place sim__place_of(const struct sim__process *process, const void *address)
{
    struct sim__place place = {0, 0};
    if (process->mapping_count == 0
        || !sim__mapping_find(process, address, &place.segment, &place.offset)) {
        place = (struct sim__place){0, (uint64_t)(uintptr_t)address};
    }
    return place;
}

static uint64_t sim__line_hash(uint64_t segment, uint64_t index)
{
    uint64_t hash = (index ^ (segment << 40)) * UINT64_C(0x9fb21c651e98df25);
    return hash ^ (hash >> 32);
}

static void sim__lines_grow(struct sim__memory_model *model)
{
    uint64_t capacity = model->line_capacity * 2;
    struct sim__line **grown = sim__allocate(model->world, capacity * sizeof(struct sim__line *));
    for (uint64_t i = 0; i < model->line_capacity; i++) {
        while (model->lines[i] != NULL) {
            struct sim__line *line = model->lines[i];
            struct sim__line **bucket =
                &grown[sim__line_hash(line->segment, line->index) & (capacity - 1)];
            model->lines[i] = line->next;
            line->next = *bucket;
            *bucket = line;
        }
    }
    sim__free(model->world, model->lines);
    model->lines = grown;
    model->line_capacity = capacity;
}

static struct sim__line **
sim__line_link(struct sim__memory_model *model, uint64_t segment, uint64_t index)
{
    struct sim__line **link =
        &model->lines[sim__line_hash(segment, index) & (model->line_capacity - 1)];
    while (*link != NULL && ((*link)->index != index || (*link)->segment != segment)) {
        link = &(*link)->next;
    }
    return link;
}

static struct sim__line *sim__line_create(
    struct sim__memory_model *model, struct sim__line **link, uint64_t segment, uint64_t index)
{
    if (model->line_count >= model->line_capacity) {
        sim__lines_grow(model);
        link = sim__line_link(model, segment, index);
    }
    struct sim__line *line = model->free_lines;
    if (line != NULL) {
        model->free_lines = line->next;
        memset(line, 0, sizeof(*line));
    } else {
        line = sim__model_carve(model, sizeof(*line));
    }
    line->segment = segment;
    line->index = index;
    line->next = *link;
    *link = line;
    model->line_count++;
    return line;
}

static struct sim__cell *sim__cell_at(struct sim__memory_model *model, struct sim__place place)
{
    uint64_t index = place.offset / SIM__LINE_BYTES;
    struct sim__line *line = model->last_line;
    if (line == NULL || line->index != index || line->segment != place.segment) {
        struct sim__line **link = sim__line_link(model, place.segment, index);
        line = *link != NULL ? *link : sim__line_create(model, link, place.segment, index);
        model->last_line = line;
    }
    return &line->cells[place.offset / 8 % SIM__LINE_CELLS];
}

// ---- Forgetting ----

static void sim__cell_clear(struct sim__memory_model *model, struct sim__cell *cell)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct sim__word *word = cell->words[i];
        if (word != NULL) {
            for (; word->count > 0; word->count--) {
                uint32_t newest = (word->first + word->count - 1) % SIM__HISTORY;
                sim__release_drop(model, word->stores[newest].release);
            }
            sim__word_free(model, word);
        }
    }
    sim__clock_free(model, cell->reads);
    sim__release_drop(model, cell->announced);
    memset(cell, 0, sizeof(*cell));
}

/* Clears the cells of a line that lie in [first, end), offsets of 8 bytes. */
static void sim__line_clear(
    struct sim__memory_model *model, struct sim__line *line, uint64_t first, uint64_t end)
{
    for (uint64_t i = 0; i < SIM__LINE_CELLS; i++) {
        uint64_t offset = line->index * SIM__LINE_BYTES + i * 8;
        if (offset >= first && offset < end) {
            sim__cell_clear(model, &line->cells[i]);
        }
    }
}

/* Forgets a range; whoever touches it next begins with what lies there. */
static void
sim__shadow_drop(struct sim__memory_model *model, uint64_t segment, uint64_t first, uint64_t bytes)
{
    uint64_t end = first + bytes;
    uint64_t index = first / SIM__LINE_BYTES;
    uint64_t index_end = (end + SIM__LINE_BYTES - 1) / SIM__LINE_BYTES;
    first = first / 8 * 8;
    if (index_end - index < model->line_count) {
        for (; index < index_end; index++) {
            struct sim__line *line = *sim__line_link(model, segment, index);
            if (line != NULL) {
                sim__line_clear(model, line, first, end);
            }
        }
        return;
    }
    for (uint64_t i = 0; i < model->line_capacity; i++) {
        for (struct sim__line *line = model->lines[i]; line != NULL; line = line->next) {
            if (line->segment == segment && line->index >= index && line->index < index_end) {
                sim__line_clear(model, line, first, end);
            }
        }
    }
}

/* Forgets a segment whole; its number never comes again. */
static void sim__shadow_drop_segment(struct sim__memory_model *model, uint64_t segment)
{
    model->last_line = NULL;
    for (uint64_t i = 0; i < model->line_capacity; i++) {
        struct sim__line **link = &model->lines[i];
        while (*link != NULL) {
            struct sim__line *line = *link;
            if (line->segment != segment) {
                link = &line->next;
                continue;
            }
            *link = line->next;
            sim__line_clear(model, line, 0, UINT64_MAX);
            line->next = model->free_lines;
            model->free_lines = line;
            model->line_count--;
        }
    }
}

#endif

#endif

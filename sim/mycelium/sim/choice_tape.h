// SPDX-License-Identifier: MIT OR Apache-2.0
/* Tapes: reading, looking up, recording, comparing. Part of the implementation unit. */
#ifndef MYC_SIM_CHOICE_TAPE_H
#define MYC_SIM_CHOICE_TAPE_H

#include <mycelium/sim/choice.h>
#include <mycelium/sim/internal.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

// ---- Tables ----

static struct sim__tape_entry *
sim__tape_slot(struct sim__tape_entry *entries, size_t capacity, uint64_t key)
{
    size_t at = (size_t)key & (capacity - 1);
    while (entries[at].key != 0 && entries[at].key != key) {
        at = (at + 1) & (capacity - 1);
    }
    return &entries[at];
}

static void sim__tape_put(struct sim__choice_source *source, struct sim__tape_entry entry)
{
    if ((source->entry_count + 1) * 2 > source->entry_capacity) {
        size_t old_capacity = source->entry_capacity;
        struct sim__tape_entry *old = source->entries;
        source->entry_capacity = old_capacity == 0 ? 256 : old_capacity * 2;
        source->entries = sim__must(calloc(source->entry_capacity, sizeof(*old)));
        for (size_t i = 0; i < old_capacity; i++) {
            if (old[i].key != 0) {
                *sim__tape_slot(source->entries, source->entry_capacity, old[i].key) = old[i];
            }
        }
        free(old);
    }
    struct sim__tape_entry *slot =
        sim__tape_slot(source->entries, source->entry_capacity, entry.key);
    source->entry_count += slot->key == 0 ? 1 : 0;
    *slot = entry;
}

/* The entry of a draw; NULL if the tape does not name it. */
static struct sim__tape_entry *sim__tape_find(const struct sim__choice_source *source, uint64_t key)
{
    if (source->entry_capacity == 0) {
        return NULL;
    }
    struct sim__tape_entry *slot = sim__tape_slot(source->entries, source->entry_capacity, key);
    return slot->key != 0 ? slot : NULL;
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

// ---- Decisions by point ----

static bool sim__label_has_places(const char *label)
{
    return strcmp(label, "schedule.switch") == 0 || strcmp(label, "inject.kill") == 0;
}

/* Where places with this key and an nth after `after` begin. */
static size_t sim__place_find(const struct sim__choice_source *source, uint64_t key, uint64_t after)
{
    size_t low = 0;
    size_t high = source->place_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct sim__tape_place *place = &source->places[middle];
        if (place->key < key || (place->key == key && place->nth <= after)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void
sim__place_put(struct sim__choice_source *source, uint64_t key, uint64_t nth, uint64_t value)
{
    size_t at = sim__place_find(source, key, nth);
    if ((source->place_count & (source->place_count + 1)) == 0) {
        size_t bytes = (source->place_count + 1) * 2 * sizeof(*source->places);
        source->places = sim__must(realloc(source->places, bytes));
    }
    memmove(
        source->places + at + 1,
        source->places + at,
        (source->place_count - at) * sizeof(*source->places));
    source->places[at] = (struct sim__tape_place){.key = key, .nth = nth, .value = value};
    source->place_count++;
}

// ---- Reading ----

/* One line, cut into its parts; the texts lie in `text`. */
struct sim__tape_line {
    uint64_t value;
    uint64_t bound; /* 0: it names none */
    uint64_t nth;
    const char *scope;
    const char *label;
    char text[512];
};

/* Reads one decimal number; NULL if there is none. */
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
    return at;
}

/* Reads line->text; says what is wrong with it, NULL if nothing is. */
static const char *sim__tape_read_line(struct sim__tape_line *line)
{
    const char *at = sim__tape_read_number(line->text, &line->value);
    line->bound = 0;
    if (at == NULL || (*at != ' ' && *at != '/')) {
        return "expected the value, a number";
    }
    if (*at == '/') {
        at = sim__tape_read_number(at + 1, &line->bound);
        if (at == NULL || *at != ' ' || line->bound <= line->value) {
            return "expected a bound above the value, a number, after the slash";
        }
    }
    at = sim__tape_read_number(at + 1, &line->nth);
    if (at == NULL || *at != ' ') {
        return "expected the occurrence, a number, after the value";
    }
    line->scope = at + 1;
    char *label = strchr(line->scope, ' ');
    if (label == NULL || label == line->scope || label[1] == '\0') {
        return "expected a scope and a label after the two numbers";
    }
    *label = '\0';
    line->label = label + 1;
    return NULL;
}

/* Copies the next line into `text` without its end; false when it does not fit. */
static bool sim__tape_next_line(const char **at, char *text, size_t size)
{
    const char *end = strchr(*at, '\n');
    size_t length = end != NULL ? (size_t)(end - *at) : strlen(*at);
    if (length >= size) {
        return false;
    }
    memcpy(text, *at, length);
    text[length > 0 && text[length - 1] == '\r' ? length - 1 : length] = '\0';
    *at += length + (end != NULL ? 1 : 0);
    return true;
}

void sim__tape_header(char *text, size_t size, const char *scenario)
{
    (void)snprintf(
        text,
        size,
        SIM__TAPE_MAGIC " %s " SIM__BUILD_KIND " " SIM__QUOTED(MYC_SIM_VERSION) "\n",
        scenario);
}

/* Says what is wrong with a tape's first line; NULL if nothing is. */
static const char *sim__tape_read_header(const char *line, const char *scenario)
{
    char magic[32];
    char name[128];
    char build[16];
    char version[64];
    int version_number = 0;
    int end = 0;
    if (sscanf(line, "%31s %d %n", magic, &version_number, &end) != 2
        || strcmp(magic, "mycelium-tape") != 0) {
        return "this is no tape";
    }
    if (version_number != 2) {
        return "a tape of another format";
    }
    if (sscanf(line + end, "%127s %15s %63s", name, build, version) != 3) {
        return "the scenario, the build or the version is missing";
    }
    if (strcmp(name, scenario) != 0) {
        return "a tape of another scenario";
    }
    if (strcmp(build, SIM__BUILD_KIND) != 0) {
        return "a tape of another kind of build: simcheck programs draw where plain ones do not";
    }
    return NULL;
}

static bool sim__tape_read_all(
    struct sim__choice_source *source,
    const char *text,
    const char *scenario,
    char *message,
    size_t message_bytes)
{
    struct sim__tape_line line;
    char header[256];
    const char *problem = NULL;
    unsigned number = 0;
    for (const char *at = text; problem == NULL && *at != '\0';) {
        number++;
        if (!sim__tape_next_line(&at, line.text, sizeof(line.text))) {
            problem = "the line is too long";
        } else if (number == 1) {
            problem = sim__tape_read_header(line.text, scenario);
        } else if (line.text[0] != '#' && line.text[0] != '\0') {
            problem = sim__tape_read_line(&line);
            if (problem == NULL) {
                uint64_t key = sim__tape_nth_key(sim__tape_key(line.scope, line.label), line.nth);
                sim__tape_put(source, (struct sim__tape_entry){key, line.value, number, false});
                if (sim__label_has_places(line.label)) {
                    uint64_t scope_key = sim__tape_key(line.scope, line.label);
                    sim__place_put(source, scope_key, line.nth, line.value);
                }
            }
        }
    }
    if (problem == NULL && number == 0) {
        number = 1;
        problem = "the tape is empty; it must begin with its header";
    }
    sim__tape_header(header, sizeof(header), scenario);
    header[strlen(header) - 1] = '\0';
    if (problem != NULL) {
        (void)snprintf(
            message,
            message_bytes,
            "%u: %s (the first line must be like \"%s\", the others \"<value> <nth> <scope> "
            "<label>\")",
            number,
            problem,
            header);
    }
    return problem == NULL;
}

bool sim__choice_add_tape(
    struct sim__choice_source *source,
    const char *text,
    const char *scenario,
    char *message,
    size_t message_bytes)
{
    source->has_tape = true;
    source->is_counting = true;
    if (!sim__tape_read_all(source, text, scenario, message, message_bytes)) {
        sim__choice_deinit(source);
        return false;
    }
    return true;
}

unsigned sim__choice_unused_line(const struct sim__choice_source *source)
{
    unsigned line = 0;
    for (size_t i = 0; i < source->entry_capacity; i++) {
        const struct sim__tape_entry *entry = &source->entries[i];
        if (entry->key != 0 && !entry->is_used && (line == 0 || entry->line < line)) {
            line = entry->line;
        }
    }
    return line;
}

// ---- Recording ----

static void sim__record_append(struct sim__choice_source *source, const char *line)
{
    size_t size = strlen(line);
    if (source->is_record_fixed && source->record_size + size + 1 > source->record_capacity) {
        return;
    }
    if (source->record_size + size + 1 > source->record_capacity) {
        source->record_capacity = (source->record_capacity + size + 1) * 2;
        source->record = sim__must(realloc(source->record, source->record_capacity));
    }
    memcpy(source->record + source->record_size, line, size + 1);
    source->record_size += size;
}

void sim__choice_record_in(struct sim__choice_source *source, char *bytes, size_t size)
{
    source->record = bytes;
    source->record_capacity = size;
    source->is_record_fixed = true;
}

void sim__choice_record(struct sim__choice_source *source, const char *scenario, bool is_dense)
{
    char line[256];
    source->is_counting = true;
    source->is_dense = is_dense;
    sim__tape_header(line, sizeof(line), scenario);
    if (is_dense) {
        (void)snprintf(line + strlen(line) - 1, 8, " dense\n");
    }
    sim__record_append(source, line);
}

// ---- Strict replay ----

bool sim__choice_be_strict(struct sim__choice_source *source, const char *text)
{
    size_t size = strcspn(text, "\r\n");
    source->is_strict = true;
    source->strict_at = text;
    return size > 6 && strncmp(text + size - 6, " dense", 6) == 0;
}

/* Goes to the next line that names a draw; false at the end of the tape. */
static bool sim__strict_next(struct sim__choice_source *source, struct sim__tape_line *line)
{
    while (*source->strict_at != '\0') {
        source->strict_line++;
        (void)sim__tape_next_line(&source->strict_at, line->text, sizeof(line->text));
        if (source->strict_line > 1 && line->text[0] != '#' && line->text[0] != '\0') {
            return sim__tape_read_line(line) == NULL;
        }
    }
    return false;
}

static void sim__strict_mismatch(
    struct sim__choice_source *source, const char *drawn, const struct sim__tape_line *line)
{
    char tape[400] = "the tape ends there";
    if (line != NULL) {
        (void)snprintf(
            tape,
            sizeof(tape),
            "line %u of the tape has draw %" PRIu64 " of %.120s in %.60s, of %" PRIu64,
            source->strict_line,
            line->nth + 1,
            line->label,
            line->scope,
            line->bound);
    }
    (void)snprintf(
        source->mismatch, sizeof(source->mismatch), "strict replay: %s, but %s", drawn, tape);
    if (source->on_mismatch != NULL) {
        source->on_mismatch(source->context);
    }
}

/* What the tape's next line says if it is this very draw; else 0 from here on. */
static uint64_t sim__strict_take(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t nth,
    uint64_t bound)
{
    struct sim__tape_line line;
    if (source->mismatch[0] != '\0') {
        return 0;
    }
    bool has_line = sim__strict_next(source, &line);
    if (has_line && line.nth == nth && line.bound == bound && strcmp(line.label, label) == 0
        && strcmp(line.scope, scope) == 0) {
        return line.value;
    }
    char drawn[300];
    (void)snprintf(
        drawn,
        sizeof(drawn),
        "the run makes draw %" PRIu64 " of %.120s in %.60s, of %" PRIu64,
        nth + 1,
        label,
        scope,
        bound);
    sim__strict_mismatch(source, drawn, has_line ? &line : NULL);
    return 0;
}

void sim__choice_finish_strict(struct sim__choice_source *source)
{
    struct sim__tape_line line;
    if (source->is_strict && source->mismatch[0] == '\0' && sim__strict_next(source, &line)) {
        source->on_mismatch = NULL;
        sim__strict_mismatch(source, "the run makes no more draws", &line);
    }
}

// ---- A numbered draw ----

/* Whether anything but a tape that is replayed wants to know the draws. */
static bool sim__choice_is_watched(const struct sim__choice_source *source)
{
    return source->record != NULL || source->watcher != NULL || source->keeps_bytes
           || source->look_at > source->draw_count;
}

static void sim__choice_write(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t nth,
    uint64_t bound,
    uint64_t value)
{
    if (source->watcher != NULL && value != 0) {
        sim__history_draw(source->watcher, scope, label, nth, value);
    }
    if (source->tell != NULL && value != 0) {
        source->tell(source->context, scope, label, nth, value);
    }
    if (source->record != NULL && (value != 0 || source->is_dense)) {
        char line[512];
        char of[24] = "";
        if (source->is_dense) {
            (void)snprintf(of, sizeof(of), "/%" PRIu64, bound);
        }
        (void)snprintf(
            line, sizeof(line), "%" PRIu64 "%s %" PRIu64 " %s %s\n", value, of, nth, scope, label);
        sim__record_append(source, line);
    }
}

static void sim__choice_see(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t nth,
    uint64_t bound,
    uint64_t value)
{
    if (source->draw_count == source->look_at) {
        struct myc_sim_draw *seen = &source->seen;
        (void)snprintf(seen->label, sizeof(seen->label), "%s", label);
        (void)snprintf(seen->scope, sizeof(seen->scope), "%s", scope);
        seen->nth = nth;
        seen->bound = bound;
        seen->value = value;
        seen->number = source->draw_count;
        if (source->on_seen != NULL) {
            source->on_seen(source->context);
        }
    }
}

// ---- What follows from draws ----

void sim__choice_keep(
    struct sim__choice_source *source,
    const char *scope,
    const char *label,
    uint64_t nth,
    uint64_t value)
{
    if (value != 0 && !source->is_dense) {
        sim__choice_write(source, scope, label, nth, 0, value);
    }
}

uint64_t sim__choice_named(
    struct sim__choice_source *source, const char *scope, const char *label, uint64_t nth)
{
    uint64_t key = sim__tape_nth_key(sim__tape_key(scope, label), nth);
    struct sim__tape_entry *entry = source->has_tape ? sim__tape_find(source, key) : NULL;
    if (entry == NULL) {
        return 0;
    }
    source->used_count += entry->is_used ? 0 : 1;
    entry->is_used = true;
    return entry->value;
}

uint64_t sim__choice_next_place(
    const struct sim__choice_source *source, const char *scope, const char *label, uint64_t after)
{
    uint64_t key = sim__tape_key(scope, label);
    bool has_places = source->place_count > 0 && source->has_tape;
    size_t at = has_places ? sim__place_find(source, key, after) : source->place_count;
    bool is_found = at < source->place_count && source->places[at].key == key;
    return is_found ? source->places[at].nth : UINT64_MAX;
}

uint64_t sim__choice_follow(
    struct sim__choice_source *source, const char *scope, const char *label, uint64_t value)
{
    uint64_t nth = sim__tape_number(source, sim__tape_key(scope, label));
    uint64_t named = sim__choice_named(source, scope, label, nth);
    value = named != 0 ? named : value;
    sim__choice_keep(source, scope, label, nth, value);
    return value;
}

// ---- A numbered draw's value ----

static uint64_t sim__random_below(struct sim__choice_source *source, uint64_t bound);

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
    if (source->is_strict) {
        value = sim__strict_take(source, scope, label, nth, bound);
    } else if (source->has_tape) {
        struct sim__tape_entry *entry = sim__tape_find(source, sim__tape_nth_key(key, nth));
        if (entry != NULL) {
            value = entry->value < bound ? entry->value : bound - 1;
            source->clamped_count += value != entry->value ? 1 : 0;
            source->used_count++;
            entry->is_used = true;
        }
    }
    if (source->redraws && nth == 0 && !source->is_hidden && sim__random_below(source, 4) == 0) {
        value = sim__random_below(source, bound);
    }
    if (!source->is_hidden) {
        sim__choice_write(source, scope, label, nth, bound, value);
    }
    sim__choice_see(source, scope, label, nth, bound, value);
    // Once everything that a short tape names is drawn, nothing is left to count for.
    if (source->used_count == source->entry_count && source->kind != SIM__CHOICE_BORING) {
        source->is_counting = source->is_strict || sim__choice_is_watched(source);
    }
    return value;
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Who may include whom. layers.txt has one row a unit, "unit : what it may include"; a unit is a
// path prefix and the longest one that holds a file decides. A unit may always include itself and
// the freestanding headers. "<name.h>" allows one system header, "@os" allows all of them and
// "@generated" allows headers that are not in the tree because the build makes them.
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tidy.h"

enum { ROW_MAX = 128, ALLOWED_MAX = 64 };

struct row {
    const char *unit;
    const char *allowed[ALLOWED_MAX];
    size_t allowed_count;
    size_t line;
    bool is_sorted; /* all it may include is sorted already: no cycle goes through it */
};

struct layers {
    struct row rows[ROW_MAX];
    size_t count;
};

static const char layers_path[] = "tests/tidy/layers.txt";

static void parse_row(struct tidy_tree *tree, struct layers *layers, char *line, size_t number)
{
    char *save = NULL;
    const char *unit = strtok_r(line, " ", &save);
    const char *colon = strtok_r(NULL, " ", &save);
    if (unit == NULL || unit[0] == '#') {
        return;
    }
    if (colon == NULL || strcmp(colon, ":") != 0 || layers->count == ROW_MAX) {
        tidy_report(
            tree, TIDY_LAYERS, layers_path, number, "a row is 'unit : what it may include'");
        return;
    }
    for (size_t i = 0; i < layers->count; i++) {
        if (strcmp(layers->rows[i].unit, unit) == 0) {
            tidy_report(tree, TIDY_LAYERS, layers_path, number, "a second row for '%s'", unit);
            return;
        }
    }
    struct row *row = &layers->rows[layers->count++];
    memset(row, 0, sizeof(*row));
    row->unit = unit;
    row->line = number;
    for (char *word = strtok_r(NULL, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        if (row->allowed_count == ALLOWED_MAX) {
            tidy_report(tree, TIDY_LAYERS, layers_path, number, "more than %d names", ALLOWED_MAX);
            return;
        }
        row->allowed[row->allowed_count++] = word;
    }
}

static void parse_layers(struct tidy_tree *tree, struct layers *layers, char *text)
{
    size_t number = 0;
    char *next = NULL;
    layers->count = 0;
    for (char *line = text; line != NULL; line = next) {
        char *newline = strchr(line, '\n');
        next = newline == NULL ? NULL : newline + 1;
        if (newline != NULL) {
            *newline = '\0';
        }
        number++;
        parse_row(tree, layers, line, number);
    }
}

// True if one of the row's names holds `path`.
static bool row_allows(const struct row *row, const char *path)
{
    for (size_t i = 0; i < row->allowed_count; i++) {
        if (tidy_is_below(path, row->allowed[i])) {
            return true;
        }
    }
    return false;
}

static bool row_has(const struct row *row, const char *word)
{
    for (size_t i = 0; i < row->allowed_count; i++) {
        if (strcmp(row->allowed[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static const struct row *row_of(const struct layers *layers, const char *path)
{
    const struct row *best = NULL;
    for (size_t i = 0; i < layers->count; i++) {
        const struct row *row = &layers->rows[i];
        if (tidy_is_below(path, row->unit)
            && (best == NULL || strlen(row->unit) > strlen(best->unit))) {
            best = row;
        }
    }
    return best;
}

// ---- The table itself ----

static bool waits_for_unsorted(const struct layers *layers, const struct row *row)
{
    for (size_t i = 0; i < layers->count; i++) {
        const struct row *other = &layers->rows[i];
        if (other != row && !other->is_sorted && row_allows(row, other->unit)) {
            return true;
        }
    }
    return false;
}

// Sorts rows whose needs are sorted until nothing moves; whatever is left lies on or above a cycle.
static void check_cycles(struct tidy_tree *tree, struct layers *layers)
{
    bool is_moving = true;
    while (is_moving) {
        is_moving = false;
        for (size_t i = 0; i < layers->count; i++) {
            struct row *row = &layers->rows[i];
            if (!row->is_sorted && !waits_for_unsorted(layers, row)) {
                row->is_sorted = true;
                is_moving = true;
            }
        }
    }
    for (size_t i = 0; i < layers->count; i++) {
        const struct row *row = &layers->rows[i];
        if (!row->is_sorted) {
            tidy_report(
                tree,
                TIDY_LAYERS,
                layers_path,
                row->line,
                "'%s' is on or above a cycle",
                row->unit);
        }
    }
}

// Every public header is a unit of its own, or src/mycelium could hide cycles; and no row may
// outlive what it names.
static void check_units(struct tidy_tree *tree, const struct layers *layers)
{
    for (size_t i = 0; i < tree->file_count; i++) {
        const struct tidy_file *file = &tree->files[i];
        if (file->kind == TIDY_KIND_HEADER && tidy_is_below(file->path, "src/mycelium")) {
            const struct row *row = row_of(layers, file->path);
            if (row == NULL || strcmp(row->unit, file->path) != 0) {
                tidy_report(
                    tree,
                    TIDY_LAYERS,
                    file->path,
                    1,
                    "a public header needs its own row in %s",
                    layers_path);
            }
        }
    }
    for (size_t i = 0; i < layers->count; i++) {
        const struct row *row = &layers->rows[i];
        bool is_used = false;
        for (size_t k = 0; k < tree->file_count && !is_used; k++) {
            is_used = tidy_is_below(tree->files[k].path, row->unit);
        }
        if (!is_used) {
            tidy_report(
                tree,
                TIDY_LAYERS,
                layers_path,
                row->line,
                "'%s' does not exist; remove the row",
                row->unit);
        }
    }
}

// ---- The includes ----

static bool is_freestanding(const char *name)
{
    static const char *const names[] = {
        "float.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_include(
    struct tidy_tree *tree,
    const struct row *row,
    const struct tidy_file *file,
    size_t number,
    bool is_angled,
    const char *name)
{
    const struct tidy_file *target = NULL;
    if (!is_angled || tidy_starts(name, "mycelium/")) {
        target = tidy_resolve(tree, file, name);
        if (target == NULL && !row_has(row, "@generated")) {
            tidy_report(tree, TIDY_INCLUDE, file->path, number, "'%s' is not in the tree", name);
        }
    } else if (!is_freestanding(name) && !row_has(row, "@os")) {
        char angled[260];
        snprintf(angled, sizeof(angled), "<%s>", name);
        if (!row_has(row, angled)) {
            tidy_report(
                tree,
                TIDY_INCLUDE,
                file->path,
                number,
                "'%s' may not include <%s>; reach the system through the platform",
                row->unit,
                name);
        }
    }
    if (target != NULL && !tidy_is_below(target->path, row->unit)
        && !row_allows(row, target->path)) {
        tidy_report(
            tree,
            TIDY_INCLUDE,
            file->path,
            number,
            "'%s' may not include '%s'; see %s",
            row->unit,
            target->path,
            layers_path);
    }
}

static void check_includes(struct tidy_tree *tree, const struct layers *layers)
{
    for (size_t i = 0; i < tree->file_count; i++) {
        const struct tidy_file *file = &tree->files[i];
        const struct row *row = row_of(layers, file->path);
        if (!tidy_is_code(file)) {
            continue;
        }
        if (row == NULL) {
            tidy_report(
                tree, TIDY_LAYERS, file->path, 1, "no row of %s holds this file", layers_path);
            continue;
        }
        for (size_t k = 0; k < file->line_count; k++) {
            bool is_angled = false;
            char name[256];
            if (file->lines[k].len > 0 && file->lines[k].code[0] == '#'
                && tidy_include_name(&file->lines[k], &is_angled, name)) {
                check_include(tree, row, file, k + 1, is_angled, name);
            }
        }
    }
}

void tidy_check_layers(struct tidy_tree *tree)
{
    char path[2 * TIDY_PATH_MAX];
    size_t size = 0;
    snprintf(path, sizeof(path), "%s/layers.txt", tree->config);
    char *text = tidy_read(path, &size);
    if (text == NULL) {
        tidy_report(tree, TIDY_LAYERS, layers_path, 1, "cannot be read");
        return;
    }
    struct layers *layers = tidy_allocate(NULL, sizeof(*layers));
    parse_layers(tree, layers, text);
    check_cycles(tree, layers);
    check_units(tree, layers);
    check_includes(tree, layers);
    free(layers);
    free(text);
}

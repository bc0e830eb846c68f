// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Rules about the tree as a whole: READMEs of source folders, promises that some test names, the
// status reference page, and headers nobody includes.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/status.h>

#include "tidy.h"

enum { README_LINES_MAX = 30, TAG_MAX = 32 };

// ---- READMEs ----

static const char *const readme_headings[] = {
    "## Purpose", "## May include", "## Invariants", "## Start reading at"};

static void check_readme(struct tidy_tree *tree, const struct tidy_file *file)
{
    size_t wanted = 0;
    const size_t count = sizeof(readme_headings) / sizeof(readme_headings[0]);
    for (size_t i = 0; i < file->line_count && wanted < count; i++) {
        size_t len = strlen(readme_headings[wanted]);
        const struct tidy_line *line = &file->lines[i];
        wanted += line->len == len && memcmp(line->text, readme_headings[wanted], len) == 0;
    }
    if (wanted < count) {
        tidy_report(
            tree, TIDY_README, file->path, 1, "heading '%s' is missing", readme_headings[wanted]);
    }
    if (file->line_count > README_LINES_MAX) {
        tidy_report(
            tree,
            TIDY_README,
            file->path,
            file->line_count,
            "%zu lines; a folder explains itself in %d",
            file->line_count,
            README_LINES_MAX);
    }
}

// The folder that must explain itself for this file: src/a, src/a/b, tests/a, or a top folder.
static bool explained_folder(const struct tidy_file *file, char folder[TIDY_PATH_MAX])
{
    static const char *const roots[] = {
        "src/tool", "src", "sim", "tests", "props", "fuzz", "bench"};
    static const size_t depths[] = {2, 3, 1, 2, 1, 1, 1};
    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
        if (!tidy_is_below(file->path, roots[i])) {
            continue;
        }
        snprintf(folder, TIDY_PATH_MAX, "%s", file->path);
        size_t depth = 0;
        for (char *at = folder; *at != '\0'; at++) {
            depth += *at == '/';
            if (*at == '/' && depth == depths[i]) {
                *at = '\0';
                return true;
            }
        }
        char *slash = strrchr(folder, '/');
        *slash = '\0';
        return true;
    }
    return false;
}

// True if an earlier file of the list explains itself in the same folder.
static bool is_folder_done(const struct tidy_tree *tree, size_t end, const char *folder)
{
    char other[TIDY_PATH_MAX];
    for (size_t i = 0; i < end; i++) {
        if (explained_folder(&tree->files[i], other) && strcmp(folder, other) == 0) {
            return true;
        }
    }
    return false;
}

static void check_readmes(struct tidy_tree *tree)
{
    for (size_t i = 0; i < tree->file_count; i++) {
        char folder[TIDY_PATH_MAX];
        char path[TIDY_PATH_MAX + 16];
        if (!explained_folder(&tree->files[i], folder) || is_folder_done(tree, i, folder)) {
            continue;
        }
        snprintf(path, sizeof(path), "%s/README.md", folder);
        const struct tidy_file *readme = tidy_find(tree, path);
        if (readme == NULL) {
            tidy_report(tree, TIDY_README, folder, 1, "the folder has no README.md");
        } else {
            check_readme(tree, readme);
        }
    }
}

// ---- Promises ----

// A tag reads [NAME-7]; puts NAME-7 with its brackets into `tag`.
static bool read_tag(const char *at, char tag[TAG_MAX])
{
    size_t len = 1;
    size_t letters = 0;
    size_t digits = 0;
    while (isupper((unsigned char)at[len])) {
        len++;
        letters++;
    }
    if (at[len] != '-') {
        return false;
    }
    len++;
    while (isdigit((unsigned char)at[len])) {
        len++;
        digits++;
    }
    if (letters == 0 || digits == 0 || at[len] != ']' || len + 2 > TAG_MAX) {
        return false;
    }
    memcpy(tag, at, len + 1);
    tag[len + 1] = '\0';
    return true;
}

static bool is_promise_tested(const struct tidy_tree *tree, const char *tag)
{
    static const char *const folders[] = {"tests", "sim", "props", "fuzz"};
    for (size_t i = 0; i < tree->file_count; i++) {
        const struct tidy_file *file = &tree->files[i];
        bool is_test = false;
        for (size_t k = 0; k < sizeof(folders) / sizeof(folders[0]); k++) {
            is_test = is_test || tidy_is_below(file->path, folders[k]);
        }
        if (is_test && file->kind == TIDY_KIND_SOURCE && strstr(file->text, tag) != NULL) {
            return true;
        }
    }
    return false;
}

static void check_promises(struct tidy_tree *tree)
{
    for (size_t i = 0; i < tree->file_count; i++) {
        const struct tidy_file *file = &tree->files[i];
        if (file->kind != TIDY_KIND_HEADER || !tidy_is_below(file->path, "src/mycelium")) {
            continue;
        }
        for (size_t k = 0; k < file->line_count; k++) {
            const struct tidy_line *line = &file->lines[k];
            for (size_t at = 0; at < line->len; at++) {
                char tag[TAG_MAX];
                if (line->text[at] == '[' && read_tag(line->text + at, tag)
                    && !is_promise_tested(tree, tag)) {
                    tidy_report(
                        tree, TIDY_PROMISE, file->path, k + 1, "no test names the promise %s", tag);
                }
            }
        }
    }
}

// ---- The status reference page ----

char *tidy_status_page(void)
{
    static const char *const categories[] = {
        "none", "flow", "caller", "peer", "resource", "corrupt", "platform"};
    static const struct {
        const char *name;
        const char *sentence;
        size_t category;
    } rows[] = {
#define STATUS_ROW(name, category, sentence) {#name, sentence, MYC_CATEGORY_##category},
        MYC_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
    };
    enum { PAGE_BYTES = 16384 };
    char *page = tidy_allocate(NULL, PAGE_BYTES);
    int used = snprintf(
        page,
        PAGE_BYTES,
        "# Statuses\n\n"
        "Every function that can fail returns one of these by value. The category says who can do\n"
        "something about it. The list in `src/mycelium/status.h` is the source of this page; a "
        "test\n"
        "compares them, and `tidy --status-page` prints it anew.\n\n"
        "| value | name | category | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        used += snprintf(
            page + used,
            (size_t)(PAGE_BYTES - used),
            "| %zu | `MYC_%s` | %s | %s |\n",
            i,
            rows[i].name,
            categories[rows[i].category],
            rows[i].sentence);
        if (used >= PAGE_BYTES) {
            fprintf(stderr, "tidy: the status page outgrew its buffer\n");
            exit(2);
        }
    }
    return page;
}

static void check_status_page(struct tidy_tree *tree)
{
    static const char path[] = "docs/reference/status.md";
    const struct tidy_file *file = tidy_find(tree, path);
    if (file == NULL) {
        tidy_report(tree, TIDY_STATUS_PAGE, path, 1, "missing; 'tidy --status-page' prints it");
        return;
    }
    char *page = tidy_status_page();
    size_t line = 1;
    size_t i = 0;
    while (file->text[i] == page[i] && page[i] != '\0') {
        line += page[i] == '\n';
        i++;
    }
    if (file->text[i] != page[i]) {
        tidy_report(
            tree,
            TIDY_STATUS_PAGE,
            path,
            line,
            "differs from MYC_STATUS_LIST; 'tidy --status-page' prints the right page");
    }
    free(page);
}

// ---- Dead headers ----

static void check_dead_headers(struct tidy_tree *tree)
{
    bool *is_alive = tidy_allocate(NULL, tree->file_count * sizeof(bool));
    memset(is_alive, 0, tree->file_count * sizeof(bool));
    for (size_t i = 0; i < tree->file_count; i++) {
        const struct tidy_file *file = &tree->files[i];
        for (size_t k = 0; tidy_is_code(file) && k < file->line_count; k++) {
            bool is_angled = false;
            char name[256];
            if (tidy_include_name(&file->lines[k], &is_angled, name)) {
                const struct tidy_file *target = tidy_resolve(tree, file, name);
                if (target != NULL) {
                    is_alive[target - tree->files] = true;
                }
            }
        }
    }
    for (size_t i = 0; i < tree->file_count; i++) {
        const struct tidy_file *file = &tree->files[i];
        if (file->kind == TIDY_KIND_HEADER && !is_alive[i]) {
            tidy_report(
                tree, TIDY_DEAD_HEADER, file->path, 1, "nothing includes this header; remove it");
        }
    }
    free(is_alive);
}

void tidy_check_tree(struct tidy_tree *tree)
{
    check_readmes(tree);
    check_promises(tree);
    check_status_page(tree);
    check_dead_headers(tree);
}

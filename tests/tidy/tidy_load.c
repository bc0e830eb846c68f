// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Reads a tree into memory: paths, lines, and a copy of each source with comments and literals
// blanked so that rules about code do not trip over prose.
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tidy.h"

enum { FILE_BYTES_MAX = 4 << 20 };

void *tidy_allocate(void *old, size_t size)
{
    void *memory = realloc(old, size == 0 ? 1 : size);
    if (memory == NULL) {
        fprintf(stderr, "tidy: out of memory\n");
        exit(2);
    }
    return memory;
}

bool tidy_starts(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool tidy_ends(const char *text, const char *end)
{
    size_t text_len = strlen(text);
    size_t end_len = strlen(end);
    return text_len >= end_len && strcmp(text + text_len - end_len, end) == 0;
}

bool tidy_is_below(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strcmp(prefix, ".") == 0) {
        return true;
    }
    return strncmp(path, prefix, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

bool tidy_is_code(const struct tidy_file *file)
{
    return file->kind == TIDY_KIND_SOURCE || file->kind == TIDY_KIND_HEADER;
}

char *tidy_read(const char *path, size_t *out_size)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return NULL;
    }
    char *text = tidy_allocate(NULL, FILE_BYTES_MAX + 1);
    size_t size = fread(text, 1, FILE_BYTES_MAX, stream);
    fclose(stream);
    text[size] = '\0';
    *out_size = size;
    return tidy_allocate(text, size + 1);
}

void tidy_report(
    struct tidy_tree *tree,
    enum tidy_rule rule,
    const char *path,
    size_t line,
    const char *format,
    ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int used = snprintf(text, sizeof(text), "%s:%zu: ", path, line);
    if (used > 0 && (size_t)used < sizeof(text)) {
        vsnprintf(text + used, sizeof(text) - (size_t)used, format, arguments);
    }
    va_end(arguments);
    if (tree->finding_count == tree->finding_capacity) {
        tree->finding_capacity = tree->finding_capacity * 2 + 16;
        tree->findings =
            tidy_allocate(tree->findings, tree->finding_capacity * sizeof(struct tidy_finding));
    }
    size_t size = strlen(text) + 1;
    struct tidy_finding *finding = &tree->findings[tree->finding_count++];
    finding->rule = rule;
    finding->message = tidy_allocate(NULL, size);
    memcpy(finding->message, text, size);
}

static enum tidy_kind kind_of(const char *path, const char *text)
{
    if (tidy_ends(path, ".c") || tidy_ends(path, ".cpp")) {
        return TIDY_KIND_SOURCE;
    }
    if (tidy_ends(path, ".h")) {
        return TIDY_KIND_HEADER;
    }
    if (tidy_ends(path, ".md")) {
        return TIDY_KIND_MARKDOWN;
    }
    if (tidy_ends(path, "CMakeLists.txt") || tidy_ends(path, ".cmake")) {
        return TIDY_KIND_BUILD;
    }
    return tidy_starts(text, "#!") ? TIDY_KIND_SCRIPT : TIDY_KIND_OTHER;
}

// Blanks comments with spaces and the insides of literals with TIDY_LITERAL_BYTE, in place;
// newlines stay where they are.
static void blank_prose(char *code, size_t size)
{
    enum { CODE, LINE_COMMENT, BLOCK_COMMENT, LITERAL } state = CODE;
    char quote = 0;
    for (size_t i = 0; i < size; i++) {
        char byte = code[i];
        char next = code[i + 1];
        if (byte == '\n') {
            state = state == BLOCK_COMMENT ? BLOCK_COMMENT : CODE;
            continue;
        }
        if (state == CODE) {
            if (byte == '/' && (next == '/' || next == '*')) {
                state = next == '/' ? LINE_COMMENT : BLOCK_COMMENT;
                code[i] = ' ';
                code[++i] = ' ';
            } else if (byte == '"' || byte == '\'') {
                state = LITERAL;
                quote = byte;
            }
            continue;
        }
        if (state == BLOCK_COMMENT && byte == '*' && next == '/') {
            state = CODE;
            code[i] = ' ';
            code[++i] = ' ';
            continue;
        }
        if (state == LITERAL && byte == quote) {
            state = CODE;
            continue;
        }
        code[i] = state == LITERAL ? TIDY_LITERAL_BYTE : ' ';
        if (state == LITERAL && byte == '\\' && next != '\n' && next != '\0') {
            code[++i] = TIDY_LITERAL_BYTE;
        }
    }
}

static void split_lines(struct tidy_file *file)
{
    size_t capacity = 0;
    size_t start = 0;
    for (size_t i = 0; i <= file->size; i++) {
        bool is_end = i == file->size ? i > start : file->text[i] == '\n';
        if (!is_end) {
            continue;
        }
        if (file->line_count == capacity) {
            capacity = capacity * 2 + 64;
            file->lines = tidy_allocate(file->lines, capacity * sizeof(struct tidy_line));
        }
        file->lines[file->line_count++] =
            (struct tidy_line){file->text + start, file->code + start, i - start};
        start = i + 1;
    }
}

static void load_file(struct tidy_tree *tree, const char *absolute, const char *path)
{
    size_t size = 0;
    char *text = tidy_read(absolute, &size);
    if (text == NULL || memchr(text, '\0', size) != NULL) {
        free(text);
        return;
    }
    if (tree->file_count == tree->file_capacity) {
        tree->file_capacity = tree->file_capacity * 2 + 64;
        tree->files = tidy_allocate(tree->files, tree->file_capacity * sizeof(struct tidy_file));
    }
    struct tidy_file *file = &tree->files[tree->file_count++];
    memset(file, 0, sizeof(*file));
    snprintf(file->path, sizeof(file->path), "%s", path);
    file->kind = kind_of(path, text);
    file->text = text;
    file->size = size;
    file->code = tidy_allocate(NULL, size + 1);
    memcpy(file->code, text, size + 1);
    if (tidy_is_code(file)) {
        blank_prose(file->code, size);
    }
    split_lines(file);
}

static bool is_skipped(const char *path, const char *name)
{
    static const char *const skipped[] = {"build", "tests/tidy/bad", "fuzz/corpus", ".git"};
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "expected.txt") == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++) {
        if (strcmp(path, skipped[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int compare_files(const void *left, const void *right)
{
    const struct tidy_file *a = left;
    const struct tidy_file *b = right;
    return strcmp(a->path, b->path);
}

struct folders {
    char (*paths)[TIDY_PATH_MAX];
    size_t count;
};

static void add_folder(struct folders *folders, const char *path)
{
    folders->paths = tidy_allocate(folders->paths, (folders->count + 1) * TIDY_PATH_MAX);
    snprintf(folders->paths[folders->count++], TIDY_PATH_MAX, "%s", path);
}

// Lists one folder: loads its files and queues its folders.
static bool load_folder(struct tidy_tree *tree, struct folders *folders, const char *folder)
{
    char absolute[2 * TIDY_PATH_MAX];
    snprintf(absolute, sizeof(absolute), "%s/%s", tree->root, folder);
    DIR *directory = opendir(absolute);
    if (directory == NULL) {
        return false;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char path[TIDY_PATH_MAX];
        const char *slash = folder[0] == '\0' ? "" : "/";
        int len = snprintf(path, sizeof(path), "%s%s%s", folder, slash, entry->d_name);
        if (len >= (int)sizeof(path) || is_skipped(path, entry->d_name)) {
            continue;
        }
        struct stat status;
        snprintf(absolute, sizeof(absolute), "%s/%s", tree->root, path);
        if (lstat(absolute, &status) != 0) {
            continue;
        }
        if (S_ISDIR(status.st_mode)) {
            add_folder(folders, path);
        } else if (S_ISREG(status.st_mode)) {
            load_file(tree, absolute, path);
        }
    }
    closedir(directory);
    return true;
}

bool tidy_load(struct tidy_tree *tree, const char *root, const char *config)
{
    memset(tree, 0, sizeof(*tree));
    tree->root = root;
    tree->config = config;
    struct folders folders = {NULL, 0};
    add_folder(&folders, "");
    bool is_read = true;
    for (size_t next = 0; next < folders.count && is_read; next++) {
        char folder[TIDY_PATH_MAX];
        memcpy(folder, folders.paths[next], TIDY_PATH_MAX);
        is_read = load_folder(tree, &folders, folder);
    }
    free(folders.paths);
    if (tree->file_count > 0) {
        qsort(tree->files, tree->file_count, sizeof(struct tidy_file), compare_files);
    }
    return is_read;
}

void tidy_unload(struct tidy_tree *tree)
{
    for (size_t i = 0; i < tree->file_count; i++) {
        free(tree->files[i].text);
        free(tree->files[i].code);
        free(tree->files[i].lines);
    }
    for (size_t i = 0; i < tree->finding_count; i++) {
        free(tree->findings[i].message);
    }
    free(tree->files);
    free(tree->findings);
    memset(tree, 0, sizeof(*tree));
}

const struct tidy_file *tidy_find(const struct tidy_tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->file_count; i++) {
        if (strcmp(tree->files[i].path, path) == 0) {
            return &tree->files[i];
        }
    }
    return NULL;
}

bool tidy_include_name(const struct tidy_line *line, bool *out_is_angled, char out_name[256])
{
    size_t at = 0;
    while (at < line->len && (line->text[at] == ' ' || line->text[at] == '#')) {
        at++;
    }
    if (at == 0 || line->len < at + 9 || memcmp(line->text + at, "include", 7) != 0) {
        return false;
    }
    at += 7;
    while (at < line->len && line->text[at] == ' ') {
        at++;
    }
    if (at >= line->len || (line->text[at] != '<' && line->text[at] != '"')) {
        return false;
    }
    bool is_angled = line->text[at] == '<';
    const char *start = line->text + at + 1;
    const char *end =
        memchr(start, is_angled ? '>' : '"', (size_t)(line->text + line->len - start));
    if (end == NULL || end - start >= 256) {
        return false;
    }
    memcpy(out_name, start, (size_t)(end - start));
    out_name[end - start] = '\0';
    *out_is_angled = is_angled;
    return true;
}

const struct tidy_file *
tidy_resolve(const struct tidy_tree *tree, const struct tidy_file *from, const char *name)
{
    static const char *const roots[] = {"src/", "sim/", "tests/", ""};
    char path[2 * TIDY_PATH_MAX];
    const char *slash = strrchr(from->path, '/');
    int folder_len = slash == NULL ? 0 : (int)(slash - from->path) + 1;
    snprintf(path, sizeof(path), "%.*s%s", folder_len, from->path, name);
    const struct tidy_file *found = tidy_find(tree, path);
    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]) && found == NULL; i++) {
        snprintf(path, sizeof(path), "%s%s", roots[i], name);
        found = tidy_find(tree, path);
    }
    return found;
}

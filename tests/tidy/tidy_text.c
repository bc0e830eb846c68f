// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Rules about one file at a time: lengths, white space, licence line, include guard, doc blocks,
// headings, and the table of banned words.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tidy.h"

enum { COLUMNS_MAX = 100, FUNCTION_LINES_MAX = 70, FILE_LINES_MAX = 800, BANNED_MAX = 128 };

// ---- Lengths and white space ----

// Columns are characters, not bytes: UTF-8 continuation bytes do not count.
static size_t count_columns(const struct tidy_line *line)
{
    size_t columns = 0;
    for (size_t i = 0; i < line->len; i++) {
        columns += ((unsigned char)line->text[i] & 0xC0U) != 0x80U;
    }
    return columns;
}

static void check_lengths(struct tidy_tree *tree, const struct tidy_file *file)
{
    for (size_t i = 0; i < file->line_count; i++) {
        size_t columns = count_columns(&file->lines[i]);
        if (columns > COLUMNS_MAX) {
            tidy_report(
                tree,
                TIDY_COLUMNS,
                file->path,
                i + 1,
                "%zu columns; break the line at %d",
                columns,
                COLUMNS_MAX);
        }
    }
    if (tidy_is_code(file) && file->line_count > FILE_LINES_MAX) {
        tidy_report(
            tree,
            TIDY_FILE,
            file->path,
            file->line_count,
            "%zu lines; split the file below %d",
            file->line_count,
            FILE_LINES_MAX);
    }
}

// A function body is what lies between a brace alone in column one and its partner, which holds for
// everything clang-format has seen.
static void check_functions(struct tidy_tree *tree, const struct tidy_file *file)
{
    size_t start = 0;
    for (size_t i = 0; i < file->line_count; i++) {
        const struct tidy_line *line = &file->lines[i];
        if (line->len == 1 && line->text[0] == '{') {
            start = i + 1;
        }
        if (start != 0 && line->len == 1 && line->text[0] == '}') {
            size_t lines = i + 2 - start;
            if (lines > FUNCTION_LINES_MAX) {
                tidy_report(
                    tree,
                    TIDY_FUNCTION,
                    file->path,
                    start,
                    "function of %zu lines; split it below %d",
                    lines,
                    FUNCTION_LINES_MAX);
            }
            start = 0;
        }
    }
}

static void check_whitespace(struct tidy_tree *tree, const struct tidy_file *file)
{
    for (size_t i = 0; i < file->line_count; i++) {
        const struct tidy_line *line = &file->lines[i];
        if (memchr(line->text, '\t', line->len) != NULL) {
            tidy_report(tree, TIDY_WHITESPACE, file->path, i + 1, "tab; use spaces");
        }
        if (line->len > 0 && line->text[line->len - 1] == '\r') {
            tidy_report(tree, TIDY_WHITESPACE, file->path, i + 1, "carriage return; remove it");
        } else if (line->len > 0 && line->text[line->len - 1] == ' ') {
            tidy_report(tree, TIDY_WHITESPACE, file->path, i + 1, "trailing space; remove it");
        }
    }
    if (file->size > 0 && file->text[file->size - 1] != '\n') {
        tidy_report(
            tree, TIDY_WHITESPACE, file->path, file->line_count, "no newline at the end; add it");
    }
}

// ---- Licence, guard, doc blocks, headings ----

static bool line_is(const struct tidy_file *file, size_t index, const char *text)
{
    return index < file->line_count && file->lines[index].len == strlen(text)
           && memcmp(file->lines[index].text, text, strlen(text)) == 0;
}

static void check_spdx(struct tidy_tree *tree, const struct tidy_file *file)
{
    if (tidy_is_code(file) && !line_is(file, 0, "// SPDX-License-Identifier: MIT OR Apache-2.0")) {
        tidy_report(
            tree,
            TIDY_SPDX,
            file->path,
            1,
            "the first line must be '// SPDX-License-Identifier: MIT OR Apache-2.0'");
    }
    if (file->kind == TIDY_KIND_SCRIPT
        && !line_is(file, 1, "# SPDX-License-Identifier: MIT OR Apache-2.0")) {
        tidy_report(
            tree,
            TIDY_SPDX,
            file->path,
            2,
            "the second line must be '# SPDX-License-Identifier: MIT OR Apache-2.0'");
    }
}

// Names start below the folder that includes start from.
static void guard_name(const char *path, char *guard, size_t size)
{
    static const char *const roots[] = {"src/mycelium/", "sim/mycelium/", "src/", "tests/", ""};
    size_t root = 0;
    while (!tidy_starts(path, roots[root])) {
        root++;
    }
    snprintf(guard, size, "MYC_%s", path + strlen(roots[root]));
    for (char *at = guard; *at != '\0'; at++) {
        *at = isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at) : '_';
    }
}

static void check_guard(struct tidy_tree *tree, const struct tidy_file *file)
{
    char guard[TIDY_PATH_MAX + 8];
    char wanted[TIDY_PATH_MAX + 32];
    if (file->kind != TIDY_KIND_HEADER || tidy_is_below(file->path, "docs/examples")) {
        return;
    }
    guard_name(file->path, guard, sizeof(guard));
    snprintf(wanted, sizeof(wanted), "#ifndef %s", guard);
    for (size_t i = 0; i < file->line_count; i++) {
        if (file->lines[i].len > 0 && file->lines[i].code[0] == '#') {
            if (!line_is(file, i, wanted)) {
                tidy_report(
                    tree, TIDY_GUARD, file->path, i + 1, "the include guard must be %s", guard);
            }
            return;
        }
    }
    tidy_report(tree, TIDY_GUARD, file->path, 1, "no include guard; add %s", guard);
}

static void check_doc_blocks(struct tidy_tree *tree, const struct tidy_file *file)
{
    for (const char *at = strstr(file->text, "/**"); at != NULL; at = strstr(at + 3, "/**")) {
        const char *end = strstr(at + 3, "*/");
        size_t line = 1;
        bool has_words = end == NULL;
        for (const char *byte = at + 3; end != NULL && byte < end; byte++) {
            has_words = has_words || isalnum((unsigned char)*byte) != 0;
        }
        for (const char *byte = file->text; byte < at; byte++) {
            line += *byte == '\n';
        }
        if (!has_words && file->code[at - file->text] == ' ') {
            tidy_report(
                tree, TIDY_DOC_BLOCK, file->path, line, "empty doc block; say it or remove it");
        }
    }
}

static void check_headings(struct tidy_tree *tree, const struct tidy_file *file)
{
    bool is_fenced = false;
    size_t count = 0;
    for (size_t i = 0; i < file->line_count; i++) {
        const struct tidy_line *line = &file->lines[i];
        if (line->len >= 3 && memcmp(line->text, "```", 3) == 0) {
            is_fenced = !is_fenced;
        }
        if (!is_fenced && line->len >= 2 && memcmp(line->text, "# ", 2) == 0) {
            count++;
            if (count > 1) {
                tidy_report(
                    tree, TIDY_HEADING, file->path, i + 1, "a second title; one '# ' a page");
            }
        }
    }
    if (count == 0) {
        tidy_report(tree, TIDY_HEADING, file->path, 1, "no title; start with '# '");
    }
}

void tidy_check_text(struct tidy_tree *tree)
{
    for (size_t i = 0; i < tree->file_count; i++) {
        const struct tidy_file *file = &tree->files[i];
        check_spdx(tree, file);
        if (tidy_is_code(file)) {
            check_functions(tree, file);
            check_doc_blocks(tree, file);
        }
        if (tidy_is_code(file) || file->kind == TIDY_KIND_SCRIPT || file->kind == TIDY_KIND_BUILD) {
            check_lengths(tree, file);
        }
        if (file->kind != TIDY_KIND_OTHER) {
            check_whitespace(tree, file);
        }
        if (file->kind == TIDY_KIND_MARKDOWN) {
            check_headings(tree, file);
        }
        check_guard(tree, file);
    }
}

// ---- Banned words ----

struct banned {
    char *word;
    char *where;
    char *instead;
    bool is_code; /* look only at code, not at comments and literals */
};

static bool is_name_byte(char byte)
{
    return isalnum((unsigned char)byte) != 0 || byte == '_';
}

// Finds `word` where it is not part of a longer name.
static bool line_has_word(const char *line, size_t len, const char *word)
{
    size_t word_len = strlen(word);
    for (size_t i = 0; i + word_len <= len; i++) {
        if (memcmp(line + i, word, word_len) != 0) {
            continue;
        }
        bool is_start = i == 0 || !is_name_byte(word[0]) || !is_name_byte(line[i - 1]);
        bool is_end = i + word_len == len || !is_name_byte(word[word_len - 1])
                      || !is_name_byte(line[i + word_len]);
        if (is_start && is_end) {
            return true;
        }
    }
    return false;
}

// `where` is a list of prefixes; the last one that holds the path decides, "-prefix" says no.
static bool where_covers(const char *where, const char *path)
{
    bool is_covered = false;
    char prefix[256];
    int used = 0;
    for (const char *at = where; sscanf(at, "%255s%n", prefix, &used) == 1; at += used) {
        bool is_excluded = prefix[0] == '-';
        if (tidy_is_below(path, prefix + (is_excluded ? 1 : 0))) {
            is_covered = !is_excluded;
        }
    }
    return is_covered;
}

static char *trim(char *text)
{
    char *end = text + strlen(text);
    while (end > text && end[-1] == ' ') {
        *--end = '\0';
    }
    while (*text == ' ') {
        text++;
    }
    return text;
}

// A row reads "word | code or text | where | instead"; '#' starts a comment.
static size_t parse_banned(struct tidy_tree *tree, char *text, struct banned *rows)
{
    size_t count = 0;
    size_t number = 0;
    char *next = NULL;
    for (char *line = text; line != NULL && *line != '\0'; line = next) {
        char *newline = strchr(line, '\n');
        next = newline == NULL ? NULL : newline + 1;
        number++;
        if (newline != NULL) {
            *newline = '\0';
        }
        if (line[0] == '#' || line[0] == '\0') {
            continue;
        }
        char *fields[4] = {line, NULL, NULL, NULL};
        for (size_t i = 1; i < 4 && fields[i - 1] != NULL; i++) {
            char *bar = strchr(fields[i - 1], '|');
            if (bar != NULL) {
                *bar = '\0';
                fields[i] = bar + 1;
            }
        }
        if (fields[3] == NULL || count == BANNED_MAX) {
            tidy_report(
                tree,
                TIDY_BANNED,
                "tests/tidy/banned.txt",
                number,
                "a row is 'word | code or text | where | instead', at most %d rows",
                BANNED_MAX);
            continue;
        }
        rows[count++] = (struct banned){
            .word = trim(fields[0]),
            .where = trim(fields[2]),
            .instead = trim(fields[3]),
            .is_code = strcmp(trim(fields[1]), "code") == 0,
        };
    }
    return count;
}

static void
check_banned_file(struct tidy_tree *tree, const struct tidy_file *file, const struct banned *row)
{
    if ((row->is_code && !tidy_is_code(file)) || !where_covers(row->where, file->path)) {
        return;
    }
    for (size_t i = 0; i < file->line_count; i++) {
        const struct tidy_line *line = &file->lines[i];
        if (line_has_word(row->is_code ? line->code : line->text, line->len, row->word)) {
            tidy_report(
                tree,
                TIDY_BANNED,
                file->path,
                i + 1,
                "'%s' is banned here; %s",
                row->word,
                row->instead);
        }
    }
}

void tidy_check_banned(struct tidy_tree *tree)
{
    char path[2 * TIDY_PATH_MAX];
    struct banned rows[BANNED_MAX];
    size_t size = 0;
    snprintf(path, sizeof(path), "%s/banned.txt", tree->config);
    char *text = tidy_read(path, &size);
    if (text == NULL) {
        tidy_report(tree, TIDY_BANNED, "tests/tidy/banned.txt", 1, "cannot be read");
        return;
    }
    size_t count = parse_banned(tree, text, rows);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < tree->file_count; k++) {
            check_banned_file(tree, &tree->files[k], &rows[i]);
        }
    }
    free(text);
}

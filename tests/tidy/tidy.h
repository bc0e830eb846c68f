// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The tree checker: reads every text file of a tree once, then runs rules over it.
 *
 * A rule looks at the loaded tree and adds findings; it never prints and never stops early, so one
 * run shows everything there is to mend. Rules are plain functions in tidy_text.c (one file at a
 * time), tidy_layers.c (includes) and tidy_tree.c (the tree as a whole).
 */
#ifndef MYC_TIDY_TIDY_H
#define MYC_TIDY_TIDY_H

#include <stdbool.h>
#include <stddef.h>

/** X(name, shown): every rule; the self-test demands a failing example of each. */
#define TIDY_RULE_LIST(X)                                                                          \
    X(INCLUDE, "include")                                                                          \
    X(LAYERS, "layers")                                                                            \
    X(BANNED, "banned")                                                                            \
    X(COLUMNS, "columns")                                                                          \
    X(FUNCTION, "function")                                                                        \
    X(FILE, "file")                                                                                \
    X(WHITESPACE, "whitespace")                                                                    \
    X(SPDX, "spdx")                                                                                \
    X(GUARD, "guard")                                                                              \
    X(DOC_BLOCK, "doc-block")                                                                      \
    X(HEADING, "heading")                                                                          \
    X(README, "readme")                                                                            \
    X(PROMISE, "promise")                                                                          \
    X(STATUS_PAGE, "status-page")                                                                  \
    X(DEAD_HEADER, "dead-header")

enum tidy_rule {
#define TIDY_RULE_ENUM_(name, shown) TIDY_##name,
    TIDY_RULE_LIST(TIDY_RULE_ENUM_)
#undef TIDY_RULE_ENUM_
        TIDY_RULE_COUNT
};

enum tidy_kind {
    TIDY_KIND_SOURCE,   /* .c .cpp */
    TIDY_KIND_HEADER,   /* .h */
    TIDY_KIND_MARKDOWN, /* .md */
    TIDY_KIND_SCRIPT,   /* starts with #! */
    TIDY_KIND_BUILD,    /* CMakeLists.txt .cmake */
    TIDY_KIND_OTHER     /* any other text */
};

enum { TIDY_PATH_MAX = 512, TIDY_LITERAL_BYTE = 1 /* stands for a byte of a literal */ };

struct tidy_line {
    const char *text; /* the line as it is, len bytes */
    const char *code; /* the same bytes with comments and literals blanked */
    size_t len;
};

struct tidy_file {
    char path[TIDY_PATH_MAX]; /* relative to the root, with slashes */
    enum tidy_kind kind;
    char *text;
    char *code;
    size_t size;
    struct tidy_line *lines;
    size_t line_count;
};

struct tidy_finding {
    enum tidy_rule rule;
    char *message; /* "path:line: text" */
};

struct tidy_tree {
    const char *root;
    const char *config; /* folder of layers.txt and banned.txt */
    struct tidy_file *files;
    size_t file_count;
    size_t file_capacity;
    struct tidy_finding *findings;
    size_t finding_count;
    size_t finding_capacity;
};

/** Allocates or ends the program: a checker without memory has nothing to say. */
void *tidy_allocate(void *old, size_t size);

/** Reads a file whole and terminated; NULL if it cannot be read. The caller frees. */
char *tidy_read(const char *path, size_t *out_size);

/** Loads every text file below `root`; the caller unloads. False if the root cannot be read. */
bool tidy_load(struct tidy_tree *tree, const char *root, const char *config);
void tidy_unload(struct tidy_tree *tree);

/** The file of that path, or NULL. */
const struct tidy_file *tidy_find(const struct tidy_tree *tree, const char *path);

/** Adds a finding at a line counted from 1. */
__attribute__((format(printf, 5, 6))) void tidy_report(
    struct tidy_tree *tree,
    enum tidy_rule rule,
    const char *path,
    size_t line,
    const char *format,
    ...);

/** True if `path` is `prefix` or lies below it; the prefix "." holds everything. */
bool tidy_is_below(const char *path, const char *prefix);

/** True if the file is C or C++ source or header. */
bool tidy_is_code(const struct tidy_file *file);

/** True if the text starts with `start`, or ends with `end`. */
bool tidy_starts(const char *text, const char *start);
bool tidy_ends(const char *text, const char *end);

/** Puts the quoted or angled name of an #include line into `out_name`; false for other lines. */
bool tidy_include_name(const struct tidy_line *line, bool *out_is_angled, char out_name[256]);

/** The path in the tree that an include of `from` reaches, or NULL if it is not in the tree. */
const struct tidy_file *
tidy_resolve(const struct tidy_tree *tree, const struct tidy_file *from, const char *name);

/** The rules. */
void tidy_check_text(struct tidy_tree *tree);
void tidy_check_banned(struct tidy_tree *tree);
void tidy_check_layers(struct tidy_tree *tree);
void tidy_check_tree(struct tidy_tree *tree);

/** Writes the status reference page that docs/reference/status.md must equal; the caller frees. */
char *tidy_status_page(void);

#endif

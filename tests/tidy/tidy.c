// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The command:
//   tidy ROOT             checks a tree; prints findings; exit 1 if there are any
//   tidy --self-test DIR  DIR is tests/tidy: checks that every bad/ tree fails as it expects
//   tidy --status-page    prints docs/reference/status.md
//
// A folder bad/RULE or bad/RULE.VARIANT is a small tree; its expected.txt holds exactly what that
// rule must say about it, in order. A rule without such a folder fails the self-test.
#define _POSIX_C_SOURCE 200809L

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tidy.h"

static const char *const rule_names[] = {
#define RULE_NAME(name, shown) shown,
    TIDY_RULE_LIST(RULE_NAME)
#undef RULE_NAME
};

static void check_all(struct tidy_tree *tree)
{
    tidy_check_text(tree);
    tidy_check_banned(tree);
    tidy_check_layers(tree);
    tidy_check_tree(tree);
}

static int check_root(const char *root)
{
    char config[TIDY_PATH_MAX];
    struct tidy_tree tree;
    snprintf(config, sizeof(config), "%s/tests/tidy", root);
    if (!tidy_load(&tree, root, config)) {
        fprintf(stderr, "tidy: cannot read %s\n", root);
        tidy_unload(&tree);
        return 2;
    }
    check_all(&tree);
    for (size_t i = 0; i < tree.finding_count; i++) {
        const struct tidy_finding *finding = &tree.findings[i];
        printf("%s [%s]\n", finding->message, rule_names[finding->rule]);
    }
    printf("%zu files read, %zu findings\n", tree.file_count, tree.finding_count);
    int result = tree.finding_count == 0 && tree.file_count > 0 ? 0 : 1;
    tidy_unload(&tree);
    return result;
}

// ---- Self-test ----

// The rule a folder is named after, or TIDY_RULE_COUNT.
static enum tidy_rule rule_of_folder(const char *folder)
{
    size_t len = strcspn(folder, ".");
    size_t rule = 0;
    while (rule < TIDY_RULE_COUNT
           && (strlen(rule_names[rule]) != len || memcmp(rule_names[rule], folder, len) != 0)) {
        rule++;
    }
    return (enum tidy_rule)rule;
}

// Compares what the rule said with what the case expects; prints both on a difference.
static bool is_as_expected(const struct tidy_tree *tree, enum tidy_rule rule, const char *expected)
{
    size_t size = 1;
    for (size_t i = 0; i < tree->finding_count; i++) {
        size += strlen(tree->findings[i].message) + 1;
    }
    char *said = tidy_allocate(NULL, size);
    size_t used = 0;
    for (size_t i = 0; i < tree->finding_count; i++) {
        if (tree->findings[i].rule == rule) {
            size_t len = strlen(tree->findings[i].message);
            memcpy(said + used, tree->findings[i].message, len);
            said[used + len] = '\n';
            used += len + 1;
        }
    }
    said[used] = '\0';
    bool is_same = strcmp(said, expected) == 0 && used > 0;
    if (!is_same) {
        printf("expected:\n%sfound:\n%s", expected, said);
    }
    free(said);
    return is_same;
}

static bool run_case(const char *config, const char *folder, enum tidy_rule rule)
{
    char root[2 * TIDY_PATH_MAX];
    char path[3 * TIDY_PATH_MAX];
    struct stat status;
    snprintf(root, sizeof(root), "%s/bad/%s", config, folder);
    // A case may bring its own tables; otherwise the real ones apply.
    char own[3 * TIDY_PATH_MAX];
    snprintf(own, sizeof(own), "%s/tests/tidy", root);
    bool has_own = stat(own, &status) == 0;
    snprintf(path, sizeof(path), "%s/expected.txt", root);
    size_t size = 0;
    char *expected = tidy_read(path, &size);
    struct tidy_tree tree;
    bool is_loaded = tidy_load(&tree, root, has_own ? own : config);
    bool is_good = false;
    if (expected != NULL && is_loaded) {
        check_all(&tree);
        is_good = is_as_expected(&tree, rule, expected);
    }
    printf("%s bad/%s\n", is_good ? "ok  " : "FAIL", folder);
    tidy_unload(&tree);
    free(expected);
    return is_good;
}

static int self_test(const char *config)
{
    char path[2 * TIDY_PATH_MAX];
    size_t cases[TIDY_RULE_COUNT] = {0};
    size_t failed = 0;
    snprintf(path, sizeof(path), "%s/bad", config);
    DIR *directory = opendir(path);
    if (directory == NULL) {
        fprintf(stderr, "tidy: cannot read %s\n", path);
        return 2;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        enum tidy_rule rule = rule_of_folder(entry->d_name);
        if (rule != TIDY_RULE_COUNT) {
            cases[rule]++;
            failed += !run_case(config, entry->d_name, rule);
        } else if (entry->d_name[0] != '.' && !tidy_starts(entry->d_name, "objects")) {
            printf("FAIL bad/%s: no rule has that name\n", entry->d_name);
            failed++;
        }
    }
    closedir(directory);
    for (size_t rule = 0; rule < TIDY_RULE_COUNT; rule++) {
        if (cases[rule] == 0) {
            printf("FAIL rule '%s' has no failing example in bad/\n", rule_names[rule]);
            failed++;
        }
    }
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--status-page") == 0) {
        char *page = tidy_status_page();
        fputs(page, stdout);
        free(page);
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "--self-test") == 0) {
        return self_test(argv[2]);
    }
    if (argc == 2 && argv[1][0] != '-') {
        return check_root(argv[1]);
    }
    fprintf(stderr, "usage: tidy ROOT | tidy --self-test DIR | tidy --status-page\n");
    return 2;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Set-up and tear-down of a trading system of real processes.
 */
#define _GNU_SOURCE 1

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "system/trading.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_PORT = 24881, SHM_PATIENCE_MS = 60000, SHM_LOOK_MS = 10 };

static const char *const node_names[NODE_COUNT] = {"market", "strategy", "risk", "execution"};
static const char *const service_names[NODE_COUNT] = {"adapter", "arbitrage", "risk", "execution"};

// The names in /dev/shm, each between line breaks; the caller frees them.
static char *list_shm(void)
{
    char *names = NULL;
    size_t size = 0;
    FILE *list = open_memstream(&names, &size);
    assert_non_null(list);
    DIR *directory = opendir("/dev/shm");
    if (directory != NULL) {
        for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
            (void)fprintf(list, "\n%s\n", entry->d_name);
        }
        (void)closedir(directory);
    }
    assert_int_equal(fclose(list), 0);
    return names;
}

// Names of other programs, which come and go beside this test, are gone in the end; what is left
// behind stays.
static void await_shm_gone(const char *name)
{
    char path[300];
    uint64_t deadline_ns = program_deadline_ms(SHM_PATIENCE_MS);
    (void)snprintf(path, sizeof(path), "/dev/shm/%s", name);
    while (access(path, F_OK) == 0) {
        if (program_now_ns() > deadline_ns) {
            fail_msg("left behind: %s", path);
        }
        (void)poll(NULL, 0, SHM_LOOK_MS);
    }
}

static void check_shm(const char *before)
{
    char *after = list_shm();
    char *rest = NULL;
    for (char *name = strtok_r(after, "\n", &rest); name != NULL;
         name = strtok_r(NULL, "\n", &rest)) {
        char wanted[300];
        (void)snprintf(wanted, sizeof(wanted), "\n%s\n", name);
        if (strstr(before, wanted) == NULL) {
            await_shm_gone(name);
        }
    }
    free(after);
}

// A loopback address that no other test on this machine uses at the same time: made from the pid.
static void own_host(char *host, size_t size)
{
    unsigned pid = (unsigned)getpid();
    (void)snprintf(
        host, size, "127.%u.%u.%u", 1 + (pid >> 14) % 250, (pid >> 7) % 128, 1 + pid % 128);
}

const char *trading_node_name(const struct trading_system *system, size_t node)
{
    return system->node_count == 1 ? "all" : node_names[node];
}

void trading_write_file(
    const struct trading_system *system, const char *name, const char *text, char *out_path)
{
    (void)snprintf(out_path, 96, "%.63s/%.30s", system->directory, name);
    FILE *file = fopen(out_path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

void trading_setup_system(struct trading_system *system, const char *kind)
{
    memset(system, 0, sizeof(*system));
    (void)snprintf(system->directory, sizeof(system->directory), "trading.XXXXXX");
    assert_non_null(mkdtemp(system->directory));
    system->shm_before = list_shm();
    char text[1024] = "";
    if (strcmp(kind, "local") == 0) {
        system->node_count = 1;
        (void)snprintf(
            text,
            sizeof(text),
            "[nodes.all]\nendpoint = \"local\"\n"
            "services = [\"adapter\", \"arbitrage\", \"risk\", \"execution\"]\n");
    } else {
        system->node_count = NODE_COUNT;
        char host[32];
        own_host(host, sizeof(host));
        size_t len = 0;
        for (size_t i = 0; i < NODE_COUNT; i++) {
            char endpoint[64];
            if (strcmp(kind, "tcp") == 0) {
                (void)snprintf(
                    endpoint, sizeof(endpoint), "tcp:%s:%u", host, FIRST_PORT + (unsigned)i);
            } else {
                (void)snprintf(endpoint, sizeof(endpoint), "%s:%s.sock", kind, node_names[i]);
            }
            len += (size_t)snprintf(
                text + len,
                sizeof(text) - len,
                "[nodes.%s]\nendpoint = \"%s\"\nservices = [\"%s\"]\n",
                node_names[i],
                endpoint,
                service_names[i]);
        }
    }
    trading_write_file(system, "t.toml", text, system->topology);
}

void trading_teardown_system(struct trading_system *system)
{
    for (size_t i = 0; i < NODE_COUNT; i++) {
        program_end(&system->nodes[i]);
    }
    program_end(&system->helper);
    free(system->shm_before);
    system->shm_before = NULL;
    DIR *directory = opendir(system->directory);
    if (directory == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        (void)unlinkat(dirfd(directory), entry->d_name, 0);
    }
    (void)closedir(directory);
    (void)rmdir(system->directory);
}

// Appends the caller's arguments and the final NULL.
static void append_arguments(const char **argv, size_t count, const char *const *extra)
{
    for (size_t i = 0; extra != NULL && extra[i] != NULL; i++) {
        assert_true(count < PROGRAM_ARGUMENTS_MAX);
        argv[count++] = extra[i];
    }
    argv[count] = NULL;
}

void trading_start_node(struct trading_system *system, size_t node, const char *const *extra)
{
    const char *argv[PROGRAM_ARGUMENTS_MAX + 1] = {
        TRADING_PROGRAM,
        "--topology",
        system->topology,
        "--run-dir",
        system->directory,
        "--json",
        "--node",
        trading_node_name(system, node)};
    append_arguments(argv, 8, extra);
    program_end(&system->nodes[node]);
    assert_true(program_start(&system->nodes[node], argv));
}

void trading_expect_for(struct trading_system *system, const char *const *extra)
{
    const char *argv[PROGRAM_ARGUMENTS_MAX + 1] = {TRADING_PROGRAM, "--expected"};
    append_arguments(argv, 2, extra);
    program_end(&system->helper);
    assert_true(program_start(&system->helper, argv));
    assert_true(program_await_end(&system->helper, program_deadline_ms(30000)));
    assert_int_equal(system->helper.exit_code, 0);
}

uint64_t trading_report_number(const struct program *program, const char *key)
{
    uint64_t number = 0;
    if (!program_json_number(program->out.text, key, &number)) {
        fail_msg("no '%s' in: %s %s", key, program->out.text, program->err.text);
    }
    return number;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

void trading_check_leftovers(const struct trading_system *system)
{
    DIR *directory = opendir(system->directory);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const char *name = entry->d_name;
        if (name[0] != '.' && !ends_with(name, ".toml") && !ends_with(name, ".sock")
            && !ends_with(name, ".lock")) {
            fail_msg("left behind: %s", name);
        }
    }
    (void)closedir(directory);
    check_shm(system->shm_before);
}

int trading_set_up(void **state, const char *kind)
{
    struct trading_system *system = malloc(sizeof(*system));
    assert_non_null(system);
    *state = system;
    trading_setup_system(system, kind);
    return 0;
}

int trading_tear_down(void **state)
{
    trading_teardown_system(*state);
    free(*state);
    return 0;
}

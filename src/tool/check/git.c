// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A contract as a revision of a git repository has it: `git show REF:PATH`, run without a shell.
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/check/check.h"

extern char **environ;

enum { BYTES_MAX = 4 * 1024 * 1024, TEXT_BYTES = 4096 };

static char *join(const char *first, const char *second, const char *third)
{
    size_t size = strlen(first) + strlen(second) + strlen(third) + 1;
    char *text = malloc(size);
    if (text != NULL) {
        (void)snprintf(text, size, "%s%s%s", first, second, third);
    }
    return text;
}

// Starts git with its output in a pipe. Returns: the pipe's end, or -1.
static int start_git(const char *directory, const char *object, pid_t *out_child)
{
    char *const argv[] = {
        (char *)(uintptr_t) "git",
        (char *)(uintptr_t) "-C",
        (char *)(uintptr_t)directory,
        (char *)(uintptr_t) "show",
        (char *)(uintptr_t)object,
        NULL};
    int ends[2];
    posix_spawn_file_actions_t actions;
    if (pipe(ends) != 0) {
        return -1;
    }
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        (void)posix_spawn_file_actions_addclose(&actions, ends[0]);
        (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        (void)posix_spawn_file_actions_addclose(&actions, ends[1]);
        error = posix_spawnp(out_child, "git", &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    (void)close(ends[1]);
    if (error != 0) {
        (void)close(ends[0]);
        errno = error;
        return -1;
    }
    return ends[0];
}

// All that git writes, which has the status of its end.
static char *run_git(const char *directory, const char *object, size_t *out_size)
{
    pid_t child = 0;
    int status = 0;
    char *bytes = malloc(BYTES_MAX + 1);
    int end = bytes != NULL ? start_git(directory, object, &child) : -1;
    if (end < 0) {
        fprintf(stderr, "myc check: error: cannot run git: %s\n", strerror(errno));
        free(bytes);
        return NULL;
    }
    size_t size = 0;
    ssize_t got = 1;
    while (got > 0 && size <= BYTES_MAX) {
        got = read(end, bytes + size, BYTES_MAX + 1 - size);
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        size += got > 0 ? (size_t)got : 0;
    }
    (void)close(end);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (size > BYTES_MAX) {
        fprintf(stderr, "git:%s: error: a contract has at most 4 MiB: split it\n", object);
    } else if (got < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "git:%s: error: git could not show it, see above\n", object);
    } else {
        *out_size = size;
        return bytes;
    }
    free(bytes);
    return NULL;
}

bool check_load_git(
    const char *spec, const char *path, struct contract_file *out_file, char **out_name)
{
    char directory[TEXT_BYTES] = ".";
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *ref = spec + strlen("git:");
    *out_name = NULL;
    memset(out_file, 0, sizeof(*out_file));
    if (slash != NULL && (size_t)(slash - path) < sizeof(directory) - 1) {
        size_t len = slash == path ? 1 : (size_t)(slash - path);
        memcpy(directory, path, len);
        directory[len] = '\0';
    }
    // With "./" git looks from the folder it runs in, not from the top of the repository.
    bool has_path = strchr(ref, ':') != NULL;
    char *object = has_path ? join(ref, "", "") : join(ref, ":./", base);
    char *name = object != NULL ? join("git:", object, "") : NULL;
    size_t size = 0;
    char *bytes = name != NULL ? run_git(directory, object, &size) : NULL;
    bool is_read = bytes != NULL && contract_read(name, bytes, size, out_file);
    if (bytes != NULL && !is_read) {
        contract_print_findings(out_file, stderr);
    }
    free(bytes);
    free(object);
    *out_name = name;
    return is_read;
}

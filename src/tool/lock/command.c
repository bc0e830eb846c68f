// SPDX-License-Identifier: MIT OR Apache-2.0
//
// `myc lock CONTRACT [--lock FILE] [--check]`, and `--lock` of other commands.
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/command.h"
#include "tool/lock/lock.h"

enum { PATH_BYTES = 4096 };

struct options {
    const char *contract;
    const char *lock;
    bool is_check;
};

static const char help[] =
    "usage: myc lock CONTRACT.yaml [--lock FILE] [--check]\n"
    "\n"
    "Checks a contract against its lock, the file that remembers all it ever promised, and\n"
    "writes what is new into it. Nothing is written if the contract contradicts the lock.\n"
    "docs/reference/compatibility.md has the rules.\n"
    "\n"
    "  --lock FILE  the lock; default: contracts.lock beside the contract\n"
    "  --check      write nothing; the exit status is 1 if there is something to write\n"
    "  --help       print this\n";

static const struct option table[] = {
    {"lock", required_argument, NULL, 'l'},
    {"check", no_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int take(void *context, int choice, const char *value)
{
    struct options *options = context;
    options->lock = choice == 'l' ? value : options->lock;
    options->is_check = options->is_check || choice == 'c';
    return TOOL_DONE;
}

// contracts.lock in the folder of the contract.
static bool default_path(const char *contract, char out_path[PATH_BYTES])
{
    const char *slash = strrchr(contract, '/');
    int folder_len = slash != NULL ? (int)(slash - contract + 1) : 0;
    int len = snprintf(out_path, PATH_BYTES, "%.*scontracts.lock", folder_len, contract);
    return len > 0 && len < PATH_BYTES;
}

// Written beside its place and renamed: never half of it.
static int write_file(const char *path, const struct lock *lock, const struct contract_file *file)
{
    char temporary[PATH_BYTES];
    int len = snprintf(temporary, sizeof(temporary), "%s.%ld", path, (long)getpid());
    FILE *out = len > 0 && len < PATH_BYTES ? fopen(temporary, "wx") : NULL;
    if (out == NULL) {
        fprintf(stderr, "%s: error: cannot write the lock: %s\n", path, strerror(errno));
        return TOOL_SYSTEM;
    }
    lock_write(lock, file, out);
    bool is_written = ferror(out) == 0;
    is_written = fclose(out) == 0 && is_written;
    is_written = is_written && rename(temporary, path) == 0;
    if (!is_written) {
        fprintf(stderr, "%s: error: cannot write the lock: %s\n", path, strerror(errno));
        (void)unlink(temporary);
        return TOOL_SYSTEM;
    }
    return TOOL_DONE;
}

static int update(
    const struct options *options,
    const char *path,
    const struct lock *lock,
    struct contract_file *file)
{
    if (lock->version_count > 0 && !lock_check(lock, file)) {
        contract_print_findings(file, stderr);
        return TOOL_INPUT;
    }
    if (lock_is_current(lock, file)) {
        return TOOL_DONE;
    }
    if (options->is_check) {
        fprintf(
            stderr,
            "%s: error: the lock is behind the contract: run 'myc lock %s' [LOCK_BEHIND]\n",
            path,
            options->contract);
        return TOOL_SYSTEM;
    }
    return write_file(path, lock, file);
}

int lock_command(int argc, char **argv)
{
    static const struct tool_command command = {
        .name = "lock", .help = help, .letters = ":h", .table = table, .take = take};
    struct options options = {0};
    struct contract_file file = {0};
    struct lock lock = {.id = 0};
    char path[PATH_BYTES];
    bool is_missing = false;
    int status = TOOL_DONE;
    if (!tool_take_options(&command, argc, argv, &options, &status)) {
        return status;
    }
    if (optind + 1 != argc) {
        return tool_refuse("lock", "name exactly one contract file", "");
    }
    options.contract = argv[optind];
    if (options.lock == NULL && !default_path(options.contract, path)) {
        return tool_refuse("lock", "the path is too long: ", options.contract);
    }
    const char *lock_path = options.lock != NULL ? options.lock : path;
    status = TOOL_INPUT;
    bool is_read = tool_load(options.contract, &file);
    is_read = (lock_read(lock_path, &lock, &is_missing) || is_missing) && is_read;
    if (is_read) {
        status = update(&options, lock_path, &lock, &file);
    }
    lock_free(&lock);
    contract_free(&file);
    return status;
}

bool lock_verify(const char *contract_path, const char *lock_path)
{
    struct contract_file file = {0};
    struct lock lock = {.id = 0};
    bool is_missing = false;
    bool is_good = tool_load(contract_path, &file);
    if (!is_good) {
        // said already
    } else if (!lock_read(lock_path, &lock, &is_missing)) {
        is_good = false;
        if (is_missing) {
            fprintf(
                stderr,
                "%s: error: there is no such lock: write it with 'myc lock %s --lock %s'\n",
                lock_path,
                contract_path,
                lock_path);
        }
    } else if (!lock_check(&lock, &file)) {
        is_good = false;
        contract_print_findings(&file, stderr);
    } else if (!lock_is_current(&lock, &file)) {
        fprintf(
            stderr,
            "%s: warning: the lock is behind the contract: run 'myc lock %s --lock %s' and commit "
            "it [LOCK_BEHIND]\n",
            lock_path,
            contract_path,
            lock_path);
    }
    lock_free(&lock);
    contract_free(&file);
    return is_good;
}

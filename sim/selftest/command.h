// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Runs a test's own executable as a simulator command. Its main() must hand arguments to
 * myc_sim_main(). Include after cmocka.h.
 */
#ifndef MYC_SIM_SELFTEST_COMMAND_H
#define MYC_SIM_SELFTEST_COMMAND_H

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_BYTES = 65536 };

static char output[OUTPUT_BYTES];

/* Runs this program as the command in a child process, collects what it prints and returns its exit
 * code. */
static int command(const char *const *arguments)
{
    char *argv[16] = {(char *)(uintptr_t) "prog"};
    int argc = 1;
    int ends[2];
    for (; arguments[argc - 1] != NULL; argc++) {
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    }
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], 1);
        (void)dup2(ends[1], 2);
        (void)close(ends[0]);
        (void)close(ends[1]);
        // A fresh program, so that crash handlers of the test framework are out of the way.
        (void)execv("/proc/self/exe", argv);
        _exit(99);
    }
    (void)close(ends[1]);
    size_t used = 0;
    ssize_t got = 0;
    while ((got = read(ends[0], output + used, OUTPUT_BYTES - 1 - used)) > 0) {
        used += (size_t)got;
    }
    output[used] = '\0';
    (void)close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

#define COMMAND(...) command((const char *const[]){__VA_ARGS__, NULL})

static inline void assert_printed(const char *text)
{
    if (strstr(output, text) == NULL) {
        print_error("'%s' is not in:\n%s", text, output);
    }
    assert_non_null(strstr(output, text));
}

#endif

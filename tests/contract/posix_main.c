// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Runs one contract suite, named by the first argument, on the real platform: each case is a cmocka
// test with a scratch directory of its own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mycelium/posix.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/prctl.h>
#include <unistd.h>

#include "contract/suites.h"

enum { CASES_MAX = 64, DIRECTORY_BYTES = 64 };

// This program is its own child; its first argument then says what to do.
static const char *const child_exit_argv[] = {"/proc/self/exe", "--child-exit", NULL};
static const char *const child_wait_argv[] = {"/proc/self/exe", "--child-wait", NULL};

struct fixture {
    struct contract_env env;
    char directory[DIRECTORY_BYTES];
    const struct contract_case *tested;
};

static int set_up(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    fixture->tested = *state;
    memcpy(fixture->directory, "/tmp/myc-contract-XXXXXX", sizeof("/tmp/myc-contract-XXXXXX"));
    assert_non_null(mkdtemp(fixture->directory));
    fixture->env.directory = fixture->directory;
    fixture->env.child_exit_argv = child_exit_argv;
    fixture->env.child_wait_argv = child_wait_argv;
    assert_int_equal(myc_posix_create(&fixture->env.platform, NULL), MYC_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    myc_posix_destroy(fixture->env.platform);
    DIR *directory = opendir(fixture->directory);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        (void)unlinkat(dirfd(directory), entry->d_name, 0);
    }
    (void)closedir(directory);
    (void)rmdir(fixture->directory);
    test_free(fixture);
    return 0;
}

static void run_case(void **state)
{
    struct fixture *fixture = *state;
    fixture->tested->run(&fixture->env);
    if (fixture->env.failure_text != NULL) {
        fail_msg(
            "%s:%u: check failed: %s",
            fixture->env.failure_file,
            fixture->env.failure_line,
            fixture->env.failure_text);
    }
    if (fixture->env.skip_reason != NULL) {
        print_message("skipped: %s\n", fixture->env.skip_reason);
        skip();
    }
}

static int run_suite(const struct contract_suite *suite)
{
    struct CMUnitTest tests[CASES_MAX];
    if (suite->count > CASES_MAX) {
        print_error("suite '%s' has more than %d cases\n", suite->name, (int)CASES_MAX);
        return 2;
    }
    for (size_t i = 0; i < suite->count; i++) {
        tests[i] = (struct CMUnitTest){
            .name = suite->cases[i].name,
            .test_func = run_case,
            .setup_func = set_up,
            .teardown_func = tear_down,
            .initial_state = (void *)(uintptr_t)&suite->cases[i],
        };
    }
    return _cmocka_run_group_tests(suite->name, tests, suite->count, NULL, NULL);
}

int main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";
    if (strcmp(name, "--child-exit") == 0) {
        return CONTRACT_CHILD_CODE;
    }
    if (strcmp(name, "--child-wait") == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); // no child outlives a broken test
        (void)pause();
        return 0;
    }
    for (size_t i = 0; contract_suites[i] != NULL; i++) {
        if (strcmp(contract_suites[i]->name, name) == 0) {
            return run_suite(contract_suites[i]);
        }
    }
    print_error("usage: %s <suite>\n", argv[0]);
    return 2;
}

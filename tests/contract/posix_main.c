// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Runs one contract suite, named by the first argument, on the real platform: each case is a cmocka
// test with a scratch directory of its own.
#include <mycelium/posix.h>

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "contract/run.h"

enum { DIRECTORY_BYTES = 64 };

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
    // What a case that failed left under its name.
    char named[DIRECTORY_BYTES];
    (void)snprintf(named, sizeof(named), "/dev/shm/%s", fixture->directory + sizeof("/tmp/") - 1);
    (void)unlink(named);
    test_free(fixture);
    return 0;
}

static void run_case(void **state)
{
    struct fixture *fixture = *state;
    fixture->tested->run(&fixture->env);
    contract_report(&fixture->env);
}

int main(int argc, char **argv)
{
    const char *name = argc == 2 ? argv[1] : "";
    // So few that a case can use them up.
    const struct rlimit descriptors = {.rlim_cur = 512, .rlim_max = 512};
    (void)setrlimit(RLIMIT_NOFILE, &descriptors);
    if (strcmp(name, "--child-exit") == 0) {
        return CONTRACT_CHILD_CODE;
    }
    if (strcmp(name, "--child-wait") == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); // no child outlives a broken test
        (void)pause();
        return 0;
    }
    return contract_main(argc, argv, run_case, set_up, tear_down);
}

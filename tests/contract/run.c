// SPDX-License-Identifier: MIT OR Apache-2.0
#include "contract/run.h"

#include <stdio.h>
#include <string.h>

enum { CASES_MAX = 64 };

static int run_suite(
    const struct contract_suite *suite,
    CMUnitTestFunction run,
    CMFixtureFunction set_up,
    CMFixtureFunction tear_down)
{
    struct CMUnitTest tests[CASES_MAX];
    if (suite->count > CASES_MAX) {
        print_error("suite '%s' has more than %d cases\n", suite->name, (int)CASES_MAX);
        return 2;
    }
    for (size_t i = 0; i < suite->count; i++) {
        tests[i] = (struct CMUnitTest){
            .name = suite->cases[i].name,
            .test_func = run,
            .setup_func = set_up,
            .teardown_func = tear_down,
            .initial_state = (void *)(uintptr_t)&suite->cases[i],
        };
    }
    return _cmocka_run_group_tests(suite->name, tests, suite->count, NULL, NULL);
}

int contract_main(
    int argc,
    char **argv,
    CMUnitTestFunction run,
    CMFixtureFunction set_up,
    CMFixtureFunction tear_down)
{
    const char *name = argc == 2 ? argv[1] : "";
    bool is_listing = strcmp(name, "--list") == 0;
    for (size_t i = 0; contract_suites[i] != NULL; i++) {
        const struct contract_suite *suite = contract_suites[i];
        if (strcmp(suite->name, name) == 0) {
            return run_suite(suite, run, set_up, tear_down);
        }
        for (size_t j = 0; is_listing && j < suite->count; j++) {
            (void)printf("%s %s\n", suite->name, suite->cases[j].name);
        }
    }
    if (!is_listing) {
        print_error("usage: %s <suite>|--list\n", argv[0]);
        return 2;
    }
    return 0;
}

void contract_report(const struct contract_env *env)
{
    if (env->failure_text != NULL) {
        fail_msg(
            "%s:%u: check failed: %s", env->failure_file, env->failure_line, env->failure_text);
    }
    if (env->skip_reason != NULL) {
        print_message("skipped: %s\n", env->skip_reason);
        skip();
    }
}

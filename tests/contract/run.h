// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the programs that run the suites share: finding a suite and making cmocka tests of its
 * cases. Include it where cmocka.h can be included.
 */
#ifndef MYC_CONTRACT_RUN_H
#define MYC_CONTRACT_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/suites.h"

/**
 * The rest of a main: runs the suite that the first argument names, each case by `run`, which finds
 * the case in its state; `--list` prints every "<suite> <case>" instead.
 *
 * Returns: the exit code.
 */
int contract_main(
    int argc,
    char **argv,
    CMUnitTestFunction run,
    CMFixtureFunction set_up,
    CMFixtureFunction tear_down);

/** Ends the cmocka test as the case went: failed, skipped or passed. */
void contract_report(const struct contract_env *env);

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The command line of the trading example.
 */
#ifndef MYC_DOCS_EXAMPLES_TRADING_OPTIONS_H
#define MYC_DOCS_EXAMPLES_TRADING_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/status.h>

struct trading_options {
    const char *topology; /* file */
    const char *node;     /* may be NULL if the topology has one node only */
    const char *input;    /* file; NULL: made up from the seed */
    const char *run_dir;  /* relative socket paths lie below it; NULL: the working directory */
    uint64_t messages;    /* rows; 0: all of the recording, or 20000 */
    uint64_t seed;
    uint64_t rate;            /* rows a second in the paced part */
    uint64_t paced;           /* rows in the paced part; TRADING_PACED_DEFAULT: as many as fit */
    uint64_t spin_us;         /* how long an idle service polls before it sleeps */
    uint64_t startup_seconds; /* how long a service waits for the next one */
    bool is_json;
    bool is_expected_only; /* print what the pipeline owes, run nothing */
    bool is_help;
};

#define TRADING_PACED_DEFAULT UINT64_MAX

/**
 * Reads the command line. Strings point into argv.
 *
 * Returns: OK, or SYNTAX with one line that names the flag and says what to do.
 */
MYC_MUST_USE enum myc_status trading_options_parse(
    int argc, char **argv, struct trading_options *out_options, struct myc_diagnostic *diagnostic);

/** The text of --help. */
const char *trading_options_help(void);

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a node says at its end: lines for people, or one line of JSON.
 */
#ifndef MYC_DOCS_EXAMPLES_TRADING_REPORT_H
#define MYC_DOCS_EXAMPLES_TRADING_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/service.h>

#include "logic.h"
#include "services.h"

/** Prints the report of a node that ran from `start_ns` to `end_ns` to standard output. */
void trading_report_print(
    const struct myc_node *node,
    const char *node_name,
    enum myc_status status,
    const struct trading_setup *setup,
    uint64_t start_ns,
    uint64_t end_ns,
    bool is_json);

/** Prints what the pipeline owes, as one line of JSON. */
void trading_report_expected(const struct trading_expected *expected);

/** Whether every service got all that was owed to it, in order, and no peer died. */
bool trading_report_is_good(const struct myc_node *node, const struct trading_setup *setup);

#endif

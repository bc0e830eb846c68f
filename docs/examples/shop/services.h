// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The services of the shop: a till that sells, and two clerks that count what was sold.
 */
#ifndef MYC_DOCS_EXAMPLES_SHOP_SERVICES_H
#define MYC_DOCS_EXAMPLES_SHOP_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/service.h>

extern const struct myc_service shop_till;
extern const struct myc_service shop_left;
extern const struct myc_service shop_right;

/** What the services of a process are told and what they answer. */
struct shop_day {
    uint64_t sales;     /* how many the till makes */
    bool shares_tally;  /* the planted bug: both clerks add to `tally` without a lock */
    uint64_t counts[2]; /* what each clerk has seen */
    uint64_t tally;
    bool is_closed[2]; /* the clerk saw the last message, and all before it */
};

#endif

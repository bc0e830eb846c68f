// SPDX-License-Identifier: MIT OR Apache-2.0
#ifndef MYC_DOCS_EXAMPLES_SHOP_SERVICES_H
#define MYC_DOCS_EXAMPLES_SHOP_SERVICES_H

#include <mycelium/service.h>

/** The till's argument. */
struct shop_day {
    uint64_t sales; /* how many to make */
};

/** A clerk's argument. Of two clerks one takes the even sales, the other the odd ones. */
struct shop_clerk {
    uint64_t parity;  /* of the sales this one takes */
    uint64_t cents;   /* taken so far */
    uint64_t last_ns; /* when it took the last sale */
};

extern const struct myc_service shop_till;
extern const struct myc_service shop_left;
extern const struct myc_service shop_right;

#endif

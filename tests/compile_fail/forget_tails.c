// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A message with a tail is published without one.
// gcc: error: too few arguments to function 'market_report_publish'
// clang: error: too few arguments to function call, expected 3, have 2
#include "market.h"

enum myc_status misuse(struct myc_publisher *publisher, const struct market_report *report);

enum myc_status misuse(struct myc_publisher *publisher, const struct market_report *report)
{
#ifdef WRONG
    return market_report_publish(publisher, report);
#else
    struct market_report_tails tails = {.text = {"x", 1}};
    return market_report_publish(publisher, report, &tails);
#endif
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What all four services do the same way: wait for the next one, offer a message again, count the
 * end.
 */
#include "services.h"

enum { SECOND_NS = 1000000000 };

enum myc_status trading_await_next(struct myc_context *context, const char *topic)
{
    const struct trading_setup *setup = myc_context_argument(context);
    uint64_t timeout_ns = setup->startup_timeout_ns;
    if (timeout_ns == 0) {
        timeout_ns = UINT64_C(10) * SECOND_NS;
    }
    enum myc_status status = myc_publisher_await_subscribers(
        myc_context_publisher(context, topic), 1, myc_context_now_ns(context) + timeout_ns);
    if (status == MYC_TIMEOUT) {
        myc_context_log(
            context, MYC_LOG_ERROR, "the next service did not subscribe in time; is its node up?");
    }
    return status;
}

bool trading_is_to_retry(struct myc_context *context, enum myc_status status)
{
    if (status == MYC_OK) {
        return false;
    }
    if (status == MYC_TIMEOUT && !myc_context_should_stop(context)) {
        myc_context_count(context, "retries", 1);
        return true;
    }
    // Nobody is there: the message is counted as published and whoever joins later misses it.
    myc_context_count(context, status == MYC_NO_SUBSCRIBER ? "unheard" : "unpublished", 1);
    return false;
}

void trading_stage_end(
    struct myc_context *context, struct trading_stage_result *stage, uint64_t owed)
{
    stage->is_complete = true;
    stage->owed = owed;
    if (stage->received < owed) {
        myc_context_count(context, "missing", owed - stage->received);
        myc_context_log(
            context, MYC_LOG_WARNING, "fewer messages came than were published before the end");
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The four services of the pipeline, and what they are told and what they answer.
 *
 *     adapter --market-data--> arbitrage --arbitrage-signals--> risk --orders--> execution
 * --fills-->
 *
 * Each is written once. A topology file decides whether they are threads of one process or
 * processes that talk over shared memory, Unix sockets or TCP; the simulator runs them from a seed.
 */
#ifndef MYC_DOCS_EXAMPLES_TRADING_SERVICES_H
#define MYC_DOCS_EXAMPLES_TRADING_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/histogram.h>
#include <mycelium/service.h>

#include "input.h"
#include "logic.h"

extern const struct myc_service trading_adapter;
extern const struct myc_service trading_arbitrage;
extern const struct myc_service trading_risk;
extern const struct myc_service trading_execution;

/** What a stage of the pipeline saw. The End message of a topic says how many it owed. */
struct trading_stage_result {
    bool is_complete;  /* the End message came */
    uint64_t received; /* messages before it */
    uint64_t owed;     /* as the End message says */
    uint64_t out_of_order;
};

struct trading_adapter_result {
    bool is_complete; /* all rows were published */
    uint64_t messages;
    uint64_t flood_messages; /* of these, published at full speed */
    uint64_t flood_start_ns;
};

struct trading_execution_result {
    struct trading_stage_result stage;
    uint64_t order_digest;        /* of all orders received, see trading_digest_order() */
    uint64_t end_ns;              /* when the last message came */
    struct myc_histogram latency; /* ns from the scheduled time of the input to its order */
};

/**
 * The argument of all four services of a process. The program fills the first part; each service
 * writes its own result and reads no other.
 */
struct trading_setup {
    struct trading_input input;
    uint64_t row_count;
    uint64_t paced_count; /* the first rows: one each period_ns, for latency; the rest: at once */
    uint64_t period_ns;
    uint64_t startup_timeout_ns; /* how long to wait for the next service; 0: 10 s */

    struct trading_adapter_result adapter;
    struct trading_stage_result arbitrage;
    struct trading_stage_result risk;
    struct trading_execution_result execution;
};

/**
 * Waits until the next stage listens on `topic`, so that it misses nothing; logs when nobody came.
 *
 * Blocks. Returns: OK, TIMEOUT, CANCELLED.
 */
MYC_MUST_USE enum myc_status trading_await_next(struct myc_context *context, const char *topic);

/**
 * Whether a message must be offered again: the ring was full for the whole block timeout, and
 * nobody asked the service to stop. A status that means loss is logged and counted as
 * "unpublished".
 */
bool trading_is_to_retry(struct myc_context *context, enum myc_status status);

/** Counts the End message of a stage's input and logs what is missing. */
void trading_stage_end(
    struct myc_context *context, struct trading_stage_result *stage, uint64_t owed);

#endif

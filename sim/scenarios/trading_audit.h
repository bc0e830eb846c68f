// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The oracle of the trading scenario: what every service is handed, checked against what its
 * publisher must have sent as its nth message.
 *
 * The services are the example's own. Between the node and each handler stands an auditor that
 * knows, for every publisher instance, which message comes next.
 */
#ifndef MYC_SIM_SCENARIOS_TRADING_AUDIT_H
#define MYC_SIM_SCENARIOS_TRADING_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/service.h>
#include <mycelium/sim.h>

#include "services.h"

enum { STAGE_COUNT = 4, STREAMS_MAX = 8, HANDLERS_MAX = 4 };

/** One publisher instance as one subscriber sees it. */
struct stream {
    bool is_open;
    uint64_t epoch;
    uint64_t next; /* the sequence that must come next */
    /* Market data only: what the adapter publishes as number `next`. */
    struct trading_cursor cursor;
    struct trading_row row;
    bool is_swap_next;
};

struct stage;

/** What is common to all stages of a run. */
struct audit {
    struct myc_sim *sim;
    bool is_tail_unknown; /* what a PEER_DIED of this deployment must say to a subscriber */
    struct myc_service services[STAGE_COUNT]; /* the example's, with auditors in between */
    struct myc_handler handlers[STAGE_COUNT][HANDLERS_MAX];
};

/** One incarnation of one service. Its setup is the service's argument, so it comes first. */
struct stage {
    struct trading_setup setup;
    struct audit *audit;
    size_t index; /* 0 adapter to 3 execution */
    struct stream streams[STREAMS_MAX];
    uint64_t delivered;
    uint64_t lost;
    uint32_t upstream_live;   /* publishers it reads at present */
    uint32_t downstream_live; /* subscribers it has at present */
    uint32_t upstream_died;   /* PEER_DIED notices so far */
    uint32_t downstream_died;
};

/** Prepares the audited services of a run. */
void audit_init(struct audit *audit, struct myc_sim *sim, bool is_tail_unknown);

/** Empties a stage for a new incarnation; the caller fills in its setup. */
void stage_init(struct stage *stage, struct audit *audit, size_t index);

/** Compares a service's report with what the auditor counted. */
void stage_check_report(const struct stage *stage, const struct myc_service_report *report);

#endif

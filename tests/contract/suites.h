// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The contract suites, one for each part of the platform. contract.h says how to run them.
 *
 * The target `contract_suites` carries the sources: link it to get them compiled for your archive.
 */
#ifndef MYC_CONTRACT_SUITES_H
#define MYC_CONTRACT_SUITES_H

#include <stddef.h>

#include "contract/contract.h"

struct contract_suite {
    const char *name;
    const struct contract_case *cases;
    size_t count;
};

extern const struct contract_suite contract_clock;
extern const struct contract_suite contract_entropy;
extern const struct contract_suite contract_file;
extern const struct contract_suite contract_file_edges;
extern const struct contract_suite contract_listener;
extern const struct contract_suite contract_memory;
extern const struct contract_suite contract_memory_edges;
extern const struct contract_suite contract_network;
extern const struct contract_suite contract_place;
extern const struct contract_suite contract_poller;
extern const struct contract_suite contract_poller_edges;
extern const struct contract_suite contract_process;
extern const struct contract_suite contract_process_edges;
extern const struct contract_suite contract_ring_place;
extern const struct contract_suite contract_shm;
extern const struct contract_suite contract_shm_named;
extern const struct contract_suite contract_stream;
extern const struct contract_suite contract_stream_edges;
extern const struct contract_suite contract_thread;
extern const struct contract_suite contract_wait;

/** All of them, ended by NULL. */
extern const struct contract_suite *const contract_suites[];

#define CONTRACT_SUITE(variable, text, table)                                                      \
    const struct contract_suite variable = {                                                       \
        .name = text,                                                                              \
        .cases = table,                                                                            \
        .count = sizeof(table) / sizeof((table)[0]),                                               \
    }

#endif

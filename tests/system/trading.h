// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The trading example under test: a scratch directory with a topology, and programs that run its
 * nodes.
 */
#ifndef MYC_SYSTEM_TRADING_H
#define MYC_SYSTEM_TRADING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "system/program.h"

enum trading_node { MARKET, STRATEGY, RISK, EXECUTION, NODE_COUNT };

struct trading_system {
    char directory[64]; /* relative to the working directory; sockets and files of one test */
    char topology[96];
    size_t node_count; /* 1 for the local deployment */
    struct program nodes[NODE_COUNT];
    struct program helper; /* for anything else a test starts */
    char *shm_before;      /* names in /dev/shm before the test, each between line breaks */
};

/** Names of the nodes, in pipeline order; "all" is the only one of the local deployment. */
const char *trading_node_name(const struct trading_system *system, size_t node);

/**
 * Makes the directory and a topology of the given kind: "local", "shm", "unix" or "tcp"; TCP nodes
 * get a loopback address of this test process alone.
 */
void trading_setup_system(struct trading_system *system, const char *kind);

/** Ends what still runs and removes the directory. */
void trading_teardown_system(struct trading_system *system);

/** The same two as cmocka fixtures: the system is *state. */
int trading_set_up(void **state, const char *kind);
int trading_tear_down(void **state);

/** Writes a file into the directory; `out_path` has room for 96 bytes. */
void trading_write_file(
    const struct trading_system *system, const char *name, const char *text, char *out_path);

/** Starts a node with four more arguments of the caller's choice, each may be NULL from the first
 * on. */
void trading_start_node(struct trading_system *system, size_t node, const char *const *extra);

/** Runs `trading --expected` with the same arguments; its line stays in system->helper.out. */
void trading_expect_for(struct trading_system *system, const char *const *extra);

/** The number of a member in a node's report; fails the test if it is not there. */
uint64_t trading_report_number(const struct program *program, const char *key);

/**
 * Fails unless the directory holds nothing but the topology, sockets and lock files, and every name
 * that came to /dev/shm goes away; other programs' come and go there all the time.
 */
void trading_check_leftovers(const struct trading_system *system);

#endif

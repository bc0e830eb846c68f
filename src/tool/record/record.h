// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * `myc record`, `myc replay` and `myc inspect`: recordings from and to a running system.
 */
#ifndef MYC_TOOL_RECORD_RECORD_H
#define MYC_TOOL_RECORD_RECORD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <mycelium/bus.h>
#include <mycelium/recording.h>

#include "tool/gen/gen.h"

enum { RECORD_DONE = 0, RECORD_SYSTEM = 1, RECORD_INPUT = 2 };

/** What the command lines of both commands say. */
struct record_options {
    const char *command; /* "record" or "replay" */
    const char *file;
    const char *topology;
    const char *node;
    const char *contract;
    const char *topic;    /* replay: NULL means that of the recording */
    uint64_t messages;    /* record: stop after so many; 0: no bound */
    uint64_t seconds;     /* record: stop after so long; 0: no bound. replay: how long to wait */
    uint64_t percent;     /* replay: of the recorded speed; 0: without waiting */
    uint64_t subscribers; /* replay: how many to wait for */
    bool is_durable;
};

/** Reads a command line. Returns: whether to go on; if not, `*out_status` is what to exit with. */
bool record_take_options(
    int argc, char **argv, const char *name, struct record_options *out_options, int *out_status);

/** A node of a system, as which a command takes part in it. */
struct record_member {
    struct myc_platform *platform;
    struct contract_file source;
    struct myc_topology topology;
    struct myc_bus *bus;
    struct myc_waiter waiter;
    sigset_t signals; /* that ask the command to stop */
};

/**
 * Loads contract and topology and joins. Returns: RECORD_DONE, or another exit status after
 * printing why. Call record_leave() in every case.
 */
int record_join(struct record_member *member, const struct record_options *options);

/** Leaves and gives everything back. Accepts a zeroed member. */
void record_leave(struct record_member *member);

/** Whether somebody asked to stop since the last call. */
bool record_is_stopped(const struct record_member *member);

/** Prints "myc COMMAND: error: TEXT". Returns: `status`. */
int record_fail(const char *command, int status, const char *text);

/** The exit status for a failure: whoever gave the input can mend it, or not. */
int record_exit_status(enum myc_status status);

/** Runs a command; `argv[0]` is its name. Returns the exit status. */
int record_command(int argc, char **argv);
int replay_command(int argc, char **argv);
int inspect_command(int argc, char **argv);

/** Whether `myc inspect` was given a place: "shm:NAME", or a file that begins as one does. */
bool inspect_is_place(struct myc_platform *platform, const char *argument);

/** Says what a place holds. Returns: the exit status. */
int inspect_place(struct myc_platform *platform, const char *argument);

#endif

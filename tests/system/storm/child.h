// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Processes of a storm: this same program, started anew in a role, with a socket to its parent and
 * nothing else inherited; and what such processes say to each other.
 */
#ifndef MYC_SYSTEM_STORM_CHILD_H
#define MYC_SYSTEM_STORM_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include <mycelium/ring.h>

enum { CHILD_NUMBERS_MAX = 6 };

struct child {
    pid_t pid;  /* 0: none */
    int socket; /* -1: none */
};

/** What is said, at most one descriptor with it. */
struct note {
    uint32_t kind; /* the storm's own; 0: the other end is gone */
    uint32_t value;
    uint64_t numbers[CHILD_NUMBERS_MAX];
    struct myc_ring_ticket ticket;
};

/** A role: works with what it is told over the socket; its return value is the exit code. */
typedef int child_role_fn(int socket, const uint64_t numbers[CHILD_NUMBERS_MAX]);

struct child_role {
    const char *name;
    child_role_fn *run;
};

/** First thing in main: does not return where this process is a child. */
void child_main(int argc, char **argv, const struct child_role *roles, size_t count);

/** Starts this program in a role. Fails the run if that cannot be. */
void child_start(struct child *child, const char *role, const uint64_t numbers[CHILD_NUMBERS_MAX]);

/** Kills and collects it, and closes the socket. Fails the run if it had ended by itself. */
void child_kill(struct child *child);

/** Collects a child that ends by itself, with 0; else fails the run. */
void child_await(struct child *child);

/** Says something; `descriptor` goes along unless it is -1. False if the other end is gone. */
bool note_send(int socket, const struct note *note, int descriptor);

/** Hears something, waiting for it if `waits`. out_descriptor may be NULL; -1: none came along.
 * False: nothing is there. A kind of 0: the other end is gone. */
bool note_receive(int socket, bool waits, struct note *out_note, int *out_descriptor);

/** Hears a note of this kind, waiting for it; false if the other end is gone. */
bool note_expect(int socket, uint32_t kind, struct note *out_note, int *out_descriptor);

/** Fails the run if a child ended that nobody killed. */
void child_check_all_live(void);

// ---- What is left behind ----

/** What this process holds. */
struct holdings {
    size_t descriptors;
    size_t mappings;
    size_t shm_files; /* in /dev/shm, of this program's name */
};

/** Counts what is held. */
struct holdings holdings_now(void);

/** Fails the run if more is held than before, or if a child is left. A few mappings more may be the
 * C library's own; one left behind a round is not. */
void holdings_check(const struct holdings *before);

#endif

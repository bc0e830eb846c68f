// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The platform: everything that is not computation, in one bundle that every object takes at
 * creation.
 *
 * Production gets one from mycelium/posix.h; a simulated process gets its own from the simulator.
 * All parts but `log` are there. A platform outlives everything created with it.
 */
#ifndef MYC_INTERFACE_PLATFORM_H
#define MYC_INTERFACE_PLATFORM_H

struct myc_clock;
struct myc_entropy;
struct myc_file;
struct myc_listener;
struct myc_log;
struct myc_memory;
struct myc_poller;
struct myc_process;
struct myc_shm;
struct myc_stream;
struct myc_thread;
struct myc_wait;

struct myc_platform {
    struct myc_clock *clock;
    struct myc_thread *thread;
    struct myc_wait *wait;
    struct myc_listener *listener;
    struct myc_stream *stream;
    struct myc_poller *poller;
    struct myc_shm *shm;
    struct myc_file *file;
    struct myc_process *process;
    struct myc_memory *memory;
    struct myc_entropy *entropy;
    struct myc_log *log; /* may be NULL */
};

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a contract case sees: a platform, a scratch directory, and a place to record a failed check.
 *
 * Cases run on every implementation of the platform: on the real one under cmocka, and inside a
 * simulated process, on a fiber that a cmocka assertion must not jump out of. So a case only
 * records its first failure and returns, and the runner reports it. Threads that a case starts
 * store results; the case joins them before it checks anything, because they use its stack.
 *
 * Running the suites on another platform takes, for each case of each table in suites.h:
 *  1. a zeroed struct contract_env with `platform` and `directory` (there, empty, this case's own);
 *     a simulated runner makes both inside one simulated process and calls case->run on its main
 * fiber;
 *  2. optionally the two child programs; without them the cases that need one skip themselves;
 *  3. afterwards `failure_text` (NULL: passed) and `skip_reason` (NULL: it ran).
 * Cases tolerate short reads and writes, delays, spurious wakes, late timers and any schedule. They
 * expect that no operation fails by a fault and that readiness is real: nothing is reported for a
 * source that is not ready, and what is reported ready does not say AGAIN.
 */
#ifndef MYC_CONTRACT_CONTRACT_H
#define MYC_CONTRACT_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/interface/platform.h>
#include <mycelium/interface/stream.h>

enum {
    CONTRACT_PATH_BYTES = MYC_ADDRESS_TEXT_BYTES,
    CONTRACT_CHILD_CODE = 7 /* what the child that exits returns */
};

struct contract_env {
    struct myc_platform *platform;
    const char *directory;              /* absolute path without a slash at the end */
    const char *const *child_exit_argv; /* returns CONTRACT_CHILD_CODE at once; may be NULL */
    const char *const *child_wait_argv; /* runs until a signal ends it; may be NULL */

    const char *failure_text; /* the first failed check; NULL: none */
    const char *failure_file;
    uint32_t failure_line;
    const char *skip_reason; /* set by a case that cannot run here */
};

typedef void contract_case_fn(struct contract_env *env);

struct contract_case {
    const char *name;
    contract_case_fn *run;
};

/** Ends the case, and records where, unless the condition holds. Only in functions of cases. */
#define CONTRACT_CHECK(env, condition)                                                             \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            contract_fail(env, __FILE__, (uint32_t)__LINE__, #condition);                          \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/** Each behaviour of all streams is one function of the kind, and two cases. */
#define CONTRACT_CASES_FOR_BOTH_KINDS(behaviour)                                                   \
    static void case_unix_##behaviour(struct contract_env *env)                                    \
    {                                                                                              \
        behaviour(env, MYC_ADDRESS_UNIX);                                                          \
    }                                                                                              \
    static void case_tcp_##behaviour(struct contract_env *env)                                     \
    {                                                                                              \
        behaviour(env, MYC_ADDRESS_TCP);                                                           \
    }

/** Records a failure unless there is one already. */
void contract_fail(struct contract_env *env, const char *file, uint32_t line, const char *text);

/** A deadline that is far away for anything that works. */
uint64_t contract_deadline_ns(struct contract_env *env);

/** Makes "<directory>/<name>" in `out_path`; false if that is too long. */
bool contract_path(struct contract_env *env, const char *name, char *out_path);

/** Whether the terminated `text` holds `part`. */
bool contract_holds(const char *text, const char *part);

/** Waits until the source is ready for `interest` (or hangs up); the events, or 0 at the deadline.
 */
uint32_t contract_await(struct contract_env *env, struct myc_handle source, uint32_t interest);

/** What the source is ready for right now, without waiting. */
uint32_t contract_look(struct contract_env *env, struct myc_handle source, uint32_t interest);

/** A listening address of that kind: a socket in the scratch directory, or a free loopback port. */
bool contract_listen(
    struct contract_env *env,
    enum myc_address_kind kind,
    struct myc_handle *out_listener,
    struct myc_address *out_address);

/** Two connected streams and the listener they met at. Zeroed before, closed after, also if half
 * made. */
struct contract_pair {
    struct myc_handle listener;
    struct myc_handle near; /* connected */
    struct myc_handle far;  /* accepted */
};

bool contract_pair_open(
    struct contract_env *env, enum myc_address_kind kind, struct contract_pair *pair);
void contract_pair_close(struct contract_env *env, struct contract_pair *pair);

/** Connects to a listener and accepts; false if either fails. */
bool contract_meet(
    struct contract_env *env,
    struct myc_handle listener,
    const struct myc_address *address,
    struct myc_handle *out_near,
    struct myc_handle *out_far);

/** Writes all bytes, waiting for room; false if the stream fails. */
bool contract_write(
    struct contract_env *env, struct myc_handle stream, const void *bytes, size_t size);

/** Reads exactly `size` bytes, waiting for them; false if the stream ends or fails. */
bool contract_read(struct contract_env *env, struct myc_handle stream, void *bytes, size_t size);

/** Waits for the end of a stream that has no more bytes: END, RESET, or OK if there was a byte. */
enum myc_status contract_read_end(struct contract_env *env, struct myc_handle stream);

#endif

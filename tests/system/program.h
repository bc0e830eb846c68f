// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Real processes for system tests: start, wait for a line, signal, wait for the end. Nothing here
 * sleeps: every wait is for output or an end of output, with a deadline.
 */
#ifndef MYC_SYSTEM_PROGRAM_H
#define MYC_SYSTEM_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROGRAM_TEXT_BYTES = 64 * 1024, PROGRAM_ARGUMENTS_MAX = 32 };

/** What came out of one descriptor so far; always terminated, cut when it is too much. */
struct program_output {
    int descriptor; /* -1 once it ended */
    size_t len;
    char text[PROGRAM_TEXT_BYTES];
};

/** A started program. All zero: none. */
struct program {
    pid_t pid; /* 0 when it was collected */
    struct program_output out;
    struct program_output err;
    int exit_code;   /* -1 when a signal ended it */
    int exit_signal; /* 0 when it returned */
};

/** Starts argv[0] with a pipe for each of its outputs; argv ends with NULL. */
bool program_start(struct program *program, const char *const *argv);

/** Waits until `text` stands in its standard error, from offset `from` on. False at the deadline.
 */
bool program_await_error_text(
    struct program *program, const char *text, size_t from, uint64_t deadline_ns);

/** Waits until it ended and collects it. False at the deadline; it runs on then. */
bool program_await_end(struct program *program, uint64_t deadline_ns);

/** Sends a signal to it, if it was not collected yet. */
void program_signal(struct program *program, int number);

/** Kills and collects it, if that is still to do. */
void program_end(struct program *program);

/** The monotonic time in ns, and a deadline from now. */
uint64_t program_now_ns(void);
uint64_t program_deadline_ms(uint64_t ms);

/** Reads the number behind "key": in a line of JSON. False if it is not there. */
bool program_json_number(const char *json, const char *key, uint64_t *out_number);

/** How many lines a text has; a last line without its end counts. */
size_t program_line_count(const char *text);

#endif

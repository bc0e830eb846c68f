// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Lines on standard error, each in one write so that lines of different threads do not mix.
#include "platform/posix/posix.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <unistd.h>

#include "core/text.h"

enum { LINE_BYTES = 1024 };

static const char *level_name(enum myc_log_level level)
{
    switch (level) {
    case MYC_LOG_DEBUG:
        return "debug";
    case MYC_LOG_INFO:
        return "info";
    case MYC_LOG_WARNING:
        return "warning";
    case MYC_LOG_ERROR:
        return "error";
    }
    return "unknown";
}

// Writes once; a reader that went away costs the line, never a SIGPIPE for the application.
static void write_quietly(const char *bytes, size_t size)
{
    sigset_t pipe_signal, pending, before;
    const struct timespec no_time = {0, 0};
    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)sigemptyset(&pending);
    (void)sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    ssize_t count = 0;
    do {
        count = write(STDERR_FILENO, bytes, size);
    } while (count < 0 && errno == EINTR);
    if (count < 0 && errno == EPIPE && !was_pending) {
        (void)sigtimedwait(&pipe_signal, NULL, &no_time);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
log_write(struct myc_log *log, enum myc_log_level level, const char *source, const char *text)
{
    (void)log;
    char line[LINE_BYTES];
    struct myc__text out;
    myc__text_init(&out, line, sizeof(line));
    myc__text_string(&out, level_name(level));
    myc__text_string(&out, " ");
    myc__text_string(&out, source);
    myc__text_string(&out, ": ");
    myc__text_string(&out, text);
    if (out.is_cut) {
        memcpy(line + out.len - 3, "...", 3);
    }
    for (size_t i = 0; i < out.len; i++) {
        // A control byte inside would break "one call, one line".
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    line[out.len] = '\n'; // in place of the terminator
    write_quietly(line, out.len + 1);
}

static const struct myc_log_ops log_ops = {
    .size = sizeof(log_ops),
    .write = log_write,
};

void myc__posix_log_init(struct myc_log *log)
{
    log->ops = &log_ops;
}

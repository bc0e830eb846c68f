// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Log seam: an optional sink for what services say. The library itself never prints.
 *
 * Threads: any; one call is one line and lines of different threads do not mix.
 */
#ifndef MYC_INTERFACE_LOG_H
#define MYC_INTERFACE_LOG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum myc_log_level { MYC_LOG_DEBUG, MYC_LOG_INFO, MYC_LOG_WARNING, MYC_LOG_ERROR };

struct myc_log_ops;

struct myc_log {
    const struct myc_log_ops *ops;
};

struct myc_log_ops {
    uint32_t size;

    /** Writes one line: `source` (a service's name) and `text`, without a newline. Required. */
    void (*write)(
        struct myc_log *log, enum myc_log_level level, const char *source, const char *text);
};

/** Accepts a NULL log: nothing is written. [LOG-1] */
static inline void
myc_log_write(struct myc_log *log, enum myc_log_level level, const char *source, const char *text)
{
    if (log != NULL) {
        log->ops->write(log, level, source, text);
    }
}

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The real backend: Linux, through one bundle of parts.
 */
#ifndef MYC_POSIX_H
#define MYC_POSIX_H

#include <mycelium/diagnostic.h>
#include <mycelium/interface/platform.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Creates the real platform. Its log writes lines to standard error.
 *
 * Ownership: the caller destroys it, after everything made with it.
 * Errors: NO_MEMORY, IO (a kernel older than 5.10).
 */
MYC_MUST_USE enum myc_status
myc_posix_create(struct myc_platform **out_platform, struct myc_diagnostic *diagnostic);

/** Destroys the platform. Accepts NULL. */
void myc_posix_destroy(struct myc_platform *platform);

#ifdef __cplusplus
}
#endif

#endif

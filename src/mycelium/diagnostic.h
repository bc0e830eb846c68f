// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Diagnostics: the detail behind a status, in a buffer the caller owns.
 *
 * A function that can fail for more than one reason takes a `struct myc_diagnostic *` last. NULL is
 * always allowed. The text reads outside in: "topology.toml:7: node 'risk': port 70000 is above
 * 65535".
 */
#ifndef MYC_DIAGNOSTIC_H
#define MYC_DIAGNOSTIC_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MYC_DIAGNOSTIC_TEXT_BYTES = 248 };

struct myc_diagnostic {
    enum myc_status status;
    int32_t os_error; /* the OS error number behind MYC_IO and friends; 0 when there is none */
    char text[MYC_DIAGNOSTIC_TEXT_BYTES]; /* always terminated; "..." marks a cut */
};

/** Sets OK, no OS error and an empty text. Accepts NULL. [DIAG-1] */
void myc_diagnostic_clear(struct myc_diagnostic *diagnostic);

/**
 * Records a failure and returns `status`, so that a function can end with one line.
 *
 * `text` is copied and cut at the buffer's end, the cut marked "...". Accepts NULL. [DIAG-2]
 */
enum myc_status myc_diagnostic_set(
    struct myc_diagnostic *diagnostic, enum myc_status status, int32_t os_error, const char *text);

/** Puts "outer: " before the text already there; the inner text is cut first. Accepts NULL.
 * [DIAG-3] */
void myc_diagnostic_wrap(struct myc_diagnostic *diagnostic, const char *outer);

/** Appends text, a decimal number or a quoted name to the diagnostic's text. Accept NULL. [DIAG-4]
 */
void myc_diagnostic_append(struct myc_diagnostic *diagnostic, const char *text);
void myc_diagnostic_append_u64(struct myc_diagnostic *diagnostic, uint64_t number);
void myc_diagnostic_append_quoted(struct myc_diagnostic *diagnostic, const char *name, size_t len);

#ifdef __cplusplus
}
#endif

#endif

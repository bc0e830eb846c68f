// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Portable names of shared memory segments: at most 31 bytes with the slash that some systems want
 * in front, which is the shortest limit there is (macOS); letters, digits, '.', '-' and '_', which
 * every file system takes. The names here have no slash.
 *
 * A composed name is `prefix.role` or `prefix.role.index`, and can be taken apart again.
 */
#ifndef MYC_SEGMENT_NAME_H
#define MYC_SEGMENT_NAME_H

#include <stdint.h>

#include <mycelium/diagnostic.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MYC_SEGMENT_NAME_MAX = 30,                        /* characters, without slash and terminator */
    MYC_SEGMENT_NAME_BYTES = MYC_SEGMENT_NAME_MAX + 1 /* a buffer for one */
};

#define MYC_SEGMENT_NO_INDEX UINT32_MAX

/**
 * Whether a name is portable. Threads: any.
 *
 * Errors: INVALID (empty, begins with '.' or '-', or has another character), TOO_BIG (above
 * MYC_SEGMENT_NAME_MAX); the diagnostic (may be NULL) names the character and its place, or how
 * many there are. [NAME-1]
 */
MYC_MUST_USE enum myc_status
myc_segment_name_check(const char *name, struct myc_diagnostic *diagnostic);

/**
 * Composes a name into a buffer of MYC_SEGMENT_NAME_BYTES. `prefix` and `role` are not empty and
 * have no '.', so that no two different triples have one name. `index` is decimal, without leading
 * zeros; MYC_SEGMENT_NO_INDEX: none.
 *
 * Errors: INVALID, TOO_BIG, as above; the buffer is then the empty string. [NAME-2]
 */
MYC_MUST_USE enum myc_status myc_segment_name_compose(
    char out_name[MYC_SEGMENT_NAME_BYTES],
    const char *prefix,
    const char *role,
    uint32_t index,
    struct myc_diagnostic *diagnostic);

/** What a composed name is made of. */
struct myc_segment_name_parts {
    char prefix[MYC_SEGMENT_NAME_BYTES];
    char role[MYC_SEGMENT_NAME_BYTES];
    uint32_t index; /* or MYC_SEGMENT_NO_INDEX */
};

/**
 * Takes a name apart, for tools that list what lies around.
 *
 * Errors: INVALID (not a name that myc_segment_name_compose() makes), TOO_BIG. [NAME-3]
 */
MYC_MUST_USE enum myc_status
myc_segment_name_parse(const char *name, struct myc_segment_name_parts *out_parts);

#ifdef __cplusplus
}
#endif

#endif

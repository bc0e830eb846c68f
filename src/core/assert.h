// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Assertions about our own invariants, on in every build. Never about what a caller or a peer did.
 */
#ifndef MYC_CORE_ASSERT_H
#define MYC_CORE_ASSERT_H

/**
 * Called when an invariant broke and there is no object to poison. Weak: a program may define its
 * own, which must not return. The default traps.
 */
_Noreturn void myc__assert_failed(const char *file, int line, const char *expression);

/** Checks one condition in constant time. */
#define MYC_ASSERT(condition)                                                                      \
    ((condition) ? (void)0 : myc__assert_failed(__FILE__, __LINE__, #condition))

#endif

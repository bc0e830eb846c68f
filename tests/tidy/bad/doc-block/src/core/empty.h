// SPDX-License-Identifier: MIT OR Apache-2.0
/** Says something. */
int a;
/**
 *
 */
int b;

// SPDX-License-Identifier: MIT OR Apache-2.0
/** Kept. [KEPT-1] */
/** Broken. [BROKEN-12] and an index[A-1x] */

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * No model at all.
 *
 * verify safety
 */
init {

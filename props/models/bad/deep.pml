/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Deeper than the search goes.
 *
 * verify safety
 */
int depth;

init
{
    do
    :: depth < 1100000 -> depth++
    :: depth == 1100000 -> break
    od
}

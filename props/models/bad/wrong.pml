/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Does not hold: waits for ever, and goes round for ever.
 *
 * verify safety
 * verify fair -DROUND
 */
bool hope;

init
{
#ifdef ROUND
    do
    :: hope = false
    od
#else
    hope
#endif
}

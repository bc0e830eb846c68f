/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Holds because its assertion is never reached.
 *
 * verify safety
 */
bool hope;

init
{
    if
    :: hope -> assert(false)
    :: !hope
    fi
}

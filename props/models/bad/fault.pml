/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Holds, with faults that do nothing, and that do something else than they say.
 *
 * verify safety
 * fault WITHOUT_EFFECT assert: nothing happens
 * fault OTHER_EFFECT stuck: an assertion fails instead
 */
#ifdef WITHOUT_EFFECT
#endif

init
{
#ifdef OTHER_EFFECT
    assert(false)
#else
    skip
#endif
}

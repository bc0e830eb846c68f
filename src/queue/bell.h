// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How one side of a queue sleeps until the other has done something.
 *
 * One word: bit 0 says that somebody sleeps or is about to, the rest counts rings. The sleeper
 * arms, fences, looks once more and sleeps if the word is still what it made it. The other side
 * acts, fences, and looks at the word. Without either fence both could miss each other. Who rings
 * clears the bit and wakes all: a woken thread may find that another was faster, and it may be the
 * one that does not come back for what lies behind. One ring serves all who armed before it, so
 * that a stream of pushes pays for one wake-up.
 *
 * An armed word that nobody sleeps on any more (a deadline passed, the last look found something)
 * costs one ring in vain. After 2^31 rings during one last look a sleeper would sleep in vain.
 */
#ifndef MYC_QUEUE_BELL_H
#define MYC_QUEUE_BELL_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/queue.h>

/**
 * Says that the caller is about to sleep; it must look once more before it does.
 *
 * Returns: what to pass to myc__queue_bell_wait().
 */
static inline uint32_t myc__queue_bell_arm(struct myc__queue_bell *bell)
{
    uint32_t word = myc_load_relaxed_u32(&bell->word);
    // Written even if the bit is there: only a write orders us against the look of who rings.
    while (!myc_compare_exchange_u32(&bell->word, word, word | 1)) {
        word = myc_load_relaxed_u32(&bell->word);
    }
    // Orders the arming before the last look; pairs with the fence of myc__queue_bell_ring().
    myc_fence_seq_cst();
    return word | 1;
}

/** Sleeps until a ring that comes after the arming, or the deadline. */
static inline enum myc_status myc__queue_bell_wait(
    struct myc__queue_bell *bell, struct myc_wait *wait, uint32_t armed, uint64_t deadline_ns)
{
    enum myc_status status = myc_wait_wait(wait, &bell->word, armed, deadline_ns, MYC_WAIT_PROCESS);
    return status == MYC_AGAIN ? MYC_OK : status;
}

/** Wakes all who sleep because of what the caller has just changed. */
static inline void myc__queue_bell_ring(struct myc__queue_bell *bell, struct myc_wait *wait)
{
    // Orders the change before the look; pairs with the fence of myc__queue_bell_arm().
    myc_fence_seq_cst();
    uint32_t word = myc_load_relaxed_u32(&bell->word);
    // If the exchange fails, somebody else has rung since, or somebody has armed since and will
    // look after our fence.
    if ((word & 1) != 0 && myc_compare_exchange_u32(&bell->word, word, word + 1)) {
        (void)myc_wait_wake(wait, &bell->word, UINT32_MAX, MYC_WAIT_PROCESS);
    }
}

#endif

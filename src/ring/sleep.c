// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Who sleeps and who must be rung: arm words in both directions.
 *
 * The sleeper arms, fences, looks once more and sleeps; the other side acts, fences, and looks at
 * the arm word. Without either fence both could miss each other. No arm value recurs in a slot, so
 * that "already rung for this one" is one comparison. Ringing itself is the caller's.
 */
#include "ring/writer.h"

#include <mycelium/simulation.h>

// The next odd value: an arming never repeats, even without a disarming in between.
static uint64_t armed(uint64_t word)
{
    return (word + 1) | 1;
}

static uint64_t disarmed(uint64_t word)
{
    return (word + 1) & ~UINT64_C(1);
}

// ---- The writer rings readers ----

uint64_t myc_ring_sleepers(struct myc_ring_writer *writer)
{
    uint64_t sleepers = 0;
    if (!writer->readers_may_sleep) {
        return 0;
    }
    // Orders the commits before the arm words; pairs with the fence between arming and asking.
    myc_fence_seq_cst();
    // Pairs with the release in myc_ring_join().
    uint32_t used = myc_load_acquire_u32(&writer->slots_used);
    for (uint32_t i = 0; i < used; i++) {
        // Pairs with the releases in join.c, which make the page known.
        uint32_t state = myc_load_acquire_u32(&writer->slots[i].state);
        uint32_t kind = state & MYC__RING_STATE_MASK;
        if (kind != MYC__RING_ACTIVE && kind != MYC__RING_LAPPING) {
            continue;
        }
        uint64_t word = myc_load_relaxed_u64(&myc__ring_page(writer, i)->arm);
        MYC_SOMETIMES((word & 1) != 0 && word == writer->rung[i], "ring.sleep.already-rung");
        if ((word & 1) != 0 && (word != writer->rung[i] || MYC_BUGGIFY("ring.ring-twice"))) {
            MYC_REACHED("ring.sleep.rings-reader");
            writer->rung[i] = word;
            sleepers |= UINT64_C(1) << i;
        }
    }
    return sleepers;
}

void myc_ring_reader_arm(struct myc_ring_reader *reader)
{
    reader->arm_word = armed(reader->arm_word);
    // Relaxed: the caller's fence, after all its rings are armed, orders it before the asking.
    myc_store_relaxed_u64(&reader->page->arm, reader->arm_word);
}

void myc_ring_reader_disarm(struct myc_ring_reader *reader)
{
    reader->arm_word = disarmed(reader->arm_word);
    myc_store_relaxed_u64(&reader->page->arm, reader->arm_word);
}

// ---- Readers ring the writer ----

bool myc_ring_writer_arm(struct myc_ring_writer *writer, size_t size)
{
    if (size > myc_ring_payload_max(writer) || writer->is_closed || writer->is_broken) {
        return false;
    }
    MYC_REACHED("ring.sleep.writer-arms");
    writer->arm_word = armed(writer->arm_word);
    myc_store_relaxed_u64(&writer->control->writer_arm, writer->arm_word);
    // Orders the arming before the heads; pairs with the fence of should_wake_writer().
    myc_fence_seq_cst();
    return !myc__ring_ensure(writer, myc__ring_next_need(writer, size));
}

void myc_ring_writer_disarm(struct myc_ring_writer *writer)
{
    writer->arm_word = disarmed(writer->arm_word);
    myc_store_relaxed_u64(&writer->control->writer_arm, writer->arm_word);
}

bool myc_ring_reader_should_wake_writer(struct myc_ring_reader *reader)
{
    if (!reader->writer_may_sleep) {
        return false;
    }
    // Orders the head before the arm word; pairs with the fence of myc_ring_writer_arm().
    myc_fence_seq_cst();
    uint64_t word = myc_load_relaxed_u64(&reader->control->writer_arm);
    if ((word & 1) == 0 || word == reader->writer_arm_seen) {
        return false;
    }
    MYC_REACHED("ring.sleep.rings-writer");
    reader->writer_arm_seen = word;
    return true;
}

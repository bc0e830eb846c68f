// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The shared list of a class: a stack of batches, changed by compare-and-exchange on its head.
 *
 * Whoever takes a batch reads the link of its first block before owning it. Others may have taken
 * that batch and put it back meanwhile, with another one behind it: the head would name the same
 * block, so a tag in the same word moves with every change and makes the exchange fail. It is 32
 * bits wide: a thread would have to stand still for exactly 2^32 changes to be taken in.
 */
#include "pool/layout.h"

#include <mycelium/simulation.h>

static uint64_t head_word(uint64_t old, uint32_t link)
{
    uint32_t tag = (uint32_t)(old >> 32) + 1;
    return (uint64_t)tag << 32 | link;
}

static struct myc__pool_control *control_at(const struct myc__pool_class *class_of, uint32_t index)
{
    return myc__pool_control(class_of, myc__pool_block(class_of, index));
}

static void link_batch(const struct myc__pool_class *class_of, void *const *blocks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct myc__pool_control *control = myc__pool_control(class_of, blocks[i]);
        control->count = count;
        control->next = i + 1 < count ? (uint32_t)myc__pool_index(class_of, blocks[i + 1]) + 1 : 0;
        myc_shared_write(&control->next, sizeof control->next + sizeof control->count);
    }
}

void myc__pool_push(const struct myc__pool_class *class_of, void *const *blocks, uint32_t count)
{
    struct myc_atomic_u64 *word = &class_of->head->word;
    struct myc__pool_control *first = myc__pool_control(class_of, blocks[0]);
    uint32_t link = (uint32_t)myc__pool_index(class_of, blocks[0]) + 1;
    link_batch(class_of, blocks, count);
    uint64_t old = myc_load_relaxed_u64(word);
    for (;;) {
        myc_store_relaxed_u32(&first->next_batch, (uint32_t)old);
        // Releases the links, and what was done with the blocks, to the exchange of a pop.
        if (myc_compare_exchange_u64(word, old, head_word(old, link))) {
            return;
        }
        MYC_REACHED("pool.push.overtaken");
        old = myc_load_relaxed_u64(word);
    }
}

bool myc__pool_pop(const struct myc__pool_class *class_of, uint32_t *out_index, uint32_t *out_count)
{
    struct myc_atomic_u64 *word = &class_of->head->word;
    for (;;) {
        // Pairs with the exchange of a push: an older link than that push's must not be seen.
        uint64_t old = myc_load_acquire_u64(word);
        uint32_t link = (uint32_t)old;
        if (link == 0) {
            return false;
        }
        const struct myc__pool_control *first = control_at(class_of, link - 1);
        uint32_t next = myc_load_relaxed_u32(&first->next_batch);
        // A write behind the block's end may have changed the link: what is behind it is lost then.
        // A block that was taken before shows that the list runs in a circle, and ends it.
        bool is_shared = myc_load_relaxed_u32(&first->state) == MYC__POOL_SHARED_WORD;
        uint32_t checked = is_shared && next <= class_of->block_count ? next : 0;
        if (myc_compare_exchange_u64(word, old, head_word(old, checked))) {
            myc_shared_read(&first->next, sizeof first->next + sizeof first->count);
            *out_index = link - 1;
            *out_count = first->count <= MYC_POOL_BATCH_MAX ? first->count : 0;
            return true;
        }
        MYC_REACHED("pool.pop.overtaken");
    }
}

bool myc__pool_next(const struct myc__pool_class *class_of, uint32_t index, uint32_t *out_index)
{
    const struct myc__pool_control *control = control_at(class_of, index);
    myc_shared_read(&control->next, sizeof control->next);
    // Loaded once: somebody may be writing behind that block's end.
    uint32_t next = control->next;
    if (next == 0 || next > class_of->block_count) {
        return false;
    }
    *out_index = next - 1;
    return true;
}

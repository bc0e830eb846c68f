// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the files of this layer share.
 */
#ifndef MYC_FRAMED_INTERNAL_H
#define MYC_FRAMED_INTERNAL_H

#include <mycelium/framed.h>

/** Takes a free slot. Returns: false if there is none. */
bool myc__assembler_take(struct myc_framed_assembler *assembler, uint32_t *out_slot);

/** Gives a slot back. */
void myc__assembler_give(struct myc_framed_assembler *assembler, uint32_t slot);

/** The bytes of a slot, as many as the longest message has. */
unsigned char *myc__assembler_bytes(struct myc_framed_assembler *assembler, uint32_t slot);

/** Tells the loss of an open train: nothing more will come from the ring. */
void myc__source_lose_rest(struct myc_framed_source *source);

#endif

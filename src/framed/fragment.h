// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The header of a fragment, in front of its part of the message's bytes; little-endian.
 *
 *     offset size
 *     0      8    message id, from 1, rising within an epoch
 *     8      4    bytes of the whole message
 *     12     4    offset of this part
 *     16     4    index of this part, from 0
 *     20     2    type id of the message
 *     22     2    schema version of the message
 */
#ifndef MYC_FRAMED_FRAGMENT_H
#define MYC_FRAMED_FRAGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/framed.h>

#include "core/bits.h"

struct myc__fragment {
    uint64_t message_id;
    uint32_t total;
    uint32_t offset;
    uint32_t index;
    uint16_t type;
    uint16_t version;
};

static inline void myc__fragment_encode(const struct myc__fragment *fragment, unsigned char *bytes)
{
    myc__put_u64(bytes, fragment->message_id);
    myc__put_u32(bytes + 8, fragment->total);
    myc__put_u32(bytes + 12, fragment->offset);
    myc__put_u32(bytes + 16, fragment->index);
    myc__put_u16(bytes + 20, fragment->type);
    myc__put_u16(bytes + 22, fragment->version);
}

/**
 * Reads a header, each byte once, and checks all that a fragment alone can tell. `size` counts the
 * record's payload. Returns: whether it is well-formed.
 */
static inline bool
myc__fragment_decode(struct myc__fragment *out, const unsigned char *bytes, uint32_t size)
{
    if (size <= MYC_FRAMED_HEADER_BYTES) {
        return false;
    }
    out->message_id = myc__get_u64(bytes);
    out->total = myc__get_u32(bytes + 8);
    out->offset = myc__get_u32(bytes + 12);
    out->index = myc__get_u32(bytes + 16);
    out->type = myc__get_u16(bytes + 20);
    out->version = myc__get_u16(bytes + 22);
    uint32_t part = size - MYC_FRAMED_HEADER_BYTES;
    // A message of a single fragment would be a plain record.
    return out->message_id != 0 && out->type >= MYC_MESSAGE_TYPE_MIN
           && out->type <= MYC_FRAMED_TYPE_MAX && part < out->total
           && out->offset <= out->total - part && (out->index == 0) == (out->offset == 0);
}

#endif

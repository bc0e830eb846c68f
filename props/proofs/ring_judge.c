// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the ring's reader makes of a header word, for every word: a record that it accepts ends
 * before the lap does and before what may not have been written, its payload with it.
 */
#include "ring/judge.h"

/*@ requires room: size <= 0xFFFFFFFFFFFFFFFF - 16;
    assigns \nothing;
    ensures whole: \result % 8 == 0;
    ensures enough: size + 8 <= \result;
    ensures tight: \result <= size + 15; */
static inline uint64_t myc_record_bytes(uint64_t size);

/*@ assigns \nothing;
    ensures bounded: 0 <= \result.length <= 0xFFFFFFFF && 0 <= \result.type <= 0xFFFF; */
static inline struct myc_record_header myc_record_header(uint64_t word);

/*@ assigns \nothing;
    ensures message: \result <==> 0 < type < 0xFF00; */
static inline bool myc_record_is_message(uint16_t type);

/*@ requires \valid(out_item);
    assigns *out_item;
    ensures range: \result == MYC__RING_FOUND_NOTHING || \result == MYC__RING_FOUND_PAD
        || \result == MYC__RING_FOUND_RECORD || \result == MYC__RING_FOUND_CORRUPT;
    ensures nothing: \result == MYC__RING_FOUND_NOTHING <==> word == 0;
    ensures in_lap: (\result == MYC__RING_FOUND_RECORD || \result == MYC__RING_FOUND_PAD)
        ==> out_item->bytes <= run && out_item->bytes <= room;
    ensures payload_inside: (\result == MYC__RING_FOUND_RECORD || \result == MYC__RING_FOUND_PAD)
        ==> out_item->header.length + 8 <= out_item->bytes;
    ensures moves: (\result == MYC__RING_FOUND_RECORD || \result == MYC__RING_FOUND_PAD)
        ==> out_item->bytes >= 8 && out_item->bytes % 8 == 0;
    ensures message: \result == MYC__RING_FOUND_RECORD
        ==> out_item->messages == 1 && 0 < out_item->header.type < 0xFF00; */
static inline enum myc__ring_found
myc__ring_judge(uint64_t word, uint64_t run, uint64_t room, struct myc__ring_item *out_item);

// Frama-C leaves out what nobody calls.
/*@ requires \valid(out_item);
    assigns *out_item; */
int proof_uses_all(uint64_t word, uint64_t run, uint64_t room, struct myc__ring_item *out_item);
int proof_uses_all(uint64_t word, uint64_t run, uint64_t room, struct myc__ring_item *out_item)
{
    return (int)myc__ring_judge(word, run, room, out_item);
}

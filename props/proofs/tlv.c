// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the walker over records promises, for any bytes: it reads nothing outside of the buffer,
 * every record that it hands out lies inside, and each step moves on. Frama-C proves it of the very
 * source that the library is made of.
 */
#include "wire/tlv.h"

#include <mycelium/record.h>

/*@ predicate walk_is_sound(struct myc__tlv_walk *walk) =
        walk->offset <= walk->size && walk->size <= 0x7FFFFFFFFFFFFFFF
        && (walk->size > 0 ==> \valid_read(walk->bytes + (0 .. walk->size - 1)));

    predicate may_tell(struct myc_diagnostic *diagnostic) =
        diagnostic == \null || \valid(diagnostic);
*/

// ---- Assumed: what tells of failures writes the diagnostic and nothing else ----

/*@ requires may_tell(diagnostic);
    assigns *diagnostic;
    ensures \result == status; */
enum myc_status myc_diagnostic_set(
    struct myc_diagnostic *diagnostic, enum myc_status status, int32_t os_error, const char *text);

/*@ requires may_tell(diagnostic);
    assigns *diagnostic; */
void myc_diagnostic_append(struct myc_diagnostic *diagnostic, const char *text);

/*@ requires may_tell(diagnostic);
    assigns *diagnostic; */
void myc_diagnostic_append_u64(struct myc_diagnostic *diagnostic, uint64_t number);

// ---- Proved ----

/*@ requires room: size <= 0xFFFFFFFFFFFFFFFF - 16;
    assigns \nothing;
    ensures whole: \result % 8 == 0;
    ensures enough: size + 8 <= \result;
    ensures tight: \result <= size + 15; */
static inline uint64_t myc_record_bytes(uint64_t size);

/*@ requires may_tell(diagnostic);
    assigns *diagnostic;
    ensures \result == status; */
static enum myc_status
refuse(struct myc_diagnostic *diagnostic, enum myc_status status, size_t offset, const char *text);

/*@ requires header: \valid_read(bytes + (0 .. 7));
    assigns \nothing; */
static struct myc_record_header read_header(const unsigned char *bytes);

/*@ requires \valid(walk);
    requires may_tell(diagnostic);
    requires \separated(walk, diagnostic);
    requires buffer: size > 0 ==> \valid_read((const unsigned char *)bytes + (0 .. size - 1));
    requires size <= 0x7FFFFFFFFFFFFFFF;
    assigns *walk, *diagnostic;
    ensures either: \result == MYC_OK || \result == MYC_INVALID;
    ensures sound: \result == MYC_OK ==> walk_is_sound(walk);
    ensures begun: \result == MYC_OK ==> walk->offset == 0 && walk->size == size
        && walk->bytes == bytes && walk->payload_max == payload_max; */
enum myc_status myc__tlv_walk_init(
    struct myc__tlv_walk *walk,
    const void *bytes,
    size_t size,
    size_t payload_max,
    struct myc_diagnostic *diagnostic);

/*@ requires \valid(walk) && \valid(out_record);
    requires may_tell(diagnostic);
    requires \separated(walk, out_record, diagnostic);
    requires walk->size > 0 ==> \separated(
        walk->bytes + (0 .. walk->size - 1), walk, out_record, diagnostic);
    requires walk_is_sound(walk);
    assigns walk->offset, *out_record, *diagnostic;
    ensures range: \result == MYC_OK || \result == MYC_END || \result == MYC_AGAIN
        || \result == MYC_CORRUPT;
    ensures end: \result == MYC_END <==> \old(walk->offset) == walk->size;
    ensures stays: \result != MYC_OK ==> walk->offset == \old(walk->offset);
    ensures moves: \result == MYC_OK ==> walk->offset >= \old(walk->offset) + 8;
    ensures sound: walk_is_sound(walk);
    ensures inside: \result == MYC_OK ==>
        \old(walk->offset) + 8 + out_record->size <= walk->offset <= walk->size;
    ensures in_place: \result == MYC_OK ==>
        out_record->payload == walk->bytes + (\old(walk->offset) + 8);
    ensures limited: \result == MYC_OK ==> out_record->size <= walk->payload_max;
    ensures typed: \result == MYC_OK ==> out_record->type != 0; */
enum myc_status myc__tlv_next(
    struct myc__tlv_walk *walk, struct myc__tlv *out_record, struct myc_diagnostic *diagnostic);

/*@ requires \valid(out_count);
    requires may_tell(diagnostic);
    requires \separated(out_count, diagnostic);
    requires buffer: size > 0 ==> \valid_read((const unsigned char *)bytes + (0 .. size - 1));
    requires size > 0 ==> \separated(
        (const unsigned char *)bytes + (0 .. size - 1), out_count, diagnostic);
    requires size <= 0x7FFFFFFFFFFFFFFF;
    assigns *out_count, *diagnostic;
    ensures range: \result == MYC_OK || \result == MYC_CORRUPT || \result == MYC_INVALID;
    ensures few: \result == MYC_OK ==> *out_count * 8 <= size;
    ensures kept: \result != MYC_OK ==> *out_count == \old(*out_count); */
enum myc_status myc__tlv_check(
    const void *bytes,
    size_t size,
    size_t payload_max,
    size_t *out_count,
    struct myc_diagnostic *diagnostic);

#include "../../src/wire/tlv.c"

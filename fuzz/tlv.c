// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Records in bytes. Two walks, one over the whole and one in which the bytes arrive in two parts,
// must see the same records; what was decoded encodes to the same bytes but for padding.
#include <string.h>

#include <mycelium/record.h>

#include "fuzz.h"
#include "steps.h"
#include "wire/tlv.h"

enum { PAYLOAD_MAX = 4096 };

// Three walks look at 8 bytes at least for each record, and encode it again.
enum { STEPS_BASE = 1024, STEPS_PER_BYTE = 16 };

// Encodes a decoded record again and compares header and payload.
static void check_round_trip(const struct myc__tlv *record, const uint8_t *bytes)
{
    size_t room = (size_t)myc_record_bytes(record->size);
    uint8_t *copy = malloc(room);
    size_t written = 0;
    FUZZ_CHECK(copy != NULL);
    FUZZ_CHECK(myc__tlv_encode(copy, room, record, &written, NULL) == MYC_OK);
    FUZZ_CHECK(written == room);
    FUZZ_CHECK(memcmp(copy, bytes, MYC_RECORD_HEADER_BYTES + record->size) == 0);
    FUZZ_CHECK(myc__tlv_encode(copy, room - 1, record, &written, NULL) == MYC_TOO_BIG);
    free(copy);
}

// Walks to the end and returns how it ended; every step moves on, so the steps are bounded.
static enum myc_status walk_all(struct myc__tlv_walk *walk, size_t *record_count)
{
    struct myc__tlv record;
    struct myc_diagnostic diagnostic;
    enum myc_status status = MYC_OK;
    while (status == MYC_OK) {
        size_t before = walk->offset;
        status = myc__tlv_next(walk, &record, &diagnostic);
        if (status != MYC_OK) {
            FUZZ_CHECK(walk->offset == before);
            break;
        }
        FUZZ_CHECK(walk->offset >= before + MYC_RECORD_HEADER_BYTES);
        FUZZ_CHECK(walk->offset <= walk->size);
        FUZZ_CHECK(record.type != 0);
        FUZZ_CHECK(record.size <= PAYLOAD_MAX);
        FUZZ_CHECK((const uint8_t *)record.payload == walk->bytes + before + 8);
        check_round_trip(&record, walk->bytes + before);
        (*record_count)++;
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    // The first byte says where the second walk's bytes are cut.
    if (size == 0) {
        return 0;
    }
    size_t cut_choice = data[0];
    size_t bytes_size = size - 1;
    uint8_t *bytes = malloc(bytes_size > 0 ? bytes_size : 1);
    FUZZ_CHECK(bytes != NULL);
    memcpy(bytes, data + 1, bytes_size);

    fuzz_steps_begin();
    struct myc__tlv_walk whole;
    size_t whole_count = 0;
    FUZZ_CHECK(myc__tlv_walk_init(&whole, bytes, bytes_size, PAYLOAD_MAX, NULL) == MYC_OK);
    enum myc_status whole_status = walk_all(&whole, &whole_count);

    struct myc__tlv_walk parts;
    size_t parts_count = 0;
    size_t cut = bytes_size * cut_choice / 255;
    FUZZ_CHECK(myc__tlv_walk_init(&parts, bytes, cut, PAYLOAD_MAX, NULL) == MYC_OK);
    enum myc_status parts_status = walk_all(&parts, &parts_count);
    FUZZ_CHECK(
        parts_status == MYC_END || parts_status == MYC_AGAIN || parts_status == whole_status);
    parts.size = bytes_size;
    parts_status = walk_all(&parts, &parts_count);
    FUZZ_CHECK(parts_status == whole_status);
    FUZZ_CHECK(parts_count == whole_count);
    FUZZ_CHECK(parts.offset == whole.offset);

    size_t checked = SIZE_MAX;
    enum myc_status check_status = myc__tlv_check(bytes, bytes_size, PAYLOAD_MAX, &checked, NULL);
    FUZZ_CHECK(check_status == (whole_status == MYC_END ? MYC_OK : MYC_CORRUPT));
    FUZZ_CHECK(checked == (check_status == MYC_OK ? whole_count : SIZE_MAX));
    fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
    free(bytes);
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A target that crashes, on purpose, on a record of one type with one length. A fuzzer that has not
// found it within seconds is not working.
#include <string.h>

#include <mycelium/record.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t word = 0;
    if (size < sizeof(word)) {
        return 0;
    }
    memcpy(&word, data, sizeof(word));
    struct myc_record_header header = myc_record_header(word);
    if (header.type == 0x594D) {
        FUZZ_CHECK(header.length != 0x45433030);
    }
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A target that crashes, on purpose, on one word of four bytes. A fuzzer that follows coverage
// finds it byte by byte within seconds; one that does not is not working.

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char word[] = "MYCE";
    // Volatile keeps one branch a byte: merged into one comparison, they could only be guessed.
    volatile size_t matched = 0;
    if (size < 4 || data[0] != (uint8_t)word[0]) {
        return 0;
    }
    matched = 1;
    if (data[1] != (uint8_t)word[1]) {
        return 0;
    }
    matched = 2;
    if (data[2] != (uint8_t)word[2]) {
        return 0;
    }
    matched = 3;
    FUZZ_CHECK(data[3] != (uint8_t)word[3]);
    return matched == 3 ? 0 : 1;
}

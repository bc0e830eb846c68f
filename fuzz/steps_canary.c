// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A target that must fail: its code compares every name with all before it, so its steps grow with
// the square of the input. Nothing crashes; only the bound on steps tells.
#include "steps_canary.h"

#include "fuzz.h"
#include "steps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_steps_begin();
    size_t distinct = steps_canary_distinct(data, size);
    fuzz_steps_end(size, 4096, 256);
    FUZZ_CHECK(distinct <= size);
    return 0;
}

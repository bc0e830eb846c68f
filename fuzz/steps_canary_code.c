// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The fault is planted: each name is looked for among all before it.
#include "steps_canary.h"

#include <stdbool.h>

static size_t name_end(const uint8_t *bytes, size_t size, size_t start)
{
    size_t end = start;
    while (end < size && bytes[end] != ',') {
        end++;
    }
    return end;
}

static bool is_same(const uint8_t *bytes, size_t left, size_t right, size_t count)
{
    while (count > 0 && bytes[left] == bytes[right]) {
        left++;
        right++;
        count--;
    }
    return count == 0;
}

size_t steps_canary_distinct(const uint8_t *bytes, size_t size)
{
    size_t distinct = 0;
    for (size_t start = 0; start < size; start = name_end(bytes, size, start) + 1) {
        size_t length = name_end(bytes, size, start) - start;
        bool is_new = true;
        for (size_t other = 0; other < start; other = name_end(bytes, size, other) + 1) {
            size_t other_length = name_end(bytes, size, other) - other;
            if (other_length == length && is_same(bytes, start, other, length)) {
                is_new = false;
            }
        }
        distinct += is_new ? 1 : 0;
    }
    return distinct;
}

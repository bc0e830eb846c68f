// SPDX-License-Identifier: MIT OR Apache-2.0
#ifndef MYC_UNIT_EDGE_FLATBUFFERS_SHAPES_H
#define MYC_UNIT_EDGE_FLATBUFFERS_SHAPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A quote of `count` legs that are all the same one, `depth` tables deep. Its size, 0: no room. */
size_t shapes_shared(void *bytes, size_t capacity, uint32_t depth, uint32_t count);

#ifdef __cplusplus
}
#endif

#endif

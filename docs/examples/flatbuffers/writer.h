// SPDX-License-Identifier: MIT OR Apache-2.0
#ifndef QUOTE_WRITER_H
#define QUOTE_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Builds a quote of one leg into `bytes`. Returns its size, or 0 if there is no room for it. */
size_t quote_write(void *bytes, size_t capacity);

/** Whether bytes are a quote; defined by MYC_FLATBUFFERS_VERIFY. */
bool quote_verify(const void *bytes, size_t size);

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Whether a text is one JSON value. Naive on purpose: it shares no code with what writes it.
 */
#ifndef MYC_FUZZ_JSON_H
#define MYC_FUZZ_JSON_H

#include <stdbool.h>
#include <stddef.h>

/** Whether the text is one value, on one line, in valid UTF-8 and with nothing behind it. */
bool json_is_sound(const char *text, size_t length);

#endif

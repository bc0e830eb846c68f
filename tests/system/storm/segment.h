// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Memory that processes share: sealed memory files, mapped between pages that nobody may touch.
 */
#ifndef MYC_SYSTEM_STORM_SEGMENT_H
#define MYC_SYSTEM_STORM_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>

/** A new memory file, all zero, close-on-exec. Fails the run if there is none. */
int segment_create(const char *name, size_t bytes);

/** As a publisher seals its ring: the size is fixed, nobody maps it writable from here on. */
void segment_seal(int descriptor);

/**
 * Maps a memory file so that any access before it, or up to 4 GiB behind its end, is a fault.
 * Fails the run if it cannot; false in `is_writable` maps for reading.
 */
void *segment_map(int descriptor, size_t bytes, bool is_writable);

/** Undoes segment_map(). */
void segment_unmap(void *memory, size_t bytes);

#endif

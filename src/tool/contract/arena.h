// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Memory that lives as long as a contract file and is given back whole.
 */
#ifndef MYC_TOOL_CONTRACT_ARENA_H
#define MYC_TOOL_CONTRACT_ARENA_H

#include <stddef.h>

struct contract_arena;

/** An empty arena; ends the process with status 1 when there is no memory, as does taking. */
struct contract_arena *contract_arena_create(void);

/** Gives everything back. Accepts NULL. */
void contract_arena_destroy(struct contract_arena *arena);

/** Zeroed memory for `count` things of `size` bytes, aligned for any of them. */
void *contract_arena_take(struct contract_arena *arena, size_t count, size_t size);

/** A terminated copy of `len` bytes. */
char *contract_arena_text(struct contract_arena *arena, const char *text, size_t len);

/** A terminated text made as by printf. */
char *contract_arena_format(struct contract_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// An arena of chunks. A thing larger than a chunk gets one of its own.
#include "tool/contract/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 64 * 1024, ALIGNMENT = 16 };

struct chunk {
    struct chunk *next;
    size_t used;
    size_t capacity;
    size_t reserved; // keeps `bytes` aligned
    unsigned char bytes[];
};

struct contract_arena {
    struct chunk *chunks;
};

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        fprintf(stderr, "myc: error: memory is exhausted\n");
        exit(1);
    }
    return memory;
}

struct contract_arena *contract_arena_create(void)
{
    return allocate(sizeof(struct contract_arena));
}

void contract_arena_destroy(struct contract_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    struct chunk *chunk = arena->chunks;
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    free(arena);
}

void *contract_arena_take(struct contract_arena *arena, size_t count, size_t size)
{
    size_t wanted = count > 0 && size > SIZE_MAX / 4 / count ? SIZE_MAX / 4 : count * size;
    wanted = (wanted + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    struct chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->capacity - chunk->used < wanted) {
        size_t capacity = wanted > CHUNK_BYTES ? wanted : CHUNK_BYTES;
        chunk = allocate(sizeof(*chunk) + capacity);
        chunk->capacity = capacity;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += wanted;
    return memory;
}

char *contract_arena_text(struct contract_arena *arena, const char *text, size_t len)
{
    char *copy = contract_arena_take(arena, len + 1, 1);
    memcpy(copy, text, len);
    return copy;
}

char *contract_arena_format(struct contract_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = contract_arena_take(arena, (size_t)(len > 0 ? len : 0) + 1, 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)(len > 0 ? len : 0) + 1, format, arguments);
    va_end(arguments);
    return text;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The C library's heap. Only creation and destruction come here.
#include "platform/posix/posix.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static void *memory_allocate(struct myc_memory *memory, size_t size, size_t alignment)
{
    (void)memory;
    void *bytes = NULL;
    size = size == 0 ? 1 : size; // NULL means exhausted, so an empty allocation is a real one
    if (alignment <= alignof(max_align_t)) {
        return calloc(1, size);
    }
    if (posix_memalign(&bytes, alignment, size) != 0) {
        return NULL;
    }
    memset(bytes, 0, size);
    return bytes;
}

static void memory_release(struct myc_memory *memory, void *bytes, size_t size)
{
    (void)memory;
    (void)size;
    free(bytes);
}

static const struct myc_memory_ops memory_ops = {
    .size = sizeof(memory_ops),
    .allocate = memory_allocate,
    .release = memory_release,
};

void myc__posix_memory_init(struct myc_memory *memory)
{
    memory->ops = &memory_ops;
}

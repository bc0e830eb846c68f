// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Memory seam: private memory of this process, taken at creation and given back at destruction.
 *
 * Threads: any. Hot paths never come here; a counting decorator in the tests holds us to it.
 */
#ifndef MYC_INTERFACE_MEMORY_H
#define MYC_INTERFACE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myc_memory_ops;

struct myc_memory {
    const struct myc_memory_ops *ops;
};

struct myc_memory_ops {
    uint32_t size;

    /**
     * Allocates `size` bytes, all zero, aligned to `alignment` (a power of two, at most 4096).
     * Required. Returns NULL when memory is exhausted; never for a size of 0.
     * Simulator: from the simulated process's own arena; may fail the nth call.
     */
    void *(*allocate)(struct myc_memory *memory, size_t size, size_t alignment);

    /** Gives back what allocate returned; `size` as then. Required. Accepts NULL. */
    void (*release)(struct myc_memory *memory, void *bytes, size_t size);
};

/** Zeroed bytes or NULL, which is also the answer to an alignment outside the contract. [MEM-1] */
static inline void *myc_memory_allocate(struct myc_memory *memory, size_t size, size_t alignment)
{
    if (alignment == 0 || alignment > 4096 || (alignment & (alignment - 1)) != 0) {
        return NULL;
    }
    return memory->ops->allocate(memory, size, alignment);
}

/** Accepts NULL. [MEM-2] */
static inline void myc_memory_release(struct myc_memory *memory, void *bytes, size_t size)
{
    memory->ops->release(memory, bytes, size);
}

#ifdef __cplusplus
}
#endif

#endif

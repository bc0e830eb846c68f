// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Shared-memory seam: anonymous segments whose handles travel over Unix streams.
 *
 * A segment is a handle; it lives while any process holds a handle or a mapping. Sealing makes
 * promises to whoever receives it: the size never changes, and nobody gets a writable mapping any
 * more. A receiver checks size and seals before it maps.
 * Threads: any.
 */
#ifndef MYC_INTERFACE_SHM_H
#define MYC_INTERFACE_SHM_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Promises, or-ed. */
enum {
    MYC_SEAL_SIZE = 1, /* can neither grow nor shrink */
    MYC_SEAL_WRITE = 2 /* no new writable mapping; mappings made before stay writable */
};

enum myc_shm_access { MYC_SHM_READ, MYC_SHM_READ_WRITE };

struct myc_shm_ops;

struct myc_shm {
    const struct myc_shm_ops *ops;
};

struct myc_shm_ops {
    uint32_t size;

    /**
     * Creates a zeroed segment whose pages are really allocated. Required. `name` is for listings.
     * `bytes` is a multiple of 4096. Errors: NO_MEMORY, LIMIT, INVALID.
     */
    enum myc_status (*create)(
        struct myc_shm *shm, const char *name, size_t bytes, struct myc_handle *out_handle);

    /**
     * Adds promises, and that no promise can be added or taken back later. Required.
     * Errors: DENIED (sealed before), INVALID (not a segment, or an unknown promise).
     */
    enum myc_status (*seal)(struct myc_shm *shm, struct myc_handle handle, uint32_t seals);

    /** Size and promises of a segment one was given. Required. Errors: INVALID (not a segment). */
    enum myc_status (*inspect)(
        struct myc_shm *shm, struct myc_handle handle, size_t *out_bytes, uint32_t *out_seals);

    /**
     * Maps the first `bytes` of a segment. Required. Errors: DENIED (write after MYC_SEAL_WRITE),
     * NO_MEMORY, INVALID (0 bytes, or more than the segment has).
     *
     * Simulator: every process maps at another base.
     */
    enum myc_status (*map)(
        struct myc_shm *shm,
        struct myc_handle handle,
        size_t bytes,
        enum myc_shm_access access,
        void **out_memory);

    /** Unmaps what map returned. Required. Accepts NULL. */
    void (*unmap)(struct myc_shm *shm, void *memory, size_t bytes);

    /** Closes this process's handle; mappings stay. Required. Accepts the empty handle. */
    void (*close)(struct myc_shm *shm, struct myc_handle handle);
};

MYC_MUST_USE static inline enum myc_status
myc_shm_create(struct myc_shm *shm, const char *name, size_t bytes, struct myc_handle *out_handle)
{
    return shm->ops->create(shm, name, bytes, out_handle);
}

MYC_MUST_USE static inline enum myc_status
myc_shm_seal(struct myc_shm *shm, struct myc_handle handle, uint32_t seals)
{
    return shm->ops->seal(shm, handle, seals);
}

MYC_MUST_USE static inline enum myc_status myc_shm_inspect(
    struct myc_shm *shm, struct myc_handle handle, size_t *out_bytes, uint32_t *out_seals)
{
    return shm->ops->inspect(shm, handle, out_bytes, out_seals);
}

MYC_MUST_USE static inline enum myc_status myc_shm_map(
    struct myc_shm *shm,
    struct myc_handle handle,
    size_t bytes,
    enum myc_shm_access access,
    void **out_memory)
{
    return shm->ops->map(shm, handle, bytes, access, out_memory);
}

static inline void myc_shm_unmap(struct myc_shm *shm, void *memory, size_t bytes)
{
    shm->ops->unmap(shm, memory, bytes);
}

static inline void myc_shm_close(struct myc_shm *shm, struct myc_handle handle)
{
    shm->ops->close(shm, handle);
}

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Shared-memory seam: anonymous segments whose handles travel over Unix streams, and segments that
 * are found by a name or lie in a file.
 *
 * A segment is a handle; it lives while any process holds a handle or a mapping, or a name leads to
 * it. Sealing makes promises to whoever receives it: the size never changes, and nobody gets a
 * writable mapping any more. A receiver checks size and seals before it maps. What has a name
 * cannot be sealed: whoever may open it may write it and cut it short.
 *
 * A name has one owner at a time. The lock goes with the handle, so also with a process that dies.
 * Segments never change their size; another size is another segment that takes the name over.
 * Threads: any.
 */
#ifndef MYC_INTERFACE_SHM_H
#define MYC_INTERFACE_SHM_H

#include <stdbool.h>
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

/** Huge pages of this size are what create_huge() gives. */
enum { MYC_SHM_HUGE_BYTES = 2 * 1024 * 1024 };

/** Where a segment's name is looked up. */
enum myc_shm_home {
    MYC_SHM_NAMED, /* in the host's memory, gone with its power; the text has no slash */
    MYC_SHM_FILE   /* in the file system; the text is a path */
};

struct myc_shm_name {
    enum myc_shm_home home;
    const char *text;
};

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

    /* All of the following are optional; absent: UNSUPPORTED. */

    /**
     * As create, of huge pages; `bytes` is a multiple of MYC_SHM_HUGE_BYTES, and so is whatever is
     * mapped. Errors: as create; NO_MEMORY with a diagnostic that names the pool if that is empty.
     */
    enum myc_status (*create_huge)(
        struct myc_shm *shm,
        const char *name,
        size_t bytes,
        struct myc_handle *out_handle,
        struct myc_diagnostic *diagnostic);

    /**
     * Maps a part of a segment. Offset and size are multiples of 4096. Errors: as map.
     */
    enum myc_status (*map_part)(
        struct myc_shm *shm,
        struct myc_handle handle,
        size_t offset,
        size_t bytes,
        enum myc_shm_access access,
        void **out_memory);

    /**
     * Opens what the name leads to. As owner it also takes the name's lock for as long as the
     * handle is open, and makes an empty segment where there is none.
     *
     * Errors: NOT_FOUND, IN_USE (another owner lives), DENIED (or another user's), INVALID (a
     * symbolic link, or no regular file), NO_MEMORY, LIMIT, IO. Diagnostics name the segment.
     */
    enum myc_status (*open)(
        struct myc_shm *shm,
        const struct myc_shm_name *name,
        bool is_owner,
        struct myc_handle *out_handle,
        struct myc_diagnostic *diagnostic);

    /**
     * Gives the name to a new segment, owned by this process: `bytes`, a multiple of 4096, really
     * allocated, that begin with `head` and are zero otherwise. Everybody finds either the old or
     * the new one. `*handle` is the owner's of the old one; it becomes the new one's, and the old
     * one is closed. After an error nothing has changed. Errors: NO_MEMORY, LIMIT, DENIED, INVALID,
     * IO.
     */
    enum myc_status (*replace)(
        struct myc_shm *shm,
        const struct myc_shm_name *name,
        size_t bytes,
        struct myc_const_span head,
        struct myc_handle *handle,
        struct myc_diagnostic *diagnostic);

    /** Removes the name, which the owner of `handle` holds; handles and mappings stay. Errors:
     * NOT_FOUND (it leads elsewhere by now, or nowhere), DENIED, IO. */
    enum myc_status (*remove)(
        struct myc_shm *shm, const struct myc_shm_name *name, struct myc_handle handle);

    /** Whether the segment has an owner who lives. Errors: INVALID (no such segment), IO. */
    enum myc_status (*has_owner)(struct myc_shm *shm, struct myc_handle handle, bool *out_has);
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

MYC_MUST_USE static inline enum myc_status myc_shm_create_huge(
    struct myc_shm *shm,
    const char *name,
    size_t bytes,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    return shm->ops->create_huge != NULL
               ? shm->ops->create_huge(shm, name, bytes, out_handle, diagnostic)
               : MYC_UNSUPPORTED;
}

MYC_MUST_USE static inline enum myc_status myc_shm_map_part(
    struct myc_shm *shm,
    struct myc_handle handle,
    size_t offset,
    size_t bytes,
    enum myc_shm_access access,
    void **out_memory)
{
    return shm->ops->map_part != NULL
               ? shm->ops->map_part(shm, handle, offset, bytes, access, out_memory)
               : MYC_UNSUPPORTED;
}

MYC_MUST_USE static inline enum myc_status myc_shm_open(
    struct myc_shm *shm,
    const struct myc_shm_name *name,
    bool is_owner,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    return shm->ops->open != NULL ? shm->ops->open(shm, name, is_owner, out_handle, diagnostic)
                                  : MYC_UNSUPPORTED;
}

MYC_MUST_USE static inline enum myc_status myc_shm_replace(
    struct myc_shm *shm,
    const struct myc_shm_name *name,
    size_t bytes,
    struct myc_const_span head,
    struct myc_handle *handle,
    struct myc_diagnostic *diagnostic)
{
    return shm->ops->replace != NULL ? shm->ops->replace(shm, name, bytes, head, handle, diagnostic)
                                     : MYC_UNSUPPORTED;
}

MYC_MUST_USE static inline enum myc_status
myc_shm_remove(struct myc_shm *shm, const struct myc_shm_name *name, struct myc_handle handle)
{
    return shm->ops->remove != NULL ? shm->ops->remove(shm, name, handle) : MYC_UNSUPPORTED;
}

MYC_MUST_USE static inline enum myc_status
myc_shm_has_owner(struct myc_shm *shm, struct myc_handle handle, bool *out_has)
{
    return shm->ops->has_owner != NULL ? shm->ops->has_owner(shm, handle, out_has)
                                       : MYC_UNSUPPORTED;
}

#ifdef __cplusplus
}
#endif

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * File seam: what the edges and recordings need of a file system.
 *
 * Everybody sees a change at once; what survives when the host loses power is another question.
 * What a file holds survives once `sync` of it returned OK, and which names a directory holds
 * (created, renamed, removed) once `sync_directory` of it did. Until then each change may survive
 * or not, on its own, and a long write in part. So a file is replaced for good by: write another
 * one, sync it, rename it over the old one, sync the directory.
 *
 * Threads: any; one handle is used by one thread at a time. These calls may block on the disk.
 */
#ifndef MYC_INTERFACE_FILE_H
#define MYC_INTERFACE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How to open, or-ed; 0 opens for reading only, and the others need MYC_FILE_WRITE. */
enum {
    MYC_FILE_WRITE = 1,
    MYC_FILE_CREATE = 2,    /* make it if it is not there, mode 0644 */
    MYC_FILE_EXCLUSIVE = 4, /* with CREATE: EXISTS if it is there */
    MYC_FILE_TRUNCATE = 8
};

struct myc_file_ops;

struct myc_file {
    const struct myc_file_ops *ops;
};

struct myc_file_ops {
    uint32_t size;

    /**
     * Opens `path`. Required. Errors: NOT_FOUND, EXISTS, DENIED, LIMIT, NO_MEMORY, IO, INVALID (an
     * unknown flag, or any other without MYC_FILE_WRITE). Diagnostics name the path.
     */
    enum myc_status (*open)(
        struct myc_file *file,
        const char *path,
        uint32_t flags,
        struct myc_handle *out_handle,
        struct myc_diagnostic *diagnostic);

    /**
     * Reads at `offset`. Required. OK with *out_bytes >= 1, END at the end of the file, INVALID (no
     * room, or not a file), IO.
     */
    enum myc_status (*read)(
        struct myc_file *file,
        struct myc_handle handle,
        uint64_t offset,
        struct myc_span bytes,
        size_t *out_bytes);

    /**
     * Writes at `offset`, all or an error, after which a part may have been written; nothing
     * changes nothing. Required. Errors: NO_MEMORY (disk full), INVALID (not a file), IO.
     */
    enum myc_status (*write)(
        struct myc_file *file,
        struct myc_handle handle,
        uint64_t offset,
        struct myc_const_span bytes);

    /** Size in bytes. Required. */
    enum myc_status (*get_size)(
        struct myc_file *file, struct myc_handle handle, uint64_t *out_bytes);

    /**
     * Makes what the file holds durable, and its size; not its name. Required. Errors: IO, after
     * which what was written since the last sync may be lost for good: syncing again does not help.
     */
    enum myc_status (*sync)(struct myc_file *file, struct myc_handle handle);

    /** Renames, replacing the target at once. Required. Errors: NOT_FOUND, DENIED, IO. */
    enum myc_status (*rename)(struct myc_file *file, const char *source, const char *target);

    /** Removes a file. Required. Errors: NOT_FOUND, DENIED, IO. */
    enum myc_status (*unlink)(struct myc_file *file, const char *path);

    /** Closes. Required. Accepts the empty handle. */
    void (*close)(struct myc_file *file, struct myc_handle handle);

    /**
     * Makes the names in the directory `path` durable, not what its files hold. Optional. Absent:
     * UNSUPPORTED, and the platform promises nothing about names.
     * Errors: NOT_FOUND (nothing there, or no directory), DENIED, LIMIT, IO.
     */
    enum myc_status (*sync_directory)(struct myc_file *file, const char *path);
};

MYC_MUST_USE static inline enum myc_status myc_file_open(
    struct myc_file *file,
    const char *path,
    uint32_t flags,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    return file->ops->open(file, path, flags, out_handle, diagnostic);
}

MYC_MUST_USE static inline enum myc_status myc_file_read(
    struct myc_file *file,
    struct myc_handle handle,
    uint64_t offset,
    struct myc_span bytes,
    size_t *out_bytes)
{
    return file->ops->read(file, handle, offset, bytes, out_bytes);
}

MYC_MUST_USE static inline enum myc_status myc_file_write(
    struct myc_file *file, struct myc_handle handle, uint64_t offset, struct myc_const_span bytes)
{
    return file->ops->write(file, handle, offset, bytes);
}

MYC_MUST_USE static inline enum myc_status
myc_file_get_size(struct myc_file *file, struct myc_handle handle, uint64_t *out_bytes)
{
    return file->ops->get_size(file, handle, out_bytes);
}

MYC_MUST_USE static inline enum myc_status
myc_file_sync(struct myc_file *file, struct myc_handle handle)
{
    return file->ops->sync(file, handle);
}

MYC_MUST_USE static inline enum myc_status
myc_file_rename(struct myc_file *file, const char *source, const char *target)
{
    return file->ops->rename(file, source, target);
}

MYC_MUST_USE static inline enum myc_status myc_file_unlink(struct myc_file *file, const char *path)
{
    return file->ops->unlink(file, path);
}

static inline void myc_file_close(struct myc_file *file, struct myc_handle handle)
{
    file->ops->close(file, handle);
}

MYC_MUST_USE static inline enum myc_status
myc_file_sync_directory(struct myc_file *file, const char *path)
{
    return file->ops->sync_directory != NULL ? file->ops->sync_directory(file, path)
                                             : MYC_UNSUPPORTED;
}

#ifdef __cplusplus
}
#endif

#endif

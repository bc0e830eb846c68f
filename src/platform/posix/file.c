// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Files by path and offset.
#include "platform/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include <sys/stat.h>
#include <unistd.h>

enum {
    FLAGS_ALL = MYC_FILE_WRITE | MYC_FILE_CREATE | MYC_FILE_EXCLUSIVE | MYC_FILE_TRUNCATE,
    CREATE_MODE = 0644
};

static enum myc_status file_open(
    struct myc_file *file,
    const char *path,
    uint32_t flags,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    (void)file;
    int os_flags = O_CLOEXEC;
    bool is_writing = (flags & MYC_FILE_WRITE) != 0;
    if ((flags & ~(uint32_t)FLAGS_ALL) != 0 || (flags != 0 && !is_writing)) {
        return myc__posix_fail(
            diagnostic, MYC_INVALID, 0, "creating or truncating needs MYC_FILE_WRITE for", path);
    }
    os_flags |= is_writing ? O_RDWR : O_RDONLY;
    os_flags |= (flags & MYC_FILE_CREATE) != 0 ? O_CREAT : 0;
    os_flags |= (flags & MYC_FILE_EXCLUSIVE) != 0 ? O_EXCL : 0;
    os_flags |= (flags & MYC_FILE_TRUNCATE) != 0 ? O_TRUNC : 0;
    int fd = -1;
    do {
        fd = open(path, os_flags, CREATE_MODE);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        return myc__posix_fail(diagnostic, MYC_OK, errno, "cannot open", path);
    }
    *out_handle = myc__posix_handle(fd);
    return MYC_OK;
}

static enum myc_status file_read(
    struct myc_file *file,
    struct myc_handle handle,
    uint64_t offset,
    struct myc_span bytes,
    size_t *out_bytes)
{
    (void)file;
    ssize_t count = 0;
    do {
        count = pread(myc__posix_fd(handle), bytes.data, bytes.size, (off_t)offset);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return myc__posix_status(errno);
    }
    if (count == 0) {
        return bytes.size == 0 ? MYC_INVALID : MYC_END;
    }
    *out_bytes = (size_t)count;
    return MYC_OK;
}

static enum myc_status file_write(
    struct myc_file *file, struct myc_handle handle, uint64_t offset, struct myc_const_span bytes)
{
    (void)file;
    const char *cursor = bytes.data;
    size_t left = bytes.size;
    while (left > 0) {
        ssize_t count = pwrite(myc__posix_fd(handle), cursor, left, (off_t)offset);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return count == 0 ? MYC_IO : myc__posix_status(errno);
        }
        cursor += count;
        left -= (size_t)count;
        offset += (uint64_t)count;
    }
    return MYC_OK;
}

static enum myc_status
file_get_size(struct myc_file *file, struct myc_handle handle, uint64_t *out_bytes)
{
    (void)file;
    struct stat properties;
    if (fstat(myc__posix_fd(handle), &properties) != 0) {
        return myc__posix_status(errno);
    }
    *out_bytes = (uint64_t)properties.st_size;
    return MYC_OK;
}

static enum myc_status file_sync(struct myc_file *file, struct myc_handle handle)
{
    (void)file;
    int result = 0;
    do {
        result = fsync(myc__posix_fd(handle));
    } while (result != 0 && errno == EINTR);
    return result == 0 ? MYC_OK : MYC_IO;
}

static enum myc_status file_rename(struct myc_file *file, const char *source, const char *target)
{
    (void)file;
    return rename(source, target) == 0 ? MYC_OK : myc__posix_status(errno);
}

static enum myc_status file_unlink(struct myc_file *file, const char *path)
{
    (void)file;
    return unlink(path) == 0 ? MYC_OK : myc__posix_status(errno);
}

static enum myc_status file_sync_directory(struct myc_file *file, const char *path)
{
    (void)file;
    int fd = -1;
    do {
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) {
        return myc__posix_status(errno);
    }
    enum myc_status status = file_sync(file, myc__posix_handle(fd));
    myc__posix_close(myc__posix_handle(fd));
    return status;
}

static void file_close(struct myc_file *file, struct myc_handle handle)
{
    (void)file;
    myc__posix_close(handle);
}

static const struct myc_file_ops file_ops = {
    .size = sizeof(file_ops),
    .open = file_open,
    .read = file_read,
    .write = file_write,
    .get_size = file_get_size,
    .sync = file_sync,
    .rename = file_rename,
    .unlink = file_unlink,
    .close = file_close,
    .sync_directory = file_sync_directory,
};

void myc__posix_file_init(struct myc_file *file)
{
    file->ops = &file_ops;
}

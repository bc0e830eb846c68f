// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Segments with a name, and in files: plain files that are mapped. A name belongs to whoever holds
// the lock on the file it leads to:
//  - the kernel drops the lock with its owner, so what a killed process left is free to take;
//  - a lock counts only while the file is still the one at the path: an owner replaces the file by
//    renaming another one, locked already, over it, so whoever waited for the old one looks again;
//  - a new file has its size and its first bytes before it gets the name.
#include "platform/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

enum {
    PAGE_BYTES = 4096,
    PATH_BYTES = 512,
    SEGMENT_MODE = 0600,
    ATTEMPTS_MAX = 64 /* each lost one means that another owner came and went */
};

static const char named_prefix[] = "/dev/shm/";
static const char new_suffix[] = "~myc-new"; // in no portable name, so nobody's

struct paths {
    char path[PATH_BYTES];
    char path_new[PATH_BYTES];
};

static enum myc_status refuse(
    struct myc_diagnostic *diagnostic, enum myc_status status, const char *what, const char *name)
{
    return myc__posix_fail(diagnostic, status, 0, what, name);
}

static enum myc_status
make_paths(const struct myc_shm_name *name, struct paths *paths, struct myc_diagnostic *diagnostic)
{
    size_t prefix = name->home == MYC_SHM_NAMED ? sizeof(named_prefix) - 1 : 0;
    size_t len = strlen(name->text);
    bool has_slash = strchr(name->text, '/') != NULL;
    if (len == 0 || prefix + len + sizeof(new_suffix) > PATH_BYTES
        || (name->home == MYC_SHM_NAMED && has_slash)) {
        return refuse(diagnostic, MYC_INVALID, "no segment can have the name", name->text);
    }
    memcpy(paths->path, named_prefix, prefix);
    memcpy(paths->path + prefix, name->text, len + 1);
    memcpy(paths->path_new, paths->path, prefix + len);
    memcpy(paths->path_new + prefix + len, new_suffix, sizeof(new_suffix));
    return MYC_OK;
}

static bool is_file_at(int fd, const char *path)
{
    struct stat opened, found;
    return fstat(fd, &opened) == 0 && lstat(path, &found) == 0 && opened.st_dev == found.st_dev
           && opened.st_ino == found.st_ino;
}

static int open_file(const char *path, int more_flags)
{
    int fd = -1;
    do {
        // Not waiting for the other end of a pipe somebody put there.
        fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | more_flags, SEGMENT_MODE);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static enum myc_status check_file(int fd, const char *path, struct myc_diagnostic *diagnostic)
{
    struct stat properties;
    if (fstat(fd, &properties) != 0) {
        return myc__posix_fail(diagnostic, MYC_IO, errno, "cannot look at", path);
    }
    if (!S_ISREG(properties.st_mode)) {
        return refuse(diagnostic, MYC_INVALID, "there is no regular file at", path);
    }
    if (properties.st_uid != geteuid() && geteuid() != 0) {
        return refuse(diagnostic, MYC_DENIED, "another user owns", path);
    }
    return MYC_OK;
}

// Whether the lock was taken; errno tells otherwise. It belongs to the open file, not the process.
static bool lock(int fd)
{
    struct flock request = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result = 0;
    do {
        result = fcntl(fd, F_OFD_SETLK, &request);
    } while (result != 0 && errno == EINTR);
    return result == 0;
}

static enum myc_status fail_to_open(const char *path, int os_error, struct myc_diagnostic *out)
{
    if (os_error == ELOOP) {
        return refuse(out, MYC_INVALID, "there is a symbolic link at", path);
    }
    return myc__posix_fail(out, MYC_OK, os_error, "cannot open the segment", path);
}

static enum myc_status
open_owned(const char *path, struct myc_handle *out_handle, struct myc_diagnostic *diagnostic)
{
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        int fd = open_file(path, O_CREAT);
        if (fd < 0) {
            return fail_to_open(path, errno, diagnostic);
        }
        enum myc_status status = check_file(fd, path, diagnostic);
        if (status == MYC_OK && !lock(fd)) {
            bool is_held = errno == EAGAIN || errno == EACCES;
            status = is_held ? refuse(diagnostic, MYC_IN_USE, "a living process owns", path)
                             : myc__posix_fail(diagnostic, MYC_IO, errno, "cannot lock", path);
        }
        if (status == MYC_OK && is_file_at(fd, path)) {
            *out_handle = myc__posix_handle(fd);
            return MYC_OK;
        }
        (void)close(fd); // its former owner replaced or removed it between our open and our lock
        if (status != MYC_OK) {
            return status;
        }
    }
    return refuse(diagnostic, MYC_IN_USE, "others keep taking and leaving", path);
}

enum myc_status myc__posix_shm_open(
    struct myc_shm *shm,
    const struct myc_shm_name *name,
    bool is_owner,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    (void)shm;
    struct paths paths;
    enum myc_status status = make_paths(name, &paths, diagnostic);
    if (status != MYC_OK || is_owner) {
        return status != MYC_OK ? status : open_owned(paths.path, out_handle, diagnostic);
    }
    int fd = open_file(paths.path, 0);
    if (fd < 0) {
        return fail_to_open(paths.path, errno, diagnostic);
    }
    status = check_file(fd, paths.path, diagnostic);
    if (status != MYC_OK) {
        (void)close(fd);
        return status;
    }
    *out_handle = myc__posix_handle(fd);
    return MYC_OK;
}

// Everything a new file needs before it gets the name. Zero, or the OS error.
static int prepare(int fd, size_t bytes, struct myc_const_span head)
{
    // Under a harsh umask the next owner could not even open what this one leaves.
    if (fchmod(fd, SEGMENT_MODE) != 0 || !lock(fd)) {
        return errno;
    }
    // Allocated for real: a full disk is an error now, never a SIGBUS later.
    int os_error = 0;
    do {
        os_error = posix_fallocate(fd, 0, (off_t)bytes);
    } while (os_error == EINTR);
    if (os_error != 0) {
        return os_error == EFBIG ? ENOSPC : os_error;
    }
    ssize_t count = 0;
    do {
        count = pwrite(fd, head.data, head.size, 0);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return errno;
    }
    return (size_t)count == head.size ? 0 : EIO;
}

enum myc_status myc__posix_shm_replace(
    struct myc_shm *shm,
    const struct myc_shm_name *name,
    size_t bytes,
    struct myc_const_span head,
    struct myc_handle *handle,
    struct myc_diagnostic *diagnostic)
{
    (void)shm;
    struct paths paths;
    enum myc_status status = make_paths(name, &paths, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    if (bytes == 0 || bytes % PAGE_BYTES != 0 || bytes > INT64_MAX || head.size > bytes) {
        return refuse(diagnostic, MYC_INVALID, "the size must be whole pages of", paths.path);
    }
    (void)unlink(paths.path_new); // of an owner that died in here; we hold the lock
    int fd = open_file(paths.path_new, O_CREAT | O_EXCL);
    if (fd < 0) {
        return myc__posix_fail(diagnostic, MYC_OK, errno, "cannot make", paths.path_new);
    }
    int os_error = prepare(fd, bytes, head);
    if (os_error == 0 && rename(paths.path_new, paths.path) != 0) {
        os_error = errno;
    }
    if (os_error != 0) {
        (void)unlink(paths.path_new);
        (void)close(fd);
        return myc__posix_fail(diagnostic, MYC_OK, os_error, "cannot make the segment", paths.path);
    }
    myc__posix_close(*handle);
    *handle = myc__posix_handle(fd);
    return MYC_OK;
}

enum myc_status myc__posix_shm_remove(
    struct myc_shm *shm, const struct myc_shm_name *name, struct myc_handle handle)
{
    (void)shm;
    struct paths paths;
    enum myc_status status = make_paths(name, &paths, NULL);
    if (status != MYC_OK) {
        return status;
    }
    if (!is_file_at(myc__posix_fd(handle), paths.path)) {
        return MYC_NOT_FOUND;
    }
    (void)unlink(paths.path_new); // of an owner that died while it replaced
    return unlink(paths.path) == 0 ? MYC_OK : myc__posix_status(errno);
}

enum myc_status
myc__posix_shm_has_owner(struct myc_shm *shm, struct myc_handle handle, bool *out_has)
{
    (void)shm;
    struct flock request = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int result = 0;
    do {
        // Asks without taking, so that nobody finds the lock taken by someone who only asked.
        result = fcntl(myc__posix_fd(handle), F_OFD_GETLK, &request);
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        return errno == EBADF || errno == EINVAL ? MYC_INVALID : MYC_IO;
    }
    *out_has = request.l_type != F_UNLCK;
    return MYC_OK;
}

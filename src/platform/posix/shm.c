// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Sealed memory files. A segment's pages are allocated when it is made: a full machine is an error
// then, never a SIGBUS later.
#include "platform/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, NAME_BYTES = 64 };

static enum myc_status
create(const char *name, size_t bytes, unsigned huge_flags, struct myc_handle *out_handle)
{
    char cut_name[NAME_BYTES] = "mycelium";
    if (bytes == 0 || bytes % PAGE_BYTES != 0 || bytes > INT64_MAX) {
        return MYC_INVALID;
    }
    if (name != NULL) {
        size_t len = strnlen(name, sizeof(cut_name) - 1);
        memcpy(cut_name, name, len);
        cut_name[len] = '\0';
    }
    int fd = memfd_create(cut_name, MFD_CLOEXEC | MFD_ALLOW_SEALING | huge_flags);
    if (fd < 0) {
        return myc__posix_status(errno);
    }
    int result = 0;
    do {
        result = fallocate(fd, 0, 0, (off_t)bytes);
    } while (result != 0 && errno == EINTR);
    if (result != 0) {
        enum myc_status status = errno == EFBIG ? MYC_LIMIT : myc__posix_status(errno);
        (void)close(fd);
        return status;
    }
    *out_handle = myc__posix_handle(fd);
    return MYC_OK;
}

static enum myc_status
shm_create(struct myc_shm *shm, const char *name, size_t bytes, struct myc_handle *out_handle)
{
    (void)shm;
    return create(name, bytes, 0, out_handle);
}

static enum myc_status shm_create_huge(
    struct myc_shm *shm,
    const char *name,
    size_t bytes,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    (void)shm;
    if (bytes % MYC_SHM_HUGE_BYTES != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "the size is no multiple of huge pages of 2 MiB");
    }
    enum myc_status status = create(name, bytes, MFD_HUGETLB | MFD_HUGE_2MB, out_handle);
    if (status == MYC_NO_MEMORY) {
        (void)myc_diagnostic_set(diagnostic, status, 0, "no ");
        myc_diagnostic_append_u64(diagnostic, bytes / MYC_SHM_HUGE_BYTES);
        myc_diagnostic_append(
            diagnostic, " free huge pages of 2 MiB: see /proc/sys/vm/nr_hugepages");
    } else if (status != MYC_OK) {
        (void)myc_diagnostic_set(
            diagnostic, status, 0, "this kernel gives no memory of huge pages of 2 MiB");
    }
    return status;
}

static enum myc_status shm_seal(struct myc_shm *shm, struct myc_handle handle, uint32_t seals)
{
    (void)shm;
    int flags = F_SEAL_SEAL;
    if ((seals & ~(uint32_t)(MYC_SEAL_SIZE | MYC_SEAL_WRITE)) != 0) {
        return MYC_INVALID;
    }
    flags |= (seals & MYC_SEAL_SIZE) != 0 ? F_SEAL_GROW | F_SEAL_SHRINK : 0;
    flags |= (seals & MYC_SEAL_WRITE) != 0 ? F_SEAL_FUTURE_WRITE : 0;
    if (fcntl(myc__posix_fd(handle), F_ADD_SEALS, flags) != 0) {
        return myc__posix_status(errno); // EPERM: sealed for good before
    }
    return MYC_OK;
}

static enum myc_status
shm_inspect(struct myc_shm *shm, struct myc_handle handle, size_t *out_bytes, uint32_t *out_seals)
{
    (void)shm;
    struct stat properties;
    if (fstat(myc__posix_fd(handle), &properties) != 0) {
        return MYC_INVALID;
    }
    int flags = fcntl(myc__posix_fd(handle), F_GET_SEALS);
    if (flags < 0 && !S_ISREG(properties.st_mode)) {
        return MYC_INVALID; // neither a memory file nor a file of a disk, which has no seals
    }
    flags = flags < 0 ? 0 : flags;
    uint32_t seals = 0;
    if ((flags & F_SEAL_GROW) != 0 && (flags & F_SEAL_SHRINK) != 0) {
        seals |= MYC_SEAL_SIZE;
    }
    if ((flags & (F_SEAL_FUTURE_WRITE | F_SEAL_WRITE)) != 0) {
        seals |= MYC_SEAL_WRITE;
    }
    *out_bytes = (size_t)properties.st_size;
    *out_seals = seals;
    return MYC_OK;
}

static enum myc_status shm_map_part(
    struct myc_shm *shm,
    struct myc_handle handle,
    size_t offset,
    size_t bytes,
    enum myc_shm_access access,
    void **out_memory)
{
    (void)shm;
    struct stat properties;
    int protection = access == MYC_SHM_READ_WRITE ? PROT_READ | PROT_WRITE : PROT_READ;
    if (fstat(myc__posix_fd(handle), &properties) != 0) {
        return MYC_INVALID;
    }
    // Touching a page behind the end would be a SIGBUS.
    if (bytes == 0 || properties.st_size < 0 || bytes > (size_t)properties.st_size
        || offset > (size_t)properties.st_size - bytes || offset % PAGE_BYTES != 0) {
        return MYC_INVALID;
    }
    void *memory = mmap(NULL, bytes, protection, MAP_SHARED, myc__posix_fd(handle), (off_t)offset);
    if (memory == MAP_FAILED) {
        return myc__posix_status(errno);
    }
    *out_memory = memory;
    return MYC_OK;
}

static enum myc_status shm_map(
    struct myc_shm *shm,
    struct myc_handle handle,
    size_t bytes,
    enum myc_shm_access access,
    void **out_memory)
{
    return shm_map_part(shm, handle, 0, bytes, access, out_memory);
}

static void shm_unmap(struct myc_shm *shm, void *memory, size_t bytes)
{
    (void)shm;
    if (memory != NULL) {
        (void)munmap(memory, bytes);
    }
}

static void shm_close(struct myc_shm *shm, struct myc_handle handle)
{
    (void)shm;
    myc__posix_close(handle);
}

static const struct myc_shm_ops shm_ops = {
    .size = sizeof(shm_ops),
    .create = shm_create,
    .seal = shm_seal,
    .inspect = shm_inspect,
    .map = shm_map,
    .unmap = shm_unmap,
    .close = shm_close,
    .create_huge = shm_create_huge,
    .map_part = shm_map_part,
    .open = myc__posix_shm_open,
    .replace = myc__posix_shm_replace,
    .remove = myc__posix_shm_remove,
    .has_owner = myc__posix_shm_has_owner,
};

void myc__posix_shm_init(struct myc_shm *shm)
{
    shm->ops = &shm_ops;
}

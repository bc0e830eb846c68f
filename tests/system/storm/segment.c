// SPDX-License-Identifier: MIT OR Apache-2.0
#define _GNU_SOURCE 1
#include "system/storm/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "system/storm/storm.h"

#define GUARD_BEFORE ((size_t)1 << 20)
#define GUARD_BEHIND (((size_t)1 << 32) + ((size_t)1 << 20)) // a record's length has 32 bits

int segment_create(const char *name, size_t bytes)
{
    int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    STORM_CHECK(descriptor >= 0, "memfd_create: errno %d", errno);
    STORM_CHECK(fallocate(descriptor, 0, 0, (off_t)bytes) == 0, "fallocate: errno %d", errno);
    return descriptor;
}

void segment_seal(int descriptor)
{
    int seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
    STORM_CHECK(fcntl(descriptor, F_ADD_SEALS, seals) == 0, "errno %d", errno);
}

void *segment_map(int descriptor, size_t bytes, bool is_writable)
{
    int protection = is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
    unsigned char *reserved = mmap(
        NULL,
        GUARD_BEFORE + bytes + GUARD_BEHIND,
        PROT_NONE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
        -1,
        0);
    STORM_CHECK(reserved != MAP_FAILED, "no room for guard pages: errno %d", errno);
    void *memory =
        mmap(reserved + GUARD_BEFORE, bytes, protection, MAP_SHARED | MAP_FIXED, descriptor, 0);
    STORM_CHECK(memory != MAP_FAILED, "mmap: errno %d", errno);
    return memory;
}

void segment_unmap(void *memory, size_t bytes)
{
    unsigned char *reserved = (unsigned char *)memory - GUARD_BEFORE;
    STORM_CHECK(munmap(reserved, GUARD_BEFORE + bytes + GUARD_BEHIND) == 0, "errno %d", errno);
}

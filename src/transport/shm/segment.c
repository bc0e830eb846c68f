// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Segments for rings and pages. What a peer hands over is believed only after its size and seals
// were checked, because a segment that could shrink would kill whoever reads it.
#include "transport/shm/segment.h"

#include <string.h>

#include <mycelium/interface/shm.h>
#include <mycelium/ring.h>

static enum myc_status create(
    struct myc_platform *platform,
    const char *name,
    size_t bytes,
    enum myc_shm_access access,
    uint32_t seals,
    struct myc__segment *out_segment)
{
    struct myc__segment segment = {.bytes = bytes};
    enum myc_status status = myc_shm_create(platform->shm, name, bytes, &segment.handle);
    if (status == MYC_OK) {
        status = myc_shm_map(platform->shm, segment.handle, bytes, access, &segment.memory);
    }
    if (status == MYC_OK) {
        status = myc_shm_seal(platform->shm, segment.handle, seals);
    }
    if (status != MYC_OK) {
        myc__segment_release(platform, &segment);
        return status;
    }
    *out_segment = segment;
    return MYC_OK;
}

enum myc_status myc__segment_create_ring(
    struct myc_platform *platform, size_t bytes, struct myc__segment *out_segment)
{
    return create(
        platform,
        "myc-ring",
        bytes,
        MYC_SHM_READ_WRITE,
        MYC_SEAL_SIZE | MYC_SEAL_WRITE,
        out_segment);
}

enum myc_status
myc__segment_create_page(struct myc_platform *platform, struct myc__segment *out_segment)
{
    return create(
        platform, "myc-page", MYC_RING_PAGE_BYTES, MYC_SHM_READ, MYC_SEAL_SIZE, out_segment);
}

static enum myc_status take(
    struct myc_platform *platform,
    struct myc_handle handle,
    uint64_t bytes,
    uint32_t seals_wanted,
    enum myc_shm_access access,
    const char *what,
    struct myc__segment *out_segment,
    struct myc_diagnostic *diagnostic)
{
    size_t size = 0;
    uint32_t seals = 0;
    struct myc__segment segment = {.bytes = (size_t)bytes};
    enum myc_status status = myc_shm_inspect(platform->shm, handle, &size, &seals);
    if (status != MYC_OK || size != bytes || (seals & seals_wanted) != seals_wanted) {
        myc_shm_close(platform->shm, handle);
        (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, what);
        myc_diagnostic_append(diagnostic, " from the peer: size ");
        myc_diagnostic_append_u64(diagnostic, size);
        myc_diagnostic_append(diagnostic, " (announced ");
        myc_diagnostic_append_u64(diagnostic, bytes);
        myc_diagnostic_append(diagnostic, "), seals ");
        myc_diagnostic_append_u64(diagnostic, seals);
        return MYC_CORRUPT;
    }
    status = myc_shm_map(platform->shm, handle, segment.bytes, access, &segment.memory);
    myc_shm_close(platform->shm, handle);
    if (status != MYC_OK) {
        return myc_diagnostic_set(
            diagnostic, status, 0, "a segment from the peer cannot be mapped");
    }
    *out_segment = segment;
    return MYC_OK;
}

enum myc_status myc__segment_take_ring(
    struct myc_platform *platform,
    struct myc_handle handle,
    uint64_t bytes,
    struct myc__segment *out_segment,
    struct myc_diagnostic *diagnostic)
{
    return take(
        platform,
        handle,
        bytes,
        MYC_SEAL_SIZE | MYC_SEAL_WRITE,
        MYC_SHM_READ,
        "the ring segment",
        out_segment,
        diagnostic);
}

enum myc_status myc__segment_take_page(
    struct myc_platform *platform,
    struct myc_handle handle,
    struct myc__segment *out_segment,
    struct myc_diagnostic *diagnostic)
{
    return take(
        platform,
        handle,
        MYC_RING_PAGE_BYTES,
        MYC_SEAL_SIZE,
        MYC_SHM_READ_WRITE,
        "the page segment",
        out_segment,
        diagnostic);
}

void myc__segment_release(struct myc_platform *platform, struct myc__segment *segment)
{
    myc_shm_unmap(platform->shm, segment->memory, segment->bytes);
    myc_shm_close(platform->shm, segment->handle);
    memset(segment, 0, sizeof(*segment));
}

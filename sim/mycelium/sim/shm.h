// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Shared memory of the simulated kernel. Part of the implementation unit.
 *
 * All segments of a world are ranges of one anonymous file. Each mapping gets an address of its own
 * that no other mapping of the run ever had, so pointers stored in a segment, and addresses of a
 * dead process, hit nothing. ThreadSanitizer allows few addresses; there the OS picks them.
 */
#ifndef MYC_SIM_SHM_H
#define MYC_SIM_SHM_H

#include <mycelium/sim/internal.h>

#include <stdlib.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mycelium/interface/shm.h>
#include <mycelium/sim/poller.h>

enum { SIM__PAGE = 4096, SIM__SHM_STEP = 1 << 20 };

static const uint64_t sim__shm_base = UINT64_C(0x200000000000);
static const uint64_t sim__shm_limit = UINT64_C(0x600000000000);
static const uint64_t sim__segment_bytes_max = UINT64_C(1) << 36;

struct sim__segment {
    struct sim__object object;
    uint64_t file_offset;
    size_t bytes;
    uint32_t seals;
    bool is_sealed;
};

struct sim__shm_mapping {
    struct sim__shm_mapping *next;
    struct sim__segment *segment;
    void *memory;
    size_t bytes; /* as asked for */
};

struct sim__shm_seam {
    struct myc_shm seam;
    struct sim__process *process;
    struct sim__shm_mapping *mappings;
};

struct sim__shm_world {
    int fd;
    uint64_t file_end;
    uint64_t address; /* of the next mapping */
};

static size_t sim__page_up(size_t bytes)
{
    return (bytes + SIM__PAGE - 1) / SIM__PAGE * SIM__PAGE;
}

static struct sim__shm_world *sim__shm_world(struct myc_sim *world)
{
    struct sim__shm_world *shm = world->extra[SIM__EXTRA_SHM];
    if (shm == NULL) {
        shm = sim__allocate(world, sizeof(*shm));
        shm->fd = memfd_create("mycelium-sim", MFD_CLOEXEC);
        shm->address = sim__shm_base;
        if (shm->fd < 0) {
            sim__fail(world, "the harness cannot make an anonymous file for shared memory");
        }
        world->extra[SIM__EXTRA_SHM] = shm;
    }
    return shm;
}

static void sim__segment_release(struct myc_sim *world, struct sim__object *object)
{
    struct sim__segment *segment = MYC_CONTAINER_OF(object, struct sim__segment, object);
    (void)fallocate(
        sim__shm_world(world)->fd,
        FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
        (off_t)segment->file_offset,
        (off_t)segment->bytes);
    sim__memory_forget_segment(world, segment->object.id);
    sim__free(world, segment);
}

static const struct sim__object_ops sim__segment_ops = {
    .kind = "segment",
    .release = sim__segment_release,
};

static struct sim__process *sim__shm_process(struct myc_shm *seam)
{
    return MYC_CONTAINER_OF(seam, struct sim__shm_seam, seam)->process;
}

/* The segment of a handle, be it of a segment or of a name; NULL: of neither, or it is empty. */
static struct sim__segment *sim__segment_find(struct myc_shm *seam, struct myc_handle handle)
{
    struct sim__object *object = sim__descriptor_lookup(sim__shm_process(seam), handle, NULL);
    if (object == NULL || (object->ops != &sim__segment_ops && object->ops->segment == NULL)) {
        return NULL;
    }
    return object->ops->segment != NULL ? object->ops->segment(object)
                                        : MYC_CONTAINER_OF(object, struct sim__segment, object);
}

static bool sim__shm_is_out_of_memory(struct myc_sim *world)
{
    bool is_out = sim__fault(world, MYC_SIM_FAULT_SHM_NO_MEMORY);
    if (is_out) {
        sim__fault_effect(world, MYC_SIM_FAULT_SHM_NO_MEMORY);
    }
    return is_out;
}

/* A segment that one reference names: the caller's. NULL: there is no room for it. */
static struct sim__segment *sim__segment_make(struct myc_sim *world, size_t bytes)
{
    struct sim__shm_world *shm = sim__shm_world(world);
    uint64_t end = shm->file_end + sim__page_up(bytes);
    if (bytes > sim__segment_bytes_max || ftruncate(shm->fd, (off_t)end) != 0) {
        return NULL;
    }
    struct sim__segment *segment = sim__allocate(world, sizeof(*segment));
    sim__object_init(world, &segment->object, &sim__segment_ops);
    segment->file_offset = shm->file_end;
    segment->bytes = bytes;
    shm->file_end = end;
    sim__note(world, SIM__NOTE_SHM, segment->object.id, bytes);
    return segment;
}

/* Reads a part of a segment past the mappings. */
static void sim__segment_read(
    struct myc_sim *world,
    const struct sim__segment *segment,
    uint64_t offset,
    void *bytes,
    size_t size)
{
    off_t at = (off_t)(segment->file_offset + offset);
    if (pread(sim__shm_world(world)->fd, bytes, size, at) != (ssize_t)size) {
        sim__fail(world, "the harness cannot read a segment");
    }
}

/* Writes the beginning of a segment past the mappings. */
static void sim__segment_write(
    struct myc_sim *world, const struct sim__segment *segment, const void *bytes, size_t size)
{
    off_t at = (off_t)segment->file_offset;
    if (size > 0 && pwrite(sim__shm_world(world)->fd, bytes, size, at) != (ssize_t)size) {
        sim__fail(world, "the harness cannot write a segment");
    }
    sim__memory_forget_segment(world, segment->object.id);
}

static enum myc_status sim__shm_make(
    struct sim__process *process, size_t bytes, size_t unit, struct myc_handle *out_handle)
{
    struct myc_sim *world = process->world;
    if (bytes == 0 || bytes % unit != 0) {
        return MYC_INVALID;
    }
    struct sim__segment *segment =
        sim__shm_is_out_of_memory(world) ? NULL : sim__segment_make(world, bytes);
    return segment != NULL ? sim__object_publish(process, &segment->object, out_handle)
                           : MYC_NO_MEMORY;
}

static enum myc_status
sim__shm_create(struct myc_shm *seam, const char *name, size_t bytes, struct myc_handle *out_handle)
{
    (void)name;
    sim__point(sim__shm_process(seam)->world, "shm.create");
    return sim__shm_make(sim__shm_process(seam), bytes, SIM__PAGE, out_handle);
}

/* The simulated hosts have as many huge pages as they have memory. */
static enum myc_status sim__shm_create_huge(
    struct myc_shm *seam,
    const char *name,
    size_t bytes,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    (void)name;
    sim__point(sim__shm_process(seam)->world, "shm.create_huge");
    enum myc_status status =
        sim__shm_make(sim__shm_process(seam), bytes, MYC_SHM_HUGE_BYTES, out_handle);
    if (status == MYC_NO_MEMORY) {
        (void)myc_diagnostic_set(diagnostic, status, 0, "no ");
        myc_diagnostic_append_u64(diagnostic, bytes / MYC_SHM_HUGE_BYTES);
        myc_diagnostic_append(
            diagnostic, " free huge pages of 2 MiB: see /proc/sys/vm/nr_hugepages");
    } else if (status != MYC_OK) {
        (void)myc_diagnostic_set(
            diagnostic, status, 0, "the size is no multiple of huge pages of 2 MiB");
    }
    return status;
}

static enum myc_status sim__shm_seal(struct myc_shm *seam, struct myc_handle handle, uint32_t seals)
{
    struct sim__process *process = sim__shm_process(seam);
    sim__point(process->world, "shm.seal");
    struct sim__object *object = sim__descriptor_lookup(process, handle, &sim__segment_ops);
    struct sim__segment *segment =
        object != NULL ? MYC_CONTAINER_OF(object, struct sim__segment, object) : NULL;
    if (segment == NULL || (seals & ~(uint32_t)(MYC_SEAL_SIZE | MYC_SEAL_WRITE)) != 0) {
        return MYC_INVALID;
    }
    if (segment->is_sealed) {
        return MYC_DENIED;
    }
    segment->seals = seals;
    segment->is_sealed = true;
    return MYC_OK;
}

static enum myc_status sim__shm_inspect(
    struct myc_shm *seam, struct myc_handle handle, size_t *out_bytes, uint32_t *out_seals)
{
    sim__point(sim__shm_process(seam)->world, "shm.inspect");
    const struct sim__segment *segment = sim__segment_find(seam, handle);
    const struct sim__object *object = sim__descriptor_lookup(sim__shm_process(seam), handle, NULL);
    if (segment == NULL && object != NULL && object->ops->segment != NULL) {
        *out_bytes = 0;
        *out_seals = 0;
        return MYC_OK;
    }
    if (segment == NULL) {
        return MYC_INVALID;
    }
    *out_bytes = segment->bytes;
    *out_seals = segment->seals;
    return MYC_OK;
}

/* Maps at an address that this run has not used; NULL when the OS has no room. */
static void *sim__shm_place(
    struct myc_sim *world,
    const struct sim__segment *segment,
    size_t part,
    size_t bytes,
    int protection)
{
    struct sim__shm_world *shm = sim__shm_world(world);
    off_t offset = (off_t)(segment->file_offset + part);
    void *memory = MAP_FAILED;
#ifndef MYC_SIM_HAS_TSAN
    for (int i = 0; memory == MAP_FAILED && i < 16 && shm->address < sim__shm_limit - bytes; i++) {
        void *wish = (void *)(uintptr_t)shm->address;
        shm->address += (bytes + 2 * SIM__SHM_STEP - 1) / SIM__SHM_STEP * SIM__SHM_STEP;
        memory = mmap(wish, bytes, protection, MAP_SHARED | MAP_FIXED_NOREPLACE, shm->fd, offset);
    }
#endif
    if (memory == MAP_FAILED) {
        memory = mmap(NULL, bytes, protection, MAP_SHARED, shm->fd, offset);
    }
    return memory != MAP_FAILED ? memory : NULL;
}

static enum myc_status sim__shm_map_part(
    struct myc_shm *seam,
    struct myc_handle handle,
    size_t offset,
    size_t bytes,
    enum myc_shm_access access,
    void **out_memory)
{
    struct sim__shm_seam *part = MYC_CONTAINER_OF(seam, struct sim__shm_seam, seam);
    struct myc_sim *world = part->process->world;
    sim__point(world, "shm.map");
    struct sim__segment *segment = sim__segment_find(seam, handle);
    if (segment == NULL || bytes == 0 || bytes > segment->bytes || offset > segment->bytes - bytes
        || offset % SIM__PAGE != 0) {
        return MYC_INVALID;
    }
    bool is_writable = access == MYC_SHM_READ_WRITE;
    if (is_writable && (segment->seals & MYC_SEAL_WRITE) != 0) {
        return MYC_DENIED;
    }
    void *memory = NULL;
    if (!sim__shm_is_out_of_memory(world)) {
        int protection = is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
        memory = sim__shm_place(world, segment, offset, sim__page_up(bytes), protection);
    }
    if (memory == NULL) {
        return MYC_NO_MEMORY;
    }
    struct sim__shm_mapping *mapping = sim__allocate(world, sizeof(*mapping));
    *mapping = (struct sim__shm_mapping){part->mappings, segment, memory, bytes};
    part->mappings = mapping;
    sim__object_retain(&segment->object);
    sim__mapping_add(part->process, memory, bytes, segment->object.id, offset);
    sim__note(world, SIM__NOTE_MAP, segment->object.id, bytes);
    *out_memory = memory;
    return MYC_OK;
}

static enum myc_status sim__shm_map(
    struct myc_shm *seam,
    struct myc_handle handle,
    size_t bytes,
    enum myc_shm_access access,
    void **out_memory)
{
    return sim__shm_map_part(seam, handle, 0, bytes, access, out_memory);
}

/* Takes the mapping that a link of the list points to away. */
static void sim__shm_unmap_at(struct sim__process *process, struct sim__shm_mapping **link)
{
    struct sim__shm_mapping *mapping = *link;
    *link = mapping->next;
    sim__mapping_remove(process, mapping->memory);
    (void)munmap(mapping->memory, sim__page_up(mapping->bytes));
    sim__object_drop(process->world, &mapping->segment->object);
    sim__free(process->world, mapping);
}

static void sim__shm_unmap(struct myc_shm *seam, void *memory, size_t bytes)
{
    struct sim__shm_seam *part = MYC_CONTAINER_OF(seam, struct sim__shm_seam, seam);
    struct myc_sim *world = part->process->world;
    sim__point(world, "shm.unmap");
    if (memory == NULL) {
        return;
    }
    struct sim__shm_mapping **link = &part->mappings;
    while (*link != NULL && (*link)->memory != memory) {
        link = &(*link)->next;
    }
    if (*link == NULL || (*link)->bytes != bytes) {
        sim__fail(
            world, "shm.unmap: '%s' has no mapping of %zu bytes there", part->process->name, bytes);
    }
    sim__shm_unmap_at(part->process, link);
}

static void sim__shm_close(struct myc_shm *seam, struct myc_handle handle)
{
    sim__close_handle(sim__shm_process(seam), handle, "shm.close");
}

#endif

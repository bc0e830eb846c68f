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

static struct sim__segment *sim__segment_find(struct myc_shm *seam, struct myc_handle handle)
{
    struct sim__object *object =
        sim__descriptor_lookup(sim__shm_process(seam), handle, &sim__segment_ops);
    return object != NULL ? MYC_CONTAINER_OF(object, struct sim__segment, object) : NULL;
}

static bool sim__shm_is_out_of_memory(struct myc_sim *world)
{
    bool is_out = sim__fault(world, MYC_SIM_FAULT_SHM_NO_MEMORY);
    if (is_out) {
        sim__fault_effect(world, MYC_SIM_FAULT_SHM_NO_MEMORY);
    }
    return is_out;
}

static enum myc_status
sim__shm_create(struct myc_shm *seam, const char *name, size_t bytes, struct myc_handle *out_handle)
{
    struct sim__process *process = sim__shm_process(seam);
    struct myc_sim *world = process->world;
    (void)name;
    sim__point(world, "shm.create");
    if (bytes == 0 || bytes % SIM__PAGE != 0) {
        return MYC_INVALID;
    }
    struct sim__shm_world *shm = sim__shm_world(world);
    if (bytes > sim__segment_bytes_max || sim__shm_is_out_of_memory(world)
        || ftruncate(shm->fd, (off_t)(shm->file_end + bytes)) != 0) {
        return MYC_NO_MEMORY;
    }
    struct sim__segment *segment = sim__allocate(world, sizeof(*segment));
    sim__object_init(world, &segment->object, &sim__segment_ops);
    segment->file_offset = shm->file_end;
    segment->bytes = bytes;
    shm->file_end += bytes;
    sim__note(world, SIM__NOTE_SHM, segment->object.id, bytes);
    return sim__object_publish(process, &segment->object, out_handle);
}

static enum myc_status sim__shm_seal(struct myc_shm *seam, struct myc_handle handle, uint32_t seals)
{
    sim__point(sim__shm_process(seam)->world, "shm.seal");
    struct sim__segment *segment = sim__segment_find(seam, handle);
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
    if (segment == NULL) {
        return MYC_INVALID;
    }
    *out_bytes = segment->bytes;
    *out_seals = segment->seals;
    return MYC_OK;
}

/* Maps at an address that this run has not used; NULL when the OS has no room. */
static void *sim__shm_place(
    struct myc_sim *world, const struct sim__segment *segment, size_t bytes, int protection)
{
    struct sim__shm_world *shm = sim__shm_world(world);
    off_t offset = (off_t)segment->file_offset;
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

static enum myc_status sim__shm_map(
    struct myc_shm *seam,
    struct myc_handle handle,
    size_t bytes,
    enum myc_shm_access access,
    void **out_memory)
{
    struct sim__shm_seam *part = MYC_CONTAINER_OF(seam, struct sim__shm_seam, seam);
    struct myc_sim *world = part->process->world;
    sim__point(world, "shm.map");
    struct sim__segment *segment = sim__segment_find(seam, handle);
    if (segment == NULL || bytes == 0 || bytes > segment->bytes) {
        return MYC_INVALID;
    }
    bool is_writable = access == MYC_SHM_READ_WRITE;
    if (is_writable && (segment->seals & MYC_SEAL_WRITE) != 0) {
        return MYC_DENIED;
    }
    void *memory = NULL;
    if (!sim__shm_is_out_of_memory(world)) {
        int protection = is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
        memory = sim__shm_place(world, segment, sim__page_up(bytes), protection);
    }
    if (memory == NULL) {
        return MYC_NO_MEMORY;
    }
    struct sim__shm_mapping *mapping = sim__allocate(world, sizeof(*mapping));
    *mapping = (struct sim__shm_mapping){part->mappings, segment, memory, bytes};
    part->mappings = mapping;
    sim__object_retain(&segment->object);
    sim__mapping_add(part->process, memory, bytes, segment->object.id);
    sim__note(world, SIM__NOTE_MAP, segment->object.id, bytes);
    *out_memory = memory;
    return MYC_OK;
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

static const struct myc_shm_ops sim__shm_ops = {
    .size = sizeof(struct myc_shm_ops),
    .create = sim__shm_create,
    .seal = sim__shm_seal,
    .inspect = sim__shm_inspect,
    .map = sim__shm_map,
    .unmap = sim__shm_unmap,
    .close = sim__shm_close,
};

// ---- The part ----

static void sim__shm_start(struct sim__process *process)
{
    struct sim__shm_seam *part = sim__allocate(process->world, sizeof(*part));
    part->seam.ops = &sim__shm_ops;
    part->process = process;
    process->extra[SIM__EXTRA_SHM] = part;
    process->platform.shm = &part->seam;
}

static void sim__shm_end(struct sim__process *process)
{
    struct sim__shm_seam *part = process->extra[SIM__EXTRA_SHM];
    if (part->mappings != NULL && !process->was_killed && !process->tolerates_leaks) {
        sim__fail(
            process->world,
            "leak: '%s' returned with a mapping of %zu bytes not unmapped",
            process->name,
            part->mappings->bytes);
    }
    while (part->mappings != NULL) {
        sim__shm_unmap_at(process, &part->mappings);
    }
}

static void sim__shm_world_end(struct myc_sim *world)
{
    for (struct sim__process *it = world->processes; it != NULL; it = it->next) {
        struct sim__shm_seam *part = it->extra[SIM__EXTRA_SHM];
        while (part != NULL && part->mappings != NULL) {
            struct sim__shm_mapping *mapping = part->mappings;
            part->mappings = mapping->next;
            (void)munmap(mapping->memory, sim__page_up(mapping->bytes));
        }
    }
    struct sim__shm_world *shm = world->extra[SIM__EXTRA_SHM];
    if (shm != NULL) {
        (void)close(shm->fd);
    }
}

static const struct sim__part sim__shm_part = {
    .name = "shm",
    .start = sim__shm_start,
    .end = sim__shm_end,
    .world_end = sim__shm_world_end,
};

#endif

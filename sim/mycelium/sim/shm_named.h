// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Segments with a name, which lie in "/dev/shm" of a host's files, and files that are mapped. Part
 * of the implementation unit.
 *
 * A file's bytes move into a segment when somebody opens it to map it. From then on the file
 * follows the segment: whoever reads the file, and the power loss that empties or tears it.
 */
#ifndef MYC_SIM_SHM_NAMED_H
#define MYC_SIM_SHM_NAMED_H

#include <mycelium/sim/internal.h>

#include <string.h>

#include <mycelium/sim/file.h>
#include <mycelium/sim/shm.h>

/* What a process has open. */
struct sim__named {
    struct sim__object object;
    struct sim__inode *inode;
};

// ---- Objects ----

static void sim__named_release(struct myc_sim *world, struct sim__object *object)
{
    struct sim__named *named = MYC_CONTAINER_OF(object, struct sim__named, object);
    if (named->inode->owner == named) {
        named->inode->owner = NULL;
    }
    sim__inode_drop(world, named->inode);
    sim__free(world, named);
}

/* Moves what a file holds to where it can be mapped; an empty one stays as it is. */
static bool sim__inode_map(struct myc_sim *world, struct sim__inode *inode)
{
    if (inode->segment == NULL && inode->seen.size > 0) {
        inode->segment = sim__segment_make(world, (size_t)inode->seen.size);
        sim__inode_push(world, inode);
    }
    return inode->segment != NULL || inode->seen.size == 0;
}

static struct sim__segment *sim__named_segment(struct sim__object *object)
{
    struct sim__inode *inode = MYC_CONTAINER_OF(object, struct sim__named, object)->inode;
    return sim__inode_map(sim__world_now, inode) ? inode->segment : NULL;
}

static const struct sim__object_ops sim__named_ops = {
    .kind = "named segment",
    .release = sim__named_release,
    .segment = sim__named_segment,
};

static struct sim__named *sim__named_find(struct myc_shm *seam, struct myc_handle handle)
{
    struct sim__object *object =
        sim__descriptor_lookup(sim__shm_process(seam), handle, &sim__named_ops);
    return object != NULL ? MYC_CONTAINER_OF(object, struct sim__named, object) : NULL;
}

static enum myc_status sim__named_publish(
    struct sim__process *process, struct sim__inode *inode, struct myc_handle *out_handle)
{
    struct sim__named *named = sim__allocate(process->world, sizeof(*named));
    sim__object_init(process->world, &named->object, &sim__named_ops);
    named->inode = inode;
    inode->references++;
    return sim__object_publish(process, &named->object, out_handle);
}

/* The path of a name, without what is superfluous; false: nothing can have that name. */
static bool sim__named_path(const struct myc_shm_name *name, const char *suffix, char *out_clean)
{
    char path[SIM__PATH_BYTES];
    bool is_named = name->home == MYC_SHM_NAMED;
    int size =
        snprintf(path, sizeof(path), "%s%s%s", is_named ? "/dev/shm/" : "", name->text, suffix);
    return size > 0 && size < SIM__PATH_BYTES && name->text[0] != '\0'
           && !(is_named && strchr(name->text, '/') != NULL) && sim__path_clean(path, out_clean);
}

/* Removes a file that may be there. */
static void sim__named_forget(struct sim__process *process, const char *clean)
{
    struct sim__entry *entry = sim__entry_find(process->host, clean);
    if (entry != NULL) {
        sim__entry_remove(process->world, process->host, entry);
    }
}

// ---- The seam ----

/* What the name leads to; for an owner something empty if there is nothing. */
static enum myc_status sim__named_resolve(
    struct sim__process *process, const char *clean, bool is_owner, struct sim__inode **out_inode)
{
    const struct sim__entry *entry = sim__entry_find(process->host, clean);
    if (entry == NULL && (!is_owner || !sim__parent_is_there(process->host, clean))) {
        return MYC_NOT_FOUND;
    }
    if (entry != NULL && entry->inode->kind != SIM__INODE_FILE) {
        return MYC_INVALID;
    }
    if (entry != NULL && is_owner && entry->inode->owner != NULL) {
        return MYC_IN_USE;
    }
    *out_inode = entry != NULL
                     ? entry->inode
                     : sim__entry_add(process->world, process->host, clean, SIM__INODE_FILE);
    return MYC_OK;
}

static enum myc_status sim__shm_open(
    struct myc_shm *seam,
    const struct myc_shm_name *name,
    bool is_owner,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    struct sim__process *process = sim__shm_process(seam);
    struct myc_sim *world = process->world;
    struct sim__inode *inode = NULL;
    char clean[SIM__PATH_BYTES];
    sim__point(world, "shm.open");
    if (!sim__named_path(name, "", clean)) {
        return sim__path_fail(diagnostic, MYC_INVALID, "no segment can have the name", name->text);
    }
    enum myc_status status = sim__named_resolve(process, clean, is_owner, &inode);
    if (status == MYC_OK && !sim__inode_map(world, inode)) {
        status = MYC_NO_MEMORY;
    }
    if (status == MYC_OK) {
        status = sim__named_publish(process, inode, out_handle);
    }
    if (status != MYC_OK) {
        const char *what =
            status == MYC_IN_USE ? "a living process owns" : "cannot open the segment";
        return sim__path_fail(diagnostic, status, what, clean);
    }
    if (is_owner) {
        inode->owner = sim__named_find(seam, *out_handle);
    }
    sim__note(world, SIM__NOTE_SHM, out_handle->value, is_owner ? 1 : 0);
    return MYC_OK;
}

/* A new file of that many zeros, mapped. NULL: there is no room. */
static struct sim__inode *
sim__named_make(struct sim__process *process, const char *clean, size_t bytes)
{
    struct myc_sim *world = process->world;
    struct sim__tree *tree = sim__tree(process->host);
    sim__named_forget(process, clean);
    struct sim__inode *inode = sim__entry_add(world, process->host, clean, SIM__INODE_FILE);
    bool is_full = sim__file_missing(tree, inode, bytes) > 0;
    if (!is_full && sim__fault(world, MYC_SIM_FAULT_FILE_FULL)) {
        sim__fault_effect(world, MYC_SIM_FAULT_FILE_FULL);
        is_full = true;
    }
    if (!is_full && !sim__shm_is_out_of_memory(world)) {
        sim__inode_change(world, inode, true, bytes, NULL, 0);
        if (sim__inode_map(world, inode)) {
            return inode;
        }
    }
    sim__named_forget(process, clean);
    return NULL;
}

static enum myc_status sim__shm_replace(
    struct myc_shm *seam,
    const struct myc_shm_name *name,
    size_t bytes,
    struct myc_const_span head,
    struct myc_handle *handle,
    struct myc_diagnostic *diagnostic)
{
    struct sim__process *process = sim__shm_process(seam);
    struct myc_sim *world = process->world;
    char clean[SIM__PATH_BYTES];
    char clean_new[SIM__PATH_BYTES];
    struct myc_handle made = {0};
    sim__point(world, "shm.replace");
    if (bytes == 0 || bytes % SIM__PAGE != 0 || head.size > bytes || bytes > sim__file_bytes_max
        || !sim__named_path(name, "", clean) || !sim__named_path(name, "~myc-new", clean_new)) {
        return sim__path_fail(diagnostic, MYC_INVALID, "cannot make the segment", name->text);
    }
    struct sim__inode *inode = sim__named_make(process, clean_new, bytes);
    enum myc_status status =
        inode != NULL ? sim__named_publish(process, inode, &made) : MYC_NO_MEMORY;
    if (status != MYC_OK) {
        sim__named_forget(process, clean_new);
        return sim__path_fail(diagnostic, status, "cannot make the segment", clean);
    }
    inode->owner = sim__named_find(seam, made);
    sim__point(world, "shm.replace.head");
    sim__inode_change(world, inode, false, 0, head.data, head.size);
    sim__inode_push(world, inode);
    sim__point(world, "shm.replace.rename");
    sim__entry_change(world, sim__tree(process->host), clean, inode, clean_new);
    (void)sim__descriptor_close(process, *handle);
    *handle = made;
    sim__note(world, SIM__NOTE_SHM, made.value, bytes);
    return MYC_OK;
}

static enum myc_status
sim__shm_remove(struct myc_shm *seam, const struct myc_shm_name *name, struct myc_handle handle)
{
    struct sim__process *process = sim__shm_process(seam);
    struct myc_sim *world = process->world;
    char clean[SIM__PATH_BYTES];
    sim__point(world, "shm.remove");
    if (!sim__named_path(name, "~myc-new", clean)) {
        return MYC_INVALID;
    }
    const struct sim__named *named = sim__named_find(seam, handle);
    if (named == NULL || named->inode->owner != named) {
        return MYC_NOT_FOUND;
    }
    sim__named_forget(process, clean); // of an owner that died while it replaced
    sim__point(world, "shm.remove.name");
    named = sim__named_find(seam, handle);
    (void)sim__named_path(name, "", clean);
    struct sim__entry *entry = sim__entry_find(process->host, clean);
    if (entry == NULL || named == NULL || entry->inode != named->inode) {
        return MYC_NOT_FOUND;
    }
    sim__entry_remove(world, process->host, entry);
    return MYC_OK;
}

static enum myc_status
sim__shm_has_owner(struct myc_shm *seam, struct myc_handle handle, bool *out_has)
{
    sim__point(sim__shm_process(seam)->world, "shm.has_owner");
    const struct sim__named *named = sim__named_find(seam, handle);
    if (named == NULL) {
        return MYC_INVALID;
    }
    *out_has = named->inode->owner != NULL && named->inode->owner != named;
    return MYC_OK;
}

static const struct myc_shm_ops sim__shm_ops = {
    .size = sizeof(struct myc_shm_ops),
    .create = sim__shm_create,
    .seal = sim__shm_seal,
    .inspect = sim__shm_inspect,
    .map = sim__shm_map,
    .unmap = sim__shm_unmap,
    .close = sim__shm_close,
    .create_huge = sim__shm_create_huge,
    .map_part = sim__shm_map_part,
    .open = sim__shm_open,
    .replace = sim__shm_replace,
    .remove = sim__shm_remove,
    .has_owner = sim__shm_has_owner,
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

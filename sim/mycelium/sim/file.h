// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The file seam of a simulated host, over the contents and names of durable.h. Part of the
 * implementation unit.
 *
 * What is written is visible at once and survives its process; what survives its host is said in
 * durable.h. Directories are few and explicit, as programs cannot make any: "/", "/tmp", "/run",
 * "/var/tmp", "/dev/shm", and what the scenario puts there.
 */
#ifndef MYC_SIM_FILE_H
#define MYC_SIM_FILE_H

#include <mycelium/sim/internal.h>

#include <string.h>

#include <mycelium/interface/file.h>
#include <mycelium/sim/durable.h>
#include <mycelium/sim/poller.h>

static const uint64_t sim__file_bytes_max = UINT64_C(1) << 30;

struct sim__open_file {
    struct sim__object object;
    struct sim__inode *inode;
    bool is_writable;
};

struct sim__file_seam {
    struct myc_file seam;
    struct sim__process *process;
};

// ---- The tree ----

/* Absolute, without empty and "." components. False: too long, or with "..", which names nothing.
 */
static bool sim__path_clean(const char *path, char *out_path)
{
    size_t len = 0;
    while (*path != '\0') {
        size_t part = strcspn(path, "/");
        if (part == 2 && memcmp(path, "..", 2) == 0) {
            return false;
        }
        if (part > 0 && !(part == 1 && path[0] == '.')) {
            if (len + part + 2 > SIM__PATH_BYTES) {
                return false;
            }
            out_path[len++] = '/';
            memcpy(out_path + len, path, part);
            len += part;
        }
        path += part;
        path += *path == '/' ? 1 : 0;
    }
    if (len == 0) {
        out_path[len++] = '/';
    }
    out_path[len] = '\0';
    return true;
}

static struct sim__entry *sim__path_find(const struct sim__host *host, const char *path)
{
    char clean[SIM__PATH_BYTES];
    return sim__path_clean(path, clean) ? sim__entry_find(host, clean) : NULL;
}

/* Makes the directory of a clean path and those above it. */
static void sim__parents_add(struct myc_sim *world, struct sim__host *host, const char *clean)
{
    char parent[SIM__PATH_BYTES] = "/";
    if (sim__entry_find(host, parent) == NULL) {
        (void)sim__entry_add(world, host, parent, SIM__INODE_DIRECTORY);
    }
    for (size_t i = 1; clean[i] != '\0'; i++) {
        if (clean[i] == '/') {
            memcpy(parent, clean, i);
            parent[i] = '\0';
            if (sim__entry_find(host, parent) == NULL) {
                (void)sim__entry_add(world, host, parent, SIM__INODE_DIRECTORY);
            }
        }
    }
}

/* The directories every host begins with. */
static void sim__tree_begin(struct myc_sim *world, struct sim__host *host)
{
    if (host->extra[SIM__EXTRA_FILE] == NULL) {
        host->extra[SIM__EXTRA_FILE] = sim__allocate(world, sizeof(struct sim__tree));
        sim__parents_add(world, host, "/tmp/");
        sim__parents_add(world, host, "/run/");
        sim__parents_add(world, host, "/var/tmp/");
        sim__parents_add(world, host, "/dev/shm/");
    }
}

/* Whether the directory that a clean path lies in is there. */
static bool sim__parent_is_there(const struct sim__host *host, const char *clean)
{
    char parent[SIM__PATH_BYTES];
    size_t len = strlen(clean);
    while (len > 1 && clean[len - 1] != '/') {
        len--;
    }
    len -= len > 1 ? 1 : 0;
    memcpy(parent, clean, len);
    parent[len] = '\0';
    const struct sim__entry *entry = sim__entry_find(host, parent);
    return entry != NULL && entry->inode->kind == SIM__INODE_DIRECTORY;
}

// ---- For scenarios ----

void myc_sim_put_directory(struct myc_sim *sim, const char *host_name, const char *path)
{
    struct sim__host *host = sim__host_find(sim, host_name);
    char clean[SIM__PATH_BYTES];
    sim__tree_begin(sim, host);
    if (!sim__path_clean(path, clean)) {
        sim__fail(sim, "myc_sim_put_directory: '%s' is too long or has '..'", path);
    }
    sim__parents_add(sim, host, clean);
    if (sim__entry_find(host, clean) == NULL) {
        (void)sim__entry_add(sim, host, clean, SIM__INODE_DIRECTORY);
    }
}

void myc_sim_put_file(
    struct myc_sim *sim, const char *host_name, const char *path, const void *bytes, size_t size)
{
    struct sim__host *host = sim__host_find(sim, host_name);
    char clean[SIM__PATH_BYTES];
    sim__tree_begin(sim, host);
    if (!sim__path_clean(path, clean) || size > sim__file_bytes_max) {
        sim__fail(sim, "myc_sim_put_file: '%s' is too long, too big, or has '..'", path);
    }
    sim__parents_add(sim, host, clean);
    const struct sim__entry *entry = sim__entry_find(host, clean);
    struct sim__inode *inode = entry != NULL ? entry->inode : NULL;
    if (inode == NULL) {
        inode = sim__entry_add(sim, host, clean, SIM__INODE_FILE);
    }
    if (inode->kind != SIM__INODE_FILE) {
        sim__fail(sim, "myc_sim_put_file: '%s' is there and no file", path);
    }
    sim__inode_unmap(sim, inode);
    sim__inode_truncate(sim, inode);
    sim__inode_write(sim, inode, 0, bytes, size);
    sim__inode_settle(sim, inode);
    sim__names_settle(sim, sim__tree(host), NULL, clean);
}

void myc_sim_limit_files(struct myc_sim *sim, const char *host_name, uint64_t bytes_max)
{
    struct sim__host *host = sim__host_find(sim, host_name);
    sim__tree_begin(sim, host);
    sim__tree(host)->bytes_max = bytes_max;
}

const void *
myc_sim_get_file(struct myc_sim *sim, const char *host_name, const char *path, size_t *out_size)
{
    const struct sim__host *host = sim__host_find(sim, host_name);
    const struct sim__entry *entry = sim__path_find(host, path);
    *out_size = 0;
    if (entry == NULL || entry->inode->kind != SIM__INODE_FILE) {
        return NULL;
    }
    sim__inode_pull(sim, entry->inode);
    *out_size = (size_t)entry->inode->seen.size;
    return entry->inode->seen.size > 0 ? entry->inode->seen.bytes : "";
}

// ---- The seam ----

static void sim__open_file_release(struct myc_sim *world, struct sim__object *object)
{
    struct sim__open_file *file = MYC_CONTAINER_OF(object, struct sim__open_file, object);
    sim__inode_drop(world, file->inode);
    sim__free(world, file);
}

static const struct sim__object_ops sim__open_file_ops = {
    .kind = "file",
    .release = sim__open_file_release,
};

static struct sim__process *sim__file_process(struct myc_file *seam)
{
    return MYC_CONTAINER_OF(seam, struct sim__file_seam, seam)->process;
}

static struct sim__open_file *sim__file_find(struct myc_file *seam, struct myc_handle handle)
{
    struct sim__object *object =
        sim__descriptor_lookup(sim__file_process(seam), handle, &sim__open_file_ops);
    return object != NULL ? MYC_CONTAINER_OF(object, struct sim__open_file, object) : NULL;
}

static enum myc_status sim__path_fail(
    struct myc_diagnostic *diagnostic, enum myc_status status, const char *doing, const char *path)
{
    if (diagnostic != NULL) {
        (void)myc_diagnostic_set(diagnostic, status, 0, doing);
        myc_diagnostic_append(diagnostic, " '");
        myc_diagnostic_append(diagnostic, path);
        myc_diagnostic_append(diagnostic, "': ");
        myc_diagnostic_append(diagnostic, myc_status_sentence(status));
    }
    return status;
}

/* The inode to open by that path and flags, made if need be. */
static enum myc_status sim__file_resolve(
    struct sim__process *process, const char *path, uint32_t flags, struct sim__inode **out_inode)
{
    const uint32_t known =
        MYC_FILE_WRITE | MYC_FILE_CREATE | MYC_FILE_EXCLUSIVE | MYC_FILE_TRUNCATE;
    struct sim__host *host = process->host;
    char clean[SIM__PATH_BYTES];
    if ((flags & ~known) != 0 || (flags != 0 && (flags & MYC_FILE_WRITE) == 0)) {
        return MYC_INVALID;
    }
    if (path[0] == '\0' || !sim__path_clean(path, clean)) {
        return MYC_NOT_FOUND;
    }
    const struct sim__entry *entry = sim__entry_find(host, clean);
    if (entry == NULL) {
        if ((flags & MYC_FILE_CREATE) == 0 || !sim__parent_is_there(host, clean)) {
            return MYC_NOT_FOUND;
        }
        *out_inode = sim__entry_add(process->world, host, clean, SIM__INODE_FILE);
        return MYC_OK;
    }
    if ((flags & MYC_FILE_CREATE) != 0 && (flags & MYC_FILE_EXCLUSIVE) != 0) {
        return MYC_EXISTS;
    }
    if (entry->inode->kind != SIM__INODE_FILE) {
        return entry->inode->kind == SIM__INODE_SOCKET ? MYC_IO : MYC_INVALID;
    }
    *out_inode = entry->inode;
    return MYC_OK;
}

static enum myc_status sim__file_open(
    struct myc_file *seam,
    const char *path,
    uint32_t flags,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    struct sim__process *process = sim__file_process(seam);
    struct myc_sim *world = process->world;
    struct sim__inode *inode = NULL;
    sim__point(world, "file.open");
    enum myc_status status = sim__file_resolve(process, path, flags, &inode);
    if (status != MYC_OK) {
        return sim__path_fail(diagnostic, status, "cannot open", path);
    }
    if ((flags & MYC_FILE_TRUNCATE) != 0) {
        sim__inode_truncate(world, inode);
        sim__inode_unmap(world, inode);
    }
    struct sim__open_file *file = sim__allocate(world, sizeof(*file));
    sim__object_init(world, &file->object, &sim__open_file_ops);
    file->inode = inode;
    inode->references++;
    file->is_writable = (flags & MYC_FILE_WRITE) != 0;
    sim__note(world, SIM__NOTE_FILE, file->object.id, flags);
    status = sim__object_publish(process, &file->object, out_handle);
    return status == MYC_OK ? MYC_OK : sim__path_fail(diagnostic, status, "cannot open", path);
}

static enum myc_status sim__file_read(
    struct myc_file *seam,
    struct myc_handle handle,
    uint64_t offset,
    struct myc_span bytes,
    size_t *out_bytes)
{
    struct myc_sim *world = sim__file_process(seam)->world;
    sim__point(world, "file.read");
    const struct sim__open_file *file = sim__file_find(seam, handle);
    *out_bytes = 0;
    if (file == NULL || bytes.size == 0) {
        return MYC_INVALID;
    }
    if (sim__fault(world, MYC_SIM_FAULT_FILE_ERROR)) {
        sim__fault_effect(world, MYC_SIM_FAULT_FILE_ERROR);
        return MYC_IO;
    }
    sim__inode_pull(world, file->inode);
    if (offset >= file->inode->seen.size) {
        return MYC_END;
    }
    uint64_t left = file->inode->seen.size - offset;
    size_t size = left < bytes.size ? (size_t)left : bytes.size;
    if (size > 1 && sim__fault(world, MYC_SIM_FAULT_SHORT_READ)) {
        size = (size_t)sim__range(world, "file.read.size", 1, size - 1);
        sim__fault_effect(world, MYC_SIM_FAULT_SHORT_READ);
    }
    memcpy(bytes.data, file->inode->seen.bytes + offset, size);
    sim__note(world, SIM__NOTE_FILE, file->object.id, size);
    *out_bytes = size;
    return MYC_OK;
}

/* How many bytes are missing on the host's disk for a file to reach as far as `end`. */
static uint64_t
sim__file_missing(const struct sim__tree *tree, const struct sim__inode *inode, uint64_t end)
{
    uint64_t used = 0;
    for (const struct sim__inode *it = tree->inodes; it != NULL; it = it->next) {
        used += it->seen.size;
    }
    uint64_t growth = end > inode->seen.size ? end - inode->seen.size : 0;
    uint64_t room = tree->bytes_max > used ? tree->bytes_max - used : 0;
    return tree->bytes_max == 0 || growth <= room ? 0 : growth - room;
}

/* What stops a write, if something does, and how many of its bytes it stops. */
static enum myc_status
sim__file_write_fails(struct myc_sim *world, uint64_t missing, size_t size, size_t *out_stopped)
{
    *out_stopped = size;
    if (sim__fault(world, MYC_SIM_FAULT_FILE_ERROR)) {
        sim__fault_effect(world, MYC_SIM_FAULT_FILE_ERROR);
        *out_stopped -= (size_t)sim__choose(world, "file.write.done", size);
        return MYC_IO;
    }
    if (sim__fault(world, MYC_SIM_FAULT_FILE_FULL)) {
        sim__fault_effect(world, MYC_SIM_FAULT_FILE_FULL);
        *out_stopped -= (size_t)sim__choose(world, "file.write.done", size);
        return MYC_NO_MEMORY;
    }
    *out_stopped = missing < size ? (size_t)missing : size;
    return missing > 0 ? MYC_NO_MEMORY : MYC_OK;
}

static enum myc_status sim__file_write(
    struct myc_file *seam, struct myc_handle handle, uint64_t offset, struct myc_const_span bytes)
{
    struct sim__process *process = sim__file_process(seam);
    struct myc_sim *world = process->world;
    sim__point(world, "file.write");
    const struct sim__open_file *file = sim__file_find(seam, handle);
    if (file == NULL || !file->is_writable) {
        return MYC_INVALID;
    }
    if (offset > sim__file_bytes_max || bytes.size > sim__file_bytes_max - offset) {
        return MYC_NO_MEMORY;
    }
    size_t stopped = 0;
    uint64_t end = bytes.size > 0 ? offset + bytes.size : 0;
    uint64_t missing = sim__file_missing(file->inode->tree, file->inode, end);
    enum myc_status status = sim__file_write_fails(world, missing, bytes.size, &stopped);
    if (bytes.size > stopped) {
        sim__inode_pull(world, file->inode);
        sim__inode_write(world, file->inode, offset, bytes.data, bytes.size - stopped);
        sim__inode_push(world, file->inode);
    }
    sim__note(world, SIM__NOTE_FILE, file->object.id, bytes.size - stopped);
    return status;
}

static enum myc_status
sim__file_get_size(struct myc_file *seam, struct myc_handle handle, uint64_t *out_bytes)
{
    sim__point(sim__file_process(seam)->world, "file.get_size");
    const struct sim__open_file *file = sim__file_find(seam, handle);
    if (file == NULL) {
        return MYC_INVALID;
    }
    *out_bytes = file->inode->seen.size;
    return MYC_OK;
}

/* Offers the disk's error to an operation. */
static bool sim__file_breaks(struct myc_sim *world)
{
    bool breaks = sim__fault(world, MYC_SIM_FAULT_FILE_ERROR);
    if (breaks) {
        sim__fault_effect(world, MYC_SIM_FAULT_FILE_ERROR);
    }
    return breaks;
}

static enum myc_status sim__file_sync(struct myc_file *seam, struct myc_handle handle)
{
    struct myc_sim *world = sim__file_process(seam)->world;
    sim__point(world, "file.sync");
    const struct sim__open_file *file = sim__file_find(seam, handle);
    if (file == NULL) {
        return MYC_INVALID;
    }
    if (sim__fault(world, MYC_SIM_FAULT_SYNC_ERROR)) {
        sim__fault_effect(world, MYC_SIM_FAULT_SYNC_ERROR);
        // As on Linux: what did not reach the disk counts as clean and is never tried again.
        sim__inode_decide(world, file->inode);
        return MYC_IO;
    }
    sim__inode_pull(world, file->inode);
    sim__inode_settle(world, file->inode);
    myc_sim_count(world, "file.syncs", 1);
    sim__note(world, SIM__NOTE_FILE, file->object.id, 0);
    return MYC_OK;
}

static enum myc_status sim__file_sync_directory(struct myc_file *seam, const char *path)
{
    struct sim__process *process = sim__file_process(seam);
    struct myc_sim *world = process->world;
    char clean[SIM__PATH_BYTES];
    sim__point(world, "file.sync_directory");
    const struct sim__entry *entry = sim__path_find(process->host, path);
    if (entry == NULL || entry->inode->kind != SIM__INODE_DIRECTORY) {
        return MYC_NOT_FOUND;
    }
    if (sim__file_breaks(world)) {
        return MYC_IO;
    }
    (void)sim__path_clean(path, clean);
    sim__names_settle(world, sim__tree(process->host), clean, NULL);
    myc_sim_count(world, "file.directory syncs", 1);
    sim__note(world, SIM__NOTE_FILE, strlen(clean), 3);
    return MYC_OK;
}

static enum myc_status
sim__file_rename(struct myc_file *seam, const char *source, const char *target)
{
    struct sim__process *process = sim__file_process(seam);
    struct myc_sim *world = process->world;
    char from[SIM__PATH_BYTES];
    char to[SIM__PATH_BYTES];
    sim__point(world, "file.rename");
    const struct sim__entry *entry = sim__path_find(process->host, source);
    if (entry == NULL || !sim__path_clean(source, from) || !sim__path_clean(target, to)
        || !sim__parent_is_there(process->host, to)) {
        return MYC_NOT_FOUND;
    }
    const struct sim__entry *replaced = sim__entry_find(process->host, to);
    bool has_directory = entry->inode->kind == SIM__INODE_DIRECTORY
                         || (replaced != NULL && replaced->inode->kind == SIM__INODE_DIRECTORY);
    if (has_directory) {
        return MYC_INVALID; // names below a directory do not move with it
    }
    if (sim__file_breaks(world)) {
        return MYC_IO;
    }
    if (replaced != entry) {
        sim__entry_change(world, sim__tree(process->host), to, entry->inode, from);
    }
    sim__note(world, SIM__NOTE_FILE, strlen(to), 1);
    return MYC_OK;
}

static enum myc_status sim__file_unlink(struct myc_file *seam, const char *path)
{
    struct sim__process *process = sim__file_process(seam);
    struct myc_sim *world = process->world;
    sim__point(world, "file.unlink");
    struct sim__entry *entry = sim__path_find(process->host, path);
    if (entry == NULL) {
        return MYC_NOT_FOUND;
    }
    if (entry->inode->kind == SIM__INODE_DIRECTORY) {
        return MYC_INVALID;
    }
    if (sim__file_breaks(world)) {
        return MYC_IO;
    }
    sim__note(world, SIM__NOTE_FILE, strlen(path), 2);
    sim__entry_remove(world, process->host, entry);
    return MYC_OK;
}

static void sim__file_close(struct myc_file *seam, struct myc_handle handle)
{
    sim__close_handle(sim__file_process(seam), handle, "file.close");
}

static const struct myc_file_ops sim__file_ops = {
    .size = sizeof(struct myc_file_ops),
    .open = sim__file_open,
    .read = sim__file_read,
    .write = sim__file_write,
    .get_size = sim__file_get_size,
    .sync = sim__file_sync,
    .rename = sim__file_rename,
    .unlink = sim__file_unlink,
    .close = sim__file_close,
    .sync_directory = sim__file_sync_directory,
};

static void sim__file_start(struct sim__process *process)
{
    struct sim__file_seam *part = sim__allocate(process->world, sizeof(*part));
    sim__tree_begin(process->world, process->host);
    part->seam.ops = &sim__file_ops;
    part->process = process;
    process->extra[SIM__EXTRA_FILE] = part;
    process->platform.file = &part->seam;
}

static const struct sim__part sim__file_part = {
    .name = "file",
    .start = sim__file_start,
};

#endif

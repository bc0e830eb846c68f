// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What a host's files are made of: contents and names, each twice, as everybody sees it and as it
 * would be after a power loss. Part of the implementation unit.
 *
 * Between the two lie the changes that nobody synced, in order. A power loss decides for each
 * whether it had reached the disk: writes are kept, lost or torn between sectors of 512 bytes; the
 * size is a change of its own; names are kept or lost. Changes of one name keep their order, and
 * when a run draws so, all names do, as in a journal. At most a few hundred changes wait; older
 * ones become durable by themselves, as on any system that runs for a while.
 */
#ifndef MYC_SIM_DURABLE_H
#define MYC_SIM_DURABLE_H

#include <mycelium/sim/internal.h>

#include <string.h>

#include <mycelium/sim/shm.h>

enum { SIM__PATH_BYTES = 512, SIM__SECTOR = 512, SIM__CHANGES_MAX = 256 };

enum sim__inode_kind { SIM__INODE_FILE, SIM__INODE_DIRECTORY, SIM__INODE_SOCKET };

struct sim__content {
    char *bytes;
    uint64_t size;
    uint64_t capacity;
};

/* A write that follows this struct, or a new size. */
struct sim__content_change {
    struct sim__content_change *next;
    bool is_resize;
    uint64_t offset; /* or the new size */
    size_t size;
};

struct sim__listener;
struct sim__tree;

struct sim__inode {
    uint32_t references; /* of names, changes, open files and listeners */
    enum sim__inode_kind kind;
    struct sim__listener *listener; /* a socket's; NULL when nobody listens any more */
    bool is_locked;                 /* a lock file's owner lives */
    struct sim__segment *segment;   /* holds what the file holds, once somebody mapped it */
    struct sim__named *owner;       /* the handle that has the lock of a segment's name */
    struct sim__tree *tree;
    struct sim__inode *next; /* in its tree */
    struct sim__inode *previous;
    struct sim__content seen;
    struct sim__content durable;
    struct sim__content_change *changes; /* from durable to seen */
    struct sim__content_change *change_last;
    uint32_t change_count;
};

struct sim__entry {
    struct sim__entry *next;
    struct sim__inode *inode;
    char path[SIM__PATH_BYTES];
};

/* A name that appeared, one that went, or both at once (a rename). "" is none. */
struct sim__entry_change {
    struct sim__entry_change *next;
    struct sim__inode *inode; /* of the name that appeared */
    char added[SIM__PATH_BYTES];
    char removed[SIM__PATH_BYTES];
    bool is_marked;
};

/* The files of one host. */
struct sim__tree {
    struct sim__entry *seen;
    struct sim__entry *durable;
    struct sim__entry_change *changes; /* from durable to seen */
    struct sim__inode *inodes;
    uint32_t change_count;
    uint64_t bytes_max; /* 0: no bound */
};

// ---- Contents ----

static void sim__content_drop(struct myc_sim *world, struct sim__content *content)
{
    sim__free(world, content->bytes);
    *content = (struct sim__content){0};
}

static void sim__content_resize(struct myc_sim *world, struct sim__content *content, uint64_t size)
{
    if (size > content->capacity) {
        uint64_t capacity = size * 2;
        char *grown = sim__allocate(world, (size_t)capacity);
        if (content->size > 0) {
            memcpy(grown, content->bytes, (size_t)content->size);
        }
        sim__free(world, content->bytes);
        content->bytes = grown;
        content->capacity = capacity;
    }
    if (size < content->size) {
        memset(content->bytes + size, 0, (size_t)(content->size - size));
    }
    content->size = size;
}

/* Bytes beyond the size are nowhere. */
static void
sim__content_put(struct sim__content *content, uint64_t offset, const char *bytes, uint64_t size)
{
    if (offset < content->size && size > 0) {
        uint64_t room = content->size - offset;
        memcpy(content->bytes + offset, bytes, (size_t)(size < room ? size : room));
    }
}

static const char *sim__change_bytes(const struct sim__content_change *change)
{
    return (const char *)(change + 1);
}

static void sim__change_apply(
    struct myc_sim *world, struct sim__content *content, const struct sim__content_change *change)
{
    if (change->is_resize) {
        sim__content_resize(world, content, change->offset);
    } else {
        sim__content_put(content, change->offset, sim__change_bytes(change), change->size);
    }
}

static struct sim__content_change *sim__change_take(struct sim__inode *inode)
{
    struct sim__content_change *change = inode->changes;
    inode->changes = change->next;
    inode->change_last = inode->changes == NULL ? NULL : inode->change_last;
    inode->change_count--;
    return change;
}

/* Makes the oldest change durable. */
static void sim__change_settle(struct myc_sim *world, struct sim__inode *inode)
{
    struct sim__content_change *change = sim__change_take(inode);
    sim__change_apply(world, &inode->durable, change);
    sim__free(world, change);
}

/* Makes everything that the file holds durable. */
static void sim__inode_settle(struct myc_sim *world, struct sim__inode *inode)
{
    while (inode->changes != NULL) {
        sim__change_settle(world, inode);
    }
}

static void sim__inode_change(
    struct myc_sim *world,
    struct sim__inode *inode,
    bool is_resize,
    uint64_t offset,
    const void *bytes,
    size_t size)
{
    struct sim__content_change *change = sim__allocate(world, sizeof(*change) + size);
    change->is_resize = is_resize;
    change->offset = offset;
    change->size = size;
    if (size > 0) {
        memcpy(change + 1, bytes, size);
    }
    sim__change_apply(world, &inode->seen, change);
    *(inode->change_last != NULL ? &inode->change_last->next : &inode->changes) = change;
    inode->change_last = change;
    if (++inode->change_count > SIM__CHANGES_MAX) {
        sim__change_settle(world, inode);
    }
}

static void sim__inode_write(
    struct myc_sim *world,
    struct sim__inode *inode,
    uint64_t offset,
    const void *bytes,
    size_t size)
{
    if (offset + size > inode->seen.size) {
        sim__inode_change(world, inode, true, offset + size, NULL, 0);
    }
    if (size > 0) {
        sim__inode_change(world, inode, false, offset, bytes, size);
    }
}

static void sim__inode_truncate(struct myc_sim *world, struct sim__inode *inode)
{
    if (inode->seen.size > 0) {
        sim__inode_change(world, inode, true, 0, NULL, 0);
    }
}

// ---- Files that are mapped ----

/* What was written through mappings becomes changes of the file, a page each. */
static void sim__inode_pull(struct myc_sim *world, struct sim__inode *inode)
{
    const struct sim__segment *segment = inode->segment;
    char page[SIM__PAGE];
    for (uint64_t at = 0; segment != NULL && at < inode->seen.size; at += SIM__PAGE) {
        uint64_t left = inode->seen.size - at;
        size_t size = left < SIM__PAGE ? (size_t)left : SIM__PAGE;
        sim__segment_read(world, segment, at, page, size);
        if (memcmp(inode->seen.bytes + at, page, size) != 0) {
            sim__inode_change(world, inode, false, at, page, size);
        }
    }
}

/* Nobody maps the file any more, or will find another memory if he does. */
static void sim__inode_unmap(struct myc_sim *world, struct sim__inode *inode)
{
    if (inode->segment != NULL) {
        sim__object_drop(world, &inode->segment->object);
        inode->segment = NULL;
    }
}

/*
 * What was written to the file is seen through mappings. Those keep their size; where there are
 * none a file of another size gets another segment when it is next asked for.
 */
static void sim__inode_push(struct myc_sim *world, struct sim__inode *inode)
{
    const struct sim__segment *segment = inode->segment;
    if (segment == NULL) {
        return;
    }
    if (segment->bytes != inode->seen.size && segment->object.references == 1) {
        sim__inode_unmap(world, inode);
        return;
    }
    uint64_t size = inode->seen.size < segment->bytes ? inode->seen.size : segment->bytes;
    sim__segment_write(world, segment, inode->seen.bytes, (size_t)size);
}

static void sim__inode_drop(struct myc_sim *world, struct sim__inode *inode)
{
    if (--inode->references > 0) {
        return;
    }
    sim__inode_unmap(world, inode);
    while (inode->changes != NULL) {
        sim__free(world, sim__change_take(inode));
    }
    sim__content_drop(world, &inode->seen);
    sim__content_drop(world, &inode->durable);
    *(inode->previous != NULL ? &inode->previous->next : &inode->tree->inodes) = inode->next;
    if (inode->next != NULL) {
        inode->next->previous = inode->previous;
    }
    sim__free(world, inode);
}

// ---- Names ----

static struct sim__tree *sim__tree(const struct sim__host *host)
{
    return host->extra[SIM__EXTRA_FILE];
}

static struct sim__entry **sim__entry_link(struct sim__entry **list, const char *clean)
{
    while (*list != NULL && strcmp((*list)->path, clean) != 0) {
        list = &(*list)->next;
    }
    return list;
}

static struct sim__entry *sim__entry_find(const struct sim__host *host, const char *clean)
{
    struct sim__tree *tree = sim__tree(host);
    return tree != NULL ? *sim__entry_link(&tree->seen, clean) : NULL;
}

/* Puts a name into a list, in place of one that it has. */
static void sim__entry_put(
    struct myc_sim *world, struct sim__entry **list, const char *clean, struct sim__inode *inode)
{
    inode->references++;
    struct sim__entry *entry = *sim__entry_link(list, clean);
    if (entry != NULL) {
        sim__inode_drop(world, entry->inode);
        entry->inode = inode;
        return;
    }
    entry = sim__allocate(world, sizeof(*entry));
    entry->inode = inode;
    memcpy(entry->path, clean, strlen(clean) + 1);
    entry->next = *list;
    *list = entry;
}

static void sim__entry_take(struct myc_sim *world, struct sim__entry **list, const char *clean)
{
    struct sim__entry **link = sim__entry_link(list, clean);
    struct sim__entry *entry = *link;
    if (entry != NULL) {
        *link = entry->next;
        sim__inode_drop(world, entry->inode);
        sim__free(world, entry);
    }
}

static void sim__entry_change_apply(
    struct myc_sim *world, struct sim__entry **list, const struct sim__entry_change *change)
{
    if (change->removed[0] != '\0') {
        sim__entry_take(world, list, change->removed);
    }
    if (change->added[0] != '\0') {
        sim__entry_put(world, list, change->added, change->inode);
    }
}

/* Takes the change that a link of the list points to away, applied to the durable names or not. */
static void sim__entry_change_end(
    struct myc_sim *world, struct sim__tree *tree, struct sim__entry_change **link, bool is_kept)
{
    struct sim__entry_change *change = *link;
    if (is_kept) {
        sim__entry_change_apply(world, &tree->durable, change);
    }
    *link = change->next;
    tree->change_count--;
    if (change->inode != NULL) {
        sim__inode_drop(world, change->inode);
    }
    sim__free(world, change);
}

static void sim__entry_change(
    struct myc_sim *world,
    struct sim__tree *tree,
    const char *added,
    struct sim__inode *inode,
    const char *removed)
{
    struct sim__entry_change *change = sim__allocate(world, sizeof(*change));
    if (added != NULL) {
        memcpy(change->added, added, strlen(added) + 1);
        change->inode = inode;
        inode->references++;
    }
    if (removed != NULL) {
        memcpy(change->removed, removed, strlen(removed) + 1);
    }
    sim__entry_change_apply(world, &tree->seen, change);
    struct sim__entry_change **link = &tree->changes;
    while (*link != NULL) {
        link = &(*link)->next;
    }
    *link = change;
    if (++tree->change_count > SIM__CHANGES_MAX) {
        sim__entry_change_end(world, tree, &tree->changes, true);
    }
}

static bool sim__name_is(const char *a, const char *b)
{
    return a[0] != '\0' && strcmp(a, b) == 0;
}

static bool
sim__changes_share_a_name(const struct sim__entry_change *a, const struct sim__entry_change *b)
{
    return sim__name_is(a->added, b->added) || sim__name_is(a->added, b->removed)
           || sim__name_is(a->removed, b->added) || sim__name_is(a->removed, b->removed);
}

/* Whether a clean path lies in that directory itself, not deeper. */
static bool sim__path_lies_in(const char *path, const char *directory)
{
    size_t len = directory[1] == '\0' ? 0 : strlen(directory); // the root's own slash
    return path[0] != '\0' && strncmp(path, directory, len) == 0 && path[len] == '/'
           && path[len + 1] != '\0' && strchr(path + len + 1, '/') == NULL;
}

/* Marks what a change waits for: earlier ones of the same names, and so on. */
static void sim__changes_mark_earlier(struct sim__tree *tree)
{
    bool is_growing = true;
    while (is_growing) {
        is_growing = false;
        for (struct sim__entry_change *late = tree->changes; late != NULL; late = late->next) {
            for (struct sim__entry_change *it = tree->changes; late->is_marked && it != late;
                 it = it->next) {
                if (!it->is_marked && sim__changes_share_a_name(it, late)) {
                    it->is_marked = true;
                    is_growing = true;
                }
            }
        }
    }
}

/* Makes names durable: those in a directory, or one path. The other is NULL. */
static void sim__names_settle(
    struct myc_sim *world, struct sim__tree *tree, const char *directory, const char *path)
{
    for (struct sim__entry_change *it = tree->changes; it != NULL; it = it->next) {
        bool is_in = directory != NULL
                     && (sim__path_lies_in(it->added, directory)
                         || sim__path_lies_in(it->removed, directory));
        bool is_it =
            path != NULL && (sim__name_is(it->added, path) || sim__name_is(it->removed, path));
        it->is_marked = is_in || is_it;
    }
    sim__changes_mark_earlier(tree);
    for (struct sim__entry_change **link = &tree->changes; *link != NULL;) {
        if ((*link)->is_marked) {
            sim__entry_change_end(world, tree, link, true);
        } else {
            link = &(*link)->next;
        }
    }
}

/* Enters a new inode under a clean path that is free. Directories are durable at once. */
static struct sim__inode *sim__entry_add(
    struct myc_sim *world, struct sim__host *host, const char *clean, enum sim__inode_kind kind)
{
    struct sim__tree *tree = sim__tree(host);
    struct sim__inode *inode = sim__allocate(world, sizeof(*inode));
    inode->kind = kind;
    inode->tree = tree;
    inode->next = tree->inodes;
    if (inode->next != NULL) {
        inode->next->previous = inode;
    }
    tree->inodes = inode;
    sim__entry_change(world, tree, clean, inode, NULL);
    if (kind == SIM__INODE_DIRECTORY) {
        sim__names_settle(world, tree, NULL, clean);
    }
    return inode;
}

static void
sim__entry_remove(struct myc_sim *world, struct sim__host *host, struct sim__entry *removed)
{
    char path[SIM__PATH_BYTES];
    memcpy(path, removed->path, sizeof(path));
    sim__entry_change(world, sim__tree(host), NULL, NULL, path);
}

// ---- Power loss ----

/* Which sectors of a torn write reached the disk: the first ones, the last ones, or any. */
static void sim__change_tear(
    struct myc_sim *world, struct sim__inode *inode, struct sim__content_change *change)
{
    uint64_t first = change->offset / SIM__SECTOR;
    uint64_t count = (change->offset + change->size - 1) / SIM__SECTOR - first + 1;
    uint64_t shape = sim__choose(world, "torn.shape", 3);
    uint64_t cut = 1 + sim__choose(world, "torn.sectors", count - 1);
    for (uint64_t i = 0; i < count; i++) {
        bool is_kept = shape == 0 ? i < cut : i >= cut;
        if (shape == 2) {
            is_kept = sim__choose(world, "torn.sector", 2) == 1;
        }
        uint64_t begin = (first + i) * SIM__SECTOR;
        uint64_t end = begin + SIM__SECTOR;
        begin = begin > change->offset ? begin : change->offset;
        end = end < change->offset + change->size ? end : change->offset + change->size;
        if (is_kept) {
            const char *bytes = sim__change_bytes(change) + (begin - change->offset);
            sim__content_put(&inode->durable, begin, bytes, end - begin);
        }
    }
}

static bool sim__change_can_tear(const struct sim__content_change *change)
{
    return !change->is_resize && change->size > 0
           && change->offset / SIM__SECTOR != (change->offset + change->size - 1) / SIM__SECTOR;
}

/* Decides what of the unsynced changes of a file had reached the disk; none is left. */
static void sim__inode_decide(struct myc_sim *world, struct sim__inode *inode)
{
    uint64_t lost = 0;
    uint64_t torn = 0;
    while (inode->changes != NULL) {
        struct sim__content_change *change = sim__change_take(inode);
        if (sim__fault(world, MYC_SIM_FAULT_WRITE_LOST)) {
            lost++;
        } else if (sim__change_can_tear(change) && sim__fault(world, MYC_SIM_FAULT_WRITE_TORN)) {
            torn++;
            sim__change_tear(world, inode, change);
        } else {
            sim__change_apply(world, &inode->durable, change);
        }
        sim__free(world, change);
    }
    const struct sim__content *seen = &inode->seen;
    if (seen->size != inode->durable.size
        || (seen->size > 0 && memcmp(seen->bytes, inode->durable.bytes, seen->size) != 0)) {
        world->faults[MYC_SIM_FAULT_WRITE_LOST].effect += lost;
        world->faults[MYC_SIM_FAULT_WRITE_TORN].effect += torn;
    }
}

/* Decides which of the unsynced changes of names had reached the disk; none is left. */
static void sim__names_decide(struct myc_sim *world, struct sim__tree *tree)
{
    bool is_journal = tree->changes != NULL && sim__choose(world, "names.order", 2) == 0;
    for (struct sim__entry_change *it = tree->changes; it != NULL; it = it->next) {
        it->is_marked = false; // here: lost
        for (struct sim__entry_change *before = tree->changes; before != it;
             before = before->next) {
            it->is_marked =
                it->is_marked
                || (before->is_marked && (is_journal || sim__changes_share_a_name(before, it)));
        }
        if (!it->is_marked && sim__fault(world, MYC_SIM_FAULT_NAME_LOST)) {
            sim__fault_effect(world, MYC_SIM_FAULT_NAME_LOST);
            it->is_marked = true;
        }
    }
    while (tree->changes != NULL) {
        sim__entry_change_end(world, tree, &tree->changes, !tree->changes->is_marked);
    }
}

/* Whether it lies in the host's memory, of which only directories come back. */
static bool sim__path_is_in_memory(const char *path)
{
    return strncmp(path, "/run/", 5) == 0 || strncmp(path, "/dev/shm/", 9) == 0;
}

/* Everybody sees what the disk holds. */
static void sim__tree_restart(struct myc_sim *world, struct sim__tree *tree)
{
    while (tree->seen != NULL) {
        sim__entry_take(world, &tree->seen, tree->seen->path);
    }
    for (struct sim__entry **link = &tree->durable; *link != NULL;) {
        struct sim__entry *entry = *link;
        struct sim__inode *inode = entry->inode;
        if (inode->kind != SIM__INODE_DIRECTORY && sim__path_is_in_memory(entry->path)) {
            sim__entry_take(world, link, entry->path);
            continue;
        }
        inode->listener = NULL;
        inode->is_locked = false;
        sim__content_resize(world, &inode->seen, inode->durable.size);
        sim__content_put(&inode->seen, 0, inode->durable.bytes, inode->durable.size);
        link = &entry->next;
    }
    for (struct sim__entry *it = tree->durable; it != NULL; it = it->next) {
        sim__entry_put(world, &tree->seen, it->path, it->inode);
    }
}

/* The host lost its power; its processes are dead. */
static void sim__files_power_loss(struct myc_sim *world, struct sim__host *host)
{
    struct sim__tree *tree = sim__tree(host);
    if (tree == NULL) {
        return;
    }
    for (struct sim__inode *it = tree->inodes; it != NULL; it = it->next) {
        sim__inode_pull(world, it);
        sim__inode_unmap(world, it);
    }
    sim__names_decide(world, tree);
    for (struct sim__inode *it = tree->inodes; it != NULL; it = it->next) {
        sim__inode_decide(world, it);
    }
    sim__tree_restart(world, tree);
}

#endif

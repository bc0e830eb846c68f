// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Where a history keeps what it knows: on the heap, or in memory that outlives the process that
 * fills it, so that a run which crashes leaves its history to its parent. Part of the
 * implementation unit.
 *
 * Shared memory lies at one address in both processes, so that pointers within it hold. Blocks have
 * a power of two of bytes; those given back are handed out again.
 */
#ifndef MYC_SIM_HISTORY_ROOM_H
#define MYC_SIM_HISTORY_ROOM_H

#include <mycelium/sim/history.h>
#include <mycelium/sim/internal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Pages of it that nobody touches cost nothing. */
enum { SIM__ROOM_GIBIBYTES = 16, SIM__ROOM_HEAD = 16 };

/* Before each block. */
struct sim__room_head {
    struct sim__room_head *next; /* of the free ones of this class */
    uint64_t class;              /* the block has 1 << class bytes, this head included */
};

static void *sim__room_take(struct sim__room *room, uint64_t class)
{
    struct sim__room_head *head = room->free_blocks[class];
    uint64_t size = UINT64_C(1) << class;
    if (head != NULL) {
        room->free_blocks[class] = head->next;
    } else if (room->used + size <= room->size) {
        head = (struct sim__room_head *)(void *)(room->bytes + room->used);
        room->used += size;
    } else {
        return NULL;
    }
    head->class = class;
    return (char *)head + SIM__ROOM_HEAD;
}

static struct sim__room_head *sim__room_head(void *block)
{
    return (struct sim__room_head *)(void *)((char *)block - SIM__ROOM_HEAD);
}

/** As free(). */
static void sim__room_free(struct sim__room *room, void *block)
{
    if (room->bytes == NULL) {
        free(block);
    } else if (block != NULL) {
        struct sim__room_head *head = sim__room_head(block);
        head->next = room->free_blocks[head->class];
        room->free_blocks[head->class] = head;
    }
}

/** As realloc(), but never NULL. */
static void *sim__room_resize(struct sim__room *room, void *block, size_t size)
{
    uint64_t class = 6;
    if (room->bytes == NULL) {
        return sim__must(realloc(block, size));
    }
    while ((UINT64_C(1) << class) < (uint64_t)size + SIM__ROOM_HEAD) {
        class ++;
    }
    if (block != NULL && sim__room_head(block)->class >= class) {
        return block;
    }
    void *bigger = sim__must(sim__room_take(room, class));
    if (block != NULL) {
        uint64_t held = UINT64_C(1) << sim__room_head(block)->class;
        memcpy(bigger, block, (size_t)held - SIM__ROOM_HEAD);
        sim__room_free(room, block);
    }
    return bigger;
}

/** As calloc(), but never NULL. */
static void *sim__room_zeroed(struct sim__room *room, uint64_t count, size_t size)
{
    void *block = sim__room_resize(room, NULL, (size_t)count * size);
    memset(block, 0, (size_t)count * size);
    return block;
}

/* A history that children of this process fill, and that is still there when they have crashed.
 * NULL when there is no such memory. */
static struct myc_sim_history *sim__history_create_shared(void)
{
    size_t size = (size_t)SIM__ROOM_GIBIBYTES << 30;
    int flags = MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE;
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (bytes == MAP_FAILED) {
        return NULL;
    }
    struct sim__room room = {.bytes = bytes, .size = size};
    struct myc_sim_history *history = sim__room_zeroed(&room, 1, sizeof(*history));
    history->room = room;
    return history;
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Private memory of a simulated process. Part of the implementation unit.
 *
 * Each block lies between two zones that nobody may write, and keeps a pattern for a while after it
 * was given back. Both are looked at when a block goes for good and when its process ends, however
 * that ends; AddressSanitizer, where it is on, reports such an access at once. By the fault
 * "memory-reuse" a block given back is handed out again at the next occasion.
 */
#ifndef MYC_SIM_HEAP_H
#define MYC_SIM_HEAP_H

#include <mycelium/sim/internal.h>

#include <stdlib.h>
#include <string.h>

enum {
    SIM__ZONE_BYTES = 32,
    SIM__ZONE_BYTE = 0xfd,
    SIM__RELEASED_BYTE = 0xdb,
    SIM__RELEASED_MAX = 32,
    SIM__RELEASED_BYTES_MAX = 1 << 18
};

/* Before every block; then a zone, the block aligned as asked, and another zone. */
struct sim__block_header {
    struct sim__block_header *next;
    struct sim__block_header *previous;
    struct sim__process *process; /* NULL: given back */
    void *base;
    size_t size;
    size_t alignment;
    const char *scope; /* who asked for it, and when */
    uint64_t time_ns;
    uint64_t number; /* counts the process's allocations */
};

#ifdef MYC_SIM_HAS_ASAN
void __asan_poison_memory_region(void const volatile *address, size_t size);
#define SIM__FORBID(memory, size) __asan_poison_memory_region(memory, size)
#define SIM__PERMIT(memory, size) __asan_unpoison_memory_region(memory, size)
#else
#define SIM__FORBID(memory, size) ((void)(memory), (void)(size))
#define SIM__PERMIT(memory, size) ((void)(memory), (void)(size))
#endif

static unsigned char *sim__block_bytes(struct sim__block_header *block)
{
    return (unsigned char *)(block + 1) + SIM__ZONE_BYTES;
}

static struct sim__block_header *sim__block_of(void *bytes)
{
    return (struct sim__block_header *)(void *)((char *)bytes - SIM__ZONE_BYTES) - 1;
}

static bool sim__bytes_are(const unsigned char *bytes, size_t size, unsigned char value)
{
    return size == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static void sim__block_fail(const struct sim__block_header *block, const char *what)
{
    sim__fail(
        block->process != NULL ? block->process->world : sim__world_now,
        "memory: %s allocation %llu of %zu bytes, which %s made at %llu.%06llu ms",
        what,
        (unsigned long long)block->number,
        block->size,
        block->scope,
        (unsigned long long)(block->time_ns / 1000000),
        (unsigned long long)(block->time_ns % 1000000));
}

/* Ends the run if somebody wrote where nobody may. */
static void sim__block_check(struct sim__block_header *block)
{
    unsigned char *bytes = sim__block_bytes(block);
    SIM__PERMIT(bytes - SIM__ZONE_BYTES, block->size + (size_t)2 * SIM__ZONE_BYTES);
    if (!sim__bytes_are(bytes - SIM__ZONE_BYTES, SIM__ZONE_BYTES, SIM__ZONE_BYTE)) {
        sim__block_fail(block, "something wrote before");
    }
    if (!sim__bytes_are(bytes + block->size, SIM__ZONE_BYTES, SIM__ZONE_BYTE)) {
        sim__block_fail(block, "something wrote behind");
    }
    if (block->process == NULL && !sim__bytes_are(bytes, block->size, SIM__RELEASED_BYTE)) {
        sim__block_fail(block, "something wrote after the release to");
    }
}

static void sim__block_free(struct sim__block_header *block)
{
    SIM__PERMIT(
        sim__block_bytes(block) - SIM__ZONE_BYTES, block->size + (size_t)2 * SIM__ZONE_BYTES);
    free(block->base);
}

// ---- Blocks given back: newest first ----

static void sim__released_take(struct sim__process *process, struct sim__block_header **link)
{
    struct sim__block_header *block = *link;
    *link = block->next;
    process->released_count--;
    process->released_bytes -= block->size;
}

static void sim__released_add(struct sim__process *process, struct sim__block_header *block)
{
    block->process = NULL;
    block->previous = NULL;
    block->next = process->released;
    process->released = block;
    process->released_count++;
    process->released_bytes += block->size;
    memset(sim__block_bytes(block), SIM__RELEASED_BYTE, block->size);
    SIM__FORBID(sim__block_bytes(block), block->size);
    while (process->released_count > SIM__RELEASED_MAX
           || process->released_bytes > SIM__RELEASED_BYTES_MAX) {
        struct sim__block_header **link = &process->released;
        while ((*link)->next != NULL) {
            link = &(*link)->next;
        }
        struct sim__block_header *oldest = *link;
        sim__released_take(process, link);
        sim__block_check(oldest);
        sim__block_free(oldest);
    }
}

/* By a fault, a block of the same kind that was given back a moment ago; else NULL. */
static struct sim__block_header *
sim__released_again(struct sim__process *process, size_t size, size_t alignment)
{
    struct sim__block_header **link = &process->released;
    while (*link != NULL && ((*link)->size != size || (*link)->alignment != alignment)) {
        link = &(*link)->next;
    }
    struct sim__block_header *block = *link;
    if (block == NULL || !sim__fault(process->world, MYC_SIM_FAULT_MEMORY_REUSE)) {
        return NULL;
    }
    sim__fault_effect(process->world, MYC_SIM_FAULT_MEMORY_REUSE);
    sim__released_take(process, link);
    sim__block_check(block);
    return block;
}

// ---- The seam ----

/* Whether the options refuse this allocation of the process. */
static bool sim__allocation_is_refused(const struct sim__process *process)
{
    const struct myc_sim *world = process->world;
    uint64_t number = world->options->fail_allocation_number;
    if (world->fail_allocation_process != process || number == 0) {
        return false;
    }
    bool is_sticky = world->options->fail_allocation_is_sticky && world->are_faults_on;
    return process->allocation_count == number || (is_sticky && process->allocation_count > number);
}

/* Whether there is no memory for this allocation: by the options, a fault, or a limit. */
static bool sim__memory_is_out(struct sim__process *process, size_t size)
{
    struct myc_sim *world = process->world;
    process->allocation_count++;
    bool is_out = size > SIZE_MAX / 2;
    if (sim__allocation_is_refused(process)) {
        sim__note(world, SIM__NOTE_MEMORY, process->allocation_count, 0);
        is_out = true;
    } else if (sim__fault(world, MYC_SIM_FAULT_ALLOCATION)) {
        sim__fault_effect(world, MYC_SIM_FAULT_ALLOCATION);
        is_out = true;
    } else if (process->memory_max > 0 && size > process->memory_max - process->block_bytes) {
        sim__note(world, SIM__NOTE_MEMORY, process->allocation_count, 1);
        is_out = true;
    }
    process->refused_count += is_out ? 1 : 0;
    return is_out;
}

/* A block of its own from the C library; NULL when that has none. */
static struct sim__block_header *sim__block_new(size_t size, size_t alignment)
{
    size_t step = alignment > 16 ? alignment : 16;
    size_t front = sizeof(struct sim__block_header) + SIM__ZONE_BYTES;
    // Any base gives an aligned block once a whole alignment is added to what is asked for.
    char *base = malloc(front + step + size + SIM__ZONE_BYTES);
    if (base == NULL) {
        return NULL;
    }
    uintptr_t aligned = ((uintptr_t)base + front + step - 1) / step * step;
    struct sim__block_header *block = sim__block_of(base + (aligned - (uintptr_t)base));
    block->base = base;
    return block;
}

static void *sim__memory_allocate(struct myc_memory *seam, size_t size, size_t alignment)
{
    struct sim__process *process = MYC_CONTAINER_OF(seam, struct sim__process, memory);
    struct myc_sim *world = process->world;
    sim__point(world, "memory.allocate");
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > 4096) {
        sim__fail(world, "memory.allocate: alignment %zu is not 1, 2, 4 .. 4096", alignment);
    }
    if (sim__memory_is_out(process, size)) {
        return NULL;
    }
    struct sim__block_header *block = sim__released_again(process, size, alignment);
    if (block == NULL) {
        block = sim__block_new(size, alignment);
    }
    if (block == NULL) {
        return NULL;
    }
    *block = (struct sim__block_header){
        .next = process->blocks,
        .process = process,
        .base = block->base,
        .size = size,
        .alignment = alignment,
        .scope = world->current != NULL ? world->current->scope : "world",
        .time_ns = sim__now(world),
        .number = process->block_sequence++,
    };
    if (block->next != NULL) {
        block->next->previous = block;
    }
    process->blocks = block;
    process->block_count++;
    process->block_bytes += size;
    unsigned char *bytes = sim__block_bytes(block);
    memset(bytes - SIM__ZONE_BYTES, SIM__ZONE_BYTE, SIM__ZONE_BYTES);
    memset(bytes, 0, size);
    memset(bytes + size, SIM__ZONE_BYTE, SIM__ZONE_BYTES);
    SIM__FORBID(bytes - SIM__ZONE_BYTES, SIM__ZONE_BYTES);
    SIM__FORBID(bytes + size, SIM__ZONE_BYTES);
    return bytes;
}

static void sim__memory_release(struct myc_memory *seam, void *bytes, size_t size)
{
    struct sim__process *process = MYC_CONTAINER_OF(seam, struct sim__process, memory);
    if (bytes == NULL) {
        return;
    }
    sim__point(process->world, "memory.release");
    struct sim__block_header *block = sim__block_of(bytes);
    if (block->process != process || block->size != size) {
        sim__fail(
            process->world,
            "memory.release: '%s' gives back %zu bytes that it did not get so",
            process->name,
            size);
    }
    sim__block_check(block);
    SIM__FORBID((char *)bytes - SIM__ZONE_BYTES, SIM__ZONE_BYTES);
    SIM__FORBID((char *)bytes + size, SIM__ZONE_BYTES);
    *(block->previous != NULL ? &block->previous->next : &process->blocks) = block->next;
    if (block->next != NULL) {
        block->next->previous = block->previous;
    }
    process->block_count--;
    process->block_bytes -= size;
    sim__memory_forget(process->world, bytes, size);
    sim__released_add(process, block);
}

static const struct myc_memory_ops sim__memory_ops = {
    .size = sizeof(struct myc_memory_ops),
    .allocate = sim__memory_allocate,
    .release = sim__memory_release,
};

/* Looks at every block that the process has or had a moment ago. */
static void sim__heap_check(const struct sim__process *process)
{
    for (struct sim__block_header *it = process->blocks; it != NULL; it = it->next) {
        sim__block_check(it);
    }
    for (struct sim__block_header *it = process->released; it != NULL; it = it->next) {
        sim__block_check(it);
    }
}

static void sim__heap_end(struct sim__process *process)
{
    while (process->blocks != NULL) {
        struct sim__block_header *block = process->blocks;
        process->blocks = block->next;
        sim__memory_forget(process->world, sim__block_bytes(block), block->size);
        sim__block_free(block);
    }
    while (process->released != NULL) {
        struct sim__block_header *block = process->released;
        process->released = block->next;
        sim__block_free(block);
    }
    process->block_count = 0;
    process->block_bytes = 0;
}

void myc_sim_limit_memory(struct myc_sim *sim, struct myc_sim_process process, uint64_t bytes_max)
{
    sim__known_process(sim, process)->memory_max = bytes_max;
}

#endif

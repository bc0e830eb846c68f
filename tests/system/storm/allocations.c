// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Counts every allocation of the process. Under sanitizers, which have a malloc of their own, by
 * their hooks; else by taking malloc's place in front of the C library's.
 */
#define _GNU_SOURCE 1
#include "system/storm/storm.h"

#include <errno.h>
#include <stdlib.h>

#include <mycelium/atomic.h>

static struct myc_atomic_u64 allocations;

uint64_t storm_allocations(void)
{
    return myc_load_relaxed_u64(&allocations);
}

#if STORM_ASAN || STORM_TSAN

int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void *, size_t), void (*free_hook)(const volatile void *));

static void on_malloc(const volatile void *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    (void)myc_fetch_add_u64(&allocations, 1);
}

static void on_free(const volatile void *bytes)
{
    (void)bytes;
}

__attribute__((constructor)) static void install(void)
{
    (void)__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

#else

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *bytes, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    (void)myc_fetch_add_u64(&allocations, 1);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    (void)myc_fetch_add_u64(&allocations, 1);
    return __libc_calloc(count, size);
}

void *realloc(void *bytes, size_t size)
{
    (void)myc_fetch_add_u64(&allocations, 1);
    return __libc_realloc(bytes, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    (void)myc_fetch_add_u64(&allocations, 1);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out_bytes, size_t alignment, size_t size)
{
    (void)myc_fetch_add_u64(&allocations, 1);
    *out_bytes = __libc_memalign(alignment, size);
    return *out_bytes != NULL ? 0 : ENOMEM;
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The parts of the real backend, each made in its own file, and what they share.
 *
 * A handle is a descriptor plus one, so that the zeroed handle names nothing; thread handles are
 * pointers. Parts hold no state unless their structure here shows it.
 */
#ifndef MYC_PLATFORM_POSIX_POSIX_H
#define MYC_PLATFORM_POSIX_POSIX_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/socket.h>

#include <pthread.h>

#include <mycelium/bytes.h>
#include <mycelium/diagnostic.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/entropy.h>
#include <mycelium/interface/file.h>
#include <mycelium/interface/listener.h>
#include <mycelium/interface/log.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/process.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/stream.h>
#include <mycelium/interface/thread.h>
#include <mycelium/interface/wait.h>
#include <mycelium/status.h>

struct myc__posix_thread {
    struct myc_thread base;
    bool has_membarrier; /* the kernel accepted our registration */
};

struct myc__posix_poller {
    struct myc_poller base;
    bool has_pwait2; /* the kernel waits with nanosecond deadlines (5.11 and later) */
};

struct myc__posix_owner;

struct myc__posix_listener {
    struct myc_listener base;
    pthread_mutex_t mutex;           /* guards the list below */
    struct myc__posix_owner *owners; /* one for every open Unix listener: its path and lock */
};

struct myc__posix_process {
    struct myc_process base;
    uint8_t boot_id[16];
};

/** Each sets up one part. What can fail says so; what holds something has a deinit. */
void myc__posix_clock_init(struct myc_clock *clock);
void myc__posix_thread_init(struct myc__posix_thread *thread);
void myc__posix_wait_init(struct myc_wait *wait);
void myc__posix_listener_init(struct myc__posix_listener *listener);
void myc__posix_listener_deinit(struct myc__posix_listener *listener);
void myc__posix_stream_init(struct myc_stream *stream);
void myc__posix_poller_init(struct myc__posix_poller *poller);
void myc__posix_shm_init(struct myc_shm *shm);
void myc__posix_file_init(struct myc_file *file);
MYC_MUST_USE enum myc_status
myc__posix_process_init(struct myc__posix_process *process, struct myc_diagnostic *diagnostic);
void myc__posix_memory_init(struct myc_memory *memory);
void myc__posix_entropy_init(struct myc_entropy *entropy);
void myc__posix_log_init(struct myc_log *log);

/** Fails with IO when the kernel is older than 5.10. */
MYC_MUST_USE enum myc_status myc__posix_check_kernel(struct myc_diagnostic *diagnostic);

/** What the shared-memory part's operations on names are; see mycelium/interface/shm.h. */
enum myc_status myc__posix_shm_open(
    struct myc_shm *shm,
    const struct myc_shm_name *name,
    bool is_owner,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic);
enum myc_status myc__posix_shm_replace(
    struct myc_shm *shm,
    const struct myc_shm_name *name,
    size_t bytes,
    struct myc_const_span head,
    struct myc_handle *handle,
    struct myc_diagnostic *diagnostic);
enum myc_status myc__posix_shm_remove(
    struct myc_shm *shm, const struct myc_shm_name *name, struct myc_handle handle);
enum myc_status
myc__posix_shm_has_owner(struct myc_shm *shm, struct myc_handle handle, bool *out_has);

/** The status that an OS error number stands for; IO for what has no better one. */
enum myc_status myc__posix_status(int os_error);

/**
 * Records "<action> '<name>': <the OS's words>" and returns the status of `os_error`.
 *
 * `status` overrides the general mapping; pass MYC_OK to use it.
 */
enum myc_status myc__posix_fail(
    struct myc_diagnostic *diagnostic,
    enum myc_status status,
    int os_error,
    const char *action,
    const char *name);

/** Reads a small file from its start; returns the bytes read, or 0 when it cannot be read. */
size_t myc__posix_read_small(const char *path, char *buffer, size_t capacity);

/** Now, in ns of CLOCK_MONOTONIC. */
uint64_t myc__posix_now_ns(void);

/** An address as the kernel wants it. Errors: INVALID, with the reason in the diagnostic. */
MYC_MUST_USE enum myc_status myc__posix_address_encode(
    const struct myc_address *address,
    struct sockaddr_storage *out_socket_address,
    socklen_t *out_size,
    struct myc_diagnostic *diagnostic);

/** The kernel's address as ours. Errors: INVALID (neither Unix nor TCP). */
MYC_MUST_USE enum myc_status myc__posix_address_decode(
    const struct sockaddr_storage *socket_address, socklen_t size, struct myc_address *out_address);

/** "path" or "host:port" or "[host]:port", for diagnostics; `text` has 128 bytes. */
void myc__posix_address_text(const struct myc_address *address, char *text);

/** Sets the options of a new stream socket: the only place, for connect and accept alike. */
void myc__posix_stream_prepare(int fd, int family);

/** Who runs now under `pid`. Errors: NOT_FOUND. */
MYC_MUST_USE enum myc_status
myc__posix_identify(int64_t pid, struct myc_process_identity *out_identity);

/** The descriptor a handle stands for; -1 for the empty handle, so that the kernel says EBADF. */
static inline int myc__posix_fd(struct myc_handle handle)
{
    return handle.value > 0 && handle.value <= INT32_MAX ? (int)(handle.value - 1) : -1;
}

static inline struct myc_handle myc__posix_handle(int fd)
{
    struct myc_handle handle = {.value = (uint64_t)fd + 1};
    return handle;
}

/** Closes the descriptor of a handle. Accepts the empty handle. */
void myc__posix_close(struct myc_handle handle);

#endif

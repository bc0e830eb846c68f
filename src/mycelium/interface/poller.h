// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Poller seam: one thread waits for many sockets, process watches and doorbells at once.
 *
 * Readiness is level-triggered: what is not consumed is reported again. An interest marked
 * MYC_ONE_SHOT disarms itself when it is reported and stays registered until modify or remove.
 * A doorbell is a counter that any thread, or another process that was given its handle, may ring;
 * many rings before a clear are one event.
 * Threads: wait belongs to one thread per poller at a time; add, modify, remove and ring are for
 * any thread, also while another one waits.
 */
#ifndef MYC_INTERFACE_POLLER_H
#define MYC_INTERFACE_POLLER_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/bytes.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Interests and events, or-ed. HANGUP is reported whether asked for or not. */
enum {
    MYC_READABLE = 1, /* bytes, their end, a connection, an exit or a ring is there */
    MYC_WRITABLE = 2, /* the socket takes bytes again, or a connect finished either way */
    MYC_HANGUP = 4,   /* both directions of the stream are finished, or it broke */
    MYC_ONE_SHOT = 8  /* interest only: disarm when reported */
};

struct myc_event {
    uint64_t token;  /* as given to add or modify */
    uint32_t events; /* MYC_READABLE | MYC_WRITABLE | MYC_HANGUP */
    uint32_t reserved;
};

struct myc_poller_ops;

struct myc_poller {
    const struct myc_poller_ops *ops;
};

struct myc_poller_ops {
    uint32_t size;

    /** Creates a poller. Required. Errors: LIMIT. */
    enum myc_status (*open)(struct myc_poller *poller, struct myc_handle *out_handle);

    /** Closes a poller; what it watched stays open. Required. Accepts the empty handle. */
    void (*close)(struct myc_poller *poller, struct myc_handle handle);

    /** Starts watching `source`. Required. Errors: EXISTS, LIMIT, INVALID (cannot be watched). */
    enum myc_status (*add)(
        struct myc_poller *poller,
        struct myc_handle handle,
        struct myc_handle source,
        uint32_t interest,
        uint64_t token);

    /**
     * Replaces interest and token, re-arming a one-shot: a source that is ready is reported
     * (again), also to a thread that already waits. Required. Errors: NOT_FOUND.
     */
    enum myc_status (*modify)(
        struct myc_poller *poller,
        struct myc_handle handle,
        struct myc_handle source,
        uint32_t interest,
        uint64_t token);

    /** Stops watching; call before closing the source. Required. Harmless if not watched. */
    void (*remove)(struct myc_poller *poller, struct myc_handle handle, struct myc_handle source);

    /**
     * Waits for events until the deadline (0: only looks). Required. Blocks.
     * Returns OK with at least one event, each source at most once; TIMEOUT with none, never before
     * the deadline; INVALID without room for an event. *out_count is 0 unless OK.
     * Simulator: the order of ready events is a choice; spurious readiness is possible.
     */
    enum myc_status (*wait)(
        struct myc_poller *poller,
        struct myc_handle handle,
        struct myc_event *out_events,
        size_t events_max,
        uint64_t deadline_ns,
        size_t *out_count);

    /** Creates a doorbell, to be added to a poller as MYC_READABLE. Required. Errors: LIMIT. */
    enum myc_status (*doorbell_open)(struct myc_poller *poller, struct myc_handle *out_doorbell);

    /** Rings: the doorbell is readable until cleared. Required. Never blocks, cannot fail. */
    void (*doorbell_ring)(struct myc_poller *poller, struct myc_handle doorbell);

    /** Clears all rings so far. Required. Never blocks. */
    void (*doorbell_clear)(struct myc_poller *poller, struct myc_handle doorbell);

    /**
     * Whether a handle that another process passed is a doorbell, which to ring and clear never
     * blocks. Required. Returns OK or INVALID; the empty handle is INVALID.
     */
    enum myc_status (*doorbell_check)(struct myc_poller *poller, struct myc_handle handle);

    /** Closes this process's handle of a doorbell. Required. Accepts the empty handle. */
    void (*doorbell_close)(struct myc_poller *poller, struct myc_handle doorbell);
};

MYC_MUST_USE static inline enum myc_status
myc_poller_open(struct myc_poller *poller, struct myc_handle *out_handle)
{
    return poller->ops->open(poller, out_handle);
}

static inline void myc_poller_close(struct myc_poller *poller, struct myc_handle handle)
{
    poller->ops->close(poller, handle);
}

MYC_MUST_USE static inline enum myc_status myc_poller_add(
    struct myc_poller *poller,
    struct myc_handle handle,
    struct myc_handle source,
    uint32_t interest,
    uint64_t token)
{
    return poller->ops->add(poller, handle, source, interest, token);
}

MYC_MUST_USE static inline enum myc_status myc_poller_modify(
    struct myc_poller *poller,
    struct myc_handle handle,
    struct myc_handle source,
    uint32_t interest,
    uint64_t token)
{
    return poller->ops->modify(poller, handle, source, interest, token);
}

static inline void
myc_poller_remove(struct myc_poller *poller, struct myc_handle handle, struct myc_handle source)
{
    poller->ops->remove(poller, handle, source);
}

static inline enum myc_status myc_poller_wait(
    struct myc_poller *poller,
    struct myc_handle handle,
    struct myc_event *out_events,
    size_t events_max,
    uint64_t deadline_ns,
    size_t *out_count)
{
    *out_count = 0;
    if (events_max == 0) {
        return MYC_INVALID;
    }
    return poller->ops->wait(poller, handle, out_events, events_max, deadline_ns, out_count);
}

MYC_MUST_USE static inline enum myc_status
myc_doorbell_open(struct myc_poller *poller, struct myc_handle *out_doorbell)
{
    return poller->ops->doorbell_open(poller, out_doorbell);
}

static inline void myc_doorbell_ring(struct myc_poller *poller, struct myc_handle doorbell)
{
    poller->ops->doorbell_ring(poller, doorbell);
}

static inline void myc_doorbell_clear(struct myc_poller *poller, struct myc_handle doorbell)
{
    poller->ops->doorbell_clear(poller, doorbell);
}

MYC_MUST_USE static inline enum myc_status
myc_doorbell_check(struct myc_poller *poller, struct myc_handle handle)
{
    return poller->ops->doorbell_check(poller, handle);
}

static inline void myc_doorbell_close(struct myc_poller *poller, struct myc_handle doorbell)
{
    poller->ops->doorbell_close(poller, doorbell);
}

#ifdef __cplusplus
}
#endif

#endif

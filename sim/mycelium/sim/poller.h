// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Pollers and doorbells of the simulated kernel. Part of the implementation unit.
 *
 * Readiness is a level that ops->ready computes, so a poller keeps no state of its sources; whoever
 * changes a source calls sim__object_changed(), which only wakes.
 */
#ifndef MYC_SIM_POLLER_H
#define MYC_SIM_POLLER_H

#include <mycelium/sim/internal.h>

#include <mycelium/interface/poller.h>

struct sim__poller;

struct sim__registration {
    struct sim__registration *object_next; /* of the same object */
    struct sim__object *object;
    struct sim__poller *poller;
    uint64_t handle; /* the descriptor it was added by */
    uint64_t token;
    uint32_t interest;
    bool is_armed;
    bool is_reported; /* by the wait that runs now */
};

struct sim__poller {
    struct sim__object object;
    struct sim__registration **registrations; /* the longest unreported first */
    struct sim__registration **scratch;       /* as long */
    uint32_t count;
    uint32_t capacity;
    struct sim__wait_queue waiters;
};

struct sim__doorbell {
    struct sim__object object;
    uint64_t rings;
};

struct sim__poller_seam {
    struct myc_poller seam;
    struct sim__process *process;
};

// ---- What other parts use ----

static uint32_t
sim__registration_events(struct myc_sim *world, const struct sim__registration *registration)
{
    if (!registration->is_armed) {
        return 0;
    }
    uint32_t events = registration->object->ops->ready(world, registration->object);
    return events & ((registration->interest & (MYC_READABLE | MYC_WRITABLE)) | MYC_HANGUP);
}

void sim__object_changed(struct myc_sim *world, struct sim__object *object)
{
    struct sim__registration *it = object->watchers;
    for (; it != NULL; it = it->object_next) {
        if (it->poller->waiters.head != NULL && sim__registration_events(world, it) != 0) {
            (void)sim__wake(world, &it->poller->waiters, UINT32_MAX);
        }
    }
}

/* Takes a registration out of its object and its poller, and frees it. */
static void sim__registration_end(struct myc_sim *world, struct sim__registration *registration)
{
    struct sim__registration **link = &registration->object->watchers;
    while (*link != registration) {
        link = &(*link)->object_next;
    }
    *link = registration->object_next;
    struct sim__poller *poller = registration->poller;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < poller->count; i++) {
        if (poller->registrations[i] != registration) {
            poller->registrations[kept++] = poller->registrations[i];
        }
    }
    poller->count = kept;
    sim__free(world, registration);
}

void sim__object_unwatch(struct myc_sim *world, struct sim__object *object)
{
    while (object->watchers != NULL) {
        sim__registration_end(world, object->watchers);
    }
}

// ---- Objects ----

static void sim__poller_release(struct myc_sim *world, struct sim__object *object)
{
    struct sim__poller *poller = MYC_CONTAINER_OF(object, struct sim__poller, object);
    while (poller->count > 0) {
        sim__registration_end(world, poller->registrations[poller->count - 1]);
    }
    sim__free(world, poller->registrations);
    sim__free(world, poller->scratch);
    sim__free(world, poller);
}

static const struct sim__object_ops sim__poller_object_ops = {
    .kind = "poller",
    .release = sim__poller_release,
};

static void sim__doorbell_release(struct myc_sim *world, struct sim__object *object)
{
    sim__free(world, MYC_CONTAINER_OF(object, struct sim__doorbell, object));
}

static uint32_t sim__doorbell_ready(struct myc_sim *world, struct sim__object *object)
{
    (void)world;
    return MYC_CONTAINER_OF(object, struct sim__doorbell, object)->rings > 0 ? MYC_READABLE : 0;
}

static const struct sim__object_ops sim__doorbell_object_ops = {
    .kind = "doorbell",
    .release = sim__doorbell_release,
    .ready = sim__doorbell_ready,
};

static struct sim__process *sim__poller_process(struct myc_poller *seam)
{
    return MYC_CONTAINER_OF(seam, struct sim__poller_seam, seam)->process;
}

static struct sim__poller *sim__poller_find(struct sim__process *process, struct myc_handle handle)
{
    struct sim__object *object = sim__descriptor_lookup(process, handle, &sim__poller_object_ops);
    return object != NULL ? MYC_CONTAINER_OF(object, struct sim__poller, object) : NULL;
}

/* Gives a new object to a process; the descriptor then holds the only reference. */
static enum myc_status sim__object_publish(
    struct sim__process *process, struct sim__object *object, struct myc_handle *out_handle)
{
    struct myc_handle handle = sim__descriptor_insert(process, object);
    sim__object_drop(process->world, object);
    *out_handle = handle;
    return handle.value != 0 ? MYC_OK : MYC_LIMIT;
}

// ---- Registrations ----

static enum myc_status sim__poller_open(struct myc_poller *seam, struct myc_handle *out_handle)
{
    struct sim__process *process = sim__poller_process(seam);
    struct myc_sim *world = process->world;
    sim__point(world, "poller.open");
    struct sim__poller *poller = sim__allocate(world, sizeof(*poller));
    sim__object_init(world, &poller->object, &sim__poller_object_ops);
    return sim__object_publish(process, &poller->object, out_handle);
}

/*
 * Closes a descriptor of any kind, as a kernel does: who was given a handle closes it without
 * knowing what it is. One that is not open was closed twice, which may hit somebody else's.
 */
static void
sim__close_handle(struct sim__process *process, struct myc_handle handle, const char *slot)
{
    sim__point(process->world, slot);
    if (handle.value == 0) {
        return;
    }
    const struct sim__object *object = sim__descriptor_lookup(process, handle, NULL);
    if (object == NULL) {
        sim__fail(
            process->world,
            "%s: handle %llu of '%s' is not open",
            slot,
            (unsigned long long)handle.value,
            process->name);
    }
    sim__note(process->world, SIM__NOTE_CLOSE, object->id, handle.value);
    (void)sim__descriptor_close(process, handle);
}

static void sim__poller_close(struct myc_poller *seam, struct myc_handle handle)
{
    sim__close_handle(sim__poller_process(seam), handle, "poller.close");
}

static struct sim__registration *sim__registration_find(
    struct sim__process *process, struct sim__poller *poller, struct myc_handle source)
{
    const struct sim__object *object = sim__descriptor_lookup(process, source, NULL);
    for (uint32_t i = 0; object != NULL && i < poller->count; i++) {
        struct sim__registration *it = poller->registrations[i];
        if (it->object == object && it->handle == source.value) {
            return it;
        }
    }
    return NULL;
}

static void sim__poller_grow(struct myc_sim *world, struct sim__poller *poller)
{
    uint32_t capacity = poller->capacity * 2 + 8;
    struct sim__registration **grown = sim__allocate(world, capacity * sizeof(*grown));
    for (uint32_t i = 0; i < poller->count; i++) {
        grown[i] = poller->registrations[i];
    }
    sim__free(world, poller->registrations);
    sim__free(world, poller->scratch);
    poller->registrations = grown;
    poller->scratch = sim__allocate(world, capacity * sizeof(*grown));
    poller->capacity = capacity;
}

static enum myc_status sim__poller_add(
    struct myc_poller *seam,
    struct myc_handle handle,
    struct myc_handle source,
    uint32_t interest,
    uint64_t token)
{
    struct sim__process *process = sim__poller_process(seam);
    struct myc_sim *world = process->world;
    sim__point(world, "poller.add");
    struct sim__poller *poller = sim__poller_find(process, handle);
    struct sim__object *object = sim__descriptor_lookup(process, source, NULL);
    if (poller == NULL || object == NULL || object->ops->ready == NULL) {
        return MYC_INVALID;
    }
    if (sim__registration_find(process, poller, source) != NULL) {
        return MYC_EXISTS;
    }
    if (poller->count == poller->capacity) {
        sim__poller_grow(world, poller);
    }
    struct sim__registration *registration = sim__allocate(world, sizeof(*registration));
    *registration = (struct sim__registration){
        .object_next = object->watchers,
        .object = object,
        .poller = poller,
        .handle = source.value,
        .token = token,
        .interest = interest,
        .is_armed = true,
    };
    object->watchers = registration;
    poller->registrations[poller->count++] = registration;
    sim__object_changed(world, object);
    return MYC_OK;
}

static enum myc_status sim__poller_modify(
    struct myc_poller *seam,
    struct myc_handle handle,
    struct myc_handle source,
    uint32_t interest,
    uint64_t token)
{
    struct sim__process *process = sim__poller_process(seam);
    struct myc_sim *world = process->world;
    sim__point(world, "poller.modify");
    struct sim__poller *poller = sim__poller_find(process, handle);
    struct sim__registration *registration =
        poller != NULL ? sim__registration_find(process, poller, source) : NULL;
    if (registration == NULL) {
        return MYC_NOT_FOUND;
    }
    registration->interest = interest;
    registration->token = token;
    registration->is_armed = true;
    sim__object_changed(world, registration->object);
    return MYC_OK;
}

static void
sim__poller_remove(struct myc_poller *seam, struct myc_handle handle, struct myc_handle source)
{
    struct sim__process *process = sim__poller_process(seam);
    sim__point(process->world, "poller.remove");
    struct sim__poller *poller = sim__poller_find(process, handle);
    if (poller != NULL) {
        struct sim__registration *registration = sim__registration_find(process, poller, source);
        if (registration != NULL) {
            sim__registration_end(process->world, registration);
        }
    }
}

// ---- Waiting ----

static struct myc_event
sim__registration_report(struct sim__registration *registration, uint32_t events)
{
    registration->is_reported = true;
    if ((registration->interest & MYC_ONE_SHOT) != 0) {
        registration->is_armed = false;
    }
    return (struct myc_event){.token = registration->token, .events = events};
}

/* Who was reported goes behind who was not, so that small batches starve nobody. */
static void sim__poller_rotate(struct sim__poller *poller)
{
    uint32_t kept = 0;
    uint32_t moved = 0;
    for (uint32_t i = 0; i < poller->count; i++) {
        struct sim__registration *it = poller->registrations[i];
        if (it->is_reported) {
            it->is_reported = false;
            poller->scratch[moved++] = it;
        } else {
            poller->registrations[kept++] = it;
        }
    }
    for (uint32_t i = 0; i < moved; i++) {
        poller->registrations[kept + i] = poller->scratch[i];
    }
}

static size_t sim__poller_collect(
    struct myc_sim *world, struct sim__poller *poller, struct myc_event *out_events, size_t max)
{
    uint32_t ready = 0;
    for (uint32_t i = 0; i < poller->count; i++) {
        if (sim__registration_events(world, poller->registrations[i]) != 0) {
            poller->scratch[ready++] = poller->registrations[i];
        }
    }
    size_t count = ready < max ? ready : max;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t pick = i + (uint32_t)sim__choose(world, "poll.order", ready - i);
        struct sim__registration *chosen = poller->scratch[pick];
        // The others keep their order, so that choosing 0 always means the longest unreported.
        for (; pick > i; pick--) {
            poller->scratch[pick] = poller->scratch[pick - 1];
        }
        poller->scratch[i] = chosen;
        out_events[i] = sim__registration_report(chosen, sim__registration_events(world, chosen));
    }
    sim__poller_rotate(poller);
    return count;
}

/* Reports one source that is not ready, as a kernel may when what it saw has gone again. */
static size_t
sim__poller_spurious(struct myc_sim *world, struct sim__poller *poller, struct myc_event *out_event)
{
    uint32_t candidates = 0;
    for (uint32_t i = 0; i < poller->count; i++) {
        struct sim__registration *it = poller->registrations[i];
        bool has_interest = (it->interest & (MYC_READABLE | MYC_WRITABLE)) != 0;
        if (it->is_armed && has_interest && !it->object->ops->is_exact) {
            poller->scratch[candidates++] = it;
        }
    }
    if (candidates == 0 || !sim__fault(world, MYC_SIM_FAULT_SPURIOUS_READY)) {
        return 0;
    }
    struct sim__registration *it = poller->scratch[sim__choose(world, "poll.spurious", candidates)];
    *out_event = sim__registration_report(it, it->interest & (MYC_READABLE | MYC_WRITABLE));
    sim__poller_rotate(poller);
    sim__fault_effect(world, MYC_SIM_FAULT_SPURIOUS_READY);
    return 1;
}

static enum myc_status sim__poller_wait(
    struct myc_poller *seam,
    struct myc_handle handle,
    struct myc_event *out_events,
    size_t events_max,
    uint64_t deadline_ns,
    size_t *out_count)
{
    struct sim__process *process = sim__poller_process(seam);
    struct myc_sim *world = process->world;
    enum sim__wake wake = SIM__WOKEN;
    sim__point(world, "poller.wait");
    struct sim__poller *poller = sim__poller_find(process, handle);
    *out_count = 0;
    if (poller == NULL || events_max == 0) {
        return MYC_INVALID;
    }
    for (;;) {
        *out_count = sim__poller_collect(world, poller, out_events, events_max);
        if (*out_count == 0 && wake == SIM__WOKEN) {
            *out_count = sim__poller_spurious(world, poller, out_events);
        }
        if (*out_count > 0) {
            sim__note(world, SIM__NOTE_POLL, poller->object.id, *out_count);
            return MYC_OK;
        }
        if (deadline_ns == 0 || wake == SIM__TIMED_OUT) {
            return MYC_TIMEOUT;
        }
        // Anew each time: the host may have been suspended meanwhile.
        uint64_t due_ns = sim__host_deadline(process->host, deadline_ns);
        wake = sim__block(world, &poller->waiters, due_ns, SIM__WAITS_POLLER);
        if (sim__poller_find(process, handle) != poller) {
            sim__fail(world, "poller.wait: '%s' closed the poller meanwhile", process->name);
        }
    }
}

// ---- Doorbells ----

static enum myc_status sim__doorbell_open(struct myc_poller *seam, struct myc_handle *out_handle)
{
    struct sim__process *process = sim__poller_process(seam);
    struct myc_sim *world = process->world;
    sim__point(world, "doorbell.open");
    struct sim__doorbell *doorbell = sim__allocate(world, sizeof(*doorbell));
    sim__object_init(world, &doorbell->object, &sim__doorbell_object_ops);
    return sim__object_publish(process, &doorbell->object, out_handle);
}

static struct sim__doorbell *sim__doorbell_find(struct myc_poller *seam, struct myc_handle handle)
{
    struct sim__object *object =
        sim__descriptor_lookup(sim__poller_process(seam), handle, &sim__doorbell_object_ops);
    return object != NULL ? MYC_CONTAINER_OF(object, struct sim__doorbell, object) : NULL;
}

static void sim__doorbell_ring(struct myc_poller *seam, struct myc_handle handle)
{
    struct myc_sim *world = sim__poller_process(seam)->world;
    sim__point(world, "doorbell.ring");
    struct sim__doorbell *doorbell = sim__doorbell_find(seam, handle);
    if (doorbell != NULL) {
        doorbell->rings++;
        sim__note(world, SIM__NOTE_RING, doorbell->object.id, doorbell->rings);
        sim__object_changed(world, &doorbell->object);
    }
}

static void sim__doorbell_clear(struct myc_poller *seam, struct myc_handle handle)
{
    sim__point(sim__poller_process(seam)->world, "doorbell.clear");
    struct sim__doorbell *doorbell = sim__doorbell_find(seam, handle);
    if (doorbell != NULL) {
        doorbell->rings = 0;
    }
}

static enum myc_status sim__doorbell_check(struct myc_poller *seam, struct myc_handle handle)
{
    sim__point(sim__poller_process(seam)->world, "doorbell.check");
    return sim__doorbell_find(seam, handle) != NULL ? MYC_OK : MYC_INVALID;
}

static void sim__doorbell_close(struct myc_poller *seam, struct myc_handle handle)
{
    sim__close_handle(sim__poller_process(seam), handle, "doorbell.close");
}

static const struct myc_poller_ops sim__poller_ops = {
    .size = sizeof(struct myc_poller_ops),
    .open = sim__poller_open,
    .close = sim__poller_close,
    .add = sim__poller_add,
    .modify = sim__poller_modify,
    .remove = sim__poller_remove,
    .wait = sim__poller_wait,
    .doorbell_open = sim__doorbell_open,
    .doorbell_ring = sim__doorbell_ring,
    .doorbell_clear = sim__doorbell_clear,
    .doorbell_check = sim__doorbell_check,
    .doorbell_close = sim__doorbell_close,
};

// ---- The part ----

static void sim__poller_start(struct sim__process *process)
{
    struct sim__poller_seam *part = sim__allocate(process->world, sizeof(*part));
    part->seam.ops = &sim__poller_ops;
    part->process = process;
    process->extra[SIM__EXTRA_POLLER] = part;
    process->platform.poller = &part->seam;
}

static const struct sim__part sim__poller_part = {
    .name = "poller",
    .start = sim__poller_start,
};

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Platform calls in the history of a run: each slot of a watched process's platform tells when it
 * begins and what it gives. Part of the implementation unit.
 *
 * A slot that is not listed here works as always and is not told.
 */
#ifndef MYC_SIM_HISTORY_CALLS_H
#define MYC_SIM_HISTORY_CALLS_H

#include <mycelium/sim/history_record.h>
#include <mycelium/sim/parts.h>

/* Returns: the event's number + 1; 0 outside of threads. */
static uint64_t sim__call_begin(const char *label)
{
    struct myc_sim *world = sim__world_now;
    if (world->current == NULL) {
        return 0;
    }
    bool is_heap = strncmp(label, "memory.", 7) == 0;
    enum sim__history_kind kind = is_heap ? SIM__HISTORY_HEAP : SIM__HISTORY_CALL;
    uint64_t number = sim__history_add(world, kind, label);
    sim__history_at(world->history, number)->is_open = true;
    world->history->threads[world->current->id].open_call = number + 1;
    return number + 1;
}

static void sim__call_end(uint64_t call, const char *result)
{
    struct myc_sim *world = sim__world_now;
    struct myc_sim_history *history = world->history;
    if (call == 0) {
        return;
    }
    sim__history_end_call(world, world->current->id);
    if (call - 1 < sim__history_first(history)) {
        return;
    }
    struct sim__history_event *event = sim__history_at(history, call - 1);
    event->is_open = false;
    if (result[0] == '\0') {
        return;
    }
    // The result comes first, whatever was told meanwhile.
    char *told = event->text;
    event->text = NULL;
    sim__history_say(history, call - 1, "%s", result);
    if (told != NULL) {
        sim__history_say(history, call - 1, "%s", told);
    }
    sim__room_free(&history->room, told);
}

static void sim__call_end_nothing(uint64_t call)
{
    sim__call_end(call, "");
}

static enum myc_status sim__call_end_status(uint64_t call, enum myc_status status)
{
    sim__call_end(call, status == MYC_OK ? "ok" : myc_status_name(status));
    return status;
}

static uint64_t sim__call_end_u64(uint64_t call, uint64_t number)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    sim__call_end(call, text);
    return number;
}

static uint32_t sim__call_end_u32(uint64_t call, uint32_t number)
{
    return (uint32_t)sim__call_end_u64(call, number);
}

static enum myc_life sim__call_end_life(uint64_t call, enum myc_life life)
{
    static const char *const texts[] = {"unknown", "runs", "ended"};
    sim__call_end(call, texts[life]);
    return life;
}

static void *sim__call_end_memory(uint64_t call, void *memory)
{
    sim__call_end(call, memory != NULL ? "ok" : "no memory");
    return memory;
}

/* A slot that gives something, and one that gives nothing. */
#define SIM__TOLD(part, verb, type, end, parameters, arguments)                                    \
    static type sim__told_##part##_##verb parameters                                               \
    {                                                                                              \
        uint64_t call = sim__call_begin(#part "." #verb);                                          \
        return sim__call_end_##end(call, sim__##part##_ops.verb arguments);                        \
    }
#define SIM__TOLD_STATUS(part, verb, parameters, arguments)                                        \
    SIM__TOLD(part, verb, enum myc_status, status, parameters, arguments)
#define SIM__TOLD_VOID(part, verb, parameters, arguments)                                          \
    static void sim__told_##part##_##verb parameters                                               \
    {                                                                                              \
        uint64_t call = sim__call_begin(#part "." #verb);                                          \
        sim__##part##_ops.verb arguments;                                                          \
        sim__call_end_nothing(call);                                                               \
    }

// ---- The slots; the order of their parts is that of parts.h ----

SIM__TOLD(clock, monotonic_ns, uint64_t, u64, (struct myc_clock * s), (s))
SIM__TOLD(clock, wall_ns, uint64_t, u64, (struct myc_clock * s), (s))

SIM__TOLD_STATUS(
    thread,
    start,
    (struct myc_thread * s,
     myc_thread_fn *fn,
     void *context,
     const struct myc_thread_options *options,
     struct myc_handle *out),
    (s, fn, context, options, out))
SIM__TOLD_VOID(thread, join, (struct myc_thread * s, struct myc_handle handle), (s, handle))
SIM__TOLD_VOID(thread, relax, (struct myc_thread * s, uint32_t round), (s, round))
SIM__TOLD_STATUS(thread, barrier, (struct myc_thread * s), (s))

SIM__TOLD_STATUS(
    wait,
    wait,
    (struct myc_wait * s,
     struct myc_atomic_u32 *word,
     uint32_t expected,
     uint64_t deadline_ns,
     enum myc_wait_scope scope),
    (s, word, expected, deadline_ns, scope))
SIM__TOLD(
    wait,
    wake,
    uint32_t,
    u32,
    (struct myc_wait * s, struct myc_atomic_u32 *word, uint32_t count, enum myc_wait_scope scope),
    (s, word, count, scope))
SIM__TOLD_STATUS(
    wait,
    wait_any,
    (struct myc_wait * s, const struct myc_wait_word *words, uint32_t count, uint64_t deadline_ns),
    (s, words, count, deadline_ns))

SIM__TOLD(
    memory,
    allocate,
    void *,
    memory,
    (struct myc_memory * s, size_t size, size_t alignment),
    (s, size, alignment))
/* Giving back nothing is no event. */
static void sim__told_memory_release(struct myc_memory *s, void *bytes, size_t size)
{
    uint64_t call = bytes != NULL ? sim__call_begin("memory.release") : 0;
    sim__memory_ops.release(s, bytes, size);
    sim__call_end_nothing(call);
}
SIM__TOLD_STATUS(
    entropy, fill, (struct myc_entropy * s, void *bytes, size_t size), (s, bytes, size))

SIM__TOLD_STATUS(poller, open, (struct myc_poller * s, struct myc_handle *out), (s, out))
SIM__TOLD_VOID(poller, close, (struct myc_poller * s, struct myc_handle handle), (s, handle))
SIM__TOLD_STATUS(
    poller,
    add,
    (struct myc_poller * s,
     struct myc_handle handle,
     struct myc_handle source,
     uint32_t interest,
     uint64_t token),
    (s, handle, source, interest, token))
SIM__TOLD_STATUS(
    poller,
    modify,
    (struct myc_poller * s,
     struct myc_handle handle,
     struct myc_handle source,
     uint32_t interest,
     uint64_t token),
    (s, handle, source, interest, token))
SIM__TOLD_VOID(
    poller,
    remove,
    (struct myc_poller * s, struct myc_handle handle, struct myc_handle source),
    (s, handle, source))
SIM__TOLD_STATUS(
    poller,
    wait,
    (struct myc_poller * s,
     struct myc_handle handle,
     struct myc_event *events,
     size_t events_max,
     uint64_t deadline_ns,
     size_t *out_count),
    (s, handle, events, events_max, deadline_ns, out_count))
SIM__TOLD_STATUS(poller, doorbell_open, (struct myc_poller * s, struct myc_handle *out), (s, out))
SIM__TOLD_VOID(poller, doorbell_ring, (struct myc_poller * s, struct myc_handle bell), (s, bell))
SIM__TOLD_VOID(poller, doorbell_clear, (struct myc_poller * s, struct myc_handle bell), (s, bell))
SIM__TOLD_STATUS(poller, doorbell_check, (struct myc_poller * s, struct myc_handle bell), (s, bell))
SIM__TOLD_VOID(poller, doorbell_close, (struct myc_poller * s, struct myc_handle bell), (s, bell))

SIM__TOLD_STATUS(
    shm,
    create,
    (struct myc_shm * s, const char *name, size_t bytes, struct myc_handle *out),
    (s, name, bytes, out))
SIM__TOLD_STATUS(
    shm, seal, (struct myc_shm * s, struct myc_handle handle, uint32_t seals), (s, handle, seals))
SIM__TOLD_STATUS(
    shm,
    inspect,
    (struct myc_shm * s, struct myc_handle handle, size_t *out_bytes, uint32_t *out_seals),
    (s, handle, out_bytes, out_seals))
SIM__TOLD_STATUS(
    shm,
    map,
    (struct myc_shm * s,
     struct myc_handle handle,
     size_t bytes,
     enum myc_shm_access access,
     void **out_memory),
    (s, handle, bytes, access, out_memory))
SIM__TOLD_STATUS(
    shm,
    create_huge,
    (struct myc_shm * s,
     const char *name,
     size_t bytes,
     struct myc_handle *out,
     struct myc_diagnostic *d),
    (s, name, bytes, out, d))
SIM__TOLD_STATUS(
    shm,
    map_part,
    (struct myc_shm * s,
     struct myc_handle handle,
     size_t offset,
     size_t bytes,
     enum myc_shm_access access,
     void **out_memory),
    (s, handle, offset, bytes, access, out_memory))
SIM__TOLD_STATUS(
    shm,
    open,
    (struct myc_shm * s,
     const struct myc_shm_name *name,
     bool is_owner,
     struct myc_handle *out,
     struct myc_diagnostic *d),
    (s, name, is_owner, out, d))
SIM__TOLD_STATUS(
    shm,
    replace,
    (struct myc_shm * s,
     const struct myc_shm_name *name,
     size_t bytes,
     struct myc_const_span head,
     struct myc_handle *handle,
     struct myc_diagnostic *d),
    (s, name, bytes, head, handle, d))
SIM__TOLD_STATUS(
    shm,
    remove,
    (struct myc_shm * s, const struct myc_shm_name *name, struct myc_handle handle),
    (s, name, handle))
SIM__TOLD_STATUS(
    shm,
    has_owner,
    (struct myc_shm * s, struct myc_handle handle, bool *out_has),
    (s, handle, out_has))
SIM__TOLD_VOID(shm, unmap, (struct myc_shm * s, void *memory, size_t bytes), (s, memory, bytes))
SIM__TOLD_VOID(shm, close, (struct myc_shm * s, struct myc_handle handle), (s, handle))

SIM__TOLD_STATUS(
    file,
    open,
    (struct myc_file * s,
     const char *path,
     uint32_t flags,
     struct myc_handle *out,
     struct myc_diagnostic *why),
    (s, path, flags, out, why))
SIM__TOLD_STATUS(
    file,
    read,
    (struct myc_file * s,
     struct myc_handle handle,
     uint64_t offset,
     struct myc_span bytes,
     size_t *out_bytes),
    (s, handle, offset, bytes, out_bytes))
SIM__TOLD_STATUS(
    file,
    write,
    (struct myc_file * s, struct myc_handle handle, uint64_t offset, struct myc_const_span bytes),
    (s, handle, offset, bytes))
SIM__TOLD_STATUS(
    file,
    get_size,
    (struct myc_file * s, struct myc_handle handle, uint64_t *out_bytes),
    (s, handle, out_bytes))
SIM__TOLD_STATUS(file, sync, (struct myc_file * s, struct myc_handle handle), (s, handle))
SIM__TOLD_STATUS(
    file, rename, (struct myc_file * s, const char *from, const char *to), (s, from, to))
SIM__TOLD_STATUS(file, unlink, (struct myc_file * s, const char *path), (s, path))
SIM__TOLD_VOID(file, close, (struct myc_file * s, struct myc_handle handle), (s, handle))

SIM__TOLD_STATUS(
    process,
    identity,
    (struct myc_process * s, struct myc_process_identity *out_self),
    (s, out_self))
SIM__TOLD(
    process,
    life,
    enum myc_life,
    life,
    (struct myc_process * s, const struct myc_process_identity *identity),
    (s, identity))
SIM__TOLD_STATUS(
    process,
    watch,
    (struct myc_process * s,
     const struct myc_process_identity *identity,
     struct myc_handle *out_watch),
    (s, identity, out_watch))
SIM__TOLD_VOID(process, watch_close, (struct myc_process * s, struct myc_handle watch), (s, watch))
SIM__TOLD_STATUS(
    process,
    spawn,
    (struct myc_process * s, const char *const *argv, struct myc_process_identity *out_child),
    (s, argv, out_child))
SIM__TOLD_STATUS(
    process,
    signal,
    (struct myc_process * s,
     const struct myc_process_identity *identity,
     enum myc_signal signal_to_send),
    (s, identity, signal_to_send))
SIM__TOLD_STATUS(
    process,
    reap,
    (struct myc_process * s, const struct myc_process_identity *child, struct myc_exit *out_exit),
    (s, child, out_exit))

SIM__TOLD_STATUS(
    stream,
    connect,
    (struct myc_stream * s,
     const struct myc_address *address,
     struct myc_handle *out,
     struct myc_diagnostic *why),
    (s, address, out, why))
SIM__TOLD_STATUS(
    stream, connect_result, (struct myc_stream * s, struct myc_handle handle), (s, handle))
SIM__TOLD_STATUS(
    stream,
    readv,
    (struct myc_stream * s,
     struct myc_handle handle,
     const struct myc_span *spans,
     size_t count,
     size_t *out_bytes),
    (s, handle, spans, count, out_bytes))
SIM__TOLD_STATUS(
    stream,
    writev,
    (struct myc_stream * s,
     struct myc_handle handle,
     const struct myc_const_span *spans,
     size_t count,
     size_t *out_bytes),
    (s, handle, spans, count, out_bytes))
SIM__TOLD_STATUS(
    stream,
    send_handles,
    (struct myc_stream * s,
     struct myc_handle handle,
     struct myc_const_span bytes,
     const struct myc_handle *handles,
     size_t count,
     size_t *out_bytes),
    (s, handle, bytes, handles, count, out_bytes))
SIM__TOLD_STATUS(
    stream,
    receive_handles,
    (struct myc_stream * s,
     struct myc_handle handle,
     struct myc_span bytes,
     struct myc_handle *out_handles,
     size_t handles_max,
     size_t *out_bytes,
     size_t *out_count),
    (s, handle, bytes, out_handles, handles_max, out_bytes, out_count))
SIM__TOLD_VOID(stream, shutdown, (struct myc_stream * s, struct myc_handle handle), (s, handle))
SIM__TOLD_VOID(stream, close, (struct myc_stream * s, struct myc_handle handle), (s, handle))

SIM__TOLD_STATUS(
    listener,
    listen,
    (struct myc_listener * s,
     const struct myc_address *address,
     uint32_t backlog,
     struct myc_handle *out,
     struct myc_diagnostic *why),
    (s, address, backlog, out, why))
SIM__TOLD_STATUS(
    listener,
    accept,
    (struct myc_listener * s, struct myc_handle handle, struct myc_handle *out_stream),
    (s, handle, out_stream))
SIM__TOLD_VOID(listener, close, (struct myc_listener * s, struct myc_handle handle), (s, handle))

// ---- Tables: what the parts have, with the slots above in their place ----

struct sim__history_calls {
    struct myc_clock_ops clock;
    struct myc_thread_ops thread;
    struct myc_wait_ops wait;
    struct myc_memory_ops memory;
    struct myc_entropy_ops entropy;
    struct myc_poller_ops poller;
    struct myc_shm_ops shm;
    struct myc_file_ops file;
    struct myc_process_ops process;
    struct myc_stream_ops stream;
    struct myc_listener_ops listener;
};

#define SIM__TELL(part, verb) calls->part.verb = sim__told_##part##_##verb

static void sim__calls_fill_local(struct sim__history_calls *calls)
{
    calls->clock = sim__clock_ops;
    calls->thread = sim__thread_ops;
    calls->wait = sim__wait_ops;
    calls->memory = sim__memory_ops;
    calls->entropy = sim__entropy_ops;
    calls->poller = sim__poller_ops;
    SIM__TELL(clock, monotonic_ns);
    SIM__TELL(clock, wall_ns);
    SIM__TELL(thread, start);
    SIM__TELL(thread, join);
    SIM__TELL(thread, relax);
    SIM__TELL(thread, barrier);
    SIM__TELL(wait, wait);
    SIM__TELL(wait, wake);
    SIM__TELL(wait, wait_any);
    SIM__TELL(memory, allocate);
    SIM__TELL(memory, release);
    SIM__TELL(entropy, fill);
    SIM__TELL(poller, open);
    SIM__TELL(poller, close);
    SIM__TELL(poller, add);
    SIM__TELL(poller, modify);
    SIM__TELL(poller, remove);
    SIM__TELL(poller, wait);
    SIM__TELL(poller, doorbell_open);
    SIM__TELL(poller, doorbell_ring);
    SIM__TELL(poller, doorbell_clear);
    SIM__TELL(poller, doorbell_check);
    SIM__TELL(poller, doorbell_close);
}

static void sim__calls_fill_shared(struct sim__history_calls *calls)
{
    calls->shm = sim__shm_ops;
    calls->file = sim__file_ops;
    calls->process = sim__process_ops;
    calls->stream = sim__stream_ops;
    calls->listener = sim__listener_ops;
    SIM__TELL(shm, create);
    SIM__TELL(shm, seal);
    SIM__TELL(shm, inspect);
    SIM__TELL(shm, map);
    SIM__TELL(shm, unmap);
    SIM__TELL(shm, close);
    SIM__TELL(shm, create_huge);
    SIM__TELL(shm, map_part);
    SIM__TELL(shm, open);
    SIM__TELL(shm, replace);
    SIM__TELL(shm, remove);
    SIM__TELL(shm, has_owner);
    SIM__TELL(file, open);
    SIM__TELL(file, read);
    SIM__TELL(file, write);
    SIM__TELL(file, get_size);
    SIM__TELL(file, sync);
    SIM__TELL(file, rename);
    SIM__TELL(file, unlink);
    SIM__TELL(file, close);
    SIM__TELL(process, identity);
    SIM__TELL(process, life);
    SIM__TELL(process, watch);
    SIM__TELL(process, watch_close);
    SIM__TELL(process, spawn);
    SIM__TELL(process, signal);
    SIM__TELL(process, reap);
    SIM__TELL(stream, connect);
    SIM__TELL(stream, connect_result);
    SIM__TELL(stream, readv);
    SIM__TELL(stream, writev);
    SIM__TELL(stream, send_handles);
    SIM__TELL(stream, receive_handles);
    SIM__TELL(stream, shutdown);
    SIM__TELL(stream, close);
    SIM__TELL(listener, listen);
    SIM__TELL(listener, accept);
    SIM__TELL(listener, close);
}

#undef SIM__TELL

void sim__history_begin(struct myc_sim *world)
{
    struct myc_sim_history *history = world->history;
    history->calls = sim__room_zeroed(&history->room, 1, sizeof(*history->calls));
    sim__calls_fill_local(history->calls);
    sim__calls_fill_shared(history->calls);
    history->threads = sim__room_zeroed(&history->room, 1, sizeof(*history->threads));
    history->thread_count = 1;
    (void)snprintf(history->scenario, sizeof(history->scenario), "%s", world->scenario->name);
    (void)snprintf(history->repro, sizeof(history->repro), "%s", world->repro);
    (void)snprintf(history->threads[0].scope, sizeof(history->threads[0].scope), "world");
}

void sim__history_watch(struct sim__process *process)
{
    const struct sim__history_calls *calls = process->world->history->calls;
    process->platform.clock->ops = &calls->clock;
    process->platform.thread->ops = &calls->thread;
    process->platform.wait->ops = &calls->wait;
    process->platform.memory->ops = &calls->memory;
    process->platform.entropy->ops = &calls->entropy;
    process->platform.poller->ops = &calls->poller;
    process->platform.shm->ops = &calls->shm;
    process->platform.file->ops = &calls->file;
    process->platform.process->ops = &calls->process;
    process->platform.stream->ops = &calls->stream;
    process->platform.listener->ops = &calls->listener;
}

#endif

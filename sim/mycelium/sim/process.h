// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Processes as they see each other: identities, watches, children, signals. Part of the
 * implementation unit.
 */
#ifndef MYC_SIM_PROCESS_H
#define MYC_SIM_PROCESS_H

#include <mycelium/sim/internal.h>

#include <string.h>

#include <mycelium/interface/process.h>
#include <mycelium/sim/poller.h>

enum { SIM__USER = 1000, SIM__SIGNAL_KILL = 9, SIM__SIGNAL_TERMINATE = 15 };

struct sim__process_seam {
    struct myc_process seam;
    struct sim__process *process;
    int32_t signal; /* the one that was sent to it */
    bool is_terminating;
    bool is_reaped;
};

struct sim__watch {
    struct sim__object object;
    struct sim__process *process;
    struct sim__exit_watch exit;
    bool has_ended;
};

static struct sim__process *sim__process_self(struct myc_process *seam)
{
    return MYC_CONTAINER_OF(seam, struct sim__process_seam, seam)->process;
}

static void
sim__process_identify(const struct sim__process *process, struct myc_process_identity *out_identity)
{
    out_identity->pid = process->pid;
    out_identity->start_time = process->start_time;
    memcpy(out_identity->boot_id, process->host->boot_id, sizeof(out_identity->boot_id));
}

/* The incarnation of that identity on the asking process's host, running or not. */
static struct sim__process *
sim__process_named(const struct sim__process *asking, const struct myc_process_identity *identity)
{
    struct sim__process *it = asking->world->processes;
    while (it != NULL
           && !(
               it->host == asking->host && !it->is_director && it->pid == identity->pid
               && it->start_time == identity->start_time
               && memcmp(it->host->boot_id, identity->boot_id, sizeof(identity->boot_id)) == 0)) {
        it = it->next;
    }
    return it;
}

static struct sim__process *
sim__process_living(const struct sim__process *asking, const struct myc_process_identity *identity)
{
    struct sim__process *named = sim__process_named(asking, identity);
    return named != NULL && !named->is_ended ? named : NULL;
}

static enum myc_status
sim__process_identity(struct myc_process *seam, struct myc_process_identity *out_self)
{
    const struct sim__process *process = sim__process_self(seam);
    sim__point(process->world, "process.identity");
    sim__process_identify(process, out_self);
    return MYC_OK;
}

static enum myc_life
sim__process_life(struct myc_process *seam, const struct myc_process_identity *identity)
{
    const struct sim__process *process = sim__process_self(seam);
    sim__point(process->world, "process.life");
    const struct sim__process *named = sim__process_named(process, identity);
    if (named == NULL) {
        return MYC_LIFE_ENDED;
    }
    if (sim__descriptors_are_short(process)) {
        return MYC_LIFE_UNKNOWN; /* A real platform asks through a descriptor. */
    }
    return named->is_ended ? MYC_LIFE_ENDED : MYC_LIFE_RUNS;
}

// ---- Watches ----

static void sim__watch_release(struct myc_sim *world, struct sim__object *object)
{
    struct sim__watch *watch = MYC_CONTAINER_OF(object, struct sim__watch, object);
    sim__process_unwatch(watch->process, &watch->exit);
    sim__free(world, watch);
}

static uint32_t sim__watch_ready(struct myc_sim *world, struct sim__object *object)
{
    (void)world;
    return MYC_CONTAINER_OF(object, struct sim__watch, object)->has_ended ? MYC_READABLE : 0;
}

static const struct sim__object_ops sim__watch_ops = {
    .kind = "process watch",
    .release = sim__watch_release,
    .ready = sim__watch_ready,
    .is_exact = true,
};

static void sim__watch_fire(struct myc_sim *world, struct sim__process *process, void *context)
{
    struct sim__watch *watch = context;
    watch->has_ended = true;
    sim__note(world, SIM__NOTE_WATCH, watch->object.id, process->id);
    sim__object_changed(world, &watch->object);
}

static enum myc_status sim__process_seam_watch(
    struct myc_process *seam,
    const struct myc_process_identity *identity,
    struct myc_handle *out_watch)
{
    struct sim__process *process = sim__process_self(seam);
    struct myc_sim *world = process->world;
    sim__point(world, "process.watch");
    struct sim__process *watched = sim__process_living(process, identity);
    if (watched == NULL) {
        return MYC_NOT_FOUND;
    }
    struct sim__watch *watch = sim__allocate(world, sizeof(*watch));
    sim__object_init(world, &watch->object, &sim__watch_ops);
    watch->process = watched;
    watch->exit.fn = sim__watch_fire;
    watch->exit.context = watch;
    sim__process_watch(watched, &watch->exit);
    return sim__object_publish(process, &watch->object, out_watch);
}

static void sim__process_seam_watch_close(struct myc_process *seam, struct myc_handle watch)
{
    sim__close_handle(sim__process_self(seam), watch, "process.watch_close");
}

// ---- Children and signals ----

static enum myc_status sim__process_seam_spawn(
    struct myc_process *seam, const char *const *argv, struct myc_process_identity *out_child)
{
    struct sim__process *process = sim__process_self(seam);
    struct myc_sim *world = process->world;
    myc_sim_main_fn *main_fn = NULL;
    void *arg = NULL;
    sim__point(world, "process.spawn");
    if (argv[0] == NULL || !sim__program_find(world, argv[0], &main_fn, &arg)) {
        return MYC_NOT_FOUND;
    }
    if (sim__fault(world, MYC_SIM_FAULT_SPAWN_FAIL)) {
        sim__fault_effect(world, MYC_SIM_FAULT_SPAWN_FAIL);
        return MYC_LIMIT;
    }
    const struct sim__process *child =
        sim__process_start(world, process->host, argv[0], main_fn, arg, process->id);
    sim__note(world, SIM__NOTE_SPAWN, process->id, child->id);
    sim__process_identify(child, out_child);
    return MYC_OK;
}

static void sim__terminate(struct myc_sim *world, void *context)
{
    struct sim__process *process = context;
    (void)world;
    sim__process_end(process, true, -1);
}

static enum myc_status sim__process_seam_signal(
    struct myc_process *seam, const struct myc_process_identity *identity, enum myc_signal signal)
{
    struct sim__process *process = sim__process_self(seam);
    struct myc_sim *world = process->world;
    sim__point(world, "process.signal");
    struct sim__process *target = sim__process_living(process, identity);
    if (target == NULL) {
        return MYC_NOT_FOUND;
    }
    struct sim__process_seam *part = target->extra[SIM__EXTRA_PROCESS];
    sim__note(world, SIM__NOTE_SIGNAL, target->id, (uint64_t)signal);
    if (signal == MYC_SIGNAL_KILL) {
        part->signal = SIM__SIGNAL_KILL;
        sim__process_end(target, true, -1);
        return MYC_OK;
    }
    if (!part->is_terminating) {
        // The simulated programs do not object, but they are given a moment.
        uint64_t delay_ns = sim__range(world, "signal.delay", 0, 1000000);
        part->is_terminating = true;
        part->signal = SIM__SIGNAL_TERMINATE;
        (void)sim__after(world, delay_ns, sim__terminate, target);
    }
    return MYC_OK;
}

static enum myc_status sim__process_seam_reap(
    struct myc_process *seam,
    const struct myc_process_identity *identity,
    struct myc_exit *out_exit)
{
    struct sim__process *process = sim__process_self(seam);
    sim__point(process->world, "process.reap");
    const struct sim__process *child = sim__process_named(process, identity);
    if (child == NULL || child->parent_id != process->id) {
        return MYC_NOT_FOUND;
    }
    struct sim__process_seam *part = child->extra[SIM__EXTRA_PROCESS];
    if (part->is_reaped) {
        return MYC_NOT_FOUND;
    }
    if (!child->is_ended) {
        return MYC_AGAIN;
    }
    part->is_reaped = true;
    // Nobody's signal: the run itself killed it.
    int32_t signal = part->signal != 0 ? part->signal : SIM__SIGNAL_KILL;
    *out_exit = (struct myc_exit){
        .code = child->was_killed ? -1 : (int32_t)child->exit_code,
        .signal = child->was_killed ? signal : 0,
    };
    return MYC_OK;
}

static uint32_t sim__process_seam_user(struct myc_process *seam)
{
    (void)seam;
    return SIM__USER;
}

static const struct myc_process_ops sim__process_ops = {
    .size = sizeof(struct myc_process_ops),
    .identity = sim__process_identity,
    .life = sim__process_life,
    .watch = sim__process_seam_watch,
    .watch_close = sim__process_seam_watch_close,
    .spawn = sim__process_seam_spawn,
    .signal = sim__process_seam_signal,
    .reap = sim__process_seam_reap,
    .user = sim__process_seam_user,
};

static void sim__process_seam_start(struct sim__process *process)
{
    struct sim__process_seam *part = sim__allocate(process->world, sizeof(*part));
    part->seam.ops = &sim__process_ops;
    part->process = process;
    process->extra[SIM__EXTRA_PROCESS] = part;
    process->platform.process = &part->seam;
}

static const struct sim__part sim__process_part = {
    .name = "process",
    .start = sim__process_seam_start,
};

#endif

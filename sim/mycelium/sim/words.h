// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Choices in words. Part of the implementation unit.
 */
#ifndef MYC_SIM_WORDS_H
#define MYC_SIM_WORDS_H

#include <mycelium/sim/internal.h>
#include <mycelium/sim/text.h>
#include <mycelium/sim/told.h>

#include <stdio.h>
#include <string.h>

/*
 * X(label, text): what a draw of this label that is not boring means. A label that ends in a point
 * stands for all that begin so. In the text %v is the value, %n the occurrence from 1, %p the
 * occurrence as it stands, %t the thread that the value names, %l what follows in the label, %w
 * what the thread is about to do; every other character is itself.
 */
#define SIM__LABEL_LIST(X)                                                                         \
    X("schedule.switch", "is preempted at its point %p%w; %t goes on")                             \
    X("schedule.turn", "gives way the %n. time, and %t comes next")                                \
    X("schedule.next", "gives way, and the one %v places further back comes next")                 \
    X("schedule.preempt", "may run for %v steps, then is preempted")                               \
    X("schedule.priority", "gets the priority %v")                                                 \
    X("schedule.starve", "thread chosen to starve: %v")                                            \
    X("schedule.starve_steps", "starves for %v steps")                                             \
    X("memory.stale", "at its point %p%w reads a value %v stores old")                             \
    X("memory.older", "reads an older value, at the %n. chance")                                   \
    X("memory.spurious", "at its point %p%w fails for no reason")                                  \
    X("core.rest",                                                                                 \
      "what is outside of the core meets the fate numbered %v: 1 killed, 2 stopped, "              \
      "3 cut off")                                                                                 \
    X("core.drops", "the cut around the core loses what it stops")                                 \
    X("core.ways", "the core is cut off one way only, 1 out, 2 in: %v")                            \
    X("inject.kill", "is killed at its point %p")                                                  \
    X("inject.kill.waiting", "is killed while it waits, the %n. time it waits")                    \
    X("inject.", "meets the fault %l, the %n. time it could")                                      \
    X("fault.kill.delay", "dies %v ns later")                                                      \
    X("fault.kill.waiting", "is killed while it waits")                                            \
    X("fault.", "is offered %v more times until the fault %l comes")                               \
    X("profile.fault.rate", "faults come less often, by the factor numbered %v")                   \
    X("profile.fault.", "the fault %l is active in this run")                                      \
    X("profile.faults", "the run has faults")                                                      \
    X("profile.strategy", "the run's threads follow strategy %v")                                  \
    X("profile.changes", "priorities change %v times more than once")                              \
    X("profile.change_range", "priorities change within the steps numbered %v")                    \
    X("schedule.change", "priorities change %v steps later")                                       \
    X("profile.preemption", "the run preempts at the rate numbered %v")                            \
    X("profile.step", "a step costs the time numbered %v")                                         \
    X("profile.ties", "events of one instant come in a drawn order")                               \
    X("profile.drift", "hosts' clocks drift")                                                      \
    X("profile.memory", "loads take older values at the rate numbered %v")                         \
    X("host.drift", "the clock of a new host drifts by the rate numbered %v")                      \
    X("event.order", "an event comes after others of its instant, by %v")                          \
    X("wake.order", "wakes the waiter %v places behind the first")                                 \
    X("timer.late", "a deadline is %v ns later than 1 us late")                                    \
    X("poll.order", "is told of an event %v places further back first")                            \
    X("poll.spurious", "is told of candidate %v without cause")                                    \
    X("clock.step", "the wall clock is set %v ns ahead")                                           \
    X("entropy", "gets random bytes that begin with %v")                                           \
    X("file.read.size", "a file gives %v bytes more than one")                                     \
    X("read.size", "a read gives %v bytes more than one")                                          \
    X("write.size", "a write takes %v bytes more than one")                                        \
    X("connect.delay", "a connection takes %v ns longer than 0.1 ms")                              \
    X("link.latency", "a link's latency is the one numbered %v")                                   \
    X("packet.delay", "bytes on the way take %v ns longer than 1 us")                              \
    X("packet.cut", "bytes on the way are cut, the first part %v bytes longer than one")           \
    X("partition.time", "a partition lasts %v ns longer than 10 ms")                               \
    X("reset.lost", "a reset takes %v bytes that had arrived with it")                             \
    X("reset.unsent", "a reset takes the bytes that were not sent yet with it")                    \
    X("profile.buggify", "the run forces rare paths")                                              \
    X("buggify.active", "this rare path is forced in the run")                                     \
    X("schedule.here", "gives way to the ready thread numbered %v")                                \
    X("names.order", "a power loss leaves the names of files as of change %v")                     \
    X("torn.sector", "a power loss keeps this sector's older bytes, %v")                           \
    X("torn.sectors", "a power loss tears sectors, %v of them")                                    \
    X("torn.shape", "a power loss tears a write in the way numbered %v")                           \
    X("file.write.done", "a file takes %v bytes less before it fails")                             \
    X("accept.order", "is given the connection %v places further back first")                      \
    X("connect.orphan", "a connection that nobody waits for any more is made all the same")        \
    X("connect.late", "a connection that was given up is made %v ns later")                        \
    X("link.buffer", "a connection's buffer has the size numbered %v")                             \
    X("link.retries", "a connection gives up after the number of tries numbered %v")               \
    X("packet.jitter", "bytes on the way take longer, by %v ns")                                   \
    X("packet.tail", "bytes on the way take much longer, by %v ns")                                \
    X("clog.extent", "a stretch of the network is slow, as numbered %v")                           \
    X("partition.bridge", "a partition leaves a bridge, host %v")                                  \
    X("partition.drops", "a partition drops what is sent")                                         \
    X("partition.shape", "a partition has the shape numbered %v")                                  \
    X("partition.side", "a host is on the other side of a partition")                              \
    X("route.jitter", "the time of bytes between two hosts varies as numbered %v")                 \
    X("route.latency", "the way between two hosts takes the time numbered %v")                     \
    X("route.speed", "the way between two hosts has the speed numbered %v")                        \
    X("read.cut", "a read ends early, by %v bytes")                                                \
    X("clock.resolution", "a clock has the resolution numbered %v")                                \
    X("clock.kind", "a clock is of the kind numbered %v")                                          \
    X("pause.length", "a pause is twice as long, %v times over")                                   \
    X("signal.delay", "a signal arrives %v ns later")

struct sim__words_row {
    const char *label;
    const char *text;
};

static const struct sim__words_row sim__words_rows[] = {
#define SIM__LABEL_ROW_(label, text) {label, text},
    SIM__LABEL_LIST(SIM__LABEL_ROW_)
#undef SIM__LABEL_ROW_
};

/* The row of a label, or the longest one that stands for it; NULL: the scenario's own. */
static const struct sim__words_row *sim__words_find(const char *label)
{
    const struct sim__words_row *best = NULL;
    for (size_t i = 0; i < sizeof(sim__words_rows) / sizeof(sim__words_rows[0]); i++) {
        const struct sim__words_row *row = &sim__words_rows[i];
        size_t size = strlen(row->label);
        bool is_begin = row->label[size - 1] == '.' && strncmp(row->label, label, size) == 0;
        if (strcmp(row->label, label) == 0) {
            return row;
        }
        if (is_begin && (best == NULL || size > strlen(best->label))) {
            best = row;
        }
    }
    return best;
}

bool sim__has_words(const char *label)
{
    return sim__words_find(label) != NULL;
}

static const char *sim__thread_name_of(const struct myc_sim *world, uint64_t id)
{
    const struct sim__thread *it = world != NULL ? world->threads : NULL;
    while (it != NULL && it->id != id) {
        it = it->all_next;
    }
    return it != NULL ? it->scope : "another thread";
}

/*
 * A draw in words: "scope does this". What the table does not know is the scenario's. `world` may
 * be NULL: it names the threads.
 */
static void sim__words_say(
    const struct myc_sim *world,
    struct sim__text *text,
    const char *scope,
    const char *label,
    uint64_t nth,
    uint64_t value)
{
    const struct sim__words_row *row = sim__words_find(label);
    if (row == NULL) {
        sim__text_add(
            text,
            "%s of %s, draw %llu: %llu",
            label,
            scope,
            (unsigned long long)nth + 1,
            (unsigned long long)value);
        return;
    }
    sim__text_add(text, "%s: ", scope);
    for (const char *at = row->text; *at != '\0'; at++) {
        if (*at != '%') {
            sim__text_add(text, "%c", *at);
            continue;
        }
        at++;
        if (*at == 'v') {
            sim__text_add(text, "%llu", (unsigned long long)value);
        } else if (*at == 'n') {
            sim__text_add(text, "%llu", (unsigned long long)nth + 1);
        } else if (*at == 'p') {
            sim__text_add(text, "%llu", (unsigned long long)nth);
        } else if (*at == 't') {
            sim__text_add(text, "%s", sim__thread_name_of(world, value));
        } else if (*at == 'l') {
            sim__text_add(text, "%s", label + strlen(row->label));
        } else if (*at == 'w' && world != NULL) {
            sim__told_say_now(world, text);
        }
    }
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The history of one run: what happened, to whom, when, and what caused it. Internal.
 *
 * It is kept only when the run's options ask for it, and only watches: it draws nothing, notes
 * nothing and takes no step, so a run with a history has the same hash as one without. Every hook
 * is called with world->history set; whoever calls one looks at that first.
 *
 * An event belongs to a thread, or to the world (0). A platform call is one event with a beginning
 * and an end; what the kernel notes meanwhile is told in its text. An arrow leads from an event to
 * a later one that it caused. Events are numbered from 0; the oldest are dropped when there are
 * more than SIM__HISTORY_EVENTS_MAX.
 */
#ifndef MYC_SIM_HISTORY_H
#define MYC_SIM_HISTORY_H

#include <mycelium/sim/kernel.h>

enum { SIM__HISTORY_EVENTS_MAX = 1 << 19, SIM__HISTORY_TEXT_BYTES = 16384 };

/** X(name, text): kinds of events; the text is the trace's category and the page's filter. */
#define SIM__HISTORY_LIST(X)                                                                       \
    X(CALL, "call")       /* a platform call, from its beginning to its end */                     \
    X(HEAP, "heap")       /* as CALL, of the process's memory */                                   \
    X(KERNEL, "kernel")   /* what the kernel noted outside of a call */                            \
    X(RUN, "run")         /* the thread got the processor */                                       \
    X(BLOCK, "block")     /* it waits */                                                           \
    X(WAKE, "wake")       /* a thread was made runnable by an event of the world */                \
    X(LIFE, "life")       /* processes and threads start and end */                                \
    X(KILL, "kill")       /* a process died where it stood */                                      \
    X(FAULT, "fault")     /* injected */                                                           \
    X(CHOICE, "choice")   /* a draw that was not boring */                                         \
    X(MESSAGE, "message") /* myc_sim_message_sent(), myc_sim_message_received() */                 \
    X(ATOMIC, "atomic")   /* an access of the simcheck build */                                    \
    X(PAYLOAD, "payload") /* marked bytes of the simcheck build were read or written */            \
    X(LOG, "log")         /* a line of the run's log */                                            \
    X(CHECK, "check")     /* an oracle that held */                                                \
    X(FAILURE, "failure") /* the verdict */

enum sim__history_kind {
#define SIM__HISTORY_ENUM_(name, text) SIM__HISTORY_##name,
    SIM__HISTORY_LIST(SIM__HISTORY_ENUM_)
#undef SIM__HISTORY_ENUM_
        SIM__HISTORY_KIND_COUNT
};

/** X(name, text): why an arrow is drawn. */
#define SIM__ARROW_LIST(X)                                                                         \
    X(MESSAGE, "message") /* sent to received, by the scenario's or a service's word */            \
    X(BYTES, "bytes")     /* written to a stream to the read that gets them first */               \
    X(RECORD, "record")   /* payload written to shared memory to a thread that reads it */         \
    X(VALUE, "value")     /* an atomic store to the first load of another thread that sees it */   \
    X(WAKE, "wake")       /* what made a thread runnable to its run */

enum sim__arrow_kind {
#define SIM__ARROW_ENUM_(name, text) SIM__ARROW_##name,
    SIM__ARROW_LIST(SIM__ARROW_ENUM_)
#undef SIM__ARROW_ENUM_
        SIM__ARROW_KIND_COUNT
};

struct sim__history_event {
    uint64_t time_ns;
    uint64_t step;
    uint64_t end_ns; /* of a call that ended, else of the event itself */
    uint64_t end_step;
    uint64_t end_number; /* how many events there were when it ended */
    uint32_t thread;     /* 0: the world */
    uint32_t count;      /* the same access so many times in a row */
    enum sim__history_kind kind;
    bool is_open;      /* a call that has not returned */
    const char *label; /* static, or living as long as the program */
    char *text;        /* owned; NULL: none */
};

struct sim__arrow {
    uint64_t from; /* numbers of events */
    uint64_t to;
    enum sim__arrow_kind kind;
};

/** A stream's fill or another level, after an event. */
struct sim__history_level {
    uint64_t event;
    uint64_t stream; /* 0: threads that can run */
    uint64_t value;
};

struct sim__history_thread {
    char scope[SIM__SCOPE_BYTES];
    uint32_t process; /* index into processes */
    uint32_t number;
    uint64_t open_call; /* number of the event + 1; 0: none */
    uint64_t cause;     /* of its next run: number of the event + 1; 0: none */
};

struct sim__history_process {
    char name[SIM__NAME_BYTES + 32]; /* with a number when the name was used before */
    char host[SIM__NAME_BYTES];
    uint32_t id;
};

struct sim__history_message {
    const char *what;
    uint64_t id;
    uint64_t event;
};

/** What a publisher of the bus fills in; see messages.h. */
struct sim__history_claim {
    const void *publisher;
    const char *topic;
};

/** Bytes of a pipe that one write put there and nobody has read. */
struct sim__history_sent {
    const void *pipe;
    uint64_t begin;
    uint64_t end;
    uint64_t event;
};

enum { SIM__PLACE_STORES = 4, SIM__PLACE_READERS = 4 };

/** What a history knows of a word or of payload bytes. */
struct sim__history_place {
    uint64_t segment; /* 0: by address */
    uint64_t offset;
    uint64_t number; /* of the place, from 1; 0: unused */
    bool is_payload;
    uint32_t store_count; /* ever */
    uint64_t values[SIM__PLACE_STORES];
    uint64_t events[SIM__PLACE_STORES];
    uint32_t writers[SIM__PLACE_STORES];
    uint32_t readers[SIM__PLACE_READERS];
    uint64_t read_events[SIM__PLACE_READERS]; /* the last store that each saw, + 1 */
    uint32_t reader_next;
};

struct sim__history_choice {
    uint64_t event;
    uint64_t nth;
    uint64_t value;
    char scope[SIM__SCOPE_BYTES];
    const char *label;
};

/** Where it is kept; see history_room.h. */
struct sim__room {
    char *bytes; /* NULL: on the heap */
    uint64_t size;
    uint64_t used;
    struct sim__room_head *free_blocks[48]; /* by class */
};

struct sim__history_calls;

struct myc_sim_history {
    struct sim__room room;
    struct sim__history_event *events; /* a circle; the newest is count - 1 */
    uint64_t capacity;
    uint64_t count;
    struct sim__arrow *arrows;
    uint64_t arrow_count;
    uint64_t arrow_capacity;
    struct sim__history_level *levels;
    uint64_t level_count;
    uint64_t level_capacity;
    struct sim__history_thread *threads; /* [id]; [0] is the world */
    uint32_t thread_count;
    struct sim__history_process *processes;
    uint32_t process_count;
    struct sim__history_sent *sent;
    uint64_t sent_count;
    uint64_t sent_capacity;
    struct sim__history_message *messages; /* as their senders named them */
    uint64_t message_count;
    uint64_t message_capacity;
    struct sim__history_claim *claims;
    uint64_t claim_count;
    uint64_t claim_capacity;
    struct sim__history_place *places; /* open addressing; capacity a power of two */
    uint64_t place_count;
    uint64_t place_capacity;
    uint64_t last_load_place; /* a load that is done again at once is only counted */
    uint64_t last_load_value;
    uint64_t last_load_event; /* the event's number + 1 */
    struct sim__history_choice *choices;
    uint64_t choice_count;
    uint64_t choice_capacity;
    struct sim__history_calls *calls; /* the slots that tell of calls */
    uint64_t preemption_count;
    uint64_t failure; /* the number of the verdict's event + 1; 0: it passed */
    bool is_finished;
    char scenario[64];
    char source[512]; /* what it drew from: the options that repeat it */
    char repro[512];
    char verdict[1024];
    char waiting[SIM__HISTORY_TEXT_BYTES]; /* who waited for what at the end */
    struct myc_sim_result figures;         /* without what a result owns */
};

/** A run begins and ends. */
void sim__history_begin(struct myc_sim *world);
void sim__history_finish(struct myc_sim *world, const struct myc_sim_result *result);

/** A process's platform is there: from now on its calls are told. */
void sim__history_watch(struct sim__process *process);

/** The kernel noted something. */
void sim__history_note(struct myc_sim *world, const struct sim__note *note);

/** A draw was not boring. */
void sim__history_draw(
    struct myc_sim *world, const char *scope, const char *label, uint64_t nth, uint64_t value);

/** An oracle was asked and held; the run failed. */
void sim__history_check(struct myc_sim *world, const char *text);
void sim__history_fail(struct myc_sim *world);

/** The program is about to die in this run: as much as can still be told. Bounded, no promises. */
void sim__history_crash(struct myc_sim *world, const char *verdict);

/** Bytes [begin, end) were written to a pipe, or read from it; `held` are in it afterwards. */
void sim__history_bytes(
    struct myc_sim *world,
    const void *pipe,
    uint64_t stream,
    uint64_t begin,
    uint64_t end,
    uint64_t held,
    bool is_write);

/** An atomic access or a mark of the simcheck build was done; `before` is what it saw. */
void sim__history_atomic(
    struct myc_sim *world,
    unsigned op,
    const void *address,
    uint32_t size,
    uint64_t operand,
    uint64_t expected,
    uint64_t before,
    int order);

/** Whether it lasts: from its beginning to its end. */
static inline bool sim__history_is_call(const struct sim__history_event *event)
{
    return event->kind == SIM__HISTORY_CALL || event->kind == SIM__HISTORY_HEAP;
}

/** The number of the oldest event that is still there. */
static inline uint64_t sim__history_first(const struct myc_sim_history *history)
{
    return history->count > history->capacity ? history->count - history->capacity : 0;
}

/** An event that is still there. */
static inline struct sim__history_event *
sim__history_at(const struct myc_sim_history *history, uint64_t number)
{
    return &history->events[number % history->capacity];
}

/** The text of a kind. */
const char *sim__history_kind_text(enum sim__history_kind kind);
const char *sim__arrow_text(enum sim__arrow_kind kind);

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Required readers: who is in, whose place is held, and whose time is over.
 *
 * Each has a held slot of its own. A reader's place passes between that and the slot it joins with
 * so that at each moment one of the two gates: the taker is in before the giver lets go. Times are
 * looked at by the writer's thread only, and only while it is blocked.
 */
#include <string.h>

#include <mycelium/ring_gate.h>
#include <mycelium/simulation.h>

#include "ring/blocker.h"

#define SECOND_NS UINT64_C(1000000000)

enum { STARTUP_S = 10, PROGRESS_S = 5, GRACE_S = 5, ATTEMPTS_MAX = 1024 };

enum phase { EXPECTED, IN, AWAY, LOST };

static const char *const alert_texts[] = {
#define ALERT_TEXT(name, text) text,
    MYC_RING_ALERT_LIST(ALERT_TEXT)
#undef ALERT_TEXT
};

const char *myc_ring_alert_text(enum myc_ring_alert_kind kind)
{
    return (unsigned)kind < MYC_RING_ALERT_COUNT ? alert_texts[kind] : "unknown";
}

static enum phase phase_of(const struct myc__ring_required_reader *reader)
{
    // Pairs with the releases of join and left: time and place are those of the phase, or later.
    return (enum phase)myc_load_acquire_u32(&reader->phase);
}

static void tell(
    const struct myc_ring_required *required,
    const struct myc__ring_required_reader *reader,
    enum myc_ring_alert_kind kind,
    uint64_t elapsed_ns)
{
    // Violations come from the writer's thread, whose business the sequence is not.
    uint64_t sequence = kind < MYC_RING_ALERT_NEVER_CAME ? reader->sequence : 0;
    const struct myc_ring_alert alert = {kind, reader->name, sequence, elapsed_ns};
    if (required->alert != NULL) {
        required->alert(&alert, required->alert_context);
    }
}

// ---- Making it ----

static enum myc_status
refuse(struct myc_diagnostic *diagnostic, enum myc_status status, const char *what)
{
    (void)myc_diagnostic_set(diagnostic, status, 0, "required readers: ");
    myc_diagnostic_append(diagnostic, what);
    return status;
}

// Copies a name. Returns: false if it is empty or too long.
static bool copy_name(char target[MYC_RING_NAME_BYTES], const char *name)
{
    size_t len = 0;
    memset(target, 0, MYC_RING_NAME_BYTES);
    while (name != NULL && len < MYC_RING_NAME_BYTES && name[len] != '\0') {
        target[len] = name[len];
        len++;
    }
    return len > 0 && len < MYC_RING_NAME_BYTES;
}

static struct myc__ring_required_reader *
find(struct myc_ring_required *required, const char name[MYC_RING_NAME_BYTES], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(required->readers[i].name, name, MYC_RING_NAME_BYTES) == 0) {
            return &required->readers[i];
        }
    }
    return NULL;
}

static enum myc_status
hold_newest(struct myc_ring_writer *writer, struct myc__ring_required_reader *reader)
{
    for (uint32_t attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        struct myc__ring_point newest;
        if (myc__ring_pair_load(&writer->control->progress, &newest)
            && myc__ring_held_set(writer, reader->held_slot, newest.position)) {
            reader->position = newest.position;
            reader->sequence = newest.sequence;
            return MYC_OK;
        }
    }
    return MYC_AGAIN;
}

static uint64_t limit_of(uint64_t option_ns, uint64_t default_s)
{
    return option_ns != 0 ? option_ns : default_s * SECOND_NS;
}

enum myc_status myc_ring_required_init(
    struct myc_ring_required *required,
    struct myc_ring_writer *writer,
    struct myc_platform *platform,
    const struct myc_ring_required_options *options,
    struct myc_diagnostic *diagnostic)
{
    if (options->count == 0 || options->count > MYC_RING_REQUIRED_MAX) {
        return refuse(diagnostic, MYC_INVALID, "count must be 1 to 16");
    }
    memset(required, 0, sizeof *required);
    required->writer = writer;
    writer->holds_places = true;
    required->clock = platform->clock;
    required->wait = platform->wait;
    required->alert = options->alert;
    required->alert_context = options->alert_context;
    required->startup_ns = limit_of(options->startup_ns, STARTUP_S);
    required->progress_ns = limit_of(options->progress_ns, PROGRESS_S);
    required->grace_ns = limit_of(options->grace_ns, GRACE_S);
    for (uint32_t i = 0; i < options->count; i++) {
        char name[MYC_RING_NAME_BYTES];
        if (!copy_name(name, options->names[i])) {
            return refuse(diagnostic, MYC_INVALID, "a name must have 1 to 31 bytes");
        }
        if (find(required, name, i) != NULL) {
            return refuse(diagnostic, MYC_INVALID, "two of them have the same name");
        }
        memcpy(required->readers[i].name, name, sizeof name);
    }
    for (; required->count < options->count; required->count++) {
        struct myc__ring_required_reader *reader = &required->readers[required->count];
        if (!myc__ring_held_take(writer, &reader->held_slot)) {
            myc_ring_required_deinit(required);
            return refuse(diagnostic, MYC_LIMIT, "the ring has too few free slots to hold places");
        }
        if (hold_newest(writer, reader) != MYC_OK) {
            required->count++;
            myc_ring_required_deinit(required);
            return refuse(diagnostic, MYC_AGAIN, "the writer outran every attempt");
        }
    }
    required->began_ns = myc_clock_monotonic_ns(required->clock);
    return MYC_OK;
}

void myc_ring_required_deinit(struct myc_ring_required *required)
{
    for (uint32_t i = 0; i < required->count; i++) {
        myc_ring_leave_wake(required->writer, required->wait, required->readers[i].held_slot);
    }
    required->count = 0;
}

// ---- Coming and going ----

// While a place passes from slot to slot, one look over the slots may find it in neither.
static void begin_move(struct myc_ring_writer *writer)
{
    // Before the slots change: acquired with them by who looks.
    (void)myc_fetch_add_u32(&writer->moves, 1);
}

static void end_move(struct myc_ring_writer *writer)
{
    (void)myc_fetch_add_u32(&writer->moves, 1);
}

enum myc_status myc_ring_required_join(
    struct myc_ring_required *required,
    const char *name,
    const void *page,
    struct myc_ring_ticket *out_ticket,
    struct myc_diagnostic *diagnostic)
{
    char whole[MYC_RING_NAME_BYTES];
    struct myc__ring_required_reader *reader =
        copy_name(whole, name) ? find(required, whole, required->count) : NULL;
    if (reader == NULL) {
        return refuse(diagnostic, MYC_NOT_FOUND, "nobody of that name is required");
    }
    enum phase phase = phase_of(reader);
    if (phase == IN || phase == LOST) {
        return refuse(
            diagnostic,
            phase == IN ? MYC_IN_USE : MYC_PEER_DIED,
            phase == IN ? "a reader of that name is in" : "the place of that reader is lost");
    }
    const struct myc__ring_point point = {reader->position, reader->sequence};
    begin_move(required->writer);
    enum myc_status status = myc__ring_join_point(required->writer, page, &point, out_ticket);
    if (status == MYC_OK) {
        myc__ring_held_clear(required->writer, reader->held_slot);
    }
    end_move(required->writer);
    if (status != MYC_OK) {
        return refuse(diagnostic, status, "the ring does not let the reader in");
    }
    // Relaxed: the phase releases it.
    myc_store_relaxed_u64(
        &reader->place, (uint64_t)out_ticket->generation << 32 | out_ticket->slot);
    // Acquired by the writer's thread in phase_of().
    myc_store_release_u32(&reader->phase, IN);
    MYC_SOMETIMES(phase == AWAY, "required.returns");
    tell(required, reader, phase == AWAY ? MYC_RING_ALERT_RETURNED : MYC_RING_ALERT_CAME, 0);
    myc_ring_wake_writer(required->writer, required->wait);
    return MYC_OK;
}

// Holds the place of a reader that is still in. Returns: false if its page lies.
static bool hold(struct myc_ring_writer *writer, struct myc__ring_required_reader *reader)
{
    uint32_t slot = (uint32_t)myc_load_relaxed_u64(&reader->place);
    for (uint32_t attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        // Pairs with the poisoning compare-exchange of the writer's passes.
        uint32_t state = myc_load_acquire_u32(&writer->slots[slot].state);
        if ((state & MYC__RING_STATE_MASK) != MYC__RING_ACTIVE) {
            break;
        }
        uint64_t head = myc__ring_head(writer, slot);
        if (myc__ring_held_set(writer, reader->held_slot, head)) {
            reader->position = head;
            return myc__ring_held_sequence(writer, head, &reader->sequence);
        }
        MYC_REACHED("required.moves-on"); // It lives: its head is elsewhere by now.
    }
    return false;
}

void myc_ring_required_left(struct myc_ring_required *required, uint32_t slot)
{
    struct myc_ring_writer *writer = required->writer;
    uint64_t followers = myc_ring_gate_followers(writer, slot);
    begin_move(writer);
    for (uint32_t i = 0; i < required->count; i++) {
        struct myc__ring_required_reader *reader = &required->readers[i];
        if (phase_of(reader) != IN || (uint32_t)myc_load_relaxed_u64(&reader->place) != slot) {
            continue;
        }
        bool is_held = hold(writer, reader);
        if (!is_held) {
            MYC_REACHED("required.lies");
            myc__ring_held_clear(writer, reader->held_slot);
        }
        myc_store_relaxed_u64(&reader->left_ns, myc_clock_monotonic_ns(required->clock));
        // Acquired by the writer's thread in phase_of().
        myc_store_release_u32(&reader->phase, is_held ? AWAY : LOST);
        if (is_held) {
            tell(required, reader, MYC_RING_ALERT_WENT, 0);
        }
        break;
    }
    myc_ring_leave(writer, slot);
    end_move(writer);
    myc__ring_ring_left(writer, required->wait, slot, followers);
}

// ---- What the writer's thread asks ----

uint32_t myc_ring_required_missing(const struct myc_ring_required *required)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < required->count; i++) {
        missing += phase_of(&required->readers[i]) == IN ? 0 : 1;
    }
    return missing;
}

void myc__ring_required_missing_names(
    const struct myc_ring_required *required, struct myc_diagnostic *diagnostic)
{
    const char *between = "";
    for (uint32_t i = 0; i < required->count; i++) {
        const struct myc__ring_required_reader *reader = &required->readers[i];
        if (phase_of(reader) != IN) {
            myc_diagnostic_append(diagnostic, between);
            myc_diagnostic_append_quoted(diagnostic, reader->name, strlen(reader->name));
            between = ", ";
        }
    }
}

void myc__ring_required_name(
    const struct myc_ring_required *required, uint32_t slot, struct myc_diagnostic *diagnostic)
{
    for (uint32_t i = 0; required != NULL && i < required->count; i++) {
        const struct myc__ring_required_reader *reader = &required->readers[i];
        bool is_in = phase_of(reader) == IN;
        if ((is_in && (uint32_t)myc_load_relaxed_u64(&reader->place) == slot)
            || reader->held_slot == slot) {
            myc_diagnostic_append(diagnostic, "the required reader ");
            myc_diagnostic_append_quoted(diagnostic, reader->name, strlen(reader->name));
            myc_diagnostic_append(diagnostic, is_in ? "" : ", which is away,");
            return;
        }
    }
    myc_diagnostic_append(diagnostic, "the reader in slot ");
    myc_diagnostic_append_u64(diagnostic, slot);
}

enum myc_status myc_ring_required_status(
    const struct myc_ring_required *required, struct myc_diagnostic *diagnostic)
{
    if (required->violation == MYC_RING_ALERT_CAME) {
        return MYC_OK;
    }
    const char *name = required->readers[required->violator].name;
    (void)myc_diagnostic_set(diagnostic, MYC_MISSING, 0, "the required reader ");
    myc_diagnostic_append_quoted(diagnostic, name, strlen(name));
    myc_diagnostic_append(diagnostic, " ");
    myc_diagnostic_append(diagnostic, myc_ring_alert_text(required->violation));
    if (required->violation_ns != 0) {
        myc_diagnostic_append(diagnostic, ": ");
        myc_diagnostic_append_u64(diagnostic, required->violation_ns / 1000000);
        myc_diagnostic_append(diagnostic, " ms");
    }
    return MYC_MISSING;
}

// A limit that runs since a moment: over, or to be looked at again then.
static bool is_over(uint64_t since_ns, uint64_t limit_ns, uint64_t now_ns, uint64_t *due_ns)
{
    if (limit_ns == UINT64_MAX) {
        return false;
    }
    // Not the other way round: another thread's moment may lie ahead of our look at the clock.
    if (now_ns >= since_ns && now_ns - since_ns >= limit_ns) {
        return true;
    }
    uint64_t end_ns = since_ns + limit_ns;
    *due_ns = end_ns > since_ns && end_ns < *due_ns ? end_ns : *due_ns;
    return false;
}

// Whether a reader's time is over. Returns: the kind of the violation; CAME: none.
static enum myc_ring_alert_kind judge(
    const struct myc_ring_required *required,
    struct myc__ring_required_reader *reader,
    const struct myc__ring_blocker *blocker,
    uint64_t now_ns,
    uint64_t *due_ns,
    uint64_t *out_since_ns)
{
    enum phase phase = phase_of(reader);
    if (phase == LOST) {
        return MYC_RING_ALERT_LIED;
    }
    if (phase == EXPECTED) {
        *out_since_ns = required->began_ns;
        bool is_late = is_over(*out_since_ns, required->startup_ns, now_ns, due_ns);
        return is_late ? MYC_RING_ALERT_NEVER_CAME : MYC_RING_ALERT_CAME;
    }
    if (phase == AWAY) {
        *out_since_ns = myc_load_relaxed_u64(&reader->left_ns);
        bool is_late = is_over(*out_since_ns, required->grace_ns, now_ns, due_ns);
        return is_late ? MYC_RING_ALERT_STAYED_AWAY : MYC_RING_ALERT_CAME;
    }
    uint64_t place = myc_load_relaxed_u64(&reader->place);
    // Nothing is read on the strength of it.
    if (myc_load_relaxed_u32(&required->writer->slots[(uint32_t)place].state)
        == myc__ring_state_word((uint32_t)(place >> 32), MYC__RING_FENCED)) {
        return MYC_RING_ALERT_LIED;
    }
    bool is_slowest = blocker != NULL && blocker->kind == MYC__RING_ACTIVE
                      && ((uint64_t)blocker->generation << 32 | blocker->slot) == place;
    if (!is_slowest) {
        reader->seen_ns = 0;
        return MYC_RING_ALERT_CAME;
    }
    // A head that goes back, which only a liar's does, is no progress when it returns.
    if (reader->seen_ns == 0 || reader->seen_place != place
        || (int64_t)(blocker->head - reader->seen_head) > 0) {
        reader->seen_place = place; // Who came back meanwhile has all its time again.
        reader->seen_head = blocker->head;
        reader->seen_ns = now_ns;
    }
    *out_since_ns = reader->seen_ns;
    bool is_late = is_over(*out_since_ns, required->progress_ns, now_ns, due_ns);
    return is_late ? MYC_RING_ALERT_STANDS_STILL : MYC_RING_ALERT_CAME;
}

enum myc_status myc__ring_required_look(
    struct myc_ring_required *required,
    const struct myc__ring_blocker *blocker,
    uint64_t *out_due_ns,
    struct myc_diagnostic *diagnostic)
{
    uint64_t due_ns = UINT64_MAX;
    uint64_t now_ns = myc_clock_monotonic_ns(required->clock);
    for (uint32_t i = 0; i < required->count; i++) {
        struct myc__ring_required_reader *reader = &required->readers[i];
        uint64_t since_ns = now_ns;
        if (required->violation != MYC_RING_ALERT_CAME) {
            break; // The first is what stays; nobody is told of others.
        }
        enum myc_ring_alert_kind kind =
            judge(required, reader, blocker, now_ns, &due_ns, &since_ns);
        if (kind != MYC_RING_ALERT_CAME) {
            MYC_REACHED("required.violated");
            required->violation = kind;
            required->violator = i;
            required->violation_ns = now_ns - since_ns;
            tell(required, reader, kind, now_ns - since_ns);
        }
    }
    *out_due_ns = due_ns;
    return myc_ring_required_status(required, diagnostic);
}

enum myc_status myc_ring_required_look(
    struct myc_ring_required *required, uint64_t *out_due_ns, struct myc_diagnostic *diagnostic)
{
    struct myc__ring_blocker blocker;
    bool is_blocked = myc__ring_blocker(required->writer, &blocker);
    return myc__ring_required_look(required, is_blocked ? &blocker : NULL, out_due_ns, diagnostic);
}

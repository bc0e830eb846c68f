// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Shared memory in the history of a run: which store a load saw, which write of payload a reader
 * got. Part of the implementation unit; only the simcheck build has such accesses.
 *
 * A place is known by segment and offset, or by its address in one process; what is told of it is
 * its segment and offset, or a number in the order in which such places were touched, so that the
 * history is the same in every run of the same draws.
 */
#ifndef MYC_SIM_HISTORY_MEMORY_H
#define MYC_SIM_HISTORY_MEMORY_H

#include <mycelium/sim/history_record.h>

#ifdef MYC_SIMCHECK

#include <mycelium/atomic.h>

static uint64_t sim__history_hash(uint64_t segment, uint64_t offset, bool is_payload)
{
    return sim__mix(offset * 2 + (is_payload ? 1 : 0) + sim__mix(segment));
}

static struct sim__history_place *sim__history_slot(
    const struct myc_sim_history *history, uint64_t segment, uint64_t offset, bool is_payload)
{
    uint64_t mask = history->place_capacity - 1;
    uint64_t at = sim__history_hash(segment, offset, is_payload) & mask;
    for (;; at = (at + 1) & mask) {
        struct sim__history_place *place = &history->places[at];
        bool is_it =
            place->segment == segment && place->offset == offset && place->is_payload == is_payload;
        if (place->number == 0 || is_it) {
            return place;
        }
    }
}

static struct sim__history_place *
sim__history_place(struct myc_sim *world, const void *address, bool is_payload)
{
    struct myc_sim_history *history = world->history;
    uint64_t segment = 0;
    uint64_t offset = 0;
    if (!sim__mapping_find(world->current->process, address, &segment, &offset)) {
        segment = 0;
        offset = (uint64_t)(uintptr_t)address;
    }
    if ((history->place_count + 1) * 2 > history->place_capacity) {
        uint64_t old_capacity = history->place_capacity;
        struct sim__history_place *old = history->places;
        history->place_capacity = old_capacity == 0 ? 256 : old_capacity * 2;
        history->places = sim__room_zeroed(&history->room, history->place_capacity, sizeof(*old));
        for (uint64_t i = 0; i < old_capacity; i++) {
            if (old[i].number != 0) {
                *sim__history_slot(history, old[i].segment, old[i].offset, old[i].is_payload) =
                    old[i];
            }
        }
        sim__room_free(&history->room, old);
    }
    struct sim__history_place *place = sim__history_slot(history, segment, offset, is_payload);
    if (place->number == 0) {
        *place = (struct sim__history_place){
            .segment = segment,
            .offset = offset,
            .number = ++history->place_count,
            .is_payload = is_payload};
    }
    return place;
}

// ---- Who saw whose store ----

static void sim__history_stored(
    struct sim__history_place *place, uint32_t writer, uint64_t value, uint64_t event)
{
    uint32_t at = place->store_count++ % SIM__PLACE_STORES;
    place->values[at] = value;
    place->events[at] = event;
    place->writers[at] = writer;
}

/* Whether the reader has not seen this store before; from now on it has. */
static bool sim__history_is_news(struct sim__history_place *place, uint32_t reader, uint64_t event)
{
    for (uint32_t i = 0; i < SIM__PLACE_READERS; i++) {
        if (place->readers[i] == reader) {
            bool is_news = place->read_events[i] < event + 1;
            place->read_events[i] = is_news ? event + 1 : place->read_events[i];
            return is_news;
        }
    }
    uint32_t at = place->reader_next++ % SIM__PLACE_READERS;
    place->readers[at] = reader;
    place->read_events[at] = event + 1;
    return true;
}

/* Draws the arrow to a read; returns how many stores ago its value was stored, 0 if unknown. */
static uint32_t sim__history_loaded(
    struct myc_sim *world,
    struct sim__history_place *place,
    uint64_t value,
    uint64_t event,
    enum sim__arrow_kind kind)
{
    uint32_t reader = world->current->id;
    for (uint32_t back = 0; back < SIM__PLACE_STORES && back < place->store_count; back++) {
        uint32_t at = (place->store_count - 1 - back) % SIM__PLACE_STORES;
        if (place->is_payload || place->values[at] == value) {
            if (place->writers[at] != reader
                && sim__history_is_news(place, reader, place->events[at])) {
                sim__history_arrow(world->history, place->events[at], event, kind);
            }
            return back;
        }
    }
    return 0;
}

// ---- Accesses ----

static void sim__history_tell_place(
    struct myc_sim *world,
    uint64_t event,
    const struct sim__history_place *place,
    const char *value)
{
    if (place->segment != 0) {
        sim__history_say(
            world->history,
            event,
            "%ssegment %" PRIu64 " at %" PRIu64,
            value,
            place->segment,
            place->offset);
    } else {
        sim__history_say(world->history, event, "%splace %" PRIu64, value, place->number);
    }
}

/* Addresses differ from run to run and are not told. */
static const char *sim__history_value(char *text, size_t size, uint64_t value)
{
    if (value >= UINT64_C(1) << 44 && value < UINT64_C(1) << 48) {
        return "an address";
    }
    (void)snprintf(text, size, "%" PRIu64, value);
    return text;
}

static const char *sim__history_order(int order)
{
    return order == __ATOMIC_RELAXED   ? "relaxed"
           : order == __ATOMIC_ACQUIRE ? "acquire"
           : order == __ATOMIC_RELEASE ? "release"
           : order == __ATOMIC_ACQ_REL ? "acq_rel"
                                       : "seq_cst";
}

static void
sim__history_payload(struct myc_sim *world, const void *address, uint32_t size, bool is_write)
{
    struct sim__history_place *place = sim__history_place(world, address, true);
    uint64_t number = sim__history_add(
        world, SIM__HISTORY_PAYLOAD, is_write ? "writes payload" : "reads payload");
    char bytes[48];
    (void)snprintf(bytes, sizeof(bytes), "%" PRIu32 " bytes, ", size);
    sim__history_tell_place(world, number, place, bytes);
    if (is_write) {
        sim__history_stored(place, world->current->id, 0, number);
    } else {
        (void)sim__history_loaded(world, place, 0, number, SIM__ARROW_RECORD);
    }
}

/* Whether the newest event is this same access: then it is only counted. */
static bool
sim__history_repeats(struct myc_sim *world, const struct sim__history_place *place, uint64_t value)
{
    struct myc_sim_history *history = world->history;
    if (history->count == 0 || history->last_load_place != place->number
        || history->last_load_event != history->count || history->last_load_value != value) {
        return false;
    }
    struct sim__history_event *event = sim__history_at(history, history->count - 1);
    if (event->thread != world->current->id) {
        return false;
    }
    event->count++;
    event->end_ns = sim__now(world);
    event->end_step = world->steps;
    return true;
}

static void sim__history_load(
    struct myc_sim *world, struct sim__history_place *place, uint64_t value, int order)
{
    if (sim__history_repeats(world, place, value)) {
        return;
    }
    struct myc_sim_history *history = world->history;
    char text[32];
    uint64_t number = sim__history_add(world, SIM__HISTORY_ATOMIC, "load");
    sim__history_say(
        history,
        number,
        "%s gives %s",
        sim__history_order(order),
        sim__history_value(text, sizeof(text), value));
    sim__history_tell_place(world, number, place, "");
    uint32_t back = sim__history_loaded(world, place, value, number, SIM__ARROW_VALUE);
    if (back > 0) {
        sim__history_say(history, number, "%" PRIu32 " stores old", back);
    }
    history->last_load_place = place->number;
    history->last_load_value = value;
    history->last_load_event = history->count;
}

static void sim__history_modify(
    struct myc_sim *world,
    struct sim__history_place *place,
    const char *label,
    uint64_t before,
    uint64_t after)
{
    char from[32];
    char to[32];
    uint64_t number = sim__history_add(world, SIM__HISTORY_ATOMIC, label);
    sim__history_say(
        world->history,
        number,
        "%s becomes %s",
        sim__history_value(from, sizeof(from), before),
        sim__history_value(to, sizeof(to), after));
    sim__history_tell_place(world, number, place, "");
    (void)sim__history_loaded(world, place, before, number, SIM__ARROW_VALUE);
    if (before != after) {
        sim__history_stored(place, world->current->id, after, number);
    }
}

void sim__history_atomic(
    struct myc_sim *world,
    unsigned op,
    const void *address,
    uint32_t size,
    uint64_t operand,
    uint64_t expected,
    uint64_t before,
    int order)
{
    uint64_t mask = size == 4 ? UINT32_MAX : UINT64_MAX;
    char text[32];
    if (op == MYC_SIMCHECK_FENCE) {
        uint64_t number = sim__history_add(world, SIM__HISTORY_ATOMIC, "fence");
        sim__history_say(world->history, number, "%s", sim__history_order(order));
        return;
    }
    if (op > MYC_SIMCHECK_FENCE) {
        sim__history_payload(world, address, size, op == MYC_SIMCHECK_PAYLOAD_WRITE);
        return;
    }
    struct sim__history_place *place = sim__history_place(world, address, false);
    operand &= mask;
    if (op == MYC_SIMCHECK_LOAD) {
        sim__history_load(world, place, before, order);
    } else if (op == MYC_SIMCHECK_STORE) {
        uint64_t number = sim__history_add(world, SIM__HISTORY_ATOMIC, "store");
        sim__history_say(
            world->history,
            number,
            "%s %s",
            sim__history_order(order),
            sim__history_value(text, sizeof(text), operand));
        sim__history_tell_place(world, number, place, "");
        sim__history_stored(place, world->current->id, operand, number);
    } else if (op == MYC_SIMCHECK_ADD) {
        sim__history_modify(world, place, "add", before, (before + operand) & mask);
    } else if (op == MYC_SIMCHECK_EXCHANGE) {
        sim__history_modify(world, place, "exchange", before, operand);
    } else {
        bool is_done = before == (expected & mask);
        const char *label = is_done ? "compare-exchange" : "compare-exchange fails";
        sim__history_modify(world, place, label, before, is_done ? operand : before);
    }
}

#endif

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A guest of a ring at a place: takes a seat, asks to be let in, reads, leaves.
 *
 * The whole place is mapped for reading; the hall and the one page that is the guest's are mapped
 * once more, to write.
 */
#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/process.h>
#include <mycelium/interface/wait.h>
#include <mycelium/ring_place.h>
#include <mycelium/simulation.h>

#include "seat/seat.h"

// How long a guest sleeps before it looks whether there is an owner at all.
static const uint64_t answer_slice_ns = 10000000;
static const uint64_t wait_slice_ns = 100000000;
static const uint64_t poll_slice_ns = 1000000;

static struct myc__seat *seat_of(const struct myc_ring_guest *guest)
{
    return guest->page;
}

static void ring_owner(const struct myc_ring_guest *guest)
{
    struct myc__hall *hall = guest->hall;
    (void)myc_fetch_add_u32(&hall->bell, 1);
    (void)myc_wait_wake(guest->place.platform->wait, &hall->bell, UINT32_MAX, MYC_WAIT_SHARED);
}

// ---- Taking a seat ----

static enum myc_status
sit_down(struct myc_ring_guest *guest, uint64_t claim, struct myc_diagnostic *diagnostic)
{
    for (uint32_t i = 1; i < guest->place.page_count; i++) {
        const struct myc__seat *seen = myc_place_page(&guest->place, i);
        if (myc_load_relaxed_u64(&seen->claim) != 0) {
            continue;
        }
        enum myc_status status = myc_place_map_page(&guest->place, i, &guest->page);
        if (status != MYC_OK) {
            guest->page = NULL;
            return myc_diagnostic_set(diagnostic, status, 0, "ring: the seat cannot be mapped");
        }
        if (myc_compare_exchange_u64(&seat_of(guest)->claim, 0, claim)) {
            guest->seat = i;
            return MYC_OK;
        }
        MYC_REACHED("ring.guest.seat-was-taken");
        myc_place_unmap_page(&guest->place, guest->page);
        guest->page = NULL;
    }
    return myc_diagnostic_set(
        diagnostic, MYC_LIMIT, 0, "ring: every seat is taken; its owner sweeps those of the dead");
}

static void ask(struct myc_ring_guest *guest)
{
    const struct myc_ring_wish *wish = &guest->wish;
    struct myc__seat *seat = seat_of(guest);
    uint64_t bits = wish->start == MYC_RING_EARLIEST ? MYC__SEAT_START_EARLIEST : 0;
    bits |= wish->is_at_sequence ? MYC__SEAT_AT_SEQUENCE : 0;
    bits |= wish->is_lapping ? MYC__SEAT_LAPPING : 0;
    myc_store_relaxed_u64(&seat->wish, bits);
    myc_store_relaxed_u64(&seat->wish_sequence, wish->sequence);
    // Acquired by the owner, who then reads the wish.
    myc_store_release_u64(&seat->request, MYC__SEAT_JOIN);
    ring_owner(guest);
}

enum myc_status myc_ring_guest_ask(
    struct myc_ring_guest *guest,
    struct myc_platform *platform,
    enum myc_place_kind kind,
    const char *name,
    const struct myc_ring_wish *wish,
    struct myc_diagnostic *diagnostic)
{
    struct myc__ring_constant constant;
    struct myc_process_identity self = {0};
    memset(guest, 0, sizeof *guest);
    enum myc_status status =
        myc_place_attach(&guest->place, platform, kind, name, MYC_PLACE_CONTENT_RING, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    guest->wish = *wish;
    struct myc_span block = myc_place_block(&guest->place);
    status = myc__ring_layout_check(block.data, block.size, &constant, diagnostic);
    if (status == MYC_OK && guest->place.page_count != constant.readers_max + 1) {
        status = myc_diagnostic_set(
            diagnostic, MYC_CORRUPT, 0, "ring: there are not as many seats as readers");
    }
    if (status == MYC_OK) {
        status = myc_process_identify(platform->process, &self);
    }
    uint64_t claim = myc__seat_claim(&self);
    if (status == MYC_OK && claim == 0) {
        status = myc_diagnostic_set(
            diagnostic, MYC_UNSUPPORTED, 0, "ring: this process's number is too large for a seat");
    }
    if (status == MYC_OK) {
        status = myc_place_map_page(&guest->place, 0, &guest->hall);
    }
    if (status == MYC_OK) {
        status = sit_down(guest, claim, diagnostic);
    }
    if (status != MYC_OK) {
        myc_ring_guest_leave(guest);
        return status;
    }
    ask(guest);
    return MYC_OK;
}

// ---- The answer ----

static enum myc_status come_in(struct myc_ring_guest *guest, struct myc_diagnostic *diagnostic)
{
    const struct myc__seat *seat = seat_of(guest);
    const struct myc_ring_wish *wish = &guest->wish;
    struct myc_span block = myc_place_block(&guest->place);
    uint64_t status = myc_load_relaxed_u64(&seat->status);
    if (status != MYC_OK) {
        return myc_diagnostic_set(
            diagnostic,
            status < MYC_STATUS_COUNT ? (enum myc_status)status : MYC_CORRUPT,
            0,
            "ring: its owner did not let the guest in");
    }
    const struct myc_ring_ticket ticket = {
        .slot = (uint32_t)myc_load_relaxed_u64(&seat->slot),
        .generation = (uint32_t)myc_load_relaxed_u64(&seat->generation),
        .position = myc_load_relaxed_u64(&seat->position),
        .sequence = myc_load_relaxed_u64(&seat->sequence),
    };
    enum myc_status result =
        wish->is_lapping
            ? myc_ring_lapping_init(
                &guest->reader,
                block.data,
                block.size,
                guest->page,
                &ticket,
                wish->resume,
                wish->copy,
                diagnostic)
            : myc_ring_reader_init(
                &guest->reader, block.data, block.size, guest->page, &ticket, diagnostic);
    guest->is_in = result == MYC_OK;
    return result;
}

static uint64_t slice_end(const struct myc_ring_guest *guest, uint64_t deadline_ns, uint64_t slice)
{
    uint64_t now_ns = myc_clock_monotonic_ns(guest->place.platform->clock);
    uint64_t end_ns = myc_deadline_after(now_ns, slice);
    return end_ns < deadline_ns ? end_ns : deadline_ns;
}

enum myc_status myc_ring_guest_await(
    struct myc_ring_guest *guest, uint64_t deadline_ns, struct myc_diagnostic *diagnostic)
{
    struct myc_wait *wait = guest->place.platform->wait;
    struct myc__seat *seat = seat_of(guest);
    if (guest->is_in) {
        return MYC_OK;
    }
    for (;;) {
        uint32_t bell = myc_load_acquire_u32(&seat->bell);
        // Pairs with the owner's release: the ticket is there.
        if (myc_load_acquire_u64(&seat->answer) == MYC__SEAT_JOIN) {
            return come_in(guest, diagnostic);
        }
        enum myc_status state = myc_place_state(&guest->place);
        if (state != MYC_OK) {
            return myc_diagnostic_set(
                diagnostic, state, 0, "ring: nobody is there any more to let the guest in");
        }
        uint64_t end_ns = slice_end(guest, deadline_ns, answer_slice_ns);
        enum myc_status status = myc_wait_wait(wait, &seat->bell, bell, end_ns, MYC_WAIT_SHARED);
        if (status == MYC_TIMEOUT && end_ns == deadline_ns) {
            return myc_diagnostic_set(
                diagnostic, MYC_TIMEOUT, 0, "ring: its owner has not served the guest yet");
        }
    }
}

// ---- Reading ----

size_t myc_ring_guest_poll(
    struct myc_ring_guest *guest, myc_record_fn *fn, void *context, size_t records_max)
{
    size_t count = myc_ring_poll(&guest->reader, fn, context, records_max);
    if (myc_ring_reader_should_wake_writer(&guest->reader)) {
        ring_owner(guest);
    }
    return count;
}

enum myc_status myc_ring_guest_wait(struct myc_ring_guest *guest, uint64_t deadline_ns)
{
    struct myc__seat *seat = seat_of(guest);
    struct myc_wait *wait = guest->place.platform->wait;
    struct myc_ring_reader *reader = &guest->reader;
    enum myc_status status = MYC_OK;
    uint64_t slice = reader->readers_may_sleep ? wait_slice_ns : poll_slice_ns;
    uint32_t bell = myc_load_acquire_u32(&seat->bell);
    myc_ring_reader_arm(reader);
    // Pairs with the fence of myc_ring_sleepers(): either the owner sees us armed, or we its
    // record.
    myc_fence_seq_cst();
    if (myc_ring_is_empty(reader) && myc_ring_reader_status(reader) == MYC_OK) {
        uint64_t end_ns = slice_end(guest, deadline_ns, slice);
        status = myc_wait_wait(wait, &seat->bell, bell, end_ns, MYC_WAIT_SHARED);
    }
    myc_ring_reader_disarm(reader);
    return status == MYC_TIMEOUT ? MYC_TIMEOUT : MYC_OK;
}

enum myc_status myc_ring_guest_status(struct myc_ring_guest *guest)
{
    enum myc_status status = guest->is_in ? myc_ring_reader_status(&guest->reader) : MYC_OK;
    return status == MYC_OK ? myc_place_state(&guest->place) : status;
}

void myc_ring_guest_leave(struct myc_ring_guest *guest)
{
    if (guest->page != NULL) {
        struct myc__seat *seat = seat_of(guest);
        // Our reads are over; acquired by the owner before it gives slot and seat to others.
        myc_store_release_u64(&seat->request, MYC__SEAT_LEAVE);
        ring_owner(guest);
    }
    myc_place_unmap_page(&guest->place, guest->page);
    myc_place_unmap_page(&guest->place, guest->hall);
    myc_place_close(&guest->place);
    memset(guest, 0, sizeof *guest);
}

// ---- Monitors ----

enum myc_status
myc_ring_place_seat(const struct myc_place *place, uint32_t index, struct myc_ring_seat *out_seat)
{
    struct myc_process_identity identity;
    if (index == UINT32_MAX || index + 1 >= place->page_count) {
        return MYC_NOT_FOUND;
    }
    const struct myc__seat *seat = myc_place_page(place, index + 1);
    uint64_t claim = myc_load_relaxed_u64(&seat->claim);
    myc__seat_identity(claim, &identity);
    *out_seat = (struct myc_ring_seat){claim != 0, identity.pid, identity.start_time, seat};
    return MYC_OK;
}

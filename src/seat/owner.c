// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The owner of a ring at a place: makes it or goes on with it, lets guests in and out.
 *
 * What a guest wrote into its seat is a wish; what the owner wrote there is checked again before it
 * is used, since the guest can write it as well.
 */
#include <string.h>

#include <mycelium/interface/process.h>
#include <mycelium/interface/wait.h>
#include <mycelium/ring_place.h>
#include <mycelium/simulation.h>

#include "ring/writer.h"
#include "seat/seat.h"

static struct myc__hall *hall_of(const struct myc_ring_owner *owner)
{
    return myc_place_page(&owner->place, 0);
}

// The seats count from 1; 0 is the hall.
static struct myc__seat *seat_at(const struct myc_place *place, uint32_t index)
{
    return myc_place_page(place, index);
}

static void ring_guest(struct myc_ring_owner *owner, struct myc__seat *seat)
{
    struct myc_wait *wait = owner->place.platform->wait;
    (void)myc_fetch_add_u32(&seat->bell, 1);
    (void)myc_wait_wake(wait, &seat->bell, UINT32_MAX, MYC_WAIT_SHARED);
}

// ---- Opening ----

// The slot that a seat was let into and still has; false if there is none.
static bool slot_of(
    const struct myc__seat *seat,
    const struct myc__ring_slot *slots,
    uint32_t readers_max,
    uint32_t *out_slot)
{
    uint64_t slot = myc_load_relaxed_u64(&seat->slot);
    uint64_t generation = myc_load_relaxed_u64(&seat->generation);
    // Pairs with the release of our own answer, or of the last owner's, whose end was seen.
    if (myc_load_relaxed_u64(&seat->answer) != MYC__SEAT_JOIN
        || myc_load_relaxed_u64(&seat->status) != MYC_OK || slot >= readers_max) {
        return false;
    }
    uint32_t word = myc_load_relaxed_u32(&slots[slot].state);
    *out_slot = (uint32_t)slot;
    return (word & MYC__RING_STATE_MASK) != MYC__RING_FREE
           && word >> MYC__RING_STATE_BITS == generation;
}

static enum myc_status check_same(
    const struct myc_ring_options *options,
    const struct myc__ring_constant *found,
    struct myc_diagnostic *diagnostic)
{
    struct myc__ring_constant wanted;
    myc__ring_fill_header(&wanted, options);
    if (found->capacity != wanted.capacity || found->readers_max != wanted.readers_max
        || found->flags != wanted.flags) {
        return myc_diagnostic_set(
            diagnostic,
            MYC_MISMATCH,
            0,
            "the ring that is there was made with another capacity, readers_max or flags; recreate "
            "it");
    }
    if (memcmp(found->contract_digest, wanted.contract_digest, sizeof wanted.contract_digest)
        != 0) {
        return myc_diagnostic_set(
            diagnostic,
            MYC_MISMATCH,
            0,
            "the ring that is there is of another contract; recreate it");
    }
    return MYC_OK;
}

// Which seat each slot was given to, as far as the seats say so and do not contradict each other:
// whose page it is decides what the writer overwrites.
static void find_guests(
    struct myc_ring_owner *owner,
    const struct myc__ring_slot *slots,
    uint32_t readers_max,
    const void *pages[MYC_RING_READERS_MAX])
{
    uint64_t doubted = 0;
    for (uint32_t i = 1; i <= readers_max; i++) {
        const struct myc__seat *seat = seat_at(&owner->place, i);
        uint32_t slot = 0;
        if (myc_load_acquire_u64(&seat->claim) != 0 && slot_of(seat, slots, readers_max, &slot)) {
            doubted |= pages[slot] != NULL ? UINT64_C(1) << slot : 0;
            pages[slot] = seat;
            owner->seat_of_slot[slot] = i;
        }
    }
    for (uint32_t slot = 0; slot < readers_max; slot++) {
        if ((doubted >> slot & 1) != 0) {
            pages[slot] = NULL;
            owner->seat_of_slot[slot] = 0;
        }
    }
}

static enum myc_status go_on(
    struct myc_ring_owner *owner,
    const struct myc_ring_options *options,
    struct myc_diagnostic *diagnostic)
{
    const void *pages[MYC_RING_READERS_MAX] = {NULL};
    struct myc__ring_constant constant;
    struct myc_span block = myc_place_block(&owner->place);
    enum myc_status status = myc__ring_layout_check(block.data, block.size, &constant, diagnostic);
    if (status == MYC_OK) {
        status = check_same(options, &constant, diagnostic);
    }
    if (status != MYC_OK) {
        return status;
    }
    const unsigned char *base = block.data;
    const struct myc__ring_slot *slots = (const void *)(base + constant.slots_offset);
    find_guests(owner, slots, constant.readers_max, pages);
    status = myc_ring_writer_resume(&owner->writer, block.data, block.size, pages, diagnostic);
    if (status == MYC_OK) {
        // Its last owner may have died before it rang.
        myc_ring_owner_wake(owner);
    }
    return status;
}

static enum myc_status open_place(
    struct myc_ring_owner *owner,
    struct myc_platform *platform,
    const struct myc_ring_owner_options *options,
    const struct myc_ring_options *ring,
    struct myc_diagnostic *diagnostic)
{
    uint32_t readers_max = ring->readers_max != 0 ? ring->readers_max : MYC_RING_READERS_MAX;
    const struct myc_place_options place = {
        .kind = options->kind,
        .name = options->name,
        .bytes = myc_ring_memory_size(ring),
        .existing = options->existing,
        .content = MYC_PLACE_CONTENT_RING,
        .page_count = readers_max + 1,
        .is_kept = options->is_kept,
    };
    if (options->kind != MYC_PLACE_NAMED && options->kind != MYC_PLACE_FILE) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "ring: only NAMED and FILE places have owners and guests");
    }
    return myc_place_create(&owner->place, platform, &place, diagnostic);
}

enum myc_status myc_ring_owner_open(
    struct myc_ring_owner *owner,
    struct myc_platform *platform,
    const struct myc_ring_owner_options *options,
    struct myc_diagnostic *diagnostic)
{
    struct myc_ring_options ring = options->ring;
    memset(owner, 0, sizeof *owner);
    enum myc_status status = myc__ring_check_options(&ring, diagnostic);
    if (status == MYC_OK && myc_process_identify(platform->process, &ring.creator) != MYC_OK) {
        status = myc_diagnostic_set(diagnostic, MYC_IO, 0, "ring: this process has no identity");
    }
    if (status == MYC_OK) {
        status = open_place(owner, platform, options, &ring, diagnostic);
    }
    if (status != MYC_OK) {
        return status;
    }
    struct myc_span block = myc_place_block(&owner->place);
    if (myc_place_was_taken_over(&owner->place)) {
        status = go_on(owner, &ring, diagnostic);
    } else {
        status = myc_ring_writer_init(&owner->writer, block.data, block.size, &ring, diagnostic);
    }
    if (status != MYC_OK) {
        // What cannot be gone on with stays as it is.
        myc_place_keep(&owner->place, true);
        myc_place_close(&owner->place);
        memset(owner, 0, sizeof *owner);
        return status;
    }
    // Not what it is, so that the first look finds whoever asked the last owner.
    owner->asked = myc_load_relaxed_u32(&hall_of(owner)->bell) - 1;
    myc_place_publish(&owner->place);
    return MYC_OK;
}

// ---- Guests ----

// Makes a seat free for the next.
static void clear_seat(struct myc_ring_owner *owner, struct myc__seat *seat, uint32_t index)
{
    // By our own account: what the seat says of its slot, the guest may have written.
    for (uint32_t slot = 0; slot < owner->writer.readers_max; slot++) {
        if (owner->seat_of_slot[slot] == index) {
            owner->seat_of_slot[slot] = 0;
            myc_ring_leave(&owner->writer, slot);
        }
    }
    struct myc_atomic_u64 *words = (struct myc_atomic_u64 *)(void *)&seat->page;
    for (size_t i = 0; i < sizeof seat->page / sizeof *words; i++) {
        myc_store_relaxed_u64(&words[i], 0);
    }
    myc_store_relaxed_u64(&seat->answer, 0);
    myc_store_relaxed_u64(&seat->request, 0);
    // Acquired by the exchange of whoever sits down next: it finds a page of zeros.
    myc_store_release_u64(&seat->claim, 0);
}

static enum myc_status
let_in(struct myc_ring_owner *owner, struct myc__seat *seat, struct myc_ring_ticket *out_ticket)
{
    struct myc_ring_writer *writer = &owner->writer;
    uint64_t wish = myc_load_relaxed_u64(&seat->wish);
    enum myc_ring_start start =
        (wish & MYC__SEAT_START_EARLIEST) != 0 ? MYC_RING_EARLIEST : MYC_RING_LIVE;
    if ((wish & MYC__SEAT_LAPPING) != 0) {
        return myc_ring_join_lapping(writer, &seat->page, start, out_ticket);
    }
    if ((wish & MYC__SEAT_AT_SEQUENCE) != 0) {
        uint64_t sequence = myc_load_relaxed_u64(&seat->wish_sequence);
        return myc_ring_join_at(writer, &seat->page, sequence, out_ticket);
    }
    return myc_ring_join(writer, &seat->page, start, out_ticket);
}

static void answer(struct myc_ring_owner *owner, struct myc__seat *seat, uint32_t index)
{
    struct myc_ring_ticket ticket = {0};
    enum myc_status status = let_in(owner, seat, &ticket);
    if (status == MYC_OK) {
        owner->seat_of_slot[ticket.slot] = index;
    }
    myc_store_relaxed_u64(&seat->slot, ticket.slot);
    myc_store_relaxed_u64(&seat->generation, ticket.generation);
    myc_store_relaxed_u64(&seat->position, ticket.position);
    myc_store_relaxed_u64(&seat->sequence, ticket.sequence);
    myc_store_relaxed_u64(&seat->status, (uint64_t)status);
    // Acquired by the guest, who then reads the ticket.
    myc_store_release_u64(&seat->answer, MYC__SEAT_JOIN);
    ring_guest(owner, seat);
}

uint32_t myc_ring_owner_serve(struct myc_ring_owner *owner)
{
    uint32_t served = 0;
    // Pairs with the addition that follows each request.
    uint32_t bell = myc_load_acquire_u32(&hall_of(owner)->bell);
    if (bell == owner->asked) {
        return 0;
    }
    owner->asked = bell;
    for (uint32_t i = 1; i <= owner->writer.readers_max; i++) {
        struct myc__seat *seat = seat_at(&owner->place, i);
        // Pairs with the guest's release: its wish is there, and its reads are over if it leaves.
        uint64_t request = myc_load_acquire_u64(&seat->request);
        if (request == MYC__SEAT_LEAVE) {
            clear_seat(owner, seat, i);
            served++;
        } else if (
            request == MYC__SEAT_JOIN && myc_load_relaxed_u64(&seat->answer) != MYC__SEAT_JOIN) {
            answer(owner, seat, i);
            served++;
        }
    }
    return served;
}

uint32_t myc_ring_owner_sweep(struct myc_ring_owner *owner)
{
    struct myc_process *process = owner->place.platform->process;
    struct myc_process_identity identity;
    uint32_t swept = 0;
    if (myc_process_identify(process, &identity) != MYC_OK) {
        return 0;
    }
    for (uint32_t i = 1; i <= owner->writer.readers_max; i++) {
        struct myc__seat *seat = seat_at(&owner->place, i);
        // Pairs with the exchange that took the seat.
        uint64_t claim = myc_load_acquire_u64(&seat->claim);
        myc__seat_identity(claim, &identity);
        if (claim != 0 && myc_process_life(process, &identity) == MYC_LIFE_ENDED) {
            clear_seat(owner, seat, i);
            MYC_REACHED("ring.owner.sweeps");
            swept++;
        }
    }
    return swept;
}

// ---- Sleeping ----

void myc_ring_owner_wake(struct myc_ring_owner *owner)
{
    uint64_t sleepers = myc_ring_sleepers(&owner->writer);
    for (uint32_t slot = 0; sleepers >> slot != 0 && slot < MYC_RING_READERS_MAX; slot++) {
        if ((sleepers >> slot & 1) != 0) {
            ring_guest(owner, seat_at(&owner->place, owner->seat_of_slot[slot]));
        }
    }
}

enum myc_status myc_ring_owner_wait(struct myc_ring_owner *owner, size_t size, uint64_t deadline_ns)
{
    struct myc__hall *hall = hall_of(owner);
    struct myc_wait *wait = owner->place.platform->wait;
    bool is_for_guests = size > myc_ring_payload_max(&owner->writer);
    enum myc_status status = MYC_OK;
    // Pairs with the additions of guests.
    uint32_t bell = myc_load_acquire_u32(&hall->bell);
    if (bell != owner->asked) {
        return MYC_OK;
    }
    bool is_armed = myc_ring_writer_arm(&owner->writer, size);
    if (is_armed || is_for_guests) {
        status = myc_wait_wait(wait, &hall->bell, bell, deadline_ns, MYC_WAIT_SHARED);
    }
    myc_ring_writer_disarm(&owner->writer);
    return status == MYC_AGAIN ? MYC_OK : status;
}

// ---- The end ----

void myc_ring_owner_close(struct myc_ring_owner *owner)
{
    if (owner->place.platform != NULL && !owner->place.is_kept) {
        myc_ring_writer_close(&owner->writer);
        myc_ring_owner_wake(owner);
    }
    myc_place_close(&owner->place);
    memset(owner, 0, sizeof *owner);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The scheduler's life: its part, who comes and goes, and what they return.
 *
 * What a worker wrote is foreign: the number of a return is copied once and must be that of the
 * worker's oldest job; anything else ends that worker as CORRUPT and touches nobody else. An end
 * is carried out behind the poll that found it, never inside a handler.
 */
#include "workers/scheduler.h"

#include <string.h>

#include <mycelium/simulation.h>

#include "core/bits.h"

static const uint8_t workers_magic[8] = {'M', 'Y', 'C', 'W', 'O', 'R', 'K', 0};

// ---- Creation ----

static enum myc_status
make_rings(struct myc_workers *workers, uint64_t epoch, struct myc_diagnostic *diagnostic)
{
    const struct myc_workers_layout *layout = &workers->layout;
    const struct myc_ring_options options = myc__workers_dispatch_options(layout, epoch);
    enum myc_status status = MYC_OK;
    for (uint32_t i = 0; i < layout->dispatch_rings && status == MYC_OK; i++) {
        status = myc_ring_writer_init(
            myc__workers_ring_of(workers, &workers->seats[i]),
            myc__workers_dispatch(layout, workers->part, i),
            (size_t)layout->dispatch_bytes,
            &options,
            diagnostic);
    }
    return status;
}

static void on_member_end(uint32_t member, enum myc_status status, void *context)
{
    struct myc_workers *workers = context;
    struct myc_workers_seat *seat = &workers->seats[workers->worker_of_member[member]];
    if (seat->cause == MYC_OK) {
        seat->cause = status;
    }
}

enum myc_status myc_workers_init(
    struct myc_workers *workers,
    struct myc_workers_seat *seats,
    void *part,
    const struct myc_workers_options *options,
    const struct myc_workers_handler *handler,
    struct myc_diagnostic *diagnostic)
{
    struct myc_workers_layout layout;
    enum myc_status status = myc_workers_layout(options, &layout, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    if (part == NULL || (uintptr_t)part % MYC__WORKERS_PAGE != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "workers: the scheduler's part is not aligned to a page");
    }
    if (handler->returned == NULL || handler->ended == NULL) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "workers: returns and ends need a handler");
    }
    memset(workers, 0, sizeof *workers);
    memset(seats, 0, layout.count * sizeof *seats);
    workers->seats = seats;
    workers->part = part;
    workers->layout = layout;
    workers->handler = *handler;
    workers->outstanding_max = options->outstanding_max;
    workers->least = layout.count - 1;
    const struct myc_fair_options fair = {
        .budget = options->budget,
        .record = myc__workers_on_return,
        .end = on_member_end,
        .context = workers};
    status = myc_fair_init(&workers->fair, &fair);
    if (status == MYC_OK) {
        status = make_rings(workers, options->epoch, diagnostic);
    }
    if (status != MYC_OK) {
        return status;
    }
    struct myc__workers_header *header = part;
    memcpy(header->magic, workers_magic, sizeof workers_magic);
    header->endian_mark = MYC__WORKERS_ENDIAN_MARK;
    header->epoch = options->epoch;
    header->layout = layout;
    myc_shared_write(header, offsetof(struct myc__workers_header, ready));
    // The release that myc_worker_init() acquires.
    myc_store_release_u64(&header->ready, MYC__WORKERS_READY);
    return MYC_OK;
}

// ---- Coming ----

enum myc_status myc_workers_admit(struct myc_workers *workers, uint32_t worker, const void *part)
{
    if (worker >= workers->layout.count || part == NULL
        || (uintptr_t)part % MYC__WORKERS_PAGE != 0) {
        return MYC_INVALID;
    }
    struct myc_workers_seat *seat = &workers->seats[worker];
    if (workers->is_closed) {
        return MYC_CLOSED;
    }
    if (seat->state != SEAT_ABSENT) {
        return MYC_EXISTS;
    }
    seat->part = part;
    seat->generation++;
    seat->state = SEAT_OFFERED;
    seat->cause = MYC_OK;
    seat->partial_count = 0;
    // The page of the last generation's ring: nobody writes it but we, and who read it has ended.
    myc__workers_zero(
        myc__workers_page(&workers->layout, workers->part, worker), MYC_RING_PAGE_BYTES);
    struct myc__workers_post *post = myc__workers_post(&workers->layout, workers->part, worker);
    // Released behind the page, which the worker joins to its ring.
    myc_store_release_u64(&post->offer, (uint64_t)seat->generation << 1);
    workers->handshaken |= UINT64_C(1) << worker;
    return MYC_OK;
}

// Joins the worker's page to its dispatch ring, and tells it where to begin.
static enum myc_status hand_in(struct myc_workers *workers, uint32_t worker)
{
    struct myc_workers_seat *seat = &workers->seats[worker];
    struct myc_ring_writer *ring = myc__workers_ring_of(workers, seat);
    struct myc__workers_post *post = myc__workers_post(&workers->layout, workers->part, worker);
    struct myc_ring_ticket ticket;
    const void *page = seat->part + workers->layout.page_offset;
    enum myc_status status = myc_ring_join(ring, page, MYC_RING_LIVE, &ticket);
    if (status != MYC_OK) {
        return status;
    }
    status = myc_fair_add(&workers->fair, &seat->returns, &seat->member);
    if (status != MYC_OK) {
        myc_ring_leave(ring, ticket.slot);
        return status;
    }
    seat->slot = ticket.slot;
    workers->worker_of_member[seat->member] = worker;
    workers->worker_of_slot[ticket.slot] = worker;
    post->ticket = ticket;
    post->first_job = seat->dispatched;
    myc_shared_write(&post->ticket, sizeof post->ticket + sizeof post->first_job);
    uint64_t is_in = ((uint64_t)seat->generation << 1) + 1;
    // Released behind the ticket.
    myc_store_release_u64(&post->offer, is_in);
    return MYC_OK;
}

static const struct myc__workers_reply *reply_of(const struct myc_workers_seat *seat)
{
    return (const struct myc__workers_reply *)(const void *)seat->part;
}

static bool has_come(const struct myc_workers_seat *seat)
{
    // Pairs with the release of myc_worker_init().
    return seat->state == SEAT_OFFERED
           && myc_load_acquire_u64(&reply_of(seat)->accepted) == seat->generation;
}

static void tell_end(struct myc_workers *workers, uint32_t worker, enum myc_status cause)
{
    struct myc_workers_seat *seat = &workers->seats[worker];
    struct myc_workers_end end = {
        .worker = worker,
        .generation = seat->generation,
        .cause = cause,
        .first_job = seat->answered + seat->lost + 1,
        .lost = myc__workers_outstanding(seat),
        .partial_count = seat->partial_count};
    seat->lost += end.lost;
    seat->state = SEAT_ABSENT;
    seat->cause = MYC_OK;
    MYC_SOMETIMES(end.lost != 0, "workers.ended-with-jobs");
    workers->handler.ended(&end, workers->handler.context);
}

static void let_in(struct myc_workers *workers, uint32_t worker)
{
    struct myc_workers_seat *seat = &workers->seats[worker];
    struct myc_ring_ticket ticket = myc__workers_ticket(&reply_of(seat)->ticket);
    const unsigned char *part = seat->part;
    enum myc_status status = myc_ring_reader_init(
        &seat->returns,
        part + workers->layout.return_offset,
        (size_t)workers->layout.return_bytes,
        myc__workers_page(&workers->layout, workers->part, worker),
        &ticket,
        NULL);
    if (status == MYC_OK) {
        status = hand_in(workers, worker);
    }
    if (status != MYC_OK) {
        MYC_REACHED("workers.not-let-in");
        tell_end(workers, worker, status);
        return;
    }
    seat->state = SEAT_IN;
    workers->handshaken |= UINT64_C(1) << worker;
    MYC_SOMETIMES(seat->generation > 1, "workers.came-back");
    if (workers->handler.joined != NULL) {
        workers->handler.joined(worker, seat->generation, workers->handler.context);
    }
}

void myc__workers_let_in(struct myc_workers *workers)
{
    for (uint32_t i = 0; i < workers->layout.count; i++) {
        if (has_come(&workers->seats[i])) {
            let_in(workers, i);
        }
    }
}

bool myc__workers_is_awaited(const struct myc_workers *workers)
{
    for (uint32_t i = 0; i < workers->layout.count; i++) {
        if (has_come(&workers->seats[i])) {
            return true;
        }
    }
    return false;
}

// ---- Returns ----

// Checks a return against its worker's account. Returns: false if it cannot be.
static bool
check_return(struct myc_workers_seat *seat, uint32_t worker, const struct myc__work_header *header)
{
    bool is_known = header->kind == MYC__WORK_PARTIAL || header->kind == MYC__WORK_DONE;
    return is_known && header->worker == worker && myc__workers_outstanding(seat) != 0
           && header->job == seat->answered + seat->lost + 1;
}

void myc__workers_on_return(uint32_t member, const struct myc_record *record, void *context)
{
    struct myc_workers *workers = context;
    uint32_t worker = workers->worker_of_member[member];
    struct myc_workers_seat *seat = &workers->seats[worker];
    struct myc__work_header header = {0};
    if (seat->cause != MYC_OK) {
        return; // Nothing it says counts any more; what it has not answered is told as lost.
    }
    if (record->size >= sizeof header) {
        memcpy(&header, record->payload, sizeof header);
    }
    if (!myc__workers_is_type(record->type) || !check_return(seat, worker, &header)) {
        MYC_REACHED("workers.return-corrupt");
        seat->cause = MYC_CORRUPT;
        return;
    }
    bool is_done = header.kind == MYC__WORK_DONE;
    struct myc_workers_return message = {
        .worker = worker,
        .generation = seat->generation,
        .job = header.job,
        .is_done = is_done,
        .is_end_of_batch = record->is_end_of_batch,
        .type = record->type,
        .version = record->version,
        .size = record->size - (uint32_t)sizeof header,
        .payload = (const unsigned char *)record->payload + sizeof header,
        .sequence = record->sequence,
        .position = record->position};
    seat->answered += is_done;
    seat->partial_count = is_done ? 0 : seat->partial_count + 1;
    workers->handler.returned(&message, workers->handler.context);
}

// ---- Going ----

// Carries out the end of a worker that is in.
static void take_out(struct myc_workers *workers, uint32_t worker, enum myc_status cause)
{
    struct myc_workers_seat *seat = &workers->seats[worker];
    if (workers->is_claimed && workers->claimed_for == worker) {
        myc_workers_abort(workers); // Nobody is left to do that job.
    }
    myc_ring_leave(myc__workers_ring_of(workers, seat), seat->slot);
    myc_fair_remove(&workers->fair, seat->member);
    tell_end(workers, worker, cause);
}

// Looks at one worker's page: its reader may have said there what cannot be.
static void check_next_page(struct myc_workers *workers)
{
    workers->checked = (workers->checked + 1) % workers->layout.count;
    struct myc_workers_seat *seat = &workers->seats[workers->checked];
    struct myc_ring_reader_state state;
    if (seat->state == SEAT_IN && seat->cause == MYC_OK
        && (myc_ring_reader_state(myc__workers_ring_of(workers, seat), seat->slot, &state) != MYC_OK
            || state.is_poisoned)) {
        MYC_REACHED("workers.page-poisoned");
        seat->cause = MYC_CORRUPT;
    }
}

size_t myc_workers_poll(struct myc_workers *workers, size_t records_max)
{
    myc__workers_let_in(workers);
    size_t count = myc_fair_poll(&workers->fair, records_max);
    check_next_page(workers);
    for (uint32_t i = 0; i < workers->layout.count; i++) {
        if (workers->seats[i].state == SEAT_IN && workers->seats[i].cause != MYC_OK) {
            take_out(workers, i, workers->seats[i].cause);
        }
    }
    return count;
}

static void drain_one(const struct myc_record *record, void *context)
{
    struct myc_workers *workers = context;
    myc__workers_on_return(workers->seats[workers->draining].member, record, workers);
}

void myc_workers_end(struct myc_workers *workers, uint32_t worker, enum myc_status cause)
{
    if (worker >= workers->layout.count || cause == MYC_OK) {
        return;
    }
    struct myc_workers_seat *seat = &workers->seats[worker];
    if (seat->state == SEAT_OFFERED) {
        seat->state = SEAT_ABSENT; // It had no jobs.
    }
    if (seat->state != SEAT_IN) {
        return;
    }
    // As many records as its ring can hold: who still lives writes on.
    workers->draining = worker;
    size_t records_max = (size_t)(workers->layout.return_capacity / MYC_WORK_HEADER_BYTES);
    if (myc_ring_poll(&seat->returns, drain_one, workers, records_max) != 0) {
        MYC_REACHED("workers.drained-at-the-end");
    }
    take_out(workers, worker, seat->cause != MYC_OK ? seat->cause : cause);
}

void myc_workers_close(struct myc_workers *workers)
{
    workers->is_closed = true;
    workers->is_claimed = false;
    for (uint32_t i = 0; i < workers->layout.dispatch_rings; i++) {
        myc_ring_writer_close(myc__workers_ring_of(workers, &workers->seats[i]));
    }
}

// ---- Sleeping ----

bool myc_workers_arm(struct myc_workers *workers)
{
    return myc_fair_arm(&workers->fair) && !myc__workers_is_awaited(workers);
}

void myc_workers_disarm(struct myc_workers *workers)
{
    myc_fair_disarm(&workers->fair);
}

static uint64_t sleepers_of(struct myc_workers *workers)
{
    uint64_t sleepers = 0;
    if (workers->layout.may_sleep == 0) {
        return 0;
    }
    for (uint32_t i = 0; i < workers->layout.dispatch_rings; i++) {
        uint64_t slots = myc_ring_sleepers(myc__workers_ring_of(workers, &workers->seats[i]));
        bool is_shared = workers->layout.dispatch_rings == 1;
        for (; slots != 0; slots &= slots - 1) {
            uint32_t slot = myc__lowest_bit(slots);
            sleepers |= UINT64_C(1) << (is_shared ? workers->worker_of_slot[slot] : i);
        }
    }
    return sleepers;
}

uint64_t myc_workers_to_ring(struct myc_workers *workers)
{
    uint64_t to_ring = workers->handshaken | sleepers_of(workers);
    for (uint64_t rest = myc_fair_writers(&workers->fair); rest != 0; rest &= rest - 1) {
        to_ring |= UINT64_C(1) << workers->worker_of_member[myc__lowest_bit(rest)];
    }
    workers->handshaken = 0;
    return to_ring;
}

struct myc_ring_writer *myc_workers_ring(struct myc_workers *workers, uint32_t worker)
{
    return worker < workers->layout.count ? myc__workers_ring_of(workers, &workers->seats[worker])
                                          : NULL;
}

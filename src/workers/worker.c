// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A worker: it takes the place that is offered, counts its jobs as the scheduler does, and answers
 * them in order.
 *
 * The scheduler's part is foreign: the header is copied once and its layout worked out anew; a job
 * must have the number that this side counted, or none where it is for all.
 */
#include <string.h>

#include <mycelium/simulation.h>

#include "workers/parts.h"

static const uint8_t workers_magic[8] = {'M', 'Y', 'C', 'W', 'O', 'R', 'K', 0};

// ---- Coming ----

static enum myc_status corrupt(struct myc_diagnostic *diagnostic, const char *field)
{
    enum myc_status status = myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "workers header: ");
    myc_diagnostic_append(diagnostic, field);
    return status;
}

// Copies the layout out of the scheduler's part and checks the copy.
static enum myc_status read_layout(
    const struct myc__workers_header *foreign,
    size_t bytes,
    struct myc_workers_layout *out_layout,
    uint64_t *out_epoch,
    struct myc_diagnostic *diagnostic)
{
    struct myc__workers_header header;
    if (foreign == NULL || (uintptr_t)foreign % MYC__WORKERS_PAGE != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "workers: the scheduler's part is not aligned to a page");
    }
    if (bytes < sizeof header) {
        return corrupt(diagnostic, "the part is shorter than a header");
    }
    // Pairs with the release of myc_workers_init().
    uint64_t ready = myc_load_acquire_u64(&foreign->ready);
    if (ready == 0) {
        return myc_diagnostic_set(diagnostic, MYC_AGAIN, 0, "workers: the scheduler is not ready");
    }
    myc_shared_read(foreign, offsetof(struct myc__workers_header, ready));
    memcpy(&header, foreign, offsetof(struct myc__workers_header, ready));
    if (memcmp(header.magic, workers_magic, sizeof workers_magic) != 0) {
        return corrupt(diagnostic, "the magic is another: this is no scheduler's part");
    }
    if (header.endian_mark != MYC__WORKERS_ENDIAN_MARK) {
        return corrupt(diagnostic, "the byte order is another");
    }
    if (header.layout.format != MYC_WORKERS_FORMAT || ready != MYC__WORKERS_READY) {
        return corrupt(diagnostic, "the format is another");
    }
    if (!myc_workers_layout_is_valid(&header.layout)) {
        return corrupt(diagnostic, "the layout contradicts itself");
    }
    if (bytes < header.layout.scheduler_bytes) {
        return corrupt(diagnostic, "the part is shorter than its layout says");
    }
    *out_layout = header.layout;
    *out_epoch = header.epoch;
    return MYC_OK;
}

static enum myc_status check_part(
    const struct myc_workers_layout *layout,
    const void *part,
    size_t part_bytes,
    uint32_t index,
    struct myc_diagnostic *diagnostic)
{
    if (index >= layout->count) {
        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "workers: there is no such worker");
    }
    if (part == NULL || (uintptr_t)part % MYC__WORKERS_PAGE != 0
        || part_bytes < layout->worker_bytes) {
        return myc_diagnostic_set(
            diagnostic,
            MYC_INVALID,
            0,
            "workers: the worker's part is not aligned to a page, or too short");
    }
    return MYC_OK;
}

// Makes page and return ring, lets the scheduler's reader in, and says so.
static enum myc_status accept(struct myc_worker *worker, struct myc_diagnostic *diagnostic)
{
    const struct myc_workers_layout *layout = &worker->layout;
    const struct myc_ring_options options =
        myc__workers_return_options(layout, worker->index, worker->generation);
    struct myc__workers_reply *reply = (struct myc__workers_reply *)(void *)worker->part;
    struct myc_ring_ticket ticket;
    // Not the first line: the scheduler is looking at it.
    myc__workers_zero(
        worker->part + layout->page_offset, (size_t)(layout->worker_bytes - layout->page_offset));
    enum myc_status status = myc_ring_writer_init(
        &worker->returns,
        worker->part + layout->return_offset,
        (size_t)layout->return_bytes,
        &options,
        diagnostic);
    if (status == MYC_OK) {
        status = myc_ring_join(
            &worker->returns,
            myc__workers_page(layout, worker->scheduler_part, worker->index),
            MYC_RING_LIVE,
            &ticket);
    }
    if (status != MYC_OK) {
        return status;
    }
    reply->ticket = ticket;
    myc_shared_write(&reply->ticket, sizeof reply->ticket);
    // Released behind all of it; the scheduler acquires it before it reads any.
    myc_store_release_u64(&reply->accepted, worker->generation);
    worker->is_to_ring = true;
    return MYC_OK;
}

enum myc_status myc_worker_init(
    struct myc_worker *worker,
    const void *scheduler_part,
    size_t scheduler_bytes,
    void *part,
    size_t part_bytes,
    uint32_t index,
    struct myc_diagnostic *diagnostic)
{
    struct myc_workers_layout layout;
    uint64_t epoch = 0;
    enum myc_status status =
        read_layout(scheduler_part, scheduler_bytes, &layout, &epoch, diagnostic);
    if (status == MYC_OK) {
        status = check_part(&layout, part, part_bytes, index, diagnostic);
    }
    if (status != MYC_OK) {
        return status;
    }
    // Pairs with the releases of myc_workers_admit() and of letting in.
    uint64_t offer =
        myc_load_acquire_u64(&myc__workers_post(&layout, scheduler_part, index)->offer);
    if (offer == 0) {
        return myc_diagnostic_set(diagnostic, MYC_AGAIN, 0, "workers: no place is offered");
    }
    if ((offer & 1) != 0) {
        return myc_diagnostic_set(diagnostic, MYC_IN_USE, 0, "workers: the place is taken");
    }
    memset(worker, 0, sizeof *worker);
    worker->scheduler_part = scheduler_part;
    worker->part = part;
    worker->layout = layout;
    worker->index = index;
    worker->generation = (uint32_t)(offer >> 1);
    worker->epoch = epoch;
    worker->status = MYC_AGAIN;
    return accept(worker, diagnostic);
}

static uint64_t offer_of(const struct myc_worker *worker)
{
    // Pairs with the release of letting in.
    return myc_load_acquire_u64(
        &myc__workers_post(&worker->layout, worker->scheduler_part, worker->index)->offer);
}

// Goes in, once the scheduler says where to begin.
static void try_attach(struct myc_worker *worker)
{
    uint64_t offer = offer_of(worker);
    uint64_t ours = (uint64_t)worker->generation << 1;
    if (offer == ours) {
        return;
    }
    if (offer != (ours | 1)) {
        worker->status = MYC_FENCED; // We were given up meanwhile.
        return;
    }
    const struct myc__workers_post *post =
        myc__workers_post(&worker->layout, worker->scheduler_part, worker->index);
    struct myc_ring_ticket ticket = myc__workers_ticket(&post->ticket);
    myc_shared_read(&post->first_job, sizeof post->first_job);
    worker->first_job = post->first_job;
    worker->status = myc_ring_reader_init(
        &worker->dispatch,
        myc__workers_dispatch(&worker->layout, worker->scheduler_part, worker->index),
        (size_t)worker->layout.dispatch_bytes,
        worker->part + worker->layout.page_offset,
        &ticket,
        NULL);
}

// ---- Jobs ----

static void on_job(const struct myc_record *record, void *context)
{
    struct myc_worker *worker = context;
    struct myc__work_header header = {0};
    if (worker->status != MYC_OK) {
        return;
    }
    if (record->size >= sizeof header) {
        memcpy(&header, record->payload, sizeof header);
    }
    bool is_for_all = header.worker == MYC_WORKERS_ALL;
    if (header.kind != MYC__WORK_JOB || !myc__workers_is_type(record->type)) {
        worker->status = MYC_CORRUPT;
        return;
    }
    if (!is_for_all && header.worker != worker->index && worker->layout.dispatch_rings == 1) {
        return; // Another worker's.
    }
    uint64_t job = worker->first_job + worker->taken + 1;
    if (header.job != (is_for_all ? 0 : job) || (!is_for_all && header.worker != worker->index)) {
        MYC_REACHED("workers.job-corrupt");
        worker->status = MYC_CORRUPT;
        return;
    }
    const struct myc_worker_job message = {
        .job = job,
        .is_for_all = is_for_all,
        .is_end_of_batch = record->is_end_of_batch,
        .type = record->type,
        .version = record->version,
        .size = record->size - (uint32_t)sizeof header,
        .payload = (const unsigned char *)record->payload + sizeof header,
        .sequence = record->sequence,
        .position = record->position};
    worker->taken++;
    worker->handed++;
    worker->fn(&message, worker->context);
}

size_t
myc_worker_poll(struct myc_worker *worker, myc_worker_job_fn *fn, void *context, size_t jobs_max)
{
    if (worker->status == MYC_AGAIN) {
        try_attach(worker);
    }
    worker->fn = fn;
    worker->context = context;
    worker->handed = 0;
    size_t count = worker->status == MYC_OK;
    while (count != 0 && worker->handed < jobs_max && worker->status == MYC_OK) {
        // Others' jobs count here: never more of ours than are wanted.
        count = myc_ring_poll(&worker->dispatch, on_job, worker, jobs_max - worker->handed);
    }
    return worker->handed;
}

enum myc_status myc_worker_status(struct myc_worker *worker)
{
    if (worker->status == MYC_AGAIN) {
        try_attach(worker);
    }
    return worker->status != MYC_OK ? worker->status : myc_ring_reader_status(&worker->dispatch);
}

uint64_t myc_worker_epoch(const struct myc_worker *worker)
{
    return worker->epoch;
}

uint64_t myc_worker_unanswered(const struct myc_worker *worker)
{
    return worker->taken - worker->answered;
}

// ---- Returns ----

void *myc_worker_claim(struct myc_worker *worker, size_t size)
{
    size_t limit = myc_ring_payload_max(&worker->returns) - MYC_WORK_HEADER_BYTES;
    if (worker->is_claimed || size > limit || myc_worker_unanswered(worker) == 0) {
        return NULL;
    }
    unsigned char *bytes = myc_ring_claim(&worker->returns, MYC_WORK_HEADER_BYTES + size);
    if (bytes == NULL) {
        return NULL;
    }
    worker->is_claimed = true;
    worker->claimed = size;
    worker->claimed_payload = bytes + MYC_WORK_HEADER_BYTES;
    return worker->claimed_payload;
}

enum myc_status myc_worker_commit(
    struct myc_worker *worker, bool is_done, uint16_t type, uint16_t version, size_t size)
{
    if (!worker->is_claimed || !myc__workers_is_type(type) || size > worker->claimed) {
        myc_worker_abort(worker);
        return MYC_INVALID;
    }
    struct myc__work_header header = {
        worker->first_job + worker->answered + 1,
        worker->index,
        is_done ? MYC__WORK_DONE : MYC__WORK_PARTIAL};
    worker->is_claimed = false;
    memcpy(worker->claimed_payload - sizeof header, &header, sizeof header);
    myc_ring_commit(&worker->returns, type, version, MYC_WORK_HEADER_BYTES + size);
    worker->answered += is_done;
    return MYC_OK;
}

void myc_worker_abort(struct myc_worker *worker)
{
    if (worker->is_claimed) {
        worker->is_claimed = false;
        myc_ring_abort(&worker->returns);
    }
}

enum myc_status myc_worker_send(
    struct myc_worker *worker,
    bool is_done,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size)
{
    if (!myc__workers_is_type(type) || worker->is_claimed || myc_worker_unanswered(worker) == 0) {
        return MYC_INVALID;
    }
    if (worker->is_closed) {
        return MYC_CLOSED;
    }
    if (size > myc_ring_payload_max(&worker->returns) - MYC_WORK_HEADER_BYTES) {
        return MYC_TOO_BIG;
    }
    void *bytes = myc_worker_claim(worker, size);
    if (bytes == NULL) {
        return MYC_FULL;
    }
    if (size != 0) {
        memcpy(bytes, payload, size);
    }
    return myc_worker_commit(worker, is_done, type, version, size);
}

void myc_worker_close(struct myc_worker *worker)
{
    myc_worker_abort(worker);
    worker->is_closed = true;
    myc_ring_writer_close(&worker->returns);
    myc_ring_page_leave(worker->part + worker->layout.page_offset);
    worker->is_to_ring = true;
}

// ---- Sleeping ----

bool myc_worker_arm(struct myc_worker *worker)
{
    if (worker->status == MYC_AGAIN) {
        // Whoever lets us in rings us whatever we do, so that there is nothing to arm.
        return offer_of(worker) == (uint64_t)worker->generation << 1;
    }
    if (worker->status != MYC_OK) {
        return false;
    }
    myc_ring_reader_arm(&worker->dispatch);
    // Pairs with the fence of myc_ring_sleepers().
    myc_fence_seq_cst();
    return myc_ring_is_empty(&worker->dispatch)
           && myc_ring_reader_status(&worker->dispatch) == MYC_OK;
}

void myc_worker_disarm(struct myc_worker *worker)
{
    if (worker->status == MYC_OK) {
        myc_ring_reader_disarm(&worker->dispatch);
    }
}

bool myc_worker_arm_room(struct myc_worker *worker, size_t size)
{
    return myc_ring_writer_arm(&worker->returns, MYC_WORK_HEADER_BYTES + size);
}

void myc_worker_disarm_room(struct myc_worker *worker)
{
    myc_ring_writer_disarm(&worker->returns);
}

bool myc_worker_should_ring(struct myc_worker *worker)
{
    bool is_to_ring = worker->is_to_ring;
    worker->is_to_ring = false;
    if (worker->layout.may_sleep == 0) {
        return is_to_ring;
    }
    is_to_ring |= myc_ring_sleepers(&worker->returns) != 0;
    if (worker->status == MYC_OK) {
        is_to_ring |= myc_ring_reader_should_wake_writer(&worker->dispatch);
    }
    return is_to_ring;
}

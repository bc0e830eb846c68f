// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Sending jobs, and choosing who gets them.
 */
#include <string.h>

#include "workers/scheduler.h"

static enum myc_status check_seat(const struct myc_workers *workers, uint32_t worker)
{
    const struct myc_workers_seat *seat = &workers->seats[worker];
    if (seat->state != SEAT_IN || seat->cause != MYC_OK) {
        return MYC_NOT_CONNECTED;
    }
    bool is_full =
        workers->outstanding_max != 0 && myc__workers_outstanding(seat) >= workers->outstanding_max;
    return is_full ? MYC_FULL : MYC_OK;
}

// Whether one worker, or each that is in, may be sent another job.
static enum myc_status check_target(const struct myc_workers *workers, uint32_t worker)
{
    enum myc_status found = MYC_NOT_CONNECTED;
    if (worker != MYC_WORKERS_ALL) {
        return worker < workers->layout.count ? check_seat(workers, worker) : MYC_INVALID;
    }
    for (uint32_t i = 0; i < workers->layout.count; i++) {
        enum myc_status status = check_seat(workers, i);
        if (status == MYC_FULL) {
            return MYC_FULL;
        }
        found = status == MYC_OK ? MYC_OK : found;
    }
    return found;
}

// Claims room in a ring and writes the header; the payload begins behind it.
static enum myc_status claim_in(
    struct myc_ring_writer *ring,
    struct myc__work_header header,
    size_t size,
    unsigned char **out_payload)
{
    size_t limit = myc_ring_payload_max(ring);
    if (size > limit - sizeof header) {
        return MYC_TOO_BIG;
    }
    unsigned char *bytes = myc_ring_claim(ring, sizeof header + size);
    if (bytes == NULL) {
        return MYC_FULL;
    }
    memcpy(bytes, &header, sizeof header);
    *out_payload = bytes + sizeof header;
    return MYC_OK;
}

static struct myc__work_header header_for(const struct myc_workers *workers, uint32_t worker)
{
    struct myc__work_header header = {0, worker, MYC__WORK_JOB};
    if (worker != MYC_WORKERS_ALL) {
        header.job = workers->seats[worker].dispatched + 1;
    }
    return header;
}

enum myc_status
myc_workers_claim(struct myc_workers *workers, uint32_t worker, size_t size, void **out_payload)
{
    unsigned char *payload;
    if (workers->is_closed) {
        return MYC_CLOSED;
    }
    if (workers->is_claimed) {
        return MYC_INVALID;
    }
    if (worker == MYC_WORKERS_ALL && workers->layout.dispatch_rings != 1) {
        return MYC_UNSUPPORTED;
    }
    enum myc_status status = check_target(workers, worker);
    if (status == MYC_OK) {
        struct myc_workers_seat *seat = &workers->seats[worker == MYC_WORKERS_ALL ? 0 : worker];
        status = claim_in(
            myc__workers_ring_of(workers, seat), header_for(workers, worker), size, &payload);
    }
    if (status == MYC_OK) {
        workers->is_claimed = true;
        workers->claimed_for = worker;
        workers->claimed_size = size;
        *out_payload = payload;
    }
    return status;
}

// Counts a job that is committed, for each that it went to.
static void count_job(struct myc_workers *workers, uint32_t worker)
{
    for (uint32_t i = 0; i < workers->layout.count; i++) {
        struct myc_workers_seat *seat = &workers->seats[i];
        if (worker == i || (worker == MYC_WORKERS_ALL && check_seat(workers, i) == MYC_OK)) {
            seat->dispatched++;
        }
    }
}

enum myc_status
myc_workers_commit(struct myc_workers *workers, uint16_t type, uint16_t version, size_t size)
{
    uint32_t worker = workers->claimed_for == MYC_WORKERS_ALL ? 0 : workers->claimed_for;
    if (!workers->is_claimed || !myc__workers_is_type(type) || size > workers->claimed_size) {
        myc_workers_abort(workers);
        return MYC_INVALID;
    }
    workers->is_claimed = false;
    myc_ring_commit(
        myc__workers_ring_of(workers, &workers->seats[worker]),
        type,
        version,
        MYC_WORK_HEADER_BYTES + size);
    count_job(workers, workers->claimed_for);
    return MYC_OK;
}

static void abort_all(struct myc_workers *workers, uint32_t end)
{
    for (uint32_t i = 0; i < end; i++) {
        if (check_seat(workers, i) == MYC_OK) {
            myc_ring_abort(&workers->seats[i].dispatch);
        }
    }
}

void myc_workers_abort(struct myc_workers *workers)
{
    if (workers->is_claimed) {
        workers->is_claimed = false;
        uint32_t worker = workers->claimed_for == MYC_WORKERS_ALL ? 0 : workers->claimed_for;
        myc_ring_abort(myc__workers_ring_of(workers, &workers->seats[worker]));
    }
}

// To each that is in, through rings of their own: claimed in all of them before any is committed.
static enum myc_status send_to_each(
    struct myc_workers *workers, uint16_t type, uint16_t version, const void *payload, size_t size)
{
    enum myc_status status = check_target(workers, MYC_WORKERS_ALL);
    for (uint32_t i = 0; i < workers->layout.count && status == MYC_OK; i++) {
        unsigned char *bytes;
        if (check_seat(workers, i) != MYC_OK) {
            continue;
        }
        status = claim_in(&workers->seats[i].dispatch, header_for(workers, i), size, &bytes);
        if (status != MYC_OK) {
            abort_all(workers, i);
            return status;
        }
        if (size != 0) {
            memcpy(bytes, payload, size);
        }
    }
    for (uint32_t i = 0; i < workers->layout.count && status == MYC_OK; i++) {
        if (check_seat(workers, i) == MYC_OK) {
            myc_ring_commit(
                &workers->seats[i].dispatch, type, version, MYC_WORK_HEADER_BYTES + size);
            workers->seats[i].dispatched++;
        }
    }
    return status;
}

enum myc_status myc_workers_send(
    struct myc_workers *workers,
    uint32_t worker,
    uint16_t type,
    uint16_t version,
    const void *payload,
    size_t size)
{
    void *bytes;
    if (!myc__workers_is_type(type)) {
        return MYC_INVALID;
    }
    if (worker == MYC_WORKERS_ALL && workers->layout.dispatch_rings != 1) {
        return workers->is_closed    ? MYC_CLOSED
               : workers->is_claimed ? MYC_INVALID
                                     : send_to_each(workers, type, version, payload, size);
    }
    enum myc_status status = myc_workers_claim(workers, worker, size, &bytes);
    if (status == MYC_OK) {
        if (size != 0) {
            memcpy(bytes, payload, size);
        }
        status = myc_workers_commit(workers, type, version, size);
    }
    return status;
}

// ---- Choosing ----

uint32_t myc_workers_least(struct myc_workers *workers)
{
    uint32_t count = workers->layout.count;
    uint32_t best = MYC_WORKERS_NONE;
    for (uint32_t i = 1; i <= count; i++) {
        uint32_t worker = (workers->least + i) % count;
        const struct myc_workers_seat *seat = &workers->seats[worker];
        if (seat->state == SEAT_IN && seat->cause == MYC_OK
            && (best == MYC_WORKERS_NONE
                || myc__workers_outstanding(seat)
                       < myc__workers_outstanding(&workers->seats[best]))) {
            best = worker;
        }
    }
    if (best != MYC_WORKERS_NONE) {
        workers->least = best;
    }
    return best;
}

uint32_t myc_workers_of_key(const struct myc_workers *workers, uint64_t key)
{
    // The finaliser of splitmix64, then the high part of a product: no key is preferred.
    key = (key ^ (key >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    key = (key ^ (key >> 27)) * UINT64_C(0x94d049bb133111eb);
    key ^= key >> 31;
    return (uint32_t)((key >> 32) * workers->layout.count >> 32);
}

enum myc_status myc_workers_account(
    const struct myc_workers *workers, uint32_t worker, struct myc_workers_account *out_account)
{
    if (worker >= workers->layout.count) {
        return MYC_NOT_FOUND;
    }
    const struct myc_workers_seat *seat = &workers->seats[worker];
    *out_account = (struct myc_workers_account){
        .generation = seat->generation,
        .is_in = seat->state == SEAT_IN,
        .dispatched = seat->dispatched,
        .answered = seat->answered,
        .lost = seat->lost,
        .outstanding = myc__workers_outstanding(seat)};
    return MYC_OK;
}

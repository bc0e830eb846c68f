// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reads the ticks of a ring under a name or in a file to their end: `segment-reader NAME`. It may
 * be started before the writer, and it stays when a writer goes and another follows.
 */
#include "common.h"

static struct myc_ring_guest guest;

struct account {
    uint64_t seen;
    uint64_t last;
    bool is_wrong;
};

static void on_record(const struct myc_record *record, void *context)
{
    struct account *account = context;
    const struct tick *tick = record->payload;
    account->is_wrong |= tick->number != record->sequence || tick->price != (double)tick->number;
    account->is_wrong |= account->seen > 0 && record->sequence != account->last + 1;
    account->last = record->sequence;
    account->seen++;
}

// There may be no writer yet, or one that is just making its ring.
static bool is_worth_another_try(enum myc_status status)
{
    return status == MYC_NOT_FOUND || status == MYC_AGAIN || status == MYC_TIMEOUT
           || status == MYC_PEER_DIED || status == MYC_CLOSED || status == MYC_STALE;
}

static enum myc_status
come_in(struct myc_platform *platform, const char *name, struct myc_diagnostic *why)
{
    const struct myc_ring_wish wish = {.start = MYC_RING_EARLIEST};
    uint64_t deadline_ns = in_ms(platform, 10000);
    for (;;) {
        enum myc_status status =
            myc_ring_guest_ask(&guest, platform, kind_of(name), name, &wish, why);
        if (status == MYC_OK) {
            status = myc_ring_guest_await(&guest, in_ms(platform, 1000), why);
        }
        if (status == MYC_OK || !is_worth_another_try(status)
            || myc_clock_monotonic_ns(platform->clock) > deadline_ns) {
            return status;
        }
        myc_ring_guest_leave(&guest);
        rest(platform);
    }
}

static enum myc_status read_to_the_end(struct myc_platform *platform, struct account *account)
{
    uint64_t deadline_ns = in_ms(platform, 10000);
    for (;;) {
        // Asked first: what there is at the end lies there by now.
        enum myc_status status = myc_ring_guest_status(&guest);
        while (myc_ring_guest_poll(&guest, on_record, account, MYC_RING_BATCH_MAX) > 0) {
            deadline_ns = in_ms(platform, 10000);
        }
        if (status == MYC_OK || status == MYC_PEER_DIED) { // another writer may follow
            status = myc_ring_guest_wait(&guest, deadline_ns);
        }
        if (status != MYC_OK && status != MYC_TIMEOUT) {
            return status;
        }
        if (myc_clock_monotonic_ns(platform->clock) > deadline_ns) {
            return MYC_TIMEOUT;
        }
    }
}

int main(int argc, char **argv)
{
    struct myc_platform *platform = NULL;
    struct myc_diagnostic why;
    struct account account = {0};
    if (argc != 2) {
        fputs("usage: segment-reader NAME\n", stderr);
        return 2;
    }
    enum myc_status status = myc_posix_create(&platform, &why);
    if (status == MYC_OK) {
        status = come_in(platform, argv[1], &why);
    }
    if (status != MYC_OK) {
        fprintf(stderr, "segment-reader: %s\n", why.text);
        return 1;
    }
    status = read_to_the_end(platform, &account);
    bool is_right = status == MYC_CLOSED && !account.is_wrong && account.seen == account.last;
    printf(
        "reader: %llu ticks, %s\n",
        (unsigned long long)account.seen,
        is_right ? "none missing" : myc_status_sentence(status));
    myc_ring_guest_leave(&guest);
    myc_posix_destroy(platform);
    return is_right ? 0 : 1;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Journal before act: orders are acted on only after the journal has them, and the exchange takes
 * no order while it has no journal. Half-way the journal goes away and comes back.
 */
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>
#include <sched.h>

#include <mycelium/posix.h>
#include <mycelium/ring_gate.h>
#include <mycelium/ring_required.h>
#include <mycelium/ring_wait.h>

enum { CAPACITY = 4096, ORDERS = 2000, TYPE_ORDER = 1, LEAVES_AFTER = 700 };

struct order {
    uint64_t number;
    uint64_t price;
};

struct reader {
    struct exchange *exchange;
    struct myc_ring_reader ring;
    struct myc_ring_ticket ticket;
    struct myc_ring_gate gate;
    struct myc_ring_waiter waiter;
    uint64_t count;
    bool is_wrong;
};

struct exchange {
    struct myc_platform *platform;
    struct myc_ring_writer writer;
    struct myc_ring_waiter waiter;
    struct myc_ring_required required;
    struct reader journal;
    struct reader act;
    uint64_t journalled[ORDERS + 1]; // what a file would hold
    struct myc_atomic_u32 is_back;   // the journal, and act may be behind it again
    alignas(64) unsigned char pages[3][MYC_RING_PAGE_BYTES];
    size_t memory_bytes;
    alignas(4096) unsigned char memory[];
};

static void on_alert(const struct myc_ring_alert *alert, void *context)
{
    (void)context;
    printf(
        "%s %s, at order %d\n",
        alert->name,
        myc_ring_alert_text(alert->kind),
        (int)alert->sequence);
}

static void must(enum myc_status status, const char *what)
{
    if (status != MYC_OK) {
        fprintf(stderr, "%s: %s\n", what, myc_status_sentence(status));
        exit(1);
    }
}

// ---- The journal ----

static void on_journal(const struct myc_record *record, void *context)
{
    struct reader *journal = context;
    const struct order *order = record->payload;
    journal->is_wrong |= order->number != ++journal->count;
    journal->exchange->journalled[order->number] = order->price;
}

// Lets the journal in where it was, with a fresh page.
static void open_journal(struct exchange *exchange, unsigned char *page)
{
    struct reader *journal = &exchange->journal;
    must(
        myc_ring_required_join(&exchange->required, "journal", page, &journal->ticket, NULL),
        "the journal");
    must(
        myc_ring_reader_init(
            &journal->ring, exchange->memory, exchange->memory_bytes, page, &journal->ticket, NULL),
        "the journal's reader");
}

// As the one who lets readers in: act is behind this journal now.
static void put_act_behind(struct exchange *exchange)
{
    must(
        myc_ring_gate_allow(
            &exchange->writer, &exchange->act.ticket, &exchange->journal.ticket, 1, NULL),
        "the gate");
}

static void *keep_journal(void *context)
{
    struct reader *journal = context;
    struct exchange *exchange = journal->exchange;
    bool has_left = false;
    while (myc_ring_reader_wait(&journal->ring, &journal->waiter, MYC_NEVER) == MYC_OK) {
        (void)myc_ring_poll(&journal->ring, on_journal, journal, 16);
        myc_ring_reader_wake(&journal->ring, exchange->platform->wait);
        if (!has_left && journal->count >= LEAVES_AFTER) {
            has_left = true;
            myc_ring_required_left(&exchange->required, journal->ticket.slot);
            open_journal(exchange, exchange->pages[2]);
            put_act_behind(exchange);
            myc_store_release_u32(&exchange->is_back, 1);
        }
    }
    journal->is_wrong |= myc_ring_reader_status(&journal->ring) != MYC_CLOSED;
    return NULL;
}

// ---- Acting on orders ----

static void on_act(const struct myc_record *record, void *context)
{
    struct reader *act = context;
    const struct order *order = record->payload;
    act->is_wrong |= order->number != ++act->count;
    act->is_wrong |= act->exchange->journalled[order->number] != order->price;
}

static void stay_behind(struct reader *act, const unsigned char *journal_page)
{
    struct exchange *exchange = act->exchange;
    const struct myc_ring_upstream front = {journal_page, exchange->journal.ticket};
    must(
        myc_ring_gate_init(
            &act->gate,
            &act->ring,
            exchange->memory,
            exchange->memory_bytes,
            &front,
            1,
            NULL,
            NULL),
        "act's gate");
}

static void *act_on_orders(void *context)
{
    struct reader *act = context;
    struct exchange *exchange = act->exchange;
    enum myc_status status;
    while ((status = myc_ring_reader_wait(&act->ring, &act->waiter, MYC_NEVER)) != MYC_CLOSED) {
        if (status == MYC_PEER_DIED) {
            // All that the journal had was acted on. Pairs with the release in keep_journal().
            while (myc_load_acquire_u32(&exchange->is_back) == 0) {
                (void)sched_yield();
            }
            stay_behind(act, exchange->pages[2]);
            continue;
        }
        must(status, "act");
        (void)myc_ring_poll(&act->ring, on_act, act, 16);
        myc_ring_reader_wake(&act->ring, exchange->platform->wait);
    }
    return NULL;
}

// ---- The exchange ----

static struct exchange *open_exchange(struct myc_platform *platform)
{
    static const char *const names[] = {"journal"};
    const struct myc_ring_options options = {
        .capacity_bytes = CAPACITY,
        .readers_max = 4,
        .readers_may_sleep = true,
        .writer_may_sleep = true};
    const struct myc_ring_required_options required = {
        .names = names, .count = 1, .alert = on_alert};
    const struct myc_idle_options idle = {.kind = MYC_IDLE_BLOCK};
    size_t memory_bytes = myc_ring_memory_size(&options);
    size_t bytes = (sizeof(struct exchange) + memory_bytes + 4095) / 4096 * 4096;
    struct exchange *exchange = aligned_alloc(4096, bytes);
    if (exchange == NULL) {
        exit(1);
    }
    memset(exchange, 0, bytes);
    exchange->platform = platform;
    exchange->memory_bytes = memory_bytes;
    must(
        myc_ring_writer_init(&exchange->writer, exchange->memory, memory_bytes, &options, NULL),
        "the ring");
    must(
        myc_ring_required_init(&exchange->required, &exchange->writer, platform, &required, NULL),
        "the requirement");
    must(myc_ring_waiter_init(&exchange->waiter, platform, &idle), "waiting");
    must(myc_ring_waiter_init(&exchange->journal.waiter, platform, &idle), "waiting");
    must(myc_ring_waiter_init(&exchange->act.waiter, platform, &idle), "waiting");
    exchange->waiter.required = &exchange->required;
    exchange->journal.exchange = exchange;
    exchange->act.exchange = exchange;
    return exchange;
}

static void let_act_in(struct exchange *exchange)
{
    struct reader *act = &exchange->act;
    unsigned char *page = exchange->pages[1];
    must(myc_ring_join(&exchange->writer, page, MYC_RING_LIVE, &act->ticket), "act");
    must(
        myc_ring_reader_init(
            &act->ring, exchange->memory, exchange->memory_bytes, page, &act->ticket, NULL),
        "act's reader");
    put_act_behind(exchange);
    stay_behind(act, exchange->pages[0]);
}

static void take_orders(struct exchange *exchange)
{
    struct myc_diagnostic why;
    for (uint64_t number = 1; number <= ORDERS; number++) {
        const struct order order = {number, 100 + number % 7};
        enum myc_status status = myc_ring_publish_wait(
            &exchange->writer,
            &exchange->waiter,
            TYPE_ORDER,
            1,
            &order,
            sizeof order,
            MYC_NEVER,
            &why);
        if (status != MYC_OK) {
            fprintf(stderr, "no order %d is taken: %s\n", (int)number, why.text);
            exit(1);
        }
    }
    must(
        myc_ring_drain(&exchange->writer, &exchange->waiter, MYC_NEVER, NULL), "draining the ring");
    myc_ring_close_wake(&exchange->writer, exchange->platform->wait);
}

int main(void)
{
    struct myc_platform *platform = NULL;
    pthread_t threads[2];
    must(myc_posix_create(&platform, NULL), "the platform");
    struct exchange *exchange = open_exchange(platform);
    struct reader *journal = &exchange->journal;
    struct reader *act = &exchange->act;
    open_journal(exchange, exchange->pages[0]);
    let_act_in(exchange);
    if (pthread_create(&threads[0], NULL, keep_journal, journal) != 0
        || pthread_create(&threads[1], NULL, act_on_orders, act) != 0) {
        return 1;
    }
    take_orders(exchange);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    bool is_right = !journal->is_wrong && !act->is_wrong && journal->count == ORDERS;
    printf("journal: %d orders%s\n", (int)journal->count, is_right ? ", none lost" : ", WRONG");
    printf("act: %d orders, none before the journal had it\n", (int)act->count);
    is_right = is_right && act->count == ORDERS;
    free(exchange);
    myc_posix_destroy(platform);
    return is_right ? 0 : 1;
}

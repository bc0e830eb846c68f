// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Nodes of different contract versions: an origin, a sink, and perhaps a relay between them that
 * passes on what it does not know. Over shared memory, Unix sockets and TCP; connections over TCP
 * may break, and the origin may die and come back.
 *
 * The origin publishes messages whose every word follows from their key, some of them with a price
 * that the contract forbids, some before the message that they require, some of a type that only
 * version 2 knows. The relay has a node in each of two systems; its contract is version 1, whatever
 * the others speak.
 *
 * Oracles: no byte passes between contracts of which one cannot read the other, and both ends say
 * which field is to blame; between others every message is what its key says, completed with the
 * default where its version lacks the field, and with the bytes behind what the relay or the sink
 * knows; none is delivered that is invalid, or comes before what it requires in the same
 * incarnation's stream, and none is refused without reason; types that the sink does not know are
 * skipped, kept or end it as it chose; and each sequence number is accounted for.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <string.h>

#include <mycelium/atomic.h>
#include <mycelium/bus.h>
#include <mycelium/interface/clock.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/thread.h>
#include <mycelium/message.h>
#include <mycelium/raw.h>

#include "versions_contracts.h"

enum {
    RING_BYTES = 4096,
    STORE_BYTES = 96,
    MESSAGES_MAX = 90,
    LIVES_MAX = 2, /* of the origin */
    STREAMS_MAX = 16,
    WORDS_MAX = 3
};

static const uint64_t ms_ns = 1000000;
static const uint64_t second_ns = 1000000000;
static const uint64_t patience_ns = 20000000000; /* a connect may take seconds, and several times */

enum transport { SHM, UNIX, TCP, TRANSPORT_COUNT };

struct run;

/** A bus and the thread that is its agent. */
struct side {
    struct run *run;
    struct myc_platform *platform;
    struct myc_bus *bus;
    struct myc_handle agent;
    struct myc_atomic_u32 is_over;
};

/** A publisher's incarnation as the sink reads it. */
struct stream {
    uint64_t epoch;
    uint64_t next;   /* the lowest sequence number that may come next */
    uint64_t first;  /* the first one it could be handed */
    uint64_t told;   /* sequence numbers between that one and `next` that it was told of */
    bool has_meta;   /* Meta was delivered */
    bool has_missed; /* it joined late, or lost something */
};

/** What a process finds in the world, and leaves there for the oracles. */
struct run {
    struct myc_sim *sim;
    enum transport transport;
    enum versions_contract origin_contract;
    enum versions_contract sink_contract;
    bool has_relay;
    bool is_breaking; /* connections may */
    uint64_t kill_point;
    uint64_t message_count;
    struct myc_topology near; /* of the origin and whoever it meets */
    struct myc_topology far;  /* of the relay and the sink */
    uint32_t lives;           /* of the origin, begun */
    bool is_origin_over;
    bool is_relay_over;
    bool are_refused[4]; /* the buses of `sides` that say MISMATCH */
    uint64_t relayed;
    /* The sink's: */
    struct myc_subscriber *subscriber;
    struct myc_subscriber_options reading;
    struct stream streams[STREAMS_MAX];
    uint32_t stream_count;
    uint64_t delivered;
    uint64_t invalid;
    uint64_t premature;
    uint64_t unknown_seen; /* handed over, or found in the store */
    uint64_t sequences;    /* accounted for when streams ended */
    bool has_failed;       /* on an unknown type */
    struct side sides[4];
};

static struct run the_run;

// ---- What a key stands for ----

static uint64_t key_of(uint32_t life, uint64_t number, uint64_t kind)
{
    return (uint64_t)life << 32 | number << 8 | kind;
}

static uint64_t price_of(uint64_t key)
{
    return key % PRICE_MAX;
}

static uint64_t size_of(uint64_t key)
{
    return key * 7 + 1;
}

static bool can_work(enum versions_contract a, enum versions_contract b)
{
    return a == b || (a <= V2 && b <= V2);
}

// Whom the origin meets, and with what.
static bool is_origin_welcome(const struct run *run)
{
    return can_work(run->origin_contract, run->has_relay ? V1 : run->sink_contract);
}

static bool is_sink_welcome(const struct run *run)
{
    return can_work(run->sink_contract, run->has_relay ? V1 : run->origin_contract);
}

// ---- Nodes ----

static void run_agent(void *context)
{
    struct side *side = context;
    // Pairs with the release in close_side.
    while (myc_load_acquire_u32(&side->is_over) == 0) {
        (void)myc_bus_work(side->bus, MYC_NEVER);
    }
}

static void open_side(
    struct side *side,
    struct run *run,
    struct myc_platform *platform,
    const struct myc_topology *topology,
    size_t node,
    enum versions_contract contract)
{
    const struct myc_bus_options options = {
        .topology = topology,
        .node = topology->nodes[node].name,
        .contract = &versions_contracts[contract],
        .ring_bytes = RING_BYTES,
    };
    memset(side, 0, sizeof(*side));
    side->run = run;
    side->platform = platform;
    myc_sim_check(
        run->sim, myc_bus_create(platform, &options, &side->bus, NULL) == MYC_OK, "a bus opens");
    enum myc_status status =
        myc_thread_start(platform->thread, run_agent, side, NULL, &side->agent);
    myc_sim_check(run->sim, status == MYC_OK, "an agent starts");
}

static void close_side(struct side *side)
{
    myc_store_release_u32(&side->is_over, 1);
    myc_bus_wake(side->bus);
    myc_thread_join(side->platform->thread, side->agent);
    myc_bus_close(side->bus);
    myc_bus_destroy(side->bus);
}

static uint64_t now_of(const struct side *side)
{
    return myc_clock_monotonic_ns(side->platform->clock);
}

static void rest(struct myc_waiter *waiter, uint64_t duration_ns)
{
    struct myc_event event;
    size_t count = 0;
    uint64_t end_ns = myc_clock_monotonic_ns(waiter->platform->clock) + duration_ns;
    myc_waiter_clear(waiter);
    (void)myc_poller_wait(waiter->platform->poller, waiter->poller, &event, 1, end_ns, &count);
}

// A node may be refused only by one that it cannot work with; the reason names the trouble.
static void look_at_refusal(struct side *side, bool is_welcome)
{
    struct myc_diagnostic why;
    if (myc_bus_status(side->bus, &why) == MYC_OK) {
        return;
    }
    side->run->are_refused[side - side->run->sides] = true;
    myc_sim_check(side->run->sim, !is_welcome, "nobody is refused who can read and be read");
    bool is_named = strstr(why.text, "Quote.price") != NULL || strstr(why.text, "min_compatible");
    myc_sim_check(side->run->sim, is_named, "a refusal names the field");
    myc_sim_check(
        side->run->sim,
        strstr(why.text, "ours version ") != NULL && strstr(why.text, "theirs version ") != NULL,
        "a refusal names both versions");
}

// Both ends of a system that cannot work are there until both know why not.
static void wait_for_refusals(struct side *side, size_t other, struct myc_waiter *waiter)
{
    struct run *run = side->run;
    size_t own = (size_t)(side - run->sides);
    uint64_t end_ns = now_of(side) + patience_ns;
    while ((!run->are_refused[own] || !run->are_refused[other]) && now_of(side) < end_ns) {
        look_at_refusal(side, false);
        rest(waiter, 20 * ms_ns);
    }
}

// ---- The origin ----

static enum myc_status publish_quote(
    struct run *run, struct myc_publisher *publisher, uint32_t life, uint64_t number, bool is_bad)
{
    uint64_t key = key_of(life, number, QUOTE_ID);
    uint64_t words[WORDS_MAX] = {key, is_bad ? PRICE_MAX + 1 : price_of(key), size_of(key)};
    const struct myc_contract *contract = &versions_contracts[run->origin_contract];
    const struct myc_message_type *type = myc_contract_find(contract, QUOTE_ID);
    return myc_publish(publisher, type, words, type->size);
}

static enum myc_status publish_key(
    struct run *run, struct myc_publisher *publisher, uint32_t life, uint64_t number, uint16_t id)
{
    uint64_t key = key_of(life, number, id);
    const struct myc_contract *contract = &versions_contracts[run->origin_contract];
    const struct myc_message_type *type = myc_contract_find(contract, id);
    return type == NULL ? MYC_OK : myc_publish(publisher, type, &key, sizeof(key));
}

static void publish_all(struct run *run, struct myc_publisher *publisher, uint32_t life)
{
    uint64_t meta_at = myc_sim_choose(run->sim, "versions.meta_at", 6);
    for (uint64_t number = 0; number < run->message_count; number++) {
        enum myc_status status = MYC_OK;
        if (number == meta_at) {
            status = publish_key(run, publisher, life, number, META_ID);
        } else if (myc_sim_chance(run->sim, "versions.extra", 1, 6)) {
            status = publish_key(run, publisher, life, number, EXTRA_ID);
        } else {
            bool is_bad = run->origin_contract != WRONG // Which has no rule to break.
                          && myc_sim_chance(run->sim, "versions.bad", 1, 8);
            status = publish_quote(run, publisher, life, number, is_bad);
        }
        myc_sim_check(
            run->sim,
            status == MYC_OK || status == MYC_NO_SUBSCRIBER || run->has_relay || run->is_breaking,
            "the origin gets room");
    }
}

static int origin_main(struct myc_platform *platform, void *arg)
{
    struct run *run = arg;
    struct side *side = &run->sides[0];
    struct myc_waiter waiter;
    struct myc_publisher *publisher = NULL;
    uint32_t life = ++run->lives;
    open_side(side, run, platform, &run->near, 0, run->origin_contract);
    myc_sim_check(run->sim, myc_waiter_open(&waiter, platform) == MYC_OK, "a waiter opens");
    myc_sim_check(
        run->sim,
        myc_publisher_create(side->bus, &waiter, "quotes", NULL, &publisher, NULL) == MYC_OK,
        "a publisher opens");
    if (is_origin_welcome(run)) {
        uint64_t end_ns = now_of(side) + patience_ns;
        bool is_met = myc_publisher_await_subscribers(publisher, 1, end_ns) == MYC_OK;
        myc_sim_count(run->sim, "origin is met", is_met ? 1 : 0);
        look_at_refusal(side, true);
    } else {
        wait_for_refusals(side, run->has_relay ? 1 : 3, &waiter);
        // Where the other end had to be refused nobody came, and nobody will.
        myc_sim_check(
            run->sim,
            myc_publisher_await_subscribers(publisher, 1, now_of(side)) != MYC_OK,
            "nobody subscribes who was refused");
    }
    publish_all(run, publisher, life);
    (void)myc_publisher_close(publisher, now_of(side) + 3 * second_ns, NULL);
    close_side(side);
    myc_waiter_close(&waiter);
    run->is_origin_over = true;
    return 0;
}

// ---- The relay ----

static void on_relayed(const struct myc_delivery *delivery, void *context)
{
    struct run *run = &the_run;
    enum myc_status status = myc_relay(context, delivery->record);
    myc_sim_check(
        run->sim,
        status == MYC_OK || status == MYC_NO_SUBSCRIBER || status == MYC_TIMEOUT,
        "what came in can be passed on");
    run->relayed++;
}

static int relay_main(struct myc_platform *platform, void *arg)
{
    struct run *run = arg;
    struct side *near = &run->sides[1];
    struct side *far = &run->sides[2];
    struct myc_waiter waiter;
    struct myc_subscriber *subscriber = NULL;
    struct myc_publisher *publisher = NULL;
    const struct myc_subscriber_options reading = {.is_raw = true};
    const struct myc_publisher_options publishing = {
        .is_raw = true, .block_timeout_ns = 20 * second_ns};
    open_side(near, run, platform, &run->near, 1, V1);
    open_side(far, run, platform, &run->far, 0, V1);
    myc_sim_check(run->sim, myc_waiter_open(&waiter, platform) == MYC_OK, "a waiter opens");
    enum myc_status status =
        myc_publisher_create(far->bus, &waiter, "quotes", &publishing, &publisher, NULL);
    myc_sim_check(run->sim, status == MYC_OK, "a publisher opens");
    if (is_sink_welcome(run)) {
        uint64_t end_ns = now_of(far) + patience_ns;
        bool is_met = myc_publisher_await_subscribers(publisher, 1, end_ns) == MYC_OK;
        myc_sim_count(run->sim, "relay is met", is_met ? 1 : 0);
    }
    status = myc_subscriber_create_with(near->bus, &waiter, "quotes", &reading, &subscriber, NULL);
    myc_sim_check(run->sim, status == MYC_OK, "a subscriber opens");
    while (!run->is_origin_over || myc_subscriber_matched(subscriber) > 0) {
        look_at_refusal(near, is_origin_welcome(run));
        look_at_refusal(far, is_sink_welcome(run));
        if (myc_subscriber_poll(subscriber, on_relayed, NULL, publisher, 8) == 0) {
            myc_waiter_clear(&waiter);
            (void)myc_subscribers_wait(&waiter, &subscriber, 1, now_of(near) + 20 * ms_ns);
        }
    }
    myc_sim_check(
        run->sim, is_origin_welcome(run) || run->relayed == 0, "no byte of a breaking contract");
    if (!is_sink_welcome(run)) {
        wait_for_refusals(far, 3, &waiter);
    }
    (void)myc_publisher_close(publisher, now_of(far) + 3 * second_ns, NULL);
    myc_subscriber_close(subscriber);
    close_side(near);
    close_side(far);
    myc_waiter_close(&waiter);
    run->is_relay_over = true;
    return 0;
}

// ---- The sink ----

static struct stream *find_stream(struct run *run, uint64_t epoch)
{
    for (uint32_t i = 0; i < run->stream_count; i++) {
        if (run->streams[i].epoch == epoch) {
            return &run->streams[i];
        }
    }
    myc_sim_check(run->sim, run->stream_count < STREAMS_MAX, "streams are few");
    struct stream *stream = &run->streams[run->stream_count++];
    memset(stream, 0, sizeof(*stream));
    stream->epoch = epoch;
    return stream;
}

// One sequence number of a stream has come, or was told of. Those in between were passed over.
static void account(struct run *run, struct stream *stream, uint64_t first, uint64_t last)
{
    myc_sim_check(run->sim, first >= stream->next, "sequence numbers rise");
    stream->told += last - first + 1;
    stream->next = last + 1;
}

static void check_quote(struct run *run, const struct myc_record *record)
{
    uint64_t words[WORDS_MAX];
    size_t size = record->size < sizeof(words) ? record->size : sizeof(words);
    memset(words, 0, sizeof(words));
    memcpy(words, record->payload, size);
    uint64_t key = words[0];
    myc_sim_check(run->sim, (key & 0xFF) == QUOTE_ID, "a message is of the type it says");
    myc_sim_check(run->sim, words[1] == price_of(key), "no message is delivered that is invalid");
    const struct myc_message_type *type =
        myc_contract_find(&versions_contracts[run->origin_contract], QUOTE_ID);
    myc_sim_check(run->sim, record->version == type->version, "a relay keeps the version");
    myc_sim_check(run->sim, record->size == type->size, "a message is as long as it was");
    myc_sim_check(
        run->sim,
        type->size < sizeof(words) || words[2] == size_of(key),
        "bytes behind what a relay or a sink knows are kept");
}

// As a service is handed it: with the default where the message is older than the field.
static void check_completed(struct run *run, const struct myc_delivery *delivery)
{
    uint64_t scratch[WORDS_MAX];
    struct myc_message message;
    if (delivery->type->size != sizeof(scratch)) {
        return;
    }
    enum myc_status status =
        myc_message_view(delivery->type, delivery->record, scratch, &message, NULL);
    myc_sim_check(run->sim, status == MYC_OK, "what is delivered can be viewed");
    const uint64_t *words = message.fields;
    uint64_t wanted = run->origin_contract == V1 ? SIZE_DEFAULT : size_of(words[0]);
    myc_sim_check(run->sim, words[2] == wanted, "what an older message lacks has its default");
}

static void on_message(const struct myc_delivery *delivery, void *context)
{
    struct run *run = context;
    const struct myc_record *record = delivery->record;
    struct stream *stream = find_stream(run, delivery->publisher_epoch);
    myc_sim_check(run->sim, is_sink_welcome(run), "no byte of a breaking contract");
    myc_sim_check(run->sim, !run->has_failed, "nothing is delivered after a failure");
    account(run, stream, record->sequence, record->sequence);
    run->delivered++;
    if (delivery->type == NULL) {
        myc_sim_check(
            run->sim,
            run->reading.on_unknown == MYC_UNKNOWN_DELIVER && record->type == EXTRA_ID,
            "only who asks is handed unknown types");
        run->unknown_seen++;
        return;
    }
    if (record->type == META_ID) {
        stream->has_meta = true;
    } else if (record->type == QUOTE_ID) {
        bool is_trusting = run->reading.trusts_missed_priors && stream->has_missed;
        myc_sim_check(
            run->sim,
            stream->has_meta || is_trusting,
            "nothing is delivered before what it requires");
        check_quote(run, record);
        check_completed(run, delivery);
    }
}

static void on_notice(const struct myc_notice *notice, void *context)
{
    struct run *run = context;
    struct stream *stream = find_stream(run, notice->publisher_epoch);
    switch (notice->kind) {
    case MYC_NOTICE_MATCHED:
    case MYC_NOTICE_PEER_RESTARTED:
        stream->next = notice->last + 1;
        stream->first = stream->next;
        stream->has_missed = notice->last > 0;
        break;
    case MYC_NOTICE_GAP:
        account(run, stream, notice->first, notice->last);
        stream->has_missed = true;
        break;
    case MYC_NOTICE_INVALID:
        account(run, stream, notice->last, notice->last);
        run->invalid++;
        myc_sim_check(
            run->sim,
            notice->type == QUOTE_ID && strstr(notice->detail, "Quote.price") != NULL,
            "only what is invalid is refused, by its field");
        break;
    case MYC_NOTICE_PREMATURE:
        account(run, stream, notice->last, notice->last);
        run->premature++;
        myc_sim_check(
            run->sim,
            notice->type == QUOTE_ID && !stream->has_meta
                && (notice->count > 0) == stream->has_missed,
            "only what comes too early is refused, and what was missed is told");
        break;
    case MYC_NOTICE_UNKNOWN_TYPE:
        myc_sim_check(
            run->sim,
            notice->type == EXTRA_ID && run->sink_contract == V1,
            "only unknown types are called so");
        run->has_failed = run->reading.on_unknown == MYC_UNKNOWN_FAIL;
        break;
    case MYC_NOTICE_UNMATCHED:
    case MYC_NOTICE_PEER_DIED:
        run->sequences += notice->last + 1 - stream->first;
        break;
    case MYC_NOTICE_CORRUPT:
    case MYC_NOTICE_FENCED:
    case MYC_NOTICE_TURNED_AWAY:
    case MYC_NOTICE_COUNT:
        myc_sim_fail(run->sim, "the sink is told %s", myc_notice_name(notice->kind));
        break;
    }
}

static void empty_store(struct run *run)
{
    struct myc_stored stored;
    while (myc_subscriber_stored(run->subscriber, &stored) == MYC_OK) {
        uint64_t key = 0;
        memcpy(&key, stored.record.payload, sizeof(key));
        myc_sim_check(
            run->sim,
            stored.record.type == EXTRA_ID && stored.record.version == 2
                && stored.record.size == sizeof(key) && (key & 0xFF) == EXTRA_ID,
            "what is kept is what came");
        run->unknown_seen++;
        myc_subscriber_stored_drop(run->subscriber);
    }
}

// At the end: what was counted is what was told, and all of it is what came.
static void check_counts(struct run *run, bool is_whole)
{
    struct myc_subscriber_counts counts;
    struct myc_diagnostic why;
    uint64_t told = 0;
    enum myc_status status = myc_subscriber_status(run->subscriber, &why);
    myc_subscriber_counts(run->subscriber, &counts);
    for (uint32_t i = 0; i < run->stream_count; i++) {
        told += run->streams[i].told;
    }
    uint64_t passed = counts.skipped + counts.stored + counts.overflowed;
    uint64_t handed = run->reading.on_unknown == MYC_UNKNOWN_DELIVER ? run->unknown_seen : 0;
    myc_sim_check(
        run->sim,
        counts.delivered == run->delivered && counts.invalid == run->invalid
            && counts.premature == run->premature,
        "what is counted is what was told");
    myc_sim_check(
        run->sim,
        counts.unknown == passed + handed,
        "each unknown message is counted as one thing");
    myc_sim_check(
        run->sim,
        run->reading.on_unknown != MYC_UNKNOWN_STORE || counts.stored == run->unknown_seen,
        "what was stored is in the store");
    myc_sim_check(
        run->sim,
        !is_whole || run->sequences == told + passed,
        "each sequence number is accounted for");
    myc_sim_check(
        run->sim,
        run->has_failed == (status == MYC_MISMATCH)
            && (!run->has_failed
                || (strstr(why.text, "'quotes'") != NULL && strstr(why.text, "type 3") != NULL)),
        "who fails on an unknown type says so");
    myc_sim_count(run->sim, "delivered", counts.delivered);
    myc_sim_count(run->sim, "lost", counts.lost);
    myc_sim_count(run->sim, "invalid", counts.invalid);
    myc_sim_count(run->sim, "premature", counts.premature);
    myc_sim_count(run->sim, "unknown", counts.unknown);
    myc_sim_count(run->sim, "overflowed", counts.overflowed);
}

static int sink_main(struct myc_platform *platform, void *arg)
{
    struct run *run = arg;
    struct side *side = &run->sides[3];
    struct myc_waiter waiter;
    const struct myc_topology *topology = run->has_relay ? &run->far : &run->near;
    open_side(side, run, platform, topology, 1, run->sink_contract);
    myc_sim_check(run->sim, myc_waiter_open(&waiter, platform) == MYC_OK, "a waiter opens");
    enum myc_status status = myc_subscriber_create_with(
        side->bus, &waiter, "quotes", &run->reading, &run->subscriber, NULL);
    myc_sim_check(run->sim, status == MYC_OK, "a subscriber opens");
    uint64_t empty_every = 1 + myc_sim_choose(run->sim, "versions.empties", 8);
    const bool *is_over = run->has_relay ? &run->is_relay_over : &run->is_origin_over;
    for (uint64_t round = 0;
         !run->has_failed && (!*is_over || myc_subscriber_matched(run->subscriber) > 0);
         round++) {
        look_at_refusal(side, is_sink_welcome(run));
        size_t most = 1 + (size_t)myc_sim_choose(run->sim, "versions.batch", 8);
        if (myc_subscriber_poll(run->subscriber, on_message, on_notice, run, most) == 0) {
            myc_waiter_clear(&waiter);
            (void)myc_subscribers_wait(&waiter, &run->subscriber, 1, now_of(side) + 20 * ms_ns);
        }
        if (round % empty_every == 0) {
            empty_store(run);
        }
    }
    empty_store(run);
    check_counts(run, !run->has_failed);
    myc_subscriber_close(run->subscriber);
    close_side(side);
    myc_waiter_close(&waiter);
    return 0;
}

// ---- The director ----

static void build_topology(
    struct run *run, struct myc_topology *topology, const char *left, const char *right, int ports)
{
    static const char *const shapes[TRANSPORT_COUNT] = {
        "shm:/run/", "unix:/run/", "tcp:127.0.0.1:"};
    const char *const names[2] = {left, right};
    topology->node_count = 2;
    for (size_t i = 0; i < 2; i++) {
        struct myc_topology_node *node = &topology->nodes[i];
        char endpoint[64] = "";
        size_t len = strlen(shapes[run->transport]);
        char port[5] = {'7', '0', '0', (char)('1' + ports + (int)i), 0};
        memcpy(node->name, names[i], strlen(names[i]) + 1);
        memcpy(endpoint, shapes[run->transport], len);
        const char *rest = run->transport == TCP ? port : names[i];
        memcpy(endpoint + len, rest, strlen(rest) + 1);
        enum myc_status status =
            myc_endpoint_parse(endpoint, NULL, &node->transport, &node->address, NULL);
        myc_sim_check(run->sim, status == MYC_OK, "the scenario's endpoints are good");
    }
}

static struct run *begin(struct myc_sim *sim)
{
    // Most can work together.
    static const enum versions_contract pairs[8] = {V2, V1, WRONG, V2, V1, ALONE, V2, V1};
    struct run *run = &the_run;
    memset(run, 0, sizeof(*run));
    run->sim = sim;
    run->transport = (enum transport)myc_sim_choose(sim, "versions.transport", TRANSPORT_COUNT);
    run->origin_contract = pairs[myc_sim_choose(sim, "versions.origin", 8)];
    run->sink_contract = pairs[7 - myc_sim_choose(sim, "versions.sink", 8)];
    run->has_relay = myc_sim_chance(sim, "versions.relay", 1, 3);
    run->message_count = 10 + myc_sim_choose(sim, "versions.messages", MESSAGES_MAX - 9);
    run->reading.on_unknown =
        (enum myc_unknown_policy)myc_sim_choose(sim, "versions.policy", MYC_UNKNOWN_DELIVER + 1);
    run->reading.store_bytes = STORE_BYTES;
    run->reading.trusts_missed_priors = myc_sim_chance(sim, "versions.trusts", 1, 4);
    myc_sim_allow(sim, MYC_SIM_FAULT_SMALL_BUFFER, false); // Rings of this size fit into any.
    build_topology(run, &run->near, "origin", run->has_relay ? "relay" : "sink", 0);
    if (run->has_relay) {
        build_topology(run, &run->far, "bridge", "sink", 2);
    }
    return run;
}

static void run_to_end(struct run *run, bool may_kill)
{
    struct myc_sim *sim = run->sim;
    struct myc_sim_process others[2];
    uint64_t end_ns = myc_sim_now_ns(sim) + 120 * second_ns;
    others[0] = myc_sim_start(sim, "host", "sink", sink_main, run);
    others[1] = run->has_relay ? myc_sim_start(sim, "host", "relay", relay_main, run) : others[0];
    for (uint32_t life = 0; life < LIVES_MAX && !run->is_origin_over; life++) {
        struct myc_sim_process origin = myc_sim_start(sim, "host", "origin", origin_main, run);
        if (may_kill && life + 1 < LIVES_MAX) {
            myc_sim_kill_at(sim, origin, run->kill_point);
        }
        while (myc_sim_is_running(sim, origin) && myc_sim_now_ns(sim) < end_ns) {
            myc_sim_run_for(sim, ms_ns);
        }
        myc_sim_count(sim, "origin killed", myc_sim_was_killed(sim, origin) ? 1 : 0);
    }
    while ((myc_sim_is_running(sim, others[0]) || myc_sim_is_running(sim, others[1]))
           && myc_sim_now_ns(sim) < end_ns) {
        myc_sim_run_for(sim, ms_ns);
    }
    myc_sim_check(
        sim,
        !myc_sim_is_running(sim, others[0]) && !myc_sim_is_running(sim, others[1]),
        "every process comes to its end");
    const bool *refused = run->are_refused;
    bool is_near_told = refused[0] && refused[run->has_relay ? 1 : 3];
    myc_sim_check(
        sim,
        is_origin_welcome(run) || is_near_told || may_kill,
        "two who cannot work together are both told so");
    myc_sim_check(
        sim,
        is_sink_welcome(run) || !run->has_relay || (refused[2] && refused[3]),
        "a relay and a sink that cannot work together are both told so");
    myc_sim_count(sim, "refused", refused[0] || refused[3] ? 1 : 0);
    myc_sim_count(sim, "relayed", run->relayed);
}

static void run_versions(struct myc_sim *sim)
{
    struct run *run = begin(sim);
    if (run->transport == TCP && myc_sim_chance(sim, "versions.resets", 1, 2)) {
        run->is_breaking = true;
        myc_sim_allow(sim, MYC_SIM_FAULT_RESET, true);
    }
    run_to_end(run, false);
}

static void run_kill(struct myc_sim *sim)
{
    struct run *run = begin(sim);
    run->kill_point = 1 + myc_sim_choose(sim, "versions.kill_point", 500);
    run_to_end(run, true);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"versions", "nodes of different contract versions, a relay between them", run_versions},
        {"versions-kill", "the same while the origin dies anywhere and comes back", run_kill},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The director's cuts, and hosts that vanish: what TCP makes of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#include "io.h"

enum { PORT = 4000, SEEDS = 100, SMALL = 1000 };

static const uint64_t ms_ns = 1000000;
static const uint64_t second_ns = 1000000000;

/* What the process of one host does next, and what came of it. The director asks, one at a time. */
enum order { NOTHING, CONNECT, ACCEPT, READ, WRITE, FILL, CLOSE };

struct host {
    struct myc_sim *sim;
    enum order order;
    size_t size; /* of READ and WRITE */
    enum myc_status status;
    uint64_t bytes; /* of the last order */
    uint64_t done_ns;
    bool is_dismissed; /* never: the run ends first */
    struct myc_handle doorbell;
    struct myc_platform *platform;
};

/* Two of them; "one" listens. */
struct pair {
    struct host one;
    struct host two;
};

static const struct myc_address address = {
    .kind = MYC_ADDRESS_TCP, .port = PORT, .text = "10.0.0.1"};

static void obey(
    struct myc_platform *platform,
    struct host *self,
    struct myc_handle *stream,
    struct myc_handle listener)
{
    static char bytes[1 << 20];
    const struct myc_const_span out = {bytes, self->order == FILL ? sizeof(bytes) : self->size};
    size_t count = 0;
    self->bytes = 0;
    self->status = MYC_OK;
    if (self->order == CONNECT) {
        self->status = myc_stream_connect(platform->stream, &address, stream, NULL);
        while (self->status == MYC_OK || self->status == MYC_AGAIN) {
            self->status = myc_stream_connect_result(platform->stream, *stream);
            if (self->status != MYC_AGAIN) {
                break;
            }
            io_await(platform, *stream, MYC_WRITABLE);
        }
    } else if (self->order == ACCEPT) {
        *stream = io_accept(platform, listener);
    } else if (self->order == READ) {
        while (self->status == MYC_OK && self->bytes < self->size) {
            self->status = io_read(platform, *stream, (struct myc_span){bytes, self->size}, &count);
            self->bytes += count;
        }
    } else if (self->order == CLOSE) {
        myc_stream_close(platform->stream, *stream);
        stream->value = 0;
    } else {
        do {
            self->status = myc_stream_writev(platform->stream, *stream, &out, 1, &count);
            self->bytes += count;
        } while (self->order == FILL && self->status == MYC_OK);
    }
}

static int host_main(struct myc_platform *platform, void *arg)
{
    struct host *self = arg;
    struct myc_handle listener = {0};
    struct myc_handle stream = {0};
    self->platform = platform;
    if (self->size == PORT) {
        io_must(myc_listener_listen(platform->listener, &address, 0, &listener, NULL));
    }
    io_must(myc_doorbell_open(platform->poller, &self->doorbell));
    while (!self->is_dismissed) {
        while (self->order == NOTHING) {
            io_await(platform, self->doorbell, MYC_READABLE);
            myc_doorbell_clear(platform->poller, self->doorbell);
        }
        obey(platform, self, &stream, listener);
        self->order = NOTHING;
        self->done_ns = myc_sim_now_ns(self->sim);
    }
    return 0;
}

static bool has_obeyed(void *context)
{
    const struct host *host = context;
    return host->order == NOTHING;
}

static void order(struct host *host, enum order what, size_t size)
{
    host->order = what;
    host->size = size;
    myc_doorbell_ring(host->platform->poller, host->doorbell);
}

/* Whether the host has done what it was told within so long. */
static bool obeys(struct host *host, uint64_t within_ns)
{
    return myc_sim_run_until(host->sim, has_obeyed, host, myc_sim_now_ns(host->sim) + within_ns);
}

static void check_obeys(struct host *host, enum order what, size_t size)
{
    order(host, what, size);
    myc_sim_check(host->sim, obeys(host, 10 * second_ns), "it is done");
    myc_sim_check(host->sim, host->status == MYC_OK, "it succeeds");
}

static struct myc_sim_process start(struct myc_sim *sim, struct host *host, const char *name)
{
    *host = (struct host){.sim = sim, .size = strcmp(name, "one") == 0 ? PORT : 0};
    struct myc_sim_process process = myc_sim_start(sim, name, name, host_main, host);
    myc_sim_run_for(sim, ms_ns);
    return process;
}

/* A pair of hosts that are connected. */
static struct pair *meet(struct myc_sim *sim)
{
    static struct pair pair;
    const struct myc_sim_route route = {.latency_ns = ms_ns};
    myc_sim_allow(sim, MYC_SIM_FAULT_SPURIOUS_READY, false);
    (void)start(sim, &pair.one, "one");
    (void)start(sim, &pair.two, "two");
    myc_sim_route(sim, "one", "two", &route);
    order(&pair.one, ACCEPT, 0);
    check_obeys(&pair.two, CONNECT, 0);
    myc_sim_check(sim, obeys(&pair.one, 10 * second_ns), "they meet");
    myc_sim_faults(sim, false);
    return &pair;
}

// ---- Cuts ----

static void direct_one_way(struct myc_sim *sim)
{
    struct pair *pair = meet(sim);
    myc_sim_partition_one_way(sim, "two", "one", MYC_SIM_CUT_DROP);
    check_obeys(&pair->one, WRITE, SMALL);
    check_obeys(&pair->two, READ, 1); // the way back is open
    check_obeys(&pair->two, WRITE, SMALL);
    order(&pair->one, READ, 1);
    myc_sim_check(sim, !obeys(&pair->one, 60 * second_ns), "a cut way carries nothing");
    myc_sim_heal(sim, "one", "two");
    myc_sim_check(sim, obeys(&pair->one, 120 * second_ns), "what was lost is sent again");
    myc_sim_check(sim, pair->one.status == MYC_OK && pair->one.bytes > 0, "and arrives");
}

static void direct_hold(struct myc_sim *sim)
{
    struct pair *pair = meet(sim);
    myc_sim_partition(sim, "one", "two", MYC_SIM_CUT_HOLD);
    check_obeys(&pair->two, WRITE, SMALL);
    order(&pair->one, READ, 1);
    myc_sim_check(sim, !obeys(&pair->one, 10 * second_ns), "it is held");
    uint64_t healed_ns = myc_sim_now_ns(sim);
    myc_sim_heal_all(sim);
    myc_sim_check(sim, obeys(&pair->one, second_ns), "it arrives when the cut is healed");
    myc_sim_check(sim, pair->one.done_ns - healed_ns < ms_ns, "at once");
}

static void direct_clog(struct myc_sim *sim)
{
    struct pair *pair = meet(sim);
    uint64_t began_ns = myc_sim_now_ns(sim);
    myc_sim_clog(sim, "two", "one", 2 * second_ns);
    check_obeys(&pair->two, WRITE, SMALL);
    order(&pair->one, READ, 1);
    myc_sim_check(sim, !obeys(&pair->one, second_ns), "a clogged way holds what is under way");
    myc_sim_check(sim, obeys(&pair->one, 2 * second_ns), "it goes on by itself");
    uint64_t passed_ns = pair->one.done_ns - began_ns;
    myc_sim_check(
        sim, passed_ns >= 2 * second_ns && passed_ns < 2 * second_ns + ms_ns, "when it was to");
}

// A clog of the director's holds one way for as long as it was told to.
static void test_clog_ends_by_itself(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_clog));
}

static void direct_drop(struct myc_sim *sim)
{
    struct pair *pair = meet(sim);
    myc_sim_partition(sim, "one", "two", MYC_SIM_CUT_DROP);
    uint64_t sent_ns = myc_sim_now_ns(sim);
    check_obeys(&pair->two, WRITE, 1);
    myc_sim_run_for(sim, second_ns);
    myc_sim_heal(sim, "two", "one");
    order(&pair->one, READ, 1);
    myc_sim_check(sim, obeys(&pair->one, 10 * second_ns), "it is sent again");
    // Sent at 0.2 s and 0.6 s into the cut, and at 1.4 s after it.
    uint64_t passed_ns = pair->one.done_ns - sent_ns;
    myc_sim_check(
        sim, passed_ns > 1400 * ms_ns && passed_ns < 1500 * ms_ns, "at the time of a retry");
}

// What a cut holds comes when it is healed, what it drops when it is next sent; each way has cuts
// of its own.
static void test_partition_holds_or_drops(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_passed(run_seed(direct_one_way, seed));
        assert_passed(run_seed(direct_hold, seed));
        assert_passed(run_seed(direct_drop, seed));
    }
    assert_passed(run_boring(direct_one_way));
    assert_passed(run_boring(direct_hold));
    assert_passed(run_boring(direct_drop));
}

// ---- Half-open ----

static void direct_half_open(struct myc_sim *sim)
{
    struct pair *pair = meet(sim);
    myc_sim_isolate(sim, "one", MYC_SIM_CUT_DROP);
    uint64_t cut_ns = myc_sim_now_ns(sim);
    order(&pair->two, FILL, 0);
    myc_sim_check(sim, obeys(&pair->two, second_ns), "writes end when the buffer is full");
    myc_sim_check(sim, pair->two.status == MYC_AGAIN && pair->two.bytes > 0, "not with an error");
    order(&pair->one, READ, 1);
    order(&pair->two, READ, 1);
    myc_sim_check(sim, obeys(&pair->two, 2000 * second_ns), "the writer's end breaks at last");
    myc_sim_check(sim, pair->two.status == MYC_RESET, "as the kernel's timeout is told");
    uint64_t passed_ns = pair->two.done_ns - cut_ns;
    myc_sim_check(
        sim, passed_ns > 924 * second_ns && passed_ns < 926 * second_ns, "after 15 retries");
    myc_sim_check(sim, !obeys(&pair->one, 2000 * second_ns), "the silent reader waits for ever");
}

static void direct_after_half_open(struct myc_sim *sim)
{
    struct pair *pair = meet(sim);
    myc_sim_isolate(sim, "one", MYC_SIM_CUT_DROP);
    check_obeys(&pair->two, WRITE, 1);
    order(&pair->two, READ, 1);
    myc_sim_check(sim, obeys(&pair->two, 2000 * second_ns), "the writer's end breaks");
    myc_sim_heal_all(sim);
    check_obeys(&pair->two, CLOSE, 0);
    check_obeys(&pair->one, WRITE, 1);
    order(&pair->one, READ, 1);
    myc_sim_check(sim, obeys(&pair->one, 10 * second_ns), "who writes to it is told");
    myc_sim_check(sim, pair->one.status == MYC_RESET, "that the connection is gone");
}

static void direct_lost_break(struct myc_sim *sim)
{
    struct pair *pair = meet(sim);
    check_obeys(&pair->one, WRITE, SMALL);
    myc_sim_run_for(sim, second_ns);
    myc_sim_partition(sim, "one", "two", MYC_SIM_CUT_DROP);
    check_obeys(&pair->two, CLOSE, 0); // with unread bytes: a break, and it is lost
    myc_sim_run_for(sim, second_ns);
    myc_sim_heal_all(sim);
    order(&pair->one, READ, 1);
    myc_sim_check(sim, !obeys(&pair->one, 2000 * second_ns), "a lost break is not sent again");
}

static void direct_lost_end(struct myc_sim *sim)
{
    struct pair *pair = meet(sim);
    myc_sim_partition(sim, "one", "two", MYC_SIM_CUT_DROP);
    check_obeys(&pair->two, CLOSE, 0);
    order(&pair->one, READ, 1);
    myc_sim_check(sim, !obeys(&pair->one, 20 * second_ns), "the end is lost");
    myc_sim_heal_all(sim);
    myc_sim_check(sim, obeys(&pair->one, 60 * second_ns), "and sent again");
    myc_sim_check(sim, pair->one.status == MYC_END, "as an end");
}

// With the other host unreachable writes go on until the buffer is full, and a long time later the
// writer's end breaks; the reader's never does.
static void test_partition_leaves_connections_half_open(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_passed(run_seed(direct_half_open, seed));
        assert_passed(run_seed(direct_after_half_open, seed));
    }
}

// An end that is lost is sent again, a break is not.
static void test_partition_loses_ends_and_breaks(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_passed(run_seed(direct_lost_break, seed));
        assert_passed(run_seed(direct_lost_end, seed));
    }
}

// ---- Connecting ----

static void direct_connect(struct myc_sim *sim)
{
    static struct pair pair;
    myc_sim_allow(sim, MYC_SIM_FAULT_CONNECT_DELAY, false);
    (void)start(sim, &pair.one, "one");
    (void)start(sim, &pair.two, "two");
    bool is_answer_cut = myc_sim_choose(sim, "answers", 2) == 1;
    myc_sim_partition_one_way(
        sim, is_answer_cut ? "one" : "two", is_answer_cut ? "two" : "one", MYC_SIM_CUT_DROP);
    order(&pair.two, CONNECT, 0);
    myc_sim_check(sim, obeys(&pair.two, 200 * second_ns), "connecting ends");
    myc_sim_check(sim, pair.two.status == MYC_TIMEOUT, "unanswered");
    myc_sim_check(sim, pair.two.done_ns > 60 * second_ns, "after more than a minute");
    check_obeys(&pair.two, CLOSE, 0);
    order(&pair.two, CONNECT, 0);
    myc_sim_run_for(sim, 2 * second_ns);
    myc_sim_heal_all(sim);
    myc_sim_check(sim, obeys(&pair.two, 10 * second_ns), "a request is repeated");
    myc_sim_check(sim, pair.two.status == MYC_OK, "until it is answered");
}

// A connect across a cut is repeated, and times out after minutes.
static void test_partition_times_connects_out(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_passed(run_seed(direct_connect, seed));
    }
}

// ---- Shapes ----

static bool is_cut(struct myc_sim *sim, const char *from, const char *to)
{
    return sim__cut_find(sim, sim__host_find(sim, from), sim__host_find(sim, to)) != NULL;
}

static void direct_shapes(struct myc_sim *sim)
{
    static const char *const side[] = {"a", "b"};
    (void)sim__host_find(sim, "c");
    (void)sim__host_find(sim, "d");
    myc_sim_split(sim, side, 2, "d", MYC_SIM_CUT_DROP);
    myc_sim_check(sim, is_cut(sim, "a", "c") && is_cut(sim, "c", "b"), "sides are apart");
    myc_sim_check(sim, !is_cut(sim, "a", "b"), "a side is whole");
    myc_sim_check(sim, !is_cut(sim, "a", "d") && !is_cut(sim, "c", "d"), "the bridge has both");
    myc_sim_heal(sim, "a", "c");
    myc_sim_check(sim, !is_cut(sim, "a", "c") && is_cut(sim, "b", "c"), "one pair is healed");
    myc_sim_isolate(sim, "d", MYC_SIM_CUT_HOLD);
    myc_sim_check(sim, is_cut(sim, "d", "a") && is_cut(sim, "b", "d"), "nobody reaches it");
    myc_sim_heal_all(sim);
    myc_sim_check(sim, !is_cut(sim, "b", "c") && !is_cut(sim, "d", "a"), "all is healed");
}

// Hosts can be split in two, with a bridge between, and isolated.
static void test_partition_has_shapes(void **state)
{
    (void)state;
    assert_passed(run_boring(direct_shapes));
}

enum { HOSTS = 20 };

static bool are_cut[HOSTS];
static bool are_reached[HOSTS];

/* One drawn partition between the last two of many hosts. */
static void part_many(struct myc_sim *sim)
{
    struct sim__host *hosts[HOSTS];
    for (int i = 0; i < HOSTS; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "many%d", i);
        hosts[i] = sim__host_find(sim, name);
    }
    struct sim__host *from = hosts[HOSTS - 2];
    struct sim__host *to = hosts[HOSTS - 1];
    sim__partition_begin(sim, from, to);
    myc_sim_check(sim, sim__cut_find(sim, from, to) != NULL, "the way in question is cut");
    for (int i = 0; i < HOSTS; i++) {
        bool is_cut = sim__cut_find(sim, from, hosts[i]) != NULL;
        are_cut[i] = are_cut[i] || is_cut;
        are_reached[i] = are_reached[i] || !is_cut;
    }
}

// Drawn partitions take in every host, however many there are.
static void test_partition_takes_in_all_hosts(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_passed(run_seed(part_many, seed));
    }
    for (int i = 0; i < HOSTS - 2; i++) {
        assert_true(are_cut[i]);
        assert_true(are_reached[i]);
    }
    assert_false(are_cut[HOSTS - 2]);
    assert_false(are_reached[HOSTS - 1]);
}

// ---- Hosts that vanish ----

static void direct_vanish(struct myc_sim *sim)
{
    struct pair *pair = meet(sim);
    bool is_heard = myc_sim_choose(sim, "heard", 2) == 1;
    sim__network_host_lost(sim, sim__host_find(sim, "one"));
    for (struct sim__process *it = sim->processes; it != NULL; it = it->next) {
        if (strcmp(it->host->name, "one") == 0) {
            sim__process_end(it, true, -1);
        }
    }
    check_obeys(&pair->two, WRITE, 1);
    order(&pair->two, READ, 1);
    myc_sim_check(sim, !obeys(&pair->two, 100 * second_ns), "nobody is told of a power loss");
    if (is_heard) {
        (void)start(sim, &pair->one, "one");
        myc_sim_check(sim, obeys(&pair->two, 300 * second_ns), "the host that is back answers");
        myc_sim_check(sim, pair->two.status == MYC_RESET, "that it knows no such connection");
        check_obeys(&pair->two, CLOSE, 0);
        order(&pair->one, ACCEPT, 0);
        check_obeys(&pair->two, CONNECT, 0);
        myc_sim_check(sim, obeys(&pair->one, 10 * second_ns), "its address is as good as before");
    }
}

// A host without power says nothing; back again it breaks what it does not remember, and its
// address serves its next incarnation.
static void test_partition_hosts_vanish(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        assert_passed(run_seed(direct_vanish, seed));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partition_holds_or_drops),
        cmocka_unit_test(test_partition_leaves_connections_half_open),
        cmocka_unit_test(test_partition_loses_ends_and_breaks),
        cmocka_unit_test(test_partition_times_connects_out),
        cmocka_unit_test(test_partition_has_shapes),
        cmocka_unit_test(test_partition_takes_in_all_hosts),
        cmocka_unit_test(test_clog_ends_by_itself),
        cmocka_unit_test(test_partition_hosts_vanish),
    };
    return cmocka_run_group_tests_name("sim.partition", tests, NULL, NULL);
}

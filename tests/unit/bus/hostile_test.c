// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What strangers and liars may send to a bus: it drops them, and goes on with its friends.
 */
#include "unit/bus/bus_fixture.h"

#include <sys/eventfd.h>

#include <mycelium/interface/poller.h>
#include <mycelium/interface/shm.h>

#include "platform/posix/posix.h"

// A peer written by hand: the node "right", which dials "left".
struct liar {
    struct fixture fixture;
    struct myc__channel channel;
};

static void dial(struct liar *liar)
{
    struct myc_handle stream;
    assert_int_equal(
        myc_stream_connect(
            liar->fixture.platform->stream,
            &liar->fixture.topology.nodes[0].address,
            &stream,
            NULL),
        MYC_OK);
    myc__channel_init(&liar->channel, liar->fixture.platform, stream, true);
}

static void
say(struct liar *liar,
    const unsigned char *record,
    size_t size,
    const struct myc_handle *handles,
    size_t count)
{
    assert_int_equal(myc__channel_queue(&liar->channel, record, size, handles, count), MYC_OK);
    assert_int_equal(myc__channel_flush(&liar->channel), MYC_OK);
}

// Turns the bus until it answers or hangs up.
static enum myc_status hear(struct liar *liar, struct myc_record *out_record)
{
    enum myc_status status = MYC_AGAIN;
    for (int i = 0; i < 1000 && status == MYC_AGAIN; i++) {
        fixture_work(&liar->fixture);
        status = myc__channel_receive(&liar->channel, out_record, NULL);
    }
    return status;
}

static struct myc__hello right_hello(void)
{
    struct myc__hello hello = {
        .protocol_min = 1,
        .protocol_max = 1,
        .contract_version = 1,
        .contract_min_compatible = 1,
        .contract_id = 77,
        .contract_digest = {1, 2, 3},
        .node = "right",
        .target = "left",
        .node_epoch = 4711,
    };
    return hello;
}

static void say_hello(struct liar *liar, const struct myc__hello *hello)
{
    unsigned char record[MYC__HELLO_BYTES];
    myc__hello_encode(hello, record);
    say(liar, record, sizeof(record), NULL, 0);
}

static void open_liar(struct liar *liar, enum myc_transport_kind transport)
{
    fixture_init(&liar->fixture, transport);
    fixture_open_side(&liar->fixture, 0);
    assert_int_equal(
        myc_publisher_create(
            liar->fixture.buses[0],
            &liar->fixture.waiters[0],
            "alpha",
            NULL,
            &liar->fixture.publisher,
            NULL),
        MYC_OK);
    dial(liar);
}

static void open_friend(struct liar *liar, enum myc_transport_kind transport)
{
    struct myc__hello hello = right_hello();
    struct myc_record record;
    open_liar(liar, transport);
    say_hello(liar, &hello);
    assert_int_equal(hear(liar, &record), MYC_OK);
    assert_int_equal(record.type, MYC_RECORD_WELCOME);
    assert_int_equal(hear(liar, &record), MYC_OK);
    assert_int_equal(record.type, MYC_RECORD_ANNOUNCE);
}

static void close_liar(struct liar *liar)
{
    myc__channel_close(&liar->channel);
    fixture_close(&liar->fixture);
}

static bool is_hung_up(enum myc_status status)
{
    return status == MYC_END || status == MYC_RESET;
}

// HELLO with any one byte changed is answered or dropped, never believed wrongly and never fatal.
static void test_hostile_hello_bytes(void **state)
{
    (void)state;
    struct liar liar;
    unsigned char record[MYC__HELLO_BYTES];
    struct myc__hello hello = right_hello();
    struct myc_record answer;
    open_liar(&liar, MYC_TRANSPORT_UNIX);
    for (size_t i = 0; i < sizeof(record); i++) {
        myc__hello_encode(&hello, record);
        record[i] ^= 0xA5;
        say(&liar, record, sizeof(record), NULL, 0);
        // A length that grew waits for more bytes: they never come.
        myc_stream_shutdown(liar.fixture.platform->stream, liar.channel.stream);
        enum myc_status status = hear(&liar, &answer);
        assert_true(status == MYC_OK || is_hung_up(status));
        if (status == MYC_OK) {
            assert_true(answer.type == MYC_RECORD_REJECT || answer.type == MYC_RECORD_WELCOME);
        }
        myc__channel_close(&liar.channel);
        dial(&liar);
    }
    close_liar(&liar);
}

// Another contract is refused with the field and both values, on both sides.
static void test_hostile_digest_is_named(void **state)
{
    (void)state;
    struct liar liar;
    struct myc__hello hello = right_hello();
    struct myc_record answer;
    struct myc__reject reject;
    struct myc_diagnostic diagnostic;
    open_liar(&liar, MYC_TRANSPORT_UNIX);
    hello.contract_digest[0] = 0xEE;
    say_hello(&liar, &hello);
    assert_int_equal(hear(&liar, &answer), MYC_OK);
    assert_int_equal(answer.type, MYC_RECORD_REJECT);
    assert_int_equal(myc__reject_decode(answer.payload, answer.size, &reject, NULL), MYC_OK);
    assert_string_equal(reject.field, "contract digest");
    assert_memory_equal(reject.theirs, "ee0203", 6);
    assert_memory_equal(reject.ours, "010203", 6);
    assert_int_equal(myc_bus_status(liar.fixture.buses[0], &diagnostic), MYC_MISMATCH);
    assert_non_null(strstr(diagnostic.text, "ee0203"));
    assert_non_null(strstr(diagnostic.text, "010203"));
    close_liar(&liar);
}

// The dialler that is refused says so in its status, naming both values as well.
static void test_hostile_digest_is_named_by_the_dialler(void **state)
{
    (void)state;
    struct fixture fixture;
    struct myc_contract other = fixture_contract;
    struct myc_diagnostic diagnostic;
    fixture_init(&fixture, MYC_TRANSPORT_UNIX);
    fixture_open_side(&fixture, 0);
    other.digest[0] = 0xEE;
    struct myc_bus_options options = {
        .topology = &fixture.topology, .node = "right", .contract = &other};
    assert_int_equal(myc_waiter_open(&fixture.waiters[1], fixture.platform), MYC_OK);
    assert_int_equal(
        myc_bus_create(fixture.platform, &options, &fixture.buses[1], &diagnostic), MYC_OK);
    FIXTURE_UNTIL(&fixture, false, myc_bus_status(fixture.buses[1], &diagnostic) != MYC_OK);
    assert_int_equal(myc_bus_status(fixture.buses[1], &diagnostic), MYC_MISMATCH);
    assert_non_null(strstr(diagnostic.text, "ours ee0203"));
    assert_non_null(strstr(diagnostic.text, "theirs 010203"));
    fixture_close(&fixture);
}

// After HELLO: records that make no sense end the link and nothing else.
static void test_hostile_records_end_the_link(void **state)
{
    (void)state;
    for (uint16_t type = MYC_RECORD_HELLO; type <= MYC_RECORD_BYE + 1; type++) {
        struct liar liar;
        unsigned char record[MYC__SESSION_BYTES_MAX];
        struct myc_record answer;
        uint64_t word = myc_record_word(type, 1, 16);
        if (type == MYC_RECORD_HEARTBEAT) {
            continue; // It may say anything.
        }
        open_friend(&liar, MYC_TRANSPORT_SHM);
        memset(record, 0xFF, sizeof(record));
        memcpy(record, &word, sizeof(word));
        if (type == MYC_RECORD_UNSUBSCRIBE) {
            // Names nothing that exists: ignored, and the link lives.
            say(&liar, record, 24, NULL, 0);
            word = myc_record_word(type, 1, 8);
            memcpy(record, &word, sizeof(word));
            say(&liar, record, 16, NULL, 0);
        } else {
            say(&liar, record, 24, NULL, 0);
        }
        assert_true(is_hung_up(hear(&liar, &answer)));
        assert_int_equal(fixture_publish(&liar.fixture), MYC_NO_SUBSCRIBER);
        close_liar(&liar);
    }
}

// Handles that nobody asked for are closed, however many come.
static void test_hostile_handles_are_closed(void **state)
{
    (void)state;
    struct liar liar;
    unsigned char record[MYC__BYE_BYTES];
    struct myc_handle bells[3];
    struct myc_record answer;
    enum myc_status status = MYC_AGAIN;
    open_friend(&liar, MYC_TRANSPORT_SHM);
    assert_int_equal(myc_doorbell_open(liar.fixture.platform->poller, &bells[0]), MYC_OK);
    bells[1] = bells[0];
    bells[2] = bells[0];
    myc__bye_encode(record);
    uint64_t word = myc_record_word(MYC_RECORD_HEARTBEAT, 1, MYC__BYE_BYTES - 8);
    memcpy(record, &word, sizeof(word));
    for (int i = 0; i < 4; i++) {
        say(&liar, record, sizeof(record), bells, 3);
    }
    status = hear(&liar, &answer);
    assert_true(is_hung_up(status));
    myc_doorbell_close(liar.fixture.platform->poller, bells[0]);
    close_liar(&liar);
}

// A subscription through shared memory is granted, and freed when the link goes, without a word.
static void test_hostile_subscriber_goes_without_unsubscribing(void **state)
{
    (void)state;
    struct liar liar;
    unsigned char record[MYC__SUBSCRIBE_BYTES];
    struct myc_handle bell;
    struct myc_handle handles[3];
    struct myc_record answer;
    struct myc__attach attach;
    open_friend(&liar, MYC_TRANSPORT_SHM);
    struct myc__subscribe subscribe = {
        .publisher_id = liar.fixture.publisher->id,
        .publisher_epoch = liar.fixture.publisher->epoch,
        .subscription = 99};
    assert_int_equal(myc_doorbell_open(liar.fixture.platform->poller, &bell), MYC_OK);
    myc__subscribe_encode(&subscribe, record);
    // Far more often than there are slots: refused from then on, and the link lives.
    for (uint32_t i = 0; i < MYC_RING_READERS_MAX + 8; i++) {
        say(&liar, record, sizeof(record), &bell, 1);
        assert_int_equal(hear(&liar, &answer), MYC_OK);
        assert_int_equal(answer.type, MYC_RECORD_ATTACH);
        assert_int_equal(myc__attach_decode(answer.payload, answer.size, &attach, NULL), MYC_OK);
        assert_int_equal(attach.subscription, 99);
        if (i < MYC_RING_READERS_MAX) {
            assert_true(attach.ring_bytes > 0);
            assert_int_equal(myc__channel_take_handles(&liar.channel, handles, 3), MYC_OK);
            for (int j = 0; j < 3; j++) {
                myc_shm_close(liar.fixture.platform->shm, handles[j]);
            }
        } else {
            assert_int_equal(attach.ring_bytes, 0);
            assert_int_equal(attach.ticket.slot, MYC_LIMIT);
        }
    }
    myc__channel_close(&liar.channel);
    FIXTURE_UNTIL(
        &liar.fixture, false, myc_load_relaxed_u32(&liar.fixture.publisher->matched) == 0);
    assert_int_equal(fixture_publish(&liar.fixture), MYC_NO_SUBSCRIBER);
    myc_doorbell_close(liar.fixture.platform->poller, bell);
    close_liar(&liar);
}

// Whoever passes something else than a doorbell to be rung by could have us block on it, or write
// into it: refused, and the link with it.
static void test_hostile_bells_are_refused(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct liar liar;
        unsigned char record[MYC__SUBSCRIBE_BYTES];
        struct myc_handle handle = {0};
        struct myc_record answer;
        open_friend(&liar, MYC_TRANSPORT_SHM);
        struct myc_platform *platform = liar.fixture.platform;
        struct myc__subscribe subscribe = {
            .publisher_id = liar.fixture.publisher->id,
            .publisher_epoch = liar.fixture.publisher->epoch,
            .subscription = 99};
        if (kind == 0) {
            assert_int_equal(myc_shm_create(platform->shm, "bell", 4096, &handle), MYC_OK);
        } else if (kind == 1) {
            assert_int_equal(myc_poller_open(platform->poller, &handle), MYC_OK);
        } else {
            // The real thing, but whoever fills it makes the next ring wait.
            int fd = eventfd(0, EFD_CLOEXEC);
            assert_true(fd >= 0);
            handle = myc__posix_handle(fd);
        }
        myc__subscribe_encode(&subscribe, record);
        say(&liar, record, sizeof(record), &handle, 1);
        assert_true(is_hung_up(hear(&liar, &answer)));
        assert_int_equal(myc_load_relaxed_u32(&liar.fixture.publisher->matched), 0);
        myc_shm_close(platform->shm, handle);
        close_liar(&liar);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_hello_bytes),
        cmocka_unit_test(test_hostile_digest_is_named),
        cmocka_unit_test(test_hostile_digest_is_named_by_the_dialler),
        cmocka_unit_test(test_hostile_records_end_the_link),
        cmocka_unit_test(test_hostile_handles_are_closed),
        cmocka_unit_test(test_hostile_subscriber_goes_without_unsubscribing),
        cmocka_unit_test(test_hostile_bells_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

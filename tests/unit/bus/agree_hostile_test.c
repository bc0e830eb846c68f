// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Liars among those who show a contract: what breaks the rules of the exchange ends the connection,
 * and nothing else.
 */
#include "unit/bus/paper.h"

#include "transport/stream/channel.h"

// A peer written by hand.
struct liar {
    struct fixture fixture;
    struct myc__channel channel;
    struct myc_handle listener; /* where it is dialled */
};

static void say(struct liar *liar, const unsigned char *record, size_t size)
{
    assert_int_equal(myc__channel_queue(&liar->channel, record, size, NULL, 0), MYC_OK);
    assert_int_equal(myc__channel_flush(&liar->channel), MYC_OK);
}

// Turns the bus until it says something other than its contract, or hangs up.
static enum myc_status hear(struct liar *liar, struct myc_record *out_record)
{
    enum myc_status status = MYC_AGAIN;
    uint64_t end_ns = myc_clock_monotonic_ns(liar->fixture.platform->clock) + patience_ns;
    while (status == MYC_AGAIN || (status == MYC_OK && out_record->type == MYC_RECORD_CONTRACT)) {
        assert_true(myc_clock_monotonic_ns(liar->fixture.platform->clock) < end_ns);
        fixture_work(&liar->fixture);
        status = myc__channel_receive(&liar->channel, out_record, NULL);
    }
    return status;
}

static void expect_hang_up(struct liar *liar)
{
    struct myc_record record;
    enum myc_status status = hear(liar, &record);
    assert_true(status == MYC_END || status == MYC_RESET);
    assert_int_equal(myc_bus_status(liar->fixture.buses[0], NULL), MYC_OK);
}

static void say_hello(struct liar *liar, uint16_t kind)
{
    unsigned char record[MYC__HELLO_BYTES];
    const struct myc_contract *contract = &papers[1].contract;
    struct myc__hello hello = {
        .protocol_min = 1,
        .protocol_max = 2,
        .kind = kind,
        .contract_version = contract->version,
        .contract_min_compatible = contract->min_compatible,
        .contract_id = contract->id,
        .node = "right",
        .target = "left",
        .node_epoch = 4711,
        .publisher_id = 1,
        .form_bytes = contract->canonical_size,
        .form_max = 65536,
    };
    memcpy(hello.contract_digest, contract->digest, MYC_DIGEST_BYTES);
    myc__hello_encode(&hello, record);
    say(liar, record, sizeof(record));
}

// Shows one part of a form; `total` as it says.
static void
say_part(struct liar *liar, const struct myc_contract *contract, uint32_t total, uint32_t offset)
{
    unsigned char record[MYC__CONTRACT_BYTES];
    struct myc__contract_part part = {.total = total, .offset = offset};
    uint32_t left = contract->canonical_size - offset;
    part.size = left < MYC__CONTRACT_PART_BYTES ? left : MYC__CONTRACT_PART_BYTES;
    memcpy(part.bytes, contract->canonical + offset, part.size);
    myc__contract_part_encode(&part, record);
    say(liar, record, sizeof(record));
}

static void say_form(struct liar *liar, const struct myc_contract *contract)
{
    for (uint32_t at = 0; at < contract->canonical_size; at += MYC__CONTRACT_PART_BYTES) {
        say_part(liar, contract, contract->canonical_size, at);
    }
}

static void write_papers(void)
{
    write_paper(&papers[0], 1, 1, &quote_1, 3);
    write_paper(&papers[1], 2, 1, &quote_2, 3);
}

// The liar dials.
static void open_liar(struct liar *liar, uint16_t kind)
{
    struct myc_handle stream;
    memset(liar, 0, sizeof(*liar));
    fixture_init(&liar->fixture, MYC_TRANSPORT_UNIX);
    liar->fixture.contracts[0] = &papers[0].contract;
    fixture_open_side(&liar->fixture, 0);
    assert_int_equal(
        myc_stream_connect(
            liar->fixture.platform->stream,
            &liar->fixture.topology.nodes[0].address,
            &stream,
            NULL),
        MYC_OK);
    myc__channel_init(&liar->channel, liar->fixture.platform, stream, false);
    say_hello(liar, kind);
}

static void close_liar(struct liar *liar)
{
    myc__channel_close(&liar->channel);
    if (liar->listener.value != 0) {
        myc_listener_close(liar->fixture.platform->listener, liar->listener);
    }
    fixture_close(&liar->fixture);
}

// The honest course, so that what follows fails for its lie only.
static void test_liar_can_be_honest(void **state)
{
    (void)state;
    struct liar liar;
    struct myc_record record;
    write_papers();
    open_liar(&liar, MYC__HELLO_CONTROL);
    say_form(&liar, &papers[1].contract);
    assert_int_equal(hear(&liar, &record), MYC_OK);
    assert_int_equal(record.type, MYC_RECORD_WELCOME);
    close_liar(&liar);
}

// Parts out of order, of a form that changes its length or is longer than there is room for.
static void test_liar_shows_bad_parts(void **state)
{
    (void)state;
    write_papers();
    const struct myc_contract *contract = &papers[1].contract;
    uint32_t size = contract->canonical_size;
    assert_true(size > 2 * MYC__CONTRACT_PART_BYTES);
    const struct {
        uint32_t first_total;
        uint32_t first_offset;
        uint32_t second_total;
        uint32_t second_offset;
    } lies[] = {
        {size, MYC__CONTRACT_PART_BYTES, size, 0},
        {size, 0, size, 0},
        {size, 0, size, 2 * MYC__CONTRACT_PART_BYTES},
        {size, 0, size + 400, MYC__CONTRACT_PART_BYTES},
        {100000, 0, 100000, MYC__CONTRACT_PART_BYTES},
        {0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct liar liar;
        open_liar(&liar, MYC__HELLO_CONTROL);
        say_part(&liar, contract, lies[i].first_total, lies[i].first_offset);
        say_part(&liar, contract, lies[i].second_total, lies[i].second_offset);
        expect_hang_up(&liar);
        close_liar(&liar);
    }
}

// A form that is none, and one of another contract than the HELLO spoke of.
static void test_liar_shows_another_form(void **state)
{
    (void)state;
    static struct paper other;
    for (int lie = 0; lie < 3; lie++) {
        struct liar liar;
        write_papers();
        write_paper(&other, 2, 1, &quote_1, 3);
        if (lie < 2) {
            other = papers[1];
            other.contract.canonical = other.form;
            other.form[lie == 0 ? 0 : other.contract.canonical_size - 1] = '?';
        }
        open_liar(&liar, MYC__HELLO_CONTROL);
        say_form(&liar, &other.contract);
        expect_hang_up(&liar);
        close_liar(&liar);
    }
}

// Anything else before the contracts are compared: nothing is announced, attached or delivered.
static void test_liar_goes_on_without_a_form(void **state)
{
    (void)state;
    struct liar liar;
    unsigned char record[MYC__ANNOUNCE_BYTES];
    const struct myc__announce announce = {
        .publisher_id = 1, .publisher_epoch = 2, .topic = "alpha"};
    write_papers();
    open_liar(&liar, MYC__HELLO_CONTROL);
    myc__announce_encode(&announce, record);
    say(&liar, record, sizeof(record));
    expect_hang_up(&liar);
    assert_int_equal(liar.fixture.buses[0]->links[1].remote_count, 0);
    close_liar(&liar);
}

// A data connection of a contract that no control connection has agreed on is sent away.
static void test_liar_wants_data_at_once(void **state)
{
    (void)state;
    struct liar liar;
    struct myc_record record;
    struct myc__reject reject;
    write_papers();
    open_liar(&liar, MYC__HELLO_DATA);
    assert_int_equal(hear(&liar, &record), MYC_OK);
    assert_int_equal(record.type, MYC_RECORD_REJECT);
    assert_int_equal(myc__reject_decode(record.payload, record.size, &reject, NULL), MYC_OK);
    assert_int_equal(reject.status, MYC_NOT_CONNECTED);
    assert_string_equal(reject.field, "contract digest");
    close_liar(&liar);
}

// A dialler may say that it will not have our contract: then that is how the bus is.
static void test_dialler_may_refuse(void **state)
{
    (void)state;
    struct liar liar;
    unsigned char record[MYC__REJECT_BYTES];
    const struct myc__reject reject = {
        .status = MYC_MISMATCH, .field = "Quote.price", .theirs = "version 2", .ours = "version 1"};
    struct myc_diagnostic why;
    write_papers();
    open_liar(&liar, MYC__HELLO_CONTROL);
    myc__reject_encode(&reject, record);
    say(&liar, record, sizeof(record));
    FIXTURE_UNTIL(
        &liar.fixture, false, myc_bus_status(liar.fixture.buses[0], &why) == MYC_MISMATCH);
    assert_string_equal(
        why.text, "node 'right' refuses us: Quote.price ours version 1, theirs version 2");
    close_liar(&liar);
}

// Who is dialled may not welcome before it has seen our contract and shown all of its own.
static void test_answerer_welcomes_too_early(void **state)
{
    (void)state;
    struct liar liar;
    struct myc_record record;
    unsigned char welcome_record[MYC__WELCOME_BYTES];
    const struct myc__welcome welcome = {.node = "left", .node_epoch = 3};
    enum myc_status status = MYC_AGAIN;
    memset(&liar, 0, sizeof(liar));
    write_papers();
    fixture_init(&liar.fixture, MYC_TRANSPORT_UNIX);
    assert_int_equal(
        myc_listener_listen(
            liar.fixture.platform->listener,
            &liar.fixture.topology.nodes[0].address,
            1,
            &liar.listener,
            NULL),
        MYC_OK);
    liar.fixture.contracts[1] = &papers[0].contract;
    fixture_open_side(&liar.fixture, 1);
    struct myc_handle stream;
    while (status == MYC_AGAIN) {
        fixture_work(&liar.fixture);
        status = myc_listener_accept(liar.fixture.platform->listener, liar.listener, &stream);
    }
    assert_int_equal(status, MYC_OK);
    myc__channel_init(&liar.channel, liar.fixture.platform, stream, false);
    assert_int_equal(hear(&liar, &record), MYC_OK);
    assert_int_equal(record.type, MYC_RECORD_HELLO);
    say_part(&liar, &papers[1].contract, papers[1].contract.canonical_size, 0);
    myc__welcome_encode(&welcome, welcome_record);
    say(&liar, welcome_record, sizeof(welcome_record));
    status = hear(&liar, &record);
    assert_true(status == MYC_END || status == MYC_RESET);
    assert_false(liar.fixture.buses[1]->links[0].was_up);
    close_liar(&liar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_liar_can_be_honest),
        cmocka_unit_test(test_liar_shows_bad_parts),
        cmocka_unit_test(test_liar_shows_another_form),
        cmocka_unit_test(test_liar_goes_on_without_a_form),
        cmocka_unit_test(test_liar_wants_data_at_once),
        cmocka_unit_test(test_dialler_may_refuse),
        cmocka_unit_test(test_answerer_welcomes_too_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

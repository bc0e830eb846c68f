// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Session records: what is written comes back, and every lie in a field that has a rule is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/session.h"

static struct myc__hello sample_hello(void)
{
    struct myc__hello hello = {
        .protocol_min = 1,
        .protocol_max = 1,
        .kind = MYC__HELLO_DATA,
        .contract_version = 3,
        .contract_min_compatible = 2,
        .contract_id = 0xA1B2C3D4,
        .node = "left",
        .target = "right",
        .node_epoch = 0x0102030405060708,
        .publisher_id = 5,
        .publisher_epoch = 6,
        .attempt = 7,
        .subscribers = 8,
        .now_ns = 9,
    };
    memset(hello.contract_digest, 0x5A, sizeof(hello.contract_digest));
    return hello;
}

// The header of a record names its type and the length of what follows.
static void check_header(const unsigned char *record, uint16_t type, size_t bytes)
{
    uint64_t word;
    memcpy(&word, record, sizeof(word));
    struct myc_record_header header = myc_record_header(word);
    assert_int_equal(header.type, type);
    assert_int_equal(header.version, MYC__PROTOCOL_VERSION);
    assert_int_equal(header.length, bytes - MYC_RECORD_HEADER_BYTES);
}

// HELLO comes back field by field.
static void test_session_hello_round_trip(void **state)
{
    (void)state;
    unsigned char record[MYC__HELLO_BYTES];
    struct myc__hello in = sample_hello();
    struct myc__hello out;
    memset(&out, 0, sizeof(out));
    myc__hello_encode(&in, record);
    check_header(record, MYC_RECORD_HELLO, sizeof(record));
    assert_int_equal(myc__hello_decode(record + 8, sizeof(record) - 8, &out, NULL), MYC_OK);
    assert_int_equal(out.protocol_min, 1);
    assert_int_equal(out.protocol_max, 1);
    assert_int_equal(out.kind, MYC__HELLO_DATA);
    assert_int_equal(out.contract_version, 3);
    assert_int_equal(out.contract_min_compatible, 2);
    assert_int_equal(out.contract_id, 0xA1B2C3D4);
    assert_memory_equal(out.contract_digest, in.contract_digest, MYC_DIGEST_BYTES);
    assert_string_equal(out.node, "left");
    assert_string_equal(out.target, "right");
    assert_true(out.node_epoch == in.node_epoch);
    assert_int_equal(out.publisher_id, 5);
    assert_int_equal(out.publisher_epoch, 6);
    assert_int_equal(out.attempt, 7);
    assert_int_equal(out.subscribers, 8);
    assert_int_equal(out.now_ns, 9);
}

// The other records come back too.
static void test_session_records_round_trip(void **state)
{
    (void)state;
    unsigned char record[MYC__SESSION_BYTES_MAX];
    struct myc__welcome welcome = {.node = "left", .node_epoch = 1, .sequence = 2, .now_ns = 3};
    struct myc__welcome welcome_out;
    myc__welcome_encode(&welcome, record);
    check_header(record, MYC_RECORD_WELCOME, MYC__WELCOME_BYTES);
    assert_int_equal(
        myc__welcome_decode(record + 8, MYC__WELCOME_BYTES - 8, &welcome_out, NULL), MYC_OK);
    assert_memory_equal(&welcome_out, &welcome, sizeof(welcome));

    struct myc__reject reject = {
        .status = MYC_MISMATCH, .field = "contract id", .theirs = "1", .ours = "2"};
    struct myc__reject reject_out;
    myc__reject_encode(&reject, record);
    check_header(record, MYC_RECORD_REJECT, MYC__REJECT_BYTES);
    assert_int_equal(
        myc__reject_decode(record + 8, MYC__REJECT_BYTES - 8, &reject_out, NULL), MYC_OK);
    assert_int_equal(reject_out.status, MYC_MISMATCH);
    assert_string_equal(reject_out.field, "contract id");
    assert_string_equal(reject_out.theirs, "1");
    assert_string_equal(reject_out.ours, "2");

    struct myc__announce announce = {.publisher_id = 4, .publisher_epoch = 5, .topic = "prices"};
    struct myc__announce announce_out;
    myc__announce_encode(&announce, record);
    check_header(record, MYC_RECORD_ANNOUNCE, MYC__ANNOUNCE_BYTES);
    assert_int_equal(
        myc__announce_decode(record + 8, MYC__ANNOUNCE_BYTES - 8, &announce_out, NULL), MYC_OK);
    assert_memory_equal(&announce_out, &announce, sizeof(announce));

    struct myc__subscribe subscribe = {
        .publisher_id = 6, .publisher_epoch = 7, .subscription = UINT64_MAX};
    struct myc__subscribe subscribe_out;
    myc__subscribe_encode(&subscribe, record);
    check_header(record, MYC_RECORD_SUBSCRIBE, MYC__SUBSCRIBE_BYTES);
    assert_int_equal(
        myc__subscribe_decode(record + 8, MYC__SUBSCRIBE_BYTES - 8, &subscribe_out, NULL), MYC_OK);
    assert_memory_equal(&subscribe_out, &subscribe, sizeof(subscribe));
}

// ATTACH, UNSUBSCRIBE, ACK and BYE come back.
static void test_session_small_records_round_trip(void **state)
{
    (void)state;
    unsigned char record[MYC__SESSION_BYTES_MAX];
    struct myc__attach attach = {
        .subscription = 1,
        .ring_bytes = 2,
        .ticket = {.slot = 3, .generation = 4, .position = 5, .sequence = 6}};
    struct myc__attach attach_out;
    myc__attach_encode(&attach, record);
    check_header(record, MYC_RECORD_ATTACH, MYC__ATTACH_BYTES);
    assert_int_equal(
        myc__attach_decode(record + 8, MYC__ATTACH_BYTES - 8, &attach_out, NULL), MYC_OK);
    assert_memory_equal(&attach_out, &attach, sizeof(attach));

    struct myc__unsubscribe unsubscribe = {.publisher_id = 7, .slot = 8, .generation = 9};
    struct myc__unsubscribe unsubscribe_out;
    myc__unsubscribe_encode(&unsubscribe, record);
    check_header(record, MYC_RECORD_UNSUBSCRIBE, MYC__UNSUBSCRIBE_BYTES);
    assert_int_equal(
        myc__unsubscribe_decode(record + 8, MYC__UNSUBSCRIBE_BYTES - 8, &unsubscribe_out, NULL),
        MYC_OK);
    assert_memory_equal(&unsubscribe_out, &unsubscribe, sizeof(unsubscribe));

    uint64_t sequence = 0;
    myc__ack_encode(UINT64_MAX - 1, record);
    check_header(record, MYC_RECORD_ACK, MYC__ACK_BYTES);
    assert_int_equal(myc__ack_decode(record + 8, MYC__ACK_BYTES - 8, &sequence, NULL), MYC_OK);
    assert_true(sequence == UINT64_MAX - 1);
    myc__heartbeat_encode(UINT64_C(0x0102030405060708), record);
    check_header(record, MYC_RECORD_HEARTBEAT, MYC__HEARTBEAT_BYTES);
    assert_int_equal(record[8], 8);
    assert_int_equal(record[15], 1);
    myc__bye_encode(record);
    check_header(record, MYC_RECORD_BYE, MYC__BYE_BYTES);
}

// A payload of any other size is refused, by every decoder.
static void test_session_refuses_every_other_size(void **state)
{
    (void)state;
    unsigned char payload[MYC__SESSION_BYTES_MAX + 8];
    struct myc__hello hello;
    struct myc__welcome welcome;
    struct myc__reject reject;
    struct myc__announce announce;
    struct myc__subscribe subscribe;
    struct myc__attach attach;
    struct myc__unsubscribe unsubscribe;
    uint64_t sequence = 0;
    memset(payload, 0, sizeof(payload));
    for (size_t size = 0; size <= sizeof(payload); size++) {
        // HELLO needs its magic and REJECT a reason, so zeros are never one.
        assert_int_equal(myc__hello_decode(payload, size, &hello, NULL), MYC_CORRUPT);
        assert_int_equal(myc__reject_decode(payload, size, &reject, NULL), MYC_CORRUPT);
        assert_int_equal(
            myc__welcome_decode(payload, size, &welcome, NULL),
            size == MYC__WELCOME_BYTES - 8 ? MYC_OK : MYC_CORRUPT);
        assert_int_equal(
            myc__announce_decode(payload, size, &announce, NULL),
            size == MYC__ANNOUNCE_BYTES - 8 ? MYC_OK : MYC_CORRUPT);
        assert_int_equal(
            myc__subscribe_decode(payload, size, &subscribe, NULL),
            size == MYC__SUBSCRIBE_BYTES - 8 ? MYC_OK : MYC_CORRUPT);
        assert_int_equal(
            myc__attach_decode(payload, size, &attach, NULL),
            size == MYC__ATTACH_BYTES - 8 ? MYC_OK : MYC_CORRUPT);
        assert_int_equal(
            myc__unsubscribe_decode(payload, size, &unsubscribe, NULL),
            size == MYC__UNSUBSCRIBE_BYTES - 8 ? MYC_OK : MYC_CORRUPT);
        assert_int_equal(
            myc__ack_decode(payload, size, &sequence, NULL),
            size == MYC__ACK_BYTES - 8 ? MYC_OK : MYC_CORRUPT);
    }
}

// A HELLO that lies in a field with a rule is refused, and the diagnostic names the field.
static void test_session_names_the_corrupt_field_of_hello(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        size_t count;
        unsigned char value;
        const char *field;
    } lies[] = {
        {0, 1, 'm', "magic"},
        {7, 1, 0, "magic"},
        {12, 1, 2, "kind"},
        {13, 1, 1, "kind"},
        {56, MYC_NAME_BYTES, 'x', "HELLO node"},
        {88, MYC_NAME_BYTES, 'x', "HELLO target"},
    };
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        unsigned char record[MYC__HELLO_BYTES];
        struct myc__hello hello = sample_hello();
        struct myc_diagnostic diagnostic;
        myc__hello_encode(&hello, record);
        memset(record + 8 + lies[i].offset, lies[i].value, lies[i].count);
        assert_int_equal(
            myc__hello_decode(record + 8, sizeof(record) - 8, &hello, &diagnostic), MYC_CORRUPT);
        assert_non_null(strstr(diagnostic.text, lies[i].field));
    }
}

// The same for the texts of the others and the reason of a REJECT.
static void test_session_names_the_corrupt_field_of_others(void **state)
{
    (void)state;
    unsigned char payload[MYC__SESSION_BYTES_MAX];
    struct myc_diagnostic diagnostic;
    struct myc__welcome welcome;
    struct myc__announce announce;
    struct myc__reject reject;
    memset(payload, 'x', sizeof(payload));
    assert_int_equal(
        myc__welcome_decode(payload, MYC__WELCOME_BYTES - 8, &welcome, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "WELCOME node"));
    assert_int_equal(
        myc__announce_decode(payload, MYC__ANNOUNCE_BYTES - 8, &announce, &diagnostic),
        MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "ANNOUNCE topic"));
    assert_int_equal(
        myc__reject_decode(payload, MYC__REJECT_BYTES - 8, &reject, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "reason"));
    memset(payload, 0, 4);
    payload[0] = MYC_LIMIT;
    assert_int_equal(
        myc__reject_decode(payload, MYC__REJECT_BYTES - 8, &reject, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "REJECT field"));
}

// Two nodes agree, or the first difference is named with both values.
static void test_session_compare_names_field_and_both_values(void **state)
{
    (void)state;
    struct myc__hello ours = sample_hello();
    struct myc__hello theirs = sample_hello();
    struct myc__reject reject;
    assert_int_equal(myc__hello_compare(&theirs, &ours, &reject), MYC_OK);
    theirs.contract_digest[31] = 0xFF;
    assert_int_equal(myc__hello_compare(&theirs, &ours, &reject), MYC_MISMATCH);
    assert_string_equal(reject.field, "contract digest");
    assert_int_equal(strlen(reject.theirs), 2 * MYC_DIGEST_BYTES);
    assert_string_equal(reject.theirs + 62, "ff");
    assert_string_equal(reject.ours + 62, "5a");
    theirs.contract_id = 17;
    assert_int_equal(myc__hello_compare(&theirs, &ours, &reject), MYC_MISMATCH);
    assert_string_equal(reject.field, "contract id");
    assert_string_equal(reject.theirs, "17");
    assert_string_equal(reject.ours, "2712847316");
    theirs.protocol_min = 2;
    theirs.protocol_max = 4;
    assert_int_equal(myc__hello_compare(&theirs, &ours, &reject), MYC_MISMATCH);
    assert_string_equal(reject.field, "protocol version");
    assert_string_equal(reject.theirs, "4");
    assert_string_equal(reject.ours, "1");
    assert_int_equal(reject.status, MYC_MISMATCH);
}

// Contracts that differ: who is too old for the other is named with both versions, others must show
// each other their contracts, if both can.
static void test_session_compare_asks_for_the_forms(void **state)
{
    (void)state;
    static const struct {
        uint16_t version;
        uint16_t min_compatible;
        uint16_t protocol_max;
        uint32_t form_bytes;
        uint32_t form_max;
        enum myc_status status;
        const char *field;
        const char *theirs;
        const char *ours;
    } cases[] = {
        {4, 1, 2, 900, 1000, MYC_AGAIN, NULL, NULL, NULL},
        {2, 2, 2, 900, 1000, MYC_AGAIN, NULL, NULL, NULL},
        {3, 3, 9, 1000, 500, MYC_AGAIN, NULL, NULL, NULL},
        {1, 1, 2, 900, 1000, MYC_MISMATCH, "min_compatible", "version 1, min_compatible 1", ""},
        {9, 4, 2, 900, 1000, MYC_MISMATCH, "min_compatible", "version 9, min_compatible 4", ""},
        {4, 1, 1, 900, 1000, MYC_MISMATCH, "contract digest", NULL, NULL},
        {4, 1, 2, 0, 1000, MYC_MISMATCH, "contract digest", NULL, NULL},
        {4, 1, 2, 1001, 1000, MYC_MISMATCH, "bytes of the dialler's contract", "1001", "1000"},
        {4, 1, 2, 900, 499, MYC_MISMATCH, "bytes of our contract", "499", "500"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct myc__hello ours = sample_hello();
        struct myc__hello theirs = sample_hello();
        struct myc__reject reject;
        memset(&reject, 0, sizeof(reject));
        ours.protocol_max = 2;
        ours.form_bytes = 500;
        ours.form_max = 1000;
        theirs.contract_digest[0] ^= 1;
        theirs.contract_version = cases[i].version;
        theirs.contract_min_compatible = cases[i].min_compatible;
        theirs.protocol_max = cases[i].protocol_max;
        theirs.form_bytes = cases[i].form_bytes;
        theirs.form_max = cases[i].form_max;
        assert_int_equal(myc__hello_compare(&theirs, &ours, &reject), cases[i].status);
        if (cases[i].field != NULL) {
            assert_string_equal(reject.field, cases[i].field);
            assert_int_equal(reject.status, MYC_MISMATCH);
        }
        if (cases[i].theirs != NULL) {
            assert_string_equal(reject.theirs, cases[i].theirs);
            assert_string_equal(
                reject.ours, cases[i].ours[0] != 0 ? cases[i].ours : "version 3, min_compatible 2");
        }
    }
}

// CONTRACT comes back; its size follows from where it lies in the form, and nothing is behind it.
static void test_session_contract_parts(void **state)
{
    (void)state;
    unsigned char record[MYC__CONTRACT_BYTES];
    struct myc__contract_part in = {.total = 200, .offset = 184, .size = 16};
    struct myc__contract_part out;
    struct myc_diagnostic diagnostic;
    uint64_t word;
    memset(in.bytes, 'c', in.size);
    myc__contract_part_encode(&in, record);
    memcpy(&word, record, sizeof(word));
    assert_int_equal(myc_record_header(word).type, MYC_RECORD_CONTRACT);
    assert_int_equal(myc_record_header(word).version, MYC__PROTOCOL_FORMS);
    assert_int_equal(myc_record_header(word).length, sizeof(record) - 8);
    assert_int_equal(myc__contract_part_decode(record + 8, sizeof(record) - 8, &out, NULL), MYC_OK);
    assert_int_equal(out.total, 200);
    assert_int_equal(out.offset, 184);
    assert_int_equal(out.size, 16);
    assert_memory_equal(out.bytes, in.bytes, sizeof(out.bytes));
    assert_int_equal(
        myc__contract_part_decode(record + 8, sizeof(record) - 16, &out, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "CONTRACT"));
    record[8 + 8 + 16] = 1;
    assert_int_equal(
        myc__contract_part_decode(record + 8, sizeof(record) - 8, &out, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "behind the form's end"));
    record[8 + 8 + 16] = 0;
    record[8 + 4] = 200;
    assert_int_equal(
        myc__contract_part_decode(record + 8, sizeof(record) - 8, &out, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "offset"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_hello_round_trip),
        cmocka_unit_test(test_session_records_round_trip),
        cmocka_unit_test(test_session_small_records_round_trip),
        cmocka_unit_test(test_session_refuses_every_other_size),
        cmocka_unit_test(test_session_names_the_corrupt_field_of_hello),
        cmocka_unit_test(test_session_names_the_corrupt_field_of_others),
        cmocka_unit_test(test_session_compare_names_field_and_both_values),
        cmocka_unit_test(test_session_compare_asks_for_the_forms),
        cmocka_unit_test(test_session_contract_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

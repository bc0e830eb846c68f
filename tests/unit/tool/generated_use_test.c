// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Generated code as its user calls it: fields in and out, messages onto a bus and back, tails,
// copies to change, any message of a contract.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <mycelium/generated.h>
#include <mycelium/posix.h>

#include "everything.h"
#include "notes.h"

// [GENERATED-1] Memory holds numbers least significant byte first, and both ways are the same.
static void test_numbers_lie_least_significant_byte_first(void **state)
{
    (void)state;
    const uint32_t word = myc_le_u32(0x01020304);
    const uint64_t words = myc_le_u64(0x0102030405060708);
    const double number = myc_le_f64(1.0);
    const struct myc_i256 wide = myc_le_i256(myc_i256_from_i64(-2));
    assert_memory_equal(&word, "\4\3\2\1", 4);
    assert_memory_equal(&words, "\10\7\6\5\4\3\2\1", 8);
    assert_memory_equal(&number, "\0\0\0\0\0\0\360\77", 8);
    assert_memory_equal(&wide, "\376\377\377\377\377\377\377\377\377", 9);
    assert_int_equal(myc_le_u32(word), 0x01020304);
    assert_true(myc_le_f64(number) == 1.0);
    assert_int_equal(myc_le_i16(myc_le_i16(-2)), -2);
}

// [GENERATED-2] One byte that is not zero is found wherever it is, and none beyond the last.
static void test_any_byte_sees_each_byte(void **state)
{
    (void)state;
    uint8_t bytes[20] = {0};
    for (size_t size = 0; size < sizeof(bytes); size++) {
        assert_true(myc_any_byte(bytes, size) == 0);
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = 0x80;
            assert_int_equal(myc_any_byte(bytes, size) != 0, i < size);
            assert_int_equal(myc_odd_presence(0, bytes, size) != 0, i < size);
            assert_true(myc_odd_presence(1, bytes, size) == 0);
            bytes[i] = 0;
        }
        assert_true(myc_odd_presence(2, bytes, size) != 0);
    }
}

// [GENERATED-3] A tail is inside the payload and behind the fixed part, at a multiple of 8, or it
// is none at all.
static void test_tails_are_inside_the_payload(void **state)
{
    (void)state;
    static const struct {
        uint32_t offset;
        uint32_t size;
        bool is_good;
    } cases[] = {
        {0, 0, true},
        {16, 0, true},
        {16, 8, true},
        {16, 9, false},
        {24, 0, true},
        {24, 1, false},
        {8, 8, false},
        {17, 1, false},
        {0, 1, false},
        {16, UINT32_MAX, false},
        {32, 0, false},
        {UINT32_MAX - 7, 8, false},
    };
    const uint64_t payload[3] = {0};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t size = 99;
        const struct myc_tail tail = {myc_le_u32(cases[i].offset), myc_le_u32(cases[i].size)};
        const uint8_t *bytes = myc_tail_bytes(payload, sizeof(payload), 16, tail, &size);
        assert_int_equal(bytes != NULL, cases[i].is_good);
        assert_int_equal(size, cases[i].is_good ? cases[i].size : 0);
        assert_true(bytes == NULL || bytes == (const uint8_t *)payload + cases[i].offset);
    }
}

// Every kind of field gives back what was set, and stays inside its bounds.
static void test_fields_give_back_what_was_set(void **state)
{
    (void)state;
    struct everything_scalars scalars;
    everything_scalars_init(&scalars);
    everything_scalars_set_a_u16(&scalars, 0x1234);
    everything_scalars_set_an_i64(&scalars, INT64_MIN);
    everything_scalars_set_an_f32(&scalars, -1.5F);
    everything_scalars_set_a_bool(&scalars, true);
    everything_scalars_set_a_u256(&scalars, myc_u256_from_u64(7));
    assert_int_equal(everything_scalars_get_a_u16(&scalars), 0x1234);
    assert_true(everything_scalars_get_an_i64(&scalars) == INT64_MIN);
    assert_true(everything_scalars_get_an_f32(&scalars) == -1.5F);
    assert_true(everything_scalars_get_a_bool(&scalars));
    assert_int_equal(everything_scalars_get_a_u256(&scalars).limb[0], 7);
    // On the wire numbers are little-endian, wherever this runs.
    assert_memory_equal(&scalars.a_u16, "\x34\x12", 2);

    struct everything_arrays arrays;
    everything_arrays_init(&arrays);
    assert_int_equal(everything_arrays_set_numbers(&arrays, 2, -3), MYC_OK);
    assert_int_equal(everything_arrays_set_numbers(&arrays, 3, -3), MYC_INVALID);
    assert_int_equal(everything_arrays_get_numbers(&arrays, 2), -3);
    assert_int_equal(everything_arrays_get_numbers(&arrays, 3), 0);
    assert_int_equal(everything_arrays_set_sides(&arrays, 1, EVERYTHING_SIDE_BUY), MYC_OK);
    assert_int_equal(everything_arrays_get_sides(&arrays, 1), EVERYTHING_SIDE_BUY);
    assert_null(everything_arrays_edit_prices(&arrays, 2));
    everything_price_set_units(everything_arrays_edit_prices(&arrays, 1), 99);
    assert_int_equal(everything_price_get_units(everything_arrays_get_prices(&arrays, 1)), 99);
    assert_null(everything_arrays_get_hashes(&arrays, 2));
    assert_int_equal(everything_arrays_validate(&arrays, NULL), MYC_OK);
}

// Vectors and strings: up to their bound and not one more; what is cleared leaves no trace.
static void test_vectors_stay_inside_their_bounds(void **state)
{
    (void)state;
    struct everything_vectors vectors;
    struct everything_vectors empty;
    const uint64_t four[] = {1, 2, 3, 4};
    uint32_t size = 0;
    everything_vectors_init(&vectors);
    everything_vectors_init(&empty);
    assert_int_equal(everything_vectors_set_numbers(&vectors, four, 4), MYC_OK);
    assert_int_equal(everything_vectors_push_numbers(&vectors, 5), MYC_TOO_BIG);
    assert_int_equal(everything_vectors_set_numbers(&vectors, four, 5), MYC_TOO_BIG);
    assert_int_equal(everything_vectors_count_numbers(&vectors), 4);
    assert_int_equal(everything_vectors_get_numbers(&vectors, 3), 4);
    assert_int_equal(everything_vectors_get_numbers(&vectors, 4), 0);
    assert_int_equal(everything_vectors_set_name(&vectors, "abc", 3), MYC_OK);
    assert_int_equal(everything_vectors_push_name(&vectors, "de", 2), MYC_OK);
    assert_memory_equal(everything_vectors_get_name(&vectors, &size), "abcde", 5);
    assert_int_equal(size, 5);
    assert_int_equal(
        everything_vectors_push_name(&vectors, "01234567890123456789", 20), MYC_TOO_BIG);
    for (int i = 0; i < 2; i++) {
        struct everything_price *price = everything_vectors_add_prices(&vectors);
        if (price == NULL) {
            fail_msg("element %d is refused", i);
            return;
        }
        assert_int_equal(everything_price_get_scale(price), 6);
    }
    assert_null(everything_vectors_add_prices(&vectors));
    assert_int_equal(everything_vectors_push_keys(&vectors, (const uint8_t *)"key"), MYC_OK);
    assert_memory_equal(everything_vectors_get_keys(&vectors, 0), "key", 3);
    assert_null(everything_vectors_get_keys(&vectors, 1));
    assert_int_equal(everything_vectors_validate(&vectors, NULL), MYC_OK);
    // A count from outside that is too large is not followed.
    vectors.numbers_count = myc_le_u32(1000);
    assert_int_equal(everything_vectors_count_numbers(&vectors), 4);
    assert_int_equal(everything_vectors_validate(&vectors, NULL), MYC_CORRUPT);
    everything_vectors_clear_numbers(&vectors);
    everything_vectors_clear_name(&vectors);
    everything_vectors_clear_prices(&vectors);
    everything_vectors_clear_keys(&vectors);
    assert_memory_equal(&vectors, &empty, sizeof(vectors));
}

// Rules that chance does not meet: one field at a time breaks them, by one step.
static void test_rules_are_kept(void **state)
{
    (void)state;
    const uint16_t parts[] = {10, 10, 10, 10};
    struct notes_strict strict;
    struct myc_diagnostic diagnostic;
    notes_strict_init(&strict);
    assert_int_equal(notes_strict_validate(&strict, &diagnostic), MYC_OK);
    notes_strict_set_narrow(&strict, 0.0F);
    assert_int_equal(notes_strict_validate(&strict, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "Strict.narrow: 0.0 must not be zero"));
    notes_strict_set_narrow(&strict, -1.0F);
    assert_int_equal(notes_strict_set_parts(&strict, parts, 3), MYC_OK);
    assert_int_equal(notes_strict_validate(&strict, &diagnostic), MYC_OK);
    assert_int_equal(notes_strict_set_parts(&strict, parts, 4), MYC_OK);
    assert_int_equal(notes_strict_validate(&strict, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "Strict.parts: its length 4 is above 3"));
}

// A union is one variant at a time; changing it leaves nothing of the other behind.
static void test_unions_are_one_variant(void **state)
{
    (void)state;
    struct everything_tagged tagged;
    struct myc_diagnostic diagnostic;
    everything_tagged_init(&tagged);
    assert_int_equal(everything_tagged_tag_detail(&tagged), 0);
    assert_int_equal(everything_tagged_validate(&tagged, &diagnostic), MYC_CORRUPT);
    assert_non_null(strstr(diagnostic.text, "Tagged.detail"));
    everything_tagged_set_signal_go(&tagged);
    everything_tagged_set_detail_market(&tagged);
    struct everything_wrapper *wrapper = everything_tagged_edit_wrapper(&tagged);
    struct everything_limit_order *limit = everything_wrapper_edit_detail_limit(wrapper);
    assert_int_equal(everything_limit_order_get_side(limit), EVERYTHING_SIDE_BUY);
    assert_int_equal(everything_tagged_validate(&tagged, &diagnostic), MYC_OK);
    everything_limit_order_set_side(
        everything_tagged_edit_detail_limit(&tagged), EVERYTHING_SIDE_SELL);
    assert_null(everything_tagged_get_detail_stop(&tagged));
    assert_non_null(everything_tagged_get_detail_limit(&tagged));
    everything_tagged_set_detail_market(&tagged);
    assert_int_equal(myc_any_byte(&tagged.detail, sizeof(tagged.detail)), 0);
    assert_int_equal(everything_tagged_validate(&tagged, &diagnostic), MYC_OK);
}

// What is encoded is decoded by one switch; unknown types go where the caller says.
static void test_any_message_is_decoded_by_one_switch(void **state)
{
    (void)state;
    uint64_t buffer[256];
    struct everything_late late;
    struct everything_any any;
    struct myc_diagnostic diagnostic;
    size_t size = 0;
    size_t used = 0;
    everything_late_init(&late);
    assert_int_equal(everything_late_set_reason(&late, "because", 7), MYC_OK);
    assert_int_equal(
        everything_late_encode(&late, buffer, EVERYTHING_LATE_SIZE + 7, &size), MYC_TOO_BIG);
    assert_int_equal(everything_late_encode(&late, buffer, sizeof(buffer), &size), MYC_OK);
    assert_int_equal(
        everything_decode_any_bytes(buffer, size, MYC_UNKNOWN_FAIL, &any, &used, &diagnostic),
        MYC_OK);
    assert_int_equal(used, size);
    assert_int_equal(any.type, EVERYTHING_LATE_TYPE_ID);
    assert_true(everything_late_equals(any.message.late, &late));
    for (size_t cut = 0; cut < size; cut++) {
        enum myc_status status =
            everything_decode_any_bytes(buffer, cut, MYC_UNKNOWN_FAIL, &any, &used, &diagnostic);
        assert_int_equal(status, cut == 0 ? MYC_END : MYC_AGAIN);
        assert_int_equal(used, 0);
    }
    // Version 1 had no fields: the struct is completed with what version 2 defaults to.
    struct myc_record record = {
        .type = EVERYTHING_LATE_TYPE_ID, .version = 1, .size = 8, .payload = &buffer[200]};
    buffer[200] = 0;
    assert_int_equal(everything_decode_any(&record, MYC_UNKNOWN_FAIL, &any, &diagnostic), MYC_OK);
    assert_memory_equal(everything_late_get_reason(any.message.late, &(uint32_t){0}), "none", 4);
    record.size = 7;
    assert_int_equal(
        everything_decode_any(&record, MYC_UNKNOWN_FAIL, &any, &diagnostic), MYC_CORRUPT);
    assert_string_equal(diagnostic.text, "Late: 7 bytes are too short for version 1");

    record = (struct myc_record){.type = 999, .version = 3, .size = 8, .payload = buffer};
    assert_int_equal(everything_decode_any(&record, MYC_UNKNOWN_SKIP, &any, &diagnostic), MYC_OK);
    assert_int_equal(any.type, 0);
    assert_int_equal(everything_decode_any(&record, MYC_UNKNOWN_STORE, &any, &diagnostic), MYC_OK);
    assert_int_equal(any.type, 999);
    assert_false(any.is_known);
    assert_ptr_equal(any.record.payload, buffer);
    assert_int_equal(
        everything_decode_any(&record, MYC_UNKNOWN_FAIL, &any, &diagnostic), MYC_MISMATCH);
    assert_string_equal(diagnostic.text, "everything has no message of type 999");
}

static int handled;

static void on_late(
    struct myc_context *context,
    const struct everything_late *late,
    const struct myc_record *record)
{
    uint32_t size = 0;
    assert_null(context);
    assert_int_equal(record->type, EVERYTHING_LATE_TYPE_ID);
    assert_memory_equal(everything_late_get_reason(late, &size), "none", 4);
    handled++;
}

// A constant table routes each message to its own function.
static void test_messages_are_routed_to_their_handlers(void **state)
{
    (void)state;
    static const struct everything_handlers handlers = {.late = on_late};
    union everything_scratch scratch;
    struct everything_late late;
    everything_late_init(&late);
    struct myc_record record = {
        .type = EVERYTHING_LATE_TYPE_ID, .version = 2, .size = sizeof(late), .payload = &late};
    handled = 0;
    assert_true(everything_dispatch(&handlers, NULL, &record, &scratch));
    record.version = 1;
    assert_true(everything_dispatch(&handlers, NULL, &record, &scratch));
    assert_int_equal(handled, 2);
    record.type = EVERYTHING_NOTHING_TYPE_ID;
    assert_false(everything_dispatch(&handlers, NULL, &record, &scratch));
    record.type = 999;
    assert_false(everything_dispatch(&handlers, NULL, &record, &scratch));
}

// JSON text is the codec's; the generated function only says which message it is.
static void test_messages_are_printed(void **state)
{
    (void)state;
    char text[200];
    struct everything_late late;
    everything_late_init(&late);
    assert_int_equal(everything_late_print(&late, text, sizeof(text), NULL), MYC_OK);
    assert_string_equal(text, "{\"reason\":\"none\"}");
    assert_int_equal(everything_late_print(&late, text, 5, NULL), MYC_TOO_BIG);
}

// ---- On a bus ----

struct bus {
    struct myc_platform *platform;
    struct myc_waiter waiter;
    struct myc_bus *bus;
    struct myc_publisher *publisher;
    struct myc_subscriber *subscriber;
    void (*on_record)(struct bus *bus, const struct myc_record *record);
    int delivered;
};

static void open_bus(struct bus *bus, const struct myc_contract *contract, const char *topic)
{
    struct myc_diagnostic diagnostic;
    static struct myc_topology topology;
    memset(&topology, 0, sizeof(topology));
    topology.node_count = 1;
    memcpy(topology.nodes[0].name, "only", 5);
    struct myc_bus_options options = {.topology = &topology, .node = "only", .contract = contract};
    memset(bus, 0, sizeof(*bus));
    assert_int_equal(myc_posix_create(&bus->platform, NULL), MYC_OK);
    assert_int_equal(myc_waiter_open(&bus->waiter, bus->platform), MYC_OK);
    if (myc_bus_create(bus->platform, &options, &bus->bus, &diagnostic) != MYC_OK) {
        fail_msg("%s", diagnostic.text);
    }
    assert_int_equal(
        myc_publisher_create(bus->bus, &bus->waiter, topic, NULL, &bus->publisher, &diagnostic),
        MYC_OK);
    assert_int_equal(
        myc_subscriber_create(bus->bus, &bus->waiter, topic, &bus->subscriber, &diagnostic),
        MYC_OK);
}

static void close_bus(struct bus *bus)
{
    struct myc_close_report report;
    myc_subscriber_close(bus->subscriber);
    assert_int_equal(myc_publisher_close(bus->publisher, 0, &report), MYC_OK);
    myc_bus_close(bus->bus);
    myc_bus_destroy(bus->bus);
    myc_waiter_close(&bus->waiter);
    myc_posix_destroy(bus->platform);
}

static void on_delivery(const struct myc_delivery *delivery, void *context)
{
    struct bus *bus = context;
    bus->delivered++;
    bus->on_record(bus, delivery->record);
}

static void poll_bus(
    struct bus *bus, void (*on_record)(struct bus *bus, const struct myc_record *record), int count)
{
    bus->on_record = on_record;
    bus->delivered = 0;
    while (bus->delivered < count) {
        assert_int_equal(myc_subscriber_poll(bus->subscriber, on_delivery, NULL, bus, 1), 1);
    }
}

static void check_blob(struct bus *bus, const struct myc_record *record)
{
    struct everything_blob scratch;
    uint32_t size = 0;
    const struct everything_blob *blob = everything_blob_view(record, &scratch);
    (void)bus;
    if (blob == NULL) {
        fail_msg("there is no view");
        return;
    }
    assert_int_equal(everything_blob_get_number(blob), 5);
    assert_memory_equal(everything_blob_get_body(blob, record, &size), "0123456789", 10);
    assert_int_equal(size, 10);
    assert_memory_equal(everything_blob_get_title(blob, record, &size), "title", 5);
    assert_int_equal(size, 5);
    assert_int_equal(everything_blob_validate(blob, record->size, NULL), MYC_OK);
    assert_int_equal(record->size, everything_blob_payload_size(blob));
    assert_int_equal(record->size % 8, 0);
}

// Tails are copied in, or filled in place, and read from the record.
static void test_tails_travel_behind_the_struct(void **state)
{
    (void)state;
    struct bus bus;
    struct everything_blob blob;
    struct everything_blob *claimed = NULL;
    uint64_t buffer[32];
    size_t size = 0;
    struct everything_any any;
    size_t used = 0;
    const struct everything_blob_tails tails = {.body = {"0123456789", 10}, .title = {"title", 5}};
    const struct everything_blob_tails room = {.body = {NULL, 10}, .title = {NULL, 5}};
    open_bus(&bus, &everything_contract, "plain/blobs");
    everything_blob_init(&blob);
    everything_blob_set_number(&blob, 5);
    assert_int_equal(everything_blob_publish(bus.publisher, &blob, &tails), MYC_OK);
    if (everything_blob_claim(bus.publisher, &room, &claimed) != MYC_OK) {
        fail_msg("nothing is claimed");
        return;
    }
    everything_blob_set_number(claimed, 5);
    memcpy(everything_blob_edit_body(claimed), "0123456789", 10);
    memcpy(everything_blob_edit_title(claimed), "title", 5);
    assert_int_equal(everything_blob_commit(bus.publisher, claimed), MYC_OK);
    poll_bus(&bus, check_blob, 2);
    assert_int_equal(everything_blob_encode(&blob, &tails, buffer, 40, &size), MYC_TOO_BIG);
    // The length of a text that somebody failed to read.
    for (size_t wrong = 0; wrong < 8; wrong++) {
        const struct everything_blob_tails huge = {.body = {"x", SIZE_MAX - wrong}};
        assert_int_equal(everything_blob_publish(bus.publisher, &blob, &huge), MYC_TOO_BIG);
        assert_int_equal(
            everything_blob_encode(&blob, &huge, buffer, sizeof(buffer), &size), MYC_TOO_BIG);
    }
    assert_int_equal(everything_blob_encode(&blob, &tails, buffer, sizeof(buffer), &size), MYC_OK);
    assert_int_equal(
        everything_decode_any_bytes(buffer, size, MYC_UNKNOWN_FAIL, &any, &used, NULL), MYC_OK);
    check_blob(NULL, &any.record);
    close_bus(&bus);
}

static void change_and_forward(struct bus *bus, const struct myc_record *record)
{
    struct everything_grown *copy = NULL;
    size_t size = 0;
    assert_int_equal(everything_grown_forward(bus->publisher, record), MYC_OK);
    assert_int_equal(everything_late_forward(bus->publisher, record), MYC_INVALID);
    if (everything_grown_claim_copy(bus->publisher, record, &copy, &size) != MYC_OK) {
        fail_msg("there is no copy");
        return;
    }
    everything_grown_set_id(copy, 77);
    assert_int_equal(myc_publisher_commit(bus->publisher, size), MYC_OK);
}

static void check_forwarded(struct bus *bus, const struct myc_record *record)
{
    struct everything_grown scratch;
    uint32_t size = 0;
    const struct everything_grown *grown = everything_grown_view(record, &scratch);
    if (grown == NULL) {
        fail_msg("there is no view");
        return;
    }
    assert_int_equal(everything_grown_get_id(grown), bus->delivered == 1 ? 1 : 77);
    assert_int_equal(record->version, 9);
    assert_int_equal(record->size, EVERYTHING_GROWN_SIZE + 24);
    // What a newer version appended is still there, and so is the tail behind it.
    const uint64_t *unknown =
        (const void *)((const uint8_t *)record->payload + EVERYTHING_GROWN_SIZE);
    assert_int_equal(unknown[0], 0x1122334455667788);
    assert_memory_equal(everything_grown_get_comment(grown, record, &size), "newer", 5);
    assert_int_equal(size, 5);
}

// A relay passes on what it does not know, also when it changes what it does know.
static void test_relays_keep_what_newer_versions_appended(void **state)
{
    (void)state;
    struct bus bus;
    struct {
        struct everything_grown known;
        uint64_t unknown;
        char tail[16];
    } newer;
    open_bus(&bus, &everything_contract, "market-data");
    memset(&newer, 0, sizeof(newer));
    everything_grown_init(&newer.known);
    everything_grown_set_id(&newer.known, 1);
    everything_grown_set_detail_market(&newer.known);
    newer.unknown = 0x1122334455667788;
    newer.known.comment.offset = myc_le_u32(EVERYTHING_GROWN_SIZE + 8);
    newer.known.comment.size = myc_le_u32(5);
    memcpy(newer.tail, "newer", 5);
    assert_int_equal(
        myc_publish_raw(bus.publisher, EVERYTHING_GROWN_TYPE_ID, 9, &newer, sizeof(newer)), MYC_OK);
    poll_bus(&bus, change_and_forward, 1);
    poll_bus(&bus, check_forwarded, 2);
    close_bus(&bus);
}

static void check_raised(struct bus *bus, const struct myc_record *record)
{
    struct everything_grown scratch;
    struct everything_grown *copy = NULL;
    size_t size = 0;
    const struct everything_grown *grown = everything_grown_view(record, &scratch);
    if (grown == NULL) {
        fail_msg("there is no view");
        return;
    }
    if (record->version == 1) {
        if (everything_grown_claim_copy(bus->publisher, record, &copy, &size) != MYC_OK) {
            fail_msg("there is no copy");
            return;
        }
        assert_int_equal(size, EVERYTHING_GROWN_SIZE);
        everything_grown_set_detail_market(copy);
        assert_int_equal(myc_publisher_commit(bus->publisher, size), MYC_OK);
        return;
    }
    assert_int_equal(record->version, EVERYTHING_GROWN_VERSION);
    assert_int_equal(everything_grown_get_id(grown), 3);
    assert_int_equal(everything_grown_get_amount(grown), 10);
    assert_int_equal(everything_grown_get_level(grown), EVERYTHING_LEVEL_HIGH);
}

// A copy of an older message is one of today's, completed with defaults.
static void test_copies_of_older_messages_are_completed(void **state)
{
    (void)state;
    struct bus bus;
    struct everything_grown grown;
    open_bus(&bus, &everything_contract, "market-data");
    everything_grown_init(&grown);
    everything_grown_set_id(&grown, 3);
    assert_int_equal(
        myc_publish_raw(
            bus.publisher, EVERYTHING_GROWN_TYPE_ID, 1, &grown, everything_grown_extent(1)),
        MYC_OK);
    poll_bus(&bus, check_raised, 2);
    close_bus(&bus);
}

static void check_moved(struct bus *bus, const struct myc_record *record)
{
    struct notes_note scratch;
    struct notes_note *copy = NULL;
    size_t size = 0;
    uint32_t length = 0;
    const struct notes_note *note = notes_note_view(record, &scratch);
    if (note == NULL) {
        fail_msg("there is no view");
        return;
    }
    assert_int_equal(notes_note_get_priority(note), 9);
    assert_memory_equal(notes_note_get_text(note, record, &length), "words", 5);
    assert_int_equal(length, 5);
    assert_non_null(notes_note_get_rest(note, record, &length));
    assert_int_equal(length, 0);
    assert_int_equal(record->version, bus->delivered == 1 ? 1 : 2);
    if (bus->delivered == 1) {
        if (notes_note_claim_copy(bus->publisher, record, &copy, &size) != MYC_OK) {
            fail_msg("there is no copy");
            return;
        }
        assert_int_equal(size, record->size + 8);
        assert_int_equal(myc_publisher_commit(bus->publisher, size), MYC_OK);
    }
}

// What was behind an older message's fields stands behind those of its copy, where the copy says.
static void test_tails_move_when_a_copy_is_completed(void **state)
{
    (void)state;
    struct bus bus;
    struct {
        uint32_t id;
        struct myc_tail text;
        struct myc_tail rest;
        uint32_t reserved;
        char words[8];
    } older = {.id = myc_le_u32(1)};
    assert_int_equal(notes_note_extent(1), 24);
    assert_int_equal(offsetof(struct notes_note, text), 4);
    older.text.offset = myc_le_u32(24);
    older.text.size = myc_le_u32(5);
    memcpy(older.words, "words", 5);
    open_bus(&bus, &notes_contract, "notes");
    assert_int_equal(
        myc_publish_raw(bus.publisher, NOTES_NOTE_TYPE_ID, 1, &older, sizeof(older)), MYC_OK);
    poll_bus(&bus, check_moved, 2);
    close_bus(&bus);
}

// A part of a field can be made the whole of it; what is behind it is zero.
static void test_fields_are_set_from_themselves(void **state)
{
    (void)state;
    struct everything_vectors vectors;
    struct everything_tagged tagged;
    const uint64_t numbers[] = {0x0101010101010101, 0x0202020202020202};
    uint32_t size = 0;
    everything_vectors_init(&vectors);
    assert_int_equal(everything_vectors_set_name(&vectors, "a name", 6), MYC_OK);
    const char *name = everything_vectors_get_name(&vectors, &size);
    assert_int_equal(everything_vectors_set_name(&vectors, name + 2, size - 2), MYC_OK);
    name = everything_vectors_get_name(&vectors, &size);
    assert_int_equal(size, 4);
    assert_memory_equal(name, "name\0\0", 6);
    assert_int_equal(everything_vectors_set_numbers(&vectors, numbers, 2), MYC_OK);
    assert_int_equal(everything_vectors_set_numbers(&vectors, vectors.numbers, 1), MYC_OK);
    assert_int_equal(vectors.numbers[0], numbers[0]);
    assert_int_equal(vectors.numbers[1], 0);
    assert_int_equal(everything_vectors_validate(&vectors, NULL), MYC_OK);

    everything_tagged_init(&tagged);
    struct everything_limit_order *limit = everything_tagged_edit_detail_limit(&tagged);
    everything_limit_order_set_account(limit, (const uint8_t *)"0123456789ab");
    everything_tagged_set_detail_limit(&tagged, limit);
    assert_memory_equal(limit->account, "0123456789ab", 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_lie_least_significant_byte_first),
        cmocka_unit_test(test_any_byte_sees_each_byte),
        cmocka_unit_test(test_tails_are_inside_the_payload),
        cmocka_unit_test(test_fields_give_back_what_was_set),
        cmocka_unit_test(test_vectors_stay_inside_their_bounds),
        cmocka_unit_test(test_rules_are_kept),
        cmocka_unit_test(test_fields_are_set_from_themselves),
        cmocka_unit_test(test_unions_are_one_variant),
        cmocka_unit_test(test_any_message_is_decoded_by_one_switch),
        cmocka_unit_test(test_messages_are_routed_to_their_handlers),
        cmocka_unit_test(test_messages_are_printed),
        cmocka_unit_test(test_tails_travel_behind_the_struct),
        cmocka_unit_test(test_relays_keep_what_newer_versions_appended),
        cmocka_unit_test(test_copies_of_older_messages_are_completed),
        cmocka_unit_test(test_tails_move_when_a_copy_is_completed),
    };
    return cmocka_run_group_tests_name("tool.generated_use", tests, NULL, NULL);
}

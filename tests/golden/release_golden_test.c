// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What release 0.1 left behind (release-0.1) in the hands of today's library: canonical form,
 * digest and fingerprints of its contract, the records of a handshake, and a recording are read,
 * and written with the same bytes.
 */
#include "unit/recording/recording_fixture.h"

#include <stdio.h>

#include "everything.h"
#include "schema/canonical.h"
#include "wire/session.h"

enum { TEXT_MAX = 32768, SESSION_RECORDS = 13 };

static size_t load(const char *name, char text[TEXT_MAX])
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/release-0.1/%s", MYC_GOLDEN_DIRECTORY, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, TEXT_MAX - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(size, 1, TEXT_MAX - 2);
    text[size] = '\0';
    return size;
}

static void to_hex(const void *bytes, size_t size, char *out)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) {
        snprintf(out + 2 * i, 3, "%02x", at[i]);
    }
}

// ---- The contract ----

// The form that the lock holds, which ends where the file does.
static const char *load_form(char text[TEXT_MAX], size_t *out_size)
{
    unsigned version = 0;
    size_t size = load("contracts.lock", text);
    const char *line = strstr(text, "\ncanonical ");
    assert_non_null(line);
    assert_int_equal(sscanf(line, "\ncanonical %u %zu", &version, out_size), 2);
    assert_int_equal(version, 5);
    const char *form = strchr(line + 1, '\n') + 1;
    assert_int_equal((size_t)(form - text) + *out_size, size);
    return form;
}

static void check_lock_line(const char *lock, const char *start, const uint8_t *digest)
{
    char line[256];
    char hex[2 * MYC_DIGEST_BYTES + 1];
    to_hex(digest, MYC_DIGEST_BYTES, hex);
    snprintf(line, sizeof(line), "\n%s %s\n", start, hex);
    if (strstr(lock, line) == NULL) {
        fail_msg("the lock has no line '%s %s'", start, hex);
    }
}

// Canonical form and digest of a contract are those of the release.
static void check_contract(const struct myc_contract *contract)
{
    static char text[TEXT_MAX];
    static char found[TEXT_MAX];
    static struct myc__schema_types types;
    uint8_t digest[MYC_DIGEST_BYTES];
    char start[128];
    size_t form_size = 0;
    size_t size = 0;
    const char *form = load_form(text, &form_size);
    assert_int_equal(
        myc__schema_write_canonical(contract, &types, found, sizeof(found), &size), MYC_OK);
    assert_int_equal(size, form_size);
    assert_memory_equal(found, form, form_size);
    assert_int_equal(myc__schema_canonical_digest(contract, &types, digest), MYC_OK);
    check_lock_line(text, "version 5 2", digest);
    for (uint32_t i = 0; i < contract->message_count; i++) {
        const struct myc_message_type *type = contract->messages[i];
        assert_int_equal(myc__schema_fingerprint(type, &types, digest), MYC_OK);
        snprintf(start, sizeof(start), "message %s %u %u", type->name, type->id, type->version);
        check_lock_line(text, start, digest);
    }
}

// Code generated from the contract of the release, and the fingerprints in it.
static void test_generated_contract_is_that_of_the_release(void **state)
{
    static char lock[TEXT_MAX];
    char start[128];
    (void)state;
    check_contract(&everything_contract);
    load("contracts.lock", lock);
    check_lock_line(lock, "version 5 2", everything_contract.digest);
    for (uint32_t i = 0; i < everything_contract.message_count; i++) {
        const struct myc_message_type *type = everything_contract.messages[i];
        snprintf(start, sizeof(start), "message %s %u %u", type->name, type->id, type->version);
        check_lock_line(lock, start, type->fingerprint);
    }
}

// The form that a node of the release shows is understood.
static void test_form_of_the_release_is_read(void **state)
{
    static char text[TEXT_MAX];
    const struct myc_contract *contract = NULL;
    struct myc_diagnostic why;
    size_t form_size = 0;
    (void)state;
    const char *form = load_form(text, &form_size);
    size_t room = myc__schema_canonical_memory(form_size) + TEXT_MAX;
    void *memory = malloc(room);
    assert_non_null(memory);
    if (myc__schema_read_canonical(form, form_size, memory, room, &contract, &why) != MYC_OK) {
        fail_msg("%s", why.text);
    }
    check_contract(contract);
    free(memory);
}

// ---- The handshake ----

// Decodes a payload and encodes it again; one function a record.
#define SESSION_(name)                                                                             \
    static void again_##name(const unsigned char *payload, size_t size, unsigned char *out)        \
    {                                                                                              \
        struct myc__##name record;                                                                 \
        struct myc_diagnostic why;                                                                 \
        memset(&record, 0, sizeof(record));                                                        \
        assert_int_equal(myc__##name##_decode(payload, size, &record, &why), MYC_OK);              \
        myc__##name##_encode(&record, out);                                                        \
    }

SESSION_(hello)
SESSION_(welcome)
SESSION_(reject)
SESSION_(announce)
SESSION_(subscribe)
SESSION_(attach)
SESSION_(unsubscribe)
SESSION_(contract_part)

static void again_ack(const unsigned char *payload, size_t size, unsigned char *out)
{
    uint64_t sequence = 0;
    struct myc_diagnostic why;
    assert_int_equal(myc__ack_decode(payload, size, &sequence, &why), MYC_OK);
    assert_true(sequence == UINT64_C(1) << 63);
    myc__ack_encode(sequence, out);
}

// Who receives one ignores what it holds.
static void again_heartbeat(const unsigned char *payload, size_t size, unsigned char *out)
{
    (void)payload;
    assert_int_equal(size, 8);
    myc__heartbeat_encode(UINT64_C(1) << 62, out);
}

static void again_bye(const unsigned char *payload, size_t size, unsigned char *out)
{
    (void)payload;
    assert_int_equal(size, 8);
    myc__bye_encode(out);
}

// Every record of the handshake is read, and written with the same bytes.
static void test_session_records_are_those_of_the_release(void **state)
{
    static const struct {
        const char *name;
        void (*again)(const unsigned char *payload, size_t size, unsigned char *out);
    } records[SESSION_RECORDS] = {
        {"HELLO_CONTROL", again_hello},
        {"HELLO_DATA", again_hello},
        {"WELCOME", again_welcome},
        {"REJECT", again_reject},
        {"ANNOUNCE", again_announce},
        {"SUBSCRIBE", again_subscribe},
        {"ATTACH", again_attach},
        {"UNSUBSCRIBE", again_unsubscribe},
        {"ACK", again_ack},
        {"HEARTBEAT", again_heartbeat},
        {"BYE", again_bye},
        {"CONTRACT_FIRST", again_contract_part},
        {"CONTRACT_LAST", again_contract_part},
    };
    static char text[TEXT_MAX];
    const char *at = text;
    (void)state;
    load("session.txt", text);
    for (size_t i = 0; i < SESSION_RECORDS; i++) {
        uint64_t stored[MYC__SESSION_BYTES_MAX / 8];
        uint64_t again[MYC__SESSION_BYTES_MAX / 8] = {0};
        char hex[2 * MYC__SESSION_BYTES_MAX + 1];
        size_t size = 0;
        assert_int_equal(strncmp(at, records[i].name, strlen(records[i].name)), 0);
        for (at += strlen(records[i].name) + 1; *at != '\n'; at += 2) {
            unsigned byte = 0;
            assert_int_equal(sscanf(at, "%2x", &byte), 1);
            assert_in_range(size, 0, sizeof(stored) - 1);
            ((unsigned char *)stored)[size++] = (unsigned char)byte;
        }
        to_hex(stored, size, hex);
        records[i].again((const unsigned char *)stored + 8, size - 8, (unsigned char *)again);
        print_message("%s %s\n", records[i].name, hex);
        assert_memory_equal(again, stored, size);
        at++;
    }
    assert_int_equal(*at, '\0');
}

// The HELLO of the release is welcome to a node of today that has the same contract.
static void test_hello_of_the_release_is_welcome(void **state)
{
    static char text[TEXT_MAX];
    unsigned char bytes[MYC__HELLO_BYTES];
    struct myc__hello theirs;
    struct myc__hello ours;
    struct myc__reject reject;
    struct myc_diagnostic why;
    (void)state;
    load("session.txt", text);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(text + strlen("HELLO_CONTROL ") + 2 * i, "%2x", &byte), 1);
        bytes[i] = (unsigned char)byte;
    }
    assert_int_equal(myc__hello_decode(bytes + 8, sizeof(bytes) - 8, &theirs, &why), MYC_OK);
    assert_string_equal(theirs.node, "left");
    assert_string_equal(theirs.target, "right");
    assert_int_equal(theirs.contract_id, EVERYTHING_CONTRACT_ID);
    assert_memory_equal(theirs.contract_digest, everything_contract.digest, MYC_DIGEST_BYTES);
    ours = theirs;
    ours.protocol_min = MYC__PROTOCOL_MIN;
    ours.protocol_max = MYC__PROTOCOL_MAX;
    assert_int_equal(myc__hello_compare(&theirs, &ours, &reject), MYC_OK);
    ours.contract_digest[0] ^= 1;
    assert_int_equal(myc__hello_compare(&theirs, &ours, &reject), MYC_AGAIN);
}

// ---- The recording ----

// Today's reader takes the messages out, in order and whole; today's writer makes the same file of
// them.
static void test_recording_is_that_of_the_release(void **state)
{
    static const struct myc_recording_options options = {.block_bytes = 4096};
    static char text[TEXT_MAX];
    static struct fixture stored;
    static struct fixture again;
    struct myc_recording_info info;
    struct myc_record record;
    uint64_t time_ns = 0;
    uint32_t messages = 0;
    enum myc_status status;
    (void)state;
    fixture_init(&stored);
    fixture_init(&again);
    stored.size = load("recording.rec", text);
    stored.exists = true;
    memcpy(stored.bytes, text, (size_t)stored.size);
    assert_int_equal(fixture_open_reader(&stored), MYC_OK);
    info = stored.reader.info;
    assert_memory_equal(info.contract_digest, everything_contract.digest, MYC_DIGEST_BYTES);
    assert_int_equal(
        myc_recording_create(
            &again.writer, &again.platform, "/d/file", &info, &options, &again.why),
        MYC_OK);
    while ((status = myc_recording_next(&stored.reader, &record, &time_ns, &stored.why))
           == MYC_OK) {
        if (record.type == MYC_RECORD_GAP) {
            status = myc_recording_append_gap(&again.writer, 3, MYC_LOSS_LAPPED, time_ns);
        } else {
            struct everything_any any;
            assert_int_equal(
                everything_decode_any(&record, MYC_UNKNOWN_FAIL, &any, &stored.why), MYC_OK);
            assert_int_equal(record.sequence, 101 + messages);
            status = myc_recording_append(&again.writer, &record, time_ns);
            messages++;
        }
        assert_int_equal(status, MYC_OK);
    }
    assert_int_equal(status, MYC_END);
    assert_int_equal(messages, 3);
    assert_int_equal(myc_recording_reader_report(&stored.reader).lost, 3);
    assert_int_equal(myc_recording_close(&again.writer), MYC_OK);
    assert_int_equal(again.size, stored.size);
    assert_memory_equal(again.bytes, stored.bytes, (size_t)stored.size);
    fixture_end(&stored);
    fixture_end(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generated_contract_is_that_of_the_release),
        cmocka_unit_test(test_form_of_the_release_is_read),
        cmocka_unit_test(test_session_records_are_those_of_the_release),
        cmocka_unit_test(test_hello_of_the_release_is_welcome),
        cmocka_unit_test(test_recording_is_that_of_the_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

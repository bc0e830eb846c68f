// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The canonical form read back: what was written comes back as it was, and what is not the
// canonical form of something is refused, whatever was done to it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/canonical.h"
#include "tool/contract/contract.h"

enum { IMAGE_BYTES = 64 * 1024 };

struct fixture {
    struct contract_file file;
    char *text;
    size_t size;
    void *memory;
    size_t memory_size;
};

static int make_fixture(void **state)
{
    char path[1024];
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    snprintf(path, sizeof(path), "%s/everything.yaml", getenv("MYC_CONTRACTS"));
    if (fixture == NULL || !contract_load(path, &fixture->file)) {
        return -1;
    }
    fixture->size = fixture->file.contract.canonical_size;
    fixture->text = malloc(2 * fixture->size);
    fixture->memory_size = myc__schema_canonical_memory(2 * fixture->size) + IMAGE_BYTES;
    fixture->memory = malloc(fixture->memory_size);
    if (fixture->text == NULL || fixture->memory == NULL) {
        return -1;
    }
    memcpy(fixture->text, fixture->file.contract.canonical, fixture->size);
    *state = fixture;
    return 0;
}

static int remove_fixture(void **state)
{
    struct fixture *fixture = *state;
    contract_free(&fixture->file);
    free(fixture->memory);
    free(fixture->text);
    free(fixture);
    return 0;
}

static enum myc_status read_text(
    struct fixture *fixture,
    const struct myc_contract **contract,
    struct myc_diagnostic *diagnostic)
{
    return myc__schema_read_canonical(
        fixture->text, fixture->size, fixture->memory, fixture->memory_size, contract, diagnostic);
}

static void assert_same_image(const void *a, const void *b, size_t size)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a != NULL) {
        assert_memory_equal(a, b, size);
    }
}

// What is read back has the digest, the bytes to begin with and the fingerprints of the original.
static void test_a_contract_survives_its_canonical_form(void **state)
{
    struct fixture *fixture = *state;
    const struct myc_contract *contract = NULL;
    struct myc_diagnostic diagnostic;
    struct myc__schema_types *types = malloc(sizeof(*types));
    char *again = malloc(fixture->size + 1);
    size_t size = 0;
    assert_non_null(types);
    assert_non_null(again);
    if (read_text(fixture, &contract, &diagnostic) != MYC_OK) {
        fail_msg("%s", diagnostic.text);
    }
    assert_int_equal(myc_contract_check(contract, &diagnostic), MYC_OK);
    assert_memory_equal(contract->digest, fixture->file.contract.digest, MYC_DIGEST_BYTES);
    assert_int_equal(
        myc__schema_write_canonical(contract, types, again, fixture->size + 1, &size), MYC_OK);
    assert_int_equal(size, fixture->size);
    assert_memory_equal(again, fixture->text, size);
    for (uint32_t i = 0; i < fixture->file.contract.message_count; i++) {
        const struct myc_message_type *original = fixture->file.contract.messages[i];
        const struct myc_message_type *copy = myc_contract_find(contract, original->id);
        uint8_t fingerprint[MYC_DIGEST_BYTES];
        if (copy == NULL) {
            fail_msg("%s is missing", original->name);
            return;
        }
        assert_string_equal(copy->name, original->name);
        assert_int_equal(copy->size, original->size);
        assert_int_equal(copy->has_tail, original->has_tail);
        assert_same_image(copy->initial, original->initial, original->size);
        assert_int_equal(myc__schema_fingerprint(copy, types, fingerprint), MYC_OK);
        assert_memory_equal(fingerprint, original->fingerprint, MYC_DIGEST_BYTES);
    }
    free(again);
    free(types);
}

// Every amount of memory either does or is refused as too small, and the bound that is promised
// does.
static void test_memory_is_asked_for_before_it_is_used(void **state)
{
    struct fixture *fixture = *state;
    const struct myc_contract *contract = NULL;
    size_t refused = 0;
    size_t enough = fixture->memory_size;
    for (size_t size = 0; size < enough; size += 104) {
        void *memory = malloc(size > 0 ? size : 1);
        assert_non_null(memory);
        enum myc_status status =
            myc__schema_read_canonical(fixture->text, fixture->size, memory, size, &contract, NULL);
        free(memory);
        if (status == MYC_OK) {
            break;
        }
        assert_int_equal(status, MYC_TOO_BIG);
        refused++;
    }
    assert_in_range(refused, 10, enough / 104 - 1);
}

// A text that ends too soon is no canonical form, wherever it was cut.
static void test_a_cut_form_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct myc_contract *contract = NULL;
    struct myc_diagnostic diagnostic;
    size_t whole = fixture->size;
    size_t accepted = 0;
    for (size_t size = 0; size < whole; size++) {
        fixture->size = size;
        enum myc_status status = read_text(fixture, &contract, &diagnostic);
        // Between two messages it is the form of a smaller contract, unless a type is left unused.
        accepted += status == MYC_OK ? 1 : 0;
        assert_true(status == MYC_OK || status == MYC_CORRUPT);
        assert_true(status == MYC_OK || diagnostic.text[0] != '\0');
    }
    assert_in_range(accepted, 0, fixture->file.contract.message_count);
}

// Any byte that is changed is noticed, or what comes out is the form of another contract.
static void test_changed_bytes_do_not_pass_as_the_same(void **state)
{
    struct fixture *fixture = *state;
    const struct myc_contract *contract = NULL;
    static const char changes[] = "09fZ -\n";
    for (size_t at = 0; at < fixture->size; at++) {
        char original = fixture->text[at];
        for (size_t i = 0; i < sizeof(changes) - 1; i++) {
            fixture->text[at] = changes[i];
            if (changes[i] == original) {
                continue;
            }
            if (read_text(fixture, &contract, NULL) == MYC_OK) {
                assert_int_not_equal(
                    memcmp(contract->digest, fixture->file.contract.digest, MYC_DIGEST_BYTES), 0);
            }
        }
        fixture->text[at] = original;
    }
}

// A line that is missing or there twice makes another contract or none, never the same.
static void test_lines_count(void **state)
{
    struct fixture *fixture = *state;
    const struct myc_contract *contract = NULL;
    const char *whole = fixture->file.contract.canonical;
    size_t size = fixture->file.contract.canonical_size;
    size_t refused = 0;
    size_t doubled = 0; // and refused
    size_t lines = 0;
    for (size_t at = 0; at < size; lines++) {
        size_t next = at + (size_t)(strchr(whole + at, '\n') - (whole + at)) + 1;
        memcpy(fixture->text, whole, at);
        memcpy(fixture->text + at, whole + next, size - next);
        fixture->size = size - (next - at);
        refused += read_text(fixture, &contract, NULL) == MYC_OK ? 0 : 1;
        memcpy(fixture->text, whole, next);
        memcpy(fixture->text + next, whole + at, size - at);
        fixture->size = size + (next - at);
        if (read_text(fixture, &contract, NULL) == MYC_OK) {
            assert_int_not_equal(
                memcmp(contract->digest, fixture->file.contract.digest, MYC_DIGEST_BYTES), 0);
        } else {
            doubled++;
        }
        at = next;
    }
    assert_in_range(refused, lines / 2, lines);
    assert_in_range(doubled, lines - 2, lines); // only a prior message may come twice
}

static void assert_refused(struct fixture *fixture, const char *body, const char *text)
{
    const struct myc_contract *contract = NULL;
    struct myc_diagnostic diagnostic;
    char form[1024];
    int len = snprintf(form, sizeof(form), "mycelium contract 2\ncontract a 1 1 1\n%s", body);
    enum myc_status status = myc__schema_read_canonical(
        form, (size_t)len, fixture->memory, fixture->memory_size, &contract, &diagnostic);
    if (status != MYC_CORRUPT || strstr(diagnostic.text, text) == NULL) {
        fail_msg("%s: %d %s", body, (int)status, status == MYC_OK ? "" : diagnostic.text);
    }
}

// What a peer could send to hurt is refused by name.
static void test_hostile_forms_are_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char message[] = "message M 1 1 t 8\nextent 1 8\nfield x 1 0 S\n";
    char body[900];
    assert_refused(fixture, "", "1 to 1024 messages");
    assert_refused(fixture, "message M 1 1 t 8", "does not end");
    assert_refused(fixture, "massage M 1 1 t 8\n", "unknown word");
    assert_refused(fixture, "message M 0 1 t 8\nextent 1 8\n", "type id must be");
    assert_refused(fixture, "message M 01 1 t 8\n", "were expected");
    assert_refused(fixture, "message M 1 1 t 8 9\n", "more than was expected");
    assert_refused(fixture, "message M 1 1 t 16\nextent 1 16\n", "another size than it says");
    assert_refused(fixture, "message M 1 1 t 8\nextent 1 8\nfield x 1 0 S\n", "type is unknown");
    assert_refused(fixture, "message M 1 1 t 8\nextent 1 8\nfinite\n", "below a field");
    assert_refused(fixture, "prior 1\nmessage M 1 1 t 8\n", "below a message");
    assert_refused(
        fixture,
        "message M 1 1 t 8\nextent 1 8\nfield x 1 0 u64\ndefault 01\n",
        "bytes of its type");
    assert_refused(
        fixture,
        "message M 1 1 t 1048576\nextent 1 1048576\nfield x 1 0 [u64; 65536]\n"
        "field y 1 524288 [u64; 65536]\nfield z 1 1048576 u8\n",
        "more bytes than there may be");
    assert_refused(
        fixture,
        "message M 1 1 t 8\nextent 1 8\nfield x 1 8 u64\n",
        "not those of a canonical form");
    snprintf(body, sizeof(body), "struct S 8\nfield s 1 0 S\n%s", message);
    assert_refused(fixture, body, "in a circle");
    snprintf(
        body, sizeof(body), "struct S 8\nfield s 1 0 T\nstruct T 8\nfield s 1 0 S\n%s", message);
    assert_refused(fixture, body, "in a circle");
    snprintf(
        body, sizeof(body), "struct T 8\nfield a 1 0 u8\nstruct S 8\nfield a 1 0 u8\n%s", message);
    assert_refused(fixture, body, "above the one before");
    snprintf(body, sizeof(body), "enum E open\nvalue A 1\nvalue A 2\n%s", message);
    assert_refused(fixture, body, "type is unknown");
    assert_refused(
        fixture,
        "union U 8\nvariant a 1 S\nmessage M 1 1 t 16\nextent 1 16\nfield x 1 8 U\n",
        "the struct is unknown");
}

// Eight levels nest, nine do not.
static void test_nesting_has_a_limit(void **state)
{
    struct fixture *fixture = *state;
    for (int depth = 8; depth <= 9; depth++) {
        const struct myc_contract *contract = NULL;
        struct myc_diagnostic diagnostic;
        char form[1024] = "mycelium contract 2\ncontract a 1 1 1\n";
        size_t len = strlen(form);
        for (int i = 1; i <= depth; i++) {
            char type = i < depth ? 'S' : 'u';
            int number = i < depth ? i + 1 : 8;
            len += (size_t)snprintf(
                form + len,
                sizeof(form) - len,
                "struct S%d 8\nfield s 1 0 %c%d\n",
                i,
                type,
                number);
        }
        len += (size_t)snprintf(
            form + len, sizeof(form) - len, "message M 1 1 t 8\nextent 1 8\nfield x 1 0 S1\n");
        enum myc_status status = myc__schema_read_canonical(
            form, len, fixture->memory, fixture->memory_size, &contract, &diagnostic);
        assert_int_equal(status, depth == 8 ? MYC_OK : MYC_CORRUPT);
        if (depth == 8) {
            assert_int_equal(myc_contract_check(contract, &diagnostic), MYC_OK);
        }
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make_fixture, remove_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_contract_survives_its_canonical_form),
        TEST(test_memory_is_asked_for_before_it_is_used),
        TEST(test_a_cut_form_is_refused),
        TEST(test_changed_bytes_do_not_pass_as_the_same),
        TEST(test_lines_count),
        TEST(test_hostile_forms_are_refused),
        TEST(test_nesting_has_a_limit),
    };
    return cmocka_run_group_tests_name("tool.canonical", tests, NULL, NULL);
}

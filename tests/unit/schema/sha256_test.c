// SPDX-License-Identifier: MIT OR Apache-2.0
//
// SHA-256 against the published example vectors, however the bytes are cut.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/sha256.h"
#include "core/text.h"

struct vector {
    const char *text;
    const char *hex;
};

// FIPS 180-4 examples, and the lengths around the padding's corner (55, 56, 64 bytes).
static const struct vector vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
     "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void assert_digest(struct myc__sha256 *digest, const char *hex)
{
    uint8_t bytes[MYC__SHA256_BYTES];
    char buffer[2 * MYC__SHA256_BYTES + 1];
    struct myc__text text;
    myc__sha256_final(digest, bytes);
    myc__text_init(&text, buffer, sizeof(buffer));
    myc__text_hex(&text, bytes, sizeof(bytes));
    assert_string_equal(buffer, hex);
}

// The published messages have the published digests.
static void test_sha256_matches_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct myc__sha256 digest;
        myc__sha256_init(&digest);
        myc__sha256_update(&digest, vectors[i].text, strlen(vectors[i].text));
        assert_digest(&digest, vectors[i].hex);
    }
}

// Cutting the bytes in two at any place changes nothing.
static void test_sha256_does_not_depend_on_cuts(void **state)
{
    (void)state;
    const struct vector *longest = &vectors[3];
    size_t len = strlen(longest->text);
    for (size_t cut = 0; cut <= len; cut++) {
        struct myc__sha256 digest;
        myc__sha256_init(&digest);
        myc__sha256_update(&digest, longest->text, cut);
        myc__sha256_update(&digest, longest->text + cut, len - cut);
        assert_digest(&digest, longest->hex);
    }
}

// The million-byte vector crosses thousands of blocks.
static void test_sha256_of_a_million_bytes(void **state)
{
    (void)state;
    char bytes[1000];
    struct myc__sha256 digest;
    memset(bytes, 'a', sizeof(bytes));
    myc__sha256_init(&digest);
    for (int i = 0; i < 1000; i++) {
        myc__sha256_update(&digest, bytes, sizeof(bytes));
    }
    assert_digest(&digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_matches_published_vectors),
        cmocka_unit_test(test_sha256_does_not_depend_on_cuts),
        cmocka_unit_test(test_sha256_of_a_million_bytes),
    };
    return cmocka_run_group_tests_name("core.sha256", tests, NULL, NULL);
}

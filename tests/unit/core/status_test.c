// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Status names, sentences and categories.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mycelium/status.h>

#include <string.h>

static const enum myc_status outside[] = {
    MYC_STATUS_COUNT,
    (enum myc_status)(MYC_STATUS_COUNT + 1),
    (enum myc_status)INT32_MAX,
};

// Success is zero, so that a zeroed structure holds no failure.
static void test_status_ok_is_zero(void **state)
{
    (void)state;
    assert_int_equal(MYC_OK, 0);
}

// A name is the enumerator without its prefix, also at both ends of the list. [STATUS-1]
static void test_name_is_the_enumerator(void **state)
{
    (void)state;
#define CHECK_NAME(name, category, sentence)                                                       \
    assert_string_equal(myc_status_name(MYC_##name), #name);
    MYC_STATUS_LIST(CHECK_NAME)
#undef CHECK_NAME
    assert_string_equal(myc_status_name(MYC_OK), "OK");
    assert_string_equal(myc_status_name(MYC_TOO_BIG), "TOO_BIG");
}

// No two statuses share a name or a sentence: each line of a log tells which one it was. [STATUS-1]
static void test_names_and_sentences_are_unique(void **state)
{
    (void)state;
    for (int i = 0; i < MYC_STATUS_COUNT; i++) {
        for (int j = 0; j < i; j++) {
            enum myc_status a = (enum myc_status)i;
            enum myc_status b = (enum myc_status)j;
            assert_string_not_equal(myc_status_name(a), myc_status_name(b));
            assert_string_not_equal(myc_status_sentence(a), myc_status_sentence(b));
        }
    }
}

// A sentence is lower case, without full stop, and fits into a diagnostic. [STATUS-2]
static void test_sentence_fits_behind_a_colon(void **state)
{
    (void)state;
    for (int i = 0; i < MYC_STATUS_COUNT; i++) {
        const char *sentence = myc_status_sentence((enum myc_status)i);
        size_t len = strlen(sentence);
        assert_in_range(len, 5, 120);
        assert_in_range(sentence[0], 'a', 'z');
        assert_int_not_equal(sentence[len - 1], '.');
    }
}

// Every status has somebody who can act on it, and only success has nobody. [STATUS-3]
static void test_category_says_who_can_act(void **state)
{
    (void)state;
    for (int i = 0; i < MYC_STATUS_COUNT; i++) {
        enum myc_status_category category = myc_status_category((enum myc_status)i);
        assert_int_equal(category == MYC_CATEGORY_NONE, i == MYC_OK);
        assert_in_range(category, MYC_CATEGORY_NONE, MYC_CATEGORY_PLATFORM);
    }
    assert_int_equal(myc_status_category(MYC_AGAIN), MYC_CATEGORY_FLOW);
    assert_int_equal(myc_status_category(MYC_INVALID), MYC_CATEGORY_CALLER);
    assert_int_equal(myc_status_category(MYC_PEER_DIED), MYC_CATEGORY_PEER);
    assert_int_equal(myc_status_category(MYC_NO_MEMORY), MYC_CATEGORY_RESOURCE);
    assert_int_equal(myc_status_category(MYC_CORRUPT), MYC_CATEGORY_CORRUPT);
    assert_int_equal(myc_status_category(MYC_IO), MYC_CATEGORY_PLATFORM);
}

// A number from a newer version, or from garbage, still gets answers. [STATUS-1] [STATUS-2]
// [STATUS-3]
static void test_status_outside_the_list_is_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        assert_string_equal(myc_status_name(outside[i]), "UNKNOWN");
        assert_true(strlen(myc_status_sentence(outside[i])) > 0);
        assert_int_equal(myc_status_category(outside[i]), MYC_CATEGORY_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_ok_is_zero),
        cmocka_unit_test(test_name_is_the_enumerator),
        cmocka_unit_test(test_names_and_sentences_are_unique),
        cmocka_unit_test(test_sentence_fits_behind_a_colon),
        cmocka_unit_test(test_category_says_who_can_act),
        cmocka_unit_test(test_status_outside_the_list_is_answered),
    };
    return cmocka_run_group_tests_name("core.status", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A message with every type: where its fields lie, and what it makes of bytes from outside.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "every.h"

// Offsets as the guide's rule has them: the next multiple of the alignment, at most 8.
static void test_fields_lie_where_the_guide_says(void **state)
{
    (void)state;
    static const struct {
        size_t found;
        size_t size;
        size_t alignment;
    } fields[] = {
#define FIELD(name, size, alignment) {offsetof(struct every_everything, name), size, alignment}
        FIELD(name, 1, 1),        FIELD(of_u16, 2, 2),
        FIELD(gap0, 1, 1),        FIELD(of_u32, 4, 4),
        FIELD(gap1, 1, 1),        FIELD(of_u64, 8, 8),
        FIELD(gap2, 1, 1),        FIELD(of_i16, 2, 2),
        FIELD(gap3, 1, 1),        FIELD(of_i32, 4, 4),
        FIELD(gap4, 1, 1),        FIELD(of_i64, 8, 8),
        FIELD(gap5, 1, 1),        FIELD(of_f32, 4, 4),
        FIELD(gap6, 1, 1),        FIELD(of_f64, 8, 8),
        FIELD(is_set, 1, 1),      FIELD(of_u128, 16, 8),
        FIELD(gap7, 1, 1),        FIELD(of_u256, 32, 8),
        FIELD(gap8, 1, 1),        FIELD(of_i128, 16, 8),
        FIELD(gap9, 1, 1),        FIELD(of_i256, 32, 8),
        FIELD(of_bytes, 3, 1),    FIELD(has_maybe_bool, 1, 1),
        FIELD(maybe_bool, 1, 1),  FIELD(has_maybe_u32, 1, 1),
        FIELD(maybe_u32, 4, 4),   FIELD(has_maybe_i256, 1, 1),
        FIELD(maybe_i256, 32, 8), FIELD(has_maybe_bytes, 1, 1),
        FIELD(maybe_bytes, 5, 1),
#undef FIELD
    };
    size_t offset = 0;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        offset = (offset + fields[i].alignment - 1) / fields[i].alignment * fields[i].alignment;
        assert_int_equal(fields[i].found, offset);
        offset += fields[i].size;
    }
    assert_int_equal(sizeof(struct every_everything), (offset + 7) / 8 * 8);
    assert_int_equal(EVERY_EVERYTHING_SIZE, sizeof(struct every_everything));
}

// Every byte but those of presence marks, bools, absent values is free to be anything.
static void test_each_hostile_byte_is_judged(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        size_t size;
        const char *field;
    } strict[] = {
#define STRICT(name, field)                                                                        \
    {offsetof(struct every_everything, name),                                                      \
     sizeof(((struct every_everything *)0)->name),                                                 \
     "Everything." #field ":"}
        STRICT(is_set, is_set),
        STRICT(has_maybe_bool, maybe_bool),
        STRICT(maybe_bool, maybe_bool),
        STRICT(has_maybe_u32, maybe_u32),
        STRICT(maybe_u32, maybe_u32),
        STRICT(has_maybe_i256, maybe_i256),
        STRICT(maybe_i256, maybe_i256),
        STRICT(has_maybe_bytes, maybe_bytes),
        STRICT(maybe_bytes, maybe_bytes),
#undef STRICT
    };
    for (size_t i = 0; i < sizeof(struct every_everything); i++) {
        struct every_everything message;
        struct myc_diagnostic diagnostic;
        const char *expected = NULL;
        every_everything_init(&message);
        ((uint8_t *)&message)[i] = 0x80;
        for (size_t j = 0; j < sizeof(strict) / sizeof(strict[0]); j++) {
            bool is_inside = i >= strict[j].offset && i < strict[j].offset + strict[j].size;
            expected = is_inside ? strict[j].field : expected;
        }
        enum myc_status status =
            every_everything_type.validate(&message, sizeof(message), &diagnostic);
        assert_int_equal(status, expected == NULL ? MYC_OK : MYC_CORRUPT);
        if (expected != NULL) {
            assert_memory_equal(diagnostic.text, expected, strlen(expected));
        }
    }
}

// Payloads longer than the struct are seen in place, shorter ones refused: no version is shorter.
static void test_view_takes_other_sizes(void **state)
{
    (void)state;
    uint64_t words[sizeof(struct every_everything) / 8 + 1];
    struct every_everything scratch;
    memset(words, 0x01, sizeof(words));
    for (uint32_t size = 0; size <= sizeof(words); size++) {
        for (uint16_t version = 1; version <= 3; version++) {
            struct myc_record record = {
                .type = EVERY_EVERYTHING_TYPE_ID,
                .version = version,
                .size = size,
                .payload = words};
            memset(&scratch, 0xEE, sizeof(scratch));
            const struct every_everything *seen = every_everything_view(&record, &scratch);
            if (size >= sizeof(scratch)) {
                assert_ptr_equal(seen, words);
            } else {
                assert_null(seen);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_lie_where_the_guide_says),
        cmocka_unit_test(test_each_hostile_byte_is_judged),
        cmocka_unit_test(test_view_takes_other_sizes),
    };
    return cmocka_run_group_tests_name("tool.everything", tests, NULL, NULL);
}

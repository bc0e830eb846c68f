// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Generated checks in a program that is compiled with -ffast-math, where compilers may think that
// no float is infinite or no number: what comes from outside is refused all the same.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "floats.h"

static enum myc_status judge(size_t offset, const void *bytes, size_t size)
{
    struct floats_limits message;
    floats_limits_init(&message);
    message.list_count = myc_le_u32(1);
    memcpy((unsigned char *)&message + offset, bytes, size);
    return floats_limits_validate(&message, NULL);
}

static enum myc_status judge_f64(size_t offset, uint64_t bits)
{
    uint64_t in_memory = myc_le_u64(bits);
    return judge(offset, &in_memory, sizeof(in_memory));
}

static enum myc_status judge_f32(size_t offset, uint32_t bits)
{
    uint32_t in_memory = myc_le_u32(bits);
    return judge(offset, &in_memory, sizeof(in_memory));
}

// [GENERATED-4] NaNs of either sign, quiet and signalling, and infinities that a rule excludes.
static void test_what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const uint64_t wide[] = {
        0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001, 0xFFF0000000000000};
    static const uint32_t narrow[] = {0x7FC00000, 0xFFC00000, 0x7F800001, 0xFF800000};
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        assert_int_equal(judge_f64(offsetof(struct floats_limits, finite), wide[i]), MYC_CORRUPT);
        assert_int_equal(judge_f64(offsetof(struct floats_limits, ranged), wide[i]), MYC_CORRUPT);
        assert_int_equal(judge_f32(offsetof(struct floats_limits, narrow), narrow[i]), MYC_CORRUPT);
        assert_int_equal(judge_f32(offsetof(struct floats_limits, list), narrow[i]), MYC_CORRUPT);
    }
}

// An infinity that no rule excludes, and numbers at the limits, are accepted.
static void test_what_rules_allow_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(judge_f32(offsetof(struct floats_limits, list), 0x7F800000), MYC_OK);
    assert_int_equal(judge_f64(offsetof(struct floats_limits, finite), 0x7FEFFFFFFFFFFFFF), MYC_OK);
    assert_int_equal(judge_f64(offsetof(struct floats_limits, ranged), 0x3FF0000000000000), MYC_OK);
    assert_int_equal(
        judge_f64(offsetof(struct floats_limits, ranged), 0x3FF0000000000001), MYC_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_number_is_refused),
        cmocka_unit_test(test_what_rules_allow_is_accepted),
    };
    return cmocka_run_group_tests_name("tool.fast_math", tests, NULL, NULL);
}

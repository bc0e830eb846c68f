// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * CRC32C against the examples of RFC 3720, and against its definition bit by bit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/crc32c.h"

static void test_crc32c_of_the_standard(void **state)
{
    (void)state;
    unsigned char bytes[32];
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(myc__crc32c(0, bytes, 32), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof(bytes));
    assert_int_equal(myc__crc32c(0, bytes, 32), 0x62A8AB43);
    for (unsigned char i = 0; i < 32; i++) {
        bytes[i] = i;
    }
    assert_int_equal(myc__crc32c(0, bytes, 32), 0x46DD794E);
    assert_int_equal(myc__crc32c(0, "123456789", 9), 0xE3069283);
    assert_int_equal(myc__crc32c(0, bytes, 0), 0);
}

static uint32_t by_definition(const unsigned char *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ UINT32_C(0x82F63B78) : crc >> 1;
        }
    }
    return ~crc;
}

// Every entry of the table is used, and pieces make the same as the whole.
static void test_crc32c_is_its_definition(void **state)
{
    (void)state;
    unsigned char bytes[1024];
    uint32_t random = 1;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = i < 256 ? (unsigned char)i : (unsigned char)(random >> 24);
    }
    for (size_t i = 0; i < 256; i++) {
        assert_int_equal(myc__crc32c(0, bytes + i, 1), by_definition(bytes + i, 1));
    }
    uint32_t whole = by_definition(bytes, sizeof(bytes));
    for (size_t cut = 0; cut <= sizeof(bytes); cut += 37) {
        uint32_t crc = myc__crc32c(0, bytes, cut);
        assert_int_equal(myc__crc32c(crc, bytes + cut, sizeof(bytes) - cut), whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32c_of_the_standard),
        cmocka_unit_test(test_crc32c_is_its_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

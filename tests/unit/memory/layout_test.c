// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The header of a place: its bytes, and what is refused although its checksum is right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memory/layout.h"

enum { BLOCK_BYTES = 8192, PAGES = 3, WHOLE_BYTES = 4096 * 4 + BLOCK_BYTES };

static void fill(struct myc__place_constant *constant)
{
    memset(constant, 0, sizeof(*constant));
    myc__place_layout_fill(constant, BLOCK_BYTES, PAGES, 300, 5);
    constant->creator_pid = 77;
    constant->checksum = myc__place_layout_checksum(constant);
}

static enum myc_status
check(const struct myc__place_constant *constant, size_t bytes, struct myc_diagnostic *why)
{
    struct myc__place_constant copy;
    return myc__place_layout_check(constant, bytes, &copy, why);
}

// The bytes on a little-endian host are these, for ever.
static void test_layout_is_pinned(void **state)
{
    static const unsigned char begins[64] = {
        'M', 'Y',  'C', 'P', 'L', 'A', 'C', 'E', // magic
        1,   0,    0,   0,   4,   3,   2,   1,   // version, byte order mark
        44,  1,    0,   0,   3,   0,   0,   0,   // content 300, 3 pages
        0,   0x60, 0,   0,   0,   0,   0,   0,   // 24576 bytes in all
        0,   0x40, 0,   0,   0,   0,   0,   0,   // the block begins at 16384
        0,   0x20, 0,   0,   0,   0,   0,   0,   // and has 8192 bytes
        0,   0x10, 0,   0,   0,   0,   0,   0,   // the pages begin at 4096
        5,   0,    0,   0,   0,   0,   0,   0,   // generation
    };
    struct myc__place_constant constant;
    (void)state;
    fill(&constant);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    assert_memory_equal(&constant, begins, sizeof(begins));
    assert_int_equal(constant.checksum, UINT64_C(0x0606f875635177de));
#else
    (void)begins;
#endif
    assert_int_equal(check(&constant, WHOLE_BYTES, NULL), MYC_OK);
}

// A header is not believed because its checksum is right: each field is looked at by itself.
static void test_layout_checks_each_field(void **state)
{
    static const struct {
        size_t offset;
        uint64_t value;
        enum myc_status status;
        const char *text;
    } changes[] = {
        {0, 0, MYC_CORRUPT, "magic"},
        {24, WHOLE_BYTES + 4096, MYC_CORRUPT, "whole size is 28672, expected 24576"},
        {32, 4096, MYC_CORRUPT, "block offset is 4096, expected 16384"},
        {40, 0, MYC_CORRUPT, "block size is 0"},
        {40, 8193, MYC_CORRUPT, "block size is 8193"},
        {40, UINT64_MAX - 4095, MYC_CORRUPT, "block size is"},
        {48, 8192, MYC_CORRUPT, "pages offset is 8192, expected 4096"},
        {56, 0, MYC_CORRUPT, "generation"},
        {16, UINT64_C(5000) << 32 | 300, MYC_CORRUPT, "number of pages is 5000, expected 4096"},
    };
    struct myc__place_constant constant;
    struct myc_diagnostic why;
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        fill(&constant);
        memcpy((char *)&constant + changes[i].offset, &changes[i].value, sizeof(uint64_t));
        constant.checksum = myc__place_layout_checksum(&constant);
        assert_int_equal(check(&constant, WHOLE_BYTES, &why), changes[i].status);
        assert_non_null(strstr(why.text, changes[i].text));
    }
}

// The segment has to be as long as its header says, to the byte.
static void test_layout_checks_the_segment(void **state)
{
    struct myc__place_constant constant;
    struct myc_diagnostic why;
    (void)state;
    fill(&constant);
    assert_int_equal(check(&constant, WHOLE_BYTES - 1, &why), MYC_CORRUPT);
    assert_non_null(strstr(why.text, "size of the segment is 24575, expected 24576"));
    assert_int_equal(check(&constant, WHOLE_BYTES + 1, NULL), MYC_CORRUPT);
    assert_int_equal(check(&constant, 4096, NULL), MYC_CORRUPT);
}

// An accident anywhere in the constant part is noticed.
static void test_layout_notices_every_byte(void **state)
{
    struct myc__place_constant constant;
    (void)state;
    for (size_t i = 0; i < sizeof(constant); i++) {
        for (int bit = 0; bit < 8; bit++) {
            fill(&constant);
            ((unsigned char *)&constant)[i] ^= (unsigned char)(1 << bit);
            assert_int_not_equal(check(&constant, WHOLE_BYTES, NULL), MYC_OK);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout_is_pinned),
        cmocka_unit_test(test_layout_checks_each_field),
        cmocka_unit_test(test_layout_checks_the_segment),
        cmocka_unit_test(test_layout_notices_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Memory: given once, bounded, never asked for again.
 */
#include "unit/framed/framed_fixture.h"

static size_t requests;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    requests++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    requests++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    requests++;
    return __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    requests++;
    return __real_aligned_alloc(alignment, size);
}

// Messages of all sizes flow, one is given up, the reader ends: nothing asks for memory.
static void test_nothing_allocates_after_creation(void **state)
{
    (void)state;
    struct fixture fixture;
    requests = 0;
    fixture_open(&fixture, FIXTURE_MESSAGE_BYTES_MAX);
    assert_true(requests >= 4); // Or the counting is broken.
    requests = 0;
    for (uint16_t version = 1; version <= 200; version++) {
        enum myc_status status = fixture_publish(&fixture, version, (size_t)version * 90);
        while (status == MYC_AGAIN) {
            (void)fixture_poll(&fixture);
            status = myc_framed_resume(&fixture.writer);
        }
        assert_int_equal(status, MYC_OK);
        (void)fixture_poll(&fixture);
    }
    fixture_publish_part(&fixture, 201, 10000);
    (void)fixture_poll(&fixture);
    myc_framed_end(&fixture.source);
    assert_int_equal(fixture.seen.message_count, 200);
    assert_int_equal(fixture.seen.loss_count, 1);
    assert_int_equal(requests, 0);
    fixture_close(&fixture);
}

// Only possible options have a size: reassemblies times messages, rounded up to 8. [FRAMED-7]
static void test_memory_size_is_what_the_options_say(void **state)
{
    (void)state;
    static const struct {
        struct myc_framed_assembler_options options;
        size_t bytes;
    } cases[] = {
        {{0, 1}, 0},
        {{1, 0}, 0},
        {{1, MYC_FRAMED_REASSEMBLIES_MAX + 1}, 0},
        {{MYC_FRAMED_MESSAGE_BYTES_MAX + 1u, 1}, 0},
        {{1, 1}, 8},
        {{1000, 3}, 3000},
        {{1001, 64}, (size_t)1008 * 64},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(myc_framed_memory_size(&cases[i].options), cases[i].bytes);
    }
}

// Bad options and memory that is short or unaligned are refused. [FRAMED-7]
static void test_assembler_names_what_is_wrong(void **state)
{
    (void)state;
    _Alignas(8) unsigned char memory[64];
    struct myc_framed_assembler assembler;
    struct myc_diagnostic why;
    const struct myc_framed_assembler_options none = {0, 1};
    const struct myc_framed_assembler_options good = {32, 2};
    assert_int_equal(myc_framed_assembler_init(&assembler, memory, 64, &none, &why), MYC_INVALID);
    assert_non_null(strstr(why.text, "message_bytes_max"));
    assert_int_equal(myc_framed_assembler_init(&assembler, memory, 63, &good, &why), MYC_INVALID);
    assert_non_null(strstr(why.text, "memory"));
    assert_int_equal(
        myc_framed_assembler_init(&assembler, memory + 4, 64, &good, &why), MYC_INVALID);
    assert_int_equal(myc_framed_assembler_init(&assembler, NULL, 64, &good, NULL), MYC_INVALID);
    assert_int_equal(
        myc_framed_assembler_init(&assembler, memory, sizeof memory, &good, &why), MYC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_allocates_after_creation),
        cmocka_unit_test(test_memory_size_is_what_the_options_say),
        cmocka_unit_test(test_assembler_names_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The ring's memory against its golden vector, byte by byte. A change here is a change of the
 * layout and needs a new layout version and a new vector.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/ring.h>

enum { RING_BYTES_MAX = 64 * 1024 };

static void write_repeat(unsigned char *image, unsigned long at, unsigned long count, unsigned byte)
{
    assert_true(at + count <= RING_BYTES_MAX);
    memset(image + at, (int)byte, count);
}

static void write_bytes(unsigned char *image, unsigned long at, const char *hex)
{
    for (size_t i = 0; hex[2 * i] != '\0' && hex[2 * i] != '\n'; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        assert_true(at + i < RING_BYTES_MAX);
        image[at + i] = (unsigned char)strtoul(digits, NULL, 16);
    }
}

// Reads the lines of one [section] into a zeroed image. Returns: how many there were.
static size_t read_vector(const char *section, unsigned char *image)
{
    FILE *file = fopen(MYC_GOLDEN_DIRECTORY "/ring_layout_3.txt", "r");
    char line[256];
    size_t count = 0;
    bool is_inside = false;
    assert_non_null(file);
    memset(image, 0, RING_BYTES_MAX);
    while (fgets(line, sizeof line, file) != NULL) {
        char *rest = NULL;
        if (line[0] == '[') {
            is_inside = strncmp(line, section, strlen(section)) == 0;
            continue;
        }
        unsigned long at = strtoul(line, &rest, 10);
        if (!is_inside || rest == line) {
            continue;
        }
        count++;
        if (strncmp(rest, " repeat ", 8) == 0) {
            char *byte = NULL;
            unsigned long repeats = strtoul(rest + 8, &byte, 10);
            write_repeat(image, at, repeats, (unsigned)strtoul(byte, NULL, 16));
        } else {
            assert_int_equal(strncmp(rest, " bytes ", 7), 0);
            write_bytes(image, at, rest + 7);
        }
    }
    (void)fclose(file);
    return count;
}

static void check_image(const char *section, const unsigned char *bytes, size_t size)
{
    unsigned char *image = malloc(RING_BYTES_MAX);
    assert_non_null(image);
    assert_true(size <= RING_BYTES_MAX);
    assert_true(read_vector(section, image) > 2);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != image[i]) {
            fail_msg("%s offset %zu: %02x, the vector says %02x", section, i, bytes[i], image[i]);
        }
    }
    for (size_t i = size; i < RING_BYTES_MAX; i++) {
        assert_int_equal(image[i], 0);
    }
    free(image);
}

static void
publish(struct myc_ring_writer *writer, uint16_t type, uint16_t version, int byte, size_t size)
{
    unsigned char payload[2048];
    memset(payload, byte, sizeof payload);
    assert_int_equal(myc_ring_publish(writer, type, version, payload, size), MYC_OK);
}

static void ignore(const struct myc_record *record, void *context)
{
    (void)record;
    (void)context;
}

static void fill_options(struct myc_ring_options *options)
{
    memset(options, 0, sizeof *options);
    options->capacity_bytes = 8192;
    options->readers_max = 2;
    options->readers_may_sleep = true;
    options->publisher_id = 0x0123456789abcdef;
    options->publisher_epoch = 0x1122334455667788;
    options->creator.pid = 4242;
    options->creator.start_time = 99;
    for (size_t i = 0; i < sizeof options->creator.boot_id; i++) {
        options->creator.boot_id[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < sizeof options->contract_digest; i++) {
        options->contract_digest[i] = (uint8_t)(0x20 + i);
    }
}

// The story in the vector's head leaves exactly the vector's bytes. [RING-1] [RING-2]
static void test_layout_is_the_golden_one(void **state)
{
    (void)state;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    skip();
#endif
    struct myc_ring_options options;
    static struct myc_ring_writer writer;
    static struct myc_ring_reader reader;
    struct myc_ring_ticket ticket;
    fill_options(&options);
    size_t size = myc_ring_memory_size(&options);
    unsigned char *memory = aligned_alloc(4096, size);
    unsigned char *page = aligned_alloc(4096, MYC_RING_PAGE_BYTES);
    assert_non_null(memory);
    assert_non_null(page);
    memset(memory, 0, size);
    memset(page, 0, MYC_RING_PAGE_BYTES);
    assert_int_equal(myc_ring_writer_init(&writer, memory, size, &options, NULL), MYC_OK);
    for (int i = 0; i < 4; i++) {
        publish(&writer, 7, 3, 0x51 + i, 2000);
    }
    assert_int_equal(myc_ring_join(&writer, page, MYC_RING_EARLIEST, &ticket), MYC_OK);
    assert_int_equal(myc_ring_reader_init(&reader, memory, size, page, &ticket, NULL), MYC_OK);
    assert_int_equal(myc_ring_poll(&reader, ignore, NULL, 1), 1);
    myc_ring_reader_arm(&reader);
    assert_int_equal(myc_ring_publish(&writer, 0x0102, 0x0304, "hello", 5), MYC_OK);
    publish(&writer, 0xfeff, 0xffff, 0x61, 100);
    publish(&writer, 1, 0, 0x62, 48);
    check_image("[ring]", memory, size);
    check_image("[page]", page, MYC_RING_PAGE_BYTES);
    free(page);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout_is_the_golden_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

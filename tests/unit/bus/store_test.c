// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The store of unknown messages against a model: first in, first out, whole, never beyond its
 * memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bus/store.h"

enum { ROUNDS = 20000, QUEUE_MAX = 64, PAYLOAD_MAX = 80, GUARD = 16 };

struct expected {
    uint64_t sequence;
    uint32_t size;
};

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(*state >> 33) % below;
}

static void check_oldest(const struct myc__store *store, const struct expected *expected)
{
    const struct myc__store_entry *entry = myc__store_oldest(store);
    assert_non_null(entry);
    assert_int_equal(entry->sequence, expected->sequence);
    assert_int_equal(entry->size, expected->size);
    const unsigned char *bytes = (const unsigned char *)(entry + 1);
    for (uint32_t i = 0; i < entry->size; i++) {
        assert_int_equal(bytes[i], (unsigned char)(expected->sequence + i));
    }
}

// Any order of puts and drops, in stores of every small size.
static void test_store_is_a_queue(void **state)
{
    (void)state;
    for (size_t bytes = 64; bytes <= 400; bytes += 8) {
        struct expected queue[QUEUE_MAX];
        size_t count = 0;
        uint64_t seed = bytes;
        uint64_t refused = 0;
        unsigned char *memory = calloc(1, bytes + GUARD);
        struct myc__store store = {.memory = memory, .bytes = bytes};
        assert_non_null(memory);
        memset(memory + bytes, 0xA5, GUARD);
        for (uint64_t sequence = 1; sequence <= ROUNDS / 20; sequence++) {
            unsigned char payload[PAYLOAD_MAX];
            uint32_t size = draw(&seed, PAYLOAD_MAX);
            for (uint32_t i = 0; i < size; i++) {
                payload[i] = (unsigned char)(sequence + i);
            }
            const struct myc_record record = {
                .type = 9, .version = 2, .size = size, .payload = payload, .sequence = sequence};
            if (myc__store_put(&store, &record, 77)) {
                assert_true(count < QUEUE_MAX);
                queue[count++] = (struct expected){sequence, size};
            } else {
                refused++;
                // With nothing inside only what is larger than the whole can be refused.
                assert_true(
                    count > 0 || sizeof(struct myc__store_entry) + ((size + 7) & ~7U) > bytes);
            }
            assert_true(store.used <= store.bytes);
            while (count > 0 && draw(&seed, 3) != 0) {
                check_oldest(&store, &queue[0]);
                myc__store_drop(&store);
                count--;
                memmove(queue, queue + 1, count * sizeof(queue[0]));
            }
        }
        assert_true(refused > 0);
        for (size_t i = 0; i < count; i++) {
            check_oldest(&store, &queue[i]);
            myc__store_drop(&store);
        }
        assert_null(myc__store_oldest(&store));
        myc__store_drop(&store);
        for (size_t i = 0; i < GUARD; i++) {
            assert_int_equal(memory[bytes + i], 0xA5);
        }
        free(memory);
    }
}

// Without memory nothing is kept.
static void test_store_without_memory(void **state)
{
    (void)state;
    struct myc__store store = {0};
    const struct myc_record record = {.type = 9, .size = 8, .payload = "12345678"};
    assert_false(myc__store_put(&store, &record, 1));
    assert_null(myc__store_oldest(&store));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_is_a_queue),
        cmocka_unit_test(test_store_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

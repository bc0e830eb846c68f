// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Claim and commit as they are compiled into the caller: the same as those of the library.
 */
#include <mycelium/ring_inline.h>

#include "unit/ring/ring_fixture.h"

enum { CAPACITY = 4096 };

static uint64_t next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

// Two rings get the same messages, one by way of the library alone: every word of their memory
// is the same behind each of them. [RING-36]
static void test_fast_does_what_the_library_does(void **state)
{
    (void)state;
    static struct fixture fast, slow;
    uint64_t seed = 7;
    fixture_init(&fast, CAPACITY);
    fixture_init(&slow, CAPACITY);
    struct fixture_reader *readers[] = {
        fixture_join(&fast, 0, MYC_RING_LIVE), fixture_join(&slow, 0, MYC_RING_LIVE)};
    uint64_t refused = 0;
    for (int i = 0; i < 20000; i++) {
        size_t size = next(&seed) % (next(&seed) % 16 == 0 ? 1100 : 80);
        size_t final = size - (next(&seed) % 4 == 0 ? next(&seed) % (size + 1) : 0);
        unsigned char *ours = myc_ring_claim_fast(&fast.writer, size);
        unsigned char *theirs = myc_ring_claim(&slow.writer, size);
        assert_int_equal(ours == NULL, theirs == NULL);
        bool is_aborted = next(&seed) % 8 == 0;
        if (ours == NULL || is_aborted) {
            refused += ours == NULL;
            myc_ring_abort(&fast.writer);
            myc_ring_abort(&slow.writer);
        } else {
            assert_int_equal(ours - fast.writer.data, theirs - slow.writer.data);
            fixture_fill(ours, final, myc_ring_committed(&fast.writer) + 1);
            fixture_fill(theirs, final, myc_ring_committed(&slow.writer) + 1);
            myc_ring_commit_fast(&fast.writer, 7, 3, final);
            myc_ring_commit(&slow.writer, 7, 3, final);
        }
        assert_int_equal(fast.writer.position, slow.writer.position);
        assert_int_equal(myc_ring_committed(&fast.writer), myc_ring_committed(&slow.writer));
        assert_memory_equal(fast.memory, slow.memory, fast.memory_bytes);
        if (next(&seed) % 8 == 0) {
            size_t count = fixture_drain(readers[0]);
            assert_int_equal(fixture_drain(readers[1]), count);
        }
    }
    assert_true(refused > 0);
    assert_true(myc_ring_is_valid(&fast.writer));
    fixture_deinit(&fast);
    fixture_deinit(&slow);
}

// Misuse is what it is there: nothing is published, and the writer is poisoned. [RING-36]
static void test_misuse_poisons(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct fixture fixture;
        fixture_init(&fixture, CAPACITY);
        assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
        if (i != 0) {
            assert_non_null(myc_ring_claim_fast(&fixture.writer, 16));
        }
        uint64_t position = fixture.writer.position;
        myc_ring_commit_fast(&fixture.writer, i == 2 ? MYC_RECORD_PAD : 7, 0, i == 1 ? 24 : 16);
        assert_int_equal(fixture.writer.position, position);
        assert_null(myc_ring_claim_fast(&fixture.writer, 8));
        assert_int_equal(fixture_publish(&fixture, 8), MYC_FULL);
        assert_int_equal(myc_ring_publish(&fixture.writer, 7, 0, "", 0), MYC_POISONED);
        fixture_deinit(&fixture);
    }
}

// A closed ring takes nothing, and no record is larger than it may be. [RING-36]
static void test_limits_hold(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, CAPACITY);
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    assert_non_null(myc_ring_claim_fast(&fixture.writer, myc_ring_payload_max(&fixture.writer)));
    myc_ring_abort(&fixture.writer);
    assert_null(myc_ring_claim_fast(&fixture.writer, myc_ring_payload_max(&fixture.writer) + 1));
    assert_non_null(myc_ring_claim_fast(&fixture.writer, 8));
    myc_ring_commit_fast(&fixture.writer, 7, 0, 8);
    myc_ring_writer_close(&fixture.writer);
    assert_null(myc_ring_claim_fast(&fixture.writer, 8));
    fixture_deinit(&fixture);
}

// A size that goes round the end of the numbers is too large, not small. [RING-36]
static void test_no_size_goes_round(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, CAPACITY);
    assert_int_equal(fixture_publish(&fixture, 8), MYC_OK);
    for (size_t less = 0; less < 32; less++) {
        assert_null(myc_ring_claim_fast(&fixture.writer, SIZE_MAX - less));
    }
    fixture_deinit(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fast_does_what_the_library_does),
        cmocka_unit_test(test_misuse_poisons),
        cmocka_unit_test(test_limits_hold),
        cmocka_unit_test(test_no_size_goes_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

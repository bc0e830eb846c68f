// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The dispatchers of the seams, over implementations that only record: what reaches the
// implementation, and what is answered before it is asked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/log.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/stream.h>
#include <mycelium/interface/thread.h>

#include <string.h>

// ---- Clock ----

struct counting_clock {
    struct myc_clock base;
    uint64_t now_ns;
};

static uint64_t count_monotonic_ns(struct myc_clock *clock)
{
    struct counting_clock *counting = MYC_CONTAINER_OF(clock, struct counting_clock, base);
    return counting->now_ns++;
}

static uint64_t fixed_wall_ns(struct myc_clock *clock)
{
    (void)clock;
    return 1700000000000000000;
}

static const struct myc_clock_ops clock_ops = {
    .size = sizeof(clock_ops),
    .monotonic_ns = count_monotonic_ns,
    .wall_ns = fixed_wall_ns,
};

// Monotonic time comes from the implementation's own state, one call for one reading. [CLOCK-1]
static void test_clock_reads_its_own_state(void **state)
{
    (void)state;
    struct counting_clock clock = {{&clock_ops}, 41};
    assert_int_equal(myc_clock_monotonic_ns(&clock.base), 41);
    assert_int_equal(myc_clock_monotonic_ns(&clock.base), 42);
    assert_int_equal(clock.now_ns, 43);
}

// Wall time is another slot: reading it moves no monotonic time. [CLOCK-2]
static void test_clock_wall_is_apart(void **state)
{
    (void)state;
    struct counting_clock clock = {{&clock_ops}, 41};
    assert_int_equal(myc_clock_wall_ns(&clock.base), 1700000000000000000);
    assert_int_equal(clock.now_ns, 41);
}

// ---- Memory ----

struct counting_memory {
    struct myc_memory base;
    uint32_t allocate_count;
    uint32_t release_count;
    char bytes[64];
};

static void *count_allocate(struct myc_memory *memory, size_t size, size_t alignment)
{
    struct counting_memory *counting = MYC_CONTAINER_OF(memory, struct counting_memory, base);
    (void)alignment;
    counting->allocate_count++;
    return size <= sizeof(counting->bytes) ? counting->bytes : NULL;
}

static void count_release(struct myc_memory *memory, void *bytes, size_t size)
{
    struct counting_memory *counting = MYC_CONTAINER_OF(memory, struct counting_memory, base);
    (void)size;
    counting->release_count += bytes != NULL;
}

static const struct myc_memory_ops memory_ops = {
    .size = sizeof(memory_ops),
    .allocate = count_allocate,
    .release = count_release,
};

// Exhaustion is NULL, and an impossible alignment is NULL before anybody is asked. [MEM-1]
static void test_memory_checks_the_alignment(void **state)
{
    (void)state;
    struct counting_memory memory = {.base = {&memory_ops}};
    assert_ptr_equal(myc_memory_allocate(&memory.base, 64, 8), memory.bytes);
    assert_ptr_equal(myc_memory_allocate(&memory.base, 64, 4096), memory.bytes);
    assert_null(myc_memory_allocate(&memory.base, 65, 8));
    assert_int_equal(memory.allocate_count, 3);
    assert_null(myc_memory_allocate(&memory.base, 64, 0));
    assert_null(myc_memory_allocate(&memory.base, 64, 12));
    assert_null(myc_memory_allocate(&memory.base, 64, 8192));
    assert_int_equal(memory.allocate_count, 3);
}

// Releasing NULL releases nothing. [MEM-2]
static void test_memory_release_accepts_null(void **state)
{
    (void)state;
    struct counting_memory memory = {.base = {&memory_ops}};
    myc_memory_release(&memory.base, NULL, 8);
    assert_int_equal(memory.release_count, 0);
    myc_memory_release(&memory.base, memory.bytes, 8);
    assert_int_equal(memory.release_count, 1);
}

// ---- Log ----

struct keeping_log {
    struct myc_log base;
    enum myc_log_level level;
    const char *source;
    const char *text;
};

static void
keep_line(struct myc_log *log, enum myc_log_level level, const char *source, const char *text)
{
    struct keeping_log *keeping = MYC_CONTAINER_OF(log, struct keeping_log, base);
    keeping->level = level;
    keeping->source = source;
    keeping->text = text;
}

static const struct myc_log_ops log_ops = {.size = sizeof(log_ops), .write = keep_line};

// A platform without a log is spoken to in the same way as one with a log. [LOG-1]
static void test_log_may_be_missing(void **state)
{
    (void)state;
    struct keeping_log log = {.base = {&log_ops}};
    myc_log_write(NULL, MYC_LOG_ERROR, "risk", "lost");
    myc_log_write(&log.base, MYC_LOG_WARNING, "risk", "late");
    assert_int_equal(log.level, MYC_LOG_WARNING);
    assert_string_equal(log.source, "risk");
    assert_string_equal(log.text, "late");
}

// ---- Slots that are not there, and arguments that are answered early ----

static const struct myc_thread_ops thread_ops = {.size = sizeof(thread_ops)};
static const struct myc_stream_ops stream_ops = {.size = sizeof(stream_ops)};
static const struct myc_poller_ops poller_ops = {.size = sizeof(poller_ops)};

// An implementation without an optional slot is UNSUPPORTED, not a crash.
static void test_missing_slots_are_unsupported(void **state)
{
    (void)state;
    struct myc_thread thread = {&thread_ops};
    struct myc_stream stream = {&stream_ops};
    const struct myc_handle handle = {1};
    struct myc_handle other = {0};
    char byte = 0;
    size_t bytes = 9;
    size_t count = 9;
    assert_int_equal(myc_thread_barrier(&thread), MYC_UNSUPPORTED);
    assert_int_equal(
        myc_stream_send_handles(
            &stream, handle, (struct myc_const_span){&byte, 1}, &handle, 1, &bytes),
        MYC_UNSUPPORTED);
    assert_int_equal(bytes, 0);
    bytes = 9;
    assert_int_equal(
        myc_stream_receive_handles(
            &stream, handle, (struct myc_span){&byte, 1}, &other, 1, &bytes, &count),
        MYC_UNSUPPORTED);
    assert_int_equal(bytes, 0);
    assert_int_equal(count, 0);
}

// Calls that could do nothing are refused before the implementation sees them, with counts of zero.
static void test_empty_requests_are_invalid(void **state)
{
    (void)state;
    struct myc_thread thread = {&thread_ops};
    struct myc_stream stream = {&stream_ops};
    struct myc_poller poller = {&poller_ops};
    const struct myc_handle handle = {1};
    struct myc_handle started = {0};
    size_t count = 9;
    assert_int_equal(myc_thread_start(&thread, NULL, NULL, NULL, &started), MYC_INVALID);
    assert_int_equal(myc_stream_readv(&stream, handle, NULL, 0, &count), MYC_INVALID);
    assert_int_equal(count, 0);
    count = 9;
    assert_int_equal(myc_stream_writev(&stream, handle, NULL, 0, &count), MYC_INVALID);
    assert_int_equal(count, 0);
    count = 9;
    assert_int_equal(myc_poller_wait(&poller, handle, NULL, 0, MYC_NEVER, &count), MYC_INVALID);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock_reads_its_own_state),
        cmocka_unit_test(test_clock_wall_is_apart),
        cmocka_unit_test(test_memory_checks_the_alignment),
        cmocka_unit_test(test_memory_release_accepts_null),
        cmocka_unit_test(test_log_may_be_missing),
        cmocka_unit_test(test_missing_slots_are_unsupported),
        cmocka_unit_test(test_empty_requests_are_invalid),
    };
    return cmocka_run_group_tests_name("core.seams", tests, NULL, NULL);
}

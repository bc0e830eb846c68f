// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A recording on a real disk, whose recorder closes it or is killed.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <mycelium/interface/clock.h>
#include <mycelium/posix.h>
#include <mycelium/recording.h>

enum { MESSAGES = 5000, SYNCED = 3000 };

static const struct myc_recording_info market = {.topic = "market"};

// Records 1 to MESSAGES; at SYNCED it makes a sync point.
static void
record_all(struct myc_platform *platform, struct myc_recording_writer *writer, const char *path)
{
    const struct myc_recording_options options = {
        .block_bytes = 65536, .is_durable = true, .sync_interval_ns = UINT64_MAX};
    assert_int_equal(myc_recording_create(writer, platform, path, &market, &options, NULL), MYC_OK);
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        const struct myc_record record = {
            .type = 1, .size = sizeof(i), .payload = &i, .sequence = i};
        uint64_t now_ns = myc_clock_monotonic_ns(platform->clock);
        assert_int_equal(myc_recording_append(writer, &record, now_ns), MYC_OK);
        if (i == SYNCED) {
            assert_int_equal(myc_recording_sync(writer), MYC_OK);
        }
    }
}

static enum myc_status
read_all(struct myc_platform *platform, const char *path, uint64_t *out_count)
{
    struct myc_recording_reader reader = {0};
    struct myc_record record;
    uint64_t count = 0;
    enum myc_status status;
    assert_int_equal(myc_recording_open(&reader, platform, path, NULL), MYC_OK);
    while ((status = myc_recording_next(&reader, &record, NULL, NULL)) == MYC_OK) {
        uint64_t number;
        memcpy(&number, record.payload, sizeof(number));
        assert_int_equal(number, ++count);
    }
    myc_recording_reader_close(&reader);
    *out_count = count;
    return status;
}

static void test_real_recordings(void **state)
{
    (void)state;
    struct myc_platform *platform = NULL;
    struct myc_recording_writer writer = {0};
    char folder[] = "/tmp/myc-recording-XXXXXX";
    char path[64];
    uint64_t count = 0;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(myc_posix_create(&platform, NULL), MYC_OK);
    (void)snprintf(path, sizeof(path), "%s/closed", folder);
    record_all(platform, &writer, path);
    assert_int_equal(myc_recording_close(&writer), MYC_OK);
    assert_int_equal(read_all(platform, path, &count), MYC_END);
    assert_int_equal(count, MESSAGES);
    assert_int_equal(unlink(path), 0);

    (void)snprintf(path, sizeof(path), "%s/killed", folder);
    pid_t child = fork();
    if (child == 0) {
        record_all(platform, &writer, path);
        (void)raise(SIGKILL);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    assert_int_equal(read_all(platform, path, &count), MYC_PEER_DIED);
    assert_true(count >= SYNCED && count < MESSAGES);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    myc_posix_destroy(platform);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_real_recordings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

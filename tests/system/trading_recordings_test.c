// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The pipeline over real recordings, where there are any: the directory in MYC_DATA_DIR, or
 * shared/data beside the checkout. Skipped without them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/trading.h"

enum { SKIPPED = 77, RECORDINGS_MAX = 32, PATH_BYTES = 1024 };

struct recordings {
    size_t count;
    char paths[RECORDINGS_MAX][PATH_BYTES];
};

static void find_recordings(struct recordings *recordings)
{
    const char *folder = getenv("MYC_DATA_DIR");
    DIR *directory = opendir(folder != NULL ? folder : TRADING_DATA);
    recordings->count = 0;
    if (directory == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        size_t len = strlen(entry->d_name);
        if (len > 4 && strcmp(entry->d_name + len - 4, ".csv") == 0
            && recordings->count < RECORDINGS_MAX) {
            (void)snprintf(
                recordings->paths[recordings->count],
                PATH_BYTES,
                "%s/%s",
                folder != NULL ? folder : TRADING_DATA,
                entry->d_name);
            recordings->count++;
        }
    }
    (void)closedir(directory);
}

static int set_up(void **state)
{
    struct trading_system *system = malloc(sizeof(*system));
    assert_non_null(system);
    *state = system;
    trading_setup_system(system, "local");
    return 0;
}

static int tear_down(void **state)
{
    trading_teardown_system(*state);
    free(*state);
    return 0;
}

// A day of a real pool goes through the pipeline whole, twice in a row to reach its start again.
static void test_recordings_go_through_whole(void **state)
{
    static struct recordings recordings;
    struct trading_system *system = *state;
    find_recordings(&recordings);
    for (size_t i = 0; i < recordings.count; i++) {
        const char *const arguments[] = {
            "--input", recordings.paths[i], "--messages", "2800", "--paced", "0", NULL};
        trading_expect_for(system, arguments);
        trading_start_node(system, 0, arguments);
        struct program *node = &system->nodes[0];
        assert_true(program_await_end(node, program_deadline_ms(30000)));
        if (node->exit_code != 0) {
            fail_msg("%s: %s%s", recordings.paths[i], node->out.text, node->err.text);
        }
        uint64_t orders = trading_report_number(&system->helper, "orders");
        assert_true(orders > 0);
        assert_int_equal(trading_report_number(node, "orders_received"), orders);
        assert_int_equal(
            trading_report_number(node, "messages_in"),
            trading_report_number(&system->helper, "messages_in"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_recordings_go_through_whole, set_up, tear_down),
    };
    static struct recordings recordings;
    find_recordings(&recordings);
    if (recordings.count == 0) {
        (void)fprintf(stderr, "skipped: no recordings in MYC_DATA_DIR or beside the checkout\n");
        return SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

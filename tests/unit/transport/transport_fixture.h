// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A pair of connected Unix streams on the real backend.
 */
#ifndef MYC_UNIT_TRANSPORT_TRANSPORT_FIXTURE_H
#define MYC_UNIT_TRANSPORT_TRANSPORT_FIXTURE_H

#define _POSIX_C_SOURCE 200809L /* mkdtemp */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mycelium/interface/listener.h>
#include <mycelium/interface/stream.h>
#include <mycelium/posix.h>

struct streams {
    struct myc_platform *platform;
    struct myc_handle here;
    struct myc_handle there;
    size_t descriptors;
};

/** Open descriptors of this process. */
static inline size_t streams_count_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count;
}

/** Opens both ends; the listener and its files are gone again. */
static inline void streams_open(struct streams *streams)
{
    char directory[] = "/tmp/myc-transport-XXXXXX";
    struct myc_address address = {.kind = MYC_ADDRESS_UNIX};
    char lock[64];
    struct myc_handle listener;
    streams->descriptors = streams_count_descriptors();
    assert_int_equal(myc_posix_create(&streams->platform, NULL), MYC_OK);
    assert_non_null(mkdtemp(directory));
    (void)snprintf(address.text, sizeof(address.text), "%s/s", directory);
    (void)snprintf(lock, sizeof(lock), "%s/s.lock", directory);
    assert_int_equal(
        myc_listener_listen(streams->platform->listener, &address, 1, &listener, NULL), MYC_OK);
    assert_int_equal(
        myc_stream_connect(streams->platform->stream, &address, &streams->here, NULL), MYC_OK);
    assert_int_equal(
        myc_listener_accept(streams->platform->listener, listener, &streams->there), MYC_OK);
    myc_listener_close(streams->platform->listener, listener);
    (void)unlink(lock);
    assert_int_equal(rmdir(directory), 0);
}

/** Ends the platform; the streams are the test's. Nothing may be left open. */
static inline void streams_close(struct streams *streams)
{
    myc_posix_destroy(streams->platform);
    assert_int_equal(streams_count_descriptors(), streams->descriptors);
}

#endif

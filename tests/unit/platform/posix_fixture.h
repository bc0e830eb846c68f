// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A real platform and a scratch directory for one test, and what the tests ask the kernel.
 */
#ifndef MYC_UNIT_PLATFORM_POSIX_FIXTURE_H
#define MYC_UNIT_PLATFORM_POSIX_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <mycelium/posix.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "platform/posix/posix.h"

enum { FD_MAX = 256 };

struct fixture {
    struct myc_platform *platform;
    char directory[64];
    bool was_open[FD_MAX]; /* descriptors that were there before the test */
};

static inline void mark_open(bool open_fds[FD_MAX])
{
    for (int fd = 0; fd < FD_MAX; fd++) {
        open_fds[fd] = fcntl(fd, F_GETFD) >= 0;
    }
}

static inline uint32_t count_new_fds(const struct fixture *fixture)
{
    uint32_t count = 0;
    for (int fd = 0; fd < FD_MAX; fd++) {
        count += !fixture->was_open[fd] && fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

static inline int set_up(void **state)
{
    struct fixture *fixture = test_calloc(1, sizeof(*fixture));
    mark_open(fixture->was_open);
    memcpy(fixture->directory, "/tmp/myc-posix-XXXXXX", sizeof("/tmp/myc-posix-XXXXXX"));
    assert_non_null(mkdtemp(fixture->directory));
    assert_int_equal(myc_posix_create(&fixture->platform, NULL), MYC_OK);
    *state = fixture;
    return 0;
}

// Every test closes what it opened: the descriptors at its end are those from its beginning.
static inline int tear_down(void **state)
{
    struct fixture *fixture = *state;
    myc_posix_destroy(fixture->platform);
    assert_int_equal(count_new_fds(fixture), 0);
    DIR *directory = opendir(fixture->directory);
    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        (void)unlinkat(dirfd(directory), entry->d_name, 0);
    }
    (void)closedir(directory);
    assert_int_equal(rmdir(fixture->directory), 0);
    test_free(fixture);
    return 0;
}

static inline struct myc_address scratch_address(const struct fixture *fixture)
{
    struct myc_address address = {.kind = MYC_ADDRESS_UNIX};
    (void)snprintf(address.text, sizeof(address.text), "%s/socket", fixture->directory);
    return address;
}

static inline struct myc_handle
must_listen(struct fixture *fixture, const struct myc_address *address)
{
    struct myc_diagnostic diagnostic = {.status = MYC_OK};
    struct myc_handle handle = {0};
    enum myc_status status =
        myc_listener_listen(fixture->platform->listener, address, 8, &handle, &diagnostic);
    assert_string_equal(diagnostic.text, "");
    assert_int_equal(status, MYC_OK);
    return handle;
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The kernel's random generator.
#include "platform/posix/posix.h"

#include <errno.h>

#include <sys/random.h>

static enum myc_status entropy_fill(struct myc_entropy *entropy, void *bytes, size_t size)
{
    (void)entropy;
    char *cursor = bytes;
    while (size > 0) {
        ssize_t count = getrandom(cursor, size, 0);
        if (count > 0) {
            cursor += count;
            size -= (size_t)count;
        } else if (errno != EINTR) {
            return MYC_IO;
        }
    }
    return MYC_OK;
}

static const struct myc_entropy_ops entropy_ops = {
    .size = sizeof(entropy_ops),
    .fill = entropy_fill,
};

void myc__posix_entropy_init(struct myc_entropy *entropy)
{
    entropy->ops = &entropy_ops;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Entropy seam: unpredictable bytes for epochs and identities, never for decisions of the protocol.
 *
 * Threads: any.
 */
#ifndef MYC_INTERFACE_ENTROPY_H
#define MYC_INTERFACE_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct myc_entropy_ops;

struct myc_entropy {
    const struct myc_entropy_ops *ops;
};

struct myc_entropy_ops {
    uint32_t size;

    /** Fills `bytes`. Required. Fails only with MYC_IO. Simulator: drawn from the choice source. */
    enum myc_status (*fill)(struct myc_entropy *entropy, void *bytes, size_t size);
};

MYC_MUST_USE static inline enum myc_status
myc_entropy_fill(struct myc_entropy *entropy, void *bytes, size_t size)
{
    return entropy->ops->fill(entropy, bytes, size);
}

#ifdef __cplusplus
}
#endif

#endif

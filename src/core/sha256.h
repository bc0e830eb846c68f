// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * SHA-256 (FIPS 180-4): names a contract by its content. Not for secrets: it runs in plain time.
 */
#ifndef MYC_CORE_SHA256_H
#define MYC_CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { MYC__SHA256_BYTES = 32, MYC__SHA256_BLOCK_BYTES = 64 };

/** A digest in progress. */
struct myc__sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes taken so far */
    uint8_t block[MYC__SHA256_BLOCK_BYTES];
};

/** Starts a digest of no bytes. */
void myc__sha256_init(struct myc__sha256 *digest);

/** Takes the next bytes; how they are cut into calls does not matter. */
void myc__sha256_update(struct myc__sha256 *digest, const void *bytes, size_t size);

/** Ends the digest; the structure must be started again before further use. */
void myc__sha256_final(struct myc__sha256 *digest, uint8_t out_bytes[MYC__SHA256_BYTES]);

#endif

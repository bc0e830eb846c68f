// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * CRC32C (Castagnoli): the checksum of iSCSI, RFC 3720 appendix B.4, whose examples are tested.
 */
#ifndef MYC_CORE_CRC32C_H
#define MYC_CORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/** Continues `crc` (0 to begin) over `size` bytes. */
uint32_t myc__crc32c(uint32_t crc, const void *bytes, size_t size);

#endif

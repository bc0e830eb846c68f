// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Store: a bounded first-in, first-out of whole records, for messages of types that nobody here
 * knows. The newest is refused when there is no room, so that what is kept is what came first.
 */
#ifndef MYC_BUS_STORE_H
#define MYC_BUS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/record.h>

enum { MYC__STORE_BYTES_MIN = 64, MYC__STORE_BYTES_DEFAULT = 65536 };

/** Fields are private. One thread at a time. */
struct myc__store {
    unsigned char *memory; /* 8-aligned; NULL: nothing is stored */
    size_t bytes;          /* a multiple of 8 */
    size_t first;          /* offset of the oldest entry */
    size_t next;           /* offset behind the newest */
    size_t used;           /* bytes between them, with what is skipped at the end */
};

/** An entry as it lies in the memory; the payload follows. */
struct myc__store_entry {
    uint32_t bytes; /* with payload and zeros; 0: nothing more until the memory's end */
    uint32_t size;  /* of the payload */
    uint16_t type;
    uint16_t version;
    uint32_t reserved;
    uint64_t sequence;
    uint64_t publisher_epoch;
};

/** Copies a record in. Returns: whether there was room. */
bool myc__store_put(
    struct myc__store *store, const struct myc_record *record, uint64_t publisher_epoch);

/** The oldest entry, or NULL. */
const struct myc__store_entry *myc__store_oldest(const struct myc__store *store);

/** Frees the oldest entry, if there is one. */
void myc__store_drop(struct myc__store *store);

#endif

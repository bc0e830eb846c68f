// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * FlatBuffers payloads; the optional target mycelium::flatbuffers.
 *
 * The bytes are verified by code that flatc generated, then read where they lie: in C++ with what
 * flatc generated, in C with the functions below, by the ids of fields, 0 for a table's first.
 */
#ifndef MYC_FLATBUFFERS_H
#define MYC_FLATBUFFERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mycelium/diagnostic.h>
#include <mycelium/payload.h>
#include <mycelium/status.h>

#ifdef __cplusplus
extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast" // C has no other
#endif

enum { MYC_FLATBUFFERS_DEPTH_MAX = 64 /* tables inside of tables */ };

/** Whether bytes are a buffer of one schema; MYC_FLATBUFFERS_VERIFY defines one in C++. */
typedef bool myc_flatbuffers_verify_fn(const void *bytes, size_t size);

/** What the `schema` of a `struct myc_payload` points at. */
struct myc_flatbuffers_schema {
    myc_flatbuffers_verify_fn *verify;
};

/**
 * The check of a `struct myc_payload`: every offset, vtable, vector and string lies in the bytes,
 * at most MYC_FLATBUFFERS_DEPTH_MAX tables deep, and no more tables than the bytes have room for.
 *
 * Returns: OK, or CORRUPT. [FLATBUFFERS-1]
 */
enum myc_status myc_flatbuffers_check(
    const struct myc_payload *payload,
    const void *bytes,
    size_t size,
    struct myc_diagnostic *diagnostic);

/** How many tables so many bytes may hold: each has 4 of its own and shares a vtable of 4. */
static inline uint32_t myc_flatbuffers_tables_max(size_t size)
{
    return (uint32_t)(size / 4 + 1);
}

/** In C++, behind flatc's header: defines `bool name(bytes, size)` for a schema's root table. */
#define MYC_FLATBUFFERS_VERIFY(name, table)                                                        \
    extern "C" bool name(const void *bytes, size_t size)                                           \
    {                                                                                              \
        typedef table root;                                                                        \
        flatbuffers::Verifier verifier(                                                            \
            static_cast<const uint8_t *>(bytes),                                                   \
            size,                                                                                  \
            MYC_FLATBUFFERS_DEPTH_MAX,                                                             \
            myc_flatbuffers_tables_max(size));                                                     \
        return verifier.VerifyBuffer<root>(nullptr);                                               \
    }

/* ---- Reading in place from C; of bytes that were checked, and fields of the type named ---- */

/** Numbers at any place, least significant byte first on every host. */
static inline uint64_t myc_flatbuffers_number(const void *at, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)at;
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;) {
        value = value << 8 | bytes[i];
    }
    return value;
}

/** What the 32-bit offset at a place leads to. */
static inline const void *myc_flatbuffers_follow(const void *at)
{
    return (const unsigned char *)at + myc_flatbuffers_number(at, 4);
}

/** The root table of a buffer. */
static inline const void *myc_flatbuffers_root(const void *bytes)
{
    return myc_flatbuffers_follow(bytes);
}

/**
 * Where a field of a table lies: a number or struct itself; of a string, vector or table the
 * offset, see myc_flatbuffers_follow(). NULL: it is absent, so it has its default. [FLATBUFFERS-2]
 */
static inline const void *myc_flatbuffers_field(const void *table, uint32_t id)
{
    const unsigned char *start = (const unsigned char *)table;
    const unsigned char *vtable = start - (int32_t)(uint32_t)myc_flatbuffers_number(start, 4);
    uint64_t at = 4 + 2 * (uint64_t)id;
    if (at + 2 > myc_flatbuffers_number(vtable, 2)) {
        return NULL;
    }
    uint64_t offset = myc_flatbuffers_number(vtable + at, 2);
    return offset != 0 ? start + offset : NULL;
}

/** An unsigned field of `size` bytes, or what stands for it when it is absent. */
static inline uint64_t
myc_flatbuffers_unsigned(const void *table, uint32_t id, size_t size, uint64_t otherwise)
{
    const void *at = myc_flatbuffers_field(table, id);
    return at != NULL ? myc_flatbuffers_number(at, size) : otherwise;
}

/** The same of a signed one. */
static inline int64_t
myc_flatbuffers_signed(const void *table, uint32_t id, size_t size, int64_t otherwise)
{
    const void *at = myc_flatbuffers_field(table, id);
    if (at == NULL) {
        return otherwise;
    }
    uint64_t value = myc_flatbuffers_number(at, size);
    uint64_t sign = UINT64_C(1) << (8 * size - 1);
    return (int64_t)((value ^ sign) - sign);
}

/** A field that is a double. */
static inline double myc_flatbuffers_double(const void *table, uint32_t id, double otherwise)
{
    const void *at = myc_flatbuffers_field(table, id);
    double value = otherwise;
    if (at != NULL) {
        uint64_t bits = myc_flatbuffers_number(at, 8);
        memcpy(&value, &bits, sizeof(value));
    }
    return value;
}

/** A field that is a table, or NULL. */
static inline const void *myc_flatbuffers_table(const void *table, uint32_t id)
{
    const void *at = myc_flatbuffers_field(table, id);
    return at != NULL ? myc_flatbuffers_follow(at) : NULL;
}

/**
 * A field that is a string or a vector: how many elements it has, and where they begin. Strings are
 * terminated. Absent: 0 and NULL.
 */
static inline const void *
myc_flatbuffers_vector(const void *table, uint32_t id, uint32_t *out_count)
{
    const unsigned char *at = (const unsigned char *)myc_flatbuffers_table(table, id);
    *out_count = at != NULL ? (uint32_t)myc_flatbuffers_number(at, 4) : 0;
    return at != NULL ? at + 4 : NULL;
}

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
#include <mycelium/flatbuffers.h>

enum { BYTES_MIN = 8, BYTES_MAX = 0x7FFFFFFE /* the verifier's own limit */ };

enum myc_status myc_flatbuffers_check(
    const struct myc_payload *payload,
    const void *bytes,
    size_t size,
    struct myc_diagnostic *diagnostic)
{
    const struct myc_flatbuffers_schema *schema = payload->schema;
    if (size < BYTES_MIN || size > BYTES_MAX) {
        return myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "of a size that no buffer has");
    }
    if (!schema->verify(bytes, size)) {
        return myc_diagnostic_set(
            diagnostic, MYC_CORRUPT, 0, "FlatBuffers cannot verify the bytes");
    }
    myc_diagnostic_clear(diagnostic);
    return MYC_OK;
}

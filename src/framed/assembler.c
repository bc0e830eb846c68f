// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The memory in which trains are put together: as many slots as were asked for, each as long as the
 * longest message.
 */
#include <string.h>

#include "core/bits.h"
#include "framed/internal.h"

static uint64_t slot_bytes_of(const struct myc_framed_assembler_options *options)
{
    return ((uint64_t)options->message_bytes_max + 7) & ~UINT64_C(7);
}

size_t myc_framed_memory_size(const struct myc_framed_assembler_options *options)
{
    if (options->message_bytes_max == 0 || options->message_bytes_max > MYC_FRAMED_MESSAGE_BYTES_MAX
        || options->reassemblies_max == 0
        || options->reassemblies_max > MYC_FRAMED_REASSEMBLIES_MAX) {
        return 0;
    }
    uint64_t bytes = slot_bytes_of(options) * options->reassemblies_max;
    return bytes <= SIZE_MAX ? (size_t)bytes : 0;
}

enum myc_status myc_framed_assembler_init(
    struct myc_framed_assembler *assembler,
    void *memory,
    size_t memory_bytes,
    const struct myc_framed_assembler_options *options,
    struct myc_diagnostic *diagnostic)
{
    size_t needed = myc_framed_memory_size(options);
    if (needed == 0) {
        return myc_diagnostic_set(
            diagnostic,
            MYC_INVALID,
            0,
            "framed: message_bytes_max must be 1 to 1 GiB, reassemblies_max 1 to 64");
    }
    if (memory == NULL || (uintptr_t)memory % 8 != 0 || memory_bytes < needed) {
        return myc_diagnostic_set(
            diagnostic,
            MYC_INVALID,
            0,
            "framed: the memory must be 8-aligned, as long as myc_framed_memory_size() says");
    }
    memset(assembler, 0, sizeof *assembler);
    assembler->memory = memory;
    assembler->slot_bytes = slot_bytes_of(options);
    assembler->message_bytes_max = options->message_bytes_max;
    assembler->slot_count = options->reassemblies_max;
    assembler->slots_free = UINT64_MAX >> (MYC_FRAMED_REASSEMBLIES_MAX - options->reassemblies_max);
    return MYC_OK;
}

bool myc__assembler_take(struct myc_framed_assembler *assembler, uint32_t *out_slot)
{
    if (assembler->slots_free == 0) {
        return false;
    }
    *out_slot = myc__lowest_bit(assembler->slots_free);
    assembler->slots_free &= assembler->slots_free - 1;
    return true;
}

void myc__assembler_give(struct myc_framed_assembler *assembler, uint32_t slot)
{
    assembler->slots_free |= UINT64_C(1) << slot;
}

unsigned char *myc__assembler_bytes(struct myc_framed_assembler *assembler, uint32_t slot)
{
    return assembler->memory + slot * assembler->slot_bytes;
}

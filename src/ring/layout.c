// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Sizes, offsets and the constant header: how a ring is laid out and how a stranger's is checked.
 *
 * Foreign memory is copied once and only the copy is looked at. The checksum is against accidents;
 * it says nothing about malice, which is why every field is checked by itself first.
 */
#include "ring/layout.h"

#include <string.h>

static const uint8_t ring_magic[8] = {'M', 'Y', 'C', 'R', 'I', 'N', 'G', 0};

static uint64_t round_up(uint64_t size, uint64_t alignment)
{
    return (size + alignment - 1) & ~(alignment - 1);
}

bool myc__ring_layout_is_possible(uint64_t capacity, uint32_t readers_max)
{
    bool is_power = capacity != 0 && (capacity & (capacity - 1)) == 0;
    return is_power && capacity >= MYC_RING_CAPACITY_MIN && capacity <= MYC_RING_CAPACITY_MAX
           && readers_max >= 1 && readers_max <= MYC_RING_READERS_MAX;
}

void myc__ring_layout_fill(
    struct myc__ring_constant *constant, uint64_t capacity, uint32_t readers_max, uint32_t flags)
{
    uint64_t sync_bytes = capacity / MYC__RING_SYNC_BYTES * sizeof(struct myc__ring_pair);
    memcpy(constant->magic, ring_magic, sizeof ring_magic);
    constant->layout_version = MYC__RING_LAYOUT_VERSION;
    constant->endian_mark = MYC__RING_ENDIAN_MARK;
    constant->kind = MYC__RING_KIND_BROADCAST;
    constant->flags = flags;
    constant->capacity = capacity;
    constant->record_max = capacity / 4;
    constant->readers_max = readers_max;
    constant->control_offset = MYC__RING_ALIGNMENT;
    constant->slots_offset = (uint64_t)2 * MYC__RING_ALIGNMENT;
    constant->sync_offset = constant->slots_offset + readers_max * sizeof(struct myc__ring_slot);
    constant->data_offset = round_up(constant->sync_offset + sync_bytes, MYC__RING_ALIGNMENT);
    constant->memory_bytes = constant->data_offset + capacity;
}

uint64_t myc__ring_layout_checksum(const struct myc__ring_constant *constant)
{
    // FNV-1a, 64 bits.
    const unsigned char *bytes = (const unsigned char *)constant;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < offsetof(struct myc__ring_constant, checksum); i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static enum myc_status
field_error(struct myc_diagnostic *diagnostic, const char *field, uint64_t found, uint64_t expected)
{
    enum myc_status status = myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "ring header: ");
    myc_diagnostic_append(diagnostic, field);
    myc_diagnostic_append(diagnostic, " is ");
    myc_diagnostic_append_u64(diagnostic, found);
    myc_diagnostic_append(diagnostic, ", expected ");
    myc_diagnostic_append_u64(diagnostic, expected);
    return status;
}

// Fields that follow from the capacity and the number of slots.
static enum myc_status check_sizes(
    const struct myc__ring_constant *found, size_t memory_bytes, struct myc_diagnostic *diagnostic)
{
    struct myc__ring_constant expected;
    memset(&expected, 0, sizeof expected);
    myc__ring_layout_fill(&expected, found->capacity, found->readers_max, found->flags);
    struct {
        const char *name;
        uint64_t found;
        uint64_t expected;
    } fields[] = {
        {"memory bytes", found->memory_bytes, expected.memory_bytes},
        {"record limit", found->record_max, expected.record_max},
        {"control offset", found->control_offset, expected.control_offset},
        {"slots offset", found->slots_offset, expected.slots_offset},
        {"sync offset", found->sync_offset, expected.sync_offset},
        {"data offset", found->data_offset, expected.data_offset},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].found != fields[i].expected) {
            return field_error(diagnostic, fields[i].name, fields[i].found, fields[i].expected);
        }
    }
    if (memory_bytes < found->memory_bytes) {
        return field_error(diagnostic, "mapped bytes", memory_bytes, found->memory_bytes);
    }
    return MYC_OK;
}

static enum myc_status check_copy(
    const struct myc__ring_constant *found, size_t memory_bytes, struct myc_diagnostic *diagnostic)
{
    uint32_t flags_known =
        MYC__RING_FLAG_READERS_SLEEP | MYC__RING_FLAG_WRITER_SLEEPS | MYC__RING_FLAG_READERS_LAPPED;
    if (memcmp(found->magic, ring_magic, sizeof ring_magic) != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_CORRUPT, 0, "ring header: the magic is another: this is no ring");
    }
    if (found->endian_mark != MYC__RING_ENDIAN_MARK) {
        return field_error(
            diagnostic, "byte order mark", found->endian_mark, MYC__RING_ENDIAN_MARK);
    }
    if (found->layout_version != MYC__RING_LAYOUT_VERSION) {
        return field_error(
            diagnostic, "layout version", found->layout_version, MYC__RING_LAYOUT_VERSION);
    }
    if (found->kind != MYC__RING_KIND_BROADCAST) {
        return field_error(diagnostic, "kind", found->kind, MYC__RING_KIND_BROADCAST);
    }
    if ((found->flags & ~flags_known) != 0) {
        return field_error(diagnostic, "flags", found->flags, flags_known);
    }
    if (!myc__ring_layout_is_possible(found->capacity, 1)) {
        return field_error(diagnostic, "capacity", found->capacity, MYC_RING_CAPACITY_DEFAULT);
    }
    if (!myc__ring_layout_is_possible(found->capacity, found->readers_max)) {
        return field_error(diagnostic, "readers limit", found->readers_max, MYC_RING_READERS_MAX);
    }
    enum myc_status status = check_sizes(found, memory_bytes, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    uint64_t checksum = myc__ring_layout_checksum(found);
    if (found->checksum != checksum) {
        return field_error(diagnostic, "checksum", found->checksum, checksum);
    }
    return MYC_OK;
}

enum myc_status myc__ring_layout_check(
    const void *memory,
    size_t memory_bytes,
    struct myc__ring_constant *out_constant,
    struct myc_diagnostic *diagnostic)
{
    const struct myc__ring_header *header = memory;
    struct myc__ring_constant copy;
    if (memory == NULL || (uintptr_t)memory % MYC__RING_ALIGNMENT != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "ring memory: not aligned to 4096 bytes");
    }
    if (memory_bytes < MYC__RING_ALIGNMENT) {
        return field_error(diagnostic, "mapped bytes", memory_bytes, MYC__RING_ALIGNMENT);
    }
    // Pairs with the last store of myc_ring_writer_init().
    uint64_t ready = myc_load_acquire_u64(&header->ready);
    if (ready == 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_AGAIN, 0, "ring header: not ready yet; its maker has not finished");
    }
    if (ready != MYC__RING_READY) {
        return field_error(diagnostic, "ready word", ready, MYC__RING_READY);
    }
    myc_shared_read(&header->constant, sizeof header->constant);
    memcpy(&copy, &header->constant, sizeof copy);
    enum myc_status status = check_copy(&copy, memory_bytes, diagnostic);
    if (status == MYC_OK) {
        *out_constant = copy;
    }
    return status;
}

bool myc__ring_pair_load(const struct myc__ring_pair *pair, struct myc__ring_point *out_point)
{
    // Every acquire here pairs with the releases of myc__ring_pair_store(). Copy 1 is stored after
    // copy 0, so "copy 0 is newer" means that copy 1 is whole; equal copies mean that copy 0's
    // sequence is in place unless a further store began, which the reload shows.
    uint64_t position0 = myc_load_acquire_u64(&pair->position0);
    uint64_t position1 = myc_load_acquire_u64(&pair->position1);
    struct myc__ring_point point;
    if (position0 == position1) {
        point.position = position0;
        point.sequence = myc_load_acquire_u64(&pair->sequence0);
        if (myc_load_relaxed_u64(&pair->position0) != position0) {
            return false;
        }
    } else if (position0 > position1) {
        point.position = position1;
        point.sequence = myc_load_acquire_u64(&pair->sequence1);
        if (myc_load_relaxed_u64(&pair->position1) != position1) {
            return false;
        }
    } else {
        return false;
    }
    *out_point = point;
    return true;
}

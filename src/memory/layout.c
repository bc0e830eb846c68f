// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * How a place with a name is laid out and how a stranger's is checked.
 *
 * Foreign memory is copied once and only the copy is looked at. The checksum is against accidents;
 * every field is checked by itself first.
 */
#include "memory/layout.h"

#include <string.h>

static const uint8_t place_magic[8] = {'M', 'Y', 'C', 'P', 'L', 'A', 'C', 'E'};

void myc__place_layout_fill(
    struct myc__place_constant *constant,
    uint64_t block_bytes,
    uint32_t page_count,
    uint32_t content,
    uint64_t generation)
{
    memcpy(constant->magic, place_magic, sizeof(place_magic));
    constant->layout_version = MYC__PLACE_LAYOUT_VERSION;
    constant->endian_mark = MYC__PLACE_ENDIAN_MARK;
    constant->content = content;
    constant->page_count = page_count;
    constant->pages_offset = MYC_PLACE_HEADER_BYTES;
    constant->block_offset = MYC_PLACE_HEADER_BYTES + (uint64_t)page_count * MYC_PLACE_PAGE_BYTES;
    constant->block_bytes = block_bytes;
    constant->memory_bytes = constant->block_offset + block_bytes;
    constant->generation = generation;
}

uint64_t myc__place_layout_checksum(const struct myc__place_constant *constant)
{
    // FNV-1a, 64 bits.
    const unsigned char *bytes = (const unsigned char *)constant;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < offsetof(struct myc__place_constant, checksum); i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

bool myc__place_layout_is_ours(const void *page)
{
    return memcmp(page, place_magic, sizeof(place_magic)) == 0;
}

static enum myc_status field_error(
    struct myc_diagnostic *diagnostic,
    enum myc_status status,
    const char *field,
    uint64_t found,
    uint64_t expected)
{
    (void)myc_diagnostic_set(diagnostic, status, 0, "header: ");
    myc_diagnostic_append(diagnostic, field);
    myc_diagnostic_append(diagnostic, " is ");
    myc_diagnostic_append_u64(diagnostic, found);
    myc_diagnostic_append(diagnostic, ", expected ");
    myc_diagnostic_append_u64(diagnostic, expected);
    return status;
}

static enum myc_status check_sizes(
    const struct myc__place_constant *found, size_t memory_bytes, struct myc_diagnostic *diagnostic)
{
    struct myc__place_constant expected;
    if (found->page_count > MYC_PLACE_PAGES_MAX) {
        return field_error(
            diagnostic, MYC_CORRUPT, "number of pages", found->page_count, MYC_PLACE_PAGES_MAX);
    }
    if (found->block_bytes == 0 || found->block_bytes > MYC__PLACE_BLOCK_MAX
        || found->block_bytes % MYC_PLACE_PAGE_BYTES != 0) {
        return field_error(
            diagnostic, MYC_CORRUPT, "block size", found->block_bytes, MYC_PLACE_PAGE_BYTES);
    }
    memset(&expected, 0, sizeof(expected));
    myc__place_layout_fill(&expected, found->block_bytes, found->page_count, 0, 0);
    const struct {
        const char *name;
        uint64_t found;
        uint64_t expected;
    } fields[] = {
        {"pages offset", found->pages_offset, expected.pages_offset},
        {"block offset", found->block_offset, expected.block_offset},
        {"whole size", found->memory_bytes, expected.memory_bytes},
        {"size of the segment", memory_bytes, found->memory_bytes},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i].found != fields[i].expected) {
            return field_error(
                diagnostic, MYC_CORRUPT, fields[i].name, fields[i].found, fields[i].expected);
        }
    }
    return MYC_OK;
}

enum myc_status myc__place_layout_check(
    const void *page,
    size_t memory_bytes,
    struct myc__place_constant *out_constant,
    struct myc_diagnostic *diagnostic)
{
    struct myc__place_constant copy;
    memcpy(&copy, page, sizeof(copy));
    if (!myc__place_layout_is_ours(&copy)) {
        return myc_diagnostic_set(
            diagnostic, MYC_CORRUPT, 0, "header: the magic is another: this is no place");
    }
    if (copy.endian_mark != MYC__PLACE_ENDIAN_MARK) {
        return field_error(
            diagnostic, MYC_MISMATCH, "byte order mark", copy.endian_mark, MYC__PLACE_ENDIAN_MARK);
    }
    if (copy.layout_version != MYC__PLACE_LAYOUT_VERSION) {
        return field_error(
            diagnostic,
            MYC_MISMATCH,
            "layout version",
            copy.layout_version,
            MYC__PLACE_LAYOUT_VERSION);
    }
    enum myc_status status = check_sizes(&copy, memory_bytes, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    uint64_t checksum = myc__place_layout_checksum(&copy);
    if (copy.checksum != checksum) {
        return field_error(diagnostic, MYC_CORRUPT, "checksum", copy.checksum, checksum);
    }
    if (copy.content == 0 || copy.generation == 0) {
        return field_error(diagnostic, MYC_CORRUPT, "content or generation", 0, 1);
    }
    *out_constant = copy;
    return MYC_OK;
}

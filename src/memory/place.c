// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What every place has: a name that is possible, a first page to look at, pages, an end.
 */
#include "memory/place.h"

#include <string.h>

#include <mycelium/interface/memory.h>
#include <mycelium/interface/process.h>

// ---- Names ----

static bool is_portable(char letter, bool is_first)
{
    bool is_alphanumeric = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')
                           || (letter >= '0' && letter <= '9');
    return is_alphanumeric || letter == '_' || (!is_first && (letter == '.' || letter == '-'));
}

static enum myc_status
refuse_name(struct myc_diagnostic *diagnostic, const char *rule, const char *name, size_t len)
{
    (void)myc_diagnostic_set(diagnostic, MYC_INVALID, 0, rule);
    myc_diagnostic_append(diagnostic, ", not ");
    myc_diagnostic_append_quoted(diagnostic, name, len);
    return MYC_INVALID;
}

enum myc_status
myc_place_check_name(enum myc_place_kind kind, const char *name, struct myc_diagnostic *diagnostic)
{
    size_t len = name != NULL ? strlen(name) : 0;
    if (kind != MYC_PLACE_NAMED && kind != MYC_PLACE_FILE) {
        return myc_diagnostic_set(diagnostic, MYC_INVALID, 0, "only NAMED and FILE have a name");
    }
    if (kind == MYC_PLACE_FILE) {
        return len >= 1 && len <= MYC_PLACE_PATH_MAX
                   ? MYC_OK
                   : refuse_name(diagnostic, "a path has 1 to 255 bytes", name, len);
    }
    if (len < 1 || len > MYC_PLACE_NAME_MAX) {
        return refuse_name(diagnostic, "a name has 1 to 30 characters", name, len);
    }
    for (size_t i = 0; i < len; i++) {
        if (!is_portable(name[i], i == 0)) {
            return refuse_name(
                diagnostic,
                "a name is of A-Z a-z 0-9 . _ - and begins with no dot or dash",
                name,
                len);
        }
    }
    return MYC_OK;
}

struct myc_shm_name myc__place_name(const struct myc_place *place)
{
    return (struct myc_shm_name){
        place->kind == MYC_PLACE_NAMED ? MYC_SHM_NAMED : MYC_SHM_FILE, place->name};
}

enum myc_status myc__place_begin(
    struct myc_place *place,
    struct myc_platform *platform,
    enum myc_place_kind kind,
    const char *name,
    struct myc_diagnostic *diagnostic)
{
    memset(place, 0, sizeof(*place));
    enum myc_status status = myc_place_check_name(kind, name, diagnostic);
    if (status == MYC_OK) {
        place->platform = platform;
        place->kind = kind;
        memcpy(place->name, name, strlen(name) + 1);
    }
    return status;
}

enum myc_status
myc__place_fail(struct myc_place *place, enum myc_status status, struct myc_diagnostic *diagnostic)
{
    myc_diagnostic_wrap(diagnostic, place->name);
    myc_shm_unmap(place->platform->shm, place->memory, place->memory_bytes);
    myc_shm_close(place->platform->shm, place->handle);
    memset(place, 0, sizeof(*place));
    return status;
}

// ---- The first page ----

enum myc_status myc__place_look(
    struct myc_place *place,
    enum myc_shm_access access,
    struct myc__place_found *out_found,
    struct myc_diagnostic *diagnostic)
{
    struct myc_shm *shm = place->platform->shm;
    struct myc__place_found found = {NULL, 0, 0};
    uint32_t seals = 0;
    enum myc_status status = myc_shm_inspect(shm, place->handle, &found.bytes, &seals);
    if (status == MYC_OK && found.bytes > 0) {
        found.page_bytes =
            found.bytes < MYC_PLACE_HEADER_BYTES ? found.bytes : MYC_PLACE_HEADER_BYTES;
        status = myc_shm_map(shm, place->handle, found.page_bytes, access, &found.page);
    }
    if (status != MYC_OK) {
        return myc_diagnostic_set(diagnostic, status, 0, "the first page cannot be mapped");
    }
    *out_found = found;
    return MYC_OK;
}

void myc__place_look_away(struct myc_place *place, struct myc__place_found *found)
{
    myc_shm_unmap(place->platform->shm, found->page, found->page_bytes);
    found->page = NULL;
}

enum myc_status myc__place_check(
    const struct myc__place_found *found,
    struct myc__place_constant *out_constant,
    struct myc_diagnostic *diagnostic)
{
    if (found->bytes < MYC_PLACE_HEADER_BYTES) {
        (void)myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "too short: ");
        myc_diagnostic_append_u64(diagnostic, found->bytes);
        myc_diagnostic_append(diagnostic, " bytes, a header alone has 4096");
        return MYC_CORRUPT;
    }
    return myc__place_layout_check(found->page, found->bytes, out_constant, diagnostic);
}

enum myc_status myc__place_check_boot(
    struct myc_place *place,
    const struct myc__place_constant *constant,
    struct myc_diagnostic *diagnostic)
{
    struct myc_process_identity self;
    enum myc_status status = myc_process_identify(place->platform->process, &self);
    if (status != MYC_OK) {
        return myc_diagnostic_set(diagnostic, status, 0, "this host's boot cannot be told");
    }
    if (memcmp(self.boot_id, constant->creator_boot_id, sizeof(self.boot_id)) != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_STALE, 0, "it was made before this host booted; recreate it");
    }
    return MYC_OK;
}

enum myc_status myc__place_map(
    struct myc_place *place,
    const struct myc__place_constant *constant,
    enum myc_shm_access access,
    struct myc_diagnostic *diagnostic)
{
    void *memory = NULL;
    enum myc_status status = myc_shm_map(
        place->platform->shm, place->handle, (size_t)constant->memory_bytes, access, &memory);
    if (status != MYC_OK) {
        return myc_diagnostic_set(diagnostic, status, 0, "it cannot be mapped");
    }
    place->memory = memory;
    place->is_mapped = true;
    place->memory_bytes = (size_t)constant->memory_bytes;
    place->block = place->memory + constant->block_offset;
    place->block_bytes = (size_t)constant->block_bytes;
    place->page_count = constant->page_count;
    place->generation = constant->generation;
    return MYC_OK;
}

// ---- What one asks a place ----

enum myc_status myc_place_map_page(struct myc_place *place, uint32_t index, void **out_page)
{
    if (index >= place->page_count) {
        return MYC_INVALID;
    }
    return myc_shm_map_part(
        place->platform->shm,
        place->handle,
        MYC_PLACE_HEADER_BYTES + (size_t)index * MYC_PLACE_PAGE_BYTES,
        MYC_PLACE_PAGE_BYTES,
        MYC_SHM_READ_WRITE,
        out_page);
}

void myc_place_unmap_page(struct myc_place *place, void *page)
{
    if (page != NULL) {
        myc_shm_unmap(place->platform->shm, page, MYC_PLACE_PAGE_BYTES);
    }
}

void *myc_place_page(const struct myc_place *place, uint32_t index)
{
    return index < place->page_count
               ? place->memory + MYC_PLACE_HEADER_BYTES + (size_t)index * MYC_PLACE_PAGE_BYTES
               : NULL;
}

struct myc_span myc_place_block(const struct myc_place *place)
{
    return (struct myc_span){place->block, place->block_bytes};
}

struct myc_handle myc_place_handle(const struct myc_place *place)
{
    return place->handle;
}

uint64_t myc_place_generation(const struct myc_place *place)
{
    return place->generation;
}

bool myc_place_was_taken_over(const struct myc_place *place)
{
    return place->was_taken_over;
}

void myc_place_keep(struct myc_place *place, bool is_kept)
{
    place->is_kept = is_kept;
}

void myc_place_close(struct myc_place *place)
{
    if (place->platform == NULL) {
        return;
    }
    struct myc_shm *shm = place->platform->shm;
    if (place->generation != 0 && place->is_owner) {
        struct myc__place_header *header = myc__place_header(place);
        if (!place->is_kept || myc_load_relaxed_u64(&header->ready) == 0) {
            // Whatever its owner did before is seen by who finds it over.
            myc_store_release_u64(&header->over, MYC__PLACE_CLOSED);
            myc__place_remove(place);
        }
    }
    if (place->is_mapped) {
        myc_shm_unmap(shm, place->memory, place->memory_bytes);
    } else {
        myc_memory_release(place->platform->memory, place->memory, place->memory_bytes);
    }
    myc_shm_close(shm, place->handle);
    memset(place, 0, sizeof(*place));
}

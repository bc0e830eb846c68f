// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Attaching to what another process made, and how it stands with that.
 */
#include "memory/place.h"

#include <string.h>

#include <mycelium/interface/process.h>

// At an empty file that nobody owns: its owner is about to lock it, has replaced it meanwhile, or
// died.
enum { EMPTY_LOOKS_MAX = 4 };

// Why one that is not ready is not.
static enum myc_status not_ready(struct myc_place *place, struct myc_diagnostic *diagnostic)
{
    bool has_owner = false;
    enum myc_status status = myc_shm_has_owner(place->platform->shm, place->handle, &has_owner);
    if (status != MYC_OK) {
        return myc_diagnostic_set(diagnostic, status, 0, "its owner cannot be asked for");
    }
    return has_owner ? myc_diagnostic_set(
               diagnostic, MYC_AGAIN, 0, "not ready yet; its owner is making it")
                     : myc_diagnostic_set(
                         diagnostic, MYC_PEER_DIED, 0, "its owner died while it made it");
}

static enum myc_status over(uint64_t why, struct myc_diagnostic *diagnostic)
{
    if (why == MYC__PLACE_REPLACED) {
        return myc_diagnostic_set(
            diagnostic, MYC_STALE, 0, "another generation has taken its place");
    }
    return myc_diagnostic_set(diagnostic, MYC_CLOSED, 0, "its owner has ended it");
}

static enum myc_status check_words(
    struct myc_place *place,
    const struct myc__place_header *header,
    const struct myc__place_constant *constant,
    struct myc_diagnostic *diagnostic)
{
    // Pairs with the release of myc_place_publish().
    uint64_t ready = myc_load_acquire_u64(&header->ready);
    uint64_t why = myc_load_relaxed_u64(&header->over);
    if (why != 0) {
        return over(why, diagnostic);
    }
    if (ready == 0) {
        return not_ready(place, diagnostic);
    }
    if (ready != constant->generation) {
        return myc_diagnostic_set(
            diagnostic, MYC_CORRUPT, 0, "header: the ready word is of another generation");
    }
    return MYC_OK;
}

static enum myc_status open_for_reading(
    struct myc_place *place, struct myc__place_found *found, struct myc_diagnostic *diagnostic)
{
    struct myc_shm *shm = place->platform->shm;
    struct myc_shm_name name = myc__place_name(place);
    for (int looks = 1;; looks++) {
        bool has_owner = false;
        enum myc_status status = myc_shm_open(shm, &name, false, &place->handle, diagnostic);
        if (status == MYC_OK) {
            status = myc__place_look(place, MYC_SHM_READ, found, diagnostic);
        }
        if (status != MYC_OK || found->bytes != 0 || looks == EMPTY_LOOKS_MAX
            || myc_shm_has_owner(shm, place->handle, &has_owner) != MYC_OK || has_owner) {
            return status;
        }
        // Only another look at the name tells whether it still leads here.
        myc_shm_close(shm, place->handle);
        place->handle = (struct myc_handle){0};
    }
}

enum myc_status myc_place_attach(
    struct myc_place *place,
    struct myc_platform *platform,
    enum myc_place_kind kind,
    const char *name,
    uint32_t content,
    struct myc_diagnostic *diagnostic)
{
    struct myc__place_found found = {NULL, 0, 0};
    struct myc__place_constant constant;
    enum myc_status status = myc__place_begin(place, platform, kind, name, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    status = open_for_reading(place, &found, diagnostic);
    if (status == MYC_OK) {
        status = found.bytes == 0 ? not_ready(place, diagnostic)
                                  : myc__place_check(&found, &constant, diagnostic);
    }
    if (status == MYC_OK && constant.content != content) {
        status = myc_diagnostic_set(diagnostic, MYC_MISMATCH, 0, "header: the content is ");
        myc_diagnostic_append_u64(diagnostic, constant.content);
        myc_diagnostic_append(diagnostic, ", expected ");
        myc_diagnostic_append_u64(diagnostic, content);
    }
    if (status == MYC_OK) {
        status = myc__place_check_boot(place, &constant, diagnostic);
    }
    if (status == MYC_OK) {
        status = check_words(place, found.page, &constant, diagnostic);
    }
    if (status == MYC_OK) {
        status = myc__place_map(place, &constant, MYC_SHM_READ, diagnostic);
    }
    myc__place_look_away(place, &found);
    return status == MYC_OK ? MYC_OK : myc__place_fail(place, status, diagnostic);
}

enum myc_status myc_place_receive(
    struct myc_place *place,
    struct myc_platform *platform,
    struct myc_handle handle,
    size_t bytes,
    struct myc_diagnostic *diagnostic)
{
    const uint32_t wanted = MYC_SEAL_SIZE | MYC_SEAL_WRITE;
    size_t found = 0;
    uint32_t seals = 0;
    void *memory = NULL;
    memset(place, 0, sizeof(*place));
    enum myc_status status = myc_shm_inspect(platform->shm, handle, &found, &seals);
    if (status != MYC_OK || bytes == 0 || found < bytes || (seals & wanted) != wanted) {
        status = myc_diagnostic_set(
            diagnostic, MYC_CORRUPT, 0, "place: what was received is not sealed, or too short");
    } else {
        status = myc_shm_map(platform->shm, handle, found, MYC_SHM_READ, &memory);
        if (status != MYC_OK) {
            (void)myc_diagnostic_set(diagnostic, status, 0, "place: it cannot be mapped");
        }
    }
    myc_shm_close(platform->shm, handle);
    if (status != MYC_OK) {
        return status;
    }
    place->platform = platform;
    place->kind = MYC_PLACE_SEALED;
    place->memory = memory;
    place->is_mapped = true;
    place->memory_bytes = found;
    place->block = memory;
    place->block_bytes = bytes;
    return MYC_OK;
}

enum myc_status myc_place_state(struct myc_place *place)
{
    bool has_owner = false;
    if (place->generation == 0 || place->is_owner) {
        return MYC_OK;
    }
    // Before the words, so that an owner who ended it is not taken for one who died.
    enum myc_status status = myc_shm_has_owner(place->platform->shm, place->handle, &has_owner);
    // Pairs with the release of who ended the generation: all it did before is seen.
    uint64_t why = myc_load_acquire_u64(&myc__place_header(place)->over);
    if (why != 0) {
        return over(why, NULL);
    }
    if (status != MYC_OK) {
        return status;
    }
    return has_owner ? MYC_OK : MYC_PEER_DIED;
}

enum myc_status myc_place_describe(
    struct myc_platform *platform,
    enum myc_place_kind kind,
    const char *name,
    struct myc_place_info *out_info,
    struct myc_diagnostic *diagnostic)
{
    struct myc_place place;
    struct myc__place_found found = {NULL, 0, 0};
    struct myc__place_constant constant;
    struct myc_place_info info;
    enum myc_status status = myc__place_begin(&place, platform, kind, name, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    memset(&info, 0, sizeof(info));
    status = open_for_reading(&place, &found, diagnostic);
    if (status == MYC_OK) {
        status = myc__place_check(&found, &constant, diagnostic);
    }
    if (status == MYC_OK) {
        const struct myc__place_header *header = found.page;
        info.is_ready = myc_load_relaxed_u64(&header->ready) == constant.generation;
        info.is_over = myc_load_relaxed_u64(&header->over) != 0;
        status = myc_shm_has_owner(platform->shm, place.handle, &info.has_owner);
    }
    myc__place_look_away(&place, &found);
    if (status != MYC_OK) {
        return myc__place_fail(&place, status, diagnostic);
    }
    info.memory_bytes = constant.memory_bytes;
    info.block_bytes = constant.block_bytes;
    info.generation = constant.generation;
    info.content = constant.content;
    info.page_count = constant.page_count;
    info.creator.pid = constant.creator_pid;
    info.creator.start_time = constant.creator_start_time;
    memcpy(info.creator.boot_id, constant.creator_boot_id, sizeof(info.creator.boot_id));
    *out_info = info;
    myc_shm_close(platform->shm, place.handle);
    return MYC_OK;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Making a place, and taking over the one of an owner that has gone.
 *
 * What has a name is never changed in place: a new segment with its header gets the name in one
 * step, and the one before is then told that it is over. Whoever is attached keeps that one.
 */
#include "memory/place.h"

#include <string.h>

#include <mycelium/interface/entropy.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/process.h>
#include <mycelium/simulation.h>

// ---- Without a name ----

static enum myc_status create_heap(struct myc_place *place, struct myc_diagnostic *diagnostic)
{
    place->memory =
        myc_memory_allocate(place->platform->memory, place->block_bytes, MYC_PLACE_PAGE_BYTES);
    if (place->memory == NULL) {
        return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "place: no memory on the heap");
    }
    place->memory_bytes = place->block_bytes;
    return MYC_OK;
}

static size_t segment_bytes(const struct myc_place_options *options)
{
    size_t unit = options->is_huge ? (size_t)MYC_SHM_HUGE_BYTES : MYC_PLACE_PAGE_BYTES;
    return (options->bytes + unit - 1) / unit * unit;
}

static enum myc_status create_segment(
    struct myc_place *place,
    const struct myc_place_options *options,
    struct myc_diagnostic *diagnostic)
{
    struct myc_shm *shm = place->platform->shm;
    const char *listed = options->name != NULL ? options->name : "myc-place";
    size_t bytes = segment_bytes(options);
    void *memory = NULL;
    myc_diagnostic_clear(diagnostic);
    enum myc_status status =
        options->is_huge ? myc_shm_create_huge(shm, listed, bytes, &place->handle, diagnostic)
                         : myc_shm_create(shm, listed, bytes, &place->handle);
    if (status == MYC_OK) {
        status = myc_shm_map(shm, place->handle, bytes, MYC_SHM_READ_WRITE, &memory);
        place->memory = memory;
        place->is_mapped = true;
        place->memory_bytes = status == MYC_OK ? bytes : 0;
    }
    if (status == MYC_OK && place->kind == MYC_PLACE_SEALED) {
        status = myc_shm_seal(shm, place->handle, MYC_SEAL_SIZE | MYC_SEAL_WRITE);
    }
    if (status != MYC_OK) {
        if (diagnostic != NULL && diagnostic->text[0] == '\0') {
            (void)myc_diagnostic_set(diagnostic, status, 0, "a segment cannot be made");
        }
        memcpy(place->name, "place", sizeof("place"));
        return myc__place_fail(place, status, diagnostic);
    }
    if (place->kind == MYC_PLACE_HEAP) {
        myc_shm_close(shm, place->handle); // nobody else is to have it
        place->handle = (struct myc_handle){0};
    }
    return MYC_OK;
}

static enum myc_status create_nameless(
    struct myc_place *place,
    struct myc_platform *platform,
    const struct myc_place_options *options,
    struct myc_diagnostic *diagnostic)
{
    memset(place, 0, sizeof(*place));
    place->platform = platform;
    place->kind = options->kind;
    place->block_bytes = options->bytes;
    place->is_owner = true;
    bool is_heap = options->kind == MYC_PLACE_HEAP && !options->is_huge;
    enum myc_status status =
        is_heap ? create_heap(place, diagnostic) : create_segment(place, options, diagnostic);
    if (status != MYC_OK) {
        memset(place, 0, sizeof(*place));
        return status;
    }
    place->block = place->memory;
    return MYC_OK;
}

// ---- What is there already ----

enum found { FOUND_NOTHING, FOUND_PLACE, FOUND_FOREIGN };

static enum found recognise(const struct myc__place_found *found)
{
    const unsigned char *bytes = found->page;
    size_t zeros = 0;
    if (found->page_bytes >= 8 && myc__place_layout_is_ours(found->page)) {
        return FOUND_PLACE;
    }
    // A loss of power leaves such files.
    while (zeros < found->page_bytes && bytes[zeros] == 0) {
        zeros++;
    }
    return zeros == found->page_bytes ? FOUND_NOTHING : FOUND_FOREIGN;
}

static enum myc_status
differs(struct myc_diagnostic *diagnostic, const char *what, uint64_t found, uint64_t wanted)
{
    (void)myc_diagnostic_set(diagnostic, MYC_MISMATCH, 0, "it is there with ");
    myc_diagnostic_append(diagnostic, what);
    myc_diagnostic_append(diagnostic, " ");
    myc_diagnostic_append_u64(diagnostic, found);
    myc_diagnostic_append(diagnostic, ", not ");
    myc_diagnostic_append_u64(diagnostic, wanted);
    myc_diagnostic_append(diagnostic, "; recreate it");
    return MYC_MISMATCH;
}

static enum myc_status take_over(
    struct myc_place *place,
    const struct myc__place_found *found,
    const struct myc_place_options *options,
    struct myc_diagnostic *diagnostic)
{
    struct myc__place_constant constant;
    enum myc_status status = myc__place_check(found, &constant, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    status = myc__place_check_boot(place, &constant, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    if (constant.content != options->content) {
        return differs(diagnostic, "content", constant.content, options->content);
    }
    if (constant.block_bytes != options->bytes) {
        return differs(diagnostic, "a block of bytes", constant.block_bytes, options->bytes);
    }
    if (constant.page_count != options->page_count) {
        return differs(diagnostic, "pages", constant.page_count, options->page_count);
    }
    struct myc__place_header *header = found->page;
    // Who has the lock has seen all that the last owner did.
    uint64_t ready = myc_load_relaxed_u64(&header->ready);
    if (ready == 0 || myc_load_relaxed_u64(&header->over) != 0) {
        return myc_diagnostic_set(
            diagnostic, MYC_PEER_DIED, 0, "its owner died while it made or ended it; recreate it");
    }
    if (ready != constant.generation) {
        return myc_diagnostic_set(
            diagnostic, MYC_CORRUPT, 0, "header: the ready word is of another generation");
    }
    status = myc__place_map(place, &constant, MYC_SHM_READ_WRITE, diagnostic);
    place->was_taken_over = status == MYC_OK;
    return status;
}

// ---- Another generation ----

static enum myc_status next_generation(
    struct myc_place *place, const struct myc__place_found *found, uint64_t *out_generation)
{
    struct myc__place_constant old;
    if (found->bytes >= MYC_PLACE_HEADER_BYTES && recognise(found) == FOUND_PLACE) {
        memcpy(&old, found->page, sizeof(old));
        if (old.checksum == myc__place_layout_checksum(&old) && old.generation < UINT64_MAX) {
            *out_generation = old.generation + 1;
            return MYC_OK;
        }
    }
    // Somebody may still be attached to a generation that we cannot know.
    uint64_t drawn = 0;
    enum myc_status status = myc_entropy_fill(place->platform->entropy, &drawn, sizeof(drawn));
    *out_generation = drawn >> 2 | 1;
    return status;
}

static enum myc_status make(
    struct myc_place *place,
    const struct myc__place_found *found,
    const struct myc_place_options *options,
    struct myc_diagnostic *diagnostic)
{
    struct myc__place_constant constant;
    struct myc_process_identity self = {0};
    struct myc_shm_name name = myc__place_name(place);
    uint64_t generation = 0;
    enum myc_status status = next_generation(place, found, &generation);
    if (status == MYC_OK) {
        status = myc_process_identify(place->platform->process, &self);
    }
    if (status != MYC_OK) {
        return myc_diagnostic_set(
            diagnostic, status, 0, "the platform says nothing of this process");
    }
    memset(&constant, 0, sizeof(constant));
    myc__place_layout_fill(
        &constant, options->bytes, options->page_count, options->content, generation);
    constant.creator_pid = self.pid;
    constant.creator_start_time = self.start_time;
    memcpy(constant.creator_boot_id, self.boot_id, sizeof(constant.creator_boot_id));
    constant.checksum = myc__place_layout_checksum(&constant);
    const struct myc_const_span head = {&constant, sizeof(constant)};
    status = myc_shm_replace(
        place->platform->shm,
        &name,
        (size_t)constant.memory_bytes,
        head,
        &place->handle,
        diagnostic);
    if (status != MYC_OK) {
        if (found->bytes == 0) {
            myc__place_remove(place); // we made it
        }
        return status;
    }
    if (found->page_bytes == MYC_PLACE_HEADER_BYTES && recognise(found) == FOUND_PLACE) {
        struct myc__place_header *old = found->page;
        myc_store_relaxed_u64(&old->over, MYC__PLACE_REPLACED); // says nothing but itself
        MYC_REACHED("place.replaces");
    }
    status = myc__place_map(place, &constant, MYC_SHM_READ_WRITE, diagnostic);
    if (status != MYC_OK) {
        myc__place_remove(place);
    }
    return status;
}

static enum myc_status create_named(
    struct myc_place *place,
    const struct myc_place_options *options,
    struct myc_diagnostic *diagnostic)
{
    struct myc_shm_name name = myc__place_name(place);
    struct myc__place_found found = {NULL, 0, 0};
    enum myc_status status =
        myc_shm_open(place->platform->shm, &name, true, &place->handle, diagnostic);
    if (status != MYC_OK) {
        return myc__place_fail(place, status, diagnostic);
    }
    status = myc__place_look(place, MYC_SHM_READ_WRITE, &found, diagnostic);
    if (status == MYC_OK) {
        enum found what = recognise(&found);
        if (what == FOUND_NOTHING
            || (what == FOUND_PLACE && options->existing == MYC_PLACE_RECREATE)) {
            status = make(place, &found, options, diagnostic);
        } else if (options->existing == MYC_PLACE_REFUSE) {
            status = myc_diagnostic_set(
                diagnostic, MYC_EXISTS, 0, "it is there already: recreate it or take it over");
        } else if (what == FOUND_FOREIGN) {
            status = myc_diagnostic_set(
                diagnostic,
                MYC_CORRUPT,
                0,
                "something that is no place is there: remove it or choose another name");
        } else {
            status = take_over(place, &found, options, diagnostic);
        }
        myc__place_look_away(place, &found);
    }
    if (status != MYC_OK) {
        return myc__place_fail(place, status, diagnostic);
    }
    place->is_owner = true;
    place->is_kept = options->is_kept;
    return MYC_OK;
}

static enum myc_status
check_options(const struct myc_place_options *options, struct myc_diagnostic *diagnostic)
{
    bool has_name = options->kind == MYC_PLACE_NAMED || options->kind == MYC_PLACE_FILE;
    const char *wrong = NULL;
    if ((unsigned)options->kind > MYC_PLACE_FILE
        || (unsigned)options->existing > MYC_PLACE_TAKE_OVER) {
        wrong = "place: no such kind, or no such rule for what exists";
    } else if (
        options->bytes == 0 || options->bytes % MYC_PLACE_PAGE_BYTES != 0
        || options->bytes > MYC__PLACE_BLOCK_MAX) {
        wrong = "place: the block must be whole pages of 4096 bytes, at most 1 TiB";
    } else if (has_name && (options->content == 0 || options->page_count > MYC_PLACE_PAGES_MAX)) {
        wrong = "place: the content must not be 0, and the pages at most 4096";
    } else if (has_name && options->is_huge) {
        wrong = "place: huge pages are for the heap and sealed places";
    } else if (!has_name && (options->page_count != 0 || options->is_kept)) {
        wrong = "place: only named places and files have pages for others, or are kept";
    }
    return wrong != NULL ? myc_diagnostic_set(diagnostic, MYC_INVALID, 0, wrong) : MYC_OK;
}

enum myc_status myc_place_create(
    struct myc_place *place,
    struct myc_platform *platform,
    const struct myc_place_options *options,
    struct myc_diagnostic *diagnostic)
{
    enum myc_status status = check_options(options, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    if (options->kind == MYC_PLACE_HEAP || options->kind == MYC_PLACE_SEALED) {
        return create_nameless(place, platform, options, diagnostic);
    }
    status = myc__place_begin(place, platform, options->kind, options->name, diagnostic);
    return status == MYC_OK ? create_named(place, options, diagnostic) : status;
}

void myc_place_publish(struct myc_place *place)
{
    if (place->generation != 0 && place->is_owner) {
        // Stored last: whoever acquires it sees everything that was laid out.
        myc_store_release_u64(&myc__place_header(place)->ready, place->generation);
    }
}

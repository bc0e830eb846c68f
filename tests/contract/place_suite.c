// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Places of mycelium/place.h: no seam, but only as good as the backend they are made on.
#include <mycelium/place.h>

#include <string.h>

#include <mycelium/interface/file.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/shm.h>
#include <mycelium/interface/stream.h>

#include "contract/suites.h"

enum { CONTENT = 300, BLOCK_BYTES = 8192, PAGES = 2, SEGMENT_BYTES = 4096 * 5 };

#define CASES_FOR_BOTH_KINDS(behaviour)                                                            \
    static void case_named_##behaviour(struct contract_env *env)                                   \
    {                                                                                              \
        behaviour(env, MYC_PLACE_NAMED);                                                           \
    }                                                                                              \
    static void case_file_##behaviour(struct contract_env *env)                                    \
    {                                                                                              \
        behaviour(env, MYC_PLACE_FILE);                                                            \
    }

/* Where a case works: one name, found by its path as well. */
struct site {
    enum myc_place_kind kind;
    char path[CONTRACT_PATH_BYTES];
    const char *name;
    struct myc_handle probe; /* the handle that was free before */
};

static bool begin(struct contract_env *env, enum myc_place_kind kind, struct site *site)
{
    memset(site, 0, sizeof(*site));
    site->kind = kind;
    if (!contract_path(env, "place", site->path)) {
        return false;
    }
    site->name = site->path;
    if (kind == MYC_PLACE_NAMED) {
        const char *last = env->directory;
        for (const char *at = env->directory; *at != '\0'; at++) {
            last = *at == '/' ? at + 1 : last;
        }
        memcpy(site->path, "/dev/shm/", 9);
        memcpy(site->path + 9, last, strlen(last) + 1);
        site->name = site->path + 9;
    }
    if (myc_doorbell_open(env->platform->poller, &site->probe) != MYC_OK) {
        return false;
    }
    myc_doorbell_close(env->platform->poller, site->probe);
    return true;
}

/* Whether no handle is open that was not when the case began; the simulator looks at the mappings.
 */
static bool is_clean(struct contract_env *env, const struct site *site)
{
    struct myc_handle now = {0};
    bool is_it =
        myc_doorbell_open(env->platform->poller, &now) == MYC_OK && now.value == site->probe.value;
    myc_doorbell_close(env->platform->poller, now);
    return is_it;
}

static enum myc_status create(
    struct contract_env *env,
    const struct site *site,
    enum myc_place_existing existing,
    struct myc_place *place,
    struct myc_diagnostic *why)
{
    const struct myc_place_options options = {
        .kind = site->kind,
        .name = site->name,
        .bytes = BLOCK_BYTES,
        .existing = existing,
        .content = CONTENT,
        .page_count = PAGES,
        .is_kept = true,
    };
    return myc_place_create(place, env->platform, &options, why);
}

static enum myc_status
attach(struct contract_env *env, const struct site *site, struct myc_place *place)
{
    return myc_place_attach(place, env->platform, site->kind, site->name, CONTENT, NULL);
}

/* What is left of an owner that was killed: the lock is gone, nothing was tidied up. */
static void abandon(struct contract_env *env, struct myc_place *place)
{
    myc_shm_unmap(env->platform->shm, place->memory, place->memory_bytes);
    myc_shm_close(env->platform->shm, place->handle);
    memset(place, 0, sizeof(*place));
}

/* Puts bytes into the file at the path, which is made if there is none. */
static bool
put(struct contract_env *env,
    const struct site *site,
    uint64_t offset,
    const void *data,
    size_t size)
{
    struct myc_file *file = env->platform->file;
    struct myc_handle handle = {0};
    const struct myc_const_span bytes = {data, size};
    enum myc_status status =
        myc_file_open(file, site->path, MYC_FILE_WRITE | MYC_FILE_CREATE, &handle, NULL);
    if (status == MYC_OK) {
        status = myc_file_write(file, handle, offset, bytes);
    }
    myc_file_close(file, handle);
    return status == MYC_OK;
}

static bool
get(struct contract_env *env, const struct site *site, uint64_t offset, void *data, size_t size)
{
    struct myc_file *file = env->platform->file;
    struct myc_handle handle = {0};
    enum myc_status status = myc_file_open(file, site->path, 0, &handle, NULL);
    for (size_t done = 0; status == MYC_OK && done < size;) {
        const struct myc_span span = {(char *)data + done, size - done};
        size_t count = 0;
        status = myc_file_read(file, handle, offset + done, span, &count);
        done += status == MYC_OK ? count : 0;
    }
    myc_file_close(file, handle);
    return status == MYC_OK;
}

static bool remove_file(struct contract_env *env, const struct site *site)
{
    return myc_file_unlink(env->platform->file, site->path) == MYC_OK;
}

/* A place that was published and left. */
static bool leave_one(struct contract_env *env, const struct site *site)
{
    struct myc_place owner;
    if (create(env, site, MYC_PLACE_REFUSE, &owner, NULL) != MYC_OK) {
        return false;
    }
    memset(myc_place_block(&owner).data, 0x11, BLOCK_BYTES);
    myc_place_publish(&owner);
    myc_place_close(&owner);
    return true;
}

// ---- Owners and those who attach ----

// [PLACE-2] [PLACE-3] [PLACE-4] [PLACE-7] Nothing but the name is needed; before it is published
// nobody gets in; who attached writes his page and nothing else.
static void describes_itself(struct contract_env *env, enum myc_place_kind kind)
{
    struct site site;
    struct myc_place owner;
    struct myc_place other;
    void *page = NULL;
    CONTRACT_CHECK(env, begin(env, kind, &site));
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_REFUSE, &owner, NULL) == MYC_OK);
    CONTRACT_CHECK(env, !myc_place_was_taken_over(&owner) && myc_place_generation(&owner) != 0);
    memset(myc_place_block(&owner).data, 0x22, BLOCK_BYTES);
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_AGAIN);
    myc_place_publish(&owner);
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_OK);
    CONTRACT_CHECK(env, myc_place_generation(&other) == myc_place_generation(&owner));
    struct myc_span block = myc_place_block(&other);
    CONTRACT_CHECK(env, block.size == BLOCK_BYTES);
    CONTRACT_CHECK(env, memcmp(block.data, myc_place_block(&owner).data, BLOCK_BYTES) == 0);
    CONTRACT_CHECK(env, myc_place_state(&other) == MYC_OK && myc_place_state(&owner) == MYC_OK);
    CONTRACT_CHECK(env, myc_place_map_page(&other, PAGES, &page) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_place_page(&other, PAGES) == NULL);
    CONTRACT_CHECK(env, myc_place_map_page(&other, 1, &page) == MYC_OK);
    memset(page, 0x33, MYC_PLACE_PAGE_BYTES);
    const unsigned char *seen = myc_place_page(&owner, 1);
    CONTRACT_CHECK(env, seen[0] == 0x33 && seen[MYC_PLACE_PAGE_BYTES - 1] == 0x33);
    CONTRACT_CHECK(env, seen[-1] == 0 && seen[MYC_PLACE_PAGE_BYTES] == 0x22);
    myc_place_unmap_page(&other, page);
    myc_place_close(&other);
    myc_place_keep(&owner, false);
    myc_place_close(&owner);
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, is_clean(env, &site));
}

// [PLACE-2] While its owner lives nobody else owns it, whatever he wants to do with it.
static void has_one_owner(struct contract_env *env, enum myc_place_kind kind)
{
    struct site site;
    struct myc_place owner;
    struct myc_place second;
    struct myc_place other;
    struct myc_diagnostic why;
    CONTRACT_CHECK(env, begin(env, kind, &site));
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_REFUSE, &owner, NULL) == MYC_OK);
    myc_place_publish(&owner);
    for (int rule = MYC_PLACE_REFUSE; rule <= MYC_PLACE_TAKE_OVER; rule++) {
        enum myc_status status = create(env, &site, (enum myc_place_existing)rule, &second, &why);
        CONTRACT_CHECK(env, status == MYC_IN_USE && contract_holds(why.text, site.name));
    }
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_OK);
    CONTRACT_CHECK(env, myc_place_state(&other) == MYC_OK);
    myc_place_close(&other);
    myc_place_keep(&owner, false);
    myc_place_close(&owner);
    CONTRACT_CHECK(env, is_clean(env, &site));
}

// [PLACE-2] [PLACE-6] The next owner goes on with what the last one left, and who was attached
// stays so; he may also make another, and then who was attached keeps the old one and is told.
static void passes_to_the_next_owner(struct contract_env *env, enum myc_place_kind kind)
{
    struct site site;
    struct myc_place owner;
    struct myc_place other;
    CONTRACT_CHECK(env, begin(env, kind, &site));
    CONTRACT_CHECK(env, leave_one(env, &site));
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_OK);
    uint64_t generation = myc_place_generation(&other);
    CONTRACT_CHECK(env, myc_place_state(&other) == MYC_PEER_DIED);
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_REFUSE, &owner, NULL) == MYC_EXISTS);
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_TAKE_OVER, &owner, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_place_was_taken_over(&owner));
    CONTRACT_CHECK(env, myc_place_generation(&owner) == generation);
    unsigned char *block = myc_place_block(&owner).data;
    const unsigned char *seen = myc_place_block(&other).data;
    CONTRACT_CHECK(env, block[0] == 0x11 && block[BLOCK_BYTES - 1] == 0x11);
    CONTRACT_CHECK(env, myc_place_state(&other) == MYC_OK);
    block[7] = 0x44;
    CONTRACT_CHECK(env, seen[7] == 0x44);
    abandon(env, &owner);
    CONTRACT_CHECK(env, myc_place_state(&other) == MYC_PEER_DIED);
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_RECREATE, &owner, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_place_generation(&owner) == generation + 1);
    block = myc_place_block(&owner).data;
    CONTRACT_CHECK(env, block[0] == 0 && block[7] == 0);
    CONTRACT_CHECK(env, myc_place_state(&other) == MYC_STALE);
    CONTRACT_CHECK(env, seen[0] == 0x11 && seen[7] == 0x44);
    myc_place_publish(&owner);
    myc_place_close(&other);
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_OK);
    CONTRACT_CHECK(env, myc_place_generation(&other) == generation + 1);
    myc_place_keep(&owner, false);
    myc_place_close(&owner);
    CONTRACT_CHECK(env, myc_place_state(&other) == MYC_CLOSED);
    myc_place_close(&other);
    CONTRACT_CHECK(env, is_clean(env, &site));
}

// [PLACE-2] [PLACE-4] What an owner left half-made is told from what one is making, and can be made
// anew; so can a name that leads to something empty.
static void half_made_is_recreated(struct contract_env *env, enum myc_place_kind kind)
{
    struct site site;
    struct myc_place owner;
    struct myc_place other;
    struct myc_handle handle = {0};
    struct myc_diagnostic why;
    CONTRACT_CHECK(env, begin(env, kind, &site));
    const struct myc_shm_name name = {
        kind == MYC_PLACE_NAMED ? MYC_SHM_NAMED : MYC_SHM_FILE, site.name};
    CONTRACT_CHECK(env, myc_shm_open(env->platform->shm, &name, true, &handle, NULL) == MYC_OK);
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_AGAIN);
    myc_shm_close(env->platform->shm, handle);
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_PEER_DIED);
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_REFUSE, &owner, NULL) == MYC_OK);
    uint64_t generation = myc_place_generation(&owner);
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_AGAIN);
    abandon(env, &owner);
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_PEER_DIED);
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_REFUSE, &owner, NULL) == MYC_EXISTS);
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_TAKE_OVER, &owner, &why) == MYC_PEER_DIED);
    CONTRACT_CHECK(env, contract_holds(why.text, "recreate it"));
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_RECREATE, &owner, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_place_generation(&owner) == generation + 1);
    myc_place_close(&owner); // kept, but nothing that could be: it was never published
    CONTRACT_CHECK(env, attach(env, &site, &other) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, is_clean(env, &site));
}

// A shm in which an owner makes its place just behind somebody's first look at the name.
struct late {
    struct myc_shm shm;
    struct contract_env *env;
    const struct site *site;
    struct myc_place owner;
    enum myc_status status;
    bool has_come;
};

static struct late *late_of(struct myc_shm *shm)
{
    return MYC_CONTAINER_OF(shm, struct late, shm);
}

static enum myc_status
late_inspect(struct myc_shm *shm, struct myc_handle handle, size_t *out_bytes, uint32_t *out_seals)
{
    struct late *late = late_of(shm);
    struct contract_env *env = late->env;
    enum myc_status status = myc_shm_inspect(env->platform->shm, handle, out_bytes, out_seals);
    if (!late->has_come) {
        late->has_come = true;
        late->status = create(env, late->site, MYC_PLACE_REFUSE, &late->owner, NULL);
        myc_place_publish(&late->owner);
    }
    return status;
}

static enum myc_status late_map(
    struct myc_shm *shm,
    struct myc_handle handle,
    size_t bytes,
    enum myc_shm_access access,
    void **out_memory)
{
    return myc_shm_map(late_of(shm)->env->platform->shm, handle, bytes, access, out_memory);
}

static void late_unmap(struct myc_shm *shm, void *memory, size_t bytes)
{
    myc_shm_unmap(late_of(shm)->env->platform->shm, memory, bytes);
}

static void late_close(struct myc_shm *shm, struct myc_handle handle)
{
    myc_shm_close(late_of(shm)->env->platform->shm, handle);
}

static enum myc_status late_open(
    struct myc_shm *shm,
    const struct myc_shm_name *name,
    bool is_owner,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    struct myc_shm *real = late_of(shm)->env->platform->shm;
    return myc_shm_open(real, name, is_owner, out_handle, diagnostic);
}

static enum myc_status late_has_owner(struct myc_shm *shm, struct myc_handle handle, bool *out_has)
{
    return myc_shm_has_owner(late_of(shm)->env->platform->shm, handle, out_has);
}

// [PLACE-4] Who looked at the empty file that an owner then replaces is not told of a death.
static void an_owner_comes_meanwhile(struct contract_env *env, enum myc_place_kind kind)
{
    static const struct myc_shm_ops ops = {
        .size = sizeof(ops),
        .inspect = late_inspect,
        .map = late_map,
        .unmap = late_unmap,
        .close = late_close,
        .open = late_open,
        .has_owner = late_has_owner,
    };
    struct site site;
    struct myc_place place;
    struct myc_platform platform = *env->platform;
    struct late late = {.shm = {&ops}, .env = env, .site = &site};
    CONTRACT_CHECK(env, begin(env, kind, &site));
    CONTRACT_CHECK(env, put(env, &site, 0, "", 0));
    platform.shm = &late.shm;
    enum myc_status status = myc_place_attach(&place, &platform, kind, site.name, CONTENT, NULL);
    CONTRACT_CHECK(env, late.status == MYC_OK);
    CONTRACT_CHECK(env, status == MYC_OK);
    CONTRACT_CHECK(env, myc_place_state(&place) == MYC_OK);
    myc_place_close(&place);
    myc_place_keep(&late.owner, false);
    myc_place_close(&late.owner);
    CONTRACT_CHECK(env, is_clean(env, &site));
}

// ---- What is at the name and should not be ----

// [PLACE-2] [PLACE-4] Something foreign is refused by everybody and stays as it is.
static void foreign_is_left_alone(struct contract_env *env, enum myc_place_kind kind)
{
    static const char text[] = "somebody's notes";
    char back[sizeof(text)] = "";
    struct site site;
    struct myc_place place;
    struct myc_diagnostic why;
    CONTRACT_CHECK(env, begin(env, kind, &site));
    CONTRACT_CHECK(env, put(env, &site, 0, text, sizeof(text)));
    for (int round = 0; round < 2; round++) {
        CONTRACT_CHECK(env, attach(env, &site, &place) == MYC_CORRUPT);
        CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_REFUSE, &place, NULL) == MYC_EXISTS);
        CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_TAKE_OVER, &place, NULL) == MYC_CORRUPT);
        CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_RECREATE, &place, &why) == MYC_CORRUPT);
        CONTRACT_CHECK(env, contract_holds(why.text, "no place is there"));
        CONTRACT_CHECK(env, get(env, &site, 0, back, sizeof(back)));
        CONTRACT_CHECK(env, memcmp(back, text, sizeof(text)) == 0);
        // Short at first, then long enough.
        CONTRACT_CHECK(env, put(env, &site, 9000, text, sizeof(text)));
    }
    CONTRACT_CHECK(env, remove_file(env, &site));
    CONTRACT_CHECK(env, is_clean(env, &site));
}

// [PLACE-4] Shorter or longer than its header says.
static void size_is_checked(struct contract_env *env, enum myc_place_kind kind)
{
    char begins[100];
    struct site site;
    struct myc_place place;
    struct myc_diagnostic why;
    CONTRACT_CHECK(env, begin(env, kind, &site));
    CONTRACT_CHECK(env, leave_one(env, &site));
    CONTRACT_CHECK(env, get(env, &site, 0, begins, sizeof(begins)));
    CONTRACT_CHECK(env, put(env, &site, SEGMENT_BYTES, "x", 1));
    enum myc_status status =
        myc_place_attach(&place, env->platform, kind, site.name, CONTENT, &why);
    CONTRACT_CHECK(env, status == MYC_CORRUPT);
    CONTRACT_CHECK(env, contract_holds(why.text, "size of the segment is 20481, expected 20480"));
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_TAKE_OVER, &place, NULL) == MYC_CORRUPT);
    CONTRACT_CHECK(env, remove_file(env, &site));
    CONTRACT_CHECK(env, put(env, &site, 0, begins, sizeof(begins)));
    status = myc_place_attach(&place, env->platform, kind, site.name, CONTENT, &why);
    CONTRACT_CHECK(env, status == MYC_CORRUPT);
    CONTRACT_CHECK(env, contract_holds(why.text, "too short: 100 bytes"));
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_TAKE_OVER, &place, NULL) == MYC_CORRUPT);
    CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_RECREATE, &place, NULL) == MYC_OK);
    myc_place_keep(&place, false);
    myc_place_close(&place);
    CONTRACT_CHECK(env, is_clean(env, &site));
}

// [PLACE-4] Another version, byte order or content is a mismatch that names both values.
static void mismatches_are_named(struct contract_env *env, enum myc_place_kind kind)
{
    static const struct {
        uint64_t offset;
        unsigned char byte;
        const char *text;
    } changes[] = {
        {8, 2, "layout version is 2, expected 1"},
        {12, 9, "byte order mark is"},
    };
    struct site site;
    struct myc_place place;
    struct myc_diagnostic why;
    CONTRACT_CHECK(env, begin(env, kind, &site));
    CONTRACT_CHECK(env, leave_one(env, &site));
    enum myc_status status =
        myc_place_attach(&place, env->platform, kind, site.name, CONTENT + 1, &why);
    CONTRACT_CHECK(env, status == MYC_MISMATCH);
    CONTRACT_CHECK(env, contract_holds(why.text, "content is 300, expected 301"));
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        unsigned char old = 0;
        CONTRACT_CHECK(env, get(env, &site, changes[i].offset, &old, 1));
        CONTRACT_CHECK(env, put(env, &site, changes[i].offset, &changes[i].byte, 1));
        status = myc_place_attach(&place, env->platform, kind, site.name, CONTENT, &why);
        CONTRACT_CHECK(env, status == MYC_MISMATCH && contract_holds(why.text, changes[i].text));
        CONTRACT_CHECK(env, contract_holds(why.text, site.name));
        CONTRACT_CHECK(env, put(env, &site, changes[i].offset, &old, 1));
    }
    struct myc_place_options options = {
        .kind = kind,
        .name = site.name,
        .bytes = 2 * (size_t)BLOCK_BYTES,
        .existing = MYC_PLACE_TAKE_OVER,
        .content = CONTENT,
        .page_count = PAGES,
    };
    CONTRACT_CHECK(env, myc_place_create(&place, env->platform, &options, &why) == MYC_MISMATCH);
    CONTRACT_CHECK(env, contract_holds(why.text, "a block of bytes 8192, not 16384"));
    options.bytes = BLOCK_BYTES;
    options.page_count = PAGES + 1;
    CONTRACT_CHECK(env, myc_place_create(&place, env->platform, &options, NULL) == MYC_MISMATCH);
    CONTRACT_CHECK(env, attach(env, &site, &place) == MYC_OK);
    myc_place_close(&place);
    CONTRACT_CHECK(env, remove_file(env, &site));
    CONTRACT_CHECK(env, is_clean(env, &site));
}

// [PLACE-4] [PLACE-9] A header with any byte changed lets nobody in, and changes nothing.
static void every_byte_counts(struct contract_env *env, enum myc_place_kind kind)
{
    struct site site;
    struct myc_place place;
    struct myc_place_info info;
    unsigned char header[336];
    unsigned char after[sizeof(header)];
    CONTRACT_CHECK(env, begin(env, kind, &site));
    CONTRACT_CHECK(env, leave_one(env, &site));
    CONTRACT_CHECK(env, get(env, &site, 0, header, sizeof(header)));
    for (size_t i = 0; i < sizeof(header); i++) {
        // The constant part, and each byte of the two words behind it.
        if (i >= 264 && i < 320) {
            continue;
        }
        if (i >= 328) {
            break;
        }
        unsigned char changed = (unsigned char)(header[i] ^ (1 + i % 255));
        CONTRACT_CHECK(env, put(env, &site, i, &changed, 1));
        CONTRACT_CHECK(env, attach(env, &site, &place) != MYC_OK);
        CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_TAKE_OVER, &place, NULL) != MYC_OK);
        CONTRACT_CHECK(env, create(env, &site, MYC_PLACE_REFUSE, &place, NULL) == MYC_EXISTS);
        enum myc_status status = myc_place_describe(env->platform, kind, site.name, &info, NULL);
        CONTRACT_CHECK(env, (status == MYC_OK) == (i >= 256));
        CONTRACT_CHECK(env, put(env, &site, i, &header[i], 1));
    }
    CONTRACT_CHECK(env, get(env, &site, 0, after, sizeof(after)));
    CONTRACT_CHECK(env, memcmp(after, header, sizeof(header)) == 0);
    CONTRACT_CHECK(env, myc_place_describe(env->platform, kind, site.name, &info, NULL) == MYC_OK);
    CONTRACT_CHECK(env, info.is_ready && !info.is_over && !info.has_owner);
    CONTRACT_CHECK(env, info.memory_bytes == SEGMENT_BYTES && info.block_bytes == BLOCK_BYTES);
    CONTRACT_CHECK(env, info.content == CONTENT && info.page_count == PAGES);
    CONTRACT_CHECK(env, attach(env, &site, &place) == MYC_OK);
    CONTRACT_CHECK(env, myc_place_generation(&place) == info.generation);
    myc_place_close(&place);
    CONTRACT_CHECK(env, remove_file(env, &site));
    CONTRACT_CHECK(env, is_clean(env, &site));
}

CASES_FOR_BOTH_KINDS(describes_itself)
CASES_FOR_BOTH_KINDS(has_one_owner)
CASES_FOR_BOTH_KINDS(passes_to_the_next_owner)
CASES_FOR_BOTH_KINDS(half_made_is_recreated)
CASES_FOR_BOTH_KINDS(an_owner_comes_meanwhile)
CASES_FOR_BOTH_KINDS(foreign_is_left_alone)
CASES_FOR_BOTH_KINDS(size_is_checked)
CASES_FOR_BOTH_KINDS(mismatches_are_named)
CASES_FOR_BOTH_KINDS(every_byte_counts)

// ---- Places without a name, and calls that ask for nothing possible ----

// [PLACE-1] Names are those that every system allows; the diagnostic says what is wrong with
// others.
static void case_names_are_checked(struct contract_env *env)
{
    static const char *const good[] = {"a", "Zz.9_-", "_x", "0", "abcdefghijklmnopqrstuvwxyz0123"};
    static const char *const bad[] = {
        "", "/a", "a/b", ".a", "-a", "a b", "a~", "\xc3\xa4", "abcdefghijklmnopqrstuvwxyz01234"};
    struct myc_diagnostic why;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CONTRACT_CHECK(env, myc_place_check_name(MYC_PLACE_NAMED, good[i], NULL) == MYC_OK);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CONTRACT_CHECK(env, myc_place_check_name(MYC_PLACE_NAMED, bad[i], &why) == MYC_INVALID);
        CONTRACT_CHECK(env, contract_holds(why.text, "a name "));
    }
    CONTRACT_CHECK(env, myc_place_check_name(MYC_PLACE_NAMED, NULL, NULL) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_place_check_name(MYC_PLACE_FILE, "", NULL) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_place_check_name(MYC_PLACE_HEAP, "a", NULL) == MYC_INVALID);
}

// [PLACE-2] Options that cannot be are refused, each.
static void case_options_are_checked(struct contract_env *env)
{
    struct myc_place place;
    struct myc_diagnostic why;
    const struct myc_place_options wrong[] = {
        {.kind = (enum myc_place_kind)4, .bytes = 4096},
        {.kind = MYC_PLACE_HEAP, .bytes = 0},
        {.kind = MYC_PLACE_HEAP, .bytes = 4097},
        {.kind = MYC_PLACE_HEAP, .bytes = 4096, .page_count = 1},
        {.kind = MYC_PLACE_SEALED, .bytes = 4096, .is_kept = true},
        {.kind = MYC_PLACE_NAMED, .bytes = 4096, .name = "a"},
        {.kind = MYC_PLACE_NAMED, .bytes = 4096, .content = 1, .name = "a/b"},
        {.kind = MYC_PLACE_NAMED, .bytes = 4096, .content = 1, .name = "a", .is_huge = true},
        {.kind = MYC_PLACE_FILE, .bytes = 4096, .content = 1, .name = "a", .page_count = 4097},
        {.kind = MYC_PLACE_FILE, .bytes = 4096, .content = 1, .name = NULL},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        myc_diagnostic_clear(&why);
        CONTRACT_CHECK(
            env, myc_place_create(&place, env->platform, &wrong[i], &why) == MYC_INVALID);
        CONTRACT_CHECK(env, why.text[0] != '\0');
    }
}

// [PLACE-2] [PLACE-8] The heap's is zero, writable, and nobody else's; huge if there are such
// pages.
static void case_heap(struct contract_env *env)
{
    for (int round = 0; round < 2; round++) {
        const struct myc_place_options options = {
            .kind = MYC_PLACE_HEAP, .bytes = 3 * 4096, .is_huge = round == 1};
        struct myc_place place;
        struct myc_diagnostic why;
        enum myc_status status = myc_place_create(&place, env->platform, &options, &why);
        if (status != MYC_OK) {
            CONTRACT_CHECK(env, round == 1 && status == MYC_NO_MEMORY);
            CONTRACT_CHECK(env, contract_holds(why.text, "nr_hugepages"));
            continue;
        }
        struct myc_span block = myc_place_block(&place);
        unsigned char *bytes = block.data;
        CONTRACT_CHECK(env, block.size == (size_t)3 * 4096 && bytes[0] == 0);
        CONTRACT_CHECK(env, (uintptr_t)bytes % 4096 == 0);
        bytes[block.size - 1] = 1;
        CONTRACT_CHECK(env, myc_place_handle(&place).value == 0);
        myc_place_publish(&place);
        CONTRACT_CHECK(env, myc_place_state(&place) == MYC_OK);
        CONTRACT_CHECK(env, myc_place_generation(&place) == 0);
        myc_place_close(&place);
        myc_place_close(&place);
    }
}

// [PLACE-5] A sealed one is read by whoever was handed it, and cannot be mapped to write.
static void case_sealed_is_handed_over(struct contract_env *env)
{
    struct myc_stream *stream = env->platform->stream;
    struct myc_place owner;
    struct myc_place other;
    struct contract_pair pair = {{0}, {0}, {0}};
    struct myc_handle handle = {0};
    void *memory = NULL;
    char byte = 'x';
    size_t bytes = 0;
    size_t count = 0;
    const struct myc_place_options options = {.kind = MYC_PLACE_SEALED, .bytes = BLOCK_BYTES};
    CONTRACT_CHECK(env, myc_place_create(&owner, env->platform, &options, NULL) == MYC_OK);
    memset(myc_place_block(&owner).data, 0x55, BLOCK_BYTES);
    CONTRACT_CHECK(env, contract_pair_open(env, MYC_ADDRESS_UNIX, &pair));
    handle = myc_place_handle(&owner);
    const struct myc_const_span out = {&byte, 1};
    CONTRACT_CHECK(
        env, myc_stream_send_handles(stream, pair.near, out, &handle, 1, &bytes) == MYC_OK);
    CONTRACT_CHECK(env, contract_await(env, pair.far, MYC_READABLE) != 0);
    const struct myc_span in = {&byte, 1};
    CONTRACT_CHECK(
        env,
        myc_stream_receive_handles(stream, pair.far, in, &handle, 1, &bytes, &count) == MYC_OK);
    CONTRACT_CHECK(env, count == 1);
    CONTRACT_CHECK(
        env,
        myc_shm_map(env->platform->shm, handle, BLOCK_BYTES, MYC_SHM_READ_WRITE, &memory)
            == MYC_DENIED);
    CONTRACT_CHECK(
        env, myc_place_receive(&other, env->platform, handle, BLOCK_BYTES, NULL) == MYC_OK);
    const unsigned char *seen = myc_place_block(&other).data;
    CONTRACT_CHECK(env, seen[0] == 0x55 && seen[BLOCK_BYTES - 1] == 0x55);
    CONTRACT_CHECK(env, myc_place_state(&other) == MYC_OK);
    myc_place_close(&other);
    myc_place_close(&owner);
    CONTRACT_CHECK(env, myc_shm_create(env->platform->shm, "open", BLOCK_BYTES, &handle) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_place_receive(&other, env->platform, handle, BLOCK_BYTES, NULL) == MYC_CORRUPT);
    contract_pair_close(env, &pair);
}

static const struct contract_case cases[] = {
    {"named_describes_itself", case_named_describes_itself},
    {"file_describes_itself", case_file_describes_itself},
    {"named_has_one_owner", case_named_has_one_owner},
    {"file_has_one_owner", case_file_has_one_owner},
    {"named_passes_to_the_next_owner", case_named_passes_to_the_next_owner},
    {"file_passes_to_the_next_owner", case_file_passes_to_the_next_owner},
    {"named_half_made_is_recreated", case_named_half_made_is_recreated},
    {"file_half_made_is_recreated", case_file_half_made_is_recreated},
    {"named_an_owner_comes_meanwhile", case_named_an_owner_comes_meanwhile},
    {"file_an_owner_comes_meanwhile", case_file_an_owner_comes_meanwhile},
    {"named_foreign_is_left_alone", case_named_foreign_is_left_alone},
    {"file_foreign_is_left_alone", case_file_foreign_is_left_alone},
    {"named_size_is_checked", case_named_size_is_checked},
    {"file_size_is_checked", case_file_size_is_checked},
    {"named_mismatches_are_named", case_named_mismatches_are_named},
    {"file_mismatches_are_named", case_file_mismatches_are_named},
    {"named_every_byte_counts", case_named_every_byte_counts},
    {"file_every_byte_counts", case_file_every_byte_counts},
    {"names_are_checked", case_names_are_checked},
    {"options_are_checked", case_options_are_checked},
    {"heap", case_heap},
    {"sealed_is_handed_over", case_sealed_is_handed_over},
};

CONTRACT_SUITE(contract_place, "place", cases);

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of the segments of mycelium/interface/shm.h that have a name or lie in a file.
#include <mycelium/interface/shm.h>

#include <string.h>

#include <mycelium/interface/file.h>

#include "contract/suites.h"

enum { PAGE_BYTES = 4096, SEGMENT_BYTES = 3 * PAGE_BYTES };

static const struct myc_const_span head = {"a head", 6};

/** Every behaviour is shown for both homes. */
#define CASES_FOR_BOTH_HOMES(behaviour)                                                            \
    static void case_named_##behaviour(struct contract_env *env)                                   \
    {                                                                                              \
        behaviour(env, MYC_SHM_NAMED);                                                             \
    }                                                                                              \
    static void case_file_##behaviour(struct contract_env *env)                                    \
    {                                                                                              \
        behaviour(env, MYC_SHM_FILE);                                                              \
    }

struct segment_name {
    struct myc_shm_name name;
    char text[CONTRACT_PATH_BYTES];
};

/* A name of this case alone: the scratch directory's, or a file in it. */
static bool make_name(struct contract_env *env, enum myc_shm_home home, struct segment_name *out)
{
    if (!contract_path(env, "segment", out->text)) {
        return false;
    }
    if (home == MYC_SHM_NAMED) {
        const char *last = env->directory;
        for (const char *at = env->directory; *at != '\0'; at++) {
            last = *at == '/' ? at + 1 : last;
        }
        memcpy(out->text, last, strlen(last) + 1);
    }
    out->name = (struct myc_shm_name){home, out->text};
    return true;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* A segment of three pages under the name, owned. */
static enum myc_status
make(struct contract_env *env, const struct segment_name *name, struct myc_handle *out_owner)
{
    struct myc_shm *shm = env->platform->shm;
    enum myc_status status = myc_shm_open(shm, &name->name, true, out_owner, NULL);
    return status == MYC_OK
               ? myc_shm_replace(shm, &name->name, SEGMENT_BYTES, head, out_owner, NULL)
               : status;
}

static void drop(struct contract_env *env, const struct segment_name *name, struct myc_handle owner)
{
    CONTRACT_CHECK(env, myc_shm_remove(env->platform->shm, &name->name, owner) == MYC_OK);
    myc_shm_close(env->platform->shm, owner);
}

// The first owner finds nothing; what it puts there has its size, begins with its head and is zero
// behind it, for itself and for whoever opens the name.
static void begins_with_its_head(struct contract_env *env, enum myc_shm_home home)
{
    struct myc_shm *shm = env->platform->shm;
    struct segment_name name;
    struct myc_handle owner = {0};
    struct myc_handle other = {0};
    size_t bytes = 99;
    uint32_t seals = 99;
    void *memory = NULL;
    CONTRACT_CHECK(env, make_name(env, home, &name));
    CONTRACT_CHECK(env, myc_shm_open(shm, &name.name, false, &other, NULL) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_shm_open(shm, &name.name, true, &owner, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_inspect(shm, owner, &bytes, &seals) == MYC_OK);
    CONTRACT_CHECK(env, bytes == 0 && seals == 0);
    CONTRACT_CHECK(
        env, myc_shm_replace(shm, &name.name, SEGMENT_BYTES, head, &owner, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_open(shm, &name.name, false, &other, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_inspect(shm, other, &bytes, &seals) == MYC_OK);
    CONTRACT_CHECK(env, bytes == SEGMENT_BYTES);
    CONTRACT_CHECK(env, myc_shm_map(shm, other, SEGMENT_BYTES, MYC_SHM_READ, &memory) == MYC_OK);
    CONTRACT_CHECK(env, memcmp(memory, head.data, head.size) == 0);
    CONTRACT_CHECK(
        env, is_zero((const unsigned char *)memory + head.size, SEGMENT_BYTES - head.size));
    myc_shm_unmap(shm, memory, SEGMENT_BYTES);
    myc_shm_close(shm, other);
    drop(env, &name, owner);
}

// A name has one owner; who asks is told whether he lives, and does not take his place by asking.
static void has_one_owner(struct contract_env *env, enum myc_shm_home home)
{
    struct myc_shm *shm = env->platform->shm;
    struct segment_name name;
    struct myc_handle owner = {0};
    struct myc_handle second = {0};
    struct myc_handle other = {0};
    struct myc_diagnostic why;
    bool has = false;
    CONTRACT_CHECK(env, make_name(env, home, &name));
    CONTRACT_CHECK(env, make(env, &name, &owner) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_open(shm, &name.name, true, &second, &why) == MYC_IN_USE);
    CONTRACT_CHECK(env, contract_holds(why.text, name.text) && why.status == MYC_IN_USE);
    CONTRACT_CHECK(env, second.value == 0);
    CONTRACT_CHECK(env, myc_shm_open(shm, &name.name, false, &other, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_has_owner(shm, other, &has) == MYC_OK && has);
    myc_shm_close(shm, owner);
    CONTRACT_CHECK(env, myc_shm_has_owner(shm, other, &has) == MYC_OK && !has);
    CONTRACT_CHECK(env, myc_shm_open(shm, &name.name, true, &second, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_has_owner(shm, other, &has) == MYC_OK && has);
    myc_shm_close(shm, other);
    drop(env, &name, second);
}

// A new segment takes the name over; who mapped the old one keeps it as it was, without an owner.
static void is_replaced_whole(struct contract_env *env, enum myc_shm_home home)
{
    struct myc_shm *shm = env->platform->shm;
    struct segment_name name;
    struct myc_handle owner = {0};
    struct myc_handle old = {0};
    struct myc_handle new = {0};
    size_t bytes = 0;
    uint32_t seals = 0;
    bool has = true;
    void *memory = NULL;
    CONTRACT_CHECK(env, make_name(env, home, &name));
    CONTRACT_CHECK(env, make(env, &name, &owner) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_open(shm, &name.name, false, &old, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_map(shm, old, SEGMENT_BYTES, MYC_SHM_READ, &memory) == MYC_OK);
    const struct myc_const_span other_head = {"else", 4};
    CONTRACT_CHECK(
        env, myc_shm_replace(shm, &name.name, PAGE_BYTES, other_head, &owner, NULL) == MYC_OK);
    CONTRACT_CHECK(env, memcmp(memory, head.data, head.size) == 0);
    CONTRACT_CHECK(env, myc_shm_has_owner(shm, old, &has) == MYC_OK && !has);
    CONTRACT_CHECK(env, myc_shm_open(shm, &name.name, false, &new, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_inspect(shm, new, &bytes, &seals) == MYC_OK);
    CONTRACT_CHECK(env, bytes == PAGE_BYTES);
    CONTRACT_CHECK(env, myc_shm_has_owner(shm, new, &has) == MYC_OK && has);
    myc_shm_unmap(shm, memory, SEGMENT_BYTES);
    myc_shm_close(shm, old);
    myc_shm_close(shm, new);
    drop(env, &name, owner);
}

// The owner removes the name; what is mapped stays. Nobody removes what is not his, nor twice.
static void is_removed_by_its_owner(struct contract_env *env, enum myc_shm_home home)
{
    struct myc_shm *shm = env->platform->shm;
    struct segment_name name;
    struct myc_handle owner = {0};
    struct myc_handle other = {0};
    void *memory = NULL;
    CONTRACT_CHECK(env, make_name(env, home, &name));
    CONTRACT_CHECK(env, make(env, &name, &owner) == MYC_OK);
    CONTRACT_CHECK(
        env, myc_shm_map(shm, owner, SEGMENT_BYTES, MYC_SHM_READ_WRITE, &memory) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_remove(shm, &name.name, owner) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_remove(shm, &name.name, owner) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_shm_open(shm, &name.name, false, &other, NULL) == MYC_NOT_FOUND);
    memset(memory, 7, SEGMENT_BYTES);
    myc_shm_unmap(shm, memory, SEGMENT_BYTES);
    myc_shm_close(shm, owner);
    CONTRACT_CHECK(env, make(env, &name, &owner) == MYC_OK);
    drop(env, &name, owner);
}

// A part is mapped for itself, and is the same memory as the whole.
static void is_mapped_in_parts(struct contract_env *env, enum myc_shm_home home)
{
    struct myc_shm *shm = env->platform->shm;
    struct segment_name name;
    struct myc_handle owner = {0};
    void *whole = NULL;
    void *part = NULL;
    CONTRACT_CHECK(env, make_name(env, home, &name));
    CONTRACT_CHECK(env, make(env, &name, &owner) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_map(shm, owner, SEGMENT_BYTES, MYC_SHM_READ, &whole) == MYC_OK);
    CONTRACT_CHECK(
        env,
        myc_shm_map_part(shm, owner, PAGE_BYTES, PAGE_BYTES, MYC_SHM_READ_WRITE, &part) == MYC_OK);
    memset(part, 9, PAGE_BYTES);
    const unsigned char *bytes = whole;
    CONTRACT_CHECK(env, bytes[PAGE_BYTES - 1] == 0 && bytes[PAGE_BYTES] == 9);
    CONTRACT_CHECK(env, bytes[2 * PAGE_BYTES - 1] == 9 && bytes[2 * PAGE_BYTES] == 0);
    myc_shm_unmap(shm, part, PAGE_BYTES);
    part = NULL;
    static const size_t wrong[][2] = {
        {100, PAGE_BYTES}, {SEGMENT_BYTES, PAGE_BYTES}, {PAGE_BYTES, SEGMENT_BYTES}, {0, 0}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CONTRACT_CHECK(
            env,
            myc_shm_map_part(shm, owner, wrong[i][0], wrong[i][1], MYC_SHM_READ, &part)
                == MYC_INVALID);
    }
    CONTRACT_CHECK(env, part == NULL);
    myc_shm_unmap(shm, whole, SEGMENT_BYTES);
    drop(env, &name, owner);
}

// Sizes that are no pages are refused, and what was there stays.
static void refuses_odd_sizes(struct contract_env *env, enum myc_shm_home home)
{
    struct myc_shm *shm = env->platform->shm;
    struct segment_name name;
    struct myc_handle owner = {0};
    size_t bytes = 0;
    uint32_t seals = 0;
    CONTRACT_CHECK(env, make_name(env, home, &name));
    CONTRACT_CHECK(env, make(env, &name, &owner) == MYC_OK);
    static const size_t wrong[] = {0, 100, PAGE_BYTES + 1};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CONTRACT_CHECK(
            env, myc_shm_replace(shm, &name.name, wrong[i], head, &owner, NULL) == MYC_INVALID);
    }
    CONTRACT_CHECK(env, myc_shm_inspect(shm, owner, &bytes, &seals) == MYC_OK);
    CONTRACT_CHECK(env, bytes == SEGMENT_BYTES);
    drop(env, &name, owner);
}

CASES_FOR_BOTH_HOMES(begins_with_its_head)
CASES_FOR_BOTH_HOMES(has_one_owner)
CASES_FOR_BOTH_HOMES(is_replaced_whole)
CASES_FOR_BOTH_HOMES(is_removed_by_its_owner)
CASES_FOR_BOTH_HOMES(is_mapped_in_parts)
CASES_FOR_BOTH_HOMES(refuses_odd_sizes)

// What nothing can be called, and where nothing can be made, is told.
static void case_impossible_names(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    char path[CONTRACT_PATH_BYTES];
    struct myc_shm_name name = {MYC_SHM_NAMED, ""};
    CONTRACT_CHECK(env, myc_shm_open(shm, &name, true, &handle, NULL) == MYC_INVALID);
    name.text = "a/b";
    CONTRACT_CHECK(env, myc_shm_open(shm, &name, true, &handle, NULL) == MYC_INVALID);
    CONTRACT_CHECK(env, contract_path(env, "nowhere/segment", path));
    name = (struct myc_shm_name){MYC_SHM_FILE, path};
    CONTRACT_CHECK(env, myc_shm_open(shm, &name, true, &handle, NULL) == MYC_NOT_FOUND);
    name.text = env->directory;
    CONTRACT_CHECK(env, myc_shm_open(shm, &name, false, &handle, NULL) == MYC_INVALID);
    CONTRACT_CHECK(env, handle.value == 0);
}

// A file that others write is the memory that is mapped, and shows its own size, whatever that is.
static void case_file_is_its_bytes(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_file *file = env->platform->file;
    struct segment_name name;
    struct myc_handle opened = {0};
    struct myc_handle segment = {0};
    size_t bytes = 0;
    uint32_t seals = 0;
    void *memory = NULL;
    char back[6] = {0};
    const uint32_t flags = MYC_FILE_WRITE | MYC_FILE_CREATE;
    CONTRACT_CHECK(env, make_name(env, MYC_SHM_FILE, &name));
    CONTRACT_CHECK(env, myc_file_open(file, name.text, flags, &opened, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_write(file, opened, 100, head) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_open(shm, &name.name, false, &segment, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_shm_inspect(shm, segment, &bytes, &seals) == MYC_OK);
    CONTRACT_CHECK(env, bytes == 106 && seals == 0);
    CONTRACT_CHECK(env, myc_shm_map(shm, segment, 107, MYC_SHM_READ, &memory) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_shm_map(shm, segment, 106, MYC_SHM_READ_WRITE, &memory) == MYC_OK);
    unsigned char *mapped = memory;
    CONTRACT_CHECK(env, memcmp(mapped + 100, head.data, head.size) == 0);
    memcpy(mapped, "mapped", 6);
    size_t count = 0;
    for (size_t done = 0; done < sizeof(back); done += count) {
        struct myc_span span = {back + done, sizeof(back) - done};
        CONTRACT_CHECK(env, myc_file_read(file, opened, done, span, &count) == MYC_OK);
    }
    CONTRACT_CHECK(env, memcmp(back, "mapped", 6) == 0);
    CONTRACT_CHECK(env, myc_file_write(file, opened, 3, head) == MYC_OK);
    CONTRACT_CHECK(env, memcmp(mapped, "mapa h", 6) == 0);
    myc_shm_unmap(shm, memory, 106);
    myc_shm_close(shm, segment);
    myc_file_close(file, opened);
    CONTRACT_CHECK(env, myc_file_unlink(file, name.text) == MYC_OK);
}

// Huge pages are there and zero, or the diagnostic names the pool that has none.
static void case_huge_pages(struct contract_env *env)
{
    struct myc_shm *shm = env->platform->shm;
    struct myc_handle handle = {0};
    struct myc_diagnostic why;
    size_t bytes = 0;
    uint32_t seals = 0;
    void *memory = NULL;
    CONTRACT_CHECK(env, myc_shm_create_huge(shm, "huge", 4096, &handle, &why) == MYC_INVALID);
    CONTRACT_CHECK(env, contract_holds(why.text, "2 MiB"));
    enum myc_status status = myc_shm_create_huge(shm, "huge", MYC_SHM_HUGE_BYTES, &handle, &why);
    if (status != MYC_OK) {
        CONTRACT_CHECK(env, status == MYC_NO_MEMORY);
        CONTRACT_CHECK(
            env,
            contract_holds(why.text, "no 1 free huge pages of 2 MiB: see /proc/sys/vm/nr_hug"));
        return;
    }
    CONTRACT_CHECK(env, myc_shm_inspect(shm, handle, &bytes, &seals) == MYC_OK);
    CONTRACT_CHECK(env, bytes == MYC_SHM_HUGE_BYTES);
    CONTRACT_CHECK(
        env, myc_shm_map(shm, handle, MYC_SHM_HUGE_BYTES, MYC_SHM_READ_WRITE, &memory) == MYC_OK);
    CONTRACT_CHECK(env, is_zero(memory, MYC_SHM_HUGE_BYTES));
    myc_shm_unmap(shm, memory, MYC_SHM_HUGE_BYTES);
    myc_shm_close(shm, handle);
}

static const struct contract_case cases[] = {
    {"named_begins_with_its_head", case_named_begins_with_its_head},
    {"file_begins_with_its_head", case_file_begins_with_its_head},
    {"named_has_one_owner", case_named_has_one_owner},
    {"file_has_one_owner", case_file_has_one_owner},
    {"named_is_replaced_whole", case_named_is_replaced_whole},
    {"file_is_replaced_whole", case_file_is_replaced_whole},
    {"named_is_removed_by_its_owner", case_named_is_removed_by_its_owner},
    {"file_is_removed_by_its_owner", case_file_is_removed_by_its_owner},
    {"named_is_mapped_in_parts", case_named_is_mapped_in_parts},
    {"file_is_mapped_in_parts", case_file_is_mapped_in_parts},
    {"named_refuses_odd_sizes", case_named_refuses_odd_sizes},
    {"file_refuses_odd_sizes", case_file_refuses_odd_sizes},
    {"impossible_names", case_impossible_names},
    {"file_is_its_bytes", case_file_is_its_bytes},
    {"huge_pages", case_huge_pages},
};

CONTRACT_SUITE(contract_shm_named, "shm-named", cases);

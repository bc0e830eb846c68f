// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/file.h where names, sizes and handles meet their limits.
#include <mycelium/interface/file.h>

#include <string.h>

#include <mycelium/interface/memory.h>

#include "contract/suites.h"

enum { MAKE = MYC_FILE_WRITE | MYC_FILE_CREATE, FILES = 40, LARGE_BYTES = 300000 };

static enum myc_status
open_file(struct contract_env *env, const char *name, uint32_t flags, struct myc_handle *out_handle)
{
    char path[CONTRACT_PATH_BYTES];
    if (!contract_path(env, name, path)) {
        return MYC_TOO_BIG;
    }
    return myc_file_open(env->platform->file, path, flags, out_handle, NULL);
}

static enum myc_status
write_text(struct contract_env *env, struct myc_handle handle, uint64_t offset, const char *text)
{
    struct myc_const_span bytes = {text, strlen(text)};
    return myc_file_write(env->platform->file, handle, offset, bytes);
}

/* Reads all of [offset, offset + size); how many bytes there were. */
static size_t read_range(
    struct contract_env *env, struct myc_handle handle, uint64_t offset, void *bytes, size_t size)
{
    size_t done = 0;
    enum myc_status status = MYC_OK;
    while (status == MYC_OK && done < size) {
        struct myc_span span = {(char *)bytes + done, size - done};
        size_t count = 0;
        status = myc_file_read(env->platform->file, handle, offset + done, span, &count);
        done += status == MYC_OK ? count : 0;
    }
    return done;
}

static bool holds(struct contract_env *env, struct myc_handle handle, const char *text)
{
    char buffer[64] = {0};
    size_t size = strlen(text);
    return read_range(env, handle, 0, buffer, sizeof(buffer)) == size
           && memcmp(buffer, text, size) == 0;
}

// A new file is empty until somebody writes.
static void case_new_file_is_empty(struct contract_env *env)
{
    struct myc_handle handle = {0};
    uint64_t size = 99;
    CONTRACT_CHECK(env, open_file(env, "new", MAKE, &handle) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_get_size(env->platform->file, handle, &size) == MYC_OK);
    CONTRACT_CHECK(env, size == 0);
    CONTRACT_CHECK(env, holds(env, handle, ""));
    myc_file_close(env->platform->file, handle);
}

// Writing nothing succeeds and changes nothing, also behind the end.
static void case_empty_write_changes_nothing(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    struct myc_handle handle = {0};
    uint64_t size = 99;
    CONTRACT_CHECK(env, open_file(env, "file", MAKE, &handle) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, handle, 0, "ab") == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, handle, 0, "") == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, handle, 500, "") == MYC_OK);
    CONTRACT_CHECK(env, myc_file_get_size(file, handle, &size) == MYC_OK && size == 2);
    CONTRACT_CHECK(env, holds(env, handle, "ab"));
    myc_file_close(file, handle);
}

// Reading into no room is a mistake of the caller, not the end of the file.
static void case_empty_read_is_invalid(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    struct myc_handle handle = {0};
    size_t count = 0;
    CONTRACT_CHECK(env, open_file(env, "file", MAKE, &handle) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, handle, 0, "ab") == MYC_OK);
    struct myc_span nowhere = {NULL, 0};
    CONTRACT_CHECK(env, myc_file_read(file, handle, 0, nowhere, &count) == MYC_INVALID);
    CONTRACT_CHECK(env, holds(env, handle, "ab"));
    myc_file_close(file, handle);
}

// A write far behind the end makes the file that long, and what lies between reads as zeros.
static void case_far_write_leaves_zeros(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    struct myc_handle handle = {0};
    uint64_t size = 0;
    char between[16];
    char tail[8] = {0};
    CONTRACT_CHECK(env, open_file(env, "far", MAKE, &handle) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, handle, 1000000, "end") == MYC_OK);
    CONTRACT_CHECK(env, myc_file_get_size(file, handle, &size) == MYC_OK && size == 1000003);
    memset(between, 1, sizeof(between));
    CONTRACT_CHECK(env, read_range(env, handle, 500000, between, sizeof(between)) == 16);
    for (size_t i = 0; i < sizeof(between); i++) {
        CONTRACT_CHECK(env, between[i] == 0);
    }
    CONTRACT_CHECK(env, read_range(env, handle, 1000000, tail, sizeof(tail)) == 3);
    CONTRACT_CHECK(env, strcmp(tail, "end") == 0);
    myc_file_close(file, handle);
}

// One large write is whole: every byte of it can be read back.
static void case_large_write_is_whole(struct contract_env *env)
{
    struct myc_memory *memory = env->platform->memory;
    struct myc_handle handle = {0};
    uint8_t *bytes = myc_memory_allocate(memory, LARGE_BYTES, 8);
    uint8_t *back = myc_memory_allocate(memory, LARGE_BYTES, 8);
    CONTRACT_CHECK(env, bytes != NULL && back != NULL);
    for (uint32_t i = 0; i < LARGE_BYTES; i++) {
        bytes[i] = (uint8_t)(i * 31 + (i >> 9));
    }
    struct myc_const_span span = {bytes, LARGE_BYTES};
    CONTRACT_CHECK(env, open_file(env, "large", MAKE, &handle) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_write(env->platform->file, handle, 7, span) == MYC_OK);
    CONTRACT_CHECK(env, read_range(env, handle, 7, back, LARGE_BYTES) == LARGE_BYTES);
    CONTRACT_CHECK(env, memcmp(bytes, back, LARGE_BYTES) == 0);
    myc_file_close(env->platform->file, handle);
    myc_memory_release(memory, bytes, LARGE_BYTES);
    myc_memory_release(memory, back, LARGE_BYTES);
}

// A read that asks for more than is left gets what is left, and END after it.
static void case_read_stops_at_the_end(struct contract_env *env)
{
    struct myc_handle handle = {0};
    char buffer[32] = {0};
    CONTRACT_CHECK(env, open_file(env, "file", MAKE, &handle) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, handle, 0, "0123456789") == MYC_OK);
    CONTRACT_CHECK(env, read_range(env, handle, 6, buffer, sizeof(buffer)) == 4);
    CONTRACT_CHECK(env, strcmp(buffer, "6789") == 0);
    myc_file_close(env->platform->file, handle);
}

// Two handles of one file see each other's writes at once.
static void case_handles_share_the_file(struct contract_env *env)
{
    struct myc_handle one = {0};
    struct myc_handle other = {0};
    CONTRACT_CHECK(env, open_file(env, "file", MAKE, &one) == MYC_OK);
    CONTRACT_CHECK(env, open_file(env, "file", MYC_FILE_WRITE, &other) == MYC_OK);
    CONTRACT_CHECK(env, one.value != other.value);
    CONTRACT_CHECK(env, write_text(env, one, 0, "left") == MYC_OK);
    CONTRACT_CHECK(env, holds(env, other, "left"));
    CONTRACT_CHECK(env, write_text(env, other, 4, "right") == MYC_OK);
    CONTRACT_CHECK(env, holds(env, one, "leftright"));
    myc_file_close(env->platform->file, one);
    CONTRACT_CHECK(env, holds(env, other, "leftright"));
    myc_file_close(env->platform->file, other);
}

// Truncating at one handle empties the file under the other; writing there leaves zeros before.
static void case_truncation_reaches_other_handles(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    struct myc_handle one = {0};
    struct myc_handle other = {0};
    uint64_t size = 0;
    char buffer[8] = {1};
    CONTRACT_CHECK(env, open_file(env, "file", MAKE, &one) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, one, 0, "old text") == MYC_OK);
    CONTRACT_CHECK(env, open_file(env, "file", MAKE | MYC_FILE_TRUNCATE, &other) == MYC_OK);
    CONTRACT_CHECK(env, holds(env, one, ""));
    CONTRACT_CHECK(env, write_text(env, one, 3, "x") == MYC_OK);
    CONTRACT_CHECK(env, myc_file_get_size(file, other, &size) == MYC_OK && size == 4);
    CONTRACT_CHECK(env, read_range(env, other, 0, buffer, 4) == 4);
    CONTRACT_CHECK(env, memcmp(buffer, "\0\0\0x", 4) == 0);
    myc_file_close(file, one);
    myc_file_close(file, other);
}

// Truncating does not create.
static void case_truncation_needs_a_file(struct contract_env *env)
{
    struct myc_handle handle = {0};
    uint32_t flags = MYC_FILE_WRITE | MYC_FILE_TRUNCATE;
    CONTRACT_CHECK(env, open_file(env, "none", flags, &handle) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, handle.value == 0);
    CONTRACT_CHECK(env, open_file(env, "none", flags | MYC_FILE_CREATE, &handle) == MYC_OK);
    myc_file_close(env->platform->file, handle);
}

// No file is made where there is no directory, and the diagnostic says which path was meant.
static void case_missing_directory_is_not_found(struct contract_env *env)
{
    char path[CONTRACT_PATH_BYTES];
    struct myc_diagnostic diagnostic;
    struct myc_handle handle = {0};
    myc_diagnostic_clear(&diagnostic);
    CONTRACT_CHECK(env, contract_path(env, "no/such/file", path));
    CONTRACT_CHECK(
        env, myc_file_open(env->platform->file, path, MAKE, &handle, &diagnostic) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, contract_holds(diagnostic.text, path));
    CONTRACT_CHECK(env, handle.value == 0);
}

// A file is no directory: nothing is found below it.
static void case_nothing_lies_below_a_file(struct contract_env *env)
{
    struct myc_handle handle = {0};
    struct myc_handle below = {0};
    CONTRACT_CHECK(env, open_file(env, "file", MAKE, &handle) == MYC_OK);
    CONTRACT_CHECK(env, open_file(env, "file/below", 0, &below) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, open_file(env, "file/below", MAKE, &below) == MYC_NOT_FOUND);
    myc_file_close(env->platform->file, handle);
}

// A directory cannot be written, and no name at all names nothing.
static void case_directories_are_no_files(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    struct myc_handle handle = {0};
    CONTRACT_CHECK(
        env, myc_file_open(file, env->directory, MYC_FILE_WRITE, &handle, NULL) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_file_open(file, "", MAKE, &handle, NULL) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, handle.value == 0);
}

// EXISTS names the path that was taken.
static void case_exclusive_failure_names_the_path(struct contract_env *env)
{
    char path[CONTRACT_PATH_BYTES];
    struct myc_diagnostic diagnostic;
    struct myc_handle handle = {0};
    struct myc_handle second = {0};
    CONTRACT_CHECK(env, contract_path(env, "taken", path));
    CONTRACT_CHECK(env, open_file(env, "taken", MAKE, &handle) == MYC_OK);
    myc_diagnostic_clear(&diagnostic);
    enum myc_status status =
        myc_file_open(env->platform->file, path, MAKE | MYC_FILE_EXCLUSIVE, &second, &diagnostic);
    CONTRACT_CHECK(env, status == MYC_EXISTS && diagnostic.status == MYC_EXISTS);
    CONTRACT_CHECK(env, contract_holds(diagnostic.text, path));
    myc_file_close(env->platform->file, handle);
}

static enum myc_status
rename_file(struct contract_env *env, const char *source_name, const char *target_name)
{
    char source[CONTRACT_PATH_BYTES];
    char target[CONTRACT_PATH_BYTES];
    if (!contract_path(env, source_name, source) || !contract_path(env, target_name, target)) {
        return MYC_TOO_BIG;
    }
    return myc_file_rename(env->platform->file, source, target);
}

// A handle follows its file through a rename, and writes through it show under the new name.
static void case_handle_follows_a_rename(struct contract_env *env)
{
    struct myc_handle handle = {0};
    struct myc_handle found = {0};
    CONTRACT_CHECK(env, open_file(env, "before", MAKE, &handle) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, handle, 0, "one") == MYC_OK);
    CONTRACT_CHECK(env, rename_file(env, "before", "after") == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, handle, 3, "two") == MYC_OK);
    CONTRACT_CHECK(env, open_file(env, "after", 0, &found) == MYC_OK);
    CONTRACT_CHECK(env, holds(env, found, "onetwo"));
    myc_file_close(env->platform->file, handle);
    myc_file_close(env->platform->file, found);
}

// Who had the replaced file open goes on reading the old bytes.
static void case_replaced_file_stays_readable(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    struct myc_handle old = {0};
    struct myc_handle young = {0};
    CONTRACT_CHECK(env, open_file(env, "target", MAKE, &old) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, old, 0, "old") == MYC_OK);
    CONTRACT_CHECK(env, open_file(env, "source", MAKE, &young) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, young, 0, "young") == MYC_OK);
    CONTRACT_CHECK(env, rename_file(env, "source", "target") == MYC_OK);
    CONTRACT_CHECK(env, holds(env, old, "old"));
    CONTRACT_CHECK(env, holds(env, young, "young"));
    myc_file_close(file, old);
    myc_file_close(file, young);
    CONTRACT_CHECK(env, open_file(env, "target", 0, &young) == MYC_OK);
    CONTRACT_CHECK(env, holds(env, young, "young"));
    myc_file_close(file, young);
}

// Renaming a file to itself, or to another free name and back, loses nothing.
static void case_rename_to_itself_is_harmless(struct contract_env *env)
{
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, open_file(env, "same", MAKE, &handle) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, handle, 0, "kept") == MYC_OK);
    CONTRACT_CHECK(env, rename_file(env, "same", "same") == MYC_OK);
    CONTRACT_CHECK(env, rename_file(env, "same", "other") == MYC_OK);
    CONTRACT_CHECK(env, rename_file(env, "other", "same") == MYC_OK);
    myc_file_close(env->platform->file, handle);
    CONTRACT_CHECK(env, open_file(env, "same", 0, &handle) == MYC_OK);
    CONTRACT_CHECK(env, holds(env, handle, "kept"));
    myc_file_close(env->platform->file, handle);
}

// A rename into a directory that is not there leaves the file where it was.
static void case_rename_into_nowhere_is_not_found(struct contract_env *env)
{
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, open_file(env, "here", MAKE, &handle) == MYC_OK);
    myc_file_close(env->platform->file, handle);
    CONTRACT_CHECK(env, rename_file(env, "here", "no/where") == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, open_file(env, "here", 0, &handle) == MYC_OK);
    myc_file_close(env->platform->file, handle);
}

// A name that was unlinked is free: the next file there shares nothing with the one still open.
static void case_unlinked_name_is_free(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    char path[CONTRACT_PATH_BYTES];
    struct myc_handle old = {0};
    struct myc_handle young = {0};
    CONTRACT_CHECK(env, contract_path(env, "name", path));
    CONTRACT_CHECK(env, open_file(env, "name", MAKE, &old) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, old, 0, "old") == MYC_OK);
    CONTRACT_CHECK(env, myc_file_unlink(file, path) == MYC_OK);
    CONTRACT_CHECK(env, open_file(env, "name", MAKE | MYC_FILE_EXCLUSIVE, &young) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, young, 0, "young") == MYC_OK);
    CONTRACT_CHECK(env, holds(env, old, "old"));
    CONTRACT_CHECK(env, holds(env, young, "young"));
    myc_file_close(file, old);
    myc_file_close(file, young);
}

// Many files are open at a time, and each keeps its own bytes.
static void case_many_files_are_apart(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    struct myc_handle handles[FILES] = {{0}};
    char name[] = "many-00";
    for (int i = 0; i < FILES; i++) {
        name[5] = (char)('0' + i / 10);
        name[6] = (char)('0' + i % 10);
        CONTRACT_CHECK(env, open_file(env, name, MAKE, &handles[i]) == MYC_OK);
        CONTRACT_CHECK(env, write_text(env, handles[i], 0, name) == MYC_OK);
    }
    for (int i = 0; i < FILES; i++) {
        name[5] = (char)('0' + i / 10);
        name[6] = (char)('0' + i % 10);
        CONTRACT_CHECK(env, holds(env, handles[i], name));
        myc_file_close(file, handles[i]);
    }
}

// What is no file cannot be used as one.
static void case_other_handles_are_no_files(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    const struct myc_handle empty = {0};
    char byte = 0;
    size_t count = 0;
    uint64_t size = 0;
    struct myc_span room = {&byte, 1};
    CONTRACT_CHECK(env, myc_file_read(file, empty, 0, room, &count) == MYC_INVALID);
    CONTRACT_CHECK(env, write_text(env, empty, 0, "x") == MYC_INVALID);
    CONTRACT_CHECK(env, myc_file_get_size(file, empty, &size) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_file_sync(file, empty) != MYC_OK);
}

// Syncing is allowed as often as one likes, before and after writes, and on a reader.
static void case_sync_may_be_repeated(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    struct myc_handle handle = {0};
    struct myc_handle reader = {0};
    CONTRACT_CHECK(env, open_file(env, "file", MAKE, &handle) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_sync(file, handle) == MYC_OK);
    CONTRACT_CHECK(env, write_text(env, handle, 0, "safe") == MYC_OK);
    CONTRACT_CHECK(env, myc_file_sync(file, handle) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_sync(file, handle) == MYC_OK);
    CONTRACT_CHECK(env, open_file(env, "file", 0, &reader) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_sync(file, reader) == MYC_OK);
    CONTRACT_CHECK(env, holds(env, reader, "safe"));
    myc_file_close(file, reader);
    myc_file_close(file, handle);
}

static const struct contract_case cases[] = {
    {"new_file_is_empty", case_new_file_is_empty},
    {"empty_write_changes_nothing", case_empty_write_changes_nothing},
    {"empty_read_is_invalid", case_empty_read_is_invalid},
    {"far_write_leaves_zeros", case_far_write_leaves_zeros},
    {"large_write_is_whole", case_large_write_is_whole},
    {"read_stops_at_the_end", case_read_stops_at_the_end},
    {"handles_share_the_file", case_handles_share_the_file},
    {"truncation_reaches_other_handles", case_truncation_reaches_other_handles},
    {"truncation_needs_a_file", case_truncation_needs_a_file},
    {"missing_directory_is_not_found", case_missing_directory_is_not_found},
    {"nothing_lies_below_a_file", case_nothing_lies_below_a_file},
    {"directories_are_no_files", case_directories_are_no_files},
    {"exclusive_failure_names_the_path", case_exclusive_failure_names_the_path},
    {"handle_follows_a_rename", case_handle_follows_a_rename},
    {"replaced_file_stays_readable", case_replaced_file_stays_readable},
    {"rename_to_itself_is_harmless", case_rename_to_itself_is_harmless},
    {"rename_into_nowhere_is_not_found", case_rename_into_nowhere_is_not_found},
    {"unlinked_name_is_free", case_unlinked_name_is_free},
    {"many_files_are_apart", case_many_files_are_apart},
    {"other_handles_are_no_files", case_other_handles_are_no_files},
    {"sync_may_be_repeated", case_sync_may_be_repeated},
};

CONTRACT_SUITE(contract_file_edges, "file-edges", cases);

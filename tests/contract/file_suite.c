// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/file.h.
#include <mycelium/interface/file.h>

#include <string.h>

#include "contract/suites.h"

enum { FRESH = MYC_FILE_WRITE | MYC_FILE_CREATE | MYC_FILE_EXCLUSIVE };

// Makes a file that holds `text` (terminated), open for writing.
static bool make_file(
    struct contract_env *env,
    const char *name,
    const char *text,
    char *out_path,
    struct myc_handle *out_handle)
{
    struct myc_const_span bytes = {text, strlen(text)};
    return contract_path(env, name, out_path)
           && myc_file_open(env->platform->file, out_path, FRESH, out_handle, NULL) == MYC_OK
           && myc_file_write(env->platform->file, *out_handle, 0, bytes) == MYC_OK;
}

// Whether the file holds exactly `text`.
static bool holds(struct contract_env *env, struct myc_handle handle, const char *text)
{
    char buffer[64];
    size_t len = strlen(text);
    size_t done = 0;
    enum myc_status status = MYC_OK;
    while (status == MYC_OK && done < sizeof(buffer)) {
        struct myc_span span = {buffer + done, sizeof(buffer) - done};
        size_t count = 0;
        status = myc_file_read(env->platform->file, handle, done, span, &count);
        done += count;
    }
    return status == MYC_END && done == len && memcmp(buffer, text, len) == 0;
}

// What is written can be read back, also through another handle and after closing.
static void case_written_bytes_come_back(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    char path[CONTRACT_PATH_BYTES];
    struct myc_handle writer = {0};
    struct myc_handle reader = {0};
    uint64_t size = 0;
    CONTRACT_CHECK(env, make_file(env, "file", "spores", path, &writer));
    CONTRACT_CHECK(env, holds(env, writer, "spores"));
    CONTRACT_CHECK(env, myc_file_get_size(file, writer, &size) == MYC_OK);
    CONTRACT_CHECK(env, size == 6);
    CONTRACT_CHECK(env, myc_file_sync(file, writer) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_open(file, path, 0, &reader, NULL) == MYC_OK);
    myc_file_close(file, writer);
    CONTRACT_CHECK(env, holds(env, reader, "spores"));
    myc_file_close(file, reader);
}

// A write lands at its offset and moves nothing else; a gap before it reads as zeros.
static void case_offsets_place_bytes(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    char path[CONTRACT_PATH_BYTES];
    char buffer[10] = {0};
    size_t count = 0;
    struct myc_handle handle = {0};
    struct myc_span span = {buffer, sizeof(buffer)};
    CONTRACT_CHECK(env, make_file(env, "file", "abcd", path, &handle));
    CONTRACT_CHECK(
        env, myc_file_write(file, handle, 1, (struct myc_const_span){"XY", 2}) == MYC_OK);
    CONTRACT_CHECK(env, holds(env, handle, "aXYd"));
    CONTRACT_CHECK(env, myc_file_write(file, handle, 6, (struct myc_const_span){"z", 1}) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_read(file, handle, 4, span, &count) == MYC_OK);
    CONTRACT_CHECK(env, count >= 1 && count <= 3);
    CONTRACT_CHECK(env, buffer[0] == '\0');
    CONTRACT_CHECK(env, myc_file_read(file, handle, 6, span, &count) == MYC_OK);
    CONTRACT_CHECK(env, count == 1 && buffer[0] == 'z');
    myc_file_close(file, handle);
}

// Reading at or behind the end is END.
static void case_end_of_file_is_end(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    char path[CONTRACT_PATH_BYTES];
    char byte = 0;
    size_t count = 0;
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, make_file(env, "file", "abcd", path, &handle));
    CONTRACT_CHECK(
        env, myc_file_read(file, handle, 4, (struct myc_span){&byte, 1}, &count) == MYC_END);
    CONTRACT_CHECK(
        env, myc_file_read(file, handle, 400, (struct myc_span){&byte, 1}, &count) == MYC_END);
    myc_file_close(file, handle);
}

// A missing file is NOT_FOUND, and the diagnostic names it.
static void case_missing_file_is_not_found(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    struct myc_diagnostic diagnostic;
    struct myc_handle handle = {0};
    char path[CONTRACT_PATH_BYTES];
    CONTRACT_CHECK(env, contract_path(env, "missing", path));
    myc_diagnostic_clear(&diagnostic);
    CONTRACT_CHECK(env, myc_file_open(file, path, 0, &handle, &diagnostic) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, diagnostic.status == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, contract_holds(diagnostic.text, path));
    CONTRACT_CHECK(env, handle.value == 0);
    CONTRACT_CHECK(env, myc_file_open(file, path, MYC_FILE_WRITE, &handle, NULL) == MYC_NOT_FOUND);
}

// Exclusive creation tells who came second.
static void case_exclusive_creation_is_once(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    char path[CONTRACT_PATH_BYTES];
    struct myc_handle handle = {0};
    struct myc_handle second = {0};
    CONTRACT_CHECK(env, make_file(env, "file", "mine", path, &handle));
    CONTRACT_CHECK(env, myc_file_open(file, path, FRESH, &second, NULL) == MYC_EXISTS);
    CONTRACT_CHECK(
        env, myc_file_open(file, path, MYC_FILE_WRITE | MYC_FILE_CREATE, &second, NULL) == MYC_OK);
    CONTRACT_CHECK(env, holds(env, second, "mine"));
    myc_file_close(file, handle);
    myc_file_close(file, second);
}

// Truncating empties the file; opening without it does not.
static void case_truncate_empties(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    char path[CONTRACT_PATH_BYTES];
    struct myc_handle handle = {0};
    uint64_t size = 99;
    CONTRACT_CHECK(env, make_file(env, "file", "old", path, &handle));
    myc_file_close(file, handle);
    CONTRACT_CHECK(
        env,
        myc_file_open(file, path, MYC_FILE_WRITE | MYC_FILE_TRUNCATE, &handle, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_get_size(file, handle, &size) == MYC_OK);
    CONTRACT_CHECK(env, size == 0);
    myc_file_close(file, handle);
}

// Flags that contradict each other, or that nobody knows, are refused.
static void case_odd_flags_are_invalid(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    char path[CONTRACT_PATH_BYTES];
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, contract_path(env, "file", path));
    CONTRACT_CHECK(env, myc_file_open(file, path, 1024, &handle, NULL) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_file_open(file, path, MYC_FILE_TRUNCATE, &handle, NULL) == MYC_INVALID);
    CONTRACT_CHECK(env, myc_file_open(file, path, MYC_FILE_CREATE, &handle, NULL) == MYC_INVALID);
}

// A handle opened for reading cannot write.
static void case_reader_cannot_write(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    char path[CONTRACT_PATH_BYTES];
    struct myc_handle writer = {0};
    struct myc_handle reader = {0};
    CONTRACT_CHECK(env, make_file(env, "file", "same", path, &writer));
    CONTRACT_CHECK(env, myc_file_open(file, path, 0, &reader, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_write(file, reader, 0, (struct myc_const_span){"X", 1}) != MYC_OK);
    CONTRACT_CHECK(env, holds(env, writer, "same"));
    myc_file_close(file, reader);
    myc_file_close(file, writer);
}

// Renaming replaces the target at once and takes the source away.
static void case_rename_replaces(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    char source[CONTRACT_PATH_BYTES];
    char target[CONTRACT_PATH_BYTES];
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, make_file(env, "target", "old", target, &handle));
    myc_file_close(file, handle);
    CONTRACT_CHECK(env, make_file(env, "source", "new", source, &handle));
    myc_file_close(file, handle);
    CONTRACT_CHECK(env, myc_file_rename(file, source, target) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_open(file, source, 0, &handle, NULL) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_file_open(file, target, 0, &handle, NULL) == MYC_OK);
    CONTRACT_CHECK(env, holds(env, handle, "new"));
    CONTRACT_CHECK(env, myc_file_rename(file, source, target) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, holds(env, handle, "new"));
    myc_file_close(file, handle);
}

// A removed file is gone by name, but who has it open goes on reading.
static void case_unlinked_file_stays_readable(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    char path[CONTRACT_PATH_BYTES];
    struct myc_handle handle = {0};
    struct myc_handle late = {0};
    CONTRACT_CHECK(env, make_file(env, "file", "ghost", path, &handle));
    CONTRACT_CHECK(env, myc_file_unlink(file, path) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_unlink(file, path) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_file_open(file, path, 0, &late, NULL) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, holds(env, handle, "ghost"));
    myc_file_close(file, handle);
    myc_file_close(file, (struct myc_handle){0}); // the empty handle is harmless
}

// Names are made durable a directory at a time; what is there and no directory is not one.
static void case_directory_is_synced(struct contract_env *env)
{
    struct myc_file *file = env->platform->file;
    char source[CONTRACT_PATH_BYTES];
    char target[CONTRACT_PATH_BYTES];
    char missing[CONTRACT_PATH_BYTES];
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, make_file(env, "new", "spores", source, &handle));
    CONTRACT_CHECK(env, contract_path(env, "name", target));
    CONTRACT_CHECK(env, contract_path(env, "missing", missing));
    CONTRACT_CHECK(env, myc_file_sync(file, handle) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_rename(file, source, target) == MYC_OK);
    CONTRACT_CHECK(env, myc_file_sync_directory(file, env->directory) == MYC_OK);
    CONTRACT_CHECK(env, holds(env, handle, "spores"));
    CONTRACT_CHECK(env, myc_file_sync_directory(file, missing) == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, myc_file_sync_directory(file, target) == MYC_NOT_FOUND);
    myc_file_close(file, handle);
}

static const struct contract_case cases[] = {
    {"written_bytes_come_back", case_written_bytes_come_back},
    {"offsets_place_bytes", case_offsets_place_bytes},
    {"end_of_file_is_end", case_end_of_file_is_end},
    {"missing_file_is_not_found", case_missing_file_is_not_found},
    {"exclusive_creation_is_once", case_exclusive_creation_is_once},
    {"truncate_empties", case_truncate_empties},
    {"odd_flags_are_invalid", case_odd_flags_are_invalid},
    {"reader_cannot_write", case_reader_cannot_write},
    {"rename_replaces", case_rename_replaces},
    {"unlinked_file_stays_readable", case_unlinked_file_stays_readable},
    {"directory_is_synced", case_directory_is_synced},
};

CONTRACT_SUITE(contract_file, "file", cases);

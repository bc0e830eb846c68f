// SPDX-License-Identifier: MIT OR Apache-2.0
//
// A contract from a file, for every command that needs one.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool/gen/gen.h"

// Reads a whole file of at most GEN_SOURCE_BYTES_MAX bytes; NULL after printing why not.
static char *read_file(const char *path, size_t *out_size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: error: cannot open the contract: %s\n", path, strerror(errno));
        return NULL;
    }
    char *bytes = gen_allocate(GEN_SOURCE_BYTES_MAX + 1, 1);
    size_t size = fread(bytes, 1, GEN_SOURCE_BYTES_MAX + 1, file);
    bool is_read = ferror(file) == 0 && size <= GEN_SOURCE_BYTES_MAX;
    if (ferror(file) != 0) {
        fprintf(stderr, "%s: error: cannot read the contract: %s\n", path, strerror(errno));
    } else if (!is_read) {
        fprintf(stderr, "%s: error: a contract has at most 4 MiB: split it\n", path);
    }
    fclose(file);
    if (!is_read) {
        free(bytes);
        return NULL;
    }
    *out_size = size;
    return bytes;
}

bool gen_load(const char *path, struct gen_contract *out_contract)
{
    size_t size = 0;
    char *bytes = read_file(path, &size);
    if (bytes == NULL) {
        return false;
    }
    struct gen_error error;
    bool is_parsed = gen_parse(bytes, size, out_contract, &error);
    free(bytes);
    if (!is_parsed) {
        fprintf(stderr, "%s:%zu:%zu: error: %s\n", path, error.line, error.column, error.text);
    }
    return is_parsed;
}

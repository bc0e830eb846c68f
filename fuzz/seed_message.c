// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Writes seeds for targets whose inputs are messages of the contract with every feature: for each
// of them a file of valid messages, one for each version, and one file with all.
#include <stdio.h>
#include <string.h>

#include <mycelium/record.h>

#include "descriptors.h"
#include "fuzz.h"
#include "tests/evolution/oracle.h"

enum { PATH_BYTES = 1024, ROUNDS = 2 };

static void put_record(FILE *out, uint16_t type, uint16_t version, const void *payload, size_t size)
{
    static const unsigned char zeros[MYC_RECORD_ALIGNMENT];
    uint64_t word = myc_record_word(type, version, (uint32_t)size);
    size_t padding = (size_t)myc_record_bytes(size) - MYC_RECORD_HEADER_BYTES - size;
    FUZZ_CHECK(fwrite(&word, sizeof word, 1, out) == 1);
    FUZZ_CHECK(fwrite(payload, 1, size, out) == size);
    FUZZ_CHECK(fwrite(zeros, 1, padding, out) == padding);
}

static void put_message(FILE *out, FILE *all, const struct myc_message_type *type, uint64_t *random)
{
    static _Alignas(8) unsigned char payload[ORACLE_PAYLOAD_BYTES];
    size_t size = oracle_make(type, random, payload);
    put_record(out, type->id, type->version, payload, size);
    put_record(all, type->id, type->version, payload, size);
    // What an older writer would have sent is a prefix, unless tails lie behind it.
    for (uint32_t i = 0; i + 1 < type->extent_count && type->has_tail == 0; i++) {
        put_record(out, type->id, type->extents[i].version, payload, type->extents[i].size);
    }
}

static FILE *open_in(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    FUZZ_CHECK(snprintf(path, sizeof path, "%s/%s", folder, name) < PATH_BYTES);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: cannot write\n", path);
        exit(2);
    }
    return file;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: seed_message FOLDER\n");
        return 2;
    }
    const struct myc_contract *contract = descriptors_of_everything();
    uint64_t random = 1;
    FILE *all = open_in(argv[1], "all");
    for (uint32_t i = 0; i < contract->message_count; i++) {
        FILE *out = open_in(argv[1], contract->messages[i]->name);
        for (int round = 0; round < ROUNDS; round++) {
            put_message(out, all, contract->messages[i], &random);
        }
        FUZZ_CHECK(fclose(out) == 0);
    }
    return fclose(all) == 0 ? 0 : 1;
}

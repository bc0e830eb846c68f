// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a peer of another version shows of its contract: canonical forms, read and compared. Inputs
// are two forms with a zero byte between them; of one alone both sides are made.
//
// Whatever is read passes the library's own check, is compatible with itself, and is written again
// as it was; what has no room is refused as such; the two directions of a comparison are exchanged
// with its sides; the work of both is bounded.
#include <stdbool.h>
#include <string.h>

#include <mycelium/compat.h>

#include "fuzz.h"
#include "schema/canonical.h"
#include "steps.h"

enum { IMAGES = 1 << 20, STEPS_BASE = 64 * 1024, STEPS_PER_BYTE = 1024, STEPS_A_MESSAGE = 1 << 23 };

/* A form in memory of exactly its size, and what was read from it. */
struct side {
    char *text;
    void *memory;
    const struct myc_contract *contract;
};

/* What a comparison told. */
struct seen {
    uint32_t count;
    bool is_too_complex;
};

static void on_finding(void *context, const struct myc_compat_finding *finding)
{
    struct seen *seen = context;
    FUZZ_CHECK(finding->rule < MYC_COMPAT_RULE_COUNT);
    FUZZ_CHECK(memchr(finding->path, '\0', sizeof(finding->path)) != NULL);
    FUZZ_CHECK(memchr(finding->old_text, '\0', sizeof(finding->old_text)) != NULL);
    FUZZ_CHECK(memchr(finding->new_text, '\0', sizeof(finding->new_text)) != NULL);
    seen->count++;
    seen->is_too_complex = seen->is_too_complex || finding->rule == MYC_COMPAT_TOO_COMPLEX;
}

static void check_written_alike(const struct side *side, size_t size)
{
    static struct myc__schema_types types;
    size_t written = 0;
    char *again = malloc(size + 1);
    FUZZ_CHECK(again != NULL);
    FUZZ_CHECK(myc_contract_check(side->contract, NULL) == MYC_OK);
    FUZZ_CHECK(
        myc__schema_write_canonical(side->contract, &types, again, size + 1, &written) == MYC_OK);
    FUZZ_CHECK(written == size);
    FUZZ_CHECK(memcmp(again, side->text, size) == 0);
    free(again);
}

static bool read_side(struct side *side, const char *text, size_t size)
{
    struct myc_diagnostic diagnostic = {0};
    size_t memory_size = (myc__schema_canonical_memory(size) + IMAGES + 7) / 8 * 8;
    *side =
        (struct side){.text = malloc(size > 0 ? size : 1), .memory = aligned_alloc(8, memory_size)};
    FUZZ_CHECK(side->text != NULL && side->memory != NULL);
    if (size > 0) {
        memcpy(side->text, text, size);
    }
    fuzz_steps_begin();
    enum myc_status status = myc__schema_read_canonical(
        side->text, size, side->memory, memory_size, &side->contract, &diagnostic);
    fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
    FUZZ_CHECK((status == MYC_OK) == (side->contract != NULL));
    if (status != MYC_OK) {
        FUZZ_CHECK(status == MYC_CORRUPT || status == MYC_TOO_BIG);
        FUZZ_CHECK(diagnostic.status == status);
        FUZZ_CHECK(diagnostic.text[0] != '\0');
        return false;
    }
    check_written_alike(side, size);
    return true;
}

static void free_side(struct side *side)
{
    free(side->text);
    free(side->memory);
}

static struct myc_compat
compare(const struct side *old, const struct side *new, bool *io_is_too_complex)
{
    struct seen seen = {0, false};
    size_t messages = (size_t)old->contract->message_count + new->contract->message_count;
    fuzz_steps_begin();
    struct myc_compat compat =
        myc_contract_compare(old->contract, new->contract, on_finding, &seen);
    fuzz_steps_end(messages, 100000, STEPS_A_MESSAGE);
    FUZZ_CHECK(seen.count == compat.finding_count);
    *io_is_too_complex = *io_is_too_complex || seen.is_too_complex;
    return compat;
}

static void check_pair(const struct side *old, const struct side *new, bool is_one)
{
    bool is_too_complex = false;
    struct myc_compat there = compare(old, new, &is_too_complex);
    struct myc_compat back = compare(new, old, &is_too_complex);
    FUZZ_CHECK(is_too_complex || !is_one || there.finding_count == 0);
    // A message that only one side has breaks one direction only.
    if (!is_too_complex && old->contract->message_count == new->contract->message_count) {
        bool is_alike =
            there.new_reads_old == back.old_reads_new && there.old_reads_new == back.new_reads_old;
        bool has_others = false;
        for (uint32_t i = 0; i < old->contract->message_count; i++) {
            uint16_t id = old->contract->messages[i]->id;
            has_others = has_others || myc_contract_find(new->contract, id) == NULL;
        }
        FUZZ_CHECK(is_alike || has_others);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct side old = {NULL, NULL, NULL};
    struct side new = {NULL, NULL, NULL};
    const char *text = (const char *)data;
    const char *cut = size > 0 ? memchr(text, '\0', size) : NULL;
    size_t old_size = cut != NULL ? (size_t)(cut - text) : size;
    size_t new_size = cut != NULL ? size - old_size - 1 : size;
    if (read_side(&old, text, old_size)) {
        bool is_too_complex = false;
        struct myc_compat self = compare(&old, &old, &is_too_complex);
        FUZZ_CHECK(is_too_complex || self.finding_count == 0);
        FUZZ_CHECK(is_too_complex || myc_compat_level(&self) == MYC_COMPAT_LEVEL_FULL);
        if (read_side(&new, cut != NULL ? cut + 1 : text, new_size)) {
            check_pair(&old, &new, cut == NULL);
        }
        free_side(&new);
    }
    free_side(&old);
    return 0;
}

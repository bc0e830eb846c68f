// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a peer of another version shows of its contract: canonical forms, read and compared. Inputs
// are two forms with a zero byte between them; of one alone both sides are made.
//
// Whatever is read passes the library's own check, is compatible with itself, and is written again
// as it was; the two directions of a comparison are exchanged with its sides; its work is bounded.
#include <stdbool.h>
#include <string.h>

#include <mycelium/compat.h>

#include "fuzz.h"
#include "schema/canonical.h"
#include "steps.h"

enum { MEMORY_BYTES = 1 << 20, TEXT_BYTES = 1 << 18, STEPS_A_MESSAGE = 1 << 23 };

struct side {
    _Alignas(8) unsigned char memory[MEMORY_BYTES];
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

static bool read_side(struct side *side, const char *text, size_t size)
{
    static struct myc__schema_types types;
    static char again[TEXT_BYTES];
    struct myc_diagnostic diagnostic;
    size_t size_again = 0;
    enum myc_status status = myc__schema_read_canonical(
        text, size, side->memory, sizeof(side->memory), &side->contract, &diagnostic);
    if (status != MYC_OK) {
        FUZZ_CHECK(status == MYC_CORRUPT || status == MYC_TOO_BIG);
        FUZZ_CHECK(diagnostic.text[0] != '\0');
        return false;
    }
    FUZZ_CHECK(myc_contract_check(side->contract, NULL) == MYC_OK);
    FUZZ_CHECK(
        myc__schema_write_canonical(side->contract, &types, again, sizeof(again), &size_again)
        == MYC_OK);
    FUZZ_CHECK(size_again == size && (size >= sizeof(again) || memcmp(text, again, size) == 0));
    return true;
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct side old;
    static struct side new;
    const char *text = (const char *)data;
    const char *cut = size > 0 ? memchr(text, '\0', size) : NULL;
    size_t old_size = cut != NULL ? (size_t)(cut - text) : size;
    size_t new_size = cut != NULL ? size - old_size - 1 : size;
    if (!read_side(&old, text, old_size)) {
        return 0;
    }
    bool is_too_complex = false;
    struct myc_compat self = compare(&old, &old, &is_too_complex);
    FUZZ_CHECK(is_too_complex || self.finding_count == 0);
    if (!read_side(&new, cut != NULL ? cut + 1 : text, new_size)) {
        return 0;
    }
    struct myc_compat there = compare(&old, &new, &is_too_complex);
    struct myc_compat back = compare(&new, &old, &is_too_complex);
    FUZZ_CHECK(is_too_complex || cut != NULL || there.finding_count == 0);
    // A message that only one side has breaks one direction only.
    if (!is_too_complex && old.contract->message_count == new.contract->message_count) {
        bool is_alike =
            there.new_reads_old == back.old_reads_new && there.old_reads_new == back.new_reads_old;
        bool has_others = false;
        for (uint32_t i = 0; i < old.contract->message_count; i++) {
            uint16_t id = old.contract->messages[i]->id;
            has_others = has_others || myc_contract_find(new.contract, id) == NULL;
        }
        FUZZ_CHECK(is_alike || has_others);
    }
    return 0;
}

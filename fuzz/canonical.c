// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The canonical form of a contract as a peer sends it. What is accepted passes the library's own
// check, is written again as the very bytes that came, and is fully compatible with itself; what
// has no room is refused as such.
#include <string.h>

#include <mycelium/compat.h>

#include "fuzz.h"
#include "schema/canonical.h"
#include "steps.h"

enum { IMAGES = 1 << 16, STEPS_BASE = 64 * 1024, STEPS_PER_BYTE = 1024 };

static void check_contract(const struct myc_contract *contract, const char *text, size_t size)
{
    static struct myc__schema_types types;
    size_t written = 0;
    char *again = malloc(size + 1);
    FUZZ_CHECK(again != NULL);
    FUZZ_CHECK(myc_contract_check(contract, NULL) == MYC_OK);
    FUZZ_CHECK(myc__schema_write_canonical(contract, &types, again, size + 1, &written) == MYC_OK);
    FUZZ_CHECK(written == size);
    FUZZ_CHECK(memcmp(again, text, size) == 0);
    struct myc_compat verdict = myc_contract_compare(contract, contract, NULL, NULL);
    FUZZ_CHECK(myc_compat_level(&verdict) == MYC_COMPAT_LEVEL_FULL);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct myc_diagnostic diagnostic = {0};
    const struct myc_contract *contract = NULL;
    size_t memory_size = myc__schema_canonical_memory(size) + IMAGES;
    char *text = malloc(size > 0 ? size : 1);
    void *memory = aligned_alloc(8, (memory_size + 7) / 8 * 8);
    FUZZ_CHECK(text != NULL && memory != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    fuzz_steps_begin();
    enum myc_status status =
        myc__schema_read_canonical(text, size, memory, memory_size, &contract, &diagnostic);
    fuzz_steps_end(size, STEPS_BASE, STEPS_PER_BYTE);
    FUZZ_CHECK(status == MYC_OK || status == MYC_CORRUPT || status == MYC_TOO_BIG);
    FUZZ_CHECK(status == MYC_OK || diagnostic.status == status);
    FUZZ_CHECK((status == MYC_OK) == (contract != NULL));
    if (status == MYC_OK) {
        check_contract(contract, text, size);
    }
    free(memory);
    free(text);
    return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract file is compiled in, so that a target needs no file when it runs.
#include "descriptors.h"

#include "fuzz.h"
#include "tool/contract/contract.h"

static const unsigned char text[] = {
#include "everything.inc"
};

const struct myc_contract *descriptors_of_everything(void)
{
    static struct contract_file file;
    if (file.arena == NULL) {
        FUZZ_CHECK(contract_read("everything.yaml", (const char *)text, sizeof text, &file));
    }
    return &file.contract;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The contract with every feature of the language, as descriptors.
 */
#ifndef MYC_FUZZ_DESCRIPTORS_H
#define MYC_FUZZ_DESCRIPTORS_H

#include <mycelium/schema.h>

/** Reads it once; the process keeps it. */
const struct myc_contract *descriptors_of_everything(void);

#endif

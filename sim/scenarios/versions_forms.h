// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The canonical forms of the contracts in versions_contracts.h and their digests; bus.agree checks
 * that they are.
 */
#ifndef MYC_SIM_SCENARIOS_VERSIONS_FORMS_H
#define MYC_SIM_SCENARIOS_VERSIONS_FORMS_H

// clang-format off
#define VERSIONS_META \
    "message Meta 1 1 quotes 8\n" \
    "extent 1 8\n" \
    "field key 1 0 u64\n"
#define VERSIONS_QUOTE_2 \
    "message Quote 2 2 quotes 24\n" \
    "prior 1\n" \
    "extent 1 16\n" \
    "extent 2 24\n" \
    "field key 1 0 u64\n" \
    "field price 1 8 u64\n" \
    "max 0x3e8\n" \
    "field size 2 16 u64\n" \
    "default 2a00000000000000\n" \
    "message Extra 3 2 quotes 8\n" \
    "extent 1 8\n" \
    "field key 1 0 u64\n"

#define VERSIONS_FORM_V1 \
    "mycelium contract 2\n" \
    "contract quotes 91 1 1\n" \
    VERSIONS_META \
    "message Quote 2 1 quotes 16\n" \
    "prior 1\n" \
    "extent 1 16\n" \
    "field key 1 0 u64\n" \
    "field price 1 8 u64\n" \
    "max 0x3e8\n"
#define VERSIONS_DIGEST_V1 \
    { \
        0xb2, 0xa9, 0x1d, 0x6d, 0xa8, 0x92, 0xb3, 0x9c, \
        0xea, 0x20, 0x0e, 0x57, 0xc5, 0xc8, 0x81, 0xa1, \
        0xe2, 0x91, 0xff, 0xa5, 0x6d, 0x00, 0x53, 0x0a, \
        0x73, 0xd7, 0xda, 0xfe, 0x3e, 0xca, 0x75, 0xe2 \
    }

#define VERSIONS_FORM_V2 \
    "mycelium contract 2\n" \
    "contract quotes 91 2 1\n" \
    VERSIONS_META \
    VERSIONS_QUOTE_2
#define VERSIONS_DIGEST_V2 \
    { \
        0x3d, 0x5b, 0x47, 0x41, 0x51, 0xd7, 0xaa, 0x23, \
        0x3c, 0x59, 0x7a, 0xd1, 0x4d, 0xb2, 0x86, 0x16, \
        0x7e, 0xf6, 0xc5, 0x9f, 0xcf, 0xc0, 0xb7, 0xbc, \
        0x83, 0x38, 0x78, 0x71, 0x77, 0x6e, 0xdc, 0x49 \
    }

#define VERSIONS_FORM_WRONG \
    "mycelium contract 2\n" \
    "contract quotes 91 3 1\n" \
    VERSIONS_META \
    "message Quote 2 3 quotes 16\n" \
    "prior 1\n" \
    "extent 1 16\n" \
    "field key 1 0 u64\n" \
    "field price 1 8 f64\n"
#define VERSIONS_DIGEST_WRONG \
    { \
        0x06, 0x22, 0xa7, 0xd3, 0x7d, 0x03, 0x6c, 0x57, \
        0x71, 0x61, 0xbb, 0x01, 0x87, 0xda, 0xab, 0x77, \
        0x0e, 0x4c, 0x33, 0xf4, 0xba, 0x22, 0x63, 0x45, \
        0x68, 0x1a, 0x46, 0x2b, 0xa3, 0xd5, 0x49, 0x00 \
    }

#define VERSIONS_FORM_ALONE \
    "mycelium contract 2\n" \
    "contract quotes 91 4 3\n" \
    VERSIONS_META \
    VERSIONS_QUOTE_2
#define VERSIONS_DIGEST_ALONE \
    { \
        0x62, 0x0c, 0x2a, 0xb9, 0x21, 0xd1, 0x05, 0x7b, \
        0x40, 0x97, 0xbc, 0x24, 0xa0, 0x17, 0x98, 0x6b, \
        0x83, 0x68, 0x20, 0xa4, 0x50, 0x55, 0x69, 0x0c, \
        0xea, 0x84, 0x6d, 0x4d, 0xbb, 0x5f, 0xe2, 0xbe \
    }

// clang-format on

#endif

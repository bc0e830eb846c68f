// SPDX-License-Identifier: MIT OR Apache-2.0
#ifndef MYC_CONTRACT_H
#define MYC_CONTRACT_H
#endif

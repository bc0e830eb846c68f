// SPDX-License-Identifier: MIT OR Apache-2.0
#ifndef MYC_TEXT_H
#define MYC_TEXT_H
#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
#ifndef MYC_CLOCK_H
#define MYC_CLOCK_H
#endif

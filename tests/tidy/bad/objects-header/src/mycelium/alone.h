// SPDX-License-Identifier: MIT OR Apache-2.0
// Needs stdint.h without including it, and a C++ keyword is a name.
uint32_t alone(int class);

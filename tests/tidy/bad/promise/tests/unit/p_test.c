// SPDX-License-Identifier: MIT OR Apache-2.0
// [KEPT-1] is tested here.

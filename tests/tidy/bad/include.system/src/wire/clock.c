// SPDX-License-Identifier: MIT OR Apache-2.0
#include <string.h>
#include <time.h>
// #include <stdio.h> in a comment is prose

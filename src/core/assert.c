// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What a broken invariant does by default: trap, so that a core or a debugger shows the place.
#include "core/assert.h"

__attribute__((weak)) _Noreturn void
myc__assert_failed(const char *file, int line, const char *expression)
{
    (void)file;
    (void)line;
    (void)expression;
    __builtin_trap();
}

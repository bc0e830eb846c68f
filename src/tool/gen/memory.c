// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Memory of the generator: it runs for a moment, so running out of memory just ends it.
#include <stdio.h>
#include <stdlib.h>

#include "tool/gen/gen.h"

void gen_exhausted(void)
{
    fprintf(stderr, "myc: error: memory is exhausted\n");
    exit(1);
}

void *gen_allocate(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL) {
        gen_exhausted();
    }
    return memory;
}

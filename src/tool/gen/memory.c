// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Memory of the generator: it runs for a moment, so running out of memory just ends it.
#include <stdio.h>
#include <stdlib.h>

#include "tool/gen/gen.h"

void *gen_allocate(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL) {
        fprintf(stderr, "myc: error: memory is exhausted\n");
        exit(1);
    }
    return memory;
}

void gen_contract_deinit(struct gen_contract *contract)
{
    for (size_t i = 0; i < contract->model.message_count; i++) {
        if (contract->notes != NULL && contract->notes[i].fields != NULL) {
            for (size_t j = 0; j < contract->model.messages[i].field_count; j++) {
                free(contract->notes[i].fields[j]);
            }
            free(contract->notes[i].fields);
        }
        if (contract->notes != NULL) {
            free(contract->notes[i].message);
        }
        free(contract->model.messages[i].fields);
    }
    free(contract->model.messages);
    free(contract->notes);
    free(contract->description);
    *contract = (struct gen_contract){0};
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/* What the models of memory are called. Part of the implementation unit. */
#ifndef MYC_SIM_MEMORY_NAMES_H
#define MYC_SIM_MEMORY_NAMES_H

#include <mycelium/sim.h>

#include <string.h>

/* By enum myc_sim_memory: the option that asks for it, of which the default one needs none. */
static const char *const sim__memory_options[] = {
    "", " --memory strong", " --memory tso", " --memory portable"};

enum { SIM__MEMORY_COUNT = sizeof(sim__memory_options) / sizeof(sim__memory_options[0]) };

static inline const char *sim__memory_option(enum myc_sim_memory memory)
{
    return sim__memory_options[memory];
}

static inline const char *sim__memory_name(enum myc_sim_memory memory)
{
    return memory == MYC_SIM_MEMORY_WEAK ? "weak" : strrchr(sim__memory_options[memory], ' ') + 1;
}

/* Reads a name; false when it is none. */
static inline bool sim__memory_read(const char *name, enum myc_sim_memory *out_memory)
{
    for (int i = 0; i < SIM__MEMORY_COUNT; i++) {
        if (strcmp(name, sim__memory_name((enum myc_sim_memory)i)) == 0) {
            *out_memory = (enum myc_sim_memory)i;
            return true;
        }
    }
    return false;
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/entropy.h.
#include <mycelium/interface/entropy.h>

#include <string.h>

#include "contract/suites.h"

enum { DRAW_BYTES = 300 }; /* more than one system call hands out without asking again */

// Every byte is drawn: one that stays zero through 16 fills is one that nobody wrote.
static void case_fill_reaches_every_byte(struct contract_env *env)
{
    uint8_t seen[DRAW_BYTES] = {0};
    for (int round = 0; round < 16; round++) {
        uint8_t bytes[DRAW_BYTES] = {0};
        CONTRACT_CHECK(
            env, myc_entropy_fill(env->platform->entropy, bytes, sizeof(bytes)) == MYC_OK);
        for (size_t i = 0; i < sizeof(bytes); i++) {
            seen[i] = (uint8_t)(seen[i] | bytes[i]);
        }
    }
    CONTRACT_CHECK(env, memchr(seen, 0, sizeof(seen)) == NULL);
}

// Two fills differ, so an epoch drawn after a restart is another epoch.
static void case_fills_differ(struct contract_env *env)
{
    uint8_t first[32];
    uint8_t second[32];
    CONTRACT_CHECK(env, myc_entropy_fill(env->platform->entropy, first, sizeof(first)) == MYC_OK);
    CONTRACT_CHECK(env, myc_entropy_fill(env->platform->entropy, second, sizeof(second)) == MYC_OK);
    CONTRACT_CHECK(env, memcmp(first, second, sizeof(first)) != 0);
}

// A fill writes the bytes it was given and not one more; an empty one writes nothing.
static void case_fill_stays_inside(struct contract_env *env)
{
    static const uint8_t guard[8] = {0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5, 0xa5};
    uint8_t bytes[24];
    memset(bytes, 0xa5, sizeof(bytes));
    CONTRACT_CHECK(env, myc_entropy_fill(env->platform->entropy, bytes + 8, 8) == MYC_OK);
    CONTRACT_CHECK(env, myc_entropy_fill(env->platform->entropy, bytes, 0) == MYC_OK);
    CONTRACT_CHECK(env, memcmp(bytes, guard, sizeof(guard)) == 0);
    CONTRACT_CHECK(env, memcmp(bytes + 16, guard, sizeof(guard)) == 0);
}

static const struct contract_case cases[] = {
    {"fill_reaches_every_byte", case_fill_reaches_every_byte},
    {"fills_differ", case_fills_differ},
    {"fill_stays_inside", case_fill_stays_inside},
};

CONTRACT_SUITE(contract_entropy, "entropy", cases);

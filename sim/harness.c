// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The simulator's implementation, compiled once for the many programs of this tree.
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

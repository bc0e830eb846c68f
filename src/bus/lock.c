// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The bus lock: 0 free, 1 held, 2 held with sleepers (Drepper, "Futexes Are Tricky", mutex 2).
#include "bus/internal.h"

#include <mycelium/interface/wait.h>

enum { LOCK_FREE, LOCK_HELD, LOCK_CONTENDED };

void myc__bus_lock(struct myc_bus *bus)
{
    if (!myc_compare_exchange_u32(&bus->lock, LOCK_FREE, LOCK_HELD)) {
        while (myc_exchange_u32(&bus->lock, LOCK_CONTENDED) != LOCK_FREE) {
            (void)myc_wait_wait(
                bus->platform->wait, &bus->lock, LOCK_CONTENDED, MYC_NEVER, MYC_WAIT_PROCESS);
        }
    }
    // In simcheck a holder that does not come after the last one is a race here.
    myc_shared_write(&bus->guarded, sizeof(bus->guarded));
}

void myc__bus_unlock(struct myc_bus *bus)
{
    if (myc_exchange_u32(&bus->lock, LOCK_FREE) == LOCK_CONTENDED) {
        (void)myc_wait_wake(bus->platform->wait, &bus->lock, 1, MYC_WAIT_PROCESS);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Waiters: one poller and one doorbell per waiting thread.
#include <mycelium/bus.h>

#include <string.h>

#include <mycelium/interface/poller.h>

enum myc_status myc_waiter_open(struct myc_waiter *waiter, struct myc_platform *platform)
{
    struct myc_waiter opened = {.platform = platform};
    enum myc_status status = myc_poller_open(platform->poller, &opened.poller);
    if (status == MYC_OK) {
        status = myc_doorbell_open(platform->poller, &opened.doorbell);
    }
    if (status == MYC_OK) {
        status = myc_poller_add(platform->poller, opened.poller, opened.doorbell, MYC_READABLE, 0);
    }
    if (status != MYC_OK) {
        myc_waiter_close(&opened);
        return status;
    }
    *waiter = opened;
    return MYC_OK;
}

void myc_waiter_close(struct myc_waiter *waiter)
{
    if (waiter->platform != NULL) {
        myc_poller_close(waiter->platform->poller, waiter->poller);
        myc_doorbell_close(waiter->platform->poller, waiter->doorbell);
        memset(waiter, 0, sizeof(*waiter));
    }
}

void myc_waiter_ring(struct myc_waiter *waiter)
{
    myc_doorbell_ring(waiter->platform->poller, waiter->doorbell);
}

void myc_waiter_clear(struct myc_waiter *waiter)
{
    myc_doorbell_clear(waiter->platform->poller, waiter->doorbell);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The clocks of a host: monotonic time, which starts at each boot, and wall time. Part of the
 * implementation unit.
 */
#ifndef MYC_SIM_CLOCK_H
#define MYC_SIM_CLOCK_H

#include <mycelium/sim/internal.h>

uint64_t sim__host_monotonic(struct myc_sim *world, const struct sim__host *host)
{
    uint64_t passed = sim__now(world) - host->monotonic_origin_ns;
    int64_t drift = (int64_t)passed * host->drift_ppm / 1000000;
    return host->monotonic_base_ns + passed + (uint64_t)drift;
}

uint64_t sim__host_deadline(const struct sim__host *host, uint64_t deadline_ns)
{
    if (deadline_ns == 0 || deadline_ns == MYC_NEVER) {
        return deadline_ns;
    }
    if (deadline_ns <= host->monotonic_base_ns) {
        return 1;
    }
    uint64_t passed = deadline_ns - host->monotonic_base_ns;
    if (host->drift_ppm != 0) {
        // Rounded up, so that the deadline has passed on the host's clock as well.
        uint64_t unit = (uint64_t)(1000000 + host->drift_ppm);
        passed = passed / unit * 1000000 + passed % unit * 1000000 / unit + 2;
    }
    return host->monotonic_origin_ns + passed;
}

/* Another number each boot. */
static void sim__host_draw_boot_id(struct sim__host *host)
{
    for (size_t i = 0; i < sizeof(host->boot_id); i++) {
        uint64_t boot = (uint64_t)host->power_losses * 65536 + host->id;
        host->boot_id[i] = (uint8_t)(sim__mix(boot * 16 + i) >> 8);
    }
}

/* By a fault, wall time jumps: up to an hour either way. */
static void sim__clock_maybe_step(struct myc_sim *world, struct sim__host *host)
{
    if (sim__fault(world, MYC_SIM_FAULT_CLOCK_STEP)) {
        int64_t step = (int64_t)sim__range(world, "clock.step", 0, UINT64_C(7200000000000));
        host->wall_offset_ns += step - INT64_C(3600000000000);
        sim__fault_effect(world, MYC_SIM_FAULT_CLOCK_STEP);
    }
}

/* The host booted a moment ago. */
static void sim__clock_boot(struct myc_sim *world, struct sim__host *host)
{
    host->monotonic_origin_ns = sim__now(world);
    host->monotonic_base_ns = UINT64_C(5000000000);
    sim__host_draw_boot_id(host);
}

#endif

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The clocks of a host: monotonic time, which starts at each boot, and wall time. Part of the
 * implementation unit.
 */
#ifndef MYC_SIM_CLOCK_H
#define MYC_SIM_CLOCK_H

#include <mycelium/sim/internal.h>

/* How long a leap second is spread. */
static const uint64_t sim__slew_duration_ns = UINT64_C(1000000000000);

/* What its clocks can tell apart; drawn when somebody first reads one. */
static uint64_t sim__host_tick(const struct sim__host *host)
{
    return host->resolution_ns > 0 ? host->resolution_ns : 1;
}

/* The monotonic clock before it is rounded to what the host can tell. */
static uint64_t sim__host_monotonic_exact(struct myc_sim *world, const struct sim__host *host)
{
    if (host->suspend_count > 0) {
        return host->monotonic_base_ns;
    }
    uint64_t passed = sim__now(world) - host->monotonic_origin_ns;
    int64_t drift = (int64_t)passed * host->drift_ppm / 1000000;
    return host->monotonic_base_ns + passed + (uint64_t)drift;
}

uint64_t sim__host_monotonic(struct myc_sim *world, const struct sim__host *host)
{
    uint64_t exact = sim__host_monotonic_exact(world, host);
    return exact - exact % sim__host_tick(host);
}

/* What the slewing of the wall clock amounts to by now. */
static int64_t sim__host_slew(struct myc_sim *world, const struct sim__host *host)
{
    uint64_t passed = sim__now(world) - host->slew_begin_ns;
    passed = passed < sim__slew_duration_ns ? passed : sim__slew_duration_ns;
    return host->slew_ns / 1000 * (int64_t)(passed / 1000)
           / (int64_t)(sim__slew_duration_ns / 1000000);
}

static uint64_t sim__host_wall(struct myc_sim *world, const struct sim__host *host)
{
    int64_t offset = host->wall_offset_ns + sim__host_slew(world, host);
    uint64_t exact = (uint64_t)((int64_t)sim__now(world) + offset);
    return exact - exact % sim__host_tick(host);
}

/* Somebody reads a clock. By a fault, a host's clocks tell time in ticks of 1 or 15.625 ms. */
static void sim__clock_read(struct myc_sim *world, struct sim__host *host)
{
    if (host->resolution_ns == 0) {
        host->resolution_ns = 1;
        if (sim__fault(world, MYC_SIM_FAULT_COARSE_CLOCK)) {
            bool is_coarser = sim__choose(world, "clock.resolution", 2) == 1;
            host->resolution_ns = is_coarser ? 15625000 : 1000000;
        }
    }
    // Counts once that the ticks made a difference.
    if (!host->is_coarse_seen
        && sim__host_monotonic_exact(world, host) % host->resolution_ns != 0) {
        host->is_coarse_seen = true;
        sim__fault_effect(world, MYC_SIM_FAULT_COARSE_CLOCK);
    }
}

uint64_t sim__host_deadline(const struct sim__host *host, uint64_t deadline_ns)
{
    if (deadline_ns == 0 || deadline_ns == MYC_NEVER) {
        return deadline_ns;
    }
    // The tick at which the host can tell that the deadline has passed.
    uint64_t tick = sim__host_tick(host);
    deadline_ns += deadline_ns % tick != 0 ? tick - deadline_ns % tick : 0;
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

/* By a fault, wall time jumps, up to an hour either way, or a leap second begins to be spread. */
static void sim__clock_maybe_step(struct myc_sim *world, struct sim__host *host)
{
    if (sim__fault(world, MYC_SIM_FAULT_CLOCK_STEP)) {
        sim__fault_effect(world, MYC_SIM_FAULT_CLOCK_STEP);
        if (sim__choose(world, "clock.kind", 4) == 3) {
            host->wall_offset_ns += sim__host_slew(world, host);
            host->slew_begin_ns = sim__now(world);
            host->slew_ns = INT64_C(-1000000000);
            return;
        }
        int64_t step = (int64_t)sim__range(world, "clock.step", 0, UINT64_C(7200000000000));
        host->wall_offset_ns += step - INT64_C(3600000000000);
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

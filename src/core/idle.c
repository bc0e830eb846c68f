// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Spinning, yielding, sleeping, and when to stop doing so.
 */
#include <mycelium/idle.h>

#include <stdbool.h>
#include <string.h>

enum {
    ROUNDS_A_LOOK = 32, /* at the clock: so many fruitless rounds take about a microsecond */
    SPIN_ROUND_MAX = 31,
    YIELD_ROUND = 1 << 20, /* far behind the platform's last busy round */
    BACK_OFF_FIRST_NS = 1000
};

enum myc_status myc_idle_init(
    struct myc_idle *idle, struct myc_platform *platform, const struct myc_idle_options *options)
{
    if ((unsigned)options->kind > MYC_IDLE_SLEEP) {
        return MYC_INVALID;
    }
    memset(idle, 0, sizeof *idle);
    idle->clock = platform->clock;
    idle->thread = platform->thread;
    idle->wait = platform->wait;
    idle->kind = options->kind;
    idle->spin_ns = options->spin_ns != 0 ? options->spin_ns : MYC_IDLE_SPIN_NS_DEFAULT;
    idle->sleep_ns = options->sleep_ns != 0 ? options->sleep_ns : MYC_IDLE_SLEEP_NS_DEFAULT;
    myc_idle_begin(idle);
    return MYC_OK;
}

void myc_idle_begin(struct myc_idle *idle)
{
    idle->round = 0;
    idle->since_ns = 0;
    idle->next_ns = BACK_OFF_FIRST_NS;
}

// Nobody rings this bed: the deadline is what ends the sleep.
static void sleep_until(struct myc_idle *idle, uint64_t until_ns)
{
    (void)myc_wait_wait(idle->wait, &idle->bed, 0, until_ns, MYC_WAIT_PROCESS);
}

static uint64_t earlier(uint64_t one_ns, uint64_t other_ns)
{
    return one_ns < other_ns ? one_ns : other_ns;
}

// Beyond the time of spinning: the kinds that do not spin for ever.
static enum myc_idle_next rest(struct myc_idle *idle, uint64_t now_ns, uint64_t deadline_ns)
{
    if (idle->kind == MYC_IDLE_BLOCK) {
        return MYC_IDLE_PARK;
    }
    uint64_t length_ns = idle->kind == MYC_IDLE_SLEEP ? idle->sleep_ns : idle->next_ns;
    length_ns = earlier(length_ns, idle->sleep_ns);
    idle->next_ns = length_ns < idle->sleep_ns ? 2 * length_ns : length_ns;
    sleep_until(idle, earlier(deadline_ns, now_ns + length_ns));
    return MYC_IDLE_LOOK;
}

enum myc_idle_next myc_idle_step(struct myc_idle *idle, uint64_t deadline_ns)
{
    if (deadline_ns == 0) {
        return MYC_IDLE_TIMEOUT;
    }
    bool is_spinning = idle->kind == MYC_IDLE_SPIN || idle->kind == MYC_IDLE_YIELD
                       || (idle->kind != MYC_IDLE_SLEEP && idle->spin_ns > 1);
    uint32_t round = idle->round++;
    if (!is_spinning || round % ROUNDS_A_LOOK == 0) {
        uint64_t now_ns = myc_clock_monotonic_ns(idle->clock);
        idle->since_ns = round == 0 ? now_ns : idle->since_ns;
        if (now_ns >= deadline_ns) {
            return MYC_IDLE_TIMEOUT;
        }
        bool has_limit = idle->kind == MYC_IDLE_BLOCK || idle->kind == MYC_IDLE_BACK_OFF;
        if (!is_spinning || (has_limit && now_ns - idle->since_ns >= idle->spin_ns)) {
            idle->round = round; // The next step comes here, too.
            return rest(idle, now_ns, deadline_ns);
        }
    }
    if (idle->kind == MYC_IDLE_YIELD) {
        myc_thread_relax(idle->thread, YIELD_ROUND);
    } else {
        myc_thread_relax(idle->thread, round < SPIN_ROUND_MAX ? round : SPIN_ROUND_MAX);
    }
    return MYC_IDLE_LOOK;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * A scheduler and two or three workers, over rings of their own or one that all of them read.
 *
 * "workers": one process, a thread each; everybody sleeps on words, so that a scheduler or a worker
 * that nobody rings is a deadlock.
 * "workers-kills": the workers are processes that die anywhere, and whose places are offered again.
 * "workers-scheduler": the scheduler dies as well; the workers do what was sent, and end.
 *
 * Oracles: a job reaches its worker once, whole and in order, and only if it was sent; each is told
 * as answered or as lost, once, never as lost when it was answered; accounts add up after every
 * poll; a return waits for at most (workers - 1) * budget returns of others; who lives is handed
 * every job it was sent.
 */
#define MYC_SIM_IMPLEMENTATION
#include <mycelium/sim.h>

#include <mycelium/interface/thread.h>

#include "workers_shop.h"

static bool has_scheduler_ended(void *context)
{
    const struct shop *shop = context;
    return !myc_sim_is_running(shop->sim, shop->scheduler);
}

// ---- Scenario "workers" ----

static void run_bench(void *context)
{
    struct bench *bench = context;
    bench_work(bench, bench->shop->platform);
}

static int together_main(struct myc_platform *platform, void *arg)
{
    struct shop *shop = arg;
    struct myc_handle threads[SHOP_WORKERS] = {{0}};
    shop->platform = platform;
    for (uint32_t i = 0; i < shop->options.count; i++) {
        if (myc_thread_start(platform->thread, run_bench, &shop->benches[i], NULL, &threads[i])
            != MYC_OK) {
            return 1;
        }
    }
    shop_schedule(shop, platform);
    for (uint32_t i = 0; i < shop->options.count; i++) {
        myc_thread_join(platform->thread, threads[i]);
    }
    return 0;
}

static void run_together(struct myc_sim *sim)
{
    struct shop *shop = shop_create(sim, true);
    shop->scheduler = myc_sim_start(sim, "host", "all", together_main, shop);
    (void)myc_sim_run_until(sim, has_scheduler_ended, shop, MYC_NEVER);
    myc_sim_check(sim, myc_sim_exit_code(sim, shop->scheduler) == 0, "the process ends in order");
    shop_destroy(shop);
}

// ---- Scenarios with deaths ----

static int scheduler_main(struct myc_platform *platform, void *arg)
{
    shop_schedule(arg, platform);
    return 0;
}

static int worker_main(struct myc_platform *platform, void *arg)
{
    bench_work(arg, platform);
    return 0;
}

static void start_worker(struct bench *bench)
{
    static const char *const names[SHOP_WORKERS] = {"worker0", "worker1", "worker2"};
    struct myc_sim *sim = bench->shop->sim;
    bench->is_offered.value = 0;
    bench->has_process = true;
    bench->process = myc_sim_start(sim, "host", names[bench->index], worker_main, bench);
    myc_sim_allow_kill(sim, bench->process, SHOP_KILLS_MAX);
}

static bool is_running(const struct bench *bench)
{
    return bench->has_process && myc_sim_is_running(bench->shop->sim, bench->process);
}

static bool is_news(const struct bench *bench)
{
    if (is_running(bench)) {
        return false;
    }
    return bench->is_offered.value != 0 || bench->has_process;
}

static bool has_news(void *context)
{
    struct shop *shop = context;
    bool is_any = has_scheduler_ended(shop);
    for (uint32_t i = 0; i < shop->options.count; i++) {
        is_any |= is_news(&shop->benches[i]);
    }
    return is_any;
}

// Tells the scheduler of a death, and starts whom it offers the place.
static void tend(struct bench *bench)
{
    struct myc_sim *sim = bench->shop->sim;
    if (bench->has_process) {
        bool was_killed = myc_sim_was_killed(sim, bench->process);
        myc_sim_check(sim, was_killed || bench->shop->is_closing, "nobody leaves before the end");
        myc_sim_count(sim, "workers killed", was_killed);
        bench->has_process = false;
        bench->is_dead.value = was_killed;
    } else {
        start_worker(bench);
    }
}

static bool are_workers_gone(void *context)
{
    const struct shop *shop = context;
    for (uint32_t i = 0; i < shop->options.count; i++) {
        if (is_running(&shop->benches[i])) {
            return false;
        }
    }
    return true;
}

static void run_processes(struct myc_sim *sim, bool may_scheduler_die)
{
    struct shop *shop = shop_create(sim, false);
    shop->scheduler = myc_sim_start(sim, "host", "scheduler", scheduler_main, shop);
    if (may_scheduler_die) {
        myc_sim_allow_kill(sim, shop->scheduler, 1);
    }
    while (!has_scheduler_ended(shop)) {
        if (!myc_sim_run_until(sim, has_news, shop, SHOP_DEADLINE_NS)) {
            myc_sim_fail(sim, "the scheduler does not come to the end");
        }
        for (uint32_t i = 0; i < shop->options.count && !has_scheduler_ended(shop); i++) {
            if (is_news(&shop->benches[i])) {
                tend(&shop->benches[i]);
            }
        }
    }
    bool was_killed = myc_sim_was_killed(sim, shop->scheduler);
    myc_sim_count(sim, "schedulers killed", was_killed);
    myc_sim_check(
        sim,
        was_killed || myc_sim_exit_code(sim, shop->scheduler) == 0,
        "the scheduler ends in order");
    shop->is_scheduler_dead.value = 1;
    myc_sim_check(
        sim,
        myc_sim_run_until(sim, are_workers_gone, shop, 2 * (uint64_t)SHOP_DEADLINE_NS),
        "workers end when their scheduler has ended");
    shop_destroy(shop);
}

static void run_kills(struct myc_sim *sim)
{
    run_processes(sim, false);
}

static void run_scheduler(struct myc_sim *sim)
{
    run_processes(sim, true);
}

int main(int argc, char **argv)
{
    static const struct myc_sim_scenario scenarios[] = {
        {"workers", "a scheduler and its workers, all asleep at times", run_together},
        {"workers-kills", "workers die and others take their places", run_kills},
        {"workers-scheduler", "the scheduler may die, too", run_scheduler},
    };
    return myc_sim_main(argc, argv, scenarios, sizeof scenarios / sizeof scenarios[0]);
}

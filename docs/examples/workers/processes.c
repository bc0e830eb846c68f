// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The same between processes: each part is a named place that its writer owns and the other side
 * maps read-only. One worker is killed in the middle of its work; the scheduler is told exactly
 * which jobs it left, starts another in its place, and sends them again.
 *
 *     workers-processes                        the scheduler; starts its workers itself
 *     workers-processes work PREFIX INDEX [N]  a worker; dies after N jobs
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mycelium/interface/platform.h>
#include <mycelium/interface/process.h>
#include <mycelium/interface/thread.h>
#include <mycelium/place.h>
#include <mycelium/posix.h>

#include "sums.h"

enum { CONTENT_SCHEDULER = MYC_PLACE_CONTENT_USER_MIN, CONTENT_WORKER, DIES_AFTER = 100 };

static struct myc_platform *platform;

static int complain(const char *what, const struct myc_diagnostic *why)
{
    fprintf(stderr, "%s: %s\n", what, why->text);
    return 1;
}

// Makes the named place of a part, empty, whatever lay there before.
static enum myc_status make_part(
    struct myc_place *place,
    const char *prefix,
    uint32_t index,
    uint64_t bytes,
    struct myc_diagnostic *why)
{
    char name[MYC_SEGMENT_NAME_BYTES];
    enum myc_status status = myc_workers_part_name(name, prefix, index, why);
    const struct myc_place_options options = {
        .kind = MYC_PLACE_NAMED,
        .name = name,
        .bytes = (size_t)bytes,
        .existing = MYC_PLACE_RECREATE,
        .content = index == MYC_WORKERS_NONE ? CONTENT_SCHEDULER : CONTENT_WORKER};
    if (status == MYC_OK) {
        status = myc_place_create(place, platform, &options, why);
    }
    if (status == MYC_OK) {
        myc_place_publish(place); // zeros: the words in it say themselves when they are ready
    }
    return status;
}

// Attaches to a part of the other side, read-only. Errors: as myc_place_attach().
static enum myc_status
attach_part(struct myc_place *place, const char *prefix, uint32_t index, struct myc_diagnostic *why)
{
    char name[MYC_SEGMENT_NAME_BYTES];
    enum myc_status status = myc_workers_part_name(name, prefix, index, why);
    if (status == MYC_OK) {
        status = myc_place_attach(
            place,
            platform,
            MYC_PLACE_NAMED,
            name,
            index == MYC_WORKERS_NONE ? CONTENT_SCHEDULER : CONTENT_WORKER,
            why);
    }
    return status;
}

// ---- A worker ----

struct hand {
    struct myc_worker worker;
    struct myc_place scheduler; // its part, as it is mapped here
    struct myc_place part;      // our own
    uint32_t index;
};

static enum myc_status open_parts(struct hand *hand, const char *prefix, struct myc_diagnostic *why)
{
    struct myc_workers_layout layout;
    enum myc_status status = attach_part(&hand->scheduler, prefix, MYC_WORKERS_NONE, why);
    if (status == MYC_OK) {
        status = myc_workers_layout(shop_options(), &layout, why);
    }
    if (status == MYC_OK) {
        status = make_part(&hand->part, prefix, hand->index, layout.worker_bytes, why);
    }
    return status;
}

// Takes the place when it is offered: who had it before is perhaps not known to be dead yet.
static enum myc_status take_place(struct hand *hand, struct myc_diagnostic *why)
{
    struct myc_span scheduler = myc_place_block(&hand->scheduler);
    struct myc_span part = myc_place_block(&hand->part);
    for (uint32_t round = 0;; round++) {
        enum myc_status status = myc_worker_init(
            &hand->worker, scheduler.data, scheduler.size, part.data, part.size, hand->index, why);
        if (status != MYC_AGAIN && status != MYC_IN_USE) {
            return status;
        }
        if (myc_place_state(&hand->scheduler) != MYC_OK) {
            return status;
        }
        myc_thread_relax(platform->thread, round);
    }
}

// Takes a job and answers it. Returns: whether there was one.
static bool do_one(struct hand *hand, uint64_t *left)
{
    uint64_t sum;
    if (myc_worker_poll(&hand->worker, on_job, &sum, 1) == 0) {
        return false;
    }
    if ((*left)-- == 0) {
        (void)raise(SIGKILL); // with a job in its hands
    }
    for (uint32_t round = 0;
         myc_worker_send(&hand->worker, true, TYPE_SUM, 1, &sum, sizeof sum) == MYC_FULL;
         round++) {
        myc_thread_relax(platform->thread, round); // until the scheduler has read
    }
    return true;
}

static int work(const char *prefix, uint32_t index, uint64_t dies_after)
{
    static struct hand hand;
    struct myc_diagnostic why = {0};
    bool was_in = false;
    hand.index = index;
    if (open_parts(&hand, prefix, &why) != MYC_OK) {
        return complain("worker", &why);
    }
    bool is_offered = take_place(&hand, &why) == MYC_OK;
    for (uint32_t idle = 0; is_offered; idle++) {
        enum myc_status status = myc_worker_status(&hand.worker);
        was_in |= status == MYC_OK;
        if (status == MYC_FENCED && !was_in) {
            status = take_place(&hand, &why); // that offer was for another one's part
        }
        if ((status != MYC_OK && status != MYC_AGAIN)
            || (idle % 1000 == 999 && myc_place_state(&hand.scheduler) != MYC_OK)) {
            break; // the last job is done, or the scheduler is no more
        }
        if (do_one(&hand, &dies_after)) {
            idle = 0;
        } else {
            myc_thread_relax(platform->thread, idle);
        }
    }
    if (is_offered) {
        myc_worker_close(&hand.worker);
    }
    // The names go; what the scheduler has mapped stays there until it has read it.
    myc_place_close(&hand.part);
    myc_place_close(&hand.scheduler);
    return 0;
}

// ---- The scheduler ----

struct crew {
    struct myc_workers workers;
    struct myc_workers_seat seats[WORKERS];
    struct myc_workers_layout layout;
    struct ledger ledger;
    struct myc_place part;
    struct myc_place parts[WORKERS]; // of the workers, as they are mapped here
    struct myc_process_identity processes[WORKERS];
    bool is_running[WORKERS];
    bool is_awaited[WORKERS];            // started, and its part is not mapped yet
    uint64_t jobs_of[WORKERS][JOBS * 2]; // which range each of its jobs was
    uint64_t again[JOBS];                // ranges to be sent again
    uint64_t again_count;
    char prefix[32];
    const char *program;
};

static void on_answer(const struct myc_workers_return *message, void *context)
{
    struct crew *crew = context;
    on_returned(message, &crew->ledger);
}

static void on_ended(const struct myc_workers_end *end, void *context)
{
    struct crew *crew = context;
    crew->ledger.lost += end->lost;
    for (uint64_t i = 0; i < end->lost; i++) {
        crew->again[crew->again_count++] = crew->jobs_of[end->worker][end->first_job + i];
    }
    if (end->cause != MYC_CLOSED) {
        printf("worker %u died and left %" PRIu64 " jobs\n", end->worker, end->lost);
    }
}

static enum myc_status start(struct crew *crew, uint32_t index, bool is_to_die)
{
    char number[4];
    char dies_after[8];
    snprintf(number, sizeof number, "%u", index);
    snprintf(dies_after, sizeof dies_after, "%d", DIES_AFTER);
    const char *const argv[] = {
        crew->program, "work", crew->prefix, number, is_to_die ? dies_after : NULL, NULL};
    enum myc_status status = myc_process_spawn(platform->process, argv, &crew->processes[index]);
    crew->is_running[index] = status == MYC_OK;
    crew->is_awaited[index] = status == MYC_OK;
    return status;
}

// Offers a place to each worker whose part has appeared.
static void admit(struct crew *crew)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct myc_place *part = &crew->parts[i];
        if (!crew->is_awaited[i] || attach_part(part, crew->prefix, i, NULL) != MYC_OK) {
            continue;
        }
        // It may be that of the one who died, which its successor is about to replace.
        const void *memory = myc_place_block(part).data;
        if (myc_place_state(part) == MYC_OK
            && myc_workers_admit(&crew->workers, i, memory) == MYC_OK) {
            crew->is_awaited[i] = false;
        } else {
            myc_place_close(part);
        }
    }
}

// Takes out who died and starts another, unless it left in order.
static enum myc_status look_after(struct crew *crew)
{
    enum myc_status status = MYC_OK;
    for (uint32_t i = 0; i < WORKERS && status == MYC_OK; i++) {
        struct myc_exit end;
        if (!crew->is_running[i]
            || myc_process_reap(platform->process, &crew->processes[i], &end) != MYC_OK) {
            continue;
        }
        crew->is_running[i] = false;
        myc_workers_end(&crew->workers, i, end.signal != 0 ? MYC_PEER_DIED : MYC_CLOSED);
        if (end.signal != 0) {
            myc_place_close(&crew->parts[i]);
            status = start(crew, i, false);
        } else if (end.code != 0) {
            status = MYC_IO;
        }
    }
    return status;
}

// The worker of a range's own number; while that one is away, whoever has least to do.
static uint32_t choose(struct crew *crew, uint64_t number)
{
    uint32_t worker = myc_workers_of_key(&crew->workers, number);
    struct myc_workers_account account;
    bool is_in = myc_workers_account(&crew->workers, worker, &account) == MYC_OK && account.is_in;
    return is_in ? worker : myc_workers_least(&crew->workers);
}

// Sends the next range, new or left by the dead. Returns: whether it could.
static bool send_next(struct crew *crew, uint64_t *next)
{
    struct myc_workers *workers = &crew->workers;
    bool is_again = crew->again_count > 0;
    uint64_t number = is_again ? crew->again[crew->again_count - 1] : *next;
    uint32_t worker = choose(crew, number);
    struct range range = range_of(number);
    if ((!is_again && *next == JOBS)
        || myc_workers_send(workers, worker, TYPE_RANGE, 1, &range, sizeof range) != MYC_OK) {
        return false;
    }
    struct myc_workers_account account;
    if (myc_workers_account(workers, worker, &account) == MYC_OK) {
        crew->jobs_of[worker][account.dispatched] = number;
    }
    crew->again_count -= is_again;
    *next += !is_again;
    return true;
}

static uint32_t count_in(const struct crew *crew)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct myc_workers_account account;
        count += myc_workers_account(&crew->workers, i, &account) == MYC_OK && account.is_in;
    }
    return count;
}

static enum myc_status schedule(struct crew *crew)
{
    uint64_t next = 0;
    bool is_begun = false; // everybody was in
    bool is_closed = false;
    enum myc_status status = MYC_OK;
    for (uint32_t idle = 0; status == MYC_OK && !(is_closed && count_in(crew) == 0);) {
        admit(crew);
        is_begun |= count_in(crew) == WORKERS;
        bool is_busy = is_begun && send_next(crew, &next);
        is_busy |= myc_workers_poll(&crew->workers, SIZE_MAX) > 0;
        status = look_after(crew);
        if (!is_closed && crew->ledger.answered == JOBS) {
            is_closed = true;
            myc_workers_close(&crew->workers);
        }
        idle = is_busy ? 0 : idle + 1;
        myc_thread_relax(platform->thread, idle);
    }
    return status;
}

// Ends the scheduler's part, which a worker that was not let in any more is waiting for, and waits
// for all processes.
static void close_crew(struct crew *crew)
{
    myc_place_close(&crew->part);
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct myc_exit end;
        while (crew->is_running[i]
               && myc_process_reap(platform->process, &crew->processes[i], &end) == MYC_AGAIN) {
            myc_thread_relax(platform->thread, UINT32_MAX);
        }
        myc_place_close(&crew->parts[i]);
    }
}

static enum myc_status open_crew(struct crew *crew, struct myc_diagnostic *why)
{
    const struct myc_workers_handler handler = {
        .returned = on_answer, .ended = on_ended, .context = crew};
    enum myc_status status = myc_workers_layout(shop_options(), &crew->layout, why);
    if (status == MYC_OK) {
        status = make_part(
            &crew->part, crew->prefix, MYC_WORKERS_NONE, crew->layout.scheduler_bytes, why);
    }
    if (status == MYC_OK) {
        status = myc_workers_init(
            &crew->workers,
            crew->seats,
            myc_place_block(&crew->part).data,
            shop_options(),
            &handler,
            why);
    }
    for (uint32_t i = 0; i < WORKERS && status == MYC_OK; i++) {
        status = start(crew, i, i == 1);
    }
    return status;
}

static int run(const char *program)
{
    static struct crew crew;
    struct myc_diagnostic why = {0};
    crew.program = program;
    snprintf(crew.prefix, sizeof crew.prefix, "sums-%ld", (long)getpid());
    if (open_crew(&crew, &why) != MYC_OK || schedule(&crew) != MYC_OK) {
        return complain("scheduler", &why);
    }
    bool is_right = crew.ledger.answered == JOBS && crew.ledger.total == total_expected();
    printf(
        "processes: %d jobs answered, %d left and sent again, the sum is %s\n",
        (int)crew.ledger.answered,
        (int)crew.ledger.lost,
        is_right ? "right" : "WRONG");
    close_crew(&crew);
    return is_right ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct myc_diagnostic why = {0};
    int code = 2;
    if (myc_posix_create(&platform, &why) != MYC_OK) {
        return complain("platform", &why);
    }
    if (argc == 1) {
        code = run(argv[0]);
    } else if ((argc == 4 || argc == 5) && strcmp(argv[1], "work") == 0) {
        uint64_t dies_after = argc == 5 ? strtoull(argv[4], NULL, 10) : UINT64_MAX;
        code = work(argv[2], (uint32_t)strtoul(argv[3], NULL, 10), dies_after);
    } else {
        fprintf(stderr, "usage: %s [work PREFIX INDEX [N]]\n", argv[0]);
    }
    myc_posix_destroy(platform);
    return code;
}

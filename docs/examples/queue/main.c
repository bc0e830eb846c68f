// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * One thread takes readings, another works on them: a queue of one producer and one consumer, with
 * nothing else of the library around it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mycelium/queue.h>

enum { CAPACITY = 64, READINGS = 1000, NS_PER_SECOND = 1000000000, TAG_READING = 1 };

struct reading {
    uint64_t number;
    double value;
};

// ---- How this program sleeps ----

static enum myc_status futex_wait(
    struct myc_wait *wait,
    struct myc_atomic_u32 *word,
    uint32_t expected,
    uint64_t deadline_ns,
    enum myc_wait_scope scope)
{
    (void)wait;
    (void)scope;
    struct timespec deadline = {
        (time_t)(deadline_ns / NS_PER_SECOND), (long)(deadline_ns % NS_PER_SECOND)};
    long result = syscall(
        SYS_futex,
        &word->value,
        FUTEX_WAIT_BITSET_PRIVATE,
        expected,
        deadline_ns == MYC_NEVER ? NULL : &deadline,
        NULL,
        FUTEX_BITSET_MATCH_ANY);
    return result != 0 && errno == ETIMEDOUT ? MYC_TIMEOUT : MYC_OK;
}

static uint32_t futex_wake(
    struct myc_wait *wait, struct myc_atomic_u32 *word, uint32_t count, enum myc_wait_scope scope)
{
    (void)wait;
    (void)scope;
    int most = count < INT_MAX ? (int)count : INT_MAX;
    return (uint32_t)syscall(SYS_futex, &word->value, FUTEX_WAKE_PRIVATE, most, NULL, NULL, 0);
}

// ---- Producer and consumer ----

static void *take_readings(void *context)
{
    struct myc_spsc *queue = context;
    for (uint64_t i = 0; i < READINGS; i++) {
        struct reading reading = {i, (double)i};
        struct myc_queue_item item = {sizeof reading, TAG_READING, {0}};
        memcpy(item.payload, &reading, sizeof reading);
        if (myc_spsc_push(queue, &item, MYC_NEVER) != MYC_OK) { // sleeps while the queue is full
            break;
        }
    }
    myc_spsc_close(queue);
    return NULL;
}

int main(void)
{
    static struct myc_spsc queue;
    static alignas(64) unsigned char memory[CAPACITY * MYC_QUEUE_SLOT_BYTES];
    static const struct myc_wait_ops wait_ops = {
        .size = sizeof wait_ops, .wait = futex_wait, .wake = futex_wake};
    struct myc_wait wait = {&wait_ops};
    const struct myc_queue_options options = {
        .capacity = CAPACITY,
        .producers_may_sleep = true,
        .consumers_may_sleep = true,
        .wait = &wait};
    struct myc_diagnostic diagnostic;
    pthread_t thread;
    if (myc_spsc_init(&queue, memory, sizeof memory, &options, &diagnostic) != MYC_OK) {
        fprintf(stderr, "%s\n", diagnostic.text);
        return 1;
    }
    if (pthread_create(&thread, NULL, take_readings, &queue) != 0) {
        return 1;
    }
    struct myc_queue_item item;
    uint64_t count = 0;
    double sum = 0;
    bool is_ordered = true;
    while (myc_spsc_pop(&queue, &item, MYC_NEVER) == MYC_OK) { // sleeps while it is empty
        struct reading reading;
        memcpy(&reading, item.payload, sizeof reading);
        is_ordered = is_ordered && item.size == sizeof reading && reading.number == count;
        sum += reading.value;
        count++;
    }
    (void)pthread_join(thread, NULL);
    const char *order = is_ordered ? "in order" : "OUT OF ORDER";
    printf("%d readings %s, the mean is %.1f\n", (int)count, order, sum / (double)count);
    return is_ordered && count == READINGS ? 0 : 1;
}

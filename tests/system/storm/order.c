// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Every order in which a writer and its readers can start, each a process, with nobody, a reader or
 * the writer killed and started anew in the middle; over bare rings and over the bus.
 */
#define _GNU_SOURCE 1
#include "system/storm/order.h"

#include <stdio.h>

static const struct child_role roles[] = {
    {"writer", order_writer_role},
    {"reader", order_reader_role},
    {"publisher", order_publisher_role},
    {"subscriber", order_subscriber_role}};

enum { ROLES = sizeof roles / sizeof roles[0], RING_ORDERS = 24, BUS_ORDERS = 6 };

void order_permute(uint32_t index, uint32_t count, uint32_t *out_order)
{
    uint32_t left[8];
    for (uint32_t i = 0; i < count; i++) {
        left[i] = i;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t remaining = count - i;
        uint32_t chosen = index % remaining;
        index /= remaining;
        out_order[i] = left[chosen];
        for (uint32_t j = chosen; j + 1 < remaining; j++) {
            left[j] = left[j + 1];
        }
    }
}

int main(int argc, char **argv)
{
    uint64_t rounds = 1;
    struct order_sums rings = {.wraps = UINT64_MAX};
    struct order_sums buses = {.wraps = UINT64_MAX};
    uint32_t order[1 + ORDER_READERS];
    child_main(argc, argv, roles, ROLES);
    const struct storm_option options[] = {{"rounds", "through all orders and restarts", &rounds}};
    storm_options(
        argc,
        argv,
        "Starts writers and readers, each a process, in every order, and some of them anew.",
        options,
        sizeof options / sizeof options[0]);
    uint64_t start_ns = storm_now_ns();
    struct holdings before = holdings_now();
    for (uint64_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < RING_ORDERS * ORDER_RESTARTS; i++) {
            // Sanitizers see the same code, slower.
            if ((STORM_ASAN || STORM_TSAN) && i % 5 != round % 5) {
                continue;
            }
            order_permute(i / ORDER_RESTARTS, 1 + ORDER_READERS, order);
            order_ring(order, (enum order_restart)(i % ORDER_RESTARTS), i % ORDER_READERS, &rings);
        }
        for (uint32_t i = 0; i < BUS_ORDERS * ORDER_RESTARTS; i++) {
            order_permute(i / ORDER_RESTARTS, 1 + ORDER_SUBSCRIBERS, order);
            order_bus(
                order, (enum order_restart)(i % ORDER_RESTARTS), i % ORDER_SUBSCRIBERS, &buses);
        }
    }
    holdings_check(&before);
    (void)printf(
        "order: rings: %llu runs, %llu restarts, %llu messages, at least %llu wraps each; bus: "
        "%llu "
        "runs, %llu restarts, %llu messages, at least %llu wraps each; %.1f s\n",
        (unsigned long long)rings.runs,
        (unsigned long long)rings.restarts,
        (unsigned long long)rings.messages,
        (unsigned long long)rings.wraps,
        (unsigned long long)buses.runs,
        (unsigned long long)buses.restarts,
        (unsigned long long)buses.messages,
        (unsigned long long)buses.wraps,
        (double)(storm_now_ns() - start_ns) / 1e9);
    return 0;
}

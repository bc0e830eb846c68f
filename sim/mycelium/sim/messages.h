// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Messages of the bus in --trace and --report: an arrow from each publish to each delivery,
 * whatever carries it, without a word from services or scenarios.
 *
 * Include it after sim.h in the implementation unit of a program whose scenarios use the bus, and
 * link it with -Wl,--wrap= for each of the three functions below, as CMake's
 * mycelium_simulation_messages(PROGRAM) does: the linker then leads the calls of services and nodes
 * through here. Nothing of the library is compiled otherwise.
 *
 * Messages are known by topic and sequence: when a publisher was started again, the arrow leads
 * from the last publish with that number.
 */
#ifndef MYC_SIM_MESSAGES_H
#define MYC_SIM_MESSAGES_H

#include <mycelium/bus.h>
#include <mycelium/sim/history_record.h>

// The names are the linker's: see its option --wrap.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
enum myc_status __real_myc_publisher_claim(
    struct myc_publisher *publisher, const struct myc_message_type *type, size_t size, void **out);
enum myc_status __real_myc_publisher_commit(struct myc_publisher *publisher, size_t size);
size_t __real_myc_subscriber_poll(
    struct myc_subscriber *subscriber,
    myc_delivery_fn *on_message,
    myc_notice_fn *on_notice,
    void *context,
    size_t messages_max);
enum myc_status __wrap_myc_publisher_claim(
    struct myc_publisher *publisher, const struct myc_message_type *type, size_t size, void **out);
enum myc_status __wrap_myc_publisher_commit(struct myc_publisher *publisher, size_t size);
size_t __wrap_myc_subscriber_poll(
    struct myc_subscriber *subscriber,
    myc_delivery_fn *on_message,
    myc_notice_fn *on_notice,
    void *context,
    size_t messages_max);

static struct myc_sim_history *sim__messages_history(void)
{
    return sim__world_now != NULL ? sim__world_now->history : NULL;
}

/* What a publisher has claimed last, by its address. */
static struct sim__history_claim *
sim__messages_claim(struct myc_sim_history *history, const struct myc_publisher *publisher)
{
    for (uint64_t i = 0; i < history->claim_count; i++) {
        if (history->claims[i].publisher == publisher) {
            return &history->claims[i];
        }
    }
    history->claims = sim__history_grow(
        history,
        history->claims,
        history->claim_count,
        &history->claim_capacity,
        sizeof(*history->claims));
    struct sim__history_claim *claim = &history->claims[history->claim_count++];
    *claim = (struct sim__history_claim){.publisher = publisher};
    return claim;
}

enum myc_status __wrap_myc_publisher_claim(
    struct myc_publisher *publisher, const struct myc_message_type *type, size_t size, void **out)
{
    enum myc_status status = __real_myc_publisher_claim(publisher, type, size, out);
    struct myc_sim_history *history = sim__messages_history();
    if (status == MYC_OK && history != NULL) {
        sim__messages_claim(history, publisher)->topic = type->topic;
    }
    return status;
}

enum myc_status __wrap_myc_publisher_commit(struct myc_publisher *publisher, size_t size)
{
    // Noted before the commit: a subscriber may be handed the message before that returns.
    struct myc_sim_history *history = sim__messages_history();
    const char *topic = history != NULL ? sim__messages_claim(history, publisher)->topic : NULL;
    if (topic != NULL) {
        uint64_t sequence = myc_publisher_accepted(publisher) + 1;
        myc_sim_message_sent(sim__world_now, topic, sequence);
    }
    return __real_myc_publisher_commit(publisher, size);
}

struct sim__messages_poll {
    myc_delivery_fn *on_message;
    myc_notice_fn *on_notice;
    void *context;
};

static void sim__messages_deliver(const struct myc_delivery *delivery, void *context)
{
    const struct sim__messages_poll *poll = context;
    if (delivery->type != NULL) {
        myc_sim_message_received(sim__world_now, delivery->type->topic, delivery->record->sequence);
    }
    poll->on_message(delivery, poll->context);
}

static void sim__messages_notice(const struct myc_notice *notice, void *context)
{
    const struct sim__messages_poll *poll = context;
    if (poll->on_notice != NULL) {
        poll->on_notice(notice, poll->context);
    }
}

size_t __wrap_myc_subscriber_poll(
    struct myc_subscriber *subscriber,
    myc_delivery_fn *on_message,
    myc_notice_fn *on_notice,
    void *context,
    size_t messages_max)
{
    if (sim__messages_history() == NULL) {
        return __real_myc_subscriber_poll(subscriber, on_message, on_notice, context, messages_max);
    }
    struct sim__messages_poll poll = {on_message, on_notice, context};
    return __real_myc_subscriber_poll(
        subscriber, sim__messages_deliver, sim__messages_notice, &poll, messages_max);
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

#endif

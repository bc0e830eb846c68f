// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Services: the context, its calls, and the loop that drives handlers.
#include "bus/service.h"

#include <string.h>

#include <mycelium/interface/clock.h>
#include <mycelium/interface/memory.h>
#include <mycelium/interface/poller.h>
#include <mycelium/interface/thread.h>

#include "bus/internal.h"

enum { STATE_ALIGNMENT = 64, POLL_MAX = 256, LINE_BYTES = 240 };

// ---- Setting up ----

static size_t largest_message(const struct myc_contract *contract)
{
    size_t largest = 8;
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (contract->messages[i]->size > largest) {
            largest = contract->messages[i]->size;
        }
    }
    return largest;
}

static enum myc_status
too_many_topics(const struct myc_context *context, struct myc_diagnostic *diagnostic)
{
    (void)myc_diagnostic_set(diagnostic, MYC_LIMIT, 0, "service ");
    myc_diagnostic_append_quoted(
        diagnostic, context->service->name, strlen(context->service->name));
    myc_diagnostic_append(diagnostic, ": at most 8 topics to publish and 8 to subscribe to");
    return MYC_LIMIT;
}

static enum myc_status open_publishers(
    struct myc_context *context,
    const struct myc_node_options *options,
    struct myc_diagnostic *diagnostic)
{
    const char *const *topics = context->service->publishes;
    struct myc_publisher_options publisher = {.block_timeout_ns = options->block_timeout_ns};
    for (size_t i = 0; topics != NULL && topics[i] != NULL; i++) {
        if (i == MYC_SERVICE_TOPICS_MAX) {
            return too_many_topics(context, diagnostic);
        }
        enum myc_status status = myc_publisher_create(
            context->bus,
            &context->waiter,
            topics[i],
            &publisher,
            &context->publishers[i],
            diagnostic);
        if (status != MYC_OK) {
            return status;
        }
        context->publisher_topics[i] = topics[i];
        context->publisher_count++;
    }
    return MYC_OK;
}

static bool is_subscribed(const struct myc_context *context, size_t handler)
{
    for (size_t i = 0; i < handler; i++) {
        if (myc__text_equals(
                context->service->handlers[i].type->topic,
                context->service->handlers[handler].type->topic)) {
            return true;
        }
    }
    return false;
}

static enum myc_status
open_subscribers(struct myc_context *context, struct myc_diagnostic *diagnostic)
{
    for (size_t i = 0; i < context->service->handler_count; i++) {
        if (is_subscribed(context, i)) {
            continue;
        }
        if (context->subscriber_count == MYC_SERVICE_TOPICS_MAX) {
            return too_many_topics(context, diagnostic);
        }
        const char *topic = context->service->handlers[i].type->topic;
        enum myc_status status = myc_subscriber_create_with(
            context->bus,
            &context->waiter,
            topic,
            &context->service->reading,
            &context->subscribers[context->subscriber_count],
            diagnostic);
        if (status != MYC_OK) {
            return status;
        }
        context->subscriber_topics[context->subscriber_count] = topic;
        context->subscriber_count++;
    }
    return MYC_OK;
}

enum myc_status myc__context_init(
    struct myc_context *context,
    struct myc_platform *platform,
    struct myc_bus *bus,
    const struct myc_contract *contract,
    const struct myc_service_entry *entry,
    const struct myc_node_options *options,
    struct myc_diagnostic *diagnostic)
{
    context->platform = platform;
    context->bus = bus;
    context->service = entry->service;
    context->argument = entry->argument;
    context->spin_ns = options->spin_ns;
    context->report.name = entry->service->name;
    enum myc_status status = myc_waiter_open(&context->waiter, platform);
    if (status != MYC_OK) {
        return myc_diagnostic_set(diagnostic, status, 0, "no poller for a service");
    }
    context->scratch_bytes = largest_message(contract);
    context->scratch =
        myc_memory_allocate(platform->memory, context->scratch_bytes, STATE_ALIGNMENT);
    if (entry->service->state_bytes > 0) {
        context->state =
            myc_memory_allocate(platform->memory, entry->service->state_bytes, STATE_ALIGNMENT);
    }
    if (context->scratch == NULL || (context->state == NULL && entry->service->state_bytes > 0)) {
        return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, "no memory for a service's state");
    }
    status = open_publishers(context, options, diagnostic);
    if (status == MYC_OK) {
        status = open_subscribers(context, diagnostic);
    }
    return status;
}

void myc__context_deinit(struct myc_context *context)
{
    if (context->platform == NULL) {
        return;
    }
    struct myc_memory *memory = context->platform->memory;
    myc_memory_release(memory, context->scratch, context->scratch_bytes);
    myc_memory_release(
        memory, context->state, context->service != NULL ? context->service->state_bytes : 0);
    myc_waiter_close(&context->waiter);
}

// ---- What the service calls ----

void *myc_context_state(struct myc_context *context)
{
    return context->state;
}

void *myc_context_argument(struct myc_context *context)
{
    return context->argument;
}

struct myc_platform *myc_context_platform(struct myc_context *context)
{
    return context->platform;
}

struct myc_publisher *myc_context_publisher(struct myc_context *context, const char *topic)
{
    for (uint32_t i = 0; i < context->publisher_count; i++) {
        if (myc__text_equals(context->publisher_topics[i], topic)) {
            return context->publishers[i];
        }
    }
    return NULL;
}

struct myc_subscriber *myc_context_subscriber(struct myc_context *context, const char *topic)
{
    for (uint32_t i = 0; i < context->subscriber_count; i++) {
        if (myc__text_equals(context->subscriber_topics[i], topic)) {
            return context->subscribers[i];
        }
    }
    return NULL;
}

uint64_t myc_context_publisher_epoch(struct myc_context *context)
{
    return context->publisher_epoch;
}

uint64_t myc_context_now_ns(struct myc_context *context)
{
    return myc_clock_monotonic_ns(context->platform->clock);
}

bool myc_context_should_stop(struct myc_context *context)
{
    // Pairs with the release in myc_context_request_stop and myc__context_cancel.
    return myc_load_acquire_u32(&context->stop) != 0;
}

void myc_context_request_stop(struct myc_context *context)
{
    myc_store_release_u32(&context->stop, 1);
    myc_waiter_ring(&context->waiter);
}

void myc__context_cancel(struct myc_context *context)
{
    myc_store_release_u32(&context->stop, 1);
    for (uint32_t i = 0; i < context->publisher_count; i++) {
        myc_publisher_cancel(context->publishers[i]);
    }
    myc_waiter_ring(&context->waiter);
}

void myc_context_log(struct myc_context *context, enum myc_log_level level, const char *text)
{
    myc_log_write(context->platform->log, level, context->service->name, text);
}

void myc_context_count(struct myc_context *context, const char *name, uint64_t amount)
{
    struct myc_service_report *report = &context->report;
    for (uint32_t i = 0; i < report->counter_count; i++) {
        if (report->counters[i].name == name || myc__text_equals(report->counters[i].name, name)) {
            report->counters[i].value += amount;
            return;
        }
    }
    if (report->counter_count < MYC_SERVICE_COUNTERS_MAX) {
        report->counters[report->counter_count].name = name;
        report->counters[report->counter_count].value = amount;
        report->counter_count++;
    }
}

// ---- Messages and notices ----

// A peer whose every message is refused must not fill the log: the first is told, then the 2nd,
// 4th, 8th and so on. The report counts all.
static bool is_worth_a_line(struct myc_context *context, const struct myc_notice *notice)
{
    if (notice->kind != MYC_NOTICE_INVALID && notice->kind != MYC_NOTICE_PREMATURE) {
        return true;
    }
    context->refused++;
    return (context->refused & (context->refused - 1)) == 0;
}

static void on_notice(const struct myc_notice *notice, void *opaque)
{
    struct myc_context *context = opaque;
    char line[LINE_BYTES];
    bool is_calm = notice->kind == MYC_NOTICE_MATCHED || notice->kind == MYC_NOTICE_UNMATCHED;
    if (notice->kind == MYC_NOTICE_GAP) {
        context->report.lost += notice->count;
    } else if (notice->kind == MYC_NOTICE_PEER_DIED) {
        context->report.peers_died++;
    }
    if (is_worth_a_line(context, notice)) {
        myc_notice_describe(notice, line, sizeof(line));
        myc_context_log(context, is_calm ? MYC_LOG_INFO : MYC_LOG_WARNING, line);
    }
    if (context->service->notice != NULL) {
        context->service->notice(context, notice);
    }
}

// A message of an older version is completed in the scratch, with what its newer fields begin as.
static const void *complete(struct myc_context *context, const struct myc_delivery *delivery)
{
    const struct myc_message_type *type = delivery->type;
    uint32_t known = myc__message_least(type, delivery->record->version);
    if (known == 0 || known >= type->size) {
        return delivery->record->payload;
    }
    unsigned char *scratch = context->scratch;
    memcpy(scratch, delivery->record->payload, known);
    if (type->initial != NULL) {
        memcpy(scratch + known, (const unsigned char *)type->initial + known, type->size - known);
    } else {
        memset(scratch + known, 0, type->size - known);
    }
    return scratch;
}

static void on_message(const struct myc_delivery *delivery, void *opaque)
{
    struct myc_context *context = opaque;
    if (delivery->type == NULL) {
        return;
    }
    for (size_t i = 0; i < context->service->handler_count; i++) {
        const struct myc_handler *handler = &context->service->handlers[i];
        if (handler->type->id == delivery->type->id) {
            context->report.delivered++;
            context->publisher_epoch = delivery->publisher_epoch;
            myc_handler_run(handler, context, complete(context, delivery), delivery->record);
            context->publisher_epoch = 0;
            return;
        }
    }
}

static void poll_publishers(struct myc_context *context)
{
    struct myc_notice notice;
    for (uint32_t i = 0; i < context->publisher_count; i++) {
        while (myc_publisher_notice(context->publishers[i], &notice) == MYC_OK) {
            on_notice(&notice, context);
        }
    }
}

size_t myc_context_poll(struct myc_context *context, size_t messages_max)
{
    size_t delivered = 0;
    poll_publishers(context);
    for (uint32_t i = 0; i < context->subscriber_count && delivered < messages_max; i++) {
        delivered += myc_subscriber_poll(
            context->subscribers[i], on_message, on_notice, context, messages_max - delivered);
        if (context->failure.status == MYC_OK
            && myc_subscriber_status(context->subscribers[i], &context->failure) != MYC_OK) {
            myc_context_request_stop(context);
        }
    }
    return delivered;
}

enum myc_status myc_context_sleep_until(struct myc_context *context, uint64_t deadline_ns)
{
    for (;;) {
        struct myc_event event;
        size_t count = 0;
        myc_waiter_clear(&context->waiter);
        if (myc_context_should_stop(context)) {
            return MYC_CANCELLED;
        }
        // A service that only publishes hears of its subscribers here.
        poll_publishers(context);
        if (myc_context_now_ns(context) >= deadline_ns) {
            return MYC_OK;
        }
        (void)myc_poller_wait(
            context->platform->poller, context->waiter.poller, &event, 1, deadline_ns, &count);
    }
}

static bool has_news(struct myc_context *context)
{
    for (uint32_t i = 0; i < context->subscriber_count; i++) {
        if (myc__subscriber_has_news(context->subscribers[i])) {
            return true;
        }
    }
    return false;
}

static bool spin(struct myc_context *context, uint64_t deadline_ns)
{
    uint64_t start_ns = myc_context_now_ns(context);
    uint64_t end_ns = start_ns + context->spin_ns;
    end_ns = end_ns < deadline_ns ? end_ns : deadline_ns;
    for (uint32_t round = 0; myc_context_now_ns(context) < end_ns; round++) {
        if (has_news(context) || myc_context_should_stop(context)) {
            return true;
        }
        myc_thread_relax(context->platform->thread, round);
    }
    return false;
}

enum myc_status myc_context_wait(struct myc_context *context, uint64_t deadline_ns)
{
    if (context->spin_ns > 0 && spin(context, deadline_ns)) {
        return myc_context_should_stop(context) ? MYC_CANCELLED : MYC_OK;
    }
    myc_waiter_clear(&context->waiter);
    if (myc_context_should_stop(context)) {
        return MYC_CANCELLED;
    }
    // Looked at after the clear, like everything else that may end the wait.
    poll_publishers(context);
    enum myc_status status = myc_subscribers_wait(
        &context->waiter, context->subscribers, context->subscriber_count, deadline_ns);
    return myc_context_should_stop(context) ? MYC_CANCELLED : status;
}

// ---- Running ----

static enum myc_status drive_handlers(struct myc_context *context)
{
    while (!myc_context_should_stop(context)) {
        if (myc_context_poll(context, POLL_MAX) == 0) {
            (void)myc_context_wait(context, MYC_NEVER);
        }
    }
    return MYC_OK;
}

static void close_all(struct myc_context *context, uint64_t close_timeout_ns)
{
    uint64_t deadline_ns = myc_deadline_after(myc_context_now_ns(context), close_timeout_ns);
    for (uint32_t i = 0; i < context->publisher_count; i++) {
        struct myc_close_report report = {0};
        (void)myc_publisher_close(context->publishers[i], deadline_ns, &report);
        context->report.accepted += report.accepted;
        context->report.undelivered += report.undelivered;
    }
    for (uint32_t i = 0; i < context->subscriber_count; i++) {
        struct myc_subscriber_counts counts;
        myc_subscriber_counts(context->subscribers[i], &counts);
        context->report.unknown += counts.unknown;
        context->report.invalid += counts.invalid;
        context->report.premature += counts.premature;
        myc_subscriber_close(context->subscribers[i]);
    }
    poll_publishers(context);
}

void myc__context_run(struct myc_context *context, uint64_t close_timeout_ns)
{
    const struct myc_service *service = context->service;
    enum myc_status status = MYC_OK;
    if (service->init != NULL) {
        status = service->init(context);
    }
    if (status == MYC_OK) {
        status = service->run != NULL ? service->run(context) : drive_handlers(context);
    }
    if (service->shutdown != NULL) {
        service->shutdown(context);
    }
    close_all(context, close_timeout_ns);
    // A service that was stopped because a subscriber of its closed itself has failed.
    bool was_stopped = status == MYC_OK || status == MYC_CANCELLED;
    context->report.status =
        was_stopped && context->failure.status != MYC_OK ? context->failure.status : status;
}

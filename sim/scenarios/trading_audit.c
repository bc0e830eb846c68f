// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The auditors of the trading scenario.
 *
 * Conservation: what a subscriber is handed is the publisher's stream from where it joined, in
 * order, each message once, and every hole is announced by a GAP of exactly that size before the
 * message after it. A stream that ends says which message was its last.
 */
#include "trading_audit.h"

#include <string.h>

static const struct myc_service *const originals[STAGE_COUNT] = {
    &trading_adapter, &trading_arbitrage, &trading_risk, &trading_execution};

// ---- Streams ----

static struct stream *find_epoch(struct stage *stage, uint64_t epoch)
{
    for (size_t i = 0; i < STREAMS_MAX; i++) {
        if (stage->streams[i].is_open && stage->streams[i].epoch == epoch) {
            return &stage->streams[i];
        }
    }
    return NULL;
}

static void step_market(struct stream *stream)
{
    if (!stream->is_swap_next && stream->row.has_swap) {
        stream->is_swap_next = true;
        return;
    }
    stream->is_swap_next = false;
    trading_cursor_next(&stream->cursor, &stream->row);
}

static void move_to(struct stage *stage, struct stream *stream, uint64_t next)
{
    if (stage->index == 1) {
        for (uint64_t i = stream->next; i < next; i++) {
            step_market(stream);
        }
    }
    stream->next = next;
}

static void open_stream(struct stage *stage, uint64_t epoch, uint64_t next)
{
    struct myc_sim *sim = stage->audit->sim;
    myc_sim_check(
        sim, find_epoch(stage, epoch) == NULL, "a publisher instance is matched once at a time");
    struct stream *stream = NULL;
    for (size_t i = 0; i < STREAMS_MAX && stream == NULL; i++) {
        stream = stage->streams[i].is_open ? NULL : &stage->streams[i];
    }
    if (stream == NULL) {
        myc_sim_fail(
            sim, "%s reads more publishers than ever lived", originals[stage->index]->name);
    }
    memset(stream, 0, sizeof(*stream));
    stream->is_open = true;
    stream->epoch = epoch;
    stream->next = 1;
    trading_cursor_init(&stream->cursor, &stage->setup.input);
    trading_cursor_next(&stream->cursor, &stream->row);
    move_to(stage, stream, next);
    stage->upstream_live++;
}

// ---- Messages ----

static void check_update(struct stage *stage, const struct stream *stream, const void *message)
{
    struct trading_pool_state_update wanted;
    const struct trading_pool_state_update *update = message;
    trading_row_to_update(&stream->row, update->origin_ns, &wanted);
    myc_sim_check(
        stage->audit->sim,
        !stream->is_swap_next && trading_pool_state_update_equals(update, &wanted),
        "a pool state is the one that the adapter published under that number");
}

static void check_swap(struct stage *stage, const struct stream *stream, const void *message)
{
    struct trading_v2_swap wanted;
    const struct trading_v2_swap *swap = message;
    trading_row_to_swap(&stream->row, swap->origin_ns, &wanted);
    myc_sim_check(
        stage->audit->sim,
        stream->is_swap_next && trading_v2_swap_equals(swap, &wanted),
        "a swap is the one that the adapter published under that number");
}

static void
check_content(struct stage *stage, const struct stream *stream, uint16_t type, const void *message)
{
    struct myc_sim *sim = stage->audit->sim;
    uint64_t sequence = stream->next;
    if (type == TRADING_POOL_STATE_UPDATE_TYPE_ID) {
        check_update(stage, stream, message);
    } else if (type == TRADING_V2_SWAP_TYPE_ID) {
        check_swap(stage, stream, message);
    } else if (type == TRADING_ARBITRAGE_SIGNAL_TYPE_ID) {
        const struct trading_arbitrage_signal *signal = message;
        myc_sim_check(sim, signal->signal_id == sequence, "the nth signal has the number n");
    } else if (type == TRADING_ORDER_TYPE_ID) {
        const struct trading_order *order = message;
        myc_sim_check(sim, order->order_id == sequence, "the nth order has the number n");
    } else {
        // The three End messages have the same fields.
        const struct trading_market_data_end *end = message;
        myc_sim_check(sim, end->messages == sequence - 1, "the End counts what came before it");
    }
}

static void
audit_message(struct myc_context *context, const void *message, const struct myc_record *record)
{
    struct stage *stage = myc_context_argument(context);
    const struct myc_service *original = originals[stage->index];
    struct stream *stream = find_epoch(stage, myc_context_publisher_epoch(context));
    if (stream == NULL || stream->next != record->sequence) {
        myc_sim_fail(
            stage->audit->sim,
            "%s was handed message %llu instead of %llu: lost, repeated or out of order",
            original->name,
            (unsigned long long)record->sequence,
            (unsigned long long)(stream == NULL ? 0 : stream->next));
    }
    check_content(stage, stream, record->type, message);
    move_to(stage, stream, stream->next + 1);
    stage->delivered++;
    for (size_t i = 0; i < original->handler_count; i++) {
        if (original->handlers[i].type->id == record->type) {
            myc_handler_run(&original->handlers[i], context, message, record);
        }
    }
}

// ---- Notices ----

static void audit_gap(struct stage *stage, struct stream *stream, const struct myc_notice *notice)
{
    struct myc_sim *sim = stage->audit->sim;
    myc_sim_check(sim, notice->first == stream->next, "a gap begins where the stream stopped");
    myc_sim_check(
        sim,
        notice->count > 0 && notice->last - notice->first + 1 == notice->count,
        "a gap counts what it spans");
    move_to(stage, stream, notice->last + 1);
    stage->lost += notice->count;
    myc_sim_count(sim, "messages in gaps", notice->count);
}

static void audit_end(struct stage *stage, struct stream *stream, const struct myc_notice *notice)
{
    struct myc_sim *sim = stage->audit->sim;
    bool has_died = notice->kind == MYC_NOTICE_PEER_DIED;
    myc_sim_check(
        sim,
        notice->last == stream->next - 1,
        "the end of a stream names its last message exactly");
    myc_sim_check(
        sim,
        !has_died || notice->is_tail_unknown == stage->audit->is_tail_unknown,
        "only a socket leaves the tail unknown when a publisher dies");
    stream->is_open = false;
    stage->upstream_live--;
    stage->upstream_died += has_died ? 1 : 0;
}

static void audit_upstream(struct stage *stage, const struct myc_notice *notice)
{
    if (notice->kind == MYC_NOTICE_MATCHED || notice->kind == MYC_NOTICE_PEER_RESTARTED) {
        open_stream(stage, notice->publisher_epoch, notice->last + 1);
        return;
    }
    struct stream *stream = find_epoch(stage, notice->publisher_epoch);
    if (stream == NULL) {
        myc_sim_fail(
            stage->audit->sim,
            "%s was told %s about a publisher it was never matched with",
            originals[stage->index]->name,
            myc_notice_name(notice->kind));
    }
    if (notice->kind == MYC_NOTICE_GAP) {
        audit_gap(stage, stream, notice);
    } else {
        audit_end(stage, stream, notice);
    }
}

static void audit_downstream(struct stage *stage, const struct myc_notice *notice)
{
    if (notice->kind == MYC_NOTICE_MATCHED || notice->kind == MYC_NOTICE_PEER_RESTARTED) {
        stage->downstream_live++;
        return;
    }
    myc_sim_check(
        stage->audit->sim,
        stage->downstream_live > 0,
        "who leaves a publisher was matched with it");
    stage->downstream_live--;
    stage->downstream_died += notice->kind == MYC_NOTICE_PEER_DIED ? 1 : 0;
}

static void audit_notice(struct myc_context *context, const struct myc_notice *notice)
{
    struct stage *stage = myc_context_argument(context);
    const struct myc_service *original = originals[stage->index];
    myc_sim_check(
        stage->audit->sim, notice->kind != MYC_NOTICE_CORRUPT, "nobody sends corrupt bytes");
    if (notice->is_publisher) {
        audit_downstream(stage, notice);
    } else {
        audit_upstream(stage, notice);
    }
    if (original->notice != NULL) {
        original->notice(context, notice);
    }
}

// ---- Preparing ----

void audit_init(struct audit *audit, struct myc_sim *sim, bool is_tail_unknown)
{
    memset(audit, 0, sizeof(*audit));
    audit->sim = sim;
    audit->is_tail_unknown = is_tail_unknown;
    for (size_t i = 0; i < STAGE_COUNT; i++) {
        audit->services[i] = *originals[i];
        audit->services[i].notice = audit_notice;
        audit->services[i].handlers = audit->handlers[i];
        for (size_t h = 0; h < originals[i]->handler_count && h < HANDLERS_MAX; h++) {
            audit->handlers[i][h].type = originals[i]->handlers[h].type;
            audit->handlers[i][h].handle = audit_message;
        }
    }
}

void stage_init(struct stage *stage, struct audit *audit, size_t index)
{
    memset(stage, 0, sizeof(*stage));
    stage->audit = audit;
    stage->index = index;
}

void stage_check_report(const struct stage *stage, const struct myc_service_report *report)
{
    struct myc_sim *sim = stage->audit->sim;
    myc_sim_check(
        sim, report->delivered == stage->delivered, "the report counts every message delivered");
    myc_sim_check(sim, report->lost == stage->lost, "the report counts every message lost");
}

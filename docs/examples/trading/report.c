// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Reports: plain printing of what the node and the services counted.
 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MEDIAN = 500000, PERCENTILE_99 = 990000 };

static void print_service(const struct myc_service_report *service)
{
    printf(
        "%s: %s, delivered %" PRIu64 ", lost %" PRIu64 ", accepted %" PRIu64
        ", undelivered %" PRIu64 ", peers died %" PRIu64,
        service->name,
        myc_status_name(service->status),
        service->delivered,
        service->lost,
        service->accepted,
        service->undelivered,
        service->peers_died);
    for (uint32_t i = 0; i < service->counter_count; i++) {
        printf(", %s %" PRIu64, service->counters[i].name, service->counters[i].value);
    }
}

static void print_result(const char *name, const struct trading_setup *setup)
{
    const struct trading_execution_result *execution = &setup->execution;
    if (strcmp(name, "adapter") == 0) {
        printf("; published %" PRIu64, setup->adapter.messages);
    } else if (strcmp(name, "execution") == 0) {
        printf(
            "; orders %" PRIu64 " of %" PRIu64 ", latency p50 %" PRIu64 " ns, p99 %" PRIu64
            " ns over %" PRIu64,
            execution->stage.received,
            execution->stage.owed,
            myc_histogram_quantile(&execution->latency, MEDIAN),
            myc_histogram_quantile(&execution->latency, PERCENTILE_99),
            execution->latency.count);
    }
    printf("\n");
}

static void print_service_json(const struct myc_service_report *service, const char *separator)
{
    printf(
        "%s{\"name\":\"%s\",\"status\":\"%s\",\"delivered\":%" PRIu64 ",\"lost\":%" PRIu64
        ",\"accepted\":%" PRIu64 ",\"undelivered\":%" PRIu64 ",\"peers_died\":%" PRIu64
        ",\"counters\":{",
        separator,
        service->name,
        myc_status_name(service->status),
        service->delivered,
        service->lost,
        service->accepted,
        service->undelivered,
        service->peers_died);
    for (uint32_t i = 0; i < service->counter_count; i++) {
        printf(
            "%s\"%s\":%" PRIu64,
            i == 0 ? "" : ",",
            service->counters[i].name,
            service->counters[i].value);
    }
    printf("}}");
}

// Members of the whole report that one service answers for; no name occurs twice in a pipeline.
static void print_result_json(const char *name, const struct trading_setup *setup)
{
    const struct trading_execution_result *execution = &setup->execution;
    if (strcmp(name, "adapter") == 0) {
        printf(
            ",\"messages_in\":%" PRIu64 ",\"flood_messages\":%" PRIu64
            ",\"flood_start_ns\":%" PRIu64,
            setup->adapter.messages,
            setup->adapter.flood_messages,
            setup->adapter.flood_start_ns);
    } else if (strcmp(name, "arbitrage") == 0) {
        printf(
            ",\"market_received\":%" PRIu64 ",\"market_owed\":%" PRIu64,
            setup->arbitrage.received,
            setup->arbitrage.owed);
    } else if (strcmp(name, "risk") == 0) {
        printf(
            ",\"signals_received\":%" PRIu64 ",\"signals_owed\":%" PRIu64,
            setup->risk.received,
            setup->risk.owed);
    } else if (strcmp(name, "execution") == 0) {
        printf(
            ",\"orders_received\":%" PRIu64 ",\"orders_owed\":%" PRIu64
            ",\"orders_out_of_order\":%" PRIu64 ",\"order_digest\":\"%016" PRIx64
            "\",\"end_ns\":%" PRIu64 ",\"latency_count\":%" PRIu64 ",\"p50_ns\":%" PRIu64
            ",\"p99_ns\":%" PRIu64 ",\"max_ns\":%" PRIu64,
            execution->stage.received,
            execution->stage.owed,
            execution->stage.out_of_order,
            execution->order_digest,
            execution->end_ns,
            execution->latency.count,
            myc_histogram_quantile(&execution->latency, MEDIAN),
            myc_histogram_quantile(&execution->latency, PERCENTILE_99),
            execution->latency.count == 0 ? 0 : execution->latency.max);
    }
}

void trading_report_print(
    const struct myc_node *node,
    const char *node_name,
    enum myc_status status,
    const struct trading_setup *setup,
    uint64_t start_ns,
    uint64_t end_ns,
    bool is_json)
{
    const struct myc_service_report *service = myc_node_report(node, 0);
    if (!is_json) {
        for (size_t i = 0; service != NULL; service = myc_node_report(node, ++i)) {
            printf("%s/", node_name);
            print_service(service);
            print_result(service->name, setup);
        }
        (void)fflush(stdout);
        return;
    }
    printf(
        "{\"node\":\"%s\",\"status\":\"%s\",\"started_ns\":%" PRIu64 ",\"ended_ns\":%" PRIu64,
        node_name,
        myc_status_name(status),
        start_ns,
        end_ns);
    for (size_t i = 0; service != NULL; service = myc_node_report(node, ++i)) {
        print_result_json(service->name, setup);
    }
    printf(",\"services\":[");
    service = myc_node_report(node, 0);
    for (size_t i = 0; service != NULL; service = myc_node_report(node, ++i)) {
        print_service_json(service, i == 0 ? "" : ",");
    }
    printf("]}\n");
    (void)fflush(stdout);
}

void trading_report_expected(const struct trading_expected *expected)
{
    printf(
        "{\"messages_in\":%" PRIu64 ",\"signals\":%" PRIu64 ",\"orders\":%" PRIu64
        ",\"paced_orders\":%" PRIu64 ",\"rejected\":%" PRIu64 ",\"order_digest\":\"%016" PRIx64
        "\"}\n",
        expected->market_messages,
        expected->signals,
        expected->orders,
        expected->paced_orders,
        expected->rejected,
        expected->order_digest);
    (void)fflush(stdout);
}

static bool stage_is_good(const struct trading_stage_result *stage)
{
    return stage->out_of_order == 0 && (!stage->is_complete || stage->received == stage->owed);
}

bool trading_report_is_good(const struct myc_node *node, const struct trading_setup *setup)
{
    const struct myc_service_report *service = myc_node_report(node, 0);
    for (size_t i = 0; service != NULL; service = myc_node_report(node, ++i)) {
        if (service->lost != 0 || service->undelivered != 0 || service->peers_died != 0) {
            return false;
        }
    }
    return stage_is_good(&setup->arbitrage) && stage_is_good(&setup->risk)
           && stage_is_good(&setup->execution.stage);
}

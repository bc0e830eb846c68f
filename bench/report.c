// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Results as a table for people and as lines of JSON for programs.
#include <stdio.h>

#include "bench.h"

static const char *holds_name(enum bench_holds holds)
{
    static const char *const names[] = {
        [BENCH_HOLDS_NO] = "no",
        [BENCH_HOLDS_UNCLEAR] = "unclear",
        [BENCH_HOLDS_YES] = "yes",
    };
    return names[holds];
}

void bench_print_json(const struct bench_result *result)
{
    const struct bench_case *of = result->of;
    (void)printf(
        "{\"bench\":\"%s\",\"case\":\"%s\",\"unit\":\"%s\",\"ours\":%.6g,\"reference\":%.6g,"
        "\"reference_name\":\"%s\",\"ratio\":%.4g,\"better\":\"%s\",\"bar\":%.4g,"
        "\"holds\":\"%s\",\"runs\":%u,\"spread\":%.4g}\n",
        of->bench,
        of->name,
        of->unit,
        result->ours,
        result->reference,
        of->reference_name,
        result->ratio,
        of->better == BENCH_LOWER ? "lower" : "higher",
        of->bar,
        holds_name(result->holds),
        result->runs,
        result->spread);
    (void)fflush(stdout);
}

void bench_print_head(void)
{
    (void)printf(
        "%-22s %10s %10s  %-6s %7s %15s  %-7s %s\n",
        "case",
        "ours",
        "reference",
        "unit",
        "ratio",
        "quartiles",
        "bar",
        "holds  against");
}

void bench_print_row(const struct bench_result *result)
{
    char name[64];
    char quartiles[32];
    const struct bench_case *of = result->of;
    (void)snprintf(name, sizeof(name), "%s/%s", of->bench, of->name);
    (void)snprintf(quartiles, sizeof(quartiles), "%.3g..%.3g", result->low, result->high);
    (void)printf(
        "%-22s %10.4g %10.4g  %-6s %7.3f %15s  %s %-4.4g %-7s %s\n",
        name,
        result->ours,
        result->reference,
        of->unit,
        result->ratio,
        quartiles,
        of->better == BENCH_LOWER ? "<=" : ">=",
        of->bar,
        holds_name(result->holds),
        of->reference_name);
    (void)fflush(stdout);
}

void bench_print_values(const struct bench_side *side, const double *medians)
{
    (void)printf("    %s:", side->name);
    for (uint32_t i = 0; i < BENCH_VALUES_MAX && side->values[i] != NULL; i++) {
        (void)printf("%s %s %.4g", i == 0 ? "" : ",", side->values[i], medians[i]);
    }
    (void)printf("\n");
    (void)fflush(stdout);
}

void bench_print_gap(const struct bench_gap *gap)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "%s/%s", gap->bench, gap->name);
    (void)printf("%-22s not measured: %s\n", name, gap->reason);
}

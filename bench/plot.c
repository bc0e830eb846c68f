// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Plots: every case of a bench as its ratio divided by its bar, so that 1 is the bar for all.
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "machine.h"

// Names hold underscores, which gnuplot would set as subscripts; noenhanced stops that.
static void write_script(
    FILE *script,
    const char *svg,
    const char *bench,
    const struct bench_result *results,
    size_t count)
{
    (void)fprintf(
        script,
        "set terminal svg size 900,480 noenhanced background '#ffffff'\n"
        "set output '%s'\n"
        "set title '%s: ratio / bar, quartiles; left of 1 is better, of a rate its inverse'\n"
        "set logscale x 2\nset grid x\nset key off\nset yrange [-0.5:*] reverse\n"
        "set arrow from 1, graph 0 to 1, graph 1 nohead lw 2 lc rgb '#aa3333'\n"
        "plot '-' using 2:0:3:4:ytic(1) with xerrorbars pt 7 lw 2 lc rgb '#335588'\n",
        svg,
        bench);
    for (size_t i = 0; i < count; i++) {
        const struct bench_result *result = &results[i];
        const struct bench_case *of = result->of;
        if (strcmp(of->bench, bench) != 0) {
            continue;
        }
        if (of->better == BENCH_LOWER) {
            (void)fprintf(
                script,
                "%s %g %g %g\n",
                of->name,
                result->ratio / of->bar,
                result->low / of->bar,
                result->high / of->bar);
        } else {
            (void)fprintf(
                script,
                "%s %g %g %g\n",
                of->name,
                of->bar / result->ratio,
                of->bar / result->high,
                of->bar / result->low);
        }
    }
    (void)fprintf(script, "e\n");
}

static bool has_results(const char *bench, const struct bench_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(results[i].of->bench, bench) == 0) {
            return true;
        }
    }
    return false;
}

bool bench_plot(
    const char *folder, const char *bench, const struct bench_result *results, size_t count)
{
    char svg[512];
    if (!has_results(bench, results, count)) {
        return true;
    }
    if (system("command -v gnuplot >/dev/null 2>&1") != 0) {
        (void)fprintf(stderr, "myc-bench: no gnuplot, so no plot of '%s'\n", bench);
        return true;
    }
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        return bench_fail(folder);
    }
    (void)snprintf(svg, sizeof(svg), "%s/%s.svg", folder, bench);
    FILE *script = popen("gnuplot", "w");
    if (script == NULL) {
        return bench_fail("gnuplot");
    }
    write_script(script, svg, bench, results, count);
    int status = pclose(script);
    if (status != 0) {
        (void)fprintf(stderr, "myc-bench: gnuplot could not draw '%s'\n", svg);
        return false;
    }
    (void)fprintf(stderr, "myc-bench: %s\n", svg);
    return true;
}

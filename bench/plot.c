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

// Opens gnuplot for a file of the folder. NULL: there is none, or it failed, as *out_is_good says.
static FILE *
open_plot(const char *folder, const char *name, char *svg, size_t capacity, bool *out_is_good)
{
    *out_is_good = true;
    if (system("command -v gnuplot >/dev/null 2>&1") != 0) {
        (void)fprintf(stderr, "myc-bench: no gnuplot, so no plot of '%s'\n", name);
        return NULL;
    }
    (void)snprintf(svg, capacity, "%s/%s.svg", folder, name);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        *out_is_good = bench_fail(folder);
        return NULL;
    }
    FILE *script = popen("gnuplot", "w");
    if (script == NULL) {
        *out_is_good = bench_fail("gnuplot");
    }
    return script;
}

static bool close_plot(FILE *script, const char *svg)
{
    if (pclose(script) != 0) {
        (void)fprintf(stderr, "myc-bench: gnuplot could not draw '%s'\n", svg);
        return false;
    }
    (void)fprintf(stderr, "myc-bench: %s\n", svg);
    return true;
}

bool bench_plot(
    const char *folder, const char *bench, const struct bench_result *results, size_t count)
{
    char svg[512];
    bool is_good = true;
    if (!has_results(bench, results, count)) {
        return true;
    }
    FILE *script = open_plot(folder, bench, svg, sizeof(svg), &is_good);
    if (script == NULL) {
        return is_good;
    }
    write_script(script, svg, bench, results, count);
    return close_plot(script, svg);
}

bool bench_plot_sweep(
    const char *folder,
    const struct bench_experiment *experiment,
    double medians[BENCH_SIDES_MAX][BENCH_VALUES_MAX])
{
    char svg[512];
    bool is_good = true;
    const struct bench_sweep *sweep = experiment->sweep;
    FILE *script = open_plot(folder, sweep->name, svg, sizeof(svg), &is_good);
    if (script == NULL) {
        return is_good;
    }
    (void)fprintf(
        script,
        "set terminal svg size 900,540 noenhanced background '#ffffff'\n"
        "set output '%s'\nset title '%s'\nset xlabel '%s'\nset ylabel '%s'\n"
        "set logscale x 2\nset logscale y 10\nset grid\nset key left top\nplot ",
        svg,
        sweep->title,
        sweep->x_label,
        sweep->y_label);
    for (uint32_t i = 0; i < sweep->side_count; i++) {
        const char *side = experiment->sides[sweep->first_side + i].name;
        (void)fprintf(
            script, "%s'-' using 1:2 with linespoints lw 2 title '%s'", i == 0 ? "" : ", ", side);
    }
    (void)fprintf(script, "\n");
    for (uint32_t i = 0; i < sweep->side_count; i++) {
        for (uint32_t j = 0; j < sweep->x_count; j++) {
            (void)fprintf(script, "%g %g\n", sweep->x[j], medians[sweep->first_side + i][j]);
        }
        (void)fprintf(script, "e\n");
    }
    return close_plot(script, svg);
}

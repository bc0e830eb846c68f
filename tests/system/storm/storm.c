// SPDX-License-Identifier: MIT OR Apache-2.0
#define _GNU_SOURCE 1
#include "system/storm/storm.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <mycelium/atomic.h>

// ---- Failures and options ----

_Noreturn void storm_fail(const char *file, int line, const char *what, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *name = strrchr(file, '/');
    (void)fprintf(
        stderr, "FAILED %s:%d: %s (%s)\n", name != NULL ? name + 1 : file, line, text, what);
    _exit(1);
}

static _Noreturn void misused(const char *program, const char *option, const char *what)
{
    (void)fprintf(stderr, "%s: %s: %s; see --help\n", program, option, what);
    exit(2);
}

static _Noreturn void print_help(
    const char *program, const char *purpose, const struct storm_option *options, size_t count)
{
    (void)printf("usage: %s [OPTION N]...\n\n%s\n\n", program, purpose);
    for (size_t i = 0; i < count; i++) {
        (void)printf(
            "  --%-12s %s (%llu)\n",
            options[i].name,
            options[i].what,
            (unsigned long long)*options[i].value);
    }
    exit(0);
}

void storm_options(
    int argc, char **argv, const char *purpose, const struct storm_option *options, size_t count)
{
    const char *slash = strrchr(argv[0], '/');
    const char *program = slash != NULL ? slash + 1 : argv[0];
    for (int i = 1; i < argc; i += 2) {
        size_t found = 0;
        if (strcmp(argv[i], "--help") == 0) {
            print_help(program, purpose, options, count);
        }
        while (
            found < count
            && (strncmp(argv[i], "--", 2) != 0 || strcmp(argv[i] + 2, options[found].name) != 0)) {
            found++;
        }
        if (found == count) {
            misused(program, argv[i], "no such option");
        }
        char *end = NULL;
        errno = 0;
        unsigned long long value = i + 1 < argc ? strtoull(argv[i + 1], &end, 10) : 0;
        if (end == NULL || end == argv[i + 1] || *end != '\0' || errno != 0
            || argv[i + 1][0] == '-') {
            misused(program, argv[i], "it needs a whole number");
        }
        *options[found].value = value;
    }
}

uint64_t storm_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// ---- The watch ----

enum { BEATS_BEGUN = 4 };

static struct {
    struct myc_atomic_u64 beats[STORM_WATCHED_MAX];
    struct myc_atomic_u64 doing[STORM_WATCHED_MAX]; // addresses of strings
    uint64_t seen[STORM_WATCHED_MAX];               // from here on the handler's
    uint32_t silent[STORM_WATCHED_MAX];
    uint32_t count;
    uint32_t seconds;
} watch;

static void write_text(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

static void on_second(int number)
{
    (void)number;
    for (uint32_t i = 0; i < watch.count; i++) {
        uint64_t beats = myc_load_relaxed_u64(&watch.beats[i]);
        watch.silent[i] = beats == watch.seen[i] ? watch.silent[i] + 1 : 0;
        watch.seen[i] = beats;
        if (watch.silent[i] >= watch.seconds) {
            write_text("FAILED: a call did not return: ");
            write_text((const char *)(uintptr_t)myc_load_relaxed_u64(&watch.doing[i]));
            write_text("\n");
            _exit(1);
        }
    }
}

static void set_timer(long seconds)
{
    struct itimerval every = {{seconds, 0}, {seconds, 0}};
    STORM_CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0, "errno %d", errno);
}

void storm_watch_start(uint32_t count, uint32_t seconds)
{
    struct sigaction action;
    memset(&watch, 0, sizeof watch);
    watch.count = count;
    watch.seconds = seconds;
    for (uint32_t i = 0; i < count; i++) {
        storm_beat(i, "start");
    }
    memset(&action, 0, sizeof action);
    action.sa_handler = on_second;
    action.sa_flags = SA_RESTART;
    STORM_CHECK(sigaction(SIGALRM, &action, NULL) == 0, "errno %d", errno);
    set_timer(1);
}

void storm_beat(uint32_t index, const char *what)
{
    struct myc_atomic_u64 *beats = &watch.beats[index];
    myc_store_relaxed_u64(&watch.doing[index], (uint64_t)(uintptr_t)what);
    myc_store_relaxed_u64(beats, myc_load_relaxed_u64(beats) + 1);
}

uint64_t storm_beats(uint32_t index)
{
    return myc_load_relaxed_u64(&watch.beats[index]);
}

void storm_watch_await(uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        while (storm_beats(i) < BEATS_BEGUN) {
            (void)sched_yield();
        }
    }
}

void storm_watch_stop(void)
{
    set_timer(0);
}

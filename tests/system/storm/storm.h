// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What the storms share: options, failures, draws, the clock, and a watch that ends a call which
 * does not return.
 */
#ifndef MYC_SYSTEM_STORM_STORM_H
#define MYC_SYSTEM_STORM_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STORM_TSAN 1
#endif
#if __has_feature(address_sanitizer)
#define STORM_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) && !defined(STORM_TSAN)
#define STORM_TSAN 1
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(STORM_ASAN)
#define STORM_ASAN 1
#endif
#ifndef STORM_TSAN
#define STORM_TSAN 0
#endif
#ifndef STORM_ASAN
#define STORM_ASAN 0
#endif

/** Says what went wrong and ends the process with 1. Children die with it. Threads: any. */
_Noreturn void storm_fail(const char *file, int line, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** Fails, with a text as of printf, unless the condition holds. */
#define STORM_CHECK(condition, ...)                                                                \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            storm_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);                               \
        }                                                                                          \
    } while (0)

/** One option: --NAME N. */
struct storm_option {
    const char *name;
    const char *what; /* for --help */
    uint64_t *value;  /* holds the default */
};

/** Reads the command line. --help prints `purpose` and ends with 0; nonsense is told, exit 2. */
void storm_options(
    int argc, char **argv, const char *purpose, const struct storm_option *options, size_t count);

/** Monotonic time. */
uint64_t storm_now_ns(void);

// ---- Draws ----

/** A stream of numbers that follows from its seed. */
struct storm_draw {
    uint64_t state;
};

static inline uint64_t storm_word(struct storm_draw *draw)
{
    uint64_t z = draw->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/** 0 to bound - 1. */
static inline uint64_t storm_below(struct storm_draw *draw, uint64_t bound)
{
    return storm_word(draw) % bound;
}

// ---- The watch ----

enum { STORM_WATCHED_MAX = 8 };

/** From now on each of `count` workers must call storm_beat() at least every `seconds` seconds. */
void storm_watch_start(uint32_t count, uint32_t seconds);

/** Worker `index` goes on to do `what`, a string that stays. */
void storm_beat(uint32_t index, const char *what);

/** How often that worker went on so far. */
uint64_t storm_beats(uint32_t index);

/** Waits until workers `first` to `last` have begun: what starting them takes is taken by then. */
void storm_watch_await(uint32_t first, uint32_t last);

/** Nobody is watched any more. */
void storm_watch_stop(void);

// ---- Allocations ----

/** Allocations of this process so far, of any thread, by any of malloc's kin. */
uint64_t storm_allocations(void);

#endif

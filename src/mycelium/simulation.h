// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Places that the simulator knows by name: where a rare path may be forced (MYC_BUGGIFY), and what
 * a campaign must have seen (MYC_SOMETIMES, MYC_REACHED) or must never see (MYC_NEVER_REACHED).
 *
 * They exist in code compiled with MYC_SIMULATION or MYC_SIMCHECK defined; elsewhere they are
 * nothing: no symbol, no branch, and no condition is evaluated. The targets mycelium::sim and
 * mycelium::simcheck define it for what they are linked to, so a user's sources have their marks
 * when they are compiled into a simulation. The library's own marks are in the simcheck archive
 * only: a plain simulation runs the production archive, as it is shipped.
 *
 * A label is a string literal of letters, digits, '.', '-' and '_', "<module>.<what happens>". It
 * names its mark in tables and in tapes, so it should not change with the code around it. The same
 * label in several places is one mark. All marks of the linked objects are known to a campaign from
 * its start, reached or not: each place leaves a pointer in the section `myc_marks`.
 *
 * Threads: any. Outside of a simulated run all of them do nothing.
 */
#ifndef MYC_SIMULATION_H
#define MYC_SIMULATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum myc_mark_kind { MYC_MARK_SOMETIMES, MYC_MARK_REACHED, MYC_MARK_NEVER, MYC_MARK_BUGGIFY };

/** One place in the code. */
struct myc_mark {
    const char *label;
    const char *file;
    uint32_t line;
    enum myc_mark_kind kind;
    uint32_t rate; /* of BUGGIFY: fires about once in so many */
};

/**
 * Tells the simulator that a place was reached and whether its condition held; defined by the
 * harness. `place` is the place's word in the section `myc_marks`.
 *
 * Returns: for BUGGIFY whether to take the rare path, else `holds`.
 */
bool myc_simulation_mark(const struct myc_mark *const *place, bool holds);

#if defined(MYC_SIMCHECK) || defined(MYC_SIMULATION)

#define MYC_MARK_PLACE_(mark_kind, mark_label, mark_rate, mark_holds)                              \
    (__extension__({                                                                               \
        static const struct myc_mark myc_mark_ = {                                                 \
            mark_label, __FILE__, __LINE__, mark_kind, mark_rate};                                 \
        static const struct myc_mark *const myc_mark_place_                                        \
            __attribute__((section("myc_marks"), used)) = &myc_mark_;                              \
        myc_simulation_mark(&myc_mark_place_, (mark_holds));                                       \
    }))

/**
 * True when a run of the simulator wants the rare path here: in about a quarter of the runs, drawn
 * for each label, and there about one time in four (with _RATE: once in `rate`). One run in five
 * has all of them off, as has the phase without faults. Elsewhere the constant false.
 */
#define MYC_BUGGIFY(label) MYC_BUGGIFY_RATE(label, 4)
#define MYC_BUGGIFY_RATE(label, rate)                                                              \
    MYC_MARK_PLACE_(MYC_MARK_BUGGIFY, "buggify." label, rate, true)

/** A campaign should see the condition hold at least once here. */
#define MYC_SOMETIMES(condition, label)                                                            \
    ((void)MYC_MARK_PLACE_(MYC_MARK_SOMETIMES, label, 0, (condition)))

/** A campaign should come here at least once. */
#define MYC_REACHED(label) ((void)MYC_MARK_PLACE_(MYC_MARK_REACHED, label, 0, true))

/** Whoever comes here ends the run as a failure. */
#define MYC_NEVER_REACHED(label) ((void)MYC_MARK_PLACE_(MYC_MARK_NEVER, label, 0, true))

#else

#define MYC_BUGGIFY(label) (false)
#define MYC_BUGGIFY_RATE(label, rate) (false)
#define MYC_SOMETIMES(condition, label) ((void)sizeof((condition) ? 1 : 0))
#define MYC_REACHED(label) ((void)0)
#define MYC_NEVER_REACHED(label) ((void)0)

#endif

#ifdef __cplusplus
}
#endif

#endif

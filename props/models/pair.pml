/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The pair {position, sequence}: two copies, stored in one order, read by whoever joins.
 *
 * A pair is true if its position and its sequence were stored together; here the sequence of
 * position n is n + 8. The writer may die between any two stores, and a reader must then still
 * find a pair.
 *
 * verify safety
 * fault RELOAD_MISSING assert: a copy is believed though its position may have changed meanwhile
 * fault EQUAL_IS_ENOUGH assert: the first copy is believed because both positions were equal
 * fault STORES_RELAXED assert: the four stores become visible in any order
 * fault ONE_COPY stuck: only the first copy is read, which a dead writer may have left torn
 * fault SECOND_FIRST assert: the second copy is stored first
 */
#define STORES_REORDER
#define THREADS 1
#define CELLS 4
#include "memory.pml"

#define POSITION0 0
#define SEQUENCE0 1
#define POSITION1 2
#define SEQUENCE1 3
#define POINTS 3
#define TRUE_SEQUENCE(position) ((position) + 8)

#ifdef STORES_RELAXED
#define ORDER RELAXED
#else
#define ORDER RELEASE
#endif

bool is_dead;

proctype Writer()
{
    byte position;
    {
    do
    :: position == POINTS -> break
    :: position < POINTS ->
        position++;
#ifdef SECOND_FIRST
        STORE(0, POSITION1, position, ORDER);
        STORE(0, SEQUENCE1, TRUE_SEQUENCE(position), ORDER);
#endif
        STORE(0, POSITION0, position, ORDER);
        STORE(0, SEQUENCE0, TRUE_SEQUENCE(position), ORDER);
#ifndef SECOND_FIRST
        STORE(0, POSITION1, position, ORDER);
        STORE(0, SEQUENCE1, TRUE_SEQUENCE(position), ORDER)
#endif
    od
    } unless { is_dead }
}

/* Stops the writer anywhere; what it stored before still becomes visible. */
proctype Death()
{
    is_dead = true
}

proctype Reader()
{
    byte first, second, sequence, again;
retry:
    first = memory[POSITION0];
    second = memory[POSITION1];
    if
    :: first == second ->
        sequence = memory[SEQUENCE0];
#ifdef EQUAL_IS_ENOUGH
        goto found;
#endif
        again = memory[POSITION0];
        if
        :: again == first -> goto found
        :: else -> goto retry
        fi
#ifdef ONE_COPY
    :: first != second ->
        (memory[POSITION0] == memory[POSITION1]);
        goto retry
#else
    :: first > second ->
        first = second;
        sequence = memory[SEQUENCE1];
#ifndef RELOAD_MISSING
        again = memory[POSITION1];
        if
        :: again == first -> goto found
        :: else -> goto retry
        fi
#else
        goto found
#endif
    :: first < second -> goto retry
#endif
    fi;
found:
    assert(sequence == TRUE_SEQUENCE(first))
}

init
{
    atomic {
        memory[SEQUENCE0] = TRUE_SEQUENCE(0);
        memory[SEQUENCE1] = TRUE_SEQUENCE(0);
        run Writer();
        run Death();
        run Reader();
        run Empty(0)
    }
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Joining a ring that is being written: the refresh of the limit against a joiner.
 *
 * Records are one word, the word at position p is p + 1, and a commit publishes one or two of
 * them. The joiner proposes the progress or the newest sync entry, shows itself, and looks whether
 * the writer may have been past it; then it reads, gates, leaves and joins once more. It must find
 * every record from its position on, none before it is committed, and must never be taken for a
 * liar.
 *
 * The slot is a state and one head: a state is its generation times four plus what it is. That a
 * commit orders its stores is the matter of ring.pml.
 *
 * verify safety
 * fault WRITER_UNFENCED stuck: no fence between the limit and the second look for joiners
 * fault JOINER_UNFENCED stuck: no fence between the proposal and the look at the limit
 * fault RELOAD_UNUSED stuck: the second pass does not lower the limit
 * fault LIMIT_TOLD_LATE stuck: the limit is told after the second pass
 * fault ACCEPT_UNCHECKED stuck: the joiner does not look at the limit
 * fault LOOK_BEFORE_PROPOSAL stuck: the joiner looks at the limit before it shows itself
 * fault JOINING_POISONED assert: a proposal outside the window is taken for a lie
 * fault POISON_BY_STORE assert: the slot is fenced though another has it by now
 * fault PROGRESS_RELAXED assert: progress may become visible before the records
 * fault SYNC_BEFORE_PUBLISH assert: the sync entry is stored before the records are published
 * fault FIRST_HEADER_FIRST assert: of two records the first is published before the second
 * fault READ_BEFORE_ACCEPT assert: the joiner reads the ring before its position is accepted
 */
#define STORES_REORDER
#define THREADS 2
#define CELLS 9
#include "memory.pml"

#define CAPACITY 4
#ifndef RECORDS
#define RECORDS 7
#endif
#define JOINS 2

#define LIMIT_TOLD 4
#define HEAD 5
#define STATE 6
#define PROGRESS 7
#define SYNC 8

#define FREE 0
#define JOINING 1
#define ACTIVE 2
#define KIND(state) ((state) & 3)
#define OFFSET(position) ((position) % CAPACITY)

#ifdef PROGRESS_RELAXED
#define TELLING RELAXED
#else
#define TELLING RELEASE
#endif

byte committed; /* ghost: the last record whose publishing store was made */

/* The position must not be below its subtrahend: `limit - capacity` starts at 0 and only grows. */
#define IS_OUTSIDE (head < limit - CAPACITY || head > position)

/* One pass over the only slot: the lowest gating head, the position if nobody gates. */
inline look_for_readers()
{
    state = LOAD(0, STATE);
    lowest = position;
    if
    :: KIND(state) == FREE
    :: KIND(state) != FREE ->
        head = LOAD(0, HEAD);
        if
        :: !IS_OUTSIDE -> lowest = head
        :: IS_OUTSIDE ->
#ifdef JOINING_POISONED
            assert(memory[STATE] != state) /* or an honest reader is fenced */
#else
            if
            :: KIND(state) == ACTIVE ->
#ifdef POISON_BY_STORE
                assert(KIND(memory[STATE]) == FREE)
#else
                assert(memory[STATE] != state)
#endif
            :: KIND(state) == JOINING
            fi
#endif
        fi
    fi
}

#define LEAST(a, b) ((a) < (b) -> (a) : (b))
#define MOST(a, b) ((a) > (b) -> (a) : (b))
#define LIMIT_FOR(lowest) MOST(limit, LEAST((lowest) + CAPACITY, position + need))

proctype Writer()
{
    byte position, limit = CAPACITY, told = CAPACITY, need, new, state, head, lowest, count;
    do
    :: position == RECORDS -> break
    :: position < RECORDS ->
        if
        :: count = 1
        :: position + 2 <= RECORDS -> count = 2
        fi;
        need = count + 1;
        do
        :: position + need <= limit -> break
        :: position + need > limit ->
            look_for_readers();
            new = LIMIT_FOR(lowest);
            if
            :: new == limit ->
                /* Full: until the reader moves, comes or goes. */
                (memory[STATE] != state || memory[HEAD] != head)
            :: new != limit ->
#ifndef LIMIT_TOLD_LATE
                if
                :: new > told ->
                    told = new;
                    STORE(0, LIMIT_TOLD, new, RELAXED)
                :: new <= told
                fi;
#endif
#ifndef WRITER_UNFENCED
                FENCE(0);
#endif
                look_for_readers();
#ifndef RELOAD_UNUSED
                new = LEAST(new, LIMIT_FOR(lowest));
#endif
                limit = new;
#ifdef LIMIT_TOLD_LATE
                if
                :: new > told ->
                    told = new;
                    STORE(0, LIMIT_TOLD, new, RELAXED)
                :: new <= told
                fi
#endif
            fi
        od;
        atomic {
            new = 0;
            need = 0;
            lowest = 0;
            state = 0;
            head = 0
        }
#ifdef SYNC_BEFORE_PUBLISH
        STORE(0, SYNC, position + count - 1, TELLING);
#endif
#ifdef FIRST_HEADER_FIRST
        atomic {
            STORE(0, OFFSET(position), position + 1, RELEASE);
            committed = position + count
        }
#endif
        STORE(0, OFFSET(position + count), 0, RELAXED);
        if
        :: count == 2 -> STORE(0, OFFSET(position + 1), position + 2, RELAXED)
        :: count == 1
        fi;
#ifndef FIRST_HEADER_FIRST
        atomic {
            STORE(0, OFFSET(position), position + 1, RELEASE);
            committed = position + count
        }
#endif
#ifndef SYNC_BEFORE_PUBLISH
        STORE(0, SYNC, position + count - 1, TELLING);
#endif
        position = position + count;
        STORE(0, PROGRESS, position, TELLING)
    od
}

proctype Joiner()
{
    byte position, told, word, joins;
    do
    :: joins == JOINS -> break
    :: joins < JOINS ->
        joins++;
        if
        :: position = memory[PROGRESS]
        :: position = memory[SYNC]
        fi;
        do
        :: true ->
#ifdef LOOK_BEFORE_PROPOSAL
            told = memory[LIMIT_TOLD];
#endif
            STORE(1, HEAD, position, RELEASE);
            STORE(1, STATE, joins * 4 + JOINING, RELEASE);
#ifndef JOINER_UNFENCED
            FENCE(1);
#endif
#ifdef READ_BEFORE_ACCEPT
            word = memory[OFFSET(position)];
            assert(word == 0 || word == position + 1);
#endif
#ifdef ACCEPT_UNCHECKED
            break;
#endif
#ifndef LOOK_BEFORE_PROPOSAL
            told = memory[LIMIT_TOLD];
#endif
            if
            :: told - position <= CAPACITY -> break
            :: told - position > CAPACITY -> position = memory[PROGRESS]
            fi
        od;
        told = 0;
        STORE(1, STATE, joins * 4 + ACTIVE, RELEASE);
        do
        :: position == RECORDS -> break
        :: position < RECORDS ->
            word = memory[OFFSET(position)];
            if
            :: word == 0 -> memory[OFFSET(position)] != 0
            :: word != 0 ->
                assert(word == position + 1);
                assert(word <= committed);
                position++;
                STORE(1, HEAD, position, RELEASE)
            fi;
            word = 0
        :: joins < JOINS -> break
        od;
        STORE(1, STATE, joins * 4 + FREE, RELEASE)
    od
}

init
{
    atomic {
        memory[LIMIT_TOLD] = CAPACITY;
        run Writer();
        run Joiner();
        run Empty(0);
        run Empty(1)
    }
}

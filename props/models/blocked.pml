/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A writer that sleeps because its ring is full, and the readers that make room.
 *
 * The ring holds one record. The writer arms in its control page, fences, asks the heads once more
 * and sleeps on its doorbell; a reader moves its head, fences, looks at the arm word and rings
 * once for each arming. One reader may leave instead of reading on. A writer asleep for ever is
 * the end that must not be.
 *
 * verify safety
 * fault READER_UNFENCED stuck: no fence between the head and the look at the arm word
 * fault WRITER_UNFENCED stuck: no fence between arming and the last look at the heads
 * fault NO_LAST_LOOK stuck: the writer sleeps without another look at the heads
 * fault BELL_CLEARED_LATE stuck: the doorbell is cleared after the last look
 * fault ARM_VALUES_RECUR stuck: each arming stores the same value
 * fault ROOM_UNRUNG stuck: a reader that makes room does not ring
 * fault LEAVE_UNRUNG stuck: who leaves, or is taken out, does not ring
 */
#define THREADS 3
#define CELLS 6
#include "memory.pml"

#define CAPACITY 1
#ifndef RECORDS
#define RECORDS 3
#endif
#define WRITER 2
#define COMMITTED 0
#define ARM 1
#define HEAD(r) (2 + (r))
#define IS_OUT(r) (4 + (r))

bool bell;

/* The head that gates; one that is out gates nobody. */
inline look_at_heads()
{
    is_full = false;
    is_out = LOAD(WRITER, IS_OUT(0));
    is_full = !is_out && record - LOAD(WRITER, HEAD(0)) == CAPACITY;
    is_out = LOAD(WRITER, IS_OUT(1));
    atomic {
        is_full = is_full || (!is_out && record - LOAD(WRITER, HEAD(1)) == CAPACITY);
        is_out = false
    }
}

proctype Writer()
{
    byte record, arm;
    bool is_full, is_out;
    do
    :: record == RECORDS -> break
    :: record < RECORDS ->
        look_at_heads();
        if
        :: is_full ->
#ifndef BELL_CLEARED_LATE
            bell = false;
#endif
#ifdef ARM_VALUES_RECUR
            arm = 1;
#else
            arm = (arm + 1) | 1;
#endif
            STORE(WRITER, ARM, arm, RELAXED);
#ifndef WRITER_UNFENCED
            FENCE(WRITER);
#endif
#ifndef NO_LAST_LOOK
            look_at_heads();
#endif
#ifdef BELL_CLEARED_LATE
            bell = false;
#endif
            if
            :: is_full -> bell
            :: !is_full
            fi;
            arm = (arm + 1) & 254;
            STORE(WRITER, ARM, arm, RELAXED)
        :: !is_full ->
            record++;
            STORE(WRITER, COMMITTED, record, RELEASE)
        fi
    od
}

proctype Reader(byte r)
{
    byte position, arm, rung;
    do
    :: position == RECORDS -> goto done
    :: position < RECORDS ->
        memory[COMMITTED] > position;
        position++;
        STORE(r, HEAD(r), position, RELEASE);
#ifndef ROOM_UNRUNG
#ifndef READER_UNFENCED
        FENCE(r);
#endif
        arm = LOAD(r, ARM);
        atomic {
            if
            :: (arm & 1) && arm != rung ->
                rung = arm;
                bell = true
            :: else
            fi;
            arm = 0
        }
#endif
    :: r == 1 && position < RECORDS -> break
    od;
    STORE(r, IS_OUT(r), true, RELEASE);
#ifndef LEAVE_UNRUNG
    FENCE(r);
    bell = true;
#endif
done:
    skip
}

init
{
    atomic {
        run Writer();
        run Reader(0);
        run Reader(1);
        run Empty(0);
        run Empty(1);
        run Empty(2)
    }
}

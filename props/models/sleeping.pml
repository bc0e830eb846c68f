/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A reader that sleeps on one doorbell while it waits for two rings.
 *
 * The writers commit, look at the arm word of the slot, ring, and at last close. With KILLS there
 * is one ring, and the reader may be killed once while it is armed; another then takes its slot
 * with a page and a doorbell of its own, and goes on behind what is committed. A reader asleep for
 * ever with a record or a close unseen is the end that must not be.
 *
 * Arm words are odd while armed; each reader starts at its generation, so that no value recurs.
 *
 * verify safety
 * verify safety -DKILLS
 * fault WRITER_UNFENCED stuck: no fence between the commit and the look at the arm word
 * fault READER_UNFENCED stuck: no fence between arming and the last look
 * fault NO_LAST_LOOK stuck: the reader sleeps without a look after arming
 * fault ONE_RING_LOOKED_AT stuck: the last look leaves a ring out
 * fault ONE_RING_ARMED stuck: the reader arms only in the first ring
 * fault BELL_CLEARED_LATE stuck: the doorbell is cleared after the last look
 * fault CLOSE_UNRUNG stuck: the close of a ring rings nobody
 * fault CLOSE_NOT_LOOKED_FOR stuck: the last look asks for records only
 * fault END_AT_CLOSE assert: a ring is at its end when it is closed, whatever is left in it
 * fault ARM_VALUES_RECUR stuck: the arm words of a new reader start where the last one's did
 * fault MAY_SLEEP_LATE stuck: that readers may sleep is told at the join and asked before the fence
 */
/* One ring shows them soonest. */
#if defined(ARM_VALUES_RECUR) || defined(MAY_SLEEP_LATE)
#define KILLS
#endif
#ifdef ARM_VALUES_RECUR
#define GENERATION 0
#else
#define GENERATION 32
#endif

#ifdef MAY_SLEEP_LATE
#define CELLS 8
#else
#define CELLS 6
#endif
#define THREADS 3
#include "memory.pml"

#ifdef KILLS
#define BATCHES(w) (3 * (1 - (w)))
#else
#define BATCHES(w) (2 - (w))
#endif
#define READER 2
#define COMMITTED(w) (w)
#define ARM(w) (2 + (w))
#define CLOSED(w) (4 + (w))
#define MAY_SLEEP(w) (6 + (w))

bool bell;
byte position[2];

proctype Writer(byte w)
{
    byte batch, word, rung;
    do
    :: batch == BATCHES(w) + 1 -> break
    :: batch <= BATCHES(w) ->
        batch++;
        if
        :: batch <= BATCHES(w) -> STORE(w, COMMITTED(w), batch, RELEASE)
        :: batch > BATCHES(w) ->
            STORE(w, CLOSED(w), batch, RELEASE);
#ifdef CLOSE_UNRUNG
            break
#endif
        fi;
#ifdef MAY_SLEEP_LATE
        if
        :: LOAD(w, MAY_SLEEP(w)) -> skip
        :: else -> goto next
        fi;
#endif
#ifndef WRITER_UNFENCED
        FENCE(w);
#endif
        word = LOAD(w, ARM(w));
        atomic {
            if
            :: (word & 1) && word != rung ->
                rung = word;
                bell = true
            :: else
            fi;
            word = 0
        }
#ifdef MAY_SLEEP_LATE
next:
        skip
#endif
    od
}

#define HAS_RECORD(w) (LOAD(READER, COMMITTED(w)) > position[w])
#ifdef END_AT_CLOSE
#define HAS_ENDED(w) (LOAD(READER, CLOSED(w)) != 0)
#else
#define HAS_ENDED(w) (LOAD(READER, CLOSED(w)) == position[w] + 1)
#endif

inline poll(w)
{
    atomic {
        if
        :: HAS_RECORD(w) ->
            position[w] = LOAD(READER, COMMITTED(w));
            is_idle = false
        :: else
        fi
    }
}

#ifdef CLOSE_NOT_LOOKED_FOR
#define LOOK(w) is_idle = is_idle && !HAS_RECORD(w)
#else
/* A ring that was seen to have ended needs no more looks. */
#define LOOK(w) \
    is_idle = is_idle && !HAS_RECORD(w); \
    is_idle = is_idle && (ended[w] || !HAS_ENDED(w))
#endif

inline turn()
{
    atomic {
        is_idle = true;
        poll(0)
    };
    poll(1);
    ended[0] = HAS_ENDED(0);
    ended[1] = HAS_ENDED(1);
    if
    :: ended[0] && ended[1] -> goto done
    :: !is_idle -> atomic { ended[0] = false; ended[1] = false }
    :: is_idle && !(ended[0] && ended[1]) ->
#ifndef BELL_CLEARED_LATE
        atomic {
            bell = false;
            arm = (arm + 1) | 1
        };
#else
        arm = (arm + 1) | 1;
#endif
        STORE(READER, ARM(0), arm, RELAXED);
#ifndef ONE_RING_ARMED
        STORE(READER, ARM(1), arm, RELAXED);
#endif
#ifndef READER_UNFENCED
        FENCE(READER);
#endif
#ifndef NO_LAST_LOOK
        LOOK(0);
#ifndef ONE_RING_LOOKED_AT
        LOOK(1);
#endif
#endif
#ifdef BELL_CLEARED_LATE
        bell = false;
#endif
        perhaps_killed();
        atomic {
            if
            :: is_idle -> bell
            :: !is_idle
            fi;
            ended[0] = false;
            ended[1] = false;
            is_idle = false;
            arm = (arm + 1) & 254
        };
        STORE(READER, ARM(0), arm, RELAXED);
        STORE(READER, ARM(1), arm, RELAXED)
    fi
}

/* While it is armed, for only then there is something to inherit. */
inline perhaps_killed()
{
#ifdef KILLS
    if
    :: !was_killed -> goto killed
    :: true
    fi
#else
    skip
#endif
}

proctype Reader()
{
    byte arm;
    bool is_idle, ended[2], was_killed;
start:
    STORE(READER, ARM(0), arm, RELAXED);
    STORE(READER, ARM(1), arm, RELAXED);
#ifdef MAY_SLEEP_LATE
    STORE(READER, MAY_SLEEP(0), 1, RELAXED);
    STORE(READER, MAY_SLEEP(1), 1, RELAXED);
#endif
    FENCE(READER);
    do
    :: turn()
    od;
#ifdef KILLS
killed:
    /* What it stored becomes visible, and its bell is gone with it. */
    atomic {
        FENCE(READER) ->
        was_killed = true;
        is_idle = false;
        bell = false;
        arm = GENERATION;
        position[0] = memory[COMMITTED(0)];
        position[1] = memory[COMMITTED(1)];
        goto start
    };
#endif
done:
    assert(position[0] == BATCHES(0) && position[1] == BATCHES(1))
}

init
{
    atomic {
        run Writer(0);
#ifdef KILLS
        memory[CLOSED(1)] = 1;
#else
        run Writer(1);
#endif
        run Reader();
        run Empty(0);
        run Empty(1);
        run Empty(2)
    }
}

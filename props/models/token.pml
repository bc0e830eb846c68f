/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The drain token: two threads that write one ring to one socket, and never wait for each other.
 *
 * The publisher commits and drains; when the ring is full it arms, looks once more and sleeps on
 * its doorbell. The agent drains when the socket takes bytes again, and rings the publisher if
 * that made room. Who fails to get the token leaves a mark; who gives it back looks at the mark. A
 * record is two units, the socket takes two at most and may take less, and the peer reads at its
 * leisure. The peer must get all units, in order: bytes left behind in the ring are the end that
 * must not be. `fair` also demands that no thread is busy for ever without a unit moving.
 *
 * verify safety
 * verify fair
 * fault TAKE_TORN assert: the token is looked at, then taken
 * fault MORE_UNCHECKED stuck: who gives the token back does not look at the mark
 * fault MORE_CLEARED_LATE stuck: the mark is cleared after the writing, not before it
 * fault MORE_CLEARED_BY_STORE stuck: the mark is cleared by a store, which a look may overtake
 * fault MORE_NEVER_CLEARED loop: the mark is not cleared
 * fault MORE_UNSET stuck: who fails to get the token leaves no mark
 * fault SECOND_TRY_MISSING stuck: who has left the mark does not try once more
 * fault RELEASE_UNFENCED stuck: no fence between giving the token back and the look at the mark
 * fault INTEREST_UNSET stuck: a full socket does not arm the interest in writing
 * fault INTEREST_KEPT loop: an emptied ring does not disarm it
 * fault INTEREST_AFTER_RELEASE stuck: the interest is changed when the token is given back
 * fault ROOM_UNTOLD stuck: the agent that made room does not ring
 */
#define THREADS 2
#define CELLS 6
#include "memory.pml"

#define CAPACITY 2
#ifndef RECORDS
#define RECORDS 4
#endif
#define SOCKET 2
#define PUBLISHER 0
#define AGENT 1

#define TOKEN 0
#define MORE 1
#define COMMITTED 2
#define HEAD 3
#define ARM 4
#define ROOM_MADE 5

byte written;    /* units; the holder's */
byte arm_seen;   /* the holder's */
bool interest;   /* of the agent in writing; changed by the holder */
byte queued;     /* units in the socket */
byte received;
byte holders;
bool bell;

inline take(t)
{
#ifdef TAKE_TORN
    has_token = memory[TOKEN] == 0;
    if
    :: has_token -> memory[TOKEN] = 1
    :: else
    fi
#else
    atomic {
        FENCE(t) ->
        has_token = memory[TOKEN] == 0;
        memory[TOKEN] = 1
    }
#endif
}

/* Writes until the ring is empty or the socket full; AGAIN is told in is_full. */
inline write_all(t)
{
    atomic {
        holders++;
        assert(holders == 1);
        is_full = false
    };
    do
    :: atomic { LOAD(t, COMMITTED) * 2 == written -> break }
    :: atomic {
           LOAD(t, COMMITTED) * 2 > written && queued == SOCKET ->
           is_full = true;
           break
       }
    :: atomic {
           LOAD(t, COMMITTED) * 2 > written && queued < SOCKET ->
           assert(written == received + queued);
           written++;
           queued++
       };
       if
       :: written % 2 == 0 ->
           STORE(t, HEAD, written / 2, RELEASE);
           FENCE(t);
           word = LOAD(t, ARM);
           if
           :: (word & 1) && word != arm_seen ->
               /* The publisher is not armed while it drains. */
               arm_seen = word; STORE(t, ROOM_MADE, 1, RELEASE) /* unreached by the publisher */
           :: else
           fi;
           word = 0
       :: else
       fi
    od
}

#ifdef INTEREST_KEPT
#define SET_INTEREST interest = interest || is_full
#elif defined(INTEREST_UNSET)
#define SET_INTEREST interest = false
#else
#define SET_INTEREST interest = is_full
#endif

/* By an exchange: what was committed before a mark that it clears is seen. */
inline clear_more(t)
{
    atomic { FENCE(t) -> memory[MORE] = 0 }
}

inline drain(t)
{
    take(t);
    if
    :: !has_token ->
#ifndef MORE_UNSET
        STORE(t, MORE, 1, RELEASE);
        FENCE(t);
#endif
#ifndef SECOND_TRY_MISSING
        take(t)
#endif
    :: has_token
    fi;
    do
    :: !has_token -> break
    :: has_token ->
#if defined(MORE_CLEARED_BY_STORE)
        STORE(t, MORE, 0, RELEASE);
#elif !defined(MORE_CLEARED_LATE) && !defined(MORE_NEVER_CLEARED)
        clear_more(t);
#endif
        write_all(t);
#ifdef MORE_CLEARED_LATE
        clear_more(t);
#endif
#ifndef INTEREST_AFTER_RELEASE
        SET_INTEREST;
#endif
        atomic {
            holders--;
            STORE(t, TOKEN, 0, RELEASE)
        };
#ifndef RELEASE_UNFENCED
        FENCE(t);
#endif
#ifdef INTEREST_AFTER_RELEASE
        SET_INTEREST;
#endif
#ifdef MORE_UNCHECKED
        has_token = false
#else
        if
        :: LOAD(t, MORE) == 0 -> has_token = false
        :: else -> take(t)
        fi
#endif
    od;
    is_full = false
}

proctype Publisher()
{
    byte record, word, arm;
    bool has_token, is_full;
    do
    :: record == RECORDS -> break
    :: record < RECORDS ->
        if
        :: record - LOAD(PUBLISHER, HEAD) < CAPACITY ->
progress_commit:
            record++;
            STORE(PUBLISHER, COMMITTED, record, RELEASE);
            drain(PUBLISHER)
        :: else ->
            drain(PUBLISHER);
            if
            :: record - LOAD(PUBLISHER, HEAD) < CAPACITY
            :: else ->
                bell = false;
                arm = (arm + 1) | 1;
                STORE(PUBLISHER, ARM, arm, RELAXED);
                FENCE(PUBLISHER);
                if
                :: record - LOAD(PUBLISHER, HEAD) < CAPACITY
                :: else -> bell
                fi;
                arm = (arm + 1) & 254;
                STORE(PUBLISHER, ARM, arm, RELAXED)
            fi
        fi
    od
}

proctype Agent()
{
    byte word;
    bool has_token, is_full, has_made_room;
end:
    do
    :: interest && queued < SOCKET ->
        drain(AGENT);
        atomic {
            FENCE(AGENT) ->
            has_made_room = memory[ROOM_MADE];
            memory[ROOM_MADE] = 0
        };
#ifndef ROOM_UNTOLD
        if
        :: has_made_room -> bell = true
        :: else
        fi;
#endif
        has_made_room = false
    od
} /* unreached: it never ends */

proctype Peer()
{
    do
    :: received == 2 * RECORDS -> break
    :: atomic {
           queued > 0 ->
           queued--;
           received++
       };
progress_receive:
       skip
    od
}

init
{
    atomic {
        run Publisher();
        run Agent();
        run Peer();
        run Empty(PUBLISHER);
        run Empty(AGENT)
    }
}

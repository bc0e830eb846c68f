/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A writer that sleeps on the lowest of two heads, and a reader that sleeps on the head of the
 * reader in front of it.
 *
 * The ring holds one record. Who sleeps does so on two words at once: the head it waits for, and a
 * bell that is counted up when the reader in front leaves. Going to sleep compares both with what was
 * seen, in memory itself. A reader moves its head, fences, and wakes all who sleep on that head if
 * the writer is armed, or if somebody is behind it. The reader in front may leave instead of
 * reading on; the writer then waits for it no longer, and who is behind it is told. Somebody asleep
 * for ever is the end that must not be.
 *
 * verify safety
 * fault READER_UNFENCED stuck: no fence between the head and the look at the arm word
 * fault WRITER_UNFENCED stuck: no fence between arming and the last look at the heads
 * fault NO_LAST_LOOK stuck: the writer sleeps on a head that is not in the way any more
 * fault NOT_COMPARED stuck: going to sleep does not look at the head once more
 * fault TWO_LOOKS stuck: which head is the lowest comes from one look, what it held from another
 * fault RUNG_ONCE stuck: a reader wakes once for each arming, not at each move of its head
 * fault ROOM_UNRUNG stuck: a reader that makes room wakes nobody
 * fault FOLLOWER_UNRUNG stuck: a reader wakes the writer only, not who is behind it
 * fault LEAVE_UNRUNG stuck: a leave rings no bell
 * fault BELL_SEEN_LATE stuck: the bell is looked at after it was asked who is there
 * fault GATE_IGNORED assert: a reader reads what the one in front has not consumed
 */
#define THREADS 3
#define CELLS 6
#include "memory.pml"

#define CAPACITY 1
#ifndef RECORDS
#define RECORDS 3
#endif
#define FRONT 0
#define BACK 1
#define WRITER 2
#define COMMITTED 0
#define ARM 1
#define HEAD(r) (2 + (r))
#define IS_OUT 4
#define BELL 5
#define AWAKE 9

/* The head that the writer, and the reader behind, sleep on. */
byte writer_bed = AWAKE;
byte back_bed = AWAKE;

inline wake(h)
{
    atomic {
        if
        :: writer_bed == h -> writer_bed = AWAKE
        :: else
        fi;
        if
        :: back_bed == h -> back_bed = AWAKE
        :: else
        fi
    }
}

#ifdef NOT_COMPARED
#define IS_AS_SEEN(h) (memory[BELL] == bell)
#else
#define IS_AS_SEEN(h) (memory[BELL] == bell && memory[HEAD(h)] == seen)
#endif

/* Which head is in the way of the next record: AWAKE if none is. */
inline look_at_heads()
{
    is_out = LOAD(WRITER, IS_OUT);
    slot = AWAKE;
    other = LOAD(WRITER, HEAD(FRONT));
    atomic {
        if
        :: !is_out && record - other == CAPACITY ->
            slot = FRONT;
            seen = other
        :: else
        fi;
        is_out = false
    };
    other = LOAD(WRITER, HEAD(BACK));
    atomic {
        if
        :: record - other == CAPACITY && slot == AWAKE ->
            slot = BACK;
            seen = other
        :: else
        fi;
        other = 0
    }
}

proctype Writer()
{
    byte record, arm, slot, seen, other, bell, bed;
    bool is_out;
    do
    :: record == RECORDS -> break
    :: record < RECORDS ->
        look_at_heads();
        if
        :: slot == AWAKE ->
            atomic { record++; seen = 0 };
            STORE(WRITER, COMMITTED, record, RELEASE)
        :: else ->
#ifndef BELL_SEEN_LATE
            bell = memory[BELL];
#endif
            arm = (arm + 1) | 1;
            STORE(WRITER, ARM, arm, RELAXED);
#ifndef WRITER_UNFENCED
            FENCE(WRITER);
#endif
#ifndef NO_LAST_LOOK
            look_at_heads();
#endif
            bed = slot;
#ifdef TWO_LOOKS
            if
            :: bed != AWAKE -> seen = LOAD(WRITER, HEAD(bed))
            :: else
            fi;
#endif
#ifdef BELL_SEEN_LATE
            bell = memory[BELL];
#endif
            if
            :: bed != AWAKE ->
                atomic {
                    if
                    :: IS_AS_SEEN(bed) -> writer_bed = bed
                    :: else
                    fi
                };
                writer_bed == AWAKE
            :: else
            fi;
            atomic {
                arm = (arm + 1) & 254;
                slot = 0;
                seen = 0;
                bell = 0;
                bed = 0
            };
            STORE(WRITER, ARM, arm, RELAXED)
        fi
    od
}

/* Whom a moved head is to wake. `is_followed` never changes. */
inline tell(r, is_followed)
{
#ifndef READER_UNFENCED
    FENCE(r);
#endif
    word = LOAD(r, ARM);
    atomic {
        if
#ifdef RUNG_ONCE
        :: ((word & 1) && word != rung) || is_followed ->
            rung = word;
#else
        :: (word & 1) || is_followed ->
#endif
#ifndef ROOM_UNRUNG
            wake(r)
#else
            skip
#endif
        :: else
        fi;
        word = 0
    }
}

#ifdef FOLLOWER_UNRUNG
#define IS_FOLLOWED false
#else
#define IS_FOLLOWED true
#endif

proctype Front()
{
    byte position, word, rung;
    do
    :: position == RECORDS -> break
    :: position < RECORDS ->
        memory[COMMITTED] > position;
        position++;
        STORE(FRONT, HEAD(FRONT), position, RELEASE);
        tell(FRONT, IS_FOLLOWED)
    :: position < RECORDS ->
        STORE(FRONT, IS_OUT, true, RELEASE);
        FENCE(FRONT);
#ifndef LEAVE_UNRUNG
        atomic {
            memory[BELL] = 1;
            writer_bed = AWAKE;
            back_bed = AWAKE
        };
#endif
        break
    od
}

#ifdef GATE_IGNORED
#define ALLOWED LOAD(BACK, COMMITTED)
#else
#define ALLOWED LOAD(BACK, HEAD(FRONT))
#endif

proctype Back()
{
    byte position, seen, word, rung, bell;
    bool is_out;
    do
    :: position == RECORDS -> break
    :: position < RECORDS ->
#ifndef BELL_SEEN_LATE
        bell = memory[BELL];
#endif
        FENCE(BACK);
        is_out = LOAD(BACK, IS_OUT);
        seen = ALLOWED;
        if
        :: seen > position ->
            atomic {
                position++;
                assert(is_out || position <= memory[HEAD(FRONT)] || memory[IS_OUT]);
                seen = 0;
                bell = 0;
                is_out = false
            };
            STORE(BACK, HEAD(BACK), position, RELEASE);
            tell(BACK, false)
        :: seen <= position && is_out ->
            /* It is told; what it does then is its own affair, here it goes. */
            position = RECORDS;
            STORE(BACK, HEAD(BACK), RECORDS, RELEASE);
            tell(BACK, false)
        :: seen <= position && !is_out ->
#ifdef BELL_SEEN_LATE
            bell = memory[BELL];
#endif
            atomic {
                if
                :: IS_AS_SEEN(FRONT) -> back_bed = FRONT
                :: else
                fi
            };
            back_bed == AWAKE;
            atomic {
                seen = 0;
                bell = 0
            }
        fi
    od
}

init
{
    atomic {
        run Writer();
        run Front();
        run Back();
        run Empty(0);
        run Empty(1);
        run Empty(2)
    }
}

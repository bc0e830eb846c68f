/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Receiving a stream of records where readers will find them.
 *
 * Words arrive, one to three at a time. The first of a run waits in private, the others go to their
 * places, where nobody sees them while the word before them is zero. Then whole records are
 * published: the word behind them becomes the private one and is zeroed, and the first header is
 * stored last. A record that cannot lie before the ring's end moves to offset 0 behind a PAD. The
 * reader gates, and must find every record whole, and nothing else.
 *
 * A word is 8 bytes; a record is its header and up to two words of payload, which may look like
 * anything, so like a header.
 *
 * verify safety
 * fault HEADER_IN_PLACE assert: the first word of a run is received to its place as well
 * fault TAIL_SHOWN assert: the word behind the last whole record is not zeroed
 * fault ZERO_AFTER_PUBLISH assert: it is zeroed after the records are published
 * fault TAIL_FORGOTTEN assert: the word that is zeroed is not kept
 * fault PUBLISH_RELAXED assert: the publishing store is no release
 * fault MOVED_UNHIDDEN assert: what is at offset 0 is not zeroed before the PAD is published
 * fault MOVED_SHORT assert: what had arrived of a moved record stays behind
 */
#define STORES_REORDER
#define THREADS 1
#define CELLS 7
#include "memory.pml"

#ifndef RECORDS
#define RECORDS 4
#endif
#define CAPACITY 6
#define SIZE_MAX 3
#define HEAD CAPACITY

#define HEADER(id, size) ((id) * 4 + (size))
#define PAYLOAD(id, at) (64 + (id) * 4 + (at))
#define PAD 128
#define OFFSET(position) ((position) % CAPACITY)
#define RUN(position) (CAPACITY - OFFSET(position))
#define SIZE(word) ((word) % 4)

#ifdef PUBLISH_RELAXED
#define PUBLISHING RELAXED
#else
#define PUBLISHING RELEASE
#endif

/* Ghost. */
byte size_of[RECORDS + 1];

/* The next word of the stream. */
inline next_word()
{
    atomic {
        if
        :: sent == 0 ->
            if
            :: size_of[sending] = 1
            :: size_of[sending] = 2
            :: size_of[sending] = 3
            fi;
            word = HEADER(sending, size_of[sending])
        :: sent != 0 -> word = PAYLOAD(sending, sent)
        fi;
        sent++;
        if
        :: sent == size_of[sending] ->
            sending++;
            sent = 0
        :: sent != size_of[sending]
        fi
    }
}

/* Room for what is held and the word behind it; a record without its header may be the smallest. */
#define NEED (held == 0 -> 1 : SIZE(private))
#define IS_MOVED (NEED > RUN(position))
#define HAS_ROOM (sending <= RECORDS && held < RUN(position) && position + held + 1 < limit)
#define END (position + (IS_MOVED -> RUN(position) : 0) + NEED + 1)

inline move_to_start()
{
    at = 1;
    do
    :: at < held ->
#ifndef MOVED_SHORT
        word = LOAD(0, OFFSET(position + at));
        STORE(0, at, word, RELAXED);
#endif
        at++
    :: at >= held -> break
    od;
#ifndef MOVED_UNHIDDEN
    STORE(0, 0, 0, RELAXED);
#endif
    STORE(0, OFFSET(position), PAD + RUN(position), RELEASE);
    atomic {
        position = position + RUN(position);
        at = 0;
        word = 0
    }
}

/* Whole records from the position on: `whole` words, of `held` that are there. */
inline walk()
{
    atomic {
        whole = 0;
        word = private
    }
    do
    :: held == 0 || whole + SIZE(word) > held || SIZE(word) > RUN(position) - whole -> break
    :: else ->
        assert(word != 0);
        whole = whole + SIZE(word);
        if
        :: whole == held -> break
        :: whole != held -> word = LOAD(0, OFFSET(position + whole))
        fi
    od
}

proctype Writer()
{
    byte position, limit = CAPACITY, private, held, sending = 1, sent, word, at, whole;
    do
    :: sending > RECORDS && held == 0 -> break
    :: sending <= RECORDS || held != 0 ->
        atomic {
            END <= limit || END <= memory[HEAD] + CAPACITY ->
            /* It may ask the reader before it must. */
            if
            :: limit = memory[HEAD] + CAPACITY
            :: END <= limit
            fi
        };
        if
        :: held != 0 && IS_MOVED -> move_to_start()
        :: else
        fi;
        /* Some words, as far as run and limit go. */
        at = 0;
        do
        :: at != 0 -> break
        :: at < 3 && HAS_ROOM ->
            next_word();
            if
            :: held == 0 ->
#ifdef HEADER_IN_PLACE
                STORE(0, OFFSET(position), word, RELEASE);
#endif
                private = word
            :: held != 0 -> STORE(0, OFFSET(position + held), word, RELAXED)
            fi;
            held++;
            at++
        :: at == 0 && !HAS_ROOM -> break
        od;
        at = 0;
        walk();
        if
        :: whole != 0 ->
            word = (held == whole -> 0 : LOAD(0, OFFSET(position + whole)));
#if !defined(TAIL_SHOWN) && !defined(ZERO_AFTER_PUBLISH)
            STORE(0, OFFSET(position + whole), 0, RELAXED);
#endif
            STORE(0, OFFSET(position), private, PUBLISHING);
#ifdef ZERO_AFTER_PUBLISH
            STORE(0, OFFSET(position + whole), 0, RELAXED);
#endif
#ifdef TAIL_FORGOTTEN
            word = (held == whole -> 0 : LOAD(0, OFFSET(position + whole)));
#endif
            atomic {
                position = position + whole;
                held = held - whole;
                private = word
            }
        :: whole == 0
        fi;
        atomic {
            whole = 0;
            word = 0
        }
    od
}

proctype Reader()
{
    byte position, id = 1, word, at;
    do
    :: id > RECORDS -> break
    :: id <= RECORDS ->
        word = memory[OFFSET(position)];
        if
        :: word == 0 -> memory[OFFSET(position)] != 0
        :: word >= PAD ->
            atomic {
                assert(word == PAD + RUN(position));
                position = position + RUN(position)
            }
            memory[HEAD] = position
        :: word != 0 && word < PAD ->
            assert(word == HEADER(id, size_of[id]));
            at = 1;
            do
            :: at < size_of[id] ->
                assert(memory[OFFSET(position + at)] == PAYLOAD(id, at));
                at++
            :: at >= size_of[id] -> break
            od;
            atomic {
                position = position + size_of[id];
                id++;
                at = 0
            }
            memory[HEAD] = position
        fi;
        word = 0
    od;
    assert(memory[OFFSET(position)] == 0)
}

init
{
    atomic {
        run Writer();
        run Reader();
        run Empty(0)
    }
}

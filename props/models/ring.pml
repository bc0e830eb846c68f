/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The ring: claim, commit, abort, wrap behind a PAD, poll.
 *
 * A word of the model is 8 bytes of the ring. A record is its header and up to two words of
 * payload; the writer draws how much it claims, how much of that it commits, and whether it
 * aborts. The reader gates. Any other word where it expects a header, or a payload that is not the
 * record's, ends the search; so does a writer or reader that waits for ever, for then a record is
 * lost. Every prefix of the writer is explored, so nothing has to be said of its death.
 *
 * Only the writer has a store buffer: the reader stores a single cell, and a store of one cell
 * that comes later is a reader that is slower.
 *
 * verify safety
 * fault NO_ROOM_FOR_WORD stuck: a record needs no room for the word behind it
 * fault STORE_BEFORE_CHECK stuck: a claim that wraps stores before it knows that there is room
 * fault HEADER_AT_CLAIM assert: the header is stored by the claim, so an abort has published it
 * fault ZERO_MISSING assert: the word behind a record is not zeroed
 * fault ZERO_AFTER_PUBLISH assert: the word behind a record is zeroed after the record is published
 * fault PAD_FIRST assert: the PAD is published before the header at offset 0 is stored
 * fault PUBLISH_RELAXED assert: the publishing store is no release
 * fault HEADER_LOAD_RELAXED assert: the payload may be loaded before the header
 * fault HEAD_BEFORE_HANDLER assert: the head is stored before the handler returned
 * fault HEAD_KEPT stuck: an empty poll does not give its batch back
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
#define BATCH 2
#define HEAD CAPACITY

#define HEADER(id, size) ((id) * 4 + (size))
#define PAYLOAD(id, at) (64 + (id) * 4 + (at))
#define SCRIBBLE 127
#define PAD 128

#ifdef NO_ROOM_FOR_WORD
#define WORD_BEHIND 0
#else
#define WORD_BEHIND 1
#endif
#ifdef PUBLISH_RELAXED
#define PUBLISHING RELAXED
#else
#define PUBLISHING RELEASE
#endif

#define OFFSET(position) ((position) % CAPACITY)

/* Ghost: what was committed, for the reader to compare with. */
byte size_of[RECORDS + 1];

inline choose_size(size, largest)
{
    if
    :: size = 1
    :: largest >= 2 -> size = 2
    :: largest >= 3 -> size = 3
    fi
}

inline store_payload(count, word)
{
    at = 1;
    do
    :: at < count ->
        STORE(0, OFFSET(start + at), word, RELAXED);
        at++
    :: else -> break
    od;
    at = 0
}

proctype Writer()
{
    byte position, limit = CAPACITY, id = 1, claimed, size, start, at;
    bool has_aborted;
    do
    :: id > RECORDS -> break
    :: id <= RECORDS ->
        atomic {
            choose_size(claimed, SIZE_MAX);
            start = (OFFSET(position) + claimed > CAPACITY ->
                position + CAPACITY - OFFSET(position) : position)
        }
#ifdef STORE_BEFORE_CHECK
        if
        :: start != position -> STORE(0, 0, 0, RELAXED)
        :: else
        fi;
#endif
        /* Full, until the reader has moved on: the load acquires the head. */
        atomic {
            start + claimed + WORD_BEHIND <= limit ||
                start + claimed + WORD_BEHIND <= memory[HEAD] + CAPACITY ->
            if
            :: start + claimed + WORD_BEHIND > limit -> limit = memory[HEAD] + CAPACITY
            :: else
            fi
        }
#ifdef HEADER_AT_CLAIM
        STORE(0, OFFSET(start), HEADER(id, claimed), RELAXED);
#endif
        if
        :: !has_aborted ->
            has_aborted = true;
            store_payload(claimed, SCRIBBLE);
            goto next
        :: true
        fi;
        atomic {
            choose_size(size, claimed);
            claimed = 0;
            size_of[id] = size
        }
        store_payload(size, PAYLOAD(id, at));
#if !defined(ZERO_MISSING) && !defined(ZERO_AFTER_PUBLISH)
        STORE(0, OFFSET(start + size), 0, RELAXED);
#endif
        if
        :: start == position -> STORE(0, OFFSET(position), HEADER(id, size), PUBLISHING)
        :: else ->
#ifdef PAD_FIRST
            STORE(0, OFFSET(position), PAD + start - position, PUBLISHING);
            STORE(0, 0, HEADER(id, size), PUBLISHING)
#else
            STORE(0, 0, HEADER(id, size), RELAXED);
            STORE(0, OFFSET(position), PAD + start - position, PUBLISHING)
#endif
        fi;
#ifdef ZERO_AFTER_PUBLISH
        STORE(0, OFFSET(start + size), 0, RELAXED);
#endif
        atomic {
            position = start + size;
            id++
        };
next:
        atomic {
            start = 0;
            size = 0;
            claimed = 0
        }
    od
}

inline give_back()
{
    batch = 0;
    memory[HEAD] = position
}

proctype Reader()
{
    byte position, id = 1, batch, word, at, early;
    do
    :: id > RECORDS -> break
    :: id <= RECORDS ->
#ifdef HEADER_LOAD_RELAXED
        early = memory[OFFSET(position + 1)];
#endif
        word = memory[OFFSET(position)];
        if
        :: word == 0 ->
#ifndef HEAD_KEPT
            if
            :: batch != 0 -> give_back()
            :: else
            fi;
#endif
            memory[OFFSET(position)] != 0
        :: word >= PAD ->
            atomic {
                position = position + word - PAD;
                assert(OFFSET(position) == 0)
            }
        :: word != 0 && word < PAD ->
            assert(word == HEADER(id, size_of[id]));
#ifdef HEAD_BEFORE_HANDLER
            memory[HEAD] = position + size_of[id];
#endif
            at = 1;
            do
            :: at < size_of[id] ->
#ifdef HEADER_LOAD_RELAXED
                assert(at != 1 || early == PAYLOAD(id, at));
#endif
                assert(memory[OFFSET(position + at)] == PAYLOAD(id, at));
                at++
            :: else -> break
            od;
            atomic {
                position = position + size_of[id];
                id++;
                at = 0;
                batch++
            }
            if
            :: batch == BATCH -> give_back()
            :: else
            fi
        fi;
        atomic {
            word = 0;
            early = 0
        }
    od;
    /* Whatever was committed has been read, and nothing else is visible. */
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

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A reader that the writer does not wait for: the intent, the copy, the place to go on from.
 *
 * Nobody gates. From the refresh on in which it sees that somebody wants it, the writer announces,
 * before it stores anything, how far it may store. The reader joins at any time; it loads the
 * header, copies, and believes nothing, not even that there is nothing, before it has looked at
 * the intent behind the copy. Overtaken, it goes on from the oldest sync entry or from progress,
 * if that is not overtaken as well. It must never believe another record's words, go back, or be
 * left behind for ever.
 *
 * With TAKES_OUT the writer's process takes the reader out, and ends its wish; the writer then
 * announces no more, so the reader looks whether it is out before it looks at the intent.
 *
 * A word is 8 bytes; records take one or two. A claim may be aborted, and leaves its intent
 * raised.
 *
 * verify safety
 * verify safety -DTAKES_OUT
 * fault INTENT_UNFENCED assert: no release fence behind the intent
 * fault INTENT_AFTER_STORE assert: the intent is stored when the caller has written
 * fault INTENT_SHORT stuck: an intent without room for the word behind the record will do
 * fault MARGIN_UNACCOUNTED assert: the ring has no room for the margin of the intent
 * fault ACQUIRE_MISSING assert: the intent may be loaded before the copy is made
 * fault CHECK_BEFORE_COPY assert: the intent is asked behind the header, not behind the copy
 * fault EMPTY_UNCHECKED stuck: a zero word is believed without a look at the intent
 * fault PAD_UNCHECKED assert: a PAD is believed without a look at the intent
 * fault DIFFERENCE_UNSIGNED assert: an intent that lies behind counts as far ahead
 * fault RESUME_UNCHECKED assert: the place to go on from is taken without a look at the intent
 * fault JOINER_UNFENCED stuck: no fence between the wish and the look at the limit
 * fault JOIN_UNCHECKED assert: the joiner does not look at the limit
 * fault WISH_ASKED_EARLY stuck: the writer asks for wishes before its fence
 * fault OUT_UNCHECKED assert: the reader does not look whether it was taken out
 * fault WISH_ENDED_FIRST assert: the wish ends before the reader is taken out
 */
#if defined(OUT_UNCHECKED) || defined(WISH_ENDED_FIRST)
#define TAKES_OUT
#endif
#define STORES_REORDER
#define THREADS 2
#define CELLS 13
#include "memory.pml"

#ifdef TAKES_OUT
#define RECORDS 4
#else
#define RECORDS 5
#endif
#define CAPACITY 6
#define SIZE_MAX 2
#ifdef MARGIN_UNACCOUNTED
#define MARGIN 4
#else
#define MARGIN 1
#endif

#define LIMIT_TOLD 6
#define INTENT 7
#define WISH 8
#define PROGRESS 9
#define SYNC(half) (10 + (half))
#define OUT 12

#define HEADER(id, size) ((id) * 4 + (size))
#define PAYLOAD(id) (PAD + 8 + (id)) /* may look like anything, so like a PAD */
#define SCRIBBLE 127
#define PAD 128
#define OFFSET(position) ((position) % CAPACITY)
#define HALF(position) (OFFSET(position) / (CAPACITY / 2))

/* A place: the position, and the record that starts there or will. */
#define PLACE(position, id) ((position) * 8 + (id))
#define POSITION(place) ((place) / 8)
#define ID(place) ((place) % 8)

/* Ghost. */
byte size_of[RECORDS + 1];
byte start_of[RECORDS + 1];
byte committed;

#ifdef INTENT_SHORT
#define BEHIND 0
#else
#define BEHIND 1
#endif

inline announce()
{
    if
    :: is_announcing && end + BEHIND > intent ->
        intent = end + MARGIN;
        STORE(0, INTENT, intent, RELAXED);
#ifndef INTENT_UNFENCED
        order = WALL
#endif
    :: else
    fi
}

proctype Writer()
{
    byte position, limit = CAPACITY, intent, id = 1, size, start, end, order, sync_due;
    bool is_announcing, has_aborted;
    do
    :: id > RECORDS -> break
    :: id <= RECORDS ->
        atomic {
            if
            :: size = 1
            :: size = 2
            fi;
            start = (OFFSET(position) + size > CAPACITY ->
                position + CAPACITY - OFFSET(position) : position);
            end = start + size
        }
        if
        :: end + 1 > limit ->
            limit = end + 1;
#ifdef WISH_ASKED_EARLY
            is_announcing = LOAD(0, WISH);
#endif
            STORE(0, LIMIT_TOLD, limit, RELAXED);
            FENCE(0);
#ifndef WISH_ASKED_EARLY
            is_announcing = LOAD(0, WISH)
#endif
        :: end + 1 <= limit
        fi;
#ifndef INTENT_AFTER_STORE
        announce();
#endif
        if
        :: size == 2 && !has_aborted ->
            has_aborted = true;
            STORE(0, OFFSET(start + 1), SCRIBBLE, order);
            order = RELAXED;
            goto next
        :: true
        fi;
        atomic {
            size_of[id] = size;
            start_of[id] = start
        }
        if
        :: size == 2 ->
            STORE(0, OFFSET(start + 1), PAYLOAD(id), order);
            order = RELAXED
        :: size == 1
        fi;
#ifdef INTENT_AFTER_STORE
        announce();
#endif
        STORE(0, OFFSET(end), 0, order);
        order = RELAXED;
        if
        :: start == position -> STORE(0, OFFSET(start), HEADER(id, size), RELEASE)
        :: start != position ->
            STORE(0, 0, HEADER(id, size), RELAXED);
            STORE(0, OFFSET(position), PAD + start - position, RELEASE)
        fi;
        if
        :: start >= sync_due ->
            sync_due = (start / (CAPACITY / 2) + 1) * (CAPACITY / 2);
            STORE(0, SYNC(HALF(start)), PLACE(start, id), RELEASE)
        :: start < sync_due
        fi;
        atomic {
            position = end;
            committed = end;
            id++
        };
        STORE(0, PROGRESS, PLACE(position, id), RELEASE);
next:
        atomic {
            size = 0;
            start = 0;
            end = 0
        }
    od
}

#ifdef DIFFERENCE_UNSIGNED
#define IS_LAPPED(at) (seen < (at) || seen - (at) > CAPACITY)
#else
#define IS_LAPPED(at) (seen > (at) && seen - (at) > CAPACITY)
#endif

/* Takes a place into `found` if it can be read, and is before what was found. */
inline consider(from)
{
    place = memory[from];
#ifndef RESUME_UNCHECKED
    seen = memory[INTENT];
#endif
    atomic {
        if
        :: ID(place) != 0 && (found == 0 || place < found) -> skip;
#ifndef RESUME_UNCHECKED
            if
            :: !IS_LAPPED(POSITION(place)) -> found = place
            :: else
            fi
#else
            found = place
#endif
        :: else
        fi
    }
}

inline resume()
{
    found = 0;
    if
    :: true ->
        consider(SYNC(0));
        consider(SYNC(1))
    :: true
    fi;
    do
    :: found != 0 -> break
    :: found == 0 ->
        consider(PROGRESS);
        if
        :: found == 0 ->
            memory[PROGRESS] != place || memory[OUT];
            if
            :: memory[OUT] -> goto done
            :: else
            fi
        :: found != 0
        fi
    od;
    assert(POSITION(found) >= position);
    assert(ID(found) >= id);
    atomic {
        position = POSITION(found);
        id = ID(found);
        place = 0;
        found = 0
    }
}

inline join()
{
    STORE(1, WISH, 1, RELEASE);
#ifndef JOINER_UNFENCED
    FENCE(1);
#endif
    if
    :: place = memory[PROGRESS]
    :: place = memory[SYNC(0)]
    :: place = memory[SYNC(1)]
    fi;
    do
    :: true ->
#ifdef JOIN_UNCHECKED
        break;
#endif
        seen = memory[LIMIT_TOLD];
        if
        :: ID(place) != 0 && seen - POSITION(place) <= CAPACITY -> break
        :: else -> place = memory[PROGRESS]
        fi
    od;
    atomic {
        position = POSITION(place);
        id = ID(place);
        place = 0;
        seen = 0
    }
}

proctype Reader()
{
    byte position, id, word, copy, seen, place, found;
    join();
    do
    :: id > RECORDS -> break
    :: id <= RECORDS ->
#ifdef ACQUIRE_MISSING
        seen = memory[INTENT];
#endif
        word = memory[OFFSET(position)];
#ifdef CHECK_BEFORE_COPY
        seen = memory[INTENT];
#endif
        if
        :: word != 0 && word < PAD -> copy = memory[OFFSET(position + 1)]
        :: else
        fi;
#ifdef EMPTY_UNCHECKED
        if
        :: word == 0 ->
            memory[OFFSET(position)] != 0;
            goto next
        :: word != 0
        fi;
#endif
#ifdef PAD_UNCHECKED
        if
        :: word >= PAD -> goto believe
        :: word < PAD
        fi;
#endif
#ifndef OUT_UNCHECKED
        if
        :: memory[OUT] -> goto done
        :: else
        fi;
#endif
#if !defined(ACQUIRE_MISSING) && !defined(CHECK_BEFORE_COPY)
        seen = memory[INTENT];
#endif
        if
        :: IS_LAPPED(position) ->
            assert(committed > position); /* who is not behind is not overtaken */
            resume();
            goto next
        :: !IS_LAPPED(position)
        fi;
#ifdef PAD_UNCHECKED
believe:
#endif
        atomic {
            if
            :: word == 0 ->
                (memory[OFFSET(position)] != 0 || memory[INTENT] != seen || memory[OUT])
            :: word >= PAD ->
                position = position + word - PAD;
                assert(OFFSET(position) == 0);
                assert(size_of[id] == 0 || position == start_of[id])
            :: word != 0 && word < PAD ->
                assert(word == HEADER(id, size_of[id]));
                assert(position == start_of[id]);
                assert(size_of[id] == 1 || copy == PAYLOAD(id));
                position = position + size_of[id];
                id++
            fi
        }
next:
        atomic {
            word = 0;
            copy = 0;
            seen = 0
        }
    od;
done:
    skip
}

proctype Evictor()
{
    memory[WISH] == 1;
#ifdef WISH_ENDED_FIRST
    memory[WISH] = 0;
    memory[OUT] = 1
#else
    memory[OUT] = 1;
    memory[WISH] = 0
#endif
}

init
{
    atomic {
        memory[LIMIT_TOLD] = CAPACITY;
        memory[PROGRESS] = PLACE(0, 1);
        memory[SYNC(0)] = PLACE(0, 1);
        run Writer();
        run Reader();
#ifdef TAKES_OUT
        run Evictor();
#endif
        run Empty(0);
        run Empty(1)
    }
}

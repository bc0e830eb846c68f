/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A gating reader that is taken out while its handlers may be at work in the ring.
 *
 * The writer's process fences the slot at any time. The writer, once it sees that, waits for this
 * reader no more, and announces before each store how far it may store, until the reader has
 * acknowledged. The reader handles a batch in place, and then looks at the state and the intent:
 * if the intent has reached what the batch began with, nothing of the whole batch may be relied
 * on. No batch that was called good may have held words of another lap, and the reader must learn
 * that it is out.
 *
 * With LIMIT, as built, there is no intent: a reader that is out compares the limit that the writer
 * told, and fenced, in its refresh.
 *
 * verify safety
 * verify safety -DLIMIT
 * fault NOT_ANNOUNCED assert: the writer announces nothing
 * fault INTENT_UNFENCED assert: no release fence behind the intent
 * fault INTENT_AFTER_STORE assert: the intent is stored when the caller has written
 * fault ACQUIRE_MISSING assert: the intent may be loaded before the handlers have read
 * fault SINGLE_RECORDS assert: of an overtaken batch, records beyond the intent are called good
 * fault REFRESH_UNFENCED assert: no fence between the limit and the stores that it allows
 * fault STATE_UNCHECKED assert: a reader never looks whether it is out
 * fault EMPTY_UNCHECKED stuck: a poll that finds nothing looks at neither state nor intent
 * fault ANNOUNCED_ONCE assert: the writer announces only to the first refresh after the fence
 */
#if defined(REFRESH_UNFENCED) || defined(STATE_UNCHECKED)
#define LIMIT
#endif
#define STORES_REORDER
#define THREADS 1
#define CELLS 10
#include "memory.pml"

#ifndef RECORDS
#define RECORDS 5
#endif
#define CAPACITY 6
#define MARGIN 1
#define BATCH 2

#define INTENT 6
#define HEAD 7
#define STATE 8
#define ACKNOWLEDGED 9

#define ACTIVE 0
#define FENCED 1

#define HEADER(id, size) ((id) * 4 + (size))
#define PAYLOAD(id) (HEADER(1 + (id) % 3, 2)) /* may look like anything, so like a header */
#define PAD 128
#define OFFSET(position) ((position) % CAPACITY)

/* Ghost. */
byte size_of[RECORDS + 1];
byte start_of[RECORDS + 1];

inline announce()
{
    if
    :: is_announcing && end + 1 > intent ->
        intent = end + MARGIN;
#ifndef NOT_ANNOUNCED
        STORE(0, INTENT, intent, RELAXED);
#endif
#ifndef INTENT_UNFENCED
        order = WALL
#endif
    :: else
    fi
}

proctype Writer()
{
    byte position, limit = CAPACITY, intent, id = 1, size, start, end, order;
    bool is_announcing, is_fenced;
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
            /* Full, until the reader moves its head or is fenced. */
            atomic {
                memory[STATE] == FENCED || memory[HEAD] + CAPACITY >= end + 1 ->
                is_fenced = memory[STATE] == FENCED;
                limit = (is_fenced -> end + 1 : memory[HEAD] + CAPACITY)
            };
#ifdef LIMIT
            STORE(0, INTENT, limit, RELAXED)
#ifndef REFRESH_UNFENCED
            FENCE(0)
#endif
#elif defined(ANNOUNCED_ONCE)
            is_announcing = is_fenced && !is_announcing
#else
            is_announcing = is_fenced && !memory[ACKNOWLEDGED]
#endif
        :: end + 1 <= limit
        fi;
#ifndef INTENT_AFTER_STORE
        announce();
#endif
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
        atomic {
            position = end;
            id++;
            size = 0;
            start = 0;
            end = 0
        }
    od
}

/* Of the writer's process, by any of its threads. */
proctype Evictor()
{
    memory[STATE] = FENCED
}

#ifdef LIMIT
#define IS_OVERTAKEN(at) (state == FENCED && intent - (at) > CAPACITY)
#else
#define IS_OVERTAKEN(at) (intent > (at) && intent - (at) > CAPACITY)
#endif

/* The record at the position, handled in place: what was wrong with it goes into the batch. */
inline handle()
{
    atomic {
        is_right = word == HEADER(id, size_of[id]) && position == start_of[id];
        last = position;
        is_last_wrong = !is_right;
        /* Whatever the length says, it is clamped to the end of the run. */
        size = (word % 4 > 1 && OFFSET(position) < CAPACITY - 1 -> 2 : 1)
    }
    if
    :: size == 2 ->
        atomic {
            is_last_wrong = is_last_wrong || memory[OFFSET(position + 1)] != PAYLOAD(id);
            is_right = false
        }
    :: size == 1
    fi;
    atomic {
        is_wrong = is_wrong || is_last_wrong;
        position = position + size;
        size = 0;
        is_right = false;
        id++;
        count++
    }
}

proctype Reader()
{
    byte position, first, last, id = 1, count, word, size, intent, state;
    bool is_wrong, is_last_wrong, is_right;
    do
    :: id > RECORDS && count == 0 -> break
    :: id <= RECORDS || count != 0 ->
#ifdef ACQUIRE_MISSING
        intent = memory[INTENT];
#endif
        do
        :: count == BATCH || id > RECORDS -> break
        :: count < BATCH && id <= RECORDS ->
            word = memory[OFFSET(position)];
            if
            :: word == 0 -> break
            :: word >= PAD ->
                atomic {
                    is_wrong = is_wrong || (OFFSET(position) + word - PAD) != CAPACITY;
                    position = position + CAPACITY - OFFSET(position)
                }
            :: word != 0 && word < PAD -> handle()
            fi
        od;
        word = 0;
#ifdef EMPTY_UNCHECKED
        if
        :: position == first && id <= RECORDS ->
            memory[OFFSET(position)] != 0;
            goto next
        :: else
        fi;
#endif
#ifndef STATE_UNCHECKED
        state = memory[STATE];
#endif
#ifndef ACQUIRE_MISSING
        intent = memory[INTENT];
#endif
        if
        :: IS_OVERTAKEN(first) ->
#ifdef SINGLE_RECORDS
            assert(count == 0 || IS_OVERTAKEN(last) || !is_last_wrong);
#endif
            break
        :: !IS_OVERTAKEN(first) ->
            assert(!is_wrong);
            if
            :: state == FENCED -> break
            :: state == ACTIVE && position != first ->
                memory[HEAD] = position
            :: state == ACTIVE && position == first ->
                /* Nothing yet: polls again when something has changed. */
                (memory[OFFSET(position)] != 0 || memory[INTENT] != intent ||
                    memory[STATE] != state)
            fi
        fi;
#ifdef EMPTY_UNCHECKED
next:
#endif
        atomic {
            first = position;
            last = 0;
            count = 0;
            intent = 0;
            is_last_wrong = false
        }
    od;
    memory[ACKNOWLEDGED] = true
}

init
{
    atomic {
#ifdef LIMIT
        memory[INTENT] = CAPACITY;
#endif
        run Writer();
        run Evictor();
        run Reader();
        run Empty(0)
    }
}

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A subscriber that dials again: neither twice, nor unseen, nor uncounted.
 *
 * Any connection may be cut at any time; what is on its way then still arrives up to some point,
 * and a HELLO may come after that of a later dial. The subscriber counts what it is sent; the
 * numbers in the records are there for the assertions only.
 *
 * As it is here, the publisher keeps what is not acknowledged for a grace time, and the subscriber
 * goes on where it was. With LIVE, as built, it goes on at the newest message, and tells what lies
 * between as one gap. With RESTARTS the publisher may start again once, with a new epoch; with
 * EXPIRES the grace time may run out once.
 *
 * verify safety
 * verify safety -DRESTARTS
 * verify safety -DEXPIRES
 * verify safety -DEXPIRES -DRESTARTS
 * verify safety -DLIVE
 * verify safety -DLIVE -DRESTARTS
 * fault ATTEMPT_UNCHECKED assert: a connection takes the place of one that was dialled later
 * fault OLD_STILL_READ assert: the old connection is read on when the start was sampled already
 * fault EPOCH_UNCHECKED assert: the start of another epoch is believed
 * fault START_ROUNDED assert: the publisher goes on from the sync point before the start
 * fault ACK_FREES_MORE assert: an acknowledgement frees up to the next sync point
 * fault NO_GRACE assert: a connection's end is taken for the subscriber's
 * fault GAP_TOLD_TWICE assert: WELCOME names the number behind the gap, and the gap is sent as well
 * fault LOSS_COUNTED_AGAIN assert: each resumption counts the whole loss
 * fault LOSS_COUNTED_EARLY assert: what is not acknowledged when the grace ends counts as lost
 * fault WELCOME_EARLY assert: WELCOME names a number sampled before the place to go on from
 * fault GAP_UNTOLD assert: a subscriber that goes on at live tells no gap
 * fault GAP_NOT_TAKEN assert: the number in WELCOME is not counted on from
 */
#if defined(LOSS_COUNTED_AGAIN) || defined(LOSS_COUNTED_EARLY) || defined(GAP_TOLD_TWICE)
#define EXPIRES
#endif
#ifdef EPOCH_UNCHECKED
#define RESTARTS
#endif
#if defined(WELCOME_EARLY) || defined(GAP_UNTOLD) || defined(GAP_NOT_TAKEN)
#define LIVE
#endif

#ifndef MESSAGES
#define MESSAGES 3
#endif
#define ROOM 2
#define DIALS 3
#define NONE DIALS

#define UNUSED 0
#define OPEN 1
#define CUT 2

mtype = { hello, ack, welcome, record, gap };

chan up[DIALS] = [2] of { mtype, byte, byte }; /* what, epoch, number */
chan down[DIALS] = [2] of { mtype, byte, byte };
byte line[DIALS + 1];

byte epoch = 1, published, freed;
byte slot = NONE;            /* the connection that has the slot, which is its attempt as well */
byte cursor, owed, dropped, dropped_to;
bool has_slot, has_expired, may_lose;

byte known_epoch, received, lost, delivered, joined; /* received: the number it has come to */
byte current = NONE, dials, before = NONE;
bool is_welcome;

#define MOST(a, b) ((a) > (b) -> (a) : (b))
#define FLOOR (published > ROOM -> published - ROOM : 0)

#ifdef LIVE
#define MAY_PUBLISH (published < MESSAGES)
#else
#define MAY_PUBLISH (published < MESSAGES && (!has_slot || published - freed < ROOM))
#endif

inline send_welcome()
{
    if
    :: line[slot] == OPEN -> down[slot]!welcome, epoch, number
    :: else
    fi
}

/* A HELLO: `start` is what its sender has received of `its`. */
inline answer_hello()
{
#ifndef ATTEMPT_UNCHECKED
    if
    :: slot != NONE && from <= slot ->
        line[from] = CUT; /* REJECT */
        goto next
    :: else
    fi;
#endif
    if
    :: slot != NONE && slot != from -> line[slot] = CUT
    :: else
    fi;
    slot = from;
    has_slot = true;
#ifdef LIVE
    number = published;
#ifdef WELCOME_EARLY
    if
    :: published < MESSAGES -> published++
    :: true
    fi;
#endif
    cursor = published;
#else
    /* What was acknowledged may be gone. */
    assert(its != epoch || start >= freed || may_lose);
#ifndef EPOCH_UNCHECKED
    if
    :: its != epoch ->
        start = FLOOR; /* the oldest there is */
        dropped_to = start;
        freed = start
    :: its == epoch
    fi;
#endif
#ifdef START_ROUNDED
    start = (start > FLOOR && start % 2 == 1 -> start - 1 : start);
#endif
    owed = (FLOOR > start -> FLOOR - start : 0);
    cursor = MOST(start, FLOOR);
    freed = MOST(freed, cursor);
#ifdef LOSS_COUNTED_AGAIN
    dropped = dropped + owed;
#else
    if
    :: cursor > MOST(start, dropped_to) ->
#ifndef LOSS_COUNTED_EARLY
        dropped = dropped + cursor - MOST(start, dropped_to);
#endif
        dropped_to = cursor
    :: else
    fi;
#endif
#ifdef GAP_TOLD_TWICE
    number = cursor;
#else
    number = start;
#endif
#endif
    send_welcome()
}

#define HAS_NEWS(c) (len(up[c]) > 0)

inline hear()
{
    if
    :: HAS_NEWS(0) -> from = 0
    :: HAS_NEWS(1) -> from = 1
    :: HAS_NEWS(2) -> from = 2
    fi;
    if
    :: up[from]?hello, its, start -> answer_hello()
    :: up[from]?ack, its, number ->
        if
        :: from == slot && its == epoch ->
#ifdef ACK_FREES_MORE
            freed = MOST(freed, (number % 2 == 1 && number < cursor -> number + 1 : number))
#else
            freed = MOST(freed, number)
#endif
        :: else
        fi
    fi;
next:
    from = 0;
    its = 0;
    start = 0;
    number = 0
}

#define MAY_SEND (slot != NONE && line[slot] == OPEN && len(down[slot]) < 2)

proctype Publisher()
{
    byte from, its, start, number;
end:
    do
    :: atomic { MAY_PUBLISH -> published++ }
    :: atomic { MAY_SEND && owed > 0 -> down[slot]!gap, epoch, owed; owed = 0 }
    :: atomic {
           MAY_SEND && owed == 0 && cursor < published ->
           cursor++;
           down[slot]!record, epoch, cursor
       }
#ifdef NO_GRACE
    :: atomic { has_slot && slot != NONE && line[slot] == CUT -> has_slot = false }
#endif
#ifdef EXPIRES
    :: atomic {
           has_slot && slot != NONE && line[slot] == CUT && !has_expired ->
           has_slot = false;
           has_expired = true;
           may_lose = true;
#ifdef LOSS_COUNTED_EARLY
           dropped = dropped + published - freed;
#endif
           skip
       }
#endif
#ifdef RESTARTS
    :: atomic {
           epoch == 1 ->
           epoch = 2;
           from = 0;
           do
           :: from == DIALS -> break
           :: from < DIALS ->
               line[from] = (line[from] == OPEN -> CUT : line[from]);
               do
               :: len(up[from]) > 0 -> up[from]?_, _, _
               :: len(up[from]) == 0 -> break
               od;
               from++
           od;
           from = 0;
           published = 0;
           freed = 0;
           slot = NONE;
           cursor = 0;
           owed = 0;
           dropped = 0;
           dropped_to = 0;
           has_slot = false
       }
#endif
    :: atomic { HAS_NEWS(0) || HAS_NEWS(1) || HAS_NEWS(2) -> hear() }
    od
} /* unreached: it never ends */

inline receive(c)
{
    if
    :: down[c]?welcome, its, number ->
        if
        :: its != known_epoch ->
            known_epoch = its;
            received = number;
            joined = number;
            delivered = 0;
            lost = 0
        :: its == known_epoch ->
#ifdef LIVE
            assert(number >= received);
#ifndef GAP_UNTOLD
            lost = lost + number - received;
#endif
#ifndef GAP_NOT_TAKEN
            received = number
#endif
#else
#ifdef GAP_TOLD_TWICE
            lost = lost + number - received;
            received = number
#else
            assert(number == received)
#endif
#endif
        fi;
        is_welcome = true
    :: down[c]?record, its, number ->
        received++;
        delivered++;
        assert(its == known_epoch);
        assert(number == received);
        assert(received == joined + delivered + lost)
    :: down[c]?gap, its, number ->
        assert(its == known_epoch);
        assert(may_lose); /* unreached unless the grace ends */
        received = received + number;
        lost = lost + number
    fi;
    its = 0;
    number = 0
}

proctype Subscriber()
{
    byte its, number, told; /* told: by the last acknowledgement on this connection */
end:
    do
    /* It saw the end of the connection, or waited too long. */
    :: atomic {
           dials < DIALS ->
           if
           :: current != NONE ->
#ifdef OLD_STILL_READ
               before = current;
#else
               line[current] = CUT;
#endif
               skip
           :: current == NONE
           fi;
           current = dials;
           dials++;
           is_welcome = false;
           told = 0;
           line[current] = OPEN;
           up[current]!hello, known_epoch, received
       }
    :: atomic { current != NONE && len(down[current]) > 0 -> receive(current) }
#ifdef OLD_STILL_READ
    :: atomic { before != NONE && len(down[before]) > 0 -> receive(before) }
#endif
    :: atomic {
           is_welcome && line[current] == OPEN && len(up[current]) == 0 && received > told ->
           told = received;
           up[current]!ack, known_epoch, told
       }
    od
} /* unreached: it never ends */

inline lose(c)
{
    do
    :: len(up[c]) > 0 -> up[c]?_, _, _
    :: len(up[c]) == 0 -> break
    od;
    do
    :: len(down[c]) > 0 -> down[c]?_, _, _
    :: len(down[c]) == 0 -> break
    od
}

proctype Network()
{
    do
    :: atomic { line[0] == OPEN -> line[0] = CUT }
    :: atomic { line[1] == OPEN -> line[1] = CUT }
    :: atomic { line[2] == OPEN -> line[2] = CUT }
    :: atomic { line[0] == CUT && len(up[0]) + len(down[0]) > 0 -> lose(0) }
    :: atomic { line[1] == CUT && len(up[1]) + len(down[1]) > 0 -> lose(1) }
    :: atomic { line[2] == CUT && len(up[2]) + len(down[2]) > 0 -> lose(2) }
    :: true -> break
    od
}

/* When all is quiet, a subscriber with a connection has been told of everything. */
proctype Audit()
{
    timeout ->
    if
    :: is_welcome && line[current] == OPEN ->
        assert(known_epoch == epoch);
        assert(received == MESSAGES);
#ifndef LIVE
        assert(lost == dropped)
#endif
    :: else
    fi
}

init
{
    atomic {
        run Publisher();
        run Subscriber();
        run Network();
        run Audit()
    }
}

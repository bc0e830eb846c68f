/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory with store buffers, for models whose rules are about memory orders.
 *
 * Spin explores interleavings of one memory. Here each process stores into a buffer of its own,
 * which empties into memory at any later moment; it loads its own newest store of a cell, or else
 * memory. A sequentially consistent fence waits until the buffer is empty. With STORES_REORDER
 * stores to different cells also leave the buffer out of order, unless a release holds them back.
 * Loads happen in program order: what an acquire orders is planted in the models as a load that is
 * made too early.
 *
 * Before the include: CELLS, THREADS (those with buffers, from 0), and perhaps STORES_REORDER.
 */
#define DEPTH 3

#define RELAXED 0
#define RELEASE 1 /* leaves after all stores before it; later ones may pass it */
#define WALL 2    /* the first store behind a release fence: later ones may not pass it either */

typedef Buffer {
    byte cell[DEPTH]; /* plus 1; 0 is unused */
    byte value[DEPTH];
    byte order[DEPTH]
}

byte memory[CELLS];
Buffer buffer[THREADS];

#define LOAD(t, c) \
    (buffer[t].cell[2] == (c) + 1 -> buffer[t].value[2] : \
    (buffer[t].cell[1] == (c) + 1 -> buffer[t].value[1] : \
    (buffer[t].cell[0] == (c) + 1 -> buffer[t].value[0] : memory[c])))

#define PUT(t, i, c, v, o) \
    buffer[t].cell[i] = (c) + 1; buffer[t].value[i] = v; buffer[t].order[i] = o

/* Waits for a free place, of which there is one again when the buffer has emptied a little. */
#define STORE(t, c, v, o) \
    atomic { \
        buffer[t].cell[2] == 0 -> \
        if \
        :: buffer[t].cell[0] == 0 -> PUT(t, 0, c, v, RELAXED) \
        :: buffer[t].cell[0] != 0 && buffer[t].cell[1] == 0 -> PUT(t, 1, c, v, o) \
        :: buffer[t].cell[0] != 0 && buffer[t].cell[1] != 0 -> PUT(t, 2, c, v, o) \
        fi \
    }

#define FENCE(t) (buffer[t].cell[0] == 0)

#define SLIDE(i, j) \
    buffer[t].cell[i] = buffer[t].cell[j]; \
    buffer[t].value[i] = buffer[t].value[j]; \
    buffer[t].order[i] = buffer[t].order[j]

#define CLEAR_LAST \
    buffer[t].cell[2] = 0; buffer[t].value[2] = 0; buffer[t].order[2] = 0; \
    if \
    :: buffer[t].cell[0] != 0 -> buffer[t].order[0] = RELAXED \
    :: else \
    fi

#define MAY_PASS(i) (buffer[t].cell[i] != 0 && buffer[t].order[i] == RELAXED)
#define IS_ALONE(i) \
    (buffer[t].cell[i] != buffer[t].cell[0] && buffer[t].cell[i] != buffer[t].cell[1])

/* One process for each thread that has a buffer. */
proctype Empty(byte t)
{
end:
    do
    :: atomic {
           buffer[t].cell[0] != 0 ->
           memory[buffer[t].cell[0] - 1] = buffer[t].value[0];
           SLIDE(0, 1);
           SLIDE(1, 2);
           CLEAR_LAST
       }
#ifdef STORES_REORDER
    :: atomic {
           MAY_PASS(1) && buffer[t].cell[1] != buffer[t].cell[0] ->
           memory[buffer[t].cell[1] - 1] = buffer[t].value[1];
           SLIDE(1, 2);
           CLEAR_LAST
       }
    :: atomic {
           MAY_PASS(2) && buffer[t].order[1] != WALL && IS_ALONE(2) ->
           memory[buffer[t].cell[2] - 1] = buffer[t].value[2];
           CLEAR_LAST
       }
#endif
    od
} /* unreached: it never ends */

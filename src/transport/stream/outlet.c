// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Outlet: a ring drained into a socket by whoever holds the token. The order of the token protocol
// was explored exhaustively in a model; each fence below loses a wake-up or strands bytes when
// dropped.
#include "transport/stream/outlet.h"

#include <string.h>

#include <mycelium/interface/poller.h>
#include <mycelium/interface/stream.h>
#include <mycelium/interface/thread.h>
#include <mycelium/simulation.h>

enum { OUTLET_RUN_BYTES = 64 * 1024, OUTLET_RECORDS_MAX = 64 /* read in one turn */ };

enum myc_status myc__outlet_open(
    struct myc__outlet *outlet,
    struct myc_platform *platform,
    struct myc_handle stream,
    struct myc_handle poller,
    uint64_t poller_token,
    const unsigned char *welcome,
    size_t welcome_bytes)
{
    outlet->platform = platform;
    outlet->poller = poller;
    outlet->poller_token = poller_token;
    myc__channel_init(&outlet->channel, platform, stream, false);
    myc_store_relaxed_u32(&outlet->more, 0);
    myc_store_relaxed_u32(&outlet->is_ending, 0);
    myc_store_relaxed_u32(&outlet->has_failed, 0);
    myc_store_relaxed_u32(&outlet->room_made, 0);
    myc_store_relaxed_u64(&outlet->acknowledged, myc_ring_reader_sequence(&outlet->reader));
    myc_store_relaxed_u64(&outlet->sent_max, myc_ring_reader_sequence(&outlet->reader));
    outlet->partial = 0;
    memcpy(outlet->edge, welcome, welcome_bytes);
    outlet->edge_bytes = (uint32_t)welcome_bytes;
    outlet->edge_sent = 0;
    outlet->is_blocked = false;
    outlet->is_bye_sent = false;
    // It stands for all that belongs to the token's holder, where simcheck looks for races.
    myc_shared_write(&outlet->partial, sizeof(outlet->partial));
    enum myc_status status =
        myc_poller_add(platform->poller, poller, stream, MYC_READABLE, poller_token);
    // Pairs with the acquire in take_token: the next holder sees everything set up above.
    myc_store_seq_cst_u32(&outlet->token, 0);
    return status;
}

static bool take_token(struct myc__outlet *outlet)
{
    return myc_exchange_u32(&outlet->token, 1) == 0;
}

static void set_write_interest(struct myc__outlet *outlet, bool is_wanted)
{
    uint32_t interest = is_wanted ? MYC_READABLE | MYC_WRITABLE : MYC_READABLE;
    if (outlet->is_blocked != is_wanted) {
        outlet->is_blocked = is_wanted;
        if (myc_poller_modify(
                outlet->platform->poller,
                outlet->poller,
                outlet->channel.stream,
                interest,
                outlet->poller_token)
            != MYC_OK) {
            myc_store_release_u32(&outlet->has_failed, 1);
        }
    }
}

static enum myc_status write_edge(struct myc__outlet *outlet)
{
    struct myc_const_span rest = {
        .data = outlet->edge + outlet->edge_sent,
        .size = outlet->edge_bytes - outlet->edge_sent,
    };
    size_t bytes = 0;
    enum myc_status status =
        myc_stream_writev(outlet->platform->stream, outlet->channel.stream, &rest, 1, &bytes);
    if (status == MYC_OK) {
        outlet->edge_sent += (uint32_t)bytes;
    }
    return status;
}

// Consumes the records that were written in full; what is left of a cut one stays `partial`.
static void consume_written(struct myc__outlet *outlet, struct myc_const_span run, uint64_t written)
{
    const unsigned char *bytes = run.data;
    uint64_t whole = written == run.size ? written : 0; // The usual case needs no walk.
    while (whole < written) {
        uint64_t word;
        memcpy(&word, bytes + whole, sizeof(word));
        uint64_t next = whole + myc_record_bytes(myc_record_header(word).length);
        if (next > written) {
            break;
        }
        whole = next;
    }
    outlet->partial = written - whole;
    MYC_SOMETIMES(outlet->partial != 0, "outlet.record-cut");
    if (whole > 0) {
        myc_ring_consume(&outlet->reader, (size_t)whole);
        if (myc_ring_reader_should_wake_writer(&outlet->reader)) {
            myc_store_release_u32(&outlet->room_made, 1);
        }
    }
}

// One write. AGAIN: the socket is full. END: nothing left to write.
static enum myc_status write_next(struct myc__outlet *outlet)
{
    if (MYC_BUGGIFY("outlet.would-block")) {
        return MYC_AGAIN;
    }
    if (outlet->edge_sent < outlet->edge_bytes) {
        return write_edge(outlet);
    }
    size_t run_max = MYC_BUGGIFY("outlet.run-small") ? 1 : OUTLET_RUN_BYTES;
    struct myc_const_span run = myc_ring_peek(&outlet->reader, run_max);
    if (run.data == NULL) {
        enum myc_status reader = myc_ring_reader_status(&outlet->reader);
        if (reader != MYC_OK && reader != MYC_CLOSED) {
            return reader;
        }
        // Acquire pairs with the release in myc__outlet_end, which follows the last commit.
        if (myc_load_acquire_u32(&outlet->is_ending) == 0 || outlet->is_bye_sent
            || !myc_ring_is_empty(&outlet->reader)) {
            return MYC_END;
        }
        myc__bye_encode(outlet->edge);
        outlet->edge_bytes = MYC__BYE_BYTES;
        outlet->edge_sent = 0;
        outlet->is_bye_sent = true;
        return MYC_OK;
    }
    struct myc_const_span rest = {
        .data = (const unsigned char *)run.data + outlet->partial,
        .size = run.size - outlet->partial,
    };
    size_t bytes = 0;
    // Raised before the write, since the answer may be here before it returns. Each record has at
    // least a word; how many there are is known for sure only afterwards.
    uint64_t sequence = myc_ring_reader_sequence(&outlet->reader);
    myc_store_release_u64(&outlet->sent_max, sequence + run.size / sizeof(uint64_t));
    enum myc_status status =
        myc_stream_writev(outlet->platform->stream, outlet->channel.stream, &rest, 1, &bytes);
    if (status == MYC_OK) {
        consume_written(outlet, run, outlet->partial + bytes);
    }
    // Pairs with the acquire in myc__outlet_receive.
    myc_store_release_u64(&outlet->sent_max, myc_ring_reader_sequence(&outlet->reader));
    return status;
}

// Called with the token. Returns OK (drained), AGAIN (blocked), RESET (broken).
static enum myc_status write_all(struct myc__outlet *outlet)
{
    enum myc_status status = MYC_OK;
    myc_shared_write(&outlet->partial, sizeof(outlet->partial));
    if (myc_load_acquire_u32(&outlet->has_failed) != 0) {
        return MYC_RESET;
    }
    do {
        status = write_next(outlet);
    } while (status == MYC_OK);
    MYC_SOMETIMES(status == MYC_AGAIN, "outlet.blocked");
    if (status == MYC_AGAIN || status == MYC_END) {
        set_write_interest(outlet, status == MYC_AGAIN);
        return status == MYC_AGAIN ? MYC_AGAIN : MYC_OK;
    }
    // The agent learns of it as an event on the stream, or here if the ring itself is broken.
    myc_store_release_u32(&outlet->has_failed, 1);
    return MYC_RESET;
}

enum myc_status myc__outlet_drain(struct myc__outlet *outlet)
{
    enum myc_status status = MYC_AGAIN;
    if (!take_token(outlet)) {
        // Mark, fence, try once more: either we get the token now, or its holder sees the mark.
        myc_store_seq_cst_u32(&outlet->more, 1);
        myc_fence_seq_cst();
        if (!take_token(outlet)) {
            MYC_REACHED("outlet.token-busy");
            return MYC_AGAIN;
        }
    }
    for (;;) {
        // Cleared first: a mark set from here on makes us come round again. By an exchange, which
        // acquires a mark that it clears: what was committed before that is seen.
        (void)myc_exchange_u32(&outlet->more, 0);
        status = write_all(outlet);
        myc_store_seq_cst_u32(&outlet->token, 0);
        myc_fence_seq_cst();
        if (myc_load_seq_cst_u32(&outlet->more) == 0 || !take_token(outlet)) {
            return status;
        }
    }
}

void myc__outlet_end(struct myc__outlet *outlet)
{
    // Pairs with the acquire in write_next.
    myc_store_release_u32(&outlet->is_ending, 1);
    (void)myc__outlet_drain(outlet);
}

enum myc_status myc__outlet_receive(struct myc__outlet *outlet, struct myc_diagnostic *diagnostic)
{
    struct myc_record record;
    uint64_t sequence = 0;
    bool has_moved = false;
    enum myc_status status = MYC_OK;
    for (uint32_t i = 0; i < OUTLET_RECORDS_MAX; i++) {
        status = myc__channel_receive(&outlet->channel, &record, diagnostic);
        if (status != MYC_OK) {
            break;
        }
        if (record.type == MYC_RECORD_BYE) {
            return MYC_END;
        }
        if (record.type != MYC_RECORD_ACK) {
            return myc_diagnostic_set(
                diagnostic, MYC_CORRUPT, 0, "a subscriber sent something else than ACK or BYE");
        }
        status = myc__ack_decode(record.payload, record.size, &sequence, diagnostic);
        if (status != MYC_OK) {
            return status;
        }
        if (sequence < myc_load_relaxed_u64(&outlet->acknowledged)) {
            return myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "ACK went backwards");
        }
        // Pairs with the releases in write_next, which the bytes on the stream have followed.
        if (sequence > myc_load_acquire_u64(&outlet->sent_max)) {
            return myc_diagnostic_set(diagnostic, MYC_CORRUPT, 0, "ACK of what was not sent");
        }
        myc_store_release_u64(&outlet->acknowledged, sequence);
        has_moved = true;
    }
    return status == MYC_AGAIN && has_moved ? MYC_OK : status;
}

void myc__outlet_close(struct myc__outlet *outlet)
{
    // A holder never blocks, so this ends soon; the token is never given back.
    for (uint32_t round = 0; !take_token(outlet); round++) {
        myc_thread_relax(outlet->platform->thread, round);
    }
    myc_poller_remove(outlet->platform->poller, outlet->poller, outlet->channel.stream);
    myc__channel_close(&outlet->channel);
}

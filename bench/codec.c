// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What it costs to read a message of a contract out of bytes and to write one: generated code
// against a copy and stores by hand, and against other formats. A record is read as a stream has
// it: its header, then the message, whose bytes are checked; then every field is read. One thread,
// 64 messages in turn, all in its first-level cache.
#include <stdio.h>

#include "codec_work.h"
#include "machine.h"

enum { ROUNDS = 100000, PEER_ROUNDS = 5000 };

struct slot {
    uint64_t word; /* the record's header */
    struct trading_pool_state_update message;
};

struct codec_bench {
    struct slot slots[CODEC_MESSAGES];
    struct codec_values values[CODEC_MESSAGES];
    struct codec_encoded encoded[CODEC_MESSAGES];
};

// ---- Writing by hand ----

// Every byte of the message by an assignment, gaps included; what is absent is zero in `values`.
static void
write_by_hand(struct trading_pool_state_update *message, const struct codec_values *values)
{
    memcpy(message->pool_address, values->address, sizeof(message->pool_address));
    message->venue_id = values->venue;
    message->has_reserve0 = values->reserve0.is_present;
    memset(message->reserved_0, 0, sizeof(message->reserved_0));
    message->reserve0 = codec_limbs(&values->reserve0);
    message->has_reserve1 = values->reserve1.is_present;
    memset(message->reserved_1, 0, sizeof(message->reserved_1));
    message->reserve1 = codec_limbs(&values->reserve1);
    message->has_liquidity = values->liquidity.is_present;
    memset(message->reserved_2, 0, sizeof(message->reserved_2));
    message->liquidity = codec_limbs(&values->liquidity);
    message->has_sqrt_price_x96 = values->sqrt_price.is_present;
    memset(message->reserved_3, 0, sizeof(message->reserved_3));
    message->sqrt_price_x96 = codec_limbs(&values->sqrt_price);
    message->has_tick = values->has_tick;
    memset(message->reserved_4, 0, sizeof(message->reserved_4));
    message->tick = values->tick;
    message->block_number = values->block;
    message->origin_ns = values->origin_ns;
}

// ---- Rounds over all messages; each returns a sum that says that all was read or written ----

typedef uint64_t round_fn(struct codec_bench *bench);

// What both ways of reading begin with.
static inline bool read_header(const struct slot *slot, struct myc_record *out_record)
{
    struct myc_record_header header = myc_record_header(slot->word);
    *out_record = (struct myc_record){
        .type = header.type,
        .version = header.version,
        .size = header.length,
        .payload = &slot->message};
    return header.length <= sizeof(slot->message);
}

static uint64_t view_all(struct codec_bench *bench)
{
    struct trading_pool_state_update scratch;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < CODEC_MESSAGES; i++) {
        struct myc_record record;
        const struct trading_pool_state_update *message;
        if (!read_header(&bench->slots[i], &record)) {
            return 0;
        }
        message = trading_pool_state_update_view(&record, &scratch);
        if (message == NULL || trading_pool_state_update_validate(message, NULL) != MYC_OK) {
            return 0;
        }
        sum += codec_read(message);
    }
    return sum;
}

static uint64_t copy_all(struct codec_bench *bench)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < CODEC_MESSAGES; i++) {
        struct trading_pool_state_update copy;
        struct myc_record record;
        if (!read_header(&bench->slots[i], &record)
            || record.type != TRADING_POOL_STATE_UPDATE_TYPE_ID || record.size != sizeof(copy)) {
            return 0;
        }
        memcpy(&copy, record.payload, sizeof(copy));
        // The copy is what the caller wanted, so it must be made.
        bench_keep((uint64_t)(uintptr_t)&copy);
        sum += codec_read(&copy);
    }
    return sum;
}

static uint64_t encode_all(struct codec_bench *bench)
{
    for (uint32_t i = 0; i < CODEC_MESSAGES; i++) {
        codec_write(&bench->slots[i].message, &bench->values[i]);
        bench_keep(i);
    }
    return 0;
}

static uint64_t store_all(struct codec_bench *bench)
{
    for (uint32_t i = 0; i < CODEC_MESSAGES; i++) {
        write_by_hand(&bench->slots[i].message, &bench->values[i]);
        bench_keep(i);
    }
    return 0;
}

// ---- Sides ----

static struct codec_bench *codec_open(void)
{
    struct codec_bench *bench = bench_pages(sizeof(*bench), false);
    for (uint32_t i = 0; bench != NULL && i < CODEC_MESSAGES; i++) {
        codec_values_make(i, &bench->values[i]);
        bench->slots[i].word = myc_record_word(
            TRADING_POOL_STATE_UPDATE_TYPE_ID,
            TRADING_POOL_STATE_UPDATE_VERSION,
            TRADING_POOL_STATE_UPDATE_SIZE);
        write_by_hand(&bench->slots[i].message, &bench->values[i]);
    }
    return bench;
}

// Times rounds; the first half warms up. False if a round read anything else than was written.
static bool time_rounds(
    const struct bench_setup *setup,
    struct codec_bench *bench,
    round_fn *run,
    bool is_reading,
    double *out_ns)
{
    uint64_t rounds = bench_amount(setup, ROUNDS);
    uint64_t want = is_reading ? codec_values_sum() : 0;
    uint64_t wrong = 0;
    uint64_t start = 0;
    for (uint64_t i = 0; i < 2 * rounds; i++) {
        if (i == rounds) {
            start = bench_ticks();
        }
        wrong |= run(bench) ^ want;
    }
    *out_ns =
        (double)(bench_ticks() - start) * setup->ns_per_tick / (double)(rounds * CODEC_MESSAGES);
    return wrong == 0;
}

static bool measure(const struct bench_setup *setup, round_fn *run, bool is_reading, double *out_ns)
{
    struct codec_bench *bench = codec_open();
    bool is_good = bench != NULL && time_rounds(setup, bench, run, is_reading, out_ns);
    // However it was written, the same is read.
    is_good = is_good && view_all(bench) == codec_values_sum();
    bench_pages_free(bench, sizeof(*bench));
    return is_good || bench_fail("codec: other values came out than went in");
}

static bool view(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, view_all, true, out_values);
}

static bool copy(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, copy_all, true, out_values);
}

static bool encode(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, encode_all, false, out_values);
}

static bool store(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return measure(setup, store_all, false, out_values);
}

static const struct bench_side decode_sides[] = {
    {"view, validate, read in place", view, {"ns"}},
    {"memcpy out, read the copy", copy, {"ns"}},
};
static const struct bench_case decode_cases[] = {
    {.bench = "codec",
     .name = "decode",
     .unit = "ns",
     .reference_name = "memcpy out of the same bytes, unchecked",
     .better = BENCH_LOWER,
     .bar = 0.75,
     .ours = 0,
     .reference = 1},
};
const struct bench_experiment bench_codec_decode = {decode_sides, 2, decode_cases, 1, NULL};

static const struct bench_side encode_sides[] = {
    {"generated, in place", encode, {"ns"}},
    {"stores by hand", store, {"ns"}},
};
static const struct bench_case encode_cases[] = {
    {.bench = "codec",
     .name = "encode",
     .unit = "ns",
     .reference_name = "every byte stored by hand",
     .better = BENCH_LOWER,
     .bar = 1.1,
     .ours = 0,
     .reference = 1},
};
const struct bench_experiment bench_codec_encode = {encode_sides, 2, encode_cases, 1, NULL};

// ---- Peers ----

#if defined(BENCH_HAS_PROTOBUF_C) || defined(BENCH_HAS_FLATBUFFERS) || defined(BENCH_HAS_CAPNP)
static bool measure_peer(
    const struct bench_setup *setup,
    const struct codec_peer *peer,
    double out_values[BENCH_VALUES_MAX])
{
    struct codec_bench *bench = codec_open();
    uint64_t rounds = bench_amount(setup, PEER_ROUNDS);
    uint64_t want = codec_values_sum();
    uint64_t bytes = 0;
    bool is_good = bench != NULL;
    uint64_t start = bench_ticks();
    for (uint32_t i = 0; is_good && i < CODEC_MESSAGES; i++) {
        is_good = peer->encode(&bench->values[i], &bench->encoded[i]);
        bytes += is_good ? bench->encoded[i].size : 0;
    }
    for (uint64_t i = 0; is_good && i < 2 * rounds; i++) {
        uint64_t sum = 0;
        if (i == rounds) {
            start = bench_ticks();
        }
        is_good = peer->decode(bench->encoded, &sum) && sum == want;
    }
    out_values[0] =
        (double)(bench_ticks() - start) * setup->ns_per_tick / (double)(rounds * CODEC_MESSAGES);
    start = bench_ticks();
    for (uint64_t i = 0; is_good && i < rounds * CODEC_MESSAGES; i++) {
        is_good =
            peer->encode(&bench->values[i % CODEC_MESSAGES], &bench->encoded[i % CODEC_MESSAGES]);
    }
    out_values[1] =
        (double)(bench_ticks() - start) * setup->ns_per_tick / (double)(rounds * CODEC_MESSAGES);
    out_values[2] = (double)bytes / CODEC_MESSAGES;
    bench_pages_free(bench, sizeof(*bench));
    return is_good || bench_fail("codec: other values came out of a peer than went in");
}

#define PEER_(name)                                                                                \
    static bool name(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])         \
    {                                                                                              \
        return measure_peer(setup, &codec_##name, out_values);                                     \
    }
#define PEER_VALUES                                                                                \
    {                                                                                              \
        "decode ns", "encode ns", "bytes a message"                                                \
    }
#define PEER_CASE_(case_name, text, case_bar, side)                                                \
    {                                                                                              \
        .bench = "codec", .name = case_name, .unit = "ns", .reference_name = text,                 \
        .better = BENCH_LOWER, .bar = case_bar, .ours = 0, .reference = side                       \
    }

#ifdef BENCH_HAS_PROTOBUF_C
PEER_(protobuf_c)
#endif
#ifdef BENCH_HAS_FLATBUFFERS
PEER_(flatbuffers)
#endif
#ifdef BENCH_HAS_CAPNP
PEER_(capnp)
#endif

enum {
    SIDE_OURS,
#ifdef BENCH_HAS_PROTOBUF_C
    SIDE_PROTOBUF_C,
#endif
#ifdef BENCH_HAS_FLATBUFFERS
    SIDE_FLATBUFFERS,
#endif
#ifdef BENCH_HAS_CAPNP
    SIDE_CAPNP,
#endif
    SIDES
};

static const struct bench_side peer_sides[] = {
    {"view, validate, read in place", view, {"ns"}},
#ifdef BENCH_HAS_PROTOBUF_C
    {"protobuf-c, unpacked into one block", protobuf_c, PEER_VALUES},
#endif
#ifdef BENCH_HAS_FLATBUFFERS
    {"FlatBuffers, C++", flatbuffers, PEER_VALUES},
#endif
#ifdef BENCH_HAS_CAPNP
    {"Cap'n Proto, C++", capnp, PEER_VALUES},
#endif
};
static const struct bench_case peer_cases[] = {
#ifdef BENCH_HAS_PROTOBUF_C
    PEER_CASE_("vs_protobuf_c", "protobuf-c, unpacked into one block", 0.05, SIDE_PROTOBUF_C),
#endif
#ifdef BENCH_HAS_FLATBUFFERS
    PEER_CASE_("vs_flatbuffers", "FlatBuffers, verified", 0.25, SIDE_FLATBUFFERS),
#endif
#ifdef BENCH_HAS_CAPNP
    PEER_CASE_("vs_capnp", "Cap'n Proto, no pointers", 0.10, SIDE_CAPNP),
#endif
};
const struct bench_experiment bench_codec_peers = {peer_sides, SIDES, peer_cases, SIDES - 1, NULL};
#else
// The catalogue says why they are not there.
const struct bench_experiment bench_codec_peers = {NULL, 0, NULL, 0, NULL};
#endif

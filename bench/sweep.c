// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sweep.h"

#include <stdio.h>

#include <mycelium/framed.h>

#include "machine.h"

enum {
    RING_BYTES_MIN = 256 * 1024,
    RING_MESSAGES_MIN = 8,
    FRAMED_RING_BYTES = 1024 * 1024,
    BUFFER_BYTES = 2 * 1024 * 1024
};

// One direction. The writer's part is used by one side only, the reader's by the other, each in its
// own copy if they are processes; only the ring and its page are shared then.
struct channel {
    struct ring_fixture *ring;
    size_t bytes;
    bool is_framed;
    struct myc_framed_writer writer;
    struct myc_framed_assembler assembler;
    struct myc_framed_source source;
    void *assembly;
    size_t assembly_bytes;
    uint64_t *buffer; /* what is sent in fragments lies here first */
    uint64_t sum;
    uint64_t received;
};

static uint64_t sum_words(const uint64_t *words, size_t bytes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes / sizeof(uint64_t); i++) {
        sum += words[i];
    }
    return sum;
}

static void fill_words(uint64_t *words, size_t bytes, uint64_t value)
{
    for (size_t i = 0; i < bytes / sizeof(uint64_t); i++) {
        words[i] = value + i;
    }
}

static void on_record(const struct myc_record *record, void *context)
{
    struct channel *channel = context;
    channel->sum += sum_words(record->payload, record->size);
    channel->received++;
}

static void on_message(const struct myc_framed_message *message, void *context)
{
    struct channel *channel = context;
    channel->sum += sum_words(message->payload, message->size);
    channel->received++;
}

static bool open_framed(struct channel *channel, const struct sweep_options *options)
{
    const struct myc_framed_writer_options sending = {.fragment_bytes = options->fragment_bytes};
    const struct myc_framed_assembler_options receiving = {(uint32_t)options->bytes, 1};
    const struct myc_framed_handler handler = {.message = on_message, .context = channel};
    channel->assembly_bytes = myc_framed_memory_size(&receiving);
    channel->assembly = bench_pages(channel->assembly_bytes, false);
    channel->buffer = bench_pages(BUFFER_BYTES, false);
    if (channel->assembly == NULL || channel->buffer == NULL
        || myc_framed_writer_init(&channel->writer, &channel->ring->writer, &sending, NULL)
               != MYC_OK
        || myc_framed_assembler_init(
               &channel->assembler, channel->assembly, channel->assembly_bytes, &receiving, NULL)
               != MYC_OK) {
        (void)fprintf(stderr, "myc-bench: cannot make a framed channel\n");
        return false;
    }
    myc_framed_source_init(&channel->source, &channel->assembler, &handler);
    myc_framed_attach(&channel->source, &channel->ring->readers[0]);
    return true;
}

static bool channel_open(struct channel *channel, const struct sweep_options *options)
{
    uint64_t capacity = options->fragment_bytes != 0 ? FRAMED_RING_BYTES : RING_BYTES_MIN;
    while (options->fragment_bytes == 0 && capacity < RING_MESSAGES_MIN * options->bytes) {
        capacity *= 2;
    }
    channel->bytes = options->bytes;
    channel->is_framed = options->fragment_bytes != 0;
    channel->ring = ring_fixture_create(options->place, capacity, 1);
    return channel->ring != NULL && (!channel->is_framed || open_framed(channel, options));
}

static void channel_close(struct channel *channel)
{
    ring_fixture_destroy(channel->ring);
    bench_pages_free(channel->assembly, channel->assembly_bytes);
    bench_pages_free(channel->buffer, BUFFER_BYTES);
}

// Fills and sends one message, spinning for room. False if the ring refuses it for good.
static bool channel_send(struct channel *channel, uint64_t value)
{
    struct myc_ring_writer *ring = &channel->ring->writer;
    if (!channel->is_framed || channel->bytes <= channel->writer.fragment_bytes) {
        uint64_t *payload = NULL;
        while (payload == NULL) {
            payload = channel->is_framed ? myc_framed_claim(&channel->writer, channel->bytes)
                                         : myc_ring_claim(ring, channel->bytes);
        }
        fill_words(payload, channel->bytes, value);
        if (channel->is_framed) {
            return myc_framed_commit(
                       &channel->writer, FIXTURE_TYPE, FIXTURE_VERSION, channel->bytes)
                   == MYC_OK;
        }
        myc_ring_commit(ring, FIXTURE_TYPE, FIXTURE_VERSION, channel->bytes);
        return true;
    }
    fill_words(channel->buffer, channel->bytes, value);
    enum myc_status status = MYC_FULL;
    while (status == MYC_FULL) {
        status = myc_framed_publish(
            &channel->writer, FIXTURE_TYPE, FIXTURE_VERSION, channel->buffer, channel->bytes);
    }
    while (status == MYC_AGAIN) {
        status = myc_framed_resume(&channel->writer);
    }
    return status == MYC_OK;
}

// Spins until so many messages have come in all. False if the ring broke.
static bool channel_receive(struct channel *channel, uint64_t until)
{
    struct myc_ring_reader *reader = &channel->ring->readers[0];
    while (channel->received < until) {
        size_t count = channel->is_framed
                           ? myc_framed_poll(&channel->source, MYC_RING_BATCH_MAX)
                           : myc_ring_poll(reader, on_record, channel, MYC_RING_BATCH_MAX);
        if (count == 0 && myc_ring_reader_status(reader) != MYC_OK) {
            return false;
        }
    }
    return true;
}

// ---- Two sides ----

struct pair {
    struct channel *there;
    struct channel *back;
    uint64_t warm_up;
    uint64_t total;
    uint64_t *ticks; /* shared; for what comes after the warm-up */
};

static bool answer(void *context)
{
    struct pair *pair = context;
    for (uint64_t i = 1; i <= pair->total; i++) {
        if (!channel_receive(pair->there, i) || !channel_send(pair->back, i)) {
            return false;
        }
    }
    bench_keep(pair->there->sum);
    return true;
}

static bool ask(struct pair *pair, struct myc_histogram *histogram)
{
    uint64_t before = bench_ticks();
    for (uint64_t i = 1; i <= pair->total; i++) {
        if (!channel_send(pair->there, i) || !channel_receive(pair->back, i)) {
            return false;
        }
        uint64_t now = bench_ticks();
        if (i > pair->warm_up) {
            myc_histogram_record(histogram, now - before);
        }
        before = now;
    }
    bench_keep(pair->back->sum);
    return true;
}

static bool start_partner(
    const struct bench_setup *setup,
    const struct sweep_options *options,
    bench_partner_fn *run,
    struct pair *pair,
    struct bench_partner *partner)
{
    return options->place == FIXTURE_HEAP ? bench_thread_start(partner, setup, run, pair)
                                          : bench_process_start(partner, setup, run, pair);
}

bool sweep_round_trip(
    const struct bench_setup *setup,
    const struct sweep_options *options,
    uint64_t trips,
    double out_ns[3])
{
    struct bench_partner partner;
    struct channel *channels = bench_pages(2 * sizeof(*channels), false);
    struct myc_histogram *histogram = bench_pages(sizeof(*histogram), false);
    if (channels == NULL || histogram == NULL) {
        return false;
    }
    struct pair pair = {
        .there = &channels[0],
        .back = &channels[1],
        .warm_up = trips / 4 + 1,
        .total = trips + trips / 4 + 1};
    bool is_good = channel_open(pair.there, options) && channel_open(pair.back, options)
                   && start_partner(setup, options, answer, &pair, &partner);
    if (is_good) {
        is_good = ask(&pair, histogram);
        is_good = bench_partner_join(&partner) && is_good;
        bench_quantiles_ns(setup, histogram, 2, out_ns);
    }
    channel_close(pair.there);
    channel_close(pair.back);
    bench_pages_free(histogram, sizeof(*histogram));
    bench_pages_free(channels, 2 * sizeof(*channels));
    return is_good;
}

static bool drain(void *context)
{
    struct pair *pair = context;
    bool is_good = channel_receive(pair->there, pair->warm_up);
    uint64_t before = pair->there->received;
    uint64_t start = bench_ticks();
    is_good = is_good && channel_receive(pair->there, pair->total);
    // A batch may reach past the warm-up, so what is timed is counted.
    pair->ticks[0] = bench_ticks() - start;
    pair->ticks[1] = pair->total - before;
    bench_keep(pair->there->sum);
    return is_good;
}

bool sweep_rate(
    const struct bench_setup *setup,
    const struct sweep_options *options,
    uint64_t messages,
    double *out_rate)
{
    struct bench_partner partner;
    struct channel *channel = bench_pages(sizeof(*channel), false);
    uint64_t *ticks = bench_pages(2 * sizeof(uint64_t), true);
    if (channel == NULL || ticks == NULL) {
        return false;
    }
    // More than a batch, so that something is left to be timed.
    uint64_t count = messages > 4 * MYC_RING_BATCH_MAX || options->bytes >= 16384
                         ? messages
                         : 4 * MYC_RING_BATCH_MAX;
    struct pair pair = {
        .there = channel, .warm_up = count / 4 + 1, .total = count + count / 4 + 1, .ticks = ticks};
    bool is_good =
        channel_open(channel, options) && start_partner(setup, options, drain, &pair, &partner);
    for (uint64_t i = 0; is_good && i < pair.total; i++) {
        is_good = channel_send(channel, i);
    }
    if (is_good) {
        is_good = bench_partner_join(&partner) && ticks[0] > 0 && ticks[1] > 0;
        *out_rate = (double)ticks[1] * (double)options->bytes * 1000.0
                    / ((double)ticks[0] * setup->ns_per_tick);
    }
    channel_close(channel);
    bench_pages_free(ticks, 2 * sizeof(uint64_t));
    bench_pages_free(channel, sizeof(*channel));
    return is_good;
}

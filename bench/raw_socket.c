// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Plain sockets between two processes. The streams carry bytes nobody fills or looks at: that is
// the limit.
#define _GNU_SOURCE

#include "raw_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "machine.h"

enum {
    BUSY_TRIPS = 20000,
    BLOCKING_TRIPS = 4000,
    WARM_UP_TRIPS = 1000,
    WRITE_BYTES = 64 * 1024,
    STREAM_WRITES = 8000,
    WARM_UP_WRITES = 400
};

struct raw {
    int ends[2];
    bool is_busy;
    uint64_t trips;
    uint64_t warm_up;
    uint64_t ticks;
    struct myc_histogram histogram;
    unsigned char bytes[WRITE_BYTES];
};

// ---- Connecting ----

static bool connect_tcp(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = 0};
    socklen_t size = sizeof(address);
    const int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_good = listener >= 0 && ends[0] >= 0
                   && bind(listener, (struct sockaddr *)&address, size) == 0
                   && listen(listener, 1) == 0
                   && getsockname(listener, (struct sockaddr *)&address, &size) == 0
                   && connect(ends[0], (struct sockaddr *)&address, size) == 0;
    ends[1] = is_good ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
    is_good = is_good && ends[1] >= 0
              && setsockopt(ends[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0
              && setsockopt(ends[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0;
    if (listener >= 0) {
        (void)close(listener);
    }
    return is_good || bench_fail("cannot connect over TCP");
}

static bool set_nonblocking(int fd)
{
    return fcntl(fd, F_SETFL, O_NONBLOCK) == 0 || bench_fail("cannot make a socket non-blocking");
}

static struct raw *open_raw(bool is_tcp, bool is_busy)
{
    struct raw *raw = bench_pages(sizeof(*raw), true);
    if (raw == NULL) {
        return NULL;
    }
    raw->is_busy = is_busy;
    bool is_good = is_tcp ? connect_tcp(raw->ends)
                          : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw->ends) == 0
                                || bench_fail("cannot make a socket pair");
    if (is_good && is_busy) {
        is_good = set_nonblocking(raw->ends[0]) && set_nonblocking(raw->ends[1]);
    }
    if (!is_good) {
        bench_pages_free(raw, sizeof(*raw));
        return NULL;
    }
    return raw;
}

static void close_raw(struct raw *raw)
{
    if (raw != NULL) {
        (void)close(raw->ends[0]);
        (void)close(raw->ends[1]);
        bench_pages_free(raw, sizeof(*raw));
    }
}

// ---- Bytes ----

static bool write_all(int fd, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        } else if (errno != EAGAIN && errno != EINTR) {
            return bench_fail("cannot write to a socket");
        }
    }
    return true;
}

// Reads exactly `size` bytes; busy sockets answer EAGAIN until they are there.
static bool read_all(int fd, unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = read(fd, bytes, size);
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
            return bench_fail("cannot read from a socket");
        }
    }
    return true;
}

// ---- Ping-pong ----

static bool answer(void *context)
{
    struct raw *raw = context;
    unsigned char record[BENCH_RECORD_BYTES];
    for (uint64_t i = 0; i < raw->trips; i++) {
        if (!read_all(raw->ends[1], record, sizeof(record))
            || !write_all(raw->ends[1], record, sizeof(record))) {
            return false;
        }
    }
    return true;
}

static bool ask(struct raw *raw)
{
    unsigned char record[BENCH_RECORD_BYTES] = {0};
    uint64_t before = bench_ticks();
    for (uint64_t i = 0; i < raw->trips; i++) {
        if (!write_all(raw->ends[0], record, sizeof(record))
            || !read_all(raw->ends[0], record, sizeof(record))) {
            return false;
        }
        uint64_t now = bench_ticks();
        if (i >= raw->warm_up) {
            myc_histogram_record(&raw->histogram, now - before);
        }
        before = now;
    }
    return true;
}

static bool pingpong(
    const struct bench_setup *setup, bool is_tcp, bool is_busy, double out_values[BENCH_VALUES_MAX])
{
    struct bench_partner partner;
    struct raw *raw = open_raw(is_tcp, is_busy);
    if (raw == NULL) {
        return false;
    }
    raw->warm_up = bench_amount(setup, WARM_UP_TRIPS);
    raw->trips = raw->warm_up + bench_amount(setup, is_busy ? BUSY_TRIPS : BLOCKING_TRIPS);
    bool is_good = bench_process_start(&partner, setup, answer, raw);
    if (is_good) {
        is_good = ask(raw);
        is_good = bench_partner_join(&partner) && is_good;
        bench_quantiles_ns(setup, &raw->histogram, 2000, out_values);
    }
    close_raw(raw);
    return is_good;
}

bool raw_unix_rtt_busy(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return pingpong(setup, false, true, out_values);
}

bool raw_tcp_rtt_busy(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return pingpong(setup, true, true, out_values);
}

bool raw_unix_rtt_block(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return pingpong(setup, false, false, out_values);
}

bool raw_tcp_rtt_block(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return pingpong(setup, true, false, out_values);
}

// ---- Streams ----

static bool swallow(void *context)
{
    struct raw *raw = context;
    unsigned char bytes[WRITE_BYTES];
    for (uint64_t i = 0; i < raw->warm_up; i++) {
        if (!read_all(raw->ends[1], bytes, sizeof(bytes))) {
            return false;
        }
    }
    uint64_t start = bench_ticks();
    for (uint64_t i = raw->warm_up; i < raw->trips; i++) {
        if (!read_all(raw->ends[1], bytes, sizeof(bytes))) {
            return false;
        }
    }
    raw->ticks = bench_ticks() - start;
    return true;
}

static bool
stream(const struct bench_setup *setup, bool is_tcp, double out_values[BENCH_VALUES_MAX])
{
    struct bench_partner partner;
    struct raw *raw = open_raw(is_tcp, false);
    if (raw == NULL) {
        return false;
    }
    raw->warm_up = bench_amount(setup, WARM_UP_WRITES);
    raw->trips = raw->warm_up + bench_amount(setup, STREAM_WRITES);
    bool is_good = bench_process_start(&partner, setup, swallow, raw);
    for (uint64_t i = 0; i < raw->trips && is_good; i++) {
        is_good = write_all(raw->ends[0], raw->bytes, sizeof(raw->bytes));
    }
    if (is_good) {
        is_good = bench_partner_join(&partner);
        double records = (double)(raw->trips - raw->warm_up) * WRITE_BYTES / BENCH_RECORD_BYTES;
        out_values[0] = records / ((double)raw->ticks * setup->ns_per_tick) * 1000;
    }
    close_raw(raw);
    return is_good;
}

bool raw_unix_stream(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return stream(setup, false, out_values);
}

bool raw_tcp_stream(const struct bench_setup *setup, double out_values[BENCH_VALUES_MAX])
{
    return stream(setup, true, out_values);
}

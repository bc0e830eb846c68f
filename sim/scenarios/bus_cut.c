// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Forwards every call, unless this is the moment at which the stream breaks.
#include "bus_cut.h"

static struct bus_cut *cut_of(struct myc_stream *stream)
{
    return MYC_CONTAINER_OF(stream, struct bus_cut, stream);
}

// The other end reads the end of the stream; what it wrote, and we did not read, is lost.
static bool is_cut(struct bus_cut *cut, struct myc_handle handle)
{
    cut->last = handle;
    if (cut->left == 0 || !myc_sim_chance(cut->sim, "bus.cut", 1, 256)) {
        return false;
    }
    cut->left--;
    myc_sim_count(cut->sim, "links cut", 1);
    myc_stream_shutdown(cut->real, handle);
    return true;
}

static enum myc_status cut_connect(
    struct myc_stream *stream,
    const struct myc_address *address,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    return myc_stream_connect(cut_of(stream)->real, address, out_handle, diagnostic);
}

static enum myc_status cut_connect_result(struct myc_stream *stream, struct myc_handle handle)
{
    return myc_stream_connect_result(cut_of(stream)->real, handle);
}

static enum myc_status cut_readv(
    struct myc_stream *stream,
    struct myc_handle handle,
    const struct myc_span *spans,
    size_t count,
    size_t *out_bytes)
{
    struct bus_cut *cut = cut_of(stream);
    return is_cut(cut, handle) ? MYC_RESET
                               : myc_stream_readv(cut->real, handle, spans, count, out_bytes);
}

static enum myc_status cut_writev(
    struct myc_stream *stream,
    struct myc_handle handle,
    const struct myc_const_span *spans,
    size_t count,
    size_t *out_bytes)
{
    struct bus_cut *cut = cut_of(stream);
    return is_cut(cut, handle) ? MYC_RESET
                               : myc_stream_writev(cut->real, handle, spans, count, out_bytes);
}

static enum myc_status cut_send_handles(
    struct myc_stream *stream,
    struct myc_handle handle,
    struct myc_const_span bytes,
    const struct myc_handle *handles,
    size_t count,
    size_t *out_bytes)
{
    struct bus_cut *cut = cut_of(stream);
    if (is_cut(cut, handle)) {
        return MYC_RESET;
    }
    return myc_stream_send_handles(cut->real, handle, bytes, handles, count, out_bytes);
}

static enum myc_status cut_receive_handles(
    struct myc_stream *stream,
    struct myc_handle handle,
    struct myc_span bytes,
    struct myc_handle *out_handles,
    size_t handles_max,
    size_t *out_bytes,
    size_t *out_count)
{
    struct bus_cut *cut = cut_of(stream);
    if (is_cut(cut, handle)) {
        return MYC_RESET;
    }
    return myc_stream_receive_handles(
        cut->real, handle, bytes, out_handles, handles_max, out_bytes, out_count);
}

static enum myc_status
cut_peer(struct myc_stream *stream, struct myc_handle handle, struct myc_peer *out_peer)
{
    return myc_stream_peer(cut_of(stream)->real, handle, out_peer);
}

static void cut_shutdown(struct myc_stream *stream, struct myc_handle handle)
{
    myc_stream_shutdown(cut_of(stream)->real, handle);
}

static void cut_close(struct myc_stream *stream, struct myc_handle handle)
{
    struct bus_cut *cut = cut_of(stream);
    cut->last.value = handle.value == cut->last.value ? 0 : cut->last.value;
    myc_stream_close(cut->real, handle);
}

static const struct myc_stream_ops cut_ops = {
    .size = sizeof(cut_ops),
    .connect = cut_connect,
    .connect_result = cut_connect_result,
    .readv = cut_readv,
    .writev = cut_writev,
    .send_handles = cut_send_handles,
    .receive_handles = cut_receive_handles,
    .peer = cut_peer,
    .shutdown = cut_shutdown,
    .close = cut_close,
};

void bus_cut_init(
    struct bus_cut *cut, struct myc_platform *platform, struct myc_sim *sim, uint64_t cuts_max)
{
    cut->platform = *platform;
    cut->real = platform->stream;
    cut->stream.ops = &cut_ops;
    cut->platform.stream = &cut->stream;
    cut->sim = sim;
    cut->left = cuts_max;
}

void bus_cut_step(struct bus_cut *cut)
{
    if (cut->left > 0 && cut->last.value != 0 && myc_sim_chance(cut->sim, "bus.cut_now", 1, 8)) {
        cut->left--;
        myc_sim_count(cut->sim, "links cut", 1);
        myc_stream_shutdown(cut->real, cut->last);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Connected sockets. Every one is made non-blocking and close-on-exec at birth, gets its options in
// myc__posix_stream_prepare, and is written with MSG_NOSIGNAL, so that no SIGPIPE is ever raised.
#include "platform/posix/posix.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HANDLES_MAX = MYC_STREAM_HANDLES_MAX, SPANS_MAX = IOV_MAX };

// Spans go to the kernel as they are.
_Static_assert(sizeof(struct myc_span) == sizeof(struct iovec), "a span is an iovec");
_Static_assert(
    offsetof(struct myc_span, data) == offsetof(struct iovec, iov_base), "a span is an iovec");
_Static_assert(
    offsetof(struct myc_span, size) == offsetof(struct iovec, iov_len), "a span is an iovec");
_Static_assert(sizeof(struct myc_const_span) == sizeof(struct iovec), "a span is an iovec");

/* The control bytes of one message with as many descriptors as we allow, aligned for its header. */
union control_buffer {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * HANDLES_MAX)];
};

void myc__posix_stream_prepare(int fd, int family)
{
    if (family == AF_INET || family == AF_INET6) {
        const int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
}

static bool is_unix(int fd)
{
    int domain = 0;
    socklen_t size = sizeof(domain);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

// What an error on an established stream means: anything that ends the connection is a reset.
static enum myc_status stream_status(int os_error)
{
    switch (os_error) {
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case ECONNABORTED:
        return MYC_RESET;
    default:
        return myc__posix_status(os_error);
    }
}

// ---- Connecting ----

static enum myc_status stream_connect(
    struct myc_stream *stream,
    const struct myc_address *address,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    (void)stream;
    struct sockaddr_storage socket_address;
    socklen_t size = 0;
    char name[128];
    enum myc_status status = myc__posix_address_encode(address, &socket_address, &size, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    myc__posix_address_text(address, name);
    int family = socket_address.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return myc__posix_fail(
            diagnostic, MYC_OK, errno, "cannot make a socket to connect to", name);
    }
    myc__posix_stream_prepare(fd, family);
    // An interrupted connect goes on by itself: asking again would report EALREADY.
    if (connect(fd, (const struct sockaddr *)(const void *)&socket_address, size) != 0
        && errno != EINPROGRESS && errno != EINTR) {
        int os_error = errno;
        (void)close(fd);
        return myc__posix_fail(diagnostic, MYC_OK, os_error, "cannot connect to", name);
    }
    *out_handle = myc__posix_handle(fd);
    return MYC_OK;
}

// A connect to a free local port may, by chance, be given that very port and meet itself.
static bool is_connected_to_itself(int fd, const struct sockaddr_storage *peer, socklen_t peer_size)
{
    struct sockaddr_storage self;
    socklen_t self_size = sizeof(self);
    memset(&self, 0, sizeof(self));
    if (peer->ss_family == AF_UNIX
        || getsockname(fd, (struct sockaddr *)(void *)&self, &self_size) != 0) {
        return false;
    }
    return self_size == peer_size && memcmp(&self, peer, peer_size) == 0;
}

static enum myc_status stream_connect_result(struct myc_stream *stream, struct myc_handle handle)
{
    (void)stream;
    struct sockaddr_storage peer;
    socklen_t size = sizeof(int);
    int os_error = 0;
    struct pollfd readiness = {.fd = myc__posix_fd(handle), .events = POLLOUT};
    if (poll(&readiness, 1, 0) == 0) {
        return MYC_AGAIN;
    }
    if (getsockopt(readiness.fd, SOL_SOCKET, SO_ERROR, &os_error, &size) != 0) {
        return myc__posix_status(errno);
    }
    if (os_error != 0) {
        return myc__posix_status(os_error);
    }
    memset(&peer, 0, sizeof(peer));
    size = sizeof(peer);
    if (getpeername(readiness.fd, (struct sockaddr *)(void *)&peer, &size) != 0) {
        return myc__posix_status(errno);
    }
    return is_connected_to_itself(readiness.fd, &peer, size) ? MYC_REFUSED : MYC_OK;
}

// ---- Bytes ----

static size_t total_size(const struct iovec *vectors, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += vectors[i].iov_len;
    }
    return total;
}

// The plain calls where no descriptors can come: the kernel then copies no message header.
static ssize_t receive_once(int fd, struct msghdr *message, int flags)
{
    if (message->msg_control != NULL) {
        return recvmsg(fd, message, flags);
    }
    if (message->msg_iovlen == 1) {
        return recv(fd, message->msg_iov->iov_base, message->msg_iov->iov_len, flags);
    }
    return readv(fd, message->msg_iov, (int)message->msg_iovlen);
}

// A stream whose reader is gone must not raise SIGPIPE, so several spans still take sendmsg.
static ssize_t send_once(int fd, const struct msghdr *message)
{
    if (message->msg_control == NULL && message->msg_iovlen == 1) {
        return send(fd, message->msg_iov->iov_base, message->msg_iov->iov_len, MSG_NOSIGNAL);
    }
    return sendmsg(fd, message, MSG_NOSIGNAL);
}

static enum myc_status receive(int fd, struct msghdr *message, int flags, size_t *out_bytes)
{
    ssize_t count = 0;
    do {
        count = receive_once(fd, message, flags);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return stream_status(errno);
    }
    if (count == 0) {
        return total_size(message->msg_iov, message->msg_iovlen) == 0 ? MYC_INVALID : MYC_END;
    }
    *out_bytes = (size_t)count;
    return MYC_OK;
}

static enum myc_status send_bytes(int fd, const struct msghdr *message, size_t *out_bytes)
{
    ssize_t count = 0;
    do {
        count = send_once(fd, message);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return stream_status(errno);
    }
    *out_bytes = (size_t)count;
    return count > 0 ? MYC_OK : MYC_INVALID; // no bytes were offered
}

static enum myc_status stream_readv(
    struct myc_stream *stream,
    struct myc_handle handle,
    const struct myc_span *spans,
    size_t count,
    size_t *out_bytes)
{
    (void)stream;
    struct msghdr message = {
        .msg_iov = (struct iovec *)(uintptr_t)spans,
        .msg_iovlen = count < SPANS_MAX ? count : SPANS_MAX,
    };
    *out_bytes = 0;
    return receive(myc__posix_fd(handle), &message, 0, out_bytes);
}

static enum myc_status stream_writev(
    struct myc_stream *stream,
    struct myc_handle handle,
    const struct myc_const_span *spans,
    size_t count,
    size_t *out_bytes)
{
    (void)stream;
    const struct msghdr message = {
        .msg_iov = (struct iovec *)(uintptr_t)spans,
        .msg_iovlen = count < SPANS_MAX ? count : SPANS_MAX,
    };
    *out_bytes = 0;
    return send_bytes(myc__posix_fd(handle), &message, out_bytes);
}

// ---- Handles ----

static enum myc_status stream_send_handles(
    struct myc_stream *stream,
    struct myc_handle handle,
    struct myc_const_span bytes,
    const struct myc_handle *handles,
    size_t count,
    size_t *out_bytes)
{
    (void)stream;
    union control_buffer control;
    int fds[HANDLES_MAX];
    struct iovec vector = {.iov_base = (void *)(uintptr_t)bytes.data, .iov_len = bytes.size};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    *out_bytes = 0;
    if (count > HANDLES_MAX) {
        return MYC_INVALID;
    }
    if (!is_unix(myc__posix_fd(handle))) {
        return MYC_UNSUPPORTED;
    }
    if (count > 0) {
        for (size_t i = 0; i < count; i++) {
            fds[i] = myc__posix_fd(handles[i]);
        }
        memset(&control, 0, sizeof(control));
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    }
    return send_bytes(myc__posix_fd(handle), &message, out_bytes);
}

// Takes the descriptors out of a received message; they are ours from here on.
static size_t take_descriptors(struct msghdr *message, int *fds)
{
    size_t count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
            size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            here = here < HANDLES_MAX - count ? here : HANDLES_MAX - count;
            memcpy(fds + count, CMSG_DATA(header), here * sizeof(int));
            count += here;
        }
    }
    return count;
}

static enum myc_status stream_receive_handles(
    struct myc_stream *stream,
    struct myc_handle handle,
    struct myc_span bytes,
    struct myc_handle *out_handles,
    size_t handles_max,
    size_t *out_bytes,
    size_t *out_count)
{
    (void)stream;
    union control_buffer control;
    int fds[HANDLES_MAX];
    struct iovec vector = {.iov_base = bytes.data, .iov_len = bytes.size};
    struct msghdr message = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    *out_bytes = 0;
    *out_count = 0;
    if (!is_unix(myc__posix_fd(handle))) {
        return MYC_UNSUPPORTED;
    }
    memset(&control, 0, sizeof(control));
    enum myc_status status = receive(myc__posix_fd(handle), &message, MSG_CMSG_CLOEXEC, out_bytes);
    if (status != MYC_OK) {
        return status;
    }
    size_t count = take_descriptors(&message, fds);
    bool is_cut = (message.msg_flags & MSG_CTRUNC) != 0;
    if (is_cut || count > handles_max) {
        for (size_t i = 0; i < count; i++) {
            (void)close(fds[i]);
        }
        *out_bytes = 0;
        // Cut although the buffer had room: this process may open no more descriptors.
        return is_cut && count < HANDLES_MAX ? MYC_LIMIT : MYC_CORRUPT;
    }
    for (size_t i = 0; i < count; i++) {
        out_handles[i] = myc__posix_handle(fds[i]);
    }
    *out_count = count;
    return MYC_OK;
}

// ---- The other end ----

static enum myc_status
stream_peer(struct myc_stream *stream, struct myc_handle handle, struct myc_peer *out_peer)
{
    (void)stream;
    struct myc_peer peer;
    struct ucred credentials;
    struct sockaddr_storage address;
    int fd = myc__posix_fd(handle);
    socklen_t size = sizeof(address);
    memset(&peer, 0, sizeof(peer));
    if (getpeername(fd, (struct sockaddr *)(void *)&address, &size) != 0) {
        return myc__posix_status(errno);
    }
    size = sizeof(credentials);
    if (address.ss_family == AF_UNIX
        && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
        peer.is_local = true;
        peer.user = credentials.uid;
        if (myc__posix_identify(credentials.pid, &peer.process) != MYC_OK) {
            // It ended since, or cannot be asked: without a start time it is no incarnation.
            peer.process.pid = (uint64_t)credentials.pid;
        }
    }
    *out_peer = peer;
    return MYC_OK;
}

static void stream_shutdown(struct myc_stream *stream, struct myc_handle handle)
{
    (void)stream;
    (void)shutdown(myc__posix_fd(handle), SHUT_WR);
}

static void stream_close(struct myc_stream *stream, struct myc_handle handle)
{
    (void)stream;
    myc__posix_close(handle);
}

static const struct myc_stream_ops stream_ops = {
    .size = sizeof(stream_ops),
    .connect = stream_connect,
    .connect_result = stream_connect_result,
    .readv = stream_readv,
    .writev = stream_writev,
    .send_handles = stream_send_handles,
    .receive_handles = stream_receive_handles,
    .peer = stream_peer,
    .shutdown = stream_shutdown,
    .close = stream_close,
};

void myc__posix_stream_init(struct myc_stream *stream)
{
    stream->ops = &stream_ops;
}

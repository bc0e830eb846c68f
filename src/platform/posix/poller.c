// SPDX-License-Identifier: MIT OR Apache-2.0
//
// epoll, level-triggered, with eventfds as doorbells.
#include "platform/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/text.h"

enum { NS_PER_SECOND = 1000000000, NS_PER_MS = 1000000, BATCH_MAX = 64 };

static uint32_t encode_interest(uint32_t interest)
{
    uint32_t events = 0;
    events |= (interest & MYC_READABLE) != 0 ? (uint32_t)EPOLLIN : 0;
    events |= (interest & MYC_WRITABLE) != 0 ? (uint32_t)EPOLLOUT : 0;
    events |= (interest & MYC_ONE_SHOT) != 0 ? (uint32_t)EPOLLONESHOT : 0;
    return events;
}

static uint32_t decode_events(uint32_t events)
{
    uint32_t decoded = 0;
    decoded |= (events & EPOLLIN) != 0 ? MYC_READABLE : 0;
    decoded |= (events & EPOLLOUT) != 0 ? MYC_WRITABLE : 0;
    decoded |= (events & (EPOLLHUP | EPOLLERR)) != 0 ? MYC_HANGUP : 0;
    return decoded;
}

static enum myc_status poller_open(struct myc_poller *poller, struct myc_handle *out_handle)
{
    (void)poller;
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        return MYC_LIMIT;
    }
    *out_handle = myc__posix_handle(fd);
    return MYC_OK;
}

static void poller_close(struct myc_poller *poller, struct myc_handle handle)
{
    (void)poller;
    myc__posix_close(handle);
}

// EPOLL_CTL_ADD or EPOLL_CTL_MOD; false with the reason in errno.
static bool control(
    int operation,
    struct myc_handle handle,
    struct myc_handle source,
    uint32_t interest,
    uint64_t token)
{
    struct epoll_event event = {.events = encode_interest(interest), .data.u64 = token};
    return epoll_ctl(myc__posix_fd(handle), operation, myc__posix_fd(source), &event) == 0;
}

static enum myc_status poller_add(
    struct myc_poller *poller,
    struct myc_handle handle,
    struct myc_handle source,
    uint32_t interest,
    uint64_t token)
{
    (void)poller;
    if (control(EPOLL_CTL_ADD, handle, source, interest, token)) {
        return MYC_OK;
    }
    if (errno == EEXIST) {
        return MYC_EXISTS;
    }
    return errno == ENOSPC || errno == ENOMEM ? MYC_LIMIT : MYC_INVALID;
}

static enum myc_status poller_modify(
    struct myc_poller *poller,
    struct myc_handle handle,
    struct myc_handle source,
    uint32_t interest,
    uint64_t token)
{
    (void)poller;
    return control(EPOLL_CTL_MOD, handle, source, interest, token) ? MYC_OK : MYC_NOT_FOUND;
}

static void
poller_remove(struct myc_poller *poller, struct myc_handle handle, struct myc_handle source)
{
    (void)poller;
    struct epoll_event unused = {.events = 0};
    (void)epoll_ctl(myc__posix_fd(handle), EPOLL_CTL_DEL, myc__posix_fd(source), &unused);
}

// One wait of at most `timeout_ns` (MYC_NEVER: for ever); may return early with 0 events.
static int wait_once(
    const struct myc__posix_poller *poller,
    int fd,
    struct epoll_event *events,
    int events_max,
    uint64_t timeout_ns)
{
    if (poller->has_pwait2) {
        struct timespec timeout = {
            .tv_sec = (time_t)(timeout_ns / NS_PER_SECOND),
            .tv_nsec = (long)(timeout_ns % NS_PER_SECOND),
        };
        return (int)syscall(
            SYS_epoll_pwait2,
            fd,
            events,
            events_max,
            timeout_ns == MYC_NEVER ? NULL : &timeout,
            NULL,
            (size_t)0);
    }
    uint64_t timeout_ms = timeout_ns / NS_PER_MS + (timeout_ns % NS_PER_MS != 0);
    int clamped_ms = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
    return epoll_wait(fd, events, events_max, timeout_ns == MYC_NEVER ? -1 : clamped_ms);
}

static enum myc_status poller_wait(
    struct myc_poller *poller,
    struct myc_handle handle,
    struct myc_event *out_events,
    size_t events_max,
    uint64_t deadline_ns,
    size_t *out_count)
{
    struct myc__posix_poller *posix = MYC_CONTAINER_OF(poller, struct myc__posix_poller, base);
    struct epoll_event events[BATCH_MAX];
    int batch_max = events_max < BATCH_MAX ? (int)events_max : BATCH_MAX;
    for (;;) {
        uint64_t timeout_ns = deadline_ns;
        if (deadline_ns != 0 && deadline_ns != MYC_NEVER) {
            uint64_t now_ns = myc__posix_now_ns();
            timeout_ns = now_ns < deadline_ns ? deadline_ns - now_ns : 0;
        }
        int count = wait_once(posix, myc__posix_fd(handle), events, batch_max, timeout_ns);
        if (count > 0) {
            for (int i = 0; i < count; i++) {
                out_events[i].token = events[i].data.u64;
                out_events[i].events = decode_events(events[i].events);
                out_events[i].reserved = 0;
            }
            *out_count = (size_t)count;
            return MYC_OK;
        }
        if (count < 0 && errno != EINTR) {
            return MYC_INVALID; // EBADF, EINVAL or EFAULT: not a poller
        }
        if (count == 0 && timeout_ns == 0) {
            return MYC_TIMEOUT;
        }
    }
}

// ---- Doorbells ----

static enum myc_status doorbell_open(struct myc_poller *poller, struct myc_handle *out_doorbell)
{
    (void)poller;
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
        return MYC_LIMIT;
    }
    *out_doorbell = myc__posix_handle(fd);
    return MYC_OK;
}

static void doorbell_ring(struct myc_poller *poller, struct myc_handle doorbell)
{
    (void)poller;
    const uint64_t one = 1;
    ssize_t count = 0;
    do {
        count = write(myc__posix_fd(doorbell), &one, sizeof(one));
    } while (count < 0 && errno == EINTR); // EAGAIN: the counter is full, so it is readable already
}

static void doorbell_clear(struct myc_poller *poller, struct myc_handle doorbell)
{
    (void)poller;
    uint64_t rings = 0;
    ssize_t count = 0;
    do {
        count = read(myc__posix_fd(doorbell), &rings, sizeof(rings));
    } while (count < 0 && errno == EINTR); // EAGAIN: nobody rang
}

// The kernel names what a descriptor is; a descriptor of one's own is not needed to ask.
static enum myc_status doorbell_check(struct myc_poller *poller, struct myc_handle handle)
{
    static const char wanted[] = "anon_inode:[eventfd]";
    (void)poller;
    char path[48];
    char name[sizeof(wanted) + 1];
    struct myc__text text;
    int fd = myc__posix_fd(handle);
    if (fd < 0) {
        return MYC_INVALID;
    }
    myc__text_init(&text, path, sizeof(path));
    myc__text_string(&text, "/proc/self/fd/");
    myc__text_u64(&text, (uint64_t)fd);
    ssize_t size = readlink(path, name, sizeof(name));
    bool is_eventfd =
        size == (ssize_t)sizeof(wanted) - 1 && memcmp(name, wanted, sizeof(wanted) - 1) == 0;
    int flags = is_eventfd ? fcntl(fd, F_GETFL) : -1;
    return flags >= 0 && (flags & O_NONBLOCK) != 0 ? MYC_OK : MYC_INVALID;
}

static void doorbell_close(struct myc_poller *poller, struct myc_handle doorbell)
{
    (void)poller;
    myc__posix_close(doorbell);
}

static const struct myc_poller_ops poller_ops = {
    .size = sizeof(poller_ops),
    .open = poller_open,
    .close = poller_close,
    .add = poller_add,
    .modify = poller_modify,
    .remove = poller_remove,
    .wait = poller_wait,
    .doorbell_open = doorbell_open,
    .doorbell_ring = doorbell_ring,
    .doorbell_clear = doorbell_clear,
    .doorbell_check = doorbell_check,
    .doorbell_close = doorbell_close,
};

void myc__posix_poller_init(struct myc__posix_poller *poller)
{
    poller->base.ops = &poller_ops;
    // A wait on no descriptor fails with EBADF where the call exists and ENOSYS where it does not.
    struct epoll_event event;
    long result = syscall(SYS_epoll_pwait2, -1, &event, 1, NULL, NULL, (size_t)0);
    poller->has_pwait2 = result < 0 && errno != ENOSYS;
}

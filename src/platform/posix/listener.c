// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Listening sockets. A Unix path belongs to whoever holds the lock on "<path>.lock":
//  - the kernel drops the lock with its owner, so what a killed process left is free to take;
//  - a lock counts only while the file it was taken on is still the one at that path, so an owner
//  that
//    closes (and removes both files while it still holds the lock) never races with a new one;
//  - files are removed only if they are the very files that this owner made.
#include "platform/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOCK_PATH_BYTES = MYC_ADDRESS_TEXT_BYTES + 8,
    LOCK_ATTEMPTS_MAX = 64, /* each lost attempt means that another owner came and went */
    BACKLOG_DEFAULT = 128,
    SOCKET_MODE = 0600
};

struct myc__posix_owner {
    struct myc__posix_owner *next;
    int fd;      /* the listening socket */
    int lock_fd; /* holds the lock for as long as it is open */
    dev_t device;
    ino_t inode; /* of the socket file that this owner bound */
    char path[MYC_ADDRESS_TEXT_BYTES];
    char lock_path[LOCK_PATH_BYTES];
};

static const char advice_in_use[] = "; end its owner or choose another path";

// Whether the open file is (still) the one found at the path.
static bool is_file_at(int fd, const char *path)
{
    struct stat opened, found;
    return fstat(fd, &opened) == 0 && lstat(path, &found) == 0 && opened.st_dev == found.st_dev
           && opened.st_ino == found.st_ino;
}

// ---- The lock of a path ----

static enum myc_status take_lock(struct myc__posix_owner *owner, struct myc_diagnostic *diagnostic)
{
    for (int attempt = 0; attempt < LOCK_ATTEMPTS_MAX; attempt++) {
        int fd = open(owner->lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, SOCKET_MODE);
        if (fd < 0 && errno == EINTR) {
            continue;
        }
        if (fd < 0) {
            return myc__posix_fail(
                diagnostic, MYC_OK, errno, "cannot open the lock file", owner->lock_path);
        }
        int result = 0;
        do {
            result = flock(fd, LOCK_EX | LOCK_NB);
        } while (result != 0 && errno == EINTR);
        if (result != 0) {
            int os_error = errno;
            (void)close(fd);
            if (os_error != EWOULDBLOCK) {
                return myc__posix_fail(
                    diagnostic, MYC_IO, os_error, "cannot lock", owner->lock_path);
            }
            enum myc_status status = myc__posix_fail(
                diagnostic, MYC_IN_USE, 0, "a living process listens on", owner->path);
            myc_diagnostic_append(diagnostic, advice_in_use);
            return status;
        }
        if (is_file_at(fd, owner->lock_path)) {
            // Under a harsh umask the next owner could not even open what this one may leave.
            (void)fchmod(fd, SOCKET_MODE);
            owner->lock_fd = fd;
            return MYC_OK;
        }
        (void)close(fd); // the former owner removed it between our open and our lock
    }
    return myc__posix_fail(
        diagnostic, MYC_IN_USE, 0, "others keep taking and leaving the path", owner->path);
}

static void drop_lock(struct myc__posix_owner *owner)
{
    if (owner->lock_fd >= 0) {
        if (is_file_at(owner->lock_fd, owner->lock_path)) {
            (void)unlink(owner->lock_path);
        }
        (void)close(owner->lock_fd);
        owner->lock_fd = -1;
    }
}

// ---- Unix ----

// With the lock held, a socket at the path is what a dead owner left; anything else is not ours.
static enum myc_status remove_stale_socket(const char *path, struct myc_diagnostic *diagnostic)
{
    struct stat found;
    if (lstat(path, &found) != 0) {
        return MYC_OK; // bind reports what is really wrong
    }
    if (!S_ISSOCK(found.st_mode)) {
        enum myc_status status = myc__posix_fail(
            diagnostic, MYC_IN_USE, 0, "there is a file that is no socket at", path);
        myc_diagnostic_append(diagnostic, "; remove it or choose another path");
        return status;
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        return myc__posix_fail(diagnostic, MYC_OK, errno, "cannot remove the stale socket", path);
    }
    return MYC_OK;
}

static int listen_backlog(uint32_t backlog)
{
    if (backlog == 0) {
        return BACKLOG_DEFAULT;
    }
    return backlog < INT32_MAX ? (int)backlog : INT32_MAX;
}

static enum myc_status bind_unix(
    struct myc__posix_owner *owner,
    const struct sockaddr_storage *socket_address,
    socklen_t size,
    uint32_t backlog,
    struct myc_diagnostic *diagnostic)
{
    struct stat bound;
    enum myc_status status = remove_stale_socket(owner->path, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    owner->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (owner->fd < 0) {
        return myc__posix_fail(
            diagnostic, MYC_OK, errno, "cannot make a socket to listen on", owner->path);
    }
    // The mode of the socket before bind becomes the mode of the file: it is never wider, not even
    // for a moment. The chmod afterwards undoes what the umask took.
    (void)fchmod(owner->fd, SOCKET_MODE);
    const struct sockaddr *address = (const struct sockaddr *)(const void *)socket_address;
    if (bind(owner->fd, address, size) != 0 || lstat(owner->path, &bound) != 0) {
        return myc__posix_fail(diagnostic, MYC_OK, errno, "cannot bind", owner->path);
    }
    owner->device = bound.st_dev;
    owner->inode = bound.st_ino;
    if (chmod(owner->path, SOCKET_MODE) != 0 || listen(owner->fd, listen_backlog(backlog)) != 0) {
        return myc__posix_fail(diagnostic, MYC_OK, errno, "cannot listen on", owner->path);
    }
    return MYC_OK;
}

static void owner_destroy(struct myc__posix_owner *owner)
{
    struct stat found;
    if (owner->inode != 0 && lstat(owner->path, &found) == 0 && found.st_dev == owner->device
        && found.st_ino == owner->inode) {
        (void)unlink(owner->path);
    }
    if (owner->fd >= 0) {
        (void)close(owner->fd);
    }
    drop_lock(owner); // last: until here nobody else can have bound the path
    free(owner);
}

static enum myc_status listen_unix(
    struct myc__posix_listener *listener,
    const struct myc_address *address,
    const struct sockaddr_storage *socket_address,
    socklen_t size,
    uint32_t backlog,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    struct myc__posix_owner *owner = calloc(1, sizeof(*owner));
    if (owner == NULL) {
        return myc__posix_fail(diagnostic, MYC_NO_MEMORY, 0, "cannot listen on", address->text);
    }
    size_t len = strlen(address->text);
    owner->fd = -1;
    owner->lock_fd = -1;
    memcpy(owner->path, address->text, len + 1);
    memcpy(owner->lock_path, address->text, len);
    memcpy(owner->lock_path + len, ".lock", sizeof(".lock"));
    enum myc_status status = take_lock(owner, diagnostic);
    if (status == MYC_OK) {
        status = bind_unix(owner, socket_address, size, backlog, diagnostic);
    }
    if (status != MYC_OK) {
        owner_destroy(owner);
        return status;
    }
    (void)pthread_mutex_lock(&listener->mutex);
    owner->next = listener->owners;
    listener->owners = owner;
    (void)pthread_mutex_unlock(&listener->mutex);
    *out_handle = myc__posix_handle(owner->fd);
    return MYC_OK;
}

// ---- TCP ----

static enum myc_status listen_tcp(
    const struct myc_address *address,
    const struct sockaddr_storage *socket_address,
    socklen_t size,
    uint32_t backlog,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    const int on = 1;
    char name[128];
    int family = socket_address->ss_family;
    myc__posix_address_text(address, name);
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return myc__posix_fail(diagnostic, MYC_OK, errno, "cannot make a socket for", name);
    }
    // Connections of a former owner that are still dying must not keep a restart from listening.
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd, (const struct sockaddr *)(const void *)socket_address, size) != 0
        || listen(fd, listen_backlog(backlog)) != 0) {
        int os_error = errno;
        (void)close(fd);
        enum myc_status status =
            myc__posix_fail(diagnostic, MYC_OK, os_error, "cannot listen on", name);
        if (status == MYC_IN_USE) {
            myc_diagnostic_append(
                diagnostic, "; end its owner, or choose another port (0: any free one)");
        }
        return status;
    }
    *out_handle = myc__posix_handle(fd);
    return MYC_OK;
}

// ---- The seam ----

static enum myc_status listener_listen(
    struct myc_listener *listener,
    const struct myc_address *address,
    uint32_t backlog,
    struct myc_handle *out_handle,
    struct myc_diagnostic *diagnostic)
{
    struct myc__posix_listener *posix =
        MYC_CONTAINER_OF(listener, struct myc__posix_listener, base);
    struct sockaddr_storage socket_address;
    socklen_t size = 0;
    enum myc_status status = myc__posix_address_encode(address, &socket_address, &size, diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    if (address->kind == MYC_ADDRESS_UNIX) {
        return listen_unix(posix, address, &socket_address, size, backlog, out_handle, diagnostic);
    }
    return listen_tcp(address, &socket_address, size, backlog, out_handle, diagnostic);
}

static enum myc_status listener_accept(
    struct myc_listener *listener, struct myc_handle handle, struct myc_handle *out_stream)
{
    (void)listener;
    for (;;) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof(peer);
        peer.ss_family = AF_UNSPEC;
        int fd = accept4(
            myc__posix_fd(handle),
            (struct sockaddr *)(void *)&peer,
            &size,
            SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            myc__posix_stream_prepare(fd, peer.ss_family);
            *out_stream = myc__posix_handle(fd);
            return MYC_OK;
        }
        switch (errno) {
        case EAGAIN:
            return MYC_AGAIN;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            return MYC_LIMIT;
        case EBADF:
        case EINVAL:
        case ENOTSOCK:
        case EOPNOTSUPP:
            return MYC_INVALID; // not a listener
        case EPERM:
        case EFAULT:
            return MYC_IO;
        default:
            break; // the error of a connection that ended in the queue: take the next one
        }
    }
}

static enum myc_status listener_local_address(
    struct myc_listener *listener, struct myc_handle handle, struct myc_address *out_address)
{
    (void)listener;
    struct sockaddr_storage socket_address;
    socklen_t size = sizeof(socket_address);
    memset(&socket_address, 0, sizeof(socket_address));
    int fd = myc__posix_fd(handle);
    if (getsockname(fd, (struct sockaddr *)(void *)&socket_address, &size) != 0) {
        return myc__posix_status(errno);
    }
    return myc__posix_address_decode(&socket_address, size, out_address);
}

// Takes the owner of a descriptor out of the list; NULL for a TCP listener.
static struct myc__posix_owner *take_owner(struct myc__posix_listener *listener, int fd)
{
    struct myc__posix_owner *owner = NULL;
    (void)pthread_mutex_lock(&listener->mutex);
    for (struct myc__posix_owner **link = &listener->owners; *link != NULL; link = &(*link)->next) {
        if ((*link)->fd == fd) {
            owner = *link;
            *link = owner->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&listener->mutex);
    return owner;
}

static void listener_close(struct myc_listener *listener, struct myc_handle handle)
{
    struct myc__posix_listener *posix =
        MYC_CONTAINER_OF(listener, struct myc__posix_listener, base);
    struct myc__posix_owner *owner = take_owner(posix, myc__posix_fd(handle));
    if (owner != NULL) {
        owner_destroy(owner);
    } else {
        myc__posix_close(handle);
    }
}

static const struct myc_listener_ops listener_ops = {
    .size = sizeof(listener_ops),
    .listen = listener_listen,
    .accept = listener_accept,
    .local_address = listener_local_address,
    .close = listener_close,
};

void myc__posix_listener_init(struct myc__posix_listener *listener)
{
    listener->base.ops = &listener_ops;
    listener->owners = NULL;
    (void)pthread_mutex_init(&listener->mutex, NULL); // cannot fail with default attributes
}

void myc__posix_listener_deinit(struct myc__posix_listener *listener)
{
    while (listener->owners != NULL) {
        struct myc__posix_owner *owner = listener->owners;
        listener->owners = owner->next;
        owner_destroy(owner);
    }
    (void)pthread_mutex_destroy(&listener->mutex);
}

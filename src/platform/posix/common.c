// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What the parts share: OS errors as statuses, diagnostics that name the object, addresses.
#include "platform/posix/posix.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/text.h"

enum { KERNEL_MAJOR_MIN = 5, KERNEL_MINOR_MIN = 10 };

enum myc_status myc__posix_status(int os_error)
{
    switch (os_error) {
    case 0:
        return MYC_OK;
    case EAGAIN:
        return MYC_AGAIN;
    case EINVAL:
    case EBADF:
    case EISDIR:
    case ENOTSOCK:
    case ENAMETOOLONG:
    case EADDRNOTAVAIL:
        return MYC_INVALID;
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
        return MYC_NOT_FOUND;
    case EEXIST:
        return MYC_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return MYC_DENIED;
    case EADDRINUSE:
        return MYC_IN_USE;
    case ENOMEM:
    case ENOSPC:
    case EDQUOT:
        return MYC_NO_MEMORY;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ETOOMANYREFS:
        return MYC_LIMIT;
    case ECONNREFUSED:
        return MYC_REFUSED;
    case ECONNRESET:
    case EPIPE:
        return MYC_RESET;
    case ENOTCONN:
        return MYC_NOT_CONNECTED;
    case ETIMEDOUT:
        return MYC_TIMEOUT;
    case ENOSYS:
    case EOPNOTSUPP:
        return MYC_UNSUPPORTED;
    default:
        return MYC_IO;
    }
}

enum myc_status myc__posix_fail(
    struct myc_diagnostic *diagnostic,
    enum myc_status status,
    int os_error,
    const char *action,
    const char *name)
{
    if (status == MYC_OK) {
        status = myc__posix_status(os_error);
    }
    const char *words = os_error != 0 ? strerrordesc_np(os_error) : NULL;
    (void)myc_diagnostic_set(diagnostic, status, os_error, action);
    myc_diagnostic_append(diagnostic, " ");
    myc_diagnostic_append_quoted(diagnostic, name, strlen(name));
    if (words != NULL) {
        myc_diagnostic_append(diagnostic, ": ");
        myc_diagnostic_append(diagnostic, words);
    }
    return status;
}

size_t myc__posix_read_small(const char *path, char *buffer, size_t capacity)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    size_t size = 0;
    while (size < capacity) {
        ssize_t count = read(fd, buffer + size, capacity - size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            break;
        }
        size += (size_t)count;
    }
    (void)close(fd);
    return size;
}

void myc__posix_close(struct myc_handle handle)
{
    int fd = myc__posix_fd(handle);
    if (fd >= 0) {
        // Linux frees the descriptor even when it reports EINTR, so close is never repeated.
        (void)close(fd);
    }
}

// A run of decimal digits; *cursor moves behind it.
static unsigned parse_number(const char **cursor)
{
    unsigned number = 0;
    while (**cursor >= '0' && **cursor <= '9' && number < 100000) {
        number = number * 10 + (unsigned)(**cursor - '0');
        (*cursor)++;
    }
    return number;
}

enum myc_status myc__posix_check_kernel(struct myc_diagnostic *diagnostic)
{
    struct utsname name;
    if (uname(&name) != 0) {
        return myc__posix_fail(
            diagnostic, MYC_IO, errno, "cannot ask for the version of", "kernel");
    }
    const char *cursor = name.release;
    unsigned major = parse_number(&cursor);
    if (*cursor == '.') {
        cursor++;
    }
    unsigned minor = parse_number(&cursor);
    if (major > KERNEL_MAJOR_MIN || (major == KERNEL_MAJOR_MIN && minor >= KERNEL_MINOR_MIN)) {
        return MYC_OK;
    }
    return myc__posix_fail(
        diagnostic, MYC_IO, ENOSYS, "Linux 5.10 or later is needed, this is", name.release);
}

// ---- Addresses ----

static enum myc_status encode_unix(
    const struct myc_address *address,
    struct sockaddr_storage *out_socket_address,
    socklen_t *out_size,
    struct myc_diagnostic *diagnostic)
{
    struct sockaddr_un *unix_address = (struct sockaddr_un *)(void *)out_socket_address;
    size_t len = strlen(address->text);
    if (len == 0 || len >= sizeof(unix_address->sun_path)) {
        return myc__posix_fail(
            diagnostic,
            MYC_INVALID,
            0,
            "a socket path has 1 to 107 characters, not",
            address->text);
    }
    unix_address->sun_family = AF_UNIX;
    memcpy(unix_address->sun_path, address->text, len + 1);
    *out_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    return MYC_OK;
}

static enum myc_status encode_tcp(
    const struct myc_address *address,
    struct sockaddr_storage *out_socket_address,
    socklen_t *out_size,
    struct myc_diagnostic *diagnostic)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out_socket_address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out_socket_address;
    if (inet_pton(AF_INET, address->text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address->port);
        *out_size = sizeof(*v4);
        return MYC_OK;
    }
    if (inet_pton(AF_INET6, address->text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(address->port);
        *out_size = sizeof(*v6);
        return MYC_OK;
    }
    return myc__posix_fail(
        diagnostic,
        MYC_INVALID,
        0,
        "a TCP address is a numeric IPv4 or IPv6 host, not",
        address->text);
}

enum myc_status myc__posix_address_encode(
    const struct myc_address *address,
    struct sockaddr_storage *out_socket_address,
    socklen_t *out_size,
    struct myc_diagnostic *diagnostic)
{
    memset(out_socket_address, 0, sizeof(*out_socket_address));
    if (memchr(address->text, '\0', sizeof(address->text)) == NULL) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "the text of an address is not terminated");
    }
    if (address->kind == MYC_ADDRESS_UNIX) {
        return encode_unix(address, out_socket_address, out_size, diagnostic);
    }
    if (address->kind == MYC_ADDRESS_TCP) {
        return encode_tcp(address, out_socket_address, out_size, diagnostic);
    }
    return myc_diagnostic_set(
        diagnostic, MYC_INVALID, 0, "an address is neither a Unix path nor a TCP host and port");
}

enum myc_status myc__posix_address_decode(
    const struct sockaddr_storage *socket_address, socklen_t size, struct myc_address *out_address)
{
    struct myc_address address = {.kind = MYC_ADDRESS_NONE};
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)socket_address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)socket_address;
    const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)socket_address;
    const char *host = NULL;
    if (socket_address->ss_family == AF_UNIX) {
        size_t path_offset = offsetof(struct sockaddr_un, sun_path);
        size_t bytes = size > path_offset ? (size_t)size - path_offset : 0;
        address.kind = MYC_ADDRESS_UNIX;
        memcpy(
            address.text,
            un->sun_path,
            bytes < sizeof(address.text) ? bytes : sizeof(address.text) - 1);
        *out_address = address;
        return MYC_OK;
    }
    if (socket_address->ss_family == AF_INET) {
        address.port = ntohs(v4->sin_port);
        host = inet_ntop(AF_INET, &v4->sin_addr, address.text, sizeof(address.text));
    } else if (socket_address->ss_family == AF_INET6) {
        address.port = ntohs(v6->sin6_port);
        host = inet_ntop(AF_INET6, &v6->sin6_addr, address.text, sizeof(address.text));
    }
    if (host == NULL) {
        return MYC_INVALID;
    }
    address.kind = MYC_ADDRESS_TCP;
    *out_address = address;
    return MYC_OK;
}

void myc__posix_address_text(const struct myc_address *address, char *text)
{
    struct myc__text out;
    bool is_v6 = address->kind == MYC_ADDRESS_TCP && strchr(address->text, ':') != NULL;
    myc__text_init(&out, text, 128);
    myc__text_string(&out, is_v6 ? "[" : "");
    myc__text_string(&out, address->text);
    myc__text_string(&out, is_v6 ? "]" : "");
    if (address->kind == MYC_ADDRESS_TCP) {
        myc__text_string(&out, ":");
        myc__text_u64(&out, address->port);
    }
}

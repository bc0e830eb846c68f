// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The contract of mycelium/interface/listener.h.
#include <mycelium/interface/listener.h>

#include <string.h>

#include <mycelium/interface/file.h>
#include <mycelium/interface/poller.h>

#include "contract/suites.h"

enum { CLIENTS = 5 };

static struct myc_address unix_address(struct contract_env *env, const char *name)
{
    struct myc_address address = {.kind = MYC_ADDRESS_UNIX};
    if (!contract_path(env, name, address.text)) {
        address.kind = MYC_ADDRESS_NONE; // refused by whoever gets it
    }
    return address;
}

static bool file_exists(struct contract_env *env, const char *name)
{
    char path[CONTRACT_PATH_BYTES];
    char renamed[CONTRACT_PATH_BYTES];
    // A socket cannot be opened, but whatever is there can be renamed to and fro.
    return contract_path(env, name, path) && contract_path(env, "renamed", renamed)
           && myc_file_rename(env->platform->file, path, renamed) == MYC_OK
           && myc_file_rename(env->platform->file, renamed, path) == MYC_OK;
}

// Listens, and finds nobody waiting; then a client comes, is accepted, and nobody is waiting again.
static void accept_one(struct contract_env *env, enum myc_address_kind kind)
{
    struct contract_pair pair = {0};
    struct myc_address address;
    struct myc_handle none = {0};
    CONTRACT_CHECK(env, contract_listen(env, kind, &pair.listener, &address));
    CONTRACT_CHECK(
        env, myc_listener_accept(env->platform->listener, pair.listener, &none) == MYC_AGAIN);
    CONTRACT_CHECK(env, contract_look(env, pair.listener, MYC_READABLE) == 0);
    CONTRACT_CHECK(env, contract_meet(env, pair.listener, &address, &pair.near, &pair.far));
    CONTRACT_CHECK(
        env, myc_listener_accept(env->platform->listener, pair.listener, &none) == MYC_AGAIN);
    CONTRACT_CHECK(env, none.value == 0);
    contract_pair_close(env, &pair);
}

static void case_unix_accepts_one(struct contract_env *env)
{
    accept_one(env, MYC_ADDRESS_UNIX);
}

static void case_tcp_accepts_one(struct contract_env *env)
{
    accept_one(env, MYC_ADDRESS_TCP);
}

// Clients that came before anybody accepted are all taken later, each with a stream of its own.
static void accept_many(struct contract_env *env, enum myc_address_kind kind)
{
    struct myc_stream *stream = env->platform->stream;
    struct myc_handle listener = {0};
    struct myc_handle near[CLIENTS] = {{0}};
    struct myc_handle far[CLIENTS] = {{0}};
    struct myc_address address;
    uint32_t seen = 0;
    CONTRACT_CHECK(env, contract_listen(env, kind, &listener, &address));
    for (uint32_t i = 0; i < CLIENTS; i++) {
        CONTRACT_CHECK(env, myc_stream_connect(stream, &address, &near[i], NULL) == MYC_OK);
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        CONTRACT_CHECK(env, contract_await(env, listener, MYC_READABLE) == MYC_READABLE);
        CONTRACT_CHECK(
            env, myc_listener_accept(env->platform->listener, listener, &far[i]) == MYC_OK);
    }
    for (uint8_t i = 0; i < CLIENTS; i++) {
        CONTRACT_CHECK(env, contract_write(env, near[i], &i, 1));
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        uint8_t name = CLIENTS;
        CONTRACT_CHECK(env, contract_read(env, far[i], &name, 1));
        CONTRACT_CHECK(env, name < CLIENTS);
        seen |= 1U << name;
        myc_stream_close(stream, near[i]);
        myc_stream_close(stream, far[i]);
    }
    CONTRACT_CHECK(env, seen == (1U << CLIENTS) - 1);
    myc_listener_close(env->platform->listener, listener);
}

static void case_unix_accepts_many(struct contract_env *env)
{
    accept_many(env, MYC_ADDRESS_UNIX);
}

static void case_tcp_accepts_many(struct contract_env *env)
{
    accept_many(env, MYC_ADDRESS_TCP);
}

// The local address is the path as it was given.
static void case_unix_local_address_is_the_path(struct contract_env *env)
{
    struct myc_listener *listener = env->platform->listener;
    struct myc_address address = unix_address(env, "here");
    struct myc_address local = {.kind = MYC_ADDRESS_NONE};
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, myc_listener_listen(listener, &address, 0, &handle, NULL) == MYC_OK);
    CONTRACT_CHECK(env, myc_listener_local_address(listener, handle, &local) == MYC_OK);
    CONTRACT_CHECK(env, local.kind == MYC_ADDRESS_UNIX);
    CONTRACT_CHECK(env, strcmp(local.text, address.text) == 0);
    myc_listener_close(listener, handle);
}

// Port 0 is a wish: two listeners get two real ports, and the host stays as given.
static void case_tcp_port_zero_picks_free_ports(struct contract_env *env)
{
    struct myc_listener *listener = env->platform->listener;
    struct myc_handle first = {0};
    struct myc_handle second = {0};
    struct myc_address one;
    struct myc_address other;
    CONTRACT_CHECK(env, contract_listen(env, MYC_ADDRESS_TCP, &first, &one));
    CONTRACT_CHECK(env, contract_listen(env, MYC_ADDRESS_TCP, &second, &other));
    CONTRACT_CHECK(env, one.kind == MYC_ADDRESS_TCP && one.port != 0 && other.port != 0);
    CONTRACT_CHECK(env, one.port != other.port);
    CONTRACT_CHECK(env, strcmp(one.text, "127.0.0.1") == 0);
    myc_listener_close(listener, first);
    myc_listener_close(listener, second);
}

// A port that is taken is IN_USE; the diagnostic names it; once it is free it can be had.
static void case_tcp_port_in_use(struct contract_env *env)
{
    struct myc_listener *listener = env->platform->listener;
    struct myc_diagnostic diagnostic;
    struct myc_handle first = {0};
    struct myc_handle second = {0};
    struct myc_address address;
    CONTRACT_CHECK(env, contract_listen(env, MYC_ADDRESS_TCP, &first, &address));
    myc_diagnostic_clear(&diagnostic);
    CONTRACT_CHECK(
        env, myc_listener_listen(listener, &address, 0, &second, &diagnostic) == MYC_IN_USE);
    CONTRACT_CHECK(env, second.value == 0);
    CONTRACT_CHECK(env, diagnostic.status == MYC_IN_USE);
    struct myc_diagnostic port = {.status = MYC_OK};
    myc_diagnostic_append(&port, "127.0.0.1:");
    myc_diagnostic_append_u64(&port, address.port);
    CONTRACT_CHECK(env, contract_holds(diagnostic.text, port.text));
    myc_listener_close(listener, first);
    CONTRACT_CHECK(env, myc_listener_listen(listener, &address, 0, &second, NULL) == MYC_OK);
    myc_listener_close(listener, second);
}

// A restart listens on its old port although connections of the former life still linger.
static void case_tcp_port_is_reusable_at_once(struct contract_env *env)
{
    struct myc_listener *listener = env->platform->listener;
    struct contract_pair pair = {0};
    struct myc_handle again = {0};
    struct myc_address address;
    CONTRACT_CHECK(env, contract_listen(env, MYC_ADDRESS_TCP, &pair.listener, &address));
    CONTRACT_CHECK(env, contract_meet(env, pair.listener, &address, &pair.near, &pair.far));
    // The accepting side closes first, so the lingering state is on the listening port.
    myc_stream_close(env->platform->stream, pair.far);
    pair.far.value = 0;
    CONTRACT_CHECK(env, contract_read_end(env, pair.near) == MYC_END);
    contract_pair_close(env, &pair);
    CONTRACT_CHECK(env, myc_listener_listen(listener, &address, 0, &again, NULL) == MYC_OK);
    myc_listener_close(listener, again);
}

// A path has one owner: the second is IN_USE, told which path, and the first is not disturbed.
static void case_unix_path_in_use(struct contract_env *env)
{
    struct myc_listener *listener = env->platform->listener;
    struct myc_diagnostic diagnostic;
    struct contract_pair pair = {0};
    struct myc_handle second = {0};
    struct myc_address address;
    CONTRACT_CHECK(env, contract_listen(env, MYC_ADDRESS_UNIX, &pair.listener, &address));
    myc_diagnostic_clear(&diagnostic);
    CONTRACT_CHECK(
        env, myc_listener_listen(listener, &address, 0, &second, &diagnostic) == MYC_IN_USE);
    CONTRACT_CHECK(env, second.value == 0);
    CONTRACT_CHECK(env, contract_holds(diagnostic.text, address.text));
    CONTRACT_CHECK(env, contract_meet(env, pair.listener, &address, &pair.near, &pair.far));
    contract_pair_close(env, &pair);
}

// Close leaves nothing behind, and the path can be listened on again, any number of times.
static void case_unix_close_leaves_nothing(struct contract_env *env)
{
    struct myc_listener *listener = env->platform->listener;
    struct myc_address address = unix_address(env, "again");
    for (int round = 0; round < 3; round++) {
        struct myc_handle handle = {0};
        struct myc_handle stream = {0};
        CONTRACT_CHECK(env, myc_listener_listen(listener, &address, 0, &handle, NULL) == MYC_OK);
        CONTRACT_CHECK(env, file_exists(env, "again"));
        CONTRACT_CHECK(env, file_exists(env, "again.lock"));
        myc_listener_close(listener, handle);
        CONTRACT_CHECK(env, !file_exists(env, "again"));
        CONTRACT_CHECK(env, !file_exists(env, "again.lock"));
        CONTRACT_CHECK(
            env,
            myc_stream_connect(env->platform->stream, &address, &stream, NULL) == MYC_NOT_FOUND);
    }
}

// A lock file that nobody holds is what a killed process left: it is taken over.
static void case_unix_abandoned_lock_is_taken(struct contract_env *env)
{
    struct myc_listener *listener = env->platform->listener;
    struct myc_file *file = env->platform->file;
    struct myc_address address = unix_address(env, "left");
    char lock[CONTRACT_PATH_BYTES];
    struct myc_handle handle = {0};
    CONTRACT_CHECK(env, contract_path(env, "left.lock", lock));
    CONTRACT_CHECK(
        env, myc_file_open(file, lock, MYC_FILE_WRITE | MYC_FILE_CREATE, &handle, NULL) == MYC_OK);
    myc_file_close(file, handle);
    CONTRACT_CHECK(env, myc_listener_listen(listener, &address, 0, &handle, NULL) == MYC_OK);
    myc_listener_close(listener, handle);
    CONTRACT_CHECK(env, !file_exists(env, "left.lock"));
}

// A file that is no socket was not left by us: it is reported, not removed, and no lock stays.
static void case_unix_foreign_file_is_kept(struct contract_env *env)
{
    struct myc_listener *listener = env->platform->listener;
    struct myc_file *file = env->platform->file;
    struct myc_address address = unix_address(env, "precious");
    struct myc_diagnostic diagnostic;
    struct myc_handle handle = {0};
    CONTRACT_CHECK(
        env,
        myc_file_open(file, address.text, MYC_FILE_WRITE | MYC_FILE_CREATE, &handle, NULL)
            == MYC_OK);
    myc_file_close(file, handle);
    handle.value = 0;
    myc_diagnostic_clear(&diagnostic);
    CONTRACT_CHECK(
        env, myc_listener_listen(listener, &address, 0, &handle, &diagnostic) == MYC_IN_USE);
    CONTRACT_CHECK(env, handle.value == 0);
    CONTRACT_CHECK(env, contract_holds(diagnostic.text, address.text));
    CONTRACT_CHECK(env, file_exists(env, "precious"));
    CONTRACT_CHECK(env, !file_exists(env, "precious.lock"));
}

// A directory that is not there is NOT_FOUND, with the path in the diagnostic.
static void case_unix_missing_directory(struct contract_env *env)
{
    struct myc_address address = unix_address(env, "no/where");
    struct myc_diagnostic diagnostic;
    struct myc_handle handle = {0};
    myc_diagnostic_clear(&diagnostic);
    CONTRACT_CHECK(
        env,
        myc_listener_listen(env->platform->listener, &address, 0, &handle, &diagnostic)
            == MYC_NOT_FOUND);
    CONTRACT_CHECK(env, contract_holds(diagnostic.text, address.text));
}

// Addresses that are none are refused with a reason: no kind, no path, no number, no terminator.
static void case_bad_addresses_are_invalid(struct contract_env *env)
{
    struct myc_address addresses[4] = {
        {.kind = MYC_ADDRESS_NONE},
        {.kind = MYC_ADDRESS_UNIX, .text = ""},
        {.kind = MYC_ADDRESS_TCP, .text = "localhost"},
        {.kind = MYC_ADDRESS_UNIX},
    };
    memset(addresses[3].text, 'x', sizeof(addresses[3].text));
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct myc_diagnostic diagnostic;
        struct myc_handle handle = {0};
        myc_diagnostic_clear(&diagnostic);
        CONTRACT_CHECK(
            env,
            myc_listener_listen(env->platform->listener, &addresses[i], 0, &handle, &diagnostic)
                == MYC_INVALID);
        CONTRACT_CHECK(env, diagnostic.text[0] != '\0');
        CONTRACT_CHECK(
            env,
            myc_stream_connect(env->platform->stream, &addresses[i], &handle, NULL) == MYC_INVALID);
        CONTRACT_CHECK(env, handle.value == 0);
    }
}

// Closing the empty handle is harmless.
static void case_close_accepts_the_empty_handle(struct contract_env *env)
{
    const struct myc_handle empty = {0};
    struct myc_handle none = {0};
    myc_listener_close(env->platform->listener, empty);
    CONTRACT_CHECK(env, myc_listener_accept(env->platform->listener, empty, &none) == MYC_INVALID);
}

static const struct contract_case cases[] = {
    {"unix_accepts_one", case_unix_accepts_one},
    {"tcp_accepts_one", case_tcp_accepts_one},
    {"unix_accepts_many", case_unix_accepts_many},
    {"tcp_accepts_many", case_tcp_accepts_many},
    {"unix_local_address_is_the_path", case_unix_local_address_is_the_path},
    {"tcp_port_zero_picks_free_ports", case_tcp_port_zero_picks_free_ports},
    {"tcp_port_in_use", case_tcp_port_in_use},
    {"tcp_port_is_reusable_at_once", case_tcp_port_is_reusable_at_once},
    {"unix_path_in_use", case_unix_path_in_use},
    {"unix_close_leaves_nothing", case_unix_close_leaves_nothing},
    {"unix_abandoned_lock_is_taken", case_unix_abandoned_lock_is_taken},
    {"unix_foreign_file_is_kept", case_unix_foreign_file_is_kept},
    {"unix_missing_directory", case_unix_missing_directory},
    {"bad_addresses_are_invalid", case_bad_addresses_are_invalid},
    {"close_accepts_the_empty_handle", case_close_accepts_the_empty_handle},
};

CONTRACT_SUITE(contract_listener, "listener", cases);

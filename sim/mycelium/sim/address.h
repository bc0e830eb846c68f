// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Which host of the world the text of an address names. Part of the implementation unit.
 */
#ifndef MYC_SIM_ADDRESS_H
#define MYC_SIM_ADDRESS_H

#include <mycelium/sim/internal.h>

#include <string.h>

#include <mycelium/interface/stream.h>

// ---- Addresses ----

static enum myc_status sim__address_fail(
    struct myc_diagnostic *diagnostic,
    enum myc_status status,
    const char *doing,
    const struct myc_address *address)
{
    if (diagnostic == NULL) {
        return status;
    }
    if (memchr(address->text, '\0', sizeof(address->text)) == NULL) {
        return myc_diagnostic_set(diagnostic, status, 0, "an address must end with a zero byte");
    }
    (void)myc_diagnostic_set(diagnostic, status, 0, doing);
    myc_diagnostic_append(diagnostic, " '");
    myc_diagnostic_append(diagnostic, address->text);
    if (address->kind == MYC_ADDRESS_TCP) {
        myc_diagnostic_append(diagnostic, ":");
        myc_diagnostic_append_u64(diagnostic, address->port);
    }
    myc_diagnostic_append(diagnostic, "': ");
    myc_diagnostic_append(diagnostic, myc_status_sentence(status));
    return status;
}

/* Whether a kind, a terminated text and something in it are there. */
static bool sim__address_is_whole(const struct myc_address *address)
{
    return (address->kind == MYC_ADDRESS_UNIX || address->kind == MYC_ADDRESS_TCP)
           && memchr(address->text, '\0', sizeof(address->text)) != NULL
           && address->text[0] != '\0';
}

/* Four numbers below 256, into one. */
static bool sim__ipv4_parse(const char *text, uint32_t *out_number)
{
    uint32_t number = 0;
    for (int part = 0; part < 4; part++) {
        uint32_t value = 0;
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 3) {
            return false;
        }
        for (; digits > 0; digits--) {
            value = value * 10 + (uint32_t)(*text++ - '0');
        }
        if (value > 255 || *text++ != (part < 3 ? '.' : '\0')) {
            return false;
        }
        number = number << 8 | value;
    }
    *out_number = number;
    return true;
}

/* How the text of a TCP address names a host of this world. */
struct sim__target {
    struct sim__host *host; /* NULL: nobody has that address */
    bool is_loopback;
    bool is_any;
};

/*
 * A host answers to 127.0.0.1 and ::1 for its own processes, to 10.0.0.<its number>, and to
 * its name; so a host called "192.168.0.7" has that address. False: no numeric address at all.
 */
static bool sim__address_resolve(
    struct sim__process *process, const struct myc_address *address, struct sim__target *out_target)
{
    uint32_t number = 0;
    *out_target = (struct sim__target){.host = NULL};
    for (struct sim__host *it = process->world->hosts; it != NULL; it = it->next) {
        if (strcmp(it->name, address->text) == 0) {
            out_target->host = it;
            return true;
        }
    }
    bool is_v4 = sim__ipv4_parse(address->text, &number);
    if (strcmp(address->text, "::1") == 0 || (is_v4 && number >> 24 == 127)) {
        *out_target = (struct sim__target){.host = process->host, .is_loopback = true};
        return true;
    }
    if (strcmp(address->text, "::") == 0 || (is_v4 && number == 0)) {
        *out_target = (struct sim__target){.host = process->host, .is_any = true};
        return true;
    }
    for (struct sim__host *it = process->world->hosts; is_v4 && it != NULL; it = it->next) {
        // Host 1 is the director's.
        out_target->host = number == (UINT32_C(10) << 24) + it->id - 1 ? it : out_target->host;
    }
    size_t len = strlen(address->text);
    bool is_v6 = strchr(address->text, ':') != NULL
                 && strspn(address->text, "0123456789abcdefABCDEF:.") == len;
    return is_v4 || is_v6;
}

#endif

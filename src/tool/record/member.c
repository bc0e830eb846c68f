// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Taking part in a system without generated code: the descriptors of the contract are made from its
// file, and messages are validated by them.
#define _POSIX_C_SOURCE 200809L

#include "tool/record/record.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mycelium/posix.h>
#include <mycelium/toml.h>

int record_fail(const char *command, int status, const char *text)
{
    fprintf(stderr, "myc %s: error: %s\n", command, text);
    return status;
}

int record_exit_status(enum myc_status status)
{
    enum myc_status_category category = myc_status_category(status);
    return category == MYC_CATEGORY_CALLER || category == MYC_CATEGORY_CORRUPT
                   || status == MYC_MISMATCH
               ? RECORD_INPUT
               : RECORD_SYSTEM;
}

// Before any thread is started: all of them leave these signals to record_is_stopped().
static void hold_signals(struct record_member *member)
{
    (void)sigemptyset(&member->signals);
    (void)sigaddset(&member->signals, SIGINT);
    (void)sigaddset(&member->signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &member->signals, NULL);
}

bool record_is_stopped(const struct record_member *member)
{
    const struct timespec now = {0, 0};
    return sigtimedwait(&member->signals, NULL, &now) > 0;
}

int record_join(struct record_member *member, const struct record_options *options)
{
    struct myc_diagnostic why;
    myc_diagnostic_clear(&why);
    bool is_read = contract_load(options->contract, &member->source);
    contract_print_findings(&member->source, stderr);
    if (!is_read) {
        return RECORD_INPUT;
    }
    hold_signals(member);
    enum myc_status status = myc_posix_create(&member->platform, &why);
    if (status == MYC_OK) {
        status = myc_toml_load_topology(
            member->platform, options->topology, NULL, &member->topology, &why);
    }
    if (status != MYC_OK) {
        return record_fail(options->command, record_exit_status(status), why.text);
    }
    const struct myc_bus_options bus = {
        .topology = &member->topology, .node = options->node, .contract = &member->source.contract};
    status = myc_bus_create(member->platform, &bus, &member->bus, &why);
    if (status == MYC_OK) {
        status = myc_waiter_open(&member->waiter, member->platform);
    }
    if (status != MYC_OK) {
        return record_fail(options->command, record_exit_status(status), why.text);
    }
    return RECORD_DONE;
}

void record_leave(struct record_member *member)
{
    if (member->bus != NULL) {
        myc_bus_close(member->bus);
        myc_bus_destroy(member->bus);
    }
    myc_waiter_close(&member->waiter);
    if (member->platform != NULL) {
        myc_posix_destroy(member->platform);
    }
    contract_free(&member->source);
}

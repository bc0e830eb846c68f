// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Taking part in a system without generated code: the descriptor of the contract is made from its
// file. Nothing is validated by it that generated code would, but for types and sizes.
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

// The descriptor of a contract that was read from a file.
static void describe(struct record_member *member)
{
    const struct myc__schema_contract *model = &member->source.model;
    uint32_t count = model->message_count;
    member->types = gen_allocate(count + 1, sizeof(*member->types));
    member->messages = gen_allocate(count + 1, sizeof(void *));
    for (uint32_t i = 0; i < count; i++) {
        const struct myc__schema_message *message = &model->messages[i];
        member->types[i] = (struct myc_message_type){
            .id = message->id,
            .version = message->version,
            .size = message->size,
            .name = message->name,
            .topic = message->topic,
        };
        member->messages[i] = &member->types[i];
    }
    member->contract = (struct myc_contract){
        .name = model->name,
        .id = model->id,
        .version = model->version,
        .min_compatible = model->min_compatible,
        .message_count = count,
        .messages = member->messages,
    };
    myc__schema_digest(model, member->contract.digest);
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
    if (!gen_load(options->contract, &member->source)) {
        return RECORD_INPUT;
    }
    describe(member);
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
        .topology = &member->topology, .node = options->node, .contract = &member->contract};
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
    free(member->types);
    free(member->messages);
    gen_contract_deinit(&member->source);
}

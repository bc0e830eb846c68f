// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The real platform: one object that holds every part of platform/posix.
#include <mycelium/posix.h>

#include <stdlib.h>

#include "platform/posix/posix.h"

struct posix_platform {
    struct myc_platform base;
    struct myc_clock clock;
    struct myc__posix_thread thread;
    struct myc_wait wait;
    struct myc__posix_listener listener;
    struct myc_stream stream;
    struct myc__posix_poller poller;
    struct myc_shm shm;
    struct myc_file file;
    struct myc__posix_process process;
    struct myc_memory memory;
    struct myc_entropy entropy;
    struct myc_log log;
};

static void init_parts(struct posix_platform *posix)
{
    myc__posix_clock_init(&posix->clock);
    myc__posix_thread_init(&posix->thread);
    myc__posix_wait_init(&posix->wait);
    myc__posix_listener_init(&posix->listener);
    myc__posix_stream_init(&posix->stream);
    myc__posix_poller_init(&posix->poller);
    myc__posix_shm_init(&posix->shm);
    myc__posix_file_init(&posix->file);
    myc__posix_memory_init(&posix->memory);
    myc__posix_entropy_init(&posix->entropy);
    myc__posix_log_init(&posix->log);
    posix->base = (struct myc_platform){
        .clock = &posix->clock,
        .thread = &posix->thread.base,
        .wait = &posix->wait,
        .listener = &posix->listener.base,
        .stream = &posix->stream,
        .poller = &posix->poller.base,
        .shm = &posix->shm,
        .file = &posix->file,
        .process = &posix->process.base,
        .memory = &posix->memory,
        .entropy = &posix->entropy,
        .log = &posix->log,
    };
}

enum myc_status
myc_posix_create(struct myc_platform **out_platform, struct myc_diagnostic *diagnostic)
{
    enum myc_status status = myc__posix_check_kernel(diagnostic);
    if (status != MYC_OK) {
        return status;
    }
    struct posix_platform *posix = calloc(1, sizeof(*posix));
    if (posix == NULL) {
        return myc_diagnostic_set(
            diagnostic, MYC_NO_MEMORY, 0, "no memory for the platform object");
    }
    status = myc__posix_process_init(&posix->process, diagnostic);
    if (status != MYC_OK) {
        free(posix);
        return status;
    }
    init_parts(posix);
    *out_platform = &posix->base;
    return MYC_OK;
}

void myc_posix_destroy(struct myc_platform *platform)
{
    if (platform != NULL) {
        struct posix_platform *posix = MYC_CONTAINER_OF(platform, struct posix_platform, base);
        myc__posix_listener_deinit(&posix->listener);
        free(posix);
    }
}

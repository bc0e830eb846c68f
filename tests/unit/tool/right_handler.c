// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Must compile, as C and as C++, without a warning: a constant table of typed handlers.
#include "small.h"

extern const struct myc_handler right_handlers[3];
void on_ping(
    struct myc_context *context, const struct small_ping *ping, const struct myc_record *record);
void on_pong(
    struct myc_context *context, const struct small_pong *pong, const struct myc_record *record);
void on_any(struct myc_context *context, const void *message, const struct myc_record *record);

const struct myc_handler right_handlers[3] = {
    SMALL_PING_HANDLER(on_ping), SMALL_PONG_HANDLER(&on_pong), {&small_pong_type, on_any, NULL}};

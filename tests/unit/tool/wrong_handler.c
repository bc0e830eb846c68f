// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Must not compile: what handles a Pong is registered for Ping.
#include "small.h"

extern const struct myc_handler wrong_handlers[1];
void on_pong(
    struct myc_context *context, const struct small_pong *pong, const struct myc_record *record);

const struct myc_handler wrong_handlers[1] = {SMALL_PING_HANDLER(on_pong)};

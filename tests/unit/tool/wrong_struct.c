// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Must not compile: a Pong is published as a Ping.
#include "small.h"

enum myc_status publish_wrong(struct myc_publisher *publisher, const struct small_pong *pong);

enum myc_status publish_wrong(struct myc_publisher *publisher, const struct small_pong *pong)
{
    return small_ping_publish(publisher, pong);
}

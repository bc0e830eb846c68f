// SPDX-License-Identifier: MIT OR Apache-2.0
#include <mycelium/recording.h>

uint64_t myc_recording_pace_due_ns(const struct myc_recording_pace *pace, uint64_t time_ns)
{
    if (pace->percent == 0 || time_ns <= pace->first_ns) {
        return pace->start_ns;
    }
    // In two parts, so that no product of years and percents wraps.
    uint64_t since_ns = time_ns - pace->first_ns;
    uint64_t whole = since_ns / pace->percent;
    uint64_t part = since_ns % pace->percent * 100 / pace->percent;
    if (whole > (UINT64_MAX - part) / 100 || whole * 100 + part > UINT64_MAX - pace->start_ns) {
        return UINT64_MAX;
    }
    return pace->start_ns + whole * 100 + part;
}

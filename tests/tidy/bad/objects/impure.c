// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Everything the object checks must find: a system call in disguise and three kinds of state.
#include <time.h>

int impure_global = 1;
static long impure_counter;
static _Thread_local int impure_local = 2;
static const char *const pure_table[] = {"constants", "are", "no", "state"};

const char *impure(unsigned index)
{
    impure_counter += (long)time(NULL) + impure_local++;
    return pure_table[(index + (unsigned)impure_counter) % 4];
}

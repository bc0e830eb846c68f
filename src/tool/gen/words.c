// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Message names are split before a capital that follows a small letter or digit, and before the
// last capital of a run that a small letter follows.
#include "tool/gen/words.h"

#include <string.h>

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

void gen_snake_name(const char *name, char out_name[GEN_NAME_BYTES])
{
    size_t used = 0;
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (is_upper(name[i]) && i > 0 && (!is_upper(name[i - 1]) || is_lower(name[i + 1]))) {
            out_name[used++] = '_';
        }
        out_name[used++] = is_upper(name[i]) ? (char)(name[i] - 'A' + 'a') : name[i];
    }
    out_name[used] = '\0';
}

// Headers of C and of POSIX without a slash in their name, and beginnings of their functions'
// names.
static const char *const taken[] = {
    "aio",     "assert",   "atomic", "complex", "cpio",     "ctype",       "dirent",
    "dlfcn",   "endian",   "errno",  "fcntl",   "features", "fenv",        "float",
    "fmtmsg",  "fnmatch",  "ftw",    "glob",    "grp",      "iconv",       "inttypes",
    "iso646",  "langinfo", "libgen", "limits",  "locale",   "malloc",      "math",
    "memory",  "monetary", "mqueue", "ndbm",    "netdb",    "nl_types",    "poll",
    "posix",   "pthread",  "pwd",    "regex",   "sched",    "search",      "semaphore",
    "setjmp",  "signal",   "spawn",  "std",     "stdalign", "stdarg",      "stdatomic",
    "stdbool", "stddef",   "stdint", "stdio",   "stdlib",   "stdnoreturn", "string",
    "strings", "syslog",   "tar",    "termios", "tgmath",   "threads",     "time",
    "uchar",   "ulimit",   "unistd", "utime",   "utmpx",    "wchar",       "wctype",
    "wordexp",
};

bool gen_is_taken_prefix(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        if (strlen(taken[i]) == len && memcmp(taken[i], name, len) == 0) {
            return true;
        }
    }
    return (len == 3 && memcmp(name, "myc", 3) == 0) || (len > 3 && memcmp(name, "myc_", 4) == 0)
           || (len == 8 && memcmp(name, "mycelium", 8) == 0);
}

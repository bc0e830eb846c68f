// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Message names are split before a capital that follows a small letter or digit, and before the
// last capital of a run that a small letter follows.
#include "tool/gen/names.h"

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

void gen_upper(char *name)
{
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (is_lower(name[i])) {
            name[i] = (char)(name[i] - 'a' + 'A');
        }
    }
}

// Headers of C and of POSIX without a slash in their name, and beginnings of their functions'
// names.
static const char *const taken[] = {
    "aio",    "assert",   "atomic",  "complex",  "cpio",        "ctype",     "dirent",
    "dlfcn",  "endian",   "errno",   "fcntl",    "features",    "fenv",      "float",
    "fmtmsg", "fnmatch",  "ftw",     "glob",     "grp",         "iconv",     "inttypes",
    "iso646", "langinfo", "libgen",  "limits",   "locale",      "malloc",    "math",
    "memory", "monetary", "mqueue",  "ndbm",     "netdb",       "nl_types",  "poll",
    "posix",  "pthread",  "pwd",     "regex",    "sched",       "search",    "semaphore",
    "setjmp", "signal",   "spawn",   "stdalign", "stdarg",      "stdatomic", "stdbool",
    "stddef", "stdint",   "stdio",   "stdlib",   "stdnoreturn", "string",    "strings",
    "syslog", "tar",      "termios", "tgmath",   "threads",     "time",      "uchar",
    "ulimit", "unistd",   "utime",   "utmpx",    "wchar",       "wctype",    "wordexp",
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

// What follows a message's name in the functions, objects and types that it generates.
static const char *const suffixes[] = {
    "call",
    "claim",
    "commit",
    "equals",
    "handler_fn",
    "init",
    "publish",
    "ring_publish",
    "type",
    "validate",
    "validate_payload",
    "view",
};

enum { SUFFIX_COUNT = sizeof(suffixes) / sizeof(suffixes[0]) };

// How many suffixes a message has: the fixed ones, then set_X and clear_X for each optional field.
static size_t suffix_count(const struct myc__schema_message *message)
{
    return SUFFIX_COUNT + 2 * (size_t)message->field_count;
}

// Writes a suffix; false if the field it would be of is not optional.
static bool write_suffix(
    const struct myc__schema_message *message, size_t index, char out_suffix[GEN_NAME_BYTES])
{
    if (index < SUFFIX_COUNT) {
        memcpy(out_suffix, suffixes[index], strlen(suffixes[index]) + 1);
        return true;
    }
    const struct myc__schema_field *field = &message->fields[(index - SUFFIX_COUNT) / 2];
    const char *verb = (index - SUFFIX_COUNT) % 2 == 0 ? "set_" : "clear_";
    size_t verb_len = strlen(verb);
    memcpy(out_suffix, verb, verb_len);
    memcpy(out_suffix + verb_len, field->name, strlen(field->name) + 1);
    return field->is_optional;
}

static bool has_suffix(const struct myc__schema_message *message, const char *text)
{
    char suffix[GEN_NAME_BYTES];
    for (size_t i = 0; i < suffix_count(message); i++) {
        if (write_suffix(message, i, suffix) && strcmp(suffix, text) == 0) {
            return true;
        }
    }
    return false;
}

// The longer name is the shorter one, "_" and `rest`: a clash is a suffix of the shorter message
// that is `rest`, "_" and a suffix of the longer one, as in foo + set_init and foo_set + init.
bool gen_find_clash(
    const struct myc__schema_message *a,
    const struct myc__schema_message *b,
    char out_name[2 * GEN_NAME_BYTES])
{
    char names[2][GEN_NAME_BYTES];
    gen_snake_name(a->name, names[0]);
    gen_snake_name(b->name, names[1]);
    size_t is_swapped = strlen(names[0]) > strlen(names[1]) ? 1 : 0;
    const struct myc__schema_message *shorter = is_swapped ? b : a;
    const struct myc__schema_message *longer = is_swapped ? a : b;
    const char *name = names[is_swapped];
    size_t name_len = strlen(name);
    const char *rest = names[1 - is_swapped];
    if (strncmp(rest, name, name_len) != 0 || rest[name_len] != '_') {
        return false;
    }
    rest += name_len + 1;
    size_t rest_len = strlen(rest);
    char suffix[GEN_NAME_BYTES];
    for (size_t i = 0; i < suffix_count(shorter); i++) {
        if (write_suffix(shorter, i, suffix) && strncmp(suffix, rest, rest_len) == 0
            && suffix[rest_len] == '_' && has_suffix(longer, suffix + rest_len + 1)) {
            memcpy(out_name, name, name_len);
            out_name[name_len] = '_';
            memcpy(out_name + name_len + 1, suffix, strlen(suffix) + 1);
            return true;
        }
    }
    return false;
}

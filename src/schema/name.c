// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Names that can become C identifiers, in C and in C++, with any prefix before them.
#include "schema/name.h"

#include <string.h>

#include <mycelium/schema.h>

#include "schema/limits.h"

// C11, C++20, what C23 adds, macros of the C library that would take a member's place, and those
// that compilers predefine without a leading underscore.
static const char *const keywords[] = {
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "assert",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "complex",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "errno",
    "explicit",
    "export",
    "extern",
    "false",
    "final",
    "float",
    "for",
    "friend",
    "goto",
    "i386",
    "if",
    "imaginary",
    "inline",
    "int",
    "linux",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "noreturn",
    "not",
    "not_eq",
    "nullptr",
    "offsetof",
    "operator",
    "or",
    "or_eq",
    "override",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "stderr",
    "stdin",
    "stdout",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "typeof_unqual",
    "union",
    "unix",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
};

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alphanumeric(char c)
{
    return is_lower(c) || is_upper(c) || is_digit(c);
}

bool myc__schema_is_snake_name(const char *name, size_t len)
{
    if (len == 0 || len > MYC__SCHEMA_NAME_MAX || !is_lower(name[0]) || name[len - 1] == '_') {
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        bool is_single_underscore = name[i] == '_' && name[i - 1] != '_';
        if (!is_lower(name[i]) && !is_digit(name[i]) && !is_single_underscore) {
            return false;
        }
    }
    return true;
}

bool myc__schema_is_pascal_name(const char *name, size_t len)
{
    if (len == 0 || len > MYC__SCHEMA_NAME_MAX || !is_upper(name[0])) {
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        if (!is_alphanumeric(name[i])) {
            return false;
        }
    }
    return true;
}

bool myc__schema_is_upper_name(const char *name, size_t len)
{
    if (len == 0 || len > MYC__SCHEMA_NAME_MAX || !is_upper(name[0]) || name[len - 1] == '_') {
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        bool is_single_underscore = name[i] == '_' && name[i - 1] != '_';
        if (!is_upper(name[i]) && !is_digit(name[i]) && !is_single_underscore) {
            return false;
        }
    }
    return true;
}

bool myc__schema_is_topic_name(const char *name, size_t len)
{
    if (len == 0 || len > MYC_TOPIC_BYTES_MAX || !is_alphanumeric(name[0])
        || !is_alphanumeric(name[len - 1])) {
        return false;
    }
    for (size_t i = 1; i < len; i++) {
        char c = name[i];
        if (!is_alphanumeric(c) && c != '.' && c != '_' && c != '-' && c != '/') {
            return false;
        }
    }
    return true;
}

bool myc__schema_is_keyword(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (strlen(keywords[i]) == len && memcmp(keywords[i], name, len) == 0) {
            return true;
        }
    }
    return false;
}

bool myc__schema_is_same_name(const char *a, const char *b)
{
    return myc__schema_compare_names(a, b) == 0;
}

int myc__schema_compare_names(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

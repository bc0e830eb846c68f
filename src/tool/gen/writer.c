// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Line breaking as the house style does it: after the opening parenthesis, four spaces further in.
#include "tool/gen/writer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tool/gen/gen.h"

void gen_set(struct gen_writer *writer, char name, const char *value)
{
    writer->values[(unsigned char)name] = value;
}

struct gen_string {
    struct gen_string *next;
    char text[];
};

static char *format_string(struct gen_writer *writer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static char *format_string(struct gen_writer *writer, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    struct gen_string *string = gen_allocate(sizeof(*string) + (size_t)len + 1, 1);
    vsnprintf(string->text, (size_t)len + 1, format, arguments);
    string->next = writer->strings;
    writer->strings = string;
    return string->text;
}

char *gen_format(struct gen_writer *writer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = format_string(writer, format, arguments);
    va_end(arguments);
    return text;
}

void gen_writer_deinit(struct gen_writer *writer)
{
    while (writer->strings != NULL) {
        struct gen_string *string = writer->strings;
        writer->strings = string->next;
        free(string);
    }
}

// ---- Breaking ----

struct group {
    size_t open;
    size_t close;
    size_t comma_count;
};

static size_t skip_literal(const char *line, size_t at)
{
    char quote = line[at];
    for (at++; line[at] != '\0' && line[at] != quote; at++) {
        at += line[at] == '\\' && line[at + 1] != '\0' ? 1 : 0;
    }
    return at;
}

// The parenthesis at `open` up to its partner, and the commas directly inside.
static bool find_group(const char *line, size_t open, struct group *out_group)
{
    int depth = 0;
    *out_group = (struct group){.open = open};
    for (size_t i = open; line[i] != '\0'; i++) {
        if (line[i] == '"') {
            i = skip_literal(line, i);
            if (line[i] == '\0') {
                return false;
            }
        } else if (line[i] == '(') {
            depth++;
        } else if (line[i] == ')' && --depth == 0) {
            out_group->close = i;
            return true;
        } else if (line[i] == ',' && depth == 1) {
            out_group->comma_count++;
        }
    }
    return false;
}

// Where to break a line: its outermost list of several things, else its first parenthesis that
// holds more than a cast.
static bool find_break(const char *line, struct group *out_group)
{
    bool is_found = false;
    for (size_t i = 0; line[i] != '\0'; i++) {
        struct group group;
        if (line[i] == '"') {
            i = skip_literal(line, i);
            if (line[i] == '\0') {
                break;
            }
            continue;
        }
        if (line[i] != '(' || !find_group(line, i, &group)) {
            continue;
        }
        if (group.comma_count > 0) {
            *out_group = group;
            return true;
        }
        if (!is_found && group.close > group.open + 1) {
            *out_group = group;
            is_found = true;
        }
    }
    return is_found;
}

// Writes what stands between the parentheses, one thing a line or all on one.
static void
write_parts(FILE *out, const char *line, const struct group *group, size_t indent, bool is_tall)
{
    int depth = 0;
    for (size_t i = group->open + 1; i < group->close; i++) {
        size_t end = line[i] == '"' ? skip_literal(line, i) : i;
        depth += line[i] == '(' ? 1 : line[i] == ')' ? -1 : 0;
        fprintf(out, "%.*s", (int)(end - i + 1), line + i);
        if (line[i] == ',' && depth == 0 && is_tall) {
            fprintf(out, "\n%*s", (int)indent, "");
            i += line[i + 1] == ' ' ? 1 : 0;
        } else {
            i = end;
        }
    }
}

static void write_line(FILE *out, const char *line)
{
    size_t len = strlen(line);
    size_t indent = strspn(line, " ");
    struct group group;
    if (len <= GEN_LINE_MAX || line[len - 1] == '\\' || line[0] == '#'
        || strncmp(line + indent, "//", 2) == 0 || !find_break(line, &group)) {
        fprintf(out, "%s\n", line);
        return;
    }
    size_t rest = len - group.open - 1;
    fprintf(out, "%.*s\n%*s", (int)group.open + 1, line, (int)indent + 4, "");
    write_parts(out, line, &group, indent + 4, indent + 4 + rest > GEN_LINE_MAX);
    fprintf(out, "%s\n", line + group.close);
}

// ---- Comments ----

// Writes a word; a description must not end the comment it stands in.
static void write_word(FILE *out, const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        fputc(word[i], out);
        bool is_mark =
            (word[i] == '*' && word[i + 1] == '/') || (word[i] == '/' && word[i + 1] == '*');
        if (is_mark && i + 1 < len) {
            fputc(' ', out);
        }
    }
}

void gen_comment(struct gen_writer *writer, unsigned indent, const char *text)
{
    FILE *out = writer->out;
    size_t text_len = strlen(text);
    bool is_one_line = indent + text_len + strlen("/**  */") <= GEN_LINE_MAX;
    fprintf(out, is_one_line ? "%*s/** " : "%*s/**\n", (int)indent, "");
    size_t column = 0;
    while (*text != '\0') {
        text += strspn(text, " \n");
        size_t len = strcspn(text, " \n");
        if (len == 0) {
            break;
        }
        if (!is_one_line && column > 0 && column + 1 + len > GEN_LINE_MAX) {
            fputc('\n', out);
            column = 0;
        }
        if (!is_one_line && column == 0) {
            fprintf(out, "%*s *", (int)indent, "");
            column = indent + 2;
        }
        if (!is_one_line || column > 0) {
            fputc(' ', out);
        }
        write_word(out, text, len);
        column += len + 1;
        text += len;
    }
    if (is_one_line) {
        fputs(" */\n", out);
    } else {
        fprintf(out, "\n%*s */\n", (int)indent, "");
    }
}

// ---- Templates ----

static void write_template_line(struct gen_writer *writer, const char *line)
{
    size_t len = strlen(line);
    size_t indent = strspn(line, " ");
    bool is_comment = strncmp(line + indent, "/** ", 4) == 0 && len > indent + 7
                      && strcmp(line + len - 3, " */") == 0;
    if (!is_comment || len <= GEN_LINE_MAX) {
        write_line(writer->out, line);
        return;
    }
    const char *text = gen_format(writer, "%.*s", (int)(len - indent - 7), line + indent + 4);
    gen_comment(writer, (unsigned)indent, text);
}

// Expands one line of a template.
static char *expand(const struct gen_writer *writer, const char *line, size_t len)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        gen_exhausted();
    }
    for (size_t i = 0; i < len; i++) {
        if (line[i] != '$' || i + 1 == len) {
            fputc(line[i], out);
            continue;
        }
        i++;
        const char *value = line[i] == '$' ? "$" : writer->values[(unsigned char)line[i]];
        fputs(value != NULL ? value : "", out);
    }
    if (fclose(out) != 0) {
        gen_exhausted();
    }
    return text;
}

void gen_put(struct gen_writer *writer, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        bool is_conditional = *text == '?' || *text == '!';
        if (!is_conditional || (*text == '?') == writer->is_optional) {
            size_t skipped = is_conditional ? 1 : 0;
            char *line = expand(writer, text + skipped, len - skipped);
            write_template_line(writer, line);
            free(line);
        }
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

void gen_line(struct gen_writer *writer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *line = format_string(writer, format, arguments);
    va_end(arguments);
    write_template_line(writer, line);
}

void gen_literal(FILE *out, const char *text, size_t len)
{
    fputc('"', out);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c == '\n') {
            fputs("\\n", out);
        } else if (c < 0x20 || c >= 0x7F || c == '?') {
            fprintf(out, "\\%03o", c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}

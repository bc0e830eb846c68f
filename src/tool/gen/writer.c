// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Line breaking as the house style does it: after the opening parenthesis, four spaces further in.
#include "tool/gen/writer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

void gen_names_init(
    struct gen_names *names, const char *prefix, const struct myc__schema_message *message)
{
    char snake[GEN_NAME_BYTES];
    gen_snake_name(message->name, snake);
    snprintf(names->type, sizeof(names->type), "%s_%s", prefix, snake);
    memcpy(names->constant, names->type, sizeof(names->constant));
    gen_upper(names->constant);
}

void gen_call_begin(struct gen_call *call, FILE *out, unsigned indent, const char *format, ...)
{
    va_list arguments;
    call->out = out;
    call->indent = indent;
    call->argument_count = 0;
    va_start(arguments, format);
    vsnprintf(call->head, sizeof(call->head), format, arguments);
    va_end(arguments);
}

void gen_call_argument(struct gen_call *call, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(call->arguments[call->argument_count], GEN_ARGUMENT_BYTES, format, arguments);
    va_end(arguments);
    call->argument_count++;
}

static void write_arguments(const struct gen_call *call, const char *separator)
{
    for (size_t i = 0; i < call->argument_count; i++) {
        fprintf(call->out, "%s%s", i > 0 ? separator : "", call->arguments[i]);
    }
}

void gen_call_end(struct gen_call *call, const char *tail)
{
    size_t arguments_len = call->argument_count > 0 ? 2 * (call->argument_count - 1) : 0;
    for (size_t i = 0; i < call->argument_count; i++) {
        arguments_len += strlen(call->arguments[i]);
    }
    // A function's brace is on the next line and does not count.
    size_t tail_len = strcspn(tail, "\n");
    size_t head_len = call->indent + strlen(call->head);
    fprintf(call->out, "%*s%s", (int)call->indent, "", call->head);
    if (head_len + arguments_len + tail_len <= GEN_LINE_MAX) {
        write_arguments(call, ", ");
    } else if (call->indent + 4 + arguments_len + tail_len <= GEN_LINE_MAX) {
        fprintf(call->out, "\n%*s", (int)call->indent + 4, "");
        write_arguments(call, ", ");
    } else {
        char separator[64];
        snprintf(separator, sizeof(separator), ",\n%*s", (int)call->indent + 4, "");
        fprintf(call->out, "\n%*s", (int)call->indent + 4, "");
        write_arguments(call, separator);
    }
    fprintf(call->out, "%s\n", tail);
}

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

void gen_write_comment(FILE *out, unsigned indent, const char *text)
{
    size_t text_len = strlen(text);
    bool is_one_line = indent + text_len + strlen("/**  */") <= GEN_LINE_MAX;
    fprintf(out, is_one_line ? "%*s/** " : "%*s/**\n", (int)indent, "");
    size_t column = 0;
    while (*text != '\0') {
        text += strspn(text, " ");
        size_t len = strcspn(text, " ");
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

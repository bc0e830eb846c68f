// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * JSON, read with RapidJSON and handed over as a tree of C structures.
 *
 * RapidJSON decides what JSON is, validates UTF-8 and decodes strings. Its events tell no places: a
 * value ends where the stream stands, and begins at the first byte behind the event before that is
 * neither blank nor separator, since nothing else can be between the two. No C++ exception leaves
 * this file.
 */
#include "edge/json/json.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <new>
#include <string>
#include <string_view>

namespace
{

struct unreadable : std::exception {
    const char *what() const noexcept override
    {
        return "the text is not readable";
    }
};

[[noreturn]] void refuse_unreadable()
{
    throw unreadable();
}

} // namespace

// What RapidJSON asserts must neither end the program nor be assumed, whatever the build: it is an
// error of the text.
#define RAPIDJSON_ASSERT(expression) (static_cast<bool>(expression) ? void(0) : refuse_unreadable())

// While its stack is empty it adds to a null pointer before it compares, which the sanitizer of
// clang tells.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/error/error.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

struct json_tree {
    std::deque<json_node> nodes;
    std::deque<std::string> texts;
};

namespace
{

constexpr unsigned parse_flags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag
    | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseStopWhenDoneFlag;

// RapidJSON counts bytes in 32 bits, and multiplies the number of decimals by ten in an int.
static_assert(JSON_VALUE_MAX <= INT32_MAX / 10 - 1000, "RapidJSON counts in an int");

constexpr const char *bad_surrogate = "half of a surrogate pair";
constexpr const char *bad_control = "control characters in strings must be escaped";
constexpr const char *no_value = "no value of JSON";

bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

// RapidJSON's own does not look whether there is memory.
struct heap {
    void *Malloc(size_t size)
    {
        return Realloc(nullptr, 0, size);
    }

    void *Realloc(void *old, size_t, size_t size)
    {
        void *bytes = std::realloc(old, size);
        if (bytes == nullptr) {
            throw std::bad_alloc();
        }
        return bytes;
    }

    static void Free(void *bytes)
    {
        std::free(bytes);
    }
};

using text_reader = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, heap>;

void set_place(json_reader &reader, size_t at, uint32_t &line, uint32_t &column)
{
    for (; reader.counted < at; reader.counted++) {
        if (reader.text[reader.counted] == '\n') {
            reader.line++;
            reader.line_start = reader.counted + 1;
        }
    }
    line = reader.line;
    column = static_cast<uint32_t>(at - reader.line_start + 1);
}

bool fail(json_reader &reader, size_t at, const char *text)
{
    (void)std::snprintf(reader.error, sizeof(reader.error), "%s", text);
    set_place(reader, at, reader.error_line, reader.error_column);
    return false;
}

// RapidJSON takes the second half of a surrogate pair alone for a character. Strings that it has
// validated can have such bytes from an escape only.
bool has_lone_half(std::string_view decoded)
{
    for (size_t i = decoded.find('\xED'); i < decoded.size(); i = decoded.find('\xED', i + 1)) {
        if (i + 1 < decoded.size() && static_cast<unsigned char>(decoded[i + 1]) >= 0xA0) {
            return true;
        }
    }
    return false;
}

// Where the digits of that escape are, in a string that is otherwise good.
size_t find_lone_half(std::string_view source)
{
    size_t i = 0;
    while ((i = source.find('\\', i)) < source.size()) {
        bool is_code = source[i + 1] == 'u';
        bool is_half = is_code && (source[i + 2] | 32) == 'd' && !is_digit(source[i + 3]);
        if (is_half && (source[i + 3] | 32) >= 'c') {
            return i + 2;
        }
        bool is_pair = is_code && (source[i + 2] | 32) == 'd' && source[i + 3] >= '8';
        i += is_pair ? 12 : is_code ? 6 : 2;
    }
    return 0;
}

// Makes the tree from RapidJSON's events, whose names are its own.
class builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, builder>
{
  public:
    builder(json_reader &target, rapidjson::MemoryStream &input)
        : reader(target), stream(input), base(target.at), behind(target.at)
    {
    }

    // Numbers come as text; the other kinds of them never do.
    bool Default()
    {
        return fail(reader, here(), no_value);
    }

    bool Null()
    {
        return add_word(JSON_NULL);
    }

    bool Bool(bool is_true)
    {
        return add_word(is_true ? JSON_TRUE : JSON_FALSE);
    }

    bool RawNumber(const char *text, rapidjson::SizeType len, bool)
    {
        size_t start = here() - len;
        if (is_digit(stream.Peek())) {
            return fail(reader, start + (text[0] == '-' ? 1 : 0), "a number must not begin with 0");
        }
        add(JSON_NUMBER, start).text = keep(text, len);
        last->len = len;
        behind = here();
        return true;
    }

    bool String(const char *text, rapidjson::SizeType len, bool)
    {
        size_t start = next_start();
        if (!check_halves(start, text, len)) {
            return false;
        }
        add(JSON_STRING, start).text = keep(text, len);
        last->len = len;
        behind = here();
        return true;
    }

    bool Key(const char *text, rapidjson::SizeType len, bool)
    {
        size_t start = next_start();
        if (!check_halves(start, text, len)) {
            return false;
        }
        if (open->count >= JSON_MEMBERS_MAX) {
            return fail(reader, start, "more than 4096 members");
        }
        name = keep(text, len);
        if (std::strlen(name) != len || json_member(open, name) != nullptr) {
            return fail(reader, start, "two members have one name, or a name has a zero in it");
        }
        behind = here();
        return true;
    }

    bool StartObject()
    {
        return start_inner(JSON_OBJECT);
    }

    bool StartArray()
    {
        return start_inner(JSON_ARRAY);
    }

    bool EndObject(rapidjson::SizeType)
    {
        return end_inner();
    }

    bool EndArray(rapidjson::SizeType)
    {
        return end_inner();
    }

    size_t here() const
    {
        return base + stream.Tell();
    }

    // Where the value or name begins that follows the last event.
    size_t next_start() const
    {
        size_t start = behind;
        while (start < reader.len && std::strchr(" \t\r\n,:", reader.text[start]) != nullptr
               && reader.text[start] != '\0') {
            start++;
        }
        return start;
    }

    size_t last_end() const
    {
        return behind;
    }

  private:
    const char *keep(const char *text, size_t len)
    {
        return reader.tree->texts.emplace_back(text, len).c_str();
    }

    json_node &add(json_kind kind, size_t at)
    {
        json_node &node = reader.tree->nodes.emplace_back();
        node.kind = kind;
        node.name = name;
        node.outer = open;
        set_place(reader, at, node.line, node.column);
        if (open != nullptr) {
            (open->last != nullptr ? open->last->next : open->first) = &node;
            open->last = &node;
            open->count++;
        }
        name = nullptr;
        last = &node;
        return node;
    }

    bool add_word(json_kind kind)
    {
        add(kind, next_start());
        behind = here();
        return true;
    }

    // Both brackets are told before the stream leaves them.
    bool start_inner(json_kind kind)
    {
        if (depth == JSON_NESTING_MAX) {
            return fail(reader, here(), "more than 64 levels");
        }
        depth++;
        open = &add(kind, here());
        behind = here() + 1;
        return true;
    }

    bool end_inner()
    {
        depth--;
        open = open->outer;
        behind = here() + 1;
        return true;
    }

    bool check_halves(size_t start, const char *text, size_t len)
    {
        if (!has_lone_half(std::string_view(text, len))) {
            return true;
        }
        std::string_view source(reader.text + start, here() - start);
        return fail(reader, start + find_lone_half(source), bad_surrogate);
    }

    json_reader &reader;
    rapidjson::MemoryStream &stream;
    size_t base;   // where the stream begins in the text
    size_t behind; // the end of the last event
    const char *name = nullptr;
    json_node *open = nullptr;
    json_node *last = nullptr;
    uint32_t depth = 0;
};

// A word is told where it begins, a sign without digits where they should be.
void fail_value(json_reader &reader, const builder &events)
{
    size_t at = events.here();
    size_t start = at;
    while (start > events.last_end() && reader.text[start - 1] >= 'a'
           && reader.text[start - 1] <= 'z') {
        start--;
    }
    const char *text = at == reader.len ? "the text ends early" : no_value;
    if (start < at) {
        text = no_value;
    } else if (at > events.last_end() && reader.text[at - 1] == '-') {
        text = "a digit is missing";
    }
    (void)fail(reader, start, text);
}

void fail_escape(json_reader &reader, const builder &events, size_t at)
{
    if (reader.text[at] != '\\') {
        (void)fail(reader, at, bad_control);
    } else if (at + 1 == reader.len) {
        (void)fail(reader, events.next_start(), "the string has no end");
    } else {
        (void)fail(reader, at + 1, "no such escape in a string");
    }
}

// `at`: the place that RapidJSON tells; often the stream's is the better one.
void fail_parse(
    json_reader &reader, const builder &events, rapidjson::ParseErrorCode code, size_t at)
{
    const char *text = "the text is not JSON";
    switch (code) {
    case rapidjson::kParseErrorValueInvalid:
        fail_value(reader, events);
        return;
    case rapidjson::kParseErrorStringEscapeInvalid:
        fail_escape(reader, events, at);
        return;
    case rapidjson::kParseErrorStringMissQuotationMark: // or a zero, which it takes for the end
        if (at < reader.len) {
            (void)fail(reader, at, bad_control);
        } else {
            (void)fail(reader, events.next_start(), "the string has no end");
        }
        return;
    case rapidjson::kParseErrorDocumentEmpty:
        text = no_value;
        break;
    case rapidjson::kParseErrorObjectMissName:
        text = "a member's name in quotes was expected";
        break;
    case rapidjson::kParseErrorObjectMissColon:
        text = "':' was expected";
        break;
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
        text = "',' or '}' was expected";
        break;
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
        text = "',' or ']' was expected";
        break;
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
        text = "four hexadecimal digits must follow \\u";
        at = events.here();
        break;
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
        text = bad_surrogate;
        at += 2;
        break;
    case rapidjson::kParseErrorStringInvalidEncoding:
        text = "the text is not UTF-8";
        break;
    case rapidjson::kParseErrorNumberTooBig:
        text = "the number is beyond the range of a double";
        break;
    case rapidjson::kParseErrorNumberMissFraction:
    case rapidjson::kParseErrorNumberMissExponent:
        text = "a digit is missing";
        break;
    case rapidjson::kParseErrorNone:
    case rapidjson::kParseErrorDocumentRootNotSingular:
    case rapidjson::kParseErrorTermination:
    case rapidjson::kParseErrorUnspecificSyntaxError:
        break;
    }
    (void)fail(reader, at, text);
}

json_result read_value(json_reader &reader, json_node **out_value)
{
    heap memory;
    text_reader parser(&memory);
    rapidjson::MemoryStream blanks(reader.text + reader.at, reader.len - reader.at);
    rapidjson::SkipWhitespace(blanks);
    reader.at += blanks.Tell();
    size_t rest = reader.len - reader.at;
    if (rest == 0) {
        return JSON_END;
    }
    size_t size = std::min<size_t>(rest, JSON_VALUE_MAX + 1);
    rapidjson::MemoryStream stream(reader.text + reader.at, size);
    builder events(reader, stream);
    rapidjson::ParseResult result = parser.Parse<parse_flags>(stream, events);
    if (reader.error[0] != '\0') {
        return JSON_ERROR;
    }
    if (stream.Tell() > JSON_VALUE_MAX) {
        (void)fail(reader, reader.at, "a value has more than 128 MiB");
        return JSON_ERROR;
    }
    if (result.IsError()) {
        fail_parse(reader, events, result.Code(), reader.at + result.Offset());
        return JSON_ERROR;
    }
    reader.at = events.here();
    *out_value = &reader.tree->nodes.front();
    return JSON_OK;
}

} // namespace

void json_init(struct json_reader *reader, const char *text, size_t len)
{
    *reader = {};
    reader->text = text;
    reader->len = len;
    reader->line = 1;
}

void json_deinit(struct json_reader *reader)
{
    delete reader->tree;
    reader->tree = nullptr;
}

enum json_result json_next(struct json_reader *reader, struct json_node **out_value)
{
    json_deinit(reader);
    try {
        reader->tree = new json_tree;
        return read_value(*reader, out_value);
    } catch (const std::bad_alloc &) {
        return JSON_NO_MEMORY;
    } catch (const std::exception &problem) {
        (void)fail(*reader, reader->at, problem.what());
        return JSON_ERROR;
    }
}

const struct json_node *json_member(const struct json_node *object, const char *name)
{
    const struct json_node *member =
        object != nullptr && object->kind == JSON_OBJECT ? object->first : nullptr;
    while (member != nullptr && std::strcmp(member->name, name) != 0) {
        member = member->next;
    }
    return member;
}

const char *json_kind_name(enum json_kind kind)
{
    static const char *const names[] = {
        "null", "true", "false", "a number", "a string", "an array", "an object"};
    return names[kind];
}

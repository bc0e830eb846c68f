// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * The CSV reader: one pass to count lines, one to read them.
 *
 * Whatever is not understood is refused with its line and column: a price that was guessed is worse
 * than none. Numbers may be written as integers or with a fraction of zeros ("198133.0").
 */
#include "csv.h"

#include <stdbool.h>
#include <string.h>

#include <mycelium/interface/file.h>
#include <mycelium/interface/memory.h>

enum {
    COLUMNS_MAX = 64,
    FILE_BYTES_MAX = 256 * 1024 * 1024,
    TICK_MAX = 887272 /* of the Uniswap v3 contracts */
};

enum column { TIMESTAMP, NET0, NET1, CLOSE_TICK, IN0, IN1, LIQUIDITY, COLUMN_COUNT };

static const char *const column_names[COLUMN_COUNT] = {
    "timestamp",
    "netAmount0",
    "netAmount1",
    "closeTick",
    "inAmount0",
    "inAmount1",
    "currentLiquidity"};

struct field {
    const char *text;
    size_t len;
};

struct reader {
    const char *name;
    const char *next;
    const char *end;
    uint64_t line; /* of the line in `fields`, from 1 */
    size_t field_count;
    struct field fields[COLUMNS_MAX];
    size_t places[COLUMN_COUNT]; /* where the header put each column */
    size_t column_count;
    struct myc_diagnostic *diagnostic;
};

struct number {
    bool is_negative;
    struct myc_u256 magnitude;
};

// ---- Answers ----

static enum myc_status start_answer(struct reader *reader, const char *text)
{
    enum myc_status status = myc_diagnostic_set(reader->diagnostic, MYC_SYNTAX, 0, reader->name);
    myc_diagnostic_append(reader->diagnostic, ":");
    myc_diagnostic_append_u64(reader->diagnostic, reader->line);
    myc_diagnostic_append(reader->diagnostic, ": ");
    myc_diagnostic_append(reader->diagnostic, text);
    return status;
}

static enum myc_status bad_field(struct reader *reader, enum column column, const char *wanted)
{
    const struct field *field = &reader->fields[reader->places[column]];
    enum myc_status status = start_answer(reader, "column ");
    myc_diagnostic_append_quoted(
        reader->diagnostic, column_names[column], strlen(column_names[column]));
    myc_diagnostic_append(reader->diagnostic, ": ");
    myc_diagnostic_append_quoted(
        reader->diagnostic, field->text, field->len < 40 ? field->len : 40);
    myc_diagnostic_append(reader->diagnostic, " ");
    myc_diagnostic_append(reader->diagnostic, wanted);
    return status;
}

// ---- Lines and fields ----

// Splits the next line into fields. END after the last line.
static enum myc_status next_line(struct reader *reader)
{
    if (reader->next == reader->end) {
        return MYC_END;
    }
    reader->line++;
    reader->field_count = 0;
    const char *stop = memchr(reader->next, '\n', (size_t)(reader->end - reader->next));
    if (stop == NULL) {
        return start_answer(reader, "the file ends inside this line; it was cut, get it whole");
    }
    const char *start = reader->next;
    reader->next = stop + 1;
    if (stop > start && stop[-1] == '\r') {
        stop--;
    }
    for (;;) {
        const char *comma = memchr(start, ',', (size_t)(stop - start));
        const char *field_end = comma != NULL ? comma : stop;
        if (reader->field_count == COLUMNS_MAX) {
            return start_answer(reader, "there are more than 64 columns; remove some");
        }
        struct field *field = &reader->fields[reader->field_count];
        field->text = start;
        field->len = (size_t)(field_end - start);
        reader->field_count++;
        if (comma == NULL) {
            return MYC_OK;
        }
        start = comma + 1;
    }
}

static enum myc_status read_header(struct reader *reader)
{
    enum myc_status status = next_line(reader);
    if (status == MYC_END) {
        reader->line = 1;
        return start_answer(reader, "the file is empty; the first line must name the columns");
    }
    if (status != MYC_OK) {
        return status;
    }
    reader->column_count = reader->field_count;
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        size_t found = 0;
        for (size_t i = 0; i < reader->field_count; i++) {
            const struct field *field = &reader->fields[i];
            if (field->len == strlen(column_names[column])
                && memcmp(field->text, column_names[column], field->len) == 0) {
                reader->places[column] = i;
                found++;
            }
        }
        if (found != 1) {
            status = start_answer(
                reader, found == 0 ? "the header lacks column " : "the header repeats column ");
            myc_diagnostic_append_quoted(
                reader->diagnostic, column_names[column], strlen(column_names[column]));
            myc_diagnostic_append(reader->diagnostic, "; name it exactly once");
            return status;
        }
    }
    return MYC_OK;
}

// ---- Numbers ----

// magnitude * 10 + digit; false if that needs more than 256 bits.
static bool append_digit(struct myc_u256 *magnitude, unsigned digit)
{
    uint64_t carry = digit;
    for (size_t i = 0; i < 4; i++) {
        uint64_t low = (magnitude->limb[i] & UINT32_MAX) * 10 + carry;
        uint64_t high = (magnitude->limb[i] >> 32) * 10 + (low >> 32);
        magnitude->limb[i] = (low & UINT32_MAX) | high << 32;
        carry = high >> 32;
    }
    return carry == 0;
}

static bool add(struct myc_u256 *sum, const struct myc_u256 *other)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < 4; i++) {
        uint64_t partial = sum->limb[i] + carry;
        uint64_t overflow = partial < carry ? 1 : 0;
        partial += other->limb[i];
        carry = overflow + (partial < other->limb[i] ? 1 : 0);
        sum->limb[i] = partial;
    }
    return carry == 0;
}

// `from` must not be below `other`.
static void subtract(struct myc_u256 *from, const struct myc_u256 *other)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < 4; i++) {
        uint64_t left = from->limb[i];
        uint64_t partial = left - other->limb[i];
        uint64_t underflow = left < other->limb[i] ? 1 : 0;
        from->limb[i] = partial - borrow;
        borrow = underflow | (partial < borrow ? 1U : 0U);
    }
}

static enum myc_status
read_number(struct reader *reader, enum column column, struct number *out_number)
{
    const struct field *field = &reader->fields[reader->places[column]];
    struct number number = {false, {{0, 0, 0, 0}}};
    size_t i = 0;
    if (i < field->len && field->text[i] == '-') {
        number.is_negative = true;
        i++;
    }
    size_t first_digit = i;
    while (i < field->len && field->text[i] >= '0' && field->text[i] <= '9') {
        if (!append_digit(&number.magnitude, (unsigned)(field->text[i] - '0'))) {
            return bad_field(reader, column, "needs more than 256 bits");
        }
        i++;
    }
    bool has_digits = i > first_digit;
    if (has_digits && i + 1 < field->len && field->text[i] == '.') {
        i++;
        while (i < field->len && field->text[i] == '0') {
            i++;
        }
    }
    if (!has_digits || i != field->len) {
        return bad_field(reader, column, "is not an integer such as 198133 or 198133.0");
    }
    *out_number = number;
    return MYC_OK;
}

static enum myc_status
read_unsigned(struct reader *reader, enum column column, struct myc_u256 *out_value)
{
    struct number number;
    enum myc_status status = read_number(reader, column, &number);
    if (status != MYC_OK) {
        return status;
    }
    struct myc_u256 zero = myc_u256_from_u64(0);
    if (number.is_negative && myc_u256_compare(number.magnitude, zero) != 0) {
        return bad_field(reader, column, "must not be negative");
    }
    *out_value = number.magnitude;
    return MYC_OK;
}

static enum myc_status read_tick(struct reader *reader, int32_t *out_tick)
{
    struct number number;
    enum myc_status status = read_number(reader, CLOSE_TICK, &number);
    if (status != MYC_OK) {
        return status;
    }
    if (!myc_u256_is_u64(number.magnitude) || number.magnitude.limb[0] > TICK_MAX) {
        return bad_field(reader, CLOSE_TICK, "is not between -887272 and 887272");
    }
    int32_t tick = (int32_t)number.magnitude.limb[0];
    *out_tick = number.is_negative ? -tick : tick;
    return MYC_OK;
}

// ---- Time ----

// The two or four digits at `text`, or -1.
static int32_t digits_at(const char *text, size_t count)
{
    int32_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

// Days since 0000-03-01 of the proleptic Gregorian calendar: years begin in March there.
static uint64_t days_of(uint32_t year, uint32_t month, uint32_t day)
{
    uint32_t shifted_year = month > 2 ? year : year - 1;
    uint32_t shifted_month = month > 2 ? month - 3 : month + 9;
    uint32_t day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    return (uint64_t)shifted_year * 365 + shifted_year / 4 - shifted_year / 100 + shifted_year / 400
           + day_of_year;
}

// "2025-07-01 00:03:00" as minutes; seconds must be there and are dropped.
static enum myc_status read_minute(struct reader *reader, uint64_t *out_minute)
{
    static const char shape[] = "dddd-dd-dd dd:dd:dd";
    const struct field *field = &reader->fields[reader->places[TIMESTAMP]];
    bool is_good = field->len == sizeof(shape) - 1;
    for (size_t i = 0; is_good && i < field->len; i++) {
        bool is_digit = field->text[i] >= '0' && field->text[i] <= '9';
        is_good = shape[i] == 'd' ? is_digit : field->text[i] == shape[i];
    }
    if (is_good) {
        const char *text = field->text;
        uint32_t year = (uint32_t)digits_at(text, 4);
        uint32_t month = (uint32_t)digits_at(text + 5, 2);
        uint32_t day = (uint32_t)digits_at(text + 8, 2);
        uint32_t hour = (uint32_t)digits_at(text + 11, 2);
        uint32_t minute = (uint32_t)digits_at(text + 14, 2);
        uint32_t second = (uint32_t)digits_at(text + 17, 2);
        is_good = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour < 24
                  && minute < 60 && second < 61;
        if (is_good) {
            *out_minute = (days_of(year, month, day) * 24 + hour) * 60 + minute;
            return MYC_OK;
        }
    }
    return bad_field(reader, TIMESTAMP, "is not a time such as 2025-07-01 00:03:00");
}

// ---- Rows ----

// What went out is what came in less what stayed.
static enum myc_status read_amounts(
    struct reader *reader,
    enum column in_column,
    enum column net_column,
    struct myc_u256 *out_in,
    struct myc_u256 *out_out)
{
    struct number net;
    enum myc_status status = read_unsigned(reader, in_column, out_in);
    if (status == MYC_OK) {
        status = read_number(reader, net_column, &net);
    }
    if (status != MYC_OK) {
        return status;
    }
    *out_out = *out_in;
    if (net.is_negative) {
        if (!add(out_out, &net.magnitude)) {
            return bad_field(reader, net_column, "needs more than 256 bits with what came in");
        }
    } else if (myc_u256_compare(*out_in, net.magnitude) < 0) {
        return bad_field(reader, net_column, "is more than came in");
    } else {
        subtract(out_out, &net.magnitude);
    }
    return MYC_OK;
}

static enum myc_status read_row(struct reader *reader, struct trading_row *row)
{
    if (reader->field_count != reader->column_count) {
        enum myc_status status = start_answer(reader, "the line has ");
        myc_diagnostic_append_u64(reader->diagnostic, reader->field_count);
        myc_diagnostic_append(reader->diagnostic, " columns and the header ");
        myc_diagnostic_append_u64(reader->diagnostic, reader->column_count);
        myc_diagnostic_append(reader->diagnostic, "; the line was cut or garbled");
        return status;
    }
    enum myc_status status = read_minute(reader, &row->minute);
    if (status == MYC_OK) {
        status = read_tick(reader, &row->tick);
    }
    if (status == MYC_OK) {
        status = read_unsigned(reader, LIQUIDITY, &row->liquidity);
    }
    if (status == MYC_OK) {
        status = read_amounts(reader, IN0, NET0, &row->amount0_in, &row->amount0_out);
    }
    if (status == MYC_OK) {
        status = read_amounts(reader, IN1, NET1, &row->amount1_in, &row->amount1_out);
    }
    struct myc_u256 zero = myc_u256_from_u64(0);
    row->has_swap = myc_u256_compare(row->amount0_in, zero) != 0
                    || myc_u256_compare(row->amount1_in, zero) != 0
                    || myc_u256_compare(row->amount0_out, zero) != 0
                    || myc_u256_compare(row->amount1_out, zero) != 0;
    return status;
}

static enum myc_status
read_rows(struct reader *reader, struct trading_row *rows, uint64_t *out_count)
{
    uint64_t count = 0;
    uint64_t first_minute = 0;
    for (;;) {
        enum myc_status status = next_line(reader);
        if (status == MYC_END) {
            *out_count = count;
            return count != 0 ? MYC_OK : start_answer(reader, "there is no row after the header");
        }
        if (status == MYC_OK) {
            status = read_row(reader, &rows[count]);
        }
        if (status != MYC_OK) {
            return status;
        }
        if (count == 0) {
            first_minute = rows[0].minute;
        }
        uint64_t previous = count == 0 ? 0 : rows[count - 1].minute + first_minute;
        if (count != 0 && rows[count].minute <= previous) {
            return bad_field(reader, TIMESTAMP, "is not after the line before");
        }
        rows[count].minute -= first_minute;
        count++;
    }
}

enum myc_status trading_csv_parse(
    struct myc_platform *platform,
    const char *text,
    size_t size,
    const char *name,
    struct trading_recording *out_recording,
    struct myc_diagnostic *diagnostic)
{
    size_t line_count = 0;
    for (size_t i = 0; i < size; i++) {
        line_count += text[i] == '\n' ? 1 : 0;
    }
    struct trading_recording recording = {NULL, 0, (line_count + 1) * sizeof(struct trading_row)};
    recording.rows = myc_memory_allocate(platform->memory, recording.bytes, 64);
    if (recording.rows == NULL) {
        return myc_diagnostic_set(diagnostic, MYC_NO_MEMORY, 0, name);
    }
    struct reader reader = {
        .name = name, .next = text, .end = text + size, .diagnostic = diagnostic};
    enum myc_status status = read_header(&reader);
    if (status == MYC_OK) {
        status = read_rows(&reader, recording.rows, &recording.row_count);
    }
    if (status != MYC_OK) {
        trading_recording_deinit(platform, &recording);
        return status;
    }
    *out_recording = recording;
    return MYC_OK;
}

static enum myc_status
file_failed(struct myc_diagnostic *diagnostic, enum myc_status status, const char *path)
{
    (void)myc_diagnostic_set(diagnostic, status, 0, path);
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(
        diagnostic,
        status == MYC_NOT_FOUND ? "there is no such file; check the path"
                                : myc_status_sentence(status));
    return status;
}

enum myc_status trading_csv_load(
    struct myc_platform *platform,
    const char *path,
    struct trading_recording *out_recording,
    struct myc_diagnostic *diagnostic)
{
    struct myc_handle handle = {0};
    enum myc_status status = myc_file_open(platform->file, path, 0, &handle, NULL);
    if (status != MYC_OK) {
        return file_failed(diagnostic, status, path);
    }
    uint64_t size = 0;
    uint64_t done = 0;
    char *text = NULL;
    status = myc_file_get_size(platform->file, handle, &size);
    if (status == MYC_OK && size > FILE_BYTES_MAX) {
        status = MYC_TOO_BIG;
    }
    if (status == MYC_OK) {
        text = myc_memory_allocate(platform->memory, (size_t)size + 1, 1);
        status = text == NULL ? MYC_NO_MEMORY : MYC_OK;
    }
    while (status == MYC_OK && done < size) {
        struct myc_span rest = {text + done, (size_t)(size - done)};
        size_t count = 0;
        status = myc_file_read(platform->file, handle, done, rest, &count);
        done += count;
    }
    if (status == MYC_OK) {
        status = trading_csv_parse(platform, text, (size_t)size, path, out_recording, diagnostic);
    } else {
        status = file_failed(diagnostic, status, path);
    }
    myc_memory_release(platform->memory, text, (size_t)size + 1);
    myc_file_close(platform->file, handle);
    return status;
}

void trading_recording_deinit(struct myc_platform *platform, struct trading_recording *recording)
{
    myc_memory_release(platform->memory, recording->rows, recording->bytes);
    memset(recording, 0, sizeof(*recording));
}

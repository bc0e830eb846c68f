// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Which values and lengths two fields allow. A reader understands a writer if everything the writer
// may hold is something the reader accepts, with the same bytes meaning the same number.
//
// Numbers of both signs and up to 256 bits are compared as 320 bits: a sign limb above the four.
#include <string.h>

#include "core/text.h"
#include "schema/compat.h"
#include "schema/field.h"

struct wide {
    uint64_t limb[5];
};

struct interval {
    struct wide low;
    struct wide high;
};

struct reals {
    double low;
    double high;
    bool has_nan;
};

bool myc__compat_is_integer(uint8_t kind)
{
    return kind < MYC_KIND_STRUCT && !myc__schema_is_float(kind);
}

static bool is_text(const struct myc_field *field)
{
    return field->shape == MYC_SHAPE_STRING || field->shape == MYC_SHAPE_TAIL_STRING;
}

static bool is_bytes(const struct myc_field *field)
{
    return field->kind == MYC_KIND_U8 && field->shape != MYC_SHAPE_ONE && !is_text(field);
}

// ---- Integers ----

static struct wide widen(uint8_t kind, const struct myc_number *number)
{
    struct wide wide;
    bool is_negative = myc__schema_is_signed(kind) && number->limb[3] >> 63 != 0;
    memcpy(wide.limb, number->limb, sizeof(number->limb));
    wide.limb[4] = is_negative ? UINT64_MAX : 0;
    return wide;
}

static struct wide wide_of(uint64_t number)
{
    struct wide wide = {{number, 0, 0, 0, 0}};
    return wide;
}

static bool is_less(const struct wide *a, const struct wide *b)
{
    for (uint32_t i = 5; i > 0; i--) {
        uint64_t left = a->limb[i - 1];
        uint64_t right = b->limb[i - 1];
        if (left != right) {
            // The uppermost limb is 0 or all ones, which stands for -1.
            return i == 5 ? left > right : left < right;
        }
    }
    return false;
}

// The largest number of the kind, or the smallest.
static struct wide limit_of(uint8_t kind, bool is_high)
{
    struct wide wide = wide_of(0);
    bool is_signed = myc__schema_is_signed(kind);
    uint32_t bits = myc__schema_kind_facts(kind)->size * 8 - (is_signed ? 1 : 0);
    if (kind == MYC_KIND_BOOL) {
        bits = 1;
    }
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t start = i * 64;
        if (bits >= start + 64) {
            wide.limb[i] = UINT64_MAX;
        } else if (bits > start) {
            wide.limb[i] = ((uint64_t)1 << (bits - start)) - 1;
        }
    }
    if (!is_high) {
        // -1 - x has the inverted bits of x.
        for (uint32_t i = 0; i < 5; i++) {
            wide.limb[i] = is_signed ? ~wide.limb[i] : 0;
        }
    }
    return wide;
}

// The values that the kind and the range allow; text is bytes with rules of its own.
static struct interval interval_of(const struct myc_field *field)
{
    struct interval interval = {limit_of(field->kind, false), limit_of(field->kind, true)};
    if (is_text(field)) {
        if ((field->flags & MYC_FIELD_ASCII) != 0) {
            interval = (struct interval){wide_of(0x20), wide_of(0x7E)};
        }
        return interval;
    }
    if (field->min != NULL) {
        struct wide low = widen(field->kind, field->min);
        interval.low = is_less(&interval.low, &low) ? low : interval.low;
    }
    if (field->max != NULL) {
        struct wide high = widen(field->kind, field->max);
        interval.high = is_less(&high, &interval.high) ? high : interval.high;
    }
    return interval;
}

static bool is_inside(const struct wide *number, const struct interval *interval)
{
    return !is_less(number, &interval->low) && !is_less(&interval->high, number);
}

static bool fits(const struct interval *inner, const struct interval *outer)
{
    bool is_empty = is_less(&inner->high, &inner->low);
    return is_empty || (is_inside(&inner->low, outer) && is_inside(&inner->high, outer));
}

static const struct myc_enum *closed_enum(const struct myc_field *field)
{
    bool is_closed = field->kind == MYC_KIND_ENUM && field->enumeration->is_open == 0;
    return is_closed ? field->enumeration : NULL;
}

static bool refuses_zero(const struct myc_field *field)
{
    return (field->flags & MYC_FIELD_NONZERO) != 0 && !is_text(field);
}

static bool accepts(const struct myc_field *field, uint32_t value)
{
    struct wide number = wide_of(value);
    struct interval interval = interval_of(field);
    const struct myc_enum *names = closed_enum(field);
    bool is_named = names == NULL || myc__compat_has_value(names, value);
    bool is_zero = value == 0 && refuses_zero(field) && !is_bytes(field);
    return is_named && !is_zero && is_inside(&number, &interval);
}

// A reader that is a closed enum takes a range only if it names each of its numbers.
static bool range_fits_enum(const struct interval *range, const struct myc_field *reader)
{
    const struct myc_enum *names = reader->enumeration;
    uint64_t low = range->low.limb[0];
    uint64_t span = range->high.limb[0] - low;
    struct interval words = {wide_of(0), wide_of(UINT32_MAX)};
    if (!fits(range, &words) || span >= names->value_count) {
        return false;
    }
    for (uint64_t value = low; value <= low + span; value++) {
        if (!accepts(reader, (uint32_t)value)) {
            return false;
        }
    }
    return true;
}

// Whether zero, of bytes: only zeros, is among the values.
static bool may_be_zero(const struct myc_field *field)
{
    struct interval interval = interval_of(field);
    struct wide zero = wide_of(0);
    bool has_zero = is_inside(&zero, &interval);
    bool has_length = field->shape != MYC_SHAPE_ONE && field->shape != MYC_SHAPE_ARRAY;
    if (is_bytes(field) || is_text(field)) {
        return !refuses_zero(field)
               && (has_zero || (has_length && field->inner == 0 && field->length_min == 0));
    }
    return has_zero && !refuses_zero(field);
}

// What the writer of a field may hold: its range, and no zero at an end of it that must not be
// zero.
static struct interval written_interval(const struct myc_field *field)
{
    struct interval interval = interval_of(field);
    struct wide zero = wide_of(0);
    bool is_one_byte =
        field->inner == 1
        || (field->inner == 0 && field->count == 1 && !myc__schema_is_tail(field->shape));
    if (refuses_zero(field) && (is_one_byte || !is_bytes(field))) {
        if (!is_less(&interval.low, &zero) && !is_less(&zero, &interval.low)) {
            interval.low = wide_of(1);
        }
        if (!is_less(&interval.high, &zero) && !is_less(&zero, &interval.high)) {
            memset(&interval.high, 0xFF, sizeof(interval.high));
        }
    }
    return interval;
}

bool myc__compat_integers_fit(const struct myc_field *writer, const struct myc_field *reader)
{
    const struct myc_enum *names = closed_enum(writer);
    if (names != NULL) {
        for (uint32_t i = 0; i < names->value_count; i++) {
            uint32_t value = names->values[i].value;
            if (accepts(writer, value) && !accepts(reader, value)) {
                return false;
            }
        }
        return true;
    }
    struct interval inner = written_interval(writer);
    struct interval outer = interval_of(reader);
    if (is_text(reader) && !is_text(writer)) {
        // Bytes below 128 are UTF-8 in any order.
        struct wide last = wide_of(0x7F);
        outer.high = is_less(&last, &outer.high) ? last : outer.high;
    }
    if (!fits(&inner, &outer) || (refuses_zero(reader) && may_be_zero(writer))) {
        return false;
    }
    return closed_enum(reader) == NULL || range_fits_enum(&inner, reader);
}

// What the reader's "nonzero" adds is told as a rule of its own.
static bool range_fits(const struct myc_field *writer, const struct myc_field *reader)
{
    struct interval inner = written_interval(writer);
    struct interval outer = interval_of(reader);
    return fits(&inner, &outer);
}

// ---- Floats ----

static double real_of(const struct myc_number *number)
{
    double real = 0;
    memcpy(&real, &number->limb[0], sizeof(real));
    return real;
}

static double real_limit(const struct myc_field *field)
{
    static const uint64_t infinite = UINT64_C(0x7FF0000000000000);
    static const uint64_t largest = UINT64_C(0x7FEFFFFFFFFFFFFF);
    static const uint64_t largest_f32 = UINT64_C(0x47EFFFFFE0000000);
    struct myc_number number = {{infinite, 0, 0, 0}};
    if ((field->flags & MYC_FIELD_FINITE) != 0) {
        number.limb[0] = field->kind == MYC_KIND_F32 ? largest_f32 : largest;
    }
    return real_of(&number);
}

static struct reals reals_of(const struct myc_field *field)
{
    double limit = real_limit(field);
    struct reals reals = {-limit, limit, false};
    double low = field->min != NULL ? real_of(field->min) : reals.low;
    double high = field->max != NULL ? real_of(field->max) : reals.high;
    reals.low = low > reals.low ? low : reals.low;
    reals.high = high < reals.high ? high : reals.high;
    reals.has_nan =
        (field->flags & MYC_FIELD_FINITE) == 0 && field->min == NULL && field->max == NULL;
    return reals;
}

static bool reals_fit(const struct reals *inner, const struct reals *outer)
{
    return inner->low >= outer->low && inner->high <= outer->high
           && (outer->has_nan || !inner->has_nan);
}

// What the reader's "finite" adds is told as a rule of its own.
static bool real_range_fits(const struct myc_field *writer, const struct myc_field *reader)
{
    struct myc_field range = *reader;
    range.flags &= (uint16_t)~MYC_FIELD_FINITE;
    struct reals inner = reals_of(writer);
    struct reals outer = reals_of(&range);
    return reals_fit(&inner, &outer);
}

// ---- Texts ----

// Decimal up to 64 bits, hexadecimal above.
static void print_integer(struct myc__text *text, const struct wide *number)
{
    bool is_negative = number->limb[4] != 0;
    uint64_t extension = is_negative ? UINT64_MAX : 0;
    bool is_short = number->limb[1] == extension && number->limb[2] == extension
                    && number->limb[3] == extension;
    if (is_short && !is_negative) {
        myc__text_u64(text, number->limb[0]);
        return;
    }
    if (is_short && number->limb[0] >> 63 != 0) {
        myc__text_i64(text, (int64_t)number->limb[0]);
        return;
    }
    uint64_t carry = is_negative ? 1 : 0;
    uint8_t bytes[32];
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t limb = (is_negative ? ~number->limb[i] : number->limb[i]) + carry;
        carry = carry != 0 && limb == 0 ? 1 : 0;
        for (uint32_t j = 0; j < 8; j++) {
            bytes[31 - (i * 8 + j)] = (uint8_t)(limb >> (8 * j));
        }
    }
    uint32_t first = 0;
    while (first < 31 && bytes[first] == 0) {
        first++;
    }
    myc__text_string(text, is_negative ? "-0x" : "0x");
    myc__text_hex(text, bytes + first, 32 - first);
}

// Six places behind the point, or the bits of a double where that would not do.
static void print_real(struct myc__text *text, double real)
{
    double size = real < 0 ? -real : real;
    if (!(size < 1e15) || (size < 1e-6 && size > 0)) {
        uint64_t bits = 0;
        uint8_t bytes[8];
        memcpy(&bits, &real, sizeof(bits));
        for (uint32_t i = 0; i < 8; i++) {
            bytes[i] = (uint8_t)(bits >> (56 - 8 * i));
        }
        myc__text_string(text, "bits 0x");
        myc__text_hex(text, bytes, sizeof(bytes));
        return;
    }
    uint64_t whole = (uint64_t)size;
    uint64_t millionths = (uint64_t)((size - (double)whole) * 1e6 + 0.5);
    myc__text_string(text, real < 0 ? "-" : "");
    myc__text_u64(text, whole + millionths / 1000000);
    myc__text_string(text, ".");
    millionths %= 1000000;
    for (uint64_t place = 100000; place > 0; place /= 10) {
        myc__text_u64(text, millionths / place);
        millionths %= place;
        if (millionths == 0) {
            break;
        }
    }
}

static void
print_limit(struct myc__text *text, const struct myc_field *field, const struct myc_number *limit)
{
    if (limit == NULL) {
        return;
    }
    if (myc__schema_is_float(field->kind)) {
        print_real(text, real_of(limit));
    } else {
        struct wide number = widen(field->kind, limit);
        print_integer(text, &number);
    }
}

// "1..9", "1..", "..9" or "any".
static void print_range(struct myc__text text, const struct myc_field *field)
{
    if (field->min == NULL && field->max == NULL) {
        myc__text_string(&text, "any");
        return;
    }
    print_limit(&text, field, field->min);
    myc__text_string(&text, "..");
    print_limit(&text, field, field->max);
}

// ---- Comparing ----

static uint32_t breaks_of(bool new_reads_old, bool old_reads_new)
{
    return (new_reads_old ? 0U : (uint32_t)MYC__COMPAT_NRO)
           | (old_reads_new ? 0U : (uint32_t)MYC__COMPAT_ORN);
}

static enum myc_compat_rule choose(
    uint32_t breaks,
    enum myc_compat_rule less,
    enum myc_compat_rule more,
    enum myc_compat_rule other)
{
    if (breaks == MYC__COMPAT_NRO) {
        return less;
    }
    return breaks == MYC__COMPAT_ORN ? more : other;
}

static void
compare_ranges(struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    bool new_reads_old = false;
    bool old_reads_new = false;
    if (myc__schema_is_float(old->kind)) {
        new_reads_old = real_range_fits(old, new);
        old_reads_new = real_range_fits(new, old);
    } else {
        new_reads_old = range_fits(old, new);
        old_reads_new = range_fits(new, old);
    }
    uint32_t breaks = breaks_of(new_reads_old, old_reads_new);
    if (breaks != 0) {
        print_range(myc__compat_old_text(compat), old);
        print_range(myc__compat_new_text(compat), new);
        myc__compat_report(
            compat,
            choose(
                breaks,
                MYC_COMPAT_RANGE_NARROWED,
                MYC_COMPAT_RANGE_WIDENED,
                MYC_COMPAT_RANGE_CHANGED),
            breaks);
    }
}

// Reports a rule that only one of both has. `is_free`: what lacks it may hold what it forbids.
static void compare_rule(
    struct myc__compat *compat,
    const struct myc_field *old,
    const struct myc_field *new,
    uint32_t flag,
    const char *name,
    bool is_free)
{
    bool has_old = (old->flags & flag) != 0;
    bool has_new = (new->flags &flag) != 0;
    if (has_old == has_new) {
        return;
    }
    myc__compat_set_texts(compat, has_old ? name : "", has_new ? name : "");
    if (has_new) {
        myc__compat_report(compat, MYC_COMPAT_CONSTRAINT_ADDED, is_free ? MYC__COMPAT_NRO : 0);
    } else {
        myc__compat_report(compat, MYC_COMPAT_CONSTRAINT_REMOVED, is_free ? MYC__COMPAT_ORN : 0);
    }
}

static bool real_may_be_zero(const struct myc_field *field)
{
    struct reals reals = reals_of(field);
    return reals.low <= 0 && reals.high >= 0 && (field->flags & MYC_FIELD_NONZERO) == 0;
}

static bool real_may_be_infinite(const struct myc_field *field)
{
    struct myc_field finite = *field;
    finite.flags |= MYC_FIELD_FINITE;
    struct reals all = reals_of(field);
    struct reals numbers = reals_of(&finite);
    return !reals_fit(&all, &numbers);
}

static void
compare_rules(struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    // The one that lacks a rule decides whether it matters.
    bool lacks_new = (old->flags & MYC_FIELD_NONZERO) != 0;
    const struct myc_field *free_field = lacks_new ? new : old;
    if (is_text(old)) {
        compare_rule(compat, old, new, MYC_FIELD_ASCII, "ascii", true);
        return;
    }
    if (myc__schema_is_float(old->kind)) {
        compare_rule(compat, old, new, MYC_FIELD_NONZERO, "nonzero", real_may_be_zero(free_field));
        free_field = (old->flags & MYC_FIELD_FINITE) != 0 ? new : old;
        compare_rule(
            compat, old, new, MYC_FIELD_FINITE, "finite", real_may_be_infinite(free_field));
        return;
    }
    bool is_free = may_be_zero(free_field);
    if (closed_enum(free_field) != NULL) {
        is_free = accepts(free_field, 0);
    }
    compare_rule(compat, old, new, MYC_FIELD_NONZERO, "nonzero", is_free);
}

// Whether what the reader has more than the writer is zero in what the writer writes.
static bool is_zero_behind(
    const struct myc__compat *compat,
    const struct myc_field *writer,
    const struct myc_field *reader,
    bool is_old_writer)
{
    return myc__compat_is_zero(
        compat,
        is_old_writer,
        (uint64_t)writer->offset + writer->size,
        (uint64_t)reader->offset + reader->size);
}

static bool is_never_negative(const struct myc_field *field)
{
    struct interval interval = interval_of(field);
    return interval.low.limb[4] == 0;
}

// Of two kinds, or bytes and text: one type may be all that the other one can hold.
static void
compare_kinds(struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    bool new_reads_old = myc__compat_integers_fit(old, new);
    bool old_reads_new = myc__compat_integers_fit(new, old);
    uint32_t old_size = myc__schema_kind_facts(old->kind)->size;
    uint32_t new_size = myc__schema_kind_facts(new->kind)->size;
    // The first bytes of a number can be read alone. Those the writer does not have must be zeros,
    // and stand for nothing but zeros.
    new_reads_old = new_reads_old
                    && (new_size <= old_size
                        || (is_never_negative(old) && is_zero_behind(compat, old, new, true)));
    old_reads_new = old_reads_new
                    && (old_size <= new_size
                        || (is_never_negative(new) && is_zero_behind(compat, new, old, false)));
    myc__compat_set_types(compat, old, new);
    myc__compat_report(
        compat, MYC_COMPAT_FIELD_TYPE_CHANGED, breaks_of(new_reads_old, old_reads_new));
}

void myc__compat_values(
    struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    if (old->kind != new->kind || is_text(old) != is_text(new)) {
        compare_kinds(compat, old, new);
        return;
    }
    if (old->kind == MYC_KIND_STRUCT || old->kind == MYC_KIND_UNION) {
        return;
    }
    if (old->kind == MYC_KIND_ENUM) {
        myc__compat_enum(compat, old->enumeration, new->enumeration);
    }
    if (!is_text(old)) {
        compare_ranges(compat, old, new);
    }
    compare_rules(compat, old, new);
}

// ---- Lengths ----

static uint32_t longest(const struct myc_field *field)
{
    bool is_tail = myc__schema_is_tail(field->shape);
    uint32_t room = is_tail ? UINT32_MAX : field->count;
    return field->length_max == 0 || field->length_max > room ? room : field->length_max;
}

// Bytes that are not all zero are not none.
static uint32_t shortest(const struct myc_field *writer)
{
    bool is_never_empty = is_bytes(writer) && writer->inner == 0 && refuses_zero(writer);
    return is_never_empty && writer->length_min == 0 ? 1 : writer->length_min;
}

static void print_lengths(struct myc__text text, const struct myc_field *field)
{
    myc__text_u64(&text, field->length_min);
    myc__text_string(&text, "..");
    if (longest(field) != UINT32_MAX) {
        myc__text_u64(&text, longest(field));
    }
}

void myc__compat_lengths(
    struct myc__compat *compat, const struct myc_field *old, const struct myc_field *new)
{
    bool new_reads_old = shortest(old) >= new->length_min &&longest(old) <= longest(new);
    bool old_reads_new = shortest(new) >= old->length_min && longest(new) <= longest(old);
    if (!myc__schema_is_tail(old->shape) && old->count != new->count) {
        // What is not used must be zero as far as the reader's room goes.
        bool has_grown = new->count > old->count;
        new_reads_old = new_reads_old && (!has_grown || is_zero_behind(compat, old, new, true));
        old_reads_new = old_reads_new && (has_grown || is_zero_behind(compat, new, old, false));
        myc__compat_set_types(compat, old, new);
        myc__compat_report(
            compat,
            has_grown ? MYC_COMPAT_CAPACITY_GREW : MYC_COMPAT_CAPACITY_SHRUNK,
            breaks_of(new_reads_old, old_reads_new));
        return;
    }
    uint32_t breaks = breaks_of(new_reads_old, old_reads_new);
    if (breaks != 0) {
        print_lengths(myc__compat_old_text(compat), old);
        print_lengths(myc__compat_new_text(compat), new);
        myc__compat_report(
            compat,
            choose(
                breaks,
                MYC_COMPAT_LENGTH_NARROWED,
                MYC_COMPAT_LENGTH_WIDENED,
                MYC_COMPAT_LENGTH_CHANGED),
            breaks);
    }
}

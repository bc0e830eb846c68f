// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Numbers in decimal digits, without the C library.
//
// Floats: the digits of Steele and White's and Dybvig's free-format algorithm. A float stands for
// all numbers up to half way to its neighbours; digits are made until they name one of these and no
// other float. Exact, with integers of up to 1140 bits, so nothing depends on the host's rounding.
#include "codec/codec.h"

#include <string.h>

#include "core/text.h"

// ---- Integers ----

void myc__print_integer(
    uint8_t kind, const struct myc_number *number, char out_text[MYC__INTEGER_TEXT_BYTES])
{
    uint32_t words[8];
    bool is_negative = myc__kind_is_signed(kind) && number->limb[3] >> 63 != 0;
    uint64_t carry = is_negative ? 1 : 0;
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t word = (uint32_t)(number->limb[i / 2] >> (32 * (i % 2)));
        carry += is_negative ? (uint32_t)~word : word;
        words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    char digits[MYC__INTEGER_TEXT_BYTES];
    size_t first = sizeof(digits);
    uint32_t any = 0;
    digits[--first] = '\0';
    do {
        uint64_t rest = 0;
        any = 0;
        for (uint32_t i = 8; i > 0; i--) {
            rest = rest << 32 | words[i - 1];
            words[i - 1] = (uint32_t)(rest / 10);
            rest %= 10;
            any |= words[i - 1];
        }
        digits[--first] = (char)('0' + rest);
    } while (any != 0);
    if (is_negative) {
        digits[--first] = '-';
    }
    memcpy(out_text, digits + first, sizeof(digits) - first);
}

// ---- Big natural numbers ----

enum { WORDS = 37 }; // 2^1074 times 2^54 and a digit, and one word for carries

struct natural {
    uint32_t words[WORDS];
    uint32_t used; // words above are zero
};

static struct natural natural_of(uint64_t number)
{
    struct natural natural = {{(uint32_t)number, (uint32_t)(number >> 32)}, 2};
    return natural;
}

static void multiply(struct natural *a, uint32_t factor)
{
    uint64_t carry = 0;
    for (uint32_t i = 0; i < a->used; i++) {
        carry += (uint64_t)a->words[i] * factor;
        a->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0 && a->used < WORDS) {
        a->words[a->used++] = (uint32_t)carry;
    }
}

static void shift_left(struct natural *a, uint32_t bits)
{
    for (; bits >= 31; bits -= 31) {
        multiply(a, (uint32_t)1 << 31);
    }
    multiply(a, (uint32_t)1 << bits);
}

static void multiply_power_of_ten(struct natural *a, uint32_t power)
{
    for (; power >= 9; power -= 9) {
        multiply(a, 1000000000);
    }
    for (; power > 0; power--) {
        multiply(a, 10);
    }
}

static int compare(const struct natural *a, const struct natural *b)
{
    uint32_t used = a->used > b->used ? a->used : b->used;
    for (uint32_t i = used; i > 0; i--) {
        if (a->words[i - 1] != b->words[i - 1]) {
            return a->words[i - 1] < b->words[i - 1] ? -1 : 1;
        }
    }
    return 0;
}

// a + b compared with c.
static int compare_sum(const struct natural *a, const struct natural *b, const struct natural *c)
{
    struct natural sum = *a;
    uint64_t carry = 0;
    sum.used = a->used > b->used ? a->used : b->used;
    for (uint32_t i = 0; i < sum.used; i++) {
        carry += (uint64_t)a->words[i] + b->words[i];
        sum.words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0 && sum.used < WORDS) {
        sum.words[sum.used++] = (uint32_t)carry;
    }
    return compare(&sum, c);
}

static void subtract(struct natural *a, const struct natural *b)
{
    uint64_t borrow = 0;
    for (uint32_t i = 0; i < a->used; i++) {
        uint64_t difference = (uint64_t)a->words[i] - b->words[i] - borrow;
        a->words[i] = (uint32_t)difference;
        borrow = difference >> 63;
    }
}

// ---- Floats ----

// A positive float value / scale, and how far the numbers reach that it stands for.
struct span {
    struct natural value;
    struct natural scale;
    struct natural above;
    struct natural below;
    bool is_closed; // its ends read back as this float, which is even
};

static void span_init(struct span *span, uint64_t fraction, int32_t exponent, bool is_edge)
{
    // All doubled, and doubled again at a power of two, below which floats lie closer.
    uint32_t twice = is_edge ? 2 : 1;
    span->value = natural_of(fraction);
    span->scale = natural_of(1);
    span->above = natural_of(1);
    span->below = natural_of(1);
    span->is_closed = fraction % 2 == 0;
    uint32_t up = exponent > 0 ? (uint32_t)exponent : 0;
    uint32_t down = exponent < 0 ? (uint32_t)-exponent : 0;
    shift_left(&span->value, up + twice);
    shift_left(&span->scale, down + twice);
    shift_left(&span->above, up + twice - 1);
    shift_left(&span->below, up);
}

// Whether the span reaches its scale: there is a digit before the point.
static bool reaches(const struct span *span)
{
    int order = compare_sum(&span->value, &span->above, &span->scale);
    return order > 0 || (order == 0 && span->is_closed);
}

static void next_place(struct span *span)
{
    multiply(&span->value, 10);
    multiply(&span->above, 10);
    multiply(&span->below, 10);
}

// Scales so that 0.1 <= value / scale < 1. Returns: the power of ten that this took.
static int32_t normalise(struct span *span, int32_t bit)
{
    // log10(2) is 0.30103 and a bit, so the guess is at most one too low.
    int32_t power = bit >= 0 ? (int32_t)((int64_t)bit * 30103 / 100000)
                             : -(int32_t)(((int64_t)-bit * 30103 + 99999) / 100000);
    if (power >= 0) {
        multiply_power_of_ten(&span->scale, (uint32_t)power);
    } else {
        multiply_power_of_ten(&span->value, (uint32_t)-power);
        multiply_power_of_ten(&span->above, (uint32_t)-power);
        multiply_power_of_ten(&span->below, (uint32_t)-power);
    }
    while (reaches(span)) {
        multiply(&span->scale, 10);
        power++;
    }
    return power;
}

// Makes the digits behind the point. Returns: how many, at most 17.
static size_t make_digits(struct span *span, char digits[20])
{
    size_t count = 0;
    for (;;) {
        char digit = '0';
        next_place(span);
        while (compare(&span->value, &span->scale) >= 0) {
            subtract(&span->value, &span->scale);
            digit++;
        }
        int order = compare(&span->value, &span->below);
        bool is_low = order < 0 || (order == 0 && span->is_closed);
        bool is_high = reaches(span);
        if (is_low && is_high) {
            struct natural half = span->value;
            multiply(&half, 2);
            is_low = compare(&half, &span->scale) < 0;
            is_high = !is_low;
        }
        digits[count++] = is_high ? (char)(digit + 1) : digit;
        if (is_low || is_high || count == 18) {
            return count;
        }
    }
}

static void put_zeros(struct myc__text *text, int32_t count)
{
    for (; count > 0; count--) {
        myc__text_string(text, "0");
    }
}

// 0.digits times 10^power: as a decimal fraction where that is short, else with an exponent.
static void put_decimal(struct myc__text *text, const char *digits, size_t count, int32_t power)
{
    int32_t len = (int32_t)count;
    if (power > 17 || power < -4) {
        myc__text_printable(text, digits, 1);
        myc__text_string(text, ".");
        myc__text_printable(text, count > 1 ? digits + 1 : "0", count > 1 ? count - 1 : 1);
        myc__text_string(text, "e");
        myc__text_i64(text, power - 1);
    } else if (power <= 0) {
        myc__text_string(text, "0.");
        put_zeros(text, -power);
        myc__text_printable(text, digits, count);
    } else if (power >= len) {
        myc__text_printable(text, digits, count);
        put_zeros(text, power - len);
        myc__text_string(text, ".0");
    } else {
        myc__text_printable(text, digits, (size_t)power);
        myc__text_string(text, ".");
        myc__text_printable(text, digits + power, count - (size_t)power);
    }
}

bool myc__float_is_finite(uint8_t kind, uint64_t bits)
{
    uint64_t mask = kind == MYC_KIND_F32 ? (uint64_t)0xFF << 23 : (uint64_t)0x7FF << 52;
    return (bits & mask) != mask;
}

void myc__print_float(uint8_t kind, uint64_t bits, char out_text[MYC__FLOAT_TEXT_BYTES])
{
    uint32_t fraction_bits = kind == MYC_KIND_F32 ? 23 : 52;
    uint32_t exponent_mask = kind == MYC_KIND_F32 ? 0xFF : 0x7FF;
    int32_t bias = (int32_t)(exponent_mask / 2 + fraction_bits);
    uint64_t hidden = (uint64_t)1 << fraction_bits;
    uint64_t fraction = bits & (hidden - 1);
    int32_t exponent = (int32_t)(bits >> fraction_bits & exponent_mask);
    struct myc__text text;
    myc__text_init(&text, out_text, MYC__FLOAT_TEXT_BYTES);
    if (bits >> (kind == MYC_KIND_F32 ? 31 : 63) != 0) {
        myc__text_string(&text, "-");
    }
    if (exponent == 0 && fraction == 0) {
        myc__text_string(&text, "0.0");
        return;
    }
    bool is_edge = fraction == 0 && exponent > 1;
    fraction |= exponent > 0 ? hidden : 0;
    exponent = (exponent > 0 ? exponent : 1) - bias;
    int32_t bit = exponent; // of the highest bit that is set
    for (uint64_t rest = fraction; rest > 1; rest >>= 1) {
        bit++;
    }
    struct span span;
    char digits[20];
    span_init(&span, fraction, exponent, is_edge);
    int32_t power = normalise(&span, bit);
    size_t count = make_digits(&span, digits);
    put_decimal(&text, digits, count, power);
}

void myc__print_number(const struct myc_message_item *item, char out_text[MYC__NUMBER_TEXT_BYTES])
{
    uint8_t kind = item->field->kind;
    if (!myc__kind_is_float(kind)) {
        struct myc_number number = myc_item_number(item);
        myc__print_integer(kind, &number, out_text);
        return;
    }
    uint64_t bits = myc__load_bits(kind, item->bytes);
    uint64_t infinity = kind == MYC_KIND_F32 ? (uint64_t)0xFF << 23 : (uint64_t)0x7FF << 52;
    uint64_t sign = kind == MYC_KIND_F32 ? (uint64_t)1 << 31 : (uint64_t)1 << 63;
    uint64_t quiet = kind == MYC_KIND_F32 ? (uint64_t)1 << 22 : (uint64_t)1 << 51;
    struct myc__text text;
    myc__text_init(&text, out_text, MYC__NUMBER_TEXT_BYTES);
    if (myc__float_is_finite(kind, bits)) {
        myc__print_float(kind, bits, out_text);
    } else if ((bits & ~sign) == infinity) {
        myc__text_string(&text, (bits & sign) != 0 ? "-Infinity" : "Infinity");
    } else if (bits == (infinity | quiet)) {
        myc__text_string(&text, "NaN");
    } else {
        myc__text_string(&text, "0x");
        for (uint32_t i = myc__kind_size(kind); i > 0; i--) {
            myc__text_hex(&text, item->bytes + i - 1, 1);
        }
    }
}

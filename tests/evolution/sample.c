// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Messages made up from a descriptor. Extremes come often, since that is where two versions differ;
// padding is noise, since nobody promises what lies there.
#include <string.h>

#include "oracle.h"

enum { TAIL_LENGTH_MAX = 40, LEVELS_MAX = 16 };

struct maker {
    uint64_t *random;
    unsigned char *payload;
    size_t size; // so far
};

uint64_t oracle_draw(uint64_t *random, uint64_t bound)
{
    uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % bound;
}

static const uint8_t sizes[] = {
#define KIND_SIZE(name, spelling, c_type, size, alignment) size,
    MYC_KIND_LIST(KIND_SIZE)
#undef KIND_SIZE
};

static bool is_float(uint8_t kind)
{
    return kind == MYC_KIND_F32 || kind == MYC_KIND_F64;
}

static bool is_signed(uint8_t kind)
{
    return (kind >= MYC_KIND_I8 && kind <= MYC_KIND_I64) || kind == MYC_KIND_I128
           || kind == MYC_KIND_I256;
}

static void noise(struct maker *maker, unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)oracle_draw(maker->random, 256);
    }
}

static void put_u32(unsigned char *bytes, uint64_t number)
{
    for (uint32_t i = 0; i < 4; i++) {
        bytes[i] = (unsigned char)(number >> (8 * i));
    }
}

// ---- Numbers ----

static void put_number(unsigned char *bytes, const struct myc_number *number, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(number->limb[i / 8] >> (8 * (i % 8)));
    }
}

static struct myc_number limit(uint8_t kind, bool is_high)
{
    struct myc_number number = {{0, 0, 0, 0}};
    uint32_t bits = kind == MYC_KIND_BOOL ? 1 : sizes[kind] * 8U - (is_signed(kind) ? 1 : 0);
    for (uint32_t i = 0; i < bits; i++) {
        number.limb[i / 64] |= (uint64_t)1 << (i % 64);
    }
    for (uint32_t i = 0; i < 4 && !is_high; i++) {
        number.limb[i] = is_signed(kind) ? ~number.limb[i] : 0;
    }
    return number;
}

static void add_one(struct myc_number *number, bool is_down)
{
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t before = number->limb[i];
        number->limb[i] = is_down ? before - 1 : before + 1;
        if (is_down ? before != 0 : number->limb[i] != 0) {
            return;
        }
    }
}

static bool is_above(uint8_t kind, const struct myc_number *a, const struct myc_number *b)
{
    uint64_t turn = is_signed(kind) ? (uint64_t)1 << 63 : 0;
    for (uint32_t i = 4; i > 0; i--) {
        uint64_t left = a->limb[i - 1] ^ (i == 4 ? turn : 0);
        uint64_t right = b->limb[i - 1] ^ (i == 4 ? turn : 0);
        if (left != right) {
            return left > right;
        }
    }
    return false;
}

static bool is_zero(const struct myc_number *number)
{
    return (number->limb[0] | number->limb[1] | number->limb[2] | number->limb[3]) == 0;
}

// Whether the number is one that the field allows.
static bool is_allowed(const struct myc_field *field, const struct myc_number *number)
{
    struct myc_number low = limit(field->kind, false);
    struct myc_number high = limit(field->kind, true);
    bool is_bytes = field->kind == MYC_KIND_U8 && field->shape != MYC_SHAPE_ONE;
    return !is_above(field->kind, &low, number) && !is_above(field->kind, number, &high)
           && (field->min == NULL || !is_above(field->kind, field->min, number))
           && (field->max == NULL || !is_above(field->kind, number, field->max))
           && ((field->flags & MYC_FIELD_NONZERO) == 0 || is_bytes || !is_zero(number));
}

static void make_integer(struct maker *maker, const struct myc_field *field, unsigned char *bytes)
{
    struct myc_number low = field->min != NULL ? *field->min : limit(field->kind, false);
    struct myc_number high = field->max != NULL ? *field->max : limit(field->kind, true);
    struct myc_number number = low;
    for (uint32_t i = 0; i < 64; i++) {
        uint64_t choice = oracle_draw(maker->random, 8);
        number = choice % 2 == 0 ? low : high;
        if (choice == 2 || choice == 3) {
            add_one(&number, choice == 3);
        } else if (choice == 4) {
            number = (struct myc_number){{0, 0, 0, 0}};
        } else if (choice == 5) {
            number = (struct myc_number){{oracle_draw(maker->random, 300), 0, 0, 0}};
        } else if (choice >= 6) {
            noise(maker, (unsigned char *)&number, sizeof(number));
            if (sizes[field->kind] < 32) {
                number.limb[3] = 0;
                number.limb[2] = 0;
                number.limb[1] = sizes[field->kind] == 16 ? number.limb[1] : 0;
                number.limb[1] &= INT64_MAX;
            }
        }
        if (is_allowed(field, &number)) {
            break;
        }
        number = is_allowed(field, &low) ? low : high;
    }
    put_number(bytes, &number, sizes[field->kind]);
}

static void make_float(struct maker *maker, const struct myc_field *field, unsigned char *bytes)
{
    static const double values[] = {0.0, 1.0, -1.0, 0.5, -0.25, 1e6, -1e6, 3e38, -3e38};
    bool is_free = field->min == NULL && field->max == NULL;
    double low = -3e38;
    double high = 3e38;
    double zero = 0;
    if (field->min != NULL) {
        memcpy(&low, &field->min->limb[0], sizeof(low));
    }
    if (field->max != NULL) {
        memcpy(&high, &field->max->limb[0], sizeof(high));
    }
    double value = low;
    uint64_t choice = oracle_draw(maker->random, 8);
    if (choice == 0 || choice == 1) {
        value = choice == 0 ? low : high;
    } else if (choice == 2 && (field->flags & MYC_FIELD_FINITE) == 0) {
        value = is_free ? zero / zero : (field->max == NULL ? 1 / zero : low);
        value = field->min == NULL && field->max != NULL ? -1 / zero : value;
    } else {
        value = values[oracle_draw(maker->random, sizeof(values) / sizeof(values[0]))];
        value = value < low ? low : value;
        value = value > high ? high : value;
    }
    if (value == 0 && (field->flags & MYC_FIELD_NONZERO) != 0) {
        value = low != 0 ? low : high;
    }
    float single = (float)value;
    if (field->kind == MYC_KIND_F32) {
        memcpy(bytes, &single, sizeof(single));
    } else {
        memcpy(bytes, &value, sizeof(value));
    }
}

static void make_scalar(struct maker *maker, const struct myc_field *field, unsigned char *bytes)
{
    const struct myc_enum *names = field->kind == MYC_KIND_ENUM ? field->enumeration : NULL;
    if (is_float(field->kind)) {
        make_float(maker, field, bytes);
        return;
    }
    bool is_named = names != NULL && (names->is_open == 0 || oracle_draw(maker->random, 2) == 0);
    for (uint32_t i = 0; is_named && i < 64; i++) {
        uint64_t drawn = oracle_draw(maker->random, names->value_count);
        struct myc_number number = {{names->values[drawn].value, 0, 0, 0}};
        if (is_allowed(field, &number)) {
            put_number(bytes, &number, 4);
            return;
        }
    }
    make_integer(maker, field, bytes);
}

// ---- Bytes and text ----

static void
make_bytes(struct maker *maker, const struct myc_field *field, unsigned char *bytes, size_t size)
{
    struct myc_field one = *field;
    one.shape = MYC_SHAPE_ONE;
    one.kind = MYC_KIND_U8;
    one.flags = 0;
    bool is_same = oracle_draw(maker->random, 3) == 0;
    for (size_t i = 0; i < size; i++) {
        make_integer(maker, &one, &bytes[i]);
        bytes[i] = is_same ? bytes[0] : bytes[i];
    }
    bool is_nothing = true;
    for (size_t i = 0; i < size; i++) {
        is_nothing = is_nothing && bytes[i] == 0;
    }
    if (is_nothing && size > 0 && (field->flags & MYC_FIELD_NONZERO) != 0) {
        bytes[size - 1] = 1;
    }
}

static void
make_text(struct maker *maker, const struct myc_field *field, unsigned char *bytes, size_t size)
{
    bool is_ascii = (field->flags & MYC_FIELD_ASCII) != 0;
    uint64_t style = oracle_draw(maker->random, 4);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)(0x20 + oracle_draw(maker->random, 0x5F));
        if (!is_ascii && style == 0) {
            bytes[i] = 0;
        } else if (!is_ascii && style == 1 && i % 2 == 1) {
            bytes[i - 1] = 0xC3;
            bytes[i] = 0xA9;
        }
    }
}

static uint32_t draw_length(struct maker *maker, const struct myc_field *field, uint32_t room)
{
    uint32_t least = field->length_min;
    uint32_t most = field->length_max != 0 && field->length_max < room ? field->length_max : room;
    bool is_bytes = field->kind == MYC_KIND_U8 && field->inner == 0
                    && field->shape != MYC_SHAPE_STRING && field->shape != MYC_SHAPE_TAIL_STRING;
    if (is_bytes && least == 0 && (field->flags & MYC_FIELD_NONZERO) != 0) {
        least = 1;
    }
    switch (oracle_draw(maker->random, 3)) {
    case 0:
        return least;
    case 1:
        return most;
    default:
        return least + (uint32_t)oracle_draw(maker->random, (uint64_t)most - least + 1);
    }
}

// ---- Fields ----

// What is still to be made: fields of a struct at a place.
struct level {
    const struct myc_field *fields;
    uint32_t count;
    unsigned char *base;
};

struct plan {
    struct level levels[4096];
    uint32_t count;
};

static void plan_struct(struct plan *plan, const struct myc_struct *structure, unsigned char *base)
{
    if (plan->count < sizeof(plan->levels) / sizeof(plan->levels[0])) {
        plan->levels[plan->count++] =
            (struct level){structure->fields, structure->field_count, base};
    }
}

static void make_union(
    struct maker *maker, struct plan *plan, const struct myc_field *field, unsigned char *base)
{
    const struct myc_union *choice = field->choice;
    uint64_t drawn = oracle_draw(maker->random, choice->variant_count);
    const struct myc_variant *variant = &choice->variants[drawn];
    put_u32(base + field->counter, variant->tag);
    memset(base + field->offset, 0, choice->size);
    if (variant->structure != NULL) {
        noise(maker, base + field->offset, variant->structure->size);
        plan_struct(plan, variant->structure, base + field->offset);
    }
}

static void make_elements(
    struct maker *maker,
    struct plan *plan,
    const struct myc_field *field,
    unsigned char *base,
    uint32_t count)
{
    unsigned char *bytes = base + field->offset;
    uint32_t stride = field->size / (field->count > 0 ? field->count : 1);
    if (field->kind == MYC_KIND_U8 && field->inner == 0 && field->shape != MYC_SHAPE_ONE) {
        make_bytes(maker, field, bytes, count);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (field->kind == MYC_KIND_STRUCT) {
            noise(maker, bytes + (size_t)i * stride, stride);
            plan_struct(plan, field->structure, bytes + (size_t)i * stride);
        } else if (field->inner > 0) {
            make_bytes(maker, field, bytes + (size_t)i * stride, field->inner);
        } else {
            make_scalar(maker, field, bytes + (size_t)i * stride);
        }
    }
}

static void make_tail(struct maker *maker, const struct myc_field *field, unsigned char *base)
{
    uint32_t length = draw_length(maker, field, TAIL_LENGTH_MAX);
    memset(base + field->offset, 0, 8);
    if (length == 0) {
        return;
    }
    size_t start = (maker->size + 7) / 8 * 8;
    noise(maker, maker->payload + maker->size, start - maker->size);
    put_u32(base + field->offset, start);
    put_u32(base + field->offset + 4, length);
    if (field->shape == MYC_SHAPE_TAIL_STRING) {
        make_text(maker, field, maker->payload + start, length);
    } else {
        make_bytes(maker, field, maker->payload + start, length);
    }
    maker->size = start + length;
}

static void make_field(
    struct maker *maker, struct plan *plan, const struct myc_field *field, unsigned char *base)
{
    bool is_counted = field->shape == MYC_SHAPE_VECTOR || field->shape == MYC_SHAPE_STRING;
    if ((field->flags & MYC_FIELD_OPTIONAL) != 0) {
        bool is_there = oracle_draw(maker->random, 2) == 0;
        base[field->presence] = is_there ? 1 : 0;
        if (!is_there) {
            memset(base + field->offset, 0, field->size);
            if (is_counted) {
                put_u32(base + field->counter, 0);
            }
            return;
        }
    }
    if (field->shape == MYC_SHAPE_TAIL_BYTES || field->shape == MYC_SHAPE_TAIL_STRING) {
        make_tail(maker, field, base);
    } else if (is_counted) {
        uint32_t length = draw_length(maker, field, field->count);
        put_u32(base + field->counter, length);
        memset(base + field->offset, 0, field->size);
        if (field->shape == MYC_SHAPE_STRING) {
            make_text(maker, field, base + field->offset, length);
        } else {
            make_elements(maker, plan, field, base, length);
        }
    } else if (field->kind == MYC_KIND_UNION) {
        make_union(maker, plan, field, base);
    } else {
        make_elements(maker, plan, field, base, field->count);
    }
}

size_t oracle_make(const struct myc_message_type *type, uint64_t *random, unsigned char *payload)
{
    static struct plan plan;
    struct maker maker = {random, payload, type->size};
    noise(&maker, payload, type->size);
    plan.count = 1;
    plan.levels[0] = (struct level){type->fields, type->field_count, payload};
    for (uint32_t i = 0; i < plan.count; i++) {
        struct level level = plan.levels[i];
        for (uint32_t j = 0; j < level.count; j++) {
            make_field(&maker, &plan, &level.fields[j], level.base);
        }
    }
    return maker.size;
}

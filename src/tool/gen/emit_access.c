// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Accessors: the same for messages and for the structs inside them, one template a kind of field.
// Indices are checked and counts are never believed, so that no accessor leaves its field. What is
// copied in may be a part of the field itself: only then is the rest zeroed.
#include "tool/gen/emit.h"

static const char optional_functions[] = "/** Whether the optional field $f is there. */\n"
                                         "static inline bool $T_has_$f(const struct $T *$m)\n"
                                         "{\n"
                                         "    return $m->has_$f != 0;\n"
                                         "}\n"
                                         "\n";

static const char clear_optional[] = "/** Makes $f absent. */\n"
                                     "static inline void $T_clear_$f(struct $T *$m)\n"
                                     "{\n"
                                     "    $m->has_$f = 0;\n"
                                     "    memset(&$m->$f, 0, sizeof($m->$f));\n"
                                     "}\n"
                                     "\n";

static const char one_number[] = "?/** The value of $f; zero if it is absent. */\n"
                                 "!/** The value of $f. */\n"
                                 "static inline $a $T_get_$f(const struct $T *$m)\n"
                                 "{\n"
                                 "    return $L$m->$f$R;\n"
                                 "}\n"
                                 "\n"
                                 "/** Sets $f. */\n"
                                 "static inline void $T_set_$f(struct $T *$m, $a value)\n"
                                 "{\n"
                                 "?    $m->has_$f = 1;\n"
                                 "    $m->$f = $Wvalue$Q;\n"
                                 "}\n"
                                 "\n";

static const char one_struct[] =
    "?/** The struct $f; NULL if it is absent. */\n"
    "!/** The struct $f. */\n"
    "static inline const struct $S *$T_get_$f(const struct $T *$m)\n"
    "{\n"
    "?    return $m->has_$f != 0 ? &$m->$f : NULL;\n"
    "!    return &$m->$f;\n"
    "}\n"
    "\n"
    "?/** The struct $f, to fill in place; made, with its defaults, if it was absent. */\n"
    "!/** The struct $f, to fill in place. */\n"
    "static inline struct $S *$T_edit_$f(struct $T *$m)\n"
    "{\n"
    "?    if ($m->has_$f == 0) {\n"
    "?        $m->has_$f = 1;\n"
    "?        $S_init(&$m->$f);\n"
    "?    }\n"
    "    return &$m->$f;\n"
    "}\n"
    "\n"
    "/** Copies a struct into $f. */\n"
    "static inline void $T_set_$f(struct $T *$m, const struct $S *value)\n"
    "{\n"
    "?    $m->has_$f = 1;\n"
    "    $m->$f = *value;\n"
    "}\n"
    "\n";

static const char byte_array[] =
    "?/** The $n bytes of $f; NULL if it is absent. */\n"
    "!/** The $n bytes of $f. */\n"
    "static inline const uint8_t *$T_get_$f(const struct $T *$m)\n"
    "{\n"
    "?    return $m->has_$f != 0 ? $m->$f : NULL;\n"
    "!    return $m->$f;\n"
    "}\n"
    "\n"
    "/** Copies $n bytes into $f. */\n"
    "static inline void $T_set_$f(struct $T *$m, const uint8_t value[$n])\n"
    "{\n"
    "?    $m->has_$f = 1;\n"
    "    memcpy($m->$f, value, $n);\n"
    "}\n"
    "\n";

static const char number_array[] =
    "/** An element of $f; zero if there is none, which are $n. */\n"
    "static inline $a $T_get_$f(const struct $T *$m, size_t index)\n"
    "{\n"
    "    $a value = $z;\n"
    "    if (index < $n) {\n"
    "        value = $L$m->$f[index]$R;\n"
    "    }\n"
    "    return value;\n"
    "}\n"
    "\n"
    "/** Sets an element of $f. Returns: OK; INVALID if there is none of that index. */\n"
    "static inline enum myc_status $T_set_$f(struct $T *$m, size_t index, $a value)\n"
    "{\n"
    "    if (index >= $n) {\n"
    "        return MYC_INVALID;\n"
    "    }\n"
    "?    $m->has_$f = 1;\n"
    "    $m->$f[index] = $Wvalue$Q;\n"
    "    return MYC_OK;\n"
    "}\n"
    "\n";

static const char row_array[] =
    "/** The $i bytes of an element of $f; NULL if there is none of that index. */\n"
    "static inline const uint8_t *$T_get_$f(const struct $T *$m, size_t index)\n"
    "{\n"
    "?    return index < $n && $m->has_$f != 0 ? $m->$f[index] : NULL;\n"
    "!    return index < $n ? $m->$f[index] : NULL;\n"
    "}\n"
    "\n"
    "/** Copies $i bytes into an element of $f. Returns: OK; INVALID (the index). */\n"
    "static inline enum myc_status\n"
    "$T_set_$f(struct $T *$m, size_t index, const uint8_t value[$i])\n"
    "{\n"
    "    if (index >= $n) {\n"
    "        return MYC_INVALID;\n"
    "    }\n"
    "?    $m->has_$f = 1;\n"
    "    memcpy($m->$f[index], value, $i);\n"
    "    return MYC_OK;\n"
    "}\n"
    "\n";

static const char struct_array[] =
    "/** An element of $f; NULL if there is none of that index. */\n"
    "static inline const struct $S *$T_get_$f(const struct $T *$m, size_t index)\n"
    "{\n"
    "?    return index < $n && $m->has_$f != 0 ? &$m->$f[index] : NULL;\n"
    "!    return index < $n ? &$m->$f[index] : NULL;\n"
    "}\n"
    "\n"
    "?/** An element of $f, to fill in place; the field is made if it was absent. */\n"
    "!/** An element of $f, to fill in place; NULL if there is none of that index. */\n"
    "static inline struct $S *$T_edit_$f(struct $T *$m, size_t index)\n"
    "{\n"
    "    if (index >= $n) {\n"
    "        return NULL;\n"
    "    }\n"
    "?    for (size_t i = 0; $m->has_$f == 0 && i < $n; i++) {\n"
    "?        $S_init(&$m->$f[i]);\n"
    "?    }\n"
    "?    $m->has_$f = 1;\n"
    "    return &$m->$f[index];\n"
    "}\n"
    "\n";

// ---- Vectors ----

static const char count_functions[] = "/** How many elements $f has, at most $n. */\n"
                                      "static inline uint32_t $T_count_$f(const struct $T *$m)\n"
                                      "{\n"
                                      "    uint32_t count = myc_le_u32($m->$f_count);\n"
                                      "    return count < $n ? count : $n;\n"
                                      "}\n"
                                      "\n";

static const char clear_run[] = "?/** Makes $f absent. */\n"
                                "!/** Empties $f. */\n"
                                "static inline void $T_clear_$f(struct $T *$m)\n"
                                "{\n"
                                "?    $m->has_$f = 0;\n"
                                "    $m->$f_count = 0;\n"
                                "    memset($m->$f, 0, sizeof($m->$f));\n"
                                "}\n"
                                "\n";

static const char number_vector[] =
    "/** An element of $f; zero if there is none of that index. */\n"
    "static inline $a $T_get_$f(const struct $T *$m, size_t index)\n"
    "{\n"
    "    $a value = $z;\n"
    "    if (index < $T_count_$f($m)) {\n"
    "        value = $L$m->$f[index]$R;\n"
    "    }\n"
    "    return value;\n"
    "}\n"
    "\n"
    "/** Copies elements into $f. Returns: OK; TOO_BIG (more than $n; nothing is changed). */\n"
    "MYC_MUST_USE static inline enum myc_status\n"
    "$T_set_$f(struct $T *$m, const $a *values, size_t count)\n"
    "{\n"
    "    if (count > $n) {\n"
    "        return MYC_TOO_BIG;\n"
    "    }\n"
    "?    $m->has_$f = 1;\n"
    "    $m->$f_count = myc_le_u32((uint32_t)count);\n"
    "    for (size_t i = 0; i < count; i++) {\n"
    "        $m->$f[i] = $Wvalues[i]$Q;\n"
    "    }\n"
    "    memset(&$m->$f[count], 0, ($n - count) * sizeof($m->$f[0]));\n"
    "    return MYC_OK;\n"
    "}\n"
    "\n"
    "/** Appends an element to $f. Returns: OK; TOO_BIG (it has $n). */\n"
    "MYC_MUST_USE static inline enum myc_status $T_push_$f(struct $T *$m, $a value)\n"
    "{\n"
    "    uint32_t count = $T_count_$f($m);\n"
    "    if (count == $n) {\n"
    "        return MYC_TOO_BIG;\n"
    "    }\n"
    "?    $m->has_$f = 1;\n"
    "    $m->$f[count] = $Wvalue$Q;\n"
    "    $m->$f_count = myc_le_u32(count + 1);\n"
    "    return MYC_OK;\n"
    "}\n"
    "\n";

static const char row_vector[] =
    "/** The $i bytes of an element of $f; NULL if there is none of that index. */\n"
    "static inline const uint8_t *$T_get_$f(const struct $T *$m, size_t index)\n"
    "{\n"
    "    return index < $T_count_$f($m) ? $m->$f[index] : NULL;\n"
    "}\n"
    "\n"
    "/** Appends $i bytes to $f as an element. Returns: OK; TOO_BIG (it has $n). */\n"
    "MYC_MUST_USE static inline enum myc_status\n"
    "$T_push_$f(struct $T *$m, const uint8_t value[$i])\n"
    "{\n"
    "    uint32_t count = $T_count_$f($m);\n"
    "    if (count == $n) {\n"
    "        return MYC_TOO_BIG;\n"
    "    }\n"
    "?    $m->has_$f = 1;\n"
    "    memcpy($m->$f[count], value, $i);\n"
    "    $m->$f_count = myc_le_u32(count + 1);\n"
    "    return MYC_OK;\n"
    "}\n"
    "\n";

static const char struct_vector[] =
    "/** An element of $f; NULL if there is none of that index. */\n"
    "static inline const struct $S *$T_get_$f(const struct $T *$m, size_t index)\n"
    "{\n"
    "    return index < $T_count_$f($m) ? &$m->$f[index] : NULL;\n"
    "}\n"
    "\n"
    "/** An element of $f, to change in place; NULL if there is none of that index. */\n"
    "static inline struct $S *$T_edit_$f(struct $T *$m, size_t index)\n"
    "{\n"
    "    return index < $T_count_$f($m) ? &$m->$f[index] : NULL;\n"
    "}\n"
    "\n"
    "/** Appends an element with its defaults to $f, to fill in place; NULL if it has $n. */\n"
    "static inline struct $S *$T_add_$f(struct $T *$m)\n"
    "{\n"
    "    uint32_t count = $T_count_$f($m);\n"
    "    if (count == $n) {\n"
    "        return NULL;\n"
    "    }\n"
    "?    $m->has_$f = 1;\n"
    "    $S_init(&$m->$f[count]);\n"
    "    $m->$f_count = myc_le_u32(count + 1);\n"
    "    return &$m->$f[count];\n"
    "}\n"
    "\n"
    "/** Appends a copy to $f. Returns: OK; TOO_BIG (it has $n). */\n"
    "MYC_MUST_USE static inline enum myc_status\n"
    "$T_push_$f(struct $T *$m, const struct $S *value)\n"
    "{\n"
    "    struct $S *element = $T_add_$f($m);\n"
    "    if (element == NULL) {\n"
    "        return MYC_TOO_BIG;\n"
    "    }\n"
    "    *element = *value;\n"
    "    return MYC_OK;\n"
    "}\n"
    "\n";

// Of strings and of vectors of bytes, which are handed on whole
static const char run[] =
    "?/** The bytes of $f, without a terminator, and how many; NULL if it is absent. */\n"
    "!/** The bytes of $f, without a terminator, and how many. */\n"
    "static inline const $s *$T_get_$f(const struct $T *$m, uint32_t *out_size)\n"
    "{\n"
    "    *out_size = $T_count_$f($m);\n"
    "?    return $m->has_$f != 0 ? $m->$f : NULL;\n"
    "!    return $m->$f;\n"
    "}\n"
    "\n"
    "/** Copies bytes into $f, perhaps its own. Returns: OK; TOO_BIG (more than $n; nothing is "
    "changed). */\n"
    "MYC_MUST_USE static inline enum myc_status\n"
    "$T_set_$f(struct $T *$m, const $s *bytes, size_t size)\n"
    "{\n"
    "    if (size > $n) {\n"
    "        return MYC_TOO_BIG;\n"
    "    }\n"
    "?    $m->has_$f = 1;\n"
    "    $m->$f_count = myc_le_u32((uint32_t)size);\n"
    "    if (size > 0) {\n"
    "        memmove($m->$f, bytes, size);\n"
    "    }\n"
    "    memset($m->$f + size, 0, $n - size);\n"
    "    return MYC_OK;\n"
    "}\n"
    "\n"
    "/** Appends bytes to $f. Returns: OK; TOO_BIG (more than $n in all; nothing is changed). */\n"
    "MYC_MUST_USE static inline enum myc_status\n"
    "$T_push_$f(struct $T *$m, const $s *bytes, size_t size)\n"
    "{\n"
    "    uint32_t count = $T_count_$f($m);\n"
    "    if (size > $n - count) {\n"
    "        return MYC_TOO_BIG;\n"
    "    }\n"
    "?    $m->has_$f = 1;\n"
    "    $m->$f_count = myc_le_u32(count + (uint32_t)size);\n"
    "    if (size > 0) {\n"
    "        memcpy($m->$f + count, bytes, size);\n"
    "    }\n"
    "    return MYC_OK;\n"
    "}\n"
    "\n";

// ---- Unions ----

static const char union_functions[] =
    "/** Which variant $f is; 0 if it was never set, which is not valid. */\n"
    "static inline enum $S_tag $T_tag_$f(const struct $T *$m)\n"
    "{\n"
    "    return (enum $S_tag)myc_le_u32($m->$f_tag);\n"
    "}\n"
    "\n";

static const char empty_variant[] = "/** Makes $f the variant $v, which has no fields. */\n"
                                    "static inline void $T_set_$f_$v(struct $T *$m)\n"
                                    "{\n"
                                    "    $m->$f_tag = myc_le_u32($U_$V);\n"
                                    "$c"
                                    "}\n"
                                    "\n";

static const char full_variant[] =
    "/** The variant $v of $f; NULL if it is another. */\n"
    "static inline const struct $E *$T_get_$f_$v(const struct $T *$m)\n"
    "{\n"
    "    return myc_le_u32($m->$f_tag) == $U_$V ? &$m->$f.$v : NULL;\n"
    "}\n"
    "\n"
    "/** The variant $v of $f, to fill in place; made, with its defaults, if it was another. */\n"
    "static inline struct $E *$T_edit_$f_$v(struct $T *$m)\n"
    "{\n"
    "    if (myc_le_u32($m->$f_tag) != $U_$V) {\n"
    "        $m->$f_tag = myc_le_u32($U_$V);\n"
    "        memset(&$m->$f, 0, sizeof($m->$f));\n"
    "        $E_init(&$m->$f.$v);\n"
    "    }\n"
    "    return &$m->$f.$v;\n"
    "}\n"
    "\n"
    "/** Makes $f the variant $v, a copy. */\n"
    "static inline void $T_set_$f_$v(struct $T *$m, const struct $E *value)\n"
    "{\n"
    "    $m->$f_tag = myc_le_u32($U_$V);\n"
    "    $m->$f.$v = *value;\n"
    "    memset((uint8_t *)&$m->$f + sizeof(*value), 0, sizeof($m->$f) - sizeof(*value));\n"
    "}\n"
    "\n";

static void emit_union(
    struct gen_writer *writer, const struct gen_holder *holder, const struct myc_field *field)
{
    gen_put(writer, union_functions);
    for (uint32_t i = 0; i < field->choice->variant_count; i++) {
        const struct myc_variant *variant = &field->choice->variants[i];
        gen_set(writer, 'v', variant->name);
        gen_set(writer, 'V', gen_capitals(writer, variant->name));
        if (variant->structure != NULL) {
            gen_set(writer, 'E', gen_type_name(writer, holder->unit, variant->structure->name));
            gen_put(writer, full_variant);
        } else {
            const char *clear = gen_format(
                writer,
                "    memset(&%s->%s, 0, sizeof(%s->%s));\n",
                writer->values['m'],
                field->name,
                writer->values['m'],
                field->name);
            gen_set(writer, 'c', field->size > 0 ? clear : "");
            gen_put(writer, empty_variant);
        }
    }
}

// ---- All ----

static void emit_vector(struct gen_writer *writer, const struct myc_field *field)
{
    gen_put(writer, count_functions);
    gen_put(writer, clear_run);
    if (gen_is_bytes(field)) {
        gen_put(writer, run);
    } else if (field->inner != 0) {
        gen_put(writer, row_vector);
    } else {
        gen_put(writer, field->kind == MYC_KIND_STRUCT ? struct_vector : number_vector);
    }
}

static void emit_fixed(struct gen_writer *writer, const struct myc_field *field)
{
    bool is_struct = field->kind == MYC_KIND_STRUCT;
    if (field->shape == MYC_SHAPE_ONE) {
        gen_put(writer, is_struct ? one_struct : one_number);
    } else if (gen_is_bytes(field)) {
        gen_put(writer, byte_array);
    } else if (field->inner != 0) {
        gen_put(writer, row_array);
    } else {
        gen_put(writer, is_struct ? struct_array : number_array);
    }
    if (writer->is_optional) {
        gen_put(writer, clear_optional);
    }
}

void gen_emit_accessors(struct gen_writer *writer, const struct gen_holder *holder)
{
    for (uint32_t i = 0; i < holder->field_count; i++) {
        const struct myc_field *field = &holder->fields[i];
        gen_set_field(writer, holder->unit, field);
        if (writer->is_optional) {
            gen_put(writer, optional_functions);
        }
        switch ((enum myc_shape)field->shape) {
        case MYC_SHAPE_ONE:
        case MYC_SHAPE_ARRAY:
            if (field->kind == MYC_KIND_UNION) {
                emit_union(writer, holder, field);
            } else {
                emit_fixed(writer, field);
            }
            break;
        case MYC_SHAPE_VECTOR:
        case MYC_SHAPE_STRING:
            emit_vector(writer, field);
            break;
        case MYC_SHAPE_TAIL_BYTES:
        case MYC_SHAPE_TAIL_STRING:
        case MYC_SHAPE_COUNT:
            break; // read from records, see gen_emit_tail_access()
        }
    }
}

static const char tail_access[] =
    "/**\n"
    " * The bytes of the tail $f and how many. `message` is the view of `record`; they are valid "
    "as\n"
    " * long as the record is. NULL if the tail is not inside the record.\n"
    " */\n"
    "static inline const $t *\n"
    "$T_get_$f(const struct $T *message, const struct myc_record *record, uint32_t *out_size)\n"
    "{\n"
    "    return (const $t *)myc_tail_bytes(\n"
    "        record->payload,\n"
    "        record->size,\n"
    "        $T_extent(record->version),\n"
    "        message->$f,\n"
    "        out_size);\n"
    "}\n"
    "\n"
    "/** The room of the tail $f in a message that was claimed. */\n"
    "static inline $t *$T_edit_$f(struct $T *message)\n"
    "{\n"
    "    return ($t *)message + myc_le_u32(message->$f.offset);\n"
    "}\n"
    "\n";

void gen_emit_tail_access(struct gen_writer *writer, const struct gen_holder *holder)
{
    for (uint32_t i = 0; i < holder->field_count; i++) {
        const struct myc_field *field = &holder->fields[i];
        if (gen_is_tail(field)) {
            gen_set_field(writer, holder->unit, field);
            gen_set(writer, 't', field->shape == MYC_SHAPE_TAIL_STRING ? "char" : "uint8_t");
            gen_put(writer, tail_access);
        }
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The C++17 header: for each struct and message a view, which reads, and a class derived from the C
// struct, which is written; both call what the C header has and add no data.
#include <string.h>

#include "schema/name.h"
#include "tool/gen/emit.h"

static const char *class_name(struct gen_writer *writer, const char *name)
{
    const char *snake = gen_snake(writer, name);
    return myc__schema_is_keyword(snake, strlen(snake)) ? gen_format(writer, "%s_", snake) : snake;
}

// ---- Reading ----

static const char read_number[] = "!    $a $f() const noexcept { return ::$T_get_$f(raw_); }\n"
                                  "?    std::optional<$a> $f() const noexcept\n"
                                  "?    {\n"
                                  "?        if (!::$T_has_$f(raw_)) {\n"
                                  "?            return std::nullopt;\n"
                                  "?        }\n"
                                  "?        return ::$T_get_$f(raw_);\n"
                                  "?    }\n";

static const char read_struct[] = "!    $w $f() const noexcept { return $w(::$T_get_$f(raw_)); }\n"
                                  "?    std::optional<$w> $f() const noexcept\n"
                                  "?    {\n"
                                  "?        if (!::$T_has_$f(raw_)) {\n"
                                  "?            return std::nullopt;\n"
                                  "?        }\n"
                                  "?        return $w(::$T_get_$f(raw_));\n"
                                  "?    }\n";

static const char read_bytes[] =
    "!    ::mycelium::fixed_bytes<$n> $f() const noexcept\n"
    "!    {\n"
    "!        return ::mycelium::fixed_bytes<$n>(::$T_get_$f(raw_));\n"
    "!    }\n"
    "?    std::optional<::mycelium::fixed_bytes<$n>> $f() const noexcept\n"
    "?    {\n"
    "?        if (!::$T_has_$f(raw_)) {\n"
    "?            return std::nullopt;\n"
    "?        }\n"
    "?        return ::mycelium::fixed_bytes<$n>(::$T_get_$f(raw_));\n"
    "?    }\n";

// $e: what an element becomes; $r: what the C accessor returns.
static const char read_list[] = "    using $f_list = ::mycelium::list<\n"
                                "        $e,\n"
                                "        $r,\n"
                                "        ::$T,\n"
                                "        ::$T_get_$f>;\n"
                                "!    $f_list $f() const noexcept { return $f_list(raw_, $c); }\n"
                                "?    std::optional<$f_list> $f() const noexcept\n"
                                "?    {\n"
                                "?        if (!::$T_has_$f(raw_)) {\n"
                                "?            return std::nullopt;\n"
                                "?        }\n"
                                "?        return $f_list(raw_, $c);\n"
                                "?    }\n";

// $e: string_view or bytes_view.
static const char read_run[] = "!    $e $f() const noexcept\n"
                               "?    std::optional<$e> $f() const noexcept\n"
                               "    {\n"
                               "        std::uint32_t size = 0;\n"
                               "?        if (!::$T_has_$f(raw_)) {\n"
                               "?            return std::nullopt;\n"
                               "?        }\n"
                               "        const $s *bytes = ::$T_get_$f(raw_, &size);\n"
                               "        return $e(bytes, size);\n"
                               "    }\n";

// A tail that is not inside the record reads as empty: the record did not pass validation.
static const char read_tail[] = "    $e $f() const noexcept\n"
                                "    {\n"
                                "        std::uint32_t size = 0;\n"
                                "        if (record_ == nullptr) {\n"
                                "            return $e();\n"
                                "        }\n"
                                "        const $t *bytes = ::$T_get_$f(raw_, record_, &size);\n"
                                "        return $e(bytes, size);\n"
                                "    }\n";

static const char read_tag[] =
    "    ::$S_tag $f_tag() const noexcept { return ::$T_tag_$f(raw_); }\n";

static const char read_variant[] = "    std::optional<$w> $f_$v() const noexcept\n"
                                   "    {\n"
                                   "        const ::$E *variant = ::$T_get_$f_$v(raw_);\n"
                                   "        if (variant == nullptr) {\n"
                                   "            return std::nullopt;\n"
                                   "        }\n"
                                   "        return $w(variant);\n"
                                   "    }\n";

static void set_view(struct gen_writer *writer, const struct gen_unit *unit, const char *name)
{
    gen_set(
        writer, 'w', gen_format(writer, "::%s::%s_view", unit->prefix, gen_snake(writer, name)));
}

// Accessors' types as C++ has them: no `enum` or `struct` before a name, and from the outside.
static void set_cpp_types(
    struct gen_writer *writer, const struct gen_holder *holder, const struct myc_field *field)
{
    const char *access = writer->values['a'];
    if (strncmp(access, "struct ", 7) == 0) {
        access = gen_format(writer, "::%s", access + 7);
    } else if (strncmp(access, "enum ", 5) == 0) {
        access = gen_format(writer, "::%s", access + 5);
    }
    gen_set(writer, 'a', access);
    gen_set(writer, 'e', access);
    gen_set(writer, 'r', access);
    gen_set(writer, 't', "uint8_t");
    if (field->inner != 0) {
        gen_set(writer, 'e', gen_format(writer, "::mycelium::fixed_bytes<%u>", field->inner));
        gen_set(writer, 'r', "const std::uint8_t *");
    } else if (field->kind == MYC_KIND_STRUCT) {
        set_view(writer, holder->unit, field->structure->name);
        gen_set(writer, 'e', writer->values['w']);
        gen_set(writer, 'r', gen_format(writer, "const %s *", access));
    } else if (field->shape == MYC_SHAPE_STRING || field->shape == MYC_SHAPE_TAIL_STRING) {
        gen_set(writer, 'e', "std::string_view");
        gen_set(writer, 't', "char");
    } else if (gen_is_bytes(field) || field->shape == MYC_SHAPE_TAIL_BYTES) {
        gen_set(writer, 'e', "::mycelium::bytes_view");
    }
    const char *count = gen_format(writer, "::%s_count_%s(raw_)", writer->values['T'], field->name);
    gen_set(writer, 'c', field->shape == MYC_SHAPE_VECTOR ? count : writer->values['n']);
}

static void emit_union_reader(
    struct gen_writer *writer, const struct gen_holder *holder, const struct myc_field *field)
{
    gen_put(writer, read_tag);
    for (uint32_t i = 0; i < field->choice->variant_count; i++) {
        const struct myc_variant *variant = &field->choice->variants[i];
        if (variant->structure != NULL) {
            gen_set(writer, 'v', variant->name);
            gen_set(writer, 'E', gen_type_name(writer, holder->unit, variant->structure->name));
            set_view(writer, holder->unit, variant->structure->name);
            gen_put(writer, read_variant);
        }
    }
}

static void emit_reader(
    struct gen_writer *writer, const struct gen_holder *holder, const struct myc_field *field)
{
    gen_set_field(writer, holder->unit, field);
    set_cpp_types(writer, holder, field);
    if (gen_is_tail(field)) {
        gen_put(writer, read_tail);
    } else if (field->kind == MYC_KIND_UNION) {
        emit_union_reader(writer, holder, field);
    } else if (field->shape == MYC_SHAPE_ONE) {
        gen_put(writer, field->kind == MYC_KIND_STRUCT ? read_struct : read_number);
    } else if (field->shape == MYC_SHAPE_ARRAY) {
        gen_put(writer, gen_is_bytes(field) ? read_bytes : read_list);
    } else {
        bool is_run = gen_is_bytes(field) || field->shape == MYC_SHAPE_STRING;
        gen_put(writer, is_run ? read_run : read_list);
    }
}

// ---- Writing ----

static const char write_number[] =
    "!    void set_$f($a value) noexcept { ::$T_set_$f(this, value); }\n"
    "?    void set_$f(std::optional<$a> value) noexcept\n"
    "?    {\n"
    "?        if (value) {\n"
    "?            ::$T_set_$f(this, *value);\n"
    "?        } else {\n"
    "?            ::$T_clear_$f(this);\n"
    "?        }\n"
    "?    }\n";

static const char write_struct[] = "    void set_$f(const $a &value) noexcept\n"
                                   "    {\n"
                                   "        ::$T_set_$f(this, &value);\n"
                                   "    }\n"
                                   "?    void clear_$f() noexcept { ::$T_clear_$f(this); }\n";

static const char write_bytes[] =
    "    void set_$f(const std::array<std::uint8_t, $n> &value) noexcept\n"
    "    {\n"
    "        ::$T_set_$f(this, value.data());\n"
    "    }\n"
    "?    void clear_$f() noexcept { ::$T_clear_$f(this); }\n";

static const char write_element[] =
    "    ::mycelium::status set_$f(std::size_t index, $a value) noexcept\n"
    "    {\n"
    "        return ::$T_set_$f(this, index, value);\n"
    "    }\n"
    "?    void clear_$f() noexcept { ::$T_clear_$f(this); }\n";

static const char write_row[] =
    "    ::mycelium::status set_$f(std::size_t index, const std::array<std::uint8_t, $i> &value) "
    "noexcept\n"
    "    {\n"
    "        return ::$T_set_$f(this, index, value.data());\n"
    "    }\n"
    "?    void clear_$f() noexcept { ::$T_clear_$f(this); }\n";

static const char write_struct_element[] =
    "    ::mycelium::status set_$f(std::size_t index, const $a &value) noexcept\n"
    "    {\n"
    "        $a *element = ::$T_edit_$f(this, index);\n"
    "        if (element == nullptr) {\n"
    "            return ::MYC_INVALID;\n"
    "        }\n"
    "        *element = value;\n"
    "        return ::MYC_OK;\n"
    "    }\n"
    "?    void clear_$f() noexcept { ::$T_clear_$f(this); }\n";

static const char push_number[] =
    "    [[nodiscard]] ::mycelium::status push_$f($a value) noexcept\n"
    "    {\n"
    "        return ::$T_push_$f(this, value);\n"
    "    }\n"
    "    void clear_$f() noexcept { ::$T_clear_$f(this); }\n";

static const char push_row[] =
    "    [[nodiscard]] ::mycelium::status push_$f(const std::array<std::uint8_t, $i> &value) "
    "noexcept\n"
    "    {\n"
    "        return ::$T_push_$f(this, value.data());\n"
    "    }\n"
    "    void clear_$f() noexcept { ::$T_clear_$f(this); }\n";

static const char push_struct[] =
    "    [[nodiscard]] ::mycelium::status push_$f(const $a &value) noexcept\n"
    "    {\n"
    "        return ::$T_push_$f(this, &value);\n"
    "    }\n"
    "    void clear_$f() noexcept { ::$T_clear_$f(this); }\n";

static const char write_run[] = "    [[nodiscard]] ::mycelium::status set_$f($e value) noexcept\n"
                                "    {\n"
                                "        return ::$T_set_$f(this, value.data(), value.size());\n"
                                "    }\n"
                                "    void clear_$f() noexcept { ::$T_clear_$f(this); }\n";

static const char write_variant[] = "    void set_$f_$v(const ::$E &value) noexcept\n"
                                    "    {\n"
                                    "        ::$T_set_$f_$v(this, &value);\n"
                                    "    }\n";

static const char write_empty_variant[] =
    "    void set_$f_$v() noexcept { ::$T_set_$f_$v(this); }\n";

static void emit_union_writer(
    struct gen_writer *writer, const struct gen_holder *holder, const struct myc_field *field)
{
    for (uint32_t i = 0; i < field->choice->variant_count; i++) {
        const struct myc_variant *variant = &field->choice->variants[i];
        gen_set(writer, 'v', variant->name);
        if (variant->structure != NULL) {
            gen_set(writer, 'E', gen_type_name(writer, holder->unit, variant->structure->name));
        }
        gen_put(writer, variant->structure != NULL ? write_variant : write_empty_variant);
    }
}

static void emit_setter(
    struct gen_writer *writer, const struct gen_holder *holder, const struct myc_field *field)
{
    bool is_struct = field->kind == MYC_KIND_STRUCT;
    gen_set_field(writer, holder->unit, field);
    set_cpp_types(writer, holder, field);
    if (gen_is_tail(field)) {
        return; // handed over with the message when it is published
    }
    if (field->kind == MYC_KIND_UNION) {
        emit_union_writer(writer, holder, field);
    } else if (field->shape == MYC_SHAPE_ONE) {
        gen_put(writer, is_struct ? write_struct : write_number);
    } else if (field->shape == MYC_SHAPE_ARRAY && gen_is_bytes(field)) {
        gen_put(writer, write_bytes);
    } else if (field->shape == MYC_SHAPE_ARRAY) {
        gen_put(
            writer,
            is_struct           ? write_struct_element
            : field->inner != 0 ? write_row
                                : write_element);
    } else if (gen_is_bytes(field) || field->shape == MYC_SHAPE_STRING) {
        gen_put(writer, write_run);
    } else {
        gen_put(writer, is_struct ? push_struct : field->inner != 0 ? push_row : push_number);
    }
}

// ---- Classes ----

static const char view_begin[] = "/** Reads a $N in place. */\n"
                                 "class $k_view {\n"
                                 "public:\n";

static const char struct_view_constructor[] =
    "    explicit $k_view(const ::$T *raw) noexcept : raw_(raw) {}\n"
    "    const ::$T *raw() const noexcept { return raw_; }\n"
    "\n";

// A message keeps its record: that is where its tails are.
static const char message_view_constructor[] =
    "    explicit $k_view(const ::$T *raw, const ::myc_record *record = nullptr) noexcept\n"
    "        : raw_(raw), record_(record)\n"
    "    {\n"
    "    }\n"
    "    const ::$T *raw() const noexcept { return raw_; }\n"
    "    const ::myc_record *record() const noexcept { return record_; }\n"
    "\n";

static const char view_end[] = "\n"
                               "private:\n"
                               "    const ::$T *raw_;\n";

static const char class_begin[] = "/** A $N to fill: the C struct, with its defaults set. */\n"
                                  "class $K : public ::$T {\n"
                                  "public:\n"
                                  "    $K() noexcept : ::$T() { ::$T_init(this); }\n"
                                  "    explicit $K(const ::$T &other) noexcept : ::$T(other) {}\n"
                                  "    $k_view view() const noexcept { return $k_view(this); }\n"
                                  "\n";

static void emit_classes(struct gen_writer *writer, const struct gen_holder *holder)
{
    bool is_message = holder->message != NULL;
    gen_set_holder(writer, holder);
    gen_set(writer, 'k', gen_snake(writer, holder->name));
    gen_set(writer, 'K', class_name(writer, holder->name));
    gen_put(writer, view_begin);
    gen_put(writer, is_message ? message_view_constructor : struct_view_constructor);
    for (uint32_t i = 0; i < holder->field_count; i++) {
        emit_reader(writer, holder, &holder->fields[i]);
    }
    gen_put(writer, view_end);
    gen_put(writer, is_message ? "    const ::myc_record *record_;\n};\n\n" : "};\n\n");
    gen_put(writer, class_begin);
    for (uint32_t i = 0; i < holder->field_count; i++) {
        emit_setter(writer, holder, &holder->fields[i]);
    }
    gen_put(writer, "};\n\n");
}

static void emit_struct(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index)
{
    struct gen_holder holder = gen_struct_holder(unit, index);
    emit_classes(writer, &holder);
}

// What a union can be is known to the messages and structs that have it.
static void skip_union(struct gen_writer *writer, const struct gen_unit *unit, uint32_t index)
{
    (void)writer;
    (void)unit;
    (void)index;
}

static const char publish[] =
    "/** Copies a $N in and publishes it. */\n"
    "[[nodiscard]] inline ::mycelium::status publish(::myc_publisher *publisher, const ::$T "
    "&message) noexcept\n"
    "{\n"
    "    return ::$T_publish(publisher, &message);\n"
    "}\n"
    "\n";

static const char tail_publish[] =
    "/** Copies a $N and its tails in and publishes them. */\n"
    "[[nodiscard]] inline ::mycelium::status publish(::myc_publisher *publisher, const ::$T "
    "&message, const ::$T_tails &tails) noexcept\n"
    "{\n"
    "    return ::$T_publish(publisher, &message, &tails);\n"
    "}\n"
    "\n";

static const char traits_begin[] =
    "template <> struct message_traits<::$T> {\n"
    "    using raw_type = ::$T;\n"
    "    using view_type = ::$P::$k_view;\n"
    "    static constexpr std::uint16_t type_id = ::$C_TYPE_ID;\n"
    "    static constexpr std::uint16_t version = ::$C_VERSION;\n"
    "    static constexpr const char *topic = $C_TOPIC;\n"
    "    static const ::myc_message_type &type() noexcept { return ::$T_type; }\n"
    "    static const ::$T *view(const ::myc_record &record, ::$T &scratch) noexcept\n"
    "    {\n"
    "        return ::$T_view(&record, &scratch);\n"
    "    }\n";

static const char traits_publish[] =
    "    [[nodiscard]] static status publish(::myc_publisher *publisher, const ::$T &message) "
    "noexcept\n"
    "    {\n"
    "        return ::$T_publish(publisher, &message);\n"
    "    }\n";

static const char traits_end[] = "};\n"
                                 "template <>\n"
                                 "struct message_traits<::$P::$K> : message_traits<::$T> {};\n"
                                 "\n";

static void emit_traits(struct gen_writer *writer, const struct gen_holder *holder)
{
    gen_set_holder(writer, holder);
    gen_set(writer, 'k', gen_snake(writer, holder->name));
    gen_set(writer, 'K', class_name(writer, holder->name));
    gen_put(writer, traits_begin);
    if (gen_first_tail(holder->message) == NULL) {
        gen_put(writer, traits_publish);
    }
    gen_put(writer, traits_end);
}

void gen_emit_cpp(const struct gen_unit *unit, FILE *out)
{
    struct gen_writer writer = {.out = out};
    uint32_t count = unit->file->contract.message_count;
    gen_set(&writer, 'P', unit->prefix);
    gen_set(&writer, 'C', gen_capitals(&writer, unit->prefix));
    gen_put(
        &writer,
        "// Generated by `myc gen`. Change the contract and generate again instead.\n"
        "// clang-format off\n"
        "#ifndef $C_CONTRACT_HPP\n"
        "#define $C_CONTRACT_HPP\n"
        "\n"
        "#include <array>\n"
        "#include <cstddef>\n"
        "#include <cstdint>\n"
        "#include <optional>\n"
        "#include <string_view>\n"
        "\n"
        "#include <mycelium/cpp.hpp>\n"
        "\n"
        "#include \"$P.h\"\n"
        "\n"
        "namespace $P {\n"
        "\n");
    gen_each_type(&writer, unit, false, emit_struct, skip_union);
    for (uint32_t i = 0; i < count; i++) {
        struct gen_holder holder = gen_message_holder(unit, i);
        emit_classes(&writer, &holder);
        gen_put(&writer, gen_first_tail(holder.message) != NULL ? tail_publish : publish);
    }
    gen_put(&writer, "} // namespace $P\n\nnamespace mycelium {\n\n");
    for (uint32_t i = 0; i < count; i++) {
        struct gen_holder holder = gen_message_holder(unit, i);
        emit_traits(&writer, &holder);
    }
    gen_put(&writer, "} // namespace mycelium\n\n#endif\n");
    gen_writer_deinit(&writer);
}

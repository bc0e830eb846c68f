// SPDX-License-Identifier: MIT OR Apache-2.0
//
// What names of a contract become in C.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/gen/gen.h"
#include "tool/gen/names.h"

// Capitals start words; a run of them is one word.
static void test_message_names_become_snake_case(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"PoolStateUpdate", "pool_state_update"},
        {"V2Swap", "v2_swap"},
        {"HTTPServer", "http_server"},
        {"ServerHTTP", "server_http"},
        {"A", "a"},
        {"Order66", "order66"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char snake[GEN_NAME_BYTES];
        gen_snake_name(names[i][0], snake);
        assert_string_equal(snake, names[i][1]);
    }
}

// What generating says about the names of a contract, one line a clash.
static char *clashes_of(const char *text, bool has_cpp)
{
    struct contract_file file;
    char *said = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&said, &size);
    assert_non_null(out);
    if (!contract_read("a.yaml", text, strlen(text), &file)) {
        contract_print_findings(&file, stderr);
        fail_msg("the contract is not accepted");
    }
    struct gen_unit unit = {.file = &file, .prefix = "a", .has_cpp = has_cpp};
    bool is_good = gen_check_names(&unit, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(is_good, size == 0);
    contract_free(&file);
    return said;
}

#define SCHEMA "schema: {name: a, id: 1}\n"

// Different names that make one name in C are told with the place of the second, all of them.
static void test_names_that_clash_in_c_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *said;
    } cases[] = {
        {SCHEMA "messages:\n"
                "  M: {type_id: 1, topic: t, fields: {x: u8}}\n"
                "  N: {type_id: 2, topic: t, fields: {x: u8, y: optional u8}}\n",
         ""},
        {SCHEMA "messages:\n"
                "  M: {type_id: 1, topic: t, fields: {init: optional u8}}\n"
                "  MSet: {type_id: 2, topic: t, fields: {x: u8}}\n",
         "a.yaml:4:3: error: message 'M' and message 'MSet' both generate 'a_m_set_init' in C: "
         "rename one, or a field of it [C_NAME_CLASH]\n"},
        {SCHEMA "messages:\n"
                "  MRing: {type_id: 2, topic: t, fields: {x: u8}}\n"
                "  M: {type_id: 3, topic: t, fields: {x: u8}}\n",
         "a.yaml:4:3: error: message 'MRing' and message 'M' both generate 'a_m_ring_publish' in "
         "C: "
         "rename one, or a field of it [C_NAME_CLASH]\n"},
        {SCHEMA "messages:\n"
                "  M: {type_id: 1, topic: t, fields: {v: 'vec<u8, 4>', v_count: u32}}\n",
         "a.yaml:3:55: error: message 'M' twice generates 'a_m.v_count' in C: rename one, or a "
         "field "
         "of it [C_NAME_CLASH]\n"},
        {SCHEMA "enums: {M: {values: {TYPE_ID: 1}}, E: {values: {A: 0}}}\n"
                "messages:\n"
                "  ETag: {type_id: 1, topic: t, fields: {x: E}}\n",
         ""},
        {SCHEMA "enums: {Foo: {values: {TOPIC: 1}}, Any: {values: {X: 0}}}\n"
                "messages:\n"
                "  Other: {type_id: 1, topic: t, fields: {x: Foo}}\n"
                "  FooTopic: {type_id: 2, topic: t}\n",
         "a.yaml:2:36: error: the contract and enum 'Any' both generate 'a_any' in C: rename one, "
         "or a field of it [C_NAME_CLASH]\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *said = clashes_of(cases[i].yaml, false);
        assert_string_equal(said, cases[i].said);
        free(said);
    }
}

// C++ has classes, members and a namespace more than C; they count only where they are written.
static void test_names_that_clash_in_cpp_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *said;
    } cases[] = {
        {SCHEMA
         "messages:\n  M: {type_id: 1, topic: t, fields: {recorded: u8, list: \"[u8; 2]\"}}\n",
         ""},
        {SCHEMA "messages:\n  M: {type_id: 1, topic: t, fields: {record: u8}}\n",
         "'a::m_view.record'"},
        {SCHEMA "messages:\n  M: {type_id: 1, topic: t, fields: {raw: optional u64}}\n",
         "'a::m_view.raw'"},
        {SCHEMA "messages:\n  M: {type_id: 1, topic: t, fields: {m_view: u64}}\n",
         "'a::m_view.m_view'"},
        {SCHEMA "messages:\n"
                "  M: {type_id: 1, topic: t, fields: {x: \"[u16; 2]\", x_list: u8}}\n",
         "'a::m_view.x_list'"},
        {SCHEMA "structs:\n  S: {fields: {x: u8}}\n  SView: {fields: {x: u8}}\n"
                "messages:\n  M: {type_id: 1, topic: t, fields: {s: S, v: SView}}\n",
         "'a::s_view'"},
        {SCHEMA "messages:\n  Publish: {type_id: 1, topic: t, fields: {x: u8}}\n", "'a::publish'"},
        {SCHEMA "messages:\n  Std: {type_id: 1, topic: t, fields: {x: u8}}\n", "'a::std'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *said = clashes_of(cases[i].yaml, false);
        assert_string_equal(said, "");
        free(said);
        said = clashes_of(cases[i].yaml, true);
        assert_true((said[0] == '\0') == (cases[i].said[0] == '\0'));
        assert_non_null(strstr(said, cases[i].said));
        free(said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_names_become_snake_case),
        cmocka_unit_test(test_names_that_clash_in_c_are_told),
        cmocka_unit_test(test_names_that_clash_in_cpp_are_told),
    };
    return cmocka_run_group_tests_name("tool.names", tests, NULL, NULL);
}

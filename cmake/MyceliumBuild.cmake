# How every target of this tree is made: warnings, layers, the archives, tests.

include(GNUInstallDirs)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

add_library(myc_warnings INTERFACE)
target_compile_options(myc_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Wcast-align -Wformat=2 -Wvla
    -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wunused
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition>)

add_library(myc_sanitize INTERFACE)
if(MYC_SANITIZE)
    target_compile_options(myc_sanitize INTERFACE
        -fsanitize=${MYC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(myc_sanitize INTERFACE -fsanitize=${MYC_SANITIZE})
    if(MYC_SANITIZE MATCHES thread AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
        # gcc cannot model stand-alone fences; ours only order flags, never publish data.
        target_compile_options(myc_sanitize INTERFACE -Wno-tsan)
    endif()
endif()

# Public and internal headers: <mycelium/...> and "layer/file.h" both start at src; public ones are
# what is installed. Services link these and leave the choice of the archive to their program.
add_library(myc_headers INTERFACE)
target_include_directories(myc_headers INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
set_target_properties(myc_headers PROPERTIES EXPORT_NAME headers)
add_library(mycelium::headers ALIAS myc_headers)

# myc_layer(NAME [OS] SOURCES file... [USES layer...])
#
# Compiles a layer twice: for production, and (unless it may call the OS) with MYC_SIMCHECK defined.
# NAME is the folder below src with slashes as underscores. Both archives collect all layers.
function(myc_layer name)
    cmake_parse_arguments(layer "OS" "" "SOURCES;USES" ${ARGN})
    set(flavours plain)
    if(NOT layer_OS)
        list(APPEND flavours simcheck)
    endif()
    foreach(flavour IN LISTS flavours)
        set(target myc_${name})
        if(flavour STREQUAL simcheck)
            set(target myc_${name}_simcheck)
        endif()
        add_library(${target} OBJECT ${layer_SOURCES})
        target_link_libraries(${target} PRIVATE myc_headers myc_warnings myc_sanitize)
        set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
        if(NOT MYC_SHARED_LAYERS)
            # Layers linked alone must see each other.
            set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden)
        endif()
        if(flavour STREQUAL simcheck)
            target_compile_definitions(${target} PRIVATE MYC_SIMCHECK=1)
            set_property(GLOBAL APPEND PROPERTY MYC_SIMCHECK_LAYERS ${target})
        else()
            set_property(GLOBAL APPEND PROPERTY MYC_LAYERS ${name})
        endif()
    endforeach()
    if(layer_OS)
        set_property(GLOBAL APPEND PROPERTY MYC_OS_LAYERS ${name})
    endif()
    if(MYC_SHARED_LAYERS)
        # Linked alone against what it may use: a hand-written extern to an upper layer fails here.
        add_library(myc_${name}_alone SHARED $<TARGET_OBJECTS:myc_${name}>)
        if(NOT TARGET layers)
            add_custom_target(layers)
        endif()
        add_dependencies(layers myc_${name}_alone)
        foreach(used IN LISTS layer_USES)
            target_link_libraries(myc_${name}_alone PRIVATE myc_${used}_alone)
        endforeach()
        target_link_options(myc_${name}_alone PRIVATE -Wl,-z,defs)
        if(layer_OS)
            find_package(Threads REQUIRED)
            target_link_libraries(myc_${name}_alone PRIVATE Threads::Threads)
        endif()
    endif()
endfunction()

# myc_archives(): after all layers, makes mycelium (production) and mycelium_simcheck.
function(myc_archives)
    get_property(layers GLOBAL PROPERTY MYC_LAYERS)
    get_property(simcheck_layers GLOBAL PROPERTY MYC_SIMCHECK_LAYERS)
    find_package(Threads REQUIRED)
    add_library(mycelium STATIC)
    foreach(layer IN LISTS layers)
        target_sources(mycelium PRIVATE $<TARGET_OBJECTS:myc_${layer}>)
    endforeach()
    target_link_libraries(mycelium
        PUBLIC myc_headers "$<BUILD_INTERFACE:myc_sanitize>" Threads::Threads)
    set_target_properties(mycelium PROPERTIES
        LINKER_LANGUAGE C
        INTERFACE_MYCELIUM_ARCHIVE production)
    add_library(mycelium::mycelium ALIAS mycelium)

    add_library(mycelium_simcheck STATIC)
    foreach(layer IN LISTS simcheck_layers)
        target_sources(mycelium_simcheck PRIVATE $<TARGET_OBJECTS:${layer}>)
    endforeach()
    target_link_libraries(mycelium_simcheck
        PUBLIC myc_headers "$<BUILD_INTERFACE:myc_sanitize>")
    target_compile_definitions(mycelium_simcheck INTERFACE MYC_SIMCHECK=1)
    set_target_properties(mycelium_simcheck PROPERTIES
        LINKER_LANGUAGE C
        EXPORT_NAME simcheck
        INTERFACE_MYCELIUM_ARCHIVE simcheck)
    add_library(mycelium::simcheck ALIAS mycelium_simcheck)

    # A program that links both is refused when CMake generates: the linker would mix them silently.
    foreach(archive mycelium mycelium_simcheck)
        set_property(TARGET ${archive} APPEND PROPERTY
            COMPATIBLE_INTERFACE_STRING MYCELIUM_ARCHIVE)
    endforeach()
endfunction()

# myc_test(NAME SOURCES file... [LINK target...] [LABELS label...] [TIMEOUT seconds])
#
# One cmocka executable; NAME is its ctest name, LAYER.MODULE, e.g. core.status. Makes nothing in a
# build without tests, so that any folder may call it.
function(myc_test name)
    if(NOT MYC_BUILD_TESTS)
        return()
    endif()
    cmake_parse_arguments(test "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
    if(NOT test_TIMEOUT)
        set(test_TIMEOUT 120)
    endif()
    string(REPLACE "." "_" target "test_${name}")
    add_executable(${target} ${test_SOURCES})
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
    target_link_libraries(${target}
        PRIVATE ${test_LINK} myc_headers myc_warnings myc_sanitize cmocka)
    add_test(NAME ${name} COMMAND ${target})
    set_tests_properties(${name} PROPERTIES
        TIMEOUT ${test_TIMEOUT} SKIP_RETURN_CODE 77 LABELS "${test_LABELS}"
        ENVIRONMENT "CMOCKA_TEST_ABORT=1")
endfunction()

# myc_scenario(NAME SOURCES file... [LINK target...] [SIMCHECK] [OWN_HARNESS]
#     [SCENARIOS name... SEEDS A..B])
#
# mycelium_scenario() with the warnings of this tree, and with the seeds of sim/scenarios/seeds.txt
# before those of SEEDS. Makes no tests in a build without them. With OWN_HARNESS the program is an
# implementation unit of the simulator, as a user's is; else it shares the one of this tree.
function(myc_scenario name)
    cmake_parse_arguments(scenario
        "SIMCHECK;OWN_HARNESS" "SEEDS" "SOURCES;LINK;SCENARIOS" ${ARGN})
    set(tests "")
    if(MYC_BUILD_TESTS AND scenario_SCENARIOS)
        set(tests GATE SCENARIOS ${scenario_SCENARIOS} SEEDS ${scenario_SEEDS}
            SEEDS_FILE "${PROJECT_SOURCE_DIR}/sim/scenarios/seeds.txt")
    endif()
    set(target sim_${name})
    set(simcheck "")
    if(scenario_SIMCHECK)
        set(target simcheck_${name})
        set(simcheck SIMCHECK)
    endif()
    mycelium_scenario(${name} ${simcheck} SOURCES ${scenario_SOURCES}
        LINK ${scenario_LINK} ${tests})
    set(archive mycelium)
    if(scenario_SIMCHECK)
        set(archive mycelium_simcheck)
    endif()
    target_link_libraries(${target} PRIVATE myc_warnings myc_sanitize)
    if(NOT scenario_OWN_HARNESS)
        target_link_libraries(${target} PRIVATE ${archive}_harness)
    endif()
endfunction()

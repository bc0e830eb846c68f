# The simulator for its users: scenarios as executables.

# mycelium_scenario(NAME SOURCES file... [LINK target...] [SIMCHECK]
#                   [SCENARIOS name... SEEDS A..B [SEEDS_FILE file] [GATE]])
#
# Makes sim_NAME over the production archive, whose platform calls are the scheduling points; or,
# with SIMCHECK, simcheck_NAME, in which every atomic access is one as well. One source defines
# MYC_SIM_IMPLEMENTATION before it includes <mycelium/sim.h> and has a main that calls myc_sim_main.
# Services in LINK must not bring an archive of their own: link them to mycelium::headers.
# For each of SCENARIOS two tests are made: its boring run, and the seeds of SEEDS with those of
# SEEDS_FILE before them, each run twice and compared; with GATE a kind of fault that happened and
# changed nothing fails it as well.
function(mycelium_scenario name)
    cmake_parse_arguments(scenario
        "SIMCHECK;GATE" "SEEDS;SEEDS_FILE" "SOURCES;LINK;SCENARIOS" ${ARGN})
    if(NOT scenario_SOURCES OR scenario_UNPARSED_ARGUMENTS
            OR (scenario_SCENARIOS AND NOT scenario_SEEDS))
        message(FATAL_ERROR
            "mycelium_scenario(NAME SOURCES file... [LINK target...] [SIMCHECK] "
            "[SCENARIOS name... SEEDS A..B [SEEDS_FILE file] [GATE]]): bad arguments "
            "'${name};${ARGN}'")
    endif()
    set(target sim_${name})
    set(archive mycelium::mycelium)
    if(scenario_SIMCHECK)
        set(target simcheck_${name})
        set(archive mycelium::simcheck)
    endif()
    add_executable(${target} ${scenario_SOURCES})
    target_link_libraries(${target} PRIVATE mycelium::sim ${scenario_LINK} ${archive})
    set(seeds_file "")
    if(scenario_SEEDS_FILE)
        get_filename_component(path "${scenario_SEEDS_FILE}" ABSOLUTE)
        set(seeds_file --seeds-file "${path}")
    endif()
    set(gate "")
    if(scenario_GATE)
        set(gate --gate)
    endif()
    string(REPLACE "_" "." prefix "${target}")
    foreach(one IN LISTS scenario_SCENARIOS)
        set(test ${prefix})
        if(NOT one STREQUAL name)
            set(test ${prefix}.${one})
        endif()
        add_test(NAME ${test}.boring COMMAND ${target} ${one} --boring --check-determinism)
        add_test(NAME ${test}.seeds COMMAND ${target} ${one} --seeds ${scenario_SEEDS}
            --check-determinism ${gate} ${seeds_file})
        set_tests_properties(${test}.boring ${test}.seeds PROPERTIES TIMEOUT 600 LABELS sim)
    endforeach()
endfunction()

# mycelium_simulation_messages(PROGRAM...): the programs' --trace and --report show the messages of
# the bus. Each includes <mycelium/sim/messages.h> in its implementation unit.
function(mycelium_simulation_messages)
    foreach(program ${ARGV})
        if(TARGET ${program})
            target_link_options(${program} PRIVATE
                -Wl,--wrap=myc_publisher_claim
                -Wl,--wrap=myc_publisher_commit
                -Wl,--wrap=myc_subscriber_poll)
        endif()
    endforeach()
endfunction()

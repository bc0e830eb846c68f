# The simulator for its users: scenarios as executables.

# myc_scenario(NAME SOURCES file... [LINK target...] [SIMCHECK] [SCENARIOS name... SEEDS A..B])
#
# Makes sim_NAME over the production archive, whose platform calls are the scheduling points; or,
# with SIMCHECK, simcheck_NAME, in which every atomic access is one as well. One source defines
# MYC_SIM_IMPLEMENTATION before it includes <mycelium/sim.h> and has a main that calls myc_sim_main.
# For each of SCENARIOS two tests are made: its boring run, and the seeds of SEEDS with those of
# sim/scenarios/seeds.txt before them, each run twice and compared. Projects that add this tree
# make their own tests.
function(myc_scenario name)
    cmake_parse_arguments(scenario "SIMCHECK" "SEEDS" "SOURCES;LINK;SCENARIOS" ${ARGN})
    set(target sim_${name})
    set(archive mycelium)
    if(scenario_SIMCHECK)
        set(target simcheck_${name})
        set(archive mycelium_simcheck)
    endif()
    add_executable(${target} ${scenario_SOURCES})
    target_link_libraries(${target} PRIVATE
        mycelium_sim ${scenario_LINK} ${archive} myc_warnings myc_sanitize)
    if(NOT MYC_BUILD_TESTS OR NOT PROJECT_NAME STREQUAL "mycelium")
        return()
    endif()
    string(REPLACE "_" "." prefix "${target}")
    foreach(one IN LISTS scenario_SCENARIOS)
        set(test ${prefix})
        if(NOT one STREQUAL name)
            set(test ${prefix}.${one})
        endif()
        add_test(NAME ${test}.boring COMMAND ${target} ${one} --boring --check-determinism)
        add_test(NAME ${test}.seeds COMMAND ${target} ${one} --seeds ${scenario_SEEDS}
            --check-determinism --seeds-file "${PROJECT_SOURCE_DIR}/sim/scenarios/seeds.txt")
        set_tests_properties(${test}.boring ${test}.seeds PROPERTIES TIMEOUT 600 LABELS sim)
    endforeach()
endfunction()

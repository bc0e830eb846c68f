# The simulator for its users: scenarios as executables.

# myc_scenario(NAME SOURCES file... [LINK target...] [SIMCHECK])
#
# Makes sim_NAME over the production archive, whose platform calls are the scheduling points; or,
# with SIMCHECK, simcheck_NAME, in which every atomic access is one as well. One source defines
# MYC_SIM_IMPLEMENTATION before it includes <mycelium/sim.h>, and its main calls myc_sim_main.
function(myc_scenario name)
    cmake_parse_arguments(scenario "SIMCHECK" "" "SOURCES;LINK" ${ARGN})
    set(target sim_${name})
    set(archive mycelium)
    if(scenario_SIMCHECK)
        set(target simcheck_${name})
        set(archive mycelium_simcheck)
    endif()
    add_executable(${target} ${scenario_SOURCES})
    target_link_libraries(${target} PRIVATE
        mycelium_sim ${archive} ${scenario_LINK} myc_warnings myc_sanitize)
endfunction()

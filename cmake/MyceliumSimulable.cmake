# Whether a service can be simulated: what its objects need, and whether they hold state.

# mycelium_check_simulable(target [target...] [ALLOW symbol...])
#
# Adds a check to the build of everything, and as a target of its own, FIRST_TARGET_simulable: the
# objects of these targets may need each other, the library's services' part and harmless functions
# of the C library, and may hold no static data that can be written. Anything else would let the
# outside decide what a run does, or let one run leave something behind for the next. A finding
# fails the build and names the object, the symbol and what to use instead. ALLOW names symbols that
# are harmless nevertheless, needed or writable; a `*` in one stands for any characters.
function(mycelium_check_simulable)
    cmake_parse_arguments(check "" "" "ALLOW" ${ARGN})
    if(NOT check_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "mycelium_check_simulable(target [target...] [ALLOW symbol...]): "
            "no target in '${ARGN}'")
    endif()
    set(objects "")
    foreach(target IN LISTS check_UNPARSED_ARGUMENTS)
        if(NOT TARGET ${target})
            message(FATAL_ERROR "mycelium_check_simulable: there is no target '${target}'")
        endif()
        list(APPEND objects "$<TARGET_OBJECTS:${target}>")
    endforeach()
    list(GET check_UNPARSED_ARGUMENTS 0 name)
    set(directory "${CMAKE_CURRENT_BINARY_DIR}/${name}.simulable")
    set(list "${directory}/$<CONFIG>.objects")
    set(stamp "${directory}/$<CONFIG>.stamp")
    file(GENERATE OUTPUT "${list}" CONTENT "$<JOIN:${objects},\n>\n")
    set(script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/objects.sh")
    set(allowed "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/simulable-allowed.txt")
    set(instead "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/simulable-instead.txt")
    add_custom_command(
        OUTPUT "${stamp}"
        COMMAND "${CMAKE_COMMAND}" -E env "NM=${CMAKE_NM}" "OBJDUMP=${CMAKE_OBJDUMP}"
            sh "${script}" service "${name}" "${allowed}" "${instead}" "${list}" ${check_ALLOW}
        COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
        DEPENDS ${objects} "${list}" "${script}" "${allowed}" "${instead}"
        COMMENT "Checking that ${name} can be simulated"
        VERBATIM)
    add_custom_target(${name}_simulable ALL DEPENDS "${stamp}")
    add_dependencies(${name}_simulable ${check_UNPARSED_ARGUMENTS})
endfunction()

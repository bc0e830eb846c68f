# mycelium_generate(TARGET target CONTRACT file.yaml [PREFIX name] [LOCK contracts.lock] [CPP])
#
# Runs `myc gen` on a contract while building, adds the generated source to `target` and the folder
# of the generated header to its include path. Runs again when the contract or the tool changes. The
# header is named after PREFIX, by default the contract's own name. With LOCK the contract is first
# checked against what it promised before, see docs/reference/compatibility.md. With CPP there is
# also NAME.hpp.
function(mycelium_generate)
    if(NOT TARGET mycelium::myc)
        message(FATAL_ERROR
            "mycelium_generate needs the myc command: set MYC_BUILD_TOOL to ON before mycelium is "
            "added; an installed library must have been built with it")
    endif()
    cmake_parse_arguments(generate "CPP" "TARGET;CONTRACT;PREFIX;LOCK" "" ${ARGN})
    if(NOT generate_TARGET OR NOT generate_CONTRACT OR generate_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR
            "mycelium_generate(TARGET target CONTRACT file.yaml [PREFIX name] [LOCK file] [CPP]): "
            "bad arguments '${ARGN}'")
    endif()
    get_filename_component(contract "${generate_CONTRACT}" ABSOLUTE)
    set(prefix "${generate_PREFIX}")
    if(NOT prefix)
        # CMake must know the file names before the tool runs; the tool reads the contract properly.
        # Fields may be called name as well, so only what follows "schema:" is looked at.
        file(READ "${contract}" text)
        string(REGEX MATCH "(^|\n)schema:.*" text "${text}")
        string(REGEX MATCH
            "[ \t\n{,]name: *[\"']?([a-z][a-z0-9_]*)[\"']?[ \t\r\n,}#]" found "${text}")
        set(prefix "${CMAKE_MATCH_1}")
        if(NOT found)
            message(FATAL_ERROR
                "${contract}: no line '  name: NAME' below 'schema:'; add one or pass PREFIX")
        endif()
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${contract}")
    endif()
    set(lock "")
    set(lock_file "")
    if(generate_LOCK)
        get_filename_component(lock_file "${generate_LOCK}" ABSOLUTE)
        set(lock --lock "${lock_file}")
    endif()
    set(directory "${CMAKE_CURRENT_BINARY_DIR}/${generate_TARGET}.contracts")
    set(outputs "${directory}/${prefix}.h" "${directory}/${prefix}.c")
    set(cpp "")
    if(generate_CPP)
        set(cpp --cpp)
        list(APPEND outputs "${directory}/${prefix}.hpp")
    endif()
    add_custom_command(
        OUTPUT ${outputs}
        COMMAND mycelium::myc gen "${contract}" --out "${directory}" --prefix "${prefix}"
                ${lock} ${cpp}
        DEPENDS "${contract}" mycelium::myc ${lock_file}
        COMMENT "Generating ${prefix}.h and ${prefix}.c"
        VERBATIM)
    target_sources(${generate_TARGET} PRIVATE ${outputs})
    target_include_directories(${generate_TARGET} PUBLIC "$<BUILD_INTERFACE:${directory}>")
endfunction()

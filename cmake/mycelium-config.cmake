# find_package(mycelium 0.1 REQUIRED [COMPONENTS toml tool protobuf flatbuffers])
#
# Targets: mycelium::headers, mycelium::mycelium, mycelium::sim, mycelium::simcheck; mycelium::toml
# if the component toml is asked for (needs pkg-config and toml++); mycelium::protobuf (needs
# pkg-config and protobuf-c) and mycelium::flatbuffers likewise; mycelium::myc, the command, if it
# was installed. Functions: mycelium_generate, mycelium_scenario, mycelium_check_simulable.
include(CMakeFindDependencyMacro)
find_dependency(Threads)

include("${CMAKE_CURRENT_LIST_DIR}/mycelium-targets.cmake")
if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/mycelium-tool-targets.cmake")
    include("${CMAKE_CURRENT_LIST_DIR}/mycelium-tool-targets.cmake")
    set(mycelium_tool_FOUND TRUE)
endif()
if("toml" IN_LIST mycelium_FIND_COMPONENTS
        AND EXISTS "${CMAKE_CURRENT_LIST_DIR}/mycelium-toml-targets.cmake")
    find_package(PkgConfig QUIET)
    if(PKG_CONFIG_FOUND AND NOT TARGET PkgConfig::TOMLPLUSPLUS)
        pkg_check_modules(TOMLPLUSPLUS QUIET IMPORTED_TARGET GLOBAL tomlplusplus)
    endif()
    if(TARGET PkgConfig::TOMLPLUSPLUS)
        include("${CMAKE_CURRENT_LIST_DIR}/mycelium-toml-targets.cmake")
        set(mycelium_toml_FOUND TRUE)
    else()
        set(mycelium_NOT_FOUND_MESSAGE
            "its component toml needs pkg-config and toml++ (libtomlplusplus-dev)")
    endif()
endif()
if("protobuf" IN_LIST mycelium_FIND_COMPONENTS
        AND EXISTS "${CMAKE_CURRENT_LIST_DIR}/mycelium-protobuf-targets.cmake")
    find_package(PkgConfig QUIET)
    if(PKG_CONFIG_FOUND AND NOT TARGET PkgConfig::PROTOBUF_C)
        pkg_check_modules(PROTOBUF_C QUIET IMPORTED_TARGET GLOBAL libprotobuf-c)
    endif()
    if(TARGET PkgConfig::PROTOBUF_C)
        include("${CMAKE_CURRENT_LIST_DIR}/mycelium-protobuf-targets.cmake")
        set(mycelium_protobuf_FOUND TRUE)
    else()
        set(mycelium_NOT_FOUND_MESSAGE
            "its component protobuf needs pkg-config and protobuf-c (libprotobuf-c-dev)")
    endif()
endif()
if("flatbuffers" IN_LIST mycelium_FIND_COMPONENTS
        AND EXISTS "${CMAKE_CURRENT_LIST_DIR}/mycelium-flatbuffers-targets.cmake")
    include("${CMAKE_CURRENT_LIST_DIR}/mycelium-flatbuffers-targets.cmake")
    set(mycelium_flatbuffers_FOUND TRUE)
endif()

foreach(component IN LISTS mycelium_FIND_COMPONENTS)
    if(mycelium_FIND_REQUIRED_${component} AND NOT mycelium_${component}_FOUND)
        set(mycelium_FOUND FALSE)
        if(NOT mycelium_NOT_FOUND_MESSAGE)
            string(CONCAT mycelium_NOT_FOUND_MESSAGE
                "it has no component '${component}'. There are tool, toml, flatbuffers and "
                "protobuf, if the installed library was built with MYC_BUILD_TOOL, and with "
                "protobuf-c for the last")
        endif()
    endif()
endforeach()
unset(component)

include("${CMAKE_CURRENT_LIST_DIR}/MyceliumGenerate.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/MyceliumSim.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/MyceliumSimulable.cmake")

# What `cmake --install` puts below a prefix, and how others find it there. Nothing that is
# installed names the prefix, so the tree may be moved as a whole.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/mycelium")

# ---- Headers, archives, licences ----

install(DIRECTORY "${PROJECT_SOURCE_DIR}/src/mycelium" "${PROJECT_SOURCE_DIR}/sim/mycelium"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
install(TARGETS mycelium mycelium_simcheck mycelium_sim myc_headers
    EXPORT mycelium-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES
    "${PROJECT_SOURCE_DIR}/LICENSE"
    "${PROJECT_SOURCE_DIR}/LICENSE-APACHE"
    "${PROJECT_SOURCE_DIR}/LICENSE-MIT"
    DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# ---- The package for CMake ----

# Each optional part is an export of its own, so that what it needs is only looked for where a
# project asks for that part.
install(EXPORT mycelium-targets NAMESPACE mycelium:: DESTINATION "${package_dir}")
if(TARGET myc)
    install(TARGETS myc EXPORT mycelium-tool-targets RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
    install(EXPORT mycelium-tool-targets NAMESPACE mycelium:: DESTINATION "${package_dir}")
endif()
if(TARGET mycelium_toml)
    install(TARGETS mycelium_toml
        EXPORT mycelium-toml-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
    install(EXPORT mycelium-toml-targets NAMESPACE mycelium:: DESTINATION "${package_dir}")
endif()
foreach(format protobuf flatbuffers)
    if(TARGET mycelium_${format})
        install(TARGETS mycelium_${format}
            EXPORT mycelium-${format}-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
        install(EXPORT mycelium-${format}-targets NAMESPACE mycelium::
            DESTINATION "${package_dir}")
    endif()
endforeach()
# Before 1.0 a new minor version may break its users, as semantic versioning has it.
set(compatibility SameMajorVersion)
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(compatibility SameMinorVersion)
endif()
write_basic_package_version_file("${PROJECT_BINARY_DIR}/mycelium-config-version.cmake"
    COMPATIBILITY ${compatibility})
install(FILES
    "${PROJECT_BINARY_DIR}/mycelium-config-version.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/mycelium-config.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/MyceliumGenerate.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/MyceliumSim.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/MyceliumSimulable.cmake"
    "${PROJECT_SOURCE_DIR}/cmake/simulable-allowed.txt"
    "${PROJECT_SOURCE_DIR}/cmake/simulable-instead.txt"
    DESTINATION "${package_dir}")
install(PROGRAMS "${PROJECT_SOURCE_DIR}/cmake/objects.sh" DESTINATION "${package_dir}")

# ---- The same for pkg-config ----

# mycelium_pc(NAME TEXT): a file whose prefix is found from where the file lies.
function(mycelium_pc name text)
    file(RELATIVE_PATH up "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
    string(REGEX REPLACE "/$" "" up "${up}")
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY CONTENT
"prefix=\${pcfiledir}/${up}
includedir=\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}
libdir=\${prefix}/${CMAKE_INSTALL_LIBDIR}

Name: ${name}
Version: ${PROJECT_VERSION}
${text}
")
    install(FILES "${PROJECT_BINARY_DIR}/${name}.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()

# mycelium_definitions(VARIABLE target): the compiler flags of what a target defines for its users.
function(mycelium_definitions variable target)
    get_target_property(definitions ${target} INTERFACE_COMPILE_DEFINITIONS)
    list(TRANSFORM definitions PREPEND " -D")
    list(JOIN definitions "" flags)
    set(${variable} "${flags}" PARENT_SCOPE)
endfunction()

mycelium_definitions(sim_flags mycelium_sim)
mycelium_definitions(simcheck_flags mycelium_simcheck)
mycelium_pc(mycelium
"Description: Typed messages between services, zero-copy, over topologies
Cflags: -I\${includedir}
Libs: -L\${libdir} -lmycelium -pthread")
mycelium_pc(mycelium-sim
"Description: The simulator over the production archive
Requires: mycelium
Cflags:${sim_flags}")
mycelium_pc(mycelium-simcheck
"Description: The simulator over the archive in which each atomic access is a scheduling point
Cflags: -I\${includedir}${sim_flags}${simcheck_flags}
Libs: -L\${libdir} -lmycelium_simcheck")
if(TARGET mycelium_toml)
    get_target_property(libraries mycelium_toml INTERFACE_LINK_LIBRARIES)
    set(runtime "")
    foreach(library IN LISTS libraries)
        if(library MATCHES "^(std)?c\\+\\+$")
            string(APPEND runtime " -l${library}")
        endif()
    endforeach()
    mycelium_pc(mycelium-toml
"Description: Topology files for mycelium
Requires: mycelium tomlplusplus
Libs: -L\${libdir} -lmycelium_toml${runtime}")
endif()
if(TARGET mycelium_protobuf)
    mycelium_pc(mycelium-protobuf
"Description: Protocol Buffers payloads for mycelium
Requires: mycelium libprotobuf-c
Libs: -L\${libdir} -lmycelium_protobuf")
endif()
if(TARGET mycelium_flatbuffers)
    mycelium_pc(mycelium-flatbuffers
"Description: FlatBuffers payloads for mycelium
Requires: mycelium
Libs: -L\${libdir} -lmycelium_flatbuffers")
endif()

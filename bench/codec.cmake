# The benchmarks of codecs: what is generated of the trading contract, and the peers that the
# machine has, each with a compiler for schemas of its own.
target_sources(myc-bench PRIVATE codec.c codec_values.c)
target_compile_definitions(myc-bench PRIVATE BENCH_HAS_CODEC=1)
mycelium_generate(TARGET myc-bench
    CONTRACT "${PROJECT_SOURCE_DIR}/docs/examples/trading/contracts.yaml")

set(peers "${CMAKE_CURRENT_SOURCE_DIR}/peers")
set(peers_out "${CMAKE_CURRENT_BINARY_DIR}/peers")
file(MAKE_DIRECTORY "${peers_out}")

# bench_codec_peer(NAME DEFINITION TARGET... SOURCES file... OUTPUTS file... COMMAND word...): a
# library of its own, since what other tools generate does not pass our warnings.
function(bench_codec_peer name definition)
    cmake_parse_arguments(peer "" "" "LINK;SOURCES;OUTPUTS;COMMAND" ${ARGN})
    list(TRANSFORM peer_OUTPUTS PREPEND "${peers_out}/")
    add_custom_command(OUTPUT ${peer_OUTPUTS} COMMAND ${peer_COMMAND}
        DEPENDS "${peers}/${name}" WORKING_DIRECTORY "${peers}" VERBATIM)
    string(MAKE_C_IDENTIFIER "bench-codec-${name}" target)
    add_library(${target} OBJECT ${peer_SOURCES} ${peer_OUTPUTS})
    target_include_directories(${target} SYSTEM PRIVATE "${peers_out}")
    set_target_properties(${target} PROPERTIES CXX_STANDARD 17)
    target_link_libraries(${target} PRIVATE ${peer_LINK})
    target_sources(myc-bench PRIVATE $<TARGET_OBJECTS:${target}>)
    target_link_libraries(myc-bench PRIVATE ${peer_LINK})
    target_compile_definitions(myc-bench PRIVATE ${definition}=1)
endfunction()

pkg_check_modules(PROTOBUF_C IMPORTED_TARGET libprotobuf-c)
find_program(PROTOC_C protoc-c)
if(PROTOBUF_C_FOUND AND PROTOC_C)
    bench_codec_peer(pool_state.proto BENCH_HAS_PROTOBUF_C
        LINK PkgConfig::PROTOBUF_C SOURCES peer_protobuf.c
        OUTPUTS pool_state.pb-c.c pool_state.pb-c.h
        COMMAND "${PROTOC_C}" "--c_out=${peers_out}" pool_state.proto)
endif()
pkg_check_modules(FLATBUFFERS IMPORTED_TARGET flatbuffers)
find_program(FLATC flatc)
if(FLATBUFFERS_FOUND AND FLATC)
    bench_codec_peer(pool_state.fbs BENCH_HAS_FLATBUFFERS
        LINK PkgConfig::FLATBUFFERS SOURCES peer_flatbuffers.cpp
        OUTPUTS pool_state_generated.h
        COMMAND "${FLATC}" --cpp -o "${peers_out}" pool_state.fbs)
endif()
pkg_check_modules(CAPNP IMPORTED_TARGET capnp)
find_program(CAPNP_TOOL capnp)
find_program(CAPNPC_CXX capnpc-c++)
if(CAPNP_FOUND AND CAPNP_TOOL AND CAPNPC_CXX)
    bench_codec_peer(pool_state.capnp BENCH_HAS_CAPNP
        LINK PkgConfig::CAPNP SOURCES peer_capnp.cpp
        OUTPUTS pool_state.capnp.h pool_state.capnp.c++
        COMMAND "${CAPNP_TOOL}" compile "-o${CAPNPC_CXX}:${peers_out}" pool_state.capnp)
endif()

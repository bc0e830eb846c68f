#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# find.sh PREFIX SOURCE: what find_package() accepts and refuses, and with which words.
name='find'
prefix=$1
source=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

cat >"$work/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(find LANGUAGES C)
find_package(mycelium ${WANTED} CONFIG REQUIRED)
file(WRITE main.c "int main(void)\n{\n    return 0;\n}\n")
add_executable(main main.c)
target_link_libraries(main PRIVATE ${LINK})
END

# project OPTION...: configures it anew. The output is in $work/log without its line breaks.
project() {
    rm -rf "$work/build"
    status=0
    configure "$work" "$work/build" "$@" >"$work/output" 2>&1 || status=$?
    tr -s '\n ' '  ' <"$work/output" >"$work/log"
    return $status
}

accepts() {
    project "$@" || die "$*: $(cat "$work/output")"
}

# refuses TEXT OPTION...
refuses() {
    text=$1
    shift
    if project "$@"; then
        die "$* is accepted"
    fi
    grep -q -F -e "$text" "$work/log" || die "$*: '$text' is not in: $(cat "$work/output")"
}

no_pkg_config=-DPKG_CONFIG_EXECUTABLE=PKG_CONFIG_EXECUTABLE-NOTFOUND
hidden=-DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON
accepts -DWANTED=0.1 -DLINK=mycelium::mycelium "$hidden"
accepts '-DWANTED=0.1.0;EXACT;COMPONENTS;tool;toml' -DLINK=mycelium::toml
accepts '-DWANTED=0.1' '-DLINK=mycelium::sim;mycelium::simcheck'
accepts '-DWANTED=0.1;COMPONENTS;flatbuffers' -DLINK=mycelium::flatbuffers "$hidden"
if [ -f "$prefix/lib/libmycelium_protobuf.a" ]; then
    accepts '-DWANTED=0.1;COMPONENTS;protobuf' -DLINK=mycelium::protobuf
    refuses 'component protobuf needs pkg-config and protobuf-c' \
        '-DWANTED=0.1;COMPONENTS;protobuf' "$hidden" "$no_pkg_config"
else
    echo 'find: the library was built without protobuf-c'
    refuses "no component 'protobuf'" '-DWANTED=0.1;COMPONENTS;protobuf'
fi
refuses 'compatible with requested version "0.2"' -DWANTED=0.2
refuses 'compatible with requested version "0.0"' -DWANTED=0.0
refuses 'compatible with requested version "1.0"' -DWANTED=1.0
refuses "no component 'yaml'. There are tool, toml, flatbuffers and protobuf" \
    '-DWANTED=0.1;COMPONENTS;yaml'
refuses 'component toml needs pkg-config and toml++' \
    '-DWANTED=0.1;COMPONENTS;toml' "$hidden" "$no_pkg_config"
refuses 'MYCELIUM_ARCHIVE' -DWANTED=0.1 '-DLINK=mycelium::mycelium;mycelium::simcheck'
echo 'find: all accepted and refused as promised'

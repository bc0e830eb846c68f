#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# headers.sh CC CXX SOURCE_DIR [HEADER...]
#
# Compiles every public header alone, as C11 and as C++17, plain and with MYC_SIMCHECK: what is
# installed must stand on its own in either language; those that end in .hpp, in C++. Users compile
# them with the warnings of their own projects, so these are more than the tree's.
set -u

[ $# -ge 3 ] || { echo "usage: headers.sh CC CXX SOURCE_DIR [HEADER...]" >&2; exit 2; }
cc=$1
cxx=$2
source=$3
shift 3
# shellcheck disable=SC2046 # header names hold no spaces
[ $# -gt 0 ] || set -- $(cd "$source/src" && find mycelium -name '*.h' -o -name '*.hpp' | sort)
[ $# -gt 0 ] || { echo "no headers below $source/src" >&2; exit 2; }

count=0
failed=0
scratch=$(mktemp) || exit 2
trap 'rm -f "$scratch"' EXIT

try() {
    count=$((count + 1))
    if ! printf '#include <%s>\nextern int unit_is_not_empty;\n' "$header" | "$@" \
        -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Werror \
        -fsyntax-only -I "$source/src" - 2>"$scratch"; then
        echo "$header: not alone as $*"
        cat "$scratch"
        failed=$((failed + 1))
    fi
}

for header in "$@"; do
    for define in -DMYC_PLAIN=1 -DMYC_SIMCHECK=1; do
        case $header in
        *.hpp) ;; # C++ only
        *) try "$cc" -std=c11 -x c "$define" ;;
        esac
        try "$cxx" -std=c++17 -x c++ "$define" -Wold-style-cast
    done
done
echo "headers: $count compilations, $failed failed"
[ "$failed" -eq 0 ]

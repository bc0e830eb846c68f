#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# exports.sh CC NM SOURCE_DIR ARCHIVE...
#
# What the archives define for others and what the public headers declare are the same functions:
# nothing else but names of the library's own (myc__...) is visible to the linker, and nothing is
# declared that is not there but for what the simulator defines. C++ inside the edges does not
# count. Needs gcc, which lists the functions that a header declares.
set -u

[ $# -ge 4 ] || { echo "usage: exports.sh CC NM SOURCE_DIR ARCHIVE..." >&2; exit 2; }
cc=$1
nm=$2
source=$3
shift 3
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

for header in "$source"/src/mycelium/*.h "$source"/src/mycelium/interface/*.h; do
    "$cc" -std=c11 -I "$source/src" -x c -fsyntax-only -aux-info "$work/aux" "$header" \
        2>"$work/log" || { cat "$work/log"; exit 77; }
    cat "$work/aux"
done | sed -n 's|^/\* .*/mycelium/.*:N[CF] \*/ extern [^(]*[ *]\(myc_[a-z0-9_]*\) (.*|\1|p' |
    sort -u >"$work/declared"
[ -s "$work/declared" ] || { echo "$cc lists no functions of headers"; exit 77; }

"$nm" -g --defined-only "$@" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u >"$work/defined"
[ -s "$work/defined" ] || { echo "no symbols in $*"; exit 2; }

own='-e ^myc__ -e ^_Z -e ^DW[.]ref -e ^__clang_call_terminate$'
# shellcheck disable=SC2086 # a list of words
grep -v $own "$work/defined" | sort -u >"$work/exported"
comm -13 "$work/declared" "$work/exported" |
    sed 's|$|: visible, but no public header declares it|' >"$work/findings"
grep -v -e '^myc__' -e '^myc_simulation_' "$work/declared" | comm -23 - "$work/exported" |
    sed 's|$|: declared in a public header, but defined nowhere|' >>"$work/findings"
cat "$work/findings"
echo "exports: $(wc -l <"$work/exported") symbols, $(wc -l <"$work/findings") findings"
[ ! -s "$work/findings" ]

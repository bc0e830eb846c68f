#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# check.sh KIND CASE COMPILER...
#
# KIND is gcc or clang. Compiles CASE, which must succeed, and CASE with WRONG defined, which must
# fail with what the case's line "// KIND: ..." says, an extended regular expression. Where that is
# NONE, this compiler is known not to see the misuse: only the right one is compiled.
set -u

[ $# -ge 3 ] || { echo "usage: check.sh gcc|clang CASE COMPILER..." >&2; exit 2; }
kind=$1
case=$2
shift 2
expected=$(sed -n "s|^// $kind: ||p" "$case")
# A line that clang-format has broken would say less than it means.
if sed -n '5,/^#include/p' "$case" | grep '^// ' | grep -q -v -e '^// gcc: ' -e '^// clang: '; then
    echo "$case: what a compiler says must be on one line"
    exit 2
fi
[ -n "$expected" ] || { echo "$case: no line '// $kind: ...'" >&2; exit 2; }

scratch=$(mktemp) || exit 2
trap 'rm -f "$scratch"' EXIT
LC_ALL=C
export LC_ALL

if ! "$@" -c -o /dev/null "$case" >"$scratch" 2>&1; then
    echo "$case: the right use does not compile:"
    cat "$scratch"
    exit 1
fi
[ "$expected" != NONE ] || exit 0
if "$@" -DWRONG -c -o /dev/null "$case" >"$scratch" 2>&1; then
    echo "$case: the wrong use compiles"
    exit 1
fi
if ! grep -E -q -- "$expected" "$scratch"; then
    echo "$case: expected '$expected', got:"
    cat "$scratch"
    exit 1
fi
grep -E -m 1 -- "$expected" "$scratch" | sed 's|.*/||'

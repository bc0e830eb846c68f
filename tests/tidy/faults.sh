#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# faults.sh HEADER PAGE: each kind of fault in HEADER has a row in PAGE with its name and kind, in
# the same order, and no other row is there.
set -eu
list=$(mktemp)
trap 'rm -f "$list"' EXIT
sed -n 's/^ *X([A-Z_]*, "\([a-z-]*\)", \([A-Z_]*\), [0-9]*).*/\1 \2/p' "$1" \
    | sed -e 's/LEGAL/legal/' -e 's/OPT_IN/opt-in/' >"$list"
[ -s "$list" ] || { echo "$1: no MYC_SIM_FAULT_LIST"; exit 2; }
# shellcheck disable=SC2016 # backticks of the page
sed -n 's/^| `\([a-z-]*\)` | \([a-z-]*\) | ..*/\1 \2/p' "$2" | diff "$list" - \
    || { echo "$2: differs from MYC_SIM_FAULT_LIST of $1"; exit 1; }
echo "faults: $(wc -l <"$list")"

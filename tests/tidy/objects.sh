#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# objects.sh diet    SYMBOLS LIST...   what the objects need is a subset of SYMBOLS
# objects.sh statics LIST...           the objects hold no writable static data
#
# A LIST is a file with one object path a line, made by CMake for each layer. Exit 77 means skipped:
# sanitizers add symbols and data of their own (MYC_SANITIZE is set by the test).
set -u

fail() {
    printf '%s\n' "$*" >&2
    exit 2
}

objects_of() {
    while IFS= read -r object; do
        [ -n "$object" ] || continue
        [ -f "$object" ] || fail "$object is not built"
        printf '%s\n' "$object"
    done <"$1"
}

diet() {
    allowed=$(grep -v -e '^#' -e '^$' "$1" | paste -s -d '|')
    [ -n "$allowed" ] || fail "$1 allows nothing"
    shift
    for list in "$@"; do
        for object in $(objects_of "$list"); do
            count=$((count + 1))
            nm -u -P "$object" >"$scratch" || fail "nm cannot read $object"
            while read -r symbol _; do
                if ! printf '%s\n' "$symbol" | grep -q -x -E "$allowed"; then
                    echo "$(basename "$list" .objects): ${object##*/}: needs '$symbol'"
                    found=$((found + 1))
                fi
            done <"$scratch"
        done
    done
}

# Relocated constants live in .data.rel.ro, which the loader makes read-only: they are no state.
statics() {
    for list in "$@"; do
        for object in $(objects_of "$list"); do
            count=$((count + 1))
            objdump -t "$object" >"$scratch.all" || fail "objdump cannot read $object"
            awk -F '\t' 'NF == 2 {
                n = split($1, head, " "); section = head[n]; split($2, tail, " ")
                if (tail[1] ~ /^0+$/) next
                if (section ~ /^\.data\.rel\.ro/) next
                if (section ~ /^\.(data|bss|tdata|tbss)/ || section == "*COM*")
                    print section, tail[2]
            }' "$scratch.all" >"$scratch"
            layer=$(basename "$list" .objects)
            while read -r section symbol; do
                echo "$layer: ${object##*/}: '$symbol' is writable in $section"
                found=$((found + 1))
            done <"$scratch"
        done
    done
}

if [ -n "${MYC_SANITIZE:-}" ]; then
    echo "skipped: built with -fsanitize=$MYC_SANITIZE"
    exit 77
fi
mode=${1:-}
[ $# -ge 2 ] || fail "usage: objects.sh diet SYMBOLS LIST... | objects.sh statics LIST..."
shift
count=0
found=0
scratch=$(mktemp) || exit 2
trap 'rm -f "$scratch" "$scratch.all"' EXIT
case $mode in
diet) diet "$@" ;;
statics) statics "$@" ;;
*) fail "unknown mode '$mode'" ;;
esac
echo "$mode: $count objects, $found findings"
[ "$count" -gt 0 ] || fail "no objects to look at"
[ "$found" -eq 0 ]

#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# objects.sh diet ALLOWED LIST...     what the objects need is allowed
# objects.sh statics LIST...          the objects hold no writable static data
# objects.sh service NAME ALLOWED INSTEAD LIST [SYMBOL...]
#                                     both, for the objects of a service, which may need each other
#                                     and these symbols, `*` standing for any characters
#
# A LIST is a file with one object path a line, made by CMake. ALLOWED holds extended regular
# expressions, INSTEAD such expressions with an advice for what they match. NM and OBJDUMP name the
# tools. Exit code: 0 nothing found, 1 findings, 2 it could not look. diet and statics end with 77,
# skipped, when MYC_SANITIZE is set: sanitizers add symbols and data of their own.
set -u
LC_ALL=C
export LC_ALL
tab=$(printf '\t')
nm=${NM:-nm}
objdump=${OBJDUMP:-objdump}

fail() {
    printf '%s\n' "$*" >&2
    exit 2
}

usage() {
    fail "usage: objects.sh diet ALLOWED LIST... | objects.sh statics LIST...
       | objects.sh service NAME ALLOWED INSTEAD LIST [SYMBOL...]"
}

# expressions FILE: one expression that matches what any line of the file does.
expressions() {
    [ -r "$1" ] || fail "$1 cannot be read"
    grep -v -e '^#' -e '^$' "$1" | paste -s -d '|'
}

# each_object COMMAND LABEL LIST: runs the command with label and object for each line of a list.
each_object() {
    [ -r "$3" ] || fail "$3 cannot be read"
    while IFS= read -r object <&3; do
        [ -n "$object" ] || continue
        [ -f "$object" ] || fail "$object is not built"
        count=$((count + 1))
        "$1" "$2" "$object"
    done 3<"$3"
}

# symbols FLAG... OBJECT: nm's table in $scratch/nm. Not for pipelines, in which fail ends nothing.
symbols() {
    "$nm" -P "$@" >"$scratch/nm" 2>"$scratch/why" || fail "nm cannot read it: $(cat "$scratch/why")"
}

# "section name" of each writable object. Relocated constants live in .data.rel.ro, which the loader
# makes read-only: they are no state.
writable_in() {
    "$objdump" -t "$1" >"$scratch/table" 2>"$scratch/why" \
        || fail "objdump cannot read it: $(cat "$scratch/why")"
    awk -F '\t' 'NF == 2 {
        n = split($1, head, " "); section = head[n]; m = split($2, tail, " ")
        if (tail[1] ~ /^0+$/ || section ~ /^\.data\.rel\.ro/) next
        if (section ~ /^\.(data|bss|tdata|tbss)/ || section == "*COM*") print section, tail[m]
    }' "$scratch/table"
}

# ---- The library's own layers ----

check_needs() {
    symbols -u "$2"
    awk '{ print $1 }' "$scratch/nm" | grep -v -x -E "$allowed" >"$scratch/found"
    while read -r symbol; do
        echo "$1: ${2##*/}: needs '$symbol'"
        found=$((found + 1))
    done <"$scratch/found"
}

check_statics() {
    writable_in "$2" >"$scratch/found" || exit 2
    while read -r section symbol; do
        echo "$1: ${2##*/}: '$symbol' is writable in $section"
        found=$((found + 1))
    done <"$scratch/found"
}

layers() {
    check=$1
    shift
    for list in "$@"; do
        each_object "$check" "$(basename "$list" .objects)" "$list"
    done
}

# ---- A service ----

# Sanitizers, coverage and link-time optimisation leave objects that say nothing about the service.
is_instrumented() {
    symbols "$1"
    "$objdump" -t "$1" >"$scratch/table" 2>&1 || fail "objdump cannot read it: $1"
    if grep -q '__gnu_lto_slim$' "$scratch/table"; then
        fail "$1 is compiled with -flto, which hides what it needs; compile it without"
    fi
    if grep -q -E '^(__(asan|tsan|msan|ubsan|sanitizer|gcov|llvm_prf)_|_*llvm_gcov)' "$scratch/nm"
    then
        echo "mycelium_check_simulable($service): ${1##*/}: not checked, it is instrumented"
        return 0
    fi
    return 1
}

collect_definitions() {
    symbols "$2"
    awk '$2 !~ /^[Uw]$/ { print $1 }' "$scratch/nm" >>"$scratch/defined"
}

# report OBJECT PROBLEM ADVICE
report() {
    echo "mycelium_check_simulable($service): ${1##*/}: $2; $3"
    found=$((found + 1))
}

# "symbol" or "symbol<TAB>advice" of what the object may not need.
refused_by() {
    symbols -u "$1"
    awk -v allowed="$allowed" -v granted="$granted" -v instead="$instead" \
        -v defined="$scratch/defined" '
        BEGIN {
            while ((getline line < defined) > 0) known[line] = 1
            while ((getline line < instead) > 0) {
                if (line ~ /^#/ || line == "") continue
                split(line, word, /[ \t]+/)
                row[++rows] = "^(" word[1] ")$"
                advice[rows] = substr(line, length(word[1]) + 1)
                sub(/^[ \t]+/, "", advice[rows])
            }
        }
        {
            if ($1 in known || $1 ~ "^(" granted ")$") next
            for (i = 1; i <= rows; i++) if ($1 ~ row[i]) { print $1 "\t" advice[i]; next }
            if ($1 !~ "^(" allowed ")$") print $1
        }' "$scratch/nm"
}

check_service() {
    is_instrumented "$2" && return
    refused_by "$2" >"$scratch/found"
    while IFS=$tab read -r symbol advice; do
        report "$2" "needs '$symbol'" \
            "${advice:+use }${advice:-ask the platform for it, see myc_context_platform()}"
    done <"$scratch/found"
    writable_in "$2" >"$scratch/found" || exit 2
    while read -r section symbol; do
        # Compilers number what is local to a function.
        printf '%s\n' "$symbol" "${symbol%.[0-9]*}" | grep -q -x -E -e "$granted" && continue
        report "$2" "'$symbol' is writable in $section" \
            "keep it in the service's state, see state_bytes and myc_context_state()"
    done <"$scratch/found"
}

service() {
    [ $# -ge 4 ] || usage
    service=$1
    allowed=$(expressions "$2")
    instead=$3
    list=$4
    shift 4
    [ -r "$instead" ] || fail "$instead cannot be read"
    granted='-' # matches no symbol
    for symbol in "$@"; do
        symbol=$(printf '%s\n' "$symbol" | sed -e 's/[].[(){}+?|^$]/\\&/g' -e 's/\*/.*/g')
        granted="$granted|$symbol"
    done
    : >"$scratch/defined"
    each_object collect_definitions "$service" "$list"
    count=0
    each_object check_service "$service" "$list"
    [ "$count" -gt 0 ] || fail "mycelium_check_simulable($service): no objects to look at"
    [ "$found" -gt 0 ] || return 0
    echo "mycelium_check_simulable($service): findings: $found; ALLOW names what is harmless all" \
        "the same"
    return 1
}

mode=${1:-}
[ $# -ge 2 ] || usage
shift
if [ -n "${MYC_SANITIZE:-}" ] && [ "$mode" != service ]; then
    echo "skipped: built with -fsanitize=$MYC_SANITIZE"
    exit 77
fi
count=0
found=0
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
case $mode in
diet)
    [ $# -ge 2 ] || usage
    allowed=$(expressions "$1")
    [ -n "$allowed" ] || fail "$1 allows nothing"
    shift
    layers check_needs "$@"
    ;;
statics) layers check_statics "$@" ;;
service)
    service "$@"
    exit
    ;;
*) usage ;;
esac
echo "$mode: $count objects, $found findings"
[ "$count" -gt 0 ] || fail "no objects to look at"
[ "$found" -eq 0 ]

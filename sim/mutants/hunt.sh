#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Plants one bug into a copy of the sources, builds what has changed, and hunts it; run.sh calls it.
#
# hunt.sh SOURCE BUILD SCRATCH PATCHES NAME PROGRAM SCENARIOS BUDGET FIRST_RANGE LAST_RANGE
#
# NAME is a patch without its suffix, or `control` for none. PROGRAM is a target of BUILD that a
# campaign can be run with, or a test. SCENARIOS are tried one after the other, each with BUDGET
# seeds; range R begins at seed R million and one. Writes to the result file of its four names
# `range<TAB>executions<TAB>replayed<TAB>verdict` for each range in which it was found, and as its
# last line `end<TAB>reason`, where anything but `ok` as a reason says that the hunt is worth
# nothing.
set -u

LC_ALL=C
export LC_ALL

source_dir=$1
build_dir=$2
scratch=$3
patches=$4
name=$5
program=$6
scenarios=$7
budget=$8
first=$9
shift 9
last=$1

tree=$scratch/$name.$program
result=$tree.$scenarios.$first.result
log=$tree.$scenarios.$first.log
campaign_seconds=300
tab=$(printf '\t')

finish() {
    printf 'end\t%s\n' "$1" >>"$result"
    exit 0
}

# The objects that the program is linked from, and the command that links it.
plan=$scratch/plan.$program

# Copies the sources and applies the patch; tells the files that it changes.
plant() {
    rm -rf "$tree"
    mkdir -p "$tree"
    cp -R "$source_dir/src" "$source_dir/sim" "$tree/" || finish "the sources cannot be copied"
    patch -s -f -F0 -d "$tree" -p1 <"$patches/$name.patch" >"$log" 2>&1 \
        || finish "the patch does not apply any more: make it again"
    sed -n 's|^+++ b/\([^ '"$tab"']*\).*|\1|p' "$patches/$name.patch" >"$tree/changed"
    [ -s "$tree/changed" ] || finish "the patch changes no file"
}

# The objects of the program that are made from a changed file.
affected() {
    awk -v changed="$tree/changed" -v wanted="$plan.objects" '
        BEGIN {
            while ((getline line <changed) > 0) suffix["/" line] = 1
            while ((getline line <wanted) > 0) is_wanted[line] = 1
        }
        /^[^ ]/ { sub(/:.*/, ""); object = $0; next }
        /^ / && object in is_wanted {
            sub(/^ */, "")
            for (s in suffix)
                if (length($0) >= length(s) && substr($0, length($0) - length(s) + 1) == s)
                    print object
        }' "$scratch/deps" | sort -u
}

# Compiles the changed objects beside the others and links the program with them in front.
build() {
    affected >"$tree/objects"
    [ -s "$tree/objects" ] || finish "nothing that $program is linked from has changed"
    cp "$plan.link" "$tree/link"
    in_front=
    while IFS= read -r object; do
        mkdir -p "$tree/build/${object%/*}"
        grep -F -e " -o $object " "$plan.commands" | head -n 1 | sed \
            -e "s| -Werror||g" \
            -e "s|$source_dir/src|$tree/src|g" -e "s|$source_dir/sim|$tree/sim|g" \
            -e "s| $object\\.d | $tree/build/$object.d |g" \
            -e "s| -o $object | -w -o $tree/build/$object |" >"$tree/compile"
        (cd "$build_dir" && sh "$tree/compile") >>"$log" 2>&1 \
            || finish "it does not compile, see $log"
        if grep -q -F -e " $object " "$tree/link"; then
            sed "s| $object | $tree/build/$object |" "$tree/link" >"$tree/link.new"
            mv "$tree/link.new" "$tree/link"
        else
            in_front="$in_front $tree/build/$object"
        fi
    done <"$tree/objects"
    sed "s| -o [^ ]*| -o $tree/program$in_front|" "$tree/link" >"$tree/link.new"
    (cd "$build_dir" && sh "$tree/link.new") >>"$log" 2>&1 || finish "it does not link, see $log"
}

# The repro command must fail again, with the same first line.
replays() {
    verdict=$1
    repro=$(sed -n 's/^ *run again: *//p' "$log" | head -n 1)
    [ -n "$repro" ] || return 1
    (cd "$tree" && timeout "$campaign_seconds" sh -c "$repro") >"$log.again" 2>&1 && return 1
    grep -q -x -F -e "$verdict" "$log.again"
}

# One campaign over one range of seeds.
hunt() {
    range=$1
    seed=$((range * 1000000 + 1))
    spent=0
    for scenario in $(printf '%s' "$scenarios" | tr , ' '); do
        (cd "$tree" && timeout "$campaign_seconds" ./program "$scenario" \
            --seeds "$seed..$((seed + budget - 1))") >"$log" 2>&1
        code=$?
        [ "$code" -ne 124 ] || finish "$scenario did not end in $campaign_seconds s, see $log"
        if [ "$code" -eq 0 ]; then
            spent=$((spent + budget))
            continue
        fi
        verdict=$(grep -m 1 '^FAILED' "$log")
        failed=$(sed -n 's/^ *run again: .*--seed \([0-9]*\).*/\1/p' "$log" | head -n 1)
        if [ -z "$verdict" ] || [ -z "$failed" ]; then
            cp "$log" "$log.odd"
            finish "$scenario ended with $code and no verdict, see $log.odd"
        fi
        is_replayed=0
        ! replays "$verdict" || is_replayed=1
        spent=$((spent + failed - seed + 1))
        printf '%s\t%s\t%s\t%s\n' \
            "$range" "$spent" "$is_replayed" "${verdict#FAILED }" >>"$result"
        return
    done
}

# A test finds it or not: it draws nothing from outside.
run_test() {
    (cd "$tree" && timeout "$campaign_seconds" ./program) >"$log" 2>&1
    code=$?
    [ "$code" -ne 124 ] || finish "the test did not end in $campaign_seconds s, see $log"
    [ "$code" -ne 0 ] || return 0
    what=$(sed -n 's/^\[  FAILED  \] \([a-z][^ ]*\)$/\1/p' "$log" | head -n 1)
    again=0
    (cd "$tree" && timeout "$campaign_seconds" ./program) >"$log.again" 2>&1 || again=1
    printf '%s\t1\t%s\t%s\n' "$1" "$again" "${what:-it ends with $code}" >>"$result"
}

: >"$result"
if [ "$name" = control ]; then
    mkdir -p "$tree"
    ln -sf "$build_dir/$(cat "$plan.output")" "$tree/program"
else
    plant
    build
fi
range=$first
while [ "$range" -le "$last" ]; do
    if [ "$scenarios" = - ]; then
        run_test "$range"
    else
        hunt "$range"
    fi
    range=$((range + 1))
done
[ "$name" = control ] || rm -rf "$tree/src" "$tree/sim" "$tree/build"
finish ok

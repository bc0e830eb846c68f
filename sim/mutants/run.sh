#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Plants each bug of this folder into a scratch copy of the ring and demands that the simulator
# finds it, and that the repro command it prints fails again. The copy without a bug must pass.
#
# run.sh SOURCE_DIR SCRATCH_DIR [COMPILER]
set -eu

source_dir=$1
scratch_dir=$2
compiler=${3:-cc}
seeds=1..10000
failed=0

rm -rf "$scratch_dir"
mkdir -p "$scratch_dir"

# build NAME: the ring scenario over the copy in NAME.
build() {
    "$compiler" -std=c11 -O1 -g -D_GNU_SOURCE=1 -DMYC_SIMCHECK=1 \
        -I"$scratch_dir/$1/src" -I"$scratch_dir/$1/sim" \
        "$scratch_dir/$1/sim/scenarios/ring"*.c \
        "$scratch_dir/$1/src/ring/"*.c "$scratch_dir/$1/src/core/"*.c \
        -o "$scratch_dir/$1/simcheck_ring"
}

# copy NAME: a fresh copy of what the scenario is built from.
copy() {
    mkdir -p "$scratch_dir/$1/src" "$scratch_dir/$1/sim"
    for part in mycelium core ring; do
        cp -R "$source_dir/src/$part" "$scratch_dir/$1/src/"
    done
    for part in mycelium scenarios; do
        cp -R "$source_dir/sim/$part" "$scratch_dir/$1/sim/"
    done
}

# The bug must be found, and its repro command must find it again.
check_mutant() {
    name=$1
    for scenario in threads kills stream; do
        output="$scratch_dir/$name/$scenario.txt"
        if "$scratch_dir/$name/simcheck_ring" "$scenario" --seeds "$seeds" >"$output" 2>&1; then
            continue
        fi
        verdict=$(grep -m 1 '^FAILED' "$output" || true)
        repro=$(sed -n 's/^ *run again: *//p' "$output" | head -n 1)
        if [ -z "$verdict" ] || [ -z "$repro" ]; then
            echo "$name: the campaign ended without a verdict or a repro command; see $output"
            return 1
        fi
        if sh -c "$repro" >"$output.again" 2>&1; then
            echo "$name: found, but the repro command passes: $repro"
            return 1
        fi
        if ! grep -q -F "$verdict" "$output.again"; then
            echo "$name: the repro command fails in another way; see $output.again"
            return 1
        fi
        runs=$(sed -n 's/^[a-z]*: \([0-9]*\) runs.*/\1/p' "$output" | head -n 1)
        echo "$name: found in execution $runs ($verdict) and replayed"
        return 0
    done
    echo "$name: NOT FOUND in $seeds of any scenario"
    return 1
}

copy control
build control
for scenario in threads kills stream; do
    output="$scratch_dir/control/$scenario.txt"
    if "$scratch_dir/control/simcheck_ring" "$scenario" --seeds "$seeds" >"$output" 2>&1; then
        echo "control: $scenario passes $seeds"
    else
        echo "control: $scenario fails without a planted bug; see $output"
        failed=1
    fi
done

for patch in "$source_dir"/sim/mutants/*.patch; do
    name=$(basename "$patch" .patch)
    copy "$name"
    if ! patch -s -d "$scratch_dir/$name" -p1 <"$patch"; then
        echo "$name: the patch does not apply any more; make it again"
        failed=1
        continue
    fi
    build "$name"
    check_mutant "$name" || failed=1
done

exit "$failed"

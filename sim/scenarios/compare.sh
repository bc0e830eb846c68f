#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Compares builds: the same seeds must give the same hash in every one of them.
#
# compare.sh LAST_SEED BUILD_DIR BUILD_DIR...
# Runs the boring run and seeds 1 to LAST_SEED of every scenario. Prints one line a scenario; where
# builds differ also the seed and the first events that do.
set -u

last_seed=$1
first_build=$2
shift 2
failed=0

# hash_of PROGRAM SCENARIO FLAGS...: the sum over the runs, empty when one failed.
hash_of() {
    "$@" --json 2>/dev/null | sed -n 's/.*"event_hash": "\([0-9a-f]*\)".*/\1/p'
}

# outcome PROGRAM SCENARIO SEED: everything that happened in one run.
outcome() {
    "$1" "$2" --outcome "$3:0:10000000" 2>&1
}

# show_seed SCENARIO PROGRAM PROGRAM: the first seed whose runs differ, and where they do.
show_seed() {
    seed=1
    while [ "$seed" -le "$last_seed" ]; do
        outcome "$2" "$1" "$seed" >"$first_build/compare.first"
        outcome "$3" "$1" "$seed" >"$first_build/compare.second"
        if ! cmp -s "$first_build/compare.first" "$first_build/compare.second"; then
            echo "  seed $seed, first $2, second $3; the first lines that differ:"
            for side in '<' '>'; do
                diff "$first_build/compare.first" "$first_build/compare.second" \
                    | grep -v -e '^[<>] \(checkpoint\|hash\|outcome\)' | grep -m 2 "^$side" \
                    | sed 's/ #[0-9a-f]*$//; s/^/    /'
            done
            return
        fi
        seed=$((seed + 1))
    done
    echo "  no seed differs alone: only the boring run, or the sum over a campaign"
}

for program in "$first_build"/sim/scenarios/sim_* "$first_build"/sim/scenarios/simcheck_*; do
    if [ ! -f "$program" ] || [ ! -x "$program" ]; then
        continue
    fi
    name=${program##*/}
    for scenario in $("$program" --list | awk '{ print $1 }'); do
        boring=$(hash_of "$program" "$scenario" --boring)
        seeds=$(hash_of "$program" "$scenario" --seeds "1..$last_seed")
        verdict=same
        if [ -z "$boring" ] || [ -z "$seeds" ]; then
            verdict="no hash from $first_build"
        fi
        for build in "$@"; do
            other=$build/sim/scenarios/$name
            if [ "$(hash_of "$other" "$scenario" --boring)" != "$boring" ] \
                || [ "$(hash_of "$other" "$scenario" --seeds "1..$last_seed")" != "$seeds" ]; then
                verdict="differs in $build"
                break
            fi
        done
        printf '%-20s %-20s boring %s, seeds 1..%s %s: %s\n' \
            "$name" "$scenario" "$boring" "$last_seed" "$seeds" "$verdict"
        if [ "$verdict" != same ]; then
            failed=1
            case $verdict in differs*) show_seed "$scenario" "$program" "$other" ;; esac
        fi
    done
done
exit "$failed"

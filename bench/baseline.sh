#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Counts the instructions of each hot path under valgrind's callgrind, and the bytes of the static
# core, and compares both with bench/baseline.json. Both are exact, so more than 5 % above is a
# failure, whatever the machine is doing.
#
# baseline.sh --check WORK COMPILER FILE [OBJECT...]  compares
# baseline.sh --write WORK COMPILER FILE [OBJECT...]  records
#
# WORK is the program bench-frugal-work, COMPILER a line that names compiler, processor and flags,
# FILE the record; the objects are those of the layers core, memory, ring, queue, pool and framed.
#
# Exit code: 0 all within the record, 1 something is not, 2 the command line is wrong, 77 nothing
# was compared: there is no valgrind, or another compiler made the record.
set -u

LC_ALL=C
export LC_ALL

say() {
    printf '%s\n' "baseline.sh: $*" >&2
}

[ $# -ge 5 ] || {
    say "usage: baseline.sh --check|--write WORK COMPILER FILE OBJECT..."
    exit 2
}
mode=$1
work=$2
compiler=$3
record=$4
shift 4
case $mode in
--check | --write) ;;
*)
    say "unknown mode '$mode'"
    exit 2
    ;;
esac
if ! command -v valgrind >/dev/null 2>&1 || [ ! -x "$work" ]; then
    say "no valgrind here (on Debian: apt-get install valgrind): nothing was counted"
    exit 77
fi
if [ "$mode" = --check ]; then
    [ -f "$record" ] || {
        say "no record $record; make one: ./dev bench --baseline"
        exit 1
    }
    recorded=$(sed -n 's/^ *"compiler": "\(.*\)",$/\1/p' "$record")
    [ "$recorded" = "$compiler" ] || {
        say "recorded with '$recorded', built with '$compiler': nothing was compared"
        exit 77
    }
fi

scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP

# One dump a path, "desc: Trigger: Client Request: NAME" and "totals: INSTRUCTIONS" in each.
valgrind --tool=callgrind --callgrind-out-file="$scratch/out" "$work" >"$scratch/log" 2>&1 || {
    cat "$scratch/log" >&2
    say "valgrind could not run $work"
    exit 1
}
awk -v count=4096 '
    /^desc: Trigger: Client Request: / { name = $NF }
    /^totals: / && name != "" { printf "%s %.2f\n", name, $2 / count; name = "" }
    ' "$scratch"/out.* | sort >"$scratch/counted"
size "$@" | awk 'NR > 1 { bytes += $4 } END { print "static_core", bytes }' >"$scratch/bytes"
[ -s "$scratch/counted" ] || {
    say "callgrind wrote no counts"
    exit 1
}

if [ "$mode" = --write ]; then
    {
        echo '{'
        printf '  "compiler": "%s",\n' "$compiler"
        echo '  "instructions": {'
        sed -e '$!s/$/,/' -e 's/^\([^ ]*\) /    "\1": /' "$scratch/counted"
        echo '  },'
        echo '  "bytes": {'
        sed 's/^\([^ ]*\) /    "\1": /' "$scratch/bytes"
        echo '  }'
        echo '}'
    } >"$record.new" && mv "$record.new" "$record" && cat "$record"
    exit
fi

awk '
    FNR == NR {
        if (match($0, /^    "[a-z_.]+": [0-9.]+,?$/)) {
            gsub(/[ ",]/, "")
            split($0, pair, ":")
            recorded[pair[1]] = pair[2]
        }
        next
    }
    {
        if (!($1 in recorded)) {
            printf "%-18s %10s            is not in the record\n", $1, $2
            failed = 1
            next
        }
        is_counted[$1] = 1
        change = ($2 / recorded[$1] - 1) * 100
        verdict = change > 5 ? "MORE" : change < -5 ? "less: record it" : "ok"
        failed = failed || change > 5
        printf "%-18s %10s %10s %+6.1f %% %s\n", $1, $2, recorded[$1], change, verdict
    }
    END {
        for (name in recorded)
            if (!(name in is_counted)) {
                printf "%-18s is in the record and was not counted\n", name
                failed = 1
            }
        if (failed)
            print "on purpose? record it: ./dev bench --baseline, and say why in the commit"
        exit failed
    }' "$record" "$scratch/counted" "$scratch/bytes"

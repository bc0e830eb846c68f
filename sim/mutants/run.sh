#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The mutation bar: every bug of mutants.txt is planted into a copy of the sources and must be found
# by its scenario within its budget, from 20 different ranges of seeds, and each finding must fail
# again by its repro command. The unchanged programs must pass the same campaigns.
#
# run.sh [FLAGS] [NAME...]
#
#   --build DIR    a configured Ninja tree in which the programs are built; else build/release
#   --scratch DIR  where copies go; else build/mutants
#   --quick        the rows marked so, from 3 ranges
#   --json         one JSON object a line instead of a table
#   --write-table  writes sim/mutants/table.md; needs the whole bar, and all of it found
#   --resume       goes on with a run that was interrupted; refused when anything changed since
#   --check-table  table.md tells of each row of mutants.txt that it is found; runs nothing
#   --programs     prints which targets the rows need, and ends
#   --rows FILE    instead of mutants.txt; its patches lie in the same folder
#   --ranges N     instead of 20
#   --survey       says what is found and what is not; only a broken hunt or control is a failure
#
# Exit code: 0 all found and replayed, 1 something was not or a control failed, 2 the command line
# or a row is wrong.
set -u

LC_ALL=C
export LC_ALL

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 2
source_dir=$(CDPATH='' cd -- "$here/../.." && pwd) || exit 2
build_dir=$source_dir/build/release
scratch=$source_dir/build/mutants
rows=$here/mutants.txt
ranges=20
quick=0
json=0
write_table=0
check_table=0
resume=0
only_programs=0
survey=0

die() {
    printf '%s\n' "mutants: $*" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=1 ranges=3 ;;
    --json) json=1 ;;
    --write-table) write_table=1 ;;
    --check-table) check_table=1 ;;
    --resume) resume=1 ;;
    --programs) only_programs=1 ;;
    --survey) survey=1 ;;
    --rows | --ranges | --build | --scratch)
        [ $# -ge 2 ] || die "$1 needs a value"
        case $1 in
        --rows) rows=$2 ;;
        --ranges) ranges=$2 ;;
        --build) build_dir=$2 ;;
        --scratch) scratch=$2 ;;
        esac
        shift
        ;;
    --*) die "unknown flag '$1'" ;;
    *) break ;;
    esac
    shift
done
case $ranges in
'' | *[!0-9]* | 0) die "--ranges $ranges: a whole number above 0" ;;
esac
[ -f "$rows" ] || die "no file $rows"
patches=$(CDPATH='' cd -- "$(dirname -- "$rows")" && pwd) || exit 2
tab=$(printf '\t')
jobs=$(nproc 2>/dev/null || echo 2)
[ "$write_table" -eq 0 ] || [ "$quick$#$ranges$survey" = 00200 ] \
    || die "--write-table needs the whole bar"

[ "$resume$only_programs$check_table" != 000 ] || rm -rf "$scratch"
mkdir -p "$scratch" || exit 2
scratch=$(CDPATH='' cd -- "$scratch" && pwd) || exit 2

# Checks the rows and writes those that are wanted, tab-separated, to SCRATCH/rows.
select_rows() {
    awk -F ' +[|] +' -v quick="$quick" -v names="$*" -v file="$rows" '
        function bad(text) { printf "%s:%d: %s\n", file, FNR, text; failed = 1 }
        BEGIN {
            OFS = "\t"
            count = split(names, list, " ")
            for (i = 1; i <= count; i++) wanted[list[i]] = 1
        }
        /^ *(#|$)/ { next }
        NF != 8 { bad("8 fields, divided by |, not " NF); next }
        $1 !~ /^[a-z0-9-]+$/ { bad("name \"" $1 "\": small letters, digits and -") }
        $1 in seen { bad("the name " $1 " stands in line " seen[$1] " already") }
        $2 !~ /^(product|order|harness)$/ { bad("kind \"" $2 "\": product, order or harness") }
        $5 !~ /^[1-9][0-9]*$/ { bad("budget \"" $5 "\": a whole number above 0") }
        $6 !~ /^(quick|full)$/ { bad("\"" $6 "\": quick or full") }
        {
            seen[$1] = FNR
            if (count > 0 ? $1 in wanted : !quick || $6 == "quick")
                print $1, $2, $3, $4, $5, $6, $7, $8 >out
        }
        END {
            for (i = 1; i <= count; i++)
                if (!(list[i] in seen)) {
                    printf "no mutant is named \"%s\"; see %s\n", list[i], file
                    failed = 1
                }
            exit failed
        }' out="$scratch/rows" "$rows" >&2 || exit 2
    [ -s "$scratch/rows" ] || die "$rows: no row to run"
    cut -f 1 "$scratch/rows" | while IFS= read -r name; do
        [ -f "$patches/$name.patch" ] || { die "$rows: no patch $patches/$name.patch"; }
    done || exit 2
    for patch in "$patches"/*.patch; do
        name=$(basename "$patch" .patch)
        grep -q "^$name *|" "$rows" || die "$patch: no row of $rows names it"
    done
}

# What a program is made of: plan.PROGRAM.commands, .link, .output and .objects.
make_plan() {
    plan=$scratch/plan.$1
    ninja -C "$build_dir" -t commands "$1" >"$plan.commands" 2>"$plan.error" \
        || die "$build_dir has no target $1"
    tail -n 1 "$plan.commands" >"$plan.link"
    sed -n 's/.* -o \([^ ]*\) .*/\1/p' "$plan.link" >"$plan.output"
    [ -x "$build_dir/$(cat "$plan.output")" ] || die "build the target $1 in $build_dir first"
    {
        tr ' ' '\n' <"$plan.link" | grep '\.o$'
        for archive in $(tr ' ' '\n' <"$plan.link" | grep '\.a$' | sort -u); do
            grep -F -e " qc $archive " "$plan.commands" | tr ' ' '\n' | grep '\.o$'
        done
    } | sort -u >"$plan.objects"
}

# One line a hunt: what hunt.sh wants from NAME on.
plan_jobs() {
    awk -F '\t' -v ranges="$ranges" '
        $4 == "-" { print $1, $3, $4, $5, 1, 1; key = $3 " -"; budget[key] = 1; next }
        {
            print $1, $3, $4, $5, 1, ranges
            count = split($4, list, ",")
            for (i = 1; i <= count; i++) {
                key = $3 " " list[i]
                if ($5 > budget[key]) budget[key] = $5
            }
        }
        END {
            for (key in budget)
                for (range = 1; range <= (key ~ / -$/ ? 1 : ranges); range++)
                    print "control", key, budget[key], range, range
        }' "$scratch/rows" >"$scratch/jobs"
}

# Sums up one hunt: found, mean, 95th percentile, largest, replayed, the commonest verdict, and how
# it ended. Any verdict counts: the control says that only the bug can be to blame.
sum_up() {
    sort -t "$(printf '\t')" -k 2n "$1" | awk -F '\t' '
        $1 == "end" { end = $2; next }
        {
            sum += $2; all[++count] = $2; replayed += $3
            votes[$4]++
            if (votes[$4] > votes[verdict]) verdict = $4
        }
        END {
            rank = int(count * 0.95 + 0.999)
            printf "%d\t%.1f\t%d\t%d\t%d\t%s\t%s\n", count, count ? sum / count : 0, all[rank],
                all[count], replayed, verdict == "" ? "-" : verdict,
                end == "" ? "the hunt did not end" : end
        }'
}

report_mutants() {
    while IFS=$tab read -r name kind program scenario budget _ bars rule; do
        wanted=$ranges
        [ "$scenario" != - ] || wanted=1
        sum_up "$scratch/$name.$program.$scenario.1.result" \
            | while IFS=$tab read -r found mean p95 largest replayed verdict end; do
                state=ok
                [ "$found" -eq "$wanted" ] && [ "$replayed" -eq "$found" ] || state=MISSED
                [ "$end" = ok ] || state=BROKEN
                printf '%s\t' "$state" "$name" "$kind" "$program" "$scenario" "$budget" \
                    "$wanted" "$found" "$mean" "$p95" "$largest" "$replayed" "$bars" \
                    "$rule" "$verdict"
                printf '%s\n' "$end"
            done
    done <"$scratch/rows" >"$scratch/found"
}

report_controls() {
    grep '^control ' "$scratch/jobs" | awk '{ print $2, $3, $4 }' | sort -u \
        | while read -r program scenario budget; do
            cat "$scratch/control.$program.$scenario".*.result >"$scratch/control"
            failures=$(grep -c -v '^end' "$scratch/control")
            wanted=$(grep -c "^control $program $scenario " "$scratch/jobs")
            ended=$(grep -c -x "end${tab}ok" "$scratch/control")
            state=ok
            [ "$failures" -eq 0 ] || state=FAILED
            [ "$ended" -eq "$wanted" ] || state=BROKEN
            printf '%s\t' "$state" "$program" "$scenario" "$budget" "$wanted" "$failures"
            grep -v -x "end${tab}ok" "$scratch/control" | tail -n 1 | cut -f 2- | tr '\t' ' ' \
                | grep . || echo -
        done >"$scratch/controls"
}

print_json() {
    awk -F '\t' -v survey="$survey" '
        function text(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); return "\"" s "\"" }
        FNR == NR {
            printf "{\"mutant\": %s, \"kind\": %s, \"found\": %d, ", text($2), text($3), $8
            printf "\"executions_mean\": %s, \"budget\": %d, \"seeds\": %d, ", $9, $6, $7
            printf "\"executions_p95\": %d, \"executions_max\": %d, ", $10, $11
            printf "\"replayed\": %d, \"program\": %s, \"scenario\": %s, ", $12, text($4), text($5)
            printf "\"state\": %s, \"verdict\": %s, ", text($1), text($15)
            printf "\"ended\": %s}\n", text($16)
            next
        }
        {
            printf "{\"mutant\": \"control\", \"kind\": \"control\", \"found\": %d, ", $6
            printf "\"executions_mean\": 0, \"budget\": %d, \"seeds\": %d, ", $4, $5
            printf "\"program\": %s, \"scenario\": %s, \"state\": %s, \"ended\": %s}\n",
                text($2), text($3), text($1), text($7)
        }' "$scratch/found" "$scratch/controls"
}

print_text() {
    awk -F '\t' '
        FNR == 1 && FNR == NR {
            printf "%-7s %-30s %7s %10s %8s %8s  %s\n", "", "mutant", "found", "mean", "p95",
                "budget", "verdict"
        }
        FNR == NR {
            printf "%-7s %-30s %3d/%-3d %10s %8d %8d  %s\n", $1, $2, $8, $7, $9, $10, $6,
                substr($15, 1, 90)
            if ($16 != "ok") printf "        %s\n", $16
            if ($12 != $8) printf "        only %d of %d findings fail again\n", $12, $8
            next
        }
        {
            printf "%-7s control %s %s: %d failed in %d ranges of %d\n", $1, $2, $3, $6, $5, $4
            if ($7 != "-") printf "        %s\n", $7
        }' "$scratch/found" "$scratch/controls"
}

# table.md: what a reader wants to know of each, with the figures of this run.
write_table() {
    {
        cat "$here/table.head.md"
        awk -F '\t' '
            # The verdict without what differs from run to run.
            function short(verdict) {
                sub(/^[a-z0-9-]*: /, "", verdict)
                sub(/^oracle: /, "", verdict)
                sub(/^data race: .*/, "data race", verdict)
                sub(/: no thread can run.*/, "", verdict)
                gsub(/[0-9]+/, "N", verdict)
                gsub(/[|]/, "\\|", verdict)
                return verdict
            }
            $3 != kind {
                kind = $3
                printf "\n## %s\n\n", kind == "product" ? "Product" \
                    : kind == "order" ? "Memory orders" : "Harness"
                printf "| patch | answers | hunted by | the rule it breaks "
                print "| found | found as | mean | p95 | budget |"
                print "|---|---|---|---|---|---|---|---|---|"
            }
            {
                by = $4 ($5 == "-" ? "" : " " $5)
                printf "| %s | %s | %s | %s | %d/%d | ", $2, $13, by, $14, $8, $7
                printf "%s | %s | %s | %s |\n", short($15), $9, $10, $6
            }' "$scratch/found"
    } >"$scratch/table.md" && mv "$scratch/table.md" "$source_dir/sim/mutants/table.md"
}

# Each row of mutants.txt must stand in table.md, all of its ranges and its budget, and no other.
compare_table() {
    awk -F ' +[|] +' -v ranges="$ranges" '
        FNR == NR {
            if ($0 !~ /^ *(#|$)/) wanted[$1] = ($4 == "-" ? "1/1" : ranges "/" ranges) " of " $5
            next
        }
        /^[|] / && !/^[|] patch / {
            sub(/^[|] /, "")
            sub(/ [|]$/, "")
            $0 = $0
            given[$1] = $5 " of " $NF
        }
        END {
            for (name in wanted)
                if (given[name] != wanted[name]) {
                    printf "%s: table.md says \"%s\" instead of \"%s\"\n", name, given[name],
                        wanted[name]
                    failed = 1
                }
            for (name in given)
                if (!(name in wanted)) { print name ": in table.md only"; failed = 1 }
            exit failed
        }' "$rows" "$source_dir/sim/mutants/table.md" >&2
}

# What the results of this run depend on.
fingerprint() {
    echo "$ranges"
    find "$source_dir/src" "$source_dir/sim" "$patches" -type f ! -name table.md \
        -exec cksum {} + | sort
    while IFS= read -r program; do
        cksum "$build_dir/$(cat "$scratch/plan.$program.output")"
    done <"$scratch/programs"
}

# Keeps what an interrupted run has done, or says why it cannot.
prepare_results() {
    fingerprint >"$scratch/fingerprint.new"
    if [ "$resume" -eq 1 ]; then
        [ -f "$scratch/fingerprint" ] || die "nothing to go on with in $scratch"
        cmp -s "$scratch/fingerprint" "$scratch/fingerprint.new" \
            || die "sources, programs or rows have changed since; run it without --resume"
    fi
    mv "$scratch/fingerprint.new" "$scratch/fingerprint"
    : >"$scratch/done"
}

# Runs the hunts, and says on standard error how many of them have ended.
run_hunts() {
    total=$(wc -l <"$scratch/jobs")
    # shellcheck disable=SC2016
    xargs -P "$jobs" -L 1 sh -c '
        hunt=$1
        shift
        began=$(date +%s)
        tail -n 1 "$3/$5.$6.$7.$9.result" 2>/dev/null | grep -q -x "end.ok" \
            || sh "$hunt" "$@" || exit 255
        printf "%d\t%s\n" "$(($(date +%s) - began))" "$5 $6 $7 $9" >>"$3/done"
        printf "mutants: %d of %d: %s\n" "$(wc -l <"$3/done")" "$0" "$5 $6 $7" >&2
    ' "$((total))" "$here/hunt.sh" "$source_dir" "$build_dir" "$scratch" "$patches" \
        <"$scratch/jobs" || die "a hunt ended badly, or was interrupted; see --resume"
}

if [ "$check_table" -eq 1 ]; then
    compare_table && exit 0
    echo "mutants: write it anew: ./dev mutants --write-table" >&2
    exit 1
fi
select_rows "$@"
cut -f 3 "$scratch/rows" | sort -u >"$scratch/programs"
if [ "$only_programs" -eq 1 ]; then
    cat "$scratch/programs"
    exit 0
fi
build_dir=$(CDPATH='' cd -- "$build_dir" && pwd) || die "no build tree $build_dir"
command -v ninja >/dev/null 2>&1 || die "ninja is not installed"
ninja -C "$build_dir" -t deps >"$scratch/deps" 2>/dev/null || die "$build_dir is no Ninja tree"
while IFS= read -r program; do
    make_plan "$program"
done <"$scratch/programs"
plan_jobs
prepare_results
trap 'echo "mutants: interrupted; --resume goes on" >&2; exit 130' INT TERM HUP
run_hunts
report_mutants
report_controls
if [ "$json" -eq 1 ]; then print_json; else print_text; fi
bad=$(cat "$scratch/found" "$scratch/controls" | cut -f 1 | grep -c -v -x ok)
if [ "$survey" -eq 1 ]; then
    bad=$(cat "$scratch/found" "$scratch/controls" | cut -f 1 | grep -c -e BROKEN -e FAILED)
fi
[ "$bad" -eq 0 ] || {
    echo "mutants: $bad not as they must be" >&2
    [ "$write_table" -eq 0 ] || echo "mutants: table.md was not written" >&2
    exit 1
}
[ "$write_table" -eq 0 ] || {
    write_table || die "table.md could not be written"
    compare_table || die "table.md is not whole"
}

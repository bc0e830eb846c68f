#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The protocol models: each must hold in all its states, and each fault that can be planted into it
# must be found.
#
# run.sh [FLAGS] [NAME...]      NAME: a model, without .pml; else all of them
#
#   --list         prints the models and their faults, and ends
#   --check        compares docs/reference/protocol-rules.md with models and mutants, and ends
#   --scratch DIR  where the checkers are built; else build/models
#   --models DIR   where the models are; else the folder of this script
#   --table FILE   instead of docs/reference/protocol-rules.md
#
# A model says in its first comment what is to be run:
#
#   verify MODE [FLAGS]       it must hold: `safety` (assertions, no thread that waits for ever), or
#                             `fair` (no cycle without progress that a fair scheduler keeps up)
#   fault NAME KIND: story    with -DNAME it must fail: by an assertion (`assert`), by a thread that
#                             waits for ever (`stuck`), or by a cycle without progress (`loop`)
#
# A search that was cut short proves nothing, so it fails; so does a model with statements that no
# state reaches, unless their line says /* unreached and why.
#
# Exit code: 0 all as it must be, 1 something was not, 2 the command line or a model is wrong, 77
# Spin is not installed.
set -u

LC_ALL=C
export LC_ALL

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 2
source_dir=$(CDPATH='' cd -- "$here/../.." && pwd) || exit 2
scratch=$source_dir/build/models
models=$here
table=$source_dir/docs/reference/protocol-rules.md
task=run
passed=0
failed=0

die() {
    printf '%s\n' "models: $*" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --list) task=list ;;
    --check) task=check ;;
    --scratch | --models | --table)
        [ $# -ge 2 ] || die "$1 needs a value"
        case $1 in
        --scratch) scratch=$2 ;;
        --models) models=$2 ;;
        --table) table=$2 ;;
        esac
        shift
        ;;
    --help)
        sed -n '3,/^set -u/s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    -*) die "unknown flag '$1'; see --help" ;;
    *) break ;;
    esac
    shift
done
[ -d "$models" ] || die "no folder $models"
models=$(CDPATH='' cd -- "$models" && pwd) || exit 2

# The names of all models: what has something to verify.
all_models() {
    for file in "$models"/*.pml; do
        if grep -q '^ \* verify ' "$file"; then
            basename "$file" .pml
        fi
    done
}

# plan MODEL: "verify MODE FLAGS" and "fault NAME KIND", one a line; a wrong line ends the script.
plan() {
    awk -v file="$models/$1.pml" '
        function bad(text) {
            printf "%s:%d: %s\n", file, FNR, text | "cat >&2"
            failed = 1
        }
        FNR > 1 && /^ \*\// && ++comments == 1 { exit }
        /^ \* verify/ {
            if ($3 != "safety" && $3 != "fair") bad("verify safety or fair, not \"" $3 "\"")
            verified++
            sub(/^ \* /, "")
            print
        }
        /^ \* fault/ {
            if ($3 !~ /^[A-Z][A-Z0-9_]*$/) bad("fault NAME KIND: story; capitals, digits and _")
            if ($4 !~ /^(assert|stuck|loop):$/) bad("the kind is assert, stuck or loop")
            if (NF < 6) bad("a fault has a story")
            if ($3 in seen) bad("the fault " $3 " stands in line " seen[$3] " already")
            seen[$3] = FNR
            sub(/:$/, "", $4)
            print "fault", $3, $4
        }
        END {
            if (!verified) bad("nothing to verify")
            exit failed ? 2 : 0
        }' "$models/$1.pml" || exit 2
}

if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046 # a list of words
    set -- $(all_models)
    [ $# -gt 0 ] || die "$models: no model"
fi
for name in "$@"; do
    [ -f "$models/$name.pml" ] || die "no model is named '$name'; there are: $(all_models | xargs)"
    lines=$(plan "$name") || exit 2
    for fault in $(printf '%s\n' "$lines" | sed -n 's/^fault \([^ ]*\) .*/\1/p'); do
        grep -q -E "^#.*\b$fault\b" "$models/$name.pml" \
            || die "$models/$name.pml: nothing is planted by $fault"
    done
done

# ---- The list and the table ----

if [ "$task" = list ]; then
    for name in "$@"; do
        printf '%s\n' "$name"
        sed -n 's/^ \* fault \([^ ]*\) \([^ ]*\): \(.*\)/    \1: \3 (\2)/p' "$models/$name.pml"
    done
    exit 0
fi

if [ "$task" = check ]; then
    [ -f "$table" ] || die "no file $table"
    mkdir -p "$scratch" || exit 2
    for name in "$@"; do
        plan "$name" | sed -n "s/^fault \([^ ]*\) .*/$name \1/p"
    done >"$scratch/faults.txt"
    # Rows: | rule | model and faults | mutants or why there is none |
    awk -F '|' -v file="$table" -v root="$source_dir" '
        function bad(text) { printf "%s:%d: %s\n", file, FNR, text; failed = 1 }
        FNR == NR { split($0, w, " "); wanted[w[1] " " w[2]] = 1; is_model[w[1]] = 1; next }
        !/^\|/ || /^\|-/ || /^\| rule / { next }
        {
            rows++
            if (NF != 5) { bad("a row has 3 columns, not " NF - 2); next }
            model = ""
            count = split($3, parts, "`")
            for (i = 2; i <= count; i += 2) {
                if (parts[i] ~ /^[a-z]+$/) {
                    model = parts[i]
                    if (!(model in is_model)) bad("no model is named " model)
                } else if ((model " " parts[i]) in wanted) {
                    named[model " " parts[i]] = 1
                } else bad("the model " model " has no fault " parts[i])
            }
            if (count < 3 && $3 !~ /no model: ./) bad("no model, and not \"no model: why\"")
            count = split($4, parts, "`")
            for (i = 2; i <= count; i += 2) {
                if (parts[i] ~ / /) continue # a command
                path = parts[i] ~ /\// ? parts[i] : "sim/mutants/" parts[i] ".patch"
                if ((getline line <(root "/" path)) < 0) bad("there is no " path)
                else close(root "/" path)
            }
            if (count < 3 && $4 !~ /no mutant: ./) bad("no mutant, and not \"no mutant: why\"")
        }
        END {
            for (fault in wanted)
                if (!(fault in named)) {
                    printf "%s: no row names the fault %s\n", file, fault
                    failed = 1
                }
            if (!rows) { printf "%s: no rows\n", file; failed = 1 }
            if (!failed) printf "models: %d rules, all that they name exists\n", rows
            exit failed
        }' "$scratch/faults.txt" "$table"
    exit
fi

# ---- Running ----

command -v spin >/dev/null 2>&1 || {
    echo "models: spin is not installed; nothing was run" >&2
    exit 77
}

# search OPTIMISE MODE FLAGS...: checks the model $name; its report is then in ./out.
search() {
    optimise=$1
    mode=$2
    shift 2
    case $mode in
    safety) set -- -DSAFETY -- "$@" ;;
    *) set -- '-DNP -DNFAIR=4' -- "$@" ;;
    esac
    options=$1
    shift 2
    rm -f pan pan.? ./*.trail out
    if ! spin -a "$@" "$models/$name.pml" >out 2>&1 || [ ! -f pan.c ]; then
        return 1
    fi
    # shellcheck disable=SC2086 # a list of words
    ${CC:-cc} "$optimise" -w $options -DMEMLIM=1900 -o pan pan.c >out 2>&1 || return 1
    case $mode in
    safety) ./pan -m1000000 >out 2>&1 ;;
    *) ./pan -m1000000 -l -f >out 2>&1 ;;
    esac
}

# What the search found: `none` in all states, a kind of failure, `cut` when it proves nothing, or
# `nothing` when there was none.
outcome() {
    awk '
        /max search depth too small|Search not completed|out of memory|MEMLIM bound/ { cut = 1 }
        /^pan:1: assertion violated/ { kind = "assert" }
        /^pan:1: invalid end state/ { kind = "stuck" }
        /^pan:1: (non-progress|acceptance) cycle/ { kind = "loop" }
        /^pan:1: / && kind == "" { kind = "other" }
        /, errors: [0-9]+$/ { errors = $NF; ended = 1 }
        END {
            if (!ended) print "nothing"
            else if (errors > 0) print kind == "" ? "other" : kind
            else print cut ? "cut" : "none"
        }' out
}

# report STATE WHAT VERDICT
report() {
    states=$(awk '/states, stored/ { n = $1 } END { printf "%d", n }' out)
    seconds=$(awk '/^pan: elapsed time/ { n = $4 } END { printf "%.1f", n }' out)
    printf '%-6s %-9s %-24s %9s states %6s s  %s\n' "$1" "$name" "$2" "$states" "$seconds" "$3"
    if [ "$1" = ok ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        grep -e '^pan:' -e 'rror' -e too.small out | head -n 5 | sed 's/^/       /'
    fi
}

# The statements of the model that no state of the last search reached.
unreached() {
    awk -v model="$models/$name.pml" '
        BEGIN {
            while ((getline line <model) > 0) {
                row++
                excused[row] = index(line, "/* unreached") > 0
            }
        }
        /^unreached in / { listing = 1; next }
        /^[^\t]/ { listing = 0 }
        # The stores of memory.pml are spelt out in the model, with branches that one caller needs
        # and another does not.
        listing && index($0, "/" name ".pml:") && !/, "\(*buffer\[/ {
            at = $0
            sub(/^.*[.]pml:/, "", at)
            number = at
            sub(/,.*/, "", number)
            text = at
            sub(/^[0-9]*, state [0-9]*, /, "", text)
            if (!excused[number]) print number ": " text
        }' name="$name" out | sort -u
}

verify() {
    mode=$1
    shift
    search -O2 "$mode" "$@" || true
    what="$mode $*"
    case $(outcome) in
    none)
        report ok "$what" holds
        if [ "$mode" = safety ]; then
            searches=$((searches + 1))
            unreached >>unreached.txt
        fi
        ;;
    cut) report FAILED "$what" "not all states were searched" ;;
    nothing) report FAILED "$what" "no search could be made" ;;
    *) report FAILED "$what" "$(outcome): it must hold" ;;
    esac
}

plant() {
    # Faults are found soon: a checker that is built faster saves more than one that runs faster.
    case $2 in
    loop) search -O0 fair "-D$1" ;;
    *) search -O0 safety "-D$1" ;;
    esac
    found=$(outcome)
    if [ "$found" = "$2" ]; then
        report ok "$1" "found: $found"
    else
        report FAILED "$1" "must be found as $2, but: $found"
    fi
}

for name in "$@"; do
    rm -rf "${scratch:?}/$name"
    mkdir -p "$scratch/$name" || exit 2
    cd "$scratch/$name" || exit 2
    scratch=$(CDPATH='' cd -- .. && pwd) || exit 2
    plan "$name" >plan.txt || exit 2
    searches=0
    : >unreached.txt
    while read -r what first second; do
        # shellcheck disable=SC2086 # flags are a list of words
        case $what in
        verify) verify "$first" $second ;;
        fault) plant "$first" "$second" ;;
        esac
    done <plan.txt
    # Reached by none of the searches that hold.
    sort unreached.txt | uniq -c | awk -v all="$searches" '$1 == all { $1 = ""; print }' >dead.txt
    if [ -s dead.txt ]; then
        failed=$((failed + 1))
        echo "FAILED $name: statements that no state reaches:"
        sed "s|^ |       $name.pml:|" dead.txt
    fi
done
echo "models: $passed passed, $failed failed"
[ "$failed" -eq 0 ]

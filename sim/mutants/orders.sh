#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Weakens each memory order and drops each fence of the given files, one at a time, and hunts each
# by a scenario. What is not found needs an entry in orders.txt that says why; one without fails,
# and so does an entry whose place is no longer there, or one that was found and said not to be.
#
# orders.sh --list  [FILE...]                 prints the places and their verdicts, and hunts none
# orders.sh --check [FILE...]                 the entries match the places; hunts none
# orders.sh --hunt BUILD SCRATCH [FILE...]    hunts
#
# An acquire load or a release store becomes relaxed; a sequentially consistent one, first acquire
# or release, then relaxed; a fence goes. Without FILE: each that orders.txt names. BUILD is a Ninja
# tree with simcheck_ring and simcheck_bus built; FILE is named from the root of the tree.
#
# Exit code: 0 all as orders.txt says, 1 something is not, 2 the command line or an entry is wrong.
set -u

LC_ALL=C
export LC_ALL

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 2
root=$(CDPATH='' cd -- "$here/../.." && pwd) || exit 2
entries=$here/orders.txt
budget=3000
tab=$(printf '\t')

die() {
    printf '%s\n' "orders.sh: $*" >&2
    exit 2
}

mode=${1:-}
case $mode in
--list | --check) shift ;;
--hunt)
    [ $# -ge 3 ] || die "--hunt needs BUILD and SCRATCH"
    build=$2
    scratch=$3
    shift 3
    ;;
*) die "usage: orders.sh --list|--check|--hunt BUILD SCRATCH [FILE...]" ;;
esac

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# The entries, tab-separated, with their line: file, function, code, verdict, reason.
awk -F ' +[|] +' -v file="$entries" '
    function bad(text) { printf "%s:%d: %s\n", file, FNR, text; failed = 1 }
    /^ *(#|$)/ { next }
    NF != 5 { bad("5 fields, divided by |, not " NF); next }
    $4 !~ /^(found|needed|not-needed)$/ {
        bad("verdict \"" $4 "\": found, needed or not-needed")
        next
    }
    $5 == "" || ($4 != "found" && $5 == "-") { bad("a reason is missing"); next }
    { printf "%s\t%s\t%s\t%s\t%s\t%d\n", $1, $2, $3, $4, $5, FNR >out }
    END { exit failed }' out="$work/entries" "$entries" >&2 || exit 2
[ $# -gt 0 ] || {
    cut -f 1 "$work/entries" | sort -u >"$work/files"
    # shellcheck disable=SC2046
    set -- $(cat "$work/files")
}

# The places of one file: file, line, function, code. The function is the last name in front of a
# parenthesis in the first column's lines.
places() {
    awk -v file="$1" '
        /^[a-z][^;]*[(]/ {
            name = $0
            sub(/[(].*/, "", name)
            sub(/.*[ *]/, "", name)
        }
        /^ *(\/\/|\*)/ { next }
        /myc_(load_acquire|load_seq_cst|store_release|store_seq_cst)_|myc_fence_[a-z_]+[(]/ {
            code = $0
            gsub(/^ +| +$/, "", code)
            printf "%s\t%d\t%s\t%s\n", file, FNR, name, code
        }' "$root/$1"
}

for file in "$@"; do
    [ -f "$root/$file" ] || die "no file $file"
    places "$file"
done >"$work/places"

# Joins both: file, line, function, code, verdict, reason; none or several entries are errors.
awk -F '\t' -v entries="$entries" '
    function bad(text) { printf "%s\n", text; failed = 1 }
    FNR == NR {
        file[++count] = $1; name[count] = $2; code[count] = $3
        verdict[count] = $4; reason[count] = $5; at[count] = $6
        next
    }
    {
        is_given[$1] = 1
        hit = 0
        for (i = 1; i <= count; i++) {
            if (file[i] != $1 || name[i] != $3 || index($4, code[i]) == 0) continue
            used[i]++
            if (hit) bad($1 ":" $2 ": entries " at[hit] " and " at[i] " of " entries " match it")
            hit = i
        }
        if (!hit) bad($1 ":" $2 ": no entry of " entries " for " $3 ": " $4)
        print $1 "\t" $2 "\t" $3 "\t" $4 "\t" verdict[hit] "\t" reason[hit] >out
    }
    END {
        for (i = 1; i <= count; i++)
            if (file[i] in is_given) {
                place = file[i] " " name[i] ": " code[i]
                if (!used[i]) bad(entries ":" at[i] ": no such place: " place)
                if (used[i] > 1) bad(entries ":" at[i] ": " used[i] " places match it")
            }
        exit failed
    }' out="$work/joined" "$work/entries" "$work/places" >&2 || exit 1

if [ "$mode" != --hunt ]; then
    [ "$mode" = --check ] \
        || awk -F '\t' '{ printf "%-10s %s:%s %s\n", $5, $1, $2, $3 }' "$work/joined"
    exit 0
fi

# Addressed by its line, so that one place changes and no other.
weaken() {
    sed -E "$2 $3" "$root/$1" >"$work/weak"
    cmp -s "$root/$1" "$work/weak" && return
    name=$(printf '%s' "$1" | sed 's|^src/||; s|[/._]|-|g')-$2-$4
    diff -u --label "a/$1" --label "b/$1" "$root/$1" "$work/weak" >"$scratch/rows/$name.patch"
    case $1 in
    src/ring/*) hunted="simcheck_ring | threads,kills,stream,lapping" ;;
    *) hunted="simcheck_bus | bus,bus-kill" ;;
    esac
    echo "$name | order | $hunted | $budget | full | - | $1:$2"
}

rm -rf "$scratch"
mkdir -p "$scratch/rows" || exit 2
while IFS=$tab read -r file line _; do
    weaken "$file" "$line" 's/myc_load_seq_cst_/myc_load_acquire_/' acquire
    weaken "$file" "$line" 's/myc_store_seq_cst_/myc_store_release_/' release
    weaken "$file" "$line" 's/myc_load_(acquire|seq_cst)_/myc_load_relaxed_/' relaxed
    weaken "$file" "$line" 's/myc_store_(release|seq_cst)_/myc_store_relaxed_/' relaxed
    weaken "$file" "$line" 's/myc_fence_[a-z_]+\(\);/(void)0;/' gone
done <"$work/joined" >"$scratch/rows/mutants.txt"
sh "$here/run.sh" --survey --ranges 1 --rows "$scratch/rows/mutants.txt" --build "$build" \
    --scratch "$scratch/hunt" >"$scratch/report.txt" || {
    cat "$scratch/report.txt" >&2
    die "the hunt or its control is broken"
}
awk -F '\t' '
    FNR == NR { verdict[$1 ":" $2] = $5; reason[$1 ":" $2] = $6; next }
    {
        state = $8 > 0 ? "found" : $1 == "BROKEN" ? "broken" : "survives"
        wanted = verdict[$14]
        wrong = state == "broken" || (state == "found" && wanted == "not-needed") \
            || (state == "survives" && wanted == "found")
        failed = failed || wrong
        printf "%-5s %-8s %-10s %s %s\n", wrong ? "WRONG" : "ok", state, wanted, $14, \
            state == "found" ? $9 " " $15 : reason[$14]
    }
    END { exit failed }' "$work/joined" "$scratch/hunt/found"

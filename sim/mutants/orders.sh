#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Weakens each memory order and drops each fence of the given files, one at a time, and hunts each
# by a scenario. What is not found needs an entry in orders.txt that says why; one without fails,
# and so does an entry whose place is no longer there, or one that was found and said not to be.
#
# orders.sh --list  [FILE...]                 prints the places and their verdicts, and hunts none
# orders.sh --check [FILE...]                 the entries match the places; hunts none
# orders.sh --programs [FILE...]              the targets that hunt them
# orders.sh --hunt BUILD SCRATCH [FILE...]    hunts
#
# An acquire load or a release store becomes relaxed; a sequentially consistent one, first acquire
# or release, then relaxed; an exchange, addition or compare-exchange loses one half, so that only
# acquire or only release is left; a fence goes. Without FILE: each file of src that has such a
# place. BUILD is a Ninja tree with the programs built; FILE is named from the root of the tree.
#
# Exit code: 0 all as orders.txt says, 1 something is not, 2 the command line or an entry is wrong.
set -u

LC_ALL=C
export LC_ALL

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 2
root=$(CDPATH='' cd -- "$here/../.." && pwd) || exit 2
entries=$here/orders.txt
tab=$(printf '\t')

die() {
    printf '%s\n' "orders.sh: $*" >&2
    exit 2
}

mode=${1:-}
case $mode in
--list | --check | --programs) shift ;;
--hunt)
    [ $# -ge 3 ] || die "--hunt needs BUILD and SCRATCH"
    build=$2
    scratch=$3
    shift 3
    ;;
*) die "usage: orders.sh --list|--check|--programs|--hunt BUILD SCRATCH [FILE...]" ;;
esac

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# The entries, tab-separated, with their line: file, function, code, weakened to, verdict, reason.
awk -F ' +[|] +' -v file="$entries" '
    function bad(text) { printf "%s:%d: %s\n", file, FNR, text; failed = 1 }
    /^ *(#|$)/ { next }
    NF != 6 { bad("6 fields, divided by |, not " NF); next }
    $4 !~ /^(acquire|release|relaxed|gone)$/ {
        bad("weakened to \"" $4 "\": acquire, release, relaxed or gone")
        next
    }
    $5 !~ /^(found|needed|not-needed)$/ {
        bad("verdict \"" $5 "\": found, needed or not-needed")
        next
    }
    $6 == "" || ($5 != "found" && $6 == "-") { bad("a reason is missing"); next }
    { printf "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", $1, $2, $3, $4, $5, $6, FNR >out }
    END { exit failed }' out="$work/entries" "$entries" >&2 || exit 2

ordered='myc_(load_acquire|load_seq_cst|store_release|store_seq_cst|exchange|fetch_add)_u'
ordered="$ordered|myc_compare_exchange_(weak_)?u|myc_fence_[a-z_]+[(]"

# The library's files with an order in them, and those that an entry names. No scenario runs the
# tool, whose threads share a flag.
[ $# -gt 0 ] || {
    (cd "$root" && grep -r -l -E -e "$ordered" --include='*.c' --include='*.h' src) \
        | grep -v -e '^src/mycelium/\(atomic\|ring\).h' -e '^src/tool/' >"$work/used"
    cut -f 1 "$work/entries" | sort -u - "$work/used" >"$work/files"
    # shellcheck disable=SC2046
    set -- $(cat "$work/files")
}

# The places of one file: file, line, function, code, weakened to. The function is the last name in
# front of a parenthesis in the first column's lines; the code ends with how often the function has
# had that line, as " (1)".
places() {
    awk -v file="$1" -v ordered="$ordered" '
        function place(to) { printf "%s\t%d\t%s\t%s\t%s\n", file, FNR, name, code, to }
        /^[a-z][^;]*[(]/ {
            name = $0
            sub(/[(].*/, "", name)
            sub(/.*[ *]/, "", name)
        }
        /^ *(\/\/|\*)/ || $0 !~ ordered { next }
        {
            code = $0
            if (gsub(ordered, "&", code) > 1) {
                printf "%s:%d: two orders in one line\n", file, FNR >"/dev/stderr"
                exit 1
            }
            gsub(/^ +| +$/, "", code)
            code = code " (" ++times[name, code] ")"
        }
        /myc_fence_/ { place("gone"); next }
        /myc_(exchange|fetch_add|compare_exchange)_/ { place("acquire"); place("release"); next }
        /myc_load_seq_cst_/ { place("acquire") }
        /myc_store_seq_cst_/ { place("release") }
        { place("relaxed") }' "$root/$1"
}

for file in "$@"; do
    [ -f "$root/$file" ] || die "no file $file"
    places "$file" || exit 2
done >"$work/places" || exit 2

# Joins both: file, line, function, code, weakened to, verdict, reason; none or several entries are
# errors.
awk -F '\t' -v entries="$entries" '
    function bad(text) { printf "%s\n", text; failed = 1 }
    FNR == NR {
        file[++count] = $1; name[count] = $2; code[count] = $3; to[count] = $4
        verdict[count] = $5; reason[count] = $6; at[count] = $7
        next
    }
    {
        is_given[$1] = 1
        hit = 0
        for (i = 1; i <= count; i++) {
            if (file[i] != $1 || name[i] != $3 || to[i] != $5 || index($4, code[i]) == 0) continue
            used[i]++
            if (hit) bad($1 ":" $2 ": entries " at[hit] " and " at[i] " of " entries " match it")
            hit = i
        }
        if (!hit) bad($1 ":" $2 ": no entry of " entries " for " $3 ": " $4 ", to " $5)
        print $1 "\t" $2 "\t" $3 "\t" $4 "\t" $5 "\t" verdict[hit] "\t" reason[hit] >out
    }
    END {
        for (i = 1; i <= count; i++)
            if (file[i] in is_given) {
                place = file[i] " " name[i] ": " code[i] ", to " to[i]
                if (!used[i]) bad(entries ":" at[i] ": no such place: " place)
                if (used[i] > 1) bad(entries ":" at[i] ": " used[i] " places match it")
            }
        exit failed
    }' out="$work/joined" "$work/entries" "$work/places" >&2 || exit 1

# Who hunts a file: the program, its scenarios, and how many executions of each.
hunted_by() {
    case $1 in
    src/ring/gate.c | src/ring/held.c | src/ring/required.c | src/ring/wait.c | src/ring/wake.c)
        echo 'simcheck_live | live,live-required,live-crash | 4000' ;;
    src/memory/* | src/seat/* | src/ring/resume.c) echo 'simcheck_place | places | 2000' ;;
    src/ring/* | src/mycelium/ring_*) echo 'simcheck_ring | threads,kills,stream,lapping | 20000' ;;
    src/queue/spsc.c) echo 'simcheck_queue | spsc | 20000' ;;
    src/queue/mpsc.c) echo 'simcheck_queue | mpsc | 20000' ;;
    src/queue/mpmc.c) echo 'simcheck_queue | mpmc | 20000' ;;
    src/queue/* | src/mycelium/queue.h) echo 'simcheck_queue | spsc,mpsc,mpmc | 20000' ;;
    src/workers/*) echo 'simcheck_workers | workers,workers-kills,workers-scheduler | 8000' ;;
    src/pool/*) echo 'simcheck_pool | churn,twice | 8000' ;;
    src/bus/node.c | src/bus/service.c) echo 'simcheck_trading | trading,trading-broken | 50' ;;
    src/bus/* | src/transport/*) echo 'simcheck_bus | bus,bus-kill | 1500' ;;
    *) die "$1: no scenario hunts it; name one in hunted_by" ;;
    esac
}

for file in "$@"; do
    hunted_by "$file" || exit 2
done >"$work/hunters" || exit 2

case $mode in
--programs)
    sed 's/ .*//' "$work/hunters" | sort -u
    exit 0
    ;;
--list)
    awk -F '\t' '{ printf "%-10s %s:%s %s to %s\n", $6, $1, $2, $3, $5 }' "$work/joined"
    exit 0
    ;;
--check) exit 0 ;;
esac

# What stands for a weakened exchange and its kin, in the simcheck build.
cat >"$work/weak.h" <<'END'
#ifndef WEAK_ORDERS
#define WEAK_ORDERS
#include <mycelium/atomic.h>
#define weak_rmw(op_, order_, p_, v_, old_)                                                        \
    myc_simcheck_atomic(op_, &(p_)->value, (uint32_t)sizeof((p_)->value), (v_), (old_), (order_))
#define weak_exchange_u32(order_, p_, v_)                                                          \
    ((uint32_t)weak_rmw(MYC_SIMCHECK_EXCHANGE, order_, p_, v_, 0))
#define weak_exchange_u64(order_, p_, v_) weak_rmw(MYC_SIMCHECK_EXCHANGE, order_, p_, v_, 0)
#define weak_fetch_add_u32(order_, p_, v_)                                                         \
    ((uint32_t)weak_rmw(MYC_SIMCHECK_ADD, order_, p_, v_, 0))
#define weak_fetch_add_u64(order_, p_, v_) weak_rmw(MYC_SIMCHECK_ADD, order_, p_, v_, 0)
#define weak_compare_exchange_u32(order_, p_, old_, v_)                                            \
    ((uint32_t)weak_rmw(MYC_SIMCHECK_COMPARE_EXCHANGE, order_, p_, v_, old_) == (old_))
#define weak_compare_exchange_u64(order_, p_, old_, v_)                                            \
    (weak_rmw(MYC_SIMCHECK_COMPARE_EXCHANGE, order_, p_, v_, old_) == (old_))
#define weak_compare_exchange_weak_u32(order_, p_, old_, v_)                                       \
    __extension__({                                                                                \
        uint64_t seen_ = *(old_);                                                                  \
        bool is_done_ =                                                                            \
            myc_simcheck_compare_exchange_weak(&(p_)->value, 4, &seen_, (v_), (order_));           \
        *(old_) = (uint32_t)seen_;                                                                 \
        is_done_;                                                                                  \
    })
#define weak_compare_exchange_weak_u64(order_, p_, old_, v_)                                       \
    myc_simcheck_compare_exchange_weak(&(p_)->value, 8, (old_), (v_), (order_))
#endif
END

# weaken FILE LINE TO: makes the patch and prints its row. Addressed by its line, so that one place
# changes and no other.
weaken() {
    order=__ATOMIC_$(printf '%s' "$3" | tr '[:lower:]' '[:upper:]')
    exchanges='exchange|fetch_add|compare_exchange|compare_exchange_weak'
    printf '%s\n' \
        "$2 s/myc_($exchanges)_(u[0-9]+)\\(/weak_\\1_\\2($order, /" \
        "$2 s/myc_(load|store)_(acquire|release|seq_cst)_/myc_\\1_$3_/" \
        "$2 s/myc_fence_[a-z_]+\\(\\);/(void)0;/" >"$work/weaken.sed"
    sed -E -f "$work/weaken.sed" "$root/$1" >"$work/weak"
    ! grep -q weak_ "$work/weak" || sed -i "1r $work/weak.h" "$work/weak"
    name=$(printf '%s' "$1" | sed 's|^src/||; s|[/._]|-|g')-$2-$3
    ! diff -u --label "a/$1" --label "b/$1" "$root/$1" "$work/weak" >"$scratch/rows/$name.patch" \
        || die "$1:$2: cannot be weakened to $3"
    hunted=$(hunted_by "$1") || exit 2
    echo "$name | order | $hunted | full | - | $1:$2:$3"
}

rm -rf "$scratch"
mkdir -p "$scratch/rows" || exit 2
while IFS=$tab read -r file line _ _ to _; do
    weaken "$file" "$line" "$to" || exit 2
done <"$work/joined" >"$scratch/rows/mutants.txt" || exit 2
sh "$here/run.sh" --survey --ranges 1 --rows "$scratch/rows/mutants.txt" --build "$build" \
    --scratch "$scratch/hunt" >"$scratch/report.txt" || {
    cat "$scratch/report.txt" >&2
    die "the hunt or its control is broken"
}
awk -F '\t' '
    FNR == NR { verdict[$1 ":" $2 ":" $5] = $6; reason[$1 ":" $2 ":" $5] = $7; next }
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

#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Weakens each memory order and drops each fence of the given files, one at a time, and hunts each
# by the ring's scenarios. Prints what was found and what was not, each with its place; a survivor
# is no failure: it may not be needed, or no scenario may look there.
#
# orders.sh BUILD SCRATCH FILE...
#
# An acquire, a release or a sequentially consistent load or store becomes relaxed; a fence goes.
# BUILD is a Ninja tree with simcheck_ring built; FILE is named from the root of the tree.
set -eu

LC_ALL=C
export LC_ALL

[ $# -ge 3 ] || {
    echo "usage: orders.sh BUILD SCRATCH FILE..." >&2
    exit 2
}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
build=$1
scratch=$2
shift 2
budget=3000
weaken='s/myc_(load_acquire|load_seq_cst)_/myc_load_relaxed_/
s/myc_(store_release|store_seq_cst)_/myc_store_relaxed_/
s/myc_fence_seq_cst\(\);/(void)0;/'

rm -rf "$scratch"
mkdir -p "$scratch/rows"
for file in "$@"; do
    [ -f "$root/$file" ] || {
        echo "orders.sh: no file $file" >&2
        exit 2
    }
    grep -n -E 'myc_(load_acquire|load_seq_cst|store_release|store_seq_cst|fence_seq_cst)' \
        "$root/$file" | grep -v -E '^[0-9]+: *(//|\*)' | cut -d : -f 1 | while read -r line; do
        name=$(printf '%s' "$file" | sed 's|^src/||; s|[/._]|-|g')-$line
        # Addressed by its line, so that one site changes and no other.
        printf '%s\n' "$weaken" | sed "s/^/$line /" >"$scratch/edit"
        sed -E -f "$scratch/edit" "$root/$file" >"$scratch/weak"
        diff -u --label "a/$file" --label "b/$file" "$root/$file" "$scratch/weak" \
            >"$scratch/rows/$name.patch" || true
        hunted="simcheck_ring | threads,kills,stream"
        echo "$name | order | $hunted | $budget | full | - | $file:$line"
    done
done >"$scratch/rows/mutants.txt"
sh "$here/run.sh" --survey --ranges 1 --rows "$scratch/rows/mutants.txt" --build "$build" \
    --scratch "$scratch/hunt" >"$scratch/report.txt" || true
awk -F '\t' '
    { print ($8 > 0 ? "found" : $1 == "BROKEN" ? "broken" : "survives"), $14, $9, $15 }
    ' "$scratch/hunt/found"

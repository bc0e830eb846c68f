#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# run.sh BUILD_DIR: builds the shop as a project of its own, runs it on every topology, and lets the
# simulator find the planted bug and repeat it.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=$1
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT

die() {
    printf 'shop: %s\n' "$*" >&2
    exit 1
}

cmake -S "$here" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo >"$run/log" 2>&1 \
    && cmake --build "$build" -j2 >>"$run/log" 2>&1 || { cat "$run/log" >&2; exit 1; }

"$build/shop" "$here/local.toml" all "$run" 2>/dev/null | tee "$run/local"
grep -q 'left counted 1000, right counted 1000' "$run/local" || die 'local: sales are missing'
for kind in shm unix tcp; do
    timeout 30 "$build/shop" "$here/$kind.toml" back "$run" >"$run/back" 2>"$run/log" &
    back=$!
    timeout 30 "$build/shop" "$here/$kind.toml" front "$run" 2>/dev/null | tee "$run/front"
    wait "$back" || die "$kind: $(cat "$run/log")"
    cat "$run/back"
    grep -q 'left counted 1000' "$run/front" || die "$kind: the left clerk misses sales"
    grep -q 'right counted 1000' "$run/back" || die "$kind: the right clerk misses sales"
done

"$build/sim_shop" shop --seeds 1..200 --check-determinism || die 'the shop fails in the simulator'
if "$build/sim_shop" broken --seeds 1..200 >"$run/log" 2>&1; then
    die 'the planted bug was not found'
fi
seed=$(sed -n 's/^ *run again: .* --seed \([0-9]*\).*/\1/p' "$run/log" | head -n 1)
[ -n "$seed" ] || die "no command to run again: $(cat "$run/log")"
if "$build/sim_shop" broken --seed "$seed" >"$run/again" 2>&1; then
    die "seed $seed does not repeat the failure"
fi
grep -q 'the tally is what the clerks counted' "$run/again" || die 'another failure than planted'
printf 'the planted bug: seed %s, found and repeated\n' "$seed"

#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# run.sh BUILD_DIR [CMAKE_OPTION...]: builds the shop as a project of its own, runs it on every
# topology, and in the simulator. The options say where mycelium is: -DMYCELIUM_FOLDER=checkout or
# -DCMAKE_PREFIX_PATH=prefix.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=$1
shift
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT

die() {
    printf 'shop: %s\n' "$*" >&2
    exit 1
}

# Not optimised: most of the time goes into compiling.
cmake -S "$here" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug "$@" >"$run/log" 2>&1 \
    || die "cmake: $(cat "$run/log")"
cmake --build "$build" -j2 >"$run/log" 2>&1 || die "the build: $(cat "$run/log")"

# Other runs of this script may hold the ports of the file.
port=$((10000 + $$ % 10000 * 2))
sed -e "s/24893/$port/" -e "s/24894/$((port + 1))/" "$here/tcp.toml" >"$run/tcp.toml"
cp "$here/local.toml" "$here/shm.toml" "$here/unix.toml" "$run"

"$build/shop" "$run/local.toml" all "$run" 2>"$run/log" | tee "$run/local"
grep -q 'left took 50000 cents, right took 50000' "$run/local" || die "local: $(cat "$run/log")"
for kind in shm unix tcp; do
    timeout 30 "$build/shop" "$run/$kind.toml" back "$run" >"$run/back" 2>"$run/log" &
    back=$!
    timeout 30 "$build/shop" "$run/$kind.toml" front "$run" 2>"$run/log.front" | tee "$run/front"
    wait "$back" || die "$kind: $(cat "$run/log")"
    cat "$run/back"
    grep -q 'left took 50000 cents' "$run/front" || die "$kind: $(cat "$run/log.front")"
    grep -q 'right took 50000 cents' "$run/back" || die "$kind: the right clerk misses sales"
done

ctest --test-dir "$build" --no-tests=error --output-on-failure >"$run/log" 2>&1 \
    || die "the simulation: $(cat "$run/log")"
grep 'tests passed' "$run/log"

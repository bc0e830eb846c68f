#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# simulate_installed.sh PREFIX SOURCE ARCHIVE: simulates the archive that is installed. The trading
# services and their scenario are copied out of the tree and linked with the installed
# libmycelium.a, the production program with the same file, which holds the bytes of the build's
# ARCHIVE.
name=simulate_installed
prefix=$1
source=$2
archive=$3
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
installed=$prefix/lib/libmycelium.a

sum() {
    sha256sum "$1" | cut -d ' ' -f 1
}

# archives_of PROGRAM: the archives of this library on the line that links it, less the folders
# above the prefix.
archives_of() {
    ninja -C "$work/build" -t commands "$1" | grep -e " -o $1 " >"$work/line"
    grep -o '[^"/]*/lib/libmycelium[a-z_]*\.a' "$work/line" | sed 's|\\||g' | sort -u
}

before=$(sum "$installed")
[ "$before" = "$(sum "$archive")" ] || die "$installed and $archive differ"

mkdir "$work/trading"
cp "$source"/docs/examples/trading/*.[ch] "$source/docs/examples/trading/contracts.yaml" \
    "$source/docs/examples/trading/local.toml" "$source"/sim/scenarios/trading*.[ch] "$work/trading"
cp "$here/trading/CMakeLists.txt" "$work/trading"
quietly configure configure "$work/trading" "$work/build"
quietly build cmake --build "$work/build" -j2
if grep -F -l -e "$source/src" -e "$source/sim" "$work/build/build.ninja"; then
    die 'something is built from the tree, not from what is installed'
fi

wanted="$(basename "$prefix")/lib/libmycelium.a"
for program in sim_trading trading; do
    found=$(archives_of $program | grep -v toml) || true
    [ "$found" = "$wanted" ] || die "$program links '$found' instead of '$wanted'"
done

"$work/build/trading" --topology "$work/trading/local.toml" >"$work/log" 2>&1 \
    || die "the program: $(cat "$work/log")"
for scenario in trading trading-whole trading-broken; do
    "$work/build/sim_trading" $scenario --seeds 1..200 --check-determinism >"$work/log" 2>&1 \
        || die "$scenario: $(cat "$work/log")"
    grep "^$scenario: [0-9]* runs, 0 failed" "$work/log" || die "$scenario: $(cat "$work/log")"
done
[ "$before" = "$(sum "$installed")" ] || die "$installed was changed"
echo "simulated: libmycelium.a, sha256 $before"

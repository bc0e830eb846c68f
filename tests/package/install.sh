#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# install.sh PREFIX SOURCE BUILD FIRST: installs the build below FIRST, moves that to PREFIX, and
# looks whether all is there and nothing remembers where it came from.
name=install
prefix=$1
source=$2
build=$3
first=$4
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

rm -rf "$first" "$prefix"
quietly 'cmake --install' cmake --install "$build" --prefix "$first"
mv "$first" "$prefix"

# Every public header, as it is in the tree, and no other.
for tree in src sim; do
    (cd "$source/$tree" && find mycelium -name '*.h' -o -name '*.hpp') | sort >>"$work/wanted"
done
(cd "$prefix/include" && find . -type f | sed 's|^\./||') | sort >"$work/found"
sort "$work/wanted" | diff - "$work/found" >"$work/log" || die "headers differ: $(cat "$work/log")"
while read -r header; do
    cmp -s "$source/src/$header" "$prefix/include/$header" \
        || cmp "$source/sim/$header" "$prefix/include/$header" || die "$header is another"
done <"$work/found"

for file in LICENSE LICENSE-APACHE LICENSE-MIT; do
    cmp "$source/$file" "$prefix/share/doc/mycelium/$file" || die "$file is another"
done
for archive in libmycelium.a libmycelium_simcheck.a; do
    cmp "$build/src/$archive" "$prefix/lib/$archive" || die "$archive is another"
done
"$prefix/bin/myc" --version >"$work/version" || die 'the installed myc does not run'

# The archives need the C library only: no yaml, no toml++, no C++.
for archive in libmycelium.a libmycelium_simcheck.a; do
    nm -u -P "$prefix/lib/$archive" 2>/dev/null | awk '{ print $1 }' >"$work/needs"
    [ -s "$work/needs" ] || die "$archive needs nothing, which cannot be"
    if grep -E '^(yaml_|_Z|__cxa|__gxx)' "$work/needs" >"$work/log"; then
        die "$archive needs $(cat "$work/log")"
    fi
done

# What is text must not name the tree, the build or the place it was first installed to.
find "$prefix" -type f ! -name '*.a' ! -name myc >"$work/texts"
while IFS= read -r text; do
    for path in "$source" "$build" "$first" "$prefix"; do
        ! grep -F -e "$path" "$text" || die "$text names $path"
    done
done <"$work/texts"
echo "installed: $(wc -l <"$work/found") headers, $(cat "$work/version")"

#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# pkgconfig.sh PREFIX SOURCE: the example with pkg-config and a compiler, no CMake; each public
# header alone in C and C++; a program in C++.
name=pkgconfig
prefix=$1
source=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export PKG_CONFIG_PATH
strict='-Wall -Wextra -Wpedantic -Werror -O1'

# compile OUTPUT PACKAGE COMPILER ARGUMENT...: pkg-config quotes spaces for a shell to read.
compile() {
    output=$1
    flags=$(pkg-config --cflags "$2") || die "pkg-config does not know $2"
    libraries=$(pkg-config --libs "$2")
    shift 2
    eval "set -- \"\$@\" $strict -I generated -I . $libraries -o \"\$output\" $flags"
    quietly "$output" "$@"
}

cp -R "$source/docs/examples/shop" "$work/shop"
cd "$work/shop" || exit 2
[ "$(pkg-config --modversion mycelium)" = "$("$prefix/bin/myc" --version | sed 's/.* //')" ] \
    || die 'mycelium.pc and myc --version disagree'
case $(pkg-config --libs mycelium) in
*yaml* | *toml* | *stdc*) die "mycelium.pc pulls in more than it needs" ;;
esac
quietly 'myc gen' "$prefix/bin/myc" gen shop.yaml --out generated

services='services.c generated/shop.c'
# shellcheck disable=SC2086 # a list of files
{
    compile shop mycelium-toml "${CC:-cc}" -std=c11 main.c $services
    compile sim_shop mycelium-sim "${CC:-cc}" -std=c11 scenario.c $services
    compile simcheck_shop mycelium-simcheck "${CC:-cc}" -std=c11 scenario.c $services
}
mkdir run
./shop local.toml all run >"$work/out" 2>"$work/log" || die "shop: $(cat "$work/log")"
grep -q 'left took 50000 cents, right took 50000' "$work/out" || die "shop: $(cat "$work/out")"
quietly sim_shop ./sim_shop --seeds 1..300 --check-determinism
quietly simcheck_shop ./simcheck_shop --seeds 1..300 --check-determinism
quietly 'recording a tape' ./sim_shop --seed 3 --record a.tape
grep -q -F " $(pkg-config --modversion mycelium)" a.tape \
    || die "the tape has another version: $(head -n 1 a.tape)"

# Headers: what a program may include, each alone.
ln -s "$prefix/include" "$work/src"
headers=$(cd "$prefix/include" && ls mycelium/*.h mycelium/interface/*.h mycelium/sim/node.h)
# shellcheck disable=SC2086 # no header has a space in its name
quietly 'headers alone' sh "$source/tests/tidy/headers.sh" "${CC:-cc}" "${CXX:-c++}" "$work" \
    $headers

for header in $headers; do
    printf '#include <%s>\n' "$header"
done >program.cpp
cat >>program.cpp <<'END'
#include <cstdio>

#include "shop.h"

int main()
{
    myc_platform *platform = nullptr;
    myc_diagnostic why;
    if (myc_posix_create(&platform, &why) != MYC_OK) {
        std::puts(why.text);
        return 1;
    }
    myc_posix_destroy(platform);
    shop_sale sale;
    shop_sale_init(&sale);
    return sale.cents == 0 ? 0 : 1;
}
END
quietly 'the generated code' "${CC:-cc}" -std=c11 -I "$prefix/include" -I generated \
    -c generated/shop.c -o shop.o
compile program mycelium "${CXX:-c++}" -std=c++17 program.cpp shop.o
quietly 'the program in C++' ./program
echo "pkgconfig: 4 programs, $(printf '%s\n' "$headers" | wc -l) headers"

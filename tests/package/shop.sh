#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# shop.sh PREFIX SOURCE: the example project, copied out of the tree, with the installed library: on
# every topology, and simulated with both archives.
name=shop
prefix=$1
source=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"

cp -R "$source/docs/examples/shop" "$work/shop"
sh "$work/shop/run.sh" "$work/build" "-DCMAKE_PREFIX_PATH=$prefix"
if grep -F -l -e "$source/src" -e "$source/sim" "$work/build/build.ninja"; then
    die 'the project is built from the tree, not from what is installed'
fi
grep -q -F 'libmycelium_simcheck.a' "$work/build/build.ninja" || die 'no program of simcheck'

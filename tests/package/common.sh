# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What the scripts of this folder share: `. common.sh` after setting $name, $prefix and $source.
# Makes $work, a folder outside of the tree with a space in its name, and removes it at the end.
# shellcheck shell=sh
set -eu
LC_ALL=C
export LC_ALL
: "${name:?}" "${prefix:?}" "${source:?}"

work=$(mktemp -d "${TMPDIR:-/tmp}/mycelium $name.XXXXXX")
trap 'rm -rf "$work"' EXIT

die() {
    printf '%s: %s\n' "$name" "$*" >&2
    exit 1
}

# quietly WHAT COMMAND...: its output is shown only if it fails.
quietly() {
    what=$1
    shift
    "$@" >"$work/log" 2>&1 || die "$what failed: $(cat "$work/log")"
}

# configure SOURCE BUILD [OPTION...]: a project that finds the installed library; not optimised, for
# most of the time goes into compiling.
configure() {
    project_source=$1
    project_build=$2
    shift 2
    cmake -S "$project_source" -B "$project_build" -G "${GENERATOR:-Ninja}" \
        -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_PREFIX_PATH=$prefix" "$@"
}

if [ "$name" != install ] && [ ! -f "$prefix/lib/libmycelium.a" ]; then
    die "nothing is installed below $prefix"
fi

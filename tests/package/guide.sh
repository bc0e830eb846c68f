#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# guide.sh PREFIX SOURCE: does what docs/guides/simulate-your-service.md says, with the code on that
# page, and compares what the commands print with what it shows. What comes out at the end must be
# docs/examples/shop.
name=guide
prefix=$1
source=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$here/common.sh"
guide=$source/docs/guides/simulate-your-service.md
PREFIX=$prefix
export PREFIX
commands=0
shown=0

# expect FAILS WANTED: runs a command from standard input; each line of the file WANTED must be in
# its output, in that order, `...` standing for anything.
expect() {
    command=$(cat)
    commands=$((commands + 1))
    status=0
    sh -c "$command" >"$work/output" 2>&1 </dev/null || status=$?
    if [ "$1" -ne $((status != 0)) ]; then
        die "'$command' ends with $status: $(cat "$work/output")"
    fi
    shown=$((shown + $(grep -c . "$2" || true)))
    awk -v name="$command" '
        function fits(line, parts,    at, i, n, part, rest) {
            n = split(parts, part, /\.\.\./)
            rest = line
            for (i = 1; i <= n; i++) {
                at = index(rest, part[i])
                if (part[i] != "" && (at == 0 || (i == 1 && at != 1))) return 0
                if (part[i] != "") rest = substr(rest, at + length(part[i]))
            }
            return n > 1 && part[n] == "" ? 1 : rest == ""
        }
        FILENAME == ARGV[1] { if ($0 != "...") wanted[++count] = $0; next }
        found < count && fits($0, wanted[found + 1]) { found++ }
        END {
            if (found < count) {
                printf "%s: this line is not shown: %s\n", name, wanted[found + 1]
                exit 1
            }
        }' "$2" "$work/output" >"$work/log" || die "$(cat "$work/log" "$work/output")"
}

apply() {
    quietly 'the diff' patch -p0 -i "$1"
}

mkdir -p "$work/my shop/.blocks"
cd "$work/my shop" || exit 2
awk -v DIR="$work/my shop" -f "$here/extract.awk" "$guide" >"$work/script"
# shellcheck source=/dev/null
. "$work/script"
if [ "$commands" -lt 8 ] || [ "$shown" -lt 8 ]; then
    die "only $commands commands, $shown lines shown"
fi

# One sample, told twice: what the page arrives at is the example. Licence line and guard aside.
plain() {
    grep -v -e 'SPDX-License-Identifier' -e 'SHOP_SERVICES_H$' "$1"
}
for file in shop.yaml services.h services.c scenario.c; do
    plain "$file" >"$work/mine"
    plain "$source/docs/examples/shop/$file" | diff "$work/mine" - >"$work/log" \
        || die "$file on the page and in docs/examples/shop differ: $(cat "$work/log")"
done
lines=$(grep -c . scenario.c)
[ "$lines" -le 30 ] || die "the scenario has $lines lines, and the page promises 30"
echo "guide: $commands commands, $shown lines of output, a scenario of $lines lines"

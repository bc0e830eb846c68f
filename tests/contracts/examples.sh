#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Reads every YAML block of a page, completed by what a contract needs, and compares the rules that
# the page lists with those that the sources report.
#
#     examples.sh MYC PAGE SOURCES SCRATCH
set -eu

myc=$1
page=$2
sources=$3
scratch=$4
rm -rf "$scratch"
mkdir -p "$scratch"
awk -v folder="$scratch" '
    /^```yaml$/ { inside = 1; file = folder "/block" ++count ".yaml"; printf "" >file; next }
    /^```$/ { inside = 0 }
    inside { print >>file }
' "$page"
status=0
count=0
for block in "$scratch"/*.yaml; do
    count=$((count + 1))
    grep -q '^schema:' "$block" || echo 'schema: { name: example, id: 1 }' >>"$block"
    grep -q '^messages:' "$block" || echo 'messages: { Example: { type_id: 1 } }' >>"$block"
    if ! "$myc" lint "$block" 2>"$scratch/found"; then
        cat "$scratch/found" "$block"
        status=1
    fi
done
test "$count" -ge 8 || { echo "only $count examples in $page"; status=1; }
grep -ohE '"[A-Z][A-Z_]{5,}"' "$sources"/*.c | tr -d '"' | grep -vx GOOD_TILL_DATE |
    sort -u >"$scratch/reported"
# shellcheck disable=SC2016 # backquotes of the page, not of the shell
sed -n '/^## Findings/,$p' "$page" | grep -o '`[A-Z][A-Z_]*`' | tr -d '`' |
    sort -u >"$scratch/listed"
if ! diff "$scratch/reported" "$scratch/listed"; then
    echo "the rules that are reported (<) and those that $page lists (>) differ"
    status=1
fi
echo "$count examples"
exit "$status"

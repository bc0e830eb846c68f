#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# reading.sh PROGRAM SCENARIO PAGE: runs the commands of docs/guides/reading-a-failure.md, in order,
# on a scenario that fails rarely. Each must fail as the page says, and write the files it names.
set -eu

program=$1
scenario=$2
page=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

count=0
grep '^    PROGRAM SCENARIO ' "$page" >commands
while read -r _ _ arguments; do
    status=0
    # shellcheck disable=SC2086 # they are words
    "$program" "$scenario" $arguments >output 2>&1 </dev/null || status=$?
    if [ "$status" -ne 1 ] || ! grep -q '^FAILED .*: ' output \
        || ! grep -q '^  run again: ' output; then
        echo "$arguments: ends with $status and prints:" >&2
        cat output >&2
        exit 1
    fi
    for file in $(printf '%s\n' "$arguments" | tr ' ' '\n' | grep '\.[a-z][a-z]*$'); do
        [ -s "$file" ] || { echo "$arguments: $file was not written" >&2; exit 1; }
    done
    count=$((count + 1))
done <commands
[ "$count" -ge 6 ] || { echo "only $count commands on the page" >&2; exit 1; }
grep -q 'FAILED</span>' failure.html
grep -q '"cat":"failure"' failure.json
grep -q '"cat":"failure"' steps.json
echo "$count commands of the page were run"

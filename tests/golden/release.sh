#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What each release left behind (release-*), read by today's tool, with the release's own contract
# and with today's.
#
#     release.sh MYC TODAY SCRATCH
set -eu

myc=$1
today=$2
scratch=$3
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
status=0
count=0
rm -rf "$scratch"
mkdir -p "$scratch"

fail() {
    echo "$1"
    status=1
}

# decoded CONTRACT FILE EXPECTED: what the tool says of stored bytes. Warnings are for people.
decoded() {
    "$myc" decode "$1" "$2" --show-secrets >"$scratch/decoded" 2>"$scratch/said" ||
        fail "$2 by $1: $(cat "$scratch/said")"
    diff "$3" "$scratch/decoded" || fail "$2 by $1 says something else"
}

for release in "$here"/release-*/; do
    release=${release%/}
    count=$((count + 1))
    for contract in "$release/everything.yaml" "$today"; do
        decoded "$contract" "$release/records.bin" "$release/records.json"
        decoded "$contract" "$release/recording.rec" "$release/recording.json"
    done
    "$myc" inspect "$release/recording.rec" >"$scratch/said" || fail "inspect $release"
    grep -q '^  whole  *yes$' "$scratch/said" || fail "$(cat "$scratch/said")"

    # The lock of the release holds, a new one of its contract is the same, and today's contract
    # keeps what it promised.
    mkdir -p "$scratch/lock"
    cp "$release/everything.yaml" "$scratch/lock/old.yaml"
    cp "$release/contracts.lock" "$scratch/lock/old.lock"
    "$myc" lock "$scratch/lock/old.yaml" --lock "$scratch/lock/old.lock" --check \
        >"$scratch/said" 2>&1 || fail "$(cat "$scratch/said")"
    "$myc" lock "$scratch/lock/old.yaml" --lock "$scratch/lock/new.lock" \
        >"$scratch/said" 2>&1 || fail "$(cat "$scratch/said")"
    diff "$scratch/lock/old.lock" "$scratch/lock/new.lock" || fail "$release: another lock"
    "$myc" lock "$today" --lock "$scratch/lock/old.lock" \
        >"$scratch/said" 2>&1 || fail "$(cat "$scratch/said")"
    "$myc" check "$release/everything.yaml" "$today" --require forward \
        >"$scratch/said" 2>&1 || fail "$(cat "$scratch/said")"
    rm -r "$scratch/lock"
done
echo "$count releases"
test "$count" -ge 1 || fail 'there is no release'
exit "$status"

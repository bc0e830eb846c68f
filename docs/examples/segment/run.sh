#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the two programs in every order, under a name and in a file: run.sh FOLDER [MYC], where both
# lie; with the command `myc` it also looks at what the killed writer left.
set -u

folder=$1
myc=${2:-}
ticks=20000
scratch=$(mktemp -d) || exit 2
name=myc-example-$$
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "segment: $*" >&2
    cat "$scratch"/*.out >&2
    exit 1
}

# The reader's number of ticks; it runs in the background.
read_all() {
    "$folder/segment-reader" "$1" >"$scratch/reader.out" 2>&1 &
    reader=$!
}

expect() {
    wait "$reader" || fail "$1: the reader failed"
    grep -q "reader: $ticks ticks, none missing" "$scratch/reader.out" || fail "$1: ticks missing"
    cat "$scratch/reader.out"
}

inspect() {
    [ -n "$myc" ] || return
    case $1 in
    */*) "$myc" inspect "$1" >"$scratch/inspect.out" 2>&1 || fail "myc inspect" ;;
    *) "$myc" inspect "shm:$1" >"$scratch/inspect.out" 2>&1 || fail "myc inspect" ;;
    esac
    grep -q "owner            none" "$scratch/inspect.out" || fail "myc inspect: the owner"
    grep -q "messages         13000 in" "$scratch/inspect.out" || fail "myc inspect: the count"
}

for place in "$name" "$scratch/ring"; do
    read_all "$place"
    "$folder/segment-writer" "$place" $ticks >"$scratch/writer.out" 2>&1 || fail "reader first"
    expect "reader first"

    "$folder/segment-writer" "$place" $ticks >"$scratch/writer.out" 2>&1 &
    writer=$!
    read_all "$place"
    wait "$writer" || fail "both at once: the writer failed"
    expect "both at once"

    # One writer leaves, the next is killed, the third ends what they began.
    read_all "$place"
    "$folder/segment-writer" "$place" $ticks leave-at 7000 >"$scratch/writer.out" 2>&1 \
        || fail "the writer that leaves"
    "$folder/segment-writer" "$place" $ticks die-at 13000 >"$scratch/dead.out" 2>&1 \
        && fail "the writer that dies"
    inspect "$place"
    "$folder/segment-writer" "$place" $ticks >"$scratch/last.out" 2>&1 || fail "the last writer"
    grep -q "begins at tick 1$" "$scratch/writer.out" || fail "the first writer begins"
    grep -q "goes on at tick 7001$" "$scratch/dead.out" || fail "the second goes on"
    grep -q "goes on at tick 13001$" "$scratch/last.out" || fail "the third goes on"
    expect "three writers"
    if [ -e "/dev/shm/$place" ] || [ -e "$scratch/ring" ]; then
        fail "something was left behind"
    fi
done

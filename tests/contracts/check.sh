#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Reads every contract of bad/ and compares what is said with NAME.err, line by line.
#
#     check.sh MYC FOLDER            prints differences; exit status 1 if there are some
#     check.sh MYC FOLDER --write    writes the .err files instead
set -eu

myc=$1
folder=$2
mode=${3:-}
status=0
count=0
cd "$folder/bad"
for contract in *.yaml; do
    golden=${contract%.yaml}.err
    code=0
    found=$("$myc" lint "$contract" 2>&1) || code=$?
    count=$((count + 1))
    if [ "$mode" = --write ]; then
        printf '%s\n' "$found" >"$golden"
    elif [ "$code" -ne 2 ]; then
        echo "$contract: exit status $code, not 2"
        status=1
    elif ! printf '%s\n' "$found" | diff -u "$golden" -; then
        status=1
    fi
done
echo "$count bad contracts"
test "$count" -ge 60
exit "$status"

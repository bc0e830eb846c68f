#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The contracts that users copy have no errors and are in the one style.
#
#     documented.sh MYC FOLDER SCRATCH
set -eu

myc=$1
folder=$2
scratch=$3
status=0
count=0
rm -rf "$scratch"
mkdir -p "$scratch"
find "$folder" -name '*.yaml' | sort >"$scratch/contracts"
while read -r contract; do
    count=$((count + 1))
    "$myc" lint "$contract" >"$scratch/found" 2>&1 || { cat "$scratch/found"; status=1; }
    "$myc" fmt --check "$contract" || status=1
done <"$scratch/contracts"
echo "$count contracts"
test "$count" -ge 5 || { echo "there should be more in $folder"; status=1; }

# Each of the two finds something: a contract in another style, and one with an error.
first=$(sed 1q "$scratch/contracts")
sed 's/: {/:   {/' "$first" >"$scratch/style.yaml"
echo 'messages: 5' >"$scratch/error.yaml"
if "$myc" fmt --check "$scratch/style.yaml" 2>"$scratch/found"; then
    echo "$first: fmt --check finds nothing in another style"
    status=1
fi
if "$myc" lint "$scratch/error.yaml" 2>"$scratch/found"; then
    echo 'lint finds no error'
    status=1
fi
exit "$status"

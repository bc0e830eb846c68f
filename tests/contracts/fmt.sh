#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# `myc fmt`: what it makes of fmt/messy.yaml, that it changes a file once, that --check writes
# nothing, and that what cannot be formatted safely stays as it is.
#
#     fmt.sh MYC FOLDER SCRATCH
set -eu

myc=$1
folder=$2
scratch=$3
status=0
rm -rf "$scratch"
mkdir -p "$scratch"

fail() {
    echo "$1"
    status=1
}

# Formats a copy of a good contract, which then is stable and loses no comment.
good() {
    copy=$scratch/$(basename "$1")
    cp "$1" "$copy"
    "$myc" fmt "$copy" || fail "$1: not formatted"
    cp "$copy" "$copy.once"
    "$myc" fmt --check "$copy" || fail "$1: not stable"
    "$myc" fmt "$copy"
    cmp "$copy" "$copy.once" || fail "$1: changed twice"
}

# Formatting must end with status 2, say TEXT and leave the file alone.
refused() {
    text=$1
    copy=$scratch/refused.yaml
    cat >"$copy"
    cp "$copy" "$copy.before"
    code=0
    "$myc" fmt "$copy" 2>"$scratch/said" || code=$?
    test "$code" -eq 2 || fail "$text: exit status $code"
    grep -q "$text" "$scratch/said" || fail "$text: $(cat "$scratch/said")"
    cmp "$copy" "$copy.before" || fail "$text: the file was changed"
}

good "$folder/fmt/messy.yaml"
good "$folder/everything.yaml"
good "$folder/paper.yaml"
diff "$folder/fmt/messy.expected" "$scratch/messy.yaml" || fail "messy.yaml: not as expected"

cp "$folder/fmt/messy.yaml" "$scratch/check.yaml"
code=0
"$myc" fmt --check "$scratch/check.yaml" 2>"$scratch/said" || code=$?
test "$code" -eq 2 || fail "--check: exit status $code"
grep -q "check.yaml: error: not in canonical style" "$scratch/said" ||
    fail "--check says too little"
cmp "$scratch/check.yaml" "$folder/fmt/messy.yaml" || fail "--check wrote"
chmod 640 "$scratch/check.yaml"
"$myc" fmt "$scratch/check.yaml"
test "$(stat -c %a "$scratch/check.yaml")" = 640 || fail "the mode was not kept"
test ! -e "$scratch/check.yaml.new" || fail "a file was left beside it"

head='schema: {name: a,   id: 1}'
printf '%s\nmessages: {M: &m {type_id: 1}}\n' "$head" | refused ':2:.*anchors or aliases'
printf '%s\n%s\nmessages: {M: {type_id: 1}}\n' --- "$head" | refused "'---' or '...'"
printf '%s\r\nmessages: {M: {type_id: 1}}\n' "$head" | refused 'end in a line feed'
printf '%s\nmessages:\n  M:\n    type_id: 1\n    description: |2\n      two\n' "$head" |
    refused "behind '|' or '>'"
printf '%s\nmessages: {M: {type_id: 0}}\n' "$head" | refused 'BAD_NUMBER'
printf '%s\nmessages: {M: {type_id: 1}\n' "$head" | refused 'YAML_SYNTAX'

code=0
"$myc" fmt "$scratch/missing.yaml" 2>"$scratch/said" || code=$?
test "$code" -eq 2 || fail "a missing file: exit status $code"
code=0
"$myc" fmt --loud 2>"$scratch/said" || code=$?
if [ "$code" -ne 2 ] || ! grep -q 'unknown option --loud' "$scratch/said"; then
    fail "a bad option"
fi
exit "$status"

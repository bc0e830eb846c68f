#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# `myc check` as a program: what it prints, its exit status, and revisions of a git repository.
#
#     check.sh MYC FOLDER SCRATCH            exit status 1 and a line for all that differs
#     check.sh MYC FOLDER SCRATCH --write    writes report.txt and report.json instead
set -u

myc=$1
folder=$2/check
scratch=$3
mode=${4:-}
failed=0

say() {
    echo "check.sh: $*"
    failed=1
}

# expect STATUS ARGUMENTS...: runs `myc check`; its output is in $scratch/out.
expect() {
    wanted=$1
    shift
    got=0
    "$myc" check "$@" >"$scratch/out" 2>&1 </dev/null || got=$?
    [ "$got" -eq "$wanted" ] || say "'$*' ended with $got, not $wanted: $(cat "$scratch/out")"
}

# shows TEXT: what the last run must have printed.
shows() {
    grep -qF -- "$1" "$scratch/out" || say "'$1' is missing in: $(cat "$scratch/out")"
}

rm -rf "$scratch"
mkdir -p "$scratch" || exit 2
scratch=$(CDPATH='' cd -- "$scratch" && pwd)
case $myc in
/*) ;;
*) myc=$PWD/$myc ;;
esac
cd "$folder" || exit 2

for kind in txt json; do
    option=
    [ $kind = txt ] || option=--json
    # shellcheck disable=SC2086 # perhaps no option
    expect 1 old.yaml new.yaml $option
    if [ "$mode" = --write ]; then
        cp "$scratch/out" "report.$kind"
    else
        diff -u "report.$kind" "$scratch/out" || say "report.$kind differs"
    fi
done

# Levels.
expect 0 old.yaml old.yaml
expect 0 old.yaml old.yaml --strict
expect 0 old.yaml new.yaml --require none
expect 1 old.yaml new.yaml --require none --strict
expect 1 old.yaml new.yaml --require forward
expect 1 old.yaml new.yaml --require backward
sed 's/SELL: 1 }/SELL: 1, SHORT: 2 }/' old.yaml >"$scratch/added.yaml"
expect 0 old.yaml "$scratch/added.yaml" --require forward
shows 'warning: Order.side: the enum has a new value'
expect 1 old.yaml "$scratch/added.yaml" --require backward
expect 1 old.yaml "$scratch/added.yaml"

# Bad input.
expect 2
shows 'name the old and the new contract'
expect 2 old.yaml
expect 2 old.yaml new.yaml --require sideways
shows 'full, forward, backward or none, not sideways'
expect 2 old.yaml new.yaml --nonsense
expect 2 old.yaml missing.yaml
shows 'missing.yaml'
sed 's/units: u64/units: u63/' new.yaml >"$scratch/bad.yaml"
expect 2 "$scratch/bad.yaml" "$scratch/bad.yaml"
shows 'bad.yaml:9:'
expect 2 new.yaml --against HEAD
expect 2 new.yaml --against git:--output=x
shows "does not begin with '-'"
expect 2 - --against git:HEAD

# Revisions.
if command -v git >/dev/null 2>&1; then
    mkdir -p "$scratch/repository/sub"
    cd "$scratch/repository" || exit 2
    cp "$folder/old.yaml" sub/contracts.yaml
    if ! { git init -q . && git add . && git -c user.name=test -c user.email=test@example.org \
        -c commit.gpgsign=false commit -q -m first; }; then
        say "git could not be used"
    fi
    cp "$folder/new.yaml" sub/contracts.yaml
    expect 1 sub/contracts.yaml --against git:HEAD
    shows 'git:HEAD:./contracts.yaml:21:3: error: Cancel: the message is gone'
    expect 1 sub/contracts.yaml --against git:HEAD:sub/contracts.yaml
    cp "$folder/old.yaml" sub/contracts.yaml
    expect 0 sub/contracts.yaml --against git:HEAD
    expect 2 sub/contracts.yaml --against git:nowhere
    shows 'git could not show it'
fi
exit $failed

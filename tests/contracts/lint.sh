#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# `myc lint`: exit statuses, JSON and the command line.
#
#     lint.sh MYC FOLDER
set -eu

myc=$1
folder=$2
status=0

# Runs lint and compares exit status and one pattern of what it printed.
expect() {
    wanted=$1
    pattern=$2
    shift 2
    code=0
    said=$("$myc" lint "$@" 2>&1) || code=$?
    if [ "$code" -ne "$wanted" ] || ! printf '%s\n' "$said" | grep -q "$pattern"; then
        echo "lint $*: status $code, wanted $wanted and $pattern: $said"
        status=1
    fi
}

cd "$folder"
expect 0 'paper.yaml:11:31: warning: .*UNKNOWN_PRIOR' paper.yaml
expect 2 'paper.yaml:8:3: warning: .*MISSING_DESCRIPTION' --strict paper.yaml
expect 2 'octal.yaml:1:25: error: .*BAD_NUMBER' paper.yaml bad/octal.yaml
expect 2 '^{"file":"bad/octal.yaml","errors":1,"findings":\[{"line":1,"column":25,"sev' \
    --json bad/octal.yaml
expect 2 '"text":"field .k.: bad type .optional \\"\[u8; 20\]\\"' --json bad/types.yaml
expect 2 'missing.yaml: error: cannot open the contract.*FILE_UNREADABLE' missing.yaml
expect 2 '^{"file":"no\\\\\\"\\u0009.yaml","errors":1,' --json "$(printf 'no\\"\t.yaml')"
expect 2 'unknown option --loud' --loud
expect 2 'name a contract file'
expect 0 'usage: myc lint' --help
code=0
"$myc" lint - <everything.yaml 2>/dev/null || code=$?
test "$code" -eq 0 || { echo "standard input: $code"; status=1; }
if command -v python3 >/dev/null; then
    for contract in paper.yaml bad/types.yaml bad/field_names.yaml; do
        "$myc" lint --json "$contract" | python3 -m json.tool >/dev/null || status=1
    done
fi
exit "$status"

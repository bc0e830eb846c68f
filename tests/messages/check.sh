#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# `myc encode`, `myc decode` and `myc describe` as processes, against what is written down here.
#
#     check.sh MYC RECORDER SCRATCH            prints differences; exit status 1 if there are some
#     check.sh MYC RECORDER SCRATCH --write    writes the golden files instead
#
# RECORDER is write_recording of this folder.
set -u

myc=$1
recorder=$2
scratch=$3
mode=${4:-}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 2
contract=everything.yaml
status=0
rm -rf "$scratch"
mkdir -p "$scratch" || exit 2
cp "$here/../contracts/$contract" "$here/good.json" "$here/bad.json" "$scratch" || exit 2
cd "$scratch" || exit 2

# golden NAME CODE COMMAND...: what a command says on both outputs, and its exit status.
golden() {
    name=$1
    code=$2
    shift 2
    "$@" >"$name.all" 2>&1
    found=$?
    # The contract has such priors for others to test; each command warns of them.
    grep -v '\[PRIOR_OF_OTHER_TOPIC\]$' "$name.all" >"$name"
    if [ "$found" -ne "$code" ]; then
        echo "$name: exit status $found, not $code"
        status=1
    fi
    if [ "$mode" = --write ]; then
        cp "$name" "$here/golden/$name"
    elif ! diff -u "$here/golden/$name" "$name"; then
        status=1
    fi
}

# same A B WHAT: two files are equal.
same() {
    if ! cmp "$1" "$2"; then
        echo "differs: $3"
        status=1
    fi
}

# ---- There and back ----
"$myc" encode "$contract" good.json --out good.bin || status=1
# The bytes themselves: what this release writes, later ones must read.
golden good.hex 0 "$myc" encode "$contract" good.json --hex
golden decoded.json 0 "$myc" decode "$contract" good.bin --show-secrets
golden redacted.json 0 "$myc" decode "$contract" good.bin
"$myc" encode "$contract" decoded.json >again.bin || status=1
same good.bin again.bin 'JSON lines encoded again'
"$myc" decode "$contract" good.bin --pretty --show-secrets >pretty.json
"$myc" encode "$contract" - --hex <pretty.json >again.hex || status=1
"$myc" decode "$contract" - --hex --json-lines --show-secrets \
    <again.hex >again.json || status=1
same decoded.json again.json 'pretty JSON, hexadecimal digits'

# ---- One payload ----
echo '{"number":5,"body":"0x01","title":"t"}' >blob.json
"$myc" encode "$contract" blob.json --type Blob --payload --hex >blob.hex
golden payload.json 0 "$myc" decode "$contract" blob.hex --hex --type Blob

# ---- Recordings ----
"$recorder" good.bin good.rec || status=1
golden recording.json 0 "$myc" decode "$contract" good.rec --show-secrets
"$myc" encode "$contract" recording.json >recorded.bin 2>/dev/null && {
    echo 'the warning of a recording is no JSON'
    status=1
}
grep -v '^myc' recording.json | "$myc" encode "$contract" >recorded.bin \
    || status=1
same good.bin recorded.bin 'a recording, encoded again'
"$recorder" good.bin open.rec open || status=1
"$myc" decode "$contract" open.rec >/dev/null 2>&1
[ $? -eq 1 ] || { echo 'open.rec: not told that its recorder did not close it'; status=1; }

# ---- Describing ----
# Digests depend on more than is shown here.
"$myc" describe "$contract" Rules >rules.txt || status=1
"$myc" describe "$contract" Grown --json >grown.json || status=1
golden describe_rules.txt 0 sed 's/[0-9a-f]\{64\}/DIGEST/g' rules.txt
golden describe_grown.json 0 sed 's/[0-9a-f]\{64\}/DIGEST/g' grown.json
count=$("$myc" describe "$contract" | grep -c '^message ')
[ "$count" -eq "$(grep -c 'type_id:' "$contract")" ] || { echo "$count messages"; status=1; }

# ---- Errors ----
golden bad_json.err 2 "$myc" encode "$contract" bad.json
printf '%s' '{"type":"Nothing","message":{"' >cut.json
golden bad_cut.err 2 "$myc" encode "$contract" cut.json
head -c 100 good.bin >cut.bin
golden bad_bytes.err 2 "$myc" decode "$contract" cut.bin
echo 0102x >bad.hex
golden bad_hex.err 2 "$myc" decode "$contract" bad.hex --hex
golden bad_option.err 2 "$myc" decode "$contract" --payload
golden bad_type.err 2 "$myc" encode "$contract" good.json --type Nobody
golden bad_message.err 2 "$myc" describe "$contract" Nobody
golden bad_file.err 2 "$myc" decode "$contract" missing
echo '{} {}' >several.json
golden bad_several.err 2 "$myc" encode "$contract" several.json --type Nothing --payload
"$myc" encode "$contract" bad.json --out none.bin 2>/dev/null
[ -e none.bin ] && { echo 'none.bin was written'; status=1; }

# A message that a version of its own made, and was damaged: told with its byte, the next is read.
# Byte 8 is the first of the first payload: percent of Rules, which is at most 100.
printf '%s' '{"type":"Rules","message":{"percent":1,"offset":0,"limited":0,"lowest":0,"ratio":0,
"narrow":0,"account":1,"key":"0x01ffffffffffffff","symbol":"A","parts":[10,11],"token":""}}
{"type":"Nothing","message":{}}' | "$myc" encode "$contract" --hex | sed '1s/^\(.\{16\}\)01/\1ff/' \
    >damaged.hex
golden damaged.txt 2 "$myc" decode "$contract" damaged.hex --hex
exit "$status"

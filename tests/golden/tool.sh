#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Every vector of messages_5.txt through `myc encode` and `myc decode`: JSON to bytes and back.
#
#     tool.sh MYC CONTRACT SCRATCH
set -eu

myc=$1
contract=$2
scratch=$3
vectors=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/messages_5.txt
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"

# Messages as the tool reads and writes them. What a newer writer appended has a name of its own
# there, and is left to the other tests of vectors.
awk '
    function little(number, bytes,    text) {
        for (; bytes > 0; bytes--) {
            text = text sprintf("%02x", number % 256)
            number = int(number / 256)
        }
        return text
    }
    $1 == "message" {
        is_left = $6 ~ /^newe/
        head = little($3, 2) little($5, 4) little($4, 2)
        name = $2; version = $4; in_today = 0
        if (!is_left) print head >"wanted.hex"
        next
    }
    /^#/ || is_left { next }
    $1 == "today" { in_today = 1 }
    /^    / && !in_today { print $1 >"wanted.hex" }
    $1 == "json" {
        printf "{\"type\":\"%s\",\"version\":%d,\"message\":%s}\n", name, version, substr($0, 6) \
            >"wanted.json"
    }
' "$vectors"
# Records a line each. The tool lets a payload end where its last tail does, generated code where
# the record does, at the next multiple of 8; both are the same message: lengths are rounded here.
records() {
    tr -d '\n' <"$1" | awk '
        function number(digits,    i, out) {
            for (i = length(digits) - 1; i > 0; i -= 2) {
                out = 256 * out + 16 * (index("0123456789abcdef", substr(digits, i, 1)) - 1)
                out += index("0123456789abcdef", substr(digits, i + 1, 1)) - 1
            }
            return out
        }
        {
            for (at = 1; at < length($0); at += 16 + 2 * size) {
                size = int((number(substr($0, at + 4, 8)) + 7) / 8) * 8
                print substr($0, at, 4), size, substr($0, at + 12, 4)
                print substr($0, at + 16, 2 * size)
            }
        }'
}
status=0
"$myc" encode "$contract" wanted.json --hex >encoded.hex || status=1
records wanted.hex >wanted.records
records encoded.hex >encoded.records
diff wanted.records encoded.records || { echo 'the tool writes other bytes'; status=1; }
"$myc" decode "$contract" wanted.hex --hex --show-secrets >decoded.json || status=1
diff wanted.json decoded.json || { echo 'the tool reads something else'; status=1; }
count=$(grep -c ' ' encoded.records)
echo "$count messages"
test "$count" -ge 60 || { echo 'too few messages'; status=1; }
exit "$status"

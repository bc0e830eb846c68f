#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# prove.sh SCRATCH [NAME...]: proves what props/proofs/NAME.c states, all of them by default, with
# the plugins WP and RTE of Frama-C. Then plants faults, each of which must leave a goal unproved: a
# proof that cannot fail says nothing. The last line is "prove: N goals proved, M not; ...".
set -u

[ $# -ge 1 ] || {
    echo "usage: prove.sh SCRATCH [NAME...]" >&2
    exit 2
}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd) || exit 2
mkdir -p "$1" || exit 2
scratch=$(CDPATH='' cd -- "$1" && pwd) || exit 2
shift
[ $# -gt 0 ] || set -- tlv ring_judge
for program in frama-c why3 z3 cvc4; do
    command -v "$program" >/dev/null 2>&1 || {
        echo "prove: $program is not installed" >&2
        exit 77
    }
done
WHY3CONFIG=$scratch/why3.conf
export WHY3CONFIG
why3 config detect >"$scratch/why3.log" 2>&1 || {
    cat "$scratch/why3.log" >&2
    exit 1
}

# The functions of a proof; what they call besides is assumed as stated there.
functions() {
    case $1 in
    tlv)
        echo "myc__tlv_walk_init,myc__tlv_next,myc__tlv_check,read_header,refuse,myc_record_bytes"
        ;;
    ring_judge)
        echo "myc__ring_judge,myc_record_bytes,myc_record_header,myc_record_is_message,\
proof_uses_all"
        ;;
    *)
        echo "prove: no proof is named '$1'; there are: tlv ring_judge" >&2
        exit 2
        ;;
    esac
}

# run_proof NAME TREE LOG [FUNCTIONS]: prints "PROVED GOALS". A void pointer to bytes is taken for a
# pointer to bytes, which the model does not know by itself.
run_proof() {
    wanted=${4:-$(functions "$1")} || exit 2
    (cd "$scratch" && frama-c -machdep gcc_x86_64 -c11 -cpp-extra-args="-I$2/src" \
        "$2/props/proofs/$1.c" -wp -wp-rte -wp-model Typed+Cast -wp-prover z3,cvc4 \
        -wp-timeout 20 -wp-par 2 -wp-fct "$wanted") >"$3" 2>&1
    sed -n 's|^\[wp\] Proved goals: *\([0-9]*\) */ *\([0-9]*\)$|\1 \2|p' "$3" | tail -n 1
}

proved=0
missed=0
for name in "$@"; do
    # shellcheck disable=SC2046 # two numbers
    set -- $(run_proof "$name" "$root" "$scratch/$name.log")
    if [ $# -ne 2 ]; then
        cat "$scratch/$name.log" >&2
        echo "prove: $name: Frama-C ended without a result" >&2
        exit 1
    fi
    echo "prove: $name: $1 of $2 goals"
    proved=$((proved + $1))
    missed=$((missed + $2 - $1))
    [ "$1" -eq "$2" ] || grep -A2 -E 'Goal .*|\[(Failed|Timeout|Unknown)\]' "$scratch/$name.log" \
        | grep -A2 -E '\[(Failed|Timeout|Unknown)\]' >&2
done

# plant NAME FILE FUNCTION SED: the proof of a copy with that change must not succeed.
found=0
planted=0
plant() {
    copy=$scratch/planted
    rm -rf "$copy"
    mkdir -p "$copy/props" && cp -R "$root/src" "$copy/src" \
        && cp -R "$root/props/proofs" "$copy/props/proofs" || exit 1
    sed "$4" "$root/$2" >"$copy/$2"
    planted=$((planted + 1))
    if cmp -s "$root/$2" "$copy/$2"; then
        echo "prove: the fault '$4' changes nothing in $2" >&2
        return
    fi
    # shellcheck disable=SC2046 # two numbers
    set -- "$2" "$4" $(run_proof "$1" "$copy" "$scratch/planted.log" "$3")
    if [ $# -eq 4 ] && [ "$3" -lt "$4" ]; then
        echo "prove: planted in $1: $2: found, $3 of $4 goals"
        found=$((found + 1))
    else
        echo "prove: planted in $1: $2: NOT found" >&2
    fi
}

# Reads a header of which only one byte is there.
plant tlv src/wire/tlv.c myc__tlv_next 's/left < MYC_RECORD_HEADER_BYTES/left < 1/'
# Hands out a record that ends up to a word behind the buffer.
plant tlv src/wire/tlv.c myc__tlv_next 's/if (bytes > left)/if (bytes > left + 8)/'
# Reads a byte behind the header.
plant tlv src/wire/tlv.c read_header 's/bytes\[7\]/bytes[8]/'
# Believes a length that leads out of the lap.
plant ring_judge src/ring/judge.h myc__ring_judge 's/out_item->bytes > run || //'

echo "prove: $proved goals proved, $missed not; $found of $planted planted faults found"
[ "$missed" -eq 0 ] && [ "$proved" -gt 0 ] && [ "$found" -eq "$planted" ]

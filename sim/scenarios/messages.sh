#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# messages.sh PROGRAM: the traces of the trading example have an arrow for each message from one
# thread to another, over every transport.
set -eu

program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
seen=
for seed in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
    "$program" trading-whole --seed "$seed" --trace "$work/trace.json" >"$work/output"
    transport=$(sed -n 's/.*runs \([a-z]*\): 1$/\1/p' "$work/output")
    arrows=$(grep '"ph":"f"' "$work/trace.json" | grep -c '"cat":"message"' || true)
    orders=$(sed -n 's/.*orders delivered: \([0-9]*\)$/\1/p' "$work/output")
    [ "$arrows" -gt "$orders" ] || {
        echo "seed $seed, $transport: $arrows arrows, $orders orders" >&2
        exit 1
    }
    seen="$seen $transport"
done
for transport in local shm unix tcp; do
    case "$seen " in
    *" $transport "*) ;;
    *)
        echo "no run over $transport" >&2
        exit 1
        ;;
    esac
done
echo "arrows over $seen"

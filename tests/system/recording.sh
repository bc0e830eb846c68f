#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# recording.sh MYC TRADING FOLDER: records the market of the trading example, plays it to a second
# recorder, compares both; kills a recorder; and tries what users get wrong.
set -u
myc=$1
trading=$2
folder=$3
contract=$folder/contracts.yaml
scratch=$(mktemp -d) || exit 1
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1

fail() {
    echo "recording.sh: $*" >&2
    cat ./*.log >&2
    exit 1
}

# expect STATUS TEXT COMMAND...: the command ends so, and says TEXT.
expect() {
    wanted=$1
    text=$2
    shift 2
    "$@" >said.log 2>&1
    status=$?
    [ "$status" -eq "$wanted" ] || fail "'$*' ended with $status, not $wanted"
    grep -q -e "$text" said.log || fail "'$*' does not say '$text'"
}

# recorded FILE WORD: what inspect says after WORD.
recorded() {
    "$myc" inspect "$1" | sed -n "s/^  $2  *//p"
}

printf '[nodes.recorder]\nendpoint = "unix:recorder.sock"\nservices = []\n' >recorder.toml
{
    printf '[nodes.market]\nendpoint = "unix:market.sock"\nservices = ["adapter"]\n'
    cat recorder.toml
} >market.toml
{
    printf '[nodes.player]\nendpoint = "unix:player.sock"\nservices = []\n'
    cat recorder.toml
} >replay.toml

# The market waits for a subscriber, which is the recorder, so nothing is missing.
"$myc" record live.rec --topology market.toml --node recorder --contract "$contract" \
    --topic market-data >record.log 2>&1 &
recorder=$!
"$trading" --topology market.toml --node market --messages 3000 --paced 2 >market.log 2>&1 \
    || fail "the market failed"
published=$(sed -n 's/.* accepted \([0-9]*\),.*/\1/p' market.log)
tries=0
until grep -q UNMATCHED record.log; do
    tries=$((tries + 1))
    [ "$tries" -lt 5000 ] || fail "the recorder did not see the market end"
    "$myc" version >/dev/null
done
kill -INT "$recorder"
wait "$recorder" || fail "the recorder failed"
expect 0 'whole            yes' "$myc" inspect live.rec
messages=$(recorded live.rec messages)
[ "$messages" = "$published, numbers 1 to $published" ] || fail "recorded $messages of $published"
[ "$(recorded live.rec lost)" = 0 ] || fail "something was lost"

# Played to another recorder, which has the same messages in the end.
"$myc" record again.rec --topology replay.toml --node recorder --contract "$contract" \
    --topic market-data --messages "$published" >record.log 2>&1 &
recorder=$!
expect 0 "^$published messages published" "$myc" replay live.rec --topology replay.toml \
    --node player --contract "$contract" --speed max
wait "$recorder" || fail "the second recorder failed"
expect 0 'whole            yes' "$myc" inspect again.rec
[ "$(recorded again.rec messages | sed 's/,.*//')" = "$published" ] || fail "not the same number"

# A recorder with a newer contract records what an older one published, in its version; it is played
# in that version, too.
route='route: { type: u64, since: 2, default: 9 }'
sed -e 's/^  version: 2$/  version: 3/' -e '/^  V2Swap:$/a\    schema_version: 2' \
    -e "/amount1_out: u256/,/origin_ns/s/^\( *\)origin_ns: u64\$/&\n\1$route/" \
    "$contract" >newer.yaml
"$myc" check "$contract" newer.yaml >said.log 2>&1 || fail "no newer contract"
"$myc" record older.rec --topology market.toml --node recorder --contract newer.yaml \
    --topic market-data >record.log 2>&1 &
recorder=$!
"$trading" --topology market.toml --node market --messages 300 --paced 2 >market.log 2>&1 \
    || fail "the market failed with a newer recorder"
tries=0
until grep -q UNMATCHED record.log; do
    tries=$((tries + 1))
    [ "$tries" -lt 5000 ] || fail "the newer recorder did not see the market end"
    "$myc" version >/dev/null
done
kill -INT "$recorder"
wait "$recorder" || fail "the newer recorder failed"
older=$(recorded older.rec messages | sed 's/,.*//')
"$myc" record older-again.rec --topology replay.toml --node recorder --contract newer.yaml \
    --topic market-data --messages "$older" >record.log 2>&1 &
recorder=$!
expect 0 "^$older messages published" "$myc" replay older.rec --topology replay.toml \
    --node player --contract newer.yaml --speed max
wait "$recorder" || fail "the second newer recorder failed"
for file in older.rec older-again.rec; do
    "$myc" decode newer.yaml "$file" 2>said.log \
        | sed 's/"time_ns":"[0-9]*",//' >"$file.json"
done
grep -q '"V2Swap","version":1,' older.rec.json || fail "no message of an older version was recorded"
cmp older.rec.json older-again.rec.json || fail "versions changed on the way"

# A recorder that is killed leaves a file without an end; it is told, and it is played.
size=$(wc -c <again.rec)
head -c $((size - 100)) again.rec >cut.rec
expect 1 'its recorder did not close it' "$myc" inspect cut.rec
printf 'x' | dd of=again.rec bs=1 seek=1000 conv=notrunc 2>/dev/null
expect 2 'byte 256: the checksum' "$myc" inspect again.rec

# Bad input.
set -- --topology replay.toml --node recorder --contract "$contract"
expect 2 'live.rec' "$myc" record live.rec "$@" --topic market-data --seconds 1
expect 2 'nowhere' "$myc" record new.rec "$@" --topic nowhere
expect 2 '.--topic' "$myc" record new.rec "$@"
expect 2 'exactly one file' "$myc" record "$@" --topic market-data
expect 2 'unknown option --speed' "$myc" record new.rec "$@" --topic market-data --speed 5
expect 2 'unknown option --bogus' "$myc" replay live.rec "$@" --bogus
expect 2 'whole number' "$myc" replay live.rec "$@" --speed fast
expect 2 'missing value' "$myc" replay live.rec "$@" --speed
expect 2 'absent.rec' "$myc" replay absent.rec "$@"
expect 2 'not a recording' "$myc" replay replay.toml "$@"
expect 2 'another contract' "$myc" replay live.rec --topology replay.toml --node player \
    --contract "$folder/contracts-v2.yaml"
expect 2 'nobody' "$myc" record new.rec --topology replay.toml --node nobody \
    --contract "$contract" --topic market-data
expect 2 'absent.yaml' "$myc" record new.rec --topology replay.toml --node recorder \
    --contract absent.yaml --topic market-data
expect 2 'at least one file' "$myc" inspect
expect 2 'begins with no dot or dash, not .a/b' "$myc" inspect shm:a/b
expect 2 'No such file' "$myc" inspect "shm:absent-$$"
printf 'MYCPLACE' >short.place
expect 2 'too short: 8 bytes' "$myc" inspect short.place
expect 1 'too few subscribers' "$myc" replay live.rec --topology replay.toml --node player \
    --contract "$contract" --seconds 0
[ ! -e new.rec ] || fail "bad input left a file"
exit 0

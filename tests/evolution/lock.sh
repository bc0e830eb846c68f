#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# `myc lock` and `myc gen --lock`: what a lock lets through, and what it stops and where.
#
#     lock.sh MYC SCRATCH    exit status 1 and a line for all that is wrong
set -u

myc=$1
scratch=$2
failed=0

say() {
    echo "lock.sh: $*"
    failed=1
}

# expect STATUS COMMAND...: runs myc; its output is in out.
expect() {
    wanted=$1
    shift
    got=0
    "$myc" "$@" >out 2>&1 </dev/null || got=$?
    [ "$got" -eq "$wanted" ] || say "$name: '$*' ended with $got, not $wanted: $(cat out)"
}

shows() {
    grep -qF -- "$1" out || say "$name: '$1' is missing in: $(cat out)"
}

# counts NUMBER: so many errors at once.
counts() {
    found=$(grep -c ' error: ' out)
    [ "$found" -eq "$1" ] || say "$name: $found errors, not $1: $(cat out)"
}

# The contract of version 1, and its lock.
begin() {
    name=$1
    rm -f contracts.lock
    cat >c.yaml <<'END'
schema:
  name: shop
  id: 1
  version: 1
  reserved: [50]
enums:
  Side:
    values: { BUY: 0, SELL: 1 }
unions:
  Detail: { size: 16, variants: { limit: { tag: 1 }, market: { tag: 2 } } }
messages:
  Order:
    type_id: 1
    topic: orders
    schema_version: 1
    fields:
      id: u64
      side: Side
      detail: Detail
  Cancel:
    type_id: 2
    topic: orders
    fields: { id: u64 }
END
    expect 0 lock c.yaml
}

# change SED...: edits the contract.
change() {
    for script in "$@"; do
        sed "$script" c.yaml >c.tmp && mv c.tmp c.yaml
    done
}

case $myc in
/*) ;;
*) myc=$PWD/$myc ;;
esac
rm -rf "$scratch"
mkdir -p "$scratch" && cd "$scratch" || exit 2
raised='s/  version: 1/  version: 2/'
noted='s/      detail: Detail/&\n      note: { type: optional u32, since: 2 }/'
order='s/    schema_version: 1/    schema_version: 2/'

begin 'the same contract gives the same lock'
cp contracts.lock first.lock
expect 0 lock c.yaml
cmp -s first.lock contracts.lock || say "$name: the lock changed"
expect 0 lock c.yaml --check
rm -rf gen
expect 0 gen c.yaml --out gen --lock contracts.lock
[ -s gen/shop.h ] || say "$name: no header"
grep -q '^has field Order 1 side Side$' contracts.lock || say "$name: no line of a field"
grep -q '^has value Side 1 SELL$' contracts.lock || say "$name: no line of a value"
grep -q '^has variant Detail 2 market$' contracts.lock || say "$name: no line of a variant"

name='code is written from a contract that keeps its word'
cat >plain.yaml <<'END'
schema: { name: plain, id: 2, version: 1 }
messages: { Order: { type_id: 1, topic: orders, fields: { id: u64 } } }
END
expect 0 lock plain.yaml --lock plain.lock
expect 0 gen plain.yaml --out gen --lock plain.lock
[ -s gen/plain.h ] || say "$name: no header"
sed 's/id: u64/id: u64, size: u32/; s/version: 1/version: 2/' plain.yaml >more.yaml
expect 2 gen more.yaml --out gen --lock plain.lock
shows '[LOCK_MESSAGE_VERSION_NOT_RAISED]'
sed 's/id: u64/id: u64, size: optional u32/; s/orders/orders, schema_version: 2/
    s/version: 1/version: 2/' plain.yaml >flat.yaml
expect 2 gen flat.yaml --out gen --lock plain.lock
shows '[LOCK_SINCE_WRONG]'

begin 'comments and order do not count'
change 's/name: shop/name: shop # a comment/'
expect 0 lock c.yaml --check

begin 'growth with versions is let through, and then remembered'
change "$raised" "$order" "$noted"
expect 1 lock c.yaml --check
shows '[LOCK_BEHIND]'
expect 0 lock c.yaml
expect 0 lock c.yaml --check
grep -q '^has field Order 2 note optional u32$' contracts.lock || say "$name: the field is missing"
[ "$(grep -c '^version ' contracts.lock)" -eq 2 ] || say "$name: not two versions"
[ "$(grep -cE '^message Order 1 [12] [0-9a-f]{64}$' contracts.lock)" -eq 2 ] \
    || say "$name: not two fingerprints"
[ "$(grep -c '^canonical ' contracts.lock)" -eq 2 ] || say "$name: not two canonical forms"

begin 'all errors at once, with their places'
change 's/      side: Side/      side: u8/' 's/SELL: 1/SELL: 2/' "/  Cancel:/,\$d"
rm -rf gen
expect 2 gen c.yaml --out gen --lock contracts.lock
shows 'c.yaml:2:3: error: the contract changed, and version 1 is locked: raise '
shows '[LOCK_VERSION_NOT_RAISED]'
shows 'c.yaml:12:3: error: message '
shows '[LOCK_MESSAGE_VERSION_NOT_RAISED]'
shows '[LOCK_NUMBER_CHANGED]'
shows '[LOCK_REMOVED_NOT_RESERVED]'
shows '[LOCK_BREAK_NOT_DECLARED]'
[ ! -e gen/shop.h ] || say "$name: a header was written"
cp contracts.lock before.lock
expect 2 lock c.yaml
cmp -s before.lock contracts.lock || say "$name: the lock was written"

begin 'a break that is declared is let through'
change "$raised" "$order" 's/      id: u64/      id: i64/'
expect 2 lock c.yaml
shows 'Order.id FIELD_TYPE_CHANGED'
shows 'set min_compatible to 2 or more [LOCK_BREAK_NOT_DECLARED]'
change 's/  version: 2/  version: 2\n  min_compatible: 2/'
expect 0 lock c.yaml
[ "$(grep -c '^canonical ' contracts.lock)" -eq 1 ] || say "$name: version 1 is kept"
change 's/min_compatible: 2/min_compatible: 1/' 's/  version: 2/  version: 3/'
expect 2 lock c.yaml
shows '[LOCK_MIN_COMPATIBLE_LOWERED]'

begin 'a break against a version before the last one'
change "$raised" "$order" 's/SELL: 1 }/SELL: 1, SHORT: 2 }/'
expect 0 lock c.yaml
change 's/  version: 2/  version: 3/' 's/schema_version: 2/schema_version: 3/' \
    's/{ BUY: 0, SELL: 1, SHORT: 2 }/{ BUY: 0, SHORT: 2 }/' \
    's/^  Side:/  Side:\n    reserved: [1, SELL]/'
expect 2 lock c.yaml
shows 'neither this version nor version 1 reads the other one'
counts 1

begin 'names and numbers are never used again'
change "$raised" 's/reserved: \[50\]/reserved: [50, 2, Cancel]/' "/  Cancel:/,\$d"
expect 0 lock c.yaml
grep -q '^had message - 2 Cancel$' contracts.lock || say "$name: the message is forgotten"
change 's/  version: 2/  version: 3/' 's/reserved: \[50, 2, Cancel\]/reserved: [50]/'
expect 2 lock c.yaml
shows 'add 2 to'
shows 'add "Cancel" to'
cat >>c.yaml <<'END'
  Refund:
    type_id: 2
    topic: orders
    fields: { id: u64 }
END
expect 2 lock c.yaml
shows "type id 2 was that of 'Cancel'"
shows '[LOCK_NUMBER_REUSED]'
change 's/  Refund:/  Cancel:/' 's/type_id: 2/type_id: 3/'
expect 2 lock c.yaml
shows '[LOCK_NUMBER_CHANGED]'

begin 'fields are never used again'
change "$raised" "$order" "$noted"
expect 0 lock c.yaml
change 's/  version: 2/  version: 3\n  min_compatible: 3/' \
    's/schema_version: 2/schema_version: 3/' '/      note:/d' \
    's/    fields:$/    reserved: [note]\n    fields:/'
expect 0 lock c.yaml
change 's/  version: 3/  version: 4/' 's/schema_version: 3/schema_version: 4/' \
    '/reserved: .note/d' \
    's/      detail: Detail/&\n      note: { type: optional u64, since: 4 }/'
expect 2 lock c.yaml
shows "field 'note' was removed in an earlier version"
shows '[LOCK_NAME_REUSED]'

begin 'renaming keeps the number and reserves the old name'
change "$raised" "$order" 's/SELL: 1/ASK: 1/'
expect 2 lock c.yaml
shows 'add "SELL" to'
counts 1
change 's/^  Side:/  Side:\n    reserved: [SELL]/'
expect 0 lock c.yaml

begin 'numbers that change hands'
change "$raised" "$order" \
    's/limit: { tag: 1 }, market: { tag: 2 }/market: { tag: 1 }, limit: { tag: 2 }/'
expect 2 lock c.yaml
shows "variant 'market' had tag 2"
shows "variant 'limit' had tag 1"

begin 'a new field that claims to be old'
change "$raised" "$order" 's/      detail: Detail/&\n      note: optional u32/'
expect 2 lock c.yaml
shows '[LOCK_SINCE_WRONG]'

begin 'bad locks'
expect 2 gen c.yaml --out gen --lock nothing.lock
shows "nothing.lock: error: there is no such lock: write it with 'myc lock"
sed 's/^has field/hat field/' contracts.lock >bad.lock
expect 2 gen c.yaml --out gen --lock bad.lock
shows 'bad.lock:9:1: error: a line of no known kind'
sed 's/^has field Order 1 id u64$/has field Order 1 id u32/' contracts.lock >bad.lock
expect 1 lock c.yaml --lock bad.lock --check
shows '[LOCK_BEHIND]'
sed 's/^field id 1 0 u64/field id 1 0 u32/' contracts.lock >bad.lock
expect 2 lock c.yaml --lock bad.lock
shows '[LOCK_SYNTAX]'
sed '/^canonical /,$d' contracts.lock >bad.lock
expect 2 lock c.yaml --lock bad.lock
shows 'the canonical form of a version that is let in is missing'
expect 2 gen c.yaml --out gen --lock bad.lock
: >bad.lock
expect 2 lock c.yaml --lock bad.lock
shows "this is no 'mycelium lock 1'"
head -c 300 contracts.lock >bad.lock
expect 2 lock c.yaml --lock bad.lock
expect 2 lock
expect 2 lock c.yaml c.yaml
exit $failed

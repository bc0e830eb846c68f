#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The table of docs/reference/generated.md: bytes of machine code of each message's functions.
#
#     generated_sizes.sh MYC SCRATCH [CC]             prints the table
#     generated_sizes.sh MYC SCRATCH [CC] --write     writes it into the page
#
# What is inline is counted in a function that does nothing else. CC is gcc unless named. Exit
# status: 0, 2 (wrong usage, or it could not look).
set -u
LC_ALL=C
export LC_ALL

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 2
page=$root/docs/reference/generated.md

fail() {
    printf 'generated_sizes.sh: %s\n' "$*" >&2
    exit 2
}

[ $# -ge 2 ] || fail 'usage: generated_sizes.sh MYC SCRATCH [CC] [--write]'
myc=$1
scratch=$2
shift 2
cc=gcc
mode=
for argument; do
    case $argument in
    --write) mode='write' ;;
    -*) fail "unknown option $argument" ;;
    *) cc=$argument ;;
    esac
done
mkdir -p "$scratch" || exit 2

# callers PREFIX MESSAGE: functions that hold what is inline, each as a caller would get it.
callers() {
    name=$1_$2
    tails=
    pass=
    if grep -q "^struct ${name}_tails {" "$scratch/$1.h"; then
        tails=", const struct ${name}_tails *tails"
        pass=', tails'
    fi
    cat <<EOF
void ${name}_init_call(struct $name *m);
void ${name}_init_call(struct $name *m) { ${name}_init(m); }
const void *${name}_view_call(const struct myc_record *r, struct $name *m);
const void *${name}_view_call(const struct myc_record *r, struct $name *m)
{
    return ${name}_view(r, m);
}
int ${name}_publish_call(struct myc_publisher *p, const struct $name *m$tails);
int ${name}_publish_call(struct myc_publisher *p, const struct $name *m$tails)
{
    return (int)${name}_publish(p, m$pass);
}
EOF
    if grep -q "static inline enum myc_status ${name}_validate(" "$scratch/$1.h"; then
        cat <<EOF
int ${name}_validate_call(const struct $name *m);
int ${name}_validate_call(const struct $name *m) { return (int)${name}_validate(m, NULL); }
EOF
    fi
}

# compile SOURCE: adds the sizes of what lies in its object to $scratch/symbols.
compile() {
    object=${1%.c}.o
    "$cc" -std=c11 -O2 -I "$root/src" -c "$1" -o "$object" || fail "cannot compile $1"
    nm -S -t d "$object" >>"$scratch/symbols" || exit 2
}

# rows CONTRACT PREFIX MESSAGE...: a row for each message, of the contract's generated code.
rows() {
    contract=$1
    prefix=$2
    shift 2
    "$myc" gen "$contract" --out "$scratch" --prefix "$prefix" >"$scratch/said" 2>&1 ||
        fail "$(cat "$scratch/said")"
    echo "#include \"$prefix.h\"" >"$scratch/$prefix-callers.c"
    for message; do
        callers "$prefix" "$message" >>"$scratch/$prefix-callers.c"
    done
    : >"$scratch/symbols"
    compile "$scratch/$prefix.c"
    compile "$scratch/$prefix-callers.c"
    for message; do
        awk -v start="${prefix}_${message}_" -v name="$message" '
            # The sizes of functions, of which the first has to be there.
            function bytes(names,    parts, count, i, sum) {
                count = split(names, parts)
                if (!(start parts[1] in size)) {
                    print start parts[1] " is not there" >"/dev/stderr"
                    failed = 1
                }
                for (i = 1; i <= count; i++) {
                    sum += size[start parts[i]]
                }
                return " " sum " |"
            }
            NF == 4 && $3 ~ /[tT]/ { size[$4] = $2 + 0 }
            END {
                print "| `" name "` |" bytes("init_call") bytes("view_call") \
                    bytes("validate_payload validate validate_call suspect") bytes("decode") \
                    bytes("equals") bytes("publish_call")
                exit failed ? 2 : 0
            }' "$scratch/symbols" || exit 2
    done
}

{
    echo '| message | init | view | validate | decode | equals | publish |'
    echo '|---|---|---|---|---|---|---|'
    rows "$root/docs/examples/trading/contracts.yaml" trading \
        pool_state_update arbitrage_signal order
    rows "$root/tests/contracts/everything.yaml" everything \
        scalars optionals arrays vectors rules nothing blob tagged grown
} >"$scratch/table" || exit 2
if [ "$mode" != write ]; then
    cat "$scratch/table"
    exit 0
fi
awk -v table="$scratch/table" '
    /^## / { is_size = $0 == "## Size" }
    is_size && /^\|/ {
        if (!is_written) {
            while ((getline line <table) > 0) print line
            is_written = 1
        }
        next
    }
    { print }
    END { exit !is_written }' "$page" >"$scratch/page" || fail "$page has no table of sizes"
cp "$scratch/page" "$page"

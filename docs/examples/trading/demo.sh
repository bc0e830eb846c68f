#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the trading pipeline in every deployment and then in the simulator, and compares what arrived
# with what the pipeline owed. Exit status 1 if anything was lost or an oracle failed.
#
#   demo.sh BUILD_DIR [--json]
#
# MYC_DEMO_ROWS and MYC_DEMO_SEEDS make it shorter or longer.
set -u

usage() {
    echo "demo.sh: $1; usage: demo.sh BUILD_DIR [--json]" >&2
    exit 2
}

[ $# -ge 1 ] || usage "the build directory is missing"
build=$1
json=no
case ${2-} in
'') ;;
--json) json=yes ;;
*) usage "unknown flag '$2'" ;;
esac

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 2
trading=$build/docs/examples/trading/trading
sim=$build/sim/scenarios/sim_trading
[ -x "$trading" ] || usage "there is no $trading; build the target 'trading' first"
[ -x "$sim" ] || usage "there is no $sim; build the target 'sim_trading' first"

rows=${MYC_DEMO_ROWS:-100000}
paced=$((rows / 100))
seeds=${MYC_DEMO_SEEDS:-200}
seconds_max=120
failed=no

# Sockets and reports; nobody else may look in, and nothing of it stays.
umask 077
run_dir=$(mktemp -d "${TMPDIR:-/tmp}/trading.XXXXXX") || exit 2
pids=
clean_up() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null
    done
    rm -rf "$run_dir"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The value of a member in one line of JSON: a number or the inside of a string.
member() {
    sed -n "s/.*\"$2\": *\"\{0,1\}\([0-9a-zA-Z.]*\).*/\1/p" "$1"
}

say() {
    if [ $json = no ]; then
        printf '%s\n' "$1"
    fi
}

problem() {
    failed=yes
    echo "demo.sh: $1" >&2
}

start_node() {
    timeout $seconds_max "$trading" --topology "$here/$1.toml" --node "$2" --run-dir "$run_dir" \
        --messages "$rows" --paced "$paced" --json >"$run_dir/$2.json" 2>"$run_dir/$2.log" &
    pids="$pids $!"
}

# Starts every node of a deployment, waits for all, says whether all ended well.
run_nodes() {
    deployment=$1
    shift
    pids=
    for node in "$@"; do
        start_node "$deployment" "$node"
    done
    for pid in $pids; do
        wait "$pid" || problem "$deployment: a node ended with status $?"
    done
    pids=
    for node in "$@"; do
        if [ ! -s "$run_dir/$node.json" ]; then
            problem "$deployment: no report of node '$node': $(tail -n 1 "$run_dir/$node.log")"
        fi
        cat "$run_dir/$node.json"
    done >"$run_dir/reports"
}

# Compares the reports with the reference count and prints the deployment's line.
judge() {
    deployment=$1
    messages=$(member "$run_dir/reports" messages_in)
    delivered=$(member "$run_dir/reports" orders_received)
    p50=$(member "$run_dir/reports" p50_ns)
    p99=$(member "$run_dir/reports" p99_ns)
    flood=$(member "$run_dir/reports" flood_messages)
    flood_start=$(member "$run_dir/reports" flood_start_ns)
    flood_end=$(member "$run_dir/reports" end_ns)
    : "${messages:=0}" "${delivered:=0}" "${p50:=0}" "${p99:=0}"
    : "${flood:=0}" "${flood_start:=0}" "${flood_end:=0}"
    gaps=$(grep -o '"lost":[0-9]*' "$run_dir/reports" |
        awk -F: '{ sum += $2 } END { print sum + 0 }')
    lost=$((owed - delivered + gaps))
    rate=0
    if [ "$flood_end" -gt "$flood_start" ]; then
        rate=$((flood * 1000000 / ((flood_end - flood_start) / 1000 + 1)))
    fi
    [ "$lost" -eq 0 ] || problem "$deployment: $lost of $owed orders are missing"
    [ "$messages" -eq "$messages_owed" ] ||
        problem "$deployment: $messages messages went in instead of $messages_owed"
    [ "$(member "$run_dir/reports" order_digest)" = "$digest" ] ||
        problem "$deployment: the orders that arrived are not those that were owed"
    if [ $json = yes ]; then
        printf '{"deployment":"%s","messages_in":%s,"delivered":%s,"lost":%s,' \
            "$deployment" "$messages" "$delivered" "$lost"
        printf '"p50_ns":%s,"p99_ns":%s,"messages_per_s":%s}\n' "$p50" "$p99" "$rate"
    else
        printf '%-10s %11s %10s %6s %8s.%s %8s.%s %12s\n' "$deployment" "$messages" "$delivered" \
            "$lost" $((p50 / 1000)) $((p50 % 1000 / 100)) $((p99 / 1000)) $((p99 % 1000 / 100)) \
            "$rate"
    fi
}

simulate() {
    timeout $seconds_max "$sim" trading --seeds "1..$seeds" --json >"$run_dir/sim.json" \
        2>"$run_dir/sim.log"
    status=$?
    tail -n 1 "$run_dir/sim.json" >"$run_dir/sim.line"
    ran=$(member "$run_dir/sim.line" runs)
    per_second=$(member "$run_dir/sim.line" seeds_per_s)
    faults=$(member "$run_dir/sim.line" faults_injected)
    oracles=$(member "$run_dir/sim.line" oracles_failed)
    # Kills are the scenario's own doing, so they are counted apart.
    kills=$(member "$run_dir/sim.line" deaths)
    : "${ran:=0}" "${per_second:=0}" "${faults:=0}" "${oracles:=1}" "${kills:=0}"
    faults=$((faults + kills))
    if [ $status -ne 0 ] || [ "$oracles" -ne 0 ]; then
        problem "the simulator found a failure"
        cat "$run_dir/sim.log" >&2
    fi
    [ "$ran" -eq "$seeds" ] || problem "the simulator ran $ran seeds instead of $seeds"
    if [ $json = yes ]; then
        printf '{"deployment":"sim","seeds":%s,"seeds_per_s":%s,"faults_injected":%s,' \
            "$ran" "$per_second" "$faults"
        printf '"oracles_failed":%s}\n' "$oracles"
    else
        printf '\nsimulator: %s seeds of the same services, %s seeds/s, %s faults injected ' \
            "$ran" "$per_second" "$faults"
        printf '(%s of them kills), %s oracles failed\n' "$kills" "$oracles"
    fi
}

"$trading" --expected --messages "$rows" --paced "$paced" >"$run_dir/expected" || exit 2
owed=$(member "$run_dir/expected" orders)
messages_owed=$(member "$run_dir/expected" messages_in)
digest=$(member "$run_dir/expected" order_digest)

say "The pipeline adapter -> arbitrage -> risk -> execution over $messages_owed market messages,"
say "which owe execution $owed orders. Latency: from the time an input was due to its order."
say ''
say 'deployment messages in  delivered   lost     p50 us     p99 us   messages/s'
run_nodes local all
judge local
for each in shm unix tcp; do
    run_nodes $each execution risk strategy market
    judge $each
done
simulate
[ $failed = no ]

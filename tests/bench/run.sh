#!/bin/bash
# SPDX-License-Identifier: MIT
# Measures everything, ours and the peers' in turn, and says which targets are met. Figures go to
# build-bench/bench.json. The exit code is 0 only if every target is met.
#   run.sh            five rounds, then ten million events and two minutes of idleness: 6 minutes
#   run.sh --quick    one round and short ones of the rest: half a minute, for a look
# ROUNDS in the environment: so many rounds.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/setup.sh

rounds=${ROUNDS:-5}
endurance=10000000
idle_seconds=120
if [ "${1:-}" = --quick ]; then
    rounds=${ROUNDS:-1}
    endurance=1000000
    idle_seconds=10
fi
# shellcheck disable=SC2086 # a list of words
setup_install $setup_test_packages binutils || exit 1
command -v npm >/dev/null || setup_install nodejs npm

build=build-bench
programs=$build/tests/bench
size_build=$build/size
samples=$build/samples.jsonl
setup_configure $build -Dbench=true -Db_ndebug=true -Dexamples=false || exit 1
setup_configure $size_build -Dbuildtype=minsize -Db_ndebug=true -Dtests=false -Dexamples=false ||
    exit 1
ninja --quiet -C $build || exit 1
ninja --quiet -C $size_build || exit 1
: >$samples
: >$build/errors.log

# sample COMMAND...: its figures are added to the list. One that this machine cannot run is left out,
# and says so; one that fails ends everything.
sample() {
    local out code
    out=$("$@" 2>>$build/errors.log)
    code=$?
    if [ $code != 0 ] && [ $code != 77 ]; then
        echo "failed: $*: $(tail -n 1 $build/errors.log)" >&2
        exit 1
    fi
    echo "$out" >>$samples
    printf . >&2
}

# What there is of each transport.
with_transports() {
    local transport
    for transport in curl lws; do
        sample "$programs/bench_$1" --transport $transport "${@:2}"
    done
}

one_round() {
    sample $programs/bench_read_loop
    sample $programs/bench_lws_count
    with_transports whole_client
    sample tests/bench/phoenix_js.sh "$PWD/$programs/bench_blaster" $build/phoenix_js 200000
    sample $programs/bench_own_part
    sample $programs/bench_decode
    sample $programs/bench_page
    sample $programs/bench_cjson
    sample $programs/bench_allocations
    sample $programs/bench_channels
    with_transports connect_joined
    with_transports background
    with_transports idle_heap
    sample $programs/bench_million
}

# The program text of each library, as size(1) counts it (code, constants, unwind tables, and what
# links it when it is loaded), and its code alone.
sizes() {
    local library
    for library in libphx libcommunity; do
        size "$size_build/sdk/$library.so" | awk -v name="$library" \
            'NR == 2 { printf "{\"figure\":\"size.%s\",\"value\":%d,\"unit\":\"B\",\"n\":1}\n", name, $1 }'
        size -A "$size_build/sdk/$library.so" | awk -v name="$library" \
            '$1 == ".text" { printf "{\"figure\":\"size.%s_code\",\"value\":%d,\"unit\":\"B\",\"n\":1}\n", name, $2 }'
    done
}

for ((round = 0; round < rounds; round++)); do
    one_round
done
sample sizes
sample $programs/bench_endurance --events $endurance
# At the same time: neither does anything.
for transport in curl lws; do
    sample $programs/bench_idle --transport $transport --seconds $idle_seconds &
done
wait
echo >&2
python3 tests/bench/report.py $samples $build/bench.json "$rounds"

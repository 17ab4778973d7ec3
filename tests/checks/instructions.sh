#!/bin/bash
# SPDX-License-Identifier: MIT
# Instructions of an event, a decoding, a page, as callgrind counts them: they hardly depend on the
# machine and not at all on its load. Fails if one takes over 3 % more than tests/bench/instructions.txt
# says for this compiler; prints the new lines if one takes over 3 % less. A compiler that the list
# does not know makes it print what it counts, and pass. --write replaces the list's lines.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/setup.sh

# shellcheck disable=SC2086 # a list of words
setup_install $setup_test_packages valgrind || {
    echo "valgrind cannot be installed"
    exit 77
}
build='build-ci/bench'
list=tests/bench/instructions.txt
if ! setup_configure "$build" -Dwerror=true -Dbench=true -Db_ndebug=true -Dexamples=false ||
    ! ninja --quiet -C "$build"; then
    exit 1
fi
cc=${CC:-cc}
case $($cc --version) in
*clang*) compiler=clang ;;
*) compiler=gcc ;;
esac
compiler=$($cc -dumpmachine)-$compiler-$($cc -dumpfullversion -dumpversion)

# count FIGURE EVENTS PROGRAM OPTION...: prints "FIGURE instructions-of-one". Without AVX, so that one
# machine's memcpy is the other's.
count() {
    local figure=$1 events=$2 program=$build/tests/bench/bench_$3 out
    out=$(GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS \
        valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
        --toggle-collect=bench_measured "$program" "${@:4}" 2>&1) || {
        echo "$out" >&2
        return 1
    }
    awk -v figure="$figure" -v events="$events" \
        '/Collected :/ { printf "%s %d\n", figure, $4 / events }' <<<"$out"
}

# The whole of both libraries' part in an event, then its pieces.
counted=$(
    set -e
    count event 12800 own_part --events 12800 --burst 64 &
    count event_alone 10000 own_part --events 10000 --burst 1 &
    wait
    count decode_post 10000 decode --events 10000 --only post &
    count decode_envelope 10000 decode --events 10000 --only envelope &
    wait
    count page_of_200 5 page --rounds 5 --only whole &
    count event_of_1000_channels 10000 channels --events 1000 --only many &
    wait
) || exit 1
sort <<<"$counted" | python3 tests/bench/ratchet.py "$list" "$compiler" "$@"

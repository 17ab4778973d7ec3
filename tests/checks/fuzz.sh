#!/bin/bash
# SPDX-License-Identifier: MIT
# Every fuzz target for half a minute, two at a time, with libFuzzer and the sanitizers. The last line is
# the figures'.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/setup.sh

# shellcheck disable=SC2086 # a list of words
setup_install $setup_test_packages clang libclang-rt-dev || exit 1
if ! echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d == 0 && n == 1; }' |
    clang -x c -fsanitize=fuzzer,address -o /dev/null - 2>/dev/null; then
    echo 'clang has no libFuzzer here'
    exit 77
fi
build="build-ci/fuzz"
CC=clang setup_configure "$build" -Dwerror=true -Dfuzz=enabled -Db_lundef=false -Dexamples=false || exit 1
meson test -C "$build" --suite fuzz || exit 1
grep -h '^fuzz: ' "$build"/meson-logs/testlog.txt | tail -n 1

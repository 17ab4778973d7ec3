#!/bin/bash
# SPDX-License-Identifier: MIT
# How much of sdk/ the tests in virtual time reach: lines and branches, by file in
# build-ci/coverage/report.txt. Fails below tests/checks/coverage.txt, which only ever rises; says so
# when it may.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/setup.sh
# shellcheck disable=SC2086 # a list of words
setup_install $setup_test_packages gcovr || exit 1

build=build-ci/coverage
setup_configure "$build" -Db_coverage=true -Doptimization=0 -Ddefault_library=static >/dev/null &&
    meson compile -C "$build" >"$build/compile.txt" 2>&1 || exit 1
find "$build" -name '*.gcda' -delete
meson test -C "$build" --no-rebuild -t 10 --print-errorlogs \
    --suite unit --suite sync --suite sim --suite torture --no-suite long || exit 1

gcovr -r . --object-directory "$build" --filter sdk/ --exclude-unreachable-branches \
    --txt "$build/report.txt" --json-summary "$build/summary.json" || exit 1
cat "$build/report.txt"
python3 - "$build/summary.json" tests/checks/coverage.txt <<'END'
import json, sys

summary = json.load(open(sys.argv[1]))
failed = False
for line in open(sys.argv[2]):
    if line.startswith('#'):
        continue
    kind, least = line.split()
    found = summary[kind + '_percent']
    failed |= found < float(least)
    note = '' if found < float(least) + 0.5 else ': raise the limit'
    print(f'coverage: {kind} {found} % of {summary[kind + "_total"]}, at least {least} %{note}')
sys.exit(failed)
END

#!/bin/bash
# SPDX-License-Identifier: MIT
# Set-up, build, every quick test. The last line is "N passed, N failed, N skipped"; the exit code is 0
# only if nothing failed. Needs root or sudo the first time, to install packages; nothing later.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
. tests/setup.sh

# shellcheck disable=SC2086 # a list of words
setup_install $setup_test_packages || exit 1
setup_configure build -Dwerror=true || exit 1
meson compile -C build || exit 1

# Suites that take minutes are named here; .ci/run runs them.
meson test -C build --no-rebuild --no-suite long "$@" </dev/null
python3 tests/summary.py build/meson-logs/testlog.json

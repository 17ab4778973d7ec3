#!/bin/bash
# SPDX-License-Identifier: MIT
# A sample of the mutations (tests/mutation/README.md): at least nine of ten are noticed by a test, and each
# survivor has its reason. The seed is fixed, and a change is drawn by what it is, so that the sample stays
# where sdk/ stays.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/setup.sh
# shellcheck disable=SC2086 # a list of words
setup_install $setup_test_packages python3-clang || exit 1
if ! /usr/bin/python3 -c 'from clang import cindex; cindex.Index.create()' 2>/dev/null; then
    echo "clang's binding for python cannot be used on this machine"
    exit 77
fi

setup_configure build -Dwerror=true >/dev/null || exit 1
tests/mutation/mutate.py --count 40 --seed check --jobs 2 --work build-ci/mutation

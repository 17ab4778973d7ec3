#!/bin/bash
# SPDX-License-Identifier: MIT
# Compares what the libraries in a build folder export with the lists beside this script: check.sh DIR.
# A new function belongs on the list in the same commit; one that goes away breaks programs.
set -uo pipefail
lists=$(dirname "$0")
status=0
for name in libphx libcommunity libcommunity-sqlite; do
    if ! diff -u "$lists/$name.symbols" \
        <(nm -D --defined-only "$1/$name.so" | awk '{ print $3 }' | LC_ALL=C sort); then
        echo "$name exports something else than $lists/$name.symbols"
        status=1
    fi
done
exit $status

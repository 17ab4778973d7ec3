#!/bin/bash
# SPDX-License-Identifier: MIT
# The binary interface against that of the last release: its tag or, before the first tag, the commit in
# tests/abi/baseline. What was added is fine; what was removed or changed shape fails.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/setup.sh
setup_install git gcc meson ninja-build abigail-tools || exit 1

released=$(git describe --tags --abbrev=0 2>/dev/null) || released=$(cat tests/abi/baseline)
if ! git cat-file -e "$released^{commit}" 2>/dev/null; then
    echo "$released is not in this clone: it is shallow"
    exit 77
fi

old=build-ci/abi/released
new=build-ci/abi/present
mkdir -p build-ci/abi
rm -rf "$old" && mkdir "$old" && git archive "$released" | tar -x -C "$old" || exit 1
build() {
    setup_configure "$1" "$2" -Dtests=false -Dexamples=false -Ddefault_library=shared &&
        meson compile -C "$1"
}
build "$old/build" "$old" >"$old.txt" 2>&1 || { cat "$old.txt"; exit 1; }
build "$new" . >"$new.txt" 2>&1 || { cat "$new.txt"; exit 1; }

failures=0
compared=0
for library in libphx libcommunity libcommunity-sqlite; do
    [ -e "$new/sdk/$library.so" ] && [ -e "$old/build/sdk/$library.so" ] || continue
    compared=$((compared + 1))
    # 4: changed, 8: incompatibly so, 1 and 2: it could not compare.
    abidiff --headers-dir1 "$old/include" --headers-dir2 include --no-added-syms --suppressions tests/abi/grown.abignore \
        "$old/build/sdk/$library.so" "$new/sdk/$library.so"
    code=$?
    if [ "$code" != 0 ]; then
        echo "$library: abidiff says $code"
        failures=$((failures + 1))
    fi
done
echo "abi: $compared libraries against $released, $failures changed"
[ "$failures" = 0 ] && [ "$compared" -gt 0 ]

#!/bin/bash
# SPDX-License-Identifier: MIT
# What three analysers say of the libraries, adapters and examples: clang-tidy with .clang-tidy, cppcheck
# with cppcheck.txt, gcc's -fanalyzer. Each finding fails; what is switched off stands there with its reason.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/setup.sh
setup_install gcc clang clang-tidy cppcheck meson ninja-build || exit 1

build=build-ci/analysers
failures=0
mapfile -t sources < <(git ls-files 'sdk/*.c' 'platform/*.c' 'examples/*.c')

# say NAME FILE: what the file holds are findings.
say() {
    if [ -s "$2" ]; then
        echo "$1:"
        cat "$2"
        failures=$((failures + 1))
    fi
}

mkdir -p build-ci
# Without optimisation -fanalyzer sees little; with -O2 it sees what runs.
CFLAGS=-fanalyzer setup_configure "$build" -Dtests=false -Ddefault_library=static >/dev/null &&
    meson compile -C "$build" >"$build/compile.txt" 2>&1 ||
    { cat "$build/compile.txt"; exit 1; }
grep -E 'warning:' "$build/compile.txt" | sort -u >"$build/gcc.txt"
say 'gcc -fanalyzer' "$build/gcc.txt"

cppcheck -q -j"$(nproc)" --enable=warning,style,performance,portability --inline-suppr --std=c11 \
    -Iinclude -Isdk -Iplatform -D_GNU_SOURCE --template=gcc \
    --suppressions-list=tests/checks/cppcheck.txt sdk platform examples 2>"$build/cppcheck.txt" ||
    echo "cppcheck: exit code $?" >>"$build/cppcheck.txt"
say cppcheck "$build/cppcheck.txt"

# The same files; clang does not know gcc's option.
mkdir -p "$build/tidy"
sed 's/ -fanalyzer / /' "$build/compile_commands.json" >"$build/tidy/compile_commands.json"
python3 - "$build/tidy/compile_commands.json" >"$build/files.txt" <<'END'
import json, os, sys
for entry in json.load(open(sys.argv[1])):
    print(os.path.normpath(os.path.join(entry['directory'], entry['file'])))
END
sort -u "$build/files.txt" | xargs -P"$(nproc)" -n4 clang-tidy -quiet -p "$build/tidy" \
    >"$build/all.txt" 2>"$build/tidy-errors.txt"
tidy_code=$?
grep -E '(warning|error):' "$build/all.txt" | sort -u >"$build/tidy.txt"
# One that could not run has found nothing, which is not the same as that nothing is there.
[ "$tidy_code" = 0 ] || [ -s "$build/tidy.txt" ] || cp "$build/tidy-errors.txt" "$build/tidy.txt"
say clang-tidy "$build/tidy.txt"

echo "analysers: 3, ${#sources[@]} files, $failures with findings"
[ "$failures" = 0 ]

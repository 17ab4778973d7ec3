#!/bin/bash
# SPDX-License-Identifier: MIT
# minimise.sh BUILD [FOLDER...]: makes each corpus as small as it can be with the same coverage, by the
# libFuzzer programs of BUILD, out of itself and what is in FOLDER/TARGET. Files named hand-... are cases
# of their own, and stay.
set -euo pipefail
build=$(realpath "$1")
shift
folders=()
for folder in "$@"; do
    folders+=("$(realpath "$folder")")
done
cd "$(dirname "$0")/corpus"
for target in *; do
    fresh=$(mktemp -d)
    sources=("$target")
    for folder in "${folders[@]}"; do
        [ ! -d "$folder/$target" ] || sources+=("$folder/$target")
    done
    cp "$target"/hand-* "$fresh" 2>/dev/null || true
    if ! "$build/tests/fuzz/fuzz_$target" -merge=1 -max_len=1024 -timeout=10 "$fresh" "${sources[@]}" \
        >"$fresh.log" 2>&1; then
        cat "$fresh.log"
        exit 1
    fi
    rm -r "$target"
    mkdir "$target"
    cp "$fresh"/* "$target"
    rm -r "$fresh" "$fresh.log"
    echo "$target: $(find "$target" -type f | wc -l) files"
done

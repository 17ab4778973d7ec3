#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs phoenix.js into WORK, records fresh scripts with it and replays them. Ends with 77,
# meson's "skipped", where node, npm or the package are not within reach. SEED in the environment
# repeats a run. Usage: fresh.sh SOURCE WORK REPLAY COUNT
set -eu
source=$1
work=$2
replay=$3
count=$4
for tool in node npm; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "skipped: $tool is not installed"
        exit 77
    fi
done
mkdir -p "$work"
if ! cmp -s "$source/package-lock.json" "$work/installed.json"; then
    cp "$source/package.json" "$source/package-lock.json" "$work"
    if ! (cd "$work" && npm ci --no-audit --no-fund --fetch-retries=0 --fetch-timeout=20000) \
        >"$work/npm.log" 2>&1; then
        echo "skipped: npm cannot install phoenix.js; see $work/npm.log"
        exit 77
    fi
    cp "$source/package-lock.json" "$work/installed.json"
fi
seed=${SEED:-$(date +%s)}
echo "seed $seed"
node "$source/record.mjs" "$work" random "$seed" "$count" >"$work/fresh.jsonl"
node "$source/record.mjs" "$work" rules | cmp - "$source/rules.jsonl"
# shellcheck disable=SC2086 # a list of words: the emulator, if the program is for another processor
exec ${MESON_EXE_WRAPPER:-} "$replay" scripts "$work/fresh.jsonl"

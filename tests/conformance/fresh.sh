#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs phoenix.js into WORK, records fresh scripts with it and replays them. Ends with 77,
# meson's "skipped", where that cannot be had. SEED in the environment repeats a run.
# Usage: fresh.sh SOURCE WORK REPLAY COUNT
set -eu
source=$1
work=$2
replay=$3
count=$4
. "$source/../npm.sh"
npm_install "$source" "$work"
seed=${SEED:-$(date +%s)}
echo "seed $seed"
node "$source/record.mjs" "$work" random "$seed" "$count" >"$work/fresh.jsonl"
node "$source/record.mjs" "$work" rules | cmp - "$source/rules.jsonl"
# shellcheck disable=SC2086 # a list of words: the emulator, if the program is for another processor
exec ${MESON_EXE_WRAPPER:-} "$replay" scripts "$work/fresh.jsonl"

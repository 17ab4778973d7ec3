#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the official client into WORK and drives the backend with it; exits with 77, meson's
# "skipped", where node or npm or the packages are not within reach. Usage: run.sh SOURCE WORK
set -eu
source=$1
work=$2
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
        echo "skipped: npm cannot install the client; see $work/npm.log"
        exit 77
    fi
    cp "$source/package-lock.json" "$work/installed.json"
fi
cp "$source/session.mjs" "$work"
exec node "$work/session.mjs"

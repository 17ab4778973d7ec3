#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the official client into WORK and drives the backend with it; exits with 77, meson's
# "skipped", where that cannot be had. Usage: run.sh SOURCE WORK
set -eu
source=$1
work=$2
. "$source/../../npm.sh"
npm_install "$source" "$work"
cp "$source/session.mjs" "$work"
exec node "$work/session.mjs"

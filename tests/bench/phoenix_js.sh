#!/bin/sh
# SPDX-License-Identifier: MIT
# The peer on Node: phoenix.js on ws, the same frames. Ends with 77 where it cannot be installed.
# Usage: phoenix_js.sh BLASTER WORK EVENTS
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../npm.sh"
npm_install "$here/../backend/phoenix_js" "$2"
cp "$here/phoenix_js.mjs" "$2"
exec node "$2/phoenix_js.mjs" "$1" "$3"

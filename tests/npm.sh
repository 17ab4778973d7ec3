# SPDX-License-Identifier: MIT
# Sourced by sh scripts that need packages of npm. npm_install SOURCE WORK: installs what SOURCE's
# package-lock.json names into WORK, once; ends the script with 77, meson's "skipped", where node, npm
# or the packages are not within reach.

npm_install() {
    for tool in node npm; do
        if ! command -v "$tool" >/dev/null 2>&1; then
            echo "skipped: $tool is not installed"
            exit 77
        fi
    done
    mkdir -p "$2"
    if ! cmp -s "$1/package-lock.json" "$2/installed.json"; then
        cp "$1/package.json" "$1/package-lock.json" "$2"
        if ! (cd "$2" && npm ci --no-audit --no-fund --fetch-retries=0 --fetch-timeout=20000) \
            >"$2/npm.log" 2>&1; then
            echo "skipped: npm cannot install phoenix.js; see $2/npm.log"
            exit 77
        fi
        cp "$1/package-lock.json" "$2/installed.json"
    fi
}

# SPDX-License-Identifier: MIT
# Sourced by the scripts that a bare machine may run: installs what a Debian system lacks. It asks the
# package database first, so that on a machine that has everything it costs a few milliseconds.

setup_build_packages="gcc libc6-dev meson ninja-build pkg-config libwebsockets-dev
    libcurl4-openssl-dev libcjson-dev libmbedtls-dev libsqlite3-dev"
setup_test_packages="$setup_build_packages libcmocka-dev openssl python3"

# setup_missing PACKAGE...: prints those that are not installed.
setup_missing() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s ' "$package"
    done
}

# setup_install PACKAGE...: installs what is missing, as root or with sudo. On a system without dpkg it
# trusts that the packages are there under other names; the build will say what is not.
setup_install() {
    local missing as_root=()
    command -v dpkg-query >/dev/null || return 0
    missing=$(setup_missing "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        as_root=(sudo)
        if ! command -v sudo >/dev/null; then
            echo "set-up: these packages are missing, and installing them needs root or sudo:" >&2
            echo "  apt-get install $missing" >&2
            return 1
        fi
    fi
    echo "set-up: installing $missing" >&2
    # A package list that cannot be refreshed may still do.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >&2 ||
        echo "set-up: apt-get update failed; trying with the lists that are there" >&2
    # shellcheck disable=SC2086 # a list of words
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends $missing >&2; then
        echo "set-up: apt-get could not install: $missing" >&2
        echo "  Its message above says why: as a rule there is no network, or no package source." >&2
        return 1
    fi
}

# setup_configure DIR OPTION...: a configured build folder; quick when it is there.
setup_configure() {
    local build=$1
    shift
    [ -f "$build/build.ninja" ] || meson setup "$build" "$@"
}

#!/bin/bash
# SPDX-License-Identifier: MIT
# The libraries and their tests in virtual time on other processors, another C library and another
# compiler: portability.sh [TARGET...]. Foreign processors are emulated (qemu-user), so what is checked is
# the code that the compiler made, not a device. Writes a table to build-ci/portability.txt.
#
# cJSON and cmocka are compiled for each target from Debian's source packages: the same way for all of
# them, and nothing of this machine changes but by the packages with compilers and emulators.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
. tests/setup.sh

root=$PWD/build-ci/portability
suites='unit sync conformance sim fuzz' # torture needs libwebsockets

# name | packages | compiler | C library, word and byte order | emulator | meson's cpu family and endianness
targets='
i386  | gcc-i686-linux-gnu libc6-dev-i386-cross qemu-user        | i686-linux-gnu-gcc      | glibc, 32 bits, little | qemu-i386 -L /usr/i686-linux-gnu         | x86 little
armhf | gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user  | arm-linux-gnueabihf-gcc | glibc, 32 bits, little | qemu-arm -L /usr/arm-linux-gnueabihf     | arm little
arm64 | gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user    | aarch64-linux-gnu-gcc   | glibc, 64 bits, little | qemu-aarch64 -L /usr/aarch64-linux-gnu   | aarch64 little
s390x | gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user      | s390x-linux-gnu-gcc     | glibc, 64 bits, big    | qemu-s390x -L /usr/s390x-linux-gnu       | s390x big
musl  | musl-tools                                               | musl-gcc                | musl, 64 bits, little  |                                          | x86_64 little
clang | clang                                                    | clang                   | glibc, 64 bits, little |                                          | x86_64 little
'

# A list of package sources that names source packages too, out of the machine's own.
write_sources() {
    local file
    mkdir -p "$root/apt/parts" "$root/apt/lists/partial" "$root/apt/cache/archives/partial"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.list; do
        [ ! -e "$file" ] || sed -n 's/^deb /deb-src /p' "$file" >"$root/apt/parts/$(basename "$file" .list).list"
    done
    file=/etc/apt/sources.list.d/debian.sources
    [ ! -e "$file" ] || sed 's/^Types:.*/Types: deb-src/' "$file" >"$root/apt/parts/debian.sources"
}

apt_aside() {
    apt-get -q -o Dir::Etc::SourceParts="$root/apt/parts" -o Dir::Etc::SourceList=/dev/null \
        -o Dir::State::Lists="$root/apt/lists" -o Dir::Cache="$root/apt/cache" \
        -o APT::Sandbox::User="$(id -un)" "$@"
}

fetch_sources() {
    [ ! -e "$root/src/cmocka/src/cmocka.c" ] || return 0
    write_sources
    rm -rf "$root/src" && mkdir -p "$root/src" && cd "$root/src" || return 1
    apt_aside update && apt_aside source cjson cmocka || return 1
    mv cjson-*/ cjson && mv cmocka-*/ cmocka && cd - >/dev/null
}

pc_file() {
    printf 'Name: %s\nDescription: %s\nVersion: %s\nCflags: -isystem %s/include\nLibs: %s\n' \
        "$1" "$1" "$2" "$3" "$4" >"$3/pkgconfig/$1.pc"
}

# build_libraries COMPILER PREFIX
build_libraries() {
    local cc=$1 prefix=$2 have='' name
    rm -rf "$prefix" && mkdir -p "$prefix/include/cjson" "$prefix/pkgconfig" || return 1
    cp "$root/src/cjson/cJSON.h" "$prefix/include/cjson/"
    cp "$root"/src/cmocka/include/*.h "$prefix/include/"
    for name in ASSERT_H INTTYPES_H MALLOC_H SETJMP_H SIGNAL_H STDARG_H STDDEF_H STDINT_H STDIO_H STDLIB_H \
        STRINGS_H STRING_H SYS_STAT_H SYS_TYPES_H TIME_H UNISTD_H STRUCT_TIMESPEC CALLOC EXIT FPRINTF \
        SNPRINTF VSNPRINTF SIGNAL CLOCK_REALTIME CLOCK_GETTIME; do
        have+=" -DHAVE_$name=1"
    done
    "$cc" -O2 -fPIC -c "$root/src/cjson/cJSON.c" -o "$prefix/cjson.o" &&
        # shellcheck disable=SC2086 # words
        "$cc" -O2 -fPIC -w $have -I"$prefix/include" -c "$root/src/cmocka/src/cmocka.c" -o "$prefix/cmocka.o" &&
        ar rcs "$prefix/libcjson.a" "$prefix/cjson.o" && ar rcs "$prefix/libcmocka.a" "$prefix/cmocka.o" &&
        pc_file libcjson 1.7.15 "$prefix" "$prefix/libcjson.a -lm" &&
        pc_file cmocka 1.1.5 "$prefix" "$prefix/libcmocka.a"
}

# write_machine_file NAME COMPILER EMULATOR FAMILY ENDIAN
write_machine_file() {
    local file=$root/$1.ini emulator=$3
    {
        printf "[binaries]\nc = '%s'\nar = 'ar'\npkgconfig = 'pkg-config'\n" "$2"
        [ -z "$emulator" ] || printf "exe_wrapper = ['%s']\n" "${emulator// /\', \'}"
        printf "[properties]\npkg_config_libdir = '%s/%s/pkgconfig'\n" "$root" "$1"
        printf "[host_machine]\nsystem = 'linux'\ncpu_family = '%s'\ncpu = '%s'\nendian = '%s'\n" "$4" "$4" "$5"
    } >"$file"
}

# run NAME COMPILER EMULATOR FAMILY ENDIAN: builds and tests; the log of meson's tests tells the rest.
run() {
    local name=$1 build=$root/build-$1 suite selected=()
    [ -e "$root/$name/libcmocka.a" ] || build_libraries "$2" "$root/$name" || return 1
    write_machine_file "$@"
    setup_configure "$build" --cross-file "$root/$name.ini" -Dwerror=true -Dauto_features=disabled \
        -Dposix=enabled -Depoll=enabled -Dexamples=false -Ddefault_library=static &&
        meson compile -C "$build" || return 1
    for suite in $suites; do
        selected+=(--suite "$suite")
    done
    meson test -C "$build" --no-rebuild -t 20 --print-errorlogs "${selected[@]}" --no-suite long
}

# What the log of a run holds: "passed failed skipped".
count() {
    python3 - "$1" <<'END'
import json, sys
results = [json.loads(line)['result'] for line in open(sys.argv[1])]
skipped = results.count('SKIP')
passed = results.count('OK') + results.count('EXPECTEDFAIL')
print(passed, len(results) - passed - skipped, skipped)
END
}

mkdir -p "$root"
setup_install gcc meson ninja-build pkg-config dpkg-dev python3 || exit 1
(fetch_sources) >"$root/fetch.txt" 2>&1 || {
    cat "$root/fetch.txt"
    echo "portability: the source packages of cJSON and cmocka cannot be had"
    exit 1
}

passed=0 failed=0 skipped=0 count=0
table=build-ci/portability.txt
printf '%-6s | %-38s | %-22s | %-9s | %6s | %6s | %7s | %5s\n' target compiler 'C library, word, bytes' emulated \
    passed failed skipped s >"$table"
while IFS='|' read -r name packages compiler library emulator machine; do
    name=${name// /} compiler=${compiler// /}
    [ -n "$name" ] || continue
    [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
    read -r library <<<"$library" && read -r emulator <<<"$emulator"
    read -r family endian <<<"$machine"
    begin=$SECONDS
    # shellcheck disable=SC2086 # words
    setup_install $packages >"$root/$name.txt" 2>&1 &&
        run "$name" "$compiler" "$emulator" "$family" "$endian" >>"$root/$name.txt" 2>&1
    code=$?
    numbers='0 1 0'
    log=$root/build-$name/meson-logs/testlog.json
    [ ! -e "$log" ] || numbers=$(count "$log")
    read -r p f s <<<"$numbers"
    [ "$code" = 0 ] || [ "$f" -gt 0 ] || f=1
    [ "$f" = 0 ] || tail -n 60 "$root/$name.txt"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s)) count=$((count + 1))
    printf '%-6s | %-38s | %-22s | %-9s | %6d | %6d | %7d | %5d\n' "$name" \
        "$("$compiler" --version 2>/dev/null | head -n 1 | cut -c -38)" "$library" "${emulator%% *}" \
        "$p" "$f" "$s" $((SECONDS - begin)) >>"$table"
done <<<"$targets"

cat "$table"
echo "suites: $suites"
echo "portability: $count targets, $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]

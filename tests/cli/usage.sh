#!/bin/bash
# SPDX-License-Identifier: MIT
# The command line and the keychain: everything that needs no server.
. "$(dirname "$0")/lib.sh"

server=(--url ws://127.0.0.1:1/community --api http://127.0.0.1:1/api/community)
token=(--keychain "file:$folder/token")

fails 'no command' 2 'which command'
fails 'an unknown command' 2 'no command "dance"' dance
fails 'an unknown option' 2 'community: there is no option --dance' --dance=3
fails 'an unknown letter' 2 'community: there is no option -x' list -x
fails 'an option without its value' 2 'community: --url takes a value' list --url
fails 'an option that takes no value' 2 'community: --json takes no value' list --json=yes
fails 'watch without a URL' 2 'COMMUNITY_URL' watch --keychain env:X
fails 'list without an API' 2 'COMMUNITY_API' list --url ws://127.0.0.1:1/c --keychain env:X
fails 'list without a keychain' 2 'COMMUNITY_KEYCHAIN' list "${server[@]}"
fails 'a keychain that is none' 2 'env:VARIABLE' list "${server[@]}" --keychain tok-alice
check 'a token given by mistake is not repeated' eval '! says tok-alice'
fails 'post without a text' 2 'usage: community post TEXT' post "${server[@]}" --keychain env:X
fails 'an option of another command' 2 'post does not take --for' post x --for 1 "${server[@]}"
fails 'a time that is none' 2 '--for takes' watch --for soon "${server[@]}" --keychain env:X
fails 'a negative time' 2 '--for takes' watch --for -1 "${server[@]}" --keychain env:X
fails 'half a post' 2 'whole number' list --limit 1.5 "${server[@]}" --keychain env:X
fails 'a heartbeat that is none' 2 '--heartbeat takes' watch --heartbeat 0 "${server[@]}" --keychain env:X
fails 'a heartbeat where there is no connection' 2 'list does not take --heartbeat' list --heartbeat 5 "${server[@]}" --keychain env:X
fails 'a URL of another kind' 2 'URL' watch --url ftp://x --keychain env:X
fails 'a token in clear text to another host' 2 'wss://' watch --url ws://example.invalid/c --keychain env:X
TOKEN=x fails 'unless that is allowed' 4 'community doctor' watch --url ws://example.invalid/c --keychain env:TOKEN --allow-insecure --for 1
fails 'a CA file that is not there' 2 'cannot be read' list "${server[@]}" --keychain env:X --ca "$folder/no"
fails 'no token in the environment' 3 'no token' list "${server[@]}" --keychain env:NOT_SET
fails 'no token file' 3 'token' list "${server[@]}" "${token[@]}"

run --help
check '--help documents the exit codes' eval 'exits 0 && prints "3  unauthorized" && prints "doctor"'
run --version
check '--version' eval 'exits 0 && prints "community 0." && [[ $out =~ \((libcurl|libwebsockets)\ [0-9] ]]'
fails 'a transport that is none' 2 'auto, lws or curl' watch --transport pigeon "${server[@]}" --keychain env:X

run login "${token[@]}" <<<tok-first
check 'login stores the token' eval 'exits 0 && equal "$(<"$folder/token")" tok-first'
check 'login says nothing about it' eval '! prints tok-first && ! says tok-first'
check 'the file is nobody else'\''s' equal "$(stat -c %a "$folder/token")" 600
fails 'login without a token' 2 'no token' login "${token[@]}" </dev/null
fails 'login with two words' 2 'space' login "${token[@]}" <<<'two words'
fails 'a token that never ends' 2 'longer' login "${token[@]}" < <(head -c 9000 /dev/zero | tr '\0' x)
fails 'login into the environment' 2 'only be read' login --keychain env:X <<<tok
check 'a failed login leaves the token' equal "$(<"$folder/token")" tok-first
out=$(trap '' XFSZ && ulimit -f 0 && "$COMMUNITY" login "${token[@]}" <<<tok-second 2>&1)
code=$?
check 'a full disk is said' eval 'exits 1 && prints "could not be" && prints "space"'
check 'a full disk leaves the old token' equal "$(<"$folder/token")" tok-first
check 'and nothing beside it' equal "$(find "$folder" -name 'token*' | wc -l)" 1
chmod 644 "$folder/token"
fails 'a file that others may read' 3 'chmod 600' list "${server[@]}" "${token[@]}"
chmod 600 "$folder/token"
fails 'the server is absent' 4 'Is the server running' list "${server[@]}" "${token[@]}"
run logout "${token[@]}"
check 'logout removes the token' eval 'exits 0 && [ ! -e "$folder/token" ]'
run logout "${token[@]}"
check 'logout twice' exits 0
run login --keychain "file:$folder/no/such/token" <<<tok
check 'a folder that is not there' eval '! exits 0 && says "$folder/no/such/token"'

done_testing

#!/bin/bash
# SPDX-License-Identifier: MIT
# doctor: which step fails, with what exit code and remedy; and TLS with an authority of the test's own.
. "$(dirname "$0")/lib.sh"
start_backend

# finds NAME CODE STEP TEXT ARGUMENT...: the step fails with the text, and a remedy follows.
finds() {
    local name=$1 expected=$2 step=$3 text=$4
    shift 4
    run doctor "$@"
    check "$name" eval 'exits "$expected" && [[ $out =~ (^|$'"'\n'"')"$step"\ +failed\ [^$'"'\n'"']*"$text" ]] &&
        [[ $out =~ remedy\ +[A-Z\`-] ]]'
}

run doctor
check 'all is well' eval 'exits 0 && [[ $out =~ rest\ +ok ]]'
check 'the transport is named' eval '[[ $out =~ transport\ +ok\ +(libcurl|libwebsockets)\ [0-9] ]]'
for step in name tcp upgrade token join; do
    check "$step is well" eval '[[ $out =~ "$step"\ +ok ]]'
done
finds 'a URL that is none' 2 settings 'URL' --url http://127.0.0.1/community
finds 'a port that is none' 2 settings 'URL' --url ws://127.0.0.1:x/community
finds 'clear text to another host' 2 settings 'clear text' --url "ws://0.0.0.0:$port/community"
finds 'an unknown name' 4 name 'nonsense.invalid' --url ws://nonsense.invalid/community
finds 'nothing listens' 4 tcp 'refused' --url ws://127.0.0.1:1/community
finds 'a wrong path' 5 upgrade '404' --url "$COMMUNITY_URL/nowhere"
TOKEN=tok-wrong finds 'a refused token' 3 token 'refused the token'
TOKEN='' finds 'no token' 3 token 'no token'
check 'without a token the upgrade is tried all the same' eval '[[ $out =~ upgrade\ +ok ]]'
finds 'a keychain that cannot be read' 3 token 'keychain' --keychain "file:$folder"
TOKEN=tok-carol finds 'not a member' 5 join 'not_a_member'
finds 'a wrong API path' 5 rest '404' --api "$COMMUNITY_API/nowhere"
control refuse '{"what":"rest","status":503}'
finds 'a failing API' 5 rest '503'
control reset '{}'
COMMUNITY_API='' run doctor
check 'no API is not a failure' eval 'exits 0 && [[ $out =~ rest\ +skipped ]]'
run doctor --verbose
check '--verbose speaks on stderr' eval 'exits 0 && says "info" && ! says tok-alice'
end_backend TERM

if command -v openssl >/dev/null; then
    cd "$folder" || give_up 'no folder'
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Test authority' \
        -keyout ca.key -out ca.pem -addext basicConstraints=critical,CA:TRUE 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj '/CN=127.0.0.1' -keyout server.key -out server.csr \
        2>/dev/null
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -out server.pem -extfile <(echo subjectAltName=IP:127.0.0.1) 2>/dev/null
    start_backend --cert server.pem --key server.key
    run doctor --ca ca.pem
    check 'TLS with an authority of our own' eval 'exits 0 && [[ $out =~ tls\ +ok ]]'
    finds 'a certificate that nobody trusts' 4 tls 'certificate'
    check 'the remedy names --ca' prints '--ca FILE'
    finds 'a certificate for another name' 4 tls '' --ca ca.pem --url "wss://localhost:$port/community"
    fails 'watch ends when nobody trusts the certificate' 4 '--ca FILE' watch
    fails 'so does list' 4 '--ca FILE' list
    start_watch --json --ca ca.pem
    expect '*"freshness":"live"*'
    end_watch TERM
    check 'watch over TLS' exits 0
    run list --ca ca.pem
    check 'list over TLS' exits 0
    end_backend TERM
else
    skip 'TLS' 'there is no openssl to make a certificate with'
fi
done_testing

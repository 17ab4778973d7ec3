#!/bin/bash
# SPDX-License-Identifier: MIT
# What a user does: list, post, edit, delete, like, comment; and how the server says no.
. "$(dirname "$0")/lib.sh"
start_backend

run list
check 'an empty feed' eval 'exits 0 && equal "$out" ""'
run list --json
check 'an empty feed as JSON' equal "$out" '{"type":"list","count":0,"posts":[]}'

run post 'hello'
id=$out
check 'post prints the id' eval 'exits 0 && [ ${#id} = 36 ]'
run post --json $'tab\tquote"\\ Grüße 👋 \u202e\x1b[31m'
check 'post --json prints the post, controls escaped' \
    eval 'exits 0 && prints "\"body\":\"tab\\u0009quote\\\"\\\\ Grüße 👋 \\u202e\\u001b[31m\""'
hostile=${out#*\"id\":\"}
hostile=${hostile%%\"*}
run list
check 'list shows no escape sequence' eval 'exits 0 && [[ $out != *$'"'\x1b'"'* ]] && prints "␛[31m"'
check 'list shows no direction override' eval '[[ $out != *$'"'\u202e'"'* ]]'
check 'list shows who and what' eval 'prints "Alice  hello"'
run edit "$id" -- '-edited-'
check 'edit' eval 'exits 0 && equal "$out" "$id"'
run edit "$id" - <<<$'from stdin\nsecond line\n'
check 'edit from stdin' exits 0
run list --limit 2 --json
check 'the edit arrived' prints '"body":"from stdin\u000asecond line"'
export TOKEN=tok-bob DAVE=tok-dave
run like "$id"
check 'like' equal "$out" '1 like'
run like "$id"
check 'like again takes it back' equal "$out" '0 likes'
run comment "$id" 'a comment'
comment=$out
check 'comment prints its id' eval 'exits 0 && [ ${#comment} = 36 ]'
run list
check 'the comment is counted' prints '1 comment  from stdin␊second line'
fails 'another user'\''s comment' 5 'HTTP 403' comment --delete "$id" "$comment" --keychain env:DAVE
run comment --delete "$id" "$comment"
check 'comment --delete' exits 0
fails 'another user'\''s post' 5 'author' edit "$id" mine
fails 'an id that is not there' 5 'ids' like no-such-post
fails 'an empty text' 2 'not empty' post ''
fails 'a text of spaces' 5 'blank' post '   '
fails 'a text that is no UTF-8' 2 'UTF-8' post $'\xff'
fails 'a wrong API path' 5 '--api' list --api "$COMMUNITY_API/nowhere"
TOKEN=tok-wrong fails 'a refused token' 3 'Log in again' post hello
check 'the token is not in the message' eval '! says tok-wrong'
TOKEN=tok-carol fails 'not a member' 5 'membership' post hello
control refuse '{"what":"rest","status":503,"count":1}'
fails 'a server that fails' 5 'HTTP 503' post hello
control reset '{}'
export TOKEN=tok-alice
run delete "$id"
check 'delete' exits 0
run delete "$hostile"
run list --json
check 'all gone' prints '"count":0'

control burst '{"count":230}'
until prints 'burst 230 of 230' || ! exits 0; do run list --limit 1; done
run list --json
check 'list pages to the end' eval 'exits 0 && equal "$(grep -o "\"body\":" <<<"$out" | wc -l)" 230'
run list --limit 130
check 'list --limit' equal "$(wc -l <<<"$out")" 130
run list --limit 130 --json
check 'list --limit --json' prints '"count":130,'

run_into /dev/full list
check 'an output that is full' eval 'exits 1 && says "could not be written"'
"$COMMUNITY" list --json 2>"$folder/stderr" | head -c 1 >/dev/null
code=${PIPESTATUS[0]} err=$(<"$folder/stderr")
check 'a reader that goes away' eval 'exits 0 && equal "$err" ""'

end_backend TERM
fails 'the server is gone' 4 'Is the server running' list
done_testing

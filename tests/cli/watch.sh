#!/bin/bash
# SPDX-License-Identifier: MIT
# watch into a pipe: plain lines and --json; its ends; and the feed through drops and a killed server.
. "$(dirname "$0")/lib.sh"
start_backend

run post first
start_watch --json
expect '*"freshness":"live"*'
check 'a state line says live' eval '[[ $line == "{\"type\":\"state\",\"state\":\"connected\""* ]]'
run post $'second \x1b[2J'
second=$out
expect '*"kind":"insert","index":0*'"$second"*
check 'a change line has the post, controls escaped' eval '[[ $line == *"second \\u001b[2J"* ]]'
run edit "$second" 'second, edited'
expect '*"kind":"replace","index":0*second, edited*'
TOKEN=tok-bob run like "$second"
expect '*"kind":"replace"*"likes_count":1*"liked_by_user_ids":\["2"\]*'
run comment "$second" 'a comment'
expect '*"kind":"replace"*"comments_count":1*'
run post third
third=$out
expect '*"kind":"insert"*'"$third"*
run delete "$third"
expect '*"kind":"remove","index":0*'"$third"*
control raw '{"text":"[not json"}'
expect '{"type":"error"*'
check 'a malformed frame is an error line' eval '[[ $line == *MALFORMED* ]]'
compare_feeds TERM
check 'SIGTERM ends it with 0' exits 0
check 'the snapshot equals the list' equal "$watched" "$listed"
check 'and holds both posts' eval '[[ $watched == *"second, edited"*first* ]]'

start_watch --json
expect '*"freshness":"live"*'
run post before-the-drop
expect '*before-the-drop*'
control refuse '{"status":503}'
control drop '{}'
expect '*"state":"reconnecting"*503*'
run post while-away
control reset '{}'
expect '*while-away*'
expect '*"freshness":"live"*'
end_backend KILL
expect '*"state":"reconnecting"*'
start_backend --port "$port"
expect '*"freshness":"live"*'
run post after-the-restart
expect '*after-the-restart*'
compare_feeds INT
check 'SIGINT ends it with 0' exits 0
check 'after drops and a killed server the snapshot equals the list' equal "$watched" "$listed"
check 'nothing is missing' \
    eval '[[ $watched == *after-the-restart*while-away*before-the-drop*second*first* ]]'

start_watch
expect '# connected, live'
run post $'lines \x1b]0;title\x07 \u202eabc\nnext'
expect '+ *'"$out"*
check 'a plain line is one line without escapes' \
    eval '[[ $line == *"Alice  lines ␛]0;title␇ "?"abc␊next" && $line != *$'"'\x1b'"'* ]]'
run delete "$out"
expect '- *'
control drop '{"mode":"close","code":1011}'
expect '# reconnecting, stale: *'
reconnecting=$line
expect '# connected, live'
check 'a plain watch says why it reconnects' eval '[[ $reconnecting == *1011* ]]'
exec {watch_out}<&-
end_watch
check 'a reader that goes away ends it quietly' eval 'exits 0 && equal "$err" ""'

run watch --json --for 2
check '--for ends it with 0' exits 0
check '--for: the last line is the snapshot' \
    eval '[[ $(tail -n 1 <<<"$out") == "{\"type\":\"snapshot\""* ]]'
check '--for: the counters come before it' \
    eval '[[ $(tail -n 2 <<<"$out" | head -n 1) == "{\"type\":\"stats\",\"events\":0,"* ]]'
run_into /dev/full watch --for 1
check 'an output that is full' eval 'exits 1 && says "could not be written"'
TOKEN=tok-wrong fails 'a refused token' 3 'Log in again' watch
TOKEN=tok-carol fails 'not a member' 5 'membership' watch --json
TOKEN= fails 'no token' 3 'no token' watch
fails 'a wrong path' 5 'path in --url' watch --url "$COMMUNITY_URL/nowhere"
control refuse '{"status":503}'
fails 'refused for now, until the time is over' 5 '503' watch --for 1
control reset '{}'
end_backend TERM
fails 'an absent server, until the time is over' 4 'Is the server running' watch --for 0.5
start_watch
expect '*next attempt in*'
end_watch TERM
check 'ended before it ever connected' eval 'exits 4 && says "Is the server running"'
done_testing

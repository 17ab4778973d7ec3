#!/bin/bash
# SPDX-License-Identifier: MIT
# A live community feed on this machine: set-up, build, the development backend on an SQLite file of its
# own, a busy author, dropped connections, and the command line program watching. On a terminal it is a
# live screen until q; without one it runs for about 15 seconds. It ends with
#   demo: N events, M posts, R reconnects, feed equals server: yes
# and a non-zero exit code if that is not so.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
. tests/setup.sh

# shellcheck disable=SC2086 # a list of words
setup_install $setup_build_packages || exit 1
if ! { setup_configure build-demo -Dtests=false && meson compile -C build-demo; } >&2; then
    echo 'demo: the build failed, see above' >&2
    exit 1
fi
community=$PWD/build-demo/examples/cli/community
backend=$PWD/build-demo/examples/backend/community-backend
seconds=13

folder=$(mktemp -d) || exit 1
pids=()
clean_up() {
    local pid
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

give_up() {
    echo "demo: $*" >&2
    exit 1
}

exec {backend_out}< <(exec "$backend" --port 0 --control --db "$folder/feed.db" \
    2>"$folder/backend.log" </dev/null)
pids+=($!)
read -r -t 20 -u "$backend_out" line || give_up "the backend did not start: $(<"$folder/backend.log")"
port=${line##*:}
export COMMUNITY_URL=ws://127.0.0.1:$port/community
export COMMUNITY_API=http://127.0.0.1:$port/api/community
export COMMUNITY_KEYCHAIN=env:COMMUNITY_TOKEN COMMUNITY_TOKEN=tok-alice

# Asks the backend's test endpoint to drop every socket without a word.
drop_connections() {
    local connection answer
    exec {connection}<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf 'POST /control/drop HTTP/1.1\r\nHost: demo\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}' \
        >&"$connection"
    read -r -t 10 -u "$connection" answer
    exec {connection}>&-
}

as() {
    local token=$1
    shift
    COMMUNITY_TOKEN=tok-$token "$community" "$@"
}

# The busy author and friends: $1 seconds of posts, edits, likes, comments, deletions and drops.
be_busy() {
    local end=$((SECONDS + $1)) i=0 id= previous= texts=(
        'Good morning, everybody!' 'Who is coming to the run on Sunday?'
        'Found the bug: it was the clock. It is always the clock. 🕰'
        'Grüße aus Köln 👋, and a line that is rather longer than most terminals are wide, so that you can see how it wraps.'
        'Kettle is on ☕' '日本語でもどうぞ' 'Photos of the hike are up.' 'Anyone seen my bicycle pump?')
    while ((SECONDS < end)); do
        i=$((i + 1))
        previous=$id
        id=$(as bob post "${texts[i % ${#texts[@]}]}")
        as alice like "$id"
        as dave comment "$id" 'Nice.'
        ((i % 3 != 0)) || as bob edit "$id" "${texts[i % ${#texts[@]}]} (edited)"
        ((i % 5 != 0)) || as bob delete "$previous"
        ((i % 12 != 0)) || drop_connections
        read -r -t 0.2 -u "$backend_out" _ # a pause: the backend says nothing more
    done >/dev/null 2>>"$folder/author.log"
}

stat_of() {
    local number=${stats##*\"$1\":}
    echo "${number%%[,\}]*}"
}

# Compares a watch's snapshot with the server's list, and says how it went.
report() {
    local snapshot=$1 listed equal=no events reconnects posts
    listed=$("$community" list --json --limit 1000) || give_up 'the list could not be read'
    [ "${snapshot#*\"posts\":}" = "${listed#*\"posts\":}" ] && equal=yes
    events=$(stat_of events)
    reconnects=$(stat_of connects)
    posts=${snapshot#*\"count\":}
    echo "demo: $events events, ${posts%%,*} posts, $((reconnects - 1)) reconnects, feed equals server: $equal"
    [ $equal = yes ] && ((events > 0 && reconnects > 1 && ${posts%%,*} > 0))
}

# One watch records; what is on the screen is another one's.
"$community" watch --json >"$folder/recorded" 2>"$folder/watch.log" </dev/null &
watch_pid=$!
pids+=("$watch_pid")

pause() { read -r -t 0.1 -u "$backend_out" _; }

# Whether the record holds $1, and the last that it says of the connection is that the feed is live.
has_caught_up() {
    grep -q -- "$1" "$folder/recorded" &&
        grep '"type":"state"' "$folder/recorded" | tail -n 1 | grep -q '"freshness":"live"'
}

await() {
    local end=$((SECONDS + 60))
    until has_caught_up "$1"; do
        ((SECONDS < end)) || give_up "the watch has not caught up: $(<"$folder/watch.log")"
        pause
    done
}

await connected
if [ -t 0 ] && [ -t 1 ]; then
    be_busy 86400 &
    author=$!
    pids+=("$author")
    "$community" watch
    kill "$author"
else
    echo "demo: an author is busy for $seconds seconds, and connections drop" >&2
    be_busy "$seconds" &
    author=$!
    pids+=("$author")
fi
wait "$author" 2>/dev/null
drop_connections
last=$(as bob post 'Good night!') || give_up 'the last post failed'
await "$last"
kill "$watch_pid" && wait "$watch_pid"
stats=$(tail -n 2 "$folder/recorded" | head -n 1)
report "$(tail -n 1 "$folder/recorded")"

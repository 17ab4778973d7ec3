# SPDX-License-Identifier: MIT
# What the scripts here share: the program as a user runs it, a backend of their own, and checks that are
# reported as TAP. Everything is waited for by what is read, and ended by its own pid.
# Environment: COMMUNITY (the program), COMMUNITY_BACKEND.
set -u

folder=$(mktemp -d)
checks=0
failures=0
backend_pid=
watch_pid=
export HOME=$folder LC_ALL=C.UTF-8
unset COMMUNITY_URL COMMUNITY_API COMMUNITY_KEYCHAIN NO_COLOR
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

clean_up() {
    local pid
    for pid in $backend_pid $watch_pid; do
        kill -KILL "$pid" 2>/dev/null
    done
    rm -rf "$folder"
}
trap clean_up EXIT

# check NAME COMMAND...: one line of TAP.
check() {
    local name=$1
    shift
    checks=$((checks + 1))
    if "$@"; then
        echo "ok $checks - $name"
    else
        failures=$((failures + 1))
        echo "not ok $checks - $name"
        [ -z "${out:-}${err:-}" ] || printf '# stdout: %s\n# stderr: %s\n' "${out//$'\n'/ | }" \
            "${err//$'\n'/ | }"
    fi
}

skip() {
    checks=$((checks + 1))
    echo "ok $checks - $1 # SKIP $2"
}

done_testing() {
    echo "1..$checks"
    exit $((failures != 0))
}

# Bail out: nothing after this could work.
give_up() {
    echo "Bail out! $*"
    exit 1
}

# run ARGUMENT...: the program; sets code, out and err.
run() {
    out=$("$COMMUNITY" "$@" 2>"$folder/stderr")
    code=$?
    err=$(<"$folder/stderr")
}

# run_into FILE ARGUMENT...: the same with stdout elsewhere.
run_into() {
    local file=$1
    shift
    out=
    "$COMMUNITY" "$@" >"$file" 2>"$folder/stderr"
    code=$?
    err=$(<"$folder/stderr")
}

# exits CODE, says TEXT (on stderr), prints TEXT (on stdout): what the last run did.
exits() { [ "$code" = "$1" ]; }
says() { [[ $err == *"$1"* ]]; }
prints() { [[ $out == *"$1"* ]]; }
equal() { [ "$1" = "$2" ]; }

# fails NAME CODE TEXT ARGUMENT...: a run that ends with the code and names the cause.
fails() {
    local name=$1 expected=$2 text=$3
    shift 3
    run "$@"
    check "$name" eval 'exits "$expected" && says "$text"'
}

# start_backend OPTION...: sets backend_pid, port and, for the program, the environment.
start_backend() {
    local line scheme
    exec {backend_out}< <(exec "$COMMUNITY_BACKEND" --port 0 --control --db "$folder/feed.db" "$@" \
        2>>"$folder/backend.log")
    backend_pid=$!
    read -r -t 20 -u "$backend_out" line || give_up "the backend did not start"
    port=${line##*:}
    scheme=${line##*listening on http}
    scheme=${scheme%%:*}
    export COMMUNITY_URL=ws$scheme://127.0.0.1:$port/community
    export COMMUNITY_API=http$scheme://127.0.0.1:$port/api/community
    export COMMUNITY_KEYCHAIN=env:TOKEN TOKEN=tok-alice
}

# end_backend SIGNAL
end_backend() {
    kill "-$1" "$backend_pid"
    wait "$backend_pid" 2>/dev/null
    exec {backend_out}<&-
    backend_pid=
}

# control VERB JSON: the backend's test endpoint.
control() {
    local connection answer
    exec {connection}<>"/dev/tcp/127.0.0.1/$port" || give_up "no control endpoint"
    printf 'POST /control/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
        "$1" "${#2}" "$2" >&"$connection"
    read -r -t 20 -u "$connection" answer
    exec {connection}>&-
    [[ $answer == *" 200 "* ]] || give_up "control $1: $answer"
}

# start_watch OPTION...: a watch whose output expect reads; sets watch_pid.
start_watch() {
    exec {watch_out}< <(exec "$COMMUNITY" watch "$@" 2>"$folder/watch.err")
    watch_pid=$!
}

# expect PATTERN: reads the watch's output up to a line that matches; sets line.
expect() {
    while read -r -t 30 -u "$watch_out" line; do
        # shellcheck disable=SC2053 # a pattern
        if [[ $line == $1 ]]; then
            return 0
        fi
    done
    give_up "the watch never said: $1"
}

# end_watch [SIGNAL]: sets code; the output not read yet stays readable.
end_watch() {
    [ $# = 0 ] || kill "-$1" "$watch_pid"
    wait "$watch_pid"
    code=$?
    watch_pid=
    err=$(<"$folder/watch.err")
}

# The feed in a snapshot or list line, to compare.
posts_of() {
    local posts=${1#*\"posts\":}
    echo "${posts%\}}"
}

# Ends the watch and sets watched and listed: its feed, and the server's.
compare_feeds() {
    end_watch "$1"
    expect '{"type":"snapshot"*'
    watched=$(posts_of "$line")
    run list --json
    listed=$(posts_of "$out")
}

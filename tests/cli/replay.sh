#!/bin/bash
# SPDX-License-Identifier: MIT
# watch --record through drops, then replay of what it wrote; and of files that are none.
. "$(dirname "$0")/lib.sh"
start_backend

recording=$folder/flight.phxrec
start_watch --json --record "$recording"
expect '*"freshness":"live"*'
run post 'a body that is nobody else'\''s'
expect '*nobody else*'
control raw '{"text":"[not json"}'
expect '{"type":"error"*'
control drop '{"mode":"close","code":1012}'
expect '*"state":"reconnecting"*'
expect '*"freshness":"live"*'
control drop '{}'
expect '*"state":"reconnecting"*'
expect '*"freshness":"live"*'
end_watch TERM
check 'the watch ends well' eval 'exits 0 && [ -s "$recording" ]'
check 'no token is in the recording' eval '! grep -aq tok- "$recording"'
check 'and no payload' eval '! grep -aq nobody "$recording"'

run replay "$recording"
check 'replay computes the same' eval 'exits 0 && prints "bit for bit as recorded" && equal "$err" ""'
check 'it shows inputs, actions and states' \
    eval '[[ $out == *"connect"*"-> open connection"*"= connecting, wanted"* ]]'
check 'and the channel, the drop and the next attempt' \
    eval '[[ $out == *"community:feed joined"*"close code 1012"*"= waiting, wanted, "*"next deadline in"* ]]'
check 'and the malformed frame' prints 'not decoded'
steps=$(grep -c '^step ' <<<"$out")

run replay "$recording" --json
check 'as JSON, a line a step and the end' \
    eval 'exits 0 && equal "$(wc -l <<<"$out")" $((steps + 1))'
check 'which is JSON' eval 'python3 -c "import json, sys; [json.loads(line) for line in sys.stdin]" <<<"$out"'
check 'the end counts the steps' eval '[[ $out == *"{\"type\":\"end\",\"steps\":$steps,\"checkpoints\":1}" ]]'
run replay "$recording" --from 2 --to 3
check 'some steps' eval 'exits 0 && equal "$(grep -c "^step " <<<"$out")" 2'

head -c 100 "$recording" >"$folder/short"
fails 'a file that was cut' 2 'cut short' replay "$folder/short"
{ head -c 90 "$recording" && printf X && tail -c +92 "$recording"; } >"$folder/damaged"
fails 'a damaged file' 2 'offset' replay "$folder/damaged"
echo hello >"$folder/hello"
fails 'a file of another kind' 2 'no recording' replay "$folder/hello"
: >"$folder/empty"
fails 'an empty file' 2 'no recording' replay "$folder/empty"
fails 'a file that is not there' 2 'cannot be read' replay "$folder/nowhere"
fails 'a folder' 2 'cannot be read' replay "$folder"
fails 'no file' 2 'usage: community replay FILE' replay
fails 'a recording where there is no folder' 2 'cannot be written' watch --record "$folder/no/file"
run watch --for 1 --record /dev/full
check 'a recording on a full disk' eval 'exits 1 && says "could not be written"'
run_into /dev/full replay "$recording"
check 'an output that is full' eval 'exits 1 && says "could not be written"'

# The device's last state changed, and the sum of its segment made right: it was in another state.
python3 - "$recording" "$folder/other" <<'END'
import sys

data = bytearray(open(sys.argv[1], "rb").read())


def varint(at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


length, start = varint(8)
length, start = varint(start + length + 4)
data[start + length - 1] ^= 1
total = 0x811C9DC5
for byte in data[start:start + length]:
    total = (total ^ byte) * 0x01000193 & 0xFFFFFFFF
data[start + length:start + length + 4] = total.to_bytes(4, "little")
open(sys.argv[2], "wb").write(data)
END
fails 'a device that was in another state' 6 "replay: step $steps: the state differs" replay "$folder/other"
end_backend TERM
done_testing

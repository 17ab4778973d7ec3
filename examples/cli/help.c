/* SPDX-License-Identifier: MIT */
/*
 * The text of --help.
 */
#include "help.h"

#include "out.h"

#include <stdio.h>
#include <unistd.h>

static const char options_text[] =
    "\n"
    "Options\n"
    "  --url URL            the socket: wss://HOST/community        [COMMUNITY_URL]\n"
    "  --api URL            the REST calls: https://HOST/api/community  [COMMUNITY_API]\n"
    "  --keychain WHERE     where the token is: env:VARIABLE or file:PATH  [COMMUNITY_KEYCHAIN]\n"
    "  --ca FILE            trust the authorities in this PEM file instead of the system's\n"
    "  --allow-insecure     send the token unencrypted (ws:, http:) to other machines, too\n"
    "  --transport WHICH    the socket's library: auto (see --version), lws or curl\n"
    "  --for SECONDS        watch: end after so long\n"
    "  --record FILE        watch: write a recording of the connection at the end, for replay\n"
    "  --from STEP, --to STEP  replay: print only these steps\n"
    "  --limit N            list: at most N posts\n"
    "  --heartbeat SECONDS  watch: how often the connection is tested (30); without an answer in\n"
    "                       a third of that it is made anew\n"
    "  --delete             comment: delete the comment ID COMMENT\n"
    "  --json               JSON instead of text\n"
    "  --verbose            say on stderr what the connection does\n"
    "  --help, --version\n"
    "An option wins over its environment variable.\n"
    "\n"
    "A TEXT of - is read from stdin. A TEXT or ID that begins with - goes behind --.\n"
    "\n"
    "watch draws on a terminal (q ends it), prints plain lines into a pipe, and with --json one "
    "object\n"
    "a line: \"type\" is state, change, error or stats, and snapshot, with the whole feed, at the "
    "end.\n"
    "In JSON, ids are always strings, times are UTC, and what the server did not send is null.\n"
    "\n"
    "Exit codes\n"
    "  0  all went well\n"
    "  1  this machine failed: memory, a full disk, an output that cannot be written\n"
    "  2  the command line or a setting is wrong\n"
    "  3  unauthorized: the token is missing, unreadable or refused\n"
    "  4  unreachable: name, network, TLS or time-out; watch: not connected at the end\n"
    "  5  the server refused: not a member, not allowed, unknown id, invalid text\n"
    "  6  replay: what was computed is not what was recorded\n";

int help_print(const struct command *commands)
{
    struct out out;
    out_init(&out, STDOUT_FILENO);
    out_text(&out, "community: the live community feed in a terminal\n\nUsage\n");
    for (const struct command *command = commands; command->name != NULL; command++) {
        char usage[64];
        (void)snprintf(usage, sizeof usage, "%s %s", command->name, command->synopsis);
        out_format(&out, "  community %-31s %s\n", usage, command->summary);
    }
    out_text(&out, options_text);
    return out_finish(&out);
}

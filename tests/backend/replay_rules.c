/* SPDX-License-Identifier: MIT */
/*
 * The tables of replay_rules.h: first how each transcript was provoked, then every difference
 * between Phoenix 1.7.24, which was recorded, and 1.8.12, which this backend follows.
 */
#include "replay_rules.h"

#define OLD "phoenix-1.7.24-bandit/"
#define NEW "phoenix-1.8.12/"

#define TICK(number) \
    "broadcast {\"topic\":\"echo:a\",\"event\":\"tick\",\"payload\":{\"i\":" number "}}"

/* Every channel crash: the reason in phx_error is new in 1.8. */
#define CRASH_2(join_ref, topic)                                                          \
    "{\"dir\":\"s2c\",\"opcode\":\"text\",\"data\":\"[\\\"" join_ref "\\\",\\\"" join_ref \
    "\\\",\\\"" topic "\\\",\\\"phx_error\\\",{\\\"reason\\\":\\\"channel_crash\\\"}]\"}"
#define CRASH_1(join_ref, topic)                                                        \
    "{\"dir\":\"s2c\",\"opcode\":\"text\",\"data\":\"{\\\"event\\\":\\\"phx_error\\\"," \
    "\\\"payload\\\":{\\\"reason\\\":\\\"channel_crash\\\"},\\\"ref\\\":\\\"" join_ref  \
    "\\\",\\\"topic\\\":\\\"" topic "\\\"}\"}"
#define CLOSE_1001 "{\"dir\":\"s2c\",\"opcode\":\"close\",\"code\":1001}"

const struct rule replay_rules[] = {
    {NEW "presence", 0, RULE_SKIP, "presence is not part of this backend"},
    {OLD "deflate_session", 0, RULE_SKIP, "compression is not offered"},
    {OLD "http_deflate_offer_on", 0, RULE_SKIP, "compression is not offered"},
    {OLD "http_origin_*", 0, RULE_SKIP, "there is no list of allowed origins"},
    {OLD "phoenixjs_duplicate_join", 0, RULE_SKIP,
     "whether a leave is answered before a join that races with it is chance"},

    {NEW "join_refused_not_member", 0, RULE_TOKEN, "tok-carol"},
    {NEW "v1_feed_events", 0, RULE_VSN, "1.0.0"},
    {NEW "channel_close_by_server", 4, RULE_CONTROL, "close {}"},
    {NEW "server_disconnect", 4, RULE_CONTROL, "disconnect {}"},
    {NEW "server_idle_timeout", 0, RULE_BACKEND, "--idle-ms 600"},
    {NEW "server_shutdown_sigterm", 0, RULE_BACKEND, ""},
    {NEW "server_shutdown_sigterm", 4, RULE_SIGNAL, "TERM"},

    {OLD "connect_denied", 1, RULE_CONTROL, "refuse {\"status\":403,\"count\":1}"},
    {OLD "v?_slow_join", 3, RULE_CONTROL, "slow_join {\"ms\":600}"},
    {OLD "v?_transport_kill", 5, RULE_CONTROL, "drop {}"},
    {OLD "v?_server_disconnect", 5, RULE_CONTROL, "disconnect {\"user\":\"alice\"}"},
    {OLD "v?_channel_close", 18, RULE_CONTROL, "close {}"},
    {OLD "v?_channel_close", 21, RULE_CONTROL, "close {\"user\":\"alice\"}"},
    {OLD "v?_channel_close", 24, RULE_CONTROL, "crash {}"},
    {OLD "v?_channel_crash", 11, RULE_CONTROL, "crash {\"topic\":\"echo:a\"}"},
    {OLD "v?_broadcast", 10, RULE_CONTROL,
     "broadcast {\"topic\":\"echo:a\",\"event\":\"from_outside\","
     "\"payload\":{\"a\":{\"b\":[1,2.5,null,true]},\"z\":1}}"},
    {OLD "v2_binary_broadcast", 10, RULE_CONTROL,
     "broadcast {\"topic\":\"echo:a\",\"event\":\"outside\",\"hex\":\"090807\"}"},
    {OLD "v2_double_subscription", 1, RULE_CONTROL, "double_subscription {\"on\":true}"},
    {OLD "shutdown_sigterm", 0, RULE_BACKEND, ""},
    {OLD "shutdown_sigterm", 5, RULE_SIGNAL, "TERM"},
    {OLD "shutdown_sigkill", 0, RULE_BACKEND, ""},
    {OLD "shutdown_sigkill", 5, RULE_SIGNAL, "KILL"},
    {OLD "idle_*", 0, RULE_BACKEND, "--idle-ms 900"},
    {OLD "idle_3s_*", 0, RULE_PACE, "30"},
    {OLD "idle_3s_server_pushing", 5, RULE_CONTROL, TICK("0")},
    {OLD "idle_3s_server_pushing", 6, RULE_CONTROL, TICK("1")},
    {OLD "idle_3s_server_pushing", 7, RULE_CONTROL, TICK("2")},
    {OLD "idle_3s_server_pushing", 8, RULE_CONTROL, TICK("3")},
    {OLD "idle_3s_server_pushing", 9, RULE_CONTROL, TICK("4")},
    {OLD "idle_3s_server_pushing", 10, RULE_CONTROL, TICK("5")},
    {OLD "oversize_64k*", 0, RULE_BACKEND, "--max-message 65536"},
    {OLD "oversize_64k_header", 5, RULE_SEND,
     "81ff00000000000111700000000078787878"
     "78787878"},
    {OLD "phoenixjs_channel_crash_close", 5, RULE_CONTROL, "crash {\"topic\":\"echo:js\"}"},
    {OLD "phoenixjs_channel_crash_close", 10, RULE_CONTROL, "close {\"topic\":\"echo:js\"}"},
    {OLD "phoenixjs_reconnect", 5, RULE_CONTROL, "drop {}"},
    {OLD "phoenixjs_server_disconnect", 5, RULE_CONTROL, "disconnect {}"},

    /* A push with a stale join_ref: 1.7 answered it, 1.8 drops it. */
    {OLD "v?_push_replies", 21, RULE_WITHOUT, ""},
    {OLD "v?_duplicate_join", 9, RULE_WITHOUT, ""},
    /* The disconnect broadcast closed with 1000, and closes with 1001. */
    {OLD "v?_server_disconnect", 5, RULE_INSTEAD, CLOSE_1001},
    {OLD "phoenixjs_server_disconnect", 5, RULE_INSTEAD, CLOSE_1001},
    {OLD "v1_channel_crash", 6, RULE_INSTEAD, CRASH_1("1", "echo:a")},
    {OLD "v1_channel_crash", 11, RULE_INSTEAD, CRASH_1("4", "echo:a")},
    {OLD "v1_channel_close", 24, RULE_INSTEAD, CRASH_1("9", "community:feed")},
    {OLD "v2_channel_crash", 6, RULE_INSTEAD, CRASH_2("1", "echo:a")},
    {OLD "v2_channel_crash", 11, RULE_INSTEAD, CRASH_2("4", "echo:a")},
    {OLD "v2_channel_close", 24, RULE_INSTEAD, CRASH_2("9", "community:feed")},
    {OLD "phoenixjs_channel_crash_close", 5, RULE_INSTEAD, CRASH_2("3", "echo:js")},
    /* Bandit reset the connection under the client's write; here the close frame always arrives. */
    {OLD "oversize_64k", 6, RULE_INSTEAD, "{\"dir\":\"s2c\",\"opcode\":\"close\",\"code\":1009}"},
};

const int replay_rule_count = (int)(sizeof(replay_rules) / sizeof(replay_rules[0]));

/* SPDX-License-Identifier: MIT */
/*
 * Where our engine differs from phoenix.js on purpose: each difference once, by name, with its
 * reason. A rule of the first kind teaches the comparison to expect the difference; one of the
 * second kind names what the generator of random scripts keeps away from, because everything after
 * it would differ. Each has a script in rules.jsonl that shows the difference.
 */
#ifndef RULES_H
#define RULES_H

#include <stdint.h>

/* X(name, why) */
#define NORMALISED_RULES(X)                                                                        \
    X(nothing_is_buffered_by_the_socket, "joins are made from what is wanted when the socket "     \
                                         "opens; phoenix.js also sends the joins, "                \
                                         "leaves and heartbeats that it kept since (D1)")          \
    X(joins_at_an_open_in_one_order, "channels join in the order in which they were made, and "    \
                                     "their time-outs follow; phoenix.js "                         \
                                     "sends kept joins before rejoins")                            \
    X(no_leave_without_a_join,                                                                     \
      "a channel that the server holds no longer is not left there; phoenix.js sends the leave")   \
    X(disconnect_says_1000, "a close by us has a code; phoenix.js closes without one")             \
    X(leaving_is_a_state,                                                                          \
      "a leave waits for its answer or its time-out; in phoenix.js it is over at once (D4)")       \
    X(joining_until_open,                                                                          \
      "a channel that waits for the connection is joining, however often attempts fail and "       \
      "however long it takes; phoenix.js reports errors and time-outs of a join that it never "    \
      "sent")                                                                                      \
    X(disconnect_ends_channels_at_once,                                                            \
      "after disconnect nothing is joined; in phoenix.js it is until the transport has closed")    \
    X(pushes_end_at_a_drop, "whether the server acted on a push that lost its connection is "      \
                            "unknown at once; phoenix.js "                                         \
                            "waits for the time-out (D6)")                                         \
    X(pushes_end_at_a_crash, "a channel's crash leaves its pushes unanswered for ever; "           \
                             "phoenix.js waits for the time-out")                                  \
    X(pushes_end_with_their_channel,                                                               \
      "a channel that is closed or leaving takes its pushes with it and accepts none; phoenix.js " \
      "keeps them until they time out (D7)")                                                       \
    X(timeout_counts_from_the_push,                                                                \
      "a push's time includes the wait for its channel; phoenix.js starts anew when it is sent")   \
    X(errored_channels_hear_nothing,                                                               \
      "a channel that crashed is not joined and has no messages; phoenix.js still delivers them")

#define AVOIDED_RULES(X)                                                                           \
    X(connect_while_waiting,                                                                       \
      "connect tries at once while the next attempt waits, and after a final close; phoenix.js "   \
      "ignores it (D2)")                                                                           \
    X(connect_before_a_reconnect,                                                                  \
      "connect takes the place of the attempt that waits; in phoenix.js, after a heartbeat "       \
      "time-out, both go on, and each attempt is cut short by the next")                           \
    X(one_connection_at_a_time,                                                                    \
      "connect twice during a disconnect opens one connection; phoenix.js opens two")              \
    X(late_close_of_an_old_connection,                                                             \
      "the end of a connection that was replaced touches nothing; in phoenix.js it fails the "     \
      "channels of the new one and makes it deaf to its own end")                                  \
    X(one_channel_per_topic,                                                                       \
      "a new channel replaces the one that its topic has, whatever its state; in phoenix.js an "   \
      "errored one comes back and evicts the new one")                                             \
    X(join_timeout_counts_from_the_sending,                                                        \
      "a join has its whole time from when it is sent; in phoenix.js from when it was asked for")  \
    X(leave_twice, "a channel that is left is gone; phoenix.js sends another leave")               \
    X(permanent_refusals,                                                                          \
      "a refusal that trying again does not change is not tried again; phoenix.js does for ever")  \
    X(odd_join_status,                                                                             \
      "a join's reply that is not \"ok\" is a refusal; phoenix.js stays joining for ever")         \
    X(crash_needs_a_join,                                                                          \
      "what is not joined cannot crash; phoenix.js starts its wait for the rejoin anew")           \
    X(close_while_joining, "a channel that is closed while it joins stays closed; phoenix.js "     \
                           "rejoins it for ever (D11)")                                            \
    X(crashed_join_is_over,                                                                        \
      "frames of a join that crashed are stale; phoenix.js still closes the channel by them")      \
    X(joins_are_paced,                                                                             \
      "at most 32 joins are unanswered at a time; phoenix.js sends them all at once")              \
    X(dead_link_is_not_awaited,                                                                    \
      "after a heartbeat time-out the next attempt does not wait for the dead connection to "      \
      "close; in phoenix.js it does, up to 1500 ms")                                               \
    X(disconnect_is_final,                                                                         \
      "after disconnect nothing reconnects; phoenix.js does when the transport never closes (D3)") \
    X(disconnect_silences,                                                                         \
      "after disconnect no message is delivered; in phoenix.js until the transport has closed")    \
    X(numeric_refs, "refs that are numbers are taken by their text; phoenix.js drops the frame")   \
    X(heartbeat_is_answered_by_a_reply, "only a reply of topic \"phoenix\" answers a heartbeat; "  \
                                        "in phoenix.js any frame with its ref")                    \
    X(reply_without_status,                                                                        \
      "a reply without status is malformed, and its push times out; phoenix.js drops the push")    \
    X(refused_pushes_count_on,                                                                     \
      "queues are bounded, and a push that finds them full is refused; phoenix.js has no bound "   \
      "(D7)")                                                                                      \
    X(other_frames_show_life,                                                                      \
      "as phx_client is set, a frame that came after the heartbeat shows that the link lives; "    \
      "phoenix.js drops it (D10)")                                                                 \
    X(dead_links_are_found_sooner,                                                                 \
      "as phx_client is set, a heartbeat has 10 s to be answered; in phoenix.js 30 (D10)")         \
    X(every_close_reconnects,                                                                      \
      "as phx_client is set, only our own disconnect is final; in phoenix.js a 1000 is (D2)")      \
    X(attempts_end,                                                                                \
      "as phx_client is set, an attempt has a time-out of its own; in phoenix.js it has none")     \
    X(backoff_is_remembered,                                                                       \
      "as phx_client is set, attempts are forgotten when the connection has stayed up; in "        \
      "phoenix.js when it opens (D5)")

typedef enum rule_id {
#define RULE_ID(name, why) RULE_##name,
    NORMALISED_RULES(RULE_ID)
    AVOIDED_RULES(RULE_ID)
#undef RULE_ID
        RULE_COUNT,
} rule_id;

enum {
#define COUNT_ONE(name, why) +1
    RULE_NORMALISED_COUNT = 0 NORMALISED_RULES(COUNT_ONE),
#undef COUNT_ONE
};

typedef struct conf_rule {
    const char *name;
    const char *why;
} conf_rule;

extern const conf_rule rules[RULE_COUNT];

/* RULE_COUNT: there is none of this name. */
rule_id rule_by_name(const char *name);

#endif

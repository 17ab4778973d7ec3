/* SPDX-License-Identifier: MIT */
/*
 * A channel's table: every event in every state, and the exact actions that follow. The channel has
 * id 7 and topic room:a; its join had ref 1, its leave ref 2.
 */
#include "engine_harness.h"
#include "testing.h"

typedef enum start_state {
    JOINING_OFFLINE,
    JOINING,
    JOINED,
    ERRORED,
    ERRORED_OFFLINE,
    REFUSED,
    LEAVING,
    GONE,
    STATE_COUNT
} start_state;

static const char *const state_names[] = {"joining offline", "joining", "joined",  "errored",
                                          "errored offline", "refused", "leaving", "gone"};

#define REPLY_OK "{\"status\":\"ok\",\"response\":{}}"
#define REPLY_ERROR(reason) "{\"status\":\"error\",\"response\":{\"reason\":\"" reason "\"}}"

static void join(engine_harness *h, uint64_t id)
{
    phxi_join_request request = {.id = id, .topic = {"room:a", 6}, .user = h};
    assert_int_equal(harness_join_request(h, &request), PHX_OK);
}

static void reach(engine_harness *h, start_state state)
{
    if (state != JOINING_OFFLINE) {
        harness_go_online(h);
    }
    join(h, 7);
    if (state == REFUSED) {
        harness_receive(h, "[\"1\",\"1\",\"room:a\",\"phx_reply\"," REPLY_ERROR("forbidden") "]");
    } else if (state > JOINING) {
        harness_receive(h, "[\"1\",\"1\",\"room:a\",\"phx_reply\"," REPLY_OK "]");
    }
    if (state == ERRORED) {
        harness_receive(h, "[\"1\",\"1\",\"room:a\",\"phx_error\",{}]");
    } else if (state == ERRORED_OFFLINE) {
        harness_disconnect(h);
        harness_closed(h, PHX_OK, 1000);
    } else if (state == LEAVING || state == GONE) {
        harness_leave(h, 7);
    }
    if (state == GONE) {
        harness_receive(h, "[\"1\",\"2\",\"room:a\",\"phx_reply\"," REPLY_OK "]");
    }
    harness_forget(h);
}

static void drops(engine_harness *h)
{
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
}

static void comes_up(engine_harness *h)
{
    harness_connect(h);
    harness_opened(h);
}

static void ten_seconds_pass(engine_harness *h)
{
    harness_advance(h, 10000);
}

static void leave(engine_harness *h)
{
    harness_leave(h, 7);
}

static void rejoin(engine_harness *h)
{
    harness_rejoin(h, 7);
}

static void replace(engine_harness *h)
{
    join(h, 8);
}

static void shut_down(engine_harness *h)
{
    phxi_engine_shut_down(h->engine, h->now_ms);
    harness_drain(h);
}

#define CRASHED "channel 7 errored ERROR_CHANNEL_CRASHED {}\n"
#define CLOSED "channel 7 closed ERROR_CHANNEL_CLOSED\n"
#define LEFT "channel 7 closed ERROR_LEFT\n"
#define ENDED "channel 7 closed ERROR_CLOSED\n"
#define SHOUT "message 7 shout {\"a\":1}\n"
#define LOST "channel 7 errored ERROR_DISCONNECTED\n"
#define WAIT "state waiting\n"
#define CLOSE "close 1000\nstate closing\n"
#define UP "open\nstate connecting\nstate connected\n"
#define JOIN(ref) "> [\"" ref "\",\"" ref "\",\"room:a\",\"phx_join\",{}]\n"
#define LEAVE "> [\"1\",\"2\",\"room:a\",\"phx_leave\",{}]\n"
#define REJOIN "channel 7 joining OK\n" JOIN("2")
#define NEW(ref) "channel 8 joining OK\n" JOIN(ref)
#define OFF "drop\n"
#define DOWN "state disconnected\n"

/* What happens: a frame, or a function. By column: joining offline, joining, joined, errored,
 * errored offline, refused, leaving, gone. */
typedef struct event_row {
    const char *name;
    const char *frame;
    void (*happens)(engine_harness *h);
    const char *expected[STATE_COUNT];
} event_row;

static const event_row rows[] = {
    {"join ok",
     "[\"1\",\"1\",\"room:a\",\"phx_reply\"," REPLY_OK "]",
     NULL,
     {"", "channel 7 joined OK {}\n", "", "", "", "", "", ""}},
    {"join refused for now",
     "[\"1\",\"1\",\"room:a\",\"phx_reply\"," REPLY_ERROR("busy") "]",
     NULL,
     {"", "channel 7 errored ERROR_JOIN_REFUSED {\"reason\":\"busy\"}\n", "", "", "", "", "", ""}},
    {"join refused for good",
     "[\"1\",\"1\",\"room:a\",\"phx_reply\"," REPLY_ERROR("not_a_member") "]",
     NULL,
     {"", "channel 7 refused ERROR_JOIN_REFUSED {\"reason\":\"not_a_member\"}\n", "", "", "", "",
      "", ""}},
    {"no such topic, of the socket itself",
     "[null,\"1\",\"room:a\",\"phx_reply\"," REPLY_ERROR("unmatched topic") "]",
     NULL,
     {"", "channel 7 refused ERROR_JOIN_REFUSED {\"reason\":\"unmatched topic\"}\n", "", "", "", "",
      "", ""}},
    {"reply of another join",
     "[\"9\",\"1\",\"room:a\",\"phx_reply\"," REPLY_OK "]",
     NULL,
     {"", "", "", "", "", "", "", ""}},
    {"reply to nothing",
     "[\"1\",\"77\",\"room:a\",\"phx_reply\"," REPLY_OK "]",
     NULL,
     {"", "", "", "", "", "", "", ""}},
    {"reply without ref",
     "[\"1\",null,\"room:a\",\"phx_reply\"," REPLY_OK "]",
     NULL,
     {"", "", "", "", "", "", "", ""}},
    {"reply to the leave",
     "[\"1\",\"2\",\"room:a\",\"phx_reply\"," REPLY_OK "]",
     NULL,
     {"", "", "", "", "", "", LEFT, ""}},
    {"error reply to the leave",
     "[\"1\",\"2\",\"room:a\",\"phx_reply\"," REPLY_ERROR("no") "]",
     NULL,
     {"", "", "", "", "", "", LEFT, ""}},
    {"crash",
     "[\"1\",\"1\",\"room:a\",\"phx_error\",{}]",
     NULL,
     {"", CRASHED, CRASHED, "", "", "", LEFT, ""}},
    {"crash without join_ref",
     "[null,null,\"room:a\",\"phx_error\",{}]",
     NULL,
     {"", CRASHED, CRASHED, "", "", "", LEFT, ""}},
    {"crash of another join",
     "[\"9\",\"9\",\"room:a\",\"phx_error\",{}]",
     NULL,
     {"", "", "", "", "", "", "", ""}},
    {"close",
     "[\"1\",\"1\",\"room:a\",\"phx_close\",{}]",
     NULL,
     {"", CLOSED, CLOSED, "", "", "", LEFT, ""}},
    {"close without join_ref",
     "[null,null,\"room:a\",\"phx_close\",{}]",
     NULL,
     {"", CLOSED, CLOSED, CLOSED, "", CLOSED, LEFT, ""}},
    {"close of another join",
     "[\"9\",\"9\",\"room:a\",\"phx_close\",{}]",
     NULL,
     {"", "", "", "", "", "", "", ""}},
    {"message",
     "[\"1\",null,\"room:a\",\"shout\",{\"a\":1}]",
     NULL,
     {"", SHOUT, SHOUT, "", "", "", "", ""}},
    {"broadcast",
     "[null,null,\"room:a\",\"shout\",{\"a\":1}]",
     NULL,
     {"", SHOUT, SHOUT, "", "", "", "", ""}},
    {"message of another join",
     "[\"9\",null,\"room:a\",\"shout\",{\"a\":1}]",
     NULL,
     {"", "", "", "", "", "", "", ""}},
    {"message of another topic",
     "[\"1\",null,\"room:b\",\"shout\",{\"a\":1}]",
     NULL,
     {"", "", "", "", "", "", "", ""}},
    {"drop",
     NULL,
     drops,
     {"", OFF LOST WAIT, OFF LOST WAIT, OFF WAIT, "", OFF WAIT, OFF LEFT WAIT, OFF WAIT}},
    {"disconnect",
     NULL,
     harness_disconnect,
     {"", LOST CLOSE, LOST CLOSE, CLOSE, "", CLOSE, LEFT CLOSE, CLOSE}},
    {"the connection comes up", NULL, comes_up, {UP JOIN("1"), "", "", "", UP REJOIN, "", "", ""}},
    {"ten seconds",
     NULL,
     ten_seconds_pass,
     {"", LEAVE "channel 7 errored ERROR_TIMEOUT\n", "", REJOIN, "", "", LEFT, ""}},
    {"leave",
     NULL,
     leave,
     {LEFT, LEAVE "channel 7 leaving ERROR_LEFT\n", LEAVE "channel 7 leaving ERROR_LEFT\n", LEFT,
      LEFT, LEFT, "", ""}},
    {"rejoin", NULL, rejoin, {"", "", "", REJOIN, "channel 7 joining OK\n", REJOIN, "", ""}},
    {"another channel for the topic",
     NULL,
     replace,
     {LEFT "channel 8 joining OK\n", LEAVE LEFT NEW("3"), LEAVE LEFT NEW("3"), LEFT NEW("2"),
      LEFT "channel 8 joining OK\n", LEFT NEW("2"), LEFT NEW("3"), NEW("3")}},
    {"shut down",
     NULL,
     shut_down,
     {ENDED, OFF ENDED DOWN, OFF ENDED DOWN, OFF ENDED DOWN, ENDED, OFF ENDED DOWN, OFF ENDED DOWN,
      OFF DOWN}},
};

static void happen(engine_harness *h, const event_row *row)
{
    if (row->frame != NULL) {
        harness_receive(h, row->frame);
    } else {
        row->happens(h);
    }
}

static void every_event_in_every_state(void **state)
{
    (void)state;
    static engine_harness h;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (start_state before = 0; before < STATE_COUNT; before++) {
            harness_start(&h, NULL);
            reach(&h, before);
            happen(&h, &rows[i]);
            const char *expected = rows[i].expected[before];
            if (strcmp(h.lines, expected) != 0) {
                fail_msg("%s in %s: expected\n%sbut there was\n%s", rows[i].name,
                         state_names[before], expected, h.lines);
            }
            bool is_gone = before == GONE || strstr(expected, "channel 7 closed") != NULL;
            assert_int_equal(phxi_engine_channel_user(h.engine, 7) == NULL, is_gone);
            harness_stop(&h);
        }
    }
}

/* A frame that changes nothing is counted as one that nobody wanted, while there is a connection.
 */
static void frames_without_effect_are_counted(void **state)
{
    (void)state;
    static engine_harness h;
    for (size_t i = 0; i < COUNT_OF(rows) && rows[i].frame != NULL; i++) {
        for (start_state before = 0; before < STATE_COUNT; before++) {
            harness_start(&h, NULL);
            reach(&h, before);
            uint64_t stale = phxi_engine_metrics(h.engine)->stale;
            happen(&h, &rows[i]);
            bool is_online = before != JOINING_OFFLINE && before != ERRORED_OFFLINE;
            bool is_ignored = is_online && rows[i].expected[before][0] == '\0';
            assert_int_equal(phxi_engine_metrics(h.engine)->stale - stale, is_ignored ? 1 : 0);
            harness_stop(&h);
        }
    }
}

/* Whatever happens in whatever order: a channel ends once, and nothing is said of it behind its
 * end. */
static void random_walks_end_each_channel_once(void **state)
{
    (void)state;
    static engine_harness h;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t random = seed;
        uint64_t closed = 0;
        bool is_there = true;
        harness_start(&h, NULL);
        harness_go_online(&h);
        join(&h, 7);
        harness_forget(&h);
        for (int step = 0; step < 60; step++) {
            const event_row *row = &rows[random_below(&random, COUNT_OF(rows))];
            bool is_other = row->happens == replace || row->happens == shut_down;
            if (is_other && step < 50) {
                continue;
            }
            happen(&h, row);
            bool is_told = harness_saw(&h, "channel 7 ");
            bool is_closed = harness_saw(&h, "channel 7 closed");
            assert_false(is_told && !is_there);
            closed += is_closed ? 1 : 0;
            is_there = is_there && !is_closed;
            assert_int_equal(phxi_engine_channel_user(h.engine, 7) != NULL, is_there);
            harness_forget(&h);
        }
        shut_down(&h);
        closed += harness_saw(&h, "channel 7 closed") ? 1 : 0;
        assert_int_equal(closed, 1);
        harness_stop(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_in_every_state),
        cmocka_unit_test(frames_without_effect_are_counted),
        cmocka_unit_test(random_walks_end_each_channel_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * What comes in: each kind of frame that cannot be understood is counted and reported, and costs
 * nothing else; the others find their channel by topic and join_ref.
 */
#include <stdio.h>

#include "engine_harness.h"
#include "testing.h"

#define REPLY(ref, payload) "[\"1\",\"" ref "\",\"room:a\",\"phx_reply\"," payload "]"

static void go_joined(engine_harness *h)
{
    harness_go_online(h);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_receive(h, REPLY("1", "{\"status\":\"ok\",\"response\":{}}"));
    harness_forget(h);
}

static void malformed_text_costs_nothing_else(void **state)
{
    engine_harness *h = *state;
    static const char *const frames[] = {
        "",
        " ",
        "null",
        "1",
        "\"text\"",
        "{}",
        "{\"topic\":\"room:a\"}",
        "[]",
        "[null]",
        "{not json",
        "[\"1\",\"2\",\"room:a\",\"shout\"]",
        "[\"1\",\"2\",\"room:a\",\"shout\",{},1]",
        "[\"1\",\"2\",\"room:a\",\"shout\",{}] 1",
        "[\"1\",\"2\",\"room:a\",\"shout\",{}",
        "[\"1\",\"2\",\"room:a\",\"shout\",{\"a\":01}]",
        "[\"1\",\"2\",null,\"shout\",{}]",
        "[\"1\",\"2\",7,\"shout\",{}]",
        "[\"1\",\"2\",\"room:a\",null,{}]",
        "[\"1\",\"2\",\"room:a\",{},{}]",
        "[{},\"2\",\"room:a\",\"shout\",{}]",
        "[\"1\",[],\"room:a\",\"shout\",{}]",
        "[true,\"2\",\"room:a\",\"shout\",{}]",
        "[\"1\",\"2\",\"room:\xff\",\"shout\",{}]",
        "\xef\xbb\xbf[\"1\",\"2\",\"room:a\",\"shout\",{}]",
        REPLY("2", "{}"),
        REPLY("2", "null"),
        REPLY("2", "{\"status\":1}"),
        REPLY("2", "[]"),
        REPLY("2", "{\"status\":\"ok\""),
    };
    go_joined(h);
    assert_int_equal(harness_push(h, 50, 7, "shout", "{}"), PHX_OK);
    harness_forget(h);
    for (size_t i = 0; i < COUNT_OF(frames); i++) {
        harness_receive(h, frames[i]);
        harness_expect(h, "error ERROR_MALFORMED_FRAME\n");
        assert_int_equal(phxi_engine_metrics(h->engine)->malformed, i + 1);
    }
    assert_int_equal(phxi_engine_metrics(h->engine)->stale, 0);
    harness_receive(h, REPLY("2", "{\"status\":\"ok\",\"response\":{}}"));
    harness_receive(h, "[\"1\",null,\"room:a\",\"shout\",{}]");
    harness_expect(h, "reply 50 OK {}\nmessage 7 shout {}\n");
    assert_int_equal(harness_status(h).state, PHX_CLIENT_CONNECTED);
}

static void too_deep_is_malformed(void **state)
{
    engine_harness *h = *state;
    static char frame[200000];
    go_joined(h);
    (void)strcpy(frame, "[\"1\",null,\"room:a\",\"shout\",");
    memset(frame + strlen(frame), '[', 100000);
    harness_receive(h, frame);
    harness_expect(h, "error ERROR_MALFORMED_FRAME\n");
}

static void malformed_bytes_cost_nothing_else(void **state)
{
    engine_harness *h = *state;
    go_joined(h);
    static const char push[] = "\x00\x01\x06\x05"
                               "1room:ashoutdata";
    size_t whole = sizeof push - 1;
    size_t meta = whole - strlen("data");
    for (size_t length = 0; length < meta; length++) {
        harness_receive_binary(h, push, length);
        harness_expect(h, "error ERROR_MALFORMED_FRAME\n");
    }
    harness_receive_binary(h,
                           "\x03\x01\x06\x05"
                           "1room:ashout",
                           16); /* no such kind */
    harness_expect(h, "error ERROR_MALFORMED_FRAME\n");
    assert_int_equal(phxi_engine_metrics(h->engine)->malformed, meta + 1);
    harness_receive_binary(h, push, meta);
    harness_receive_binary(h, push, whole);
    harness_expect(h, "message 7 shout 0x\nmessage 7 shout 0x64617461\n");
}

/* The error that is told last is one of the frame's own, and not of one before. */
static void tells_the_reason(void **state)
{
    engine_harness *h = *state;
    go_joined(h);
    static const struct {
        const char *frame;
        const char *reason;
    } cases[] = {
        {"[", "not JSON"},
        {"{}", "not an array"},
        {"[1,1,1,\"e\",{}]", "the topic is not a text"},
        {"[1,1,\"t\",1,{}]", "the event is not a text"},
        {REPLY("1", "{}"), "a reply's status is not a text"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        phxi_action action;
        phxi_engine_message(h->engine, h->now_ms, h->epoch, PHX_FRAME_TEXT,
                            (const uint8_t *)cases[i].frame, strlen(cases[i].frame));
        assert_true(phxi_engine_pop(h->engine, &action));
        assert_int_equal(action.kind, PHXI_ACTION_ERROR);
        assert_string_equal(action.error.message, cases[i].reason);
        assert_false(phxi_engine_pop(h->engine, &action));
    }
}

static void finds_the_channel_by_topic_and_join(void **state)
{
    engine_harness *h = *state;
    go_joined(h);
    assert_int_equal(harness_join(h, 8, "room:ab"), PHX_OK);
    harness_receive(h,
                    "[\"2\",\"2\",\"room:ab\",\"phx_reply\",{\"status\":\"ok\",\"response\":1}]");
    harness_forget(h);
    harness_receive(h, "[\"1\",null,\"room:a\",\"e\",1]");
    harness_receive(h, "[\"2\",null,\"room:ab\",\"e\",2]");
    harness_receive(h, "[null,null,\"room:a\",\"e\",3]");
    harness_receive(h, "[\"\",\"\",\"room:a\",\"e\",4]"); /* empty is as good as null */
    harness_receive(h, "[1,null,\"room:a\",\"e\",5]");    /* a number is taken by its text */
    harness_receive(h, "[\"1\",\"9\",\"ro\\u006fm:a\",\"\\u0065\",6]");
    harness_expect(h, "message 7 e 1\nmessage 8 e 2\nmessage 7 e 3\nmessage 7 e 4\n"
                      "message 7 e 5\nmessage 7 e 6\n");
    static const char *const strays[] = {
        "[\"2\",null,\"room:a\",\"e\",1]",
        "[\"1\",null,\"room:ab\",\"e\",1]",
        "[\"1\",null,\"room\",\"e\",1]",
        "[\"1\",null,\"Room:a\",\"e\",1]",
        "[\"1\",null,\"\",\"e\",1]",
        "[\"01\",null,\"room:a\",\"e\",1]",
        "[\"1.0\",null,\"room:a\",\"e\",1]",
        "[1.0,null,\"room:a\",\"e\",1]",
        "[\"x\",null,\"room:a\",\"e\",1]",
        "[null,null,\"phoenix\",\"e\",1]",
        "[null,\"9\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
    };
    for (size_t i = 0; i < COUNT_OF(strays); i++) {
        harness_receive(h, strays[i]);
        harness_expect(h, "");
        assert_int_equal(phxi_engine_metrics(h->engine)->stale, i + 1);
    }
}

static void a_topic_may_hold_any_text(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(harness_join(h, 7, "phoenix"), PHX_OK);
    assert_int_equal(harness_join(h, 8, "a\"b\\c\x01"), PHX_OK);
    harness_expect(h, "channel 7 joining OK\n> [\"1\",\"1\",\"phoenix\",\"phx_join\",{}]\n"
                      "channel 8 joining OK\n"
                      "> [\"2\",\"2\",\"a\\\"b\\\\c\\u0001\",\"phx_join\",{}]\n");
    harness_receive(h, "[\"2\",\"2\",\"a\\\"b\\\\c\\u0001\",\"phx_reply\",{\"status\":\"ok\"}]");
    harness_expect(h, "channel 8 joined OK null\n");
    harness_receive(h, "[\"1\",\"1\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\"}]");
    harness_expect(h, "channel 7 joined OK null\n");
}

static void events_of_every_name_are_messages(void **state)
{
    engine_harness *h = *state;
    go_joined(h);
    static const char *const events[] = {"",          "phx_joined",     "phx_errors",
                                         "phx_",      "presence_state", "phx_join",
                                         "phx_leave", "heartbeat"};
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        char frame[100];
        char expected[100];
        (void)snprintf(frame, sizeof frame, "[\"1\",null,\"room:a\",\"%s\",{}]", events[i]);
        (void)snprintf(expected, sizeof expected, "message 7 %s {}\n", events[i]);
        harness_receive(h, frame);
        harness_expect(h, expected);
    }
}

static void counts_what_came(void **state)
{
    engine_harness *h = *state;
    go_joined(h);
    phx_client_metrics before = *phxi_engine_metrics(h->engine);
    harness_receive(h, "[\"1\",null,\"room:a\",\"e\",{}]");
    harness_receive(h, "{");
    harness_receive_binary(h, "\x09", 1);
    const phx_client_metrics *metrics = phxi_engine_metrics(h->engine);
    assert_int_equal(metrics->frames_in - before.frames_in, 3);
    assert_int_equal(metrics->bytes_in - before.bytes_in, 26 + 1 + 1);
    harness_disconnect(h);
    harness_forget(h);
    harness_receive(h, "[\"1\",null,\"room:a\",\"e\",{}]"); /* closing: read, and no more */
    harness_receive(h, "{");
    harness_expect(h, "");
    assert_int_equal(metrics->frames_in - before.frames_in, 5);
    assert_int_equal(metrics->malformed - before.malformed, 2);
}

/* The ref counter goes round, and nothing is taken for what it is not. */
static void refs_wrap(void **state)
{
    engine_harness *h = *state;
    phxi_engine_config config = harness_config(h);
    config.first_ref = UINT64_MAX;
    harness_start(h, &config);
    harness_go_online(h);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_receive(h, "[\"18446744073709551615\",\"18446744073709551615\",\"room:a\","
                       "\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    assert_int_equal(harness_push(h, 50, 7, "e", "{}"), PHX_OK);
    harness_expect(
        h, "channel 7 joining OK\n"
           "> [\"18446744073709551615\",\"18446744073709551615\",\"room:a\",\"phx_join\",{}]\n"
           "channel 7 joined OK {}\n"
           "> [\"18446744073709551615\",\"1\",\"room:a\",\"e\",{}]\n");
    harness_receive(h, "[\"0\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\"}]");
    harness_expect(h, "");
    harness_receive(h, "[\"18446744073709551615\",\"1\",\"room:a\",\"phx_reply\","
                       "{\"status\":\"ok\"}]");
    harness_expect(h, "reply 50 OK null\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(malformed_text_costs_nothing_else),
        TEST(too_deep_is_malformed),
        TEST(malformed_bytes_cost_nothing_else),
        TEST(tells_the_reason),
        TEST(finds_the_channel_by_topic_and_join),
        TEST(a_topic_may_hold_any_text),
        TEST(events_of_every_name_are_messages),
        TEST(counts_what_came),
        cmocka_unit_test_setup_teardown(refs_wrap, harness_prepare, harness_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

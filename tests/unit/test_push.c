/* SPDX-License-Identifier: MIT */
/*
 * Pushes: each that is accepted has exactly one outcome, whatever ends it; one that is refused has
 * none. The channel has id 7, its join ref 1.
 */
#include <stdio.h>

#include "engine_harness.h"
#include "testing.h"

#define REPLY(ref, payload) "[\"1\",\"" ref "\",\"room:a\",\"phx_reply\"," payload "]"
#define OK "{\"status\":\"ok\",\"response\":{\"n\":1}}"

static void join_room(engine_harness *h, uint32_t timeout_ms, phx_overflow overflow)
{
    phxi_join_request request = {
        .id = 7, .topic = {"room:a", 6}, .timeout_ms = timeout_ms, .overflow = overflow};
    assert_int_equal(harness_join_request(h, &request), PHX_OK);
}

static void go_joined(engine_harness *h)
{
    harness_go_online(h);
    join_room(h, 0, PHX_OVERFLOW_REJECT);
    harness_receive(h, REPLY("1", OK));
    harness_forget(h);
}

/* One push that was sent, with id 50 and ref 2, and one with id 51 and ref 3. */
static void go_pushed(engine_harness *h)
{
    go_joined(h);
    assert_int_equal(harness_push(h, 50, 7, "shout", "{\"a\":1}"), PHX_OK);
    assert_int_equal(harness_push(h, 51, 7, "shout", "[]"), PHX_OK);
    harness_expect(h, "> [\"1\",\"2\",\"room:a\",\"shout\",{\"a\":1}]\n"
                      "> [\"1\",\"3\",\"room:a\",\"shout\",[]]\n");
}

/* Two that wait for the join. */
static void go_buffered(engine_harness *h)
{
    harness_go_online(h);
    join_room(h, 0, PHX_OVERFLOW_REJECT);
    harness_forget(h);
    assert_int_equal(harness_push(h, 50, 7, "shout", "{\"a\":1}"), PHX_OK);
    assert_int_equal(harness_push(h, 51, 7, "shout", "[]"), PHX_OK);
    harness_expect(h, "");
}

static void assert_pending(const engine_harness *h, uint32_t expected)
{
    assert_int_equal(phxi_engine_metrics(h->engine)->pushes_pending, expected);
}

static void completes_by_its_reply(void **state)
{
    engine_harness *h = *state;
    go_pushed(h);
    harness_receive(h, REPLY("3", OK));
    harness_expect(h, "reply 51 OK {\"n\":1}\n");
    harness_receive(h, REPLY("3", OK)); /* twice */
    harness_receive(h, REPLY("2", "{\"status\":\"error\",\"response\":{\"reason\":\"no\"}}"));
    harness_expect(h, "reply 50 ERROR_REFUSED {\"reason\":\"no\"}\n");
    assert_pending(h, 0);
    harness_advance(h, 20000);
    harness_expect(h, "");
    assert_int_equal(phxi_engine_metrics(h->engine)->stale, 1);
}

static void any_other_status_is_a_refusal(void **state)
{
    engine_harness *h = *state;
    go_pushed(h);
    harness_receive(h, REPLY("2", "{\"status\":\"timeout\",\"response\":{}}"));
    harness_receive(h, REPLY("3", "{\"status\":\"\"}"));
    harness_expect(h, "reply 50 ERROR_REFUSED {}\nreply 51 ERROR_REFUSED null\n");
}

static void a_reply_needs_its_own_topic_and_join(void **state)
{
    engine_harness *h = *state;
    go_pushed(h);
    phxi_join_request other = {.id = 8, .topic = {"room:b", 6}};
    assert_int_equal(harness_join_request(h, &other), PHX_OK);
    harness_receive(h, "[\"4\",\"4\",\"room:b\",\"phx_reply\"," OK "]");
    harness_forget(h);
    harness_receive(h, "[\"4\",\"2\",\"room:b\",\"phx_reply\"," OK "]");
    harness_receive(h, "[null,\"2\",\"room:b\",\"phx_reply\"," OK "]");
    harness_receive(h, "[\"4\",\"2\",\"room:a\",\"phx_reply\"," OK "]");
    harness_receive(h, "[\"1\",\"02\",\"room:a\",\"phx_reply\"," OK "]");
    harness_receive(h, "[\"1\",null,\"room:a\",\"phx_reply\"," OK "]");
    harness_expect(h, "");
    harness_receive(h, "[null,\"2\",\"room:a\",\"phx_reply\"," OK "]");
    harness_expect(h, "reply 50 OK {\"n\":1}\n");
}

static void times_out_once_sent(void **state)
{
    engine_harness *h = *state;
    go_pushed(h);
    harness_advance(h, 9999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, "reply 50 ERROR_TIMEOUT\nreply 51 ERROR_TIMEOUT\n");
    harness_receive(h, REPLY("2", OK));
    harness_expect(h, "");
}

static void times_out_while_waiting(void **state)
{
    engine_harness *h = *state;
    join_room(h, 3000, PHX_OVERFLOW_REJECT);
    assert_int_equal(harness_push(h, 50, 7, "shout", "{}"), PHX_OK);
    phxi_push_request request = {
        .id = 51, .channel_id = 7, .event = {"shout", 5}, .payload = {"{}", 2}, .timeout_ms = 1000};
    assert_int_equal(harness_push_request(h, &request), PHX_OK);
    harness_forget(h);
    harness_advance(h, 1000);
    harness_expect(h, "reply 51 ERROR_TIMEOUT\n");
    harness_advance(h, 2000);
    harness_expect(h, "reply 50 ERROR_TIMEOUT\n");
    harness_connect(h);
    harness_opened(h);
    harness_receive(h, REPLY("1", OK));
    assert_false(harness_saw(h, "shout")); /* never sent any more */
}

/* The time that it waited counts. */
static void has_one_timeout_for_both(void **state)
{
    engine_harness *h = *state;
    go_buffered(h);
    harness_advance(h, 6000);
    harness_receive(h, REPLY("1", OK));
    harness_expect(h, "channel 7 joined OK {\"n\":1}\n"
                      "> [\"1\",\"2\",\"room:a\",\"shout\",{\"a\":1}]\n"
                      "> [\"1\",\"3\",\"room:a\",\"shout\",[]]\n");
    harness_advance(h, 3999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, "reply 50 ERROR_TIMEOUT\nreply 51 ERROR_TIMEOUT\n");
}

static void flushes_in_order(void **state)
{
    engine_harness *h = *state;
    char expected[64 * 64] = "channel 7 joined OK {\"n\":1}\n";
    harness_go_online(h);
    join_room(h, 0, PHX_OVERFLOW_REJECT);
    harness_forget(h);
    for (unsigned i = 0; i < 40; i++) {
        char payload[16];
        (void)snprintf(payload, sizeof payload, "%u", i);
        assert_int_equal(harness_push(h, 100 + i, 7, "n", payload), PHX_OK);
        size_t end = strlen(expected);
        (void)snprintf(expected + end, sizeof expected - end,
                       "> [\"1\",\"%u\",\"room:a\",\"n\",%u]\n", i + 2, i);
    }
    harness_expect(h, "");
    harness_receive(h, REPLY("1", OK));
    harness_expect(h, expected);
}

/* What was sent is open at a drop; what was not goes out after the rejoin. */
static void a_drop_ends_only_what_was_sent(void **state)
{
    engine_harness *h = *state;
    go_pushed(h);
    harness_receive(h, "[\"1\",\"1\",\"room:a\",\"phx_error\",{}]");
    harness_expect(h, "reply 50 ERROR_CHANNEL_CRASHED\nreply 51 ERROR_CHANNEL_CRASHED\n"
                      "channel 7 errored ERROR_CHANNEL_CRASHED {}\n");
    assert_int_equal(harness_push(h, 52, 7, "later", "{}"), PHX_OK);
    harness_rejoin(h, 7);
    harness_forget(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_expect(h, "drop\nchannel 7 errored ERROR_DISCONNECTED\nstate waiting\n");
    harness_advance(h, 10);
    harness_opened(h);
    harness_forget(h);
    harness_receive(h, "[\"5\",\"5\",\"room:a\",\"phx_reply\"," OK "]");
    harness_expect(h, "channel 7 joined OK {\"n\":1}\n> [\"5\",\"6\",\"room:a\",\"later\",{}]\n");
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1012);
    harness_expect(h, "drop\nreply 52 ERROR_DISCONNECTED\nchannel 7 errored ERROR_DISCONNECTED\n"
                      "state waiting\n");
    assert_pending(h, 0);
}

/* What ends the channel ends what waits too, each with the reason. */
static void ends_with_its_channel(void **state)
{
    engine_harness *h = *state;
    static const struct {
        const char *frame; /* NULL: the channel is left */
        const char *status;
    } ends[] = {
        {NULL, "ERROR_LEFT"},
        {"[\"1\",\"1\",\"room:a\",\"phx_close\",{}]", "ERROR_CHANNEL_CLOSED"},
        {REPLY("1", "{\"status\":\"error\",\"response\":{\"reason\":\"unauthorized\"}}"),
         "ERROR_JOIN_REFUSED"},
    };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        char expected[80];
        (void)snprintf(expected, sizeof expected, "reply 50 %s\nreply 51 %s\n", ends[i].status,
                       ends[i].status);
        go_buffered(h);
        if (ends[i].frame == NULL) {
            harness_leave(h, 7);
        } else {
            harness_receive(h, ends[i].frame);
        }
        assert_true(harness_saw(h, expected));
        assert_pending(h, 0);
        harness_stop(h);
        harness_start(h, NULL);
    }
    go_pushed(h);
    harness_leave(h, 7);
    harness_expect(h, "> [\"1\",\"4\",\"room:a\",\"phx_leave\",{}]\nreply 50 ERROR_LEFT\n"
                      "reply 51 ERROR_LEFT\nchannel 7 leaving ERROR_LEFT\n");
    harness_receive(h, REPLY("2", OK));
    harness_expect(h, "");
}

static void ends_with_the_client(void **state)
{
    engine_harness *h = *state;
    go_pushed(h);
    phxi_engine_shut_down(h->engine, h->now_ms);
    harness_drain(h);
    harness_expect(h, "drop\nreply 50 ERROR_CLOSED\nreply 51 ERROR_CLOSED\n"
                      "channel 7 closed ERROR_CLOSED\nstate disconnected\n");
}

static void is_cancelled_sent_or_not(void **state)
{
    engine_harness *h = *state;
    go_buffered(h);
    harness_cancel(h, 51);
    harness_expect(h, "reply 51 ERROR_CANCELLED\n");
    harness_receive(h, REPLY("1", OK));
    harness_forget(h);
    harness_cancel(h, 50);
    harness_expect(h, "reply 50 ERROR_CANCELLED\n");
    harness_cancel(h, 50);
    harness_cancel(h, 51);
    harness_cancel(h, 999);
    harness_receive(h, REPLY("2", OK));
    harness_expect(h, "");
    assert_pending(h, 0);
}

static void is_refused_where_it_cannot_be_sent(void **state)
{
    engine_harness *h = *state;
    assert_int_equal(harness_push(h, 50, 7, "e", "{}"), PHX_ERROR_STALE_HANDLE);
    go_joined(h);
    harness_leave(h, 7);
    harness_forget(h);
    assert_int_equal(harness_push(h, 50, 7, "e", "{}"), PHX_ERROR_LEFT);
    harness_receive(h, REPLY("2", OK));
    assert_int_equal(harness_push(h, 50, 7, "e", "{}"), PHX_ERROR_STALE_HANDLE);
    harness_expect(h, "channel 7 closed ERROR_LEFT\n");
    phxi_join_request again = {.id = 9, .topic = {"room:a", 6}};
    assert_int_equal(harness_join_request(h, &again), PHX_OK);
    harness_receive(h, "[\"3\",\"3\",\"room:a\",\"phx_reply\",{\"status\":\"error\",\"response\":"
                       "{\"reason\":\"unknown_topic\"}}]");
    harness_forget(h);
    assert_int_equal(harness_push(h, 50, 7, "e", "{}"), PHX_ERROR_STALE_HANDLE);
    assert_int_equal(harness_push(h, 50, 9, "e", "{}"), PHX_ERROR_JOIN_REFUSED);
    harness_expect(h, "");
    assert_pending(h, 0);
}

static void goes_and_comes_as_bytes(void **state)
{
    engine_harness *h = *state;
    go_joined(h);
    static const char bytes[] = {0, 1, (char)0xff};
    phxi_push_request request = {.id = 50,
                                 .channel_id = 7,
                                 .event = {"bin", 3},
                                 .payload = {bytes, sizeof bytes},
                                 .is_binary = true};
    assert_int_equal(harness_push_request(h, &request), PHX_OK);
    harness_expect(h, "> 0x000101060331"
                      "32"
                      "726f6f6d3a61"
                      "62696e"
                      "0001ff\n");
    harness_receive_binary(h,
                           "\x01\x01\x01\x06\x02"
                           "12room:aok\xfe\x00",
                           17);
    harness_expect(h, "reply 50 OK 0xfe00\n");
    request.id = 51;
    request.payload = (phx_slice){bytes, 0};
    assert_int_equal(harness_push_request(h, &request), PHX_OK);
    harness_expect(h, "> 0x000101060331"
                      "33"
                      "726f6f6d3a61"
                      "62696e"
                      "\n");
    harness_receive_binary(h,
                           "\x01\x01\x01\x06\x05"
                           "13room:aerror",
                           18);
    harness_expect(h, "reply 51 ERROR_REFUSED 0x\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(completes_by_its_reply),
        TEST(any_other_status_is_a_refusal),
        TEST(a_reply_needs_its_own_topic_and_join),
        TEST(times_out_once_sent),
        TEST(times_out_while_waiting),
        TEST(has_one_timeout_for_both),
        TEST(flushes_in_order),
        TEST(a_drop_ends_only_what_was_sent),
        TEST(ends_with_its_channel),
        TEST(ends_with_the_client),
        TEST(is_cancelled_sent_or_not),
        TEST(is_refused_where_it_cannot_be_sent),
        TEST(goes_and_comes_as_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

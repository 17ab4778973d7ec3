/* SPDX-License-Identifier: MIT */
/*
 * Channels: joining, joined, errored, refused, leaving, closed, and every event in every one of
 * them.
 */
#include "engine_harness.h"
#include "testing.h"

static void joins_when_the_socket_opens(void **state)
{
    engine_harness *h = *state;
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_expect(h, "channel 7 joining OK\n");
    harness_connect(h);
    harness_expect(h, "open\nstate connecting\n");
    harness_opened(h);
    harness_expect(h, "state connected\n> [\"1\",\"1\",\"room:a\",\"phx_join\",{}]\n");
    harness_receive(
        h, "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{\"x\":1}}]");
    harness_expect(h, "channel 7 joined OK {\"x\":1}\n");
}

static void delivers_messages_of_its_own_join_only(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_receive(h,
                    "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    harness_forget(h);
    harness_receive(h, "[\"1\",null,\"room:a\",\"shout\",{\"a\": 1}]");
    harness_receive(h, "[null,null,\"room:a\",\"shout\",[2]]");
    harness_receive(h, "[\"9\",null,\"room:a\",\"shout\",{}]");
    harness_receive(h, "[\"1\",null,\"room:b\",\"shout\",{}]");
    harness_expect(h, "message 7 shout {\"a\": 1}\nmessage 7 shout [2]\n");
    assert_int_equal(phxi_engine_metrics(h->engine)->stale, 2);
}

static void leaves_with_an_answer(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_receive(h,
                    "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    harness_forget(h);
    harness_leave(h, 7);
    harness_expect(h,
                   "> [\"1\",\"2\",\"room:a\",\"phx_leave\",{}]\nchannel 7 leaving ERROR_LEFT\n");
    harness_receive(h,
                    "[\"1\",\"2\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    harness_expect(h, "channel 7 closed ERROR_LEFT\n");
    harness_receive(h, "[\"1\",\"1\",\"room:a\",\"phx_close\",{}]");
    harness_expect(h, "");
}

static void retries_a_join_that_times_out(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_forget(h);
    harness_advance(h, 10000);
    harness_expect(
        h, "> [\"1\",\"2\",\"room:a\",\"phx_leave\",{}]\nchannel 7 errored ERROR_TIMEOUT\n");
    harness_advance(h, 999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, "channel 7 joining OK\n> [\"3\",\"3\",\"room:a\",\"phx_join\",{}]\n");
    harness_receive(h,
                    "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    harness_expect(h, "");
    harness_receive(h,
                    "[\"3\",\"3\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    harness_expect(h, "channel 7 joined OK {}\n");
}

static void joins_again_after_a_drop(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_receive(h,
                    "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    assert_int_equal(harness_push(h, 8, 7, "shout", "{}"), PHX_OK);
    harness_forget(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_expect(h, "drop\nreply 8 ERROR_DISCONNECTED\nchannel 7 errored ERROR_DISCONNECTED\n"
                      "state waiting\n");
    harness_advance(h, 10);
    harness_expect(h, "open\nstate connecting\n");
    harness_opened(h);
    harness_expect(h, "state connected\nchannel 7 joining OK\n"
                      "> [\"3\",\"3\",\"room:a\",\"phx_join\",{}]\n");
}

static void stays_refused_for_good_reasons(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_forget(h);
    harness_receive(h, "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"error\",\"response\":"
                       "{\"reason\":\"not_a_member\"}}]");
    harness_expect(h, "channel 7 refused ERROR_JOIN_REFUSED {\"reason\":\"not_a_member\"}\n");
    harness_advance(h, 20000);
    harness_expect(h, "");
    harness_rejoin(h, 7);
    harness_expect(h, "channel 7 joining OK\n> [\"2\",\"2\",\"room:a\",\"phx_join\",{}]\n");
}

static int start(void **state)
{
    static engine_harness harness;
    harness_start(&harness, NULL);
    *state = &harness;
    return 0;
}

static int stop(void **state)
{
    harness_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(joins_when_the_socket_opens, start, stop),
        cmocka_unit_test_setup_teardown(delivers_messages_of_its_own_join_only, start, stop),
        cmocka_unit_test_setup_teardown(leaves_with_an_answer, start, stop),
        cmocka_unit_test_setup_teardown(retries_a_join_that_times_out, start, stop),
        cmocka_unit_test_setup_teardown(joins_again_after_a_drop, start, stop),
        cmocka_unit_test_setup_teardown(stays_refused_for_good_reasons, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

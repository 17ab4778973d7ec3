/* SPDX-License-Identifier: MIT */
/*
 * Rows of channel_test.js: what a join is answered with, and what that brings.
 */
#include "upstream_tests.h"

static void C17_ok_sets_joined(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    upstream_reply(h, "1", "1", "ok");
    harness_expect(h, "channel 1 joined OK {}\n");
}

static void C18_ok_is_told_to_the_application(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    client_fixture_go_online(f);
    (void)client_fixture_join(f, "topic", 0);
    client_fixture_forget(f);
    client_fixture_receive(f, "[\"1\",\"1\",\"topic\",\"phx_reply\","
                              "{\"status\":\"ok\",\"response\":{\"chan\":\"reply\"}}]");
    client_fixture_expect(f, "channel joined PHX_OK {\"chan\":\"reply\"}\n");
}

/* There is no moment at which an answer could be missed: it is told also when it comes at once. */
static void C19_an_ok_that_comes_at_once_is_told(void **state)
{
    client_fixture *f = *state;
    f->auto_reply = "ok";
    client_fixture_start(f);
    client_fixture_go_online(f);
    client_fixture_forget(f);
    (void)client_fixture_join(f, "topic", 0);
    client_fixture_expect(
        f, "channel joining PHX_OK\n> [\"1\",\"1\",\"topic\",\"phx_join\",{\"n\":0}]\n"
           "channel joined PHX_OK {\"a\":1}\n");
}

static void C20_ok_is_the_only_outcome(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    upstream_reply(h, "1", "1", "ok");
    upstream_reply(h, "1", "1", "error");
    harness_expect(h, "channel 1 joined OK {}\n");
}

static void C21_ok_ends_the_joins_timeout(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    upstream_reply(h, "1", "1", "ok");
    harness_forget(h);
    harness_advance(h, 29999);
    harness_expect(h, "");
}

static void C22_the_response_is_kept_as_it_came(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_receive(h, "[\"1\",\"1\",\"topic\",\"phx_reply\","
                       "{\"status\":\"ok\",\"response\":{\"a\": [1, 2]}}]");
    harness_expect(h, "channel 1 joined OK {\"a\": [1, 2]}\n");
}

static void C23_a_second_answer_is_nobodys(void **state)
{
    engine_harness *h = *state;
    upstream_joined(h);
    upstream_reply(h, "1", "1", "ok");
    harness_expect(h, "");
    assert_int_equal(phxi_engine_metrics(h->engine)->stale, 1);
}

static void C24_ok_resets_the_rejoins_backoff(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    upstream_reply(h, "1", "1", "error");
    harness_advance(h, 1000);
    upstream_reply(h, "2", "2", "ok");
    harness_forget(h);
    harness_receive(h, "[\"2\",\"2\",\"topic\",\"phx_error\",{}]");
    harness_expect(h, "channel 1 errored ERROR_CHANNEL_CRASHED {}\n");
    harness_advance(h, 1000);
    harness_expect(h, "channel 1 joining OK\n> [\"3\",\"3\",\"topic\",\"phx_join\",{}]\n");
}

static void C25_ok_sends_what_waited_in_order(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    assert_int_equal(harness_push(h, 10, 1, "first", "{}"), PHX_OK);
    assert_int_equal(harness_push(h, 11, 1, "second", "{}"), PHX_OK);
    harness_expect(h, "");
    upstream_reply(h, "1", "1", "ok");
    harness_expect(h, "channel 1 joined OK {}\n> [\"1\",\"2\",\"topic\",\"first\",{}]\n"
                      "> [\"1\",\"3\",\"topic\",\"second\",{}]\n");
    upstream_reply(h, "1", "2", "ok");
    upstream_reply(h, "1", "3", "ok");
    harness_receive(h, "[\"1\",\"1\",\"topic\",\"phx_error\",{}]");
    harness_advance(h, 1000);
    harness_forget(h);
    upstream_reply(h, "4", "4", "ok");
    harness_expect(h, "channel 1 joined OK {}\n");
}

static void C26_a_timeout_sets_errored(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_advance(h, 10000);
    assert_true(harness_saw(h, "channel 1 errored ERROR_TIMEOUT\n"));
}

static void C27_a_timeout_is_told_to_the_application(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    client_fixture_go_online(f);
    (void)client_fixture_join(f, "topic", 0);
    client_fixture_forget(f);
    client_fixture_advance(f, 10000);
    assert_true(client_fixture_saw(f, "channel errored PHX_ERROR_TIMEOUT\n"));
}

static void C28_after_a_timeout_no_other_outcome_comes(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_advance(h, 10000);
    harness_forget(h);
    upstream_reply(h, "1", "1", "ok");
    upstream_reply(h, "1", "1", "error");
    harness_expect(h, "");
}

static void C29_a_timeout_schedules_a_rejoin(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_advance(h, 10000);
    harness_forget(h);
    harness_advance(h, 999);
    harness_expect(h, "");
    harness_advance(h, 1);
    assert_true(harness_saw(h, "\"phx_join\""));
}

static void C30_an_error_is_told_to_the_application(void **state)
{
    client_fixture *f = *state;
    client_fixture_start(f);
    client_fixture_go_online(f);
    (void)client_fixture_join(f, "topic", 0);
    client_fixture_forget(f);
    client_fixture_receive(f, "[\"1\",\"1\",\"topic\",\"phx_reply\","
                              "{\"status\":\"error\",\"response\":{\"reason\":\"busy\"}}]");
    client_fixture_expect(f, "channel errored PHX_ERROR_JOIN_REFUSED {\"reason\":\"busy\"}\n");
}

static void C31_an_error_that_comes_at_once_is_told(void **state)
{
    client_fixture *f = *state;
    f->auto_reply = "error";
    client_fixture_start(f);
    client_fixture_go_online(f);
    (void)client_fixture_join(f, "topic", 0);
    assert_true(client_fixture_saw(f, "channel errored PHX_ERROR_JOIN_REFUSED {\"a\":1}\n"));
}

static void C32_error_is_the_only_outcome(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    upstream_reply(h, "1", "1", "error");
    upstream_reply(h, "1", "1", "ok");
    harness_expect(h, "channel 1 errored ERROR_JOIN_REFUSED {}\n");
}

static void C33_an_error_ends_the_joins_timeout(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_advance(h, 9500);
    upstream_reply(h, "1", "1", "error");
    harness_forget(h);
    harness_advance(h, 999);
    harness_expect(h, "");
}

static void C34_an_errors_response_is_kept_as_it_came(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_receive(h, "[\"1\",\"1\",\"topic\",\"phx_reply\","
                       "{\"status\":\"error\",\"response\":{\"reason\": \"busy\"}}]");
    harness_expect(h, "channel 1 errored ERROR_JOIN_REFUSED {\"reason\": \"busy\"}\n");
}

static void C35_an_errors_response_is_kept_for_a_reason_that_is_final(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    harness_receive(h, "[\"1\",\"1\",\"topic\",\"phx_reply\","
                       "{\"status\":\"error\",\"response\":{\"reason\":\"unmatched topic\"}}]");
    harness_expect(h, "channel 1 refused ERROR_JOIN_REFUSED {\"reason\":\"unmatched topic\"}\n");
}

static void C36_an_error_does_not_set_joined(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    upstream_reply(h, "1", "1", "error");
    assert_false(harness_saw(h, "joined"));
}

static void C37_an_error_sends_nothing_of_what_waits(void **state)
{
    engine_harness *h = *state;
    upstream_joining(h);
    assert_int_equal(harness_push(h, 10, 1, "event", "{}"), PHX_OK);
    upstream_reply(h, "1", "1", "error");
    harness_expect(h, "channel 1 errored ERROR_JOIN_REFUSED {}\n");
}

static const struct CMUnitTest rows[] = {
    ENGINE_ROW(C17_ok_sets_joined),
    CLIENT_ROW(C18_ok_is_told_to_the_application),
    CLIENT_ROW(C19_an_ok_that_comes_at_once_is_told),
    ENGINE_ROW(C20_ok_is_the_only_outcome),
    ENGINE_ROW(C21_ok_ends_the_joins_timeout),
    ENGINE_ROW(C22_the_response_is_kept_as_it_came),
    ENGINE_ROW(C23_a_second_answer_is_nobodys),
    ENGINE_ROW(C24_ok_resets_the_rejoins_backoff),
    ENGINE_ROW(C25_ok_sends_what_waited_in_order),
    ENGINE_ROW(C26_a_timeout_sets_errored),
    CLIENT_ROW(C27_a_timeout_is_told_to_the_application),
    ENGINE_ROW(C28_after_a_timeout_no_other_outcome_comes),
    ENGINE_ROW(C29_a_timeout_schedules_a_rejoin),
    CLIENT_ROW(C30_an_error_is_told_to_the_application),
    CLIENT_ROW(C31_an_error_that_comes_at_once_is_told),
    ENGINE_ROW(C32_error_is_the_only_outcome),
    ENGINE_ROW(C33_an_error_ends_the_joins_timeout),
    ENGINE_ROW(C34_an_errors_response_is_kept_as_it_came),
    ENGINE_ROW(C35_an_errors_response_is_kept_for_a_reason_that_is_final),
    ENGINE_ROW(C36_an_error_does_not_set_joined),
    ENGINE_ROW(C37_an_error_sends_nothing_of_what_waits),
};
UPSTREAM_GROUP(upstream_channel_answer, rows);

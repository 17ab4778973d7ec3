/* SPDX-License-Identifier: MIT */
/*
 * Heartbeats: when they go out, what counts as life, when the link is taken for dead, and how a
 * probe, a slow join and a sleep change that.
 */
#include <stdio.h>

#include "engine_harness.h"
#include "testing.h"

#define DEAD "drop\nstate waiting\n"

static const char *heartbeat(unsigned ref)
{
    static char line[80];
    (void)snprintf(line, sizeof line, "> [null,\"%u\",\"phoenix\",\"heartbeat\",{}]\n", ref);
    return line;
}

static void answer(engine_harness *h, unsigned ref)
{
    char frame[160];
    (void)snprintf(frame, sizeof frame,
                   "[null,\"%u\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
                   ref);
    harness_receive(h, frame);
}

static void any_frame(engine_harness *h)
{
    harness_receive(h, "[null,null,\"room:a\",\"shout\",{}]");
}

static void counts_from_the_answer(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    for (unsigned ref = 1; ref <= 5; ref++) {
        harness_advance(h, 29999);
        any_frame(h); /* what the server sends postpones nothing */
        harness_expect(h, "");
        harness_advance(h, 1);
        harness_expect(h, heartbeat(ref));
        harness_advance(h, 1234);
        answer(h, ref);
        harness_expect(h, "");
    }
    assert_int_equal(phxi_engine_metrics(h->engine)->frames_out, 5);
}

static void silence_is_death(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 30000);
    harness_expect(h, heartbeat(1));
    harness_advance(h, 9999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, DEAD);
    assert_int_equal(harness_status(h).error.status, PHX_ERROR_HEARTBEAT_TIMEOUT);
    assert_int_equal(phxi_engine_metrics(h->engine)->drops_by_heartbeat, 1);
    assert_int_equal(phxi_engine_metrics(h->engine)->drops_by_network, 0);
    answer(h, 1);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_expect(h, "");
}

static void only_its_own_answer_counts_as_one(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 30000);
    harness_forget(h);
    static const char *const others[] = {
        "[null,\"2\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
        "[null,\"01\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
        "[null,\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
        "[null,\"1\",\"phoenix\",\"heartbeat\",{}]",
        "[null,null,\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
    };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        harness_receive(h, others[i]);
    }
    harness_expect(h, "");
    assert_int_equal(phxi_engine_metrics(h->engine)->stale, COUNT_OF(others));
    assert_int_equal(phxi_engine_metrics(h->engine)->rtt_last_ms, 0);
    harness_advance(h, 10000);
    harness_expect(h, DEAD); /* they came in the moment of the heartbeat: no life since */
}

static void an_answer_of_another_status_counts(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 30000);
    harness_receive(h,
                    "[null,\"1\",\"phoenix\",\"phx_reply\",{\"status\":\"error\",\"response\":1}]");
    harness_forget(h);
    harness_advance(h, 29999);
    harness_expect(h, "");
    answer(h, 1); /* once only */
    assert_int_equal(phxi_engine_metrics(h->engine)->stale, 1);
}

static void frames_are_life(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 30000);
    harness_expect(h, heartbeat(1));
    harness_advance(h, 9000);
    any_frame(h);
    harness_advance(h, 1000);
    harness_expect(h, heartbeat(2));
    harness_advance(h, 5000);
    harness_receive(h, "{malformed");
    harness_expect(h, "error ERROR_MALFORMED_FRAME\n");
    harness_advance(h, 5000);
    harness_expect(h, heartbeat(3));
    harness_advance(h, 10000);
    harness_expect(h, DEAD);
}

static void waits_behind_a_slow_join(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 29000);
    phxi_join_request request = {.id = 7, .topic = {"room:a", 6}, .timeout_ms = 60000};
    assert_int_equal(harness_join_request(h, &request), PHX_OK);
    harness_forget(h);
    harness_advance(h, 1000);
    harness_expect(h, heartbeat(2));
    harness_advance(h, 58999); /* the join may take its time, and so may what is behind it */
    harness_expect(h, "");
    harness_receive(h,
                    "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    answer(h, 2);
    harness_expect(h, "channel 7 joined OK {}\n");
    assert_int_equal(phxi_engine_metrics(h->engine)->rtt_last_ms, 58999);
}

static void a_join_without_end_is_no_excuse(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 25000);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_forget(h);
    harness_advance(h, 14999);
    assert_false(harness_saw(h, "drop"));
    harness_advance(h, 1);
    assert_true(
        harness_saw(h, "drop")); /* a later join, sent behind the heartbeat, holds up nothing */
}

static void joins_bound_a_probe_too(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_advance(h, 1000);
    harness_forget(h);
    harness_probe(h);
    harness_expect(h, heartbeat(2));
    harness_advance(h, 8999);
    harness_expect(h, "");
    harness_advance(h, 1);
    assert_true(harness_saw(h, "channel 7 errored ERROR_TIMEOUT"));
    assert_true(harness_saw(h, DEAD));
}

static void a_probe_is_short(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 100);
    harness_probe(h);
    harness_expect(h, heartbeat(1));
    harness_advance(h, 2999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, DEAD);
}

static void an_answered_probe_starts_the_interval_anew(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 29000);
    harness_probe(h);
    harness_expect(h, heartbeat(1));
    answer(h, 1);
    harness_advance(h, 29999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, heartbeat(2));
}

/* An application that reports every change of network must not keep a dead link alive. */
static void probing_again_postpones_nothing(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_probe(h);
    harness_expect(h, heartbeat(1));
    for (int i = 0; i < 5; i++) {
        harness_advance(h, 500);
        harness_probe(h);
        harness_expect(h, "");
    }
    harness_advance(h, 500);
    harness_expect(h, DEAD);
}

static void a_probe_shortens_a_heartbeat(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 30000);
    harness_expect(h, heartbeat(1));
    harness_advance(h, 1000);
    harness_probe(h);
    harness_expect(h, heartbeat(2));
    answer(h, 1); /* late, and still life */
    harness_advance(h, 2999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, DEAD);
}

static void measures_the_round_trip(void **state)
{
    engine_harness *h = *state;
    const phx_client_metrics *metrics = phxi_engine_metrics(h->engine);
    static const struct {
        uint32_t rtt_ms;
        uint32_t last_ms;
        uint32_t smoothed_ms;
    } steps[] = {{80, 80, 80}, {160, 160, 90}, {0, 1, 78}, {10, 10, 69}};
    harness_go_online(h);
    for (unsigned i = 0; i < COUNT_OF(steps); i++) {
        harness_probe(h);
        harness_advance(h, steps[i].rtt_ms);
        answer(h, i + 1);
        assert_int_equal(metrics->rtt_last_ms, steps[i].last_ms);
        assert_int_equal(metrics->rtt_smoothed_ms, steps[i].smoothed_ms);
    }
}

static void a_sleep_asks_before_it_judges(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 30000);
    harness_expect(h, heartbeat(1));
    harness_sleep(h, 3600000); /* the heartbeat's time-out passed in it */
    harness_expect(h, heartbeat(2));
    harness_advance(h, 2999);
    harness_expect(h, "");
    answer(h, 2);
    harness_advance(h, 29999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, heartbeat(3));
}

static void a_sleep_before_a_heartbeat_probes(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_sleep(h, 3600000);
    harness_expect(h, heartbeat(1));
    harness_advance(h, 2999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, DEAD);
}

static void a_sleep_probes_once_for_all_that_is_due(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_receive(h,
                    "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]");
    assert_int_equal(harness_push(h, 8, 7, "shout", "{}"), PHX_OK);
    assert_int_equal(harness_push(h, 9, 7, "shout", "{}"), PHX_OK);
    harness_forget(h);
    harness_sleep(h, 600000);
    harness_expect(h, "> [null,\"4\",\"phoenix\",\"heartbeat\",{}]\n"
                      "reply 8 ERROR_TIMEOUT\nreply 9 ERROR_TIMEOUT\n");
}

static void a_late_turn_is_no_sleep(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 30000);
    harness_forget(h);
    harness_sleep(h, 15000);
    harness_expect(h, DEAD);
}

static void none_if_switched_off(void **state)
{
    engine_harness *h = *state;
    phxi_engine_config config = harness_config(h);
    config.heartbeat_interval_ms = UINT32_MAX;
    harness_start(h, &config);
    harness_go_online(h);
    harness_advance(h, 86400000);
    harness_expect(h, "");
    harness_probe(h); /* probes still work */
    harness_expect(h, heartbeat(1));
    answer(h, 1);
    harness_advance(h, 86400000);
    harness_expect(h, "");
    harness_probe(h);
    harness_advance(h, 3000);
    assert_true(harness_saw(h, DEAD));
}

static void none_while_not_connected(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    harness_advance(h, 30000);
    harness_disconnect(h);
    harness_forget(h);
    harness_closed(h, PHX_OK, 1000);
    harness_advance(h, 86400000);
    harness_expect(h, "drop\nstate disconnected\n");
    harness_connect(h);
    harness_opened(h);
    harness_forget(h);
    harness_advance(h, 29999);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, heartbeat(2));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(counts_from_the_answer),
        TEST(silence_is_death),
        TEST(only_its_own_answer_counts_as_one),
        TEST(an_answer_of_another_status_counts),
        TEST(frames_are_life),
        TEST(waits_behind_a_slow_join),
        TEST(a_join_without_end_is_no_excuse),
        TEST(joins_bound_a_probe_too),
        TEST(a_probe_is_short),
        TEST(an_answered_probe_starts_the_interval_anew),
        TEST(probing_again_postpones_nothing),
        TEST(a_probe_shortens_a_heartbeat),
        TEST(measures_the_round_trip),
        TEST(a_sleep_asks_before_it_judges),
        TEST(a_sleep_before_a_heartbeat_probes),
        TEST(a_sleep_probes_once_for_all_that_is_due),
        TEST(a_late_turn_is_no_sleep),
        cmocka_unit_test_setup_teardown(none_if_switched_off, harness_prepare, harness_teardown),
        TEST(none_while_not_connected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * Many joins: paced, bounded in number, tried again ever more slowly, and asked for their payload
 * anew.
 */
#include <stdio.h>

#include "engine_harness.h"
#include "phx/backoff.h"
#include "phx/types.h"
#include "testing.h"

static size_t count(const engine_harness *h, const char *text)
{
    size_t found = 0;
    for (const char *at = strstr(h->lines, text); at != NULL; at = strstr(at + 1, text)) {
        found++;
    }
    return found;
}

static void topic_of(uint64_t id, char topic[32])
{
    (void)snprintf(topic, 32, "room:%llu", (unsigned long long)id);
}

static phx_status join(engine_harness *h, uint64_t id)
{
    char topic[32];
    topic_of(id, topic);
    return harness_join(h, id, topic);
}

static void reply(engine_harness *h, uint64_t id, uint64_t ref, const char *status)
{
    char topic[32];
    char frame[200];
    topic_of(id, topic);
    (void)snprintf(frame, sizeof frame,
                   "[\"%llu\",\"%llu\",\"%s\",\"phx_reply\",{\"status\":\"%s\",\"response\":{}}]",
                   (unsigned long long)ref, (unsigned long long)ref, topic, status);
    harness_receive(h, frame);
}

static void crash(engine_harness *h, uint64_t id, uint64_t ref)
{
    char topic[32];
    char frame[200];
    topic_of(id, topic);
    (void)snprintf(frame, sizeof frame, "[\"%llu\",\"%llu\",\"%s\",\"phx_error\",{}]",
                   (unsigned long long)ref, (unsigned long long)ref, topic);
    harness_receive(h, frame);
}

static void sends_so_many_at_a_time(void **state)
{
    engine_harness *h = *state;
    enum {
        CHANNELS = 80
    };
    for (uint64_t id = 1; id <= CHANNELS; id++) {
        assert_int_equal(join(h, id), PHX_OK);
    }
    harness_connect(h);
    harness_forget(h);
    harness_opened(h);
    assert_int_equal(count(h, "phx_join"), PHXI_MAX_JOINS_IN_FLIGHT);
    assert_true(harness_saw(h, "\"room:1\""));
    assert_true(harness_saw(h, "\"room:32\""));
    assert_false(harness_saw(h, "\"room:33\""));
    for (uint64_t id = 1; id <= CHANNELS; id++) {
        harness_forget(h);
        /* Answered, refused for now or crashed: each makes room for exactly one, in their order. */
        if (id % 3 == 0) {
            crash(h, id, id);
        } else {
            reply(h, id, id, id % 3 == 1 ? "ok" : "error");
        }
        char next[48];
        (void)snprintf(next, sizeof next, "\"room:%llu\",\"phx_join\"",
                       (unsigned long long)id + 32);
        assert_int_equal(count(h, next), id + 32 <= CHANNELS ? 1 : 0);
        assert_int_equal(count(h, "phx_join"), id + 32 <= CHANNELS ? 1 : 0);
    }
}

static void leaving_and_timing_out_make_room(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    for (uint64_t id = 1; id <= 70; id++) {
        assert_int_equal(join(h, id), PHX_OK);
    }
    assert_int_equal(count(h, "phx_join"), 32);
    harness_forget(h);
    harness_leave(h, 50); /* waits for its turn: nothing of it is on the wire */
    harness_expect(h, "channel 50 closed ERROR_LEFT\n");
    harness_leave(h, 33);
    harness_leave(h, 70);
    harness_forget(h);
    harness_leave(h, 5);
    harness_expect(h, "> [\"5\",\"33\",\"room:5\",\"phx_leave\",{}]\n"
                      "channel 5 leaving ERROR_LEFT\n"
                      "> [\"34\",\"34\",\"room:34\",\"phx_join\",{}]\n");
    harness_advance(h, 9999);
    harness_expect(h, "");
    harness_advance(h, 1);
    assert_int_equal(count(h, "phx_leave"), 32); /* 31 of the first, and the one behind them */
    assert_int_equal(count(h, "ERROR_TIMEOUT"), 32);
    assert_int_equal(count(h, "phx_join"), 32);
    assert_true(harness_saw(h, "\"room:66\",\"phx_join\""));
}

static void a_drop_empties_the_queue(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    for (uint64_t id = 1; id <= 70; id++) {
        assert_int_equal(join(h, id), PHX_OK);
    }
    harness_forget(h);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    assert_int_equal(count(h, "errored ERROR_DISCONNECTED"), 70);
    harness_advance(h, 10);
    harness_forget(h);
    harness_opened(h);
    assert_int_equal(count(h, "joining OK"), 70);
    assert_int_equal(count(h, "phx_join"), 32);
}

static void ten_thousand_channels(void **state)
{
    engine_harness *h = *state;
    enum {
        CHANNELS = 10000
    };
    phxi_engine_config config = harness_config(h);
    config.max_channels = CHANNELS;
    harness_start(h, &config);
    for (uint64_t id = 1; id <= CHANNELS; id++) {
        assert_int_equal(join(h, id), PHX_OK);
        harness_forget(h);
    }
    assert_int_equal(join(h, CHANNELS + 1), PHX_ERROR_QUEUE_FULL);
    harness_connect(h);
    harness_opened(h);
    size_t joined = 0;
    for (uint64_t id = 1; id <= CHANNELS; id++) {
        harness_forget(h);
        reply(h, id, id, "ok");
        joined += count(h, "joined OK");
    }
    assert_int_equal(joined, CHANNELS);
    assert_int_equal(phxi_engine_metrics(h->engine)->channels, CHANNELS);
    harness_forget(h);
    for (uint64_t id = CHANNELS; id > 0; id--) {
        harness_leave(h, id);
        harness_forget(h);
    }
    phxi_engine_shut_down(h->engine, h->now_ms);
    phxi_action action;
    while (phxi_engine_pop(h->engine, &action)) {
    }
    assert_int_equal(phxi_engine_metrics(h->engine)->channels, 0);
}

/* One that waits, and is older than those that are on the wire. */
static void shutting_down_starts_no_join(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    for (uint64_t id = 1; id <= PHXI_MAX_JOINS_IN_FLIGHT + 1; id++) {
        assert_int_equal(join(h, id), PHX_OK);
    }
    crash(h, 1, 1);
    harness_rejoin(h, 1);
    harness_forget(h);
    phxi_engine_shut_down(h->engine, h->now_ms);
    phxi_action action;
    size_t closed = 0;
    while (phxi_engine_pop(h->engine, &action)) {
        assert_int_not_equal(action.kind, PHXI_ACTION_JOIN_PARAMS);
        closed += action.kind == PHXI_ACTION_CHANNEL ? 1 : 0;
    }
    assert_int_equal(closed, PHXI_MAX_JOINS_IN_FLIGHT + 1);
}

static void bounds_the_channels(void **state)
{
    engine_harness *h = *state;
    phxi_engine_config config = harness_config(h);
    config.max_channels = 2;
    harness_start(h, &config);
    assert_int_equal(join(h, 1), PHX_OK);
    assert_int_equal(join(h, 2), PHX_OK);
    harness_forget(h);
    assert_int_equal(join(h, 3), PHX_ERROR_QUEUE_FULL);
    harness_expect(h, "");
    assert_int_equal(harness_join(h, 4, "room:1"), PHX_OK); /* takes the place of another */
    harness_expect(h, "channel 1 closed ERROR_LEFT\nchannel 4 joining OK\n");
    harness_leave(h, 2);
    assert_int_equal(join(h, 3), PHX_OK);
    assert_int_equal(phxi_engine_metrics(h->engine)->channels, 2);
}

/* A join that succeeds does not make the server forget that the channel crashes: the ranges grow.
 */
static void a_crash_loop_slows_down(void **state)
{
    engine_harness *h = *state;
    static const uint64_t ranges_ms[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
    phxi_engine_config config = harness_config(h);
    config.heartbeat_interval_ms = UINT32_MAX;
    config.rejoin = (phx_backoff){.kind = PHX_BACKOFF_JITTER};
    phxi_backoff_resolve(&config.rejoin, 1000);
    harness_start(h, &config);
    harness_go_online(h);
    assert_int_equal(join(h, 1), PHX_OK);
    const phxi_channel *channel = phxi_channel_by_id(h->engine, 1);
    uint64_t longest_ms = 0;
    for (size_t i = 0; i < COUNT_OF(ranges_ms); i++) {
        reply(h, 1, channel->join_ref, "ok");
        crash(h, 1, channel->join_ref);
        harness_forget(h);
        uint64_t wait_ms = channel->timer.deadline_ms - h->now_ms;
        assert_in_range(wait_ms, 1, ranges_ms[i]);
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
        harness_advance(h, wait_ms - 1);
        harness_expect(h, "");
        harness_advance(h, 1);
        assert_int_equal(count(h, "phx_join"), 1);
    }
    assert_true(longest_ms > 4000);
}

static void a_stable_channel_starts_anew(void **state)
{
    engine_harness *h = *state;
    phxi_engine_config config = harness_config(h);
    config.heartbeat_interval_ms = UINT32_MAX;
    config.rejoin = (phx_backoff){
        .kind = PHX_BACKOFF_JITTER, .base_ms = 1000, .max_ms = 2000, .stable_ms = 5000};
    phxi_backoff_resolve(&config.rejoin, 1000);
    harness_start(h, &config);
    harness_go_online(h);
    assert_int_equal(join(h, 1), PHX_OK);
    phxi_channel *channel = phxi_channel_by_id(h->engine, 1);
    for (uint64_t ref = 1; ref <= 4; ref++) {
        reply(h, 1, ref, "ok");
        crash(h, 1, ref);
        assert_int_equal(channel->attempts, ref);
        harness_advance(h, 2000);
    }
    reply(h, 1, 5, "ok");
    harness_advance(h, 4999);
    assert_int_equal(channel->attempts, 4);
    harness_advance(h, 1);
    assert_int_equal(channel->attempts, 0);
}

static uint32_t a_second(void *user_data, uint32_t attempt, const phx_error *error)
{
    (void)user_data;
    (void)attempt;
    (void)error;
    return 1000;
}

/* Its own backoff goes on over a reconnect (but for phoenix.js's policy): a channel that crashes
 * the server's process is not what the server needs first. */
static void an_errored_channel_waits_over_a_reconnect(void **state)
{
    engine_harness *h = *state;
    phxi_engine_config config = harness_config(h);
    config.rejoin.kind = PHX_BACKOFF_CUSTOM;
    config.rejoin.delay_ms = a_second;
    harness_start(h, &config);
    harness_go_online(h);
    assert_int_equal(join(h, 1), PHX_OK);
    crash(h, 1, 1);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_advance(h, 10);
    harness_forget(h);
    harness_opened(h);
    harness_expect(h, "state connected\n");
    harness_advance(h, 989);
    harness_expect(h, "");
    harness_advance(h, 1);
    harness_expect(h, "channel 1 joining OK\n> [\"2\",\"2\",\"room:1\",\"phx_join\",{}]\n");
}

static void joins_at_once_if_its_time_came_while_offline(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    assert_int_equal(join(h, 1), PHX_OK);
    crash(h, 1, 1);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    harness_advance(h, 5000);
    harness_forget(h);
    harness_opened(h);
    harness_expect(h, "state connected\nchannel 1 joining OK\n"
                      "> [\"2\",\"2\",\"room:1\",\"phx_join\",{}]\n");
}

static void asks_for_the_payload_at_each_join(void **state)
{
    engine_harness *h = *state;
    harness_go_online(h);
    h->join_payload = "{\"n\":1}";
    assert_int_equal(join(h, 1), PHX_OK);
    harness_expect(h, "channel 1 joining OK\n> [\"1\",\"1\",\"room:1\",\"phx_join\",{\"n\":1}]\n");
    h->join_payload = "{\"n\":2}";
    crash(h, 1, 1);
    harness_forget(h);
    harness_rejoin(h, 1);
    harness_expect(h, "channel 1 joining OK\n> [\"2\",\"2\",\"room:1\",\"phx_join\",{\"n\":2}]\n");
    phxi_engine_send_join(h->engine, h->now_ms, 1, (phx_slice){"{}", 2}); /* nobody asked */
    phxi_engine_send_join(h->engine, h->now_ms, 99, (phx_slice){"{}", 2});
    harness_drain(h);
    harness_expect(h, "");
}

static void a_join_that_is_too_large_is_tried_again(void **state)
{
    engine_harness *h = *state;
    phxi_engine_config config = harness_config(h);
    config.max_frame_bytes = 100;
    harness_start(h, &config);
    harness_go_online(h);
    char payload[128];
    memset(payload, ' ', sizeof payload);
    memcpy(payload, "{}", 2);
    payload[sizeof payload - 1] = '\0';
    h->join_payload = payload;
    assert_int_equal(join(h, 1), PHX_OK);
    harness_expect(h, "channel 1 joining OK\nchannel 1 errored ERROR_TOO_LARGE\n");
    h->join_payload = "{}";
    harness_advance(h, 1000);
    harness_expect(h, "channel 1 joining OK\n> [\"2\",\"2\",\"room:1\",\"phx_join\",{}]\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)
#define TEST_CUSTOM(name) cmocka_unit_test_setup_teardown(name, harness_prepare, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sends_so_many_at_a_time),
        TEST(leaving_and_timing_out_make_room),
        TEST(a_drop_empties_the_queue),
        TEST_CUSTOM(ten_thousand_channels),
        TEST(shutting_down_starts_no_join),
        TEST_CUSTOM(bounds_the_channels),
        TEST_CUSTOM(a_crash_loop_slows_down),
        TEST_CUSTOM(a_stable_channel_starts_anew),
        TEST_CUSTOM(an_errored_channel_waits_over_a_reconnect),
        TEST(joins_at_once_if_its_time_came_while_offline),
        TEST(asks_for_the_payload_at_each_join),
        TEST_CUSTOM(a_join_that_is_too_large_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The flight recorder: random lives of an engine, recorded into rings of many sizes, must come out
 * of the player as they were, action by action and state by state; and no secret is in any byte.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine_harness.h"
#include "phx/checkpoint.h"
#include "phx/recorder.h"
#include "recording_check.h"
#include "replay/restore.h"
#include "support/alloc.h"
#include "testing.h"

enum {
    TOPICS = 6
};

typedef struct random_life {
    engine_harness *harness;
    uint64_t seed;
    uint64_t next_id;
} random_life;

static uint32_t custom_delay(void *user_data, uint32_t attempt, const phx_error *error)
{
    (void)attempt;
    (void)error;
    return (uint32_t)random_below(user_data, 3000);
}

static phx_join_verdict random_verdict(void *user_data, const phx_reply *reply)
{
    static const phx_join_verdict verdicts[] = {PHX_JOIN_RETRY, PHX_JOIN_PERMANENT,
                                                PHX_JOIN_UNAUTHORIZED};
    (void)reply;
    return verdicts[random_below(user_data, COUNT_OF(verdicts))];
}

static const phxi_channel *some_channel(const random_life *life, uint64_t number)
{
    const phxi_channel *channel = life->harness->engine->first_channel;
    for (uint64_t i = number % TOPICS; i > 0 && channel != NULL; i--) {
        channel = channel->next != NULL ? channel->next : channel;
    }
    return channel;
}

static void join_some(random_life *life)
{
    char topic[16];
    (void)snprintf(topic, sizeof topic, "room:%zu", random_below(&life->seed, TOPICS));
    bool has_judge = random_below(&life->seed, 2) == 0;
    phxi_join_request request = {
        .id = life->next_id++,
        .topic = {topic, strlen(topic)},
        .timeout_ms = (uint32_t)random_below(&life->seed, 5000),
        .overflow = (phx_overflow)random_below(&life->seed, 2),
        .judge_refusal = has_judge ? random_verdict : NULL,
        .judge_user_data = &life->seed,
    };
    (void)harness_join_request(life->harness, &request);
}

static void push_some(random_life *life, const phxi_channel *channel)
{
    static const char payload[600] = "\"";
    phxi_push_request request = {
        .id = life->next_id++,
        .channel_id = channel != NULL ? channel->id : 7777777,
        .event = {"shout", 5},
        .payload = {payload, random_below(&life->seed, sizeof payload)},
        .is_binary = random_below(&life->seed, 3) == 0,
        .timeout_ms = (uint32_t)random_below(&life->seed, 20000),
    };
    (void)harness_push_request(life->harness, &request);
}

/* An answer to something that was asked, or nearly. */
static void answer(random_life *life, const phxi_channel *channel, bool is_ok)
{
    uint64_t ref = channel->join_ref;
    if (channel->first_push != NULL && random_below(&life->seed, 2) == 0) {
        ref = channel->first_push->ref;
    } else if (channel->state == PHX_CHANNEL_LEAVING) {
        ref = channel->leave_ref;
    }
    char text[400];
    (void)snprintf(text, sizeof text,
                   "[\"%llu\",\"%llu\",\"%.*s\",\"phx_reply\",{\"status\":\"%s\",\"response\":"
                   "{\"reason\":\"%s\"}}]",
                   (unsigned long long)channel->join_ref, (unsigned long long)ref,
                   (int)channel->topic_length, channel->topic, is_ok ? "ok" : "error",
                   random_below(&life->seed, 2) == 0 ? "unauthorized" : "busy");
    harness_receive(life->harness, text);
}

static void receive_some(random_life *life, const phxi_channel *channel)
{
    static const char *const events[] = {"new_msg", "phx_error", "phx_close", "presence_diff"};
    static const uint8_t binary[] = {2, 6, 3, 'r', 'o', 'o', 'm', ':', '1', 'b', 'i', 'n', 1, 2, 3};
    size_t what = random_below(&life->seed, 12);
    char text[300];
    if (what == 0) {
        harness_receive(life->harness, "[not json");
    } else if (what == 1) {
        harness_receive_binary(life->harness, binary, sizeof binary);
    } else if (channel == NULL || what == 2) {
        harness_receive(life->harness, "[null,5,\"nobody\",\"x\",null]");
    } else if (what < 8) {
        answer(life, channel, what != 3);
    } else {
        (void)snprintf(text, sizeof text, "[%s,null,\"%.*s\",\"%s\",{\"body\":\"hello\"}]",
                       what == 8 ? "\"999999\"" : "null", (int)channel->topic_length,
                       channel->topic,
                       what == 9 ? events[1 + random_below(&life->seed, 2)]
                                 : events[random_below(&life->seed, 2) * 3]);
        harness_receive(life->harness, text);
    }
}

static void answer_heartbeat(random_life *life)
{
    char text[120];
    (void)snprintf(text, sizeof text,
                   "[null,\"%llu\",\"phoenix\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]",
                   (unsigned long long)life->harness->engine->heartbeat_ref);
    harness_receive(life->harness, text);
}

static void end_connection(random_life *life)
{
    static const int32_t codes[] = {1000, 1006, 1012, 1011};
    size_t what = random_below(&life->seed, 6);
    if (what == 0) {
        harness_refused(life->harness, PHX_ERROR_UNAUTHORIZED, 403, 0);
    } else if (what == 1) {
        harness_refused(life->harness, PHX_ERROR_UPGRADE_REFUSED, 503, 1500);
    } else if (what == 2) {
        harness_closed(life->harness, PHX_ERROR_TOKEN_PENDING, 0);
    } else {
        harness_closed(life->harness, PHX_ERROR_NETWORK, codes[random_below(&life->seed, 4)]);
    }
}

static void wish(random_life *life)
{
    engine_harness *harness = life->harness;
    const phxi_channel *channel = some_channel(life, random_next(&life->seed));
    switch (random_below(&life->seed, 8)) {
    case 0:
        harness_disconnect(harness);
        break;
    case 1:
        harness_probe(harness);
        break;
    case 2:
        harness_token_changed(harness);
        break;
    case 3:
        harness_leave(harness, channel != NULL ? channel->id : 1);
        break;
    case 4:
        harness_rejoin(harness, channel != NULL ? channel->id : 1);
        break;
    case 5:
        harness_cancel(harness, channel != NULL && channel->first_push != NULL
                                    ? channel->first_push->id
                                    : life->next_id);
        break;
    case 6:
        phxi_engine_skip_heartbeats(harness->engine, random_below(&life->seed, 2) == 0);
        break;
    default:
        harness_connect(harness);
        break;
    }
}

static void live_a_step(random_life *life)
{
    engine_harness *harness = life->harness;
    const phxi_channel *channel = some_channel(life, random_next(&life->seed));
    size_t what = random_below(&life->seed, 40);
    if (what < 4) {
        wish(life);
    } else if (what < 8) {
        join_some(life);
    } else if (what < 14) {
        push_some(life, channel);
    } else if (what < 16) {
        harness_opened(harness);
    } else if (what == 16) {
        end_connection(life);
    } else if (what < 27) {
        receive_some(life, channel);
    } else if (what == 27) {
        answer_heartbeat(life);
    } else if (what < 31) {
        phxi_engine_written(harness->engine, harness->epoch, random_below(&life->seed, 300));
    } else if (what == 31) {
        harness_sleep(harness, random_below(&life->seed, 100000));
    } else {
        harness_advance(harness, random_below(&life->seed, 1500));
    }
    harness_forget(harness);
}

static random_life begin(engine_harness *harness, uint64_t seed, size_t recorder_bytes)
{
    phxi_engine_config config = harness_config(harness);
    config.random_seed = seed;
    config.recorder_bytes = recorder_bytes;
    config.max_queued_pushes = 20;
    config.max_queued_bytes = 8000;
    config.reconnect.kind = (phx_backoff_kind)(seed % 3);
    config.rejoin.kind = (phx_backoff_kind)(seed / 3 % 3);
    static uint64_t delays;
    delays = seed;
    config.reconnect.delay_ms = custom_delay;
    config.reconnect.user_data = &delays;
    config.rejoin.delay_ms = custom_delay;
    config.rejoin.user_data = &delays;
    harness_start(harness, &config);
    return (random_life){.harness = harness, .seed = seed, .next_id = 1};
}

/* --- what comes out is what went in --- */

static void test_random_lives(void **state)
{
    uint64_t wrapped = 0;
    uint64_t checkpoints = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        random_life life = begin(*state, seed, 1);
        harness_connect(*state);
        for (int i = 0; i < 2500; i++) {
            live_a_step(&life);
            if (random_below(&life.seed, 300) == 0) {
                played_recording played = recording_check(life.harness->engine);
                assert_int_equal(played.gaps, 0);
                assert_int_equal(played.lost, 0);
                assert_int_equal(played.last_step, life.harness->engine->recorder->steps);
                wrapped += played.first_step > 1 ? 1 : 0;
                checkpoints += played.checkpoints;
            }
        }
        harness_stop(*state);
    }
    assert_true(wrapped > 60);
    assert_true(checkpoints > 500);
}

/* At every fill of the ring, so at every place where a slot may end. */
static void test_every_boundary(void **state)
{
    random_life life = begin(*state, 4, 1);
    harness_connect(*state);
    uint64_t shortest = UINT64_MAX;
    for (int i = 0; i < 1000; i++) {
        live_a_step(&life);
        uint64_t steps = life.harness->engine->recorder->steps;
        if (steps > 0) {
            played_recording played = recording_check(life.harness->engine);
            assert_int_equal(played.gaps, 0);
            assert_int_equal(played.last_step, steps);
            uint64_t kept = steps - played.first_step + 1;
            shortest = played.first_step > 1 && kept < shortest ? kept : shortest;
        }
    }
    assert_in_range(shortest, 50, 100000); /* it wrapped, and kept something each time */
    harness_stop(*state);
}

/* A copy made of a checkpoint goes on as its original does. */
static void test_restored_goes_on(void **state)
{
    engine_harness *harness = *state;
    for (uint64_t seed = 100; seed < 140; seed++) {
        random_life life = begin(harness, seed - seed % 9, 0);
        life.seed = seed;
        harness_connect(harness);
        for (int i = 0; i < 400; i++) {
            live_a_step(&life);
        }
        static uint8_t bytes[64 * 1024];
        phxi_tape tape = phxi_tape_writer(bytes, sizeof bytes);
        phxi_checkpoint_write(&tape, harness->engine);
        assert_false(tape.is_broken);
        phxi_engine_config config = harness->engine->config;
        config.recorder_bytes = 0;
        phxi_engine *copy = NULL;
        const char *reason = NULL;
        phx_slice saved = {(const char *)bytes, tape.length};
        assert_int_equal(phxi_engine_restore(&config, NULL, NULL, saved, &copy, &reason), PHX_OK);
        for (int i = 0; i < 200; i++) {
            uint64_t deadline_ms = phxi_engine_deadline_ms(harness->engine);
            assert_int_equal(phxi_engine_deadline_ms(copy), deadline_ms);
            if (deadline_ms == UINT64_MAX) {
                break;
            }
            phxi_engine_advance(harness->engine, deadline_ms);
            phxi_engine_advance(copy, deadline_ms);
            phxi_action theirs;
            phxi_action ours;
            while (phxi_engine_pop(harness->engine, &theirs)) {
                assert_true(phxi_engine_pop(copy, &ours));
                assert_true(phxi_action_hash(0, harness->engine, &theirs) ==
                            phxi_action_hash(0, copy, &ours));
            }
            assert_false(phxi_engine_pop(copy, &ours));
        }
        phxi_engine_free(copy);
        harness_stop(harness);
    }
}

/* --- gaps --- */

static void test_a_state_too_big_for_the_ring(void **state)
{
    phxi_engine_config config = harness_config(*state);
    config.recorder_bytes = 1;
    config.max_channels = 1000;
    harness_start(*state, &config);
    engine_harness *harness = *state;
    char topic[200];
    for (uint64_t id = 1; id <= 600; id++) {
        (void)snprintf(topic, sizeof topic, "%0150u", (unsigned)id);
        assert_int_equal(harness_join(harness, id, topic), PHX_OK);
    }
    (void)recording_check(harness->engine);
    for (uint64_t id = 1; id <= 590; id++) {
        harness_leave(harness, id);
    }
    for (int i = 0; i < 200; i++) {
        harness_connect(harness);
        harness_disconnect(harness);
    }
    played_recording played = recording_check(harness->engine);
    assert_int_equal(played.last_step, harness->engine->recorder->steps);
    harness_stop(harness);
}

static void test_lack_of_memory_is_a_gap(void **state)
{
    engine_harness *harness = *state;
    uint64_t lost = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        random_life life = begin(harness, seed, 64 * 1024);
        harness_connect(harness);
        for (int i = 0; i < 600; i++) {
            failing_allocator_refuse(&harness->allocator, i % 7 == 0 ? 1 : 0, false);
            live_a_step(&life);
        }
        failing_allocator_refuse(&harness->allocator, 0, false);
        played_recording played = recording_check(harness->engine);
        lost += played.lost;
        assert_int_equal(played.last_step, harness->engine->recorder->steps);
        harness_stop(harness);
    }
    assert_true(lost > 20);
}

/* --- secrets --- */

static void test_no_secret_is_in_it(void **state)
{
    static const char secret[] = "s3cr3t-t0k3n";
    static const uint8_t binary[] = "\x02\x04\x03roombins3cr3t-t0k3n";
    harness_start(*state, NULL);
    engine_harness *harness = *state;
    harness->join_payload = "{\"token\":\"s3cr3t-t0k3n\"}";
    harness_go_online(harness);
    assert_int_equal(harness_join(harness, 1, "room"), PHX_OK);
    assert_true(harness_saw(harness, secret));
    harness_receive(harness, "[\"1\",\"1\",\"room\",\"phx_reply\",{\"status\":\"ok\",\"response\":"
                             "{\"token\":\"s3cr3t-t0k3n\"},\"more\":\"s3cr3t-t0k3n\"}]");
    assert_int_equal(harness_push(harness, 2, 1, "shout", "{\"a\":\"s3cr3t-t0k3n\"}"), PHX_OK);
    assert_int_equal(harness_push(harness, 3, 1, "shout", "\"s3cr3t-t0k3n\""), PHX_OK);
    harness_receive(harness, "[\"1\",\"2\",\"room\",\"phx_reply\",{\"status\":\"s3cr3t-t0k3n\","
                             "\"response\":\"s3cr3t-t0k3n\"}]");
    harness_receive(harness, "[null,\"s3cr3t-t0k3n\",\"room\",\"new\",\"s3cr3t-t0k3n\"]");
    harness_receive(harness, "[\"s3cr3t-t0k3n\",null,\"room\",\"new\",\"s3cr3t-t0k3n\"]");
    harness_receive(harness, "[not json s3cr3t-t0k3n");
    harness_receive_binary(harness, binary, sizeof binary - 1);
    phx_error error = {.struct_size = (uint32_t)sizeof error,
                       .status = PHX_ERROR_NETWORK,
                       .message = "wss://host/?token=s3cr3t-t0k3n"};
    phxi_engine_closed(harness->engine, harness->now_ms, harness->epoch, &error);
    harness_drain(harness);
    assert_int_equal(harness_push(harness, 4, 1, "shout", "[\"s3cr3t-t0k3n\"]"), PHX_OK);
    phxi_buffer recording = recording_of(harness->engine);
    bool has_topic = false;
    for (size_t i = 0; i + 5 <= recording.length; i++) {
        assert_true(memcmp(recording.data + i, "3cr3", 4) != 0);
        has_topic = has_topic || memcmp(recording.data + i, "shout", 5) == 0;
    }
    assert_true(has_topic);
    phxi_buffer_free(&recording);
    harness_stop(harness);
}

/* --- edges --- */

static phx_status refuse_third(void *user_data, const uint8_t *data, size_t length)
{
    (void)data;
    (void)length;
    return ++*(int *)user_data == 3 ? PHX_ERROR_SYSTEM : PHX_OK;
}

static void test_dump_passes_on_what_write_says(void **state)
{
    harness_start(*state, NULL);
    engine_harness *harness = *state;
    harness_go_online(harness);
    int calls = 0;
    assert_int_equal(phxi_engine_dump_recording(harness->engine, refuse_third, &calls),
                     PHX_ERROR_SYSTEM);
    assert_int_equal(calls, 3);
    harness_stop(harness);
}

static void test_off_is_unsupported(void **state)
{
    phxi_engine_config config = harness_config(*state);
    config.allocator = &phxi_default_allocator;
    phxi_engine *engine = NULL;
    assert_int_equal(phxi_engine_new(&config, &engine), PHX_OK);
    int calls = 0;
    assert_int_equal(phxi_engine_dump_recording(engine, refuse_third, &calls),
                     PHX_ERROR_UNSUPPORTED);
    assert_int_equal(calls, 0);
    phxi_engine_free(engine);
    config.recorder_bytes = SIZE_MAX;
    assert_int_equal(phxi_engine_new(&config, &engine), PHX_ERROR_NO_MEMORY);
    assert_null(engine);
}

static void birth(failing_allocator *allocator, void *user_data)
{
    phxi_engine_config config = *(phxi_engine_config *)user_data;
    config.allocator = &allocator->port;
    config.recorder_bytes = 20000;
    phxi_engine *engine = NULL;
    phx_status status = phxi_engine_new(&config, &engine);
    assert_true(status == PHX_OK || atomic_load(&allocator->refused) > 0);
    assert_true((status == PHX_OK) == (engine != NULL));
    phxi_engine_free(engine);
}

static void test_birth_without_memory(void **state)
{
    phxi_engine_config config = harness_config(*state);
    assert_int_equal(failing_allocator_torture(birth, &config), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_lives),
        cmocka_unit_test(test_every_boundary),
        cmocka_unit_test(test_restored_goes_on),
        cmocka_unit_test(test_a_state_too_big_for_the_ring),
        cmocka_unit_test(test_lack_of_memory_is_a_gap),
        cmocka_unit_test(test_no_secret_is_in_it),
        cmocka_unit_test(test_dump_passes_on_what_write_says),
        cmocka_unit_test(test_off_is_unsupported),
        cmocka_unit_test(test_birth_without_memory),
    };
    return cmocka_run_group_tests(tests, harness_prepare, NULL);
}

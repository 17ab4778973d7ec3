/* SPDX-License-Identifier: MIT */
/*
 * The engine without memory: a scenario with every kind of input, each of its allocations refused
 * in turn. An input says so or has an honest outcome; what was accepted ends exactly once; nothing
 * leaks.
 */
#include <stdio.h>

#include "engine_harness.h"
#include "testing.h"

enum {
    CHANNELS = 3,
    PUSHES = 12
};

typedef struct engine_tally {
    phxi_engine *engine;
    failing_allocator *allocator;
    uint64_t now_ms;
    uint64_t epoch;
    phx_client_state state;
    unsigned closed[CHANNELS + 1];
    bool is_joined[CHANNELS + 1]; /* the join was accepted */
    phx_channel_state channel_states[CHANNELS + 1];
    unsigned replies[PUSHES + 1];
    bool is_pushed[PUSHES + 1];
    uint64_t join_refs[CHANNELS + 1];
} engine_tally;

static void assert_may_fail(const engine_tally *tally, phx_status status)
{
    if (status == PHX_ERROR_NO_MEMORY) {
        assert_true(atomic_load(&tally->allocator->refused) > 0);
    }
}

/* The ref of a frame [JOIN_REF,REF,...: its second text. */
static void note_join(engine_tally *tally, const phxi_action *action)
{
    char frame[200];
    size_t length = action->frame_length < sizeof frame - 1 ? action->frame_length : 199;
    memcpy(frame, action->frame, length);
    frame[length] = '\0';
    unsigned long long ref = 0;
    unsigned id = 0;
    if (sscanf(frame, "[\"%*u\",\"%llu\",\"room:%u\",\"phx_join\"", &ref, &id) == 2) {
        assert_in_range(id, 1, CHANNELS);
        tally->join_refs[id] = ref;
    }
}

static void note(engine_tally *tally, const phxi_action *action)
{
    switch (action->kind) {
    case PHXI_ACTION_OPEN:
        tally->epoch = action->epoch;
        break;
    case PHXI_ACTION_SEND:
        note_join(tally, action);
        break;
    case PHXI_ACTION_JOIN_PARAMS:
        phxi_engine_send_join(tally->engine, tally->now_ms, action->channel_id,
                              (phx_slice){"{}", 2});
        break;
    case PHXI_ACTION_CHANNEL:
        assert_may_fail(tally, action->reply.error.status);
        tally->channel_states[action->channel_id] = action->channel_state;
        tally->closed[action->channel_id] += action->channel_state == PHX_CHANNEL_CLOSED ? 1 : 0;
        break;
    case PHXI_ACTION_REPLY:
        assert_may_fail(tally, action->reply.error.status);
        tally->replies[action->push_id]++;
        break;
    case PHXI_ACTION_ERROR:
        assert_int_equal(action->error.status, PHX_ERROR_NO_MEMORY);
        assert_may_fail(tally, action->error.status);
        break;
    default:
        break;
    }
}

static void drain(engine_tally *tally)
{
    phxi_action action;
    while (phxi_engine_pop(tally->engine, &action)) {
        note(tally, &action);
    }
}

static void pass(engine_tally *tally, uint64_t ms)
{
    uint64_t end_ms = tally->now_ms + ms;
    while (phxi_engine_deadline_ms(tally->engine) <= end_ms) {
        uint64_t deadline_ms = phxi_engine_deadline_ms(tally->engine);
        tally->now_ms = deadline_ms > tally->now_ms ? deadline_ms : tally->now_ms;
        phxi_engine_advance(tally->engine, tally->now_ms);
        drain(tally);
    }
    tally->now_ms = end_ms;
}

static void join(engine_tally *tally, uint64_t id)
{
    char topic[16];
    (void)snprintf(topic, sizeof topic, "room:%u", (unsigned)id);
    phxi_join_request request = {.id = id, .topic = {topic, strlen(topic)}};
    uint32_t before = phxi_engine_metrics(tally->engine)->channels;
    phx_status status = phxi_engine_join(tally->engine, tally->now_ms, &request);
    if (status == PHX_OK) {
        tally->is_joined[id] = true;
        assert_int_equal(phxi_engine_metrics(tally->engine)->channels, before + 1);
    } else {
        assert_int_equal(status, PHX_ERROR_NO_MEMORY);
        assert_may_fail(tally, status);
        assert_int_equal(phxi_engine_metrics(tally->engine)->channels, before);
    }
    drain(tally);
}

static void push(engine_tally *tally, uint64_t id, uint64_t channel_id, bool is_binary)
{
    phxi_push_request request = {.id = id,
                                 .channel_id = channel_id,
                                 .event = {"shout", 5},
                                 .payload = {"{\"a\":1}", 7},
                                 .is_binary = is_binary};
    phx_client_metrics before = *phxi_engine_metrics(tally->engine);
    phx_status status = phxi_engine_push(tally->engine, tally->now_ms, &request);
    if (status == PHX_OK) {
        tally->is_pushed[id] = true;
    } else {
        assert_true(status == PHX_ERROR_NO_MEMORY || status == PHX_ERROR_STALE_HANDLE);
        assert_may_fail(tally, status);
        const phx_client_metrics *after = phxi_engine_metrics(tally->engine);
        assert_int_equal(after->pushes_pending, before.pushes_pending);
        assert_int_equal(after->queued_bytes, before.queued_bytes);
    }
    drain(tally);
}

static void receive(engine_tally *tally, const char *frame)
{
    phxi_engine_message(tally->engine, tally->now_ms, tally->epoch, PHX_FRAME_TEXT,
                        (const uint8_t *)frame, strlen(frame));
    drain(tally);
}

/* With escapes, which take scratch memory. */
static void answer_join(engine_tally *tally, uint64_t id)
{
    char frame[200];
    (void)snprintf(frame, sizeof frame,
                   "[\"%llu\",\"%llu\",\"r\\u006fom:%u\",\"phx_reply\",{\"status\":\"\\u006fk\","
                   "\"response\":{}}]",
                   (unsigned long long)tally->join_refs[id],
                   (unsigned long long)tally->join_refs[id], (unsigned)id);
    receive(tally, frame);
}

static void open(engine_tally *tally)
{
    phxi_engine_connect(tally->engine, tally->now_ms);
    drain(tally);
    phxi_engine_opened(tally->engine, tally->now_ms, tally->epoch);
    drain(tally);
}

static void close_by_server(engine_tally *tally)
{
    phx_error error = {.status = PHX_ERROR_CONNECTION_LOST, .close_code = 1006};
    phxi_engine_closed(tally->engine, tally->now_ms, tally->epoch, &error);
    drain(tally);
}

static void use(engine_tally *tally)
{
    join(tally, 1);
    push(tally, 1, 1, false);
    open(tally);
    join(tally, 2);
    answer_join(tally, 1);
    answer_join(tally, 2);
    push(tally, 2, 1, false);
    push(tally, 3, 1, true);
    push(tally, 4, 2, false);
    receive(tally, "[null,null,\"room:1\",\"sh\\u006fut\",{}]");
    phxi_engine_cancel(tally->engine, tally->now_ms, 3);
    phxi_engine_probe(tally->engine, tally->now_ms);
    drain(tally);
    close_by_server(tally);
    push(tally, 5, 1, false);
    pass(tally, 10);
    phxi_engine_opened(tally->engine, tally->now_ms, tally->epoch);
    drain(tally);
    answer_join(tally, 1);
    join(tally, 3);
    receive(tally, "[null,null,\"room:2\",\"phx_error\",{}]");
    phxi_engine_leave(tally->engine, tally->now_ms, 2);
    drain(tally);
    pass(tally, 30000);
    push(tally, 6, 1, false);
}

/* Once there is memory again, what is wanted comes about. */
static void recover(engine_tally *tally)
{
    failing_allocator_refuse(tally->allocator, 0, false);
    for (int i = 0; i < 20 && !(tally->channel_states[1] == PHX_CHANNEL_JOINED); i++) {
        phxi_engine_connect(tally->engine, tally->now_ms);
        drain(tally);
        phxi_engine_opened(tally->engine, tally->now_ms, tally->epoch);
        drain(tally);
        pass(tally, 2000);
        answer_join(tally, 1);
    }
    assert_int_equal(tally->channel_states[1], PHX_CHANNEL_JOINED);
    push(tally, 7, 1, false);
    assert_true(tally->is_pushed[7]);
}

static void scenario(failing_allocator *allocator, void *user_data)
{
    engine_tally tally = {.allocator = allocator, .now_ms = 1000000};
    phxi_engine_config config = harness_config(user_data);
    config.allocator = &allocator->port;
    phx_status status = phxi_engine_new(&config, &tally.engine);
    if (status != PHX_OK) {
        assert_int_equal(status, PHX_ERROR_NO_MEMORY);
        assert_null(tally.engine);
        return;
    }
    use(&tally);
    size_t requests = atomic_load(&allocator->requests);
    if (tally.is_joined[1]) {
        recover(&tally);
    }
    phxi_engine_shut_down(tally.engine, tally.now_ms);
    drain(&tally);
    for (size_t id = 1; id <= CHANNELS; id++) {
        assert_int_equal(tally.closed[id], tally.is_joined[id] ? 1 : 0);
    }
    for (size_t id = 1; id <= PUSHES; id++) {
        assert_int_equal(tally.replies[id], tally.is_pushed[id] ? 1 : 0);
    }
    assert_int_equal(phxi_engine_metrics(tally.engine)->pushes_pending, 0);
    assert_int_equal(phxi_engine_metrics(tally.engine)->queued_bytes, 0);
    assert_int_equal(phxi_engine_metrics(tally.engine)->malformed, 0);
    phxi_engine_free(tally.engine);
    atomic_store(&allocator->requests, requests); /* those of `use`, which are to be refused */
}

static void survives_every_refusal(void **state)
{
    (void)state;
    static engine_harness harness;
    size_t requests = failing_allocator_torture(scenario, &harness);
    assert_true(requests > 30);
}

/* What is pending when an engine is freed is freed with it. */
static void frees_what_is_pending(void **state)
{
    (void)state;
    static engine_harness h;
    harness_start(&h, NULL);
    assert_int_equal(harness_join(&h, 1, "room:1"), PHX_OK);
    assert_int_equal(harness_push(&h, 1, 1, "shout", "{}"), PHX_OK);
    harness_go_online(&h);
    assert_int_equal(harness_join(&h, 2, "room:2"), PHX_OK);
    phxi_engine_leave(h.engine, h.now_ms, 1); /* nothing of it is popped */
    phxi_engine_probe(h.engine, h.now_ms);
    harness_stop(&h);
    phxi_engine_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_every_refusal),
        cmocka_unit_test(frees_what_is_pending),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

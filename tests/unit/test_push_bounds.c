/* SPDX-License-Identifier: MIT */
/*
 * The bounds of what pushes may hold, by number and by bytes, and random walks over everything that
 * can end one.
 */
#include <stdio.h>

#include "engine_harness.h"
#include "testing.h"

/* What a push counts beside its event and payload. */
enum {
    OVERHEAD = 64,
    MAX_PUSHES = 4,
    MAX_BYTES = 1000
};

static void start(engine_harness *h, phx_overflow overflow)
{
    phxi_engine_config config = harness_config(h);
    config.max_queued_pushes = MAX_PUSHES;
    config.max_queued_bytes = MAX_BYTES;
    config.max_frame_bytes = 2000;
    harness_start(h, &config);
    phxi_join_request request = {.id = 7, .topic = {"room:a", 6}, .overflow = overflow};
    assert_int_equal(harness_join_request(h, &request), PHX_OK);
    harness_forget(h);
}

/* A push that counts `bytes`. */
static phx_status push(engine_harness *h, uint64_t id, uint64_t channel_id, size_t bytes)
{
    char payload[4096];
    assert_in_range(bytes, OVERHEAD + 3, sizeof payload);
    size_t length = bytes - OVERHEAD - 1;
    memset(payload, '1', length);
    phxi_push_request request = {
        .id = id, .channel_id = channel_id, .event = {"e", 1}, .payload = {payload, length}};
    return harness_push_request(h, &request);
}

static size_t queued(const engine_harness *h)
{
    return (size_t)phxi_engine_metrics(h->engine)->queued_bytes;
}

static void rejects_by_number(void **state)
{
    engine_harness *h = *state;
    start(h, PHX_OVERFLOW_REJECT);
    for (uint64_t id = 1; id <= MAX_PUSHES; id++) {
        assert_int_equal(push(h, id, 7, 100), PHX_OK);
    }
    assert_int_equal(push(h, 5, 7, 100), PHX_ERROR_QUEUE_FULL);
    harness_expect(h, "");
    assert_int_equal(queued(h), 400);
    harness_cancel(h, 2);
    assert_int_equal(push(h, 5, 7, 100), PHX_OK);
}

static void rejects_by_bytes(void **state)
{
    engine_harness *h = *state;
    start(h, PHX_OVERFLOW_REJECT);
    assert_int_equal(push(h, 1, 7, 600), PHX_OK);
    assert_int_equal(push(h, 2, 7, 401), PHX_ERROR_QUEUE_FULL);
    assert_int_equal(push(h, 2, 7, 400), PHX_OK);
    assert_int_equal(push(h, 3, 7, 67), PHX_ERROR_QUEUE_FULL);
    assert_int_equal(queued(h), MAX_BYTES);
}

static void drops_the_oldest_by_number(void **state)
{
    engine_harness *h = *state;
    start(h, PHX_OVERFLOW_DROP_OLDEST);
    for (uint64_t id = 1; id <= MAX_PUSHES; id++) {
        assert_int_equal(push(h, id, 7, 100), PHX_OK);
    }
    assert_int_equal(push(h, 5, 7, 100), PHX_OK);
    harness_expect(h, "reply 1 ERROR_QUEUE_FULL\n");
    assert_int_equal(push(h, 6, 7, 100), PHX_OK);
    harness_expect(h, "reply 2 ERROR_QUEUE_FULL\n");
}

static void drops_as_many_as_it_must(void **state)
{
    engine_harness *h = *state;
    start(h, PHX_OVERFLOW_DROP_OLDEST);
    assert_int_equal(push(h, 1, 7, 300), PHX_OK);
    assert_int_equal(push(h, 2, 7, 300), PHX_OK);
    assert_int_equal(push(h, 3, 7, 300), PHX_OK);
    assert_int_equal(push(h, 4, 7, 700), PHX_OK);
    harness_expect(h, "reply 1 ERROR_QUEUE_FULL\nreply 2 ERROR_QUEUE_FULL\n");
    assert_int_equal(queued(h), 1000);
    assert_int_equal(push(h, 5, 7, 1000), PHX_OK);
    harness_expect(h, "reply 3 ERROR_QUEUE_FULL\nreply 4 ERROR_QUEUE_FULL\n");
}

/* If what is its own would not make room, it loses nothing. */
static void drops_nothing_in_vain(void **state)
{
    engine_harness *h = *state;
    start(h, PHX_OVERFLOW_DROP_OLDEST);
    phxi_join_request other = {.id = 8, .topic = {"room:b", 6}};
    assert_int_equal(harness_join_request(h, &other), PHX_OK);
    assert_int_equal(push(h, 1, 8, 500), PHX_OK);
    assert_int_equal(push(h, 2, 7, 200), PHX_OK);
    harness_forget(h);
    assert_int_equal(push(h, 3, 7, 501), PHX_ERROR_QUEUE_FULL);
    harness_expect(h, "");
    assert_int_equal(push(h, 3, 7, 500), PHX_OK);
    harness_expect(h, "reply 2 ERROR_QUEUE_FULL\n");
}

static void never_drops_what_was_sent(void **state)
{
    engine_harness *h = *state;
    start(h, PHX_OVERFLOW_DROP_OLDEST);
    harness_go_online(h);
    harness_receive(h, "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":1}]");
    phxi_engine_written(h->engine, h->epoch, queued(h));
    for (uint64_t id = 1; id <= MAX_PUSHES; id++) {
        assert_int_equal(push(h, id, 7, 100), PHX_OK);
        phxi_engine_written(h->engine, h->epoch, queued(h));
    }
    harness_forget(h);
    assert_int_equal(push(h, 5, 7, 100), PHX_ERROR_QUEUE_FULL);
    harness_expect(h, "");
    harness_receive(h, "[\"1\",\"2\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":1}]");
    harness_expect(h, "reply 1 OK 1\n");
    assert_int_equal(push(h, 5, 7, 100), PHX_OK);
}

/* What the transport has not written yet counts, joins and all, until the connection is over. */
static void counts_what_is_not_written(void **state)
{
    engine_harness *h = *state;
    start(h, PHX_OVERFLOW_REJECT);
    harness_go_online(h);
    harness_receive(h, "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":1}]");
    size_t join_bytes = strlen("[\"1\",\"1\",\"room:a\",\"phx_join\",{}]");
    assert_int_equal(queued(h), join_bytes);
    assert_int_equal(push(h, 1, 7, 800), PHX_OK);
    size_t frame_bytes = 800 - OVERHEAD - 1 + strlen("[\"1\",\"2\",\"room:a\",\"e\",]");
    assert_int_equal(queued(h), join_bytes + frame_bytes);
    assert_int_equal(push(h, 2, 7, 230), PHX_ERROR_QUEUE_FULL);
    phxi_engine_written(h->engine, h->epoch + 1, 500);
    assert_int_equal(push(h, 2, 7, 230), PHX_ERROR_QUEUE_FULL);
    phxi_engine_written(h->engine, h->epoch, join_bytes);
    assert_int_equal(queued(h), frame_bytes);
    assert_int_equal(push(h, 2, 7, 230), PHX_OK);
    phxi_engine_written(h->engine, h->epoch, UINT32_MAX);
    assert_int_equal(queued(h), 0);
    assert_int_equal(push(h, 3, 7, 800), PHX_OK);
    assert_true(queued(h) > 0);
    harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
    assert_int_equal(queued(h), 0);
}

/* As when the transport refuses a frame while others wait behind it. */
static void frames_of_a_connection_that_ended_are_forgotten(void **state)
{
    static const char joined[] =
        "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":{}}]";
    engine_harness *h = *state;
    phx_error lost = {.struct_size = (uint32_t)sizeof lost, .status = PHX_ERROR_NO_MEMORY};
    phxi_action action;
    start(h, PHX_OVERFLOW_REJECT);
    assert_int_equal(push(h, 1, 7, 100), PHX_OK);
    assert_int_equal(push(h, 2, 7, 100), PHX_OK);
    harness_go_online(h);
    phxi_engine_message(h->engine, h->now_ms, h->epoch, PHX_FRAME_TEXT, (const uint8_t *)joined,
                        sizeof joined - 1);
    do {
        assert_true(phxi_engine_pop(h->engine, &action));
    } while (action.kind != PHXI_ACTION_SEND);
    phxi_engine_closed(h->engine, h->now_ms, h->epoch, &lost);
    harness_drain(h);
    assert_false(harness_saw(h, ">"));
    assert_true(harness_saw(h, "reply 1 ERROR_DISCONNECTED"));
    assert_true(harness_saw(h, "reply 2 ERROR_DISCONNECTED"));
    assert_int_equal(queued(h), 0);
}

static void refuses_what_never_fits(void **state)
{
    engine_harness *h = *state;
    start(h, PHX_OVERFLOW_DROP_OLDEST);
    assert_int_equal(push(h, 1, 7, 100), PHX_OK);
    assert_int_equal(push(h, 2, 7, MAX_BYTES + 1), PHX_ERROR_TOO_LARGE);
    assert_int_equal(push(h, 2, 7, 2000), PHX_ERROR_TOO_LARGE);
    harness_expect(h, "");
    assert_int_equal(push(h, 2, 7, MAX_BYTES), PHX_OK);
}

/* Quotes and controls are longer on the wire than they count: the frame's bound is the last word.
 */
static void a_frame_that_grew_too_large_completes(void **state)
{
    engine_harness *h = *state;
    phxi_engine_config config = harness_config(h);
    config.max_frame_bytes = 200;
    harness_start(h, &config);
    assert_int_equal(harness_join(h, 7, "room:a"), PHX_OK);
    harness_go_online(h);
    harness_receive(h, "[\"1\",\"1\",\"room:a\",\"phx_reply\",{\"status\":\"ok\",\"response\":1}]");
    harness_forget(h);
    char event[101];
    memset(event, 1, 100);
    event[100] = '\0';
    assert_int_equal(harness_push(h, 50, 7, event, "{}"), PHX_OK);
    harness_expect(h, "reply 50 ERROR_TOO_LARGE\n");
    assert_int_equal(phxi_engine_metrics(h->engine)->pushes_pending, 0);
}

enum {
    WALKS = 150,
    STEPS = 150,
    IDS = STEPS + 1
};

typedef struct random_walk {
    uint64_t random;
    uint64_t next_id;
    unsigned outcomes[IDS];
    bool accepted[IDS];
} random_walk;

static void count_outcomes(engine_harness *h, random_walk *walk)
{
    for (const char *at = strstr(h->lines, "reply "); at != NULL; at = strstr(at + 1, "\nreply ")) {
        unsigned long long id = 0;
        assert_int_equal(sscanf(*at == '\n' ? at + 1 : at, "reply %llu", &id), 1);
        assert_in_range(id, 1, IDS - 1);
        walk->outcomes[id]++;
    }
    harness_forget(h);
}

static void reply_to_any(engine_harness *h, random_walk *walk)
{
    char frame[160];
    unsigned join_ref = (unsigned)random_below(&walk->random, 40);
    unsigned ref = random_below(&walk->random, 3) == 0
                       ? join_ref
                       : join_ref + (unsigned)random_below(&walk->random, 20);
    static const char *const statuses[] = {"ok", "ok", "error", "other"};
    (void)snprintf(frame, sizeof frame,
                   "[\"%u\",\"%u\",\"room:a\",\"phx_reply\",{\"status\":\"%s\",\"response\":{}}]",
                   join_ref, ref, statuses[random_below(&walk->random, 4)]);
    harness_receive(h, frame);
}

static void step(engine_harness *h, random_walk *walk)
{
    uint64_t id = walk->next_id;
    switch (random_below(&walk->random, 14)) {
    case 0:
        harness_connect(h);
        break;
    case 1:
        harness_opened(h);
        break;
    case 2:
        harness_closed(h, PHX_ERROR_CONNECTION_LOST, 1006);
        break;
    case 3:
        harness_advance(h, random_below(&walk->random, 15000));
        break;
    case 4:
        harness_cancel(h, 1 + random_below(&walk->random, (size_t)id));
        break;
    case 5:
        harness_rejoin(h, 7);
        break;
    case 6:
        harness_receive(h, "[null,null,\"room:a\",\"phx_error\",{}]");
        break;
    case 7:
    case 8:
    case 9:
        reply_to_any(h, walk);
        break;
    default:
        walk->accepted[id] = push(h, id, 7, 67 + random_below(&walk->random, 400)) == PHX_OK;
        walk->next_id++;
        break;
    }
}

static void random_walks_complete_each_push_once(void **state)
{
    engine_harness *h = *state;
    size_t accepted = 0;
    for (uint64_t seed = 1; seed <= WALKS; seed++) {
        random_walk walk = {.random = seed, .next_id = 1};
        start(h, seed % 2 == 0 ? PHX_OVERFLOW_REJECT : PHX_OVERFLOW_DROP_OLDEST);
        for (int i = 0; i < STEPS; i++) {
            step(h, &walk);
            count_outcomes(h, &walk);
        }
        phxi_engine_shut_down(h->engine, h->now_ms);
        harness_drain(h);
        count_outcomes(h, &walk);
        for (size_t id = 0; id < IDS; id++) {
            assert_int_equal(walk.outcomes[id], walk.accepted[id] ? 1 : 0);
            accepted += walk.accepted[id] ? 1 : 0;
        }
        assert_int_equal(phxi_engine_metrics(h->engine)->pushes_pending, 0);
        assert_int_equal(queued(h), 0);
        harness_stop(h);
    }
    assert_true(accepted > WALKS * 10);
    harness_start(h, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_prepare, harness_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rejects_by_number),
        TEST(rejects_by_bytes),
        TEST(drops_the_oldest_by_number),
        TEST(drops_as_many_as_it_must),
        TEST(drops_nothing_in_vain),
        TEST(never_drops_what_was_sent),
        TEST(counts_what_is_not_written),
        TEST(frames_of_a_connection_that_ended_are_forgotten),
        TEST(refuses_what_never_fits),
        TEST(a_frame_that_grew_too_large_completes),
        TEST(random_walks_complete_each_push_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

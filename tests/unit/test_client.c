/* SPDX-License-Identifier: MIT */
/*
 * phx_client in virtual time, against a server of the test: connecting, joining, messages in their
 * order, subscriptions, and what any thread may read.
 */
#include "client_world.h"

static void connects_joins_and_talks(void **state)
{
    client_world *w = *state;
    phx_channel room = world_join(w, "room:a");
    world_push(w, room, "shout", "{\"a\":1}");
    phx_client_connect(w->client);
    world_run(w, 100);
    world_expect(w, "state joining OK;status connecting;status connected;state joined OK;"
                    "reply OK {\"a\":1};");
    assert_string_equal(w->frames, "[\"1\",\"1\",\"room:a\",\"phx_join\",{}]"
                                   "[\"1\",\"2\",\"room:a\",\"shout\",{\"a\":1}]");
    world_say(w, "[\"1\",null,\"room:a\",\"news\",[1, 2]]");
    world_run(w, 10);
    world_expect(w, "message news [1, 2];");
    assert_int_equal(phx_channel_leave(w->client, room), PHX_OK);
    world_run(w, 100);
    world_expect(w, "state leaving ERROR_LEFT;state closed ERROR_LEFT;channel released;");
    phx_client_disconnect(w->client);
    world_run(w, 100);
    world_expect(w, "status closing;status disconnected;");
    assert_int_equal(w->transport.closes, 1);
}

static void joins_with_parameters_asked_anew(void **state)
{
    client_world *w = *state;
    w->options.params = "{\"n\":0}";
    phx_channel room = world_join(w, "room:a");
    w->join_params = NULL;
    phx_client_connect(w->client);
    world_run(w, 100);
    assert_non_null(strstr(w->frames, "phx_join\",{\"n\":0}]"));
    w->first_join_params = "{\"longer\":true}";
    w->join_params = "{\"n\":1}";
    world_say(w, "[\"1\",\"1\",\"room:a\",\"phx_error\",{}]");
    world_run(w, 30);
    assert_int_equal(phx_channel_rejoin(w->client, room), PHX_OK);
    world_run(w, 30);
    assert_non_null(strstr(w->frames, "phx_join\",{\"n\":1}]"));
    assert_int_equal(w->params_status, PHX_OK);
    w->first_join_params = NULL;
    w->join_params = "{\"n\":";
    world_say(w, "[\"2\",\"2\",\"room:a\",\"phx_error\",{}]");
    world_run(w, 30);
    w->frames[0] = '\0';
    assert_int_equal(phx_channel_rejoin(w->client, room), PHX_OK);
    world_run(w, 30);
    assert_int_equal(w->params_status, PHX_ERROR_INVALID_JSON);
    assert_non_null(strstr(w->frames, "phx_join\",{\"n\":0}]"));
}

static void refuses_what_is_not_sound(void **state)
{
    client_world *w = *state;
    char long_name[257];
    memset(long_name, 'x', 256);
    long_name[256] = '\0';
    phx_channel channel = {9};
    static const char *const topics[] = {"", "a\xff"};
    for (size_t i = 0; i < COUNT_OF(topics); i++) {
        assert_int_equal(phx_channel_join(w->client, topics[i], NULL, &channel),
                         PHX_ERROR_INVALID_ARGUMENT);
        assert_int_equal(channel.id, 0);
    }
    assert_int_equal(phx_channel_join(w->client, long_name, NULL, &channel),
                     PHX_ERROR_INVALID_ARGUMENT);
    w->options.params = "{";
    assert_int_equal(phx_channel_join(w->client, "room:a", &w->options, &channel),
                     PHX_ERROR_INVALID_JSON);
    phx_push_id id = {9};
    assert_int_equal(phx_channel_push(w->client, channel, &(phx_push){.event = ""}, &id),
                     PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(id.id, 0);
    assert_int_equal(phx_channel_push(w->client, channel, &(phx_push){.event = long_name}, NULL),
                     PHX_ERROR_INVALID_ARGUMENT);
    phx_push broken = {.event = "e", .payload = "{} x"};
    assert_int_equal(phx_channel_push(w->client, channel, &broken, &id), PHX_ERROR_INVALID_JSON);
    static char large[5 * 1024 * 1024];
    phx_push bytes = {.event = "e", .binary = {large, sizeof large}};
    assert_int_equal(phx_channel_push(w->client, channel, &bytes, &id), PHX_ERROR_TOO_LARGE);
    phx_subscription subscription = {9};
    assert_int_equal(phx_channel_subscribe(w->client, channel, &(phx_subscribe){.on_message = NULL},
                                           &subscription),
                     PHX_ERROR_INVALID_ARGUMENT);
    assert_int_equal(subscription.id, 0);
    world_run(w, 10);
    world_expect(w, "");
}

/* The longest topic and event that a binary frame can carry. */
static void takes_names_of_255_bytes(void **state)
{
    client_world *w = *state;
    char name[256];
    memset(name, 'x', 255);
    name[255] = '\0';
    phx_channel channel;
    assert_int_equal(phx_channel_join(w->client, name, NULL, &channel), PHX_OK);
    assert_int_equal(phx_channel_push(w->client, channel, &(phx_push){.event = name}, NULL),
                     PHX_OK);
    w->lines[0] = '\0';
}

static void needs_memory_for_each_request(void **state)
{
    client_world *w = *state;
    phx_channel room = world_joined(w, "room:a");
    phx_subscription subscription = world_subscribe(w, room, "s1", NULL);
    world_run(w, 10);
    failing_allocator_refuse(&w->allocator, 1, true);
    assert_int_equal(phx_channel_leave(w->client, room), PHX_ERROR_NO_MEMORY);
    assert_int_equal(phx_channel_rejoin(w->client, room), PHX_ERROR_NO_MEMORY);
    assert_int_equal(phx_push_cancel(w->client, (phx_push_id){1}), PHX_ERROR_NO_MEMORY);
    assert_int_equal(phx_channel_push(w->client, room, &(phx_push){.event = "e"}, NULL),
                     PHX_ERROR_NO_MEMORY);
    assert_int_equal(phx_channel_unsubscribe(w->client, subscription), PHX_ERROR_NO_MEMORY);
    phx_channel other = {9};
    assert_int_equal(phx_channel_join(w->client, "room:b", &w->options, &other),
                     PHX_ERROR_NO_MEMORY);
    assert_int_equal(other.id, 0);
    failing_allocator_refuse(&w->allocator, 0, false);
    world_run(w, 100);
    world_expect(w, "");
}

static phx_channel pushed_to;

/* Pushes again from inside the answer to a push, twice. */
static void push_again(client_world *w)
{
    static int left = 2;
    if (left > 0) {
        left--;
        w->in_place = push_again;
        (void)world_push(w, pushed_to, "again", "{}");
    }
}

static void pushes_inside_its_own_callback(void **state)
{
    client_world *w = *state;
    pushed_to = world_joined(w, "room:a");
    w->place = IN_REPLY;
    w->in_place = push_again;
    w->frames[0] = '\0';
    (void)world_push(w, pushed_to, "first", "{}");
    world_run(w, 50);
    const char *first = strstr(w->frames, "\"first\"");
    assert_non_null(first);
    const char *again = strstr(first, "\"again\"");
    assert_non_null(again);
    assert_non_null(strstr(again + 1, "\"again\""));
    w->lines[0] = '\0';
}

static void a_stale_channel_is_an_error(void **state)
{
    client_world *w = *state;
    phx_channel none = {12345};
    world_push(w, none, "shout", "{}");
    assert_int_equal(phx_channel_leave(w->client, none), PHX_OK);
    assert_int_equal(phx_channel_rejoin(w->client, none), PHX_OK);
    assert_int_equal(phx_push_cancel(w->client, (phx_push_id){12345}), PHX_OK);
    assert_int_equal(phx_channel_unsubscribe(w->client, (phx_subscription){12345}), PHX_OK);
    world_subscribe(w, none, "s1", NULL);
    world_run(w, 10);
    world_expect(w, "reply ERROR_STALE_HANDLE;s1 released;");
}

static void gives_messages_in_the_order_of_subscribing(void **state)
{
    client_world *w = *state;
    phx_channel room = world_joined(w, "room:a");
    world_subscribe(w, room, "s1", NULL);
    phx_subscription second = world_subscribe(w, room, "s2", "news");
    world_subscribe(w, room, "s3", "other");
    world_subscribe(w, room, "s4", "news");
    world_say(w, "[\"1\",null,\"room:a\",\"news\",1]");
    world_run(w, 10);
    world_expect(w, "message news 1;s1 news;s2 news;s4 news;");
    assert_int_equal(phx_channel_unsubscribe(w->client, second), PHX_OK);
    world_say(w, "[\"1\",null,\"room:a\",\"new\",1]");
    world_say(w, "[\"1\",null,\"room:a\",\"news\",1]");
    world_run(w, 10);
    world_expect(w, "s2 released;message new 1;s1 new;message news 1;s1 news;s4 news;");
    assert_int_equal(phx_channel_unsubscribe(w->client, second), PHX_OK);
    assert_int_equal(phx_channel_leave(w->client, room), PHX_OK);
    world_run(w, 100);
    world_expect(w, "state leaving ERROR_LEFT;state closed ERROR_LEFT;s1 released;s3 released;"
                    "s4 released;channel released;");
}

/* Made or ended inside a message, it counts from the next one. */
static void subscriptions_change_later_messages_only(void **state)
{
    client_world *w = *state;
    phx_channel room = world_joined(w, "room:a");
    world_subscriber *first = world_subscriber_of(w, world_subscribe(w, room, "s1", NULL));
    phx_subscription second = world_subscribe(w, room, "s2", NULL);
    first->ends = second;
    first->makes = "s3";
    world_run(w, 1);
    world_say(w, "[\"1\",null,\"room:a\",\"news\",1]");
    world_run(w, 10);
    world_expect(w, "message news 1;s1 news;s2 news;s2 released;");
    first->ends.id = 0;
    first->makes = NULL;
    world_say(w, "[\"1\",null,\"room:a\",\"news\",2]");
    world_run(w, 10);
    world_expect(w, "message news 2;s1 news;s3 news;");
}

static void reports_what_was_malformed(void **state)
{
    client_world *w = *state;
    (void)world_joined(w, "room:a");
    world_say(w, "{\"secret\":1}");
    world_run(w, 10);
    world_expect(w, "error ERROR_MALFORMED_FRAME;");
    phx_client_metrics metrics = {.struct_size = (uint32_t)sizeof metrics};
    phx_client_read_metrics(w->client, &metrics);
    assert_int_equal(metrics.malformed, 1);
}

static void too_many_channels_end_at_once(void **state)
{
    client_world *w = *state;
    w->config.max_channels = 1;
    world_restart(w);
    (void)world_join(w, "room:a");
    (void)world_join(w, "room:b");
    world_run(w, 1);
    world_expect(w, "state joining OK;state closed ERROR_QUEUE_FULL;channel released;");
}

static void a_full_queue_of_commands_refuses(void **state)
{
    client_world *w = *state;
    phx_channel room = {1};
    for (int i = 0; i < 4096; i++) {
        assert_int_equal(phx_channel_leave(w->client, room), PHX_OK);
    }
    assert_int_equal(phx_channel_leave(w->client, room), PHX_ERROR_QUEUE_FULL);
    assert_int_equal(phx_channel_join(w->client, "room:a", &w->options, &room),
                     PHX_ERROR_QUEUE_FULL);
    assert_int_equal(room.id, 0);
    phx_client_connect(w->client); /* never fails */
    world_run(w, 100);
    world_expect(w, "status connecting;status connected;");
}

/* The last of them counts, so that a quick pair leaves one connection, or none. */
static void the_last_wish_counts(void **state)
{
    client_world *w = *state;
    phx_client_connect(w->client);
    phx_client_disconnect(w->client);
    world_run(w, 100);
    world_expect(w, "");
    phx_client_disconnect(w->client);
    phx_client_connect(w->client);
    phx_client_connect(w->client);
    world_run(w, 100);
    world_expect(w, "status connecting;status connected;");
    phx_client_disconnect(w->client);
    phx_client_connect(w->client);
    world_run(w, 100);
    world_expect(w, "");
    phx_client_disconnect(w->client);
    world_run(w, 1);
    phx_client_connect(w->client); /* while the close is under way */
    world_run(w, 100);
    world_expect(w, "status closing;status connecting;status connected;");
    assert_int_equal(w->transport.most_open, 1);
    assert_int_equal(w->transport.living, 1);
}

static void reads_its_status(void **state)
{
    client_world *w = *state;
    w->refuse = (phx_error){.status = PHX_ERROR_UPGRADE_REFUSED,
                            .http_status = 503,
                            .retry_after_ms = 60000,
                            .message = "busy"};
    phx_client_connect(w->client);
    world_run(w, 100);
    phx_client_status status = {.struct_size = (uint32_t)sizeof status};
    phx_client_read_status(w->client, &status);
    assert_int_equal(status.state, PHX_CLIENT_WAITING);
    assert_int_equal(status.error.http_status, 503);
    assert_string_equal(status.error.message, "busy");
    assert_int_equal(status.attempts, 1);
    assert_in_range(status.next_attempt_in_ms, 59900, 65990);
    uint32_t before_ms = status.next_attempt_in_ms;
    world_run(w, 1000);
    phx_client_read_status(w->client, &status);
    assert_int_equal(before_ms - status.next_attempt_in_ms, 1000);
}

/* A caller who knows less, or more, than this library. */
static void respects_the_size_of_the_callers_struct(void **state)
{
    client_world *w = *state;
    struct {
        phx_client_status status;
        uint8_t more[32];
    } larger;
    memset(&larger, 0xaa, sizeof larger);
    larger.status.struct_size = (uint32_t)sizeof larger;
    phx_client_read_status(w->client, &larger.status);
    assert_int_equal(larger.status.struct_size, sizeof larger.status);
    assert_int_equal(larger.status.state, PHX_CLIENT_DISCONNECTED);
    assert_int_equal(larger.more[0], 0xaa);
    uint8_t smaller[sizeof(phx_client_metrics)];
    memset(smaller, 0xaa, sizeof smaller);
    uint32_t size = offsetof(phx_client_metrics, channels);
    memcpy(smaller, &size, sizeof size);
    phx_client_read_metrics(w->client, (phx_client_metrics *)(void *)smaller);
    for (size_t i = size; i < sizeof smaller; i++) {
        assert_int_equal(smaller[i], 0xaa);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connects_joins_and_talks),
        TEST(joins_with_parameters_asked_anew),
        TEST(refuses_what_is_not_sound),
        TEST(takes_names_of_255_bytes),
        TEST(needs_memory_for_each_request),
        TEST(pushes_inside_its_own_callback),
        TEST(a_stale_channel_is_an_error),
        TEST(gives_messages_in_the_order_of_subscribing),
        TEST(subscriptions_change_later_messages_only),
        TEST(reports_what_was_malformed),
        TEST(too_many_channels_end_at_once),
        TEST(a_full_queue_of_commands_refuses),
        TEST(the_last_wish_counts),
        TEST(reads_its_status),
        TEST(respects_the_size_of_the_callers_struct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

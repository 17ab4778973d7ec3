/* SPDX-License-Identifier: MIT */
/*
 * The end of a phx_client: from outside, and from inside each of its callbacks; what comes behind
 * it; and its life without memory.
 */
#include "client_world.h"

static void completes_everything_and_is_told_last(void **state)
{
    client_world *w = *state;
    phx_channel room = world_joined(w, "room:a");
    (void)world_join(w, "room:b");
    world_subscribe(w, room, "s1", NULL);
    w->is_silent = true;
    world_push(w, room, "shout", "{}");
    world_run(w, 10);
    world_push(w, room, "later", "{}"); /* still on its way to the loop */
    w->lines[0] = '\0';
    world_release(w);
    world_expect(w, "reply ERROR_CLOSED;reply ERROR_CLOSED;state closed ERROR_CLOSED;s1 released;"
                    "channel released;state closed ERROR_CLOSED;channel released;"
                    "status disconnected;");
    world_assert_gone(w);
}

static void ends_without_having_done_anything(void **state)
{
    client_world *w = *state;
    world_release(w);
    world_expect(w, "");
    world_assert_gone(w);
    phx_client_release(NULL);
}

static void ends_while_an_attempt_is_under_way(void **state)
{
    client_world *w = *state;
    phx_client_connect(w->client);
    world_run(w, 1);
    assert_int_equal(w->transport.living, 1);
    world_release(w);
    world_assert_gone(w);
}

static void ends_while_closing(void **state)
{
    client_world *w = *state;
    (void)world_joined(w, "room:a");
    phx_client_disconnect(w->client);
    world_run(w, 1);
    world_release(w);
    world_assert_gone(w);
}

/* The commands of a callback that has released its client are refused, and leave nothing behind. */
static void release_in_place(client_world *w)
{
    phx_client *client = w->client;
    phx_client_release(client);
    assert_int_equal(w->released, 0);
    phx_channel channel;
    assert_int_equal(phx_channel_join(client, "room:z", &w->options, &channel), PHX_ERROR_CLOSED);
    assert_int_equal(channel.id, 0);
    phx_subscription subscription;
    phx_subscribe subscribe = {.on_message = w->options.on_message};
    assert_int_equal(phx_channel_subscribe(client, channel, &subscribe, &subscription),
                     PHX_ERROR_CLOSED);
    assert_int_equal(phx_channel_push(client, channel, &(phx_push){.event = "e"}, NULL),
                     PHX_ERROR_CLOSED);
    assert_int_equal(phx_channel_leave(client, channel), PHX_ERROR_CLOSED);
    assert_int_equal(phx_client_poll(client, 0), PHX_ERROR_INVALID_STATE);
    phx_client_connect(client);
    phx_client_disconnect(client);
    phx_client_probe(client);
    phx_client_token_changed(client);
    phx_client_status status = {.struct_size = (uint32_t)sizeof status};
    phx_client_read_status(client, &status);
    w->client = NULL;
}

/* A life in which every callback is called. */
static void live(client_world *w)
{
    phx_loop *loop = phx_client_loop(w->client);
    phx_loop_retain(loop);
    phx_channel room = world_join(w, "room:a");
    phx_subscription id = world_subscribe(w, room, "s1", NULL);
    phx_push push = {.event = "e"};
    (void)world_push(w, room, "shout", "{}");
    assert_int_equal(phx_channel_push(w->client, room, &push, NULL), PHX_OK);
    phx_client_connect(w->client);
    for (int i = 0; i < 12 && w->client != NULL; i++) {
        fake_poller_run(&w->poller, loop, 10);
        if (i == 6 && w->client != NULL) {
            world_say(w, "{");
            world_say(w, "[\"1\",null,\"room:a\",\"news\",{}]");
        } else if (i == 9 && w->client != NULL) {
            assert_int_equal(phx_channel_unsubscribe(w->client, id), PHX_OK);
            assert_int_equal(phx_channel_leave(w->client, room), PHX_OK);
        }
    }
    assert_null(w->client);
    assert_int_equal(w->released, 1);
    phx_loop_release(loop);
}

static void ends_inside_every_callback(void **state)
{
    client_world *w = *state;
    for (world_place place = IN_NOTHING + 1; place < WORLD_PLACE_COUNT; place++) {
        w->place = place;
        w->in_place = release_in_place;
        live(w);
        fake_poller_run_rest(&w->poller);
        world_assert_gone(w);
        assert_null(w->in_place);
        w->subscriber_count = 0;
        world_restart(w);
    }
}

/* A loop that is shared goes on without the client. */
static void leaves_a_shared_loop_alone(void **state)
{
    client_world *w = *state;
    world_release(w);
    world_assert_gone(w);
    fake_poller poller;
    fake_poller_init(&poller, 1);
    phx_loop *loop = fake_poller_loop(&poller, &w->allocator.port, NULL);
    for (int i = 0; i < 2; i++) {
        fake_transport transport;
        fake_server_events none = {.user_data = NULL};
        fake_transport_init(&transport, &poller, &none);
        phx_client_config config = w->config;
        config.loop = loop;
        config.transport = &transport.port;
        w->released = 0;
        phx_client *client = NULL;
        assert_int_equal(phx_client_new(&config, &client), PHX_OK);
        phx_client_connect(client);
        fake_poller_run(&poller, loop, 10);
        assert_int_equal(transport.living, 1);
        phx_client_release(client);
        assert_int_equal(w->released, 1);
        assert_true(transport.is_released);
        assert_int_equal(phx_loop_poll(loop, 0), PHX_OK);
    }
    phx_loop_release(loop);
    assert_true(poller.is_released);
    assert_int_equal(atomic_load(&w->allocator.live_blocks), 0);
}

static void release_loop_data(void *user_data)
{
    (*(int *)user_data)++;
}

static void make_another(client_world *w)
{
    phx_client_config config = w->config;
    config.loop = phx_client_loop(w->client);
    config.url = "ws://localhost/other";
    static fake_transport transport;
    static int released;
    fake_server_events none = {.user_data = NULL};
    fake_transport_init(&transport, &w->poller, &none);
    config.transport = &transport.port;
    config.on_status = NULL;
    config.user_data = &released;
    config.release_user_data = release_loop_data;
    phx_client *client = NULL;
    released = 0;
    assert_int_equal(phx_client_new(&config, &client), PHX_OK);
    phx_client_connect(client);
    phx_client_release(client);
    assert_int_equal(released, 0);
}

/* A client may be made, and ended, inside a callback of another. */
static void another_lives_and_dies_inside_a_callback(void **state)
{
    client_world *w = *state;
    w->place = IN_STATUS;
    w->in_place = make_another;
    phx_client_connect(w->client);
    world_run(w, 100);
    world_expect(w, "status connecting;status connected;");
}

/* --- without memory --- */

static void use(failing_allocator *allocator, void *user_data)
{
    client_world *w = user_data;
    world_init(w);
    w->config.url = "ws://localhost/socket?a=1";
    w->config.param_count = 1;
    w->config.params = &(phx_param){"b", "2"};
    w->config.keychain = &w->keychain.port;
    w->loop_config.allocator = &allocator->port;
    phx_status status = world_make(w);
    if (status != PHX_OK) {
        assert_int_equal(status, PHX_ERROR_NO_MEMORY);
        assert_true(w->poller.is_released && w->transport.is_released && w->keychain.is_released);
        assert_int_equal(w->released, 0);
        return;
    }
    phx_channel room = {0};
    phx_subscription subscription;
    phx_subscribe subscribe = {.event = "e", .on_message = w->options.on_message, .user_data = w};
    phx_client_connect(w->client);
    status = phx_channel_join(w->client, "room:a", &w->options, &room);
    assert_true(status == PHX_OK || (status == PHX_ERROR_NO_MEMORY && room.id == 0));
    status = phx_channel_subscribe(w->client, room, &subscribe, &subscription);
    assert_true(status == PHX_OK || status == PHX_ERROR_NO_MEMORY);
    phx_push push = {.event = "shout", .payload = "{}"};
    status = phx_channel_push(w->client, room, &push, NULL);
    assert_true(status == PHX_OK || status == PHX_ERROR_NO_MEMORY);
    world_run(w, 50);
    status = phx_channel_leave(w->client, room);
    assert_true(status == PHX_OK || status == PHX_ERROR_NO_MEMORY);
    world_run(w, 50);
    world_release(w);
    assert_int_equal(w->released, 1);
    assert_true(w->poller.is_released && w->transport.is_released && w->keychain.is_released);
    assert_int_equal(w->transport.living, 0);
}

static void survives_every_refusal(void **state)
{
    (void)state;
    static client_world w;
    assert_true(failing_allocator_torture(use, &w) > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(completes_everything_and_is_told_last),
        TEST(ends_without_having_done_anything),
        TEST(ends_while_an_attempt_is_under_way),
        TEST(ends_while_closing),
        TEST(ends_inside_every_callback),
        TEST(leaves_a_shared_loop_alone),
        TEST(another_lives_and_dies_inside_a_callback),
        cmocka_unit_test(survives_every_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

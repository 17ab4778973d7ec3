/* SPDX-License-Identifier: MIT */
/*
 * What an outbox goes through: writes without a network, restarts, likes.
 */
#include "feed_play.h"

static void act_outbox(feed_play *play)
{
    feed_pass(play, 2000);
    community_client_set_network(play->app->client, false);
    feed_pass(play, 100);
    for (uint32_t number = 1; number <= 4; number++) {
        feed_write(play, number);
    }
    feed_pass(play, 3000);
    feed_restart(play);
    feed_write(play, 5);
    feed_pass(play, 100);
    feed_set_visible(play, true);
    feed_pass(play, 5000);
    play->app->server.is_down = true;
    feed_write(play, 6);
    feed_pass(play, 3000);
    play->app->server.is_down = false;
    feed_pass(play, 31000);
    feed_restart(play);
    feed_set_visible(play, true);
    feed_pass(play, 3000);
}

static void toggle(feed_play *play, const char *post_id)
{
    if (play->app->client != NULL) {
        feed_call *call = feed_call_new(play);
        feed_call_made(
            call,
            community_client_toggle_like(play->app->client, post_id, feed_call_done, call, NULL),
            "community_client_toggle_like");
    }
}

static void act_likes(feed_play *play)
{
    feed_pass(play, 2000);
    toggle(play, "3");
    feed_pass(play, 1000);
    toggle(play, "3");
    toggle(play, "4");
    toggle(play, "4");
    toggle(play, "4");
    feed_pass(play, 1000);
    community_client_set_network(play->app->client, false);
    toggle(play, "5");
    toggle(play, "6");
    toggle(play, "6");
    feed_pass(play, 1000);
    fake_feed_like(&play->app->server, 4);
    feed_restart(play);
    feed_set_visible(play, true);
    feed_pass(play, 5000);
}

static void act_outbox_logout(feed_play *play)
{
    feed_pass(play, 2000);
    community_client_set_network(play->app->client, false);
    feed_write(play, 1);
    toggle(play, "5");
    feed_pass(play, 500);
    community_client_logout(play->app->client);
    feed_pass(play, 1000);
    community_client_set_network(play->app->client, true);
    feed_login(play, "good");
    feed_write(play, 2);
    feed_pass(play, 5000);
}

#define SCRIPT(...) \
    (&(const feed_script){.posts = 8, .has_outbox = true, .has_storage = true, __VA_ARGS__})

const torture_scenario torture_outbox_scenarios[] = {
    {"outbox", feed_play_script, SCRIPT(.act = act_outbox), false},
    {"outbox_keyless", feed_play_script, SCRIPT(.ignores_keys = true, .act = act_outbox), false},
    {"likes", feed_play_script, SCRIPT(.act = act_likes), false},
    {"outbox_logout", feed_play_script, SCRIPT(.act = act_outbox_logout), false},
    {NULL, NULL, NULL, false},
};

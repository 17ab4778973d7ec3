/* SPDX-License-Identifier: MIT */
/*
 * An application of the community client: the tests' app, which replays every batch, with a storage
 * and an outbox if the seed says so. What it reports, asks for and is told.
 */
#include <stdio.h>

#include "sim.h"

/* --- callbacks --- */

static void on_status(void *user_data, const community_status *status)
{
    sim_world *world = user_data;
    sim_note(world, "feed status", (uint64_t)status->state, (uint64_t)status->freshness);
    sim_rule_text(status->error.message, "the feed's status");
    sim_check(status->next_attempt_in_ms <= 30000, "the feed's next attempt is in %u ms",
              status->next_attempt_in_ms);
    sim_check(status->freshness != COMMUNITY_LIVE || status->state == COMMUNITY_CONNECTED,
              "live without a connection");
    world->feed.state = status->state;
    world->coverage.community_states[status->state]++;
    world->coverage.freshnesses[status->freshness]++;
    world->feed.on_status(user_data, status);
}

static void on_error(void *user_data, const phx_error *error)
{
    sim_world *world = user_data;
    sim_note(world, "feed error", (uint64_t)-error->status, 0);
    sim_rule_text(error->message, "the feed's error");
    world->feed.on_error(user_data, error);
}

static void on_change(void *user_data, const community_batch *batch)
{
    sim_world *world = user_data;
    sim_note(world, "batch", batch->count, community_snapshot_count(batch->snapshot));
    world->feed.on_change(user_data, batch);
    world->app.log_length = 0; /* nobody reads it */
}

/* A record that the storage did not erase makes the next run tell of its write again, and an error
 * said so. Want of memory is no excuse. */
static bool may_come_again(const sim_world *world, const sim_write *write)
{
    return write->told_run < world->feed.restarts && world->feed.storage.failed > 0;
}

static void tell(sim_world *world, uint32_t number, community_outcome outcome)
{
    sim_write *write = &world->feed.writes[number];
    if (write->told == 0 || !may_come_again(world, write)) {
        sim_rule_write_told(&write->told, number, "told");
        write->told_run = world->feed.restarts;
        write->outcome = outcome;
    }
}

static void on_outbox(void *user_data, const community_outbox_event *event)
{
    sim_world *world = user_data;
    if (event->outcome == COMMUNITY_OUTCOME_NONE) {
        return;
    }
    uint32_t number = sim_write_number(event->item->body.data, event->item->body.length);
    sim_note(world, "outcome", number, (uint64_t)event->outcome);
    sim_rule_text(event->result->error.message, "an outcome");
    world->coverage.outcomes[event->outcome]++;
    if (number != 0) {
        tell(world, number, event->outcome);
    }
}

static void on_write_done(void *user_data, const community_result *result)
{
    sim_write *write = user_data;
    sim_rule_text(result->error.message, "a result");
    sim_check(write->accepted == 1 && write->done == 0, "a write was done %s",
              write->accepted == 1 ? "twice" : "unasked");
    write->done = 1;
    write->status = result->error.status;
}

static void on_done(void *user_data, const community_result *result)
{
    sim_world *world = user_data;
    sim_rule_text(result->error.message, "a result");
    world->feed.answered++;
    sim_check(world->feed.answered <= world->feed.asked + 1, "an answer that nobody asked for");
}

static void on_login(void *user_data, phx_status status)
{
    (void)status;
    ((sim_world *)user_data)->feed.answered++;
}

/* --- calls --- */

/* Whether the call was accepted. */
static bool is_accepted(sim_world *world, phx_status status)
{
    sim_check(status == PHX_OK || status == PHX_ERROR_NO_MEMORY || status == PHX_ERROR_QUEUE_FULL,
              "a call returned %s", phx_status_name(status));
    if (status == PHX_ERROR_QUEUE_FULL) {
        sim_count(world, SIM_QUEUE_FULL);
    }
    return status == PHX_OK;
}

static void write_something(sim_world *world)
{
    sim_feed *feed = &world->feed;
    fake_feed *server = &world->app.server;
    community_client *client = world->app.client;
    if (feed->write_count + 1 == SIM_WRITES || server->count == 0 || server->count >= SIM_POSTS) {
        return;
    }
    uint32_t number = feed->write_count + 1;
    sim_write *write = &feed->writes[number];
    char text[32];
    char id[16];
    (void)snprintf(text, sizeof text, "item %u", number);
    (void)snprintf(id, sizeof id, "%u", server->posts[sim_below(world, server->count)].id);
    *write = (sim_write){.accepted = 1};
    size_t what = sim_below(world, 3);
    phx_status status =
        what == 0 ? community_client_create_post(client, text, on_write_done, write, &feed->last)
        : what == 1
            ? community_client_edit_post(client, id, text, on_write_done, write, &feed->last)
            : community_client_create_comment(client, id, text, on_write_done, write, &feed->last);
    bool was_accepted = is_accepted(world, status);
    feed->write_count += was_accepted ? 1 : 0;
    write->accepted = was_accepted ? 1 : 0;
}

static void ask(sim_world *world)
{
    sim_feed *feed = &world->feed;
    const fake_feed *server = &world->app.server;
    community_client *client = world->app.client;
    char id[16] = "1";
    if (server->count > 0) {
        (void)snprintf(id, sizeof id, "%u", server->posts[sim_below(world, server->count)].id);
    }
    phx_status status = PHX_OK;
    switch (sim_below(world, 6)) {
    case 0:
        status = community_client_delete_post(client, id, on_done, world, &feed->last);
        break;
    case 1:
        status = community_client_list_posts(client, 5, NULL, on_done, world, &feed->last);
        break;
    case 2:
    case 3:
        status = community_client_load_older(client, on_done, world, &feed->last);
        break;
    default:
        status = community_client_toggle_like(client, id, on_done, world, &feed->last);
        break;
    }
    feed->asked += is_accepted(world, status) ? 1 : 0;
}

static void log_in(sim_world *world)
{
    const char *token = world->phoenix.token;
    if (is_accepted(world, community_client_login(world->app.client, token, strlen(token), on_login,
                                                  world))) {
        world->feed.asked++;
        world->feed.facts[3] = true;
    }
}

static void report(sim_world *world, size_t which, bool is_true)
{
    sim_feed *feed = &world->feed;
    community_client *client = world->app.client;
    if (which == 0) {
        community_client_set_visible(client, is_true);
    } else if (which == 1) {
        community_client_set_foreground(client, is_true);
    } else if (which == 2) {
        community_client_set_network(client, is_true);
    } else if (is_true) {
        log_in(world);
        return;
    } else {
        community_client_logout(client);
    }
    feed->facts[which] = is_true;
}

static bool is_wanted(const sim_feed *feed)
{
    return feed->facts[0] && feed->facts[1] && feed->facts[2] && feed->facts[3];
}

static void change_fact(sim_world *world, size_t which, bool is_true)
{
    sim_feed *feed = &world->feed;
    bool was_wanted = is_wanted(feed);
    report(world, which, is_true);
    sim_note(world, "fact", which, is_true);
    if (is_wanted(feed)) {
        feed->end.unwanted_since_ms = UINT64_MAX;
    } else if (was_wanted) {
        feed->end.unwanted_since_ms = world->app.poller.now_ms;
    }
}

static void change_on_server(sim_world *world)
{
    fake_feed *server = &world->app.server;
    size_t what = sim_below(world, 8);
    char body[32];
    if (server->count == 0 || (what < 3 && server->count < SIM_POSTS)) {
        (void)fake_feed_create(server, "created");
        return;
    }
    size_t index = sim_below(world, server->count);
    (void)snprintf(body, sizeof body, "edit %zu", sim_below(world, 1000));
    if (what == 3) {
        fake_feed_delete(server, index);
    } else if (what == 4) {
        fake_feed_edit(server, index, body);
    } else if (what == 5) {
        fake_feed_comment(server, index);
    } else {
        fake_feed_like(server, index);
    }
}

void sim_feed_step(sim_world *world)
{
    community_client *client = world->app.client;
    if (sim_below(world, 2) == 0) {
        change_on_server(world);
    }
    switch (sim_below(world, 16)) {
    case 0:
    case 1:
        write_something(world);
        break;
    case 2:
        ask(world);
        break;
    case 3:
        community_client_cancel(client, world->feed.last);
        break;
    case 4:
        community_client_retry(client);
        break;
    case 5:
        if (sim_below(world, 8) == 0) {
            change_fact(world, 3, true); /* with the token of now */
        }
        break;
    default:
        break;
    }
    if (sim_happens(world, SIM_FACT)) {
        change_fact(world, sim_below(world, 4), sim_below(world, 3) != 0);
    }
    if (sim_happens(world, SIM_STORAGE_FAILED)) {
        world->feed.storage.fail_at = world->feed.storage.calls + 1 + sim_below(world, 4);
        world->feed.storage.fail_all_after = sim_below(world, 2) == 0;
    } else if (sim_below(world, 10) == 0) {
        world->feed.storage.fail_at = 0;
    }
}

void sim_feed_check(sim_world *world)
{
    const community_snapshot *snapshot = community_client_snapshot(world->app.client);
    sim_check(world->app.server.transport.living <= 1, "%zu connections of the feed",
              world->app.server.transport.living);
    sim_check(community_snapshot_count(snapshot) <= world->app.config.max_posts,
              "the feed is larger than its capacity");
    community_snapshot_release(snapshot);
    const fake_storage *storage = &world->feed.storage;
    for (size_t i = 0; i < storage->count; i++) {
        sim_rule_bytes(storage->records[i].value, "the storage");
    }
}

/* --- life --- */

static void new_client(sim_world *world)
{
    test_app *app = &world->app;
    app->released = 0;
    phx_status status;
    do {
        app->keychain.is_released = app->server.transport.is_released = false;
        app->server.http.is_released = false;
        fake_storage_restart(&world->feed.storage);
        app->client = NULL;
        status = community_client_new(&app->config, &app->client);
        sim_check(status == PHX_OK || (status == PHX_ERROR_NO_MEMORY && app->client == NULL),
                  "no community client: %s", phx_status_name(status));
    } while (status != PHX_OK);
    for (size_t i = 0; i < 3; i++) {
        change_fact(world, i, world->feed.facts[i]);
    }
}

void sim_feed_restart(sim_world *world)
{
    sim_note(world, "restart", world->feed.restarts++, 0);
    app_end_client(&world->app);
    new_client(world);
}

static void configure(sim_world *world)
{
    sim_feed *feed = &world->feed;
    community_config *config = &world->app.config;
    config->page_posts = 5 + (uint32_t)sim_below(world, 50);
    config->max_posts = sim_below(world, 2) == 0 ? 1000 : 20 + (uint32_t)sim_below(world, 100);
    config->initial_posts = sim_below(world, 2) == 0 ? 0 : 10 + (uint32_t)sim_below(world, 50);
    config->max_requests = sim_below(world, 2) == 0 ? 0 : 2 + (uint32_t)sim_below(world, 4);
    config->token_in_subprotocol = sim_below(world, 2) == 0;
    config->user_id = "99";
    config->recorder_bytes = sim_recorder_bytes(world);
    world->app.server.rest_user_id = 99;
    feed->has_outbox = config->has_outbox = sim_below(world, 2) == 0;
    feed->is_idempotent = config->is_backend_idempotent = sim_below(world, 2) == 0;
    config->outbox_max_items = sim_below(world, 2) == 0 ? 0 : 2 + (uint32_t)sim_below(world, 8);
    config->outbox_expires_ms = sim_below(world, 2) == 0 ? 0 : 5000;
    feed->has_storage = sim_below(world, 2) == 0;
    config->storage = feed->has_storage ? &feed->storage.port : NULL;
    feed->on_status = config->on_status;
    feed->on_error = config->on_error;
    feed->on_change = config->on_change;
    config->on_status = on_status;
    config->on_error = on_error;
    config->on_change = on_change;
    config->on_outbox = on_outbox;
}

static void broadcast(void *user_data, const char *event, const char *payload)
{
    sim_phoenix_broadcast(user_data, "community:feed", event, payload);
}

void sim_feed_init(sim_world *world)
{
    sim_feed *feed = &world->feed;
    fake_feed *server = &world->app.server;
    fake_storage_init(&feed->storage);
    fake_keychain_init(&world->app.keychain, world->phoenix.token);
    server->token = world->phoenix.token;
    server->broadcast = broadcast;
    server->broadcast_user_data = world;
    server->http.serve = sim_rest_serve;
    server->http.user_data = world;
    server->http.jitter_ms = (uint32_t)sim_below(world, 400);
    server->transport.latency_ms = (uint32_t)sim_below(world, 80);
    server->transport.jitter_ms = (uint32_t)sim_below(world, 60);
    feed->end.world = world;
    feed->end.transport = &server->transport;
    feed->end.keychain = &world->app.keychain;
    feed->end.is_feed = true;
    sim_phoenix_attach(&feed->end);
    for (size_t i = 0; i < 4; i++) {
        feed->facts[i] = true;
    }
    configure(world);
    new_client(world);
}

/* --- the end --- */

void sim_feed_calm(sim_world *world)
{
    sim_feed *feed = &world->feed;
    for (size_t i = 0; i < 3; i++) {
        if (!feed->facts[i]) {
            change_fact(world, i, true);
        }
    }
    if (!feed->facts[3] || feed->state == COMMUNITY_UNAUTHORIZED ||
        strcmp(world->app.keychain.token, world->phoenix.token) != 0) {
        change_fact(world, 3, true);
    }
}

static bool has_quiet_outbox(sim_world *world)
{
    const community_outbox *outbox = community_client_outbox(world->app.client);
    bool is_quiet = true;
    for (size_t i = 0; i < community_outbox_count(outbox); i++) {
        is_quiet =
            is_quiet && community_outbox_item_at(outbox, i)->state == COMMUNITY_OUTBOX_FAILED;
    }
    community_outbox_release(outbox);
    return is_quiet;
}

bool sim_feed_is_settled(sim_world *world)
{
    return world->app.status.state == COMMUNITY_CONNECTED &&
           world->app.status.freshness == COMMUNITY_LIVE &&
           world->feed.answered == world->feed.asked && has_quiet_outbox(world);
}

/* The newest posts of the server's list, at least as many as a first fill fetches. */
static void check_feed(sim_world *world)
{
    const community_config *config = &world->app.config;
    const community_snapshot *snapshot = community_client_snapshot(world->app.client);
    size_t count = community_snapshot_count(snapshot);
    size_t wanted = config->initial_posts != 0 && config->initial_posts < config->max_posts
                        ? config->initial_posts
                        : config->max_posts;
    size_t at_least = wanted < world->app.server.count ? wanted : world->app.server.count;
    sim_check(count >= at_least && count == world->app.replica_count,
              "the feed has %zu posts, its replica %zu, the server %zu, wanted are %zu", count,
              world->app.replica_count, world->app.server.count, wanted);
    sim_check(fake_feed_is_equal(&world->app.server, snapshot, count),
              "the feed differs from the server's");
    community_snapshot_release(snapshot);
}

static void check_writes(sim_world *world)
{
    const sim_feed *feed = &world->feed;
    /* What a restart could not keep has no outcome but its done. */
    bool is_sure = feed->has_outbox && feed->restarts == 0;
    for (uint32_t i = 1; i <= feed->write_count; i++) {
        const sim_write *write = &feed->writes[i];
        bool is_done =
            write->told != 0 ? write->outcome == COMMUNITY_OUTCOME_DONE : write->status == PHX_OK;
        bool is_refused = write->told != 0 && !may_come_again(world, write) &&
                          (write->outcome == COMMUNITY_OUTCOME_REFUSED ||
                           write->outcome == COMMUNITY_OUTCOME_EXPIRED);
        sim_check(write->done == 1, "write %u was done %u times", i, write->done);
        sim_check(!is_sure || write->told == 1, "write %u has %u outcomes", i, write->told);
        sim_check(!is_done || write->executed == 1, "write %u was done, but not executed", i);
        sim_check(!is_refused || write->executed == 0, "write %u was refused, but executed", i);
    }
    sim_check(feed->answered == feed->asked, "%zu calls, %zu answers", feed->asked, feed->answered);
}

void sim_feed_end(sim_world *world)
{
    check_feed(world);
    sim_feed_check(world);
    app_stop(&world->app);
    check_writes(world);
    world->feed.storage.is_released = true;
    fake_storage_free(&world->feed.storage);
}

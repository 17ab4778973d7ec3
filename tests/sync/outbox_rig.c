/* SPDX-License-Identifier: MIT */
#include "outbox_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "testing.h"

/* --- the disk --- */

static int compare(const rig_record *record, const community_record *with)
{
    if (record->kind != with->kind) {
        return record->kind < with->kind ? -1 : 1;
    }
    size_t shorter = record->key_length < with->key.length ? record->key_length : with->key.length;
    int order = memcmp(record->key, with->key.data, shorter);
    if (order != 0) {
        return order;
    }
    return record->key_length == with->key.length
               ? 0
               : (record->key_length < with->key.length ? -1 : 1);
}

static phx_status disk_open(void *user_data, const char *owner, const char **out_note)
{
    rig_disk *disk = user_data;
    *out_note = NULL;
    if (strcmp(disk->owner, owner) != 0) {
        disk->count = 0;
        (void)snprintf(disk->owner, sizeof disk->owner, "%s", owner);
    }
    return disk->is_dead || disk->is_failing ? PHX_ERROR_IO : PHX_OK;
}

static phx_status disk_read(void *user_data, community_record_fn each, void *each_user_data)
{
    rig_disk *disk = user_data;
    phx_status status = PHX_OK;
    for (size_t i = 0; i < disk->count && status == PHX_OK; i++) {
        const rig_record *record = &disk->records[i];
        const community_record shown = {.struct_size = (uint32_t)sizeof shown,
                                        .kind = record->kind,
                                        .key = {record->key, record->key_length},
                                        .value = {record->value, record->value_length}};
        status = each(each_user_data, &shown);
    }
    return status;
}

static void put(rig_disk *disk, const community_record *record)
{
    size_t at = 0;
    while (at < disk->count && compare(&disk->records[at], record) < 0) {
        at++;
    }
    rig_record *place = &disk->records[at];
    bool is_there = at < disk->count && compare(place, record) == 0;
    if (record->value.data == NULL) {
        if (is_there) {
            disk->count--;
            memmove(place, place + 1, (disk->count - at) * sizeof *place);
        }
        return;
    }
    if (!is_there) {
        assert_true(disk->count < RIG_RECORDS);
        memmove(place + 1, place, (disk->count - at) * sizeof *place);
        disk->count++;
    }
    assert_true(record->key.length < sizeof place->key);
    assert_true(record->value.length <= sizeof place->value);
    place->kind = record->kind;
    place->key_length = record->key.length;
    place->value_length = record->value.length;
    memcpy(place->key, record->key.data, record->key.length);
    memcpy(place->value, record->value.data, record->value.length);
}

static phx_status disk_change(void *user_data, const community_record *records, size_t count)
{
    rig_disk *disk = user_data;
    if (disk->is_dead || disk->is_failing) {
        return PHX_ERROR_IO;
    }
    disk->changes++;
    for (size_t i = 0; i < count; i++) {
        put(disk, &records[i]);
    }
    return PHX_OK;
}

static phx_status disk_wipe(void *user_data)
{
    rig_disk *disk = user_data;
    disk->count = 0;
    return PHX_OK;
}

/* --- the backend --- */

static uint32_t number_of(const char *text, size_t length)
{
    for (size_t i = 0; i + 5 < length; i++) {
        if (memcmp(text + i, "item ", 5) == 0) {
            return (uint32_t)strtoul(text + i + 5, NULL, 10) % RIG_ITEMS;
        }
    }
    return 0;
}

static void execute(rig *world, const fake_request *request, fake_response *response)
{
    uint32_t number = number_of(request->body, strlen(request->body));
    world->executed[number]++;
    if (number != 0) {
        world->is_out_of_order |= number <= world->highest_executed;
        world->highest_executed = number;
    }
    fake_feed_serve(&world->app.server, request, response);
}

/* False: this key was not executed. */
static bool replay(const rig *world, const fake_request *request, fake_response *response)
{
    for (size_t i = 0; i < world->key_count; i++) {
        if (strcmp(world->keys[i].key, request->idempotency_key) == 0) {
            response->error.http_status = world->keys[i].status;
            return true;
        }
    }
    return false;
}

/* Once for each key, if it is honoured. */
static void execute_once(rig *world, const fake_request *request, fake_response *response)
{
    if (replay(world, request, response)) {
        world->is_doubled |= !world->honours_keys;
        if (world->honours_keys) {
            return;
        }
    }
    execute(world, request, response);
    assert_true(world->key_count < sizeof world->keys / sizeof world->keys[0]);
    (void)snprintf(world->keys[world->key_count].key, 64, "%s", request->idempotency_key);
    world->keys[world->key_count++].status = response->error.http_status;
}

static bool happens(size_t *chance, uint32_t share)
{
    bool is_it = *chance < share;
    *chance -= is_it ? 0 : share;
    return is_it;
}

/* Nothing is on its way of which the disk says that it was not sent yet: a restart would send it a
 * second time. */
static void assert_recorded(const rig *world, uint32_t number)
{
    for (size_t i = 0; i < world->disk.count && !world->honours_keys && number != 0; i++) {
        const rig_record *record = &world->disk.records[i];
        if (record->kind == COMMUNITY_RECORD_OUTBOX &&
            number_of(record->value, record->value_length) == number) {
            assert_null(memmem(record->value, record->value_length, "\"sent\":0", 8));
        }
    }
}

static void write_with_faults(rig *world, const fake_request *request, fake_response *response)
{
    const rig_faults *faults = &world->faults;
    size_t chance = random_below(&world->seed, 1000);
    assert_int_equal(strlen(request->idempotency_key), 32);
    assert_recorded(world, number_of(request->body, strlen(request->body)));
    if (happens(&chance, faults->unsent)) {
        response->error.status = PHX_ERROR_CONNECTION_REFUSED;
        response->is_unsent = true;
    } else if (happens(&chance, faults->lost_before)) {
        response->error.status = PHX_ERROR_CONNECTION_LOST;
    } else if (happens(&chance, faults->lost_after)) {
        execute_once(world, request, response);
        memset(response, 0, sizeof *response);
        response->error.status = PHX_ERROR_TIMEOUT;
    } else if (happens(&chance, faults->failed)) {
        response->error.http_status = 500;
    } else if (happens(&chance, faults->limited)) {
        response->error.http_status = 429;
        response->error.retry_after_ms = 700;
    } else if (happens(&chance, faults->refused) && !replay(world, request, response)) {
        response->error.http_status = 422;
        (void)snprintf(response->body, sizeof response->body, "{\"error\":\"not like this\"}");
    } else {
        execute_once(world, request, response);
    }
}

static void serve(void *user_data, const fake_request *request, fake_response *response)
{
    rig *world = user_data;
    char expected[128];
    (void)snprintf(expected, sizeof expected, "Bearer %s", world->app.server.token);
    bool is_plain = strcmp(request->method, "GET") == 0 || world->app.server.is_down ||
                    strcmp(request->authorization, expected) != 0;
    if (is_plain) {
        fake_feed_serve(&world->app.server, request, response);
    } else {
        write_with_faults(world, request, response);
    }
}

/* --- the app --- */

static void release_now(rig *world, const char *callback)
{
    if (world->release_in != NULL && strcmp(world->release_in, callback) == 0) {
        world->release_in = NULL;
        community_client *client = world->app.client;
        world->app.client = NULL;
        community_client_release(client);
    }
}

static void on_outbox(void *user_data, const community_outbox_event *event)
{
    rig *world = user_data; /* the app is its first member */
    size_t count = community_outbox_count(event->outbox);
    world->events++;
    world->most_listed = count > world->most_listed ? count : world->most_listed;
    if (event->outcome == COMMUNITY_OUTCOME_NONE) {
        assert_null(event->item);
        release_now(world, "list");
        return;
    }
    assert_non_null(event->result->error.message);
    const phx_slice texts[] = {event->item->post_id, event->item->comment_id, event->item->body,
                               event->item->reason};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(texts[i].data[texts[i].length], '\0');
    }
    uint32_t number = number_of(event->item->body.data, event->item->body.length);
    if (number == 0) {
        world->textless_told++;
    }
    world->told[number]++;
    world->outcome[number] = event->outcome;
    release_now(world, "outcome");
}

void rig_init(rig *world, uint64_t seed, bool honours_keys, size_t posts)
{
    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->honours_keys = honours_keys;
    world->disk.port = (community_storage){.struct_size = (uint32_t)sizeof world->disk.port,
                                           .user_data = &world->disk,
                                           .open = disk_open,
                                           .read = disk_read,
                                           .change = disk_change,
                                           .wipe = disk_wipe};
    app_init(&world->app, seed, posts);
}

void rig_configure(rig *world)
{
    test_app *app = &world->app;
    app->server.http.serve = serve;
    app->server.http.user_data = world;
    app->server.rest_user_id = 99;
    app->config.has_outbox = true;
    app->config.is_backend_idempotent = world->honours_keys;
    app->config.storage = &world->disk.port;
    app->config.user_id = "99";
    app->config.on_outbox = on_outbox;
}

void rig_start(rig *world)
{
    rig_configure(world);
    app_start(&world->app);
}

void rig_restart(rig *world, bool is_killed)
{
    static fake_post posts[FAKE_FEED_MAX_POSTS];
    test_app *app = &world->app;
    const fake_feed before = app->server;
    memcpy(posts, before.posts, sizeof posts);
    uint64_t passed_ms = app->poller.now_ms;
    int64_t wall_offset_ms = app->poller.wall_offset_ms;
    community_config config = app->config;
    world->disk.is_dead = is_killed;
    app_stop(app);
    world->disk.is_dead = false;
    app_init(app, random_next(&world->seed), 0);
    memcpy(app->server.posts, posts, sizeof posts);
    app->server.count = before.count;
    app->server.last_id = before.last_id;
    app->poller.wall_offset_ms = wall_offset_ms + (int64_t)passed_ms - (int64_t)app->poller.now_ms;
    app->config.outbox_max_items = config.outbox_max_items;
    app->config.outbox_max_bytes = config.outbox_max_bytes;
    app->config.outbox_expires_ms = config.outbox_expires_ms;
}

void rig_stop(rig *world)
{
    app_stop(&world->app);
}

static rig *current;

static void on_done(void *user_data, const community_result *result)
{
    uint32_t number = (uint32_t)(uintptr_t)user_data;
    current->done[number]++;
    current->done_status[number] = result->error.status;
    release_now(current, "done");
}

static const char *item_text(uint32_t number)
{
    static char text[32];
    (void)snprintf(text, sizeof text, "item %u", number);
    return text;
}

phx_status rig_post(rig *world, uint32_t number)
{
    current = world;
    return community_client_create_post(world->app.client, item_text(number), on_done,
                                        (void *)(uintptr_t)number, NULL);
}

phx_status rig_edit(rig *world, const char *post_id, uint32_t number)
{
    current = world;
    return community_client_edit_post(world->app.client, post_id, item_text(number), on_done,
                                      (void *)(uintptr_t)number, NULL);
}

phx_status rig_comment(rig *world, const char *post_id, uint32_t number)
{
    current = world;
    return community_client_create_comment(world->app.client, post_id, item_text(number), on_done,
                                           (void *)(uintptr_t)number, NULL);
}

phx_status rig_like(rig *world, const char *post_id)
{
    current = world;
    return community_client_toggle_like(world->app.client, post_id, on_done, NULL, NULL);
}

void rig_expect_list_at(rig *world, const char *expected, const char *file, int line)
{
    static const char *const states[] = {"", "pending", "sending", "failed"};
    char text[4096] = "";
    size_t length = 0;
    const community_outbox *outbox = community_client_outbox(world->app.client);
    for (size_t i = 0; i < community_outbox_count(outbox); i++) {
        const community_outbox_item *item = community_outbox_item_at(outbox, i);
        phx_slice shown = item->body.length > 0 ? item->body : item->post_id;
        length += (size_t)snprintf(text + length, sizeof text - length, "%s:%.*s ",
                                   states[item->state], (int)shown.length, shown.data);
    }
    assert_null(community_outbox_item_at(outbox, community_outbox_count(outbox)));
    community_outbox_release(outbox);
    if (strcmp(text, expected) != 0) {
        print_error("expected: %s\nthe list: %s\n", expected, text);
        _fail(file, line);
    }
}

size_t rig_outbox_records(const rig *world)
{
    size_t count = 0;
    for (size_t i = 0; i < world->disk.count; i++) {
        count += world->disk.records[i].kind == COMMUNITY_RECORD_OUTBOX ? 1 : 0;
    }
    return count;
}

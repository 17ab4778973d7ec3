/* SPDX-License-Identifier: MIT */
/*
 * The backend as a model: its list, its sockets, its broadcasts.
 */
#include "fake_feed.h"

#include <stdio.h>

#include "testing.h"
#include "wire/envelope.h"

#include "support/alloc.h"

#define TOPIC "community:feed"

static fake_subscriber *find(fake_feed *feed, const phx_connection *connection)
{
    for (size_t i = 0; i < FAKE_FEED_MAX_CONNECTIONS; i++) {
        if (feed->subscribers[i].connection == connection) {
            return &feed->subscribers[i];
        }
    }
    return NULL;
}

static void on_attempt(void *user_data, phx_connection *connection,
                       const phx_transport_request *request)
{
    fake_feed *feed = user_data;
    (void)snprintf(feed->last_url, sizeof feed->last_url, "%s", request->url);
    char expected[128];
    (void)snprintf(expected, sizeof expected, "token=%s&", feed->token);
    if (feed->is_down) {
        const phx_error error = {.status = PHX_ERROR_CONNECTION_REFUSED,
                                 .message = "nothing answers"};
        fake_connection_refuse(connection, &error);
    } else if (strstr(request->url, expected) == NULL) {
        const phx_error error = {.status = PHX_ERROR_UNAUTHORIZED,
                                 .http_status = 403,
                                 .message = "the server refused the token"};
        fake_connection_refuse(connection, &error);
    } else {
        fake_subscriber *place = find(feed, NULL);
        assert_non_null(place);
        *place = (fake_subscriber){.connection = connection};
        fake_connection_accept(connection);
    }
}

static void on_gone(void *user_data, phx_connection *connection)
{
    fake_subscriber *place = find(user_data, connection);
    if (place != NULL) {
        *place = (fake_subscriber){.connection = NULL};
    }
}

static void send_text(phx_connection *connection, const char *text)
{
    fake_connection_send(connection, PHX_FRAME_TEXT, text, strlen(text));
}

static void reply(phx_connection *connection, const phxi_envelope *frame, const char *status,
                  const char *response)
{
    char text[1024];
    char join_ref[32] = "null";
    if (frame->join_ref.data != NULL) {
        (void)snprintf(join_ref, sizeof join_ref, "\"%.*s\"", (int)frame->join_ref.length,
                       frame->join_ref.data);
    }
    (void)snprintf(text, sizeof text,
                   "[%s,\"%.*s\",\"%.*s\",\"phx_reply\",{\"status\":\"%s\",\"response\":%s}]",
                   join_ref, (int)frame->ref.length, frame->ref.data, (int)frame->topic.length,
                   frame->topic.data, status, response);
    send_text(connection, text);
}

static bool is_event(const phxi_envelope *frame, const char *name)
{
    return frame->event.length == strlen(name) &&
           memcmp(frame->event.data, name, frame->event.length) == 0;
}

static void on_join(fake_feed *feed, fake_subscriber *subscriber, const phxi_envelope *frame)
{
    feed->joins++;
    if (feed->is_join_silent) {
        return;
    }
    if (feed->join_error != NULL) {
        reply(subscriber->connection, frame, "error", feed->join_error);
        return;
    }
    (void)snprintf(subscriber->join_ref, sizeof subscriber->join_ref, "%.*s",
                   (int)frame->join_ref.length, frame->join_ref.data);
    reply(subscriber->connection, frame, "ok", "{}");
}

static void on_frame(void *user_data, phx_connection *connection, phx_frame_kind kind,
                     const uint8_t *data, size_t length)
{
    fake_feed *feed = user_data;
    assert_int_equal(kind, PHX_FRAME_TEXT);
    phxi_buffer scratch;
    phxi_buffer_init(&scratch, &phxi_default_allocator, 1 << 20);
    phxi_envelope frame;
    const char *reason = NULL;
    assert_int_equal(phxi_envelope_decode_text(data, length, &scratch, &frame, &reason), PHX_OK);
    fake_subscriber *subscriber = find(feed, connection);
    assert_non_null(subscriber);
    if (is_event(&frame, "heartbeat")) {
        feed->heartbeats++;
        reply(connection, &frame, "ok", "{}");
    } else if (is_event(&frame, "phx_join")) {
        on_join(feed, subscriber, &frame);
    } else if (is_event(&frame, "phx_leave")) {
        feed->leaves++;
        subscriber->join_ref[0] = '\0';
        reply(connection, &frame, "ok", "{}");
    }
    phxi_buffer_free(&scratch);
}

void fake_feed_init(fake_feed *feed, fake_poller *poller)
{
    memset(feed, 0, sizeof *feed);
    feed->poller = poller;
    feed->token = "good";
    fake_transport_init(
        &feed->transport, poller,
        &(fake_server_events){
            .user_data = feed, .attempt = on_attempt, .frame = on_frame, .gone = on_gone});
    fake_http_init(&feed->http, poller, fake_feed_serve, feed);
}

void fake_feed_send_raw(fake_feed *feed, const char *text)
{
    for (size_t i = 0; i < FAKE_FEED_MAX_CONNECTIONS; i++) {
        if (feed->subscribers[i].connection != NULL && feed->subscribers[i].join_ref[0] != '\0') {
            send_text(feed->subscribers[i].connection, text);
        }
    }
}

void fake_feed_broadcast(fake_feed *feed, const char *event, const char *payload)
{
    static char text[8192];
    if (feed->broadcast != NULL) {
        feed->broadcast(feed->broadcast_user_data, event, payload);
        return;
    }
    size_t kept = feed->is_mangling ? strlen(payload) - 1 : strlen(payload);
    feed->is_mangling = false;
    (void)snprintf(text, sizeof text, "[null,null,\"" TOPIC "\",\"%s\",%.*s]", event, (int)kept,
                   payload);
    fake_feed_send_raw(feed, text);
    if (feed->is_doubling) {
        fake_feed_send_raw(feed, text);
    }
}

void fake_feed_send_channel(fake_feed *feed, const char *event)
{
    for (size_t i = 0; i < FAKE_FEED_MAX_CONNECTIONS; i++) {
        fake_subscriber *subscriber = &feed->subscribers[i];
        if (subscriber->connection != NULL && subscriber->join_ref[0] != '\0') {
            char text[256];
            (void)snprintf(text, sizeof text, "[\"%s\",\"%s\",\"" TOPIC "\",\"%s\",{}]",
                           subscriber->join_ref, subscriber->join_ref, event);
            send_text(subscriber->connection, text);
            subscriber->join_ref[0] = '\0';
        }
    }
}

void fake_feed_drop(fake_feed *feed, int32_t close_code)
{
    for (size_t i = 0; i < FAKE_FEED_MAX_CONNECTIONS; i++) {
        if (feed->subscribers[i].connection != NULL) {
            fake_connection_drop(feed->subscribers[i].connection, close_code);
        }
    }
}

size_t fake_feed_joined(const fake_feed *feed)
{
    size_t count = 0;
    for (size_t i = 0; i < FAKE_FEED_MAX_CONNECTIONS; i++) {
        count += feed->subscribers[i].connection != NULL && feed->subscribers[i].join_ref[0] != '\0'
                     ? 1
                     : 0;
    }
    return count;
}

static void broadcast_post(fake_feed *feed, const char *event, const fake_post *post)
{
    char json[4096];
    (void)fake_feed_post_json(post, json, sizeof json);
    fake_feed_broadcast(feed, event, json);
}

uint32_t fake_feed_create(fake_feed *feed, const char *body)
{
    assert_true(feed->count < FAKE_FEED_MAX_POSTS);
    memmove(&feed->posts[1], &feed->posts[0], feed->count * sizeof feed->posts[0]);
    feed->posts[0] = (fake_post){.id = ++feed->last_id};
    (void)snprintf(feed->posts[0].body, sizeof feed->posts[0].body, "%s", body);
    feed->count++;
    broadcast_post(feed, "new_post", &feed->posts[0]);
    return feed->last_id;
}

void fake_feed_edit(fake_feed *feed, size_t index, const char *body)
{
    fake_post *post = &feed->posts[index];
    (void)snprintf(post->body, sizeof post->body, "%s", body);
    broadcast_post(feed, "post_updated", post);
}

void fake_feed_delete(fake_feed *feed, size_t index)
{
    char json[64];
    (void)snprintf(json, sizeof json, "{\"id\":%u}", feed->posts[index].id);
    feed->count--;
    memmove(&feed->posts[index], &feed->posts[index + 1],
            (feed->count - index) * sizeof feed->posts[0]);
    fake_feed_broadcast(feed, "post_deleted", json);
}

static int liked_by(const fake_post *post, char *out, size_t capacity)
{
    int length = snprintf(out, capacity, "[");
    for (uint32_t i = 0; i < post->likes && length > 0 && (size_t)length < capacity; i++) {
        length +=
            snprintf(out + length, capacity - (size_t)length, "%s%u", i == 0 ? "" : ",", i + 1);
    }
    if (post->rest_liker != 0) {
        length += snprintf(out + length, capacity - (size_t)length, "%s%u",
                           post->likes == 0 ? "" : ",", post->rest_liker);
    }
    return length + snprintf(out + length, capacity - (size_t)length, "]");
}

static uint32_t like_count(const fake_post *post)
{
    return post->likes + (post->rest_liker != 0 ? 1 : 0);
}

static void broadcast_likes(fake_feed *feed, const fake_post *post)
{
    char ids[128];
    (void)liked_by(post, ids, sizeof ids);
    char json[256];
    (void)snprintf(json, sizeof json, "{\"id\":%u,\"likes_count\":%u,\"liked_by_user_ids\":%s}",
                   post->id, like_count(post), ids);
    fake_feed_broadcast(feed, "post_likes_updated", json);
}

void fake_feed_like(fake_feed *feed, size_t index)
{
    fake_post *post = &feed->posts[index];
    post->likes = (post->likes + 1) % 8;
    broadcast_likes(feed, post);
}

void fake_feed_toggle_like(fake_feed *feed, size_t index)
{
    fake_post *post = &feed->posts[index];
    post->rest_liker = post->rest_liker == 0 ? feed->rest_user_id : 0;
    broadcast_likes(feed, post);
}

void fake_feed_comment(fake_feed *feed, size_t index)
{
    fake_post *post = &feed->posts[index];
    post->comments++;
    char json[128];
    (void)snprintf(json, sizeof json, "{\"id\":%u,\"comments_count\":%u}", post->id,
                   post->comments);
    fake_feed_broadcast(feed, "post_comments_updated", json);
}

int fake_feed_post_json(const fake_post *post, char *out, size_t capacity)
{
    char ids[128];
    (void)liked_by(post, ids, sizeof ids);
    return snprintf(out, capacity,
                    "{\"id\":%u,\"body\":\"%s\",\"author\":{\"id\":2,\"name\":\"Bob\"},"
                    "\"likes_count\":%u,\"liked_by_user_ids\":%s,\"comments_count\":%u,"
                    "\"inserted_at\":\"2026-11-23T11:18:44Z\"}",
                    post->id, post->body, like_count(post), ids, post->comments);
}

static bool is_equal_post(const fake_post *model, const community_post *post)
{
    char id[16];
    (void)snprintf(id, sizeof id, "%u", model->id);
    return post->id.length == strlen(id) && memcmp(post->id.data, id, strlen(id)) == 0 &&
           post->body.length == strlen(model->body) &&
           memcmp(post->body.data, model->body, strlen(model->body)) == 0 &&
           post->likes_count == like_count(model) && post->liked_by_count == like_count(model) &&
           post->comments_count == model->comments;
}

/* The first place where they differ; SIZE_MAX: nowhere. */
static size_t first_difference(const fake_feed *feed, const community_snapshot *snapshot,
                               size_t limit)
{
    size_t expected = feed->count < limit ? feed->count : limit;
    size_t count = community_snapshot_count(snapshot);
    for (size_t i = 0; i < expected && i < count; i++) {
        if (!is_equal_post(&feed->posts[i], community_snapshot_post(snapshot, i))) {
            return i;
        }
    }
    return count == expected ? SIZE_MAX : (count < expected ? count : expected);
}

bool fake_feed_is_equal(const fake_feed *feed, const community_snapshot *snapshot, size_t limit)
{
    return first_difference(feed, snapshot, limit) == SIZE_MAX;
}

void fake_feed_assert_equal(const fake_feed *feed, const community_snapshot *snapshot, size_t limit)
{
    size_t at = first_difference(feed, snapshot, limit);
    if (at == SIZE_MAX) {
        return;
    }
    size_t count = community_snapshot_count(snapshot);
    const community_post *post = at < count ? community_snapshot_post(snapshot, at) : NULL;
    fail_msg("the feed (%zu posts) differs from the server's list (%zu) at %zu: %.*s", count,
             feed->count, at, post == NULL ? 0 : (int)post->id.length,
             post == NULL ? "" : post->id.data);
}

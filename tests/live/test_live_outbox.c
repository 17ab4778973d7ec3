/* SPDX-License-Identifier: MIT */
/*
 * The outbox with the stock adapters against the development backend, which honours idempotency
 * keys, over a network that loses requests and answers: every write is there once, in its order.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <phx/platform.h>

#include "../backend/client.h"
#include "../backend/process.h"
#include "lossy_http.h"
#include "testing.h"
#include "watcher.h"

enum {
    POSTS = 30
};

static feed_watcher watched;
static lossy_http lossy;
static phx_loop *loop;
static bool is_idempotent;
static uint32_t told[POSTS];
static size_t counts[COMMUNITY_OUTCOME_UNKNOWN + 1];

static const char *const plain_args[] = {"--db", ":memory:", "--control", NULL};

static void on_outbox(void *user_data, const community_outbox_event *event)
{
    (void)user_data;
    if (event->outcome != COMMUNITY_OUTCOME_NONE) {
        counts[event->outcome]++;
        if (event->item->kind == COMMUNITY_WRITE_CREATE_POST) {
            told[strtoul(event->item->body.data + 5, NULL, 10)]++;
        }
    }
}

static void configure(community_config *config)
{
    const phx_http *real = NULL;
    assert_int_equal(phx_loop_new(NULL, &loop), PHX_OK);
    assert_int_equal(phx_http_curl(loop, NULL, NULL, &real), PHX_OK);
    lossy_http_init(&lossy, real, 7);
    config->loop = loop;
    config->http = &lossy.port;
    config->has_outbox = true;
    config->is_backend_idempotent = is_idempotent;
    config->request_timeout_ms = 1000;
    config->user_id = "1";
    config->on_outbox = on_outbox;
}

static void start(const struct backend *backend, bool honours_keys)
{
    memset(told, 0, sizeof told);
    memset(counts, 0, sizeof counts);
    is_idempotent = honours_keys;
    const watcher_options options = {
        .host = "127.0.0.1", .port = backend->port, .token = "tok-alice", .configure = configure};
    watcher_start(&watched, &options);
    watcher_await_live(&watched);
}

static void stop(struct backend *backend)
{
    watcher_check_equals_server(&watched, backend->port, "tok-alice");
    watcher_stop(&watched);
    phx_loop_release(loop);
    backend_stop(backend);
}

static void post_all(void)
{
    for (int i = 0; i < POSTS; i++) {
        char body[32];
        (void)snprintf(body, sizeof body, "post %d", i);
        assert_int_equal(community_client_create_post(watched.client, body, NULL, NULL, NULL),
                         PHX_OK);
    }
}

/* Asks for no patience: each wait is ended at once. */
static bool has_outcomes(feed_watcher *watcher, void *user_data)
{
    community_client_retry(watcher->client);
    size_t sum = 0;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        sum += counts[i];
    }
    return sum == *(const size_t *)user_data;
}

static void await_outcomes(size_t count)
{
    watcher_pump_until(&watched, has_outcomes, &count, "the outcomes");
}

static void expect_each_told_once(void)
{
    for (int i = 0; i < POSTS; i++) {
        assert_int_equal(told[i], 1);
    }
}

static void nothing_is_lost_or_doubled(void **state)
{
    (void)state;
    struct backend backend = backend_start(plain_args);
    start(&backend, true);
    lossy.lost_requests_percent = 20;
    lossy.lost_answers_percent = 30;
    community_client_set_network(watched.client, false);
    post_all();
    watcher_await_state(&watched, COMMUNITY_DISCONNECTED);
    assert_int_equal(lossy.lost_requests + lossy.lost_answers, 0);
    community_client_set_network(watched.client, true);
    await_outcomes(POSTS);
    watcher_await_count(&watched, POSTS);
    watcher_await_live(&watched);
    expect_each_told_once();
    assert_int_equal(counts[COMMUNITY_OUTCOME_DONE], POSTS);
    assert_true(lossy.lost_answers > 0 && lossy.lost_requests > 0);
    for (size_t i = 0; i < POSTS; i++) {
        char body[32];
        (void)snprintf(body, sizeof body, "post %zu", POSTS - 1 - i);
        assert_slice(watched.posts[i]->body, body);
    }
    print_message("%d posts, %zu requests and %zu answers lost: each is there once\n", (int)POSTS,
                  lossy.lost_requests, lossy.lost_answers);
    stop(&backend);
}

static void what_nobody_knows_is_not_repeated(void **state)
{
    (void)state;
    struct backend backend = backend_start(plain_args);
    start(&backend, false);
    lossy.lost_answers_percent = 30;
    post_all();
    await_outcomes(POSTS);
    watcher_await_count(&watched, POSTS);
    watcher_await_live(&watched);
    expect_each_told_once();
    assert_true(lossy.lost_answers > 0);
    assert_int_equal(counts[COMMUNITY_OUTCOME_UNKNOWN], lossy.lost_answers);
    assert_int_equal(counts[COMMUNITY_OUTCOME_DONE], POSTS - lossy.lost_answers);
    stop(&backend);
}

static bool has_timed_out(feed_watcher *watcher, void *user_data)
{
    (void)user_data;
    const community_outbox *outbox = community_client_outbox(watcher->client);
    const community_outbox_item *item = community_outbox_item_at(outbox, 0);
    bool is_late = item != NULL && item->status == PHX_ERROR_TIMEOUT;
    community_outbox_release(outbox);
    return is_late;
}

/* The server takes the request when its client has long given it up, and then a second time. */
static void a_stopped_server_does_it_once(void **state)
{
    (void)state;
    struct backend backend = backend_start(plain_args);
    start(&backend, true);
    assert_int_equal(kill(backend.pid, SIGSTOP), 0);
    post_all();
    watcher_pump_until(&watched, has_timed_out, NULL, "an answer that does not come");
    assert_int_equal(kill(backend.pid, SIGCONT), 0);
    await_outcomes(POSTS);
    watcher_await_count(&watched, POSTS);
    watcher_await_live(&watched);
    expect_each_told_once();
    assert_int_equal(counts[COMMUNITY_OUTCOME_DONE], POSTS);
    stop(&backend);
}

static bool likes_are(feed_watcher *watcher, void *user_data)
{
    return watcher->post_count > 0 && watcher->posts[0]->likes_count == *(const int64_t *)user_data;
}

static void a_like_is_shown_before_it_is_sent(void **state)
{
    (void)state;
    struct backend backend = backend_start(plain_args);
    const int64_t none = 0;
    const int64_t one = 1;
    start(&backend, true);
    assert_int_equal(community_client_create_post(watched.client, "post 0", NULL, NULL, NULL),
                     PHX_OK);
    watcher_await_count(&watched, 1);
    community_client_set_network(watched.client, false);
    assert_int_equal(
        community_client_toggle_like(watched.client, watched.posts[0]->id.data, NULL, NULL, NULL),
        PHX_OK);
    watcher_pump_until(&watched, likes_are, (void *)(uintptr_t)&one, "the like to be shown");
    community_client_set_network(watched.client, true);
    await_outcomes(2);
    watcher_await_live(&watched);
    assert_true(likes_are(&watched, (void *)(uintptr_t)&one));
    assert_slice(watched.posts[0]->liked_by_user_ids[0], "1");
    assert_int_equal(
        community_client_toggle_like(watched.client, watched.posts[0]->id.data, NULL, NULL, NULL),
        PHX_OK);
    watcher_pump_until(&watched, likes_are, (void *)(uintptr_t)&none, "the like to be taken back");
    await_outcomes(3);
    stop(&backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_or_doubled),
        cmocka_unit_test(what_nobody_knows_is_not_repeated),
        cmocka_unit_test(a_stopped_server_does_it_once),
        cmocka_unit_test(a_like_is_shown_before_it_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

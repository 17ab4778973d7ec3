/* SPDX-License-Identifier: MIT */
/*
 * The whole client, with its stock adapters, against the development backend over loopback: what a
 * user sees, through drops, restarts, refusals and bad input.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <phx/platform.h>

#include "../backend/client.h"
#include "../backend/process.h"
#include "testing.h"
#include "watcher.h"

static feed_watcher watched;

static const char *const plain_args[] = {"--db", ":memory:", "--control", NULL};

static watcher_options as_alice(const struct backend *backend)
{
    return (watcher_options){.host = "127.0.0.1", .port = backend->port, .token = "tok-alice"};
}

static void call(const struct backend *backend, const char *method, const char *path,
                 const char *body, struct response *out)
{
    http_call(backend->port, method, path,
              "Authorization: Bearer tok-bob\r\nContent-Type: application/json\r\n", body,
              strlen(body), out);
}

/* Creates a post and gives its id. */
static void create_post(const struct backend *backend, const char *body, char id[64])
{
    struct response response;
    char json[256];
    (void)snprintf(json, sizeof json, "{\"body\":\"%s\"}", body);
    call(backend, "POST", "/api/community/posts", json, &response);
    assert_int_equal(response.status, 201);
    const char *found = strstr(response.body, "\"id\":\"");
    assert_non_null(found);
    (void)snprintf(id, 64, "%.36s", found + 6);
    response_free(&response);
}

static void change(const struct backend *backend, const char *method, const char *id,
                   const char *suffix, const char *body)
{
    struct response response;
    char path[256];
    (void)snprintf(path, sizeof path, "/api/community/posts/%s%s", id, suffix);
    call(backend, method, path, body, &response);
    assert_in_range(response.status, 200, 299);
    response_free(&response);
}

static void follows_every_event(void **state)
{
    (void)state;
    struct backend backend = backend_start(plain_args);
    char first[64];
    char second[64];
    watcher_options options = as_alice(&backend);
    watcher_start(&watched, &options);
    watcher_await_live(&watched);
    create_post(&backend, "one", first);
    create_post(&backend, "two", second);
    watcher_await_count(&watched, 2);
    change(&backend, "PUT", first, "", "{\"body\":\"edited\"}");
    change(&backend, "POST", first, "/like", "");
    change(&backend, "POST", second, "/comments", "{\"body\":\"hm\"}");
    create_post(&backend, "three", second);
    change(&backend, "DELETE", second, "", "");
    create_post(&backend, "four", second);
    watcher_await_count(&watched, 3);
    watcher_check_equals_server(&watched, backend.port, "tok-alice");
    assert_int_equal(watched.errors, 0);
    watcher_stop(&watched);
    backend_stop(&backend);
}

static void misses_nothing_while_it_was_away(void **state)
{
    (void)state;
    struct backend backend = backend_start(plain_args);
    char id[64];
    char old[64];
    watcher_options options = as_alice(&backend);
    options.page_posts = 10;
    create_post(&backend, "old", old);
    backend_control(&backend, "burst", "{\"count\":60}");
    backend_await(&backend, "burst_left", 0);
    watcher_start(&watched, &options);
    watcher_await_live(&watched);
    assert_int_equal(watched.post_count, 61);
    community_client_set_foreground(watched.client, false);
    watcher_await_away(&watched);
    backend_await(&backend, "sockets", 0);
    create_post(&backend, "missed", id);
    change(&backend, "PUT", old, "", "{\"body\":\"edited far below\"}");
    community_client_set_foreground(watched.client, true);
    watcher_await_live(&watched);
    assert_int_equal(watched.post_count, 62);
    watcher_check_equals_server(&watched, backend.port, "tok-alice");
    watcher_stop(&watched);
    backend_stop(&backend);
}

static bool has_reconnected(feed_watcher *watcher, void *user_data)
{
    community_stats stats = {.struct_size = (uint32_t)sizeof stats};
    community_client_read_stats(watcher->client, &stats);
    return stats.connects >= *(const uint64_t *)user_data &&
           watcher->status.freshness == COMMUNITY_LIVE;
}

static void comes_back_after_drops_of_every_kind(void **state)
{
    (void)state;
    static const char *const drops[] = {"{\"mode\":\"tcp\"}", "{\"mode\":\"close\",\"code\":1000}",
                                        "{\"mode\":\"close\",\"code\":1011}",
                                        "{\"mode\":\"close\",\"code\":0}",
                                        "{\"mode\":\"close\",\"code\":4000}"};
    struct backend backend = backend_start(plain_args);
    char id[64];
    /* What is tested here is that it comes back, not how long it is polite to wait. */
    phx_client_config connection;
    phx_client_config_init(&connection);
    connection.reconnect.kind = PHX_BACKOFF_STEPPED;
    watcher_options options = as_alice(&backend);
    options.connection = &connection;
    watcher_start(&watched, &options);
    watcher_await_live(&watched);
    for (uint64_t i = 0; i < COUNT_OF(drops); i++) {
        uint64_t connects = i + 2;
        backend_control(&backend, "drop", drops[i]);
        create_post(&backend, "while it is away", id);
        watcher_pump_until(&watched, has_reconnected, &connects, "a new connection");
        watcher_await_count(&watched, i + 1);
    }
    watcher_check_equals_server(&watched, backend.port, "tok-alice");
    watcher_stop(&watched);
    backend_stop(&backend);
}

static void shows_a_double_subscription_to_nobody(void **state)
{
    (void)state;
    struct backend backend = backend_start(plain_args);
    char id[64];
    watcher_options options = as_alice(&backend);
    watcher_start(&watched, &options);
    watcher_await_live(&watched);
    backend_control(&backend, "double_subscription", "{\"on\":true}");
    size_t batches = watched.batches;
    create_post(&backend, "twice", id);
    create_post(&backend, "twice again", id);
    watcher_await_count(&watched, 2);
    change(&backend, "DELETE", id, "", "");
    watcher_await_count(&watched, 1);
    assert_in_range(watched.batches - batches, 1, 3);
    watcher_check_equals_server(&watched, backend.port, "tok-alice");
    watcher_stop(&watched);
    backend_stop(&backend);
}

static bool has_errors(feed_watcher *watcher, void *user_data)
{
    return watcher->errors >= *(const size_t *)user_data &&
           watcher->status.freshness == COMMUNITY_LIVE;
}

static void survives_malformed_frames_and_syncs_again(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "{\"text\":\"{not json\"}",
        "{\"text\":\"[1,2,3]\"}",
        "{\"text\":\"[null,null,\\\"community:feed\\\",\\\"new_post\\\",{\\\"body\\\":1}]\"}",
        "{\"hex\":\"00ff\"}",
    };
    struct backend backend = backend_start(plain_args);
    char id[64];
    watcher_options options = as_alice(&backend);
    watcher_start(&watched, &options);
    watcher_await_live(&watched);
    backend_control(&backend, "no_push", "{\"on\":true}");
    create_post(&backend, "an event that is lost", id);
    backend_control(&backend, "no_push", "{\"on\":false}");
    for (size_t i = 0; i < COUNT_OF(frames); i++) {
        size_t errors = i + 1;
        backend_control(&backend, "raw", frames[i]);
        watcher_pump_until(&watched, has_errors, &errors, "an error");
    }
    watcher_await_count(&watched, 1);
    watcher_check_equals_server(&watched, backend.port, "tok-alice");
    watcher_stop(&watched);
    backend_stop(&backend);
}

static void takes_a_burst(void **state)
{
    (void)state;
    struct backend backend = backend_start(plain_args);
    watcher_options options = as_alice(&backend);
    watcher_start(&watched, &options);
    watcher_await_live(&watched);
    backend_control(&backend, "burst", "{\"count\":10000}");
    watcher_await_count(&watched, 10000);
    assert_true(watched.batches < 5000);
    watcher_check_equals_server(&watched, backend.port, "tok-alice");
    watcher_stop(&watched);
    backend_stop(&backend);
}

static void finds_everything_after_a_kill(void **state)
{
    (void)state;
    char folder[] = "/tmp/phx-live-XXXXXX";
    char file[64];
    char port[16];
    char id[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/feed.db", folder);
    const char *first_args[] = {"--db", file, "--control", NULL};
    struct backend backend = backend_start(first_args);
    create_post(&backend, "before", id);
    phx_client_config connection;
    phx_client_config_init(&connection);
    connection.reconnect.kind = PHX_BACKOFF_STEPPED;
    watcher_options options = as_alice(&backend);
    options.connection = &connection;
    watcher_start(&watched, &options);
    watcher_await_live(&watched);
    (void)snprintf(port, sizeof port, "%d", backend.port);
    (void)backend_end(&backend, SIGKILL);
    watcher_await_state(&watched, COMMUNITY_RECONNECTING);
    const char *again_args[] = {"--db", file, "--control", "--port", port, NULL};
    backend = backend_start(again_args);
    create_post(&backend, "after", id);
    watcher_await_live(&watched);
    watcher_await_count(&watched, 2);
    watcher_check_equals_server(&watched, backend.port, "tok-alice");
    watcher_stop(&watched);
    backend_stop(&backend);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void stops_when_it_is_not_wanted(void **state)
{
    (void)state;
    struct backend backend = backend_start(plain_args);
    watcher_options options = as_alice(&backend);
    options.token = "tok-nobody";
    watcher_start(&watched, &options);
    watcher_await_state(&watched, COMMUNITY_UNAUTHORIZED);
    assert_int_equal(watched.status.error.status, PHX_ERROR_UNAUTHORIZED);
    watcher_stop(&watched);
    options.token = "tok-carol";
    watcher_start(&watched, &options);
    watcher_await_state(&watched, COMMUNITY_UNAUTHORIZED);
    assert_int_equal(watched.status.error.status, PHX_ERROR_JOIN_REFUSED);
    assert_non_null(strstr(watched.error, "not_a_member"));
    watcher_stop(&watched);
    backend_await(&backend, "sockets", 0);
    backend_stop(&backend);
}

/* localhost is ::1 first on most machines, where nothing listens here. */
static void tries_every_address_of_a_name(void **state)
{
    (void)state;
    struct backend backend = backend_start(plain_args);
    char id[64];
    watcher_options options = as_alice(&backend);
    options.host = "localhost";
    options.token_in_subprotocol = true;
    watcher_start(&watched, &options);
    create_post(&backend, "hello", id);
    watcher_await_live(&watched);
    watcher_await_count(&watched, 1);
    watcher_stop(&watched);
    backend_stop(&backend);
}

static void works_without_rest(void **state)
{
    (void)state;
    struct backend backend = backend_start(plain_args);
    char id[64];
    watcher_options options = as_alice(&backend);
    options.without_rest = true;
    watcher_start(&watched, &options);
    watcher_await_state(&watched, COMMUNITY_CONNECTED);
    assert_int_equal(watched.status.freshness, COMMUNITY_UNSYNCED);
    create_post(&backend, "hello", id);
    watcher_await_count(&watched, 1);
    watcher_stop(&watched);
    backend_stop(&backend);
}

int main(void)
{
    phx_platform_set_lws_log_level(0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_every_event),
        cmocka_unit_test(misses_nothing_while_it_was_away),
        cmocka_unit_test(comes_back_after_drops_of_every_kind),
        cmocka_unit_test(shows_a_double_subscription_to_nobody),
        cmocka_unit_test(survives_malformed_frames_and_syncs_again),
        cmocka_unit_test(takes_a_burst),
        cmocka_unit_test(finds_everything_after_a_kill),
        cmocka_unit_test(stops_when_it_is_not_wanted),
        cmocka_unit_test(tries_every_address_of_a_name),
        cmocka_unit_test(works_without_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

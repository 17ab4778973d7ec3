/* SPDX-License-Identifier: MIT */
/*
 * A client on a thread of its own, called from several others, and released from yet another.
 * Nothing is reachable here: what counts is that nothing races, and that each call completes once.
 */
#include <community/community.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "fake_keychain.h"
#include "testing.h"

enum {
    CALLERS = 3,
    ROUNDS = 300
};

static community_client *client;
static atomic_size_t accepted;
static atomic_size_t completed;
static sem_t released;

static phx_status no_open(void *user_data, const phx_transport_request *request,
                          const phx_transport_events *events, phx_connection **out_connection)
{
    (void)user_data;
    (void)request;
    (void)events;
    *out_connection = NULL;
    return PHX_ERROR_SYSTEM;
}

static phx_status no_send(void *user_data, phx_connection *connection, phx_frame_kind kind,
                          const uint8_t *data, size_t length)
{
    (void)user_data;
    (void)connection;
    (void)kind;
    (void)data;
    (void)length;
    return PHX_ERROR_NO_MEMORY;
}

static void no_close(void *user_data, phx_connection *connection, uint16_t code, const char *reason)
{
    (void)user_data;
    (void)connection;
    (void)code;
    (void)reason;
}

static void no_release(void *user_data, phx_connection *connection)
{
    (void)user_data;
    (void)connection;
}

static phx_status no_request(void *user_data, const phx_http_request *request,
                             phx_http_done_fn done, void *done_user_data, uint64_t *out_id)
{
    (void)user_data;
    (void)request;
    (void)done;
    (void)done_user_data;
    *out_id = 0;
    return PHX_ERROR_NETWORK;
}

static void no_cancel(void *user_data, uint64_t id)
{
    (void)user_data;
    (void)id;
}

static void on_done(void *user_data, const community_result *result)
{
    (void)user_data;
    assert_int_not_equal(result->error.status, PHX_OK);
    atomic_fetch_add(&completed, 1);
}

static void on_login(void *user_data, phx_status status)
{
    (void)user_data;
    (void)status;
    atomic_fetch_add(&completed, 1);
}

static void on_released(void *user_data)
{
    (void)user_data;
    (void)sem_post(&released);
}

static void *call_everything(void *argument)
{
    uint64_t seed = (uint64_t)(uintptr_t)argument;
    for (int round = 0; round < ROUNDS; round++) {
        community_request request = {0};
        bool is_true = random_below(&seed, 2) == 0;
        phx_status status = PHX_ERROR_QUEUE_FULL;
        community_client_set_visible(client, is_true);
        community_client_set_foreground(client, random_below(&seed, 2) == 0);
        community_client_set_network(client, is_true);
        community_client_retry(client);
        if (random_below(&seed, 8) == 0) {
            community_client_logout(client);
            status = community_client_login(client, "good", 4, on_login, NULL);
        } else {
            status = community_client_create_post(client, "text", on_done, NULL, &request);
            community_client_cancel(client, request);
        }
        assert_true(status == PHX_OK || status == PHX_ERROR_QUEUE_FULL);
        atomic_fetch_add(&accepted, status == PHX_OK ? 1 : 0);
        const community_snapshot *snapshot = community_client_snapshot(client);
        assert_int_equal(community_snapshot_count(snapshot), 0);
        community_snapshot_release(snapshot);
        community_stats stats = {.struct_size = (uint32_t)sizeof stats};
        community_client_read_stats(client, &stats);
    }
    return NULL;
}

static void *release(void *argument)
{
    (void)argument;
    community_client_release(client);
    return NULL;
}

static void test_called_from_many_threads(void **state)
{
    (void)state;
    static fake_keychain keychain;
    fake_keychain_init(&keychain, "good");
    const phx_transport transport = {
        .struct_size = (uint32_t)sizeof transport,
        .open = no_open,
        .send = no_send,
        .close = no_close,
        .release_connection = no_release,
    };
    const phx_http http = {
        .struct_size = (uint32_t)sizeof http, .send = no_request, .cancel = no_cancel};
    community_config config;
    community_config_init(&config);
    config.url = "wss://example.org/community";
    config.api_url = "https://example.org/api/community";
    config.keychain = &keychain.port;
    config.transport = &transport;
    config.http = &http;
    config.release_user_data = on_released;
    assert_int_equal(sem_init(&released, 0, 0), 0);
    phx_status status = community_client_new(&config, &client);
    if (status == PHX_ERROR_UNSUPPORTED) {
        skip(); /* a build without the stock clock, random or poller */
    }
    assert_int_equal(status, PHX_OK);
    assert_int_equal(community_client_start(client), PHX_OK);
    pthread_t callers[CALLERS];
    for (size_t i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_create(&callers[i], NULL, call_everything, (void *)(i + 1)), 0);
    }
    for (size_t i = 0; i < CALLERS; i++) {
        assert_int_equal(pthread_join(callers[i], NULL), 0);
    }
    pthread_t releaser;
    assert_int_equal(pthread_create(&releaser, NULL, release, NULL), 0);
    assert_int_equal(pthread_join(releaser, NULL), 0);
    assert_int_equal(sem_wait(&released), 0);
    assert_true(atomic_load(&accepted) > 0);
    assert_int_equal(atomic_load(&completed), atomic_load(&accepted));
    assert_true(keychain.is_released);
    (void)sem_destroy(&released);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_called_from_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

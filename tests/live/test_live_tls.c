/* SPDX-License-Identifier: MIT */
/*
 * The whole client over TLS, against the development backend with a throw-away certificate; and on
 * a thread of its own, read from another.
 */
#include <phx/platform.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../backend/certificate.h"
#include "../backend/process.h"
#include "testing.h"
#include "watcher.h"

enum {
    POSTS = 50
};

static char folder[] = "/tmp/phx-live-tls-XXXXXX";
static char certificate[64];
static char key[64];
static feed_watcher watched;

static struct backend start_backend(void)
{
    const char *const args[] = {"--db",      ":memory:", "--control", "--cert",
                                certificate, "--key",    key,         NULL};
    return backend_start(args);
}

static watcher_options as_alice(const struct backend *backend, const phx_tls *tls)
{
    return (watcher_options){.host = "127.0.0.1",
                             .port = backend->port,
                             .token = "tok-alice",
                             .is_tls = true,
                             .tls = tls};
}

static void lives_over_tls(void **state)
{
    (void)state;
    struct backend backend = start_backend();
    phx_tls tls = {.struct_size = (uint32_t)sizeof tls, .ca_file = certificate};
    watcher_options options = as_alice(&backend, &tls);
    watcher_start(&watched, &options);
    watcher_await_live(&watched);
    assert_int_equal(community_client_create_post(watched.client, "hello", NULL, NULL, NULL),
                     PHX_OK);
    watcher_await_count(&watched, 1);
    watcher_stop(&watched);
    backend_stop(&backend);
}

static bool has_certificate_error(feed_watcher *watcher, void *user_data)
{
    (void)user_data;
    return watcher->status.error.status == PHX_ERROR_TLS_CERTIFICATE;
}

static void trusts_nobody_by_itself(void **state)
{
    (void)state;
    struct backend backend = start_backend();
    watcher_options options = as_alice(&backend, NULL);
    watcher_start(&watched, &options);
    watcher_pump_until(&watched, has_certificate_error, NULL, "a certificate error");
    watcher_stop(&watched);
    backend_stop(&backend);
}

/* --- a thread of its own --- */

typedef struct app {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    community_status status;
    bool is_released;
} app;

static void on_status(void *user_data, const community_status *status)
{
    app *self = user_data;
    pthread_mutex_lock(&self->lock);
    self->status = *status;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void on_release(void *user_data)
{
    app *self = user_data;
    pthread_mutex_lock(&self->lock);
    self->is_released = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static community_client *new_client(app *self, const struct backend *backend, const phx_tls *tls)
{
    char url[128];
    char api_url[128];
    (void)snprintf(url, sizeof url, "wss://127.0.0.1:%d/community", backend->port);
    (void)snprintf(api_url, sizeof api_url, "https://127.0.0.1:%d/api/community", backend->port);
    community_config config;
    community_config_init(&config);
    config.url = url;
    config.api_url = api_url;
    config.keychain = phx_keychain_env("PHX_LIVE_TOKEN");
    config.tls = tls;
    config.on_status = on_status;
    config.release_user_data = on_release;
    config.user_data = self;
    community_client *client = NULL;
    assert_int_equal(community_client_new(&config, &client), PHX_OK);
    return client;
}

static void runs_on_a_thread_of_its_own(void **state)
{
    (void)state;
    struct backend backend = start_backend();
    phx_tls tls = {.struct_size = (uint32_t)sizeof tls, .ca_file = certificate};
    app self = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    assert_int_equal(setenv("PHX_LIVE_TOKEN", "tok-alice", 1), 0);
    community_client *client = new_client(&self, &backend, &tls);
    assert_int_equal(community_client_start(client), PHX_OK);
    assert_int_equal(community_client_poll(client, 0), PHX_ERROR_INVALID_STATE);
    community_client_set_visible(client, true);
    pthread_mutex_lock(&self.lock);
    while (self.status.freshness != COMMUNITY_LIVE) {
        pthread_cond_wait(&self.changed, &self.lock);
    }
    pthread_mutex_unlock(&self.lock);
    for (int i = 0; i < POSTS; i++) {
        assert_int_equal(community_client_create_post(client, "hello", NULL, NULL, NULL), PHX_OK);
    }
    size_t count = 0;
    while (count < POSTS) {
        const community_snapshot *snapshot = community_client_snapshot(client);
        count = community_snapshot_count(snapshot);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(community_snapshot_post(snapshot, i)->body.length, 5);
        }
        community_snapshot_release(snapshot);
        (void)sched_yield();
    }
    community_client_set_foreground(client, false);
    pthread_mutex_lock(&self.lock);
    while (self.status.state != COMMUNITY_DISCONNECTED || self.status.is_closing) {
        pthread_cond_wait(&self.changed, &self.lock);
    }
    pthread_mutex_unlock(&self.lock);
    community_client_release(client);
    pthread_mutex_lock(&self.lock);
    while (!self.is_released) {
        pthread_cond_wait(&self.changed, &self.lock);
    }
    pthread_mutex_unlock(&self.lock);
    backend_stop(&backend);
}

static int make_certificate(void **state)
{
    (void)state;
    phx_platform_set_lws_log_level(0);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(certificate, sizeof certificate, "%s/cert.pem", folder);
    (void)snprintf(key, sizeof key, "%s/key.pem", folder);
    certificate_write(certificate, key);
    return 0;
}

static int remove_certificate(void **state)
{
    (void)state;
    return unlink(certificate) != 0 || unlink(key) != 0 || rmdir(folder) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lives_over_tls),
        cmocka_unit_test(trusts_nobody_by_itself),
        cmocka_unit_test(runs_on_a_thread_of_its_own),
    };
    return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}

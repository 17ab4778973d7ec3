/* SPDX-License-Identifier: MIT */
/*
 * The whole client against the development backend while that is dropped, killed, restarted and
 * stopped at random, and posts come and go: at the end the feed is the server's list, and every
 * batch has replayed. Arguments: for how many seconds (60), and the seed (by the clock).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <phx/platform.h>

#include "../backend/client.h"
#include "../backend/process.h"
#include "testing.h"
#include "watcher.h"

enum {
    MAX_POSTS = 300,
    ID_BYTES = 64
};

static uint64_t length_ms = 60000;
static uint64_t seed;

typedef struct chaos {
    struct backend backend;
    feed_watcher watched;
    char folder[32];
    char file[64];
    char ids[MAX_POSTS][ID_BYTES]; /* what the server has */
    size_t count;
    size_t writes;
    size_t drops;
    size_t kills;
    size_t stops;
} chaos;

static chaos run;

static bool is_over(feed_watcher *watcher, void *user_data)
{
    (void)watcher;
    return now_ms() >= *(const uint64_t *)user_data;
}

static void pump(size_t ms)
{
    uint64_t until_ms = now_ms() + ms;
    watcher_pump_until(&run.watched, is_over, &until_ms, "time to pass");
}

static void call(const char *method, const char *path, const char *body, struct response *out)
{
    http_call(run.backend.port, method, path,
              "Authorization: Bearer tok-bob\r\nContent-Type: application/json\r\n", body,
              strlen(body), out);
    assert_in_range(out->status, 200, 299);
    run.writes++;
}

static void create_post(void)
{
    struct response response;
    char json[64];
    (void)snprintf(json, sizeof json, "{\"body\":\"write %zu\"}", run.writes);
    call("POST", "/api/community/posts", json, &response);
    const char *id = strstr(response.body, "\"id\":\"");
    assert_non_null(id);
    (void)snprintf(run.ids[run.count++], ID_BYTES, "%.36s", id + 6);
    response_free(&response);
}

static void change_post(size_t index, const char *method, const char *suffix, const char *body)
{
    struct response response;
    char path[256];
    (void)snprintf(path, sizeof path, "/api/community/posts/%s%s", run.ids[index], suffix);
    call(method, path, body, &response);
    response_free(&response);
}

static void write_something(void)
{
    size_t what = random_below(&seed, 8);
    if (run.count == 0 || (what < 3 && run.count < MAX_POSTS)) {
        create_post();
        return;
    }
    char json[64];
    size_t index = random_below(&seed, run.count);
    (void)snprintf(json, sizeof json, "{\"body\":\"write %zu\"}", run.writes);
    switch (what) {
    case 3:
    case 4:
        change_post(index, "PUT", "", json);
        break;
    case 5:
        change_post(index, "POST", "/comments", json);
        break;
    case 6:
        change_post(index, "DELETE", "", "");
        run.count--;
        memmove(run.ids[index], run.ids[run.count], ID_BYTES);
        break;
    default:
        change_post(index, "POST", "/like", "");
        break;
    }
}

/* Written between two turns of the client: it sees them together, or in the middle of a sync. */
static void write_some(void)
{
    for (size_t left = random_below(&seed, 12); left > 0; left--) {
        write_something();
    }
}

static void drop(void)
{
    static const char *const drops[] = {"{\"mode\":\"tcp\"}", "{\"mode\":\"close\",\"code\":1000}",
                                        "{\"mode\":\"close\",\"code\":1011}"};
    backend_control(&run.backend, "drop", drops[random_below(&seed, COUNT_OF(drops))]);
    run.drops++;
}

/* The same posts and the same port. */
static void kill_and_restart(void)
{
    char port[16];
    (void)snprintf(port, sizeof port, "%d", run.backend.port);
    (void)backend_end(&run.backend, SIGKILL);
    run.kills++;
    pump(random_below(&seed, 1500));
    const char *args[] = {"--db", run.file, "--control", "--port", port, NULL};
    run.backend = backend_start(args);
}

static void stop_and_continue(void)
{
    assert_int_equal(kill(run.backend.pid, SIGSTOP), 0);
    run.stops++;
    pump(random_below(&seed, 2500));
    assert_int_equal(kill(run.backend.pid, SIGCONT), 0);
}

static void disturb(void)
{
    switch (random_below(&seed, 8)) {
    case 0:
    case 1:
        drop();
        break;
    case 2:
        kill_and_restart();
        break;
    case 3:
        stop_and_continue();
        break;
    default:
        break;
    }
}

static bool has_last_post(feed_watcher *watcher, void *user_data)
{
    return watcher->status.freshness == COMMUNITY_LIVE && watcher->post_count > 0 &&
           strcmp(watcher->posts[0]->id.data, user_data) == 0;
}

/* Events come in order: with the last post, all before it are there. */
static void come_to_rest(void)
{
    community_client_retry(run.watched.client); /* not after the longest wait */
    watcher_await_live(&run.watched);
    run.count -= run.count == MAX_POSTS ? 1 : 0;
    create_post();
    watcher_pump_until(&run.watched, has_last_post, run.ids[run.count - 1], "the last post");
    watcher_check_equals_server(&run.watched, run.backend.port, "tok-alice");
}

static void feed_equals_the_servers_list(void **state)
{
    (void)state;
    (void)snprintf(run.file, sizeof run.file, "%s/feed.db", run.folder);
    const char *args[] = {"--db", run.file, "--control", NULL};
    run.backend = backend_start(args);
    phx_client_config connection;
    phx_client_config_init(&connection);
    connection.reconnect.kind = PHX_BACKOFF_STEPPED;
    const watcher_options options = {
        .host = "127.0.0.1",
        .port = run.backend.port,
        .token = "tok-alice",
        .page_posts = 20,
        .connection = &connection,
    };
    watcher_start(&run.watched, &options);
    uint64_t end_ms = now_ms() + length_ms;
    while (now_ms() < end_ms) {
        write_some();
        disturb();
        write_some();
        pump(random_below(&seed, 400));
    }
    come_to_rest();
    community_stats stats = {.struct_size = (uint32_t)sizeof stats};
    community_client_read_stats(run.watched.client, &stats);
    print_message("chaos: %zu writes, %zu drops, %zu kills, %zu stops; %d connects, %d syncs, %zu "
                  "batches, %zu posts, feed equals server: yes\n",
                  run.writes, run.drops, run.kills, run.stops, (int)stats.connects,
                  (int)stats.syncs, run.watched.batches, run.watched.post_count);
    assert_true(run.drops + run.kills == 0 || stats.connects > 1);
    watcher_stop(&run.watched);
    backend_stop(&run.backend);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(run.folder, sizeof run.folder, "/tmp/phx-chaos-XXXXXX");
    return mkdtemp(run.folder) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (run.backend.pid > 0) {
        (void)backend_end(&run.backend, SIGKILL);
    }
    char command[64];
    (void)snprintf(command, sizeof command, "rm -r %s", run.folder);
    return system(command);
}

int main(int argc, char **argv)
{
    phx_platform_set_lws_log_level(0);
    length_ms = argc > 1 ? strtoull(argv[1], NULL, 10) * 1000 : length_ms;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : now_ms();
    print_message("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(feed_equals_the_servers_list, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

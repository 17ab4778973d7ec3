/* SPDX-License-Identifier: MIT */
/*
 * The backend's ends and faults: signals, a database that outlives its process, and what the
 * control endpoint promises.
 */
#include "client.h"
#include "process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define POSTS "/api/community/posts"
#define BOB "Authorization: Bearer tok-bob\r\n"
#define JOIN "[\"1\",\"1\",\"community:feed\",\"phx_join\",{}]"
#define JOINED "[\"1\",\"1\",\"community:feed\",\"phx_reply\",{\"response\":{},\"status\":\"ok\"}]"

static struct backend backend;

static int start(void **state)
{
    static const char *const args[] = {"--db", ":memory:", "--control", NULL};
    (void)state;
    backend = backend_start(args);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    backend_stop(&backend);
    return 0;
}

static int rest(const char *method, const char *path, const char *body, char **out_body)
{
    struct response response = {0};
    http_call(backend.port, method, path, BOB, body, strlen(body), &response);
    const int status = response.status;
    if (out_body != NULL) {
        *out_body = response.body;
        response.body = NULL;
    }
    response_free(&response);
    return status;
}

static void assert_frame(struct client *client, const char *text)
{
    struct frame frame = {0};
    assert_true(client_frame(client, &frame));
    assert_string_equal(frame.payload, text);
    frame_free(&frame);
}

static void assert_frame_has(struct client *client, const char *part)
{
    struct frame frame = {0};
    assert_true(client_frame(client, &frame));
    if (strstr(frame.payload, part) == NULL) {
        fail_msg("%s is not in %s", part, frame.payload);
    }
    frame_free(&frame);
}

static void assert_closed(struct client *client, int code)
{
    struct frame frame = {0};
    assert_true(client_frame(client, &frame));
    assert_int_equal(frame.first, 0x88);
    assert_int_equal(frame_close_code(&frame), code);
    frame_free(&frame);
    assert_true(client_ends(client));
    client_close(client);
}

static struct client joined(const char *token)
{
    struct client client = client_websocket(backend.port, token, "2.0.0");
    (void)client_say(&client, JOIN);
    assert_frame(&client, JOINED);
    return client;
}

static bool file_has(const char *path, const char *text)
{
    char data[65536];
    FILE *file = fopen(path, "r");
    bool found = false;
    size_t len = 0;
    while (file != NULL && (len = fread(data, 1, sizeof(data), file)) > 0) {
        found = found || memmem(data, len, text, strlen(text)) != NULL;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

static void keeps_its_data_when_it_is_killed(void **state)
{
    char folder[] = "/tmp/backend-XXXXXX";
    char db[64];
    char wal[80];
    char shm[80];
    char *before = NULL;
    char *after = NULL;
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(db, sizeof(db), "%s/feed.db", folder);
    (void)snprintf(wal, sizeof(wal), "%s-wal", db);
    (void)snprintf(shm, sizeof(shm), "%s-shm", db);
    const char *const args[] = {"--db", db, NULL};
    backend = backend_start(args);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(rest("POST", POSTS, "{\"body\":\"kept\"}", NULL), 201);
    }
    assert_int_equal(rest("GET", POSTS, "", &before), 200);
    assert_true(WIFSIGNALED(backend_end(&backend, SIGKILL)));
    backend = backend_start(args);
    assert_int_equal(rest("GET", POSTS, "", &after), 200);
    assert_true(strlen(before) > 1000);
    assert_string_equal(before, after);
    assert_false(file_has(db, "tok-alice") || file_has(wal, "tok-alice"));
    assert_true(file_has(db, "Alice") || file_has(wal, "Alice"));
    backend_stop(&backend);
    free(before);
    free(after);
    (void)unlink(wal);
    (void)unlink(shm);
    assert_int_equal(unlink(db), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void tells_everybody_when_it_is_asked_to_stop(void **state)
{
    (void)start(state);
    struct client alice = joined("tok-alice");
    struct client bob = joined("tok-bob");
    struct client idle = client_connect(backend.port);
    backend_await(&backend, "channels", 2);
    (void)kill(backend.pid, SIGTERM);
    assert_closed(&alice, 1012);
    assert_closed(&bob, 1012);
    assert_true(client_ends(&idle));
    client_close(&idle);
    int status = 0;
    assert_int_equal(waitpid(backend.pid, &status, 0), backend.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void stops_though_a_client_does_not(void **state)
{
    (void)start(state);
    struct client alice = joined("tok-alice");
    backend_control(&backend, "stall", "{}");
    (void)client_say(&alice, JOIN);
    backend_stop(&backend);
    client_close(&alice);
}

static void refuses_as_told(void **state)
{
    struct response response = {0};
    (void)state;
    backend_control(&backend, "refuse",
                    "{\"what\":\"all\",\"status\":503,\"retry_after\":7,\"count\":2}");
    http_call(backend.port, "GET", POSTS, BOB, "", 0, &response);
    assert_int_equal(response.status, 503);
    assert_non_null(strstr(response.head, "\r\nretry-after: 7\r\n"));
    response_free(&response);
    http_call(backend.port, "GET", "/community/websocket?token=tok-alice&vsn=2.0.0", "", "", 0,
              &response);
    assert_int_equal(response.status, 503);
    response_free(&response);
    assert_int_equal(rest("GET", POSTS, "", NULL), 200);
    backend_control(&backend, "refuse", "{\"what\":\"rest\",\"status\":429}");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rest("GET", POSTS, "", NULL), 429);
    }
    struct client alice = joined("tok-alice");
    client_close(&alice);
    backend_control(&backend, "reset", "{}");
    assert_int_equal(rest("GET", POSTS, "", NULL), 200);
}

static bool is_silent(const struct client *client)
{
    struct pollfd ready = {client->fd, POLLIN, 0};
    return poll(&ready, 1, 0) == 0;
}

static void stalls_until_it_is_released(void **state)
{
    struct response response = {0};
    (void)state;
    struct client alice = joined("tok-alice");
    struct client web = client_connect(backend.port);
    backend_control(&backend, "stall", "{}");
    (void)client_say(&alice, "[null,\"2\",\"phoenix\",\"heartbeat\",{}]");
    (void)client_send_text(&web, "GET / HTTP/1.1\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        (void)backend_fact(&backend, "sockets");
    }
    assert_true(is_silent(&alice) && is_silent(&web));
    backend_control(&backend, "release", "");
    assert_frame_has(&alice, "\"2\",\"phoenix\",\"phx_reply\"");
    assert_true(client_response(&web, &response));
    assert_int_equal(response.status, 404);
    response_free(&response);
    backend_control(&backend, "stall", "{\"ms\":50}");
    (void)client_say(&alice, "[null,\"3\",\"phoenix\",\"heartbeat\",{}]");
    assert_frame_has(&alice, "\"3\",\"phoenix\",\"phx_reply\"");
    client_close(&alice);
    client_close(&web);
}

static void drops_whom_it_is_told_to(void **state)
{
    (void)state;
    struct client alice = joined("tok-alice");
    struct client bob = joined("tok-bob");
    backend_control(&backend, "drop", "{\"user\":\"alice\",\"mode\":\"close\",\"code\":4321}");
    assert_closed(&alice, 4321);
    assert_true(is_silent(&bob));
    backend_control(&backend, "drop", "{\"mode\":\"tcp\"}");
    assert_true(client_ends(&bob));
    client_close(&bob);
    backend_await(&backend, "sockets", 0);
}

static void bursts_arrive_whole_and_in_order(void **state)
{
    enum {
        COUNT = 5000
    };
    (void)state;
    struct client alice = joined("tok-alice");
    backend_control(&backend, "burst", "{\"count\":5000,\"user\":\"dave\"}");
    for (int i = 1; i <= COUNT; i++) {
        char part[64];
        (void)snprintf(part, sizeof(part), "\"body\":\"burst %d of %d \"", i, COUNT);
        assert_frame_has(&alice, part);
    }
    client_close(&alice);
}

static void loses_an_event_when_told_to(void **state)
{
    (void)state;
    struct client alice = joined("tok-alice");
    backend_control(&backend, "no_push", "{\"on\":true}");
    assert_int_equal(rest("POST", POSTS, "{\"body\":\"lost\"}", NULL), 201);
    backend_control(&backend, "no_push", "{\"on\":false}");
    assert_int_equal(rest("POST", POSTS, "{\"body\":\"heard\"}", NULL), 201);
    assert_frame_has(&alice, "\"body\":\"heard\"");
    client_close(&alice);
}

static void sends_raw_frames(void **state)
{
    struct frame frame = {0};
    (void)state;
    struct client alice = joined("tok-alice");
    backend_control(&backend, "raw", "{\"text\":\"{not json\"}");
    assert_frame(&alice, "{not json");
    backend_control(&backend, "raw", "{\"hex\":\"0005\"}");
    assert_true(client_frame(&alice, &frame));
    assert_int_equal(frame.first, 0x82);
    assert_memory_equal(frame.payload, "\0\5", 2);
    frame_free(&frame);
    backend_control(&backend, "raw", "{\"frames\":\"c30178\"}");
    assert_true(client_frame(&alice, &frame));
    assert_int_equal(frame.first, 0xc3);
    frame_free(&frame);
    client_close(&alice);
}

static void a_push_to_the_feed_ends_its_channel(void **state)
{
    (void)state;
    struct client alice = joined("tok-alice");
    (void)client_say(&alice, "[\"1\",\"2\",\"community:feed\",\"hello\",{}]");
    assert_frame(&alice,
                 "[\"1\",\"1\",\"community:feed\",\"phx_error\",{\"reason\":\"channel_crash\"}]");
    client_close(&alice);
}

static void control_and_echo_are_off_by_default(void **state)
{
    static const char *const args[] = {"--db", ":memory:", NULL};
    (void)state;
    backend = backend_start(args);
    assert_int_equal(rest("POST", "/control/reset", "", NULL), 404);
    assert_int_equal(rest("GET", "/control/status", "", NULL), 404);
    struct client alice = joined("tok-alice");
    (void)client_say(&alice, "[\"2\",\"2\",\"echo:a\",\"phx_join\",{}]");
    assert_frame_has(&alice, "unmatched topic");
    client_close(&alice);
    backend_stop(&backend);
}

static void bad_verbs_are_told_so(void **state)
{
    (void)state;
    assert_int_equal(rest("POST", "/control/nosuch", "", NULL), 404);
    assert_int_equal(rest("POST", "/control/drop", "[]", NULL), 400);
    assert_int_equal(rest("POST", "/control/drop", "{\"user\":\"nobody\"}", NULL), 422);
    assert_int_equal(rest("POST", "/control/burst", "{\"user\":\"nobody\"}", NULL), 422);
    assert_int_equal(rest("POST", "/control/refuse", "{\"status\":200}", NULL), 422);
    assert_int_equal(rest("POST", "/control/broadcast", "{}", NULL), 422);
    assert_int_equal(rest("GET", "/control/drop", "", NULL), 400);
}

static void added_users_may_have_long_tokens(void **state)
{
    char user[512];
    char token[400];
    char again[32];
    (void)state;
    memset(token, 'z', 300);
    token[300] = '\0';
    (void)snprintf(user, sizeof(user), "Erin:%s:member", token);
    (void)snprintf(again, sizeof(again), "Alice:tok-new:member");
    const char *const args[] = {"--db", ":memory:", "--add-user", user, "--add-user", again, NULL};
    backend = backend_start(args);
    struct client erin = joined(token);
    client_close(&erin);
    struct client alice = joined("tok-new");
    client_close(&alice);
    struct response response = {0};
    http_call(backend.port, "GET", POSTS, "Authorization: Bearer tok-alice\r\n", "", 0, &response);
    assert_int_equal(response.status, 401);
    response_free(&response);
    backend_stop(&backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_its_data_when_it_is_killed),
        cmocka_unit_test(tells_everybody_when_it_is_asked_to_stop),
        cmocka_unit_test(stops_though_a_client_does_not),
        cmocka_unit_test_setup_teardown(refuses_as_told, start, stop),
        cmocka_unit_test_setup_teardown(stalls_until_it_is_released, start, stop),
        cmocka_unit_test_setup_teardown(drops_whom_it_is_told_to, start, stop),
        cmocka_unit_test_setup_teardown(bursts_arrive_whole_and_in_order, start, stop),
        cmocka_unit_test_setup_teardown(loses_an_event_when_told_to, start, stop),
        cmocka_unit_test_setup_teardown(sends_raw_frames, start, stop),
        cmocka_unit_test_setup_teardown(a_push_to_the_feed_ends_its_channel, start, stop),
        cmocka_unit_test(control_and_echo_are_off_by_default),
        cmocka_unit_test_setup_teardown(bad_verbs_are_told_so, start, stop),
        cmocka_unit_test(added_users_may_have_long_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * The verbs of control.h, one function each in a table. They may be sloppy about memory and time:
 * whoever may call them may break everything anyhow.
 */
#include "control.h"

#include "conn.h"
#include "json.h"
#include "rest.h"
#include "route.h"
#include "topics.h"
#include "users.h"
#include "ws.h"

#include <string.h>

enum {
    POSTS_A_TURN = 50
};

/* Runs on each socket that the body's "user" means: all of them when it names none. */
typedef void each_fn(struct conn *conn, struct slice body);

static bool read_text(struct slice body, const char *name, struct bytes *out)
{
    struct slice value;
    if (!json_member(body, name, &value) || !json_is_string(value)) {
        return false;
    }
    json_decode(value, out);
    return !out->failed;
}

static bool read_hex(struct slice body, const char *name, struct bytes *out)
{
    static const char digits[] = "0123456789abcdef";
    struct bytes hex = {0};
    bool good = read_text(body, name, &hex) && hex.len % 2 == 0;
    for (size_t i = 0; good && i < hex.len; i += 2) {
        const char *high = memchr(digits, hex.data[i], 16);
        const char *low = memchr(digits, hex.data[i + 1], 16);
        good = high != NULL && low != NULL;
        if (good) {
            bytes_char(out, (char)((high - digits) * 16 + (low - digits)));
        }
    }
    bytes_free(&hex);
    return good && !out->failed;
}

static bool each_socket(struct app *app, struct slice body, each_fn *run)
{
    struct bytes name = {0};
    const struct user *user = NULL;
    const bool is_named = read_text(body, "user", &name);
    if (is_named) {
        user = users_by_name(app, slice_from(&name));
    }
    bytes_free(&name);
    if (is_named && user == NULL) {
        return false;
    }
    for (struct conn *conn = app->conns; conn != NULL; conn = conn->next) {
        if (conn->socket != NULL && (user == NULL || conn->socket->user == user)) {
            run(conn, body);
        }
    }
    return true;
}

static void drop_one(struct conn *conn, struct slice body)
{
    struct slice mode;
    if (json_member(body, "mode", &mode) && json_string_is(mode, "close")) {
        ws_close(conn, (uint16_t)json_member_integer(body, "code", 1000));
    } else {
        conn_drop(conn);
    }
}

static bool drop(struct app *app, struct slice body)
{
    return each_socket(app, body, drop_one);
}

static void disconnect_one(struct conn *conn, struct slice body)
{
    (void)body;
    ws_close(conn, 1001);
}

static bool disconnect(struct app *app, struct slice body)
{
    return each_socket(app, body, disconnect_one);
}

static void stop_channel(struct conn *conn, struct slice body, enum stop_reason reason)
{
    struct bytes topic = {0};
    if (!read_text(body, "topic", &topic)) {
        bytes_text(&topic, "community:feed");
    }
    struct channel *channel = conn->socket->channels;
    while (channel != NULL) {
        struct channel *next = channel->next;
        if (slice_is(slice_from(&topic), channel->topic)) {
            channel_stop(channel, reason);
        }
        channel = next;
    }
    bytes_free(&topic);
}

static void crash_one(struct conn *conn, struct slice body)
{
    stop_channel(conn, body, STOP_CRASH);
}

static bool crash(struct app *app, struct slice body)
{
    return each_socket(app, body, crash_one);
}

static void close_one(struct conn *conn, struct slice body)
{
    stop_channel(conn, body, STOP_NORMAL);
}

static bool close_channel(struct app *app, struct slice body)
{
    return each_socket(app, body, close_one);
}

static bool refuse(struct app *app, struct slice body)
{
    struct control *control = &app->control;
    struct slice what = SLICE("\"upgrade\"");
    (void)json_member(body, "what", &what);
    const bool is_all = json_string_is(what, "all");
    control->refuse_upgrades = is_all || json_string_is(what, "upgrade");
    control->refuse_rest = is_all || json_string_is(what, "rest");
    control->refuse_status = (int)json_member_integer(body, "status", 403);
    control->retry_after_s = json_member_integer(body, "retry_after", 0);
    control->refusals_left = json_member_integer(body, "count", -1);
    return (control->refuse_upgrades || control->refuse_rest) && control->refuse_status >= 300 &&
           control->refuse_status <= 599;
}

bool control_refuses(struct app *app, bool is_upgrade)
{
    struct control *control = &app->control;
    const bool applies = is_upgrade ? control->refuse_upgrades : control->refuse_rest;
    if (!applies || control->refusals_left == 0) {
        return false;
    }
    control->refusals_left -= control->refusals_left > 0 ? 1 : 0;
    return true;
}

static void wake_all(struct app *app)
{
    for (struct conn *conn = app->conns; conn != NULL; conn = conn->next) {
        conn_wake(conn);
    }
}

static void release_now(struct app *app)
{
    app->control.is_stalled = false;
    lws_sul_schedule(app->lws, 0, &app->control.stall_timer, NULL, LWS_SET_TIMER_USEC_CANCEL);
    wake_all(app);
}

static void on_stall_over(lws_sorted_usec_list_t *timer)
{
    release_now(lws_container_of(timer, struct app, control.stall_timer));
}

static bool stall(struct app *app, struct slice body)
{
    const int64_t ms = json_member_integer(body, "ms", 0);
    app->control.is_stalled = true;
    if (ms > 0) {
        lws_sul_schedule(app->lws, 0, &app->control.stall_timer, on_stall_over,
                         (lws_usec_t)ms * 1000);
    }
    return true;
}

static bool release(struct app *app, struct slice body)
{
    (void)body;
    release_now(app);
    return true;
}

static bool slow_join(struct app *app, struct slice body)
{
    app->control.slow_join_ms = (uint32_t)json_member_integer(body, "ms", 0);
    return true;
}

static bool create_numbered(struct app *app, const struct burst *burst)
{
    struct bytes text = {0};
    bytes_format(&text, "burst %lld of %lld ", (long long)burst->made, (long long)burst->count);
    while (!text.failed && text.len < (size_t)burst->size) {
        bytes_char(&text, '.');
    }
    const bool good = !text.failed && rest_create_post(app, burst->user, slice_from(&text));
    bytes_free(&text);
    return good;
}

static void on_burst(lws_sorted_usec_list_t *timer)
{
    struct app *app = lws_container_of(timer, struct app, control.burst.timer);
    struct burst *burst = &app->control.burst;
    for (int i = 0; i < POSTS_A_TURN && burst->made < burst->count; i++) {
        burst->made++;
        if (!create_numbered(app, burst)) {
            burst->count = burst->made;
        }
    }
    if (burst->made < burst->count) {
        lws_sul_schedule(app->lws, 0, timer, on_burst, 1);
    }
}

static bool burst(struct app *app, struct slice body)
{
    struct bytes name = {0};
    struct burst *burst = &app->control.burst;
    if (!read_text(body, "user", &name)) {
        bytes_text(&name, "bob");
    }
    const struct user *user = users_by_name(app, slice_from(&name));
    bytes_free(&name);
    if (user == NULL || burst->made < burst->count) {
        return false;
    }
    burst->user = user;
    burst->count = json_member_integer(body, "count", 1);
    burst->made = 0;
    burst->size = json_member_integer(body, "bytes", 0);
    lws_sul_schedule(app->lws, 0, &burst->timer, on_burst, 1);
    return true;
}

/* {"text"} or {"hex"} as one good frame, {"frames"} as the very bytes, whatever they are. */
static void raw_one(struct conn *conn, struct slice body)
{
    struct bytes data = {0};
    if (read_text(body, "text", &data)) {
        ws_send(conn, WS_TEXT, &data);
    } else if (read_hex(body, "hex", &data)) {
        ws_send(conn, WS_BINARY, &data);
    } else {
        data.len = 0;
        if (read_hex(body, "frames", &data)) {
            conn_send(conn, &data);
        }
    }
    bytes_free(&data);
}

static bool raw(struct app *app, struct slice body)
{
    return each_socket(app, body, raw_one);
}

static bool broadcast(struct app *app, struct slice body)
{
    struct bytes topic = {0};
    struct bytes binary = {0};
    struct slice event;
    struct slice payload = SLICE("{}");
    const bool good = read_text(body, "topic", &topic) && json_member(body, "event", &event);
    if (good && read_hex(body, "hex", &binary)) {
        socket_broadcast(app, slice_from(&topic), event, slice_from(&binary), true, NULL);
    } else if (good) {
        (void)json_member(body, "payload", &payload);
        socket_broadcast(app, slice_from(&topic), event, payload, false, NULL);
    }
    bytes_free(&topic);
    bytes_free(&binary);
    return good;
}

static bool double_subscription(struct app *app, struct slice body)
{
    app->control.double_subscription = json_member_true(body, "on");
    return true;
}

static bool no_push(struct app *app, struct slice body)
{
    app->control.no_push = json_member_true(body, "on");
    return true;
}

static bool echo(struct app *app, struct slice body)
{
    struct slice manners;
    const bool is_plain =
        json_member(body, "manners", &manners) && json_string_is(manners, "plain");
    app->control.echo = is_plain ? ECHO_PLAIN : ECHO_FULL;
    return true;
}

static bool reset(struct app *app, struct slice body)
{
    (void)body;
    lws_sul_schedule(app->lws, 0, &app->control.stall_timer, NULL, LWS_SET_TIMER_USEC_CANCEL);
    lws_sul_schedule(app->lws, 0, &app->control.burst.timer, NULL, LWS_SET_TIMER_USEC_CANCEL);
    app->control = (struct control){0};
    wake_all(app);
    return true;
}

static const struct {
    const char *name;
    bool (*run)(struct app *app, struct slice body);
} verbs[] = {
    {"drop", drop},           {"disconnect", disconnect},
    {"crash", crash},         {"close", close_channel},
    {"refuse", refuse},       {"stall", stall},
    {"release", release},     {"slow_join", slow_join},
    {"burst", burst},         {"raw", raw},
    {"broadcast", broadcast}, {"double_subscription", double_subscription},
    {"no_push", no_push},     {"echo", echo},
    {"reset", reset},
};

static void run_verb(struct conn *conn, const struct http_request *request, struct slice verb,
                     struct slice body)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (slice_is(verb, verbs[i].name)) {
            if (verbs[i].run(conn->app, body)) {
                control_answer_status(conn, request);
            } else {
                route_error(conn, request, 422, "The verb cannot be done so");
            }
            return;
        }
    }
    route_error(conn, request, 404, "No such verb");
}

void control_handle(struct conn *conn, const struct http_request *request)
{
    struct slice body = SLICE("{}");
    const struct slice verb = slice_skip(request->path, strlen("/control/"));
    if (slice_is(verb, "status") && slice_is(request->method, "GET")) {
        control_answer_status(conn, request);
    } else if (!slice_is(request->method, "POST") ||
               (request->body.len > 0 &&
                (!json_document(request->body, &body) || !json_is_object(body)))) {
        route_error(conn, request, 400, "POST a JSON object, or nothing");
    } else {
        run_verb(conn, request, verb, body);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * The WebSocket upgrade of ws.h: who asks (token in the query or in Phoenix's auth_token
 * sub-protocol), which serializer, and the handshake's form, checked in the order that Phoenix
 * checks them in. Every refusal of the first two is 403 with an empty body.
 */
#include "socket.h"
#include "users.h"
#include "ws.h"

static const char token_prefix[] = "base64url.bearer.phx.";

/* The token of the sub-protocol list, and whether there is one beside a protocol to answer with. */
static bool token_from_protocols(const struct http_request *request, struct bytes *out_token,
                                 struct bytes *out_header)
{
    struct slice rest = http_header(request, "sec-websocket-protocol");
    struct slice token = {0};
    struct slice protocol = {0};
    while (rest.len > 0) {
        const struct slice item = slice_trim(slice_until(rest, ',', &rest));
        if (slice_starts_with(item, token_prefix)) {
            token = slice_skip(item, sizeof(token_prefix) - 1);
        } else if (protocol.len == 0) {
            protocol = item;
        }
    }
    if (token.data == NULL || protocol.len == 0 || !crypto_base64_decode(token, out_token)) {
        return false;
    }
    bytes_text(out_header, "sec-websocket-protocol: ");
    bytes_slice(out_header, protocol);
    bytes_text(out_header, "\r\n");
    return true;
}

static const struct user *authenticate(struct app *app, const struct http_request *request,
                                       struct bytes *out_header)
{
    struct bytes token = {0};
    const bool found = token_from_protocols(request, &token, out_header) ||
                       http_query(request->query, "token", &token);
    const struct user *user = found ? users_by_token(app, slice_from(&token)) : NULL;
    bytes_free(&token);
    return user;
}

/* MAJOR.MINOR.PATCH as in Phoenix's "~> 1.0.0" and "~> 2.0.0". */
bool ws_serializer_of(struct slice query, enum serializer_version *out)
{
    struct bytes vsn = {0};
    struct slice patch = {"0", 1};
    *out = SERIALIZER_1;
    bool good = true;
    if (http_query(query, "vsn", &vsn)) {
        const struct slice text = slice_from(&vsn);
        *out = slice_starts_with(text, "2.0.") ? SERIALIZER_2 : SERIALIZER_1;
        good = *out == SERIALIZER_2 || slice_starts_with(text, "1.0.");
        patch = good ? slice_skip(text, 4) : patch;
    }
    for (size_t i = 0; i < patch.len; i++) {
        good = good && patch.data[i] >= '0' && patch.data[i] <= '9';
    }
    good = good && patch.len > 0;
    bytes_free(&vsn);
    return good;
}

/* Appends what is wrong with the handshake's form; nothing when it is right. */
static void check_form(const struct http_request *request, struct bytes *out)
{
    const struct slice connection = http_header(request, "connection");
    const struct slice upgrade = http_header(request, "upgrade");
    const struct slice version = http_header(request, "sec-websocket-version");
    const struct {
        const char *name;
        const char *wants;
        struct slice value;
        bool is_right;
    } checks[] = {
        {"connection", "contain 'upgrade'", connection,
         http_header_lists(request, "connection", "upgrade")},
        {"upgrade", "contain 'websocket'", upgrade,
         http_header_lists(request, "upgrade", "websocket")},
        {"sec-websocket-version", "equal '13'", version, slice_is(version, "13")},
    };
    if (http_header(request, "sec-websocket-key").len == 0 && checks[0].is_right) {
        bytes_text(out, "'sec-websocket-key' header is absent");
        return;
    }
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (!checks[i].is_right) {
            bytes_format(out, "'%s' header must %s, got [", checks[i].name, checks[i].wants);
            bytes_text(out, checks[i].value.len > 0 ? "\"" : "");
            bytes_slice(out, checks[i].value);
            bytes_text(out, checks[i].value.len > 0 ? "\"]" : "]");
            return;
        }
    }
}

static void refuse(struct conn *conn, int status, struct slice body, const char *extra_headers,
                   bool close)
{
    struct bytes answer = {0};
    conn->app->counters.refused++;
    http_compose(&answer, &(struct http_answer){.status = status,
                                                .body = body,
                                                .extra_headers = extra_headers,
                                                .close = close});
    conn_send(conn, &answer);
    if (close) {
        conn_end(conn);
    }
}

static void accept_upgrade(struct conn *conn, const struct http_request *request,
                           struct socket *socket, const struct bytes *header)
{
    struct bytes answer = {0};
    bytes_text(&answer, "HTTP/1.1 101 Switching Protocols\r\n"
                        "upgrade: websocket\r\n"
                        "connection: Upgrade\r\n"
                        "cache-control: max-age=0, private, must-revalidate\r\n"
                        "sec-websocket-accept: ");
    if (!crypto_websocket_accept(http_header(request, "sec-websocket-key"), &answer)) {
        answer.failed = true;
    }
    bytes_text(&answer, "\r\n");
    bytes_slice(&answer, slice_from(header));
    bytes_text(&answer, "\r\n");
    conn->socket = socket;
    conn->app->counters.upgrades++;
    conn_send(conn, &answer);
}

static void upgrade(struct conn *conn, const struct http_request *request, const struct user *user,
                    const struct bytes *header)
{
    enum serializer_version version = SERIALIZER_1;
    struct bytes fault = {0};
    check_form(request, &fault);
    if (user == NULL || !ws_serializer_of(request->query, &version)) {
        struct bytes line = {0};
        bytes_slice(&line, slice_from(header));
        bytes_char(&line, '\0');
        refuse(conn, 403, SLICE(""), line.failed ? NULL : line.data, !request->keep_alive);
        bytes_free(&line);
    } else if (fault.len > 0) {
        refuse(conn, 400, slice_from(&fault), NULL, !request->keep_alive);
    } else {
        struct socket *socket = socket_new(conn, user, version);
        if (socket != NULL) {
            accept_upgrade(conn, request, socket, header);
        } else {
            refuse(conn, 503, SLICE(""), NULL, true);
        }
    }
    bytes_free(&fault);
}

void ws_upgrade(struct conn *conn, const struct http_request *request)
{
    struct bytes header = {0};
    if (!slice_is(request->method, "GET")) {
        refuse(conn, 400, SLICE(""), NULL, !request->keep_alive);
        return;
    }
    const struct user *user = authenticate(conn->app, request, &header);
    upgrade(conn, request, user, &header);
    bytes_free(&header);
}

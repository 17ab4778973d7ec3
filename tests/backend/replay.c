/* SPDX-License-Identifier: MIT */
/*
 * The records of replay.h. A record of the client is sent; one of the server is waited for and
 * compared. A feed event that nobody has caused yet is caused first, over REST, as the user Bob.
 */
#include "replay.h"

#include "compare.h"
#include "replay_longpoll.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static bool fail(struct replay *replay, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(replay->fault, sizeof(replay->fault), format, args);
    va_end(args);
    return false;
}

static const char *text_of(const cJSON *record, const char *name)
{
    const cJSON *value = cJSON_GetObjectItem(record, name);
    return cJSON_IsString(value) ? value->valuestring : "";
}

static int number_of(const cJSON *record, const char *name, int otherwise)
{
    const cJSON *value = cJSON_GetObjectItem(record, name);
    return cJSON_IsNumber(value) ? value->valueint : otherwise;
}

static char *from_hex(const char *hex, size_t *out_len)
{
    *out_len = strlen(hex) / 2;
    char *data = malloc(*out_len + 1);
    for (size_t i = 0; i < *out_len; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        data[i] = (char)strtoul(digits, NULL, 16);
    }
    data[*out_len] = '\0';
    return data;
}

void replay_end(struct replay *replay)
{
    if (replay->is_connected) {
        client_close(&replay->client);
        replay->is_connected = false;
    }
}

bool replay_send_hex(struct replay *replay, const char *hex)
{
    size_t len = 0;
    char *data = from_hex(hex, &len);
    const bool sent = client_send(&replay->client, data, len);
    free(data);
    return sent || fail(replay, "the server has gone");
}

/* A frame's payload. Long texts are recorded as their start and their length: what is missing is
 * all 'x', but for the end of a message. */
static char *payload_text(const cJSON *record, size_t *out_len)
{
    if (cJSON_GetObjectItem(record, "hex") != NULL) {
        return from_hex(text_of(record, "hex"), out_len);
    }
    const char *text = text_of(record, "data");
    const char *clip = strstr(text, "\xe2\x80\xa6");
    const size_t known = clip != NULL ? (size_t)(clip - text) : strlen(text);
    *out_len = clip != NULL ? (size_t)number_of(record, "len", 0) : known;
    char *data = malloc(*out_len + 1);
    memset(data, 'x', *out_len);
    memcpy(data, text, known);
    data[*out_len] = '\0';
    if (clip != NULL && cJSON_GetObjectItem(record, "fin") == NULL) {
        const bool is_reply = strstr(text, "phx_reply") != NULL;
        const char *end = is_reply ? "\"},\"status\":\"ok\"}]" : "\"}]";
        memcpy(data + *out_len - strlen(end), end, strlen(end));
    }
    return data;
}

static int opcode_of(const char *name)
{
    static const char *const names[] = {"continuation", "text", "binary"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, names[i]) == 0) {
            return i;
        }
    }
    return strcmp(name, "close") == 0  ? 8
           : strcmp(name, "ping") == 0 ? 9
           : strcmp(name, "pong") == 0 ? 10
                                       : (int)strtol(name + 2, NULL, 10); /* "op3" */
}

static void keep_pace(const struct replay *replay, const cJSON *record)
{
    const uint64_t due_ms =
        replay->started_ms + (uint64_t)(number_of(record, "t", 0) * replay->percent / 100);
    const uint64_t now = now_ms();
    if (replay->percent > 0 && due_ms > now) {
        const struct timespec wait = {(time_t)((due_ms - now) / 1000),
                                      (long)((due_ms - now) % 1000) * 1000000};
        (void)nanosleep(&wait, NULL);
    }
}

/* Connects, and sends a request with the path that this backend has for the recorded one. */
static bool send_request(struct replay *replay, const char *text)
{
    const char *tail = strstr(text, "/websocket");
    const bool is_ours = tail != NULL && strncmp(text + 4, "/community_", 11) == 0;
    replay_end(replay);
    replay->client = client_connect(replay->backend->port);
    replay->is_connected = true;
    replay->started_ms = now_ms();
    if (is_ours) {
        (void)client_send_text(&replay->client, "GET /community");
    }
    (void)client_send_text(&replay->client, is_ours ? tail : text);
    return true;
}

static bool same_header(const char *recorded, const char *received, const char *name)
{
    const char *first = strcasestr(recorded, name);
    const char *second = strcasestr(received, name);
    if (first == NULL || second == NULL) {
        return first == second;
    }
    return strcspn(first, "\r") == strcspn(second, "\r") &&
           strncasecmp(first, second, strcspn(first, "\r")) == 0;
}

static bool compare_answer(struct replay *replay, const char *recorded)
{
    struct response response = {0};
    const char *body = strstr(recorded, "\r\n\r\n") + 4;
    if (!client_response(&replay->client, &response)) {
        return fail(replay, "no HTTP answer");
    }
    const bool same = response.status == (int)strtol(recorded + 9, NULL, 10) &&
                      strcmp(body, response.body) == 0 &&
                      same_header(recorded, response.head, "\nsec-websocket-accept:") &&
                      same_header(recorded, response.head, "\nsec-websocket-protocol:");
    if (!same) {
        (void)fail(replay, "answered %s%s", response.head, response.body);
    }
    response_free(&response);
    return same;
}

static bool send_frame(struct replay *replay, const cJSON *record, int opcode)
{
    size_t len = 0;
    char *payload = payload_text(record, &len);
    const bool is_final = !cJSON_IsFalse(cJSON_GetObjectItem(record, "fin"));
    const bool is_masked = !cJSON_IsFalse(cJSON_GetObjectItem(record, "masked"));
    const int first = (is_final ? 0x80 : 0) | number_of(record, "rsv", 0) << 4 | opcode;
    keep_pace(replay, record);
    (void)client_send_frame(&replay->client, (unsigned char)first, is_masked, payload, len);
    free(payload);
    return true;
}

/* A close frame with one byte is recorded without a code, like an empty one, but costs 1002. */
static bool send_close(struct replay *replay, const cJSON *record)
{
    char payload[130];
    const int code = number_of(record, "code", 0);
    const int half = number_of(record, "half", 0);
    const int len = snprintf(payload + 2, sizeof(payload) - 2, "%s", text_of(record, "reason"));
    payload[0] = (char)(code != 0 ? code >> 8 : 3);
    payload[1] = (char)(code & 0xff);
    (void)client_send_frame(&replay->client, 0x88, true, payload,
                            code != 0 ? (size_t)len + 2 : (size_t)half);
    return true;
}

static void call_as_bob(struct replay *replay, const char *method, const char *tail,
                        const char *body, char *out_id)
{
    char path[256];
    struct response response = {0};
    (void)snprintf(path, sizeof(path), "/api/community/posts%s", tail);
    http_call(replay->backend->port, method, path, "Authorization: Bearer tok-bob\r\n", body,
              strlen(body), &response);
    if (response.status < 200 || response.status > 299) {
        die("%s %s: %d %s", method, path, response.status, response.body);
    }
    cJSON *answer = cJSON_Parse(response.body);
    const char *id = text_of(cJSON_GetObjectItem(answer, "data"), "id");
    if (out_id != NULL) {
        (void)snprintf(out_id, 64, "%s", id);
    }
    cJSON_Delete(answer);
    response_free(&response);
}

/* The recorded text of "body" goes into the request as it is, with all its escapes. */
static void send_body(struct replay *replay, const char *method, const char *tail,
                      const char *message, char *out_id)
{
    char body[1024];
    const char *start = strstr(message, "\"body\":\"") + 8;
    const char *end = start;
    while (*end != '"') {
        end += *end == '\\' ? 2 : 1;
    }
    (void)snprintf(body, sizeof(body), "{\"body\":\"%.*s\"}", (int)(end - start), start);
    call_as_bob(replay, method, tail, body, out_id);
}

static void provoke_new_post(struct replay *replay, const cJSON *payload, const char *text)
{
    char *id = cJSON_PrintUnformatted(cJSON_GetObjectItem(payload, "id"));
    if (strcmp(id, replay->post_recorded) != 0) {
        send_body(replay, "POST", "", text, replay->post_id);
    }
    (void)snprintf(replay->post_recorded, sizeof(replay->post_recorded), "%s", id);
    cJSON_free(id);
}

/* Does what makes a backend say this event, if that is a REST call. */
static void provoke(struct replay *replay, const char *text)
{
    char tail[256];
    cJSON *message = cJSON_Parse(text);
    const char *event = event_of(message);
    const cJSON *payload = payload_of(message);
    (void)snprintf(tail, sizeof(tail), "/%s", replay->post_id);
    if (strcmp(event, "new_post") == 0) {
        provoke_new_post(replay, payload, text);
    } else if (strcmp(event, "post_updated") == 0) {
        send_body(replay, "PUT", tail, text, NULL);
    } else if (strcmp(event, "post_deleted") == 0) {
        call_as_bob(replay, "DELETE", tail, "", NULL);
    } else if (strcmp(event, "post_likes_updated") == 0) {
        (void)snprintf(tail, sizeof(tail), "/%s/like", replay->post_id);
        call_as_bob(replay, "POST", tail, "", NULL);
    } else if (strcmp(event, "post_comments_updated") == 0) {
        const bool is_new = number_of(payload, "comments_count", 0) > 0;
        (void)snprintf(tail, sizeof(tail), "/%s/comments/%s", replay->post_id,
                       is_new ? "" : replay->comment_id);
        tail[strlen(tail) - (is_new ? 1 : 0)] = '\0';
        call_as_bob(replay, is_new ? "POST" : "DELETE", tail, "{\"body\":\"c\"}",
                    replay->comment_id);
    }
    cJSON_Delete(message);
}

static bool compare_frame(struct replay *replay, const cJSON *record, int opcode)
{
    size_t len = 0;
    struct frame frame = {0};
    char *recorded = payload_text(record, &len);
    if (opcode == 1) {
        provoke(replay, recorded);
    }
    bool same = client_frame(&replay->client, &frame);
    if (!same) {
        (void)fail(replay, "the connection ended instead of: %.1000s", recorded);
    } else {
        same = frame.first == (0x80 | opcode) &&
               (opcode == 1 ? same_message(recorded, frame.payload)
                            : frame.len == len && memcmp(frame.payload, recorded, len) == 0);
        if (!same) {
            (void)fail(replay, "expected %.800s\ngot (%02x) %.800s", recorded, frame.first,
                       frame.payload);
        }
    }
    frame_free(&frame);
    free(recorded);
    return same;
}

static bool compare_close(struct replay *replay, int code)
{
    struct frame frame = {0};
    if (!client_frame(&replay->client, &frame)) {
        return fail(replay, "the connection ended without a close frame");
    }
    const bool same = frame.first == 0x88 && frame_close_code(&frame) == code;
    if (!same) {
        (void)fail(replay, "expected close %d, got (%02x) %d %.800s", code, frame.first,
                   frame_close_code(&frame), frame.payload);
    }
    frame_free(&frame);
    return same;
}

static bool from_client(struct replay *replay, const cJSON *record, const char *opcode)
{
    if (strcmp(opcode, "http") == 0) {
        return send_request(replay, text_of(record, "data"));
    }
    if (strcmp(opcode, "tcp") == 0) {
        (void)shutdown(replay->client.fd, SHUT_WR);
        return true;
    }
    return strcmp(opcode, "close") == 0 ? send_close(replay, record)
                                        : send_frame(replay, record, opcode_of(opcode));
}

static bool from_server(struct replay *replay, const cJSON *record, const char *opcode)
{
    if (strcmp(opcode, "http") == 0) {
        return compare_answer(replay, text_of(record, "data"));
    }
    if (strcmp(opcode, "tcp") == 0) {
        return client_ends(&replay->client) || fail(replay, "the connection did not end");
    }
    return strcmp(opcode, "close") == 0 ? compare_close(replay, number_of(record, "code", 0))
                                        : compare_frame(replay, record, opcode_of(opcode));
}

/* {"ev":"open"} and {"ev":"http"} leave out the request: it is the plain one. */
static bool open_plain(struct replay *replay, const char *query)
{
    char request[512];
    (void)snprintf(request, sizeof(request),
                   "GET /community/websocket?%s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                   "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                   query);
    return send_request(replay, request);
}

static bool compare_status(struct replay *replay, const cJSON *record)
{
    char answer[512];
    (void)snprintf(answer, sizeof(answer), "HTTP/1.1 %d\r\n\r\n%s", number_of(record, "status", 0),
                   text_of(record, "body"));
    return compare_answer(replay, answer);
}

/* An end with 1000 is the client's own doing, any other the server's. */
static bool compare_end(struct replay *replay, int code)
{
    if (code == 1000) {
        (void)client_send_frame(&replay->client, 0x88, true, "\x03\xe8", 2);
    }
    return compare_close(replay, code) &&
           (client_ends(&replay->client) || fail(replay, "something came after the close"));
}

static bool event_record(struct replay *replay, const cJSON *record, const char *event)
{
    char query[128];
    (void)snprintf(query, sizeof(query), "token=%s&vsn=%s", replay->token, replay->vsn);
    if (strcmp(event, "open") == 0) {
        return open_plain(replay, query) &&
               compare_answer(replay, "HTTP/1.1 101\r\n"
                                      "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    }
    if (strcmp(event, "upgrade") == 0) {
        return send_request(replay, text_of(record, "request")) &&
               compare_answer(replay, text_of(record, "response"));
    }
    if (strcmp(event, "http") == 0 && cJSON_GetObjectItem(record, "method") != NULL) {
        return replay_longpoll(replay, record);
    }
    if (strcmp(event, "http") == 0) {
        return open_plain(replay, query) && compare_status(replay, record);
    }
    return compare_end(replay, number_of(record, "code", 0));
}

bool replay_record(struct replay *replay, const cJSON *record)
{
    const char *event = text_of(record, "ev");
    const char *opcode = text_of(record, "opcode");
    if (event[0] != '\0') {
        return event_record(replay, record, event);
    }
    if (opcode[0] == '\0') {
        return true; /* a note */
    }
    return strcmp(text_of(record, "dir"), "c2s") == 0 ? from_client(replay, record, opcode)
                                                      : from_server(replay, record, opcode);
}

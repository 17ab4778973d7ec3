/* SPDX-License-Identifier: MIT */
/*
 * REST requests: method, URL, headers and body of each call.
 */
#include "community/rest_call.h"

#include <stdio.h>
#include <string.h>

#include "wire/json.h"
#include "wire/url.h"

/* What stands in `path` for an id, percent-encoded. */
static const struct {
    const char *method;
    const char *path;
    bool is_write;
    bool has_text;
} calls[COMMUNITYI_CALL_KIND_COUNT] = {
    [COMMUNITYI_CALL_LIST_POSTS] = {"GET", "/posts", false, false},
    [COMMUNITYI_CALL_CREATE_POST] = {"POST", "/posts", true, true},
    [COMMUNITYI_CALL_EDIT_POST] = {"PUT", "/posts/P", true, true},
    [COMMUNITYI_CALL_DELETE_POST] = {"DELETE", "/posts/P", true, false},
    [COMMUNITYI_CALL_TOGGLE_LIKE] = {"POST", "/posts/P/like", true, false},
    [COMMUNITYI_CALL_CREATE_COMMENT] = {"POST", "/posts/P/comments", true, true},
    [COMMUNITYI_CALL_DELETE_COMMENT] = {"DELETE", "/posts/P/comments/C", true, false},
};

size_t communityi_call_bytes(const communityi_call *call)
{
    return call->post_id.length + call->comment_id.length + call->text.length + 3;
}

const char *communityi_rest_method(communityi_call_kind kind)
{
    return calls[kind].method;
}

bool communityi_rest_is_write(communityi_call_kind kind)
{
    return calls[kind].is_write;
}

bool communityi_rest_is_whole(const communityi_call *call)
{
    const char *path = calls[call->kind].path;
    return (strchr(path, 'P') == NULL || call->post_id.length > 0) &&
           (strchr(path, 'C') == NULL || call->comment_id.length > 0) &&
           (!calls[call->kind].has_text || call->text.length > 0);
}

static phx_status append_path(const communityi_call *call, phxi_buffer *url)
{
    phx_status status = PHX_OK;
    for (const char *next = calls[call->kind].path; *next != '\0' && status == PHX_OK; next++) {
        if (*next == 'P') {
            status = phxi_url_append_encoded(url, call->post_id.data, call->post_id.length);
        } else if (*next == 'C') {
            status = phxi_url_append_encoded(url, call->comment_id.data, call->comment_id.length);
        } else {
            status = phxi_buffer_append_byte(url, (uint8_t)*next);
        }
    }
    return status;
}

static phx_status append_query(const communityi_call *call, phxi_buffer *url)
{
    if (call->kind != COMMUNITYI_CALL_LIST_POSTS) {
        return PHX_OK;
    }
    char limit[16];
    int length = snprintf(limit, sizeof limit, "%u", (unsigned)call->limit);
    phx_status status = phxi_url_append_query(url, "limit", limit, (size_t)length);
    if (status == PHX_OK && call->post_id.data != NULL) {
        status = phxi_url_append_query(url, "before", call->post_id.data, call->post_id.length);
    }
    return status;
}

static phx_status append_body(const communityi_call *call, phxi_buffer *body)
{
    if (!calls[call->kind].has_text) {
        return PHX_OK;
    }
    const phxi_json_member member = {.name = "body", .text = call->text};
    return phxi_json_append_object(body, &member, 1);
}

phx_status communityi_rest_compose(const communityi_call *call, const char *api_url,
                                   phxi_buffer *url, phxi_buffer *body)
{
    phx_status status = phxi_buffer_append_text(url, api_url);
    while (url->length > 0 && url->data[url->length - 1] == '/') {
        url->length--;
    }
    if (status == PHX_OK) {
        status = append_path(call, url);
    }
    if (status == PHX_OK) {
        status = append_query(call, url);
    }
    if (status == PHX_OK) {
        status = phxi_buffer_append_byte(url, '\0');
    }
    return status == PHX_OK ? append_body(call, body) : status;
}

phx_status communityi_rest_authorization(const char *token, size_t length, phxi_buffer *out)
{
    if (length == 0) {
        return PHX_ERROR_KEYCHAIN;
    }
    for (size_t i = 0; i < length; i++) {
        if (token[i] <= ' ' || token[i] > '~') {
            return PHX_ERROR_KEYCHAIN;
        }
    }
    phx_status status = phxi_buffer_append_text(out, "Bearer ");
    if (status == PHX_OK) {
        status = phxi_buffer_append(out, token, length);
    }
    return status == PHX_OK ? phxi_buffer_append_byte(out, '\0') : status;
}

void communityi_rest_key_text(const uint8_t key[COMMUNITYI_KEY_BYTES],
                              char out[COMMUNITYI_KEY_TEXT_BYTES])
{
    for (size_t i = 0; i < COMMUNITYI_KEY_BYTES; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", (unsigned)key[i]);
    }
}

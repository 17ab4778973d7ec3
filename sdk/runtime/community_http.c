/* SPDX-License-Identifier: MIT */
/*
 * One REST request on its way out: the token out of the keychain into its header, and both wiped
 * again.
 */
#include "runtime/community_client.h"
#include "support/alloc.h"

enum {
    MAX_URL_BYTES = 65536,
    MAX_BODY_BYTES = 32 << 20,
    MAX_RESPONSE_BYTES = 32 << 20
};

bool communityi_http_is_token_failure(phx_status status)
{
    return status == PHX_ERROR_NO_TOKEN || status == PHX_ERROR_KEYCHAIN ||
           status == PHX_ERROR_KEYCHAIN_PERMISSIONS;
}

static phx_status read_authorization(const community_client *client, bool is_refresh,
                                     phxi_buffer *out)
{
    char token[PHX_MAX_TOKEN_BYTES];
    size_t length = 0;
    const phx_keychain *keychain = client->keychain;
    phx_status status =
        keychain->read(keychain->user_data, is_refresh, token, sizeof token, &length);
    if (status == PHX_OK && length > sizeof token) {
        status = PHX_ERROR_KEYCHAIN;
    }
    if (status == PHX_OK) {
        status = communityi_rest_authorization(token, length, out);
    }
    phxi_wipe(token, sizeof token);
    return status;
}

typedef struct request_parts {
    phxi_buffer authorization;
    phxi_buffer url;
    phxi_buffer body;
} request_parts;

static phx_status compose(const community_client *client, const communityi_call *call,
                          bool is_refresh, request_parts *parts)
{
    phxi_buffer_init(&parts->authorization, &client->allocator, PHX_MAX_TOKEN_BYTES + 16);
    parts->authorization.is_secret = true;
    phxi_buffer_init(&parts->url, &client->allocator, MAX_URL_BYTES);
    phxi_buffer_init(&parts->body, &client->allocator, MAX_BODY_BYTES);
    phx_status status = read_authorization(client, is_refresh, &parts->authorization);
    return status == PHX_OK
               ? communityi_rest_compose(call, client->api_url, &parts->url, &parts->body)
               : status;
}

phx_status communityi_http_send(community_client *client, const communityi_call *call,
                                bool is_refresh, const char *key_text, phx_http_done_fn done,
                                void *done_user_data, uint64_t *out_http_id)
{
    *out_http_id = 0;
    request_parts parts;
    phx_status status = compose(client, call, is_refresh, &parts);
    if (status == PHX_OK) {
        phx_header headers[4] = {
            {"Authorization", (const char *)parts.authorization.data},
            {"Accept", "application/json"},
        };
        size_t header_count = 2;
        if (parts.body.length > 0) {
            headers[header_count++] = (phx_header){"Content-Type", "application/json"};
        }
        if (key_text != NULL) {
            headers[header_count++] = (phx_header){"Idempotency-Key", key_text};
        }
        const phx_http_request request = {
            .struct_size = (uint32_t)sizeof request,
            .method = communityi_rest_method(call->kind),
            .url = (const char *)parts.url.data,
            .headers = headers,
            .header_count = header_count,
            .body = parts.body.data,
            .body_length = parts.body.length,
            .timeout_ms = client->config.request_timeout_ms,
            .max_response_bytes = MAX_RESPONSE_BYTES,
        };
        status = client->http->send(client->http->user_data, &request, done, done_user_data,
                                    out_http_id);
    }
    phxi_buffer_free(&parts.authorization);
    phxi_buffer_free(&parts.url);
    phxi_buffer_free(&parts.body);
    return status;
}

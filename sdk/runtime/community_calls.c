/* SPDX-License-Identifier: MIT */
/*
 * The public REST calls: each checks its texts and becomes an operation.
 */
#include <string.h>

#include "runtime/community_client.h"
#include "wire/utf8.h"

enum {
    MAX_ID_BYTES = 1024,
    MAX_TEXT_BYTES = 4 << 20
};

/* False: empty, too long, or not UTF-8. */
static bool take_text(const char *text, size_t max_bytes, phx_slice *out)
{
    size_t length = text == NULL ? 0 : strnlen(text, max_bytes + 1);
    *out = (phx_slice){text, length};
    return length > 0 && length <= max_bytes && phxi_utf8_is_valid(text, length);
}

static phx_status submit(community_client *client, const communityi_operation *operation,
                         community_request *out_request)
{
    uint64_t id = 0;
    phx_status status = PHX_ERROR_UNSUPPORTED;
    if (client->api_url != NULL) {
        status = communityi_operation_add(client, operation, &id);
    }
    if (out_request != NULL) {
        out_request->id = id;
    }
    return status;
}

static phx_status submit_call(community_client *client, const communityi_call *call,
                              community_done_fn done, void *user_data,
                              community_request *out_request)
{
    const communityi_operation operation = {.call = *call, .done = done, .user_data = user_data};
    return submit(client, &operation, out_request);
}

static phx_status refuse(community_request *out_request)
{
    if (out_request != NULL) {
        out_request->id = 0;
    }
    return PHX_ERROR_INVALID_ARGUMENT;
}

phx_status community_client_list_posts(community_client *client, uint32_t limit,
                                       const char *before_id, community_done_fn done,
                                       void *user_data, community_request *out_request)
{
    communityi_call call = {
        .kind = COMMUNITYI_CALL_LIST_POSTS,
        .limit = limit == 0 ? client->config.page_posts : limit,
    };
    if (before_id != NULL && !take_text(before_id, MAX_ID_BYTES, &call.post_id)) {
        return refuse(out_request);
    }
    return submit_call(client, &call, done, user_data, out_request);
}

phx_status community_client_load_older(community_client *client, community_done_fn done,
                                       void *user_data, community_request *out_request)
{
    const communityi_operation older = {
        .is_older = true,
        .call.kind = COMMUNITYI_CALL_LIST_POSTS,
        .done = done,
        .user_data = user_data,
    };
    return submit(client, &older, out_request);
}

phx_status community_client_create_post(community_client *client, const char *body,
                                        community_done_fn done, void *user_data,
                                        community_request *out_request)
{
    communityi_call call = {.kind = COMMUNITYI_CALL_CREATE_POST};
    if (!take_text(body, MAX_TEXT_BYTES, &call.text)) {
        return refuse(out_request);
    }
    return submit_call(client, &call, done, user_data, out_request);
}

phx_status community_client_edit_post(community_client *client, const char *post_id,
                                      const char *body, community_done_fn done, void *user_data,
                                      community_request *out_request)
{
    communityi_call call = {.kind = COMMUNITYI_CALL_EDIT_POST};
    if (!take_text(post_id, MAX_ID_BYTES, &call.post_id) ||
        !take_text(body, MAX_TEXT_BYTES, &call.text)) {
        return refuse(out_request);
    }
    return submit_call(client, &call, done, user_data, out_request);
}

phx_status community_client_delete_post(community_client *client, const char *post_id,
                                        community_done_fn done, void *user_data,
                                        community_request *out_request)
{
    communityi_call call = {.kind = COMMUNITYI_CALL_DELETE_POST};
    if (!take_text(post_id, MAX_ID_BYTES, &call.post_id)) {
        return refuse(out_request);
    }
    return submit_call(client, &call, done, user_data, out_request);
}

phx_status community_client_toggle_like(community_client *client, const char *post_id,
                                        community_done_fn done, void *user_data,
                                        community_request *out_request)
{
    communityi_call call = {.kind = COMMUNITYI_CALL_TOGGLE_LIKE};
    if (!take_text(post_id, MAX_ID_BYTES, &call.post_id)) {
        return refuse(out_request);
    }
    return submit_call(client, &call, done, user_data, out_request);
}

phx_status community_client_create_comment(community_client *client, const char *post_id,
                                           const char *body, community_done_fn done,
                                           void *user_data, community_request *out_request)
{
    communityi_call call = {.kind = COMMUNITYI_CALL_CREATE_COMMENT};
    if (!take_text(post_id, MAX_ID_BYTES, &call.post_id) ||
        !take_text(body, MAX_TEXT_BYTES, &call.text)) {
        return refuse(out_request);
    }
    return submit_call(client, &call, done, user_data, out_request);
}

phx_status community_client_delete_comment(community_client *client, const char *post_id,
                                           const char *comment_id, community_done_fn done,
                                           void *user_data, community_request *out_request)
{
    communityi_call call = {.kind = COMMUNITYI_CALL_DELETE_COMMENT};
    if (!take_text(post_id, MAX_ID_BYTES, &call.post_id) ||
        !take_text(comment_id, MAX_ID_BYTES, &call.comment_id)) {
        return refuse(out_request);
    }
    return submit_call(client, &call, done, user_data, out_request);
}

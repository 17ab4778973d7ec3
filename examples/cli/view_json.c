/* SPDX-License-Identifier: MIT */
/*
 * watch --json: one object a line, and at the end the counters and the whole feed.
 */
#include "view.h"

#include "json_out.h"

#include <unistd.h>

static void status(struct view *view, const community_status *status)
{
    json_status(&view->out, status);
}

static void batch(struct view *view, const community_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        json_change(&view->out, &batch->changes[i], batch->snapshot);
    }
}

static void error(struct view *view, const phx_error *error)
{
    json_error(&view->out, error);
}

static void end(struct view *view)
{
    community_stats stats = {.struct_size = (uint32_t)sizeof stats};
    community_status status = {.struct_size = (uint32_t)sizeof status};
    community_client_read_stats(view->client, &stats);
    community_client_read_status(view->client, &status);
    const community_snapshot *snapshot = community_client_snapshot(view->client);
    json_stats(&view->out, &stats);
    json_snapshot(&view->out, &status, snapshot);
    community_snapshot_release(snapshot);
}

struct view *view_json(community_client *client)
{
    static struct view json = {.status = status, .batch = batch, .error = error, .end = end};
    json.client = client;
    out_init(&json.out, STDOUT_FILENO);
    return &json;
}

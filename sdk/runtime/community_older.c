/* SPDX-License-Identifier: MIT */
/*
 * Pages below the feed: calls of community_client_load_older, one after the other, and the sync,
 * which knows when a page may be asked for and what it adds. Knows nothing of HTTP: the page goes
 * the way of all that the sync wants.
 */
#include <stdio.h>

#include "runtime/community_client.h"
#include "support/config.h"

void communityi_older_ask(community_client *client)
{
    if (communityi_operations_older(client) == NULL) {
        communityi_sync_drop_older(client->sync);
    } else {
        communityi_sync_want_older(client->sync, communityi_client_now_ms(client));
    }
}

void communityi_older_failed(community_client *client, const phx_error *error)
{
    phxi_config_copy(&client->older_error, sizeof client->older_error, error);
    (void)snprintf(client->older_message, sizeof client->older_message, "%s",
                   error->message == NULL ? "" : error->message);
    client->older_error.struct_size = (uint32_t)sizeof client->older_error;
    client->older_error.message = client->older_message;
}

static void interpret(const community_client *client, const communityi_older *older,
                      communityi_answer *out)
{
    communityi_rest_fail(out, older->status, false);
    if (older->status == PHX_OK) {
        out->result.posts = older->posts;
        out->result.post_count = older->count;
    } else if (older->reason != NULL) {
        out->result.error.message = older->reason;
    } else if (older->status == client->older_error.status && client->older_message[0] != '\0') {
        out->result.error = client->older_error;
    }
}

void communityi_older_settle(community_client *client)
{
    const communityi_older *older = communityi_sync_older(client->sync);
    communityi_operation *operation = communityi_operations_older(client);
    if (older == NULL || operation == NULL) {
        return;
    }
    communityi_answer answer;
    interpret(client, older, &answer);
    client->needs_turn = true; /* for the next one */
    communityi_operation_complete(operation, &answer);
    communityi_sync_drop_older(client->sync);
}

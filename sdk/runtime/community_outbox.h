/* SPDX-License-Identifier: MIT */
/*
 * What the outbox's files offer the client's others. All on the loop's thread, but for the counts.
 */
#ifndef COMMUNITYI_RUNTIME_OUTBOX_H
#define COMMUNITYI_RUNTIME_OUTBOX_H

#include "runtime/community_client.h"

/* --- community_outbox.c --- */

/* A write that was accepted: it is the outbox's from now on. PHX_ERROR_SYSTEM: it is not. */
PHX_MUST_CHECK phx_status communityi_outbox_take(communityi_operation *operation);
/* A write that never came into the outbox, and completed with `result`: tells of its outcome. */
void communityi_outbox_turned_away(communityi_operation *operation, const community_result *result);
/* One of an earlier run, by the order of its number. */
void communityi_outbox_restored(communityi_operation *operation);
/* Sends what is due, records it before, and tells of outcomes. `answered`: whose answer `result`
 * is; NULL: no answer came. */
void communityi_outbox_pump(community_client *client, const communityi_operation *answered,
                            const community_result *result);
/* Does what the app asked for from other threads. */
void communityi_outbox_take_orders(community_client *client);
/* Makes the feed show the likes that wait. */
void communityi_outbox_show_likes(community_client *client);
/* Tells the app if the list changed. */
void communityi_outbox_flush(community_client *client);
/* The client ends: what waits stays in the storage, and its calls end with PHX_ERROR_CLOSED. */
void communityi_outbox_close(community_client *client);

/* --- community_outbox_records.c --- */

/* A record of an earlier run; they come in the order of their numbers, before anything is taken. */
void communityi_outbox_records_load(community_client *client, const community_record *record);
/* With the next commit, or soon. put: PHX_ERROR_NO_MEMORY, PHX_ERROR_QUEUE_FULL. */
PHX_MUST_CHECK phx_status communityi_outbox_records_put(communityi_operation *operation);
void communityi_outbox_records_erase(community_client *client, uint64_t number);
/* All that was put and erased is safe; else why not. PHX_OK without a storage. */
PHX_MUST_CHECK phx_status communityi_outbox_records_commit(community_client *client);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The outbox at work: operations that are kept go through its rules, their records to the storage
 * before anything of them goes to the network, and their outcomes to the app. All on the loop's
 * thread.
 */
#include <stdio.h>
#include <string.h>

#include "community/outbox_list.h"
#include "runtime/community_outbox.h"

static communityi_operation *operation_of(communityi_outbox_item *item)
{
    return (communityi_operation *)(void *)((char *)item - offsetof(communityi_operation, item));
}

/* `is_urgent`: its record is to be safe before anything else happens. */
static void touch(communityi_operation *operation, bool is_urgent)
{
    operation->is_dirty = true;
    operation->is_urgent = operation->is_urgent || is_urgent;
    operation->client->is_outbox_changed = true;
    operation->client->needs_turn = true;
}

phx_status communityi_outbox_take(communityi_operation *operation)
{
    community_client *client = operation->client;
    communityi_outbox_item *item = &operation->item;
    /* A toggle is meant for what the user sees. */
    communityi_outbox_show_likes(client);
    item->call = &operation->call;
    item->id = operation->id;
    if (operation->call.kind == COMMUNITYI_CALL_TOGGLE_LIKE) {
        item->wish = communityi_likes_wish(&client->likes, operation->call.post_id);
    }
    phx_status status = communityi_operation_make_key(operation);
    if (status == PHX_OK) {
        operation->is_in_outbox = true;
        communityi_outbox_add(&client->outbox, item, communityi_client_now_ms(client),
                              phx_loop_wall_ms(client->loop));
        touch(operation, true);
    }
    return status;
}

void communityi_outbox_restored(communityi_operation *operation)
{
    community_client *client = operation->client;
    operation->item.call = &operation->call;
    operation->item.id = operation->id;
    operation->is_in_outbox = true;
    operation->is_recorded = true;
    communityi_outbox_restore(&client->outbox, &operation->item, communityi_client_now_ms(client),
                              phx_loop_wall_ms(client->loop));
    client->is_outbox_changed = true;
}

/* Out of the outbox, without a word. */
static void drop(communityi_operation *operation)
{
    community_client *client = operation->client;
    communityi_outbox_remove(&client->outbox, &operation->item);
    client->is_outbox_changed = true;
    communityi_operation_free(operation);
}

/* The oldest that failed give way to what is new. */
static void make_room(community_client *client)
{
    communityi_outbox *outbox = &client->outbox;
    size_t bytes = 0;
    for (communityi_outbox_item *item = outbox->first; item != NULL; item = item->next) {
        bytes += communityi_call_bytes(item->call);
    }
    communityi_outbox_item *item = communityi_outbox_oldest_failed(outbox);
    while (item != NULL && (outbox->count > client->config.outbox_max_items ||
                            bytes > client->config.outbox_max_bytes)) {
        bytes -= communityi_call_bytes(item->call);
        communityi_outbox_records_erase(client, item->number);
        drop(operation_of(item));
        item = communityi_outbox_oldest_failed(outbox);
    }
}

/* --- answers --- */

static void on_answer(void *user_data, const phx_http_response *response);

static void fail(communityi_operation *operation, phx_status status)
{
    communityi_answer answer;
    communityi_rest_fail(&answer, status, false);
    communityi_outbox_answer(&operation->client->outbox, &operation->item, &answer.result,
                             communityi_client_now_ms(operation->client));
    operation->is_refresh = false;
    touch(operation, false);
}

static void send(communityi_operation *operation)
{
    community_client *client = operation->client;
    communityi_count(client, &client->stats.requests);
    phx_status status =
        communityi_http_send(client, &operation->call, operation->is_refresh, operation->key_text,
                             on_answer, operation, &operation->http_id);
    if (status != PHX_OK) {
        fail(operation, status);
    }
}

static void on_answer(void *user_data, const phx_http_response *response)
{
    communityi_operation *operation = user_data;
    community_client *client = operation->client;
    operation->http_id = 0;
    client->needs_turn = true;
    /* A refused token means that nothing was done: a fresh one may do it. */
    if (response->error.status == PHX_OK && response->error.http_status == 401 &&
        !operation->is_refresh) {
        operation->is_refresh = true;
        send(operation);
        return;
    }
    operation->is_refresh = false;
    phx_allocator allocator = client->allocator;
    communityi_answer answer;
    communityi_rest_interpret(&allocator, operation->call.kind, response, &answer);
    communityi_outbox_answer(&client->outbox, &operation->item, &answer.result,
                             communityi_client_now_ms(client));
    touch(operation, false);
    if (operation->item.outcome == COMMUNITY_OUTCOME_DONE &&
        operation->call.kind == COMMUNITYI_CALL_TOGGLE_LIKE) {
        communityi_likes_done(&client->likes, &operation->item, answer.result.post);
    }
    communityi_outbox_pump(client, operation, &answer.result);
    communityi_answer_free(&allocator, &answer);
}

/* --- outcomes --- */

static void publish_list(community_client *client)
{
    const community_outbox *list = communityi_outbox_list_new(&client->allocator, &client->outbox);
    if (list == NULL) {
        client->is_outbox_changed = true; /* the old one stays until a turn finds memory */
        return;
    }
    client->is_outbox_changed = false;
    communityi_client_lock(client);
    const community_outbox *before = client->outbox_list;
    client->outbox_list = list;
    communityi_client_unlock(client);
    community_outbox_release(before);
}

static void tell_app(community_client *client, const community_outbox_event *filled)
{
    community_outbox_event event = *filled;
    event.struct_size = (uint32_t)sizeof event;
    if (client->config.on_outbox != NULL && communityi_client_is_live(client)) {
        event.outbox = community_client_outbox(client);
        client->config.on_outbox(client->config.user_data, &event);
        community_outbox_release(event.outbox);
    }
}

static community_result unanswered(const communityi_outbox_item *item)
{
    communityi_answer answer;
    communityi_rest_fail(&answer, item->status, item->is_uncertain);
    answer.result.error.http_status = item->http_status;
    answer.result.error.message = item->reason;
    return answer.result;
}

/* The one outcome of an item. Its record is settled already. */
static void tell(communityi_operation *operation, const community_result *answer)
{
    community_client *client = operation->client;
    communityi_outbox_item *item = &operation->item;
    const community_result result = answer != NULL ? *answer : unanswered(item);
    const community_outbox_item shown = communityi_outbox_show(item);
    community_done_fn done = operation->done;
    operation->done = NULL;
    item->is_told = true;
    communityi_operation_count_out(operation);
    bool stays = communityi_outbox_stays(item);
    if (!stays) {
        communityi_outbox_remove(&client->outbox, item);
    }
    if (item->outcome != COMMUNITY_OUTCOME_DONE) {
        communityi_count(client, &client->stats.requests_failed);
    }
    publish_list(client);
    if (done != NULL) {
        done(operation->user_data, &result);
    }
    tell_app(client, &(community_outbox_event){
                         .outcome = shown.outcome, .item = &shown, .result = &result});
    if (!stays) {
        communityi_operation_free(operation);
    }
}

void communityi_outbox_turned_away(communityi_operation *operation, const community_result *result)
{
    communityi_outbox_item *item = &operation->item;
    phx_status status = result->error.status;
    item->call = &operation->call;
    item->id = operation->id;
    item->created_at_ms = phx_loop_wall_ms(operation->client->loop);
    item->state = COMMUNITY_OUTBOX_FAILED;
    item->outcome =
        status == PHX_ERROR_CANCELLED ? COMMUNITY_OUTCOME_CANCELLED : COMMUNITY_OUTCOME_REFUSED;
    item->status = status;
    (void)snprintf(item->reason, sizeof item->reason, "%s", result->error.message);
    const community_outbox_item shown = communityi_outbox_show(item);
    tell_app(operation->client,
             &(community_outbox_event){.outcome = shown.outcome, .item = &shown, .result = result});
}

/* --- the turn --- */

static void set_recorded(community_client *client)
{
    bool is_open = communityi_storage_is_open(client);
    for (communityi_outbox_item *item = client->outbox.first; item != NULL; item = item->next) {
        operation_of(item)->is_recorded = is_open;
    }
}

static phx_status write_record(communityi_operation *operation)
{
    communityi_outbox_item *item = &operation->item;
    phx_status status = PHX_OK;
    if (item->outcome == COMMUNITY_OUTCOME_NONE || communityi_outbox_stays(item)) {
        status = communityi_outbox_records_put(operation);
    } else {
        communityi_outbox_records_erase(operation->client, item->number);
    }
    /* What the storage has of it would be sent again; its text is kept as soon as there is room. */
    operation->is_unkept = status != PHX_OK && item->outcome != COMMUNITY_OUTCOME_NONE;
    if (operation->is_unkept) {
        communityi_outbox_records_erase(operation->client, item->number);
    }
    operation->is_dirty = operation->is_urgent = false;
    return status;
}

/* All that changed; at once, if some of it is urgent. */
static phx_status write_records(community_client *client)
{
    bool is_urgent = false;
    phx_status status = PHX_OK;
    for (communityi_outbox_item *item = client->outbox.first; item != NULL; item = item->next) {
        communityi_operation *operation = operation_of(item);
        bool has_ended = item->outcome != COMMUNITY_OUTCOME_NONE && !item->is_told;
        if (operation->is_dirty || has_ended || operation->is_unkept) {
            is_urgent = is_urgent || has_ended || operation->is_urgent;
            phx_status written = write_record(operation);
            status = status == PHX_OK ? written : status;
        }
    }
    phx_status committed = is_urgent ? communityi_outbox_records_commit(client) : PHX_OK;
    if (is_urgent && committed == PHX_OK) {
        set_recorded(client);
    }
    return status == PHX_OK ? committed : status;
}

/* Whether a request may go out although its record is not known to say so: only if no restart can
 * send it again, or if that does no harm. */
static bool may_go_unrecorded(const communityi_operation *operation)
{
    return !operation->is_recorded || operation->client->config.is_backend_idempotent;
}

/* Records first: what is on its way, and what has ended. */
static communityi_operation *record(community_client *client, communityi_outbox_item *due)
{
    communityi_operation *operation = NULL;
    if (due != NULL) {
        operation = operation_of(due);
        communityi_outbox_send(&client->outbox, due);
        touch(operation, true);
    }
    phx_status status = write_records(client);
    if (status != PHX_OK && operation != NULL && !may_go_unrecorded(operation)) {
        fail(operation, status);
        operation = NULL;
    }
    return operation;
}

/* One that failed while its record was written has its turn next time. */
static void tell_ended(community_client *client, const communityi_operation *answered,
                       const community_result *result)
{
    communityi_outbox_item *item = communityi_outbox_next_ended(&client->outbox);
    while (item != NULL && !operation_of(item)->is_dirty) {
        tell(operation_of(item), operation_of(item) == answered ? result : NULL);
        item = communityi_outbox_next_ended(&client->outbox);
    }
}

void communityi_outbox_pump(community_client *client, const communityi_operation *answered,
                            const community_result *result)
{
    communityi_outbox *outbox = &client->outbox;
    uint64_t now_ms = communityi_client_now_ms(client);
    const uint32_t needed = (uint32_t)COMMUNITYI_FACT_FOREGROUND |
                            (uint32_t)COMMUNITYI_FACT_NETWORK | (uint32_t)COMMUNITYI_FACT_LOGGED_IN;
    communityi_outbox_set_open(outbox, client->api_url != NULL &&
                                           (client->lifecycle.facts & needed) == needed);
    communityi_outbox_advance(outbox, now_ms);
    make_room(client);
    communityi_operation *due = record(client, communityi_outbox_due(outbox, now_ms));
    if (due != NULL) {
        send(due);
    }
    communityi_outbox_show_likes(client);
    tell_ended(client, answered, result);
}

void communityi_outbox_show_likes(community_client *client)
{
    if (!communityi_likes_refresh(&client->likes, &client->outbox)) {
        communityi_sync_lost(client->sync, communityi_client_now_ms(client));
    }
}

void communityi_outbox_flush(community_client *client)
{
    if (client->is_outbox_changed) {
        publish_list(client);
        tell_app(client, &(community_outbox_event){.outcome = COMMUNITY_OUTCOME_NONE});
    }
}

/* --- orders of the app --- */

static void cancel(communityi_operation *operation)
{
    community_client *client = operation->client;
    communityi_outbox_item *item = &operation->item;
    if (operation->http_id != 0) {
        client->http->cancel(client->http->user_data, operation->http_id);
        operation->http_id = 0;
    }
    if (item->is_told) {
        communityi_outbox_records_erase(client, item->number);
        drop(operation);
    } else if (item->outcome == COMMUNITY_OUTCOME_NONE) {
        communityi_outbox_end(&client->outbox, item, COMMUNITY_OUTCOME_CANCELLED,
                              PHX_ERROR_CANCELLED);
        touch(operation, true);
    }
}

static void retry(communityi_operation *operation)
{
    community_client *client = operation->client;
    communityi_outbox_item *item = &operation->item;
    if (!item->is_told) {
        return;
    }
    if (item->outcome != COMMUNITY_OUTCOME_UNKNOWN &&
        communityi_operation_make_key(operation) != PHX_OK) {
        return; /* it stays as it is */
    }
    communityi_outbox_records_erase(client, item->number);
    communityi_outbox_retry(&client->outbox, item, communityi_client_now_ms(client),
                            phx_loop_wall_ms(client->loop));
    communityi_operation_count_in(operation);
    operation->is_recorded = false;
    touch(operation, true);
}

void communityi_outbox_take_orders(community_client *client)
{
    communityi_outbox_item *next = client->outbox.first;
    uint64_t last_number = client->outbox.last_number;
    while (next != NULL && next->number <= last_number) {
        communityi_operation *operation = operation_of(next);
        next = next->next;
        communityi_client_lock(client);
        bool is_cancelled = operation->is_cancelled;
        bool is_retried = operation->is_retried;
        operation->is_retried = false;
        communityi_client_unlock(client);
        if (is_cancelled) {
            cancel(operation);
        } else if (is_retried) {
            retry(operation);
        }
    }
}

void communityi_outbox_close(community_client *client)
{
    communityi_operations_take_kept(client);
    phx_status status = write_records(client);
    (void)status; /* the storage has reported it */
    while (client->outbox.first != NULL) {
        communityi_operation *operation = operation_of(client->outbox.first);
        communityi_outbox_item *item = &operation->item;
        bool may_be_done = communityi_outbox_may_be_sent(item);
        if (operation->http_id != 0) {
            client->http->cancel(client->http->user_data, operation->http_id);
        }
        communityi_outbox_remove(&client->outbox, item);
        if (operation->done != NULL) {
            communityi_answer answer;
            communityi_rest_fail(&answer, PHX_ERROR_CLOSED, may_be_done);
            operation->done(operation->user_data, &answer.result);
        }
        communityi_operation_free(operation);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * Operations: REST calls and logins from their acceptance on any thread to their one completion on
 * the loop's. Each is one block; whoever unlinks it completes it.
 */
#include <string.h>

#include "runtime/community_outbox.h"
#include "support/alloc.h"

static void link_last(communityi_operation_list *list, communityi_operation *operation)
{
    operation->previous = list->last;
    operation->next = NULL;
    *(list->last == NULL ? &list->first : &list->last->next) = operation;
    list->last = operation;
}

static void unlink_from(communityi_operation_list *list, communityi_operation *operation)
{
    *(operation->previous == NULL ? &list->first : &operation->previous->next) = operation->next;
    *(operation->next == NULL ? &list->last : &operation->next->previous) = operation->previous;
}

/* Moves a text into the operation's own block, with a NUL behind it. */
static char *copy_slice(phx_slice *slice, char *room)
{
    if (slice->data == NULL) {
        return room;
    }
    memcpy(room, slice->data, slice->length);
    room[slice->length] = '\0';
    slice->data = room;
    return room + slice->length + 1;
}

static communityi_operation *copy_operation(const phx_allocator *allocator,
                                            const communityi_operation *filled)
{
    size_t bytes = sizeof *filled + communityi_call_bytes(&filled->call);
    communityi_operation *operation = phxi_alloc(allocator, bytes);
    if (operation != NULL) {
        *operation = *filled;
        operation->block_bytes = bytes;
        char *room = (char *)(operation + 1);
        room = copy_slice(&operation->call.post_id, room);
        room = copy_slice(&operation->call.comment_id, room);
        (void)copy_slice(&operation->call.text, room);
    }
    return operation;
}

/* A login's text is a token, so all blocks are wiped. */
static void free_operation(communityi_operation *operation)
{
    phx_allocator allocator = operation->client->allocator;
    phxi_wipe(operation, operation->block_bytes);
    phxi_free(&allocator, operation);
}

/* The lock is held in these three. */
static void count_in(communityi_operation *operation)
{
    communityi_mailbox *mailbox = &operation->client->mailbox;
    operation->is_counted = true;
    if (operation->is_kept) {
        mailbox->kept_count++;
        mailbox->kept_bytes += communityi_call_bytes(&operation->call);
    } else {
        mailbox->operation_count++;
    }
}

static void count_out(communityi_operation *operation)
{
    communityi_mailbox *mailbox = &operation->client->mailbox;
    if (!operation->is_counted) {
        return;
    }
    operation->is_counted = false;
    if (operation->is_kept) {
        mailbox->kept_count--;
        mailbox->kept_bytes -= communityi_call_bytes(&operation->call);
    } else {
        mailbox->operation_count--;
    }
}

static bool is_full(const communityi_operation *operation)
{
    const communityi_mailbox *mailbox = &operation->client->mailbox;
    const community_config *config = &operation->client->config;
    if (!operation->is_kept) {
        return mailbox->operation_count >= config->max_requests;
    }
    return mailbox->kept_count >= config->outbox_max_items ||
           mailbox->kept_bytes + communityi_call_bytes(&operation->call) > config->outbox_max_bytes;
}

void communityi_operation_count_in(communityi_operation *operation)
{
    communityi_client_lock(operation->client);
    count_in(operation);
    communityi_client_unlock(operation->client);
}

void communityi_operation_count_out(communityi_operation *operation)
{
    communityi_client_lock(operation->client);
    count_out(operation);
    communityi_client_unlock(operation->client);
}

phx_status communityi_operation_restore(community_client *client,
                                        const communityi_operation *filled,
                                        communityi_operation **out_operation)
{
    communityi_operation *operation = copy_operation(&client->allocator, filled);
    *out_operation = operation;
    if (operation == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    operation->client = client;
    operation->is_kept = true;
    communityi_client_lock(client);
    operation->id = ++client->mailbox.last_operation_id;
    /* A logout that was asked for already is for it, too. */
    operation->is_cancelled = client->mailbox.is_logout;
    if (operation->item.outcome == COMMUNITY_OUTCOME_NONE) {
        count_in(operation);
    }
    link_last(&client->mailbox.active, operation);
    communityi_client_unlock(client);
    return PHX_OK;
}

phx_status communityi_operation_add(community_client *client, const communityi_operation *filled,
                                    uint64_t *out_id)
{
    *out_id = 0;
    communityi_operation *operation = copy_operation(&client->allocator, filled);
    if (operation == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    operation->client = client;
    operation->is_kept = client->config.has_outbox && !operation->is_login &&
                         communityi_rest_is_write(operation->call.kind);
    communityi_mailbox *mailbox = &client->mailbox;
    phx_status status = PHX_OK;
    communityi_client_lock(client);
    if (client->is_released) {
        status = PHX_ERROR_CLOSED;
    } else if (is_full(operation)) {
        status = PHX_ERROR_QUEUE_FULL;
    } else {
        count_in(operation);
        operation->id = ++mailbox->last_operation_id;
        *out_id = operation->id;
        link_last(&mailbox->waiting, operation);
        communityi_mailbox_wake(client);
    }
    communityi_client_unlock(client);
    if (status != PHX_OK) {
        free_operation(operation);
    }
    return status;
}

static void unlink_active(communityi_operation *operation)
{
    community_client *client = operation->client;
    communityi_client_lock(client);
    unlink_from(&client->mailbox.active, operation);
    count_out(operation);
    communityi_client_unlock(client);
}

void communityi_operation_free(communityi_operation *operation)
{
    unlink_active(operation);
    free_operation(operation);
}

/* The one completion of an operation that is in no list any more. */
static void complete(communityi_operation *operation, const communityi_answer *answer)
{
    community_client *client = operation->client;
    phx_status status = answer->result.error.status;
    if (operation->is_login) {
        if (operation->login_done != NULL) {
            operation->login_done(operation->user_data, status);
        }
    } else {
        if (status != PHX_OK) {
            communityi_count(client, &client->stats.requests_failed);
        }
        if (operation->done != NULL) {
            operation->done(operation->user_data, &answer->result);
        }
        if (operation->is_kept) {
            communityi_outbox_turned_away(operation, &answer->result);
        }
    }
    free_operation(operation);
}

/* Completes an operation in no list, dropping its request. */
static void complete_unanswered(communityi_operation *operation, phx_status status)
{
    community_client *client = operation->client;
    bool is_open = operation->http_id != 0 && communityi_rest_is_write(operation->call.kind);
    if (operation->http_id != 0) {
        client->http->cancel(client->http->user_data, operation->http_id);
    }
    communityi_answer answer;
    communityi_rest_fail(&answer, status, is_open);
    complete(operation, &answer);
}

static void fail(communityi_operation *operation, phx_status status)
{
    unlink_active(operation);
    complete_unanswered(operation, status);
}

static void on_response(void *user_data, const phx_http_response *response);

static void send(communityi_operation *operation)
{
    bool is_write = communityi_rest_is_write(operation->call.kind);
    phx_status status = communityi_http_send(
        operation->client, &operation->call, operation->is_refresh,
        is_write ? operation->key_text : NULL, on_response, operation, &operation->http_id);
    if (status != PHX_OK) {
        fail(operation, status);
    }
}

static void on_response(void *user_data, const phx_http_response *response)
{
    communityi_operation *operation = user_data;
    operation->http_id = 0;
    operation->client->needs_turn = true;
    /* A refused token means that nothing was done: a fresh one may do it. */
    if (response->error.status == PHX_OK && response->error.http_status == 401 &&
        !operation->is_refresh) {
        operation->is_refresh = true;
        send(operation);
        return;
    }
    unlink_active(operation);
    phx_allocator allocator = operation->client->allocator;
    communityi_answer answer;
    communityi_rest_interpret(&allocator, operation->call.kind, response, &answer);
    complete(operation, &answer);
    communityi_answer_free(&allocator, &answer);
}

static void log_in(communityi_operation *operation)
{
    community_client *client = operation->client;
    const phx_keychain *keychain = client->keychain;
    phx_slice token = operation->call.text;
    phx_status status = keychain->write == NULL
                            ? PHX_ERROR_UNSUPPORTED
                            : keychain->write(keychain->user_data, token.data, token.length);
    if (status == PHX_OK) {
        communityi_storage_reopen(client);
        communityi_link_set_fact(client, COMMUNITYI_FACT_LOGGED_IN, true);
        communityi_link_handle(client, COMMUNITYI_EVENT_RETRY);
        communityi_outbox_hurry(&client->outbox);
    }
    fail(operation, status);
}

phx_status communityi_operation_make_key(communityi_operation *operation)
{
    uint8_t key[COMMUNITYI_KEY_BYTES];
    const phx_random *random = phx_loop_random(operation->client->loop);
    phx_status status = random->fill(random->user_data, key, sizeof key);
    if (status == PHX_OK) {
        communityi_rest_key_text(key, operation->key_text);
    }
    return status;
}

static void start(communityi_operation *operation)
{
    community_client *client = operation->client;
    if (operation->is_login) {
        log_in(operation);
        return;
    }
    if (operation->is_older) {
        communityi_count(client, &client->stats.requests);
        return; /* stays active until communityi_older_settle */
    }
    phx_status status = operation->is_kept ? communityi_outbox_take(operation)
                                           : communityi_operation_make_key(operation);
    if (status != PHX_OK) {
        fail(operation, status);
    } else if (!operation->is_kept) {
        communityi_count(client, &client->stats.requests);
        send(operation);
    }
}

/* Those that wait now; what their completions ask for waits for the next turn. */
void communityi_operations_start(community_client *client)
{
    communityi_mailbox *mailbox = &client->mailbox;
    communityi_client_lock(client);
    uint64_t last_id = mailbox->last_operation_id;
    communityi_client_unlock(client);
    for (;;) {
        communityi_client_lock(client);
        communityi_operation *operation = mailbox->waiting.first;
        bool is_due = operation != NULL && operation->id <= last_id && !operation->is_cancelled;
        if (is_due) {
            unlink_from(&mailbox->waiting, operation);
            link_last(&mailbox->active, operation);
        }
        communityi_client_unlock(client);
        if (!is_due) {
            return;
        }
        start(operation);
    }
}

void communityi_operations_take_kept(community_client *client)
{
    communityi_operation *operation = NULL;
    do {
        communityi_client_lock(client);
        operation = client->mailbox.waiting.first;
        while (operation != NULL && (!operation->is_kept || operation->is_cancelled)) {
            operation = operation->next;
        }
        if (operation != NULL) {
            unlink_from(&client->mailbox.waiting, operation);
            link_last(&client->mailbox.active, operation);
        }
        communityi_client_unlock(client);
        if (operation != NULL) {
            start(operation);
        }
    } while (operation != NULL);
}

static communityi_operation *take(community_client *client, bool only_cancelled)
{
    communityi_operation *taken = NULL;
    communityi_client_lock(client);
    communityi_operation_list *lists[] = {&client->mailbox.active, &client->mailbox.waiting};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0] && taken == NULL; i++) {
        taken = lists[i]->first;
        while (taken != NULL && only_cancelled && (!taken->is_cancelled || taken->is_in_outbox)) {
            taken = taken->next;
        }
        if (taken != NULL) {
            unlink_from(lists[i], taken);
            count_out(taken);
        }
    }
    communityi_client_unlock(client);
    return taken;
}

communityi_operation *communityi_operations_older(community_client *client)
{
    communityi_client_lock(client);
    communityi_operation *operation = client->mailbox.active.first;
    while (operation != NULL && !operation->is_older) {
        operation = operation->next;
    }
    communityi_client_unlock(client);
    return operation;
}

void communityi_operation_complete(communityi_operation *operation, const communityi_answer *answer)
{
    unlink_active(operation);
    complete(operation, answer);
}

void communityi_operations_drop_cancelled(community_client *client)
{
    communityi_operation *operation = take(client, true);
    while (operation != NULL) {
        complete_unanswered(operation, PHX_ERROR_CANCELLED);
        operation = take(client, true);
    }
}

void communityi_operations_close(community_client *client)
{
    communityi_operation *operation = take(client, false);
    while (operation != NULL) {
        complete_unanswered(operation, PHX_ERROR_CLOSED);
        operation = take(client, false);
    }
}

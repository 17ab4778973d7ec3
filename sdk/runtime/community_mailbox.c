/* SPDX-License-Identifier: MIT */
/*
 * What the app asks for from any thread: facts, retry, logout, cancellations and operations are
 * left in the mailbox, and the loop's thread does them. Facts only keep their last value, so
 * reporting one neither allocates nor fails, and one that came and went within a turn never
 * happened.
 */
#include "runtime/community_outbox.h"

static void after_wake(void *user_data)
{
    community_client *client = user_data;
    communityi_client_lock(client);
    client->mailbox.is_posted = false;
    communityi_client_unlock(client);
    client->needs_turn = true;
}

void communityi_mailbox_init(community_client *client)
{
    client->mailbox.task = (phx_loop_task){.user_data = client, .run = after_wake};
    client->mailbox.facts = client->lifecycle.facts;
}

void communityi_mailbox_wake(community_client *client)
{
    if (!client->mailbox.is_posted && !client->is_released) {
        client->mailbox.is_posted = true;
        phx_loop_enqueue(client->loop, &client->mailbox.task);
    }
}

static void set_fact(community_client *client, communityi_fact fact, bool is_true)
{
    communityi_mailbox *mailbox = &client->mailbox;
    communityi_client_lock(client);
    uint32_t before = mailbox->facts;
    mailbox->facts = is_true ? before | (uint32_t)fact : before & ~(uint32_t)fact;
    bool is_return = fact == COMMUNITYI_FACT_FOREGROUND && mailbox->facts != before;
    /* The connection may have died unseen meanwhile. */
    mailbox->is_probe |= is_true && (is_return || fact == COMMUNITYI_FACT_NETWORK);
    communityi_mailbox_wake(client);
    communityi_client_unlock(client);
}

void community_client_set_visible(community_client *client, bool is_visible)
{
    set_fact(client, COMMUNITYI_FACT_VISIBLE, is_visible);
}

void community_client_set_foreground(community_client *client, bool is_foreground)
{
    set_fact(client, COMMUNITYI_FACT_FOREGROUND, is_foreground);
}

void community_client_set_network(community_client *client, bool is_up)
{
    set_fact(client, COMMUNITYI_FACT_NETWORK, is_up);
}

void community_client_retry(community_client *client)
{
    communityi_client_lock(client);
    client->mailbox.is_retry = true;
    communityi_mailbox_wake(client);
    communityi_client_unlock(client);
}

static void cancel_all(communityi_operation_list *list)
{
    for (communityi_operation *each = list->first; each != NULL; each = each->next) {
        each->is_cancelled = true;
    }
}

/* What was asked for before is cancelled, what comes after is not: so a login that follows holds.
 */
void community_client_logout(community_client *client)
{
    communityi_mailbox *mailbox = &client->mailbox;
    communityi_client_lock(client);
    cancel_all(&mailbox->waiting);
    cancel_all(&mailbox->active);
    mailbox->is_logout = true;
    mailbox->is_cancel = true;
    mailbox->is_retry = false;
    communityi_mailbox_wake(client);
    communityi_client_unlock(client);
}

phx_status community_client_login(community_client *client, const char *token, size_t token_length,
                                  void (*done)(void *user_data, phx_status status), void *user_data)
{
    if (token == NULL || token_length == 0) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    if (token_length > PHX_MAX_TOKEN_BYTES) {
        return PHX_ERROR_TOO_LARGE;
    }
    for (size_t i = 0; i < token_length; i++) {
        if (token[i] <= ' ' || token[i] > '~') {
            return PHX_ERROR_INVALID_ARGUMENT;
        }
    }
    const communityi_operation login = {
        .is_login = true,
        .call.text = {token, token_length},
        .login_done = done,
        .user_data = user_data,
    };
    uint64_t id = 0;
    return communityi_operation_add(client, &login, &id);
}

void community_client_cancel(community_client *client, community_request request)
{
    communityi_mailbox *mailbox = &client->mailbox;
    communityi_client_lock(client);
    communityi_operation *lists[] = {mailbox->waiting.first, mailbox->active.first};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (communityi_operation *each = lists[i]; each != NULL; each = each->next) {
            if (each->id == request.id && !each->is_login) {
                each->is_cancelled = true;
                mailbox->is_cancel = true;
                communityi_mailbox_wake(client);
            }
        }
    }
    communityi_client_unlock(client);
}

const community_outbox *community_client_outbox(community_client *client)
{
    communityi_client_lock(client);
    const community_outbox *list = community_outbox_retain(client->outbox_list);
    communityi_client_unlock(client);
    return list;
}

void community_client_cancel_outbox_item(community_client *client, uint64_t id)
{
    community_client_cancel(client, (community_request){id});
}

void community_client_retry_outbox_item(community_client *client, uint64_t id)
{
    communityi_mailbox *mailbox = &client->mailbox;
    communityi_client_lock(client);
    communityi_operation *each = mailbox->active.first;
    while (each != NULL && each->id != id) {
        each = each->next;
    }
    if (each != NULL && each->is_kept) {
        each->is_retried = true;
        mailbox->is_outbox_order = true;
        communityi_mailbox_wake(client);
    }
    communityi_client_unlock(client);
}

/* Forgets the token, the feed and what it was compared with. What is under way was cancelled. */
static void log_out(community_client *client)
{
    communityi_link_set_fact(client, COMMUNITYI_FACT_LOGGED_IN, false);
    const phx_keychain *keychain = client->keychain;
    phx_status status =
        keychain->erase == NULL ? PHX_ERROR_UNSUPPORTED : keychain->erase(keychain->user_data);
    communityi_sync_drop_older(client->sync); /* its posts are of this user too */
    communityi_store_clear(client->store);
    communityi_likes_touch(&client->likes, &client->outbox, (phx_slice){NULL, 0});
    communityi_storage_wipe(client);
    client->is_filled = false;
    client->stale_since_ms = 0;
    if (status != PHX_OK) {
        communityi_report(client, status, "the token could not be erased from the keychain");
    }
}

/* Facts that became false go first: what is not wanted any more is not opened for a moment. */
static void apply_facts(community_client *client, uint32_t facts)
{
    static const communityi_fact reported[] = {COMMUNITYI_FACT_VISIBLE, COMMUNITYI_FACT_FOREGROUND,
                                               COMMUNITYI_FACT_NETWORK};
    for (int is_true = 0; is_true <= 1; is_true++) {
        for (size_t i = 0; i < sizeof reported / sizeof reported[0]; i++) {
            if (((facts & (uint32_t)reported[i]) != 0) == (is_true != 0)) {
                communityi_link_set_fact(client, reported[i], is_true != 0);
            }
        }
    }
}

void communityi_mailbox_empty(community_client *client)
{
    communityi_mailbox *mailbox = &client->mailbox;
    communityi_client_lock(client);
    uint32_t facts = mailbox->facts;
    bool is_probe = mailbox->is_probe;
    bool is_retry = mailbox->is_retry;
    bool is_logout = mailbox->is_logout;
    bool is_cancel = mailbox->is_cancel;
    bool is_outbox_order = mailbox->is_outbox_order;
    mailbox->is_probe = mailbox->is_retry = mailbox->is_logout = mailbox->is_cancel = false;
    mailbox->is_outbox_order = false;
    communityi_client_unlock(client);

    if (is_logout) {
        log_out(client);
    }
    if (is_cancel) {
        communityi_operations_drop_cancelled(client);
    }
    if (is_cancel || is_outbox_order) {
        communityi_outbox_take_orders(client);
    }
    apply_facts(client, facts);
    if (is_probe) {
        communityi_link_probe(client);
    }
    if (is_retry) {
        communityi_link_handle(client, COMMUNITYI_EVENT_RETRY);
    }
    if (is_probe || is_retry) {
        communityi_outbox_hurry(&client->outbox);
    }
    communityi_operations_start(client);
}

/* SPDX-License-Identifier: MIT */
/*
 * phx_presence: the rules of presence on a channel's messages. It lives on the channel's record, so
 * that it hears of a rejoin before any message of the new join.
 */
#include "runtime/presence.h"

#include <string.h>

#include "phx/presence_state.h"
#include "runtime/client_commands.h"
#include "support/alloc.h"
#include "support/config.h"

enum {
    DEFAULT_MAX_METAS = 10000,
    DEFAULT_MAX_PENDING_BYTES = 1024 * 1024
};

struct phx_presence {
    phxi_command attach; /* posted once, by phx_presence_new */
    uint64_t channel_id;
    phx_client *client;
    phxi_channel_record *record; /* NULL: not attached yet, or the channel ended */
    phx_presence *next;          /* in the record */
    phxi_presence_state state;
    phx_presence_options options;
    const char *state_event; /* behind the struct, in its block */
    const char *diff_event;
    uint32_t busy;         /* inside how many callbacks */
    bool is_attached_once; /* the command has run */
    bool is_released;
};

void phx_presence_options_init_sized(phx_presence_options *options, uint32_t struct_size)
{
    phxi_config_init(options, struct_size);
}

/* --- callbacks --- */

static void on_join(void *user_data, const phx_presence_entry *current,
                    const phx_presence_entry *joined)
{
    phx_presence *presence = user_data;
    if (presence->options.on_join != NULL && !presence->is_released) {
        presence->options.on_join(presence->options.user_data, current, joined);
    }
}

static void on_leave(void *user_data, const phx_presence_entry *current,
                     const phx_presence_entry *left)
{
    phx_presence *presence = user_data;
    if (presence->options.on_leave != NULL && !presence->is_released) {
        presence->options.on_leave(presence->options.user_data, current, left);
    }
}

static void on_sync(void *user_data)
{
    phx_presence *presence = user_data;
    if (presence->options.on_sync != NULL && !presence->is_released) {
        presence->options.on_sync(presence->options.user_data, presence);
    }
}

static void report(phx_presence *presence, phx_status status)
{
    if (status != PHX_OK && presence->options.on_error != NULL && !presence->is_released) {
        presence->options.on_error(presence->options.user_data, status);
    }
}

/* --- life --- */

static void destroy(phx_presence *presence)
{
    void (*release_user_data)(void *) = presence->options.release_user_data;
    void *user_data = presence->options.user_data;
    phxi_presence_free(&presence->state);
    phxi_free(presence->client->allocator, presence);
    if (release_user_data != NULL) {
        release_user_data(user_data);
    }
}

static void detach(phx_presence *presence)
{
    if (presence->record == NULL) {
        return;
    }
    phx_presence **link = &presence->record->first_presence;
    while (*link != presence) {
        link = &(*link)->next;
    }
    *link = presence->next;
    presence->record = NULL;
}

/* Frees it once it is released, and neither a callback nor the command refers to it. */
static void settle(phx_presence *presence)
{
    if (presence->is_released && presence->busy == 0 && presence->is_attached_once) {
        detach(presence);
        destroy(presence);
    }
}

static void run_attach(phx_client *client, phxi_command *command, bool is_closing)
{
    phx_presence *presence = PHXI_CONTAINER(phx_presence, attach, command);
    presence->is_attached_once = true;
    phxi_channel_record *record =
        is_closing ? NULL : phxi_engine_channel_user(client->engine, presence->channel_id);
    if (record != NULL && !presence->is_released) {
        presence->record = record;
        presence->next = record->first_presence;
        record->first_presence = presence;
    }
    settle(presence);
}

static phx_presence *allocate(phx_client *client, const phx_presence_options *options)
{
    const char *state_event =
        options->state_event != NULL ? options->state_event : "presence_state";
    const char *diff_event = options->diff_event != NULL ? options->diff_event : "presence_diff";
    size_t state_bytes = strlen(state_event) + 1;
    size_t diff_bytes = strlen(diff_event) + 1;
    phx_presence *presence =
        phxi_alloc_zero(client->allocator, sizeof *presence + state_bytes + diff_bytes);
    if (presence != NULL) {
        char *text = (char *)(presence + 1);
        presence->state_event = memcpy(text, state_event, state_bytes);
        presence->diff_event = memcpy(text + state_bytes, diff_event, diff_bytes);
        presence->options = *options;
    }
    return presence;
}

phx_status phx_presence_new(phx_client *client, phx_channel channel,
                            const phx_presence_options *given, phx_presence **out_presence)
{
    *out_presence = NULL;
    phx_presence_options options;
    phxi_config_copy(&options, sizeof options, given);
    phx_presence *presence = allocate(client, &options);
    if (presence == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    presence->client = client;
    presence->channel_id = channel.id;
    presence->attach.run = run_attach;
    phxi_presence_init(&presence->state, client->allocator, client->subscriptions.seed,
                       options.max_metas != 0 ? options.max_metas : DEFAULT_MAX_METAS,
                       options.max_pending_bytes != 0 ? options.max_pending_bytes
                                                      : DEFAULT_MAX_PENDING_BYTES);
    phx_status status = phxi_client_post(client, &presence->attach);
    if (status != PHX_OK) {
        phxi_free(client->allocator, presence);
        return status;
    }
    *out_presence = presence;
    return PHX_OK;
}

void phx_presence_release(phx_presence *presence)
{
    if (presence != NULL) {
        presence->is_released = true;
        settle(presence);
    }
}

/* --- the channel --- */

static bool is_event(phx_slice event, const char *name)
{
    return event.length == strlen(name) && memcmp(event.data, name, event.length) == 0;
}

/* A diff that comes before the join's answer is for the topic's join before this one, or is in the
 * state that follows the answer; what changed between the two joins is told by nobody, so that it
 * must not be applied to that state. */
static void take(phx_presence *presence, const phx_message *message)
{
    const phxi_presence_sink sink = {presence, on_join, on_leave, on_sync};
    if (message->is_binary || presence->is_released) {
        return;
    }
    if (is_event(message->event, presence->state_event)) {
        report(presence, phxi_presence_take_state(&presence->state, message->payload, &sink));
    } else if (presence->record->state == PHX_CHANNEL_JOINED &&
               is_event(message->event, presence->diff_event)) {
        report(presence, phxi_presence_take_diff(&presence->state, message->payload, &sink));
    }
}

void phxi_presences_message(phxi_channel_record *record, const phx_message *message)
{
    phx_presence *presence = record->first_presence;
    while (presence != NULL) {
        presence->busy++;
        take(presence, message);
        presence->busy--;
        phx_presence *next = presence->next;
        settle(presence);
        presence = next;
    }
}

void phxi_presences_rejoin(phxi_channel_record *record)
{
    for (phx_presence *each = record->first_presence; each != NULL; each = each->next) {
        phxi_presence_rejoin(&each->state);
    }
}

void phxi_presences_end(phxi_channel_record *record)
{
    while (record->first_presence != NULL) {
        detach(record->first_presence);
    }
}

/* --- reading --- */

size_t phx_presence_count(const phx_presence *presence)
{
    return presence->state.set.by_key.count;
}

const phx_presence_entry *phx_presence_first(const phx_presence *presence)
{
    return presence->state.set.first;
}

const phx_presence_entry *phx_presence_next(const phx_presence_entry *entry)
{
    return entry->next;
}

const phx_presence_entry *phx_presence_find(const phx_presence *presence, const char *key)
{
    return phxi_presence_set_find(&presence->state.set, (phx_slice){key, strlen(key)});
}

phx_slice phx_presence_key(const phx_presence_entry *entry)
{
    return entry->key;
}

size_t phx_presence_meta_count(const phx_presence_entry *entry)
{
    return entry->count;
}

phx_slice phx_presence_meta(const phx_presence_entry *entry, size_t index)
{
    const phxi_meta *meta = index < entry->count ? entry->first : NULL;
    for (size_t i = 0; i < index && meta != NULL; i++) {
        meta = meta->next;
    }
    return meta == NULL ? (phx_slice){NULL, 0} : meta->json;
}

phx_slice phx_presence_json(const phx_presence_entry *entry)
{
    return entry->json;
}

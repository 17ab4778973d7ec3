/* SPDX-License-Identifier: MIT */
/*
 * Carrying out what the engine wants done: to the transport, and to the application's callbacks.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/client_types.h"
#include "runtime/presence.h"
#include "support/alloc.h"
#include "support/buffer.h"
#include "support/log.h"
#include "wire/json.h"
#include "wire/json_reader.h"

struct phx_join_params {
    phxi_buffer json;
};

phx_status phx_join_params_set(phx_join_params *params, const char *json, size_t length)
{
    if (!phxi_json_is_valid(json, length)) {
        return PHX_ERROR_INVALID_JSON;
    }
    size_t before = params->json.length;
    params->json.length = 0;
    phx_status status = phxi_buffer_append(&params->json, json, length);
    if (status != PHX_OK) {
        params->json.length = before;
    }
    return status;
}

phx_reply phxi_client_reply(phx_status status)
{
    return (phx_reply){
        .struct_size = (uint32_t)sizeof(phx_reply),
        .error = {.struct_size = (uint32_t)sizeof(phx_error),
                  .status = status,
                  .message = phx_status_message(status)},
    };
}

static void ask_join_params(phx_client *client, const phxi_action *action)
{
    phxi_channel_record *record = action->user;
    phx_slice payload = record->params;
    phx_join_params params;
    phxi_buffer_init(&params.json, client->allocator, client->max_frame_bytes);
    if (record->on_params != NULL) {
        record->on_params(record->user_data, &params);
    }
    if (params.json.length > 0) {
        payload = (phx_slice){(const char *)params.json.data, params.json.length};
    }
    phxi_engine_send_join(client->engine, phx_loop_now_ms(client->loop), action->channel_id,
                          payload);
    phxi_buffer_free(&params.json);
}

static void deliver_message(const phxi_action *action)
{
    phxi_channel_record *record = action->user;
    const phx_message *message = &action->message;
    phxi_presences_message(record, message);
    if (record->on_message != NULL) {
        record->on_message(record->user_data, message);
    }
    for (phxi_subscription *each = record->first_subscription; each != NULL; each = each->next) {
        bool is_meant = each->event == NULL ||
                        (each->event_length == message->event.length &&
                         memcmp(each->event, message->event.data, each->event_length) == 0);
        if (is_meant) {
            each->on_message(each->user_data, message);
        }
    }
}

/* Puts what the server said into a refusal's message. */
static void explain(phx_reply *reply, char *text, size_t capacity)
{
    char said[192];
    bool is_refusal = reply->error.status == PHX_ERROR_REFUSED ||
                      reply->error.status == PHX_ERROR_JOIN_REFUSED ||
                      reply->error.status == PHX_ERROR_UNAUTHORIZED;
    if (is_refusal && !reply->is_binary &&
        phxi_json_error_text(reply->response.data, reply->response.length, said, sizeof said)) {
        (void)snprintf(text, capacity, "%s: %s", phx_status_message(reply->error.status), said);
        reply->error.message = text;
    }
}

void phxi_client_end_channel(phx_client *client, phxi_channel_record *record,
                             const phx_reply *reply)
{
    if (record->on_state != NULL) {
        record->on_state(record->user_data, record->channel, PHX_CHANNEL_CLOSED, reply);
    }
    phxi_presences_end(record);
    while (record->first_subscription != NULL) {
        phxi_subscription_end(client, record->first_subscription);
    }
    if (record->release_user_data != NULL) {
        record->release_user_data(record->user_data);
    }
    phxi_free(client->allocator, record);
}

static void deliver_channel_state(phx_client *client, phxi_action *action)
{
    phxi_channel_record *record = action->user;
    char text[256];
    explain(&action->reply, text, sizeof text);
    phxi_log(phx_loop_log(client->loop), PHX_LOG_DEBUG, "phx", "channel %llu: state %d (%s)",
             (unsigned long long)action->channel_id, (int)action->channel_state,
             action->reply.error.message);
    record->state = action->channel_state;
    if (action->channel_state == PHX_CHANNEL_JOINING) {
        phxi_presences_rejoin(record);
    }
    if (action->channel_state == PHX_CHANNEL_CLOSED) {
        phxi_client_end_channel(client, record, &action->reply);
    } else if (record->on_state != NULL) {
        record->on_state(record->user_data, record->channel, action->channel_state, &action->reply);
    }
}

void phxi_client_end_push(phx_client *client, phxi_push_record *record, const phx_reply *reply)
{
    if (record->on_reply != NULL) {
        record->on_reply(record->user_data, reply);
    }
    phxi_free(client->allocator, record);
}

static void deliver_reply(phx_client *client, phxi_action *action)
{
    char text[256];
    explain(&action->reply, text, sizeof text);
    phxi_client_end_push(client, action->user, &action->reply);
}

void phxi_client_publish(phx_client *client, uint64_t now_ms)
{
    phx_client_status status = {.struct_size = (uint32_t)sizeof status};
    phxi_engine_read_status(client->engine, now_ms, &status);
    const phx_client_metrics *metrics = phxi_engine_metrics(client->engine);
    pthread_mutex_lock(&client->lock);
    client->status = status;
    client->next_attempt_ms = now_ms + status.next_attempt_in_ms;
    if (strcmp(client->status_message, status.error.message) != 0) {
        (void)snprintf(client->status_message, sizeof client->status_message, "%s",
                       status.error.message);
    }
    client->metrics = *metrics;
    pthread_mutex_unlock(&client->lock);
}

static void deliver_status(phx_client *client)
{
    uint64_t now_ms = phx_loop_now_ms(client->loop);
    phxi_client_publish(client, now_ms);
    if (client->on_status != NULL) {
        phx_client_status status = {.struct_size = (uint32_t)sizeof status};
        phxi_engine_read_status(client->engine, now_ms, &status);
        client->on_status(client->user_data, &status);
    }
}

void phxi_client_report(phx_client *client, const phx_error *error)
{
    phxi_log(phx_loop_log(client->loop), PHX_LOG_WARNING, "phx", "%s", error->message);
    if (client->on_error != NULL) {
        client->on_error(client->user_data, error);
    }
}

static void send_frame(phx_client *client, const phxi_action *action)
{
    if (client->connection == NULL) {
        return;
    }
    phx_status status =
        client->transport->send(client->transport->user_data, client->connection,
                                action->frame_kind, action->frame, action->frame_length);
    if (status != PHX_OK) {
        /* A frame that is lost is a connection that is: what was joined or asked is open now. */
        phx_error error = {.struct_size = (uint32_t)sizeof error,
                           .status = status,
                           .message = "a frame could not be queued"};
        phxi_engine_closed(client->engine, phx_loop_now_ms(client->loop), action->epoch, &error);
    }
}

static void close_connection(phx_client *client, const phxi_action *action)
{
    if (client->connection != NULL) {
        client->transport->close(client->transport->user_data, client->connection,
                                 action->close_code, "");
    }
}

static void carry_out(phx_client *client, phxi_action *action)
{
    switch (action->kind) {
    case PHXI_ACTION_OPEN:
        phxi_client_open(client, action->epoch, action->is_refresh);
        break;
    case PHXI_ACTION_SEND:
        send_frame(client, action);
        break;
    case PHXI_ACTION_CLOSE:
        close_connection(client, action);
        break;
    case PHXI_ACTION_DROP:
        phxi_client_drop_connection(client);
        break;
    case PHXI_ACTION_STATUS:
        deliver_status(client);
        break;
    case PHXI_ACTION_ERROR:
        phxi_client_report(client, &action->error);
        break;
    case PHXI_ACTION_JOIN_PARAMS:
        ask_join_params(client, action);
        break;
    case PHXI_ACTION_CHANNEL:
        deliver_channel_state(client, action);
        break;
    case PHXI_ACTION_MESSAGE:
        deliver_message(action);
        break;
    case PHXI_ACTION_REPLY:
        deliver_reply(client, action);
        break;
    }
}

void phxi_client_drain(phx_client *client)
{
    phxi_action action;
    while (phxi_engine_pop(client->engine, &action)) {
        carry_out(client, &action);
    }
}

void phxi_client_turn(void *user_data, uint64_t now_ms)
{
    phx_client *client = user_data;
    while (phxi_engine_deadline_ms(client->engine) <= now_ms) {
        phxi_engine_advance(client->engine, now_ms);
        phxi_client_drain(client);
    }
    phxi_client_publish(client, now_ms);
}

uint64_t phxi_client_deadline_ms(void *user_data)
{
    const phx_client *client = user_data;
    return phxi_engine_deadline_ms(client->engine);
}

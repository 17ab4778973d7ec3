/* SPDX-License-Identifier: MIT */
/*
 * The commands on channels: checked and copied on the caller's thread, carried out on the loop's.
 * One block holds a command, its task and its texts. A command that finds the client ending
 * completes with PHX_ERROR_CLOSED.
 */
#include <string.h>

#include "runtime/client_commands.h"
#include "runtime/client_types.h"
#include "support/alloc.h"
#include "support/config.h"
#include "wire/json_reader.h"
#include "wire/utf8.h"

enum {
    MAX_NAME_BYTES = 255
};

typedef enum command_kind {
    COMMAND_JOIN,
    COMMAND_LEAVE,
    COMMAND_REJOIN,
    COMMAND_PUSH,
    COMMAND_CANCEL,
} command_kind;

typedef struct channel_command {
    phxi_command base;
    command_kind kind;
    uint64_t id;
    uint64_t channel_id;
    phx_slice name;    /* topic or event; behind the struct, in its block */
    phx_slice payload; /* of a push */
    bool is_binary;
    uint32_t timeout_ms;
    phx_overflow overflow;
    phx_join_verdict (*judge_refusal)(void *user_data, const phx_reply *reply);
    phxi_channel_record *channel;
    phxi_push_record *push;
} channel_command;

void phx_channel_options_init_sized(phx_channel_options *options, uint32_t struct_size)
{
    phxi_config_init(options, struct_size);
}

/* --- on the loop's thread --- */

static void run_join(phx_client *client, channel_command *command, bool is_closing)
{
    phxi_join_request request = {
        .id = command->id,
        .topic = command->name,
        .timeout_ms = command->timeout_ms,
        .overflow = command->overflow,
        .judge_refusal = command->judge_refusal,
        .judge_user_data = command->channel->user_data,
        .user = command->channel,
    };
    phx_status status =
        is_closing ? PHX_ERROR_CLOSED
                   : phxi_engine_join(client->engine, phx_loop_now_ms(client->loop), &request);
    if (status != PHX_OK) {
        phx_reply reply = phxi_client_reply(status);
        phxi_client_end_channel(client, command->channel, &reply);
    }
}

static void run_push(phx_client *client, channel_command *command, bool is_closing)
{
    phxi_push_request request = {
        .id = command->id,
        .channel_id = command->channel_id,
        .event = command->name,
        .payload = command->payload,
        .is_binary = command->is_binary,
        .timeout_ms = command->timeout_ms,
        .user = command->push,
    };
    phx_status status =
        is_closing ? PHX_ERROR_CLOSED
                   : phxi_engine_push(client->engine, phx_loop_now_ms(client->loop), &request);
    if (status != PHX_OK) {
        phx_reply reply = phxi_client_reply(status);
        phxi_client_end_push(client, command->push, &reply);
    }
}

static void run_command(phx_client *client, phxi_command *base, bool is_closing)
{
    channel_command *command = PHXI_CONTAINER(channel_command, base, base);
    uint64_t now_ms = phx_loop_now_ms(client->loop);
    switch (command->kind) {
    case COMMAND_JOIN:
        run_join(client, command, is_closing);
        break;
    case COMMAND_LEAVE:
        phxi_engine_leave(client->engine, now_ms, command->channel_id);
        break;
    case COMMAND_REJOIN:
        phxi_engine_rejoin(client->engine, now_ms, command->channel_id);
        break;
    case COMMAND_PUSH:
        run_push(client, command, is_closing);
        break;
    case COMMAND_CANCEL:
        phxi_engine_cancel(client->engine, now_ms, command->id);
        break;
    }
    phxi_free(client->allocator, command);
    phxi_client_drain(client);
}

/* --- on any thread --- */

static channel_command *new_command(phx_client *client, command_kind kind, phx_slice name,
                                    phx_slice payload)
{
    channel_command *command =
        phxi_alloc_zero(client->allocator, sizeof *command + name.length + payload.length);
    if (command == NULL) {
        return NULL;
    }
    char *text = (char *)(command + 1);
    command->kind = kind;
    command->base.run = run_command;
    if (name.length > 0) {
        command->name = (phx_slice){memcpy(text, name.data, name.length), name.length};
    }
    command->payload = (phx_slice){text + name.length, payload.length};
    if (payload.length > 0) {
        memcpy(text + name.length, payload.data, payload.length);
    }
    return command;
}

/* Frees the command if it is refused. */
static phx_status post(phx_client *client, channel_command *command)
{
    phx_status status = phxi_client_post(client, &command->base);
    if (status != PHX_OK) {
        phxi_free(client->allocator, command);
    }
    return status;
}

static bool is_valid_name(const char *name)
{
    size_t length = name == NULL ? 0 : strlen(name);
    return length > 0 && length <= MAX_NAME_BYTES && phxi_utf8_is_valid(name, length);
}

static phxi_channel_record *new_record(phx_client *client, const phx_channel_options *options)
{
    const char *params = options->params != NULL ? options->params : "{}";
    size_t length = strlen(params);
    phxi_channel_record *record = phxi_alloc_zero(client->allocator, sizeof *record + length);
    if (record == NULL) {
        return NULL;
    }
    record->params = (phx_slice){memcpy(record + 1, params, length), length};
    record->on_params = options->on_params;
    record->on_state = options->on_state;
    record->on_message = options->on_message;
    record->user_data = options->user_data;
    record->release_user_data = options->release_user_data;
    return record;
}

phx_status phx_channel_join(phx_client *client, const char *topic, const phx_channel_options *given,
                            phx_channel *out_channel)
{
    out_channel->id = 0;
    phx_channel_options options;
    phxi_config_copy(&options, sizeof options, given);
    if (!is_valid_name(topic)) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    if (options.params != NULL && !phxi_json_is_valid(options.params, strlen(options.params))) {
        return PHX_ERROR_INVALID_JSON;
    }
    phxi_channel_record *record = new_record(client, &options);
    channel_command *command =
        record == NULL ? NULL
                       : new_command(client, COMMAND_JOIN, (phx_slice){topic, strlen(topic)},
                                     (phx_slice){NULL, 0});
    if (command == NULL) {
        phxi_free(client->allocator, record);
        return PHX_ERROR_NO_MEMORY;
    }
    uint64_t id = atomic_fetch_add(&client->next_id, 1);
    record->channel.id = id;
    command->id = id;
    command->channel = record;
    command->timeout_ms = options.timeout_ms;
    command->overflow = options.overflow;
    command->judge_refusal = options.judge_refusal;
    phx_status status = post(client, command);
    if (status != PHX_OK) {
        phxi_free(client->allocator, record);
        return status;
    }
    out_channel->id = id;
    return PHX_OK;
}

static phx_status post_simple(phx_client *client, command_kind kind, uint64_t channel_id,
                              uint64_t id)
{
    phx_slice none = {NULL, 0};
    channel_command *command = new_command(client, kind, none, none);
    if (command == NULL) {
        return PHX_ERROR_NO_MEMORY;
    }
    command->channel_id = channel_id;
    command->id = id;
    return post(client, command);
}

phx_status phx_channel_leave(phx_client *client, phx_channel channel)
{
    return post_simple(client, COMMAND_LEAVE, channel.id, 0);
}

phx_status phx_channel_rejoin(phx_client *client, phx_channel channel)
{
    return post_simple(client, COMMAND_REJOIN, channel.id, 0);
}

phx_status phx_push_cancel(phx_client *client, phx_push_id push)
{
    return post_simple(client, COMMAND_CANCEL, 0, push.id);
}

static phx_status check_push(const phx_client *client, const phx_push *push, phx_slice payload)
{
    if (!is_valid_name(push->event)) {
        return PHX_ERROR_INVALID_ARGUMENT;
    }
    if (payload.length > client->max_frame_bytes) {
        return PHX_ERROR_TOO_LARGE;
    }
    bool is_sound = push->binary.data != NULL || phxi_json_is_valid(payload.data, payload.length);
    return is_sound ? PHX_OK : PHX_ERROR_INVALID_JSON;
}

phx_status phx_channel_push(phx_client *client, phx_channel channel, const phx_push *push,
                            phx_push_id *out_push)
{
    if (out_push != NULL) {
        out_push->id = 0;
    }
    phx_slice payload = push->binary;
    if (payload.data == NULL) {
        const char *json = push->payload != NULL ? push->payload : "{}";
        payload = (phx_slice){json, strlen(json)};
    }
    phx_status status = check_push(client, push, payload);
    if (status != PHX_OK) {
        return status;
    }
    phxi_push_record *record = phxi_alloc_zero(client->allocator, sizeof *record);
    phx_slice event = {push->event, strlen(push->event)};
    channel_command *command =
        record == NULL ? NULL : new_command(client, COMMAND_PUSH, event, payload);
    if (command == NULL) {
        phxi_free(client->allocator, record);
        return PHX_ERROR_NO_MEMORY;
    }
    record->on_reply = push->on_reply;
    record->user_data = push->user_data;
    command->push = record;
    command->is_binary = push->binary.data != NULL;
    command->timeout_ms = push->timeout_ms;
    command->channel_id = channel.id;
    uint64_t id = atomic_fetch_add(&client->next_id, 1);
    command->id = id;
    status = post(client, command);
    if (status != PHX_OK) {
        phxi_free(client->allocator, record);
        return status;
    }
    if (out_push != NULL) {
        out_push->id = id;
    }
    return PHX_OK;
}

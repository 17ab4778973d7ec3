/* SPDX-License-Identifier: MIT */
/*
 * The way of a command from a caller's thread to the loop's. The client counts those under way, so
 * that it ends behind the last of them.
 */
#include "runtime/client_commands.h"

#include "runtime/client_types.h"

static void run_task(void *user_data)
{
    phxi_command *command = user_data;
    phx_client *client = command->client;
    pthread_mutex_lock(&client->lock);
    client->commands_pending--;
    bool is_closing = client->is_closing;
    pthread_mutex_unlock(&client->lock);
    command->run(client, command, is_closing);
}

phx_status phxi_client_post(phx_client *client, phxi_command *command)
{
    command->client = client;
    command->task = (phx_loop_task){.user_data = command, .run = run_task};
    pthread_mutex_lock(&client->lock);
    phx_status status =
        client->is_closing ? PHX_ERROR_CLOSED : phx_loop_post(client->loop, &command->task);
    if (status == PHX_OK) {
        client->commands_pending++;
    }
    pthread_mutex_unlock(&client->lock);
    return status;
}

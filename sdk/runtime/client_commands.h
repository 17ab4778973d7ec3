/* SPDX-License-Identifier: MIT */
/*
 * Commands: what a caller's thread hands to the loop's.
 */
#ifndef PHXI_CLIENT_COMMANDS_H
#define PHXI_CLIENT_COMMANDS_H

#include <phx/client.h>

/* The head of a command's block. */
typedef struct phxi_command {
    phx_loop_task task;
    phx_client *client;
    /* Carries the command out and frees its block. `is_closing`: the client is ending; nothing new
     * begins. */
    void (*run)(phx_client *client, struct phxi_command *command, bool is_closing);
} phxi_command;

/* PHX_ERROR_CLOSED, PHX_ERROR_QUEUE_FULL: refused, the block is still the caller's. Threads: any.
 */
PHX_MUST_CHECK phx_status phxi_client_post(phx_client *client, phxi_command *command);

#endif

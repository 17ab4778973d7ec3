/* SPDX-License-Identifier: MIT */
/*
 * A build without decompression: nothing is offered, and a server that chooses an extension all the
 * same breaks the protocol.
 */
#include "lws/connection.h"

const bool phxi_inflate_is_built = false;

const struct lws_extension phxi_inflate_extensions[] = {{NULL, NULL, NULL}};

phx_status phxi_inflate_agree(phx_connection *connection, const char *chosen)
{
    (void)connection;
    (void)chosen;
    return PHX_ERROR_PROTOCOL;
}

phx_status phxi_inflate_append(phx_connection *connection, const uint8_t *data, size_t length,
                               bool is_last)
{
    (void)connection;
    (void)data;
    (void)length;
    (void)is_last;
    return PHX_ERROR_MALFORMED_FRAME;
}

void phxi_inflate_free(phx_connection *connection)
{
    (void)connection;
}

/* SPDX-License-Identifier: MIT */
/*
 * The peer: libwebsockets with nothing on top but a join written by hand. It counts messages and
 * looks at none.
 */
#ifndef BARE_LWS_H
#define BARE_LWS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct bare_lws {
    struct lws_context *context;
    struct lws *connection; /* NULL: none */
    bool is_joined;
    uint64_t messages; /* after the join's reply */
} bare_lws;

/* The context, once a process. */
void bare_lws_init(bare_lws *bare);
void bare_lws_free(bare_lws *bare);

/* Connects, and serves until the join is answered. */
void bare_lws_join(bare_lws *bare, uint16_t port);
/* Serves until so many messages have come since the join. */
void bare_lws_await(bare_lws *bare, uint64_t messages);
/* Closes, and serves until that is done. */
void bare_lws_close(bare_lws *bare);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * From the options to a client: keychain, TLS, log. What every command that talks to a server
 * begins and ends with.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "options.h"

#include <community/community.h>

/* The ports that a client borrows; lives as long as the client. */
struct session {
    phx_log log;
    phx_loop_config loop;
    phx_tls tls;
    phx_client_config connection;
    phx_network network;
};

/* The keychain that --keychain names; NULL: it was complained about, and *out_exit says how to end.
 */
const phx_keychain *session_keychain(const struct options *options, int *out_exit);

/* Fills in the parts that are the same for every kind of client. */
void session_init(struct session *session, const struct options *options);

/* A client as the options say, with the callbacks of `config`, whose other members are overwritten.
 * NULL: it was complained about, and *out_exit says how to end. */
community_client *session_open(struct session *session, const struct options *options,
                               community_config *config, int *out_exit);

#endif

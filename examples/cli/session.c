/* SPDX-License-Identifier: MIT */
/*
 * Makes clients; see session.h.
 */
#include "session.h"

#include "explain.h"
#include "text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const phx_keychain *session_keychain(const struct options *options, int *out_exit)
{
    const char *where = options->keychain;
    const phx_keychain *keychain = NULL;
    if (strncmp(where, "env:", 4) == 0 && where[4] != '\0') {
        keychain = phx_keychain_env(where + 4);
    } else if (strncmp(where, "file:", 5) == 0 && where[5] != '\0') {
        keychain = phx_keychain_file(where + 5);
    } else {
        fputs("community: --keychain takes env:VARIABLE or file:PATH\n"
              "  A token itself never goes on the command line: other users could read it there.\n",
              stderr);
        *out_exit = EXIT_USAGE;
        return NULL;
    }
    if (keychain == NULL) {
        *out_exit = complain_status(PHX_ERROR_NO_MEMORY, NULL);
    }
    return keychain;
}

static void write_log(void *user_data, phx_log_level level, const char *component,
                      const char *message)
{
    static const char *const names[] = {"", "error", "warning", "info", "debug"};
    (void)user_data;
    struct out out;
    out_init(&out, STDERR_FILENO);
    out_format(&out, "community: %s: %s: ", component,
               (size_t)level < sizeof names / sizeof names[0] ? names[level] : "");
    (void)text_show(&out, (phx_slice){message, strlen(message)}, SIZE_MAX);
    out_text(&out, "\n");
    (void)out_flush(&out);
    out_free(&out);
}

void session_init(struct session *session, const struct options *options)
{
    memset(session, 0, sizeof *session);
    session->log =
        (phx_log){.struct_size = sizeof session->log, .level = PHX_LOG_DEBUG, .write = write_log};
    phx_loop_config_init(&session->loop);
    session->loop.log = options->is_verbose ? &session->log : NULL;
    phx_client_config_init(&session->connection);
    session->connection.heartbeat_interval_ms = options->heartbeat_ms;
    session->connection.heartbeat_timeout_ms =
        (options->heartbeat_ms + 2) / 3; /* as of the defaults; 0 stays 0 */
    session->network =
        (phx_network){.struct_size = sizeof session->network, .transport = options->transport};
    session->tls = (phx_tls){.struct_size = sizeof session->tls, .ca_file = options->ca};
}

/* A CA file that is not there would else only show as a certificate that nobody trusts. */
static bool can_read_ca(const char *path)
{
    if (path == NULL || access(path, R_OK) == 0) {
        return true;
    }
    fprintf(stderr, "community: --ca: the file %s cannot be read\n  Give a PEM file.\n", path);
    return false;
}

community_client *session_open(struct session *session, const struct options *options,
                               community_config *config, int *out_exit)
{
    session_init(session, options);
    if (!can_read_ca(options->ca)) {
        *out_exit = EXIT_USAGE;
        return NULL;
    }
    config->keychain = session_keychain(options, out_exit);
    if (config->keychain == NULL) {
        return NULL;
    }
    config->url = options->url;
    config->api_url = options->api;
    config->tls = &session->tls;
    config->allow_insecure = options->allow_insecure;
    config->connection = &session->connection;
    config->network = &session->network;
    config->loop_config = &session->loop;
    community_client *client = NULL;
    phx_status status = community_client_new(config, &client);
    if (status != PHX_OK) {
        *out_exit = complain_status(status, NULL);
    }
    return client;
}
